//! A file that is to be attached.

use std::fmt;

use client_core::Upload;

/// A file to attach: name, media type and content.
#[derive(Clone)]
pub struct NewAttachment {
    pub(super) file_name: String,
    pub(super) content_type: String,
    pub(super) body: Upload,
}

impl NewAttachment {
    /// A file with this name (no path), media type (`text/csv`) and content. What is wrong with them is said when it is
    /// sent.
    pub fn new(file_name: impl Into<String>, content_type: impl Into<String>, body: Upload) -> Self {
        Self { file_name: file_name.into(), content_type: content_type.into(), body }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.file_name
    }

    /// What of it must not be sent.
    pub(super) fn flaw(&self, extensions: Option<&[String]>) -> Option<String> {
        let why = flaw_of_name(&self.file_name).or_else(|| flaw_of_type(&self.content_type));
        why.map(str::to_owned).or_else(|| flaw_of_extension(&self.file_name, extensions?))
    }
}

/// Names may be people's data.
impl fmt::Debug for NewAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAttachment")
            .field("content_type", &self.content_type)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// Whoever downloads it may use the name as it is.
pub(super) fn flaw_of_name(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() || matches!(name, "." | "..") {
        return Some("the file has no name");
    }
    if name.contains(['/', '\\']) {
        return Some("the file's name holds a path: give the name alone");
    }
    name.contains(char::is_control)
        .then_some("the file's name holds a line break or another control character")
}

/// `type/subtype`, and parameters after a semicolon.
fn flaw_of_type(kind: &str) -> Option<&'static str> {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let proper = essence.split_once('/').is_some_and(|(kind, subtype)| word(kind) && word(subtype));
    (!proper).then_some("the file's media type must be like text/csv")
}

fn flaw_of_extension(name: &str, allowed: &[String]) -> Option<String> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = allowed.iter().any(|one| one.eq_ignore_ascii_case(extension));
    (!known).then(|| format!("the file's name does not end in one of {}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        for name in ["", " ", ".", "..", "a/b", "..\\b", "a\nb", "a\0", "\u{7f}"] {
            assert!(flaw_of_name(name).is_some(), "{name:?}");
        }
        for name in ["a.csv", "O'Brien \"50%\" & co.pdf", "Gehälter 💰.xlsx", ".bashrc", "a..b"] {
            assert_eq!(flaw_of_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_media_type_has_two_words() {
        for kind in ["", "csv", "text/", "/csv", "text/csv, text/plain", "text/c sv", "text/csv\r\nx: y"] {
            assert!(flaw_of_type(kind).is_some(), "{kind:?}");
        }
        for kind in ["text/csv", "text/plain; charset=utf-8", "application/vnd.ms-excel", "image/svg+xml"] {
            assert_eq!(flaw_of_type(kind), None, "{kind:?}");
        }
    }

    #[test]
    fn extensions_are_compared_in_any_case() {
        let allowed = ["csv".to_owned(), "PDF".to_owned()];
        for (name, fits) in [("a.CSV", true), ("a.pdf", true), ("a.csv.exe", false), ("csv", false)] {
            assert_eq!(flaw_of_extension(name, &allowed).is_none(), fits, "{name}");
        }
    }
}
