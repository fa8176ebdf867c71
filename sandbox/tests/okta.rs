//! The Okta org, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use common::{Answer, encoded, okta};
use sandbox::{Limits, Sandbox, group_id};
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(30).frozen_clock().start().await.unwrap()
}

fn profile(login: &str) -> Value {
    json!({"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"})
}

async fn create(sandbox: &Sandbox, login: &str, query: &str) -> String {
    let call = format!("POST /api/v1/users{query}");
    let made = okta(sandbox, &call, Some(json!({"profile": profile(login)}))).await;
    assert_eq!(made.status, 200, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn status(sandbox: &Sandbox, id: &str) -> String {
    okta(sandbox, &format!("GET /api/v1/users/{id}"), None).await.json()["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn code(answer: &Answer) -> String {
    answer.json()["errorCode"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_seed_makes_one_world() {
    let (one, same, other) =
        (frozen().await, frozen().await, Sandbox::builder().seed(8).frozen_clock().start());
    let other = other.await.unwrap();
    assert_eq!(one.state(), same.state());
    assert_eq!(one.okta_token(), same.okta_token());
    assert_ne!(one.state()["okta"]["users"][0], other.state()["okta"]["users"][0]);
    let named = one.state()["okta"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .all(|group| group["id"] == json!(group_id(group["profile"]["name"].as_str().unwrap())));
    assert!(named, "ids of groups depend on their names only");
}

#[tokio::test]
async fn state_holds_no_credentials() {
    let sandbox = frozen().await;
    let state = sandbox.state().to_string();
    assert!(!state.contains(sandbox.okta_token()) && !state.contains(sandbox.servicenow_password()));
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let sandbox = frozen().await;
    let url = format!("{}/api/v1/users", sandbox.okta_url());
    let answer =
        reqwest::Client::new().get(url).header("authorization", "SSWS 00wrong").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.text().await.unwrap().contains("E0000011"));
}

#[tokio::test]
async fn pages_are_linked_by_two_header_lines() {
    let sandbox = frozen().await;
    let first = okta(&sandbox, "GET /api/v1/users?limit=20", None).await;
    let lines: Vec<_> = first.headers.get_all("link").iter().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].to_str().unwrap().ends_with("rel=\"self\""));
    assert!(lines[1].to_str().unwrap().ends_with("rel=\"next\""));
    let second = okta(&sandbox, &format!("GET {}", first.link("next").unwrap()), None).await;
    assert_eq!(second.json().as_array().unwrap().len(), 10);
    assert_eq!(second.link("next"), None);
}

#[tokio::test]
async fn links_carry_the_host_that_was_called() {
    let sandbox = frozen().await;
    let answer = reqwest::Client::new()
        .get(format!("{}/api/v1/users?limit=1", sandbox.okta_url()))
        .header("authorization", format!("SSWS {}", sandbox.okta_token()))
        .header("host", "acme.okta.example")
        .send()
        .await
        .unwrap();
    assert!(answer.headers()["link"].to_str().unwrap().starts_with("<http://acme.okta.example/api/v1/users"));
}

#[tokio::test]
async fn a_window_starts_with_its_first_request_and_ends_a_minute_later() {
    let sandbox = frozen().await;
    let start = sandbox.clock().now().timestamp();
    sandbox.clock().advance(Duration::from_secs(25));
    let first = okta(&sandbox, "GET /api/v1/users", None).await;
    assert_eq!((first.number("x-rate-limit-limit"), first.number("x-rate-limit-remaining")), (300, 299));
    assert_eq!(first.number("x-rate-limit-reset"), start + 85);
    sandbox.clock().advance(Duration::from_secs(59));
    assert_eq!(okta(&sandbox, "GET /api/v1/users", None).await.number("x-rate-limit-remaining"), 298);
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(okta(&sandbox, "GET /api/v1/users", None).await.number("x-rate-limit-remaining"), 299);
    let by_id = okta(&sandbox, "GET /api/v1/users/me", None).await;
    assert_eq!(by_id.number("x-rate-limit-remaining"), 999, "another bucket");
}

#[tokio::test]
async fn an_empty_bucket_answers_429_and_does_nothing() {
    let sandbox =
        Sandbox::builder().people(3).frozen_clock().limits(Limits::IntegratorFree).start().await.unwrap();
    for _ in 0..10 {
        assert_eq!(okta(&sandbox, "GET /api/v1/logs", None).await.status, 200);
    }
    let refused = okta(&sandbox, "GET /api/v1/logs", None).await;
    assert_eq!((refused.status, code(&refused).as_str()), (429, "E0000047"));
    assert_eq!(refused.json()["errorSummary"], "API call exceeded rate limit due to too many requests.");
    assert_eq!((refused.number("x-rate-limit-limit"), refused.number("x-rate-limit-remaining")), (10, 0));
    assert!(refused.headers.get("retry-after").is_none());
    sandbox.clock().advance(Duration::from_secs(60));
    assert_eq!(okta(&sandbox, "GET /api/v1/logs", None).await.status, 200);
}

#[tokio::test]
async fn a_taken_login_is_refused_with_the_recorded_words() {
    let sandbox = frozen().await;
    create(&sandbox, "ann.lee@acme.example", "?activate=false").await;
    let body = json!({"profile": profile("Ann.Lee@acme.example")});
    let again = okta(&sandbox, "POST /api/v1/users", Some(body)).await;
    assert_eq!((again.status, code(&again).as_str()), (400, "E0000001"));
    assert_eq!(again.json()["errorSummary"], "Api validation failed: login");
    let cause = "login: An object with this field already exists in the current organization";
    assert_eq!(again.json()["errorCauses"], json!([{ "errorSummary": cause }]));
}

#[tokio::test]
async fn a_profile_that_does_not_fit_is_refused_whole() {
    let sandbox = frozen().await;
    let mut unknown = profile("x@acme.example");
    unknown["shoeSize"] = json!("43");
    let refused = okta(&sandbox, "POST /api/v1/users", Some(json!({ "profile": unknown }))).await;
    assert_eq!(refused.json()["errorSummary"], "Api validation failed: newUser");
    let cause = "Property name 'shoeSize' is not defined in profile";
    assert_eq!(refused.json()["errorCauses"][0]["errorSummary"], cause);
    let nameless = json!({"profile": {"login": "no mail", "email": "x@acme.example", "lastName": "Lee"}});
    let refused = okta(&sandbox, "POST /api/v1/users", Some(nameless)).await;
    let causes = refused.json()["errorCauses"].to_string();
    assert!(causes.contains("firstName: The field cannot be left blank"));
    assert!(causes.contains("login: Username must be in the form of an email address"));
}

#[tokio::test]
async fn a_user_is_created_in_the_status_that_password_and_parameters_make() {
    let sandbox = frozen().await;
    let password = json!({"password": {"value": "Correct-horse-9"}});
    let cases = [
        ("?activate=false", json!({}), "STAGED"),
        ("", json!({}), "PROVISIONED"),
        ("?activate=true", password.clone(), "ACTIVE"),
        ("?nextLogin=changePassword", password, "PASSWORD_EXPIRED"),
        ("?provider=true", json!({"provider": {"type": "FEDERATION", "name": "idp"}}), "ACTIVE"),
        ("", json!({"provider": {"type": "FEDERATION", "name": "idp"}}), "PROVISIONED"),
    ];
    for (at, (query, credentials, expected)) in cases.into_iter().enumerate() {
        let body = json!({"profile": profile(&format!("case{at}@acme.example")), "credentials": credentials});
        let made = okta(&sandbox, &format!("POST /api/v1/users{query}"), Some(body)).await;
        assert_eq!(made.json()["status"], expected, "case {at}: {}", made.text);
    }
    assert_eq!(sandbox.state()["okta"]["mails"].as_array().unwrap().len(), 2, "only to whom has no password");
}

#[tokio::test]
async fn transitions_go_where_the_table_says() {
    let sandbox = Sandbox::builder().people(2).limits(Limits::Unlimited).start().await.unwrap();
    let cases = [
        ("STAGED", "activate", 200, "PROVISIONED"),
        ("STAGED", "reactivate", 403, "STAGED"),
        ("STAGED", "suspend", 400, "STAGED"),
        ("STAGED", "deactivate", 200, "DEPROVISIONED"),
        ("PROVISIONED", "reactivate", 200, "PROVISIONED"),
        ("ACTIVE", "activate", 403, "ACTIVE"),
        ("ACTIVE", "reactivate", 403, "ACTIVE"),
        ("ACTIVE", "suspend", 200, "SUSPENDED"),
        ("ACTIVE", "unsuspend", 400, "ACTIVE"),
        ("ACTIVE", "unlock", 403, "ACTIVE"),
        ("ACTIVE", "reset_password?sendEmail=false", 200, "RECOVERY"),
        ("ACTIVE", "expire_password", 200, "PASSWORD_EXPIRED"),
        ("ACTIVE", "reset_factors", 200, "ACTIVE"),
        ("RECOVERY", "reactivate", 200, "RECOVERY"),
        ("PASSWORD_EXPIRED", "expire_password", 200, "PASSWORD_EXPIRED"),
        ("LOCKED_OUT", "unlock", 200, "ACTIVE"),
        ("SUSPENDED", "unsuspend", 200, "ACTIVE"),
        ("SUSPENDED", "suspend", 400, "SUSPENDED"),
        ("SUSPENDED", "deactivate", 200, "DEPROVISIONED"),
        ("DEPROVISIONED", "activate", 200, "PROVISIONED"),
        ("DEPROVISIONED", "deactivate", 403, "DEPROVISIONED"),
        ("DEPROVISIONED", "reset_factors", 403, "DEPROVISIONED"),
    ];
    for (at, (from, action, expected, to)) in cases.into_iter().enumerate() {
        let user = json!({"profile": profile(&format!("case{at}@acme.example")), "status": from});
        let id = sandbox.add_okta_user(&user).unwrap();
        let answer = okta(&sandbox, &format!("POST /api/v1/users/{id}/lifecycle/{action}"), None).await;
        assert_eq!((answer.status, status(&sandbox, &id).await.as_str()), (expected, to), "{from} {action}");
    }
}

#[tokio::test]
async fn activation_without_mail_answers_the_link() {
    let sandbox = frozen().await;
    let id = create(&sandbox, "ann.lee@acme.example", "?activate=false").await;
    let call = format!("POST /api/v1/users/{id}/lifecycle/activate?sendEmail=false");
    let answer = okta(&sandbox, &call, None).await.json();
    let token = answer["activationToken"].as_str().unwrap();
    assert!(answer["activationUrl"].as_str().unwrap().contains(token));
    assert_eq!(sandbox.state()["okta"]["mails"], json!([]));
}

#[tokio::test]
async fn deleting_deactivates_first_and_memberships_survive_that() {
    let sandbox = frozen().await;
    let id = create(&sandbox, "ann.lee@acme.example", "").await;
    let member = format!("/api/v1/groups/{}/users/{id}", group_id("GitHub Users"));
    for call in [format!("PUT {member}"), format!("PUT {member}"), format!("DELETE /api/v1/users/{id}")] {
        assert_eq!(okta(&sandbox, &call, None).await.status, 204);
    }
    assert_eq!(status(&sandbox, &id).await, "DEPROVISIONED");
    let groups = okta(&sandbox, &format!("GET /api/v1/users/{id}/groups"), None).await.json();
    assert_eq!(groups.as_array().unwrap().len(), 2, "Everyone and GitHub Users");
    assert_eq!(okta(&sandbox, &format!("DELETE /api/v1/users/{id}"), None).await.status, 204);
    let gone = okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await;
    assert_eq!(gone.status, 404);
    assert_eq!(gone.json()["errorSummary"], format!("Not found: Resource not found: {id} (User)"));
}

#[tokio::test]
async fn groups_that_others_manage_cannot_be_changed() {
    let sandbox = frozen().await;
    for name in ["Everyone", "acme.local Domain Users"] {
        let call = format!("PUT /api/v1/groups/{}/users/me", group_id(name));
        let refused = okta(&sandbox, &call, None).await;
        assert_eq!((refused.status, code(&refused).as_str()), (403, "E0000006"));
    }
}

#[tokio::test]
async fn a_partial_update_tells_null_from_empty_and_honours_the_tag() {
    let sandbox = frozen().await;
    let id = create(&sandbox, "ann.lee@acme.example", "?activate=false").await;
    let call = format!("POST /api/v1/users/{id}");
    let changes = json!({"profile": {"title": "Engineer", "department": "IT"}});
    let tagged = okta(&sandbox, &call, Some(changes)).await;
    assert!(tagged.header("etag").starts_with("W/\""));
    let changes = json!({"profile": {"title": null, "department": ""}});
    let profile = okta(&sandbox, &call, Some(changes)).await.json()["profile"].clone();
    assert_eq!((profile.get("title"), &profile["department"]), (None, &json!("")));
    let stale = reqwest::Client::new()
        .post(format!("{}/api/v1/users/{id}", sandbox.okta_url()))
        .header("authorization", format!("SSWS {}", sandbox.okta_token()))
        .header("if-match", tagged.header("etag"))
        .header("content-type", "application/json")
        .body(r#"{"profile":{"title":"Lost"}}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(stale.status(), 412);
}

#[tokio::test]
async fn search_lags_behind_writes_and_a_read_by_login_does_not() {
    let sandbox = frozen().await;
    let id = create(&sandbox, "ann.lee@acme.example", "?activate=false").await;
    let search =
        format!("GET /api/v1/users?search={}", encoded(r#"profile.login eq "ann.lee@acme.example""#));
    assert_eq!(okta(&sandbox, &search, None).await.json(), json!([]));
    assert_eq!(status(&sandbox, "ann.lee@acme.example").await, "STAGED");
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(okta(&sandbox, &search, None).await.json()[0]["id"], json!(id));
    okta(&sandbox, &format!("POST /api/v1/users/{id}/lifecycle/activate"), None).await;
    assert_eq!(okta(&sandbox, &search, None).await.json()[0]["status"], "STAGED", "as it was");
}

#[tokio::test]
async fn lists_leave_out_deactivated_users_but_searches_find_them() {
    let sandbox = frozen().await;
    let user =
        json!({"profile": profile("left@acme.example"), "status": "DEPROVISIONED", "groups": ["Sales"]});
    sandbox.add_okta_user(&user).unwrap();
    let listed = okta(&sandbox, "GET /api/v1/users", None).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 30);
    let call = format!("GET /api/v1/users?filter={}", encoded(r#"status eq "DEPROVISIONED""#));
    assert_eq!(okta(&sandbox, &call, None).await.json().as_array().unwrap().len(), 1);
    let sorted = format!("GET /api/v1/users?sortBy=profile.lastName&limit=5&search={}", encoded("id pr"));
    let page = okta(&sandbox, &sorted, None).await;
    let next = okta(&sandbox, &format!("GET {}", page.link("next").unwrap()), None).await.json();
    let name = |user: &Value| user["profile"]["lastName"].as_str().unwrap().to_lowercase();
    assert!(name(&page.json()[4]) <= name(&next[0]));
}

#[tokio::test]
async fn expressions_that_okta_would_not_take_are_refused() {
    let sandbox = frozen().await;
    let cases = [
        ("search", r#"profile.login is "x""#, "E0000031"),
        ("search", r#"profile.shoeSize eq "43""#, "E0000031"),
        ("search", r#"status ne "ACTIVE""#, "E0000031"),
        ("filter", r#"profile.department eq "IT""#, "E0000053"),
        ("filter", r#"profile.login sw "a""#, "E0000053"),
    ];
    for (parameter, text, expected) in cases {
        let call = format!("GET /api/v1/users?{parameter}={}", encoded(text));
        let refused = okta(&sandbox, &call, None).await;
        assert_eq!((refused.status, code(&refused).as_str()), (400, expected), "{text}");
    }
    let both = format!("GET /api/v1/users?search={0}&filter={0}", encoded(r#"id eq "1""#));
    assert_eq!(code(&okta(&sandbox, &both, None).await), "E0000033");
}

#[tokio::test]
async fn an_event_joins_its_request_by_id_and_user_agent() {
    let sandbox = frozen().await;
    let group = group_id("Sales");
    let id = create(&sandbox, "ann.lee@acme.example", "?activate=false").await;
    let answer = okta(&sandbox, &format!("PUT /api/v1/groups/{group}/users/{id}"), None).await;
    let request = answer.header("x-okta-request-id");
    let filter = encoded(&format!(r#"transaction.id eq "{request}" and target.id eq "{id}""#));
    let call = format!("GET /api/v1/logs?since=2026-03-02T00:00:00Z&filter={filter}");
    assert_eq!(okta(&sandbox, &call, None).await.json(), json!([]), "the log lags");
    sandbox.clock().advance(Duration::from_millis(500));
    let events = okta(&sandbox, &call, None).await.json();
    assert_eq!(events.as_array().unwrap().len(), 1);
    let event = &events[0];
    assert_eq!(event["eventType"], "group.user_membership.add");
    assert_eq!(event["debugContext"]["debugData"]["requestId"], json!(request));
    assert_eq!(event["client"]["userAgent"]["rawUserAgent"], "sandbox-tests/1");
    assert_eq!(event["target"][1]["id"], json!(group));
    assert_eq!(sandbox.requests().iter().filter(|record| record.request_id == request).count(), 1);
}

#[tokio::test]
async fn polling_always_has_a_next_and_a_bounded_read_ends() {
    let sandbox = frozen().await;
    let first = okta(&sandbox, "GET /api/v1/logs?since=2026-03-02T00:00:00Z", None).await;
    assert_eq!(first.json(), json!([]));
    let next = first.link("next").unwrap();
    create(&sandbox, "ann.lee@acme.example", "").await;
    sandbox.clock().advance(Duration::from_secs(1));
    let second = okta(&sandbox, &format!("GET {next}"), None).await;
    assert_eq!(second.json().as_array().unwrap().len(), 2, "create and activate");
    let third = okta(&sandbox, &format!("GET {}", second.link("next").unwrap()), None).await;
    assert_eq!((third.json(), third.link("next").is_some()), (json!([]), true));
    let call = "GET /api/v1/logs?since=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z&limit=1";
    let page = okta(&sandbox, call, None).await;
    let last = okta(&sandbox, &format!("GET {}", page.link("next").unwrap()), None).await;
    assert_eq!((last.json().as_array().unwrap().len(), last.link("next")), (1, None));
}

#[tokio::test]
async fn what_is_not_modelled_fails_loudly() {
    let sandbox = frozen().await;
    let calls = [
        "GET /api/v1/apps/0oa1/features",
        "GET /api/v1/users?expand=blocks",
        "GET /api/v1/users/me/roles?expand=targets/groups",
    ];
    for call in calls {
        let answer = okta(&sandbox, call, None).await;
        assert_eq!(answer.status, 501, "{call}");
        assert!(answer.json()["errorSummary"].as_str().unwrap().contains("/api/v1/"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_and_a_kind_that_is_not_served_are_refused() {
    let sandbox = frozen().await;
    for call in ["PATCH /api/v1/users/me", "DELETE /api/v1/logs", "GET /api/v1/groups/00g1/users/00u1"] {
        let refused = okta(&sandbox, call, None).await;
        assert_eq!((refused.status, code(&refused).as_str()), (405, "E0000022"), "{call}");
    }
    for (accept, status) in [("text/plain", 400), ("text/plain, */*;q=0.1", 200), ("Application/JSON", 200)] {
        let answer = reqwest::Client::new()
            .get(format!("{}/api/v1/users/me", sandbox.okta_url()))
            .header("authorization", format!("SSWS {}", sandbox.okta_token()))
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{accept}");
    }
}

#[tokio::test]
async fn a_create_whose_groups_are_no_list_of_ids_makes_nobody() {
    let sandbox = frozen().await;
    for groups in [json!("00g1"), json!([{"id": "00g1"}]), json!(["00g1"])] {
        let body = json!({"profile": profile("ann.lee@acme.example"), "groupIds": groups});
        let refused = okta(&sandbox, "POST /api/v1/users", Some(body)).await;
        assert!(refused.status == 400 || refused.status == 404, "{}", refused.text);
    }
    assert_eq!(okta(&sandbox, "GET /api/v1/users/ann.lee@acme.example", None).await.status, 404);
}

#[tokio::test]
async fn a_user_that_was_read_can_be_sent_back_and_flags_may_be_capitalised() {
    let sandbox = frozen().await;
    let id = create(&sandbox, "ann.lee@acme.example", "?activate=False").await;
    let call = format!("/api/v1/users/{id}");
    let mut user = okta(&sandbox, &format!("GET {call}"), None).await.json();
    assert_eq!(user["status"], "STAGED");
    user["profile"]["title"] = json!("Engineer");
    let saved = okta(&sandbox, &format!("PUT {call}"), Some(user)).await;
    assert_eq!((saved.status, &saved.json()["profile"]["title"]), (200, &json!("Engineer")));
    let me = okta(&sandbox, "GET /api/v1/users/me", None).await.json();
    assert_eq!(me["credentials"]["password"], json!({}));
    let same = okta(&sandbox, "PUT /api/v1/users/me", Some(me.clone())).await;
    assert_eq!((same.status, &same.json()["passwordChanged"]), (200, &me["passwordChanged"]));
}

#[tokio::test]
async fn too_many_at_once_is_a_429_with_zeroes() {
    let sandbox = Sandbox::builder().people(2).limits(Limits::IntegratorFree).start().await.unwrap();
    let slow = sandbox::Fault::okta("GET", "*", sandbox::Effect::DelayMs(500)).always();
    sandbox.add_fault(slow);
    let mut statuses = Vec::new();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (url, token) = (sandbox.okta_url(), sandbox.okta_token().to_owned());
        set.spawn(async move {
            let request = reqwest::Client::new().get(format!("{url}/api/v1/users/me"));
            request.header("authorization", format!("SSWS {token}")).send().await.unwrap()
        });
    }
    while let Some(answer) = set.join_next().await {
        let answer = answer.unwrap();
        let limit = answer.headers()["x-rate-limit-limit"].to_str().unwrap().to_owned();
        statuses.push((answer.status().as_u16(), limit));
    }
    assert!(statuses.contains(&(429, "0".to_owned())), "{statuses:?}");
    assert!(statuses.iter().any(|(status, _)| *status == 200));
}

#[tokio::test]
async fn the_token_is_taken_with_and_without_a_space_and_no_other_is() {
    let sandbox = frozen().await;
    let token = sandbox.okta_token();
    for (sent, status) in [
        (format!("SSWS {token}"), 200),
        (format!("SSWS{token}"), 200),
        (format!("Bearer {token}"), 401),
        (format!("SSWS {token}x"), 401),
        (token.to_owned(), 401),
    ] {
        let request = reqwest::Client::new().get(format!("{}/api/v1/users/me", sandbox.okta_url()));
        let answer = request.header("authorization", &sent).send().await.unwrap();
        assert_eq!(answer.status(), status, "{sent}");
    }
}

#[tokio::test]
async fn the_log_tells_of_a_new_password_and_only_then() {
    let sandbox = frozen().await;
    let password = json!({"password": {"value": "Abcd1234!x"}});
    let body = json!({"profile": profile("ann.lee@acme.example"), "credentials": password});
    let id = okta(&sandbox, "POST /api/v1/users", Some(body)).await.json()["id"].clone();
    let call = format!("POST /api/v1/users/{}", id.as_str().unwrap());
    let told = || {
        let logs = sandbox.state()["okta"]["logs"].as_array().unwrap().clone();
        logs.iter().filter(|event| event["eventType"] == "user.account.update_password").count()
    };
    okta(&sandbox, &call, Some(json!({"profile": {"title": "Engineer"}}))).await;
    assert_eq!(told(), 0, "in the same instant as its creation");
    okta(&sandbox, &call, Some(json!({"credentials": password}))).await;
    assert_eq!(told(), 1);
}
