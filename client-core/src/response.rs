//! An answer, whole, and how it is read.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An HTTP answer with its body. Its `Debug` shows no body.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most as long as the client's cap.
    pub body: Bytes,
}

impl Response {
    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// If it is not what was expected. The error names the place in the document, never its content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        read_json(&self.body)
    }

    /// A header as text, if there is exactly one with that name and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()
    }

    /// Whether the body calls itself JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
    }
}

/// Reads JSON.
///
/// # Errors
///
/// If it is not what was expected. The error names the place in the document, never its content.
pub fn read_json<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, DecodeError> {
    // To know the place costs more than to read, so it is looked for only once something is wrong.
    serde_json::from_slice(json).or_else(|_| read_with_place(json))
}

fn read_with_place<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, DecodeError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let at = error.path().to_string();
        DecodeError { at, expected: reason(error.inner()) }
    })?;
    reader.end().map_err(|error| DecodeError { at: ".".into(), expected: reason(&error) })?;
    Ok(value)
}

/// What serde says quotes the value that it did not like, and a value may be anybody's secret: keep the
/// kind of fault and the place.
fn reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let kind = match error.classify() {
        Category::Io | Category::Syntax => "broken JSON",
        Category::Eof => "JSON that was cut short",
        Category::Data => "a value of another shape than expected",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// An answer that cannot be read. Says where and why, never what stood there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}, at `{at}`")]
pub struct DecodeError {
    at: String,
    expected: String,
}

impl DecodeError {
    /// A fault found at `at`.
    #[must_use]
    pub fn new(at: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { at: at.into(), expected: fault.into() }
    }

    /// The same fault, in a document of which this one was a part.
    #[must_use]
    pub fn within(mut self, part: &str) -> Self {
        self.at = if self.at == "." { part.to_owned() } else { format!("{part}.{}", self.at) };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Response {
        Response {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_decode_error_names_the_place_and_not_the_value() {
        #[derive(Debug, serde::Deserialize)]
        struct Row {
            #[expect(dead_code, reason = "only decoded")]
            n: u8,
        }
        let error = answer(r#"[{"n":1},{"n":"hunter2"}]"#).json::<Vec<Row>>().unwrap_err();
        let text = error.to_string();
        assert!(text.contains("[1].n"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn text_after_the_document_is_refused() {
        assert!(answer("{}trailing").json::<serde_json::Value>().is_err());
    }
}
