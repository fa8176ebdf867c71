//! Permissions: the least that a plan, an operation or a policy needs, and a look at what we really have.
//!
//! What is needed is told by [`Plan::permissions`], [`Operation::permissions`](crate::Operation::permissions) and
//! [`Policy::permissions`](crate::Policy::permissions). [`check`] asks both systems for it, one harmless call for each
//! permission, and answers a [`Matrix`]. Given to [`EngineBuilder::allow`](crate::EngineBuilder::allow), the matrix
//! refuses every plan that could not be carried out, before anything is written.
//!
//! ```
//! # async fn run(systems: lifecycle::Systems, onboard: lifecycle::Onboard) -> Result<(), Box<dyn std::error::Error>> {
//! use lifecycle::{Engine, Operation, permissions};
//!
//! let needed = onboard.permissions().expect("it is known for every operation of this crate");
//! let matrix = permissions::check(&systems, &needed).await?;
//! println!("{matrix}");
//! let engine = Engine::builder(systems).allow(matrix).embedded("lifecycle.db")?;
//! # Ok(()) }
//! ```
//!
//! # How it is found out
//!
//! - **Okta.** A service app is told its scopes with its token. Whether an admin role stands behind a scope shows by a
//!   read that cannot come back empty (without a role Okta answers an empty list and no error), or by a change to
//!   somebody who does not exist: refused, or not found. The admin roles that the principal holds tell the rest, where
//!   they may be read.
//! - **ServiceNow.** It has no way to ask whether something may be written, and answers "not found" for what may not be
//!   seen. So it is asked for the API user's roles, and for a row of each table that the role is for. Where an instance
//!   has roles of its own, one of them may stand for the role of the base system: then that stays unproven.
//! - **What must not be.** Whoever provisions must not be able to make administrators. That is probed too, and told as
//!   too much.

mod okta;
mod servicenow;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

pub use crate::action::Permissions;
use crate::plan::{OnFailure, Plan};
use crate::systems::Systems;

/// One thing that a principal may be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Capability {
    /// What this OAuth scope of Okta's is for.
    OktaScope(String),
    /// What this role of ServiceNow's base system is for.
    ServicenowRole(String),
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OktaScope(scope) => write!(f, "Okta scope {scope}"),
            Self::ServicenowRole(role) => write!(f, "ServiceNow role {role}"),
        }
    }
}

impl Permissions {
    /// Each of them by itself.
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let scopes = self.okta_scopes.iter().cloned().map(Capability::OktaScope);
        scopes.chain(self.servicenow_roles.iter().cloned().map(Capability::ServicenowRole)).collect()
    }
}

/// Whether a principal has a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It has it.
    Held,
    /// It does not.
    Lacking,
    /// That cannot be told without writing.
    Unproven,
}

/// One principal, one capability, and how it was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// As whom the system knows us.
    pub principal: String,
    /// What it is about.
    pub capability: Capability,
    /// Whether it is needed. What is not needed is listed only where it must not be.
    pub needed: bool,
    /// What was found.
    pub found: Found,
    /// How.
    pub how: String,
}

impl Row {
    /// Needed, and not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.needed && self.found == Found::Lacking
    }

    /// There, and must not be.
    #[must_use]
    pub fn is_excessive(&self) -> bool {
        !self.needed && self.found == Found::Held
    }

    fn verdict(&self) -> &'static str {
        match (self.needed, self.found) {
            (true, Found::Held) => "held",
            (true, Found::Lacking) => "MISSING",
            (false, Found::Held) => "TOO MUCH",
            (false, Found::Lacking) => "withheld",
            (_, Found::Unproven) => "unproven",
        }
    }
}

/// Principals, capabilities, and how each was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// What was looked for.
    pub rows: Vec<Row>,
    /// What else somebody should mend: time zones, hidden rows, scopes that were asked for in vain.
    pub notes: Vec<String>,
}

/// A plan that these principals could not carry out. Nothing of it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} is switched off, since our permissions do not reach that far:{}", .problems.iter().fold(String::new(), |list, problem| list + "\n  - " + problem))]
pub struct NotPermitted {
    /// The operation.
    pub operation: String,
    /// The steps, what each lacks, and how that is known.
    pub problems: Vec<String>,
}

impl Matrix {
    /// What is needed and not there.
    pub fn missing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_missing())
    }

    /// What is there and must not be.
    pub fn excessive(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_excessive())
    }

    /// Whether a plan can be carried out, as far as can be known without writing.
    ///
    /// Only the steps that a run cannot do without count: a leaver is blocked also by a principal that may not take
    /// admin roles away.
    ///
    /// # Errors
    ///
    /// Every step that lacks something, or needs something that was not checked.
    pub fn permits(&self, plan: &Plan) -> Result<(), NotPermitted> {
        let mandatory = plan.all_steps().filter(|step| step.on_failure == OnFailure::Stop);
        let mut told = BTreeSet::new();
        let mut problems = Vec::new();
        for step in mandatory {
            for capability in step.permissions().capabilities() {
                let lack = self.lack(&capability);
                problems.extend(
                    lack.filter(|_| told.insert(capability.clone()))
                        .map(|lack| format!("{} needs the {capability}, {lack}", step.id)),
                );
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(NotPermitted { operation: plan.operation.clone(), problems })
    }

    fn lack(&self, capability: &Capability) -> Option<String> {
        match self.rows.iter().find(|row| row.needed && row.capability == *capability) {
            None => Some("which was not checked: check the permissions of this operation too".to_owned()),
            Some(row) if row.is_missing() => {
                Some(format!("which {} lacks ({}): grant it, and check again", row.principal, row.how))
            }
            Some(_) => None,
        }
    }
}

/// A line for each row.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = |text: fn(&Row) -> String| self.rows.iter().map(|row| text(row).len()).max().unwrap_or(0);
        let principals = wide(|row| row.principal.clone());
        let capabilities = wide(|row| row.capability.to_string());
        for row in &self.rows {
            let (principal, capability) = (&row.principal, row.capability.to_string());
            let (verdict, how) = (row.verdict(), &row.how);
            writeln!(f, "{principal:principals$}  {capability:capabilities$}  {verdict:8}  {how}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

/// Why permissions could not be checked. That one is refused is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// Okta.
    #[error(transparent)]
    Okta(#[from] okta_client::Error),
    /// ServiceNow.
    #[error(transparent)]
    ServiceNow(#[from] servicenow_client::Error),
}

/// Looks in both systems for what is `needed`, and for what must not be. Changes nothing.
///
/// # Errors
///
/// If a system cannot be reached, or does not know our credentials at all.
pub async fn check(systems: &Systems, needed: &Permissions) -> Result<Matrix, CheckError> {
    let mut matrix = Matrix { rows: Vec::new(), notes: Vec::new() };
    okta::check(&systems.okta, &needed.okta_scopes, &mut matrix).await?;
    servicenow::check(&systems.servicenow, &needed.servicenow_roles, &mut matrix).await?;
    Ok(matrix)
}
