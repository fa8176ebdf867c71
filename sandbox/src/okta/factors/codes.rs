//! Pass codes: what phones, mailboxes and apps show, what was used, and how lately a number got a message.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::text;
use crate::http::{Answer, Ask};
use crate::id;
use crate::okta::error;

/// One message per number in so many seconds.
const BETWEEN_MESSAGES: i64 = 30;
const APP_STEP: i64 = 30;

/// The codes of all factors, by the factor's id.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    sent: HashMap<String, Sent>,
    answers: HashMap<String, String>,
    /// Which were used, with the factor's id.
    used: HashSet<(String, String)>,
    /// When a number last got a message.
    messages: HashMap<String, DateTime<Utc>>,
    /// The code with which messages to phones are refused, if they are.
    pub(super) refused_with: Option<String>,
    count: u64,
}

#[derive(Debug)]
struct Sent {
    code: String,
    until: DateTime<Utc>,
}

impl Codes {
    /// Refuses whatever has to do with phones once the org's messages are used up.
    pub(super) fn check_telephony(&self, kind: &str) -> Result<(), Answer> {
        match &self.refused_with {
            Some(code) if matches!(kind, "sms" | "call") => {
                Err(error::error(429, code, "The telephony limit has been reached.", &[]))
            }
            _ => Ok(()),
        }
    }

    /// Sends a code to a phone or mailbox, unless the number had one just now.
    pub(super) fn send(&mut self, ask: &Ask, factor: &Value, lifetime: TimeDelta) -> Result<(), Answer> {
        self.check_telephony(text(factor, "factorType"))?;
        let number = text(&factor["profile"], "phoneNumber");
        if !number.is_empty() {
            let last = self.messages.get(number);
            if last.is_some_and(|last| ask.at - *last < TimeDelta::seconds(BETWEEN_MESSAGES)) {
                return Err(too_soon(text(factor, "factorType")));
            }
            self.messages.insert(number.to_owned(), ask.at);
        }
        self.count += 1;
        let id = text(factor, "id");
        let code = digits(&format!("{id}:{}", self.count));
        self.sent.insert(id.to_owned(), Sent { code, until: ask.at + lifetime });
        Ok(())
    }

    pub(super) fn set_answer(&mut self, id: &str, answer: &str) {
        self.answers.insert(id.to_owned(), answer.to_owned());
    }

    /// What the person reads now.
    pub(super) fn now(&self, factor: &Value, at: DateTime<Utc>) -> Option<String> {
        let id = text(factor, "id");
        match text(factor, "factorType") {
            "token:software:totp" | "token:hotp" => Some(app_code(id, at)),
            "question" => self.answers.get(id).cloned(),
            _ => self.sent.get(id).map(|sent| sent.code.clone()),
        }
    }

    /// Whether a code is the one, and takes it: it is good once.
    pub(super) fn take(&mut self, factor: &Value, code: &str, at: DateTime<Utc>) -> Result<(), Answer> {
        let id = text(factor, "id");
        let right = self.now(factor, at).is_some_and(|right| right == code);
        if text(factor, "factorType") == "question" {
            return if right { Ok(()) } else { Err(wrong()) };
        }
        let key = (id.to_owned(), code.to_owned());
        if self.used.contains(&key) {
            let summary = "Each code can only be used once. Please wait for a new code and try again.";
            return Err(error::error(403, "E0000082", summary, &[]));
        }
        if !right {
            return Err(wrong());
        }
        if self.sent.get(id).is_some_and(|sent| sent.code == code && at >= sent.until) {
            let summary = "Passcode valid but exceeded time window.";
            return Err(error::error(403, "E0000083", summary, &[]));
        }
        self.used.insert(key);
        Ok(())
    }
}

fn app_code(id: &str, at: DateTime<Utc>) -> String {
    digits(&format!("{id}:{}", at.timestamp() / APP_STEP))
}

/// Six digits that depend on the text.
fn digits(of: &str) -> String {
    let hash = id::sha256_hex(of);
    let number = u32::from_str_radix(&hash[..8], 16).unwrap_or_default();
    format!("{:06}", number % 1_000_000)
}

fn wrong() -> Answer {
    let cause = "Your passcode doesn't match our records. Please try again.".to_owned();
    error::error(403, "E0000068", "Invalid Passcode/Answer", &[cause])
}

fn too_soon(kind: &str) -> Answer {
    let (code, summary) = match kind {
        "call" => ("E0000133", "A factor call has recently been made."),
        _ => ("E0000109", "An SMS message was recently sent. Please wait 30 seconds before trying again."),
    };
    error::error(429, code, summary, &[])
}
