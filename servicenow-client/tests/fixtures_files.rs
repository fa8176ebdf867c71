//! Published and recorded bodies of the Attachment and the Aggregate API.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use bytes::Bytes;
use common::{Answer, fixture, scripted};
use serde_json::Value;
use servicenow_client::attachments::NewAttachment;
use servicenow_client::tables::AttachmentState;
use servicenow_client::{ProblemKind, Query, SysId, Upload};

fn result(name: &str) -> Option<Value> {
    let text = fixture(name)?;
    Some(serde_json::from_str::<Value>(&text).unwrap()["result"].clone())
}

#[tokio::test]
async fn lists_of_attachments_are_read() {
    for name in
        ["docs/attachment_list.json", "rapid7/attachment_list_one.json", "rapid7/attachment_list_many.json"]
    {
        let Some(rows) = result(name) else { return };
        let first = &rows[0];
        let (table, record) =
            (first["table_name"].as_str().unwrap(), first["table_sys_id"].as_str().unwrap());
        let count = rows.as_array().unwrap().len();
        let (servicenow, _, _) = scripted([Answer::rows(rows.clone(), count as u64)]);
        let list =
            servicenow.attachments().list(table, &record.parse().unwrap()).collect_all().await.unwrap();
        assert!(list.complete, "{name}");
        assert_eq!(list.rows.len(), count);
        let read = &list.rows[0];
        assert_eq!(read.size_bytes.get().unwrap().to_string(), first["size_bytes"].as_str().unwrap());
        assert_eq!(read.file_name.as_str(), first["file_name"].as_str());
        assert!(read.sys_created_on.get().is_some());
        let recorded = name.starts_with("rapid7");
        assert_eq!(read.state.get() == Some(&AttachmentState::Available), recorded, "{name}");
        assert_eq!(read.hash.as_str().map(str::len), recorded.then_some(64), "{name}");
    }
}

#[tokio::test]
async fn metadata_of_an_attachment_are_read() {
    let Some(text) = fixture("docs/attachment_metadata.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, text)]);
    let id: SysId = "615ea769c0a80166001cf5f2367302f5".parse().unwrap();
    let read = servicenow.attachments().get(&id).await.unwrap();
    assert_eq!(read.record_table(), Some("content_block_programmatic"));
    assert!(read.hash.is_absent() && read.state.is_absent(), "older releases have neither");
}

#[tokio::test]
async fn the_answer_to_an_upload_is_compared_with_what_was_sent() {
    let Some(text) = fixture("docs/attachment_upload.json") else { return };
    let record: SysId = "d71f7935c0a8016700802b64c67c11c6".parse().unwrap();
    let upload = async |bytes: usize| {
        let (servicenow, _, _) = scripted([Answer::json(201, text.clone())]);
        let body = Upload::bytes(Bytes::from(vec![b'x'; bytes]));
        let file = NewAttachment::new("Issue_screenshot", "image/jpeg", body);
        servicenow.attachments().upload("incident", &record, &file).await
    };
    assert_eq!(upload(36_597).await.unwrap().sys_id.as_str(), "6ea10fe64f411200adf9f8e18110c739");
    let error = upload(36_596).await.unwrap_err();
    let kind = ProblemKind::NotWritten { fields: vec!["size_bytes".to_owned()] };
    assert_eq!(error.problem().unwrap().kind, kind);
}

#[tokio::test]
async fn attributes_are_read_by_key() {
    let Some(text) = fixture("docs/attachment_attributes.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, text)]);
    let id: SysId = "615ea769c0a80166001cf5f2367302f5".parse().unwrap();
    let attributes = servicenow.attachments().attributes(&id).await.unwrap();
    let pairs: Vec<_> = attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(pairs, [("another_key", "another_value"), ("example_key", "example_value")]);
}

#[tokio::test]
async fn averages_of_groups_are_read() {
    let Some(text) = fixture("docs/aggregate_avg_group_by.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, text)]);
    let asked = servicenow.records("incident").unwrap().aggregate(Query::all());
    let groups =
        asked.avg("reassignment_count").avg("business_stc").group_by(["assignment_group"]).await.unwrap();
    assert_eq!(groups.len(), 6);
    assert_eq!((groups[0].value("assignment_group"), groups[0].label("assignment_group")), (Some(""), None));
    assert_eq!(groups[0].stats.avg("business_stc").unwrap().as_str(), "804162.7143");
    assert_eq!(groups[1].stats.avg("reassignment_count").unwrap().as_f64(), Some(1.5));
    assert_eq!(groups[1].stats.avg("business_stc").unwrap().as_i64(), Some(2_037_371));
    assert_eq!(groups[0].stats.count(), None);
}
