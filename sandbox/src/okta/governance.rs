//! Identity Governance: a catalog, requests for access with their approvals, campaigns with their reviews.
//!
//! What waits happens when its time has come: see [`settle`].

mod campaigns;
mod catalog;
mod list;
mod requests;
mod reviews;
mod tasks;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use self::campaigns::Campaign;
use self::catalog::Entry;
use self::requests::Request;
use self::reviews::Review;
use self::tasks::Task;
use super::users::User;
use super::{Org, error, log};
use crate::edit::EditError;
use crate::http::{Ask, Reply};
use crate::sandbox::Sandbox;

/// How long Okta looks at a request before somebody may decide, or it is rejected; and how long a campaign takes to
/// make its reviews.
const LOOKS_FOR: TimeDelta = TimeDelta::seconds(2);

/// What governance remembers.
#[derive(Debug, Default)]
pub(crate) struct Governance {
    unlicensed: bool,
    entries: Vec<Entry>,
    requests: Vec<Request>,
    tasks: Vec<Task>,
    campaigns: Vec<Campaign>,
    reviews: Vec<Review>,
}

impl Governance {
    /// For a test to look at.
    pub(super) fn state(&self) -> Value {
        json!({
            "requests": self.requests.iter().map(Request::state).collect::<Vec<_>>(),
            "campaigns": self.campaigns.iter().map(Campaign::shown).collect::<Vec<_>>(),
            "reviews": self.reviews.iter().map(Review::state).collect::<Vec<_>>(),
        })
    }
}

impl Sandbox {
    /// Takes the org's licence for Identity Governance away: every call of it is refused with E0000015.
    pub fn drop_governance_licence(&self) {
        self.shared.world().okta.governance.unlicensed = true;
    }

    /// Puts something into the catalog that people may ask for: membership of an Okta group, by name or id, as the
    /// way into an app. With an approver, named by id or login, a request waits for them; without, Okta rejects it
    /// after two seconds. Answers the entry's id; the app's entry is its parent.
    pub fn add_catalog_entry(
        &self,
        app: &str,
        group: &str,
        approver: Option<&str>,
    ) -> Result<String, EditError> {
        catalog::add(&mut self.shared.world().okta, app, group, approver)
    }

    /// Decides a review, `APPROVE` or `REVOKE`, as its reviewer would: there is no call for it that an admin may
    /// make. What the campaign says of revoked access happens at once. Nothing is logged.
    pub fn decide_review(&self, review: &str, decision: &str) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        reviews::decide(&mut self.shared.world().okta, review, decision, now)
    }
}

/// Answers a call below `/governance/api`.
pub(super) fn route(org: &mut Org, ask: &Ask, path: &[&str]) -> Reply {
    if org.governance.unlicensed {
        let summary = "You do not have permission to access the feature you are requesting";
        return Err(error::error(401, "E0000015", summary, &[]));
    }
    match (ask.method.as_str(), path) {
        ("GET", ["v2", "catalogs", "default", "entries"]) => catalog::list(org, ask),
        ("GET", ["v2", "catalogs", "default", "user", user, "entries"]) => catalog::list_for(org, ask, user),
        ("GET", ["v2", "catalogs", "default", "entries", entry]) => catalog::get(org, ask, entry),
        ("GET", ["v2", "catalogs", "default", "entries", entry, "users", user, "request-fields"]) => {
            catalog::request_fields(org, ask, entry, user)
        }
        ("GET", ["v2", "requests"]) => requests::list(org, ask),
        ("POST", ["v2", "requests"]) => requests::create(org, ask),
        ("GET", ["v2", "requests", id]) => requests::get(org, ask, id),
        ("POST", ["v2", "requests", id, "messages"]) => requests::add_message(org, ask, id),
        ("GET", ["v2", "tasks"]) => tasks::list(org, ask),
        ("GET", ["v2", "tasks", id]) => tasks::get(org, ask, id),
        ("POST", ["v2", "tasks", id, "resolve"]) => tasks::resolve(org, ask, id),
        ("GET", ["v1", "campaigns"]) => campaigns::list(org, ask),
        ("POST", ["v1", "campaigns"]) => campaigns::create(org, ask),
        ("GET", ["v1", "campaigns", id]) => campaigns::get(org, ask, id),
        ("DELETE", ["v1", "campaigns", id]) => campaigns::delete(org, ask, id),
        ("POST", ["v1", "campaigns", id, "launch"]) => campaigns::launch(org, ask, id),
        ("POST", ["v1", "campaigns", id, "end"]) => campaigns::end(org, ask, id),
        ("POST", ["v1", "campaigns", id, "reviews", "reassign"]) => reviews::reassign(org, ask, id),
        ("GET", ["v1", "reviews"]) => reviews::list(org, ask),
        ("GET", ["v1", "reviews", id]) => reviews::get(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// Does what was due by now.
pub(super) fn settle(org: &mut Org, now: DateTime<Utc>) {
    requests::settle(org, now);
    campaigns::settle(org, now);
}

/// Puts a user into a group, or out of it, as a job of Okta's own.
fn set_member(org: &mut Org, group: &str, user: &str, member: bool, at: DateTime<Utc>) {
    let found = org.groups.find(group).cloned().zip(org.users.find(user).cloned());
    let Some((group, user)) = found else { return };
    if !org.groups.set_member(group.key, user.key, member, at) {
        return;
    }
    let (kind, message) = if member {
        ("group.user_membership.add", "Add user to group membership")
    } else {
        ("group.user_membership.remove", "Remove user from group membership")
    };
    org.note_job(at, kind, message, vec![log::user_target(&user), log::group_target(&group)]);
}

/// Governance's form of a time: without milliseconds.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn person(user: Option<&User>, id: &str) -> Value {
    let text = |name| user.map_or("", |user| user.text(name));
    json!({
        "id": id, "email": text("email"), "firstName": text("firstName"), "lastName": text("lastName"),
        "login": text("login"), "type": "USER",
        "status": if user.is_some_and(|user| user.status == super::Status::Active) { "ACTIVE" } else { "INACTIVE" },
    })
}
