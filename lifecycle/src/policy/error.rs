//! What can be wrong: with a file, and with one evaluation.

use std::fmt;

/// Why a policy was not loaded: everything that is wrong with the file, in the order of its lines.
///
/// ```text
/// acme.toml:31:8: rule "engineers": no attribute "departement"; did you mean "department"?
/// acme.toml:40:10: rule "sales" grants an unknown target "salesforce"; did you mean "salesforce-users"?
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct PolicyError {
    problems: Vec<Problem>,
}

impl PolicyError {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.position);
        Self { problems }
    }

    /// The problems, at least one, in the order of the file's lines.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One thing that is wrong with a policy file. Its `Display` begins with where, as compilers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) file: String,
    pub(super) position: Option<(usize, usize)>,
    pub(super) message: String,
}

impl Problem {
    /// The line, counted from 1. `None` if the problem is the file as a whole.
    pub fn line(&self) -> Option<usize> {
        self.position.map(|(line, _)| line)
    }

    /// The column, in characters, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.position.map(|(_, column)| column)
    }

    /// What is wrong, and what would be right.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Why a policy could not say what a person is entitled to.
///
/// It never holds what the person's attributes say, so it may be logged and written to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A rule's expression failed for this person. No rule's answer is used then: it may have been one
    /// that denies.
    #[error("rule {rule:?} ({file}:{line}): {reason}")]
    Rule {
        /// The rule's id.
        rule: String,
        /// The policy's file.
        file: String,
        /// The line of the rule's id.
        line: usize,
        /// What went wrong, in words.
        reason: String,
    },
    /// An attribute holds another type of value than the policy says.
    #[error("attribute {attribute:?} should be {expected}; it is {found}")]
    Type {
        /// The attribute.
        attribute: String,
        /// The type that the policy declares.
        expected: &'static str,
        /// The JSON type that the person has.
        found: &'static str,
    },
    /// Two rules of the same priority set different values, so nobody can say which is meant.
    #[error(
        "rules {first:?} and {second:?} ({file}:{line}) both set {output:?}, to different values: give one of them a higher `priority`"
    )]
    Tie {
        /// What they set.
        output: String,
        /// The rule that comes first in the file.
        first: String,
        /// The other.
        second: String,
        /// The policy's file.
        file: String,
        /// The line of the other's id.
        line: usize,
    },
    /// No login can be made, since an attribute that it is made of has nothing to offer.
    #[error("no login can be made: attribute {attribute:?} {reason}")]
    Login {
        /// The attribute.
        attribute: String,
        /// Why it is of no use.
        reason: &'static str,
    },
    /// No login can be made, since the policy does not say how.
    #[error("policy {policy:?} does not say how a login is made: add [account] with login = \"…\"")]
    NoAccount {
        /// The policy's name.
        policy: String,
    },
}
