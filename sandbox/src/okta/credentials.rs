//! `POST /users/{id}/credentials/{call}`: passwords and recovery questions by who knows the old ones.

use serde_json::{Value, json};

use super::users::{Status, User, named, password_flaw};
use super::{Org, error, flag, log, object, signout};
use crate::http::{Answer, Ask, Reply};

pub(super) fn route(org: &mut Org, ask: &Ask, name: &str, call: &str) -> Reply {
    let user = named(org, name)?;
    match call {
        "change_password" => change_password(org, ask, user),
        "change_recovery_question" => change_question(org, ask, user),
        "forgot_password" => forgot(org, ask, &user),
        "forgot_password_recovery_question" => forgot_with_answer(org, ask, user),
        _ => Err(ask.not_modelled("the credentials call")),
    }
}

/// What Okta answers to a change of credentials that is not to be.
pub(super) fn refused(cause: &str) -> Answer {
    error::error(403, "E0000014", "Update of credentials failed", &[cause.to_owned()])
}

fn change_password(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&["strict"])?;
    let strict = flag(ask, "strict", false)?;
    let body = Value::Object(object(ask)?);
    let allowed = [Status::Staged, Status::Active, Status::PasswordExpired, Status::Recovery];
    if !allowed.contains(&user.status) || !user.has_password {
        return Err(error::wrong_status());
    }
    check_old(&user, body.pointer("/oldPassword/value"))?;
    let new = text(&body, "/newPassword/value")?;
    if strict && user.password_changed.is_some_and(|at| ask.at - at < chrono::TimeDelta::hours(1)) {
        return Err(refused("Password cannot be changed: minimum age requirement was not met"));
    }
    set_new(&mut user, new, ask)?;
    if matches!(user.status, Status::PasswordExpired | Status::Recovery) {
        user.enter(Status::Active, ask.at);
    }
    let user = org.users.save(user, ask.at);
    org.note(
        ask,
        "user.account.update_password",
        "User update password for Okta",
        vec![log::user_target(&user)],
    );
    if body["revokeSessions"] == true {
        signout::end(org, ask, &user);
    }
    Ok(Answer::json(200, &user.credentials()))
}

fn change_question(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&[])?;
    let body = Value::Object(object(ask)?);
    let allowed = [Status::Staged, Status::Active, Status::Recovery];
    if !allowed.contains(&user.status) || !user.has_password {
        return Err(error::wrong_status());
    }
    check_old(&user, body.pointer("/password/value"))?;
    user.question = Some(text(&body, "/recovery_question/question")?.to_owned());
    user.answer = Some(text(&body, "/recovery_question/answer")?.to_owned());
    let user = org.users.save(user, ask.at);
    Ok(Answer::json(200, &user.credentials()))
}

/// The status stays: who remembers the password meanwhile uses it.
fn forgot(org: &mut Org, ask: &Ask, user: &User) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    let send = flag(ask, "sendEmail", true)?;
    if user.status != Status::Active || user.question.is_none() {
        return Err(error::error(403, "E0000034", "Forgot password not allowed on specified user.", &[]));
    }
    if send {
        org.mail(ask, "forgot-password", &user.id, user.text("email"));
        return Ok(Answer::json(200, &json!({})));
    }
    let url = format!("{}/signin/reset-password/{}", ask.base, org.ids.base62(20));
    Ok(Answer::json(200, &json!({ "resetPasswordUrl": url })))
}

fn forgot_with_answer(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    flag(ask, "sendEmail", true)?;
    let body = Value::Object(object(ask)?);
    if user.status != Status::Active || user.question.is_none() {
        return Err(error::error(403, "E0000034", "Forgot password not allowed on specified user.", &[]));
    }
    let said = text(&body, "/recovery_question/answer")?;
    if !user.answer.as_ref().is_some_and(|answer| answer.eq_ignore_ascii_case(said)) {
        let summary = "The recovery question answer did not match our records.";
        return Err(error::error(403, "E0000087", summary, &[]));
    }
    set_new(&mut user, text(&body, "/password/value")?, ask)?;
    let user = org.users.save(user, ask.at);
    org.note(
        ask,
        "user.account.update_password",
        "User update password for Okta",
        vec![log::user_target(&user)],
    );
    Ok(Answer::json(200, &user.credentials()))
}

/// Nobody knows a password that was imported or seeded, so nothing fits it.
fn check_old(user: &User, said: Option<&Value>) -> Result<(), Answer> {
    let fits = user.password.is_some() && said.and_then(Value::as_str) == user.password.as_deref();
    if fits { Ok(()) } else { Err(refused("oldPassword: The credentials provided were incorrect.")) }
}

fn set_new(user: &mut User, new: &str, ask: &Ask) -> Result<(), Answer> {
    if let Some(flaw) = password_flaw(user, new) {
        return Err(refused(&format!("password: {flaw}")));
    }
    user.set_password(new, ask.at);
    Ok(())
}

fn text<'a>(body: &'a Value, at: &str) -> Result<&'a str, Answer> {
    let found = body.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| {
        let field = at.trim_start_matches('/').replace('/', ".");
        error::validation(&field, &[format!("{field}: The field cannot be left blank")])
    })
}
