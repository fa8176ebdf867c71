//! What every example shares: arguments, the systems to work on, output, and exit status.
//!
//! | status | means |
//! | --- | --- |
//! | 0 | done |
//! | 1 | an error; nothing was left half-done without a record of it |
//! | 2 | changes are pending: `--plan-only`, or a run that waits for its time |
//! | 4 | the world has changed since the plan was made |
//! | 5 | an approval is missing |

mod output;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches, Parser};

pub use output::{Document, LedgerSummary, PlanSummary, RunSummary, status_of_run, thread_summary};
pub use world::World;

/// An error to be told to people.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The arguments that every example has.
#[derive(Debug, Args)]
pub struct Common {
    /// The ticket to work on: a requested item (RITM…) or its task (SCTASK…). Default: the oldest open one.
    #[arg(long, value_name = "NUMBER")]
    pub ticket: Option<String>,
    /// The policy file. Default: the one for the sandbox company.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Where the engine keeps its journal and ledger. Default: a temporary file in the sandbox, and
    /// lifecycle.db in the current folder on real tenants.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Shows the plan and writes nothing. Exit status 2 if there is something to change.
    #[arg(long)]
    pub plan_only: bool,
    /// Prints one JSON document on stdout and nothing else.
    #[arg(long)]
    pub json: bool,
}

const ENVIRONMENT: &str = "\
Without these variables a sandbox company is started on this machine. With them, the example works on real
tenants: OKTA_CLIENT_ORGURL, OKTA_CLIENT_TOKEN, SN_HOST, SN_USERNAME, SN_PASSWORD.

Exit status: 0 done, 1 error, 2 changes pending, 4 the world has changed, 5 an approval is missing.";

/// Runs an example: reads its arguments, sets up logging (to stderr, by RUST_LOG), and turns what it returns
/// into an exit status.
pub fn main<A, F, Fut>(about: &'static str, example: F) -> ExitCode
where
    A: Parser + AsRef<Common>,
    F: FnOnce(A) -> Fut,
    Fut: Future<Output = Result<u8, BoxError>>,
{
    let command = A::command().about(about).after_help(ENVIRONMENT);
    let matches = command.try_get_matches().and_then(|matches| A::from_arg_matches(&matches));
    let arguments = match matches {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be done if the terminal is gone.
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let json = arguments.as_ref().json;
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
