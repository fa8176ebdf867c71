//! Creating once, and writing what nobody else has changed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, lossy, scripted};
use serde_json::{Value as Json, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{
    Delivery, DisplayMode, Error, Once, ProblemKind, Query, RawRecord, ServiceNowClient, SysId, Table,
    TransportError,
};

const KEY: &str = "payroll/run 7/step 2";

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn key() -> Query {
    Query::new().eq("correlation_id", KEY)
}

fn fields() -> Json {
    json!({"short_description": "x", "correlation_id": KEY, "correlation_display": "Payroll"})
}

fn incidents(servicenow: &ServiceNowClient) -> Table<RawRecord> {
    servicenow.records("incident").unwrap()
}

async fn create_once(servicenow: &ServiceNowClient) -> Result<Once<RawRecord>, Error> {
    incidents(servicenow).create_once(key(), &fields()).await
}

fn none() -> Answer {
    Answer::rows(json!([]), 0)
}

/// Some other record, which shows that the table has the field.
fn other() -> Answer {
    Answer::rows(json!([{"sys_id": "9", "correlation_id": ""}]), 9)
}

fn row(id: &str) -> Json {
    let mut row = fields();
    row["sys_id"] = id.into();
    row
}

fn rows(ids: &[&str]) -> Answer {
    let rows: Vec<Json> = ids.iter().map(|id| row(id)).collect();
    Answer::rows(json!(rows), rows.len() as u64)
}

fn created(id: &str) -> Answer {
    let mut result = fields();
    result["sys_id"] = json!(id);
    Answer::json(201, json!({ "result": result }))
}

fn kind(error: &Error) -> &ProblemKind {
    &error.problem().unwrap_or_else(|| panic!("{error:?}")).kind
}

#[tokio::test]
async fn what_is_not_there_is_created_and_looked_for_again() {
    let (servicenow, script, _) = scripted([none(), other(), created("1"), rows(&["1"])]);
    let once = create_once(&servicenow).await.unwrap();
    assert!(once.is_new());
    assert_eq!(once.into_record().sys_id(), &id("1"));
    let asked = script.asked();
    assert_eq!(asked[2].method(), "POST");
    assert_eq!(serde_json::from_slice::<Json>(asked[2].body()).unwrap(), fields());
    assert_eq!(script.parameter(3, "sysparm_query").unwrap(), format!("correlation_id={KEY}^ORDERBYsys_id"));
}

#[tokio::test]
async fn what_is_there_is_not_created() {
    let (servicenow, script, _) = scripted([rows(&["1"])]);
    let once = create_once(&servicenow).await.unwrap();
    assert_eq!((once.is_new(), once.record().sys_id()), (false, &id("1")));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_looking() {
    let lost = || Err(TransportError::new("connection reset", Delivery::Unknown));
    let (servicenow, script, _) = lossy([none().into(), other().into(), lost(), rows(&["1"]).into()]);
    assert!(create_once(&servicenow).await.unwrap().is_new());
    assert_eq!(script.asked().len(), 4, "it is not sent twice");

    let (servicenow, script, _) = lossy([none().into(), other().into(), lost(), none().into()]);
    let error = create_once(&servicenow).await.unwrap_err();
    assert_eq!((error.delivery(), error.call()), (Delivery::Unknown, "servicenow.table.create"));
    assert_eq!(script.asked().len(), 4);

    let (servicenow, _, _) = lossy([none().into(), other().into(), lost(), rows(&["1", "2"]).into()]);
    assert_eq!(kind(&create_once(&servicenow).await.unwrap_err()), &ProblemKind::Ambiguous);
}

#[tokio::test]
async fn a_refusal_creates_nothing_even_if_somebody_else_did() {
    let acl = json!({"error": {"message": "Operation Failed", "detail": "ACL Exception Insert Failed"}});
    let (servicenow, _, _) = scripted([none(), other(), Answer::json(403, acl), rows(&["1"])]);
    assert!(create_once(&servicenow).await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn who_was_faster_by_a_unique_key_is_found() {
    let taken = json!({"error": {"message": "Operation Failed", "detail": "Unique Key violation detected by database"}});
    let (servicenow, _, _) = scripted([none(), other(), Answer::json(403, taken), rows(&["1"])]);
    assert!(!create_once(&servicenow).await.unwrap().is_new());
}

#[tokio::test]
async fn twins_are_told_with_their_ids_and_both_left() {
    for seen in [["1", "2"], ["2", "3"]] {
        let (servicenow, script, _) = scripted([none(), other(), created("1"), rows(&seen)]);
        let error = create_once(&servicenow).await.unwrap_err();
        let ProblemKind::Twins { sys_ids } = kind(&error) else { panic!("{error:?}") };
        assert!(sys_ids.contains(&id("1")) && sys_ids.contains(&id("2")));
        assert_eq!((error.delivery(), error.is_conflict()), (Delivery::Done, true));
        assert!(script.asked().iter().all(|request| request.method() != "DELETE"));
    }
}

#[tokio::test]
async fn who_was_made_is_named_though_the_look_for_twins_fails() {
    let refused = || Answer::json(403, json!({"error": {"message": "x", "detail": "y"}}));
    let never_sent = Err(TransportError::new("no route", Delivery::NotSent).lasting());
    for look in [refused().into(), never_sent] {
        let (servicenow, _, _) = lossy([none().into(), other().into(), created("1").into(), look]);
        let error = create_once(&servicenow).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::Done);
        assert_eq!(kind(&error), &ProblemKind::NotLookedAt { sys_id: id("1") });
        assert_eq!((error.call(), error.is_forbidden()), ("servicenow.table.create", false));
        assert!(error.problem().unwrap().message.contains("servicenow.table.list"), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_that_was_not_taken_is_told_since_no_look_will_find_it() {
    let changed = Answer::json(201, json!({"result": {"sys_id": "1", "correlation_id": ""}}));
    let (servicenow, _, _) = scripted([none(), other(), changed]);
    let error = create_once(&servicenow).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotWritten { fields: vec!["correlation_id".into()] });
    assert_eq!(error.delivery(), Delivery::Done);
    assert!(error.problem().unwrap().message.contains("record 1 "));
}

#[tokio::test]
async fn an_id_of_ours_is_a_key_too() {
    let ours = SysId::derived(KEY);
    let row = || json!({"sys_id": ours, "user_name": "ann"});
    let answer = || Answer::json(201, json!({"result": row()}));
    let (servicenow, script, _) = scripted([none(), answer(), Answer::rows(json!([row()]), 1)]);
    let fields = json!({"sys_id": ours, "user_name": "ann"});
    let users = servicenow.table::<SysUser>();
    let by_id = Query::new().eq("sys_id", &ours);
    assert!(users.create_once(&by_id, &fields).await.unwrap().is_new());
    assert_eq!(script.asked().len(), 3);

    let not_honoured = Answer::json(201, json!({"result": {"sys_id": "7", "user_name": "ann"}}));
    let (servicenow, _, _) = scripted([none(), not_honoured]);
    let error = servicenow.table::<SysUser>().create_once(&by_id, &fields).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotWritten { fields: vec!["sys_id".into()] });
}

#[tokio::test]
async fn a_key_that_could_not_be_found_again_is_refused() {
    let (servicenow, script, _) = scripted([]);
    let table = incidents(&servicenow);
    let long = "x".repeat(101);
    for (key, fields) in [
        (key(), json!({"short_description": "x"})),
        (key(), json!({"correlation_id": "another"})),
        (Query::new().eq("correlation_id", &long), json!({ "correlation_id": long })),
        (Query::new().starts_with("correlation_id", "p"), fields()),
        (Query::new().eq("correlation_id", "a^b"), json!({"correlation_id": "a^b"})),
        (key(), json!({"correlation_id": KEY, "watch_list": ["a", "b"]})),
    ] {
        let error = table.create_once(key, &fields).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    }
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_record_that_was_changed_meanwhile_is_not_written() {
    let count = |count: &str| Answer::json(200, json!({"result": {"sys_id": "1", "sys_mod_count": count}}));
    let written = |count: &str| {
        Answer::json(
            200,
            json!({"result": {"sys_id": "1", "short_description": "y", "sys_mod_count": count}}),
        )
    };
    for (now, after, expected) in [
        ("4", None, None),
        ("", None, None),
        ("3", Some("4"), Some((4, 0))),
        ("3", Some("6"), Some((6, 2))),
        ("3", Some("3"), Some((3, 0))),
    ] {
        let (servicenow, script, _) = scripted([Some(count(now)), after.map(written)].into_iter().flatten());
        let fields = json!({"short_description": "y"});
        let updated = incidents(&servicenow).update_unchanged(&id("1"), 3, &fields).await.unwrap();
        assert_eq!(updated.map(|updated| (updated.mod_count, updated.others)), expected);
        assert_eq!(script.asked().len(), if after.is_some() { 2 } else { 1 });
    }
}

#[tokio::test]
async fn a_password_is_sent_so_that_it_is_hashed_and_shown_nowhere() {
    let done = Answer::json(200, json!({"result": {"sys_id": "1", "password_needs_reset": "true"}}));
    let (servicenow, script, _) = scripted([done]);
    let call = servicenow.table::<SysUser>().set_password(&id("1"), &"hunter2!".to_owned().into(), true);
    assert!(!format!("{call:?}").contains("hunter2"));
    call.await.unwrap();
    assert_eq!(script.parameter(0, "sysparm_input_display_value").as_deref(), Some("true"));
    assert_eq!(script.parameter(0, "sysparm_fields").as_deref(), Some("sys_id,password_needs_reset"));
    let sent: Json = serde_json::from_slice(script.asked()[0].body()).unwrap();
    assert_eq!(sent, json!({"user_password": "hunter2!", "password_needs_reset": true}));
}

#[tokio::test]
async fn what_was_written_is_compared_by_value_so_labels_are_not_read_with_it() {
    let (servicenow, script, _) = scripted([]);
    let table = incidents(&servicenow).display(DisplayMode::Labels);
    let written = json!({"state": "2"});
    for error in
        [table.update(&id("1"), &written).await.unwrap_err(), table.create(&written).await.unwrap_err()]
    {
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    }
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_date_written_into_a_date_time_is_that_day() {
    let answer = |due: &str| Answer::json(200, json!({"result": {"sys_id": "1", "due_date": due}}));
    let (servicenow, _, _) =
        scripted([answer("2026-03-02 00:00:00"), answer("2026-03-01 23:00:00"), answer("")]);
    let table = incidents(&servicenow);
    let fields = json!({"due_date": "2026-03-02"});
    table.update(&id("1"), &fields).await.unwrap();
    assert!(table.update(&id("1"), &fields).await.is_err(), "another zone than GMT");
    table.update(&id("1"), &json!({"due_date": ""})).await.unwrap();
}
