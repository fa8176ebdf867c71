//! Requests that somebody has to approve.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use sandbox::{AccessRequest, AccessTicket, Habits, Sandbox};
use serde_json::Value;

async fn company() -> Sandbox {
    Sandbox::builder().people(20).frozen_clock().start().await.unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Somebody with a manager, and the manager, by user name.
fn report_and_manager(sandbox: &Sandbox) -> (String, String) {
    let users = rows(sandbox, "sys_user");
    let name =
        |id: &Value| users.iter().find(|user| user["sys_id"] == *id).map(|user| text(&user["user_name"]));
    let report =
        users.iter().rev().find_map(|user| Some((text(&user["user_name"]), name(&user["manager"])?)));
    report.expect("somebody has a manager")
}

fn rows(sandbox: &Sandbox, table: &str) -> Vec<Value> {
    sandbox.state()["servicenow"][table].as_array().unwrap().clone()
}

fn item(sandbox: &Sandbox, ticket: &AccessTicket) -> Value {
    let items = rows(sandbox, "sc_req_item");
    items.into_iter().find(|item| item["sys_id"] == *ticket.item_sys_id).expect("it was ordered")
}

fn tasks(sandbox: &Sandbox, ticket: &AccessTicket) -> usize {
    rows(sandbox, "sc_task").iter().filter(|task| task["request_item"] == *ticket.item_sys_id).count()
}

/// The states of the item's approvals, in the order in which they were asked for.
fn approvals(sandbox: &Sandbox, ticket: &AccessTicket) -> Vec<String> {
    let rows = rows(sandbox, "sysapproval_approver");
    rows.iter()
        .filter(|row| row["sysapproval"] == *ticket.item_sys_id)
        .map(|row| text(&row["state"]))
        .collect()
}

#[tokio::test]
async fn the_manager_approves_and_then_the_flow_makes_the_task() {
    let sandbox = company().await;
    let (requested_for, manager) = report_and_manager(&sandbox);
    let ticket =
        sandbox.request_access(&AccessRequest { requested_for, ..AccessRequest::default() }).unwrap();
    assert_eq!(
        (item(&sandbox, &ticket)["approval"].clone(), tasks(&sandbox, &ticket)),
        ("requested".into(), 0)
    );
    sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "approved").unwrap();
    assert_eq!(
        (item(&sandbox, &ticket)["approval"].clone(), tasks(&sandbox, &ticket)),
        ("approved".into(), 1)
    );
    let row = rows(&sandbox, "sysapproval_approver").pop().unwrap();
    assert_eq!(text(&row["sys_updated_by"]), manager);
}

#[tokio::test]
async fn a_second_round_is_asked_once_the_first_has_approved() {
    let sandbox = company().await;
    let (requested_for, manager) = report_and_manager(&sandbox);
    let approvers = vec![vec!["manager".to_owned()], vec!["group:Identity Operations".to_owned()]];
    let request = AccessRequest { requested_for, approvers, ..AccessRequest::default() };
    let ticket = sandbox.request_access(&request).unwrap();
    assert_eq!(approvals(&sandbox, &ticket), ["requested"]);
    sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "approved").unwrap();
    assert_eq!(item(&sandbox, &ticket)["approval"], "requested");
    let asked = approvals(&sandbox, &ticket);
    assert!(asked.len() > 1 && asked[1..].iter().all(|state| state == "requested"), "{asked:?}");
    let group = rows(&sandbox, "sysapproval_group").pop().unwrap();
    assert_eq!(
        (&group["parent"], &group["approval"]),
        (&ticket.item_sys_id.clone().into(), &"requested".into())
    );
}

#[tokio::test]
async fn where_all_must_approve_one_does_not_do() {
    let sandbox = company().await;
    let (requested_for, manager) = report_and_manager(&sandbox);
    let other = rows(&sandbox, "sys_user")[0]["user_name"].as_str().unwrap().to_owned();
    let approvers = vec![vec![manager.clone(), other.clone()]];
    let request =
        AccessRequest { requested_for, approvers, all_must_approve: true, ..AccessRequest::default() };
    let ticket = sandbox.request_access(&request).unwrap();
    sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "approved").unwrap();
    assert_eq!(item(&sandbox, &ticket)["approval"], "requested");
    sandbox.answer_approval(&ticket.item_sys_id, &other, &other, "approved").unwrap();
    assert_eq!(item(&sandbox, &ticket)["approval"], "approved");
}

#[tokio::test]
async fn a_rejected_item_is_closed_by_its_flow_or_stays_open() {
    for rejected_items_stay_open in [false, true] {
        let sandbox = company().await;
        sandbox.change_habits(|habits| *habits = Habits { rejected_items_stay_open, ..Habits::default() });
        let (requested_for, manager) = report_and_manager(&sandbox);
        let request = AccessRequest { requested_for, ..AccessRequest::default() };
        let ticket = sandbox.request_access(&request).unwrap();
        sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "rejected").unwrap();
        let item = item(&sandbox, &ticket);
        let state = if rejected_items_stay_open { "1" } else { "4" };
        assert_eq!((text(&item["approval"]).as_str(), text(&item["state"]).as_str()), ("rejected", state));
        assert_eq!(tasks(&sandbox, &ticket), 0);
    }
}

#[tokio::test]
async fn an_approval_can_be_withdrawn() {
    let sandbox = company().await;
    let (requested_for, manager) = report_and_manager(&sandbox);
    let ticket =
        sandbox.request_access(&AccessRequest { requested_for, ..AccessRequest::default() }).unwrap();
    sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "approved").unwrap();
    sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "rejected").unwrap();
    assert_eq!(item(&sandbox, &ticket)["approval"], "rejected");
}

#[tokio::test]
async fn without_approvers_an_item_is_approved_as_it_is_ordered() {
    let sandbox = company().await;
    let (requested_for, _) = report_and_manager(&sandbox);
    let request = AccessRequest { requested_for, approvers: Vec::new(), ..AccessRequest::default() };
    let ticket = sandbox.request_access(&request).unwrap();
    assert_eq!(item(&sandbox, &ticket)["approval"], "approved");
    assert_eq!((approvals(&sandbox, &ticket).len(), tasks(&sandbox, &ticket)), (0, 1));
}
