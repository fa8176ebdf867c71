//! Looks after a policy: what is probably not meant like that, what somebody gets and why, what another policy would
//! change for everybody, and rules from a spreadsheet. It reads, and writes nothing.
//!
//! `cargo run --example policy -- lint`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lifecycle::holdings::held;
use lifecycle::policy::{Finding, Person, Policy, Population, Severity};
use lifecycle::rails::Rails;
use lifecycle::report::printable;
use serde_json::json;
use servicenow_client::Query;
use servicenow_client::tables::SysUser;
use support::{BoxError, Common, World};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The policy file. Default: examples/policies/acme.toml in the sandbox, and none on real tenants.
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,
    /// Prints one JSON document on stdout and nothing else.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what is probably not meant like that: in the file, seen from everybody in Okta, and in the tenants.
    Lint,
    /// Says what somebody gets and why, and what explains what they hold.
    Explain {
        /// What the person signs in with.
        login: String,
    },
    /// Says what another policy would change for everybody in Okta.
    Diff {
        /// The policy as it would be.
        new: PathBuf,
        /// How many people there were when all was well: far fewer now, and nothing is concluded from them.
        #[arg(long, value_name = "NUMBER")]
        known_people: Option<usize>,
    },
    /// Runs the tests in the file.
    Test,
    /// Makes rules of a table: columns are attributes, and `grant` and `deny` name targets.
    Import {
        /// The table, in CSV.
        table: PathBuf,
    },
}

const AFTER_HELP: &str = "\
Exit status:
  0  nothing was found; nothing would change; the tests pass
  1  an error: the policy is wrong, or a system cannot be read
  2  something was found that is worse than low; something would change
  3  too much would change at once, or on too little knowledge
  5  somebody has to approve it";

fn main() -> ExitCode {
    let about = "Looks after a policy; writes nothing";
    support::run::<Arguments>(
        about,
        AFTER_HELP,
        |arguments| arguments.json,
        async |arguments| {
            let common =
                Common { policy: arguments.policy.clone(), json: arguments.json, ..Common::default() };
            let world = World::open(common).await?;
            // A policy that is wrong is told with every line, and so is a test that fails.
            let policy = world.policy()?;
            let json = arguments.json;
            match arguments.command {
                Command::Lint => lint(&world, &policy, json).await,
                Command::Explain { login } => explain(&world, &policy, &login, json).await,
                Command::Diff { new, known_people } => {
                    let mut rails = Rails::default();
                    rails.known_people = known_people;
                    diff(&world, &policy, &Policy::load(new)?, &rails, json).await
                }
                Command::Test => Ok(test(&policy, json)),
                Command::Import { table } => import(&policy, &table, json),
            }
        },
    )
}

async fn lint(world: &World, policy: &Policy, json: bool) -> Result<u8, BoxError> {
    let today = world.systems.okta.clock().now().date_naive();
    let mut findings = policy.lint(today);
    findings.extend(policy.lint_people(&population(world, &[policy]).await?));
    findings.extend(policy.lint_tenants(&world.systems).await?);
    if json {
        println!("{:#}", json!({ "policy": policy.name(), "hash": policy.hash(), "findings": findings }));
    } else {
        for finding in &findings {
            say(finding);
        }
        println!("{} {}: {} findings", policy.name(), policy.hash(), findings.len());
    }
    let is_bad = |finding: &Finding| finding.severity > Severity::Low;
    Ok(if findings.iter().any(is_bad) { 2 } else { 0 })
}

async fn explain(world: &World, policy: &Policy, login: &str, json: bool) -> Result<u8, BoxError> {
    let systems = &world.systems;
    let users = systems.okta.users();
    let user =
        users.find_by_login(login).await?.ok_or_else(|| format!("nobody in Okta signs in as {login}"))?;
    let person = Person::from(&user);
    let named = Query::new().eq("user_name", person.login.as_str());
    let account = systems.servicenow.table::<SysUser>().find_one(named).await?;
    let holds = held(systems, &user.id, account.as_ref().map(|user| &user.sys_id)).await?;
    let explanation = policy.explain(&person.attributes, &holds, &BTreeSet::new())?;
    if json {
        println!("{:#}", json!({ "login": person.login, "explanation": explanation }));
    } else {
        say(&format!("{} ({})", person.name, person.login));
        say(&explanation);
    }
    Ok(0)
}

async fn diff(world: &World, old: &Policy, new: &Policy, rails: &Rails, json: bool) -> Result<u8, BoxError> {
    let diff = old.diff(new, &population(world, &[old, new]).await?);
    let verdict = diff.verdict(rails);
    if json {
        println!("{:#}", json!({ "diff": diff, "verdict": verdict }));
    } else {
        say(&diff);
        say(&verdict);
    }
    Ok(verdict.exit_code())
}

/// Loading ran them: a test that fails is an error with its line.
fn test(policy: &Policy, json: bool) -> u8 {
    let tests: Vec<(&str, usize)> = policy.tests().collect();
    if json {
        let tests: Vec<_> = tests.iter().map(|(name, line)| json!({ "name": name, "line": line })).collect();
        println!("{:#}", json!({ "policy": policy.name(), "hash": policy.hash(), "passed": tests }));
    } else {
        for (name, line) in &tests {
            say(&format!("passed, line {line}: {name}"));
        }
        println!("{} {}: {} tests, all passed", policy.name(), policy.hash(), tests.len());
    }
    0
}

fn import(policy: &Policy, table: &Path, json: bool) -> Result<u8, BoxError> {
    let name = table.display().to_string();
    let text = std::fs::read_to_string(table).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let rules = policy.import_csv(&name, &text)?;
    if json {
        println!("{:#}", json!({ "toml": rules }));
    } else {
        print!("{rules}");
    }
    Ok(0)
}

/// Everybody in Okta, and who of them holds what these policies know.
async fn population(world: &World, policies: &[&Policy]) -> Result<Population, BoxError> {
    let about: BTreeSet<_> =
        policies.iter().flat_map(|policy| policy.targets()).map(|(_, target)| &target.entitlement).collect();
    Ok(Population::read(&world.systems, about).await?)
}

/// Prints what may hold text from outside: names, values of attributes.
fn say(text: &impl ToString) {
    text.to_string().lines().for_each(|line| println!("{}", printable(line)));
}
