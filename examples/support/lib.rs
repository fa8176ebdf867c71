//! What every example shares: arguments, the systems to work on, how an operation is carried out, output, and
//! exit status.
//!
//! | status | means |
//! | --- | --- |
//! | 0 | done |
//! | 1 | an error; nothing was left half-done without a record of it |
//! | 2 | changes are pending: `--plan-only`, or a run that waits for its time |
//! | 4 | the world has changed since the plan was made |
//! | 5 | an approval is missing |

mod environment;
mod fulfil;
mod instance;
mod org;
mod output;
mod show;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

pub use fulfil::{Work, carry_out, check, fulfil, show_plan};
pub use instance::{Instance, with_instance};
pub use org::{Org, with_org};
pub use output::{Document, LedgerSummary, PlanSummary, RunSummary, status_of_run, thread_summary};
pub use world::World;

/// An error to be told to people.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The arguments that every example has. One that wants more of them flattens these into its own.
#[derive(Debug, Clone, Default, Parser)]
pub struct Common {
    /// The ticket to work on: a requested item (RITM…) or its task (SCTASK…). Default: that of a run that was
    /// interrupted; else the oldest one that is open and approved.
    #[arg(long, value_name = "NUMBER")]
    pub ticket: Option<String>,
    /// The policy file. Default: examples/policies/acme.toml in the sandbox, and none on real tenants.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Where the engine keeps its journal and ledger. Default: a temporary file in the sandbox, and
    /// lifecycle.db in the current folder on real tenants.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Shows the plan and writes nothing. Exit status 2 if there is something to change.
    #[arg(long)]
    pub plan_only: bool,
    /// Looks what our credentials may do, of what this needs and of what they must not, and writes nothing. Exit
    /// status 1 if something is missing.
    #[arg(long)]
    pub check: bool,
    /// Prints one JSON document on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

impl AsRef<Common> for Common {
    fn as_ref(&self) -> &Common {
        self
    }
}

const AFTER_HELP: &str = "\
Environment:
  OKTA_CLIENT_ORGURL, OKTA_CLIENT_TOKEN   The Okta org, https://acme.okta.com, and an API token of it
  OKTA_CLIENT_CLIENTID, OKTA_CLIENT_PRIVATEKEY, OKTA_CLIENT_SCOPES
                                          Instead of the token: a service app's id, key and scopes
  SN_HOST, SN_USERNAME, SN_PASSWORD       The ServiceNow instance, https://acme.service-now.com, and its user
  SN_CLIENT_ID, SN_CLIENT_SECRET          Instead of the user, or with it: an OAuth client
  SN_API_KEY                              Instead of both: an API key
  RUST_LOG                                What is logged on stderr: lifecycle=debug, for example

  Without these, the example starts a sandbox company on this machine and works on that.

Exit status:
  0  done
  1  an error; nothing was left half-done without a record of it
  2  changes are pending: --plan-only, or a run that waits for its time
  4  the world has changed since the plan was made
  5  an approval is missing";

/// Runs an example: reads its arguments, sets up logging (to stderr, by `RUST_LOG`), and turns what it returns
/// into an exit status.
pub fn main<A: Parser + AsRef<Common>>(
    about: &'static str,
    example: impl AsyncFnOnce(A) -> Result<u8, BoxError>,
) -> ExitCode {
    run::<A>(about, AFTER_HELP, |arguments| arguments.as_ref().json, example)
}

/// Runs an example that has no exit status of its own, on what `open` opens.
fn run_on<A: Parser, S>(
    about: &'static str,
    after_help: &'static str,
    open: impl AsyncFnOnce() -> Result<S, BoxError>,
    example: impl AsyncFnOnce(A, S) -> Result<(), BoxError>,
) -> ExitCode {
    let example = async |arguments| {
        example(arguments, open().await?).await?;
        Ok(0)
    };
    run::<A>(about, after_help, |_| false, example)
}

/// Runs an example with arguments, and a help, of its own.
pub fn run<A: Parser>(
    about: &'static str,
    after_help: &'static str,
    is_json: fn(&A) -> bool,
    example: impl AsyncFnOnce(A) -> Result<u8, BoxError>,
) -> ExitCode {
    let matches = A::command().about(about).after_help(after_help).try_get_matches();
    let arguments = match matches.and_then(|matches| A::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(refusal) => return output::refused(&refusal),
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let json = is_json(&arguments);
    let result = tokio::runtime::Runtime::new()
        .map_err(BoxError::from)
        .and_then(|runtime| runtime.block_on(example(arguments)));
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            output::error(&*error, json);
            ExitCode::from(output::status_of(&*error))
        }
    }
}

/// The project's front page, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
