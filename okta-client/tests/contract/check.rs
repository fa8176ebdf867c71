//! Makes calls against a network that knows only what Okta describes.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use okta_client::{Error, Event, Observer, OktaClient, Transport, TransportError};
use serde_json::{Value, json};

use crate::sample::{Choice, sample};
use crate::support::TestClock;
use crate::support::describe::{self, Description, Operation};

/// More variants than any of Okta's schemas has.
const VARIANTS: usize = 24;

/// The calls that were made, and what was wrong with them.
pub(crate) struct Contract {
    network: Arc<Network>,
    differences: Vec<Difference>,
}

/// Where Okta itself is not as it describes itself.
struct Difference {
    call: &'static str,
    /// `path`, `query`, `body` or `answer`.
    at: &'static str,
    needed: bool,
}

#[derive(Debug, Clone)]
struct Fault {
    call: String,
    at: &'static str,
    what: String,
}

/// Answers what the description says that Okta answers, one variant after the other.
#[derive(Default)]
struct Network {
    descriptions: Vec<Description>,
    /// The answers of an operation.
    answers: Mutex<HashMap<String, Arc<Vec<Answer>>>>,
    run: Mutex<Run>,
}

/// One run of one case.
#[derive(Default)]
struct Run {
    turn: usize,
    adapt: Option<fn(&mut Value)>,
    /// The operation whose object is not there.
    absent: Option<&'static str>,
    /// How many variants the longest list of answers has.
    variants: usize,
    /// What was answered.
    given: Vec<String>,
    calls: BTreeSet<String>,
    all_calls: BTreeSet<String>,
    faults: Vec<Fault>,
}

struct Answer {
    status: u16,
    body: Option<Value>,
}

impl Contract {
    /// None if the descriptions are not there.
    pub(crate) fn load() -> Option<Self> {
        let network = Network { descriptions: describe::load()?, ..Network::default() };
        Some(Self { network: Arc::new(network), differences: Vec::new() })
    }

    /// Makes a call once for each answer that Okta describes, all of which it has to understand.
    pub(crate) async fn check<T>(&mut self, call: impl AsyncFn(OktaClient) -> Result<T, Error>) {
        self.check_adapted(|_| {}, call).await;
    }

    /// Like [`check`](Self::check), for a call that looks at what the answer says: `adapt` makes it say that.
    pub(crate) async fn check_adapted<T>(
        &mut self,
        adapt: fn(&mut Value),
        call: impl AsyncFn(OktaClient) -> Result<T, Error>,
    ) {
        let network = &self.network;
        let mut turn = 0;
        loop {
            let run = network.begin(turn, adapt);
            let result = call(network.client()).await;
            let mut run_now = network.run.lock().unwrap();
            let calls = run_now.calls.iter().cloned().collect::<Vec<_>>().join(", ");
            assert!(!calls.is_empty(), "a case that calls nothing: {:?}", result.err());
            run_now.faults[run..].iter_mut().for_each(|fault| fault.call.clone_from(&calls));
            if let Err(error) = result
                && !run_now.faults[run..].iter().any(|fault| fault.at != "answer")
            {
                let what = format!("{error:?} {:?} after {}", error.failure(), run_now.given.join(", "));
                run_now.faults.push(Fault { call: calls, at: "answer", what });
            }
            turn += 1;
            if turn >= run_now.variants {
                return;
            }
        }
    }

    /// Like [`check`](Self::check), for a call that first looks for what `operation` answers, and goes on if it is not there.
    pub(crate) async fn check_absent<T>(
        &mut self,
        operation: &'static str,
        call: impl AsyncFn(OktaClient) -> Result<T, Error>,
    ) {
        self.network.run.lock().unwrap().absent = Some(operation);
        self.check(call).await;
        self.network.run.lock().unwrap().absent = None;
    }

    /// Says that the live API is not as described: what is found at this place of this call is no fault.
    /// `why` is for the reader.
    pub(crate) fn differs(&mut self, call: &'static str, at: &'static str, why: &'static str) {
        assert!(!why.is_empty());
        self.differences.push(Difference { call, at, needed: false });
    }

    /// Fails if anything was wrong, or any call of this crate was not made.
    pub(crate) fn finish(mut self) {
        let run = std::mem::take(&mut *self.network.run.lock().unwrap());
        let mut faults: Vec<String> = Vec::new();
        for Fault { call, at, what } in run.faults {
            let known = self.differences.iter_mut().find(|known| call.contains(known.call) && known.at == at);
            match known {
                Some(known) => known.needed = true,
                None => faults.push(format!("{call}: {at}: {what}")),
            }
        }
        let idle = self.differences.iter().filter(|difference| !difference.needed);
        faults.extend(idle.map(|Difference { call, at, .. }| format!("{call}: {at}: Okta differs no more")));
        let untested = call_names().into_iter().filter(|name| !run.all_calls.contains(name));
        faults.extend(untested.map(|name| format!("{name}: has no case here")));
        faults.dedup();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }
}

impl Network {
    /// Begins a run; how many faults there were before.
    fn begin(&self, turn: usize, adapt: fn(&mut Value)) -> usize {
        let mut run = self.run.lock().unwrap();
        run.turn = turn;
        run.adapt = Some(adapt);
        if turn == 0 {
            run.variants = 1;
        }
        run.given.clear();
        run.calls.clear();
        run.faults.len()
    }

    fn client(self: &Arc<Self>) -> OktaClient {
        let okta = OktaClient::builder("https://acme.okta.com")
            .api_token("t0ken".into())
            .clock(Arc::new(TestClock::default()))
            .transport(Arc::new(Wire(self.clone())))
            .build()
            .unwrap();
        okta.observed(Arc::new(Names(self.clone())))
    }

    /// Looks at a request, and answers it.
    fn answer(&self, request: &http::Request<Bytes>) -> (u16, Option<Value>) {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let found = self.descriptions.iter().find_map(|description| description.operation(method, path));
        let Some(operation) = found else {
            self.fault("path", format!("{method} {path} is not described"));
            return (200, Some(json!({})));
        };
        self.look_at_query(&operation, request.uri());
        self.look_at_body(&operation, request.body());
        let answers = self.answers_of(&operation);
        let mut run = self.run.lock().unwrap();
        if run.absent == Some(operation.id) {
            return (404, None);
        }
        run.variants = run.variants.max(answers.len());
        let Answer { status, body } = &answers[run.turn % answers.len()];
        let mut body = body.clone();
        if let (Some(adapt), Some(body)) = (run.adapt, &mut body) {
            adapt(body);
        }
        run.given.push(format!("{} {status} {}", operation.id, body.clone().unwrap_or_default()));
        (*status, body)
    }

    fn look_at_query(&self, operation: &Operation<'_>, uri: &http::Uri) {
        let url = url::Url::parse(&uri.to_string()).unwrap();
        let sent: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let known = operation.query();
        for (name, value) in &sent {
            let Some((.., schema)) = known.iter().find(|(known, ..)| known == name) else {
                let known: Vec<_> = known.iter().map(|(name, ..)| *name).collect();
                self.fault("query", format!("{} knows no {name}, only {known:?}", operation.id));
                continue;
            };
            let value = typed(value, operation.description.resolve(schema));
            if let Err(error) = operation.description.validator(schema).validate(&value) {
                self.fault("query", format!("{}: {name}: {error}", operation.id));
            }
        }
        for (name, required, _) in known {
            if required && !sent.iter().any(|(sent, _)| sent == name) {
                self.fault("query", format!("{} needs {name}", operation.id));
            }
        }
    }

    fn look_at_body(&self, operation: &Operation<'_>, body: &Bytes) {
        match (operation.body(), body.is_empty()) {
            (None | Some((_, false)), true) => {}
            (Some((_, true)), true) => self.fault("body", format!("{} needs a body", operation.id)),
            (None, false) => self.fault("body", format!("{} takes no body", operation.id)),
            (Some((schema, _)), false) => {
                let body: Value = serde_json::from_slice(body).unwrap();
                for error in operation.description.validator(schema).iter_errors(&body) {
                    self.fault("body", format!("{}: {error} at {}", operation.id, error.instance_path()));
                }
                for name in operation.description.unknown(schema, &body) {
                    self.fault("body", format!("{} takes no {name}", operation.id));
                }
            }
        }
    }

    fn answers_of(&self, operation: &Operation<'_>) -> Arc<Vec<Answer>> {
        let known = self.answers.lock().unwrap().get(operation.id).cloned();
        known.unwrap_or_else(|| {
            let answers = Arc::new(self.make_answers(operation));
            self.answers.lock().unwrap().insert(operation.id.to_owned(), answers.clone());
            answers
        })
    }

    fn make_answers(&self, operation: &Operation<'_>) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (status, schema, examples) in operation.successes() {
            let Some(schema) = schema else {
                // Okta answers nothing, or an empty object, where it describes no body.
                answers.push(Answer { status, body: None });
                answers.push(Answer { status, body: Some(json!({})) });
                continue;
            };
            let validator = operation.description.validator(schema);
            let choices =
                (0..VARIANTS).flat_map(|variant| [true, false].map(|nulls| Choice { variant, nulls }));
            let made = choices.map(|choice| sample(operation.description, schema, choice));
            let mut seen = BTreeSet::new();
            let mut wrong = None;
            for body in made.chain(examples.into_iter().cloned()) {
                match validator.validate(&body) {
                    Ok(()) if seen.insert(body.to_string()) => {
                        answers.push(Answer { status, body: Some(body) });
                    }
                    Ok(()) => {}
                    Err(error) => {
                        wrong.get_or_insert_with(|| format!("{error} at {}", error.instance_path()));
                    }
                }
            }
            if seen.is_empty() {
                self.fault(
                    "answer",
                    format!("{} {status}: no sample: {}", operation.id, wrong.unwrap_or_default()),
                );
            }
        }
        if answers.is_empty() {
            answers.push(Answer { status: 200, body: None });
        }
        answers
    }

    fn fault(&self, at: &'static str, what: String) {
        // Which call it is of is heard later.
        self.run.lock().unwrap().faults.push(Fault { call: String::new(), at, what });
    }
}

/// The value that a query parameter's text stands for.
fn typed(text: &str, schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("integer" | "number" | "boolean") => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Some("array") => text.split(',').collect(),
        _ => text.into(),
    }
}

/// The names of all calls, as they stand in this crate's sources.
fn call_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let strings = line.split('"').skip(1).step_by(2);
            names.extend(strings.filter(|text| is_call(text)).map(str::to_owned));
        }
    }
    assert!(names.len() > 20, "{names:?}");
    names
}

/// Whether a string is the name of a call: no scope, and not what an error of a list is called.
fn is_call(text: &str) -> bool {
    let words: Vec<_> = text.split('.').collect();
    let named = text.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b));
    named
        && words[0] == "okta"
        && !matches!(words[1..], [] | [_, "read" | "manage"] | ["groups", "find_by_name"] | ["next_page"])
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

struct Wire(Arc<Network>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (status, body) = self.0.answer(&request);
        let answer = http::Response::builder().status(status).header("content-type", "application/json");
        let body = body.map(|body| body.to_string().into()).unwrap_or_default();
        Ok(answer.body(body).unwrap())
    }
}

/// Hears which calls were made.
struct Names(Arc<Network>);

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl Observer for Names {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Attempt(attempt) = event {
            let mut run = self.0.run.lock().unwrap();
            run.calls.insert(attempt.call.to_owned());
            run.all_calls.insert(attempt.call.to_owned());
        }
    }
}
