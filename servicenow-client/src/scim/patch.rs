//! Changes of a part of a resource.

use client_core::{Request, Safety};
use serde::Serialize;
use serde_json::{Value as Json, json};

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

/// Values are people's data: it shows what is done, and where.
impl std::fmt::Debug for Patch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = self.operations.iter().map(|operation| (&operation["op"], &operation["path"]));
        f.debug_list().entries(done).finish()
    }
}
