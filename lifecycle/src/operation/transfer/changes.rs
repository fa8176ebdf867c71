//! What a move changes of what a person holds: the sets, and what they mean.

use okta_client::groups::GroupId;

use crate::holdings::{Held, Provenance};
use crate::operation::OperationError;
use crate::operation::entitlement::claimed;
use crate::policy::{Because, Conflict, Decision, Entitlement, Grant, Policy, Risk};
use crate::run::LiveClaim;

/// What changes, by what is done about it.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What the new position brings, and the person does not hold.
    pub(super) add: Vec<Grant>,
    /// What goes before anything is added, since it must not be held together with that.
    pub(super) toxic: Vec<Drop>,
    /// What goes at once.
    pub(super) now: Vec<Drop>,
    /// What goes later.
    pub(super) later: Vec<Drop>,
    /// What neither position explains, nor a grant: the new manager is asked.
    pub(super) unexplained: Vec<Drop>,
    /// What neither position explains, and a grant does.
    pub(super) granted: Vec<Entitlement>,
    /// Groups that rules are to bring, and to end.
    pub(super) rules_bring: Vec<Entitlement>,
    pub(super) rules_end: Vec<Entitlement>,
}

/// Something that is taken away.
#[derive(Debug, Clone)]
pub(super) struct Drop {
    pub(super) entitlement: Entitlement,
    pub(super) risk: Risk,
    /// Working days until then.
    pub(super) grace: u32,
    pub(super) why: String,
}

impl Changes {
    /// The changes between two decisions of a policy, given what the person holds, which groups rules fill, and what grants
    /// explain.
    pub(super) fn between(
        policy: &Policy,
        (old, new): (&Decision, &Decision),
        held: &[Held],
        filled: &[GroupId],
        claims: &[LiveClaim],
    ) -> Result<Self, OperationError> {
        let mut changes = Self::default();
        for held in held {
            changes.sort_out(policy, (old, new), held, claims)?;
        }
        let holds = |entitlement: &Entitlement| held.iter().any(|held| held.entitlement == *entitlement);
        for grant in new.grants.iter().filter(|grant| !holds(&grant.entitlement)) {
            if is_filled(filled, &grant.entitlement) {
                changes.rules_bring.push(grant.entitlement.clone());
            } else {
                changes.add.push(grant.clone());
            }
        }
        changes.part_toxic_pairs(policy, held)?;
        Ok(changes)
    }

    /// What becomes of one thing that the person holds.
    fn sort_out(
        &mut self,
        policy: &Policy,
        (old, new): (&Decision, &Decision),
        held: &Held,
        claims: &[LiveClaim],
    ) -> Result<(), OperationError> {
        let entitlement = &held.entitlement;
        let denial = new.denials.iter().find(|denial| denial.entitlement == *entitlement);
        let brought = grants(&new.grants, entitlement);
        match held.provenance {
            Provenance::Inherited | Provenance::Elsewhere => return Ok(()),
            Provenance::Rule => {
                if brought.is_none() && (denial.is_some() || grants(&old.grants, entitlement).is_some()) {
                    self.rules_end.push(entitlement.clone());
                }
                return Ok(());
            }
            Provenance::Direct => {}
        }
        let claim = claims.iter().find(|claim| claim.target == claimed(entitlement));
        let target = policy.target_of(entitlement).map(|(_, target)| target);
        let risk = target.map_or(Risk::Medium, |target| target.risk);
        let drop = |grace, why| Drop { entitlement: entitlement.clone(), risk, grace, why };
        match (denial, claim) {
            (Some(denial), Some(claim)) => {
                return Err(OperationError::NeedsHuman(format!(
                    "run {} has granted {entitlement}, which the new position must not have ({}): end that grant first",
                    claim.run,
                    because(&denial.because)
                )));
            }
            (Some(denial), None) => self.now.push(drop(0, because(&denial.because))),
            _ if brought.is_some() => {}
            (None, Some(_)) => self.granted.push(entitlement.clone()),
            (None, None) => {
                let was = grants(&old.grants, entitlement).or_else(|| grants(&old.eligible, entitlement));
                match was.filter(|_| grants(&new.eligible, entitlement).is_none()) {
                    Some(was) => {
                        let why = format!("came with the old position: {}", because(&was.because));
                        let grace = target.map_or(0, |target| target.grace_working_days);
                        let drops = if grace == 0 { &mut self.now } else { &mut self.later };
                        drops.push(drop(grace, why));
                    }
                    None => self
                        .unexplained
                        .push(drop(0, format!("neither position explains it; its risk is {risk}"))),
                }
            }
        }
        Ok(())
    }

    /// Nothing is added while something is held that must not be held together with it: what goes anyway, and what nothing
    /// explains, goes first.
    fn part_toxic_pairs(&mut self, policy: &Policy, held: &[Held]) -> Result<(), OperationError> {
        for grant in self.add.clone() {
            for held in held {
                let pair = [&grant.entitlement, &held.entitlement];
                let Some(conflict) = policy.conflicts(pair).into_iter().next() else { continue };
                if self.rules_end.contains(&held.entitlement) {
                    continue;
                }
                let lists = [&mut self.now, &mut self.later, &mut self.unexplained];
                let gone = lists.into_iter().find_map(|list| take_out(list, &held.entitlement));
                match gone {
                    Some(gone) => self.toxic.push(Drop { grace: 0, why: toxic(&conflict), ..gone }),
                    None if self.toxic.iter().any(|drop| drop.entitlement == held.entitlement) => {}
                    None => {
                        return Err(OperationError::NeedsHuman(format!(
                            "the new position brings {}, and {} is held and stays: {}. Take one away first",
                            grant.entitlement,
                            held.entitlement,
                            toxic(&conflict)
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    /// Everything that is taken away at once.
    pub(super) fn at_once(&self) -> impl Iterator<Item = &Drop> {
        self.toxic.iter().chain(&self.now)
    }

    /// Everything that is taken away, or may be.
    pub(super) fn drops(&self) -> impl Iterator<Item = &Drop> {
        self.at_once().chain(&self.later).chain(&self.unexplained)
    }

    /// What is added that must wait until a rule has ended something.
    pub(super) fn waits_for_rules(&self, policy: &Policy, grant: &Grant) -> bool {
        self.rules_end.iter().any(|end| !policy.conflicts([&grant.entitlement, end]).is_empty())
    }
}

fn is_filled(filled: &[GroupId], entitlement: &Entitlement) -> bool {
    matches!(entitlement, Entitlement::OktaGroup { id, .. } if filled.contains(id))
}

fn grants<'a>(all: &'a [Grant], entitlement: &Entitlement) -> Option<&'a Grant> {
    all.iter().find(|grant| grant.entitlement == *entitlement)
}

fn take_out(list: &mut Vec<Drop>, entitlement: &Entitlement) -> Option<Drop> {
    let place = list.iter().position(|drop| drop.entitlement == *entitlement)?;
    Some(list.remove(place))
}

fn toxic(conflict: &Conflict) -> String {
    format!("nobody may hold both: {conflict}")
}

pub(super) fn because(rules: &[Because]) -> String {
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
