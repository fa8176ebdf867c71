//! Convert: a contractor becomes an employee, and stays the same person.
//!
//! # Expected flow
//!
//! As a [transfer](super::transfer), with the type of employment and the end of the contract changed together with the
//! position. Where the org has a user type of its own for employees the account gets that, with every attribute that it has.
//!
//! # Guarantees
//!
//! - The account, its id and its history stay. What only contractors get goes, and what only employees get comes, as in a move.
//! - The end date is cleared before anything can act on it.
//!
//! # Caveats
//!
//! - A person is never converted to a service account, nor that to a person: make a new one.

use std::collections::BTreeMap;

use async_trait::async_trait;
use okta_client::user_types::UserTypeId;
use serde_json::Value;

use super::colleague::Colleague;
use super::transfer::{Asked, Transfer};
use crate::guard::Safeguards;
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan};
use crate::policy::Policy;
use crate::systems::Systems;

/// What an employee's `userType` is.
const EMPLOYEE: &str = "employee";

/// Makes the contractor that a ticket names an employee.
#[derive(Debug, Clone)]
pub struct Convert(Transfer);

impl Convert {
    /// Does what the requested item, or catalog task, `number` asks for, under `policy`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        let conversion = Conversion { user_type: None };
        Self(Transfer::ticket(number, policy).converting(conversion))
    }

    /// Gives the account this user type, by its id and name. Without it, the type stays as it is.
    #[must_use]
    pub fn user_type(self, id: UserTypeId, name: impl Into<String>) -> Self {
        Self(self.0.converting(Conversion { user_type: Some((id, name.into())) }))
    }

    /// What the guards go by.
    #[must_use]
    pub fn safeguards(self, safeguards: Safeguards) -> Self {
        Self(self.0.safeguards(safeguards))
    }

    /// The IANA time zone in which days begin: `Europe/Berlin`. UTC by default.
    #[must_use]
    pub fn time_zone(self, zone: impl Into<String>) -> Self {
        Self(self.0.time_zone(zone))
    }
}

#[async_trait]
impl Operation for Convert {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        self.0.read(systems).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        self.0.intent(asked)
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        self.0.plan(systems, asked).await
    }
}

/// What a conversion changes beside the position.
#[derive(Debug, Clone)]
pub(super) struct Conversion {
    pub(super) user_type: Option<(UserTypeId, String)>,
}

impl Conversion {
    /// The attributes that say that somebody is an employee.
    pub(super) fn attributes(
        policy: &Policy,
        who: &Colleague,
    ) -> Result<BTreeMap<String, Value>, OperationError> {
        if who.account.profile.text("userType") == Some(EMPLOYEE) {
            return Err(OperationError::NeedsHuman(format!("{} is an employee already", who.login())));
        }
        let mut attributes = BTreeMap::from([("userType".to_owned(), EMPLOYEE.into())]);
        // One attribute that the org's schema does not have refuses the whole change.
        if policy.knows("endDate") {
            attributes.insert("endDate".to_owned(), Value::Null);
        }
        Ok(attributes)
    }
}
