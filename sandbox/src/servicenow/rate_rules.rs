//! Rate-limit rules: so many requests an hour, counted by each node and summed now and then.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::error;
use crate::http::{Answer, Ask};

/// How often the nodes of an instance add up what each has counted, in seconds.
const SUMMED: i64 = 30;

const HOUR: i64 = 3600;

/// A rule of `sys_rate_limit_rules` about the integration user. Of several that cover a request the lowest counts.
///
/// ```
/// use sandbox::RateRule;
///
/// let incidents = RateRule { limit: 1000, path: "/api/now/table/incident".to_owned(), ..RateRule::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateRule {
    /// Its key, as `X-RateLimit-Rule` tells it. Rules need different ones.
    pub sys_id: String,
    /// How many requests an hour, from the full hour on. Default 100.
    pub limit: u32,
    /// What it covers: this path and all below. Default all of the API.
    pub path: String,
    /// The only method that it covers. Default none: all methods.
    pub method: Option<String>,
}

impl Default for RateRule {
    fn default() -> Self {
        let sys_id = "8c7d1d3a4fe2c7009aa0a9f18110c7ff".to_owned();
        Self { sys_id, limit: 100, path: "/api".to_owned(), method: None }
    }
}

impl RateRule {
    fn covers(&self, ask: &Ask) -> bool {
        let below = ask.path.strip_prefix(self.path.trim_end_matches('/'));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && self.method.as_ref().is_none_or(|method| *method == ask.method)
    }
}

/// What the nodes have counted, by rule.
#[derive(Debug, Default)]
pub(crate) struct Counts(HashMap<String, Count>);

#[derive(Debug, Default)]
struct Count {
    reset: i64,
    /// All nodes together, when they were last added up.
    sum: u32,
    summed_at: i64,
    /// What each node has counted since.
    since: HashMap<usize, u32>,
}

/// The headers of the rule that counted a request, and whether it may pass.
#[derive(Debug)]
pub(super) struct Standing {
    limit: u32,
    reset: i64,
    rule: String,
    refused_for: Option<i64>,
}

impl Counts {
    /// Counts a request on a node, if a rule covers it.
    pub(super) fn count(&mut self, rules: &[RateRule], ask: &Ask, node: usize) -> Option<Standing> {
        let rule = rules.iter().filter(|rule| rule.covers(ask)).min_by_key(|rule| rule.limit)?;
        let count = self.0.entry(rule.sys_id.clone()).or_default();
        let now = ask.at.timestamp();
        let passes = count.add(now, node) <= rule.limit;
        let refused_for = (!passes).then_some(count.reset - now);
        Some(Standing { limit: rule.limit, reset: count.reset, rule: rule.sys_id.clone(), refused_for })
    }
}

impl Count {
    /// Adds a request, and tells how many there were as far as the node knows.
    fn add(&mut self, now: i64, node: usize) -> u32 {
        if now >= self.reset {
            *self = Self { reset: now - now.rem_euclid(HOUR) + HOUR, ..Self::default() };
        }
        if now.div_euclid(SUMMED) > self.summed_at.div_euclid(SUMMED) {
            self.sum += self.since.drain().map(|(_, count)| count).sum::<u32>();
            self.summed_at = now;
        }
        let since = self.since.entry(node).or_default();
        *since += 1;
        self.sum + *since
    }
}

impl Standing {
    /// The refusal, if it is one.
    pub(super) fn refusal(&self) -> Option<Answer> {
        let Self { limit, reset, rule, refused_for } = self;
        refused_for.map(|wait| error::rate_limited(*limit, *reset, wait, rule))
    }

    pub(super) fn told(&self, answer: Answer) -> Answer {
        answer
            .header("x-ratelimit-limit", &self.limit.to_string())
            .header("x-ratelimit-reset", &self.reset.to_string())
            .header("x-ratelimit-rule", &self.rule)
    }
}
