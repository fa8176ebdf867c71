//! API tokens: their records. The org's own token is the first.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Org, error, page};
use crate::clock::okta_time;
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::sandbox::Sandbox;

/// The id of the record of the org's own token, as the log has it.
const OWN: &str = "00Tsandboxtoken00000";
const LIFE_DAYS: i64 = 30;

/// The tokens that live.
#[derive(Debug, Default)]
pub(crate) struct ApiTokens(Vec<ApiToken>);

#[derive(Debug)]
struct ApiToken {
    id: String,
    name: String,
    user: String,
    created: DateTime<Utc>,
}

impl ApiTokens {
    /// The org's own token, made by its admin.
    pub(crate) fn seed(&mut self, user: &str, created: DateTime<Utc>) {
        let name = "sandbox".to_owned();
        self.0.push(ApiToken { id: OWN.to_owned(), name, user: user.to_owned(), created });
    }

    /// The records, for a test to look at.
    pub(super) fn state(&self) -> Value {
        let record = |token: &ApiToken| json!({"id": token.id, "name": token.name, "userId": token.user});
        self.0.iter().map(record).collect()
    }

    /// Whether the org's own token still lives.
    pub(super) fn own_lives(&self) -> bool {
        self.0.iter().any(|token| token.id == OWN)
    }
}

/// `/api-tokens…`
pub(super) fn route(org: &mut Org, ask: &Ask, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), below) {
        ("GET", []) => Ok(page::whole(ask, org.api_tokens.0.iter().map(|token| shown(token, ask)).collect())),
        ("DELETE", ["current"]) => revoke(org, ask, OWN),
        ("GET", [id]) => {
            let found = org.api_tokens.0.iter().find(|token| token.id == *id).ok_or_else(|| none(id))?;
            Ok(Answer::json(200, &shown(found, ask)))
        }
        ("DELETE", [id]) => revoke(org, ask, id),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn none(id: &str) -> Answer {
    error::not_found(id, "Token")
}

fn revoke(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let at = org.api_tokens.0.iter().position(|token| token.id == id).ok_or_else(|| none(id))?;
    let token = org.api_tokens.0.remove(at);
    let target = json!({
        "id": token.id, "type": "Token", "alternateId": "unknown", "displayName": token.name, "detailEntry": null,
    });
    org.note(ask, "system.api_token.revoke", "Revoke API token", vec![target]);
    Ok(Answer::empty(204))
}

/// Each use moves the end of the org's own token; nobody uses the others.
fn shown(token: &ApiToken, ask: &Ask) -> Value {
    let used = if token.id == OWN { ask.at } else { token.created };
    let own = format!("{}/api/v1/api-tokens/{}", ask.base, token.id);
    json!({
        "id": token.id, "name": token.name, "userId": token.user, "tokenWindow": "P30D",
        "network": {"connection": "ANYWHERE"}, "clientName": "Okta API",
        "expiresAt": okta_time(used + TimeDelta::days(LIFE_DAYS)), "created": okta_time(token.created),
        "lastUpdated": okta_time(token.created),
        "_links": {"self": {"href": own, "hints": {"allow": ["GET", "DELETE"]}}},
    })
}

impl Sandbox {
    /// Adds the record of an API token that an Okta user, named by id or login, has made. Answers its id. It lets nobody
    /// in: there is no token to it.
    pub fn add_okta_api_token(&self, user: &str, name: &str) -> Result<String, EditError> {
        let created = self.shared.clock.now();
        let mut world = self.shared.world();
        let org = &mut world.okta;
        let found = org.users.find(user).map(|user| user.id.clone());
        let user = found.ok_or_else(|| EditError(format!("no user {user}")))?;
        let id = org.ids.okta("00T");
        org.api_tokens.0.push(ApiToken { id: id.clone(), name: name.to_owned(), user, created });
        Ok(id)
    }
}
