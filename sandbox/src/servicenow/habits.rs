//! What one instance does and another does not.

use serde::{Deserialize, Serialize};

/// How the ServiceNow instance behaves where instances differ, by their properties, plugins and rules. Every one of
/// these was seen on a real one. The default is an instance as it comes, seen by an integration user who may see all.
///
/// ```
/// use sandbox::{Habits, Sandbox};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sandbox = Sandbox::builder().habits(Habits { invalid_query_returns_no_rows: true, ..Habits::default() }).start().await?;
/// sandbox.change_habits(|habits| habits.invalid_query_returns_no_rows = false);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Habits {
    /// `glide.invalid_query.returns_no_rows`: a query with a condition that makes no sense finds nothing. By default
    /// that condition is dropped and the rest is run, which widens the result.
    pub invalid_query_returns_no_rows: bool,
    /// The plugin Security Incident Response is installed. Without it its tables do not exist.
    pub security_incident_response: bool,
    /// A release before Utah, as far as an incident's `close_code` goes.
    pub old_close_codes: bool,
    /// An item with open tasks cannot be closed itself: a business rule stops it.
    pub items_close_through_tasks: bool,
    /// Items without a flow: closing the tasks of one closes nothing else.
    pub items_stay_open: bool,
}
