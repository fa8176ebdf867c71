//! The people that a policy is about, read from both systems.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt as _, TryStreamExt as _};
use okta_client::apps::AssignmentScope;
use okta_client::users::User;
use servicenow_client::Query;

use super::{Attributes, Entitlement};
use crate::operation::OperationError;
use crate::systems::Systems;

/// How many groups and apps are asked for their members at once. The clients' pacers have the last word.
const AT_ONCE: usize = 8;

/// Somebody, and what they hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// What the person signs in with.
    pub login: String,
    /// First and last name.
    pub name: String,
    /// The Okta profile.
    pub attributes: Attributes,
    /// What the person holds of what was asked about, however come by.
    pub holds: BTreeSet<Entitlement>,
}

impl Person {
    /// Somebody of whom a profile is known; they hold nothing.
    #[must_use]
    pub fn new(attributes: Attributes) -> Self {
        let text = |name| attributes.get_str(name).unwrap_or_default().to_owned();
        let name = format!("{} {}", text("firstName"), text("lastName")).trim().to_owned();
        Self { login: text("login"), name, attributes, holds: BTreeSet::new() }
    }

    pub(super) fn department(&self) -> &str {
        match self.attributes.get_str("department").map(str::trim) {
            None | Some("") => "(none)",
            Some(department) => department,
        }
    }
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self::new(user.profile.iter().map(|(name, value)| (name, value.clone())).collect())
    }
}

/// Everybody who has an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// The people.
    pub people: Vec<Person>,
    /// Whether all that was asked for could be seen. On a part of the people no access may be taken away.
    pub complete: bool,
}

impl Population {
    /// Reads everybody in Okta but DEPROVISIONED accounts, and who of them holds which of `about`.
    ///
    /// `GET /users`, then the members of each group, the direct assignments of each app, and of ServiceNow
    /// `sys_user_grmember` and `sys_user_has_role`. Who is who is told by login and `user_name`.
    ///
    /// # Errors
    ///
    /// If a system cannot be read. A group or app that is not there has no members.
    pub async fn read<'e>(
        systems: &Systems,
        about: impl IntoIterator<Item = &'e Entitlement>,
    ) -> Result<Self, OperationError> {
        let users: Vec<User> = systems.okta.users().list().send().try_collect().await?;
        let holders: Vec<(Entitlement, Holders)> = futures::stream::iter(about)
            .map(|entitlement| async move {
                let holders = holders(systems, entitlement).await?;
                Ok::<_, OperationError>((entitlement.clone(), holders))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut population = Self { people: users.iter().map(Person::from).collect(), complete: true };
        let places: HashMap<String, usize> =
            users.iter().zip(0..).flat_map(|(user, place)| keys(user).map(|key| (key, place))).collect();
        for (entitlement, Holders { keys, complete }) in holders {
            population.complete &= complete;
            for place in keys.iter().filter_map(|key| places.get(key)) {
                population.people[*place].holds.insert(entitlement.clone());
            }
        }
        Ok(population)
    }
}

/// What holders are known by: the id in Okta, and the login, in lower case, as ServiceNow's `user_name`.
fn keys(user: &User) -> [String; 2] {
    [user.id.as_str().to_owned(), user.profile.login().unwrap_or_default().to_lowercase()]
}

struct Holders {
    keys: Vec<String>,
    complete: bool,
}

async fn holders(systems: &Systems, entitlement: &Entitlement) -> Result<Holders, OperationError> {
    let okta = |keys| Holders { keys, complete: true };
    match entitlement {
        Entitlement::OktaGroup { id, .. } => {
            let members = systems.okta.groups().members(id).collect_all().await;
            Ok(okta(none_if_absent(members)?.iter().map(|user| user.id.to_string()).collect()))
        }
        Entitlement::OktaApp { id, .. } => {
            let assigned = systems.okta.apps().users(id).list().send().collect_all().await;
            let mut assigned = none_if_absent(assigned)?;
            assigned.retain(|user| user.scope == Some(AssignmentScope::User));
            Ok(okta(assigned.iter().map(|user| user.id.to_string()).collect()))
        }
        Entitlement::ServiceNowGroup { sys_id, .. } => {
            named(systems, "sys_user_grmember", Query::new().eq("group", sys_id.clone())).await
        }
        Entitlement::ServiceNowRole { name } => {
            let direct = Query::new().eq("role.name", name.as_str()).eq("inherited", false);
            named(systems, "sys_user_has_role", direct).await
        }
    }
}

/// The people that rows of a table are about.
async fn named(systems: &Systems, table: &str, query: Query) -> Result<Holders, OperationError> {
    const WHO: &str = "user.user_name";
    let found = systems.servicenow.records(table)?.select([WHO]).list(query).collect_all().await?;
    let keys = found.rows.iter().filter_map(|row| row.text(WHO)).map(|name| name.to_lowercase());
    Ok(Holders { keys: keys.collect(), complete: found.complete })
}

fn none_if_absent<T>(listed: Result<Vec<T>, okta_client::Error>) -> Result<Vec<T>, okta_client::Error> {
    match listed {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        listed => listed,
    }
}
