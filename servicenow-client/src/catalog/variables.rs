//! What a requester answered to the questions of a catalog item.

use std::fmt;

use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::problem::Result;
use crate::query::Query;
use crate::record::RawRecord;
use crate::value::Field;

const TABLE: &str = "sc_item_option_mtom";
const NAME: &str = "sc_item_option.item_option_new.name";
const QUESTION: &str = "sc_item_option.item_option_new.question_text";
const TYPE: &str = "sc_item_option.item_option_new.type";
const VALUE: &str = "sc_item_option.value";
const ORDER: &str = "sc_item_option.order";

/// A secret. Its answer is not kept.
const MASKED: i64 = 25;

/// Label, break, macro, UI page, macro with label, the parts of a container, rich-text label: no questions.
const NO_QUESTION: [i64; 9] = [11, 12, 14, 15, 17, 19, 20, 24, 32];

/// The answers of one requested item, in the order of the form.
///
/// Without multi-row variable sets, which ServiceNow keeps elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    answers: Vec<Variable>,
    complete: bool,
}

/// One question and its answer. Its `Debug` hides the answer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// The name that the item's designer gave it.
    pub name: String,
    /// The question as people see it.
    pub question: Option<String>,
    /// `item_option_new.type`: 6 single line, 7 check box, 8 reference, 21 list collector, 25 masked, …
    pub kind: Option<i64>,
    order: i64,
    answer: Field<String>,
}

impl Variable {
    /// The answer as stored: a `sys_id` for a reference, `true` or `false` for a check box, commas between
    /// what a list holds. None if there is no answer, if it may not be read
    /// ([`is_readable`](Self::is_readable)), or if it is [masked](Self::is_masked).
    pub fn value(&self) -> Option<&str> {
        self.answer.as_str()
    }

    /// Whether it is a secret (type 25). Its answer was dropped as it came.
    pub fn is_masked(&self) -> bool {
        self.kind == Some(MASKED)
    }

    /// Whether the answer came. If not, it may not be read, or is masked.
    pub fn is_readable(&self) -> bool {
        !self.answer.is_absent()
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Variables {
    /// The question of this name. Of several, which only variable sets can give an item, the first.
    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.iter().find(|variable| variable.name == name)
    }

    /// The answer to the question of this name, if there is one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name)?.value()
    }

    /// All questions.
    pub fn iter(&self) -> std::slice::Iter<'_, Variable> {
        self.answers.iter()
    }

    /// Whether all came that the instance counted, with their names. If not, a question that is missing may
    /// have been answered.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<'a> IntoIterator for &'a Variables {
    type Item = &'a Variable;
    type IntoIter = std::slice::Iter<'a, Variable>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

pub(crate) async fn of(client: &ServiceNowClient, item: &SysId) -> Result<Variables> {
    let table = client.records(TABLE)?.select(["request_item", NAME, QUESTION, TYPE, VALUE, ORDER]);
    let list = table.list(Query::new().eq("request_item", item)).collect_all().await?;
    let named = list.rows.iter().all(|row| row.text(NAME).is_some());
    let mut answers: Vec<Variable> = list.rows.iter().filter_map(variable).collect();
    answers.sort_by_key(|variable| variable.order);
    Ok(Variables { answers, complete: list.complete && named })
}

fn variable(row: &RawRecord) -> Option<Variable> {
    let number = |field| row.field::<i64>(field)?.into_option();
    let kind = number(TYPE);
    if kind.is_some_and(|kind| NO_QUESTION.contains(&kind)) {
        return None;
    }
    let answer = match kind {
        // Without its type nobody knows whether it is a secret.
        Some(MASKED) | None => Field::Absent,
        Some(_) => row.field(VALUE).unwrap_or_default(),
    };
    Some(Variable {
        name: row.text(NAME)?.into_owned(),
        question: row.text(QUESTION).map(Into::into),
        kind,
        order: number(ORDER).unwrap_or(i64::MAX),
        answer,
    })
}
