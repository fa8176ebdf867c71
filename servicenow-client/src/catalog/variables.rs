//! What a requester answered to the questions of a catalog item.

use std::collections::BTreeMap;
use std::fmt;

use super::item::QuestionType;
use super::order::Ordered;
use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::problem::{Error, Result};
use crate::query::Query;
use crate::record::RawRecord;
use crate::value::Field;

/// How many items are asked for in one query.
const MOST_ITEMS: usize = 100;

/// Where a table has what belongs to an answer.
struct Columns {
    table: &'static str,
    name: &'static str,
    question: &'static str,
    kind: &'static str,
    value: &'static str,
    order: &'static str,
}

const OF_ITEMS: Columns = Columns {
    table: "sc_item_option_mtom",
    name: "sc_item_option.item_option_new.name",
    question: "sc_item_option.item_option_new.question_text",
    kind: "sc_item_option.item_option_new.type",
    value: "sc_item_option.value",
    order: "sc_item_option.order",
};

const OF_SETS: Columns = Columns {
    table: "sc_multi_row_question_answer",
    name: "item_option_new.name",
    question: "item_option_new.question_text",
    kind: "item_option_new.type",
    value: "value",
    order: "item_option_new.order",
};

const OF_PRODUCERS: Columns = Columns {
    table: "question_answer",
    name: "question.name",
    question: "question.question_text",
    kind: "question.type",
    value: "value",
    order: "question.order",
};

/// The answers of one requested item, in the order of the form.
///
/// Without multi-row variable sets, which ServiceNow keeps elsewhere: see
/// [`Catalog::variable_sets_of`](super::Catalog::variable_sets_of).
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
    /// What kind of answer it wants; none if that did not come.
    pub kind: Option<QuestionType>,
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

    /// Whether it is a secret. Its answer was dropped as it came.
    pub fn is_masked(&self) -> bool {
        self.kind == Some(QuestionType::Masked)
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

/// A multi-row variable set of one requested item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariableSet {
    /// Which set it is, an `item_option_new_set`.
    pub set: SysId,
    /// Its rows, as they stand on the form.
    pub rows: Vec<Variables>,
}

/// Answers as they came, each with the record that its row belongs to.
struct Answered {
    rows: Vec<RawRecord>,
    complete: bool,
}

impl Columns {
    async fn read(&self, client: &ServiceNowClient, more: &[&str], query: Query) -> Result<Answered> {
        let columns = [self.name, self.question, self.kind, self.value, self.order];
        let table = client.records(self.table)?.select(more.iter().copied().chain(columns));
        let list = table.list(query).collect_all().await?;
        let named = list.rows.iter().all(|row| row.text(self.name).is_some());
        Ok(Answered { rows: list.rows, complete: list.complete && named })
    }

    fn variables<'a>(&self, rows: impl IntoIterator<Item = &'a RawRecord>, complete: bool) -> Variables {
        let mut answers: Vec<Variable> = rows.into_iter().filter_map(|row| self.variable(row)).collect();
        answers.sort_by_key(|variable| variable.order);
        Variables { answers, complete }
    }

    fn variable(&self, row: &RawRecord) -> Option<Variable> {
        let kind = row.text(self.kind).filter(|kind| !kind.is_empty());
        let kind = kind.map(|kind| QuestionType::from(&*kind));
        if kind.as_ref().is_some_and(|kind| !kind.is_answered()) {
            return None;
        }
        let answer = match kind {
            // Without its type nobody knows whether it is a secret.
            Some(QuestionType::Masked) | None => Field::Absent,
            Some(_) => row.field(self.value).unwrap_or_default(),
        };
        Some(Variable {
            name: row.text(self.name)?.into_owned(),
            question: row.text(self.question).map(Into::into),
            kind,
            order: row.field::<i64>(self.order).and_then(Field::into_option).unwrap_or(i64::MAX),
            answer,
        })
    }
}

pub(crate) async fn of(client: &ServiceNowClient, item: &SysId) -> Result<Variables> {
    let Answered { rows, complete } =
        OF_ITEMS.read(client, &["request_item"], Query::new().eq("request_item", item)).await?;
    Ok(OF_ITEMS.variables(&rows, complete))
}

pub(super) async fn of_all(client: &ServiceNowClient, items: &[SysId]) -> Result<Vec<Variables>> {
    let mut all = Vec::with_capacity(items.len());
    for items in items.chunks(MOST_ITEMS) {
        let query = Query::new().one_of("request_item", items);
        let Answered { rows, complete } = OF_ITEMS.read(client, &["request_item"], query).await?;
        let of = |item: &SysId| {
            let rows = rows.iter().filter(|row| row.text("request_item").as_deref() == Some(item.as_str()));
            OF_ITEMS.variables(rows, complete)
        };
        all.extend(items.iter().map(of));
    }
    Ok(all)
}

pub(super) async fn sets_of(client: &ServiceNowClient, item: &SysId) -> Result<Vec<VariableSet>> {
    let query = Query::new().eq("parent_id", item);
    let Answered { rows, complete } =
        OF_SETS.read(client, &["parent_id", "variable_set", "row_index"], query).await?;
    let mut sets: BTreeMap<SysId, BTreeMap<i64, Vec<&RawRecord>>> = BTreeMap::new();
    for row in &rows {
        let set = row.field::<SysId>("variable_set").and_then(Field::into_option);
        let index = row.field::<i64>("row_index").and_then(Field::into_option);
        let (Some(set), Some(index)) = (set, index) else {
            return Err(Error::protocol(OF_SETS.table, "an answer does not say in which set and row it is"));
        };
        sets.entry(set).or_default().entry(index).or_default().push(row);
    }
    let set = |(set, rows): (SysId, BTreeMap<i64, Vec<&RawRecord>>)| VariableSet {
        set,
        rows: rows.into_values().map(|row| OF_SETS.variables(row, complete)).collect(),
    };
    Ok(sets.into_iter().map(set).collect())
}

pub(super) async fn of_producer(client: &ServiceNowClient, table: &str, record: &SysId) -> Result<Variables> {
    let query = Query::new().eq("table_name", table).eq("table_sys_id", record);
    let Answered { rows, complete } = OF_PRODUCERS.read(client, &["table_sys_id"], query).await?;
    Ok(OF_PRODUCERS.variables(&rows, complete))
}

/// The request of an item that was ordered with this answer.
pub(super) async fn ordered_with(
    client: &ServiceNowClient,
    item: &SysId,
    name: &str,
    key: &str,
) -> Result<Option<Ordered>> {
    const CALL: &str = "servicenow.catalog.ordered_with";
    const REQUEST: &str = "request_item.request";
    const NUMBER: &str = "request_item.request.number";
    let query =
        Query::new().eq(OF_ITEMS.value, key).eq(OF_ITEMS.name, name).eq("request_item.cat_item", item);
    let Answered { rows, complete } = OF_ITEMS.read(client, &[REQUEST, NUMBER], query).await?;
    let request =
        |row: &RawRecord| Some((row.field(REQUEST)?.into_option()?, row.text(NUMBER)?.into_owned()));
    let found: Option<BTreeMap<SysId, String>> = rows.iter().map(request).collect();
    match found {
        Some(found) if complete && found.len() <= 1 => {
            Ok(found.into_iter().next().map(|(request, number)| Ordered { request, number, found: true }))
        }
        Some(found) if found.len() > 1 => {
            let numbers: Vec<String> = found.into_values().collect();
            Err(Error::protocol(CALL, format!("it was ordered more than once: {}", numbers.join(", "))))
        }
        _ => Err(Error::protocol(
            CALL,
            "answers or their requests are hidden, so whether it was ordered cannot be told",
        )),
    }
}
