//! The rule object.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::entity::entity;
use crate::id::{GroupId, GroupRuleId, UserId};

/// The only language of rules so far.
const EXPRESSION: &str = "urn:okta:expression:1.0";

entity! {
    /// A group rule. Its conditions and actions are in `extra`, whole.
    pub struct GroupRule shows(id, name, status) {
        /// Okta's id.
        pub id: GroupRuleId = "id",
        /// What people call it: unique, at most 50 characters.
        pub name: String = "name",
        /// Whether it is at work.
        pub status: GroupRuleStatus = "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl GroupRule {
    /// The groups it fills. Okta does not let them change, so there is no way to set them.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupId> {
        ids(&self.extra.get("actions").unwrap_or_default(), "/assignUserToGroups/groupIds")
    }

    /// The names of its groups, if they were [asked for](super::ListGroupRules::with_group_names).
    #[must_use]
    pub fn group_names(&self) -> BTreeMap<GroupId, String> {
        let embedded = self.extra.get("_embedded").unwrap_or_default();
        let names = embedded.get("groupIdToGroupNameMap").and_then(Value::as_object);
        let known = |(id, name): (&String, &Value)| Some((id.parse().ok()?, name.as_str()?.to_owned()));
        names.into_iter().flatten().filter_map(known).collect()
    }

    /// Whom it fits, in Okta's expression language: `user.department=="Sales"`.
    #[must_use]
    pub fn expression(&self) -> Option<String> {
        Some(self.conditions().pointer("/expression/value")?.as_str()?.to_owned())
    }

    /// Sets whom it fits. Nothing is escaped: never put into it what comes from outside.
    pub fn set_expression(&mut self, expression: impl Into<String>) {
        let mut conditions = self.conditions();
        conditions["expression"] = json!({"type": EXPRESSION, "value": expression.into()});
        self.extra.set("conditions", &conditions);
    }

    /// The people it leaves out though it would fit.
    #[must_use]
    pub fn excluded(&self) -> Vec<UserId> {
        ids(&self.conditions(), "/people/users/exclude")
    }

    /// Sets the people it leaves out.
    pub fn set_excluded(&mut self, people: impl IntoIterator<Item = UserId>) {
        let mut conditions = self.conditions();
        for part in [&["people"][..], &["people", "users"]] {
            let place = part.iter().fold(&mut conditions, |place, name| &mut place[*name]);
            if !place.is_object() {
                *place = json!({});
            }
        }
        conditions["people"]["users"]["exclude"] = people.into_iter().map(|id| json!(id)).collect();
        self.extra.set("conditions", &conditions);
    }

    /// An object, whatever came.
    fn conditions(&self) -> Value {
        self.extra.get("conditions").filter(Value::is_object).unwrap_or_else(|| json!({}))
    }
}

/// The ids in a list; what is none is left out.
fn ids<T: std::str::FromStr>(within: &Value, place: &str) -> Vec<T> {
    let list = within.pointer(place).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|id| id.as_str()?.parse().ok()).collect()
}

open_enum! {
    /// Whether a rule is at work.
    pub enum GroupRuleStatus {
        /// It puts people into its groups.
        Active = "ACTIVE",
        /// It does nothing, and can be changed.
        Inactive = "INACTIVE",
        /// It does nothing, because something it needs is gone: a group, an attribute.
        Invalid = "INVALID",
    }
}

/// A rule to be made.
///
/// ```
/// use okta_client::group_rules::NewGroupRule;
/// use okta_client::groups::GroupId;
///
/// let sales: GroupId = "00g1ab2cd3EF4gh5i6j7".parse()?;
/// let rule = NewGroupRule::new("Sales people", r#"user.department=="Sales""#, [sales]);
/// # Ok::<(), okta_client::InvalidId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct NewGroupRule {
    name: String,
    expression: String,
    groups: Vec<GroupId>,
    excluded: Vec<UserId>,
}

impl NewGroupRule {
    /// Puts everybody of whom `expression` is true into `groups`. `name` is unique, at most 50 characters; in the
    /// expression nothing is escaped, so never put into it what comes from outside.
    pub fn new(
        name: impl Into<String>,
        expression: impl Into<String>,
        groups: impl IntoIterator<Item = GroupId>,
    ) -> Self {
        let groups = groups.into_iter().collect();
        Self { name: name.into(), expression: expression.into(), groups, excluded: Vec::new() }
    }

    /// Leaves somebody out.
    pub fn excluding(mut self, user: UserId) -> Self {
        self.excluded.push(user);
        self
    }
}

impl Serialize for NewGroupRule {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut conditions = json!({"expression": {"type": EXPRESSION, "value": self.expression}});
        if !self.excluded.is_empty() {
            conditions["people"] = json!({"users": {"exclude": self.excluded}});
        }
        let actions = json!({"assignUserToGroups": {"groupIds": self.groups}});
        json!({"type": "group_rule", "name": self.name, "conditions": conditions, "actions": actions})
            .serialize(to)
    }
}
