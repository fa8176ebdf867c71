//! What a policy says about one person, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Entitlement;

/// What a policy says about one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// What the person is entitled to, each target once: in the order of the rules in the file, and of
    /// the targets in each rule.
    pub grants: Vec<Grant>,
    /// What the person may ask for because rules grant it, while the target is no birthright; ordered likewise.
    pub eligible: Vec<Grant>,
    /// What the person must not have, whether or not a rule grants it; ordered likewise.
    pub denials: Vec<Denial>,
    /// The values that rules set, by name: of the rules that set one, that with the highest priority.
    pub outputs: BTreeMap<String, Output>,
    /// How many rules that grant or deny hold for the person.
    pub matched_rules: usize,
    #[serde(skip)]
    pub(super) reading: Vec<(String, BTreeSet<String>)>,
}

impl Decision {
    /// True if the person is entitled to nothing.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// True if no rule holds for the person: the policy has nothing to say about them, which is rarely
    /// what its author meant. See also [`rules_reading`](Self::rules_reading).
    pub fn is_uncovered(&self) -> bool {
        self.matched_rules == 0
    }

    /// The rules that hold for the person and look at an attribute.
    ///
    /// None for `department` means that the person's department made no difference: no rule knows it.
    /// [`Policy::literals`](crate::Policy::literals) tells which ones the rules do know.
    pub fn rules_reading(&self, attribute: &str) -> Vec<&str> {
        let reading = self.reading.iter().filter(|(_, reads)| reads.contains(attribute));
        reading.map(|(rule, _)| rule.as_str()).collect()
    }

    /// The grant of a target, if the person is entitled to it.
    pub fn grant(&self, target: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.target == target)
    }

    /// The grant of an entitlement, whether the person has it from the first day or may ask for it: why it fits.
    pub fn reason(&self, entitlement: &Entitlement) -> Option<&Grant> {
        self.grants.iter().chain(&self.eligible).find(|grant| grant.entitlement == *entitlement)
    }

    /// Whether the person is to have this.
    pub fn entitles_to(&self, entitlement: &Entitlement) -> bool {
        self.grants.iter().any(|grant| grant.entitlement == *entitlement)
    }

    /// Whether the person must not have this.
    pub fn denies(&self, entitlement: &Entitlement) -> bool {
        self.denials.iter().any(|denial| denial.entitlement == *entitlement)
    }

    /// What somebody holds that neither this decision nor one of the live `claims` explains
    /// ([`Claim::target`](crate::plan::Claim::target) of each); and what it denies, whatever claims it. Nobody should hold
    /// any of it.
    pub fn unexplained<'h>(
        &self,
        held: impl IntoIterator<Item = &'h Entitlement>,
        claims: &BTreeSet<String>,
    ) -> Vec<&'h Entitlement> {
        let explained = |held: &Entitlement| {
            self.entitles_to(held) || claims.contains(&held.claimed()) && !self.denies(held)
        };
        held.into_iter().filter(|held| !explained(held)).collect()
    }

    /// Why the person may ask for a target, if a rule grants it and it is no birthright.
    pub fn may_ask_for(&self, target: &str) -> Option<&Grant> {
        self.eligible.iter().find(|grant| grant.target == target)
    }
}

/// A value that rules set for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The value.
    pub value: String,
    /// The rules that set it, at least one.
    pub because: Vec<Because>,
}

/// An entitlement that a person should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The policy's name for it.
    pub target: String,
    /// What it is.
    pub entitlement: Entitlement,
    /// The rules that grant it, at least one.
    pub because: Vec<Because>,
}

/// An entitlement that a person must not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The policy's name for it.
    pub target: String,
    /// What it is.
    pub entitlement: Entitlement,
    /// The rules that deny it, at least one.
    pub because: Vec<Because>,
    /// The rules that would have granted it.
    pub overruled: Vec<Because>,
}

/// A rule that holds for a person: why an entitlement is granted or denied.
///
/// `Display` is for plans and reports: `rule "everyone" (policy.toml:12): user.userType == "employee"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The rule's id.
    pub rule: String,
    /// The policy's file, without its folders.
    pub file: String,
    /// The line of the rule's id.
    pub line: usize,
    /// The condition, as it is written.
    pub when: String,
    /// The author's reason, if the file gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, file, line, when, .. } = self;
        let when: Vec<_> = when.split_whitespace().collect();
        write!(f, "rule {rule:?} ({file}:{line}): {}", when.join(" "))
    }
}
