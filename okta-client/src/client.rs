//! The client: a handle for each area, and any other call.

use std::sync::Arc;

use client_core::{BucketStatus, Call, Clock, Concurrency, Lane, Observer, Pipeline};
use futures::lock::{Mutex, MutexGuard};

use crate::Error;
use crate::api_tokens::ApiTokens;
use crate::apps::Apps;
use crate::auth::AppCredentials;
use crate::authenticator_enrollments::AuthenticatorEnrollments;
use crate::authenticators::Authenticators;
use crate::builder::{Builder, ConfigError};
use crate::devices::Devices;
use crate::dialect::Okta;
use crate::event_hooks::EventHooks;
use crate::factors::Factors;
use crate::governance::Governance;
use crate::group_rules::GroupRules;
use crate::groups::Groups;
use crate::iam::{CustomRoles, ResourceSets};
use crate::id::IdentitySourceId;
use crate::id::UserId;
use crate::identity_sources::IdentitySource;
use crate::inline_hooks::InlineHooks;
use crate::linked_objects::LinkedObjects;
use crate::org::Org;
use crate::profile_mappings::ProfileMappings;
use crate::rate_limits::{PrincipalRateLimits, RateLimits};
use crate::roles::Roles;
use crate::sessions::Sessions;
use crate::system_log::SystemLog;
use crate::user_schema::UserSchemas;
use crate::user_types::UserTypes;
use crate::users::Users;

/// A client of one Okta org. Cheap to clone; clones share connections, rate-limit buckets and retry budget.
#[derive(Debug, Clone)]
pub struct OktaClient {
    pipeline: Pipeline<Okta>,
    /// The service app, if it is one that the pipeline's credentials come from.
    app: Option<Arc<AppCredentials>>,
    /// Whose turn it is to write a group rule: Okta refuses two at once.
    rule_writes: Arc<Mutex<()>>,
}

impl OktaClient {
    pub(crate) fn new(pipeline: Pipeline<Okta>, app: Option<Arc<AppCredentials>>) -> Self {
        Self { pipeline, app, rule_writes: Arc::default() }
    }

    pub(crate) fn app(&self) -> Option<&AppCredentials> {
        self.app.as_deref()
    }

    /// Begins a client of the org at `org_url`: `https://acme.okta.com`.
    pub fn builder(org_url: impl Into<String>) -> Builder {
        Builder::new(org_url)
    }

    /// Begins a client with what the environment says, under the names that Okta's own SDKs use:
    /// `OKTA_CLIENT_ORGURL`, and `OKTA_CLIENT_TOKEN` for an API token or `OKTA_CLIENT_CLIENTID`,
    /// `OKTA_CLIENT_PRIVATEKEY`, `OKTA_CLIENT_SCOPES` (and `OKTA_CLIENT_PRIVATEKEYID`, if the app has more than
    /// one key) for a service app. With both, the token is used.
    ///
    /// # Errors
    ///
    /// If one of them is missing.
    pub fn builder_from_env() -> Result<Builder, ConfigError> {
        Builder::from_env()
    }

    /// A client with what the environment says; see [`builder_from_env`](Self::builder_from_env).
    ///
    /// # Errors
    ///
    /// If a variable is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder_from_env()?.build()
    }

    /// Users: find, create, change, and move through their lifecycle.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users::new(self)
    }

    /// Apps: instances, and who has them.
    #[must_use]
    pub fn apps(&self) -> Apps<'_> {
        Apps::new(self)
    }

    /// Group rules: who is put into groups by what is known of them.
    #[must_use]
    pub fn group_rules(&self) -> GroupRules<'_> {
        GroupRules::new(self)
    }

    /// Groups, their members and owners.
    #[must_use]
    pub fn groups(&self) -> Groups<'_> {
        Groups::new(self)
    }

    /// Event hooks: what Okta calls when something happens.
    #[must_use]
    pub fn event_hooks(&self) -> EventHooks<'_> {
        EventHooks::new(self)
    }

    /// Inline hooks: what Okta asks in the middle of its own flows.
    #[must_use]
    pub fn inline_hooks(&self) -> InlineHooks<'_> {
        InlineHooks::new(self)
    }

    /// Devices that people have registered.
    #[must_use]
    pub fn devices(&self) -> Devices<'_> {
        Devices::new(self)
    }

    /// Identity Governance: access requests, certifications, access reviews.
    #[must_use]
    pub fn governance(&self) -> Governance<'_> {
        Governance::new(self)
    }

    /// A directory of one's own, by the id of its app.
    #[must_use]
    pub fn identity_source<'a>(&'a self, id: &'a IdentitySourceId) -> IdentitySource<'a> {
        IdentitySource::new(self, id)
    }

    /// The org itself.
    #[must_use]
    pub fn org(&self) -> Org<'_> {
        Org::new(self)
    }

    /// The share of rate limits that each principal has.
    #[must_use]
    pub fn principal_rate_limits(&self) -> PrincipalRateLimits<'_> {
        PrincipalRateLimits::new(self)
    }

    /// How attributes of one profile become those of another.
    #[must_use]
    pub fn profile_mappings(&self) -> ProfileMappings<'_> {
        ProfileMappings::new(self)
    }

    /// What the org has set about rate limits.
    #[must_use]
    pub fn rate_limits(&self) -> RateLimits<'_> {
        RateLimits::new(self)
    }

    /// Sessions of people who are signed in.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// The records of API tokens.
    #[must_use]
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens::new(self)
    }

    /// One person's enrolments in authenticators, and temporary access codes.
    #[must_use]
    pub fn authenticator_enrollments<'a>(&'a self, user: &'a UserId) -> AuthenticatorEnrollments<'a> {
        AuthenticatorEnrollments::new(self, user)
    }

    /// The org's authenticators.
    #[must_use]
    pub fn authenticators(&self) -> Authenticators<'_> {
        Authenticators::new(self)
    }

    /// Custom admin roles.
    #[must_use]
    pub fn custom_roles(&self) -> CustomRoles<'_> {
        CustomRoles::new(self)
    }

    /// One person's factors: enrol, verify, remove.
    #[must_use]
    pub fn factors<'a>(&'a self, user: &'a UserId) -> Factors<'a> {
        Factors::new(self, user)
    }

    /// Resource sets, and who holds which custom role over them.
    #[must_use]
    pub fn resource_sets(&self) -> ResourceSets<'_> {
        ResourceSets::new(self)
    }

    /// Admin roles of users, groups and service apps.
    #[must_use]
    pub fn roles(&self) -> Roles<'_> {
        Roles::new(self)
    }

    /// Relations between users: manager and subordinate, say.
    #[must_use]
    pub fn linked_objects(&self) -> LinkedObjects<'_> {
        LinkedObjects::new(self)
    }

    /// User schemas: which attributes profiles may have.
    #[must_use]
    pub fn user_schemas(&self) -> UserSchemas<'_> {
        UserSchemas::new(self)
    }

    /// User types: which schema a user's profile follows.
    #[must_use]
    pub fn user_types(&self) -> UserTypes<'_> {
        UserTypes::new(self)
    }

    /// The System Log.
    #[must_use]
    pub fn system_log(&self) -> SystemLog<'_> {
        SystemLog::new(self)
    }

    /// A clone whose user agent ends in `tag`. Okta keeps the user agent in the System Log
    /// (`client.userAgent.rawUserAgent`), so the tag joins a log entry to whatever caused it.
    #[must_use]
    pub fn tagged(&self, tag: impl Into<String>) -> Self {
        self.over(self.pipeline.tagged(tag))
    }

    /// A clone whose calls `observer` hears of too, with Okta's request ids.
    #[must_use]
    pub fn observed(&self, observer: Arc<dyn Observer>) -> Self {
        self.over(self.pipeline.observed(observer))
    }

    /// A clone whose calls wait in `lane` when there is no place for them at once. Everything else is shared, so
    /// an urgent call overtakes what the other clones have queued.
    ///
    /// ```
    /// use okta_client::users::UserId;
    /// use okta_client::Lane;
    ///
    /// # async fn run(okta: okta_client::OktaClient, leaver: UserId) -> Result<(), okta_client::Error> {
    /// okta.in_lane(Lane::Urgent).users().suspend(&leaver).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        self.over(self.pipeline.in_lane(lane))
    }

    /// The rate-limit buckets that this client and its clones drew from so far, by name: what is left in each, and
    /// how many calls wait. Token requests are not among them.
    #[must_use]
    pub fn buckets(&self) -> Vec<BucketStatus> {
        self.pipeline.buckets()
    }

    /// How many calls are in flight, and how many may be: fewer than configured after Okta said that they were too
    /// many at once.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        self.pipeline.concurrency()
    }

    /// A clone that may do less: its token has these scopes only. Everything else is shared, so call it wherever
    /// a few calls need little; clones with the same scopes share a token too.
    ///
    /// The scopes must be among those of this client (`okta.users.manage` includes `okta.users.read`, but both
    /// have to be granted to the app), or its calls fail unsent. An API token has no scopes: a client with one is cloned as it is.
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient) -> Result<(), okta_client::Error> {
    /// let reader = okta.scoped(["okta.users.read"]);
    /// reader.users().find_by_login("ann.lee@acme.example").await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn scoped<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) -> Self {
        let Some(app) = &self.app else { return self.clone() };
        let app = Arc::new(app.scoped(scopes.into_iter().map(Into::into).collect()));
        Self { app: Some(app.clone()), ..self.over(self.pipeline.with_credentials(app)) }
    }

    /// A clone that makes its calls by `pipeline`.
    fn over(&self, pipeline: Pipeline<Okta>) -> Self {
        Self { pipeline, app: self.app.clone(), rule_writes: self.rule_writes.clone() }
    }

    /// The clock that paces this client.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.pipeline.clock()
    }

    /// The org's address: `https://acme.okta.com`.
    #[must_use]
    pub fn org_url(&self) -> &str {
        self.pipeline.origin().as_str()
    }

    /// Makes any call, with the same authentication, pacing, retries and errors as the methods of this crate:
    /// for endpoints that it does not cover.
    ///
    /// ```
    /// use okta_client::{Call, Path, Request};
    ///
    /// # async fn run(okta: okta_client::OktaClient) -> Result<(), okta_client::Error> {
    /// let org: serde_json::Value =
    ///     okta.send(&Call::read("okta.org.get", Request::get(Path::new("/api/v1/org")))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn send<T>(&self, call: &Call<T>) -> Result<T, Error> {
        self.pipeline.send(call).await
    }

    /// Waits for this client's turn to write a group rule, and takes it until the guard is dropped.
    pub(crate) async fn turn_to_write_rules(&self) -> MutexGuard<'_, ()> {
        self.rule_writes.lock().await
    }

    pub(crate) fn pipeline(&self) -> &Pipeline<Okta> {
        &self.pipeline
    }
}
