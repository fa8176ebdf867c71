//! What is needed, what is there, and that looking for it changes nothing.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use lifecycle::permissions::{self, Capability, Found, Matrix, Permissions, Row};
use lifecycle::plan::Plan;
use lifecycle::{Engine, Onboard, Operation, RunStatus, Systems};
use okta_client::{OktaClient, ServiceApp};
use sandbox::{Effect, Fault};
use serde_json::{Value, json};

use support::{SandboxClock, World, onboard, policy};

const KEY: &str = include_str!("../../client-core/tests/keys/p256.sec1.pem");

fn public_key() -> Value {
    serde_json::from_str(include_str!("../../client-core/tests/keys/p256.public.json")).unwrap()
}

/// Clients of which Okta's is a service app with these scopes.
fn with_scopes(world: &World, scopes: &BTreeSet<String>) -> Systems {
    with_app(world, scopes, |app| app)
}

fn with_app(
    world: &World,
    scopes: &BTreeSet<String>,
    change: impl FnOnce(sandbox::ServiceApp) -> sandbox::ServiceApp,
) -> Systems {
    let app = change(sandbox::ServiceApp::new(public_key()).scopes(scopes));
    let id = world.sandbox.register_service_app(app).unwrap();
    let okta = OktaClient::builder(world.sandbox.okta_url())
        .service_app(ServiceApp::new(id, KEY.into()).scopes(scopes))
        .clock(Arc::new(SandboxClock(world.sandbox.clock())))
        .build()
        .unwrap();
    Systems::new(okta, world.systems().servicenow)
}

fn needed() -> Permissions {
    Onboard::ticket("RITM1", policy()).permissions().unwrap()
}

fn row<'a>(matrix: &'a Matrix, name: &str) -> &'a Row {
    let is = |row: &&Row| match &row.capability {
        Capability::OktaScope(is) | Capability::ServicenowRole(is) => is == name,
    };
    matrix.rows.iter().find(is).unwrap_or_else(|| panic!("no {name} in\n{matrix}"))
}

fn names<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    rows.map(|row| row.capability.to_string()).collect()
}

/// Somebody who was here before: the other way through an onboarding.
fn rehire(world: &World) -> sandbox::Ticket {
    let former = json!({
        "status": "DEPROVISIONED",
        "profile": {
            "login": "nora.before@acme.example", "email": "nora.before@acme.example",
            "firstName": "Nora", "lastName": "Before", "employeeNumber": "70001",
        },
    });
    world.sandbox.add_okta_user(&former).unwrap();
    world.hire_with(|request| {
        request.first_name = Some("Nora".into());
        request.last_name = Some("Before".into());
        request.employee_number = Some("70001".into());
        request.personal_email = Some("before@mail.example".into());
    })
}

#[tokio::test]
async fn onboarding_gets_by_with_what_it_says_it_needs_and_uses_all_of_it() {
    let world = World::start().await;
    let systems = with_scopes(&world, &needed().okta_scopes);
    let engine = Engine::builder(systems).in_memory().unwrap();
    let mut used = Permissions::okta(&["okta.roles.read"]);
    for ticket in [world.hire(), rehire(&world)] {
        let run = engine.run(&onboard(&ticket)).await.unwrap();
        assert_eq!(run.status, RunStatus::Done);
        let plan = engine.plan(&run.id).await.unwrap();
        used = [used, plan.permissions()].into_iter().collect();
    }
    assert_eq!(used, needed());
    let without = Onboard::ticket("RITM1", policy()).without_servicenow_account().permissions().unwrap();
    assert!(!without.servicenow_roles.contains("user_admin"), "{without}");
}

#[test]
fn a_policy_needs_what_gives_all_that_it_may_grant() {
    assert_eq!(policy().permissions(), Permissions::okta(&["okta.groups.manage", "okta.users.read"]));
}

#[tokio::test]
async fn with_all_that_is_needed_nothing_is_missing() {
    let world = World::start().await;
    let systems = with_app(&world, &needed().okta_scopes, |app| app.admin_role("USER_ADMIN"));
    let matrix = permissions::check(&systems, &needed()).await.unwrap();
    assert_eq!(names(matrix.missing()), [""; 0], "{matrix}");
    assert_eq!(names(matrix.excessive()), [""; 0], "{matrix}");
    for capability in needed().capabilities() {
        let row = matrix.rows.iter().find(|row| row.capability == capability).unwrap();
        assert_eq!((row.needed, row.found), (true, Found::Held), "{row:?}");
    }
    let plan = onboard(&world.hire()).what_if(&systems).await.unwrap();
    matrix.permits(&plan).unwrap();
}

#[tokio::test]
async fn each_scope_that_is_not_granted_is_missed_and_refuses_the_plan() {
    let world = World::start().await;
    let plan: Plan = onboard(&world.hire()).what_if(&world.systems()).await.unwrap();
    for scope in ["okta.users.manage", "okta.groups.manage"] {
        let mut scopes = needed().okta_scopes;
        scopes.remove(scope);
        let matrix = permissions::check(&with_scopes(&world, &scopes), &needed()).await.unwrap();
        assert_eq!(names(matrix.missing()), [format!("Okta scope {scope}")], "{matrix}");
        let refusal = matrix.permits(&plan).unwrap_err().to_string();
        assert!(refusal.starts_with("onboard is switched off"), "{refusal}");
        let told = format!("needs the Okta scope {scope}, which service app");
        assert_eq!(refusal.matches(&told).count(), 1, "{refusal}");
        assert!(refusal.contains("grant it, and check again"), "{refusal}");
    }
}

#[tokio::test]
async fn scopes_without_an_admin_role_are_found_out() {
    let world = World::start().await;
    let mut wanted = needed();
    wanted.okta_scopes.insert("okta.groups.read".into());
    let systems = with_app(&world, &wanted.okta_scopes, sandbox::ServiceApp::without_admin_role);
    let matrix = permissions::check(&systems, &wanted).await.unwrap();
    let missing: BTreeSet<String> = names(matrix.missing()).into_iter().collect();
    let all = wanted.okta_scopes.iter().map(|scope| format!("Okta scope {scope}")).collect();
    assert_eq!(missing, all, "{matrix}");
    assert!(row(&matrix, "okta.users.read").how.contains("no admin role"), "{matrix}");
    assert!(matrix.notes.iter().any(|note| note.contains("it has no admin role")), "{matrix}");
}

#[tokio::test]
async fn an_admin_who_only_reads_may_change_nothing() {
    let world = World::start().await;
    let systems = with_app(&world, &needed().okta_scopes, |app| app.admin_role("READ_ONLY_ADMIN"));
    let matrix = permissions::check(&systems, &needed()).await.unwrap();
    let missing = names(matrix.missing());
    assert_eq!(missing, ["Okta scope okta.groups.manage", "Okta scope okta.users.manage"], "{matrix}");
    assert!(row(&matrix, "okta.users.manage").how.contains("READ_ONLY_ADMIN"), "{matrix}");
}

#[tokio::test]
async fn whoever_may_make_administrators_may_do_too_much() {
    let world = World::start().await;
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    assert_eq!(names(matrix.excessive()), ["Okta scope okta.roles.manage"], "{matrix}");

    // The scope alone is not enough, and neither is the role.
    let mut scopes = needed().okta_scopes;
    let without_scope = with_scopes(&world, &scopes);
    scopes.insert("okta.roles.manage".into());
    let without_role = with_app(&world, &scopes, |app| app.admin_role("USER_ADMIN"));
    for systems in [without_scope, without_role] {
        let matrix = permissions::check(&systems, &needed()).await.unwrap();
        assert_eq!(row(&matrix, "okta.roles.manage").found, Found::Lacking, "{matrix}");
    }
    // With both it is.
    let matrix = permissions::check(&with_scopes(&world, &scopes), &needed()).await.unwrap();
    assert_eq!(names(matrix.excessive()), ["Okta scope okta.roles.manage"], "{matrix}");
    // Unless it is what somebody needs.
    let leaver = Permissions::okta(&["okta.roles.manage"]);
    let matrix = permissions::check(&world.systems(), &leaver).await.unwrap();
    assert_eq!(names(matrix.excessive()), [""; 0], "{matrix}");
}

#[tokio::test]
async fn what_a_leaver_needs_is_asked_for_too() {
    let world = World::start().await;
    let wanted = Permissions::okta(&[
        "okta.apiTokens.manage",
        "okta.apps.manage",
        "okta.apps.read",
        "okta.roles.manage",
        "okta.universalLogout.manage",
    ]);
    let matrix = permissions::check(&world.systems(), &wanted).await.unwrap();
    assert!(matrix.rows.iter().filter(|row| row.needed).all(|row| row.found == Found::Held), "{matrix}");
    let few = with_app(&world, &wanted.okta_scopes, |app| app.admin_role("USER_ADMIN"));
    let matrix = permissions::check(&few, &wanted).await.unwrap();
    let missing = names(matrix.missing());
    assert_eq!(missing, ["Okta scope okta.apiTokens.manage", "Okta scope okta.roles.manage"], "{matrix}");
}

#[tokio::test]
async fn a_scope_that_cannot_be_probed_is_not_proven_and_stops_nobody() {
    let world = World::start().await;
    let wanted = Permissions::okta(&["okta.brands.manage"]);
    let matrix = permissions::check(&world.systems(), &wanted).await.unwrap();
    assert_eq!(row(&matrix, "okta.brands.manage").found, Found::Unproven);
    assert_eq!(names(matrix.missing()), [""; 0]);
}

#[tokio::test]
async fn what_was_not_checked_is_not_allowed() {
    let world = World::start().await;
    let plan = onboard(&world.hire()).what_if(&world.systems()).await.unwrap();
    let matrix = permissions::check(&world.systems(), &Permissions::servicenow(&["itil"])).await.unwrap();
    let refusal = matrix.permits(&plan).unwrap_err().to_string();
    assert!(refusal.contains("okta.users.manage, which was not checked"), "{refusal}");
}

#[tokio::test]
async fn looking_changes_nothing() {
    let world = World::start().await;
    let mut wanted = needed();
    wanted
        .okta_scopes
        .extend(["okta.roles.manage", "okta.apiTokens.manage", "okta.apps.manage"].map(str::to_owned));
    let before = world.sandbox.state();
    let log = before["okta"]["logs"].as_array().unwrap().len();
    permissions::check(&world.systems(), &wanted).await.unwrap();
    let after = world.sandbox.state();
    assert_eq!(after["okta"]["logs"].as_array().unwrap().len(), log, "nothing happened in Okta");
    assert_eq!(after["servicenow"], before["servicenow"]);
    let writes = world.sandbox.requests().into_iter().filter(|request| request.method != "GET");
    for write in writes {
        assert!(write.path.contains("nobody"), "{} {}", write.method, write.path);
    }
}

/// The integration user's rows in a table.
fn rows_of_ours(world: &World, table: &str) -> Vec<Value> {
    let state = world.sandbox.state();
    let rows = |table: &str| state["servicenow"][table].as_array().unwrap().clone();
    let name = world.sandbox.servicenow_username();
    let user = rows("sys_user").into_iter().find(|user| user["user_name"] == name).unwrap();
    rows(table).into_iter().filter(|row| row["user"] == user["sys_id"]).collect()
}

fn role_id(world: &World, name: &str) -> String {
    let state = world.sandbox.state();
    let roles = state["servicenow"]["sys_user_role"].as_array().unwrap();
    let role = roles.iter().find(|role| role["name"] == name).unwrap();
    role["sys_id"].as_str().unwrap().to_owned()
}

fn take_away(world: &World, role: &str) {
    let role = role_id(world, role);
    let remove = |table: &str, row: &Value| {
        world.sandbox.remove_record(table, row["sys_id"].as_str().unwrap()).unwrap();
    };
    for member in rows_of_ours(world, "sys_user_grmember") {
        remove("sys_user_grmember", &member);
    }
    for row in rows_of_ours(world, "sys_user_has_role").iter().filter(|row| row["role"] == role.as_str()) {
        remove("sys_user_has_role", row);
    }
}

fn give(world: &World, role: &str) {
    let user = rows_of_ours(world, "sys_user_has_role")[0]["user"].clone();
    let row = json!({ "user": user, "role": role });
    world.sandbox.add_records("sys_user_has_role", [row]).unwrap();
}

#[tokio::test]
async fn a_servicenow_role_that_is_not_held_is_missing() {
    let world = World::start().await;
    take_away(&world, "user_admin");
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    assert_eq!(names(matrix.missing()), ["ServiceNow role user_admin"], "{matrix}");
    let plan = onboard(&world.hire()).what_if(&world.systems()).await.unwrap();
    let refusal = matrix.permits(&plan).unwrap_err().to_string();
    assert!(refusal.contains("ServiceNow user lifecycle.integration lacks"), "{refusal}");
}

#[tokio::test]
async fn a_role_of_the_instances_own_may_stand_for_one_of_the_base_system() {
    let world = World::start().await;
    take_away(&world, "user_admin");
    let own = json!({ "name": "x_acme_lifecycle.provisioner" });
    world.sandbox.add_records("sys_user_role", [own]).unwrap();
    give(&world, &role_id(&world, "x_acme_lifecycle.provisioner"));
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    let row = row(&matrix, "user_admin");
    assert_eq!(row.found, Found::Unproven);
    assert!(row.how.contains("x_acme_lifecycle.provisioner may stand for it"), "{}", row.how);
}

#[tokio::test]
async fn a_servicenow_administrator_may_do_too_much() {
    let world = World::start().await;
    give(&world, &role_id(&world, "admin"));
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    assert!(row(&matrix, "admin").is_excessive(), "{matrix}");
}

#[tokio::test]
async fn without_the_plugin_for_it_roles_are_read_from_their_table() {
    let world = World::start().await;
    world.sandbox.change_habits(|habits| habits.role_inheritance_is_missing = true);
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    assert_eq!(row(&matrix, "user_admin").found, Found::Held, "{matrix}");
    assert_eq!(row(&matrix, "admin").found, Found::Lacking, "{matrix}");
    // And where that is closed too, they stay unproven.
    world.sandbox.add_fault(
        Fault::servicenow("GET", "/api/now/table/sys_user_has_role*", Effect::Status(403)).always(),
    );
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    for role in ["user_admin", "admin"] {
        assert_eq!(row(&matrix, role).found, Found::Unproven, "{matrix}");
    }
}

#[tokio::test]
async fn a_table_that_may_not_be_read_is_told() {
    let world = World::start().await;
    world.sandbox.change_habits(|habits| habits.role_inheritance_is_missing = true);
    for table in ["sys_user_has_role", "sc_task"] {
        let path = format!("/api/now/table/{table}*");
        world.sandbox.add_fault(Fault::servicenow("GET", &path, Effect::Status(403)).always());
    }
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    let row = row(&matrix, "itil");
    assert!(row.is_missing() && row.how.contains("sc_task may not be read"), "{matrix}");
}

#[tokio::test]
async fn wrong_credentials_are_an_error_and_no_finding() {
    let world = World::start().await;
    let okta = OktaClient::builder(world.sandbox.okta_url()).api_token("wrong".to_owned().into());
    let okta = okta.clock(Arc::new(SandboxClock(world.sandbox.clock()))).build().unwrap();
    let systems = Systems::new(okta, world.systems().servicenow);
    assert!(permissions::check(&systems, &needed()).await.is_err());
}

#[tokio::test]
async fn the_matrix_reads_as_a_table() {
    let world = World::start().await;
    take_away(&world, "user_admin");
    let matrix = permissions::check(&world.systems(), &needed()).await.unwrap();
    let text = matrix.to_string();
    let line = |capability: &str| text.lines().find(|line| line.contains(capability)).unwrap();
    for (capability, verdict) in [
        ("okta.users.manage", "held"),
        ("okta.roles.manage", "TOO MUCH"),
        ("user_admin", "MISSING"),
        ("scim_admin", "withheld"),
    ] {
        assert!(line(capability).contains(verdict), "{text}");
    }
    let column = line("okta.users.manage").find("Okta scope");
    assert!(
        text.lines().filter(|line| line.contains("Okta scope")).all(|line| line.find("Okta scope") == column)
    );
}
