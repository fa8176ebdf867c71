//! Moves between statuses: who may go where, what it sends, and what it leaves in the log.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::users::{Goal, Status, Underway, User, named};
use super::{Org, error, log, signout};
use crate::http::{Answer, Ask, Reply};

/// `POST /users/{id}/lifecycle/{action}`
pub(super) fn act(org: &mut Org, ask: &Ask, name: &str, action: &str) -> Reply {
    let user = named(org, name)?;
    settled(&user)?;
    match action {
        "activate" => activate(org, ask, user),
        "reactivate" => reactivate(org, ask, user),
        "deactivate" => deactivate(org, ask, user),
        "suspend" => suspend(org, ask, user),
        "unsuspend" => unsuspend(org, ask, user),
        "unlock" => unlock(org, ask, user),
        "reset_password" => reset_password(org, ask, user),
        "expire_password" => expire_password(org, ask, user),
        "expire_password_with_temp_password" => expire_with_temporary(org, ask, user),
        "reset_factors" => reset_factors(org, ask, user),
        _ => Err(ask.not_modelled("the lifecycle action")),
    }
}

/// Refuses what has to wait for a change of status that is under way.
pub(super) fn settled(user: &User) -> Result<(), Answer> {
    if user.underway.is_none() {
        return Ok(());
    }
    let summary = "Unable to update the user while activation is in progress.";
    Err(error::error(409, "E0000112", summary, &[]))
}

/// Moves a user to a status: at once, or later if that takes time.
pub(super) fn go(org: &Org, ask: &Ask, user: &mut User, status: Status) {
    head_for(org, ask, user, Goal::Status(status), TimeDelta::zero());
}

fn head_for(org: &Org, ask: &Ask, user: &mut User, goal: Goal, at_least: TimeDelta) {
    let takes = org.transition_time.max(at_least);
    user.underway = Some(Underway { goal, done_at: ask.at + takes });
    if takes.is_zero() && goal != Goal::Gone {
        arrive(user);
    }
}

/// A change of status is there.
fn arrive(user: &mut User) {
    let Some(Underway { goal: Goal::Status(status), done_at }) = user.underway.take() else { return };
    user.enter(status, done_at);
    if status == Status::Deprovisioned {
        user.has_password = false;
        user.password = None;
        user.factors.clear();
        user.holds.revoke();
    }
}

/// Brings those to their goal whose change of status is there by now.
pub(super) fn settle(org: &mut Org, now: DateTime<Utc>) {
    for mut user in org.users.arrived(now) {
        match user.underway {
            Some(Underway { goal: Goal::Gone, done_at }) => forget(org, &user, done_at),
            _ => {
                arrive(&mut user);
                org.users.save(user, now);
            }
        }
    }
}

fn forget(org: &mut Org, user: &User, at: DateTime<Utc>) {
    org.groups.forget(user.key);
    org.relations.forget(user.key);
    org.users.remove(user, at);
}

/// How long work takes for which the caller does not wait.
fn background(ask: &Ask) -> TimeDelta {
    let asked = ask.header("prefer").is_some_and(|wish| wish.eq_ignore_ascii_case("respond-async"));
    if asked { TimeDelta::seconds(1) } else { TimeDelta::zero() }
}

fn activate(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    let send = super::flag(ask, "sendEmail", true)?;
    match user.status {
        Status::Staged | Status::Deprovisioned => {}
        Status::Active | Status::Provisioned => {
            let summary = "Activation failed because the user is already active";
            return Err(error::error(403, "E0000016", summary, &[]));
        }
        _ => return Err(error::wrong_status()),
    }
    let signs_in = user.has_password || user.is_federated();
    go(org, ask, &mut user, if signs_in { Status::Active } else { Status::Provisioned });
    let user = save(org, ask, user, "user.lifecycle.activate", "Activate Okta user");
    Ok(activation(org, ask, &user, send))
}

fn reactivate(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    let send = super::flag(ask, "sendEmail", false)?;
    if !matches!(user.status, Status::Provisioned | Status::Recovery) {
        return Err(error::wrong_status());
    }
    let user = save(org, ask, user, "user.lifecycle.reactivate", "Reactivate Okta user");
    Ok(activation(org, ask, &user, send))
}

/// A mail, or the link that the caller then must deliver.
fn activation(org: &mut Org, ask: &Ask, user: &User, send: bool) -> Answer {
    if send {
        org.mail(ask, "user-activation", &user.id, user.text("email"));
        return Answer::json(200, &json!({}));
    }
    let token = org.ids.base62(20);
    let url = format!("{}/tokens/{token}/verify", ask.base);
    Answer::json(200, &json!({"activationUrl": url, "activationToken": token}))
}

fn deactivate(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    let mail_admin = super::flag(ask, "sendEmail", false)?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    deprovision(org, ask, user, mail_admin);
    Ok(Answer::json(200, &json!({})))
}

/// Password, factors and consents go; memberships of groups stay, as they do in a real org.
fn deprovision(org: &mut Org, ask: &Ask, mut user: User, mail_admin: bool) {
    head_for(org, ask, &mut user, Goal::Status(Status::Deprovisioned), background(ask));
    let user = save(org, ask, user, "user.lifecycle.deactivate", "Deactivate Okta user");
    if mail_admin {
        let admin = org.users.find(&org.token_owner).map(|admin| admin.text("email").to_owned());
        org.mail(ask, "user-deactivated", &user.id, &admin.unwrap_or_default());
    }
}

/// `DELETE /users/{id}`: the first deactivates, the second deletes; both answer alike.
pub(super) fn delete(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    let mail_admin = super::flag(ask, "sendEmail", false)?;
    let mut user = named(org, name)?;
    settled(&user)?;
    if user.status == Status::Deprovisioned {
        let later = background(ask);
        if later.is_zero() {
            forget(org, &user, ask.at);
        } else {
            head_for(org, ask, &mut user, Goal::Gone, later);
            user = org.users.save(user, ask.at);
        }
        let target = || vec![log::user_target(&user)];
        org.note(ask, "user.lifecycle.delete.initiated", "Delete okta user initiated", target());
        org.note(ask, "user.lifecycle.delete.completed", "Delete okta user completed", target());
    } else {
        deprovision(org, ask, user, mail_admin);
    }
    Ok(Answer::empty(204))
}

fn suspend(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&[])?;
    if user.status != Status::Active {
        return Err(not_from_here("Cannot suspend a user that is not active"));
    }
    user.enter(Status::Suspended, ask.at);
    save(org, ask, user, "user.lifecycle.suspend", "Suspend Okta user");
    Ok(Answer::json(200, &json!({})))
}

fn unsuspend(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&[])?;
    if user.status != Status::Suspended {
        return Err(not_from_here("Cannot unsuspend a user that is not suspended"));
    }
    user.enter(Status::Active, ask.at);
    save(org, ask, user, "user.lifecycle.unsuspend", "Unsuspend Okta user");
    Ok(Answer::json(200, &json!({})))
}

fn not_from_here(why: &str) -> Answer {
    error::validation("user", &[why.to_owned()])
}

fn unlock(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&[])?;
    let blocked = user.status == Status::Active && !user.holds.blocks.is_empty();
    if user.is_of_directory() || (user.status != Status::LockedOut && !blocked) {
        let cause = "The user is not locked out.".to_owned();
        return Err(error::error(403, "E0000032", "Unlock is not allowed for this user.", &[cause]));
    }
    user.holds.blocks.clear();
    user.wrong_passwords = 0;
    if !blocked {
        user.enter(Status::Active, ask.at);
    }
    save(org, ask, user, "user.account.unlock_by_admin", "Unlock user account by admin");
    Ok(Answer::json(200, &json!({})))
}

fn reset_password(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&["sendEmail", "revokeSessions", "provider"])?;
    if ask.query.text("sendEmail").is_none() {
        return Err(error::validation(
            "sendEmail",
            &["sendEmail: The field cannot be left blank".to_owned()],
        ));
    }
    let send = super::flag(ask, "sendEmail", true)?;
    let revoke = super::flag(ask, "revokeSessions", false)?;
    if matches!(user.status, Status::Staged | Status::Suspended | Status::Deprovisioned) {
        return Err(error::wrong_status());
    }
    of_directory(org, &user)?;
    match ask.query.text("provider") {
        None if user.is_federated() => user.provider = ("OKTA".to_owned(), "OKTA".to_owned()),
        None => {}
        Some("FEDERATION") => return Ok(federate(org, ask, user)),
        Some(_) => return Err(ask.not_modelled("this provider")),
    }
    user.enter(Status::Recovery, ask.at);
    let user =
        save(org, ask, user, "user.account.reset_password", "Fired when the user's Okta password is reset");
    revoke_sessions(org, ask, &user, revoke);
    if send {
        org.mail(ask, "password-reset", &user.id, user.text("email"));
        return Ok(Answer::json(200, &json!({})));
    }
    let url = format!("{}/signin/reset-password/{}", ask.base, org.ids.base62(20));
    Ok(Answer::json(200, &json!({ "resetPasswordUrl": url })))
}

/// Refuses what only the directory can do that has the password. Nobody has recorded the words.
fn of_directory(org: &Org, user: &User) -> Result<(), Answer> {
    match user.provider.0.as_str() {
        _ if org.delegated_reset => Ok(()),
        "ACTIVE_DIRECTORY" => Err(error::error(405, "E0000076", "The password is that of a directory.", &[])),
        "LDAP" => Err(error::error(403, "E0000017", "Password reset failed", &[])),
        _ => Ok(()),
    }
}

/// From now on another provider checks who the person is.
fn federate(org: &mut Org, ask: &Ask, mut user: User) -> Answer {
    user.provider = ("FEDERATION".to_owned(), "FEDERATION".to_owned());
    (user.has_password, user.password, user.question, user.answer) = (false, None, None, None);
    if user.status != Status::Active {
        user.enter(Status::Active, ask.at);
    }
    save(org, ask, user, "user.account.reset_password", "Fired when the user's Okta password is reset");
    Answer::json(200, &json!({}))
}

fn expire_password(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&[])?;
    let user = expire(org, ask, user)?;
    Ok(Answer::json(200, &user.with_links(&ask.base)))
}

fn expire_with_temporary(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&["revokeSessions"])?;
    let revoke = super::flag(ask, "revokeSessions", false)?;
    let mut user = expire(org, ask, user)?;
    let temporary = org.ids.base62(8);
    user.set_password(&temporary, ask.at);
    let user = org.users.save(user, ask.at);
    revoke_sessions(org, ask, &user, revoke);
    Ok(Answer::json(200, &json!({ "tempPassword": temporary })))
}

fn expire(org: &mut Org, ask: &Ask, mut user: User) -> Result<User, Answer> {
    if !matches!(user.status, Status::Active | Status::PasswordExpired) {
        return Err(error::wrong_status());
    }
    of_directory(org, &user)?;
    user.enter(Status::PasswordExpired, ask.at);
    Ok(save(org, ask, user, "user.account.expire_password", "Expire user password"))
}

fn revoke_sessions(org: &mut Org, ask: &Ask, user: &User, revoke: bool) {
    if revoke {
        signout::end(org, ask, user);
    }
}

fn reset_factors(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&[])?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    user.factors.clear();
    save(org, ask, user, "user.mfa.factor.reset_all", "Reset all factors for user");
    Ok(Answer::json(200, &Value::Object(serde_json::Map::new())))
}

fn save(org: &mut Org, ask: &Ask, user: User, event: &str, message: &str) -> User {
    let user = org.users.save(user, ask.at);
    org.note(ask, event, message, vec![log::user_target(&user)]);
    user
}
