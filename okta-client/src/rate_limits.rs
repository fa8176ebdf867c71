//! Rate limits: what the org has set, and the share that each principal has.

pub use crate::id::PrincipalRateLimitId;
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::list::Listing;

/// The org's rate-limit settings, from [`OktaClient::rate_limits`]. Scopes: `okta.rateLimits.read`,
/// `okta.rateLimits.manage`.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits<'a> {
    client: &'a OktaClient,
}

impl<'a> RateLimits<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/rate-limit-settings/admin-notifications`: whether admins get mail about limits.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn admin_notifications(&self) -> Result<AdminNotifications, Error> {
        self.get("okta.rate_limits.admin_notifications", notifications()).await
    }

    /// `PUT /api/v1/rate-limit-settings/admin-notifications`.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn set_admin_notifications(&self, to: AdminNotifications) -> Result<AdminNotifications, Error> {
        self.put("okta.rate_limits.set_admin_notifications", notifications(), &to).await
    }

    /// `GET /api/v1/rate-limit-settings/per-client`: what happens to one client of a sign-in endpoint that
    /// asks too much.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn per_client(&self) -> Result<PerClientSettings, Error> {
        self.get("okta.rate_limits.per_client", per_client()).await
    }

    /// `PUT /api/v1/rate-limit-settings/per-client`: replaces all of it.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn set_per_client(&self, to: &PerClientSettings) -> Result<PerClientSettings, Error> {
        self.put("okta.rate_limits.set_per_client", per_client(), to).await
    }

    /// `GET /api/v1/rate-limit-settings/warning-threshold`: at which percentage of a limit the org is warned.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn warning_threshold(&self) -> Result<u8, Error> {
        let found: WarningThreshold = self.get("okta.rate_limits.warning_threshold", threshold()).await?;
        Ok(found.warning_threshold)
    }

    /// `PUT /api/v1/rate-limit-settings/warning-threshold`: 30 to 90.
    ///
    /// # Errors
    ///
    /// E0000001 if it is less or more.
    pub async fn set_warning_threshold(&self, percentage: u8) -> Result<u8, Error> {
        let to = WarningThreshold { warning_threshold: percentage };
        let set = self.put("okta.rate_limits.set_warning_threshold", threshold(), &to).await?;
        Ok(set.warning_threshold)
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, name: &'static str, path: Path) -> Result<T, Error> {
        self.client.send(&Call::read(name, Request::get(path))).await
    }

    async fn put<T>(&self, name: &'static str, path: Path, to: &T) -> Result<T, Error>
    where
        T: Serialize + for<'de> Deserialize<'de>,
    {
        self.client.send(&Call::write(name, Safety::Idempotent, Request::put(path).json(to))).await
    }
}

fn notifications() -> Path {
    Path::new("/api/v1/rate-limit-settings/admin-notifications")
}

fn per_client() -> Path {
    Path::new("/api/v1/rate-limit-settings/per-client")
}

fn threshold() -> Path {
    Path::new("/api/v1/rate-limit-settings/warning-threshold")
}

/// Whether admins get mail when a limit is near or hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Notifications", into = "Notifications")]
pub enum AdminNotifications {
    /// They do.
    Enabled,
    /// They do not.
    Disabled,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notifications {
    notifications_enabled: bool,
}

impl From<Notifications> for AdminNotifications {
    fn from(wire: Notifications) -> Self {
        if wire.notifications_enabled { Self::Enabled } else { Self::Disabled }
    }
}

impl From<AdminNotifications> for Notifications {
    fn from(setting: AdminNotifications) -> Self {
        Self { notifications_enabled: setting == AdminNotifications::Enabled }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WarningThreshold {
    warning_threshold: u8,
}

entity! {
    /// What happens to one client of a sign-in endpoint that asks too much.
    pub struct PerClientSettings shows(default_mode, use_case_mode_overrides) {
        /// Everywhere where nothing else is said.
        pub default_mode: PerClientMode = "defaultMode",
        /// Where something else is said.
        pub use_case_mode_overrides: Option<PerClientOverrides> = opt "useCaseModeOverrides",
    }
}

entity! {
    /// Endpoints where something else is said.
    #[derive(Default)]
    pub struct PerClientOverrides shows(login_page, oauth2_authorize, oie_app_intent) {
        /// The sign-in page.
        pub login_page: Option<PerClientMode> = opt "LOGIN_PAGE",
        /// `/oauth2/v1/authorize`.
        pub oauth2_authorize: Option<PerClientMode> = opt "OAUTH2_AUTHORIZE",
        /// Sign-in to apps, on Identity Engine.
        pub oie_app_intent: Option<PerClientMode> = opt "OIE_APP_INTENT",
    }
}

impl PerClientSettings {
    /// The same everywhere.
    #[must_use]
    pub fn everywhere(mode: PerClientMode) -> Self {
        Self { default_mode: mode, use_case_mode_overrides: None, extra: crate::Extra::default() }
    }

    /// Something else on the sign-in page.
    #[must_use]
    pub fn login_page(mut self, mode: PerClientMode) -> Self {
        self.use_case_mode_overrides.get_or_insert_default().login_page = Some(mode);
        self
    }

    /// Something else at `/oauth2/v1/authorize`.
    #[must_use]
    pub fn oauth2_authorize(mut self, mode: PerClientMode) -> Self {
        self.use_case_mode_overrides.get_or_insert_default().oauth2_authorize = Some(mode);
        self
    }

    /// Something else when people sign in to apps, on Identity Engine.
    #[must_use]
    pub fn oie_app_intent(mut self, mode: PerClientMode) -> Self {
        self.use_case_mode_overrides.get_or_insert_default().oie_app_intent = Some(mode);
        self
    }
}

open_enum! {
    /// What happens to a client that asks too much.
    pub enum PerClientMode {
        /// It is refused.
        Enforce = "ENFORCE",
        /// It is logged.
        Preview = "PREVIEW",
        /// Nothing.
        Disable = "DISABLE",
    }
}

entity! {
    /// The share of every rate limit that one principal may use.
    pub struct PrincipalRateLimit shows(id, principal_id, principal_type, default_percentage, default_concurrency_percentage) {
        /// Okta's id of the entry.
        pub id: PrincipalRateLimitId = "id",
        /// Whose: the id of an API token, `00T…`, or of a client, `0oa…`.
        pub principal_id: String = "principalId",
        /// Which of the two.
        pub principal_type: PrincipalType = "principalType",
        /// Percent of each limit a minute.
        pub default_percentage: Option<u8> = opt "defaultPercentage",
        /// Percent of what may be in flight at once.
        pub default_concurrency_percentage: Option<u8> = opt "defaultConcurrencyPercentage",
        /// When it was made.
        pub created_date: Option<DateTime<Utc>> = time "createdDate",
        /// When it last changed.
        pub last_update: Option<DateTime<Utc>> = time "lastUpdate",
    }
}

open_enum! {
    /// What a principal is.
    pub enum PrincipalType {
        /// An API token.
        SswsToken = "SSWS_TOKEN",
        /// A service app.
        OauthClient = "OAUTH_CLIENT",
    }
}

/// A share to give to a principal. 50 percent is what one has that nobody set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct PrincipalShare {
    principal_id: String,
    principal_type: PrincipalType,
    default_percentage: u8,
    default_concurrency_percentage: u8,
}

impl PrincipalShare {
    /// A share of an API token, `00T…`.
    pub fn of_token(id: impl Into<String>, percentage: u8) -> Self {
        Self::of(PrincipalType::SswsToken, id.into(), percentage)
    }

    /// A share of a service app, `0oa…`.
    pub fn of_client(id: impl Into<String>, percentage: u8) -> Self {
        Self::of(PrincipalType::OauthClient, id.into(), percentage)
    }

    /// Another share of what may be in flight at once.
    pub fn concurrency(mut self, percentage: u8) -> Self {
        self.default_concurrency_percentage = percentage;
        self
    }

    fn of(principal_type: PrincipalType, principal_id: String, percentage: u8) -> Self {
        Self {
            principal_id,
            principal_type,
            default_percentage: percentage,
            default_concurrency_percentage: percentage,
        }
    }
}

/// Shares of principals, from [`OktaClient::principal_rate_limits`]. Scopes: `okta.principalRateLimits.read`,
/// `okta.principalRateLimits.manage`.
#[derive(Debug, Clone, Copy)]
pub struct PrincipalRateLimits<'a> {
    client: &'a OktaClient,
}

impl<'a> PrincipalRateLimits<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/principal-rate-limits?filter=principalType eq …`: the shares of all tokens, or of all apps. Okta
    /// lists no others together.
    pub fn list(&self, of: &PrincipalType) -> Listing<PrincipalRateLimit> {
        let request = Request::get(shares())
            .filtered("filter", Some(&Filter::eq("principalType", of.as_str())))
            .query("limit", 50);
        self.client.list("okta.principal_rate_limits.list", request)
    }

    /// `GET /api/v1/principal-rate-limits/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &PrincipalRateLimitId) -> Result<PrincipalRateLimit, Error> {
        let request = Request::get(shares().value(id));
        self.client.send(&Call::read("okta.principal_rate_limits.get", request)).await
    }

    /// `POST /api/v1/principal-rate-limits`: sets the share of a principal that has none of its own yet.
    ///
    /// # Errors
    ///
    /// E0000001 if it has one: [`replace`](Self::replace) that.
    pub async fn create(&self, share: &PrincipalShare) -> Result<PrincipalRateLimit, Error> {
        let call = Call::write(
            "okta.principal_rate_limits.create",
            // A second one is refused.
            Safety::Unsafe,
            Request::post(shares()).json(share),
        );
        self.client.send(&call).await
    }

    /// `PUT /api/v1/principal-rate-limits/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn replace(
        &self,
        id: &PrincipalRateLimitId,
        share: &PrincipalShare,
    ) -> Result<PrincipalRateLimit, Error> {
        let request = Request::put(shares().value(id)).json(share);
        self.client
            .send(&Call::write("okta.principal_rate_limits.replace", Safety::Idempotent, request))
            .await
    }
}

fn shares() -> Path {
    Path::new("/api/v1/principal-rate-limits")
}
