//! Sessions, threads and rate-limit rules of the ServiceNow instance.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::time::Duration;

use common::{Answer, servicenow};
use sandbox::{Capacity, Habits, RateRule, Sandbox};

const CALL: &str = "GET /api/now/table/incident?sysparm_limit=1";

async fn start(habits: Habits) -> Sandbox {
    Sandbox::builder().people(1).frozen_clock().habits(habits).start().await.unwrap()
}

/// An instance whose threads work for a second.
async fn working(capacity: Capacity) -> Sandbox {
    start(Habits { capacity: Capacity { work_millis: 1000, ..capacity }, ..Habits::default() }).await
}

/// The status of a call that comes with a cookie, and how long it waited for a thread and for its session.
async fn call(sandbox: &Sandbox, cookie: &str) -> (u16, String) {
    let request = reqwest::Client::new()
        .get(format!("{}/api/now/table/incident?sysparm_limit=1", sandbox.servicenow_url()))
        .basic_auth(sandbox.servicenow_username(), Some(sandbox.servicenow_password()))
        .header("cookie", cookie);
    let answer = request.send().await.unwrap();
    let timing = answer.headers()["server-timing"].to_str().unwrap();
    (answer.status().as_u16(), timing.split_once(", ").unwrap().1.to_owned())
}

/// The cookie of an answer's session.
fn session(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn requests_of_one_session_wait_for_one_another_and_the_twelfth_is_dropped() {
    let sandbox = working(Capacity { threads: 100, ..Capacity::default() }).await;
    let cookie = session(&servicenow(&sandbox, CALL, None).await);
    for waits in 1..=10 {
        let waited = format!("sem_wait;dur=0, sesh_wait;dur={}", waits * 1000);
        assert_eq!(call(&sandbox, &cookie).await, (200, waited));
    }
    assert_eq!(call(&sandbox, &cookie).await.0, 202);
    // Without the cookie it is another session.
    assert_eq!(call(&sandbox, "a=b").await, (200, "sem_wait;dur=0, sesh_wait;dur=0".to_owned()));
    let sessions = sandbox.servicenow_sessions();
    assert_eq!(sessions.iter().map(|session| session.requests).collect::<Vec<_>>(), [12, 1]);
    assert_eq!(sessions[0].most_at_once, 12);
    sandbox.clock().advance(Duration::from_secs(11));
    assert_eq!(call(&sandbox, &cookie).await, (200, "sem_wait;dur=0, sesh_wait;dur=0".to_owned()));
}

#[tokio::test]
async fn a_session_that_was_idle_for_a_minute_is_over() {
    let sandbox = start(Habits::default()).await;
    let cookie = session(&servicenow(&sandbox, CALL, None).await);
    for (seconds, sessions) in [(59, 1), (59, 1), (60, 2)] {
        sandbox.clock().advance(Duration::from_secs(seconds));
        call(&sandbox, &cookie).await;
        assert_eq!(sandbox.servicenow_sessions().len(), sessions);
    }
}

#[tokio::test]
async fn who_finds_no_thread_waits_and_who_finds_no_place_to_wait_is_refused() {
    let sandbox = working(Capacity { threads: 2, queue: 3, ..Capacity::default() }).await;
    let mut waits = Vec::new();
    for _ in 0..5 {
        waits.push(call(&sandbox, "").await.1);
    }
    let waited = |millis: u32| format!("sem_wait;dur={millis}, sesh_wait;dur=0");
    assert_eq!(waits, [0, 0, 1000, 1000, 2000].map(waited));
    let refused = servicenow(&sandbox, CALL, None).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, ""));
    assert!(refused.header("content-type").starts_with("text/html"));
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(call(&sandbox, "").await, (200, waited(1000)));
}

#[tokio::test]
async fn a_node_has_threads_of_its_own() {
    let sandbox = working(Capacity { nodes: 2, threads: 1, ..Capacity::default() }).await;
    let mut waits = Vec::new();
    for _ in 0..4 {
        waits.push(call(&sandbox, "").await.1);
    }
    assert_eq!(waits, [0, 0, 1000, 1000].map(|millis| format!("sem_wait;dur={millis}, sesh_wait;dur=0")));
}

#[tokio::test]
async fn while_time_runs_answers_are_held_back() {
    let capacity = Capacity { work_millis: 30, untold: true, ..Capacity::default() };
    let habits = Habits { capacity, ..Habits::default() };
    let sandbox = Sandbox::builder().people(1).habits(habits).start().await.unwrap();
    let before = sandbox.clock().now();
    let answer = servicenow(&sandbox, CALL, None).await;
    assert!(sandbox.clock().now() - before >= chrono::TimeDelta::milliseconds(30));
    assert!(!answer.headers.contains_key("server-timing"));
}

fn rule(sys_id: &str, limit: u32, path: &str, method: Option<&str>) -> RateRule {
    let (sys_id, path, method) = (sys_id.to_owned(), path.to_owned(), method.map(str::to_owned));
    RateRule { sys_id, limit, path, method }
}

#[tokio::test]
async fn a_rule_covers_a_path_and_a_method_and_the_lowest_of_several_counts() {
    let rate_rules = vec![
        rule("all", 3, "/api", None),
        rule("incidents", 2, "/api/now/table/incident", Some("GET")),
        rule("incident_tasks", 1, "/api/now/table/incident_task", None),
    ];
    let sandbox = start(Habits { rate_rules, ..Habits::default() }).await;
    let told = async |call: &str| {
        let answer = servicenow(&sandbox, call, None).await;
        (answer.status, answer.header("x-ratelimit-rule").to_owned(), answer.header("retry-after").to_owned())
    };
    let (users, incidents) = ("GET /api/now/table/sys_user?sysparm_limit=1", CALL);
    for (call, status, rule, after) in [
        (incidents, 200, "incidents", ""),
        (users, 200, "all", ""),
        (incidents, 200, "incidents", ""),
        (incidents, 429, "incidents", "3600"),
        (users, 200, "all", ""),
        (users, 200, "all", ""),
        (users, 429, "all", "3600"),
    ] {
        assert_eq!(told(call).await, (status, rule.to_owned(), after.to_owned()));
    }
    sandbox.clock().advance(Duration::from_secs(3600));
    assert_eq!(told(incidents).await.0, 200);
}

#[tokio::test]
async fn nodes_know_of_each_others_counts_every_half_minute() {
    let capacity = Capacity { nodes: 2, ..Capacity::default() };
    let rate_rules = vec![RateRule { limit: 3, ..RateRule::default() }];
    let sandbox = start(Habits { capacity, rate_rules, ..Habits::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(servicenow(&sandbox, CALL, None).await.status);
    }
    assert_eq!(statuses, [200; 6]);
    sandbox.clock().advance(Duration::from_secs(30));
    assert_eq!(servicenow(&sandbox, CALL, None).await.status, 429);
}
