//! What does the pipeline cost: credentials, pacing, retry, typed answers, pages?
//!
//! The clients against bare reqwest and serde_json, on the same URLs of the same sandbox.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use criterion::{Criterion, criterion_group, criterion_main};
use identity_lifecycle_benches::{Comparison, runtime};
use okta_client::OktaClient;
use reqwest::header::AUTHORIZATION;
use sandbox::{Limits, Sandbox};
use serde_json::Value;
use servicenow_client::{Query, ServiceNowClient, SysUser};

/// One less than there are rows in `sys_user`: the integration user has one too.
const PEOPLE: usize = 1999;

async fn get(http: &reqwest::Client, url: &str, authorization: &str) -> Value {
    let request = http.get(url).header(AUTHORIZATION, authorization).send();
    let body = request.await.expect("the sandbox answers").bytes().await.expect("the answer is whole");
    serde_json::from_slice(&body).expect("the answer is JSON")
}

fn one_user(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let sandbox =
        outside.block_on(Sandbox::builder().limits(Limits::Unlimited).start()).expect("the sandbox starts");
    let id = sandbox.state()["okta"]["users"][0]["id"].as_str().expect("there is a user").to_owned();
    let url = format!("{}/api/v1/users/{id}", sandbox.okta_url());
    let authorization = format!("SSWS {}", sandbox.okta_token());
    let id = id.parse().expect("it is an id");
    let okta = OktaClient::builder(sandbox.okta_url()).api_token(sandbox.okta_token().to_owned().into());
    let okta = okta.build().expect("the settings are right");
    let http = reqwest::Client::new();

    let bare = async || assert!(get(&http, &url, &authorization).await["id"].is_string());
    let title = "Okta: get one user";
    let mut comparison = Comparison::new(criterion, &inside, title, "reqwest and serde_json", bare);
    comparison.measure("okta.users().get(id)", 1, async || {
        okta.users().get(&id).await.expect("the user is there");
    });
    comparison.report();
}

fn all_users(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let sandbox = outside
        .block_on(Sandbox::builder().people(PEOPLE).limits(Limits::Unlimited).start())
        .expect("the sandbox starts");
    let (username, password) = (sandbox.servicenow_username(), sandbox.servicenow_password());
    let servicenow =
        ServiceNowClient::builder(sandbox.servicenow_url()).basic(username, password.to_owned().into());
    let servicenow = servicenow.build().expect("the settings are right");
    let list = async || {
        let users = servicenow.table::<SysUser>().list(Query::all()).collect_all().await;
        assert_eq!(users.expect("the sandbox answers").rows.len(), PEOPLE + 1);
    };
    // What the client asks for, page by page, is what the reference asks for.
    inside.block_on(list());
    let url = sandbox.servicenow_url();
    let pages: Vec<String> =
        sandbox.requests().iter().map(|request| format!("{url}{}", request.path)).collect();
    let http = reqwest::Client::new();
    let read_pages = async || {
        let mut rows = 0;
        for page in &pages {
            let request = http.get(page).basic_auth(username, Some(password)).send();
            let body =
                request.await.expect("the sandbox answers").bytes().await.expect("the answer is whole");
            let answer: Value = serde_json::from_slice(&body).expect("the answer is JSON");
            rows += answer["result"].as_array().map_or(0, Vec::len);
        }
        assert_eq!(rows, PEOPLE + 1);
    };

    let title = "ServiceNow: list 2,000 users";
    let mut comparison = Comparison::new(criterion, &inside, title, "reqwest and serde_json", read_pages);
    comparison.measure("table::<SysUser>().list(query)", 1, list);
    comparison.report();
}

criterion_group!(benches, one_user, all_users);
criterion_main!(benches);
