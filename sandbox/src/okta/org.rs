//! The org itself: settings, engine, features.

use serde_json::{Value, json};

use super::Org;
use crate::http::{Answer, Ask, Reply};

/// Answered to anybody.
pub(super) const METADATA_PATH: &str = "/.well-known/okta-organization";
const ID: &str = "00osandboxorg0000000";

/// `GET /.well-known/okta-organization`: an Identity Engine org.
pub(super) fn metadata(ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let links = json!({ "organization": { "href": ask.base } });
    let settings = json!({ "analyticsCollectionEnabled": false, "bugReportingEnabled": true });
    let body = json!({ "id": ID, "pipeline": "idx", "settings": settings, "_links": links });
    Ok(Answer::json(200, &body))
}

/// `GET /org`
pub(super) fn settings(ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let body = json!({
        "id": ID, "subdomain": "acme", "companyName": "Acme", "website": "https://acme.example",
        "status": "ACTIVE", "created": "2020-01-07T09:00:00.000Z", "lastUpdated": "2020-01-07T09:00:00.000Z",
        "expiresAt": null, "_links": { "logo": null, "contacts": { "href": format!("{}/api/v1/org/contacts", ask.base) } },
    });
    Ok(Answer::json(200, &body))
}

/// `GET /features`: one of each kind.
pub(super) fn features(ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let feature = |id: &str, name: &str, stage: &str, status: &str| {
        json!({
            "id": id, "name": name, "description": name, "type": "self-service", "status": status,
            "stage": { "value": stage, "state": "OPEN" },
            "_links": { "self": { "href": format!("{}/api/v1/features/{id}", ask.base) } },
        })
    };
    let all: Vec<Value> = vec![
        feature("ftrsandboxfeature001", "Sandbox early access", "EA", "ENABLED"),
        feature("ftrsandboxfeature002", "Sandbox beta", "BETA", "DISABLED"),
    ];
    Ok(super::page::whole(ask, all))
}

impl Org {
    /// Whether a call needs no credentials.
    pub(super) fn is_open(ask: &Ask) -> bool {
        ask.path == METADATA_PATH || ask.path == super::oauth::TOKEN_PATH
    }
}
