//! Whatever happens to a call, what must stay secret does.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use client_core::{Call, Delivery, Origin, Path, Request, Safety, SecretString, StaticAuthorization};
use proptest::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

use support::{Step, World};

/// Every span and event, as text.
#[derive(Debug, Clone, Default)]
struct Logs(Arc<Mutex<String>>);

impl Visit for Logs {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Logs {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Every way a call can end, with the secret wherever a vendor could put it in an answer.
fn ends(secret: &str) -> Vec<Step> {
    let body: &'static str = Box::leak(format!(r#"{{"password":"{secret}"}}"#).into_boxed_str());
    vec![
        Step::lost(Delivery::NotSent),
        Step::lost(Delivery::Unknown),
        Step::status(200).body(body),
        Step::status(200).body(&body[..body.len() - 1]),
        Step::status(200).body(body).header("content-type", "text/html"),
        Step::status(200).body(body).header("x-session", secret),
        Step::status(400).body(body),
        Step::status(404).body(body),
        Step::limited(1).body(body),
        Step::status(503).body(body),
    ]
}

/// Makes a call that carries the secret wherever it may be, and collects everything anybody could log of it.
fn everything_said(secret: &str, end: Step) -> String {
    #[derive(Debug, serde::Deserialize)]
    struct Numbers {
        #[expect(dead_code, reason = "only decoded")]
        password: u8,
    }

    let logs = Logs::default();
    let _guard = tracing::subscriber::set_default(logs.clone());
    let token = SecretString::from(secret.to_owned());
    let credentials = Arc::new(StaticAuthorization::token("SSWS", &token).unwrap());
    let world = World::with_credentials([end], credentials, |_, config| {
        config.retry.attempts = 1;
        config.retry.rate_limit_refusals = 0;
    });
    let request = Request::post(Path::new("/api/things").value(secret).word("do"))
        .query("filter", secret)
        .header(http::header::IF_MATCH, http::HeaderValue::from_str(secret).unwrap())
        .json(&serde_json::json!({ "password": secret }));
    let call = Call::<Numbers>::write("tiny.change", Safety::Unsafe, request);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let result = runtime.block_on(world.pipeline.send_with_response(&call));

    let mut said = format!("{call:?} {:?} {:?}", call.request(), call.request().path());
    write!(said, "{:?} {:?}", world.pipeline, world.ear.attempts.lock().unwrap()).unwrap();
    said.extend(world.diary.take());
    match result {
        Ok((_, response)) => write!(said, "{response:?}").unwrap(),
        Err(error) => {
            write!(said, "{error} {error:?} {error:#?}").unwrap();
            let mut source = error.source();
            while let Some(cause) = source {
                write!(said, "{cause} {cause:?}").unwrap();
                source = cause.source();
            }
        }
    }
    let logged = logs.0.lock().unwrap();
    assert!(logged.contains("tiny.change") && logged.contains("message=attempt"), "{logged}");
    said.push_str(&logged);
    said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_that_is_logged_shows_a_token_a_query_a_value_in_a_path_or_a_body(
        secret in "[A-Za-z0-9]{12,30}",
    ) {
        for (n, end) in ends(&secret).into_iter().enumerate() {
            let said = everything_said(&secret, end);
            prop_assert!(said.contains("tiny.change"), "end {}: {}", n, said);
            prop_assert!(!said.contains(&secret), "end {}: {}", n, said);
        }
    }
}

#[test]
fn an_address_that_is_refused_does_not_show_what_was_pasted_into_it() {
    for text in [
        "https://ann:hunter2@acme.example",
        "https://ann:hun@hunter2@acme.example",
        "https://acme.example/?token=hunter2",
        "https://acme.example#hunter2",
        "http://acme.example?a=b@hunter2",
    ] {
        let error = Origin::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
