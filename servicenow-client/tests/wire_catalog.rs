//! What orders and imports send, what is refused before, and answers that no stand-in gives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, Script, fixture, scripted};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use servicenow_client::catalog::{CatalogItem, QuestionType};
use servicenow_client::import_sets::ImportStatus;
use servicenow_client::{Delivery, Field, ProblemKind, SysId};

const ITEM: &str = "060f3afa3731300054b6a3549dbe5d3e";

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn sent(script: &Script, n: usize) -> Value {
    serde_json::from_slice(script.asked()[n].body()).unwrap()
}

#[tokio::test]
async fn an_order_is_sent_as_documented_and_its_published_answer_read() {
    let Some(body) = fixture("docs/catalog_order_now.json") else { return };
    let (servicenow, script, _) = scripted([Answer::json(200, body)]);
    let order =
        servicenow.catalog().order(&id(ITEM)).requested_for(&id("ann")).answer("okta_group", "engineering");
    let ordered = order.also_requested_for([&id("bob"), &id("cyd")]).answer("since", 7).await.unwrap();
    assert_eq!(ordered.number, "REQ0010012");
    assert_eq!(ordered.request, id("cf56a3fcdb3a2300e890f71fbf9619ac"));
    let path = format!("/api/sn_sc/servicecatalog/items/{ITEM}/order_now");
    assert_eq!((script.asked()[0].method().as_str(), script.asked()[0].uri().path()), ("POST", &*path));
    assert_eq!(
        sent(&script, 0),
        json!({
            "sysparm_quantity": 1, "sysparm_requested_for": "ann", "sysparm_also_request_for": "bob,cyd",
            "variables": {"okta_group": "engineering", "since": "7"},
        })
    );
}

#[tokio::test]
async fn an_order_that_is_no_request_is_not_taken_for_one() {
    let cart = json!({"result": {"sys_id": "ab", "number": "", "table": "sc_cart"}});
    let legacy = json!({"result": {"request_number": "REQ0010010", "request_id": "cd"}});
    let (servicenow, _, _) = scripted([Answer::json(200, cart), Answer::json(201, legacy)]);
    let order = || servicenow.catalog().order(&id(ITEM));
    let error = order().await.unwrap_err();
    assert_eq!(
        (error.problem().unwrap().kind.clone(), error.delivery()),
        (ProblemKind::WrongRecord, Delivery::Done)
    );
    assert_eq!(order().await.unwrap().request, id("cd"));
}

#[tokio::test]
async fn published_items_are_read() {
    let (Some(list), Some(item)) =
        (fixture("docs/catalog_items_list.json"), fixture("docs/catalog_item_get.json"))
    else {
        return;
    };
    let empty = json!({"result": []});
    let (servicenow, script, _) =
        scripted([Answer::json(200, list), Answer::json(200, empty), Answer::json(200, item)]);
    let catalog = servicenow.catalog();
    let items: Vec<CatalogItem> =
        catalog.items().text("role").category(&id("cat")).send().try_collect().await.unwrap();
    assert_eq!(items.len(), 2);
    assert!(items[0].short_description.is_empty(), "it is null");
    assert_eq!(items[1].category.as_ref().unwrap().title.as_str(), Some("Role Delegation"));
    assert_eq!(script.parameter(0, "sysparm_text").as_deref(), Some("role"));
    assert_eq!(
        script.parameter(1, "sysparm_offset").as_deref(),
        Some("100"),
        "only an empty page ends the list"
    );
    let item = catalog.item(&id(ITEM)).await.unwrap();
    assert_eq!((item.price.as_str(), item.questions.len()), (Some("$600.00"), 0));
    assert_eq!(item.extra["show_quantity"], json!(true));
}

#[tokio::test]
async fn a_list_of_items_whose_offset_is_ignored_ends_with_an_error() {
    let same = || Answer::json(200, json!({"result": [{"sys_id": "ab"}, {"sys_id": "cd"}]}));
    let (servicenow, script, _) = scripted([same(), same()]);
    let items: Result<Vec<CatalogItem>, _> = servicenow.catalog().items().send().try_collect().await;
    assert!(items.unwrap_err().to_string().contains("twice"));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn questions_are_read_in_containers_too_and_secrets_are_dropped() {
    let questions = json!({"result": [
        {"id": "q1", "name": "", "type": 19, "mandatory": false, "children": [
            {"id": "q2", "name": "pin", "type": "25", "mandatory": "true", "value": "1234", "choices": null},
            {"id": "q3", "name": "size", "type": 5, "mandatory": true, "value": "s", "choices": [
                {"label": "Small", "value": "s", "index": 0}, {"label": "Large", "value": "l"}]},
        ]},
        {"id": "q4", "name": "new", "type": 99, "reference": null},
    ]});
    let (servicenow, _, _) = scripted([Answer::json(200, questions)]);
    let questions = servicenow.catalog().questions(&id(ITEM)).await.unwrap();
    let [pin, size] = &questions[0].children[..] else { panic!("{questions:?}") };
    assert!(pin.is_masked() && pin.value.is_absent());
    assert_eq!(pin.mandatory, Field::Set(true));
    assert_eq!(size.choices[1].value.as_str(), Some("l"));
    assert_eq!(questions[1].kind, Some(QuestionType::Unknown("99".into())));
}

#[tokio::test]
async fn a_published_record_producers_answer_is_read() {
    let Some(body) = fixture("docs/catalog_submit_producer.json") else { return };
    let (servicenow, script, _) = scripted([Answer::json(200, body)]);
    let made = servicenow.catalog().produce(&id(ITEM)).answer("urgency", "1").await.unwrap();
    assert_eq!((&*made.table, made.number.as_str()), ("incident", Some("INC0010006")));
    assert_eq!(sent(&script, 0), json!({"variables": {"urgency": "1"}}));
}

/// There is no cart in this client; what is published of carts and catalogs is read as any other answer.
#[tokio::test]
async fn what_has_no_call_here_is_read_raw() {
    for name in
        ["docs/catalog_add_to_cart.json", "docs/catalog_catalogs_list.json", "docs/catalog_submit_order.json"]
    {
        let Some(body) = fixture(name) else { return };
        let (servicenow, _, _) = scripted([Answer::json(200, body)]);
        let request = servicenow_client::Request::get(servicenow_client::Path::new(
            "/api/sn_sc/servicecatalog/catalogs",
        ));
        let call = servicenow_client::Call::<Value>::read("test", request);
        assert!(
            servicenow.send(&call.with_decode(servicenow_client::result::<Value>)).await.is_ok(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn published_imports_are_read() {
    let (Some(one), Some(many)) =
        (fixture("docs/import_set_insert.json"), fixture("docs/import_set_insert_multiple.json"))
    else {
        return;
    };
    let (servicenow, script, _) =
        scripted([Answer::json(201, &one), Answer::json(201, many), Answer::json(200, &one)]);
    let staging = servicenow.staging_table("imp_user").unwrap();
    let imported = staging.insert(&json!({"user_name": "john"})).await.unwrap();
    assert_eq!(imported.import_set.as_str(), Some("ISET0010001"));
    let [result] = &imported.results[..] else { panic!("{imported:?}") };
    assert_eq!((&result.status, result.table.as_str()), (&ImportStatus::Inserted, Some("sys_user")));
    assert_eq!(result.sys_id, Field::Set(id("ea928be64f411200adf9f8e18110c777")));
    let run = staging.insert_multiple(&[json!({"User name": "john"})]).await.unwrap();
    assert_eq!(run.import_set_id.as_str(), Some("<import_set_sys_id>"));
    assert_eq!(sent(&script, 1), json!({"records": [{"User name": "john"}]}));
    assert_eq!(staging.get(&id("ab")).await.unwrap(), imported);
    assert_eq!(script.asked()[2].uri().path(), "/api/now/import/imp_user/ab");
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_by_name() {
    let (servicenow, script, _) = scripted([]);
    let staging = servicenow.staging_table("imp_user").unwrap();
    for (row, names) in [
        (json!({"user_name": "a", "active": true}), "`active` must be text"),
        (json!({"address": {"city": "Oslo"}}), "`address` must be text"),
        (json!({"department.name": "Sales"}), "`department.name` is no column"),
        (json!(["a"]), "must be an object"),
    ] {
        let error = staging.insert(&row).await.unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
    }
    assert!(
        staging.insert_multiple(&[json!({"Active": 1})]).await.unwrap_err().to_string().contains("`Active`")
    );
    assert!(staging.insert_multiple::<Value>(&[]).await.is_err());
    assert!(servicenow.staging_table("../x").is_err());
    assert!(script.asked().is_empty());
}
