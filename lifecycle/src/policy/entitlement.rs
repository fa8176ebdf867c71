//! What a person can hold.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use okta_client::apps::AppId;
use okta_client::groups::GroupId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use servicenow_client::SysId;

use crate::action::Permissions;

/// Something that a person can hold.
///
/// Two are equal if they are one and the same thing in its system. The name that somebody expects it to have, and an
/// app's profile, make no difference: sets of what somebody holds and of what somebody should hold can be compared.
///
/// ```
/// use lifecycle::policy::Entitlement;
///
/// let role = Entitlement::ServiceNowRole { name: "itil".to_owned() };
/// assert_eq!(role.to_string(), r#"ServiceNow role "itil""#);
/// assert_eq!(role.claimed(), "servicenow_role:itil");
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entitlement {
    /// Membership in a group of Okta.
    OktaGroup {
        /// The group.
        id: GroupId,
        /// The name that the policy's author expects the group to have. The id is what counts; a group
        /// of another name means that somebody should look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A direct assignment to an app of Okta. A group that brings the app is better: reviews of groups do not see
    /// direct assignments.
    OktaApp {
        /// The app.
        id: AppId,
        /// The label that the policy's author expects the app to have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The attributes of the person's profile in the app that are set with the assignment, such as `role`. Empty:
        /// what Okta maps.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        profile: BTreeMap<String, Value>,
    },
    /// Membership in a group of ServiceNow (`sys_user_grmember`), with the roles that come with it.
    #[serde(rename = "servicenow_group")]
    ServiceNowGroup {
        /// The group.
        sys_id: SysId,
        /// The name that the policy's author expects the group to have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A role of ServiceNow, given to the person directly (`sys_user_has_role`). A group that has the role is better.
    #[serde(rename = "servicenow_role")]
    ServiceNowRole {
        /// The role's name, which is unique in an instance: `itil`.
        name: String,
    },
}

impl Entitlement {
    /// What it is called in a policy file: `okta_group`, `okta_app`, `servicenow_group` or `servicenow_role`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OktaGroup { .. } => "okta_group",
            Self::OktaApp { .. } => "okta_app",
            Self::ServiceNowGroup { .. } => "servicenow_group",
            Self::ServiceNowRole { .. } => "servicenow_role",
        }
    }

    /// The least with which it is given and taken.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        match self {
            Self::OktaGroup { .. } => Permissions::okta(&["okta.groups.manage", "okta.users.read"]),
            Self::OktaApp { .. } => Permissions::okta(&["okta.apps.manage", "okta.users.read"]),
            Self::ServiceNowGroup { .. } | Self::ServiceNowRole { .. } => {
                Permissions::servicenow(&["user_admin"])
            }
        }
    }

    /// What its system knows it by: an id, or the name of a role.
    pub fn id(&self) -> &str {
        match self {
            Self::OktaGroup { id, .. } => id.as_str(),
            Self::OktaApp { id, .. } => id.as_str(),
            Self::ServiceNowGroup { sys_id, .. } => sys_id.as_str(),
            Self::ServiceNowRole { name } => name,
        }
    }

    /// In the words of [`Claim::target`](crate::plan::Claim::target): `okta_group:00g…`.
    pub fn claimed(&self) -> String {
        format!("{}:{}", self.kind(), self.id())
    }

    /// What people know it by, if the policy says.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::OktaGroup { name, .. }
            | Self::OktaApp { name, .. }
            | Self::ServiceNowGroup { name, .. } => name.as_deref(),
            Self::ServiceNowRole { name } => Some(name),
        }
    }

    /// For people: `Okta group`.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::OktaGroup { .. } => "Okta group",
            Self::OktaApp { .. } => "Okta app",
            Self::ServiceNowGroup { .. } => "ServiceNow group",
            Self::ServiceNowRole { .. } => "ServiceNow role",
        }
    }

    fn identity(&self) -> (&'static str, &str) {
        (self.kind(), self.id())
    }
}

impl fmt::Display for Entitlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.noun();
        match self.name() {
            Some(name) if name == self.id() => write!(f, "{noun} {name:?}"),
            Some(name) => write!(f, "{noun} {name:?} ({})", self.id()),
            None => write!(f, "{noun} {}", self.id()),
        }
    }
}

impl PartialEq for Entitlement {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Entitlement {}

impl Hash for Entitlement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Ord for Entitlement {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl PartialOrd for Entitlement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
