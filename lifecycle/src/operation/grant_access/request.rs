//! What a request for access says, and what the policy says of that.

use std::collections::BTreeMap;
use std::time::Duration;

use okta_client::groups::GroupKind;
use serde::Serialize;
use servicenow_client::SysId;
use servicenow_client::catalog::Variables;
use servicenow_client::tables::SysUserGroup;

use super::{Asked, EMERGENCY};
use crate::access::{Access, is_filled_by_rule, role_named};
use crate::operation::OperationError;
use crate::operation::form::Form;
use crate::operation::item::Item;
use crate::operation::person::Person;
use crate::policy::{Entitlement, Policy, Target};
use crate::systems::Systems;

/// Whose access, to what, for how long, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wish {
    pub(super) requested_for: SysId,
    pub(super) opened_by: SysId,
    pub(super) access: String,
    /// As it was given: `8h`.
    duration: Option<String>,
    #[serde(skip)]
    wanted: Option<Duration>,
    pub(super) justification: String,
    renews: Option<String>,
    pub(super) incident: Option<String>,
}

impl Wish {
    /// Reads the answers, and tells everything that is wrong with them at once.
    pub(super) fn read(item: &Item, answers: &Variables) -> Result<Self, OperationError> {
        let number = item.number();
        let who = |what: &str| {
            OperationError::NeedsHuman(format!("{number} does not show {what}: may the API user read it?"))
        };
        let (record, mut form) = (&item.record, Form::new(answers));
        let requested_for = record.requested_for.get().ok_or_else(|| who("who it is for"))?;
        let opened_by = record.opened_by.get().ok_or_else(|| who("who opened it"))?;
        let duration = form.optional("duration", 50);
        let wanted = duration.as_ref().and_then(|text| match humantime::parse_duration(text) {
            Ok(wanted) if wanted >= Duration::from_secs(60) => Some(wanted),
            _ => {
                form.problem(format!(
                    "duration is {text:?}: give a time of a minute at least, as 8h or 5 days"
                ));
                None
            }
        });
        let wish = Self {
            requested_for: requested_for.id().clone(),
            opened_by: opened_by.id().clone(),
            access: form.required("access", 100),
            duration,
            wanted,
            justification: form.text("justification", 1000),
            renews: form.optional("renews", 40),
            incident: form.optional("incident", 40),
        };
        form.filled(number, wish)
    }

    /// What the plan is made of, as the form has it.
    pub(super) fn answers(&self) -> BTreeMap<String, String> {
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        BTreeMap::from([
            ("access".to_owned(), self.access.clone()),
            ("duration".to_owned(), optional(&self.duration)),
            ("incident".to_owned(), optional(&self.incident)),
        ])
    }

    /// What the policy calls this.
    pub(super) fn target<'p>(&self, policy: &'p Policy, number: &str) -> Result<&'p Target, OperationError> {
        let bad = |problem: String| OperationError::BadRequest {
            number: number.to_owned(),
            problems: vec![problem],
        };
        let target = policy.target(&self.access).ok_or_else(|| {
            let known: Vec<&str> = policy.targets().map(|(name, _)| name).collect();
            bad(format!("access is {:?}: policy {} knows {}", self.access, policy.name(), known.join(", ")))
        })?;
        if self.wanted.or(target.max_duration).is_none() {
            return Err(bad(
                "duration is missing: what is asked for ends; give a time, as 8h or 5 days".to_owned()
            ));
        }
        if target.approvals > 0 && target.approvers.is_empty() {
            return Err(OperationError::BadTarget {
                policy: policy.name().to_owned(),
                line: Some(target.line),
                target: self.access.clone(),
                what: "it has to be approved, and nobody may: give `approvers`".to_owned(),
            });
        }
        Ok(target)
    }

    /// For how many seconds it is given: as asked, and never longer than it may.
    pub(super) fn lasts(&self, target: &Target) -> u64 {
        let emergency = self.incident.as_ref().and_then(|_| EMERGENCY.to_std().ok());
        let limits = [self.wanted, target.max_duration, emergency];
        limits.into_iter().flatten().min().unwrap_or_default().as_secs()
    }
}

/// That no rule denies it, and in an emergency that one lets the person ask for it.
pub(super) fn check_allowed(policy: &Policy, person: &Person, asked: &Asked) -> Result<(), OperationError> {
    let Wish { access, incident, .. } = &asked.wish;
    let decision = policy.evaluate(&person.attributes(policy))?;
    let refused = |why: String| {
        let problems = vec![format!("access is {access:?}, which {} must not have: {why}", person.login())];
        OperationError::BadRequest { number: asked.item.number().to_owned(), problems }
    };
    if let Some(denial) = decision.denials.iter().find(|denial| denial.target == *access) {
        let because: Vec<String> = denial.because.iter().map(ToString::to_string).collect();
        return Err(refused(because.join("; ")));
    }
    if incident.is_some() && decision.may_ask_for(access).is_none() {
        return Err(refused("no rule of the policy lets them ask for it in an emergency".to_owned()));
    }
    Ok(())
}

/// What must not be held together with it.
pub(super) fn conflicts(policy: &Policy, target: &Target) -> Vec<(String, Entitlement)> {
    let clash = |other: &Target| !policy.conflicts([&target.entitlement, &other.entitlement]).is_empty();
    let others = policy.targets().filter(|(_, other)| clash(other));
    others.map(|(name, other)| (name.to_owned(), other.entitlement.clone())).collect()
}

/// What it is in its system: there, ours to give, and named as the policy's author expected.
pub(crate) async fn resolve(
    systems: &Systems,
    policy: &Policy,
    person: &Person,
    target_name: &str,
    target: &Target,
) -> Result<Access, OperationError> {
    let bad = |what: String| OperationError::BadTarget {
        policy: policy.name().to_owned(),
        line: Some(target.line),
        target: target_name.to_owned(),
        what,
    };
    let missing = || bad(format!("there is no {}, or none that we may see", target.entitlement));
    let mut role = None;
    let name = match &target.entitlement {
        Entitlement::OktaGroup { id, .. } => {
            let group = systems.okta.groups().find(id).await?.ok_or_else(missing)?;
            if group.kind != GroupKind::OktaGroup {
                return Err(bad(format!(
                    "group {} is filled by a directory, an app or Okta itself",
                    group.profile.name
                )));
            }
            if is_filled_by_rule(&systems.okta, id).await? {
                return Err(bad(format!(
                    "group {} is filled by a group rule: nobody is added by hand",
                    group.profile.name
                )));
            }
            group.profile.name
        }
        Entitlement::OktaApp { id, .. } => systems.okta.apps().find(id).await?.ok_or_else(missing)?.label,
        Entitlement::ServiceNowGroup { sys_id, .. } => {
            let group = systems.servicenow.table::<SysUserGroup>().find(sys_id).await?.ok_or_else(missing)?;
            group.name.as_str().unwrap_or_default().to_owned()
        }
        Entitlement::ServiceNowRole { name } => {
            role = Some(role_named(&systems.servicenow, name).await?.ok_or_else(missing)?);
            name.clone()
        }
    };
    if let Some(expected) = target.entitlement.name().filter(|expected| *expected != name) {
        return Err(bad(format!("it is named {name:?}, and not {expected:?}: correct the id or the name")));
    }
    Ok(person.access(target.entitlement.clone(), name, role))
}
