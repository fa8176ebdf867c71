//! Creating a record once, however often it is tried.

/// A record that is there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// It was not there, and now is.
    Created(T),
    /// It was there. Nothing was written, and its fields may differ from what would have been.
    Found(T),
}

impl<T> Once<T> {
    /// The record.
    pub fn record(&self) -> &T {
        match self {
            Self::Created(record) | Self::Found(record) => record,
        }
    }

    /// The record.
    pub fn into_record(self) -> T {
        match self {
            Self::Created(record) | Self::Found(record) => record,
        }
    }

    /// Whether it was not there before.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::Created(_))
    }
}
