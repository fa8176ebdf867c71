//! Whether what came back is what was written: a success may have dropped some of it.

use serde_json::{Map, Value as Json};

/// What the instance keeps for itself, whatever is sent.
const ITS_OWN: [&str; 3] = ["schemas", "id", "meta"];

/// The attributes that do not have the value sent, but for those that the instance makes.
pub(super) fn differences(sent: &Map<String, Json>, came: &Json, computed: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in sent {
        if !ITS_OWN.contains(&name.as_str()) && !computed.contains(&name.as_str()) {
            differ(name, value, came.get(name), &mut all);
        }
    }
    all
}

fn differ(path: &str, sent: &Json, came: Option<&Json>, all: &mut Vec<String>) {
    let same = match sent {
        Json::Object(object) => {
            if let Some(value) = object.get("value") {
                return differ(path, value, came.and_then(|came| came.get("value")), all);
            }
            for (name, value) in object {
                differ(&format!("{path}.{name}"), value, came.and_then(|came| came.get(name)), all);
            }
            return;
        }
        // In any order, and among others.
        Json::Array(elements) => {
            let there = came.and_then(Json::as_array);
            let is_there =
                |element: &Json| there.is_some_and(|all| all.iter().any(|each| fits(element, each)));
            elements.iter().all(is_there)
        }
        _ => text(sent) == came.map(text).unwrap_or_default(),
    };
    if !same {
        all.push(path.to_owned());
    }
}

fn fits(sent: &Json, came: &Json) -> bool {
    let mut all = Vec::new();
    differ("", sent, Some(came), &mut all);
    all.is_empty()
}

/// Absent, null and empty are the same here: an attribute is cleared with any of them.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_dropped_is_named() {
        let came = json!({
            "userName": "ann", "active": false, "name": { "familyName": "Lee" }, "displayName": "Ann Lee",
            "phoneNumbers": [{ "type": "home", "value": "2" }, { "type": "work", "value": "1", "extra": true }],
            "urn:x": { "manager": { "value": "m" } },
        });
        for (sent, named) in [
            (json!({ "userName": "ann", "active": false, "title": "", "nickName": null }), ""),
            (json!({ "active": "false", "schemas": ["y"], "id": "other", "displayName": "Old Name" }), ""),
            (json!({ "userName": "bob", "title": "Lead" }), "title userName"),
            (json!({ "name": { "familyName": "Lee", "givenName": "Ann" } }), "name.givenName"),
            (json!({ "phoneNumbers": [{ "type": "work", "value": "1" }] }), ""),
            (json!({ "phoneNumbers": [{ "type": "work", "value": "3" }] }), "phoneNumbers"),
            (json!({ "emails": [] }), ""),
            (json!({ "emails": [{ "value": "a@b" }] }), "emails"),
            (json!({ "urn:x": { "manager": { "value": "m", "displayName": "Max" } } }), ""),
            (json!({ "urn:x": { "manager": { "value": "n" } } }), "urn:x.manager"),
            (json!({ "urn:y": { "a": { "b": 1 } } }), "urn:y.a.b"),
            (json!({ "active": null }), "active"),
        ] {
            let mut found = differences(sent.as_object().unwrap(), &came, &["displayName"]);
            found.sort();
            assert_eq!(found.join(" "), named, "{sent}");
        }
    }
}
