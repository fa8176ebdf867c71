//! The client: a pipeline with ServiceNow's ways, and the doors to its tables.

use std::borrow::Cow;
use std::sync::Arc;

use client_core::{
    BucketStatus, Call, Clock, Concurrency, DecodeError, Delivery, ExposeSecret as _, Failure, Lane,
    Observer, Origin, Path, Pipeline, Request, Response, Safety,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::approvals::Approvals;
use crate::attachments::Attachments;
use crate::auth::{Nothing, TokenSource};
use crate::batch::Batch;
use crate::builder::{Builder, ConfigError};
use crate::catalog::{self, Catalog, Variables};
use crate::dialect::ServiceNowDialect;
use crate::email::Emails;
use crate::id::SysId;
use crate::import_sets::StagingTable;
use crate::incidents::Incidents;
use crate::journal::Journal;
use crate::known::KnownFields;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::record::{RawRecord, Record};
use crate::roles::{self, RoleInheritance};
use crate::schema::Schema;
use crate::scim::Scim;
use crate::table::Table;

/// One ServiceNow instance, as one API user. Cheap to clone; clones share connections, sessions, pacing and the retry
/// budget.
///
/// # Pacing
///
/// An instance lends its REST API few threads, about four on each of its nodes, and MID servers need them too. So four
/// calls are in flight at first, and more, up to 16, as long as answers tell that nobody waits for a thread. Who waits
/// for half a second, a full queue (429 without a time, 202) and a 503 halve that. [`concurrency`](Self::concurrency)
/// tells how it stands.
///
/// Administrators may allow a user so many calls an hour, by rules for an API, a method or a table. Answers name the
/// rule, its limit and when its hour ends, not what is left of it: the client counts what it sends, spreads what is left
/// over what is left of the hour, and lets nothing through where a 429 closed a rule until the time it says. All that
/// one rule counts shares the count, all else goes on. [`buckets`](Self::buckets) tells how they stand.
/// [`PacerConfig::share`](client_core::PacerConfig::share) leaves a part of each rule to others, and
/// [`in_lane`](Self::in_lane) says who goes first.
///
/// An hour is long. A call that meets a rule which a refusal has closed for longer than
/// [`RetryPolicy::rate_limit_wait`](client_core::RetryPolicy::rate_limit_wait), five minutes, fails at once;
/// [`Error::retry_at`](client_core::Error::retry_at) says until when. A program that would rather wait sets an hour.
///
/// # Sessions
///
/// Calls go on in the sessions of earlier ones, which saves the login. A session has one call in flight: an instance
/// serves the calls of one session one after another, and drops what piles up. One that was dropped is repeated in
/// another session, whatever it is: nothing was done. Sessions are of the credentials that began them, and are not used
/// again after a refusal of these, a lost answer, a call that was given up, or a minute.
#[derive(Debug, Clone)]
pub struct ServiceNowClient {
    pub(crate) pipeline: Pipeline<ServiceNowDialect>,
    pub(crate) known: KnownFields,
    pub(crate) tokens: Option<Arc<TokenSource>>,
}

impl ServiceNowClient {
    /// Begins a client for an instance: `https://acme.service-now.com`, just `acme`, or plain `http` on
    /// loopback.
    pub fn builder(instance: impl Into<String>) -> Builder {
        Builder::new(instance)
    }

    /// A client from the environment: `SN_HOST`, and what says who calls.
    ///
    /// | set | way |
    /// | --- | --- |
    /// | `SN_USERNAME`, `SN_PASSWORD` | [`basic`](Builder::basic) |
    /// | `SN_CLIENT_ID`, `SN_CLIENT_SECRET` | [`OAuth::client_credentials`](crate::auth::OAuth::client_credentials) |
    /// | all four | [`OAuth::password`](crate::auth::OAuth::password) |
    /// | `SN_API_KEY` alone | [`api_key`](Builder::api_key) |
    ///
    /// # Errors
    ///
    /// If a variable is missing, contradicts another, or holds what cannot be used; the error names it.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder_from_env()?.build()
    }

    /// Begins a client from the environment, as [`from_env`](Self::from_env) does, to add a clock or a transport.
    ///
    /// # Errors
    ///
    /// If a variable is missing or contradicts another; the error names it.
    pub fn builder_from_env() -> Result<Builder, ConfigError> {
        Builder::from_variables(|name| std::env::var(name).ok())
    }

    /// A clone whose user agent ends in `tag`. It shows in the instance's transaction log, so that a change
    /// can be traced to the step that made it.
    pub fn tagged(&self, tag: impl Into<String>) -> Self {
        Self { pipeline: self.pipeline.tagged(tag), ..self.clone() }
    }

    /// A clone whose calls wait in `lane` when there is no place for them at once. Everything else is shared, so
    /// an urgent call overtakes what the other clones have queued.
    ///
    /// ```
    /// use servicenow_client::{Lane, Query};
    /// use servicenow_client::tables::SysUser;
    ///
    /// # async fn run(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
    /// let sync = servicenow.in_lane(Lane::Bulk);
    /// let users = sync.table::<SysUser>().list(Query::new()).collect_all().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self { pipeline: self.pipeline.in_lane(lane), ..self.clone() }
    }

    /// The rate-limit buckets that this client and its clones drew from so far, by name: a method on a resource, where
    /// each table is one. Which rule counts it, what is left of that, and how many calls wait.
    #[must_use]
    pub fn buckets(&self) -> Vec<BucketStatus> {
        self.pipeline.buckets()
    }

    /// How many calls are in flight, and how many may be, by what the instance has told of its load.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        self.pipeline.concurrency()
    }

    /// A clone whose calls `observer` hears of.
    pub fn observed(&self, observer: Arc<dyn Observer>) -> Self {
        Self { pipeline: self.pipeline.observed(observer), ..self.clone() }
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.pipeline.clock()
    }

    /// The instance's address.
    pub fn origin(&self) -> &Origin {
        self.pipeline.origin()
    }

    /// Makes any call, with the same credentials, pacing, retries and errors as this crate's own. For APIs
    /// that it does not cover; [`result`] unwraps the usual `{"result": …}`.
    ///
    /// ```
    /// # async fn example(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
    /// use servicenow_client::{Call, Path, Request};
    ///
    /// let request = Request::get(Path::new("/api/now/stats/incident")).query("sysparm_count", true);
    /// let call = Call::<serde_json::Value>::read("servicenow.stats", request)
    ///     .with_decode(servicenow_client::result::<serde_json::Value>);
    /// let stats = servicenow.send(&call).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the last attempt met.
    pub async fn send<T>(&self, call: &Call<T>) -> Result<T> {
        self.pipeline.send(call).await
    }

    /// Any call, as a value that can be put into a [batch](Self::batch). Awaited, it ends as [`send`](Self::send) does.
    pub fn prepare<T: Send + 'static>(&self, call: Call<T>) -> Prepared<T> {
        Prepared::new(self, call, Ok)
    }

    /// Begins a batch: many calls in few requests.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// Revokes the tokens at hand, that for refreshing and that of access, and forgets them. The next call asks for
    /// others. Without OAuth there are none, and nothing is sent.
    ///
    /// `GET /oauth_revoke_token.do?token=…`. ServiceNow wants a token in the URL here, where proxies may log it.
    ///
    /// # Errors
    ///
    /// What the first call met that failed; the other token is tried all the same, and both are forgotten.
    pub async fn revoke_tokens(&self) -> Result<()> {
        // The one that lives longer, and brings others, first.
        let tokens = self.tokens.iter().flat_map(|tokens| tokens.take()).rev();
        let anybody = self.pipeline.with_credentials(Arc::new(Nothing));
        let mut outcome = Ok(());
        for token in tokens {
            let request =
                Request::get(Path::new("/oauth_revoke_token.do")).query("token", token.expose_secret());
            let call = Call::done("servicenow.oauth.revoke", Safety::Idempotent, request);
            let sent = anybody
                .send(&call)
                .await
                .or_else(|error| if is_for_browsers(&error) { Ok(()) } else { Err(error) });
            outcome = outcome.and(sent);
        }
        outcome
    }

    /// A table whose records have a type: `servicenow.table::<ScTask>()`.
    pub fn table<T: Record>(&self) -> Table<T> {
        Table::new(
            self.clone(),
            Cow::Borrowed(T::TABLE),
            T::FIELDS.iter().map(|&field| field.into()).collect(),
        )
    }

    /// Any table, by its name, with records whose fields are read by name.
    ///
    /// # Errors
    ///
    /// If no table can have that name.
    pub fn records(&self, table: &str) -> Result<Table<RawRecord>> {
        if !valid_table(table) {
            let why =
                format!("{:?} is no table's name: a-z 0-9 _", table.chars().take(80).collect::<String>());
            return Err(Error::invalid("servicenow.table", why));
        }
        Ok(Table::new(self.clone(), Cow::Owned(table.to_owned()), Vec::new()))
    }

    /// Files at any record.
    pub fn attachments(&self) -> Attachments {
        Attachments::new(self.clone())
    }

    /// What the instance says of its own tables: fields, choices, and whether a table is there.
    pub fn schema(&self) -> Schema {
        Schema::new(self.clone())
    }

    /// Who is asked to approve, and answering for them.
    pub fn approvals(&self) -> Approvals {
        Approvals::new(self.clone())
    }

    /// What is done to incidents.
    pub fn incidents(&self) -> Incidents {
        Incidents::new(self.clone())
    }

    /// A staging table of the Import Set API.
    ///
    /// # Errors
    ///
    /// If no table can have that name.
    pub fn staging_table(&self, name: &str) -> Result<StagingTable> {
        self.records(name).map(|_| StagingTable::new(self.clone(), name))
    }

    /// Work notes and comments of any record.
    pub fn journal(&self) -> Journal {
        Journal::new(self.clone())
    }

    /// SCIM: users and groups in the form that provisioning systems speak.
    pub fn scim(&self) -> Scim {
        Scim::new(self.clone())
    }

    /// Mail that the instance sends.
    pub fn email(&self) -> Emails {
        Emails::new(self.clone())
    }

    /// Which roles a user has, and why. `GET /api/global/user_role_inheritance`. Needs the role `user_admin`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such user;
    /// [`UnknownResource`](crate::ProblemKind::UnknownResource) if the plugin
    /// `com.glide.role_management.inh_count.rest_api` is not there.
    pub fn role_inheritance(&self, user: &SysId) -> Prepared<RoleInheritance> {
        roles::of(self, user)
    }

    /// The Service Catalog.
    pub fn catalog(&self) -> Catalog {
        Catalog::new(self.clone())
    }

    /// The answers that a requester gave to the questions of a catalog item.
    ///
    /// `GET /api/now/table/sc_item_option_mtom`, dot-walking to names and values. Multi-row variable sets are
    /// not among them: see [`Catalog::variable_sets_of`].
    ///
    /// # Errors
    ///
    /// What the call met; a row of another item is [`ProblemKind::NotHonoured`](crate::ProblemKind).
    pub async fn request_item_variables(&self, item: &SysId) -> Result<Variables> {
        catalog::of(self, item).await
    }

    pub(crate) fn distrust<T>(
        &self,
        call: &Call<T>,
        response: &Response,
        problem: ServiceNowProblem,
    ) -> Error {
        self.pipeline.distrust(call, response, problem)
    }

    /// The error of a look at what was written: that it was written, unless the look has shown more.
    pub(crate) fn after_write<T>(
        &self,
        call: &Call<T>,
        response: &Response,
        sys_id: &SysId,
        look: Error,
    ) -> Error {
        if look.delivery() == Delivery::Done {
            return look;
        }
        self.distrust(call, response, ServiceNowProblem::not_looked_at(sys_id, &look))
    }
}

/// Whether it is but the form of an answer that is odd: a success of the instance's own, given to nobody in particular
/// as was asked, or a page. A page without a transaction is a hibernating instance's, or another server's.
fn is_for_browsers(error: &Error) -> bool {
    match error.failure() {
        Failure::Api(problem) => problem.kind == ProblemKind::Guest,
        Failure::Protocol(_) => {
            error.status().is_some_and(|status| status.is_success()) && error.request_id().is_some()
        }
        _ => false,
    }
}

/// Whether a table may have this name.
pub(crate) fn valid_table(name: &str) -> bool {
    (1..=80).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Reads the `result` member of an answer; for [`Call::with_decode`].
///
/// # Errors
///
/// If there is none, or it is not what was expected.
pub fn result<T: DeserializeOwned>(response: &Response) -> std::result::Result<T, DecodeError> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        result: T,
    }
    Ok(response.json::<Envelope<T>>()?.result)
}
