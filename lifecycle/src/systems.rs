//! The pair of clients that an operation reads and an engine writes.

use std::sync::Arc;

use client_core::{Clock, Observer};
use okta_client::OktaClient;
use servicenow_client::ServiceNowClient;

/// Okta and ServiceNow. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Systems {
    /// Who may sign in, to what.
    pub okta: OktaClient,
    /// Who asked, who approved, what was done.
    pub servicenow: ServiceNowClient,
}

impl Systems {
    /// Puts the two together.
    #[must_use]
    pub fn new(okta: OktaClient, servicenow: ServiceNowClient) -> Self {
        Self { okta, servicenow }
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
        }
    }
}
