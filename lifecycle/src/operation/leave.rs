//! Leave: somebody is away for weeks or months, and comes back.
//!
//! # Expected flow
//!
//! The ticket says who, from when, and until when. On the first day the account is suspended and its sessions end, the person
//! is locked out of ServiceNow but stays active there, so that their work stays visible, and somebody answers their approvals. On the day of
//! return the ticket is looked at again, and all of that is taken back. Who is away for more than 90 days comes back to what
//! the policy brings; the rest is put to the manager before.
//!
//! # Guarantees
//!
//! - Groups and apps are kept meanwhile.
//! - Only the suspension that this leave began is ended: what somebody else suspended, before or meanwhile, stays so, and a person
//!   is asked.
//! - Nobody comes back whose return was called off or moved on the ticket: a person decides.
//! - Somebody who leaves for good meanwhile is the leaver's: that run takes over.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;
use servicenow_client::SysId;
use servicenow_client::catalog::Variables;

use super::colleague::{Colleague, Who};
use super::desk::{Desk, Words};
use super::entitlement::{Holder, Thing, claimed};
use super::form::Form;
use super::item::Item;
use super::position::decide;
use crate::action::TakeAway;
use crate::action::okta::{EndSessions, Suspend, Suspension, Unsuspend};
use crate::action::servicenow::{
    AskForReview, CloseReview, Delegate, Delegation, EndDelegation, LockUser, ReviewAnswered, ReviewItem,
    Reviewed,
};
use crate::gate::{At, DstGap, When};
use crate::guard::{NotOurUser, Protected, Safeguards, Yourself};
use crate::holdings::{self, Provenance};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, PolicyRef, Precedence, Step};
use crate::policy::{Entitlement, Policy};
use crate::systems::Systems;

/// After so many days access is reviewed before the return.
const LONG: i64 = 90;

/// How long before the return.
const REVIEW: Days = Days::new(14);

const ASK: &str = "ask-for-review";

/// Sees the person that a ticket names off, and back.
#[derive(Debug, Clone)]
pub struct Leave {
    number: String,
    policy: Policy,
    safeguards: Safeguards,
    time_zone: String,
}

impl Leave {
    /// Does what the requested item, or catalog task, `number` asks for. `policy` says what is not reviewed after a long
    /// absence, since it comes with the position.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        Self { number: number.into(), policy, safeguards: Safeguards::default(), time_zone: "UTC".to_owned() }
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

    fn day(&self, date: NaiveDate, gap: DstGap) -> Result<When, OperationError> {
        When::local(date.and_time(NaiveTime::MIN), &self.time_zone, gap)
            .map_err(|error| OperationError::NeedsHuman(format!("the leave's time zone: {error}")))
    }
}

/// A ticket that asks for a leave, and what it says.
#[derive(Debug)]
pub struct Asked {
    item: Item,
    wanted: Wanted,
}

#[derive(Debug, Serialize)]
struct Wanted {
    employee: SysId,
    first_day: NaiveDate,
    return_date: NaiveDate,
    delegate: Option<SysId>,
}

impl Wanted {
    fn read(number: &str, answers: &Variables) -> Result<Self, OperationError> {
        let mut form = Form::new(answers);
        let employee = form.required("employee", 32);
        let employee = form.reference("employee", &employee);
        let first = form.required("first_day", 50);
        let first_day = form.date("first_day", &first);
        let back = form.required("return_date", 50);
        let return_date = form.date("return_date", &back);
        let delegate = form.optional("delegate", 32);
        let delegate = delegate.and_then(|text| form.reference("delegate", &text));
        if let (Some(first), Some(back)) = (first_day, return_date)
            && back <= first
        {
            form.problem(format!("return_date is {back}: give a day after first_day, which is {first}"));
        }
        let wanted = Self {
            employee: employee.unwrap_or_else(|| "missing".parse().expect("seven letters are a sys_id")),
            first_day: first_day.unwrap_or_default(),
            return_date: return_date.unwrap_or_default(),
            delegate,
        };
        form.filled(number, wanted)
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let given = [
            ("employee", self.employee.to_string()),
            ("first_day", self.first_day.to_string()),
            ("return_date", self.return_date.to_string()),
        ];
        given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn is_long(&self) -> bool {
        (self.return_date - self.first_day).num_days() > LONG
    }
}

#[async_trait]
impl Operation for Leave {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        let item = Item::read(systems, &self.number).await?;
        let wanted = Wanted::read(item.number(), &item.answers(systems).await?)?;
        Ok(Asked { item, wanted })
    }

    fn intent(&self, asked: &Asked) -> Intent {
        let policy = PolicyRef { name: self.policy.name().to_owned(), hash: self.policy.hash().to_owned() };
        Intent::new("leave", &asked.item.key(), &asked.wanted, Some(policy))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        asked.item.check_open()?;
        asked.item.check_approved()?;
        let wanted = &asked.wanted;
        let who =
            Colleague::find_working(systems, Some(&Who::Record(wanted.employee.clone())), "employee").await?;
        let who = who.ok_or_else(|| OperationError::NeedsHuman("nobody is to leave".to_owned()))?;
        let delegate = match &wanted.delegate {
            Some(delegate) => {
                Colleague::find_working(systems, Some(&Who::Record(delegate.clone())), "delegate").await?
            }
            None => Colleague::manager_of(systems, &who).await?,
        };
        let away = Away {
            first: self.day(wanted.first_day, DstGap::Earlier)?,
            back: self.day(wanted.return_date, DstGap::Later)?,
            holder: Holder { account: who.account(), user: who.user() },
            leave: self,
            who: &who,
            delegate,
            desk: Desk::of(Some(&asked.item)),
            asked: &asked,
        };
        let mut plan = Plan::new("leave", Precedence::Revoke, self.intent(&asked), who.subject());
        plan.request = Some(asked.item.request());
        plan.steps = away.steps(systems).await?;
        let name = &plan.subject.name;
        plan.closing = away.desk.closing(Words {
            done: format!("{name} is back, and can sign in again."),
            declined: format!("The leave of {name} was called off."),
            failed: format!(
                "The leave of {name} needs a person to go on: the account is as the steps above say."
            ),
        });
        Ok(plan)
    }
}

/// Somebody who is to be away.
struct Away<'a> {
    leave: &'a Leave,
    asked: &'a Asked,
    who: &'a Colleague,
    holder: Holder,
    delegate: Option<Colleague>,
    desk: Desk,
    first: When,
    back: When,
}

impl Away<'_> {
    async fn steps(&self, systems: &Systems) -> Result<Vec<Step>, OperationError> {
        let mut steps: Vec<Step> = Vec::new();
        steps.extend(self.desk.take());
        let first = At::new(self.first.clone()).revoking();
        steps.push(Step::gate("first-day", "the leave begins then", first));
        steps.extend(self.desk.still_wanted(self.asked.wanted.answers()));
        steps.extend(self.go());
        let name = self.who.name();
        steps.extend(self.desk.report(
            "report-leave",
            format!("{name} is away until {}. Groups and apps are kept.", self.back),
        ));
        if self.asked.wanted.is_long() {
            steps.extend(self.review(systems).await?);
        }
        steps.push(Step::gate("return", "the leave is over then", At::new(self.back.clone())));
        steps.extend(self.come_back());
        Ok(steps)
    }

    fn go(&self) -> Vec<Step> {
        let account = self.holder.account.clone();
        let user = self.holder.user.clone();
        let protected = Protected::by(&self.leave.safeguards, account.clone());
        let yourself = Yourself { account: account.clone() };
        let not_us = NotOurUser { user: user.clone() };
        let guarded = ["protected", "yourself", "not-our-user"];
        let ours = Suspension::By(id("suspend"));
        let suspend = Step::new("suspend", "nobody works while away", Suspend { account: account.clone() });
        let back = Unsuspend { account: account.clone(), suspension: ours };
        let sessions = EndSessions { account: account.clone(), tokens: true, forget_devices: false };
        let lock = LockUser { user: user.clone(), locked_out: true };
        let unlock = LockUser { user, locked_out: false };
        let mut steps = vec![
            Step::guard("protected", "some accounts are nobody's to suspend", protected),
            Step::guard("yourself", "not the branch we sit on", yourself),
            Step::guard("not-our-user", "nor in ServiceNow", not_us),
            suspend.undone_by(back).needs(guarded),
            Step::new("end-sessions", "a suspension does not end them", sessions)
                .escalating()
                .needs(["suspend"]),
            Step::new("lock", "ServiceNow may have ways in of its own", lock)
                .undone_by(unlock)
                .needs(guarded),
        ];
        if let Some(delegation) = self.delegation() {
            let why = "approvals are not to wait until then";
            let end = EndDelegation { delegation: delegation.clone() };
            let delegate = Delegate { delegation, ends: self.back.instant() };
            steps.push(Step::new("delegate", why, delegate).undone_by(end).escalating().needs(guarded));
        }
        steps
    }

    fn delegation(&self) -> Option<Delegation> {
        let delegate = self.delegate.as_ref()?.user();
        Some(Delegation { user: self.holder.user.clone(), delegate, starts: self.first.instant() })
    }

    fn come_back(&self) -> Vec<Step> {
        let account = self.holder.account.clone();
        let user = self.holder.user.clone();
        let suspension = Suspension::By(id("suspend"));
        let mut steps: Vec<Step> = self
            .desk
            .still_wanted(self.asked.wanted.answers())
            .into_iter()
            .map(|step| Step { id: id("still-returns"), ..step })
            .collect();
        let why = "only our own suspension is ended";
        steps.push(Step::new("unsuspend", why, Unsuspend { account, suspension }));
        let unlock = LockUser { user, locked_out: false };
        steps.push(Step::new("unlock", "the person is back", unlock).needs(["unsuspend"]));
        if let Some(delegation) = self.delegation() {
            let end = EndDelegation { delegation };
            steps.push(Step::new("end-delegation", "the person answers again", end).optional());
        }
        steps
    }

    /// Who was away for long comes back to what the policy brings. The rest is put to the manager.
    async fn review(&self, systems: &Systems) -> Result<Vec<Step>, OperationError> {
        let held = holdings::held(systems, &self.who.account.id, Some(&self.who.record.sys_id)).await?;
        let decision = decide(&self.leave.policy, self.who, &BTreeMap::new())?;
        let brought = |what: &Entitlement| decision.grants.iter().any(|grant| grant.entitlement == *what);
        let direct = held.into_iter().filter(|held| held.provenance == Provenance::Direct);
        let rest: Vec<Entitlement> =
            direct.map(|held| held.entitlement).filter(|what| !brought(what)).collect();
        let Some(manager) = Colleague::manager_of(systems, self.who).await?.filter(|_| !rest.is_empty())
        else {
            return Ok(Vec::new());
        };
        let due = self.back.instant();
        let asks = self.leave.day(self.asked.wanted.return_date - REVIEW, DstGap::Earlier)?;
        let item = |what: &Entitlement| ReviewItem {
            what: what.to_string(),
            why: format!("nobody used it for more than {LONG} days, and the policy does not bring it"),
        };
        let ask = AskForReview {
            about: self.who.name(),
            reviewer: manager.user(),
            parent: Some(self.asked.item.request()),
            due,
            items: rest.iter().map(item).collect(),
            remarks: Vec::new(),
        };
        let answered =
            ReviewAnswered { step: id(ASK), items: rest.len(), due, reviewer: manager.user().user_name };
        let mut steps = vec![
            Step::gate("review-begins", "in time for the return", At::new(asks)),
            Step::new(ASK, "nobody comes back to more than they need", ask),
            Step::gate("review-answered", "silence means no", answered),
        ];
        for (n, what) in rest.iter().enumerate() {
            let thing = Thing::find(systems, what).await?.map_err(OperationError::NeedsHuman)?;
            let action = TakeAway {
                subject: self.who.subject(),
                target: claimed(what),
                how: thing.take(&self.holder),
                decided_by: None,
                review: Some(Reviewed { step: id(ASK), item: n, about: self.holder.user.clone() }),
            };
            steps.push(
                Step::new(&format!("unused-{}", n + 1), "nobody said that it is needed", action).escalating(),
            );
        }
        steps.push(Step::new("close-review", "it is decided", CloseReview { step: id(ASK) }).optional());
        Ok(steps)
    }
}

fn id(step: &str) -> crate::plan::StepId {
    step.parse().expect("a step's name is part of the program")
}
