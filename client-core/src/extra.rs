//! What a vendor sent and a type has no field for.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Fields of a record that its type has no name for, as the vendor sent them. They are there when the record is written
/// back.
///
/// They stay text until somebody asks: most are never looked at. So what holds them is read from JSON alone, and not from
/// other formats or out of serde's untagged enums.
#[derive(Clone, Default)]
pub struct Extra(Vec<(Box<str>, Box<RawValue>)>);

impl Extra {
    /// A field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let (_, raw) = self.0.iter().find(|(known, _)| &**known == name)?;
        read(raw)
    }

    /// All fields, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.0.iter().filter_map(|(name, raw)| Some((&**name, read(raw)?)))
    }

    /// Sets a field.
    pub fn set(&mut self, name: &str, value: &Value) {
        // A value is JSON already.
        let Ok(raw) = serde_json::value::to_raw_value(value) else { return };
        self.0.retain(|(known, _)| &**known != name);
        self.push(name.to_owned(), raw);
    }

    /// Adds a field as it came.
    pub fn push(&mut self, name: String, raw: Box<RawValue>) {
        self.0.push((name.into(), raw));
    }

    /// Writes all fields into a map.
    ///
    /// # Errors
    ///
    /// What the map met.
    pub fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|(name, raw)| map.serialize_entry(name, raw))
    }
}

/// It was JSON when it came.
fn read(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

/// As JSON: the order of fields and the space between them say nothing.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

/// The names: values may be personal.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A field's name, without a copy of it where that is possible.
#[derive(Debug)]
pub struct Name<'a>(pub Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        source.deserialize_str(Visitor)
    }
}
