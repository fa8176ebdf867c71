//! What there is about a person besides the account: groups, apps, blocks, providers, class and risk.

use chrono::{DateTime, Utc};
use client_core::{Call, Request, Safety, open_enum};
use serde_json::json;

use super::{Users, user};
use crate::Error;
use crate::entity::entity;
use crate::groups::Group;
use crate::id::{AppId, UserId};
use crate::list::Listing;

entity! {
    /// An app that a person can open: one link of it, for an app may have several.
    pub struct AppLink shows(app_name, app_instance_id, hidden) {
        /// What the person sees.
        pub label: Option<String> = opt "label",
        /// Where it leads.
        pub link_url: Option<String> = opt "linkUrl",
        /// The kind of app, `google`.
        pub app_name: Option<String> = opt "appName",
        /// The app, `0oa…`.
        pub app_instance_id: AppId = "appInstanceId",
        /// That the person has it.
        pub app_assignment_id: Option<String> = opt "appAssignmentId",
        /// Whether the person has set up what they sign in to it with.
        pub credentials_setup: Option<bool> = opt "credentialsSetup",
        /// Whether it is left out of the person's dashboard.
        pub hidden: Option<bool> = opt "hidden",
        /// Its place there.
        pub sort_order: Option<i64> = opt "sortOrder",
    }
}

entity! {
    /// That a person is kept out from some devices, though the status does not show it.
    pub struct UserBlock shows(kind, applies_to) {
        /// What kind of block.
        pub kind: BlockKind = "type",
        /// From where.
        pub applies_to: Option<BlockedDevices> = opt "appliesTo",
    }
}

open_enum! {
    /// What kind of block it is.
    pub enum BlockKind {
        /// By the device that the person comes with.
        DeviceBased = "DEVICE_BASED",
    }
}

open_enum! {
    /// From where a person is blocked.
    pub enum BlockedDevices {
        /// From everywhere.
        Any = "ANY_DEVICES",
        /// From devices that Okta has not seen them with.
        Unfamiliar = "UNKNOWN_DEVICES",
    }
}

entity! {
    /// An identity provider that a person is linked with.
    pub struct UserIdentityProvider shows(id, kind, status) {
        /// Okta's id, `0oa…`.
        pub id: String = "id",
        /// What kind of provider: `SAML2`, `GOOGLE`.
        pub kind: Option<String> = opt "type",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// Whether it is in use: `ACTIVE`.
        pub status: Option<String> = opt "status",
    }
}

entity! {
    /// What kind of user a person is to Okta.
    pub struct Classification shows(kind) {
        /// The class.
        pub kind: UserClass = "type",
        /// Since when.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// What kind of user a person is to Okta.
    pub enum UserClass {
        /// With everything.
        Standard = "STANDARD",
        /// With less, and at less cost.
        Lite = "LITE",
    }
}

entity! {
    /// How likely it is that an account is in other hands.
    pub struct UserRisk shows(level) {
        /// How likely.
        pub level: RiskLevel = "riskLevel",
        /// Why, if there is a risk.
        pub reason: Option<String> = opt "reason",
    }
}

open_enum! {
    /// How likely it is that an account is in other hands.
    pub enum RiskLevel {
        /// Policies act on it: sessions may end.
        High = "HIGH",
        /// Somewhat.
        Medium = "MEDIUM",
        /// Hardly.
        Low = "LOW",
        /// Nothing is known. Okta answers it and does not take it.
        None = "NONE",
    }
}

/// Okta takes no longer reason.
const LONGEST_REASON: usize = 500;

impl Users<'_> {
    /// `GET /api/v1/users/{id}/groups`: every group the user is in, `Everyone` among them.
    pub fn groups(&self, id: &UserId) -> Listing<Group> {
        self.client.list("okta.users.groups", Request::get(user(id).word("groups")))
    }

    /// `GET /api/v1/users/{id}/appLinks`: what the user can open, given directly or through groups.
    pub fn app_links(&self, id: &UserId) -> Listing<AppLink> {
        self.client.list("okta.users.app_links", Request::get(user(id).word("appLinks")))
    }

    /// `GET /api/v1/users/{id}/blocks`: from where the user is kept out. [`unlock`](Self::unlock) lifts it.
    ///
    /// # Errors
    ///
    /// `is_forbidden` (E0000015) in orgs without the feature.
    pub async fn blocks(&self, id: &UserId) -> Result<Vec<UserBlock>, Error> {
        self.client.send(&Call::read("okta.users.blocks", Request::get(user(id).word("blocks")))).await
    }

    /// `GET /api/v1/users/{id}/idps`: the identity providers that the user is linked with.
    pub fn identity_providers(&self, id: &UserId) -> Listing<UserIdentityProvider> {
        self.client.list("okta.users.identity_providers", Request::get(user(id).word("idps")))
    }

    /// `GET /api/v1/users/{id}/classification`
    ///
    /// # Errors
    ///
    /// `is_forbidden` in orgs without the feature.
    pub async fn classification(&self, id: &UserId) -> Result<Classification, Error> {
        let request = Request::get(user(id).word("classification"));
        self.client.send(&Call::read("okta.users.classification", request)).await
    }

    /// `PUT /api/v1/users/{id}/classification`
    ///
    /// # Errors
    ///
    /// `is_forbidden` in orgs without the feature.
    pub async fn set_classification(&self, id: &UserId, class: &UserClass) -> Result<Classification, Error> {
        let request = Request::put(user(id).word("classification")).json(&json!({ "type": class }));
        self.client.send(&Call::write("okta.users.set_classification", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/users/{id}/risk`: needs Identity Threat Protection, and the scope `okta.userRisk.read`.
    ///
    /// # Errors
    ///
    /// `is_forbidden` in orgs without the feature.
    pub async fn risk(&self, id: &UserId) -> Result<UserRisk, Error> {
        self.client.send(&Call::read("okta.users.risk", Request::get(user(id).word("risk")))).await
    }

    /// `PUT /api/v1/users/{id}/risk`: says how likely it is that the account is in other hands; Okta's policies act on
    /// it. Needs Identity Threat Protection, and the scope `okta.userRisk.manage`.
    ///
    /// # Errors
    ///
    /// Unsent if `reason` is longer than 500 or has more in it than letters, digits, spaces and `- , .`: Okta takes
    /// no other. `is_forbidden` in orgs without the feature.
    pub async fn set_risk(
        &self,
        id: &UserId,
        level: &RiskLevel,
        reason: Option<&str>,
    ) -> Result<UserRisk, Error> {
        const CALL: &str = "okta.users.set_risk";
        if let Some(flaw) = reason.and_then(odd_reason) {
            return Err(Error::invalid(CALL, flaw));
        }
        let mut body = json!({ "riskLevel": level });
        if let Some(reason) = reason {
            body["riskReason"] = reason.into();
        }
        let request = Request::put(user(id).word("risk")).json(&body);
        self.client.send(&Call::write(CALL, Safety::Idempotent, request)).await
    }
}

fn odd_reason(reason: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "-,.".contains(c);
    let good = reason.len() <= LONGEST_REASON && reason.chars().all(fits);
    (!good).then(|| "riskReason: at most 500 letters, digits, spaces and - , .".to_owned())
}
