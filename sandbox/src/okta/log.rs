//! The System Log: one event for every change, read by polling or between bounds.

mod read;
mod store;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Org;
use super::groups::Group;
use super::users::User;
use crate::clock::okta_time;
use crate::http::Ask;

pub(super) use read::list;
pub(crate) use store::SystemLog;

impl Org {
    /// Logs what a call did. The ids in it join the event to the answer's `X-Okta-Request-Id`.
    pub(super) fn note(&mut self, ask: &Ask, kind: &str, message: &str, targets: Vec<Value>) {
        let owner = || self.users.find(&self.token_owner).map_or(Value::Null, user_target);
        let actor = self.oauth.actor().unwrap_or_else(owner);
        let uuid = self.log.new_uuid();
        let query = ask.target.split_once('?').map_or("", |(_, query)| query);
        let event = json!({
            "uuid": uuid,
            "published": okta_time(ask.at),
            "eventType": kind,
            "version": "0",
            "severity": "INFO",
            "legacyEventType": null,
            "displayMessage": message,
            "actor": actor,
            "client": client(ask.user_agent()),
            "device": null,
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
                "interface": null, "authenticationStep": 0, "rootSessionId": null, "externalSessionId": "unknown",
            },
            "outcome": {"result": "SUCCESS", "reason": null},
            "target": targets,
            "transaction": {"type": "WEB", "id": ask.request_id, "detail": {"requestApiTokenId": "00Tsandboxtoken00000"}},
            "debugContext": {"debugData": {
                "requestId": ask.request_id, "requestUri": ask.path, "url": format!("{}?{query}", ask.path),
            }},
            "securityContext": {"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null},
            "request": {"ipChain": [
                {"ip": "127.0.0.1", "version": "V4", "source": null, "geographicalContext": null},
            ]},
        });
        self.log.push(event, ask.at, ask.at);
    }

    /// Logs what the org itself did, outside of any call.
    pub(super) fn note_job(&mut self, at: DateTime<Utc>, kind: &str, message: &str, targets: Vec<Value>) {
        let outcome = json!({"result": "SUCCESS", "reason": null});
        self.note_own(at, kind, message, ("INFO", outcome), targets);
    }

    /// Logs what the org itself failed to do, outside of any call.
    pub(super) fn note_failed_job(
        &mut self,
        at: DateTime<Utc>,
        kind: &str,
        message: &str,
        reason: &str,
        target: Value,
    ) {
        let outcome = json!({"result": "FAILURE", "reason": reason});
        self.note_own(at, kind, message, ("WARN", outcome), vec![target]);
    }

    fn note_own(
        &mut self,
        at: DateTime<Utc>,
        kind: &str,
        message: &str,
        (severity, outcome): (&str, Value),
        targets: Vec<Value>,
    ) {
        let event = json!({
            "uuid": self.log.new_uuid(),
            "published": okta_time(at),
            "eventType": kind,
            "version": "0",
            "severity": severity,
            "legacyEventType": null,
            "displayMessage": message,
            "actor": {
                "id": "00usandboxsystem0000", "type": "SystemPrincipal", "alternateId": "system@okta.com",
                "displayName": "Okta System", "detailEntry": null,
            },
            "client": null,
            "device": null,
            "authenticationContext": null,
            "outcome": outcome,
            "target": targets,
            "transaction": {"type": "JOB", "id": self.log.new_uuid(), "detail": {}},
            "debugContext": {"debugData": {}},
            "securityContext": null,
            "request": {"ipChain": []},
        });
        self.log.push(event, at, at);
    }
}

fn client(user_agent: &str) -> Value {
    json!({
        "userAgent": {"rawUserAgent": user_agent, "os": "Unknown", "browser": "UNKNOWN"},
        "zone": "null", "device": "Unknown", "id": null, "ipAddress": "127.0.0.1", "geographicalContext": null,
    })
}

pub(super) fn user_target(user: &User) -> Value {
    json!({
        "id": user.id, "type": "User", "alternateId": user.login(), "displayName": user.display_name(),
        "detailEntry": null,
    })
}

pub(super) fn group_target(group: &Group) -> Value {
    json!({
        "id": group.id, "type": "UserGroup", "alternateId": "unknown", "displayName": group.name(),
        "detailEntry": null,
    })
}
