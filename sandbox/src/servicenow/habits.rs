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
pub struct Habits {
    /// `glide.invalid_query.returns_no_rows`: a query with a condition that makes no sense finds nothing. By default
    /// that condition is dropped and the rest is run, which widens the result.
    pub invalid_query_returns_no_rows: bool,
}
