use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::id::SysId;

fn encoded(query: &Query) -> String {
    query.encoded().unwrap()
}

fn row(json: Json) -> Row {
    serde_json::from_value(json).unwrap()
}

#[test]
fn conditions_are_written_as_the_grammar_has_it() {
    let query = Query::new()
        .eq("active", true)
        .one_of("state", ["1", "2"])
        .contains("short_description", "laptop")
        .or()
        .starts_with("number", "RITM")
        .is_empty("assigned_to")
        .ge("sys_updated_on", DateTime::<Utc>::from_timestamp(0, 0).unwrap())
        .order_by_desc("priority");
    assert_eq!(
        encoded(&query),
        "active=true^stateIN1,2^short_descriptionLIKElaptop^ORnumberSTARTSWITHRITM^assigned_toISEMPTY\
         ^sys_updated_on>=1970-01-01 00:00:00^ORDERBYDESCpriority"
    );
}

#[test]
fn a_listed_value_with_a_comma_is_compared_on_its_own() {
    let query = Query::new().eq("active", true).one_of("name", ["Sales", "Legal, Risk", "HR"]);
    assert_eq!(encoded(&query), "active=true^nameINSales,HR^ORname=Legal, Risk");
    let query = Query::new().eq("active", true).one_of("name", ["a,b", "c,d"]);
    assert_eq!(encoded(&query), "active=true^name=a,b^ORname=c,d");
}

#[test]
fn the_cursor_is_in_every_alternative() {
    let last = ["sys_id>ab12".to_owned()];
    let query = Query::new().eq("a", "1").or_query(Query::new().eq("b", "2"));
    let text = query.encode(&last, &["ORDERBYsys_id"]).unwrap();
    assert_eq!(text, "a=1^sys_id>ab12^NQb=2^sys_id>ab12^ORDERBYsys_id");
    let text = Query::all().encode(&last, &["ORDERBYsys_id"]).unwrap();
    assert_eq!(text, "sys_id>ab12^ORDERBYsys_id");
    let raw = Query::raw("a=1^NQb=2^EQ").eq("c", "3");
    assert_eq!(raw.encode(&last, &[]).unwrap(), "a=1^c=3^sys_id>ab12^NQb=2^c=3^sys_id>ab12");
}

#[test]
fn what_could_leave_its_condition_is_refused() {
    for value in
        ["x^ORactive=true", "^", "x^NQa=1", "a\nb", "a\r", "a\0b", "javascript:gs.x()", " JavaScript:x", ""]
    {
        for query in [
            Query::new().eq("f", value),
            Query::new().not_eq("f", value),
            Query::new().one_of("f", ["ok", value]),
            Query::new().contains("f", value),
            Query::new().starts_with("f", value),
            Query::new().ends_with("f", value),
            Query::new().gt("f", value),
        ] {
            let error = query.encoded().expect_err(value).to_string();
            assert!(value.len() < 4 || !error.contains(value), "{error} quotes the value");
        }
    }
    assert!(Query::new().lt("f", "=5").encoded().is_err(), "`<` and `=5` are `<=` and `5`");
}

#[test]
fn a_name_that_no_field_has_is_refused() {
    for name in ["", "a=1^b", "a b", "State", "a..b", ".a", "a%5E", "fieldLIKE"] {
        assert!(Query::new().eq(name, "1").encoded().is_err(), "{name:?}");
        assert!(Query::new().eq("a", "1").order_by(name).encoded().is_err(), "{name:?}");
    }
}

#[test]
fn a_query_that_says_nothing_is_refused_unless_everything_is_meant() {
    assert!(Query::new().encoded().is_err());
    assert!(Query::new().one_of("a", Vec::<String>::new()).encoded().is_err());
    assert_eq!(encoded(&Query::all()), "");
}

#[test]
fn an_or_without_two_sides_is_refused() {
    for query in [
        Query::new().or().eq("a", "1"),
        Query::new().eq("a", "1").or(),
        Query::new().eq("a", "1").or().or().eq("b", "2"),
        Query::new().eq("a", "1").or_query(Query::new()),
        Query::all().or_query(Query::new().eq("a", "1")),
        Query::raw("a=1").or_query(Query::new().eq("a", "1")),
    ] {
        assert!(query.encoded().is_err(), "{query:?}");
    }
}

#[test]
fn a_row_is_compared_with_what_can_be_checked() {
    let query = Query::new()
        .eq("user_name", "Ann")
        .eq("state", 1)
        .or()
        .eq("state", 2)
        .not_eq("kind", "x")
        .is_empty("manager")
        .contains("notes", "no matter");
    let good = json!({"user_name": "ann", "state": "2", "kind": "", "manager": ""});
    assert_eq!(query.broken_by(&row(good.clone())), None);
    for (field, value) in [
        ("user_name", json!("anna")),
        ("state", json!("3")),
        ("kind", json!("x")),
        ("manager", json!({"value": "ab", "link": "https://h/ab"})),
        ("user_name", json!({"display_value": "ann", "value": "bob"})),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(query.broken_by(&row(bad)), Some(field));
    }
    let missing = json!({"state": "1", "kind": "", "manager": ""});
    assert_eq!(query.broken_by(&row(missing)), Some("user_name"), "what did not come cannot be trusted");
}

#[test]
fn a_row_that_one_alternative_allows_is_good() {
    let query = Query::new().eq("a", "1").or_query(Query::new().eq("b", "2"));
    assert_eq!(query.broken_by(&row(json!({"a": "9", "b": "2"}))), None);
    assert_eq!(query.broken_by(&row(json!({"a": "9", "b": "9"}))), Some("a"));
}

#[test]
fn ids_are_compared_by_case() {
    let query = Query::new().eq("sys_id", "aB");
    assert_eq!(query.broken_by(&row(json!({"sys_id": "ab"}))), Some("sys_id"));
    let id: SysId = "aB".parse().unwrap();
    let query = Query::new().one_of("manager", [&id]);
    assert_eq!(query.broken_by(&row(json!({"manager": "aB"}))), None);
    assert_eq!(query.broken_by(&row(json!({"manager": "ab"}))), Some("manager"));
}

#[test]
fn a_look_up_needs_an_equality_in_each_alternative() {
    assert!(Query::new().eq("a", "1").contains("b", "2").can_be_checked());
    assert!(!Query::new().contains("b", "2").can_be_checked());
    assert!(!Query::new().eq("a", "1").or().contains("b", "2").can_be_checked());
    assert!(!Query::new().eq("a", "1").or_query(Query::new().is_empty("b")).can_be_checked());
    assert!(!Query::raw("a=1").can_be_checked());
    assert!(!Query::all().can_be_checked());
}

#[test]
fn debug_shows_no_value() {
    let query = Query::new().eq("email", "ann@example.com").one_of("name", ["hunter2"]);
    let text = format!("{query:?}");
    assert!(text.contains("email") && !text.contains("ann@") && !text.contains("hunter2"), "{text}");
}

/// Text made of what means something to the other side.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        ".{0,6}",
        "\\PC{0,6}",
        Just("^".to_owned()),
        Just("^OR".to_owned()),
        Just("^NQ".to_owned()),
        Just("javascript:".to_owned()),
        Just("ORDERBYsys_id".to_owned()),
        Just("\r\n".to_owned()),
        Just(",".to_owned()),
        Just("=".to_owned()),
    ];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_value_stays_in_its_condition_or_is_refused(value in hostile(), other in "[a-z]{1,8}") {
        let query = Query::new().eq("a", &value).contains("b", &value).gt("c", &value).eq("z", &other);
        if let Ok(text) = query.encoded() {
            let conditions: Vec<_> = text.split('^').collect();
            prop_assert_eq!(conditions, [
                format!("a={value}"), format!("bLIKE{value}"), format!("c>{value}"), format!("z={other}"),
            ]);
            prop_assert!(!value.trim_start().to_lowercase().starts_with("javascript:"));
            prop_assert!(!value.contains(['\r', '\n', '\0']) && !value.starts_with('='));
        }
    }

    #[test]
    fn a_list_holds_the_values_it_was_given_or_is_refused(
        values in proptest::collection::vec(prop_oneof![hostile(), "[a-z ,]{1,8}"], 1..5),
    ) {
        let query = Query::new().one_of("a", &values).eq("z", "1");
        if let Ok(text) = query.encoded() {
            let (list, last) = text.rsplit_once('^').unwrap();
            prop_assert_eq!(last, "z=1");
            let mut found: Vec<String> = Vec::new();
            for condition in list.split("^OR") {
                match condition.strip_prefix("aIN") {
                    Some(listed) => found.extend(listed.split(',').map(str::to_owned)),
                    None => found.push(condition.strip_prefix("a=").unwrap().to_owned()),
                }
            }
            let mut values = values;
            found.sort();
            values.sort();
            prop_assert_eq!(found, values);
        }
    }

    #[test]
    fn no_name_is_more_than_a_name(name in hostile()) {
        if let Ok(text) = Query::new().eq(&name, "1").encoded() {
            prop_assert_eq!(text, format!("{name}=1"));
            prop_assert!(!name.contains(['^', '=', ' ']));
        }
    }
}
