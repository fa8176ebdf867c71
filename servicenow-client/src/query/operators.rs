//! The operators of encoded queries.
//!
//! Left out: what needs a script (`ON`, `NOTON`, `DATEPART`), for scripts come in by [`Query::raw`] alone, and
//! what means something in notifications and flows only (`VALCHANGES`, `CHANGESFROM`, `CHANGESTO`). Of tags, what is
//! not tagged or not tagged so (`DOESNOTHAVE`, `EXCLUDING`), whose form is documented nowhere.

use super::condition::{Bound, Check, Condition};
use super::operand::{Operand, flaw_of};
use super::{Query, Related, valid_field};
use crate::client::valid_table;
use crate::id::SysId;
use crate::query::{Gap, RelativeTime};

/// Everything that may stand behind a field's name. The longest that fits is taken, so a value must not make a
/// longer one of its operator: `<` and `=5`, `IN` and `STANCEOF`.
const OPERATORS: [&str; 37] = [
    "=",
    "!=",
    "IN",
    "NOT IN",
    "LIKE",
    "NOT LIKE",
    "NOTLIKE",
    "STARTSWITH",
    "ENDSWITH",
    "*",
    "!*",
    "%",
    "ISEMPTY",
    "ISNOTEMPTY",
    "ANYTHING",
    "EMPTYSTRING",
    "<",
    "<=",
    "<>",
    ">",
    ">=",
    "BETWEEN",
    "SAMEAS",
    "NSAMEAS",
    "GT_FIELD",
    "LT_FIELD",
    "GT_OR_EQUALS_FIELD",
    "LT_OR_EQUALS_FIELD",
    "ON",
    "NOTON",
    "RELATIVE",
    "MORETHAN",
    "LESSTHAN",
    "DATEPART",
    "DYNAMIC",
    "INSTANCEOF",
    "IN_HIERARCHY",
];

impl Query {
    /// The field has this value. References are compared by `sys_id`. In text, rows may differ in case, for
    /// databases ignore it; a [`SysId`] is compared by case.
    pub fn eq(self, field: &str, value: impl Into<Operand>) -> Self {
        let value = value.into();
        self.with(field, "=", &value.text.clone(), Check::In(vec![value]))
    }

    /// The field has another value, or none.
    pub fn not_eq(self, field: &str, value: impl Into<Operand>) -> Self {
        let value = value.into();
        self.with(field, "!=", &value.text.clone(), Check::NotIn(vec![value]))
    }

    /// The field has one of these values. A value with a comma is compared on its own, since a list would be
    /// split at it.
    ///
    /// A query travels in the URL and is refused beyond [`MAX_LENGTH`](Self::MAX_LENGTH). Ask for many ids in
    /// pieces of [`LIST`](Self::LIST):
    ///
    /// ```
    /// # use servicenow_client::{Query, Result, ServiceNowClient, SysId};
    /// # use servicenow_client::tables::SysUser;
    /// # async fn example(servicenow: ServiceNowClient, ids: &[SysId]) -> Result<()> {
    /// for ids in ids.chunks(Query::LIST) {
    ///     let users = servicenow.table::<SysUser>().list(Query::new().one_of("sys_id", ids)).collect_all().await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn one_of<V: Into<Operand>>(self, field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let operands: Vec<Operand> = values.into_iter().map(Into::into).collect();
        let check = Check::In(operands.clone());
        let (alone, listed): (Vec<_>, Vec<_>) = operands.iter().partition(|one| !one.can_be_listed());
        let mut query = if listed.is_empty() && !alone.is_empty() {
            self
        } else {
            self.list(field, "IN", &listed, check.clone())
        };
        for (n, value) in alone.iter().enumerate() {
            query = if n == 0 && listed.is_empty() { query } else { query.or() };
            query = query.with(field, "=", &value.text, check.clone());
        }
        query
    }

    /// The field has none of these values, but maybe no value. A list is split at commas, so a value with one
    /// is refused: say [`not_eq`](Self::not_eq) for it.
    pub fn none_of<V: Into<Operand>>(self, field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let operands: Vec<Operand> = values.into_iter().map(Into::into).collect();
        if operands.iter().any(|one| !one.can_be_listed()) {
            return self.flawed(format!(
                "a listed value for `{field}` would be split or trimmed; say not_eq() for it"
            ));
        }
        self.list(field, "NOT IN", &operands.iter().collect::<Vec<_>>(), Check::NotIn(operands.clone()))
    }

    /// The field's text holds this. Of a reference, its display value does.
    pub fn contains(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "LIKE", &value.into().text, Check::Field)
    }

    /// The field's text does not hold this. Of a reference, its display value does not.
    pub fn not_contains(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "NOT LIKE", &value.into().text, Check::Field)
    }

    /// The field's text begins with this. Of a reference, its display value does.
    pub fn starts_with(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "STARTSWITH", &value.into().text, Check::Field)
    }

    /// The field's text ends with this. Of a reference, its display value does.
    pub fn ends_with(self, field: &str, value: impl Into<Operand>) -> Self {
        self.with(field, "ENDSWITH", &value.into().text, Check::Field)
    }

    /// The field has no value.
    pub fn is_empty(self, field: &str) -> Self {
        self.push(field, "ISEMPTY".to_owned(), Check::Empty)
    }

    /// The field has a value.
    pub fn is_not_empty(self, field: &str) -> Self {
        // Not checked: a journal field has a value and shows none.
        self.push(field, "ISNOTEMPTY".to_owned(), Check::Field)
    }

    /// The field holds the empty text, as opposed to nothing at all, where the database tells the two apart.
    pub fn is_empty_string(self, field: &str) -> Self {
        self.push(field, "EMPTYSTRING".to_owned(), Check::Empty)
    }

    /// The field has any value or none. What it is for: to name a field without limiting anything.
    pub fn is_anything(self, field: &str) -> Self {
        self.push(field, "ANYTHING".to_owned(), Check::Field)
    }

    /// The field is greater, or later. Date-times are UTC; give the API user the time zone GMT, for reports
    /// disagree whether an instance reads them so. Rows are compared with numbers and dates, not with text,
    /// whose order only the database knows.
    pub fn gt(self, field: &str, value: impl Into<Operand>) -> Self {
        self.bounded(field, ">", Bound::Above, value.into())
    }

    /// The field is at least this. See [`gt`](Self::gt).
    pub fn ge(self, field: &str, value: impl Into<Operand>) -> Self {
        self.bounded(field, ">=", Bound::AtLeast, value.into())
    }

    /// The field is less, or earlier. See [`gt`](Self::gt).
    pub fn lt(self, field: &str, value: impl Into<Operand>) -> Self {
        self.bounded(field, "<", Bound::Below, value.into())
    }

    /// The field is at most this. See [`gt`](Self::gt).
    pub fn le(self, field: &str, value: impl Into<Operand>) -> Self {
        self.bounded(field, "<=", Bound::AtMost, value.into())
    }

    /// The field is one of both bounds or between them. A text with `@`, which separates the two, is refused:
    /// say [`ge`](Self::ge) and [`le`](Self::le).
    pub fn between(self, field: &str, low: impl Into<Operand>, high: impl Into<Operand>) -> Self {
        let (low, high) = (low.into(), high.into());
        if low.text.contains('@') || high.text.contains('@') {
            return self.flawed(format!(
                "a bound for `{field}` holds `@`, which separates the two; say ge() and le()"
            ));
        }
        let text = format!("BETWEEN{}@{}", low.text, high.text);
        let texts = [&low, &high].map(|bound| bound.text.clone());
        let check = Check::range([(Bound::AtLeast, low), (Bound::AtMost, high)]);
        self.flaws_in(field, &texts).push(field, text, check)
    }

    /// Both fields have the same value.
    pub fn same_as(self, field: &str, other: &str) -> Self {
        self.beside(field, "SAMEAS", other, Check::Same(other.to_owned()))
    }

    /// The fields have different values.
    pub fn not_same_as(self, field: &str, other: &str) -> Self {
        self.beside(field, "NSAMEAS", other, Check::NotSame(other.to_owned()))
    }

    /// The number in the field is greater than the one in `other`.
    pub fn gt_field(self, field: &str, other: &str) -> Self {
        self.beside(field, "GT_FIELD", other, Check::Beside(Bound::Above, other.to_owned()))
    }

    /// The number in the field is at least the one in `other`.
    pub fn ge_field(self, field: &str, other: &str) -> Self {
        self.beside(field, "GT_OR_EQUALS_FIELD", other, Check::Beside(Bound::AtLeast, other.to_owned()))
    }

    /// The number in the field is less than the one in `other`.
    pub fn lt_field(self, field: &str, other: &str) -> Self {
        self.beside(field, "LT_FIELD", other, Check::Beside(Bound::Below, other.to_owned()))
    }

    /// The number in the field is at most the one in `other`.
    pub fn le_field(self, field: &str, other: &str) -> Self {
        self.beside(field, "LT_OR_EQUALS_FIELD", other, Check::Beside(Bound::AtMost, other.to_owned()))
    }

    /// The date is later than that.
    pub fn relative_gt(self, field: &str, time: RelativeTime) -> Self {
        self.push(field, format!("RELATIVEGT{}", time.encoded()), Check::Field)
    }

    /// The date is that or later.
    pub fn relative_ge(self, field: &str, time: RelativeTime) -> Self {
        self.push(field, format!("RELATIVEGE{}", time.encoded()), Check::Field)
    }

    /// The date is earlier than that.
    pub fn relative_lt(self, field: &str, time: RelativeTime) -> Self {
        self.push(field, format!("RELATIVELT{}", time.encoded()), Check::Field)
    }

    /// The date is that or earlier.
    pub fn relative_le(self, field: &str, time: RelativeTime) -> Self {
        self.push(field, format!("RELATIVELE{}", time.encoded()), Check::Field)
    }

    /// The date is in that very minute, hour, day, ….
    pub fn relative_eq(self, field: &str, time: RelativeTime) -> Self {
        self.push(field, format!("RELATIVEEE{}", time.encoded()), Check::Field)
    }

    /// The date is further from another field's than that.
    pub fn more_than(self, field: &str, gap: Gap) -> Self {
        self.apart(field, "MORETHAN", &gap)
    }

    /// The date is nearer to another field's than that.
    pub fn less_than(self, field: &str, gap: Gap) -> Self {
        self.apart(field, "LESSTHAN", &gap)
    }

    /// The reference is what a dynamic filter of the instance says, for instance "me": a `sys_id` from
    /// `sys_filter_option_dynamic`.
    pub fn dynamic(self, field: &str, filter: &SysId) -> Self {
        self.push(field, format!("DYNAMIC{filter}"), Check::Field)
    }

    /// The reference is the API user. This is the one script that is worth having
    /// (`javascript:gs.getUserID()`); it runs on the instance, so rows cannot be compared with it.
    pub fn is_current_user(self, field: &str) -> Self {
        self.push(field, "=javascript:gs.getUserID()".to_owned(), Check::Field)
    }

    /// The record's class, mostly in `sys_class_name`, is this table or one that extends it.
    pub fn instance_of(self, field: &str, table: &str) -> Self {
        if !valid_table(table) {
            return self.flawed(format!("the class for `{field}` has a name that no table has"));
        }
        self.push(field, format!("INSTANCEOF{table}"), Check::Field)
    }

    /// The reference is at or below `root` in a hierarchy that the instance defines.
    pub fn in_hierarchy(self, field: &str, definition: &SysId, root: &SysId) -> Self {
        self.push(field, format!("IN_HIERARCHY{definition}@{root}"), Check::Field)
    }

    /// The record has this tag: a `sys_id` from `label`.
    pub fn tagged(self, tag: &SysId) -> Self {
        self.add(Condition {
            field: String::new(),
            text: format!("sys_tags.{tag}={tag}"),
            check: Check::Nothing,
            alone: false,
        })
    }

    /// The instance's text index finds these words in the record. On a table that is not indexed the condition
    /// is dropped, and nothing in the rows shows it.
    pub fn text_search(self, words: &str) -> Self {
        let query = self.flaws_in("text search", &[words.to_owned()]);
        query.add(alone(format!("123TEXTQUERY321={words}")))
    }

    /// So many records of another table point here.
    pub fn related(self, related: Related) -> Self {
        match related.encoded() {
            Ok(text) => self.add(alone(text)),
            Err(flaw) => self.flawed(flaw.0),
        }
    }

    fn list(self, field: &str, operator: &str, values: &[&Operand], check: Check) -> Self {
        let texts: Vec<String> = values.iter().map(|value| value.text.clone()).collect();
        if texts.is_empty() {
            return self.flawed(format!("the list for `{field}` is empty"));
        }
        self.flaws_in(field, &texts).with(field, operator, &texts.join(","), check)
    }

    fn bounded(self, field: &str, operator: &str, bound: Bound, value: Operand) -> Self {
        self.with(field, operator, &value.text.clone(), Check::range([(bound, value)]))
    }

    fn beside(self, field: &str, operator: &str, other: &str, check: Check) -> Self {
        if !valid_field(other) {
            return self.flawed(format!("`{field}` is compared with a field whose name no field has"));
        }
        self.push(field, format!("{operator}{other}"), check)
    }

    fn apart(self, field: &str, operator: &str, gap: &Gap) -> Self {
        let flaw = if valid_field(&gap.field) { gap.flaw() } else { Some("a gap needs the name of a field") };
        match flaw {
            Some(flaw) => self.flawed(flaw.to_owned()),
            None => self.push(field, format!("{operator}{}", gap.encoded()), Check::Field),
        }
    }

    fn with(self, field: &str, operator: &str, value: &str, check: Check) -> Self {
        let text = format!("{operator}{value}");
        let read_as =
            OPERATORS.iter().filter(|known| text.starts_with(**known)).max_by_key(|known| known.len());
        if read_as != Some(&operator) {
            return self
                .flawed(format!("the value for `{field}` would make another operator of `{operator}`"));
        }
        self.flaws_in(field, &[value.to_owned()]).push(field, text, check)
    }

    fn flaws_in(self, field: &str, values: &[String]) -> Self {
        match values.iter().find_map(|value| flaw_of(value)) {
            Some(flaw) => self.flawed(format!("the value for `{field}` {flaw}")),
            None => self,
        }
    }

    fn push(self, field: &str, text: String, check: Check) -> Self {
        if !valid_field(field) {
            return self.flawed(no_field(field));
        }
        self.add(Condition { field: field.to_owned(), text, check, alone: false })
    }

    fn add(mut self, condition: Condition) -> Self {
        if self.groups.is_empty() {
            self.groups.push(Vec::new());
        }
        let or = std::mem::take(&mut self.or_next);
        let Some(group) = self.groups.last_mut() else { return self };
        match group.last_mut() {
            Some(clause) if or => {
                if condition.alone || clause.iter().any(|other| other.alone) {
                    return self
                        .flawed("a text search or a related list cannot be an alternative".to_owned());
                }
                clause.push(condition);
            }
            _ => group.push(vec![condition]),
        }
        self
    }
}

impl Operand {
    /// Whether a list would hand it on as it is.
    fn can_be_listed(&self) -> bool {
        !self.text.contains(',') && self.text.trim() == self.text
    }
}

fn alone(text: String) -> Condition {
    Condition { field: String::new(), text, check: Check::Nothing, alone: true }
}

pub(super) fn no_field(name: &str) -> String {
    format!("{:?} is no field's name", name.chars().take(80).collect::<String>())
}
