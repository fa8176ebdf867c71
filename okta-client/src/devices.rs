//! Devices: Identity Engine only.

pub use crate::id::DeviceId;
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::UserId;
use crate::list::Listing;
use crate::users::{Profile, UserStatus, absent_is_none};

entity! {
    /// A device that somebody has registered.
    pub struct Device shows(id, status) {
        /// Okta's id.
        pub id: DeviceId = "id",
        /// Where in its lifecycle it is.
        pub status: DeviceStatus = "status",
        /// When it was first registered.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// What it is.
        pub profile: DeviceProfile = "profile",
        /// Who uses it, if the list was asked to tell: see [`ListDevices::expand`].
        pub embedded: Option<DeviceEmbedded> = opt "_embedded",
    }
}

entity! {
    /// What a device is. Its hardware ids (`imei`, `udid`, …) are in `extra`.
    pub struct DeviceProfile shows(platform) {
        /// Its name, as its owner chose it.
        pub display_name: Option<String> = opt "displayName",
        /// Its operating system.
        pub platform: Option<DevicePlatform> = opt "platform",
        /// The system's version.
        pub os_version: Option<String> = opt "osVersion",
        /// Its serial number.
        pub serial_number: Option<String> = opt "serialNumber",
        /// Whether it is registered.
        pub registered: Option<bool> = opt "registered",
        /// Whether management software looks after it.
        pub managed: Option<bool> = opt "managed",
        /// What of its disk is encrypted.
        pub disk_encryption_type: Option<DiskEncryption> = opt "diskEncryptionType",
        /// Whether it was broken open.
        pub integrity_jailbreak: Option<bool> = opt "integrityJailbreak",
    }
}

entity! {
    /// What a list of devices tells beside them.
    pub struct DeviceEmbedded shows(users) {
        /// Who uses the device.
        pub users: Vec<DeviceUser> = or_default "users",
    }
}

entity! {
    /// Somebody who uses a device.
    pub struct DeviceUser shows(user, management_status) {
        /// Since when.
        pub created: Option<DateTime<Utc>> = time "created",
        /// Whether management software looks after the device when they use it.
        pub management_status: Option<ManagementStatus> = opt "managementStatus",
        /// How they unlock its screen.
        pub screen_lock_type: Option<ScreenLock> = opt "screenLockType",
        /// Who it is.
        pub user: UserSummary = "user",
    }
}

entity! {
    /// As much of a user as an answer about something else tells.
    pub struct UserSummary shows(id, status) {
        /// Okta's id.
        pub id: UserId = "id",
        /// Where in its lifecycle the account is; a summary does not say.
        pub status: Option<UserStatus> = opt "status",
        /// The person's attributes, or some of them.
        pub profile: Profile = or_default "profile",
    }
}

entity! {
    /// A device of a user.
    pub struct UserDevice shows(device) {
        /// Since when they use it.
        pub created: Option<DateTime<Utc>> = time "created",
        /// Okta's id of the pair.
        pub device_user_id: Option<String> = opt "deviceUserId",
        /// The device.
        pub device: Device = "device",
    }
}

open_enum! {
    /// Where in its lifecycle a device is.
    pub enum DeviceStatus {
        /// Known, not in use yet.
        Created = "CREATED",
        /// In use.
        Active = "ACTIVE",
        /// Paused: nobody gets in with it, and it can come back.
        Suspended = "SUSPENDED",
        /// Shut out: its users and factors are gone.
        Deactivated = "DEACTIVATED",
    }
}

open_enum! {
    /// A device's operating system.
    pub enum DevicePlatform {
        /// Android.
        Android = "ANDROID",
        /// iOS and iPadOS.
        Ios = "IOS",
        /// macOS.
        MacOs = "MACOS",
        /// Windows.
        Windows = "WINDOWS",
    }
}

open_enum! {
    /// What of a device's disk is encrypted.
    pub enum DiskEncryption {
        /// Nothing.
        None = "NONE",
        /// All of it.
        Full = "FULL",
        /// What users have.
        User = "USER",
        /// All volumes inside.
        AllInternalVolumes = "ALL_INTERNAL_VOLUMES",
        /// The system's volume.
        SystemVolume = "SYSTEM_VOLUME",
    }
}

open_enum! {
    /// Whether management software looks after a device.
    pub enum ManagementStatus {
        /// Yes.
        Managed = "MANAGED",
        /// No.
        NotManaged = "NOT_MANAGED",
    }
}

open_enum! {
    /// How a screen is unlocked.
    pub enum ScreenLock {
        /// It is not locked.
        None = "NONE",
        /// With a code.
        Passcode = "PASSCODE",
        /// With a finger or a face.
        Biometric = "BIOMETRIC",
    }
}

/// Devices, from [`OktaClient::devices`]. Scopes: `okta.devices.read`, `okta.devices.manage`.
#[derive(Debug, Clone, Copy)]
pub struct Devices<'a> {
    client: &'a OktaClient,
}

impl<'a> Devices<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/devices`: many devices.
    pub fn list(&self) -> ListDevices<'a> {
        ListDevices { client: self.client, search: None, expand: None, limit: 200 }
    }

    /// `GET /api/v1/devices/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &DeviceId) -> Result<Device, Error> {
        self.client.send(&Call::read("okta.devices.get", Request::get(device(id)))).await
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, id: &DeviceId) -> Result<Option<Device>, Error> {
        absent_is_none(self.get(id).await)
    }

    /// `GET /api/v1/devices/{id}/users`: who uses it.
    pub fn users(&self, id: &DeviceId) -> Listing<DeviceUser> {
        self.client.list("okta.devices.users", Request::get(device(id).word("users")))
    }

    /// `GET /api/v1/users/{id}/devices`: what a user has enrolled. Scope `okta.users.read`.
    pub fn of_user(&self, user: &UserId) -> Listing<UserDevice> {
        let path = Path::new("/api/v1/users").value(user).word("devices");
        self.client.list("okta.devices.of_user", Request::get(path))
    }

    /// `POST /api/v1/devices/{id}/lifecycle/activate`: from CREATED or DEACTIVATED.
    ///
    /// # Errors
    ///
    /// Okta refuses other statuses.
    pub async fn activate(&self, id: &DeviceId) -> Result<(), Error> {
        self.lifecycle("okta.devices.activate", device(id).word("lifecycle/activate")).await
    }

    /// `POST /api/v1/devices/{id}/lifecycle/suspend`: what to do about a lost laptop. Nothing is lost, and
    /// [`unsuspend`](Self::unsuspend) is the way back.
    ///
    /// # Errors
    ///
    /// Okta refuses a device that is not ACTIVE.
    pub async fn suspend(&self, id: &DeviceId) -> Result<(), Error> {
        self.lifecycle("okta.devices.suspend", device(id).word("lifecycle/suspend")).await
    }

    /// `POST /api/v1/devices/{id}/lifecycle/unsuspend`: ends the pause.
    ///
    /// # Errors
    ///
    /// Okta refuses a device that is not SUSPENDED.
    pub async fn unsuspend(&self, id: &DeviceId) -> Result<(), Error> {
        self.lifecycle("okta.devices.unsuspend", device(id).word("lifecycle/unsuspend")).await
    }

    /// `POST /api/v1/devices/{id}/lifecycle/deactivate`. **Destructive**: its users, their factors on it and its
    /// certificates are gone; they have to enrol anew.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn deactivate(&self, id: &DeviceId) -> Result<(), Error> {
        self.lifecycle("okta.devices.deactivate", device(id).word("lifecycle/deactivate")).await
    }

    /// `DELETE /api/v1/devices/{id}`: removes a device that is DEACTIVATED, **for good**. Unlike the deletion of
    /// a user this never deactivates: sent twice by accident it does no more than once.
    ///
    /// # Errors
    ///
    /// Okta refuses a device that is not DEACTIVATED; `is_not_found` if it is gone already.
    pub async fn delete(&self, id: &DeviceId) -> Result<(), Error> {
        let request = Request::delete(device(id));
        self.client.send(&Call::done("okta.devices.delete", Safety::Idempotent, request)).await
    }

    async fn lifecycle(&self, name: &'static str, path: Path) -> Result<(), Error> {
        self.client.send(&Call::done(name, Safety::Idempotent, Request::post(path))).await
    }
}

fn device(id: &DeviceId) -> Path {
    Path::new("/api/v1/devices").value(id)
}

/// How much a list of devices tells about their users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceExpand {
    /// Whole users.
    User,
    /// Their ids, names and logins.
    UserSummary,
}

/// A list of devices, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListDevices<'a> {
    client: &'a OktaClient,
    search: Option<Filter>,
    expand: Option<DeviceExpand>,
    limit: u16,
}

impl ListDevices<'_> {
    /// `id`, `status`, `lastUpdated` and every `profile` attribute. Lags behind writes.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// Tells who uses each device, in [`Device::embedded`].
    pub fn expand(mut self, expand: DeviceExpand) -> Self {
        self.expand = Some(expand);
        self
    }

    /// Devices a page: 1 to 200, the default. Okta recommends 20 if pages are slow to come.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of devices.
    pub fn send(self) -> Listing<Device> {
        let expand = self.expand.map(|expand| match expand {
            DeviceExpand::User => "user",
            DeviceExpand::UserSummary => "userSummary",
        });
        let request = Request::get(Path::new("/api/v1/devices"))
            .filtered("search", self.search.as_ref())
            .query_opt("expand", expand)
            .query("limit", self.limit);
        self.client.list("okta.devices.list", request)
    }
}
