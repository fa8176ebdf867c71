//! Event hooks and inline hooks.

use okta_client::hooks::{
    EventHookId, HookSecret, InlineHookAuth, InlineHookId, InlineHookKind, InlineHookToken, NewEventHook,
    NewInlineHook,
};
use serde_json::{Value, json};

use crate::check::Contract;

/// The description requires nothing; Okta's hooks have all of these.
fn whole_hooks(hooks: &mut Value) {
    let all = match hooks {
        Value::Array(all) => all,
        one => std::slice::from_mut(one),
    };
    for hook in all {
        let config = json!({ "uri": "https://hooks.example.com/okta" });
        let channel = json!({ "type": "HTTP", "version": "1.0.0", "config": config });
        for (name, value) in [
            ("id", json!("who8vt36qfNpCGz9H1e6")),
            ("status", json!("ACTIVE")),
            ("name", json!("feed")),
            ("type", json!("com.okta.telephony.provider")),
            ("verificationStatus", json!("UNVERIFIED")),
            ("channel", channel.clone()),
        ] {
            hook.as_object_mut().unwrap().entry(name).or_insert(value);
        }
        // A channel's `config` is described only where it is told apart by its `type`.
        let described = hook["channel"].as_object_mut().unwrap();
        described.entry("config").or_insert(channel["config"].clone());
        let config = described["config"].as_object_mut().unwrap();
        config.entry("uri").or_insert("https://hooks.example.com/okta".into());
        // Described as nullable one by one, which no recording shows.
        if let Some(Value::Array(headers)) = config.get_mut("headers") {
            headers.retain(|header| !header.is_null());
        }
    }
}

/// A hook as Okta has it, without fields that are newer than the description.
fn hook<T: serde::de::DeserializeOwned>(id: &str) -> T {
    let mut hook = json!([{ "id": id, "events": { "type": "EVENT_TYPE", "items": ["user.account.lock"] } }]);
    whole_hooks(&mut hook);
    hook[0]["channel"]["config"]["headers"] = json!([{ "key": "X-Env", "value": "prod" }]);
    let hook = hook[0].as_object_mut().unwrap();
    hook.remove(if id.starts_with("who") { "type" } else { "events" });
    hook.retain(|name, _| !(id.starts_with("cal") && name == "verificationStatus"));
    serde_json::from_value(hook.clone().into()).unwrap()
}

fn secret() -> HookSecret {
    HookSecret::new("Authorization", "s3cret".into()).unwrap()
}

/// Each way in which an inline hook's service knows Okta.
fn ways() -> [InlineHookAuth; 3] {
    let url = "https://acme.okta.com/oauth2/default/v1/token".to_owned();
    let token = InlineHookToken { url, client_id: "0oa1".into(), scope: Some("hooks".into()) };
    [
        InlineHookAuth::Header(secret()),
        InlineHookAuth::ClientSecret { token: token.clone(), client_secret: "s".into() },
        InlineHookAuth::PrivateKey { token, hook_key_id: "HKY1".into() },
    ]
}

pub(crate) async fn cases(contract: &mut Contract) {
    event_hooks(contract).await;
    inline_hooks(contract).await;
}

async fn event_hooks(contract: &mut Contract) {
    let id: EventHookId = "who8vt36qfNpCGz9H1e6".parse().unwrap();
    let new = NewEventHook::new("feed", "https://hooks.example.com/okta", secret())
        .description("for the incident desk")
        .events(["user.account.lock"])
        .filter("user.account.lock", "true")
        .header("X-Env", "prod");
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().list().collect_all().await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().create(&new).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().get(&id).await).await;
    contract
        .check_adapted(whole_hooks, async |okta| {
            okta.event_hooks().replace(&hook(id.as_str()), &secret()).await
        })
        .await;
    contract.check(async |okta| okta.event_hooks().delete(&id).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().activate(&id).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().deactivate(&id).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.event_hooks().verify(&id).await).await;
}

async fn inline_hooks(contract: &mut Contract) {
    let id: InlineHookId = "calb7gacafgwgE7hc5e4".parse().unwrap();
    let telephony = InlineHookKind::Telephony;
    contract.check_adapted(whole_hooks, async |okta| okta.inline_hooks().list().collect_all().await).await;
    contract
        .check_adapted(whole_hooks, async |okta| okta.inline_hooks().list_of(&telephony).collect_all().await)
        .await;
    contract.check_adapted(whole_hooks, async |okta| okta.inline_hooks().get(&id).await).await;
    for auth in ways() {
        let new = NewInlineHook::new("feed", InlineHookKind::Token, "https://x.example", auth.clone())
            .header("X-Env", "prod");
        contract.check_adapted(whole_hooks, async |okta| okta.inline_hooks().create(&new).await).await;
        contract
            .check_adapted(whole_hooks, async |okta| {
                okta.inline_hooks().replace(&hook(id.as_str()), &auth).await
            })
            .await;
    }
    contract.check(async |okta| okta.inline_hooks().delete(&id).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.inline_hooks().activate(&id).await).await;
    contract.check_adapted(whole_hooks, async |okta| okta.inline_hooks().deactivate(&id).await).await;
    let payload = json!({ "eventType": "com.okta.telephony.provider", "data": { "context": {} } });
    // Six kinds of body, and six of answers, of which none requires anything: everything fits more than one.
    contract.differs(
        "okta.inline_hooks.execute",
        "answer",
        "what the schema lets a command be is no command",
    );
    contract.check(async |okta| okta.inline_hooks().execute(&id, &payload).await).await;
}
