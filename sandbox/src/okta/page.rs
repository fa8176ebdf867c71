//! Cursor pages and their `Link` header lines.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::error;
use crate::http::{Answer, Ask, Reply};

/// The caller's `limit`, capped at `max`, or the default.
pub(super) fn limit(ask: &Ask, default: usize, max: usize) -> Result<usize, Answer> {
    let Some(text) = ask.query.text("limit") else { return Ok(default) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(max)),
        _ => Err(error::validation("limit", &[format!("limit: '{text}' is not a positive number")])),
    }
}

/// One page of rows that are in order of their keys. The cursor names the last key seen, so rows that
/// come and go meanwhile do not shift it.
pub(super) fn by_key<T>(
    ask: &Ask,
    rows: impl Iterator<Item = (u64, T)>,
    limit: usize,
    show: impl Fn(T) -> Value,
) -> Reply {
    let after = cursor(ask, 'k')?;
    let mut rest = rows.filter(|(key, _)| after.is_none_or(|after| *key > after));
    let page: Vec<(u64, T)> = rest.by_ref().take(limit).collect();
    let next = if rest.next().is_some() { page.last().map(|(key, _)| opaque('k', *key)) } else { None };
    Ok(answer(ask, page.into_iter().map(|(_, row)| show(row)).collect(), limit, next.as_deref()))
}

/// One page of rows in an order of the caller's; the cursor counts.
pub(super) fn by_position(ask: &Ask, rows: &[&Value], limit: usize, show: impl Fn(&Value) -> Value) -> Reply {
    let start = cursor(ask, 'p')?.and_then(|start| usize::try_from(start).ok()).unwrap_or(0);
    let total = rows.len();
    let page: Vec<Value> = rows.iter().skip(start).take(limit).map(|row| show(row)).collect();
    let end = start + page.len();
    let next = (end < total).then(|| opaque('p', end as u64));
    Ok(answer(ask, page, limit, next.as_deref()))
}

/// One page of an object whose rows are in the member `name`, with its links inside.
pub(super) fn named(ask: &Ask, name: &str, rows: &[Value], limit: usize) -> Reply {
    let start = cursor(ask, 'p')?.and_then(|start| usize::try_from(start).ok()).unwrap_or(0);
    let page: Vec<&Value> = rows.iter().skip(start).take(limit).collect();
    let end = start + page.len();
    let mut body = json!({"_links": {}});
    if end < rows.len() {
        let query = ask.query.with(&[("after", opaque('p', end as u64))]);
        body["_links"]["next"] = json!({"href": format!("{}{}?{query}", ask.base, ask.path)});
    }
    body[name] = json!(page);
    Ok(Answer::json(200, &body))
}

/// An array without paging; still with a `self` link.
pub(super) fn whole(ask: &Ask, rows: Vec<Value>) -> Answer {
    Answer::json(200, &Value::Array(rows)).header("link", &link(ask, &[], "self"))
}

fn answer(ask: &Ask, page: Vec<Value>, limit: usize, next: Option<&str>) -> Answer {
    let size = ("limit", limit.to_string());
    let this = match ask.query.text("after") {
        None => link(ask, std::slice::from_ref(&size), "self"),
        Some(after) => link(ask, &[("after", after.to_owned()), size.clone()], "self"),
    };
    let answer = Answer::json(200, &Value::Array(page)).header("link", &this);
    match next {
        None => answer,
        Some(next) => answer.header("link", &link(ask, &[("after", next.to_owned()), size], "next")),
    }
}

/// One `Link` header line.
pub(super) fn link(ask: &Ask, changes: &[(&str, String)], relation: &str) -> String {
    let query = ask.query.with(changes);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("<{}{}{mark}{query}>; rel=\"{relation}\"", ask.base, ask.path)
}

/// A cursor that nobody should look into.
pub(super) fn opaque(kind: char, key: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
}

fn cursor(ask: &Ask, kind: char) -> Result<Option<u64>, Answer> {
    let Some(text) = ask.query.text("after") else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let key = decoded.and_then(|text| text.strip_prefix(kind)?.strip_prefix(':')?.parse().ok());
    key.map(Some).ok_or_else(error::bad_paging)
}
