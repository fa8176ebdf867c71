//! Factors: what people are enrolled in. Codes and pushes have files of their own.

mod codes;
mod edit;
mod enroll;
mod push;
mod verify;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::users::{Status, User, named};
use super::{Org, error, log, page};
use crate::http::{Answer, Ask, Reply};

pub use edit::PushAnswer;

pub(crate) use codes::Codes;
pub(crate) use push::Pushes;

/// What the factors of all users have besides what is shown of them.
#[derive(Debug, Default)]
pub(crate) struct Factors {
    pub(super) codes: Codes,
    pub(super) pushes: Pushes,
    /// Types that the enrolment policy does not allow where calls come from: they are not shown.
    pub(super) hidden: BTreeSet<String>,
}

impl Factors {
    fn shows(&self, factor: &Value) -> bool {
        // A temporary access code is an enrolment, and no factor.
        factor["factorType"] != "tac" && !self.hidden.contains(text(factor, "factorType"))
    }
}

/// The questions to choose from: three of Okta's twenty.
const QUESTIONS: [(&str, &str); 3] = [
    ("disliked_food", "What is the food you least liked as a child?"),
    ("name_of_first_plush_toy", "What is the name of your first stuffed animal?"),
    ("first_award", "What did you earn your first medal or award for?"),
];

/// What a person may be enrolled in here.
const KINDS: [(&str, &str); 8] = [
    ("question", "OKTA"),
    ("token:software:totp", "OKTA"),
    ("token:software:totp", "GOOGLE"),
    ("sms", "OKTA"),
    ("call", "OKTA"),
    ("email", "OKTA"),
    ("push", "OKTA"),
    ("token:hotp", "CUSTOM"),
];

/// `/users/{user}/factors…`
pub(super) fn route(org: &mut Org, ask: &Ask, user: &str, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask, user),
        ("POST", []) => enroll::enroll(org, ask, user),
        ("GET", ["catalog"]) => catalog(org, ask, user),
        ("GET", ["questions"]) => questions(org, ask, user),
        ("GET", [factor]) => get(org, ask, user, factor),
        ("PUT", [factor]) => enroll::replace_question(org, ask, user, factor),
        ("DELETE", [factor]) => delete(org, ask, user, factor),
        ("POST", [factor, "lifecycle", "activate"]) => enroll::activate(org, ask, user, factor),
        ("POST", [factor, "resend"]) => enroll::resend(org, ask, user, factor),
        ("POST", [factor, "verify"]) => verify::verify(org, ask, user, factor),
        ("GET", [factor, "transactions", transaction]) => push::status(org, ask, user, factor, transaction),
        ("HEAD", _) => Err(ask.not_modelled("the call")),
        (_, [] | [_] | [_, "lifecycle", "activate"] | [_, "resend" | "verify"] | [_, "transactions", _]) => {
            Err(error::wrong_method())
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(org: &Org, ask: &Ask, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    Ok(page::whole(
        ask,
        user.factors
            .iter()
            .filter(|factor| org.factors.shows(factor))
            .map(|factor| shown(factor, &user, ask))
            .collect(),
    ))
}

fn catalog(org: &Org, ask: &Ask, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    let kinds = KINDS.iter().map(|(kind, provider)| {
        let is = |factor: &&Value| factor["factorType"] == *kind && factor["provider"] == *provider;
        let status =
            user.factors.iter().find(is).map_or(json!("NOT_SETUP"), |factor| factor["status"].clone());
        let href = format!("{}/api/v1/users/{}/factors", ask.base, user.id);
        json!({
            "factorType": kind, "provider": provider, "vendorName": provider, "status": status,
            "enrollment": "OPTIONAL", "_links": {"enroll": {"href": href, "hints": {"allow": ["POST"]}}},
        })
    });
    Ok(page::whole(ask, kinds.collect()))
}

/// For API tokens only: no scope lets a service app in.
fn questions(org: &Org, ask: &Ask, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    named(org, user)?;
    let show = |(key, text): &(&str, &str)| json!({"question": key, "questionText": text});
    Ok(page::whole(ask, QUESTIONS.iter().map(show).collect()))
}

fn get(org: &Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    Ok(Answer::json(200, &shown(find(&user, factor)?, &user, ask)))
}

/// A push takes the device's other Okta Verify factors with it.
fn delete(org: &mut Org, ask: &Ask, user: &str, factor: &str) -> Reply {
    ask.only_parameters(&["removeRecoveryEnrollment"])?;
    super::flag(ask, "removeRecoveryEnrollment", false)?;
    let mut user = named(org, user)?;
    not_deactivated(&user)?;
    let gone = find(&user, factor)?.clone();
    let okta_verify = |factor: &Value| {
        matches!(factor["factorType"].as_str(), Some("push" | "signed_nonce" | "token:software:totp"))
            && factor["provider"] == "OKTA"
    };
    let device = matches!(gone["factorType"].as_str(), Some("push" | "signed_nonce"));
    user.factors.retain(|other| other["id"] != gone["id"] && !(device && okta_verify(other)));
    let user = org.users.save(user, ask.at);
    org.note(ask, "user.mfa.factor.deactivate", "Reset factor for user", vec![log::user_target(&user)]);
    Ok(Answer::empty(204))
}

fn find<'a>(user: &'a User, id: &str) -> Result<&'a Value, Answer> {
    user.factors.iter().find(|factor| factor["id"] == id).ok_or_else(|| error::not_found(id, "UserFactor"))
}

fn not_deactivated(user: &User) -> Result<(), Answer> {
    if user.status == Status::Deprovisioned { Err(error::wrong_status()) } else { Ok(()) }
}

/// Stores a changed factor.
fn put(org: &mut Org, ask: &Ask, mut user: User, mut factor: Value) -> User {
    factor["lastUpdated"] = crate::clock::okta_time(ask.at).into();
    user.factors.retain(|other| other["id"] != factor["id"]);
    user.factors.push(factor);
    org.users.save(user, ask.at)
}

/// A factor with what can be done to it now.
fn shown(factor: &Value, user: &User, ask: &Ask) -> Value {
    let person = format!("{}/api/v1/users/{}", ask.base, user.id);
    let own = format!("{person}/factors/{}", text(factor, "id"));
    let link =
        |path: &str, method: &str| json!({"href": format!("{own}{path}"), "hints": {"allow": [method]}});
    let mut shown = factor.clone();
    let mut links = json!({"self": link("", "GET"), "user": {"href": person, "hints": {"allow": ["GET"]}}});
    let kind = text(factor, "factorType");
    match text(factor, "status") {
        "PENDING_ACTIVATION" if kind == "push" => links["poll"] = link("/lifecycle/activate/poll", "POST"),
        "PENDING_ACTIVATION" => {
            links["activate"] = link("/lifecycle/activate", "POST");
            if matches!(kind, "sms" | "call" | "email") {
                let mut resend = link("/resend", "POST");
                resend["name"] = json!(kind);
                links["resend"] = json!([resend]);
            }
        }
        _ => links["verify"] = link("/verify", "POST"),
    }
    shown["_links"] = links;
    shown
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
