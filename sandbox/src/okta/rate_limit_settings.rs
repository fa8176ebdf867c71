//! Rate-limit settings and the shares of principals. They are kept and shown; the windows do not go by them.

use serde_json::{Map, Value, json};

use super::filter::{self, Expr, Op};
use super::{Org, error, object, page};
use crate::http::{Answer, Ask, Reply};

const MODES: [&str; 3] = ["ENFORCE", "PREVIEW", "DISABLE"];
const USE_CASES: [&str; 3] = ["LOGIN_PAGE", "OAUTH2_AUTHORIZE", "OIE_APP_INTENT"];

/// What the org has set.
#[derive(Debug)]
pub(crate) struct RateLimitSettings {
    notifications: bool,
    per_client: Value,
    threshold: i64,
    shares: Vec<Value>,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        let per_client = json!({ "defaultMode": "ENFORCE" });
        Self { notifications: true, per_client, threshold: 90, shares: Vec::new() }
    }
}

/// Answers a call below `/rate-limit-settings`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    let settings = &mut org.rate_limits;
    match (ask.method.as_str(), below) {
        ("GET", ["admin-notifications" | "per-client" | "warning-threshold"]) => {}
        ("PUT", ["admin-notifications"]) => match object(ask)?.get("notificationsEnabled") {
            Some(Value::Bool(on)) => settings.notifications = *on,
            _ => return Err(blank("notificationsEnabled")),
        },
        ("PUT", ["per-client"]) => settings.per_client = modes(object(ask)?)?,
        ("PUT", ["warning-threshold"]) => {
            let wanted = object(ask)?.get("warningThreshold").and_then(Value::as_i64);
            settings.threshold = match wanted {
                Some(percent @ 30..=90) => percent,
                _ => {
                    let cause = "warningThreshold: must be between 30 and 90".to_owned();
                    return Err(error::validation("warningThreshold", &[cause]));
                }
            };
        }
        _ => return Err(ask.not_modelled("the call")),
    }
    let shown = match below {
        ["admin-notifications"] => json!({ "notificationsEnabled": settings.notifications }),
        ["per-client"] => settings.per_client.clone(),
        _ => json!({ "warningThreshold": settings.threshold }),
    };
    Ok(Answer::json(200, &shown))
}

fn modes(wanted: Map<String, Value>) -> Result<Value, Answer> {
    let is_mode = |mode: &Value| mode.as_str().is_some_and(|mode| MODES.contains(&mode));
    let overrides = wanted.get("useCaseModeOverrides").and_then(Value::as_object);
    let good = wanted.get("defaultMode").is_some_and(is_mode)
        && overrides
            .into_iter()
            .flatten()
            .all(|(name, mode)| USE_CASES.contains(&name.as_str()) && is_mode(mode));
    if good { Ok(Value::Object(wanted)) } else { Err(blank("defaultMode")) }
}

fn blank(name: &str) -> Answer {
    error::validation(name, &[format!("{name}: The field cannot be left blank")])
}

/// Answers a call below `/principal-rate-limits`.
pub(super) fn route_shares(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask),
        ("POST", []) => create(org, ask),
        ("GET", [id]) => {
            ask.only_parameters(&[])?;
            Ok(Answer::json(200, &org.rate_limits.shares[named(org, id)?]))
        }
        ("PUT", [id]) => replace(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// The filter is required, and tells the kind of principal.
fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "after", "limit"])?;
    let kind = match filter::parse(ask.query.text("filter").unwrap_or_default()) {
        Ok(Expr::Test { attribute, op: Op::Eq, value }) if attribute == "principalType" => value,
        _ => return Err(refused("filter: principalType eq is needed")),
    };
    let numbered = (1..).zip(&org.rate_limits.shares);
    let rows = numbered.filter(|(_, share)| share["principalType"] == kind);
    page::by_key(ask, rows, page::limit(ask, 20, 50)?, Value::clone)
}

fn named(org: &Org, id: &str) -> Result<usize, Answer> {
    let at = org.rate_limits.shares.iter().position(|share| share["id"] == id);
    at.ok_or_else(|| error::not_found(id, "PrincipalRateLimit"))
}

fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let mut share = wanted(ask)?;
    let taken = |known: &Value| known["principalId"] == share["principalId"];
    if org.rate_limits.shares.iter().any(taken) {
        return Err(refused("principalId: there is an entry for this principal already"));
    }
    share["id"] = org.ids.okta("prl").into();
    share["createdDate"] = seconds(ask);
    share["createdBy"] = org.token_owner.as_str().into();
    stamp(org, ask, &mut share);
    org.rate_limits.shares.push(share.clone());
    Ok(Answer::json(201, &share))
}

fn replace(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let at = named(org, id)?;
    let mut share = wanted(ask)?;
    for name in ["id", "createdDate", "createdBy"] {
        share[name] = org.rate_limits.shares[at][name].clone();
    }
    stamp(org, ask, &mut share);
    org.rate_limits.shares[at] = share.clone();
    Ok(Answer::json(200, &share))
}

fn stamp(org: &Org, ask: &Ask, share: &mut Value) {
    share["orgId"] = "00osandboxorg0000000".into();
    share["lastUpdate"] = seconds(ask);
    share["lastUpdatedBy"] = org.token_owner.as_str().into();
}

/// As recorded: without milliseconds.
fn seconds(ask: &Ask) -> Value {
    ask.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into()
}

fn wanted(ask: &Ask) -> Result<Value, Answer> {
    let body = Value::Object(object(ask)?);
    let kind = body["principalType"].as_str().unwrap_or_default();
    if !matches!(kind, "SSWS_TOKEN" | "OAUTH_CLIENT") || body["principalId"].as_str().is_none() {
        return Err(refused("principalType, principalId: The field cannot be left blank"));
    }
    let percent = |name: &str| match body.get(name).map_or(Some(50), Value::as_i64) {
        Some(percent @ 1..=100) => Ok(percent),
        _ => Err(refused(&format!("{name}: must be between 1 and 100"))),
    };
    Ok(json!({
        "principalId": body["principalId"], "principalType": kind, "defaultPercentage": percent("defaultPercentage")?,
        "defaultConcurrencyPercentage": percent("defaultConcurrencyPercentage")?,
    }))
}

fn refused(cause: &str) -> Answer {
    error::validation("principalRateLimitMediated", &[cause.to_owned()])
}
