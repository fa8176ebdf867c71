//! The end of what people are signed in to.

use serde_json::Value;

use super::users::{User, named};
use super::{Org, flag, log, object, sessions};
use crate::http::{Answer, Ask, Reply};

/// `DELETE /users/{id}/sessions`
pub(super) fn clear(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&["oauthTokens", "forgetDevices"])?;
    let tokens = flag(ask, "oauthTokens", false)?;
    flag(ask, "forgetDevices", true)?;
    let mut user = named(org, name)?;
    if tokens {
        user.holds.tokens.clear();
        user = org.users.save(user, ask.at);
    }
    end(org, ask, &user);
    Ok(Answer::empty(204))
}

/// Ends a person's sessions with Okta.
pub(super) fn end(org: &mut Org, ask: &Ask, user: &User) {
    sessions::clear(org, &user.id);
    org.note(ask, "user.session.clear", "Clear user session", vec![log::user_target(user)]);
}

/// `POST /oauth2/v1/global-token-revocation`
pub(super) fn universal_logout(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let body = Value::Object(object(ask)?);
    match body.pointer("/sub_id/format").and_then(Value::as_str) {
        Some("opaque") => {}
        Some("iss_sub") => return Err(ask.not_modelled("a subject of another identity provider")),
        _ => return Err(Answer::empty(400)),
    }
    let id = body.pointer("/sub_id/id").and_then(Value::as_str).unwrap_or_default();
    let Some(mut user) = org.users.find(id).filter(|user| user.id == id).cloned() else {
        return Err(Answer::empty(400));
    };
    user.holds.tokens.clear();
    let user = org.users.save(user, ask.at);
    sessions::clear(org, &user.id);
    let message = "Universal Logout of a user";
    org.note(ask, "user.authentication.universal_logout", message, vec![log::user_target(&user)]);
    Ok(Answer::empty(204))
}
