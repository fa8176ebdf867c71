//! Factors, authenticators, and enrolments in them.

use std::time::Duration;

use okta_client::authenticator_enrollments::{AuthenticatorEnrollmentId, Identifiers};
use okta_client::authenticators::AuthenticatorId;
use okta_client::factors::{
    ActivationProof, Factor, FactorId, NewFactor, PhoneNumber, Proof, PushChallenge, RecoveryNumber,
};
use okta_client::users::UserId;
use okta_client::{OktaClient, SecretString};
use serde_json::{Value, json};

use crate::check::Contract;

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn factor() -> FactorId {
    "mbl1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn number() -> PhoneNumber {
    "+15554151337".parse().unwrap()
}

fn secret(text: &str) -> SecretString {
    text.into()
}

pub(crate) async fn cases(contract: &mut Contract) {
    factors(contract).await;
    proofs(contract).await;
    pushes(contract).await;
    authenticators(contract).await;
    enrollments(contract).await;
}

async fn factors(contract: &mut Contract) {
    contract.check(async |okta| okta.factors(&ann()).list().collect_all().await).await;
    contract.check(async |okta| okta.factors(&ann()).catalog().collect_all().await).await;
    contract.check(async |okta| okta.factors(&ann()).questions().collect_all().await).await;
    contract.check(async |okta| okta.factors(&ann()).get(&factor()).await).await;
    contract.check(async |okta| okta.factors(&ann()).delete(&factor(), RecoveryNumber::Remove).await).await;
    let code = || secret("123456");
    for new in [
        NewFactor::sms(number()),
        NewFactor::call(number(), Some("1234".into())),
        NewFactor::email("ann.lee@example.com"),
        NewFactor::question("disliked_food", secret("mayonnaise")),
        NewFactor::totp(),
        NewFactor::google_totp(),
        NewFactor::push(),
        NewFactor::yubikey(code()),
        NewFactor::hotp("fpr1", secret("484f97be3213b117e3a20438e291540a")),
        NewFactor::rsa("ann.lee", code()),
        NewFactor::symantec("VSMT14393584", code(), code()),
        NewFactor::webauthn(),
    ] {
        let enroll = async |okta: OktaClient| {
            let ann = ann();
            let factors = okta.factors(&ann);
            let enroll = factors.enroll(new.clone()).activated().replacing_phone().template("cst1");
            enroll.code_lifetime(Duration::from_secs(600)).send().await
        };
        contract.check(enroll).await;
    }
    contract.differs("okta.factors.replace_question", "path", "it works, and is recorded, and not described");
    let replace = async |okta: OktaClient| {
        okta.factors(&ann()).replace_question(&factor(), "first_award", &secret("swimming")).await
    };
    contract.check(replace).await;
}

async fn proofs(contract: &mut Contract) {
    let code = ActivationProof::PassCode(secret("123456"));
    contract.check_adapted(whole, async |okta| okta.factors(&ann()).activate(&factor(), &code).await).await;
    let key = ActivationProof::WebAuthn { attestation: "YQ==".into(), client_data: "Yg==".into() };
    contract.check_adapted(whole, async |okta| okta.factors(&ann()).activate(&factor(), &key).await).await;
    contract.check(async |okta| okta.factors(&ann()).activate_push(&factor()).await).await;
    let sms: Factor = serde_json::from_value(json!({
        "id": "mbl1", "factorType": "sms", "provider": "OKTA", "status": "PENDING_ACTIVATION",
        "profile": { "phoneNumber": "+15554151337" }
    }))
    .unwrap();
    contract.check(async |okta| okta.factors(&ann()).resend(&sms).await).await;
    let challenge = async |okta: OktaClient| {
        let ann = ann();
        let challenge = okta.factors(&ann).challenge(&factor()).template("cst1");
        challenge.code_lifetime(Duration::from_secs(600)).send().await
    };
    contract.check(challenge).await;
    let [client_data, authenticator_data, signature_data] = ["YQ==", "Yg==", "Yw=="].map(str::to_owned);
    for proof in [
        Proof::PassCode(secret("123456")),
        Proof::Answer(secret("mayonnaise")),
        Proof::WebAuthn { client_data, authenticator_data, signature_data },
    ] {
        contract.check(async |okta| okta.factors(&ann()).verify(&factor(), &proof).await).await;
    }
}

/// What activation answers is described as less than the factor that its examples show.
fn whole(factor: &mut Value) {
    for (name, value) in [("id", "mbl1"), ("provider", "OKTA"), ("status", "ACTIVE")] {
        factor.as_object_mut().unwrap().entry(name).or_insert(value.into());
    }
}

async fn pushes(contract: &mut Contract) {
    for challenge in [PushChallenge::Approve, PushChallenge::NumberMatching] {
        contract.check(async |okta| okta.factors(&ann()).verify_push(&factor(), challenge).await).await;
    }
    let transaction = "v2mst.GldKV5VxTrifyeZmWSQguA".parse().unwrap();
    contract.check(async |okta| okta.factors(&ann()).push_status(&factor(), &transaction).await).await;
}

async fn authenticators(contract: &mut Contract) {
    let verify: AuthenticatorId = "aut1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.authenticators().list().collect_all().await).await;
    contract.check(async |okta| okta.authenticators().get(&verify).await).await;
    contract.check(async |okta| okta.authenticators().methods(&verify).collect_all().await).await;
}

/// The list is described as one enrolment; its example is a list.
fn listed(answer: &mut Value) {
    if answer.is_object() {
        *answer = json!([answer.clone()]);
    }
}

async fn enrollments(contract: &mut Contract) {
    let authenticator: AuthenticatorId = "aut1ab2cd3EF4gh5i6j7".parse().unwrap();
    let id: AuthenticatorEnrollmentId = "sms1ab2cd3EF4gh5i6j7".parse().unwrap();
    for shown in [Identifiers::Disclosed, Identifiers::Hidden] {
        let list =
            async |okta: OktaClient| okta.authenticator_enrollments(&ann()).list(shown).collect_all().await;
        contract.check_adapted(listed, list).await;
        contract.check(async |okta| okta.authenticator_enrollments(&ann()).get(&id, shown).await).await;
    }
    contract.check(async |okta| okta.authenticator_enrollments(&ann()).delete(&id).await).await;
    let enroll = async |okta: OktaClient| {
        okta.authenticator_enrollments(&ann()).enroll_phone(&authenticator, &number()).await
    };
    contract.check(enroll).await;
    let issue = async |okta: OktaClient| {
        let ann = ann();
        let code = okta.authenticator_enrollments(&ann).issue_code(&authenticator);
        code.ttl(Duration::from_secs(3600)).multi_use().send().await
    };
    contract.check(issue).await;
}
