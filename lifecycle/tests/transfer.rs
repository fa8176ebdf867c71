//! Somebody moves, as both sides saw it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Datelike as _, Utc, Weekday};
use lifecycle::action::okta::{Account, AddToGroup};
use lifecycle::gate::Signal;
use lifecycle::guard::Safeguards;
use lifecycle::operation::transfer::Move;
use lifecycle::plan::{Claim, Intent, Plan, Precedence, Step, Subject};
use lifecycle::run::Outcome;
use lifecycle::{Engine, Operation as _, OperationError, Policy, Run, RunId, RunStatus, Transfer};
use okta_client::{Transport, TransportError};
use sandbox::{Ticket, group_id};
use serde_json::{Value, json};

use support::looking::{short, text};
use support::mover::{ALWAYS, LOGIN, NEW, OLD, engineer, engineer_with, head_of, record, rule, to_sales};
use support::network::real_network;
use support::sweep::Scenario;
use support::{World, policy};

/// The bundled policy with more in it.
fn policy_with(more: &str) -> Policy {
    Policy::parse("acme.toml", &format!("{}\n{more}", support::POLICY)).expect("the policy is right")
}

const MAY_ASK: &str = r#"
[[rules]]
id = "engineers-may-ask"
when = 'user.department == "Engineering" && user.organization == "Acme"'
grant = ["production-access"]
"#;

fn transfer(ticket: &Ticket) -> Transfer {
    Transfer::ticket(&ticket.number, policy())
}

async fn engine(world: &World) -> Engine {
    world.engine(world.systems()).await
}

/// Submits it, and lets it go as far as it gets today.
async fn go(engine: &Engine, operation: &Transfer) -> Run {
    let run = engine.submit_operation(operation).await.unwrap();
    engine.finish(&run).await.unwrap()
}

/// Lets time pass in steps until the run is at its end.
async fn to_the_end(world: &World, engine: &Engine, id: &RunId) -> Run {
    let mut last = None;
    for _ in 0..500 {
        let run = engine.finish(id).await.unwrap();
        last = Some(run.status.clone());
        match run.status {
            RunStatus::Waiting { until, .. } => world.sandbox.clock().advance_to(until),
            RunStatus::Stalled { .. } => {}
            _ => return run,
        }
        engine.resume().await.unwrap();
    }
    panic!("the run does not get anywhere: {last:?}");
}

/// The beginning of the day after so many working days.
fn working_days(from: DateTime<Utc>, days: usize) -> DateTime<Utc> {
    let works = |day: &chrono::NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let day = from.date_naive().iter_days().skip(1).filter(works).nth(days - 1).unwrap();
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

fn names(lists: &[&[&str]]) -> BTreeSet<String> {
    lists.concat().iter().map(ToString::to_string).collect()
}

fn groups(world: &World) -> BTreeSet<String> {
    world.groups_of(&world.okta_user(LOGIN))
}

fn found(run: &Run, step: &str) -> String {
    match run.step(step).and_then(|step| step.outcome.clone()) {
        Some(Outcome::Drifted { found }) => found,
        outcome => panic!("{step}: {outcome:?}"),
    }
}

fn needs_human(run: &Run) -> bool {
    matches!(run.status, RunStatus::NeedsHuman { .. })
}

async fn refused(world: &World, operation: Transfer) -> OperationError {
    let error = operation.what_if(&world.systems()).await.unwrap_err();
    world.assert_untouched();
    error
}

#[tokio::test]
async fn somebody_moves_and_what_came_with_the_old_position_goes_later() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[("location", "Austin"), ("cost_center", "CC-SAL")]);
    let engine = engine(&world).await;
    let begun = world.sandbox.clock().now();
    let run = go(&engine, &transfer(&ticket)).await;

    let RunStatus::Waiting { until, .. } = run.status else { panic!("{}", run.status) };
    assert_eq!(until, working_days(begun, 5));
    assert_eq!(groups(&world), names(&[&OLD, &NEW, &ALWAYS]));
    let (manager, manager_id) = head_of(&world, "Sales");
    let profile = &world.okta_user(LOGIN)["profile"];
    for (name, value) in [
        ("department", "Sales"),
        ("title", "Account Executive"),
        ("managerId", manager.as_str()),
        ("city", "Austin"),
        ("costCenter", "CC-SAL"),
        ("mobilePhone", "+47 1"),
    ] {
        assert_eq!(profile[name], value, "{name}");
    }
    let record = record(&world);
    let label = |table: &str, field: &str| text(&world.row(table, &text(&record[field]))["name"]);
    assert_eq!(label("cmn_department", "department"), "Sales");
    assert_eq!(label("cmn_location", "location"), "Austin");
    assert_eq!((text(&record["title"]), text(&record["manager"])), ("Account Executive".into(), manager_id));
    assert_eq!(world.states(&ticket)[0], "2", "somebody works on it until the end");
    let told = world.notes(&ticket.task_sys_id, "work_notes").join("\n");
    assert!(told.contains("goes after 5 working days"), "{told}");

    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(world.sandbox.clock().now() >= until);
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS]));
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn the_attributes_change_in_one_call_before_anything_is_added() {
    let world = World::start().await;
    let id = text(&engineer(&world, &[])["id"]);
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    go(&engine, &transfer(&ticket)).await;
    let mut okta = world.writes();
    okta.retain(|write| write.system == sandbox::System::Okta);
    let joins: BTreeSet<String> =
        NEW.iter().map(|name| format!("PUT /api/v1/groups/{}/users/{id}", group_id(name))).collect();
    let sent = short(&okta);
    assert_eq!(sent[0], format!("POST /api/v1/users/{id}"));
    assert_eq!(sent[1..].iter().cloned().collect::<BTreeSet<_>>(), joins);
}

#[tokio::test]
async fn a_toxic_pair_is_parted_before_the_new_half_is_added_and_without_grace() {
    let world = World::start().await;
    let id = text(&engineer(&world, &[])["id"]);
    let ticket = to_sales(&world, &[]);
    let sod = "[[sod]]\nid = \"x\"\nconflict = [[\"github\"], [\"salesforce\"]]\nseverity = \"high\"\nwhy = \"a test\"\n";
    let engine = engine(&world).await;
    go(&engine, &Transfer::ticket(&ticket.number, policy_with(sod))).await;
    let sent = short(&world.writes());
    let place = |call: &str, group: &str| {
        let call = format!("{call} /api/v1/groups/{}/users/{id}", group_id(group));
        sent.iter().position(|one| *one == call).unwrap_or_else(|| panic!("no {call} in {sent:#?}"))
    };
    assert!(place("DELETE", "GitHub Users") < place("PUT", "Salesforce Users"));
    assert_eq!(groups(&world), names(&[&["Engineering", "Jira Users"], &NEW, &ALWAYS]));
}

#[tokio::test]
async fn a_toxic_pair_with_something_that_stays_needs_a_person_before_anything_is_written() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[]);
    let sod = "[[sod]]\nid = \"x\"\nconflict = [[\"vpn\"], [\"salesforce\"]]\nseverity = \"high\"\nwhy = \"a test\"\n";
    let error = refused(&world, Transfer::ticket(&ticket.number, policy_with(sod))).await;
    assert!(error.to_string().contains("is held and stays"), "{error}");
}

#[tokio::test]
async fn privileged_access_of_the_old_position_goes_at_once_and_sessions_end() {
    let world = World::start().await;
    let id = text(&engineer(&world, &["Production Access"])["id"]);
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &Transfer::ticket(&ticket.number, policy_with(MAY_ASK))).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    assert_eq!(groups(&world), names(&[&OLD, &NEW, &ALWAYS]), "before the grace of the rest is over");
    let ended = format!("DELETE /api/v1/users/{id}/sessions?oauthTokens=true");
    assert!(
        short(&world.writes()).iter().any(|call| call.starts_with(&ended)),
        "{:#?}",
        short(&world.writes())
    );
}

#[tokio::test]
async fn privileged_access_is_never_added_by_a_move() {
    let world = World::start().await;
    engineer_with(&world, &[], &json!({"department": "Product"}));
    let ticket = to_sales(&world, &[("department", "Engineering"), ("title", "Staff Engineer")]);
    let engine = engine(&world).await;
    go(&engine, &Transfer::ticket(&ticket.number, policy_with(MAY_ASK))).await;
    assert!(!groups(&world).contains("Production Access"));
}

#[tokio::test]
async fn what_the_new_position_must_not_have_goes_at_once() {
    let world = World::start().await;
    engineer(&world, &["Finance Systems"]);
    let ticket = to_sales(&world, &[]);
    let deny = "[[rules]]\nid = \"no-books\"\nwhen = 'user.department == \"Sales\"'\ndeny = [\"finance-systems\"]\nwhy = \"a test\"\n";
    let engine = engine(&world).await;
    go(&engine, &Transfer::ticket(&ticket.number, policy_with(deny))).await;
    assert!(!groups(&world).contains("Finance Systems"));
}

#[tokio::test]
async fn what_group_rules_fill_is_left_to_them_and_looked_at() {
    let world = World::start().await;
    rule(&world, "Engineering", "Engineering").await;
    rule(&world, "Sales", "Sales").await;
    let id = text(&engineer(&world, &[])["id"]);
    // Now the rules have taken notice of her.
    world.sandbox.import_okta_profile(LOGIN, &json!({"nickName": "Mia"})).unwrap();
    world.sandbox.set_okta_rule_time(Duration::from_secs(25));
    let ticket = to_sales(&world, &[]);
    let (prepared, engine) = (world.writes().len(), engine(&world).await);
    let run = go(&engine, &transfer(&ticket)).await;
    let waits = matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == "rules-settled");
    assert!(waits, "{}", run.status);
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run) || run.status == RunStatus::Done, "{}", run.status);
    for group in ["Engineering", "Sales"] {
        let by_hand = format!("/api/v1/groups/{}/users/{id}", group_id(group));
        let sent = short(&world.writes()[prepared..]);
        assert!(!sent.iter().any(|call| call.ends_with(&by_hand)), "{sent:#?}");
    }
    assert_eq!(run.step("rule-brings-2").unwrap().outcome, Some(Outcome::Done));
    assert!(groups(&world).contains("Sales"));
}

#[tokio::test]
async fn what_hr_masters_is_waited_for_and_not_written() {
    let world = World::start().await;
    let id = text(&engineer(&world, &[])["id"]);
    let mastered = ["department", "title", "manager", "managerId"];
    world.sandbox.master_okta_user(LOGIN, &mastered).unwrap();
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    let waits = matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == "hr-says-so");
    assert!(waits, "{}", run.status);
    assert_eq!(groups(&world), names(&[&OLD, &ALWAYS]));
    let user = format!("POST /api/v1/users/{id}");
    assert!(!short(&world.writes()).contains(&user), "nobody else writes");
    let (manager, _) = head_of(&world, "Sales");
    let name = {
        let profile = &world.okta_user(&manager)["profile"];
        format!("{} {}", text(&profile["firstName"]), text(&profile["lastName"]))
    };
    let all =
        json!({"department": "Sales", "title": "Account Executive", "managerId": manager, "manager": name});
    world.sandbox.import_okta_profile(LOGIN, &all).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS]));
    assert!(!short(&world.writes()).contains(&user), "nobody else wrote");
}

#[tokio::test]
async fn a_move_that_hr_never_hears_of_changes_nothing() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.master_okta_user(LOGIN, &["department"]).unwrap();
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert_eq!(groups(&world), names(&[&OLD, &ALWAYS]));
    assert_eq!(world.okta_user(LOGIN)["profile"]["title"], "Software Engineer");
    assert_eq!(world.states(&ticket)[0], "2", "a person goes on with it");
}

#[tokio::test]
async fn an_attribute_that_somebody_changed_meanwhile_is_not_overwritten() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[("effective_date", "2026-06-01")]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    world.sandbox.import_okta_profile(LOGIN, &json!({"title": "Chief of Staff"})).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert!(found(&run, "update-profile").contains("another title"));
    assert_eq!(world.okta_user(LOGIN)["profile"]["title"], "Chief of Staff");
    assert_eq!(groups(&world), names(&[&OLD, &ALWAYS]), "nothing is added to a position that is not there");
}

/// Changes another attribute of hers right before the first write of her profile arrives.
#[derive(Debug)]
struct Interferes {
    real: Arc<client_core::HttpTransport>,
    once: AtomicBool,
    okta: okta_client::OktaClient,
}

#[async_trait]
impl Transport for Interferes {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let conditional = request.headers().contains_key("if-match");
        if conditional && !self.once.swap(true, SeqCst) {
            let user = self.okta.users().get_by_login(LOGIN).await.unwrap();
            let patch = okta_client::users::ProfilePatch::new().set("mobilePhone", "+47 2");
            self.okta.users().update(&user.id, patch).await.unwrap();
        }
        self.real.send(request).await
    }
}

#[tokio::test]
async fn somebody_who_is_faster_with_another_attribute_is_not_undone() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[]);
    let network =
        Interferes { real: real_network(), once: AtomicBool::new(false), okta: world.systems().okta };
    let engine = world.engine(world.systems_over(Some(Arc::new(network)))).await;
    go(&engine, &transfer(&ticket)).await;
    let profile = &world.okta_user(LOGIN)["profile"];
    assert_eq!((&profile["mobilePhone"], &profile["department"]), (&json!("+47 2"), &json!("Sales")));
    let stale = world.sandbox.requests().iter().filter(|request| request.status == 412).count();
    assert_eq!(stale, 1);
}

/// What the reviewer was asked, by what it is about.
fn question(world: &World, group: &str) -> Value {
    let mut rows = world.rows("sysapproval_approver").into_iter();
    let journal = world.rows("sys_journal_field");
    let about = |row: &Value| {
        journal
            .iter()
            .any(|entry| entry["element_id"] == row["sys_id"] && text(&entry["value"]).contains(group))
    };
    rows.find(about).unwrap_or_else(|| panic!("nobody was asked about {group}"))
}

fn answer(world: &World, by: &str, group: &str, state: &str) {
    let row = text(&question(world, group)["sys_id"]);
    world.sandbox.edit_record_as(by, "sysapproval_approver", &row, &json!({ "state": state })).unwrap();
}

#[tokio::test]
async fn what_nobody_explains_is_put_to_the_new_manager_and_silence_means_no() {
    let world = World::start().await;
    engineer(&world, &["Finance Systems", "Marketing", "Legal"]);
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    assert!(groups(&world).contains("Legal"), "nothing goes before the answer");
    let (manager, manager_id) = head_of(&world, "Sales");
    assert_eq!(question(&world, "Marketing")["approver"], manager_id.as_str());
    let task = world.row("sc_task", &text(&question(&world, "Marketing")["document_id"]));
    assert_eq!(task["assigned_to"], manager_id.as_str());
    answer(&world, &manager, "Finance Systems", "approved");
    answer(&world, &manager, "Marketing", "rejected");
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS, &["Finance Systems"]]));
    let kept = &run.step("unexplained-finance-systems").unwrap().findings["kept"];
    assert!(kept.contains(&manager), "{kept}");
    assert_eq!(world.row("sc_task", &text(&task["sys_id"]))["state"], "3");
}

#[tokio::test]
async fn neither_the_mover_nor_we_can_say_that_it_is_needed() {
    for by in [LOGIN, "lifecycle.integration"] {
        let world = World::start().await;
        engineer(&world, &["Legal"]);
        let ticket = to_sales(&world, &[]);
        let engine = engine(&world).await;
        let run = go(&engine, &transfer(&ticket)).await;
        answer(&world, by, "Legal", "approved");
        let run = to_the_end(&world, &engine, &run.id).await;
        assert_eq!(run.status, RunStatus::Done);
        assert!(!groups(&world).contains("Legal"), "{by} said so");
    }
}

/// A run that has given a group, and claims it until somebody ends it.
async fn granted(engine: &Engine, world: &World, group: &str) -> RunId {
    let user = world.okta_user(LOGIN);
    let account = Account::Existing { id: text(&user["id"]).parse().unwrap(), login: LOGIN.into() };
    let subject = Subject { login: LOGIN.into(), name: "Mia Mover".into(), person: Some("70001".into()) };
    let intent = Intent::new("grant", group, &group, None);
    let mut plan = Plan::new("grant", Precedence::Grant, intent, subject);
    let action = AddToGroup { account, group: group_id(group).parse().unwrap(), group_name: group.into() };
    let over = Signal { name: "over".into(), waits_for: "the end".into() };
    plan.steps = vec![Step::new("give", "a test", action), Step::gate("over", "a test", over)];
    plan.claims = vec![Claim {
        step: "give".parse().unwrap(),
        target: format!("okta_group:{}", group_id(group)),
        until: None,
        ends_with: None,
    }];
    let run = engine.submit(&plan).await.unwrap();
    engine.finish(&run).await.unwrap();
    run
}

#[tokio::test]
async fn what_a_grant_covers_is_kept_and_the_new_manager_is_told() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    granted(&engine, &world, "Legal").await;
    let ticket = to_sales(&world, &[]);
    let run = go(&engine, &transfer(&ticket)).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(groups(&world).contains("Legal"));
    let asked =
        world.rows("sc_task").into_iter().find(|task| text(&task["short_description"]).contains("Review"));
    assert!(text(&asked.unwrap()["description"]).contains("covered by a grant"));
}

#[tokio::test]
async fn what_is_granted_meanwhile_is_not_taken_away_at_the_end_of_grace() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    let ticket = to_sales(&world, &[]);
    let run = go(&engine, &transfer(&ticket)).await;
    granted(&engine, &world, "GitHub Users").await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS, &["GitHub Users"]]));
}

#[tokio::test]
async fn who_has_moved_on_by_the_end_of_grace_is_decided_about_anew() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    let ticket = to_sales(&world, &[]);
    let run = go(&engine, &transfer(&ticket)).await;
    world.sandbox.import_okta_profile(LOGIN, &json!({"department": "Engineering"})).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert!(found(&run, "leave-github").contains("department"), "{run:?}");
    assert_eq!(groups(&world), names(&[&OLD, &NEW, &ALWAYS]));
}

#[tokio::test]
async fn a_leaver_takes_over_and_the_timers_are_gone() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    let ticket = to_sales(&world, &[]);
    let run = go(&engine, &transfer(&ticket)).await;
    let subject = Subject { login: LOGIN.into(), name: "Mia Mover".into(), person: Some("70001".into()) };
    let leaver = Plan::new("leave", Precedence::OffboardNow, Intent::new("leave", "x", &"x", None), subject);
    let leaver = engine.submit(&leaver).await.unwrap();
    engine.finish(&leaver).await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(matches!(run.status, RunStatus::Superseded { .. }), "{}", run.status);
    let writes = world.writes().len();
    world.sandbox.clock().advance(Duration::from_secs(30 * 86_400));
    engine.resume().await.unwrap();
    assert_eq!(world.writes().len(), writes);
    assert!(groups(&world).contains("GitHub Users"), "what is left is the leaver's");
}

#[tokio::test]
async fn a_later_move_takes_the_place_of_an_earlier_one() {
    let world = World::start().await;
    engineer(&world, &[]);
    let engine = engine(&world).await;
    let first = go(&engine, &transfer(&to_sales(&world, &[]))).await;
    let legal = to_sales(&world, &[("department", "Legal"), ("title", "Counsel")]);
    let second = go(&engine, &transfer(&legal)).await;
    engine.resume().await.unwrap();
    let first = engine.finish(&first.id).await.unwrap();
    assert!(matches!(first.status, RunStatus::Superseded { .. }), "{}", first.status);
    let second = to_the_end(&world, &engine, &second.id).await;
    assert_eq!(second.status, RunStatus::Done);
    assert_eq!(
        groups(&world),
        names(&[&ALWAYS, &["Legal"]]),
        "what the first one left is put to the manager, and goes"
    );
}

#[tokio::test]
async fn a_group_that_cannot_be_joined_leaves_the_rest_to_be_done_and_the_attributes_as_hr_has_them() {
    let world = World::start().await;
    engineer(&world, &["Production Access"]);
    let engine = engine(&world).await;
    let ticket = to_sales(&world, &[("effective_date", "2026-06-01")]);
    let run = go(&engine, &Transfer::ticket(&ticket.number, policy_with(MAY_ASK))).await;
    world.systems().okta.groups().delete(&group_id("Salesforce Users").parse().unwrap()).await.unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert_eq!(groups(&world), names(&[&["Sales"], &ALWAYS]));
    assert_eq!(world.okta_user(LOGIN)["profile"]["department"], "Sales");
    let told = world.notes(&ticket.task_sys_id, "work_notes").join("\n");
    assert!(told.contains("join-salesforce: failed"), "{told}");
}

#[tokio::test]
async fn what_oktas_servicenow_app_brings_is_waited_for_and_not_written() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.provision_servicenow_from_okta(Duration::from_secs(120)).unwrap();
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    let waits =
        matches!(&run.status, RunStatus::Waiting { step, .. } if step.as_str() == "servicenow-synced");
    assert!(waits, "{}", run.status);
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(record(&world)["title"], "Account Executive");
    assert!(!short(&world.writes()).iter().any(|call| call.contains("/sys_user/")), "nobody else writes");
}

#[tokio::test]
async fn what_does_not_come_to_servicenow_keeps_nobody_in_the_old_groups() {
    let world = World::start().await;
    engineer(&world, &[]);
    world.sandbox.provision_servicenow_from_okta(Duration::from_secs(90 * 86_400)).unwrap();
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert!(found(&run, "servicenow-user").contains("has not come"));
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS]));
}

#[tokio::test]
async fn groups_and_roles_of_servicenow_move_too() {
    let world = World::start().await;
    engineer(&world, &[]);
    let desk = |name: &str| {
        let row = world.rows("sys_user_group").into_iter().find(|row| row["name"] == name).unwrap();
        text(&row["sys_id"])
    };
    let (old, new) = (desk("Service Desk"), desk("HR Operations"));
    let me = text(&record(&world)["sys_id"]);
    world.sandbox.add_records("sys_user_grmember", [json!({"user": me, "group": old})]).unwrap();
    let more = format!(
        r#"
[targets.desk]
servicenow_group = "{old}"
name = "Service Desk"
grace_working_days = 2

[targets.hr]
servicenow_group = "{new}"
name = "HR Operations"

[targets.approver]
servicenow_role = "approver_user"

[[rules]]
id = "desk"
when = 'user.department == "Engineering" && user.organization == "Acme"'
grant = ["desk"]

[[rules]]
id = "hr"
when = 'user.department == "Sales" && user.organization == "Acme"'
grant = ["hr", "approver"]
"#
    );
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let begun = world.sandbox.clock().now();
    let run = go(&engine, &Transfer::ticket(&ticket.number, policy_with(&more))).await;
    let RunStatus::Waiting { until, .. } = run.status else { panic!("{}", run.status) };
    assert_eq!(until, working_days(begun, 2), "each target has a grace of its own");
    let in_groups = || {
        let rows = world.rows("sys_user_grmember").into_iter().filter(|row| row["user"] == me.as_str());
        rows.map(|row| text(&row["group"])).collect::<BTreeSet<_>>()
    };
    assert_eq!(in_groups(), BTreeSet::from([old, new.clone()]));
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(in_groups(), BTreeSet::from([new]));
    let roles = world.rows("sys_user_has_role").into_iter().filter(|row| row["user"] == me.as_str());
    let direct = roles.filter(|row| row["inherited"] != "true").count();
    assert_eq!(direct, 1);
}

#[tokio::test]
async fn a_successor_takes_on_what_belonged_to_the_old_position() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (boss, boss_id) = head_of(&world, "Engineering");
    let me = text(&record(&world)["sys_id"]);
    let group = json!({"name": "Release", "manager": me});
    let group = world.sandbox.add_records("sys_user_group", [group]).unwrap().remove(0);
    let task = world.sandbox.add_records("incident", [json!({"assigned_to": me})]).unwrap().remove(0);
    let ticket = to_sales(&world, &[("successor", &boss)]);
    let engine = engine(&world).await;
    go(&engine, &transfer(&ticket)).await;
    assert_eq!(world.row("sys_user_group", &group)["manager"], boss_id.as_str());
    assert_eq!(world.row("incident", &task)["assigned_to"], me.as_str(), "work goes with the person");
}

#[tokio::test]
async fn a_move_without_a_ticket_is_done_the_same_way() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (manager, _) = head_of(&world, "Sales");
    let wanted = Move {
        department: Some("Sales".into()),
        title: Some("Account Executive".into()),
        manager: Some(manager),
        ..Move::new(LOGIN, world.sandbox.clock().now().date_naive())
    };
    let engine = engine(&world).await;
    let run = go(&engine, &Transfer::explicit(wanted, policy())).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(groups(&world), names(&[&NEW, &ALWAYS]));
    assert_eq!(record(&world)["title"], "Account Executive");
}

#[tokio::test]
async fn a_move_that_is_called_off_before_its_day_changes_nothing() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[("effective_date", "2026-06-01")]);
    let engine = engine(&world).await;
    let run = go(&engine, &transfer(&ticket)).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    let off = json!({"active": "false"});
    world.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &off).unwrap();
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert_eq!(groups(&world), names(&[&OLD, &ALWAYS]));
    assert_eq!(world.okta_user(LOGIN)["profile"]["department"], "Engineering");
}

#[tokio::test]
async fn a_protected_account_is_not_changed() {
    let world = World::start().await;
    let id = text(&engineer(&world, &[])["id"]);
    let ticket = to_sales(&world, &[]);
    let engine = engine(&world).await;
    let safeguards =
        Safeguards { protected_accounts: BTreeSet::from([id.parse().unwrap()]), ..Safeguards::default() };
    let run = go(&engine, &transfer(&ticket).safeguards(safeguards)).await;
    let run = to_the_end(&world, &engine, &run.id).await;
    assert!(needs_human(&run), "{}", run.status);
    assert_eq!(groups(&world), names(&[&OLD, &ALWAYS]));
    assert_eq!(world.okta_user(LOGIN)["profile"]["department"], "Engineering");
}

#[tokio::test]
async fn who_is_suspended_staged_or_gone_is_not_moved() {
    for status in ["SUSPENDED", "STAGED", "DEPROVISIONED"] {
        let world = World::start().await;
        engineer(&world, &[]);
        world.sandbox.set_okta_status(LOGIN, status).unwrap();
        let ticket = to_sales(&world, &[]);
        let error = refused(&world, transfer(&ticket)).await;
        assert!(error.to_string().contains(status), "{error}");
    }
}

#[tokio::test]
async fn two_people_under_one_name_are_told_apart() {
    let world = World::start().await;
    engineer_with(&world, &[], &json!({"employeeNumber": "70002"}));
    let ticket = to_sales(&world, &[]);
    let error = refused(&world, transfer(&ticket)).await;
    assert!(error.to_string().contains("employee number"), "{error}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_ticket_is_told_at_once() {
    let world = World::start().await;
    engineer(&world, &[]);
    let (manager, _) = head_of(&world, "Sales");
    let answers = [("employee", "Mia, of course"), ("effective_date", "next week")];
    let ticket = world.sandbox.order_item("Employee transfer", &manager, &answers).unwrap();
    let error = refused(&world, transfer(&ticket)).await.to_string();
    for part in ["employee is \"Mia, of course\"", "effective_date is \"next week\"", "nothing changes"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
}

#[tokio::test]
async fn a_department_that_the_policy_or_servicenow_does_not_know_is_refused() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[("department", "sales")]);
    let error = refused(&world, transfer(&ticket)).await;
    assert!(error.to_string().contains("no rule covers the department \"sales\""), "{error}");
    let ticket = to_sales(&world, &[("location", "Atlantis")]);
    let error = refused(&world, transfer(&ticket)).await;
    assert!(error.to_string().contains("location is \"Atlantis\""), "{error}");
}

#[tokio::test]
async fn a_ticket_that_is_not_approved_moves_nobody() {
    let world = World::start().await;
    engineer(&world, &[]);
    let ticket = to_sales(&world, &[]);
    let requested = json!({"approval": "requested"});
    world.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &requested).unwrap();
    assert!(matches!(refused(&world, transfer(&ticket)).await, OperationError::NotApproved { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    let prepare = async |world: &World| {
        engineer(world, &["Production Access", "Legal"]);
        Transfer::ticket(&to_sales(world, &[]).number, policy_with(MAY_ASK))
    };
    Scenario::new(prepare).sweep().await;
}
