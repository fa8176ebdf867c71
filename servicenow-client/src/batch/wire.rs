//! What a batch looks like on its way: bodies are base64, both ways.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use client_core::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

#[derive(Serialize)]
pub(super) struct Sent<'a> {
    pub(super) batch_request_id: &'a str,
    pub(super) rest_requests: &'a [Item],
}

/// A part, as it is sent.
#[derive(Serialize)]
pub(super) struct Item {
    id: Id,
    method: String,
    url: String,
    headers: Vec<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Item {
    pub(super) fn new(id: usize, request: &http::Request<Bytes>) -> Self {
        let url = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            Some(Header { name: name.to_string(), value: Some(value.to_str().ok()?.to_owned()) })
        };
        let body = request.body();
        Self {
            id: Id(id.to_string()),
            method: request.method().to_string(),
            url,
            headers: request.headers().iter().filter_map(header).collect(),
            body: (!body.is_empty()).then(|| STANDARD.encode(body)),
        }
    }

    /// About how long it is, written out.
    pub(super) fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(Header::size).sum();
        50 + self.url.len() + headers + self.body_size()
    }

    pub(super) fn body_size(&self) -> usize {
        self.body.as_ref().map_or(0, String::len)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    name: String,
    value: Option<String>,
}

impl Header {
    fn size(&self) -> usize {
        25 + self.name.len() + self.value.as_ref().map_or(0, String::len)
    }
}

/// What came back. Of what it holds only the bodies are kept for long.
#[derive(Deserialize)]
pub(super) struct Reply {
    batch_request_id: Option<Id>,
    #[serde(default)]
    serviced_requests: Vec<Serviced>,
    #[serde(default)]
    unserviced_requests: Vec<Id>,
}

impl Reply {
    /// Whether it answers this batch, for all that it says.
    pub(super) fn is_to(&self, id: &str) -> bool {
        self.batch_request_id.as_ref().is_none_or(|answered| answered.0 == id)
    }

    /// The ids of the parts that did not run.
    pub(super) fn unserviced(&self) -> impl Iterator<Item = usize> {
        self.unserviced_requests.iter().filter_map(Id::number)
    }

    /// The answers of those that did.
    pub(super) fn serviced(self) -> impl Iterator<Item = (usize, Option<Response>)> {
        self.serviced_requests.into_iter().filter_map(|part| Some((part.id.number()?, part.response())))
    }
}

#[derive(Deserialize)]
struct Serviced {
    id: Id,
    status_code: u16,
    #[serde(default)]
    headers: Option<Vec<Header>>,
    #[serde(default)]
    body: Body,
    #[serde(default)]
    error_message: Option<String>,
}

impl Serviced {
    /// The answer, as if it had come by itself; none if it has no proper status.
    fn response(self) -> Option<Response> {
        let status = StatusCode::from_u16(self.status_code).ok()?;
        let mut headers = HeaderMap::new();
        for Header { name, value } in self.headers.unwrap_or_default() {
            let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
            if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) {
                headers.append(name, value);
            }
        }
        let body = match self.error_message {
            Some(message) if self.body.0.is_empty() && !status.is_success() => {
                json!({"error": {"message": message}}).to_string().into()
            }
            _ => self.body.0,
        };
        Some(Response { status, headers, body })
    }
}

/// Ids are texts, but somebody may make numbers of those that look like it.
#[derive(Serialize)]
struct Id(String);

impl Id {
    fn number(&self) -> Option<usize> {
        self.0.parse().ok()
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A body, decoded. One that is no base64 is none: what it should have said is missing then, as if it had come empty.
#[derive(Default)]
struct Body(Bytes);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64;
        impl Visitor<'_> for Base64 {
            type Value = Body;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a body in base64")
            }

            fn visit_str<E>(self, text: &str) -> Result<Body, E> {
                Ok(Body(STANDARD.decode(text).unwrap_or_default().into()))
            }

            fn visit_unit<E>(self) -> Result<Body, E> {
                Ok(Body::default())
            }
        }
        deserializer.deserialize_any(Base64)
    }
}
