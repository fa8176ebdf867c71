//! Batches on a ServiceNow stand-in: parts that do not run, get lost, and fail each in its own way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::HashSet;
use std::sync::Arc;

use common::{NoChance, TestClock};
use sandbox::{Effect, Fault, Habits, Sandbox};
use serde_json::json;
use servicenow_client::batch::Ticket;
use servicenow_client::tables::SysUser;
use servicenow_client::{Delivery, ProblemKind, Query, ServiceNowClient, SysId};

async fn start(people: usize, habits: Habits) -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(people).habits(habits).start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

async fn people(servicenow: &ServiceNowClient) -> Vec<SysUser> {
    servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap().rows
}

fn batches(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.path == "/api/now/v1/batch").count()
}

fn titles(sandbox: &Sandbox) -> HashSet<String> {
    let state = sandbox.state();
    let users = state["servicenow"]["sys_user"].as_array().unwrap();
    users.iter().map(|user| user["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_thousand_updates_go_in_25_requests() {
    let (sandbox, servicenow) = start(1000, Habits::default()).await;
    let users = servicenow.table::<SysUser>().select(["user_name"]);
    let mut batch = servicenow.batch();
    let update = |(n, user): (usize, SysUser)| {
        (n, batch.add(users.update(&user.sys_id, &json!({"title": format!("t{n}")}))))
    };
    let tickets: Vec<(usize, Ticket<SysUser>)> =
        people(&servicenow).await.into_iter().take(1000).enumerate().map(update).collect();
    let mut answers = batch.send().await;
    for (n, ticket) in tickets {
        assert_eq!(answers.take(ticket).unwrap().title.as_str(), Some(&*format!("t{n}")));
    }
    assert_eq!(batches(&sandbox), 25);
    let titles = titles(&sandbox);
    assert!((0..1000).all(|n| titles.contains(&format!("t{n}"))));
}

#[tokio::test]
async fn each_part_ends_as_it_would_by_itself() {
    let (sandbox, servicenow) = start(10, Habits::default()).await;
    let users = servicenow.table::<SysUser>();
    let somebody = people(&servicenow).await.remove(3);
    let nobody: SysId = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let mut batch = servicenow.batch();
    let read = batch.add(users.get(&somebody.sys_id));
    let missing = batch.add(users.get(&nobody));
    let dropped = batch.add(users.update(&somebody.sys_id, &json!({"u_badge": "7"})));
    let taken = batch.add(users.create(&json!({"user_name": somebody.user_name.as_str().unwrap()})));
    let policy = batch.add(servicenow.records("incident").unwrap().create(&json!({"state": "6"})));
    let made = batch.add(users.create_as(&nobody, &json!({"user_name": "nora", "last_name": "Lindqvist"})));
    let gone = batch.add(users.delete(&nobody));
    let password = batch.add(users.update(&somebody.sys_id, &json!({"user_password": "x"})));
    let mut answers = batch.send().await;

    assert_eq!(answers.take(read).unwrap(), somebody);
    assert!(answers.take(missing).unwrap_err().is_not_found());
    let dropped = answers.take(dropped).unwrap_err();
    assert_eq!(dropped.problem().unwrap().kind, ProblemKind::NotWritten { fields: vec!["u_badge".into()] });
    assert!(dropped.request_id().is_some(), "the batch's transaction is the part's");
    assert!(answers.take(taken).unwrap_err().is_conflict());
    let policy = answers.take(policy).unwrap_err();
    assert!(
        matches!(&policy.problem().unwrap().kind, ProblemKind::DataPolicy { fields } if fields.len() == 2)
    );
    assert_eq!(answers.take(made).unwrap().sys_id, nobody);
    answers.take(gone).unwrap();
    assert_eq!(answers.take(password).unwrap_err().delivery(), Delivery::NotSent);
    assert_eq!(batches(&sandbox), 1);
}

#[tokio::test]
async fn what_the_instance_did_not_get_to_goes_again_with_fewer_beside_it() {
    let (sandbox, servicenow) = start(30, Habits { batch_part_millis: 3_000, ..Habits::default() }).await;
    let mut batch = servicenow.batch();
    let incidents = servicenow.records("incident").unwrap();
    let tickets: Vec<_> = (0..30)
        .map(|n| batch.add(incidents.create(&json!({"short_description": format!("n{n}")}))))
        .collect();
    let mut answers = batch.send().await;
    for ticket in tickets {
        answers.take(ticket).unwrap();
    }
    assert_eq!(sandbox.state()["servicenow"]["incident"].as_array().unwrap().len(), 30, "each was made once");
    assert_eq!(batches(&sandbox), 3, "ten at a time");
}

#[tokio::test]
async fn a_part_under_way_when_the_time_is_up_is_ambiguous_if_it_may_not_be_repeated() {
    let (sandbox, servicenow) = start(10, Habits { batch_part_millis: 12_000, ..Habits::default() }).await;
    let incidents = servicenow.records("incident").unwrap();
    let mut batch = servicenow.batch();
    let tickets: Vec<_> =
        (0..4).map(|n| batch.add(incidents.create(&json!({"short_description": format!("n{n}")})))).collect();
    let mut answers = batch.send().await;
    let ends: Vec<Option<Delivery>> =
        tickets.into_iter().map(|ticket| answers.take(ticket).err().map(|error| error.delivery())).collect();
    assert_eq!(ends, [None, None, Some(Delivery::Unknown), None]);
    assert_eq!(
        sandbox.state()["servicenow"]["incident"].as_array().unwrap().len(),
        4,
        "and none was made twice"
    );
}

#[tokio::test]
async fn a_lost_batch_of_updates_goes_again() {
    let (sandbox, servicenow) = start(10, Habits::default()).await;
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/v1/batch", Effect::CutAfter));
    let users = servicenow.table::<SysUser>();
    let all = people(&servicenow).await;
    let mut batch = servicenow.batch();
    let moved = batch.add(users.update(&all[0].sys_id, &json!({"title": "moved"})));
    let gone = batch.add(users.delete(&all[1].sys_id));
    let mut answers = batch.send().await;
    answers.take(moved).unwrap();
    answers.take(gone).unwrap();
    assert_eq!(batches(&sandbox), 2);
    assert!(titles(&sandbox).contains("moved"));
}

#[tokio::test]
async fn of_a_lost_batch_only_what_may_be_done_twice_goes_again() {
    let (sandbox, servicenow) = start(10, Habits::default()).await;
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/v1/batch", Effect::CutAfter));
    let somebody = people(&servicenow).await.remove(2);
    let mut batch = servicenow.batch();
    let made =
        batch.add(servicenow.records("incident").unwrap().create(&json!({"short_description": "once"})));
    let gone = batch.add(servicenow.table::<SysUser>().delete(&somebody.sys_id));
    let mut answers = batch.send().await;
    assert_eq!(answers.take(made).unwrap_err().delivery(), Delivery::Unknown);
    answers.take(gone).unwrap();
    assert_eq!(sandbox.state()["servicenow"]["incident"].as_array().unwrap().len(), 1);
    assert_eq!(batches(&sandbox), 2);
}

#[tokio::test]
async fn a_batch_that_was_dropped_did_not_run_and_goes_again() {
    let (sandbox, servicenow) = start(10, Habits::default()).await;
    for status in [429, 202] {
        sandbox.add_fault(Fault::servicenow("POST", "/api/now/v1/batch", Effect::Status(status)));
    }
    let mut batch = servicenow.batch();
    let made =
        batch.add(servicenow.records("incident").unwrap().create(&json!({"short_description": "once"})));
    let mut answers = batch.send().await;
    answers.take(made).unwrap();
    assert_eq!(sandbox.state()["servicenow"]["incident"].as_array().unwrap().len(), 1);
    assert_eq!(batches(&sandbox), 3);
}
