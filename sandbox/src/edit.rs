//! Changes behind the clients' backs: the situations that a test needs.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::clock::okta_time;
use crate::http::Answer;
use crate::okta::{Org, Status, User, consents};
use crate::onboarding::{self, OnboardingRequest, Ticket};
use crate::sandbox::Sandbox;
use crate::servicenow::push::Push;
use crate::servicenow::store::Author;
use crate::servicenow::{Record, schema};

/// An edit that makes no sense: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError(pub(crate) String);

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EditError {}

impl Sandbox {
    /// Opens one more request to onboard somebody.
    ///
    /// # Panics
    ///
    /// If a test has deleted the catalog item that the request is for.
    pub fn add_onboarding_request(&self, request: &OnboardingRequest) -> Ticket {
        let now = self.shared.clock.now();
        onboarding::order(&mut self.shared.world().servicenow, request, now)
            .expect("the catalog item for onboarding was deleted")
    }

    /// Puts a user into Okta as if it had long been there: seen by searches at once, nothing logged.
    /// Answers its id.
    ///
    /// `user` has a `profile` and, if wanted, a `status` (default `ACTIVE`) and `groups` by name or id.
    /// The profile is taken as it is, so it may lack what the API would want.
    pub fn add_okta_user(&self, user: &Value) -> Result<String, EditError> {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let org = &mut world.okta;
        let profile =
            user["profile"].as_object().cloned().ok_or_else(|| EditError("no profile".to_owned()))?;
        let status = user["status"].as_str().unwrap_or("ACTIVE");
        let status = Status::parse(status).ok_or_else(|| EditError(format!("no status {status}")))?;
        let groups = group_keys(org, &user["groups"])?;
        let user = add_user(org, profile, status, now)?;
        for group in groups {
            org.groups.seed_member(group, user.key);
        }
        Ok(user.id)
    }

    /// Puts an Okta user, named by id or login, into a status, whatever the transitions allow: locked
    /// out, say. Nothing is logged.
    pub fn set_okta_status(&self, user: &str, status: &str) -> Result<(), EditError> {
        let status = Status::parse(status).ok_or_else(|| EditError(format!("no status {status}")))?;
        let now = self.shared.clock.now();
        self.edit_okta_user(user, |user| user.enter(status, now))
    }

    /// Lets an Okta user show a status that no client has heard of. Whatever is done to the account is done as ever.
    pub fn show_okta_status(&self, user: &str, status: &str) -> Result<(), EditError> {
        self.edit_okta_user(user, |user| user.holds.odd_status = Some(status.to_owned()))
    }

    /// Makes an Okta app, named by its id, not tell any more that it ended the account of somebody who was deactivated.
    pub fn silence_okta_app(&self, app: &str) {
        self.shared.world().okta.apps.silence(app);
    }

    /// Puts events into the System Log as they are: every field but two may be missing. One without a `uuid` gets
    /// one, and one without `published` happens now. The log stores them now, in this order, so one with an
    /// earlier `published` is a late event, and one that is there already comes twice.
    pub fn add_log_events(&self, events: impl IntoIterator<Item = Value>) -> Result<(), EditError> {
        let mut world = self.shared.world();
        let now = self.shared.clock.now();
        for mut event in events {
            let fields =
                event.as_object_mut().ok_or_else(|| EditError("an event is no object".to_owned()))?;
            let log = &mut world.okta.log;
            fields.entry("uuid").or_insert_with(|| log.new_uuid().into());
            let published = fields.entry("published").or_insert_with(|| okta_time(now).into());
            let published = published.as_str().and_then(|text| text.parse().ok());
            let published = published.ok_or_else(|| EditError("published is no time".to_owned()))?;
            log.push(event, published, now);
        }
        self.shared.stirred.notify_one();
        Ok(())
    }

    /// Makes the System Log answer pages of 1 to `longest` events, whatever limit is asked for and though there
    /// are more; `None` for full pages again.
    pub fn cut_log_pages(&self, longest: Option<usize>) {
        self.shared.world().okta.log.cut_pages(longest);
    }

    /// Makes the System Log refuse all cursors (`next` links) that it has given out until now.
    pub fn forget_log_cursors(&self) {
        self.shared.world().okta.log.forget_cursors();
    }

    /// Says what an Okta user's password is, so that who knows it can change it. Of a seeded user nobody knows it.
    pub fn set_okta_password(&self, user: &str, password: &str) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        self.edit_okta_user(user, |user| user.set_password(password, now))
    }

    /// Lets an app act for an Okta user within a scope. Answers the consent's id.
    pub fn add_okta_grant(&self, user: &str, client_id: &str, scope: &str) -> Result<String, EditError> {
        let (now, id) = (self.shared.clock.now(), self.shared.world().okta.ids.okta("oag"));
        self.edit_okta_user(user, |user| {
            let grant = consents::grant(&id, &user.id, client_id, scope, now);
            user.holds.grants.push(grant);
        })?;
        Ok(id)
    }

    /// Gives an app a refresh token for an Okta user. Answers the record's id.
    pub fn add_okta_refresh_token(
        &self,
        user: &str,
        client_id: &str,
        scopes: &[&str],
    ) -> Result<String, EditError> {
        let (now, id) = (self.shared.clock.now(), self.shared.world().okta.ids.okta("oar"));
        self.edit_okta_user(user, |user| {
            let token = consents::token(&id, &user.id, client_id, scopes, now);
            user.holds.tokens.push(token);
        })?;
        Ok(id)
    }

    /// Blocks an Okta user from `ANY_DEVICES` or `UNKNOWN_DEVICES`. The status does not show it; unlocking lifts it.
    pub fn block_okta_user(&self, user: &str, devices: &str) -> Result<(), EditError> {
        let block = json!({"type": "DEVICE_BASED", "appliesTo": devices});
        self.edit_okta_user(user, |user| user.holds.blocks.push(block))
    }

    /// Says who checks an Okta user's password: `ACTIVE_DIRECTORY`, `LDAP`, `FEDERATION`, `SOCIAL`, `IMPORT` or `OKTA`.
    pub fn set_okta_provider(&self, user: &str, kind: &str) -> Result<(), EditError> {
        let here = matches!(kind, "OKTA" | "IMPORT");
        self.edit_okta_user(user, |user| {
            user.provider = (kind.to_owned(), kind.to_owned());
            user.has_password &= here;
        })
    }

    /// Lets passwords of directories be reset from Okta. By default that answers E0000076 (of an Active Directory) or
    /// E0000017 (of an LDAP directory).
    pub fn delegate_okta_resets(&self) {
        self.shared.world().okta.delegated_reset = true;
    }

    /// Takes a feature of users away from the org: `blocks`, `classification` or `risk`. Calls about it answer
    /// E0000015.
    pub fn switch_off_okta_feature(&self, feature: &str) {
        self.shared.world().okta.switched_off.insert(feature.to_owned());
    }

    /// Lets activations and deactivations of Okta users take so long from now on. Meanwhile the user shows
    /// `transitioningToStatus`, and changes answer E0000112. They take no time by default.
    pub fn set_okta_transition_time(&self, time: Duration) {
        self.shared.world().okta.transition_time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    }

    /// Lets group rules look at somebody who was changed so much later. They do so at once by default.
    pub fn set_okta_rule_time(&self, time: Duration) {
        self.shared.world().okta.rules.takes = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    }

    pub(crate) fn edit_okta_user(&self, name: &str, edit: impl FnOnce(&mut User)) -> Result<(), EditError> {
        let mut world = self.shared.world();
        let found = world.okta.users.find(name).cloned();
        let mut user = found.ok_or_else(|| EditError(format!("no user {name}")))?;
        edit(&mut user);
        world.okta.users.seed(user);
        Ok(())
    }

    /// Sets fields of a ServiceNow record the way somebody at work there would: stamps are set and
    /// business rules run. `changes` maps fields to texts.
    pub fn edit_record(&self, table: &str, sys_id: &str, changes: &Value) -> Result<(), EditError> {
        let changes = fields(changes)?;
        let mut world = self.shared.world();
        let author = world.servicenow.author(self.shared.clock.now());
        world.servicenow.update(table, sys_id, changes, &author).map_err(refused)
    }

    /// The same, done by the user of this name.
    pub fn edit_record_as(
        &self,
        user_name: &str,
        table: &str,
        sys_id: &str,
        changes: &Value,
    ) -> Result<(), EditError> {
        let changes = fields(changes)?;
        let author = Author { user_name: user_name.to_owned(), at: self.shared.clock.now() };
        self.shared.world().servicenow.update(table, sys_id, changes, &author).map_err(refused)
    }

    /// Puts records into a ServiceNow table the way somebody at work there would: with defaults, stamps and business
    /// rules. Each maps fields to texts, and may choose its `sys_id`. Answers their ids.
    pub fn add_records(
        &self,
        table: &str,
        records: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<String>, EditError> {
        let mut world = self.shared.world();
        let schema = schema::find(table).ok_or_else(|| EditError(format!("no table {table}")))?;
        let author = world.servicenow.author(self.shared.clock.now());
        let add = |record: Value| world.servicenow.insert(schema, fields(&record)?, &author).map_err(refused);
        records.into_iter().map(add).collect()
    }

    /// Takes a record out of a ServiceNow table.
    pub fn remove_record(&self, table: &str, sys_id: &str) -> Result<(), EditError> {
        let mut world = self.shared.world();
        let author = world.servicenow.author(self.shared.clock.now());
        world.servicenow.remove(table, sys_id, &author).map_err(refused)
    }

    /// Gives the ServiceNow instance a business rule that pushes a hint to `url`, on loopback, when an item's `approval`
    /// changes to `approved`. `key` is the shared key in base64; another call changes both. What is due is sent by
    /// [`deliver_pushes`](Self::deliver_pushes).
    pub fn push_to(&self, url: &str, key: &str) -> Result<(), EditError> {
        let push = Push::new(url, key).map_err(EditError)?;
        self.shared.world().servicenow.push_to(push);
        Ok(())
    }

    /// Sets the state of a catalog task, as somebody else who works on it would.
    pub fn set_task_state(&self, task_sys_id: &str, state: &str) -> Result<(), EditError> {
        self.edit_record("sc_task", task_sys_id, &json!({ "state": state }))
    }
}

/// The fields of a ServiceNow record, as texts.
fn fields(record: &Value) -> Result<Record, EditError> {
    let fields = record.as_object().ok_or_else(|| EditError("a record is an object of fields".to_owned()))?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(fields.iter().map(|(name, value)| (name.clone(), text(value))).collect())
}

pub(crate) fn refused(refusal: Answer) -> EditError {
    EditError(String::from_utf8_lossy(&refusal.body).into_owned())
}

fn group_keys(org: &Org, names: &Value) -> Result<Vec<u64>, EditError> {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    let find = |name: &str| org.groups.find(name).or_else(|| org.groups.named(name)).map(|group| group.key);
    names.map(|name| find(name).ok_or_else(|| EditError(format!("no group {name}")))).collect()
}

fn add_user(
    org: &mut Org,
    profile: Map<String, Value>,
    status: Status,
    now: DateTime<Utc>,
) -> Result<User, EditError> {
    let login = profile.get("login").and_then(Value::as_str).unwrap_or_default();
    if org.users.is_taken(login, 0) {
        return Err(EditError(format!("the login {login} is taken")));
    }
    let mut user = User::new(org.ids.okta("00u"), profile, now);
    user.has_password = !matches!(status, Status::Staged | Status::Provisioned | Status::Deprovisioned);
    user.enter(status, now);
    Ok(org.users.seed(user))
}
