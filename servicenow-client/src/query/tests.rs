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
fn every_operator_is_written_as_the_grammar_has_it() {
    let id: SysId = "90d1921e5f510100a9ad2572f2b477fe".parse().unwrap();
    let new = Query::new;
    for (query, text) in [
        (new().eq("a", 1), "a=1"),
        (new().not_eq("a", "x"), "a!=x"),
        (new().none_of("a", ["x", "y"]), "aNOT INx,y"),
        (new().contains("a", "x"), "aLIKEx"),
        (new().not_contains("a", "x"), "aNOT LIKEx"),
        (new().ends_with("a", "x"), "aENDSWITHx"),
        (new().is_not_empty("a"), "aISNOTEMPTY"),
        (new().is_empty_string("a"), "aEMPTYSTRING"),
        (new().is_anything("a"), "aANYTHING"),
        (new().lt("a", 1), "a<1"),
        (new().le("a", 1), "a<=1"),
        (new().gt("a", 1), "a>1"),
        (new().ge("a", chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()), "a>=2026-03-02"),
        (new().between("a", 1, 3), "aBETWEEN1@3"),
        (new().same_as("a", "b.c"), "aSAMEASb.c"),
        (new().not_same_as("a", "b"), "aNSAMEASb"),
        (new().gt_field("a", "b"), "aGT_FIELDb"),
        (new().ge_field("a", "b"), "aGT_OR_EQUALS_FIELDb"),
        (new().lt_field("a", "b"), "aLT_FIELDb"),
        (new().le_field("a", "b"), "aLT_OR_EQUALS_FIELDb"),
        (new().relative_gt("a", RelativeTime::ago(1, Unit::Hour)), "aRELATIVEGT@hour@ago@1"),
        (new().relative_ge("a", RelativeTime::ahead(2, Unit::Day)), "aRELATIVEGE@dayofweek@ahead@2"),
        (new().relative_lt("a", RelativeTime::ago(3, Unit::Minute)), "aRELATIVELT@minute@ago@3"),
        (new().relative_le("a", RelativeTime::ago(4, Unit::Quarter)), "aRELATIVELE@quarter@ago@4"),
        (new().relative_eq("a", RelativeTime::ago(5, Unit::Year)), "aRELATIVEEE@year@ago@5"),
        (new().more_than("a", Gap::before("b", 1, Unit::Day)), "aMORETHANb@day@before@1"),
        (new().less_than("a", Gap::after("b", 2, Unit::Month)), "aLESSTHANb@month@after@2"),
        (new().dynamic("a", &id), "aDYNAMIC90d1921e5f510100a9ad2572f2b477fe"),
        (new().is_current_user("a"), "a=javascript:gs.getUserID()"),
        (new().instance_of("sys_class_name", "task"), "sys_class_nameINSTANCEOFtask"),
        (
            new().in_hierarchy("a", &id, &id),
            "aIN_HIERARCHY90d1921e5f510100a9ad2572f2b477fe@90d1921e5f510100a9ad2572f2b477fe",
        ),
        (new().tagged(&id), "sys_tags.90d1921e5f510100a9ad2572f2b477fe=90d1921e5f510100a9ad2572f2b477fe"),
        (new().text_search("vpn broken"), "123TEXTQUERY321=vpn broken"),
        (new().eq("a", 1).group_by("b"), "a=1^GROUPBYb"),
        (new().related(Related::none("incident", "problem_id")), "^RLQUERYincident.problem_id,=0^ENDRLQUERY"),
    ] {
        assert_eq!(encoded(&query), text);
    }
}

#[test]
fn a_value_must_not_make_another_operator() {
    for query in [
        Query::new().gt("a", "=5"),
        Query::new().lt("a", ">5"),
        Query::new().one_of("a", ["STANCEOFtask"]),
        Query::new().one_of("a", ["_HIERARCHYx", "y"]),
    ] {
        assert!(query.encoded().unwrap_err().to_string().contains("another operator"));
    }
    assert_eq!(encoded(&Query::new().one_of("a", ["y", "STANCEOFtask"])), "aINy,STANCEOFtask");
    assert_eq!(encoded(&Query::new().eq("a", "=5")), "a==5");
}

#[test]
fn what_has_no_place_in_an_operator_is_refused() {
    let id: SysId = "ab".parse().unwrap();
    let search = || Query::new().text_search("x");
    for query in [
        Query::new().between("a", "1@2", "3"),
        Query::new().between("a", "1", "javascript:x"),
        Query::new().between("a", "", "3"),
        Query::new().none_of("a", ["x", "y,z"]),
        Query::new().none_of("a", Vec::<String>::new()),
        Query::new().one_of("a", ["x,javascript:gs.x()"]),
        Query::new().same_as("a", "b^c=1"),
        Query::new().gt_field("a", "B"),
        Query::new().more_than("a", Gap::after("b c", 1, Unit::Day)),
        Query::new().less_than("a", Gap::after("b", 1, Unit::Minute)),
        Query::new().instance_of("sys_class_name", "task^x=1"),
        Query::new().dynamic("a^b", &id),
        Query::new().text_search("x^NQa=1"),
        Query::new().related(Related::at_least(1, "in cident", "problem_id")),
        Query::new().related(Related::at_most(1, "incident", "problem_id^")),
        Query::new().related(Related::none("incident", "a").matching(Query::raw("a=1"))),
        Query::new().related(Related::none("incident", "a").matching(Query::new().eq("b", "x^y"))),
        Query::new().related(Related::none("incident", "a").matching(search())),
        search().or().eq("a", "1"),
        Query::new().eq("a", "1").or().text_search("x"),
        search().or_query(Query::new().eq("a", "1")),
    ] {
        assert!(query.encoded().is_err(), "{query:?}");
    }
}

#[test]
fn a_query_that_no_url_can_carry_is_refused_with_the_limit() {
    let ids = |count: usize| (0..count).map(|n| format!("{n:032}")).collect::<Vec<_>>();
    assert!(Query::new().one_of("sys_id", ids(Query::LIST)).encoded().is_ok());
    let error = Query::new().one_of("sys_id", ids(300)).encoded().unwrap_err().to_string();
    assert!(error.contains("7000") && error.contains("100"), "{error}");
    // What takes three characters in a URL counts for three.
    assert!(Query::new().eq("a", "é".repeat(1200)).encoded().is_err());
    assert!(Query::raw("a".repeat(7001)).encoded().is_err());
}

#[test]
fn changes_come_in_their_order_within_every_alternative() {
    let since = DateTime::<Utc>::from_timestamp(0, 0).unwrap();
    let last: SysId = "ab".parse().unwrap();
    let either = Query::new().eq("a", "1").or_query(Query::new().eq("b", "2"));
    let first = either.clone().changed_since(since, None);
    assert_eq!(
        encoded(&first),
        "a=1^sys_updated_on>=1970-01-01 00:00:00^NQb=2^sys_updated_on>=1970-01-01 00:00:00\
         ^ORDERBYsys_updated_on^ORDERBYsys_id"
    );
    let next = encoded(&either.changed_since(since, Some((since, &last))));
    let groups: Vec<_> = next.split("^NQ").collect();
    assert_eq!(groups.len(), 4);
    for group in &groups {
        assert!(group.contains("sys_updated_on>=1970-01-01 00:00:00"), "{group}");
    }
    assert!(
        groups[2].contains("a=1^") && groups[2].ends_with("^sys_updated_on=1970-01-01 00:00:00^sys_id>ab")
    );
    let all = Query::all().changed_since(since, Some((since, &last)));
    assert!(encoded(&all).starts_with("sys_updated_on>=1970-01-01 00:00:00^sys_updated_on>1970"));
    for query in [Query::raw("a=1"), Query::new().eq("a", 1).order_by("b"), Query::new().eq("a", 1).or()] {
        assert!(query.changed_since(since, None).encoded().is_err());
    }
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
    let good = json!({"user_name": "ann", "state": "2", "kind": "", "manager": "", "notes": ""});
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
    for field in ["user_name", "notes"] {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(field);
        assert_eq!(query.broken_by(&row(missing)), Some(field), "what did not come cannot be trusted");
    }
}

#[test]
fn ranges_of_numbers_and_dates_are_compared_and_those_of_text_are_not() {
    let time: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    for (query, keeps, breaks) in [
        (Query::new().gt("a", 9), vec!["10", "9.5", "100", ""], vec!["3", "9"]),
        (Query::new().le("a", 9), vec!["9", "-1", "0", "100"], vec!["95"]),
        (Query::new().between("a", 2, 4), vec!["2", "3", "4"], vec!["5", "1", "91"]),
        (
            Query::new().ge("a", time),
            vec!["2026-03-02 12:00:00", "other", "2026-03-02"],
            vec!["2026-03-02 11:59:59"],
        ),
        (Query::new().lt("a", time), vec!["2026-03-02 11:59:59"], vec!["2026-03-02 12:00:00"]),
        (Query::new().gt("a", day), vec!["2026-03-03", "2026-03-01 00:00:00"], vec!["2026-03-02"]),
        (Query::new().gt("a", "b"), vec!["a", "c", ""], vec![]),
        (Query::new().between("a", "b", "c"), vec!["a"], vec![]),
        (Query::new().none_of("a", ["x", "y"]), vec!["z", "", "xy"], vec!["X", "y"]),
        (Query::new().is_empty_string("a"), vec![""], vec!["x"]),
    ] {
        for value in keeps {
            assert_eq!(query.broken_by(&row(json!({"a": value}))), None, "{query:?} {value}");
        }
        for value in breaks {
            assert_eq!(query.broken_by(&row(json!({"a": value}))), Some("a"), "{query:?} {value}");
        }
    }
}

#[test]
fn one_field_is_compared_with_another() {
    for (query, keeps, breaks) in [
        (Query::new().same_as("a", "b"), [("x", "X"), ("", "")], [("x", "y"), ("x", "")]),
        (Query::new().not_same_as("a", "b"), [("x", "y"), ("", "")], [("x", "x"), ("1", "1")]),
        (Query::new().gt_field("a", "b"), [("10", "9"), ("x", "y")], [("9", "9"), ("9", "10")]),
        (Query::new().le_field("a", "b"), [("9", "9"), ("9", "")], [("10", "9"), ("1", "0")]),
    ] {
        assert_eq!(query.checked_fields().collect::<Vec<_>>(), ["a", "b"]);
        for (a, b) in keeps {
            assert_eq!(query.broken_by(&row(json!({"a": a, "b": b}))), None, "{query:?} {a} {b}");
        }
        for (a, b) in breaks {
            assert_eq!(query.broken_by(&row(json!({"a": a, "b": b}))), Some("a"), "{query:?} {a} {b}");
        }
        assert_eq!(
            query.broken_by(&row(json!({"a": "1"}))),
            Some("a"),
            "what did not come cannot be trusted"
        );
    }
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
            prop_assert!(!value.to_lowercase().contains("javascript:"));
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
