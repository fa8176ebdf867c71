//! The Attachment API: what is sent, and what is made of what comes.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use bytes::Bytes;
use client_core::Delivery;
use common::{Answer, Script, lossy, scripted};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use servicenow_client::attachments::{NewAttachment, Verified};
use servicenow_client::{ProblemKind, SysId, TransportError, Upload};

const ID: &str = "b259f4062d9f78f9ffdd6efd05c492c7";
const OTHER: &str = "ffffffffffffffffffffffffffffffff";
const TICKET: &str = "3072d01d07a552f6d0ea83ef29c936be";
/// A hash of something else.
const HASH: &str = "6fb66a2f1ad4671ce8cfdfd69aed8f2f85d7b1f41f9b7b90f1a0b0e2c1b7d0aa";

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn content() -> Bytes {
    Bytes::from_static(b"number\n1\n")
}

fn report() -> NewAttachment {
    NewAttachment::new("report.csv", "text/csv", Upload::bytes(content()))
}

/// Metadata of the report, with some members changed; `null` takes one away.
fn metadata(changes: Value) -> Value {
    let mut metadata = json!({
        "sys_id": ID,
        "table_name": "incident",
        "table_sys_id": TICKET,
        "file_name": "report.csv",
        "content_type": "text/csv",
        "size_bytes": "9",
        "state": "available",
        "hash": sha256(),
        "download_link": "https://elsewhere.example/api/now/attachment/x/file",
    });
    for (name, value) in changes.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    metadata
}

fn sha256() -> String {
    use sha2::Digest as _;
    format!("{:x}", sha2::Sha256::digest(content()))
}

fn one(changes: Value) -> Answer {
    Answer::json(200, json!({ "result": metadata(changes) }))
}

fn made(changes: Value) -> Answer {
    Answer::json(201, json!({ "result": metadata(changes) }))
}

fn file(content: impl Into<Bytes>) -> Answer {
    Answer::text(200, content).header("content-type", "text/csv")
}

fn line(script: &Script, n: usize) -> String {
    let request = &script.asked()[n];
    format!("{} {}", request.method(), request.uri())
}

#[tokio::test]
async fn an_upload_is_the_file_with_its_place_in_the_address() {
    let (servicenow, script, _) = scripted([made(json!({ "state": "pending", "hash": "" }))]);
    let made = servicenow.attachments().upload("incident", &id(TICKET), &report()).await.unwrap();
    assert_eq!(made.sys_id, id(ID));
    assert_eq!(
        line(&script, 0),
        format!(
            "POST https://acme.service-now.com/api/now/attachment/file?table_name=incident&table_sys_id={TICKET}\
             &file_name=report.csv"
        )
    );
    let asked = &script.asked()[0];
    assert_eq!(asked.body(), &content());
    for (name, value) in
        [("content-type", "text/csv"), ("content-length", "9"), ("accept", "application/json")]
    {
        assert_eq!(asked.headers()[name], value, "{name}");
    }
}

#[tokio::test]
async fn a_name_stays_one_whatever_it_holds() {
    for name in ["O'Brien & \"50%\"=a+b?.pdf", "Gehälter 💰.csv", "a^b#c.csv"] {
        let (servicenow, script, _) = scripted([made(json!({ "file_name": name }))]);
        let file = NewAttachment::new(name, "text/csv", Upload::bytes(content()));
        servicenow.attachments().upload("incident", &id(TICKET), &file).await.unwrap();
        assert_eq!(script.parameter(0, "file_name").as_deref(), Some(name));
        assert_eq!(script.parameter(0, "table_sys_id").as_deref(), Some(TICKET));
    }
}

#[tokio::test]
async fn what_must_not_be_sent_is_refused_before_it_is() {
    let (servicenow, script, _) = scripted([]);
    let attachments = servicenow.attachments().max_size(9).extensions(["csv"]);
    let file = |name: &str, kind: &str, body: &'static [u8]| {
        NewAttachment::new(name, kind, Upload::bytes(Bytes::from_static(body)))
    };
    for (table, file, why) in [
        ("incident", file("../x.csv", "text/csv", b""), "holds a path"),
        ("incident", file("a\r\nb.csv", "text/csv", b""), "control character"),
        ("incident", file("", "text/csv", b""), "no name"),
        ("incident", file("a.exe", "text/csv", b""), "does not end in one of csv"),
        ("incident", file("a.csv", "csv", b""), "must be like text/csv"),
        ("incident", file("a.csv", "text/csv", b"0123456789"), "longer than 9 bytes"),
        ("incident^x", file("a.csv", "text/csv", b""), "no table has"),
    ] {
        let uploaded = attachments.upload(table, &id(TICKET), &file).await.unwrap_err();
        let once = attachments.upload_once(table, &id(TICKET), &file).await.unwrap_err();
        for error in [uploaded, once] {
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
    assert!(attachments.rename(&id(ID), "a/b").await.is_err());
    assert_eq!(script.asked().len(), 0);
}

#[tokio::test]
async fn a_source_of_unknown_length_is_cut_off_where_it_is_too_long() {
    let endless = Upload::new(None, || stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789"))));
    let (servicenow, script, _) = scripted([]);
    let file = NewAttachment::new("endless.csv", "text/csv", endless);
    let error =
        servicenow.attachments().max_size(1000).upload("incident", &id(TICKET), &file).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.ends_with("the file is longer than 1000 bytes"), "{source}");
    assert_eq!(script.asked().len(), 0);
}

#[tokio::test]
async fn a_file_that_is_there_otherwise_than_sent_is_an_error() {
    for (changes, fields) in [
        (json!({ "size_bytes": "8" }), vec!["size_bytes"]),
        (json!({ "hash": HASH, "file_name": "report_csv" }), vec!["file_name", "hash"]),
        (json!({ "table_sys_id": OTHER, "table_name": "task" }), vec!["table_name", "table_sys_id"]),
        (json!({ "size_bytes": null, "hash": null, "table_name": null }), vec![]),
        (json!({ "hash": sha256().to_uppercase() }), vec![]),
    ] {
        let (servicenow, _, _) = scripted([made(changes)]);
        let uploaded = servicenow.attachments().upload("incident", &id(TICKET), &report()).await;
        let Err(error) = uploaded else {
            assert!(fields.is_empty(), "{fields:?}");
            continue;
        };
        let ProblemKind::NotWritten { fields: named } = &error.problem().unwrap().kind else {
            panic!("{error}")
        };
        assert_eq!(
            (named.iter().map(String::as_str).collect::<Vec<_>>(), error.delivery()),
            (fields, Delivery::Done)
        );
    }
}

#[tokio::test]
async fn an_upload_is_repeated_only_where_nothing_was_done() {
    let busy = Answer::text(429, "").header("retry-after", "1");
    let (servicenow, script, _) = scripted([busy, made(json!({}))]);
    servicenow.attachments().upload("incident", &id(TICKET), &report()).await.unwrap();
    let bodies: Vec<_> = script.asked().iter().map(|request| request.body().clone()).collect();
    assert_eq!(bodies, [content(), content()], "from its beginning each time");

    for answer in [Err(TransportError::new("reset", Delivery::Unknown)), Answer::text(504, "").into()] {
        let (servicenow, script, _) = lossy([answer]);
        let error = servicenow.attachments().upload("incident", &id(TICKET), &report()).await.unwrap_err();
        assert_eq!((error.delivery(), script.asked().len()), (Delivery::Unknown, 1));
    }
}

#[tokio::test]
async fn a_list_asks_for_the_files_of_one_record() {
    let (servicenow, script, _) = scripted([Answer::rows(json!([metadata(json!({}))]), 1)]);
    let list = servicenow.attachments().list("incident", &id(TICKET)).collect_all().await.unwrap();
    assert!(list.complete);
    assert_eq!(list.rows[0].file_name.as_str(), Some("report.csv"));
    assert!(line(&script, 0).starts_with("GET https://acme.service-now.com/api/now/attachment?"));
    let query = format!("table_name=incident^table_sys_id={TICKET}^ORDERBYsys_id");
    assert_eq!(script.parameter(0, "sysparm_query"), Some(query));

    // A condition that was dropped widens the list: it is noticed here as in any table.
    let stranger = metadata(json!({ "table_sys_id": OTHER }));
    let (servicenow, _, _) = scripted([Answer::rows(json!([stranger]), 1)]);
    let error = servicenow.attachments().list("incident", &id(TICKET)).collect_all().await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::NotHonoured { .. }), "{error}");
}

#[tokio::test]
async fn hidden_files_are_listed_under_the_name_that_hides_them() {
    let photo = metadata(json!({ "table_name": "ZZ_YYsys_user" }));
    let (servicenow, script, _) = scripted([Answer::rows(json!([photo]), 1)]);
    let list = servicenow.attachments().list("ZZ_YYsys_user", &id(TICKET)).collect_all().await.unwrap();
    assert!(script.parameter(0, "sysparm_query").unwrap().starts_with("table_name=ZZ_YYsys_user^"));
    assert_eq!((list.rows[0].record_table(), list.rows[0].is_hidden()), (Some("sys_user"), true));
}

#[tokio::test]
async fn a_download_asks_the_instance_itself_and_takes_any_type() {
    let header = metadata(json!({})).to_string();
    let (servicenow, script, _) =
        scripted([one(json!({})), file(content()).header("x-attachment-metadata", &header)]);
    let mut download = servicenow.attachments().download(&id(ID)).await.unwrap();
    assert_eq!((download.verified(), download.attachment().file_name.as_str()), (None, Some("report.csv")));
    assert_eq!(download.next().await.unwrap().unwrap(), content());
    assert!(download.next().await.is_none());
    assert_eq!((download.verified(), download.sha256()), (Some(Verified::Hash), sha256()));
    let address = format!("GET https://acme.service-now.com/api/now/attachment/{ID}/file");
    assert_eq!(line(&script, 1), address, "and not the one of its download_link");
    assert_eq!(script.asked()[1].headers()["accept"], "*/*");
}

#[tokio::test]
async fn what_came_is_compared_with_what_is_stored() {
    let damaged = |changes: Value, came: &'static [u8]| async move {
        let (servicenow, _, _) = scripted([one(changes), file(came)]);
        let error = servicenow.attachments().download(&id(ID)).await.unwrap().bytes().await.unwrap_err();
        assert_eq!(error.problem().unwrap().kind, ProblemKind::Damaged, "{error}");
        error.problem().unwrap().message.clone()
    };
    let wrong = damaged(json!({}), b"number\n2\n").await;
    assert!(wrong.contains("another SHA-256"), "{wrong}");
    assert!(damaged(json!({}), b"number\n1").await.contains("shorter"));
    assert!(damaged(json!({}), b"").await.contains("shorter"));
    assert!(damaged(json!({}), b"number\n1\n2\n").await.contains("longer"));
    // A login page with status 200.
    assert!(damaged(json!({ "hash": "" }), b"<html>").await.contains("shorter"));
    assert!(damaged(json!({ "size_bytes": null }), b"number\n2\n").await.contains("another SHA-256"));

    for (changes, verified) in [
        (json!({}), Verified::Hash),
        (json!({ "size_bytes": null, "hash": sha256().to_uppercase() }), Verified::Hash),
        (json!({ "state": "pending", "hash": "" }), Verified::Size),
        (json!({ "size_bytes": null, "hash": null }), Verified::Nothing),
    ] {
        let (servicenow, _, _) = scripted([one(changes), file(content())]);
        let mut download = servicenow.attachments().download(&id(ID)).await.unwrap();
        while let Some(piece) = download.next().await {
            piece.unwrap();
        }
        assert_eq!(download.verified(), Some(verified));
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let empty = json!({ "size_bytes": "0", "hash": hash });
    let (servicenow, script, _) = scripted([made(empty.clone()), one(empty), file("")]);
    let none = NewAttachment::new("report.csv", "text/csv", Upload::bytes(Bytes::new()));
    servicenow.attachments().upload("incident", &id(TICKET), &none).await.unwrap();
    assert_eq!(script.asked()[0].headers()["content-length"], "0");
    assert_eq!(servicenow.attachments().download(&id(ID)).await.unwrap().bytes().await.unwrap(), "");
}

#[tokio::test]
async fn another_file_than_the_one_asked_for_is_an_error() {
    let header = metadata(json!({ "sys_id": OTHER })).to_string();
    let answer = file(content()).header("x-attachment-metadata", &header);
    let (servicenow, _, _) = scripted([one(json!({})), answer]);
    let error = servicenow.attachments().download(&id(ID)).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::WrongRecord, "{error}");
}

#[tokio::test]
async fn a_file_beyond_the_cap_is_not_asked_for_and_not_read_to_its_end() {
    let (servicenow, script, _) = scripted([one(json!({}))]);
    let error = servicenow.attachments().max_size(8).download(&id(ID)).await.unwrap_err();
    assert!(error.to_string().contains("longer than 8 bytes"), "{error}");
    assert_eq!(script.asked().len(), 1);
    // Where nothing tells its size it is found out on the way.
    let (servicenow, _, _) = scripted([one(json!({ "size_bytes": null })), file(content())]);
    let download = servicenow.attachments().max_size(8).download(&id(ID)).await.unwrap();
    assert_eq!(download.bytes().await.unwrap_err().problem().unwrap().kind, ProblemKind::Damaged);
}

#[tokio::test]
async fn a_refusal_is_the_error_that_it_is() {
    let nothing =
        || Answer::json(404, json!({ "error": { "message": "No Record found" }, "status": "failure" }));
    let (servicenow, _, _) =
        scripted([nothing(), one(json!({})), nothing(), nothing(), Answer::text(202, "")]);
    let attachments = servicenow.attachments();
    assert!(attachments.download(&id(ID)).await.unwrap_err().is_not_found());
    assert!(attachments.download(&id(ID)).await.unwrap_err().is_not_found(), "gone in between");
    assert!(attachments.upload("incident", &id(TICKET), &report()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn the_same_file_is_found_by_name_and_hash() {
    let rows = json!([
        metadata(json!({ "sys_id": "1", "file_name": "other.csv" })),
        metadata(json!({ "sys_id": "2", "hash": HASH })),
        metadata(json!({ "sys_id": "3", "size_bytes": "8", "hash": "" })),
        metadata(json!({ "sys_id": "4", "hash": sha256().to_uppercase() })),
    ]);
    let (servicenow, script, _) = scripted([Answer::rows(rows, 4)]);
    let found = servicenow.attachments().find_same("incident", &id(TICKET), &report()).await.unwrap();
    assert_eq!((found.unwrap().sys_id, script.asked().len()), (id("4"), 1));
}

#[tokio::test]
async fn where_there_is_no_hash_yet_the_content_tells() {
    let pending = |sys_id: &str| metadata(json!({ "sys_id": sys_id, "state": "pending", "hash": "" }));
    let (servicenow, _, _) = scripted([
        Answer::rows(json!([pending("1"), pending("2")]), 2),
        Answer::json(200, json!({ "result": pending("1") })),
        file("number\n2\n"),
        Answer::json(200, json!({ "result": pending("2") })),
        file(content()),
    ]);
    let found = servicenow.attachments().find_same("incident", &id(TICKET), &report()).await.unwrap();
    assert_eq!(found.unwrap().sys_id, id("2"));
}

#[tokio::test]
async fn a_file_that_may_not_be_seen_may_be_the_one() {
    let (servicenow, _, _) = scripted([Answer::rows(json!([]), 1)]);
    let error = servicenow.attachments().upload_once("incident", &id(TICKET), &report()).await.unwrap_err();
    assert!(error.to_string().contains("may not be seen"), "{error}");
}

#[tokio::test]
async fn a_new_name_is_read_again() {
    let (servicenow, script, _) = scripted([Answer::text(204, ""), one(json!({ "file_name": "new.csv" }))]);
    let renamed = servicenow.attachments().rename(&id(ID), "new.csv").await.unwrap();
    assert_eq!(renamed.file_name.as_str(), Some("new.csv"));
    assert_eq!(line(&script, 0), format!("PATCH https://acme.service-now.com/api/now/attachment/{ID}"));
    assert_eq!(script.asked()[0].body().as_ref(), br#"{"file_name":"new.csv"}"#);

    let (servicenow, _, _) = scripted([Answer::text(204, ""), one(json!({}))]);
    let error = servicenow.attachments().rename(&id(ID), "new.csv").await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::NotWritten { .. }), "{error}");

    let (servicenow, _, _) = scripted([Answer::text(204, ""), Answer::json(403, json!({}))]);
    let error = servicenow.attachments().rename(&id(ID), "new.csv").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Done);
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotLookedAt { sys_id: id(ID) });
}

#[tokio::test]
async fn attributes_are_set_only_where_they_differ() {
    let all = || Answer::json(200, json!({ "result": [{ "key": "run", "value": "7" }] }));
    let done = |status| Answer::json(status, json!({ "result": {} }));
    let (servicenow, script, _) =
        scripted([all(), all(), done(200), all(), done(201), Answer::text(204, ""), Answer::text(204, "")]);
    let attachments = servicenow.attachments();
    attachments.set_attribute(&id(ID), "run", "7").await.unwrap();
    attachments.set_attribute(&id(ID), "run", "8").await.unwrap();
    attachments.set_attribute(&id(ID), "a/b", "9").await.unwrap();
    attachments.remove_attribute(&id(ID), "a/b").await.unwrap();
    attachments.delete(&id(ID)).await.unwrap();
    let writes: Vec<String> = (0..script.asked().len()).map(|n| line(&script, n)).collect();
    let at = |rest: &str| format!("https://acme.service-now.com/api/now/attachment/{ID}{rest}");
    assert_eq!(
        writes,
        [
            format!("GET {}", at("/attributes")),
            format!("GET {}", at("/attributes")),
            format!("PUT {}", at("/attributes/run")),
            format!("GET {}", at("/attributes")),
            format!("POST {}", at("/attributes")),
            format!("DELETE {}", at("/attributes/a%2Fb")),
            format!("DELETE {}", at("")),
        ]
    );
    let body: Value = serde_json::from_slice(script.asked()[4].body()).unwrap();
    assert_eq!(body, json!({ "key": "a/b", "value": "9" }));
}
