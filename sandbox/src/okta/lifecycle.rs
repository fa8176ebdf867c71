//! Moves between statuses: who may go where, what it sends, and what it leaves in the log.

use serde_json::{Value, json};

use super::users::{Status, User, named};
use super::{Org, error, log};
use crate::http::{Answer, Ask, Reply};

/// `POST /users/{id}/lifecycle/{action}`
pub(super) fn act(org: &mut Org, ask: &Ask, name: &str, action: &str) -> Reply {
    let user = named(org, name)?;
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
    user.enter(if signs_in { Status::Active } else { Status::Provisioned }, ask.at);
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

/// Password and factors go; memberships of groups stay, as they do in a real org.
fn deprovision(org: &mut Org, ask: &Ask, mut user: User, mail_admin: bool) {
    user.enter(Status::Deprovisioned, ask.at);
    user.has_password = false;
    user.factors.clear();
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
    let user = named(org, name)?;
    if user.status == Status::Deprovisioned {
        org.groups.forget(user.key);
        org.users.remove(&user, ask.at);
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
    if user.status != Status::LockedOut {
        let cause = "The user is not locked out.".to_owned();
        return Err(error::error(403, "E0000032", "Unlock is not allowed for this user.", &[cause]));
    }
    user.enter(Status::Active, ask.at);
    save(org, ask, user, "user.account.unlock_by_admin", "Unlock user account by admin");
    Ok(Answer::json(200, &json!({})))
}

fn reset_password(org: &mut Org, ask: &Ask, mut user: User) -> Reply {
    ask.only_parameters(&["sendEmail", "revokeSessions"])?;
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

fn expire_password(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&[])?;
    let user = expire(org, ask, user)?;
    Ok(Answer::json(200, &user.with_links(&ask.base)))
}

fn expire_with_temporary(org: &mut Org, ask: &Ask, user: User) -> Reply {
    ask.only_parameters(&["revokeSessions"])?;
    let revoke = super::flag(ask, "revokeSessions", false)?;
    let user = expire(org, ask, user)?;
    revoke_sessions(org, ask, &user, revoke);
    Ok(Answer::json(200, &json!({"tempPassword": org.ids.base62(8)})))
}

fn expire(org: &mut Org, ask: &Ask, mut user: User) -> Result<User, Answer> {
    if !matches!(user.status, Status::Active | Status::PasswordExpired) {
        return Err(error::wrong_status());
    }
    user.enter(Status::PasswordExpired, ask.at);
    Ok(save(org, ask, user, "user.account.expire_password", "Expire user password"))
}

fn revoke_sessions(org: &mut Org, ask: &Ask, user: &User, revoke: bool) {
    if revoke {
        org.note(ask, "user.session.clear", "Clear user session", vec![log::user_target(user)]);
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
