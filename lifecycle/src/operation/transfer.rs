//! Transfer: somebody moves to another department, job or manager.
//!
//! # Expected flow
//!
//! The ticket says who moves, to what, and from when. On that day the attributes change in one call, group rules have
//! their say, and what the policy grants to the new position is added, in both systems. What came with the old position goes:
//! at once what is privileged or must not be held together with something else, and the rest some working days later, so that
//! work can be handed over. What neither position explains is put to the new manager, and goes if nobody answers. The ticket
//! is closed at the end of that.
//!
//! # Guarantees
//!
//! - Nothing is added while something is held that must not be held together with it: that goes first.
//! - What a group rule fills is never touched; whether the rules did what was expected is looked at.
//! - What a grant covers is kept until that ends.
//! - What is taken away days later is looked at again then: a grant, a reviewer's word or another position keep it.
//! - Attributes that HR masters are waited for, and not written. If they do not come nothing is changed.
//! - After the attributes changed nothing is undone: they are what HR says. A person goes on from there.
//!
//! # Caveats
//!
//! - What the person holds is read when the plan is made; what they are given between then and the day is not looked at.
//! - Later steps go by the policy of the plan. To have another one apply, cancel the run and submit anew.
//! - Owners of Okta groups are not looked at.

mod changes;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc, Weekday};
use serde_json::Value;

use self::changes::{Changes, Drop, because};
use self::wanted::Wanted;
use super::colleague::Colleague;
use super::convert::Conversion;
use super::entitlement::{Holder, Thing, claimed};
use super::item::Item;
use super::position::{self, Position, decide};
use crate::action::okta::{
    AttributeChange, ChangeProfile, ChangeUserType, ConfirmMembership, EndSessions, MembershipsSettled,
};
use crate::action::servicenow::{
    AskForReview, Belongings, CloseReview, ConfirmUser, EndDelegations, FieldChange, HandOver,
    ReviewAnswered, ReviewItem, Reviewed, UpdateUser, UserRecord,
};
use crate::action::{Decided, TakeAway};
use crate::gate::{At, DstGap, Patiently, Until, When};
use crate::guard::{Protected, Safeguards};
use crate::holdings;
use crate::operation::desk::{Desk, Words};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, PolicyRef, Precedence, Step, StepId, Subject};
use crate::policy::{Decision, Entitlement, Grant, Policy, Risk};
use crate::systems::Systems;

pub use self::wanted::Move;

/// How long after the day HR may take to say so too.
const HR_TAKES: Days = Days::new(14);

/// How long group rules may take.
const RULES_TAKE: u32 = 10 * 60;

/// How long Okta's own ServiceNow app may take.
const SYNC_TAKES: u32 = 60 * 60;

/// How many working days a reviewer has.
const REVIEW: u32 = 5;

/// Moves the person that a ticket, or a program, names.
#[derive(Debug, Clone)]
pub struct Transfer {
    asked: Source,
    policy: Policy,
    safeguards: Safeguards,
    time_zone: String,
    conversion: Option<Conversion>,
}

#[derive(Debug, Clone)]
enum Source {
    Ticket(String),
    Move(Move),
}

impl Transfer {
    /// Does the move that the requested item, or catalog task, `number` asks for, under `policy`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        Self::new(Source::Ticket(number.into()), policy)
    }

    /// Does this move, under `policy`, without a ticket.
    #[must_use]
    pub fn explicit(wanted: Move, policy: Policy) -> Self {
        Self::new(Source::Move(wanted), policy)
    }

    fn new(asked: Source, policy: Policy) -> Self {
        let time_zone = "UTC".to_owned();
        Self { asked, policy, safeguards: Safeguards::default(), time_zone, conversion: None }
    }

    /// The same, of somebody who becomes an employee with it.
    pub(super) fn converting(mut self, conversion: Conversion) -> Self {
        self.conversion = Some(conversion);
        self
    }

    fn name(&self) -> &'static str {
        if self.conversion.is_some() { "convert" } else { "transfer" }
    }

    /// What the guards go by.
    #[must_use]
    pub fn safeguards(mut self, safeguards: Safeguards) -> Self {
        self.safeguards = safeguards;
        self
    }

    /// The IANA time zone in which days begin: `Europe/Berlin`. UTC by default.
    #[must_use]
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.time_zone = zone.into();
        self
    }

    fn policy_ref(&self) -> PolicyRef {
        PolicyRef { name: self.policy.name().to_owned(), hash: self.policy.hash().to_owned() }
    }
}

/// A move that is asked for.
#[derive(Debug)]
pub struct Asked {
    item: Option<Item>,
    wanted: Wanted,
}

#[async_trait]
impl Operation for Transfer {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        match &self.asked {
            Source::Move(wanted) => Ok(Asked { item: None, wanted: Wanted::of(wanted)? }),
            Source::Ticket(number) => {
                let item = Item::read(systems, number).await?;
                let nothing_else = self.conversion.is_some();
                let wanted = Wanted::read(item.number(), &item.answers(systems).await?, nothing_else)?;
                Ok(Asked { item: Some(item), wanted })
            }
        }
    }

    fn intent(&self, asked: &Asked) -> Intent {
        let key = match (&asked.item, &self.asked) {
            (Some(item), _) => item.key(),
            (None, Source::Move(wanted)) => format!("{}/{}", wanted.employee, wanted.effective_date),
            (None, Source::Ticket(number)) => number.clone(),
        };
        Intent::new(self.name(), &key, &asked.wanted, Some(self.policy_ref()))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        if let Some(item) = &asked.item {
            item.check_open()?;
            item.check_approved()?;
        }
        let who = Colleague::find(systems, &asked.wanted.employee, "employee").await?;
        who.check_in_use()?;
        let position = Position {
            department: asked.wanted.department.clone(),
            title: asked.wanted.title.clone(),
            manager: Colleague::find_working(systems, asked.wanted.manager.as_ref(), "manager").await?,
            location: asked.wanted.location.clone(),
            cost_center: asked.wanted.cost_center.clone(),
            more: match &self.conversion {
                Some(_) => Conversion::attributes(&self.policy, &who)?,
                None => BTreeMap::new(),
            },
        };
        let successor =
            Colleague::find_working(systems, asked.wanted.successor.as_ref(), "successor").await?;
        let profile = position.profile(&who);
        let old = decide(&self.policy, &who, &BTreeMap::new())?;
        let new = decide(&self.policy, &who, &profile)?;
        let held = holdings::held(systems, &who.account.id, Some(&who.record.sys_id)).await?;
        let filled = holdings::filled_by_rules(systems, &who.account.id).await?;
        let subject = who.subject();
        let claims = systems.claims(&subject).await?.unwrap_or_default();
        let changes = Changes::between(&self.policy, (&old, &new), &held, &filled, &claims)?;
        let manager = match &position.manager {
            Some(_) => None,
            None => Colleague::manager_of(systems, &who).await?,
        };
        let effective = self.day(asked.wanted.effective_date, DstGap::Later)?;
        let planned = Planned {
            transfer: self,
            desk: Desk::of(asked.item.as_ref()),
            holder: Holder { account: who.account(), user: who.user() },
            servicenow: position.servicenow(systems, &who).await?,
            mastered: position::mastered(systems, &who, &profile).await?,
            synced: position::synced_by_okta(systems, &who).await?,
            from: effective.instant().max(systems.clock().now()),
            things: things(systems, &self.policy, &changes).await?,
            reviewer: position.manager.as_ref().or(manager.as_ref()).map(Colleague::user),
            decided_by: decided_by(&who, &profile, &new),
            asked: &asked,
            who: &who,
            subject: &subject,
            successor,
            effective,
            profile,
            changes,
        };
        planned.plan()
    }
}

/// The attributes that the policy's decision hangs on, as they will be.
fn decided_by(who: &Colleague, profile: &BTreeMap<String, AttributeChange>, new: &Decision) -> Decided {
    let is_read = |name: &str| profile.contains_key(name) || !new.rules_reading(name).is_empty();
    let now = who.account.profile.iter().filter(|(name, _)| is_read(name));
    let mut attributes: BTreeMap<String, Value> =
        now.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    attributes.extend(profile.iter().map(|(name, change)| (name.clone(), change.after.clone())));
    Decided { account: who.account(), attributes }
}

impl Transfer {
    /// The beginning of a day.
    fn day(&self, date: NaiveDate, gap: DstGap) -> Result<When, OperationError> {
        When::local(date.and_time(NaiveTime::MIN), &self.time_zone, gap)
            .map_err(|error| OperationError::NeedsHuman(format!("the transfer's time zone: {error}")))
    }
}

/// The entitlements that are given or taken away, as they are in their systems.
async fn things(
    systems: &Systems,
    policy: &Policy,
    changes: &Changes,
) -> Result<BTreeMap<Entitlement, Thing>, OperationError> {
    let mut things = BTreeMap::new();
    for Grant { entitlement, target, .. } in &changes.add {
        let thing = Thing::find(systems, entitlement).await?.map_err(|what| OperationError::BadTarget {
            policy: policy.name().to_owned(),
            line: policy.target(target).map(|target| target.line),
            target: target.clone(),
            what,
        })?;
        things.insert(entitlement.clone(), thing);
    }
    for Drop { entitlement, .. } in changes.drops() {
        let thing = Thing::find(systems, entitlement).await?.map_err(OperationError::NeedsHuman)?;
        things.insert(entitlement.clone(), thing);
    }
    Ok(things)
}

/// Everything that a plan is made of.
struct Planned<'a> {
    transfer: &'a Transfer,
    asked: &'a Asked,
    desk: Desk,
    who: &'a Colleague,
    subject: &'a Subject,
    holder: Holder,
    successor: Option<Colleague>,
    reviewer: Option<UserRecord>,
    effective: When,
    /// From when on days are counted.
    from: DateTime<Utc>,
    profile: BTreeMap<String, AttributeChange>,
    /// The attributes that the policy's decision hangs on, as they will be.
    decided_by: Decided,
    servicenow: BTreeMap<String, FieldChange>,
    mastered: BTreeSet<String>,
    synced: bool,
    changes: Changes,
    things: BTreeMap<Entitlement, Thing>,
}

impl Planned<'_> {
    fn plan(self) -> Result<Plan, OperationError> {
        let name = &self.subject.name;
        let mut steps: Vec<Step> = Vec::new();
        steps.extend(self.desk.take());
        let begins = Step::gate("effective-date", "the move begins then", At::new(self.effective.clone()));
        let takes_over_after = Some(begins.id.clone());
        steps.push(begins);
        steps.extend(self.desk.still_wanted(self.asked.wanted.answers()));
        steps.push(self.protected());
        steps.extend(self.hr());
        steps.extend(self.drops("part", &self.changes.toxic));
        steps.extend(self.attributes());
        steps.extend(self.rules());
        steps.extend(self.joins());
        steps.extend(self.servicenow());
        steps.extend(self.drops("end", &self.changes.now));
        steps.extend(self.hand_over());
        steps.extend(self.sessions());
        let later = self.later()?;
        steps.extend(self.ask()?);
        steps.extend(self.desk.report("report-move", format!("{name} has moved.{}", self.outlook())));
        steps.extend(later);

        let intent = self.transfer.intent(self.asked);
        let mut plan = Plan::new(self.transfer.name(), Precedence::Transfer, intent, self.subject.clone());
        plan.request = self.asked.item.as_ref().map(Item::request);
        plan.takes_over_after = takes_over_after;
        plan.steps = steps;
        plan.closing = self.desk.closing(Words {
            done: format!("{name} has moved, and has the access of the new position and no other."),
            declined: format!(
                "The move of {name} was not carried out, or not to its end. What was reached stays."
            ),
            failed: format!(
                "The move of {name} could not be finished. What was reached stays; a person has to go on."
            ),
        });
        Ok(plan)
    }

    fn protected(&self) -> Step {
        let guard = Protected::by(&self.transfer.safeguards, self.holder.account.clone());
        Step::guard("protected", "some accounts are nobody's to change", guard)
    }

    fn change_of(&self, mastered: bool) -> ChangeProfile {
        let ours = self.profile.iter().filter(|(name, _)| self.mastered.contains(*name) == mastered);
        let attributes = ours.map(|(name, change)| (name.clone(), change.clone())).collect();
        ChangeProfile { account: self.holder.account.clone(), attributes }
    }

    /// What HR says is waited for, and before anything else.
    fn hr(&self) -> Option<Step> {
        let change = self.change_of(true);
        let gate = Until::new(change, 60 * 60);
        let step = Step::gate(HR, "HR masters these attributes: they come from there", gate);
        (!self.mastered.is_empty()).then(|| step.until(self.from + HR_TAKES))
    }

    fn attributes(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let change = self.change_of(false);
        if !change.attributes.is_empty() {
            let why = "the new position; group rules follow from it";
            steps.push(self.change_step(why, change).needs(["protected"]));
        }
        if let Some(after) = self.attributes_from() {
            let expected = |groups: &[Entitlement], member| {
                groups.iter().map(|group| (group.id().to_owned(), member)).collect::<Vec<_>>()
            };
            let bring = expected(&self.changes.rules_bring, true);
            let end = expected(&self.changes.rules_end, false);
            let expected = bring.into_iter().chain(end).collect();
            let settled = MembershipsSettled { account: self.holder.account.clone(), expected };
            let gate = Patiently { action: Box::new(settled), every: 10, after, at_most: RULES_TAKE };
            steps.push(Step::gate("rules-settled", "group rules have their say first", gate));
        }
        steps
    }

    fn change_step(&self, why: &str, change: ChangeProfile) -> Step {
        let user_type = self.transfer.conversion.as_ref().and_then(|conversion| conversion.user_type.clone());
        let Some((user_type, type_name)) = user_type else { return Step::new(UPDATE, why, change) };
        let goes = |name: &str| change.attributes.get(name).is_some_and(|change| change.after.is_null());
        let has = self.who.account.profile.iter().filter(|(name, value)| !value.is_null() && !goes(name));
        let kept = has.map(|(name, _)| name.to_owned()).collect();
        Step::new(UPDATE, why, ChangeUserType { change, user_type, type_name, kept })
    }

    /// The step by which the attributes are there; none if they are already.
    fn attributes_from(&self) -> Option<StepId> {
        let ours = self.profile.keys().any(|name| !self.mastered.contains(name));
        let step = if ours { UPDATE } else { HR };
        (!self.profile.is_empty()).then(|| id(step))
    }

    fn rules(&self) -> Vec<Step> {
        let account = &self.holder.account;
        let step = |(n, (entitlement, member)): (usize, (&Entitlement, bool))| {
            let Entitlement::OktaGroup { id, name } = entitlement else { return None };
            let action = ConfirmMembership {
                account: account.clone(),
                group: id.clone(),
                group_name: name.clone().unwrap_or_else(|| id.to_string()),
                member,
            };
            let (prefix, why) = if member {
                ("rule-brings", "a rule fills the group: nobody is added by hand")
            } else {
                ("rule-ends", "a rule fills the group: nobody is taken out by hand")
            };
            Some(Step::new(&format!("{prefix}-{n}"), why, action).escalating())
        };
        let end = self.changes.rules_end.iter().map(|end| (end, false));
        let bring = self.changes.rules_bring.iter().map(|bring| (bring, true));
        (1..).zip(end.chain(bring)).filter_map(step).collect()
    }

    fn joins(&self) -> Vec<Step> {
        let policy = &self.transfer.policy;
        let toxic: Vec<StepId> = self.drops("part", &self.changes.toxic).map(|step| step.id).collect();
        let rules: Vec<StepId> = self.rules().into_iter().map(|step| step.id).collect();
        let step = |(n, grant): (usize, &Grant)| {
            let id = self.id("join", &grant.entitlement, n);
            let step = self.things.get(&grant.entitlement)?.give(&id, because(&grant.because), &self.holder);
            let mut step = step.escalating().needs(["protected"]);
            step.needs.extend(toxic.iter().cloned());
            if self.changes.waits_for_rules(policy, grant) {
                step.needs.extend(rules.iter().take(self.changes.rules_end.len()).cloned());
            }
            Some(step)
        };
        (1..).zip(&self.changes.add).filter_map(step).collect()
    }

    /// The record in ServiceNow: written, or brought by Okta's own app and looked at.
    fn servicenow(&self) -> Vec<Step> {
        let update = || UpdateUser { user: self.holder.user.clone(), fields: self.servicenow.clone() };
        if self.servicenow.is_empty() {
            return Vec::new();
        }
        match self.attributes_from().filter(|_| self.synced) {
            None => {
                let why = "the new position, in ServiceNow too";
                vec![Step::new("servicenow-user", why, update()).escalating().needs(["protected"])]
            }
            Some(after) => {
                let why = "Okta's own ServiceNow app brings it: nobody else writes";
                let gate = Patiently { action: Box::new(update()), every: 60, after, at_most: SYNC_TAKES };
                let confirm = ConfirmUser { update: update() };
                vec![
                    Step::gate("servicenow-synced", why, gate),
                    Step::new("servicenow-user", why, confirm).escalating(),
                ]
            }
        }
    }

    fn drops<'s>(&'s self, prefix: &'s str, drops: &'s [Drop]) -> impl Iterator<Item = Step> + 's {
        (1..).zip(drops).filter_map(move |(n, drop)| self.take_away(prefix, n, drop, None))
    }

    fn take_away(&self, prefix: &str, n: usize, drop: &Drop, review: Option<Reviewed>) -> Option<Step> {
        let action = TakeAway {
            subject: self.subject.clone(),
            target: claimed(&drop.entitlement),
            how: self.things.get(&drop.entitlement)?.take(&self.holder),
            // What goes before the attributes change cannot go by what they will be.
            decided_by: (prefix != "part").then(|| self.decided_by.clone()),
            review,
        };
        let step = Step::new(&self.id(prefix, &drop.entitlement, n), &drop.why, action);
        Some(step.escalating().needs(["protected"]))
    }

    fn hand_over(&self) -> Vec<Step> {
        let Some(successor) = &self.successor else { return Vec::new() };
        let (from, to) = (self.holder.user.clone(), successor.user());
        let step = |(id, what): (&str, Belongings)| {
            let why = "it belonged to the old position";
            Step::new(id, why, HandOver { what, from: from.clone(), to: to.clone() })
                .escalating()
                .needs(["protected"])
        };
        let kinds = [
            ("hand-over-approvals", Belongings::Approvals),
            ("hand-over-reports", Belongings::Reports),
            ("hand-over-groups", Belongings::Groups),
        ];
        let end = Step::new(
            "end-delegations",
            "they were for the old position",
            EndDelegations { user: from.clone() },
        );
        kinds.into_iter().map(step).chain([end.escalating().needs(["protected"])]).collect()
    }

    fn sessions(&self) -> Option<Step> {
        let privileged = self.changes.at_once().any(|drop| drop.risk == Risk::Privileged);
        let end = EndSessions { account: self.holder.account.clone(), tokens: true, forget_devices: false };
        let why = "tokens say which groups somebody is in until they are renewed";
        privileged.then(|| Step::new("end-sessions", why, end).escalating().needs(["protected"]))
    }

    /// What is asked of the new manager.
    fn ask(&self) -> Result<Option<Step>, OperationError> {
        let Changes { unexplained, granted, .. } = &self.changes;
        if unexplained.is_empty() && granted.is_empty() {
            return Ok(None);
        }
        let Some(reviewer) = self.reviewer.clone() else {
            return Err(OperationError::NeedsHuman(format!(
                "{} has access that the policy does not explain, and no manager who could be asked about it",
                self.subject.login
            )));
        };
        let items = unexplained
            .iter()
            .map(|drop| ReviewItem { what: drop.entitlement.to_string(), why: drop.why.clone() });
        let remark = |entitlement: &Entitlement| {
            format!(
                "{entitlement} is covered by a grant, and kept until that ends: end the grant if it is not needed"
            )
        };
        let action = AskForReview {
            about: self.subject.name.clone(),
            reviewer,
            parent: self.asked.item.as_ref().map(Item::request),
            due: self.due()?.instant(),
            items: items.collect(),
            remarks: granted.iter().map(remark).collect(),
        };
        let why = "access that nobody explains piles up over moves";
        Ok(Some(Step::new(ASK, why, action).escalating()))
    }

    fn due(&self) -> Result<When, OperationError> {
        self.working_days(REVIEW)
    }

    /// The beginning of the day after so many working days.
    fn working_days(&self, days: u32) -> Result<When, OperationError> {
        self.transfer.day(after_working_days(self.from.date_naive(), days), DstGap::Earlier)
    }

    /// What is taken away some days later, in the order of time.
    fn later(&self) -> Result<Vec<Step>, OperationError> {
        let mut parts: Vec<(DateTime<Utc>, Vec<Step>)> = Vec::new();
        let graces: BTreeSet<u32> = self.changes.later.iter().map(|drop| drop.grace).collect();
        for grace in graces {
            let ends = self.working_days(grace)?;
            let gate = format!("grace-{grace}-days");
            let why = "until then work can be handed over";
            let mut steps = vec![Step::gate(&gate, why, At::new(ends.clone()).revoking())];
            let over = (1..).zip(&self.changes.later).filter(|(_, drop)| drop.grace == grace);
            steps.extend(over.filter_map(|(n, drop)| self.take_away("leave", n, drop, None)));
            parts.push((ends.instant(), steps));
        }
        if !self.changes.unexplained.is_empty() {
            parts.push((self.due()?.instant(), self.reviewed()?));
        }
        parts.sort_by_key(|(at, _)| *at);
        Ok(parts.into_iter().flat_map(|(_, steps)| steps).collect())
    }

    fn reviewed(&self) -> Result<Vec<Step>, OperationError> {
        let unexplained = &self.changes.unexplained;
        let gate = ReviewAnswered {
            step: id(ASK),
            items: unexplained.len(),
            due: self.due()?.instant(),
            reviewer: self.reviewer.as_ref().map(|who| who.user_name.clone()).unwrap_or_default(),
        };
        let mut steps = vec![Step::gate("review-answered", "silence means no", gate).needs([ASK])];
        for (item, drop) in unexplained.iter().enumerate() {
            let review = Reviewed { step: id(ASK), item, about: self.holder.user.clone() };
            steps.extend(self.take_away("unexplained", item + 1, drop, Some(review)));
        }
        let close = CloseReview { step: id(ASK) };
        steps.push(Step::new("close-review", "it is decided", close).optional().needs([ASK]));
        Ok(steps)
    }

    /// What is still to come, for those who work on the ticket.
    fn outlook(&self) -> String {
        let later = self.changes.later.iter();
        let later =
            later.map(|drop| format!("\n- {} goes after {} working days", drop.entitlement, drop.grace));
        let reviewed = self.changes.unexplained.iter().map(|drop| {
            format!("\n- {} goes after {REVIEW} working days, unless the manager keeps it", drop.entitlement)
        });
        let granted = self.changes.granted.iter();
        let granted =
            granted.map(|held| format!("\n- {held} is covered by a grant, and stays until that ends"));
        later.chain(reviewed).chain(granted).collect()
    }

    /// A step's name by that of the policy's target, if it can be part of one.
    fn id(&self, prefix: &str, entitlement: &Entitlement, n: usize) -> String {
        let target = self.transfer.policy.target_of(entitlement).map(|(name, _)| format!("{prefix}-{name}"));
        target.filter(|name| name.parse::<StepId>().is_ok()).unwrap_or_else(|| format!("{prefix}-{n}"))
    }
}

const HR: &str = "hr-says-so";
const UPDATE: &str = "update-profile";
const ASK: &str = "ask-for-review";

fn id(step: &str) -> StepId {
    step.parse().expect("a step's name is part of the program")
}

/// The day so many working days later: Saturdays and Sundays do not count.
fn after_working_days(from: NaiveDate, days: u32) -> NaiveDate {
    let works = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let later = from.iter_days().skip(1).filter(works);
    if days == 0 { from } else { later.take(days as usize).last().unwrap_or(from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_no_working_days() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        // A Friday.
        let friday = day("2026-03-06");
        assert_eq!(after_working_days(friday, 0), friday);
        assert_eq!(after_working_days(friday, 1), day("2026-03-09"));
        assert_eq!(after_working_days(friday, 5), day("2026-03-13"));
        assert_eq!(after_working_days(day("2026-03-07"), 1), day("2026-03-09"));
    }
}
