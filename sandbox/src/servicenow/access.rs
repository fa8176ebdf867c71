//! Who calls: by password, token or key; and whom the instance lets in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::store::{Found, Instance};
use crate::http::Ask;
use crate::sandbox::Sandbox;

/// Whoever has it may use basic authentication where that is restricted.
const EXEMPT: &str = "snc_basic_auth_api_access";

/// An API key of the integration user's to register.
#[derive(Debug, Clone)]
#[must_use = "a key does nothing until it is registered"]
pub struct ApiKey {
    apis: Vec<String>,
    header: String,
    prefix: String,
}

impl ApiKey {
    /// A key in `x-sn-apikey`, for these APIs, as their paths name them: `table`, `attachment`. Each stands for a
    /// REST API access policy that takes the key.
    pub fn new<T: Into<String>>(apis: impl IntoIterator<Item = T>) -> Self {
        let apis = apis.into_iter().map(Into::into).collect();
        Self { apis, header: "x-sn-apikey".to_owned(), prefix: String::new() }
    }

    /// It is sent in another header.
    pub fn header(mut self, name: &str) -> Self {
        name.clone_into(&mut self.header);
        self
    }

    /// This stands before it.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }
}

impl Sandbox {
    /// Registers an API key with ServiceNow. Answers the key.
    pub fn register_api_key(&self, key: ApiKey) -> String {
        let instance = &mut self.shared.world().servicenow;
        let secret = instance.ids.base62(32);
        instance.keys.push(Key { line: format!("{}{secret}", key.prefix), key });
        secret
    }
}

/// A key, and what the header that brings it holds.
#[derive(Debug)]
pub(super) struct Key {
    line: String,
    key: ApiKey,
}

/// A user at the door, let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user_name: String,
    pub(crate) sys_id: String,
}

impl Instance {
    /// As whom a request is answered; none if it is not.
    pub(super) fn caller(&self, ask: &Ask) -> Option<Caller> {
        let (scheme, secret) =
            ask.header("authorization").and_then(|line| line.split_once(' ')).unwrap_or_default();
        let name = match scheme.to_ascii_lowercase().as_str() {
            "basic" => self.by_password(secret.trim()),
            "bearer" => self.oauth.holder(secret.trim(), ask.at),
            _ => None,
        };
        let user = self.user_in_use(name.or_else(|| self.by_key(ask))?)?;
        Some(Caller { user_name: user.get("user_name").to_owned(), sys_id: user.get("sys_id").to_owned() })
    }

    /// A user who may sign in at all.
    pub(super) fn user_in_use(&self, name: &str) -> Option<Found<'_>> {
        let user = self.find_by("sys_user", "user_name", name)?;
        (user.get("active") == "true" && user.get("locked_out") != "true").then_some(user)
    }

    fn by_password(&self, pair: &str) -> Option<&str> {
        let right = STANDARD.encode(format!("{}:{}", self.username, self.password)) == pair;
        let user = self.user_in_use(&self.username).filter(|_| right)?;
        let passes = !self.habits.basic_auth_restricted
            || user.get("web_service_access_only") == "true"
            || self.has_role(user.get("sys_id"), EXEMPT);
        passes.then_some(&*self.username)
    }

    fn has_role(&self, user: &str, role: &str) -> bool {
        let held = self.rows_with("sys_user_has_role", "user", user).unwrap_or_default();
        held.iter().any(|row| self.display_of("sys_user_role", row.get("role")) == role)
    }

    fn by_key(&self, ask: &Ask) -> Option<&str> {
        let api = api(ask)?;
        let opens = |key: &&Key| {
            ask.header(&key.key.header) == Some(&*key.line) && key.key.apis.iter().any(|one| one == api)
        };
        self.keys.iter().find(opens).map(|_| &*self.username)
    }
}

/// `table` of `/api/now/v2/table/incident`.
fn api(ask: &Ask) -> Option<&str> {
    let mut rest = ask.segments.iter().map(String::as_str).skip_while(|piece| *piece != "api").skip(2);
    let is_version = |piece: &str| {
        piece.strip_prefix('v').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    rest.find(|piece| !is_version(piece))
}
