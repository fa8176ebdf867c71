//! What an administrator's business rule sends out of the instance: a signed hint that an item was approved.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;
use url::Url;

use super::schema::Schema;
use super::store::{Instance, Record};
use crate::outgoing::{self, Letter, is_loopback};
use crate::record::PushDelivery;
use crate::server::Shared;

/// How long the script waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The rule "Push approved items", and what it has yet to send: it is async.
pub(crate) struct Push {
    url: Url,
    key: Vec<u8>,
    due: Vec<Hint>,
}

/// The key is not shown.
impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Push({}, {} due)", self.url, self.due.len())
    }
}

#[derive(Debug, Clone)]
struct Hint {
    sys_id: String,
    number: String,
    sys_mod_count: u64,
}

impl Push {
    /// A push to a service on loopback, with a key in base64.
    pub(crate) fn new(url: &str, key: &str) -> Result<Self, String> {
        let url: Url = url.parse().map_err(|_| format!("{url} is no URL"))?;
        if !is_loopback(&url) {
            return Err("the sandbox calls plain http on loopback only".to_owned());
        }
        let key = STANDARD.decode(key).map_err(|_| "the key is no base64".to_owned())?;
        Ok(Self { url, key, due: Vec::new() })
    }

    fn letter(&self, hint: &Hint, now: DateTime<Utc>) -> Letter {
        let body = json!({
            "table": "sc_req_item",
            "sys_id": hint.sys_id,
            "number": hint.number,
            "sys_mod_count": hint.sys_mod_count,
        });
        let (timestamp, body) = (now.timestamp().to_string(), body.to_string());
        let signature = format!("v1={}", code(&self.key, &timestamp, &body));
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-push-timestamp", timestamp),
            ("x-push-signature", signature),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Letter { method: "POST", uri: self.url.clone(), headers, body: body.into() }
    }
}

impl Instance {
    /// Pushes there from now on; what is due stays due.
    pub(crate) fn push_to(&mut self, mut push: Push) {
        push.due = self.push.take().map(|old| old.due).unwrap_or_default();
        self.push = Some(push);
    }
}

/// HMAC-SHA256 of the time, a dot and the body.
fn code(key: &[u8], timestamp: &str, body: &str) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    STANDARD.encode(mac.chain_update(format!("{timestamp}.{body}")).finalize().into_bytes())
}

/// The rule's condition: `approval` changes to `approved`.
pub(super) fn note(instance: &mut Instance, table: &Schema, old: Option<&Record>, new: &Record) {
    let approved = |row: &Record| row.get("approval").is_some_and(|approval| approval == "approved");
    let Some(push) = &mut instance.push else { return };
    if table.name != "sc_req_item" || !approved(new) || old.is_some_and(approved) {
        return;
    }
    let get = |field: &str| new.get(field).cloned().unwrap_or_default();
    let sys_mod_count = get("sys_mod_count").parse().unwrap_or_default();
    push.due.push(Hint { sys_id: get("sys_id"), number: get("number"), sys_mod_count });
}

/// Sends what is due, once: a script does not try again.
pub(crate) async fn deliver(shared: &Shared) -> Vec<PushDelivery> {
    let mut deliveries = Vec::new();
    for (sys_id, letter) in letters(shared) {
        let status = outgoing::send(&letter, PATIENCE).await.map(|heard| heard.status);
        deliveries.push(PushDelivery { sys_id, status });
    }
    deliveries
}

fn letters(shared: &Shared) -> Vec<(String, Letter)> {
    let now = shared.clock.now();
    let Some(push) = &mut shared.world().servicenow.push else { return Vec::new() };
    let due = std::mem::take(&mut push.due);
    due.into_iter().map(|hint| (hint.sys_id.clone(), push.letter(&hint, now))).collect()
}
