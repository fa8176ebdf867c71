//! The Service Catalog: what a requester answered to the questions of an item.

mod variables;

pub(crate) use variables::of;
pub use variables::{Variable, Variables};
