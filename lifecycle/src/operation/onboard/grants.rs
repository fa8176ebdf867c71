//! What somebody is to be given: looked up before anything is planned, then given at the right time.

use std::collections::BTreeMap;

use async_trait::async_trait;
use okta_client::apps::{AppId, AppStatus};
use okta_client::group_rules::{GroupRule, GroupRuleStatus};
use okta_client::groups::{GroupId, GroupKind};
use okta_client::users::UserId;
use serde_json::Value;

use crate::action::okta::{Account, AddToGroup, AssignApp, ConfirmRuled};
use crate::operation::OperationError;
use crate::plan::{Step, StepId};
use crate::policy::{Entitlement, Grant, Rules};
use crate::systems::Systems;

/// Tells whether there is a licence or a seat left for what somebody is to be given.
#[async_trait]
pub trait Seats: std::fmt::Debug + Send + Sync {
    /// Whether one more person can have it.
    ///
    /// # Errors
    ///
    /// If nobody can tell: then there is no plan.
    async fn is_left(&self, entitlement: &Entitlement) -> Result<bool, OperationError>;
}

/// The group rules that are at work, and whom they leave out.
pub(super) struct Filled(Vec<GroupRule>);

impl Filled {
    pub(super) async fn read(systems: &Systems) -> Result<Self, OperationError> {
        let mut rules = systems.okta.group_rules().list().send().collect_all().await?;
        rules.retain(|rule| rule.status == GroupRuleStatus::Active);
        Ok(Self(rules))
    }

    /// The rule that fills a group, by name. One that leaves this person out never will.
    pub(super) fn by(&self, group: &GroupId, who: Option<&UserId>) -> Option<&str> {
        let leaves_out = |rule: &GroupRule| who.is_some_and(|who| rule.excluded().contains(who));
        let fills = |rule: &&GroupRule| rule.groups().contains(group) && !leaves_out(rule);
        self.0.iter().find(fills).map(|rule| rule.name.as_str())
    }
}

/// Something that somebody is to be given.
pub(super) struct Giving {
    /// A name for its step.
    target: String,
    why: String,
    what: What,
}

enum What {
    /// By hand.
    Group {
        id: GroupId,
        name: String,
    },
    /// By a rule, if it is right.
    RuledGroup {
        id: GroupId,
        name: String,
        rule: String,
    },
    App {
        id: AppId,
        label: String,
        profile: BTreeMap<String, Value>,
    },
}

impl Giving {
    pub(super) fn group(&self) -> Option<&GroupId> {
        match &self.what {
            What::Group { id, .. } | What::RuledGroup { id, .. } => Some(id),
            What::App { .. } => None,
        }
    }

    /// The step that a staged account can take: groups.
    pub(super) fn join(&self, account: &Account) -> Option<Step> {
        let What::Group { id, name } = &self.what else { return None };
        let action = AddToGroup { account: account.clone(), group: id.clone(), group_name: name.clone() };
        Some(Step::new(&format!("join-{}", self.target), &self.why, action))
    }

    /// The step for when the account is in use. One that fails leaves somebody who lacks something, which is better than
    /// nobody: the others are taken, and a person is asked.
    pub(super) fn follow(&self, account: &Account) -> Option<Step> {
        let account = account.clone();
        let step = match &self.what {
            What::Group { .. } => return None,
            What::RuledGroup { id, name, rule } => {
                let (group, group_name, rule) = (id.clone(), name.clone(), rule.clone());
                let action = ConfirmRuled { account, group, group_name, rule, is_in: true };
                Step::new(&format!("confirm-{}", self.target), &self.why, action)
            }
            What::App { id, label, profile } => {
                let (app, label, profile) = (id.clone(), label.clone(), profile.clone());
                let action = AssignApp { account, app, label, profile };
                Step::new(&format!("assign-{}", self.target), &self.why, action)
            }
        };
        Some(step.escalating())
    }
}

/// Looks everything up: it exists, is ours to give, has the name that the policy's author expected, and there is one left.
pub(super) async fn look_up(
    systems: &Systems,
    rules: &dyn Rules,
    seats: Option<&dyn Seats>,
    filled: &Filled,
    who: Option<&UserId>,
    grants: Vec<Grant>,
) -> Result<Vec<Giving>, OperationError> {
    let mut givings = Vec::new();
    for (n, Grant { target, entitlement, because }) in (1..).zip(grants) {
        let bad = |what: String| OperationError::BadTarget {
            policy: rules.reference().name,
            line: rules.line_of(&target),
            target: target.clone(),
            what,
        };
        let what = match &entitlement {
            Entitlement::OktaGroup { id, name } => {
                let found = group(systems, id, name.as_deref()).await?.map_err(bad)?;
                match filled.by(id, who) {
                    Some(rule) => What::RuledGroup { id: id.clone(), name: found, rule: rule.to_owned() },
                    None => What::Group { id: id.clone(), name: found },
                }
            }
            Entitlement::OktaApp { id, name, profile } => {
                let label = app(systems, id, name.as_deref()).await?.map_err(bad)?;
                What::App { id: id.clone(), label, profile: profile.clone() }
            }
            _ => {
                let what =
                    format!("{entitlement} cannot be granted by an onboarding: add birthright = false");
                return Err(bad(what));
            }
        };
        if let Some(seats) = seats
            && !seats.is_left(&entitlement).await?
        {
            let what = format!("there is no licence or seat left for {entitlement}, target {target}");
            return Err(OperationError::NeedsHuman(what));
        }
        let because: Vec<String> = because.iter().map(ToString::to_string).collect();
        // The policy's author may call a target what he likes.
        let named = format!("confirm-{target}").parse::<StepId>().is_ok();
        let target = if named { target } else { format!("target-{n}") };
        givings.push(Giving { target, why: because.join("; "), what });
    }
    Ok(givings)
}

/// A group's name, or what is wrong with it.
async fn group(
    systems: &Systems,
    id: &GroupId,
    expected: Option<&str>,
) -> Result<Result<String, String>, OperationError> {
    let Some(group) = systems.okta.groups().find(id).await? else {
        return Ok(Err(format!("Okta has no group {id}: correct `okta_group`")));
    };
    let is = group.profile.name;
    if group.kind != GroupKind::OktaGroup {
        let owner = "it is filled by a directory, an app or Okta itself, so nobody can be added here";
        return Ok(Err(format!("group {id} ({is}): {owner}")));
    }
    Ok(match expected.filter(|expected| *expected != is) {
        Some(_) => Err(format!("group {id} is named {is:?} in Okta: correct `okta_group` or `name`")),
        None => Ok(is),
    })
}

/// An app's label, or what is wrong with it.
async fn app(
    systems: &Systems,
    id: &AppId,
    expected: Option<&str>,
) -> Result<Result<String, String>, OperationError> {
    let Some(app) = systems.okta.apps().find(id).await? else {
        return Ok(Err(format!("Okta has no app {id}: correct `okta_app`")));
    };
    let is = app.label;
    if app.status != AppStatus::Active {
        return Ok(Err(format!("app {id} ({is}) is {}, so nobody can use it", app.status)));
    }
    Ok(match expected.filter(|expected| *expected != is) {
        Some(_) => Err(format!("app {id} is labelled {is:?} in Okta: correct `okta_app` or `name`")),
        None => Ok(is),
    })
}
