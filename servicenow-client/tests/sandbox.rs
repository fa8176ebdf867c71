//! Whole stories on a ServiceNow stand-in, over real sockets, with answers that get lost.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::{NoChance, TestClock};
use sandbox::{Effect, Fault, OnboardingRequest, Sandbox};
use serde_json::json;
use servicenow_client::tables::{CmnDepartment, ScReqItem, ScTask, SysUser, TaskState};
use servicenow_client::{Delivery, DisplayMode, ProblemKind, Query, RetryPolicy, ServiceNowClient, SysId};

async fn start() -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(20).start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .retry(RetryPolicy { attempts: 3, ..RetryPolicy::default() })
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

fn ticket(sandbox: &Sandbox) -> SysId {
    sandbox.add_onboarding_request(&OnboardingRequest::default()).task_sys_id.parse().unwrap()
}

#[tokio::test]
async fn people_are_listed_page_by_page_and_all_of_them() {
    let (_sandbox, servicenow) = start().await;
    let users = servicenow.table::<SysUser>();
    let all = users.list(Query::all()).page_size(3).collect_all().await.unwrap();
    assert!(all.complete, "{} of {:?}", all.seen, all.counted);
    let mut ids: Vec<_> = all.rows.iter().map(|user| user.sys_id.clone()).collect();
    ids.dedup();
    assert_eq!(ids.len() as u64, all.counted.unwrap());
    let login = all.rows[5].user_name.as_str().unwrap();
    let found = users.find_one(Query::new().eq("user_name", login)).await.unwrap().unwrap();
    assert_eq!(found, all.rows[5]);
    assert!(users.find_one(Query::new().eq("user_name", "nobody")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_condition_on_a_field_that_does_not_exist_is_noticed() {
    let (_sandbox, servicenow) = start().await;
    let query = Query::new().eq("u_badge", "42");
    let error = servicenow.table::<SysUser>().find_one(&query).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotHonoured { field: "u_badge".into() });
    assert!(servicenow.table::<SysUser>().list(&query).collect_all().await.is_err());
}

#[tokio::test]
async fn a_ticket_is_followed_from_task_to_answers() {
    let (sandbox, servicenow) = start().await;
    let task = servicenow.table::<ScTask>().get(&ticket(&sandbox)).await.unwrap();
    let item = task.request_item.get().unwrap().id();
    let answers = servicenow.request_item_variables(item).await.unwrap();
    assert!(answers.is_complete());
    assert_eq!(answers.value("last_name"), Some("Lindqvist"));
    let department = answers.value("department").unwrap();
    let query = Query::new().eq("name", department);
    let department = servicenow.table::<CmnDepartment>().find_one(query).await.unwrap().unwrap();
    assert_eq!(department.dept_head.get().map(|head| head.id().as_str()), answers.value("manager"));
    let item = servicenow.table::<ScReqItem>().display(DisplayMode::Both).get(item).await.unwrap();
    assert_eq!(item.request, task.request);
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_not_written_in_silence() {
    let (sandbox, servicenow) = start().await;
    let fields = json!({"short_description": "new", "u_no_such_field": "x"});
    let error = servicenow.table::<ScTask>().update(&ticket(&sandbox), &fields).await.unwrap_err();
    let fields = vec!["u_no_such_field".to_owned()];
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotWritten { fields });
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_is_sent_again() {
    let (sandbox, servicenow) = start().await;
    let task = ticket(&sandbox);
    sandbox.add_fault(Fault::servicenow("PATCH", "/api/now/table/sc_task", Effect::CutAfter));
    let fields = json!({"state": TaskState::WorkInProgress});
    let task = servicenow.table::<ScTask>().update(&task, &fields).await.unwrap();
    assert_eq!(task.state.into_option(), Some(TaskState::WorkInProgress));
}

#[tokio::test]
async fn a_note_whose_answer_is_lost_is_found_by_its_mark_and_written_once() {
    let (sandbox, servicenow) = start().await;
    let (task, journal) = (ticket(&sandbox), servicenow.journal());
    sandbox.add_fault(Fault::servicenow("PATCH", "/api/now/table/sc_task", Effect::CutAfter));
    let error = journal.add_work_note("sc_task", &task, "account made [run 7/2]").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(journal.find_note("sc_task", &task, "[run 7/2]").await.unwrap().is_some());
    assert!(journal.find_note("sc_task", &task, "[run 7/3]").await.unwrap().is_none());
    let notes = journal.entries("sc_task", &task).await.unwrap();
    assert_eq!(notes.iter().filter(|note| note.text.contains("[run 7/2]")).count(), 1);
}

#[tokio::test]
async fn a_record_is_created_once_under_our_own_id_and_deleted() {
    let (sandbox, servicenow) = start().await;
    let users = servicenow.table::<SysUser>();
    let ours: SysId = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let fields = json!({"user_name": "nora", "last_name": "Lindqvist", "active": true});
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/sys_user", Effect::CutAfter));
    let lost = users.create_as(&ours, &fields).await.unwrap_err();
    assert_eq!(lost.delivery(), Delivery::Unknown);
    assert_eq!(users.get(&ours).await.unwrap().user_name.as_str(), Some("nora"));
    assert!(
        users.create_as(&ours, &fields).await.unwrap_err().is_conflict(),
        "a second insert makes no twin"
    );
    users.delete(&ours).await.unwrap();
    assert!(users.find(&ours).await.unwrap().is_none());
    assert!(users.delete(&ours).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_wrong_password_is_told_with_what_may_be_wrong() {
    let (sandbox, _) = start().await;
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic("api", "wrong".to_owned().into())
        .clock(Arc::new(TestClock::default()))
        .build()
        .unwrap();
    let error = servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert!(error.problem().unwrap().hint().contains("basic authentication is restricted"));
}
