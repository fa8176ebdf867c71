//! Following a table by what changes in it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use chrono::{DateTime, Utc};
use common::{Answer, scripted};
use serde_json::{Value as Json, json};
use servicenow_client::{Changes, ProblemKind, Query, RawRecord, ServiceNowClient, record};

fn at(time: &str) -> DateTime<Utc> {
    format!("1969-12-31T{time}Z").parse().unwrap()
}

/// A record that changed at a time for the n-th time.
fn changed(id: &str, time: &str, count: u32) -> Json {
    json!({"sys_id": id, "sys_updated_on": format!("1969-12-31 {time}"), "sys_mod_count": count.to_string()})
}

fn changes(servicenow: &ServiceNowClient) -> Changes<RawRecord> {
    servicenow.records("incident").unwrap().changes(Query::all(), at("09:00:00"))
}

async fn batch(changes: &mut Changes<RawRecord>) -> Option<Vec<String>> {
    let records = changes.next_batch().await.unwrap()?;
    Some(records.into_iter().map(|record| record.unwrap().sys_id().to_string()).collect())
}

#[tokio::test]
async fn each_change_comes_once_though_the_last_minutes_are_read_again() {
    let (servicenow, script, _) = scripted([
        Answer::rows(json!([changed("a", "09:10:00", 1), changed("b", "09:20:00", 1)]), 2),
        Answer::rows(json!([changed("b", "09:20:00", 1)]), 1),
        // `b` again, `c` which became visible late, and `b` once more, changed within the same second.
        Answer::rows(json!([changed("c", "09:18:00", 5), changed("b", "09:20:00", 1)]), 3),
        Answer::rows(json!([changed("b", "09:20:01", 2)]), 1),
        Answer::rows(json!([changed("c", "09:18:00", 5), changed("b", "09:20:01", 2)]), 2),
    ]);
    let mut changes = changes(&servicenow);
    assert_eq!(batch(&mut changes).await.unwrap(), ["a", "b"]);
    assert_eq!(changes.position(), at("09:15:00"));
    assert_eq!(batch(&mut changes).await, None);
    assert_eq!(batch(&mut changes).await.unwrap(), ["c"]);
    assert_eq!(batch(&mut changes).await.unwrap(), ["b"]);
    assert_eq!(batch(&mut changes).await, None);
    let query = |n| script.parameter(n, "sysparm_query").unwrap();
    assert_eq!(query(0), "sys_updated_on>=1969-12-31 09:00:00^ORDERBYsys_updated_on^ORDERBYsys_id");
    assert_eq!(query(1), "sys_updated_on>=1969-12-31 09:15:00^ORDERBYsys_updated_on^ORDERBYsys_id");
    assert!(query(3).contains("sys_updated_on>1969-12-31 09:20:00^NQ") && query(3).contains("^sys_id>b^"));
    assert_eq!(query(4), "sys_updated_on>=1969-12-31 09:15:01^ORDERBYsys_updated_on^ORDERBYsys_id");
    let fields = script.parameter(0, "sysparm_fields");
    assert_eq!(fields, None, "all fields come, the stamps too");
}

#[tokio::test]
async fn the_last_minutes_are_read_again_though_each_batch_has_something_new() {
    let (servicenow, script, _) = scripted([
        Answer::rows(json!([changed("a", "09:10:00", 1)]), 1),
        Answer::rows(json!([changed("a", "09:10:00", 1), changed("b", "09:10:02", 1)]), 2),
        // `late` was changed before both, by a transaction that has ended only now.
        Answer::rows(json!([changed("late", "09:09:30", 1), changed("c", "09:10:04", 1)]), 2),
    ]);
    let mut changes = changes(&servicenow);
    for expected in [vec!["a"], vec!["b"], vec!["late", "c"]] {
        assert_eq!(batch(&mut changes).await.unwrap(), expected);
    }
    for (n, since) in [(1, "09:05:00"), (2, "09:05:02")] {
        let query = script.parameter(n, "sysparm_query").unwrap();
        assert!(query.starts_with(&format!("sys_updated_on>=1969-12-31 {since}^ORDERBY")), "{query}");
    }
}

#[tokio::test]
async fn hidden_records_are_stepped_over() {
    let (servicenow, script, _) = scripted([
        Answer::rows(json!([]), 700),
        Answer::rows(json!([{}, changed("a", "09:10:00", 1)]), 700),
        Answer::rows(json!([]), 0),
    ]);
    let mut changes = changes(&servicenow);
    assert_eq!(batch(&mut changes).await.unwrap(), ["a"]);
    assert_eq!(batch(&mut changes).await, None);
    assert_eq!(script.parameter(1, "sysparm_offset").as_deref(), Some("500"));
    assert_eq!(script.parameter(2, "sysparm_offset"), None);
}

#[tokio::test]
async fn a_change_of_the_future_moves_no_position() {
    let future = json!({"sys_id": "a", "sys_updated_on": "2999-01-01 00:00:00", "sys_mod_count": "1"});
    let (servicenow, _, _) = scripted([Answer::rows(json!([future]), 1)]);
    let mut changes = changes(&servicenow);
    assert_eq!(batch(&mut changes).await.unwrap(), ["a"]);
    assert!(changes.position() <= DateTime::UNIX_EPOCH);
}

#[tokio::test]
async fn what_is_too_old_is_not_believed() {
    let (servicenow, _, _) = scripted([Answer::rows(json!([changed("a", "08:59:59", 1)]), 1)]);
    let error = changes(&servicenow).next_batch().await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotHonoured { field: "sys_updated_on".into() });
}

record! {
    /// What has a field that one record has otherwise.
    #[derive(Debug)]
    Odd in "incident" {
        /// True, false, or something else.
        active: bool,
    }
}

#[tokio::test]
async fn who_cannot_be_read_is_told_in_its_place_and_blocks_nobody() {
    let odd = |id: &str, time: &str, active: &str| {
        let mut row = changed(id, time, 1);
        row["active"] = json!(active);
        row
    };
    let page = |total| {
        let rows = [
            odd("a", "09:10:00", "true"),
            odd("b", "09:10:01", "perhaps"),
            json!({"sys_id": "c", "sys_mod_count": "1", "active": "true"}),
            json!({"sys_id": "d", "sys_updated_on": "soon", "active": "true"}),
        ];
        Answer::rows(json!(rows), total)
    };
    let next = Answer::rows(json!([odd("e", "09:10:02", "true")]), 1);
    let (servicenow, script, _) = scripted([page(9), next, page(4)]);
    let mut changes = servicenow.table::<Odd>().changes(Query::all(), at("09:00:00"));
    let first = changes.next_batch().await.unwrap().unwrap();
    let told: Vec<String> = first
        .iter()
        .map(|record| match record {
            Ok(record) => record.sys_id.to_string(),
            Err(error) => std::error::Error::source(error).unwrap().to_string(),
        })
        .collect();
    assert_eq!((told.len(), told[0].as_str()), (4, "a"));
    assert!(told[1].contains("b.active"), "{told:?}");
    for (told, error) in [("record c ", &first[2]), ("record d ", &first[3])] {
        let problem = error.as_ref().unwrap_err().problem().unwrap().clone();
        assert_eq!(problem.kind, ProblemKind::NotHonoured { field: "sys_updated_on".into() });
        assert!(problem.message.contains(told), "{problem}");
    }
    let second = changes.next_batch().await.unwrap().unwrap();
    assert_eq!(second[0].as_ref().unwrap().sys_id.as_str(), "e");
    assert!(script.parameter(1, "sysparm_query").unwrap().contains("^sys_id>b^"));
    assert!(changes.next_batch().await.unwrap().is_none(), "told once");
}

#[tokio::test]
async fn an_instance_that_ignores_the_position_is_not_asked_for_ever() {
    let same = || Answer::rows(json!([changed("a", "09:10:00", 1)]), 9);
    let (servicenow, _, _) = scripted([same(), same()]);
    let mut changes = changes(&servicenow);
    batch(&mut changes).await.unwrap();
    assert!(changes.next_batch().await.unwrap_err().to_string().contains("circles"));
}
