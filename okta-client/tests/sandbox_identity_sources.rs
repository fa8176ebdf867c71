//! Stories of a directory of one's own against an org on loopback.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::OktaClient;
use okta_client::identity_sources::{
    ExternalId, IdentitySourceId, Import, ImportStatus, SourceGroup, SourceMemberships, SourceUser,
};
use okta_client::profile_mappings::{MappingPatch, PushStatus};
use okta_client::users::{Profile, UserStatus};
use sandbox::{Effect, Fault, Sandbox};

use support::frozen::client;

const QUARTER: Duration = Duration::from_secs(900);

async fn acme() -> (Sandbox, OktaClient, IdentitySourceId) {
    let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    let source = sandbox.add_identity_source().unwrap().parse().unwrap();
    (sandbox, okta, source)
}

fn person(n: usize) -> SourceUser {
    let login = format!("person{n}@acme.example");
    let profile = Profile::new()
        .with("userName", login.clone())
        .with("email", login)
        .with("firstName", "Person")
        .with("lastName", format!("No{n}"));
    SourceUser::new(format!("E{n}"), profile)
}

#[tokio::test]
async fn a_whole_directory_comes_in_changes_and_goes() {
    let (sandbox, okta, source) = acme().await;
    let hr = okta.identity_source(&source);
    let everybody: Vec<_> = (0..450).map(person).collect();
    let import = Import::new()
        .users(everybody)
        .groups([SourceGroup::new("G1", "HR Sales")])
        .members([SourceMemberships::new("G1", ["E1", "E2"])]);
    let done = hr.import(&import, QUARTER).await.unwrap();
    assert_eq!(done.status, ImportStatus::Completed);
    let uploads = sandbox.requests().into_iter().filter(|request| request.path.contains("/bulk-")).count();
    assert_eq!(uploads, 5);

    let one = okta.users().find_by_login("person1@acme.example").await.unwrap().unwrap();
    assert_eq!((&one.status, one.profile.text("lastName")), (&UserStatus::Active, Some("No1")));
    assert_eq!(hr.users().get(&"E1".into()).await.unwrap().id, Some(one.id.clone()));
    let group = hr.groups().get(&"G1".into()).await.unwrap().id.unwrap();
    assert_eq!(okta.groups().get(&group).await.unwrap().profile.name, "HR Sales");
    assert_eq!(okta.groups().members(&group).collect_all().await.unwrap().len(), 2);

    let mut changed = person(1);
    changed.profile = changed.profile.with("lastName", "Newname");
    let import = Import::new()
        .users([changed])
        .without_users(["E2"])
        .without_members([SourceMemberships::new("G1", ["E1"])]);
    hr.import(&import, QUARTER).await.unwrap();
    let one = okta.users().get(&one.id).await.unwrap();
    assert_eq!(one.profile.text("lastName"), Some("Newname"));
    let two = okta.users().find_by_login("person2@acme.example").await.unwrap().unwrap();
    assert_eq!(two.status, UserStatus::Deprovisioned);
    let members = okta.groups().members(&group).collect_all().await.unwrap();
    assert!(members.iter().all(|member| member.id != one.id));
    hr.import(&Import::new().without_groups(["G1"]), QUARTER).await.unwrap();
    assert!(okta.groups().find(&group).await.unwrap().is_none());
    assert_eq!(hr.sessions().list().collect_all().await.unwrap().len(), 3);
}

#[tokio::test]
async fn one_session_is_open_at_a_time_and_takes_uploads_until_it_is_started() {
    let (sandbox, okta, source) = acme().await;
    let sessions = okta.identity_source(&source).sessions();
    let first = sessions.create().await.unwrap();
    assert!(sessions.create().await.unwrap_err().problem().unwrap().is_code("E0000001"));
    sessions.delete(&first.id).await.unwrap();
    let second = sessions.create().await.unwrap();
    sessions.upsert_users(&second.id, &[person(1)]).await.unwrap();
    assert_eq!(sessions.start_import(&second.id).await.unwrap().status, ImportStatus::Triggered);
    assert!(sessions.upsert_users(&second.id, &[person(2)]).await.is_err());
    assert!(sessions.start_import(&second.id).await.is_err());
    sandbox.clock().advance(Duration::from_secs(6));
    assert_eq!(sessions.get(&second.id).await.unwrap().status, ImportStatus::InProgress);
    let third = sessions.create().await.unwrap();
    sandbox.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(sessions.get(&third.id).await.unwrap().status, ImportStatus::Expired);
}

#[tokio::test]
async fn a_bad_profile_imports_nobody_and_leaves_no_session_open() {
    let (_sandbox, okta, source) = acme().await;
    let hr = okta.identity_source(&source);
    let mut odd = person(2);
    odd.profile = odd.profile.with("shoeSize", "42");
    let import = Import::new().users([person(1), odd]);
    let error = hr.import(&import, QUARTER).await.unwrap_err();
    assert!(error.problem().unwrap().causes[0].contains("shoeSize"), "{error:?}");
    assert!(okta.users().find_by_login("person1@acme.example").await.unwrap().is_none());
    hr.import(&Import::new().users([person(1)]), QUARTER).await.unwrap();
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_seen_in_the_session() {
    let (sandbox, okta, source) = acme().await;
    sandbox.add_fault(Fault::okta("POST", "*/start-import", Effect::CutAfter));
    let import = Import::new().users([person(1)]);
    let done = okta.identity_source(&source).import(&import, QUARTER).await.unwrap();
    assert_eq!(done.status, ImportStatus::Completed);
    assert!(okta.users().find_by_login("person1@acme.example").await.unwrap().is_some());
}

#[tokio::test]
async fn people_and_groups_come_one_by_one_too() {
    let (_sandbox, okta, source) = acme().await;
    let hr = okta.identity_source(&source);
    let (key, group) = (ExternalId::from("E1"), ExternalId::from("G1"));
    hr.users().create(&person(1)).await.unwrap();
    let nick = Profile::new()
        .with("userName", "person1@acme.example")
        .with("email", "p1@acme.example")
        .with("firstName", "Pat")
        .with("lastName", "One");
    hr.users().update(&key, &nick).await.unwrap();
    let user = okta.users().find_by_login("person1@acme.example").await.unwrap().unwrap();
    assert_eq!(user.profile.text("firstName"), Some("Pat"));
    hr.users().replace(&person(1)).await.unwrap();
    hr.groups().create(&SourceGroup::new("G1", "Sales")).await.unwrap();
    hr.groups().update(&SourceGroup::new("G1", "Sales EMEA").description("All of them")).await.unwrap();
    hr.groups().add_member(&group, &key).await.unwrap();
    assert_eq!(hr.groups().members(&group).collect_all().await.unwrap()[0], key);
    assert!(hr.groups().add_member(&group, &"E9".into()).await.is_err());
    hr.groups().remove_member(&group, &key).await.unwrap();
    assert!(hr.groups().members(&group).collect_all().await.unwrap().is_empty());
    hr.groups().delete(&group).await.unwrap();
    assert!(hr.groups().get(&group).await.unwrap_err().is_not_found());
    hr.users().delete(&key).await.unwrap();
    assert!(hr.users().get(&key).await.unwrap_err().is_not_found());
    assert_eq!(okta.users().get(&user.id).await.unwrap().status, UserStatus::Deprovisioned);
}

#[tokio::test]
async fn what_is_mapped_decides_what_becomes_of_a_profile() {
    let (_sandbox, okta, source) = acme().await;
    let mappings = okta.profile_mappings();
    let found = mappings.list().source(source.as_str()).send().collect_all().await.unwrap();
    let patch =
        MappingPatch::new().set("nickName", "source.firstName", PushStatus::Push).remove("postalAddress");
    let mapping = mappings.update(&found[0].id, &patch).await.unwrap();
    assert_eq!(mapping.properties["nickName"].expression, "source.firstName");
    assert!(!mappings.get(&found[0].id).await.unwrap().properties.contains_key("postalAddress"));
    okta.identity_source(&source).users().create(&person(1)).await.unwrap();
    let user = okta.users().find_by_login("person1@acme.example").await.unwrap().unwrap();
    assert_eq!(user.profile.text("nickName"), Some("Person"));
}
