//! What there is about a person besides the account: blocks, providers, class and risk.

use serde_json::{Value, json};

use super::users::{User, named};
use super::{Org, error, log, object, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// `…/users/{id}/{what}`
pub(super) fn route(org: &mut Org, ask: &Ask, name: &str, what: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, name)?;
    if org.switched_off.contains(what) {
        let summary = "You do not have permission to access the feature you are requesting";
        return Err(error::error(401, "E0000015", summary, &[]));
    }
    match (ask.method.as_str(), what) {
        ("GET", "blocks") => Ok(page::whole(ask, user.holds.blocks)),
        // The org has no identity provider but itself.
        ("GET", "idps") => Ok(page::whole(ask, Vec::new())),
        ("GET", "classification") => Ok(Answer::json(200, &class_of(&user))),
        ("PUT", "classification") => set_class(org, ask, user),
        ("GET", "risk") => {
            let level = user.holds.risk.as_deref();
            let mut body = risk(ask, &user, level.unwrap_or("NONE"));
            if level.is_none() {
                body.as_object_mut().map(|body| body.remove("reason"));
            }
            Ok(Answer::json(200, &body))
        }
        ("PUT", "risk") => set_risk(org, ask, user),
        _ => Err(error::wrong_method()),
    }
}

pub(super) fn class_of(user: &User) -> Value {
    let standard = || json!({"type": "STANDARD", "lastUpdated": okta_time(user.created)});
    user.holds.class.clone().unwrap_or_else(standard)
}

fn set_class(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    let body = object(ask)?;
    let class = body.get("type").and_then(Value::as_str).filter(|class| ["LITE", "STANDARD"].contains(class));
    let class =
        class.ok_or_else(|| error::validation("type", &["type: it is no classification".to_owned()]))?;
    user.holds.class = Some(json!({"type": class, "lastUpdated": okta_time(ask.at)}));
    let user = org.users.save(user, ask.at);
    Ok(Answer::json(200, &class_of(&user)))
}

fn risk(ask: &Ask, user: &User, level: &str) -> Value {
    let own = format!("{}/api/v1/users/{}", ask.base, user.id);
    json!({"riskLevel": level, "reason": "Admin override risk", "_links": {
        "self": {"href": format!("{own}/risk"), "hints": {"allow": ["GET", "PUT"]}},
        "user": {"href": own, "hints": {"allow": ["GET"]}},
    }})
}

/// 201 the first time, 200 later.
fn set_risk(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    let body = object(ask)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let level = text("riskLevel").filter(|level| ["HIGH", "MEDIUM", "LOW"].contains(level));
    let level = level.ok_or_else(|| {
        error::validation("riskLevel", &["riskLevel: it is none of HIGH, MEDIUM, LOW".to_owned()])
    })?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "-,.".contains(c);
    if text("riskReason").is_some_and(|reason| reason.len() > 500 || !reason.chars().all(fits)) {
        return Err(error::validation(
            "riskReason",
            &["riskReason: Does not match required pattern".to_owned()],
        ));
    }
    let before = user.holds.risk.replace(level.to_owned());
    let user = org.users.save(user, ask.at);
    if before.as_deref() != Some(level) {
        org.note(ask, "user.risk.change", "User risk level changed", vec![log::user_target(&user)]);
    }
    Ok(Answer::json(if before.is_none() { 201 } else { 200 }, &risk(ask, &user, level)))
}
