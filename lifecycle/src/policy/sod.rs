//! Separation of duties: what nobody may hold together.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Entitlement, Inner};

/// How bad something is that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Mend it when you are there anyway.
    Low,
    /// Mend it.
    Medium,
    /// Mend it before anything is done.
    High,
    /// Mend it now.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// A rule of `[[sod]]` whose targets are indices into the policy's.
pub(super) struct Separation {
    pub(super) id: String,
    pub(super) line: usize,
    pub(super) severity: Severity,
    pub(super) why: Option<String>,
    pub(super) sides: Vec<Vec<usize>>,
}

/// Access that nobody may hold together, and somebody does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The id of the rule under `[[sod]]`.
    pub rule: String,
    /// The policy's file, without its folders.
    pub file: String,
    /// The line of the rule's id.
    pub line: usize,
    /// How bad it is, as the rule says.
    pub severity: Severity,
    /// The author's reason, if the file gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The policy's names for what is held, by side; two sides at least. To mend it, all but one side has to go.
    pub sides: Vec<Vec<String>>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, file, line, sides, .. } = self;
        let sides: Vec<String> = sides.iter().map(|side| side.join(" and ")).collect();
        write!(f, "{} (rule {rule:?}, {file}:{line})", sides.join(" together with "))
    }
}

impl Inner {
    pub(super) fn conflicts(&self, held: &BTreeSet<&Entitlement>) -> Vec<Conflict> {
        let is_held = |target: &&usize| held.contains(&self.targets[**target].1.entitlement);
        let names = |side: &Vec<usize>| {
            side.iter().filter(is_held).map(|target| self.targets[*target].0.clone()).collect()
        };
        let conflict = |separation: &Separation| {
            let sides: Vec<Vec<String>> =
                separation.sides.iter().map(names).filter(|side: &Vec<_>| !side.is_empty()).collect();
            (sides.len() > 1).then(|| Conflict {
                rule: separation.id.clone(),
                file: self.file.clone(),
                line: separation.line,
                severity: separation.severity,
                why: separation.why.clone(),
                sides,
            })
        };
        self.separations.iter().filter_map(conflict).collect()
    }
}
