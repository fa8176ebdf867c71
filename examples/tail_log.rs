//! Shows what happens in an org as its System Log gets to know of it, and goes on after a stop where it was.
//!
//! `cargo run --example tail_log`

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use futures::StreamExt as _;
use lifecycle::report::printable;
use okta_client::system_log::{LogBatch, LogCursor, LogEntity, LogEvent, LogNotice, LogTail, TailFrom};
use okta_client::{Error, Filter, OktaClient};
use support::{BoxError, Org, with_org};

#[derive(Parser)]
struct Arguments {
    /// Where it keeps its place, to go on from there the next time. It belongs to one org and the same
    /// types. Default: `tail_log.cursor` in the current folder, and none in the sandbox, which is a new one each time.
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
    /// Without a place to go on from: how many hours back it begins.
    #[arg(long, value_name = "HOURS", default_value_t = 1)]
    since: u32,
    /// Only events of this type, `user.session.start`. Can be given more than once.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Stops as soon as there is nothing more. Else it stops at Ctrl-C.
    #[arg(long)]
    once: bool,
}

impl Arguments {
    fn tail(&self, org: &Org) -> Result<LogTail, BoxError> {
        let ago = TailFrom::Ago(Duration::from_secs(3600) * self.since);
        let stored = self.place(org).filter(|file| file.exists());
        let mut tail = org.okta.system_log().tail(stored.map_or(Ok(ago), |file| load(&file))?);
        if !self.types.is_empty() {
            tail = tail.filter(Filter::any_of("eventType", &self.types));
        }
        if org.sandbox.is_some() {
            tail = tail.pause(Duration::from_secs(2), Duration::from_secs(5));
        }
        Ok(tail.send())
    }

    fn place(&self, org: &Org) -> Option<PathBuf> {
        let usual = || org.sandbox.is_none().then(|| PathBuf::from("tail_log.cursor"));
        self.cursor.clone().or_else(usual)
    }
}

fn load(file: &Path) -> Result<TailFrom, BoxError> {
    let text = std::fs::read_to_string(file)?;
    let cursor: LogCursor = serde_json::from_str(&text)
        .map_err(|error| format!("{} is no cursor of a System Log: {error}", file.display()))?;
    println!("Goes on from {}", file.display());
    Ok(cursor.into())
}

/// All of it or none: whoever is killed while writing finds the cursor of before.
fn store(file: &Path, cursor: &LogCursor) -> Result<(), BoxError> {
    let draft = file.with_added_extension("new");
    std::fs::write(&draft, serde_json::to_vec(cursor)?)?;
    std::fs::rename(draft, file)?;
    Ok(())
}

fn main() -> ExitCode {
    with_org("Shows what happens in an Okta org, as it happens", async |arguments: Arguments, org: Org| {
        println!("The System Log of {}; Ctrl-C ends this\n", org.okta.org_url());
        if org.sandbox.is_some() {
            tokio::spawn(make_things_happen(org.okta.tagged("demo")));
        }
        let place = arguments.place(&org);
        let mut tail = arguments.tail(&org)?;
        let mut stop = pin!(tokio::signal::ctrl_c());
        loop {
            let batch = tokio::select! {
                batch = tail.next() => batch,
                _ = &mut stop => break,
            };
            match batch.ok_or("the tail ended")? {
                Ok(batch) => {
                    show(&batch)?;
                    // Whoever does more with events than show them stores the cursor in one transaction with that.
                    if let Some(file) = &place {
                        store(file, &batch.cursor)?;
                    }
                    if arguments.once && batch.caught_up {
                        break;
                    }
                }
                Err(error) if error.is_retryable() && !arguments.once => {
                    eprintln!("{error}; it will ask again");
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(file) = place {
            println!("\nThe next one goes on from {}", file.display());
        }
        Ok(())
    })
}

fn show(batch: &LogBatch) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for notice in &batch.notices {
        match notice {
            LogNotice::Expired { from, to } => {
                writeln!(out, "! What happened from {from} to {to} is gone: Okta keeps it for 90 days")?;
            }
            LogNotice::CursorRefused { since } => {
                writeln!(out, "! Okta refused the cursor; events since {since} may come twice")?;
            }
            other => writeln!(out, "! {other:?}")?,
        }
    }
    batch.events.iter().try_for_each(|event| writeln!(out, "{}", line(event)))
}

/// `2026-03-02 08:00:01  SUCCESS   user.lifecycle.suspend        admin@acme.example → ann.lee@acme.example`
fn line(event: &LogEvent) -> String {
    let when = event.published().map_or_else(|| "-".to_owned(), |time| time.format("%F %T").to_string());
    let outcome = event.outcome().map_or_else(|| "-".to_owned(), |outcome| outcome.to_string());
    let what = event.event_type().unwrap_or("-");
    let who = event.actor().map_or_else(|| "-".to_owned(), name);
    let targets: Vec<String> = event.targets().map(name).collect();
    let line = format!("{when:<19}  {outcome:<9} {what:<32} {who} → {}", targets.join(", "));
    printable(&line)
}

/// A user's login; of anything else the name says more.
fn name(entity: LogEntity<'_>) -> String {
    let login = entity.alternate_id().filter(|_| entity.kind() == Some("User"));
    login.or(entity.display_name()).or(entity.id()).unwrap_or("-").to_owned()
}

/// Suspends somebody in the sandbox every second, and lets them in again.
async fn make_things_happen(okta: OktaClient) -> Result<(), Error> {
    let people = okta.users().list().limit(20).send().collect_all().await?;
    for user in people.iter().cycle() {
        okta.clock().sleep(Duration::from_secs(1)).await;
        okta.users().suspend(&user.id).await?;
        okta.clock().sleep(Duration::from_secs(1)).await;
        okta.users().unsuspend(&user.id).await?;
    }
    Ok(())
}
