//! The calls on users over a real socket, besides those in `wire.rs`: what the server saw, and what became of its
//! answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::users::{
    Activation, Allowed, ETag, Mail, NewUser, PasswordHash, Pbkdf2Digest, Profile, ProfilePatch,
    ProviderKind, RiskLevel, Salt, SignIn, Subject, Transition, UserId, UserStatus, UserUpdate, WholeUser,
};
use okta_client::{Delivery, ExposeSecret as _, Failure, Filter, SecretString, SortOrder};
use serde_json::{Value, json};

use support::org::{Org, empty, html, problem, reply};

const ANN: &str = "/api/v1/users/00u1ab2cd3EF4gh5i6j7";

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn secret(text: &str) -> SecretString {
    text.into()
}

fn user(status: &str) -> Value {
    json!({
        "id": "00u1ab2cd3EF4gh5i6j7", "status": status, "created": "2026-03-02T09:15:20.000Z",
        "activated": null, "statusChanged": "2026-03-02T09:20:48.000Z", "lastLogin": null,
        "lastUpdated": "2026-03-29T16:02:04.250Z", "passwordChanged": "2026-03-02T09:20:47.000Z",
        "type": { "id": "oty1ab2cd3EF4gh5i6j7" }, "realmId": "guo1",
        "profile": { "login": "ann.lee@example.com", "badges": ["hq"], "shoeSize": 43 },
        "credentials": {
            "password": {}, "recovery_question": { "question": "Which cat?" },
            "provider": { "type": "OKTA", "name": "OKTA" },
            "emails": [{ "value": "ann.lee@example.com", "status": "VERIFIED", "type": "PRIMARY" }]
        }
    })
}

fn credentials() -> Value {
    json!({ "password": {}, "provider": { "type": "OKTA", "name": "OKTA" } })
}

fn lee() -> Profile {
    Profile::new().with("login", "ann.lee@example.com")
}

// The object.

#[tokio::test]
async fn what_a_person_signs_in_with_is_told_as_far_as_okta_tells() {
    let org = Org::answering("GET", reply(200, user("ACTIVE"))).await;
    let found = org.okta.users().get(&ann()).await.unwrap();
    assert_eq!(found.user_type.as_ref().unwrap().id.as_str(), "oty1ab2cd3EF4gh5i6j7");
    assert_eq!(found.realm_id.as_ref().unwrap().as_str(), "guo1");
    assert_eq!(found.password_changed.unwrap().to_rfc3339(), "2026-03-02T09:20:47+00:00");
    let credentials = found.credentials.as_ref().unwrap();
    assert!(credentials.has_password());
    assert_eq!(credentials.recovery_question().as_deref(), Some("Which cat?"));
    assert_eq!(credentials.provider().unwrap().kind, ProviderKind::Okta);
    assert_eq!(credentials.emails()[0].status.as_deref(), Some("VERIFIED"));
    assert!(!format!("{found:?} {credentials:?} {:?}", credentials.emails()).contains("ann.lee"));

    let mut without = user("STAGED");
    without["credentials"] = json!({ "provider": { "type": "NEW_KIND" } });
    let org = Org::answering("GET", reply(200, without)).await;
    let credentials = org.okta.users().get(&ann()).await.unwrap().credentials.unwrap();
    assert!(!credentials.has_password() && credentials.emails().is_empty());
    assert_eq!(credentials.provider().unwrap().kind.as_str(), "NEW_KIND");
}

// Lists.

#[tokio::test]
async fn a_list_is_asked_for_in_every_way_that_okta_has() {
    let mut org = Org::new().await;
    let users = org.okta.clone();
    let search = || Filter::starts_with("profile.login", "ann.");
    org.will("GET", reply(200, json!([]))).await;
    let list =
        users.users().list().search(search()).sort_by("profile.lastName", SortOrder::Descending).limit(5);
    list.with_classification().lean().send().collect_all().await.unwrap();
    let saw = org.saw_one();
    assert_eq!(
        saw.target,
        "/api/v1/users?search=profile.login+sw+%22ann.%22&sortBy=profile.lastName&sortOrder=desc\
         &expand=classification&limit=5"
    );
    assert!(saw.header("content-type").unwrap().contains("okta-response=\"omitCredentials,"), "{saw:?}");

    org.will("GET", reply(200, json!([user("ACTIVE")]))).await;
    let found = users.users().list().q("O'Hara & co").limit(3).send().collect_all().await.unwrap();
    assert_eq!(found.len(), 1);
    org.saw_one().is("GET", "/api/v1/users?q=O%27Hara+%26+co&limit=3", None);
}

#[tokio::test]
async fn only_some_fields_are_asked_for_and_answered() {
    let answer =
        json!([{ "id": "00u1", "status": "ACTIVE", "profile": { "city": "Oslo" } }, { "id": "00u2" }]);
    let org = Org::answering("GET", reply(200, answer)).await;
    let list = org.okta.users().list().only(["status", "profile.city", "id", "profile.login"]);
    let found = list.collect_all().await.unwrap();
    org.saw_one().is(
        "GET",
        "/api/v1/users?fields=id%2Cstatus%2Cprofile%3A%28city%2Clogin%29&limit=200",
        None,
    );
    assert_eq!((found[0].profile.text("city"), &found[1].status), (Some("Oslo"), &None));
}

#[tokio::test]
async fn a_list_that_okta_would_refuse_or_misread_is_not_sent() {
    let org = Org::new().await;
    let filter = || Filter::eq("status", "ACTIVE");
    let list = || org.okta.users().list();
    for (refused, word) in [
        (list().search(filter()).filter(filter()).send().collect_all().await.unwrap_err(), "search"),
        (list().search(filter()).q("a").send().collect_all().await.unwrap_err(), "q"),
        (
            list()
                .filter(filter())
                .sort_by("id", SortOrder::Ascending)
                .send()
                .collect_all()
                .await
                .unwrap_err(),
            "sortBy",
        ),
        (list().only(["profile.a)"]).collect_all().await.unwrap_err(), "fields"),
        (list().only(["a&b"]).collect_all().await.unwrap_err(), "fields"),
    ] {
        assert_eq!(refused.delivery(), Delivery::NotSent);
        assert!(refused.to_string().contains(word), "{refused}");
    }
    assert!(org.saw().is_empty());
}

// Creation.

#[tokio::test]
async fn a_user_is_made_with_whatever_they_sign_in_with() {
    let password = json!({ "password": { "value": "Correct-horse-9" } });
    let bcrypt = "$2a$10$rwh13H1g1vfoUgL0tRHHm.cdpEg/D/8nmeVDjaVz7Ky5F2u1ToVD6";
    let bcrypt_parts = json!({ "password": { "hash": {
        "algorithm": "BCRYPT", "workFactor": 10, "salt": "rwh13H1g1vfoUgL0tRHHm.",
        "value": "cdpEg/D/8nmeVDjaVz7Ky5F2u1ToVD6"
    }}});
    let pbkdf2 = PasswordHash::pbkdf2(Pbkdf2Digest::Sha256, secret("c2FsdA=="), secret("aGk="), 4096, 32);
    let federated = |kind| SignIn::Provider { kind, name: "Acme IdP".into() };
    for (sign_in, activation, query, credentials) in [
        (SignIn::Activation, Activation::AtOnce, "activate=true", Value::Null),
        (SignIn::Password(secret("Correct-horse-9")), Activation::AtOnce, "activate=true", password.clone()),
        (
            SignIn::Password(secret("Correct-horse-9")),
            Activation::ChangePassword,
            "activate=true&nextLogin=changePassword",
            password,
        ),
        (
            SignIn::Imported(PasswordHash::bcrypt(secret(bcrypt))),
            Activation::AtOnce,
            "activate=true",
            bcrypt_parts,
        ),
        (
            SignIn::Imported(PasswordHash::md5(secret("aGk="), Salt::Prefix(secret("c2FsdA==")))),
            Activation::Staged,
            "activate=false",
            json!({ "password": { "hash": {
                "algorithm": "MD5", "value": "aGk=", "salt": "c2FsdA==", "saltOrder": "PREFIX"
            }}}),
        ),
        (
            SignIn::Imported(PasswordHash::sha512(secret("aGk="), Salt::None)),
            Activation::Staged,
            "activate=false",
            json!({ "password": { "hash": { "algorithm": "SHA-512", "value": "aGk=" } } }),
        ),
        (
            SignIn::Imported(pbkdf2),
            Activation::Staged,
            "activate=false",
            json!({ "password": { "hash": {
                "algorithm": "PBKDF2", "digestAlgorithm": "SHA256_HMAC", "salt": "c2FsdA==", "value": "aGk=",
                "iterationCount": 4096, "keySize": 32
            }}}),
        ),
        (
            SignIn::ImportHook,
            Activation::AtOnce,
            "activate=true",
            json!({ "password": { "hook": { "type": "default" } } }),
        ),
        (
            federated(ProviderKind::Federation),
            Activation::AtOnce,
            "activate=true&provider=true",
            json!({ "provider": { "type": "FEDERATION", "name": "Acme IdP" } }),
        ),
    ] {
        let org = Org::answering("POST", reply(200, user("ACTIVE"))).await;
        let new = NewUser::new(lee()).signing_in_with(sign_in);
        assert!(!format!("{new:?}").contains("Correct-horse") && !format!("{new:?}").contains("ann.lee"));
        org.okta.users().create(&new, activation).await.unwrap();
        let mut body = json!({ "profile": { "login": "ann.lee@example.com" } });
        if !credentials.is_null() {
            body["credentials"] = credentials;
        }
        org.saw_one().is("POST", &format!("/api/v1/users?{query}"), Some(body));
    }
}

#[tokio::test]
async fn a_user_is_made_with_question_groups_type_and_realm() {
    let org = Org::answering("POST", reply(200, user("STAGED"))).await;
    let new = NewUser::new(lee())
        .recovery_question("Which cat?", secret("Tom"))
        .groups(["00g1".parse().unwrap()])
        .groups(["00g2".parse().unwrap()])
        .user_type("oty1".parse().unwrap())
        .realm("guo1".parse().unwrap());
    org.okta.users().create(&new, Activation::Staged).await.unwrap();
    assert_eq!(
        org.saw_one().body.unwrap(),
        json!({
            "profile": { "login": "ann.lee@example.com" },
            "credentials": { "recovery_question": { "question": "Which cat?", "answer": "Tom" } },
            "groupIds": ["00g1", "00g2"], "type": { "id": "oty1" }, "realmId": "guo1"
        })
    );
}

#[tokio::test]
async fn what_excludes_itself_is_refused_before_sending_and_names_the_field() {
    let org = Org::new().await;
    let new = || NewUser::new(lee());
    let groups = (0..21).map(|n| format!("00g{n}").parse().unwrap());
    let social = || SignIn::Provider { kind: ProviderKind::Social, name: "SOCIAL".into() };
    let weak = PasswordHash::pbkdf2(Pbkdf2Digest::Sha512, secret("c2FsdA=="), secret("aGk="), 1000, 64);
    let bcrypt = PasswordHash::bcrypt(secret("hunter2"));
    for (new, activation, field) in [
        (NewUser::new(Profile::new().with("email", "a@x.example")), Activation::Staged, "profile.login"),
        (new().groups(groups), Activation::Staged, "groupIds"),
        (new(), Activation::ChangePassword, "nextLogin"),
        (new().signing_in_with(social()), Activation::ChangePassword, "nextLogin"),
        (
            new().signing_in_with(social()).recovery_question("?", secret("!")),
            Activation::AtOnce,
            "credentials.recovery_question",
        ),
        (new().signing_in_with(SignIn::Imported(weak)), Activation::AtOnce, "iterationCount"),
        (
            new().signing_in_with(SignIn::Imported(bcrypt)),
            Activation::AtOnce,
            "credentials.password.hash.value",
        ),
    ] {
        let error = org.okta.users().create(&new, activation).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(error.to_string().contains(field), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    assert!(org.saw().is_empty());
}

// Changes.

#[tokio::test]
async fn an_admin_sets_password_and_question() {
    let mut org = Org::answering("POST", reply(200, user("ACTIVE"))).await;
    let update = UserUpdate::new().password(secret("Correct-horse-9")).strict();
    assert!(!format!("{update:?}").contains("Correct-horse"));
    org.okta.users().update(&ann(), update).await.unwrap();
    let body = json!({ "credentials": { "password": { "value": "Correct-horse-9" } } });
    org.saw_one().is("POST", &format!("{ANN}?strict=true"), Some(body));

    org.will("POST", reply(200, user("ACTIVE"))).await;
    let update =
        UserUpdate::from(ProfilePatch::new().remove("title")).recovery_question("Which?", secret("Tom"));
    org.okta.users().update(&ann(), update).await.unwrap();
    let question = json!({ "question": "Which?", "answer": "Tom" });
    let body = json!({ "profile": { "title": null }, "credentials": { "recovery_question": question } });
    org.saw_one().is("POST", ANN, Some(body));

    for nothing in [UserUpdate::new(), UserUpdate::new().strict(), ProfilePatch::new().into()] {
        let error = org.okta.users().update(&ann(), nothing).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

#[tokio::test]
async fn a_tag_makes_a_change_conditional_and_somebody_faster_is_told_apart() {
    const TAG: &str = "W/\"c71203e7a9\"";
    let mut org = Org::answering("GET", reply(200, user("ACTIVE")).header("etag", TAG)).await;
    let (found, tag) = org.okta.users().get_tagged(&ann()).await.unwrap();
    assert_eq!((found.id, tag.as_str()), (ann(), TAG));
    let stored: ETag = serde_json::from_str(&serde_json::to_string(&tag).unwrap()).unwrap();
    assert_eq!(stored, tag);
    org.saw();

    let changed = problem("E0000231", "The provided ETag does not match the current version.", &[]);
    org.will("POST", reply(412, changed.clone())).await;
    let update = UserUpdate::from(ProfilePatch::new().set("title", "Lead")).if_match(tag.clone());
    let error = org.okta.users().update(&ann(), update.clone()).await.unwrap_err();
    assert_eq!(org.saw_one().header("if-match"), Some(TAG));
    assert!(error.is_conflict() && error.problem().unwrap().is_stale(), "{error:?}");
    assert!(!error.is_retryable());

    org.will("PUT", reply(412, changed)).await;
    let whole = WholeUser::new(lee()).if_match(tag);
    assert!(org.okta.users().replace(&ann(), &whole).await.unwrap_err().problem().unwrap().is_stale());
    assert_eq!(org.saw_one().header("if-match"), Some(TAG));

    // The first may have changed the tag: a second would be refused, and look like somebody else's doing.
    org.will("POST", html(503)).await;
    let error = org.okta.users().update(&ann(), update).await.unwrap_err();
    assert_eq!((error.attempts(), error.delivery()), (1, Delivery::Unknown));
    for odd in ["", "W/\"a b\"", "x\r\ny"] {
        assert!(odd.parse::<ETag>().is_err(), "{odd:?}");
    }
}

#[tokio::test]
async fn a_change_that_can_come_twice_is_repeated_and_one_with_a_password_is_not() {
    let mut org = Org::answering("POST", html(502)).await;
    org.will("POST", reply(200, user("ACTIVE"))).await;
    org.okta.users().update(&ann(), &ProfilePatch::new().set("title", "Lead")).await.unwrap();
    assert_eq!(org.saw().len(), 2);
    org.will("POST", html(502)).await;
    let update = UserUpdate::new().password(secret("Correct-horse-9"));
    assert_eq!(org.okta.users().update(&ann(), update).await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn a_replacement_has_everything_that_was_read() {
    let mut org = Org::answering("GET", reply(200, user("ACTIVE"))).await;
    let found = org.okta.users().get(&ann()).await.unwrap();
    org.saw();
    org.will("PUT", reply(200, user("ACTIVE"))).await;
    let whole = WholeUser::from(&found).user_type("oty2".parse().unwrap());
    org.okta.users().replace(&ann(), &whole).await.unwrap();
    let profile = json!({ "login": "ann.lee@example.com", "badges": ["hq"], "shoeSize": 43 });
    org.saw_one().is("PUT", ANN, Some(json!({ "profile": profile, "type": { "id": "oty2" } })));
}

// The end of an account.

#[tokio::test]
async fn who_is_in_use_cannot_be_deleted() {
    let mut on_its_way = user("DEPROVISIONED");
    on_its_way["transitioningToStatus"] = json!("ACTIVE");
    for not_yet in [user("ACTIVE"), user("SUSPENDED"), user("SOMETHING_NEW"), on_its_way] {
        let org = Org::answering("GET", reply(200, not_yet)).await;
        assert!(org.okta.users().deprovisioned(&ann()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_proof_that_is_old_deletes_nobody() {
    for (seconds, sent) in [(60, 1), (61, 0)] {
        let mut org = Org::answering("GET", reply(200, user("DEPROVISIONED"))).await;
        let ended = org.okta.users().deprovisioned(&ann()).await.unwrap().unwrap();
        org.saw();
        org.will("DELETE", empty(204)).await;
        okta_client::Clock::sleep(&*org.clock, std::time::Duration::from_secs(seconds)).await;
        let deleted = org.okta.users().delete(ended).await;
        assert_eq!((deleted.is_ok(), org.saw().len()), (sent == 1, sent), "{seconds} seconds");
    }
}

#[tokio::test]
async fn a_deletion_is_sent_once_whatever_becomes_of_its_answer() {
    for (answer, delivery) in [(html(503), Delivery::Unknown), (empty(502), Delivery::Unknown)] {
        let mut org = Org::answering("GET", reply(200, user("DEPROVISIONED"))).await;
        let ended = org.okta.users().deprovisioned(&ann()).await.unwrap().unwrap();
        assert_eq!(ended.id(), &ann());
        org.saw();
        org.will("DELETE", answer).await;
        let error = org.okta.users().delete(ended).await.unwrap_err();
        assert_eq!((error.attempts(), error.delivery()), (1, delivery));
        org.saw_one().is("DELETE", ANN, None);
    }
}

#[tokio::test]
async fn deactivation_and_deletion_say_how_they_are_to_be_done() {
    let mut org = Org::answering("POST", reply(200, json!({}))).await;
    let users = org.okta.clone();
    users.users().deactivate(&ann()).await.unwrap();
    let saw = org.saw_one();
    saw.is("POST", &format!("{ANN}/lifecycle/deactivate"), None);
    assert_eq!(saw.header("prefer"), None);

    org.will("POST", empty(204)).await;
    users.users().deactivate(&ann()).mail_admin().in_background().await.unwrap();
    let saw = org.saw_one();
    saw.is("POST", &format!("{ANN}/lifecycle/deactivate?sendEmail=true"), None);
    assert_eq!(saw.header("prefer"), Some("respond-async"));

    org.will("GET", reply(200, user("DEPROVISIONED"))).await;
    org.will("DELETE", empty(204)).await;
    let ended = users.users().deprovisioned(&ann()).await.unwrap().unwrap();
    users.users().delete(ended).mail_admin().in_background().await.unwrap();
    let saw = org.saw().pop().unwrap();
    saw.is("DELETE", &format!("{ANN}?sendEmail=true"), None);
    assert_eq!(saw.header("prefer"), Some("respond-async"));
}

#[tokio::test]
async fn a_status_is_waited_for_by_the_clients_clock_until_nothing_is_under_way() {
    let mut org = Org::new().await;
    let mut underway = user("DEPROVISIONED");
    underway["transitioningToStatus"] = json!("DEPROVISIONED");
    for answer in [user("ACTIVE"), user("ACTIVE"), underway, user("DEPROVISIONED")] {
        org.will("GET", reply(200, answer)).await;
    }
    let found = org.okta.users().wait_for(&ann(), [UserStatus::Deprovisioned]).await.unwrap();
    assert_eq!(found.status, UserStatus::Deprovisioned);
    assert_eq!(org.clock.slept_millis(), [500, 1000, 2000]);
    assert_eq!(org.saw().len(), 4);
}

#[tokio::test]
async fn a_wait_ends_and_says_where_the_user_stands() {
    let mut org = Org::new().await;
    let mut underway = user("ACTIVE");
    underway["transitioningToStatus"] = json!("DEPROVISIONED");
    for _ in 0..4 {
        org.will("GET", reply(200, underway.clone())).await;
    }
    let wait = org.okta.users().wait_for(&ann(), [UserStatus::Deprovisioned]).at_most(Duration::from_secs(4));
    let error = wait.await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Protocol(_)));
    assert!(error.to_string().contains("the user is ACTIVE and on its way to DEPROVISIONED"), "{error}");
    assert_eq!(org.clock.slept_millis().iter().sum::<u128>(), 3500);
}

// Passwords.

#[tokio::test]
async fn a_password_is_reset_by_mail_or_by_a_link_that_stays_out_of_debug() {
    let link = json!({ "resetPasswordUrl": "https://acme.okta.com/signin/reset-password/XE6wE17z" });
    let mut org = Org::answering("POST", reply(200, link.clone())).await;
    let users = org.okta.clone();
    let answered = users.users().reset_password(&ann(), Mail::Withhold).await.unwrap().unwrap();
    org.saw_one().is("POST", &format!("{ANN}/lifecycle/reset_password?sendEmail=false"), None);
    assert!(answered.expose_secret().ends_with("XE6wE17z") && !format!("{answered:?}").contains("XE6w"));

    for nothing in [reply(200, json!({})), empty(200), empty(204)] {
        org.will("POST", nothing).await;
        let reset = users.users().reset_password(&ann(), Mail::Send).revoke_sessions();
        assert!(reset.await.unwrap().is_none());
        let target = format!("{ANN}/lifecycle/reset_password?sendEmail=true&revokeSessions=true");
        org.saw_one().is("POST", &target, None);
    }

    // Whoever withheld the mail needs the link: nobody else has it.
    org.will("POST", reply(200, json!({}))).await;
    let without = users.users().reset_password(&ann(), Mail::Withhold).await.unwrap_err();
    assert_eq!(without.delivery(), Delivery::Done);
    org.saw_one().is("POST", &format!("{ANN}/lifecycle/reset_password?sendEmail=false"), None);
    org.will("POST", reply(200, json!({}))).await;
    assert!(users.users().forgot_password(&ann(), Mail::Withhold).await.is_err());
    org.saw_one();

    org.will("POST", reply(200, link)).await;
    let answered = users.users().forgot_password(&ann(), Mail::Withhold).await.unwrap().unwrap();
    assert!(answered.expose_secret().ends_with("XE6wE17z"));
    org.saw_one().is("POST", &format!("{ANN}/credentials/forgot_password?sendEmail=false"), None);

    org.will("POST", reply(200, json!({}))).await;
    users.users().convert_to_federated(&ann()).await.unwrap();
    let target = format!("{ANN}/lifecycle/reset_password?provider=FEDERATION&sendEmail=false");
    org.saw_one().is("POST", &target, None);

    // Another one would void the link of the first.
    org.will("POST", html(503)).await;
    assert_eq!(users.users().reset_password(&ann(), Mail::Send).await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn a_password_expires_with_another_for_one_sign_in_or_without() {
    let mut org = Org::answering("POST", reply(200, user("PASSWORD_EXPIRED"))).await;
    let users = org.okta.clone();
    let expired = users.users().expire_password(&ann()).await.unwrap();
    assert_eq!(expired.status, UserStatus::PasswordExpired);
    org.saw_one().is("POST", &format!("{ANN}/lifecycle/expire_password"), None);

    org.will("POST", reply(200, json!({ "tempPassword": "HR076gb6" }))).await;
    let temporary = users.users().expire_password_with_temp_password(&ann()).revoke_sessions().await.unwrap();
    assert_eq!(temporary.expose_secret(), "HR076gb6");
    assert!(!format!("{temporary:?}").contains("HR07"));
    let target = format!("{ANN}/lifecycle/expire_password_with_temp_password?revokeSessions=true");
    org.saw_one().is("POST", &target, None);

    org.will("POST", reply(200, json!({ "tempPassword": 7 }))).await;
    let error = users.users().expire_password_with_temp_password(&ann()).await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Done, 1));
}

#[tokio::test]
async fn who_knows_the_password_or_the_answer_sets_another() {
    let mut org = Org::answering("POST", reply(200, credentials())).await;
    let users = org.okta.clone();
    let (old, new) = (secret("Old-horse-1"), secret("New-horse-2"));
    let change = users.users().change_password(&ann(), old.clone(), new.clone());
    assert!(!format!("{change:?}").contains("horse"));
    assert!(change.strict().revoke_sessions().await.unwrap().has_password());
    let body = json!({
        "oldPassword": { "value": "Old-horse-1" }, "newPassword": { "value": "New-horse-2" }, "revokeSessions": true
    });
    org.saw_one().is("POST", &format!("{ANN}/credentials/change_password?strict=true"), Some(body));

    org.will("POST", reply(200, credentials())).await;
    users.users().change_recovery_question(&ann(), &old, "Which?", &secret("Tom")).await.unwrap();
    let body = json!({
        "password": { "value": "Old-horse-1" }, "recovery_question": { "question": "Which?", "answer": "Tom" }
    });
    org.saw_one().is("POST", &format!("{ANN}/credentials/change_recovery_question"), Some(body));

    org.will("POST", reply(200, credentials())).await;
    let tom = secret("Tom");
    users.users().forgot_password_recovery_question(&ann(), &tom, &new, Mail::Withhold).await.unwrap();
    let body = json!({ "password": { "value": "New-horse-2" }, "recovery_question": { "answer": "Tom" } });
    let target = format!("{ANN}/credentials/forgot_password_recovery_question?sendEmail=false");
    org.saw_one().is("POST", &target, Some(body));

    org.will("POST", reply(403, problem("E0000014", "Update of credentials failed", &["Old Password"])))
        .await;
    let error = users.users().change_password(&ann(), old, new).await.unwrap_err();
    assert!(error.problem().unwrap().is_code("E0000014"));
}

// Sessions, tokens, consents.

#[tokio::test]
async fn sessions_end_with_tokens_and_devices_as_told() {
    let mut org = Org::new().await;
    let users = org.okta.clone();
    let users = users.users();
    for (call, query) in [
        (users.revoke_sessions(&ann()), ""),
        (
            users.revoke_sessions(&ann()).oauth_tokens().keep_devices(),
            "?oauthTokens=true&forgetDevices=false",
        ),
        (users.revoke_sessions(&ann()).forget_devices(), "?forgetDevices=true"),
    ] {
        org.will("DELETE", empty(204)).await;
        call.await.unwrap();
        org.saw_one().is("DELETE", &format!("{ANN}/sessions{query}"), None);
    }
    let path = "/oauth2/v1/global-token-revocation";
    org.will("POST", empty(204)).await;
    users.universal_logout(&ann()).await.unwrap();
    let body = json!({ "sub_id": { "format": "opaque", "id": "00u1ab2cd3EF4gh5i6j7" } });
    org.saw_one().is("POST", path, Some(body));
    org.will("POST", empty(204)).await;
    let subject = Subject::IssuerSubject { issuer: "https://idp.example".into(), subject: "ann".into() };
    users.universal_logout(subject).await.unwrap();
    let body = json!({ "sub_id": { "format": "iss_sub", "iss": "https://idp.example", "sub": "ann" } });
    org.saw_one().is("POST", path, Some(body));
    org.will("POST", empty(400)).await;
    assert_eq!(users.universal_logout(&ann()).await.unwrap_err().status().unwrap().as_u16(), 400);
}

#[tokio::test]
async fn consents_and_refresh_tokens_are_listed_and_revoked() {
    let grant = json!({
        "id": "oag1", "status": "ACTIVE", "created": "2026-01-01T00:00:00.000Z", "issuer": "https://acme.okta.com",
        "clientId": "0oa1", "userId": "00u1", "scopeId": "okta.users.read", "source": "END_USER", "_links": {}
    });
    let token = json!({
        "id": "oar1", "status": "REVOKED", "clientId": "0oa1", "userId": "00u1", "scopes": ["openid"],
        "created": "2026-01-01T00:00:00.000Z", "expiresAt": "2026-02-01T00:00:00.000Z"
    });
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let (grants, oag) = (okta.users().grants(&ann()), "oag1".parse().unwrap());
    let (app, oar) = ("0oa1".parse().unwrap(), "oar1".parse().unwrap());
    let client = okta.users().client(&ann(), &app);

    org.will("GET", reply(200, json!([grant]))).await;
    let found = grants.list().collect_all().await.unwrap();
    assert_eq!((found[0].scope_id.as_str(), found[0].client_id.as_ref()), ("okta.users.read", Some(&app)));
    org.saw_one().is("GET", &format!("{ANN}/grants?limit=200"), None);
    org.will("GET", reply(200, json!([]))).await;
    grants.of_scope("openid").collect_all().await.unwrap();
    org.saw_one().is("GET", &format!("{ANN}/grants?scopeId=openid&limit=200"), None);
    org.will("GET", reply(200, grant.clone())).await;
    grants.get(&oag).await.unwrap();
    org.saw_one().is("GET", &format!("{ANN}/grants/oag1"), None);

    org.will("GET", reply(200, json!([{ "client_id": "0oa1", "client_name": "App", "logo_uri": null }])))
        .await;
    assert_eq!(okta.users().clients(&ann()).collect_all().await.unwrap()[0].client_id, app);
    org.saw_one().is("GET", &format!("{ANN}/clients"), None);
    org.will("GET", reply(200, json!([grant]))).await;
    client.grants().collect_all().await.unwrap();
    org.saw_one().is("GET", &format!("{ANN}/clients/0oa1/grants?limit=200"), None);
    org.will("GET", reply(200, json!([token]))).await;
    assert_eq!(client.tokens().collect_all().await.unwrap()[0].scopes, ["openid"]);
    org.saw_one().is("GET", &format!("{ANN}/clients/0oa1/tokens?limit=200"), None);
    org.will("GET", reply(200, token.clone())).await;
    client.token(&oar).await.unwrap();
    org.saw_one().is("GET", &format!("{ANN}/clients/0oa1/tokens/oar1"), None);

    for _ in 0..5 {
        org.will("DELETE", empty(204)).await;
    }
    grants.revoke(&oag).await.unwrap();
    grants.revoke_all().await.unwrap();
    client.revoke_grants().await.unwrap();
    client.revoke_token(&oar).await.unwrap();
    client.revoke_tokens().await.unwrap();
    let gone: Vec<_> = org.saw().into_iter().map(|saw| format!("{} {}", saw.method, saw.target)).collect();
    let paths = [
        "/grants/oag1",
        "/grants",
        "/clients/0oa1/grants",
        "/clients/0oa1/tokens/oar1",
        "/clients/0oa1/tokens",
    ];
    assert_eq!(gone, paths.map(|path| format!("DELETE {ANN}{path}")));
}

// What else there is about somebody.

#[tokio::test]
async fn what_somebody_can_open_and_is_kept_out_from_is_told() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let link = json!({
        "id": "00ub0oNGTSWTBKOLGLNR", "label": "Mail", "linkUrl": "https://acme.okta.com/home/google/0oa3/50",
        "logoUrl": "x", "appName": "google", "appInstanceId": "0oa3", "appAssignmentId": "0ua3",
        "credentialsSetup": false, "hidden": false, "sortOrder": 0
    });
    org.will("GET", reply(200, json!([link, link]))).await;
    let links = okta.users().app_links(&ann()).collect_all().await.unwrap();
    assert_eq!((links.len(), links[0].app_instance_id.as_str()), (2, "0oa3"));
    org.saw_one().is("GET", &format!("{ANN}/appLinks"), None);

    org.will("GET", reply(200, json!([{ "type": "DEVICE_BASED", "appliesTo": "UNKNOWN_DEVICES" }]))).await;
    let blocks = okta.users().blocks(&ann()).await.unwrap();
    assert_eq!(blocks[0].applies_to.as_ref().unwrap().as_str(), "UNKNOWN_DEVICES");
    let summary = "You do not have permission to access the feature you are requesting";
    org.will("GET", reply(401, problem("E0000015", summary, &[]))).await;
    let error = okta.users().blocks(&ann()).await.unwrap_err();
    assert!(error.is_forbidden() && !error.is_unauthenticated(), "no fault of the credentials: {error:?}");

    org.will(
        "GET",
        reply(200, json!([{ "id": "0oa9", "type": "SAML2", "name": "Acme IdP", "status": "ACTIVE" }])),
    )
    .await;
    assert_eq!(okta.users().identity_providers(&ann()).collect_all().await.unwrap()[0].id, "0oa9");
}

#[tokio::test]
async fn a_risk_is_told_the_first_time_and_later() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    for status in [201, 200] {
        org.will("PUT", reply(status, json!({ "riskLevel": "HIGH", "reason": "Admin override risk" }))).await;
        let risk =
            okta.users().set_risk(&ann(), &RiskLevel::High, Some("Lost laptop, INC-12.")).await.unwrap();
        assert_eq!((risk.level, risk.reason.as_deref()), (RiskLevel::High, Some("Admin override risk")));
        let body = json!({ "riskLevel": "HIGH", "riskReason": "Lost laptop, INC-12." });
        org.saw_one().is("PUT", &format!("{ANN}/risk"), Some(body));
    }
    org.will("GET", reply(200, json!({ "riskLevel": "NONE" }))).await;
    assert_eq!(okta.users().risk(&ann()).await.unwrap().level, RiskLevel::None);
    org.saw();
    for odd in ["who? me!", &"a".repeat(501), "naïve"] {
        let error = okta.users().set_risk(&ann(), &RiskLevel::Low, Some(odd)).await.unwrap_err();
        assert!(error.to_string().contains("riskReason"), "{error}");
    }
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn links_between_people_are_read_set_and_ended() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let (links, boss) = (okta.users().linked_objects(&ann()), "00u9".parse().unwrap());
    let link = |id: &str| json!({ "_links": { "self": { "href": format!("https://h/api/v1/users/{id}") } } });
    org.will("GET", reply(200, json!([link("00u9"), link("00u8")]))).await;
    let found = links.list("sub/ordinate").await.unwrap();
    assert_eq!(found.iter().map(UserId::as_str).collect::<Vec<_>>(), ["00u9", "00u8"]);
    org.saw_one().is("GET", &format!("{ANN}/linkedObjects/sub%2Fordinate"), None);
    org.will("PUT", empty(204)).await;
    links.set_primary("manager", &boss).await.unwrap();
    org.saw_one().is("PUT", &format!("{ANN}/linkedObjects/manager/00u9"), None);
    org.will("DELETE", empty(204)).await;
    links.remove_primary("manager").await.unwrap();
    org.saw_one().is("DELETE", &format!("{ANN}/linkedObjects/manager"), None);
    for _ in 0..5 {
        org.will("GET", reply(200, json!([{ "_links": {} }]))).await;
    }
    let error = links.list("manager").await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Decode(_)), "nobody is made up: {error:?}");
}

// Statuses.

/// The transitions in the order of the columns of the facts' table.
const COLUMNS: [Transition; 9] = [
    Transition::Activate,
    Transition::Reactivate,
    Transition::Deactivate,
    Transition::Suspend,
    Transition::Unsuspend,
    Transition::Unlock,
    Transition::ResetPassword,
    Transition::ExpirePassword,
    Transition::Delete,
];

/// What a cell of that table says.
fn told(cell: &str) -> Allowed {
    let refused = cell.starts_with('4') && !cell.contains("(or lifts");
    let doubtful =
        cell.is_empty() || cell.contains("[?]") || cell.contains("avoid") || cell.contains("(or lifts");
    match (doubtful, refused) {
        (true, _) => Allowed::Unknown,
        (false, true) => Allowed::No,
        (false, false) => Allowed::Yes,
    }
}

#[test]
fn a_status_allows_what_is_known_of_it() {
    let Some(facts) = support::shared("facts/okta.md") else { return };
    let facts = std::fs::read_to_string(facts).unwrap();
    let (_, table) = facts.split_once("| from \\ action |").unwrap();
    let mut rows = 0;
    for line in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let status = UserStatus::from(cells[0]);
        assert!(!matches!(status, UserStatus::Unknown(_)), "{status}");
        for (transition, cell) in COLUMNS.into_iter().zip(&cells[1..]) {
            assert_eq!(status.allows(transition), told(cell), "{status} {transition:?}: {cell:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, 8);
}

#[test]
fn a_status_that_nobody_knows_allows_nothing() {
    let new = UserStatus::from("ACTIVATING");
    assert!(COLUMNS.into_iter().all(|transition| !new.allows(transition).is_yes()));
    assert_eq!(new.can_sign_in(), Allowed::Unknown);
    assert!(UserStatus::Active.can_sign_in().is_yes() && UserStatus::PasswordExpired.can_sign_in().is_yes());
    for status in ["STAGED", "PROVISIONED", "RECOVERY", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"] {
        assert_eq!(UserStatus::from(status).can_sign_in(), Allowed::No, "{status}");
    }
}
