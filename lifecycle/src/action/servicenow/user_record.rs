//! Changes to people's records (`sys_user`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUser;
use servicenow_client::{ProblemKind, RawRecord, Record as _, SysId};

use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Somebody's record in ServiceNow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// Its key in `sys_user`.
    pub sys_id: SysId,
    /// What the person signs in with, for people.
    pub user_name: String,
}

impl UserRecord {
    /// Whether the record has these values.
    async fn shows(
        &self,
        context: &Context<'_>,
        wanted: &BTreeMap<&str, &str>,
    ) -> Result<State, ActionError> {
        let record = self.read(context, wanted.keys().copied()).await?;
        let mut all = true;
        for (&name, &value) in wanted {
            match record.text(name) {
                None => return Ok(State::Drifted(self.hides(name))),
                Some(is) => all &= is == value,
            }
        }
        Ok(if all { State::reached() } else { State::Open })
    }

    pub(super) async fn read(
        &self,
        context: &Context<'_>,
        fields: impl Iterator<Item = &str>,
    ) -> Result<RawRecord, ActionError> {
        let users = context.systems.servicenow.records(SysUser::TABLE)?;
        Ok(users.select(fields).get(&self.sys_id).await?)
    }

    fn hides(&self, field: &str) -> String {
        format!("{} shows no `{field}`: may the API user read it?", self.user_name)
    }

    async fn write(&self, context: &Context<'_>, fields: &BTreeMap<&str, &str>) -> Result<(), ActionError> {
        let users = context.systems.servicenow.table::<SysUser>();
        written(users.update(&self.sys_id, fields).await)
    }

    /// Why nothing may be given to this person, if so.
    pub(super) async fn unfit(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let fit = BTreeMap::from([("active", "true"), ("locked_out", "false")]);
        Ok(match self.shows(context, &fit).await? {
            State::Drifted(why) => Some(why),
            State::Open => Some(format!("{} is not active, or locked out: name another", self.user_name)),
            _ => None,
        })
    }
}

/// What came of a write. A field that did not take its value will not the next time either: a rule or a right of
/// the instance forbids it, and a person has to mend that.
pub(super) fn written<T>(result: servicenow_client::Result<T>) -> Result<(), ActionError> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => match error.problem().map(|problem| &problem.kind) {
            Some(ProblemKind::NotWritten { fields }) => Err(ActionError::permanent(format!(
                "the instance does not let the API user write {}",
                fields.join(", ")
            ))),
            _ => Err(error.into()),
        },
    }
}

/// Sets fields of a person's record, and leaves the others alone.
///
/// A field that somebody has set to something else since the plan was made is not overwritten.
#[derive(Debug, Serialize, Deserialize)]
pub struct UpdateUser {
    /// The record.
    pub user: UserRecord,
    /// The fields to change, by name.
    pub fields: BTreeMap<String, FieldChange>,
}

/// A field that is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// What it is when the plan is made.
    pub before: FieldValue,
    /// What it is to be.
    pub after: FieldValue,
}

/// A field's value, `""` if it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValue {
    /// As it is stored: of a reference the record's `sys_id`.
    pub value: String,
    /// As people read it: of a reference the record's name.
    pub label: String,
}

impl FieldValue {
    /// A value that people read as it is.
    #[must_use]
    pub fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self { label: value.clone(), value }
    }

    /// A reference to a record of that name.
    #[must_use]
    pub fn reference(sys_id: &SysId, label: impl Into<String>) -> Self {
        Self { value: sys_id.to_string(), label: label.into() }
    }
}

impl UpdateUser {
    /// The change that takes this one back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let reversed =
            |change: &FieldChange| FieldChange { before: change.after.clone(), after: change.before.clone() };
        let fields = self.fields.iter().map(|(name, change)| (name.clone(), reversed(change)));
        Self { user: self.user.clone(), fields: fields.collect() }
    }
}

#[typetag::serde(name = "servicenow.update_user")]
#[async_trait]
impl Action for UpdateUser {
    fn describe(&self) -> Change {
        let change = Change::new("servicenow", Verb::Change, format!("user {}", self.user.user_name));
        self.fields.iter().fold(change, |change, (name, field)| {
            change.from_to(name, &field.before.label, &field.after.label)
        })
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let record = self.user.read(context, self.fields.keys().map(String::as_str)).await?;
        let mut all = true;
        for (name, field) in &self.fields {
            match record.text(name) {
                None => return Ok(State::Drifted(self.user.hides(name))),
                Some(is) if is == field.after.value => {}
                Some(is) if is == field.before.value => all = false,
                Some(_) => {
                    let who = &self.user.user_name;
                    return Ok(State::Drifted(format!("somebody gave {who} another {name} meanwhile")));
                }
            }
        }
        Ok(if all { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let fields = self.fields.iter().map(|(name, field)| (name.as_str(), field.after.value.as_str()));
        self.user.write(context, &fields.collect()).await
    }
}

/// Confirms that something else has brought a change to a person's record: Okta's own ServiceNow app, say. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmUser {
    /// What was to be brought.
    pub update: UpdateUser,
}

#[typetag::serde(name = "servicenow.confirm_user")]
#[async_trait]
impl Action for ConfirmUser {
    fn describe(&self) -> Change {
        Change { verb: Verb::Confirm, ..self.update.describe() }
    }

    fn permissions(&self) -> Permissions {
        self.update.permissions()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let who = &self.update.user.user_name;
        Ok(match self.update.verify(context).await? {
            State::Open => {
                State::Drifted(format!("what changed of {who} in Okta has not come to ServiceNow"))
            }
            state => state,
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// Locks a person out of ServiceNow, or lets them in again. Locking ends their sessions, and leaves the record in
/// use: their tasks stay visible.
#[derive(Debug, Serialize, Deserialize)]
pub struct LockUser {
    /// The record.
    pub user: UserRecord,
    /// Whether they are to be locked out.
    pub locked_out: bool,
}

impl LockUser {
    fn fields(&self) -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([("locked_out", flag(self.locked_out))])
    }
}

#[typetag::serde(name = "servicenow.lock_user")]
#[async_trait]
impl Action for LockUser {
    fn describe(&self) -> Change {
        let how = if self.locked_out { "locked out" } else { "let in again" };
        Change::new("servicenow", Verb::Change, format!("user {}, {how}", self.user.user_name))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        self.user.shows(context, &self.fields()).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.user.write(context, &self.fields()).await
    }
}

/// Puts a person's record out of use, and locks them out with it; or puts it in use again, as locked as it was.
///
/// The record is never deleted: tickets and approvals refer to it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SetUserActive {
    /// The record.
    pub user: UserRecord,
    /// Whether it is to be in use.
    pub active: bool,
}

impl SetUserActive {
    fn fields(&self) -> BTreeMap<&'static str, &'static str> {
        let mut fields = BTreeMap::from([("active", flag(self.active))]);
        // A rule of the base system does so too, where nobody has switched it off.
        if !self.active {
            fields.insert("locked_out", flag(true));
        }
        fields
    }
}

#[typetag::serde(name = "servicenow.set_user_active")]
#[async_trait]
impl Action for SetUserActive {
    fn describe(&self) -> Change {
        let how = if self.active { "active" } else { "inactive and locked out" };
        Change::new("servicenow", Verb::Change, format!("user {}, {how}", self.user.user_name))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        self.user.shows(context, &self.fields()).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.user.write(context, &self.fields()).await
    }
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
