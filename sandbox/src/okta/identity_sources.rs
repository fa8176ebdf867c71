//! Identity sources: users and groups that a directory of one's own uploads, in sessions or one by one.
//!
//! Users come in active, with what the source's app has mapped; when they go, their account is deactivated.

mod apply;
mod mappings;
mod sessions;
mod single;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use self::mappings::Mapping;
use self::sessions::Session;
use super::{Org, error};
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::sandbox::Sandbox;

pub(super) use mappings::route as route_mappings;

/// Attributes of the source's app, with the Okta attributes that they become.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("userName", "login"),
    ("email", "email"),
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("secondEmail", "secondEmail"),
    ("mobilePhone", "mobilePhone"),
    ("homeAddress", "postalAddress"),
];

/// A source as Okta keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    id: String,
    mapping: Mapping,
    sessions: Vec<Session>,
    /// By the source's own key: the Okta user, and the profile that was uploaded.
    users: BTreeMap<String, Imported>,
    groups: BTreeMap<String, Imported>,
}

/// What came of an upload.
#[derive(Debug, Clone)]
struct Imported {
    id: String,
    profile: Map<String, Value>,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
}

impl Sandbox {
    /// Makes an identity source: a *Custom Identity Source* app. Answers its id.
    pub fn add_identity_source(&self) -> Result<String, EditError> {
        let org = &mut self.shared.world().okta;
        let id = org.ids.okta("0oa");
        let mapping = Mapping::new(org.ids.okta("prm"));
        let (sessions, users, groups) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        org.sources.push(Source { id: id.clone(), mapping, sessions, users, groups });
        Ok(id)
    }
}

/// Answers a call below `/identity-sources`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    let [source, below @ ..] = below else { return Err(ask.not_modelled("the call")) };
    let at = org.sources.iter().position(|known| known.id == *source);
    let at = at.ok_or_else(|| error::not_found(source, "AppInstance"))?;
    match below {
        ["sessions", below @ ..] => sessions::route(org, ask, at, below),
        ["users", below @ ..] => single::route_users(org, ask, at, below),
        ["groups", below @ ..] => single::route_groups(org, ask, at, below),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// Imports what is due by now.
pub(super) fn settle(org: &mut Org, now: DateTime<Utc>) {
    for at in 0..org.sources.len() {
        sessions::settle(org, at, now);
    }
}

/// Refuses a profile with attributes that the source's app does not have, or without those that it must have.
fn check_profile(profile: &Map<String, Value>) -> Result<(), Answer> {
    let known = |name: &str| ATTRIBUTES.iter().any(|(source, _)| *source == name);
    let unknown = profile.keys().filter(|name| !known(name));
    let unknown = unknown.map(|name| format!("Property name '{name}' is not defined in profile"));
    let missing = ["userName", "email", "firstName", "lastName"];
    let missing =
        missing.iter().filter(|name| profile.get(**name).and_then(Value::as_str).is_none_or(str::is_empty));
    let causes: Vec<String> =
        unknown.chain(missing.map(|name| format!("{name}: The field cannot be left blank"))).collect();
    if causes.is_empty() { Ok(()) } else { Err(error::validation("profile", &causes)) }
}

fn profile_of(body: &Value) -> Map<String, Value> {
    body["profile"].as_object().cloned().unwrap_or_default()
}

fn key_of(body: &Value) -> Result<String, Answer> {
    match body["externalId"].as_str() {
        Some(key) if (1..=512).contains(&key.chars().count()) => Ok(key.to_owned()),
        _ => Err(error::validation("externalId", &["externalId: The field cannot be left blank".to_owned()])),
    }
}

fn shown(key: &str, imported: &Imported) -> Value {
    json!({
        "id": imported.id, "externalId": key, "created": crate::clock::okta_time(imported.created),
        "lastUpdated": crate::clock::okta_time(imported.last_updated), "profile": imported.profile,
    })
}
