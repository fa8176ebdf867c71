//! What does it cost to list everybody through the client, and how much memory does it hold meanwhile?
//!
//! Against bare reqwest and serde_json, page after page into plain structs, from the same loopback server.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::alloc::System;

use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::StreamExt as _;
use identity_lifecycle_benches::pages::{Pages, next_page};
use identity_lifecycle_benches::{Comparison, most_held, runtime};
use okta_client::OktaClient;
use serde::Deserialize;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USERS: usize = 100_000;
const USERS_A_PAGE: usize = 200;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainUser {
    id: String,
    status: String,
    created: DateTime<Utc>,
    activated: Option<DateTime<Utc>>,
    status_changed: Option<DateTime<Utc>>,
    last_login: Option<DateTime<Utc>>,
    last_updated: DateTime<Utc>,
    profile: PlainProfile,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainProfile {
    first_name: String,
    last_name: String,
    mobile_phone: Option<String>,
    second_email: Option<String>,
    login: String,
    email: String,
    display_name: Option<String>,
    department: Option<String>,
    title: Option<String>,
    employee_number: Option<String>,
    manager_id: Option<String>,
}

fn user(n: usize) -> Value {
    let login = format!("ann.lee.{n}@example.com");
    json!({
        "id": format!("00u{n:017}"), "status": "ACTIVE", "created": "2026-03-02T09:15:20.000Z",
        "activated": "2026-03-02T09:15:21.000Z", "statusChanged": "2026-03-02T09:20:48.000Z",
        "lastLogin": "2026-03-30T07:58:11.000Z", "lastUpdated": "2026-03-29T16:02:04.000Z",
        "passwordChanged": "2026-03-02T09:20:47.000Z", "type": {"id": "oty1ab2cd3EF4gh5i6j7"},
        "profile": {
            "firstName": "Ann", "lastName": "Lee", "mobilePhone": null, "secondEmail": null, "login": login,
            "email": login, "displayName": "Ann Lee", "department": "Sales", "title": "Account Executive",
            "employeeNumber": n.to_string(), "managerId": "10017", "startDate": "2026-03-02", "badges": ["hq", "vpn"]
        },
        "credentials": {
            "password": {}, "emails": [{"value": login, "status": "VERIFIED", "type": "PRIMARY"}],
            "provider": {"type": "OKTA", "name": "OKTA"}
        },
        "_links": {"self": {"href": format!("https://acme.okta.com/api/v1/users/00u{n:017}")}}
    })
}

fn client(url: &str) -> OktaClient {
    OktaClient::builder(url).api_token("t0ken".to_owned().into()).build().expect("the settings are right")
}

/// Every item of a list, one page after the other, with nothing but the usual crates.
async fn bare<T: serde::de::DeserializeOwned>(http: &reqwest::Client, first: &str) -> usize {
    let (mut count, mut next) = (0, Some(first.to_owned()));
    while let Some(url) = next {
        let answer = http.get(url).header("authorization", "SSWS t0ken").send().await;
        let answer = answer.expect("the server answers");
        next = next_page(answer.headers());
        let body = answer.bytes().await.expect("the answer is whole");
        let items: Vec<T> = serde_json::from_slice(&body).expect("the answer is JSON");
        count += items.len();
    }
    count
}

fn users(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let pages = outside.block_on(Pages::serve("/api/v1/users", USERS, USERS_A_PAGE, user));
    let http = reqwest::Client::new();
    let okta = client(pages.url());
    let first = format!("{}/api/v1/users?limit={USERS_A_PAGE}", pages.url());

    let reference = async || assert_eq!(bare::<PlainUser>(&http, &first).await, USERS);
    let title = "Okta: list 100,000 users";
    let mut comparison = Comparison::new(criterion, &inside, title, "reqwest and serde_json", reference);
    comparison.measure("okta.users().list()", 1, async || {
        let users = okta.users().list().send().map(|user| user.expect("the user can be read"));
        assert_eq!(users.count().await, USERS);
    });
    comparison.measure("the same, every login looked at", 1, async || {
        let users = okta.users().list().send().map(|user| user.expect("the user can be read"));
        assert_eq!(
            users.filter(|user| std::future::ready(user.profile.login().is_some())).count().await,
            USERS
        );
    });
    comparison.report();
    most_held(&inside, "users", okta.users().list().send(), USERS, live);
}

const EVENTS: usize = 200_000;
const EVENTS_A_PAGE: usize = 1000;

/// What `LogEvent` has at hand, and none of what it leaves as text until it is asked for.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainEvent {
    uuid: String,
    published: DateTime<Utc>,
    event_type: String,
    severity: String,
    display_message: Option<String>,
    actor: PlainEntity,
    client: PlainClient,
    outcome: PlainOutcome,
    target: Option<Vec<PlainEntity>>,
    transaction: PlainTransaction,
    debug_context: PlainDebugContext,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainEntity {
    id: String,
    r#type: String,
    alternate_id: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainClient {
    user_agent: Option<PlainUserAgent>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainUserAgent {
    raw_user_agent: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct PlainOutcome {
    result: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct PlainTransaction {
    id: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainDebugContext {
    debug_data: PlainDebugData,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
#[serde(rename_all = "camelCase")]
struct PlainDebugData {
    request_id: Option<String>,
}

fn event(n: usize) -> Value {
    let place = json!({
        "city": "Oslo", "state": "Oslo County", "country": "Norway", "postalCode": "0150",
        "geolocation": {"lat": 59.9127, "lon": 10.7461}
    });
    let ann = json!({
        "id": "00u1ab2cd3EF4gh5i6j7", "type": "User", "alternateId": "ann.lee@example.com",
        "displayName": "Ann Lee", "detailEntry": null
    });
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/134.0.0.0 Safari/537.36";
    json!({
        "uuid": format!("5a9e1d20-2d0f-11f1-9c2b-{n:012x}"), "published": "2026-03-30T08:14:07.412Z",
        "eventType": "user.session.start", "version": "0", "severity": "INFO",
        "legacyEventType": "core.user_auth.login_success", "displayMessage": "User login to Okta",
        "actor": ann, "device": null,
        "client": {
            "userAgent": {"rawUserAgent": agent, "os": "Mac OS X", "browser": "CHROME"}, "zone": "null",
            "device": "Computer", "id": null, "ipAddress": "203.0.113.10", "geographicalContext": place
        },
        "authenticationContext": {
            "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
            "interface": null, "authenticationStep": 0, "rootSessionId": null, "externalSessionId": "102ab"
        },
        "outcome": {"result": "SUCCESS", "reason": null},
        "target": [ann, {"id": "lae1ab2cd3EF4gh5i6j7", "type": "AuthenticatorEnrollment", "alternateId": "unknown",
            "displayName": "Password", "detailEntry": {"methodTypeUsed": "Password", "methodUsedVerifiedProperties": "[USER_PRESENCE]"}}],
        "transaction": {"type": "WEB", "id": "ab609228fe84ce59cdcbfa690bcce016", "detail": {}},
        "debugContext": {"debugData": {
            "requestId": "ab609228fe84ce59cdcbfa690bcce016", "requestUri": "/idp/idx/identify",
            "url": "/idp/idx/identify?", "threatSuspected": "false", "dtHash": "f".repeat(64),
            "risk": "{level=LOW}", "behaviors": "{New Device=NEGATIVE, New IP=NEGATIVE}",
            "logOnlySecurityData": "{\"risk\":{\"level\":\"LOW\"},\"behaviors\":{\"New Device\":\"NEGATIVE\"}}"
        }},
        "securityContext": {"asNumber": 2119, "asOrg": "example isp", "isp": "example isp", "domain": null, "isProxy": false},
        "request": {"ipChain": [{"ip": "203.0.113.10", "version": "V4", "source": null, "geographicalContext": place}]}
    })
}

fn log_events(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let pages = outside.block_on(Pages::serve("/api/v1/logs", EVENTS, EVENTS_A_PAGE, event));
    let http = reqwest::Client::new();
    let okta = client(pages.url());
    let first = format!("{}/api/v1/logs?limit={EVENTS_A_PAGE}", pages.url());
    let day = |text: &str| text.parse::<DateTime<Utc>>().expect("it is a time");
    let list = || okta.system_log().between(day("2026-03-30T00:00:00Z"), day("2026-03-31T00:00:00Z")).send();

    let reference = async || assert_eq!(bare::<PlainEvent>(&http, &first).await, EVENTS);
    let title = "Okta: list 200,000 log events";
    let mut comparison = Comparison::new(criterion, &inside, title, "reqwest and serde_json", reference);
    comparison.measure("okta.system_log().between()", 1, async || {
        assert_eq!(list().map(|event| event.expect("it can be read")).count().await, EVENTS);
    });
    comparison.measure("the same, type and actor looked at", 1, async || {
        let events = list().map(|event| event.expect("it can be read"));
        let looked_at = events.filter(|event| {
            let actor = event.actor().and_then(|actor| actor.id());
            std::future::ready(event.event_type().is_some() && actor.is_some() && event.published().is_some())
        });
        assert_eq!(looked_at.count().await, EVENTS);
    });
    comparison.report();
    most_held(&inside, "log events", list(), EVENTS, live);
}

/// What is allocated and not given back.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

criterion_group!(benches, users, log_events);
criterion_main!(benches);
