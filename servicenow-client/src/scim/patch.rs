//! Changes of a part of a resource.

use client_core::{Request, Safety};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::filter::valid_attribute;

/// What to change, in order.
///
/// ```
/// use serde_json::json;
/// use servicenow_client::scim::{Patch, Provisioned, User};
///
/// let patch = Patch::new()
///     .remove("title")
///     .replace("name.familyName", "Smith")
///     // Attributes of the extension stand under its URN.
///     .replace_all(&json!({ User::EXTENSION: { "employeeNumber": "13454" } }));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Patch {
    operations: Vec<Json>,
    adds: bool,
    flaw: Option<String>,
}

impl Patch {
    /// A patch to add operations to. Without any it is refused unsent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to what is at `path`: a phone number, members.
    pub fn add(mut self, path: &str, value: impl Serialize) -> Self {
        self.adds = true;
        self.at("add", path, Some(value))
    }

    /// Puts another value in the place of what is at `path`; of a list, the whole list.
    pub fn replace(self, path: &str, value: impl Serialize) -> Self {
        self.at("replace", path, Some(value))
    }

    /// Takes away what is at `path`.
    pub fn remove(self, path: &str) -> Self {
        self.at("remove", path, None::<Json>)
    }

    /// Puts other values in the place of several attributes: an object.
    pub fn replace_all(mut self, attributes: &impl Serialize) -> Self {
        match serde_json::to_value(attributes) {
            Ok(value @ Json::Object(_)) => self.operations.push(json!({ "op": "replace", "value": value })),
            _ => self.flaw = Some("the attributes to replace must be an object".to_owned()),
        }
        self
    }

    fn at(mut self, op: &str, path: &str, value: Option<impl Serialize>) -> Self {
        if !valid_attribute(path) {
            self.flaw = Some(format!("{path:?} is no attribute to change: letters, digits and . _ - : only"));
        }
        let mut operation = json!({ "op": op, "path": path });
        match value.map(serde_json::to_value).transpose() {
            Ok(None) => {}
            Ok(Some(value)) => operation["value"] = value,
            Err(_) => self.flaw = Some(format!("the value for {path} cannot be written as JSON")),
        }
        self.operations.push(operation);
        self
    }

    pub(super) fn safety(&self) -> Safety {
        if self.adds { Safety::Unsafe } else { Safety::Idempotent }
    }

    /// What the resource is to have afterwards, as far as the operations say: null for what was taken away.
    pub(super) fn outcome(&self, extension: &str) -> Map<String, Json> {
        let mut outcome = Map::new();
        for operation in &self.operations {
            let value = operation.get("value").cloned().unwrap_or_default();
            match (operation["path"].as_str(), value) {
                (Some(path), value) => put(&mut outcome, &steps(path, extension), value),
                (None, Json::Object(values)) => merge(&mut outcome, values),
                (None, _) => {}
            }
        }
        outcome
    }

    /// The paths of what is added to, as the outcome has them.
    pub(super) fn added(&self, extension: &str) -> Vec<String> {
        let adds = self.operations.iter().filter(|operation| operation["op"] == "add");
        adds.filter_map(|operation| Some(steps(operation["path"].as_str()?, extension).join("."))).collect()
    }

    pub(super) fn into_request(self, request: Request) -> Request {
        match self.flaw {
            Some(flaw) => request.flawed(flaw),
            None if self.operations.is_empty() => {
                request.flawed("a patch without operations changes nothing")
            }
            None => request.json(&json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": self.operations,
            })),
        }
    }
}

/// The names on a path. The extension's URN, before a colon, has dots of its own.
fn steps<'a>(path: &'a str, extension: &'a str) -> Vec<&'a str> {
    match path.strip_prefix(extension).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) => [extension].into_iter().chain(rest.split('.')).collect(),
        None if path == extension => vec![path],
        None => path.split('.').collect(),
    }
}

fn put(outcome: &mut Map<String, Json>, path: &[&str], value: Json) {
    match path {
        [] => {}
        [name] => drop(outcome.insert((*name).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = outcome.entry(*first).or_insert_with(|| json!({}));
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn merge(outcome: &mut Map<String, Json>, values: Map<String, Json>) {
    for (name, value) in values {
        match (outcome.get_mut(&name), value) {
            (Some(Json::Object(inner)), Json::Object(values)) => merge(inner, values),
            (_, value) => drop(outcome.insert(name, value)),
        }
    }
}

/// Values are people's data: it shows what is done, and where.
impl std::fmt::Debug for Patch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = self.operations.iter().map(|operation| (&operation["op"], &operation["path"]));
        f.debug_list().entries(done).finish()
    }
}
