//! Onboarding: a new hire's ticket becomes a working account.
//!
//! # Expected flow
//!
//! The ticket (a `sc_req_item` with the answers, and its `sc_task`) is open and approved. Its answers are
//! complete, the manager is active, and the policy knows the department. The person is new, or was here
//! before: a former account is taken up again rather than a second one made. The plan takes the task, makes
//! the account STAGED, joins it to the groups that the policy grants the day before, activates it on the first day
//! (Okta mails the link), gives what needs an account in use, looks whether group rules have done their part, writes
//! what was done on the task, tells whoever asked, and closes the task.
//!
//! # Guarantees
//!
//! - Nobody gets somebody else's account: a login that is taken, also by a deactivated account, is never used
//!   again; the next in the sequence is.
//! - An account with the same employee number is never passed over, and only a DEPROVISIONED one is taken up.
//!   What it still belonged to is taken away before it is activated.
//! - Before the first day, which begins where the person works, nobody can sign in. A first day that moves on the ticket
//!   moves here too; if the request is called off, the STAGED account goes. If it is put on hold, or says anything else
//!   than it did, a person is asked.
//! - What a group rule fills is left to the rule: nobody is added by hand, or taken out.
//! - What lacks at the end (an app, a rule that does not take) keeps nobody from starting: the rest is done, and a person
//!   is asked.
//! - The activation link goes from Okta to the person, and nowhere else.
//!
//! # Caveats
//!
//! - The search by employee number lags behind writes by seconds. A twin made in that time shows by its login,
//!   which is looked up without lag.
//! - The day begins at midnight UTC where no [zone](Onboard::zone) is given.
//! - While the first day is to come the ticket is looked at every six hours: one that moves to today is late by that.

mod grants;
mod hire;
mod person;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use okta_client::groups::GroupId;
use okta_client::users::{Profile, ProfilePatch, UserStatus};
use servicenow_client::tables::{ScCatItem, TaskState};

use self::grants::{Filled, Giving};
use self::hire::Hire;
use self::person::{Former, Manager};
use crate::action::Permissions;
use crate::action::okta::{
    Account, Activate, ConfirmRuled, CreateUser, LinkWith, RemoveAdminRoles, RemoveFromGroup, ResetFactors,
    SendActivation, SetFound, Unstage, UpdateProfile,
};
use crate::action::servicenow::{AddNote, Audience, ConfirmRequest, EnsureUser, SetTicketState, Ticket};
use crate::guard::Flag;
use crate::operation::item::Item;
use crate::operation::{Operation, OperationError};
use crate::plan::{Closing, Intent, Plan, Precedence, Request, Step, Subject};
use crate::policy::Rules;
use crate::systems::Systems;

pub use self::grants::Seats;
pub use self::start::{FirstDay, START_DATE};

/// Onboards the person that a ticket asks for.
#[derive(Debug, Clone)]
pub struct Onboard {
    number: String,
    rules: Arc<dyn Rules>,
    settings: Arc<Settings>,
}

/// What companies do differently.
#[derive(Debug, Clone, Default)]
struct Settings {
    no_servicenow_account: bool,
    items: BTreeSet<String>,
    zone: Option<String>,
    zones: BTreeMap<String, String>,
    manager_relation: Option<String>,
    reserved: BTreeSet<String>,
    not_taken_back: Vec<Flag>,
    seats: Option<Arc<dyn Seats>>,
}

impl Onboard {
    /// Onboards the person that the requested item, or catalog task, `number` asks for, under `rules`: a
    /// [`Policy`](crate::Policy), or what stands for it.
    #[must_use]
    pub fn ticket(number: impl Into<String>, rules: impl Rules + 'static) -> Self {
        Self { number: number.into(), rules: Arc::new(rules), settings: Arc::default() }
    }

    /// Leaves the person's ServiceNow account to something else: Okta's own ServiceNow app, or an LDAP
    /// import.
    #[must_use]
    pub fn without_servicenow_account(self) -> Self {
        self.with(|settings| settings.no_servicenow_account = true)
    }

    /// Only for requests of these items of the catalog, by name or `sys_id`. Default: of any.
    #[must_use]
    pub fn for_items<I: Into<String>>(self, items: impl IntoIterator<Item = I>) -> Self {
        self.with(|settings| settings.items.extend(items.into_iter().map(Into::into)))
    }

    /// In which time zone the first day begins where nothing else is [said](Self::zone_at), by its IANA name:
    /// `Europe/Oslo`. Default: UTC.
    #[must_use]
    pub fn zone(self, zone: impl Into<String>) -> Self {
        self.with(|settings| settings.zone = Some(zone.into()))
    }

    /// In which time zone the first day begins for people at `location`, as it stands on tickets.
    #[must_use]
    pub fn zone_at(self, location: impl Into<String>, zone: impl Into<String>) -> Self {
        self.with(|settings| drop(settings.zones.insert(location.into(), zone.into())))
    }

    /// Links the account with the manager's by this relation of the org, by its primary name: `manager`. Default: the
    /// manager stands in the profile only.
    #[must_use]
    pub fn manager_relation(self, name: impl Into<String>) -> Self {
        self.with(|settings| settings.manager_relation = Some(name.into()))
    }

    /// Gives these logins to nobody, whole or by the part before the `@`. Those of people in charge of something, as `admin`
    /// and `postmaster`, are nobody's anyway.
    #[must_use]
    pub fn reserve<L: Into<String>>(self, logins: impl IntoIterator<Item = L>) -> Self {
        self.with(|settings| {
            settings.reserved.extend(logins.into_iter().map(|login| login.into().to_lowercase()));
        })
    }

    /// Does not take up a former account that shows this flag: "do not rehire", or a legal hold. A person is asked.
    #[must_use]
    pub fn not_taken_back(self, flag: Flag) -> Self {
        self.with(|settings| settings.not_taken_back.push(flag))
    }

    /// Asks whether there is a seat left, before anything is planned.
    #[must_use]
    pub fn seats(self, seats: impl Seats + 'static) -> Self {
        self.with(|settings| settings.seats = Some(Arc::new(seats)))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

/// A ticket that asks for an onboarding, and what it says.
#[derive(Debug)]
pub struct Asked {
    item: Item,
    hire: Hire,
    answers: BTreeMap<String, String>,
}

impl Asked {
    fn request(&self) -> Request {
        self.item.request()
    }

    fn ticket(&self) -> Ticket {
        self.item.ticket()
    }
}

#[async_trait]
impl Operation for Onboard {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        // Roles: those of a former account. The log: whether a mail was sent.
        let okta = ["okta.users.manage", "okta.groups.manage", "okta.roles.read", "okta.logs.read"];
        let alone = self.settings.no_servicenow_account;
        let servicenow: &[_] = if alone { &["itil"] } else { &["itil", "user_admin"] };
        let both = [self.rules.permissions(), Permissions::okta(&okta), Permissions::servicenow(servicenow)];
        Some(both.into_iter().collect())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        let item = Item::read(systems, &self.number).await?;
        self.check_item(systems, &item).await?;
        let given = item.answers(systems).await?;
        let hire = Hire::read(item.number(), &given)?;
        Ok(Asked { item, hire, answers: hire::answers(&given) })
    }

    fn intent(&self, asked: &Asked) -> Intent {
        Intent::new("onboard", &asked.item.key(), &asked.hire, Some(self.rules.reference()))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        asked.item.check_open()?;
        asked.item.check_approved()?;
        let manager = person::manager(systems, &asked.hire).await?;
        let attributes = asked.hire.attributes(&manager, &*self.rules);
        let grants = self.rules.birthrights(&attributes).await?;
        let former = person::former_account(systems, &asked.hire, &self.settings.not_taken_back).await?;
        let filled = Filled::read(systems).await?;
        let who = former.as_ref().map(|former| &former.id);
        let seats = self.settings.seats.as_deref();
        let givings = grants::look_up(systems, &*self.rules, seats, &filled, who, grants).await?;

        let number = asked.request().number;
        let mut why = asked.hire.why(&number);
        let login = match &former {
            Some(former) => former.login.clone(),
            None => {
                let reserved = &self.settings.reserved;
                let free = person::free_login(systems, &*self.rules, reserved, &attributes, &number).await?;
                if !free.taken.is_empty() {
                    let taken = free.taken.join(", ");
                    why = format!("{why}; {taken} is or was somebody else's, and apps may know them by that");
                }
                free.login
            }
        };
        if !self.settings.no_servicenow_account {
            person::check_servicenow_user(systems, &asked.hire, &login).await?;
        }
        let profile = asked.hire.profile(&attributes, &login);
        let waits = self.waits(systems, &asked)?;
        let parts = Parts { onboard: self, asked: &asked, why, manager, givings, waits };
        let steps = match former {
            None => parts.join(profile),
            Some(former) => parts.rejoin(former, hire::patch(&profile, &*self.rules), &filled),
        };
        let subject =
            Subject { name: asked.hire.name(), login, person: Some(asked.hire.employee_number.clone()) };
        Ok(Plan {
            request: Some(asked.request()),
            steps,
            closing: closing(&asked.ticket(), &asked.hire),
            ..Plan::new("onboard", Precedence::Onboard, self.intent(&asked), subject)
        })
    }
}

impl Onboard {
    async fn check_item(&self, systems: &Systems, item: &Item) -> Result<(), OperationError> {
        let wanted = &self.settings.items;
        if wanted.is_empty() {
            return Ok(());
        }
        let ordered = item.record.cat_item.get().map(servicenow_client::Ref::id);
        if let Some(id) = ordered {
            let record = systems.servicenow.table::<ScCatItem>().find(id).await?;
            let name = record.as_ref().and_then(|record| record.name.as_str());
            if wanted.contains(id.as_str()) || name.is_some_and(|name| wanted.contains(name)) {
                return Ok(());
            }
        }
        let wanted = wanted.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
        Err(OperationError::OtherItem { number: item.number().to_owned(), wanted })
    }

    /// The gates before the first day and on it, as far as these are still to come.
    fn waits(&self, systems: &Systems, asked: &Asked) -> Result<Waits, OperationError> {
        let Settings { zone, zones, .. } = &*self.settings;
        let location = asked.hire.location.as_deref().unwrap_or_default();
        let zone = zones.get(location).or(zone.as_ref()).map_or("UTC", String::as_str);
        let first_day = |days_before| FirstDay {
            item: asked.item.sys_id().clone(),
            ticket: asked.ticket(),
            planned: asked.hire.start_date,
            zone: zone.to_owned(),
            days_before,
        };
        let gate = |days_before| {
            let gate = first_day(days_before);
            let opens = gate.opens(asked.hire.start_date).map_err(|error| {
                OperationError::NeedsHuman(format!("the time zone for {location:?} is wrong: {error}"))
            })?;
            Ok::<_, OperationError>((systems.clock().now() < opens.instant()).then_some(gate))
        };
        Ok(Waits { day_before: gate(1)?, first_day: gate(0)? })
    }
}

/// What is waited for, if it is still to come when the plan is made.
struct Waits {
    day_before: Option<FirstDay>,
    first_day: Option<FirstDay>,
}

/// What the steps are made of.
struct Parts<'a> {
    onboard: &'a Onboard,
    asked: &'a Asked,
    why: String,
    manager: Manager,
    givings: Vec<Giving>,
    waits: Waits,
}

impl Parts<'_> {
    /// The steps for somebody who was never here.
    fn join(self, profile: Profile) -> Vec<Step> {
        let login = profile.login().unwrap_or_default().to_owned();
        let create = Step::new("create-account", &self.why, CreateUser { profile });
        let account = Account::MadeBy { step: create.id.clone(), login };
        let activate = Activate { account: account.clone(), from: UserStatus::Staged, mail: true };
        let mut steps = vec![self.take(), create.undone_by(Unstage { account: account.clone() })];
        steps.extend(self.link_manager(&account));
        if let Some(day_before) = &self.waits.day_before {
            let why = "what goes wrong then can be mended before the first day";
            steps.push(Step::gate("day-before", why, day_before.clone()));
            steps.push(self.still("still-wanted-before"));
        }
        steps.extend(self.givings.iter().filter_map(|giving| giving.join(&account)));
        steps.extend(self.first_day());
        steps.extend(self.start_as_found(&account));
        steps.push(Step::new("activate", self.asked.hire.why_activate(), activate).irrevocable());
        steps.extend(self.servicenow_account(&account));
        steps.extend(self.givings.iter().filter_map(|giving| giving.follow(&account)));
        steps
    }

    /// The steps for somebody who was here before.
    ///
    /// Memberships survive deactivation and come back with activation, so what is left over goes first. Until
    /// the profile is current the rules of the old department may be at work: the link is withheld until the end.
    fn rejoin(self, former: Former, patch: ProfilePatch, filled: &Filled) -> Vec<Step> {
        let account = Account::Existing { id: former.id.clone(), login: former.login.clone() };
        let kept: BTreeSet<&GroupId> = self.givings.iter().filter_map(Giving::group).collect();
        let left_over = former.groups.iter().filter(|group| !kept.contains(&group.id));
        let (mut by_hand, mut by_rule) = (Vec::new(), Vec::new());
        for (n, group) in (1..).zip(left_over) {
            let (account, group_name) = (account.clone(), group.profile.name.clone());
            match filled.by(&group.id, Some(&former.id)) {
                None => {
                    let why = "left over from before: it would come back with the activation";
                    let action = RemoveFromGroup { account, group: group.id.clone(), group_name };
                    by_hand.push(Step::new(&format!("leave-{n}"), why, action));
                }
                Some(rule) => {
                    let why = "left over from before: by the new profile the rule has to let go";
                    let (group, rule) = (group.id.clone(), rule.to_owned());
                    let action = ConfirmRuled { account, group, group_name, rule, is_in: false };
                    by_rule.push(Step::new(&format!("let-go-{n}"), why, action));
                }
            }
        }
        let mut steps = vec![self.take()];
        steps.extend(by_hand);
        if former.is_admin {
            let why = "left over from before: power that nobody asked for";
            steps.push(Step::new("remove-admin-roles", why, RemoveAdminRoles { account: account.clone() }));
        }
        steps.extend(self.first_day());
        let activate = Activate { account: account.clone(), from: UserStatus::Deprovisioned, mail: false };
        let why_activate =
            "was here before: the former account is taken up again, so its history stays joined";
        steps.push(Step::new("activate", why_activate, activate).irrevocable());
        steps.push(Step::new("update-profile", &self.why, UpdateProfile { account: account.clone(), patch }));
        steps.extend(self.start_as_found(&account));
        steps.extend(self.link_manager(&account));
        steps.extend(by_rule);
        steps.extend(self.givings.iter().filter_map(|giving| giving.join(&account)));
        let why_factors = "a phone enrolled before must open nothing now";
        steps.push(Step::new("reset-factors", why_factors, ResetFactors { account: account.clone() }));
        let why_mail = "everything is in place: now the person may get in";
        steps.push(Step::new("send-activation", why_mail, SendActivation { account: account.clone() }));
        steps.extend(self.servicenow_account(&account));
        steps.extend(self.givings.iter().filter_map(|giving| giving.follow(&account)));
        steps
    }

    fn take(&self) -> Step {
        let ticket = self.asked.ticket();
        let action = SetTicketState { ticket, to: TaskState::WorkInProgress, close_notes: None };
        Step::new("take-ticket", "so that nobody else begins on it", action)
    }

    /// The wait for the first day, and a last look before anybody can sign in, however long the run stalled until then.
    fn first_day(&self) -> Vec<Step> {
        let gate = self.waits.first_day.clone();
        let gate = gate.map(|gate| Step::gate("first-day", "before it nobody can sign in", gate));
        gate.into_iter().chain([self.still("still-wanted")]).collect()
    }

    /// That the ticket stands as it was planned with. The first day may have moved where it is waited for.
    fn still(&self, id: &str) -> Step {
        let mut answers = self.asked.answers.clone();
        if self.waits.first_day.is_none() {
            answers.insert(START_DATE.to_owned(), self.asked.hire.start_date.to_string());
        }
        let (item, ticket) = (self.asked.item.sys_id().clone(), self.asked.ticket());
        let action = ConfirmRequest { item, ticket, answers };
        Step::new(id, "nobody called it off, put it on hold or changed it meanwhile", action)
    }

    /// The account shows the first day as it came to be.
    fn start_as_found(&self, account: &Account) -> Option<Step> {
        let shown = "startDate";
        let waited = self.waits.first_day.is_some() && self.onboard.rules.knows(shown);
        let step = "first-day".parse().expect("a step's name is part of the program");
        let (account, attribute) = (account.clone(), shown.to_owned());
        let action = SetFound { account, attribute, step, finding: START_DATE.to_owned() };
        waited.then(|| Step::new("start-date", "in case it moved while it was waited for", action))
    }

    fn link_manager(&self, account: &Account) -> Option<Step> {
        let relation = self.onboard.settings.manager_relation.clone()?;
        let Manager { okta_id, login, .. } = &self.manager;
        let (account, primary, primary_login) = (account.clone(), okta_id.clone(), login.clone());
        let action = LinkWith { account, relation, primary, primary_login };
        Some(Step::new("link-manager", &self.why, action))
    }

    fn servicenow_account(&self, account: &Account) -> Option<Step> {
        let user = self.asked.hire.servicenow_user(account.login(), &self.manager);
        let wanted = !self.onboard.settings.no_servicenow_account;
        wanted.then(|| Step::new("servicenow-account", &self.why, EnsureUser { user }))
    }
}

fn closing(ticket: &Ticket, hire: &Hire) -> Closing {
    let note = |id: &str, why: &str, audience, text: String| {
        let with_steps = audience == Audience::Fulfillers;
        Step::new(id, why, AddNote { ticket: ticket.clone(), audience, text, with_steps })
    };
    let name = hire.name();
    let ends = hire.end_date.map(|end| {
        format!(" The contract ends on {end}: have the offboarding scheduled for that day, or the end moved.")
    });
    let done = vec![
        note(
            "report",
            "the evidence stays with the request",
            Audience::Fulfillers,
            format!("Onboarding of {name} is done.{}", ends.unwrap_or_default()),
        ),
        note(
            "tell-requester",
            "whoever asked wants to know",
            Audience::Requester,
            format!("The account for {name} is ready. Okta has mailed the link to set it up."),
        ),
        Step::new(
            "close-ticket",
            "every step was verified",
            SetTicketState {
                ticket: ticket.clone(),
                to: TaskState::ClosedComplete,
                close_notes: Some(format!("Account and access for {name} were set up and verified.")),
            },
        ),
    ];
    // Optional, since a closed ticket takes no note: so the run tells what failed, and ends as called off.
    let declined = note(
        "report-called-off",
        "whoever works on it should know what is left",
        Audience::Fulfillers,
        format!(
            "Onboarding of {name} was called off before the first day. An account that was prepared for it is taken back."
        ),
    );
    let failed = note(
        "report-failure",
        "a person has to go on from here",
        Audience::Fulfillers,
        format!(
            "Onboarding of {name} could not be finished. What was reached stays as it is; the ticket stays open for a person to go on."
        ),
    );
    Closing { done, declined: vec![declined.optional()], failed: vec![failed.optional()] }
}
