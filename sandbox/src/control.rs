//! The control API: look at what happened, set faults, move time.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::fault::Fault;
use crate::http::{Answer, Reply};
use crate::server::Shared;

pub(crate) fn answer(shared: &Shared, parts: &Parts, body: &Bytes) -> Answer {
    route(shared, parts, body).unwrap_or_else(|refusal| refusal)
}

fn route(shared: &Shared, parts: &Parts, body: &Bytes) -> Reply {
    match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/health") => Ok(Answer::json(200, &json!({"status": "ok"}))),
        ("GET", "/requests") => Ok(Answer::json(200, &json!(shared.world().requests))),
        ("GET", "/state") => Ok(Answer::json(200, &state(shared))),
        ("GET", "/habits") => Ok(Answer::json(200, &json!(shared.world().servicenow.habits))),
        ("PUT", "/habits") => {
            let habits = parse(body)?;
            shared.world().servicenow.habits = habits;
            Ok(Answer::empty(204))
        }
        ("GET", "/clock") => Ok(clock(shared)),
        ("POST", "/clock") => set_clock(shared, body),
        ("POST", "/faults") => add_faults(shared, body),
        ("DELETE", "/faults") => {
            shared.world().faults.clear();
            Ok(Answer::empty(204))
        }
        (method, path) => Err(problem(404, &format!("the control API has no {method} {path}"))),
    }
}

/// The whole world as JSON; no credentials in it.
pub(crate) fn state(shared: &Shared) -> Value {
    let world = shared.world();
    json!({
        "clock": shared.clock.now(),
        "okta": world.okta.state(""),
        "servicenow": world.servicenow.state(),
    })
}

fn clock(shared: &Shared) -> Answer {
    Answer::json(200, &json!({"now": shared.clock.now(), "frozen": shared.clock.is_frozen()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_seconds: Option<f64>,
    set: Option<DateTime<Utc>>,
}

fn set_clock(shared: &Shared, body: &Bytes) -> Reply {
    let wanted: Move = parse(body)?;
    match (wanted.advance_seconds, wanted.set) {
        (Some(seconds), None) => {
            let by = Duration::try_from_secs_f64(seconds)
                .map_err(|error| problem(400, &format!("advance_seconds: {error}")))?;
            if TimeDelta::from_std(by).ok().is_none_or(|by| by > Clock::end() - shared.clock.now()) {
                return Err(problem(400, "advance_seconds: the clock ends with the year 9999"));
            }
            shared.clock.advance(by);
        }
        (None, Some(to)) if to < shared.clock.now() => {
            return Err(problem(400, "set: the clock does not go back"));
        }
        (None, Some(to)) if to > Clock::end() => {
            return Err(problem(400, "set: the clock ends with the year 9999"));
        }
        (None, Some(to)) => shared.clock.advance_to(to),
        _ => return Err(problem(400, "give either advance_seconds or set")),
    }
    Ok(clock(shared))
}

/// One fault or an array of them; all or none are taken.
fn add_faults(shared: &Shared, body: &Bytes) -> Reply {
    let many = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let faults: Vec<Fault> = if many { parse(body)? } else { vec![parse(body)?] };
    if let Some(flaw) = faults.iter().find_map(Fault::flaw) {
        return Err(problem(400, &flaw));
    }
    let count = faults.len();
    let mut world = shared.world();
    for fault in faults {
        world.faults.add(fault);
    }
    Ok(Answer::json(201, &json!({ "added": count })))
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        problem(400, &format!("{path}: {}", error.inner()))
    })?;
    json.end().map_err(|error| problem(400, &error.to_string()))?;
    Ok(value)
}

fn problem(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": message }))
}
