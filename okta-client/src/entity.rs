//! What Okta answers: typed fields, and every other field kept as it came.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Fields that this crate has no name for, as Okta sent them. They are there when the entity is written back.
///
/// They stay text until somebody asks: most are never looked at. So entities are read from JSON alone, and not from other
/// formats or out of serde's untagged enums.
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
    pub(crate) fn set(&mut self, name: &str, value: &Value) {
        // A value is JSON already.
        let Ok(raw) = serde_json::value::to_raw_value(value) else { return };
        self.0.retain(|(known, _)| &**known != name);
        self.push(name.to_owned(), raw);
    }

    pub(crate) fn push(&mut self, name: String, raw: Box<RawValue>) {
        self.0.push((name.into(), raw));
    }

    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
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

/// Defines an entity: fields with their names on the wire, and `extra` for all others. `Debug` shows the fields named
/// after `shows`, and nothing else.
///
/// ```text
/// entity! {
///     /// A cat.
///     pub struct Cat shows(id) {
///         /// Required: an answer without it is an error.
///         pub id: CatId = "id",
///         /// Optional: absent and null are None, and None is not written.
///         pub owner: Option<UserId> = opt "owner",
///         /// A time in any of Okta's forms; one that cannot be read is None.
///         pub born: Option<DateTime<Utc>> = time "born",
///         /// An object that stays text until it is asked for.
///         pub profile: Profile = lazy "profile",
///         /// Any type with a default, for a field that may be absent or null: an empty list.
///         pub kittens: Vec<CatId> = or_default "kittens",
///     }
/// }
/// ```
///
/// `#[serde(flatten)]` would do the same at twice the cost of decoding, and could not keep the others as text.
macro_rules! entity {
    (
        $(#[$meta:meta])*
        pub struct $name:ident shows($($shown:ident),*) {
            $($(#[$doc:meta])* pub $field:ident: $type:ty = $($how:ident)? $wire:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)+
            /// What else Okta sent.
            pub extra: $crate::entity::Extra,
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($shown), &self.$shown))*.finish_non_exhaustive()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> ::serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!("a ", stringify!($name)))
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $(let mut $field: Option<$type> = None;)+
                        let mut extra = $crate::entity::Extra::default();
                        while let Some(name) = map.next_key::<$crate::entity::Name<'de>>()? {
                            match &*name.0 {
                                $($wire => $field = Some($crate::entity::entity!(@read map, $($how)?)),)+
                                _ => extra.push(name.0.into_owned(), map.next_value()?),
                            }
                        }
                        Ok($name {
                            $($field: $crate::entity::entity!(@absent $field, $wire, $($how)?),)+
                            extra,
                        })
                    }
                }

                source.deserialize_map(Visitor)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                let mut map = to.serialize_map(None)?;
                $($crate::entity::entity!(@write map, self.$field, $wire, $($how)?);)+
                self.extra.write(&mut map)?;
                map.end()
            }
        }
    };
    (@read $map:ident,) => { $map.next_value()? };
    (@read $map:ident, opt) => { $map.next_value()? };
    (@read $map:ident, time) => { $map.next_value::<$crate::entity::Time>()?.0 };
    (@read $map:ident, or_default) => { $map.next_value::<Option<_>>()?.unwrap_or_default() };
    (@read $map:ident, lazy) => { $crate::entity::object(&mut $map)? };
    (@absent $field:ident, $wire:literal,) => {
        $field.ok_or_else(|| ::serde::de::Error::missing_field($wire))?
    };
    (@absent $field:ident, $wire:literal, lazy) => {
        $crate::entity::entity!(@absent $field, $wire,)
    };
    (@absent $field:ident, $wire:literal, $how:ident) => { $field.unwrap_or_default() };
    (@write $map:ident, $value:expr, $wire:literal,) => { $map.serialize_entry($wire, &$value)? };
    (@write $map:ident, $value:expr, $wire:literal, lazy) => { $map.serialize_entry($wire, &$value)? };
    (@write $map:ident, $value:expr, $wire:literal, or_default) => { $map.serialize_entry($wire, &$value)? };
    (@write $map:ident, $value:expr, $wire:literal, $how:ident) => {
        if let Some(value) = &$value {
            $map.serialize_entry($wire, value)?;
        }
    };
}
pub(crate) use entity;

/// A field's name, without a copy of it where that is possible.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

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

/// A time that need not be there.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Time(
    #[serde(deserialize_with = "crate::time::lenient")] pub(crate) Option<chrono::DateTime<chrono::Utc>>,
);

/// What can stay text until somebody asks for it.
pub(crate) trait Lazy {
    /// The object that `raw` is.
    fn unread(raw: Box<RawValue>) -> Self;
}

/// Reads an object that stays text.
pub(crate) fn object<'de, T: Lazy, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    let raw: Box<RawValue> = map.next_value()?;
    if raw.get().starts_with('{') { Ok(T::unread(raw)) } else { Err(A::Error::custom("this is no object")) }
}
