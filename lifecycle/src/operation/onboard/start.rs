//! The first day: waited for as the ticket has it.

use async_trait::async_trait;
use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::tables::{Approval, ScReqItem};

use crate::action::servicenow::{Ticket, state_label};
use crate::action::{ActionError, Change, Context, Findings, Permissions, Verb};
use crate::gate::{DstGap, Gate, Passage, When, WhenError};

/// The name under which the findings of [`FirstDay`] hold the first day, as the ticket has it by then.
pub const START_DATE: &str = "start_date";

/// How often the ticket is looked at while the day is still to come: first days move in both directions.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(6);

/// Waits for the day on which somebody starts, or for one before it. The ticket says which day that is: if it moves, so does
/// the gate; if the request is called off, the gate is declined.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FirstDay {
    /// The requested item.
    pub item: SysId,
    /// What is worked on: its task, or the item itself.
    pub ticket: Ticket,
    /// The first day when it was planned, for people.
    pub planned: NaiveDate,
    /// The IANA time zone in which the day begins.
    pub zone: String,
    /// How many days before it the gate opens.
    pub days_before: u64,
}

impl FirstDay {
    /// When the gate opens, if the first day is `day`.
    ///
    /// # Errors
    ///
    /// If there is no such time zone.
    pub fn opens(&self, day: NaiveDate) -> Result<When, WhenError> {
        let day = day.checked_sub_days(Days::new(self.days_before)).unwrap_or(day);
        When::local(day.and_time(NaiveTime::MIN), &self.zone, DstGap::Later)
    }

    /// Why nobody is to start any more.
    async fn called_off(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let number = &self.ticket.number;
        match self.ticket.state(context).await? {
            Some(state) if state.is_closed() => {
                return Ok(Some(format!("{number} is {} now", state_label(&state))));
            }
            _ => {}
        }
        let item = context.systems.servicenow.table::<ScReqItem>().get(&self.item).await?;
        let stands = item.active.get() != Some(&false) && item.approval.get() == Some(&Approval::Approved);
        Ok((!stands).then(|| "the request was called off, or its approval withdrawn".to_owned()))
    }

    fn closed(waits_for: String, look_again: chrono::DateTime<chrono::Utc>) -> Passage {
        Passage::Closed { waits_for, look_again }
    }
}

#[typetag::serde(name = "onboard.first_day")]
#[async_trait]
impl Gate for FirstDay {
    fn describe(&self) -> Change {
        let when = self.opens(self.planned).map_or_else(|error| error.to_string(), |when| when.to_string());
        Change::new("clock", Verb::Await, when)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        if let Some(why) = self.called_off(context).await? {
            return Ok(Passage::Declined(why));
        }
        let now = context.systems.clock().now();
        let answers = context.systems.servicenow.request_item_variables(&self.item).await?;
        let said = answers.value(START_DATE).unwrap_or_default().trim();
        let Ok(day) = said.parse::<NaiveDate>() else {
            let waits_for = format!("a start_date on {}: it says {said:?}", self.ticket.number);
            return Ok(Self::closed(waits_for, now + LOOK_EVERY));
        };
        let when = self.opens(day).map_err(|error| ActionError::permanent(error.to_string()))?;
        if now < when.instant() {
            return Ok(Self::closed(when.to_string(), when.instant().min(now + LOOK_EVERY)));
        }
        Ok(Passage::Open(Findings::from([(START_DATE.to_owned(), day.to_string())])))
    }
}
