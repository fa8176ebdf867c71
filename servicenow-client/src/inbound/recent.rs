//! Which hints were taken lately.

use std::collections::{HashSet, VecDeque};

use super::hint::Hint;
use crate::id::SysId;

/// Remembers the last hints, by `sys_id` and `sys_mod_count`, so that one that comes twice is worked on once. Hints
/// come in any order: an older one after a newer one is new.
///
/// ```
/// use servicenow_client::inbound::{Hint, RecentHints};
///
/// # fn main() -> Result<(), servicenow_client::inbound::NoHint> {
/// let mut recent = RecentHints::new(1000);
/// let hint = Hint::parse(br#"{"table":"sc_req_item","sys_id":"aeed229047801200e0ef563dbb9a71c2","sys_mod_count":3}"#)?;
/// assert!(recent.is_new(&hint));
/// assert!(!recent.is_new(&hint));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct RecentHints {
    known: HashSet<(SysId, u64)>,
    order: VecDeque<(SysId, u64)>,
    capacity: usize,
}

impl RecentHints {
    /// A memory of the last `capacity` hints, at least 1. It holds those of the receiver's five minutes if it is as
    /// large as the pushes of five minutes are many.
    pub fn new(capacity: usize) -> Self {
        Self { known: HashSet::new(), order: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Whether this hint was not there yet. Remembers it.
    pub fn is_new(&mut self, hint: &Hint) -> bool {
        let key = (hint.sys_id.clone(), hint.sys_mod_count);
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
