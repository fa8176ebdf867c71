//! Somebody whom a request is about, found in both systems and held to be one person.

use okta_client::users::User;
use servicenow_client::SysId;
use servicenow_client::tables::SysUser;

use super::OperationError;
use crate::access::Access;
use crate::action::okta::accounts_numbered;
use crate::guard::one_person;
use crate::plan::Subject;
use crate::policy::{Attributes, Entitlement, Policy};
use crate::systems::Systems;

/// The account and the record of one person.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) account: User,
    pub(crate) record: SysUser,
}

impl Person {
    /// The person with this record in ServiceNow, and the account with the same login, or else the same employee number.
    pub(crate) async fn read(systems: &Systems, user: &SysId) -> Result<Self, OperationError> {
        let ask = |why: String| OperationError::NeedsHuman(format!("the user {user} on the ticket {why}"));
        let record = systems.servicenow.table::<SysUser>().find(user).await?;
        let record = record.ok_or_else(|| ask("may not be seen by the API user".to_owned()))?;
        let login = record.user_name.as_str().unwrap_or_default();
        let account = match systems.okta.users().find_by_login(login).await? {
            Some(account) => account,
            None => {
                let number = record.employee_number.as_str().unwrap_or_default();
                let mut same = accounts_numbered(&systems.okta, number).await?;
                match (same.pop(), same.len()) {
                    (Some(account), 0) => account,
                    (None, _) => return Err(ask(format!("has no account {login} in Okta"))),
                    (_, more) => {
                        return Err(ask(format!("has {} accounts with number {number} in Okta", more + 1)));
                    }
                }
            }
        };
        one_person(&account, &record).map_err(OperationError::NeedsHuman)?;
        Ok(Self { account, record })
    }

    /// What they sign in with.
    pub(crate) fn login(&self) -> &str {
        self.account.profile.login().unwrap_or(self.account.id.as_str())
    }

    pub(crate) fn subject(&self) -> Subject {
        let number = self.account.profile.text("employeeNumber").filter(|number| !number.is_empty());
        Subject {
            login: self.login().to_owned(),
            name: self.record.name.as_str().unwrap_or(self.login()).to_owned(),
            person: number.map(str::to_owned),
        }
    }

    /// What a policy is asked about.
    pub(crate) fn attributes(&self, policy: &Policy) -> Attributes {
        let known = self.account.profile.iter().filter(|(name, _)| policy.knows(name));
        known.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// Something for them to hold.
    pub(crate) fn access(&self, entitlement: Entitlement, name: String, role: Option<SysId>) -> Access {
        Access {
            okta_user: self.account.id.clone(),
            login: self.login().to_owned(),
            user: self.record.sys_id.clone(),
            user_name: self.record.user_name.as_str().unwrap_or_default().to_owned(),
            entitlement,
            name,
            role,
        }
    }
}
