//! A ServiceNow instance: the Table API over a small schema, the Service Catalog, and the business rules
//! that tickets depend on.

mod access;
mod added;
mod aggregate;
pub(crate) mod approvals;
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
mod oauth;
pub(crate) mod push;
mod query;
mod rate_rules;
mod roles;
mod rules;
pub(crate) mod schema;
mod scim;
pub(crate) mod store;
mod table;
pub(crate) mod traffic;
mod visibility;

use std::mem;

use crate::http::{Answer, Ask, JSON, Reply};

pub use access::ApiKey;
use access::Caller;
pub use habits::{DataPolicy, Habits};
pub use oauth::OAuthClient;
pub use rate_rules::RateRule;
use rate_rules::Standing;
pub(crate) use store::{Instance, Record};
pub use traffic::Capacity;
use traffic::Visit;

impl Instance {
    /// Answers a request: credentials, its turn, the hourly rule if there is one, then the call itself, as who calls.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Answer {
        self.now = ask.at;
        attachments::scan(self, ask.at);
        self.catch_up(ask.at);
        if let Some(answer) = oauth::route(self, ask) {
            return dressed(answer, ask, false);
        }
        let Some(caller) = self.caller(ask) else {
            return dressed(error::not_authenticated(), ask, false);
        };
        let (visit, turned_away) = self.traffic.enter(ask, &self.habits.capacity);
        let own = self.act_as(caller);
        let answer = turned_away.unwrap_or_else(|| self.admitted(ask, visit.node));
        self.act_as(own);
        let answer = if ask.method == "HEAD" { answer.without_body() } else { answer };
        dressed_in(&visit, answer, ask, true)
    }

    /// Answers who acted before.
    fn act_as(&mut self, Caller { sys_id, user_name }: Caller) -> Caller {
        let (user, name) = (&mut self.user, &mut self.user_name);
        Caller { sys_id: mem::replace(user, sys_id), user_name: mem::replace(name, user_name) }
    }

    fn admitted(&mut self, ask: &Ask, node: usize) -> Answer {
        let standing = self.counts.count(&self.habits.rate_rules, ask, node);
        if let Some(refusal) = standing.as_ref().and_then(Standing::refusal) {
            return refusal;
        }
        let answer = route(self, ask).unwrap_or_else(|refusal| refusal);
        match standing {
            Some(standing) => standing.told(answer),
            None => answer,
        }
    }

    /// The refusal of a part of a batch, if it is counted like a request of its own.
    fn over_the_hour(&mut self, ask: &Ask) -> Option<Answer> {
        self.counts.count(&self.habits.rate_rules, ask, 0)?.refusal()
    }

    /// The answer that a fault asked for.
    pub(crate) fn injected(status: u16, ask: &Ask) -> Answer {
        dressed(error::injected(status, ask), ask, true)
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
fn dressed(answer: Answer, ask: &Ask, logged_in: bool) -> Answer {
    dressed_in(&Visit::passing(ask), answer, ask, logged_in)
}

fn dressed_in(visit: &Visit, mut answer: Answer, ask: &Ask, logged_in: bool) -> Answer {
    answer.name_charset();
    let answer = answer
        .header("server", "snow_adc")
        .header("x-is-logged-in", if logged_in { "true" } else { "false" })
        .header("x-is-visitor", "false")
        .header("x-transaction-id", &ask.request_id)
        .header("pragma", "no-store,no-cache")
        .header("cache-control", "no-cache,no-store,must-revalidate,max-age=-1")
        .header("expires", "0");
    visit.told(answer)
}
