//! Changes to people's ServiceNow records and to what is theirs, as the instance saw them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use lifecycle::action::Action;
use lifecycle::action::servicenow::{
    Belongings, Delegate, Delegation, EndDelegation, EndDelegations, FieldChange, FieldValue, HandOver,
    LockUser, SetUserActive, UpdateUser, UserRecord,
};
use lifecycle::plan::{Intent, Plan, Precedence, Step, Subject};
use lifecycle::run::Outcome;
use lifecycle::{Engine, Run};
use sandbox::{Effect, Fault};
use serde_json::{Value, json};

use support::World;
use support::looking::text;

/// Takes one step, and nothing else.
async fn take(world: &World, action: impl Action + 'static) -> Run {
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let subject = Subject { login: "one@acme.example".into(), name: "One".into(), person: None };
    let mut plan = Plan::new("test", Precedence::Sync, Intent::new("test", "one", &"one", None), subject);
    plan.steps = vec![Step::new("one", "a test", action)];
    let id = engine.submit(&plan).await.unwrap();
    engine.finish(&id).await.unwrap()
}

fn outcome(run: &Run) -> Outcome {
    run.step("one").unwrap().outcome.clone().unwrap()
}

fn drifted(run: &Run) -> String {
    match outcome(run) {
        Outcome::Drifted { found } => found,
        outcome => panic!("{outcome}"),
    }
}

fn failed(run: &Run) -> String {
    match outcome(run) {
        Outcome::Failed { why } => why,
        outcome => panic!("{outcome}"),
    }
}

fn record(row: &Value) -> UserRecord {
    UserRecord { sys_id: text(&row["sys_id"]).parse().unwrap(), user_name: text(&row["user_name"]) }
}

/// Somebody outside sales who manages nobody, and their manager, who has one too.
fn two(world: &World) -> (UserRecord, UserRecord) {
    let (users, sales) = (world.rows("sys_user"), sales(world));
    let manager = |user: &Value| users.iter().find(|other| other["sys_id"] == user["manager"]);
    let fits = |user: &&Value| {
        let leads = users.iter().any(|other| other["manager"] == user["sys_id"]);
        let above = manager(user).and_then(manager);
        !leads && above.is_some() && user["department"] != sales["sys_id"]
    };
    let person = users.iter().find(fits).unwrap();
    (record(person), record(manager(person).unwrap()))
}

fn sales(world: &World) -> Value {
    world.rows("cmn_department").into_iter().find(|row| row["name"] == "Sales").unwrap()
}

fn user(world: &World, user: &UserRecord) -> Value {
    world.row("sys_user", user.sys_id.as_str())
}

fn add(world: &World, table: &str, row: Value) -> String {
    world.sandbox.add_records(table, [row]).unwrap().remove(0)
}

/// The person moves to another department.
fn to_sales(world: &World) -> UpdateUser {
    let (person, _) = two(world);
    let row = user(world, &person);
    let department = |id: &str| world.row("cmn_department", id);
    let (before, sales) = (department(&text(&row["department"])), sales(world));
    let value = |row: &Value| FieldValue { value: text(&row["sys_id"]), label: text(&row["name"]) };
    let title = FieldChange {
        before: FieldValue::plain(text(&row["title"])),
        after: FieldValue::plain("Account Executive"),
    };
    let department = FieldChange { before: value(&before), after: value(&sales) };
    let fields = BTreeMap::from([("title".to_owned(), title), ("department".to_owned(), department)]);
    UpdateUser { user: person, fields }
}

#[tokio::test]
async fn fields_are_set_and_references_by_their_id() {
    let world = World::start().await;
    let change = to_sales(&world);
    let (person, sales) = (change.user.clone(), change.fields["department"].after.value.clone());
    assert_eq!(outcome(&take(&world, change).await), Outcome::Done);
    let row = user(&world, &person);
    assert_eq!((text(&row["title"]), text(&row["department"])), ("Account Executive".into(), sales));
    assert_eq!(world.writes().len(), 1, "both in one call");
}

#[tokio::test]
async fn a_change_that_is_reversed_is_as_before() {
    let world = World::start().await;
    let change = to_sales(&world);
    let (back, before) = (change.reversed(), user(&world, &change.user));
    take(&world, change).await;
    take(&world, back).await;
    let after = user(&world, &two(&world).0);
    assert_eq!((&after["title"], &after["department"]), (&before["title"], &before["department"]));
}

#[tokio::test]
async fn a_field_that_the_instance_drops_silently_is_a_failure() {
    let world = World::start().await;
    let change = to_sales(&world);
    world.sandbox.change_habits(|habits| {
        habits.read_only_fields.insert("sys_user.department".into());
    });
    let why = failed(&take(&world, change).await);
    assert!(why.contains("write department"), "{why}");
}

#[tokio::test]
async fn a_field_that_somebody_changed_meanwhile_is_left_alone() {
    let world = World::start().await;
    let change = to_sales(&world);
    let id = change.user.sys_id.to_string();
    world.sandbox.edit_record("sys_user", &id, &json!({"title": "Chief of Staff"})).unwrap();
    let why = drifted(&take(&world, change).await);
    assert!(why.contains("another title"), "{why}");
    world.assert_untouched();
}

#[tokio::test]
async fn a_field_that_may_not_be_read_is_not_written() {
    let world = World::start().await;
    let change = to_sales(&world);
    world.sandbox.change_habits(|habits| {
        habits.hidden_fields.insert("sys_user.department".into());
    });
    assert!(drifted(&take(&world, change).await).contains("shows no `department`"));
    world.assert_untouched();
}

#[tokio::test]
async fn a_locked_user_stays_active() {
    let world = World::start().await;
    let (person, _) = two(&world);
    take(&world, LockUser { user: person.clone(), locked_out: true }).await;
    let row = user(&world, &person);
    assert_eq!((text(&row["locked_out"]), text(&row["active"])), ("true".into(), "true".into()));
    take(&world, LockUser { user: person.clone(), locked_out: false }).await;
    assert_eq!(user(&world, &person)["locked_out"], "false");
}

#[tokio::test]
async fn an_inactive_user_is_locked_out_and_one_taken_into_use_again_stays_so() {
    let world = World::start().await;
    let (person, _) = two(&world);
    take(&world, SetUserActive { user: person.clone(), active: false }).await;
    let row = user(&world, &person);
    assert_eq!((text(&row["locked_out"]), text(&row["active"])), ("true".into(), "false".into()));
    take(&world, SetUserActive { user: person.clone(), active: true }).await;
    let row = user(&world, &person);
    assert_eq!((text(&row["locked_out"]), text(&row["active"])), ("true".into(), "true".into()));
}

#[tokio::test]
async fn open_tasks_of_every_kind_are_handed_over_and_closed_ones_are_history() {
    let world = World::start().await;
    let (from, to) = two(&world);
    let incident = add(&world, "incident", json!({"assigned_to": from.sys_id, "short_description": "VPN"}));
    let task = add(&world, "sc_task", json!({"assigned_to": from.sys_id}));
    let closed = add(&world, "sc_task", json!({"assigned_to": from.sys_id}));
    world.sandbox.set_task_state(&closed, "3").unwrap();
    let foreign = add(&world, "incident", json!({"short_description": "of nobody"}));
    let hand_over = HandOver { what: Belongings::Tasks, from: from.clone(), to: to.clone() };
    assert_eq!(outcome(&take(&world, hand_over).await), Outcome::Done);
    let assigned = |table: &str, id: &str| text(&world.row(table, id)["assigned_to"]);
    assert_eq!(assigned("incident", &incident), to.sys_id.as_str());
    assert_eq!(assigned("sc_task", &task), to.sys_id.as_str());
    assert_eq!(assigned("sc_task", &closed), from.sys_id.as_str());
    assert_eq!(assigned("incident", &foreign), "");
}

#[tokio::test]
async fn nothing_is_handed_to_somebody_who_is_inactive_or_locked_out() {
    for (field, value) in [("active", "false"), ("locked_out", "true")] {
        let world = World::start().await;
        let (from, to) = two(&world);
        add(&world, "sc_task", json!({"assigned_to": from.sys_id}));
        world.sandbox.edit_record("sys_user", to.sys_id.as_str(), &json!({field: value})).unwrap();
        let run = take(&world, HandOver { what: Belongings::Tasks, from, to }).await;
        assert!(drifted(&run).contains("name another"), "{run:?}");
        world.assert_untouched();
    }
}

#[tokio::test]
async fn nothing_is_handed_over_while_some_of_it_is_hidden() {
    let world = World::start().await;
    let (from, to) = two(&world);
    add(&world, "incident", json!({"assigned_to": from.sys_id, "short_description": "secret"}));
    add(&world, "incident", json!({"assigned_to": from.sys_id, "short_description": "open"}));
    world.sandbox.change_habits(|habits| {
        habits.hidden_rows.insert("incident".into(), "short_description=secret".into());
    });
    let run = take(&world, HandOver { what: Belongings::Tasks, from, to }).await;
    assert!(drifted(&run).contains("may not see"), "{run:?}");
    world.assert_untouched();
}

/// A requested item that waits for somebody's approval.
fn asks(world: &World, approver: &UserRecord, requested_for: &UserRecord) -> String {
    let item =
        add(world, "sc_req_item", json!({"requested_for": requested_for.sys_id, "approval": "requested"}));
    add(world, "sysapproval_approver", json!({"sysapproval": item, "approver": approver.sys_id}))
}

#[tokio::test]
async fn pending_approvals_are_handed_over_and_never_answered() {
    let world = World::start().await;
    let (from, to) = two(&world);
    let boss = record(&world.row("sys_user", &text(&user(&world, &to)["manager"])));
    let pending = asks(&world, &from, &boss);
    let answered = asks(&world, &from, &boss);
    world.sandbox.edit_record("sysapproval_approver", &answered, &json!({"state": "approved"})).unwrap();
    let hand_over = HandOver { what: Belongings::Approvals, from: from.clone(), to: to.clone() };
    assert_eq!(outcome(&take(&world, hand_over).await), Outcome::Done);
    let row = world.row("sysapproval_approver", &pending);
    assert_eq!((text(&row["approver"]), text(&row["state"])), (to.sys_id.to_string(), "requested".into()));
    assert_eq!(world.row("sysapproval_approver", &answered)["approver"], from.sys_id.as_str());
}

#[tokio::test]
async fn nobody_gets_to_approve_what_is_for_them() {
    let world = World::start().await;
    let (from, to) = two(&world);
    let boss = record(&world.row("sys_user", &text(&user(&world, &to)["manager"])));
    let theirs = asks(&world, &from, &to);
    let other = asks(&world, &from, &boss);
    let run =
        take(&world, HandOver { what: Belongings::Approvals, from: from.clone(), to: to.clone() }).await;
    assert!(drifted(&run).contains("1 pending approvals"), "{run:?}");
    assert_eq!(world.row("sysapproval_approver", &theirs)["approver"], from.sys_id.as_str());
    assert_eq!(world.row("sysapproval_approver", &other)["approver"], to.sys_id.as_str());
}

#[tokio::test]
async fn reports_get_the_heir_as_manager_and_the_heir_the_manager_above() {
    let world = World::start().await;
    let (heir, manager) = two(&world);
    let above = text(&user(&world, &manager)["manager"]);
    let reports = |manager: &UserRecord| {
        let users = world.rows("sys_user").into_iter();
        users.filter(|user| user["manager"] == manager.sys_id.as_str()).count()
    };
    let team = reports(&manager);
    let hand_over = HandOver { what: Belongings::Reports, from: manager.clone(), to: heir.clone() };
    assert_eq!(outcome(&take(&world, hand_over).await), Outcome::Done);
    assert_eq!((reports(&manager), reports(&heir)), (0, team - 1));
    assert_eq!(text(&user(&world, &heir)["manager"]), above);
}

#[tokio::test]
async fn groups_get_the_heir_as_manager() {
    let world = World::start().await;
    let (heir, manager) = two(&world);
    let group = add(&world, "sys_user_group", json!({"name": "Release", "manager": manager.sys_id}));
    let retired = json!({"name": "Retired", "manager": manager.sys_id, "active": "false"});
    let retired = add(&world, "sys_user_group", retired);
    take(&world, HandOver { what: Belongings::Groups, from: manager.clone(), to: heir.clone() }).await;
    assert_eq!(world.row("sys_user_group", &group)["manager"], heir.sys_id.as_str());
    assert_eq!(world.row("sys_user_group", &retired)["manager"], manager.sys_id.as_str());
}

fn delegation(world: &World) -> Delegation {
    let (user, delegate) = two(world);
    Delegation { user, delegate, starts: world.sandbox.clock().now() }
}

#[tokio::test]
async fn a_delegation_is_made_once_though_the_answer_is_lost() {
    let world = World::start().await;
    let delegation = delegation(&world);
    let ends = delegation.starts + TimeDelta::days(30);
    world.sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/sys_user_delegate", Effect::CutAfter));
    let before = world.rows("sys_user_delegate").len();
    take(&world, Delegate { delegation: delegation.clone(), ends }).await;
    let rows = world.rows("sys_user_delegate");
    assert_eq!(rows.len(), before + 1);
    let row = rows.iter().find(|row| row["user"] == delegation.user.sys_id.as_str()).unwrap();
    assert_eq!(row["delegate"], delegation.delegate.sys_id.as_str());
    assert_eq!((&row["approvals"], &row["assignments"]), (&json!("true"), &json!("false")));

    take(&world, EndDelegation { delegation: delegation.clone() }).await;
    let rows = world.rows("sys_user_delegate");
    let row = rows.iter().find(|row| row["user"] == delegation.user.sys_id.as_str()).unwrap();
    let ends = chrono::NaiveDateTime::parse_from_str(&text(&row["ends"]), "%Y-%m-%d %H:%M:%S").unwrap();
    assert!(ends.and_utc() <= world.sandbox.clock().now());
}

#[tokio::test]
async fn every_delegation_from_and_to_somebody_is_ended() {
    let world = World::start().await;
    let (from, to) = two(&world);
    let day = |days: i64| {
        let at = world.sandbox.clock().now() + TimeDelta::days(days);
        at.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%S").to_string()
    };
    let row = |user: &UserRecord, delegate: &UserRecord, ends: String| json!({"user": user.sys_id, "delegate": delegate.sys_id, "starts": day(-9), "ends": ends, "approvals": "true"});
    let live =
        [row(&from, &to, day(3)), row(&to, &from, day(30))].map(|row| add(&world, "sys_user_delegate", row));
    let past = add(&world, "sys_user_delegate", row(&from, &to, day(-1)));
    let before = text(&world.row("sys_user_delegate", &past)["ends"]);
    assert_eq!(outcome(&take(&world, EndDelegations { user: from }).await), Outcome::Done);
    for id in live {
        assert!(text(&world.row("sys_user_delegate", &id)["ends"]) <= day(0));
    }
    assert_eq!(text(&world.row("sys_user_delegate", &past)["ends"]), before);
}
