//! What a vendor sees of a request, and what it answers. Plain data; the sockets are in `server`.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::record::System;

/// A handler's outcome: refusals leave by `?`.
pub(crate) type Reply = Result<Answer, Answer>;

/// A request, read completely.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) system: System,
    pub(crate) method: String,
    /// As sent, still percent-encoded, without the query.
    pub(crate) path: String,
    /// As sent, with the query.
    pub(crate) target: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Scheme and authority that the caller used, for links.
    pub(crate) base: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) request_id: String,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn user_agent(&self) -> &str {
        self.header("user-agent").unwrap_or_default()
    }

    /// Whether the caller takes an answer of one of these kinds; one that does not say takes any.
    pub(crate) fn accepts(&self, kinds: &[&str]) -> bool {
        let Some(wanted) = self.header("accept") else { return true };
        wanted.split(',').any(|range| {
            let kind = range.split(';').next().unwrap_or_default().trim();
            kinds.iter().any(|offered| kind.eq_ignore_ascii_case(offered))
        })
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Method and path, as error messages name a call.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Refuses query parameters that the sandbox does not model: answering as if they were not there
    /// would be a wrong answer that looks right.
    pub(crate) fn only_parameters(&self, modelled: &[&str]) -> Result<(), Answer> {
        match self.query.0.iter().find(|(name, _)| !modelled.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => Err(self.not_modelled(&format!("query parameter {name}"))),
        }
    }

    /// The loud answer to what the sandbox does not know.
    pub(crate) fn not_modelled(&self, what: &str) -> Answer {
        let message = format!("The sandbox does not model {what} of {}", self.name());
        tracing::warn!(system = %self.system, "{message}");
        match self.system {
            System::Okta => crate::okta::error::not_modelled(&message),
            System::ServiceNow => crate::servicenow::error::envelope(501, &message, None),
        }
    }
}

/// The media ranges that JSON answers.
pub(crate) const JSON: [&str; 3] = ["application/json", "application/*", "*/*"];

/// Query parameters in the order they were sent, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        Self(url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether a parameter is `true`, in any case: some languages write `True`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The query text with some parameters set to other values.
    pub(crate) fn with(&self, changes: &[(&str, String)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in changes {
            text.append_pair(name, value);
        }
        for (name, value) in &self.0 {
            if !changes.iter().any(|(changed, _)| changed == name) {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

/// An answer, before it meets a socket.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    /// How long it takes before it is sent, if time runs.
    pub(crate) held: Duration,
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), held: Duration::ZERO }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::empty(status) }
            .header("content-type", "application/json")
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::empty(status) }
            .header("content-type", "text/html;charset=utf-8")
    }

    /// Adds a header line. A value that cannot stand in a header is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Says how JSON is encoded, as ServiceNow does and Okta does not.
    pub(crate) fn name_charset(&mut self) {
        let json = HeaderValue::from_static("application/json");
        for (_, value) in self.headers.iter_mut().filter(|(_, value)| *value == json) {
            *value = HeaderValue::from_static("application/json;charset=UTF-8");
        }
    }

    /// Headers without a body, as HEAD wants them.
    pub(crate) fn without_body(mut self) -> Self {
        self.body.clear();
        self
    }
}
