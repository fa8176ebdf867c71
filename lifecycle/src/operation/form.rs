//! The answers on a ticket, checked as a whole: everything that is wrong is told at once.

use chrono::NaiveDate;
use servicenow_client::SysId;
use servicenow_client::catalog::{Variable, Variables};

use super::OperationError;
use crate::report::text::{printable, turns_text};

/// The ticket's answers, and what is wrong with them so far.
pub(super) struct Form<'a> {
    answers: &'a Variables,
    problems: Vec<String>,
}

impl<'a> Form<'a> {
    pub(super) fn new(answers: &'a Variables) -> Self {
        Self { answers, problems: Vec::new() }
    }

    pub(super) fn optional(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = self.answers.value(name)?.trim();
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > longest {
            self.problem(format!("{name} is longer than {longest} characters"));
        }
        if text.chars().any(|c| c.is_control() || turns_text(c)) {
            self.problem(format!("{name} holds a line break or another control character: {text:?}"));
        }
        Some(text.to_owned())
    }

    pub(super) fn required(&mut self, name: &str, longest: usize) -> String {
        self.optional(name, longest).unwrap_or_else(|| {
            let readable = self.answers.get(name).is_none_or(Variable::is_readable);
            let what = if readable {
                "is missing: the ticket has no answer for it"
            } else {
                "may not be read by the API user"
            };
            self.problem(format!("{name} {what}"));
            String::new()
        })
    }

    /// What people write in their own words, in one line or several: here as one.
    pub(super) fn text(&mut self, name: &str, longest: usize) -> String {
        let text = self.answers.value(name).map(printable).unwrap_or_default();
        match text.trim() {
            "" => self.required(name, longest),
            text if text.chars().count() > longest => {
                self.problem(format!("{name} is longer than {longest} characters"));
                String::new()
            }
            text => text.to_owned(),
        }
    }

    pub(super) fn date(&mut self, name: &str, text: &str) -> Option<NaiveDate> {
        // Just this form: later it is compared with what the ticket says then.
        let date = text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text);
        if date.is_none() && !text.is_empty() {
            self.problem(format!("{name} is {text:?}: give a date as YYYY-MM-DD"));
        }
        date
    }

    pub(super) fn reference(&mut self, name: &str, text: &str) -> Option<SysId> {
        let id = text.parse().ok();
        if id.is_none() && !text.is_empty() {
            self.problem(format!("{name} is {text:?}: it should refer to a user by sys_id"));
        }
        id
    }

    pub(super) fn email(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name, 100)?;
        let plausible = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
        });
        if !plausible {
            self.problem(format!("{name} is {text:?}: give an address as name@example.com"));
        }
        Some(text)
    }

    pub(super) fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// What was read, if nothing is wrong with it.
    pub(super) fn filled<T>(self, number: &str, read: T) -> Result<T, OperationError> {
        match self.problems {
            problems if problems.is_empty() => Ok(read),
            problems => Err(OperationError::BadRequest { number: number.to_owned(), problems }),
        }
    }
}
