//! SCIM: the same users and groups in another form. The integration user has the role `scim_admin`.

mod about;
mod filter;
mod group;
mod patch;
mod user;

use serde_json::{Map, Value, json};

use self::filter::Filter;
use super::error;
use super::schema::{self, Schema};
use super::store::{Author, Found, Instance, Record};
use crate::http::{Answer, Ask, Reply};

const MOST_RESOURCES: i64 = 500;
const DEFAULT_COUNT: i64 = 10;
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A resource as SCIM shows it.
type Document = Map<String, Value>;

/// What kind of resource, and the table that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    /// Read only: a name and nothing else.
    Named(&'static str, &'static str),
}

impl Kind {
    fn of(endpoint: &str) -> Option<Self> {
        Some(match endpoint {
            "Users" => Self::User,
            "Groups" => Self::Group,
            "Companies" => Self::Named("Company", "core_company"),
            "CostCenters" => Self::Named("CostCenter", "cmn_cost_center"),
            "Departments" => Self::Named("Department", "cmn_department"),
            "Locations" => Self::Named("Location", "cmn_location"),
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Named(name, _) => name,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::User => "sys_user",
            Self::Group => "sys_user_group",
            Self::Named(_, table) => table,
        }
    }

    fn schema(self) -> Option<&'static Schema> {
        schema::find(self.table())
    }

    fn can_be_written(self) -> bool {
        !matches!(self, Self::Named(..))
    }
}

/// One call: what it is about, and where the caller found us.
#[derive(Clone, Copy)]
struct Desk<'a> {
    kind: Kind,
    endpoint: &'a str,
    ask: &'a Ask,
}

pub(super) fn route(instance: &mut Instance, ask: &Ask, path: &[&str]) -> Reply {
    if instance.habits.scim_is_missing {
        return Err(error::no_resource());
    }
    let Some((endpoint, rest)) = path.split_first() else { return Err(error::no_resource()) };
    let Some(kind) = Kind::of(endpoint) else { return about::route(ask, endpoint, rest) };
    let desk = Desk { kind, endpoint, ask };
    match (ask.method.as_str(), rest) {
        ("GET", []) => desk.list(instance),
        ("GET", [id]) => desk.get(instance, id),
        ("POST", []) if kind.can_be_written() => desk.create(instance),
        ("PUT", [id]) if kind.can_be_written() => desk.replace(instance, id),
        ("PATCH", [id]) if kind.can_be_written() => desk.patch(instance, id),
        ("DELETE", [id]) if kind.can_be_written() => desk.delete(instance, id),
        (_, [] | [_]) => Err(error::wrong_method(&ask.method)),
        _ => Err(error::no_resource()),
    }
}

impl Desk<'_> {
    fn list(self, instance: &Instance) -> Reply {
        let known = ["startIndex", "count", "filter", "attributes", "excludedAttributes"];
        self.ask.only_parameters(&known)?;
        let selection = self.selection(instance)?;
        let (start, count) =
            (self.number(instance, "startIndex", 1)?.max(1), self.number(instance, "count", DEFAULT_COUNT)?);
        if count > MOST_RESOURCES {
            return Err(refusal(instance, 400, "invalidValue", "count must not be greater than 500"));
        }
        let filter = self.ask.query.text("filter").map(|text| Filter::parse(text, self.kind)).transpose();
        let filter = filter.map_err(|why| refusal(instance, 400, "invalidFilter", &why))?;
        let documents = instance.rows(self.kind.table()).map(|found| self.document(instance, found));
        let found: Vec<Document> = documents
            .filter(|document| filter.as_ref().is_none_or(|filter| filter.admits(document)))
            .collect();
        let (skip, take) =
            (usize::try_from(start - 1).unwrap_or(usize::MAX), usize::try_from(count).unwrap_or_default());
        let total = found.len();
        let page: Vec<Value> =
            found.into_iter().skip(skip).take(take).map(|document| selection.of(document)).collect();
        let (start, items) = (json!(start), json!(page.len()));
        let body = json!({
            "schemas": [LIST], "totalResults": total, "Resources": page, "startIndex": start, "itemsPerPage": items,
        });
        Ok(Answer::json(200, &body))
    }

    fn get(self, instance: &Instance, id: &str) -> Reply {
        self.shown(instance, id, 200)
    }

    fn create(self, instance: &mut Instance) -> Reply {
        let document = self.body(instance)?;
        let author = instance.author(self.ask.at);
        let id = self.write(instance, None, &document, &author)?;
        self.shown(instance, &id, 201)
    }

    fn replace(self, instance: &mut Instance, id: &str) -> Reply {
        self.find(instance, id)?;
        let document = self.body(instance)?;
        let author = instance.author(self.ask.at);
        self.write(instance, Some(id), &document, &author)?;
        self.shown(instance, id, 200)
    }

    fn patch(self, instance: &mut Instance, id: &str) -> Reply {
        let mut document = self.document(instance, self.find(instance, id)?);
        patch::apply(self.ask, &self.body(instance)?, &mut document)
            .map_err(|fault| fault.unwrap_or_else(|why| refusal(instance, 400, "invalidSyntax", &why)))?;
        let author = instance.author(self.ask.at);
        self.write(instance, Some(id), &document, &author)?;
        if self.kind == Kind::Group && instance.habits.scim_group_patch_says_nothing {
            return Ok(Answer::empty(204));
        }
        self.shown(instance, id, 200)
    }

    fn delete(self, instance: &mut Instance, id: &str) -> Reply {
        self.find(instance, id)?;
        let author = instance.author(self.ask.at);
        instance.remove(self.kind.table(), id, &author)?;
        Ok(Answer::empty(204))
    }

    fn write(
        self,
        instance: &mut Instance,
        id: Option<&str>,
        document: &Document,
        author: &Author,
    ) -> Result<String, Answer> {
        let Some(schema) = self.kind.schema() else { return Err(error::no_resource()) };
        let (row, beside) = match self.kind {
            Kind::Group => group::row(instance, id, document)?,
            _ => user::row(instance, id, document)?,
        };
        let id = match id {
            None => instance.insert(schema, row, author)?,
            Some(id) => {
                instance.update(schema.name, id, row, author)?;
                id.to_owned()
            }
        };
        let table = if self.kind == Kind::Group { "sys_scim_group" } else { "sys_scim_user" };
        keep_beside(instance, table, &id, beside, author)?;
        if self.kind == Kind::Group {
            group::set_members(instance, &id, document, author)?;
        }
        Ok(id)
    }

    fn find<'i>(self, instance: &'i Instance, id: &str) -> Result<Found<'i>, Answer> {
        let missing = || refusal(instance, 404, "", &format!("Resource {id} not found"));
        instance.find(self.kind.table(), id).ok_or_else(missing)
    }

    fn shown(self, instance: &Instance, id: &str, status: u16) -> Reply {
        let document = self.document(instance, self.find(instance, id)?);
        Ok(Answer::json(status, &self.selection(instance)?.of(document)))
    }

    fn document(self, instance: &Instance, found: Found<'_>) -> Document {
        let id = found.get("sys_id");
        let time = |field: &str| format!("{}Z", found.get(field).replace(' ', "T"));
        let mut document = match self.kind {
            Kind::User => user::document(instance, found),
            Kind::Group => group::document(instance, found, &self.ask.base),
            Kind::Named(name, _) => {
                let urn = format!("urn:ietf:params:scim:schemas:custom:servicenow:2.0:{name}");
                object(json!({ "schemas": [urn], "name": found.get("name") }))
            }
        };
        document.insert("id".to_owned(), json!(id));
        let location = format!("{}/api/now/scim/{}/{id}", self.ask.base, self.endpoint);
        document.insert(
            "meta".to_owned(),
            json!({
                "resourceType": self.kind.name(), "created": time("sys_created_on"),
                "lastModified": time("sys_updated_on"), "location": location,
            }),
        );
        document
    }

    fn body(self, instance: &Instance) -> Result<Document, Answer> {
        match self.ask.json() {
            Some(Value::Object(body)) if body.get("schemas").is_some_and(Value::is_array) => Ok(body),
            _ => Err(refusal(instance, 400, "invalidSyntax", "The body must be an object with schemas")),
        }
    }

    fn number(self, instance: &Instance, name: &str, default: i64) -> Result<i64, Answer> {
        let Some(text) = self.ask.query.text(name) else { return Ok(default) };
        let number = text.parse::<i64>().map(|number| number.max(0));
        number.map_err(|_| refusal(instance, 400, "invalidValue", &format!("{name} is no number")))
    }

    fn selection(self, instance: &Instance) -> Result<Selection, Answer> {
        let names = |parameter: &str| {
            let text = self.ask.query.text(parameter)?;
            Some(text.split(',').map(|name| name.trim().to_lowercase()).collect::<Vec<_>>())
        };
        match (names("attributes"), names("excludedAttributes")) {
            (Some(_), Some(_)) => {
                let why = "attributes and excludedAttributes rule each other out";
                Err(refusal(instance, 400, "invalidValue", why))
            }
            (Some(only), None) => Ok(Selection::Only(only)),
            (None, Some(without)) => Ok(Selection::Without(without)),
            (None, None) => Ok(Selection::Without(Vec::new())),
        }
    }
}

/// Which attributes are shown, by the word that their name begins with.
enum Selection {
    Only(Vec<String>),
    Without(Vec<String>),
}

impl Selection {
    fn of(&self, mut document: Document) -> Value {
        document.retain(|name, _| {
            let is_among = |names: &[String]| {
                names.iter().any(|wanted| wanted.split('.').next().unwrap_or_default() == name.to_lowercase())
            };
            matches!(name.as_str(), "id" | "schemas")
                || match self {
                    Self::Only(names) => is_among(names),
                    Self::Without(names) => !is_among(names),
                }
        });
        Value::Object(document)
    }
}

/// What SCIM says when it says no: in `errors`, as documented, or at the top, as the standard has it.
fn refusal(instance: &Instance, status: u16, scim_type: &str, detail: &str) -> Answer {
    let mut error = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": detail, "status": status.to_string(),
    });
    if !scim_type.is_empty() {
        error["scimType"] = json!(scim_type);
    }
    if !instance.habits.scim_errors_at_the_top {
        error = json!({ "errors": error });
    }
    Answer::json(status, &error)
}

/// What does not fit into the table has one of its own.
fn keep_beside(
    instance: &mut Instance,
    table: &str,
    id: &str,
    row: Record,
    author: &Author,
) -> Result<(), Answer> {
    let Some(schema) = schema::find(table) else { return Err(error::no_table(table)) };
    let link = if table == "sys_scim_group" { "group" } else { "user" };
    match instance.find_by(table, link, id).map(|found| found.get("sys_id").to_owned()) {
        Some(there) => instance.update(table, &there, row, author),
        None if row.values().all(String::is_empty) => Ok(()),
        None => {
            let mut row = row;
            row.insert(link.to_owned(), id.to_owned());
            instance.insert(schema, row, author).map(|_| ())
        }
    }
}

/// Whether another row has this value.
fn is_taken(instance: &Instance, table: &str, field: &str, value: &str, id: Option<&str>) -> bool {
    let same =
        |found: &Found<'_>| found.get(field).eq_ignore_ascii_case(value) && Some(found.get("sys_id")) != id;
    !value.is_empty() && instance.rows(table).any(|found| same(&found))
}

fn text_at<'a>(document: &'a Document, path: &[&str]) -> &'a str {
    let Some((first, rest)) = path.split_first() else { return "" };
    let mut found = document.get(*first);
    for name in rest {
        found = found.and_then(|value| value.get(*name));
    }
    found.and_then(Value::as_str).unwrap_or_default()
}

fn put(document: &mut Document, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        document.insert((*first).to_owned(), value);
    } else if let Value::Object(inner) = document.entry(*first).or_insert_with(|| json!({})) {
        put(inner, rest, value);
    }
}

fn object(value: Value) -> Document {
    match value {
        Value::Object(document) => document,
        _ => Document::new(),
    }
}
