//! What one person has in one app, and taking it away.

use chrono::{DateTime, Utc};
use client_core::{Call, InvalidId, Path, Request, Safety, open_enum};
use serde::Serialize;

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::{AppId, OrgId, UserId};
use crate::list::Listing;

entity! {
    /// What one person has in one app, and how they came to have it.
    pub struct PrincipalAccess shows(parent_resource_orn, target_principal_orn, expiration_time) {
        /// The app.
        pub parent_resource_orn: String = "parentResourceOrn",
        /// The person.
        pub target_principal_orn: String = "targetPrincipalOrn",
        /// When all of it ends.
        pub expiration_time: Option<DateTime<Utc>> = time "expirationTime",
        /// What made the person a user of the app.
        pub base: Option<AccessGrant> = opt "base",
        /// What was given beside that.
        pub additional: Vec<AccessGrant> = or_default "additional",
    }
}

entity! {
    /// Something that was given.
    pub struct AccessGrant shows(grant_type, grant_method, expiration_time) {
        /// What kind of thing: `POLICY`, `ENTITLEMENT-BUNDLE`, `ENTITLEMENT`, `CUSTOM`.
        pub grant_type: Option<String> = opt "grantType",
        /// How it came to be given.
        pub grant_method: Option<GrantMethod> = opt "grantMethod",
        /// Since when.
        pub start_time: Option<DateTime<Utc>> = time "startTime",
        /// Until when.
        pub expiration_time: Option<DateTime<Utc>> = time "expirationTime",
        /// What it holds.
        pub entitlements: Vec<PrincipalEntitlement> = or_default "entitlements",
    }
}

open_enum! {
    /// How access came to be given.
    pub enum GrantMethod {
        /// By a rule.
        Policy = "POLICY",
        /// Somebody asked for it.
        AccessRequest = "ACCESS_REQUEST",
        /// An admin gave it.
        Admin = "ADMIN",
        /// A program gave it.
        Api = "API",
        /// Nobody knows.
        None = "NONE",
    }
}

entity! {
    /// An entitlement of an app (`Role`), with those of its values that the person has.
    pub struct PrincipalEntitlement shows(id, name, values) {
        /// Okta's id.
        pub id: Option<String> = opt "id",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// What the app calls it.
        pub external_value: Option<String> = opt "externalValue",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// What the person has of it.
        pub values: Vec<EntitlementValue> = or_default "values",
    }
}

entity! {
    /// One value of an entitlement (`Approver`).
    pub struct EntitlementValue shows(id, name) {
        /// Okta's id.
        pub id: Option<String> = opt "id",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// What the app calls it.
        pub external_value: Option<String> = opt "externalValue",
        /// What [`Access::revoke`] takes it away by.
        pub orn: Option<Orn> = opt "orn",
    }
}

client_core::define_id!(
    /// The name of something in all of Okta: `orn:okta:directory:{org}:users:{user}`.
    Orn, "1 to 500 characters without spaces, orn:okta:… as Okta shows it", |text| {
        (1..=500).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }
);

impl Orn {
    /// A user. The org's id is in [`Org::metadata`](crate::org::Org::metadata).
    #[must_use]
    pub fn user(org: &OrgId, user: &UserId) -> Self {
        Self(format!("orn:okta:directory:{org}:users:{user}"))
    }

    /// An app. `name` is the app's `name`, not its label: `salesforce`.
    ///
    /// # Errors
    ///
    /// If `name` cannot be an app's name.
    pub fn app(org: &OrgId, name: &str, app: &AppId) -> Result<Self, InvalidId> {
        let named = !name.is_empty() && !name.contains(':');
        if named {
            format!("orn:okta:idp:{org}:apps:{name}:{app}").parse()
        } else {
            Err(InvalidId::new("Orn", name, "an app's name has no colon"))
        }
    }
}

/// What one person has in one app, from [`Governance::access`](super::Governance::access). Scopes:
/// `okta.governance.entitlements.read`, `okta.governance.entitlements.manage`.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    client: &'a OktaClient,
}

impl<'a> Access<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v1/principal-access?filter=…`: what the person has in the app, and since when, until
    /// when and how.
    ///
    /// # Errors
    ///
    /// `is_not_found` if the person has nothing there, or the app has no entitlement management.
    pub async fn get(&self, app: &AppId, user: &UserId) -> Result<PrincipalAccess, Error> {
        let request = Request::get(Path::new("/governance/api/v1/principal-access"))
            .filtered("filter", Some(&of(app, user)));
        self.client.send(&Call::read("okta.governance.access.get", request)).await
    }

    /// `GET /governance/api/v1/principal-entitlements?filter=…`: the entitlements that are in force.
    pub fn entitlements(&self, app: &AppId, user: &UserId) -> Listing<PrincipalEntitlement> {
        let request = Request::get(Path::new("/governance/api/v1/principal-entitlements"))
            .filtered("filter", Some(&of(app, user)));
        self.client.list_named("okta.governance.access.entitlements", "data", request)
    }

    /// `POST /governance/api/v2/revoke-principal-access`: takes away up to five entitlement values or bundles of one
    /// app, or exactly one app. Done when it is answered.
    ///
    /// # Errors
    ///
    /// E0000001 if there are more, or they are mixed.
    pub async fn revoke(&self, person: &Orn, what: &[Orn]) -> Result<(), Error> {
        let body = Revocation { principal_orn: person, actor: "API", revoke_orns: what };
        let request = Request::post(Path::new("/governance/api/v2/revoke-principal-access")).json(&body);
        self.client.send(&Call::done("okta.governance.access.revoke", Safety::Idempotent, request)).await
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Revocation<'a> {
    principal_orn: &'a Orn,
    actor: &'static str,
    revoke_orns: &'a [Orn],
}

/// As recorded: four conditions side by side, without parentheses.
fn of(app: &AppId, user: &UserId) -> Filter {
    let conditions = [
        Filter::eq("parent.externalId", app.as_str()),
        Filter::eq("parent.type", "APPLICATION"),
        Filter::eq("targetPrincipal.externalId", user.as_str()),
        Filter::eq("targetPrincipal.type", "OKTA_USER"),
    ];
    Filter::raw(conditions.map(|condition| condition.to_string()).join(" AND "))
}
