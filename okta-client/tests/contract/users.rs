//! Users.

use okta_client::users::{
    Activation, Mail, NewUser, PasswordHash, Pbkdf2Digest, Profile, ProfilePatch, ProviderKind, RiskLevel,
    Salt, SignIn, UserClass, UserId, UserUpdate, WholeUser,
};
use okta_client::{Filter, OktaClient, SecretString, SortOrder};
use serde_json::Value;

use crate::check::Contract;

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

/// One of the description's examples is what `fields=` answers.
fn whole_users(users: &mut Value) {
    for user in users.as_array_mut().unwrap() {
        for time in ["created", "lastUpdated"] {
            user.as_object_mut().unwrap().entry(time).or_insert("2026-03-29T16:02:04.000Z".into());
        }
    }
}

fn secret() -> SecretString {
    "Correct-horse-9".into()
}

fn lee() -> Profile {
    Profile::new()
        .with("login", "ann.lee@example.com")
        .with("email", "ann.lee@example.com")
        .with("firstName", "Ann")
        .with("lastName", "Lee")
}

pub(crate) async fn cases(contract: &mut Contract) {
    found(contract).await;
    made_and_changed(contract).await;
    moved(contract).await;
    passwords(contract).await;
    grants(contract).await;
    known(contract).await;
    contract.check(async |okta| okta.check_credentials().await).await;
}

async fn found(contract: &mut Contract) {
    contract.check(async |okta| okta.users().get(&ann()).await).await;
    let ask = async |okta: OktaClient| okta.users().get_by_login("ann.lee@example.com").await;
    contract.check_adapted(|user| user["profile"]["login"] = "ann.lee@example.com".into(), ask).await;
    let ask = async |okta: OktaClient| {
        let list =
            okta.users().list().search(Filter::present("id")).sort_by("lastUpdated", SortOrder::Ascending);
        list.with_classification().lean().limit(10).send().collect_all().await
    };
    contract.check_adapted(whole_users, ask).await;
    let locked = || Filter::eq("status", "LOCKED_OUT");
    let ask = async |okta: OktaClient| okta.users().list().filter(locked()).send().collect_all().await;
    contract.check_adapted(whole_users, ask).await;
    let ask = async |okta: OktaClient| okta.users().list().q("ann").send().collect_all().await;
    contract.check_adapted(whole_users, ask).await;
    let ask = async |okta: OktaClient| {
        okta.users().list().only(["status", "profile.login", "profile.city"]).collect_all().await
    };
    contract.check(ask).await;
}

async fn made_and_changed(contract: &mut Contract) {
    let hash = PasswordHash::pbkdf2(Pbkdf2Digest::Sha512, "c2FsdA==".into(), "aGFzaA==".into(), 4096, 64);
    for sign_in in [
        SignIn::Activation,
        SignIn::Password(secret()),
        SignIn::Imported(hash.clone()),
        SignIn::Imported(PasswordHash::sha1("aGFzaA==".into(), Salt::Postfix("c2FsdA==".into()))),
        SignIn::ImportHook,
        SignIn::Provider { kind: ProviderKind::Ldap, name: "ldap.example.com".into() },
    ] {
        let new = NewUser::new(lee())
            .signing_in_with(sign_in)
            .recovery_question("Which?", secret())
            .groups(["00g1ab2cd3EF4gh5i6j7".parse().unwrap()])
            .user_type("oty1ab2cd3EF4gh5i6j7".parse().unwrap())
            .realm("guo1ab2cd3EF4gh5i6j7".parse().unwrap());
        contract.check(async |okta| okta.users().create(&new, Activation::Staged).await).await;
    }
    let new = NewUser::new(lee()).signing_in_with(SignIn::Password(secret()));
    contract.check(async |okta| okta.users().create(&new, Activation::ChangePassword).await).await;

    let patch = ProfilePatch::new().set("title", "Lead").remove("nickName");
    contract.check(async |okta| okta.users().update(&ann(), &patch).await).await;
    let update = UserUpdate::new().password_hash(hash).strict().recovery_question("Which?", secret());
    contract.check(async |okta| okta.users().update(&ann(), update.clone()).await).await;
    let whole = WholeUser::new(lee()).user_type("oty1ab2cd3EF4gh5i6j7".parse().unwrap());
    contract.check(async |okta| okta.users().replace(&ann(), &whole).await).await;
}

async fn moved(contract: &mut Contract) {
    contract.check(async |okta| okta.users().activate(&ann(), Mail::Withhold).await).await;
    contract.check(async |okta| okta.users().reactivate(&ann(), Mail::Withhold).await).await;
    contract.check(async |okta| okta.users().deactivate(&ann()).mail_admin().in_background().await).await;
    let ask = async |okta: OktaClient| {
        let ended = okta.users().deprovisioned(&ann()).await?.unwrap();
        okta.users().delete(ended).mail_admin().await
    };
    let gone = |user: &mut Value| {
        user["status"] = "DEPROVISIONED".into();
        user["transitioningToStatus"] = Value::Null;
    };
    contract.check_adapted(gone, ask).await;
    contract.check(async |okta| okta.users().suspend(&ann()).await).await;
    contract.check(async |okta| okta.users().unsuspend(&ann()).await).await;
    contract.check(async |okta| okta.users().unlock(&ann()).await).await;
    contract.check(async |okta| okta.users().reset_factors(&ann()).await).await;
    contract
        .check(async |okta| okta.users().revoke_sessions(&ann()).oauth_tokens().forget_devices().await)
        .await;
    contract.check(async |okta| okta.users().universal_logout(&ann()).await).await;
}

async fn passwords(contract: &mut Contract) {
    let why = "the parameter is in the description's text, and not among the parameters";
    contract.differs("okta.users.convert_to_federated", "query", why);
    contract.check(async |okta| okta.users().convert_to_federated(&ann()).await).await;
    let ask =
        async |okta: OktaClient| okta.users().reset_password(&ann(), Mail::Send).revoke_sessions().await;
    contract.check(ask).await;
    contract.check(async |okta| okta.users().expire_password(&ann()).await).await;
    let ask = async |okta: OktaClient| {
        okta.users().expire_password_with_temp_password(&ann()).revoke_sessions().await
    };
    contract.check(ask).await;
    contract.check(async |okta| okta.users().forgot_password(&ann(), Mail::Withhold).await).await;
    let ask = async |okta: OktaClient| {
        okta.users().forgot_password_recovery_question(&ann(), &secret(), &secret(), Mail::Send).await
    };
    contract.check(ask).await;
    let ask = async |okta: OktaClient| {
        okta.users().change_password(&ann(), secret(), secret()).strict().revoke_sessions().await
    };
    contract.check(ask).await;
    let ask = async |okta: OktaClient| {
        okta.users().change_recovery_question(&ann(), &secret(), "Which?", &secret()).await
    };
    contract.check(ask).await;
}

async fn grants(contract: &mut Contract) {
    let grant = "oag1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.users().grants(&ann()).list().collect_all().await).await;
    contract.check(async |okta| okta.users().grants(&ann()).of_scope("openid").collect_all().await).await;
    contract.check(async |okta| okta.users().grants(&ann()).get(&grant).await).await;
    contract.check(async |okta| okta.users().grants(&ann()).revoke(&grant).await).await;
    contract.check(async |okta| okta.users().grants(&ann()).revoke_all().await).await;
    contract.check(async |okta| okta.users().clients(&ann()).collect_all().await).await;
    let (app, token) = ("0oa1ab2cd3EF4gh5i6j7".parse().unwrap(), "oar1ab2cd3EF4gh5i6j7".parse().unwrap());
    contract.check(async |okta| okta.users().client(&ann(), &app).grants().collect_all().await).await;
    contract.check(async |okta| okta.users().client(&ann(), &app).revoke_grants().await).await;
    contract.check(async |okta| okta.users().client(&ann(), &app).tokens().collect_all().await).await;
    contract.check(async |okta| okta.users().client(&ann(), &app).token(&token).await).await;
    contract.check(async |okta| okta.users().client(&ann(), &app).revoke_token(&token).await).await;
    contract.check(async |okta| okta.users().client(&ann(), &app).revoke_tokens().await).await;
}

async fn known(contract: &mut Contract) {
    let ask = async |okta: OktaClient| okta.users().groups(&ann()).collect_all().await;
    contract.check_adapted(super::groups::whole_groups, ask).await;
    contract.check(async |okta| okta.users().app_links(&ann()).collect_all().await).await;
    contract.check(async |okta| okta.users().blocks(&ann()).await).await;
    contract.check(async |okta| okta.users().identity_providers(&ann()).collect_all().await).await;
    contract.check(async |okta| okta.users().classification(&ann()).await).await;
    contract.check(async |okta| okta.users().set_classification(&ann(), &UserClass::Lite).await).await;
    contract.check(async |okta| okta.users().risk(&ann()).await).await;
    let ask = async |okta: OktaClient| okta.users().set_risk(&ann(), &RiskLevel::High, Some("stolen")).await;
    contract.check(ask).await;
    let linked = |links: &mut Value| {
        for link in links.as_array_mut().unwrap() {
            link["_links"]["self"]["href"] = "https://acme.okta.com/api/v1/users/00u1".into();
        }
    };
    let ask = async |okta: OktaClient| okta.users().linked_objects(&ann()).list("manager").await;
    contract.check_adapted(linked, ask).await;
    contract
        .check(async |okta| okta.users().linked_objects(&ann()).set_primary("manager", &ann()).await)
        .await;
    contract.check(async |okta| okta.users().linked_objects(&ann()).remove_primary("manager").await).await;
}
