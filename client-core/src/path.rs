//! URL paths whose segments are encoded by the type that holds them.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path such as `/api/v1/users/00u1`: fixed words, and values that come from outside.
///
/// A value is one segment whatever it holds, so it cannot change the route. What no encoding can make safe
/// (an empty segment, `.` and `..`) makes the request invalid before it is sent.
///
/// ```
/// use client_core::Path;
///
/// let path = Path::new("/api/v1/users").value("ann/../admin@example.com").word("groups");
/// assert_eq!(path.encoded(), "/api/v1/users/ann%2F..%2Fadmin%40example.com/groups");
/// assert_eq!(path.template(), "/api/v1/users/{}/groups");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Path {
    encoded: String,
    template: String,
    flaw: Option<&'static str>,
}

impl Path {
    /// Starts with fixed words, `/api/v1/users`.
    #[must_use]
    pub fn new(words: &'static str) -> Self {
        debug_assert!(words.starts_with('/') && !words.ends_with('/'));
        Self { encoded: words.to_owned(), template: words.to_owned(), flaw: None }
    }

    /// Adds fixed words, `groups` or `lifecycle/activate`.
    #[must_use]
    pub fn word(mut self, words: &'static str) -> Self {
        for text in [&mut self.encoded, &mut self.template] {
            text.push('/');
            text.push_str(words);
        }
        self
    }

    /// Adds one segment that comes from outside: an id, a login, a table's name.
    #[must_use]
    pub fn value(mut self, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if matches!(value, "" | "." | "..") {
            self.flaw = Some("a path segment is empty, `.` or `..`");
        }
        self.encoded.push('/');
        self.encoded.extend(utf8_percent_encode(value, SEGMENT));
        self.template.push_str("/{}");
        self
    }

    /// A path and query below `root` that the vendor gave, in a link to the next page: used byte for byte.
    /// Which of its words are values nobody knows, so the template has none of them.
    pub(crate) fn verbatim(root: &str, path: String) -> Self {
        Self { encoded: path, template: format!("{}/{{}}", root.trim_end_matches('/')), flaw: None }
    }

    /// The path as it goes over the wire.
    #[must_use]
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The path with `{}` for values: safe to log, and the same for all calls of one endpoint.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    pub(crate) fn flaw(&self) -> Option<&'static str> {
        self.flaw
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_stays_one_segment(value in ".*") {
            let path = Path::new("/a").value(&value).word("b");
            prop_assume!(path.flaw().is_none());
            let url = url::Url::parse(&format!("https://host{}", path.encoded())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, value);
        }
    }

    #[test]
    fn a_segment_that_would_climb_is_a_flaw() {
        for value in ["", ".", ".."] {
            assert!(Path::new("/a").value(value).flaw().is_some(), "{value:?}");
        }
    }
}
