//! Lists incidents with the labels that people know, and says whether it could see them all.
//!
//! `cargo run --example query_incidents -- --state "In Progress"`

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use futures::TryStreamExt as _;
use lifecycle::report::printable;
use serde_json::json;
use servicenow_client::schema::Choices;
use servicenow_client::tables::{Incident, IncidentState, SysUser};
use servicenow_client::{DisplayMode, Query, Rows, ServiceNowClient, SysId};
use support::{BoxError, Instance, with_instance};

#[derive(Parser)]
struct Arguments {
    /// Only incidents in this state: what people call it, or its value. Default: those that are open.
    #[arg(long)]
    state: Option<String>,
    /// Only incidents of this caller, by login.
    #[arg(long, value_name = "LOGIN")]
    caller: Option<String>,
    /// Only incidents whose short description holds this.
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
}

fn main() -> ExitCode {
    with_instance("Lists incidents", async |arguments: Arguments, instance: Instance| {
        let servicenow = &instance.servicenow;
        if instance.sandbox.is_some() {
            report_some(servicenow).await?;
        }
        let query = query(servicenow, &arguments).await?;
        let fields = ["number", "state", "priority", "caller_id", "short_description"];
        let incidents = servicenow.records("incident")?.select(fields).display(DisplayMode::Both);
        let (mut rows, mut out) = (incidents.list(query), std::io::stdout().lock());
        while let Some(row) = rows.try_next().await? {
            let label =
                |field| row.value(field).and_then(|value| value.display).unwrap_or_else(|| "-".into());
            let [number, state, priority, caller, text] = fields.map(|field| printable(&label(field)));
            writeln!(out, "{number:<12} {state:<12} {priority:<14} {caller:<24} {text}")?;
        }
        writeln!(out, "{} at {}", summary(&rows), servicenow.origin())?;
        Ok(())
    })
}

/// What was asked for. Whatever was typed stays a value.
async fn query(servicenow: &ServiceNowClient, arguments: &Arguments) -> Result<Query, BoxError> {
    let mut query = match &arguments.state {
        Some(state) => {
            let states = servicenow.schema().choices("incident", "state").await?;
            Query::new().eq("state", state_named(&states, state)?)
        }
        None => Query::new().eq("active", true),
    };
    if let Some(login) = &arguments.caller {
        query = query.eq("caller_id", user(servicenow, login).await?);
    }
    if let Some(text) = &arguments.about {
        query = query.contains("short_description", text);
    }
    Ok(query)
}

/// A state's value. The instance would drop one that it does not know, and list everything.
fn state_named<'s>(states: &'s Choices, name: &'s str) -> Result<&'s str, String> {
    let known = states.contains(name).then_some(name).or_else(|| states.value(name));
    known.ok_or_else(|| {
        let labels: Vec<&str> = states.offered().map(|state| state.label.as_str()).collect();
        format!("no incident can be in the state {name:?}: it is one of {}", labels.join(", "))
    })
}

async fn user(servicenow: &ServiceNowClient, login: &str) -> Result<SysId, BoxError> {
    let found = servicenow.table::<SysUser>().find_one(Query::new().eq("user_name", login)).await?;
    let found = found.ok_or_else(|| format!("nobody has the login {login:?}: give a user_name"))?;
    Ok(found.sys_id)
}

fn summary<T>(rows: &Rows<T>) -> String
where
    T: servicenow_client::Record,
{
    let seen = rows.seen();
    match rows.unseen() {
        _ if rows.is_complete() => format!("{seen} incidents, all that match,"),
        Some(unseen) => format!("{seen} incidents, and {unseen} that the API user may not read,"),
        None => format!("{seen} incidents, and nobody counted how many match,"),
    }
}

/// Nobody in a sandbox company has trouble until somebody says so.
async fn report_some(servicenow: &ServiceNowClient) -> Result<(), BoxError> {
    let people =
        servicenow.table::<SysUser>().list(Query::new().is_not_empty("manager")).collect_all().await?;
    let troubles = [
        ("Cannot sign in since the password was changed", "1", IncidentState::InProgress),
        ("The badge does not open the office in Oslo", "3", IncidentState::New),
        ("A new phone for the second factor", "2", IncidentState::New),
        ("Waits for the vendor of the payroll", "2", IncidentState::OnHold),
    ];
    for ((text, urgency, state), caller) in troubles.into_iter().zip(&people.rows) {
        let incident = json!({
            "short_description": text, "urgency": urgency, "impact": "2", "state": state, "caller_id": caller.sys_id,
        });
        servicenow.table::<Incident>().create(&incident).await?;
    }
    Ok(())
}
