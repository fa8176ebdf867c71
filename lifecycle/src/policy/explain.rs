//! What one person gets, what they hold, and what explains it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attributes, Because, Conflict, Decision, Entitlement, EvaluationError, Policy};
use crate::holdings::{Held, Provenance};

/// What a policy says about one person, and what explains what they hold. `Display` is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What the person gets, may ask for and must not have, and why.
    #[serde(flatten)]
    pub decision: Decision,
    /// The attributes that the person does not have, and that count as their default.
    pub defaulted: Vec<String>,
    /// What the person holds, each with what explains it.
    pub holds: Vec<Holding>,
    /// What the person gets under the policy and does not hold.
    pub missing: Vec<Entitlement>,
    /// What of it nobody may hold together.
    pub conflicts: Vec<Conflict>,
}

/// Something that somebody holds, and what explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// What.
    pub entitlement: Entitlement,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What explains it.
    pub explained: Explained,
}

/// What explains that somebody holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Explained {
    /// Rules of the policy.
    Policy {
        /// Which.
        because: Vec<Because>,
    },
    /// A grant that is live: somebody asked, somebody approved, and it is not over.
    Grant,
    /// It was not given to the person: a rule of Okta, a group, a role or a directory brings it.
    Elsewhere,
    /// Nothing explains it: rules deny it.
    Denied {
        /// Which.
        because: Vec<Because>,
    },
    /// Nothing explains it.
    Nothing,
}

impl Explained {
    /// Whether nothing explains it.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing | Self::Denied { .. })
    }
}

impl Policy {
    /// What a person gets and why, and what explains what they hold. `claims` is what live grants
    /// justify: [`Claim::target`](crate::plan::Claim::target) of each.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate).
    pub fn explain(
        &self,
        person: &Attributes,
        holds: &[Held],
        claims: &BTreeSet<String>,
    ) -> Result<Explanation, EvaluationError> {
        let decision = self.evaluate(person)?;
        let held: BTreeSet<&Entitlement> = holds.iter().map(|held| &held.entitlement).collect();
        let missing = decision.grants.iter().map(|grant| &grant.entitlement);
        let missing = missing.filter(|granted| !held.contains(granted)).cloned().collect();
        let holds = holds.iter().map(|held| explained(&decision, held, claims)).collect();
        let defaulted = self.0.defaults.iter().map(|(name, _)| name);
        let defaulted = defaulted.filter(|name| person.is_blank(name)).cloned().collect();
        Ok(Explanation { conflicts: self.conflicts(held), decision, defaulted, holds, missing })
    }
}

fn explained(decision: &Decision, held: &Held, claims: &BTreeSet<String>) -> Holding {
    let is = |entitlement: &Entitlement| *entitlement == held.entitlement;
    let denial = decision.denials.iter().find(|denial| is(&denial.entitlement));
    let grant = decision.grants.iter().find(|grant| is(&grant.entitlement));
    let explained = match (denial, grant) {
        (Some(denial), _) => Explained::Denied { because: denial.because.clone() },
        (None, Some(grant)) => Explained::Policy { because: grant.because.clone() },
        _ if claims.contains(&held.entitlement.claimed()) => Explained::Grant,
        _ if held.provenance == Provenance::Direct => Explained::Nothing,
        _ => Explained::Elsewhere,
    };
    let Held { entitlement, provenance } = held.clone();
    Holding { entitlement, provenance, explained }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = &self.decision;
        let grants = decision.grants.iter().map(|grant| (&grant.entitlement, &grant.because));
        section(f, "Gets", grants)?;
        let eligible = decision.eligible.iter().map(|grant| (&grant.entitlement, &grant.because));
        section(f, "May ask for", eligible)?;
        let denials = decision.denials.iter().map(|denial| (&denial.entitlement, &denial.because));
        section(f, "Must not have", denials)?;
        for (name, output) in &decision.outputs {
            let rules: Vec<&str> = output.because.iter().map(|because| because.rule.as_str()).collect();
            writeln!(f, "{name} is {:?}, by {}", output.value, rules.join(" and "))?;
        }
        if !self.defaulted.is_empty() {
            writeln!(f, "Unknown, and so the default: {}", self.defaulted.join(", "))?;
        }
        heading(f, "Holds", self.holds.is_empty())?;
        for Holding { entitlement, provenance, explained } in &self.holds {
            let mark = if explained.is_nothing() { '!' } else { ' ' };
            writeln!(f, " {mark} {entitlement}: {explained}{}", by(*provenance))?;
        }
        heading(f, "Does not hold yet", self.missing.is_empty())?;
        self.missing.iter().try_for_each(|missing| writeln!(f, "   {missing}"))?;
        heading(f, "Holds together what nobody may", self.conflicts.is_empty())?;
        self.conflicts.iter().try_for_each(|conflict| writeln!(f, " ! {conflict}"))
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = |because: &[Because]| {
            let rules: Vec<&str> = because.iter().map(|because| because.rule.as_str()).collect();
            rules.join(" and ")
        };
        match self {
            Self::Policy { because } => write!(f, "by {}", rules(because)),
            Self::Grant => f.write_str("by a live grant"),
            Self::Elsewhere => f.write_str("not given directly"),
            Self::Denied { because } => write!(f, "denied by {}", rules(because)),
            Self::Nothing => f.write_str("nothing explains it"),
        }
    }
}

fn by(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Direct => "",
        Provenance::Rule => " (perhaps by a rule of Okta)",
        Provenance::Inherited => " (with a group or role)",
        Provenance::Elsewhere => " (managed elsewhere)",
    }
}

fn section<'e>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    entries: impl ExactSizeIterator<Item = (&'e Entitlement, &'e Vec<Because>)>,
) -> fmt::Result {
    heading(f, title, entries.len() == 0)?;
    for (entitlement, because) in entries {
        writeln!(f, "   {entitlement}")?;
        for reason in because {
            writeln!(f, "     {reason}")?;
        }
    }
    Ok(())
}

fn heading(f: &mut fmt::Formatter<'_>, title: &str, is_empty: bool) -> fmt::Result {
    if is_empty { Ok(()) } else { writeln!(f, "{title}") }
}
