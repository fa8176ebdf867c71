//! Guards: what must hold before something is destroyed. Each only looks; one that does not hold stops the steps that
//! [need](crate::plan::Step::needs) it, and asks a person.
//!
//! The set is open: any [action](crate::action::Action) that only looks can be a [guard](crate::plan::Step::guard).

mod hold;
mod last_admin;
mod matching;
mod protected;
mod secrets;
mod yourself;

use std::collections::BTreeSet;

use okta_client::groups::GroupId;
use okta_client::users::{Profile, UserId};
use serde::{Deserialize, Serialize};

pub use self::hold::{LegalHold, NoServiceAccount};
pub use self::last_admin::LastAdmin;
pub use self::matching::MatchStrength;
pub(crate) use self::matching::one_person;
pub use self::protected::Protected;
pub use self::secrets::OwnsSecrets;
pub use self::yourself::{NotOurUser, Yourself};

/// What the guards go by. Data: it can stand in a configuration file, and it is in every plan that follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Safeguards {
    /// Accounts that nothing automatic is done to: for breaking the glass, or of other programs. Those of this program's own
    /// credentials are found by themselves.
    pub protected_accounts: BTreeSet<UserId>,
    /// Groups whose members are protected likewise.
    pub protected_groups: BTreeSet<GroupId>,
    /// How many super administrators there must be besides: in use, with a factor, and not protected. 2 by default.
    pub least_super_admins: usize,
    /// What makes an account one of a service, which is handed over and never offboarded: by default a `userType` of
    /// `Service` or `Service Account`.
    pub service_accounts: Option<Flag>,
    /// What says that nothing of an account may be destroyed. None by default: orgs have no attribute for it of their own.
    pub legal_hold: Option<Flag>,
}

impl Default for Safeguards {
    fn default() -> Self {
        Self {
            protected_accounts: BTreeSet::new(),
            protected_groups: BTreeSet::new(),
            least_super_admins: 2,
            service_accounts: Some(Flag::new("userType", ["Service", "Service Account"])),
            legal_hold: None,
        }
    }
}

/// An attribute of an Okta account, and the values of it that mean something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// The attribute, by its name in Okta's profile.
    pub attribute: String,
    /// The values, compared without regard to case. `true` fits a Boolean too.
    pub values: BTreeSet<String>,
}

impl Flag {
    /// An attribute with one of these values.
    #[must_use]
    pub fn new<V: Into<String>>(attribute: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self { attribute: attribute.to_owned(), values: values.into_iter().map(Into::into).collect() }
    }

    /// The value, if it is one of those.
    pub(crate) fn found(&self, profile: &Profile) -> Option<String> {
        let value = profile.get(&self.attribute)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.values.iter().any(|one| one.eq_ignore_ascii_case(text.trim())).then_some(text)
    }
}
