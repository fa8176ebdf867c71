//! Helps somebody who cannot sign in: diagnoses the account, asks for proof where proof is needed, does what the account's
//! status wants, and resolves the incident; or hands it to the team whose job it is.
//!
//! `cargo run --example self_service`

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use clap::{Args, Parser, ValueEnum};
use lifecycle::hooks::{Courier, HookError, Parcel};
use lifecycle::operation::self_service::{
    HelpDesk, MANAGER_CONFIRMS, ResendLink, ResetFactors, ResetPassword, Team, Unlock,
};
use lifecycle::{Operation, RunStatus};
use sandbox::{Sandbox, SignIn, Trouble};
use servicenow_client::Query;
use servicenow_client::tables::SysUserGroup;
use support::{BoxError, Common, World};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// What the person needs.
    #[arg(long, value_enum, default_value = "unlock")]
    what: What,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, Args)]
struct More {
    /// With --what reset-factors: what was lost (push, sms, webauthn, …). Default: everything.
    #[arg(long, value_name = "FACTOR")]
    lost: Option<String>,
    /// The person's manager, by user name, if they have confirmed to you that it is the person.
    #[arg(long, value_name = "USER")]
    confirmed_by: Option<String>,
    /// The group that goes on where this program does not.
    #[arg(long, value_name = "NAME", default_value = "Service Desk")]
    second_line: String,
    /// The group that looks after attacks, administrators and protected accounts.
    #[arg(long, value_name = "NAME", default_value = "Identity Operations")]
    security: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// To be let in again.
    Unlock,
    /// A new password, by a link that Okta mails.
    ResetPassword,
    /// The link once more.
    ResendLink,
    /// What was lost removed.
    ResetFactors,
}

impl AsRef<Common> for Arguments {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

fn main() -> ExitCode {
    support::main("Helps the caller of an incident who cannot sign in", async |arguments: Arguments| {
        let Arguments { common, what, more } = arguments;
        let mut world = World::open(common).await?;
        if let (Some(sandbox), None) = (world.sandbox(), &world.arguments.ticket) {
            world.arguments.ticket = Some(trouble(sandbox)?);
        }
        let number = world.arguments.ticket.clone().ok_or("give --ticket NUMBER: the incident")?;
        world.systems = world.systems.with_courier(Letters::default(), "a key of your own".into());
        let desk = HelpDesk::new(team(&world, &more.second_line).await?, team(&world, &more.security).await?);
        match what {
            What::Unlock => help(&world, &more, Unlock::ticket(number, desk)).await,
            What::ResetPassword => help(&world, &more, ResetPassword::ticket(number, desk)).await,
            What::ResendLink => help(&world, &more, ResendLink::ticket(number, desk, 1)).await,
            What::ResetFactors => {
                let operation = match &more.lost {
                    Some(kind) => ResetFactors::lost(number, kind.as_str().into(), desk),
                    None => ResetFactors::all(number, desk),
                };
                help(&world, &more, operation).await
            }
        }
    })
}

/// Carries it out, and once more after the manager's word if that is what it waits for.
async fn help<O: Operation>(world: &World, more: &More, operation: O) -> Result<u8, BoxError> {
    if world.arguments.check {
        return support::check(world, &operation).await;
    }
    if world.arguments.plan_only {
        return support::show_plan(world, &operation).await;
    }
    let engine = world.engine()?;
    if !world.arguments.json {
        println!("{world}");
    }
    if let Some(manager) = &more.confirmed_by {
        let run = engine.run(&operation).await?;
        if matches!(run.status, RunStatus::Waiting { .. }) {
            engine.signal(&run.id, MANAGER_CONFIRMS, manager).await?;
        }
    }
    support::carry_out(world, &engine, &operation).await
}

async fn team(world: &World, name: &str) -> Result<Team, BoxError> {
    let groups = world.systems.servicenow.table::<SysUserGroup>();
    let group = groups.find_one(Query::new().eq("name", name)).await?;
    let group = group.ok_or_else(|| format!("ServiceNow has no group \"{name}\""))?;
    Ok(Team { group: group.sys_id, name: name.to_owned() })
}

/// Somebody in the sandbox who signed in this morning, forgot the password over lunch, and says so in the portal.
fn trouble(sandbox: &Sandbox) -> Result<String, BoxError> {
    let state = sandbox.state();
    let person = state["okta"]["users"][42]["profile"]["login"].as_str().unwrap_or_default().to_owned();
    sandbox.sign_in_to_okta(&person, &SignIn::default())?;
    for _ in 0..10 {
        sandbox.sign_in_to_okta(&person, &SignIn { right_password: false, ..SignIn::default() })?;
    }
    // The System Log shows it a moment later.
    sandbox.clock().advance(Duration::from_secs(5));
    Ok(sandbox.add_trouble(&Trouble { caller: person, ..Trouble::default() })?.number)
}

/// Hands secrets over as sealed letters: a real one prints them on paper that hides them. Only the digests are kept, here
/// for as long as the program runs.
#[derive(Debug, Default)]
struct Letters(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Courier for Letters {
    async fn deliver(&self, parcel: Parcel) -> Result<(), HookError> {
        eprintln!("a sealed letter with a {} is on its way to {}", parcel.kind, parcel.login);
        let mut sent = self.0.lock().map_err(|error| HookError(error.to_string()))?;
        sent.insert(parcel.id, parcel.digest);
        Ok(())
    }

    async fn delivered(&self, parcel: &str) -> Result<Option<String>, HookError> {
        Ok(self.0.lock().map_err(|error| HookError(error.to_string()))?.get(parcel).cloned())
    }
}
