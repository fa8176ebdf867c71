//! Whether what came back is what was written: a success may have dropped some of it.

use serde_json::{Map, Value as Json};

/// What the instance keeps for itself, whatever is sent.
const ITS_OWN: [&str; 3] = ["schemas", "id", "meta"];

/// The attributes that do not have the value sent, but for those that the instance makes. Lists at or below
/// a path of `added` may have other elements too.
pub(super) fn differences(
    sent: &Map<String, Json>,
    came: &Json,
    computed: &[&str],
    added: &[String],
) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in sent {
        if !ITS_OWN.contains(&name.as_str()) && !computed.contains(&name.as_str()) {
            differ(name, value, came.get(name), added, &mut all);
        }
    }
    all
}

fn differ(path: &str, sent: &Json, came: Option<&Json>, added: &[String], all: &mut Vec<String>) {
    let same = match sent {
        Json::Object(object) => {
            if let Some(value) = object.get("value") {
                return differ(path, value, came.and_then(|came| came.get("value")), added, all);
            }
            for (name, value) in object {
                let came = came.and_then(|came| came.get(name));
                differ(&format!("{path}.{name}"), value, came, added, all);
            }
            return;
        }
        // In any order.
        Json::Array(elements) => {
            let there = came.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            let is_there = |element| there.iter().any(|each| fits(element, each));
            let was_sent = |each| elements.iter().any(|element| fits(element, each));
            let within = |added: &String| path.strip_prefix(added.as_str()).is_some_and(begins_anew);
            let among_others = added.iter().any(within);
            elements.iter().all(is_there) && (among_others || there.iter().all(was_sent))
        }
        _ => text(sent) == came.map(text).unwrap_or_default(),
    };
    if !same {
        all.push(path.to_owned());
    }
}

/// Whether the rest of a path goes on with a name of its own, or ends.
fn begins_anew(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

fn fits(sent: &Json, came: &Json) -> bool {
    let mut all = Vec::new();
    differ("", sent, Some(came), &[], &mut all);
    all.is_empty()
}

/// Absent, null and empty are the same here: an attribute is cleared with any of them.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(elements) if elements.is_empty() => String::new(),
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
            "urn:x": { "manager": { "value": "m" } }, "roles": [],
        });
        for (sent, named) in [
            (json!({ "userName": "ann", "active": false, "title": "", "nickName": null }), ""),
            (json!({ "active": "false", "schemas": ["y"], "id": "other", "displayName": "Old Name" }), ""),
            (json!({ "userName": "bob", "title": "Lead" }), "title userName"),
            (json!({ "name": { "familyName": "Lee", "givenName": "Ann" } }), "name.givenName"),
            (json!({ "phoneNumbers": [{ "type": "work", "value": "1" }, { "value": "2" }] }), ""),
            (json!({ "phoneNumbers": [{ "type": "work", "value": "1" }] }), "phoneNumbers"),
            (json!({ "phoneNumbers": [{ "type": "work", "value": "3" }] }), "phoneNumbers"),
            (json!({ "emails": [], "roles": null }), ""),
            (json!({ "phoneNumbers": [] }), "phoneNumbers"),
            (json!({ "emails": [{ "value": "a@b" }] }), "emails"),
            (json!({ "urn:x": { "manager": { "value": "m", "displayName": "Max" } } }), ""),
            (json!({ "urn:x": { "manager": { "value": "n" } } }), "urn:x.manager"),
            (json!({ "urn:y": { "a": { "b": 1 } } }), "urn:y.a.b"),
            (json!({ "active": null }), "active"),
        ] {
            let mut found = differences(sent.as_object().unwrap(), &came, &["displayName"], &[]);
            found.sort();
            assert_eq!(found.join(" "), named, "{sent}");
        }
        let added = json!({ "phoneNumbers": [{ "type": "work", "value": "1" }] });
        let found = differences(added.as_object().unwrap(), &came, &[], &["phoneNumbers".to_owned()]);
        assert!(found.is_empty(), "among others");
    }
}
