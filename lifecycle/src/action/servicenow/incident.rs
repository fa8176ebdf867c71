//! Incidents that are opened for a person to look into.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::Incident;
use servicenow_client::{Query, SysId};

use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};

/// The name under which a step's findings hold an incident's number.
pub const INCIDENT: &str = "incident";

/// Opens an incident, once: its `correlation_id` is made of run and step.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenIncident {
    /// What it is about, in a line.
    pub short_description: String,
    /// The details. No secrets.
    pub description: String,
    /// Urgency and impact, which make the priority: 1 (high) to 3.
    pub urgency: u8,
    /// The group that is to look into it; none where the instance's own rules decide.
    pub assignment_group: Option<SysId>,
}

impl OpenIncident {
    async fn find(&self, context: &Context<'_>) -> Result<Option<Incident>, ActionError> {
        let key = correlation_id(context);
        let incidents = context.systems.servicenow.table::<Incident>();
        Ok(incidents.find_one(Query::new().eq("correlation_id", key.as_str())).await?)
    }
}

#[typetag::serde(name = "servicenow.open_incident")]
#[async_trait]
impl Action for OpenIncident {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("incident \"{}\"", self.short_description))
            .to("urgency", self.urgency.to_string())
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(match self.find(context).await? {
            Some(incident) => {
                let number = incident.number.as_str().unwrap_or(incident.sys_id.as_str());
                State::Reached(Findings::from([(INCIDENT.to_owned(), number.to_owned())]))
            }
            None => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let key = correlation_id(context);
        let mut fields = serde_json::json!({
            "short_description": self.short_description,
            "description": format!("{}\n\n{}", self.description, context.mark),
            "urgency": self.urgency.to_string(),
            "impact": self.urgency.to_string(),
            "correlation_id": key,
            "correlation_display": crate::PRODUCT,
        });
        if let Some(group) = &self.assignment_group {
            fields["assignment_group"] = group.as_str().into();
        }
        let incidents = context.systems.servicenow.table::<Incident>();
        incidents.create_once(Query::new().eq("correlation_id", key.as_str()), &fields).await?;
        Ok(())
    }
}

/// Run and step in at most the 100 characters that the column has.
fn correlation_id(context: &Context<'_>) -> String {
    let run = context.mark.run.as_str().replace('-', "");
    format!("lc:{run}:{}", context.mark.step)
}
