//! What is done on a ticket, whatever was asked for with it: taken, looked at again, noted on, closed. Where there is no
//! ticket, nothing.

use std::collections::BTreeMap;

use servicenow_client::SysId;
use servicenow_client::tables::TaskState;

use super::item::Item;
use crate::action::servicenow::{AddNote, Audience, ConfirmRequest, SetTicketState, Ticket};
use crate::plan::{Closing, Step};

/// A ticket, if there is one.
#[derive(Debug)]
pub(crate) struct Desk {
    ticket: Option<(SysId, Ticket)>,
}

/// What is said at the end.
#[derive(Debug)]
pub(crate) struct Words {
    /// To whoever asked.
    pub(crate) done: String,
    /// To those who work on it, if it was called off.
    pub(crate) declined: String,
    /// To those who work on it, if a person has to go on.
    pub(crate) failed: String,
}

impl Desk {
    pub(crate) fn of(item: Option<&Item>) -> Self {
        Self { ticket: item.map(|item| (item.sys_id().clone(), item.ticket())) }
    }

    pub(crate) fn take(&self) -> Option<Step> {
        let why = "so that nobody else begins on it";
        self.set_state("take-ticket", why, TaskState::WorkInProgress, None)
    }

    /// Looked at right before the first change, however long the run waited until then.
    pub(crate) fn still_wanted(&self, answers: BTreeMap<String, String>) -> Option<Step> {
        let (item, ticket) = self.ticket.clone()?;
        let action = ConfirmRequest { item, ticket, answers };
        Some(Step::new("still-wanted", "nobody called it off or changed it meanwhile", action))
    }

    /// A note for those who work on it, with what each step did.
    pub(crate) fn report(&self, id: &str, text: impl Into<String>) -> Option<Step> {
        self.note(id, "the evidence stays with the request", Audience::Fulfillers, text.into())
    }

    /// A note for whoever asked.
    pub(crate) fn tell(&self, id: &str, text: impl Into<String>) -> Option<Step> {
        self.note(id, "whoever asked wants to know", Audience::Requester, text.into())
    }

    pub(crate) fn closing(&self, words: Words) -> Closing {
        let Words { done, declined, failed } = words;
        let close =
            self.set_state("close-ticket", "every step was verified", TaskState::ClosedComplete, Some(&done));
        let ended = [self.report("report", &*done), self.tell("tell-requester", &*done), close];
        // Optional, so that the run tells what failed rather than that a closed ticket takes no note.
        let optional = |step: Option<Step>| step.map(Step::optional).into_iter().collect();
        Closing {
            done: ended.into_iter().flatten().collect(),
            declined: optional(self.report("report-declined", declined)),
            failed: optional(self.report("report-failure", failed)),
        }
    }

    fn note(&self, id: &str, why: &str, audience: Audience, text: String) -> Option<Step> {
        let (_, ticket) = self.ticket.clone()?;
        let with_steps = audience == Audience::Fulfillers;
        Some(Step::new(id, why, AddNote { ticket, audience, text, with_steps }))
    }

    fn set_state(&self, id: &str, why: &str, to: TaskState, notes: Option<&str>) -> Option<Step> {
        let (_, ticket) = self.ticket.clone()?;
        let close_notes = notes.map(str::to_owned);
        Some(Step::new(id, why, SetTicketState { ticket, to, close_notes }))
    }
}
