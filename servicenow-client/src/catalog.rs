//! The Service Catalog: what can be ordered, ordering it once, and following what was ordered to its tasks.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient, item: servicenow_client::SysId,
//! #     nora: servicenow_client::SysId) -> servicenow_client::Result<()> {
//! let catalog = servicenow.catalog();
//! let item = catalog.item(&item).await?;
//! let ordered = catalog
//!     .order(&item.sys_id)
//!     .requested_for(&nora)
//!     .answer("laptop", "14-inch")
//!     .checked_against(&item)
//!     .once("integration_key", "run-42/step-3")
//!     .await?;
//! for item in catalog.items_of(&ordered.request).await?.rows {
//!     println!("{:?}: {} tasks", item.number, catalog.tasks_of(&item.sys_id).await?.rows.len());
//! }
//! # Ok(()) }
//! ```
//!
//! There is no cart here: ServiceNow keeps **one cart for each user account**, so what two runs of one integration put into
//! theirs would be ordered together. [`Catalog::order`] orders in one step.

mod form;
mod item;
mod order;
mod variables;

use std::fmt;

use client_core::{Call, Listing, Page, Path, Request};
use serde_json::Value as Json;

pub use self::item::{CatalogItem, CatalogRef, Question, QuestionChoice, QuestionType};
pub use self::order::{Order, Ordered, Produced, RecordProducer};
pub(crate) use self::variables::of;
pub use self::variables::{Variable, VariableSet, Variables};
use crate::client::{ServiceNowClient, result};
use crate::id::SysId;
use crate::last_page::LastPage;
use crate::problem::{Error, Result};
use crate::query::Query;
use crate::table::Collected;
use crate::tables::{ScReqItem, ScTask};

const ITEMS: &str = "/api/sn_sc/servicecatalog/items";

/// How many items a page has.
const PAGE: usize = 100;

/// The Service Catalog of an instance. See [`ServiceNowClient::catalog`].
#[derive(Clone)]
pub struct Catalog {
    client: ServiceNowClient,
}

impl Catalog {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// The items that the API user may order, page by page; without their questions.
    /// `GET /api/sn_sc/servicecatalog/items`.
    ///
    /// The list ends with the first empty page, for nothing says how many there are.
    pub fn items(&self) -> ItemSearch {
        ItemSearch { client: self.client.clone(), request: Request::get(Path::new(ITEMS)) }
    }

    /// One item with its questions. `GET /api/sn_sc/servicecatalog/items/{sys_id}`.
    ///
    /// # Errors
    ///
    /// What the call met; [`is_not_found`](Error::is_not_found) too if the API user may not order it.
    pub async fn item(&self, item: &SysId) -> Result<CatalogItem> {
        let request = Request::get(Path::new(ITEMS).value(item));
        let call = Call::<CatalogItem>::read("servicenow.catalog.item", request).with_decode(result);
        self.client.send(&call).await
    }

    /// The questions of an item. `GET /api/sn_sc/servicecatalog/items/{sys_id}/variables`.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn questions(&self, item: &SysId) -> Result<Vec<Question>> {
        let request = Request::get(Path::new(ITEMS).value(item).word("variables"));
        let call = Call::<Vec<Question>>::read("servicenow.catalog.questions", request).with_decode(result);
        self.client.send(&call).await
    }

    /// Begins an order of an item: awaited, it is placed. See [`Order`].
    pub fn order(&self, item: &SysId) -> Order {
        Order::new(self.client.clone(), item.clone())
    }

    /// Begins to fill in a record producer, which makes a record of some table (an incident, an HR case) from answers:
    /// awaited, it is submitted. See [`RecordProducer`].
    ///
    /// Not for requests: a record producer's request has no variables and no flow. Those are [ordered](Self::order).
    pub fn produce(&self, producer: &SysId) -> RecordProducer {
        RecordProducer::new(self.client.clone(), producer.clone())
    }

    /// The items of a request. They are there once the order is answered.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn items_of(&self, request: &SysId) -> Result<Collected<ScReqItem>> {
        self.client.table::<ScReqItem>().list(Query::new().eq("request", request)).collect_all().await
    }

    /// The tasks that fulfil an item. A flow makes them a moment after the order, so none yet is not none ever.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn tasks_of(&self, item: &SysId) -> Result<Collected<ScTask>> {
        self.client.table::<ScTask>().list(Query::new().eq("request_item", item)).collect_all().await
    }

    /// What the requesters of several items answered, in the order of `items`: one query for a hundred of them.
    /// `GET /api/now/table/sc_item_option_mtom`.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn variables_of(&self, items: &[SysId]) -> Result<Vec<Variables>> {
        variables::of_all(&self.client, items).await
    }

    /// The multi-row variable sets of a requested item, each with its rows.
    /// `GET /api/now/table/sc_multi_row_question_answer`.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn variable_sets_of(&self, item: &SysId) -> Result<Vec<VariableSet>> {
        variables::sets_of(&self.client, item).await
    }

    /// The answers from which a [record producer](Self::produce) made this record. `GET /api/now/table/question_answer`.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn producer_variables_of(&self, table: &str, record: &SysId) -> Result<Variables> {
        variables::of_producer(&self.client, table, record).await
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalog")
    }
}

/// Which items to list. See [`Catalog::items`].
#[derive(Debug, Clone)]
#[must_use = "nothing is listed until it is sent"]
pub struct ItemSearch {
    client: ServiceNowClient,
    request: Request,
}

impl ItemSearch {
    /// Those that a text search finds.
    pub fn text(mut self, words: &str) -> Self {
        self.request = self.request.query("sysparm_text", words);
        self
    }

    /// Those of a category, a `sc_category`.
    pub fn category(mut self, category: &SysId) -> Self {
        self.request = self.request.query("sysparm_category", category);
        self
    }

    /// Those of a catalog, a `sc_catalog`.
    pub fn catalog(mut self, catalog: &SysId) -> Self {
        self.request = self.request.query("sysparm_catalog", catalog);
        self
    }

    /// Begins the list.
    pub fn send(self) -> Listing<CatalogItem, Error, usize> {
        const NAME: &str = "servicenow.catalog.items";
        let Self { client, request } = self;
        let circle = || Error::protocol(NAME, "a page came up twice");
        let last = LastPage::default();
        let fetch = move |offset: usize| {
            let (client, request, last) = (client.clone(), request.clone(), last.clone());
            async move {
                let request = request.query("sysparm_limit", PAGE).query("sysparm_offset", offset);
                let call = Call::<Json>::read(NAME, request).with_decode(result::<Vec<CatalogItem>>);
                let items = client.send(&call).await?;
                if items.first().is_some_and(|item| last.came_again(item.sys_id.as_str())) {
                    return Err(circle());
                }
                let next = (!items.is_empty()).then_some(offset + PAGE);
                Ok(Page::new(items, next))
            }
        };
        Listing::new(0, fetch, circle)
    }
}
