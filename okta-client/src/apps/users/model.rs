//! An assignment of an app to a person.

use chrono::{DateTime, Utc};
use client_core::{ExposeSecret as _, SecretString, open_enum};
use serde::{Serialize, Serializer};

use crate::entity::entity;
use crate::id::{GroupId, UserId};
use crate::users::{Profile, ProfilePatch, User};

entity! {
    /// Somebody's assignment of an app.
    pub struct AppUser shows(id, scope, status, sync_state) {
        /// The Okta user.
        pub id: UserId = "id",
        /// The account in the app, once there is one and Okta knows it.
        pub external_id: Option<String> = opt "externalId",
        /// Where the assignment comes from.
        pub scope: Option<AssignmentScope> = opt "scope",
        /// How far it is.
        pub status: Option<AppUserStatus> = opt "status",
        /// Whether the app has what Okta has.
        pub sync_state: Option<SyncState> = opt "syncState",
        /// What the person signs in with there.
        pub credentials: Option<AppUserCredentials> = opt "credentials",
        /// The person's attributes, as the app knows them.
        pub profile: Profile = or_default "profile",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When the status last changed.
        pub status_changed: Option<DateTime<Utc>> = time "statusChanged",
        /// When the app last heard from Okta, or Okta from the app.
        pub last_sync: Option<DateTime<Utc>> = time "lastSync",
        /// When the password in the app last changed.
        pub password_changed: Option<DateTime<Utc>> = time "passwordChanged",
    }
}

impl AppUser {
    /// Whether the person holds the app, or is about to: not what an import found, and not what is being taken away.
    #[must_use]
    pub fn is_assigned(&self) -> bool {
        use AppUserStatus::{Deprovisioned, Imported, Matched, Revoked, Unassigned};
        !matches!(self.status, Some(Deprovisioned | Imported | Matched | Revoked | Unassigned))
    }

    /// Whether Okta has made the account in the app, and all of it is there. An assignment that was just made is not,
    /// and one of an app that Okta does not provision ([`SyncState::Disabled`]) never is: there, ACTIVE is all there is.
    #[must_use]
    pub fn is_provisioned(&self) -> bool {
        let made = matches!(self.status, Some(AppUserStatus::Provisioned | AppUserStatus::Active));
        made && self.sync_state == Some(SyncState::Synchronized)
    }

    /// Whether provisioning failed and waits for an admin: a task in the Admin Console.
    #[must_use]
    pub fn needs_admin(&self) -> bool {
        self.sync_state == Some(SyncState::Error)
    }

    /// The group that grants the app, if a group does and Okta says which.
    #[must_use]
    pub fn granting_group(&self) -> Option<GroupId> {
        let link = self.extra.get("_links")?.pointer("/group/href")?.as_str()?.to_owned();
        link.rsplit('/').next()?.parse().ok()
    }

    /// The person, if [asked for](super::ListAppUsers::with_people).
    #[must_use]
    pub fn user(&self) -> Option<User> {
        let user = self.extra.get("_embedded")?.get("user")?.to_string();
        serde_json::from_str(&user).ok()
    }
}

open_enum! {
    /// Where an assignment comes from.
    pub enum AssignmentScope {
        /// The person was given the app.
        User = "USER",
        /// A group of the person's was.
        Group = "GROUP",
    }
}

open_enum! {
    /// How far an assignment is.
    pub enum AppUserStatus {
        /// Provisioning is yet to come.
        Staged = "STAGED",
        /// The account in the app was made.
        Provisioned = "PROVISIONED",
        /// It can be used, or Okta does not provision the app.
        Active = "ACTIVE",
        /// It waits, in the app.
        Pending = "PENDING",
        /// It waits for somebody to provision it by hand.
        Approved = "APPROVED",
        /// An import brought it.
        Imported = "IMPORTED",
        /// An import brought it, and it was found to be this person's.
        Matched = "MATCHED",
        /// An import brought it, and nobody was looked for.
        Unassigned = "UNASSIGNED",
        /// It is in the app, and paused.
        Suspended = "SUSPENDED",
        /// It is in the app, and disabled.
        Inactive = "INACTIVE",
        /// It is being taken away.
        Revoked = "REVOKED",
        /// It was taken away.
        Deprovisioned = "DEPROVISIONED",
        /// The app is everybody's.
        Implicit = "IMPLICIT",
    }
}

open_enum! {
    /// Whether an app has what Okta has.
    pub enum SyncState {
        /// Okta does not provision the app.
        Disabled = "DISABLED",
        /// Underway.
        Syncing = "SYNCING",
        /// It has.
        Synchronized = "SYNCHRONIZED",
        /// There are changes to come.
        OutOfSync = "OUT_OF_SYNC",
        /// It failed, and waits for an admin.
        Error = "ERROR",
    }
}

entity! {
    /// What a person signs in with to an app.
    pub struct AppUserCredentials shows() {
        /// The user name there.
        pub user_name: Option<String> = opt "userName",
    }
}

/// An assignment to be made.
///
/// ```
/// use okta_client::apps::NewAppUser;
/// use okta_client::users::UserId;
///
/// let ann: UserId = "00u1ab2cd3EF4gh5i6j7".parse()?;
/// let assignment = NewAppUser::new(&ann);
/// # Ok::<(), okta_client::InvalidId>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct NewAppUser {
    pub(super) id: UserId,
    scope: &'static str,
    #[serde(skip_serializing_if = "Credentials::is_empty")]
    credentials: Credentials,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

impl NewAppUser {
    /// A direct assignment, with the user name that the app's template makes and the attributes that its mappings fill.
    pub fn new(user: &UserId) -> Self {
        Self { id: user.clone(), scope: "USER", credentials: Credentials::default(), profile: None }
    }

    /// Attributes in the app that no mapping fills. One that a mapping fills is refused.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Another user name than the app's template makes. Apps that have one user name for everybody refuse it (E0000041).
    pub fn user_name(mut self, name: impl Into<String>) -> Self {
        self.credentials.user_name = Some(name.into());
        self
    }

    /// The password in the app, if Okta keeps it.
    pub fn password(mut self, password: SecretString) -> Self {
        self.credentials.password = Some(Password { value: password });
        self
    }
}

/// A change of an assignment. Attributes not named stay as they are.
#[derive(Debug, Clone, Default, Serialize)]
#[must_use]
pub struct AppUserPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<AssignmentScope>,
    #[serde(skip_serializing_if = "Credentials::is_empty")]
    credentials: Credentials,
    #[serde(skip_serializing_if = "ProfilePatch::is_empty")]
    profile: ProfilePatch,
}

impl AppUserPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes attributes that no mapping fills.
    pub fn profile(mut self, patch: ProfilePatch) -> Self {
        self.profile = patch;
        self
    }

    /// Changes the user name.
    pub fn user_name(mut self, name: impl Into<String>) -> Self {
        self.credentials.user_name = Some(name.into());
        self
    }

    /// Changes the password.
    pub fn password(mut self, password: SecretString) -> Self {
        self.credentials.password = Some(Password { value: password });
        self
    }

    /// Makes a group's assignment direct ([`User`](AssignmentScope::User)), so that it stays when the membership ends, or
    /// a direct one the group's, which takes a group of the person's that has the app.
    pub fn scope(mut self, scope: AssignmentScope) -> Self {
        self.scope = Some(scope);
        self
    }
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Password>,
}

impl Credentials {
    fn is_empty(&self) -> bool {
        self.user_name.is_none() && self.password.is_none()
    }
}

#[derive(Debug, Clone, Serialize)]
struct Password {
    #[serde(serialize_with = "exposed")]
    value: SecretString,
}

/// Only here, on its way into the request.
fn exposed<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose_secret())
}
