//! What is probably not meant like that: in a policy's file, seen from the people it is about, and in the tenants.

mod file;
mod people;
mod tenant;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Inner, Severity};

/// Something that a policy's author should look at. What makes a policy useless is a
/// [`PolicyError`](super::PolicyError) instead.
///
/// `Display` begins with where, as compilers do: `acme.toml:31: medium: privileged-untested: target "payroll" …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// The policy's file, without its folders.
    pub file: String,
    /// The line, counted from 1. None if it is about the policy as a whole.
    pub line: Option<usize>,
    /// What was found.
    pub what: String,
    /// What would be right.
    pub instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, severity, file, line, what, instead } = self;
        f.write_str(file)?;
        line.iter().try_for_each(|line| write!(f, ":{line}"))?;
        write!(f, ": {severity}: {check}: {what}. {instead}.")
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident;)*) => {
        /// The checks, each with an id that stays the same.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Check {
            $($(#[$doc])* $name,)*
        }

        impl Check {
            /// The id, as it is written: `target-unused`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How bad it is as a rule.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

checks! {
    /// A target that everybody has from the first day, and no rule grants.
    TargetUnused = "target-unused", Low;
    /// A birthright is denied that no rule grants.
    DenyWithoutGrant = "deny-without-grant", Low;
    /// A target can be granted for ever, and nobody has to look at it again.
    EndlessGrant = "endless-grant", Medium;
    /// Privileged access is left to a mover for a while.
    PrivilegedGrace = "privileged-grace", High;
    /// No test says who gets a privileged target.
    PrivilegedUntested = "privileged-untested", Medium;
    /// The file has no tests.
    NoTests = "no-tests", Medium;
    /// An app is assigned directly.
    DirectApp = "direct-app", Low;
    /// A role is given directly.
    DirectRole = "direct-role", Low;
    /// One rule grants what nobody may hold together.
    SodInOneRule = "sod-in-one-rule", High;
    /// Two rules have the same condition.
    DuplicateCondition = "duplicate-condition", Low;
    /// A condition fits nearly everything.
    BroadPattern = "broad-pattern", Medium;
    /// Rules write one value in two ways.
    LiteralVariants = "literal-variants", Medium;
    /// The day has passed by which a rule was to be looked at.
    ReviewOverdue = "review-overdue", Medium;
    /// No rule asks a table.
    LookupUnused = "lookup-unused", Low;

    /// For somebody the policy has no answer.
    EvaluationFails = "evaluation-fails", High;
    /// A rule holds for nobody.
    RuleNeverTrue = "rule-never-true", Medium;
    /// All that a rule grants is granted by others too, to everybody.
    RuleShadowed = "rule-shadowed", Low;
    /// What a rule grants is denied to everybody for whom it holds.
    GrantAlwaysDenied = "grant-always-denied", Medium;
    /// Several rules grant one thing to the same people.
    Overlap = "overlap", Info;
    /// The policy gives people what nobody may hold together.
    SodByPolicy = "sod-by-policy", High;
    /// People hold together what nobody may.
    SodHeld = "sod-held", High;
    /// No rule holds for somebody.
    Uncovered = "uncovered", Medium;
    /// A value is written in several ways.
    ValueVariants = "value-variants", Medium;
    /// More than one in twenty people has a default in the place of a value.
    DefaultUsed = "default-used", Medium;
    /// A table does not know a value that people have.
    LookupMiss = "lookup-miss", Low;

    /// A target is not there.
    TargetNotFound = "target-not-found", High;
    /// A target has another name.
    TargetRenamed = "target-renamed", Medium;
    /// A target is out of use.
    TargetInactive = "target-inactive", High;
    /// A group's members cannot be changed in Okta.
    NotOktaGroup = "not-okta-group", High;
    /// A rule of Okta fills the group too.
    RuleManaged = "rule-managed", Medium;
    /// Rules of Okta fill groups by membership in each other.
    GroupCycle = "group-cycle", High;
    /// A target brings an admin role, and is not called privileged.
    GrantsAdminRole = "grants-admin-role", High;
    /// A role that nobody should be given by a policy.
    ElevatedRole = "elevated-role", High;
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Inner {
    fn finding(
        &self,
        check: Check,
        line: impl Into<Option<usize>>,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) -> Finding {
        Finding {
            check,
            severity: check.severity(),
            file: self.file.clone(),
            line: line.into(),
            what: what.into(),
            instead: instead.into(),
        }
    }
}

/// How a value is compared when case and blanks make no difference.
fn folded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
