//! Writes down who is in which group, and attaches that to a ticket: evidence for an access review.
//!
//! It is attached once. Run again, this finds its file at the ticket, unless somebody came or went since.
//!
//! `cargo run --example attach_report -- --ticket RITM0010001`

use std::borrow::Cow;
use std::process::ExitCode;

use clap::Parser;
use futures::TryStreamExt as _;
use lifecycle::report::printable;
use servicenow_client::attachments::{NewAttachment, Verified};
use servicenow_client::tables::{ScReqItem, SysAttachment};
use servicenow_client::{Query, Record as _, ServiceNowClient, Upload};
use support::{BoxError, Instance, with_instance};

#[derive(Parser)]
struct Arguments {
    /// The requested item (RITM…) that the report is for. Default: the oldest one that is open.
    #[arg(long, value_name = "NUMBER")]
    ticket: Option<String>,
    /// Only the members of this group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

fn main() -> ExitCode {
    with_instance(
        "Attaches a report of group members to a ticket",
        async |arguments: Arguments, instance: Instance| {
            let servicenow = &instance.servicenow;
            let ticket = ticket(servicenow, arguments.ticket).await?;
            let (report, rows) = report(servicenow, arguments.group).await?;
            println!("{rows} memberships at {}, {} bytes", servicenow.origin(), report.len());

            let file = NewAttachment::new("group-members.csv", "text/csv", Upload::bytes(report.clone()));
            let attached =
                servicenow.attachments().upload_once(ScReqItem::TABLE, &ticket.sys_id, &file).await?;
            let how = if attached.is_new() { "attached" } else { "was there already" };
            let (number, id) = (ticket.number.as_str().unwrap_or("-"), &attached.record().sys_id);
            println!("{} at {}: {how}, {id}", file.name(), printable(number));
            prove(servicenow, attached.record(), &report).await
        },
    )
}

/// The ticket of this number, or the oldest that is open.
async fn ticket(servicenow: &ServiceNowClient, number: Option<String>) -> Result<ScReqItem, BoxError> {
    let items = servicenow.table::<ScReqItem>();
    if let Some(number) = number {
        let found = items.find_one(Query::new().eq("number", number)).await?;
        return found.ok_or_else(|| "there is no such requested item".into());
    }
    let open = items.list(Query::new().eq("active", true)).collect_all().await?.rows;
    let oldest = open.into_iter().min_by_key(|item| item.number.as_str().map(str::to_owned));
    oldest.ok_or_else(|| "there is no open requested item: give one with --ticket NUMBER".into())
}

/// Who is in which group, as CSV, and how many rows that has.
async fn report(servicenow: &ServiceNowClient, group: Option<String>) -> Result<(Vec<u8>, usize), BoxError> {
    const COLUMNS: [&str; 5] = ["group.name", "user.user_name", "user.name", "user.title", "user.active"];
    let query = group.map_or_else(Query::all, |group| Query::new().eq("group.name", group));
    let members = servicenow.records("sys_user_grmember")?.select(COLUMNS).list(query).collect_all().await?;
    // An auditor relies on who is not in it, too.
    if !members.complete {
        let counted = members.counted.map_or("an unknown number of".to_owned(), |count| count.to_string());
        return Err(format!("the API user sees {} of {counted} memberships: no report", members.seen).into());
    }
    let cells = |row: &servicenow_client::RawRecord| {
        COLUMNS.map(|column| row.text(column).unwrap_or_default().into_owned())
    };
    let mut rows: Vec<[String; 5]> = members.rows.iter().map(cells).collect();
    // The same members make the same file.
    rows.sort();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["group", "login", "name", "title", "active"])?;
    for row in &rows {
        csv.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    Ok((csv.into_inner()?, rows.len()))
}

/// A spreadsheet runs what begins like a formula, and names and titles may be anybody's. An apostrophe makes it text.
fn harmless(cell: &str) -> Cow<'_, str> {
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    if cell.trim_start().starts_with(formula) || cell.starts_with(['\t', '\r', '\n']) {
        return format!("'{cell}").into();
    }
    cell.into()
}

/// Reads the file back and compares.
async fn prove(servicenow: &ServiceNowClient, file: &SysAttachment, report: &[u8]) -> Result<(), BoxError> {
    let mut download = servicenow.attachments().download(&file.sys_id).await?;
    let mut came = Vec::new();
    while let Some(piece) = download.try_next().await? {
        came.extend_from_slice(&piece);
    }
    if came != report {
        return Err("what came back is another report".into());
    }
    let by = match download.verified() {
        Some(Verified::Hash) => "the instance has the same SHA-256",
        _ => "the instance is still scanning it, and has no SHA-256 yet",
    };
    println!("proof: read back, {} bytes, SHA-256 {}; {by}", came.len(), download.sha256());
    Ok(())
}
