//! How much does committing together save?
//!
//! Runs of five steps that change nothing, on a journal on disk: one after the other, and 64 at once. What
//! one write to that disk costs is measured too.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use identity_lifecycle_benches::{Comparison, runtime};
use lifecycle::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use lifecycle::plan::{Intent, Plan, Precedence, Step, Subject};
use lifecycle::{Engine, RunStatus, Systems};
use okta_client::OktaClient;
use serde::{Deserialize, Serialize};
use servicenow_client::ServiceNowClient;

const STEPS: usize = 5;
const AT_ONCE: u32 = 64;

/// An action that is done as soon as it was tried.
#[derive(Debug, Serialize, Deserialize)]
struct Nothing;

#[typetag::serde(name = "bench.nothing")]
#[async_trait]
impl Action for Nothing {
    fn describe(&self) -> Change {
        Change::new("nowhere", Verb::Change, "nothing")
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(if context.intended_at.is_some() { State::reached() } else { State::Open })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Ok(())
    }
}

/// A plan that is like no other.
fn plan() -> Plan {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Relaxed);
    let subject =
        Subject { login: format!("{number}@acme.example"), name: "Nobody".to_owned(), person: None };
    let intent = Intent::new("nothing", &number.to_string(), &number, None);
    let steps =
        (0..STEPS).map(|n| Step::new(&format!("step-{n}"), "to see what it costs", Nothing)).collect();
    Plan { steps, ..Plan::new("nothing", Precedence::Bulk, intent, subject) }
}

async fn run(engine: &Engine) {
    let run = engine.submit(&plan()).await.expect("the journal takes it");
    let run = engine.finish(&run).await.expect("the journal holds");
    assert_eq!(run.status, RunStatus::Done);
}

async fn run_many(engine: &Engine) {
    futures::future::join_all((0..AT_ONCE).map(|_| run(engine))).await;
}

/// Clients that are never asked to do anything.
fn systems() -> Systems {
    let okta = OktaClient::builder("http://127.0.0.1:1").api_token("none".to_owned().into());
    let servicenow =
        ServiceNowClient::builder("http://127.0.0.1:1").basic("nobody", "none".to_owned().into());
    Systems::new(okta.build().expect("it is a client"), servicenow.build().expect("it is a client"))
}

fn engine(journal: &Path) -> Engine {
    let engine = Engine::builder(systems()).concurrency(AT_ONCE as usize).embedded(journal);
    engine.expect("the journal opens")
}

fn commits(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is a disk");
    let (alone, together) =
        (engine(&folder.path().join("alone.db")), engine(&folder.path().join("together.db")));
    let memory = Engine::builder(systems()).concurrency(AT_ONCE as usize).in_memory();
    let memory = memory.expect("there is memory");
    let file = File::create(folder.path().join("page")).expect("the disk is writable");

    let title = "Journal: a run of five steps";
    let mut comparison =
        Comparison::new(criterion, &runtime, title, "one after the other", async || run(&alone).await);
    comparison.measure("64 at once", AT_ONCE, async || run_many(&together).await);
    comparison.measure("64 at once, in memory", AT_ONCE, async || run_many(&memory).await);
    comparison.measure("(writing 4 KiB to the same disk)", 1, async || {
        let mut file = &file;
        let written = file.rewind().and_then(|()| file.write_all(&[7; 4096])).and_then(|()| file.sync_data());
        written.expect("the disk holds");
    });
    comparison.report();
}

criterion_group!(benches, commits);
criterion_main!(benches);
