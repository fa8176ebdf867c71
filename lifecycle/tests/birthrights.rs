//! What a new hire is given, by whom, and what is looked at before: group rules, apps, seats, separation of duties, logins.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::Duration;

use async_trait::async_trait;
use lifecycle::action::Permissions;
use lifecycle::operation::onboard::Seats;
use lifecycle::plan::PolicyRef;
use lifecycle::policy::{Attributes, Because, Entitlement, EvaluationError, Grant, Rules};
use lifecycle::{Engine, Onboard, Operation as _, OperationError, Policy, Run, RunStatus};
use okta_client::group_rules::NewGroupRule;
use okta_client::linked_objects::{LinkedObject, LinkedObjectSide};
use okta_client::users::UserId;
use sandbox::{Effect, Fault, Ticket, group_id};
use serde_json::{Value, json};

use support::looking::{short, text};
use support::{POLICY, World, onboard, policy};

const LOGIN: &str = "nora.lindqvist@acme.example";

async fn run(world: &World, operation: &Onboard) -> (Engine, Run) {
    let engine = world.engine(world.systems()).await;
    let run = engine.run(operation).await.unwrap();
    (engine, run)
}

async fn refused(world: &World, operation: &Onboard) -> String {
    let before = world.writes().len();
    let error = operation.what_if(&world.systems()).await.unwrap_err();
    assert_eq!(short(&world.writes()[before..]), [""; 0], "{error}");
    error.to_string()
}

#[track_caller]
fn assert_says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
}

/// An active rule that fills a group.
async fn rule(world: &World, group: &str, department: &str, leaves_out: &[UserId]) {
    let rules = world.systems();
    let rules = rules.okta.group_rules();
    let expression = format!("user.department==\"{department}\"");
    let new =
        NewGroupRule::new(format!("{department} people"), expression, [group_id(group).parse().unwrap()]);
    let new = leaves_out.iter().cloned().fold(new, NewGroupRule::excluding);
    let rule = rules.create(&new).await.unwrap();
    rules.activate(&rule.id).await.unwrap();
}

fn sent(world: &World, prepared: usize, what: &str) -> bool {
    short(&world.writes()[prepared..]).iter().any(|write| write.contains(what))
}

#[tokio::test]
async fn a_group_that_a_rule_fills_is_looked_at_and_left_to_the_rule() {
    let world = World::start().await;
    rule(&world, "Engineering", "Engineering", &[]).await;
    let ticket = world.hire();
    let prepared = world.writes().len();
    let (_, run) = run(&world, &onboard(&ticket)).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(run.step("confirm-engineering").is_some() && run.step("join-engineering").is_none());
    assert!(world.groups_of(&world.okta_user(LOGIN)).contains("Engineering"));
    assert!(!sent(&world, prepared, &group_id("Engineering")), "the rule did it");
}

#[tokio::test]
async fn a_rule_that_does_not_take_the_person_in_keeps_nobody_from_starting_and_is_told() {
    let world = World::start().await;
    rule(&world, "Engineering", "Sales", &[]).await;
    let ticket = world.hire();
    let (engine, stalled) = run(&world, &onboard(&ticket)).await;
    assert!(matches!(stalled.status, RunStatus::Stalled { .. }), "{}", stalled.status);
    assert_eq!(world.okta_user(LOGIN)["status"], "PROVISIONED");
    assert_eq!(world.users_numbered("90001").len(), 1);
    world.sandbox.clock().advance(Duration::from_secs(15 * 60));
    engine.resume().await.unwrap();
    let run = engine.finish(&stalled.id).await.unwrap();
    let says = "the rule \"Sales people\" fills the group \"Engineering\", and has not taken the account in";
    assert!(matches!(&run.status, RunStatus::NeedsHuman { why, .. } if why.contains(says)), "{}", run.status);
    assert_eq!(world.states(&ticket)[0], "2", "the ticket stays open");
}

/// Somebody who was in Sales before, and left.
fn former(world: &World, status: &str, groups: &[&str]) -> UserId {
    let profile = json!({
        "login": "nora.former@acme.example", "email": "nora.former@acme.example", "firstName": "Nora", "lastName": "Former",
        "employeeNumber": "90001", "department": "Sales",
    });
    let user = json!({"profile": profile, "status": status, "groups": groups});
    world.sandbox.add_okta_user(&user).unwrap().parse().unwrap()
}

#[tokio::test]
async fn whom_a_rule_leaves_out_is_added_by_hand() {
    let world = World::start().await;
    let id = former(&world, "DEPROVISIONED", &[]);
    rule(&world, "Engineering", "Engineering", &[id]).await;
    let (_, run) = run(&world, &onboard(&world.hire())).await;
    assert_eq!(run.status, RunStatus::Done);
    assert!(run.step("join-engineering").is_some());
    assert!(world.groups_of(&world.okta_user("nora.former@acme.example")).contains("Engineering"));
}

#[tokio::test]
async fn what_a_rule_gave_a_former_colleague_goes_by_the_rule_before_the_link_is_sent() {
    let world = World::start().await;
    let id = former(&world, "ACTIVE", &[]);
    rule(&world, "Sales", "Sales", &[]).await;
    world.sandbox.set_okta_status(id.as_str(), "DEPROVISIONED").unwrap();
    world.sandbox.clock().advance(Duration::from_secs(5));
    let ticket = world.hire();
    let prepared = world.writes().len();
    let (_, run) = run(&world, &onboard(&ticket)).await;
    assert_eq!(run.status, RunStatus::Done);
    let order: Vec<_> = run.steps.iter().map(|step| step.step.as_str()).collect();
    let place = |step: &str| order.iter().position(|other| *other == step).unwrap();
    assert!(place("update-profile") < place("let-go-1") && place("let-go-1") < place("send-activation"));
    assert!(!world.groups_of(&world.okta_user("nora.former@acme.example")).contains("Sales"));
    assert!(!sent(&world, prepared, &group_id("Sales")), "taken out by hand, somebody is left out for good");
}

#[tokio::test]
async fn the_link_is_withheld_from_a_former_colleague_whom_a_rule_does_not_let_go() {
    let world = World::start().await;
    rule(&world, "Sales", "Sales", &[]).await;
    former(&world, "DEPROVISIONED", &["Sales"]);
    let (engine, stalled) = run(&world, &onboard(&world.hire())).await;
    world.sandbox.clock().advance(Duration::from_secs(15 * 60));
    engine.resume().await.unwrap();
    let run = engine.finish(&stalled.id).await.unwrap();
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { why, .. } if why.contains("has not let the account go"))
    );
    assert!(world.mails().is_empty());
}

/// The bundled policy, which gives every engineer an app directly too.
fn with_app(app: &str, more: &str) -> Policy {
    let target = format!("[targets]\nthe-app = {{ okta_app = \"{app}\"{more} }}");
    let text = POLICY.replace("[targets]", &target);
    let text = text.replace("grant = [\"engineering\", ", "grant = [\"the-app\", \"engineering\", ");
    let text = text.replace(
        "\"vpn\", \"engineering\", \"github\", \"jira\"]",
        "\"vpn\", \"the-app\", \"engineering\", \"github\", \"jira\"]",
    );
    Policy::parse("acme.toml", &text).unwrap()
}

fn apps(world: &World) -> Vec<Value> {
    world.sandbox.state()["okta"]["apps"].as_array().unwrap().clone()
}

/// An app that no group of the new hire's brings.
fn an_app(world: &World) -> Value {
    let apps = apps(world);
    let app = apps.iter().find(|app| app["label"] == "Salesforce").unwrap_or(&apps[0]);
    app.clone()
}

#[tokio::test]
async fn an_app_is_assigned_once_the_account_is_in_use() {
    let world = World::start().await;
    let app = an_app(&world);
    let ticket = world.hire();
    let operation = Onboard::ticket(&ticket.number, with_app(app["id"].as_str().unwrap(), ""));
    let (_, run) = run(&world, &operation).await;
    assert_eq!(run.status, RunStatus::Done);
    let id = world.okta_user(LOGIN)["id"].clone();
    let app = apps(&world).into_iter().find(|other| other["id"] == app["id"]).unwrap();
    let users = app["users"].as_array().unwrap();
    assert!(users.iter().any(|user| user["id"] == id && user["scope"] == "USER"), "{users:?}");
}

#[tokio::test]
async fn an_app_that_cannot_be_assigned_keeps_nobody_from_starting_and_is_told() {
    let world = World::start().await;
    let app = an_app(&world);
    let ticket = world.hire();
    world.sandbox.add_fault(Fault::okta("POST", "/api/v1/apps", Effect::Status(400)).always());
    let operation = Onboard::ticket(&ticket.number, with_app(app["id"].as_str().unwrap(), ""));
    let (_, run) = run(&world, &operation).await;
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "assign-the-app"),
        "{}",
        run.status
    );
    assert_eq!(world.okta_user(LOGIN)["status"], "PROVISIONED");
    assert_eq!((world.mails().len(), world.users_numbered("90001").len()), (1, 1));
    assert_eq!(world.states(&ticket)[0], "2");
}

#[tokio::test]
async fn an_app_that_is_not_as_the_policy_says_is_found_before_anything_is_written() {
    let world = World::start().await;
    let app = an_app(&world);
    let id = app["id"].as_str().unwrap();
    let ticket = world.hire();
    let cases = [
        ("0oaNowhereAtAll00000", "", "Okta has no app 0oaNowhereAtAll00000: correct `okta_app`"),
        (id, ", name = \"Another\"", "is labelled"),
    ];
    for (app, more, says) in cases {
        let told = refused(&world, &Onboard::ticket(&ticket.number, with_app(app, more))).await;
        assert_says(&told, &["policy acme-birthright, line ", "target the-app: ", says]);
    }
}

#[derive(Debug)]
struct NoneLeft;

#[async_trait]
impl Seats for NoneLeft {
    async fn is_left(&self, entitlement: &Entitlement) -> Result<bool, OperationError> {
        Ok(entitlement.id() != group_id("GitHub Users"))
    }
}

#[tokio::test]
async fn without_a_seat_nothing_is_begun() {
    let world = World::start().await;
    let told = refused(&world, &onboard(&world.hire()).seats(NoneLeft)).await;
    assert_says(&told, &["no licence or seat left", "GitHub Users", "target github"]);
}

#[tokio::test]
async fn what_nobody_may_hold_together_is_given_to_nobody() {
    let world = World::start().await;
    let together = "[[sod]]\nid = \"code\"\nconflict = [[\"github\"], [\"jira\"]]\nseverity = \"high\"\n\n[[sod]]\nid = \"pay-";
    let text = POLICY.replace("[[sod]]\nid = \"pay-", together);
    assert_ne!(text, POLICY);
    let policy = Policy::parse("acme.toml", &text);
    // A test in the policy's own file may find it first.
    let Ok(policy) = policy else { return };
    let told = refused(&world, &Onboard::ticket(&world.hire().number, policy)).await;
    assert_says(&told, &["nobody may hold together", "github", "jira"]);
}

#[tokio::test]
async fn a_reserved_login_goes_to_nobody() {
    let world = World::start().await;
    for reserved in ["nora.lindqvist", "Nora.Lindqvist@acme.example"] {
        let plan = onboard(&world.hire()).reserve([reserved]).what_if(&world.systems()).await.unwrap();
        assert_eq!(plan.subject.login, "nora.lindqvist2@acme.example");
    }
    let short_logins = POLICY.replace("login = \"{firstName}.{lastName}@", "login = \"{lastName}@");
    let ticket = world.hire_with(|request| request.last_name = Some("Postmaster".into()));
    let operation = Onboard::ticket(&ticket.number, Policy::parse("acme.toml", &short_logins).unwrap());
    let plan = operation.what_if(&world.systems()).await.unwrap();
    assert_eq!(plan.subject.login, "postmaster2@acme.example");
}

#[tokio::test]
async fn the_plan_tells_of_logins_that_apps_may_know_somebody_else_by() {
    let world = World::start().await;
    let other = json!({"login": LOGIN, "email": LOGIN, "firstName": "Nora", "lastName": "Lindqvist", "employeeNumber": "5"});
    world.sandbox.add_okta_user(&json!({"profile": other, "status": "DEPROVISIONED"})).unwrap();
    let plan = onboard(&world.hire()).what_if(&world.systems()).await.unwrap();
    assert_says(&plan.steps[1].why, &[LOGIN, "is or was somebody else's"]);
}

#[tokio::test]
async fn requests_for_other_items_of_the_catalog_are_not_carried_out() {
    let world = World::start().await;
    let ticket = world.hire();
    let told = refused(&world, &onboard(&ticket).for_items(["Laptop", "New phone"])).await;
    assert_says(&told, &[&ticket.number, "another item of the catalog", "\"Laptop\", \"New phone\""]);
    let (_, run) = run(&world, &onboard(&ticket).for_items(["Employee onboarding"])).await;
    assert_eq!(run.status, RunStatus::Done);
}

#[tokio::test]
async fn the_account_is_linked_with_the_managers() {
    let world = World::start().await;
    let systems = world.systems();
    let side = |name: &str| LinkedObjectSide::new(name, name);
    systems
        .okta
        .linked_objects()
        .create(&LinkedObject::between(side("manager"), side("subordinate")))
        .await
        .unwrap();
    let ticket = world.hire();
    let (_, run) = run(&world, &onboard(&ticket).manager_relation("manager")).await;
    assert_eq!(run.status, RunStatus::Done);
    let head =
        world.row("sys_user", &text(&world.row("sc_request", &ticket.request_sys_id)["requested_for"]));
    let head = world.okta_user(&text(&head["user_name"]));
    assert_eq!(world.okta_user(LOGIN)["linkedObjects"], json!({"manager": head["id"]}));
}

#[tokio::test]
async fn the_end_of_a_contract_is_told_on_the_ticket() {
    let world = World::start().await;
    let ticket = world.hire_with(|request| {
        (request.employment_type, request.end_date) = (Some("contractor".into()), Some("2026-09-30".into()));
    });
    run(&world, &onboard(&ticket)).await;
    let notes = world.notes(&ticket.task_sys_id, "work_notes");
    assert_says(&notes[0], &["The contract ends on 2026-09-30: have the offboarding scheduled for that day"]);
}

/// A company that knows who gets what without a file.
#[derive(Debug)]
struct Everybody(Policy);

#[async_trait]
impl Rules for Everybody {
    fn reference(&self) -> PolicyRef {
        PolicyRef { name: "everybody-alike".into(), hash: "1".into() }
    }

    fn knows(&self, attribute: &str) -> bool {
        self.0.knows(attribute)
    }

    async fn birthrights(&self, _: &Attributes) -> Result<Vec<Grant>, OperationError> {
        let id = group_id("VPN Users").parse().unwrap();
        let because = Because {
            rule: "all".into(),
            file: "a database".into(),
            line: 0,
            when: "always".into(),
            why: None,
        };
        let entitlement = Entitlement::OktaGroup { id, name: None };
        Ok(vec![Grant { target: "vpn".into(), entitlement, because: vec![because] }])
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage"])
    }

    fn logins(
        &self,
        person: &Attributes,
    ) -> Result<Box<dyn Iterator<Item = String> + Send>, EvaluationError> {
        let number = person.get_str("employeeNumber").unwrap_or_default().to_owned();
        Ok(Box::new(std::iter::once(format!("e{number}@acme.example"))))
    }
}

#[tokio::test]
async fn rules_of_a_companys_own_stand_for_the_policy() {
    let world = World::start().await;
    let ticket: Ticket = world.hire();
    let (_, run) = run(&world, &Onboard::ticket(&ticket.number, Everybody(policy()))).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(run.policy.unwrap().name, "everybody-alike");
    let user = world.okta_user("e90001@acme.example");
    assert_eq!(world.groups_of(&user), ["VPN Users".to_owned()].into());
}
