//! What is known about an account before anything is done to it.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use okta_client::Filter;
use okta_client::authenticator_enrollments::AuthenticatorEnrollment;
use okta_client::factors::{Factor, FactorStatus, FactorType};
use okta_client::groups::GroupId;
use okta_client::system_log::{LogEvent, LogOutcome};
use okta_client::users::{Credentials, ProviderKind, RiskLevel, User, UserId, UserStatus};
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{Incident, SnSiIncident};
use servicenow_client::{ProblemKind, Query, Record as _, SysId};

use super::HelpDesk;
use crate::action::ActionError;
use crate::action::okta::{blocks, enrolled, is_without_feature};
use crate::action::servicenow::{Ticket, TicketTable};
use crate::report::text::printable;
use crate::run::RunId;
use crate::systems::Systems;

/// What the System Log is read for, and no more.
const EVENTS: [&str; 9] = [
    "user.session.start",
    "user.authentication.auth_via_mfa",
    "user.account.lock",
    "user.account.reset_password",
    "user.account.expire_password",
    "user.account.unlock_by_admin",
    "user.lifecycle.reactivate",
    "user.mfa.factor.reset_all",
    "user.mfa.factor.deactivate",
];

/// How far back help that was given before counts.
const WEEK: TimeDelta = TimeDelta::days(7);

const DAY: TimeDelta = TimeDelta::days(1);

/// So many addresses, or countries, within the hour before the last failure are no forgetful person.
const ATTACK_ADDRESSES: usize = 3;
const ATTACK_COUNTRIES: usize = 2;

/// What is known about an account, read from both systems.
#[derive(Debug)]
pub(super) struct Diagnosis {
    pub(super) id: UserId,
    pub(super) login: String,
    pub(super) status: UserStatus,
    pub(super) provider: Provider,
    password_changed: Option<DateTime<Utc>>,
    pub(super) blocked: bool,
    pub(super) factors: Vec<Factor>,
    enrolled: Vec<AuthenticatorEnrollment>,
    /// What the log tells, oldest first.
    events: Vec<Event>,
    pub(super) admin_roles: Vec<String>,
    /// Why nothing automatic is done to this account, if that is so.
    pub(super) protected: Option<String>,
    pub(super) high_risk: bool,
    pub(super) security_incidents: Vec<Ticket>,
    open_incidents: Vec<String>,
    open_runs: Vec<String>,
    read_at: DateTime<Utc>,
}

/// Who checks the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// Okta, also by a hash that was imported.
    Okta,
    /// An Active Directory or LDAP directory.
    Directory,
    /// Another identity provider.
    Elsewhere,
    /// Nobody has said what this word means.
    Unknown,
}

impl From<&ProviderKind> for Provider {
    fn from(kind: &ProviderKind) -> Self {
        match kind {
            ProviderKind::Okta | ProviderKind::Import => Self::Okta,
            ProviderKind::ActiveDirectory | ProviderKind::Ldap => Self::Directory,
            ProviderKind::Federation | ProviderKind::Social => Self::Elsewhere,
            _ => Self::Unknown,
        }
    }
}

/// One kind of help. Two of them within a day hand an account to whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Help {
    /// A lock lifted.
    Unlock,
    /// A password reset, made, or its link sent again.
    Password,
    /// A factor removed.
    Factors,
}

/// What the log tells of one event.
#[derive(Debug)]
struct Event {
    kind: String,
    at: DateTime<Utc>,
    failed: bool,
    reason: Option<String>,
    ip: Option<String>,
    country: Option<String>,
    new_device: Option<bool>,
    by_themselves: bool,
    /// What joins the events of one call.
    call: Option<String>,
}

impl Event {
    fn of(event: &LogEvent, user: &UserId) -> Option<Self> {
        let client = event.client();
        let place = client.as_ref().and_then(|client| client.geographical_context.as_ref());
        let debug = event.debug_data();
        let device = debug.as_ref().and_then(|debug| debug.packed("behaviors")?.get("New Device").copied());
        Some(Self {
            kind: event.event_type()?.to_owned(),
            at: event.published()?,
            failed: event.outcome() != Some(LogOutcome::Success),
            reason: event.outcome_reason().map(printable),
            ip: client.as_ref().and_then(|client| client.ip_address.clone()),
            country: place.and_then(|place| place.country.clone()),
            new_device: device.map(|device| device == "POSITIVE"),
            by_themselves: event.actor().is_some_and(|actor| actor.id() == Some(user.as_str())),
            call: event.transaction_id().map(str::to_owned),
        })
    }

    /// Help that somebody else gave.
    fn help(&self) -> Option<Help> {
        if self.by_themselves || self.failed {
            return None;
        }
        match self.kind.as_str() {
            "user.account.unlock_by_admin" => Some(Help::Unlock),
            "user.account.reset_password" | "user.account.expire_password" | "user.lifecycle.reactivate" => {
                Some(Help::Password)
            }
            "user.mfa.factor.reset_all" | "user.mfa.factor.deactivate" => Some(Help::Factors),
            _ => None,
        }
    }

    fn is_failed_sign_in(&self) -> bool {
        self.failed && matches!(self.kind.as_str(), "user.session.start" | "user.authentication.auth_via_mfa")
    }
}

impl Diagnosis {
    /// Reads everything that decides. What the run `own` did itself does not count against it.
    pub(super) async fn read(
        systems: &Systems,
        desk: &HelpDesk,
        user: &User,
        caller: &SysId,
        own: Option<&RunId>,
    ) -> Result<Self, ActionError> {
        let id = &user.id;
        let okta = &systems.okta;
        let roles = okta.roles().of_user(id).list().collect_all().await?;
        let provider = user.credentials.as_ref().and_then(Credentials::provider);
        let (security_incidents, open_incidents) = incidents(systems, caller).await?;
        Ok(Self {
            id: id.clone(),
            login: user.profile.login().unwrap_or_default().to_owned(),
            status: user.status.clone(),
            provider: provider.map_or(Provider::Unknown, |provider| Provider::from(&provider.kind)),
            password_changed: user.password_changed,
            blocked: !blocks(systems, id).await?.is_empty(),
            factors: okta.factors(id).list().collect_all().await?,
            enrolled: enrolled(systems, id).await?,
            events: events(systems, id, own).await?,
            admin_roles: roles
                .iter()
                .map(|role| role.label.clone().unwrap_or_else(|| role.role_type.to_string()))
                .collect(),
            protected: protected(systems, desk, id).await?,
            high_risk: is_high_risk(systems, id).await?,
            security_incidents,
            open_incidents,
            open_runs: open_runs(systems, user, own).await?,
            read_at: systems.clock().now(),
        })
    }

    /// The factors that can be used, of this kind.
    pub(super) fn factors_of(&self, kind: &FactorType) -> impl Iterator<Item = &Factor> {
        self.factors.iter().filter(move |factor| factor.factor_type == *kind)
    }

    /// Whether the person can still prove who they are, with something besides these factors. A question proves
    /// little, and a mailbox is mostly behind what was lost.
    pub(super) fn keeps_a_factor_besides(&self, gone: &[&Factor]) -> bool {
        let proves = |factor: &&Factor| {
            factor.status == FactorStatus::Active
                && !matches!(factor.factor_type, FactorType::Question | FactorType::Email)
        };
        let is_gone =
            |factor: &Factor| gone.iter().any(|gone| gone.id == factor.id || goes_with(factor, gone));
        self.factors.iter().filter(proves).any(|factor| !is_gone(factor))
    }

    /// The names of what the person is enrolled in, though the list of factors does not show it: the enrolment
    /// policy hides it from where we call.
    pub(super) fn hidden(&self) -> Vec<String> {
        let known = |one: &&AuthenticatorEnrollment| {
            matches!(one.kind.as_deref(), Some("password" | "tac"))
                || self.factors.iter().any(|factor| factor.id.as_str() == one.id.as_str())
        };
        let name = |one: &AuthenticatorEnrollment| {
            printable(one.name.as_deref().or(one.kind.as_deref()).unwrap_or(one.id.as_str()))
        };
        let mut names: Vec<String> = self.enrolled.iter().filter(|one| !known(one)).map(name).collect();
        names.dedup();
        names
    }

    /// From how many addresses, and which countries, somebody tried within the hour before the last failure, if that is
    /// more than one person does.
    pub(super) fn attack(&self) -> Option<String> {
        let last = self.failures(DAY).last()?.at;
        let hour: Vec<&Event> =
            self.failures(DAY).filter(|event| last - event.at <= TimeDelta::hours(1)).collect();
        let ips: BTreeSet<&str> = hour.iter().filter_map(|event| event.ip.as_deref()).collect();
        let countries: BTreeSet<&str> = hour.iter().filter_map(|event| event.country.as_deref()).collect();
        (ips.len() >= ATTACK_ADDRESSES || countries.len() >= ATTACK_COUNTRIES).then(|| {
            format!(
                "{} failed sign-ins within an hour, from {} address(es) in {}",
                hour.len(),
                ips.len(),
                listed(countries.into_iter())
            )
        })
    }

    /// Why the last sign-in failed.
    pub(super) fn last_failure(&self) -> Option<&str> {
        self.failures(DAY).last()?.reason.as_deref()
    }

    /// Whether the person was signed in, with a device that Okta knew, within the day before `at`.
    pub(super) fn signed_in_on_known_device(&self, at: DateTime<Utc>) -> bool {
        self.events.iter().any(|event| {
            event.kind == "user.session.start"
                && !event.failed
                && event.new_device == Some(false)
                && event.at <= at
                && at - event.at <= DAY
        })
    }

    /// Which kinds of help were given within a day.
    pub(super) fn helped_today(&self) -> BTreeSet<Help> {
        self.since(DAY).filter_map(Event::help).collect()
    }

    /// How often help was given within a week. What one call did counts once.
    pub(super) fn helped_this_week(&self) -> usize {
        let mut calls = BTreeSet::new();
        let given = self.since(WEEK).filter(|event| event.help().is_some());
        given.filter(|event| event.call.as_ref().is_none_or(|call| calls.insert(call.clone()))).count()
    }

    fn since(&self, span: TimeDelta) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| self.read_at - event.at <= span)
    }

    fn failures(&self, span: TimeDelta) -> impl Iterator<Item = &Event> {
        self.since(span).filter(|event| event.is_failed_sign_in())
    }
}

/// Whether removing `gone` takes `factor` along: the Okta Verify factors of one device go together.
fn goes_with(factor: &Factor, gone: &Factor) -> bool {
    let device = |kind: &FactorType| matches!(kind, FactorType::Push | FactorType::SignedNonce);
    let okta_verify = device(&factor.factor_type)
        || (factor.factor_type == FactorType::Totp && factor.provider == gone.provider);
    device(&gone.factor_type) && okta_verify
}

/// In a work note: enough to decide most tickets at one look. Addresses and countries, and nothing secret.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: Option<DateTime<Utc>>| {
            at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        };
        writeln!(f, "Diagnosis of {}", printable(&self.login))?;
        writeln!(f, "- status: {}, password with {:?}", self.status, self.provider)?;
        writeln!(f, "- password changed: {}", time(self.password_changed))?;
        writeln!(f, "- device block: {}", if self.blocked { "yes" } else { "no" })?;
        let factor = |factor: &Factor| format!("{} ({})", factor.factor_type, factor.status);
        writeln!(f, "- factors: {}", listed(self.factors.iter().map(factor)))?;
        let hidden = self.hidden();
        if !hidden.is_empty() {
            writeln!(f, "- enrolled too, hidden by policy: {}", listed(hidden.iter()))?;
        }
        writeln!(f, "- last 24 h: {}", self.day())?;
        writeln!(f, "- help in 7 days: {}", self.helped_this_week())?;
        writeln!(f, "- open runs: {}", listed(self.open_runs.iter()))?;
        let security = self.security_incidents.iter().map(|incident| &incident.number);
        writeln!(f, "- open incidents: {}", listed(self.open_incidents.iter().chain(security)))?;
        writeln!(f, "- admin roles: {}", listed(self.admin_roles.iter()))?;
        write!(f, "- risk: {}", if self.high_risk { "HIGH" } else { "not high" })
    }
}

impl Diagnosis {
    fn day(&self) -> String {
        let failures: Vec<&Event> = self.failures(DAY).collect();
        let distinct = |of: fn(&Event) -> Option<&str>| {
            listed(failures.iter().filter_map(|event| of(event)).collect::<BTreeSet<_>>().into_iter())
        };
        let mut text = format!("{} failed sign-ins", failures.len());
        if !failures.is_empty() {
            let _ = write!(
                text,
                " ({}), from {} in {}",
                distinct(|event| event.reason.as_deref()),
                distinct(|event| event.ip.as_deref()),
                distinct(|event| event.country.as_deref())
            );
        }
        if let Some(lock) = self.since(DAY).filter(|event| event.kind == "user.account.lock").last() {
            let _ = write!(text, "; locked {}", lock.at.format("%Y-%m-%d %H:%M UTC"));
        }
        text
    }
}

fn listed<T: AsRef<str>>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| printable(item.as_ref())).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

async fn events(systems: &Systems, id: &UserId, own: Option<&RunId>) -> Result<Vec<Event>, ActionError> {
    let now = systems.clock().now();
    let about = Filter::eq("target.id", id.as_str()).or(Filter::eq("actor.id", id.as_str()));
    let filter = about.and(Filter::any_of("eventType", EVENTS));
    let found =
        systems.okta.system_log().between(now - WEEK, now + TimeDelta::minutes(5)).filter(filter).send();
    let own = own.map(|run| format!("op/{run} "));
    let is_own = |event: &LogEvent| {
        own.as_ref().is_some_and(|own| event.user_agent().is_some_and(|agent| agent.contains(own)))
    };
    let found = found.collect_all().await?;
    Ok(found.iter().filter(|event| !is_own(event)).filter_map(|event| Event::of(event, id)).collect())
}

/// Whether nothing automatic is done to the account, by the desk's lists.
async fn protected(systems: &Systems, desk: &HelpDesk, id: &UserId) -> Result<Option<String>, ActionError> {
    let safeguards = &desk.safeguards;
    if safeguards.protected_accounts.contains(id) {
        return Ok(Some("it is a protected account".to_owned()));
    }
    let guarded: BTreeSet<&GroupId> = safeguards.protected_groups.iter().chain(&desk.vip_groups).collect();
    if guarded.is_empty() {
        return Ok(None);
    }
    let groups = systems.okta.users().groups(id).collect_all().await?;
    let found = groups.iter().find(|group| guarded.contains(&group.id));
    Ok(found
        .map(|group| format!("it is in {:?}, whose members are looked after by people", group.profile.name)))
}

/// In an org that rates no risks nobody's is high.
async fn is_high_risk(systems: &Systems, id: &UserId) -> Result<bool, ActionError> {
    match systems.okta.users().risk(id).await {
        Ok(risk) => Ok(!matches!(risk.level, RiskLevel::Medium | RiskLevel::Low | RiskLevel::None)),
        Err(error) if is_without_feature(&error) || error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn open_runs(systems: &Systems, user: &User, own: Option<&RunId>) -> Result<Vec<String>, ActionError> {
    let subject = super::subject(user);
    let runs = systems.runs_about(&subject).await;
    let runs = runs.map_err(|error| ActionError::permanent(error.to_string()))?.unwrap_or_default();
    let open = runs.iter().filter(|run| !run.status.is_final() && own != Some(&run.id));
    Ok(open.map(|run| format!("{} {}", run.operation, run.id)).collect())
}

/// The person's open security incidents, and the numbers of their other open incidents.
async fn incidents(systems: &Systems, caller: &SysId) -> Result<(Vec<Ticket>, Vec<String>), ActionError> {
    let mut security = Vec::new();
    let hit = Query::new().eq("affected_user", caller.clone()).eq("active", true);
    match systems.servicenow.table::<SnSiIncident>().list(hit).collect_all().await {
        Ok(found) => {
            complete(found.complete, SnSiIncident::TABLE)?;
            security.extend(found.rows.into_iter().map(|row| Ticket {
                table: TicketTable::SecurityIncident,
                number: row.number.as_str().unwrap_or_default().to_owned(),
                sys_id: row.sys_id,
            }));
        }
        // Without the plugin there are none.
        Err(error) if error.problem().is_some_and(|problem| problem.kind == ProblemKind::InvalidTable) => {}
        Err(error) => return Err(error.into()),
    }
    let mine = Query::new().eq("caller_id", caller.clone()).eq("active", true);
    let found = systems.servicenow.table::<Incident>().list(mine).collect_all().await?;
    complete(found.complete, Incident::TABLE)?;
    let mut others = Vec::new();
    for row in found.rows {
        let number = row.number.as_str().unwrap_or_default().to_owned();
        if row.category.as_str() == Some("security") {
            security.push(Ticket { table: TicketTable::Incident, sys_id: row.sys_id, number });
        } else {
            others.push(number);
        }
    }
    Ok((security, others))
}

/// Rows that we may not read may be the ones that say no.
fn complete(is: bool, table: &str) -> Result<(), ActionError> {
    if is {
        return Ok(());
    }
    let why = format!("the API user may not read every row of {table}, so nobody knows whether one says no");
    Err(ActionError::permanent(why))
}
