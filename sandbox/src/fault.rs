//! Faults on demand: rules that make chosen requests go wrong.

use serde::{Deserialize, Serialize};

use crate::id::Ids;
use crate::record::System;

/// A rule that makes matching requests go wrong.
///
/// The same shape, as JSON, is what the control API's `POST /faults` takes.
///
/// ```
/// use sandbox::{Effect, Fault};
///
/// // The second user is created, but the caller never hears of it.
/// let lost_answer = Fault::okta("POST", "/api/v1/users$", Effect::CutAfter).skip(1);
/// assert_eq!(lost_answer.times, Some(1));
///
/// let from_json: Fault = serde_json::from_str(
///     r#"{"system":"servicenow","method":"PATCH","path":"/api/now/table/sc_task","effect":{"status":503},"times":3}"#,
/// )?;
/// assert_eq!(from_json.effect, Effect::Status(503));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose requests.
    pub system: System,
    /// A method in capitals, or `*` for any (the default).
    #[serde(default = "any")]
    pub method: String,
    /// Which paths, without the query: a prefix; a glob if it holds a `*`; exactly this path if it ends
    /// in `$`. Any path by default.
    #[serde(default = "any")]
    pub path: String,
    /// What goes wrong.
    pub effect: Effect,
    /// How many matching requests pass unharmed first. Default 0.
    #[serde(default)]
    pub skip: u32,
    /// How often it strikes; `None` (`null` in JSON) for always. Default once.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// How likely each matching request is hit, drawn from the sandbox's seed. Default 1.
    #[serde(default = "certain")]
    pub probability: f64,
}

/// What a [`Fault`] does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Answer normally after so many milliseconds. A frozen clock is advanced instead of waiting.
    DelayMs(u64),
    /// Do nothing and answer this status, 200 to 599, the way the vendor would.
    Status(u16),
    /// Do nothing and close the connection.
    CutBefore,
    /// Do what was asked, then close the connection without an answer.
    CutAfter,
    /// Do what was asked, then answer 200 with a body that is not JSON.
    Malformed,
    /// Do what was asked, then send half of the body.
    Truncated,
    /// Do what was asked, announce the whole body, send half of it, and close the connection.
    CutWithin,
    /// Do what was asked, then send a body of which one byte is another.
    Corrupted,
}

impl Fault {
    /// A fault of the Okta org that strikes once.
    pub fn okta(method: &str, path: &str, effect: Effect) -> Self {
        Self::on(System::Okta, method, path, effect)
    }

    /// A fault of the ServiceNow instance that strikes once.
    pub fn servicenow(method: &str, path: &str, effect: Effect) -> Self {
        Self::on(System::ServiceNow, method, path, effect)
    }

    /// A fault of either that strikes once.
    pub fn on(system: System, method: &str, path: &str, effect: Effect) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { system, method, path, effect, skip: 0, times: Some(1), probability: 1.0 }
    }

    /// Lets the first `n` matching requests pass.
    #[must_use]
    pub fn skip(mut self, n: u32) -> Self {
        self.skip = n;
        self
    }

    /// Strikes `n` times.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.times = Some(n);
        self
    }

    /// Strikes until the faults are cleared.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Strikes each matching request with this probability.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// What in it cannot be done.
    pub(crate) fn flaw(&self) -> Option<String> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Some(format!("probability: {} is not between 0 and 1", self.probability));
        }
        match self.effect {
            Effect::Status(status) if !(200..600).contains(&status) => {
                Some(format!("status: {status} is not between 200 and 599"))
            }
            _ => None,
        }
    }

    fn matches(&self, system: System, method: &str, path: &str) -> bool {
        let method_fits = self.method == "*" || self.method.eq_ignore_ascii_case(method);
        self.system == system && method_fits && path_fits(&self.path, path)
    }
}

fn any() -> String {
    "*".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn once() -> Option<u32> {
    Some(1)
}

fn certain() -> f64 {
    1.0
}

fn path_fits(pattern: &str, path: &str) -> bool {
    if let Some(exact) = pattern.strip_suffix('$') {
        return glob_fits(exact, path);
    }
    if pattern.contains('*') { glob_fits(pattern, path) } else { path.starts_with(pattern) }
}

/// `*` stands for any text, slashes too.
fn glob_fits(pattern: &str, path: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(mut left) = path.strip_prefix(head) else { return false };
    if !rest.contains('*') {
        return left.ends_with(rest);
    }
    loop {
        if glob_fits(rest, left) {
            return true;
        }
        let mut chars = left.chars();
        if chars.next().is_none() {
            return false;
        }
        left = chars.as_str();
    }
}

/// The faults in force, and how often each has matched.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Armed>,
    dice: Ids,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: u32,
    struck: u32,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), dice: Ids::new(seed, "fault") }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.rules.push(Armed { fault, seen: 0, struck: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The effects that strike this request: at most one delay and one other, the oldest rules first.
    pub(crate) fn strike(
        &mut self,
        system: System,
        method: &str,
        path: &str,
    ) -> (Option<u64>, Option<Effect>) {
        let (mut delay, mut effect) = (None, None);
        for rule in &mut self.rules {
            let taken =
                if let Effect::DelayMs(_) = rule.fault.effect { delay.is_some() } else { effect.is_some() };
            if taken || !rule.fault.matches(system, method, path) || !rule.fires(&mut self.dice) {
                continue;
            }
            match rule.fault.effect {
                Effect::DelayMs(ms) => delay = Some(ms),
                other => effect = Some(other),
            }
        }
        (delay, effect)
    }
}

impl Armed {
    fn fires(&mut self, dice: &mut Ids) -> bool {
        if self.fault.times.is_some_and(|times| self.struck >= times) {
            return false;
        }
        self.seen += 1;
        let fires = self.seen > self.fault.skip && dice.chance(self.fault.probability);
        self.struck += u32::from(fires);
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_by_prefix_glob_or_exactly() {
        let cases = [
            ("/api/v1/users", "/api/v1/users/00u/lifecycle/activate", true),
            ("/api/v1/users$", "/api/v1/users/00u", false),
            ("/api/v1/users$", "/api/v1/users", true),
            ("/api/v1/users/*/lifecycle/activate", "/api/v1/users/00u/lifecycle/activate", true),
            ("/api/v1/users/*/lifecycle/activate", "/api/v1/users/00u/lifecycle/deactivate", false),
            ("/api/v1/groups/*/users/*", "/api/v1/groups/00g/users/00u", true),
            ("*", "/anything", true),
        ];
        for (pattern, path, fits) in cases {
            assert_eq!(path_fits(pattern, path), fits, "{pattern} on {path}");
        }
    }

    #[test]
    fn a_fault_skips_strikes_and_is_spent() {
        let mut faults = Faults::new(1);
        faults.add(Fault::okta("GET", "/a", Effect::CutBefore).skip(1).times(2));
        let struck: Vec<bool> =
            (0..5).map(|_| faults.strike(System::Okta, "GET", "/a").1.is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn an_unknown_member_or_effect_is_refused() {
        let bad = r#"{"system":"okta","effect":"explode"}"#;
        assert!(serde_json::from_str::<Fault>(bad).is_err());
        let typo = r#"{"system":"okta","effect":"cut_after","tmes":2}"#;
        assert!(serde_json::from_str::<Fault>(typo).is_err());
    }
}
