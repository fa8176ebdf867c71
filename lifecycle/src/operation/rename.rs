//! Rename: somebody gets another name, mail address or login, in both systems or in neither.
//!
//! # Expected flow
//!
//! The ticket says who, and what is new. Nobody else has the login or the address, in either system, deactivated people
//! included. Okta changes in one call, then ServiceNow. If ServiceNow cannot be changed, Okta is changed back: who signs in
//! under another name than their record has does not get in.
//!
//! # Guarantees
//!
//! - Either both systems have the new name, or both the old one; where not, a person is asked, with what was reached.
//! - The account and the record stay the same ones: history is joined by the employee number.
//!
//! # Caveats
//!
//! - Apps that know people by login or mail address may make a second account for the new name. They are named on the ticket, for a
//!   person to look at.
//! - The search by mail address lags behind writes by seconds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::Days;
use okta_client::Filter;
use okta_client::apps::App;
use serde::Serialize;
use serde_json::Value;
use servicenow_client::catalog::Variables;
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, SysId};

use super::colleague::{Colleague, Who};
use super::desk::{Desk, Words};
use super::form::Form;
use super::item::Item;
use super::position;
use crate::action::okta::{AttributeChange, ChangeProfile};
use crate::action::servicenow::{FieldChange, FieldValue, UpdateUser};
use crate::gate::Until;
use crate::guard::{Protected, Safeguards};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Precedence, Step};
use crate::systems::Systems;

/// How long Okta's own ServiceNow app may take before Okta is changed back.
const SYNC_TAKES: Days = Days::new(1);

/// Gives the person that a ticket names another name.
#[derive(Debug, Clone)]
pub struct Rename {
    number: String,
    safeguards: Safeguards,
    alias: Option<String>,
}

impl Rename {
    /// Does what the requested item, or catalog task, `number` asks for.
    #[must_use]
    pub fn ticket(number: impl Into<String>) -> Self {
        Self { number: number.into(), safeguards: Safeguards::default(), alias: None }
    }

    /// What the guards go by.
    #[must_use]
    pub fn safeguards(mut self, safeguards: Safeguards) -> Self {
        self.safeguards = safeguards;
        self
    }

    /// Keeps the old login in this attribute, which the org's schema must have.
    #[must_use]
    pub fn keep_old_login_in(mut self, attribute: impl Into<String>) -> Self {
        self.alias = Some(attribute.into());
        self
    }
}

/// A ticket that asks for another name, and what it says.
#[derive(Debug)]
pub struct Asked {
    item: Item,
    wanted: Wanted,
}

/// What is to be new.
#[derive(Debug, Serialize)]
struct Wanted {
    employee: SysId,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Login and mail address.
    login: Option<String>,
}

impl Wanted {
    fn read(number: &str, answers: &Variables) -> Result<Self, OperationError> {
        let mut form = Form::new(answers);
        let employee = form.required("employee", 32);
        let employee = form.reference("employee", &employee);
        let first_name = form.optional("first_name", 50);
        let last_name = form.optional("last_name", 50);
        let login = form.email("login");
        if first_name.is_none() && last_name.is_none() && login.is_none() {
            form.problem("nothing changes: give first_name, last_name or login");
        }
        let employee = employee.unwrap_or_else(|| "missing".parse().expect("seven letters are a sys_id"));
        form.filled(number, Self { employee, first_name, last_name, login })
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let given = [
            ("employee", Some(self.employee.to_string())),
            ("first_name", self.first_name.clone()),
            ("last_name", self.last_name.clone()),
            ("login", self.login.clone()),
        ];
        given.into_iter().map(|(name, value)| (name.to_owned(), value.unwrap_or_default())).collect()
    }

    /// The attributes that change in Okta.
    fn profile(&self, who: &Colleague, alias: Option<&String>) -> BTreeMap<String, AttributeChange> {
        let is = |name: &str| who.account.profile.text(name).unwrap_or_default().to_owned();
        let part = |new: &Option<String>, name: &str| new.clone().unwrap_or_else(|| is(name));
        let whole = format!("{} {}", part(&self.first_name, "firstName"), part(&self.last_name, "lastName"));
        let given = [
            ("firstName", self.first_name.clone()),
            ("lastName", self.last_name.clone()),
            ("displayName", Some(whole)),
            ("login", self.login.clone()),
            ("email", self.login.clone()),
        ];
        let old = alias.filter(|_| self.login.is_some()).map(|alias| (alias.as_str(), Some(is("login"))));
        let change = |(name, after): (&str, Option<String>)| {
            let before = who.account.profile.get(name).cloned().unwrap_or_default();
            let after = Value::from(after?);
            (before != after).then_some((name.to_owned(), AttributeChange { before, after }))
        };
        given.into_iter().chain(old).filter_map(change).collect()
    }

    /// The fields that change in ServiceNow.
    fn servicenow(&self, who: &Colleague) -> BTreeMap<String, FieldChange> {
        let SysUser { first_name, last_name, user_name, email, .. } = &who.record;
        let given = [
            ("first_name", first_name, &self.first_name),
            ("last_name", last_name, &self.last_name),
            ("user_name", user_name, &self.login),
            ("email", email, &self.login),
        ];
        let change = |(name, before, after): (&str, &servicenow_client::Field<String>, &Option<String>)| {
            let before = FieldValue::plain(before.as_str().unwrap_or_default());
            let after = FieldValue::plain(after.clone()?);
            (before != after).then_some((name.to_owned(), FieldChange { before, after }))
        };
        given.into_iter().filter_map(change).collect()
    }
}

#[async_trait]
impl Operation for Rename {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        let item = Item::read(systems, &self.number).await?;
        let wanted = Wanted::read(item.number(), &item.answers(systems).await?)?;
        Ok(Asked { item, wanted })
    }

    fn intent(&self, asked: &Asked) -> Intent {
        Intent::new("rename", &asked.item.key(), &asked.wanted, None)
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        asked.item.check_open()?;
        asked.item.check_approved()?;
        let who = Colleague::find(systems, &Who::Record(asked.wanted.employee.clone()), "employee").await?;
        who.check_in_use()?;
        if let Some(login) = &asked.wanted.login {
            check_free(systems, &who, login).await?;
        }
        let profile = asked.wanted.profile(&who, self.alias.as_ref());
        let mastered = position::mastered(systems, &who, &profile).await?;
        if !mastered.is_empty() {
            let names: Vec<String> = mastered.into_iter().collect();
            let why = format!("HR or a directory masters {}: have it changed there", names.join(", "));
            return Err(OperationError::NeedsHuman(why));
        }
        let apps = apps_by_name(systems, &who).await?;
        let change = ChangeProfile { account: who.account(), attributes: profile };
        let update = UpdateUser { user: who.user(), fields: asked.wanted.servicenow(&who) };
        let back = change.reversed();

        let desk = Desk::of(Some(&asked.item));
        let mut steps: Vec<Step> = Vec::new();
        steps.extend(desk.take());
        steps.extend(desk.still_wanted(asked.wanted.answers()));
        let protected = Protected::by(&self.safeguards, who.account());
        steps.push(Step::guard("protected", "some accounts are nobody's to change", protected));
        let why = format!("{} asks for it", asked.item.number());
        steps.push(Step::new("rename-account", &why, change).undone_by(back).needs(["protected"]));
        steps.push(if position::synced_by_okta(systems, &who).await? {
            let why = "Okta's own ServiceNow app brings it: nobody else writes";
            let gate = Step::gate("rename-user", why, Until::new(update, 60));
            gate.until(systems.clock().now() + SYNC_TAKES)
        } else {
            let why = "who signs in under another name than the record has does not get in";
            Step::new("rename-user", why, update).needs(["rename-account"])
        });
        let mut plan = Plan::new("rename", Precedence::Transfer, self.intent(&asked), who.subject());
        plan.request = Some(asked.item.request());
        plan.steps = steps;
        plan.undo_on_failure = true;
        let name = &plan.subject.name;
        plan.closing = desk.closing(Words {
            done: format!("{name} has the new name in both systems.{apps}"),
            declined: format!("{name} keeps the old name: it did not come to ServiceNow, or was called off."),
            failed: format!("{name} could not be renamed, and keeps the old name. A person has to go on."),
        });
        Ok(plan)
    }
}

/// That nobody else has this login or mail address, or had it.
async fn check_free(systems: &Systems, who: &Colleague, login: &str) -> Result<(), OperationError> {
    let taken =
        |by: &str| OperationError::NeedsHuman(format!("the login {login} belongs to {by}: choose another"));
    if let Some(other) = systems.okta.users().find_by_login(login).await?
        && other.id != who.account.id
    {
        return Err(taken(&format!("the Okta account {}, which is {}", other.id, other.status)));
    }
    let same = systems.okta.users().list().search(Filter::eq("profile.email", login)).send();
    if let Some(other) = same.collect_all().await?.iter().find(|other| other.id != who.account.id) {
        return Err(taken(&format!("the Okta account {} as its mail address", other.id)));
    }
    let users = systems.servicenow.table::<SysUser>();
    for field in ["user_name", "email"] {
        let rows = users.list(Query::new().eq(field, login)).collect_all().await?;
        if let Some(other) = rows.rows.iter().find(|other| other.sys_id != who.record.sys_id) {
            return Err(taken(&format!("the ServiceNow user {}", other.sys_id)));
        }
        if !rows.complete {
            return Err(taken("somebody whom the API user may not see"));
        }
    }
    Ok(())
}

/// The apps that know people by login or mail address, for people.
async fn apps_by_name(systems: &Systems, who: &Colleague) -> Result<String, OperationError> {
    let apps = systems.okta.apps().list().of_user(&who.account.id).send().collect_all().await?;
    let by_name = |app: &&App| {
        let template = app.credentials.get("userNameTemplate").and_then(|all| all.get("template").cloned());
        let template = template.as_ref().and_then(Value::as_str).unwrap_or_default();
        template.contains("login") || template.contains("email")
    };
    let labels: Vec<&str> = apps.iter().filter(by_name).map(|app| app.label.as_str()).collect();
    Ok(match labels[..] {
        [] => String::new(),
        _ => format!(
            " These apps know people by login or mail address, and may make a second account: {}.",
            labels.join(", ")
        ),
    })
}
