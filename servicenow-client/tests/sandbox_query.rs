//! Queries, against a stand-in that evaluates them by itself: what comes back, what may not come back, and what a
//! value from outside can do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{NoChance, TestClock};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sandbox::{Habits, Sandbox};
use serde_json::{Value as Json, json};
use servicenow_client::tables::{CmnDepartment, SysUser};
use servicenow_client::{
    Delivery, Gap, Operand, ProblemKind, Query, RawRecord, Related, RelativeTime, ServiceNowClient, SysId,
    Table, Unit,
};

async fn start(habits: Habits) -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(20).habits(habits).frozen_clock().start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

fn incidents(servicenow: &ServiceNowClient) -> Table<RawRecord> {
    servicenow.records("incident").unwrap()
}

/// Incidents whose descriptions and numbers are these, and their ids in this order.
async fn opened(servicenow: &ServiceNowClient, texts: &[&str]) -> Vec<SysId> {
    let mut ids = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let fields =
            json!({"short_description": text, "order": n, "correlation_id": text, "impact": n % 3 + 1});
        ids.push(incidents(servicenow).create(&fields).await.unwrap().sys_id().clone());
    }
    ids
}

/// Which of these incidents a query finds.
async fn found(servicenow: &ServiceNowClient, ids: &[SysId], query: Query) -> Vec<usize> {
    let list = incidents(servicenow).select(["number"]).list(query).collect_all().await.unwrap();
    let mut places: Vec<usize> =
        list.rows.iter().filter_map(|row| ids.iter().position(|id| id == row.sys_id())).collect();
    places.sort_unstable();
    places
}

#[tokio::test]
async fn each_operator_finds_what_it_says() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let ids = opened(&servicenow, &["printer", "Print, now", "vpn down", "", "9", "10"]).await;
    let users = servicenow.table::<SysUser>();
    let me =
        users.find_one(Query::new().eq("user_name", sandbox.servicenow_username())).await.unwrap().unwrap();
    let new = Query::new;
    for (query, expected) in [
        (new().eq("short_description", "PRINTER"), vec![0]),
        (new().not_eq("short_description", "printer"), vec![1, 2, 3, 4, 5]),
        (new().one_of("short_description", ["printer", "Print, now", "no"]), vec![0, 1]),
        (new().none_of("short_description", ["printer", "9"]), vec![1, 2, 3, 5]),
        (new().contains("short_description", "print"), vec![0, 1]),
        (new().not_contains("short_description", "print"), vec![2, 3, 4, 5]),
        (new().starts_with("short_description", "vpn"), vec![2]),
        (new().ends_with("short_description", "now"), vec![1]),
        (new().is_empty("short_description"), vec![3]),
        (new().is_empty_string("short_description"), vec![3]),
        (new().is_not_empty("short_description").is_anything("order"), vec![0, 1, 2, 4, 5]),
        (new().gt("order", 4), vec![5]),
        (new().ge("order", 4), vec![4, 5]),
        (new().lt("order", 1), vec![0]),
        (new().le("order", 1), vec![0, 1]),
        (new().between("order", 1, 3), vec![1, 2, 3]),
        (new().same_as("impact", "urgency"), vec![2, 5]),
        (new().not_same_as("impact", "urgency"), vec![0, 1, 3, 4]),
        (new().gt_field("order", "impact"), vec![3, 4, 5]),
        (new().ge_field("impact", "urgency"), vec![2, 5]),
        (new().lt_field("impact", "urgency"), vec![0, 1, 3, 4]),
        (new().le_field("order", "impact"), vec![0, 1, 2]),
        (new().is_current_user("opened_by"), vec![0, 1, 2, 3, 4, 5]),
        (
            new().dynamic("opened_by", &"90d1921e5f510100a9ad2572f2b477fe".parse().unwrap()).eq("order", 1),
            vec![1],
        ),
        (new().instance_of("sys_class_name", "task").eq("order", 2), vec![2]),
        (new().text_search("VPN"), vec![2]),
        (new().relative_ge("sys_created_on", RelativeTime::ago(1, Unit::Hour)).eq("order", 0), vec![0]),
        (new().relative_lt("sys_created_on", RelativeTime::ago(1, Unit::Hour)).ge("order", 0), vec![]),
        (new().relative_eq("sys_created_on", RelativeTime::ago(0, Unit::Day)).eq("order", 0), vec![0]),
        (new().more_than("sys_created_on", Gap::after("opened_at", 1, Unit::Hour)), vec![]),
        (new().less_than("sys_created_on", Gap::after("opened_at", 1, Unit::Hour)).eq("order", 3), vec![3]),
        (new().eq("order", 1).eq("impact", 1).or().eq("impact", 2), vec![1]),
        (new().eq("order", 1).or_query(new().eq("order", 4)), vec![1, 4]),
        (new().eq("opened_by.user_name", sandbox.servicenow_username()).eq("order", 5), vec![5]),
    ] {
        let shown = query.encoded().unwrap();
        assert_eq!(found(&servicenow, &ids, query).await, expected, "{shown}");
    }
    let related = Related::at_least(6, "incident", "opened_by").matching(new().ge("order", 0));
    let openers = users.list(new().related(related)).collect_all().await.unwrap().rows;
    assert_eq!(openers.iter().map(|user| &user.sys_id).collect::<Vec<_>>(), [&me.sys_id]);
    let nobody = Related::at_most(5, "incident", "opened_by");
    let others = users.list(new().related(nobody)).collect_all().await.unwrap().rows;
    assert!(!others.is_empty() && others.iter().all(|user| user.sys_id != me.sys_id));
    let departments =
        servicenow.table::<CmnDepartment>().list(Query::all()).collect_all().await.unwrap().rows;
    let below = new().in_hierarchy("department", &me.sys_id, &departments[0].sys_id);
    for user in users.list(below).collect_all().await.unwrap().rows {
        assert_eq!(user.department.get().unwrap().id(), &departments[0].sys_id);
    }
}

/// Adds an operator and a value to a query.
type Ask = fn(Query, &str) -> Query;

/// What that means of a row's text, for the value.
type Meaning = fn(&str, &str) -> bool;

fn small(text: &str) -> String {
    text.to_lowercase()
}

/// Queries that hold a value from outside, and what they mean.
fn operators() -> Vec<(Ask, Meaning)> {
    const FIELD: &str = "short_description";
    vec![
        (|query, value| query.eq(FIELD, value), |row, value| small(row) == small(value)),
        (|query, value| query.not_eq(FIELD, value), |row, value| small(row) != small(value)),
        (|query, value| query.one_of(FIELD, [value]), |row, value| small(row) == small(value)),
        (
            |query, value| query.one_of(FIELD, ["printer", value, "10"]),
            |row, value| ["printer", "10"].contains(&small(row).as_str()) || small(row) == small(value),
        ),
        (
            |query, value| query.none_of(FIELD, ["printer", value]),
            |row, value| small(row) != "printer" && small(row) != small(value),
        ),
        (|query, value| query.contains(FIELD, value), |row, value| small(row).contains(&small(value))),
        (|query, value| query.not_contains(FIELD, value), |row, value| !small(row).contains(&small(value))),
        (|query, value| query.starts_with(FIELD, value), |row, value| small(row).starts_with(&small(value))),
        (|query, value| query.ends_with(FIELD, value), |row, value| small(row).ends_with(&small(value))),
        (|query, value| query.gt(FIELD, value), |row, value| !row.is_empty() && small(row) > small(value)),
        (|query, value| query.ge(FIELD, value), |row, value| !row.is_empty() && small(row) >= small(value)),
        (|query, value| query.lt(FIELD, value), |row, value| !row.is_empty() && small(row) < small(value)),
        (|query, value| query.le(FIELD, value), |row, value| !row.is_empty() && small(row) <= small(value)),
        (
            |query, value| query.between(FIELD, value, "print~"),
            |row, value| !row.is_empty() && small(row) >= small(value) && *small(row) <= *"print~",
        ),
        (
            |query, value| query.between(FIELD, "1", value),
            |row, value| !row.is_empty() && *small(row) >= *"1" && small(row) <= small(value),
        ),
        // Beside other conditions, and as an alternative.
        (
            |query, value| query.eq("order", 1).eq(FIELD, value).or().eq(FIELD, "vpn down"),
            |row, value| small(row) == "print, now" && small(row) == small(value),
        ),
        // What the index finds is its own business; the other condition stays.
        (|query, value| query.eq("order", 1).text_search(value), |row, _| small(row) == "print, now"),
    ]
}

/// Text made of what means something to the other side, and of what is in the rows.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        ".{0,4}",
        proptest::sample::select(vec![
            "^",
            "^^",
            "^OR",
            "^NQ",
            "^EQ",
            "ORDERBY",
            "^RLQUERY",
            "ENDRLQUERY",
            "active=true",
            "javascript:",
            "JavaScript:gs.getUserID()",
            "\r\n",
            "\0",
            ",",
            "=",
            "@",
            "%",
            "%5E",
            "%5EOR",
            "'",
            "\"",
            "&",
            "+",
            "#",
            ";",
            "\\",
            "*",
            "!*",
            "STANCEOF",
            "_HIERARCHY",
            "ISEMPTY",
            "printer",
            "print",
            "vpn",
            "10",
            "9",
            " ",
            "é",
            "e\u{301}",
            "ß",
            "ＰＲＩＮＴ",
            "^ＯＲ",
            "İ",
            "𝒳",
            "\u{200b}",
            "\u{feff}",
            "\u{202e}",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

/// A value from outside leaves its condition nowhere: every row that comes satisfies the plain meaning of what was
/// asked, whatever the instance makes of the text, or nothing was asked.
#[test]
fn no_value_widens_a_result() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let texts = [
        "printer",
        "Print, now",
        "vpn down",
        "",
        "9",
        "10",
        "100 % e\u{301} 'x' \"y\" a=b @ #",
        "ＰＲＩＮＴ ß",
    ];
    for undone in [false, true] {
        let habits = Habits { doubled_carets_are_undone: undone, ..Habits::default() };
        let (sandbox, servicenow) = runtime.block_on(start(habits));
        runtime.block_on(opened(&servicenow, &texts));
        let state = sandbox.state();
        let rows = state["servicenow"]["incident"].as_array().unwrap();
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 400,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let values = (hostile(), 0..operators().len());
        let result = runner.run(&values, |(value, operator)| {
            let (ask, meaning) = operators()[operator];
            let query = ask(Query::new(), &value);
            let asked = sandbox.requests().len();
            let list = incidents(&servicenow).select(["short_description", "order"]).list(&query);
            let came: BTreeSet<String> = match runtime.block_on(list.collect_all()) {
                Ok(list) => list.rows.iter().map(|row| row.sys_id().to_string()).collect(),
                Err(error) if error.delivery() == Delivery::NotSent => {
                    prop_assert_eq!(sandbox.requests().len(), asked);
                    return Ok(());
                }
                Err(error) => return Err(TestCaseError::fail(format!("{error:?}"))),
            };
            let fits = |row: &&Json| meaning(row["short_description"].as_str().unwrap(), &value);
            let meant: BTreeSet<String> =
                rows.iter().filter(fits).map(|row| row["sys_id"].as_str().unwrap().to_owned()).collect();
            let text = query.encoded().unwrap();
            prop_assert!(came.is_subset(&meant), "{text} found {came:?}, and means {meant:?}");
            prop_assert!(
                came == meant || text.contains("TEXTQUERY"),
                "{text} found {came:?} alone of {meant:?}"
            );
            Ok(())
        });
        result.unwrap();
    }
}

#[test]
fn names_of_fields_from_outside_are_names_or_refused() {
    let mut runner = TestRunner::default();
    let name = hostile().prop_map(|text| format!("a{text}"));
    let result = runner.run(&name, |name| {
        let id: SysId = "ab".parse().unwrap();
        for query in [
            Query::new().same_as("a", &name),
            Query::new().more_than("a", Gap::after(&name, 1, Unit::Day)),
            Query::new().instance_of("sys_class_name", &name),
            Query::new().related(Related::none("incident", &name)),
            Query::new().related(Related::none(&name, "caller_id")),
            Query::new().dynamic(&name, &id),
            Query::new().eq("a", 1).group_by(&name),
        ] {
            let plain =
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.');
            prop_assert!(plain || query.encoded().is_err(), "{query:?}");
        }
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn a_condition_that_is_dropped_is_noticed_in_each_way_of_asking() {
    let (_sandbox, servicenow) = start(Habits::default()).await;
    opened(&servicenow, &["a", "b"]).await;
    let time: Operand = chrono::DateTime::UNIX_EPOCH.into();
    for query in [
        Query::new().eq("u_none", "a"),
        Query::new().one_of("u_none", ["a", "b"]),
        Query::new().none_of("u_none", ["a"]),
        Query::new().gt("u_none", 1),
        Query::new().ge("u_none", time),
        Query::new().between("u_none", 1, 2),
        Query::new().same_as("u_none", "order"),
        Query::new().gt_field("order", "u_none"),
        Query::new().contains("u_none", "a"),
        Query::new().starts_with("u_none", "a"),
        Query::new().is_not_empty("u_none"),
        Query::new().gt("u_none", "a"),
        Query::new().relative_ge("u_none", RelativeTime::ago(1, Unit::Day)),
        Query::new().more_than("u_none", Gap::after("opened_at", 1, Unit::Day)),
    ] {
        let error = incidents(&servicenow).list(&query).collect_all().await.unwrap_err();
        assert!(
            matches!(error.problem().unwrap().kind, ProblemKind::NotHonoured { .. }),
            "{query:?} {error}"
        );
    }
}

#[tokio::test]
async fn where_a_bad_query_finds_nothing_a_look_up_does_not_say_none() {
    let habits = Habits { invalid_query_returns_no_rows: true, ..Habits::default() };
    let (_sandbox, servicenow) = start(habits).await;
    let users = servicenow.table::<SysUser>();
    let error = users.find_one(Query::new().eq("u_badge", "42")).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotHonoured { field: "u_badge".into() });
    let error =
        users.find_one(Query::new().eq("user_name", "nobody").starts_with("u_badge", "4")).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::NotHonoured { field: "u_badge".into() });
    assert!(users.find_one(Query::new().eq("user_name", "nobody")).await.unwrap().is_none());
    let empty = servicenow.records("incident").unwrap();
    assert!(
        empty.find_one(Query::new().eq("correlation_id", "x")).await.unwrap().is_none(),
        "no row, no doubt"
    );
}

#[tokio::test]
async fn fields_that_may_not_be_queried_are_refused_with_what_it_takes() {
    let set = |field: &str| BTreeSet::from([field.to_owned()]);
    let (sandbox, servicenow) = start(Habits::default()).await;
    let users = servicenow.table::<SysUser>();
    let equal = Query::new().eq("email", "x");
    let part = Query::new().contains("email", "x");
    let sorted = Query::new().eq("active", true).order_by("email");
    for (habits, refused, allowed) in [
        (
            Habits { fields_without_query_match: set("sys_user.email"), ..Habits::default() },
            vec![&equal],
            vec![&part],
        ),
        (
            Habits { fields_without_query_range: set("sys_user.email"), ..Habits::default() },
            vec![&part, &sorted],
            vec![&equal],
        ),
    ] {
        sandbox.change_habits(|now| *now = habits);
        for query in refused {
            let error = users.list(query).collect_all().await.unwrap_err();
            let problem = error.problem().unwrap();
            assert_eq!(problem.kind, ProblemKind::QueryRights);
            assert!(error.is_forbidden() && problem.hint().contains("query_match"));
        }
        for query in allowed {
            users.list(query).collect_all().await.unwrap();
        }
    }
    sandbox.change_habits(|now| *now = Habits { unknown_fields_are_forbidden: true, ..Habits::default() });
    let error = users.find_one(Query::new().eq("u_badge", "42")).await.unwrap_err();
    assert_eq!(
        error.problem().unwrap().kind,
        ProblemKind::QueryRights,
        "newer releases refuse what they do not know"
    );
}
