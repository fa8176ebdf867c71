//! Identifier newtypes.

/// Why a text is no identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}: {rule}")]
pub struct InvalidId {
    /// The type that was asked for, for instance `UserId`.
    pub kind: &'static str,
    /// What was given, cut to 80 characters.
    pub text: String,
    /// What would be right.
    pub rule: &'static str,
}

impl InvalidId {
    /// Says that `text` is no `kind`, and what `rule` it breaks.
    #[must_use]
    pub fn new(kind: &'static str, text: &str, rule: &'static str) -> Self {
        Self { kind, text: text.chars().take(80).collect(), rule }
    }
}

/// Defines an identifier newtype: validated on the way in, transparent on the way out.
///
/// The last argument is the rule, a `fn(&str) -> bool`, and before it stands the rule in words.
///
/// ```
/// client_core::define_id!(
///     /// A room.
///     RoomId, "digits only", |text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
/// );
///
/// let room: RoomId = "101".parse().unwrap();
/// assert_eq!(room.as_str(), "101");
/// assert_eq!("x".parse::<RoomId>().unwrap_err().to_string(), r#""x" is no RoomId: digits only"#);
/// ```
#[macro_export]
macro_rules! define_id {
    ($(#[$meta:meta])* $name:ident, $rule:literal, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, $crate::__private::Serialize, $crate::__private::Deserialize)]
        #[serde(crate = "client_core::__private::serde", try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as the vendor writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::InvalidId::new(stringify!($name), text, $rule))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
