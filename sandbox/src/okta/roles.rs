//! Admin roles: who holds which. Custom roles themselves are in `iam`.

mod edit;
mod targets;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::groups::{self, Kind};
use super::users::{self, User};
use super::{Org, error, log, memberships, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// Okta's own roles, and how people read them.
const STANDARD: [(&str, &str); 13] = [
    ("SUPER_ADMIN", "Super Administrator"),
    ("ORG_ADMIN", "Organizational Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("USER_ADMIN", "User Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("READ_ONLY_ADMIN", "Read Only Administrator"),
    ("REPORT_ADMIN", "Report Administrator"),
    ("MOBILE_ADMIN", "Mobile Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
    ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
    ("ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator"),
    ("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator"),
    ("WORKFLOWS_ADMIN", "Workflows Administrator"),
];

/// Who can hold a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    User(String),
    Group(String),
    Client(String),
}

impl Holder {
    /// The path below the org's address.
    pub(super) fn path(&self) -> String {
        match self {
            Self::User(id) => format!("/api/v1/users/{id}"),
            Self::Group(id) => format!("/api/v1/groups/{id}"),
            Self::Client(id) => format!("/oauth2/v1/clients/{id}"),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Group(_) => "GROUP",
            Self::Client(_) => "CLIENT",
        }
    }
}

/// A role that somebody holds.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(super) id: String,
    kind: String,
    label: String,
    /// A custom role and the set that it is over.
    pub(super) over: Option<(String, String)>,
    pub(super) created: DateTime<Utc>,
    groups: Vec<String>,
    apps: Vec<(String, Option<String>)>,
}

impl Assignment {
    pub(super) fn standard(kind: &str, now: DateTime<Utc>) -> Option<Self> {
        let (_, label) = STANDARD.iter().find(|(word, _)| *word == kind)?;
        Some(Self {
            id: base32(kind),
            kind: kind.to_owned(),
            label: (*label).to_owned(),
            over: None,
            created: now,
            groups: Vec::new(),
            apps: Vec::new(),
        })
    }

    pub(super) fn custom(id: String, label: &str, role: &str, set: &str, now: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: "CUSTOM".to_owned(),
            label: label.to_owned(),
            over: Some((role.to_owned(), set.to_owned())),
            created: now,
            groups: Vec::new(),
            apps: Vec::new(),
        }
    }

    fn shown(&self, holder: &Holder, base: &str) -> Value {
        let mut shown = json!({
            "id": self.id, "label": self.label, "type": self.kind, "status": "ACTIVE",
            "created": okta_time(self.created), "lastUpdated": okta_time(self.created),
            "assignmentType": holder.kind(),
            "_links": {"assignee": {"href": format!("{base}{}", holder.path())}},
        });
        if let Some((role, set)) = &self.over {
            shown["role"] = json!(role);
            shown["resource-set"] = json!(set);
        }
        shown
    }
}

/// All roles that somebody holds.
#[derive(Debug, Default)]
pub(crate) struct Roles(BTreeMap<Holder, Vec<Assignment>>);

impl Roles {
    pub(super) fn of(&self, holder: &Holder) -> &[Assignment] {
        self.0.get(holder).map_or(&[], Vec::as_slice)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Holder, &Assignment)> {
        self.0.iter().flat_map(|(holder, held)| held.iter().map(move |one| (holder, one)))
    }

    /// Gives a role. False if the holder has it already.
    pub(super) fn give(&mut self, holder: Holder, new: Assignment) -> bool {
        let held = self.0.entry(holder).or_default();
        let same = |one: &Assignment| one.kind == new.kind && one.over == new.over;
        if held.iter().any(same) {
            return false;
        }
        held.push(new);
        true
    }

    /// Takes away what `gone` names.
    pub(super) fn take(&mut self, gone: impl Fn(&Holder, &Assignment) -> bool) {
        for (holder, held) in &mut self.0 {
            held.retain(|one| !gone(holder, one));
        }
    }

    fn find_mut(&mut self, holder: &Holder, id: &str) -> Option<&mut Assignment> {
        self.0.get_mut(holder)?.iter_mut().find(|one| one.id == id)
    }
}

impl Org {
    /// Makes a user super administrator, from the start.
    pub(crate) fn appoint(&mut self, user: &str, at: DateTime<Utc>) {
        if let Some(role) = Assignment::standard("SUPER_ADMIN", at) {
            self.roles.give(Holder::User(user.to_owned()), role);
        }
    }
}

/// What a user holds, directly and through groups.
pub(super) fn of_user<'a>(org: &'a Org, user: &'a User) -> Vec<(Holder, &'a Assignment)> {
    let own = Holder::User(user.id.clone());
    let groups = memberships::groups_of(org, user).map(|group| Holder::Group(group.id.clone()));
    let holders = std::iter::once(own).chain(groups);
    holders.flat_map(|holder| org.roles.of(&holder).iter().map(move |one| (holder.clone(), one))).collect()
}

/// Whether somebody may do everything.
pub(super) fn is_super(org: &Org, holder: &Holder) -> bool {
    let is = |one: &Assignment| one.kind == "SUPER_ADMIN";
    match holder {
        Holder::User(id) => {
            org.users.find(id).is_some_and(|user| of_user(org, user).iter().any(|(_, one)| is(one)))
        }
        other => org.roles.of(other).iter().any(is),
    }
}

/// What only a super administrator may do: give roles, handle API tokens, and change users who hold a role.
pub(super) fn is_reserved(org: &Org, ask: &Ask) -> bool {
    let path: Vec<&str> = ask.segments.iter().skip(2).map(String::as_str).collect();
    let reads = matches!(ask.method.as_str(), "GET" | "HEAD");
    match path.as_slice() {
        ["api-tokens", ..] => true,
        ["users" | "groups" | "clients", _, "roles", ..] | ["iam", ..] => !reads,
        ["users", user, ..] => {
            !reads && org.users.find(user).is_some_and(|user| !of_user(org, user).is_empty())
        }
        _ => false,
    }
}

/// `…/roles…` of a user, group or service app.
pub(super) fn route(org: &mut Org, ask: &Ask, holder: Holder, below: &[&str]) -> Reply {
    let holder = known(org, holder)?;
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask, &holder),
        ("POST", []) => assign(org, ask, holder),
        ("GET", [id]) => get(org, ask, &holder, id),
        ("DELETE", [id]) => unassign(org, ask, &holder, id),
        (_, [id, "targets", below @ ..]) => targets::route(org, ask, &holder, id, below),
        ("HEAD", _) => Err(ask.not_modelled("the call")),
        (_, [] | [_]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// The holder by its id.
fn known(org: &Org, holder: Holder) -> Result<Holder, Answer> {
    match holder {
        Holder::User(name) => Ok(Holder::User(users::named(org, &name)?.id)),
        Holder::Group(id) => Ok(Holder::Group(groups::named(org, &id)?.id)),
        Holder::Client(id) if org.oauth.knows(&id) => Ok(Holder::Client(id)),
        Holder::Client(id) => Err(error::not_found(&id, "PublicClientApp")),
    }
}

fn list(org: &Org, ask: &Ask, holder: &Holder) -> Reply {
    ask.only_parameters(&[])?;
    Ok(page::whole(ask, shown_all(org, holder, &ask.base)))
}

pub(super) fn shown_all(org: &Org, holder: &Holder, base: &str) -> Vec<Value> {
    match holder {
        Holder::User(id) => {
            let held = org.users.find(id).map(|user| of_user(org, user)).unwrap_or_default();
            held.iter().map(|(through, one)| one.shown(through, base)).collect()
        }
        other => org.roles.of(other).iter().map(|one| one.shown(other, base)).collect(),
    }
}

fn get(org: &Org, ask: &Ask, holder: &Holder, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let all = shown_all(org, holder, &ask.base);
    let found = all.into_iter().find(|one| one["id"] == id).ok_or_else(|| none(id))?;
    Ok(Answer::json(200, &found))
}

fn none(id: &str) -> Answer {
    error::not_found(id, "RoleAssignment")
}

fn assign(org: &mut Org, ask: &Ask, holder: Holder) -> Reply {
    let client = matches!(holder, Holder::Client(_));
    ask.only_parameters(if client { &[] } else { &["disableNotifications"] })?;
    super::flag(ask, "disableNotifications", false)?;
    let body = super::object(ask)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Holder::Group(id) = &holder
        && groups::named(org, id)?.kind == Kind::BuiltIn
    {
        let summary = "Cannot assign admin privileges to a built-in group.";
        return Err(error::error(400, "E0000211", summary, &[]));
    }
    let new = match text("type") {
        "CUSTOM" => {
            let (role, set) = (text("role"), text("resource-set"));
            let label = org.iam.role_label(role)?;
            let set = org.iam.set_id(set)?;
            Assignment::custom(org.ids.okta("irb"), &label, role, &set, ask.at)
        }
        kind => Assignment::standard(kind, ask.at)
            .ok_or_else(|| error::validation("type", &[format!("type: '{kind}' is not a role type")]))?,
    };
    let shown = new.shown(&holder, &ask.base);
    if !org.roles.give(holder.clone(), new) {
        let summary = "The role specified is already assigned to the user.";
        return Err(error::error(409, "E0000090", summary, &[]));
    }
    note(org, ask, &holder, "grant");
    Ok(Answer::json(if client { 200 } else { 201 }, &shown))
}

fn unassign(org: &mut Org, ask: &Ask, holder: &Holder, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    org.roles.find_mut(holder, id).ok_or_else(|| none(id))?;
    org.roles.take(|other, one| other == holder && one.id == id);
    note(org, ask, holder, "revoke");
    Ok(Answer::empty(204))
}

/// Roles that come and go are logged by whose they are.
pub(super) fn note(org: &mut Org, ask: &Ask, holder: &Holder, what: &str) {
    let (family, target) = match holder {
        Holder::User(id) => ("user.account.privilege", org.users.find(id).map(log::user_target)),
        Holder::Group(id) => ("group.privilege", org.groups.find(id).map(log::group_target)),
        Holder::Client(id) => {
            let app = json!({
                "id": id, "type": "PublicClientApp", "alternateId": id, "displayName": "Service app",
                "detailEntry": null,
            });
            ("app.oauth2.client.privilege", Some(app))
        }
    };
    let message = if what == "grant" { "Grant admin privilege" } else { "Revoke admin privilege" };
    org.note(ask, &format!("{family}.{what}"), message, target.into_iter().collect());
}

/// `GET /iam/assignees/users`
pub(super) fn assignees(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["after", "limit"])?;
    let holds = |user: &&User| !of_user(org, user).is_empty();
    let rows: Vec<Value> = org
        .users
        .iter()
        .filter(holds)
        .map(|user| {
            let own = format!("{}/api/v1/users/{}", ask.base, user.id);
            json!({
                "id": user.id, "orn": format!("orn:okta:directory:00o1sandboxorg0000000:users:{}", user.id),
                "_links": {"self": {"href": own}, "roles": {"href": format!("{own}/roles")}},
            })
        })
        .collect();
    page::named(ask, "value", &rows, page::limit(ask, 100, 100)?)
}

/// Base32 without padding: how Okta makes the ids of standard assignments.
fn base32(text: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = text.bytes().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let group = |bits: &[u8]| {
        let value = bits.iter().fold(0_u8, |value, bit| value << 1 | bit) << (5 - bits.len());
        char::from(ALPHABET[usize::from(value)])
    };
    bits.chunks(5).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_real_orgs_have() {
        for (kind, id) in [
            ("USER_ADMIN", "KVJUKUS7IFCE2SKO"),
            ("APP_ADMIN", "IFIFAX2BIRGUSTQ"),
            ("HELP_DESK_ADMIN", "JBCUYUC7IRCVGS27IFCE2SKO"),
            ("GROUP_MEMBERSHIP_ADMIN", "I5JE6VKQL5GUKTKCIVJFGSCJKBPUCRCNJFHA"),
        ] {
            assert_eq!(base32(kind), id);
        }
    }
}
