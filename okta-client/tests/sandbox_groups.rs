//! Groups, owners and rules against the sandbox, over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use okta_client::group_rules::{GivenMemberships, GroupRuleStatus, NewGroupRule};
use okta_client::groups::{GroupId, GroupProfile, Owner};
use okta_client::users::{NewUser, Profile, ProfilePatch, UserId};
use okta_client::{Filter, OktaClient};
use sandbox::{Effect, Fault, Limits, Sandbox, group_id};
use serde_json::Value;

async fn world() -> (Sandbox, OktaClient) {
    let builder = Sandbox::builder().people(12).limits(Limits::Unlimited).frozen_clock();
    let sandbox = builder.start().await.unwrap();
    let okta = support::frozen::client(&sandbox);
    (sandbox, okta)
}

fn id(name: &str) -> GroupId {
    group_id(name).parse().unwrap()
}

async fn hire(okta: &OktaClient, login: &str, department: &str) -> UserId {
    let profile = Profile::new().with("login", login).with("email", login);
    let profile = profile.with("firstName", "Ann").with("lastName", "Lee").with("department", department);
    let new = NewUser::new(profile);
    okta.users().create(&new, okta_client::users::Activation::Staged).await.unwrap().id
}

async fn is_member(okta: &OktaClient, group: &GroupId, user: &UserId) -> bool {
    okta.groups().members(group).collect_all().await.unwrap().iter().any(|member| member.id == *user)
}

/// The types of the events so far, in order.
fn events(sandbox: &Sandbox) -> Vec<String> {
    let logs = sandbox.state()["okta"]["logs"].clone();
    let kinds = logs.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap().to_owned());
    kinds.collect()
}

#[tokio::test]
async fn a_group_lives() {
    let (sandbox, okta) = world().await;
    let made =
        okta.groups().create(&GroupProfile::new("Night shift").description("Who wakes")).await.unwrap();
    let again = okta.groups().create(&GroupProfile::new("Night shift")).await.unwrap_err();
    assert!(again.problem().unwrap().is_duplicate());
    let mut profile = made.profile.clone();
    profile.description = Some("Who is awake".into());
    okta.groups().replace(&made.id, &profile).await.unwrap();
    assert_eq!(okta.groups().get(&made.id).await.unwrap().profile, profile);
    okta.groups().delete(&made.id).await.unwrap();
    assert_eq!(okta.groups().find(&made.id).await.unwrap(), None);
    assert!(okta.groups().delete(&made.id).await.unwrap_err().is_not_found());
    assert_eq!(
        events(&sandbox),
        ["group.lifecycle.create", "group.profile.update", "group.lifecycle.delete"]
    );
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_done_once() {
    let (sandbox, okta) = world().await;
    sandbox.add_fault(Fault::okta("DELETE", "/api/v1/groups/", Effect::CutAfter));
    okta.groups().delete(&id("Legal")).await.unwrap();
    assert_eq!(events(&sandbox), ["group.lifecycle.delete"]);
}

#[tokio::test]
async fn owners_come_once_and_go_once() {
    let (_sandbox, okta) = world().await;
    let people = okta.groups().members(&id("Sales")).collect_all().await.unwrap();
    let (head, board) = (Owner::User(people[0].id.clone()), Owner::Group(id("People Managers")));
    let (sales, groups) = (id("Sales"), okta.groups());
    let owners = groups.owners(&sales);
    let added = owners.add(&head).await.unwrap();
    owners.add(&board).await.unwrap();
    assert!(owners.add(&head).await.unwrap_err().problem().unwrap().is_already_assigned());
    let listed = owners.list().send().collect_all().await.unwrap();
    assert_eq!(listed.iter().map(|owner| owner.owner().unwrap()).collect::<Vec<_>>(), [head.clone(), board]);
    assert!(added.last_updated.is_some());
    assert_eq!(listed[0].last_updated, added.last_updated, "two forms of one time");
    let people = owners.list().search(Filter::eq("type", "USER")).send().collect_all().await.unwrap();
    assert_eq!(people.len(), 1);
    owners.remove(&head).await.unwrap();
    assert!(owners.remove(&head).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_rule_fills_its_group_and_empties_it_again() {
    let (_sandbox, okta) = world().await;
    let (sales, rules) = (id("Production Access"), okta.group_rules());
    let seller = hire(&okta, "seller@acme.example", "Field Sales").await;
    let lawyer = hire(&okta, "lawyer@acme.example", "Legal").await;
    let new = NewGroupRule::new("Field", r#"user.department=="Field Sales""#, [sales.clone()]);
    let rule = rules.create(&new).await.unwrap();
    assert_eq!((rule.status.clone(), rule.groups()), (GroupRuleStatus::Inactive, vec![sales.clone()]));
    assert!(!is_member(&okta, &sales, &seller).await, "an INACTIVE rule does nothing");
    rules.activate(&rule.id).await.unwrap();
    assert!(is_member(&okta, &sales, &seller).await && !is_member(&okta, &sales, &lawyer).await);

    let moved = ProfilePatch::new().set("department", "Field Sales");
    okta.users().update(&lawyer, &moved).await.unwrap();
    assert!(is_member(&okta, &sales, &lawyer).await, "a changed attribute counts");

    let read = rules.get(&rule.id).await.unwrap();
    assert!(rules.replace(&read).await.unwrap_err().to_string().contains("was not sent"));
    rules.deactivate(&rule.id).await.unwrap();
    let mut read = rules.get(&rule.id).await.unwrap();
    read.set_expression(r#"user.department=="Nobody's""#);
    assert_eq!(rules.replace(&read).await.unwrap().extra.get("allGroupsValid"), Some(Value::Bool(true)));
    assert!(is_member(&okta, &sales, &seller).await, "whom it put there stays while it does nothing");
    rules.activate(&rule.id).await.unwrap();
    assert!(!is_member(&okta, &sales, &seller).await, "it fits no more");
}

#[tokio::test]
async fn a_rule_that_goes_takes_memberships_along_or_not_and_never_those_made_by_hand() {
    let (_sandbox, okta) = world().await;
    let (group, rules) = (id("Production Access"), okta.group_rules());
    let new = || NewGroupRule::new("Field", r#"user.department=="Field Sales""#, [group.clone()]);
    let (one, other) = (
        hire(&okta, "one@acme.example", "Field Sales").await,
        hire(&okta, "two@acme.example", "Field Sales").await,
    );
    let rule = rules.create(&new()).await.unwrap();
    rules.activate(&rule.id).await.unwrap();
    okta.groups().add(&group, &other).await.unwrap();
    rules.delete(&rule.id, GivenMemberships::Remove).await.unwrap();
    assert!(!is_member(&okta, &group, &one).await && is_member(&okta, &group, &other).await);

    let rule = rules.create(&new()).await.unwrap();
    rules.activate(&rule.id).await.unwrap();
    rules.delete(&rule.id, GivenMemberships::Keep).await.unwrap();
    assert!(is_member(&okta, &group, &one).await);
    assert_eq!(rules.find(&rule.id).await.unwrap(), None);
}

#[tokio::test]
async fn rules_leave_people_out_and_are_found_by_their_words() {
    let (_sandbox, okta) = world().await;
    let (group, rules) = (id("Production Access"), okta.group_rules());
    let out = hire(&okta, "out@acme.example", "Field Sales").await;
    let new = NewGroupRule::new("Field", r#"user.department=="Field Sales""#, [group.clone()]);
    let rule = rules.create(&new.excluding(out.clone())).await.unwrap();
    rules.activate(&rule.id).await.unwrap();
    assert!(!is_member(&okta, &group, &out).await);
    let found = rules.list().search("production").with_group_names().send().collect_all().await.unwrap();
    assert_eq!(found[0].excluded(), [out]);
    assert_eq!(found[0].group_names(), [(group, "Production Access".to_owned())].into());
    assert_eq!(rules.list().search("no such word").send().collect_all().await.unwrap(), []);
}

#[tokio::test]
async fn a_rule_refused_while_others_are_reconciled_is_sent_again() {
    let (sandbox, okta) = world().await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups/rules", Effect::Status(423)).times(2));
    let new = NewGroupRule::new("Field", "true", [id("Sales")]);
    let before = sandbox.clock().now();
    okta.group_rules().create(&new).await.unwrap();
    assert_eq!(okta.group_rules().list().send().collect_all().await.unwrap().len(), 1);
    assert!(sandbox.clock().now() > before, "after a pause");
}
