//! Who else writes people's attributes, and requests about people who are here already, by plain HTTP.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::time::Duration;

use common::{encoded, okta, servicenow};
use sandbox::{Sandbox, group_id};
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(12).frozen_clock().start().await.unwrap()
}

/// Somebody of the company.
fn somebody(sandbox: &Sandbox) -> (String, String) {
    let state = sandbox.state();
    let user = &state["okta"]["users"][7];
    (user["id"].as_str().unwrap().to_owned(), user["profile"]["login"].as_str().unwrap().to_owned())
}

fn profile(attribute: &str, value: &str) -> Value {
    json!({"profile": {attribute: value}})
}

async fn row(sandbox: &Sandbox, login: &str) -> Value {
    let query = encoded(&format!("user_name={login}"));
    servicenow(sandbox, &format!("GET /api/now/table/sys_user?sysparm_query={query}"), None).await.result()[0]
        .clone()
}

#[tokio::test]
async fn what_hr_masters_is_refused_and_comes_by_import() {
    let sandbox = frozen().await;
    let (id, login) = somebody(&sandbox);
    sandbox.master_okta_user(&login, &["department"]).unwrap();
    let call = format!("POST /api/v1/users/{id}");
    let refused = okta(&sandbox, &call, Some(profile("department", "Falconry"))).await;
    assert_eq!((refused.status, refused.json()["errorCode"].as_str().unwrap()), (403, "E0000077"));
    assert_eq!(okta(&sandbox, &call, Some(profile("title", "Counsel"))).await.status, 200);
    sandbox.import_okta_profile(&login, &json!({"department": "Falconry"})).unwrap();
    let user = okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.json();
    assert_eq!(user["profile"]["department"], "Falconry");
    let filter = encoded(&format!("user.id eq \"{id}\""));
    let apps = okta(&sandbox, &format!("GET /api/v1/apps?filter={filter}"), None).await.json();
    let features = |app: &Value| app["features"].as_array().unwrap().contains(&json!("PROFILE_MASTERING"));
    assert!(apps.as_array().unwrap().iter().any(features));
}

#[tokio::test]
async fn oktas_servicenow_app_brings_changes_over_some_time_later() {
    let sandbox = frozen().await;
    let (id, login) = somebody(&sandbox);
    sandbox.provision_servicenow_from_okta(Duration::from_secs(30)).unwrap();
    let call = format!("POST /api/v1/users/{id}");
    assert_eq!(okta(&sandbox, &call, Some(profile("title", "Counsel"))).await.status, 200);
    assert_ne!(row(&sandbox, &login).await["title"], "Counsel");
    sandbox.clock().advance(Duration::from_secs(31));
    assert_eq!(row(&sandbox, &login).await["title"], "Counsel");
}

#[tokio::test]
async fn who_is_assigned_again_is_active_and_stays_locked() {
    let sandbox = frozen().await;
    let (id, login) = somebody(&sandbox);
    sandbox.provision_servicenow_from_okta(Duration::ZERO).unwrap();
    let flags = async || {
        let row = row(&sandbox, &login).await;
        (row["active"].clone(), row["locked_out"].clone())
    };
    let group = ["All Employees", "Contractors"].map(group_id).map(|id| format!("/api/v1/groups/{id}/users"));
    for group in &group {
        okta(&sandbox, &format!("DELETE {group}/{id}"), None).await;
    }
    assert_eq!(flags().await, (json!("false"), json!("true")));
    okta(&sandbox, &format!("PUT {}/{id}", group[0]), None).await;
    assert_eq!(flags().await, (json!("true"), json!("true")));
}

#[tokio::test]
async fn group_rules_may_take_their_time() {
    let sandbox = frozen().await;
    let (id, login) = somebody(&sandbox);
    let group = group_id("Production Access");
    let rule = json!({
        "type": "group_rule", "name": "falconers",
        "conditions": {"expression": {"type": "urn:okta:expression:1.0", "value": "user.department==\"Falconry\""}},
        "actions": {"assignUserToGroups": {"groupIds": [group]}},
    });
    let rule = okta(&sandbox, "POST /api/v1/groups/rules", Some(rule)).await.json();
    let rule = rule["id"].as_str().unwrap();
    okta(&sandbox, &format!("POST /api/v1/groups/rules/{rule}/lifecycle/activate"), None).await;
    sandbox.set_okta_rule_time(Duration::from_secs(20));
    okta(&sandbox, &format!("POST /api/v1/users/{login}"), Some(profile("department", "Falconry"))).await;
    let is_in = async || {
        let groups = okta(&sandbox, &format!("GET /api/v1/users/{id}/groups"), None).await.json();
        groups.as_array().unwrap().iter().any(|one| one["id"] == *group)
    };
    assert!(!is_in().await);
    sandbox.clock().advance(Duration::from_secs(20));
    assert!(is_in().await);
}

#[tokio::test]
async fn an_item_is_ordered_with_people_by_name() {
    let sandbox = frozen().await;
    let (_, login) = somebody(&sandbox);
    let answers = [
        ("employee", login.as_str()),
        ("title", "Counsel"),
        ("effective_date", "today"),
        ("shoe_size", "44"),
    ];
    let ticket = sandbox.order_item("Employee transfer", &login, &answers).unwrap();
    let query = encoded(&format!("request_item={}", ticket.item_sys_id));
    let fields = "sc_item_option.item_option_new.name,sc_item_option.value";
    let path = format!("/api/now/table/sc_item_option_mtom?sysparm_query={query}&sysparm_fields={fields}");
    let rows = servicenow(&sandbox, &format!("GET {path}"), None).await.result();
    let row = row(&sandbox, &login).await;
    let value = |name: &str| {
        let rows = rows.as_array().unwrap().iter();
        let mut found = rows.filter(|row| row["sc_item_option.item_option_new.name"] == name);
        found.next().map(|row| row["sc_item_option.value"].clone())
    };
    assert_eq!(value("employee").as_ref(), Some(&row["sys_id"]));
    assert_eq!(value("title"), Some(json!("Counsel")));
    assert_eq!(value("shoe_size"), None, "the item does not ask for it");
    assert!(sandbox.order_item("Employee transfer", "nobody", &[]).is_err());
}

#[tokio::test]
async fn somebody_who_was_added_is_followed_too() {
    let sandbox = frozen().await;
    let login = "mia.mover@acme.example";
    let profile = json!({
        "login": login, "email": login, "firstName": "Mia", "lastName": "Mover", "employeeNumber": "70001",
        "department": "Engineering", "title": "Engineer",
    });
    sandbox.add_okta_user(&json!({"profile": profile, "groups": ["All Employees"]})).unwrap();
    let record = json!({"user_name": login, "employee_number": "70001", "title": "Engineer"});
    sandbox.add_records("sys_user", [record]).unwrap();
    sandbox.provision_servicenow_from_okta(Duration::from_secs(120)).unwrap();
    okta(&sandbox, &format!("POST /api/v1/users/{login}"), Some(json!({"profile": {"title": "Counsel"}})))
        .await;
    sandbox.clock().advance(Duration::from_secs(121));
    assert_eq!(row(&sandbox, login).await["title"], "Counsel");
}
