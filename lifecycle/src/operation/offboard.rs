//! Offboarding: somebody leaves, and keeps no access.
//!
//! # Expected flow
//!
//! Block first, look second, destroy last. A ticket (or a caller) names the person; every account with the person's employee
//! number leaves with them. At the last hour sign-in is blocked, sessions and tokens end, ServiceNow is locked: all of which
//! could be taken back. Then what the person has is written down, and only then taken away: admin roles, API tokens,
//! factors, the accounts themselves, groups; in ServiceNow work goes to the heir, then groups, roles and the record's use
//! end. A quarter of an hour later apps and accounts are looked at again, the ticket gets its evidence and closes; after a
//! day and a week it is looked whether anybody brought the person back.
//!
//! # Guarantees
//!
//! - What fails keeps nothing else from being tried: a refused suspension does not stop the end of sessions, ServiceNow
//!   out of reach does not stop Okta. A person is asked at the end.
//! - Guards hold the destructive part only, and the block where it would do harm: a protected account, the account that this
//!   program runs as, the last super administrator, a service's account.
//! - An account that cannot be suspended is never unlocked first. It is kept out by a group, if the org has one for it, and
//!   ended.
//! - Nothing is undone by itself. A wrong person is let in again by [`RevertBlock`](super::RevertBlock), on
//!   somebody's order.
//!
//! # Caveats
//!
//! - Sessions inside apps end only where Universal Logout does it ([`Offboard::with_universal_logout`]).
//! - A directory or personnel system that still has the person brings them back: the looks afterwards find that, and the
//!   master has to be told.
//! - What a group rule fills is left to the rule; the ticket names it.
//! - Accounts without the person's employee number are not found.

mod departure;
mod person;
mod recheck;
mod times;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use okta_client::groups::GroupId;
use okta_client::users::ProfilePatch;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{SysUser, TaskState};

use self::departure::{Departure, Who};
use self::person::{Leaver, Leaving};
use self::recheck::{BlockAgain, StillGone};
use self::times::{After, LastHour, Timeline};
use crate::action::okta::{
    Account, ConfirmBlocked, ConfirmDownstream, Deactivate, DenyGroup, EndSessions, Inventory, KeepOut,
    LeaveGroups, RemoveAdminRoles, ResetFactors, RevokeApiTokens, RevokeGrants, Suspend, UniversalLogout,
    UpdateProfile,
};
use crate::action::servicenow::{
    AddNote, Audience, Belongings, HandOver, LeaveUserGroups, LockUser, RemoveGivenRoles, SetTicketState,
    SetUserActive, Ticket,
};
use crate::gate::{At, When};
use crate::guard::{
    LastAdmin, LegalHold, MatchStrength, NoServiceAccount, NotOurUser, OwnsSecrets, Protected, Safeguards,
    Yourself,
};
use crate::operation::item::Item;
use crate::operation::{Operation, OperationError};
use crate::plan::{Closing, Intent, OnFailure, Plan, Precedence, Step, StepId, Subject, Work};
use crate::systems::Systems;

/// When somebody who left is looked at again, in minutes after the block.
const LOOKED_AT_AGAIN: [u32; 3] = [15, 24 * 60, 7 * 24 * 60];

/// How somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// At once, and everything: by order of those who may.
    Immediate,
    /// At the last hour.
    Scheduled,
    /// At the last hour, and with fewer groups from an earlier day on.
    Graceful,
    /// At once, and only kept out: nothing is destroyed, and it can be taken back. While somebody looks into it.
    ContainOnly,
}

impl Manner {
    fn is_at_once(self) -> bool {
        matches!(self, Self::Immediate | Self::ContainOnly)
    }
}

/// Offboards a person.
#[derive(Debug, Clone)]
pub struct Offboard {
    source: Source,
    safeguards: Safeguards,
    may_order_at_once: BTreeSet<String>,
    deny_group: Option<DenyGroup>,
    kept_in_handover: BTreeSet<GroupId>,
    attributes: ProfilePatch,
    universal_logout: bool,
    api_tokens: bool,
    servicenow_account: bool,
    zone: String,
}

#[derive(Debug, Clone)]
enum Source {
    Ticket(String),
    Account { login: String, manner: Manner, when: Option<When>, reason: String },
}

impl Offboard {
    /// Offboards the person that the requested item, or catalog task, `number` is about, in the way that it says.
    #[must_use]
    pub fn ticket(number: impl Into<String>) -> Self {
        Self::of(Source::Ticket(number.into()))
    }

    /// Offboards who signs in to Okta as `login`, at once.
    #[must_use]
    pub fn now(login: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::account(login, Manner::Immediate, None, reason)
    }

    /// Offboards who signs in to Okta as `login`, at an instant.
    #[must_use]
    pub fn at(login: impl Into<String>, when: When, reason: impl Into<String>) -> Self {
        Self::account(login, Manner::Scheduled, Some(when), reason)
    }

    /// Keeps out who signs in to Okta as `login`, at once, and destroys nothing.
    #[must_use]
    pub fn contain(login: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::account(login, Manner::ContainOnly, None, reason)
    }

    fn account(
        login: impl Into<String>,
        manner: Manner,
        when: Option<When>,
        reason: impl Into<String>,
    ) -> Self {
        Self::of(Source::Account { login: login.into(), manner, when, reason: reason.into() })
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            safeguards: Safeguards::default(),
            may_order_at_once: BTreeSet::new(),
            deny_group: None,
            kept_in_handover: BTreeSet::new(),
            attributes: ProfilePatch::new(),
            universal_logout: false,
            api_tokens: true,
            servicenow_account: true,
            zone: "UTC".to_owned(),
        }
    }

    /// What the guards go by.
    #[must_use]
    pub fn safeguards(mut self, safeguards: Safeguards) -> Self {
        self.safeguards = safeguards;
        self
    }

    /// The ServiceNow users, by `user_name`, whose tickets may order that somebody leaves at once. Nobody's may by default.
    #[must_use]
    pub fn may_order_at_once<U: Into<String>>(mut self, users: impl IntoIterator<Item = U>) -> Self {
        self.may_order_at_once.extend(users.into_iter().map(Into::into));
        self
    }

    /// The group that keeps out whom Okta does not suspend.
    #[must_use]
    pub fn deny_group(mut self, group: DenyGroup) -> Self {
        self.deny_group = Some(group);
        self
    }

    /// The groups in which somebody stays who hands over until the last hour. The others end as the handover begins.
    #[must_use]
    pub fn kept_in_handover(mut self, groups: impl IntoIterator<Item = GroupId>) -> Self {
        self.kept_in_handover.extend(groups);
        self
    }

    /// What leavers' accounts show before they end, for good: a status, say, or nothing any more of what group rules read.
    #[must_use]
    pub fn leaver_attributes(mut self, attributes: ProfilePatch) -> Self {
        self.attributes = attributes;
        self
    }

    /// Ends sessions inside apps too: for orgs that have Universal Logout.
    #[must_use]
    pub fn with_universal_logout(mut self) -> Self {
        self.universal_logout = true;
        self
    }

    /// Does not look for API tokens, which only a super administrator may see. They die with the account, and what runs on
    /// them stops unannounced.
    #[must_use]
    pub fn without_api_tokens(mut self) -> Self {
        self.api_tokens = false;
        self
    }

    /// Leaves the person's ServiceNow account to something else: Okta's own ServiceNow app, or an LDAP import.
    #[must_use]
    pub fn without_servicenow_account(mut self) -> Self {
        self.servicenow_account = false;
        self
    }

    /// The IANA time zone of tickets that name none: `Europe/Oslo`. UTC by default.
    #[must_use]
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }
}

/// A departure that is asked for.
#[derive(Debug)]
pub struct Asked {
    item: Option<Item>,
    departure: Departure,
}

#[async_trait]
impl Operation for Offboard {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        match &self.source {
            Source::Ticket(number) => {
                let item = Item::read(systems, number).await?;
                let answers = item.answers(systems).await?;
                let departure = Departure::read(item.number(), &answers, &self.zone)?;
                Ok(Asked { item: Some(item), departure })
            }
            Source::Account { login, manner, when, reason } => {
                let departure = Departure {
                    who: Who::Login(login.clone()),
                    manner: *manner,
                    reason: reason.clone(),
                    heir: None,
                    legal_hold: None,
                    when: when.clone(),
                    handover: None,
                };
                Ok(Asked { item: None, departure })
            }
        }
    }

    fn intent(&self, asked: &Asked) -> Intent {
        let departure = &asked.departure;
        let key = match (&asked.item, &departure.who) {
            (Some(item), _) => item.key(),
            (None, Who::Login(login)) => login.to_lowercase(),
            (None, Who::Employee(id)) => id.to_string(),
        };
        Intent::new(name(departure.manner), &key, departure, None)
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        if let Some(item) = &asked.item {
            item.check_open()?;
            self.check_order(systems, item, &asked.departure).await?;
        }
        let leaver = Leaver::find(systems, &asked.departure, self.servicenow_account).await?;
        let subject = Subject {
            login: leaver.login().to_owned(),
            name: leaver.name.clone(),
            person: leaver.number.clone(),
        };
        let procedure = Procedure {
            how: self,
            departure: &asked.departure,
            leaver: &leaver,
            ticket: asked.item.as_ref().map(Item::ticket),
            item: asked.item.as_ref(),
            now: systems.clock().now(),
        };
        let manner = asked.departure.manner;
        Ok(Plan {
            request: asked.item.as_ref().map(Item::request),
            steps: procedure.steps(),
            closing: procedure.closing(),
            // What somebody was given has its own end until then.
            takes_over_after: asked.departure.when.is_some().then(|| step_id("last-hour")),
            ..Plan::new(name(manner), precedence(manner), self.intent(&asked), subject)
        })
    }
}

/// Containing is not leaving: who is contained can leave besides.
fn name(manner: Manner) -> &'static str {
    if manner == Manner::ContainOnly { "contain" } else { "offboard" }
}

fn precedence(manner: Manner) -> Precedence {
    match manner {
        Manner::ContainOnly => Precedence::Contain,
        Manner::Immediate => Precedence::OffboardNow,
        Manner::Scheduled | Manner::Graceful => Precedence::Offboard,
    }
}

impl Offboard {
    /// That whoever ordered it may: at once on the word of a few, else with an approval.
    async fn check_order(
        &self,
        systems: &Systems,
        item: &Item,
        departure: &Departure,
    ) -> Result<(), OperationError> {
        if !departure.manner.is_at_once() {
            return item.check_approved();
        }
        let by = match item.record.opened_by.get() {
            Some(by) => systems.servicenow.table::<SysUser>().find(by.id()).await?,
            None => None,
        };
        let name = by.as_ref().and_then(|by| by.user_name.as_str()).unwrap_or("somebody unknown");
        let refuse = |why: &str| {
            Err(OperationError::NeedsHuman(format!("{}, opened by {name}: {why}", item.number())))
        };
        if by.as_ref().is_some_and(|by| departure.who == Who::Employee(by.sys_id.clone())) {
            return refuse("nobody orders their own offboarding at once");
        }
        if !self.may_order_at_once.contains(name) {
            return refuse("they may not order that somebody leaves at once");
        }
        Ok(())
    }
}

/// Everything that the steps are made of.
struct Procedure<'a> {
    how: &'a Offboard,
    departure: &'a Departure,
    leaver: &'a Leaver,
    ticket: Option<Ticket>,
    item: Option<&'a Item>,
    now: DateTime<Utc>,
}

/// One account, and the names of its steps: the second account's end in `-2`.
struct Part<'a> {
    leaving: &'a Leaving,
    n: usize,
}

impl Part<'_> {
    fn id(&self, name: &str) -> String {
        if self.n == 1 { name.to_owned() } else { format!("{name}-{}", self.n) }
    }

    /// The guards without which nothing at all is done to the account.
    fn guards(&self) -> Vec<String> {
        ["guard.protected", "guard.yourself", "guard.person"].map(|name| self.id(name)).into()
    }

    /// What must hold before sign-in is blocked.
    fn before_block(&self) -> Vec<String> {
        self.guards().into_iter().chain([self.id("guard.last-admin")]).collect()
    }

    /// What must hold, and be done, before anything is destroyed.
    fn before_destruction(&self) -> Vec<String> {
        let more = ["guard.admins", "guard.legal-hold", "guard.secrets", "inventory"];
        // If the main account is not the person's, those that were found by it are not either.
        let same = ["guard.match".to_owned()];
        self.before_block().into_iter().chain(more.map(|name| self.id(name))).chain(same).collect()
    }

    /// The steps of which each keeps the person out.
    fn blocks(&self) -> Vec<StepId> {
        ["suspend", "keep-out", "deactivate"].iter().map(|name| step_id(&self.id(name))).collect()
    }
}

fn step_id(name: &str) -> StepId {
    name.parse().expect("a step's name is part of the program")
}

impl Procedure<'_> {
    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        (1..).zip(&self.leaver.accounts).map(|(n, leaving)| Part { leaving, n })
    }

    fn is(&self, manner: Manner) -> bool {
        self.departure.manner == manner
    }

    fn why(&self) -> String {
        let by =
            self.item.map_or_else(|| "ordered".to_owned(), |item| format!("{} asks for it", item.number()));
        format!("{by}: {}", self.departure.reason)
    }

    /// The procedure, from the first look to the last.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        steps.extend(self.wait());
        for part in self.parts() {
            steps.extend(self.who_may_be_blocked(&part));
        }
        for part in self.parts() {
            steps.extend(self.block(&part));
        }
        steps.extend(self.lock_servicenow());
        for part in self.parts() {
            steps.extend(self.end_what_runs(&part));
        }
        steps.extend(self.take_ticket());
        if !self.is(Manner::ContainOnly) {
            for part in self.parts() {
                steps.extend(self.look(&part));
            }
            for part in self.parts() {
                steps.extend(self.destroy(&part));
            }
            steps.extend(self.end_servicenow());
        }
        for part in self.parts() {
            steps.push(self.confirm_blocked(&part));
        }
        steps.extend(self.afterwards(&steps));
        only_what_is_there(steps)
    }

    /// The last hour; and in a graceful departure the handover before it.
    fn wait(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(when) = &self.departure.when else { return steps };
        if let Some(from) = &self.departure.handover {
            let gate = At::new(from.clone()).revoking();
            steps.push(Step::gate("handover-from", "until then nothing changes for them", gate));
            for part in self.parts() {
                let (account, except) = (part.leaving.account.clone(), self.how.kept_in_handover.clone());
                let guard = Protected::by(&self.how.safeguards, account.clone());
                let guarded = part.id("guard.handover");
                steps.push(Step::guard(&guarded, "nothing automatic is done to some accounts", guard));
                let leave = LeaveGroups { account, except };
                let why = "handing over needs less than the work did";
                steps.push(Step::new(&part.id("reduce-groups"), why, leave).escalating().needs([&*guarded]));
            }
        }
        let why = "access ends at the last hour, and not before";
        steps.push(match self.item {
            Some(item) => {
                let gate = LastHour {
                    item: item.sys_id().clone(),
                    number: item.number().to_owned(),
                    planned: when.clone(),
                    zone: self.how.zone.clone(),
                };
                Step::gate("last-hour", why, gate)
            }
            None => Step::gate("last-hour", why, At::new(when.clone()).revoking()),
        });
        steps
    }

    /// The guards that hold even the block.
    fn who_may_be_blocked(&self, part: &Part<'_>) -> Vec<Step> {
        let (account, safeguards) = (&part.leaving.account, &self.how.safeguards);
        let mut guards = Vec::new();
        let protected = Protected::by(safeguards, account.clone());
        let why = "nothing automatic is done to some accounts";
        guards.push(Step::guard(&part.id("guard.protected"), why, protected));
        let yourself = Yourself { account: account.clone() };
        let why = "this program would lock itself out, and leave the rest undone";
        guards.push(Step::guard(&part.id("guard.yourself"), why, yourself));
        let person = NoServiceAccount { account: account.clone(), flag: safeguards.service_accounts.clone() };
        let why = "what a service runs on is handed over, and not ended";
        guards.push(Step::guard(&part.id("guard.person"), why, person));
        let why = "without a super administrator nobody could administer the org any more";
        guards.push(Step::guard(&part.id("guard.last-admin"), why, self.admins(account, 1)));
        guards
    }

    fn admins(&self, account: &Account, least: usize) -> LastAdmin {
        let not_counting = self.how.safeguards.protected_accounts.clone();
        LastAdmin { account: account.clone(), least, not_counting }
    }

    /// The block, and what comes after it at once: before it somebody could sign in again.
    fn block(&self, part: &Part<'_>) -> Vec<Step> {
        let account = &part.leaving.account;
        let (guards, before_block) = (part.guards(), part.before_block());
        let mut steps = Vec::new();
        // Refused for some statuses: what follows keeps the person out, and is looked at.
        let suspend = Suspend { account: account.clone() };
        steps
            .push(Step::new(&part.id("suspend"), self.why(), suspend).optional().needs(names(&before_block)));
        if let Some(group) = &self.how.deny_group {
            let keep_out = KeepOut { account: account.clone(), group: group.clone() };
            let why = "whom Okta does not suspend is kept out by a group";
            steps.push(Step::new(&part.id("keep-out"), why, keep_out).optional().needs(names(&before_block)));
        }
        let sessions = EndSessions {
            account: account.clone(),
            tokens: self.departure.manner.is_at_once(),
            forget_devices: true,
        };
        let why = "a block keeps nobody out who is in";
        steps.push(Step::new(&part.id("end-sessions"), why, sessions).escalating().needs(names(&guards)));
        steps
    }

    /// Everything in Okta is blocked without a look at ServiceNow, which may be out of reach.
    fn lock_servicenow(&self) -> Vec<Step> {
        let Some(user) = &self.leaver.user else { return Vec::new() };
        let mut steps = Vec::new();
        // At once it was looked at a moment ago.
        if let (false, Some(main)) = (self.departure.manner.is_at_once(), self.leaver.accounts.first()) {
            let (account, servicenow_user) = (main.account.clone(), user.sys_id.clone());
            let same = MatchStrength { account, servicenow_user };
            steps.push(Step::guard("guard.match", "of the wrong person nothing must be destroyed", same));
        }
        let not_us = NotOurUser { user: user.clone() };
        let why = "this program would lock itself out, and leave the rest undone";
        steps.push(Step::guard("guard.our-user", why, not_us));
        let lock = LockUser { user: user.clone(), locked_out: true };
        let why = "ends sessions there, and shuts the door that does not lead through Okta";
        let needs = self.servicenow_guards();
        steps.push(Step::new("lock-servicenow", why, lock).escalating().needs(names(&needs)));
        steps
    }

    /// The ServiceNow record is that of the main account's owner.
    fn servicenow_guards(&self) -> Vec<String> {
        let main = self.parts().next().map_or_else(Vec::new, |part| part.guards());
        main.into_iter().chain(["guard.match", "guard.our-user"].map(str::to_owned)).collect()
    }

    /// What acts in somebody's name though they cannot sign in.
    fn end_what_runs(&self, part: &Part<'_>) -> Vec<Step> {
        let (account, guards) = (&part.leaving.account, part.guards());
        let mut steps = Vec::new();
        if self.how.universal_logout {
            let logout = UniversalLogout { account: account.clone() };
            let why = "apps have sessions of their own";
            let step = Step::new(&part.id("universal-logout"), why, logout);
            steps.push(step.optional().needs(names(&guards)));
        }
        let tokens = self.departure.manner.is_at_once();
        let grants = RevokeGrants { account: account.clone(), tokens };
        let why = "consents outlive sessions";
        steps.push(Step::new(&part.id("revoke-grants"), why, grants).escalating().needs(names(&guards)));
        steps
    }

    /// Not earlier: seconds count.
    fn take_ticket(&self) -> Option<Step> {
        let to = TaskState::WorkInProgress;
        let take = SetTicketState { ticket: self.ticket.clone()?, to, close_notes: None };
        Some(Step::new("take-ticket", "so that nobody else begins on it", take).optional())
    }

    /// What there is, and whether it may be destroyed.
    fn look(&self, part: &Part<'_>) -> Vec<Step> {
        let (account, safeguards) = (&part.leaving.account, &self.how.safeguards);
        let inventory = Inventory { account: account.clone() };
        let why = "evidence of what was taken away, and what a rehire is compared with";
        let mut steps = vec![Step::new(&part.id("inventory"), why, inventory).escalating()];
        let why = "somebody else must be able to administer the org tomorrow";
        let admins = self.admins(account, safeguards.least_super_admins);
        steps.push(Step::guard(&part.id("guard.admins"), why, admins));
        let hold = LegalHold {
            account: account.clone(),
            flag: safeguards.legal_hold.clone(),
            asked: self.departure.legal_hold.clone(),
        };
        let why = "what must be kept is not destroyed";
        steps.push(Step::guard(&part.id("guard.legal-hold"), why, hold));
        if self.how.api_tokens {
            let secrets = OwnsSecrets { account: account.clone() };
            let why = "what runs on their API tokens stops with the account";
            steps.push(Step::guard(&part.id("guard.secrets"), why, secrets));
        }
        steps
    }

    /// What cannot be taken back.
    fn destroy(&self, part: &Part<'_>) -> Vec<Step> {
        let account = || part.leaving.account.clone();
        let needs = part.before_destruction();
        let mut steps = vec![Step::new(
            &part.id("remove-admin-roles"),
            "no power is left should anything let the account in again",
            RemoveAdminRoles { account: account() },
        )];
        if self.how.api_tokens {
            let revoke = RevokeApiTokens { account: account() };
            let why = "until the account ends they would still work";
            steps.push(Step::new(&part.id("revoke-api-tokens"), why, revoke));
        }
        if !self.departure.manner.is_at_once() {
            let grants = RevokeGrants { account: account(), tokens: true };
            let why = "nothing of theirs that runs is known to be needed";
            steps.push(Step::new(&part.id("revoke-tokens"), why, grants));
        }
        if !part.leaving.ended && !self.how.attributes.is_empty() {
            let update = UpdateProfile { account: account(), patch: self.how.attributes.clone() };
            let why = "a deactivated profile can no longer be changed";
            steps.push(Step::new(&part.id("leaver-attributes"), why, update));
        }
        if !part.leaving.ended {
            let why = "an old phone would come back with the account, and cannot be removed later";
            steps.push(Step::new(&part.id("reset-factors"), why, ResetFactors { account: account() }));
        }
        let why = "the end of every app";
        let deactivate = Step::new(&part.id("deactivate"), why, Deactivate { account: account() });
        // The one that keeps them out keeps out.
        let except = self.how.deny_group.iter().map(|group| group.id.clone()).collect();
        let leave = LeaveGroups { account: account(), except };
        let why = "groups outlive the account, and would come back with it";
        let leave = Step::new(&part.id("leave-groups"), why, leave);
        // At once all apps end sooner by one call; else each group tells what it took away.
        steps.extend(if self.departure.manner.is_at_once() {
            [deactivate, leave]
        } else {
            [leave, deactivate]
        });
        steps.into_iter().map(|step| step.escalating().needs(names(&needs))).collect()
    }

    /// ServiceNow: the work to the heir, and then the end. The record itself stays: tickets refer to it.
    fn end_servicenow(&self) -> Vec<Step> {
        let Some(user) = &self.leaver.user else { return Vec::new() };
        // Without an heir there is nobody to give anything to: then it only looks whether there is something.
        let heir = self.leaver.heir.clone().unwrap_or_else(|| user.clone());
        let hand_over = |(what, name): (Belongings, &str)| {
            let action = HandOver { what, from: user.clone(), to: heir.clone() };
            Step::new(name, "nothing waits for somebody who is gone", action)
        };
        let mut steps: Vec<Step> = [
            (Belongings::Tasks, "hand-over-tasks"),
            (Belongings::Approvals, "hand-over-approvals"),
            (Belongings::Reports, "hand-over-reports"),
            (Belongings::Groups, "hand-over-groups"),
        ]
        .map(hand_over)
        .into();
        let why = "they would come back with the record";
        steps.push(Step::new("leave-user-groups", why, LeaveUserGroups { user: user.clone() }));
        steps.push(Step::new("remove-roles", why, RemoveGivenRoles { user: user.clone() }));
        let end = SetUserActive { user: user.clone(), active: false };
        steps.push(Step::new("deactivate-user", "nobody finds them to give them work", end));
        let guards = self.servicenow_guards();
        steps.into_iter().map(|step| step.escalating().needs(names(&guards))).collect()
    }

    fn confirm_blocked(&self, part: &Part<'_>) -> Step {
        let confirm =
            ConfirmBlocked { account: part.leaving.account.clone(), group: self.how.deny_group.clone() };
        let why = "whichever step it was that kept the person out";
        // What does not suspend is deactivated: only then is it settled.
        Step::new(&part.id("blocked"), why, confirm).escalating().needs([&*part.id("deactivate")])
    }

    /// Once all is done: the looks afterwards, the evidence, the ticket. If something is not, a person is asked at once.
    fn afterwards(&self, before: &[Step]) -> Vec<Step> {
        let mut done: Vec<String> = before
            .iter()
            .filter(|step| step.on_failure != OnFailure::CarryOn && !matches!(step.work, Work::Guard(_)))
            .map(|step| step.id.to_string())
            .collect();
        let mut steps = Vec::new();
        for (n, minutes) in (1..).zip(LOOKED_AT_AGAIN) {
            let gate = After { steps: self.parts().flat_map(|part| part.blocks()).collect(), minutes };
            let why = "an import or a colleague may bring them back by then";
            let id = format!("recheck-{n}");
            steps.push(Step::gate(&id, why, gate).needs(names(&done)));
            done.push(id);
            for part in self.parts() {
                let [again, gone] = self.recheck(&part, n);
                steps.extend([again.needs(names(&done)), gone.needs(names(&done))]);
            }
            if n == 1 {
                let report = self.report();
                let needs: Vec<String> = steps.iter().map(|step| step.id.to_string()).collect();
                steps.extend(report.into_iter().map(|step| step.needs(names(&needs))));
            }
        }
        steps
    }

    fn recheck(&self, part: &Part<'_>, n: u32) -> [Step; 2] {
        let account = || part.leaving.account.clone();
        let again = part.id(&format!("block-again-{n}"));
        let group = self.how.deny_group.clone();
        let block = BlockAgain { account: account(), group, blocked: part.blocks() };
        let gone = StillGone {
            account: account(),
            user: self.leaver.user.clone().filter(|_| part.n == 1),
            only_locked: self.is(Manner::ContainOnly),
            blocked: part.blocks(),
            again: step_id(&again),
        };
        let why = "whoever brought them back did not mean to, or has to say so";
        [
            Step::new(&again, why, block).escalating(),
            Step::new(&part.id(&format!("still-gone-{n}")), why, gone).escalating(),
        ]
    }

    /// What is left with the ticket.
    fn report(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if !self.is(Manner::ContainOnly) {
            for part in self.parts().filter(|part| !part.leaving.ended) {
                let account = part.leaving.account.clone();
                let look = ConfirmDownstream { account, inventory: step_id(&part.id("inventory")) };
                let why = "Okta tells only in its log what became of the accounts in apps";
                steps.push(Step::new(&part.id("downstream"), why, look).optional());
            }
        }
        steps.push(Step::new("timeline", "what an auditor asks first", self.timeline()));
        let Some(ticket) = &self.ticket else { return steps };
        let name = &self.leaver.name;
        let done = if self.is(Manner::ContainOnly) { "is kept out" } else { "has left" };
        let note = |text: String, audience, with_steps| AddNote {
            ticket: ticket.clone(),
            audience,
            text,
            with_steps,
        };
        let report = note(format!("{name} {done}."), Audience::Fulfillers, true);
        steps.push(Step::new("report", "the evidence stays with the request", report));
        if !self.departure.is_death() {
            let tell = note(format!("The access of {name} has ended."), Audience::Requester, false);
            steps.push(Step::new("tell-requester", "whoever asked wants to know", tell));
        }
        let close = SetTicketState {
            ticket: ticket.clone(),
            to: TaskState::ClosedComplete,
            close_notes: Some(format!("The access of {name} has ended, and that was verified.")),
        };
        steps.push(Step::new("close-ticket", "every step was verified", close));
        steps
    }

    fn timeline(&self) -> Timeline {
        let of_all = |names: &[&str]| -> Vec<StepId> {
            let of_one =
                |part: Part<'_>| names.iter().map(move |name| step_id(&part.id(name))).collect::<Vec<_>>();
            self.parts().flat_map(of_one).collect()
        };
        let mut instants = vec![
            ("blocked".to_owned(), of_all(&["suspend", "keep-out", "deactivate"])),
            ("sessions ended".to_owned(), of_all(&["end-sessions"])),
        ];
        if !self.is(Manner::ContainOnly) {
            instants.push(("deactivated".to_owned(), of_all(&["deactivate"])));
            instants.push(("apps looked at".to_owned(), of_all(&["downstream"])));
        }
        Timeline {
            gate: self.departure.when.is_some().then(|| step_id("last-hour")),
            effective: self.departure.when.as_ref().map_or(self.now, When::instant),
            instants,
            downstream: of_all(&["downstream"]),
        }
    }

    fn closing(&self) -> Closing {
        let Some(ticket) = &self.ticket else { return Closing::default() };
        let name = &self.leaver.name;
        let note = |id: &str, why: &str, text: String| {
            let audience = Audience::Fulfillers;
            Step::new(id, why, AddNote { ticket: ticket.clone(), audience, text, with_steps: true })
                .optional()
        };
        let failed = format!(
            "Offboarding of {name} could not be finished. What was reached stays as it is; what is missing is below, for a person to go on."
        );
        let declined = format!("Offboarding of {name} was called off. Nothing that was done is taken back.");
        Closing {
            done: Vec::new(),
            declined: vec![note("report-declined", "whoever works on it should know", declined)],
            failed: vec![note("report-failure", "a person has to go on from here", failed)],
        }
    }
}

fn names(ids: &[String]) -> impl Iterator<Item = &str> {
    ids.iter().map(String::as_str)
}

/// Steps that need what this plan does not have need nothing for it.
fn only_what_is_there(mut steps: Vec<Step>) -> Vec<Step> {
    let all: BTreeSet<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    for step in &mut steps {
        step.needs.retain(|needed| all.contains(needed));
    }
    steps
}
