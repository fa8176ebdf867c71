//! Files at a ticket: what is to be approved, and what was done.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use servicenow_client::Upload;
use servicenow_client::attachments::NewAttachment;
use servicenow_client::tables::SysAttachment;

use super::ticket::Ticket;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::canonical;
use crate::plan::Plan;

/// The name under which a step's findings hold the `sys_id` of the file that it attached.
pub const ATTACHMENT: &str = "attachment";

/// Attaches the plan that it is a step of, so that whoever approves it approves exactly what will run.
///
/// The file's name has the plan's digest, and its content is what the digest is of: anybody can compute it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttachPlan {
    /// The ticket.
    pub ticket: Ticket,
}

/// The file that holds a plan.
pub(crate) fn plan_file(plan: &Plan) -> NewAttachment {
    let name = format!("plan-{}.json", &plan.digest()[..16]);
    NewAttachment::new(name, "application/json", Upload::bytes(canonical::json(plan)))
}

#[typetag::serde(name = "servicenow.attach_plan")]
#[async_trait]
impl Action for AttachPlan {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("this plan, attached to {}", self.ticket.number))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let attachments = context.systems.servicenow.attachments();
        let (table, ticket) = (self.ticket.table.name(), &self.ticket.sys_id);
        let found = attachments.find_same(table, ticket, &plan_file(context.plan)).await?;
        Ok(found.as_ref().map_or(State::Open, attached))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let attachments = context.systems.servicenow.attachments();
        let (table, ticket) = (self.ticket.table.name(), &self.ticket.sys_id);
        attachments.upload(table, ticket, &plan_file(context.plan)).await?;
        Ok(())
    }
}

/// Attaches what was done so far, as `lc-<run>.json`: the request, the plan's digest, every step with its outcome and
/// the vendors' request ids, and the ledger's head.
///
/// The name has the run, so there is one such file, whatever its content was when it was written.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttachEvidence {
    /// The ticket.
    pub ticket: Ticket,
}

#[typetag::serde(name = "servicenow.attach_evidence")]
#[async_trait]
impl Action for AttachEvidence {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("the evidence, attached to {}", self.ticket.number))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let attachments = context.systems.servicenow.attachments();
        let files = attachments.list(self.ticket.table.name(), &self.ticket.sys_id).collect_all().await?;
        let name = evidence_name(context);
        match files.rows.iter().find(|file| file.file_name.as_str() == Some(&name)) {
            Some(file) => Ok(attached(file)),
            None if files.complete => Ok(State::Open),
            None => {
                let number = &self.ticket.number;
                let why = format!("files at {number} are hidden from the API user: it may be among them");
                Err(ActionError::permanent(why))
            }
        }
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let bundle = json!({
            "run": context.mark.run,
            "operation": context.plan.operation,
            "subject": context.plan.subject,
            "request": context.plan.request,
            "policy": context.plan.intent.policy,
            "plan": context.plan.digest(),
            "steps": context.steps,
            "ledger": context.ledger,
        });
        let body = Upload::bytes(canonical::json(&bundle));
        let file = NewAttachment::new(evidence_name(context), "application/json", body);
        let attachments = context.systems.servicenow.attachments();
        attachments.upload(self.ticket.table.name(), &self.ticket.sys_id, &file).await?;
        Ok(())
    }
}

fn evidence_name(context: &Context<'_>) -> String {
    format!("lc-{}.json", context.mark.run)
}

fn attached(file: &SysAttachment) -> State {
    State::Reached(Findings::from([(ATTACHMENT.to_owned(), file.sys_id.to_string())]))
}
