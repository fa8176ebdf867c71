//! What an account has, written down before it goes, and what of it went.

use std::collections::BTreeSet;
use std::fmt::Display;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use okta_client::Filter;
use okta_client::apps::{App, AssignmentScope};
use okta_client::groups::GroupKind;
use okta_client::system_log::{LogEvent, LogOutcome};
use okta_client::users::UserStatus;
use serde::{Deserialize, Serialize};

use super::Account;
use super::log::SKEW;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::plan::StepId;

/// The name under which the findings of [`Inventory`] hold the apps whose accounts Okta ends, by id.
pub const PROVISIONED_APPS: &str = "provisioned_apps";

/// The name under which the findings of [`ConfirmDownstream`] hold the apps that have not told that they ended the account.
pub const UNCONFIRMED_APPS: &str = "unconfirmed_apps";

/// Writes down what an account has: groups, apps, factors, devices, admin roles, consents. Evidence of what was taken away,
/// and what a rehire is compared with. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Inventory {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.inventory")]
#[async_trait]
impl Action for Inventory {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("what {} has", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&[
            "okta.users.read",
            "okta.groups.read",
            "okta.apps.read",
            "okta.devices.read",
            "okta.roles.read",
        ])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (okta, id) = (&context.systems.okta, self.account.id(context)?);
        let user = okta.users().get(&id).await?;
        let groups = okta.users().groups(&id).collect_all().await?;
        let apps = okta.apps().list().of_user(&id).send().collect_all().await?;
        let roles = okta.roles().of_user(&id).list().collect_all().await?;
        let clients = okta.users().clients(&id).collect_all().await?;
        let devices = okta.devices().of_user(&id).collect_all().await?;
        // Okta has no factors of a deactivated account.
        let factors = match user.status {
            UserStatus::Deprovisioned => Vec::new(),
            _ => okta.factors(&id).list().collect_all().await?,
        };
        let group = |kind| {
            let of_kind = groups.iter().filter(move |group| group.kind == kind);
            listed(of_kind.map(|group| group.profile.name.as_str()))
        };
        let provisioned = apps.iter().filter(|app| app.deactivates_users()).map(|app| app.id.as_str());
        Ok(State::Reached(Findings::from(
            [
                ("status", user.status.to_string()),
                ("groups", group(GroupKind::OktaGroup)),
                ("groups_of_apps", group(GroupKind::AppGroup)),
                ("apps", listed(apps.iter().map(app_and_scope))),
                (PROVISIONED_APPS, listed(provisioned)),
                ("factors", listed(factors.iter().map(|factor| &factor.factor_type))),
                ("devices", listed(devices.iter().map(|used| &used.device.id))),
                ("admin_roles", listed(roles.iter().map(|role| &role.role_type))),
                ("apps_with_consents", listed(clients.iter().map(|client| &client.client_id))),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

fn app_and_scope(app: &App) -> String {
    let by_group = app.user().is_some_and(|user| user.scope == Some(AssignmentScope::Group));
    if by_group { format!("{} (by group)", app.label) } else { app.label.clone() }
}

fn listed(items: impl Iterator<Item = impl Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join("; ")
}

/// Looks which apps have ended the account there. Okta's own list of what failed is in no API; the System Log is the only
/// proof. Changes nothing, and an app that says nothing stops nobody: it is named in the findings.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmDownstream {
    /// The account.
    pub account: Account,
    /// The step that took the [`Inventory`].
    pub inventory: StepId,
}

impl ConfirmDownstream {
    /// The apps whose accounts Okta was to end, and when the look at them was taken.
    fn expected<'c>(&self, context: &Context<'c>) -> Option<(BTreeSet<&'c str>, DateTime<Utc>)> {
        let report = context.steps.iter().find(|report| report.step == self.inventory)?;
        let apps = report.findings.get(PROVISIONED_APPS)?.split("; ").filter(|app| !app.is_empty());
        Some((apps.collect(), report.ended_at?))
    }
}

#[typetag::serde(name = "okta.confirm_downstream")]
#[async_trait]
impl Action for ConfirmDownstream {
    fn describe(&self) -> Change {
        Change::new(
            "okta",
            Verb::Confirm,
            format!("apps have ended the accounts of {}", self.account.login()),
        )
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.logs.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let Some((mut apps, since)) = self.expected(context) else {
            return Ok(State::Drifted(format!("step {} saw no apps", self.inventory)));
        };
        if !apps.is_empty() {
            let ended = Filter::eq("eventType", "application.provision.user.deactivate");
            let until = context.systems.clock().now() + SKEW;
            let log = context.systems.okta.system_log().between(since - SKEW, until).filter(ended).send();
            let account = self.account.id(context)?;
            for event in
                log.collect_all().await?.iter().filter(|event| is_about(event, account.as_str(), self))
            {
                apps.retain(|app| !event.targets().any(|target| target.id() == Some(app)));
            }
        }
        let unconfirmed = listed(apps.iter());
        Ok(State::Reached(Findings::from([(UNCONFIRMED_APPS.to_owned(), unconfirmed)])))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// Whether an app has told that it did so for this person: by the account's id, or, where the target is the account in the
/// app, by its name there.
fn is_about(event: &LogEvent, account: &str, of: &ConfirmDownstream) -> bool {
    let login = of.account.login();
    let names = |target: okta_client::system_log::LogEntity<'_>| {
        target.id() == Some(account) || target.alternate_id() == Some(login)
    };
    event.outcome() == Some(LogOutcome::Success) && event.targets().any(names)
}
