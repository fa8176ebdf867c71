//! What counts as an approval, and that nothing is done without one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lifecycle::{Engine, Run, RunStatus};
use sandbox::{AccessRequest, Effect, Fault};
use serde_json::json;
use support::World;
use support::access::{
    CRM, Request, access_policy, approved, find, grant, later, report_and_manager, user_id,
};
use support::looking::{short, text};

async fn company() -> (World, Engine) {
    let world = World::start().await;
    let engine = world.engine(world.systems()).await;
    (world, engine)
}

/// That the run asks a person, for this reason, and wrote nothing but on the ticket.
#[track_caller]
fn assert_void(world: &World, request: &Request, run: &Run, why: &str) {
    let RunStatus::NeedsHuman { why: is, .. } = &run.status else { panic!("the run is {}", run.status) };
    assert!(is.contains(why), "{is}");
    assert_nothing_given(world, request);
}

#[track_caller]
fn assert_nothing_given(world: &World, request: &Request) {
    assert_eq!(short(&world.writes_elsewhere(request)), [""; 0], "something was written");
    assert!(!world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn until_somebody_approves_nothing_is_written() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let RunStatus::Waiting { waits_for, .. } = &run.status else { panic!("the run is {}", run.status) };
    assert!(waits_for.contains("the manager or an owner"), "{waits_for}");
    later(&world, &engine, &run.id, 3600).await;
    assert_eq!(short(&world.writes()), [""; 0]);
}

#[tokio::test]
async fn the_managers_approval_counts_and_is_recorded() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    assert!(world.is_in(&request.person, CRM), "{}", run.status);
    let found = &run.step("approval").unwrap().findings;
    assert_eq!((found["approved_by"].as_str(), found["snapshot"].len()), (request.manager.as_str(), 64));
}

#[tokio::test]
async fn approved_with_nobody_asked_is_refused() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.approvers.clear());
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    assert_void(&world, &request, &run, "0 of 1 approvals count: nobody else was asked");
}

#[tokio::test]
async fn where_the_policy_wants_no_approval_the_items_own_word_is_enough() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| {
        request.approvers.clear();
        request.access = Some("wiki".to_owned());
    });
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    assert!(world.is_in(&request.person, "Jira Users"), "{}", run.status);
}

#[tokio::test]
async fn the_flag_alone_is_nothing() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world
        .sandbox
        .edit_record("sc_req_item", &request.ticket.item_sys_id, &json!({"approval": "approved"}))
        .unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "0 of 1 approvals count");
}

#[tokio::test]
async fn an_approval_by_whoever_gets_it_does_not_count() {
    let (world, engine) = company().await;
    let (person, _) = report_and_manager(&world);
    let request = world.asks_with(|request| request.approvers = vec![vec![person.clone()]]);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.answers(&request, &person, "approved");
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "is who gets it");
}

#[tokio::test]
async fn an_approval_by_whoever_asked_does_not_count() {
    let (world, engine) = company().await;
    let (_, manager) = report_and_manager(&world);
    let request = world.asks_with(|request| request.opened_by = Some(manager.clone()));
    let run = approved(&world, &engine, &request).await;
    assert_void(&world, &request, &run, "is who asked for it");
}

#[tokio::test]
async fn an_approval_by_our_own_user_does_not_count() {
    let (world, engine) = company().await;
    let us = world.sandbox.servicenow_username().to_owned();
    let request = world.asks_with(|request| request.approvers = vec![vec![us.clone()]]);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.answers(&request, &us, "approved");
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "is our own user");
}

#[tokio::test]
async fn our_own_user_cannot_answer_for_the_manager() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let us = world.sandbox.servicenow_username().to_owned();
    world.seconds(1);
    world.sandbox.answer_approval(&request.ticket.item_sys_id, &request.manager, &us, "approved").unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "does not stand in for them");
}

#[tokio::test]
async fn an_approval_by_somebody_who_may_not_does_not_count() {
    let (world, engine) = company().await;
    let (person, manager) = report_and_manager(&world);
    let others = world.rows("sys_user");
    let boss = find(&others, "user_name", &manager)["manager"].clone();
    let other = others.iter().map(|user| text(&user["user_name"])).find(|name| {
        ![&person, &manager].contains(&name) && user_id(&world, name) != boss && name.contains("acme")
    });
    let other = other.unwrap();
    let request = world.asks_with(|request| request.approvers = vec![vec![other.clone()]]);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.answers(&request, &other, "approved");
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "is none of those who may approve it");
}

/// Makes somebody an owner of the group behind `crm`, or of another.
async fn make_owner(world: &World, group: &str, login: &str) {
    let systems = world.systems();
    let owner = systems.okta.users().find_by_login(login).await.unwrap().unwrap();
    let group = sandbox::group_id(group).parse().unwrap();
    let owner = okta_client::groups::Owner::User(owner.id);
    systems.okta.groups().owners(&group).add(&owner).await.unwrap();
}

fn somebody_else(world: &World, but: &[&str]) -> String {
    let users = world.rows("sys_user").into_iter().map(|user| text(&user["user_name"]));
    let mut users = users.filter(|name| name.contains("acme") && !but.contains(&name.as_str()));
    users.next().unwrap()
}

#[tokio::test]
async fn an_approval_by_an_owner_of_the_group_counts() {
    let (world, engine) = company().await;
    let (person, manager) = report_and_manager(&world);
    let owner = somebody_else(&world, &[&person, &manager]);
    make_owner(&world, CRM, &owner).await;
    let request = world.asks_with(|request| request.approvers = vec![vec![owner.clone()]]);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.answers(&request, &owner, "approved");
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(world.is_in(&request.person, CRM), "{}", run.status);
}

#[tokio::test]
async fn where_two_are_wanted_one_does_not_do() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.access = Some("ledger".to_owned()));
    let run = approved(&world, &engine, &request).await;
    assert_void(&world, &request, &run, "1 of 2 approvals count");
}

#[tokio::test]
async fn two_people_are_two_approvals() {
    let (world, engine) = company().await;
    let (person, manager) = report_and_manager(&world);
    let owner = somebody_else(&world, &[&person, &manager]);
    make_owner(&world, "Payroll Admins", &owner).await;
    let request = world.asks_with(|request| {
        request.access = Some("ledger".to_owned());
        request.approvers = vec![vec![manager.clone()], vec![owner.clone()]];
    });
    let run = approved(&world, &engine, &request).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "one round is not enough: {}", run.status);
    world.answers(&request, &owner, "approved");
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(world.is_in(&request.person, "Payroll Admins"), "{}", run.status);
}

/// Lets somebody answer the approvals of another until further notice.
fn stands_in(world: &World, delegate: &str, of: &str) {
    let row = json!({
        "user": user_id(world, of), "delegate": user_id(world, delegate), "approvals": "true",
        "starts": "2020-01-01 00:00:00", "ends": "",
    });
    world.sandbox.add_records("sys_user_delegate", [row]).unwrap();
}

#[tokio::test]
async fn one_who_stands_in_for_two_is_one() {
    let (world, engine) = company().await;
    let (person, manager) = report_and_manager(&world);
    let owner = somebody_else(&world, &[&person, &manager]);
    let delegate = somebody_else(&world, &[&person, &manager, &owner]);
    make_owner(&world, "Payroll Admins", &owner).await;
    let request = world.asks_with(|request| {
        request.access = Some("ledger".to_owned());
        request.approvers = vec![vec![manager.clone(), owner.clone()]];
        request.all_must_approve = true;
    });
    for principal in [&manager, &owner] {
        stands_in(&world, &delegate, principal);
    }
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.seconds(1);
    for principal in [&manager, &owner] {
        let item = &request.ticket.item_sys_id;
        world.sandbox.answer_approval(item, principal, &delegate, "approved").unwrap();
    }
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "1 of 2 approvals count");
}

#[tokio::test]
async fn of_who_stands_in_for_the_manager_both_are_recorded() {
    let (world, engine) = company().await;
    let request = world.asks();
    let delegate = somebody_else(&world, &[&request.person, &request.manager]);
    stands_in(&world, &delegate, &request.manager);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.seconds(1);
    let item = &request.ticket.item_sys_id;
    world.sandbox.answer_approval(item, &request.manager, &delegate, "approved").unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    let by = &run.step("approval").unwrap().findings["approved_by"];
    assert_eq!(*by, format!("{delegate} for {}", request.manager));
    assert!(world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn a_rejection_ends_it_and_writes_nothing_outside_the_ticket() {
    for stays_open in [false, true] {
        let (world, engine) = company().await;
        world.sandbox.change_habits(|habits| habits.rejected_items_stay_open = stays_open);
        let request = world.asks();
        let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
        world.answers(&request, &request.manager, "rejected");
        let run = later(&world, &engine, &run.id, 60).await;
        assert!(
            matches!(&run.status, RunStatus::Declined { why, .. } if why.contains("rejected")),
            "{}",
            run.status
        );
        assert_nothing_given(&world, &request);
        assert_eq!(world.item(&request)["state"], "4");
    }
}

#[tokio::test]
async fn one_rejection_beats_every_approval() {
    let (world, engine) = company().await;
    let request = world.asks();
    let other = somebody_else(&world, &[&request.person, &request.manager]);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    // As an instance whose flow goes by a majority would have it.
    let row = json!({
        "sysapproval": request.ticket.item_sys_id, "approver": user_id(&world, &other), "state": "rejected",
    });
    world.sandbox.add_records("sysapproval_approver", [row]).unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(matches!(run.status, RunStatus::Declined { .. }), "{}", run.status);
    assert_nothing_given(&world, &request);
}

#[tokio::test]
async fn answers_edited_after_the_approval_void_it() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    world.seconds(1);
    edit_answer(&world, &request, "The quarter ends, and somebody is ill.", "No reason.");
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "approved before the answers were changed");
}

#[tokio::test]
async fn another_duration_than_was_planned_with_voids_it_whoever_approved() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    edit_answer(&world, &request, "8h", "700h");
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "duration was \"8h\" when it was planned, and is \"700h\" now");
}

fn edit_answer(world: &World, request: &Request, was: &str, is: &str) {
    let links = world.rows("sc_item_option_mtom");
    let ours = links.iter().filter(|link| link["request_item"] == *request.ticket.item_sys_id);
    let rows = ours.map(|link| world.row("sc_item_option", link["sc_item_option"].as_str().unwrap()));
    let row = rows.into_iter().find(|row| row["value"] == was).unwrap();
    let edited = json!({ "value": is });
    world
        .sandbox
        .edit_record_as(&request.person, "sc_item_option", row["sys_id"].as_str().unwrap(), &edited)
        .unwrap();
}

#[tokio::test]
async fn an_approval_that_somebody_else_edited_is_void() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    let row = find(&world.rows("sysapproval_approver"), "sysapproval", &request.ticket.item_sys_id);
    let edit = json!({ "due_date": "2030-01-01 00:00:00" });
    world
        .sandbox
        .edit_record_as("admin", "sysapproval_approver", row["sys_id"].as_str().unwrap(), &edit)
        .unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "does not stand in for them");
}

#[tokio::test]
async fn an_approver_who_has_left_since_still_counts() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    world.seconds(1);
    let (person, manager) = (user_id(&world, &request.person), user_id(&world, &request.manager));
    world.sandbox.edit_record("sys_user", &manager, &json!({ "active": "false" })).unwrap();
    world.sandbox.edit_record("sys_user", &person, &json!({ "manager": "" })).unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(world.is_in(&request.person, CRM), "{}", run.status);
}

#[tokio::test]
async fn a_former_manager_who_is_still_here_does_not_count() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let person = user_id(&world, &request.person);
    world.sandbox.edit_record("sys_user", &person, &json!({ "manager": "" })).unwrap();
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_void(&world, &request, &run, "is none of those who may approve it");
}

#[tokio::test]
async fn withdrawn_between_the_approval_and_the_act_it_gives_nothing() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    // Okta is away when the approval is found.
    world.sandbox.add_fault(Fault::okta("GET", "*", Effect::Status(503)).times(1000));
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(run.step("approval").is_some() || !run.status.is_final(), "{}", run.status);
    world.answers(&request, &request.manager, "rejected");
    world.sandbox.clear_faults();
    let run = later(&world, &engine, &run.id, 3600).await;
    assert!(run.status.is_final() && run.status != RunStatus::Done, "{}", run.status);
    assert_nothing_given(&world, &request);
}

#[tokio::test]
async fn bound_to_the_plan_only_an_approval_after_the_plan_was_attached_counts() {
    for approved_first in [true, false] {
        let (world, engine) = company().await;
        let request = world.asks();
        if approved_first {
            world.approves(&request);
            world.seconds(1);
        }
        let operation = grant(&world, &request.ticket).bound_to_plan();
        let run = engine.run(&operation).await.unwrap();
        if approved_first {
            assert_void(&world, &request, &run, "approved before the plan was attached");
            continue;
        }
        let file = find(&world.rows("sys_attachment"), "table_sys_id", &request.ticket.item_sys_id);
        assert_eq!(text(&file["file_name"]), format!("plan-{}.json", &run.digest[..16]));
        world.approves(&request);
        let run = later(&world, &engine, &run.id, 60).await;
        assert!(world.is_in(&request.person, CRM), "{}", run.status);
        let file = find(&world.rows("sys_attachment"), "table_sys_id", &request.ticket.item_sys_id);
        assert_eq!(text(&file["hash"]), run.digest, "the file is what the digest is of");
    }
}

#[tokio::test]
async fn it_is_reminded_of_twice_and_lapses() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let day = 24 * 3600;
    let reminders = || world.notes(&request.ticket.item_sys_id, "comments").len();
    later(&world, &engine, &run.id, 6 * day).await;
    assert_eq!(reminders(), 0);
    later(&world, &engine, &run.id, day).await;
    assert_eq!(reminders(), 1);
    later(&world, &engine, &run.id, 5 * day).await;
    assert_eq!(reminders(), 2);
    let run = later(&world, &engine, &run.id, 2 * day).await;
    assert!(
        matches!(&run.status, RunStatus::Declined { why, .. } if why.contains("nobody decided")),
        "{}",
        run.status
    );
    assert_nothing_given(&world, &request);
    assert_eq!(world.item(&request)["state"], "4");
}

#[tokio::test]
async fn many_who_wait_are_looked_at_together() {
    let world =
        World::with(|sandbox| sandbox.people(120).new_hires(0).limits(sandbox::Limits::Unlimited)).await;
    let engine = Engine::builder(world.systems()).concurrency(8).embedded(world.journal()).unwrap();
    let policy = access_policy(&world);
    let people = world.rows("sys_user").into_iter().filter(|user| user["manager"] != "").take(100);
    let mut runs = Vec::new();
    for person in people {
        let request = AccessRequest { requested_for: text(&person["user_name"]), ..AccessRequest::default() };
        let ticket = world.sandbox.request_access(&request).unwrap();
        let operation = lifecycle::GrantAccess::ticket(ticket.number, policy.clone());
        runs.push(engine.submit_operation(&operation).await.unwrap());
    }
    for run in &runs {
        engine.finish(run).await.unwrap();
    }
    let before = world.sandbox.requests().len();
    world.seconds(60);
    engine.resume().await.unwrap();
    for run in &runs {
        engine.finish(run).await.unwrap();
    }
    let polls = world.sandbox.requests().len() - before;
    assert!(polls <= 40, "{polls} requests for {} runs that wait", runs.len());
}
