//! Reports: what auditors, and everybody else, ask afterwards.

pub(crate) mod text;
mod thread;

pub use self::text::printable;
pub use self::thread::{LogEntry, StepThread, Thread, ThreadError, TicketNote, thread};
