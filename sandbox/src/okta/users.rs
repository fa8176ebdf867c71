//! Users: the object, and the calls that read, create and change it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::filter::{self, Case, Expr, Op};
use super::index::Index;
use super::{Org, error, log, memberships, page, profile};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::id;

/// The one user type of the org, and its schema.
const TYPE_ID: &str = "oty1sandboxdefault00";
const SCHEMA_ID: &str = "osc1sandboxdefault00";

const MOST_PER_PAGE: usize = 200;

/// Where a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Staged,
    Provisioned,
    Active,
    Recovery,
    PasswordExpired,
    LockedOut,
    Suspended,
    Deprovisioned,
}

impl Status {
    const ALL: [Self; 8] = [
        Self::Staged,
        Self::Provisioned,
        Self::Active,
        Self::Recovery,
        Self::PasswordExpired,
        Self::LockedOut,
        Self::Suspended,
        Self::Deprovisioned,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Links that one user's answer offers in this status: relation and path below the user.
    fn offers(self) -> &'static [(&'static str, &'static str)] {
        const ACTIVATE: (&str, &str) = ("activate", "lifecycle/activate");
        const DEACTIVATE: (&str, &str) = ("deactivate", "lifecycle/deactivate");
        const RESET: (&str, &str) = ("resetPassword", "lifecycle/reset_password");
        const SUSPEND: (&str, &str) = ("suspend", "lifecycle/suspend");
        match self {
            Self::Staged => &[ACTIVATE],
            Self::Provisioned | Self::Recovery => {
                &[DEACTIVATE, ("reactivate", "lifecycle/reactivate"), RESET, SUSPEND]
            }
            Self::Active | Self::PasswordExpired => &[
                SUSPEND,
                DEACTIVATE,
                RESET,
                ("expirePassword", "lifecycle/expire_password"),
                ("forgotPassword", "credentials/forgot_password"),
                ("changePassword", "credentials/change_password"),
                ("changeRecoveryQuestion", "credentials/change_recovery_question"),
            ],
            Self::LockedOut => &[("unlock", "lifecycle/unlock"), DEACTIVATE, RESET],
            Self::Suspended => &[("unsuspend", "lifecycle/unsuspend"), DEACTIVATE],
            Self::Deprovisioned => &[ACTIVATE, ("delete", "")],
        }
    }
}

/// A user as the org keeps it.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) key: u64,
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) created: DateTime<Utc>,
    pub(crate) activated: Option<DateTime<Utc>>,
    pub(crate) status_changed: Option<DateTime<Utc>>,
    pub(crate) last_updated: DateTime<Utc>,
    pub(crate) password_changed: Option<DateTime<Utc>>,
    pub(crate) profile: Map<String, Value>,
    pub(crate) has_password: bool,
    pub(crate) question: Option<String>,
    pub(crate) provider: (String, String),
    pub(crate) roles: Vec<Value>,
    pub(crate) factors: Vec<Value>,
}

impl User {
    pub(crate) fn new(id: String, profile: Map<String, Value>, now: DateTime<Utc>) -> Self {
        Self {
            key: 0,
            id,
            status: Status::Staged,
            created: now,
            activated: None,
            status_changed: None,
            last_updated: now,
            password_changed: None,
            profile,
            has_password: false,
            question: None,
            provider: ("OKTA".to_owned(), "OKTA".to_owned()),
            roles: Vec::new(),
            factors: Vec::new(),
        }
    }

    pub(crate) fn text(&self, attribute: &str) -> &str {
        profile::text(&self.profile, attribute)
    }

    pub(crate) fn login(&self) -> &str {
        self.text("login")
    }

    pub(crate) fn display_name(&self) -> String {
        format!("{} {}", self.text("firstName"), self.text("lastName"))
    }

    pub(super) fn is_federated(&self) -> bool {
        matches!(self.provider.0.as_str(), "FEDERATION" | "SOCIAL")
    }

    /// Moves to another status.
    pub(crate) fn enter(&mut self, status: Status, now: DateTime<Utc>) {
        if matches!(status, Status::Active | Status::Provisioned) && self.activated.is_none() {
            self.activated = Some(now);
        }
        self.status = status;
        self.status_changed = Some(now);
        self.last_updated = now;
    }

    /// The object without links.
    pub(super) fn body(&self) -> Value {
        json!({
            "id": self.id,
            "status": self.status.as_str(),
            "created": okta_time(self.created),
            "activated": self.activated.map(okta_time),
            "statusChanged": self.status_changed.map(okta_time),
            "lastLogin": null,
            "lastUpdated": okta_time(self.last_updated),
            "passwordChanged": self.password_changed.map(okta_time),
            "type": {"id": TYPE_ID},
            "profile": profile::shown(&self.profile),
            "credentials": self.credentials(),
        })
    }

    fn credentials(&self) -> Value {
        let mut emails = vec![json!({"value": self.text("email"), "status": "VERIFIED", "type": "PRIMARY"})];
        if !self.text("secondEmail").is_empty() {
            let second = self.text("secondEmail");
            emails.push(json!({"value": second, "status": "VERIFIED", "type": "SECONDARY"}));
        }
        let provider = json!({"type": self.provider.0, "name": self.provider.1});
        let mut credentials = json!({"emails": emails, "provider": provider});
        if self.has_password {
            credentials["password"] = json!({});
        }
        if let Some(question) = &self.question {
            credentials["recovery_question"] = json!({"question": question});
        }
        credentials
    }

    /// The object as it is answered for one user: its links say what may be done to it now.
    pub(crate) fn with_links(&self, base: &str) -> Value {
        let own = format!("{base}/api/v1/users/{}", self.id);
        let mut links = Map::new();
        links.insert("self".to_owned(), json!({ "href": own }));
        links.insert(
            "schema".to_owned(),
            json!({"href": format!("{base}/api/v1/meta/schemas/user/{SCHEMA_ID}")}),
        );
        links.insert("type".to_owned(), json!({"href": format!("{base}/api/v1/meta/types/user/{TYPE_ID}")}));
        if self.status != Status::Deprovisioned {
            let href = format!("{own}/lifecycle/reset_factors");
            links.insert("resetFactors".to_owned(), json!({"href": href, "method": "POST"}));
        }
        for (relation, path) in self.status.offers() {
            let (href, method) =
                if path.is_empty() { (own.clone(), "DELETE") } else { (format!("{own}/{path}"), "POST") };
            links.insert((*relation).to_owned(), json!({"href": href, "method": method}));
        }
        let mut body = self.body();
        body["_links"] = Value::Object(links);
        body
    }

    /// The weak tag. It depends on the profile and the type only: a change of status keeps it.
    fn etag(&self) -> String {
        let profile = Value::Object(self.profile.clone());
        format!("W/\"{}\"", id::sha256_hex(&format!("{TYPE_ID}{profile}")))
    }
}

/// A user in a list has only a link to itself.
pub(super) fn in_list(mut body: Value, base: &str) -> Value {
    let href = format!("{base}/api/v1/users/{}", body["id"].as_str().unwrap_or_default());
    body["_links"] = json!({"self": {"href": href}});
    body
}

/// All users, in order of creation, with the index that searches read.
#[derive(Debug)]
pub(crate) struct Users {
    rows: BTreeMap<u64, User>,
    by_id: HashMap<String, u64>,
    by_login: HashMap<String, u64>,
    next: u64,
    pub(super) index: Index,
}

impl Users {
    pub(crate) fn new(lag: TimeDelta) -> Self {
        let (by_id, by_login) = (HashMap::new(), HashMap::new());
        Self { rows: BTreeMap::new(), by_id, by_login, next: 0, index: Index::new(lag) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.rows.values()
    }

    pub(super) fn at(&self, key: u64) -> Option<&User> {
        self.rows.get(&key)
    }

    /// By id, or by login without regard to case.
    pub(crate) fn find(&self, id_or_login: &str) -> Option<&User> {
        let key = self.by_id.get(id_or_login).or_else(|| self.by_login.get(&id_or_login.to_lowercase()))?;
        self.rows.get(key)
    }

    /// Stores a user that is new (key 0) or changed, and tells the index.
    pub(crate) fn save(&mut self, user: User, now: DateTime<Utc>) -> User {
        let user = self.store(user);
        self.index.put(user.key, Some(user.body()), now);
        user
    }

    /// Stores a user that was there before the sandbox started.
    pub(crate) fn seed(&mut self, user: User) -> User {
        let user = self.store(user);
        self.index.seed(user.key, user.body());
        user
    }

    fn store(&mut self, mut user: User) -> User {
        if user.key == 0 {
            self.next += 1;
            user.key = self.next;
        }
        if let Some(old) = self.rows.insert(user.key, user.clone()) {
            self.by_login.remove(&old.login().to_lowercase());
        }
        self.by_id.insert(user.id.clone(), user.key);
        self.by_login.insert(user.login().to_lowercase(), user.key);
        user
    }

    pub(super) fn remove(&mut self, user: &User, now: DateTime<Utc>) {
        self.rows.remove(&user.key);
        self.by_id.remove(&user.id);
        self.by_login.remove(&user.login().to_lowercase());
        self.index.put(user.key, None, now);
    }

    /// Whether another user has this login already.
    pub(crate) fn is_taken(&self, login: &str, key: u64) -> bool {
        self.by_login.get(&login.to_lowercase()).is_some_and(|owner| *owner != key)
    }
}

/// The user that a path names by id, login or `me`; a copy to change and save.
pub(super) fn named(org: &Org, name: &str) -> Result<User, Answer> {
    let name = if name == "me" { &org.token_owner } else { name };
    org.users.find(name).cloned().ok_or_else(|| error::not_found(name, "User"))
}

/// `GET /users`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["q", "filter", "search", "sortBy", "sortOrder", "after", "limit"])?;
    let query = &ask.query;
    match (query.text("search"), query.text("filter"), query.text("q")) {
        (Some(_), Some(_), _) => Err(error::error(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
            &[],
        )),
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(ask.not_modelled("q beside search or filter")),
        (Some(text), None, None) => search(org, ask, text),
        (None, Some(text), None) => filtered(org, ask, text),
        (None, None, Some(text)) => quick(org, ask, text),
        (None, None, None) => {
            let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
            page::by_key(ask, live(org).map(|user| (user.key, user)), limit, |user| {
                in_list(user.body(), &ask.base)
            })
        }
    }
}

fn live(org: &Org) -> impl Iterator<Item = &User> {
    org.users.iter().filter(|user| user.status != Status::Deprovisioned)
}

/// `q`: a prefix of a name or the email; never a second page.
fn quick(org: &Org, ask: &Ask, text: &str) -> Reply {
    let wanted = text.to_lowercase();
    let fits = |user: &&User| {
        ["firstName", "lastName", "email"]
            .iter()
            .any(|name| user.text(name).to_lowercase().starts_with(&wanted))
    };
    let limit = page::limit(ask, 10, MOST_PER_PAGE)?;
    let found = live(org).filter(fits).take(limit).map(|user| in_list(user.body(), &ask.base));
    Ok(page::whole(ask, found.collect()))
}

fn search(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = searchable(org, text).map_err(|why| error::bad_search(&why))?;
    let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Insensitive);
    match ask.query.text("sortBy") {
        None => page::by_key(ask, rows, limit, |row| in_list(row.clone(), &ask.base)),
        Some(attribute) => {
            check_attribute(org, attribute).map_err(|why| error::bad_search(&why))?;
            let descending =
                ask.query.get("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
            let rows = sorted(rows.map(|(_, row)| row).collect(), attribute, descending);
            page::by_position(ask, &rows, limit, |row| in_list(row.clone(), &ask.base))
        }
    }
}

fn searchable(org: &Org, text: &str) -> Result<Expr, String> {
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| {
        check_attribute(org, attribute)?;
        let contains = ["profile.firstName", "profile.lastName", "profile.email", "profile.login"];
        match op {
            Op::Ne | Op::Ew => Err(format!("operator {op:?} is not supported in search")),
            Op::Co if !contains.contains(&attribute) => {
                Err(format!("operator co is not supported on {attribute}"))
            }
            _ => Ok(()),
        }
    })?;
    Ok(expr)
}

fn check_attribute(org: &Org, attribute: &str) -> Result<(), String> {
    const TOP: [&str; 7] =
        ["id", "status", "created", "activated", "statusChanged", "lastUpdated", "type.id"];
    let known = match attribute.strip_prefix("profile.") {
        Some(name) => profile::is_attribute(name, &org.custom_attributes),
        None => TOP.contains(&attribute),
    };
    if known { Ok(()) } else { Err(format!("attribute {attribute} is not searchable")) }
}

fn filtered(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = filterable(text).map_err(|why| error::bad_filter(text, &why))?;
    let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Sensitive);
    page::by_key(ask, rows, limit, |row| in_list(row.clone(), &ask.base))
}

fn filterable(text: &str) -> Result<Expr, String> {
    const PROFILE: [&str; 4] = ["profile.login", "profile.email", "profile.firstName", "profile.lastName"];
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| {
        let ranged = attribute == "lastUpdated" && matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
        let known = ["status", "lastUpdated", "id"].contains(&attribute) || PROFILE.contains(&attribute);
        match (known, op == Op::Eq || ranged) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("operator {op:?} is not supported on {attribute}")),
            (false, _) => Err(format!("attribute {attribute} cannot be filtered")),
        }
    })?;
    Ok(expr)
}

/// What the index, which lags, has for an expression.
fn matching<'a>(
    org: &'a Org,
    ask: &'a Ask,
    expr: &'a Expr,
    case: Case,
) -> impl Iterator<Item = (u64, &'a Value)> {
    org.users.index.seen_at(ask.at).filter(move |(_, row)| expr.matches(row, case))
}

/// Rows by one attribute, ties by id; rows without it last.
pub(super) fn sorted<'a>(mut rows: Vec<&'a Value>, attribute: &str, descending: bool) -> Vec<&'a Value> {
    rows.sort_by_cached_key(|row| {
        let value = filter::lookup(row, attribute).first().map(|value| match value {
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        });
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        (value.is_none(), value, id)
    });
    if descending {
        rows.reverse();
    }
    rows
}

/// `GET /users/{id}`
pub(super) fn get(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(tagged(&named(org, name)?, ask))
}

fn tagged(user: &User, ask: &Ask) -> Answer {
    Answer::json(200, &user.with_links(&ask.base)).header("etag", &user.etag())
}

/// `POST /users`
pub(super) fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["activate", "provider", "nextLogin"])?;
    let activate = super::flag(ask, "activate", true)?;
    let body = super::object(ask)?;
    only_members(ask, &body, &["profile", "credentials", "groupIds", "type"])?;
    let mut user = draft(org, ask, &body)?;
    let groups = memberships::wanted(org, body.get("groupIds"))?;
    let next_login = next_login(ask, &user, activate)?;
    if activate {
        user.enter(first_status(&user, next_login), ask.at);
    }
    let user = org.users.save(user, ask.at);
    org.note(ask, "user.lifecycle.create", "Create okta user", vec![log::user_target(&user)]);
    if activate {
        org.note(ask, "user.lifecycle.activate", "Activate Okta user", vec![log::user_target(&user)]);
        if user.status == Status::Provisioned {
            org.mail(ask, "user-activation", &user.id, user.text("email"));
        }
    }
    for group in groups {
        memberships::join(org, ask, &group, &user);
    }
    Ok(Answer::json(200, &user.with_links(&ask.base)))
}

/// A new user out of a create body, checked.
fn draft(org: &mut Org, ask: &Ask, body: &Map<String, Value>) -> Result<User, Answer> {
    let mut wanted = body.get("profile").and_then(Value::as_object).cloned().unwrap_or_default();
    profile::check_names(&wanted, &org.custom_attributes)?;
    wanted.retain(|_, value| !value.is_null());
    profile::check_values(&wanted)?;
    if org.users.is_taken(profile::text(&wanted, "login"), 0) {
        return Err(taken());
    }
    let mut user = User::new(org.ids.okta("00u"), wanted, ask.at);
    set_credentials(&mut user, body.get("credentials"), ask)?;
    if super::flag(ask, "provider", false)? {
        set_provider(&mut user, body.get("credentials"))?;
    }
    Ok(user)
}

fn taken() -> Answer {
    error::validation(
        "login",
        &["login: An object with this field already exists in the current organization".to_owned()],
    )
}

/// Sets a password or recovery question. Without `provider=true` a provider is silently ignored, as
/// it is by Okta.
fn set_credentials(user: &mut User, credentials: Option<&Value>, ask: &Ask) -> Result<(), Answer> {
    let Some(credentials) = credentials else { return Ok(()) };
    if let Some(password) = credentials.get("password") {
        if let Some(value) = password.get("value").and_then(Value::as_str) {
            check_password(user, value)?;
        } else if password.get("hash").is_none() && password.get("hook").is_none() {
            return Err(error::validation(
                "password",
                &["password: The field cannot be left blank".to_owned()],
            ));
        }
        user.has_password = true;
        user.password_changed = Some(ask.at);
    }
    if let Some(question) = credentials.pointer("/recovery_question/question").and_then(Value::as_str) {
        user.question = Some(question.to_owned());
    }
    Ok(())
}

fn check_password(user: &User, password: &str) -> Result<(), Answer> {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let name = user.login().split('@').next().unwrap_or_default().to_lowercase();
    let long = password.chars().count() >= 8;
    let varied = has(char::is_lowercase) && has(char::is_uppercase) && has(|c| c.is_ascii_digit());
    if long && varied && !password.to_lowercase().contains(&name) {
        return Ok(());
    }
    let cause = "Password requirements were not met. Password requirements: at least 8 characters, a lowercase \
                 letter, an uppercase letter, a number, no parts of your username.";
    Err(error::validation("password", &[cause.to_owned()]))
}

fn set_provider(user: &mut User, credentials: Option<&Value>) -> Result<(), Answer> {
    let part = |name: &str| credentials.and_then(|all| all.pointer(name)?.as_str()).map(str::to_owned);
    if let Some(kind) = part("/provider/type") {
        user.provider = (kind.clone(), part("/provider/name").unwrap_or(kind));
    }
    if user.is_federated() && user.has_password {
        let cause = "password: Users of this provider cannot have a password".to_owned();
        return Err(error::validation("password", &[cause]));
    }
    Ok(())
}

fn next_login(ask: &Ask, user: &User, activate: bool) -> Result<bool, Answer> {
    const BEGINNING: &str = "Could not create user. To create a user and expire their password immediately, ";
    match ask.query.text("nextLogin") {
        None => Ok(false),
        Some("changePassword") if !user.has_password => {
            Err(error::error(400, "E0000124", &format!("{BEGINNING}a password must be specified"), &[]))
        }
        Some("changePassword") if !activate => {
            Err(error::error(400, "E0000125", &format!("{BEGINNING}\"activate\" must be true"), &[]))
        }
        Some("changePassword") => Ok(true),
        Some(_) => Err(ask.not_modelled("this nextLogin")),
    }
}

fn first_status(user: &User, expired: bool) -> Status {
    match (user.has_password, expired) {
        (true, true) => Status::PasswordExpired,
        (true, false) => Status::Active,
        (false, _) if user.is_federated() => Status::Active,
        (false, _) => Status::Provisioned,
    }
}

fn only_members(ask: &Ask, body: &Map<String, Value>, modelled: &[&str]) -> Result<(), Answer> {
    match body.keys().find(|name| !modelled.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ask.not_modelled(&format!("body member {name}"))),
    }
}

/// `POST /users/{id}`: what is named changes, null removes, the rest stays.
pub(super) fn update(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, |old, new| profile::merge(old, new))
}

/// `PUT /users/{id}`: what is not named is gone.
pub(super) fn replace(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, |old, new| {
        *old = new;
        old.retain(|_, value| !value.is_null());
    })
}

type Merge = fn(&mut Map<String, Value>, Map<String, Value>);

fn change(org: &mut Org, ask: &Ask, name: &str, merge: Merge) -> Reply {
    ask.only_parameters(&["strict"])?;
    let mut user = named(org, name)?;
    let before = user.profile.clone();
    check_match(ask, &user)?;
    let body = super::object(ask)?;
    only_members(ask, &body, &["profile", "credentials", "type", "id", "status", "_links"])?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    if let Some(Value::Object(wanted)) = body.get("profile") {
        profile::check_names(wanted, &org.custom_attributes)?;
        merge(&mut user.profile, wanted.clone());
        profile::check_values(&user.profile)?;
    } else if ask.method == "PUT" {
        return Err(error::validation("profile", &["profile: The field cannot be left blank".to_owned()]));
    }
    if org.users.is_taken(user.login(), user.key) {
        return Err(taken());
    }
    set_credentials(&mut user, body.get("credentials"), ask)?;
    user.last_updated = ask.at;
    let user = org.users.save(user, ask.at);
    if user.profile != before {
        let target = vec![log::user_target(&user)];
        org.note(ask, "user.account.update_profile", "Update user profile for Okta", target);
    }
    if user.password_changed == Some(ask.at) {
        let target = vec![log::user_target(&user)];
        org.note(ask, "user.account.update_password", "User update password for Okta", target);
    }
    Ok(tagged(&user, ask))
}

fn check_match(ask: &Ask, user: &User) -> Result<(), Answer> {
    let Some(wanted) = ask.header("if-match") else { return Ok(()) };
    if wanted == user.etag() || wanted == "*" {
        return Ok(());
    }
    if !wanted.trim_start_matches("W/").starts_with('"') {
        return Err(error::error(400, "E0000242", "The provided ETag is malformed.", &[]));
    }
    Err(error::error(412, "E0000231", "The provided ETag does not match the current version.", &[]))
}

/// `DELETE /users/{id}/sessions`
pub(super) fn clear_sessions(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&["oauthTokens", "forgetDevices"])?;
    super::flag(ask, "oauthTokens", false)?;
    let user = named(org, name)?;
    org.note(ask, "user.session.clear", "Clear user session", vec![log::user_target(&user)]);
    Ok(Answer::empty(204))
}

/// `GET /users/{id}/groups`
pub(super) fn groups(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, name)?;
    let groups = memberships::groups_of(org, &user).map(|group| group.with_links(&ask.base));
    Ok(page::whole(ask, groups.collect()))
}

/// `GET /users/{id}/roles`
pub(super) fn roles(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(page::whole(ask, named(org, name)?.roles))
}

/// `GET /users/{id}/factors`
pub(super) fn factors(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(page::whole(ask, named(org, name)?.factors))
}
