//! Giving access, and taking it back.

use std::time::Duration;

use async_trait::async_trait;
use okta_client::OktaClient;
use okta_client::apps::AssignmentScope;
use okta_client::group_rules::GroupRuleStatus;
use okta_client::groups::GroupId;
use serde::{Deserialize, Serialize};
use servicenow_client::Query;
use servicenow_client::tables::SysUserHasRole;

use super::{Access, report};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State};
use crate::plan::StepId;
use crate::policy::Entitlement;

/// The name under which the findings of [`Give`] hold where the access is from.
pub const PROVENANCE: &str = "provenance";

/// The name under which the findings of [`TakeBack`] hold why the access was left, if it was.
pub const KEPT: &str = "kept";

/// Memberships show after half a minute at times.
const SHOWS_WITHIN: Duration = Duration::from_secs(30);

/// Where access is from that somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// A grant gave it.
    Grant,
    /// A rule of Okta's fills the group, so that the person may be in it by that.
    Rule,
    /// It comes with a group.
    Group,
    /// It was there before, and nobody knows why.
    Before,
}

impl Provenance {
    fn words(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Rule => "a rule of Okta's fills the group",
            Self::Group => "it comes with a group",
            Self::Before => "it was there before",
        }
    }
}

/// Gives access. What the person has already is left as it is, with a note of where it is from; what another grant gave is
/// taken over, so that whichever of the two ends last takes it back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Give {
    /// What, and to whom.
    pub access: Access,
}

#[typetag::serde(name = "access.give")]
#[async_trait]
impl Action for Give {
    fn describe(&self) -> Change {
        self.access.giving().describe()
    }

    fn permissions(&self) -> Permissions {
        [self.access.giving().permissions(), provenance_permissions(&self.access)].into_iter().collect()
    }

    fn shows_within(&self) -> Duration {
        SHOWS_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let state = self.access.giving().verify(context).await?;
        if !matches!(state, State::Reached(_)) {
            return Ok(state);
        }
        let from = if context.intended_at.is_some() {
            Provenance::Grant
        } else if self.access.other_claims(context).await?.iter().any(|claim| !claim.found) {
            // Taken over.
            return Ok(State::Open);
        } else {
            held_by(&self.access, context).await?
        };
        Ok(State::Reached(Findings::from([(PROVENANCE.to_owned(), from.words().to_owned())])))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let giving = self.access.giving();
        match giving.verify(context).await? {
            State::Reached(_) => Ok(()),
            _ => giving.apply(context).await,
        }
    }
}

/// Takes access back whose time is over: unless something else explains it, which is left as it is, with a note of why.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakeBack {
    /// What, and from whom.
    pub access: Access,
    /// The step that gave it; none for access that no run gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_by: Option<StepId>,
}

impl TakeBack {
    /// Why the access stays.
    async fn kept(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let given = self.given_by.as_ref().and_then(|step| report(context, step));
        let from = given.and_then(|given| given.findings.get(PROVENANCE));
        if let Some(from) = from.filter(|from| *from != Provenance::Grant.words()) {
            return Ok(Some(from.clone()));
        }
        if let Some(other) = self.access.other_claims(context).await?.first() {
            return Ok(Some(format!("run {} grants it too", other.run)));
        }
        if !is_there(&self.access, context).await? {
            return Ok(Some("the account is gone".to_owned()));
        }
        Ok(match held_by(&self.access, context).await? {
            from @ (Provenance::Rule | Provenance::Group) => Some(from.words().to_owned()),
            Provenance::Grant | Provenance::Before => None,
        })
    }
}

#[typetag::serde(name = "access.take_back")]
#[async_trait]
impl Action for TakeBack {
    fn describe(&self) -> Change {
        self.access.taking().describe()
    }

    fn permissions(&self) -> Permissions {
        [self.access.taking().permissions(), provenance_permissions(&self.access)].into_iter().collect()
    }

    fn shows_within(&self) -> Duration {
        SHOWS_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if context.intended_at.is_none()
            && let Some(why) = self.kept(context).await?
        {
            return Ok(State::Reached(Findings::from([(KEPT.to_owned(), why)])));
        }
        self.access.taking().verify(context).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.access.taking().apply(context).await
    }
}

/// What else than a grant may be why the person holds it.
async fn held_by(access: &Access, context: &Context<'_>) -> Result<Provenance, ActionError> {
    let okta = &context.systems.okta;
    Ok(match &access.entitlement {
        Entitlement::OktaGroup { id, .. } if is_filled_by_rule(okta, id).await? => Provenance::Rule,
        Entitlement::OktaApp { id, .. } => match okta.apps().users(id).find(&access.okta_user).await? {
            Some(found) if found.scope == Some(AssignmentScope::Group) => Provenance::Group,
            _ => Provenance::Before,
        },
        Entitlement::ServiceNowRole { .. } => {
            let role = access.user_role();
            let query = Query::new().eq("user", &role.user).eq("role", &role.role);
            let rows = context.systems.servicenow.table::<SysUserHasRole>().list(query).collect_all().await?;
            let inherited = |row: &SysUserHasRole| row.inherited.get() == Some(&true);
            let all = !rows.rows.is_empty() && rows.rows.iter().all(inherited);
            if all { Provenance::Group } else { Provenance::Before }
        }
        Entitlement::OktaGroup { .. } | Entitlement::ServiceNowGroup { .. } => Provenance::Before,
    })
}

/// Whether a rule puts people into this group: to take somebody out of it then would leave an exclusion in the rule, which
/// outlives everything else.
pub(crate) async fn is_filled_by_rule(
    okta: &OktaClient,
    group: &GroupId,
) -> Result<bool, okta_client::Error> {
    let rules = okta.group_rules().list().send().collect_all().await?;
    Ok(rules.iter().any(|rule| rule.status == GroupRuleStatus::Active && rule.groups().contains(group)))
}

/// Whether the account is still there that it would be taken from.
async fn is_there(access: &Access, context: &Context<'_>) -> Result<bool, ActionError> {
    match access.entitlement {
        Entitlement::OktaGroup { .. } | Entitlement::OktaApp { .. } => {
            Ok(context.systems.okta.users().find(&access.okta_user).await?.is_some())
        }
        Entitlement::ServiceNowGroup { .. } | Entitlement::ServiceNowRole { .. } => Ok(true),
    }
}

fn provenance_permissions(access: &Access) -> Permissions {
    match access.entitlement {
        // Rules are read with the right to read groups.
        Entitlement::OktaGroup { .. } => Permissions::okta(&["okta.groups.read", "okta.users.read"]),
        Entitlement::OktaApp { .. } => Permissions::okta(&["okta.apps.read", "okta.users.read"]),
        Entitlement::ServiceNowGroup { .. } | Entitlement::ServiceNowRole { .. } => {
            Permissions::servicenow(&["itil"])
        }
    }
}
