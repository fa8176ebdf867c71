//! Ids, tokens and dice that depend on the seed alone, so that a run can be repeated.

use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id of an Okta group of the sandbox's company. It depends on the name only, so a static policy
/// file can name the group whatever the seed.
///
/// ```
/// assert_eq!(sandbox::group_id("Engineering").len(), 20);
/// ```
pub fn group_id(name: &str) -> String {
    okta_form("00g", &Sha256::digest(format!("group:{name}")).into())
}

/// The id of an app of the sandbox's company. Like that of a group it depends on the name only.
///
/// ```
/// assert!(sandbox::app_id("Salesforce").starts_with("0oa"));
/// ```
pub fn app_id(label: &str) -> String {
    okta_form("0oa", &Sha256::digest(format!("app:{label}")).into())
}

/// A stream of ids from one seed.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    seed: u64,
    stream: &'static str,
    next: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64, stream: &'static str) -> Self {
        Self { seed, stream, next: 0 }
    }

    fn draw(&mut self) -> [u8; 32] {
        self.next += 1;
        Sha256::digest(format!("{}:{}:{}", self.stream, self.seed, self.next)).into()
    }

    /// A 20-character id: kind and 17 more.
    pub(crate) fn okta(&mut self, prefix: &str) -> String {
        okta_form(prefix, &self.draw())
    }

    /// `length` characters of `[0-9A-Za-z]`, at most 32.
    pub(crate) fn base62(&mut self, length: usize) -> String {
        self.draw().iter().take(length).map(|byte| base62_char(*byte)).collect()
    }

    /// Lower-case hex, at most 64 characters.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        hex(&self.draw(), length)
    }

    /// A UUID's form.
    pub(crate) fn uuid(&mut self) -> String {
        let all = self.hex(32);
        [&all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..]].join("-")
    }

    /// A number below `bound`; 0 if there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bytes = self.draw();
        let dice = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        usize::try_from(dice).unwrap_or_default().checked_rem(bound).unwrap_or_default()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let bytes = self.draw();
        let dice = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        f64::from(dice) / f64::from(u32::MAX) < probability
    }
}

pub(crate) fn hex(bytes: &[u8], length: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.take(length).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// SHA-256 as 64 hex digits.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text), 64)
}

fn okta_form(prefix: &str, bytes: &[u8; 32]) -> String {
    let tail: String = bytes.iter().take(17).map(|byte| base62_char(*byte)).collect();
    format!("{prefix}{tail}")
}

fn base62_char(byte: u8) -> char {
    char::from(BASE62[usize::from(byte) % 62])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_ids_stay_what_policy_files_say() {
        assert_eq!(group_id("Engineering"), "00gmPBLlH3OAo1Vhf3bC");
        assert_eq!(group_id("GitHub Users"), "00gUwkmQXSi5DTFUc9Xr");
    }
}
