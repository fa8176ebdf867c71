//! Stories of devices, sessions, rate-limit settings and the org itself against an org on loopback.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use okta_client::devices::{DeviceExpand, DeviceId, DeviceStatus};
use okta_client::org::{Engine, FeatureStatus};
use okta_client::rate_limits::{
    AdminNotifications, PerClientMode, PerClientSettings, PrincipalShare, PrincipalType,
};
use okta_client::sessions::SessionId;
use okta_client::users::User;
use okta_client::{Filter, OktaClient};
use sandbox::Sandbox;
use serde_json::json;

use support::frozen::client;

async fn acme() -> (Sandbox, OktaClient, User) {
    let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    let user = okta.users().list().send().collect_all().await.unwrap().remove(0);
    (sandbox, okta, user)
}

#[tokio::test]
async fn a_lost_laptop_is_suspended_comes_back_and_is_shut_out_for_good() {
    let (sandbox, okta, ann) = acme().await;
    let profile = json!({ "displayName": "Laptop", "platform": "MACOS" });
    let id: DeviceId = sandbox.add_okta_device(ann.id.as_str(), &profile).unwrap().parse().unwrap();
    let devices = okta.devices();
    let theirs = devices.of_user(&ann.id).collect_all().await.unwrap();
    assert_eq!(theirs.iter().map(|pair| &pair.device.id).collect::<Vec<_>>(), [&id]);
    assert_eq!(devices.users(&id).collect_all().await.unwrap()[0].user.id, ann.id);

    devices.suspend(&id).await.unwrap();
    assert!(devices.suspend(&id).await.unwrap_err().is_wrong_state());
    assert_eq!(devices.get(&id).await.unwrap().status, DeviceStatus::Suspended);
    devices.unsuspend(&id).await.unwrap();
    assert!(devices.delete(&id).await.unwrap_err().is_wrong_state());
    assert_eq!(devices.get(&id).await.unwrap().status, DeviceStatus::Active);
    assert_eq!(devices.users(&id).collect_all().await.unwrap().len(), 1);

    devices.deactivate(&id).await.unwrap();
    assert!(devices.users(&id).collect_all().await.unwrap().is_empty());
    devices.delete(&id).await.unwrap();
    assert!(devices.find(&id).await.unwrap().is_none());
    assert!(devices.delete(&id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn devices_are_found_by_what_they_are_and_told_with_their_people() {
    let (sandbox, okta, ann) = acme().await;
    for (name, platform) in [("Phone", "IOS"), ("Laptop", "MACOS"), ("Desktop", "WINDOWS")] {
        let profile = json!({ "displayName": name, "platform": platform });
        sandbox.add_okta_device(ann.id.as_str(), &profile).unwrap();
    }
    let mac = Filter::eq("profile.platform", "macos").and(Filter::contains("profile.displayName", "lap"));
    let list = okta.devices().list().search(mac).expand(DeviceExpand::UserSummary);
    let found = list.send().collect_all().await.unwrap();
    assert_eq!(found.len(), 1);
    let user = &found[0].embedded.as_ref().unwrap().users[0].user;
    assert_eq!((&user.id, user.status.clone()), (&ann.id, None));
    assert_eq!(okta.devices().list().limit(1).send().collect_all().await.unwrap().len(), 3);
    let odd = Filter::contains("profile.platform", "mac");
    let error = okta.devices().list().search(odd).send().collect_all().await.unwrap_err();
    assert!(error.problem().unwrap().is_code("E0000031"));
}

#[tokio::test]
async fn a_session_is_put_off_ended_and_runs_out() {
    let (sandbox, okta, ann) = acme().await;
    let sign_in = || SessionId::new(sandbox.add_okta_session(ann.id.as_str()).unwrap());
    let (first, second) = (sign_in(), sign_in());
    let sessions = okta.sessions();
    let before = sessions.get(&first).await.unwrap();
    assert_eq!(before.user_id, ann.id);
    sandbox.clock().advance(Duration::from_secs(3600));
    let after = sessions.refresh(&first).await.unwrap();
    assert!(after.expires_at > before.expires_at);
    sandbox.clock().advance(Duration::from_secs(3600));
    assert!(sessions.get(&second).await.unwrap_err().is_not_found(), "it ran out");
    sessions.revoke(&first).await.unwrap();
    assert!(sessions.get(&first).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn rate_limit_settings_are_kept() {
    let (_sandbox, okta, _) = acme().await;
    let limits = okta.rate_limits();
    assert_eq!(limits.admin_notifications().await.unwrap(), AdminNotifications::Enabled);
    limits.set_admin_notifications(AdminNotifications::Disabled).await.unwrap();
    assert_eq!(limits.admin_notifications().await.unwrap(), AdminNotifications::Disabled);
    let modes =
        PerClientSettings::everywhere(PerClientMode::Preview).oauth2_authorize(PerClientMode::Enforce);
    assert_ne!(limits.per_client().await.unwrap(), modes);
    limits.set_per_client(&modes).await.unwrap();
    assert_eq!(limits.per_client().await.unwrap(), modes);
    assert_eq!(limits.warning_threshold().await.unwrap(), 90);
    limits.set_warning_threshold(30).await.unwrap();
    assert_eq!(limits.warning_threshold().await.unwrap(), 30);
    for odd in [29, 91] {
        let error = limits.set_warning_threshold(odd).await.unwrap_err();
        assert!(error.problem().unwrap().is_code("E0000001"));
    }
}

#[tokio::test]
async fn a_principal_has_one_share() {
    let (_sandbox, okta, _) = acme().await;
    let shares = okta.principal_rate_limits();
    let token = PrincipalShare::of_token("00T14q3ns31qMEJUU1d7", 70);
    let made = shares.create(&token).await.unwrap();
    assert_eq!(made.default_percentage, Some(70));
    let again = shares.create(&token).await.unwrap_err();
    assert!(again.problem().unwrap().is_code("E0000001"), "{again:?}");
    shares.create(&PrincipalShare::of_client("0oa7yh346zIE1y84p1e7", 40)).await.unwrap();
    let more = PrincipalShare::of_token("00T14q3ns31qMEJUU1d7", 80).concurrency(60);
    shares.replace(&made.id, &more).await.unwrap();
    let read = shares.get(&made.id).await.unwrap();
    assert_eq!((read.default_percentage, read.default_concurrency_percentage), (Some(80), Some(60)));
    let tokens = shares.list(&PrincipalType::SswsToken).collect_all().await.unwrap();
    assert_eq!(tokens, [read]);
    let apps = shares.list(&PrincipalType::OauthClient).collect_all().await.unwrap();
    assert_eq!(apps[0].principal_id, "0oa7yh346zIE1y84p1e7");
}

#[tokio::test]
async fn anybody_is_told_which_engine_an_org_runs() {
    let (sandbox, okta, _) = acme().await;
    let stranger = OktaClient::builder(sandbox.okta_url()).api_token("wrong".into()).build().unwrap();
    let metadata = stranger.org().metadata().await.unwrap();
    assert_eq!(metadata.pipeline, Engine::IdentityEngine);
    assert!(stranger.org().settings().await.unwrap_err().is_unauthenticated());
    assert_eq!(okta.org().settings().await.unwrap().id, metadata.id);
    let features = okta.org().features().collect_all().await.unwrap();
    assert_eq!(features.iter().filter(|feature| feature.status == FeatureStatus::Enabled).count(), 1);
}
