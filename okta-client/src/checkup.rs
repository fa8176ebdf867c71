//! What can be wrong with credentials before anything is done with them.

use std::fmt;

use client_core::{Call, Failure, Path, Request};
use serde_json::Value;

use crate::Error;
use crate::auth::covers;
use crate::client::OktaClient;

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

impl OktaClient {
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
        const CALL: &str = "okta.check_credentials";
        let Some(app) = self.app() else {
            let me = Request::get(Path::new("/api/v1/users/me"));
            self.send(&Call::<Value>::read(CALL, me)).await?;
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
