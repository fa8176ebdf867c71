//! What the engine promises, whatever the plan.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use lifecycle::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use lifecycle::gate::At;
use lifecycle::ledger::{self, Entry};
use lifecycle::plan::{Intent, Plan, PlanFlaw, PolicyRef, Precedence, Step, Subject};
use lifecycle::run::Outcome;
use lifecycle::{Engine, EngineError, JournalError, Progress, RunStatus};
use serde::{Deserialize, Serialize};

use support::World;
use support::house::{Answer, TurnOn, switch, writes};

/// Panics when looked at, the first time.
#[derive(Debug, Serialize, Deserialize)]
struct Panics;

static PANICKED: AtomicUsize = AtomicUsize::new(0);

#[typetag::serde(name = "test.panics")]
#[async_trait]
impl Action for Panics {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Change, "fuse")
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        assert!(PANICKED.fetch_add(1, SeqCst) > 0, "the first look");
        Ok(State::reached())
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Ok(())
    }
}

/// Counts how many of its kind are at work, and how many ever were at once.
#[derive(Debug, Serialize, Deserialize)]
struct Crowd;

static IN_CROWD: AtomicUsize = AtomicUsize::new(0);
static LARGEST_CROWD: AtomicUsize = AtomicUsize::new(0);

#[typetag::serde(name = "test.crowd")]
#[async_trait]
impl Action for Crowd {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Change, "crowd")
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        LARGEST_CROWD.fetch_max(IN_CROWD.fetch_add(1, SeqCst) + 1, SeqCst);
        // Long enough for every other run to get there, if nothing keeps it away.
        for _ in 0..3000 {
            tokio::task::yield_now().await;
        }
        IN_CROWD.fetch_sub(1, SeqCst);
        Ok(State::reached())
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Ok(())
    }
}

fn step(name: &str) -> Step {
    Step::new("turn-on", "it is dark", TurnOn { switch: name.to_owned() })
}

fn plan(key: &str, steps: Vec<Step>) -> Plan {
    let subject = Subject { login: format!("{key}@acme.example"), name: key.into(), person: None };
    Plan { steps, ..Plan::new("light", Precedence::Grant, Intent::new("light", key, &key, None), subject) }
}

/// Waits for an instant.
fn wait(until: DateTime<Utc>) -> Step {
    Step::gate("wait", "it is not time yet", At::new(until.into()))
}

fn is_waiting_until(status: &RunStatus, at: DateTime<Utc>) -> bool {
    matches!(status, RunStatus::Waiting { until, .. } if *until == at)
}

async fn run(name: &str) -> (Engine, lifecycle::Run) {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let id = engine.submit(&plan(name, vec![step(name)])).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    (engine, run)
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_looking_and_never_by_repeating() {
    switch("lost", |switch| switch.answers = vec![(Answer::Lost, true)]);
    let (_, run) = run("lost").await;
    assert_eq!((run.status, writes("lost")), (RunStatus::Done, 1));
    assert_eq!(run.steps[0].outcome, Some(Outcome::Done));
}

#[tokio::test]
async fn a_write_is_sent_again_only_when_looking_says_it_was_not_done() {
    switch("again", |switch| switch.answers = vec![(Answer::Lost, false), (Answer::Lost, false)]);
    let (engine, run) = run("again").await;
    assert_eq!((run.status.clone(), writes("again")), (RunStatus::Done, 3));
    let intents = engine.ledger(Some(&run.id)).await.unwrap();
    let intents = intents.iter().filter(|record| matches!(record.entry, Entry::Intent { .. }));
    assert_eq!(intents.count(), 3, "each write is announced");
}

#[tokio::test]
async fn a_write_that_is_lost_again_and_again_stalls_and_is_taken_up_later() {
    switch("stubborn", |switch| switch.answers = vec![(Answer::Lost, false); 3]);
    let (engine, run) = run("stubborn").await;
    assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
    assert_eq!(writes("stubborn"), 3);
    assert_eq!(engine.resume().await.unwrap(), std::slice::from_ref(&run.id));
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
}

#[tokio::test]
async fn a_refusal_because_it_is_so_already_is_no_failure() {
    switch("crossed", |switch| switch.answers = vec![(Answer::Lost, false), (Answer::Refused, true)]);
    let (_, run) = run("crossed").await;
    assert_eq!((run.status, writes("crossed")), (RunStatus::Done, 2));
}

#[tokio::test]
async fn an_action_that_panics_does_not_take_its_run_with_it() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let id = engine.submit(&plan("panics", vec![Step::new("fuse", "it may blow", Panics)])).await.unwrap();
    assert!(matches!(engine.finish(&id).await, Err(EngineError::Stopped(_))));
    assert_eq!(engine.resume().await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(engine.finish(&id).await.unwrap().status, RunStatus::Done);
}

#[tokio::test]
async fn a_busy_system_stalls_the_run_and_fails_nobody() {
    switch("busy", |switch| switch.answers = vec![(Answer::Busy, false)]);
    let (engine, run) = run("busy").await;
    assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
    engine.resume().await.unwrap();
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
}

#[tokio::test]
async fn what_is_so_already_is_not_written() {
    switch("already", |switch| switch.on = true);
    let (engine, run) = run("already").await;
    assert_eq!((run.steps[0].outcome.clone(), writes("already")), (Some(Outcome::AlreadySatisfied), 0));
    let ledger = engine.ledger(None).await.unwrap();
    assert!(!ledger.iter().any(|record| matches!(record.entry, Entry::Intent { .. })));
}

#[tokio::test]
async fn a_world_that_drifted_is_left_alone_and_a_person_asked() {
    switch("drifted", |switch| switch.found = Some("it was taken out"));
    let (_, run) = run("drifted").await;
    assert_eq!(writes("drifted"), 0);
    assert!(
        matches!(&run.status, RunStatus::NeedsHuman { why, .. } if why.contains("it was taken out")),
        "{}",
        run.status
    );
}

#[tokio::test]
async fn a_mandatory_failure_stops_the_run_and_closes_it_as_failed() {
    switch("fails", |switch| switch.answers = vec![(Answer::Refused, false)]);
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let mut plan = plan("fails", vec![step("fails")]);
    plan.steps.push(Step::new("never", "comes after", TurnOn { switch: "fails-never".into() }));
    plan.closing.done.push(Step::new("cheer", "all is well", TurnOn { switch: "fails-cheer".into() }));
    plan.closing.failed.push(Step::new("mourn", "all is lost", TurnOn { switch: "fails-mourn".into() }));
    let id = engine.submit(&plan).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    assert!(matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "turn-on"));
    assert_eq!([writes("fails-never"), writes("fails-cheer"), writes("fails-mourn")], [0, 0, 1]);
    engine.resume().await.unwrap();
    assert_eq!((engine.finish(&id).await.unwrap(), writes("fails")), (run, 1), "what rests stays at rest");
}

#[tokio::test]
async fn an_optional_failure_is_told_and_the_run_goes_on() {
    switch("optional", |switch| switch.answers = vec![(Answer::Refused, false)]);
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let mut plan = plan("optional", vec![step("optional").optional()]);
    plan.steps.push(Step::new("next", "goes on", TurnOn { switch: "optional-next".into() }));
    let id = engine.submit(&plan).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    assert!(matches!(run.step("turn-on").unwrap().outcome, Some(Outcome::Failed { .. })));
    assert_eq!(writes("optional-next"), 1);
}

#[tokio::test]
async fn a_step_waits_for_its_time_and_holds_nobody_up() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).concurrency(1).in_memory().unwrap();
    let at = world.sandbox.clock().now() + TimeDelta::days(3);
    let early = plan("early", vec![wait(at), step("early")]);
    let id = engine.submit(&early).await.unwrap();
    assert!(is_waiting_until(&engine.finish(&id).await.unwrap().status, at));
    // Its subject and its slot are free meanwhile.
    let mut other = plan("other", vec![step("other")]);
    other.subject = early.subject.clone();
    let other = engine.submit(&other).await.unwrap();
    assert_eq!(engine.finish(&other).await.unwrap().status, RunStatus::Done);
    // Asking again changes nothing, so the ledger has nothing to say.
    let head = engine.ledger_head().await.unwrap();
    engine.resume().await.unwrap();
    assert!(is_waiting_until(&engine.finish(&id).await.unwrap().status, at));
    assert_eq!(engine.ledger_head().await.unwrap(), head);
    world.sandbox.clock().advance_to(at);
    engine.resume().await.unwrap();
    assert_eq!(engine.finish(&id).await.unwrap().status, RunStatus::Done);
}

#[tokio::test]
async fn the_same_request_twice_is_one_run() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let plan = plan("twice", vec![step("twice")]);
    let (one, other) = futures::join!(engine.submit(&plan), engine.submit(&plan));
    let id = one.unwrap();
    assert_eq!(other.unwrap(), id);
    engine.finish(&id).await.unwrap();
    assert_eq!(engine.submit(&plan).await.unwrap(), id);
    engine.finish(&id).await.unwrap();
    assert_eq!(writes("twice"), 1);
}

#[tokio::test]
async fn the_same_request_with_another_meaning_is_an_error() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let mut changed = plan("meaning", vec![step("meaning")]);
    let id = engine.submit(&changed).await.unwrap();
    changed.intent.fingerprint = "another".into();
    assert!(
        matches!(engine.submit(&changed).await, Err(EngineError::IntentChanged { run, .. }) if run == id)
    );
    changed.intent.policy = Some(PolicyRef { name: "p".into(), hash: "h".into() });
    assert!(
        matches!(engine.submit(&changed).await, Err(EngineError::PolicyChanged { run, .. }) if run == id)
    );
}

#[tokio::test]
async fn a_plan_with_two_steps_of_one_name_is_refused() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let twice = plan("step-twice", vec![step("a"), step("b")]);
    assert!(matches!(engine.submit(&twice).await, Err(EngineError::Flawed(PlanFlaw::StepTwice(_)))));
    assert!(engine.ledger(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_never_work_on_one_subject_at_once() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).concurrency(20).in_memory().unwrap();
    let mut ids = Vec::new();
    for n in 0..20 {
        let mut plan = plan(&format!("crowd-{n}"), vec![Step::new("crowd", "to be counted", Crowd)]);
        // Logins are the same whatever their case.
        plan.subject.login = if n % 2 == 0 { "one@acme.example" } else { "ONE@acme.example" }.into();
        ids.push(engine.submit(&plan).await.unwrap());
    }
    for id in &ids {
        assert_eq!(engine.finish(id).await.unwrap().status, RunStatus::Done);
    }
    assert_eq!(LARGEST_CROWD.load(SeqCst), 1);
}

#[tokio::test]
async fn two_engines_never_have_one_journal() {
    let world = World::start().await;
    let first = world.engine(world.systems()).await;
    let second = Engine::embedded(world.journal(), world.systems());
    assert!(matches!(second, Err(JournalError::InUse { .. })));
    #[cfg(unix)]
    {
        let alias = world.journal().with_file_name("alias.db");
        std::os::unix::fs::symlink(world.journal(), &alias).unwrap();
        assert!(matches!(Engine::embedded(alias, world.systems()), Err(JournalError::InUse { .. })));
    }
    drop(first);
    world.engine(world.systems()).await;
}

#[tokio::test]
async fn a_journal_outlives_its_engine() {
    let world = World::start().await;
    let engine = world.engine(world.systems()).await;
    let id = engine.submit(&plan("outlives", vec![step("outlives")])).await.unwrap();
    let run = engine.finish(&id).await.unwrap();
    let head = engine.ledger_head().await.unwrap();
    drop(engine);
    let engine = world.engine(world.systems()).await;
    assert_eq!(engine.status(&id).await.unwrap(), run);
    assert_eq!(ledger::verify(&engine.ledger(None).await.unwrap()).unwrap(), head);
    assert!(engine.open_runs().await.unwrap().is_empty());
}

/// A run that waits, in a journal in which `change` is done to its plan's text.
async fn with_changed_plan(name: &str, change: fn(&str) -> String) -> (World, Engine, lifecycle::RunId) {
    let world = World::start().await;
    let engine = world.engine(world.systems()).await;
    let tomorrow = world.sandbox.clock().now() + TimeDelta::days(1);
    let id = engine.submit(&plan(name, vec![wait(tomorrow), step(name)])).await.unwrap();
    engine.finish(&id).await.unwrap();
    drop(engine);
    drop(world.engine(world.systems()).await);
    let db = rusqlite::Connection::open(world.journal()).unwrap();
    let text: String = db.query_row("SELECT plan FROM run", [], |row| row.get(0)).unwrap();
    db.execute("UPDATE run SET plan = ?1", [change(&text)]).unwrap();
    drop(db);
    world.sandbox.clock().advance_to(tomorrow);
    let engine = world.engine(world.systems()).await;
    (world, engine, id)
}

#[tokio::test]
async fn a_plan_that_was_changed_in_the_journal_is_not_applied() {
    let other = |text: &str| text.replace("changed-switch", "another-switch");
    let (_world, engine, id) = with_changed_plan("changed-switch", other).await;
    engine.resume().await.unwrap();
    let error = engine.finish(&id).await.unwrap_err();
    assert!(error.to_string().contains("was changed in the journal"), "{error}");
    assert_eq!([writes("changed-switch"), writes("another-switch")], [0, 0]);
}

#[tokio::test]
async fn a_plan_with_an_action_of_another_program_can_be_looked_at_and_holds_up_nobody() {
    let foreign = |text: &str| text.replace("test.turn_on", "test.of_another_program");
    let (_world, engine, id) = with_changed_plan("foreign", foreign).await;
    let status = engine.status(&id).await.unwrap().status;
    assert!(matches!(status, RunStatus::Waiting { .. }), "{status}");
    let other = engine.submit(&plan("foreign-other", vec![step("foreign-other")])).await.unwrap();
    engine.resume().await.unwrap();
    assert_eq!(engine.finish(&other).await.unwrap().status, RunStatus::Done);
    assert!(!engine.status(&id).await.unwrap().status.is_final());
    assert_eq!(writes("foreign"), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_journal_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start().await;
    let _engine = world.engine(world.systems()).await;
    let folder = world.journal().parent().unwrap().to_owned();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn progress_is_told_as_it_happens() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let progress = engine.progress();
    let id = engine.submit(&plan("watched", vec![step("watched")])).await.unwrap();
    let told: Vec<Progress> = progress.take(3).collect().await;
    assert!(matches!(&told[0], Progress::Began { run, .. } if *run == id));
    assert!(matches!(&told[1], Progress::Ended { outcome: Outcome::Done, .. }));
    assert!(matches!(&told[2], Progress::Rested { status: RunStatus::Done, .. }));
}

#[test]
fn a_plan_survives_being_written_down() {
    let plan = plan("written", vec![wait(DateTime::UNIX_EPOCH), step("written")]);
    let text = serde_json::to_string(&plan).unwrap();
    let back: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(back.digest(), plan.digest());
}

#[test]
fn any_change_of_a_plan_changes_its_digest() {
    let of = |change: fn(&mut Plan)| {
        let mut plan = plan("digest", vec![step("digest")]);
        change(&mut plan);
        plan.digest()
    };
    let digests = [
        of(|_| ()),
        of(|plan| plan.steps.clear()),
        of(|plan| plan.steps[0].why.push('!')),
        of(|plan| plan.steps[0].on_failure = lifecycle::plan::OnFailure::CarryOn),
        of(|plan| plan.subject.name.push('!')),
        of(|plan| plan.closing.failed.push(step("another"))),
        of(|plan| plan.intent.fingerprint.push('!')),
    ];
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}
