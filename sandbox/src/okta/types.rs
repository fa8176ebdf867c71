//! User types, and the schema of each.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Org, error, object, page, profile};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// The type that users have if nothing is said.
pub(super) const DEFAULT_TYPE: &str = "oty1sandboxdefault00";

/// Besides the default one.
const MOST_TYPES: usize = 9;

/// Attributes whose values no two users may share.
const MOST_UNIQUE: usize = 5;

/// All user types, the default one first.
#[derive(Debug)]
pub(crate) struct Types(Vec<UserType>);

#[derive(Debug, Clone)]
pub(crate) struct UserType {
    id: String,
    name: String,
    display_name: String,
    description: String,
    created: Value,
    last_updated: Value,
    /// Custom attributes with their definitions.
    custom: Map<String, Value>,
}

impl Types {
    pub(super) fn new(custom: &BTreeSet<String>) -> Self {
        let attribute = |name: &String| (name.clone(), json!({"title": name, "type": "string"}));
        Self(vec![UserType {
            id: DEFAULT_TYPE.to_owned(),
            name: "user".to_owned(),
            display_name: "User".to_owned(),
            description: "Okta user profile template with default permission settings".to_owned(),
            created: "2025-01-06T08:00:00.000Z".into(),
            last_updated: "2025-01-06T08:00:00.000Z".into(),
            custom: custom.iter().map(attribute).collect(),
        }])
    }

    /// The type that an id names, or `default`.
    pub(super) fn find(&self, id: &str) -> Result<&UserType, Answer> {
        self.place(id).map(|place| &self.0[place])
    }

    fn place(&self, id: &str) -> Result<usize, Answer> {
        let id = if id == "default" { DEFAULT_TYPE } else { id };
        self.0.iter().position(|known| known.id == id).ok_or_else(|| error::not_found(id, "CVDType"))
    }

    /// The custom attributes of a type.
    pub(super) fn custom(&self, id: &str) -> &Map<String, Value> {
        let known = self.0.iter().find(|known| known.id == id).unwrap_or(&self.0[0]);
        &known.custom
    }

    /// Whether users of any type may have this custom attribute.
    pub(super) fn has_custom(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.custom.contains_key(name))
    }
}

/// A type's schema has the same ending.
pub(super) fn schema_id(type_id: &str) -> String {
    type_id.replacen("oty", "osc", 1)
}

impl UserType {
    fn body(&self, base: &str) -> Value {
        json!({
            "id": self.id, "name": self.name, "displayName": self.display_name, "description": self.description,
            "default": self.id == DEFAULT_TYPE, "created": self.created, "lastUpdated": self.last_updated,
            "createdBy": "sprz9fj1ycBcsgopy1d6", "lastUpdatedBy": "sprz9fj1ycBcsgopy1d6", "_links": {
                "self": {"href": format!("{base}/api/v1/meta/types/user/{}", self.id), "method": "GET"},
                "schema": {"href": format!("{base}/api/v1/meta/schemas/user/{}", schema_id(&self.id)), "method": "GET"},
            },
        })
    }

    fn schema(&self, base: &str) -> Value {
        let id = schema_id(&self.id);
        let custom: Map<String, Value> =
            self.custom.iter().map(|(name, attribute)| (name.clone(), shown(attribute))).collect();
        let required: Vec<&String> =
            self.custom.iter().filter(|(_, is)| is["required"] == true).map(|(name, _)| name).collect();
        json!({
            "id": format!("{base}/meta/schemas/user/{id}"), "$schema": "http://json-schema.org/draft-04/schema#",
            "name": self.name, "title": self.display_name, "type": "object",
            "created": self.created, "lastUpdated": self.last_updated,
            "definitions": {
                "base": profile::base_schema(),
                "custom": {"id": "#custom", "type": "object", "properties": custom, "required": required},
            },
            "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
            "_links": {"self": {"href": format!("{base}/api/v1/meta/schemas/user/{id}"), "method": "GET"}},
        })
    }
}

/// An attribute as answered: what nobody has said is there all the same.
fn shown(attribute: &Value) -> Value {
    let mut shown = json!({
        "mutability": "READ_WRITE", "scope": "NONE", "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
        "master": {"type": "PROFILE_MASTER"},
    });
    if let (Value::Object(shown), Value::Object(said)) = (&mut shown, attribute) {
        shown.extend(said.clone());
    }
    shown
}

/// `…/meta/types/user…`
pub(super) fn route(org: &mut Org, ask: &Ask, rest: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), rest) {
        ("GET", []) => Ok(page::whole(ask, org.types.0.iter().map(|known| known.body(&ask.base)).collect())),
        ("POST", []) => create(org, ask),
        ("GET", [id]) => Ok(Answer::json(200, &org.types.find(id)?.body(&ask.base))),
        ("POST" | "PUT", [id]) => change(org, ask, id),
        ("DELETE", [id]) => delete(org, id),
        (_, [] | [_]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// A new type begins with the default type's attributes.
fn create(org: &mut Org, ask: &Ask) -> Reply {
    let body = object(ask)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !named || text("displayName").is_empty() {
        let cause = "name: letters, digits and _ are needed, and a displayName".to_owned();
        return Err(error::validation("name", &[cause]));
    }
    if org.types.0.iter().any(|known| known.name == name) {
        let cause = "name: An object with this field already exists in the current organization".to_owned();
        return Err(error::validation("name", &[cause]));
    }
    if org.types.0.len() > MOST_TYPES {
        return Err(error::validation(
            "userType",
            &["The maximum number of user types was reached".to_owned()],
        ));
    }
    let now = Value::from(okta_time(ask.at));
    let made = UserType {
        id: org.ids.okta("oty"),
        name: name.to_owned(),
        display_name: text("displayName").to_owned(),
        description: text("description").to_owned(),
        created: now.clone(),
        last_updated: now,
        custom: org.types.0[0].custom.clone(),
    };
    let answer = Answer::json(200, &made.body(&ask.base));
    org.types.0.push(made);
    Ok(answer)
}

fn change(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let body = object(ask)?;
    let place = org.types.place(id)?;
    let known = &mut org.types.0[place];
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("name").is_some_and(|name| name != known.name) {
        return Err(error::validation("name", &["name: it cannot be changed".to_owned()]));
    }
    if ask.method == "PUT"
        && let Some(missing) =
            ["name", "displayName", "description"].iter().find(|field| text(field).is_none())
    {
        return Err(error::validation(missing, &[format!("{missing}: The field cannot be left blank")]));
    }
    if let Some(name) = text("displayName") {
        name.clone_into(&mut known.display_name);
    }
    if let Some(description) = text("description") {
        description.clone_into(&mut known.description);
    }
    known.last_updated = okta_time(ask.at).into();
    Ok(Answer::json(200, &known.body(&ask.base)))
}

fn delete(org: &mut Org, id: &str) -> Reply {
    let place = org.types.place(id)?;
    let id = org.types.0[place].id.clone();
    if place == 0 || org.users.iter().any(|user| user.type_id == id) {
        return Err(error::validation(
            "typeId",
            &["typeId: it is the default type, or users have it".to_owned()],
        ));
    }
    org.types.0.remove(place);
    Ok(Answer::empty(204))
}

/// `…/meta/schemas/user/{schema}`
pub(super) fn schema(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let type_id = if id == "default" { DEFAULT_TYPE.to_owned() } else { id.replacen("osc", "oty", 1) };
    let place = org.types.place(&type_id).map_err(|_| error::not_found(id, "Schema"))?;
    match ask.method.as_str() {
        "GET" => {}
        "POST" => change_schema(org, ask, place)?,
        _ => return Err(error::wrong_method()),
    }
    Ok(Answer::json(200, &org.types.0[place].schema(&ask.base)))
}

/// What is named changes, null removes with the values that users have, the rest stays.
fn change_schema(org: &mut Org, ask: &Ask, place: usize) -> Result<(), Answer> {
    let body = Value::Object(object(ask)?);
    if body
        .pointer("/definitions/base/properties")
        .is_some_and(|base| base.as_object().is_some_and(|base| !base.is_empty()))
    {
        return Err(ask.not_modelled("a change of base attributes"));
    }
    let wanted = body.pointer("/definitions/custom/properties").and_then(Value::as_object).cloned();
    let known = &mut org.types.0[place];
    let mut custom = known.custom.clone();
    let mut removed = Vec::new();
    for (name, attribute) in wanted.unwrap_or_default() {
        check_attribute(&name, &attribute)?;
        if attribute.is_null() {
            custom.remove(&name);
            removed.push(name);
        } else {
            custom.insert(name, live(attribute));
        }
    }
    if custom.values().filter(|attribute| attribute["unique"] == "UNIQUE_VALIDATED").count() > MOST_UNIQUE {
        return Err(error::validation("unique", &["At most five attributes may be unique".to_owned()]));
    }
    known.custom = custom;
    known.last_updated = okta_time(ask.at).into();
    let type_id = known.id.clone();
    let holders: Vec<_> = org.users.iter().filter(|user| user.type_id == type_id).cloned().collect();
    for mut user in holders {
        let before = user.profile.len();
        user.profile.retain(|name, _| !removed.contains(name));
        if user.profile.len() < before {
            org.users.save(user, ask.at);
        }
    }
    Ok(())
}

fn check_attribute(name: &str, attribute: &Value) -> Result<(), Answer> {
    const TYPES: [&str; 5] = ["string", "boolean", "number", "integer", "array"];
    let cause = if profile::is_base(name) {
        "it is a base attribute"
    } else if attribute.is_null() {
        return Ok(());
    } else if !attribute["type"].as_str().is_some_and(|kind| TYPES.contains(&kind)) {
        "type: it is none of string, boolean, number, integer, array"
    } else if attribute["type"] == "array" && !attribute["items"]["type"].is_string() {
        "items: an array needs the type of its items"
    } else if attribute["title"].as_str().is_none_or(str::is_empty) {
        "title: The field cannot be left blank"
    } else {
        return Ok(());
    };
    Err(error::validation(name, &[format!("{name}: {cause}")]))
}

/// Okta's description has true and false, and Okta answers words.
fn live(mut attribute: Value) -> Value {
    match attribute["unique"] {
        Value::Bool(true) => attribute["unique"] = "UNIQUE_VALIDATED".into(),
        Value::Bool(false) => attribute["unique"] = "NOT_UNIQUE".into(),
        _ => {}
    }
    attribute
}
