//! Every method over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use okta_client::groups::{Group, GroupId, GroupKind};
use okta_client::users::{Activation, Mail, NewUser, Profile, ProfilePatch, User, UserId, UserStatus};
use okta_client::{
    Call, Class, ConfigError, Delivery, Event, ExposeSecret as _, Failure, Filter, Observer, OktaClient,
    Path, Position, Problem as _, Request,
};
use serde_json::{Value, json};

use support::org::{Org, REQUEST_ID, Reply, empty, html, problem, reply};

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn user(id: &str, login: &str) -> Value {
    json!({
        "id": id, "status": "ACTIVE", "created": "2026-03-02T09:15:20.000Z",
        "activated": null, "statusChanged": "2026-03-02T09:20:48.000Z",
        "lastLogin": null, "lastUpdated": "2026-03-29T16:02:04.250Z",
        "passwordChanged": "2026-03-02T09:20:47.000Z", "type": { "id": "oty1ab2cd3EF4gh5i6j7" },
        "profile": {
            "firstName": "Ann", "lastName": "Lee", "mobilePhone": null, "login": login, "email": login,
            "employeeNumber": "10442", "badges": ["hq", "vpn"], "height": 1.75, "shoes": 9_007_199_254_740_993_i64
        },
        "credentials": { "password": {}, "emails": [{ "value": login, "status": "VERIFIED" }] },
        "newInOkta": { "a": [1, null] },
        "_links": { "self": { "href": "https://acme.okta.com/api/v1/users/00u1ab2cd3EF4gh5i6j7" } }
    })
}

fn group(id: &str, name: &str) -> Value {
    json!({
        "id": id, "created": "2026-01-10T12:00:00.000Z", "lastUpdated": "2026-01-10T12:00:00.000Z",
        "lastMembershipUpdated": "2026-03-29T16:02:05.000Z", "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP", "profile": { "name": name, "description": null, "dn": "CN=x" },
        "_links": { "logo": [{ "name": "medium", "href": "https://cdn.example/m.png" }] }
    })
}

// Users.

#[tokio::test]
async fn a_user_is_read_by_id_with_every_field_known_or_not() {
    let org = Org::answering("GET", reply(200, user("00u1ab2cd3EF4gh5i6j7", "ann.lee@example.com"))).await;
    let found = org.okta.users().get(&ann()).await.unwrap();
    org.saw_one().is("GET", "/api/v1/users/00u1ab2cd3EF4gh5i6j7", None);
    assert_eq!((&found.id, &found.status), (&ann(), &UserStatus::Active));
    assert_eq!(found.created, time("2026-03-02T09:15:20Z"));
    assert_eq!((found.activated, found.last_login, found.transitioning_to_status), (None, None, None));
    assert_eq!(found.status_changed, Some(time("2026-03-02T09:20:48Z")));
    assert_eq!(found.last_updated, time("2026-03-29T16:02:04.250Z"));
    assert_eq!(found.profile.login(), Some("ann.lee@example.com"));
    assert_eq!(found.profile.text("mobilePhone"), None);
    assert_eq!(found.profile.get("mobilePhone"), Some(&Value::Null));
    assert_eq!(found.profile.text("badges"), None);
    assert_eq!(found.profile.get("badges"), Some(&json!(["hq", "vpn"])));
    assert_eq!(found.user_type.unwrap().id.as_str(), "oty1ab2cd3EF4gh5i6j7");
    assert_eq!(found.extra.get("newInOkta").unwrap(), json!({ "a": [1, null] }));
}

#[tokio::test]
async fn unknown_fields_and_values_survive_a_round_trip() {
    let mut sent = user("00u1ab2cd3EF4gh5i6j7", "ann.lee@example.com");
    sent["status"] = json!("ACTIVATING");
    sent["transitioningToStatus"] = json!("PARTLY_ACTIVE");
    let org = Org::answering("GET", reply(200, sent.clone())).await;
    let found = org.okta.users().get(&ann()).await.unwrap();
    assert_eq!(found.status, UserStatus::Unknown("ACTIVATING".into()));
    assert_eq!(found.status.to_string(), "ACTIVATING");
    let written = serde_json::to_value(&found).unwrap();
    for name in ["status", "transitioningToStatus", "profile", "type", "credentials", "newInOkta", "_links"] {
        assert_eq!(written[name], sent[name], "{name}");
    }
    assert_eq!(serde_json::from_value::<User>(written).unwrap(), found);
}

#[test]
fn an_odd_time_does_not_lose_the_user() {
    let mut odd = user("00u1ab2cd3EF4gh5i6j7", "ann.lee@example.com");
    odd["lastLogin"] = json!("some day in March");
    odd["activated"] = json!(1_774_857_510);
    odd.as_object_mut().unwrap().remove("statusChanged");
    let found: User = serde_json::from_value(odd).unwrap();
    assert_eq!((found.last_login, found.activated, found.status_changed), (None, None, None));
    let mut odd = group("00g1", "Sales");
    odd["lastUpdated"] = json!("2026-03-27 03:16:15.0");
    let found = serde_json::from_value::<Group>(odd).unwrap();
    assert_eq!(found.last_updated, Some(time("2026-03-27T03:16:15Z")), "a form that only some answers have");
}

#[test]
fn every_status_is_written_as_okta_writes_it() {
    for word in [
        "STAGED",
        "PROVISIONED",
        "ACTIVE",
        "RECOVERY",
        "PASSWORD_EXPIRED",
        "LOCKED_OUT",
        "SUSPENDED",
        "DEPROVISIONED",
        "SOMETHING_NEW",
    ] {
        let status: UserStatus = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(status.as_str(), word);
        assert_eq!(matches!(status, UserStatus::Unknown(_)), word == "SOMETHING_NEW");
        assert_eq!(serde_json::to_value(&status).unwrap(), json!(word));
    }
}

#[tokio::test]
async fn what_is_known_of_a_person_stays_out_of_debug() {
    let found: User = serde_json::from_value(user("00u1ab2cd3EF4gh5i6j7", "ann.lee@example.com")).unwrap();
    assert_eq!(format!("{found:?}"), r#"User { id: UserId("00u1ab2cd3EF4gh5i6j7"), status: Active, .. }"#);
    let new = NewUser::new(found.profile);
    let patch = ProfilePatch::new().set("login", "ann.lee@example.com");
    assert!(!format!("{new:?} {patch:?}").contains("ann.lee"), "{new:?} {patch:?}");
}

#[tokio::test]
async fn nobody_is_none_and_anything_else_is_an_error() {
    let nobody = || reply(404, problem("E0000007", "Not found: Resource not found: x (User)", &[]));
    let mut org = Org::answering("GET", nobody()).await;
    assert_eq!(org.okta.users().find(&ann()).await.unwrap(), None);
    org.will("GET", nobody()).await;
    assert_eq!(org.okta.users().find_by_login("ann@example.com").await.unwrap(), None);
    org.will("GET", nobody()).await;
    assert_eq!(org.okta.groups().find(&sales()).await.unwrap(), None);
    org.will("GET", nobody()).await;
    assert!(org.okta.users().get(&ann()).await.unwrap_err().is_not_found());
    org.will("GET", reply(403, problem("E0000006", "No", &[]))).await;
    assert!(org.okta.users().find(&ann()).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn a_login_goes_into_the_path_encoded_whatever_it_holds() {
    for (login, segment) in [
        ("ann.lee@example.com", "ann.lee%40example.com"),
        ("ann+test@example.com", "ann%2Btest%40example.com"),
        ("o'hara?x=1#y@example.com", "o%27hara%3Fx%3D1%23y%40example.com"),
        ("100%25@example.com", "100%2525%40example.com"),
        ("jürgen müller@example.com", "j%C3%BCrgen%20m%C3%BCller%40example.com"),
        ("..\\..@example.com", "..%5C..%40example.com"),
    ] {
        let org = Org::answering("GET", reply(200, user("00u1", login))).await;
        let found = org.okta.users().get_by_login(login).await.unwrap();
        assert_eq!(found.profile.login(), Some(login));
        org.saw_one().is("GET", &format!("/api/v1/users/{segment}"), None);
    }
}

#[tokio::test]
async fn a_login_is_compared_without_regard_to_case() {
    let org = Org::answering("GET", reply(200, user("00u1", "Ann.Lee@Example.com"))).await;
    assert!(org.okta.users().find_by_login("ann.lee@example.COM").await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_with_another_login_than_the_one_asked_for_is_refused() {
    for asked in ["ann", "me", "ann.lee@example.org"] {
        let org = Org::answering("GET", reply(200, user("00u1", "ann.lee@example.com"))).await;
        let error = org.okta.users().find_by_login(asked).await.unwrap_err();
        assert!(matches!(error.failure(), Failure::Protocol(_)), "{error}");
        assert!(!error.is_retryable());
        assert!(!format!("{error} {error:?}").contains("ann.lee"), "{error:?}");
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_in_a_path_is_refused_before_sending() {
    let org = Org::new().await;
    for login in ["ann/lee@example.com", "", ".", ".."] {
        let error = org.okta.users().get_by_login(login).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    }
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn users_are_listed_with_what_was_asked_for() {
    let mut org = Org::answering("GET", reply(200, json!([user("00u1", "a@x.example")]))).await;
    let all = org.okta.users().list().send().collect_all().await.unwrap();
    assert_eq!(all.len(), 1);
    org.saw_one().is("GET", "/api/v1/users?limit=200", None);

    org.will("GET", reply(200, json!([]))).await;
    let search = Filter::eq("profile.department", r#"R&D "north""#).and(Filter::eq("status", "ACTIVE"));
    assert!(org.okta.users().list().search(search).limit(50).send().collect_all().await.unwrap().is_empty());
    org.saw_one().is(
        "GET",
        "/api/v1/users?search=%28profile.department+eq+%22R%26D+%5C%22north%5C%22%22+and+status+eq+%22ACTIVE%22%29&limit=50",
        None,
    );

    org.will("GET", reply(200, json!([]))).await;
    let changed = Filter::gt("lastUpdated", time("2026-03-01T00:00:00Z"));
    org.okta.users().list().filter(changed).send().collect_all().await.unwrap();
    org.saw_one().is(
        "GET",
        "/api/v1/users?filter=lastUpdated+gt+%222026-03-01T00%3A00%3A00.000Z%22&limit=200",
        None,
    );
}

#[tokio::test]
async fn a_user_is_made_staged_with_groups() {
    let org = Org::answering("POST", reply(200, user("00u1", "ann.lee@example.com"))).await;
    let profile = Profile::new().with("login", "ann.lee@example.com").with("badges", json!(["hq"]));
    let new = NewUser::new(profile).groups([sales()]);
    let made = org.okta.users().create(&new, Activation::Staged).await.unwrap();
    assert_eq!(made.id.as_str(), "00u1");
    org.saw_one().is(
        "POST",
        "/api/v1/users?activate=false",
        Some(json!({
            "profile": { "login": "ann.lee@example.com", "badges": ["hq"] },
            "groupIds": ["00g1ab2cd3EF4gh5i6j7"]
        })),
    );
}

#[tokio::test]
async fn a_user_is_made_and_activated_at_once() {
    let org = Org::answering("POST", reply(200, user("00u1", "ann.lee@example.com"))).await;
    let new = NewUser::new(Profile::new().with("login", "ann.lee@example.com"));
    org.okta.users().create(&new, Activation::AtOnce).await.unwrap();
    org.saw_one().is(
        "POST",
        "/api/v1/users?activate=true",
        Some(json!({ "profile": { "login": "ann.lee@example.com" } })),
    );
}

#[tokio::test]
async fn a_patch_tells_absent_null_and_value_apart() {
    let org = Org::answering("POST", reply(200, user("00u1", "ann.lee@example.com"))).await;
    let patch = ProfilePatch::new()
        .set("title", "Lead")
        .set("nickName", "")
        .set("badges", json!([]))
        .remove("mobilePhone")
        .remove("title")
        .set("title", "Boss");
    assert!(!patch.is_empty() && ProfilePatch::new().is_empty());
    org.okta.users().update(&ann(), &patch).await.unwrap();
    org.saw_one().is(
        "POST",
        "/api/v1/users/00u1ab2cd3EF4gh5i6j7",
        Some(json!({ "profile": { "title": "Boss", "nickName": "", "badges": [], "mobilePhone": null } })),
    );
}

#[tokio::test]
async fn the_groups_of_a_user_are_listed() {
    let mut everyone = group("00g2", "Everyone");
    everyone["type"] = json!("BUILT_IN");
    let org = Org::answering("GET", reply(200, json!([group("00g1", "Sales"), everyone]))).await;
    let groups = org.okta.users().groups(&ann()).collect_all().await.unwrap();
    org.saw_one().is("GET", "/api/v1/users/00u1ab2cd3EF4gh5i6j7/groups", None);
    let kinds: Vec<_> = groups.iter().map(|group| &group.kind).collect();
    assert_eq!(kinds, [&GroupKind::OktaGroup, &GroupKind::BuiltIn]);
}

#[tokio::test]
async fn an_activation_without_mail_answers_a_link_that_stays_out_of_debug() {
    for name in ["activate", "reactivate"] {
        let answer = json!({
            "activationUrl": "https://acme.okta.com/tokens/XE6wE17zmphl3KqAPFxO/verify",
            "activationToken": "XE6wE17zmphl3KqAPFxO"
        });
        let org = Org::answering("POST", reply(200, answer)).await;
        let users = org.okta.users();
        let link = match name {
            "activate" => users.activate(&ann(), Mail::Withhold).await,
            _ => users.reactivate(&ann(), Mail::Withhold).await,
        };
        let link = link.unwrap().unwrap();
        let target = format!("/api/v1/users/00u1ab2cd3EF4gh5i6j7/lifecycle/{name}?sendEmail=false");
        org.saw_one().is("POST", &target, None);
        assert!(!format!("{link:?}").contains("XE6w"), "{link:?}");
        assert_eq!(link.token.expose_secret(), "XE6wE17zmphl3KqAPFxO");
        assert!(link.url.expose_secret().ends_with("/verify"));
    }
}

#[tokio::test]
async fn an_activation_by_mail_answers_nothing() {
    for answer in [|| reply(200, json!({})), || empty(204), || empty(200)] {
        let mut org = Org::answering("POST", answer()).await;
        assert!(org.okta.users().activate(&ann(), Mail::Send).await.unwrap().is_none());
        let target = "/api/v1/users/00u1ab2cd3EF4gh5i6j7/lifecycle/activate?sendEmail=true";
        org.saw_one().is("POST", target, None);
        org.will("POST", answer()).await;
        assert!(org.okta.users().reactivate(&ann(), Mail::Send).await.unwrap().is_none());
        let target = "/api/v1/users/00u1ab2cd3EF4gh5i6j7/lifecycle/reactivate?sendEmail=true";
        org.saw_one().is("POST", target, None);
    }
}

#[tokio::test]
async fn lifecycle_calls_are_done_whether_the_answer_says_nothing_or_something() {
    for name in ["deactivate", "suspend", "unsuspend", "unlock", "reset_factors"] {
        for answer in [reply(200, json!({})), empty(204), empty(200), reply(200, user("00u1", "a@x.example"))]
        {
            let org = Org::answering("POST", answer).await;
            let users = org.okta.users();
            match name {
                "deactivate" => users.deactivate(&ann()).await,
                "suspend" => users.suspend(&ann()).await,
                "unsuspend" => users.unsuspend(&ann()).await,
                "unlock" => users.unlock(&ann()).await,
                _ => users.reset_factors(&ann()).await,
            }
            .unwrap();
            org.saw_one().is("POST", &format!("/api/v1/users/00u1ab2cd3EF4gh5i6j7/lifecycle/{name}"), None);
        }
    }
}

// Groups.

#[tokio::test]
async fn a_group_is_read_by_id_and_survives_a_round_trip() {
    let mut sent = group("00g1ab2cd3EF4gh5i6j7", "Sales");
    sent["type"] = json!("TEAM");
    let org = Org::answering("GET", reply(200, sent.clone())).await;
    let found = org.okta.groups().get(&sales()).await.unwrap();
    org.saw_one().is("GET", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7", None);
    assert_eq!((&found.id, found.profile.name.as_str()), (&sales(), "Sales"));
    assert_eq!((&found.kind, &found.profile.description), (&GroupKind::Unknown("TEAM".into()), &None));
    assert_eq!(found.last_membership_updated, Some(time("2026-03-29T16:02:05Z")));
    let written = serde_json::to_value(&found).unwrap();
    for name in ["id", "type", "objectClass", "_links"] {
        assert_eq!(written[name], sent[name], "{name}");
    }
    assert_eq!(written["profile"]["name"], "Sales");
    assert_eq!(serde_json::from_value::<Group>(written).unwrap(), found);
}

#[tokio::test]
async fn a_group_is_found_by_exactly_its_name() {
    let found = json!([group("00g1", "sales"), group("00g2", "Sales"), group("00g3", "SALES")]);
    let mut org = Org::answering("GET", reply(200, found)).await;
    let sales = org.okta.groups().find_by_name("Sales").await.unwrap().unwrap();
    assert_eq!(sales.id.as_str(), "00g2");
    org.saw_one().is("GET", "/api/v1/groups?search=profile.name+eq+%22Sales%22&limit=200", None);
    org.will("GET", reply(200, json!([group("00g1", "sales")]))).await;
    assert_eq!(org.okta.groups().find_by_name("Sales").await.unwrap(), None);
    org.will("GET", reply(200, json!([]))).await;
    assert_eq!(org.okta.groups().find_by_name(r#"a" or profile.name pr"#).await.unwrap(), None);
    let target = org.saw().pop().unwrap().target;
    assert!(target.contains("%22a%5C%22+or+profile.name+pr%22"), "{target}");
}

#[tokio::test]
async fn two_groups_of_one_name_are_an_error_and_not_a_choice() {
    let org =
        Org::answering("GET", reply(200, json!([group("00g1", "Sales"), group("00g2", "Sales")]))).await;
    let error = org.okta.groups().find_by_name("Sales").await.unwrap_err();
    assert!(error.to_string().contains("2 groups of that name: use an id"), "{error}");
    assert!(!error.is_retryable() && !error.is_not_found());
}

#[tokio::test]
async fn groups_and_members_are_listed() {
    let mut org = Org::answering("GET", reply(200, json!([group("00g1", "Sales")]))).await;
    let search = Filter::eq("type", "OKTA_GROUP").or(Filter::starts_with("profile.name", "S"));
    let groups = org.okta.groups().list().search(search).limit(20).send().collect_all().await.unwrap();
    assert_eq!(groups.len(), 1);
    org.saw_one().is(
        "GET",
        "/api/v1/groups?search=%28type+eq+%22OKTA_GROUP%22+or+profile.name+sw+%22S%22%29&limit=20",
        None,
    );
    org.will("GET", reply(200, json!([user("00u1", "a@x.example"), user("00u2", "b@x.example")]))).await;
    assert_eq!(org.okta.groups().members(&sales()).collect_all().await.unwrap().len(), 2);
    org.saw_one().is("GET", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/users?limit=200", None);
}

#[tokio::test]
async fn members_come_and_go() {
    let mut org = Org::answering("PUT", empty(204)).await;
    org.okta.groups().add(&sales(), &ann()).await.unwrap();
    let target = "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/users/00u1ab2cd3EF4gh5i6j7";
    org.saw_one().is("PUT", target, None);
    org.will("DELETE", empty(204)).await;
    org.okta.groups().remove(&sales(), &ann()).await.unwrap();
    org.saw_one().is("DELETE", target, None);
    org.will("PUT", reply(403, problem("E0000006", "You do not have permission", &[]))).await;
    let error = org.okta.groups().add(&sales(), &ann()).await.unwrap_err();
    assert!(error.is_forbidden());
    assert!(error.problem().unwrap().to_string().contains("admin role"), "says what an operator can do");
}

// Pages.

#[tokio::test]
async fn a_list_follows_the_next_of_two_link_lines() {
    let mut org = Org::new().await;
    let host = org.server.url();
    for (n, next) in [(1, Some("/api/v1/users?after=00u1%3D&limit=1&x=a+b")), (2, None)] {
        let mut page = reply(200, json!([user(&format!("00u{n}"), "a@x.example")]))
            .header("link", format!("<{host}/api/v1/users?limit=1>; rel=\"self\""));
        if let Some(next) = next {
            page = page.header("link", format!("<{host}{next}>; rel=\"next\""));
        }
        org.will("GET", page).await;
    }
    let all: Vec<_> = org.okta.users().list().limit(1).send().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["00u1", "00u2"]);
    let saw = org.saw();
    saw[0].is("GET", "/api/v1/users?limit=1", None);
    saw[1].is("GET", "/api/v1/users?after=00u1%3D&limit=1&x=a+b", None);
}

#[tokio::test]
async fn a_list_follows_a_joined_link_and_an_empty_page_to_the_end() {
    let mut org = Org::new().await;
    let links =
        "<https://h/api/v1/groups?a=1,2>; rel=\"self\", <https://h/api/v1/groups?after=x,y>; rel=\"next\"";
    org.will("GET", reply(200, json!([])).header("link", links)).await;
    org.will("GET", reply(200, json!([group("00g1", "Sales")]))).await;
    let all = org.okta.groups().list().send().collect_all().await.unwrap();
    assert_eq!(all.len(), 1);
    org.saw()[1].is("GET", "/api/v1/groups?after=x,y", None);
}

#[tokio::test]
async fn a_link_to_the_admin_console_is_followed_on_the_configured_host() {
    let mut org = Org::new().await;
    let link = "<https://acme-admin.okta.com/api/v1/groups/00g1/users?after=2&limit=200>; rel=\"next\"";
    org.will("GET", reply(200, json!([])).header("link", link)).await;
    org.will("GET", reply(200, json!([]))).await;
    org.okta.groups().members(&sales()).collect_all().await.unwrap();
    org.saw()[1].is("GET", "/api/v1/groups/00g1/users?after=2&limit=200", None);
}

#[tokio::test]
async fn a_link_out_of_the_api_ends_the_list_with_an_error() {
    for link in ["https://h/oauth2/default/v1/keys", "https://h/api/v1/../../login/signout", "/api/v1/users"]
    {
        let next = format!("<{link}>; rel=\"next\"");
        let org = Org::answering("GET", reply(200, json!([])).header("link", next)).await;
        let error = org.okta.users().list().send().collect_all().await.unwrap_err();
        assert_eq!(error.call(), "okta.next_page");
        assert!(matches!(error.failure(), Failure::Protocol(_)), "{error}");
        assert_eq!(org.saw().len(), 1, "{link}");
    }
}

#[tokio::test]
async fn a_user_that_cannot_be_read_costs_no_other_and_is_reported() {
    let mut org = Org::new().await;
    let next = "<https://h/api/v1/users?after=2>; rel=\"next\"";
    let page = json!([user("00u1", "a@x.example"), {"id": "00u2", "status": 7}, user("00u3", "c@x.example")]);
    org.will("GET", reply(200, page).header("link", next).request_id()).await;
    org.will("GET", reply(200, json!([user("00u4", "d@x.example")]))).await;
    let all: Vec<_> = org.okta.users().list().send().collect().await;
    let ids: Vec<_> = all.iter().map(|user| user.as_ref().map(|user| user.id.as_str()).ok()).collect();
    assert_eq!(ids, [Some("00u1"), None, Some("00u3"), Some("00u4")]);
    let error = all[1].as_ref().unwrap_err();
    let Failure::Decode(fault) = error.failure() else { panic!("{error:?}") };
    assert!(fault.to_string().contains("[1].status"), "{fault}");
    assert_eq!((error.call(), error.request_id()), ("okta.users.list", Some(REQUEST_ID)));
}

#[tokio::test]
async fn a_list_goes_on_in_another_process() {
    let mut org = Org::new().await;
    let next = "<https://h/api/v1/users?after=a%2Bb%3D&limit=200>; rel=\"next\"";
    org.will("GET", reply(200, json!([user("00u1", "a@x.example")])).header("link", next)).await;
    for _ in 0..2 {
        org.will("GET", reply(200, json!([user("00u2", "b@x.example"), user("00u3", "c@x.example")]))).await;
    }
    let mut list = org.okta.users().list().send();
    for id in ["00u1", "00u2"] {
        assert_eq!(list.next().await.unwrap().unwrap().id.as_str(), id);
    }
    let stored = serde_json::to_string(list.position()).unwrap();
    let list = org.okta.users().list().send().starting_at(serde_json::from_str::<Position>(&stored).unwrap());
    let rest = list.collect_all().await.unwrap();
    assert_eq!(rest.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["00u2", "00u3"]);
    org.saw()[2].is("GET", "/api/v1/users?after=a%2Bb%3D&limit=200", None);
}

#[tokio::test]
async fn a_list_that_goes_round_in_circles_ends_with_an_error() {
    let mut org = Org::new().await;
    for after in ["1", "2", "1"] {
        let next = format!("<https://h/api/v1/users?after={after}>; rel=\"next\"");
        org.will("GET", reply(200, json!([user("00u1", "a@x.example")])).header("link", next)).await;
    }
    let error = org.okta.users().list().send().collect_all().await.unwrap_err();
    assert!(error.to_string().contains("circles"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(org.saw().len(), 3);
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again() {
    let mut org = Org::new().await;
    let page = || reply(200, json!([user("00u1", "a@x.example")]));
    org.will("GET", page().cut()).await;
    org.will("GET", page()).await;
    let all = org.okta.users().list().send().collect_all().await.unwrap();
    assert_eq!((all.len(), org.saw().len()), (1, 2));
}

#[tokio::test]
async fn an_error_on_a_later_page_is_an_error_of_the_list() {
    let mut org = Org::new().await;
    let next = "<https://h/api/v1/users?after=1>; rel=\"next\"";
    org.will("GET", reply(200, json!([user("00u1", "a@x.example")])).header("link", next)).await;
    org.will("GET", reply(400, problem("E0000029", "Invalid paging request.", &[]))).await;
    let mut users = org.okta.users().list().send();
    assert!(users.try_next().await.unwrap().is_some());
    let error = users.try_next().await.unwrap_err();
    assert_eq!(error.call(), "okta.users.list");
    assert!(error.problem().unwrap().is_code("E0000029"));
    assert!(users.try_next().await.unwrap().is_none());
}

// Errors.

#[tokio::test]
async fn refusals_are_classified_by_code_and_else_by_status() {
    for (status, code, class) in [
        (400, "E0000001", Class::Invalid),
        (400, "E0000031", Class::Invalid),
        (401, "E0000011", Class::Unauthenticated),
        (401, "E0000004", Class::Unauthenticated),
        (403, "E0000005", Class::Unauthenticated),
        (401, "E0000015", Class::Forbidden),
        (403, "E0000006", Class::Forbidden),
        (403, "E0000999", Class::Forbidden),
        (404, "E0000007", Class::NotFound),
        (410, "E0000156", Class::NotFound),
        (403, "E0000038", Class::WrongState),
        (403, "E0000016", Class::WrongState),
        (403, "E0000032", Class::WrongState),
        (423, "E0000155", Class::WrongState),
        (409, "E0000090", Class::Conflict),
        (412, "E0000231", Class::Conflict),
        (409, "E0000112", Class::Busy),
        (423, "E0000239", Class::Busy),
        (429, "E0000047", Class::RateLimited),
        (429, "E0000118", Class::Conflict),
        (500, "E0000009", Class::Unavailable),
    ] {
        let mut org = Org::new().await;
        // Enough for every repetition that its class allows a read.
        for _ in 0..12 {
            org.will("GET", reply(status, problem(code, "No.", &[])).request_id()).await;
        }
        let error = org.okta.users().get(&ann()).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!((problem.class(), problem.code.as_deref()), (class, Some(code)));
        assert_eq!(usize::from(problem.status), status);
        assert_eq!(problem.error_id.as_deref(), Some("oaelr1lt59PSM-TvHYQ_LDr5g"));
        assert_eq!(error.request_id(), Some("d8c32875dfe75dda51a3f0bad9478b90"));
        assert!(error.to_string().contains("request d8c32875dfe75dda51a3f0bad9478b90"), "{error}");
        let attempts = match class {
            Class::Busy | Class::Unavailable => 5,
            Class::RateLimited => 11,
            _ => 1,
        };
        assert_eq!(error.attempts(), attempts, "{code}");
    }
}

#[tokio::test]
async fn a_taken_login_is_told_from_other_invalid_data() {
    let taken = "login: An object with this field already exists in the current organization";
    let org = Org::answering(
        "POST",
        reply(400, problem("E0000001", "Api validation failed: login", &[taken])).request_id(),
    )
    .await;
    let new = NewUser::new(Profile::new().with("login", "ann@x.example"));
    let error = org.okta.users().create(&new, Activation::Staged).await.unwrap_err();
    let problem_found = error.problem().unwrap();
    assert!(problem_found.is_duplicate());
    assert_eq!(problem_found.causes, [taken]);
    assert_eq!(problem_found.to_string(), format!("E0000001 Api validation failed: login; {taken}"));
    assert_eq!(error.delivery(), Delivery::Refused);

    let unknown = "Property name 'x' is not defined in profile";
    let org =
        Org::answering("POST", reply(400, problem("E0000001", "Api validation failed: newUser", &[unknown])))
            .await;
    let error = org.okta.users().create(&new, Activation::Staged).await.unwrap_err();
    assert!(!error.problem().unwrap().is_duplicate());
}

#[tokio::test]
async fn an_error_object_with_odd_fields_keeps_its_code() {
    for body in [
        json!({ "errorCode": "E0000038", "errorCauses": null }),
        json!({ "errorCode": "E0000038", "errorCauses": "none", "errorId": 7, "errorSummary": null }),
        json!({ "errorCode": "E0000038", "errorCauses": [{ "errorSummary": null }, "odd", null] }),
    ] {
        let org = Org::answering("POST", reply(403, body)).await;
        let error = org.okta.users().suspend(&ann()).await.unwrap_err();
        assert!(error.is_wrong_state(), "{error:?}");
        assert!(error.problem().unwrap().causes.is_empty());
    }
}

#[tokio::test]
async fn errors_without_okta_s_object_are_classified_by_status() {
    for (status, make) in [(404, html as fn(usize) -> Reply), (404, empty), (401, empty), (403, html)] {
        let org = Org::answering("GET", make(status).request_id()).await;
        let error = org.okta.users().get(&ann()).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!((problem.code.as_deref(), problem.summary.as_deref()), (None, None));
        assert!(problem.to_string().starts_with(&format!("status {status} without Okta's error object")));
        assert_eq!(error.request_id(), Some("d8c32875dfe75dda51a3f0bad9478b90"));
        assert!(!format!("{error:?}").contains("service is away"));
        match status {
            404 => assert!(error.is_not_found()),
            401 => assert!(error.is_unauthenticated()),
            _ => assert!(error.is_forbidden()),
        }
    }
}

#[tokio::test]
async fn an_outage_is_waited_for_by_reads_and_reported_by_unsafe_writes() {
    let mut org = Org::new().await;
    for reply in [html(503), empty(502), reply(200, user("00u1", "a@x.example"))] {
        org.will("GET", reply).await;
    }
    org.okta.users().get(&ann()).await.unwrap();
    assert_eq!(org.clock.slept_millis(), [500, 1000]);

    org.will("POST", html(503)).await;
    let new = NewUser::new(Profile::new().with("login", "ann@x.example"));
    let error = org.okta.users().create(&new, Activation::Staged).await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
    assert!(error.is_retryable() && error.to_string().contains("it may have been done"), "{error}");

    for _ in 0..2 {
        org.will("POST", html(504)).await;
    }
    assert_eq!(org.okta.users().activate(&ann(), Mail::Withhold).await.unwrap_err().attempts(), 1);
    // The one that is left for it, and then an answer.
    org.will("POST", reply(200, json!({}))).await;
    org.okta.users().suspend(&ann()).await.unwrap();
}

#[tokio::test]
async fn a_page_for_people_is_no_success() {
    let org = Org::answering("POST", html(200).request_id()).await;
    let error = org.okta.users().deactivate(&ann()).await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Protocol(_)));
    assert!(error.to_string().contains("is the org URL right?"), "{error}");
    assert_eq!(error.delivery(), Delivery::Unknown);
}

#[tokio::test]
async fn a_redirect_is_an_error_and_not_followed() {
    let mut org = Org::new().await;
    let elsewhere = format!("{}/api/v1/users/00u2", org.server.url());
    org.will("GET", empty(302).header("location", elsewhere)).await;
    let error = org.okta.users().get(&ann()).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 302);
    assert_eq!(org.saw().len(), 1);
}

#[tokio::test]
async fn an_answer_of_another_shape_names_the_place_and_not_the_value() {
    let mut odd = user("00u1", "ann.lee@example.com");
    odd["created"] = json!("hunter2");
    let mut org = Org::new().await;
    for _ in 0..5 {
        org.will("GET", reply(200, json!([odd.clone()]))).await;
    }
    let error = org.okta.users().list().send().collect_all().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("[0]"), "{cause}");
    assert!(!format!("{error} {error:?} {cause}").contains("hunter2"), "{error:?}");
}

// Limits.

fn limited(limit: u32, reset_in: i64) -> Reply {
    limited_at("2025-09-29T06:24:57Z", limit, reset_in)
}

fn limited_at(now: &str, limit: u32, reset_in: i64) -> Reply {
    let now = time(now);
    let reset = now.timestamp() + reset_in;
    reply(429, problem("E0000047", "API call exceeded rate limit due to too many requests.", &[]))
        .header("date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .header("x-rate-limit-limit", limit.to_string())
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", reset.to_string())
}

#[tokio::test]
async fn an_empty_bucket_is_waited_for_by_the_servers_own_clock_even_by_a_create() {
    let mut org = Org::new().await;
    org.will("POST", limited(50, 8)).await;
    // Nine seconds later, by the server's clock.
    org.will("POST", limited_at("2025-09-29T06:25:06Z", 50, 48)).await;
    org.will("POST", reply(200, user("00u1", "a@x.example"))).await;
    let new = NewUser::new(Profile::new().with("login", "a@x.example"));
    org.okta.users().create(&new, Activation::Staged).await.unwrap();
    let waits: Vec<_> = org.clock.slept_millis().into_iter().filter(|slept| *slept > 0).collect();
    assert_eq!(waits, [9000, 49000]);
    assert_eq!(org.saw().len(), 3);
}

#[tokio::test]
async fn an_empty_bucket_holds_up_its_own_calls_only() {
    let mut org = Org::new().await;
    org.will("POST", limited(50, 30)).await;
    org.will("POST", empty(204)).await;
    org.okta.users().suspend(&ann()).await.unwrap();
    assert_eq!(org.clock.slept_millis().iter().sum::<u128>(), 31_000);
    org.will("GET", reply(200, user("00u1", "a@x.example"))).await;
    org.okta.users().get(&ann()).await.unwrap();
    org.will("PUT", empty(204)).await;
    org.okta.groups().add(&sales(), &ann()).await.unwrap();
    assert_eq!(org.clock.slept_millis().iter().sum::<u128>(), 31_000);
}

#[tokio::test]
async fn too_many_at_once_is_met_with_a_short_back_off() {
    let mut org = Org::new().await;
    for _ in 0..3 {
        org.will("POST", limited(0, 60)).await;
    }
    org.will("POST", reply(200, json!({}))).await;
    org.okta.users().activate(&ann(), Mail::Send).await.unwrap();
    assert_eq!(org.clock.slept_millis(), [500, 1000, 2000]);
}

#[tokio::test]
async fn a_limit_without_headers_is_a_short_pause() {
    let mut org = Org::new().await;
    org.will("GET", empty(429)).await;
    org.will("GET", reply(200, user("00u1", "a@x.example"))).await;
    org.okta.users().get(&ann()).await.unwrap();
    assert_eq!(org.clock.slept_millis().iter().sum::<u128>(), 5000);
}

// The rest.

#[tokio::test]
async fn any_other_endpoint_can_be_called() {
    let org = Org::answering("GET", reply(200, json!({ "subdomain": "acme" }))).await;
    let call: Call<Value> = Call::read("okta.org.get", Request::get(Path::new("/api/v1/org")));
    assert_eq!(org.okta.send(&call).await.unwrap()["subdomain"], "acme");
    org.saw_one().is("GET", "/api/v1/org", None);
}

#[tokio::test]
async fn a_tag_reaches_okta_and_an_observer_hears_of_the_request_id() {
    #[derive(Debug, Default)]
    struct Ids(Mutex<Vec<(String, Option<String>)>>);
    impl Observer for Ids {
        fn on_event(&self, event: &Event<'_>) {
            if let Event::Attempt(attempt) = event {
                self.0.lock().unwrap().push((attempt.path.clone(), attempt.request_id.clone()));
            }
        }
    }

    let org = Org::answering("GET", reply(200, user("00u1", "a@x.example")).request_id()).await;
    let ids = Arc::new(Ids::default());
    org.okta.tagged("plan/42").observed(ids.clone()).users().get(&ann()).await.unwrap();
    let agent = concat!("payroll/3.2 okta-client-rs/", env!("CARGO_PKG_VERSION"), " plan/42");
    assert_eq!(org.saw_one().header("user-agent"), Some(agent));
    let heard = ids.0.lock().unwrap();
    assert_eq!(*heard, [("/api/v1/users/{}".into(), Some("d8c32875dfe75dda51a3f0bad9478b90".into()))]);
}

#[test]
fn a_client_cannot_be_made_with_settings_that_cannot_work() {
    let build = |url: &str| OktaClient::builder(url).api_token("t0ken".into()).build();
    assert_eq!(build(" acme.okta.com/ ").unwrap().org_url(), "https://acme.okta.com");
    for host in ["acme-admin.okta.com", "acme-admin.oktapreview.com", "acme-admin.okta-emea.com"] {
        let error = build(&format!("https://{host}")).unwrap_err();
        assert!(matches!(error, ConfigError::AdminConsole { .. }));
        let right = format!("use https://{}", host.replace("-admin", ""));
        assert!(error.to_string().contains(&right), "{error}");
    }
    for url in ["", "http://acme.okta.com", "https://acme.okta.com/api/v1", "https://a:b@acme.okta.com"] {
        assert!(matches!(build(url).unwrap_err(), ConfigError::OrgUrl(_)), "{url}");
    }
    let without = OktaClient::builder("https://acme.okta.com").build().unwrap_err();
    assert!(matches!(without, ConfigError::NoCredentials));
    let broken = OktaClient::builder("https://acme.okta.com").api_token("s3cret\n".into());
    assert!(!format!("{broken:?}").contains("s3cret"));
    let error = broken.build().unwrap_err();
    assert!(matches!(error, ConfigError::Token(_)));
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[test]
fn ids_that_could_change_a_path_are_refused() {
    for text in ["", "a/b", "..", "ann@example.com", "00u1?x", "é", &"x".repeat(101)] {
        assert!(text.parse::<UserId>().is_err() && text.parse::<GroupId>().is_err(), "{text}");
    }
    assert_eq!("0ktaV3rify1d".parse::<UserId>().unwrap().to_string(), "0ktaV3rify1d");
    assert!(serde_json::from_value::<UserId>(json!("a/b")).is_err());
}
