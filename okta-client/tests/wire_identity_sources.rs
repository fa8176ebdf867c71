//! Identity sources over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::Delivery;
use okta_client::identity_sources::{
    ExternalId, IdentitySourceId, Import, ImportSessionId, ImportStatus, MOST_PER_UPLOAD, SourceGroup,
    SourceMemberships, SourceUser,
};
use okta_client::users::Profile;
use serde_json::{Value, json};

use support::org::{Org, empty, html, problem, reply};

const BASE: &str = "/api/v1/identity-sources/0oa3l6l6WK6h0R0QW0g4";
const SESSION: &str = "/api/v1/identity-sources/0oa3l6l6WK6h0R0QW0g4/sessions/aps1qqonvr2SZv6o70h8";

fn source() -> IdentitySourceId {
    "0oa3l6l6WK6h0R0QW0g4".parse().unwrap()
}

fn id() -> ImportSessionId {
    "aps1qqonvr2SZv6o70h8".parse().unwrap()
}

fn session(status: &str) -> Value {
    json!({
        "id": id(), "identitySourceId": source(), "status": status, "importType": "INCREMENTAL",
        "created": "2026-03-02T09:15:20.000Z", "lastUpdated": "2026-03-02T09:15:20.000Z",
    })
}

fn person(n: usize) -> SourceUser {
    SourceUser::new(format!("E{n}"), Profile::new().with("userName", format!("p{n}@acme.example")))
}

fn people(count: usize) -> Vec<SourceUser> {
    (0..count).map(person).collect()
}

#[tokio::test]
async fn sessions_are_opened_read_listed_and_deleted() {
    let mut org = Org::new().await;
    org.will("POST", reply(200, session("CREATED"))).await;
    org.will("GET", reply(200, session("SLEEPING"))).await;
    org.will("GET", reply(200, json!([session("EXPIRED")]))).await;
    org.will("DELETE", empty(204)).await;
    let source = source();
    let sessions = org.okta.identity_source(&source).sessions();
    assert_eq!(sessions.create().await.unwrap().status, ImportStatus::Created);
    let odd = sessions.get(&id()).await.unwrap().status;
    assert!(odd == ImportStatus::Unknown("SLEEPING".into()) && !odd.is_over());
    assert!(sessions.list().collect_all().await.unwrap()[0].status.is_over());
    sessions.delete(&id()).await.unwrap();
    let saw = org.saw();
    saw[0].is("POST", &format!("{BASE}/sessions"), None);
    saw[1].is("GET", SESSION, None);
    saw[2].is("GET", &format!("{BASE}/sessions"), None);
    saw[3].is("DELETE", SESSION, None);
}

#[tokio::test]
async fn a_session_whose_answer_is_lost_is_not_opened_twice() {
    let org = Org::answering("POST", html(504)).await;
    let error = org.okta.identity_source(&source()).sessions().create().await.unwrap_err();
    assert_eq!((error.delivery(), org.saw().len()), (Delivery::Unknown, 1));
}

#[tokio::test]
async fn uploads_have_the_bodies_that_okta_describes() {
    let mut org = Org::new().await;
    for _ in 0..6 {
        org.will("POST", empty(202)).await;
    }
    let source = source();
    let sessions = org.okta.identity_source(&source).sessions();
    let gone = [ExternalId::from("E9")];
    let groups = [SourceGroup::new("G1", "Sales").description("All"), SourceGroup::new("G2", "Ops")];
    let members = [SourceMemberships::new("G1", ["E1", "E2"])];
    sessions.upsert_users(&id(), &people(1)).await.unwrap();
    sessions.delete_users(&id(), &gone).await.unwrap();
    sessions.upsert_groups(&id(), &groups).await.unwrap();
    sessions.delete_groups(&id(), &gone).await.unwrap();
    sessions.upsert_memberships(&id(), &members).await.unwrap();
    sessions.delete_memberships(&id(), &members).await.unwrap();
    let memberships = json!({
        "memberships": [{ "groupExternalId": "G1", "memberExternalIds": ["E1", "E2"] }],
    });
    let expected = [
        (
            "bulk-upsert",
            json!({
                "entityType": "USERS",
                "profiles": [{ "externalId": "E0", "profile": { "userName": "p0@acme.example" } }],
            }),
        ),
        ("bulk-delete", json!({ "entityType": "USERS", "profiles": [{ "externalId": "E9" }] })),
        (
            "bulk-groups-upsert",
            json!({ "profiles": [
                { "externalId": "G1", "profile": { "displayName": "Sales", "description": "All" } },
                { "externalId": "G2", "profile": { "displayName": "Ops" } },
            ] }),
        ),
        ("bulk-groups-delete", json!({ "externalIds": ["E9"] })),
        ("bulk-group-memberships-upsert", memberships.clone()),
        ("bulk-group-memberships-delete", memberships),
    ];
    for (saw, (word, body)) in org.saw().iter().zip(expected) {
        saw.is("POST", &format!("{SESSION}/{word}"), Some(body));
    }
}

#[tokio::test]
async fn an_upload_of_too_many_is_not_sent() {
    let org = Org::new().await;
    let too_many = people(MOST_PER_UPLOAD + 1);
    let error = org.okta.identity_source(&source()).sessions().upsert_users(&id(), &too_many).await;
    let error = error.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("201 entries"), "{error}");
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn a_started_import_is_answered_as_an_object_or_as_an_array_of_one() {
    for answer in [session("TRIGGERED"), json!([session("TRIGGERED")])] {
        let org = Org::answering("POST", reply(200, answer)).await;
        let started = org.okta.identity_source(&source()).sessions().start_import(&id()).await.unwrap();
        assert_eq!((started.id, started.status), (id(), ImportStatus::Triggered));
        org.saw_one().is("POST", &format!("{SESSION}/start-import"), None);
    }
    let org = Org::answering("POST", reply(200, json!([]))).await;
    assert!(org.okta.identity_source(&source()).sessions().start_import(&id()).await.is_err());
}

#[tokio::test]
async fn a_whole_import_uploads_in_batches_and_waits_for_its_end() {
    let mut org = Org::new().await;
    org.will("POST", reply(200, session("CREATED"))).await;
    for _ in 0..5 {
        org.will("POST", empty(202)).await;
    }
    org.will("POST", reply(200, session("TRIGGERED"))).await;
    for status in ["TRIGGERED", "IN_PROGRESS", "COMPLETED"] {
        org.will("GET", reply(200, session(status))).await;
    }
    let import = Import::new()
        .members([SourceMemberships::new("G1", ["E1"])])
        .groups([SourceGroup::new("G1", "Sales")])
        .users(people(MOST_PER_UPLOAD + 1))
        .without_users(["E999"]);
    let source = source();
    let done = org.okta.identity_source(&source).import(&import, Duration::from_secs(60)).await.unwrap();
    assert_eq!(done.status, ImportStatus::Completed);
    assert_eq!(org.clock.slept_millis(), [10_000, 10_000]);
    let saw = org.saw();
    let words: Vec<_> = saw.iter().map(|saw| saw.target.rsplit('/').next().unwrap()).collect();
    assert_eq!(
        words[..7],
        [
            "sessions",
            "bulk-delete",
            "bulk-upsert",
            "bulk-upsert",
            "bulk-groups-upsert",
            "bulk-group-memberships-upsert",
            "start-import"
        ]
    );
    let uploaded = |n: usize| saw[n].body.as_ref().unwrap()["profiles"].as_array().unwrap().len();
    assert_eq!((uploaded(2), uploaded(3)), (200, 1));
}

#[tokio::test]
async fn an_import_that_goes_on_for_too_long_is_answered_as_it_is() {
    let mut org = Org::new().await;
    org.will("POST", reply(200, session("CREATED"))).await;
    org.will("POST", empty(202)).await;
    org.will("POST", reply(200, session("TRIGGERED"))).await;
    for _ in 0..3 {
        org.will("GET", reply(200, session("IN_PROGRESS"))).await;
    }
    let import = Import::new().users(people(1));
    let source = source();
    let seen = org.okta.identity_source(&source).import(&import, Duration::from_secs(15)).await.unwrap();
    assert_eq!(seen.status, ImportStatus::InProgress);
}

#[tokio::test]
async fn a_session_with_a_bad_upload_is_deleted_and_the_upload_told() {
    let mut org = Org::new().await;
    org.will("POST", reply(200, session("CREATED"))).await;
    let refused = problem("E0000001", "Api validation failed: profiles", &["userName: is required"]);
    org.will("POST", reply(400, refused)).await;
    org.will("DELETE", empty(204)).await;
    let import = Import::new().users(people(1));
    let source = source();
    let error = org.okta.identity_source(&source).import(&import, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.call(), "okta.identity_sources.sessions.upsert_users");
    let methods: Vec<_> = org.saw().into_iter().map(|saw| saw.method).collect();
    assert_eq!(methods, ["POST", "POST", "DELETE"]);
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_looked_into() {
    let mut org = Org::new().await;
    org.will("POST", reply(200, session("CREATED"))).await;
    org.will("POST", html(502)).await;
    org.will("GET", reply(200, session("COMPLETED"))).await;
    let source = source();
    let done = org.okta.identity_source(&source).import(&Import::new(), Duration::ZERO).await.unwrap();
    assert_eq!(done.status, ImportStatus::Completed);
    assert_eq!(org.saw().len(), 3);
}

#[tokio::test]
async fn users_and_groups_are_handled_one_by_one() {
    let user = json!({
        "id": "00u7m9p9ZT8k2S2EX1f7", "externalId": "E/0", "created": "2026-07-24T12:06:05.000Z",
        "profile": { "userName": "p0@acme.example", "mobilePhone": null },
    });
    let group = json!({ "id": "00g1", "externalId": "G1", "profile": { "displayName": "Sales" } });
    let mut org = Org::new().await;
    org.will("POST", empty(200)).await;
    org.will("GET", reply(200, user.clone())).await;
    org.will("PUT", reply(200, user.clone())).await;
    org.will("PATCH", reply(200, user)).await;
    org.will("DELETE", empty(204)).await;
    org.will("POST", reply(200, group.clone())).await;
    org.will("GET", reply(200, group.clone())).await;
    org.will("POST", reply(200, group)).await;
    let members = json!({ "memberExternalIds": ["E1", "E2"] });
    let next =
        "<https://acme.okta.com/api/v1/identity-sources/0oa3/groups/G1/membership?after=x>; rel=\"next\"";
    org.will("GET", reply(200, members.clone()).header("link", next)).await;
    org.will("GET", reply(200, members)).await;
    org.will("POST", empty(204)).await;
    org.will("DELETE", empty(204)).await;
    org.will("DELETE", empty(204)).await;
    let source = source();
    let users = org.okta.identity_source(&source).users();
    // Other people's keys have slashes in them.
    let ann = SourceUser::new("E/0", person(0).profile);
    users.create(&ann).await.unwrap();
    let read = users.get(&ann.external_id).await.unwrap();
    assert_eq!(read.id.unwrap().as_str(), "00u7m9p9ZT8k2S2EX1f7");
    assert_eq!(read.profile.text("userName"), Some("p0@acme.example"));
    users.replace(&ann).await.unwrap();
    users.update(&ann.external_id, &ann.profile).await.unwrap();
    users.delete(&ann.external_id).await.unwrap();
    let groups = org.okta.identity_source(&source).groups();
    let (sales, g1) = (SourceGroup::new("G1", "Sales"), ExternalId::from("G1"));
    groups.create(&sales).await.unwrap();
    assert_eq!(groups.get(&g1).await.unwrap().id.unwrap().as_str(), "00g1");
    groups.update(&sales).await.unwrap();
    assert_eq!(groups.members(&g1).collect_all().await.unwrap().len(), 4);
    groups.add_member(&g1, &ann.external_id).await.unwrap();
    groups.remove_member(&g1, &ann.external_id).await.unwrap();
    groups.delete(&g1).await.unwrap();
    let saw = org.saw();
    let whole = json!({ "externalId": "E/0", "profile": { "userName": "p0@acme.example" } });
    let (one, all) = (format!("{BASE}/users/E%2F0"), format!("{BASE}/users"));
    saw[0].is("POST", &all, Some(whole.clone()));
    saw[1].is("GET", &one, None);
    saw[2].is("PUT", &one, Some(whole.clone()));
    saw[3].is("PATCH", &one, Some(json!({ "profile": whole["profile"] })));
    saw[4].is("DELETE", &one, None);
    let whole = json!({ "externalId": "G1", "profile": { "displayName": "Sales" } });
    let (one, all) = (format!("{BASE}/groups/G1"), format!("{BASE}/groups"));
    saw[5].is("POST", &all, Some(whole.clone()));
    saw[6].is("GET", &one, None);
    saw[7].is("POST", &one, Some(whole));
    saw[8].is("GET", &format!("{one}/membership?limit=200"), None);
    saw[9].is("GET", "/api/v1/identity-sources/0oa3/groups/G1/membership?after=x", None);
    saw[10].is("POST", &format!("{one}/membership"), Some(json!({ "memberExternalId": "E/0" })));
    saw[11].is("DELETE", &format!("{one}/membership/E%2F0"), None);
    saw[12].is("DELETE", &one, None);
}

#[test]
fn nothing_of_a_person_is_in_debug() {
    let import = Import::new().users([SourceUser::new("10442", Profile::new().with("userName", "ann.lee"))]);
    let shown = format!("{import:?}");
    assert!(!shown.contains("10442") && !shown.contains("ann.lee"), "{shown}");
}
