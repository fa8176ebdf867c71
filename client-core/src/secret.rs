//! Secrets, and text that may hold one.

pub use secrecy::{ExposeSecret, SecretString};
