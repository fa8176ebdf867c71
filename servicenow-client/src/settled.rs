//! What becomes of a change that makes sense only while a record is open.

/// What became of a change that makes sense only while a record is open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "somebody else may have been faster"]
pub enum Settled<T> {
    /// It was done now.
    Now(T),
    /// It was so already. Nothing was written.
    Before(T),
    /// The record is past it, in the state that it shows. Nothing was written.
    Otherwise(T),
}

impl<T> Settled<T> {
    /// The record, if it is as it was meant to be, whoever made it so.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Now(record) | Self::Before(record) => Some(record),
            Self::Otherwise(_) => None,
        }
    }
}
