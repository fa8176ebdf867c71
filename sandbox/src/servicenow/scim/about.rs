//! What SCIM says of itself.

use serde_json::{Value, json};

use super::{LIST, group, user};
use crate::http::{Answer, Ask, Reply};
use crate::servicenow::error;

pub(super) fn route(ask: &Ask, endpoint: &str, rest: &[&str]) -> Reply {
    let body = match (endpoint, rest) {
        ("ServiceProviderConfig", []) => config(),
        ("ResourceTypes", []) => listed(vec![
            resource_type("User", "/Users", user::CORE, user::EXTENSION),
            resource_type("Group", "/Groups", group::CORE, group::EXTENSION),
        ]),
        ("Schemas", []) => listed(
            [(user::CORE, "User"), (user::EXTENSION, "User Extension"), (group::CORE, "Group")]
                .into_iter()
                .map(|(id, name)| json!({ "id": id, "name": name, "attributes": [] }))
                .collect(),
        ),
        ("ResourceTypes" | "Schemas", _) => return Err(ask.not_modelled("the call")),
        _ => return Err(error::no_resource()),
    };
    if ask.method != "GET" {
        return Err(error::wrong_method(&ask.method));
    }
    Ok(Answer::json(200, &body))
}

fn listed(resources: Vec<Value>) -> Value {
    json!({ "schemas": [LIST], "totalResults": resources.len(), "Resources": resources })
}

fn resource_type(name: &str, endpoint: &str, schema: &str, extension: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name, "name": name, "endpoint": endpoint, "schema": schema,
        "schemaExtensions": [{ "schema": extension, "required": false }],
    })
}

fn config() -> Value {
    let no = json!({ "supported": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": 500 },
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{ "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "" }],
    })
}
