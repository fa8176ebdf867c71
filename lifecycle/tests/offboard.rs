//! Somebody leaves: every status, every guard, every edge.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use lifecycle::action::okta::DenyGroup;
use lifecycle::guard::{Flag, Safeguards};
use lifecycle::run::{Outcome, Ruling, Verdict};
use lifecycle::{Engine, Offboard, OperationError, RevertBlock, Run, RunId, RunStatus};
use okta_client::factors::NewFactor;
use okta_client::roles::{NewRoleAssignment, RoleType};
use okta_client::users::{ProfilePatch, UserId};
use sandbox::{Effect, Fault, OffboardingRequest, System, Ticket, group_id};
use serde_json::{Value, json};

use support::World;
use support::looking::{short, text, told};

/// Somebody who leads Sales, and reports to the chief executive.
fn leaver(world: &World) -> String {
    titled(world, "VP of Sales")
}

/// Who may order that somebody leaves at once.
fn people_lead(world: &World) -> String {
    titled(world, "VP of People")
}

fn titled(world: &World, title: &str) -> String {
    let users = world.okta_users();
    let found = users.iter().find(|user| user["profile"]["title"] == title);
    text(&found.unwrap_or_else(|| panic!("nobody is {title}"))["profile"]["login"])
}

fn id_of(world: &World, login: &str) -> UserId {
    text(&world.okta_user(login)["id"]).parse().unwrap()
}

fn status(world: &World, login: &str) -> String {
    text(&world.okta_user(login)["status"])
}

fn user_row(world: &World, login: &str) -> Value {
    let rows = world.rows("sys_user");
    rows.into_iter().find(|row| row["user_name"] == login).unwrap()
}

fn is_shut(world: &World, login: &str) -> bool {
    let row = user_row(world, login);
    row["active"] == "false" && row["locked_out"] == "true"
}

/// A group that keeps people out.
async fn deny_group(world: &World) -> DenyGroup {
    let profile = okta_client::groups::GroupProfile::new("Kept Out");
    let group = world.systems().okta.groups().create(&profile).await.unwrap();
    DenyGroup { id: group.id, name: group.profile.name }
}

/// Makes somebody an administrator who could work: with a factor.
async fn appoint(world: &World, login: &str) {
    let (okta, id) = (world.systems().okta, id_of(world, login));
    let role = NewRoleAssignment::standard(RoleType::SuperAdmin);
    okta.roles().of_user(&id).assign(&role).await.unwrap();
    enroll(world, login).await;
}

async fn enroll(world: &World, login: &str) {
    let (okta, id) = (world.systems().okta, id_of(world, login));
    let factor = NewFactor::question("disliked_food", "artichokes".to_owned().into());
    okta.factors(&id).enroll(factor).send().await.unwrap();
}

async fn engine(world: &World) -> Engine {
    world.engine(world.systems()).await
}

/// As far as it goes without time going by.
async fn begin(engine: &Engine, offboard: &Offboard) -> Run {
    engine.run(offboard).await.unwrap()
}

/// Lets time go by until the run is at its end.
async fn to_the_end(world: &World, engine: &Engine, run: &RunId) -> Run {
    for _ in 0..300 {
        let run = engine.finish(run).await.unwrap();
        match run.status {
            RunStatus::Waiting { until, .. } => world.sandbox.clock().advance_to(until),
            RunStatus::Stalled { .. } => {
                world.sandbox.clock().advance(Duration::from_secs(20 * 60));
            }
            _ => return run,
        }
        engine.resume().await.unwrap();
    }
    panic!("the run does not come to its end")
}

async fn offboarded(world: &World, offboard: &Offboard) -> Run {
    let engine = engine(world).await;
    let run = begin(&engine, offboard).await;
    to_the_end(world, &engine, &run.id).await
}

fn outcome(run: &Run, step: &str) -> Outcome {
    run.step(step).unwrap_or_else(|| panic!("no step {step}: {:#?}", steps(run))).outcome.clone().unwrap()
}

fn steps(run: &Run) -> Vec<String> {
    run.steps.iter().map(|step| format!("{}: {:?}", step.step, step.outcome)).collect()
}

#[track_caller]
fn assert_done(run: &Run) {
    assert_eq!(run.status, RunStatus::Done, "{:#?}", steps(run));
}

#[track_caller]
fn assert_held(run: &Run, step: &str, word: &str) {
    match outcome(run, step) {
        Outcome::Held { found } => assert!(found.contains(word), "{found}"),
        other => panic!("{step} is {other}"),
    }
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
}

fn ticket(world: &World, request: &OffboardingRequest) -> Ticket {
    world.sandbox.add_offboarding_request(request).unwrap()
}

/// A ticket by which somebody leaves at once.
fn at_once(world: &World, login: &str) -> (Ticket, Offboard) {
    let by = people_lead(world);
    let request = OffboardingRequest { opened_by: Some(by.clone()), ..OffboardingRequest::immediate(login) };
    let ticket = ticket(world, &request);
    let offboard = Offboard::ticket(&ticket.number).may_order_at_once([by]);
    (ticket, offboard)
}

/// The place of the first write whose path has all of these.
#[track_caller]
fn place(world: &World, parts: &[&str]) -> usize {
    let writes = short(&world.writes());
    let found = writes.iter().position(|write| parts.iter().all(|part| write.contains(part)));
    found.unwrap_or_else(|| panic!("no write has {parts:?}: {writes:#?}"))
}

fn wrote(world: &World, part: &str) -> bool {
    short(&world.writes()).iter().any(|write| write.contains(part))
}

// The order of things.

#[tokio::test]
async fn at_once_the_block_comes_first_and_destruction_last() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.add_okta_grant(&login, "0oaclient", "openid").unwrap();
    world.sandbox.add_okta_refresh_token(&login, "0oaclient", &["offline_access"]).unwrap();
    let (ticket, offboard) = at_once(&world, &login);
    let run = offboarded(&world, &offboard).await;
    assert_done(&run);

    let user = world.okta_user(&login);
    assert_eq!(user["status"], "DEPROVISIONED");
    assert_eq!(
        world.groups_of(&user),
        BTreeSet::from(["acme.local Domain Users".to_owned()]),
        "a directory fills that"
    );
    assert!(is_shut(&world, &login));
    let row = text(&user_row(&world, &login)["sys_id"]);
    assert!(world.rows("sys_user_grmember").iter().all(|member| member["user"] != *row));

    let suspend = place(&world, &["/lifecycle/suspend"]);
    let sessions = place(&world, &["DELETE", "/sessions"]);
    let lock = place(&world, &["sys_user/"]);
    let grants = place(&world, &["DELETE", "/grants"]);
    let factors = place(&world, &["/lifecycle/reset_factors"]);
    let deactivate = place(&world, &["/lifecycle/deactivate"]);
    let groups = place(&world, &["DELETE", "/groups/"]);
    let order = [suspend, sessions, lock, grants, factors, deactivate, groups];
    assert!(order.is_sorted(), "{order:?} of {:#?}", short(&world.writes()));
    assert_eq!(suspend, 0, "nothing is written before the block");
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn the_ticket_tells_when_access_was_to_end_and_when_it_did() {
    let world = World::start().await;
    let (ticket, offboard) = at_once(&world, &leaver(&world));
    assert_done(&offboarded(&world, &offboard).await);
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    let report = notes.iter().find(|note| note.contains("timeline")).unwrap();
    for word in [
        "effective 2026",
        "; blocked 2026",
        "; sessions ended 2026",
        "; deactivated 2026",
        "; apps looked at 2026",
    ] {
        assert!(report.contains(word), "{word} is missing: {report}");
    }
    assert_eq!(world.notes(&ticket.task_sys_id, "comments").len(), 1);
}

#[tokio::test]
async fn who_leaves_at_the_end_of_a_day_is_let_in_until_then() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let day = world.sandbox.clock().now().date_naive() + TimeDelta::days(1);
    let request = OffboardingRequest {
        time_zone: Some("Europe/Berlin".into()),
        ..OffboardingRequest::scheduled(&login, &day.to_string())
    };
    let ticket = ticket(&world, &request);
    let run = begin(&engine, &Offboard::ticket(&ticket.number)).await;
    let RunStatus::Waiting { step, waits_for, .. } = &run.status else { panic!("{}", run.status) };
    assert_eq!(step.as_str(), "last-hour");
    assert!(waits_for.contains(&format!("{day} 23:59 Europe/Berlin")), "{waits_for}");
    world.assert_untouched();
    assert_eq!(status(&world, &login), "ACTIVE");

    assert_done(&to_the_end(&world, &engine, &run.id).await);
    assert_eq!(status(&world, &login), "DEPROVISIONED");
    let (groups, deactivate) =
        (place(&world, &["DELETE", "/groups/"]), place(&world, &["/lifecycle/deactivate"]));
    assert!(groups < deactivate, "each group tells what it took away, while that can be taken back");
}

#[tokio::test]
async fn a_graceful_leaver_has_fewer_groups_from_the_handover_on() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let today = world.sandbox.clock().now().date_naive();
    let request = OffboardingRequest {
        mode: Some("graceful".into()),
        handover_from: Some("today".into()),
        ..OffboardingRequest::scheduled(&login, &(today + TimeDelta::days(3)).to_string())
    };
    let ticket = ticket(&world, &request);
    let kept = group_id("All Employees").parse().unwrap();
    let run = begin(&engine, &Offboard::ticket(&ticket.number).kept_in_handover([kept])).await;
    assert!(
        matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == "last-hour"),
        "{}",
        run.status
    );
    let user = world.okta_user(&login);
    let groups = world.groups_of(&user);
    assert!(groups.contains("All Employees") && !groups.contains("Sales"), "{groups:?}");
    assert_eq!(user["status"], "ACTIVE");
    assert_done(&to_the_end(&world, &engine, &run.id).await);
}

#[tokio::test]
async fn a_last_day_that_is_past_is_today_and_the_ticket_says_how_late_it_is() {
    let world = World::start().await;
    let login = leaver(&world);
    let day = world.sandbox.clock().now().date_naive() - TimeDelta::days(3);
    let ticket = ticket(&world, &OffboardingRequest::scheduled(&login, &day.to_string()));
    assert_done(&offboarded(&world, &Offboard::ticket(&ticket.number)).await);
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert!(notes.iter().any(|note| note.contains("(2 d")), "{notes:#?}");
}

#[tokio::test]
async fn the_same_ticket_twice_is_one_run() {
    let world = World::start().await;
    let (_, offboard) = at_once(&world, &leaver(&world));
    let engine = engine(&world).await;
    let one = begin(&engine, &offboard).await;
    let other = begin(&engine, &offboard).await;
    assert_eq!(one.id, other.id);
}

#[tokio::test]
async fn two_orders_about_one_person_join() {
    let world = World::start().await;
    let login = leaver(&world);
    let (_, by_ticket) = at_once(&world, &login);
    let engine = engine(&world).await;
    let one = engine.submit_operation(&by_ticket).await.unwrap();
    let other = engine.submit_operation(&Offboard::now(&login, "the police called")).await.unwrap();
    assert_eq!(one, other);
}

// Who may order it.

#[tokio::test]
async fn nobody_orders_that_somebody_leaves_at_once_but_those_who_may() {
    let world = World::start().await;
    let login = leaver(&world);
    let (ticket, _) = at_once(&world, &login);
    let error = Offboard::ticket(&ticket.number).what_if_told(&world).await;
    assert!(error.contains("may not order"), "{error}");
    world.assert_untouched();
}

#[tokio::test]
async fn nobody_orders_their_own_offboarding_at_once() {
    let world = World::start().await;
    let by = people_lead(&world);
    let request = OffboardingRequest { opened_by: Some(by.clone()), ..OffboardingRequest::immediate(&by) };
    let ticket = ticket(&world, &request);
    let error = Offboard::ticket(&ticket.number).may_order_at_once([by]).what_if_told(&world).await;
    assert!(error.contains("their own"), "{error}");
}

#[tokio::test]
async fn a_scheduled_departure_has_to_be_approved() {
    let world = World::start().await;
    let ticket = ticket(&world, &OffboardingRequest::scheduled(&leaver(&world), "today"));
    world.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &json!({"approval": "requested"})).unwrap();
    let error = Offboard::ticket(&ticket.number).what_if_told(&world).await;
    assert!(error.contains("not approved"), "{error}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_ticket_is_told_at_once() {
    let world = World::start().await;
    let request = OffboardingRequest {
        mode: Some("quickly".into()),
        reason: Some("boredom".into()),
        last_time: Some("half past five".into()),
        time_zone: Some("Berlin".into()),
        employee: None,
        ..OffboardingRequest::scheduled("nobody", "2026-05-05")
    };
    let ticket = ticket(&world, &request);
    let error = Offboard::ticket(&ticket.number).what_if_told(&world).await;
    for word in ["employee", "mode", "reason", "last_time", "time_zone"] {
        assert!(error.contains(word), "{word} is missing: {error}");
    }
    world.assert_untouched();
}

/// What planning answers instead of a plan.
trait Told {
    async fn what_if_told(&self, world: &World) -> String;
}

impl Told for Offboard {
    async fn what_if_told(&self, world: &World) -> String {
        let error: OperationError = lifecycle::Operation::what_if(self, &world.systems()).await.unwrap_err();
        told(&error)
    }
}

// What the account is when its turn comes.

#[tokio::test]
async fn somebody_who_was_suspended_already_is_taken_as_blocked() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "SUSPENDED").unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    assert_eq!(outcome(&run, "suspend"), Outcome::AlreadySatisfied);
    assert_eq!(status(&world, &login), "DEPROVISIONED");
}

#[tokio::test]
async fn an_account_that_was_never_activated_is_ended_without_a_suspension() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "STAGED").unwrap();
    assert_done(&offboarded(&world, &Offboard::now(&login, "never came")).await);
    assert!(!wrote(&world, "/lifecycle/suspend"));
    assert_eq!(status(&world, &login), "DEPROVISIONED");
}

async fn ends_without_a_suspension(status_before: &str) {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, status_before).unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    assert!(matches!(outcome(&run, "suspend"), Outcome::Failed { .. }), "{}", outcome(&run, "suspend"));
    assert!(!wrote(&world, "/lifecycle/unlock"), "that would open a gap");
    assert_eq!(status(&world, &login), "DEPROVISIONED");
}

#[tokio::test]
async fn an_account_with_an_activation_link_in_a_mailbox_goes_straight_to_its_end() {
    ends_without_a_suspension("PROVISIONED").await;
}

#[tokio::test]
async fn an_account_with_a_recovery_link_in_a_mailbox_goes_straight_to_its_end() {
    ends_without_a_suspension("RECOVERY").await;
}

#[tokio::test]
async fn an_account_whose_password_has_expired_goes_straight_to_its_end() {
    ends_without_a_suspension("PASSWORD_EXPIRED").await;
}

#[tokio::test]
async fn a_locked_account_is_never_unlocked_and_goes_straight_to_its_end() {
    ends_without_a_suspension("LOCKED_OUT").await;
}

#[tokio::test]
async fn an_account_that_was_deactivated_already_still_loses_its_groups_and_servicenow() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "DEPROVISIONED").unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "left last week")).await;
    assert_done(&run);
    for step in ["suspend", "end-sessions", "deactivate"] {
        assert_eq!(outcome(&run, step), Outcome::AlreadySatisfied, "{step}");
    }
    assert!(!world.groups_of(&world.okta_user(&login)).contains("Sales"));
    assert!(is_shut(&world, &login));
}

#[tokio::test]
async fn an_account_whose_status_is_changing_is_waited_for() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "DEPROVISIONED").unwrap();
    world.sandbox.set_okta_transition_time(Duration::from_secs(40));
    world
        .systems()
        .okta
        .users()
        .activate(&id_of(&world, &login), okta_client::users::Mail::Send)
        .await
        .unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    assert_eq!(status(&world, &login), "DEPROVISIONED");
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_kept_out_by_the_group_and_a_person_is_asked() {
    let world = World::start().await;
    let login = leaver(&world);
    let group = deny_group(&world).await;
    world.sandbox.show_okta_status(&login, "HIBERNATING").unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft").deny_group(group)).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert!(matches!(outcome(&run, "suspend"), Outcome::Drifted { .. }));
    assert_eq!(outcome(&run, "keep-out"), Outcome::Done);
    assert!(!wrote(&world, "/lifecycle/suspend") && !wrote(&world, "/lifecycle/deactivate"), "fail closed");
    assert!(world.groups_of(&world.okta_user(&login)).contains("Kept Out"));
}

#[tokio::test]
async fn whom_okta_does_not_suspend_is_contained_by_the_group() {
    let world = World::start().await;
    let login = leaver(&world);
    let group = deny_group(&world).await;
    world.sandbox.set_okta_status(&login, "LOCKED_OUT").unwrap();
    let run = offboarded(&world, &Offboard::contain(&login, "odd sign-ins").deny_group(group)).await;
    assert_done(&run);
    let user = world.okta_user(&login);
    assert_eq!(user["status"], "LOCKED_OUT");
    assert!(world.groups_of(&user).contains("Kept Out"));
}

#[tokio::test]
async fn without_a_group_nobody_claims_that_a_locked_account_is_contained() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "LOCKED_OUT").unwrap();
    let run = offboarded(&world, &Offboard::contain(&login, "odd sign-ins")).await;
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "blocked"),
        "{}",
        run.status
    );
}

#[tokio::test]
async fn containing_destroys_nothing() {
    let world = World::start().await;
    let login = leaver(&world);
    let groups = world.groups_of(&world.okta_user(&login));
    assert_done(&offboarded(&world, &Offboard::contain(&login, "odd sign-ins")).await);
    let user = world.okta_user(&login);
    assert_eq!((user["status"].as_str(), world.groups_of(&user)), (Some("SUSPENDED"), groups));
    let row = user_row(&world, &login);
    assert_eq!((row["locked_out"].as_str(), row["active"].as_str()), (Some("true"), Some("true")));
    assert!(wrote(&world, "/sessions"));
}

// Guards.

#[tokio::test]
async fn the_last_super_admin_is_not_blocked_and_their_sessions_end_all_the_same() {
    let world = World::start().await;
    let login = leaver(&world);
    appoint(&world, &login).await;
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_held(&run, "guard.last-admin", "0 usable super administrators");
    assert_eq!(status(&world, &login), "ACTIVE");
    assert_eq!(outcome(&run, "end-sessions"), Outcome::Done);
    assert!(!wrote(&world, "/lifecycle/deactivate"));
}

#[tokio::test]
async fn with_one_super_admin_left_there_is_a_block_and_no_destruction() {
    let world = World::start().await;
    let (login, other) = (leaver(&world), people_lead(&world));
    appoint(&world, &login).await;
    appoint(&world, &other).await;
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_held(&run, "guard.admins", "1 usable super administrators");
    assert_eq!(status(&world, &login), "SUSPENDED");
    assert_eq!(outcome(&run, "inventory"), Outcome::Done, "the inventory is always taken");
}

#[tokio::test]
async fn with_two_super_admins_left_one_more_can_go() {
    let world = World::start().await;
    let login = leaver(&world);
    for admin in [login.clone(), people_lead(&world), titled(&world, "VP of Legal")] {
        appoint(&world, &admin).await;
    }
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    assert_eq!(outcome(&run, "remove-admin-roles"), Outcome::Done);
    let roles =
        world.systems().okta.roles().of_user(&id_of(&world, &login)).list().collect_all().await.unwrap();
    assert!(roles.is_empty());
}

#[tokio::test]
async fn a_super_admin_kept_for_emergencies_does_not_count() {
    let world = World::start().await;
    let (login, glass) = (leaver(&world), people_lead(&world));
    appoint(&world, &login).await;
    appoint(&world, &glass).await;
    let protected_accounts = BTreeSet::from([id_of(&world, &glass)]);
    let safeguards = Safeguards { protected_accounts, ..Safeguards::default() };
    let run = offboarded(&world, &Offboard::now(&login, "theft").safeguards(safeguards)).await;
    assert_held(&run, "guard.last-admin", "0 usable");
}

#[tokio::test]
async fn a_break_glass_account_is_left_alone() {
    let world = World::start().await;
    let login = leaver(&world);
    let protected_accounts = BTreeSet::from([id_of(&world, &login)]);
    let safeguards = Safeguards { protected_accounts, ..Safeguards::default() };
    let run = offboarded(&world, &Offboard::now(&login, "theft").safeguards(safeguards)).await;
    assert_held(&run, "guard.protected", "protected account");
    world.assert_untouched();
}

#[tokio::test]
async fn a_member_of_a_protected_group_is_left_alone() {
    let world = World::start().await;
    let login = leaver(&world);
    let protected_groups = BTreeSet::from([group_id("People Managers").parse().unwrap()]);
    let safeguards = Safeguards { protected_groups, ..Safeguards::default() };
    let run = offboarded(&world, &Offboard::now(&login, "theft").safeguards(safeguards)).await;
    assert_held(&run, "guard.protected", "People Managers");
    world.assert_untouched();
}

#[tokio::test]
async fn whose_api_token_this_program_uses_is_left_alone() {
    let world = World::start().await;
    let login = titled(&world, "VP of IT");
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_held(&run, "guard.yourself", "API token of this program");
    world.assert_untouched();
}

#[tokio::test]
async fn a_service_account_in_a_persons_name_is_left_alone() {
    let world = World::start().await;
    let login = leaver(&world);
    let patch = ProfilePatch::new().set("userType", "Service");
    world.systems().okta.users().update(&id_of(&world, &login), &patch).await.unwrap();
    let before = world.writes().len();
    let run = offboarded(&world, &Offboard::now(&login, "left")).await;
    assert_held(&run, "guard.person", "another owner");
    assert_eq!(world.writes().len(), before);
}

#[tokio::test]
async fn a_legal_hold_on_the_account_holds_what_would_be_destroyed() {
    let world = World::start().await;
    let login = leaver(&world);
    let legal_hold = Some(Flag::new("costCenter", ["SAL"]));
    let safeguards = Safeguards { legal_hold, ..Safeguards::default() };
    let run = offboarded(&world, &Offboard::now(&login, "theft").safeguards(safeguards)).await;
    assert_held(&run, "guard.legal-hold", "costCenter");
    assert_eq!(status(&world, &login), "SUSPENDED");
    for step in ["reset-factors", "deactivate", "leave-groups"] {
        assert!(matches!(outcome(&run, step), Outcome::Skipped { .. }), "{step}");
    }
}

#[tokio::test]
async fn a_legal_hold_on_the_ticket_holds_what_would_be_destroyed() {
    let world = World::start().await;
    let (login, by) = (leaver(&world), people_lead(&world));
    let request = OffboardingRequest {
        opened_by: Some(by.clone()),
        legal_hold: Some("Acme v. Roadrunner".into()),
        ..OffboardingRequest::immediate(&login)
    };
    let ticket = ticket(&world, &request);
    let run = offboarded(&world, &Offboard::ticket(&ticket.number).may_order_at_once([by])).await;
    assert_held(&run, "guard.legal-hold", "Roadrunner");
    assert_eq!(status(&world, &login), "SUSPENDED");
    let [task, ..] = world.states(&ticket);
    assert_eq!(task, "2", "somebody has to go on");
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert!(notes.iter().any(|note| note.contains("Roadrunner")), "{notes:#?}");
}

#[tokio::test]
async fn the_owner_of_an_api_token_is_blocked_and_what_runs_on_it_goes_on() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.add_okta_api_token(&login, "warehouse sync").unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "left")).await;
    assert_held(&run, "guard.secrets", "warehouse sync");
    assert_eq!(status(&world, &login), "SUSPENDED");
    assert!(!wrote(&world, "/api-tokens/"));
}

#[tokio::test]
async fn a_person_overrules_a_guard_and_the_rest_is_done() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.add_okta_api_token(&login, "warehouse sync").unwrap();
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::now(&login, "left")).await;
    let verdict = Verdict::Waive("guard.secrets".parse().unwrap());
    let ruling = Ruling { by: "security".into(), why: "the warehouse is closed".into(), verdict };
    engine.decide(&run.id, ruling).await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_done(&run);
    assert_eq!(status(&world, &login), "DEPROVISIONED");
    assert_eq!(outcome(&run, "revoke-api-tokens"), Outcome::Done);
}

#[tokio::test]
async fn two_different_employee_numbers_are_two_people_and_nobody_is_hit() {
    let world = World::start().await;
    let login = leaver(&world);
    let row = text(&user_row(&world, &login)["sys_id"]);
    world.sandbox.edit_record("sys_user", &row, &json!({"employee_number": "77777"})).unwrap();
    let error = Offboard::now(&login, "theft").what_if_told(&world).await;
    assert!(error.contains("77777"), "{error}");
    world.assert_untouched();
}

// Edges.

#[tokio::test]
async fn every_account_of_a_person_leaves() {
    let world = World::start().await;
    let login = leaver(&world);
    let number = world.okta_user(&login)["profile"]["employeeNumber"].clone();
    let admin = json!({"profile": {
        "login": "adm.sales@acme.example", "email": "adm.sales@acme.example", "firstName": "Admin", "lastName": "Sales",
        "employeeNumber": number,
    }, "groups": ["Production Access"]});
    world.sandbox.add_okta_user(&admin).unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    assert_eq!(status(&world, "adm.sales@acme.example"), "DEPROVISIONED");
    assert!(world.groups_of(&world.okta_user("adm.sales@acme.example")).is_empty());
    let (block, destroy) =
        (place(&world, &["/lifecycle/suspend"]), place(&world, &["/lifecycle/deactivate"]));
    let suspensions = short(&world.writes()).iter().filter(|write| write.contains("suspend")).count();
    assert!(suspensions == 2 && block < destroy);
}

#[tokio::test]
async fn work_approvals_reports_and_groups_go_to_the_heir() {
    let world = World::start().await;
    let (login, heir) = (leaver(&world), titled(&world, "VP of Marketing"));
    let sys_id = |login: &str| text(&user_row(&world, login)["sys_id"]);
    let (from, to) = (sys_id(&login), sys_id(&heir));
    let task = json!({"short_description": "Quarterly numbers", "assigned_to": from, "state": "2"});
    let task = world.sandbox.add_records("incident", [task]).unwrap().remove(0);
    let group = json!({"name": "Sales approvers", "manager": from, "active": "true"});
    let group = world.sandbox.add_records("sys_user_group", [group]).unwrap().remove(0);
    let by = people_lead(&world);
    let request = OffboardingRequest {
        opened_by: Some(by.clone()),
        heir: Some(heir),
        ..OffboardingRequest::immediate(&login)
    };
    let ticket = ticket(&world, &request);
    assert_done(&offboarded(&world, &Offboard::ticket(&ticket.number).may_order_at_once([by])).await);
    assert_eq!(world.row("incident", &task)["assigned_to"], *to);
    assert_eq!(world.row("sys_user_group", &group)["manager"], *to);
    assert!(world.rows("sys_user").iter().all(|user| user["manager"] != *from));
}

#[tokio::test]
async fn without_anybody_to_take_it_on_work_is_left_and_a_person_is_asked() {
    let world = World::start().await;
    let login = leaver(&world);
    let row = text(&user_row(&world, &login)["sys_id"]);
    world.sandbox.edit_record("sys_user", &row, &json!({"manager": ""})).unwrap();
    let task = json!({"short_description": "Quarterly numbers", "assigned_to": row, "state": "2"});
    world.sandbox.add_records("incident", [task]).unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    assert_eq!(status(&world, &login), "DEPROVISIONED", "that keeps nobody in");
}

#[tokio::test]
async fn a_departure_that_is_called_off_before_the_last_hour_touches_nothing() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let day = world.sandbox.clock().now().date_naive() + TimeDelta::days(5);
    let ticket = ticket(&world, &OffboardingRequest::scheduled(&login, &day.to_string()));
    let run = begin(&engine, &Offboard::ticket(&ticket.number)).await;
    world.sandbox.set_task_state(&ticket.task_sys_id, "7").unwrap();
    world.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &json!({"state": "7"})).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::Declined { .. }), "{}", run.status);
    assert_eq!(status(&world, &login), "ACTIVE");
    assert!(world.writes().iter().all(|write| write.system == System::ServiceNow));
}

#[tokio::test]
async fn a_departure_that_is_cancelled_while_it_waits_drops_its_timer() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let day = world.sandbox.clock().now().date_naive() + TimeDelta::days(5);
    let ticket = ticket(&world, &OffboardingRequest::scheduled(&login, &day.to_string()));
    let run = begin(&engine, &Offboard::ticket(&ticket.number)).await;
    engine.cancel(&run.id, "people lead", "they stay").await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::Cancelled { .. }), "{}", run.status);
    assert_eq!(status(&world, &login), "ACTIVE");
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert!(notes.iter().any(|note| note.contains("called off")), "{notes:#?}");
}

#[tokio::test]
async fn a_last_day_that_is_moved_is_followed() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let today = world.sandbox.clock().now().date_naive();
    let (planned, moved) = (today + TimeDelta::days(20), today + TimeDelta::days(1));
    let ticket = ticket(&world, &OffboardingRequest::scheduled(&login, &planned.to_string()));
    let run = begin(&engine, &Offboard::ticket(&ticket.number)).await;
    let answer = world.answer_row(&ticket, &planned.to_string());
    world.sandbox.edit_record("sc_item_option", &answer, &json!({"value": moved.to_string()})).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_done(&run);
    let blocked = run.step("suspend").unwrap().ended_at.unwrap().date_naive();
    assert!(blocked <= moved + TimeDelta::days(1), "{blocked}");
}

#[tokio::test]
async fn the_wrong_person_is_let_in_again_as_long_as_nothing_was_destroyed() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::contain(&login, "odd sign-ins")).await;
    engine.cancel(&run.id, "security", "it was another").await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(status(&world, &login), "SUSPENDED", "nothing is undone by itself");
    let revert = RevertBlock::of(&run, "security", "it was another");
    let reverted = begin_revert(&engine, &revert).await;
    assert_done(&reverted);
    assert_eq!(status(&world, &login), "ACTIVE");
    assert_eq!(user_row(&world, &login)["locked_out"], "false");
}

async fn begin_revert(engine: &Engine, revert: &RevertBlock) -> Run {
    engine.run(revert).await.unwrap()
}

#[tokio::test]
async fn who_was_suspended_before_is_not_let_in_by_taking_a_block_back() {
    let world = World::start().await;
    let login = leaver(&world);
    world.sandbox.set_okta_status(&login, "SUSPENDED").unwrap();
    let run = offboarded(&world, &Offboard::contain(&login, "odd sign-ins")).await;
    let engine = engine(&world).await;
    let reverted = begin_revert(&engine, &RevertBlock::of(&run, "security", "it was another")).await;
    assert_done(&reverted);
    assert_eq!(status(&world, &login), "SUSPENDED", "{:#?}", steps(&reverted));
}

#[tokio::test]
async fn what_was_deactivated_is_not_let_in_by_taking_a_block_back() {
    let world = World::start().await;
    let login = leaver(&world);
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    let error =
        lifecycle::Operation::what_if(&RevertBlock::of(&run, "security", "oh"), &world.systems()).await;
    assert!(told(&error.unwrap_err()).contains("deactivated already"));
}

#[tokio::test]
async fn nobody_is_written_to_about_somebody_who_died() {
    let world = World::start().await;
    let (login, by) = (leaver(&world), people_lead(&world));
    let request = OffboardingRequest {
        opened_by: Some(by.clone()),
        reason: Some("death".into()),
        ..OffboardingRequest::immediate(&login)
    };
    let ticket = ticket(&world, &request);
    assert_done(&offboarded(&world, &Offboard::ticket(&ticket.number).may_order_at_once([by])).await);
    assert!(world.notes(&ticket.task_sys_id, "comments").is_empty());
    assert!(world.mails().is_empty());
}

#[tokio::test]
async fn okta_is_completed_while_servicenow_is_down_and_the_rest_follows() {
    let world = World::start().await;
    let login = leaver(&world);
    let (ticket, offboard) = at_once(&world, &login);
    let engine = engine(&world).await;
    let id = engine.submit_operation(&offboard);
    let id = id.await.unwrap();
    world.sandbox.add_fault(Fault::servicenow("*", "*", Effect::Status(503)).times(300));
    let run = engine.finish(&id).await.unwrap();
    if !matches!(run.status, RunStatus::Done) {
        assert_eq!(status(&world, &login), "DEPROVISIONED", "{:#?}", steps(&run));
    }
    world.sandbox.clear_faults();
    let run = to_the_end(&world, &engine, &id).await;
    assert_done(&run);
    assert!(is_shut(&world, &login));
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn an_app_that_does_not_tell_is_named_on_the_ticket() {
    let world = World::start().await;
    let login = leaver(&world);
    let app = sandbox::app_id("Salesforce");
    world.sandbox.silence_okta_app(&app);
    let (ticket, offboard) = at_once(&world, &login);
    let run = offboarded(&world, &offboard).await;
    assert_done(&run);
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert!(
        notes.iter().any(|note| note.contains(&format!("not confirmed by the apps {app}"))),
        "{notes:#?}"
    );
}

#[tokio::test]
async fn attributes_of_leavers_are_set_before_the_account_ends() {
    let world = World::start().await;
    let login = leaver(&world);
    let attributes = ProfilePatch::new().set("userType", "Leaver").remove("department");
    assert_done(&offboarded(&world, &Offboard::now(&login, "theft").leaver_attributes(attributes)).await);
    let user = world.okta_user(&login);
    assert_eq!(
        (user["profile"]["userType"].as_str(), user["profile"]["department"].as_str()),
        (Some("Leaver"), None)
    );
}

#[tokio::test]
async fn a_group_that_a_rule_fills_is_left_to_the_rule() {
    let world = World::start().await;
    let login = leaver(&world);
    let okta = world.systems().okta;
    let sales = group_id("Sales").parse().unwrap();
    let rule =
        okta_client::group_rules::NewGroupRule::new("Sales people", "user.department==\"Sales\"", [sales]);
    let rule = okta.group_rules().create(&rule).await.unwrap();
    okta.group_rules().activate(&rule.id).await.unwrap();
    let run = offboarded(&world, &Offboard::now(&login, "theft")).await;
    assert_done(&run);
    let kept = run.step("leave-groups").unwrap().findings.get("kept_by_rules").cloned().unwrap_or_default();
    assert!(kept.contains("Sales") || !world.groups_of(&world.okta_user(&login)).contains("Sales"), "{kept}");
    assert!(!wrote(&world, &format!("DELETE /api/v1/groups/{}/", group_id("Sales"))));
}

// Is the person still gone?

/// As an import from personnel would.
fn revive(world: &World, login: &str) {
    world.sandbox.set_okta_status(login, "ACTIVE").unwrap();
    let id = world.okta_user(login)["id"].clone();
    let event = json!({
        "eventType": "user.lifecycle.activate",
        "actor": {"id": "0oahrimport", "type": "SystemPrincipal", "alternateId": "hr-import", "displayName": "HR"},
        "outcome": {"result": "SUCCESS"},
        "target": [{"id": id, "type": "User", "alternateId": login, "displayName": login}],
    });
    world.sandbox.add_log_events([event]).unwrap();
}

#[tokio::test]
async fn somebody_whom_an_import_brings_back_is_blocked_again_and_a_person_is_asked() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::now(&login, "theft")).await;
    world.sandbox.clock().advance(Duration::from_secs(600));
    revive(&world, &login);
    let run = to_the_end(&world, &engine, &run.id).await;
    match &run.status {
        RunStatus::NeedsHuman { step, why } => {
            assert_eq!(step.as_str(), "still-gone-1");
            assert!(why.contains("hr-import"), "{why}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(status(&world, &login), "SUSPENDED");
}

#[tokio::test]
async fn who_is_brought_back_after_a_day_is_found_too() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::now(&login, "theft")).await;
    world.sandbox.clock().advance(Duration::from_secs(16 * 60));
    engine.resume().await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(
        matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == "recheck-2"),
        "{}",
        run.status
    );
    revive(&world, &login);
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "still-gone-2"),
        "{}",
        run.status
    );
    assert_eq!(status(&world, &login), "SUSPENDED");
}

#[tokio::test]
async fn who_is_in_use_again_in_servicenow_is_found() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::now(&login, "theft")).await;
    let row = text(&user_row(&world, &login)["sys_id"]);
    world.sandbox.edit_record("sys_user", &row, &json!({"active": "true", "locked_out": "false"})).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { why, .. } if why.contains("in use again")),
        "{}",
        run.status
    );
}

#[tokio::test]
async fn who_is_taken_on_again_by_this_program_is_not_blocked() {
    let world = World::start().await;
    let login = leaver(&world);
    let engine = engine(&world).await;
    let run = begin(&engine, &Offboard::contain(&login, "odd sign-ins")).await;
    let reverted = begin_revert(&engine, &RevertBlock::of(&run, "security", "all is well")).await;
    assert_done(&reverted);
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_done(&run);
    assert_eq!(status(&world, &login), "ACTIVE");
}
