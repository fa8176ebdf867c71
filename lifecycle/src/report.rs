//! Reports: what auditors, and everybody else, ask afterwards.

mod thread;

pub use self::thread::{LogEntry, StepThread, Thread, ThreadError, TicketNote, thread};
