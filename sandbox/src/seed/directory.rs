//! The company as an Okta org knows it.

use serde_json::{Map, Value, json};

use super::company::{Company, LOCATIONS, Person};
use super::morning;
use crate::id::group_id;
use crate::okta::{Group, Kind, Org, Status, User};

/// The groups of the company, with who manages them.
const GROUPS: [(&str, Kind); 22] = [
    ("Everyone", Kind::BuiltIn),
    ("All Employees", Kind::Okta),
    ("Contractors", Kind::Okta),
    ("Engineering", Kind::Okta),
    ("Product", Kind::Okta),
    ("Sales", Kind::Okta),
    ("Marketing", Kind::Okta),
    ("Finance", Kind::Okta),
    ("People", Kind::Okta),
    ("Legal", Kind::Okta),
    ("IT", Kind::Okta),
    ("Support", Kind::Okta),
    ("Operations", Kind::Okta),
    ("GitHub Users", Kind::Okta),
    ("Jira Users", Kind::Okta),
    ("Salesforce Users", Kind::Okta),
    ("VPN Users", Kind::Okta),
    ("Finance Systems", Kind::Okta),
    ("People Managers", Kind::Okta),
    ("Payroll Admins", Kind::Okta),
    ("Production Access", Kind::Okta),
    ("acme.local Domain Users", Kind::App),
];

pub(crate) fn fill(org: &mut Org, company: &Company) {
    let founded = morning(chrono::NaiveDate::from_ymd_opt(2018, 1, 8).unwrap_or_default());
    for (name, kind) in GROUPS {
        let description =
            if kind == Kind::BuiltIn { json!("All users in your organization") } else { Value::Null };
        let profile =
            Map::from_iter([("name".to_owned(), json!(name)), ("description".to_owned(), description)]);
        org.groups.seed(Group::new(group_id(name), kind, profile, founded));
    }
    super::apps::fill(org, founded);
    for person in &company.people {
        let user = user(org, company, person);
        for name in groups_of(person) {
            if let Some(group) = org.groups.find(&group_id(name)) {
                let key = group.key;
                org.groups.seed_member(key, user.key);
            }
        }
    }
    appoint_admin(org, company);
}

fn user(org: &mut Org, company: &Company, person: &Person) -> User {
    let hired = morning(person.hired);
    let mut user = User::new(org.ids.okta("00u"), profile(company, person), hired);
    user.has_password = true;
    user.password_changed = Some(hired);
    user.enter(Status::Active, hired);
    org.users.seed(user)
}

fn profile(company: &Company, person: &Person) -> Map<String, Value> {
    let (city, _, country, street, zip) = LOCATIONS[person.location];
    let manager = person.manager.map(|at| &company.people[at]);
    let profile = json!({
        "login": person.login,
        "email": person.login,
        "firstName": person.first,
        "lastName": person.last,
        "displayName": person.name(),
        "title": person.title,
        "department": person.department().name,
        "costCenter": person.department().code,
        "organization": "Acme",
        "employeeNumber": person.number,
        "userType": if person.contractor { "contractor" } else { "employee" },
        "manager": manager.map(Person::name),
        "managerId": manager.map(|manager| manager.login.clone()),
        "streetAddress": street,
        "city": city,
        "zipCode": zip,
        "countryCode": country,
        "startDate": person.hired.to_string(),
    });
    let Value::Object(mut profile) = profile else { return Map::new() };
    profile.retain(|_, value| !value.is_null());
    profile
}

fn groups_of(person: &Person) -> Vec<&'static str> {
    let department = person.department().name;
    let kind = if person.contractor { "Contractors" } else { "All Employees" };
    let mut groups = vec![kind, department, "VPN Users", "acme.local Domain Users"];
    match department {
        "Engineering" => groups.extend(["GitHub Users", "Jira Users"]),
        "IT" => groups.extend(["GitHub Users", "Jira Users", "Production Access"]),
        "Product" => groups.push("Jira Users"),
        "Sales" | "Marketing" | "Support" => groups.push("Salesforce Users"),
        "Finance" => groups.push("Finance Systems"),
        _ => {}
    }
    if person.title.starts_with("Staff") {
        groups.push("Production Access");
    }
    if person.title == "Payroll Specialist" {
        groups.push("Payroll Admins");
    }
    if person.leads {
        groups.push("People Managers");
    }
    groups
}

/// The head of IT made the token, and is the org's super administrator.
fn appoint_admin(org: &mut Org, company: &Company) {
    let head = company.people.iter().find(|person| person.title == "VP of IT").or(company.people.first());
    let Some(admin) = head.and_then(|head| org.users.find(&head.login)).cloned() else { return };
    org.appoint(&admin.id, admin.created);
    org.api_tokens.seed(&admin.id, admin.created);
    org.token_owner = admin.id;
}
