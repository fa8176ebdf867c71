//! The Batch API: requests inside a request, done one after the other until the time is up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Instance;
use super::{error, route};
use crate::http::{Answer, Ask, Query, Reply};

/// What a batch may take.
const MILLIS: u64 = 30_000;

/// What a part may send, and what all parts together may answer.
const MOST_IN: usize = 5_000_000;
const MOST_OUT: usize = 10_000_000;

#[derive(Deserialize)]
struct Batch {
    batch_request_id: Value,
    rest_requests: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    exclude_response_headers: bool,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

/// `POST /api/now/v1/batch`
pub(super) fn send(instance: &mut Instance, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let Ok(batch) = serde_json::from_slice::<Batch>(&ask.body) else { return Err(error::bad_body()) };
    let (mut serviced, mut unserviced) = (Vec::new(), Vec::new());
    let (mut millis, mut out) = (0, 0);
    for part in batch.rest_requests {
        if millis >= MILLIS || out >= MOST_OUT {
            unserviced.push(part.id);
            continue;
        }
        if part.body.as_ref().is_some_and(|body| body.len() > MOST_IN) {
            return Err(ask.not_modelled("a part of more than 5 MB"));
        }
        let answer = answer(instance, ask, &part);
        millis += instance.habits.batch_part_millis;
        out += answer.body.len();
        // What was under way when the time was up is done, and nobody says so.
        if millis <= MILLIS {
            serviced.push(shown(&part, &answer, instance.habits.batch_part_millis));
        }
    }
    let id =
        batch.batch_request_id.as_str().map_or_else(|| batch.batch_request_id.to_string(), str::to_owned);
    Ok(Answer::json(
        200,
        &json!({"batch_request_id": id, "serviced_requests": serviced, "unserviced_requests": unserviced}),
    ))
}

fn answer(instance: &mut Instance, outer: &Ask, part: &Part) -> Answer {
    let refusal = instance.habits.batch_parts_count.then(|| instance.over_the_hour(outer)).flatten();
    refusal.unwrap_or_else(|| route(instance, &inner(outer, part)).unwrap_or_else(|refusal| refusal))
}

/// The request that a part stands for, by the same caller.
fn inner(outer: &Ask, part: &Part) -> Ask {
    let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    let pieces = path.split('/').filter(|piece| !piece.is_empty());
    let header = |header: &Header| {
        Some((header.name.parse::<HeaderName>().ok()?, HeaderValue::from_str(&header.value).ok()?))
    };
    let body = part.body.as_deref().map(|body| STANDARD.decode(body).unwrap_or_default());
    Ask {
        method: part.method.clone(),
        segments: pieces.map(|piece| percent_decode_str(piece).decode_utf8_lossy().into_owned()).collect(),
        query: Query::parse(query),
        target: part.url.clone(),
        path: path.to_owned(),
        headers: part.headers.iter().filter_map(header).collect::<HeaderMap>(),
        body: Bytes::from(body.unwrap_or_default()),
        ..outer.clone()
    }
}

fn shown(part: &Part, answer: &Answer, millis: u64) -> Value {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = answer.headers.iter().filter(|_| !part.exclude_response_headers);
    let header = |(name, value): &(HeaderName, HeaderValue)| json!({"name": name.as_str(), "value": value.to_str().unwrap_or_default()});
    let mut shown = json!({
        "id": part.id,
        "status_code": answer.status,
        "status_text": status.canonical_reason().unwrap_or_default(),
        "headers": headers.map(header).collect::<Vec<_>>(),
        "execution_time": millis,
    });
    if !answer.body.is_empty() {
        shown["body"] = STANDARD.encode(&answer.body).into();
    }
    shown
}
