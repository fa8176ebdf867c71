//! Packs parts into requests, sends those, and sorts what comes back, until each part has an outcome.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use client_core::{
    Call, Class, Delivery, FailedPart, Failure, Path, Problem as _, Request, Response, Safety, TransportError,
};

use super::wire::{Item, Reply, Sent};
use super::{MOST_BYTES, MOST_PARTS, Outcome};
use crate::client::ServiceNowClient;
use crate::problem::{Error, Result, ServiceNowProblem};

pub(super) struct Courier<'a> {
    client: &'a ServiceNowClient,
    parts: Vec<Part>,
    /// What goes next, in order.
    open: VecDeque<usize>,
    /// What goes again after a pause.
    later: Vec<usize>,
    /// How long the instance wants that pause to be.
    pause: Duration,
    /// How many parts go in one request: less, once the instance did not get through so many.
    most: usize,
}

struct Part {
    call: Call<()>,
    tries: u32,
    /// Whether an earlier attempt may have acted.
    unsure: bool,
    outcome: Option<Outcome>,
}

/// What goes in one request.
struct Parcel {
    id: String,
    parts: Vec<usize>,
    items: Vec<Item>,
    size: usize,
    safety: Safety,
}

impl<'a> Courier<'a> {
    pub(super) fn new(client: &'a ServiceNowClient, calls: Vec<Call<()>>) -> Self {
        let open = (0..calls.len()).collect();
        let part = |call| Part { call, tries: 0, unsure: false, outcome: None };
        let parts = calls.into_iter().map(part).collect();
        Self { client, parts, open, later: Vec::new(), pause: Duration::ZERO, most: MOST_PARTS }
    }

    pub(super) async fn deliver(mut self) -> Vec<Option<Outcome>> {
        let mut delays = self.client.pipeline.delays();
        loop {
            while let Some(parcel) = self.pack() {
                self.send(parcel).await;
            }
            if self.later.is_empty() {
                return self.parts.into_iter().map(|part| part.outcome).collect();
            }
            let pause = std::mem::take(&mut self.pause).max(delays());
            self.client.clock().sleep(pause).await;
            self.later.sort_unstable();
            self.open.extend(self.later.drain(..));
        }
    }

    /// The next parts that fit together.
    fn pack(&mut self) -> Option<Parcel> {
        let mut parcel = Parcel::new(self.client);
        while let Some(&at) = self.open.front() {
            match self.item(at) {
                Ok(item) if parcel.takes(&item, self.most) => {
                    parcel.put(at, item, self.parts[at].call.safety());
                }
                Ok(_) => break,
                Err(error) => self.parts[at].outcome = Some(Err(error)),
            }
            self.open.pop_front();
        }
        (!parcel.parts.is_empty()).then_some(parcel)
    }

    fn item(&self, at: usize) -> Result<Item> {
        let call = &self.parts[at].call;
        let item = Item::new(at, &self.client.pipeline.enclosed(call)?);
        if item.body_size() <= MOST_BYTES {
            return Ok(item);
        }
        let why = "its body is too long for a batch, which takes 5 MB of base64 for a part: make the call by itself";
        Err(Error::invalid(call.name(), why))
    }

    async fn send(&mut self, parcel: Parcel) {
        match self.client.pipeline.send_with_response(&parcel.call()).await {
            Ok((reply, response)) if reply.is_to(&parcel.id) => self.sort(&parcel, reply, &response),
            Ok(_) => self.lost(&parcel, &Loss::of("the answer is to another batch")),
            Err(error) => self.lost(&parcel, &Loss::with(&error)),
        }
    }

    /// Each part gets its answer, or another chance.
    fn sort(&mut self, parcel: &Parcel, reply: Reply, response: &Response) {
        let unserviced: HashSet<usize> = reply.unserviced().collect();
        let mut answers: HashMap<usize, Option<Response>> = HashMap::new();
        for (at, answer) in reply.serviced() {
            // Who was answered twice ran once at least: the first answer stands.
            answers.entry(at).or_insert(answer);
        }
        let mut waiting = Vec::new();
        for &at in &parcel.parts {
            match answers.remove(&at) {
                Some(Some(answer)) => self.serviced(at, of_batch(answer, response)),
                Some(None) => self.unanswered(at, Loss::of("its answer in the batch has no status")),
                None if unserviced.contains(&at) => waiting.push(at),
                None => self.unanswered(at, Loss::of("the batch ended before it was answered")),
            }
        }
        self.unserviced(waiting, parcel.parts.len());
    }

    fn serviced(&mut self, at: usize, answer: Response) {
        let part = &mut self.parts[at];
        match self.client.pipeline.answered(&part.call, answer, part.unsure) {
            Ok(((), answer)) => part.outcome = Some(Ok((answer, part.unsure))),
            Err(failed) => self.failed(at, failed),
        }
    }

    /// These did not run: they go again at once, with no more beside them than ran this time. If none did, the
    /// instance is too busy, and they wait.
    fn unserviced(&mut self, waiting: Vec<usize>, sent: usize) {
        let ran = sent - waiting.len();
        if ran == 0 {
            for at in waiting {
                self.unanswered(at, Loss::new("the instance did not get to it", Delivery::Refused));
            }
            return;
        }
        if !waiting.is_empty() {
            self.most = ran;
        }
        for at in waiting.into_iter().rev() {
            self.open.push_front(at);
        }
    }

    /// The whole request came to nothing, though the pipeline repeated it as often as it may. If that was not at all,
    /// since nobody knows what was done, each part that may be done twice has another chance.
    fn lost(&mut self, parcel: &Parcel, loss: &Loss) {
        let repeated = parcel.safety == Safety::Read || loss.delivery != Delivery::Unknown;
        for &at in &parcel.parts {
            if repeated {
                self.parts[at].tries = u32::MAX;
            }
            self.unanswered(at, loss.clone());
        }
    }

    fn unanswered(&mut self, at: usize, loss: Loss) {
        let Part { call, unsure, .. } = &self.parts[at];
        let failed = self.client.pipeline.unanswered(call, loss.failure, loss.delivery, *unsure);
        self.failed(at, failed);
    }

    /// Another chance, or the end.
    fn failed(&mut self, at: usize, failed: FailedPart<ServiceNowProblem>) {
        let part = &mut self.parts[at];
        part.tries = part.tries.saturating_add(1);
        part.unsure |= failed.error.delivery() == Delivery::Unknown;
        if failed.again && part.tries < self.client.pipeline.retry().attempts {
            self.pause = self.pause.max(failed.closed_for);
            self.later.push(at);
        } else {
            part.outcome = Some(Err(failed.error));
        }
    }
}

impl Parcel {
    fn new(client: &ServiceNowClient) -> Self {
        let id = format!("{:016x}", client.pipeline.randomness().next_u64());
        Self { id, parts: Vec::new(), items: Vec::new(), size: 0, safety: Safety::Read }
    }

    fn takes(&self, item: &Item, most: usize) -> bool {
        self.parts.is_empty() || (self.parts.len() < most && self.size + item.size() <= MOST_BYTES)
    }

    fn put(&mut self, at: usize, item: Item, safety: Safety) {
        self.size += item.size();
        self.parts.push(at);
        self.items.push(item);
        if safety != Safety::Read {
            self.safety = Safety::Unsafe;
        }
    }

    /// Never repeated as it is after an ambiguous end if it changes anything: the courier knows its parts better.
    fn call(&self) -> Call<Reply> {
        let sent = Sent { batch_request_id: &self.id, rest_requests: &self.items };
        let request = Request::post(Path::new("/api/now/v1/batch")).json(&sent);
        Call::write("servicenow.batch", self.safety, request)
    }
}

/// Why a part has no answer of its own.
#[derive(Clone)]
struct Loss {
    failure: Failure<ServiceNowProblem>,
    delivery: Delivery,
}

impl Loss {
    fn new(what: &str, delivery: Delivery) -> Self {
        Self { failure: Failure::Transport(TransportError::new(what, delivery)), delivery }
    }

    fn of(what: &str) -> Self {
        Self::new(what, Delivery::Unknown)
    }

    /// What the whole request met. That it was done says nothing of its parts, and that the batch was not found, or not
    /// allowed, is not said of a part's record.
    fn with(error: &Error) -> Self {
        let delivery = match error.delivery() {
            Delivery::Done => Delivery::Unknown,
            delivery => delivery,
        };
        let failure = match error.failure() {
            Failure::Decode(_) => return Self::new("the batch's answer cannot be read", delivery),
            Failure::Protocol(what) => return Self::new(&format!("the batch got {what}"), delivery),
            Failure::Api(problem) if about_records(problem.class()) => {
                Failure::Protocol(format!("the batch was refused: {problem}"))
            }
            failure => failure.clone(),
        };
        Self { failure, delivery }
    }
}

fn about_records(class: Class) -> bool {
    matches!(class, Class::NotFound | Class::Conflict | Class::WrongState)
}

/// The id in the transaction log is the batch's, where a part has none.
fn of_batch(mut answer: Response, batch: &Response) -> Response {
    const ID: &str = "x-transaction-id";
    if let (None, Some(id)) = (answer.headers.get(ID), batch.headers.get(ID)) {
        answer.headers.insert(ID, id.clone());
    }
    answer
}
