//! Custom admin roles, resource sets, and the bindings between them. Who is bound holds the role: that is in `roles`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::roles::{self, Assignment, Holder};
use super::{Org, error, object, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

const PER_PAGE: usize = 100;
const MOST_RESOURCES: usize = 1000;

/// The org's custom roles and resource sets, in order of creation.
#[derive(Debug, Default)]
pub(crate) struct Iam {
    roles: BTreeMap<u64, Item>,
    sets: BTreeMap<u64, Item>,
    next: u64,
}

/// A custom role with its permissions, or a resource set with its resources.
#[derive(Debug, Clone)]
struct Item {
    id: String,
    label: String,
    description: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    /// Each with its id.
    parts: Vec<(String, String)>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Role,
    Set,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Role => "roles",
            Self::Set => "resource-sets",
        }
    }

    fn parts(self) -> &'static str {
        match self {
            Self::Role => "permissions",
            Self::Set => "resources",
        }
    }

    fn event(self, what: &str) -> String {
        match self {
            Self::Role => format!("iam.role.{what}"),
            Self::Set => format!("iam.resourceset.{what}"),
        }
    }

    fn none(self, id: &str) -> Answer {
        error::not_found(id, if self == Self::Role { "CustomRole" } else { "IAMPolicy" })
    }
}

impl Iam {
    fn all(&self, sort: Sort) -> &BTreeMap<u64, Item> {
        if sort == Sort::Role { &self.roles } else { &self.sets }
    }

    /// By id or label.
    fn find(&self, sort: Sort, name: &str) -> Result<&Item, Answer> {
        let found = self.all(sort).values().find(|item| item.id == name || item.label == name);
        found.ok_or_else(|| sort.none(name))
    }

    fn find_mut(&mut self, sort: Sort, name: &str) -> Result<&mut Item, Answer> {
        let all = if sort == Sort::Role { &mut self.roles } else { &mut self.sets };
        let found = all.values_mut().find(|item| item.id == name || item.label == name);
        found.ok_or_else(|| sort.none(name))
    }

    pub(super) fn role_label(&self, role: &str) -> Result<String, Answer> {
        Ok(self.find(Sort::Role, role)?.label.clone())
    }

    pub(super) fn set_id(&self, set: &str) -> Result<String, Answer> {
        Ok(self.find(Sort::Set, set)?.id.clone())
    }
}

/// `/iam/…`
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    let method = ask.method.as_str();
    if let ["assignees", "users"] = below {
        return if method == "GET" { roles::assignees(org, ask) } else { Err(error::wrong_method()) };
    }
    let (sort, below) = match below {
        ["roles", below @ ..] => (Sort::Role, below),
        ["resource-sets", below @ ..] => (Sort::Set, below),
        _ => return Err(ask.not_modelled("the call")),
    };
    match (method, below) {
        ("GET", []) => list(org, ask, sort),
        ("POST", []) => create(org, ask, sort),
        ("GET", [name]) => {
            ask.only_parameters(&[])?;
            Ok(Answer::json(200, &shown(org.iam.find(sort, name)?, sort, ask)))
        }
        ("PUT", [name]) => rename(org, ask, sort, name),
        ("DELETE", [name]) => delete(org, ask, sort, name),
        ("GET", [name, parts]) if *parts == sort.parts() => list_parts(org, ask, sort, name),
        ("PATCH", [set, "resources"]) if sort == Sort::Set => add_resources(org, ask, set),
        ("POST", [role, "permissions", permission]) if sort == Sort::Role => {
            allow(org, ask, role, permission)
        }
        ("DELETE", [name, parts, part]) if *parts == sort.parts() => remove_part(org, ask, sort, name, part),
        (_, [set, "bindings", below @ ..]) if sort == Sort::Set => bindings(org, ask, set, below),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn shown(item: &Item, sort: Sort, ask: &Ask) -> Value {
    let own = format!("{}/api/v1/iam/{}/{}", ask.base, sort.word(), item.id);
    let mut links = json!({"self": {"href": own}});
    links[sort.parts()] = json!({"href": format!("{own}/{}", sort.parts())});
    if sort == Sort::Set {
        links["bindings"] = json!({"href": format!("{own}/bindings")});
    }
    json!({
        "id": item.id, "label": item.label, "description": item.description,
        "created": okta_time(item.created), "lastUpdated": okta_time(item.updated), "_links": links,
    })
}

fn list(org: &Org, ask: &Ask, sort: Sort) -> Reply {
    ask.only_parameters(&["after"])?;
    let rows: Vec<Value> = org.iam.all(sort).values().map(|item| shown(item, sort, ask)).collect();
    page::named(ask, sort.word(), &rows, PER_PAGE)
}

/// Label and description, both there, and the label free.
fn names(org: &Org, sort: Sort, body: &Value, own: &str) -> Result<(String, String), Answer> {
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let blank = |name: &str| error::validation(name, &[format!("{name}: The field cannot be left blank")]);
    let label = text("label").ok_or_else(|| blank("label"))?;
    let description = text("description").ok_or_else(|| blank("description"))?;
    if org.iam.all(sort).values().any(|item| item.label == label && item.id != own) {
        let what = if sort == Sort::Role { "admin role" } else { "resource set" };
        let cause = format!("label: There is already an {what} with this name.").replace("an res", "a res");
        return Err(error::validation("label", &[cause]));
    }
    Ok((label, description))
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn create(org: &mut Org, ask: &Ask, sort: Sort) -> Reply {
    ask.only_parameters(&[])?;
    let body = Value::Object(object(ask)?);
    let (label, description) = names(org, sort, &body, "")?;
    let parts = strings(&body[sort.parts()]);
    check_parts(sort, &parts, parts.len())?;
    let id = org.ids.okta(if sort == Sort::Role { "cr0" } else { "iam" });
    let parts = parts.into_iter().map(|part| (org.ids.okta("ire"), part)).collect();
    let item = Item { id, label, description, created: ask.at, updated: ask.at, parts };
    let answer = shown(&item, sort, ask);
    note(org, ask, sort, "create", &item);
    org.iam.next += 1;
    let (key, iam) = (org.iam.next, &mut org.iam);
    let all = if sort == Sort::Role { &mut iam.roles } else { &mut iam.sets };
    all.insert(key, item);
    Ok(Answer::json(200, &answer))
}

/// Permissions have Okta's names, resources are names or addresses; there are some, and not too many.
fn check_parts(sort: Sort, parts: &[String], total: usize) -> Result<(), Answer> {
    let good = |part: &String| match sort {
        Sort::Role => part.starts_with("okta."),
        Sort::Set => part.starts_with("orn:") || part.starts_with("http"),
    };
    if parts.is_empty() || total > MOST_RESOURCES {
        let cause = format!("{}: The field cannot be left blank, and holds 1000 at most", sort.parts());
        return Err(error::validation(sort.parts(), &[cause]));
    }
    match parts.iter().find(|part| !good(part)) {
        None => Ok(()),
        Some(part) => Err(error::validation(sort.parts(), &[format!("{}: invalid: {part}", sort.parts())])),
    }
}

fn note(org: &mut Org, ask: &Ask, sort: Sort, what: &str, item: &Item) {
    let kind = if sort == Sort::Role { "CUSTOM_ROLE" } else { "RESOURCE_SET" };
    let target = json!({
        "id": item.id, "type": kind, "alternateId": "unknown", "displayName": item.label, "detailEntry": null,
    });
    org.note(ask, &sort.event(what), "Custom admin roles changed", vec![target]);
}

fn rename(org: &mut Org, ask: &Ask, sort: Sort, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let own = org.iam.find(sort, name)?.id.clone();
    let (label, description) = names(org, sort, &Value::Object(object(ask)?), &own)?;
    let item = org.iam.find_mut(sort, &own)?;
    (item.label, item.description, item.updated) = (label, description, ask.at);
    let item = item.clone();
    note(org, ask, sort, "update", &item);
    Ok(Answer::json(200, &shown(&item, sort, ask)))
}

/// A role that somebody holds stays; with a set its bindings go.
fn delete(org: &mut Org, ask: &Ask, sort: Sort, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let item = org.iam.find(sort, name)?.clone();
    let is_of = |one: &Assignment| {
        one.over
            .as_ref()
            .is_some_and(|(role, set)| if sort == Sort::Role { *role == item.id } else { *set == item.id })
    };
    if sort == Sort::Role && org.roles.iter().any(|(_, one)| is_of(one)) {
        let cause = "The role is bound to a resource set".to_owned();
        return Err(error::validation("role", &[cause]));
    }
    org.roles.take(|_, one| is_of(one));
    let iam = &mut org.iam;
    let all = if sort == Sort::Role { &mut iam.roles } else { &mut iam.sets };
    all.retain(|_, other| other.id != item.id);
    note(org, ask, sort, "delete", &item);
    Ok(Answer::empty(204))
}

fn list_parts(org: &Org, ask: &Ask, sort: Sort, name: &str) -> Reply {
    ask.only_parameters(if sort == Sort::Set { &["after", "limit"] } else { &[] })?;
    let item = org.iam.find(sort, name)?;
    let time = okta_time(item.created);
    let rows: Vec<Value> = item
        .parts
        .iter()
        .map(|(id, part)| match sort {
            Sort::Role => json!({"label": part, "created": time, "lastUpdated": time}),
            Sort::Set if part.starts_with("orn:") => {
                json!({"id": id, "orn": part, "created": time, "lastUpdated": time})
            }
            Sort::Set => json!({
                "id": id, "created": time, "lastUpdated": time, "_links": {"self": {"href": part}},
            }),
        })
        .collect();
    if sort == Sort::Role {
        return Ok(Answer::json(200, &json!({ "permissions": rows })));
    }
    page::named(ask, "resources", &rows, page::limit(ask, PER_PAGE, PER_PAGE)?)
}

fn add_resources(org: &mut Org, ask: &Ask, set: &str) -> Reply {
    ask.only_parameters(&[])?;
    let more = strings(&object(ask)?.remove("additions").unwrap_or_default());
    check_parts(Sort::Set, &more, org.iam.find(Sort::Set, set)?.parts.len() + more.len())?;
    let more: Vec<_> = more.into_iter().map(|part| (org.ids.okta("ire"), part)).collect();
    let item = org.iam.find_mut(Sort::Set, set)?;
    for (id, part) in more {
        if !item.parts.iter().any(|(_, there)| *there == part) {
            item.parts.push((id, part));
        }
    }
    Ok(Answer::json(200, &shown(item, Sort::Set, ask)))
}

fn allow(org: &mut Org, ask: &Ask, role: &str, permission: &str) -> Reply {
    ask.only_parameters(&[])?;
    if !ask.body.is_empty() {
        return Err(ask.not_modelled("conditions of a permission"));
    }
    check_parts(Sort::Role, &[permission.to_owned()], 1)?;
    let item = org.iam.find_mut(Sort::Role, role)?;
    if !item.parts.iter().any(|(_, there)| there == permission) {
        item.parts.push((String::new(), permission.to_owned()));
    }
    Ok(Answer::empty(204))
}

fn remove_part(org: &mut Org, ask: &Ask, sort: Sort, name: &str, part: &str) -> Reply {
    ask.only_parameters(&[])?;
    let item = org.iam.find_mut(sort, name)?;
    let is = |(id, there): &(String, String)| if sort == Sort::Role { there == part } else { id == part };
    if !item.parts.iter().any(is) {
        return Err(error::not_found(part, "Permission"));
    }
    item.parts.retain(|one| !is(one));
    Ok(Answer::empty(204))
}

/// `/iam/resource-sets/{set}/bindings…`
fn bindings(org: &mut Org, ask: &Ask, set: &str, below: &[&str]) -> Reply {
    let set = org.iam.find(Sort::Set, set)?.id.clone();
    let own = format!("{}/api/v1/iam/resource-sets/{set}/bindings", ask.base);
    match (ask.method.as_str(), below) {
        ("GET", []) => {
            ask.only_parameters(&["after"])?;
            let bound = |item: &&Item| !members(org, &item.id, &set).is_empty();
            let row = |item: &Item| json!({"id": item.id, "_links": {"members": {"href": format!("{own}/{}/members", item.id)}}});
            let rows: Vec<Value> = org.iam.roles.values().filter(bound).map(row).collect();
            page::named(ask, "roles", &rows, PER_PAGE)
        }
        ("POST", []) => {
            let body = object(ask)?;
            let role = body.get("role").and_then(Value::as_str).unwrap_or_default().to_owned();
            bind(org, ask, &role, &set, &strings(body.get("members").unwrap_or(&Value::Null)))
        }
        ("DELETE", [role]) => {
            let role = org.iam.find(Sort::Role, role)?.id.clone();
            unbind(org, ask, &role, &set, |_| true)
        }
        ("GET", [role, "members"]) => {
            ask.only_parameters(&["after"])?;
            let role = org.iam.find(Sort::Role, role)?.id.clone();
            let row = |(holder, one): &(Holder, Assignment)| {
                let time = okta_time(one.created);
                let href = format!("{}{}", ask.base, holder.path());
                json!({"id": one.id, "created": time, "lastUpdated": time, "_links": {"self": {"href": href}}})
            };
            let rows: Vec<Value> = members(org, &role, &set).iter().map(row).collect();
            page::named(ask, "members", &rows, PER_PAGE)
        }
        ("PATCH", [role, "members"]) => {
            let more = strings(&object(ask)?.remove("additions").unwrap_or_default());
            bind(org, ask, role, &set, &more)
        }
        ("DELETE", [role, "members", member]) => {
            let role = org.iam.find(Sort::Role, role)?.id.clone();
            unbind(org, ask, &role, &set, |one| one.id == *member)
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn members(org: &Org, role: &str, set: &str) -> Vec<(Holder, Assignment)> {
    let of = |one: &Assignment| one.over.as_ref().is_some_and(|over| over.0 == role && over.1 == set);
    let all = org.roles.iter().filter(|(_, one)| of(one));
    all.map(|(holder, one)| (holder.clone(), one.clone())).collect()
}

/// Gives the role over the set to those whom these addresses name.
fn bind(org: &mut Org, ask: &Ask, role: &str, set: &str, urls: &[String]) -> Reply {
    ask.only_parameters(&[])?;
    let Item { id: role, label, .. } = org.iam.find(Sort::Role, role)?.clone();
    let holders = urls.iter().map(|url| holder(org, url)).collect::<Result<Vec<_>, _>>()?;
    for holder in holders {
        let new = Assignment::custom(org.ids.okta("irb"), &label, &role, set, ask.at);
        if org.roles.give(holder.clone(), new) {
            note_binding(org, ask, "add", set);
            roles::note(org, ask, &holder, "grant");
        }
    }
    let own = format!("{}/api/v1/iam/resource-sets/{set}/bindings", ask.base);
    Ok(Answer::json(
        200,
        &json!({"_links": {"self": {"href": format!("{own}/{role}")}, "bindings": {"href": own}}}),
    ))
}

fn unbind(org: &mut Org, ask: &Ask, role: &str, set: &str, which: impl Fn(&Assignment) -> bool) -> Reply {
    ask.only_parameters(&[])?;
    let gone: Vec<_> = members(org, role, set).into_iter().filter(|(_, one)| which(one)).collect();
    if gone.is_empty() {
        return Err(error::not_found(role, "IAMPolicyBinding"));
    }
    for (holder, one) in gone {
        org.roles.take(|other, other_one| *other == holder && other_one.id == one.id);
        note_binding(org, ask, "delete", set);
        roles::note(org, ask, &holder, "revoke");
    }
    Ok(Answer::empty(204))
}

fn note_binding(org: &mut Org, ask: &Ask, what: &str, set: &str) {
    if let Ok(item) = org.iam.find(Sort::Set, set).cloned() {
        note(org, ask, Sort::Set, &format!("bindings.{what}"), &item);
    }
}

/// Whom an address names.
fn holder(org: &Org, url: &str) -> Result<Holder, Answer> {
    let mut parts = url.rsplit('/');
    let (id, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match kind {
        "users" if org.users.find(id).is_some() => Ok(Holder::User(id.to_owned())),
        "groups" if org.groups.find(id).is_some() => Ok(Holder::Group(id.to_owned())),
        "clients" if org.oauth.knows(id) => Ok(Holder::Client(id.to_owned())),
        _ => Err(error::validation("members", &[format!("members: nobody at {url}")])),
    }
}
