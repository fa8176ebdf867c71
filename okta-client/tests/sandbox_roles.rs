//! Stories of admin roles against an org on loopback: who may do what, over what, and how one finds out.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;

use futures::TryStreamExt as _;
use okta_client::groups::GroupId;
use okta_client::iam::{NewCustomRole, NewResourceSet};
use okta_client::roles::{NewRoleAssignment, RoleHolder, RoleType, SuperAdmin};
use okta_client::users::{ProfilePatch, UserId};
use okta_client::{OktaClient, ServiceApp};
use sandbox::{Effect, Fault, Sandbox, group_id};
use serde_json::json;

use support::TestClock;

async fn acme() -> (Sandbox, OktaClient) {
    let sandbox = Sandbox::builder().people(10).start().await.unwrap();
    let okta = OktaClient::builder(sandbox.okta_url())
        .api_token(sandbox.okta_token().into())
        .clock(Arc::new(TestClock::default()))
        .build()
        .unwrap();
    (sandbox, okta)
}

fn person(sandbox: &Sandbox, name: &str, groups: &[&str]) -> UserId {
    let login = format!("{name}@acme.example");
    let person = json!({
        "profile": {"login": login, "email": login, "firstName": name, "lastName": "Lee"}, "groups": groups,
    });
    sandbox.add_okta_user(&person).unwrap().parse().unwrap()
}

fn events(sandbox: &Sandbox) -> Vec<String> {
    let state = sandbox.state();
    let events = state["okta"]["logs"].as_array().unwrap().iter();
    events.map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_role_is_given_narrowed_and_taken_away() {
    let (sandbox, okta) = acme().await;
    let ann = person(&sandbox, "ann", &[]);
    let roles = okta.roles().of_user(&ann);
    let help_desk = NewRoleAssignment::standard(RoleType::HelpDeskAdmin);
    let held = roles.assign(&help_desk).await.unwrap();
    assert_eq!(held.id.as_str(), "JBCUYUC7IRCVGS27IFCE2SKO");
    let twice = roles.assign(&help_desk).await.unwrap_err();
    assert!(twice.problem().unwrap().is_already_assigned(), "{twice:?}");

    let (sales, vpn): (GroupId, GroupId) =
        (group_id("Sales").parse().unwrap(), group_id("VPN Users").parse().unwrap());
    let targets = roles.targets(&held.id);
    targets.add_group(&sales).await.unwrap();
    targets.add_group(&sales).await.unwrap();
    targets.add_group(&vpn).await.unwrap();
    targets.remove_group(&vpn).await.unwrap();
    assert!(targets.remove_group(&sales).await.is_err(), "the last one would widen the role");
    let narrowed = targets.groups().collect_all().await.unwrap();
    assert_eq!(narrowed.iter().map(|group| &group.id).collect::<Vec<_>>(), [&sales]);
    assert!(targets.add_app("salesforce").await.is_err(), "a help desk has no apps");

    roles.unassign(&held.id).await.unwrap();
    assert!(roles.unassign(&held.id).await.unwrap_err().is_not_found());
    assert!(roles.list().collect_all().await.unwrap().is_empty());
    let log = events(&sandbox);
    for event in ["user.account.privilege.grant", "user.account.privilege.revoke"] {
        assert!(log.contains(&event.to_owned()), "{event}");
    }
}

#[tokio::test]
async fn an_app_admin_has_apps() {
    let (sandbox, okta) = acme().await;
    let ann = person(&sandbox, "ann", &[]);
    let roles = okta.roles().of_user(&ann);
    let held = roles.assign(&NewRoleAssignment::standard(RoleType::AppAdmin)).await.unwrap();
    let targets = roles.targets(&held.id);
    let app = "0oa1ab2cd3EF4gh5i6j7".parse().unwrap();
    targets.add_app("salesforce").await.unwrap();
    targets.add_app_instance("box", &app).await.unwrap();
    targets.remove_app("salesforce").await.unwrap();
    assert!(targets.remove_app_instance("box", &app).await.is_err());
    let apps = targets.apps().collect_all().await.unwrap();
    assert_eq!((apps.len(), apps[0].id.as_ref()), (1, Some(&app)));
}

#[tokio::test]
async fn a_role_through_a_group_shows_and_is_not_the_users_own_to_lose() {
    let (sandbox, okta) = acme().await;
    let ann = person(&sandbox, "ann", &["Sales"]);
    let sales: GroupId = group_id("Sales").parse().unwrap();
    let of_group = okta.roles().of_group(&sales);
    of_group.assign(&NewRoleAssignment::standard(RoleType::SuperAdmin)).await.unwrap();
    assert!(events(&sandbox).contains(&"group.privilege.grant".to_owned()));
    let held = okta.roles().of_user(&ann).list().collect_all().await.unwrap();
    assert!(held.len() == 1 && held[0].is_through_group() && held[0].is_super_admin());
    assert!(okta.roles().of_user(&ann).unassign(&held[0].id).await.unwrap_err().is_not_found());

    let admins: Vec<SuperAdmin> = okta.roles().super_admins().try_collect().await.unwrap();
    let assignees = okta.roles().assignees().collect_all().await.unwrap();
    assert_eq!(admins.len(), assignees.len(), "the token's owner, and all of Sales");
    assert!(admins.iter().any(|admin| admin.user == ann && admin.assignments[0].is_through_group()));
    assert!(admins.iter().any(|admin| !admin.assignments[0].is_through_group()));
    okta.groups().remove(&sales, &ann).await.unwrap();
    assert!(okta.roles().of_user(&ann).list().collect_all().await.unwrap().is_empty());
    let everyone: GroupId = group_id("Everyone").parse().unwrap();
    let role = NewRoleAssignment::standard(RoleType::UserAdmin);
    let refused = okta.roles().of_group(&everyone).assign(&role).await.unwrap_err();
    assert!(refused.problem().unwrap().is_code("E0000211"));
}

#[tokio::test]
async fn a_custom_role_is_bound_to_people_over_a_set() {
    let (sandbox, okta) = acme().await;
    let (ann, bob) = (person(&sandbox, "ann", &[]), person(&sandbox, "bob", &["Sales"]));
    let new = NewCustomRole {
        label: "Joiners".into(),
        description: "Makes accounts".into(),
        permissions: vec!["okta.users.create".into()],
    };
    let role = okta.custom_roles().create(&new).await.unwrap();
    assert!(okta.custom_roles().create(&new).await.unwrap_err().problem().unwrap().is_duplicate());
    okta.custom_roles().allow(&role.id, "okta.users.read").await.unwrap();
    okta.custom_roles().disallow(&role.id, "okta.users.create").await.unwrap();
    let allowed = okta.custom_roles().permissions(&role.id).collect_all().await.unwrap();
    assert_eq!(allowed.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["okta.users.read"]);

    let url = format!("{}/api/v1/groups/{}/users", sandbox.okta_url(), group_id("Sales"));
    let new = NewResourceSet { label: "Sellers".into(), description: "Sales".into(), resources: vec![url] };
    let set = okta.resource_sets().create(&new).await.unwrap();
    okta.resource_sets().add_resources(&set.id, &["orn:okta:directory:00o1:users".into()]).await.unwrap();
    let resources = okta.resource_sets().resources(&set.id).collect_all().await.unwrap();
    assert_eq!(resources.len(), 2);

    let bindings = okta.resource_sets().bindings(&set.id);
    let sales = RoleHolder::Group(group_id("Sales").parse().unwrap());
    bindings.create(&role.id, &[RoleHolder::User(ann.clone())]).await.unwrap();
    bindings.add_members(&role.id, &[sales.clone(), RoleHolder::User(ann.clone())]).await.unwrap();
    let members = bindings.members(&role.id).collect_all().await.unwrap();
    let holders: Vec<_> = members.iter().map(|member| member.holder().unwrap()).collect();
    assert_eq!(holders, [RoleHolder::User(ann.clone()), sales]);
    assert_eq!(bindings.list().collect_all().await.unwrap()[0].id, role.id);
    for (user, through_group) in [(&ann, false), (&bob, true)] {
        let held = okta.roles().of_user(user).list().collect_all().await.unwrap();
        assert_eq!((held.len(), held[0].is_through_group()), (1, through_group));
        assert_eq!((&held[0].role, &held[0].resource_set), (&Some(role.id.clone()), &Some(set.id.clone())));
    }
    bindings.remove_member(&role.id, &members[0].id).await.unwrap();
    assert!(okta.roles().of_user(&ann).list().collect_all().await.unwrap().is_empty());
    let again = NewRoleAssignment::custom(role.id.clone(), set.id.clone());
    okta.roles().of_user(&ann).assign(&again).await.unwrap();
    assert!(okta.custom_roles().delete(&role.id).await.is_err(), "somebody holds it");
    okta.resource_sets().delete(&set.id).await.unwrap();
    assert!(okta.roles().of_user(&bob).list().collect_all().await.unwrap().is_empty());
    okta.custom_roles().delete(&role.id).await.unwrap();
    let log = events(&sandbox);
    for event in ["iam.role.create", "iam.resourceset.bindings.add", "iam.resourceset.bindings.delete"] {
        assert!(log.contains(&event.to_owned()), "{event}");
    }
}

#[tokio::test]
async fn more_custom_roles_than_a_page_holds_all_come() {
    let (_sandbox, okta) = acme().await;
    for n in 0..103 {
        let new = NewCustomRole {
            label: format!("Role {n}"),
            description: "One of many".into(),
            permissions: vec!["okta.users.read".into()],
        };
        okta.custom_roles().create(&new).await.unwrap();
    }
    let mut labels: Vec<String> =
        okta.custom_roles().list().map_ok(|role| role.label).try_collect().await.unwrap();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), 103);
}

const KEY: &str = include_str!("../../client-core/tests/keys/p256.jwk.json");
const PUBLIC: &str = include_str!("../../client-core/tests/keys/p256.public.json");

#[tokio::test]
async fn an_app_that_is_no_super_admin_cannot_touch_an_admin() {
    let sandbox = Sandbox::builder().people(5).start().await.unwrap();
    let scopes = ["okta.users.manage", "okta.roles.manage", "okta.apiTokens.manage"];
    let app = sandbox::ServiceApp::new(serde_json::from_str(PUBLIC).unwrap());
    let client_id = sandbox.register_service_app(app.scopes(scopes).admin_role("USER_ADMIN")).unwrap();
    let app = ServiceApp::new(&client_id, KEY.into()).scopes(scopes);
    let okta = OktaClient::builder(sandbox.okta_url()).service_app(app).build().unwrap();
    let (ann, bob) = (person(&sandbox, "ann", &[]), person(&sandbox, "bob", &[]));
    sandbox.add_okta_role(ann.as_str(), "REPORT_ADMIN").unwrap();
    let patch = ProfilePatch::new().set("title", "Lead");
    okta.users().update(&bob, &patch).await.unwrap();
    assert!(okta.users().update(&ann, &patch).await.unwrap_err().is_forbidden());
    assert!(okta.users().suspend(&ann).await.unwrap_err().is_forbidden());
    okta.users().get(&ann).await.unwrap();
    let role = NewRoleAssignment::standard(RoleType::UserAdmin);
    assert!(okta.roles().of_user(&bob).assign(&role).await.unwrap_err().is_forbidden());
    assert!(okta.api_tokens().list().collect_all().await.unwrap_err().is_forbidden());
    let own = okta.roles().of_client(&client_id.parse().unwrap()).list().collect_all().await.unwrap();
    assert_eq!(own[0].role_type, RoleType::UserAdmin);
}

#[tokio::test]
async fn a_role_whose_answer_was_lost_is_not_given_twice_and_shows_in_the_list() {
    let (sandbox, okta) = acme().await;
    let ann = person(&sandbox, "ann", &[]);
    sandbox.add_fault(Fault::okta("POST", "/api/v1/users", Effect::CutAfter));
    let roles = okta.roles().of_user(&ann);
    roles.assign(&NewRoleAssignment::standard(RoleType::UserAdmin)).await.unwrap_err();
    assert_eq!(sandbox.requests().len(), 1);
    assert_eq!(roles.list().collect_all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn api_tokens_tell_their_makers_and_the_own_one_ends_everything() {
    let (sandbox, okta) = acme().await;
    let ann = person(&sandbox, "ann", &[]);
    let id = sandbox.add_okta_api_token(ann.as_str(), "reports").unwrap();
    let of_ann =
        okta.api_tokens().list().try_filter(|token| std::future::ready(token.user_id.as_ref() == Some(&ann)));
    let of_ann: Vec<_> = of_ann.try_collect().await.unwrap();
    assert_eq!((of_ann.len(), of_ann[0].id.as_str()), (1, id.as_str()));
    okta.api_tokens().revoke(&of_ann[0].id).await.unwrap();
    assert!(okta.api_tokens().revoke(&of_ann[0].id).await.unwrap_err().is_not_found());
    assert!(events(&sandbox).contains(&"system.api_token.revoke".to_owned()));
    okta.api_tokens().revoke_current().await.unwrap();
    assert!(okta.users().get(&ann).await.unwrap_err().is_unauthenticated());
}
