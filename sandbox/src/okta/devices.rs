//! Devices, their lifecycle, and who uses them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::filter::{self, Case, Op};
use super::index::Index;
use super::{Org, error, page, users};
use crate::clock::okta_time;
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::sandbox::Sandbox;

/// A device as Okta keeps it.
#[derive(Debug, Clone)]
struct Device {
    key: u64,
    id: String,
    status: &'static str,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    profile: Map<String, Value>,
    /// Who uses it; nobody once it is deactivated.
    user: Option<String>,
}

impl Device {
    fn body(&self) -> Value {
        let name = self.profile.get("displayName");
        json!({
            "id": self.id, "status": self.status, "created": okta_time(self.created),
            "lastUpdated": okta_time(self.last_updated), "profile": self.profile, "resourceType": "UDDevice",
            "resourceDisplayName": { "value": name, "sensitive": false }, "resourceAlternateId": null,
            "resourceId": self.id,
        })
    }

    fn target(&self) -> Value {
        json!({
            "id": self.id, "type": "Device", "alternateId": null, "displayName": self.profile.get("displayName"),
            "detailEntry": null,
        })
    }
}

/// All devices, in order of registration, and the index that searches read.
#[derive(Debug)]
pub(crate) struct Devices {
    rows: Vec<Device>,
    next: u64,
    index: Index,
}

impl Devices {
    pub(super) fn new(lag: TimeDelta) -> Self {
        Self { rows: Vec::new(), next: 0, index: Index::new(lag) }
    }

    pub(super) fn state(&self) -> Value {
        self.rows.iter().map(Device::body).collect()
    }
}

impl Sandbox {
    /// Registers an ACTIVE device of an Okta user, named by id or login, as if it had long been there. `profile` has
    /// `displayName` and `platform`, and whatever else a test wants. Answers its id.
    pub fn add_okta_device(&self, user: &str, profile: &Value) -> Result<String, EditError> {
        let now = self.shared.clock.now();
        let org = &mut self.shared.world().okta;
        let user = org.users.find(user).ok_or_else(|| EditError(format!("no user {user}")))?.id.clone();
        let mut profile = profile.as_object().cloned().ok_or_else(|| EditError("no profile".to_owned()))?;
        profile.entry("registered").or_insert(true.into());
        let id = org.ids.okta("guo");
        org.devices.next += 1;
        let key = org.devices.next;
        let (created, last_updated, status) = (now, now, "ACTIVE");
        let device = Device { key, id: id.clone(), status, created, last_updated, profile, user: Some(user) };
        org.devices.index.seed(key, device.body());
        org.devices.rows.push(device);
        Ok(id)
    }
}

/// Answers a call below `/devices`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask),
        ("GET", [id]) => {
            ask.only_parameters(&[])?;
            Ok(Answer::json(200, &named(org, id)?.body()))
        }
        ("GET", [id, "users"]) => {
            ask.only_parameters(&[])?;
            Ok(page::whole(ask, users_of(org, ask, &named(org, id)?, false)))
        }
        ("POST", [id, "lifecycle", action]) => act(org, ask, id, action),
        ("DELETE", [id]) => delete(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn named(org: &Org, id: &str) -> Result<Device, Answer> {
    let found = org.devices.rows.iter().find(|device| device.id == id);
    found.cloned().ok_or_else(|| error::not_found(id, "Device"))
}

fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["search", "expand", "after", "limit"])?;
    let summary = match ask.query.text("expand") {
        None => None,
        Some("user") => Some(false),
        Some("userSummary") => Some(true),
        Some(_) => return Err(error::validation("expand", &["expand: user or userSummary".to_owned()])),
    };
    let expr = match ask.query.text("search") {
        None => None,
        Some(text) => Some(searchable(text).map_err(|why| error::bad_search(&why))?),
    };
    let seen = org.devices.index.seen_at(ask.at);
    let rows = seen.filter(|(_, row)| expr.as_ref().is_none_or(|expr| expr.matches(row, Case::Insensitive)));
    page::by_key(ask, rows, page::limit(ask, 200, 200)?, |row| {
        let mut shown = row.clone();
        let device = org.devices.rows.iter().find(|device| device.id == row["id"]);
        if let (Some(summary), Some(device)) = (summary, device) {
            shown["_embedded"] = json!({ "users": users_of(org, ask, device, summary) });
        }
        shown
    })
}

fn searchable(text: &str) -> Result<filter::Expr, String> {
    const CONTAINS: [&str; 6] = ["displayName", "serialNumber", "imei", "meid", "udid", "sid"];
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| match attribute.strip_prefix("profile.") {
        Some(name) if op != Op::Co || CONTAINS.contains(&name) => Ok(()),
        None if matches!(attribute, "id" | "status" | "lastUpdated") && op != Op::Co => Ok(()),
        _ => Err(format!("operator {op:?} is not supported on {attribute}")),
    })?;
    Ok(expr)
}

fn users_of(org: &Org, ask: &Ask, device: &Device, summary: bool) -> Vec<Value> {
    let user = device.user.as_ref().and_then(|id| org.users.find(id));
    let shown = user.map(|user| {
        let mut whole = user.with_links(&ask.base);
        if summary {
            let profile = ["firstName", "lastName", "login", "email"].map(|name| (name, user.text(name)));
            whole = json!({ "id": user.id, "profile": Map::from_iter(profile.map(|(name, text)| (name.to_owned(), text.into()))) });
        }
        json!({
            "created": okta_time(device.created), "managementStatus": "NOT_MANAGED", "screenLockType": "PASSCODE",
            "user": whole,
        })
    });
    shown.into_iter().collect()
}

/// `GET /users/{id}/devices`
pub(super) fn of_user(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = users::named(org, name)?;
    let theirs = org.devices.rows.iter().filter(|device| device.user.as_ref() == Some(&user.id));
    let rows = theirs.map(|device| {
        let pair = format!("lnk{}", &device.id[3..]);
        json!({ "created": okta_time(device.created), "deviceUserId": pair, "device": device.body() })
    });
    Ok(page::whole(ask, rows.collect()))
}

fn act(org: &mut Org, ask: &Ask, id: &str, action: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut device = named(org, id)?;
    let (from, to): (&[&str], _) = match action {
        "activate" => (&["CREATED", "DEACTIVATED"], "ACTIVE"),
        "deactivate" => (&["ACTIVE", "SUSPENDED"], "DEACTIVATED"),
        "suspend" => (&["ACTIVE"], "SUSPENDED"),
        "unsuspend" => (&["SUSPENDED"], "ACTIVE"),
        _ => return Err(ask.not_modelled("the lifecycle action")),
    };
    if !from.contains(&device.status) {
        return Err(wrong_status());
    }
    if to == "DEACTIVATED" {
        device.user = None;
    }
    (device.status, device.last_updated) = (to, ask.at);
    org.devices.index.put(device.key, Some(device.body()), ask.at);
    let (kind, target) = (format!("device.lifecycle.{action}"), device.target());
    for known in org.devices.rows.iter_mut().filter(|known| known.id == id) {
        *known = device.clone();
    }
    org.note(ask, &kind, "Device lifecycle", vec![target]);
    Ok(Answer::empty(204))
}

fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let device = named(org, id)?;
    if device.status != "DEACTIVATED" {
        return Err(wrong_status());
    }
    org.devices.rows.retain(|known| known.id != id);
    org.devices.index.put(device.key, None, ask.at);
    org.note(ask, "device.lifecycle.delete", "Delete device", vec![device.target()]);
    Ok(Answer::empty(204))
}

/// The code that the catalogue has for devices; its wording is nowhere recorded.
fn wrong_status() -> Answer {
    error::error(403, "E0000152", "The operation is not allowed in the device's current status.", &[])
}
