//! What can be wrong with credentials before anything is done with them.

use std::fmt;

use client_core::{Call, Failure, Path, Request};
use serde_json::Value;

use crate::Error;
use crate::auth::covers;
use crate::client::OktaClient;
use crate::users::User;

const CALL: &str = "okta.check_credentials";

/// Something an administrator has to mend before the client is of use. Its `Display` says what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The app asks for a scope that does not exist or was not granted to it.
    ScopeNotGranted(String),
    /// The app holds its scopes, and sees nothing: it has no admin role, or one over nothing.
    NoAdminRole,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScopeNotGranted(scope) => write!(
                f,
                "the scope {scope} does not exist or is not granted to the app: grant it under Okta API Scopes, \
                 or do not ask for it"
            ),
            Self::NoAdminRole => f.write_str(
                "the app's scopes are granted but it has no admin role, or one that covers nobody: Okta answers \
                 with empty lists and refusals; assign a role under Admin roles of the app",
            ),
        }
    }
}

/// As whom a client calls.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Principal {
    /// The user who made the API token: the token may do what that user's admin roles allow.
    User(Box<User>),
    /// A service app: it may do what both its scopes and its admin roles allow.
    App {
        /// Its client id.
        client_id: String,
        /// The scopes that Okta gave with its last token, which may be fewer than were asked for; none before the
        /// first call.
        granted: Vec<String>,
    },
}

impl Principal {
    /// Whether it lacks a scope, so that a call for it is refused whatever its roles. `okta.users.manage` includes
    /// `okta.users.read`. An API token lacks none.
    #[must_use]
    pub fn lacks_scope(&self, scope: &str) -> bool {
        matches!(self, Self::App { granted, .. } if !covers(granted, scope))
    }
}

impl OktaClient {
    /// As whom this client calls. `GET /api/v1/users/me` with an API token; a service app is not asked about.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn who_am_i(&self) -> Result<Principal, Error> {
        match self.app() {
            None => Ok(Principal::User(Box::new(self.send(&Call::read(CALL, me())).await?))),
            Some(app) => Ok(Principal::App { client_id: app.client_id().to_owned(), granted: app.given() }),
        }
    }

    /// Looks for what would make calls fail or, worse, look empty: for the start of a program. Nothing is
    /// written. No finding means that the credentials work, not that they may do everything.
    ///
    /// Sends `GET /api/v1/users/me` with an API token. A service app has no user: it is asked for one user, or
    /// one group, as its scopes allow (with none of these the role is not looked at), and if Okta refuses its
    /// scopes altogether, for one token a scope to find which.
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient) -> Result<(), Box<dyn std::error::Error>> {
    /// for finding in okta.check_credentials().await? {
    ///     eprintln!("okta: {finding}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As every call; `is_unauthenticated` if the credentials are wrong altogether.
    pub async fn check_credentials(&self) -> Result<Vec<Finding>, Error> {
        let Some(app) = self.app() else {
            self.send(&Call::<Value>::read(CALL, me())).await?;
            return Ok(Vec::new());
        };
        let groups_only = covers(app.asked(), "okta.groups.read") && !covers(app.asked(), "okta.users.read");
        let (path, scope) = if groups_only {
            ("/api/v1/groups", "okta.groups.read")
        } else {
            ("/api/v1/users", "okta.users.read")
        };
        let probe = Call::<Vec<Value>>::read(CALL, Request::get(Path::new(path)).query("limit", 1));
        let seen = self.send(&probe).await;
        if let Err(error) = &seen
            && matches!(error.failure(), Failure::Credentials(_))
        {
            let refused = app.refused().await;
            if refused.is_empty() {
                return Err(error.clone());
            }
            return Ok(refused.into_iter().map(Finding::ScopeNotGranted).collect());
        }
        let given = app.given();
        let missing = app.asked().iter().filter(|scope| !given.contains(scope)).cloned();
        let mut findings: Vec<_> = missing.map(Finding::ScopeNotGranted).collect();
        let may_look = covers(&given, scope);
        match seen {
            // Every org has a user and the group Everyone.
            Ok(rows) if rows.is_empty() && may_look => findings.push(Finding::NoAdminRole),
            Ok(_) => {}
            Err(error) if error.is_forbidden() && may_look => findings.push(Finding::NoAdminRole),
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error),
        }
        Ok(findings)
    }
}

fn me() -> Request {
    Request::get(Path::new("/api/v1/users/me"))
}
