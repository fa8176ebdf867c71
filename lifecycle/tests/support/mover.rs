//! Somebody who is here already, known to both systems, and what they are asked to become.

use sandbox::{Ticket, group_id};
use serde_json::{Value, json};

use super::World;
use super::looking::text;

pub const LOGIN: &str = "mia.mover@acme.example";
pub const NUMBER: &str = "70001";
/// Of the old department, and of the new one.
pub const OLD: [&str; 3] = ["Engineering", "GitHub Users", "Jira Users"];
pub const NEW: [&str; 2] = ["Sales", "Salesforce Users"];
pub const ALWAYS: [&str; 2] = ["All Employees", "VPN Users"];

/// A department's head: user name and record.
pub fn head_of(world: &World, department: &str) -> (String, String) {
    let departments = world.rows("cmn_department");
    let department = departments.iter().find(|row| row["name"] == department).unwrap();
    let head = world.row("sys_user", &text(&department["dept_head"]));
    (text(&head["user_name"]), text(&head["sys_id"]))
}

/// An engineer, in both systems, in these groups beside those of engineers.
pub fn engineer(world: &World, more: &[&str]) -> Value {
    engineer_with(world, more, &json!({}))
}

/// The same, with more attributes.
pub fn engineer_with(world: &World, more: &[&str], attributes: &Value) -> Value {
    let (manager, manager_id) = head_of(world, "Engineering");
    let mut profile = json!({
        "login": LOGIN, "email": LOGIN, "firstName": "Mia", "lastName": "Mover", "displayName": "Mia Mover",
        "employeeNumber": NUMBER, "department": "Engineering", "title": "Software Engineer", "userType": "employee",
        "managerId": manager, "city": "Oslo", "organization": "Acme", "costCenter": "CC-ENG", "mobilePhone": "+47 1",
    });
    for (name, value) in attributes.as_object().unwrap() {
        profile[name] = value.clone();
    }
    let groups = [&OLD[..], &ALWAYS, more].concat();
    world.sandbox.add_okta_user(&json!({"profile": profile, "groups": groups})).unwrap();
    let named = |table: &str, name: &str| {
        let row = world.rows(table).into_iter().find(|row| row["name"] == name).unwrap();
        row["sys_id"].clone()
    };
    let record = json!({
        "user_name": LOGIN, "email": LOGIN, "first_name": "Mia", "last_name": "Mover", "employee_number": NUMBER,
        "title": "Software Engineer", "department": named("cmn_department", "Engineering"),
        "location": named("cmn_location", "Oslo"), "manager": manager_id, "active": "true", "locked_out": "false",
    });
    world.sandbox.add_records("sys_user", [record]).unwrap();
    world.okta_user(LOGIN)
}

/// The record in ServiceNow.
pub fn record(world: &World) -> Value {
    world.users_numbered(NUMBER).remove(0)
}

/// A ticket that asks for the move to sales, with other answers instead or besides.
pub fn to_sales(world: &World, answers: &[(&str, &str)]) -> Ticket {
    let (manager, _) = head_of(world, "Sales");
    let mut all = vec![
        ("employee", LOGIN),
        ("department", "Sales"),
        ("title", "Account Executive"),
        ("manager", manager.as_str()),
        ("effective_date", "today"),
    ];
    all.retain(|(name, _)| !answers.iter().any(|(other, _)| other == name));
    all.extend(answers);
    world.sandbox.order_item("Employee transfer", &manager, &all).unwrap()
}

/// A group rule of Okta's, at work.
pub async fn rule(world: &World, department: &str, group: &str) {
    let okta = world.systems().okta;
    let expression = format!("user.department==\"{department}\"");
    let new = okta_client::group_rules::NewGroupRule::new(
        format!("{department} {group}"),
        expression,
        [group_id(group).parse().unwrap()],
    );
    let rule = okta.group_rules().create(&new).await.unwrap();
    okta.group_rules().activate(&rule.id).await.unwrap();
}
