//! What the environment says.

use crate::BoxError;

/// What names the instance.
pub(crate) const INSTANCE: [&str; 3] = ["SN_HOST", "SN_USERNAME", "SN_PASSWORD"];

/// What names the org, and what it knows us by: an API token, or a service app if there is no token.
pub(crate) fn org() -> Vec<&'static str> {
    let app = is_set("OKTA_CLIENT_CLIENTID") && !is_set("OKTA_CLIENT_TOKEN");
    let credentials: &[_] = if app {
        &["OKTA_CLIENT_CLIENTID", "OKTA_CLIENT_PRIVATEKEY", "OKTA_CLIENT_SCOPES"]
    } else {
        &["OKTA_CLIENT_TOKEN"]
    };
    [&["OKTA_CLIENT_ORGURL"], credentials].concat()
}

/// Whether all of these are set; false if none is.
///
/// # Errors
///
/// If some are and some are not.
pub(crate) fn names(needed: Vec<&'static str>) -> Result<bool, BoxError> {
    let (set, missing): (Vec<_>, Vec<_>) = needed.into_iter().partition(|name| is_set(name));
    match (set.is_empty(), missing.is_empty()) {
        (true, _) => Ok(false),
        (_, true) => Ok(true),
        _ => Err(format!(
            "{} set, and {} not: set all of them to work on real tenants, or none to work on a sandbox",
            are(&set),
            are(&missing),
        )
        .into()),
    }
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
