//! What a move changes: sets, and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Decision, Entitlement};

/// What becomes of somebody's access when who they are changes. Each entitlement is in one of the sets.
///
/// ```
/// use std::collections::BTreeSet;
///
/// use lifecycle::policy::{Attributes, Movement, Policy};
///
/// # let policy = Policy::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/policies/acme.toml"))?;
/// let in_department = |department: &str| {
///     policy.evaluate(&Attributes::from_iter([("userType", "employee"), ("department", department)]))
/// };
/// let (old, new) = (in_department("Engineering")?, in_department("Support")?);
/// let holds: BTreeSet<_> = old.grants.iter().map(|grant| grant.entitlement.clone()).collect();
///
/// let moved = Movement::between(&old, &new, &holds);
/// assert_eq!(moved.drop.len(), 2); // Engineering and GitHub Users; Jira Users are what both departments have
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Held, and granted to whom the person becomes.
    pub keep: BTreeSet<Entitlement>,
    /// Granted to whom the person becomes, and not held yet.
    pub add: BTreeSet<Entitlement>,
    /// What the person may ask for then, and does not hold. Never added without an approval of its own.
    pub ask: BTreeSet<Entitlement>,
    /// Held, and explained by whom the person was only; or denied to whom the person becomes.
    pub drop: BTreeSet<Entitlement>,
    /// Held, and explained by neither: by a live grant, or by nothing. What may be asked for is here too, since that
    /// somebody may ask does not say that anybody approved.
    pub extra: BTreeSet<Entitlement>,
}

impl Movement {
    /// Compares what the policy says about a person before and after the change with what they hold now.
    ///
    /// What is added is described as `new` has it (an app's profile), what goes as it is in `current`.
    #[must_use]
    pub fn between(old: &Decision, new: &Decision, current: &BTreeSet<Entitlement>) -> Self {
        let mut movement = Self::default();
        for held in current {
            let left_behind = old.reason(held).is_some() && new.reason(held).is_none();
            let set = if new.entitles_to(held) {
                &mut movement.keep
            } else if new.denies(held) || left_behind {
                &mut movement.drop
            } else {
                &mut movement.extra
            };
            set.insert(held.clone());
        }
        let missing = |grant: &&super::Grant| !current.contains(&grant.entitlement);
        movement.add.extend(new.grants.iter().filter(missing).map(|grant| grant.entitlement.clone()));
        movement.ask.extend(new.eligible.iter().filter(missing).map(|grant| grant.entitlement.clone()));
        movement
    }
}
