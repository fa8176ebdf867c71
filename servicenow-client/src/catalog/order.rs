//! Ordering an item, and submitting a record producer.

use std::fmt;
use std::future::IntoFuture;

use client_core::{
    Call, DecodeError, Delivery, ExposeSecret as _, Path, Request, Response, Safety, SecretString,
};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::form::Form;
use super::item::{CatalogItem, QuestionType, question};
use super::{ITEMS, variables};
use crate::client::{ServiceNowClient, result};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::value::Field;

/// How many more people one order can be for.
const MOST_OTHERS: usize = 50;

/// An order of one item: await it, or place it [once](Self::once). See [`Catalog::order`](super::Catalog::order).
///
/// `POST /api/sn_sc/servicecatalog/items/{sys_id}/order_now`. An order is never repeated after an ambiguous end.
///
/// Answers go by the names of the questions and are text: a `sys_id` for a reference, `true` or `false` for a check box,
/// commas between the records of a list, `2026-03-02` and `2026-03-02 17:00:00` for times, in the system's date format. The
/// instance ignores answers to what the item does not ask, and tells of those that it misses without naming them:
/// [compare](Self::checked_against) them first.
#[must_use = "nothing is ordered until it is awaited"]
pub struct Order {
    client: ServiceNowClient,
    item: SysId,
    quantity: u32,
    requested_for: Option<SysId>,
    others: Vec<SysId>,
    form: Form,
}

impl Order {
    pub(super) fn new(client: ServiceNowClient, item: SysId) -> Self {
        Self { client, item, quantity: 1, requested_for: None, others: Vec::new(), form: Form::default() }
    }

    /// How many. Default 1.
    pub fn quantity(mut self, quantity: u32) -> Self {
        self.quantity = quantity;
        self
    }

    /// Who gets it. By default the API user. For somebody else the API user needs a role that the property
    /// `glide.sc.req_for.roles` names.
    pub fn requested_for(mut self, user: &SysId) -> Self {
        self.requested_for = Some(user.clone());
        self
    }

    /// Who gets it too: 50 people at most, and all of them or nobody.
    pub fn also_requested_for<'a>(mut self, users: impl IntoIterator<Item = &'a SysId>) -> Self {
        self.others.extend(users.into_iter().cloned());
        self
    }

    /// Answers a question.
    pub fn answer(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.form.put(name, &value.to_string());
        self
    }

    /// Answers a question with a secret, which nothing here ever shows.
    pub fn secret(mut self, name: &str, value: &SecretString) -> Self {
        self.form.put(name, value.expose_secret());
        self
    }

    /// Compares the answers with what the item asks, before anything is sent: names that it does not have, mandatory
    /// questions without an answer, choices that are none. The item is as [`Catalog::item`](super::Catalog::item) read it.
    pub fn checked_against(mut self, item: &CatalogItem) -> Self {
        self.form.check_against(&item.questions);
        self
    }

    /// The order as a value, to be put into a [batch](crate::batch). Awaiting the order itself does the same alone.
    ///
    /// # Errors
    ///
    /// Of the value: what is wrong with the answers, before anything is sent; what the call met;
    /// [`WrongRecord`](crate::ProblemKind::WrongRecord) if it was answered with something else than a request.
    pub fn prepare(&self) -> Prepared<Ordered> {
        let mut body = json!({ "sysparm_quantity": self.quantity, "variables": self.form.answers() });
        if let Some(user) = &self.requested_for {
            body["sysparm_requested_for"] = user.as_str().into();
        }
        if !self.others.is_empty() {
            let others: Vec<&str> = self.others.iter().map(SysId::as_str).collect();
            body["sysparm_also_request_for"] = others.join(",").into();
        }
        let request = Request::post(Path::new(ITEMS).value(&self.item).word("order_now")).json(&body);
        let request = match self.flaw() {
            Some(why) => request.flawed(why),
            None => request,
        };
        let call = Call::<Json>::write("servicenow.catalog.order", Safety::Unsafe, request);
        Prepared::new(&self.client, call.with_decode(Ordered::read), Placed::ordered)
    }

    /// Orders it unless it was ordered already, by this or an earlier attempt: `key` is the answer to the question
    /// `name`, which the item's designer adds for that, hidden on the form. Orders of this item with that answer are
    /// looked for before, and again if the order's own end is ambiguous. Whether the item asks it is read first: the
    /// instance ignores an answer to no question, so the next attempt would not find it, and order again.
    ///
    /// Two attempts at the same moment can both order.
    ///
    /// # Errors
    ///
    /// What the calls met. [`Delivery::Unknown`] is left if no order shows yet. If answers of the item are hidden from the API
    /// user, or it was ordered more than once under this key, that is an error too, and nothing is ordered. Nor is it if no
    /// [question](super::Catalog::questions) has that name, or a masked one has it, whose answers nobody can look for.
    pub async fn once(self, name: &str, key: &str) -> Result<Ordered> {
        if let Some(found) = variables::ordered_with(&self.client, &self.item, name, key).await? {
            return Ok(found);
        }
        self.keeps(name).await?;
        let order = self.answer(name, key);
        match order.prepare().await {
            Err(error) if error.delivery() == Delivery::Unknown => {
                let found = variables::ordered_with(&order.client, &order.item, name, key).await?;
                found.ok_or(error)
            }
            answer => answer,
        }
    }

    /// Whether an answer to the question of this name can be found again.
    async fn keeps(&self, name: &str) -> Result<()> {
        const CALL: &str = "servicenow.catalog.order";
        let questions = self.client.catalog().questions(&self.item).await?;
        let kind = question(&questions, name).map(|question| question.kind.as_ref());
        let flaw = match kind {
            None => "is no question of the item",
            Some(Some(kind)) if kind.is_answered() && *kind != QuestionType::Masked => return Ok(()),
            Some(_) => "is no question whose answers can be looked for",
        };
        Err(Error::invalid(CALL, format!("`{name}` {flaw}, so what is ordered would not be found by it")))
    }

    fn flaw(&self) -> Option<String> {
        if self.quantity == 0 {
            return Some("a quantity of 0 orders nothing".to_owned());
        }
        if self.others.len() > MOST_OTHERS {
            return Some(format!(
                "an order is for {MOST_OTHERS} more people at most, not {}",
                self.others.len()
            ));
        }
        self.form.flaw()
    }
}

impl IntoFuture for Order {
    type Output = Result<Ordered>;
    type IntoFuture = BoxFuture<'static, Result<Ordered>>;

    fn into_future(self) -> Self::IntoFuture {
        self.prepare().into_future()
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("item", &self.item).finish_non_exhaustive()
    }
}

/// What was ordered: a request, whose items are [another question](super::Catalog::items_of).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ordered {
    /// The request, a `sc_request`.
    pub request: SysId,
    /// Its number: `REQ0010012`.
    pub number: String,
    /// Whether it was there already. Only [`Order::once`] looks.
    pub found: bool,
}

impl Ordered {
    fn read(response: &Response) -> Result<Placed, DecodeError> {
        result(response)
    }
}

/// What an order is answered with. Releases differ in which of the members they send.
#[derive(Deserialize)]
struct Placed {
    #[serde(default)]
    request_id: Field<SysId>,
    #[serde(default)]
    sys_id: Field<SysId>,
    #[serde(default)]
    request_number: Field<String>,
    #[serde(default)]
    number: Field<String>,
    #[serde(default)]
    table: Field<String>,
}

impl Placed {
    fn ordered(self) -> Result<Ordered, ServiceNowProblem> {
        let request = self.request_id.into_option().or(self.sys_id.into_option());
        let number = self.request_number.into_option().or(self.number.into_option());
        match (self.table.as_str().unwrap_or("sc_request"), request, number) {
            ("sc_request", Some(request), Some(number)) => Ok(Ordered { request, number, found: false }),
            (table, ..) => {
                let message =
                    format!("the order was answered with a record of `{table}`, not with a request");
                Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message))
            }
        }
    }
}

/// Answers to a record producer: await it to submit them. See [`Catalog::produce`](super::Catalog::produce).
///
/// `POST /api/sn_sc/servicecatalog/items/{sys_id}/submit_producer`. Never repeated after an ambiguous end. Answers are as in an
/// [`Order`].
#[must_use = "nothing is submitted until it is awaited"]
pub struct RecordProducer {
    client: ServiceNowClient,
    producer: SysId,
    form: Form,
}

impl RecordProducer {
    pub(super) fn new(client: ServiceNowClient, producer: SysId) -> Self {
        Self { client, producer, form: Form::default() }
    }

    /// Answers a question.
    pub fn answer(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.form.put(name, &value.to_string());
        self
    }

    /// Answers a question with a secret, which nothing here ever shows.
    pub fn secret(mut self, name: &str, value: &SecretString) -> Self {
        self.form.put(name, value.expose_secret());
        self
    }

    /// Compares the answers with what the producer asks, before anything is sent.
    pub fn checked_against(mut self, producer: &CatalogItem) -> Self {
        self.form.check_against(&producer.questions);
        self
    }

    /// The submission as a value, to be put into a [batch](crate::batch).
    ///
    /// # Errors
    ///
    /// Of the value: what is wrong with the answers, before anything is sent; what the call met.
    pub fn prepare(&self) -> Prepared<Produced> {
        let path = Path::new(ITEMS).value(&self.producer).word("submit_producer");
        let request = Request::post(path).json(&json!({ "variables": self.form.answers() }));
        let request = match self.form.flaw() {
            Some(why) => request.flawed(why),
            None => request,
        };
        let call = Call::<Json>::write("servicenow.catalog.produce", Safety::Unsafe, request);
        Prepared::new(&self.client, call.with_decode(result::<Produced>), Ok)
    }
}

impl IntoFuture for RecordProducer {
    type Output = Result<Produced>;
    type IntoFuture = BoxFuture<'static, Result<Produced>>;

    fn into_future(self) -> Self::IntoFuture {
        self.prepare().into_future()
    }
}

impl fmt::Debug for RecordProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordProducer").field("producer", &self.producer).finish_non_exhaustive()
    }
}

/// The record that a record producer made. Its `Debug` hides the other members.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Produced {
    /// Its table.
    pub table: String,
    /// Its key.
    pub sys_id: SysId,
    /// Its number, if the table has any.
    #[serde(default)]
    pub number: Field<String>,
    /// Members that came and are none of the above.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl fmt::Debug for Produced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Produced")
            .field("table", &self.table)
            .field("sys_id", &self.sys_id)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
