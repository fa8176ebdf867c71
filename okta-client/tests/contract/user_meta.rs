//! User types, user schemas and linked objects.

use okta_client::linked_objects::{LinkedObject, LinkedObjectSide};
use okta_client::user_schema::{AttributeKind, SchemaAttribute, SchemaPatch, UserSchemaId};
use okta_client::user_types::UserTypeId;

use crate::check::Contract;

pub(crate) async fn cases(contract: &mut Contract) {
    let id: UserTypeId = "oty1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.user_types().list().collect_all().await).await;
    contract.check(async |okta| okta.user_types().get(&id).await).await;
    contract.check(async |okta| okta.user_types().create("guest", "Guest", Some("For a day")).await).await;
    contract.check(async |okta| okta.user_types().update(&id, Some("Visitor"), None).await).await;
    contract.check(async |okta| okta.user_types().replace(&id, "guest", "Visitor", "For a day").await).await;
    contract.check(async |okta| okta.user_types().delete(&id).await).await;

    let schema = UserSchemaId::of_default_type();
    contract.check(async |okta| okta.user_schemas().get(&schema).await).await;
    let mut badge = SchemaAttribute::list_of(AttributeKind::String, "Badges");
    badge.required = Some(false);
    let patch = SchemaPatch::new().set("badges", badge);
    contract.check(async |okta| okta.user_schemas().update(&schema, &patch).await).await;

    let (manager, report) =
        (LinkedObjectSide::new("manager", "Manager"), LinkedObjectSide::new("report", "Report"));
    let relation = LinkedObject::between(manager.described("Who leads"), report);
    contract.check(async |okta| okta.linked_objects().list().collect_all().await).await;
    contract.check(async |okta| okta.linked_objects().get("manager").await).await;
    contract.check(async |okta| okta.linked_objects().create(&relation).await).await;
    contract.check(async |okta| okta.linked_objects().delete("manager").await).await;
}
