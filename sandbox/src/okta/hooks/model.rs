//! A hook as the org keeps it, and as callers want it to be.

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use crate::clock::okta_time;
use crate::http::{Answer, Ask};
use crate::okta::{error, object};
use crate::outgoing::is_loopback;

/// How many types of events a hook may have.
const MOST_TYPES: usize = 300;

/// Types that no hook delivers; `*` stands for the rest.
const NOT_DELIVERED: &[&str] = &[
    "app.oauth2.as.token.detect_reuse",
    "app.oauth2.client.read_client_secret",
    "app.oauth2.token.detect_reuse",
    "application.provision.user.activate",
    "application.provision.user.deactivate",
    "application.provision.user.deprovision",
    "application.provision.user.push_password",
    "application.provision.user.verify_exists",
    "application.user_membership.approve",
    "application.user_membership.change_username",
    "application.user_membership.deprovision",
    "application.user_membership.provision",
    "application.user_membership.revoke",
    "certification.campaign.create",
    "certification.campaign.delete",
    "certification.campaign.update",
    "event_hook.*",
    "group.user_membership.rule.*",
    "network_zone.*",
    "policy.auth_reevaluate.action",
    "policy.auth_reevaluate.enforce",
    "policy.entity_risk.*",
    "policy.evaluate_sign_on",
    "policy.lifecycle.create",
    "policy.lifecycle.delete",
    "security.attack.end",
    "security.attack.start",
    "security.attack_protection.settings.update",
    "security.behavior.settings.*",
    "security.protected_action.*",
    "security.request.blocked",
    "security.session.detect_client_roaming",
    "security.threat.configuration.update",
    "security.threat.detected",
    "system.api_token.enable",
    "system.api_token.update",
    "system.mfa.factor.activate",
    "system.mfa.factor.deactivate",
    "user.account.expire_password",
    "user.account.lock.limit",
    "user.account.unlock_failure",
    "user.account.unlock_token",
    "user.account.update_primary_email",
    "user.account.update_secondary_email",
    "user.account.update_user_type",
    "user.lifecycle.delete.completed",
    "user.mfa.attempt_bypass",
    "user.mfa.okta_verify.*",
    "user.session.access_admin_app",
    "user.session.expire",
    "user.session.impersonation.*",
    "zone.*",
];

#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(super) id: String,
    name: String,
    description: Option<String>,
    pub(super) active: bool,
    pub(super) verified: bool,
    created: DateTime<Utc>,
    created_by: String,
    pub(super) last_updated: DateTime<Utc>,
    types: Vec<String>,
    pub(super) channel: Channel,
    /// Where the org was when the hook was made: the source of its deliveries.
    base: String,
    /// The number of the last event that it was looked at for.
    pub(super) heard: u64,
}

/// Where a hook's service is, and what it knows Okta by.
#[derive(Clone, PartialEq)]
pub(super) struct Channel {
    pub(super) uri: Url,
    pub(super) headers: Vec<(String, String)>,
    /// The header of the secret, and the secret.
    scheme: Option<(String, Option<String>)>,
}

/// The secret never comes back, not even here.
impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channel({})", self.uri)
    }
}

/// What a caller wants a hook to be.
pub(super) struct Wanted {
    name: String,
    description: Option<String>,
    types: Vec<String>,
    pub(super) channel: Channel,
}

impl Hook {
    pub(super) fn new(id: String, wanted: Wanted, created_by: String, ask: &Ask) -> Self {
        Self {
            id,
            name: wanted.name,
            description: wanted.description,
            active: true,
            verified: false,
            created: ask.at,
            created_by,
            last_updated: ask.at,
            types: wanted.types,
            channel: wanted.channel,
            base: ask.base.clone(),
            heard: 0,
        }
    }

    /// A changed channel has to be verified again.
    pub(super) fn becomes(&mut self, wanted: Wanted) {
        self.verified &= self.channel == wanted.channel;
        (self.name, self.description) = (wanted.name, wanted.description);
        (self.types, self.channel) = (wanted.types, wanted.channel);
    }

    pub(super) fn delivers(&self, event: &Value) -> bool {
        event["eventType"].as_str().is_some_and(|kind| self.types.iter().any(|wanted| wanted == kind))
    }

    pub(super) fn source(&self) -> String {
        format!("{}/api/v1/eventHooks/{}", self.base, self.id)
    }

    pub(super) fn target(&self) -> Value {
        json!({
            "id": self.id, "type": "EventHook", "alternateId": "unknown", "displayName": self.name,
            "detailEntry": null,
        })
    }

    /// As the API shows it: without the secret.
    pub(super) fn shown(&self, base: &str) -> Value {
        let header = |(key, value): &(String, String)| json!({ "key": key, "value": value });
        let headers: Vec<Value> = self.channel.headers.iter().map(header).collect();
        let scheme = self.channel.scheme.as_ref().map(|(key, _)| json!({ "type": "HEADER", "key": key }));
        json!({
            "id": self.id,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "verificationStatus": if self.verified { "VERIFIED" } else { "UNVERIFIED" },
            "name": self.name,
            "description": self.description,
            "created": okta_time(self.created),
            "createdBy": self.created_by,
            "lastUpdated": okta_time(self.last_updated),
            "events": { "type": "EVENT_TYPE", "items": self.types, "filter": null },
            "channel": { "type": "HTTP", "version": "1.0.0", "config": {
                "uri": self.channel.uri.as_str(), "headers": headers, "method": "POST", "authScheme": scheme,
            } },
            "_links": self.links(base),
        })
    }

    fn links(&self, base: &str) -> Value {
        let own = format!("{base}/api/v1/eventHooks/{}", self.id);
        let act = |action: &str| json!({ "href": format!("{own}/lifecycle/{action}"), "hints": { "allow": ["POST"] } });
        if self.active {
            return json!({
                "self": { "href": own }, "verify": act("verify"), "deactivate": act("deactivate"),
            });
        }
        let delete = json!({ "href": own, "hints": { "allow": ["DELETE"] } });
        json!({ "self": { "href": own }, "activate": act("activate"), "delete": delete })
    }
}

impl Channel {
    /// The headers that every request of the hook has.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = self.scheme.as_ref().and_then(|(key, value)| Some((key.as_str(), value.as_deref()?)));
        let headers = self.headers.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        headers.chain(secret)
    }

    pub(super) fn has_scheme_without_secret(&self) -> bool {
        self.scheme.as_ref().is_some_and(|(_, value)| value.is_none())
    }
}

impl Wanted {
    pub(super) fn of(ask: &Ask) -> Result<Self, Answer> {
        let body = object(ask)?;
        let events = &body.get("events").cloned().unwrap_or_default();
        if !events["filter"].is_null() {
            return Err(ask.not_modelled("an event hook's filter"));
        }
        let name = body.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
        Ok(Self {
            name: name.ok_or_else(|| blank("name"))?.to_owned(),
            description: body.get("description").and_then(Value::as_str).map(str::to_owned),
            types: types(events)?,
            channel: channel(&body)?,
        })
    }
}

fn blank(field: &str) -> Answer {
    wrong(field, "The field cannot be left blank")
}

fn wrong(field: &str, why: &str) -> Answer {
    error::validation(field, &[format!("{field}: {why}")])
}

fn types(events: &Value) -> Result<Vec<String>, Answer> {
    if events["type"] != "EVENT_TYPE" {
        return Err(wrong("events.type", "must be EVENT_TYPE"));
    }
    let items = events["items"].as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| blank("events.items"))?;
    if items.len() > MOST_TYPES {
        return Err(wrong("events.items", "no more than 300 event types"));
    }
    let text = |item: &Value| item.as_str().map(str::to_owned);
    let types: Option<Vec<String>> = items.iter().map(text).collect();
    let types = types.ok_or_else(|| wrong("events.items", "must be event types"))?;
    match types.iter().find(|kind| !is_eligible(kind)) {
        Some(kind) => Err(wrong("events.items", &format!("{kind} is not eligible for event hooks"))),
        None => Ok(types),
    }
}

fn is_eligible(kind: &str) -> bool {
    !NOT_DELIVERED.iter().any(|other| match other.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => kind == *other,
    })
}

fn channel(body: &Map<String, Value>) -> Result<Channel, Answer> {
    let channel = body.get("channel").ok_or_else(|| blank("channel"))?;
    if channel["type"] != "HTTP" || channel["version"] != "1.0.0" {
        return Err(wrong("channel", "must be of type HTTP and version 1.0.0"));
    }
    let config = &channel["config"];
    Ok(Channel { uri: uri(config)?, headers: headers(config)?, scheme: scheme(&config["authScheme"])? })
}

/// Okta takes `https` only. Plain `http` on loopback is the sandbox's own: it is what a test has.
fn uri(config: &Value) -> Result<Url, Answer> {
    let text = config["uri"].as_str().ok_or_else(|| blank("channel.config.uri"))?;
    let uri = Url::parse(text).map_err(|_| wrong("channel.config.uri", "must be a URI"))?;
    if uri.scheme() == "https" || is_loopback(&uri) {
        return Ok(uri);
    }
    Err(wrong("channel.config.uri", "must be https"))
}

fn headers(config: &Value) -> Result<Vec<(String, String)>, Answer> {
    let header = |header: &Value| {
        let (key, value) = (header["key"].as_str()?, header["value"].as_str()?);
        is_header(key, value).then(|| (key.to_owned(), value.to_owned()))
    };
    let headers = config["headers"].as_array().into_iter().flatten().map(header);
    headers.collect::<Option<_>>().ok_or_else(|| wrong("channel.config.headers", "must be headers"))
}

fn scheme(scheme: &Value) -> Result<Option<(String, Option<String>)>, Answer> {
    if scheme.is_null() {
        return Ok(None);
    }
    let field = "channel.config.authScheme";
    let is_header_scheme = scheme["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("HEADER"));
    let (key, value) = (scheme["key"].as_str().unwrap_or_default(), scheme["value"].as_str());
    if !is_header_scheme || !is_header(key, value.unwrap_or_default()) {
        return Err(wrong(field, "must be a header"));
    }
    Ok(Some((key.to_owned(), value.map(str::to_owned))))
}

fn is_header(key: &str, value: &str) -> bool {
    key.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok()
}
