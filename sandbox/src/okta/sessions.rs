//! Sessions of people who are signed in.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Org, error, log};
use crate::clock::okta_time;
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::sandbox::Sandbox;

/// How long a session is good if nobody does anything.
const LASTS: TimeDelta = TimeDelta::hours(2);

/// A session as Okta keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    id: String,
    user: String,
    created: DateTime<Utc>,
    refreshed: DateTime<Utc>,
}

impl Session {
    fn shown(&self, org: &Org, base: &str) -> Value {
        let href = format!("{base}/api/v1/sessions/{}", self.id);
        json!({
            "id": self.id, "userId": self.user, "login": org.users.find(&self.user).map(super::User::login),
            "createdAt": okta_time(self.created), "expiresAt": okta_time(self.refreshed + LASTS),
            "status": "ACTIVE", "lastPasswordVerification": okta_time(self.created),
            "lastFactorVerification": null, "amr": ["pwd"], "idp": { "id": "00osandboxorg0000000", "type": "OKTA" },
            "mfaActive": false,
            "_links": { "self": { "href": href, "hints": { "allow": ["GET", "DELETE"] } } },
        })
    }
}

impl Sandbox {
    /// Signs an Okta user in, named by id or login. Answers the id of the session. Nothing is logged.
    pub fn add_okta_session(&self, user: &str) -> Result<String, EditError> {
        let now = self.shared.clock.now();
        let org = &mut self.shared.world().okta;
        let user = org.users.find(user).ok_or_else(|| EditError(format!("no user {user}")))?.id.clone();
        let id = format!("102{}", org.ids.base62(22));
        org.sessions.push(Session { id: id.clone(), user, created: now, refreshed: now });
        Ok(id)
    }
}

/// How many sessions a user has.
pub(super) fn count(org: &Org, user: &str) -> usize {
    org.sessions.iter().filter(|session| session.user == user).count()
}

/// Ends all sessions of a user.
pub(super) fn clear(org: &mut Org, user: &str) {
    org.sessions.retain(|session| session.user != user);
}

/// Answers a call below `/sessions`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), below) {
        ("GET", [id]) => Ok(Answer::json(200, &named(org, ask, id)?.shown(org, &ask.base))),
        ("POST", [id, "lifecycle", "refresh"]) => refresh(org, ask, id),
        ("DELETE", [id]) => revoke(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// One that has run out is not there.
fn named(org: &Org, ask: &Ask, id: &str) -> Result<Session, Answer> {
    let found = org.sessions.iter().find(|session| session.id == id && session.refreshed + LASTS > ask.at);
    found.cloned().ok_or_else(|| error::not_found(id, "AppSession"))
}

fn refresh(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let mut session = named(org, ask, id)?;
    session.refreshed = ask.at;
    org.sessions.retain(|other| other.id != id);
    org.sessions.push(session.clone());
    Ok(Answer::json(200, &session.shown(org, &ask.base)))
}

fn revoke(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let session = named(org, ask, id)?;
    org.sessions.retain(|other| other.id != id);
    let targets = org.users.find(&session.user).map(log::user_target).into_iter().collect();
    org.note(ask, "user.session.end", "User logout from Okta", targets);
    Ok(Answer::empty(204))
}
