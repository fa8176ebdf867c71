//! What a service app logs. One test alone in its program: what is heard of logs is decided for the whole of it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use okta_client::{Delivery, OktaClient, ServiceApp, Transport, TransportError};
use serde_json::{Value, json};

const KEY: &str = include_str!("../../client-core/tests/keys/p256.jwk.json");
const SECRET: &str = "s3ntinel-t0ken-that-nobody-may-see";

/// Every span and event, as text.
#[derive(Debug, Clone, Default)]
struct Logs(Arc<Mutex<String>>);

impl tracing::field::Visit for Logs {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Logs {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("okta_client") || metadata.target().starts_with("client_core")
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// Gives a token with fewer scopes than were asked for, which the API then refuses, and no other.
#[derive(Debug, Default)]
struct Network(Mutex<Vec<http::Request<Bytes>>>);

#[async_trait::async_trait]
impl Transport for Network {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let mut asked = self.0.lock().unwrap();
        asked.push(request);
        let (status, body) = match asked.len() {
            1 => (
                200,
                json!({ "token_type": "DPoP", "expires_in": 3600, "access_token": SECRET, "scope": "x" }),
            ),
            2 => (401, json!({ "errorCode": "E0000011", "errorSummary": SECRET })),
            3 => (401, json!({ "error": "invalid_client", "error_description": format!("no {KEY}") })),
            _ => return Err(TransportError::new("no more", Delivery::NotSent)),
        };
        let response = http::Response::builder().status(status).header("content-type", "application/json");
        Ok(response.body(body.to_string().into()).unwrap())
    }
}

#[tokio::test]
async fn logs_show_neither_key_nor_token_nor_proof() {
    let logs = Logs::default();
    tracing::subscriber::set_global_default(logs.clone()).unwrap();
    let network = Arc::new(Network::default());
    let okta = OktaClient::builder("https://acme.okta.com")
        .service_app(ServiceApp::new("0oa1app", KEY.into()).scopes(["okta.users.read"]))
        .transport(network.clone())
        .build()
        .unwrap();
    okta.users().find_by_login("ann@acme.example").await.unwrap_err();

    let logged = logs.0.lock().unwrap().clone();
    assert!(logged.contains("message=token request") && logged.contains("left out scopes"), "{logged}");
    let asked = network.0.lock().unwrap();
    assert_eq!(asked.len(), 3);
    let private = serde_json::from_str::<Value>(KEY).unwrap()["d"].as_str().unwrap().to_owned();
    let form = String::from_utf8(asked[0].body().to_vec()).unwrap();
    let assertion = form.split("client_assertion=").nth(1).unwrap();
    let proof = asked[1].headers()["dpop"].to_str().unwrap();
    for hidden in [SECRET, &private, assertion, proof] {
        assert!(!logged.contains(hidden), "{logged}");
    }
}
