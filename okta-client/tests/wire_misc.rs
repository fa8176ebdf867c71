//! Devices, sessions, rate limits, profile mappings and the org over a real socket: what the server saw, and what
//! became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use chrono::{DateTime, Utc};
use okta_client::devices::{DeviceExpand, DeviceId, DevicePlatform, DeviceStatus, ManagementStatus};
use okta_client::org::{Engine, FeatureStatus};
use okta_client::profile_mappings::{MappingPatch, ProfileMappingId, PushStatus};
use okta_client::rate_limits::{
    AdminNotifications, PerClientMode, PerClientSettings, PrincipalRateLimitId, PrincipalShare, PrincipalType,
};
use okta_client::sessions::{SessionId, SessionStatus};
use okta_client::users::{UserId, UserStatus};
use okta_client::{Delivery, Filter};
use serde_json::{Value, json};

use support::org::{Org, empty, html, problem, reply};

const DEVICE: &str = "/api/v1/devices/guo8jx5vVoxfvJeLb0w4";
const SESSION: &str = "/api/v1/sessions/l7FbDVqS8zHSy65uJD85";
const MAPPING: &str = "/api/v1/mappings/prm1k47ghydIQOTBW0g4";
const SHARES: &str = "/api/v1/principal-rate-limits";

fn laptop() -> DeviceId {
    "guo8jx5vVoxfvJeLb0w4".parse().unwrap()
}

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn device(status: &str) -> Value {
    json!({
        "id": laptop(), "status": status, "created": "2026-03-02T09:15:20.000Z",
        "lastUpdated": "2026-03-29T16:02:04.000Z",
        "profile": {
            "displayName": "Ann's laptop", "platform": "MACOS", "serialNumber": "XXDDRFCFRGF3M8MD6D",
            "registered": true, "diskEncryptionType": "ALL_INTERNAL_VALUES", "udid": "954F4D56",
        },
        "resourceType": "UDDevice",
    })
}

// Devices.

#[tokio::test]
async fn devices_are_listed_with_the_people_who_use_them() {
    let mut listed = device("ACTIVE");
    listed["_embedded"] = json!({ "users": [{
        "managementStatus": "MANAGED", "created": "2026-03-02T09:15:20.000Z", "screenLockType": "BIOMETRIC",
        "user": { "id": ann(), "realmId": "r", "profile": { "login": "ann.lee@acme.example" } },
    }] });
    let mut org = Org::new().await;
    org.will("GET", reply(200, json!([listed]))).await;
    org.will("GET", reply(200, json!([device("CREATED")]))).await;
    let active = Filter::eq("status", "ACTIVE");
    let list = org.okta.devices().list().search(active).expand(DeviceExpand::UserSummary).limit(20);
    let found = list.send().collect_all().await.unwrap();
    let user = &found[0].embedded.as_ref().unwrap().users[0];
    assert_eq!((&user.user.id, &user.user.status), (&ann(), &None));
    assert_eq!(user.management_status, Some(ManagementStatus::Managed));
    assert_eq!(user.user.profile.login(), Some("ann.lee@acme.example"));
    let shown = format!("{found:?}");
    assert!(!shown.contains("laptop") && !shown.contains("ann.lee") && !shown.contains("XXDD"), "{shown}");
    let all = org.okta.devices().list().send().collect_all().await.unwrap();
    assert_eq!((&all[0].status, &all[0].embedded), (&DeviceStatus::Created, &None));
    let saw = org.saw();
    let query = "search=status+eq+%22ACTIVE%22&expand=userSummary&limit=20";
    saw[0].is("GET", &format!("/api/v1/devices?{query}"), None);
    saw[1].is("GET", "/api/v1/devices?limit=200", None);
}

#[tokio::test]
async fn a_device_is_read_with_its_users_and_a_user_with_their_devices() {
    let whole = json!({
        "id": ann(), "status": "ACTIVE", "created": "2026-03-02T09:15:20.000Z",
        "lastUpdated": "2026-03-02T09:15:20.000Z", "profile": { "login": "ann.lee@acme.example" },
    });
    let mut org = Org::new().await;
    org.will("GET", reply(200, device("SUSPENDED"))).await;
    org.will("GET", reply(200, json!([{ "created": "2026-03-02T09:15:20.000Z", "user": whole }]))).await;
    org.will("GET", reply(200, json!([{ "deviceUserId": "lnk4", "device": device("ACTIVE") }]))).await;
    let gone = problem("E0000007", "Not found: Resource not found: guo8jx5vVoxfvJeLb0w4 (Device)", &[]);
    org.will("GET", reply(404, gone)).await;
    let devices = org.okta.devices();
    let read = devices.get(&laptop()).await.unwrap();
    assert_eq!((read.status, read.profile.platform), (DeviceStatus::Suspended, Some(DevicePlatform::MacOs)));
    assert_eq!(read.profile.extra.get("udid"), Some("954F4D56".into()));
    let users = devices.users(&laptop()).collect_all().await.unwrap();
    assert_eq!(users[0].user.status, Some(UserStatus::Active));
    assert_eq!(devices.of_user(&ann()).collect_all().await.unwrap()[0].device.id, laptop());
    assert_eq!(devices.find(&laptop()).await.unwrap(), None);
    let saw = org.saw();
    saw[0].is("GET", DEVICE, None);
    saw[1].is("GET", &format!("{DEVICE}/users"), None);
    saw[2].is("GET", "/api/v1/users/00u1ab2cd3EF4gh5i6j7/devices", None);
}

#[tokio::test]
async fn a_device_goes_through_its_lifecycle() {
    let mut org = Org::new().await;
    for _ in 0..4 {
        org.will("POST", empty(204)).await;
    }
    org.will("DELETE", empty(204)).await;
    let refused = problem("E0000152", "The operation is not allowed in the device's current status.", &[]);
    org.will("DELETE", reply(403, refused)).await;
    let devices = org.okta.devices();
    devices.activate(&laptop()).await.unwrap();
    devices.suspend(&laptop()).await.unwrap();
    devices.unsuspend(&laptop()).await.unwrap();
    devices.deactivate(&laptop()).await.unwrap();
    devices.delete(&laptop()).await.unwrap();
    assert!(devices.delete(&laptop()).await.unwrap_err().is_wrong_state());
    let saw = org.saw();
    for (saw, action) in saw.iter().zip(["activate", "suspend", "unsuspend", "deactivate"]) {
        saw.is("POST", &format!("{DEVICE}/lifecycle/{action}"), None);
    }
    saw[4].is("DELETE", DEVICE, None);
}

// Sessions.

#[tokio::test]
async fn a_session_is_read_refreshed_and_ended() {
    let session = json!({
        "id": "l7FbDVqS8zHSy65uJD85", "userId": ann(), "login": "ann.lee@acme.example", "status": "MFA_REQUIRED",
        "createdAt": "2026-03-02T09:15:20.000Z", "expiresAt": "2026-03-02T11:15:20.000Z", "amr": ["pwd"],
        "lastFactorVerification": null,
    });
    let mut org = Org::new().await;
    org.will("GET", reply(200, session.clone())).await;
    org.will("POST", reply(200, session)).await;
    org.will("DELETE", empty(204)).await;
    let gone = problem("E0000007", "Not found: Resource not found: l7FbDVqS8zHSy65uJD85 (AppSession)", &[]);
    org.will("DELETE", reply(404, gone)).await;
    let id = SessionId::new("l7FbDVqS8zHSy65uJD85");
    let sessions = org.okta.sessions();
    let read = sessions.get(&id).await.unwrap();
    assert_eq!((&read.id, &read.user_id, &read.status), (&id, &ann(), &SessionStatus::MfaRequired));
    assert_eq!(read.expires_at, Some(time("2026-03-02T11:15:20Z")));
    assert_eq!(read.amr, ["pwd"]);
    assert_eq!(sessions.refresh(&id).await.unwrap(), read);
    sessions.revoke(&id).await.unwrap();
    let error = sessions.revoke(&id).await.unwrap_err();
    assert!(error.is_not_found());
    assert!(!format!("{read:?} {id:?}").contains("l7FbDV"), "{read:?} {id:?}");
    let saw = org.saw();
    saw[0].is("GET", SESSION, None);
    saw[1].is("POST", &format!("{SESSION}/lifecycle/refresh"), None);
    saw[2].is("DELETE", SESSION, None);
}

// Rate limits.

#[tokio::test]
async fn rate_limit_settings_are_read_and_set() {
    let mut org = Org::new().await;
    org.will("GET", reply(200, json!({ "notificationsEnabled": true }))).await;
    org.will("PUT", reply(200, json!({ "notificationsEnabled": false }))).await;
    let modes = json!({ "defaultMode": "ENFORCE", "useCaseModeOverrides": { "LOGIN_PAGE": "PREVIEW" } });
    org.will("GET", reply(200, modes.clone())).await;
    org.will("PUT", reply(200, modes.clone())).await;
    org.will("GET", reply(200, json!({ "warningThreshold": 90 }))).await;
    org.will("PUT", reply(200, json!({ "warningThreshold": 66 }))).await;
    let limits = org.okta.rate_limits();
    assert_eq!(limits.admin_notifications().await.unwrap(), AdminNotifications::Enabled);
    let set = limits.set_admin_notifications(AdminNotifications::Disabled).await.unwrap();
    assert_eq!(set, AdminNotifications::Disabled);
    let wanted = PerClientSettings::everywhere(PerClientMode::Enforce).login_page(PerClientMode::Preview);
    assert_eq!(limits.per_client().await.unwrap(), wanted);
    assert_eq!(limits.set_per_client(&wanted).await.unwrap(), wanted);
    assert_eq!(limits.warning_threshold().await.unwrap(), 90);
    assert_eq!(limits.set_warning_threshold(66).await.unwrap(), 66);
    let saw = org.saw();
    let path = |word: &str| format!("/api/v1/rate-limit-settings/{word}");
    saw[0].is("GET", &path("admin-notifications"), None);
    saw[1].is("PUT", &path("admin-notifications"), Some(json!({ "notificationsEnabled": false })));
    saw[2].is("GET", &path("per-client"), None);
    saw[3].is("PUT", &path("per-client"), Some(modes));
    saw[4].is("GET", &path("warning-threshold"), None);
    saw[5].is("PUT", &path("warning-threshold"), Some(json!({ "warningThreshold": 66 })));
}

#[tokio::test]
async fn shares_of_principals_are_listed_by_kind_made_once_and_replaced() {
    // As recorded: times without milliseconds.
    let share = json!({
        "id": "prlh5hd7qct3aHDry1f6", "orgId": "00o7", "principalId": "00T14q3ns31qMEJUU1d7",
        "principalType": "SSWS_TOKEN", "defaultPercentage": 50, "defaultConcurrencyPercentage": 75,
        "createdDate": "2026-03-02T09:15:20Z", "createdBy": ann(), "lastUpdate": "2026-03-02T09:15:21Z",
    });
    let mut org = Org::new().await;
    org.will("GET", reply(200, json!([share]))).await;
    org.will("GET", reply(200, share.clone())).await;
    let second = problem("E0000001", "Api validation failed: principalRateLimitMediated", &[]);
    org.will("POST", reply(201, share.clone())).await;
    org.will("POST", reply(400, second)).await;
    org.will("POST", html(502)).await;
    org.will("PUT", reply(200, share)).await;
    let shares = org.okta.principal_rate_limits();
    let found = shares.list(&PrincipalType::SswsToken).collect_all().await.unwrap();
    assert_eq!(found[0].last_update, Some(time("2026-03-02T09:15:21Z")));
    let id: PrincipalRateLimitId = "prlh5hd7qct3aHDry1f6".parse().unwrap();
    assert_eq!(shares.get(&id).await.unwrap(), found[0]);
    let half = PrincipalShare::of_token("00T14q3ns31qMEJUU1d7", 50).concurrency(75);
    assert_eq!(shares.create(&half).await.unwrap(), found[0]);
    assert!(shares.create(&half).await.unwrap_err().problem().unwrap().is_code("E0000001"));
    assert_eq!(shares.create(&half).await.unwrap_err().delivery(), Delivery::Unknown);
    let all = PrincipalShare::of_client("0oa7yh346zIE1y84p1e7", 100);
    shares.replace(&id, &all).await.unwrap();
    let saw = org.saw();
    assert_eq!(saw.len(), 6);
    let filter = "filter=principalType+eq+%22SSWS_TOKEN%22";
    saw[0].is("GET", &format!("{SHARES}?{filter}&limit=50"), None);
    saw[1].is("GET", &format!("{SHARES}/{id}"), None);
    let body = |of: &str, kind: &str, rate: u8, concurrency: u8| {
        json!({
            "principalId": of, "principalType": kind, "defaultPercentage": rate,
            "defaultConcurrencyPercentage": concurrency,
        })
    };
    saw[2].is("POST", SHARES, Some(body("00T14q3ns31qMEJUU1d7", "SSWS_TOKEN", 50, 75)));
    let replaced = body("0oa7yh346zIE1y84p1e7", "OAUTH_CLIENT", 100, 100);
    saw[5].is("PUT", &format!("{SHARES}/{id}"), Some(replaced));
}

// Profile mappings.

#[tokio::test]
async fn mappings_are_found_by_their_ends_and_changed() {
    let listed = json!({
        "id": "prm1k47ghydIQOTBW0g4", "source": { "id": "0oa1", "name": "hr", "type": "appuser" },
        "target": { "id": "oty1", "name": "user", "type": "user" },
    });
    let mut whole = listed.clone();
    whole["properties"] = json!({ "nickName": { "expression": "source.alias", "pushStatus": "PUSH" } });
    let mut org = Org::new().await;
    org.will("GET", reply(200, json!([listed]))).await;
    org.will("GET", reply(200, whole.clone())).await;
    org.will("POST", reply(200, whole)).await;
    let mappings = org.okta.profile_mappings();
    let found = mappings.list().source("0oa1").target("oty1").send().collect_all().await.unwrap();
    assert!(found[0].properties.is_empty());
    let id: ProfileMappingId = "prm1k47ghydIQOTBW0g4".parse().unwrap();
    let read = mappings.get(&id).await.unwrap();
    let nick = &read.properties["nickName"];
    assert_eq!((nick.expression.as_str(), &nick.push_status), ("source.alias", &Some(PushStatus::Push)));
    let patch = MappingPatch::new().set("nickName", "source.alias", PushStatus::DontPush).remove("title");
    mappings.update(&id, &patch).await.unwrap();
    let saw = org.saw();
    saw[0].is("GET", "/api/v1/mappings?sourceId=0oa1&targetId=oty1&limit=200", None);
    saw[1].is("GET", MAPPING, None);
    let nick = json!({ "expression": "source.alias", "pushStatus": "DONT_PUSH" });
    saw[2].is("POST", MAPPING, Some(json!({ "properties": { "nickName": nick, "title": null } })));
}

// The org.

#[tokio::test]
async fn the_org_tells_its_settings_its_engine_and_its_features() {
    let mut org = Org::new().await;
    let settings = json!({
        "id": "00o3qqiw0vSCIwu8I0g7", "companyName": "Acme", "subdomain": "acme", "status": "ACTIVE",
        "created": "2024-01-24T14:15:22Z", "expiresAt": null, "phoneNumber": "+18887227871",
        "_links": { "logo": null },
    });
    org.will("GET", reply(200, settings)).await;
    for pipeline in ["idx", "v1", "v2"] {
        let links = json!({ "organization": { "href": "https://acme.okta.com" } });
        let metadata = json!({
            "id": "00o3qqiw0vSCIwu8I0g7", "pipeline": pipeline, "_links": links, "settings": { "analytics": true },
        });
        org.will("GET", reply(200, metadata)).await;
    }
    let feature = json!({
        "id": "ftrZooGoT8b41iWRiQs7", "name": "Beta", "status": "DISABLED", "type": "self-service",
        "stage": { "state": "CLOSED", "value": "BETA" },
    });
    org.will("GET", reply(200, json!([feature]))).await;
    let settings = org.okta.org().settings().await.unwrap();
    assert_eq!((settings.subdomain.as_deref(), settings.expires_at), (Some("acme"), None));
    assert!(!format!("{settings:?}").contains("+1888"));
    for engine in [Engine::IdentityEngine, Engine::Classic, Engine::Unknown("v2".into())] {
        assert_eq!(org.okta.org().metadata().await.unwrap().pipeline, engine);
    }
    let features = org.okta.org().features().collect_all().await.unwrap();
    assert_eq!(features[0].status, FeatureStatus::Disabled);
    assert_eq!(features[0].stage.as_ref().unwrap().value.as_deref(), Some("BETA"));
    let saw = org.saw();
    saw[0].is("GET", "/api/v1/org", None);
    saw[1].is("GET", "/.well-known/okta-organization", None);
    saw[4].is("GET", "/api/v1/features", None);
}

#[tokio::test]
async fn where_no_org_is_the_error_says_to_look_at_the_url() {
    let org = Org::answering("GET", html(404)).await;
    let error = org.okta.org().metadata().await.unwrap_err();
    assert!(error.problem().unwrap().to_string().contains("org URL"), "{error:?}");
}
