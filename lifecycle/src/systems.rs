//! The pair of clients that an operation reads and an engine writes.

use std::sync::Arc;

use client_core::{Clock, Lane, Observer};
use okta_client::OktaClient;
use servicenow_client::ServiceNowClient;

use crate::approval::Poll;
use crate::hooks::Hooks;
use crate::journal::{Journal, JournalError};
use crate::plan::Subject;
use crate::run::{LiveClaim, Run};

/// Okta and ServiceNow. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Systems {
    /// Who may sign in, to what.
    pub okta: OktaClient,
    /// Who asked, who approved, what was done.
    pub servicenow: ServiceNowClient,
    /// What the engine knows, where there is one.
    journal: Option<Arc<Journal>>,
    /// Reads approvals for all who wait for one.
    approvals: Arc<Poll>,
    /// What only the company's own systems can do.
    pub(crate) hooks: Hooks,
}

impl Systems {
    /// Puts the two together.
    #[must_use]
    pub fn new(okta: OktaClient, servicenow: ServiceNowClient) -> Self {
        Self { okta, servicenow, journal: None, approvals: Arc::default(), hooks: Hooks::default() }
    }

    /// The access that open runs justify for `subject`: grants that have not ended. `None` where no engine is, so that nobody
    /// knows: when an operation only says [what it would do](crate::Operation::what_if).
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn claims(&self, subject: &Subject) -> Result<Option<Vec<LiveClaim>>, JournalError> {
        match &self.journal {
            Some(journal) => journal.claims(subject).await.map(Some),
            None => Ok(None),
        }
    }

    /// The runs about `subject`, whatever became of them, oldest first. `None` where no engine is.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn runs_about(&self, subject: &Subject) -> Result<Option<Vec<Run>>, JournalError> {
        match &self.journal {
            Some(journal) => journal.about(subject).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the engine knows, where there is one.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_deref()
    }

    /// The same, with what an engine knows.
    pub(crate) fn knowing(self, journal: Arc<Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    pub(crate) fn approvals(&self) -> &Poll {
        &self.approvals
    }

    /// The clock that both follow.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        self.okta.clock()
    }

    /// Clones whose calls carry `tag` in their user agent, and are heard by `observer`.
    pub(crate) fn tagged(&self, tag: &str, observer: &Arc<dyn Observer>) -> Self {
        Self {
            okta: self.okta.tagged(tag).observed(observer.clone()),
            servicenow: self.servicenow.tagged(tag).observed(observer.clone()),
            journal: self.journal.clone(),
            approvals: self.approvals.clone(),
            hooks: self.hooks.clone(),
        }
    }

    /// Clones whose calls wait in `lane`.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self {
            okta: self.okta.in_lane(lane),
            servicenow: self.servicenow.in_lane(lane),
            journal: self.journal.clone(),
            approvals: self.approvals.clone(),
            hooks: self.hooks.clone(),
        }
    }
}
