//! The Batch API, `POST /api/now/v1/batch`: many calls in few requests.
//!
//! It saves round trips and logins, not the instance's time: the calls of a batch run one after the other.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient, ann: servicenow_client::SysId,
//! #     bob: servicenow_client::SysId) -> servicenow_client::Result<()> {
//! use serde_json::json;
//! use servicenow_client::tables::SysUser;
//!
//! let users = servicenow.table::<SysUser>();
//! let mut batch = servicenow.batch();
//! let moved = batch.add(users.update(&ann, &json!({ "title": "Account Executive" })));
//! let left = batch.add(users.update(&bob, &json!({ "active": false })));
//!
//! let mut answers = batch.send().await;
//! println!("{:?}", answers.take(moved)?.title);
//! if let Err(error) = answers.take(left) {
//!     println!("{error}: {:?}", error.delivery());
//! }
//! # Ok(()) }
//! ```
//!
//! **It is not a transaction.** Each call has its own outcome, and one that fails stops none. Calls go in the order in
//! which they were added, but one that has to be repeated goes after the others: put nothing into a batch that depends
//! on another part of it.

mod courier;
mod wire;

use std::fmt;
use std::sync::Arc;

use client_core::{Call, Response};

use self::courier::Courier;
use crate::client::ServiceNowClient;
use crate::prepared::Prepared;
use crate::problem::{Error, Result};

/// How many parts go in one request at most. An instance gives a batch 30 s.
const MOST_PARTS: usize = 40;

/// How long one part's body may be, encoded, and all of a request together: the instance's default for a part.
const MOST_BYTES: usize = 5_000_000;

/// Calls that travel together. See [`ServiceNowClient::batch`].
///
/// It may hold any number: 40 go in one request at most, fewer if they are long or the instance did not get through
/// them in its 30 seconds. All answers are held until they are taken: make several batches of a hundred thousand calls.
#[must_use = "a batch does nothing until it is sent"]
pub struct Batch {
    client: ServiceNowClient,
    parts: Vec<Call<()>>,
    id: Arc<()>,
}

impl Batch {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client, parts: Vec::new(), id: Arc::new(()) }
    }

    /// Adds a call: `table.get(…)`, `create`, `create_as`, `update` or `delete`, or any other by
    /// [`ServiceNowClient::prepare`]. The ticket fetches its answer.
    pub fn add<T>(&mut self, call: Prepared<T>) -> Ticket<T> {
        let part = call.untyped();
        let ours = call.client().origin() == self.client.origin();
        self.parts.push(if ours { part } else { of_another_instance(&part) });
        Ticket { call, at: self.parts.len() - 1, batch: self.id.clone() }
    }

    /// How many calls it holds.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Sends all of it, in as many requests as it takes, one after the other. `POST /api/now/v1/batch`.
    ///
    /// Each part ends as it would have by itself. What the instance did not get to is sent again, for it did not run;
    /// so is what was refused for a while (429, 202), and what failed or got lost if it may be done twice. A part that
    /// may not, and was under way when the batch broke off, is an error that says so:
    /// [`Delivery::Unknown`](crate::Delivery).
    pub async fn send(self) -> Answers {
        let outcomes = Courier::new(&self.client, self.parts).deliver().await;
        Answers { outcomes, batch: self.id }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} calls)", self.parts.len())
    }
}

fn of_another_instance(part: &Call<()>) -> Call<()> {
    let request = part.request().clone().flawed("a call of another instance cannot go in this batch");
    Call::done(part.name(), part.safety(), request)
}

/// What fetches the answer of one call of a batch.
#[must_use = "without its ticket a call's answer cannot be fetched"]
pub struct Ticket<T> {
    call: Prepared<T>,
    at: usize,
    batch: Arc<()>,
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:?})", self.call)
    }
}

/// What came of a part. With an answer goes whether an earlier attempt may have acted.
type Outcome = Result<(Response, bool)>;

/// What came of a batch.
pub struct Answers {
    outcomes: Vec<Option<Outcome>>,
    batch: Arc<()>,
}

impl Answers {
    /// What came of one call: read, checked and compared as if it had gone by itself.
    ///
    /// # Errors
    ///
    /// What the call met, alone or with the whole batch. A ticket of another batch is refused.
    pub fn take<T>(&mut self, ticket: Ticket<T>) -> Result<T> {
        let ours = Arc::ptr_eq(&self.batch, &ticket.batch);
        let outcome = self.outcomes.get_mut(ticket.at).filter(|_| ours).and_then(Option::take);
        let stranger = || Error::invalid(ticket.call.untyped().name(), "the ticket is of another batch");
        let (response, unsure) = outcome.ok_or_else(stranger)??;
        ticket.call.read(response, unsure)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({} calls)", self.outcomes.len())
    }
}
