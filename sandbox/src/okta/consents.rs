//! What people have allowed apps to do, and the refresh tokens that apps hold for it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::users::{User, named};
use super::{Org, error, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};

/// `…/users/{id}/grants…` and `…/users/{id}/clients…`
pub(super) fn route(org: &mut Org, ask: &Ask, name: &str, rest: &[&str]) -> Reply {
    let user = named(org, name)?;
    match (ask.method.as_str(), rest) {
        ("GET", ["grants"]) => grants(ask, &user, None),
        ("GET", ["clients", client, "grants"]) => grants(ask, &user, Some(client)),
        ("GET", ["grants", id]) => one(ask, &user.holds.grants, id, "OAuth2ScopeConsentGrant"),
        ("GET", ["clients"]) => clients(ask, &user),
        ("GET", ["clients", client, "tokens"]) => tokens(ask, &user, client),
        ("GET", ["clients", client, "tokens", id]) => {
            let of_client: Vec<Value> =
                user.holds.tokens.iter().filter(|token| token["clientId"] == *client).cloned().collect();
            one(ask, &of_client, id, "Token")
        }
        ("DELETE", ["grants"]) => revoke(org, ask, user, |user| user.holds.grants.clear()),
        ("DELETE", ["grants", id]) => {
            one(ask, &user.holds.grants, id, "OAuth2ScopeConsentGrant")?;
            revoke(org, ask, user, |user| user.holds.grants.retain(|grant| grant["id"] != *id))
        }
        ("DELETE", ["clients", client, "grants"]) => {
            revoke(org, ask, user, |user| user.holds.grants.retain(|grant| grant["clientId"] != *client))
        }
        ("DELETE", ["clients", client, "tokens"]) => {
            revoke(org, ask, user, |user| user.holds.tokens.retain(|token| token["clientId"] != *client))
        }
        ("DELETE", ["clients", _, "tokens", id]) => {
            one(ask, &user.holds.tokens, id, "Token")?;
            revoke(org, ask, user, |user| user.holds.tokens.retain(|token| token["id"] != *id))
        }
        (_, ["grants" | "clients"] | ["grants", _] | ["clients", _, "grants" | "tokens", ..]) => {
            Err(error::wrong_method())
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn grants(ask: &Ask, user: &User, client: Option<&str>) -> Reply {
    ask.only_parameters(&["scopeId", "expand", "after", "limit"])?;
    let scope = ask.query.text("scopeId");
    let fits = |grant: &&Value| {
        client.is_none_or(|client| grant["clientId"] == client)
            && scope.is_none_or(|scope| grant["scopeId"] == scope)
    };
    listed(ask, user.holds.grants.iter().filter(fits))
}

fn tokens(ask: &Ask, user: &User, client: &str) -> Reply {
    ask.only_parameters(&["expand", "after", "limit"])?;
    listed(ask, user.holds.tokens.iter().filter(|token| token["clientId"] == client))
}

fn listed<'a>(ask: &Ask, rows: impl Iterator<Item = &'a Value>) -> Reply {
    let rows = rows.enumerate().map(|(at, row)| (at as u64 + 1, row));
    page::by_key(ask, rows, page::limit(ask, 20, 200)?, Value::clone)
}

fn one(ask: &Ask, rows: &[Value], id: &str, kind: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    let found = rows.iter().find(|row| row["id"] == id);
    found.map(|row| Answer::json(200, row)).ok_or_else(|| error::not_found(id, kind))
}

/// The apps that hold anything.
fn clients(ask: &Ask, user: &User) -> Reply {
    ask.only_parameters(&[])?;
    let held = user.holds.grants.iter().chain(&user.holds.tokens);
    let ids: BTreeSet<&str> = held.filter_map(|one| one["clientId"].as_str()).collect();
    let own = format!("{}/api/v1/users/{}/clients", ask.base, user.id);
    let client = |id: &str| {
        json!({
            "client_id": id, "client_name": id, "client_uri": null, "logo_uri": null, "_links": {
                "grants": {"href": format!("{own}/{id}/grants")}, "tokens": {"href": format!("{own}/{id}/tokens")},
            },
        })
    };
    Ok(page::whole(ask, ids.into_iter().map(client).collect()))
}

fn revoke(org: &mut Org, ask: &Ask, mut user: User, revoke: impl FnOnce(&mut User)) -> Reply {
    ask.only_parameters(&[])?;
    revoke(&mut user);
    org.users.save(user, ask.at);
    Ok(Answer::empty(204))
}

/// A consent that was there before the sandbox started.
pub(crate) fn grant(id: &str, user: &str, client: &str, scope: &str, now: DateTime<Utc>) -> Value {
    json!({
        "id": id, "status": "ACTIVE", "created": okta_time(now), "lastUpdated": okta_time(now), "source": "END_USER",
        "issuer": "https://acme.okta.com", "clientId": client, "userId": user, "scopeId": scope,
    })
}

/// A refresh token that was there before the sandbox started.
pub(crate) fn token(id: &str, user: &str, client: &str, scopes: &[&str], now: DateTime<Utc>) -> Value {
    json!({
        "id": id, "status": "ACTIVE", "created": okta_time(now), "lastUpdated": okta_time(now),
        "expiresAt": okta_time(now + TimeDelta::days(90)), "issuer": "https://acme.okta.com/oauth2/default",
        "clientId": client, "userId": user, "scopes": scopes,
    })
}
