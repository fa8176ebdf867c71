//! A new hire's first day: prepared for, waited for where the person works, moved, called off.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lifecycle::report::thread;
use lifecycle::run::{Ruling, Verdict};
use lifecycle::{Engine, Onboard, Operation as _, Run, RunStatus};
use sandbox::{Effect, Fault, Ticket};
use serde_json::json;

use support::looking::{short, text};
use support::sweep::Scenario;
use support::{World, onboard, policy};

const LOGIN: &str = "nora.lindqvist@acme.example";

fn hire_on(world: &World, day: &str) -> Ticket {
    world.hire_with(|request| request.start_date = Some(day.into()))
}

/// Somebody who starts in two weeks, up to the first wait.
async fn waiting(world: &World) -> (Engine, Ticket, Run) {
    let ticket = hire_on(world, "2026-03-16");
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_waits(&run, "day-before");
    (engine, ticket, run)
}

#[track_caller]
fn assert_waits(run: &Run, at: &str) {
    assert!(matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == at), "{}", run.status);
}

#[track_caller]
fn assert_needs_human(run: &Run, at: &str, says: &str) {
    match &run.status {
        RunStatus::NeedsHuman { step, why } if step.as_str() == at && why.contains(says) => {}
        status => panic!("instead of `{says}` at {at}: {status}"),
    }
}

/// The run, once it is that time.
async fn at(world: &World, engine: &Engine, run: &Run, instant: &str) -> Run {
    world.sandbox.clock().advance_to(instant.parse().unwrap());
    engine.resume().await.unwrap();
    engine.finish(&run.id).await.unwrap()
}

fn set_start(world: &World, ticket: &Ticket, was: &str, is: &str) {
    let answer = world.answer_row(ticket, was);
    world.sandbox.edit_record("sc_item_option", &answer, &json!({ "value": is })).unwrap();
}

#[track_caller]
fn assert_unstaged(world: &World) {
    assert!(world.find_okta_user(LOGIN).is_none(), "the account that was prepared is there still");
    assert!(world.mails().is_empty() && world.users_numbered("90001").is_empty());
}

#[tokio::test]
async fn groups_come_the_day_before_and_nobody_can_sign_in_before_the_first_day() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    let plan = engine.plan(&run.id).await.unwrap().to_string();
    assert!(plan.contains("2026-03-15 00:00 UTC") && plan.contains("2026-03-16 00:00 UTC"), "{plan}");
    let user = world.okta_user(LOGIN);
    assert_eq!((&user["status"], world.groups_of(&user).len()), (&json!("STAGED"), 0));
    assert_eq!(world.states(&ticket)[0], "2", "the task is taken, and open");

    assert_waits(&at(&world, &engine, &run, "2026-03-14T23:59:59Z").await, "day-before");
    assert_waits(&at(&world, &engine, &run, "2026-03-15T00:00:00Z").await, "first-day");
    assert_eq!(world.groups_of(&world.okta_user(LOGIN)).len(), 5);
    drop(engine);
    // Also a new engine waits to the second.
    let engine = world.engine(world.systems()).await;
    assert_waits(&at(&world, &engine, &run, "2026-03-15T23:59:59Z").await, "first-day");
    assert_eq!(world.okta_user(LOGIN)["status"], "STAGED");
    assert!(world.mails().is_empty());

    let run = at(&world, &engine, &run, "2026-03-16T00:00:00Z").await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!((&world.okta_user(LOGIN)["status"], world.mails().len()), (&json!("PROVISIONED"), 1));
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
    let thread = thread(&world.systems(), &run, &engine.ledger(None).await.unwrap()).await.unwrap();
    assert!(thread.is_verified(), "{thread}");
}

#[tokio::test]
async fn the_first_day_begins_where_the_person_works() {
    let zones = [
        ("Oslo", "2026-03-15T23:00:00Z"),
        ("Singapore", "2026-03-15T16:00:00Z"),
        ("Austin", "2026-03-16T00:00:00Z"),
    ];
    for (location, begins) in zones {
        let world = World::start().await;
        let ticket = world.hire_with(|request| {
            (request.start_date, request.location) = (Some("2026-03-16".into()), Some(location.into()));
        });
        let onboard = Onboard::ticket(&ticket.number, policy()).zone_at("Oslo", "Europe/Oslo");
        let onboard = onboard.zone_at("Singapore", "Asia/Singapore");
        let engine = world.engine(world.systems()).await;
        let run = engine.run(&onboard).await.unwrap();
        let begins: chrono::DateTime<chrono::Utc> = begins.parse().unwrap();
        let almost = (begins - chrono::TimeDelta::seconds(1)).to_rfc3339();
        // The day before and the day itself.
        at(&world, &engine, &run, &almost).await;
        assert_waits(&at(&world, &engine, &run, &almost).await, "first-day");
        assert_eq!(
            at(&world, &engine, &run, &begins.to_rfc3339()).await.status,
            RunStatus::Done,
            "{location}"
        );
    }
}

#[tokio::test]
async fn a_time_zone_that_there_is_not_is_told_before_anything_is_written() {
    let world = World::start().await;
    let ticket = hire_on(&world, "2026-03-16");
    let onboard = Onboard::ticket(&ticket.number, policy()).zone("Oslo");
    let error = onboard.what_if(&world.systems()).await.unwrap_err().to_string();
    assert!(error.contains("\"Oslo\" is no time zone: give an IANA name, as Europe/Berlin"), "{error}");
    world.assert_untouched();
}

#[tokio::test]
async fn a_first_day_that_moves_later_is_waited_for_and_shows_on_the_account() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    set_start(&world, &ticket, "2026-03-16", "2026-03-20");
    assert_waits(&at(&world, &engine, &run, "2026-03-16T12:00:00Z").await, "day-before");
    assert_waits(&at(&world, &engine, &run, "2026-03-19T00:00:00Z").await, "first-day");
    assert_eq!(at(&world, &engine, &run, "2026-03-20T00:00:00Z").await.status, RunStatus::Done);
    assert_eq!(world.okta_user(LOGIN)["profile"]["startDate"], "2026-03-20");
}

#[tokio::test]
async fn a_first_day_that_moves_closer_is_noticed_within_hours() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    set_start(&world, &ticket, "2026-03-16", "2026-03-03");
    assert_waits(&at(&world, &engine, &run, "2026-03-02T14:00:00Z").await, "first-day");
    assert_eq!(at(&world, &engine, &run, "2026-03-03T00:00:00Z").await.status, RunStatus::Done);
}

#[tokio::test]
async fn a_first_day_that_says_nothing_is_waited_for() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    set_start(&world, &ticket, "2026-03-16", "to be agreed");
    let run = at(&world, &engine, &run, "2026-03-20T00:00:00Z").await;
    assert!(run.status.to_string().contains("it says \"to be agreed\""), "{}", run.status);
    assert_eq!(world.okta_user(LOGIN)["status"], "STAGED");
}

#[tokio::test]
async fn a_hire_called_off_before_the_first_day_leaves_no_account() {
    for (table, change) in
        [("sc_task", json!({"state": "4"})), ("sc_req_item", json!({"approval": "rejected"}))]
    {
        for waits_at in ["2026-03-05T00:00:00Z", "2026-03-15T12:00:00Z"] {
            let world = World::start().await;
            let (engine, ticket, run) = waiting(&world).await;
            at(&world, &engine, &run, waits_at).await;
            let id = if table == "sc_task" { &ticket.task_sys_id } else { &ticket.item_sys_id };
            world.sandbox.edit_record(table, id, &change).unwrap();
            let run = at(&world, &engine, &run, "2026-03-16T00:00:00Z").await;
            assert!(matches!(run.status, RunStatus::Declined { .. }), "{}", run.status);
            assert_unstaged(&world);
            // Who runs it again hears the same.
            assert_eq!(engine.finish(&run.id).await.unwrap(), run);
        }
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_the_first_day_leaves_no_account_and_says_so_on_the_ticket() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    engine.cancel(&run.id, "ada@acme.example", "took another offer").await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(matches!(run.status, RunStatus::Cancelled { .. }), "{}", run.status);
    assert_unstaged(&world);
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert!(
        matches!(&notes[..], [note] if note.contains("was called off before the first day")),
        "{notes:#?}"
    );
}

#[tokio::test]
async fn an_account_that_somebody_activated_meanwhile_is_not_deleted() {
    let world = World::start().await;
    let (engine, _, run) = waiting(&world).await;
    let id = text(&world.okta_user(LOGIN)["id"]).parse().unwrap();
    world.systems().okta.users().activate(&id, okta_client::users::Mail::Withhold).await.unwrap();
    engine.cancel(&run.id, "ada@acme.example", "took another offer").await.unwrap();
    engine.finish(&run.id).await.unwrap();
    assert_eq!(world.okta_user(LOGIN)["status"], "PROVISIONED");
}

#[tokio::test]
async fn what_else_changes_on_the_ticket_is_shown_to_a_person_who_may_abort_it() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    set_start(&world, &ticket, "Engineering", "Sales");
    let run = at(&world, &engine, &run, "2026-03-15T00:00:00Z").await;
    assert_needs_human(&run, "still-wanted-before", "department was \"Engineering\", and is \"Sales\" now");
    assert_eq!(world.groups_of(&world.okta_user(LOGIN)).len(), 0);
    let ruling =
        Ruling { by: "ada@acme.example".into(), why: "ordered anew".into(), verdict: Verdict::Abort };
    engine.decide(&run.id, ruling).await.unwrap();
    engine.finish(&run.id).await.unwrap();
    assert_unstaged(&world);
}

#[tokio::test]
async fn a_ticket_on_hold_on_the_first_day_activates_nobody() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    at(&world, &engine, &run, "2026-03-15T00:00:00Z").await;
    world.sandbox.set_task_state(&ticket.task_sys_id, "-5").unwrap();
    let run = at(&world, &engine, &run, "2026-03-16T00:00:00Z").await;
    assert_needs_human(&run, "still-wanted", "is Pending (-5) now");
    assert_eq!(world.okta_user(LOGIN)["status"], "STAGED");
}

#[tokio::test]
async fn a_baseline_group_that_cannot_be_given_is_told_the_day_before() {
    let world = World::start().await;
    let (engine, ticket, run) = waiting(&world).await;
    world.sandbox.add_fault(Fault::okta("PUT", "/api/v1/groups", Effect::Status(400)).always());
    let run = at(&world, &engine, &run, "2026-03-15T00:00:00Z").await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert!(world.notes(&ticket.task_sys_id, "work_notes")[0].contains("could not be finished"));
    assert_eq!(world.okta_user(LOGIN)["status"], "STAGED");
}

#[tokio::test]
async fn a_first_day_that_has_come_is_not_waited_for() {
    let world = World::start().await;
    let ticket = hire_on(&world, "2026-02-16");
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done, "{:?}", short(&world.writes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hire_who_starts_tomorrow_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    Scenario::new(async |world: &World| onboard(&hire_on(world, "2026-03-03"))).sweep().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hire_called_off_killed_or_struck_at_any_request_leaves_no_account() {
    Scenario::new(async |world: &World| onboard(&hire_on(world, "2026-03-03")))
        .meanwhile(async |world: &World, _: &Engine, _: &Run| {
            let tasks = world.rows("sc_task");
            world.sandbox.set_task_state(tasks[0]["sys_id"].as_str().unwrap(), "4").unwrap();
        })
        .ends(|status| matches!(status, RunStatus::Declined { .. }))
        .sweep()
        .await;
}
