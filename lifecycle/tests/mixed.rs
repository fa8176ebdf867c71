//! Mixed operations in one batch, under production rate limits, with rows that never come right, killed and started again
//! five times, while people leave.
//!
//! Time is the sandbox's, which moves when somebody waits. The full size runs with
//! `cargo test -p identity-lifecycle --test mixed -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::StreamExt as _;
use lifecycle::action::okta::{Account, AddToGroup, EndSessions, Suspend};
use lifecycle::bulk::{AnyOperation, BatchState, Bulk, Partial, Recipe, Report, Row, RowState};
use lifecycle::plan::{Intent, Plan, Precedence, Step, Subject};
use lifecycle::{Engine, Onboard, Operation, OperationError, RunStatus, Systems, ledger};
use okta_client::groups::GroupProfile;
use serde_json::Value;

use support::{World, lamps, policy};

const KILLS: usize = 5;

/// People who leave in each of the program's lives.
const LEAVERS: usize = 2;

/// Gives one person one group.
struct Join {
    user: String,
    group: String,
}

#[async_trait]
impl Operation for Join {
    type Asked = ();

    async fn read(&self, _: &Systems) -> Result<(), OperationError> {
        Ok(())
    }

    fn intent(&self, (): &()) -> Intent {
        Intent::new("join", &format!("{}/{}", self.user, self.group), &self.group, None)
    }

    async fn plan(&self, systems: &Systems, (): ()) -> Result<Plan, OperationError> {
        let user = systems.okta.users().get(&self.user.parse().unwrap()).await?;
        let login = user.profile.login().unwrap().to_owned();
        let subject = Subject { login: login.clone(), name: login.clone(), person: None };
        let mut plan = Plan::new("join", Precedence::Grant, self.intent(&()), subject);
        let account = Account::Existing { id: user.id, login };
        let group = self.group.parse().unwrap();
        plan.steps.push(Step::new(
            "join",
            "a row says so",
            AddToGroup { account, group, group_name: "new".into() },
        ));
        Ok(plan)
    }
}

/// Blocks somebody.
fn leave(user: &Value) -> Plan {
    let (id, login) = (user["id"].as_str().unwrap(), user["profile"]["login"].as_str().unwrap().to_owned());
    let subject = Subject { login: login.clone(), name: login.clone(), person: None };
    let mut plan = Plan::new("leave", Precedence::OffboardNow, Intent::new("leave", id, &id, None), subject);
    let account = Account::Existing { id: id.parse().unwrap(), login };
    plan.steps.push(Step::new("suspend", "block first", Suspend { account: account.clone() }));
    plan.steps.push(Step::new(
        "end-sessions",
        "look second",
        EndSessions { account, tokens: true, forget_devices: true },
    ));
    plan
}

fn recipe() -> Recipe {
    let make = |row: &Row| {
        let (what, who) =
            (row.get("what").unwrap_or_default(), row.get("who").unwrap_or_default().to_owned());
        Ok(match what {
            "hire" => Box::new(Onboard::ticket(who, policy())) as Box<dyn AnyOperation>,
            "join" => Box::new(Join { user: who, group: row.get("group").unwrap_or_default().to_owned() }),
            _ => lamps::operation(&who),
        })
    };
    Recipe::new("mixed", make).required("what").required("who").optional("group")
}

fn row(what: &str, who: &str, group: &str) -> String {
    format!("{what},{who},{group}\n")
}

/// The file: a tenth are hires, one in a hundred never comes right, the others are given groups.
async fn file(world: &World, rows: usize) -> String {
    let state = world.sandbox.state();
    let users = state["okta"]["users"].as_array().unwrap();
    let items = state["servicenow"]["sc_req_item"].as_array().unwrap();
    let poison = (0..rows / 100).map(|n| match n % 3 {
        0 => row("lamp", &format!("mixed/stuck-{n}"), ""),
        1 => row("lamp", &format!("mixed/explodes-{n}"), ""),
        _ => row("join", users[n]["id"].as_str().unwrap(), "00gNoSuchGroup"),
    });
    let hires = items.iter().map(|item| row("hire", item["number"].as_str().unwrap(), ""));
    let mut special = hires.chain(poison.collect::<Vec<_>>());
    let mut groups = Vec::new();
    for n in 0..10 {
        let profile = GroupProfile::new(format!("Mixed {n}"));
        groups.push(world.systems().okta.groups().create(&profile).await.unwrap().id);
    }
    let mut pairs = groups.iter().flat_map(|group| users.iter().map(move |user| (user, group)));
    let mut file = "what,who,group\n".to_owned();
    for n in 0..rows {
        // The first six are what a person would choose for a trial.
        let special = if n > 6 && n % 9 == 0 { special.next() } else { None };
        file += &special.unwrap_or_else(|| {
            let (user, group) = pairs.next().unwrap();
            row("join", user["id"].as_str().unwrap(), group.as_str())
        });
    }
    assert!(special.next().is_none(), "everything is in the file");
    file
}

/// How somebody who left was blocked: after how long, and after how many calls of others.
#[derive(Debug)]
struct Blocked {
    after: TimeDelta,
    calls: usize,
}

async fn leavers(world: &World, engine: &Engine, users: &[Value]) -> Vec<Blocked> {
    let mut blocked = Vec::new();
    for user in users {
        let (submitted, before) = (world.sandbox.clock().now(), world.sandbox.requests().len());
        let run = engine.submit(&leave(user)).await.unwrap();
        let run = engine.finish(&run).await.unwrap();
        assert_eq!(run.status, RunStatus::Done);
        let after = run.step("suspend").unwrap().ended_at.unwrap() - submitted;
        let requests = world.sandbox.requests().split_off(before);
        let calls = requests.iter().position(|request| request.path.ends_with("/lifecycle/suspend")).unwrap();
        blocked.push(Blocked { after, calls });
    }
    blocked
}

async fn until_settled(bulk: &Bulk, engine: &Engine, rows: usize) {
    let mut events = std::pin::pin!(engine.progress());
    while (bulk.report().await.unwrap().rows.settled() as usize) < rows {
        events.next().await;
    }
}

async fn mixed(rows: usize) {
    let world = World::with(|sandbox| sandbox.people(rows / 8 + 20).new_hires(rows / 10)).await;
    let file = file(&world, rows).await;
    let staff = world.sandbox.state()["okta"]["users"].as_array().unwrap().clone();
    let mut leaving = staff.rchunks(LEAVERS);
    let begun = world.sandbox.clock().now();
    let (mut blocked, mut lives) = (Vec::new(), 0);
    let report: Report = loop {
        let engine = world.engine(world.systems()).await;
        let bulk = Bulk::new(&engine, "mixed", recipe()).at_once(8);
        engine.resume().await.unwrap();
        let checked = bulk.check(bulk.recipe().csv(file.as_bytes()).unwrap()).await.unwrap();
        bulk.begin(&checked, Partial::Refuse).await.unwrap();
        lives += 1;
        let share = rows * lives / (KILLS + 1);
        let people = leaving.next().unwrap();
        let until_killed = async {
            // In the middle of the work: all slots are taken, and more rows wait.
            until_settled(&bulk, &engine, share.saturating_sub(rows / 12)).await;
            blocked.extend(leavers(&world, &engine, people).await);
            if lives > KILLS {
                std::future::pending::<()>().await;
            }
            until_settled(&bulk, &engine, share).await;
        };
        let driven = async {
            loop {
                let report = bulk.drive().await.unwrap();
                match &report.state {
                    BatchState::Stopped { why } => {
                        bulk.resume("ann", &format!("known: {why}")).await.unwrap();
                    }
                    _ => break report,
                }
            }
        };
        tokio::select! {
            report = driven => break report,
            () = until_killed => {}
        }
    };
    assert_eq!((lives, &report.state), (KILLS + 1, &BatchState::Done), "{report}");
    let minutes = (world.sandbox.clock().now() - begun).num_minutes();
    println!("{rows} rows in {minutes} min of the sandbox's time; {report}; {blocked:?}");

    everything_is_accounted_for(&world, rows, &report);
    let refused = world.sandbox.requests().iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0, "no request was refused for its number");
    assert_eq!(blocked.len(), LEAVERS * (KILLS + 1));
    // A row that is stuck waits half a minute, then a whole one, and so moves everybody's clock: such a jump may fall into
    // it. What else happened meanwhile shows that nobody was waited for.
    let seconds: Vec<i64> = blocked.iter().map(|blocked| blocked.after.num_seconds() % 30).collect();
    assert!(seconds.iter().all(|seconds| *seconds < 10), "{blocked:?}");
    assert!(blocked.iter().all(|blocked| blocked.calls < 40), "{blocked:?}");
    let engine = world.engine(world.systems()).await;
    ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
}

fn everything_is_accounted_for(world: &World, rows: usize, report: &Report) {
    let of = |state| report.rows.of(state) as usize;
    let poison = rows / 100;
    assert_eq!(of(RowState::Failed) + of(RowState::Quarantined), poison, "{report}");
    assert_eq!(of(RowState::Done) + of(RowState::Superseded), rows - poison, "{report}");
    let state = world.sandbox.state();
    let users = state["okta"]["users"].as_array().unwrap();
    let hires = rows / 10;
    let count = |status: &str| users.iter().filter(|user| user["status"] == status).count();
    assert_eq!((count("PROVISIONED"), count("SUSPENDED")), (hires, LEAVERS * (KILLS + 1)));
    assert_eq!(state["okta"]["mails"].as_array().unwrap().len(), hires, "one mail each");
    let groups = state["okta"]["groups"].as_array().unwrap().iter();
    let new = groups
        .filter(|group| group["profile"]["name"].as_str().is_some_and(|name| name.starts_with("Mixed ")));
    let new: Vec<&Value> = new.map(|group| &group["id"]).collect();
    let joined = users.iter().flat_map(|user| user["groups"].as_array().unwrap());
    let joined = joined.filter(|group| new.contains(group)).count();
    assert!(joined + of(RowState::Superseded) >= rows - poison - hires, "{joined} memberships");
    let log = state["okta"]["logs"].as_array().unwrap();
    let made = log.iter().filter(|event| event["eventType"] == "user.lifecycle.create");
    assert_eq!(made.count(), hires, "nobody was made twice");
    let notes = state["servicenow"]["sys_journal_field"].as_array().unwrap();
    let texts: BTreeSet<&str> = notes.iter().filter_map(|note| note["value"].as_str()).collect();
    assert_eq!(texts.len(), notes.len(), "no note stands there twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_mixed_operations_are_all_accounted_for() {
    mixed(300).await;
}

#[ignore = "takes minutes: the same as above, at full size"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_mixed_operations_are_all_accounted_for() {
    mixed(5000).await;
}
