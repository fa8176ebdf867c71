//! Lists the users of an org, while the next page is on its way.
//!
//! `cargo run --example list_users -- --department Engineering`

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use futures::TryStreamExt as _;
use lifecycle::report::printable;
use okta_client::Filter;
use support::{Org, with_org};

#[derive(Parser)]
struct Arguments {
    /// Only users with this status: ACTIVE, STAGED, SUSPENDED, DEPROVISIONED …
    #[arg(long)]
    status: Option<String>,
    /// Only users of this department.
    #[arg(long)]
    department: Option<String>,
}

impl Arguments {
    /// Both conditions, if there are two. Whatever was typed stays a value.
    fn filter(&self) -> Option<Filter> {
        let status = self.status.as_ref().map(|status| Filter::eq("status", status));
        let department = self.department.as_ref().map(|name| Filter::eq("profile.department", name));
        status.into_iter().chain(department).reduce(Filter::and)
    }
}

fn main() -> ExitCode {
    with_org("Lists the users of an Okta org", async |arguments: Arguments, org: Org| {
        // Without a search Okta leaves deactivated users out.
        let mut list = org.okta.users().list();
        if let Some(filter) = arguments.filter() {
            list = list.search(filter);
        }
        let mut users = list.send();
        let (mut out, mut count) = (std::io::stdout().lock(), 0);
        while let Some(user) = users.try_next().await? {
            let text = |name| printable(user.profile.text(name).unwrap_or("-"));
            let (login, department, title) = (text("login"), text("department"), text("title"));
            writeln!(out, "{:<16} {login:<40} {department:<20} {title}", user.status)?;
            count += 1;
        }
        writeln!(out, "{count} users of {}", org.okta.org_url())?;
        Ok(())
    })
}
