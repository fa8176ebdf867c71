//! An item and everybody who was asked to approve it. All who wait are served by one question.

use std::sync::Mutex;

use servicenow_client::tables::{Approval as Answer, ScReqItem, SysapprovalApprover, TaskState};
use servicenow_client::{Query, ServiceNowClient, SysId};
use tokio::sync::oneshot;

use crate::action::ActionError;
use crate::action::servicenow::state_label;

/// How many items are asked for in one query: each stands in it twice.
const CHUNK: usize = 90;

/// An item, and the approvals that were asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) item: ScReqItem,
    pub(super) rows: Vec<SysapprovalApprover>,
}

/// How an item stands at first sight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glance {
    /// Nobody has decided.
    Open,
    /// It says that it is approved, which is to be looked into.
    Approved,
    /// It was rejected, or called off.
    Over(String),
}

pub(super) fn withdrawn(Asked { item, rows }: &Asked) -> Option<String> {
    let rejected = rows.iter().any(|row| row.state.get() == Some(&Answer::Rejected));
    if rejected || matches!(item.approval.get(), Some(Answer::Rejected | Answer::Cancelled)) {
        return Some("the approval was withdrawn".to_owned());
    }
    let called_off = matches!(item.state.get(), Some(TaskState::ClosedIncomplete | TaskState::ClosedSkipped));
    called_off.then(|| "the request was called off".to_owned())
}

pub(super) fn glance(item: &ScReqItem, rows: &[SysapprovalApprover]) -> Glance {
    let number = item.number.as_str().unwrap_or_default();
    if rows.iter().any(|row| row.state.get() == Some(&Answer::Rejected)) {
        return Glance::Over(format!("{number} was rejected"));
    }
    match item.approval.get() {
        Some(Answer::Rejected) => return Glance::Over(format!("{number} was rejected")),
        Some(Answer::Cancelled) => return Glance::Over(format!("the approval of {number} was called off")),
        _ => {}
    }
    if let Some(state) = item.state.get().filter(|state| state.is_closed()) {
        return Glance::Over(format!("{number} is {} now", state_label(state)));
    }
    if item.active.get() == Some(&false) {
        return Glance::Over(format!("{number} is not active any more"));
    }
    match item.approval.get() {
        Some(Answer::Approved) => Glance::Approved,
        _ => Glance::Open,
    }
}

/// An item and its approvals, as they are now.
pub(super) async fn read(servicenow: &ServiceNowClient, item: &SysId) -> Result<Asked, ActionError> {
    let mut asked = read_all(servicenow, std::slice::from_ref(item)).await?;
    asked.pop().flatten().ok_or_else(|| missing(item))
}

fn missing(item: &SysId) -> ActionError {
    ActionError::permanent(format!("there is no item {item}, or none that the API user may see"))
}

/// Each item with its approvals, in the order in which they are given; none for those that do not show.
async fn read_all(servicenow: &ServiceNowClient, items: &[SysId]) -> Result<Vec<Option<Asked>>, ActionError> {
    let wanted = Query::new().one_of("sys_id", items);
    let found = servicenow.table::<ScReqItem>().list(wanted).collect_all().await?.rows;
    // Workflows name the item in one field, and flows in another.
    let of_items = Query::new().one_of("sysapproval", items).or().one_of("document_id", items);
    let approvals = servicenow.table::<SysapprovalApprover>().list(of_items).collect_all().await?;
    if !approvals.complete {
        // A rejection may be among them.
        return Err(ActionError::permanent(
            "approvals are hidden from the API user, so nobody can rely on the others",
        ));
    }
    let asked = |item: &SysId| {
        let rows = approvals.rows.iter().filter(|row| concerns(row, item)).cloned().collect();
        found.iter().find(|found| found.sys_id == *item).map(|found| Asked { item: found.clone(), rows })
    };
    Ok(items.iter().map(asked).collect())
}

fn concerns(row: &SysapprovalApprover, item: &SysId) -> bool {
    row.sysapproval.get().is_some_and(|task| task.id() == item) || row.document_id.get() == Some(item)
}

/// Reads for all who wait together: who comes while a question is under way is part of the next one.
#[derive(Debug, Default)]
pub(crate) struct Poll {
    waiting: Mutex<Vec<Waiter>>,
    reading: tokio::sync::Mutex<()>,
}

type Seen = Result<Asked, ActionError>;

#[derive(Debug)]
struct Waiter {
    item: SysId,
    tell: oneshot::Sender<Seen>,
}

impl Poll {
    /// An item and its approvals, as they are no earlier than now.
    pub(super) async fn look(&self, servicenow: &ServiceNowClient, item: &SysId) -> Seen {
        loop {
            let (tell, mut told) = oneshot::channel();
            self.queue().push(Waiter { item: item.clone(), tell });
            let turn = self.reading.lock().await;
            if let Ok(seen) = told.try_recv() {
                return seen;
            }
            let waiting = std::mem::take(&mut *self.queue());
            answer(servicenow, waiting).await;
            drop(turn);
            // Nothing came if whoever read for us gave up half-way.
            if let Ok(seen) = told.try_recv() {
                return seen;
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn answer(servicenow: &ServiceNowClient, waiting: Vec<Waiter>) {
    let mut items: Vec<SysId> = waiting.iter().map(|waiter| waiter.item.clone()).collect();
    items.sort();
    items.dedup();
    let mut waiting = waiting;
    for chunk in items.chunks(CHUNK) {
        let seen = read_all(servicenow, chunk).await;
        let (served, others) = waiting.into_iter().partition(|waiter: &Waiter| chunk.contains(&waiter.item));
        waiting = others;
        for Waiter { item, tell } in served {
            let answer = match &seen {
                Ok(all) => {
                    let place = chunk.iter().position(|one| *one == item);
                    place.and_then(|place| all[place].clone()).ok_or_else(|| missing(&item))
                }
                Err(error) => Err(error.clone()),
            };
            // Whoever waited may have gone.
            let _ = tell.send(answer);
        }
    }
}
