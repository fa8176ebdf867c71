//! `POST /users`, and credentials as bodies carry them.

use serde_json::{Map, Value};

use super::model::{Status, User};
use super::{hash, only_members, taken};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, flag, lifecycle, log, memberships, object, profile, types};

/// `POST /users`
pub(in crate::okta) fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["activate", "provider", "nextLogin"])?;
    let activate = flag(ask, "activate", true)?;
    let body = object(ask)?;
    only_members(ask, &body, &["profile", "credentials", "groupIds", "type", "realmId"])?;
    let mut user = draft(org, ask, &body)?;
    let groups = memberships::wanted(org, body.get("groupIds"))?;
    let next_login = next_login(ask, &user, activate)?;
    let goal = first_status(&user, next_login);
    if activate {
        lifecycle::go(org, ask, &mut user, goal);
    }
    let user = org.users.save(user, ask.at);
    org.note(ask, "user.lifecycle.create", "Create okta user", vec![log::user_target(&user)]);
    if activate {
        org.note(ask, "user.lifecycle.activate", "Activate Okta user", vec![log::user_target(&user)]);
        if goal == Status::Provisioned {
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
    let user_type = body.get("type").and_then(|user_type| user_type["id"].as_str());
    let type_id = user_type.unwrap_or(types::DEFAULT_TYPE);
    org.types.find(type_id)?;
    profile::check_names(&wanted, org.types.custom(type_id))?;
    wanted.retain(|_, value| !value.is_null());
    profile::check_values(&wanted)?;
    profile::check_custom(&wanted, org.types.custom(type_id))?;
    if org.users.is_taken(profile::text(&wanted, "login"), 0) {
        return Err(taken());
    }
    let mut user = User::new(org.ids.okta("00u"), wanted, ask.at);
    type_id.clone_into(&mut user.type_id);
    user.realm_id = body.get("realmId").and_then(Value::as_str).map(str::to_owned);
    set_credentials(&mut user, body.get("credentials"), ask)?;
    if flag(ask, "provider", false)? {
        set_provider(&mut user, body.get("credentials"))?;
    }
    Ok(user)
}

/// Sets a password or recovery question. Without `provider=true` a provider is silently ignored, as
/// it is by Okta.
pub(super) fn set_credentials(user: &mut User, credentials: Option<&Value>, ask: &Ask) -> Result<(), Answer> {
    let Some(credentials) = credentials else { return Ok(()) };
    // A user that was read shows `{}` for its password: sent back, that changes nothing.
    let shown = |password: &&Value| user.has_password && password.as_object().is_some_and(Map::is_empty);
    if let Some(password) = credentials.get("password").filter(|password| !shown(password)) {
        match (password.get("value").and_then(Value::as_str), password.get("hash"), password.get("hook")) {
            (Some(value), None, None) => {
                check_password(user, value)?;
                user.set_password(value, ask.at);
            }
            (None, Some(hash), None) => {
                hash::check(hash)?;
                user.has_password = true;
                user.password = None;
                user.password_changed = Some(ask.at);
            }
            (None, None, Some(hook)) if hook["type"] == "default" => {
                user.has_password = true;
                user.password = None;
                user.password_changed = Some(ask.at);
            }
            _ => {
                let cause = "password: The field cannot be left blank".to_owned();
                return Err(error::validation("password", &[cause]));
            }
        }
    }
    if let Some(question) = credentials.get("recovery_question") {
        let text = |name: &str| question.get(name).and_then(Value::as_str).map(str::to_owned);
        // Sent back as it was read, without the answer, it changes nothing.
        if let (Some(question), Some(answer)) = (text("question"), text("answer")) {
            (user.question, user.answer) = (Some(question), Some(answer));
        }
    }
    Ok(())
}

fn check_password(user: &User, password: &str) -> Result<(), Answer> {
    match password_flaw(user, password) {
        None => Ok(()),
        Some(cause) => Err(error::validation("password", &[cause.to_owned()])),
    }
}

/// What the password policy says against it.
pub(in crate::okta) fn password_flaw(user: &User, password: &str) -> Option<&'static str> {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let name = user.login().split('@').next().unwrap_or_default().to_lowercase();
    let long = password.chars().count() >= 8;
    let varied = has(char::is_lowercase) && has(char::is_uppercase) && has(|c| c.is_ascii_digit());
    if long && varied && !password.to_lowercase().contains(&name) {
        return None;
    }
    Some(
        "Password requirements were not met. Password requirements: at least 8 characters, a lowercase \
         letter, an uppercase letter, a number, no parts of your username.",
    )
}

fn set_provider(user: &mut User, credentials: Option<&Value>) -> Result<(), Answer> {
    let part = |name: &str| credentials.and_then(|all| all.pointer(name)?.as_str()).map(str::to_owned);
    if let Some(kind) = part("/provider/type") {
        user.provider = (kind.clone(), part("/provider/name").unwrap_or(kind));
    }
    if user.is_federated() && user.question.is_some() {
        let cause = "recovery_question: Users of this provider cannot have a recovery question".to_owned();
        return Err(error::validation("recovery_question", &[cause]));
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
