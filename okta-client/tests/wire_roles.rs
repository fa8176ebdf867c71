//! Admin roles and API tokens over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use futures::TryStreamExt as _;
use okta_client::apps::AppId;
use okta_client::groups::GroupId;
use okta_client::iam::{CustomRoleId, NewCustomRole, NewResourceSet, ResourceSetId};
use okta_client::roles::{
    NewRoleAssignment, RoleAssignment, RoleAssignmentId, RoleAssignmentType, RoleHolder, RoleType, SuperAdmin,
};
use okta_client::users::UserId;
use okta_client::{Class, Problem as _};
use serde_json::{Value, json};

use support::org::{Org, empty, problem, reply};

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn role() -> CustomRoleId {
    "cr01".parse().unwrap()
}

fn set() -> ResourceSetId {
    "iam1".parse().unwrap()
}

fn standard(kind: &str, id: &str, through: &str) -> Value {
    json!({
        "id": id, "label": "An administrator", "type": kind, "status": "ACTIVE",
        "created": "2026-01-10T12:00:00.000Z", "lastUpdated": "2026-01-10T12:00:00.000Z",
        "assignmentType": through,
        "_links": { "assignee": { "href": "https://acme.okta.com/api/v1/users/00u1ab2cd3EF4gh5i6j7" } }
    })
}

fn custom() -> Value {
    let mut role = standard("CUSTOM", "irb1", "USER");
    role["role"] = json!("cr01");
    role["resource-set"] = json!("iam1");
    role
}

const HELP_DESK: &str = "JBCUYUC7IRCVGS27IFCE2SKO";

#[tokio::test]
async fn every_kind_of_holder_has_roles_at_its_own_address() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let roles = okta.roles();
    for (holder, path) in [
        (roles.of_user(&ann()), "/api/v1/users/00u1ab2cd3EF4gh5i6j7/roles"),
        (roles.of_group(&sales()), "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/roles"),
        (roles.of_client(&"0oa1".parse().unwrap()), "/oauth2/v1/clients/0oa1/roles"),
    ] {
        org.will("GET", reply(200, json!([standard("USER_ADMIN", "KVJUKUS7IFCE2SKO", "GROUP"), custom()])))
            .await;
        let found = holder.list().collect_all().await.unwrap();
        org.saw_one().is("GET", path, None);
        let [own, other] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&own.role_type, own.is_through_group()), (&RoleType::UserAdmin, true));
        assert_eq!(own.assignment_type, Some(RoleAssignmentType::Group));
        assert_eq!((&other.role_type, other.is_through_group()), (&RoleType::Custom, false));
        assert_eq!((other.role.as_ref(), other.resource_set.as_ref()), (Some(&role()), Some(&set())));

        org.will("POST", reply(201, standard("HELP_DESK_ADMIN", HELP_DESK, "USER"))).await;
        let new = NewRoleAssignment::standard(RoleType::HelpDeskAdmin);
        let made = holder.assign(&new).await.unwrap();
        org.saw_one().is("POST", path, Some(json!({ "type": "HELP_DESK_ADMIN" })));
        assert_eq!(made.id.as_str(), HELP_DESK);
        org.will("POST", reply(200, custom())).await;
        holder.assign(&NewRoleAssignment::custom(role(), set())).await.unwrap();
        let body = json!({ "type": "CUSTOM", "role": "cr01", "resource-set": "iam1" });
        org.saw_one().is("POST", path, Some(body));

        org.will("DELETE", empty(204)).await;
        holder.unassign(&made.id).await.unwrap();
        org.saw_one().is("DELETE", &format!("{path}/{HELP_DESK}"), None);
    }
}

#[tokio::test]
async fn an_unknown_role_is_kept_and_makes_nobody_a_super_admin() {
    let sent = standard("OVERLORD_ADMIN", "ra11", "USER");
    let role: RoleAssignment = serde_json::from_value(sent.clone()).unwrap();
    assert_eq!(role.role_type, RoleType::Unknown("OVERLORD_ADMIN".into()));
    assert!(!role.is_super_admin());
    let written = serde_json::to_value(&role).unwrap();
    for name in ["id", "type", "assignmentType", "_links"] {
        assert_eq!(written[name], sent[name], "{name}");
    }
    let mut inactive = standard("SUPER_ADMIN", "ra11", "USER");
    inactive["status"] = json!("INACTIVE");
    assert!(!serde_json::from_value::<RoleAssignment>(inactive).unwrap().is_super_admin());
}

#[tokio::test]
async fn a_third_party_admin_is_one_without_mails_and_never_a_service_app() {
    let org = Org::answering("POST", reply(201, standard("HELP_DESK_ADMIN", HELP_DESK, "USER"))).await;
    let new = NewRoleAssignment::standard(RoleType::HelpDeskAdmin).third_party();
    org.okta.roles().of_user(&ann()).assign(&new).await.unwrap();
    assert!(org.saw_one().target.ends_with("/roles?disableNotifications=true"));
    let error = org.okta.roles().of_client(&"0oa1".parse().unwrap()).assign(&new).await.unwrap_err();
    assert_eq!(error.attempts(), 0, "{error:?}");
}

#[tokio::test]
async fn an_empty_answer_is_looked_up() {
    for nothing in [empty(201), reply(201, json!({}))] {
        let mut org = Org::answering("POST", nothing).await;
        let roles = json!([standard("APP_ADMIN", "IFIFAX2BIRGUSTQ", "GROUP"), custom()]);
        org.will("GET", reply(200, roles)).await;
        let new = NewRoleAssignment::custom(role(), set());
        let made = org.okta.roles().of_group(&sales()).assign(&new).await.unwrap();
        assert_eq!(made.id.as_str(), "irb1");
        assert_eq!(org.saw().len(), 2);
    }
}

#[tokio::test]
async fn a_role_held_already_is_told_and_one_being_written_is_waited_for() {
    let new = NewRoleAssignment::standard(RoleType::HelpDeskAdmin);
    for code in ["E0000090", "E0000263"] {
        let org = Org::answering("POST", reply(409, problem(code, "Duplicate role assignment", &[]))).await;
        let error = org.okta.roles().of_user(&ann()).assign(&new).await.unwrap_err();
        assert!(error.problem().unwrap().is_already_assigned() && error.is_conflict(), "{error:?}");
        org.saw_one();
    }
    let mut org = Org::answering("POST", reply(409, problem("E0000268", "Locked", &[]))).await;
    org.will("POST", reply(201, standard("HELP_DESK_ADMIN", HELP_DESK, "USER"))).await;
    org.okta.roles().of_user(&ann()).assign(&new).await.unwrap();
    assert_eq!(org.saw().len(), 2);
    // It may have been done: to do it again may be wrong.
    let org = Org::answering("POST", reply(503, problem("E0000010", "Read-only", &[]))).await;
    org.okta.roles().of_user(&ann()).assign(&new).await.unwrap_err();
    org.saw_one();
}

#[tokio::test]
async fn a_role_is_narrowed_to_groups_and_apps() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let id: RoleAssignmentId = HELP_DESK.parse().unwrap();
    let targets = okta.roles().of_user(&ann()).targets(&id);
    let path = format!("/api/v1/users/00u1ab2cd3EF4gh5i6j7/roles/{HELP_DESK}/targets");
    let app: AppId = "0oa1".parse().unwrap();

    org.will("PUT", empty(204)).await;
    targets.add_group(&sales()).await.unwrap();
    org.saw_one().is("PUT", &format!("{path}/groups/00g1ab2cd3EF4gh5i6j7"), None);
    org.will("DELETE", empty(204)).await;
    targets.remove_group(&sales()).await.unwrap();
    org.saw_one().is("DELETE", &format!("{path}/groups/00g1ab2cd3EF4gh5i6j7"), None);
    org.will("PUT", empty(204)).await;
    targets.add_app("../x").await.unwrap();
    org.saw_one().is("PUT", &format!("{path}/catalog/apps/..%2Fx"), None);
    org.will("DELETE", empty(204)).await;
    targets.remove_app("salesforce").await.unwrap();
    org.saw_one().is("DELETE", &format!("{path}/catalog/apps/salesforce"), None);
    org.will("PUT", empty(204)).await;
    targets.add_app_instance("salesforce", &app).await.unwrap();
    org.saw_one().is("PUT", &format!("{path}/catalog/apps/salesforce/0oa1"), None);
    org.will("DELETE", empty(204)).await;
    targets.remove_app_instance("salesforce", &app).await.unwrap();
    org.saw_one().is("DELETE", &format!("{path}/catalog/apps/salesforce/0oa1"), None);

    let catalog =
        json!([{ "name": "salesforce", "displayName": "Salesforce" }, { "name": "box", "id": "0oa1" }]);
    org.will("GET", reply(200, catalog)).await;
    let apps = targets.apps().collect_all().await.unwrap();
    assert_eq!((apps[0].id.as_ref(), apps[1].id.as_ref()), (None, Some(&app)));
    org.saw_one().is("GET", &format!("{path}/catalog/apps?limit=200"), None);
}

#[tokio::test]
async fn super_admins_are_asked_for_one_by_one() {
    let mut org = Org::new().await;
    let next = format!("{}/api/v1/iam/assignees/users?after=00u2&limit=100", org.server.url());
    let page = |ids: &[&str]| json!(ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>());
    let first = json!({ "value": page(&["00u1", "00u2"]), "_links": { "next": { "href": next } } });
    org.server
        .mock("GET", "/api/v1/iam/assignees/users?limit=100")
        .with_header("content-type", "application/json")
        .with_body(first.to_string())
        .create_async()
        .await;
    org.server
        .mock("GET", "/api/v1/iam/assignees/users?after=00u2&limit=100")
        .with_header("content-type", "application/json")
        .with_body(json!({ "value": page(&["00u3"]), "_links": {} }).to_string())
        .create_async()
        .await;
    for (id, roles) in [
        ("00u1", json!([standard("HELP_DESK_ADMIN", HELP_DESK, "USER")])),
        ("00u2", json!([custom(), standard("SUPER_ADMIN", "ra11", "USER")])),
        ("00u3", json!([standard("SUPER_ADMIN", "gra1", "GROUP")])),
    ] {
        org.server
            .mock("GET", &*format!("/api/v1/users/{id}/roles"))
            .with_header("content-type", "application/json")
            .with_body(roles.to_string())
            .create_async()
            .await;
    }
    let mut admins: Vec<SuperAdmin> = org.okta.roles().super_admins().try_collect().await.unwrap();
    admins.sort_by(|one, other| one.user.cmp(&other.user));
    let found: Vec<_> = admins
        .iter()
        .map(|admin| (admin.user.as_str(), admin.assignments.len(), admin.assignments[0].is_through_group()))
        .collect();
    assert_eq!(found, [("00u2", 1, false), ("00u3", 1, true)]);
}

#[tokio::test]
async fn an_admin_whose_roles_cannot_be_read_is_an_error_and_nobody_is_left_out_in_silence() {
    let mut org = Org::answering("GET", reply(200, json!({ "value": [{ "id": "00u1" }] }))).await;
    org.will("GET", reply(403, problem("E0000006", "No", &[]))).await;
    let admins: Result<Vec<SuperAdmin>, _> = org.okta.roles().super_admins().try_collect().await;
    assert!(admins.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn custom_roles_are_pages_of_an_object() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let role_json = json!({ "id": "cr01", "label": "Joiners", "description": "Makes accounts" });
    let next = "https://acme-admin.okta.com/api/v1/iam/roles?after=cr01";
    let page = json!({ "roles": [role_json], "_links": { "next": { "href": next } } });
    org.will("GET", reply(200, page)).await;
    org.will("GET", reply(200, json!({ "roles": [], "_links": {} }))).await;
    let found = okta.custom_roles().list().collect_all().await.unwrap();
    assert_eq!((found.len(), found[0].label.as_str()), (1, "Joiners"));
    let targets: Vec<_> = org.saw().into_iter().map(|saw| saw.target).collect();
    assert_eq!(targets, ["/api/v1/iam/roles", "/api/v1/iam/roles?after=cr01"], "on our own host");

    org.will("POST", reply(200, role_json.clone())).await;
    let new = NewCustomRole {
        label: "Joiners".into(),
        description: "Makes accounts".into(),
        permissions: vec!["okta.users.create".into()],
    };
    okta.custom_roles().create(&new).await.unwrap();
    let body = json!({
        "label": "Joiners", "description": "Makes accounts", "permissions": ["okta.users.create"]
    });
    org.saw_one().is("POST", "/api/v1/iam/roles", Some(body));
    let cause = "label: There is already an admin role with this name.";
    org.will("POST", reply(400, problem("E0000001", "Api validation failed: label", &[cause]))).await;
    let error = okta.custom_roles().create(&new).await.unwrap_err();
    assert!(error.problem().unwrap().is_duplicate());
    org.saw();

    org.will("POST", empty(204)).await;
    okta.custom_roles().allow(&role(), "okta.users.read").await.unwrap();
    org.saw_one().is("POST", "/api/v1/iam/roles/cr01/permissions/okta.users.read", None);
    org.will("DELETE", empty(204)).await;
    okta.custom_roles().disallow(&role(), "okta.users.read").await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/iam/roles/cr01/permissions/okta.users.read", None);
    org.will("PUT", reply(200, role_json)).await;
    okta.custom_roles().rename(&role(), "Movers", "Moves people").await.unwrap();
    let body = json!({ "label": "Movers", "description": "Moves people" });
    org.saw_one().is("PUT", "/api/v1/iam/roles/cr01", Some(body));
    org.will("DELETE", empty(204)).await;
    okta.custom_roles().delete(&role()).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/iam/roles/cr01", None);
    let permission = json!({ "label": "okta.users.read", "conditions": { "include": { "a": ["city"] } } });
    org.will("GET", reply(200, json!({ "permissions": [permission] }))).await;
    let found = okta.custom_roles().permissions(&role()).collect_all().await.unwrap();
    assert_eq!(found[0].conditions.as_ref().unwrap()["include"]["a"][0], "city");
}

#[tokio::test]
async fn resource_sets_bind_roles_to_people_by_their_addresses() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let sets = okta.resource_sets();
    let address = |path: &str| format!("{}{path}", okta.org_url().trim_end_matches('/'));

    org.will("POST", reply(200, json!({ "id": "iam1", "label": "Oslo", "description": "People in Oslo" })))
        .await;
    let resources = vec![address("/api/v1/groups/00g1/users")];
    let new = NewResourceSet { label: "Oslo".into(), description: "People in Oslo".into(), resources };
    assert_eq!(sets.create(&new).await.unwrap().id, set());
    let body = json!({ "label": "Oslo", "description": "People in Oslo", "resources": new.resources });
    org.saw_one().is("POST", "/api/v1/iam/resource-sets", Some(body));

    let bindings = sets.bindings(&set());
    let people = address("/api/v1/users/00u1ab2cd3EF4gh5i6j7");
    let group = address("/api/v1/groups/00g1ab2cd3EF4gh5i6j7");
    let app = address("/oauth2/v1/clients/0oa1");
    org.will("POST", reply(200, json!({ "_links": {} }))).await;
    bindings.create(&role(), &[RoleHolder::User(ann())]).await.unwrap();
    let body = json!({ "role": "cr01", "members": [people] });
    org.saw_one().is("POST", "/api/v1/iam/resource-sets/iam1/bindings", Some(body));
    org.will("PATCH", reply(200, json!({ "_links": {} }))).await;
    let more = [RoleHolder::Group(sales()), RoleHolder::Client("0oa1".parse().unwrap())];
    bindings.add_members(&role(), &more).await.unwrap();
    let saw = org.saw_one();
    assert_eq!(saw.target, "/api/v1/iam/resource-sets/iam1/bindings/cr01/members");
    assert_eq!(saw.body, Some(json!({ "additions": [group, app] })));

    let member = json!({ "id": "irb1", "_links": { "self": { "href": group } } });
    org.will("GET", reply(200, json!({ "members": [member, { "id": "irb2" }] }))).await;
    let found = bindings.members(&role()).collect_all().await.unwrap();
    assert_eq!(found[0].holder(), Some(RoleHolder::Group(sales())));
    assert_eq!(found[1].holder(), None);
    org.saw();
    org.will("DELETE", empty(204)).await;
    bindings.remove_member(&role(), &found[0].id).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/iam/resource-sets/iam1/bindings/cr01/members/irb1", None);
    org.will("GET", reply(200, json!({ "roles": [{ "id": "cr01" }] }))).await;
    assert_eq!(bindings.list().collect_all().await.unwrap()[0].id, role());
    org.saw();
    org.will("DELETE", empty(204)).await;
    bindings.delete(&role()).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/iam/resource-sets/iam1/bindings/cr01", None);
    org.will("PATCH", reply(200, json!({ "id": "iam1", "label": "Oslo" }))).await;
    sets.add_resources(&set(), &["orn:okta:directory:00o1:users".to_owned()]).await.unwrap();
    let saw = org.saw_one();
    assert_eq!(saw.target, "/api/v1/iam/resource-sets/iam1/resources");
    assert_eq!(saw.body, Some(json!({ "additions": ["orn:okta:directory:00o1:users"] })));
}

#[tokio::test]
async fn api_tokens_are_records_and_can_be_revoked() {
    let token = json!({
        "name": "My API Token", "userId": "00u1ab2cd3EF4gh5i6j7", "tokenWindow": "P30D",
        "network": { "connection": "ZONE", "include": ["nzo1"] }, "id": "00T1", "clientName": "Okta API",
        "expiresAt": "2026-12-11T20:38:10.000Z", "created": "2026-11-09T20:38:10.000Z"
    });
    let mut org = Org::answering("GET", reply(200, json!([token]))).await;
    let found = org.okta.api_tokens().list().collect_all().await.unwrap();
    org.saw_one().is("GET", "/api/v1/api-tokens", None);
    assert_eq!((found[0].user_id.as_ref(), found[0].token_window.as_deref()), (Some(&ann()), Some("P30D")));
    let network = found[0].network.as_ref().unwrap();
    assert_eq!((network.include.len(), network.exclude.len()), (1, 0));
    org.will("DELETE", empty(204)).await;
    org.okta.api_tokens().revoke(&found[0].id).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/api-tokens/00T1", None);
    org.will("DELETE", empty(204)).await;
    org.okta.api_tokens().revoke_current().await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/api-tokens/current", None);
    org.will("GET", reply(404, problem("E0000007", "Not found: Resource not found: x (ApiToken)", &[])))
        .await;
    let error = org.okta.api_tokens().get(&found[0].id).await.unwrap_err();
    assert_eq!(error.problem().unwrap().class(), Class::NotFound);
}
