//! The Aggregate API: what is asked, and what is made of what comes.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{Answer, scripted};
use serde_json::json;
use servicenow_client::aggregate::{Comparison, Function};
use servicenow_client::tables::SysUser;
use servicenow_client::{ProblemKind, Query};

fn stats(stats: serde_json::Value) -> Answer {
    Answer::json(200, json!({ "result": { "stats": stats } }))
}

#[tokio::test]
async fn a_count_is_one_number() {
    let row = json!([{ "sys_id": "1", "active": "true" }]);
    let count = || stats(json!({ "count": "67" }));
    let (servicenow, script, _) = scripted([count(), Answer::rows(row, 80), count()]);
    let users = servicenow.table::<SysUser>();
    for _ in 0..2 {
        let stats = users.aggregate(Query::new().eq("active", true)).count().await.unwrap();
        assert_eq!(stats.count(), Some(67));
    }
    // That the table has the field is asked once.
    assert_eq!(script.parameter(1, "sysparm_fields").as_deref(), Some("sys_id,active"));
    assert_eq!((script.parameter(1, "sysparm_query"), script.asked().len()), (None, 3));
    assert_eq!(
        script.asked()[0].uri().to_string(),
        "https://acme.service-now.com/api/now/stats/sys_user?sysparm_query=active%3Dtrue&sysparm_count=true"
    );
}

#[tokio::test]
async fn every_function_names_its_fields() {
    let (servicenow, script, _) = scripted([stats(json!({
        "avg": { "priority": "3.2500", "impact": "" },
        "min": { "opened_at": "2026-03-02 08:00:00" },
        "max": { "priority": 5 },
        "sum": { "business_stc": "123456789012345678901234567890" },
    }))]);
    let asked = servicenow.records("incident").unwrap().aggregate(Query::all());
    let stats = asked
        .avg("priority")
        .avg("impact")
        .min("opened_at")
        .max("priority")
        .sum("business_stc")
        .await
        .unwrap();
    for (name, fields) in [("avg", "priority,impact"), ("min", "opened_at"), ("max", "priority")] {
        assert_eq!(script.parameter(0, &format!("sysparm_{name}_fields")).as_deref(), Some(fields));
    }
    assert_eq!((script.parameter(0, "sysparm_count"), script.parameter(0, "sysparm_query")), (None, None));
    assert_eq!(stats.avg("priority").unwrap().as_f64(), Some(3.25));
    assert_eq!(stats.avg("impact"), None, "no record has a value");
    assert_eq!(stats.max("priority").unwrap().as_i64(), Some(5));
    assert_eq!(stats.sum("business_stc").unwrap().as_str(), "123456789012345678901234567890");
    let earliest: chrono::DateTime<chrono::Utc> = stats.min("opened_at").unwrap().get().unwrap();
    assert_eq!(earliest.to_rfc3339(), "2026-03-02T08:00:00+00:00");
}

#[tokio::test]
async fn groups_come_with_what_they_have_in_common() {
    let group = |state: &str, label: &str, count: &str| {
        let field = json!({ "field": "state", "value": state, "display_value": label });
        json!({ "stats": { "count": count }, "groupby_fields": [field] })
    };
    let answer = json!({ "result": [group("2", "In Progress", "7"), group("", "", "1")] });
    let (servicenow, script, _) = scripted([Answer::json(200, answer)]);
    let asked = servicenow.records("incident").unwrap().aggregate(Query::all()).count();
    let groups = asked
        .group_by(["state"])
        .having(Function::Count, "state", Comparison::Ge, 0.5)
        .order_by_desc("state")
        .order_by_result(Function::Avg, "priority")
        .labels()
        .await
        .unwrap();
    for (name, value) in [
        ("sysparm_group_by", "state"),
        ("sysparm_having", "count^state^>=^0.5"),
        ("sysparm_order_by", "state^DESC,AVG^priority"),
        ("sysparm_display_value", "all"),
    ] {
        assert_eq!(script.parameter(0, name).as_deref(), Some(value), "{name}");
    }
    let told: Vec<_> = groups
        .iter()
        .map(|group| (group.value("state"), group.label("state"), group.stats.count()))
        .collect();
    assert_eq!(told, [(Some("2"), Some("In Progress"), Some(7)), (Some(""), Some(""), Some(1))]);
    assert_eq!(groups[0].value("priority"), None);
}

#[tokio::test]
async fn what_was_asked_and_did_not_come_is_an_error() {
    let group = json!({ "stats": { "count": "1" }, "groupby_fields": [] });
    let (servicenow, _, _) = scripted([
        stats(json!({ "count": "3" })),
        stats(json!({ "avg": { "other": "1.0000" } })),
        stats(json!({})),
        Answer::json(200, json!({ "result": [group] })),
    ]);
    let asked = || servicenow.records("incident").unwrap().aggregate(Query::all());
    let missing = |error: servicenow_client::Error| match &error.problem().unwrap().kind {
        ProblemKind::NotHonoured { field } => field.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(asked().count().sum("u_cost").await.unwrap_err()), "u_cost");
    assert_eq!(missing(asked().avg("u_cost").await.unwrap_err()), "u_cost");
    assert_eq!(missing(asked().count().await.unwrap_err()), "count");
    assert_eq!(missing(asked().count().group_by(["u_site"]).await.unwrap_err()), "u_site");
}

#[tokio::test]
async fn a_number_about_a_field_that_no_record_shows_is_an_error() {
    let rows = json!([{ "sys_id": "1" }, { "sys_id": "2" }]);
    let (servicenow, _, _) = scripted([stats(json!({ "count": "80" })), Answer::rows(rows, 80)]);
    let users = servicenow.table::<SysUser>();
    let error = users.aggregate(Query::new().eq("u_site", "Bonn")).count().await.unwrap_err();
    let kind = ProblemKind::NotHonoured { field: "u_site".to_owned() };
    assert_eq!(error.problem().unwrap().kind, kind);
}

#[tokio::test]
async fn what_could_be_more_than_a_name_or_a_number_is_refused() {
    let (servicenow, script, _) = scripted([]);
    let asked = || servicenow.records("incident").unwrap().aggregate(Query::all());
    let grouped = || asked().count().group_by(["state"]);
    for error in [
        asked().await.unwrap_err(),
        asked().avg("a,b").await.unwrap_err(),
        asked().sum("a^b").await.unwrap_err(),
        servicenow.records("incident").unwrap().aggregate(Query::new()).count().await.unwrap_err(),
        servicenow
            .records("incident")
            .unwrap()
            .aggregate(Query::all().order_by("state"))
            .count()
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.attempts(), 0, "{error}");
    }
    for error in [
        asked().count().group_by(Vec::<String>::new()).await.unwrap_err(),
        asked().count().group_by(["state,priority"]).await.unwrap_err(),
        grouped().having(Function::Count, "state", Comparison::Gt, "1^ORcount").await.unwrap_err(),
        grouped().having(Function::Count, "state", Comparison::Gt, f64::NAN).await.unwrap_err(),
        grouped().having(Function::Count, "state^x", Comparison::Gt, 1).await.unwrap_err(),
        grouped().order_by("state^DESC").await.unwrap_err(),
    ] {
        assert_eq!(error.attempts(), 0, "{error}");
    }
    let twice = grouped().having(Function::Count, "state", Comparison::Gt, 1);
    let twice = twice.having(Function::Count, "state", Comparison::Lt, 9).await.unwrap_err();
    assert!(twice.to_string().contains("one `having`"), "{twice}");
    assert_eq!(script.asked().len(), 0);
}
