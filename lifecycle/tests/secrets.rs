//! No secret reaches a log, an error, the journal, the ledger or a ticket.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{HttpTransport, Transport, TransportConfig, TransportError};
use lifecycle::{Run, RunStatus};
use okta_client::OktaClient;
use sandbox::{Effect, Fault};
use servicenow_client::ServiceNowClient;
use tracing_subscriber::fmt::MakeWriter;

use support::{World, onboard};

/// Everything that was logged, by us and by the crates under us.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The real network, which hears the links that Okta answers.
#[derive(Debug)]
struct Listening {
    real: HttpTransport,
    links: Mutex<Vec<String>>,
}

impl Listening {
    fn start() -> Arc<Self> {
        let real = HttpTransport::new(&TransportConfig::default()).unwrap();
        Arc::new(Self { real, links: Mutex::default() })
    }
}

#[async_trait]
impl Transport for Listening {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.real.send(request).await?;
        if let Ok(body) = serde_json::from_slice::<serde_json::Value>(answer.body()) {
            let links =
                ["activationUrl", "activationToken"].into_iter().filter_map(|name| body[name].as_str());
            self.links.lock().unwrap().extend(links.map(str::to_owned));
        }
        Ok(answer)
    }
}

/// What a world lets in.
fn secrets(world: &World) -> Vec<String> {
    let token = world.sandbox.okta_token().to_owned();
    let password = world.sandbox.servicenow_password().to_owned();
    let pair = format!("{}:{password}", world.sandbox.servicenow_username());
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    vec![token, password, basic]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_seen_anywhere_during_a_run_full_of_trouble() {
    let log = Captured::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let world = World::start().await;
    // Somebody who was here before: in answer to the activation Okta gives a link, which is a credential.
    let former = serde_json::json!({
        "profile": {
            "login": "nora@acme.example", "email": "nora@acme.example", "firstName": "Nora",
            "lastName": "Lindqvist", "employeeNumber": "90001",
        },
        "status": "DEPROVISIONED",
    });
    world.sandbox.add_okta_user(&former).unwrap();
    world.sandbox.clock().advance(std::time::Duration::from_secs(5));
    let network = Listening::start();
    let ticket = world.hire();
    for effect in
        [Effect::CutAfter, Effect::Status(503), Effect::Malformed, Effect::Truncated, Effect::Status(429)]
    {
        world.sandbox.add_fault(Fault::okta("*", "*", effect).probability(0.1).times(3));
        world.sandbox.add_fault(Fault::servicenow("*", "*", effect).probability(0.1).times(3));
    }
    let engine = world.engine(world.systems_over(Some(network.clone()))).await;
    let run = run_to_the_end(&engine, &onboard(&ticket)).await;
    assert_eq!(run.status, RunStatus::Done);
    let ledger = engine.ledger(None).await.unwrap();
    let plan = engine.plan(&run.id).await.unwrap();
    drop(engine);

    // Taken out first: what follows is logged too.
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let mut places = vec![
        ("the log", logged),
        ("the journal", journal_bytes(&world)),
        ("the ledger", serde_json::to_string(&ledger).unwrap()),
        ("the plan", format!("{plan} {plan:?}")),
        ("the run", format!("{run:?}")),
        ("the tickets", world.sandbox.state()["servicenow"].to_string()),
        ("the clients", format!("{:#?}", world.systems())),
    ];
    places.extend(errors(&world).await.into_iter().map(|text| ("an error", text)));
    assert!(places[0].1.contains("okta.users.activate"), "nothing was logged, so nothing was looked at");
    let links = network.links.lock().unwrap().clone();
    assert!(!links.is_empty(), "Okta answered no link");
    for secret in secrets(&world).into_iter().chain(links) {
        for (place, text) in &places {
            let at = text.find(&secret).map(|at| &text[at.saturating_sub(80)..at]);
            assert_eq!(at, None, "{place} shows a secret");
        }
    }
}

/// Trouble may outlast one engine's patience: then the next takes it up, as an operator would have it.
async fn run_to_the_end(engine: &lifecycle::Engine, operation: &lifecycle::Onboard) -> Run {
    for _ in 0..20 {
        match engine.run(operation).await {
            Ok(run) if run.status.is_final() => return run,
            Ok(_) | Err(_) => {}
        }
    }
    panic!("the run does not come to its end");
}

fn journal_bytes(world: &World) -> String {
    let folder = world.journal().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Errors of every kind that credentials are near.
async fn errors(world: &World) -> Vec<String> {
    let sandbox = &world.sandbox;
    let (token, password) = (sandbox.okta_token(), sandbox.servicenow_password());
    let user = sandbox.servicenow_username();
    let mut texts = Vec::new();
    for url in
        ["http://127.0.0.1:1", &sandbox.servicenow_url(), "http://example.com", "https://x.example/path"]
    {
        match OktaClient::builder(url).api_token(token.to_owned().into()).build() {
            Ok(okta) => {
                let error = okta.users().find_by_login("a@b.example").await.unwrap_err();
                texts.push(format!("{error} {error:?}"));
            }
            Err(error) => texts.push(format!("{error} {error:?}")),
        }
        match ServiceNowClient::builder(url).basic(user, password.to_owned().into()).build() {
            Ok(servicenow) if url != sandbox.servicenow_url() => {
                let wrong = servicenow.table::<servicenow_client::tables::SysUser>();
                let error = wrong.get(&"0".parse().unwrap()).await.unwrap_err();
                texts.push(format!("{error} {error:?}"));
            }
            Ok(_) => {}
            Err(error) => texts.push(format!("{error} {error:?}")),
        }
    }
    let broken = format!("{token}\nbroken");
    let error = OktaClient::builder("https://x.example").api_token(broken.into()).build().unwrap_err();
    texts.push(format!("{error} {error:?}"));
    texts
}
