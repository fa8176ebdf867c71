//! Encoded queries that nothing can be injected into.

mod changes;
mod condition;
mod dates;
mod operand;
mod operators;
mod related;

use std::fmt;

pub use self::dates::{Gap, RelativeTime, Unit};
pub use self::operand::Operand;
pub use self::related::Related;

use self::condition::{Check, Condition, joined};
use self::operators::no_field;
use crate::value::Row;

/// Conditions on the records of a table, ServiceNow's "encoded query".
///
/// Conditions are ANDed. [`or`](Self::or) joins the next condition to the one before it, and to that alone;
/// [`or_query`](Self::or_query) begins an independent alternative. There are no parentheses in ServiceNow.
///
/// **Values cannot leave their condition.** What could is refused: `^`, which separates conditions (doubling it
/// is said to escape it, but where it is not undone the rest of the value becomes a condition, is dropped, and
/// the result is wider than asked for); line breaks and other control characters; `javascript:`, which the
/// instance would run; a value that makes another operator of its own, as `=5` does of `<`; an empty value,
/// which would match every record without one (say [`is_empty`](Self::is_empty)). The refusal comes as an error
/// of the call that the query is used for, and nothing is sent.
///
/// **A query is not trusted to be honoured.** ServiceNow drops a condition on a field that does not exist and runs the
/// rest. So every row has to show the fields that conditions are about, and is compared with what can be checked here:
/// equality, lists, emptiness, ranges of numbers and dates, and one field beside another. Not compared are parts of
/// text, which references match by their display value and databases by their own alphabet; what the instance's clock
/// decides; and what only it can see, such as hierarchies. Tags, text searches and related lists are about no field.
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

impl Query {
    /// How long a query may be, in characters of a URL. Servers and proxies commonly take 8 KB for the whole
    /// first line of a request.
    pub const MAX_LENGTH: usize = 7_000;

    /// How many ids a list may well have: see [`one_of`](Self::one_of).
    pub const LIST: usize = 100;

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
        let plain = |query: &Self| {
            let alone = || query.conditions().any(|condition| condition.alone);
            query.raw.is_none() && !query.everything && !query.groups.is_empty() && !alone()
        };
        if self.or_next || other.or_next || !plain(&self) || !plain(&other) {
            let why = "`or_query` joins two queries that have conditions, none of them a text search, a related \
                       list, or raw";
            return self.flawed(why.to_owned());
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

    /// Puts records with the same value together.
    pub fn group_by(self, field: &str) -> Self {
        self.sorted("GROUPBY", field)
    }

    /// The query as it is sent, before URL encoding.
    ///
    /// # Errors
    ///
    /// If a value or a name could be more than that, there is no condition, or it is too long.
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
        // The one clause that needs a separator before it even where it comes first.
        if text.starts_with("RLQUERY") {
            text.insert(0, '^');
        }
        match length_in_url(&text) {
            ..=Self::MAX_LENGTH => Ok(text),
            length => Err(Flaw(format!(
                "in a URL it has {length} characters, and {} are safe; ask for a list in pieces of {}",
                Self::MAX_LENGTH,
                Self::LIST
            ))),
        }
    }

    /// Whether it says how to sort.
    pub(crate) fn is_ordered(&self) -> bool {
        let sorts = |raw: &str| raw.contains("ORDERBY") || raw.contains("GROUPBY");
        !self.order.is_empty() || self.raw.as_deref().is_some_and(sorts)
    }

    /// Whether every row that it lets through must show an equality: what a look-up needs.
    pub(crate) fn can_be_checked(&self) -> bool {
        let equality = |clause: &Vec<Condition>| clause.iter().all(|c| matches!(c.check, Check::In(_)));
        !self.groups.is_empty() && self.groups.iter().all(|group| group.iter().any(equality))
    }

    /// The fields that must be read to check rows.
    pub(crate) fn checked_fields(&self) -> impl Iterator<Item = &str> {
        self.conditions().flat_map(Condition::checked_fields)
    }

    /// The fields that conditions are about.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.conditions().map(|condition| condition.field.as_str()).filter(|field| !field.is_empty())
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

    /// Whether it is nothing but conditions that are to hold together.
    fn is_one_group(&self) -> bool {
        self.raw.is_none()
            && self.order.is_empty()
            && self.groups.len() == 1
            && !self.conditions().any(|condition| condition.alone)
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.groups.iter().flatten().flatten()
    }

    fn sorted(mut self, word: &str, field: &str) -> Self {
        if !valid_field(field) {
            return self.flawed(no_field(field));
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

/// Shows fields only: values are people's data.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("fields", &self.fields().collect::<Vec<_>>())
            .field("raw", &self.raw.is_some())
            .field("order", &self.order)
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
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

/// Whether a field, dot-walked or not, may have this name.
pub(crate) fn valid_field(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.len() <= 200 && name.split('.').all(word)
}

/// How long a text is once it is in a URL, where all but plain letters, digits and a few signs take three.
fn length_in_url(text: &str) -> usize {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests;
