//! Enums that other people extend.

use std::fmt;
use std::marker::PhantomData;

/// Reads a word without a copy of it.
#[derive(Debug)]
pub struct Word<T>(pub PhantomData<T>);

impl<T: for<'a> From<&'a str>> serde::de::Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E>(self, word: &str) -> Result<T, E> {
        Ok(T::from(word))
    }
}

/// Defines an enum of a vendor's words that keeps a word it does not know: vendors add some at any time.
///
/// ```
/// client_core::open_enum!(
///     /// What a door is.
///     pub enum Door {
///         /// Anybody may pass.
///         Open = "OPEN",
///         /// Nobody may pass.
///         Shut = "SHUT",
///     }
/// );
///
/// assert_eq!(Door::from("SHUT"), Door::Shut);
/// assert_eq!(Door::Unknown("AJAR".into()).as_str(), "AJAR");
/// assert_eq!(serde_json::from_str::<Door>(r#""AJAR""#).unwrap(), Door::from("AJAR"));
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word newer than this crate.
            Unknown(String),
        }

        impl $name {
            /// The vendor's word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                source.deserialize_str($crate::__private::Word(::core::marker::PhantomData))
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
