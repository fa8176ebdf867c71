//! Which roles a user has, and why: for access reviews.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient, user: servicenow_client::SysId) -> servicenow_client::Result<()> {
//! let inheritance = servicenow.role_inheritance(&user).await?;
//! for path in inheritance.why("itil") {
//!     match &path.group {
//!         Some(group) => println!("by the group {group}, as {}", path.given()),
//!         None => println!("as {}", path.given()),
//!     }
//! }
//! # Ok(()) }
//! ```

use std::collections::BTreeSet;
use std::fmt;

use client_core::{Call, Path, Request};
use serde::{Deserialize, Deserializer};

use crate::client::{ServiceNowClient, result};
use crate::id::SysId;
use crate::prepared::Prepared;

/// Which roles a user has, and on which paths they were come by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RoleInheritance {
    /// Whom it is about. The documentation calls it the full name; its example has the `user_name`.
    #[serde(default)]
    pub user_name: Option<String>,
    /// The paths that begin with a group.
    #[serde(default)]
    pub from_group: Vec<RolePath>,
    /// The paths that begin with a role that the user was given.
    #[serde(default)]
    pub from_role: Vec<RolePath>,
}

/// How a role was come by: perhaps a group, then the role given, then each role contained in the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolePath {
    /// The group whose role it is; none if the user was given it.
    pub group: Option<String>,
    /// The roles on the way, the one in question last. Never empty.
    pub roles: Vec<String>,
}

impl RoleInheritance {
    /// All paths.
    pub fn paths(&self) -> impl Iterator<Item = &RolePath> {
        self.from_group.iter().chain(&self.from_role)
    }

    /// The roles that the user has, however come by.
    pub fn roles(&self) -> BTreeSet<&str> {
        self.paths().map(RolePath::role).collect()
    }

    /// On which paths the user has this role: all of them have to be cut before it is gone. None if the user does not
    /// have it.
    pub fn why<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a RolePath> {
        self.paths().filter(move |path| path.role() == role)
    }
}

impl RolePath {
    /// Reads `[Group]/role/contained` or `/role/contained`. A role's name has no slash; a group's may.
    fn read(text: &str) -> Option<Self> {
        let (group, roles) = match text.strip_prefix('[') {
            Some(rest) => rest.rsplit_once("]/").map(|(group, roles)| (Some(group.to_owned()), roles))?,
            None => (None, text.strip_prefix('/').unwrap_or(text)),
        };
        let roles: Vec<String> = roles.split('/').map(str::to_owned).collect();
        (!roles.iter().any(String::is_empty)).then_some(Self { group, roles })
    }

    /// The role that it leads to.
    pub fn role(&self) -> &str {
        self.roles.last().map_or("", String::as_str)
    }

    /// The role that was given, to the user or to the group: what to take away.
    pub fn given(&self) -> &str {
        self.roles.first().map_or("", String::as_str)
    }
}

impl<'de> Deserialize<'de> for RolePath {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("no path of roles"))
    }
}

/// As the instance writes it.
impl fmt::Display for RolePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(group) = &self.group {
            write!(f, "[{group}]")?;
        }
        self.roles.iter().try_for_each(|role| write!(f, "/{role}"))
    }
}

pub(crate) fn of(client: &ServiceNowClient, user: &SysId) -> Prepared<RoleInheritance> {
    let request = Request::get(Path::new("/api/global/user_role_inheritance")).query("user_sysid", user);
    let call = Call::<RoleInheritance>::read("servicenow.roles.inheritance", request).with_decode(result);
    Prepared::new(client, call, Ok)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let read = |text: &str| RolePath::read(text).map(|path| (path.group, path.roles.join(",")));
        for (text, group, roles) in [
            ("/itil", None, "itil"),
            ("/itil/sn_request_write", None, "itil,sn_request_write"),
            ("itil", None, "itil"),
            (
                "[Azure Operators]/sn_azure.operator/sn_azure.user",
                Some("Azure Operators"),
                "sn_azure.operator,sn_azure.user",
            ),
            ("[IT/Desk [1]/2]/itil", Some("IT/Desk [1]/2"), "itil"),
            ("[]/itil", Some(""), "itil"),
        ] {
            assert_eq!(read(text), Some((group.map(str::to_owned), roles.to_owned())), "{text}");
        }
        for odd in ["", "/", "//", "/itil/", "[Desk]", "[Desk]/", "[Desk/itil"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in r"(\[[^\r\n]{0,9}\])?(/[a-z_.]{1,5}){1,3}") {
            let path = RolePath::read(&text).unwrap();
            prop_assert_eq!(path.to_string(), text);
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = RolePath::read(&text);
        }
    }
}
