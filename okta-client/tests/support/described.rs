//! A network that looks at what the sandbox answers: a success has to be one that Okta describes, or the sandbox
//! would only prove that the client agrees with itself.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use client_core::HttpTransport;
use jsonschema::Validator;
use okta_client::{Transport, TransportConfig, TransportError};
use serde_json::Value;

use super::describe::{self, Description};

/// None if they are not there.
static DESCRIPTIONS: LazyLock<Option<Vec<Description>>> = LazyLock::new(describe::load);

/// Where live answers are not as described, and the sandbox is as they are (operation, why).
const DIFFERENT: &[(&str, &str)] = &[
    ("getUserSchema", "`unique` is a word, and described as a boolean"),
    ("updateUserProfile", "`unique` is a word, and described as a boolean"),
    ("assignGroupOwner", "a time like Fri Mar 27 03:16:15 UTC 2026"),
    ("listApplications", "every field of an embedded assignment is described as an object"),
    ("listGroupOwners", "a time like 2026-03-27 03:16:15.0"),
];

/// The schema of one operation's answer with one status; none if it has no body.
type Schemas = HashMap<(String, u16), Option<Arc<Validator>>>;

/// The real network, listening.
#[derive(Debug)]
pub(crate) struct Described(HttpTransport, Mutex<Schemas>);

impl Described {
    pub(crate) fn network() -> Arc<dyn Transport> {
        Arc::new(Self(HttpTransport::new(&TransportConfig::default()).unwrap(), Mutex::default()))
    }

    /// Panics if the answer is none that Okta describes.
    fn look_at(&self, method: &str, path: &str, status: u16, body: &[u8]) {
        let Some(descriptions) = &*DESCRIPTIONS else { return };
        let found = descriptions.iter().find_map(|description| description.operation(method, path));
        let Some(operation) = found else { panic!("{method} {path} is not described") };
        if DIFFERENT.iter().any(|(id, _)| *id == operation.id) {
            return;
        }
        let schema = self
            .1
            .lock()
            .unwrap()
            .entry((operation.id.to_owned(), status))
            .or_insert_with(|| {
                let successes = operation.successes();
                let success = successes.iter().find(|(described, ..)| *described == status);
                let (_, schema, _) =
                    success.unwrap_or_else(|| panic!("{} does not answer {status}", operation.id));
                schema.map(|schema| Arc::new(operation.description.validator(schema)))
            })
            .clone();
        match schema {
            None => assert!(matches!(body, b"" | b"{}"), "{} {status} has no body", operation.id),
            Some(schema) => {
                // A body that was cut is a fault that a test asked for.
                let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
                let body = without_nulls(body);
                if let Err(fault) = schema.validate(&body) {
                    let text = fault.to_string().chars().take(400).collect::<String>();
                    panic!("{} {status}: {text} at {}", operation.id, fault.instance_path());
                }
            }
        }
    }
}

/// Absent and null mean the same in what Okta answers, and it has null where its description does not.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

#[async_trait]
impl Transport for Described {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let answer = self.0.send(request).await?;
        if answer.status().is_success() {
            self.look_at(&method, &path, answer.status().as_u16(), answer.body());
        }
        Ok(answer)
    }
}
