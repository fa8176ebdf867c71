//! What the org sends to hooks' services: challenges and events.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::model::Hook;
use super::{note_failure, verified};
use crate::clock::okta_time;
use crate::http::{Answer, Ask};
use crate::okta::{Org, error};
use crate::outgoing::{self, Heard, Letter, is_loopback};
use crate::record::HookDelivery;
use crate::server::Shared;

/// A challenge to be sent, and the call that asked for it.
#[derive(Debug)]
pub(crate) struct Challenge {
    pub(super) hook: Hook,
    pub(super) word: String,
    pub(super) ask: Ask,
}

/// Challenges the service, once more if it does not answer well, and tells what the caller is to hear.
pub(crate) async fn verdict(shared: &Shared, errand: Challenge) -> Answer {
    let Challenge { hook, word, ask } = errand;
    let mut letter = letter(&hook, "GET", Vec::new());
    letter.headers.push(("x-okta-verification-challenge".to_owned(), word.clone()));
    let mut flaw = String::new();
    for _ in 0..2 {
        match answered(&hook, shared, &letter).await.and_then(|heard| proof(&heard, &word)) {
            Ok(()) => return verified(shared, &ask, &hook.id).unwrap_or_else(|refusal| refusal),
            Err(why) => flaw = why,
        }
    }
    error::validation("verification", &[flaw])
}

async fn answered(hook: &Hook, shared: &Shared, letter: &Letter) -> Result<Heard, String> {
    if !is_loopback(&hook.channel.uri) {
        return Err("the sandbox calls plain http on loopback only".to_owned());
    }
    outgoing::send(letter, shared.hook_timeout)
        .await
        .ok_or_else(|| "the endpoint did not answer in time".to_owned())
}

fn proof(heard: &Heard, word: &str) -> Result<(), String> {
    if heard.status != 200 {
        return Err(format!("the endpoint answered with status {}", heard.status));
    }
    let body: Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    match body["verification"].as_str() {
        Some(echo) if echo == word => Ok(()),
        _ => Err("the endpoint did not answer with the challenge".to_owned()),
    }
}

/// The events that are due to a hook.
struct Parcel {
    hook: Hook,
    events: usize,
    letter: Letter,
}

/// Sends to each hook what has happened since it was last sent something, all of it in one request.
pub(crate) async fn deliver(shared: &Shared) -> Vec<HookDelivery> {
    let parcels = shared.world().okta.parcels(shared.clock.now());
    let mut deliveries = Vec::new();
    for parcel in parcels {
        let delivery = attempts(shared, &parcel).await;
        if !delivery.arrived() {
            note_failure(shared, &parcel.hook, &delivery);
        }
        deliveries.push(delivery);
    }
    deliveries
}

/// Once more after silence or a 5xx; a 4xx is final, and so is a redirect.
async fn attempts(shared: &Shared, parcel: &Parcel) -> HookDelivery {
    let mut attempts = Vec::new();
    while attempts.len() < 2 {
        let heard = answered(&parcel.hook, shared, &parcel.letter).await;
        let status = heard.ok().map(|heard| heard.status);
        attempts.push(status);
        if status.is_some_and(|status| status < 500) {
            break;
        }
    }
    HookDelivery { hook_id: parcel.hook.id.clone(), events: parcel.events, attempts }
}

impl Org {
    /// What is due, hook by hook. It is taken out: nothing is sent twice.
    fn parcels(&mut self, now: DateTime<Utc>) -> Vec<Parcel> {
        let (mut parcels, count) = (Vec::new(), self.log.count());
        for hook in self.hooks.all.iter_mut().filter(|hook| hook.active && hook.verified) {
            let fresh = self.log.heard_after(hook.heard);
            let events: Vec<Value> =
                fresh.into_iter().filter(|event| hook.delivers(event)).map(as_delivered).collect();
            hook.heard = count;
            if !events.is_empty() {
                let letter = parcel(hook, &events, &self.ids.uuid(), now);
                parcels.push(Parcel { hook: hook.clone(), events: events.len(), letter });
            }
        }
        parcels
    }
}

/// An event is not quite what the System Log answers.
fn as_delivered(event: &Value) -> Value {
    let mut event = event.clone();
    event["version"] = json!("0");
    let chain = event.pointer("/request/ipChain").cloned().unwrap_or_default();
    if let Some(client) = event.get_mut("client").and_then(Value::as_object_mut) {
        client.insert("ipChain".to_owned(), chain);
    }
    event
}

fn parcel(hook: &Hook, events: &[Value], event_id: &str, now: DateTime<Utc>) -> Letter {
    let envelope = json!({
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": hook.source(),
        "eventId": event_id,
        "eventTime": okta_time(now),
        "contentType": "application/json",
        "data": { "events": events },
    });
    let mut letter = letter(hook, "POST", envelope.to_string().into_bytes());
    letter.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    letter
}

fn letter(hook: &Hook, method: &'static str, body: Vec<u8>) -> Letter {
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    headers.extend(hook.channel.sent().map(|(key, value)| (key.to_owned(), value.to_owned())));
    Letter { method, uri: hook.channel.uri.clone(), headers, body: body.into() }
}
