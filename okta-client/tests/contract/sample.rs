//! Answers made by a schema: with everything in them that it allows.

use serde_json::{Map, Value, json};

use crate::support::describe::Description;

/// Which of several possible values is made.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    /// Of variants and enum values, this one, counted round.
    pub(crate) variant: usize,
    /// Null wherever that is allowed.
    pub(crate) nulls: bool,
}

/// A value that fits `schema`, as far as the schema says what does.
pub(crate) fn sample(description: &Description, schema: &Value, choice: Choice) -> Value {
    Maker { description, choice, within: Vec::new() }.make(schema, true).unwrap_or(Value::Null)
}

struct Maker<'a> {
    description: &'a Description,
    choice: Choice,
    /// The references that are being followed: schemas contain themselves.
    within: Vec<&'a str>,
}

impl<'a> Maker<'a> {
    /// None if the schema goes round in circles. `whole`: this is not just a part of an `allOf`.
    fn make(&mut self, schema: &'a Value, whole: bool) -> Option<Value> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if self.within.contains(&reference) {
                return None;
            }
            self.within.push(reference);
            let made = self.make(self.description.resolve(schema), whole);
            self.within.pop();
            return made;
        }
        if self.choice.nulls && schema["nullable"] == true {
            return Some(Value::Null);
        }
        if whole && let Some(kinds) = schema.pointer("/discriminator/mapping").and_then(Value::as_object) {
            return self.of_a_kind(schema, kinds);
        }
        if let Some(variants) = ["oneOf", "anyOf"].iter().find_map(|word| schema.get(word)?.as_array()) {
            let variant = self.make(&variants[self.choice.variant % variants.len()], true)?;
            return Some(self.with_properties(variant, schema));
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut made = Value::Null;
            for part in parts {
                match self.make(part, false) {
                    Some(part) => merge(&mut made, part),
                    // The kind of an answer names what it is a kind of, which is being made already.
                    None if self.within.len() == 1 => {}
                    None => return None,
                }
            }
            return Some(self.with_properties(made, schema));
        }
        Some(self.plain(schema))
    }

    /// One of the kinds that a discriminator tells apart.
    fn of_a_kind(&mut self, schema: &'a Value, kinds: &'a Map<String, Value>) -> Option<Value> {
        let (word, reference) = kinds.iter().nth(self.choice.variant % kinds.len())?;
        let target = self.description.resolve_name(reference.as_str()?);
        let mut made = self.make(target, false)?;
        if let Some(name) = schema.pointer("/discriminator/propertyName").and_then(Value::as_str) {
            let base = self.plain(schema);
            merge(&mut made, base);
            made[name] = word.as_str().into();
        }
        Some(made)
    }

    fn with_properties(&mut self, mut made: Value, schema: &'a Value) -> Value {
        if schema.get("properties").is_some() {
            merge(&mut made, self.plain(schema));
        }
        made
    }

    fn plain(&mut self, schema: &'a Value) -> Value {
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return words[self.choice.variant % words.len()].clone();
        }
        let kind =
            schema["type"].as_str().unwrap_or(if schema.get("items").is_some() { "array" } else { "object" });
        match kind {
            "array" => match self.make(&schema["items"], true) {
                Some(item) => json!([item]),
                None => json!([]),
            },
            "object" => self.object(schema),
            "string" => text(schema).into(),
            "integer" => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
            "number" => schema.get("minimum").cloned().unwrap_or_else(|| 1.5.into()),
            "boolean" => self.choice.variant.is_multiple_of(2).into(),
            other => panic!("no sample of {other}"),
        }
    }

    fn object(&mut self, schema: &'a Value) -> Value {
        let mut made = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = self.make(property, true) {
                made.insert(name.clone(), value);
            }
        }
        match &schema["additionalProperties"] {
            Value::Object(members) if !members.is_empty() => {
                if let Some(value) = self.make(&schema["additionalProperties"], true) {
                    made.insert("custom".into(), value);
                }
            }
            Value::Bool(false) => {}
            // Okta adds fields at any time. This one would do as a link too, where another part of an `allOf` wants
            // nothing else.
            _ => {
                made.insert(
                    "newInOkta".into(),
                    json!({ "a": [1, null], "href": "https://acme.okta.com/new" }),
                );
            }
        }
        made.into()
    }
}

fn text(schema: &Value) -> String {
    let least = schema["minLength"].as_u64().unwrap_or(0).try_into().unwrap();
    match (schema["format"].as_str(), schema["example"].as_str()) {
        (Some("date-time"), _) => "2026-03-29T16:02:04.000Z".into(),
        (Some("date"), _) => "2026-03-29".into(),
        (Some("uri" | "url"), _) => "https://acme.okta.com/somewhere".into(),
        (Some("email"), _) => "ann.lee@example.com".into(),
        (Some("uuid"), _) => "5a9e1d20-2d0f-11f1-9c2b-3f6a4b1f7e55".into(),
        // Some of Okta's examples are shorter than they may be.
        (_, Some(example)) if example.len() >= least => example.into(),
        _ => format!("{:x<1$}", kind_of_id(schema), least.max(5)),
    }
}

/// The letters that an id begins with: `00u` of `00u[0-9a-zA-Z]+` and of `(00u|pca)[0-9a-zA-Z]+`.
fn kind_of_id(schema: &Value) -> &str {
    let pattern = schema["pattern"].as_str().unwrap_or_default().trim_start_matches('(');
    pattern.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// What `other` has and `into` does not.
fn merge(into: &mut Value, other: Value) {
    match (into, other) {
        (Value::Object(into), Value::Object(other)) => {
            for (name, value) in other {
                match into.get_mut(&name) {
                    Some(there) => merge(there, value),
                    None => drop(into.insert(name, value)),
                }
            }
        }
        (into @ Value::Null, other) => *into = other,
        // Of two parts that say how long a text has to be, the stricter one counts.
        (Value::String(into), Value::String(other)) if into.len() < other.len() && is_filler(into) => {
            *into = other;
        }
        _ => {}
    }
}

fn is_filler(text: &str) -> bool {
    text.bytes().all(|b| b == b'x')
}
