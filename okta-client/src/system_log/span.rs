//! Pieces of an event's text, without copies of them.

use serde_json::value::RawValue;

/// Where a piece of JSON stands in a longer text. Of a piece that is not there it is empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Of `part`, which must be a piece of `whole` itself and no copy.
    pub(super) fn of(part: Option<&RawValue>, whole: &str) -> Self {
        part.map_or_else(Self::default, |part| Self::between(part.get(), whole))
    }

    fn between(part: &str, whole: &str) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        match (u32::try_from(start), u32::try_from(part.len())) {
            (Ok(start), Ok(length)) => Self { start, length },
            _ => Self::default(),
        }
    }

    pub(super) fn get(self, whole: &str) -> Option<&str> {
        self.slice(whole).filter(|piece| !piece.is_empty())
    }

    fn slice(self, whole: &str) -> Option<&str> {
        let start = usize::try_from(self.start).ok()?;
        whole.get(start..start + usize::try_from(self.length).ok()?)
    }
}

/// A JSON string: where its text stands, or the text itself if it was written with escapes.
#[derive(Debug, Clone)]
pub(super) enum Text {
    At(Span),
    Own(Box<str>),
}

impl Text {
    /// Of a string; `None` of anything else.
    pub(super) fn of(part: Option<&RawValue>, whole: &str) -> Option<Self> {
        let part = part?.get();
        let text = part.strip_prefix('"')?.strip_suffix('"')?;
        if text.contains('\\') {
            return serde_json::from_str(part).ok().map(Self::Own);
        }
        Some(Self::At(Span::between(text, whole)))
    }

    pub(super) fn get<'a>(&'a self, whole: &'a str) -> Option<&'a str> {
        match self {
            Self::At(span) => span.slice(whole),
            Self::Own(text) => Some(text),
        }
    }
}
