//! The Service Catalog: look at items, order one, fill in a record producer.

use serde_json::{Map, Value, json};

use super::error;
use super::later::Work;
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
        ("POST", ["items", item, "submit_producer"]) => submit_producer(instance, ask, item),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(instance: &Instance, ask: &Ask) -> Reply {
    ask.only_parameters(&["sysparm_text", "sysparm_limit", "sysparm_offset"])?;
    let text = ask.query.get("sysparm_text").unwrap_or_default().to_lowercase();
    let number =
        |name: &str, default| ask.query.text(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let wanted = instance.rows("sc_cat_item").filter(|item| item.get("active") == "true");
    let wanted = wanted.filter(|item| item.get("name").to_lowercase().contains(&text));
    let page = wanted.skip(number("sysparm_offset", 0)).take(number("sysparm_limit", 10));
    let items: Vec<Value> = page.map(|item| summary(instance, item)).collect();
    Ok(Answer::json(200, &json!({ "result": items })))
}

fn get(instance: &Instance, ask: &Ask, item: &str) -> Reply {
    ask.only_parameters(&[])?;
    let found = item_named(instance, item)?;
    let mut shown = summary(instance, found);
    shown["variables"] = variables(instance, item).map(|found| variable(instance, found)).collect();
    Ok(Answer::json(200, &json!({ "result": shown })))
}

fn variables_of(instance: &Instance, ask: &Ask, item: &str) -> Reply {
    ask.only_parameters(&[])?;
    item_named(instance, item)?;
    let all: Vec<Value> = variables(instance, item).map(|found| variable(instance, found)).collect();
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
        "type": if is_producer(item) { "record_producer" } else { "catalog_item" },
        "sys_class_name": if is_producer(item) { PRODUCER } else { "sc_cat_item" },
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
fn variable(instance: &Instance, found: Found<'_>) -> Value {
    let choices =
        instance.rows("question_choice").filter(|choice| choice.get("question") == found.get("sys_id"));
    let choice = |(index, choice): (usize, Found<'_>)| json!({"value": choice.get("value"), "label": choice.get("text"), "index": index});
    json!({
        "id": found.get("sys_id"),
        "name": found.get("name"),
        "label": found.get("question_text"),
        "type": found.get("type").parse::<u32>().unwrap_or(6),
        "mandatory": found.get("mandatory") == "true",
        "reference": found.get("reference"),
        "choices": choices.enumerate().map(choice).collect::<Vec<_>>(),
        "displayvalue": "",
        "value": found.get("default_value"),
    })
}

const PRODUCER: &str = "sc_cat_item_producer";

fn is_producer(item: Found<'_>) -> bool {
    item.get("sys_class_name") == PRODUCER
}

/// An item that may be ordered, and what is to be answered of it.
fn filled_in(
    instance: &Instance,
    ask: &Ask,
    item: &str,
    producer: bool,
) -> Result<(Map<String, Value>, Answers), Answer> {
    ask.only_parameters(&[])?;
    let found = item_named(instance, item)?;
    if found.get("active") != "true" || is_producer(found) != producer {
        return Err(error::envelope(400, "Security constraints prevent ordering of Item", None));
    }
    let Some(Value::Object(body)) = ask.json() else { return Err(error::bad_body()) };
    let answers = answers(&body);
    let missing = variables(instance, item).any(|variable| {
        let answered = answers.iter().any(|(name, value)| name == variable.get("name") && !value.is_empty());
        variable.get("mandatory") == "true" && variable.get("default_value").is_empty() && !answered
    });
    if missing {
        return Err(error::envelope(400, "Mandatory Variables are required", None));
    }
    Ok((body, answers))
}

/// `POST /items/{id}/order_now`: one request, with an item for each of those it is for.
fn order_now(instance: &mut Instance, ask: &Ask, item: &str) -> Reply {
    let (body, answers) = filled_in(instance, ask, item, false)?;
    let quantity = body.get("sysparm_quantity").map(|value| value.to_string().replace('"', ""));
    let quantity = quantity.and_then(|text| text.parse::<u32>().ok()).filter(|quantity| *quantity > 0);
    let Some(quantity) = quantity else { return Err(error::envelope(400, "Invalid quantity value", None)) };
    let people = recipients(instance, &body)?;
    let author = instance.author(ask.at);
    let request = place_request(instance, item, &people[0], &author)?;
    for person in &people {
        let ritm = place_item(instance, item, &request, person, quantity, &answers, &author)?;
        instance.do_later(ask.at, instance.habits.flow_seconds, Work::Task { item: ritm });
    }
    let number = instance.display_of("sc_request", &request);
    Ok(Answer::json(
        200,
        &json!({"result": {
            "sys_id": request, "number": number, "request_number": number, "request_id": request,
            "table": "sc_request",
        }}),
    ))
}

/// All of them, or nobody.
fn recipients(instance: &Instance, body: &Map<String, Value>) -> Result<Vec<String>, Answer> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let first = Some(text("sysparm_requested_for")).filter(|user| !user.is_empty()).unwrap_or(&instance.user);
    let others = text("sysparm_also_request_for").split(',').filter(|user| !user.is_empty());
    let people: Vec<String> = std::iter::once(first).chain(others).map(str::to_owned).collect();
    if people.len() > 51 || people.iter().any(|user| instance.find("sys_user", user).is_none()) {
        return Err(error::envelope(400, "Invalid user in the list of requested for users", None));
    }
    Ok(people)
}

/// `POST /items/{id}/submit_producer`: an incident, with the answers whose names are fields of it.
fn submit_producer(instance: &mut Instance, ask: &Ask, item: &str) -> Reply {
    const TABLE: &str = "incident";
    let (_, answers) = filled_in(instance, ask, item, true)?;
    let author = instance.author(ask.at);
    let Some(table) = schema::find(TABLE) else { return Err(error::no_table(TABLE)) };
    let fields = answers.iter().filter(|(name, _)| table.kind(name).is_some()).cloned().collect();
    let made = instance.insert(table, fields, &author)?;
    for (name, value) in &answers {
        let Some((question, order)) = variable_named(instance, item, name) else { continue };
        let mut row = record([("table_name", TABLE), ("table_sys_id", &made), ("question", &question)]);
        row.extend(record([("value", value), ("order", &order)]));
        insert(instance, "question_answer", row, &author)?;
    }
    let redirect = format!("{TABLE}.do?sys_id={made}&sysparm_view=ess");
    Ok(Answer::json(
        200,
        &json!({"result": {
            "sys_id": made, "number": instance.display_of(TABLE, &made), "parent_id": null,
            "record": format!("api/now/table/{TABLE}/{made}"), "redirect_portal_url": "", "parent_table": "task",
            "redirect_url": redirect, "table": TABLE, "redirect_to": "",
        }}),
    ))
}

/// Answers by the names of their questions.
type Answers = Vec<(String, String)>;

fn answers(body: &Map<String, Value>) -> Answers {
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
    let request = place_request(instance, item, requested_for, author)?;
    let ritm = place_item(instance, item, &request, requested_for, 1, answers, author)?;
    let task = make_task(instance, &ritm, author)?;
    Ok(Order { request, item: ritm, task })
}

/// Makes request, item and answers, and no task yet: its flow makes that.
pub(crate) fn place_alone(
    instance: &mut Instance,
    item: &str,
    requested_for: &str,
    answers: &[(String, String)],
    author: &Author,
) -> Result<(String, String), Answer> {
    let request = place_request(instance, item, requested_for, author)?;
    let ritm = place_item(instance, item, &request, requested_for, 1, answers, author)?;
    Ok((request, ritm))
}

fn place_request(
    instance: &mut Instance,
    item: &str,
    requested_for: &str,
    author: &Author,
) -> Result<String, Answer> {
    let name = instance.display_of("sc_cat_item", item);
    let mut request = record([("approval", "approved"), ("requested_for", requested_for)]);
    request.extend(record([("short_description", name.as_str()), ("request_state", "in_process")]));
    request.extend(record([("stage", "requested")]));
    insert(instance, "sc_request", request, author)
}

fn place_item(
    instance: &mut Instance,
    item: &str,
    request: &str,
    requested_for: &str,
    quantity: u32,
    answers: &[(String, String)],
    author: &Author,
) -> Result<String, Answer> {
    let name = instance.display_of("sc_cat_item", item);
    let mut ritm = record([("approval", "approved"), ("requested_for", requested_for)]);
    ritm.extend(record([("short_description", name.as_str()), ("request", request), ("parent", request)]));
    ritm.extend(record([("cat_item", item), ("stage", "fulfillment"), ("quantity", &quantity.to_string())]));
    let ritm = insert(instance, "sc_req_item", ritm, author)?;
    for (name, value) in answers {
        answer(instance, item, &ritm, name, value, author)?;
    }
    Ok(ritm)
}

/// What the flow of an item does.
pub(super) fn make_task(instance: &mut Instance, ritm: &str, author: &Author) -> Result<String, Answer> {
    let item = instance.find("sc_req_item", ritm).ok_or_else(error::no_record)?;
    let (request, name) = (item.get("request").to_owned(), item.get("short_description").to_owned());
    let group = instance.find_by("sys_user_group", "name", FULFILMENT_GROUP);
    let group = group.map_or_else(String::new, |group| group.get("sys_id").to_owned());
    let mut task = record([("request_item", ritm), ("request", &request), ("parent", ritm)]);
    task.extend(record([
        ("short_description", &name),
        ("assignment_group", &group),
        ("approval", "approved"),
    ]));
    insert(instance, "sc_task", task, author)
}

fn variable_named(instance: &Instance, item: &str, name: &str) -> Option<(String, String)> {
    let found = variables(instance, item).find(|variable| variable.get("name") == name)?;
    Some((found.get("sys_id").to_owned(), found.get("order").to_owned()))
}

/// The type of a variable whose answers are kept secret.
const MASKED: &str = "25";

/// Names that are no variable of the item are ignored.
fn answer(
    instance: &mut Instance,
    item: &str,
    ritm: &str,
    name: &str,
    value: &str,
    author: &Author,
) -> Result<(), Answer> {
    let Some((variable, order)) = variable_named(instance, item, name) else { return Ok(()) };
    let masked = instance.find("item_option_new", &variable).is_some_and(|found| found.get("type") == MASKED);
    let value = if masked { "********" } else { value };
    let option = record([("item_option_new", variable.as_str()), ("value", value), ("order", &order)]);
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
