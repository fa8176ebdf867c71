//! Phone numbers.

use std::fmt;
use std::str::FromStr;

use client_core::InvalidId;

/// A phone number in E.164's form: `+` and up to 15 digits, the country's first. Its `Debug` hides it.
///
/// Spaces, dots and dashes between digits are taken out. Nothing else is: `(0)` may have to be dialled or left out.
///
/// ```
/// use okta_client::factors::PhoneNumber;
///
/// let number: PhoneNumber = "+1-555-415-1337".parse().unwrap();
/// assert_eq!(number.as_str(), "+15554151337");
/// assert!("0555 415 1337".parse::<PhoneNumber>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number: `+15554151337`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
        let digits = number.strip_prefix('+').unwrap_or_default();
        let good = (2..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if good {
            return Ok(Self(number));
        }
        // What is no number may still be somebody's.
        Err(InvalidId::new("PhoneNumber", "…", "E.164: + and up to 15 digits, the country's first"))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_can_be_dialled_from_anywhere_is_a_number() {
        for (text, number) in [
            ("+15554151337", Some("+15554151337")),
            ("+47 22 33 44 55", Some("+4722334455")),
            ("+1.555.415-1337", Some("+15554151337")),
            ("+123456789012345", Some("+123456789012345")),
            ("+1234567890123456", None),
            ("+44 (0)20 7946 0000", None),
            ("+0123456", None),
            ("15554151337", None),
            ("++15554151337", None),
            ("+1", None),
            ("+", None),
            ("", None),
            ("+1555415133x", None),
            ("+١٢٣٤٥", None),
        ] {
            assert_eq!(text.parse::<PhoneNumber>().ok().as_ref().map(PhoneNumber::as_str), number, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_plus_and_digits(text in r"[+0-9 .()\-]{0,20}") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                let digits = number.as_str().strip_prefix('+').unwrap();
                prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= 15);
                prop_assert_eq!(number.as_str().parse::<PhoneNumber>().unwrap(), number);
            }
        }

        #[test]
        fn neither_a_number_nor_what_is_none_is_shown(text in r"\+?[0-9]{5,17}") {
            let shown = format!("{:?}", text.parse::<PhoneNumber>());
            prop_assert!(!shown.contains(text.trim_start_matches('+')), "{}", shown);
        }
    }
}
