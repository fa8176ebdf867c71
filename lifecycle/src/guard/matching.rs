//! That two records are one person's.

use async_trait::async_trait;
use okta_client::users::{Profile, User};
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::tables::SysUser;

use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// The Okta account and the ServiceNow user are the same person's: they have the same employee number, or at least two of
/// login, mail address and name agree. Two different employee numbers are two people. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct MatchStrength {
    /// The account.
    pub account: Account,
    /// The ServiceNow user.
    pub servicenow_user: SysId,
}

#[typetag::serde(name = "guard.match_strength")]
#[async_trait]
impl Action for MatchStrength {
    fn describe(&self) -> Change {
        let login = self.account.login();
        Change::new("okta", Verb::Confirm, format!("{login} and the ServiceNow user are one person"))
            .to("sys_user", self.servicenow_user.as_str())
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.read(context).await?;
        let user = context.systems.servicenow.table::<SysUser>().get(&self.servicenow_user).await?;
        Ok(match one_person(&account, &user) {
            Ok(()) => State::reached(),
            Err(why) => State::Drifted(why),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// Whether these are one person's, or why that is not sure.
///
/// # Errors
///
/// What speaks against it.
pub(crate) fn one_person(account: &User, user: &SysUser) -> Result<(), String> {
    let profile = &account.profile;
    let number = (text(profile, "employeeNumber"), filled(user.employee_number.as_str()));
    if let (Some(okta), Some(servicenow)) = number {
        if okta == servicenow {
            return Ok(());
        }
        return Err(format!("the employee number is {okta} in Okta and {servicenow} in ServiceNow"));
    }
    let name = [text(profile, "firstName"), text(profile, "lastName")];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let pairs = [
        ("login", profile.login(), user.user_name.as_str()),
        ("mail address", text(profile, "email"), user.email.as_str()),
        ("name", Some(name.as_str()), user.name.as_str()),
    ];
    let agrees = |one: Option<&str>, other: Option<&str>| matches!((filled(one), filled(other)), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other));
    let agreeing: Vec<&str> =
        pairs.into_iter().filter(|(_, one, other)| agrees(*one, *other)).map(|(what, ..)| what).collect();
    if agreeing.len() >= 2 {
        return Ok(());
    }
    let agreeing = if agreeing.is_empty() { "nothing".to_owned() } else { agreeing.join(" and ") };
    Err(format!(
        "the account {} and the ServiceNow user {} share {agreeing}: that is too little to be sure it is one person",
        account.id, user.sys_id
    ))
}

fn text<'p>(profile: &'p Profile, name: &str) -> Option<&'p str> {
    filled(profile.text(name))
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
