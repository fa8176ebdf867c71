//! Stories of users against an org on loopback, whose time stands still unless somebody sleeps.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::linked_objects::{LinkedObject, LinkedObjectSide};
use okta_client::user_schema::{AttributeKind, SchemaAttribute, SchemaPatch, UserSchemaId};
use okta_client::users::{
    Activation, Allowed, Mail, NewUser, PasswordHash, Profile, ProfilePatch, ProviderKind, RiskLevel, Salt,
    SignIn, Transition, UserId, UserStatus, UserUpdate, WholeUser,
};
use okta_client::{Delivery, ExposeSecret as _, Filter, OktaClient, SecretString, SortOrder};
use sandbox::{Effect, Fault, Limits, Sandbox};
use serde_json::json;

use support::frozen::client;

async fn acme() -> (Sandbox, OktaClient) {
    let sandbox =
        Sandbox::builder().people(5).limits(Limits::Unlimited).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    (sandbox, okta)
}

fn profile(login: &str) -> Profile {
    Profile::new().with("login", login).with("email", login).with("firstName", "Ann").with("lastName", "Lee")
}

fn secret(text: &str) -> SecretString {
    text.into()
}

async fn ann(okta: &OktaClient) -> UserId {
    let new = NewUser::new(profile("ann.lee@acme.example"))
        .signing_in_with(SignIn::Password(secret("Correct-horse-9")))
        .recovery_question("Which cat?", secret("Tom"));
    okta.users().create(&new, Activation::AtOnce).await.unwrap().id
}

/// How many requests with this method the sandbox saw, to a path that ends so.
fn saw(sandbox: &Sandbox, method: &str, path: &str) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|request| request.method == method && request.path.ends_with(path)).count()
}

#[tokio::test]
async fn everybody_is_made_in_the_status_that_what_they_sign_in_with_makes() {
    let (sandbox, okta) = acme().await;
    let hash = PasswordHash::sha256(secret("aGk="), Salt::Prefix(secret("c2FsdA==")));
    let federated = SignIn::Provider { kind: ProviderKind::Federation, name: "FEDERATION".into() };
    let password = || SignIn::Password(secret("Correct-horse-9"));
    for (at, (sign_in, activation, status)) in [
        (SignIn::Activation, Activation::Staged, UserStatus::Staged),
        (SignIn::Activation, Activation::AtOnce, UserStatus::Provisioned),
        (password(), Activation::AtOnce, UserStatus::Active),
        (password(), Activation::ChangePassword, UserStatus::PasswordExpired),
        (SignIn::Imported(hash), Activation::AtOnce, UserStatus::Active),
        (SignIn::ImportHook, Activation::AtOnce, UserStatus::Active),
        (federated, Activation::AtOnce, UserStatus::Active),
    ]
    .into_iter()
    .enumerate()
    {
        let federated = matches!(sign_in, SignIn::Provider { .. });
        let new = NewUser::new(profile(&format!("case{at}@acme.example"))).signing_in_with(sign_in);
        let made = okta.users().create(&new, activation).await.unwrap();
        assert_eq!(made.status, status, "case {at}");
        let provider = made.credentials.unwrap().provider().unwrap().kind;
        assert_eq!(
            provider == ProviderKind::Federation,
            federated,
            "a provider that is not asked for is ignored"
        );
    }
    let mails = sandbox.state()["okta"]["mails"].as_array().unwrap().len();
    assert_eq!(mails, 1, "only to whom has to choose a password");
}

#[tokio::test]
async fn an_account_ends_for_good_in_two_steps_and_the_login_is_free() {
    let (sandbox, okta) = acme().await;
    sandbox.set_okta_transition_time(Duration::from_secs(12));
    let id = ann(&okta).await;
    let users = okta.users();
    let active = users.wait_for(&id, [UserStatus::Active]).await.unwrap();
    assert_eq!(active.status.allows(Transition::Deactivate), Allowed::Yes);
    assert!(users.deprovisioned(&id).await.unwrap().is_none(), "in use");

    users.deactivate(&id).in_background().await.unwrap();
    let underway = users.get(&id).await.unwrap();
    assert_eq!(underway.transitioning_to_status, Some(UserStatus::Deprovisioned));
    assert!(users.deprovisioned(&id).await.unwrap().is_none(), "not there yet");
    users.wait_for(&id, [UserStatus::Deprovisioned]).await.unwrap();
    assert_eq!(saw(&sandbox, "DELETE", id.as_str()), 0);

    let ended = users.deprovisioned(&id).await.unwrap().unwrap();
    users.delete(ended).await.unwrap();
    assert!(users.find(&id).await.unwrap().is_none());
    assert_eq!(saw(&sandbox, "DELETE", id.as_str()), 1);
    ann(&okta).await;
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_not_sent_again_but_looked_at() {
    let (sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    okta.users().deactivate(&id).await.unwrap();
    for (effect, there) in [(Effect::CutBefore, true), (Effect::CutAfter, false)] {
        let ended = okta.users().deprovisioned(&id).await.unwrap().unwrap();
        sandbox.add_fault(Fault::okta("DELETE", "/api/v1/users/", effect));
        let error = okta.users().delete(ended).await.unwrap_err();
        assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
        assert_eq!(okta.users().find(&id).await.unwrap().is_some(), there);
    }
    assert_eq!(saw(&sandbox, "DELETE", id.as_str()), 2);
}

#[tokio::test]
async fn two_who_change_one_profile_do_not_write_over_each_other() {
    let (_sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    let users = okta.users();
    let (_, mine) = users.get_tagged(&id).await.unwrap();
    users.suspend(&id).await.unwrap();
    users.unsuspend(&id).await.unwrap();
    assert_eq!(users.get_tagged(&id).await.unwrap().1, mine, "a status is no change of the profile");

    let title =
        |title: &str| UserUpdate::from(ProfilePatch::new().set("title", title)).if_match(mine.clone());
    users.update(&id, title("Lead")).await.unwrap();
    let late = users.update(&id, title("Boss")).await.unwrap_err();
    assert!(late.problem().unwrap().is_stale() && late.is_conflict(), "{late:?}");
    assert_eq!(users.get(&id).await.unwrap().profile.text("title"), Some("Lead"));
}

#[tokio::test]
async fn a_type_is_changed_by_a_replacement_which_drops_what_is_not_in_it() {
    let (_sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    let users = okta.users();
    users
        .update(&id, &ProfilePatch::new().set("title", "Lead").set("startDate", "2026-03-09"))
        .await
        .unwrap();
    let guest = okta.user_types().create("guest", "Guest", None).await.unwrap();
    assert!(!guest.is_default);
    let schema = okta.user_schemas().get(&guest.schema_id().unwrap()).await.unwrap();
    assert!(schema.attribute("startDate").is_some());

    let whole = WholeUser::from(&users.get(&id).await.unwrap()).user_type(guest.id.clone());
    let moved = users.replace(&id, &whole).await.unwrap();
    assert_eq!(
        (&moved.user_type.unwrap().id, moved.profile.text("startDate")),
        (&guest.id, Some("2026-03-09"))
    );
    let bare = users.replace(&id, &WholeUser::new(profile("ann.lee@acme.example"))).await.unwrap();
    assert_eq!((bare.profile.text("title"), bare.profile.text("startDate")), (None, None));
}

#[tokio::test]
async fn a_schema_tells_what_okta_would_refuse() {
    let (_sandbox, okta) = acme().await;
    let schema_id = UserSchemaId::of_default_type();
    let mut badge = SchemaAttribute::new(AttributeKind::String, "Badge");
    badge.max_length = Some(4);
    badge.required = Some(true);
    okta.user_schemas().update(&schema_id, &SchemaPatch::new().set("badge", badge)).await.unwrap();
    let schema = okta.user_schemas().get(&schema_id).await.unwrap();
    for (odd, fits) in [
        (profile("a@acme.example"), false),
        (profile("b@acme.example").with("badge", "12345"), false),
        (profile("c@acme.example").with("badge", 12), false),
        (profile("d@acme.example").with("badge", "12").with("shoeSize", 43), false),
        (profile("e@acme.example").with("badge", "12"), true),
    ] {
        assert_eq!(schema.misfits(&odd).is_empty(), fits, "{:?}", schema.misfits(&odd));
        let made = okta.users().create(&NewUser::new(odd), Activation::Staged).await;
        assert_eq!(made.is_ok(), fits, "{made:?}");
    }
    okta.user_schemas().update(&schema_id, &SchemaPatch::new().remove("badge")).await.unwrap();
    let made = okta.users().find_by_login("e@acme.example").await.unwrap().unwrap();
    assert_eq!(made.profile.get("badge"), None, "its values go with it");
}

#[tokio::test]
async fn a_password_goes_from_hand_to_hand() {
    let (sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    let users = okta.users();
    let wrong =
        users.change_password(&id, secret("Wrong-horse-1"), secret("New-horse-10")).await.unwrap_err();
    assert!(wrong.problem().unwrap().is_code("E0000014"));
    let temporary = users.expire_password_with_temp_password(&id).revoke_sessions().await.unwrap();
    assert_eq!(users.get(&id).await.unwrap().status, UserStatus::PasswordExpired);
    users.change_password(&id, temporary, secret("New-horse-10")).await.unwrap();
    assert_eq!(users.get(&id).await.unwrap().status, UserStatus::Active);
    users
        .forgot_password_recovery_question(&id, &secret("tom"), &secret("Newer-horse-11"), Mail::Withhold)
        .await
        .unwrap();
    users
        .change_recovery_question(&id, &secret("Newer-horse-11"), "Which dog?", &secret("Rex"))
        .await
        .unwrap();
    let link = users.reset_password(&id, Mail::Withhold).await.unwrap().unwrap();
    assert!(link.expose_secret().contains("/signin/reset-password/"));
    assert_eq!(users.get(&id).await.unwrap().status, UserStatus::Recovery);
    users.update(&id, UserUpdate::new().password(secret("Newest-horse-12"))).await.unwrap();
    assert!(!sandbox.state().to_string().contains("horse"));
}

#[tokio::test]
async fn everything_that_acts_for_a_person_is_taken_away() {
    let (sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    let app = "0oaone".parse().unwrap();
    let grant = sandbox.add_okta_grant(id.as_str(), "0oaone", "okta.users.read").unwrap();
    for n in 0..45 {
        sandbox.add_okta_grant(id.as_str(), "0oatwo", &format!("scope{n}")).unwrap();
    }
    let token = sandbox.add_okta_refresh_token(id.as_str(), "0oaone", &["openid"]).unwrap();
    let users = okta.users();
    assert_eq!(users.grants(&id).list().collect_all().await.unwrap().len(), 46);
    assert_eq!(users.clients(&id).collect_all().await.unwrap().len(), 2);
    assert_eq!(users.client(&id, &app).tokens().collect_all().await.unwrap()[0].id.as_str(), token);

    users.grants(&id).revoke(&grant.parse().unwrap()).await.unwrap();
    users.grants(&id).revoke_all().await.unwrap();
    users.revoke_sessions(&id).oauth_tokens().await.unwrap();
    users.universal_logout(&id).await.unwrap();
    assert!(users.clients(&id).collect_all().await.unwrap().is_empty());
    let nobody: UserId = "00unobody".parse().unwrap();
    assert_eq!(users.universal_logout(&nobody).await.unwrap_err().status().unwrap().as_u16(), 400);
}

#[tokio::test]
async fn a_manager_is_one_and_risk_and_blocks_are_told() {
    let (sandbox, okta) = acme().await;
    let id = ann(&okta).await;
    let state = sandbox.state();
    let boss: UserId = state["okta"]["users"][0]["id"].as_str().unwrap().parse().unwrap();
    let relation = LinkedObject::between(
        LinkedObjectSide::new("manager", "Manager"),
        LinkedObjectSide::new("subordinate", "Subordinate"),
    );
    okta.linked_objects().create(&relation).await.unwrap();
    assert!(okta.linked_objects().create(&relation).await.unwrap_err().is_conflict());
    let users = okta.users();
    users.linked_objects(&id).set_primary("manager", &boss).await.unwrap();
    assert_eq!(users.linked_objects(&boss).list("subordinate").await.unwrap(), std::slice::from_ref(&id));
    users.linked_objects(&id).remove_primary("manager").await.unwrap();
    assert!(users.linked_objects(&id).list("manager").await.unwrap().is_empty());

    users.set_risk(&id, &RiskLevel::High, Some("Lost laptop")).await.unwrap();
    assert_eq!(users.risk(&id).await.unwrap().level, RiskLevel::High);
    sandbox.block_okta_user(id.as_str(), "ANY_DEVICES").unwrap();
    assert_eq!(users.blocks(&id).await.unwrap().len(), 1);
    users.unlock(&id).await.unwrap();
    sandbox.switch_off_okta_feature("blocks");
    assert!(users.blocks(&id).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn people_are_found_in_the_order_that_was_asked_for() {
    let (sandbox, okta) = acme().await;
    for login in ["c@acme.example", "a@acme.example", "b@acme.example"] {
        let new = NewUser::new(profile(login).with("department", "Choir"));
        okta.users().create(&new, Activation::Staged).await.unwrap();
    }
    sandbox.clock().advance(Duration::from_secs(2));
    let choir = Filter::eq("profile.department", "Choir");
    let list = okta.users().list().search(choir).sort_by("profile.login", SortOrder::Descending).limit(2);
    let found = list.send().collect_all().await.unwrap();
    let logins: Vec<_> = found.iter().filter_map(|user| user.profile.login()).collect();
    assert_eq!(logins, ["c@acme.example", "b@acme.example", "a@acme.example"]);
    let typed = okta.users().list().q("Ann").limit(2).send().collect_all().await.unwrap();
    assert_eq!(typed.len(), 2, "one page");
    assert_eq!(json!(typed[0].profile)["firstName"], "Ann");
}
