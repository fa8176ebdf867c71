//! A ServiceNow instance: the Table API over a small schema, the Service Catalog, and the business rules
//! that tickets depend on.

mod added;
mod aggregate;
mod approvals;
mod attachments;
mod batch;
pub(crate) mod catalog;
pub(crate) mod dictionary;
mod display;
mod email;
pub(crate) mod error;
mod habits;
mod import;
mod journal;
mod later;
pub(crate) mod push;
mod query;
mod roles;
mod rules;
pub(crate) mod schema;
mod scim;
pub(crate) mod store;
mod table;
mod visibility;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::{Answer, Ask, JSON, Reply};
use crate::id;

pub use habits::{DataPolicy, Habits};
pub(crate) use store::{Instance, Record};

/// How many requests an hour the instance lets the integration user send, if a rule says so.
#[derive(Debug)]
pub(crate) struct HourlyRule {
    limit: u32,
    used: u32,
    reset: i64,
}

impl HourlyRule {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, used: 0, reset: 0 }
    }

    const ID: &'static str = "8c7d1d3a4fe2c7009aa0a9f18110c7ff";

    fn count(&mut self, now: i64) -> bool {
        if now >= self.reset {
            (self.used, self.reset) = (0, now - now.rem_euclid(3600) + 3600);
        }
        self.used += 1;
        self.used <= self.limit
    }
}

impl Instance {
    /// Answers a request: credentials, the hourly rule if there is one, then the call itself.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Answer {
        self.now = ask.at;
        attachments::scan(self, ask.at);
        self.catch_up(ask.at);
        if !self.authorises(ask) {
            return dressed(error::not_authenticated(), ask, false);
        }
        if let Some(refusal) = self.over_the_hour(ask) {
            return dressed(refusal, ask, true);
        }
        let answer = route(self, ask).unwrap_or_else(|refusal| refusal);
        let answer = if ask.method == "HEAD" { answer.without_body() } else { answer };
        dressed(self.with_rule(answer), ask, true)
    }

    /// The answer that a fault asked for.
    pub(crate) fn injected(status: u16, ask: &Ask) -> Answer {
        dressed(error::injected(status, ask), ask, true)
    }

    fn authorises(&self, ask: &Ask) -> bool {
        let expected = STANDARD.encode(format!("{}:{}", self.username, self.password));
        ask.header("authorization").and_then(|value| value.strip_prefix("Basic ")) == Some(expected.as_str())
    }

    fn over_the_hour(&mut self, ask: &Ask) -> Option<Answer> {
        let now = ask.at.timestamp();
        let rule = self.rule.as_mut()?;
        if rule.count(now) {
            return None;
        }
        Some(error::rate_limited(rule.limit, rule.reset, rule.reset - now, HourlyRule::ID))
    }

    fn with_rule(&self, answer: Answer) -> Answer {
        let Some(rule) = &self.rule else { return answer };
        answer
            .header("x-ratelimit-limit", &rule.limit.to_string())
            .header("x-ratelimit-reset", &rule.reset.to_string())
            .header("x-ratelimit-rule", HourlyRule::ID)
    }
}

fn route(instance: &mut Instance, ask: &Ask) -> Reply {
    check_headers(ask)?;
    let path: Vec<&str> = ask.segments.iter().map(String::as_str).collect();
    let rest = match path.as_slice() {
        ["api", "now", "table", rest @ ..] | ["api", "now", "v2", "table", rest @ ..] => rest,
        ["api", "now", "batch"] | ["api", "now", "v1", "batch"] => {
            return match ask.method.as_str() {
                "POST" => batch::send(instance, ask),
                method => Err(error::wrong_method(method)),
            };
        }
        ["api", "now", "attachment", rest @ ..] | ["api", "now", "v1", "attachment", rest @ ..] => {
            return attachments::route(instance, ask, rest);
        }
        ["api", "now", "stats", table] | ["api", "now", "v1", "stats", table] => {
            return match ask.method.as_str() {
                "GET" | "HEAD" => aggregate::stats(instance, ask, table),
                method => Err(error::wrong_method(method)),
            };
        }
        ["api", "now", "import", rest @ ..] => return import::route(instance, ask, rest),
        ["api", "sn_sc", "servicecatalog", rest @ ..] => return catalog::route(instance, ask, rest),
        ["api", "now", "scim", rest @ ..] => return scim::route(instance, ask, rest),
        ["api", "now", "email", rest @ ..] | ["api", "now", "v1", "email", rest @ ..] => {
            return email::route(instance, ask, rest);
        }
        ["api", "global", "user_role_inheritance"] => return roles::inheritance(instance, ask),
        ["api", ..] => return Err(ask.not_modelled("the API")),
        _ => return Err(error::no_resource()),
    };
    match (ask.method.as_str(), rest) {
        ("GET" | "HEAD", [table]) => table::list(instance, ask, table),
        ("POST", [table]) => table::create(instance, ask, table),
        ("GET" | "HEAD", [table, sys_id]) => table::get(instance, ask, table, sys_id),
        ("PATCH" | "PUT", [table, sys_id]) => table::update(instance, ask, table, sys_id),
        ("DELETE", [table, sys_id]) => table::delete(instance, ask, table, sys_id),
        (_, [_] | [_, _]) => Err(error::wrong_method(&ask.method)),
        _ => Err(error::no_resource()),
    }
}

fn check_headers(ask: &Ask) -> Result<(), Answer> {
    if ask.header("x-http-method-override").is_some_and(|method| method != ask.method) {
        return Err(ask.not_modelled("X-HTTP-Method-Override"));
    }
    if ask.accepts(&JSON)
        || (ask.path.starts_with("/api/now/scim/") && ask.accepts(&["application/scim+json"]))
    {
        return Ok(());
    }
    if ask.accepts(&["application/xml", "text/xml"]) {
        return Err(ask.not_modelled("XML as an answer"));
    }
    Err(error::not_acceptable())
}

/// Adds the headers that every answer of ServiceNow has.
fn dressed(mut answer: Answer, ask: &Ask, logged_in: bool) -> Answer {
    answer.name_charset();
    let session = id::sha256_hex(&ask.request_id);
    answer
        .header("server", "snow_adc")
        .header("x-is-logged-in", if logged_in { "true" } else { "false" })
        .header("x-is-visitor", "false")
        .header("x-transaction-id", &ask.request_id)
        .header("server-timing", &format!("t;desc=\"{}\", sem_wait;dur=0, sesh_wait;dur=0", &session[..12]))
        .header("pragma", "no-store,no-cache")
        .header("cache-control", "no-cache,no-store,must-revalidate,max-age=-1")
        .header("expires", "0")
        .header("set-cookie", &format!("JSESSIONID={}; Path=/; HttpOnly", &session[..32].to_uppercase()))
        .header("set-cookie", &format!("glide_user_route=glide.{}; Path=/; HttpOnly", &session[..32]))
        .header(
            "set-cookie",
            &format!("glide_session_store={}; Max-Age=300; Path=/; HttpOnly", &session[32..]),
        )
}
