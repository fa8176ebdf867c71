//! Somebody who is here already, as both systems know them.

use okta_client::users::{User, UserStatus};
use serde::Serialize;
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, SysId};

use super::OperationError;
use crate::action::okta::Account;
use crate::action::servicenow::UserRecord;
use crate::guard::one_person;
use crate::plan::Subject;
use crate::systems::Systems;

/// How somebody is named who is here already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    /// By their record in ServiceNow.
    Record(SysId),
    /// By what they sign in with.
    Login(String),
}

/// A person's account and record, which are one person's.
#[derive(Debug)]
pub(crate) struct Colleague {
    pub(crate) account: User,
    pub(crate) record: SysUser,
}

impl Colleague {
    /// The person so named. `role` is what they are on the ticket: `employee`, `manager`.
    pub(crate) async fn find(systems: &Systems, who: &Who, role: &str) -> Result<Self, OperationError> {
        let users = systems.servicenow.table::<SysUser>();
        let (record, named) = match who {
            Who::Record(id) => (users.find(id).await?, id.as_str()),
            Who::Login(login) => {
                (users.find_one(Query::new().eq("user_name", login.as_str())).await?, &**login)
            }
        };
        let ask = |what: &str| OperationError::NeedsHuman(format!("the {role} {named} {what}"));
        let record = record.ok_or_else(|| ask("is no ServiceNow user that the API user may see"))?;
        let login = record.user_name.as_str().ok_or_else(|| ask("has no user name in ServiceNow"))?;
        let account = systems.okta.users().find_by_login(login).await?;
        let account = account.ok_or_else(|| ask(&format!("has no account {login} in Okta")))?;
        one_person(&account, &record).map_err(|why| ask(&format!("is not surely one person: {why}")))?;
        Ok(Self { account, record })
    }

    /// The same, if anybody is named, and only somebody who works here.
    pub(crate) async fn find_working(
        systems: &Systems,
        who: Option<&Who>,
        role: &str,
    ) -> Result<Option<Self>, OperationError> {
        let Some(who) = who else { return Ok(None) };
        let found = Self::find(systems, who, role).await?;
        found.check_works(role)?;
        Ok(Some(found))
    }

    /// Somebody's manager, if they have one, by ServiceNow.
    pub(crate) async fn manager_of(systems: &Systems, who: &Self) -> Result<Option<Self>, OperationError> {
        let manager = who.record.manager.get().map(|manager| Who::Record(manager.id().clone()));
        Self::find_working(systems, manager.as_ref(), "manager").await
    }

    /// That they work here: ACTIVE in Okta; active, and not locked out, in ServiceNow.
    fn check_works(&self, role: &str) -> Result<(), OperationError> {
        let ask = |what: String| OperationError::NeedsHuman(format!("the {role} {} {what}", self.login()));
        if self.account.status != UserStatus::Active {
            return Err(ask(format!("has an account that is {}", self.account.status)));
        }
        if self.record.active.get() != Some(&true) || self.record.locked_out.get() == Some(&true) {
            return Err(ask("is not active in ServiceNow, or locked out".to_owned()));
        }
        Ok(())
    }

    /// That the account is in use, whatever the password's state.
    pub(crate) fn check_in_use(&self) -> Result<(), OperationError> {
        use UserStatus::{Active, LockedOut, PasswordExpired, Provisioned, Recovery};
        let transitioning = self.account.transitioning_to_status.is_some();
        if !transitioning
            && matches!(self.account.status, Active | LockedOut | PasswordExpired | Provisioned | Recovery)
        {
            return Ok(());
        }
        let (login, status) = (self.login(), &self.account.status);
        Err(OperationError::NeedsHuman(format!("{login} has an account that is {status}, and not in use")))
    }

    pub(crate) fn login(&self) -> &str {
        self.account.profile.login().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> String {
        let name = ["firstName", "lastName"].map(|name| self.account.profile.text(name).unwrap_or_default());
        name.join(" ").trim().to_owned()
    }

    pub(crate) fn account(&self) -> Account {
        Account::Existing { id: self.account.id.clone(), login: self.login().to_owned() }
    }

    pub(crate) fn user(&self) -> UserRecord {
        UserRecord { sys_id: self.record.sys_id.clone(), user_name: self.login().to_owned() }
    }

    pub(crate) fn subject(&self) -> Subject {
        let person = self.account.profile.text("employeeNumber").map(str::to_owned);
        Subject { login: self.login().to_owned(), name: self.name(), person }
    }
}
