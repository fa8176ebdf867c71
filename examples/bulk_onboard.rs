//! Onboards everybody in a file: checks all rows before the first write, then does them in waves, with a progress bar
//! on a terminal and plain lines elsewhere. Killed and started again, it goes on.
//!
//! `cargo run --example bulk_onboard`

use std::fs::File;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lifecycle::Onboard;
use lifecycle::bulk::{BatchState, Bulk, Checked, Flaw, Partial, Recipe, Report, Row};
use serde_json::json;
use support::{BoxError, Common, World};

/// How often progress is looked at.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// The rows, as CSV with a column `ticket`: the numbers of requested items. Default: every request for an
    /// onboarding that is open and approved.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The batch's name. The same name with the same rows goes on with the same batch.
    #[arg(long, value_name = "NAME", default_value = "bulk-onboard")]
    batch: String,
    /// Does the rows that are good although others are not.
    #[arg(long)]
    allow_partial: bool,
    /// Where to write the rows that are not, with what is wrong with each.
    #[arg(long, value_name = "FILE", default_value = "refused.csv")]
    errors: PathBuf,
    /// Lets a batch go on that stopped by itself, and says why that is right.
    #[arg(long, value_name = "REASON")]
    go_on: Option<String>,
}

impl AsRef<Common> for Arguments {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

fn main() -> ExitCode {
    support::main("Onboards everybody in a file", async |arguments: Arguments| {
        let world = World::open(arguments.common.clone()).await?;
        onboard(&world, &arguments).await
    })
}

async fn onboard(world: &World, arguments: &Arguments) -> Result<u8, BoxError> {
    let json = arguments.common.json;
    if !json {
        println!("{world}");
    }
    let policy = world.policy()?;
    let make = move |row: &Row| {
        let ticket = row.get("ticket").unwrap_or_default();
        Ok(Box::new(Onboard::ticket(ticket, policy.clone())) as Box<_>)
    };
    let recipe = Recipe::new("onboard", make).required("ticket").unique("ticket");
    let engine = world.engine()?;
    let bulk = Bulk::new(&engine, &arguments.batch, recipe);
    let checked = bulk.check(rows(world, arguments, bulk.recipe()).await?).await?;
    if !json {
        println!("\n{checked}");
    }
    let refused = write_refused(&bulk, &checked, arguments).await?;
    if arguments.common.plan_only {
        tell(json, &checked, None);
        return Ok(if refused == 0 { 2 } else { 1 });
    }
    let partial = if arguments.allow_partial { Partial::Allow } else { Partial::Refuse };
    bulk.begin(&checked, partial).await?;
    if let Some(reason) = &arguments.go_on {
        bulk.resume("whoever started this", reason).await?;
    }
    engine.resume().await?;
    let report = follow(&bulk, json).await?;
    tell(json, &checked, Some(&report));
    let is_done = report.state == BatchState::Done && report.rows.wrong() == 0;
    Ok(u8::from(!is_done))
}

/// The rows of the file, or one for each open request.
async fn rows(
    world: &World,
    arguments: &Arguments,
    recipe: &Recipe,
) -> Result<Vec<Result<Row, Flaw>>, BoxError> {
    if let Some(path) = &arguments.file {
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(recipe.csv(file)?.collect());
    }
    let tickets = world.open_requests("Employee onboarding").await?;
    let row = |(number, ticket)| Ok(Row { number, fields: [("ticket".to_owned(), ticket)].into() });
    Ok((2..).zip(tickets).map(row).collect())
}

/// Writes what is wrong into a file, and says so. Answers how many rows are.
async fn write_refused(bulk: &Bulk, checked: &Checked, arguments: &Arguments) -> Result<u32, BoxError> {
    let refused = checked.rows.of(lifecycle::bulk::RowState::Refused);
    if refused > 0 {
        bulk.write_refused(File::create(&arguments.errors)?).await?;
        if !arguments.common.json {
            println!("{refused} rows are wrong: see {}", arguments.errors.display());
        }
    }
    Ok(refused)
}

/// Does the rows, and shows how far that is.
async fn follow(bulk: &Bulk, json: bool) -> Result<Report, BoxError> {
    let shown = Shown::new(json, bulk.report().await?.rows.total());
    let mut drive = std::pin::pin!(bulk.drive());
    let mut looked = tokio::time::interval(EVERY);
    let mut before = 0;
    let report = loop {
        tokio::select! {
            report = &mut drive => break report?,
            _ = looked.tick() => before = shown.tell(&bulk.report().await?, before),
        }
    };
    shown.end();
    Ok(report)
}

/// What people see meanwhile.
enum Shown {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

impl Shown {
    fn new(json: bool, rows: u32) -> Self {
        if json {
            return Self::Nothing;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::new(rows.into());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Bar(bar)
    }

    /// Answers how many rows were settled when something was told last.
    fn tell(&self, report: &Report, before: u32) -> u32 {
        let settled = report.rows.settled();
        match self {
            Self::Bar(bar) => {
                bar.set_position(settled.into());
                bar.set_message(report.to_string());
            }
            // A line for each tenth.
            Self::Lines if (settled - before) * 10 >= report.rows.total() => println!("{report}"),
            Self::Lines | Self::Nothing => return before,
        }
        settled
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn tell(json: bool, checked: &Checked, report: Option<&Report>) {
    match report {
        _ if json => println!("{:#}", json!({ "checked": checked.rows, "report": report })),
        Some(report) => println!("\n{report}"),
        None => println!("\nNothing was written. Leave out --plan-only to do it."),
    }
}
