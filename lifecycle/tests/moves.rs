//! Another name, a leave, another contract, as both sides saw it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use lifecycle::plan::{Intent, Plan, Precedence, Subject};
use lifecycle::run::Outcome;
use lifecycle::{Convert, Engine, Leave, Operation, Rename, Run, RunId, RunStatus};
use sandbox::{Effect, Fault, Ticket};
use serde_json::{Value, json};

use support::looking::{short, text};
use support::mover::{ALWAYS, LOGIN, NUMBER, OLD, engineer, engineer_with, head_of, record};
use support::sweep::Scenario;
use support::{World, policy};

const NEW_LOGIN: &str = "mia.married@acme.example";

async fn engine(world: &World) -> Engine {
    world.engine(world.systems()).await
}

async fn go(engine: &Engine, operation: &impl Operation) -> Run {
    let run = engine.submit_operation(operation).await.unwrap();
    engine.finish(&run).await.unwrap()
}

async fn to_the_end(world: &World, engine: &Engine, id: &RunId) -> Run {
    for _ in 0..200 {
        let run = engine.finish(id).await.unwrap();
        match run.status {
            RunStatus::Waiting { until, .. } => world.sandbox.clock().advance_to(until),
            RunStatus::Stalled { .. } => {}
            _ => return run,
        }
        engine.resume().await.unwrap();
    }
    panic!("the run does not get anywhere");
}

async fn refused(world: &World, operation: &impl Operation) -> String {
    let error = operation.what_if(&world.systems()).await.unwrap_err();
    world.assert_untouched();
    error.to_string()
}

fn order(world: &World, item: &str, answers: &[(&str, &str)]) -> Ticket {
    let (boss, _) = head_of(world, "Engineering");
    let all = [&[("employee", LOGIN)], answers].concat();
    world.sandbox.order_item(item, &boss, &all).unwrap()
}

fn outcome(run: &Run, step: &str) -> Option<Outcome> {
    run.step(step).and_then(|step| step.outcome.clone())
}

fn okta_user(world: &World) -> Value {
    let users = world.okta_users();
    users.into_iter().find(|user| user["profile"]["employeeNumber"] == NUMBER).unwrap()
}

// ---- Another name -------------------------------------------------------------------------------------

fn married(world: &World) -> Rename {
    let answers = [("last_name", "Married"), ("login", NEW_LOGIN)];
    Rename::ticket(&order(world, "Change of name", &answers).number)
}

fn assert_named(world: &World, last: &str, login: &str) {
    let profile = &okta_user(world)["profile"];
    let is = ["lastName", "login", "email", "displayName"].map(|name| text(&profile[name]));
    assert_eq!(is, [last.to_owned(), login.into(), login.into(), format!("Mia {last}")]);
    let record = record(world);
    let is = ["last_name", "user_name", "email"].map(|name| text(&record[name]));
    assert_eq!(is, [last, login, login].map(str::to_owned));
}

#[tokio::test]
async fn both_systems_get_the_new_name_and_apps_that_go_by_login_are_named() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &married(&world)).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_named(&world, "Married", NEW_LOGIN);
    let task = &world.rows("sc_task").pop().unwrap()["sys_id"];
    let told = world.notes(&text(task), "work_notes").join("\n");
    assert!(told.contains("second account: ") && told.contains("Jira"), "{told}");
}

#[tokio::test]
async fn the_old_login_is_kept_where_somebody_wants_it() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    go(&engine, &married(&world).keep_old_login_in("nickName")).await;
    assert_eq!(okta_user(&world)["profile"]["nickName"], LOGIN);
}

#[tokio::test]
async fn okta_is_changed_back_if_servicenow_cannot_be_changed() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.change_habits(|habits| {
        habits.read_only_fields.insert("sys_user.user_name".into());
        habits.read_only_fields.insert("sys_user.email".into());
        habits.read_only_fields.insert("sys_user.last_name".into());
    });
    let engine = engine(&world).await;
    let run = go(&engine, &married(&world)).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert_named(&world, "Mover", LOGIN);
}

#[tokio::test]
async fn a_login_that_anybody_has_or_had_is_not_given_again() {
    for (profile, status) in [
        (
            json!({"login": NEW_LOGIN, "email": "x@acme.example", "firstName": "A", "lastName": "B"}),
            "DEPROVISIONED",
        ),
        (json!({"login": "y@acme.example", "email": NEW_LOGIN, "firstName": "A", "lastName": "B"}), "ACTIVE"),
    ] {
        let world = World::start().await;
        engineer(&world, &[]);
        world.sandbox.add_okta_user(&json!({"profile": profile, "status": status})).unwrap();
        let why = refused(&world, &married(&world)).await;
        assert!(why.contains("choose another"), "{why}");
    }
    let world = World::start().await;
    engineer(&world, &[]);
    let other = json!({"user_name": NEW_LOGIN, "active": "false"});
    world.sandbox.add_records("sys_user", [other]).unwrap();
    let why = refused(&world, &married(&world)).await;
    assert!(why.contains("the ServiceNow user"), "{why}");
}

#[tokio::test]
async fn a_name_that_oktas_servicenow_app_brings_is_waited_for_and_taken_back_if_it_does_not_come() {
    for (minutes, done) in [(5, true), (5 * 24 * 60, false)] {
        let world = World::start().await;
        engineer(&world, &[]);
        let takes = std::time::Duration::from_secs(minutes * 60);
        world.sandbox.provision_servicenow_from_okta(takes).unwrap();
        let engine = engine(&world).await;
        let run = go(&engine, &married(&world)).await;
        assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
        if !done {
            world.sandbox.clock().advance(std::time::Duration::from_secs(86_400));
            engine.resume().await.unwrap();
        }
        let run = to_the_end(&world, &engine, &run.id).await;
        assert_eq!(run.status == RunStatus::Done, done, "{}", run.status);
        let (last, login) = if done { ("Married", NEW_LOGIN) } else { ("Mover", LOGIN) };
        assert_named(&world, last, login);
        assert!(!short(&world.writes()).iter().any(|call| call.contains("/sys_user/")));
    }
}

#[tokio::test]
async fn a_name_that_hr_masters_is_changed_there() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.master_okta_user(LOGIN, &["lastName"]).unwrap();
    let why = refused(&world, &married(&world)).await;
    assert!(why.contains("have it changed there"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    let prepare = async |world: &World| {
        engineer(world, &[]);
        married(world)
    };
    Scenario::new(prepare).sweep().await;
}

// ---- A leave ------------------------------------------------------------------------------------------

fn away(world: &World, until: &str) -> (Ticket, Leave) {
    let ticket = order(world, "Leave of absence", &[("first_day", "today"), ("return_date", until)]);
    let leave = Leave::ticket(&ticket.number, policy());
    (ticket, leave)
}

/// A day so many days from now.
fn in_days(world: &World, days: i64) -> String {
    (world.sandbox.clock().now() + chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

fn is_away(world: &World) -> bool {
    let (status, record) = (text(&world.okta_user(LOGIN)["status"]), record(world));
    assert_eq!(record["active"], "true", "the record stays in use");
    assert_eq!(status == "SUSPENDED", record["locked_out"] == "true");
    status == "SUSPENDED"
}

#[tokio::test]
async fn who_is_on_leave_is_kept_out_and_comes_back_to_the_same_access() {
    let world = World::start().await;
    engineer(&world, &[]);
    let before = world.groups_of(&world.okta_user(LOGIN));
    let (ticket, leave) = away(&world, &in_days(&world, 30));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    assert!(is_away(&world));
    let (_, boss) = head_of(&world, "Engineering");
    let me = text(&record(&world)["sys_id"]);
    let delegations = world.rows("sys_user_delegate");
    let ours = delegations.iter().find(|row| row["user"] == me.as_str()).unwrap();
    assert_eq!(
        (&ours["delegate"], &ours["approvals"]),
        (&json!(boss), &json!("true")),
        "the manager answers"
    );

    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(!is_away(&world));
    assert_eq!(world.groups_of(&world.okta_user(LOGIN)), before);
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn who_was_suspended_by_somebody_else_meanwhile_stays_so() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (_, leave) = away(&world, &in_days(&world, 30));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    // Security lets her in and suspends her again, for a reason of its own.
    world.sandbox.clock().advance(std::time::Duration::from_secs(86_400));
    world.sandbox.set_okta_status(LOGIN, "ACTIVE").unwrap();
    world.sandbox.set_okta_status(LOGIN, "SUSPENDED").unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert!(matches!(outcome(&run, "unsuspend"), Some(Outcome::Drifted { .. })), "{run:?}");
    assert!(is_away(&world));
}

#[tokio::test]
async fn who_is_suspended_already_does_not_go_on_leave_by_this() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.set_okta_status(LOGIN, "SUSPENDED").unwrap();
    let (_, leave) = away(&world, &in_days(&world, 30));
    let why = refused(&world, &leave).await;
    assert!(why.contains("SUSPENDED"), "{why}");
}

#[tokio::test]
async fn a_return_that_was_moved_on_the_ticket_is_a_persons_to_decide() {
    let world = World::start().await;
    engineer(&world, &[]);
    let until = in_days(&world, 30);
    let (ticket, leave) = away(&world, &until);
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    let answer = world.answer_row(&ticket, &until);
    let later = json!({"value": in_days(&world, 60)});
    world.sandbox.edit_record("sc_item_option", &answer, &later).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert!(is_away(&world));
}

#[tokio::test]
async fn a_leave_that_is_called_off_lets_the_person_in_again() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (_, leave) = away(&world, &in_days(&world, 30));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    engine.cancel(&run.id, "ada", "she came back early").await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(matches!(run.status, RunStatus::Cancelled { .. }), "{}", run.status);
    assert!(!is_away(&world));
}

#[tokio::test]
async fn who_leaves_for_good_meanwhile_does_not_come_back() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (_, leave) = away(&world, &in_days(&world, 30));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    let subject = Subject { login: LOGIN.into(), name: "Mia Mover".into(), person: Some(NUMBER.into()) };
    let leaver =
        Plan::new("leave-for-good", Precedence::Offboard, Intent::new("l", "x", &"x", None), subject);
    let leaver = engine.submit(&leaver).await.unwrap();
    engine.finish(&leaver).await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::Superseded { .. }), "{}", run.status);
    world.sandbox.clock().advance(std::time::Duration::from_secs(40 * 86_400));
    engine.resume().await.unwrap();
    assert!(is_away(&world));
}

#[tokio::test]
async fn who_was_away_for_long_comes_back_to_what_the_policy_brings() {
    let world = World::start().await;
    engineer(&world, &["Production Access"]);
    let (_, leave) = away(&world, &in_days(&world, 120));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    let groups = world.groups_of(&world.okta_user(LOGIN));
    assert_eq!(groups, [&OLD[..], &ALWAYS].concat().iter().map(ToString::to_string).collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn a_leave_goes_on_where_an_outage_stopped_it() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (_, leave) = away(&world, &in_days(&world, 3));
    world.sandbox.add_fault(Fault::okta("POST", "*/lifecycle/suspend", Effect::CutAfter));
    let engine = engine(&world).await;
    let run = go(&engine, &leave).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(!is_away(&world));
}

#[tokio::test]
async fn dates_that_make_no_sense_are_told() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (_, leave) = away(&world, "2020-01-01");
    let why = refused(&world, &leave).await;
    assert!(why.contains("return_date is 2020-01-01"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leave_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    let prepare = async |world: &World| {
        engineer(world, &[]);
        away(world, &in_days(world, 30)).1
    };
    Scenario::new(prepare).sweep().await;
}

// ---- Another contract ---------------------------------------------------------------------------------

/// A contractor, and the ticket that makes her an employee.
fn contractor(world: &World) -> Ticket {
    let attributes = json!({"userType": "contractor", "endDate": "2026-12-31"});
    engineer_with(world, &["Contractors"], &attributes);
    let user = world.okta_user(LOGIN);
    assert_eq!(user["profile"]["userType"], "contractor");
    order(world, "Conversion of a contract", &[("title", "Staff Engineer"), ("effective_date", "today")])
}

#[tokio::test]
async fn a_contractor_becomes_an_employee_and_stays_the_same_person() {
    let world = World::start().await;
    let ticket = contractor(&world);
    let before = world.okta_user(LOGIN);
    let engine = engine(&world).await;
    let run = go(&engine, &Convert::ticket(&ticket.number, policy())).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    let after = world.okta_user(LOGIN);
    assert_eq!(after["id"], before["id"]);
    let profile = &after["profile"];
    assert_eq!((&profile["userType"], &profile["title"]), (&json!("employee"), &json!("Staff Engineer")));
    assert!(profile["endDate"].is_null());
    assert!(!world.groups_of(&after).contains("Contractors"));
    assert_eq!(record(&world)["title"], "Staff Engineer");
}

#[tokio::test]
async fn another_user_type_costs_no_attribute() {
    let world = World::start().await;
    let ticket = contractor(&world);
    let before = world.okta_user(LOGIN);
    let okta = world.systems().okta;
    let employees = okta.user_types().create("employees", "Employees", None).await.unwrap();
    for name in ["startDate", "endDate"] {
        let kind = okta_client::user_schema::AttributeKind::String;
        let attribute = okta_client::user_schema::SchemaAttribute::new(kind, name);
        let patch = okta_client::user_schema::SchemaPatch::new().set(name, attribute);
        okta.user_schemas().update(&employees.schema_id().unwrap(), &patch).await.unwrap();
    }
    let convert = Convert::ticket(&ticket.number, policy()).user_type(employees.id.clone(), "Employees");
    let engine = engine(&world).await;
    let run = go(&engine, &convert).await;
    assert_eq!(outcome(&run, "update-profile"), Some(Outcome::Done), "{run:?}");
    let after = world.okta_user(LOGIN);
    assert_eq!(after["type"]["id"], employees.id.as_str());
    for (name, value) in before["profile"].as_object().unwrap() {
        if !["userType", "endDate", "title"].contains(&name.as_str()) {
            assert_eq!(after["profile"][name], *value, "{name}");
        }
    }
}

#[tokio::test]
async fn an_employee_is_not_converted() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = order(&world, "Conversion of a contract", &[("effective_date", "today")]);
    let why = refused(&world, &Convert::ticket(&ticket.number, policy())).await;
    assert!(why.contains("an employee already"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversion_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    let prepare = async |world: &World| Convert::ticket(&contractor(world).number, policy());
    Scenario::new(prepare).sweep().await;
}
