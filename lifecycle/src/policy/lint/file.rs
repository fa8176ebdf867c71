//! What can be seen in the file alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{Check, Finding, folded};
use crate::policy::words::list;
use crate::policy::{Entitlement, Inner, Policy, Risk, Target};

impl Policy {
    /// What is probably not meant like that, as far as the file tells. `today` is for rules that were to be looked at.
    ///
    /// See also [`lint_people`](Self::lint_people) and [`lint_tenants`](Self::lint_tenants).
    #[must_use]
    pub fn lint(&self, today: NaiveDate) -> Vec<Finding> {
        let policy = &*self.0;
        let mut findings = policy.targets_lint();
        findings.extend(policy.rules_lint(today));
        findings.extend(policy.literals_lint());
        findings.extend(policy.lookups_lint());
        findings.sort_by_key(|finding| finding.line);
        if policy.tests.is_empty() {
            let instead = "Add [[tests]] that say who must get what, and who must not";
            findings.push(policy.finding(Check::NoTests, None, "there are no tests", instead));
        }
        findings
    }
}

impl Inner {
    fn targets_lint(&self) -> Vec<Finding> {
        let rules = || self.rules.iter();
        let granted: BTreeSet<usize> = rules().flat_map(|rule| &rule.grant).copied().collect();
        let denied: BTreeSet<usize> = rules().flat_map(|rule| &rule.deny).copied().collect();
        let tested: BTreeSet<usize> = self.tests.iter().flat_map(|test| &test.about).copied().collect();
        let mut findings = Vec::new();
        for (index, (name, target)) in self.targets.iter().enumerate() {
            let mut found = |check, what: &str, instead: &str| {
                findings.push(self.finding(check, target.line, format!("target {name:?} {what}"), instead));
            };
            let (is_granted, is_denied) = (granted.contains(&index), denied.contains(&index));
            if target.birthright && !is_granted && !is_denied {
                let instead = "Grant it, take it out, or add birthright = false if people ask for it";
                found(Check::TargetUnused, "is in no rule", instead);
            } else if target.birthright && !is_granted {
                let instead = "Add birthright = false if people ask for it, or take the rule out";
                found(Check::DenyWithoutGrant, "is denied, and nothing grants it", instead);
            }
            if let Some((what, instead)) = endless(target) {
                found(Check::EndlessGrant, what, instead);
            }
            if target.risk == Risk::Privileged && target.grace_working_days > 0 {
                let instead = "Leave grace_working_days out: privileged access goes at once";
                found(Check::PrivilegedGrace, "stays with whoever moves on", instead);
            }
            if target.risk == Risk::Privileged && !tested.contains(&index) {
                let instead = "Say who may ask for it (eligible) and who must not have it (absent)";
                found(Check::PrivilegedUntested, "is privileged, and in no test", instead);
            }
            match target.entitlement {
                Entitlement::OktaApp { .. } => {
                    let instead =
                        "Grant a group that brings the app: reviews of groups do not see direct assignments";
                    found(Check::DirectApp, "assigns an app directly", instead);
                }
                Entitlement::ServiceNowRole { .. } => {
                    let instead = "Grant a group that has the role: the group can be reviewed";
                    found(Check::DirectRole, "gives a role directly", instead);
                }
                Entitlement::OktaGroup { .. } | Entitlement::ServiceNowGroup { .. } => {}
            }
        }
        findings
    }

    fn rules_lint(&self, today: NaiveDate) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut conditions = BTreeMap::new();
        for rule in &self.rules {
            let id = &rule.id;
            let held = rule.grant.iter().map(|target| &self.targets[*target].1.entitlement).collect();
            for conflict in self.conflicts(&held) {
                let what = format!("rule {id:?} grants {conflict}");
                let mut finding = self.finding(Check::SodInOneRule, rule.line, what, "Grant one side only");
                finding.severity = conflict.severity;
                findings.push(finding);
            }
            for part in rule.when.broad() {
                let what = format!("rule {id:?}: {part} fits nearly everything");
                findings.push(self.finding(
                    Check::BroadPattern,
                    rule.line,
                    what,
                    "Look for more, or for equality",
                ));
            }
            if let Some(review_by) = rule.review_by.filter(|review_by| *review_by < today) {
                let what = format!("rule {id:?} was to be looked at by {review_by}");
                let instead = "Take the rule out, or give it another date";
                findings.push(self.finding(Check::ReviewOverdue, rule.line, what, instead));
            }
            // A rule that denies has reasons of its own.
            let condition: Vec<&str> = rule.when.source().split_whitespace().collect();
            if let Some(first) = conditions.insert((condition, rule.deny.is_empty()), rule) {
                let what =
                    format!("rule {id:?} has the condition of rule {:?} (line {})", first.id, first.line);
                findings.push(self.finding(
                    Check::DuplicateCondition,
                    rule.line,
                    what,
                    "Make one rule of the two",
                ));
            }
        }
        findings
    }

    fn literals_lint(&self) -> Vec<Finding> {
        let mut written: BTreeMap<(&str, String), BTreeMap<&str, usize>> = BTreeMap::new();
        for rule in &self.rules {
            for (attribute, literals) in rule.when.compared() {
                for literal in literals {
                    let ways = written.entry((attribute, folded(literal))).or_default();
                    ways.entry(literal).or_insert(rule.line);
                }
            }
        }
        let several = written.into_iter().filter(|(_, ways)| ways.len() > 1);
        let finding = |((attribute, _), ways): ((&str, String), BTreeMap<&str, usize>)| {
            let what = format!("rules compare {attribute} with {}", list(ways.keys()));
            let instead = "Write the value as the source of the attribute does: case and blanks count";
            self.finding(Check::LiteralVariants, ways.into_values().max(), what, instead)
        };
        several.map(finding).collect()
    }

    fn lookups_lint(&self) -> Vec<Finding> {
        let used: BTreeSet<&str> = self.lookup_uses().map(|(table, _)| table).collect();
        let unused = self.lookups.iter().filter(|(name, _)| !used.contains(name));
        let finding = |(name, lookup): (&str, &crate::policy::lookup::Lookup)| {
            let what = format!("no rule asks the table {name:?}");
            self.finding(Check::LookupUnused, lookup.line, what, "Take it out, or use it")
        };
        unused.map(finding).collect()
    }
}

fn endless(target: &Target) -> Option<(&'static str, &'static str)> {
    if target.birthright || target.max_duration.is_some() {
        return None;
    }
    match (target.risk, target.review) {
        (Risk::Privileged, _) => {
            Some(("is privileged, and can be granted for ever", "Add max_duration = \"8h\", say"))
        }
        (_, None) => Some((
            "can be granted for ever, and nobody looks at it again",
            "Add max_duration = \"30d\", or review = \"90d\", say",
        )),
        (_, Some(_)) => None,
    }
}
