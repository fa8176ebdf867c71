//! Runs that wait, give way, and come to other ends than done.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use lifecycle::gate::{At, Signal, Until};
use lifecycle::ledger::Entry;
use lifecycle::plan::{Claim, Intent, Plan, PlanFlaw, Precedence, Step, Subject};
use lifecycle::run::{Outcome, Ruling, Verdict};
use lifecycle::{Engine, EngineError, Run, RunId, RunStatus};

use support::World;
use support::house::{IsOn, TurnOff, TurnOn, switch, writes};

fn on(name: &str) -> TurnOn {
    TurnOn { switch: name.to_owned() }
}

fn off(name: &str) -> TurnOff {
    TurnOff { switch: name.to_owned() }
}

fn is_on(name: &str) -> IsOn {
    IsOn { switch: name.to_owned() }
}

fn said(name: &str) -> Step {
    let waits_for = "somebody to say so".to_owned();
    Step::gate("said", "somebody has to say so", Signal { name: name.to_owned(), waits_for })
}

fn at(instant: DateTime<Utc>) -> Step {
    Step::gate("at", "it is not time yet", At::new(instant.into()))
}

/// A plan about the person `about`, for the request `key`.
fn plan(key: &str, about: &str, precedence: Precedence, steps: Vec<Step>) -> Plan {
    let subject = Subject {
        login: format!("{about}@acme.example"),
        name: about.to_owned(),
        person: Some(format!("person of {about}")),
    };
    Plan { steps, ..Plan::new("light", precedence, Intent::new("light", key, &key, None), subject) }
}

fn grant(key: &str, steps: Vec<Step>) -> Plan {
    plan(key, key, Precedence::Grant, steps)
}

struct House {
    world: World,
    engine: Engine,
}

impl House {
    async fn open() -> Self {
        let world = World::start().await;
        let engine = world.engine(world.systems()).await;
        Self { world, engine }
    }

    /// The engine stops, and another one has its journal.
    async fn reopen(self) -> Self {
        let Self { world, engine } = self;
        drop(engine);
        let engine = world.engine(world.systems()).await;
        Self { world, engine }
    }

    async fn begin(&self, plan: &Plan) -> RunId {
        let id = self.engine.submit(plan).await.unwrap();
        self.engine.finish(&id).await.unwrap();
        id
    }

    async fn resume(&self) -> Vec<RunId> {
        let resumed = self.engine.resume().await.unwrap();
        for run in &resumed {
            self.engine.finish(run).await.unwrap();
        }
        resumed
    }

    async fn run(&self, id: &RunId) -> Run {
        self.engine.finish(id).await.unwrap()
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.sandbox.clock().now()
    }

    fn pass(&self, time: TimeDelta) {
        self.world.sandbox.clock().advance_to(self.now() + time);
    }
}

fn outcome<'a>(run: &'a Run, step: &str) -> &'a Outcome {
    run.step(step).unwrap().outcome.as_ref().unwrap()
}

#[tokio::test]
async fn a_signal_opens_its_gate_also_if_it_came_before_and_across_restarts() {
    let house = House::open().await;
    let steps = |name: &str| vec![said("lights"), Step::new("on", "dark", on(name))];
    let id = house.begin(&grant("signal", steps("signal"))).await;
    assert!(matches!(house.run(&id).await.status, RunStatus::Waiting { .. }));
    let house = house.reopen().await;
    assert_eq!(house.resume().await, [], "nothing is due");
    house.engine.signal(&id, "other", "").await.unwrap();
    assert!(matches!(house.run(&id).await.status, RunStatus::Waiting { .. }));
    house.engine.signal(&id, "lights", "by ann").await.unwrap();
    let run = house.run(&id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(run.step("said").unwrap().findings["lights"], "by ann");
    assert_eq!(writes("signal"), 1);
    let error = house.engine.signal(&id, "lights", "again").await.unwrap_err();
    assert!(matches!(error, EngineError::AtRest { .. }), "{error}");
}

#[tokio::test]
async fn a_gate_that_waited_in_vain_has_failed() {
    let house = House::open().await;
    let deadline = house.now() + TimeDelta::hours(1);
    let id =
        house.begin(&grant("vain", vec![said("x").until(deadline), Step::new("on", "", on("vain"))])).await;
    house.pass(TimeDelta::hours(1));
    assert_eq!(house.resume().await, std::slice::from_ref(&id));
    let run = house.run(&id).await;
    assert!(matches!(run.status, RunStatus::NeedsHuman { .. }));
    assert!(outcome(&run, "said").to_string().contains("waited in vain for somebody to say so"));
    assert_eq!(writes("vain"), 0);
}

#[tokio::test]
async fn a_gate_that_is_refused_undoes_and_closes_as_declined() {
    let house = House::open().await;
    switch("refused-was-on", |switch| switch.on = true);
    switch("refused-gate", |switch| switch.found = Some("no"));
    let mut plan = grant(
        "refused",
        vec![
            Step::new("ours", "", on("refused-ours")).undone_by(off("refused-ours")),
            Step::new("was-on", "", on("refused-was-on")).undone_by(off("refused-was-on")),
            Step::gate("gate", "", Until::new(is_on("refused-gate"), 60)),
            Step::new("after", "", on("refused-after")),
        ],
    );
    plan.closing.done.push(Step::new("told-done", "", on("refused-done")));
    plan.closing.declined.push(Step::new("told-declined", "", on("refused-declined")));
    let run = house.run(&house.begin(&plan).await).await;
    assert_eq!(run.status, RunStatus::Declined { step: "gate".parse().unwrap(), why: "no".into() });
    assert_eq!(*outcome(&run, "undo.ours"), Outcome::Done);
    let now = |name| switch(name, |switch| switch.on);
    assert!(!now("refused-ours") && now("refused-was-on"), "what was so before stays");
    assert!(now("refused-declined") && !now("refused-done") && !now("refused-after"));
}

#[tokio::test]
async fn a_condition_is_looked_at_again_after_a_while() {
    let house = House::open().await;
    let gate = Step::gate("gate", "", Until::new(is_on("condition"), 60));
    let id = house.begin(&grant("condition", vec![gate])).await;
    switch("condition", |switch| switch.on = true);
    house.pass(TimeDelta::seconds(59));
    assert_eq!(house.resume().await, []);
    house.pass(TimeDelta::seconds(1));
    house.resume().await;
    assert_eq!(house.run(&id).await.status, RunStatus::Done);
}

#[tokio::test]
async fn a_guard_that_does_not_hold_stops_what_needs_it_and_nothing_else() {
    let house = House::open().await;
    let mut plan = grant(
        "guarded",
        vec![
            Step::guard("guard", "", is_on("guarded-guard")),
            Step::new("harmless", "", on("guarded-harmless")),
            Step::new("destructive", "", on("guarded-destructive")).needs(["guard"]),
            Step::new("after", "", on("guarded-after")),
        ],
    );
    plan.closing.failed.push(Step::new("told", "", on("guarded-told")));
    let id = house.begin(&plan).await;
    let run = house.run(&id).await;
    assert!(matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "guard"));
    assert!(matches!(outcome(&run, "guard"), Outcome::Held { .. }));
    assert_eq!(*outcome(&run, "destructive"), Outcome::Skipped { needs: "guard".parse().unwrap() });
    assert_eq!(
        ["harmless", "after", "told", "destructive"].map(|n| writes(&format!("guarded-{n}"))),
        [1, 1, 1, 0]
    );

    // A person overrules the guard: the rest is done, and nothing twice.
    let ruling = |verdict| Ruling { by: "ann".into(), why: "checked by hand".into(), verdict };
    let waive = |step: &str| Verdict::Waive(step.parse().unwrap());
    let error = house.engine.decide(&id, ruling(waive("no-such-step"))).await.unwrap_err();
    assert!(matches!(error, EngineError::NothingToWaive { .. }));
    house.engine.decide(&id, ruling(waive("guard"))).await.unwrap();
    let run = house.run(&id).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(
        ["harmless", "after", "told", "destructive"].map(|n| writes(&format!("guarded-{n}"))),
        [1, 1, 1, 1]
    );
    let records = house.engine.ledger(Some(&id)).await.unwrap();
    assert!(
        records.iter().any(|record| matches!(&record.entry, Entry::Ruled { ruling } if ruling.by == "ann"))
    );
    let error = house.engine.decide(&id, ruling(Verdict::Retry)).await.unwrap_err();
    assert!(matches!(error, EngineError::NothingToDecide { .. }));
}

#[tokio::test]
async fn a_guard_is_looked_at_again_when_its_run_is_taken_up() {
    let house = House::open().await;
    switch("standing-guard", |switch| switch.on = true);
    let plan = grant(
        "standing",
        vec![
            Step::guard("guard", "", is_on("standing-guard")),
            said("go"),
            Step::new("destructive", "", on("standing")).needs(["guard"]),
        ],
    );
    let id = house.begin(&plan).await;
    assert_eq!(*outcome(&house.run(&id).await, "guard"), Outcome::Done);
    switch("standing-guard", |switch| switch.on = false);
    house.engine.signal(&id, "go", "").await.unwrap();
    let run = house.run(&id).await;
    assert!(matches!(outcome(&run, "guard"), Outcome::Held { .. }));
    assert_eq!(writes("standing"), 0);
    // Mended: tried again, it goes through.
    switch("standing-guard", |switch| switch.on = true);
    let ruling = Ruling { by: "ann".into(), why: "mended".into(), verdict: Verdict::Retry };
    house.engine.decide(&id, ruling).await.unwrap();
    assert_eq!(house.run(&id).await.status, RunStatus::Done);
    assert_eq!(writes("standing"), 1);
}

#[tokio::test]
async fn what_is_away_holds_up_only_what_must_not_go_without_it() {
    let house = House::open().await;
    switch("away", |switch| switch.away = true);
    let plan = grant(
        "away",
        vec![
            Step::new("away", "", on("away")).escalating(),
            Step::new("here", "", on("away-here")),
            Step::new("dependent", "", on("away-dependent")).needs(["away"]),
            said("go"),
            Step::new("behind", "", on("away-behind")),
        ],
    );
    let id = house.begin(&plan).await;
    let run = house.run(&id).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    assert_eq!(["here", "dependent"].map(|n| writes(&format!("away-{n}"))), [1, 0]);
    // Waiting does not keep it from being tried again, nor does it keep the gate from opening.
    house.engine.signal(&id, "go", "").await.unwrap();
    let run = house.run(&id).await;
    assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
    assert_eq!(writes("away-behind"), 1);
    switch("away", |switch| switch.away = false);
    house.resume().await;
    assert_eq!(house.run(&id).await.status, RunStatus::Done);
    assert_eq!(writes("away-dependent"), 1);
}

#[tokio::test]
async fn what_is_called_off_is_undone_up_to_what_is_irrevocable() {
    let house = House::open().await;
    let steps = |name: &str, irrevocable: bool| {
        let step = Step::new("first", "", on(name)).undone_by(off(name));
        let second = Step::new("second", "", on(&format!("{name}-second")));
        vec![step, if irrevocable { second.irrevocable() } else { second }, said("never")]
    };
    for (name, irrevocable) in [("off-early", false), ("off-late", true)] {
        let id = house.begin(&grant(name, steps(name, irrevocable))).await;
        house.engine.cancel(&id, "ann", "not needed").await.unwrap();
        let run = house.run(&id).await;
        assert_eq!(run.status, RunStatus::Cancelled { by: "ann".into(), why: "not needed".into() });
        assert_eq!(switch(name, |switch| switch.on), irrevocable, "{name}");
        let error = house.engine.cancel(&id, "ann", "again").await.unwrap_err();
        assert!(matches!(error, EngineError::AtRest { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_pair_is_undone_if_its_second_half_fails() {
    let house = House::open().await;
    switch("pair-second", |switch| switch.found = Some("in use"));
    let steps = vec![
        Step::new("first", "", on("pair-first")).undone_by(off("pair-first")),
        Step::new("second", "", on("pair-second")),
    ];
    let plan = Plan { undo_on_failure: true, ..grant("pair", steps) };
    let run = house.run(&house.begin(&plan).await).await;
    assert!(matches!(&run.status, RunStatus::NeedsHuman { step, .. } if step.as_str() == "second"));
    assert!(!switch("pair-first", |switch| switch.on));
}

#[tokio::test]
async fn a_leaver_ends_what_is_open_about_the_person_and_grants_end_with_it() {
    let house = House::open().await;
    let mut open = plan(
        "leaver-grant",
        "leaver",
        Precedence::Grant,
        vec![
            Step::new("give", "", on("leaver-grant")),
            at(house.now() + TimeDelta::days(30)),
            Step::new("take", "", off("leaver-grant")),
        ],
    );
    open.claims.push(Claim {
        step: "give".parse().unwrap(),
        target: "lamp".into(),
        until: None,
        ends_with: None,
    });
    open.closing.declined.push(Step::new("told", "", on("leaver-told")));
    let grant = house.begin(&open).await;
    let systems = &house.world.systems();
    assert_eq!(systems.claims(&open.subject).await.unwrap(), None, "without an engine nobody knows");

    let leave =
        plan("leaver", "leaver", Precedence::Offboard, vec![Step::new("off", "", off("leaver-grant"))]);
    let leaver = house.begin(&leave).await;
    assert_eq!(house.run(&leaver).await.status, RunStatus::Done);
    let run = house.run(&grant).await;
    assert_eq!(run.status, RunStatus::Superseded { by: leaver });
    assert_eq!(writes("leaver-told"), 1);
    assert!(!switch("leaver-grant", |switch| switch.on));
    house.pass(TimeDelta::days(31));
    assert_eq!(house.resume().await, []);
}

#[tokio::test]
async fn who_leaves_later_keeps_until_then_what_is_open_and_its_end() {
    let house = House::open().await;
    let last_day = house.now() + TimeDelta::days(2);
    let open = |key: &str, days| {
        let end = at(house.now() + TimeDelta::days(days));
        let steps = vec![Step::new("give", "", on(key)), end, Step::new("take", "", off(key))];
        plan(key, "later", Precedence::Grant, steps)
    };
    let short = house.begin(&open("later-short", 1)).await;
    let long = house.begin(&open("later-long", 30)).await;
    let leave = plan(
        "later",
        "later",
        Precedence::Offboard,
        vec![at(last_day), Step::new("off", "", off("later-long"))],
    );
    let leave = Plan { takes_over_after: Some("at".parse().unwrap()), ..leave };
    let leaver = house.begin(&leave).await;
    house.pass(TimeDelta::days(1));
    house.resume().await;
    assert_eq!(house.run(&short).await.status, RunStatus::Done, "it has come to its own end");
    house.pass(TimeDelta::days(1));
    house.resume().await;
    house.resume().await;
    assert_eq!(house.run(&leaver).await.status, RunStatus::Done);
    assert_eq!(house.run(&long).await.status, RunStatus::Superseded { by: leaver });
}

#[tokio::test]
async fn a_leaver_leaves_once_whoever_asks_and_sooner_if_somebody_says_now() {
    let house = House::open().await;
    let leave = |key: &str, precedence| plan(key, "twice", precedence, vec![said("last-day")]);
    let first = house.begin(&leave("twice-1", Precedence::Offboard)).await;
    assert_eq!(house.begin(&leave("twice-2", Precedence::Offboard)).await, first);
    // Asked again, the second request finds its run.
    assert_eq!(house.begin(&leave("twice-2", Precedence::Offboard)).await, first);
    let records = house.engine.ledger(Some(&first)).await.unwrap();
    assert_eq!(records.iter().filter(|record| matches!(record.entry, Entry::Joined { .. })).count(), 1);
    let now = house.begin(&leave("twice-now", Precedence::OffboardNow)).await;
    assert_ne!(now, first);
    assert_eq!(house.run(&first).await.status, RunStatus::Superseded { by: now.clone() });
    assert_eq!(house.begin(&leave("twice-3", Precedence::Offboard)).await, now);
}

#[tokio::test]
async fn what_was_overtaken_is_not_taken_up_again() {
    let house = House::open().await;
    switch("overtaken", |switch| switch.found = Some("odd"));
    let join =
        plan("overtaken", "overtaken", Precedence::Onboard, vec![Step::new("on", "", on("overtaken"))]);
    let id = house.begin(&join).await;
    let leave = plan(
        "overtaker",
        "overtaken",
        Precedence::OffboardNow,
        vec![Step::new("off", "", off("overtaken-2"))],
    );
    let leaver = house.begin(&leave).await;
    switch("overtaken", |switch| switch.found = None);
    let ruling = |verdict| Ruling { by: "ann".into(), why: "mended".into(), verdict };
    let error = house.engine.decide(&id, ruling(Verdict::Retry)).await.unwrap_err();
    assert!(matches!(error, EngineError::Overtaken { by, .. } if by == leaver));
    assert_eq!(writes("overtaken"), 0);
    house.engine.decide(&id, ruling(Verdict::Abort)).await.unwrap();
    assert!(matches!(house.run(&id).await.status, RunStatus::Cancelled { .. }));
}

#[tokio::test]
async fn after_a_restart_leavers_go_first_then_ends_that_are_overdue_then_the_others() {
    let house = House::open().await;
    let due = house.now() + TimeDelta::hours(1);
    let waiting = |key: &str, precedence, revokes: bool| {
        let gate = At { revokes, ..At::new(due.into()) };
        plan(key, key, precedence, vec![Step::gate("at", "", gate)])
    };
    let join = house.begin(&waiting("order-join", Precedence::Onboard, false)).await;
    let expiry = house.begin(&waiting("order-expiry", Precedence::Grant, true)).await;
    let grant = house.begin(&waiting("order-grant", Precedence::Grant, false)).await;
    let leaver = house.begin(&waiting("order-leaver", Precedence::OffboardNow, false)).await;
    let house = house.reopen().await;
    house.pass(TimeDelta::hours(2));
    assert_eq!(house.resume().await, [leaver, expiry, join, grant]);
}

#[tokio::test]
async fn keeping_time_takes_up_what_is_due_and_what_stalled() {
    let house = House::open().await;
    let due = house.now() + TimeDelta::days(3);
    let timed = house.begin(&grant("kept", vec![at(due), Step::new("on", "", on("kept"))])).await;
    switch("kept-away", |switch| switch.away = true);
    let stalled = house.begin(&grant("kept-away", vec![Step::new("on", "", on("kept-away"))])).await;
    assert!(matches!(house.run(&stalled).await.status, RunStatus::Stalled { .. }));
    switch("kept-away", |switch| switch.away = false);
    let both = async {
        loop {
            let runs = [house.run(&timed).await, house.run(&stalled).await];
            if runs.iter().all(|run| run.status == RunStatus::Done) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = both => {}
        ended = house.engine.keep_time() => panic!("{ended:?}"),
    }
    assert!(house.now() >= due);
}

#[tokio::test]
async fn a_flawed_plan_is_refused() {
    let house = House::open().await;
    let refused = async |plan: Plan| match house.engine.submit(&plan).await {
        Err(EngineError::Flawed(flaw)) => flaw,
        other => panic!("{other:?}"),
    };
    let later = vec![Step::new("a", "", on("a")).needs(["b"]), Step::new("b", "", on("b"))];
    assert!(matches!(refused(grant("later", later)).await, PlanFlaw::NeedsLater { .. }));
    let long = "x".repeat(60);
    let long = vec![Step::new(&long, "", on("a")).undone_by(off("a"))];
    assert!(matches!(refused(grant("long", long)).await, PlanFlaw::NameTooLong(_)));
    let mut claims = grant("claims", vec![]);
    claims.claims.push(Claim {
        step: "b".parse().unwrap(),
        target: "lamp".into(),
        until: None,
        ends_with: None,
    });
    assert!(matches!(refused(claims).await, PlanFlaw::ClaimsNothing { .. }));
    assert!(house.engine.ledger(None).await.unwrap().is_empty());
}
