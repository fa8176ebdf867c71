//! Looking up the one record: when "none" may be said.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, scripted};
use serde_json::{Value as Json, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{Error, ProblemKind, Query};

fn by_name() -> Query {
    Query::new().eq("user_name", "ann")
}

async fn after_none(answer: Answer) -> Result<Option<SysUser>, Error> {
    let (servicenow, _, _) = scripted([Answer::rows(json!([]), 0), answer]);
    servicenow.table::<SysUser>().find_one(by_name()).await
}

fn kind(error: Error) -> ProblemKind {
    error.problem().unwrap_or_else(|| panic!("{error:?}")).kind.clone()
}

#[tokio::test]
async fn none_is_said_once_the_field_was_seen_and_then_without_asking_again() {
    let (servicenow, script, _) = scripted([
        Answer::rows(json!([]), 0),
        Answer::rows(json!([{}, {"sys_id": "1", "user_name": ""}]), 9),
        Answer::rows(json!([]), 0),
        Answer::rows(json!([]), 0),
        Answer::rows(json!([{"sys_id": "1", "email": ""}]), 9),
    ]);
    let users = servicenow.table::<SysUser>();
    assert!(users.find_one(by_name()).await.unwrap().is_none());
    assert_eq!(script.parameter(1, "sysparm_fields").as_deref(), Some("sys_id,user_name"));
    assert_eq!(script.parameter(1, "sysparm_limit").as_deref(), Some("10"));
    assert_eq!(script.parameter(1, "sysparm_query"), None, "any row will do");
    assert!(users.find_one(by_name()).await.unwrap().is_none());
    assert_eq!(script.asked().len(), 3);
    assert!(users.find_one(by_name().eq("email", "a")).await.unwrap().is_none());
    assert_eq!(script.parameter(4, "sysparm_fields").as_deref(), Some("sys_id,email"), "the other is known");
}

#[tokio::test]
async fn a_field_that_a_row_was_found_by_is_known() {
    let found = Answer::rows(json!([{"sys_id": "1", "user_name": "ann"}]), 1);
    let (servicenow, script, _) = scripted([found, Answer::rows(json!([]), 0)]);
    let users = servicenow.table::<SysUser>();
    assert!(users.find_one(by_name()).await.unwrap().is_some());
    assert!(users.find_one(by_name()).await.unwrap().is_none());
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn a_table_without_a_row_has_none() {
    assert!(after_none(Answer::rows(json!([]), 0)).await.unwrap().is_none());
}

#[tokio::test]
async fn none_is_not_said_of_a_field_that_nothing_shows() {
    let error = after_none(Answer::rows(json!([{"sys_id": "1"}, {"sys_id": "2"}]), 9)).await.unwrap_err();
    assert_eq!(kind(error), ProblemKind::NotHonoured { field: "user_name".into() });
}

#[tokio::test]
async fn none_is_not_said_where_all_rows_are_hidden() {
    let hidden: [(Json, u64); 2] = [(json!([]), 9), (json!([{}, {}]), 2)];
    for (rows, total) in hidden {
        assert_eq!(kind(after_none(Answer::rows(rows, total)).await.unwrap_err()), ProblemKind::Hidden);
    }
    let uncounted = Answer::json(200, json!({"result": []}));
    assert_eq!(kind(after_none(uncounted).await.unwrap_err()), ProblemKind::Hidden);
}

#[tokio::test]
async fn a_look_up_by_id_needs_no_proof() {
    let (servicenow, script, _) = scripted([Answer::rows(json!([]), 0)]);
    let query = Query::new().eq("sys_id", "ab");
    assert!(servicenow.table::<SysUser>().find_one(query).await.unwrap().is_none());
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn what_stands_beside_the_result_is_nobodys_business() {
    let body = json!({"result": [{"sys_id": "1", "user_name": "ann"}], "session": {"debug_logs": []}});
    let (servicenow, _, _) = scripted([Answer::json(200, body).header("x-total-count", "1")]);
    assert!(servicenow.table::<SysUser>().find_one(by_name()).await.unwrap().is_some());
}
