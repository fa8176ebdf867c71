//! Profile mappings: what of a source's profile becomes which Okta attribute.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ATTRIBUTES;
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, object, page, profile};

/// The type that all users of the org have.
const USER_TYPE: &str = "oty1sandboxdefault00";

/// The mapping of a source to Okta's users: Okta's attribute, and the expression that makes it.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    id: String,
    properties: BTreeMap<String, (String, String)>,
}

impl Mapping {
    pub(super) fn new(id: String) -> Self {
        let push = || "PUSH".to_owned();
        let properties = ATTRIBUTES.map(|(of, to)| (to.to_owned(), (format!("source.{of}"), push())));
        Self { id, properties: properties.into() }
    }

    /// Okta's profile of a source's.
    pub(super) fn apply(&self, of: &Map<String, Value>) -> Map<String, Value> {
        let made = self.properties.iter().filter_map(|(to, (expression, _))| {
            let value = of.get(expression.strip_prefix("source.")?)?;
            Some((to.clone(), value.clone()))
        });
        made.filter(|(_, value)| !value.is_null()).collect()
    }

    fn listed(&self, source: &str) -> Value {
        json!({
            "id": self.id, "source": { "id": source, "name": "custom_identity_source", "type": "appuser" },
            "target": { "id": USER_TYPE, "name": "user", "type": "user" },
        })
    }

    fn shown(&self, source: &str) -> Value {
        let property = |(to, (expression, push)): (&String, &(String, String))| {
            (to.clone(), json!({ "expression": expression, "pushStatus": push }))
        };
        let mut shown = self.listed(source);
        shown["properties"] = Value::Object(self.properties.iter().map(property).collect());
        shown
    }
}

/// Answers a call below `/mappings`.
pub(in crate::okta) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask),
        ("GET", [id]) => one(org, id),
        ("POST", [id]) => update(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["sourceId", "targetId", "after", "limit"])?;
    let fits = |name: &str, is: &str| ask.query.text(name).is_none_or(|wanted| wanted == is);
    let numbered = (1..).zip(&org.sources);
    let rows = numbered.filter(|(_, source)| fits("sourceId", &source.id) && fits("targetId", USER_TYPE));
    page::by_key(ask, rows, page::limit(ask, 20, 200)?, |source| source.mapping.listed(&source.id))
}

fn one(org: &Org, id: &str) -> Reply {
    let found = org.sources.iter().find(|source| source.mapping.id == id);
    let found = found.ok_or_else(|| error::not_found(id, "ProfileMapping"))?;
    Ok(Answer::json(200, &found.mapping.shown(&found.id)))
}

fn update(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    one(org, id)?;
    let body = object(ask)?;
    let wanted = body.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for (to, property) in &wanted {
        let expression = property["expression"].as_str().unwrap_or_default();
        let of = expression.strip_prefix("source.");
        if !profile::is_base(to) && !org.types.has_custom(to) {
            let cause = format!("Property name '{to}' is not defined in profile");
            return Err(error::validation("properties", &[cause]));
        }
        if !property.is_null() && !of.is_some_and(|of| ATTRIBUTES.iter().any(|(known, _)| *known == of)) {
            return Err(ask.not_modelled(&format!("the expression {expression}")));
        }
    }
    for source in org.sources.iter_mut().filter(|source| source.mapping.id == id) {
        for (to, property) in &wanted {
            let text = |name: &str| property[name].as_str().map(str::to_owned);
            match (text("expression"), text("pushStatus")) {
                (Some(expression), push) => {
                    let push = push.unwrap_or_else(|| "DONT_PUSH".to_owned());
                    source.mapping.properties.insert(to.clone(), (expression, push));
                }
                (None, _) => drop(source.mapping.properties.remove(to)),
            }
        }
    }
    one(org, id)
}
