//! Tables of people, roles and security incidents, and what the instance tells of itself.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use common::{encoded, servicenow};
use sandbox::{Habits, OnboardingRequest, Sandbox};
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(30).frozen_clock().start().await.unwrap()
}

async fn rows(sandbox: &Sandbox, table: &str, query: &str) -> Vec<Value> {
    let call = format!(
        "GET /api/now/table/{table}?sysparm_exclude_reference_link=true&sysparm_query={}",
        encoded(query)
    );
    servicenow(sandbox, &call, None).await.result().as_array().unwrap().clone()
}

async fn create(sandbox: &Sandbox, table: &str, fields: Value) -> Value {
    servicenow(sandbox, &format!("POST /api/now/table/{table}"), Some(fields)).await.result()
}

async fn change(sandbox: &Sandbox, table: &str, row: &Value, fields: Value) -> common::Answer {
    let call = format!("PATCH /api/now/table/{table}/{}", text(row, "sys_id"));
    servicenow(sandbox, &call, Some(fields)).await
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

/// The roles that somebody has, those that were not given to them marked.
async fn roles(sandbox: &Sandbox, user: &str) -> Vec<String> {
    let call = format!(
        "GET /api/now/table/sys_user_has_role?sysparm_query=user={user}&sysparm_fields=role.name,inherited"
    );
    let rows = servicenow(sandbox, &call, None).await.result();
    let name = |row: &Value| {
        let mark = if row["inherited"] == "true" { "+" } else { "" };
        format!("{mark}{}", text(row, "role.name"))
    };
    let mut roles: Vec<String> = rows.as_array().unwrap().iter().map(name).collect();
    roles.sort();
    roles
}

#[tokio::test]
async fn a_groups_roles_come_and_go_with_the_membership() {
    let sandbox = frozen().await;
    let user = create(&sandbox, "sys_user", json!({"user_name": "nora", "last_name": "Lindqvist"})).await;
    let user = text(&user, "sys_id");
    let group = rows(&sandbox, "sys_user_group", "name=Service Desk").await;
    let member = json!({"user": user, "group": text(&group[0], "sys_id")});
    let member = create(&sandbox, "sys_user_grmember", member).await;
    let with_group = ["+itil", "+sn_request_write", "+snc_platform_rest_api_access"];
    assert_eq!(roles(&sandbox, user).await, with_group);

    // Who takes an inherited role away finds it there again.
    let query = format!("user={user}^role.name=itil");
    let row = text(&rows(&sandbox, "sys_user_has_role", &query).await[0], "sys_id").to_owned();
    let call = format!("DELETE /api/now/table/sys_user_has_role/{row}");
    assert_eq!(servicenow(&sandbox, &call, None).await.status, 204);
    assert_eq!(roles(&sandbox, user).await, with_group);

    let call = format!("DELETE /api/now/table/sys_user_grmember/{}", text(&member, "sys_id"));
    servicenow(&sandbox, &call, None).await;
    assert!(roles(&sandbox, user).await.is_empty());
}

#[tokio::test]
async fn a_role_that_is_given_brings_what_it_contains() {
    let sandbox = frozen().await;
    let user = create(&sandbox, "sys_user", json!({"user_name": "nora", "last_name": "Lindqvist"})).await;
    let user = text(&user, "sys_id");
    let role = rows(&sandbox, "sys_user_role", "name=itil_admin").await;
    create(&sandbox, "sys_user_has_role", json!({"user": user, "role": text(&role[0], "sys_id")})).await;
    let all = ["+itil", "+sn_request_write", "+snc_platform_rest_api_access", "itil_admin"];
    assert_eq!(roles(&sandbox, user).await, all);
}

#[tokio::test]
async fn the_dictionary_describes_the_tables_as_they_are() {
    let sandbox = frozen().await;
    let incident = &rows(&sandbox, "sys_db_object", "name=incident").await[0];
    let base =
        &rows(&sandbox, "sys_db_object", &format!("sys_id={}", text(incident, "super_class"))).await[0];
    assert_eq!(text(base, "name"), "task");
    let caller = &rows(&sandbox, "sys_dictionary", "name=incident^element=caller_id").await[0];
    assert_eq!((text(caller, "internal_type"), text(caller, "reference")), ("reference", "sys_user"));
    assert!(rows(&sandbox, "sys_dictionary", "name=incident^element=number").await.is_empty(), "is task's");
    let row = create(&sandbox, "incident", json!({"short_description": "x"})).await;
    let described = rows(&sandbox, "sys_dictionary", "nameINincident,task^elementISNOTEMPTY").await;
    let mut described: Vec<&str> = described.iter().map(|column| text(column, "element")).collect();
    described.sort_unstable();
    let mut there: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    there.sort_unstable();
    assert_eq!(described, there);
}

#[tokio::test]
async fn a_plugin_that_is_not_installed_has_no_tables() {
    let sandbox = frozen().await;
    let call = "GET /api/now/table/sn_si_incident?sysparm_limit=1";
    let answer = servicenow(&sandbox, call, None).await;
    assert_eq!(
        (answer.status, text(&answer.json()["error"], "message")),
        (400, "Invalid table sn_si_incident")
    );
    let about = ["sys_db_object", "sys_dictionary", "sys_choice"];
    for table in about {
        assert!(rows(&sandbox, table, "nameSTARTSWITHsn_si_").await.is_empty(), "{table}");
    }
    sandbox.change_habits(|habits| habits.security_incident_response = true);
    assert_eq!(servicenow(&sandbox, call, None).await.status, 200);
    for table in about {
        assert!(!rows(&sandbox, table, "nameSTARTSWITHsn_si_").await.is_empty(), "{table}");
    }
}

#[tokio::test]
async fn a_security_incident_goes_forward_and_closes_with_code_and_notes() {
    let habits = Habits { security_incident_response: true, ..Habits::default() };
    let sandbox = Sandbox::builder().people(5).habits(habits).start().await.unwrap();
    let row = create(&sandbox, "sn_si_incident", json!({"short_description": "Phish"})).await;
    assert_eq!((text(&row, "state"), &text(&row, "number")[..3]), ("10", "SIR"));
    assert_eq!(change(&sandbox, "sn_si_incident", &row, json!({"state": "18"})).await.status, 200);
    let back = change(&sandbox, "sn_si_incident", &row, json!({"state": "16"})).await;
    assert!(back.status == 403 && back.text.contains("aborted by Business Rule 'Enforce state flow^"));
    let bare = change(&sandbox, "sn_si_incident", &row, json!({"state": "3"})).await;
    assert!(
        bare.text
            .contains("Data Policy Exception: The following fields are mandatory: Close code, Close notes")
    );
    let closed = json!({"state": "3", "close_code": "Confirmed", "close_notes": "Blocked"});
    let closed = change(&sandbox, "sn_si_incident", &row, closed).await.result();
    assert_eq!(text(&closed, "active"), "false");
}

#[tokio::test]
async fn close_codes_differ_by_release() {
    let sandbox = frozen().await;
    let listed = async || -> Vec<String> {
        let rows = rows(&sandbox, "sys_choice", "name=incident^element=close_code^ORDERBYsequence").await;
        rows.iter().map(|row| text(row, "value").to_owned()).collect()
    };
    let row = create(&sandbox, "incident", json!({"short_description": "x"})).await;
    let resolve = |code: &str| json!({"state": "6", "close_code": code, "close_notes": "done"});
    assert!(listed().await.contains(&"Solution provided".to_owned()));
    sandbox.change_habits(|habits| habits.old_close_codes = true);
    assert!(!listed().await.contains(&"Solution provided".to_owned()));
    assert_eq!(change(&sandbox, "incident", &row, resolve("Solution provided")).await.status, 403);
    assert_eq!(change(&sandbox, "incident", &row, resolve("Solved (Permanently)")).await.status, 200);
}

#[tokio::test]
async fn an_item_may_close_through_its_tasks_only_or_not_at_all() {
    let sandbox = frozen().await;
    let state = async |table: &str, id: &str| {
        text(&rows(&sandbox, table, &format!("sys_id={id}")).await[0], "state").to_owned()
    };
    sandbox.change_habits(|habits| habits.items_close_through_tasks = true);
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let (item, task) = (json!({"sys_id": ticket.item_sys_id}), json!({"sys_id": ticket.task_sys_id}));
    let refused = change(&sandbox, "sc_req_item", &item, json!({"state": "3"})).await;
    assert!(refused.status == 403 && refused.text.contains("aborted by Business Rule"), "{}", refused.text);
    assert_eq!(change(&sandbox, "sc_task", &task, json!({"state": "3"})).await.status, 200);
    assert_eq!(state("sc_req_item", &ticket.item_sys_id).await, "3");

    sandbox.change_habits(|habits| habits.items_stay_open = true);
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    change(&sandbox, "sc_task", &json!({"sys_id": ticket.task_sys_id}), json!({"state": "3"})).await;
    assert_eq!(state("sc_req_item", &ticket.item_sys_id).await, "1");
}

#[tokio::test]
async fn nobody_has_to_approve_what_is_closed() {
    let sandbox = frozen().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let approver = text(&rows(&sandbox, "sys_user", "").await[0], "sys_id").to_owned();
    let group = json!({"parent": ticket.item_sys_id, "approval": "requested"});
    let group = create(&sandbox, "sysapproval_group", group).await;
    let row =
        json!({"approver": approver, "sysapproval": ticket.item_sys_id, "group": text(&group, "sys_id")});
    let row = create(&sandbox, "sysapproval_approver", row).await;
    assert_eq!((text(&row, "state"), text(&row, "source_table")), ("requested", "sc_req_item"));
    change(&sandbox, "sc_task", &json!({"sys_id": ticket.task_sys_id}), json!({"state": "4"})).await;
    let after = &rows(&sandbox, "sysapproval_approver", &format!("sys_id={}", text(&row, "sys_id"))).await[0];
    assert_eq!(text(after, "state"), "not_required");
}
