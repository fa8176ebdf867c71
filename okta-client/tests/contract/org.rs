//! Devices, sessions, rate limits, profile mappings, and the org itself.

use okta_client::Filter;
use okta_client::devices::DeviceExpand;
use okta_client::profile_mappings::{MappingPatch, PushStatus};
use okta_client::rate_limits::{
    AdminNotifications, PerClientMode, PerClientSettings, PrincipalShare, PrincipalType,
};
use okta_client::sessions::SessionId;
use serde_json::{Value, json};

use crate::check::Contract;

pub(crate) async fn cases(contract: &mut Contract) {
    contract.check(async |okta| okta.org().settings().await).await;
    contract.check(async |okta| okta.org().metadata().await).await;
    contract.check(async |okta| okta.org().features().collect_all().await).await;
    devices(contract).await;
    sessions(contract).await;
    rate_limits(contract).await;
    profile_mappings(contract).await;
}

async fn devices(contract: &mut Contract) {
    let id = "guo8jx5vVoxfvJeLb0w4".parse().unwrap();
    let ann = "00u1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract
        .check(async |okta| {
            let active = Filter::eq("status", "ACTIVE");
            let list = okta.devices().list().search(active).expand(DeviceExpand::UserSummary);
            list.send().collect_all().await
        })
        .await;
    contract.check(async |okta| okta.devices().get(&id).await).await;
    contract.check(async |okta| okta.devices().users(&id).collect_all().await).await;
    contract.check(async |okta| okta.devices().of_user(&ann).collect_all().await).await;
    contract.check(async |okta| okta.devices().activate(&id).await).await;
    contract.check(async |okta| okta.devices().suspend(&id).await).await;
    contract.check(async |okta| okta.devices().unsuspend(&id).await).await;
    contract.check(async |okta| okta.devices().deactivate(&id).await).await;
    contract.check(async |okta| okta.devices().delete(&id).await).await;
}

async fn sessions(contract: &mut Contract) {
    let id = SessionId::new("l7FbDVqS8zHSy65uJD85");
    contract.check(async |okta| okta.sessions().get(&id).await).await;
    contract.check(async |okta| okta.sessions().refresh(&id).await).await;
    contract.check(async |okta| okta.sessions().revoke(&id).await).await;
}

async fn rate_limits(contract: &mut Contract) {
    contract.check(async |okta| okta.rate_limits().admin_notifications().await).await;
    contract
        .check(async |okta| okta.rate_limits().set_admin_notifications(AdminNotifications::Disabled).await)
        .await;
    let preview = PerClientSettings::everywhere(PerClientMode::Preview).login_page(PerClientMode::Enforce);
    contract.check(async |okta| okta.rate_limits().per_client().await).await;
    contract.check(async |okta| okta.rate_limits().set_per_client(&preview).await).await;
    contract.check(async |okta| okta.rate_limits().warning_threshold().await).await;
    contract.check(async |okta| okta.rate_limits().set_warning_threshold(60).await).await;

    let id = "prlh5hd7qct3aHDry1f6".parse().unwrap();
    let share = PrincipalShare::of_token("00T14q3ns31qMEJUU1d7", 70).concurrency(40);
    contract
        .check(async |okta| {
            okta.principal_rate_limits().list(&PrincipalType::OauthClient).collect_all().await
        })
        .await;
    contract.check(async |okta| okta.principal_rate_limits().get(&id).await).await;
    contract.check(async |okta| okta.principal_rate_limits().create(&share).await).await;
    contract.check(async |okta| okta.principal_rate_limits().replace(&id, &share).await).await;
}

async fn profile_mappings(contract: &mut Contract) {
    let id = "prm1k47ghydIQOTBW0g4".parse().unwrap();
    let patch = MappingPatch::new().set("nickName", "source.alias", PushStatus::Push).remove("title");
    contract
        .check(async |okta| {
            let list = okta.profile_mappings().list().source("oty1ab2cd3EF4gh5i6j7").target("0oa1");
            list.send().collect_all().await
        })
        .await;
    contract.check_adapted(as_a_map, async |okta| okta.profile_mappings().get(&id).await).await;
    contract.check_adapted(as_a_map, async |okta| okta.profile_mappings().update(&id, &patch).await).await;
    let why = "the description takes the properties for one property; its examples have a map of them";
    contract.differs("okta.profile_mappings.update", "body", why);
}

/// What the description takes for the properties is one of them.
fn as_a_map(mapping: &mut Value) {
    let properties = &mut mapping["properties"];
    if properties["expression"].is_string() {
        *properties = json!({ "nickName": properties });
    }
}
