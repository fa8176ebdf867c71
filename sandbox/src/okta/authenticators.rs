//! Authenticators of the org, enrolments in them, and temporary access codes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::users::{Status, named};
use super::{Org, error, log, object, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// Id, key, name and type, with the methods of each.
const ALL: [(&str, &str, &str, &str, &[&str]); 6] = [
    ("aut1sandboxpassword0", "okta_password", "Password", "password", &["password"]),
    ("aut1sandboxemail0000", "okta_email", "Email", "email", &["email"]),
    ("aut1sandboxphone0000", "phone_number", "Phone", "phone", &["sms", "voice"]),
    ("aut1sandboxverify000", "okta_verify", "Okta Verify", "app", &["push", "signed_nonce", "totp"]),
    (
        "aut1sandboxquestion0",
        "security_question",
        "Security Question",
        "security_question",
        &["security_question"],
    ),
    ("aut1sandboxtac000000", "tac", "Temporary Access Code", "tac", &["tac"]),
];

const MADE: &str = "2018-01-08T08:00:00.000Z";

/// `/authenticators…`
pub(super) fn route(ask: &Ask, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    let find = |id: &str| {
        ALL.iter().find(|(own, ..)| *own == id).ok_or_else(|| error::not_found(id, "Authenticator"))
    };
    match (ask.method.as_str(), below) {
        ("GET", []) => Ok(page::whole(ask, ALL.iter().map(|one| authenticator(one, ask)).collect())),
        ("GET", [id]) => Ok(Answer::json(200, &authenticator(find(id)?, ask))),
        ("GET", [id, "methods"]) => {
            let (.., methods) = find(id)?;
            let show = |kind: &&str| json!({"type": kind, "status": "ACTIVE"});
            Ok(page::whole(ask, methods.iter().map(show).collect()))
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn authenticator((id, key, name, kind, _): &(&str, &str, &str, &str, &[&str]), ask: &Ask) -> Value {
    json!({
        "id": id, "key": key, "name": name, "type": kind, "status": "ACTIVE", "created": MADE, "lastUpdated": MADE,
        "_links": {"self": {"href": format!("{}/api/v1/authenticators/{id}", ask.base)}},
    })
}

/// `/users/{user}/authenticator-enrollments…`: phones that are factors too, and temporary access codes.
pub(super) fn enrollments(org: &mut Org, ask: &Ask, user: &str, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => {
            ask.only_parameters(&["discloseIdentifiers"])?;
            let user = named(org, user)?;
            let shown = user.factors.iter().filter_map(|factor| enrollment(factor, ask));
            Ok(page::whole(ask, shown.collect()))
        }
        ("POST", ["phone"]) => phone(org, ask, user),
        ("POST", ["tac"]) => tac(org, ask, user),
        ("GET", [id]) => {
            ask.only_parameters(&["discloseIdentifiers"])?;
            let user = named(org, user)?;
            let found = user.factors.iter().find(|factor| factor["id"] == *id);
            let shown = found.and_then(|factor| enrollment(factor, ask)).ok_or_else(|| none(id))?;
            Ok(Answer::json(200, &shown))
        }
        ("DELETE", [id]) => {
            ask.only_parameters(&[])?;
            let mut user = named(org, user)?;
            let before = user.factors.len();
            user.factors.retain(|factor| factor["id"] != *id);
            if user.factors.len() == before {
                return Err(none(id));
            }
            let user = org.users.save(user, ask.at);
            let target = vec![log::user_target(&user)];
            org.note(ask, "user.mfa.factor.deactivate", "Reset factor for user", target);
            Ok(Answer::empty(204))
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn none(id: &str) -> Answer {
    error::not_found(id, "AuthenticatorEnrollment")
}

/// A factor as an enrolment; its number hidden but for the last digits, unless asked for.
fn enrollment(factor: &Value, ask: &Ask) -> Option<Value> {
    let key = match factor["factorType"].as_str()? {
        "sms" | "call" => "phone_number",
        "email" => "okta_email",
        "push" | "token:software:totp" | "signed_nonce" => "okta_verify",
        "question" => "security_question",
        "tac" => "tac",
        _ => return None,
    };
    let (_, _, name, kind, _) = ALL.iter().find(|(_, own, ..)| *own == key)?;
    let mut profile = factor["profile"].clone();
    if ask.query.text("discloseIdentifiers") != Some("phone")
        && let Some(number) = profile["phoneNumber"].as_str()
    {
        let last = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
        profile["phoneNumber"] = json!(format!("+X XXX-XXX-{last}"));
    }
    Some(json!({
        "id": factor["id"], "key": key, "name": name, "type": kind, "status": factor["status"],
        "nickname": null, "created": factor["created"], "lastUpdated": factor["lastUpdated"], "profile": profile,
    }))
}

/// What a body wants of an authenticator with this key.
fn wanted(ask: &Ask, key: &str) -> Result<Value, Answer> {
    ask.only_parameters(&[])?;
    let body = object(ask)?;
    let id = body.get("authenticatorId").and_then(Value::as_str).unwrap_or_default();
    if !ALL.iter().any(|(own, is, ..)| *own == id && *is == key) {
        return Err(error::validation("authenticatorId", &[format!("authenticatorId: not the {key}")]));
    }
    Ok(body.get("profile").cloned().unwrap_or_default())
}

fn phone(org: &mut Org, ask: &Ask, user: &str) -> Reply {
    let profile = wanted(ask, "phone_number")?;
    let number = profile["phoneNumber"].as_str().filter(|number| number.starts_with('+'));
    let number = number.ok_or_else(|| error::error(400, "E0000098", "This phone number is invalid.", &[]))?;
    add(org, ask, user, "sms", json!({"phoneNumber": number}), None)
}

/// The code is in this answer and nowhere else; codes from before are void.
fn tac(org: &mut Org, ask: &Ask, user: &str) -> Reply {
    let profile = wanted(ask, "tac")?;
    let minutes = match &profile["ttl"] {
        Value::Null => Some(60),
        ttl => ttl.as_str().and_then(|ttl| ttl.parse::<i64>().ok()),
    };
    let minutes = minutes.filter(|minutes| (10..=14_400).contains(minutes));
    let minutes = minutes
        .ok_or_else(|| error::validation("ttl", &["ttl: must be between 10 and 14400 minutes".to_owned()]))?;
    let expires = okta_time(ask.at + TimeDelta::minutes(minutes));
    let kept = json!({"expiresAt": expires, "multiUse": profile["multiUse"] == true});
    let code = org.ids.base62(8);
    add(org, ask, user, "tac", kept, Some(code))
}

fn add(org: &mut Org, ask: &Ask, user: &str, kind: &str, profile: Value, code: Option<String>) -> Reply {
    let mut user = named(org, user)?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    let now = okta_time(ask.at);
    let factor = json!({
        "id": org.ids.okta(if kind == "tac" { "tac" } else { "sms" }), "factorType": kind, "provider": "OKTA",
        "vendorName": "OKTA", "status": "ACTIVE", "created": now, "lastUpdated": now, "profile": profile,
    });
    let mut answer = enrollment(&factor, ask).ok_or_else(|| none(kind))?;
    if let Some(code) = code {
        answer["profile"]["tac"] = json!(code);
    }
    user.factors.retain(|other| other["factorType"] != kind);
    user.factors.push(factor);
    let user = org.users.save(user, ask.at);
    org.note(ask, "user.mfa.factor.activate", "Activate factor for user", vec![log::user_target(&user)]);
    Ok(Answer::json(200, &answer))
}
