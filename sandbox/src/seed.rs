//! The company that both systems start with, the same people in each.

mod apps;
pub(crate) mod company;
mod directory;
mod instance;

use chrono::{DateTime, NaiveDate, Utc};

pub(crate) use company::Company;
pub(crate) use directory::fill as fill_okta;
pub(crate) use instance::fill as fill_servicenow;

/// The morning of a day.
fn morning(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(9, 0, 0).unwrap_or_default().and_utc()
}
