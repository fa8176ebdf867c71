//! Who gets what, whoever says so.

use std::fmt;

use async_trait::async_trait;

use super::{Attributes, EvaluationError, Grant, Policy};
use crate::action::Permissions;
use crate::operation::OperationError;
use crate::plan::PolicyRef;

/// Who gets what: a [`Policy`], or a system of your own that knows it. Implement it, and hand it to an operation in the
/// policy's place.
#[async_trait]
pub trait Rules: fmt::Debug + Send + Sync {
    /// What a run says that it followed: a name, and a hash that is another one once the rules are.
    fn reference(&self) -> PolicyRef;

    /// Whether an attribute of Okta's profile means anything to the rules. What does not is not written to accounts:
    /// one attribute that the org's schema does not have refuses the whole account.
    fn knows(&self, attribute: &str) -> bool;

    /// What a person is to have from the first day, each with the reason. Privileged access never is.
    ///
    /// # Errors
    ///
    /// If the rules have nothing to say about such a person, or contradict themselves: better no plan than half of one.
    async fn birthrights(&self, person: &Attributes) -> Result<Vec<Grant>, OperationError>;

    /// The logins that a new person may get, best first: the first that nobody has or had is taken.
    ///
    /// # Errors
    ///
    /// If the person lacks what a login is made of.
    fn logins(&self, person: &Attributes)
    -> Result<Box<dyn Iterator<Item = String> + Send>, EvaluationError>;

    /// The least with which all that they may give is given.
    fn permissions(&self) -> Permissions;

    /// The line of a policy file that says what a target is, for messages.
    fn line_of(&self, target: &str) -> Option<usize> {
        let _ = target;
        None
    }
}

#[async_trait]
impl Rules for Policy {
    fn reference(&self) -> PolicyRef {
        PolicyRef { name: self.name().to_owned(), hash: self.hash().to_owned() }
    }

    fn knows(&self, attribute: &str) -> bool {
        Self::knows(self, attribute)
    }

    async fn birthrights(&self, person: &Attributes) -> Result<Vec<Grant>, OperationError> {
        let decision = self.evaluate(person)?;
        if decision.is_uncovered() {
            return Err(self.uncovered("person with this ticket", ""));
        }
        // An attribute that some rules know, with a value that none of them does, is a slip: `Contractor`
        // where the policy denies things to a `contractor`.
        for (attribute, variable) in [("department", "department"), ("userType", "employment_type")] {
            let known: Vec<_> = self.literals(attribute).into_iter().collect();
            if !known.is_empty() && decision.rules_reading(attribute).is_empty() {
                let value = person.get_str(attribute).unwrap_or_default();
                return Err(self.uncovered(&format!("{variable} {value:?}"), &known.join(", ")));
            }
        }
        let together = self.conflicts(decision.grants.iter().map(|grant| &grant.entitlement));
        if let Some(conflict) = together.first() {
            return Err(OperationError::NeedsHuman(format!(
                "the policy {} grants what nobody may hold together: {conflict}",
                self.name()
            )));
        }
        Ok(decision.grants)
    }

    fn logins(
        &self,
        person: &Attributes,
    ) -> Result<Box<dyn Iterator<Item = String> + Send>, EvaluationError> {
        Ok(Box::new(Self::logins(self, person)?))
    }

    fn permissions(&self) -> Permissions {
        Self::permissions(self)
    }

    fn line_of(&self, target: &str) -> Option<usize> {
        Some(self.target(target)?.line)
    }
}

impl Policy {
    fn uncovered(&self, what: &str, known: &str) -> OperationError {
        let known = if known.is_empty() { String::new() } else { format!("; it has rules for {known}") };
        OperationError::Uncovered {
            policy: self.name().to_owned(),
            what: format!("no rule covers the {what}{known}. Correct the ticket, or add a rule"),
        }
    }
}
