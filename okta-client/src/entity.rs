//! What Okta answers: typed fields, and every other field kept as it came.

use serde::Deserialize;
use serde::de::{Error as _, MapAccess};
use serde_json::value::RawValue;

pub(crate) use client_core::__private::Name;
pub use client_core::Extra;

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
