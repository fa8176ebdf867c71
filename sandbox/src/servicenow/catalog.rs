//! The Service Catalog: look at items, order one.

use serde_json::{Map, Value, json};

use super::error;
use super::schema;
use super::store::{Author, Found, Instance, Record, record};
use crate::http::{Answer, Ask, Reply};

/// The group that works on catalog tasks.
pub(crate) const FULFILMENT_GROUP: &str = "Identity Operations";

pub(super) fn route(instance: &mut Instance, ask: &Ask, path: &[&str]) -> Reply {
    match (ask.method.as_str(), path) {
        ("GET", ["items"]) => list(instance, ask),
        ("GET", ["items", item]) => get(instance, ask, item),
        ("GET", ["items", item, "variables"]) => variables_of(instance, ask, item),
        ("POST", ["items", item, "order_now"]) => order_now(instance, ask, item),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(instance: &Instance, ask: &Ask) -> Reply {
    ask.only_parameters(&["sysparm_text", "sysparm_limit", "sysparm_offset"])?;
    let text = ask.query.get("sysparm_text").unwrap_or_default().to_lowercase();
    let number =
        |name: &str, default| ask.query.text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let wanted = instance.rows("sc_cat_item").filter(|item| item.get("name").to_lowercase().contains(&text));
    let page = wanted.skip(number("sysparm_offset", 0)).take(number("sysparm_limit", 10));
    let items: Vec<Value> = page.map(|item| summary(instance, item)).collect();
    Ok(Answer::json(200, &json!({ "result": items })))
}

fn get(instance: &Instance, ask: &Ask, item: &str) -> Reply {
    ask.only_parameters(&[])?;
    let found = item_named(instance, item)?;
    let mut shown = summary(instance, found);
    shown["variables"] = variables(instance, item).map(variable).collect();
    Ok(Answer::json(200, &json!({ "result": shown })))
}

fn variables_of(instance: &Instance, ask: &Ask, item: &str) -> Reply {
    ask.only_parameters(&[])?;
    item_named(instance, item)?;
    let all: Vec<Value> = variables(instance, item).map(variable).collect();
    Ok(Answer::json(200, &json!({ "result": all })))
}

fn item_named<'a>(instance: &'a Instance, sys_id: &str) -> Result<Found<'a>, Answer> {
    instance.find("sc_cat_item", sys_id).ok_or_else(error::no_record)
}

fn summary(instance: &Instance, item: Found<'_>) -> Value {
    let catalog = item.get("sc_catalogs");
    json!({
        "sys_id": item.get("sys_id"),
        "name": item.get("name"),
        "short_description": item.get("short_description"),
        "description": item.get("description"),
        "type": "catalog_item",
        "sys_class_name": "sc_cat_item",
        "show_price": false,
        "show_quantity": true,
        "catalogs": [{"sys_id": catalog, "title": instance.display_of("sc_catalog", catalog)}],
        "order": 0,
    })
}

fn variables<'a>(instance: &'a Instance, item: &'a str) -> impl Iterator<Item = Found<'a>> {
    instance.rows("item_option_new").filter(move |variable| variable.get("cat_item") == item)
}

/// This API, unlike the Table API, answers real booleans and numbers.
fn variable(found: Found<'_>) -> Value {
    json!({
        "id": found.get("sys_id"),
        "name": found.get("name"),
        "label": found.get("question_text"),
        "type": found.get("type").parse::<u32>().unwrap_or(6),
        "mandatory": found.get("mandatory") == "true",
        "reference": found.get("reference"),
        "displayvalue": "",
        "value": "",
    })
}

/// `POST /items/{id}/order_now`
fn order_now(instance: &mut Instance, ask: &Ask, item: &str) -> Reply {
    ask.only_parameters(&[])?;
    item_named(instance, item)?;
    let Some(Value::Object(body)) = ask.json() else { return Err(error::bad_body()) };
    let quantity = body.get("sysparm_quantity").map(|value| value.to_string().replace('"', ""));
    if quantity.and_then(|text| text.parse::<u32>().ok()).is_none_or(|quantity| quantity == 0) {
        return Err(error::envelope(400, "Invalid quantity value", None));
    }
    let answers = answers(&body);
    let missing = variables(instance, item).any(|variable| {
        let answered = answers.iter().any(|(name, value)| name == variable.get("name") && !value.is_empty());
        variable.get("mandatory") == "true" && !answered
    });
    if missing {
        return Err(error::envelope(400, "Mandatory Variables are required", None));
    }
    let requested_for = body.get("sysparm_requested_for").and_then(Value::as_str);
    let requested_for = requested_for.unwrap_or(&instance.user).to_owned();
    let order = place(instance, item, &requested_for, &answers, &instance.author(ask.at))?;
    let number = instance.display_of("sc_request", &order.request);
    Ok(Answer::json(
        200,
        &json!({"result": {
            "sys_id": order.request, "number": number, "request_number": number, "request_id": order.request,
            "table": "sc_request",
        }}),
    ))
}

fn answers(body: &Map<String, Value>) -> Vec<(String, String)> {
    let variables = body.get("variables").and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    variables.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// What an order made.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) request: String,
    pub(crate) item: String,
    pub(crate) task: String,
}

/// Makes request, item, answers and one task, approved already.
pub(crate) fn place(
    instance: &mut Instance,
    item: &str,
    requested_for: &str,
    answers: &[(String, String)],
    author: &Author,
) -> Result<Order, Answer> {
    let name = instance.display_of("sc_cat_item", item);
    let approved = [("approval", "approved"), ("requested_for", requested_for), ("short_description", &name)];
    let mut request = record(approved);
    request.extend(record([("request_state", "in_process"), ("stage", "requested")]));
    let request = insert(instance, "sc_request", request, author)?;
    let mut ritm = record(approved);
    ritm.extend(record([("request", &request), ("parent", &request), ("cat_item", item)]));
    ritm.extend(record([("stage", "fulfillment"), ("quantity", "1")]));
    let ritm = insert(instance, "sc_req_item", ritm, author)?;
    for (name, value) in answers {
        answer(instance, item, &ritm, name, value, author)?;
    }
    let group = instance.find_by("sys_user_group", "name", FULFILMENT_GROUP);
    let group = group.map_or_else(String::new, |group| group.get("sys_id").to_owned());
    let mut task = record([("request_item", &ritm), ("request", &request), ("parent", &ritm)]);
    task.extend(record([
        ("short_description", &name),
        ("assignment_group", &group),
        ("approval", "approved"),
    ]));
    let task = insert(instance, "sc_task", task, author)?;
    Ok(Order { request, item: ritm, task })
}

/// Names that are no variable of the item are ignored.
fn answer(
    instance: &mut Instance,
    item: &str,
    ritm: &str,
    name: &str,
    value: &str,
    author: &Author,
) -> Result<(), Answer> {
    let found = variables(instance, item).find(|variable| variable.get("name") == name);
    let Some((variable, order)) =
        found.map(|variable| (variable.get("sys_id").to_owned(), variable.get("order").to_owned()))
    else {
        return Ok(());
    };
    let option = record([("item_option_new", &variable), ("value", value), ("order", &order)]);
    let option = insert(instance, "sc_item_option", option, author)?;
    insert(
        instance,
        "sc_item_option_mtom",
        record([("request_item", ritm), ("sc_item_option", &option)]),
        author,
    )?;
    Ok(())
}

fn insert(instance: &mut Instance, table: &str, row: Record, author: &Author) -> Result<String, Answer> {
    let table = schema::find(table).ok_or_else(|| error::no_table(table))?;
    instance.insert(table, row, author)
}
