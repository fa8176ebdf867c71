//! What is checked about targets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_spanned::Spanned;

use super::Checker;
use crate::policy::file::{self, File};
use crate::policy::{Approver, Entitlement, Risk, Target};

/// Roles that give power over the instance itself: a person gives them, and answers for it.
const NEVER_BY_POLICY: [&str; 2] = ["admin", "security_admin"];

const GRACE_WORKING_DAYS: u32 = 5;

/// What names the thing that a target is.
const KINDS: &str = "okta_group, okta_app, servicenow_group or servicenow_role";

impl Checker<'_> {
    pub(super) fn targets(&mut self, file: &File) -> Vec<(String, Target)> {
        let separated: BTreeSet<&str> = file
            .sod
            .iter()
            .flat_map(|separation| separation.conflict.get_ref())
            .flat_map(Spanned::get_ref)
            .map(|name| name.get_ref().as_str())
            .collect();
        let mut seen = BTreeMap::new();
        let mut targets = Vec::new();
        for (name, written) in &file.targets {
            let Some((place, entitlement)) = self.entitlement(name, written) else { continue };
            if let Some(first) = seen.insert(entitlement.clone(), name.get_ref()) {
                let noun = entitlement.noun().rsplit(' ').next().unwrap_or_default();
                let message = format!("target {:?} is the same {noun} as target {first:?}", name.get_ref());
                self.problem(place, message);
            }
            let is_separated = separated.contains(name.get_ref().as_str());
            targets.push((name.get_ref().clone(), self.target(name, written, entitlement, is_separated)));
        }
        targets
    }

    fn entitlement<'f>(
        &mut self,
        name: &Spanned<String>,
        target: &'f file::Target,
    ) -> Option<(&'f Spanned<String>, Entitlement)> {
        let whose = format!("target {:?}", name.get_ref());
        if name.get_ref().trim().is_empty() {
            self.problem(name, "a target must have a name");
        }
        if let Some(blank) = target.name.as_ref().filter(|name| name.get_ref().trim().is_empty()) {
            self.problem(blank, "the group's name must not be blank; leave it out if you do not know it");
        }
        if let (Some(profile), None) = (&target.profile, &target.okta_app) {
            self.problem(profile, format!("{whose}: `profile` is for an okta_app only"));
        }
        if let (Some(surplus), Some(_)) = (&target.name, &target.servicenow_role) {
            self.problem(surplus, format!("{whose}: leave `name` out; servicenow_role is the role's name"));
        }
        let file::Target { okta_group, okta_app, servicenow_group, servicenow_role, .. } = target;
        let label = target.name.as_ref().map(|name| name.get_ref().clone());
        match (okta_group, okta_app, servicenow_group, servicenow_role) {
            (Some(at), None, None, None) => {
                self.parsed(&whose, at, |id| Entitlement::OktaGroup { id, name: label })
            }
            (None, Some(at), None, None) => {
                let profile =
                    target.profile.as_ref().map(|profile| profile.get_ref().clone()).unwrap_or_default();
                self.parsed(&whose, at, |id| Entitlement::OktaApp { id, name: label, profile })
            }
            (None, None, Some(at), None) => {
                self.parsed(&whose, at, |sys_id| Entitlement::ServiceNowGroup { sys_id, name: label })
            }
            (None, None, None, Some(at)) => self.role(&whose, at),
            (None, None, None, None) => {
                self.problem(name, format!("{whose} does not say what it is: add {KINDS}"));
                None
            }
            _ => {
                self.problem(name, format!("{whose} is several things: it must be one of {KINDS}"));
                None
            }
        }
    }

    fn parsed<'f, I: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        whose: &str,
        at: &'f Spanned<String>,
        entitlement: impl FnOnce(I) -> Entitlement,
    ) -> Option<(&'f Spanned<String>, Entitlement)> {
        let id = at.get_ref().parse().map_err(|error| self.problem(at, format!("{whose}: {error}"))).ok()?;
        Some((at, entitlement(id)))
    }

    fn role<'f>(
        &mut self,
        whose: &str,
        at: &'f Spanned<String>,
    ) -> Option<(&'f Spanned<String>, Entitlement)> {
        let role = at.get_ref();
        if NEVER_BY_POLICY.contains(&role.as_str()) {
            let message = "is given by a person who answers for it, never by a policy";
            self.problem(at, format!("{whose}: the role {role:?} {message}"));
        }
        if role.is_empty()
            || !role.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        {
            self.problem(
                at,
                format!("{whose}: {role:?} is no role's name: letters, digits, '_', '.' and '-'"),
            );
            return None;
        }
        Some((at, Entitlement::ServiceNowRole { name: role.clone() }))
    }

    fn target(
        &mut self,
        name: &Spanned<String>,
        written: &file::Target,
        entitlement: Entitlement,
        is_separated: bool,
    ) -> Target {
        let whose = format!("target {:?}", name.get_ref());
        let privileged = written.risk == Risk::Privileged;
        let grace = if privileged || is_separated { 0 } else { GRACE_WORKING_DAYS };
        let birthright = written.birthright.as_ref().map_or(!privileged, |birthright| *birthright.get_ref());
        if let (true, true, Some(at)) = (privileged, birthright, &written.birthright) {
            let message = "privileged access is never a birthright: it is asked for. Leave `birthright` out";
            self.problem(at, format!("{whose}: {message}"));
        }
        let approvers = self.approvers(&whose, written);
        Target {
            entitlement,
            risk: written.risk,
            max_duration: self.duration(&whose, "max_duration", written.max_duration.as_ref()),
            grace_working_days: written.grace_working_days.unwrap_or(grace),
            birthright,
            approvals: self.approvals(&whose, written, &approvers),
            approvers,
            review: self.duration(&whose, "review", written.review.as_ref()),
            line: self.source.position(name.span().start).0,
        }
    }

    fn duration(&mut self, whose: &str, key: &str, written: Option<&Spanned<String>>) -> Option<Duration> {
        let text = written?;
        let duration = humantime::parse_duration(text.get_ref()).ok().filter(|duration| !duration.is_zero());
        if duration.is_none() {
            let message =
                format!("{whose}: `{key}` is {:?}; write it as \"8h\", \"90d\" or \"4w\"", text.get_ref());
            self.problem(text, message);
        }
        duration
    }

    fn approvers(&mut self, whose: &str, written: &file::Target) -> Vec<Approver> {
        let Some(names) = &written.approvers else { return vec![Approver::Manager, Approver::Owner] };
        let mut approvers = Vec::new();
        for name in names.get_ref() {
            let approver = Approver::from(name.get_ref().clone());
            if matches!(&approver, Approver::Login(login) if !login.contains('@')) {
                let message =
                    "is neither \"manager\" nor \"owner\" nor a login such as \"ada.byron@acme.example\"";
                self.problem(name, format!("{whose}: approver {:?} {message}", name.get_ref()));
            } else if approvers.contains(&approver) {
                self.problem(name, format!("{whose} names the approver {:?} twice", name.get_ref()));
            } else {
                approvers.push(approver);
            }
        }
        approvers
    }

    fn approvals(&mut self, whose: &str, written: &file::Target, approvers: &[Approver]) -> u32 {
        let needed = written.approvals.as_ref().map_or(1, |approvals| *approvals.get_ref());
        if let (0, Risk::Privileged, Some(at)) = (needed, written.risk, &written.approvals) {
            self.problem(at, format!("{whose}: privileged access is never granted without an approval"));
        }
        let Some(at) = &written.approvers else { return needed };
        // A manager or owner may be several people.
        let may_be_more = approvers.iter().any(|approver| !matches!(approver, Approver::Login(_)));
        let named = at.get_ref().len();
        if !may_be_more && named < needed as usize {
            self.problem(at, format!("{whose}: `approvers` names {named}, and `approvals` is {needed}"));
        }
        needed
    }
}
