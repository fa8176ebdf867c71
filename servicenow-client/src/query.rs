//! Encoded queries that nothing can be injected into.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::id::SysId;
use crate::value::{DATE_TIME, Ref, Row};

/// Conditions on the records of a table, ServiceNow's "encoded query".
///
/// Conditions are ANDed. [`or`](Self::or) joins the next condition to the one before it, and to that alone;
/// [`or_query`](Self::or_query) begins an independent alternative. There are no parentheses in ServiceNow.
///
/// **Values cannot leave their condition.** What could is refused: `^`, which separates conditions and has
/// no escape that is documented for REST; line breaks and NUL; a value that begins with `javascript:`, which
/// the instance would run; an empty value, which would match every record without one (say
/// [`is_empty`](Self::is_empty)). The refusal comes as an error of the call that the query is used for, and
/// nothing is sent.
///
/// **A query is not trusted to be honoured.** ServiceNow drops a condition on a field that does not exist
/// and runs the rest, so rows are compared with the conditions that can be checked here: equality, lists,
/// and emptiness.
///
/// ```
/// use servicenow_client::Query;
///
/// let open = Query::new().eq("active", true).one_of("state", ["-5", "1", "2"]).eq("priority", 1).or().eq("priority", 2);
/// assert_eq!(open.encoded().unwrap(), "active=true^stateIN-5,1,2^priority=1^ORpriority=2");
///
/// let injected = Query::new().eq("user_name", "x^ORactive=true");
/// assert!(injected.encoded().is_err());
/// ```
#[derive(Clone, Default)]
#[must_use = "a query does nothing until it is used"]
pub struct Query {
    /// Alternatives (`^NQ`) of clauses (`^`) of alternatives (`^OR`).
    groups: Vec<Vec<Vec<Condition>>>,
    raw: Option<String>,
    order: Vec<String>,
    everything: bool,
    or_next: bool,
    flaw: Option<Flaw>,
}

/// Why a query is not used. Names fields, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the query cannot be used: {0}")]
pub struct Flaw(String);

#[derive(Clone)]
struct Condition {
    field: String,
    /// Operator and value, as sent.
    text: String,
    check: Check,
}

/// What a row must look like, as far as that can be told here.
#[derive(Clone)]
enum Check {
    In(Vec<Operand>),
    Not(Operand),
    Empty,
    Cannot,
}

impl Query {
    /// A query to add conditions to. Without any it is refused: say [`all`](Self::all) if you mean that.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every record of the table.
    pub fn all() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// An encoded query as it is, **unescaped and unchecked**: whoever controls the text controls the query,
    /// and may run scripts with it. Conditions can be added to it; rows are compared with those only.
    pub fn raw(text: impl Into<String>) -> Self {
        Self { raw: Some(text.into()), ..Self::default() }
    }

    /// The field has this value. References are compared by `sys_id`. In text, rows may differ in case, for
    /// databases ignore it; a [`SysId`] is compared by case.
    pub fn eq(self, field: &str, value: impl Into<Operand>) -> Self {
        let value = value.into();
        let check = Check::In(vec![value.clone()]);
        self.with(field, "=", &value.text, check)
    }

    /// The field has another value, or none.
    pub fn not_eq(self, field: &str, value: impl Into<Operand>) -> Self {
        let value = value.into();
        let check = Check::Not(value.clone());
        self.with(field, "!=", &value.text, check)
    }

    /// The field has one of these values. A value with a comma is compared on its own, since a list would be
    /// split at it.
    ///
    /// A query travels in the URL, and proxies refuse URLs of some thousand characters: ask for about a
    /// hundred ids at a time.
    pub fn one_of<V: Into<Operand>>(self, field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let operands: Vec<Operand> = values.into_iter().map(Into::into).collect();
        let values: Vec<String> = operands.iter().map(|operand| operand.text.clone()).collect();
        if values.is_empty() || values.iter().any(String::is_empty) {
            return self.flawed(format!("a list for `{field}` is empty, or holds an empty value"));
        }
        let check = Check::In(operands);
        let (alone, listed): (Vec<String>, Vec<String>) =
            values.into_iter().partition(|value| value.contains(',') || value.trim() != value);
        let mut query = if listed.is_empty() {
            self
        } else {
            self.flaws_in(field, &listed).with(field, "IN", &listed.join(","), check.clone())
        };
        for (n, value) in alone.iter().enumerate() {
            query = if n == 0 && listed.is_empty() { query } else { query.or() };
            query = query.with(field, "=", value, check.clone());
        }
        query
    }

    /// The field's text begins with this. Of a reference, its display value does.
    pub fn starts_with(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "STARTSWITH", &value.into().text, Check::Cannot)
    }

    /// The field's text ends with this. Of a reference, its display value does.
    pub fn ends_with(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "ENDSWITH", &value.into().text, Check::Cannot)
    }

    /// The field's text holds this. Of a reference, its display value does.
    pub fn contains(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "LIKE", &value.into().text, Check::Cannot)
    }

    /// The field has no value.
    pub fn is_empty(self, field: &str) -> Self {
        self.push(field, "ISEMPTY".to_owned(), Check::Empty)
    }

    /// The field has a value.
    pub fn is_not_empty(self, field: &str) -> Self {
        // Not checked: a journal field has a value and shows none.
        self.push(field, "ISNOTEMPTY".to_owned(), Check::Cannot)
    }

    /// The field is greater, or later. Date-times are UTC; give the API user the time zone GMT, for reports
    /// disagree whether an instance reads them so.
    pub fn gt(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, ">", &value.into().text, Check::Cannot)
    }

    /// The field is at least this.
    pub fn ge(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, ">=", &value.into().text, Check::Cannot)
    }

    /// The field is less, or earlier.
    pub fn lt(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "<", &value.into().text, Check::Cannot)
    }

    /// The field is at most this.
    pub fn le(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "<=", &value.into().text, Check::Cannot)
    }

    /// Joins the next condition to the one before by OR: `a` and (`b` or `c`) is `.a().b().or().c()`.
    pub fn or(mut self) -> Self {
        let nothing_before = self.groups.last().is_none_or(Vec::is_empty);
        if nothing_before || self.or_next {
            return self.flawed("`or` stands between two conditions".to_owned());
        }
        self.or_next = true;
        self
    }

    /// Everything so far, or everything in `other`. A condition that must hold in any case has to be in both.
    pub fn or_query(mut self, other: Self) -> Self {
        let plain = |query: &Self| query.raw.is_none() && !query.everything && !query.groups.is_empty();
        if !plain(&self) || !plain(&other) || self.or_next || other.or_next {
            return self.flawed("`or_query` joins two queries that have conditions".to_owned());
        }
        self.groups.extend(other.groups);
        self.order.extend(other.order);
        self.flaw = self.flaw.or(other.flaw);
        self
    }

    /// Sorts, smallest first. A sorted list cannot tell whether it is complete: see
    /// [`Rows`](crate::Rows).
    pub fn order_by(self, field: &str) -> Self {
        self.sorted("ORDERBY", field)
    }

    /// Sorts, largest first.
    pub fn order_by_desc(self, field: &str) -> Self {
        self.sorted("ORDERBYDESC", field)
    }

    /// The query as it is sent, before URL encoding.
    ///
    /// # Errors
    ///
    /// If a value or a name could be more than that, or there is no condition.
    pub fn encoded(&self) -> Result<String, Flaw> {
        self.encode(&[], &[])
    }

    /// With more conditions in each alternative: they are independent, so each needs its own. And with more sorting.
    pub(crate) fn encode(&self, bounds: &[String], order: &[&str]) -> Result<String, Flaw> {
        if let Some(flaw) = &self.flaw {
            return Err(flaw.clone());
        }
        if self.or_next {
            return Err(Flaw("`or` stands between two conditions".into()));
        }
        if self.groups.is_empty() && self.raw.is_none() && !self.everything {
            return Err(Flaw("it has no condition; say Query::all() if every record is meant".into()));
        }
        let mut groups: Vec<String> = self.groups.iter().map(|group| joined(group)).collect();
        if groups.is_empty() {
            groups.push(String::new());
        }
        if let Some(raw) = &self.raw {
            groups = raw_groups(raw, &groups[0])?;
        }
        for group in &mut groups {
            for bound in bounds {
                append(group, Some(bound));
            }
        }
        let mut text = groups.join("^NQ");
        for order in self.order.iter().map(String::as_str).chain(order.iter().copied()) {
            append(&mut text, Some(order));
        }
        Ok(text)
    }

    /// Whether it says how to sort.
    pub(crate) fn is_ordered(&self) -> bool {
        !self.order.is_empty() || self.raw.as_deref().is_some_and(|raw| raw.contains("ORDERBY"))
    }

    /// Whether every row that it lets through must show an equality: what a look-up needs.
    pub(crate) fn can_be_checked(&self) -> bool {
        let equality = |clause: &Vec<Condition>| clause.iter().all(|c| matches!(c.check, Check::In(_)));
        !self.groups.is_empty() && self.groups.iter().all(|group| group.iter().any(equality))
    }

    /// The fields that must be read to check rows.
    pub(crate) fn checked_fields(&self) -> impl Iterator<Item = &str> {
        let conditions = self.groups.iter().flatten().flatten();
        conditions.filter(|c| !matches!(c.check, Check::Cannot)).map(|c| c.field.as_str())
    }

    /// The field of a condition that the row breaks, or that cannot be checked because the field is missing.
    pub(crate) fn broken_by(&self, row: &Row) -> Option<&str> {
        let mut broken = None;
        for group in &self.groups {
            match group.iter().find(|clause| !clause.iter().any(|condition| condition.allows(row))) {
                None => return None,
                Some(clause) => broken = broken.or(clause.first().map(|c| c.field.as_str())),
            }
        }
        broken
    }

    fn with(self, field: &str, operator: &str, value: &str, check: Check) -> Self {
        if operator != "=" && value.starts_with('=') {
            return self.flawed(format!("the value for `{field}` begins with `=`"));
        }
        self.flaws_in(field, &[value.to_owned()]).push(field, format!("{operator}{value}"), check)
    }

    fn flaws_in(self, field: &str, values: &[String]) -> Self {
        match values.iter().find_map(|value| flaw_of(value)) {
            Some(flaw) => self.flawed(format!("the value for `{field}` {flaw}")),
            None => self,
        }
    }

    fn push(mut self, field: &str, text: String, check: Check) -> Self {
        if !valid_field(field) {
            return self
                .flawed(format!("{:?} is no field's name", field.chars().take(80).collect::<String>()));
        }
        if self.groups.is_empty() {
            self.groups.push(Vec::new());
        }
        let condition = Condition { field: field.to_owned(), text, check };
        let or = std::mem::take(&mut self.or_next);
        if let Some(group) = self.groups.last_mut() {
            match group.last_mut() {
                Some(clause) if or => clause.push(condition),
                _ => group.push(vec![condition]),
            }
        }
        self
    }

    fn sorted(mut self, word: &str, field: &str) -> Self {
        if !valid_field(field) {
            return self
                .flawed(format!("{:?} is no field's name", field.chars().take(80).collect::<String>()));
        }
        self.order.push(format!("{word}{field}"));
        self
    }

    /// The first flaw is the one to tell. A flawed query keeps its flaw whatever is added.
    fn flawed(mut self, why: String) -> Self {
        self.flaw.get_or_insert(Flaw(why));
        self
    }
}

impl From<&Query> for Query {
    fn from(query: &Query) -> Self {
        query.clone()
    }
}

/// Shows fields and operators only: values are people's data.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.groups.iter().flatten().flatten().map(|c| c.field.as_str()).collect();
        f.debug_struct("Query")
            .field("fields", &fields)
            .field("raw", &self.raw.is_some())
            .field("order", &self.order)
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}

impl Condition {
    fn allows(&self, row: &Row) -> bool {
        let same = |wanted: &Operand, found: &str| wanted.is(found, self.field == "sys_id");
        let found = row.text(&self.field);
        match (&self.check, found.as_deref()) {
            (Check::Cannot, _) => true,
            (_, None) => false,
            (Check::In(wanted), Some(found)) => wanted.iter().any(|wanted| same(wanted, found)),
            (Check::Not(wanted), Some(found)) => !same(wanted, found),
            (Check::Empty, Some(found)) => found.is_empty(),
        }
    }
}

fn joined(group: &[Vec<Condition>]) -> String {
    let clause = |clause: &Vec<Condition>| {
        let conditions: Vec<_> = clause.iter().map(|c| format!("{}{}", c.field, c.text)).collect();
        conditions.join("^OR")
    };
    group.iter().map(clause).collect::<Vec<_>>().join("^")
}

/// A raw text's alternatives, with our conditions in each.
fn raw_groups(raw: &str, ours: &str) -> Result<Vec<String>, Flaw> {
    if raw.contains("^^NQ") {
        return Err(Flaw("in a raw query `^^NQ` cannot be told from an alternative".into()));
    }
    let raw = raw.strip_suffix("^EQ").unwrap_or(raw);
    let add = |group: &str| {
        let mut group = group.to_owned();
        append(&mut group, (!ours.is_empty()).then_some(ours));
        group
    };
    Ok(raw.split("^NQ").map(add).collect())
}

fn append(text: &mut String, part: Option<&str>) {
    if let Some(part) = part {
        if !text.is_empty() {
            text.push('^');
        }
        text.push_str(part);
    }
}

/// Why a value cannot stand in a query.
fn flaw_of(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return Some("is empty, which would match every record without one; say is_empty() if that is meant");
    }
    if value.contains('^') {
        return Some("holds `^`, which would end the condition");
    }
    if value.contains(char::is_control) {
        return Some("holds a line break or another control character");
    }
    let script = "javascript:";
    let start: String = value.trim_start().chars().take(script.len()).collect();
    if start.eq_ignore_ascii_case(script) {
        return Some("begins with `javascript:`, which the instance would run");
    }
    None
}

/// Whether a field, dot-walked or not, may have this name.
pub(crate) fn valid_field(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.len() <= 200 && name.split('.').all(word)
}

/// A value to compare with: text, a number, a boolean, an id, a date-time (in UTC). Its `Debug` hides it.
#[derive(Clone)]
pub struct Operand {
    text: String,
    /// Whether case matters: in ids.
    exact: bool,
}

impl Operand {
    fn is(&self, found: &str, exact: bool) -> bool {
        self.text == found || (!self.exact && !exact && self.text.to_lowercase() == found.to_lowercase())
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operand(hidden)")
    }
}

macro_rules! operand {
    ($exact:literal: $($from:ty),*) => {
        $(impl From<$from> for Operand {
            fn from(value: $from) -> Self {
                Self { text: value.to_string(), exact: $exact }
            }
        })*
    };
}

operand!(false: &str, String, &String, bool, i32, i64, u32, u64);
operand!(true: SysId, &SysId);

impl<T> From<Ref<T>> for Operand {
    fn from(reference: Ref<T>) -> Self {
        reference.id().into()
    }
}

impl<T> From<&Ref<T>> for Operand {
    fn from(reference: &Ref<T>) -> Self {
        reference.id().into()
    }
}

impl From<DateTime<Utc>> for Operand {
    fn from(time: DateTime<Utc>) -> Self {
        time.format(DATE_TIME).to_string().into()
    }
}

#[cfg(test)]
mod tests;
