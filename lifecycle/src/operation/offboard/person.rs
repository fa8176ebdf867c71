//! Who leaves: every account of the person, and the one record in ServiceNow.

use okta_client::users::{User, UserStatus};
use servicenow_client::tables::SysUser;
use servicenow_client::{Field, ProblemKind, Query, SysId};

use super::departure::{Departure, Who};
use crate::action::okta::{Account, accounts_numbered};
use crate::action::servicenow::UserRecord;
use crate::guard::one_person;
use crate::operation::OperationError;
use crate::systems::Systems;

/// Somebody who leaves.
pub(super) struct Leaver {
    pub(super) name: String,
    pub(super) number: Option<String>,
    /// The main one first.
    pub(super) accounts: Vec<Leaving>,
    pub(super) user: Option<UserRecord>,
    /// Who takes the work on: the one who was named, else the manager.
    pub(super) heir: Option<UserRecord>,
}

/// One account of theirs.
pub(super) struct Leaving {
    pub(super) account: Account,
    pub(super) ended: bool,
}

impl Leaver {
    pub(super) fn login(&self) -> &str {
        self.accounts.first().map_or("", |leaving| leaving.account.login())
    }

    /// Everybody is found by what does not change, and compared with what else is known of them.
    pub(super) async fn find(
        systems: &Systems,
        departure: &Departure,
        in_servicenow: bool,
    ) -> Result<Self, OperationError> {
        let user = match &departure.who {
            Who::Employee(id) => Some(record(systems, id).await?),
            Who::Login(_) => None,
        };
        let accounts = accounts(systems, departure, user.as_ref()).await?;
        let main = &accounts[0];
        let number = main.profile.text("employeeNumber").filter(|number| !number.is_empty());
        let user = match user {
            None if in_servicenow => user_of(systems, main).await?,
            user => user,
        };
        if let Some(user) = &user {
            one_person(main, user).map_err(OperationError::NeedsHuman)?;
        }
        let heir = match (&departure.heir, &user) {
            (Some(heir), _) => Some(record(systems, heir).await?),
            (None, Some(user)) => match user.manager.get() {
                Some(manager) => systems.servicenow.table::<SysUser>().find(manager.id()).await?,
                None => None,
            },
            (None, None) => None,
        };
        Ok(Self {
            name: name(main),
            number: number.map(str::to_owned),
            accounts: accounts.iter().map(leaving).collect(),
            user: user.filter(|_| in_servicenow).as_ref().map(named),
            heir: heir.as_ref().map(named),
        })
    }
}

fn leaving(user: &User) -> Leaving {
    let login = user.profile.login().unwrap_or_default().to_owned();
    let ended = user.status == UserStatus::Deprovisioned && user.transitioning_to_status.is_none();
    Leaving { account: Account::Existing { id: user.id.clone(), login }, ended }
}

fn name(user: &User) -> String {
    let parts = ["firstName", "lastName"].map(|part| user.profile.text(part).unwrap_or_default());
    parts.join(" ").trim().to_owned()
}

fn named(user: &SysUser) -> UserRecord {
    UserRecord { sys_id: user.sys_id.clone(), user_name: text(&user.user_name) }
}

fn text(field: &Field<String>) -> String {
    field.as_str().unwrap_or_default().to_owned()
}

async fn record(systems: &Systems, id: &SysId) -> Result<SysUser, OperationError> {
    let found = systems.servicenow.table::<SysUser>().find(id).await?;
    found.ok_or_else(|| {
        OperationError::NeedsHuman(format!(
            "there is no ServiceNow user {id}, or none that the API user may see: inactive ones are hidden from most"
        ))
    })
}

/// The person's accounts: the one whose login is known, and every other with the same employee number.
async fn accounts(
    systems: &Systems,
    departure: &Departure,
    user: Option<&SysUser>,
) -> Result<Vec<User>, OperationError> {
    let login = match (&departure.who, user) {
        (Who::Login(login), _) => login.clone(),
        (Who::Employee(_), user) => user.map(|user| text(&user.user_name)).unwrap_or_default(),
    };
    let mut found = Vec::new();
    if !login.is_empty() {
        found.extend(systems.okta.users().find_by_login(&login).await?);
    }
    let of_account = found.first().and_then(|main| main.profile.text("employeeNumber"));
    let of_record = user.and_then(|user| user.employee_number.as_str());
    let number = of_account.or(of_record).unwrap_or_default().to_owned();
    for other in accounts_numbered(&systems.okta, &number).await? {
        if found.iter().all(|known| known.id != other.id) {
            found.push(other);
        }
    }
    if found.is_empty() {
        let who = if login.is_empty() { "this ServiceNow user" } else { &login };
        return Err(OperationError::NeedsHuman(format!(
            "Okta has no account {who}, nor one with the employee number {number:?}"
        )));
    }
    Ok(found)
}

/// The ServiceNow user with the account's employee number, else with its login.
async fn user_of(systems: &Systems, account: &User) -> Result<Option<SysUser>, OperationError> {
    let number = account.profile.text("employeeNumber").filter(|number| !number.is_empty());
    let login = account.profile.login().filter(|login| !login.is_empty());
    for (field, value) in [("employee_number", number), ("user_name", login)] {
        let Some(value) = value else { continue };
        match systems.servicenow.table::<SysUser>().find_one(Query::new().eq(field, value)).await {
            Err(error) if error.problem().is_some_and(|problem| problem.kind == ProblemKind::Ambiguous) => {
                let why = format!("more than one ServiceNow user has the {field} {value}");
                return Err(OperationError::NeedsHuman(why));
            }
            Ok(None) => {}
            found => return Ok(found?),
        }
    }
    Ok(None)
}
