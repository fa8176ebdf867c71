//! What does it cost to list a ServiceNow table through the client, and how much memory does it hold meanwhile?
//!
//! Against bare reqwest and serde_json, page after page by key into plain structs, from the same loopback server.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::alloc::System;

use criterion::{Criterion, criterion_group, criterion_main};
use futures::StreamExt as _;
use identity_lifecycle_benches::pages::Pages;
use identity_lifecycle_benches::{Comparison, most_held, runtime};
use serde::Deserialize;
use serde_json::{Value, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, Record as _, Rows, ServiceNowClient};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USERS: usize = 100_000;
const USERS_A_PAGE: usize = 500;

/// What one would write by hand: every field as the text that ServiceNow sends.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct PlainUser {
    sys_id: String,
    user_name: String,
    first_name: String,
    middle_name: String,
    last_name: String,
    name: String,
    email: String,
    employee_number: String,
    title: String,
    department: String,
    company: String,
    cost_center: String,
    location: String,
    manager: String,
    phone: String,
    mobile_phone: String,
    active: String,
    locked_out: String,
    source: String,
    web_service_access_only: String,
    time_zone: String,
    last_login_time: String,
    sys_created_on: String,
    sys_updated_on: String,
    sys_mod_count: String,
}

#[derive(Deserialize)]
struct Page {
    result: Vec<PlainUser>,
}

/// A user with what an instance answers for the fields that [`SysUser`] asks for.
fn user(n: usize) -> Value {
    let id = |n: usize| format!("{n:032x}");
    let known = json!({
        "sys_id": id(n), "user_name": format!("ann.lee.{n}@example.com"), "first_name": "Ann", "last_name": "Lee",
        "name": "Ann Lee", "email": format!("ann.lee.{n}@example.com"), "employee_number": n.to_string(),
        "title": "Account Executive", "department": id(n % 40), "company": id(1), "cost_center": id(n % 90),
        "location": id(n % 7), "manager": id(n / 10), "mobile_phone": "+47 555 0100", "active": "true",
        "locked_out": "false", "web_service_access_only": "false", "time_zone": "Europe/Oslo",
        "last_login_time": "2026-03-30 07:58:11", "sys_created_on": "2026-03-02 09:15:20",
        "sys_updated_on": "2026-03-29 16:02:04", "sys_mod_count": "17",
    });
    let field = |name: &&str| ((*name).to_owned(), known.get(name).cloned().unwrap_or_else(|| json!("")));
    SysUser::FIELDS.iter().map(field).collect()
}

/// Every row of a table, one page after the other, with nothing but the usual crates.
async fn bare(http: &reqwest::Client, url: &str) -> usize {
    let (mut count, mut after) = (0, None::<String>);
    loop {
        let key = after.map_or_else(String::new, |id| format!("sys_id>{id}^"));
        let query = [
            ("sysparm_query", format!("{key}ORDERBYsys_id")),
            ("sysparm_fields", SysUser::FIELDS.join(",")),
            ("sysparm_limit", USERS_A_PAGE.to_string()),
        ];
        let url = reqwest::Url::parse_with_params(&format!("{url}/api/now/table/sys_user"), query);
        let request = http.get(url.expect("it is one")).basic_auth("api", Some("pw"));
        let answer = request.send().await.expect("the server answers");
        let body = answer.bytes().await.expect("the answer is whole");
        let page: Page = serde_json::from_slice(&body).expect("the answer is JSON");
        count += page.result.len();
        after = page.result.last().map(|user| user.sys_id.clone());
        if page.result.len() < USERS_A_PAGE || count == USERS {
            return count;
        }
    }
}

fn users(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let pages = outside.block_on(Pages::serve_table("/api/now/table/sys_user", USERS, USERS_A_PAGE, user));
    let http = reqwest::Client::new();
    let servicenow = ServiceNowClient::builder(pages.url()).basic("api", "pw".to_owned().into()).build();
    let servicenow = servicenow.expect("the settings are right");
    let list = |query: Query| servicenow.table::<SysUser>().list(query).page_size(500);
    let count = async |rows: Rows<SysUser>| rows.map(|row| row.expect("it can be read")).count().await;

    let reference = async || assert_eq!(bare(&http, pages.url()).await, USERS);
    let title = "ServiceNow: list 100,000 users";
    let mut comparison = Comparison::new(criterion, &inside, title, "reqwest and serde_json", reference);
    comparison.measure("table::<SysUser>().list()", 1, async || {
        assert_eq!(count(list(Query::all())).await, USERS);
    });
    comparison.report();
    let live = || {
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
    };
    most_held(&inside, "ServiceNow users", list(Query::all()), USERS, live);
}

criterion_group!(benches, users);
criterion_main!(benches);
