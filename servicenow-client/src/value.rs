//! Values as ServiceNow writes them: almost always as text, in three display modes.

mod kinds;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, Utc};
use client_core::__private::Name;
use client_core::DecodeError;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::id::SysId;

/// How ServiceNow writes a date-time. In values it is UTC.
pub(crate) const DATE_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// What `sysparm_display_value` asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DisplayMode {
    /// `false`: values as stored, date-times in UTC. The default, and the one to decide on.
    #[default]
    Values,
    /// `true`: labels, in the language, zone and format of the API user. For people to read.
    Labels,
    /// `all`: both. Costs look-ups in other tables: ask for few fields.
    Both,
}

impl DisplayMode {
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Values => "false",
            Self::Labels => "true",
            Self::Both => "all",
        }
    }
}

/// One field, in whatever mode it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// The value as stored. In mode [`Labels`](DisplayMode::Labels) ServiceNow sends the label instead, and a
    /// reference's id only if links are on.
    pub value: String,
    /// The label, if one came beside the value.
    pub display: Option<String>,
}

impl Value {
    /// Reads a field: a text, nothing, a boolean, a number, or an object of value, label and link. `None` for
    /// what is neither, such as a list.
    pub fn read(json: &Json) -> Option<Self> {
        let display = json.get("display_value").and_then(Json::as_str).map(str::to_owned);
        Some(Self { value: text_of(json)?.into_owned(), display })
    }
}

/// Fields hold people's data.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(hidden)")
    }
}

/// A field's value as text; `""` for none.
pub(crate) fn text_of(json: &Json) -> Option<Cow<'_, str>> {
    match json {
        Json::Null => Some(Cow::Borrowed("")),
        Json::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        // Some APIs write whole numbers with a fraction: `4.0`.
        Json::Number(number) if number.is_f64() => {
            number.as_f64().map(|number| Cow::Owned(number.to_string()))
        }
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Object(object) => match object.get("value") {
            Some(Json::Object(_) | Json::Array(_)) => None,
            Some(value) => text_of(value),
            None => linked_in(object).or_else(|| text_of(object.get("display_value")?)),
        },
        Json::Array(_) => None,
    }
}

fn linked_in(object: &Map<String, Json>) -> Option<Cow<'_, str>> {
    linked(object.get("link")?.as_str()?).map(Cow::Borrowed)
}

/// In mode `true` a reference's id is the last segment of its link.
fn linked(link: &str) -> Option<&str> {
    link.rsplit('/').next().filter(|id| id.parse::<SysId>().is_ok())
}

/// Fields of a record as they came, to compare.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Row(pub(crate) Map<String, Json>);

impl Row {
    /// The fields with these names, of a record's JSON.
    pub(crate) fn of(json: &[u8], names: &[&str]) -> Result<Self, DecodeError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        Wanted(names).deserialize(&mut reader).map_err(|_| DecodeError::new(".", "no object"))
    }

    /// A field's value; none if it did not come.
    pub(crate) fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        text_of(self.0.get(field)?)
    }
}

/// Reads some fields of an object and skips the others.
struct Wanted<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Row, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let mut row = Row::default();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if self.0.contains(&&*name.0) {
                row.0.insert(name.0.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(row)
    }
}

/// A field of a typed record: absent, empty or set.
///
/// ServiceNow leaves out fields that do not exist or that the API user may not read, without an error. That
/// is not the same as empty: a hidden manager must not look like none.
///
/// ```
/// use servicenow_client::{Field, SysId};
///
/// #[derive(serde::Deserialize)]
/// struct Row {
///     #[serde(default)]
///     manager: Field<SysId>,
///     #[serde(default)]
///     active: Field<bool>,
///     #[serde(default)]
///     title: Field<String>,
/// }
///
/// let row: Row = serde_json::from_str(r#"{"manager": "", "active": "true"}"#).unwrap();
/// assert!(row.manager.is_empty());
/// assert_eq!(row.active.get(), Some(&true));
/// assert!(row.title.is_absent());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Field<T> {
    /// It did not come: not asked for, no such field, or not readable.
    #[default]
    Absent,
    /// It has no value.
    Empty,
    /// It has this value.
    Set(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }

    /// The value, if there is one.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }

    /// Whether it did not come at all, so that nothing can be said about it.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it came and has no value.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl Field<String> {
    /// The text, if there is one.
    pub fn as_str(&self) -> Option<&str> {
        self.get().map(String::as_str)
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Empty => f.write_str("empty"),
            Self::Set(value) => value.fmt(f),
        }
    }
}

/// From any display mode. Of an object it takes the value; without one, a reference's id from its link, or the label.
impl<'de, T: FieldValue> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Reader(PhantomData))
    }
}

/// Reads a field without a copy of its text.
struct Reader<T>(PhantomData<T>);

impl<'de, T: FieldValue> Visitor<'de> for Reader<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Field<T>, E> {
        if text.is_empty() {
            return Ok(Field::Empty);
        }
        // The value itself is not shown: it may be anybody's data.
        T::read(text).map(Field::Set).ok_or_else(|| E::custom("a value of another kind"))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Field<T>, E> {
        self.visit_str(if flag { "true" } else { "false" })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Field<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Field<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Field<T>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Field<T>, E> {
        Ok(Field::Empty)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<T>, A::Error> {
        let (mut value, mut label, mut id) = (None, None, None);
        while let Some(name) = map.next_key::<Name<'de>>()? {
            match &*name.0 {
                "value" => value = Some(map.next_value::<Field<String>>()?),
                "display_value" => label = Some(map.next_value::<Field<String>>()?),
                "link" => {
                    id = map.next_value::<Field<String>>()?.as_str().and_then(linked).map(str::to_owned);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match value.or(id.map(Field::Set)).or(label) {
            Some(Field::Set(text)) => self.visit_str(&text),
            Some(_) => Ok(Field::Empty),
            None => Err(de::Error::custom("an object without a value")),
        }
    }
}

/// Writes the value as ServiceNow wants it, and `""`, which clears a field, for an empty one. Leave absent
/// ones out: `#[serde(skip_serializing_if = "Field::is_absent")]`.
impl<T: FieldValue> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Empty => serializer.serialize_str(""),
            Self::Set(value) => serializer.serialize_str(&value.write()),
        }
    }
}

/// A type that a field's text is read as.
pub trait FieldValue: Sized {
    /// Reads a text that is not empty.
    fn read(text: &str) -> Option<Self>;

    /// Writes it as ServiceNow wants it.
    fn write(&self) -> String;
}

impl FieldValue for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn write(&self) -> String {
        self.clone()
    }
}

impl FieldValue for bool {
    fn read(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl FieldValue for i64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// Numbers of so many digits, and nothing but the separator between them.
fn numbers(text: &str, separator: u8, digits: [usize; 3]) -> Option<[u32; 3]> {
    let mut rest = text.as_bytes();
    let mut numbers = [0; 3];
    for (n, (number, digits)) in numbers.iter_mut().zip(digits).enumerate() {
        if n > 0 {
            rest = rest.strip_prefix(&[separator])?;
        }
        let (these, others) = rest.split_at_checked(digits)?;
        for digit in these {
            *number = *number * 10 + char::from(*digit).to_digit(10)?;
        }
        rest = others;
    }
    rest.is_empty().then_some(numbers)
}

/// `2026-03-02 17:00:00`, in UTC.
impl FieldValue for DateTime<Utc> {
    fn read(text: &str) -> Option<Self> {
        // Not by a format string: that shows in the time a list takes, since each row has three of these.
        let (date, time) = text.split_once(' ')?;
        let [hour, minute, second] = numbers(time, b':', [2, 2, 2])?;
        Some(NaiveDate::read(date)?.and_hms_opt(hour, minute, second)?.and_utc())
    }

    fn write(&self) -> String {
        self.format(DATE_TIME).to_string()
    }
}

/// `2026-03-02`, without a zone.
impl FieldValue for NaiveDate {
    fn read(text: &str) -> Option<Self> {
        let [year, month, day] = numbers(text, b'-', [4, 2, 2])?;
        Self::from_ymd_opt(year.try_into().ok()?, month, day)
    }

    fn write(&self) -> String {
        self.format("%Y-%m-%d").to_string()
    }
}

impl FieldValue for SysId {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// A reference to a record of table `T`. It may point at a record that was deleted.
pub struct Ref<T> {
    id: SysId,
    table: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// A reference to the record with this id.
    pub fn new(id: SysId) -> Self {
        Self { id, table: PhantomData }
    }

    /// The record's id.
    pub fn id(&self) -> &SysId {
        &self.id
    }

    /// The record's id.
    pub fn into_id(self) -> SysId {
        self.id
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Self::new(self.id.clone())
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T> Eq for Ref<T> {}

impl<T> std::hash::Hash for Ref<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.id)
    }
}

impl<T> From<SysId> for Ref<T> {
    fn from(id: SysId) -> Self {
        Self::new(id)
    }
}

impl<T> FieldValue for Ref<T> {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::new)
    }

    fn write(&self) -> String {
        self.id.to_string()
    }
}

impl<T> Serialize for Ref<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Ref<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sys_id(deserializer).map(Self::new)
    }
}

/// Reads a `sys_id` in any display mode; for `#[serde(deserialize_with)]`.
///
/// # Errors
///
/// If it is none.
pub fn sys_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SysId, D::Error> {
    Field::deserialize(deserializer)?.into_option().ok_or_else(|| de::Error::custom("no sys_id"))
}
