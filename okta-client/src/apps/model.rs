//! The app object.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::users::AppUser;
use crate::entity::entity;
use crate::id::AppId;

entity! {
    /// An app: one instance in the org, of a kind that Okta knows or of the org's own.
    ///
    /// What every app has is typed. What differs by kind (`settings`, `credentials`, `profile`, `visibility`) is open, and
    /// what is not named here is in `extra`: all of it goes back with [`Apps::replace`](super::Apps::replace).
    pub struct App shows(id, name, label, status, sign_on_mode) {
        /// Okta's id.
        pub id: AppId = "id",
        /// The kind: `salesforce`, `bookmark`, `oidc_client`.
        pub name: Option<String> = opt "name",
        /// What people see.
        pub label: String = "label",
        /// Whether it is in use.
        pub status: AppStatus = "status",
        /// How people sign in to it. Some of Okta's own apps have none.
        pub sign_on_mode: Option<SignOnMode> = opt "signOnMode",
        /// What provisioning does for it.
        pub features: Vec<AppFeature> = or_default "features",
        /// What differs by kind.
        pub settings: OpenObject = or_default "settings",
        /// How user names are made, keys, an OAuth client. It may hold a client secret.
        pub credentials: OpenObject = or_default "credentials",
        /// What admins noted for expressions; OAuth clients only.
        pub profile: Option<OpenObject> = opt "profile",
        /// Where people see it.
        pub visibility: OpenObject = or_default "visibility",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl App {
    /// The assignment that was [asked for](super::ListApps::of_user).
    #[must_use]
    pub fn user(&self) -> Option<AppUser> {
        let user = self.extra.get("_embedded")?.get("user")?.to_string();
        serde_json::from_str(&user).ok()
    }

    /// Whether unassigning somebody also ends the account in the app.
    #[must_use]
    pub fn deactivates_users(&self) -> bool {
        self.features.contains(&AppFeature::PushUserDeactivation)
    }
}

open_enum! {
    /// Whether an app is in use.
    pub enum AppStatus {
        /// It is.
        Active = "ACTIVE",
        /// Nobody can use it. It can be deleted, and activated again.
        Inactive = "INACTIVE",
        /// It is gone.
        Deleted = "DELETED",
    }
}

open_enum! {
    /// How people sign in to an app.
    pub enum SignOnMode {
        /// By a form of the app's that Okta fills.
        AutoLogin = "AUTO_LOGIN",
        /// By HTTP basic authentication.
        BasicAuth = "BASIC_AUTH",
        /// Not at all: a link.
        Bookmark = "BOOKMARK",
        /// By a form that the browser plugin fills.
        BrowserPlugin = "BROWSER_PLUGIN",
        /// OpenID Connect, or OAuth for services.
        OpenIdConnect = "OPENID_CONNECT",
        /// SAML 1.1.
        Saml11 = "SAML_1_1",
        /// SAML 2.0.
        Saml20 = "SAML_2_0",
        /// By a password that Okta keeps.
        SecurePasswordStore = "SECURE_PASSWORD_STORE",
        /// WS-Federation.
        WsFederation = "WS_FEDERATION",
    }
}

open_enum! {
    /// What provisioning does for an app; those that matter to an account's life.
    pub enum AppFeature {
        /// An assignment makes an account in the app.
        PushNewUsers = "PUSH_NEW_USERS",
        /// A change of the person changes the account.
        PushProfileUpdates = "PUSH_PROFILE_UPDATES",
        /// Unassigning ends the account.
        PushUserDeactivation = "PUSH_USER_DEACTIVATION",
        /// Assigning again brings an ended account back.
        ReactivateUsers = "REACTIVATE_USERS",
        /// A new password goes to the app.
        PushPasswordUpdates = "PUSH_PASSWORD_UPDATES",
        /// Accounts of the app become people in Okta.
        ImportNewUsers = "IMPORT_NEW_USERS",
        /// Changes in the app come to Okta.
        ImportProfileUpdates = "IMPORT_PROFILE_UPDATES",
        /// The app says what is true of a person: Okta's profile cannot be written.
        ProfileMastering = "PROFILE_MASTERING",
        /// Groups go to the app.
        GroupPush = "GROUP_PUSH",
    }
}

/// An object whose fields depend on the kind of app. Its `Debug` shows names, not values: one may be a secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpenObject(Map<String, Value>);

impl OpenObject {
    /// A field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A field, to be changed in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.get_mut(name)
    }

    /// Sets a field.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// All fields, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl From<Map<String, Value>> for OpenObject {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl fmt::Debug for OpenObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// An app to be made. What a kind needs is in Okta's catalog of apps and in the documentation of each
/// [`signOnMode`](SignOnMode).
///
/// ```
/// use okta_client::apps::{NewApp, SignOnMode};
/// use serde_json::json;
///
/// let handbook = NewApp::new("Handbook", SignOnMode::Bookmark)
///     .name("bookmark")
///     .with("settings", json!({"app": {"requestIntegration": false, "url": "https://acme.example/handbook"}}));
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct NewApp {
    pub(super) fields: OpenObject,
    pub(super) activate: bool,
}

impl NewApp {
    /// An app that people will know as `label`, in use as soon as it is made.
    pub fn new(label: impl Into<String>, sign_on_mode: SignOnMode) -> Self {
        let new = Self { fields: OpenObject::default(), activate: true };
        new.with("label", label.into()).with("signOnMode", sign_on_mode.as_str())
    }

    /// The kind, if it is one of Okta's: `bookmark`, `salesforce`. Of the org's own kinds Okta makes the name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with("name", name.into())
    }

    /// Sets any field: `settings`, `credentials`, `visibility`, `profile`.
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.set(field, value);
        self
    }

    /// Makes it INACTIVE: nobody can use it until [`Apps::activate`](super::Apps::activate).
    pub fn inactive(mut self) -> Self {
        self.activate = false;
        self
    }
}

impl fmt::Debug for NewApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApp").field("fields", &self.fields).field("activate", &self.activate).finish()
    }
}
