//! Whatever comes together, about the same people, with faults and crashes in between: in the end nobody has access that
//! nothing explains, and nobody who left can get in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use lifecycle::gate::When;
use lifecycle::{Engine, Offboard, RunStatus};
use proptest::prelude::*;
use sandbox::{AccessRequest, AccessTicket, Effect, Fault};

use support::World;
use support::access::{CRM, PRODUCTION, grant};
use support::looking::text;

/// The groups that are asked for here.
const ASKED_FOR: [&str; 3] = [CRM, PRODUCTION, "Jira Users"];

/// How many people all of it is about.
const PEOPLE: usize = 3;

/// How often everything is taken up at the end, at most.
const ROUNDS: usize = 300;

#[derive(Debug, Clone)]
enum Event {
    /// Somebody asks for access.
    Asks { person: usize, what: &'static str, hours: u8 },
    /// Somebody answers one of the requests so far.
    Answers { request: prop::sample::Index, approves: bool },
    /// Somebody leaves: at once, or in some hours.
    Leaves { person: usize, hours: u8 },
    /// Time goes by, and what is due is taken up.
    Passes { minutes: u16 },
    /// Something goes wrong with a request of the next ones.
    Fails { effect: Effect, skip: u8 },
    /// The engine stops after so much more work, and another one goes on.
    Crashes { after: u16 },
}

fn event() -> impl Strategy<Value = Event> {
    let person = 0..PEOPLE;
    let effect = prop::sample::select(vec![
        Effect::CutBefore,
        Effect::CutAfter,
        Effect::Status(503),
        Effect::Status(429),
    ]);
    prop_oneof![
        4 => (person.clone(), prop::sample::select(vec!["crm", "wiki", "production"]), 1..48u8)
            .prop_map(|(person, what, hours)| Event::Asks { person, what, hours }),
        4 => (any::<prop::sample::Index>(), prop::bool::weighted(0.8))
            .prop_map(|(request, approves)| Event::Answers { request, approves }),
        2 => (person, 0..12u8).prop_map(|(person, hours)| Event::Leaves { person, hours }),
        3 => (1..1440u16).prop_map(|minutes| Event::Passes { minutes }),
        2 => (effect, 0..12u8).prop_map(|(effect, skip)| Event::Fails { effect, skip }),
        2 => (0..2000u16).prop_map(|after| Event::Crashes { after }),
    ]
}

/// Somebody, and who approves for them.
struct Person {
    login: String,
    manager: String,
    had: BTreeSet<String>,
}

struct Company {
    world: World,
    people: Vec<Person>,
    requests: Vec<(usize, AccessTicket)>,
    leaves: BTreeMap<usize, Offboard>,
}

impl Company {
    async fn new() -> Self {
        let world = World::start().await;
        let users = world.rows("sys_user");
        let name = |id: &serde_json::Value| {
            users.iter().find(|user| user["sys_id"] == *id).map(|user| text(&user["user_name"]))
        };
        let pairs =
            users.iter().rev().filter_map(|user| Some((text(&user["user_name"]), name(&user["manager"])?)));
        let known = pairs.filter(|(login, _)| world.find_okta_user(login).is_some());
        let people = known
            .take(PEOPLE)
            .map(|(login, manager)| Person { had: asked_for(&world, &login), login, manager })
            .collect();
        Self { world, people, requests: Vec::new(), leaves: BTreeMap::new() }
    }

    async fn engine(&self) -> Engine {
        self.world.engine(self.world.systems()).await
    }

    async fn happens(&mut self, engine: Engine, event: &Event) -> Engine {
        match event {
            Event::Asks { person, what, hours } => {
                let request = AccessRequest {
                    requested_for: self.people[*person].login.clone(),
                    access: Some((*what).to_owned()),
                    duration: Some(format!("{hours}h")),
                    ..AccessRequest::default()
                };
                if let Ok(ticket) = self.world.sandbox.request_access(&request) {
                    // Somebody who has left, or a fault: asked again at the end.
                    let _ = engine.submit_operation(&grant(&self.world, &ticket)).await;
                    self.requests.push((*person, ticket));
                }
            }
            Event::Answers { request, approves } if !self.requests.is_empty() => {
                let (person, ticket) = request.get(&self.requests);
                let manager = &self.people[*person].manager;
                let state = if *approves { "approved" } else { "rejected" };
                self.world.seconds(1);
                // Answered before, or nobody is asked.
                let _ = self.world.sandbox.answer_approval(&ticket.item_sys_id, manager, manager, state);
            }
            Event::Answers { .. } => {}
            Event::Leaves { person, hours } => {
                let login = self.people[*person].login.clone();
                let leave = match hours {
                    0..6 => Offboard::now(login, "let go"),
                    _ => {
                        let last_hour = self.world.sandbox.clock().now() + TimeDelta::hours((*hours).into());
                        Offboard::at(login, When::utc(last_hour), "moves on")
                    }
                };
                let _ = engine.submit_operation(&leave).await;
                // The first to be asked for is asked for again at the end.
                self.leaves.entry(*person).or_insert(leave);
            }
            Event::Passes { minutes } => {
                self.world.seconds(i64::from(*minutes) * 60);
                engine.resume().await.unwrap();
            }
            Event::Fails { effect, skip } => {
                let fault = match skip % 2 {
                    0 => Fault::okta("*", "/api/v1/", *effect),
                    _ => Fault::servicenow("*", "/api/now/", *effect),
                };
                self.world.sandbox.add_fault(fault.skip((*skip).into()));
            }
            Event::Crashes { after } => {
                for _ in 0..*after {
                    tokio::task::yield_now().await;
                }
                drop(engine);
                let engine = self.engine().await;
                engine.resume().await.unwrap();
                return engine;
            }
        }
        engine
    }

    /// Nothing fails any more, whatever was asked for is asked for again, and time goes by until everything is at rest.
    async fn settles(&self, engine: Engine) -> Engine {
        self.world.sandbox.clear_faults();
        for leave in self.leaves.values() {
            engine.submit_operation(leave).await.unwrap();
        }
        for (person, ticket) in &self.requests {
            // Refused for who has left.
            let _ = engine.submit_operation(&grant(&self.world, ticket)).await;
            // What nobody answered is answered now.
            let manager = &self.people[*person].manager;
            let _ = self.world.sandbox.answer_approval(&ticket.item_sys_id, manager, manager, "rejected");
        }
        for _ in 0..ROUNDS {
            let open = engine.open_runs().await.unwrap();
            let mut next = None;
            for run in &open {
                if let RunStatus::Waiting { until, .. } = engine.finish(run).await.unwrap().status {
                    next = Some(next.map_or(until, |next: chrono::DateTime<chrono::Utc>| next.min(until)));
                }
            }
            if open.is_empty() {
                return engine;
            }
            let clock = self.world.sandbox.clock();
            clock.advance_to(next.unwrap_or_default().max(clock.now() + TimeDelta::hours(1)));
            engine.resume().await.unwrap();
        }
        panic!("{:?} never came to rest", engine.open_runs().await.unwrap());
    }

    fn assert_explained(&self) {
        for (number, Person { login, had, .. }) in self.people.iter().enumerate() {
            let has = asked_for(&self.world, login);
            if !self.leaves.contains_key(&number) {
                // Every grant has come to its end by now.
                assert_eq!(has, *had, "{login} stays");
                continue;
            }
            assert_eq!(has, BTreeSet::new(), "{login} left");
            let status = text(&self.world.okta_user(login)["status"]);
            assert!(
                ["SUSPENDED", "DEPROVISIONED"].contains(&status.as_str()),
                "{login} left and is {status}"
            );
            let row = self.world.rows("sys_user").into_iter().find(|row| row["user_name"] == *login).unwrap();
            assert_eq!(row["locked_out"], "true", "{login} left");
        }
    }
}

fn asked_for(world: &World, login: &str) -> BTreeSet<String> {
    let groups = world.groups_of(&world.okta_user(login));
    groups.into_iter().filter(|group| ASKED_FOR.contains(&group.as_str())).collect()
}

/// A dozen, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12);
    ProptestConfig { cases, max_shrink_iters: 32, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nobody_keeps_what_nothing_explains(events in prop::collection::vec(event(), 4..16)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut company = Company::new().await;
            let mut engine = company.engine().await;
            for event in &events {
                engine = company.happens(engine, event).await;
            }
            let engine = company.settles(engine).await;
            company.assert_explained();
            lifecycle::ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
        });
    }
}
