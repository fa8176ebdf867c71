//! Users in the Okta org, by plain HTTP: ways to make one, credentials, types and schemas, what goes with an account.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::time::Duration;

use common::{Answer, okta};
use sandbox::Sandbox;
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(3).frozen_clock().start().await.unwrap()
}

fn profile(login: &str) -> Value {
    json!({"login": login, "email": login, "firstName": "Ann", "lastName": "Lee"})
}

async fn create(sandbox: &Sandbox, query: &str, body: Value) -> Answer {
    okta(sandbox, &format!("POST /api/v1/users{query}"), Some(body)).await
}

async fn ann(sandbox: &Sandbox) -> String {
    let credentials = json!({
        "password": {"value": "Correct-horse-9"}, "recovery_question": {"question": "Which cat?", "answer": "Tom"}
    });
    let body = json!({"profile": profile("ann.lee@acme.example"), "credentials": credentials});
    create(sandbox, "", body).await.json()["id"].as_str().unwrap().to_owned()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["errorCode"].as_str().unwrap_or_default().to_owned())
}

fn logged(sandbox: &Sandbox, event: &str) -> usize {
    let state = sandbox.state();
    let events = state["okta"]["logs"].as_array().unwrap();
    events.iter().filter(|entry| entry["eventType"] == event).count()
}

#[tokio::test]
async fn hashes_are_taken_if_a_password_could_match_them() {
    let sandbox = frozen().await;
    let (salt, value) = ("r".repeat(22), "c".repeat(31));
    let bcrypt =
        |factor: u32| json!({"algorithm": "BCRYPT", "workFactor": factor, "salt": salt, "value": value});
    let pbkdf2 = |rounds: u32| {
        json!({
            "algorithm": "PBKDF2", "digestAlgorithm": "SHA256_HMAC", "salt": "c2FsdA==", "value": "aGk=",
            "iterationCount": rounds, "keySize": 32
        })
    };
    for (at, (hash, status)) in [
        (bcrypt(10), 200),
        (bcrypt(21), 400),
        (json!({"algorithm": "BCRYPT", "workFactor": 10, "salt": "short", "value": value}), 400),
        (json!({"algorithm": "SHA-512", "value": "aGk="}), 200),
        (json!({"algorithm": "MD5", "value": "aGk=", "salt": "c2FsdA==", "saltOrder": "POSTFIX"}), 200),
        (json!({"algorithm": "MD5", "value": "aGk=", "salt": "c2FsdA=="}), 400),
        (json!({"algorithm": "SHA-1", "value": "not base64!"}), 400),
        (pbkdf2(4096), 200),
        (pbkdf2(4095), 400),
        (json!({"algorithm": "ROT13", "value": "aGk="}), 400),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({
            "profile": profile(&format!("case{at}@acme.example")), "credentials": {"password": {"hash": hash}}
        });
        let made = create(&sandbox, "", body).await;
        assert_eq!(made.status, status, "{hash}: {}", made.text);
        if status == 200 {
            assert_eq!(
                (&made.json()["status"], &made.json()["credentials"]["password"]),
                (&json!("ACTIVE"), &json!({}))
            );
        }
    }
}

#[tokio::test]
async fn what_excludes_itself_is_refused_with_okta_s_codes() {
    let sandbox = frozen().await;
    let password = json!({"password": {"value": "Correct-horse-9"}});
    let federated = json!({"provider": {"type": "FEDERATION", "name": "FEDERATION"}, "password": {"value": "Correct-horse-9"}});
    let groups: Vec<String> = (0..21).map(|n| format!("00g{n}")).collect();
    for (query, extra, expected) in [
        ("?nextLogin=changePassword", json!({}), (400, "E0000124")),
        ("?nextLogin=changePassword&activate=false", json!({"credentials": password}), (400, "E0000125")),
        ("?provider=true", json!({"credentials": federated}), (400, "E0000001")),
        ("", json!({"groupIds": groups}), (400, "E0000001")),
        ("", json!({"type": {"id": "otynone"}}), (404, "E0000007")),
    ] {
        let mut body = json!({"profile": profile("x@acme.example")});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let refused = create(&sandbox, query, body).await;
        assert_eq!(code(&refused), (expected.0, expected.1.to_owned()), "{query} {}", refused.text);
    }
    let hook = json!({"profile": profile("x@acme.example"), "credentials": {"password": {"hook": {"type": "default"}}}});
    assert_eq!(create(&sandbox, "", hook).await.json()["status"], "ACTIVE");
}

#[tokio::test]
async fn who_knows_the_password_changes_it() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let change = async |old: &str, new: &str, query: &str| {
        let body = json!({"oldPassword": {"value": old}, "newPassword": {"value": new}});
        okta(&sandbox, &format!("POST /api/v1/users/{id}/credentials/change_password{query}"), Some(body))
            .await
    };
    assert_eq!(code(&change("wrong", "New-horse-10", "").await), (403, "E0000014".to_owned()));
    assert_eq!(code(&change("Correct-horse-9", "weak", "").await), (403, "E0000014".to_owned()));
    assert_eq!(
        code(&change("Correct-horse-9", "New-horse-10", "?strict=true").await),
        (403, "E0000014".to_owned())
    );
    let changed = change("Correct-horse-9", "New-horse-10", "").await;
    assert_eq!((changed.status, &changed.json()["password"]), (200, &json!({})));
    assert_eq!(logged(&sandbox, "user.account.update_password"), 1);
    assert!(!sandbox.state().to_string().contains("New-horse"), "no credentials in the state");

    // A temporary password is one to change from.
    let call = format!("POST /api/v1/users/{id}/lifecycle/expire_password_with_temp_password");
    let temporary = okta(&sandbox, &call, None).await.json()["tempPassword"].as_str().unwrap().to_owned();
    assert_eq!(change(&temporary, "Newer-horse-11", "").await.status, 200);
    let read = okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.json();
    assert_eq!(read["status"], "ACTIVE");
}

#[tokio::test]
async fn who_knows_the_answer_sets_another_password() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let call = |name: &str| format!("POST /api/v1/users/{id}/credentials/{name}");
    let answer = |answer: &str| json!({"password": {"value": "New-horse-10"}, "recovery_question": {"answer": answer}});
    let forgot = call("forgot_password_recovery_question");
    assert_eq!(code(&okta(&sandbox, &forgot, Some(answer("Jerry"))).await), (403, "E0000087".to_owned()));
    assert_eq!(okta(&sandbox, &forgot, Some(answer("tom"))).await.status, 200);
    let question = json!({
        "password": {"value": "New-horse-10"}, "recovery_question": {"question": "Which dog?", "answer": "Rex"}
    });
    let changed = okta(&sandbox, &call("change_recovery_question"), Some(question)).await;
    assert_eq!(changed.json()["recovery_question"], json!({"question": "Which dog?"}));
    let link = okta(&sandbox, &format!("{}?sendEmail=false", call("forgot_password")), None).await.json();
    assert!(link["resetPasswordUrl"].as_str().unwrap().contains("/signin/reset-password/"));
    okta(&sandbox, &format!("POST /api/v1/users/{id}/lifecycle/suspend"), None).await;
    assert_eq!(code(&okta(&sandbox, &call("forgot_password"), None).await), (403, "E0000034".to_owned()));
}

#[tokio::test]
async fn a_federated_user_has_no_password_and_a_reset_is_the_way_back() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let reset = format!("POST /api/v1/users/{id}/lifecycle/reset_password?sendEmail=false");
    assert_eq!(okta(&sandbox, &format!("{reset}&provider=FEDERATION"), None).await.text, "{}");
    let read = async || okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.json();
    let federated = read().await;
    assert_eq!(
        (&federated["status"], &federated["credentials"]["provider"]["type"]),
        (&json!("ACTIVE"), &json!("FEDERATION"))
    );
    assert!(federated["credentials"].get("password").is_none());
    okta(&sandbox, &reset, None).await;
    let back = read().await;
    assert_eq!(
        (&back["status"], &back["credentials"]["provider"]["type"]),
        (&json!("RECOVERY"), &json!("OKTA"))
    );
}

#[tokio::test]
async fn a_change_of_status_that_takes_time_shows_and_holds_up_others() {
    let sandbox = frozen().await;
    sandbox.set_okta_transition_time(Duration::from_secs(20));
    let id = create(&sandbox, "?activate=false", json!({"profile": profile("ann.lee@acme.example")}))
        .await
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let call = |what: &str| format!("POST /api/v1/users/{id}/lifecycle/{what}");
    okta(&sandbox, &call("activate?sendEmail=false"), None).await;
    let read = async || okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.json();
    let underway = read().await;
    assert_eq!(
        (&underway["status"], &underway["transitioningToStatus"]),
        (&json!("STAGED"), &json!("PROVISIONED"))
    );
    assert_eq!(code(&okta(&sandbox, &call("deactivate"), None).await), (409, "E0000112".to_owned()));
    sandbox.clock().advance(Duration::from_secs(20));
    let there = read().await;
    assert_eq!((&there["status"], there.get("transitioningToStatus")), (&json!("PROVISIONED"), None));
}

#[tokio::test]
async fn the_tag_depends_on_profile_and_type_only() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let tag =
        async || okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.header("etag").to_owned();
    let first = tag().await;
    okta(&sandbox, &format!("POST /api/v1/users/{id}/lifecycle/suspend"), None).await;
    assert_eq!(tag().await, first, "a change of status keeps it");
    okta(&sandbox, &format!("POST /api/v1/users/{id}/lifecycle/unsuspend"), None).await;
    let set = async |title: Value| {
        okta(&sandbox, &format!("POST /api/v1/users/{id}"), Some(json!({"profile": {"title": title}}))).await;
    };
    set(json!("Lead")).await;
    assert_ne!(tag().await, first);
    set(Value::Null).await;
    assert_eq!(tag().await, first, "and it comes back with the profile");

    let made = json!({"name": "guest", "displayName": "Guest"});
    let guest = okta(&sandbox, "POST /api/v1/meta/types/user", Some(made)).await.json()["id"].clone();
    let same = json!({"profile": profile("ann.lee@acme.example"), "type": {"id": guest}});
    let refused = okta(&sandbox, &format!("POST /api/v1/users/{id}"), Some(same.clone())).await;
    assert_eq!(refused.status, 400, "a type is changed by PUT only");
    let replaced = okta(&sandbox, &format!("PUT /api/v1/users/{id}"), Some(same)).await.json();
    assert_eq!(replaced["type"]["id"], guest);
    assert_ne!(tag().await, first);
    assert_eq!(logged(&sandbox, "user.account.update_user_type"), 1);
    assert_eq!(
        okta(&sandbox, &format!("DELETE /api/v1/meta/types/user/{}", guest.as_str().unwrap()), None)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_schema_takes_and_drops_attributes_and_users_follow() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let path = "POST /api/v1/meta/schemas/user/default";
    let custom = |properties: Value| json!({"definitions": {"custom": {"id": "#custom", "type": "object", "properties": properties}}});
    let update = async |title: Value| {
        okta(&sandbox, &format!("POST /api/v1/users/{id}"), Some(json!({"profile": {"badge": title}}))).await
    };
    assert_eq!(update(json!("12")).await.status, 400, "unknown yet");
    let badge =
        custom(json!({"badge": {"title": "Badge", "type": "string", "maxLength": 4, "unique": true}}));
    let schema = okta(&sandbox, path, Some(badge)).await.json();
    assert_eq!(schema["definitions"]["custom"]["properties"]["badge"]["unique"], "UNIQUE_VALIDATED");
    assert_eq!(schema["definitions"]["base"]["properties"]["login"]["required"], true);
    assert_eq!(update(json!(12)).await.status, 400, "another type");
    assert_eq!(update(json!("12345")).await.status, 400, "too long");
    assert_eq!(update(json!("12")).await.json()["profile"]["badge"], "12");
    let schema = okta(&sandbox, path, Some(custom(json!({"badge": null})))).await.json();
    assert!(schema["definitions"]["custom"]["properties"].get("badge").is_none());
    let read = okta(&sandbox, &format!("GET /api/v1/users/{id}"), None).await.json();
    assert!(read["profile"].get("badge").is_none());
    let odd = okta(&sandbox, path, Some(custom(json!({"x": {"title": "X", "type": "colour"}})))).await;
    assert_eq!(code(&odd), (400, "E0000001".to_owned()));
}

#[tokio::test]
async fn consents_and_tokens_go_when_they_are_told_to() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let grant = sandbox.add_okta_grant(&id, "0oaone", "okta.users.read").unwrap();
    sandbox.add_okta_grant(&id, "0oatwo", "openid").unwrap();
    let token = sandbox.add_okta_refresh_token(&id, "0oaone", &["offline_access"]).unwrap();
    let get = async |what: &str| okta(&sandbox, &format!("GET /api/v1/users/{id}/{what}"), None).await;
    let count = async |what: &str| get(what).await.json().as_array().unwrap().len();
    assert_eq!(
        (count("grants").await, count("grants?scopeId=openid").await, count("clients").await),
        (2, 1, 2)
    );
    assert_eq!(
        get(&format!("clients/0oaone/tokens/{token}")).await.json()["scopes"],
        json!(["offline_access"])
    );
    assert_eq!(get("grants/oagnone").await.status, 404);
    let delete =
        async |what: &str| okta(&sandbox, &format!("DELETE /api/v1/users/{id}/{what}"), None).await.status;
    assert_eq!(delete(&format!("grants/{grant}")).await, 204);
    assert_eq!(delete(&format!("grants/{grant}")).await, 404);
    assert_eq!((delete("grants").await, delete("grants").await), (204, 204));
    assert_eq!((delete("sessions").await, count("clients/0oaone/tokens").await), (204, 1));
    assert_eq!((delete("sessions?oauthTokens=true").await, count("clients/0oaone/tokens").await), (204, 0));
    assert_eq!(logged(&sandbox, "user.session.clear"), 2);

    sandbox.add_okta_refresh_token(&id, "0oaone", &["openid"]).unwrap();
    let logout = "POST /oauth2/v1/global-token-revocation";
    let body = json!({"sub_id": {"format": "opaque", "id": id}});
    assert_eq!(okta(&sandbox, logout, Some(body)).await.status, 204);
    assert_eq!((count("clients").await, logged(&sandbox, "user.authentication.universal_logout")), (0, 1));
    let nobody = json!({"sub_id": {"format": "opaque", "id": "00unone"}});
    assert_eq!(okta(&sandbox, logout, Some(nobody)).await.status, 400);
}

#[tokio::test]
async fn relations_hold_one_primary_for_each() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let boss = |n: usize| sandbox.state()["okta"]["users"][n]["id"].as_str().unwrap().to_owned();
    let (first, second) = (boss(0), boss(1));
    let side = |name: &str| json!({"name": name, "title": name, "type": "USER"});
    let relation = json!({"primary": side("manager"), "associated": side("subordinate")});
    let path = "/api/v1/meta/schemas/user/linkedObjects";
    assert_eq!(okta(&sandbox, &format!("POST {path}"), Some(relation.clone())).await.status, 201);
    assert_eq!(
        code(&okta(&sandbox, &format!("POST {path}"), Some(relation)).await),
        (409, "E0000127".to_owned())
    );
    for boss in [&first, &second] {
        let call = format!("PUT /api/v1/users/{id}/linkedObjects/manager/{boss}");
        assert_eq!(okta(&sandbox, &call, None).await.status, 204);
    }
    let linked = async |user: &str, name: &str| {
        okta(&sandbox, &format!("GET /api/v1/users/{user}/linkedObjects/{name}"), None).await.json()
    };
    let href = linked(&id, "manager").await[0]["_links"]["self"]["href"].as_str().unwrap().to_owned();
    assert!(href.ends_with(&second), "the new one only");
    assert_eq!(linked(&first, "subordinate").await, json!([]));
    assert_eq!(linked(&second, "subordinate").await.as_array().unwrap().len(), 1);
    for _ in 0..2 {
        assert_eq!(
            okta(&sandbox, &format!("DELETE /api/v1/users/{id}/linkedObjects/manager"), None).await.status,
            204
        );
    }
    assert_eq!(okta(&sandbox, &format!("DELETE {path}/subordinate"), None).await.status, 204);
    assert_eq!(okta(&sandbox, &format!("GET {path}/manager"), None).await.status, 404);
}

#[tokio::test]
async fn blocks_class_and_risk_are_kept_and_a_feature_may_be_off() {
    let sandbox = frozen().await;
    let id = ann(&sandbox).await;
    let path = format!("/api/v1/users/{id}");
    sandbox.block_okta_user(&id, "UNKNOWN_DEVICES").unwrap();
    let read = okta(&sandbox, &format!("GET {path}?expand=blocks"), None).await.json();
    assert_eq!(read["_embedded"]["blocks"][0]["appliesTo"], "UNKNOWN_DEVICES");
    assert_eq!(okta(&sandbox, &format!("POST {path}/lifecycle/unlock"), None).await.status, 200);
    assert_eq!(okta(&sandbox, &format!("GET {path}/blocks"), None).await.json(), json!([]));
    sandbox.switch_off_okta_feature("blocks");
    assert_eq!(
        code(&okta(&sandbox, &format!("GET {path}/blocks"), None).await),
        (401, "E0000015".to_owned())
    );

    let lite = okta(&sandbox, &format!("PUT {path}/classification"), Some(json!({"type": "LITE"}))).await;
    assert_eq!(lite.json()["type"], "LITE");
    assert_eq!(okta(&sandbox, &format!("GET {path}/risk"), None).await.json()["riskLevel"], "NONE");
    for status in [201, 200] {
        let risk = okta(&sandbox, &format!("PUT {path}/risk"), Some(json!({"riskLevel": "HIGH"}))).await;
        assert_eq!((risk.status, &risk.json()["reason"]), (status, &json!("Admin override risk")));
    }
    assert_eq!(logged(&sandbox, "user.risk.change"), 1);
    let odd = json!({"riskLevel": "HIGH", "riskReason": "who?"});
    assert_eq!(okta(&sandbox, &format!("PUT {path}/risk"), Some(odd)).await.status, 400);
}
