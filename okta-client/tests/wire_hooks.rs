//! Hooks over a real socket: what the server saw, and what became of its answer. What inline hooks are sent and
//! answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use okta_client::hooks::{
    EventHook, EventHookId, HookChannelKind, HookPatch, HookSecret, HookStatus, HookVerification,
    InlineHookAnswer, InlineHookAuth, InlineHookData, InlineHookId, InlineHookKind, InlineHookRequest,
    InlineHookToken, NewEventHook, NewInlineHook, TelephonyOutcome, TelephonyStatus,
};
use okta_client::{Class, Delivery, Problem as _};
use serde_json::{Value, json};

use support::org::{Org, empty, html, problem, reply};

const SECRET: &str = "q1w2e3r4t5y6u7i8o9p0";

fn who() -> EventHookId {
    "whosfap1ldvY2Za8f4x6".parse().unwrap()
}

fn cal() -> InlineHookId {
    "calb7gacafgwgE7hc5e4".parse().unwrap()
}

fn secret() -> HookSecret {
    HookSecret::new("Authorization", SECRET.into()).unwrap()
}

/// As recorded, with a filter and a field that this crate does not know.
fn event_hook(status: &str, verification: &str) -> Value {
    json!({
        "id": "whosfap1ldvY2Za8f4x6", "status": status, "verificationStatus": verification,
        "name": "security-feed", "description": null, "created": "2020-08-27T18:15:22.000Z",
        "createdBy": "00uc04qdrQsSHjsDO4x6", "lastUpdated": "2020-08-27T18:15:23.000Z", "newInOkta": { "a": 1 },
        "events": {
            "type": "EVENT_TYPE", "items": ["user.account.lock"],
            "filter": { "type": "EXPRESSION_LANGUAGE", "eventFilterMap": [
                { "event": "user.account.lock", "condition": { "version": null, "expression": "true" } }
            ] }
        },
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://hooks.example.com/okta", "headers": [{ "key": "X-Env", "value": "prod" }],
            "method": "POST", "authScheme": { "type": "HEADER", "key": "authorization" }
        } },
        "_links": { "self": { "href": "https://acme.okta.com/api/v1/eventHooks/whosfap1ldvY2Za8f4x6" } }
    })
}

#[tokio::test]
async fn an_event_hook_is_made_with_all_it_is_to_have() {
    let org = Org::answering("POST", reply(200, event_hook("ACTIVE", "UNVERIFIED"))).await;
    let new = NewEventHook::new("security-feed", "https://hooks.example.com/okta", secret())
        .description("for the incident desk")
        .events(["user.account.lock"])
        .events(["user.risk.change"])
        .filter("user.account.lock", "event.target.?[type eq 'User'].size()>0")
        .header("X-Env", "prod");
    assert!(!format!("{new:?}").contains(SECRET));
    let made = org.okta.event_hooks().create(&new).await.unwrap();
    let body = json!({
        "name": "security-feed", "description": "for the incident desk",
        "events": {
            "type": "EVENT_TYPE", "items": ["user.account.lock", "user.risk.change"],
            "filter": { "type": "EXPRESSION_LANGUAGE", "eventFilterMap": [{
                "event": "user.account.lock",
                "condition": { "expression": "event.target.?[type eq 'User'].size()>0" }
            }] }
        },
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://hooks.example.com/okta", "headers": [{ "key": "X-Env", "value": "prod" }],
            "authScheme": { "type": "HEADER", "key": "authorization", "value": SECRET }
        } }
    });
    org.saw_one().is("POST", "/api/v1/eventHooks", Some(body));
    assert_eq!(
        (made.id, made.status, made.verification_status),
        (who(), HookStatus::Active, HookVerification::Unverified)
    );
}

#[tokio::test]
async fn what_is_not_said_of_a_new_hook_is_not_sent() {
    let org = Org::answering("POST", reply(200, event_hook("ACTIVE", "UNVERIFIED"))).await;
    let new = NewEventHook::new("n", "https://h.example", secret()).events(["user.account.lock"]);
    org.okta.event_hooks().create(&new).await.unwrap();
    let body = json!({
        "name": "n", "events": { "type": "EVENT_TYPE", "items": ["user.account.lock"] },
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://h.example",
            "authScheme": { "type": "HEADER", "key": "authorization", "value": SECRET }
        } }
    });
    org.saw_one().is("POST", "/api/v1/eventHooks", Some(body));
}

#[tokio::test]
async fn a_hook_whose_making_may_have_happened_is_not_made_twice() {
    let org = Org::answering("POST", html(502)).await;
    let new = NewEventHook::new("n", "https://h.example", secret()).events(["user.account.lock"]);
    let error = org.okta.event_hooks().create(&new).await.unwrap_err();
    assert_eq!(org.saw().len(), 1);
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(!format!("{error:?} {error}").contains(SECRET));
}

#[tokio::test]
async fn event_hooks_are_read_and_listed() {
    let mut org = Org::answering("GET", reply(200, event_hook("ACTIVE", "VERIFIED"))).await;
    let found = org.okta.event_hooks().get(&who()).await.unwrap();
    org.saw_one().is("GET", "/api/v1/eventHooks/whosfap1ldvY2Za8f4x6", None);
    assert_eq!(found.verification_status, HookVerification::Verified);
    assert_eq!(found.description, None);
    assert_eq!(found.created_by.as_ref().unwrap().as_str(), "00uc04qdrQsSHjsDO4x6");
    assert_eq!(found.channel.kind, HookChannelKind::Http);
    let config = &found.channel.config;
    assert_eq!((config.headers[0].key.as_str(), config.headers[0].value.as_str()), ("X-Env", "prod"));
    assert_eq!(config.auth_scheme.as_ref().unwrap().key.as_deref(), Some("authorization"));
    let filter = found.events.filter.as_ref().unwrap();
    assert_eq!(filter.conditions[0].condition.expression, "true");
    assert!(!format!("{found:?}{:?}", found.channel).contains("prod"));

    org.will(
        "GET",
        reply(200, json!([event_hook("ACTIVE", "VERIFIED"), event_hook("INACTIVE", "UNVERIFIED")])),
    )
    .await;
    let all = org.okta.event_hooks().list().collect_all().await.unwrap();
    org.saw_one().is("GET", "/api/v1/eventHooks", None);
    let statuses: Vec<_> = all.iter().map(|hook| hook.status.as_str()).collect();
    assert_eq!(statuses, ["ACTIVE", "INACTIVE"]);
}

#[tokio::test]
async fn a_hook_is_replaced_by_itself_changed_with_its_secret_and_nothing_lost() {
    let org = Org::answering("PUT", reply(200, event_hook("ACTIVE", "UNVERIFIED"))).await;
    let mut hook: EventHook = serde_json::from_str(&event_hook("ACTIVE", "VERIFIED").to_string()).unwrap();
    hook.events.items.push("user.account.unlock".into());
    let replaced = org.okta.event_hooks().replace(&hook, &secret()).await.unwrap();
    let mut body = event_hook("ACTIVE", "VERIFIED");
    for own in ["id", "status", "verificationStatus", "created", "createdBy", "lastUpdated", "_links"] {
        body.as_object_mut().unwrap().remove(own);
    }
    body.as_object_mut().unwrap().remove("description");
    body["events"]["items"] = json!(["user.account.lock", "user.account.unlock"]);
    body["channel"]["config"]["authScheme"]["value"] = json!(SECRET);
    org.saw_one().is("PUT", "/api/v1/eventHooks/whosfap1ldvY2Za8f4x6", Some(body));
    assert_eq!(replaced.verification_status, HookVerification::Unverified);
}

#[tokio::test]
async fn an_event_hooks_lifecycle() {
    let mut org = Org::new().await;
    for (action, status) in [("activate", "ACTIVE"), ("deactivate", "INACTIVE"), ("verify", "ACTIVE")] {
        org.will("POST", reply(200, event_hook(status, "VERIFIED"))).await;
        let hooks = org.okta.event_hooks();
        let hook = match action {
            "activate" => hooks.activate(&who()).await,
            "deactivate" => hooks.deactivate(&who()).await,
            _ => hooks.verify(&who()).await,
        };
        assert_eq!(hook.unwrap().status.as_str(), status);
        let target = format!("/api/v1/eventHooks/whosfap1ldvY2Za8f4x6/lifecycle/{action}");
        org.saw_one().is("POST", &target, None);
    }
    org.will("DELETE", empty(204)).await;
    org.okta.event_hooks().delete(&who()).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/eventHooks/whosfap1ldvY2Za8f4x6", None);
}

#[tokio::test]
async fn lifecycle_calls_are_repeated_when_their_answer_is_lost() {
    let mut org = Org::answering("POST", html(503)).await;
    org.will("POST", reply(200, event_hook("ACTIVE", "VERIFIED"))).await;
    org.okta.event_hooks().verify(&who()).await.unwrap();
    assert_eq!(org.saw().len(), 2);
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let causes = ["Failed to receive a response from the endpoint"];
    let refusal = problem("E0000001", "Api validation failed: verify", &causes);
    let org = Org::answering("POST", reply(400, refusal)).await;
    let error = org.okta.event_hooks().verify(&who()).await.unwrap_err();
    assert_eq!(org.saw().len(), 1);
    let said = error.problem().unwrap();
    assert_eq!(
        (said.status, said.class(), &said.causes[..]),
        (400, Class::Invalid, &causes.map(String::from)[..])
    );

    let summary = "Not found: Resource not found: whosfap1ldvY2Za8f4x6 (Webhook)";
    let org = Org::answering("DELETE", reply(404, problem("E0000007", summary, &[]))).await;
    assert!(org.okta.event_hooks().delete(&who()).await.unwrap_err().is_not_found());
    let org = Org::answering("DELETE", reply(403, problem("E0000006", "no", &[]))).await;
    assert!(org.okta.event_hooks().delete(&who()).await.unwrap_err().is_forbidden());
}

// Inline hooks.

/// As Okta's description shows one.
fn inline_hook() -> Value {
    json!({
        "id": "calb7gacafgwgE7hc5e4", "status": "ACTIVE", "name": "claims", "version": "1.0.0",
        "type": "com.okta.oauth2.tokens.transform",
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://example.com/tokenHook", "headers": [], "method": "POST",
            "authScheme": { "type": "header", "key": "authorization" }
        } },
        "created": "2024-08-22T21:01:09.000Z", "lastUpdated": "2024-09-05T16:06:09.000Z", "_links": {}
    })
}

fn token() -> InlineHookToken {
    let url = "https://acme.okta.com/oauth2/default/v1/token".into();
    InlineHookToken { url, client_id: "0oaj43vkrq7wKxZSI5d7".into(), scope: Some("hooks".into()) }
}

#[tokio::test]
async fn an_inline_hook_is_made_with_each_way_to_know_okta() {
    let base = json!({ "uri": "https://example.com/tokenHook", "method": "POST" });
    let oauth = |more: Value| {
        let mut config = base.clone();
        config["clientId"] = json!("0oaj43vkrq7wKxZSI5d7");
        config["tokenUrl"] = json!("https://acme.okta.com/oauth2/default/v1/token");
        config["scope"] = json!("hooks");
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        config
    };
    let mut header = base.clone();
    header["headers"] = json!([{ "key": "X-Env", "value": "prod" }]);
    header["authScheme"] = json!({ "type": "HEADER", "key": "authorization", "value": SECRET });
    let client_secret = InlineHookAuth::ClientSecret { token: token(), client_secret: SECRET.into() };
    let private_key = InlineHookAuth::PrivateKey { token: token(), hook_key_id: "HKY1".into() };
    for (auth, kind, config) in [
        (InlineHookAuth::Header(secret()), "HTTP", header),
        (client_secret, "OAUTH", oauth(json!({ "authType": "client_secret_post", "clientSecret": SECRET }))),
        (private_key, "OAUTH", oauth(json!({ "authType": "private_key_jwt", "hookKeyId": "HKY1" }))),
    ] {
        let org = Org::answering("POST", reply(200, inline_hook())).await;
        let mut new =
            NewInlineHook::new("claims", InlineHookKind::Token, "https://example.com/tokenHook", auth);
        if kind == "HTTP" {
            new = new.header("X-Env", "prod");
        }
        assert!(!format!("{new:?}").contains(SECRET));
        let made = org.okta.inline_hooks().create(&new).await.unwrap();
        assert_eq!((made.id, made.kind), (cal(), InlineHookKind::Token));
        let body = json!({
            "name": "claims", "type": "com.okta.oauth2.tokens.transform", "version": "1.0.0",
            "channel": { "type": kind, "version": "1.0.0", "config": config }
        });
        org.saw_one().is("POST", "/api/v1/inlineHooks", Some(body));
    }
}

#[tokio::test]
async fn inline_hooks_are_read_listed_replaced_and_moved_through_their_lifecycle() {
    let mut org = Org::answering("GET", reply(200, inline_hook())).await;
    let mut hook = org.okta.inline_hooks().get(&cal()).await.unwrap();
    org.saw_one().is("GET", "/api/v1/inlineHooks/calb7gacafgwgE7hc5e4", None);

    org.will("GET", reply(200, json!([inline_hook()]))).await;
    assert_eq!(org.okta.inline_hooks().list().collect_all().await.unwrap(), [hook.clone()]);
    org.saw_one().is("GET", "/api/v1/inlineHooks", None);
    org.will("GET", reply(200, json!([]))).await;
    org.okta.inline_hooks().list_of(&InlineHookKind::Telephony).collect_all().await.unwrap();
    org.saw_one().is("GET", "/api/v1/inlineHooks?type=com.okta.telephony.provider", None);

    hook.name = "more claims".into();
    org.will("PUT", reply(200, inline_hook())).await;
    let auth = InlineHookAuth::PrivateKey { token: token(), hook_key_id: "HKY1".into() };
    org.okta.inline_hooks().replace(&hook, &auth).await.unwrap();
    let config = json!({
        "uri": "https://example.com/tokenHook", "headers": [], "method": "POST",
        "authType": "private_key_jwt", "clientId": "0oaj43vkrq7wKxZSI5d7", "hookKeyId": "HKY1",
        "tokenUrl": "https://acme.okta.com/oauth2/default/v1/token", "scope": "hooks"
    });
    let channel = json!({ "type": "OAUTH", "version": "1.0.0", "config": config });
    let body = json!({ "name": "more claims", "version": "1.0.0", "channel": channel });
    org.saw_one().is("PUT", "/api/v1/inlineHooks/calb7gacafgwgE7hc5e4", Some(body));

    for action in ["activate", "deactivate"] {
        org.will("POST", reply(200, inline_hook())).await;
        let hooks = org.okta.inline_hooks();
        let done =
            if action == "activate" { hooks.activate(&cal()).await } else { hooks.deactivate(&cal()).await };
        done.unwrap();
        let target = format!("/api/v1/inlineHooks/calb7gacafgwgE7hc5e4/lifecycle/{action}");
        org.saw_one().is("POST", &target, None);
    }
    org.will("DELETE", empty(204)).await;
    org.okta.inline_hooks().delete(&cal()).await.unwrap();
    org.saw_one().is("DELETE", "/api/v1/inlineHooks/calb7gacafgwgE7hc5e4", None);
}

#[tokio::test]
async fn a_preview_shows_what_the_service_answered_and_is_not_repeated() {
    let answer = json!({ "commands": [
        { "type": "com.okta.action.update", "value": { "credential": "VERIFIED" } }
    ] });
    let mut org = Org::answering("POST", reply(200, answer)).await;
    let payload = json!({ "eventType": "com.okta.user.credential.password.import" });
    let answered = org.okta.inline_hooks().execute(&cal(), &payload).await.unwrap();
    org.saw_one().is("POST", "/api/v1/inlineHooks/calb7gacafgwgE7hc5e4/execute", Some(payload.clone()));
    assert_eq!(answered, InlineHookAnswer::new().password_verified());
    org.will("POST", html(502)).await;
    org.okta.inline_hooks().execute(&cal(), &payload).await.unwrap_err();
    assert_eq!(org.saw().len(), 1);
}

fn request(kind: &str, data: &Value) -> Result<InlineHookRequest, String> {
    let body = json!({
        "eventId": "3o9jBzq1SmOGmmsDsqyyeQ", "eventTime": "2020-01-17T21:23:56.000Z", "eventType": kind,
        "eventTypeVersion": 1, "cloudEventVersion": 0.1, "contentType": "application/json",
        "source": "https://acme.okta.com/api/v1/inlineHooks/cbl2ad6phv9fsPLcF0g7", "data": data
    });
    InlineHookRequest::parse(body.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn each_kind_of_inline_hook_is_asked_in_its_own_way() {
    use okta_client::ExposeSecret as _;
    let caller =
        json!({ "id": "reqv66", "method": "GET", "url": { "value": "/x" }, "ipAddress": "127.0.0.1" });
    let user =
        json!({ "id": "00u1", "passwordChanged": "2018-09-11T23:19:12.000Z", "profile": { "login": "a" } });

    let data = json!({
        "context": { "request": caller, "user": user, "session": { "id": "102" }, "policy": { "id": "00p" } },
        "identity": { "claims": { "sub": "00u1" }, "token": { "lifetime": { "expiration": 3600 } } },
        "access": { "claims": { "ver": 1 }, "scopes": { "openid": { "action": "GRANT" } } },
    });
    let asked = request("com.okta.oauth2.tokens.transform", &data).unwrap();
    assert_eq!(asked.event_id.as_deref(), Some("3o9jBzq1SmOGmmsDsqyyeQ"));
    let InlineHookData::Token(token) = &asked.data else { panic!("{asked:?}") };
    assert_eq!(token.identity.as_ref().unwrap().claims["sub"], "00u1");
    assert_eq!(token.access.as_ref().unwrap().scopes.as_ref().unwrap()["openid"]["action"], "GRANT");
    assert_eq!(token.context.user.as_ref().unwrap().profile.as_ref().unwrap().login(), Some("a"));
    assert_eq!(token.context.request.as_ref().unwrap().id.as_deref(), Some("reqv66"));

    let data = json!({ "context": { "request": caller }, "assertion": { "claims": { "x": {} } } });
    let InlineHookData::Saml(saml) = request("com.okta.saml.tokens.transform", &data).unwrap().data else {
        panic!()
    };
    assert!(saml.assertion.contains_key("claims"));

    let data = json!({
        "context": { "conflicts": ["login"], "matches": [], "policy": ["EMAIL"], "application": { "id": "0oa" } },
        "action": { "result": "CREATE_USER" }, "appUser": { "profile": { "userName": "s" } },
        "user": { "profile": { "login": "s@x.example" } }
    });
    let InlineHookData::Import(import) = request("com.okta.import.transform", &data).unwrap().data else {
        panic!()
    };
    assert_eq!(
        (&import.context.conflicts[0][..], &import.action.as_ref().unwrap().result[..]),
        ("login", "CREATE_USER")
    );
    assert_eq!(import.user.unwrap().profile.login(), Some("s@x.example"));

    let data =
        json!({ "context": { "request": caller }, "userProfile": { "login": "r" }, "action": "ALLOW" });
    let InlineHookData::Registration(registration) =
        request("com.okta.user.pre-registration", &data).unwrap().data
    else {
        panic!()
    };
    assert_eq!(registration.user_profile.unwrap().login(), Some("r"));

    let data = json!({ "context": {
        "request": caller, "credential": { "username": "isaac@example.com", "password": SECRET }
    }, "action": { "credential": "UNVERIFIED" } });
    let asked = request("com.okta.user.credential.password.import", &data).unwrap();
    assert!(!format!("{asked:?}").contains(SECRET) && !format!("{asked:?}").contains("isaac"));
    let InlineHookData::PasswordImport(import) = asked.data else { panic!() };
    assert_eq!(import.context.credential.password.expose_secret(), SECRET);

    // Okta's own example has numbers where its description has texts.
    for code in [json!(11111), json!("11111")] {
        let data = json!({
            "context": { "request": caller }, "userProfile": { "userId": "00u1", "login": "t@x.example" },
            "messageProfile": {
                "msgTemplate": "Your code is 11111", "phoneNumber": 9_876_543_210_u64, "otpCode": code,
                "otpExpires": "2022-01-28T21:48:34.321Z", "deliveryChannel": "SMS", "locale": "EN-US"
            }
        });
        let asked = request("com.okta.telephony.provider", &data).unwrap();
        let shown = format!("{asked:?}");
        assert!(!shown.contains("11111") && !shown.contains("9876543210"), "{shown}");
        let InlineHookData::Telephony(telephony) = asked.data else { panic!() };
        assert_eq!(telephony.message_profile.otp_code.expose_secret(), "11111");
        assert_eq!(telephony.message_profile.phone_number, "9876543210");
    }

    let InlineHookData::Unknown(kind, data) = request("com.okta.new", &json!({ "a": SECRET })).unwrap().data
    else {
        panic!()
    };
    assert_eq!((kind.as_str(), &data.0), ("com.okta.new", &json!({ "a": SECRET })));
    assert!(!format!("{data:?}").contains(SECRET));
}

#[test]
fn what_no_inline_hook_is_asked_is_an_error_that_does_not_quote_it() {
    let data = json!({ "context": { "credential": { "username": SECRET } } });
    let error = request("com.okta.user.credential.password.import", &data).unwrap_err();
    assert!(!error.contains(SECRET), "{error}");
    for body in
        ["", "[]", "{}", r#"{"eventType":"com.okta.telephony.provider"}"#, r#"{"eventType":7,"data":{}}"#]
    {
        InlineHookRequest::parse(body.as_bytes()).unwrap_err();
    }
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_asked_upsets_it(kind in "com.okta.(oauth2|saml).tokens.transform|.*", body in ".*") {
        let _ = InlineHookRequest::parse(body.as_bytes());
        let _ = request(&kind, &serde_json::from_str(&body).unwrap_or(Value::String(body)));
    }
}

#[test]
fn answers_are_the_commands_that_okta_knows() {
    let sent = TelephonyOutcome {
        status: TelephonyStatus::Successful,
        provider: Some("VONAGE".into()),
        transaction_id: Some("SM49".into()),
        transaction_metadata: None,
    };
    let attributes = || json!({ "firstName": "Stan" }).as_object().unwrap().clone();
    let answer = InlineHookAnswer::new;
    let patches = [
        HookPatch::replace("/token/lifetime/expiration", 36000),
        HookPatch::remove_claim("birthdate"),
        HookPatch::add_claim("https://x.example/a~b", "v"),
    ];
    for (answer, commands) in [
        (
            answer().patch_id_token(patches),
            json!([{ "type": "com.okta.identity.patch", "value": [
            { "op": "replace", "path": "/token/lifetime/expiration", "value": 36000 },
            { "op": "remove", "path": "/claims/birthdate" },
            { "op": "add", "path": "/claims/https:~1~1x.example~1a~0b", "value": "v" }
        ] }]),
        ),
        (
            answer().patch_assertion([HookPatch::add("/authentication/sessionLifetime", 300)]),
            json!([{ "type": "com.okta.assertion.patch", "value": [
                { "op": "add", "path": "/authentication/sessionLifetime", "value": 300 }
            ] }]),
        ),
        (
            answer().password_unverified(),
            json!([
                { "type": "com.okta.action.update", "value": { "credential": "UNVERIFIED" } }
            ]),
        ),
        (
            answer().deny_registration(),
            json!([
                { "type": "com.okta.action.update", "value": { "registration": "DENY" } }
            ]),
        ),
        (
            answer().allow_registration().update_profile(attributes()),
            json!([
                { "type": "com.okta.action.update", "value": { "registration": "ALLOW" } },
                { "type": "com.okta.user.profile.update", "value": { "firstName": "Stan" } }
            ]),
        ),
        (
            answer().update_progressive_profile(attributes()),
            json!([
                { "type": "com.okta.user.progressive.profile.update", "value": { "firstName": "Stan" } }
            ]),
        ),
        (
            answer().create_user().update_app_profile(attributes()),
            json!([
                { "type": "com.okta.action.update", "value": { "result": "CREATE_USER" } },
                { "type": "com.okta.appUser.profile.update", "value": { "firstName": "Stan" } }
            ]),
        ),
        (
            answer().link_user(&"00u1".parse().unwrap()),
            json!([
                { "type": "com.okta.action.update", "value": { "result": "LINK_USER" } },
                { "type": "com.okta.user.update", "value": { "id": "00u1" } }
            ]),
        ),
        (
            answer().telephony(sent),
            json!([{ "type": "com.okta.telephony.action", "value": [
            { "status": "SUCCESSFUL", "provider": "VONAGE", "transactionId": "SM49" }
        ] }]),
        ),
    ] {
        assert_eq!(serde_json::to_value(&answer).unwrap(), json!({ "commands": commands }));
        assert!(!format!("{answer:?}").contains("Stan"));
    }
    let refusal = serde_json::to_value(InlineHookAnswer::error("try later")).unwrap();
    assert_eq!(refusal, json!({ "error": { "errorSummary": "try later" } }));
    assert_eq!(serde_json::to_value(answer()).unwrap(), json!({}));
}
