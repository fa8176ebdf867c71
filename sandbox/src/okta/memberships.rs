//! Who is in which group.

use serde_json::Value;

use super::groups::{Group, Kind, named};
use super::users::{User, in_list};
use super::{Org, apps, error, log, page, users};
use crate::http::{Answer, Ask, Reply};

/// `GET /groups/{id}/users`: members of every status.
pub(super) fn list(org: &Org, ask: &Ask, group: &str) -> Reply {
    ask.only_parameters(&["after", "limit"])?;
    let group = named(org, group)?;
    let rows = members(org, &group).map(|user| (user.key, user));
    page::by_key(ask, rows, page::limit(ask, 1000, 1000)?, |user| in_list(user.body(), &ask.base))
}

/// `PUT /groups/{id}/users/{user}`: 204, also for a member.
pub(super) fn add(org: &mut Org, ask: &Ask, group: &str, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    let (group, user) = changeable(org, group, user)?;
    org.rules.made_by_hand(group.key, user.key);
    join(org, ask, &group, &user);
    Ok(Answer::empty(204))
}

/// `DELETE /groups/{id}/users/{user}`: 204, also for one who is no member.
pub(super) fn remove(org: &mut Org, ask: &Ask, group: &str, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    let (group, user) = changeable(org, group, user)?;
    org.rules.made_by_hand(group.key, user.key);
    leave(org, ask, &group, &user);
    Ok(Answer::empty(204))
}

fn changeable(org: &Org, group: &str, user: &str) -> Result<(Group, User), Answer> {
    let (group, user) = (named(org, group)?, users::named(org, user)?);
    if group.kind == Kind::Okta { Ok((group, user)) } else { Err(error::forbidden()) }
}

/// Makes a user a member, and logs it if that is new, with the apps that come with it.
pub(super) fn join(org: &mut Org, ask: &Ask, group: &Group, user: &User) {
    let had = apps::held(org, user);
    if org.groups.set_member(group.key, user.key, true, ask.at) {
        let targets = vec![log::user_target(user), log::group_target(group)];
        org.note(ask, "group.user_membership.add", "Add user to group membership", targets);
        apps::note_changes(org, ask, user, &had);
    }
}

/// Ends a membership, and logs it if there was one, with the apps that go with it.
pub(super) fn leave(org: &mut Org, ask: &Ask, group: &Group, user: &User) {
    let had = apps::held(org, user);
    if org.groups.set_member(group.key, user.key, false, ask.at) {
        let targets = vec![log::user_target(user), log::group_target(group)];
        org.note(ask, "group.user_membership.remove", "Remove user from group membership", targets);
        apps::note_changes(org, ask, user, &had);
    }
}

/// The groups that a create names in `groupIds`.
pub(super) fn wanted(org: &Org, ids: Option<&Value>) -> Result<Vec<Group>, Answer> {
    let ids: Vec<&str> = match ids {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(ids)) => {
            ids.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(error::bad_json)?
        }
        Some(_) => return Err(error::bad_json()),
    };
    if ids.len() > 20 {
        let cause = "groupIds: The number of groups must not exceed 20".to_owned();
        return Err(error::validation("groupIds", &[cause]));
    }
    let groups: Vec<Group> = ids.into_iter().map(|id| named(org, id)).collect::<Result<_, _>>()?;
    if groups.iter().any(|group| group.kind != Kind::Okta) {
        return Err(error::forbidden());
    }
    Ok(groups)
}

pub(super) fn members<'a>(org: &'a Org, group: &Group) -> Box<dyn Iterator<Item = &'a User> + 'a> {
    if group.kind == Kind::BuiltIn {
        return Box::new(org.users.iter());
    }
    Box::new(org.groups.members_of(group.key).filter_map(|key| org.users.at(key)))
}

pub(super) fn groups_of<'a>(org: &'a Org, user: &'a User) -> impl Iterator<Item = &'a Group> {
    org.groups
        .iter()
        .filter(|group| group.kind == Kind::BuiltIn || org.groups.has_member(group.key, user.key))
}

pub(super) fn group_ids(org: &Org, user: &User) -> Vec<String> {
    groups_of(org, user).map(|group| group.id.clone()).collect()
}
