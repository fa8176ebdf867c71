//! A position: what changes of a person in both systems when they move.

use std::collections::{BTreeMap, BTreeSet};

use okta_client::apps::AppFeature;
use okta_client::user_schema::{AttributeMasterKind, UserSchemaId};
use serde_json::Value;
use servicenow_client::tables::{CmnCostCenter, CmnDepartment, CmnLocation, SysUser};
use servicenow_client::{DisplayMode, Query, Record};

use super::OperationError;
use super::colleague::Colleague;
use crate::action::okta::AttributeChange;
use crate::action::servicenow::{FieldChange, FieldValue};
use crate::policy::{Attributes, Decision, Policy};
use crate::systems::Systems;

/// Okta's kind of its own app for ServiceNow.
const SERVICENOW_UD: &str = "servicenow_ud";

/// What somebody is to be, and what stays as it is where nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Position {
    pub(crate) department: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) manager: Option<Colleague>,
    pub(crate) location: Option<String>,
    pub(crate) cost_center: Option<String>,
    /// Attributes that only Okta has.
    pub(crate) more: BTreeMap<String, Value>,
}

impl Position {
    /// The attributes that change in Okta.
    pub(crate) fn profile(&self, who: &Colleague) -> BTreeMap<String, AttributeChange> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let given = [
            ("department", text(&self.department)),
            ("title", text(&self.title)),
            ("manager", self.manager.as_ref().map(|manager| manager.name().into())),
            ("managerId", self.manager.as_ref().map(|manager| manager.login().into())),
            ("city", text(&self.location)),
            ("costCenter", text(&self.cost_center)),
        ];
        let given = given.into_iter().filter_map(|(name, after)| Some((name.to_owned(), after?)));
        let more = self.more.iter().map(|(name, after)| (name.clone(), after.clone()));
        let change = |(name, after): (String, Value)| {
            let before = who.account.profile.get(&name).cloned().unwrap_or_default();
            (before != after).then_some((name, AttributeChange { before, after }))
        };
        given.chain(more).filter_map(change).collect()
    }

    /// The fields that change in ServiceNow.
    pub(crate) async fn servicenow(
        &self,
        systems: &Systems,
        who: &Colleague,
    ) -> Result<BTreeMap<String, FieldChange>, OperationError> {
        let mut after = BTreeMap::new();
        if let Some(title) = &self.title {
            after.insert("title", FieldValue::plain(title));
        }
        if let Some(manager) = &self.manager {
            after.insert("manager", FieldValue::reference(&manager.record.sys_id, manager.name()));
        }
        if let Some(name) = &self.department {
            after.insert("department", named::<CmnDepartment>(systems, "department", &["name"], name).await?);
        }
        if let Some(name) = &self.location {
            after.insert("location", named::<CmnLocation>(systems, "location", &["name"], name).await?);
        }
        if let Some(name) = &self.cost_center {
            let by = ["code", "name"];
            after.insert("cost_center", named::<CmnCostCenter>(systems, "cost_center", &by, name).await?);
        }
        if after.is_empty() {
            return Ok(BTreeMap::new());
        }
        let users = systems.servicenow.records(SysUser::TABLE)?.display(DisplayMode::Both);
        let record = users.select(after.keys().copied()).get(&who.record.sys_id).await?;
        let change = |(name, after): (&str, FieldValue)| {
            let was = record.value(name);
            let value = was.as_ref().map(|was| was.value.clone()).unwrap_or_default();
            let label = was.and_then(|was| was.display).unwrap_or_else(|| value.clone());
            let before = FieldValue { value, label };
            (before.value != after.value).then_some((name.to_owned(), FieldChange { before, after }))
        };
        Ok(after.into_iter().filter_map(change).collect())
    }
}

/// The record that a name on a ticket means: exactly one.
async fn named<T: Record>(
    systems: &Systems,
    variable: &str,
    fields: &[&str],
    name: &str,
) -> Result<FieldValue, OperationError> {
    let table = systems.servicenow.table::<T>();
    for field in fields {
        if let Some(found) = table.find_one(Query::new().eq(field, name)).await? {
            return Ok(FieldValue::reference(found.sys_id(), name));
        }
    }
    let table = T::TABLE;
    Err(OperationError::NeedsHuman(format!(
        "{variable} is {name:?}, and no record of {table} is named so: correct the ticket, or add one"
    )))
}

/// What the policy says about somebody, once these attributes have changed.
pub(crate) fn decide(
    policy: &Policy,
    who: &Colleague,
    changes: &BTreeMap<String, AttributeChange>,
) -> Result<Decision, OperationError> {
    let mut attributes = Attributes::new();
    for (name, value) in who.account.profile.iter().filter(|(name, _)| policy.knows(name)) {
        attributes.insert(name, value.clone());
    }
    for (name, change) in changes.iter().filter(|(name, _)| policy.knows(name)) {
        attributes.insert(name, change.after.clone());
    }
    let decision = policy.evaluate(&attributes)?;
    for name in ["department", "userType"].into_iter().filter(|name| changes.contains_key(*name)) {
        let known: Vec<&str> = policy.literals(name).into_iter().collect();
        if !known.is_empty() && decision.rules_reading(name).is_empty() {
            let value = attributes.get_str(name).unwrap_or_default();
            let what = format!(
                "no rule covers the {name} {value:?}; it has rules for {}. Correct the ticket, or add a rule",
                known.join(", ")
            );
            return Err(OperationError::Uncovered { policy: policy.name().to_owned(), what });
        }
    }
    Ok(decision)
}

/// The attributes, of these, that something else masters: they cannot be written in Okta.
///
/// They are if a directory has the account, or the person has an app that masters profiles, unless the org's schema says of an
/// attribute that Okta does.
pub(crate) async fn mastered(
    systems: &Systems,
    who: &Colleague,
    changes: &BTreeMap<String, AttributeChange>,
) -> Result<BTreeSet<String>, OperationError> {
    use okta_client::users::ProviderKind::{ActiveDirectory, Ldap};
    if changes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let provider = who.account.credentials.as_ref().and_then(okta_client::users::Credentials::provider);
    let by_directory = provider.is_some_and(|provider| matches!(provider.kind, ActiveDirectory | Ldap));
    let apps = systems.okta.apps().list().of_user(&who.account.id).send().collect_all().await?;
    let by_app = apps.iter().any(|app| app.features.contains(&AppFeature::ProfileMastering));
    if !by_directory && !by_app {
        return Ok(BTreeSet::new());
    }
    let schema = systems.okta.user_schemas().get(&UserSchemaId::of_default_type()).await?;
    let parts = [&schema.definitions.base, &schema.definitions.custom];
    let ours = |name: &str| {
        let mut attributes = parts.into_iter().flatten().filter_map(|part| part.properties.get(name));
        attributes.any(|attribute| {
            attribute.master.as_ref().is_some_and(|master| master.kind == Some(AttributeMasterKind::Okta))
        })
    };
    Ok(changes.keys().filter(|name| !ours(name)).cloned().collect())
}

/// Whether Okta's own ServiceNow app brings the person's attributes to ServiceNow.
pub(crate) async fn synced_by_okta(systems: &Systems, who: &Colleague) -> Result<bool, OperationError> {
    let apps = systems.okta.apps().list().of_user(&who.account.id).send().collect_all().await?;
    Ok(apps.iter().any(|app| {
        app.name.as_deref() == Some(SERVICENOW_UD) && app.features.contains(&AppFeature::PushProfileUpdates)
    }))
}
