//! Apps and who has them against the sandbox, over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::OktaClient;
use okta_client::apps::{
    AppGroupPatch, AppId, AppStatus, AppUserPatch, Assigned, AssignmentScope, GroupAssignment, NewApp,
    NewAppUser, SignOnMode,
};
use okta_client::groups::GroupId;
use okta_client::users::{Profile, UserId};
use sandbox::{Effect, Fault, Limits, Sandbox, app_id, group_id};
use serde_json::json;

async fn world() -> (Sandbox, OktaClient, UserId) {
    let builder = Sandbox::builder().people(12).limits(Limits::Unlimited).frozen_clock();
    let sandbox = builder.start().await.unwrap();
    let okta = support::frozen::client(&sandbox);
    let person = json!({"profile": {
        "login": "ann@acme.example", "email": "ann@acme.example", "firstName": "Ann", "lastName": "Lee",
    }, "groups": ["All Employees"]});
    let ann = sandbox.add_okta_user(&person).unwrap().parse().unwrap();
    (sandbox, okta, ann)
}

fn app(label: &str) -> AppId {
    app_id(label).parse().unwrap()
}

fn group(name: &str) -> GroupId {
    group_id(name).parse().unwrap()
}

/// The types of the events about apps so far, in order.
fn events(sandbox: &Sandbox) -> Vec<String> {
    let logs = sandbox.state()["okta"]["logs"].clone();
    let kinds = logs.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap().to_owned());
    kinds.filter(|kind| kind.contains("application")).collect()
}

async fn apps_of(okta: &OktaClient, user: &UserId) -> Vec<(String, AssignmentScope)> {
    let apps = okta.apps().list().of_user(user).send().collect_all().await.unwrap();
    apps.iter().map(|app| (app.label.clone(), app.user().unwrap().scope.unwrap())).collect()
}

#[tokio::test]
async fn an_app_lives() {
    let (sandbox, okta, _) = world().await;
    let new = NewApp::new("Wiki", SignOnMode::Bookmark)
        .name("bookmark")
        .with("settings", json!({"app": {"requestIntegration": false, "url": "https://wiki.acme.example"}}));
    let mut wiki = okta.apps().create(&new).await.unwrap();
    wiki.label = "The wiki".into();
    let wiki = okta.apps().replace(&wiki).await.unwrap();
    assert_eq!(wiki.settings.get("app").unwrap()["url"], "https://wiki.acme.example");
    assert!(okta.apps().delete(&wiki.id).await.unwrap_err().is_wrong_state());
    okta.apps().deactivate(&wiki.id).await.unwrap();
    assert_eq!(okta.apps().get(&wiki.id).await.unwrap().status, AppStatus::Inactive);
    let named =
        async |okta: &OktaClient| okta.apps().list().q("The w").send().collect_all().await.unwrap().len();
    assert_eq!(named(&okta).await, 0, "lists leave out what is not in use");
    assert_eq!(
        okta.apps().list().q("The w").including_inactive().send().collect_all().await.unwrap().len(),
        1
    );
    okta.apps().delete(&wiki.id).await.unwrap();
    assert_eq!(okta.apps().find(&wiki.id).await.unwrap(), None);
    let lived =
        ["create", "update", "deactivate", "delete"].map(|what| format!("application.lifecycle.{what}"));
    assert_eq!(events(&sandbox), lived);
}

#[tokio::test]
async fn assigned_is_not_provisioned() {
    let (sandbox, okta, ann) = world().await;
    let apps = okta.apps();
    let figma = apps.users(&app("Figma"));
    let new = NewAppUser::new(&ann).profile(Profile::new().with("seat", "editor"));
    let Assigned::Now(made) = figma.assign(&new).await.unwrap() else { panic!() };
    assert_eq!((made.scope.clone(), made.external_id.clone()), (Some(AssignmentScope::User), None));
    assert!(!made.is_provisioned());
    sandbox.clock().advance(Duration::from_secs(3));
    let made = figma.get(&ann).await.unwrap();
    assert!(made.is_provisioned() && made.external_id.is_some());
    assert_eq!(made.profile.text("seat"), Some("editor"));
    assert!(matches!(figma.assign(&NewAppUser::new(&ann)).await.unwrap(), Assigned::Already(_)));
    assert_eq!(events(&sandbox), ["application.user_membership.add"], "once");
    figma.unassign(&ann).await.unwrap();
    figma.unassign(&ann).await.unwrap();
    assert_eq!(figma.find(&ann).await.unwrap(), None);
}

#[tokio::test]
async fn an_assignment_whose_answer_is_lost_is_found_by_asking_again() {
    let (sandbox, okta, ann) = world().await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/apps/*/users", Effect::CutAfter));
    let apps = okta.apps();
    let figma = apps.users(&app("Figma"));
    let lost = figma.assign(&NewAppUser::new(&ann)).await.unwrap_err();
    assert_eq!(lost.delivery(), okta_client::Delivery::Unknown);
    assert!(matches!(figma.assign(&NewAppUser::new(&ann)).await.unwrap(), Assigned::Already(_)));
    assert_eq!(events(&sandbox), ["application.user_membership.add"]);
}

#[tokio::test]
async fn an_unknown_attribute_and_somebody_not_active_are_refused() {
    let (sandbox, okta, ann) = world().await;
    let apps = okta.apps();
    let figma = apps.users(&app("Figma"));
    let new = NewAppUser::new(&ann).profile(Profile::new().with("colour", "blue"));
    let refused = figma.assign(&new).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().causes, ["Property 'colour' not found"]);
    sandbox.set_okta_status("ann@acme.example", "DEPROVISIONED").unwrap();
    assert!(figma.assign(&NewAppUser::new(&ann)).await.unwrap_err().is_wrong_state());
}

#[tokio::test]
async fn a_group_grants_its_apps_and_takes_them_away() {
    let (sandbox, okta, ann) = world().await;
    assert_eq!(apps_of(&okta, &ann).await, [("Handbook".to_owned(), AssignmentScope::Group)]);
    okta.groups().add(&group("GitHub Users"), &ann).await.unwrap();
    let apps = okta.apps();
    let github = apps.users(&app("GitHub"));
    let held = github.get(&ann).await.unwrap();
    assert_eq!(held.scope, Some(AssignmentScope::Group));
    assert_eq!(held.granting_group(), Some(group("GitHub Users")));
    let refused = github.unassign(&ann).await.unwrap_err();
    assert!(refused.problem().unwrap().is_granted_by_group());
    okta.groups().remove(&group("GitHub Users"), &ann).await.unwrap();
    assert_eq!(github.find(&ann).await.unwrap(), None);
    assert_eq!(events(&sandbox), ["application.user_membership.add", "application.user_membership.remove"]);
}

#[tokio::test]
async fn a_groups_app_is_among_the_links_of_its_people() {
    let (_sandbox, okta, ann) = world().await;
    let apps = async || {
        let links = okta.users().app_links(&ann).collect_all().await.unwrap();
        links.into_iter().map(|link| link.app_instance_id).collect::<Vec<_>>()
    };
    okta.groups().add(&group("GitHub Users"), &ann).await.unwrap();
    assert_eq!(apps().await, [app("Handbook"), app("GitHub")]);
    okta.groups().remove(&group("GitHub Users"), &ann).await.unwrap();
    assert_eq!(apps().await, [app("Handbook")]);
}

#[tokio::test]
async fn a_direct_assignment_of_somebody_in_a_granting_group_cannot_end_but_outlives_the_membership() {
    let (_sandbox, okta, ann) = world().await;
    okta.groups().add(&group("GitHub Users"), &ann).await.unwrap();
    let apps = okta.apps();
    let github = apps.users(&app("GitHub"));
    let direct = AppUserPatch::new().scope(AssignmentScope::User);
    assert_eq!(github.update(&ann, &direct).await.unwrap().scope, Some(AssignmentScope::User));
    assert!(github.unassign(&ann).await.unwrap_err().problem().unwrap().is_granted_by_group());
    okta.groups().remove(&group("GitHub Users"), &ann).await.unwrap();
    assert_eq!(github.get(&ann).await.unwrap().scope, Some(AssignmentScope::User));
    let grouped = AppUserPatch::new().scope(AssignmentScope::Group);
    assert!(github.update(&ann, &grouped).await.is_err(), "no group of hers has it");
    github.unassign(&ann).await.unwrap();
}

#[tokio::test]
async fn an_app_given_to_a_group_reaches_its_people() {
    let (sandbox, okta, ann) = world().await;
    let sales = group("Sales");
    okta.groups().add(&sales, &ann).await.unwrap();
    let apps = okta.apps();
    let (groups, users) = (apps.groups(&app("Figma")), apps.users(&app("Figma")));
    let seat = GroupAssignment::new().priority(0).profile(Profile::new().with("seat", "viewer"));
    groups.assign(&sales, &seat).await.unwrap();
    assert_eq!(users.get(&ann).await.unwrap().profile.text("seat"), Some("viewer"));
    groups.update(&sales, &AppGroupPatch::new().set("seat", "editor")).await.unwrap();
    assert_eq!(groups.get(&sales).await.unwrap().profile.text("seat"), Some("editor"));
    let members = okta.groups().members(&sales).collect_all().await.unwrap().len();
    assert_eq!(users.list().with_people().send().collect_all().await.unwrap().len(), members);
    assert_eq!(okta.groups().apps(&sales).collect_all().await.unwrap()[0].label, "Figma");
    groups.unassign(&sales).await.unwrap();
    groups.unassign(&sales).await.unwrap();
    assert_eq!(users.list().send().collect_all().await.unwrap(), []);
    let seen = events(&sandbox);
    let count = |what: &str| seen.iter().filter(|event| *event == what).count();
    assert_eq!(count("application.user_membership.add"), members);
    assert_eq!(count("application.user_membership.remove"), members);
    let groups = seen.iter().filter(|event| event.starts_with("group.application_assignment."));
    let expected = ["add", "update", "remove"].map(|what| format!("group.application_assignment.{what}"));
    assert_eq!(groups.cloned().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn who_is_deactivated_has_no_apps_and_gets_back_only_those_of_groups() {
    let (sandbox, okta, ann) = world().await;
    okta.groups().add(&group("GitHub Users"), &ann).await.unwrap();
    okta.apps().users(&app("Figma")).assign(&NewAppUser::new(&ann)).await.unwrap();
    assert_eq!(apps_of(&okta, &ann).await.len(), 3);
    okta.users().deactivate(&ann).await.unwrap();
    assert_eq!(apps_of(&okta, &ann).await, []);
    let gone = events(&sandbox).iter().filter(|event| event.ends_with("remove")).count();
    assert_eq!(gone, 3);
    okta.users().activate(&ann, okta_client::users::Mail::Withhold).await.unwrap();
    let back: Vec<String> = apps_of(&okta, &ann).await.into_iter().map(|(label, _)| label).collect();
    assert_eq!(back, ["Handbook", "GitHub"]);
}
