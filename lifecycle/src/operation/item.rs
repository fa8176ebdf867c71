//! Requested items: the tickets that operations are asked for with.

use servicenow_client::catalog::Variables;
use servicenow_client::tables::{Approval, ScReqItem, ScTask};
use servicenow_client::{Field, Query, SysId};

use super::OperationError;
use crate::action::servicenow::{Ticket, TicketTable, state_label};
use crate::plan::Request;
use crate::systems::Systems;

/// A requested item, and the one task by which it is fulfilled, if it has one.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) record: ScReqItem,
    task: Option<ScTask>,
}

impl Item {
    /// The requested item of this number, or the one that the task of this number fulfils.
    pub(crate) async fn read(systems: &Systems, number: &str) -> Result<Self, OperationError> {
        let record = find(systems, number).await?;
        let task = only_task(systems, &record).await?;
        Ok(Self { record, task })
    }

    /// What was answered when it was ordered.
    pub(crate) async fn answers(&self, systems: &Systems) -> Result<Variables, OperationError> {
        Ok(systems.servicenow.request_item_variables(self.sys_id()).await?)
    }

    pub(crate) fn sys_id(&self) -> &SysId {
        &self.record.sys_id
    }

    pub(crate) fn number(&self) -> &str {
        self.record.number.as_str().unwrap_or_default()
    }

    /// What makes two submissions of it the same.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", TicketTable::ScReqItem.name(), self.sys_id())
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            table: TicketTable::ScReqItem.name().to_owned(),
            sys_id: self.sys_id().clone(),
            number: self.number().to_owned(),
        }
    }

    /// What is worked on and closed: the task where there is one.
    pub(crate) fn ticket(&self) -> Ticket {
        let (table, sys_id, number) = match &self.task {
            Some(task) => (TicketTable::ScTask, &task.sys_id, text(&task.number)),
            None => (TicketTable::ScReqItem, self.sys_id(), text(&self.record.number)),
        };
        Ticket { table, sys_id: sys_id.clone(), number }
    }

    /// The item itself, where its task is made only later.
    pub(crate) fn ticket_of_item(&self) -> Ticket {
        let (sys_id, number) = (self.sys_id().clone(), self.number().to_owned());
        Ticket { table: TicketTable::ScReqItem, sys_id, number }
    }

    /// That neither the item nor its task is closed.
    pub(crate) fn check_open(&self) -> Result<(), OperationError> {
        let item = (&self.record.number, &self.record.state);
        let task = self.task.as_ref().map(|task| (&task.number, &task.state));
        for (number, state) in std::iter::once(item).chain(task) {
            if let Some(state) = state.get().filter(|state| state.is_closed()) {
                return Err(OperationError::TicketClosed { number: text(number), state: state_label(state) });
            }
        }
        if self.record.active.get() == Some(&false) {
            let number = self.number().to_owned();
            return Err(OperationError::TicketClosed { number, state: "inactive".to_owned() });
        }
        Ok(())
    }

    /// That the item says that it is approved.
    pub(crate) fn check_approved(&self) -> Result<(), OperationError> {
        match self.record.approval.get() {
            Some(Approval::Approved) => Ok(()),
            approval => Err(OperationError::NotApproved {
                number: self.number().to_owned(),
                approval: approval.map_or_else(|| "unknown".to_owned(), ToString::to_string),
            }),
        }
    }
}

fn text(field: &Field<String>) -> String {
    field.as_str().unwrap_or_default().to_owned()
}

async fn find(systems: &Systems, number: &str) -> Result<ScReqItem, OperationError> {
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(OperationError::NoTicketNumber { text: number.to_owned() });
    }
    let missing = || OperationError::NoTicket { number: number.to_owned() };
    let items = systems.servicenow.table::<ScReqItem>();
    if let Some(item) = items.find_one(Query::new().eq("number", number)).await? {
        return Ok(item);
    }
    let task = systems.servicenow.table::<ScTask>().find_one(Query::new().eq("number", number)).await?;
    match task.and_then(|task| task.request_item.into_option()) {
        Some(item) => items.find(item.id()).await?.ok_or_else(missing),
        None => Err(missing()),
    }
}

/// The item's task. With several a person has divided the work, and knows better which is ours.
async fn only_task(systems: &Systems, item: &ScReqItem) -> Result<Option<ScTask>, OperationError> {
    let tasks = systems.servicenow.table::<ScTask>();
    let found = tasks.list(Query::new().eq("request_item", item.sys_id.clone())).collect_all().await?;
    let number = item.number.as_str().unwrap_or_default();
    if !found.complete {
        let why = format!("{number} has tasks that the API user may not see");
        return Err(OperationError::NeedsHuman(why));
    }
    let mut open: Vec<ScTask> = found.rows;
    if open.len() > 1 {
        open.retain(|task| task.state.get().is_some_and(|state| !state.is_closed()));
    }
    match open.len() {
        0 | 1 => Ok(open.pop()),
        n => Err(OperationError::NeedsHuman(format!(
            "{number} has {n} open tasks, and one is to be fulfilled"
        ))),
    }
}
