//! User types, user schemas and linked objects over a real socket.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use okta_client::linked_objects::{LinkedObject, LinkedObjectSide};
use okta_client::user_schema::{
    AttributeKind, MisfitReason, SchemaAttribute, SchemaPatch, Uniqueness, UserSchema, UserSchemaId,
};
use okta_client::user_types::{UserType, UserTypeId};
use okta_client::users::Profile;
use serde_json::{Value, json};

use support::org::{Org, empty, html, problem, reply};

fn user_type() -> Value {
    json!({
        "id": "otyfnly5cQjJT9PnR0g4", "displayName": "Guest", "name": "guest", "description": "For a day",
        "createdBy": "sprz9fj1ycBcsgopy1d6", "created": "2021-07-05T20:40:38.000Z",
        "lastUpdated": "2021-07-05T20:40:38.000Z", "default": false,
        "_links": { "schema": { "href": "https://acme.okta.com/api/v1/meta/schemas/user/oscfnly5cQjJT9PnR0g4" } }
    })
}

fn schema() -> Value {
    let attribute = |kind: &str| json!({ "title": "x", "type": kind });
    json!({
        "id": "https://acme.okta.com/meta/schemas/user/oscmlha7lcRyMn82P1d7",
        "$schema": "http://json-schema.org/draft-04/schema#", "name": "user", "title": "User",
        "created": "2015-02-02T10:27:36.000Z", "lastUpdated": "2015-09-05T10:40:45.000Z",
        "definitions": {
            "base": { "id": "#base", "type": "object", "properties": {
                "login": {
                    "title": "Username", "type": "string", "required": true, "minLength": 5, "maxLength": 100,
                    "mutability": "READ_WRITE", "scope": "NONE", "master": { "type": "PROFILE_MASTER" },
                    "permissions": [{ "principal": "SELF", "action": "READ_ONLY" }], "unique": "UNIQUE_VALIDATED"
                },
                "lastName": { "title": "Last name", "type": "string", "unique": false },
            }, "required": ["login", "lastName"] },
            "custom": { "id": "#custom", "type": "object", "properties": {
                "floor": attribute("integer"),
                "size": { "title": "Size", "type": "string", "enum": ["S", "M"], "oneOf": [
                    { "const": "S", "title": "Small" }, { "const": "M", "title": "Middle" }
                ], "unique": "NOT_UNIQUE" },
                "badges": { "title": "Badges", "type": "array", "items": { "type": "string" }, "unique": null },
                "oldId": { "title": "Old id", "type": "string", "mutability": "READ_ONLY", "required": null },
                "newKind": { "title": "New", "type": "geo-point", "unique": "PENDING_UNIQUENESS" },
            }, "required": [] }
        },
        "type": "object", "properties": { "profile": { "allOf": [{ "$ref": "#/definitions/custom" }] } }
    })
}

#[tokio::test]
async fn user_types_are_listed_made_changed_and_deleted() {
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let (types, id): (_, UserTypeId) = (okta.user_types(), "otyfnly5cQjJT9PnR0g4".parse().unwrap());
    let path = "/api/v1/meta/types/user";
    let one = format!("{path}/otyfnly5cQjJT9PnR0g4");

    org.will("GET", reply(200, json!([user_type()]))).await;
    let all = types.list().collect_all().await.unwrap();
    org.saw_one().is("GET", path, None);
    assert_eq!((all[0].name.as_str(), all[0].is_default), ("guest", false));
    assert_eq!(all[0].schema_id().unwrap().as_str(), "oscfnly5cQjJT9PnR0g4");
    assert_eq!(serde_json::to_value(&all[0]).unwrap()["createdBy"], "sprz9fj1ycBcsgopy1d6");
    let linkless: UserType = serde_json::from_value(json!({ "id": "oty1", "name": "guest" })).unwrap();
    assert_eq!(linkless.schema_id(), None);

    org.will("GET", reply(200, user_type())).await;
    types.get(&id).await.unwrap();
    org.saw_one().is("GET", &one, None);
    for _ in 0..2 {
        org.will("POST", reply(200, user_type())).await;
    }
    types.create("guest", "Guest", None).await.unwrap();
    org.saw_one().is("POST", path, Some(json!({ "name": "guest", "displayName": "Guest" })));
    types.update(&id, None, Some("For a day")).await.unwrap();
    org.saw_one().is("POST", &one, Some(json!({ "description": "For a day" })));
    org.will("PUT", reply(200, user_type())).await;
    types.replace(&id, "guest", "Guest", "For a day").await.unwrap();
    let body = json!({ "name": "guest", "displayName": "Guest", "description": "For a day" });
    org.saw_one().is("PUT", &one, Some(body));

    // Its last users are still being removed.
    org.will("DELETE", reply(500, problem("E0000009", "Internal Server Error", &[]))).await;
    org.will("DELETE", empty(204)).await;
    types.delete(&id).await.unwrap();
    assert_eq!(org.saw().len(), 2);

    org.will("POST", html(503)).await;
    assert_eq!(types.create("guest", "Guest", None).await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn a_schema_is_read_in_the_words_of_the_wire_and_of_the_description() {
    let org = Org::answering("GET", reply(200, schema())).await;
    let schema = org.okta.user_schemas().get(&UserSchemaId::of_default_type()).await.unwrap();
    org.saw_one().is("GET", "/api/v1/meta/schemas/user/default", None);
    let unique = |name: &str| schema.attribute(name).unwrap().unique.clone();
    assert_eq!(unique("login"), Some(Uniqueness::Unique));
    assert_eq!(
        (unique("lastName"), unique("size")),
        (Some(Uniqueness::NotUnique), Some(Uniqueness::NotUnique))
    );
    assert_eq!(unique("newKind"), Some(Uniqueness::Unknown("PENDING_UNIQUENESS".into())));
    assert_eq!((unique("badges"), unique("floor")), (None, None));
    assert!(schema.is_required("login") && schema.is_required("lastName") && !schema.is_required("floor"));
    assert_eq!(schema.attributes().count(), 7);
    let login = schema.attribute("login").unwrap();
    assert_eq!(login.permissions.as_ref().unwrap()[0].action.as_str(), "READ_ONLY");
    assert_eq!(login.master.as_ref().unwrap().kind.as_ref().unwrap().as_str(), "PROFILE_MASTER");
    assert_eq!(schema.attribute("nothing"), None);
    let written = serde_json::to_value(&schema).unwrap();
    assert_eq!(written["definitions"]["custom"]["id"], "#custom");
    assert_eq!(written["definitions"]["base"]["properties"]["login"]["unique"], "UNIQUE_VALIDATED");
    assert_eq!(serde_json::from_value::<UserSchema>(written).unwrap(), schema);
}

#[tokio::test]
async fn attributes_are_added_changed_and_removed_by_null() {
    let org = Org::answering("POST", reply(200, schema())).await;
    let mut badge = SchemaAttribute::new(AttributeKind::String, "Badge");
    badge.max_length = Some(12);
    badge.unique = Some(Uniqueness::Unique);
    let floors = SchemaAttribute::list_of(AttributeKind::Integer, "Floors");
    let mut optional = SchemaAttribute::new(AttributeKind::String, "Last name");
    optional.required = Some(false);
    let patch = SchemaPatch::new()
        .set("badge", badge)
        .set("floors", floors)
        .remove("oldBadge")
        .set_base("lastName", optional);
    org.okta.user_schemas().update(&"osc1".parse().unwrap(), &patch).await.unwrap();
    let custom = json!({
        "badge": { "title": "Badge", "type": "string", "unique": "UNIQUE_VALIDATED", "maxLength": 12 },
        "floors": { "title": "Floors", "type": "array", "items": { "type": "integer" } },
        "oldBadge": null
    });
    let base = json!({ "lastName": { "title": "Last name", "type": "string", "required": false } });
    org.saw_one().is(
        "POST",
        "/api/v1/meta/schemas/user/osc1",
        Some(json!({ "definitions": {
            "custom": { "id": "#custom", "type": "object", "properties": custom },
            "base": { "id": "#base", "type": "object", "properties": base }
        }})),
    );
}

#[test]
fn a_profile_that_okta_would_refuse_is_told_attribute_by_attribute() {
    let schema: UserSchema = serde_json::from_value(schema()).unwrap();
    let good = Profile::new()
        .with("login", "ann.lee@example.com")
        .with("lastName", "Lee")
        .with("floor", 3)
        .with("size", "M")
        .with("badges", json!(["hq"]))
        .with("newKind", json!({ "lat": 1 }));
    assert_eq!(schema.misfits(&good), []);
    for (name, value, reason) in [
        ("shoeSize", json!(43), MisfitReason::NoSuchAttribute),
        ("login", json!(null), MisfitReason::Missing),
        ("lastName", json!(""), MisfitReason::Missing),
        ("login", json!("a@b"), MisfitReason::TooShort),
        ("login", json!("x".repeat(101)), MisfitReason::TooLong),
        ("floor", json!("3"), MisfitReason::OtherType),
        ("floor", json!(3.5), MisfitReason::OtherType),
        ("badges", json!("hq"), MisfitReason::OtherType),
        ("badges", json!(["hq", 7]), MisfitReason::OtherType),
        ("size", json!("XXL"), MisfitReason::NoSuchValue),
        ("oldId", json!("7"), MisfitReason::ReadOnly),
    ] {
        let misfits = schema.misfits(&good.clone().with(name, value.clone()));
        let found: Vec<_> = misfits.iter().map(|misfit| (misfit.attribute.as_str(), misfit.reason)).collect();
        assert_eq!(found, [(name, reason)], "{value}");
    }
}

#[tokio::test]
async fn relations_are_listed_made_and_deleted() {
    let relation = json!({
        "primary": { "name": "manager", "title": "Manager", "description": "Who leads", "type": "USER" },
        "associated": { "name": "subordinate", "title": "Subordinate", "type": "USER" },
        "_links": { "self": { "href": "https://acme.okta.com/api/v1/meta/schemas/user/linkedObjects/manager" } }
    });
    let mut org = Org::new().await;
    let okta = org.okta.clone();
    let path = "/api/v1/meta/schemas/user/linkedObjects";
    org.will("GET", reply(200, json!([relation]))).await;
    let all = okta.linked_objects().list().collect_all().await.unwrap();
    org.saw_one().is("GET", path, None);
    assert_eq!((all[0].primary.name.as_str(), all[0].associated.name.as_str()), ("manager", "subordinate"));
    org.will("GET", reply(200, relation.clone())).await;
    okta.linked_objects().get("subordinate").await.unwrap();
    org.saw_one().is("GET", &format!("{path}/subordinate"), None);

    let manager = LinkedObjectSide::new("manager", "Manager").described("Who leads");
    let wanted = LinkedObject::between(manager, LinkedObjectSide::new("subordinate", "Subordinate"));
    org.will("POST", reply(201, relation.clone())).await;
    okta.linked_objects().create(&wanted).await.unwrap();
    let mut body = relation;
    body.as_object_mut().unwrap().remove("_links");
    org.saw_one().is("POST", path, Some(body));
    let taken = "Invalid linked objection definition. Linked object identifier is already in use.";
    org.will("POST", reply(409, problem("E0000127", taken, &[]))).await;
    assert!(okta.linked_objects().create(&wanted).await.unwrap_err().is_conflict());
    org.saw();
    org.will("DELETE", empty(204)).await;
    okta.linked_objects().delete("manager").await.unwrap();
    org.saw_one().is("DELETE", &format!("{path}/manager"), None);
}
