//! Apps and who has them: each call as it goes over a socket.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use okta_client::Filter;
use okta_client::apps::{
    App, AppFeature, AppFeatureStatus, AppGroupExpand, AppGroupPatch, AppId, AppStatus, AppUser,
    AppUserPatch, AppUserStatus, Assigned, AssignmentScope, GroupAssignment, NewApp, NewAppUser, SignOnMode,
    SyncState,
};
use okta_client::groups::GroupId;
use okta_client::users::{GrantSource, Profile, ProfilePatch, UserId};
use serde_json::{Value, json};
use support::org::{Org, empty, html, problem, reply};

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn salesforce() -> AppId {
    "0oa1ab2cd3EF4gh5i6j7".parse().unwrap()
}

const APP: &str = "/api/v1/apps/0oa1ab2cd3EF4gh5i6j7";
const ONE: &str = "/api/v1/apps/0oa1ab2cd3EF4gh5i6j7/users/00u1ab2cd3EF4gh5i6j7";
const GROUP: &str = "/api/v1/apps/0oa1ab2cd3EF4gh5i6j7/groups/00g1ab2cd3EF4gh5i6j7";

fn app() -> Value {
    json!({
        "id": "0oa1ab2cd3EF4gh5i6j7", "orn": "orn:okta:idp:00o1:apps:salesforce:0oa1", "name": "salesforce",
        "label": "Salesforce", "status": "ACTIVE", "signOnMode": "SAML_2_0",
        "features": ["PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION", "BEAM_ABOARD"],
        "accessibility": {"selfService": false}, "visibility": {"hide": {"iOS": false, "web": true}},
        "credentials": {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}, "signing": {"kid": "k1"}},
        "settings": {"app": {"instanceType": "PRODUCTION"}, "signOn": {"audience": "x", "acsEndpoints": []}},
        "licensing": {"seatCount": 10}
    })
}

fn assignment(scope: &str, status: &str, sync: &str) -> Value {
    json!({
        "id": "00u1ab2cd3EF4gh5i6j7", "externalId": null, "created": "2026-03-29T16:02:04.000Z", "scope": scope,
        "status": status, "statusChanged": "2026-03-29T16:02:04.000Z", "passwordChanged": null, "syncState": sync,
        "credentials": {"userName": "ann.lee@example.com", "password": {}}, "profile": {"role": "Seller"},
        "_links": {"app": {"href": "https://acme.okta.com/api/v1/apps/0oa1ab2cd3EF4gh5i6j7"}}
    })
}

fn read<T: serde::de::DeserializeOwned>(json: &Value) -> T {
    serde_json::from_str(&json.to_string()).unwrap()
}

fn unassigned() -> Value {
    problem("E0000007", "Not found: Resource not found: 00u1ab2cd3EF4gh5i6j7 (AppUser)", &[])
}

// Apps.

#[tokio::test]
async fn an_app_that_was_read_goes_back_with_everything_nobody_knows() {
    let mut org = Org::answering("GET", reply(200, app())).await;
    org.will("PUT", reply(200, app())).await;
    let mut found = org.okta.apps().get(&salesforce()).await.unwrap();
    assert_eq!((&found.status, &found.sign_on_mode), (&AppStatus::Active, &Some(SignOnMode::Saml20)));
    assert_eq!(found.features[2], AppFeature::Unknown("BEAM_ABOARD".into()));
    assert!(found.deactivates_users());
    found.label = "Salesforce EMEA".into();
    found.settings.get_mut("app").unwrap()["instanceType"] = json!("SANDBOX");
    org.okta.apps().replace(&found).await.unwrap();
    let mut body = app();
    body["label"] = json!("Salesforce EMEA");
    body["settings"]["app"]["instanceType"] = json!("SANDBOX");
    let saw = org.saw();
    saw[0].is("GET", APP, None);
    saw[1].is("PUT", APP, Some(body));
}

#[test]
fn an_app_without_most_of_it_is_read() {
    let bare = json!({
        "id": "0oa1", "label": "Okta Browser Plugin", "status": "ARCHIVED", "signOnMode": null, "name": null,
        "features": null, "settings": null, "universalLogout": null
    });
    let found: App = read(&bare);
    assert_eq!((found.sign_on_mode, found.status), (None, AppStatus::Unknown("ARCHIVED".into())));
}

#[test]
fn what_may_be_secret_stays_out_of_debug() {
    let mut sent = app();
    sent["credentials"]["oauthClient"] = json!({"client_secret": "hunter2"});
    let found: App = read(&sent);
    let new = NewApp::new("x", SignOnMode::OpenIdConnect).with("credentials", sent["credentials"].clone());
    let user = NewAppUser::new(&ann()).password("hunter2".into());
    let patch =
        AppUserPatch::new().password("hunter2".into()).profile(ProfilePatch::new().set("a", "hunter2"));
    let shown = format!("{found:?} {:?} {new:?} {user:?} {patch:?}", found.credentials);
    assert!(!shown.contains("hunter2") && shown.contains("oauthClient"), "{shown}");
}

#[tokio::test]
async fn an_app_is_made_in_use_or_not() {
    for inactive in [false, true] {
        let org = Org::answering("POST", reply(200, app())).await;
        let settings = json!({"app": {"url": "https://acme.example"}});
        let new = NewApp::new("Handbook", SignOnMode::Bookmark).name("bookmark").with("settings", settings);
        let new = if inactive { new.inactive() } else { new };
        org.okta.apps().create(&new).await.unwrap();
        let body = json!({
            "label": "Handbook", "signOnMode": "BOOKMARK", "name": "bookmark",
            "settings": {"app": {"url": "https://acme.example"}}
        });
        org.saw_one().is("POST", &format!("/api/v1/apps?activate={}", !inactive), Some(body));
    }
}

#[tokio::test]
async fn an_app_in_use_is_not_deleted() {
    let refusal = problem("E0000056", "Delete application forbidden.", &[]);
    let mut org = Org::answering("DELETE", reply(403, refusal)).await;
    let error = org.okta.apps().delete(&salesforce()).await.unwrap_err();
    assert!(error.is_wrong_state() && !error.is_forbidden());
    assert!(error.problem().unwrap().to_string().contains("deactivate the app first"));
    for _ in 0..2 {
        org.will("POST", reply(200, json!({}))).await;
    }
    org.will("DELETE", html(500)).await;
    org.will("DELETE", empty(204)).await;
    org.okta.apps().activate(&salesforce()).await.unwrap();
    org.okta.apps().deactivate(&salesforce()).await.unwrap();
    org.okta.apps().delete(&salesforce()).await.unwrap();
    let saw = org.saw();
    saw[1].is("POST", &format!("{APP}/lifecycle/activate"), None);
    saw[2].is("POST", &format!("{APP}/lifecycle/deactivate"), None);
    assert_eq!(saw.len(), 5, "a deletion that Okta stumbled over is repeated");
}

#[tokio::test]
async fn apps_are_listed_with_what_was_asked_for() {
    let mut with_user = app();
    with_user["_embedded"] = json!({"user": assignment("GROUP", "ACTIVE", "DISABLED")});
    let org = Org::answering("GET", reply(200, json!([with_user, app()]))).await;
    let found = org.okta.apps().list().of_user(&ann()).send().collect_all().await.unwrap();
    let target = org.saw_one().target.replace("%20", "+");
    let user = "00u1ab2cd3EF4gh5i6j7";
    assert_eq!(target, format!("/api/v1/apps?filter=user.id+eq+%22{user}%22&expand=user%2F{user}&limit=200"));
    assert_eq!(found[0].user().unwrap().scope, Some(AssignmentScope::Group));
    assert_eq!(found[1].user(), None);

    let org = Org::answering("GET", reply(200, json!([]))).await;
    let list = org.okta.apps().list().q("Sales").filter(Filter::eq("status", "ACTIVE"));
    list.including_inactive().limit(20).send().collect_all().await.unwrap();
    let target = org.saw_one().target.replace("%20", "+");
    assert_eq!(target, "/api/v1/apps?q=Sales&filter=status+eq+%22ACTIVE%22&includeNonDeleted=true&limit=20");
}

// Assignments.

#[tokio::test]
async fn an_assignment_is_made_after_a_look() {
    let mut org = Org::answering("GET", reply(404, unassigned())).await;
    org.will("POST", reply(200, assignment("USER", "STAGED", "SYNCING"))).await;
    let new = NewAppUser::new(&ann())
        .user_name("ann@sales")
        .password("hunter2".into())
        .profile(Profile::new().with("role", "Seller"));
    let assigned = org.okta.apps().users(&salesforce()).assign(&new).await.unwrap();
    assert!(matches!(&assigned, Assigned::Now(_)));
    assert!(!assigned.app_user().is_provisioned(), "assigned is not provisioned");
    let saw = org.saw();
    saw[0].is("GET", ONE, None);
    let body = json!({
        "id": "00u1ab2cd3EF4gh5i6j7", "scope": "USER", "profile": {"role": "Seller"},
        "credentials": {"userName": "ann@sales", "password": {"value": "hunter2"}}
    });
    saw[1].is("POST", &format!("{APP}/users"), Some(body));
}

#[tokio::test]
async fn nothing_is_sent_for_somebody_who_has_the_app() {
    let org = Org::answering("GET", reply(200, assignment("GROUP", "ACTIVE", "DISABLED"))).await;
    let assigned = org.okta.apps().users(&salesforce()).assign(&NewAppUser::new(&ann())).await.unwrap();
    assert!(matches!(&assigned, Assigned::Already(_)));
    org.saw_one().is("GET", ONE, None);
}

#[tokio::test]
async fn what_an_import_found_or_is_being_taken_away_is_no_assignment() {
    for status in ["IMPORTED", "UNASSIGNED", "REVOKED", "DEPROVISIONED"] {
        let mut org = Org::answering("GET", reply(200, assignment("USER", status, "DISABLED"))).await;
        org.will("POST", reply(200, assignment("USER", "ACTIVE", "DISABLED"))).await;
        let assigned = org.okta.apps().users(&salesforce()).assign(&NewAppUser::new(&ann())).await.unwrap();
        assert!(matches!(&assigned, Assigned::Now(_)), "{status}");
        assert_eq!(org.saw().len(), 2);
    }
}

#[tokio::test]
async fn somebody_faster_is_no_error() {
    let mut org = Org::answering("GET", reply(404, unassigned())).await;
    org.will(
        "POST",
        reply(409, problem("E0000062", "The specified user is already assigned to the application.", &[])),
    )
    .await;
    org.will("GET", reply(200, assignment("USER", "ACTIVE", "DISABLED"))).await;
    let assigned = org.okta.apps().users(&salesforce()).assign(&NewAppUser::new(&ann())).await.unwrap();
    assert!(matches!(assigned, Assigned::Already(_)));
    let saw = org.saw();
    assert_eq!(
        saw[1].body,
        Some(json!({"id": "00u1ab2cd3EF4gh5i6j7", "scope": "USER"})),
        "no more than needed"
    );
}

#[tokio::test]
async fn a_lost_answer_to_an_assignment_is_not_repeated() {
    let mut org = Org::answering("GET", reply(404, unassigned())).await;
    org.will("POST", html(504)).await;
    assert!(org.okta.apps().users(&salesforce()).assign(&NewAppUser::new(&ann())).await.is_err());
    assert_eq!(org.saw().len(), 2);
}

#[tokio::test]
async fn refusals_of_an_assignment_say_what_to_do() {
    for (status, code, wrong_state, attempts) in [(403, "E0000117", true, 1), (409, "E0000112", false, 5)] {
        let mut org = Org::answering("GET", reply(404, unassigned())).await;
        for _ in 0..attempts {
            org.will("POST", reply(status, problem(code, "No", &[]))).await;
        }
        let error = org.okta.apps().users(&salesforce()).assign(&NewAppUser::new(&ann())).await.unwrap_err();
        assert_eq!((error.is_wrong_state(), error.attempts()), (wrong_state, attempts), "{code}");
    }
}

#[tokio::test]
async fn assignments_are_read_and_listed() {
    let mut whole = assignment("GROUP", "PROVISIONED", "SYNCHRONIZED");
    whole["externalId"] = json!("70c1");
    whole["_links"]["group"] = json!({"href": "https://acme.okta.com/api/v1/groups/00g1ab2cd3EF4gh5i6j7"});
    whole["_embedded"] = json!({"user": {"id": "nobody"}});
    let mut org = Org::answering("GET", reply(200, whole.clone())).await;
    org.will("GET", reply(404, unassigned())).await;
    org.will("GET", reply(200, json!([whole.clone()]))).await;
    org.will("GET", reply(200, json!([]))).await;
    let users = org.okta.apps().users(&salesforce());
    let found = users.get(&ann()).await.unwrap();
    assert_eq!(found.granting_group(), Some(sales()));
    assert_eq!((found.external_id.as_deref(), found.user()), (Some("70c1"), None));
    assert_eq!(found.credentials.as_ref().unwrap().user_name.as_deref(), Some("ann.lee@example.com"));
    assert_eq!(serde_json::to_value(&found).unwrap()["_links"], whole["_links"]);
    assert_eq!(users.find(&ann()).await.unwrap(), None);
    users.list().send().collect_all().await.unwrap();
    users.list().q("ann").with_people().limit(50).send().collect_all().await.unwrap();
    let saw = org.saw();
    saw[0].is("GET", ONE, None);
    saw[2].is("GET", &format!("{APP}/users?limit=500"), None);
    saw[3].is("GET", &format!("{APP}/users?q=ann&expand=user&limit=50"), None);
}

#[test]
fn an_account_is_provisioned_when_it_is_made_and_in_step() {
    for (status, sync, provisioned, needs_admin) in [
        ("STAGED", "SYNCING", false, false),
        ("PROVISIONED", "SYNCHRONIZED", true, false),
        ("ACTIVE", "SYNCHRONIZED", true, false),
        ("ACTIVE", "DISABLED", false, false),
        ("PROVISIONED", "OUT_OF_SYNC", false, false),
        ("STAGED", "ERROR", false, true),
        ("DEPROVISIONED", "SYNCHRONIZED", false, false),
        ("NEW_IN_OKTA", "SYNCHRONIZED", false, false),
        ("PROVISIONED", "NEW_IN_OKTA", false, false),
    ] {
        let user: AppUser = read(&assignment("USER", status, sync));
        assert_eq!(
            (user.is_provisioned(), user.needs_admin()),
            (provisioned, needs_admin),
            "{status} {sync}"
        );
        assert_eq!(user.status.unwrap(), AppUserStatus::from(status));
        assert_eq!(user.sync_state.unwrap(), SyncState::from(sync));
    }
}

#[tokio::test]
async fn an_assignment_is_changed_in_part() {
    let mut org = Org::new().await;
    for _ in 0..2 {
        org.will("POST", reply(200, assignment("USER", "ACTIVE", "DISABLED"))).await;
    }
    let users = org.okta.apps().users(&salesforce());
    let profile = ProfilePatch::new().set("role", "Lead").remove("division");
    users.update(&ann(), &AppUserPatch::new().profile(profile).user_name("lee")).await.unwrap();
    users.update(&ann(), &AppUserPatch::new().scope(AssignmentScope::Group)).await.unwrap();
    let saw = org.saw();
    let body = json!({"profile": {"role": "Lead", "division": null}, "credentials": {"userName": "lee"}});
    saw[0].is("POST", ONE, Some(body));
    saw[1].is("POST", ONE, Some(json!({"scope": "GROUP"})));
}

#[tokio::test]
async fn an_assignment_ends_unless_a_group_grants_the_app() {
    let refusal = problem(
        "E0000046",
        "Deactivate application for user forbidden.",
        &[
            "The application cannot be unassigned from the user while their group memberships grant them access",
        ],
    );
    let mut org = Org::answering("DELETE", empty(204)).await;
    org.will("DELETE", reply(404, unassigned())).await;
    org.will("DELETE", reply(403, refusal)).await;
    let users = org.okta.apps().users(&salesforce());
    users.unassign(&ann()).await.unwrap();
    users.unassign(&ann()).await.unwrap();
    let error = users.unassign(&ann()).await.unwrap_err();
    assert!(error.problem().unwrap().is_granted_by_group() && error.is_wrong_state());
    org.saw()[0].is("DELETE", ONE, None);
}

#[tokio::test]
async fn the_admin_is_mailed_of_an_unassignment_if_asked_for() {
    let org = Org::answering("DELETE", empty(204)).await;
    org.okta.apps().users(&salesforce()).unassign(&ann()).mail_admin().await.unwrap();
    org.saw_one().is("DELETE", &format!("{ONE}?sendEmail=true"), None);
}

// Groups.

fn group_assignment() -> Value {
    json!({
        "id": "00g1ab2cd3EF4gh5i6j7", "lastUpdated": "2026-06-02T13:17:57.000Z", "priority": 0,
        "profile": {"division": "top"}, "_embedded": {"group": {
            "id": "00g1ab2cd3EF4gh5i6j7", "type": "OKTA_GROUP", "profile": {"name": "Sales"}
        }}
    })
}

#[tokio::test]
async fn groups_of_an_app_come_change_and_go() {
    let mut org = Org::new().await;
    for _ in 0..2 {
        org.will("PUT", reply(200, group_assignment())).await;
        org.will("PATCH", reply(200, group_assignment())).await;
    }
    org.will("DELETE", empty(204)).await;
    org.will("DELETE", reply(404, unassigned())).await;
    let groups = org.okta.apps().groups(&salesforce()).clone();
    groups.assign(&sales(), &GroupAssignment::new()).await.unwrap();
    let whole = GroupAssignment::new().priority(0).profile(Profile::new().with("division", "top"));
    let made = groups.assign(&sales(), &whole).await.unwrap();
    assert_eq!((made.priority, made.profile.text("division")), (Some(0), Some("top")));
    let patch = AppGroupPatch::new().priority(2).set("a/b~c", "x").remove("division");
    groups.update(&sales(), &patch).await.unwrap();
    groups.unassign(&sales()).await.unwrap();
    groups.unassign(&sales()).await.unwrap();
    let saw = org.saw();
    saw[0].is("PUT", GROUP, Some(json!({})));
    saw[1].is("PUT", GROUP, Some(json!({"priority": 0, "profile": {"division": "top"}})));
    let operations = json!([
        {"op": "replace", "path": "/priority", "value": 2},
        {"op": "replace", "path": "/profile/a~1b~0c", "value": "x"},
        {"op": "remove", "path": "/profile/division"}
    ]);
    saw[2].is("PATCH", GROUP, Some(operations));
    saw[3].is("DELETE", GROUP, None);
}

#[tokio::test]
async fn groups_of_an_app_are_read_and_listed() {
    let mut org = Org::answering("GET", reply(200, group_assignment())).await;
    org.will("GET", reply(404, unassigned())).await;
    org.will("GET", reply(200, json!([group_assignment()]))).await;
    let groups = org.okta.apps().groups(&salesforce());
    assert_eq!(groups.get(&sales()).await.unwrap().id, sales());
    assert_eq!(groups.find(&sales()).await.unwrap(), None);
    let found =
        groups.list().q("Sa").expand(AppGroupExpand::Group).limit(20).send().collect_all().await.unwrap();
    assert_eq!(found[0].group().unwrap().profile.name, "Sales");
    let saw = org.saw();
    saw[0].is("GET", GROUP, None);
    saw[2].is("GET", &format!("{APP}/groups?q=Sa&expand=group&limit=20"), None);
}

// Provisioning.

#[tokio::test]
async fn features_are_read_and_changed_in_part() {
    let feature = json!({
        "name": "USER_PROVISIONING", "status": "ENABLED",
        "capabilities": {"create": {"lifecycleCreate": {"status": "DISABLED"}}}
    });
    let mut org = Org::answering("GET", reply(200, json!([feature.clone()]))).await;
    org.will("GET", reply(200, feature.clone())).await;
    org.will("PUT", reply(200, feature)).await;
    org.will("GET", reply(200, json!({"status": "UNKNOWN", "profile": {"authScheme": "TOKEN"}}))).await;
    let features = org.okta.apps().features(&salesforce());
    let all = features.list().collect_all().await.unwrap();
    assert_eq!(all[0].status, Some(AppFeatureStatus::Enabled));
    assert_eq!(all[0].capabilities.get("create").unwrap()["lifecycleCreate"]["status"], "DISABLED");
    features.get("USER_PROVISIONING").await.unwrap();
    let change = json!({"create": {"lifecycleCreate": {"status": "ENABLED"}}});
    features.update("USER_PROVISIONING", &change).await.unwrap();
    assert_eq!(features.connection().await.unwrap().status, AppFeatureStatus::Unknown("UNKNOWN".into()));
    let saw = org.saw();
    saw[0].is("GET", &format!("{APP}/features"), None);
    saw[1].is("GET", &format!("{APP}/features/USER_PROVISIONING"), None);
    saw[2].is("PUT", &format!("{APP}/features/USER_PROVISIONING"), Some(change));
    saw[3].is("GET", &format!("{APP}/connections/default"), None);
}

// Tokens and grants.

#[tokio::test]
async fn refresh_tokens_of_an_app_are_listed_and_revoked() {
    let token = json!({
        "id": "oar1", "status": "ACTIVE", "clientId": "0oa1", "userId": "00u1ab2cd3EF4gh5i6j7",
        "scopes": ["offline_access"], "issuer": "https://acme.okta.com/oauth2/aus1", "expiresAt": null
    });
    let mut org = Org::answering("GET", reply(200, json!([token.clone()]))).await;
    org.will("GET", reply(200, token)).await;
    org.will("DELETE", empty(204)).await;
    org.will("DELETE", empty(204)).await;
    let oar = "oar1".parse().unwrap();
    let tokens = org.okta.apps().tokens(&salesforce());
    let all = tokens.list().collect_all().await.unwrap();
    assert_eq!((all[0].user_id.as_ref(), all[0].expires_at), (Some(&ann()), None));
    assert_eq!(tokens.get(&oar).await.unwrap(), all[0]);
    tokens.revoke(&oar).await.unwrap();
    tokens.revoke_all().await.unwrap();
    let saw = org.saw();
    saw[0].is("GET", &format!("{APP}/tokens?limit=200"), None);
    saw[1].is("GET", &format!("{APP}/tokens/oar1"), None);
    saw[2].is("DELETE", &format!("{APP}/tokens/oar1"), None);
    saw[3].is("DELETE", &format!("{APP}/tokens"), None);
}

fn grant() -> Value {
    json!({
        "id": "oag1", "status": "ACTIVE", "created": "2026-02-21T16:54:00.000Z", "issuer": "https://acme.okta.com",
        "createdBy": {"id": "00u1ab2cd3EF4gh5i6j7", "type": "User"}, "clientId": "0oa1ab2cd3EF4gh5i6j7",
        "scopeId": "okta.users.read", "source": "ADMIN"
    })
}

#[tokio::test]
async fn scopes_of_an_app_are_granted_listed_and_taken_back() {
    let mut org = Org::answering("POST", reply(201, grant())).await;
    org.will("GET", reply(200, json!([grant()]))).await;
    org.will("GET", reply(200, grant())).await;
    org.will("DELETE", empty(204)).await;
    let grants = org.okta.apps().grants(&salesforce());
    let made = grants.grant("okta.users.read", "https://acme.okta.com").await.unwrap();
    assert_eq!((made.scope_id.as_str(), &made.source), ("okta.users.read", &Some(GrantSource::Admin)));
    assert_eq!(grants.list().collect_all().await.unwrap()[0], made);
    assert_eq!(grants.get(&made.id).await.unwrap(), made);
    grants.revoke(&made.id).await.unwrap();
    let saw = org.saw();
    let body = json!({"scopeId": "okta.users.read", "issuer": "https://acme.okta.com"});
    saw[0].is("POST", &format!("{APP}/grants"), Some(body));
    saw[1].is("GET", &format!("{APP}/grants"), None);
    saw[2].is("GET", &format!("{APP}/grants/oag1"), None);
    saw[3].is("DELETE", &format!("{APP}/grants/oag1"), None);
}

#[tokio::test]
async fn what_a_lost_answer_revoked_is_no_error_and_a_lost_grant_is_not_repeated() {
    let gone = || reply(404, problem("E0000007", "Not found: Resource not found", &[]));
    let mut org = Org::new().await;
    for answer in [html(504), gone(), html(504), gone(), gone(), gone()] {
        org.will("DELETE", answer).await;
    }
    org.will("POST", html(504)).await;
    let (oar, oag) = ("oar1".parse().unwrap(), "oag1".parse().unwrap());
    let (tokens, grants) = (org.okta.apps().tokens(&salesforce()), org.okta.apps().grants(&salesforce()));
    tokens.revoke(&oar).await.unwrap();
    grants.revoke(&oag).await.unwrap();
    assert!(tokens.revoke(&oar).await.unwrap_err().is_not_found());
    assert!(grants.revoke(&oag).await.unwrap_err().is_not_found());
    assert!(grants.grant("okta.users.read", "https://acme.okta.com").await.is_err());
    assert_eq!(org.saw().len(), 7);
}

#[tokio::test]
async fn a_scope_is_granted_by_super_admins_only() {
    let refusal = problem("E0000006", "You do not have permission to perform the requested action", &[]);
    let org = Org::answering("POST", reply(403, refusal)).await;
    let grants = org.okta.apps().grants(&salesforce());
    assert!(grants.grant("okta.users.read", "https://acme.okta.com").await.unwrap_err().is_forbidden());
}
