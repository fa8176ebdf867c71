//! Sessions: uploads that are imported together.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{apply, check_profile, key_of, profile_of};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, object, page};

const MOST_PER_UPLOAD: usize = 200;
const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(24);
/// After a start: how long the import waits for its turn, and when it is done.
const BEGINS_AFTER: TimeDelta = TimeDelta::seconds(5);
const DONE_AFTER: TimeDelta = TimeDelta::seconds(15);

/// A session as Okta keeps it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    id: String,
    status: &'static str,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    started: Option<DateTime<Utc>>,
    /// What was uploaded: the call's last word and its body.
    uploads: Vec<(String, Value)>,
}

impl Session {
    fn shown(&self, source: &str) -> Value {
        json!({
            "id": self.id, "identitySourceId": source, "status": self.status, "importType": "INCREMENTAL",
            "created": okta_time(self.created), "lastUpdated": okta_time(self.last_updated),
        })
    }
}

pub(super) fn settle(org: &mut Org, source: usize, now: DateTime<Utc>) {
    for n in 0..org.sources[source].sessions.len() {
        let mut session = org.sources[source].sessions[n].clone();
        if session.status == "CREATED" && session.created + EXPIRES_AFTER <= now {
            (session.status, session.last_updated) = ("EXPIRED", session.created + EXPIRES_AFTER);
        }
        let Some(started) = session.started else {
            org.sources[source].sessions[n] = session;
            continue;
        };
        let (begins, done) = (started + BEGINS_AFTER, started + DONE_AFTER);
        if session.status == "TRIGGERED" && begins <= now {
            (session.status, session.last_updated) = ("IN_PROGRESS", begins);
            org.note_job(begins, "system.import.start", "Import started", Vec::new());
        }
        if session.status == "IN_PROGRESS" && done <= now {
            apply::uploads(org, source, &session.uploads, done);
            (session.status, session.last_updated) = ("COMPLETED", done);
            org.note_job(done, "system.import.complete", "Import completed", Vec::new());
        }
        org.sources[source].sessions[n] = session;
    }
}

pub(super) fn route(org: &mut Org, ask: &Ask, source: usize, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    let id = org.sources[source].id.clone();
    match (ask.method.as_str(), below) {
        ("GET", []) => {
            let all = org.sources[source].sessions.iter().map(|session| session.shown(&id));
            Ok(page::whole(ask, all.collect()))
        }
        ("POST", []) => create(org, ask, source),
        ("GET", [session]) => {
            let at = named(org, source, session)?;
            Ok(Answer::json(200, &org.sources[source].sessions[at].shown(&id)))
        }
        ("DELETE", [session]) => {
            let at = named(org, source, session)?;
            org.sources[source].sessions.remove(at);
            Ok(Answer::empty(204))
        }
        ("POST", [session, "start-import"]) => start(org, ask, source, session),
        ("POST", [session, word]) => upload(org, ask, source, session, word),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn named(org: &Org, source: usize, id: &str) -> Result<usize, Answer> {
    let at = org.sources[source].sessions.iter().position(|session| session.id == id);
    at.ok_or_else(|| error::not_found(id, "IdentitySourceSession"))
}

/// One that takes uploads can be open at a time.
fn create(org: &mut Org, ask: &Ask, source: usize) -> Reply {
    if org.sources[source].sessions.iter().any(|session| session.status == "CREATED") {
        return Err(refused("importSessionId", "there is an open session for this identity source"));
    }
    let (id, status, started, uploads) = (org.ids.okta("aps"), "CREATED", None, Vec::new());
    let session = Session { id, status, created: ask.at, last_updated: ask.at, started, uploads };
    let answer = Answer::json(200, &session.shown(&org.sources[source].id));
    org.sources[source].sessions.push(session);
    Ok(answer)
}

fn start(org: &mut Org, ask: &Ask, source: usize, id: &str) -> Reply {
    let at = named(org, source, id)?;
    let source = &mut org.sources[source];
    let session = &mut source.sessions[at];
    if session.status != "CREATED" {
        return Err(refused("importSessionId", "the import was started already"));
    }
    (session.status, session.last_updated, session.started) = ("TRIGGERED", ask.at, Some(ask.at));
    Ok(Answer::json(200, &session.shown(&source.id)))
}

fn upload(org: &mut Org, ask: &Ask, source: usize, id: &str, word: &str) -> Reply {
    let list = match word {
        "bulk-upsert" | "bulk-delete" | "bulk-groups-upsert" => "profiles",
        "bulk-groups-delete" => "externalIds",
        "bulk-group-memberships-upsert" | "bulk-group-memberships-delete" => "memberships",
        _ => return Err(ask.not_modelled("the call")),
    };
    let at = named(org, source, id)?;
    let body = Value::Object(object(ask)?);
    let entries = body[list].as_array().ok_or_else(|| refused(list, "The field cannot be left blank"))?;
    if entries.len() > MOST_PER_UPLOAD {
        return Err(refused(list, "the size must be between 0 and 200"));
    }
    if matches!(word, "bulk-upsert" | "bulk-delete") && body["entityType"] != "USERS" {
        return Err(refused("entityType", "must be USERS"));
    }
    for entry in entries.iter().filter(|_| list == "profiles") {
        key_of(entry)?;
        if word == "bulk-upsert" {
            check_profile(&profile_of(entry))?;
        }
    }
    let session = &mut org.sources[source].sessions[at];
    if session.status != "CREATED" {
        return Err(refused("importSessionId", "the session takes no uploads any more"));
    }
    session.uploads.push((word.to_owned(), body.clone()));
    session.last_updated = ask.at;
    Ok(Answer::empty(202))
}

fn refused(what: &str, why: &str) -> Answer {
    error::validation(what, &[format!("{what}: {why}")])
}
