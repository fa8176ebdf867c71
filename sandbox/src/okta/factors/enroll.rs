//! Enrolment: begun, finished, changed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{KINDS, find, not_deactivated, put, shown, text};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::okta::users::{User, named};
use crate::okta::{Org, error, flag, log, object};

const PICTURE_MINUTES: i64 = 10;

/// `POST /users/{user}/factors`
pub(super) fn enroll(org: &mut Org, ask: &Ask, user: &str) -> Reply {
    ask.only_parameters(&["activate", "updatePhone", "tokenLifetimeSeconds", "templateId"])?;
    let (at_once, replacing) = (flag(ask, "activate", false)?, flag(ask, "updatePhone", false)?);
    let lifetime = lifetime(ask)?;
    let mut user = named(org, user)?;
    not_deactivated(&user)?;
    let body = Value::Object(object(ask)?);
    let (kind, provider) = (text(&body, "factorType"), text(&body, "provider"));
    if !KINDS.contains(&(kind, provider)) {
        return Err(ask.not_modelled(&format!("a factor {kind} of {provider}")));
    }
    org.factors.codes.check_telephony(kind)?;
    let profile = profile(&body, &user)?;
    make_room(&mut user, kind, provider, &profile, replacing)?;
    let now = okta_time(ask.at);
    let id = org.ids.okta(prefix(kind));
    let active = kind == "question" || (at_once && matches!(kind, "sms" | "call" | "email" | "token:hotp"));
    let factor = json!({
        "id": id, "factorType": kind, "provider": provider, "vendorName": provider,
        "status": if active { "ACTIVE" } else { "PENDING_ACTIVATION" }, "created": now, "lastUpdated": now,
        "profile": profile,
    });
    match kind {
        "question" => org.factors.codes.set_answer(&id, text(&body["profile"], "answer")),
        "sms" | "call" | "email" if !active => org.factors.codes.send(ask, &factor, lifetime)?,
        "token:hotp" if !active => {
            return Err(invalid("activate: a custom token is active at once or not at all"));
        }
        _ => {}
    }
    let mut answer = shown(&factor, &user, ask);
    if let Some(activation) = activation(org, ask, &factor, &user) {
        answer["_embedded"] = json!({ "activation": activation });
    }
    let user = put(org, ask, user, factor);
    if active {
        activated(org, ask, &user);
    }
    Ok(Answer::json(200, &answer))
}

fn prefix(kind: &str) -> &'static str {
    match kind {
        "sms" => "mbl",
        "call" => "clf",
        "email" => "emf",
        "push" => "opf",
        "question" => "ufs",
        "token:hotp" => "chf",
        _ => "ost",
    }
}

fn lifetime(ask: &Ask) -> Result<TimeDelta, Answer> {
    let Some(text) = ask.query.text("tokenLifetimeSeconds") else { return Ok(TimeDelta::seconds(300)) };
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(TimeDelta::seconds(seconds)),
        _ => Err(invalid("tokenLifetimeSeconds: must be between 1 and 86400")),
    }
}

fn profile(body: &Value, user: &User) -> Result<Value, Answer> {
    let wanted = &body["profile"];
    match text(body, "factorType") {
        "sms" | "call" => {
            let number = text(wanted, "phoneNumber");
            let digits = number.strip_prefix('+').unwrap_or_default().replace('-', "");
            if !(2..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(error::error(400, "E0000098", "This phone number is invalid.", &[]));
            }
            let mut profile = json!({"phoneNumber": format!("+{digits}")});
            if let Some(extension) = wanted["phoneExtension"].as_str() {
                profile["phoneExtension"] = json!(extension);
            }
            Ok(profile)
        }
        "email" => {
            let address = text(wanted, "email");
            let known = [user.text("email"), user.text("secondEmail")];
            if address.is_empty() || !known.iter().any(|own| own.eq_ignore_ascii_case(address)) {
                return Err(invalid("email: must be the user's primary or secondary email"));
            }
            Ok(json!({ "email": address }))
        }
        "question" => question(wanted),
        "token:hotp"
            if text(body, "factorProfileId").is_empty() || text(wanted, "sharedSecret").is_empty() =>
        {
            Err(invalid("factorProfileId and sharedSecret: The field cannot be left blank"))
        }
        "token:hotp" => Ok(json!({})),
        _ => Ok(json!({"credentialId": user.login()})),
    }
}

fn question(wanted: &Value) -> Result<Value, Answer> {
    let known = super::QUESTIONS.iter().find(|(key, _)| *key == text(wanted, "question"));
    let (key, words) = known.ok_or_else(|| invalid("question: not a question of the sandbox's"))?;
    if text(wanted, "answer").chars().count() < 4 {
        return Err(invalid("answer: The security question answer must be at least 4 characters in length"));
    }
    Ok(json!({"question": key, "questionText": words}))
}

/// One of a kind: a pending one gives way, an active one does not.
fn make_room(
    user: &mut User,
    kind: &str,
    provider: &str,
    profile: &Value,
    replacing: bool,
) -> Result<(), Answer> {
    let same = |factor: &Value| factor["factorType"] == kind && factor["provider"] == provider;
    let Some(there) = user.factors.iter().find(|factor| same(factor)) else { return Ok(()) };
    if there["status"] == "ACTIVE" {
        return Err(invalid("A factor of this type is already set up."));
    }
    let other_number = there["profile"]["phoneNumber"] != profile["phoneNumber"];
    if other_number && !replacing {
        return Err(invalid("There is an existing verified phone number."));
    }
    user.factors.retain(|factor| !same(factor));
    Ok(())
}

/// What the person's app is fed with.
fn activation(org: &mut Org, ask: &Ask, factor: &Value, user: &User) -> Option<Value> {
    let own = format!("{}/api/v1/users/{}/factors/{}", ask.base, user.id, text(factor, "id"));
    let picture =
        json!({"qrcode": {"href": format!("{own}/qr/{}", org.ids.base62(20)), "type": "image/png"}});
    match text(factor, "factorType") {
        "push" => Some(json!({
            "expiresAt": okta_time(ask.at + TimeDelta::minutes(PICTURE_MINUTES)), "factorResult": "WAITING",
            "_links": picture,
        })),
        "token:software:totp" => Some(json!({
            "timeStep": 30, "sharedSecret": org.ids.base62(16).to_uppercase(), "encoding": "base32",
            "keyLength": 6, "_links": picture,
        })),
        _ => None,
    }
}

/// `POST …/lifecycle/activate`: with the code, or, of a push, for a new picture.
pub(super) fn activate(org: &mut Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    let mut factor = find(&user, factor)?.clone();
    if factor["status"] != "PENDING_ACTIVATION" {
        return Err(invalid("The factor is not pending activation"));
    }
    if factor["factorType"] == "push" {
        let activation = activation(org, ask, &factor, &user).unwrap_or_default();
        return Ok(Answer::json(200, &activation));
    }
    let body = Value::Object(object(ask)?);
    org.factors.codes.take(&factor, text(&body, "passCode"), ask.at)?;
    factor["status"] = json!("ACTIVE");
    let user = put(org, ask, user, factor.clone());
    activated(org, ask, &user);
    Ok(Answer::json(200, &shown(&factor, &user, ask)))
}

/// `POST …/resend`
pub(super) fn resend(org: &mut Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&["templateId"])?;
    let user = named(org, user)?;
    let factor = find(&user, factor)?;
    let body = object(ask)?;
    if body.get("factorType") != factor.get("factorType") || factor["status"] != "PENDING_ACTIVATION" {
        return Err(invalid("The factor is not pending activation"));
    }
    org.factors.codes.send(ask, factor, TimeDelta::seconds(300))?;
    Ok(Answer::json(200, &shown(factor, &user, ask)))
}

/// `PUT …/factors/{factor}`: of a question only.
pub(super) fn replace_question(org: &mut Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    let mut factor = find(&user, factor)?.clone();
    if factor["factorType"] != "question" {
        return Err(ask.not_modelled("a change of such a factor"));
    }
    let body = object(ask)?;
    let wanted = body.get("profile").cloned().unwrap_or_default();
    factor["profile"] = question(&wanted)?;
    org.factors.codes.set_answer(text(&factor, "id"), text(&wanted, "answer"));
    let user = put(org, ask, user, factor.clone());
    org.note(ask, "user.mfa.factor.update", "Update factor for user", vec![log::user_target(&user)]);
    Ok(Answer::json(200, &shown(&factor, &user, ask)))
}

fn activated(org: &mut Org, ask: &Ask, user: &User) {
    org.note(ask, "user.mfa.factor.activate", "Activate factor for user", vec![log::user_target(user)]);
}

fn invalid(cause: &str) -> Answer {
    error::validation("factorEnrollRequest", &[cause.to_owned()])
}
