//! What another policy would change, for everybody there is.

mod display;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Approver, Conflict, Decision, Entitlement, Person, Policy, Population, Risk, Target};
use crate::plan::PolicyRef;
use crate::rails::{Rail, Rails, Trip};

/// What would change if one policy took the place of another. `Display` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Diff {
    /// The policy as it is.
    pub old: PolicyRef,
    /// The policy as it would be.
    pub new: PolicyRef,
    /// How many people there are.
    pub people: usize,
    /// Whether everything about them could be seen.
    pub complete: bool,
    /// How many of them get, lose, may ask for, may no more ask for, or are newly denied something.
    pub changed: usize,
    /// How many of them lose something.
    pub losing: usize,
    /// The targets that people get or lose, by entitlement.
    pub targets: Vec<TargetDiff>,
    /// What is said otherwise about targets that both policies know.
    pub redefined: Vec<Redefined>,
    /// What people would hold together that nobody may, and do not yet.
    pub conflicts: Vec<NewConflict>,
    /// Who gets something now and would get nothing.
    pub left_with_nothing: Vec<Who>,
    /// The targets that somebody holds now and nobody would.
    pub emptied: Vec<String>,
    /// Whose values, such as the name of a role, would be others.
    pub outputs: BTreeMap<String, Vec<Who>>,
    /// About whom one of the policies cannot say anything, and why.
    pub failed: Vec<Failed>,
}

/// What changes about one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetDiff {
    /// The new policy's name for it, or the old one's if the new one does not know it.
    pub target: String,
    /// What it is.
    pub entitlement: Entitlement,
    /// The higher of its risks in the two policies.
    pub risk: Risk,
    /// How many people hold it, or should under the old policy.
    pub members: usize,
    /// How many would.
    pub members_after: usize,
    /// Who gets it, and who loses it.
    pub granted: Shift,
    /// Who may newly ask for it, and who may no more.
    pub eligible: Shift,
    /// Who is newly denied it, and who no more.
    pub denied: Shift,
}

/// Who comes, and who goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Who comes.
    pub adds: Vec<Who>,
    /// Who goes.
    pub removes: Vec<Who>,
}

/// Somebody, as reports name them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Who {
    /// What the person signs in with.
    pub login: String,
    /// First and last name.
    pub name: String,
    /// The department, or `(none)`.
    pub department: String,
}

/// Something that is said otherwise about a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redefined {
    /// The new policy's name for it.
    pub target: String,
    /// What is said otherwise: a key of the file.
    pub key: String,
    /// What it was, as the file would say it.
    pub old: String,
    /// What it would be.
    pub new: String,
    /// Whether the target is privileged in one of the policies.
    pub privileged: bool,
}

/// Something that people would hold together and nobody may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewConflict {
    /// Who.
    pub who: Who,
    /// What.
    pub conflict: Conflict,
}

/// Somebody about whom a policy cannot say anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Who.
    pub who: Who,
    /// Why.
    pub error: String,
}

/// What becomes of a change that concerns many people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Nothing would change.
    Unchanged,
    /// It can be made.
    Changed,
    /// Somebody has to approve it.
    NeedsApproval {
        /// Why.
        because: Vec<String>,
    },
    /// It is too much, or stands on sand: nobody should approve it as it is.
    RailsTripped {
        /// Which rails.
        trips: Vec<Trip>,
    },
}

impl Verdict {
    /// The exit status of a program that tells it: 0 nothing to change, 2 changes, 3 rails tripped, 5 needs approval.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unchanged => 0,
            Self::Changed => 2,
            Self::RailsTripped { .. } => 3,
            Self::NeedsApproval { .. } => 5,
        }
    }
}

impl Policy {
    /// What would change for these people if `new` took the place of this policy.
    ///
    /// Targets are compared by what they are: another name for a group changes nobody's access.
    #[must_use]
    pub fn diff(&self, new: &Self, population: &Population) -> Diff {
        let mut differ = Differ {
            old: self,
            new,
            diff: self.empty_diff(new, population),
            targets: BTreeMap::new(),
            members: BTreeMap::new(),
        };
        population.people.iter().for_each(|person| differ.person(person));
        differ.finish()
    }

    fn empty_diff(&self, new: &Self, population: &Population) -> Diff {
        let named =
            |policy: &Self| PolicyRef { name: policy.name().to_owned(), hash: policy.hash().to_owned() };
        Diff {
            old: named(self),
            new: named(new),
            people: population.people.len(),
            complete: population.complete,
            changed: 0,
            losing: 0,
            targets: Vec::new(),
            redefined: redefined(self, new),
            conflicts: Vec::new(),
            left_with_nothing: Vec::new(),
            emptied: Vec::new(),
            outputs: BTreeMap::new(),
            failed: Vec::new(),
        }
    }
}

impl Diff {
    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed == 0 && self.redefined.is_empty() && self.outputs.is_empty()
    }

    /// What becomes of it, under these rails.
    #[must_use]
    pub fn verdict(&self, rails: &Rails) -> Verdict {
        let trips = self.trips(rails);
        let because = self.needs_approval();
        if !trips.is_empty() {
            Verdict::RailsTripped { trips }
        } else if !because.is_empty() {
            Verdict::NeedsApproval { because }
        } else if self.is_empty() {
            Verdict::Unchanged
        } else {
            Verdict::Changed
        }
    }

    fn trips(&self, rails: &Rails) -> Vec<Trip> {
        let mut trips = rails.check_people(self.people, self.complete);
        if let Some(failed) = self.failed.first() {
            let (count, login, error) = (self.failed.len(), &failed.who.login, &failed.error);
            let what = format!("nothing can be said about {count} people; about {login}: {error}");
            trips.push(Trip::new(Rail::Failed, what));
        }
        trips.extend(rails.check_removals(self.losing, self.people));
        trips.extend(self.targets.iter().filter_map(|target| {
            rails.check_group(&target.target, target.granted.removes.len(), target.members)
        }));
        trips.extend(rails.check_changed(self.changed, self.people));
        trips
    }

    fn needs_approval(&self) -> Vec<String> {
        let mut because = Vec::new();
        for target in self.targets.iter().filter(|target| target.risk == Risk::Privileged) {
            let TargetDiff { target, granted, eligible, denied, .. } = target;
            for (people, what) in [
                (&granted.adds, "get"),
                (&eligible.adds, "may ask for"),
                (&denied.removes, "are no more denied"),
            ] {
                if !people.is_empty() {
                    because.push(format!("{} people {what} {target}, which is privileged", people.len()));
                }
            }
        }
        for Redefined { target, key, old, new, .. } in
            self.redefined.iter().filter(|redefined| redefined.privileged)
        {
            because.push(format!("{key} of {target}, which is privileged, is {new} and was {old}"));
        }
        if !self.conflicts.is_empty() {
            because.push(format!("{} people would hold together what nobody may", self.conflicts.len()));
        }
        because
    }
}

struct Differ<'d> {
    old: &'d Policy,
    new: &'d Policy,
    diff: Diff,
    targets: BTreeMap<Entitlement, TargetDiff>,
    members: BTreeMap<Entitlement, (usize, usize)>,
}

type Set = BTreeSet<Entitlement>;

impl Differ<'_> {
    fn person(&mut self, person: &Person) {
        let who = Who::from(person);
        let decided = self
            .old
            .evaluate(&person.attributes)
            .and_then(|old| Ok((old, self.new.evaluate(&person.attributes)?)));
        match decided {
            Ok((old, new)) => self.decided(person, &who, &old, &new),
            Err(error) => self.diff.failed.push(Failed { who, error: error.to_string() }),
        }
    }

    fn decided(&mut self, person: &Person, who: &Who, old: &Decision, new: &Decision) {
        let (gets, got) = (granted(new), granted(old));
        let mut changed = self.shift(who, &got, &gets, |target| &mut target.granted);
        let lost: Set = got.difference(&gets).cloned().collect();
        changed |= self.shift(who, &eligible(old), &eligible(new), |target| &mut target.eligible);
        changed |= self.shift(who, &denied(old), &denied(new), |target| &mut target.denied);
        self.diff.changed += usize::from(changed);
        self.diff.losing += usize::from(!lost.is_empty());
        if gets.is_empty() && !got.is_empty() {
            self.diff.left_with_nothing.push(who.clone());
        }
        let before: Set = person.holds.union(&got).cloned().collect();
        let after: Set = person.holds.difference(&lost).chain(&gets).cloned().collect();
        for held in &before {
            self.members.entry(held.clone()).or_default().0 += 1;
        }
        for held in &after {
            self.members.entry(held.clone()).or_default().1 += 1;
        }
        self.conflicts(who, &before, &after);
        let names: BTreeSet<&String> = old.outputs.keys().chain(new.outputs.keys()).collect();
        let value = |decision: &Decision, name: &String| {
            decision.outputs.get(name).map(|output| output.value.clone())
        };
        for name in names.into_iter().filter(|name| value(old, name) != value(new, name)) {
            self.diff.outputs.entry(name.clone()).or_default().push(who.clone());
        }
    }

    fn shift(&mut self, who: &Who, old: &Set, new: &Set, of: fn(&mut TargetDiff) -> &mut Shift) -> bool {
        for added in new.difference(old) {
            of(self.target(added)).adds.push(who.clone());
        }
        for removed in old.difference(new) {
            of(self.target(removed)).removes.push(who.clone());
        }
        old != new
    }

    fn target(&mut self, entitlement: &Entitlement) -> &mut TargetDiff {
        let (old, new) = (self.old.target_of(entitlement), self.new.target_of(entitlement));
        self.targets.entry(entitlement.clone()).or_insert_with(|| TargetDiff {
            target: new.or(old).map(|(name, _)| name.to_owned()).unwrap_or_default(),
            entitlement: entitlement.clone(),
            risk: old.into_iter().chain(new).map(|(_, target)| target.risk).max().unwrap_or_default(),
            members: 0,
            members_after: 0,
            granted: Shift::default(),
            eligible: Shift::default(),
            denied: Shift::default(),
        })
    }

    fn conflicts(&mut self, who: &Who, before: &Set, after: &Set) {
        let known: BTreeSet<String> =
            self.old.conflicts(before).into_iter().map(|conflict| conflict.rule).collect();
        let conflicts =
            self.new.conflicts(after).into_iter().filter(|conflict| !known.contains(&conflict.rule));
        self.diff.conflicts.extend(conflicts.map(|conflict| NewConflict { who: who.clone(), conflict }));
    }

    fn finish(self) -> Diff {
        let Self { mut diff, targets, members, .. } = self;
        for (entitlement, mut target) in targets {
            (target.members, target.members_after) = members.get(&entitlement).copied().unwrap_or_default();
            if target.members > 0 && target.members_after == 0 {
                diff.emptied.push(target.target.clone());
            }
            diff.targets.push(target);
        }
        diff
    }
}

impl From<&Person> for Who {
    fn from(person: &Person) -> Self {
        Self {
            login: person.login.clone(),
            name: person.name.clone(),
            department: person.department().to_owned(),
        }
    }
}

fn granted(decision: &Decision) -> Set {
    decision.grants.iter().map(|grant| grant.entitlement.clone()).collect()
}

fn eligible(decision: &Decision) -> Set {
    decision.eligible.iter().map(|grant| grant.entitlement.clone()).collect()
}

fn denied(decision: &Decision) -> Set {
    decision.denials.iter().map(|denial| denial.entitlement.clone()).collect()
}

fn redefined(old: &Policy, new: &Policy) -> Vec<Redefined> {
    let mut redefined = Vec::new();
    for (name, after) in new.targets() {
        let Some((_, before)) = old.target_of(&after.entitlement) else { continue };
        let privileged = before.risk == Risk::Privileged || after.risk == Risk::Privileged;
        let changes = said(before).into_iter().zip(said(after)).filter(|(old, new)| old != new);
        redefined.extend(changes.map(|((key, old), (_, new))| Redefined {
            target: name.to_owned(),
            key: key.to_owned(),
            old,
            new,
            privileged,
        }));
    }
    redefined
}

/// What is said about how a target may be held, as the file would say it.
fn said(target: &Target) -> [(&'static str, String); 7] {
    let time = |time: Option<Duration>| {
        time.map_or_else(|| "none".to_owned(), |time| humantime::format_duration(time).to_string())
    };
    let approvers: Vec<String> = target.approvers.iter().cloned().map(Approver::into).collect();
    [
        ("risk", target.risk.to_string()),
        ("birthright", target.birthright.to_string()),
        ("max_duration", time(target.max_duration)),
        ("review", time(target.review)),
        ("grace_working_days", target.grace_working_days.to_string()),
        ("approvers", approvers.join(", ")),
        ("approvals", target.approvals.to_string()),
    ]
}
