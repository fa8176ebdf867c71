//! Numbers about records: the Aggregate API, `/api/now/stats/{table}`.
//!
//! ```
//! use servicenow_client::aggregate::{Comparison, Function};
//! use servicenow_client::tables::SysUser;
//! use servicenow_client::{Query, ServiceNowClient};
//!
//! # async fn example(servicenow: ServiceNowClient) -> servicenow_client::Result<()> {
//! let users = servicenow.table::<SysUser>();
//! let active = users.aggregate(Query::new().eq("active", true)).count().await?;
//! println!("{:?} active users", active.count());
//!
//! // Which addresses belong to more than one of them?
//! let twins = users.aggregate(Query::new().eq("active", true).is_not_empty("email")).count();
//! for group in twins.group_by(["email"]).having(Function::Count, "email", Comparison::Gt, 1).await? {
//!     println!("{:?} has {:?}", group.value("email"), group.stats.count());
//! }
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;

use client_core::{Call, Path, Request};
use futures::future::BoxFuture;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

use crate::client::result;
use crate::prepared::Prepared;
use crate::problem::{ProblemKind, Result, ServiceNowProblem};
use crate::query::{Query, valid_field};
use crate::record::RawRecord;
use crate::table::Table;
use crate::value::{self, FieldValue};

const NAME: &str = "servicenow.aggregate";

/// What is made of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// How many records there are; of a field, how many have a value.
    Count,
    /// The mean.
    Avg,
    /// The smallest value, or the earliest.
    Min,
    /// The largest value, or the latest.
    Max,
    /// The sum.
    Sum,
}

impl Function {
    const OF_FIELDS: [Self; 4] = [Self::Avg, Self::Min, Self::Max, Self::Sum];

    fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
        }
    }
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::NotEq => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// A question for numbers, to be awaited. See [`Table::aggregate`](crate::Table::aggregate).
///
/// The instance heeds read rights by role, not by row: a count may include records that a list does not show. And it drops
/// conditions on fields that do not exist, as it does for lists. Here are no rows to compare with them, so the table is
/// asked for a few, and must show the fields of the query. That takes one more call, the first time that a table is asked
/// about a field.
#[must_use = "a question does nothing until it is awaited"]
#[derive(Clone)]
pub struct Aggregate {
    table: Table<RawRecord>,
    path: Path,
    query: Query,
    count: bool,
    fields: Vec<(Function, String)>,
}

impl Aggregate {
    pub(crate) fn new(table: Table<RawRecord>, path: Path, query: Query) -> Self {
        Self { table, path, query, count: false, fields: Vec::new() }
    }

    /// Asks how many records match.
    pub fn count(mut self) -> Self {
        self.count = true;
        self
    }

    /// Asks for the mean of a field. It has four decimals.
    pub fn avg(self, field: &str) -> Self {
        self.of(Function::Avg, field)
    }

    /// Asks for the smallest value of a field.
    pub fn min(self, field: &str) -> Self {
        self.of(Function::Min, field)
    }

    /// Asks for the largest value of a field.
    pub fn max(self, field: &str) -> Self {
        self.of(Function::Max, field)
    }

    /// Asks for the sum of a field.
    pub fn sum(self, field: &str) -> Self {
        self.of(Function::Sum, field)
    }

    /// Asks all that for each combination of these fields' values.
    pub fn group_by<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Grouped {
        let by = fields.into_iter().map(Into::into).collect();
        Grouped { aggregate: self, by, having: None, order: Vec::new(), labels: false, flaw: None }
    }

    fn of(mut self, function: Function, field: &str) -> Self {
        self.fields.push((function, field.to_owned()));
        self
    }

    fn request(&self) -> Request {
        let mut request = Request::get(self.path.clone());
        match self.query.encoded() {
            Ok(_) if self.query.is_ordered() => {
                request = request.flawed("numbers have no order: sort groups with order_by");
            }
            Ok(query) => request = request.query_opt("sysparm_query", (!query.is_empty()).then_some(query)),
            Err(flaw) => request = request.flawed(flaw.to_string()),
        }
        if !self.count && self.fields.is_empty() {
            request = request.flawed("ask for something: count, avg, min, max or sum");
        }
        if self.fields.iter().any(|(_, field)| !valid_field(field)) {
            request = request.flawed("a field has a name that no field has");
        }
        request = request.query_opt("sysparm_count", self.count.then_some(true));
        for function in Function::OF_FIELDS {
            let fields: Vec<&str> = self.fields_of(function).collect();
            let name = format!("sysparm_{}_fields", function.word());
            request = request.query_opt(name, (!fields.is_empty()).then(|| fields.join(",")));
        }
        request
    }

    fn fields_of(&self, function: Function) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(of, _)| *of == function).map(|(_, field)| field.as_str())
    }

    /// The answer, if the table has the fields that it is about.
    async fn trusted<T: 'static>(&self, asked: Prepared<T>) -> Result<T> {
        let answer = asked.await?;
        self.table.has_fields_of(NAME, &self.query).await?;
        Ok(answer)
    }

    /// What was asked for and did not come.
    fn missing(&self, stats: &Stats) -> Option<ServiceNowProblem> {
        if self.count && stats.count().is_none() {
            return Some(unanswered("count"));
        }
        let missing = self.fields.iter().find(|(function, field)| !stats.has(*function, field))?;
        Some(unanswered(&missing.1))
    }
}

fn unanswered(field: &str) -> ServiceNowProblem {
    let message = format!("what was asked of `{field}` did not come");
    ServiceNowProblem::found(ProblemKind::NotHonoured { field: field.to_owned() }, message)
}

/// # Errors
///
/// What the calls met; [`NotHonoured`](ProblemKind::NotHonoured) names a field that was asked for and did not come, or
/// that the query names and the table does not show.
impl IntoFuture for Aggregate {
    type Output = Result<Stats>;
    type IntoFuture = BoxFuture<'static, Result<Stats>>;

    fn into_future(self) -> Self::IntoFuture {
        #[derive(Deserialize)]
        struct Whole {
            stats: Stats,
        }
        let call = Call::<Json>::read(NAME, self.request()).with_decode(result::<Whole>);
        let asked = self.clone();
        let check = move |whole: Whole| asked.missing(&whole.stats).map_or(Ok(whole.stats), Err);
        Box::pin(async move { self.trusted(Prepared::new(self.table.client(), call, check)).await })
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("path", &self.path)
            .field("query", &self.query)
            .field("count", &self.count)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// A question for numbers about groups of records, to be awaited. See [`Aggregate::group_by`].
#[must_use = "a question does nothing until it is awaited"]
#[derive(Debug, Clone)]
pub struct Grouped {
    aggregate: Aggregate,
    by: Vec<String>,
    having: Option<String>,
    order: Vec<String>,
    labels: bool,
    flaw: Option<&'static str>,
}

impl Grouped {
    /// Leaves out groups in which `function` of `field` is not like this. There can be one such condition.
    pub fn having(
        mut self,
        function: Function,
        field: &str,
        comparison: Comparison,
        number: impl fmt::Display,
    ) -> Self {
        let number = number.to_string();
        if self.having.is_some() {
            self.flaw = Some("there can be one `having`");
        }
        if !valid_field(field) || !number.parse().is_ok_and(f64::is_finite) {
            self.flaw = Some("`having` compares what a field has with a number");
        }
        self.having = Some(format!("{}^{field}^{}^{number}", function.word(), comparison.sign()));
        self
    }

    /// Sorts by one of the fields that make the groups, smallest first.
    pub fn order_by(self, field: &str) -> Self {
        self.ordered(field, field.to_owned())
    }

    /// Sorts by one of the fields that make the groups, largest first.
    pub fn order_by_desc(self, field: &str) -> Self {
        self.ordered(field, format!("{field}^DESC"))
    }

    /// Sorts by what `function` makes of a field.
    pub fn order_by_result(self, function: Function, field: &str) -> Self {
        self.ordered(field, format!("{}^{field}", function.word().to_uppercase()))
    }

    /// Asks for the labels of groups too (`sysparm_display_value=all`), in the language of the API user.
    pub fn labels(mut self) -> Self {
        self.labels = true;
        self
    }

    fn ordered(mut self, field: &str, order: String) -> Self {
        if !valid_field(field) {
            self.flaw = Some("a field to sort by has a name that no field has");
        }
        self.order.push(order);
        self
    }

    fn request(&self) -> Request {
        let request = self.aggregate.request();
        let nameless = self.by.is_empty() || self.by.iter().any(|field| !valid_field(field));
        if let Some(flaw) = self.flaw.or(nameless.then_some("groups are made by fields that have names")) {
            return request.flawed(flaw);
        }
        request
            .query("sysparm_group_by", self.by.join(","))
            .query_opt("sysparm_having", self.having.as_deref())
            .query_opt("sysparm_order_by", (!self.order.is_empty()).then(|| self.order.join(",")))
            .query_opt("sysparm_display_value", self.labels.then_some("all"))
    }

    /// What was asked for and did not come with a group.
    fn missing(&self, group: &Group) -> Option<ServiceNowProblem> {
        let nowhere = self.by.iter().find(|field| group.value(field).is_none());
        nowhere.map(|field| unanswered(field)).or_else(|| self.aggregate.missing(&group.stats))
    }
}

/// # Errors
///
/// What the calls met; [`NotHonoured`](ProblemKind::NotHonoured) names a field that was asked for and did not come, or
/// that the query names and the table does not show.
impl IntoFuture for Grouped {
    type Output = Result<Vec<Group>>;
    type IntoFuture = BoxFuture<'static, Result<Vec<Group>>>;

    fn into_future(self) -> Self::IntoFuture {
        let call = Call::<Json>::read(NAME, self.request()).with_decode(result::<Vec<Group>>);
        let asked = self.clone();
        let check = move |groups: Vec<Group>| match groups.iter().find_map(|group| asked.missing(group)) {
            Some(problem) => Err(problem),
            None => Ok(groups),
        };
        let Aggregate { table, .. } = &self.aggregate;
        let prepared = Prepared::new(table.client(), call, check);
        Box::pin(async move { self.aggregate.trusted(prepared).await })
    }
}

/// Records that share the values of some fields, and the numbers about them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The fields and what they have in common, in the order in which the groups were asked for.
    #[serde(default, rename = "groupby_fields")]
    pub fields: Vec<GroupField>,
    /// The numbers.
    pub stats: Stats,
}

impl Group {
    /// What a field has in this group, `""` for nothing; none if the groups are not made by that field.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|one| one.field == field).map(|one| one.value.as_str())
    }

    /// What people read for it, if [labels](Grouped::labels) were asked for.
    pub fn label(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|one| one.field == field)?.display_value.as_deref()
    }
}

/// A field that makes a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GroupField {
    /// Its name.
    pub field: String,
    /// Its value in the group, as stored; `""` for none.
    #[serde(default)]
    pub value: String,
    /// What people read for it, if [labels](Grouped::labels) were asked for.
    pub display_value: Option<String>,
}

/// Numbers about records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stats {
    count: Option<StatsValue>,
    avg: BTreeMap<String, StatsValue>,
    min: BTreeMap<String, StatsValue>,
    max: BTreeMap<String, StatsValue>,
    sum: BTreeMap<String, StatsValue>,
}

impl Stats {
    /// How many records there are; none if that was not asked.
    pub fn count(&self) -> Option<u64> {
        self.count.as_ref()?.as_str().parse().ok()
    }

    /// The mean of a field; none if that was not asked, or no record has a value.
    pub fn avg(&self, field: &str) -> Option<&StatsValue> {
        self.of(Function::Avg, field)
    }

    /// The smallest value of a field; none if that was not asked, or no record has a value.
    pub fn min(&self, field: &str) -> Option<&StatsValue> {
        self.of(Function::Min, field)
    }

    /// The largest value of a field; none if that was not asked, or no record has a value.
    pub fn max(&self, field: &str) -> Option<&StatsValue> {
        self.of(Function::Max, field)
    }

    /// The sum of a field; none if that was not asked, or no record has a value.
    pub fn sum(&self, field: &str) -> Option<&StatsValue> {
        self.of(Function::Sum, field)
    }

    fn of(&self, function: Function, field: &str) -> Option<&StatsValue> {
        self.all(function)?.get(field).filter(|value| !value.as_str().is_empty())
    }

    fn has(&self, function: Function, field: &str) -> bool {
        self.all(function).is_some_and(|values| values.contains_key(field))
    }

    fn all(&self, function: Function) -> Option<&BTreeMap<String, StatsValue>> {
        match function {
            Function::Count => None,
            Function::Avg => Some(&self.avg),
            Function::Min => Some(&self.min),
            Function::Max => Some(&self.max),
            Function::Sum => Some(&self.sum),
        }
    }
}

/// A number, or what else a field holds, as the instance wrote it: nothing is rounded on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsValue(String);

impl StatsValue {
    /// As it came: `804162.7143`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a number, to the next one that there is.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// As a whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        let (whole, decimals) = self.0.split_once('.').unwrap_or((&self.0, ""));
        whole.parse().ok().filter(|_| decimals.bytes().all(|digit| digit == b'0'))
    }

    /// As a type that fields are read as: the earliest `DateTime<Utc>`, for example.
    pub fn get<T: FieldValue>(&self) -> Option<T> {
        T::read(&self.0)
    }
}

impl fmt::Display for StatsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StatsValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let text = value::text_of(&json).ok_or_else(|| de::Error::custom("no number"))?;
        Ok(Self(text.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_without_loss() {
        let value = |text: &str| StatsValue(text.to_owned());
        assert_eq!(value("804162.7143").as_f64(), Some(804_162.714_3));
        assert_eq!(value("804162.7143").as_i64(), None);
        assert_eq!((value("3.0000").as_i64(), value("-3").as_i64()), (Some(3), Some(-3)));
        assert_eq!(value("9223372036854775807").as_i64(), Some(i64::MAX));
        for text in ["", "NaN", "inf", "1,234", "2 days"] {
            assert_eq!((value(text).as_f64(), value(text).as_i64()), (None, None), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let value = StatsValue(text);
            let _ = (value.as_f64(), value.as_i64(), value.get::<bool>());
        }
    }
}
