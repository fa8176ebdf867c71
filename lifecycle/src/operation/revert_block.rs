//! Letting in again whom a run kept out: the wrong person, a departure that was called off too late, a suspicion that was
//! none.
//!
//! # Guarantees
//!
//! - Only what that very run did is taken back: who was suspended before it, or by somebody else after it, stays so.
//! - Only as long as the account was not deactivated: what that destroyed nobody can restore.

use async_trait::async_trait;
use okta_client::users::UserId;
use servicenow_client::Query;
use servicenow_client::tables::SysUser;

use crate::action::okta::{
    Account, DENY_GROUP, OKTA_USER, RemoveFromGroup, STATUS_CHANGED, Suspension, Unsuspend,
};
use crate::action::servicenow::{LockUser, UserRecord};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Precedence, Step};
use crate::run::{Outcome, Run, StepReport};
use crate::systems::Systems;

/// Lets in again whom a run of [`Offboard`](super::Offboard) kept out.
///
/// Call that run off first, if it is open: [`Engine::cancel`](crate::Engine::cancel).
#[derive(Debug, Clone)]
pub struct RevertBlock {
    run: Run,
    by: String,
    why: String,
}

impl RevertBlock {
    /// Takes back what `run` did to keep somebody out. `by` orders it, and says why.
    #[must_use]
    pub fn of(run: &Run, by: impl Into<String>, why: impl Into<String>) -> Self {
        Self { run: run.clone(), by: by.into(), why: why.into() }
    }

    /// The steps of this name that changed something, for each of the person's accounts.
    fn done(&self, name: &str) -> impl Iterator<Item = &StepReport> {
        self.run.steps.iter().filter(move |report| {
            let own = report.step.as_str().strip_prefix(name);
            let named = own.is_some_and(|rest| rest.is_empty() || rest[1..].parse::<u32>().is_ok());
            named && report.outcome == Some(Outcome::Done)
        })
    }
}

#[async_trait]
impl Operation for RevertBlock {
    type Asked = ();

    async fn read(&self, _: &Systems) -> Result<(), OperationError> {
        Ok(())
    }

    fn intent(&self, (): &()) -> Intent {
        Intent::new("revert_block", self.run.id.as_str(), &(&self.by, &self.why), None)
    }

    async fn plan(&self, systems: &Systems, (): ()) -> Result<Plan, OperationError> {
        let name = &self.run.subject.name;
        if self
            .run
            .steps
            .iter()
            .any(|step| step.step.as_str().starts_with("deactivate") && step.intended_at.is_some())
        {
            let why = format!(
                "{name} was deactivated already: what that destroyed cannot be brought back; rehire them"
            );
            return Err(OperationError::NeedsHuman(why));
        }
        let why = format!("ordered by {}: {}", self.by, self.why);
        let mut steps = Vec::new();
        if self.done("lock-servicenow").next().is_some() {
            let user = self.user(systems).await?;
            steps.push(Step::new("unlock-servicenow", &why, LockUser { user, locked_out: false }));
        }
        for (n, report) in (1..).zip(self.done("keep-out")) {
            let (account, group) = (account(systems, report).await?, finding(report, DENY_GROUP)?);
            let group = group.parse().map_err(unreadable)?;
            let leave = RemoveFromGroup { account, group, group_name: "that keeps people out".to_owned() };
            steps.push(Step::new(&format!("let-in-{n}"), &why, leave));
        }
        for (n, report) in (1..).zip(self.done("suspend")) {
            let since = finding(report, STATUS_CHANGED)?.parse().map_err(unreadable)?;
            let unsuspend =
                Unsuspend { account: account(systems, report).await?, suspension: Suspension::At(since) };
            steps.push(Step::new(&format!("unsuspend-{n}"), &why, unsuspend));
        }
        if steps.is_empty() {
            let why = format!("run {} kept nobody out: there is nothing to take back", self.run.id);
            return Err(OperationError::NeedsHuman(why));
        }
        let subject = self.run.subject.clone();
        let plan = Plan::new("revert_block", Precedence::Onboard, self.intent(&()), subject);
        Ok(Plan { request: self.run.request.clone(), steps, ..plan })
    }
}

impl RevertBlock {
    /// The person's record: by what does not change, else by the login.
    async fn user(&self, systems: &Systems) -> Result<UserRecord, OperationError> {
        let subject = &self.run.subject;
        let query = match &subject.person {
            Some(number) => Query::new().eq("employee_number", number.as_str()),
            None => Query::new().eq("user_name", subject.login.as_str()),
        };
        let found = systems.servicenow.table::<SysUser>().find_one(query).await?;
        let missing =
            || OperationError::NeedsHuman(format!("{} has no ServiceNow user any more", subject.name));
        let found = found.ok_or_else(missing)?;
        Ok(UserRecord {
            user_name: found.user_name.as_str().unwrap_or_default().to_owned(),
            sys_id: found.sys_id,
        })
    }
}

async fn account(systems: &Systems, report: &StepReport) -> Result<Account, OperationError> {
    let id: UserId = finding(report, OKTA_USER)?.parse().map_err(unreadable)?;
    let user = systems.okta.users().get(&id).await?;
    Ok(Account::Existing { id, login: user.profile.login().unwrap_or_default().to_owned() })
}

fn finding<'r>(report: &'r StepReport, name: &str) -> Result<&'r str, OperationError> {
    let missing = || OperationError::NeedsHuman(format!("step {} did not note its {name}", report.step));
    report.findings.get(name).map(String::as_str).ok_or_else(missing)
}

fn unreadable(error: impl std::fmt::Display) -> OperationError {
    OperationError::NeedsHuman(format!("what the run noted cannot be read: {error}"))
}
