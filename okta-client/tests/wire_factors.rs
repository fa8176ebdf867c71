//! Factors, authenticators and enrolments over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::authenticator_enrollments::Identifiers;
use okta_client::authenticators::{AuthenticatorId, AuthenticatorKey};
use okta_client::factors::{
    ActivationProof, Factor, FactorId, FactorProvider, FactorResult, FactorStatus, FactorType,
    FactorVerification, NewFactor, PhoneNumber, Proof, PushChallenge, RecoveryNumber,
};
use okta_client::users::UserId;
use okta_client::{Class, ExposeSecret as _, Problem as _, SecretString};
use serde_json::{Value, json};

use support::org::{Org, empty, problem, reply};

const PATH: &str = "/api/v1/users/00u1ab2cd3EF4gh5i6j7/factors";

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn id() -> FactorId {
    "mbl1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn number() -> PhoneNumber {
    "+1-555-415-1337".parse().unwrap()
}

fn code() -> SecretString {
    "135790".into()
}

fn sms() -> Value {
    let own = format!("https://acme.okta.com{PATH}/mbl1ab2cd3EF4gh5i6j7");
    json!({
        "id": "mbl1ab2cd3EF4gh5i6j7", "factorType": "sms", "provider": "OKTA", "vendorName": "OKTA",
        "status": "PENDING_ACTIVATION", "created": "2026-03-30T08:00:00.000Z",
        "lastUpdated": "2026-03-30T08:00:00.000Z", "profile": { "phoneNumber": "+15554151337" },
        "_links": { "resend": [{ "name": "sms", "href": format!("{own}/resend") }], "self": { "href": own } }
    })
}

fn push(result: &str, more: &Value) -> Value {
    let own = format!("https://acme.okta.com{PATH}/mbl1ab2cd3EF4gh5i6j7");
    let mut push = json!({
        "factorResult": result, "expiresAt": "2026-03-30T08:05:00.000Z",
        "_links": {
            "poll": { "href": format!("{own}/transactions/v2mst.GldKV5VxTrifyeZmWSQguA") },
            "cancel": { "href": format!("{own}/transactions/v2mst.GldKV5VxTrifyeZmWSQguA") }
        }
    });
    if !more.is_null() {
        push["_embedded"] = more.clone();
    }
    push
}

#[tokio::test]
async fn every_kind_is_enrolled_with_what_it_needs() {
    let secret = || SecretString::from("s3cr3t-9");
    for (new, body) in [
        (
            NewFactor::sms(number()),
            json!({ "factorType": "sms", "provider": "OKTA", "profile": { "phoneNumber": "+15554151337" } }),
        ),
        (
            NewFactor::call(number(), Some("12".into())),
            json!({
                "factorType": "call", "provider": "OKTA",
                "profile": { "phoneNumber": "+15554151337", "phoneExtension": "12" }
            }),
        ),
        (
            NewFactor::call(number(), None),
            json!({ "factorType": "call", "provider": "OKTA", "profile": { "phoneNumber": "+15554151337" } }),
        ),
        (
            NewFactor::email("ann@example.com"),
            json!({ "factorType": "email", "provider": "OKTA", "profile": { "email": "ann@example.com" } }),
        ),
        (
            NewFactor::question("first_award", secret()),
            json!({
                "factorType": "question", "provider": "OKTA",
                "profile": { "question": "first_award", "answer": "s3cr3t-9" }
            }),
        ),
        (NewFactor::totp(), json!({ "factorType": "token:software:totp", "provider": "OKTA" })),
        (NewFactor::google_totp(), json!({ "factorType": "token:software:totp", "provider": "GOOGLE" })),
        (NewFactor::push(), json!({ "factorType": "push", "provider": "OKTA" })),
        (NewFactor::webauthn(), json!({ "factorType": "webauthn", "provider": "FIDO" })),
        (
            NewFactor::yubikey(secret()),
            json!({
                "factorType": "token:hardware", "provider": "YUBICO", "verify": { "passCode": "s3cr3t-9" }
            }),
        ),
        (
            NewFactor::hotp("fpr1", secret()),
            json!({
                "factorType": "token:hotp", "provider": "CUSTOM", "factorProfileId": "fpr1",
                "profile": { "sharedSecret": "s3cr3t-9" }
            }),
        ),
        (
            NewFactor::rsa("ann", secret()),
            json!({
                "factorType": "token", "provider": "RSA", "profile": { "credentialId": "ann" },
                "verify": { "passCode": "s3cr3t-9" }
            }),
        ),
        (
            NewFactor::symantec("VSMT1", secret(), "n3xt".into()),
            json!({
                "factorType": "token", "provider": "SYMANTEC", "profile": { "credentialId": "VSMT1" },
                "verify": { "passCode": "s3cr3t-9", "nextPassCode": "n3xt" }
            }),
        ),
    ] {
        let shown = format!("{new:?}");
        assert!(!shown.contains("s3cr3t") && !shown.contains("1555") && !shown.contains("ann"), "{shown}");
        let org = Org::answering("POST", reply(200, sms())).await;
        let made = org.okta.factors(&ann()).enroll(new).send().await.unwrap();
        org.saw_one().is("POST", PATH, Some(body));
        assert_eq!((&made.factor_type, &made.status), (&FactorType::Sms, &FactorStatus::PendingActivation));
        assert_eq!(made.profile.as_ref().unwrap().phone_number.as_deref(), Some("+15554151337"));
        assert!(!format!("{made:?}").contains("1555"), "{made:?}");
    }
}

#[tokio::test]
async fn an_enrolment_says_only_what_it_was_told_to() {
    let org = Org::answering("POST", reply(200, sms())).await;
    let ann = ann();
    let factors = org.okta.factors(&ann);
    let enroll = factors.enroll(NewFactor::sms(number())).activated().replacing_phone().template("cst1");
    enroll.code_lifetime(Duration::from_secs(600)).send().await.unwrap();
    let query = "?activate=true&updatePhone=true&templateId=cst1&tokenLifetimeSeconds=600";
    assert_eq!(org.saw_one().target, format!("{PATH}{query}"));
}

#[tokio::test]
async fn what_okta_would_refuse_is_not_sent() {
    let org = Org::new().await;
    let ann = ann();
    let factors = org.okta.factors(&ann);
    for lifetime in [Duration::ZERO, Duration::from_secs(86_401), Duration::from_millis(1500)] {
        let enroll = factors.enroll(NewFactor::sms(number())).code_lifetime(lifetime);
        assert_eq!(enroll.send().await.unwrap_err().attempts(), 0, "{lifetime:?}");
        assert!(factors.challenge(&id()).code_lifetime(lifetime).send().await.is_err());
    }
    let short = || SecretString::from("abc");
    let error = factors.enroll(NewFactor::question("first_award", short())).send().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("abc"));
    assert!(factors.replace_question(&id(), "first_award", &short()).await.is_err());
    let enrollments = org.okta.authenticator_enrollments(&ann);
    let tac: AuthenticatorId = "aut1".parse().unwrap();
    for ttl in [599, 601, 864_060] {
        assert!(enrollments.issue_code(&tac).ttl(Duration::from_secs(ttl)).send().await.is_err(), "{ttl}");
    }
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn a_code_finishes_an_enrolment_and_a_wrong_one_is_told_as_such() {
    let mut org = Org::new().await;
    let ann = ann();
    let okta = org.okta.clone();
    let factors = okta.factors(&ann);
    let mut active = sms();
    active["status"] = json!("ACTIVE");
    org.will("POST", reply(200, active)).await;
    let proof = ActivationProof::PassCode(code());
    assert_eq!(factors.activate(&id(), &proof).await.unwrap().status, FactorStatus::Active);
    let path = format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/lifecycle/activate");
    org.saw_one().is("POST", &path, Some(json!({ "passCode": "135790" })));
    for (error, class) in
        [("E0000068", Class::Invalid), ("E0000082", Class::Invalid), ("E0000083", Class::Invalid)]
    {
        org.will("POST", reply(403, problem(error, "Invalid Passcode/Answer", &[]))).await;
        let refusal = factors.verify(&id(), &Proof::PassCode(code())).await.unwrap_err();
        assert_eq!(refusal.problem().unwrap().class(), class, "{error}");
        assert!(refusal.problem().unwrap().is_wrong_pass_code() && !refusal.is_forbidden());
        org.saw_one();
    }
    org.will("POST", reply(403, problem("E0000069", "User Locked", &[]))).await;
    let locked = factors.verify(&id(), &Proof::PassCode(code())).await.unwrap_err();
    assert!(locked.is_wrong_state() && !locked.problem().unwrap().is_wrong_pass_code());
    let key = ActivationProof::WebAuthn { attestation: "YQ==".into(), client_data: "Yg==".into() };
    org.saw();
    org.will("POST", reply(200, sms())).await;
    factors.activate(&id(), &key).await.unwrap();
    org.saw_one().is("POST", &path, Some(json!({ "attestation": "YQ==", "clientData": "Yg==" })));
}

#[tokio::test]
async fn a_limit_on_messages_to_one_phone_is_no_rate_limit() {
    let ann = ann();
    let factor: Factor = serde_json::from_value(sms()).unwrap();
    let refusal = || reply(429, problem("E0000109", "An SMS message was recently sent.", &[]));
    let org = Org::answering("POST", refusal()).await;
    let error = org.okta.factors(&ann).resend(&factor).await.unwrap_err();
    let body =
        json!({ "factorType": "sms", "provider": "OKTA", "profile": { "phoneNumber": "+15554151337" } });
    org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/resend"), Some(body));
    assert!(error.is_conflict() && !error.is_rate_limited(), "{error:?}");
    let org = Org::answering("POST", refusal()).await;
    org.okta.factors(&ann).challenge(&id()).send().await.unwrap_err();
    org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/verify"), None);
    assert!(org.clock.slept_millis().is_empty(), "nobody waited");
}

#[tokio::test]
async fn a_proof_is_sent_once_whatever_becomes_of_it() {
    let ann = ann();
    for (proof, body) in [
        (Proof::PassCode(code()), json!({ "passCode": "135790" })),
        (Proof::Answer("mayonnaise".into()), json!({ "answer": "mayonnaise" })),
    ] {
        assert!(!format!("{proof:?}").contains("135790") && !format!("{proof:?}").contains("mayo"));
        let org = Org::answering("POST", reply(200, json!({ "factorResult": "SUCCESS" }))).await;
        assert_eq!(org.okta.factors(&ann).verify(&id(), &proof).await.unwrap().result, FactorResult::Success);
        org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/verify"), Some(body));
        for status in [500, 503] {
            let org = Org::answering("POST", reply(status, problem("E0000009", "Internal", &[]))).await;
            org.okta.factors(&ann).verify(&id(), &proof).await.unwrap_err();
            org.saw_one();
        }
    }
}

#[tokio::test]
async fn a_push_is_sent_once_and_then_asked_about_until_the_person_answers() {
    let mut org = Org::new().await;
    let ann = ann();
    let okta = org.okta.clone();
    let factors = okta.factors(&ann);
    org.will("POST", reply(201, push("WAITING", &json!({ "challenge": { "correctAnswer": 72 } })))).await;
    let sent = factors.verify_push(&id(), PushChallenge::NumberMatching).await.unwrap();
    let body = json!({ "useNumberMatchingChallenge": true });
    org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/verify"), Some(body));
    assert_eq!((sent.number(), sent.result.is_waiting()), (Some(72), true));
    assert_eq!(sent.transaction().unwrap().as_str(), "v2mst.GldKV5VxTrifyeZmWSQguA");

    org.will("GET", reply(200, push("WAITING", &json!({ "challenge": { "correctAnswer": "72" } })))).await;
    org.will("GET", reply(202, problem("E0000070", "Waiting for acknowledgement.", &[]))).await;
    org.will("GET", reply(200, json!({ "factorResult": "SUCCESS" }))).await;
    assert_eq!(factors.await_push(&id(), &sent).await.unwrap().result, FactorResult::Success);
    let saw = org.saw();
    assert_eq!(saw.len(), 3);
    let path = format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/transactions/v2mst.GldKV5VxTrifyeZmWSQguA");
    for saw in &saw {
        saw.is("GET", &path, None);
    }
    assert_eq!(org.clock.slept_millis(), [3000, 3000, 3000]);
}

#[tokio::test]
async fn a_plain_push_has_no_body_and_no_number() {
    let ann = ann();
    let org = Org::answering("POST", reply(201, push("WAITING", &Value::Null))).await;
    let sent = org.okta.factors(&ann).verify_push(&id(), PushChallenge::Approve).await.unwrap();
    org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/verify"), None);
    assert_eq!(sent.number(), None);
}

#[tokio::test]
async fn a_push_that_nobody_ends_is_given_up_and_no_success() {
    let ann = ann();
    let mut org = Org::new().await;
    org.server
        .mock("GET", mockito::Matcher::Any)
        .with_header("content-type", "application/json")
        .with_body(push("WAITING", &Value::Null).to_string())
        .create_async()
        .await;
    let sent: FactorVerification = serde_json::from_value(push("WAITING", &Value::Null)).unwrap();
    let ended = org.okta.factors(&ann).await_push(&id(), &sent).await.unwrap();
    assert_eq!(ended.result, FactorResult::Waiting);
    let slept: u128 = org.clock.slept_millis().iter().sum();
    assert!((300_000..=340_000).contains(&slept), "{slept}");
}

#[tokio::test]
async fn every_end_of_a_push_is_told_apart_and_only_one_is_a_yes() {
    let ann = ann();
    for (word, result) in [
        ("REJECTED", FactorResult::Rejected),
        ("TIMEOUT", FactorResult::Timeout),
        ("CANCELED", FactorResult::Canceled),
        ("CANCELLED", FactorResult::Cancelled),
        ("SOMETHING_NEW", FactorResult::Unknown("SOMETHING_NEW".into())),
    ] {
        let org = Org::answering("GET", reply(200, json!({ "factorResult": word }))).await;
        let sent: FactorVerification = serde_json::from_value(push("WAITING", &Value::Null)).unwrap();
        assert_eq!(org.okta.factors(&ann).await_push(&id(), &sent).await.unwrap().result, result);
    }
    // What ended at once is not asked about.
    let org = Org::new().await;
    let sent: FactorVerification = serde_json::from_value(push("REJECTED", &Value::Null)).unwrap();
    assert_eq!(org.okta.factors(&ann).await_push(&id(), &sent).await.unwrap(), sent);
    let nameless: FactorVerification = serde_json::from_value(json!({ "factorResult": "WAITING" })).unwrap();
    assert!(org.okta.factors(&ann).await_push(&id(), &nameless).await.is_err());
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn what_an_app_needs_is_in_the_answer_and_never_shown() {
    let qr = "https://acme.okta.com/qr/00Ji8qVBNJD4";
    let picture = json!({ "qrcode": { "href": qr, "type": "image/png" } });
    let secret = json!({ "timeStep": 30, "sharedSecret": "JBTWGV22G4ZGKV3N", "encoding": "base32" });
    let mut inside = sms();
    inside["_embedded"] = json!({ "activation": { "sharedSecret": "JBTWGV22G4ZGKV3N", "_links": picture } });
    let mut beside = sms();
    beside["_embedded"] = json!({ "activation": secret, "_links": picture });
    for sent in [inside, beside] {
        let factor: Factor = serde_json::from_value(sent.clone()).unwrap();
        let activation = factor.activation().unwrap();
        assert_eq!(activation.shared_secret.as_ref().unwrap().expose_secret(), "JBTWGV22G4ZGKV3N");
        assert_eq!(activation.qr_code.as_ref().unwrap().expose_secret(), qr);
        let shown = format!("{factor:?} {activation:?}");
        assert!(!shown.contains("JBTW") && !shown.contains("00Ji8"), "{shown}");
        let written = serde_json::to_value(&factor).unwrap();
        assert_eq!((&written["_embedded"], &written["_links"]), (&sent["_embedded"], &sent["_links"]));
    }
    assert!(serde_json::from_value::<Factor>(sms()).unwrap().activation().is_none());
    let waiting = json!({
        "expiresAt": "2026-03-30T08:10:00.000Z", "factorResult": "WAITING", "_links": picture
    });
    for answer in [waiting.clone(), json!({ "id": "opf1", "_embedded": { "activation": waiting } })] {
        let org = Org::answering("POST", reply(200, answer)).await;
        let again = org.okta.factors(&ann()).activate_push(&id()).await.unwrap();
        assert_eq!((again.result, again.qr_code.unwrap().expose_secret()), (Some(FactorResult::Waiting), qr));
        org.saw_one().is("POST", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7/lifecycle/activate"), None);
    }
}

#[tokio::test]
async fn a_factor_is_deleted_with_its_number_only_when_told_so() {
    let mut org = Org::new().await;
    let ann = ann();
    let okta = org.okta.clone();
    let factors = okta.factors(&ann);
    for (number, query) in
        [(RecoveryNumber::Keep, ""), (RecoveryNumber::Remove, "?removeRecoveryEnrollment=true")]
    {
        org.will("DELETE", empty(204)).await;
        factors.delete(&id(), number).await.unwrap();
        org.saw_one().is("DELETE", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7{query}"), None);
    }
    let gone = || reply(404, problem("E0000007", "Not found: Resource not found: mbl1 (UserFactor)", &[]));
    org.will("DELETE", gone()).await;
    assert!(factors.delete(&id(), RecoveryNumber::Keep).await.unwrap_err().is_not_found());
    org.will("GET", gone()).await;
    assert_eq!(factors.find(&id()).await.unwrap(), None);
    org.saw();
    org.will("PUT", reply(200, sms())).await;
    factors.replace_question(&id(), "first_award", &"swimming".into()).await.unwrap();
    let body = json!({ "profile": { "question": "first_award", "answer": "swimming" } });
    org.saw_one().is("PUT", &format!("{PATH}/mbl1ab2cd3EF4gh5i6j7"), Some(body));
}

#[tokio::test]
async fn catalogue_and_questions_are_lists_of_their_own() {
    let ann = ann();
    let kinds = json!([
        { "factorType": "push", "provider": "OKTA", "enrollment": "REQUIRED", "status": "NOT_SETUP" },
        { "factorType": "carrier_pigeon", "provider": "DOVECOTE" }
    ]);
    let mut org = Org::answering("GET", reply(200, kinds)).await;
    let found = org.okta.factors(&ann).catalog().collect_all().await.unwrap();
    org.saw_one().is("GET", &format!("{PATH}/catalog"), None);
    assert_eq!(found[0].status, Some(FactorStatus::NotSetup));
    assert_eq!(found[1].factor_type, FactorType::Unknown("carrier_pigeon".into()));
    assert_eq!(found[1].provider, FactorProvider::Unknown("DOVECOTE".into()));
    org.will("GET", reply(200, json!([{ "question": "first_award", "questionText": "What …?" }]))).await;
    let found = org.okta.factors(&ann).questions().collect_all().await.unwrap();
    org.saw_one().is("GET", &format!("{PATH}/questions"), None);
    assert_eq!(found[0].question, "first_award");
}

#[tokio::test]
async fn a_temporary_access_code_is_shown_to_nobody_but_the_caller() {
    let ann = ann();
    let answer = json!({
        "type": "tac", "id": "tac1", "key": "tac", "status": "ACTIVE",
        "profile": { "tac": "x7K9-mQ2p", "expiresAt": "2026-03-30T09:00:00.000Z", "multiUse": true }
    });
    let tac: AuthenticatorId = "aut1".parse().unwrap();
    let mut org = Org::answering("POST", reply(200, answer)).await;
    let okta = org.okta.clone();
    let enrollments = okta.authenticator_enrollments(&ann);
    let issue = enrollments.issue_code(&tac).ttl(Duration::from_secs(3600)).multi_use();
    let code = issue.send().await.unwrap();
    let path = "/api/v1/users/00u1ab2cd3EF4gh5i6j7/authenticator-enrollments";
    let body = json!({ "authenticatorId": "aut1", "profile": { "ttl": "60", "multiUse": true } });
    org.saw_one().is("POST", &format!("{path}/tac"), Some(body));
    assert_eq!((code.code.expose_secret(), code.id.as_str(), code.multi_use), ("x7K9-mQ2p", "tac1", true));
    assert!(code.expires_at.is_some() && !format!("{code:?}").contains("x7K9"));
    // One that was lost is not made again by itself: the first may be in use.
    org.will("POST", reply(503, problem("E0000010", "Read-only", &[]))).await;
    enrollments.issue_code(&tac).send().await.unwrap_err();
    org.saw_one().is("POST", &format!("{path}/tac"), Some(json!({ "authenticatorId": "aut1" })));
}

#[tokio::test]
async fn enrolments_hide_numbers_unless_asked_for_them() {
    let ann = ann();
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let enrollments = okta.authenticator_enrollments(&ann);
    let path = "/api/v1/users/00u1ab2cd3EF4gh5i6j7/authenticator-enrollments";
    let phone = |number: &str| {
        json!({
            "type": "phone", "id": "sms1", "key": "phone_number", "status": "ACTIVE", "nickname": null,
            "profile": { "phoneNumber": number }
        })
    };
    org.will("GET", reply(200, json!([phone("+1 XXX-XXX-6065")]))).await;
    let found = enrollments.list(Identifiers::Hidden).collect_all().await.unwrap();
    org.saw_one().is("GET", path, None);
    assert_eq!(found[0].key, Some(AuthenticatorKey::PhoneNumber));
    org.will("GET", reply(200, phone("+14085556065"))).await;
    let whole = enrollments.get(&found[0].id, Identifiers::Disclosed).await.unwrap();
    org.saw_one().is("GET", &format!("{path}/sms1?discloseIdentifiers=phone"), None);
    assert!(!format!("{whole:?}").contains("6065"), "{whole:?}");
    org.will("POST", reply(200, phone("+15554151337"))).await;
    enrollments.enroll_phone(&"aut1".parse().unwrap(), &number()).await.unwrap();
    let body = json!({ "authenticatorId": "aut1", "profile": { "phoneNumber": "+15554151337" } });
    org.saw_one().is("POST", &format!("{path}/phone"), Some(body));
    org.will("DELETE", empty(204)).await;
    enrollments.delete(&found[0].id).await.unwrap();
    org.saw_one().is("DELETE", &format!("{path}/sms1"), None);
}

#[tokio::test]
async fn an_authenticator_is_found_by_its_key() {
    let all = json!([
        { "id": "aut1", "key": "okta_verify", "name": "Okta Verify", "type": "app", "status": "ACTIVE" },
        { "id": "aut2", "key": "tac", "name": "Temporary Access Code", "type": "tac", "status": "INACTIVE" }
    ]);
    let mut org = Org::answering("GET", reply(200, all.clone())).await;
    let found = org.okta.authenticators().find_by_key(&AuthenticatorKey::Tac).await.unwrap().unwrap();
    assert_eq!(found.id.as_str(), "aut2");
    org.will("GET", reply(200, all)).await;
    assert_eq!(org.okta.authenticators().find_by_key(&AuthenticatorKey::Duo).await.unwrap(), None);
    org.saw();
    org.will("GET", reply(200, json!([{ "type": "push", "status": "ACTIVE" }]))).await;
    assert_eq!(org.okta.authenticators().methods(&found.id).collect_all().await.unwrap()[0].kind, "push");
    org.saw_one().is("GET", "/api/v1/authenticators/aut2/methods", None);
}
