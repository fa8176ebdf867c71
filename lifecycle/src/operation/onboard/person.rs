//! Who the person is: new, or here before; and under which login.

use std::collections::BTreeSet;

use okta_client::Filter;
use okta_client::groups::{Group, GroupKind};
use okta_client::users::{User, UserId, UserStatus};
use servicenow_client::tables::SysUser;
use servicenow_client::{ProblemKind, Query, SysId};

use super::hire::Hire;
use crate::action::okta::accounts_numbered;
use crate::guard::Flag;
use crate::operation::OperationError;
use crate::policy::{Attributes, Rules};
use crate::systems::Systems;

/// How many logins are tried before a person is asked.
const LOGINS: usize = 50;

/// A deactivated account of the same person.
pub(super) struct Former {
    pub(super) id: UserId,
    pub(super) login: String,
    /// The groups that it would belong to again.
    pub(super) groups: Vec<Group>,
    /// Whether it has power that would come back with it.
    pub(super) is_admin: bool,
}

pub(super) struct Manager {
    pub(super) sys_id: SysId,
    pub(super) okta_id: UserId,
    pub(super) login: String,
    pub(super) name: String,
}

/// The manager, who must be active in both systems.
pub(super) async fn manager(systems: &Systems, hire: &Hire) -> Result<Manager, OperationError> {
    let who = &hire.manager;
    let user = systems.servicenow.table::<SysUser>().find(who).await?;
    let name = user.as_ref().and_then(|user| user.name.as_str()).map(|name| format!("{name}, "));
    let name = name.unwrap_or_default();
    let ask =
        |what: &str| OperationError::NeedsHuman(format!("the manager on the ticket ({name}{who}) {what}"));
    let user = user.ok_or_else(|| ask("is no ServiceNow user that the API user may see"))?;
    if user.active.get() == Some(&false) {
        return Err(ask("is not active in ServiceNow"));
    }
    let login = user.user_name.as_str().ok_or_else(|| ask("has no user name in ServiceNow"))?;
    match systems.okta.users().find_by_login(login).await? {
        None => Err(ask(&format!("has no account {login} in Okta"))),
        Some(account) if account.status != UserStatus::Active => {
            Err(ask(&format!("has an account {login} in Okta that is {}", account.status)))
        }
        Some(account) => Ok(Manager {
            okta_id: account.id,
            login: login.to_owned(),
            name: user.name.as_str().unwrap_or(login).to_owned(),
            sys_id: user.sys_id,
        }),
    }
}

/// The deactivated account with the same employee number, if there is one.
///
/// One that shows one of the `flags` is nobody to be taken back.
pub(super) async fn former_account(
    systems: &Systems,
    hire: &Hire,
    flags: &[Flag],
) -> Result<Option<Former>, OperationError> {
    let number = &hire.employee_number;
    let same = accounts_numbered(&systems.okta, number).await?;
    match &same[..] {
        [] => Ok(None),
        [user] if user.status == UserStatus::Deprovisioned && user.transitioning_to_status.is_none() => {
            if let Some((flag, value)) =
                flags.iter().find_map(|flag| Some((flag, flag.found(&user.profile)?)))
            {
                return Err(OperationError::NeedsHuman(format!(
                    "the former account {} has {} set to {value:?}, so it is not taken up again: find out who meant that, and why",
                    user.id, flag.attribute
                )));
            }
            former(systems, user).await.map(Some)
        }
        [user] => Err(not_a_joiner(number, user)),
        several => Err(OperationError::NeedsHuman(format!(
            "several accounts have the employee number {number}: {}",
            several.iter().map(|user| user.id.as_str()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

async fn former(systems: &Systems, user: &User) -> Result<Former, OperationError> {
    let roles = systems.okta.roles().of_user(&user.id).list().collect_all().await?;
    let mut groups = systems.okta.users().groups(&user.id).collect_all().await?;
    groups.retain(|group| group.kind == GroupKind::OktaGroup);
    let login = user.profile.login().unwrap_or_default().to_owned();
    let is_admin = roles.iter().any(|role| !role.is_through_group());
    Ok(Former { id: user.id.clone(), login, groups, is_admin })
}

fn not_a_joiner(number: &str, user: &User) -> OperationError {
    let account =
        format!("the employee number {number} belongs to the account {}, which is {}", user.id, user.status);
    OperationError::NeedsHuman(match user.status {
        UserStatus::Suspended => format!("{account}: somebody meant that; find out who and why"),
        UserStatus::Staged => format!("{account}: somebody prepared it; activate or delete it by hand"),
        _ => format!("{account}: this is no new hire; transfer or convert instead"),
    })
}

/// That the last step will be able to give the person a ServiceNow user: better known now than when the person
/// can sign in already.
pub(super) async fn check_servicenow_user(
    systems: &Systems,
    hire: &Hire,
    login: &str,
) -> Result<(), OperationError> {
    let users = systems.servicenow.table::<SysUser>();
    let number = &hire.employee_number;
    let numbered = match users.find_one(Query::new().eq("employee_number", number.as_str())).await {
        Err(error) if error.problem().is_some_and(|problem| problem.kind == ProblemKind::Ambiguous) => {
            return Err(OperationError::NeedsHuman(format!(
                "more than one ServiceNow user has the employee number {number}"
            )));
        }
        found => found?,
    };
    let name = |user: &SysUser| user.user_name.as_str().unwrap_or_default().to_owned();
    if let Some(user) = &numbered {
        return match name(user) {
            is if is.is_empty() || is.eq_ignore_ascii_case(login) => Ok(()),
            is => Err(OperationError::NeedsHuman(format!(
                "the ServiceNow user with the employee number {number} is named {is}, and the account's login is {login}: rename that user, or correct the number"
            ))),
        };
    }
    match users.find_one(Query::new().eq("user_name", login)).await? {
        None => Ok(()),
        Some(_) => Err(OperationError::NeedsHuman(format!(
            "the ServiceNow user named {login} does not have the employee number {number}: give it that number if it is the same person, or rename it"
        ))),
    }
}

/// A login for a new person, and those before it in the sequence that others have or had.
pub(super) struct Login {
    pub(super) login: String,
    pub(super) taken: Vec<String>,
}

/// The first login of the policy's sequence that nobody has, or had, in either system, and that is not reserved.
pub(super) async fn free_login(
    systems: &Systems,
    rules: &dyn Rules,
    reserved: &BTreeSet<String>,
    attributes: &Attributes,
    ticket: &str,
) -> Result<Login, OperationError> {
    let logins = rules.logins(attributes).map_err(|error| OperationError::BadRequest {
        number: ticket.to_owned(),
        problems: vec![format!("{error}; correct the name on the ticket")],
    })?;
    let number = attributes.get_str("employeeNumber");
    let mut taken = Vec::new();
    for login in logins.take(LOGINS) {
        if is_reserved(&login, reserved) {
            continue;
        }
        if is_free(systems, &login, number).await? {
            return Ok(Login { login, taken });
        }
        taken.push(login);
    }
    Err(OperationError::NeedsHuman(format!("the first {LOGINS} logins of the policy's sequence are taken")))
}

/// Mail to these reaches whoever is in charge (RFC 2142), and people believe what comes from them.
const RESERVED: [&str; 16] = [
    "abuse",
    "admin",
    "administrator",
    "billing",
    "help",
    "hostmaster",
    "info",
    "it",
    "marketing",
    "noc",
    "postmaster",
    "root",
    "sales",
    "security",
    "support",
    "webmaster",
];

/// Whether a login, or the part of it before the `@`, is kept for something else.
fn is_reserved(login: &str, more: &BTreeSet<String>) -> bool {
    let login = login.to_lowercase();
    let local = login.split('@').next().unwrap_or_default();
    RESERVED.contains(&local) || more.contains(local) || more.contains(&login)
}

/// Whether nobody has a login, or had, in either system.
async fn is_free(systems: &Systems, login: &str, number: Option<&str>) -> Result<bool, OperationError> {
    if let Some(user) = systems.okta.users().find_by_login(login).await? {
        if number.is_some() && user.profile.text("employeeNumber") == number {
            // So new that the search by number does not know it yet.
            return Err(OperationError::NeedsHuman(format!("{login} was made for this person moments ago")));
        }
        return Ok(false);
    }
    let users = systems.servicenow.table::<SysUser>();
    let named = users.find_one(Query::new().eq("user_name", login)).await?;
    let another = named.is_some_and(|user| user.employee_number.as_str() != number);
    Ok(!another && !is_somebodys_address(systems, login, number).await?)
}

/// Whether mail to `login` reaches somebody else: the login is the new account's address, and its activation
/// link must not end up in another's mailbox.
async fn is_somebodys_address(
    systems: &Systems,
    login: &str,
    number: Option<&str>,
) -> Result<bool, OperationError> {
    let address = Filter::eq("profile.email", login).or(Filter::eq("profile.secondEmail", login));
    if !systems.okta.users().list().search(address).send().collect_all().await?.is_empty() {
        return Ok(true);
    }
    let users = systems.servicenow.table::<SysUser>().list(Query::new().eq("email", login));
    let found = users.collect_all().await?.rows;
    Ok(found.iter().any(|user| user.employee_number.as_str() != number))
}
