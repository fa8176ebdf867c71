//! Group rules: the object, the calls, and what they do to memberships. The language is in `group_rules/expression`.

mod expression;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use self::expression::{Expression, Flaw};
use super::groups::{Group, Kind};
use super::users::{Status, User};
use super::{Org, error, flag, memberships, object, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// A rule as the org keeps it.
#[derive(Debug, Clone)]
struct Rule {
    key: u64,
    id: String,
    name: String,
    active: bool,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    conditions: Value,
    groups: Vec<String>,
    expression: Expression,
}

/// All rules, and the memberships that they gave.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rows: Vec<Rule>,
    next: u64,
    /// Rule, group and user. A membership that is here ends when the rule fits no more.
    given: BTreeSet<(u64, u64, u64)>,
    /// How long they take, and whom they are yet to look at, from when on.
    pub(crate) takes: TimeDelta,
    due: Vec<(DateTime<Utc>, u64)>,
}

impl Rules {
    /// The rules, for a test to look at.
    pub(super) fn state(&self) -> Value {
        self.rows.iter().map(Rule::body).collect()
    }

    /// Somebody was added by hand: no rule ends that membership.
    pub(super) fn made_by_hand(&mut self, group: u64, user: u64) {
        self.given.retain(|(_, of, who)| (*of, *who) != (group, user));
    }
}

impl Rule {
    fn body(&self) -> Value {
        json!({
            "type": "group_rule", "id": self.id, "name": self.name,
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "created": okta_time(self.created), "lastUpdated": okta_time(self.last_updated),
            "conditions": self.conditions, "actions": {"assignUserToGroups": {"groupIds": self.groups}},
            "allGroupsValid": true,
        })
    }

    fn excludes(&self, user: &User) -> bool {
        let excluded = self.conditions.pointer("/people/users/exclude").and_then(Value::as_array);
        excluded.into_iter().flatten().any(|id| *id == *user.id)
    }
}

/// Everything below `/groups/rules`.
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask),
        ("POST", []) => create(org, ask),
        ("GET", [rule]) => get(org, ask, rule),
        ("PUT", [rule]) => replace(org, ask, rule),
        ("DELETE", [rule]) => delete(org, ask, rule),
        ("POST", [rule, "lifecycle", action @ ("activate" | "deactivate")]) => {
            lifecycle(org, ask, rule, *action == "activate")
        }
        ("PUT" | "PATCH" | "DELETE", []) | ("POST" | "PATCH", [_]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn place(org: &Org, id: &str) -> Result<usize, Answer> {
    let found = org.rules.rows.iter().position(|rule| rule.id == id);
    found.ok_or_else(|| error::not_found(id, "GroupRule"))
}

fn shown(org: &Org, ask: &Ask, rule: &Rule) -> Value {
    let mut body = rule.body();
    if ask.query.text("expand").is_some() {
        let named =
            rule.groups.iter().filter_map(|id| Some((id.clone(), json!(org.groups.find(id)?.name()))));
        body["_embedded"] = json!({"groupIdToGroupNameMap": named.collect::<Map<_, _>>()});
    }
    body
}

fn only_names(ask: &Ask) -> Result<(), Answer> {
    match ask.query.text("expand") {
        None | Some("groupIdToGroupNameMap") => Ok(()),
        Some(_) => Err(ask.not_modelled("this expand")),
    }
}

fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["search", "expand", "after", "limit"])?;
    only_names(ask)?;
    let words = ask.query.text("search").unwrap_or_default().to_lowercase();
    let fits = |rule: &&Rule| {
        let names = rule.groups.iter().filter_map(|id| org.groups.find(id)).map(Group::name);
        let expression = rule.conditions.pointer("/expression/value").and_then(Value::as_str);
        names.chain(expression).chain([rule.name.as_str()]).any(|text| text.to_lowercase().contains(&words))
    };
    let rows = org.rules.rows.iter().filter(fits).map(|rule| (rule.key, rule));
    page::by_key(ask, rows, page::limit(ask, 50, 200)?, |rule| shown(org, ask, rule))
}

fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    only_names(ask)?;
    Ok(Answer::json(200, &shown(org, ask, &org.rules.rows[place(org, id)?])))
}

/// `POST /groups/rules`: made INACTIVE.
fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let mut rule = wanted(org, ask, 0)?;
    org.rules.next += 1;
    (rule.key, rule.id) = (org.rules.next, org.ids.okta("0pr"));
    org.rules.rows.push(rule.clone());
    Ok(Answer::json(200, &rule.body()))
}

/// `PUT /groups/rules/{id}`: name and conditions of an INACTIVE one.
fn replace(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let at = place(org, id)?;
    let old = org.rules.rows[at].clone();
    let new = wanted(org, ask, old.key)?;
    if old.active {
        return Err(error::validation("status", &["status: An active rule cannot be updated".to_owned()]));
    }
    if new.groups != old.groups {
        return Err(error::validation(
            "actions",
            &["actions: The actions of a rule cannot be updated".to_owned()],
        ));
    }
    let rule = Rule { key: old.key, id: old.id, created: old.created, groups: old.groups, ..new };
    org.rules.rows[at] = rule.clone();
    Ok(Answer::json(200, &rule.body()))
}

/// A rule out of a body, checked.
fn wanted(org: &Org, ask: &Ask, key: u64) -> Result<Rule, Answer> {
    let body = object(ask)?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() || name.chars().count() > 50 {
        return Err(error::validation(
            "name",
            &["name: The field must be between 1 and 50 characters".to_owned()],
        ));
    }
    if org.rules.rows.iter().any(|rule| rule.name == name && rule.key != key) {
        let cause = "name: An object with this field already exists in the current organization".to_owned();
        return Err(error::validation("name", &[cause]));
    }
    let conditions = body.get("conditions").cloned().unwrap_or_default();
    let excluded = conditions.pointer("/people/groups/exclude").and_then(Value::as_array);
    if excluded.is_some_and(|groups| !groups.is_empty()) {
        return Err(ask.not_modelled("groups that a rule leaves out"));
    }
    let text = conditions.pointer("/expression/value").and_then(Value::as_str).unwrap_or_default();
    let expression = expression::parse(text).map_err(|flaw| match flaw {
        Flaw::Wrong(why) => error::validation("conditions", &[format!("expression: {why}")]),
        Flaw::NotModelled(what) => ask.not_modelled(&format!("{what} in an expression")),
    })?;
    let groups = target_groups(org, &body)?;
    let (id, created, last_updated) = (String::new(), ask.at, ask.at);
    Ok(Rule { key, id, name, active: false, created, last_updated, conditions, groups, expression })
}

fn target_groups(org: &Org, body: &Map<String, Value>) -> Result<Vec<String>, Answer> {
    let ids = body.get("actions").and_then(|all| all.pointer("/assignUserToGroups/groupIds")?.as_array());
    let ids: Vec<String> =
        ids.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    let fits = |id: &String| org.groups.find(id).is_some_and(|group| group.kind == Kind::Okta);
    if ids.is_empty() || !ids.iter().all(fits) {
        let cause = "groupIds: Rules assign people to existing groups of the type OKTA_GROUP".to_owned();
        return Err(error::validation("actions", &[cause]));
    }
    Ok(ids)
}

fn lifecycle(org: &mut Org, ask: &Ask, id: &str, active: bool) -> Reply {
    ask.only_parameters(&[])?;
    let at = place(org, id)?;
    org.rules.rows[at].active = active;
    let rule = org.rules.rows[at].clone();
    if active {
        org.note(ask, "group.user_membership.rule.trigger", "Group rule trigger", vec![target(&rule)]);
        let everybody: Vec<User> = org.users.iter().cloned().collect();
        for user in &everybody {
            apply(org, ask, &rule, user);
        }
    } else {
        org.note(
            ask,
            "group.user_membership.rule.deactivated",
            "Group rule deactivated",
            vec![target(&rule)],
        );
    }
    Ok(Answer::empty(204))
}

fn target(rule: &Rule) -> Value {
    json!({"id": rule.id, "type": "GroupRule", "alternateId": "unknown", "displayName": rule.name, "detailEntry": null})
}

fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&["removeUsers"])?;
    let ends = flag(ask, "removeUsers", false)?;
    let at = place(org, id)?;
    let rule = org.rules.rows.remove(at);
    let mine: Vec<_> = org.rules.given.iter().filter(|(of, ..)| *of == rule.key).copied().collect();
    for given @ (_, group, user) in mine {
        org.rules.given.remove(&given);
        if ends {
            end(org, ask, group, user);
        }
    }
    Ok(Answer::json(202, &json!({})))
}

/// Somebody was made or changed: what the rules make of it, at once or some time later.
pub(super) fn settle(org: &mut Org, ask: &Ask, user: &User) {
    if org.rules.takes.is_zero() {
        return look_at(org, ask, user);
    }
    org.rules.due.push((ask.at + org.rules.takes, user.key));
}

/// Has the rules look at those whose time has come.
pub(super) fn catch_up(org: &mut Org, ask: &Ask) {
    let due = std::mem::take(&mut org.rules.due);
    let (due, later): (Vec<_>, Vec<_>) = due.into_iter().partition(|(at, _)| *at <= ask.at);
    org.rules.due = later;
    for (_, key) in due {
        if let Some(user) = org.users.at(key).cloned() {
            look_at(org, ask, &user);
        }
    }
}

fn look_at(org: &mut Org, ask: &Ask, user: &User) {
    let active: Vec<Rule> = org.rules.rows.iter().filter(|rule| rule.active).cloned().collect();
    for rule in active {
        apply(org, ask, &rule, user);
    }
}

/// Begins and ends the memberships of one person that one rule gives.
fn apply(org: &mut Org, ask: &Ask, rule: &Rule, user: &User) {
    let fits = user.status != Status::Deprovisioned
        && !rule.excludes(user)
        && rule.expression.is_true(&user.profile, &memberships::groups_of(org, user).collect::<Vec<_>>());
    let groups: Vec<Group> = rule.groups.iter().filter_map(|id| org.groups.find(id).cloned()).collect();
    for group in groups {
        let given = (rule.key, group.key, user.key);
        if fits && !org.groups.has_member(group.key, user.key) {
            memberships::join(org, ask, &group, user);
            org.rules.given.insert(given);
        } else if !fits && org.rules.given.remove(&given) {
            end(org, ask, group.key, user.key);
        }
    }
}

/// Ends a membership that no other rule gives.
fn end(org: &mut Org, ask: &Ask, group: u64, user: u64) {
    let another = org.rules.given.iter().any(|(_, of, who)| (*of, *who) == (group, user));
    let group = org.groups.iter().find(|row| row.key == group).cloned();
    let user = org.users.at(user).cloned();
    if let (false, Some(group), Some(user)) = (another, group, user) {
        memberships::leave(org, ask, &group, &user);
    }
}
