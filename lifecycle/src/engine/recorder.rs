//! Notes the writes that a step sends, for the journal and the ledger.

use std::sync::{Mutex, PoisonError};

use client_core::{Event, Observer, Safety};

use crate::run::CallReport;

#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<CallReport>>);

impl Recorder {
    /// What was sent since the last time.
    pub(super) fn take(&self) -> Vec<CallReport> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Attempt(attempt) = event
            && attempt.safety != Safety::Read
        {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(CallReport::from(*attempt));
        }
    }
}
