//! What does the pipeline cost: credentials, pacing, retry, typed answers, pages?
//!
//! The clients against bare reqwest and serde_json, on the same URLs of the same sandbox; and the pipeline alone, on a
//! network that answers at once, against nothing but reading the answer.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::alloc::System;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use identity_lifecycle_benches::{Comparison, runtime};
use okta_client::users::{User, UserId};
use okta_client::{OktaClient, Transport, TransportError};
use reqwest::header::AUTHORIZATION;
use sandbox::{Limits, Sandbox};
use serde_json::Value;
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, ServiceNowClient};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

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

/// A network that has the answer already.
#[derive(Debug)]
struct Canned(Bytes);

#[async_trait]
impl Transport for Canned {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = http::Response::builder()
            .header("content-type", "application/json")
            .header("x-okta-request-id", "d8c32875dfe75dda51a3f0bad9478b90")
            .header("x-rate-limit-limit", "4000000000")
            .header("x-rate-limit-remaining", "3999999999")
            .header("x-rate-limit-reset", "1774857570")
            .header("date", "Mon, 30 Mar 2026 07:58:30 GMT");
        Ok(answer.body(self.0.clone()).expect("the headers are right"))
    }
}

fn pipeline_alone(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let sandbox = outside.block_on(Sandbox::builder().start()).expect("the sandbox starts");
    let mut user = sandbox.state()["okta"]["users"][0].clone();
    user.as_object_mut()
        .expect("it is a user")
        .retain(|name, _| !["groups", "roles", "factors"].contains(&name.as_str()));
    let id: UserId = user["id"].as_str().expect("it has one").parse().expect("it is an id");
    let body = Bytes::from(user.to_string());
    let okta = OktaClient::builder("https://acme.okta.com")
        .api_token("t0ken".to_owned().into())
        .transport(Arc::new(Canned(body.clone())))
        .build()
        .expect("the settings are right");

    let read = async || drop(serde_json::from_slice::<User>(&body).expect("it is a user"));
    let call = async || drop(okta.users().get(&id).await.expect("there is an answer"));
    let title = "The pipeline alone: get one user";
    let mut comparison = Comparison::new(criterion, &inside, title, "reading the answer", read);
    comparison.measure("okta.users().get(id)", 1, call);
    comparison.report();
    let (reading, calling) = (allocations(&inside, read), allocations(&inside, call));
    println!("allocations: {reading} to read the answer, {calling} for the call with it\n");
}

/// How many one takes, once everything is warm.
fn allocations(runtime: &tokio::runtime::Runtime, work: impl AsyncFn()) -> usize {
    const TIMES: usize = 1000;
    runtime.block_on(async {
        work().await;
        let region = Region::new(ALLOCATOR);
        for _ in 0..TIMES {
            work().await;
        }
        region.change().allocations / TIMES
    })
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

criterion_group!(benches, pipeline_alone, one_user, all_users);
criterion_main!(benches);
