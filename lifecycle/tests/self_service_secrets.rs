//! No link, password or code is seen anywhere but in Okta's answer and the courier's hands.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{HttpTransport, Transport, TransportConfig, TransportError};
use lifecycle::action::okta::Enrolment;
use lifecycle::hooks::{Proof, Verdict};
use lifecycle::operation::self_service::{MANAGER_CONFIRMS, SECOND_PERSON};
use lifecycle::{Engine, EnrolFactor, Operation, ResendLink, ResetFactors, ResetPassword, RunStatus};
use sandbox::{Effect, Fault};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use support::World;
use support::help_desk::{manager_of, own_ticket, rules};

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

/// The real network, which hears every secret that Okta answers.
#[derive(Debug)]
struct Listening {
    real: HttpTransport,
    heard: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Listening {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.real.send(request).await?;
        if let Ok(body) = serde_json::from_slice::<Value>(answer.body()) {
            let secrets = ["/tempPassword", "/profile/tac", "/resetPasswordUrl", "/activationUrl"];
            let secrets = secrets.into_iter().filter_map(|place| body.pointer(place)?.as_str());
            self.heard.lock().unwrap().extend(secrets.map(str::to_owned));
        }
        Ok(answer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_seen_anywhere_during_help_full_of_trouble() {
    let log = Captured::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let world = World::start().await;
    let real = HttpTransport::new(&TransportConfig::default()).unwrap();
    let network = Arc::new(Listening { real, heard: Mutex::default() });
    let engine = world.engine(world.systems_over(Some(network.clone()))).await;
    for effect in [Effect::CutAfter, Effect::Status(503), Effect::Truncated, Effect::Status(429)] {
        world.sandbox.add_fault(Fault::okta("*", "*", effect).probability(0.04).times(4));
        world.sandbox.add_fault(Fault::servicenow("*", "*", effect).probability(0.04).times(4));
    }
    let mut runs = Vec::new();
    let people = ["10012", "10013", "10014"];
    for number in people {
        let login = own_ticket(&world, number).login;
        let help = Help { world: &world, engine: &engine, manager: manager_of(&world, &login) };
        let ticket = || {
            world.sandbox.set_okta_status(&login, "ACTIVE").unwrap();
            world.sandbox.add_okta_factor(&login, "push", "OKTA").unwrap();
            own_ticket(&world, number).number
        };
        let desk = || rules(&world);
        runs.push(help.give(ResetPassword::ticket(ticket(), desk()).without_mailbox()).await);
        runs.push(help.give(ResetFactors::all(ticket(), desk())).await);
        runs.push(help.give(ResetPassword::ticket(ticket(), desk())).await);
        runs.push(help.give(ResendLink::ticket(ticket(), desk(), 1)).await);
        let token = Enrolment::Hotp { profile: "fpr1".into(), serial: "0815".into() };
        runs.push(help.give(EnrolFactor::ticket(ticket(), token, desk())).await);
    }
    let done = runs.iter().filter(|(status, _)| *status == RunStatus::Done).count();
    assert!(done * 2 > runs.len(), "{done} of {} were done", runs.len());
    let ledger = engine.ledger(None).await.unwrap();
    drop(engine);

    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("okta.users.expire_password_with_temp_password"), "nothing was logged");
    let letters = world.letterbox.letters();
    assert!(letters.len() > people.len(), "{} letters", letters.len());
    let mut secrets = network.heard.lock().unwrap().clone();
    secrets.extend(letters.into_iter().map(|letter| letter.secret));
    secrets.extend(["484f54500815".to_owned(), "a key for digests".to_owned()]);
    let state = world.sandbox.state();
    let places = [
        ("the log", logged),
        ("the journal", journal_bytes(&world)),
        ("the ledger", serde_json::to_string(&ledger).unwrap()),
        ("the runs and plans", runs.into_iter().map(|(_, shown)| shown).collect()),
        ("the tickets", state["servicenow"].to_string()),
        ("Okta's log", state["okta"]["logs"].to_string()),
        ("the systems", format!("{:#?}", world.systems())),
    ];
    for secret in secrets {
        for (place, text) in &places {
            let at = text.find(&secret).map(|at| &text[at.saturating_sub(80)..at]);
            assert_eq!(at, None, "{place} shows a secret");
        }
    }
}

struct Help<'a> {
    world: &'a World,
    engine: &'a Engine,
    manager: String,
}

impl Help<'_> {
    /// With everybody's word, whatever it waits for; trouble may outlast one try.
    async fn give<O: Operation>(&self, operation: O) -> (RunStatus, String) {
        for _ in 0..20 {
            let at = self.world.sandbox.clock().now();
            self.world.person.says(Verdict::Proven(Proof {
                id: "1".into(),
                method: "video call".into(),
                at,
            }));
            let Ok(run) = self.engine.run(&operation).await else { continue };
            if !matches!(run.status, RunStatus::Waiting { .. } | RunStatus::Stalled { .. }) {
                let plan = self.engine.plan(&run.id).await.unwrap();
                return (run.status.clone(), format!("{run:?} {plan} {plan:?}"));
            }
            self.engine.signal(&run.id, MANAGER_CONFIRMS, &self.manager).await.unwrap();
            self.engine.signal(&run.id, SECOND_PERSON, "somebody.else").await.unwrap();
            self.engine.finish(&run.id).await.unwrap();
        }
        panic!("the run does not come to its end");
    }
}

fn journal_bytes(world: &World) -> String {
    let folder = world.journal().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}
