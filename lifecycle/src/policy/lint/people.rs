//! What can be seen when the policy is asked about everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, folded};
use crate::policy::words::{list, percent};
use crate::policy::{Because, Decision, Entitlement, EvaluationError, Inner, Person, Policy, Population};

/// How many names stand in a finding; there may be thousands.
const NAMES: usize = 5;

/// Everybody about whom the policy has an answer.
type Decided<'p> = Vec<(&'p Person, Decision)>;

impl Policy {
    /// What is probably not meant like that, seen from the people whom the policy is about.
    ///
    /// Findings name logins, and what people's attributes say: do not show them to everybody.
    #[must_use]
    pub fn lint_people(&self, population: &Population) -> Vec<Finding> {
        let policy = &*self.0;
        let (mut decided, mut failed) = (Vec::new(), Vec::new());
        for person in &population.people {
            match self.evaluate(&person.attributes) {
                Ok(decision) => decided.push((person, decision)),
                Err(error) => failed.push((person, error)),
            }
        }
        let mut findings = policy.failures(&failed);
        findings.extend(policy.rules_of(&decided));
        findings.extend(policy.targets_of(&decided));
        findings.extend(policy.separations_of(&decided));
        findings.extend(policy.values_of(&population.people));
        findings.sort_by_key(|finding| finding.line);
        findings.extend(policy.uncovered(&decided));
        findings
    }
}

impl Inner {
    fn failures(&self, failed: &[(&Person, EvaluationError)]) -> Vec<Finding> {
        let mut kinds: BTreeMap<String, Vec<&Person>> = BTreeMap::new();
        for (person, error) in failed {
            kinds.entry(error.to_string()).or_default().push(person);
        }
        let finding = |(error, people): (String, Vec<&Person>)| {
            let what = format!("nothing can be said about {}: {error}", names(&people));
            self.finding(
                Check::EvaluationFails,
                None,
                what,
                "Mend the rule, or what Okta knows of these people",
            )
        };
        kinds.into_iter().map(finding).collect()
    }

    fn rules_of(&self, decided: &Decided<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in &self.rules {
            let holding: Vec<&Decision> = decided
                .iter()
                .map(|(_, decision)| decision)
                .filter(|decision| decision.is_by(&rule.id))
                .collect();
            if holding.is_empty() {
                let what = format!("rule {:?} holds for none of {} people", rule.id, decided.len());
                let instead = "Compare its values with what people really have, or take it out";
                findings.push(self.finding(Check::RuleNeverTrue, rule.line, what, instead));
                continue;
            }
            let granted = rule.grant.iter().map(|target| &self.targets[*target].0);
            for target in
                granted.clone().filter(|target| holding.iter().all(|decision| is_denied(decision, target)))
            {
                let what = format!(
                    "rule {:?} grants {target:?}, and all {} for whom it holds are denied it",
                    rule.id,
                    holding.len()
                );
                findings.push(self.finding(
                    Check::GrantAlwaysDenied,
                    rule.line,
                    what,
                    "Take out the grant, or the denial",
                ));
            }
            let by_others = |target: &String| {
                holding
                    .iter()
                    .all(|decision| reasons(decision, target).iter().any(|because| because.rule != rule.id))
            };
            let only_grants = rule.deny.is_empty() && rule.set.is_empty();
            if only_grants && granted.clone().all(by_others) {
                let what = format!("whatever rule {:?} grants, others grant to the same people too", rule.id);
                findings.push(self.finding(
                    Check::RuleShadowed,
                    rule.line,
                    what,
                    "Take it out if the others are enough",
                ));
            }
        }
        findings
    }

    fn targets_of(&self, decided: &Decided<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, target) in &self.targets {
            let mut together: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
            for (_, decision) in decided {
                let rules: Vec<&str> =
                    reasons(decision, name).iter().map(|because| because.rule.as_str()).collect();
                if rules.len() > 1 {
                    *together.entry(rules).or_default() += 1;
                }
            }
            for (rules, people) in together {
                let what = format!("rules {} all grant {name:?} to {people} people", list(rules));
                let instead = "That is fine if each stands for itself";
                findings.push(self.finding(Check::Overlap, target.line, what, instead));
            }
        }
        findings
    }

    fn separations_of(&self, decided: &Decided<'_>) -> Vec<Finding> {
        let granted = |_: &Person, decision: &Decision| {
            decision.grants.iter().map(|grant| grant.entitlement.clone()).collect()
        };
        let by_policy = self.conflicting(
            decided,
            Check::SodByPolicy,
            "the policy gives",
            "Let a rule deny one side",
            granted,
        );
        let holds = |person: &Person, _: &Decision| person.holds.clone();
        let held = self.conflicting(decided, Check::SodHeld, "now, there holds", "Take one side away", holds);
        by_policy.into_iter().chain(held).collect()
    }

    fn conflicting(
        &self,
        decided: &Decided<'_>,
        check: Check,
        who: &str,
        instead: &str,
        held: impl Fn(&Person, &Decision) -> BTreeSet<Entitlement>,
    ) -> Vec<Finding> {
        let mut conflicts: BTreeMap<String, (Vec<&Person>, crate::policy::Conflict)> = BTreeMap::new();
        for (person, decision) in decided {
            let held = held(person, decision);
            for conflict in self.conflicts(&held.iter().collect()) {
                let entry = conflicts.entry(conflict.to_string());
                entry.or_insert_with(|| (Vec::new(), conflict)).0.push(person);
            }
        }
        let finding = |(shown, (people, conflict)): (String, (Vec<&Person>, crate::policy::Conflict))| {
            let what = format!("{who} {shown}: {}", names(&people));
            let mut finding = self.finding(check, conflict.line, what, instead);
            finding.severity = conflict.severity;
            finding
        };
        conflicts.into_iter().map(finding).collect()
    }

    fn uncovered(&self, decided: &Decided<'_>) -> Option<Finding> {
        let nobody: Vec<&Person> = decided
            .iter()
            .filter(|(_, decision)| decision.is_uncovered())
            .map(|(person, _)| *person)
            .collect();
        if nobody.is_empty() {
            return None;
        }
        let departments: BTreeSet<&str> = nobody.iter().map(|person| person.department()).collect();
        let percent = percent(nobody.len(), decided.len());
        let departments = list(departments.into_iter().take(NAMES));
        let what = format!("no rule holds for {} ({percent} of all), in {departments}", names(&nobody));
        Some(self.finding(Check::Uncovered, None, what, "Add a rule that everybody of them is meant by"))
    }

    fn values_of(&self, people: &[Person]) -> Vec<Finding> {
        let mut compared: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
        for rule in &self.rules {
            for (attribute, literals) in rule.when.compared() {
                let (known, _) = compared.entry(attribute).or_insert_with(|| (BTreeSet::new(), rule.line));
                known.extend(literals.iter().map(String::as_str));
            }
        }
        let mut findings = Vec::new();
        for (attribute, (literals, line)) in compared {
            findings.extend(self.variants(attribute, &literals, line, people));
        }
        findings.extend(self.defaults_used(people));
        findings.extend(self.lookup_misses(people));
        findings
    }

    /// `"Eng"` and `"eng "` are two values, and mean one.
    fn variants(
        &self,
        attribute: &str,
        literals: &BTreeSet<&str>,
        line: usize,
        people: &[Person],
    ) -> Vec<Finding> {
        let mut ways: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        for value in people.iter().filter_map(|person| person.attributes.get_str(attribute)) {
            *ways.entry(folded(value)).or_default().entry(value).or_default() += 1;
        }
        ways.remove("");
        for literal in literals {
            if let Some(ways) = ways.get_mut(&folded(literal)) {
                ways.entry(literal).or_default();
            }
        }
        let several = ways.into_values().filter(|ways| ways.len() > 1);
        let finding = |ways: BTreeMap<&str, usize>| {
            let shown: Vec<String> = ways
                .iter()
                .map(|(value, people)| match people {
                    0 => format!("{value:?} (in the rules)"),
                    1 => format!("{value:?} (1 person)"),
                    _ => format!("{value:?} ({people} people)"),
                })
                .collect();
            let what = format!("{attribute} is written in several ways: {}", shown.join(", "));
            let instead = "Rules see different values: write one of them everywhere";
            self.finding(Check::ValueVariants, line, what, instead)
        };
        several.map(finding).collect()
    }

    fn defaults_used(&self, people: &[Person]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (attribute, line) in &self.defaults {
            let without = people.iter().filter(|person| person.attributes.is_blank(attribute)).count();
            if without * 20 > people.len() {
                let percent = percent(without, people.len());
                let what = format!("{without} people ({percent}) have no {attribute}, and so the default");
                let instead = "More than 5 % is no exception any more: fill the attribute at its source";
                findings.push(self.finding(Check::DefaultUsed, *line, what, instead));
            }
        }
        findings
    }

    fn lookup_misses(&self, people: &[Person]) -> Vec<Finding> {
        let uses: BTreeSet<(&str, &str)> = self.lookup_uses().collect();
        let mut findings = Vec::new();
        for (table, attribute) in uses {
            let Some(lookup) = self.lookups.get(table) else { continue };
            let values: BTreeSet<&str> = people
                .iter()
                .filter_map(|person| person.attributes.get_str(attribute))
                .filter(|value| !value.trim().is_empty() && !lookup.entries.contains_key(*value))
                .collect();
            if !values.is_empty() {
                let more = values.len().saturating_sub(NAMES);
                let more = if more == 0 { String::new() } else { format!(" and {more} more") };
                let what = format!(
                    "table {table:?} does not know {attribute} {}{more}",
                    list(values.iter().take(NAMES))
                );
                findings.push(self.finding(
                    Check::LookupMiss,
                    lookup.line,
                    what,
                    "Add them, or correct them at the source",
                ));
            }
        }
        findings
    }
}

impl Decision {
    fn is_by(&self, rule: &str) -> bool {
        self.reading.iter().any(|(id, _)| id == rule)
    }
}

fn is_denied(decision: &Decision, target: &str) -> bool {
    decision.denials.iter().any(|denial| denial.target == target)
}

/// The rules that grant a target, also where another denies it.
fn reasons<'d>(decision: &'d Decision, target: &str) -> &'d [Because] {
    let granted = decision.grant(target).or_else(|| decision.may_ask_for(target)).map(|grant| &grant.because);
    let overruled =
        || decision.denials.iter().find(|denial| denial.target == target).map(|denial| &denial.overruled);
    granted.or_else(overruled).map_or(&[], Vec::as_slice)
}

/// `3 people (a@x.example, b@x.example, c@x.example)`.
fn names(people: &[&Person]) -> String {
    let shown: Vec<&str> = people.iter().take(NAMES).map(|person| person.login.as_str()).collect();
    let more = if people.len() > NAMES { ", …" } else { "" };
    let noun = if people.len() == 1 { "person" } else { "people" };
    format!("{} {noun} ({}{more})", people.len(), shown.join(", "))
}
