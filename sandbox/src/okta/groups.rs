//! Groups: the object, and the calls on groups themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::filter::{self, Case, Expr, Op};
use super::index::Index;
use super::owners::Owner;
use super::{Org, apps, error, log, memberships, page, users};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

const MOST_PER_PAGE: usize = 10_000;
const PER_PAGE: usize = 200;

/// Who manages a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Okta,
    App,
    BuiltIn,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "OKTA_GROUP",
            Self::App => "APP_GROUP",
            Self::BuiltIn => "BUILT_IN",
        }
    }

    fn object_class(self) -> &'static str {
        if self == Self::App { "okta:windows_security_principal" } else { "okta:user_group" }
    }
}

/// A group as the org keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) key: u64,
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) created: DateTime<Utc>,
    pub(crate) last_updated: DateTime<Utc>,
    pub(crate) membership_updated: DateTime<Utc>,
    pub(crate) profile: Map<String, Value>,
    pub(super) owners: Vec<Owner>,
}

impl Group {
    pub(crate) fn new(id: String, kind: Kind, profile: Map<String, Value>, now: DateTime<Utc>) -> Self {
        Self {
            key: 0,
            id,
            kind,
            created: now,
            last_updated: now,
            membership_updated: now,
            profile,
            owners: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.profile.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    fn body(&self) -> Value {
        json!({
            "id": self.id,
            "created": okta_time(self.created),
            "lastUpdated": okta_time(self.last_updated),
            "lastMembershipUpdated": okta_time(self.membership_updated),
            "objectClass": [self.kind.object_class()],
            "type": self.kind.as_str(),
            "profile": self.profile,
        })
    }

    pub(crate) fn with_links(&self, base: &str) -> Value {
        linked(self.body(), base)
    }
}

fn linked(mut body: Value, base: &str) -> Value {
    let own = format!("{base}/api/v1/groups/{}", body["id"].as_str().unwrap_or_default());
    let logo = |size: &str| {
        let href = format!("{base}/assets/img/logos/groups/okta-{size}.png");
        json!({"name": size, "href": href, "type": "image/png"})
    };
    body["_links"] = json!({
        "logo": [logo("medium"), logo("large")],
        "users": {"href": format!("{own}/users")},
        "apps": {"href": format!("{own}/apps")},
    });
    body
}

/// All groups, in order of creation, with their members and the index that searches read. A built-in
/// group holds everybody, whatever stands here.
#[derive(Debug)]
pub(crate) struct Groups {
    rows: BTreeMap<u64, Group>,
    members: HashMap<u64, BTreeSet<u64>>,
    by_id: HashMap<String, u64>,
    next: u64,
    index: Index,
}

impl Groups {
    pub(crate) fn new(lag: TimeDelta) -> Self {
        let (members, by_id) = (HashMap::new(), HashMap::new());
        Self { rows: BTreeMap::new(), members, by_id, next: 0, index: Index::new(lag) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.rows.values()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id).and_then(|key| self.rows.get(key))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Group> {
        self.iter().find(|group| group.name() == name)
    }

    pub(crate) fn save(&mut self, group: Group, now: DateTime<Utc>) -> Group {
        let group = self.store(group);
        self.index.put(group.key, Some(group.body()), now);
        group
    }

    pub(crate) fn seed(&mut self, group: Group) -> Group {
        let group = self.store(group);
        self.index.seed(group.key, group.body());
        group
    }

    fn store(&mut self, mut group: Group) -> Group {
        if group.key == 0 {
            self.next += 1;
            group.key = self.next;
        }
        self.by_id.insert(group.id.clone(), group.key);
        self.rows.insert(group.key, group.clone());
        group
    }

    /// Puts a user into a group, or out of it. False if nothing changed.
    pub(crate) fn set_member(&mut self, group: u64, user: u64, member: bool, now: DateTime<Utc>) -> bool {
        let Some(group) = self.rows.get_mut(&group) else { return false };
        let members = self.members.entry(group.key).or_default();
        let changed = if member { members.insert(user) } else { members.remove(&user) };
        if changed {
            group.membership_updated = now;
            self.index.put(group.key, Some(group.body()), now);
        }
        changed
    }

    /// Seeds a membership that was there before the sandbox started.
    pub(crate) fn seed_member(&mut self, group: u64, user: u64) {
        self.members.entry(group).or_default().insert(user);
    }

    /// The keys of a group's members.
    pub(super) fn members_of(&self, group: u64) -> impl Iterator<Item = u64> {
        self.members.get(&group).into_iter().flatten().copied()
    }

    pub(super) fn has_member(&self, group: u64, user: u64) -> bool {
        self.members.get(&group).is_some_and(|members| members.contains(&user))
    }

    /// A user is gone for good.
    pub(super) fn forget(&mut self, user: u64) {
        for members in self.members.values_mut() {
            members.remove(&user);
        }
    }

    pub(super) fn remove(&mut self, group: &Group, now: DateTime<Utc>) {
        self.rows.remove(&group.key);
        self.members.remove(&group.key);
        self.by_id.remove(&group.id);
        self.index.put(group.key, None, now);
    }
}

/// The group that a path names; a copy to change and save.
pub(super) fn named(org: &Org, id: &str) -> Result<Group, Answer> {
    org.groups.find(id).cloned().ok_or_else(|| error::not_found(id, "UserGroup"))
}

/// `GET /groups`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["q", "filter", "search", "sortBy", "sortOrder", "after", "limit"])?;
    let query = &ask.query;
    match (query.text("search"), query.text("filter"), query.text("q")) {
        (Some(text), None, None) => search(org, ask, text),
        (None, Some(text), None) => filtered(org, ask, text),
        (None, None, Some(text)) => quick(org, ask, text),
        (None, None, None) => {
            let rows = org.groups.iter().map(|group| (group.key, group));
            page::by_key(ask, rows, page::limit(ask, PER_PAGE, MOST_PER_PAGE)?, |group| {
                group.with_links(&ask.base)
            })
        }
        _ => Err(ask.not_modelled("more than one of q, filter and search")),
    }
}

/// `q`: a prefix of the name; never a second page.
fn quick(org: &Org, ask: &Ask, text: &str) -> Reply {
    let wanted = text.to_lowercase();
    let limit = page::limit(ask, 300, MOST_PER_PAGE)?;
    let found = org.groups.iter().filter(|group| group.name().to_lowercase().starts_with(&wanted));
    Ok(page::whole(ask, found.take(limit).map(|group| group.with_links(&ask.base)).collect()))
}

fn search(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = searchable(text).map_err(|why| error::bad_search(&why))?;
    let limit = page::limit(ask, PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Insensitive);
    match ask.query.text("sortBy") {
        None => page::by_key(ask, rows, limit, |row| linked(row.clone(), &ask.base)),
        Some(attribute) => {
            let descending =
                ask.query.get("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
            let rows = users::sorted(rows.map(|(_, row)| row).collect(), attribute, descending);
            page::by_position(ask, &rows, limit, |row| linked(row.clone(), &ask.base))
        }
    }
}

fn searchable(text: &str) -> Result<Expr, String> {
    const TOP: [&str; 5] = ["id", "type", "created", "lastUpdated", "lastMembershipUpdated"];
    const PROFILE: [&str; 2] = ["profile.name", "profile.description"];
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| {
        if !TOP.contains(&attribute) && !PROFILE.contains(&attribute) {
            return Err(format!("attribute {attribute} is not searchable"));
        }
        if matches!(op, Op::Ne | Op::Ew) || (op == Op::Co && !PROFILE.contains(&attribute)) {
            return Err(format!("operator {op:?} is not supported on {attribute}"));
        }
        Ok(())
    })?;
    Ok(expr)
}

fn filtered(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = filterable(text).map_err(|why| error::bad_filter(text, &why))?;
    let limit = page::limit(ask, PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Sensitive);
    page::by_key(ask, rows, limit, |row| linked(row.clone(), &ask.base))
}

fn filterable(text: &str) -> Result<Expr, String> {
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| match attribute {
        "id" | "type" if op == Op::Eq => Ok(()),
        "lastUpdated" | "lastMembershipUpdated"
            if matches!(op, Op::Eq | Op::Gt | Op::Ge | Op::Lt | Op::Le) =>
        {
            Ok(())
        }
        _ => Err(format!("operator {op:?} is not supported on {attribute}")),
    })?;
    Ok(expr)
}

fn matching<'a>(
    org: &'a Org,
    ask: &'a Ask,
    expr: &'a Expr,
    case: Case,
) -> impl Iterator<Item = (u64, &'a Value)> {
    org.groups.index.seen_at(ask.at).filter(move |(_, row)| expr.matches(row, case))
}

/// `GET /groups/{id}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &named(org, id)?.with_links(&ask.base)))
}

/// `POST /groups`
pub(super) fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let profile = wanted_profile(ask)?;
    check_name(org, &profile, 0)?;
    let group = Group::new(org.ids.okta("00g"), Kind::Okta, profile, ask.at);
    let group = org.groups.save(group, ask.at);
    org.note(ask, "group.lifecycle.create", "Create Okta group", vec![log::group_target(&group)]);
    Ok(Answer::json(200, &group.with_links(&ask.base)))
}

/// `PUT /groups/{id}`: the profile is replaced.
pub(super) fn replace(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut group = named(org, id)?;
    let profile = wanted_profile(ask)?;
    if group.kind != Kind::Okta {
        return Err(error::forbidden());
    }
    check_name(org, &profile, group.key)?;
    (group.profile, group.last_updated) = (profile, ask.at);
    let group = org.groups.save(group, ask.at);
    org.note(ask, "group.profile.update", "Group profile updated", vec![log::group_target(&group)]);
    Ok(Answer::json(200, &group.with_links(&ask.base)))
}

fn wanted_profile(ask: &Ask) -> Result<Map<String, Value>, Answer> {
    let body = super::object(ask)?;
    let mut profile = body.get("profile").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(other) = profile.keys().find(|name| *name != "name" && *name != "description") {
        return Err(error::validation(
            "profile",
            &[format!("Property name '{other}' is not defined in profile")],
        ));
    }
    profile.entry("description").or_insert(Value::Null);
    Ok(profile)
}

fn check_name(org: &Org, profile: &Map<String, Value>, key: u64) -> Result<(), Answer> {
    let name = profile.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(error::validation("name", &["name: The field cannot be left blank".to_owned()]));
    }
    if org.groups.named(name).is_some_and(|other| other.key != key) {
        let cause = "name: An object with this field already exists in the current organization";
        return Err(error::validation("name", &[cause.to_owned()]));
    }
    Ok(())
}

/// `DELETE /groups/{id}`
pub(super) fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let group = named(org, id)?;
    if group.kind == Kind::BuiltIn {
        return Err(error::forbidden());
    }
    let members: Vec<_> = memberships::members(org, &group).cloned().collect();
    let had: Vec<_> = members.iter().map(|user| apps::held(org, user)).collect();
    org.groups.remove(&group, ask.at);
    org.apps.forget_group(group.key);
    org.note(ask, "group.lifecycle.delete", "Delete Okta group", vec![log::group_target(&group)]);
    for (user, had) in members.iter().zip(&had) {
        apps::note_changes(org, ask, user, had);
    }
    Ok(Answer::empty(204))
}
