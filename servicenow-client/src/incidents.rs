//! Incidents: resolving them whatever the release calls it.

use serde_json::json;

use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::problem::{Error, Result};
use crate::schema::Choices;
use crate::settled::Settled;
use crate::tables::{Incident, IncidentState};
use crate::value::Field;

const RESOLVE: &str = "servicenow.incidents.resolve";

/// What is done to incidents.
#[derive(Debug, Clone)]
pub struct Incidents {
    client: ServiceNowClient,
}

impl Incidents {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// The codes with which an incident can be closed on this instance. They differ by release, and customers change
    /// them: read them once, and [`resolve`](Self::resolve) with them.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn close_codes(&self) -> Result<Choices> {
        self.client.schema().choices("incident", "close_code").await
    }

    /// Resolves an incident that is still open: state, the first of the preferred close codes that the instance has,
    /// and notes, all compared with what comes back. `PATCH /api/now/table/incident/{sys_id}`.
    ///
    /// ```
    /// # use servicenow_client::{ServiceNowClient, SysId};
    /// # async fn example(servicenow: ServiceNowClient, incident: &SysId) -> servicenow_client::Result<()> {
    /// let incidents = servicenow.incidents();
    /// let codes = incidents.close_codes().await?;
    /// let preferred = ["Solution provided", "Solved (Permanently)"];
    /// let resolved = incidents.resolve(incident, &codes, preferred, "The account was locked.").await?;
    /// # let _ = resolved;
    /// # Ok(()) }
    /// ```
    ///
    /// It closes by itself some days later.
    ///
    /// # Errors
    ///
    /// If the instance has none of the preferred codes: the error names those that it has, and nothing is sent. What
    /// the calls met.
    pub async fn resolve<'p>(
        &self,
        sys_id: &SysId,
        codes: &Choices,
        preferred: impl IntoIterator<Item = &'p str>,
        notes: &str,
    ) -> Result<Settled<Incident>> {
        let Some(code) = codes.choose(preferred) else {
            let offered: Vec<&str> = codes.offered().map(|choice| choice.value.as_str()).collect();
            let why =
                format!("none of the preferred close codes is offered; these are: {}", offered.join(", "));
            return Err(Error::invalid(RESOLVE, why));
        };
        let incidents = self.client.table::<Incident>();
        let incident = incidents.get(sys_id).await?;
        match &incident.state {
            Field::Set(IncidentState::Resolved | IncidentState::Closed) => Ok(Settled::Before(incident)),
            Field::Set(IncidentState::Canceled) => Ok(Settled::Otherwise(incident)),
            _ => {
                let fields = json!({
                    "state": IncidentState::Resolved, "close_code": code, "close_notes": notes,
                });
                incidents.update(sys_id, &fields).await.map(Settled::Now)
            }
        }
    }
}
