//! Whole stories against an org on loopback, whose time stands still unless somebody sleeps.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use okta_client::groups::GroupKind;
use okta_client::system_log::LogOutcome;
use okta_client::users::{Activation, Mail, NewUser, Profile, ProfilePatch, UserId, UserStatus};
use okta_client::{Delivery, Event, Filter, Observer, OktaClient};
use sandbox::{Effect, Fault, Limits, Sandbox};

use support::frozen::client;

async fn acme(people: usize, limits: Limits) -> (Sandbox, OktaClient) {
    let sandbox = Sandbox::builder().people(people).limits(limits).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    (sandbox, okta)
}

fn ann() -> NewUser {
    let profile = Profile::new()
        .with("login", "ann.lee@acme.example")
        .with("email", "ann.lee@acme.example")
        .with("firstName", "Ann")
        .with("lastName", "Lee")
        .with("startDate", "2026-03-09");
    NewUser::new(profile)
}

/// The request ids of the calls it heard of, with their names.
#[derive(Debug, Default)]
struct Ledger(Mutex<Vec<(&'static str, String)>>);

impl Observer for Ledger {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Attempt(attempt) = event {
            self.0.lock().unwrap().push((attempt.call, attempt.request_id.clone().unwrap()));
        }
    }
}

#[tokio::test]
async fn a_newcomer_is_made_activated_put_into_groups_and_found_in_the_log() {
    let (sandbox, okta) = acme(30, Limits::Workforce).await;
    let ledger = Arc::new(Ledger::default());
    let plan = okta.tagged("plan/42").observed(ledger.clone());
    let morning = sandbox.clock().now();

    let made = plan.users().create(&ann(), Activation::Staged).await.unwrap();
    assert_eq!(made.status, UserStatus::Staged);
    assert_eq!(made.profile.text("startDate"), Some("2026-03-09"));

    // Reading by login is up to date; searching is not, for a second.
    let found = okta.users().find_by_login("Ann.Lee@acme.example").await.unwrap().unwrap();
    assert_eq!(found.id, made.id);
    let search = || {
        okta.users().list().search(Filter::eq("profile.login", "ann.lee@acme.example")).send().collect_all()
    };
    assert!(search().await.unwrap().is_empty());
    sandbox.clock().advance(Duration::from_secs(2));
    let candidates = search().await.unwrap();
    assert_eq!(candidates.iter().map(|user| &user.id).collect::<Vec<_>>(), [&made.id]);

    let link = plan.users().activate(&made.id, Mail::Withhold).await.unwrap();
    assert!(link.is_some());
    let read = okta.users().get(&made.id).await.unwrap();
    assert_eq!(read.status, UserStatus::Provisioned);
    let again = okta.users().activate(&made.id, Mail::Withhold).await.unwrap_err();
    assert!(again.is_wrong_state(), "{again:?}");

    let groups = okta.groups().list().send().collect_all().await.unwrap();
    let ours: Vec<_> = groups.iter().filter(|group| group.kind == GroupKind::OktaGroup).take(2).collect();
    for group in &ours {
        plan.groups().add(&group.id, &made.id).await.unwrap();
        plan.groups().add(&group.id, &made.id).await.unwrap();
        let named = okta.groups().find_by_name(&group.profile.name).await.unwrap().unwrap();
        assert_eq!(named.id, group.id);
    }
    let memberships = okta.users().groups(&made.id).collect_all().await.unwrap();
    assert!(ours.len() == 2 && ours.iter().all(|group| memberships.iter().any(|is| is.id == group.id)));
    let members = okta.groups().members(&ours[0].id).collect_all().await.unwrap();
    assert!(members.iter().any(|member| member.id == made.id));
    plan.groups().remove(&ours[0].id, &made.id).await.unwrap();

    // What the log has of the tag is what the ledger has of the calls.
    sandbox.clock().advance(Duration::from_secs(5));
    let about_ann = Filter::eq("target.id", made.id.as_str());
    let query = okta.system_log().between(morning, sandbox.clock().now()).filter(about_ann);
    let events = query.send().collect_all().await.unwrap();
    let heard = ledger.0.lock().unwrap().clone();
    for (call, event_type) in [
        ("okta.users.create", "user.lifecycle.create"),
        ("okta.users.activate", "user.lifecycle.activate"),
        ("okta.groups.add", "group.user_membership.add"),
        ("okta.groups.remove", "group.user_membership.remove"),
    ] {
        let (_, id) = heard.iter().find(|(name, _)| *name == call).unwrap();
        let event = events
            .iter()
            .find(|event| event.request_id() == Some(id))
            .unwrap_or_else(|| panic!("{call} is not in the log"));
        assert_eq!(event.event_type(), Some(event_type));
        assert!(event.user_agent().unwrap().ends_with("plan/42"), "{:?}", event.user_agent());
        assert_eq!(event.target("User").and_then(|user| user.id()), Some(made.id.as_str()));
        assert_eq!(event.outcome(), Some(LogOutcome::Success));
    }
}

#[tokio::test]
async fn a_person_changes_pauses_comes_back_and_leaves() {
    let (_sandbox, okta) = acme(30, Limits::Workforce).await;
    let users = okta.users();
    let active = Filter::eq("status", "ACTIVE");
    let someone: Vec<_> = users.list().filter(active).send().take(1).try_collect().await.unwrap();
    let (before, id) = (&someone[0], &someone[0].id);
    let status = async || users.get(id).await.unwrap().status;

    let patch = ProfilePatch::new().set("title", "Lead").set("nickName", "").remove("displayName");
    let after = users.update(id, &patch).await.unwrap();
    assert_eq!((after.profile.text("title"), after.profile.text("nickName")), (Some("Lead"), Some("")));
    assert_eq!(after.profile.text("displayName"), None);
    assert_eq!(after.profile.login(), before.profile.login());
    let unknown = users.update(id, &ProfilePatch::new().set("shoeSize", 42)).await.unwrap_err();
    assert!(unknown.problem().unwrap().is_code("E0000001"));

    users.suspend(id).await.unwrap();
    assert_eq!(status().await, UserStatus::Suspended);
    assert!(users.suspend(id).await.unwrap_err().problem().unwrap().is_code("E0000001"));
    users.unsuspend(id).await.unwrap();
    assert!(users.unlock(id).await.unwrap_err().is_wrong_state());
    users.reset_factors(id).await.unwrap();
    users.expire_password(id).await.unwrap();
    assert_eq!(status().await, UserStatus::PasswordExpired);
    users.deactivate(id).await.unwrap();
    assert_eq!(status().await, UserStatus::Deprovisioned);
    let ids: Vec<UserId> = users.list().send().map_ok(|user| user.id).try_collect().await.unwrap();
    assert!(!ids.contains(id), "a plain list leaves out who is deactivated");
}

#[tokio::test]
async fn a_login_that_is_taken_is_told_and_a_name_that_is_short_is_not_taken_for_it() {
    let (_sandbox, okta) = acme(10, Limits::Workforce).await;
    okta.users().create(&ann(), Activation::Staged).await.unwrap();
    let error = okta.users().create(&ann(), Activation::Staged).await.unwrap_err();
    assert!(error.problem().unwrap().is_duplicate(), "{error:?}");
    // Okta answers the only user whose login begins so, or the caller; we do not take that for an answer.
    for short in ["ann.lee", "me"] {
        let result = okta.users().find_by_login(short).await;
        assert!(!matches!(result, Ok(Some(_))), "{result:?}");
    }
    assert!(okta.users().find_by_login("nobody@acme.example").await.unwrap().is_none());
}

#[tokio::test]
async fn a_list_of_many_pages_has_everybody_once() {
    let (sandbox, okta) = acme(450, Limits::Workforce).await;
    let all = okta.users().list().limit(100).send().collect_all().await.unwrap();
    let mut ids: Vec<_> = all.iter().map(|user| user.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    let there = sandbox.state()["okta"]["users"].as_array().unwrap().len();
    let gone = okta.users().list().search(Filter::eq("status", "DEPROVISIONED")).send();
    assert_eq!(all.len() + gone.collect_all().await.unwrap().len(), there);
    assert!(sandbox.requests().len() >= 5);
}

#[tokio::test]
async fn four_hundred_calls_in_a_row_at_three_hundred_a_minute_see_no_refusal() {
    let (sandbox, okta) = acme(10, Limits::Workforce).await;
    let someone = okta.users().list().limit(1).send().try_next().await.unwrap().unwrap().id;
    let started = sandbox.clock().now();
    for _ in 0..400 {
        okta.users().groups(&someone).collect_all().await.unwrap();
    }
    no_refusal(&sandbox, 400);
    let took = (sandbox.clock().now() - started).num_seconds();
    assert!((60..=90).contains(&took), "400 calls took {took} s");
}

#[tokio::test]
async fn calls_at_once_see_no_refusal_in_a_small_org_either() {
    let (sandbox, okta) = acme(10, Limits::IntegratorFree).await;
    let someone = okta.users().list().limit(1).send().try_next().await.unwrap().unwrap().id;
    let started = sandbox.clock().now();
    let calls = stream::iter(0..200).map(|_| okta.users().groups(&someone).collect_all());
    let answers: Vec<_> = calls.buffer_unordered(20).collect().await;
    assert!(answers.iter().all(Result::is_ok));
    no_refusal(&sandbox, 200);
    let took = (sandbox.clock().now() - started).num_seconds();
    assert!((180..=270).contains(&took), "200 calls at 50 a minute took {took} s");
}

#[track_caller]
fn no_refusal(sandbox: &Sandbox, at_least: usize) {
    let requests = sandbox.requests();
    assert!(requests.len() >= at_least);
    let refused = requests.iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0, "of {} requests", requests.len());
}

#[tokio::test]
async fn somebody_else_using_up_the_bucket_is_waited_out() {
    let (sandbox, okta) = acme(10, Limits::IntegratorFree).await;
    let someone = okta.users().list().limit(1).send().try_next().await.unwrap().unwrap().id;
    // A second client with the same token, which knows nothing of the first.
    let other = client(&sandbox);
    for _ in 0..60 {
        other.users().groups(&someone).collect_all().await.unwrap();
        okta.users().groups(&someone).collect_all().await.unwrap();
    }
    let requests = sandbox.requests();
    let about = requests.iter().filter(|request| request.path.ends_with("/groups"));
    assert_eq!(about.filter(|request| request.status == 200).count(), 120);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_reported_and_found_by_its_login() {
    let (sandbox, okta) = acme(10, Limits::Workforce).await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/users$", Effect::CutAfter));
    let error = okta.users().create(&ann(), Activation::Staged).await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
    let found = okta.users().find_by_login("ann.lee@acme.example").await.unwrap().unwrap();
    assert_eq!(found.status, UserStatus::Staged);
    let posts = sandbox.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn a_membership_whose_answer_was_lost_is_set_again() {
    let (sandbox, okta) = acme(10, Limits::Workforce).await;
    let made = okta.users().create(&ann(), Activation::Staged).await.unwrap();
    let groups = okta.groups().list().send().collect_all().await.unwrap();
    let group = groups.iter().find(|group| group.kind == GroupKind::OktaGroup).unwrap();
    for effect in [Effect::CutBefore, Effect::CutAfter, Effect::Status(503)] {
        sandbox.add_fault(Fault::okta("PUT", "/api/v1/groups", effect));
        okta.groups().add(&group.id, &made.id).await.unwrap();
    }
    let everyone = groups.iter().find(|group| group.kind == GroupKind::BuiltIn).unwrap();
    assert!(okta.groups().add(&everyone.id, &made.id).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn a_wrong_token_is_told_as_such_and_shown_nowhere() {
    let sandbox = Sandbox::builder().people(1).frozen_clock().start().await.unwrap();
    let okta = OktaClient::builder(sandbox.okta_url()).api_token("wr0ng".into()).build().unwrap();
    let error = okta.users().list().send().collect_all().await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error:?}");
    assert!(error.problem().unwrap().hint().unwrap().contains("make a new one"));
    assert!(!format!("{error} {error:?} {okta:?}").contains("wr0ng"));
}
