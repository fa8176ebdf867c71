//! Access that is asked for: given, watched over, and taken back at its end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lifecycle::operation::OperationError;
use lifecycle::plan::{Intent, Plan, Precedence, Subject};
use lifecycle::{Engine, EngineError, Operation as _, RevokeAccess, Run, RunStatus};
use okta_client::groups::GroupProfile;
use sandbox::{AccessRequest, Effect, Fault, Habits, group_id};
use serde_json::json;
use support::World;
use support::access::{
    CRM, PRODUCTION, Request, access_policy, approved, find, grant, later, report_and_manager, user_id,
};
use support::looking::{short, text};
use support::sweep::Scenario;

const HOUR: i64 = 3600;

async fn company() -> (World, Engine) {
    let world = World::start().await;
    let engine = world.engine(world.systems()).await;
    (world, engine)
}

fn waits_for(run: &Run) -> &str {
    match &run.status {
        RunStatus::Waiting { waits_for, .. } => waits_for,
        status => panic!("the run is {status}"),
    }
}

#[track_caller]
fn assert_held(run: &Run, why: &str) {
    let RunStatus::NeedsHuman { why: is, .. } = &run.status else { panic!("the run is {}", run.status) };
    assert!(is.contains(why), "{is}");
}

/// How often somebody was put into, and taken out of, a group of Okta.
fn changes(world: &World) -> [usize; 2] {
    let writes = world.writes();
    ["PUT", "DELETE"].map(|method| {
        let of_members = |path: &str| path.contains("/groups/") && path.contains("/users/");
        writes.iter().filter(|write| write.method == method && of_members(&write.path)).count()
    })
}

#[tokio::test]
async fn it_is_given_for_its_time_and_then_taken_back() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    assert!(world.is_in(&request.person, CRM), "{}", run.status);
    assert!(waits_for(&run).contains("its end on"), "{}", run.status);
    let item = world.item(&request);
    assert_eq!((text(&item["state"]).as_str(), text(&item["active"]).as_str()), ("3", "false"));
    let told = world.notes(&request.ticket.item_sys_id, "comments").join("\n");
    assert!(told.contains("Salesforce Users is in place until"), "{told}");

    let run = later(&world, &engine, &run.id, 8 * HOUR - 120).await;
    assert!(world.is_in(&request.person, CRM), "{}", run.status);
    let run = later(&world, &engine, &run.id, 120).await;
    assert!(!world.is_in(&request.person, CRM), "{}", run.status);
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(run.step("expiry").unwrap().findings["ended"], "its time is up");
    assert_eq!(changes(&world), [1, 1]);
}

#[tokio::test]
async fn the_time_counts_from_the_grant_and_not_from_the_request() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let run = later(&world, &engine, &run.id, 7 * HOUR).await;
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    later(&world, &engine, &run.id, 7 * HOUR).await;
    assert!(world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn no_longer_than_the_policy_allows() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| {
        request.access = Some("production".to_owned());
        request.duration = Some("5 days".to_owned());
    });
    let run = approved(&world, &engine, &request).await;
    assert!(world.is_in(&request.person, PRODUCTION));
    later(&world, &engine, &run.id, 8 * HOUR).await;
    assert!(!world.is_in(&request.person, PRODUCTION));
}

#[tokio::test]
async fn somebody_may_ask_for_somebody_else() {
    let (world, engine) = company().await;
    let (person, manager) = report_and_manager(&world);
    let colleague = world
        .rows("sys_user")
        .into_iter()
        .map(|user| text(&user["user_name"]))
        .find(|name| name.contains("acme") && *name != person && *name != manager);
    let request = world.asks_with(|request| request.opened_by = colleague);
    approved(&world, &engine, &request).await;
    assert!(world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn the_same_ticket_twice_is_one_run_and_edited_another_intent() {
    let (world, engine) = company().await;
    let request = world.asks();
    let first = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let second = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    assert_eq!(first.id, second.id);
    let answer = find(&world.rows("sc_item_option"), "value", "8h");
    world
        .sandbox
        .edit_record("sc_item_option", answer["sys_id"].as_str().unwrap(), &json!({"value": "9h"}))
        .unwrap();
    let changed = engine.run(&grant(&world, &request.ticket)).await.unwrap_err();
    assert!(matches!(changed, EngineError::IntentChanged { .. }), "{changed}");
}

// ---- What is there already ----------------------------------------------------------------------------

#[tokio::test]
async fn what_somebody_had_before_is_left_at_the_end() {
    let (world, engine) = company().await;
    let request = world.asks();
    join(&world, &request.person, CRM).await;
    let run = approved(&world, &engine, &request).await;
    assert_eq!(run.step("grant").unwrap().findings["provenance"], "it was there before");
    let run = later(&world, &engine, &run.id, 8 * HOUR).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(run.step("take-back").unwrap().findings["kept"], "it was there before");
    assert!(world.is_in(&request.person, CRM));
}

/// Puts somebody into a group by hand.
async fn join(world: &World, login: &str, group: &str) {
    let okta = world.systems().okta;
    let user = okta.users().find_by_login(login).await.unwrap().unwrap();
    okta.groups().add(&group_id(group).parse().unwrap(), &user.id).await.unwrap();
}

#[tokio::test]
async fn of_two_grants_the_one_that_ends_last_takes_it_back() {
    let (world, engine) = company().await;
    let short_one = world.asks();
    let first = approved(&world, &engine, &short_one).await;
    let long_one = world.asks_again(&short_one, |request| request.duration = Some("24h".to_owned()));
    let second = approved(&world, &engine, &long_one).await;
    let first = later(&world, &engine, &first.id, 8 * HOUR).await;
    assert_eq!(first.status, RunStatus::Done);
    assert!(first.step("take-back").unwrap().findings["kept"].contains(second.id.as_str()));
    assert!(world.is_in(&long_one.person, CRM), "the other grant is not over");
    let second = later(&world, &engine, &second.id, 16 * HOUR).await;
    assert_eq!(second.status, RunStatus::Done);
    assert!(!world.is_in(&long_one.person, CRM), "nobody grants it any more");
}

#[tokio::test]
async fn of_two_grants_that_end_together_one_takes_it_back() {
    let (world, engine) = company().await;
    let requests = [world.asks(), world.asks()];
    let mut runs = Vec::new();
    for request in &requests {
        runs.push(engine.run(&grant(&world, &request.ticket)).await.unwrap());
    }
    for request in &requests {
        world.approves(request);
    }
    for run in &runs {
        later(&world, &engine, &run.id, 60).await;
    }
    world.seconds(8 * HOUR);
    engine.resume().await.unwrap();
    for run in &runs {
        assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
    }
    assert!(!world.is_in(&requests[0].person, CRM));
}

#[tokio::test]
async fn a_renewal_goes_on_without_a_gap() {
    let (world, engine) = company().await;
    let request = world.asks();
    let first = approved(&world, &engine, &request).await;
    let renewal = world.asks_again(&request, |renewal| renewal.renews = Some(request.ticket.number.clone()));
    let second = approved(&world, &engine, &renewal).await;
    later(&world, &engine, &first.id, 8 * HOUR - 60).await;
    assert!(world.is_in(&request.person, CRM));
    assert_eq!(changes(&world)[1], 0, "nothing was taken away in between");
    later(&world, &engine, &second.id, HOUR).await;
    assert!(!world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn a_rule_that_fills_the_group_meanwhile_keeps_the_access() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    add_rule(&world, CRM).await;
    let run = later(&world, &engine, &run.id, 8 * HOUR).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(run.step("take-back").unwrap().findings["kept"], "a rule of Okta's fills the group");
    assert!(world.is_in(&request.person, CRM));
}

async fn add_rule(world: &World, group: &str) {
    let okta = world.systems().okta;
    let rule = okta_client::group_rules::NewGroupRule::new(
        "Everybody",
        "user.userType != \"nobody\"",
        [group_id(group).parse().unwrap()],
    );
    let rule = okta.group_rules().create(&rule).await.unwrap();
    okta.group_rules().activate(&rule.id).await.unwrap();
}

#[tokio::test]
async fn what_a_rule_fills_is_not_granted() {
    let (world, engine) = company().await;
    let request = world.asks();
    add_rule(&world, CRM).await;
    let error = engine.run(&grant(&world, &request.ticket)).await.unwrap_err();
    assert!(support::looking::told(&error).contains("filled by a group rule"), "{error}");
}

// ---- While it waited ----------------------------------------------------------------------------------

#[tokio::test]
async fn whoever_left_meanwhile_gets_nothing_and_the_item_is_closed() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.sandbox.set_okta_status(&request.person, "SUSPENDED").unwrap();
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(
        matches!(&run.status, RunStatus::Declined { why, .. } if why.contains("inactive")),
        "{}",
        run.status
    );
    assert_eq!(short(&world.writes_elsewhere(&request)), [""; 0]);
    assert_eq!(world.item(&request)["state"], "4");
}

#[tokio::test]
async fn a_group_made_anew_under_the_same_name_is_another_group() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let groups = world.systems().okta;
    groups.groups().delete(&group_id(CRM).parse().unwrap()).await.unwrap();
    groups.groups().create(&GroupProfile::new(CRM)).await.unwrap();
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_held(&run, "is gone");
    assert_eq!(changes(&world), [0, 0]);
}

#[tokio::test]
async fn a_group_that_has_another_name_now_is_not_granted() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let okta = world.systems().okta;
    okta.groups()
        .replace(&group_id(CRM).parse().unwrap(), &GroupProfile::new("Domain Admins"))
        .await
        .unwrap();
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_held(&run, "is named \"Domain Admins\" now");
}

#[tokio::test]
async fn a_group_that_became_privileged_is_not_granted() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let okta = world.systems().okta;
    let role = okta_client::roles::NewRoleAssignment::standard(okta_client::roles::RoleType::HelpDeskAdmin);
    okta.roles().of_group(&group_id(CRM).parse().unwrap()).assign(&role).await.unwrap();
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_held(&run, "gives admin roles");
    assert_eq!(changes(&world), [0, 0]);
}

#[tokio::test]
async fn what_must_not_go_together_is_not_granted() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    join(&world, &request.person, "Payroll Admins").await;
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_held(&run, "holds ledger, which must not go together with");
    assert!(!world.is_in(&request.person, CRM));
}

// ---- The end ------------------------------------------------------------------------------------------

#[tokio::test]
async fn what_should_have_ended_while_the_engine_was_down_is_the_first_thing_it_does() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    let waiting = world.asks_with(|request| request.access = Some("wiki".to_owned()));
    engine.run(&grant(&world, &waiting.ticket)).await.unwrap();
    drop(engine);
    world.answers(&waiting, &waiting.manager.clone(), "approved");
    world.seconds(9 * HOUR);
    let before = world.writes().len();
    let engine = world.engine(world.systems()).await;
    let taken_up = engine.resume().await.unwrap();
    assert_eq!(taken_up[0], run.id);
    for run in taken_up {
        engine.finish(&run).await.unwrap();
    }
    assert!(!world.is_in(&request.person, CRM));
    let first = &world.writes()[before];
    assert_eq!(first.method, "DELETE", "{} {}", first.method, first.path);
}

#[tokio::test]
async fn a_servicenow_that_is_away_keeps_nobodys_access_alive() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    world.sandbox.add_fault(Fault::servicenow("*", "*", Effect::Status(503)).times(10_000));
    later(&world, &engine, &run.id, 8 * HOUR).await;
    assert!(!world.is_in(&request.person, CRM));
    world.sandbox.clear_faults();
    let run = later(&world, &engine, &run.id, HOUR).await;
    assert_eq!(run.status, RunStatus::Done);
}

#[tokio::test]
async fn privileged_access_that_cannot_be_taken_back_is_an_incident_after_a_quarter_of_an_hour() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.access = Some("production".to_owned()));
    let run = approved(&world, &engine, &request).await;
    world.sandbox.add_fault(Fault::okta("*", "*", Effect::Status(503)).times(100_000));
    later(&world, &engine, &run.id, 8 * HOUR).await;
    assert_eq!(world.rows("incident").len(), 0);
    later(&world, &engine, &run.id, 16 * 60).await;
    let incidents = world.rows("incident");
    assert_eq!(incidents.len(), 1);
    assert_eq!(
        (text(&incidents[0]["urgency"]).as_str(), world.is_in(&request.person, PRODUCTION)),
        ("1", true)
    );
    world.sandbox.clear_faults();
    let run = later(&world, &engine, &run.id, HOUR).await;
    assert!(!world.is_in(&request.person, PRODUCTION), "{}", run.status);
    assert_eq!(world.rows("incident").len(), 1);
}

#[tokio::test]
async fn an_account_that_is_gone_has_nothing_to_take_back() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    let users = world.systems().okta;
    let user = users.users().find_by_login(&request.person).await.unwrap().unwrap();
    users.users().deactivate(&user.id).await.unwrap();
    let ended = users.users().deprovisioned(&user.id).await.unwrap().unwrap();
    users.users().delete(ended).await.unwrap();
    let run = later(&world, &engine, &run.id, 8 * HOUR).await;
    assert_eq!(run.status, RunStatus::Done);
}

#[tokio::test]
async fn an_approval_withdrawn_after_the_grant_ends_it() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    world.answers(&request, &request.manager, "rejected");
    let run = later(&world, &engine, &run.id, 300).await;
    assert_eq!(run.step("expiry").unwrap().findings["ended"], "the approval was withdrawn");
    assert!(!world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn called_off_before_it_was_given_it_gives_nothing() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    engine.cancel(&run.id, "jane.doe", "not needed").await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(matches!(run.status, RunStatus::Cancelled { .. }), "{}", run.status);
    assert_eq!(short(&world.writes_elsewhere(&request)), [""; 0]);
}

#[tokio::test]
async fn called_off_after_it_was_given_it_is_taken_back() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    engine.cancel(&run.id, "jane.doe", "not needed any more").await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(matches!(run.status, RunStatus::Cancelled { .. }), "{}", run.status);
    assert!(!world.is_in(&request.person, CRM));
}

#[tokio::test]
async fn the_item_called_off_before_the_approval_ends_it() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.sandbox.edit_record("sc_req_item", &request.ticket.item_sys_id, &json!({"state": "7"})).unwrap();
    let run = later(&world, &engine, &run.id, 60).await;
    assert!(matches!(run.status, RunStatus::Declined { .. }), "{}", run.status);
    assert_eq!(short(&world.writes_elsewhere(&request)), [""; 0]);
}

#[tokio::test]
async fn a_leaver_takes_the_grant_over() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    let known = engine.status(&run.id).await.unwrap();
    let subject = Subject { ..known.subject.clone() };
    let plan = Plan::new("leave", Precedence::Offboard, Intent::new("leave", "today", &(), None), subject);
    let leaver = engine.submit(&plan).await.unwrap();
    engine.finish(&leaver).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(matches!(&run.status, RunStatus::Superseded { by } if *by == leaver), "{}", run.status);
}

// ---- Ended early --------------------------------------------------------------------------------------

#[tokio::test]
async fn ended_early_it_goes_the_way_of_its_expiry() {
    let (world, engine) = company().await;
    let request = world.asks();
    let run = approved(&world, &engine, &request).await;
    let policy = access_policy(&world);
    let end = RevokeAccess::of(&request.person, "crm", policy, "jane.doe", "the project is over");
    let ending = engine.run(&end).await.unwrap();
    let granted = later(&world, &engine, &run.id, 300).await;
    assert!(
        granted.step("expiry").unwrap().findings["ended"].contains(ending.id.as_str()),
        "{}",
        granted.status
    );
    assert!(!world.is_in(&request.person, CRM));
    let ending = later(&world, &engine, &ending.id, 60).await;
    assert_eq!(ending.status, RunStatus::Done);
    assert_eq!(changes(&world), [1, 1]);
}

#[tokio::test]
async fn on_a_ticket_of_the_person_the_manager_or_nobody_else() {
    let (world, engine) = company().await;
    let request = world.asks();
    approved(&world, &engine, &request).await;
    let stranger = world
        .rows("sys_user")
        .into_iter()
        .map(|user| text(&user["user_name"]))
        .find(|name| name.contains("acme") && ![&request.person, &request.manager].contains(&name));
    for (opened_by, may) in [(stranger.unwrap(), false), (request.manager.clone(), true)] {
        let end = AccessRequest {
            requested_for: request.person.clone(),
            opened_by: Some(opened_by),
            ..AccessRequest::default()
        };
        let ticket = world.sandbox.request_end_of_access(&end).unwrap();
        let asked = engine.run(&RevokeAccess::ticket(&ticket.number, access_policy(&world))).await;
        if !may {
            assert!(asked.unwrap_err().to_string().contains("not approved"));
            continue;
        }
        let mut run = asked.unwrap();
        for _ in 0..3 {
            run = later(&world, &engine, &run.id, 300).await;
        }
        assert_eq!(run.status, RunStatus::Done);
        assert!(!world.is_in(&request.person, CRM));
        assert_eq!(world.row("sc_req_item", &ticket.item_sys_id)["state"], "3");
    }
}

// ---- In an emergency ----------------------------------------------------------------------------------

fn emergency(world: &World) -> Request {
    world.asks_with(|request| {
        request.access = Some("production".to_owned());
        request.incident = Some("INC0010001".to_owned());
    })
}

#[tokio::test]
async fn in_an_emergency_it_is_given_at_once_and_approved_afterwards() {
    let (world, engine) = company().await;
    let request = emergency(&world);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    assert!(world.is_in(&request.person, PRODUCTION), "{}", run.status);
    assert_eq!(world.rows("incident").len(), 1);
    let run = later(&world, &engine, &run.id, 4 * HOUR).await;
    assert!(!world.is_in(&request.person, PRODUCTION), "four hours at most");
    assert!(waits_for(&run).contains("approval"), "{}", run.status);
    world.approves(&request);
    let run = later(&world, &engine, &run.id, 60).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.item(&request)["state"], "3");
}

#[tokio::test]
async fn emergency_access_that_nobody_approves_is_looked_into() {
    let (world, engine) = company().await;
    let request = emergency(&world);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    let run = later(&world, &engine, &run.id, 4 * HOUR).await;
    let run = later(&world, &engine, &run.id, 20 * HOUR).await;
    assert!(matches!(run.status, RunStatus::Declined { .. }), "{}", run.status);
    let titles: Vec<String> =
        world.rows("incident").iter().map(|row| text(&row["short_description"])).collect();
    assert!(titles.iter().any(|title| title.contains("was not approved")), "{titles:?}");
    assert!(!world.is_in(&request.person, PRODUCTION));
}

#[tokio::test]
async fn emergency_access_that_is_rejected_ends_at_once() {
    let (world, engine) = company().await;
    let request = emergency(&world);
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.answers(&request, &request.manager, "rejected");
    later(&world, &engine, &run.id, 300).await;
    assert!(!world.is_in(&request.person, PRODUCTION));
}

#[tokio::test]
async fn whom_no_rule_lets_ask_gets_nothing_in_an_emergency() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.incident = Some("INC0010001".to_owned()));
    let error = engine.run(&grant(&world, &request.ticket)).await.unwrap_err();
    assert!(support::looking::told(&error).contains("in an emergency"), "{error}");
    world.assert_untouched();
}

// ---- Other things than groups of Okta -----------------------------------------------------------------

#[tokio::test]
async fn a_group_of_servicenow_is_given_and_taken_back_with_all_its_rows() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.access = Some("desk".to_owned()));
    let run = approved(&world, &engine, &request).await;
    let (user, desk) =
        (user_id(&world, &request.person), find(&world.rows("sys_user_group"), "name", "Service Desk"));
    let member = || {
        let rows = world.rows("sys_user_grmember");
        rows.iter().filter(|row| row["user"] == *user && row["group"] == desk["sys_id"]).count()
    };
    assert_eq!(member(), 1, "{}", run.status);
    world.sandbox.add_records("sys_user_grmember", [json!({"user": user, "group": desk["sys_id"]})]).unwrap();
    later(&world, &engine, &run.id, 8 * HOUR).await;
    assert_eq!(member(), 0);
}

#[tokio::test]
async fn a_role_of_servicenow_is_taken_back_and_an_inherited_one_left() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.access = Some("itil".to_owned()));
    let run = approved(&world, &engine, &request).await;
    let user = user_id(&world, &request.person);
    let role = find(&world.rows("sys_user_role"), "name", "itil")["sys_id"].clone();
    let rows = || {
        let rows = world.rows("sys_user_has_role");
        rows.into_iter().filter(|row| row["user"] == *user && row["role"] == role).collect::<Vec<_>>()
    };
    assert_eq!(rows().len(), 1, "{}", run.status);
    let desk = find(&world.rows("sys_user_group"), "name", "Service Desk")["sys_id"].clone();
    world.sandbox.add_records("sys_user_grmember", [json!({"user": user, "group": desk})]).unwrap();
    later(&world, &engine, &run.id, 8 * HOUR).await;
    let left = rows();
    assert!(left.len() == 1 && left[0]["inherited"] == "true", "{left:?}");
}

// ---- What is asked for is wrong -----------------------------------------------------------------------

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_at_once_and_nothing_is_written() {
    type Change = fn(&mut AccessRequest);
    let world = World::start().await;
    let cases: [(Change, &str); 5] = [
        (|request| request.access = None, "access is missing"),
        (|request| request.access = Some("CRM!".to_owned()), "policy access knows crm"),
        (|request| request.duration = Some("forever".to_owned()), "duration is \"forever\""),
        (|request| request.duration = Some("0s".to_owned()), "a time of a minute at least"),
        (|request| request.justification = None, "justification is missing"),
    ];
    for (change, told) in cases {
        let request = world.asks_with(change);
        let error = grant(&world, &request.ticket).what_if(&world.systems()).await.unwrap_err();
        assert!(matches!(error, OperationError::BadRequest { .. }), "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    world.assert_untouched();
}

#[tokio::test]
async fn an_app_that_has_no_seat_left_needs_a_person() {
    let (world, engine) = company().await;
    let request = world.asks();
    world.sandbox.add_fault(Fault::okta("PUT", "/api/v1/groups/*", Effect::Status(400)).times(10));
    let run = approved(&world, &engine, &request).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }), "{}", run.status);
    let notes = world.notes(&request.ticket.item_sys_id, "work_notes").join("\n");
    assert!(notes.contains("could not be finished"), "{notes}");
}

#[tokio::test]
async fn a_ticket_that_cannot_be_finished_is_handed_to_the_queue_with_what_can_be_done() {
    let (world, engine) = company().await;
    let request = world.asks_with(|request| request.approvers.clear());
    let group = find(&world.rows("sys_user_group"), "name", "Identity Operations");
    let queue: servicenow_client::SysId = group["sys_id"].as_str().unwrap().parse().unwrap();
    let operation = grant(&world, &request.ticket).escalates_to(queue, "Identity Operations");
    engine.run(&operation).await.unwrap();
    assert_eq!(world.item(&request)["assignment_group"], group["sys_id"]);
    let notes = world.notes(&request.ticket.item_sys_id, "work_notes").join("\n");
    assert!(notes.contains("retry it, waive approval with a reason, or abort it."), "{notes}");
}

#[tokio::test]
async fn the_task_that_a_flow_makes_later_is_closed_and_not_the_item() {
    let (world, engine) = company().await;
    world.sandbox.change_habits(|habits| {
        *habits = Habits { flow_seconds: 10, items_close_through_tasks: true, ..Habits::default() };
    });
    let request = world.asks();
    let run = engine.run(&grant(&world, &request.ticket)).await.unwrap();
    world.approves(&request);
    let run = engine.finish(&run.id).await.unwrap();
    later(&world, &engine, &run.id, 60).await;
    let tasks =
        world.rows("sc_task").into_iter().filter(|task| task["request_item"] == *request.ticket.item_sys_id);
    let states: Vec<String> = tasks.map(|task| text(&task["state"])).collect();
    assert_eq!((states, text(&world.item(&request)["state"])), (vec!["3".to_owned()], "3".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    // Ten minutes, so that its end is looked for twice.
    let short = |request: &mut AccessRequest| request.duration = Some("10m".to_owned());
    Scenario::new(async |world: &World| grant(world, &world.asks_with(short).ticket))
        .meanwhile(async |world: &World, _: &Engine, run: &Run| {
            let item = run.request.as_ref().unwrap().sys_id.to_string();
            if world.row("sc_req_item", &item)["approval"] == "requested" {
                world.seconds(1);
                let (_, manager) = report_and_manager(world);
                world.sandbox.answer_approval(&item, &manager, &manager, "approved").unwrap();
            }
        })
        .sweep()
        .await;
}
