//! An Okta org: users, groups, memberships and the System Log.

mod api_tokens;
mod apps;
mod authenticators;
mod circumstances;
pub(crate) mod consents;
mod credentials;
mod devices;
pub(crate) mod error;
pub(crate) mod factors;
mod filter;
mod governance;
mod group_rules;
mod groups;
pub(crate) mod hooks;
mod iam;
mod identity_sources;
mod index;
mod lifecycle;
mod linked;
pub(crate) mod log;
mod mastering;
mod memberships;
mod oauth;
mod org;
mod owners;
mod page;
mod profile;
mod rate_limit_settings;
pub(crate) mod roles;
mod sessions;
mod sign_in;
mod signout;
mod types;
pub(crate) mod users;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::clock::okta_time;
use crate::http::{Answer, Ask, JSON, Reply};
use crate::id::Ids;
use crate::limits::{Setup, Standing, Windows};

pub use factors::PushAnswer;
pub use oauth::ServiceApp;
pub use sign_in::SignIn;

pub(crate) use apps::{App, Apps, Pushes};
pub(crate) use groups::{Group, Groups, Kind};
pub(crate) use users::{Status, User, Users};

/// The org's state.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) ids: Ids,
    pub(crate) token: String,
    /// The id of the admin who made the token: whom `me` names and the log blames.
    pub(crate) token_owner: String,
    pub(crate) types: types::Types,
    pub(crate) relations: linked::Relations,
    /// Features that the org has no licence for.
    pub(crate) switched_off: BTreeSet<String>,
    /// Whether passwords of directories can be reset from here.
    pub(crate) delegated_reset: bool,
    /// How long an activation or deactivation takes.
    pub(crate) transition_time: TimeDelta,
    pub(crate) users: Users,
    pub(crate) groups: Groups,
    pub(crate) apps: Apps,
    pub(crate) rules: group_rules::Rules,
    pub(crate) log: log::SystemLog,
    pub(crate) mails: Vec<Value>,
    pub(crate) oauth: oauth::OAuth,
    pub(crate) hooks: hooks::Hooks,
    pub(crate) api_tokens: api_tokens::ApiTokens,
    pub(crate) factors: factors::Factors,
    pub(crate) iam: iam::Iam,
    pub(crate) roles: roles::Roles,
    pub(crate) devices: devices::Devices,
    pub(crate) governance: governance::Governance,
    pub(crate) rate_limits: rate_limit_settings::RateLimitSettings,
    pub(crate) sessions: Vec<sessions::Session>,
    pub(crate) sources: Vec<identity_sources::Source>,
    /// What HR says of people.
    pub(crate) mastered: mastering::Mastered,
    windows: Windows,
}

/// What an org is made with.
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) limits: Setup,
    pub(crate) search_lag: TimeDelta,
    pub(crate) log_lag: TimeDelta,
    pub(crate) custom_attributes: BTreeSet<String>,
}

impl Org {
    pub(crate) fn new(settings: Settings) -> Self {
        let mut ids = Ids::new(settings.seed, "okta");
        Self {
            token: format!("00{}{}", ids.base62(20), ids.base62(20)),
            token_owner: String::new(),
            ids,
            types: types::Types::new(&settings.custom_attributes),
            relations: linked::Relations::default(),
            switched_off: BTreeSet::new(),
            delegated_reset: false,
            transition_time: TimeDelta::zero(),
            users: Users::new(settings.search_lag),
            groups: Groups::new(settings.search_lag),
            apps: Apps::default(),
            rules: group_rules::Rules::default(),
            log: log::SystemLog::new(settings.seed, settings.log_lag),
            mails: Vec::new(),
            oauth: oauth::OAuth::default(),
            hooks: hooks::Hooks::default(),
            api_tokens: api_tokens::ApiTokens::default(),
            factors: factors::Factors::default(),
            iam: iam::Iam::default(),
            roles: roles::Roles::default(),
            devices: devices::Devices::new(settings.search_lag),
            governance: governance::Governance::default(),
            rate_limits: rate_limit_settings::RateLimitSettings::default(),
            sessions: Vec::new(),
            sources: Vec::new(),
            mastered: mastering::Mastered::new(),
            windows: Windows::new(settings.limits),
        }
    }

    pub(crate) fn concurrency(&self) -> usize {
        self.windows.setup().concurrency()
    }

    /// Answers a request: credentials, rate limit, then the call itself.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Answer {
        let caller = match oauth::caller(self, ask) {
            _ if Self::is_open(ask) => None,
            Some(Err(refusal)) => return dressed(refusal, ask, None),
            Some(Ok(caller)) => Some(caller),
            None => {
                // Okta's Python SDK sends no space between scheme and token.
                let token = ask.header("authorization").and_then(|value| value.strip_prefix("SSWS"));
                if token.map(str::trim) != Some(self.token.as_str()) || !self.api_tokens.own_lives() {
                    return dressed(error::invalid_token(), ask, None);
                }
                None
            }
        };
        lifecycle::settle(self, ask.at);
        let standing = self.windows.count(ask);
        let answer = if !standing.passes {
            error::rate_limited()
        } else if ask.path == oauth::TOKEN_PATH {
            oauth::token(self, ask).unwrap_or_else(|refusal| refusal)
        } else if let Some(stop) = caller.and_then(|caller| caller.stopped(ask)) {
            stop
        } else if roles::is_reserved(self, ask) && !self.caller_is_super() {
            error::forbidden()
        } else {
            route(self, ask).unwrap_or_else(|refusal| refusal)
        };
        dressed(answer, ask, Some(standing))
    }

    fn caller_is_super(&self) -> bool {
        let owner = || roles::Holder::User(self.token_owner.clone());
        roles::is_super(self, &self.oauth.acting().unwrap_or_else(owner))
    }

    /// The answer to one request too many in flight.
    pub(crate) fn too_busy(ask: &Ask) -> Answer {
        dressed(error::rate_limited(), ask, Some(Standing::too_many_at_once(ask.at)))
    }

    /// The answer that a fault asked for.
    pub(crate) fn injected(&self, status: u16, ask: &Ask) -> Answer {
        let standing = (status == 429).then(|| self.windows.spent(ask));
        dressed(error::injected(status, ask), ask, standing)
    }

    /// Whether somebody has an app.
    pub(crate) fn has_app(&self, app: &App, user: &User) -> bool {
        apps::has(self, app, user)
    }

    /// Notes a mail that the org sent.
    pub(crate) fn mail(&mut self, ask: &Ask, template: &str, user: &str, to: &str) {
        self.mails.push(json!({"template": template, "userId": user, "to": to, "at": okta_time(ask.at)}));
    }

    /// Everything, for a test to look at. The token is not in it.
    pub(crate) fn state(&self, base: &str) -> Value {
        let users: Vec<Value> = self.users.iter().map(|user| self.user_state(user, base)).collect();
        let groups: Vec<Value> = self.groups.iter().map(|group| self.group_state(group, base)).collect();
        json!({
            "users": users, "groups": groups, "groupRules": self.rules.state(), "apps": apps::state(self),
            "logs": self.log.everything(), "mails": self.mails, "apiTokens": self.api_tokens.state(),
            "eventHooks": self.hooks.state(), "devices": self.devices.state(),
            "governance": self.governance.state(),
        })
    }

    fn user_state(&self, user: &User, base: &str) -> Value {
        let mut state = user.with_links(base);
        state["groups"] = memberships::group_ids(self, user).into();
        state["factors"] = user.factors.clone().into();
        state["roles"] = roles::shown_all(self, &roles::Holder::User(user.id.clone()), base).into();
        state["sessions"] = sessions::count(self, &user.id).into();
        state["grants"] = user.holds.grants.clone().into();
        state["tokens"] = user.holds.tokens.clone().into();
        state["blocks"] = user.holds.blocks.clone().into();
        state["linkedObjects"] = linked::primaries(self, user);
        state
    }

    fn group_state(&self, group: &Group, base: &str) -> Value {
        let mut state = group.with_links(base);
        let members: Vec<&str> = memberships::members(self, group).map(|user| user.id.as_str()).collect();
        state["members"] = members.into();
        state["roles"] = roles::shown_all(self, &roles::Holder::Group(group.id.clone()), base).into();
        state
    }
}

/// Routes a request, and lets follow what follows from it: memberships by rules, apps by groups.
fn route(org: &mut Org, ask: &Ask) -> Reply {
    let answer = dispatch(org, ask)?;
    for (key, before) in org.users.take_written() {
        if let Some(user) = org.users.at(key).cloned() {
            apps::settle(org, ask, &user, before);
            group_rules::settle(org, ask, &user);
        } else {
            org.apps.forget_user(key);
        }
    }
    Ok(answer)
}

fn dispatch(org: &mut Org, ask: &Ask) -> Reply {
    let sized = ask.header("content-length").or(ask.header("transfer-encoding")).is_some();
    if matches!(ask.method.as_str(), "POST" | "PUT") && !sized {
        let page = "<html><head><title>411 Length Required</title></head><body>Content-Length: 0 is needed</body></html>";
        return Err(Answer::html(411, page));
    }
    if !ask.accepts(&JSON) {
        return Err(error::unsupported_type());
    }
    governance::settle(org, ask.at);
    identity_sources::settle(org, ask.at);
    group_rules::catch_up(org, ask);
    let path: Vec<&str> = ask.segments.iter().map(String::as_str).collect();
    if let ["oauth2", "v1", "clients", client, "roles", below @ ..] = path.as_slice() {
        return roles::route(org, ask, roles::Holder::Client((*client).to_owned()), below);
    }
    if path == ["oauth2", "v1", "global-token-revocation"] {
        return signout::universal_logout(org, ask);
    }
    let path = match path.as_slice() {
        ["api", "v1", below @ ..] => below,
        ["governance", "api", below @ ..] => return governance::route(org, ask, below),
        _ if ask.path == org::METADATA_PATH && ask.method == "GET" => return org::metadata(ask),
        _ => return Err(ask.not_modelled("the path")),
    };
    match (ask.method.as_str(), path) {
        (_, ["api-tokens", below @ ..]) => api_tokens::route(org, ask, below),
        (_, ["authenticators", below @ ..]) => authenticators::route(ask, below),
        (_, ["iam", below @ ..]) => iam::route(org, ask, below),
        (_, ["groups", group, "roles", below @ ..]) => {
            roles::route(org, ask, roles::Holder::Group((*group).to_owned()), below)
        }
        (_, ["users", user, "authenticator-enrollments", below @ ..]) => {
            authenticators::enrollments(org, ask, user, below)
        }
        (_, ["users", user, "factors", below @ ..]) => factors::route(org, ask, user, below),
        (_, ["users", user, "roles", below @ ..]) => {
            roles::route(org, ask, roles::Holder::User((*user).to_owned()), below)
        }
        (_, ["devices", below @ ..]) => devices::route(org, ask, below),
        (_, ["identity-sources", below @ ..]) => identity_sources::route(org, ask, below),
        (_, ["mappings", below @ ..]) => identity_sources::route_mappings(org, ask, below),
        (_, ["principal-rate-limits", below @ ..]) => rate_limit_settings::route_shares(org, ask, below),
        (_, ["rate-limit-settings", below @ ..]) => rate_limit_settings::route(org, ask, below),
        (_, ["sessions", below @ ..]) => sessions::route(org, ask, below),
        ("GET", ["org"]) => org::settings(ask),
        ("GET", ["features"]) => org::features(ask),
        ("GET", ["users", user, "devices"]) => devices::of_user(org, ask, user),
        (_, ["eventHooks", below @ ..]) => hooks::route(org, ask, below),
        (_, ["apps", below @ ..]) => apps::route(org, ask, below),
        (_, ["groups", "rules", below @ ..]) => group_rules::route(org, ask, below),
        (_, ["groups", group, "owners", below @ ..]) => owners::route(org, ask, group, below),
        ("GET", ["users"]) => users::list(org, ask),
        ("POST", ["users"]) => users::create(org, ask),
        ("GET", ["users", user]) => users::get(org, ask, user),
        ("POST", ["users", user]) => users::update(org, ask, user),
        ("PUT", ["users", user]) => users::replace(org, ask, user),
        ("DELETE", ["users", user]) => lifecycle::delete(org, ask, user),
        ("POST", ["users", user, "lifecycle", action]) => lifecycle::act(org, ask, user, action),
        ("DELETE", ["users", user, "sessions"]) => signout::clear(org, ask, user),
        ("POST", ["users", user, "credentials", call]) => credentials::route(org, ask, user, call),
        (_, ["users", user, "grants" | "clients", ..]) => consents::route(org, ask, user, &path[2..]),
        (_, ["users", user, "linkedObjects", rest @ ..]) => linked::route(org, ask, user, rest),
        (_, ["users", user, what @ ("blocks" | "idps" | "classification" | "risk")]) => {
            circumstances::route(org, ask, user, what)
        }
        (_, ["meta", "types", "user", rest @ ..]) => types::route(org, ask, rest),
        (_, ["meta", "schemas", "user", "linkedObjects", rest @ ..]) => linked::define(org, ask, rest),
        (_, ["meta", "schemas", "user", schema]) => types::schema(org, ask, schema),
        ("GET", ["users", user, "groups"]) => users::groups(org, ask, user),
        ("GET", ["users", user, "appLinks"]) => apps::links(org, ask, user),
        ("GET", ["groups", group, "apps"]) => apps::of_group(org, ask, group),
        ("GET", ["groups"]) => groups::list(org, ask),
        ("POST", ["groups"]) => groups::create(org, ask),
        ("GET", ["groups", group]) => groups::get(org, ask, group),
        ("PUT", ["groups", group]) => groups::replace(org, ask, group),
        ("DELETE", ["groups", group]) => groups::delete(org, ask, group),
        ("GET", ["groups", group, "users"]) => memberships::list(org, ask, group),
        ("PUT", ["groups", group, "users", user]) => memberships::add(org, ask, group, user),
        ("DELETE", ["groups", group, "users", user]) => memberships::remove(org, ask, group, user),
        ("GET", ["logs"]) => log::list(org, ask),
        (method, path) if has_no(method, path) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

/// Whether Okta has this path, but not with this method.
fn has_no(method: &str, path: &[&str]) -> bool {
    let methods: &[&str] = match path {
        ["users" | "groups"] => &["GET", "POST"],
        ["users", _] => &["GET", "POST", "PUT", "DELETE"],
        ["users", _, "lifecycle" | "credentials", _] => &["POST"],
        ["users", _, "sessions"] => &["DELETE"],
        ["users", _, "groups" | "appLinks"] | ["groups", _, "users" | "apps"] | ["logs"] => &["GET"],
        ["groups", _] => &["GET", "PUT", "DELETE"],
        ["groups", _, "users", _] => &["PUT", "DELETE"],
        _ => return false,
    };
    // Nobody has recorded a HEAD.
    method != "HEAD" && !methods.contains(&method)
}

/// Adds the headers that every answer of Okta has.
fn dressed(answer: Answer, ask: &Ask, standing: Option<Standing>) -> Answer {
    let session = crate::id::sha256_hex(&ask.request_id);
    let answer = answer
        .header("x-okta-request-id", &ask.request_id)
        .header("cache-control", "no-cache, no-store")
        .header("set-cookie", "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/")
        .header("set-cookie", &format!("JSESSIONID={}; Path=/; HttpOnly", &session[..32].to_uppercase()));
    let told = standing.into_iter().flat_map(|standing| standing.told);
    told.fold(answer, |answer, told| {
        answer
            .header("x-rate-limit-limit", &told.limit.to_string())
            .header("x-rate-limit-remaining", &told.remaining.to_string())
            .header("x-rate-limit-reset", &told.reset.to_string())
    })
}

/// The body as an object.
fn object(ask: &Ask) -> Result<Map<String, Value>, Answer> {
    let kind = ask.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(error::unsupported_type());
    }
    match ask.json() {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(error::bad_json()),
    }
}

/// A query parameter that is `true` or `false`.
fn flag(ask: &Ask, name: &str, default: bool) -> Result<bool, Answer> {
    match ask.query.text(name) {
        None => Ok(default),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(other) => Err(error::validation(name, &[format!("{name}: '{other}' is not a boolean")])),
    }
}
