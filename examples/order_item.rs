//! Orders an item of the Service Catalog for somebody, follows it to its task, and shows what was answered.
//!
//! With a key it is ordered once: run again, this finds what it ordered.
//!
//! `cargo run --example order_item -- --for ann@acme.example --answer application=wiki --answer justification=docs`

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use futures::TryStreamExt as _;
use lifecycle::report::printable;
use servicenow_client::catalog::{CatalogItem, Order};
use servicenow_client::tables::{ScReqItem, ScTask, SysUser};
use servicenow_client::{Field, Query, ServiceNowClient, SysId};
use support::{BoxError, Instance, with_instance};

#[derive(Parser)]
struct Arguments {
    /// The item's name.
    #[arg(long, value_name = "NAME", default_value = "Application access")]
    item: String,
    /// Who gets it: a user name. Default: the API user.
    #[arg(long = "for", value_name = "USER")]
    recipient: Option<String>,
    /// The answer to a question, by the question's name. Give it for each. Default in the sandbox: what it asks.
    #[arg(long = "answer", value_name = "NAME=VALUE", value_parser = pair)]
    answers: Vec<(String, String)>,
    /// Orders once under this key, the answer to a question `integration_key` of the item.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("an answer is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// How long a flow may take to make the task of an item.
const PAUSES: [u64; 6] = [0, 1, 2, 4, 8, 15];

fn main() -> ExitCode {
    with_instance("Orders an item of the catalog", async |mut arguments: Arguments, instance: Instance| {
        let servicenow = &instance.servicenow;
        if instance.sandbox.is_some() && arguments.answers.is_empty() {
            arguments.answers = ["application=wiki", "justification=A look at the catalog"]
                .map(pair)
                .into_iter()
                .collect::<Result<_, _>>()?;
        }
        let item = item(servicenow, &arguments.item).await?;
        let order = order(servicenow, &item, &arguments).await?;
        let ordered = match &arguments.key {
            Some(key) => order.once("integration_key", key).await?,
            None => order.await?,
        };
        let how = if ordered.found { "was ordered already" } else { "ordered" };
        println!("{}: {how}, {}", shown(&item.name), printable(&ordered.number));
        for item in servicenow.catalog().items_of(&ordered.request).await?.rows {
            follow(servicenow, &item).await?;
        }
        Ok(())
    })
}

/// The item of this name, with its questions.
async fn item(servicenow: &ServiceNowClient, name: &str) -> Result<CatalogItem, BoxError> {
    let catalog = servicenow.catalog();
    let found: Vec<CatalogItem> = catalog.items().text(name).send().try_collect().await?;
    let named =
        |item: &&CatalogItem| item.name.as_str().is_some_and(|found| found.eq_ignore_ascii_case(name));
    match found.iter().filter(named).collect::<Vec<_>>()[..] {
        [item] => Ok(catalog.item(&item.sys_id).await?),
        [] => {
            let others: Vec<String> = found.iter().map(|item| shown(&item.name)).collect();
            let near = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
            Err(format!("no item is called {name:?}; a search for it finds: {near}").into())
        }
        _ => Err(format!("more than one item is called {name:?}").into()),
    }
}

/// What was asked for, compared with what the item asks.
async fn order(
    servicenow: &ServiceNowClient,
    item: &CatalogItem,
    arguments: &Arguments,
) -> Result<Order, BoxError> {
    let mut order = servicenow.catalog().order(&item.sys_id);
    if let Some(name) = &arguments.recipient {
        order = order.requested_for(&user(servicenow, name).await?);
    }
    for (name, value) in &arguments.answers {
        order = order.answer(name, value);
    }
    Ok(order.checked_against(item))
}

async fn user(servicenow: &ServiceNowClient, name: &str) -> Result<SysId, BoxError> {
    let user = servicenow.table::<SysUser>().find_one(Query::new().eq("user_name", name)).await?;
    Ok(user.ok_or_else(|| format!("there is no user {name:?}"))?.sys_id)
}

/// Shows an item of the request, what was answered, and the task that a flow makes of it.
async fn follow(servicenow: &ServiceNowClient, item: &ScReqItem) -> Result<(), BoxError> {
    println!("  {} {}", shown(&item.number), shown(&item.short_description));
    for answer in &servicenow.request_item_variables(&item.sys_id).await? {
        let value = if answer.is_masked() { "(a secret)" } else { answer.value().unwrap_or("-") };
        println!(
            "    {}: {}",
            printable(answer.question.as_deref().unwrap_or(&answer.name)),
            printable(value)
        );
    }
    for task in tasks(servicenow, item).await? {
        println!(
            "    task {}: {}",
            shown(&task.number),
            task.state.get().map_or("-".into(), ToString::to_string)
        );
    }
    Ok(())
}

/// A flow makes them a moment after the order.
async fn tasks(servicenow: &ServiceNowClient, item: &ScReqItem) -> Result<Vec<ScTask>, BoxError> {
    for pause in PAUSES {
        servicenow.clock().sleep(Duration::from_secs(pause)).await;
        let tasks = servicenow.catalog().tasks_of(&item.sys_id).await?.rows;
        if !tasks.is_empty() {
            return Ok(tasks);
        }
    }
    Err(format!("{} has no task after half a minute: its flow may wait for an approval", shown(&item.number))
        .into())
}

fn shown(text: &Field<String>) -> String {
    printable(text.as_str().unwrap_or("-"))
}
