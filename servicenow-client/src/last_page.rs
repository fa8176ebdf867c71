//! What tells a list that goes round in circles, where pages are counted by position.

use std::sync::{Arc, Mutex, PoisonError};

/// How the page before began. A position only grows, so a server, or a proxy before it, that ignores the position
/// shows in nothing else: it sends the first page for ever.
#[derive(Clone, Default)]
pub(crate) struct LastPage(Arc<Mutex<Option<String>>>);

impl LastPage {
    /// Whether a page that begins with `first` is the page before once more.
    pub(crate) fn came_again(&self, first: &str) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(first.to_owned()).is_some_and(|last| last == first)
    }
}
