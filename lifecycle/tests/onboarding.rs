//! A new hire's story, from the ticket to a working account, as both sides saw it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use lifecycle::ledger::Record;
use lifecycle::report::thread;
use lifecycle::run::Outcome;
use lifecycle::{Engine, Onboard, Operation as _, Plan, Run, RunStatus};
use sandbox::{Effect, Fault, Ticket, group_id};
use serde_json::{Value, json};
use servicenow_client::tables::{ScTask, SysUser};

use support::looking::{agent, short, text};
use support::{World, onboard, policy};

const LOGIN: &str = "nora.lindqvist@acme.example";
const GROUPS: [&str; 5] = ["All Employees", "Engineering", "GitHub Users", "Jira Users", "VPN Users"];

async fn run(world: &World, ticket: &Ticket) -> (Engine, Run) {
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(ticket)).await.unwrap();
    (engine, run)
}

async fn plan(world: &World, ticket: &Ticket) -> Plan {
    onboard(ticket).what_if(&world.systems()).await.unwrap()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn mark(run: &Run, step: &str) -> String {
    format!("[lc {}/{step}]", run.id)
}

#[track_caller]
fn assert_needs_human(run: &Run, at: &str, says: &str) {
    match &run.status {
        RunStatus::NeedsHuman { step, why } if step.as_str() == at && why.contains(says) => {}
        status => panic!("instead of `{says}` at {at}: {status}"),
    }
}

/// A profile that the sandbox takes for somebody who is there already.
fn somebody(login: &str, number: &str) -> Value {
    json!({"login": login, "email": login, "firstName": "Nora", "lastName": "Lindqvist", "employeeNumber": number})
}

#[tokio::test]
async fn a_new_hire_gets_exactly_what_the_ticket_and_the_policy_say() {
    let world = World::start().await;
    let ticket = world.hire();
    let manager =
        world.row("sys_user", &text(&world.row("sc_request", &ticket.request_sys_id)["requested_for"]));
    let (_, run) = run(&world, &ticket).await;
    assert_eq!(run.status, RunStatus::Done);

    let user = world.okta_user(LOGIN);
    assert_eq!(user["status"], "PROVISIONED");
    assert_eq!(world.groups_of(&user), names(&GROUPS));
    let mut profile = user["profile"].clone();
    profile.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    assert_eq!(
        profile,
        json!({
            "login": LOGIN,
            "email": LOGIN,
            "secondEmail": "nora.lindqvist@mail.example",
            "firstName": "Nora",
            "lastName": "Lindqvist",
            "displayName": "Nora Lindqvist",
            "employeeNumber": "90001",
            "startDate": "2026-03-02",
            "department": "Engineering",
            "title": "Software Engineer",
            "userType": "employee",
            "city": "Oslo",
            "manager": manager["name"],
            "managerId": manager["user_name"],
        })
    );
    let mails = world.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!((&mails[0]["template"], &mails[0]["userId"]), (&json!("user-activation"), &user["id"]));

    let accounts = world.users_numbered("90001");
    assert_eq!(accounts.len(), 1);
    let account = &accounts[0];
    let expected = json!({
        "user_name": LOGIN, "email": LOGIN, "name": "Nora Lindqvist", "title": "Software Engineer",
        "active": "true", "locked_out": "false", "manager": manager["sys_id"],
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(account[field], *value, "{field}");
    }
    assert_eq!(world.states(&ticket), ["3", "3", "3"], "task, item and request are closed complete");
}

#[tokio::test]
async fn the_ticket_tells_fulfillers_everything_and_the_requester_only_what_matters() {
    let world = World::start().await;
    let ticket = world.hire();
    let (engine, run) = run(&world, &ticket).await;

    let work_notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert_eq!(work_notes.len(), 1, "{work_notes:#?}");
    assert!(work_notes[0].starts_with(&mark(&run, "report")), "{}", work_notes[0]);
    for step in run.steps.iter().take_while(|step| step.step.as_str() != "report") {
        assert!(work_notes[0].contains(&format!("- {}: ", step.step)), "{}", step.step);
        for call in &step.calls {
            assert!(work_notes[0].contains(call.request_id.as_deref().unwrap()), "{call:?}");
        }
    }
    let ledger = engine.ledger(None).await.unwrap();
    assert!(ledger.iter().any(|record| work_notes[0].contains(&record.hash)), "an anchor of the ledger");

    let comments = world.notes(&ticket.task_sys_id, "comments");
    assert_eq!(comments.len(), 1, "{comments:#?}");
    let words = comments[0].strip_suffix(&mark(&run, "tell-requester")).expect("the mark comes last");
    assert!(words.starts_with("The account for Nora Lindqvist is ready."), "{words}");
    let user = world.okta_user(LOGIN);
    for id in [text(&user["id"]), run.id.to_string(), group_id("Engineering"), run.digest.clone()] {
        assert!(!words.contains(&id), "{words}");
    }
    assert!(
        run.steps
            .iter()
            .flat_map(|step| &step.calls)
            .all(|call| !words.contains(call.request_id.as_deref().unwrap()))
    );
    for note in work_notes.iter().chain(&comments) {
        assert!(
            !note.contains("/tokens/") && !note.contains("activationToken"),
            "a link is a credential: {note}"
        );
    }
    assert!(world.notes(&ticket.item_sys_id, "work_notes").is_empty());
}

#[tokio::test]
async fn a_contractors_end_date_is_on_the_account_and_contractors_get_no_employees_groups() {
    let world = World::start().await;
    let ticket = world.hire_with(|request| {
        request.employment_type = Some("contractor".into());
        request.end_date = Some("2026-09-30".into());
    });
    let (_, run) = run(&world, &ticket).await;
    assert_eq!(run.status, RunStatus::Done);
    let user = world.okta_user(LOGIN);
    assert_eq!(user["profile"]["endDate"], "2026-09-30");
    let groups = world.groups_of(&user);
    assert!(groups.contains("Contractors") && !groups.contains("All Employees"), "{groups:?}");
}

#[tokio::test]
async fn every_write_names_its_run_and_every_log_entry_is_a_request_that_the_run_noted() {
    let world = World::start().await;
    let ticket = world.hire();
    let (_, run) = run(&world, &ticket).await;

    let writes = world.writes();
    for (n, write) in writes.iter().enumerate() {
        let op = format!("op/{} step/", run.id);
        assert!(
            write.user_agent.contains(&op),
            "{n}: {} {} came from {}",
            write.method,
            write.path,
            write.user_agent
        );
    }
    let noted: Vec<_> = run.steps.iter().flat_map(|step| &step.calls).collect();
    let sent: Vec<_> = writes.iter().map(|write| Some(write.request_id.clone())).collect();
    assert_eq!(
        noted.iter().map(|call| call.request_id.clone()).collect::<Vec<_>>(),
        sent,
        "each write is noted, in order"
    );

    let log = world.log_of(&run.id);
    let events: Vec<_> = log.iter().map(|event| text(&event["eventType"])).collect();
    assert_eq!(
        events.iter().filter(|event| *event == "group.user_membership.add").count(),
        GROUPS.len(),
        "{events:?}"
    );
    for event in &log {
        let request = text(&event["debugContext"]["debugData"]["requestId"]);
        let step = run
            .steps
            .iter()
            .find(|step| agent(event).ends_with(&format!("op/{} step/{}", run.id, step.step)));
        let step = step.unwrap_or_else(|| panic!("{} names no step", agent(event)));
        assert!(
            step.calls.iter().any(|call| call.request_id.as_ref() == Some(&request)),
            "{}: {request}",
            step.step
        );
    }
}

#[tokio::test]
async fn looking_sends_only_reads_and_two_looks_and_the_run_agree() {
    let world = World::start().await;
    let ticket = world.hire();
    let (first, second) = (plan(&world, &ticket).await, plan(&world, &ticket).await);
    world.assert_untouched();
    assert_eq!(first.digest(), second.digest());
    assert_eq!(first.to_string(), second.to_string());

    let (engine, run) = run(&world, &ticket).await;
    assert_eq!(run.digest, first.digest());
    assert_eq!(
        engine.plan(&run.id).await.unwrap().digest(),
        first.digest(),
        "the journal changes nothing in it"
    );
    let ended: Vec<_> = run.steps.iter().map(|step| step.step.clone()).collect();
    let planned: Vec<_> = first.steps.iter().chain(&first.closing.done).map(|step| step.id.clone()).collect();
    assert_eq!(ended, planned, "nothing was invented on the way");
}

#[tokio::test]
async fn the_task_number_works_like_the_item_number() {
    let world = World::start().await;
    let ticket = world.hire();
    let by_task = Onboard::ticket(&ticket.task_number, policy());
    let by_item = plan(&world, &ticket).await;
    assert_eq!(by_task.what_if(&world.systems()).await.unwrap().digest(), by_item.digest());

    let (engine, run) = run(&world, &ticket).await;
    let writes = world.writes().len();
    assert_eq!(engine.run(&by_task).await.unwrap(), run);
    assert_eq!(world.writes().len(), writes);
}

#[tokio::test]
async fn a_login_that_somebody_has_or_had_goes_to_nobody_else() {
    for holder in ["ACTIVE", "DEPROVISIONED", "in ServiceNow only"] {
        let world = World::start().await;
        if holder == "in ServiceNow only" {
            let users = world.systems().servicenow.table::<SysUser>();
            let fields = json!({"user_name": LOGIN, "first_name": "Nora", "last_name": "Lindqvist", "active": "false"});
            users.create(&fields).await.unwrap();
        } else {
            let user = json!({"profile": somebody(LOGIN, "55555"), "status": holder, "groups": ["Sales"]});
            world.sandbox.add_okta_user(&user).unwrap();
        }
        let before = world.find_okta_user(LOGIN);

        let (_, run) = run(&world, &world.hire()).await;
        assert_eq!(run.status, RunStatus::Done, "{holder}");
        assert_eq!(run.subject.login, "nora.lindqvist2@acme.example", "{holder}");
        assert_eq!(world.okta_user("nora.lindqvist2@acme.example")["profile"]["employeeNumber"], "90001");
        assert_eq!(world.users_numbered("90001")[0]["user_name"], "nora.lindqvist2@acme.example");
        assert_eq!(world.find_okta_user(LOGIN), before, "{holder}: the holder is left alone");
    }
}

#[tokio::test]
async fn a_ticket_submitted_again_is_the_same_run_and_writes_nothing() {
    let world = World::start().await;
    let ticket = world.hire();
    let (engine, first) = run(&world, &ticket).await;
    let writes = world.writes().len();
    let again = engine.run(&onboard(&ticket)).await.unwrap();
    drop(engine);
    let (_, afresh) = run(&world, &ticket).await;
    assert_eq!((&again, &afresh), (&first, &first));
    assert_eq!(world.writes().len(), writes);
}

#[tokio::test]
async fn two_submissions_at_once_are_one_run() {
    let world = World::start().await;
    let ticket = world.hire();
    let engine = world.engine(world.systems()).await;
    let (operation, engine) = (onboard(&ticket), &engine);
    let (one, other) = tokio::join!(engine.run(&operation), engine.run(&operation));
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(world.mails().len(), 1);
    assert_eq!(world.notes(&ticket.task_sys_id, "comments").len(), 1);
}

#[tokio::test]
async fn what_happens_to_the_request_while_a_run_is_stalled_is_seen_before_anybody_can_sign_in() {
    let cases: [(&str, serde_json::Value, &str); 3] = [
        ("sc_task", json!({"state": "-5"}), "is Pending (-5) now"),
        ("sc_req_item", json!({"approval": "rejected"}), "its approval withdrawn"),
        (
            "start_date",
            json!({"value": "2026-04-01"}),
            "start_date was \"2026-03-02\", and is \"2026-04-01\" now",
        ),
    ];
    for (table, change, says) in cases {
        let world = World::start().await;
        let ticket = world.hire();
        let engine = world.engine(world.systems()).await;
        world.sandbox.add_fault(Fault::okta("PUT", "/api/v1/groups", Effect::Status(503)).times(15));
        let run = engine.run(&onboard(&ticket)).await.unwrap();
        assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
        let (table, id) = match table {
            "sc_task" => (table, ticket.task_sys_id.clone()),
            "start_date" => ("sc_item_option", world.answer_row(&ticket, "2026-03-02")),
            _ => (table, ticket.item_sys_id.clone()),
        };
        world.sandbox.edit_record(table, &id, &change).unwrap();
        engine.resume().await.unwrap();
        let run = engine.finish(&run.id).await.unwrap();
        assert_needs_human(&run, "still-wanted", says);
        assert_eq!(world.okta_user(LOGIN)["status"], "STAGED");
        assert!(world.mails().is_empty());
    }
}

#[tokio::test]
async fn a_role_that_is_missing_stalls_the_run_and_fails_nobody() {
    let world = World::start().await;
    let ticket = world.hire();
    let engine = world.engine(world.systems()).await;
    world.sandbox.add_fault(Fault::okta("PUT", "/api/v1/groups", Effect::Status(403)));
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
    engine.resume().await.unwrap();
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
}

#[tokio::test]
async fn a_number_given_to_another_account_after_planning_makes_no_second_account() {
    let world = World::start().await;
    let ticket = world.hire();
    let plan = plan(&world, &ticket).await;
    world.sandbox.add_okta_user(&json!({"profile": somebody("n.l@acme.example", "90001")})).unwrap();
    world.sandbox.clock().advance(std::time::Duration::from_secs(5));
    let engine = world.engine(world.systems()).await;
    let id = engine.submit(&plan).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    assert_needs_human(&run, "create-account", "the employee number 90001 belongs to the account");
    assert!(world.find_okta_user(LOGIN).is_none());
}

#[tokio::test]
async fn nobody_gets_a_login_that_is_somebody_elses_mail_address() {
    let world = World::start().await;
    let ticket = world.hire();
    let mut other = somebody("someone@acme.example", "55555");
    other["email"] = LOGIN.into();
    world.sandbox.add_okta_user(&json!({"profile": other})).unwrap();
    world.sandbox.clock().advance(std::time::Duration::from_secs(5));
    assert_eq!(plan(&world, &ticket).await.subject.login, "nora.lindqvist2@acme.example");
}

#[tokio::test]
async fn a_login_taken_after_planning_is_not_written_over() {
    // By another person; or by the same one, but through somebody else's hands: an import, a colleague.
    for number in ["55555", "90001"] {
        not_written_over(number).await;
    }
}

async fn not_written_over(number: &str) {
    let world = World::start().await;
    let ticket = world.hire();
    let plan = plan(&world, &ticket).await;
    let other = json!({"profile": somebody(LOGIN, number), "status": "STAGED", "groups": ["Sales"]});
    world.sandbox.add_okta_user(&other).unwrap();
    let other = world.okta_user(LOGIN);

    let engine = world.engine(world.systems()).await;
    let id = engine.submit(&plan).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    assert_needs_human(
        &run,
        "create-account",
        &format!("the login {LOGIN} was taken meanwhile, by {}", text(&other["id"])),
    );
    assert_eq!(world.okta_user(LOGIN), other);
    assert!(world.log_of(&run.id).is_empty() && world.mails().is_empty());
    assert_eq!(world.states(&ticket)[..2], ["2", "1"], "the task stays open for a person");
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert_eq!(notes.len(), 1, "{notes:#?}");
    assert!(notes[0].starts_with(&mark(&run, "report-failure")), "{}", notes[0]);
    assert!(
        notes[0].contains("- create-account: not done, the world has changed: the login"),
        "{}",
        notes[0]
    );
    assert!(world.notes(&ticket.task_sys_id, "comments").is_empty(), "the requester hears from that person");
}

#[tokio::test]
async fn a_ticket_that_a_person_closed_meanwhile_is_left_alone() {
    let world = World::start().await;
    let ticket = world.hire();
    let plan = plan(&world, &ticket).await;
    world.sandbox.set_task_state(&ticket.task_sys_id, "4").unwrap();
    let before = world.row("sc_task", &ticket.task_sys_id);

    let engine = world.engine(world.systems()).await;
    let id = engine.submit(&plan).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    assert_needs_human(&run, "take-ticket", "is in state Closed Incomplete (4) now");
    world.assert_untouched();
    assert_eq!(world.row("sc_task", &ticket.task_sys_id), before);
    assert!(world.find_okta_user(LOGIN).is_none());
}

#[tokio::test]
async fn what_a_person_did_already_is_not_done_again() {
    let world = World::start().await;
    let ticket = world.hire();
    let path = format!("/api/v1/groups/{}/*", group_id("All Employees"));
    world.sandbox.add_fault(Fault::okta("PUT", &path, Effect::Status(503)).always());
    let (engine, stalled) = run(&world, &ticket).await;
    assert!(
        matches!(&stalled.status, RunStatus::Stalled { step, .. } if step.as_str() == "join-all-employees"),
        "{}",
        stalled.status
    );
    let groups = ["Engineering", "VPN Users"].map(|name| group_id(name).parse().unwrap());
    let user = text(&world.okta_user(LOGIN)["id"]).parse().unwrap();
    for group in &groups {
        world.systems().okta.groups().add(group, &user).await.unwrap();
    }

    world.sandbox.clear_faults();
    engine.resume().await.unwrap();
    let run = engine.finish(&stalled.id).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    for step in ["join-engineering", "join-vpn"] {
        assert_eq!(run.step(step).unwrap().outcome, Some(Outcome::AlreadySatisfied));
    }
    let puts = world
        .writes()
        .into_iter()
        .filter(|write| write.method == "PUT" && write.user_agent.contains(run.id.as_str()));
    let puts: Vec<_> = puts.collect();
    let sent = short(&puts);
    assert!(
        groups
            .iter()
            .all(|group: &okta_client::groups::GroupId| !sent.iter().any(|put| put.contains(group.as_str()))),
        "{sent:?}"
    );
    assert_eq!(world.groups_of(&world.okta_user(LOGIN)), names(&GROUPS));
}

#[tokio::test]
async fn an_item_without_a_task_is_closed_itself() {
    let world = World::start().await;
    let ticket = world.hire();
    let tasks = world.systems().servicenow.table::<ScTask>();
    tasks.delete(&ticket.task_sys_id.parse().unwrap()).await.unwrap();
    let (_, run) = run(&world, &ticket).await;
    assert_eq!(run.status, RunStatus::Done);
    let state = |table: &str, id: &str| text(&world.row(table, id)["state"]);
    assert_eq!(state("sc_req_item", &ticket.item_sys_id), "3");
    assert_eq!(state("sc_request", &ticket.request_sys_id), "3");
    assert_eq!(world.notes(&ticket.item_sys_id, "work_notes").len(), 1);
    assert_eq!(world.notes(&ticket.item_sys_id, "comments").len(), 1);
}

#[tokio::test]
async fn with_two_open_tasks_a_person_says_which_and_with_one_it_is_that_one() {
    let world = World::start().await;
    let ticket = world.hire();
    let fields = json!({"request_item": ticket.item_sys_id, "request": ticket.request_sys_id, "short_description": "Desk"});
    let other = world.systems().servicenow.table::<ScTask>().create(&fields).await.unwrap();
    let written = world.writes().len();
    let error = onboard(&ticket).what_if(&world.systems()).await.unwrap_err();
    assert!(error.to_string().contains("has 2 open tasks"), "{error}");
    assert_eq!(world.writes().len(), written);

    world.sandbox.set_task_state(other.sys_id.as_str(), "3").unwrap();
    let (_, run) = run(&world, &ticket).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn a_servicenow_account_that_something_else_makes_is_not_made_here() {
    let world = World::start().await;
    let ticket = world.hire();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket).without_servicenow_account()).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert!(world.users_numbered("90001").is_empty());
    assert_eq!(world.okta_user(LOGIN)["status"], "PROVISIONED");
}

#[tokio::test]
async fn a_targets_name_may_be_any_text() {
    let world = World::start().await;
    let ticket = world.hire();
    let text = support::POLICY.replace("all-employees", "all_employees").replace("github ", "\"Git Hub\" ");
    let policy = lifecycle::Policy::parse("acme.toml", &text.replace("\"github\"", "\"Git Hub\"")).unwrap();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&Onboard::ticket(&ticket.number, policy)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.groups_of(&world.okta_user(LOGIN)), names(&GROUPS));
}

#[tokio::test]
async fn the_thread_is_whole_after_a_run() {
    let world = World::start().await;
    let ticket = world.hire();
    let (engine, run) = run(&world, &ticket).await;
    let ledger = engine.ledger(None).await.unwrap();
    let thread = thread(&world.systems(), &run, &ledger).await.unwrap();
    assert!(thread.is_verified(), "{thread}");
    assert_eq!(thread.ledger.as_ref(), Some(&engine.ledger_head().await.unwrap()));
    let logged: BTreeSet<_> =
        thread.steps.iter().flat_map(|step| &step.log).map(|entry| entry.uuid.clone()).collect();
    assert_eq!(logged, world.log_of(&run.id).iter().map(|event| text(&event["uuid"])).collect());
    let notes: Vec<_> = thread
        .steps
        .iter()
        .flat_map(|step| &step.notes)
        .map(|note| (note.ticket.as_str(), note.field.as_str()))
        .collect();
    assert_eq!(notes, [(ticket.task_number.as_str(), "work_notes"), (&ticket.task_number, "comments")]);
    let told = thread.to_string();
    for part in [&ticket.number, run.id.as_str(), &run.digest, "verified: "] {
        assert!(told.contains(part), "{part}");
    }
}

#[tokio::test]
async fn a_broken_thread_says_where() {
    let world = World::start().await;
    let (engine, run) = run(&world, &world.hire()).await;
    let ledger = engine.ledger(None).await.unwrap();
    let altered = {
        let mut ledger = ledger.clone();
        ledger[3].actor = "somebody".into();
        ledger
    };
    let others = {
        let mut ledger = ledger.clone();
        ledger.retain(|record: &Record| record.run != run.id);
        ledger
    };
    let mut replanned = run.clone();
    replanned.digest = "0".repeat(64);
    let mut forgetful = run.clone();
    forgetful.steps.retain(|step| step.step.as_str() != "create-account");
    let mut unlike = run.clone();
    let step = unlike.steps.iter_mut().find(|step| step.step.as_str() == "activate").unwrap();
    step.calls[0].request_id = Some("reqSomethingElse".into());
    for (run, ledger, says) in [
        (&run, &altered, "record 4 was changed: its content does not fit its hash"),
        (&run, &others, "the ledger has no record that the run was accepted"),
        (&replanned, &ledger, "the run was accepted with plan"),
        (&forgetful, &ledger, "of Okta's log entries name this run and no step of it"),
        (&unlike, &ledger, "step activate: Okta's log names a request that we did not note"),
    ] {
        let thread = thread(&world.systems(), run, ledger).await.unwrap();
        assert!(!thread.is_verified());
        assert!(thread.breaks.iter().any(|broken| broken.contains(says)), "{says}: {:#?}", thread.breaks);
        assert!(thread.to_string().contains("BROKEN: "), "{thread}");
    }
}

#[tokio::test]
async fn a_note_that_is_gone_from_the_ticket_breaks_the_thread() {
    let world = World::start().await;
    let (engine, run) = run(&world, &world.hire()).await;
    let note =
        world.rows("sys_journal_field").into_iter().find(|row| text(&row["value"]).contains("/report]"));
    let id = text(&note.unwrap()["sys_id"]);
    world.sandbox.edit_record("sys_journal_field", &id, &json!({"value": "somebody else's words"})).unwrap();
    let ledger = engine.ledger(None).await.unwrap();
    let thread = thread(&world.systems(), &run, &ledger).await.unwrap();
    assert_eq!(thread.breaks, ["step report wrote a note, and the ticket does not have it"]);
}

#[tokio::test]
async fn a_change_that_okta_did_not_log_breaks_the_thread() {
    let world = World::with(|sandbox| {
        sandbox.people(20).new_hires(0).limits(sandbox::Limits::Unlimited).log_lag(Duration::from_secs(3600))
    });
    let world = world.await;
    let (engine, run) = run(&world, &world.hire()).await;
    let ledger = engine.ledger(None).await.unwrap();
    let thread = thread(&world.systems(), &run, &ledger).await.unwrap();
    let unlogged = |step: &str| format!("step {step} changed Okta, and Okta's log does not have it");
    assert!(thread.breaks.contains(&unlogged("create-account")), "{thread}");
    assert!(thread.breaks.contains(&unlogged("activate")), "{thread}");
}
