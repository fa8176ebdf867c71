//! What the environment says.

use crate::BoxError;

/// What names the instance, and what it knows us by: an API key, an OAuth client, a user, or the last two together.
pub(crate) fn instance() -> Vec<&'static str> {
    let (user, client) = (["SN_USERNAME", "SN_PASSWORD"], ["SN_CLIENT_ID", "SN_CLIENT_SECRET"]);
    let any = |names: &[&str]| names.iter().any(|name| is_set(name));
    let credentials = match (is_set("SN_API_KEY"), any(&client), any(&user)) {
        (true, _, _) => vec!["SN_API_KEY"],
        (false, true, true) => [user, client].concat(),
        (false, true, false) => client.to_vec(),
        (false, false, _) => user.to_vec(),
    };
    [vec!["SN_HOST"], credentials].concat()
}

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
