//! Policies against tenants: who there is and what they hold, what is wrong with the targets, what explains access.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;

use lifecycle::holdings::{Provenance, held};
use lifecycle::policy::{Attributes, Entitlement, Explained, Person, Policy, Population, Verdict};
use lifecycle::rails::Rails;
use okta_client::apps::{AppId, NewAppUser};
use okta_client::group_rules::NewGroupRule;
use okta_client::roles::{NewRoleAssignment, RoleType};
use okta_client::users::{Profile, User};
use serde_json::json;
use servicenow_client::tables::{SysUser, SysUserGroup};
use servicenow_client::{Query, SysId};

use support::World;

fn policy() -> Policy {
    support::policy()
}

async fn population(world: &World, policy: &Policy) -> Population {
    let about = policy.targets().map(|(_, target)| &target.entitlement);
    Population::read(&world.systems(), about).await.unwrap()
}

/// A policy with one target and a rule that grants it.
fn with_target(target: &str) -> Policy {
    let text = format!(
        "version = 1\nname = \"test\"\nowner = \"iam\"\n[targets]\nt = {target}\n\
         [[rules]]\nid = \"r\"\nwhen = 'true'\ngrant = [\"t\"]\n"
    );
    Policy::parse("p.toml", &text).unwrap()
}

/// What is wrong with one target, in the words of the lint.
async fn lint(world: &World, target: &str) -> Vec<String> {
    let findings = with_target(target).lint_tenants(&world.systems()).await.unwrap();
    findings.iter().map(|finding| format!("{}: {}", finding.check, finding.what)).collect()
}

fn group(name: &str) -> Entitlement {
    Entitlement::OktaGroup { id: sandbox::group_id(name).parse().unwrap(), name: None }
}

async fn somebody(world: &World, title: &str) -> User {
    let users = world.systems().okta.users().list().send().collect_all().await.unwrap();
    users.into_iter().find(|user| user.profile.text("title") == Some(title)).unwrap()
}

async fn account(world: &World, login: &str) -> SysId {
    let named = Query::new().eq("user_name", login);
    let found = world.systems().servicenow.table::<SysUser>().find_one(named).await.unwrap();
    found.unwrap().sys_id
}

#[tokio::test]
async fn the_example_policy_fits_the_sandboxs_company() {
    let world = World::with(|sandbox| sandbox.people(200).limits(sandbox::Limits::Unlimited)).await;
    let policy = policy();
    let population = population(&world, &policy).await;
    assert_eq!((population.people.len(), population.complete), (200, true));
    assert_eq!(policy.lint_people(&population), []);
    assert_eq!(policy.lint_tenants(&world.systems()).await.unwrap(), []);
    world.assert_untouched();
}

#[tokio::test]
async fn everybody_is_read_with_what_they_hold_in_both_systems() {
    let world = World::start().await;
    let systems = world.systems();
    let user = somebody(&world, "VP of Support").await;
    let login = user.profile.login().unwrap().to_owned();
    let app: AppId = sandbox::app_id("Figma").parse().unwrap();
    let seat = Profile::new().with("seat", "viewer");
    systems.okta.apps().users(&app).assign(&NewAppUser::new(&user.id).profile(seat)).await.unwrap();
    give_role(&world, &login, "itil").await;

    let figma = Entitlement::OktaApp { id: app, name: None, profile: [].into() };
    let itil = Entitlement::ServiceNowRole { name: "itil".to_owned() };
    let about = [group("Salesforce Users"), group("Finance Systems"), figma, itil];
    let population = Population::read(&systems, &about).await.unwrap();
    let person = population.people.iter().find(|person| person.login == login).unwrap();
    let held: Vec<bool> = about.iter().map(|entitlement| person.holds.contains(entitlement)).collect();
    assert_eq!(held, [true, false, true, true]);
    assert_eq!(person.attributes.get_str("department"), Some("Support"));
}

async fn give_role(world: &World, login: &str, role: &str) {
    let systems = world.systems();
    let named = Query::new().eq("name", role);
    let role =
        systems.servicenow.table::<servicenow_client::tables::SysUserRole>().find_one(named).await.unwrap();
    let row = json!({ "user": account(world, login).await, "role": role.unwrap().sys_id });
    systems.servicenow.records("sys_user_has_role").unwrap().create(&row).await.unwrap();
}

#[tokio::test]
async fn a_group_that_is_not_there_has_no_members() {
    let world = World::start().await;
    let policy = with_target("{ okta_group = \"00gNoSuchGroup000000\" }");
    assert!(population(&world, &policy).await.people.iter().all(|person| person.holds.is_empty()));
}

#[tokio::test]
async fn a_target_that_is_not_there_is_found() {
    let world = World::start().await;
    assert_eq!(
        lint(&world, "{ okta_group = \"00gNoSuchGroup000000\" }").await,
        ["target-not-found: target \"t\", Okta group 00gNoSuchGroup000000, is not in Okta"]
    );
    assert_eq!(
        lint(&world, "{ okta_app = \"0oaNoSuchApp00000000\" }").await,
        ["target-not-found: target \"t\", Okta app 0oaNoSuchApp00000000, is not in Okta"]
    );
    let sys_id = "0123456789abcdef0123456789abcdef";
    assert_eq!(
        lint(&world, &format!("{{ servicenow_group = {sys_id:?} }}")).await,
        [format!("target-not-found: target \"t\", ServiceNow group {sys_id}, is not in ServiceNow")]
    );
    assert_eq!(
        lint(&world, "{ servicenow_role = \"no_such_role\" }").await,
        ["target-not-found: target \"t\", ServiceNow role \"no_such_role\", is not in ServiceNow"]
    );
}

#[tokio::test]
async fn a_target_with_another_name_is_found() {
    let world = World::start().await;
    let id = sandbox::group_id("Sales");
    assert_eq!(
        lint(&world, &format!("{{ okta_group = {id:?}, name = \"Legal\" }}")).await,
        [format!("target-renamed: target \"t\", Okta group \"Legal\" ({id}), is called \"Sales\" there")]
    );
    assert_eq!(lint(&world, &format!("{{ okta_group = {id:?}, name = \"Sales\" }}")).await, [""; 0]);
}

#[tokio::test]
async fn a_group_that_a_directory_fills_is_found() {
    let world = World::start().await;
    let id = sandbox::group_id("acme.local Domain Users");
    let found = lint(&world, &format!("{{ okta_group = {id:?} }}")).await;
    assert_eq!(
        found,
        [format!(
            "not-okta-group: target \"t\", Okta group {id}, is of type APP_GROUP: its members cannot be changed in Okta"
        )]
    );
}

#[tokio::test]
async fn a_group_that_a_rule_of_okta_fills_is_found_once_the_rule_is_active() {
    let world = World::start().await;
    let rules = world.systems();
    let rules = rules.okta.group_rules();
    let id = sandbox::group_id("Sales");
    let new = NewGroupRule::new("Sellers", "user.department==\"Sales\"", [id.parse().unwrap()]);
    let rule = rules.create(&new).await.unwrap();
    let target = format!("{{ okta_group = {id:?} }}");
    assert_eq!(lint(&world, &target).await, [""; 0]);
    rules.activate(&rule.id).await.unwrap();
    assert_eq!(
        lint(&world, &target).await,
        [format!(
            "rule-managed: target \"t\", Okta group {id}, is filled by Okta's rule \"Sellers\" too: \
             whoever is taken out comes back, or never does"
        )]
    );
}

#[tokio::test]
async fn rules_that_go_in_a_circle_are_found() {
    let world = World::start().await;
    let systems = world.systems();
    let [sales, legal] = ["Sales", "Legal"].map(sandbox::group_id);
    for (name, from, to) in [("one", &sales, &legal), ("two", &legal, &sales)] {
        let new = NewGroupRule::new(name, format!("isMemberOfAnyGroup(\"{from}\")"), [to.parse().unwrap()]);
        let rule = systems.okta.group_rules().create(&new).await.unwrap();
        systems.okta.group_rules().activate(&rule.id).await.unwrap();
    }
    let found = lint(&world, &format!("{{ okta_group = {sales:?} }}")).await;
    assert!(
        found.iter().any(|found| found.starts_with("group-cycle: ") && found.contains(&legal)),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_group_with_an_admin_role_is_found_unless_it_is_called_privileged() {
    let world = World::start().await;
    let id = sandbox::group_id("IT");
    let roles = world.systems();
    let roles = roles.okta.roles();
    let new = NewRoleAssignment::standard(RoleType::HelpDeskAdmin);
    roles.of_group(&id.parse().unwrap()).assign(&new).await.unwrap();
    let found = lint(&world, &format!("{{ okta_group = {id:?} }}")).await;
    assert_eq!(
        found,
        [format!(
            "grants-admin-role: target \"t\", Okta group {id}, brings the role \"HELP_DESK_ADMIN\", and its risk is medium"
        )]
    );
    assert_eq!(lint(&world, &format!("{{ okta_group = {id:?}, risk = \"privileged\" }}")).await, [""; 0]);
}

#[tokio::test]
async fn an_app_or_group_that_is_out_of_use_is_found() {
    let world = World::start().await;
    let systems = world.systems();
    let app = sandbox::app_id("Figma");
    systems.okta.apps().deactivate(&app.parse().unwrap()).await.unwrap();
    assert_eq!(
        lint(&world, &format!("{{ okta_app = {app:?} }}")).await,
        [format!("target-inactive: target \"t\", Okta app {app}, is INACTIVE: nobody can use it")]
    );
    let groups = systems.servicenow.table::<SysUserGroup>();
    let desk = groups.find_one(Query::new().eq("name", "Service Desk")).await.unwrap().unwrap();
    let target = format!("{{ servicenow_group = \"{}\", name = \"Service Desk\" }}", desk.sys_id);
    assert_eq!(lint(&world, &target).await, [""; 0]);
    groups.update(&desk.sys_id, &json!({ "active": "false" })).await.unwrap();
    let found = lint(&world, &target).await;
    assert!(found.len() == 1 && found[0].starts_with("target-inactive: "), "{found:?}");
}

#[tokio::test]
async fn roles_that_give_power_over_people_are_found() {
    let world = World::start().await;
    let found = lint(&world, "{ servicenow_role = \"user_admin\" }").await;
    assert_eq!(
        found,
        [
            "grants-admin-role: target \"t\", ServiceNow role \"user_admin\", brings the role \"user_admin\", and its risk is medium"
        ]
    );
}

#[tokio::test]
async fn what_somebody_holds_is_explained() {
    let world = World::start().await;
    let (systems, policy) = (world.systems(), policy());
    let user = somebody(&world, "VP of IT").await;
    let login = user.profile.login().unwrap();
    give_role(&world, login, "itil").await;
    let holds = held(&systems, &user.id, Some(&account(&world, login).await)).await.unwrap();

    let person = Person::from(&user);
    let explanation = policy.explain(&person.attributes, &holds, &BTreeSet::new()).unwrap();
    let explained = |entitlement: &Entitlement| {
        let holding = explanation.holds.iter().find(|holding| holding.entitlement == *entitlement);
        holding.unwrap_or_else(|| panic!("{entitlement} is not held: {explanation}")).clone()
    };
    assert!(matches!(explained(&group("GitHub Users")).explained, Explained::Policy { .. }));
    // It is theirs to ask for, and nobody granted it.
    assert_eq!(explained(&group("Production Access")).explained, Explained::Nothing);
    let itil = Entitlement::ServiceNowRole { name: "itil".to_owned() };
    assert_eq!(
        (explained(&itil).explained, explained(&itil).provenance),
        (Explained::Nothing, Provenance::Direct)
    );
    let domain = group("acme.local Domain Users");
    assert_eq!(explained(&domain).provenance, Provenance::Elsewhere);
    let github = Entitlement::OktaApp {
        id: sandbox::app_id("GitHub").parse().unwrap(),
        name: None,
        profile: [].into(),
    };
    assert_eq!(explained(&github).provenance, Provenance::Inherited);
    assert_eq!(explanation.missing, []);

    let claims = BTreeSet::from([group("Production Access").claimed()]);
    let explanation = policy.explain(&person.attributes, &holds, &claims).unwrap();
    let holding = explanation.holds.iter().find(|holding| holding.entitlement == group("Production Access"));
    assert_eq!(holding.unwrap().explained, Explained::Grant);
    assert_eq!(world.writes().len(), 1);
}

#[tokio::test]
async fn rows_that_are_hidden_make_a_population_partial_and_trip_the_rails() {
    let world = World::start().await;
    give_role(&world, somebody(&world, "VP of IT").await.profile.login().unwrap(), "itil").await;
    let policy = with_target("{ servicenow_role = \"itil\" }");
    let whole = population(&world, &policy).await;
    assert!(whole.complete);
    let hidden = [("sys_user_has_role".to_owned(), "inherited=false".to_owned())];
    world.sandbox.change_habits(|habits| habits.hidden_rows = hidden.into());
    let population = population(&world, &policy).await;
    assert!(!population.complete);
    let verdict = policy.diff(&policy, &population).verdict(&Rails::default());
    assert!(matches!(verdict, Verdict::RailsTripped { .. }));
}

#[test]
fn a_person_is_known_by_what_okta_calls_them() {
    let profile = [("login", "ada@acme.example"), ("firstName", "Ada"), ("lastName", "Byron")];
    let person = Person::new(Attributes::from_iter(profile));
    assert_eq!((person.login.as_str(), person.name.as_str()), ("ada@acme.example", "Ada Byron"));
}
