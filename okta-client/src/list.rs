//! Lists, in the three shapes that Okta has: an array with `Link` headers, an array under a name with
//! `_links.next`, and the same under `data`.

use std::collections::BTreeMap;

use client_core::{Call, DecodeError, Page, Request, Response, links, read_json};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Error;
use crate::client::OktaClient;

/// Many of something, as a stream that asks for the next page while you work on this one.
///
/// An item that cannot be read is an error in its place, and the list goes on after it. An error that costs a
/// page ends the list. Lists are no snapshots: what changes meanwhile may be missed or come twice.
///
/// [`position`](client_core::Listing::position) and [`starting_at`](client_core::Listing::starting_at) let a
/// long list be taken up where it stopped, in another process too.
pub type Listing<T> = client_core::Listing<T, Error, Position>;

/// Where a page of a list begins; by default, the first. Opaque, to be stored as it is, and good for the list it came
/// from only. Okta does not say for how long: start a list anew that was left for long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(Option<String>);

/// In which order a sorted list comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

impl SortOrder {
    /// Okta's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// The paths under which links to next pages may lead.
const ROOTS: &[&str] = &[
    "/api/v1/",
    "/oauth2/v1/",
    "/governance/api/v1/",
    "/governance/api/v2/",
    "/integrations/api/v1/",
    "/attack-protection/api/v1/",
];

/// Where a page's items stand in the body.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Array,
    Named(&'static str),
}

impl OktaClient {
    /// A list that is an array, and goes on by `Link: <…>; rel="next"`.
    pub(crate) fn list<T>(&self, name: &'static str, first: Request) -> Listing<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.listing(name, Shape::Array, first)
    }

    /// A list whose items are in the member `named`, and which goes on by `_links.next`.
    pub(crate) fn list_named<T>(&self, name: &'static str, named: &'static str, first: Request) -> Listing<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.listing(name, Shape::Named(named), first)
    }

    fn listing<T>(&self, name: &'static str, shape: Shape, first: Request) -> Listing<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let client = self.clone();
        Listing::new(
            Position::default(),
            move |at: Position| {
                let request = at.request(&first);
                let client = client.clone();
                async move { client.page(Call::<Value>::read(name, request?), shape).await }
            },
            || {
                Error::protocol(
                    "okta.next_page",
                    "the list goes round in circles: its next page is one that was read before",
                )
            },
        )
    }

    async fn page<T>(&self, call: Call<Value>, shape: Shape) -> Result<Page<T, Error, Position>, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        // Items are read later. Whether all of the page came is asked now, while it can still be had once more.
        let call = call.with_decode(|response| read_json::<IgnoredAny>(&response.body).map(|_| ()));
        let ((), response) = self.pipeline().send_with_response(&call).await?;
        let (items, next) = match shape {
            Shape::Array => (None, next_link(&response)),
            Shape::Named(name) => {
                let envelope = Envelope::read(&response, name);
                let envelope =
                    envelope.map_err(|fault| self.pipeline().unreadable(&call, &response, fault))?;
                (Some(envelope.items), envelope.next.or_else(|| next_link(&response)))
            }
        };
        let client = self.clone();
        let read = move || {
            let json = items.as_ref().map_or(&*response.body, |items| items.get().as_bytes());
            let unreadable = |fault| client.pipeline().unreadable(&call, &response, fault);
            match elements(json) {
                Ok(items) => items.into_iter().map(|item| item.map_err(unreadable)).collect(),
                Err(fault) => vec![Err(unreadable(fault))],
            }
        };
        Ok(Page::unread(read, next.map(|link| Position(Some(link)))))
    }
}

impl Position {
    /// The request for the page that begins here, of the list that begins with `first`.
    pub(crate) fn request(&self, first: &Request) -> Result<Request, Error> {
        match &self.0 {
            None => Ok(first.clone()),
            Some(link) => Request::follow(link, ROOTS)
                .map_err(|error| Error::protocol("okta.next_page", error.to_string())),
        }
    }
}

/// A page that is an object.
struct Envelope {
    items: Box<RawValue>,
    next: Option<String>,
}

impl Envelope {
    fn read(response: &Response, name: &str) -> Result<Self, DecodeError> {
        let mut members: BTreeMap<String, Box<RawValue>> = response.json()?;
        let links =
            members.remove("_links").and_then(|links| read_json::<Value>(links.get().as_bytes()).ok());
        let next = links.and_then(|links| links.pointer("/next/href")?.as_str().map(str::to_owned));
        let items = members.remove(name).ok_or_else(|| DecodeError::new(name, "no such member"))?;
        Ok(Self { items, next })
    }
}

/// The elements of a JSON array, each readable or not. Read at once, since nearly always all are; one by one
/// only if one is not.
fn elements<T: DeserializeOwned>(json: &[u8]) -> Result<Vec<Result<T, DecodeError>>, DecodeError> {
    if let Ok(all) = serde_json::from_slice::<Vec<T>>(json) {
        return Ok(all.into_iter().map(Ok).collect());
    }
    let all: Vec<&RawValue> = read_json(json)?;
    let read = |(n, element): (usize, &RawValue)| {
        read_json(element.get().as_bytes()).map_err(|fault: DecodeError| fault.within(&format!("[{n}]")))
    };
    Ok(all.into_iter().enumerate().map(read).collect())
}

/// Where the page after this one begins.
pub(crate) fn next_page(response: &Response) -> Option<Position> {
    next_link(response).map(|link| Position(Some(link)))
}

/// Okta sends one `Link` header a relation; other servers join them.
fn next_link(response: &Response) -> Option<String> {
    let values = response.headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find(|(_, relation)| *relation == "next").map(|(target, _)| target.to_owned())
}
