//! Okta's descriptions, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::{Draft, Registry, Validator};
use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use super::shared;

/// The name under which a description's schemas refer to each other.
const ROOT: &str = "okta:/description";

/// One OpenAPI file.
pub(crate) struct Description {
    document: Value,
    registry: Registry<'static>,
}

/// One operation, with the parameters of its path.
pub(crate) struct Operation<'a> {
    pub(crate) description: &'a Description,
    pub(crate) id: &'a str,
    item: &'a Value,
    node: &'a Value,
}

/// The files that are there; none if the first is not.
pub(crate) fn load() -> Option<Vec<Description>> {
    let management = match std::env::var_os("OKTA_OPENAPI_SPEC") {
        Some(file) => PathBuf::from(file),
        None => shared("specs/okta-management.yaml")?,
    };
    let others = ["specs/okta-oauth.yaml", "specs/okta-governance.yaml"].into_iter().filter_map(shared);
    Some(std::iter::once(management).chain(others).map(|file| Description::read(&file)).collect())
}

impl Description {
    fn read(file: &Path) -> Self {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let document = value(&Yaml::load_from_str(&text).unwrap()[0]);
        let mut schemas = document["components"]["schemas"].clone();
        schemas.as_object_mut().unwrap().values_mut().for_each(as_json_schema);
        let root = json!({ "components": { "schemas": schemas } });
        let registry = Registry::new().draft(Draft::Draft4).add(ROOT, root).unwrap().prepare().unwrap();
        Self { document, registry }
    }

    /// What a reference leads to; anything else stays what it is.
    pub(crate) fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.resolve(self.resolve_name(reference)),
            None => node,
        }
    }

    /// What `#/components/…` leads to.
    pub(crate) fn resolve_name(&self, reference: &str) -> &Value {
        let target = self.document.pointer(reference.trim_start_matches('#'));
        target.unwrap_or_else(|| panic!("{reference} leads nowhere"))
    }

    /// A checker of values against `schema`.
    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        as_json_schema(&mut schema);
        let options = jsonschema::options().with_draft(Draft::Draft4).with_registry(&self.registry);
        options.build(&schema).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The names in `value` that `schema` does not know, with where they stand. A schema that leaves open what it
    /// holds knows all.
    pub(crate) fn unknown(&self, schema: &Value, value: &Value) -> Vec<String> {
        match value {
            Value::Object(members) => {
                let mut known = BTreeMap::new();
                let open = self.properties(schema, &mut known, &mut BTreeSet::new());
                let below = |(name, value): (&String, &Value)| match known.get(name.as_str()) {
                    Some(schemas) => {
                        // Kinds of one thing have the same name for parts that differ.
                        let within = schemas.iter().map(|schema| self.unknown(schema, value));
                        let least = within.min_by_key(Vec::len).unwrap_or_default();
                        least.into_iter().map(|below| format!("{name}.{below}")).collect()
                    }
                    None if open || known.is_empty() => Vec::new(),
                    None => vec![name.clone()],
                };
                members.iter().flat_map(below).collect()
            }
            Value::Array(items) => {
                let schema = &self.resolve(schema)["items"];
                items.iter().flat_map(|item| self.unknown(schema, item)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Gathers the properties of a schema and of all it is made of; whether there may be others.
    fn properties<'a>(
        &'a self,
        schema: &'a Value,
        known: &mut BTreeMap<&'a str, Vec<&'a Value>>,
        seen: &mut BTreeSet<&'a str>,
    ) -> bool {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return seen.insert(reference) && self.properties(self.resolve(schema), known, seen);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            known.entry(name).or_default().push(property);
        }
        let mut open = !matches!(schema["additionalProperties"], Value::Null | Value::Bool(false));
        for part in
            ["allOf", "oneOf", "anyOf"].iter().filter_map(|word| schema.get(word)?.as_array()).flatten()
        {
            open |= self.properties(part, known, seen);
        }
        let kinds = schema.pointer("/discriminator/mapping").and_then(Value::as_object);
        for kind in kinds.into_iter().flat_map(Map::values).filter_map(Value::as_str) {
            if seen.insert(kind) {
                open |= self.properties(self.resolve_name(kind), known, seen);
            }
        }
        open
    }

    /// The operation whose path fits, with as few placeholders as can be.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let segments: Vec<_> = path.split('/').collect();
        let fitting = self.document["paths"].as_object()?.iter().filter_map(|(pattern, item)| {
            let pattern: Vec<_> = pattern.split('/').collect();
            let fits = pattern.len() == segments.len()
                && pattern.iter().zip(&segments).all(|(known, is)| known.starts_with('{') || known == is);
            let node = item.get(method.to_lowercase())?;
            fits.then(|| (pattern.iter().filter(|segment| segment.starts_with('{')).count(), item, node))
        });
        let (_, item, node) = fitting.min_by_key(|(placeholders, ..)| *placeholders)?;
        Some(Operation {
            description: self,
            id: node["operationId"].as_str().unwrap_or_default(),
            item,
            node,
        })
    }
}

impl<'a> Operation<'a> {
    /// The query parameters: name, whether it must be there, schema.
    pub(crate) fn query(&self) -> Vec<(&'a str, bool, &'a Value)> {
        let of = |node: &'a Value| node.get("parameters").and_then(Value::as_array).into_iter().flatten();
        of(self.node)
            .chain(of(self.item))
            .map(|parameter| self.description.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| {
                let required = parameter["required"] == true;
                (parameter["name"].as_str().unwrap(), required, &parameter["schema"])
            })
            .collect()
    }

    /// The schema of the body, and whether there must be one.
    pub(crate) fn body(&self) -> Option<(&'a Value, bool)> {
        let body = self.description.resolve(self.node.get("requestBody")?);
        let content = body["content"].as_object()?;
        let (_, json) = content.iter().find(|(kind, _)| kind.contains("json"))?;
        Some((&json["schema"], body["required"] == true))
    }

    /// The answers that are successes: status, and the schema and examples of the body if there is one.
    pub(crate) fn successes(&self) -> Vec<(u16, Option<&'a Value>, Vec<&'a Value>)> {
        let responses = self.node["responses"].as_object().unwrap();
        let success = |(status, response): (&String, &'a Value)| {
            let status = status.parse().ok().filter(|status| (200..300).contains(status))?;
            let content = self.description.resolve(response).get("content").and_then(Value::as_object);
            let json = content.and_then(|content| content.iter().find(|(kind, _)| kind.contains("json")));
            let Some((_, json)) = json else { return Some((status, None, Vec::new())) };
            let named = json.get("examples").and_then(Value::as_object).into_iter().flat_map(Map::values);
            let named = named.filter_map(|example| self.description.resolve(example).get("value"));
            Some((status, json.get("schema"), named.chain(json.get("example")).collect()))
        };
        responses.iter().filter_map(success).collect()
    }
}

fn value(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => Value::from(*value),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::FloatingPoint(number)) => Value::from(number.into_inner()),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => members.iter().map(|(name, node)| (key(name), value(node))).collect(),
        Yaml::Tagged(_, node) => value(node),
        Yaml::Value(Scalar::String(text)) | Yaml::Representation(text, ..) => Value::from(&**text),
        Yaml::Alias(_) | Yaml::BadValue => panic!("{node:?}"),
    }
}

/// Statuses are numbers in YAML.
fn key(name: &Yaml<'_>) -> String {
    match value(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// OpenAPI 3.0's schemas are JSON Schema of draft 4, but for `nullable` and what is there for people.
fn as_json_schema(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    members.retain(|name, _| !matches!(name.as_str(), "example" | "examples" | "discriminator" | "default"));
    for (name, part) in members.iter_mut() {
        match (name.as_str(), part) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(as_json_schema),
            ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => parts.iter_mut().for_each(as_json_schema),
            ("items" | "additionalProperties" | "not", part) => as_json_schema(part),
            ("$ref", Value::String(target)) => *target = format!("{ROOT}{target}"),
            _ => {}
        }
    }
    // Okta's pattern of durations fits none.
    if members.get("pattern").and_then(Value::as_str).is_some_and(|pattern| pattern.starts_with("^P(?:$)")) {
        members.remove("pattern");
    }
    // Most of Okta's alternatives overlap.
    if let Some(alternatives) = members.remove("oneOf") {
        members.insert("anyOf".to_owned(), alternatives);
    }
    if members.remove("nullable") == Some(Value::Bool(true)) {
        let not_null = std::mem::take(schema);
        *schema = json!({ "anyOf": [{ "type": "null" }, not_null] });
    }
}
