//! Stories of factors against an org on loopback: people enrol, prove who they are, and lose their phones.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use okta_client::authenticator_enrollments::Identifiers;
use okta_client::authenticators::AuthenticatorKey;
use okta_client::factors::{
    ActivationProof, Factor, FactorId, FactorResult, FactorStatus, FactorType, NewFactor, Proof,
    PushChallenge, RecoveryNumber,
};
use okta_client::users::UserId;
use okta_client::{Clock, ExposeSecret as _, OktaClient, SecretString};
use sandbox::{Effect, Fault, PushAnswer, Sandbox};
use serde_json::json;

/// The sandbox's clock as the client's: to sleep is to move it on. While it sleeps, somebody may do something.
struct SharedClock {
    clock: sandbox::Clock,
    started: DateTime<Utc>,
    meanwhile: Box<dyn Fn(DateTime<Utc>) + Send + Sync>,
}

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedClock")
    }
}

#[async_trait::async_trait]
impl Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        (self.clock.now() - self.started).to_std().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.advance_to(self.clock.now() + duration);
        (self.meanwhile)(self.clock.now());
    }
}

fn client(sandbox: &Sandbox, meanwhile: impl Fn(DateTime<Utc>) + Send + Sync + 'static) -> OktaClient {
    let clock = sandbox.clock();
    let started = clock.now();
    let clock = SharedClock { clock, started, meanwhile: Box::new(meanwhile) };
    OktaClient::builder(sandbox.okta_url())
        .api_token(sandbox.okta_token().into())
        .clock(Arc::new(clock))
        .build()
        .unwrap()
}

async fn acme() -> (Arc<Sandbox>, OktaClient, UserId) {
    let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
    let person = json!({"profile": {
        "login": "ann.lee@acme.example", "email": "ann.lee@acme.example", "firstName": "Ann", "lastName": "Lee",
    }});
    let ann = sandbox.add_okta_user(&person).unwrap().parse().unwrap();
    let okta = client(&sandbox, |_| {});
    (Arc::new(sandbox), okta, ann)
}

fn shown(sandbox: &Sandbox, ann: &UserId, factor: &FactorId) -> SecretString {
    sandbox.okta_pass_code(ann.as_str(), factor.as_str()).unwrap().into()
}

fn events(sandbox: &Sandbox) -> Vec<String> {
    let state = sandbox.state();
    let events = state["okta"]["logs"].as_array().unwrap().iter();
    events.map(|event| event["eventType"].as_str().unwrap().to_owned()).collect()
}

async fn push_of(sandbox: &Sandbox, okta: &OktaClient, ann: &UserId) -> FactorId {
    sandbox.add_okta_factor(ann.as_str(), "push", "OKTA").unwrap();
    okta.factors(ann).list().try_next().await.unwrap().unwrap().id
}

#[tokio::test]
async fn a_phone_is_enrolled_with_the_code_that_came_to_it() {
    let (sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    let sms = factors.enroll(NewFactor::sms("+1-555-415-1337".parse().unwrap())).send().await.unwrap();
    assert_eq!(sms.status, FactorStatus::PendingActivation);
    assert_eq!(sms.profile.as_ref().unwrap().phone_number.as_deref(), Some("+15554151337"));
    let early = factors.resend(&sms).await.unwrap_err();
    assert!(early.is_conflict() && early.problem().unwrap().is_code("E0000109"), "{early:?}");
    sandbox.clock().advance(Duration::from_secs(31));
    let first = shown(&sandbox, &ann, &sms.id);
    factors.resend(&sms).await.unwrap();
    let code = shown(&sandbox, &ann, &sms.id);
    assert_ne!(first.expose_secret(), code.expose_secret());

    let wrong = factors.activate(&sms.id, &ActivationProof::PassCode(first)).await.unwrap_err();
    assert!(wrong.problem().unwrap().is_wrong_pass_code());
    let active = factors.activate(&sms.id, &ActivationProof::PassCode(code)).await.unwrap();
    assert_eq!(active.status, FactorStatus::Active);
    assert!(events(&sandbox).contains(&"user.mfa.factor.activate".to_owned()));

    sandbox.clock().advance(Duration::from_secs(31));
    let asked = factors.challenge(&sms.id).send().await.unwrap();
    assert_eq!(asked.result, FactorResult::Challenge);
    let code = Proof::PassCode(shown(&sandbox, &ann, &sms.id));
    assert_eq!(factors.verify(&sms.id, &code).await.unwrap().result, FactorResult::Success);
    let again = factors.verify(&sms.id, &code).await.unwrap_err();
    assert!(again.problem().unwrap().is_code("E0000082"), "a code is good once");
    factors.delete(&sms.id, RecoveryNumber::Remove).await.unwrap();
    assert_eq!(factors.find(&sms.id).await.unwrap(), None);
    assert!(events(&sandbox).contains(&"user.mfa.factor.deactivate".to_owned()));
}

#[tokio::test]
async fn a_code_that_came_too_late_is_told_so() {
    let (sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    let mail = factors.enroll(NewFactor::email("ann.lee@acme.example"));
    let mail = mail.code_lifetime(Duration::from_secs(60)).send().await.unwrap();
    sandbox.clock().advance(Duration::from_secs(60));
    let code = ActivationProof::PassCode(shown(&sandbox, &ann, &mail.id));
    let late = factors.activate(&mail.id, &code).await.unwrap_err();
    assert!(late.problem().unwrap().is_code("E0000083"), "{late:?}");
}

#[tokio::test]
async fn another_number_replaces_the_first_only_when_told_to_and_an_active_one_never() {
    let (_sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    let number = |text: &str| NewFactor::sms(text.parse().unwrap());
    factors.enroll(number("+15554151337")).send().await.unwrap();
    let other = factors.enroll(number("+15554151338")).send().await.unwrap_err();
    assert!(other.problem().unwrap().is_code("E0000001"), "{other:?}");
    let second = factors.enroll(number("+15554151338")).replacing_phone().activated().send().await.unwrap();
    assert_eq!(second.status, FactorStatus::Active);
    assert!(factors.enroll(number("+15554151339")).replacing_phone().send().await.is_err());
    let found: Vec<Factor> = factors.list().collect_all().await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn an_app_makes_codes_and_a_question_has_an_answer() {
    let (sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    let app = factors.enroll(NewFactor::google_totp()).send().await.unwrap();
    assert_eq!(app.activation().unwrap().shared_secret.unwrap().expose_secret().len(), 16);
    let code = ActivationProof::PassCode(shown(&sandbox, &ann, &app.id));
    assert_eq!(factors.activate(&app.id, &code).await.unwrap().status, FactorStatus::Active);
    sandbox.clock().advance(Duration::from_secs(30));
    let code = Proof::PassCode(shown(&sandbox, &ann, &app.id));
    assert_eq!(factors.verify(&app.id, &code).await.unwrap().result, FactorResult::Success);

    let keys: Vec<_> = factors.questions().collect_all().await.unwrap();
    let question = NewFactor::question(&keys[0].question, "mayonnaise".into());
    let question = factors.enroll(question).send().await.unwrap();
    assert_eq!(question.status, FactorStatus::Active);
    let answer = |text: &str| Proof::Answer(text.into());
    assert!(factors.verify(&question.id, &answer("ketchup")).await.is_err());
    factors.verify(&question.id, &answer("mayonnaise")).await.unwrap();
    factors.replace_question(&question.id, "first_award", &"swimming".into()).await.unwrap();
    assert!(factors.verify(&question.id, &answer("mayonnaise")).await.is_err());
    factors.verify(&question.id, &answer("swimming")).await.unwrap();
    let kinds = factors.catalog().collect_all().await.unwrap();
    let of = |kind: FactorType| kinds.iter().find(|known| known.factor_type == kind).unwrap().status.clone();
    assert_eq!(of(FactorType::Question), Some(FactorStatus::Active));
    assert_eq!(of(FactorType::Push), Some(FactorStatus::NotSetup));
}

#[tokio::test]
async fn a_caller_picks_the_number_that_the_help_desk_tells() {
    let (sandbox, _, ann) = acme().await;
    let (phone, holder) = (Arc::clone(&sandbox), ann.clone());
    let began = sandbox.clock().now();
    let okta = client(&sandbox, move |now| {
        if (now - began).num_seconds() == 9 {
            phone.answer_okta_push(holder.as_str(), PushAnswer::Approve).unwrap();
        }
    });
    let factor = push_of(&sandbox, &okta, &ann).await;
    let factors = okta.factors(&ann);
    let push = factors.verify_push(&factor, PushChallenge::NumberMatching).await.unwrap();
    assert!((10..=99).contains(&push.number().unwrap()), "{:?}", push.number());
    let ended = factors.await_push(&factor, &push).await.unwrap();
    assert_eq!(ended.result, FactorResult::Success);
    assert_eq!((sandbox.clock().now() - began).num_seconds(), 9);
    let polls = sandbox.requests().iter().filter(|request| request.path.contains("/transactions/")).count();
    assert_eq!(polls, 3);
}

#[tokio::test]
async fn a_push_that_is_refused_or_overslept_is_no_yes() {
    let (sandbox, okta, ann) = acme().await;
    let factor = push_of(&sandbox, &okta, &ann).await;
    let factors = okta.factors(&ann);
    let push = factors.verify_push(&factor, PushChallenge::Approve).await.unwrap();
    assert_eq!(push.number(), None);
    sandbox.answer_okta_push(ann.as_str(), PushAnswer::Reject).unwrap();
    assert_eq!(factors.await_push(&factor, &push).await.unwrap().result, FactorResult::Rejected);
    assert!(sandbox.answer_okta_push(ann.as_str(), PushAnswer::Approve).is_err(), "nothing waits");

    let push = factors.verify_push(&factor, PushChallenge::Approve).await.unwrap();
    let began = sandbox.clock().now();
    assert_eq!(factors.await_push(&factor, &push).await.unwrap().result, FactorResult::Timeout);
    assert_eq!((sandbox.clock().now() - began).num_seconds(), 300);
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_not_sent_again() {
    let (sandbox, okta, ann) = acme().await;
    let factor = push_of(&sandbox, &okta, &ann).await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/users", Effect::CutAfter));
    okta.factors(&ann).verify_push(&factor, PushChallenge::Approve).await.unwrap_err();
    let pushes = sandbox.requests().iter().filter(|request| request.path.ends_with("/verify")).count();
    assert_eq!(pushes, 1, "the person is asked once");
}

#[tokio::test]
async fn a_phone_that_scans_the_picture_is_enrolled_and_takes_its_factors_along_when_lost() {
    let (sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    let push = factors.enroll(NewFactor::push()).send().await.unwrap();
    let activation = push.activation().unwrap();
    assert_eq!(activation.result, Some(FactorResult::Waiting));
    let again = factors.activate_push(&push.id).await.unwrap();
    assert_ne!(again.qr_code.unwrap().expose_secret(), activation.qr_code.unwrap().expose_secret());
    sandbox.scan_okta_qr_code(ann.as_str()).unwrap();
    assert_eq!(factors.get(&push.id).await.unwrap().status, FactorStatus::Active);
    factors.enroll(NewFactor::totp()).send().await.unwrap();
    let question =
        factors.enroll(NewFactor::question("first_award", "swimming".into())).send().await.unwrap();
    factors.delete(&push.id, RecoveryNumber::Keep).await.unwrap();
    let left: Vec<Factor> = factors.list().collect_all().await.unwrap();
    assert_eq!(left.iter().map(|factor| &factor.id).collect::<Vec<_>>(), [&question.id]);
}

#[tokio::test]
async fn a_new_hire_gets_a_code_for_the_first_day() {
    let (sandbox, okta, ann) = acme().await;
    let tac = okta.authenticators().find_by_key(&AuthenticatorKey::Tac).await.unwrap().unwrap();
    let enrollments = okta.authenticator_enrollments(&ann);
    let code = enrollments.issue_code(&tac.id).ttl(Duration::from_secs(8 * 3600)).send().await.unwrap();
    let good_for = code.expires_at.unwrap() - sandbox.clock().now();
    assert_eq!((good_for.num_hours(), code.multi_use), (8, false));
    let kept = enrollments.get(&code.id, Identifiers::Hidden).await.unwrap();
    let kept = serde_json::to_string(&kept).unwrap();
    assert!(!kept.contains(code.code.expose_secret()), "it is shown once: {kept}");
    assert!(!sandbox.state().to_string().contains(code.code.expose_secret()));
    assert!(okta.factors(&ann).list().collect_all().await.unwrap().is_empty());

    let phone = okta.authenticators().find_by_key(&AuthenticatorKey::PhoneNumber).await.unwrap().unwrap();
    enrollments.enroll_phone(&phone.id, &"+15554151337".parse().unwrap()).await.unwrap();
    let number = async |shown| {
        let all = enrollments.list(shown).collect_all().await.unwrap();
        let phone = all.into_iter().find(|one| one.key == Some(AuthenticatorKey::PhoneNumber)).unwrap();
        phone.profile.unwrap().phone_number.unwrap()
    };
    assert!(number(Identifiers::Hidden).await.ends_with("XXX-1337"));
    assert_eq!(number(Identifiers::Disclosed).await, "+15554151337");
    enrollments.delete(&code.id).await.unwrap();
    assert!(enrollments.get(&code.id, Identifiers::Hidden).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn whoever_is_deactivated_has_no_factors_and_gets_none() {
    let (_sandbox, okta, ann) = acme().await;
    let factors = okta.factors(&ann);
    factors.enroll(NewFactor::question("first_award", "swimming".into())).send().await.unwrap();
    okta.users().reset_factors(&ann).await.unwrap();
    assert!(factors.list().collect_all().await.unwrap().is_empty());
    okta.users().deactivate(&ann).await.unwrap();
    assert!(factors.enroll(NewFactor::push()).send().await.unwrap_err().is_wrong_state());
}
