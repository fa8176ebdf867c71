//! Somebody who was here before comes back, as both sides saw it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use lifecycle::guard::Flag;
use lifecycle::{Onboard, Operation as _, OperationError, RunStatus};
use sandbox::{Ticket, group_id};
use serde_json::{Value, json};
use servicenow_client::tables::SysUser;

use support::looking::{short, text};
use support::sweep::Scenario;
use support::{World, onboard, policy};

const LOGIN: &str = "nora.former@acme.example";
const NUMBER: &str = "90001";
const LEFT_OVER: [&str; 3] = ["Payroll Admins", "Salesforce Users", "Sales"];
const GROUPS: [&str; 5] = ["All Employees", "Engineering", "GitHub Users", "Jira Users", "VPN Users"];

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// An account of the person in some status, with what it was given long ago.
fn account(world: &World, login: &str, status: &str) -> Value {
    let profile = json!({
        "login": login, "email": login, "firstName": "Nora", "lastName": "Former", "employeeNumber": NUMBER,
        "department": "Sales", "title": "Account Executive", "userType": "employee", "city": "Austin",
        "manager": "Somebody Else", "secondEmail": "old@mail.example", "costCenter": "SAL",
    });
    let groups = [&LEFT_OVER[..], &["VPN Users", "acme.local Domain Users"]].concat();
    let user = json!({"profile": profile, "status": status, "groups": groups});
    world.sandbox.add_okta_user(&user).unwrap();
    world.okta_user(login)
}

/// A former colleague, gone from both systems the way people go, and a ticket that asks for the same person.
async fn former(world: &World) -> Ticket {
    former_with(world, |_| {}).await
}

async fn former_with(world: &World, change: impl FnOnce(&mut sandbox::OnboardingRequest)) -> Ticket {
    let user = account(world, LOGIN, "DEPROVISIONED");
    world.sandbox.add_okta_factor(&text(&user["id"]), "push", "OKTA").unwrap();
    let users = world.systems().servicenow.table::<SysUser>();
    let fields = json!({
        "user_name": LOGIN, "email": LOGIN, "first_name": "Nora", "last_name": "Former", "title": "Account Executive",
        "employee_number": NUMBER, "active": "false", "locked_out": "true",
    });
    users.create(&fields).await.unwrap();
    world.hire_with(change)
}

#[tokio::test]
async fn somebody_who_was_here_before_gets_the_former_account_with_nothing_of_its_past() {
    let world = World::start().await;
    let ticket = former(&world).await;
    let (before, count) = (world.okta_user(LOGIN), world.okta_users().len());
    let old = world.users_numbered(NUMBER)[0].clone();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);

    let user = world.okta_user(LOGIN);
    assert_eq!(
        (&user["id"], &user["created"]),
        (&before["id"], &before["created"]),
        "the history stays joined"
    );
    assert_eq!(world.okta_users().len(), count, "nobody was made");
    assert_eq!(user["status"], "PROVISIONED");
    let mut groups = world.groups_of(&user);
    assert!(groups.remove("acme.local Domain Users"), "what a directory fills is not ours to empty");
    assert_eq!(groups, names(&GROUPS));
    let profile = &user["profile"];
    let expected = json!({
        "login": LOGIN, "firstName": "Nora", "lastName": "Lindqvist", "displayName": "Nora Lindqvist",
        "department": "Engineering", "title": "Software Engineer", "city": "Oslo",
        "secondEmail": "nora.lindqvist@mail.example",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(profile[name], *value, "{name}");
    }
    assert_ne!(profile["manager"], "Somebody Else");

    let accounts = world.users_numbered(NUMBER);
    assert_eq!(accounts.len(), 1, "reactivated, and not made twice");
    let account = &accounts[0];
    assert_eq!(account["sys_id"], old["sys_id"]);
    for (field, value) in [
        ("active", "true"),
        ("locked_out", "false"),
        ("last_name", "Lindqvist"),
        ("title", "Software Engineer"),
        ("user_name", LOGIN),
    ] {
        assert_eq!(account[field], value, "{field}");
    }
    assert_eq!(world.states(&ticket), ["3", "3", "3"]);
}

#[tokio::test]
async fn leftover_groups_go_before_the_activation_and_the_only_mail_goes_last() {
    let world = World::start().await;
    let ticket = former(&world).await;
    let id = text(&world.okta_user(LOGIN)["id"]);
    let prepared = world.writes().len();
    let engine = world.engine(world.systems()).await;
    engine.run(&onboard(&ticket)).await.unwrap();

    let writes = &world.writes()[prepared..];
    let okta: Vec<_> = writes.iter().filter(|write| write.system == "okta").cloned().collect();
    let group = |method: &str, name: &str| format!("{method} /api/v1/groups/{}/users/{id}", group_id(name));
    let user = |rest: &str| format!("POST /api/v1/users/{id}{rest}");
    let sent = short(&okta);
    let (removed, rest) = sent.split_at(LEFT_OVER.len());
    assert_eq!(BTreeSet::from_iter(removed), LEFT_OVER.map(|name| group("DELETE", name)).iter().collect());
    assert_eq!(rest[0], user("/lifecycle/activate?sendEmail=false"), "nobody gets the link yet");
    assert_eq!(rest[1], user(""), "rules of the new department apply before the link is out");
    let joined =
        ["All Employees", "Engineering", "GitHub Users", "Jira Users"].map(|name| group("PUT", name));
    assert_eq!(BTreeSet::from_iter(&rest[2..6]), joined.iter().collect(), "VPN Users was kept");
    assert_eq!(rest[6..], [user("/lifecycle/reset_factors"), user("/lifecycle/reactivate?sendEmail=true")]);

    let mails = world.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!((text(&mails[0]["template"]), text(&mails[0]["userId"])), ("user-activation".into(), id));
}

#[tokio::test]
async fn what_the_ticket_leaves_open_is_not_as_it_was_before() {
    let world = World::start().await;
    let open = |request: &mut sandbox::OnboardingRequest| {
        (request.title, request.location, request.personal_email) = (None, None, None);
    };
    let ticket = former_with(&world, open).await;
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    let profile = &world.okta_user(LOGIN)["profile"];
    for attribute in ["title", "city", "secondEmail"] {
        assert!(profile[attribute].is_null(), "{attribute} is still {}", profile[attribute]);
    }
}

#[tokio::test]
async fn a_rehire_before_the_start_date_stays_deprovisioned() {
    let world = World::start().await;
    let ticket = former_with(&world, |request| request.start_date = Some("2026-03-16".into())).await;
    let engine = world.engine(world.systems()).await;
    let waiting = engine.run(&onboard(&ticket)).await.unwrap();
    assert!(matches!(waiting.status, RunStatus::Waiting { .. }), "{}", waiting.status);
    assert_eq!(world.okta_user(LOGIN)["status"], "DEPROVISIONED");
    assert!(world.groups_of(&world.okta_user(LOGIN)).is_disjoint(&names(&LEFT_OVER)));
    world.sandbox.clock().advance_to("2026-03-16T00:00:00Z".parse().unwrap());
    engine.resume().await.unwrap();
    let run = engine.finish(&waiting.id).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.mails().len(), 1);
}

/// What was done shows in Okta's log only after a while.
const LOG_LAG: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehire_killed_or_struck_at_any_request_ends_as_if_it_had_not_been_though_the_log_is_slow() {
    let rehire = Scenario::new(async |world: &World| onboard(&former(world).await));
    rehire.company(|sandbox| sandbox.log_lag(LOG_LAG)).sweep().await;
}

/// What a person has to decide: nothing is written, and the message says what was found.
#[track_caller]
fn assert_asks(error: &OperationError, says: &[&str]) {
    assert!(matches!(error, OperationError::NeedsHuman(_)), "{error:?}");
    for part in says {
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
}

#[tokio::test]
async fn an_account_with_the_number_that_is_not_deprovisioned_is_for_a_person_to_decide() {
    for (status, says) in [
        ("SUSPENDED", "somebody meant that"),
        ("STAGED", "somebody prepared it"),
        ("ACTIVE", "this is no new hire"),
        ("LOCKED_OUT", "this is no new hire"),
        ("PROVISIONED", "this is no new hire"),
        ("PASSWORD_EXPIRED", "this is no new hire"),
        ("RECOVERY", "this is no new hire"),
    ] {
        let world = World::start().await;
        let user = account(&world, LOGIN, status);
        let engine = world.engine(world.systems()).await;
        let ticket = world.hire();
        let what_if = onboard(&ticket).what_if(&world.systems()).await.unwrap_err();
        assert_asks(&what_if, &[NUMBER, &text(&user["id"]), status, says]);
        let run = engine.run(&onboard(&ticket)).await.unwrap_err();
        assert_eq!(run.to_string(), what_if.to_string());
        world.assert_untouched();
        assert!(engine.open_runs().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn two_accounts_with_the_number_are_for_a_person_to_decide() {
    let world = World::start().await;
    let accounts = [account(&world, LOGIN, "DEPROVISIONED"), account(&world, "n.f@acme.example", "ACTIVE")];
    let error = onboard(&world.hire()).what_if(&world.systems()).await.unwrap_err();
    assert_asks(&error, &["several accounts", NUMBER, &text(&accounts[0]["id"]), &text(&accounts[1]["id"])]);
    world.assert_untouched();
}

#[tokio::test]
async fn admin_roles_of_a_former_account_go_before_the_activation() {
    let world = World::start().await;
    let ticket = former(&world).await;
    world.sandbox.add_okta_role(LOGIN, "USER_ADMIN").unwrap();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.okta_user(LOGIN)["roles"], json!([]));
    let place = |part: &str| short(&world.writes()).iter().position(|write| write.contains(part)).unwrap();
    assert!(place("/roles/") < place("/lifecycle/activate"));
}

#[tokio::test]
async fn a_password_from_before_opens_nothing_any_more() {
    let world = World::start().await;
    let ticket = former(&world).await;
    // An account that was in use once has a password, and is ACTIVE as soon as it is activated.
    world.sandbox.set_okta_status(LOGIN, "ACTIVE").unwrap();
    world.sandbox.set_okta_password(LOGIN, "from-before").unwrap();
    world.sandbox.set_okta_status(LOGIN, "DEPROVISIONED").unwrap();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(world.okta_user(LOGIN)["status"], "RECOVERY");
    let mails = world.mails();
    assert!(matches!(&mails[..], [mail] if mail["template"] == "password-reset"), "{mails:?}");
}

#[tokio::test]
async fn a_former_account_that_is_not_to_be_taken_back_is_for_a_person_to_decide() {
    let world = World::start().await;
    let ticket = former(&world).await;
    let prepared = world.writes().len();
    let flag = Flag::new("costCenter", ["SAL"]);
    let onboard = Onboard::ticket(&ticket.number, policy()).not_taken_back(flag);
    let error = onboard.what_if(&world.systems()).await.unwrap_err();
    assert_asks(&error, &["has costCenter set to \"SAL\"", "not taken up again"]);
    assert_eq!(world.writes().len(), prepared);
}

#[tokio::test]
async fn somebody_whose_account_was_deleted_gets_a_new_one_and_the_servicenow_user_of_before_unlocked() {
    let world = World::start().await;
    let users = world.systems().servicenow.table::<SysUser>();
    let fields = json!({
        "user_name": "nora.lindqvist@acme.example", "first_name": "Nora", "last_name": "Former", "employee_number": NUMBER,
        "active": "false", "locked_out": "true",
    });
    let old = users.create(&fields).await.unwrap();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&world.hire())).await.unwrap();
    assert_eq!((run.status, run.subject.login.as_str()), (RunStatus::Done, "nora.lindqvist@acme.example"));
    let accounts = world.users_numbered(NUMBER);
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["sys_id"], old.sys_id.as_str());
    assert_eq!((&accounts[0]["active"], &accounts[0]["locked_out"]), (&json!("true"), &json!("false")));
}

#[tokio::test]
async fn a_servicenow_user_that_does_not_fit_is_found_before_anything_is_written() {
    let cases = [
        (
            json!({"user_name": "nora", "employee_number": NUMBER}),
            "is named nora, and the account's login is",
        ),
        (json!({"user_name": LOGIN, "employee_number": "12345"}), "does not have the employee number 90001"),
    ];
    for (fields, says) in cases {
        let world = World::start().await;
        account(&world, LOGIN, "DEPROVISIONED");
        world.systems().servicenow.table::<SysUser>().create(&fields).await.unwrap();
        let prepared = world.writes().len();
        let error = onboard(&world.hire()).what_if(&world.systems()).await.unwrap_err();
        assert_asks(&error, &[says]);
        assert_eq!(world.writes().len(), prepared);
    }
}

#[tokio::test]
async fn a_number_that_only_an_old_search_result_shows_is_nobodys() {
    let world = World::start().await;
    let user = account(&world, LOGIN, "DEPROVISIONED");
    let ticket = world.hire();
    // Renumbered a moment ago: the search still finds the old number.
    let fields = okta_client::users::ProfilePatch::new().set("employeeNumber", "12345");
    let id = text(&user["id"]).parse().unwrap();
    world.sandbox.set_okta_status(LOGIN, "ACTIVE").unwrap();
    world.systems().okta.users().update(&id, &fields).await.unwrap();
    let plan = onboard(&ticket).what_if(&world.systems()).await.unwrap();
    assert_eq!(plan.subject.login, "nora.lindqvist@acme.example");
    let read = format!("/api/v1/users/{}", text(&user["id"]));
    assert!(world.sandbox.requests().iter().any(|request| request.method == "GET" && request.path == read));
}
