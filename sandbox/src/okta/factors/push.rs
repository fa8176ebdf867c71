//! Pushes: they wait until somebody answers, or for five minutes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{find, text};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::okta::users::{User, named};
use crate::okta::{Org, error};

const LIFE_MINUTES: i64 = 5;

/// The pushes of all users, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Pushes {
    all: BTreeMap<u64, Push>,
    next: u64,
}

#[derive(Debug)]
struct Push {
    id: String,
    factor: String,
    user: String,
    until: DateTime<Utc>,
    number: Option<u32>,
    answer: Option<bool>,
}

impl Push {
    fn result(&self, now: DateTime<Utc>) -> &'static str {
        match self.answer {
            Some(true) => "SUCCESS",
            Some(false) => "REJECTED",
            None if now >= self.until => "TIMEOUT",
            None => "WAITING",
        }
    }
}

impl Pushes {
    /// Answers the latest push that a user has not answered. False if there is none.
    pub(super) fn answer(&mut self, user: &str, approve: bool, now: DateTime<Utc>) -> bool {
        let waits = |push: &&mut Push| push.user == user && push.result(now) == "WAITING";
        let Some(push) = self.all.values_mut().rev().find(waits) else { return false };
        push.answer = Some(approve);
        true
    }
}

/// `POST …/verify` of a push.
pub(super) fn begin(org: &mut Org, ask: &Ask, user: &User, factor: &Value, body: &Value) -> Reply {
    if ask.user_agent().is_empty() {
        let cause = "User-Agent: The header is required".to_owned();
        return Err(error::validation("factorVerifyRequest", &[cause]));
    }
    let matching = body["useNumberMatchingChallenge"] == true;
    let pushes = &mut org.factors.pushes;
    pushes.next += 1;
    let push = Push {
        id: format!("v2mst.{}", org.ids.base62(22)),
        factor: text(factor, "id").to_owned(),
        user: user.id.clone(),
        until: ask.at + TimeDelta::minutes(LIFE_MINUTES),
        number: matching.then(|| 10 + u32::try_from(pushes.next * 37 % 90).unwrap_or_default()),
        answer: None,
    };
    let answer = Answer::json(201, &shown(&push, ask));
    pushes.all.insert(pushes.next, push);
    Ok(answer)
}

/// `GET …/transactions/{transaction}`
pub(super) fn status(org: &mut Org, ask: &Ask, user: &str, factor: &str, transaction: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    let factor = text(find(&user, factor)?, "id");
    let found = org.factors.pushes.all.values().find(|push| push.id == transaction && push.factor == factor);
    let push = found.ok_or_else(|| error::not_found(transaction, "FactorTransaction"))?;
    Ok(Answer::json(200, &shown(push, ask)))
}

fn shown(push: &Push, ask: &Ask) -> Value {
    let result = push.result(ask.at);
    if result != "WAITING" {
        return json!({ "factorResult": result });
    }
    let own = format!("{}/api/v1/users/{}/factors/{}", ask.base, push.user, push.factor);
    let link = |method: &str| json!({"href": format!("{own}/transactions/{}", push.id), "hints": {"allow": [method]}});
    let mut shown = json!({
        "factorResult": result, "expiresAt": okta_time(push.until),
        "_links": {"poll": link("GET"), "cancel": link("DELETE")},
    });
    if let Some(number) = push.number {
        shown["_embedded"] = json!({"challenge": {"correctAnswer": number}});
    }
    shown
}
