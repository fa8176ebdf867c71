//! Users.

use okta_client::{Activation, Filter, Mail, NewUser, OktaClient, Profile, ProfilePatch, UserId};
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

pub(crate) async fn cases(contract: &mut Contract) {
    let profile = Profile::new()
        .with("login", "ann.lee@example.com")
        .with("email", "ann.lee@example.com")
        .with("firstName", "Ann")
        .with("lastName", "Lee");
    let new = NewUser { profile, group_ids: vec!["00g1ab2cd3EF4gh5i6j7".parse().unwrap()] };
    let patch = ProfilePatch::new().set("title", "Lead").remove("nickName");

    contract.check(async |okta| okta.users().get(&ann()).await).await;
    let ask = async |okta: OktaClient| okta.users().get_by_login("ann.lee@example.com").await;
    contract.check_adapted(|user| user["profile"]["login"] = "ann.lee@example.com".into(), ask).await;
    let search = || Filter::present("id");
    let ask =
        async |okta: OktaClient| okta.users().list().search(search()).limit(10).send().collect_all().await;
    contract.check_adapted(whole_users, ask).await;
    let locked = || Filter::eq("status", "LOCKED_OUT");
    let ask = async |okta: OktaClient| okta.users().list().filter(locked()).send().collect_all().await;
    contract.check_adapted(whole_users, ask).await;
    contract.check(async |okta| okta.users().create(&new, Activation::Staged).await).await;
    contract.check(async |okta| okta.users().update(&ann(), &patch).await).await;
    let ask = async |okta: OktaClient| okta.users().groups(&ann()).collect_all().await;
    contract.check_adapted(super::groups::whole_groups, ask).await;
    contract.check(async |okta| okta.users().activate(&ann(), Mail::Withhold).await).await;
    contract.check(async |okta| okta.users().reactivate(&ann(), Mail::Withhold).await).await;
    contract.check(async |okta| okta.users().deactivate(&ann()).await).await;
    contract.check(async |okta| okta.users().suspend(&ann()).await).await;
    contract.check(async |okta| okta.users().unsuspend(&ann()).await).await;
    contract.check(async |okta| okta.users().unlock(&ann()).await).await;
    contract.check(async |okta| okta.users().expire_password(&ann()).await).await;
    contract.check(async |okta| okta.users().reset_factors(&ann()).await).await;
    contract.check(async |okta| okta.check_credentials().await).await;
}
