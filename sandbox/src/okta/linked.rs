//! Linked objects: relations between users, and who stands in them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::users::{User, named};
use super::{Org, error, object, page};
use crate::http::{Answer, Ask, Reply};

/// All relations, and the links in them.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    definitions: Vec<Definition>,
    /// By primary name and associated user, the primary user.
    links: BTreeMap<(String, u64), u64>,
}

#[derive(Debug, Clone)]
struct Definition {
    primary: Value,
    associated: Value,
}

impl Definition {
    fn has(&self, name: &str) -> bool {
        self.primary["name"] == name || self.associated["name"] == name
    }

    fn primary_name(&self) -> String {
        self.primary["name"].as_str().unwrap_or_default().to_owned()
    }

    fn body(&self, base: &str) -> Value {
        let href = format!("{base}/api/v1/meta/schemas/user/linkedObjects/{}", self.primary_name());
        json!({"primary": self.primary, "associated": self.associated, "_links": {"self": {"href": href}}})
    }
}

impl Relations {
    fn named(&self, name: &str) -> Result<&Definition, Answer> {
        let found = self.definitions.iter().find(|definition| definition.has(name));
        found.ok_or_else(|| error::not_found(name, "LinkedObject"))
    }

    /// A user is gone for good.
    pub(super) fn forget(&mut self, user: u64) {
        self.links.retain(|(_, associated), primary| *associated != user && *primary != user);
    }
}

/// Whom a user is linked to, by the relation's primary name.
pub(super) fn primaries(org: &Org, user: &User) -> Value {
    let links = org.relations.links.iter().filter(|((_, associated), _)| *associated == user.key);
    links.filter_map(|((name, _), key)| Some((name.clone(), json!(org.users.at(*key)?.id)))).collect()
}

/// `…/meta/schemas/user/linkedObjects…`
pub(super) fn define(org: &mut Org, ask: &Ask, rest: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), rest) {
        ("GET", []) => {
            let all = org.relations.definitions.iter().map(|definition| definition.body(&ask.base));
            Ok(page::whole(ask, all.collect()))
        }
        ("POST", []) => create(org, ask),
        ("GET", [name]) => Ok(Answer::json(200, &org.relations.named(name)?.body(&ask.base))),
        ("DELETE", [name]) => {
            let primary = org.relations.named(name)?.primary_name();
            org.relations.definitions.retain(|definition| !definition.has(name));
            org.relations.links.retain(|(relation, _), _| *relation != primary);
            Ok(Answer::empty(204))
        }
        (_, [] | [_]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn create(org: &mut Org, ask: &Ask) -> Reply {
    let body = object(ask)?;
    let side = |which: &str| {
        let side = body.get(which).cloned().unwrap_or_default();
        let name = side["name"].as_str().unwrap_or_default();
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if named && side["title"].is_string() && side["type"] == "USER" {
            return Ok(side);
        }
        Err(error::validation(which, &[format!("{which}: name, title and the type USER are needed")]))
    };
    let definition = Definition { primary: side("primary")?, associated: side("associated")? };
    let mut causes = Vec::new();
    for (which, side) in [("primary", &definition.primary), ("associated", &definition.associated)] {
        let name = side["name"].as_str().unwrap_or_default();
        if org.relations.definitions.iter().any(|other| other.has(name)) {
            causes.push(format!("Linked object identifier for {which} is already in use."));
        }
    }
    if !causes.is_empty() {
        let summary = "Invalid linked objection definition. Linked object identifier is already in use.";
        return Err(error::error(409, "E0000127", summary, &causes));
    }
    let answer = Answer::json(201, &definition.body(&ask.base));
    org.relations.definitions.push(definition);
    Ok(answer)
}

/// `…/users/{id}/linkedObjects/…`
pub(super) fn route(org: &mut Org, ask: &Ask, user: &str, rest: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, user)?;
    match (ask.method.as_str(), rest) {
        ("PUT", [name, primary]) => {
            let relation = primary_of(org, name)?;
            let primary = named(org, primary)?;
            if primary.key == user.key {
                return Err(error::validation(name, &["a user cannot be linked with itself".to_owned()]));
            }
            org.relations.links.insert((relation, user.key), primary.key);
            Ok(Answer::empty(204))
        }
        ("GET", [name]) => {
            let definition = org.relations.named(name)?;
            let relation = definition.primary_name();
            let keys: Vec<u64> = if relation == *name {
                org.relations.links.get(&(relation, user.key)).copied().into_iter().collect()
            } else {
                let links = org.relations.links.iter();
                links
                    .filter(|((name, _), primary)| *name == relation && **primary == user.key)
                    .map(|((_, associated), _)| *associated)
                    .collect()
            };
            let users = keys.into_iter().filter_map(|key| org.users.at(key));
            let link =
                |id: &str| json!({"_links": {"self": {"href": format!("{}/api/v1/users/{id}", ask.base)}}});
            Ok(page::whole(ask, users.map(|user| link(&user.id)).collect()))
        }
        ("DELETE", [name]) => {
            let relation = primary_of(org, name)?;
            org.relations.links.remove(&(relation, user.key));
            Ok(Answer::empty(204))
        }
        (_, [_] | [_, _]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// A link is set and ended by the primary name only.
fn primary_of(org: &Org, name: &str) -> Result<String, Answer> {
    let definition = org.relations.named(name)?;
    if definition.primary["name"] == name {
        return Ok(name.to_owned());
    }
    Err(error::validation(name, &[format!("{name} is not the name of a primary relationship")]))
}
