//! The Attachment API: files at records. Content is kept whole; `sys_attachment` has its metadata.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::schema::{self, Schema};
use super::store::{Author, Found, Instance, record};
use super::{error, table};
use crate::http::{Answer, Ask, Reply};
use crate::id;

const TABLE: &str = "sys_attachment";
const LONGEST_LIST: usize = 1000;
/// `com.glide.attachment.max_size` as it comes, in megabytes.
const MOST_MEGABYTES: u64 = 1024;
/// How long the scan of a new file takes.
const SCAN: TimeDelta = TimeDelta::seconds(2);
/// Hides what belongs to a record from those who look at it: pictures of users, for example.
const HIDDEN: &str = "ZZ_YY";

/// What attachments hold besides their metadata, by `sys_id`.
#[derive(Debug, Default)]
pub(super) struct Files {
    content: HashMap<String, Bytes>,
    attributes: HashMap<String, BTreeMap<String, String>>,
    /// Files that are being scanned, and until when.
    pending: Vec<(DateTime<Utc>, String)>,
}

impl Files {
    fn scanned(&mut self, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, String)> {
        self.pending.extract_if(.., |(until, _)| *until <= now).collect()
    }
}

/// Ends the scans whose time is over: only then a file has its hash.
pub(super) fn scan(instance: &mut Instance, now: DateTime<Utc>) {
    for (at, sys_id) in instance.files.scanned(now) {
        let Some(content) = instance.files.content.get(&sys_id) else { continue };
        let hash = id::hex(&Sha256::digest(content), 64);
        let author = Author { user_name: "system".to_owned(), at };
        // It may have been deleted meanwhile.
        let _ = instance.update(TABLE, &sys_id, record([("state", "available"), ("hash", &hash)]), &author);
    }
}

pub(super) fn route(instance: &mut Instance, ask: &Ask, rest: &[&str]) -> Reply {
    let schema = schema::find(TABLE).ok_or_else(error::no_resource)?;
    match (ask.method.as_str(), rest) {
        ("GET" | "HEAD", []) => list(instance, ask, schema),
        ("POST", ["file"]) => upload(instance, ask, schema),
        ("POST", ["upload"]) => Err(ask.not_modelled("an upload in several parts")),
        ("GET" | "HEAD", [sys_id]) => {
            let found = found(instance, sys_id)?;
            Ok(Answer::json(200, &json!({ "result": metadata(ask, found) })))
        }
        ("PATCH", [sys_id]) => rename(instance, ask, sys_id),
        ("DELETE", [sys_id]) => {
            instance.remove(TABLE, sys_id, &instance.author(ask.at))?;
            Ok(Answer::empty(204))
        }
        ("GET" | "HEAD", [sys_id, "file"]) => file(instance, ask, sys_id),
        (_, [sys_id, "attributes", key @ ..]) => attributes(instance, ask, sys_id, key),
        (_, [] | [_] | [_, "file"]) => Err(error::wrong_method(&ask.method)),
        _ => Err(error::no_resource()),
    }
}

fn found<'a>(instance: &'a Instance, sys_id: &str) -> Result<Found<'a>, Answer> {
    instance.find(TABLE, sys_id).filter(|found| instance.may_read(*found)).ok_or_else(error::no_record)
}

/// The fields that have names of their own here, and where the content is.
fn metadata(ask: &Ask, found: Found<'_>) -> Value {
    let fields = found.schema.fields().map(|(name, _)| (name.to_owned(), json!(found.get(name))));
    let link = format!("{}/api/now/attachment/{}/file", ask.base, found.get("sys_id"));
    Value::Object(fields.chain([("download_link".to_owned(), json!(link))]).collect())
}

/// `GET /attachment`
fn list(instance: &Instance, ask: &Ask, schema: &'static Schema) -> Reply {
    table::window(instance, ask, schema, LONGEST_LIST, |row| metadata(ask, row))
}

/// `POST /attachment/file`: the body is the file.
fn upload(instance: &mut Instance, ask: &Ask, schema: &'static Schema) -> Reply {
    // pysnow sends the Table API's with everything.
    ask.only_parameters(&[&["table_name", "table_sys_id", "file_name"], &table::PARAMETERS[..]].concat())?;
    let given = |name| ask.query.text(name).ok_or_else(|| missing(name));
    let (table, record_id, name) = (given("table_name")?, given("table_sys_id")?, given("file_name")?);
    let kind = ask.header("content-type").ok_or_else(|| missing("Content-Type"))?;
    let of =
        instance.table(table.strip_prefix(HIDDEN).unwrap_or(table)).ok_or_else(|| error::no_table(table))?;
    let record_at = instance.find(of.name, record_id).filter(|found| instance.may_read(*found));
    record_at.ok_or_else(error::no_record)?;
    check(instance, ask, name)?;
    let size = ask.body.len().to_string();
    let row = record([
        ("table_name", table),
        ("table_sys_id", record_id),
        ("file_name", name),
        ("content_type", kind),
        ("size_bytes", &size),
        ("size_compressed", &size),
        ("compressed", "true"),
        ("state", "pending"),
        ("chunk_size_bytes", "700000"),
    ]);
    let sys_id = instance.insert(schema, row, &instance.author(ask.at))?;
    instance.files.content.insert(sys_id.clone(), ask.body.clone());
    instance.files.pending.push((ask.at + SCAN, sys_id.clone()));
    let location = format!("{}/api/now/attachment/{sys_id}", ask.base);
    let shown = metadata(ask, found(instance, &sys_id)?);
    Ok(Answer::json(201, &json!({ "result": shown })).header("location", &location))
}

fn missing(what: &str) -> Answer {
    error::envelope(400, &format!("{what} is missing"), None)
}

/// What the instance's properties allow. Nobody has written down how a real one refuses.
fn check(instance: &Instance, ask: &Ask, name: &str) -> Result<(), Answer> {
    let most = instance.habits.attachment_megabytes.unwrap_or(MOST_MEGABYTES) * 1024 * 1024;
    if ask.body.len() as u64 > most {
        return Err(error::envelope(
            413,
            "The attachment is larger than com.glide.attachment.max_size",
            None,
        ));
    }
    let allowed = &instance.habits.attachment_extensions;
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if !allowed.is_empty() && !allowed.iter().any(|one| one.eq_ignore_ascii_case(extension)) {
        return Err(error::envelope(400, "The file's type is not in glide.attachment.extensions", None));
    }
    Ok(())
}

/// `PATCH /attachment/{sys_id}`: a new name, and nothing else.
fn rename(instance: &mut Instance, ask: &Ask, sys_id: &str) -> Reply {
    found(instance, sys_id)?;
    let body = ask.json().ok_or_else(error::bad_body)?;
    let name = body["file_name"].as_str().ok_or_else(|| missing("file_name"))?;
    instance.update(TABLE, sys_id, record([("file_name", name)]), &instance.author(ask.at))?;
    Ok(Answer::empty(204))
}

/// `GET /attachment/{sys_id}/file`
fn file(instance: &Instance, ask: &Ask, sys_id: &str) -> Reply {
    let found = found(instance, sys_id)?;
    let content = instance.files.content.get(sys_id).map(|content| content.to_vec()).unwrap_or_default();
    let answer = Answer { body: content, ..Answer::empty(200) };
    Ok(answer
        .header("content-type", found.get("content_type"))
        .header("x-attachment-metadata", &ascii(&metadata(ask, found).to_string())))
}

/// JSON as a header can hold it.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// `/attachment/{sys_id}/attributes[/{key}]`: words at a file.
fn attributes(instance: &mut Instance, ask: &Ask, sys_id: &str, key: &[&str]) -> Reply {
    found(instance, sys_id)?;
    let attributes = instance.files.attributes.entry(sys_id.to_owned()).or_default();
    let shown = |(key, value): (&String, &String)| json!({ "key": key, "value": value });
    let body = || ask.json().ok_or_else(error::bad_body);
    let text = |body: &Value, name| body[name].as_str().map(str::to_owned).ok_or_else(|| missing(name));
    match (ask.method.as_str(), key) {
        ("GET", []) => {
            let all: Vec<Value> = attributes.iter().map(shown).collect();
            Ok(Answer::json(200, &json!({ "result": all })))
        }
        ("GET", [key]) => {
            let one = attributes.get_key_value(*key).map(shown).ok_or_else(error::no_record)?;
            Ok(Answer::json(200, &json!({ "result": one })))
        }
        ("POST", []) => {
            let (key, value) = (text(&body()?, "key")?, text(&body()?, "value")?);
            if attributes.contains_key(&key) {
                return Err(error::envelope(400, "The attribute exists", None));
            }
            attributes.insert(key.clone(), value.clone());
            Ok(Answer::json(201, &json!({ "result": shown((&key, &value)) })))
        }
        ("PUT", [key]) => {
            let value = text(&body()?, "value")?;
            attributes.get_mut(*key).ok_or_else(error::no_record)?.clone_from(&value);
            Ok(Answer::json(200, &json!({ "result": shown((&(*key).to_owned(), &value)) })))
        }
        ("DELETE", [key]) => {
            attributes.remove(*key).ok_or_else(error::no_record)?;
            Ok(Answer::empty(204))
        }
        (_, [] | [_]) => Err(error::wrong_method(&ask.method)),
        _ => Err(error::no_resource()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_any_name() {
        let shown = ascii(r#"{"file_name":"Gehälter 💰.csv"}"#);
        assert!(shown.is_ascii());
        let read: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read["file_name"], "Gehälter 💰.csv");
    }
}
