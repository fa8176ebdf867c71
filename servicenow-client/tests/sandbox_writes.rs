//! Writing to a stand-in that loses answers, drops fields, and has rules of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use common::{NoChance, TestClock};
use sandbox::{DataPolicy, Effect, Fault, Habits, OnboardingRequest, Sandbox};
use serde_json::{Value as Json, json};
use servicenow_client::tables::{ScReqItem, ScTask, SysUser, TaskState};
use servicenow_client::{
    Delivery, Error, Once, ProblemKind, Query, RawRecord, RetryPolicy, ServiceNowClient, SysId, Table,
};

const KEY: &str = "payroll/run 7/step 2";

async fn start(habits: Habits) -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(20).habits(habits).start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .retry(RetryPolicy { attempts: 2, ..RetryPolicy::default() })
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

fn incidents(servicenow: &ServiceNowClient) -> Table<RawRecord> {
    servicenow.records("incident").unwrap()
}

async fn create_once(servicenow: &ServiceNowClient) -> Result<Once<RawRecord>, Error> {
    let fields =
        json!({"short_description": "no account", "correlation_id": KEY, "correlation_display": "Payroll"});
    incidents(servicenow).create_once(Query::new().eq("correlation_id", KEY), &fields).await
}

fn kind(error: &Error) -> &ProblemKind {
    &error.problem().unwrap_or_else(|| panic!("{error:?}")).kind
}

/// How many incidents the instance has.
fn count(sandbox: &Sandbox) -> usize {
    sandbox.state()["servicenow"]["incident"].as_array().unwrap().len()
}

#[tokio::test]
async fn an_item_closes_through_its_tasks_where_rules_want_it_and_not_at_all_without_a_flow() {
    let (sandbox, servicenow) = start(Habits { items_close_through_tasks: true, ..Habits::default() }).await;
    let (items, tasks) = (servicenow.table::<ScReqItem>(), servicenow.table::<ScTask>());
    let closed = json!({"state": TaskState::ClosedComplete, "close_notes": "Done"});
    for stays_open in [false, true] {
        sandbox.change_habits(|habits| habits.items_stay_open = stays_open);
        let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
        let (item, task) = (ticket.item_sys_id.parse().unwrap(), ticket.task_sys_id.parse().unwrap());
        let error = items.update(&item, &json!({"state": TaskState::ClosedComplete})).await.unwrap_err();
        assert!(matches!(kind(&error), ProblemKind::BusinessRule { .. }), "{error}");
        tasks.update(&task, &closed).await.unwrap();
        let state = items.get(&item).await.unwrap().state.into_option().unwrap();
        assert_eq!(state.is_closed(), !stays_open, "closing a task says nothing about its item: read it");
    }
}

#[tokio::test]
async fn a_user_whom_a_rule_takes_out_of_every_count_is_missed_by_look_ups_and_still_makes_no_twin() {
    let (sandbox, servicenow) = start(Habits { inactive_users_are_hidden: true, ..Habits::default() }).await;
    let former = json!({"user_name": "nora", "last_name": "Lindqvist", "active": "false"});
    sandbox.add_records("sys_user", [former.clone()]).unwrap();
    let users = servicenow.table::<SysUser>();
    let rows = || sandbox.state()["servicenow"]["sys_user"].as_array().unwrap().len();
    let before = rows();
    assert!(users.find_one(Query::new().eq("user_name", "nora")).await.unwrap().is_none());
    assert!(users.list(Query::all()).collect_all().await.unwrap().complete, "as far as anybody can count");
    assert!(!servicenow.sees_inactive_users().await.unwrap(), "which is why this is asked first");
    let twin = users.create_once(Query::new().eq("user_name", "nora"), &former).await.unwrap_err();
    assert!(twin.is_conflict());
    assert_eq!(rows(), before);
}

#[tokio::test]
async fn however_an_attempt_ends_there_is_one_ticket() {
    for effect in [None, Some(Effect::CutAfter), Some(Effect::CutBefore), Some(Effect::Status(503))] {
        let (sandbox, servicenow) = start(Habits::default()).await;
        if let Some(effect) = effect {
            sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/incident", effect));
        }
        let first = create_once(&servicenow).await;
        if let Err(error) = &first {
            assert_eq!(error.delivery(), Delivery::Unknown, "nothing to be seen, so nobody knows");
        }
        let again = create_once(&servicenow).await.unwrap();
        assert_eq!(first.as_ref().is_ok_and(Once::is_new), !again.is_new());
        assert_eq!(count(&sandbox), 1, "{effect:?}");
    }
}

#[tokio::test]
async fn twins_of_a_race_are_both_left_and_told_to_everybody() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    // Slow answers: both look before either has created.
    let slow = Fault::servicenow("GET", "/api/now/table/incident", Effect::DelayMs(200)).times(4);
    sandbox.add_fault(slow);
    let (one, two) = tokio::join!(create_once(&servicenow), create_once(&servicenow));
    let errors: Vec<&Error> = [&one, &two].into_iter().filter_map(|end| end.as_ref().err()).collect();
    assert_eq!(count(&sandbox), 2);
    assert!(!errors.is_empty(), "who looks last sees both");
    for error in errors {
        let ProblemKind::Twins { sys_ids } = kind(error) else { panic!("{error:?}") };
        assert_eq!((sys_ids.len(), error.delivery()), (2, Delivery::Done));
    }
    let error = create_once(&servicenow).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::Ambiguous, "and nobody goes on with one of them by chance");
}

#[tokio::test]
async fn an_id_of_ours_is_taken_or_the_other_one_is_told() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let ours = SysId::derived(KEY);
    let by_id = || Query::new().eq("sys_id", &ours);
    let fields = json!({"sys_id": ours, "short_description": "x"});
    let table = incidents(&servicenow);
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/incident", Effect::CutAfter));
    assert!(table.create_once(by_id(), &fields).await.unwrap().is_new());
    assert!(!table.create_once(by_id(), &fields).await.unwrap().is_new());
    assert!(table.create_as(&ours, &json!({})).await.unwrap_err().is_conflict());
    assert_eq!(count(&sandbox), 1);

    sandbox.change_habits(|habits| habits.admin_only_sys_fields = true);
    let ours = SysId::derived("another");
    let fields = json!({"sys_id": ours, "short_description": "x"});
    let error = table.create_once(Query::new().eq("sys_id", &ours), &fields).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotWritten { fields: vec!["sys_id".into()] });
    let error = table.create_as(&ours, &json!({})).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::WrongRecord);
}

#[tokio::test]
async fn fields_that_did_not_take_their_value_are_told_whatever_the_reason() {
    let read_only = BTreeSet::from(["task.close_notes".to_owned(), "incident.correlation_id".to_owned()]);
    let (sandbox, servicenow) = start(Habits::default()).await;
    let table = incidents(&servicenow);
    let incident = table.create(&json!({"short_description": "x"})).await.unwrap().sys_id().clone();
    sandbox.change_habits(|habits| habits.read_only_fields = read_only);
    for (fields, dropped) in [
        (json!({"close_notes": "Done", "description": "y"}), vec!["close_notes"]),
        (json!({"state": "42"}), vec!["state"]),
        (json!({"state": ""}), vec!["state"]),
        (json!({"u_no_such_field": "x"}), vec!["u_no_such_field"]),
        (json!({"priority": "1"}), vec!["priority"]),
        (
            json!({"description": "", "due_date": "2026-03-02 10:00:00", "caller_id": "", "made_sla": false}),
            vec![],
        ),
    ] {
        let end = table.update(&incident, &fields).await;
        let told = end.err().map_or_else(Vec::new, |error| match kind(&error).clone() {
            ProblemKind::NotWritten { fields } => fields,
            other => panic!("{other:?}"),
        });
        assert_eq!(told, dropped, "{fields}");
    }
    let before = count(&sandbox);
    let error = table.create(&json!({"short_description": "y", "close_notes": "Done"})).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotWritten { fields: vec!["close_notes".into()] });
    assert_eq!((error.delivery(), count(&sandbox)), (Delivery::Done, before + 1));
    let made =
        sandbox.state()["servicenow"]["incident"].as_array().unwrap().last().unwrap()["sys_id"].clone();
    let told = error.problem().unwrap().to_string();
    assert!(told.contains(made.as_str().unwrap()), "what was made all the same is named: {told}");
    let error = create_once(&servicenow).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotWritten { fields: vec!["correlation_id".into()] });
    sandbox.change_habits(|habits| habits.non_existing_choices_are_stored = true);
    table.update(&incident, &json!({"hold_reason": "42"})).await.unwrap();
}

#[tokio::test]
async fn rules_and_policies_of_the_instance_are_told_by_name() {
    let policy = DataPolicy { when: "stateIN3,4".into(), mandatory: vec!["close_notes".into()] };
    let (_sandbox, servicenow) = start(Habits {
        aborting_rules: BTreeMap::from([("incident".to_owned(), "short_descriptionLIKEtest".to_owned())]),
        data_policies: BTreeMap::from([("sc_task".to_owned(), policy)]),
        ..Habits::default()
    })
    .await;
    let error = incidents(&servicenow).create(&json!({"short_description": "a test"})).await.unwrap_err();
    let ProblemKind::BusinessRule { name, sys_id: Some(_) } = kind(&error) else { panic!("{error:?}") };
    assert_eq!(name, "Stop such records");
    assert!(error.is_wrong_state() && error.request_id().is_some());

    let tasks = servicenow.records("sc_task").unwrap();
    let open = tasks.list(Query::new().eq("state", 1)).collect_all().await.unwrap().rows;
    let task = open[0].sys_id();
    let error = tasks.update(task, &json!({"state": "3"})).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::DataPolicy { fields: vec!["Close notes".into()] });
    tasks.update(task, &json!({"state": "3", "close_notes": "Done"})).await.unwrap();
}

#[tokio::test]
async fn a_change_of_somebody_else_is_not_overwritten() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let table = incidents(&servicenow);
    let incident = table.create(&json!({"short_description": "x"})).await.unwrap();
    let (id, seen) = (incident.sys_id(), incident.text("sys_mod_count").unwrap().parse().unwrap());
    let updated = table.update_unchanged(id, seen, &json!({"description": "ours"})).await.unwrap().unwrap();
    assert_eq!((updated.mod_count, updated.others), (seen + 1, 0));
    sandbox.edit_record("incident", id.as_str(), &json!({"description": "theirs"})).unwrap();
    let stale = table.update_unchanged(id, updated.mod_count, &json!({"description": "ours again"})).await;
    assert!(stale.unwrap().is_none());
    assert_eq!(table.get(id).await.unwrap().text("description").unwrap(), "theirs");
}

#[tokio::test]
async fn a_password_is_set_and_has_to_be_changed() {
    let (_sandbox, servicenow) = start(Habits::default()).await;
    let users = servicenow.table::<SysUser>();
    let list = users.list(Query::new().eq("active", true)).collect_all().await.unwrap();
    let user = &list.rows[0].sys_id;
    users.set_password(user, &"correct horse".to_owned().into(), true).await.unwrap();
    let reset = servicenow.records("sys_user").unwrap().get(user).await.unwrap();
    assert_eq!(reset.text("password_needs_reset").unwrap(), "true");
}

#[tokio::test]
async fn changes_are_followed_while_they_happen() {
    let (sandbox, servicenow) = {
        let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
            .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
            .build()
            .unwrap();
        (sandbox, servicenow)
    };
    let table = incidents(&servicenow);
    let begin = sandbox.clock().now();
    let mut changes = table.changes(Query::all(), begin);
    assert!(changes.next_batch().await.unwrap().is_none());
    let open = |text: &str| json!({ "short_description": text });
    let first = table.create(&open("a")).await.unwrap().sys_id().clone();
    let second = table.create(&open("b")).await.unwrap().sys_id().clone();
    let ids = |batch: Option<Vec<servicenow_client::Result<RawRecord>>>| -> Vec<SysId> {
        let mut ids: Vec<_> =
            batch.unwrap().into_iter().map(|record| record.unwrap().sys_id().clone()).collect();
        ids.sort();
        ids
    };
    let mut both = vec![first.clone(), second];
    both.sort();
    assert_eq!(ids(changes.next_batch().await.unwrap()), both, "two in one second");
    assert!(changes.next_batch().await.unwrap().is_none());
    table.update(&first, &open("c")).await.unwrap();
    assert_eq!(
        ids(changes.next_batch().await.unwrap()),
        std::slice::from_ref(&first),
        "again, within the same second"
    );
    assert!(changes.next_batch().await.unwrap().is_none());
    sandbox.clock().advance(Duration::from_secs(3600));
    table.update(&first, &open("d")).await.unwrap();
    let batch = changes.next_batch().await.unwrap().unwrap();
    assert_eq!(batch.len(), 1);
    let shown: Json = batch[0].as_ref().unwrap().fields().get("short_description").unwrap().clone();
    assert_eq!(shown, "d");
    assert!(changes.next_batch().await.unwrap().is_none());
}
