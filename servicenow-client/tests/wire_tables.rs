//! Schema and choices, and who we are, against an instance that says what a test wrote.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, scripted};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use servicenow_client::Record;
use servicenow_client::checkup::Finding;
use servicenow_client::tables::{Incident, SysUser};

fn row(rows: Json) -> Answer {
    let count = rows.as_array().unwrap().len() as u64;
    Answer::rows(rows, count)
}

fn one(row: Json) -> Answer {
    Answer::json(200, json!({ "result": row }))
}

fn table(id: &str, name: &str, base: &str) -> Json {
    json!({"sys_id": id, "name": name, "label": name, "super_class": base})
}

fn column(id: &str, table: &str, element: &str, kind: &str) -> Json {
    json!({"sys_id": id, "name": table, "element": element, "internal_type": kind, "active": "true"})
}

#[tokio::test]
async fn a_field_is_its_nearest_tables_and_one_out_of_use_is_none() {
    let columns = json!([
        column("c1", "task", "number", "string"),
        column("c2", "planned_task", "number", "integer"),
        column("c3", "change_request", "risk", "integer"),
        {"sys_id": "c4", "name": "task", "element": "old", "active": "false"},
    ]);
    let (servicenow, script, _) = scripted([
        row(json!([table("t3", "change_request", "t2")])),
        one(table("t2", "planned_task", "t1")),
        one(table("t1", "task", "")),
        row(columns),
    ]);
    let change = servicenow.schema().table("change_request").await.unwrap().unwrap();
    assert_eq!(change.extends().collect::<Vec<_>>(), ["planned_task", "task"]);
    assert_eq!(change.field("number").unwrap().internal_type.as_str(), Some("integer"));
    assert_eq!(change.fields().map(|(name, _)| name).collect::<Vec<_>>(), ["number", "risk"]);
    let query = script.parameter(3, "sysparm_query").unwrap();
    assert!(query.starts_with("nameINchange_request,planned_task,task^elementISNOTEMPTY"), "{query}");
}

#[tokio::test]
async fn tables_that_extend_each_other_in_a_circle_end() {
    let (servicenow, script, _) = scripted([
        row(json!([table("t1", "a", "t2")])),
        one(table("t2", "b", "t1")),
        one(table("t1", "a", "t2")),
    ]);
    let error = servicenow.schema().table("a").await.unwrap_err();
    assert!(format!("{error:?}").contains("circle"), "{error:?}");
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn the_nearest_table_with_choices_has_the_say() {
    let choice = |id: &str, table: &str, value: &str| json!({"sys_id": id, "name": table, "element": "state", "value": value, "label": value, "language": "en"});
    let choices =
        json!([choice("1", "task", "a"), choice("2", "planned_task", "b"), choice("3", "task", "c")]);
    let (servicenow, _, _) = scripted([
        row(json!([table("t3", "change_request", "t2")])),
        one(table("t2", "planned_task", "t1")),
        one(table("t1", "task", "")),
        row(choices),
    ]);
    let states = servicenow.schema().choices("change_request", "state").await.unwrap();
    assert_eq!((states.table(), states.iter().count(), states.contains("b")), ("planned_task", 1, true));
}

#[tokio::test]
async fn a_filter_that_was_dropped_makes_us_nobody() {
    let user = |id: &str| json!({"sys_id": id, "user_name": id});
    // The list looks for what may follow.
    let none = || (0..9).map(|_| Answer::rows(json!([]), 0));
    let everybody = Answer::rows(json!([user("a"), user("b")]), 3);
    let (servicenow, script, _) = scripted(std::iter::once(everybody).chain(none()));
    assert!(servicenow.who_am_i().await.unwrap().is_none());
    assert!(script.parameter(0, "sysparm_query").unwrap().starts_with("sys_id=javascript:gs.getUserID()"));
    let (servicenow, _, _) = scripted([Answer::rows(json!([user("a")]), 1)]);
    assert_eq!(servicenow.who_am_i().await.unwrap().unwrap().user_name.as_str(), Some("a"));
    // One row, of many that match: the others are hidden, and this may be anybody.
    let anybody = Answer::rows(json!([user("a")]), 9);
    let (servicenow, _, _) = scripted(std::iter::once(anybody).chain(none()));
    assert!(servicenow.who_am_i().await.unwrap().is_none());
    let refused = json!({"error": {"message": "Insufficient rights to query records", "detail": null}});
    let (servicenow, _, _) = scripted((0..2).map(|_| Answer::json(403, &refused)));
    assert!(servicenow.who_am_i().await.unwrap().is_none());
}

#[tokio::test]
async fn a_table_without_any_of_the_fields_is_told_from_an_empty_one() {
    let us = || Answer::rows(json!([{"sys_id": "a", "time_zone": "GMT"}]), 1);
    let few =
        || [us(), Answer::rows(json!([]), 0), Answer::rows(json!([{"sys_id": "b", "active": "false"}]), 1)];
    let rows = Answer::rows(json!([{}, {"sys_id": "1"}]), 2);
    let (servicenow, script, _) = scripted(few().into_iter().chain([rows]));
    let found = servicenow.check().reads("incident", ["u_one", "u_two"]).await.unwrap().findings;
    let fields = vec!["u_one".to_owned(), "u_two".to_owned()];
    assert_eq!(found, [Finding::NoFields { table: "incident".into(), fields }]);
    assert_eq!(script.parameter(3, "sysparm_fields").as_deref(), Some("sys_id,u_one,u_two"));
    let (servicenow, _, _) = scripted(few().into_iter().chain([Answer::rows(json!([{}, {}]), 2)]));
    let found = servicenow.check().reads("incident", ["u_one"]).await.unwrap().findings;
    assert_eq!(found, [Finding::NothingToSee { table: "incident".into() }]);
}

#[tokio::test]
async fn a_name_that_no_field_has_is_not_sent() {
    let (servicenow, script, _) = scripted([]);
    for table in ["", "incident/x", "a b"] {
        assert!(servicenow.schema().exists(table).await.is_err(), "{table}");
    }
    assert!(script.asked().is_empty());
}

/// What an instance may put into a field: texts that are almost dates, lists and numbers, and other things.
fn anything() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        ".{0,12}",
        "[0-9]{4,6}-[0-9]{2}-[0-9]{2}( [0-9:]{8})?",
        "[a-z0-9,@. ]{0,40}",
        "-?[0-9.]{1,25}",
        "true|false|global",
    ];
    let plain = prop_oneof![
        text.prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null),
    ];
    let object = proptest::collection::btree_map("value|display_value|link|x", plain.clone(), 0..3);
    prop_oneof![plain, object.prop_map(|object| json!(object)), Just(json!([1]))]
}

fn reads_and_writes<T: Record + serde::Serialize + PartialEq + std::fmt::Debug>(
    values: &[Json],
) -> Result<(), TestCaseError> {
    let fields = T::FIELDS.iter().copied().zip(values.iter().cycle().cloned());
    let mut row: serde_json::Map<String, Json> =
        fields.map(|(field, value)| (field.to_owned(), value)).collect();
    row.insert("sys_id".into(), "ab".into());
    let Ok(record) = serde_json::from_str::<T>(&json!(row).to_string()) else { return Ok(()) };
    let again: T = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    prop_assert_eq!(again, record);
    Ok(())
}

proptest! {
    #[test]
    fn records_of_any_shape_are_read_or_refused_and_come_back(
        values in proptest::collection::vec(anything(), 1..4),
    ) {
        reads_and_writes::<Incident>(&values)?;
        reads_and_writes::<SysUser>(&values)?;
    }
}
