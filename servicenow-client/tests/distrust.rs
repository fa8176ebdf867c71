//! Successes that are none: dropped conditions, hidden rows, dropped fields, answers that are no answers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, lossy, scripted};
use futures::StreamExt as _;
use serde_json::{Value as Json, json};
use servicenow_client::tables::{ScTask, SysUser};
use servicenow_client::{
    Class, Delivery, Error, Failure, Problem as _, ProblemKind, Query, ServiceNowClient, SysId,
    TransportError,
};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn kind(error: &Error) -> &ProblemKind {
    &error.problem().unwrap_or_else(|| panic!("{error:?}")).kind
}

async fn look_up(rows: Json, total: u64) -> Result<Option<SysUser>, Error> {
    let (servicenow, _, _) = scripted([Answer::rows(rows, total)]);
    servicenow.table::<SysUser>().find_one(Query::new().eq("user_name", "ann")).await
}

#[tokio::test]
async fn a_dropped_condition_is_caught_by_the_rows_it_lets_in() {
    let error = look_up(json!([{"sys_id": "1", "user_name": "bob"}]), 1).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotHonoured { field: "user_name".into() });
    assert!(matches!(error.failure(), Failure::Distrusted(_)));
    assert!(!error.is_retryable() && !error.is_not_found());
    assert_eq!(error.status().unwrap(), 200);
}

#[tokio::test]
async fn a_field_that_nobody_may_read_cannot_have_been_compared() {
    let error = look_up(json!([{"sys_id": "1"}]), 1).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotHonoured { field: "user_name".into() });
}

#[tokio::test]
async fn two_rows_are_no_answer_to_a_look_up() {
    let rows = json!([{"sys_id": "1", "user_name": "ann"}, {"sys_id": "2", "user_name": "Ann"}]);
    assert_eq!(kind(&look_up(rows, 2).await.unwrap_err()), &ProblemKind::Ambiguous);
}

#[tokio::test]
async fn a_record_that_matches_and_is_hidden_is_not_none() {
    for (rows, total) in [(json!([]), 1), (json!([{}]), 1), (json!([{"sys_id": "1", "user_name": "ann"}]), 2)]
    {
        let error = look_up(rows.clone(), total).await.unwrap_err();
        assert_eq!(kind(&error), &ProblemKind::Hidden, "{rows}");
        assert!(error.is_forbidden());
    }
}

#[tokio::test]
async fn no_row_is_not_none_where_nobody_counted() {
    let (servicenow, _, _) = scripted([Answer::json(200, json!({"result": []}))]);
    let error = servicenow.table::<SysUser>().find_one(Query::new().eq("user_name", "ann")).await;
    assert_eq!(kind(&error.unwrap_err()), &ProblemKind::Hidden);
}

#[tokio::test]
async fn a_list_is_compared_too() {
    let rows = json!([{"sys_id": "1", "active": "true"}, {"sys_id": "2", "active": "false"}]);
    let (servicenow, _, _) = scripted([Answer::rows(rows, 2)]);
    let error = servicenow.table::<ScTask>().list(Query::new().eq("active", true)).collect_all().await;
    assert_eq!(kind(&error.unwrap_err()), &ProblemKind::NotHonoured { field: "active".into() });
}

#[tokio::test]
async fn another_record_than_the_one_asked_for_is_refused() {
    let (servicenow, _, _) = scripted([Answer::json(200, json!({"result": {"sys_id": "2"}}))]);
    let error = servicenow.table::<ScTask>().get(&id("1")).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::WrongRecord);
}

#[tokio::test]
async fn a_record_that_is_not_there_is_none_to_find_and_an_error_to_get() {
    let gone = || Answer::json(404, json!({"error": {"message": "No Record found", "detail": null}}));
    let (servicenow, _, _) = scripted([gone(), gone()]);
    let tasks = servicenow.table::<ScTask>();
    assert!(tasks.get(&id("1")).await.unwrap_err().is_not_found());
    assert!(tasks.find(&id("1")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_page_that_is_not_found_says_nothing_of_a_record() {
    let page = || Answer::text(404, "<html>Maintenance</html>").header("content-type", "text/html");
    let (servicenow, _, _) = scripted((0..9).map(|_| page()));
    assert!(!servicenow.table::<ScTask>().find(&id("1")).await.unwrap_err().is_not_found());
    let (servicenow, _, _) = scripted(std::iter::once(Answer::text(503, "")).chain((0..9).map(|_| page())));
    let error = servicenow.table::<ScTask>().delete(&id("1")).await.unwrap_err();
    assert_eq!((kind(&error), error.delivery()), (&ProblemKind::Unavailable, Delivery::Unknown));
    assert!(error.problem().unwrap().hint().contains("address"));
}

#[tokio::test]
async fn our_own_id_that_was_not_taken_is_told_with_the_one_that_was() {
    let (servicenow, _, _) = scripted([Answer::json(201, json!({"result": {"sys_id": "other"}}))]);
    let error = servicenow.table::<ScTask>().create_as(&id("ours"), &json!({})).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::WrongRecord);
    assert_eq!(error.delivery(), Delivery::Done);
    assert!(error.problem().unwrap().message.contains("other"));
}

#[tokio::test]
async fn an_id_that_is_taken_is_a_conflict() {
    let body = json!({"error": {"message": "Operation Failed", "detail": "Unique Key violation detected by database"}});
    let (servicenow, _, _) = scripted([Answer::json(403, body)]);
    let error = servicenow.table::<ScTask>().create_as(&id("ours"), &json!({})).await.unwrap_err();
    assert!(error.is_conflict());
}

#[tokio::test]
async fn a_field_that_did_not_take_its_value_is_named() {
    let row = json!({"sys_id": "1", "state": "2", "close_notes": "Done"});
    let (servicenow, _, _) = scripted([Answer::json(200, json!({"result": row}))]);
    let fields = json!({"state": "3", "close_notes": "Done", "u_no_such_field": "x"});
    let error = servicenow.table::<ScTask>().update(&id("1"), &fields).await.unwrap_err();
    let ProblemKind::NotWritten { fields } = kind(&error) else { panic!("{error:?}") };
    let mut fields = fields.clone();
    fields.sort();
    assert_eq!(fields, ["state", "u_no_such_field"]);
    assert_eq!(error.delivery(), Delivery::Done);
    assert!(error.problem().unwrap().to_string().contains("u_no_such_field"));
}

/// Rows with these ids.
fn rows(ids: &[&str]) -> Json {
    ids.iter().map(|id| json!({"sys_id": id})).collect()
}

#[tokio::test]
async fn a_list_goes_on_behind_its_last_row_until_all_counted_rows_came() {
    let (servicenow, script, _) =
        scripted([Answer::rows(rows(&["a", "b"]), 3), Answer::rows(rows(&["c"]), 1)]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    assert_eq!((list.rows.len(), list.seen, list.counted, list.complete), (3, 3, Some(3), true));
    assert_eq!(script.parameter(0, "sysparm_query").as_deref(), Some("ORDERBYsys_id"));
    assert_eq!(script.parameter(1, "sysparm_query").as_deref(), Some("sys_id>b^ORDERBYsys_id"));
    assert_eq!(script.parameter(1, "sysparm_limit").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_list_steps_over_pages_that_hold_nothing_it_may_read() {
    let (servicenow, script, _) = scripted([
        Answer::rows(rows(&["a"]), 8),
        // Behind `a` seven rows are left: two pages of hidden ones, then two that show.
        Answer::rows(rows(&[]), 7),
        Answer::rows(json!([{}]), 7),
        Answer::rows(rows(&["y", "z"]), 7),
        // Nothing slipped through in between.
        Answer::rows(rows(&[]), 4),
        Answer::rows(rows(&[]), 1),
    ]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    let ids: Vec<_> = list.rows.iter().map(|task| task.sys_id.as_str()).collect();
    assert_eq!(ids, ["a", "y", "z"]);
    assert_eq!((list.seen, list.counted, list.unseen, list.complete), (3, Some(8), Some(5), false));
    let offsets: Vec<_> = (0..6).map(|n| script.parameter(n, "sysparm_offset")).collect();
    assert_eq!(offsets, [None, None, Some("2".into()), Some("4".into()), None, None]);
    let queries: Vec<_> = (3..6).map(|n| script.parameter(n, "sysparm_query").unwrap()).collect();
    assert_eq!(
        queries,
        ["sys_id>a^ORDERBYsys_id", "sys_id>a^sys_id<y^ORDERBYsys_id", "sys_id>z^ORDERBYsys_id"]
    );
}

#[tokio::test]
async fn a_row_that_slips_through_while_the_list_steps_is_caught() {
    let (servicenow, script, _) = scripted([
        Answer::rows(rows(&["a"]), 8),
        Answer::rows(rows(&[]), 7),
        // Two hidden rows go now. `m`, which was the third behind `a`, is the first, and the next step begins behind it.
        Answer::rows(rows(&["y", "z"]), 5),
        // More came meanwhile than were stepped over.
        Answer::rows(rows(&["m"]), 6),
        Answer::rows(rows(&["m", "n"]), 6),
        Answer::rows(rows(&[]), 0),
    ]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    let ids: Vec<_> = list.rows.iter().map(|task| task.sys_id.as_str()).collect();
    assert_eq!(ids, ["a", "m", "n", "y", "z"]);
    assert_eq!(
        (script.parameter(3, "sysparm_limit"), script.parameter(4, "sysparm_limit")),
        (Some("4".into()), Some("6".into()))
    );
}

#[tokio::test]
async fn a_row_that_slips_through_at_the_end_is_caught_too() {
    let (servicenow, script, _) = scripted([
        Answer::rows(rows(&["a"]), 5),
        Answer::rows(rows(&[]), 4),
        // Two hidden rows went, and the last row that shows with them: it is where the first step looked, and was not.
        Answer::rows(rows(&[]), 2),
        Answer::rows(rows(&["m"]), 2),
    ]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    let ids: Vec<_> = list.rows.iter().map(|task| task.sys_id.as_str()).collect();
    assert_eq!((ids, list.complete), (vec!["a", "m"], false));
    assert_eq!(script.parameter(3, "sysparm_query").as_deref(), Some("sys_id>a^ORDERBYsys_id"));
    assert_eq!(script.parameter(3, "sysparm_limit").as_deref(), Some("4"));
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_at_half_its_size() {
    let cut = || Answer::json(200, r#"{"result":[{"sys_id":"a"},{"sys_"#).header("x-total-count", "3");
    let cancelled =
        json!({"result": [], "error": {"message": "Transaction cancelled: maximum execution time exceeded"}});
    let (servicenow, script, clock) = scripted([
        cut(),
        Answer::json(200, cancelled),
        Answer::rows(rows(&["a", "b"]), 3),
        Answer::rows(rows(&["c"]), 1),
    ]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(8).collect_all().await.unwrap();
    assert_eq!((list.seen, list.complete), (3, true));
    let sizes: Vec<_> = (0..4).map(|n| script.parameter(n, "sysparm_limit").unwrap()).collect();
    assert_eq!(sizes, ["8", "4", "2", "2"]);
    assert!(clock.slept().is_empty(), "waiting makes no page smaller");

    let (servicenow, script, _) = scripted([cut(), cut(), cut()]);
    let error = servicenow.table::<ScTask>().list(Query::all()).page_size(4).collect_all().await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::Cancelled { .. }));
    assert_eq!(script.asked().len(), 3, "a page of one row is as small as it gets");
}

#[tokio::test]
async fn a_user_who_may_not_sort_by_sys_id_gets_a_list_by_offset_that_is_never_complete() {
    let refused = json!({"error": {"message": "Insufficient rights to query records", "detail": null}, "status": "failure"});
    let (servicenow, script, _) = scripted([
        Answer::json(403, refused),
        Answer::rows(rows(&["a", "b"]), 3),
        Answer::rows(rows(&["c"]), 3),
    ]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    assert_eq!((list.seen, list.counted, list.complete), (3, Some(3), false));
    assert_eq!(script.parameter(1, "sysparm_query"), None);
    assert_eq!(script.parameter(2, "sysparm_offset").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_costs_no_other() {
    let page = json!([{"sys_id": "a"}, {"sys_id": "b", "active": "perhaps"}, {"sys_id": "c"}]);
    let (servicenow, _, _) = scripted([Answer::rows(page, 3)]);
    let mut list = servicenow.table::<ScTask>().list(Query::all());
    let mut came = Vec::new();
    while let Some(row) = list.next().await {
        came.push(row.map(|task| task.sys_id.to_string()).map_err(|error| error.to_string()));
    }
    assert_eq!((came[0].as_deref(), came[2].as_deref()), (Ok("a"), Ok("c")));
    assert!(came[1].as_ref().is_err_and(|error| !error.contains("perhaps")));
    assert!(!list.is_complete(), "who counts on every row must not miss one");
}

#[tokio::test]
async fn a_list_that_was_not_counted_ends_at_an_empty_page_and_is_not_called_complete() {
    let page = |ids: &[&str]| Answer::json(200, json!({"result": rows(ids)}));
    let (servicenow, _, _) = scripted([page(&["a"]), page(&["b"]), page(&[])]);
    let list = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap();
    assert_eq!((list.seen, list.counted, list.complete), (2, None, false));
}

#[tokio::test]
async fn a_list_that_wants_no_count_believes_none() {
    // The instance tells how far each page goes, which looks like a count of all.
    let (servicenow, script, _) =
        scripted([Answer::rows(rows(&["a"]), 1), Answer::rows(rows(&["b"]), 1), Answer::rows(rows(&[]), 0)]);
    let list = servicenow.table::<ScTask>().list(Query::all()).uncounted().page_size(2);
    let list = list.collect_all().await.unwrap();
    assert_eq!((list.seen, list.counted, list.unseen, list.complete), (2, None, None, false));
    assert_eq!(script.parameter(0, "sysparm_no_count").as_deref(), Some("true"));
}

#[tokio::test]
async fn views_categories_and_domains_are_asked_for_where_they_mean_something() {
    let made = || Answer::json(201, json!({"result": {"sys_id": "a", "short_description": "x"}}));
    let (servicenow, script, _) = scripted([Answer::rows(rows(&[]), 0), made()]);
    let table = servicenow.records("task").unwrap().view("mobile").query_category("hot").across_domains();
    table.list(Query::all()).collect_all().await.unwrap();
    table.create(&json!({"short_description": "x"})).await.unwrap();
    let sent = |n| {
        ["sysparm_view", "sysparm_query_category", "sysparm_query_no_domain"]
            .map(|name| script.parameter(n, name))
    };
    assert_eq!(sent(0), ["mobile", "hot", "true"].map(|text| Some(text.to_owned())));
    assert_eq!(sent(1), [Some("mobile".to_owned()), None, None]);
}

#[tokio::test]
async fn a_list_whose_position_is_ignored_ends_with_an_error() {
    let same = || Answer::rows(rows(&["a", "b"]), 9);
    let (servicenow, _, _) = scripted([same(), same()]);
    let error = servicenow.table::<ScTask>().list(Query::all()).page_size(2).collect_all().await.unwrap_err();
    assert!(error.to_string().contains("circles"), "{error}");
}

#[tokio::test]
async fn a_list_that_failed_is_over_and_not_complete() {
    let forbidden = Answer::json(403, json!({"error": {"message": "Operation Failed", "detail": "ACL"}}));
    let (servicenow, _, _) = scripted([Answer::rows(rows(&["a", "b"]), 2), forbidden]);
    let mut list = servicenow.table::<ScTask>().list(Query::all()).page_size(2);
    let items: Vec<_> = list.by_ref().collect().await;
    assert_eq!(items.len(), 3);
    assert!(items[2].is_err());
    assert_eq!((list.seen(), list.counted()), (2, Some(2)));
    assert!(!list.is_complete());
}

#[tokio::test]
async fn a_sorted_list_is_paged_by_offset_and_never_called_complete() {
    let (servicenow, script, _) =
        scripted([Answer::rows(rows(&["b", "a"]), 3), Answer::rows(rows(&["c"]), 3)]);
    let query = Query::all().order_by("number");
    let list = servicenow.table::<ScTask>().list(query).page_size(2).collect_all().await.unwrap();
    assert_eq!((list.seen, list.complete), (3, false));
    assert_eq!(script.parameter(1, "sysparm_query").as_deref(), Some("ORDERBYnumber^ORDERBYsys_id"));
    assert_eq!(script.parameter(1, "sysparm_offset").as_deref(), Some("2"));
}

async fn refusal(answer: impl Fn() -> Answer) -> Error {
    let (servicenow, _, _) = scripted((0..20).map(|_| answer()));
    servicenow.table::<ScTask>().create(&json!({})).await.unwrap_err()
}

#[tokio::test]
async fn a_full_queue_refuses_without_having_acted() {
    // A semaphore's refusal has no header and perhaps no body.
    let (servicenow, _, clock) = scripted([
        Answer::text(429, "<html>busy</html>"),
        Answer::json(201, json!({"result": {"sys_id": "1"}})),
    ]);
    servicenow.table::<ScTask>().create(&json!({})).await.unwrap();
    assert_eq!(clock.slept().len(), 1, "it backs off before it asks again");
    assert_eq!(kind(&refusal(|| Answer::text(429, "")).await), &ProblemKind::Semaphore);
}

#[tokio::test]
async fn a_dropped_request_is_repeated_even_if_it_creates() {
    let (servicenow, script, _) =
        scripted([Answer::text(202, ""), Answer::json(201, json!({"result": {"sys_id": "1"}}))]);
    servicenow.table::<ScTask>().create(&json!({})).await.unwrap();
    assert_eq!(script.asked().len(), 2);
    let error = refusal(|| Answer::text(202, "")).await;
    assert_eq!((kind(&error), error.delivery()), (&ProblemKind::Dropped, Delivery::Refused));
}

#[tokio::test]
async fn a_rate_limit_rule_is_waited_for_as_long_as_it_says() {
    let refused =
        Answer::json(429, json!({"error": {"message": "Rate limit exceeded"}})).header("retry-after", "132");
    let (servicenow, _, clock) = scripted([refused, Answer::rows(rows(&[]), 0)]);
    servicenow.table::<ScTask>().list(Query::all()).collect_all().await.unwrap();
    assert!(clock.slept().iter().sum::<std::time::Duration>().as_secs() >= 132, "{:?}", clock.slept());
}

#[tokio::test]
async fn a_rule_that_tells_only_its_end_is_waited_for_by_the_servers_clock() {
    let refused = Answer::json(429, json!({"error": {"message": "Rate limit exceeded"}}))
        .header("date", "Fri, 27 Feb 2026 16:00:00 GMT")
        .header("x-ratelimit-reset", "1772208060");
    let (servicenow, _, clock) = scripted([refused, Answer::rows(rows(&[]), 0)]);
    servicenow.table::<ScTask>().list(Query::all()).collect_all().await.unwrap();
    let slept = clock.slept().iter().sum::<std::time::Duration>().as_secs();
    assert!((60..70).contains(&slept), "{slept}");
}

#[tokio::test]
async fn an_outage_may_have_acted_so_a_create_is_not_repeated() {
    for status in [500, 502, 503, 504] {
        let (servicenow, script, _) = scripted([Answer::text(status, "<html>gateway</html>")]);
        let error = servicenow.table::<ScTask>().create(&json!({})).await.unwrap_err();
        assert_eq!((script.asked().len(), error.delivery()), (1, Delivery::Unknown), "{status}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_plain_update_is_repeated_after_an_outage_and_a_note_is_not() {
    let done = Answer::json(200, json!({"result": {"sys_id": "1", "state": "3"}}));
    let lost = || Err(TransportError::new("connection reset", Delivery::Unknown));
    let (servicenow, script, _) = lossy([lost(), done.into()]);
    servicenow.table::<ScTask>().update(&id("1"), &json!({"state": "3"})).await.unwrap();
    assert_eq!(script.asked().len(), 2);

    let (servicenow, script, _) = lossy([lost()]);
    let fields = json!({"state": "3", "work_notes": "closed"});
    let error = servicenow.table::<ScTask>().update(&id("1"), &fields).await.unwrap_err();
    assert_eq!((script.asked().len(), error.delivery()), (1, Delivery::Unknown));
}

#[tokio::test]
async fn an_answer_to_a_guest_is_no_answer_to_us() {
    let guest = || Answer::rows(rows(&[]), 0).header("x-is-logged-in", "false");
    let (servicenow, _, _) = scripted([guest()]);
    let error = servicenow.table::<ScTask>().list(Query::all()).collect_all().await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::Guest);
    assert!(error.is_unauthenticated());
    // Something may have been created by the guest.
    let created = || Answer::json(201, json!({"result": {"sys_id": "1"}})).header("x-is-logged-in", "false");
    assert_eq!(refusal(created).await.delivery(), Delivery::Unknown);
    // So may a change, though it is answered like a read.
    let changed = Answer::json(200, json!({"result": {"sys_id": "1"}})).header("x-is-logged-in", "false");
    let (servicenow, script, _) = scripted([changed]);
    let error = servicenow.table::<ScTask>().update(&id("1"), &json!({"state": "3"})).await.unwrap_err();
    assert_eq!((kind(&error), error.delivery()), (&ProblemKind::Guest, Delivery::Unknown));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_page_for_people_is_no_answer() {
    let login = || Answer::text(200, "<html>Log in</html>").header("content-type", "text/html;charset=UTF-8");
    let error = refusal(login).await;
    assert!(matches!(error.failure(), Failure::Protocol(what) if what.contains("login")), "{error}");
    let error = refusal(|| Answer::text(302, "").header("location", "/login.do")).await;
    assert_eq!(error.delivery(), Delivery::Refused);
}

#[tokio::test]
async fn an_error_in_a_success_is_an_error_whatever_its_form() {
    for body in [
        json!({"result": [], "error": {"message": "Transaction cancelled: maximum execution time exceeded"}}),
        json!({"result": [], "error": "odd"}),
        json!({"result": [], "error": {"message": 7}}),
    ] {
        let (servicenow, _, _) = scripted((0..9).map(|_| Answer::json(200, &body)));
        let error = servicenow.table::<ScTask>().list(Query::all()).collect_all().await.unwrap_err();
        assert_eq!(error.problem().unwrap().class(), Class::Exhausted, "{body}");
    }
    // A record may well have a field of that name.
    let row = json!({"sys_id": "1", "error": "Transaction cancelled"});
    let (servicenow, _, _) = scripted([Answer::rows(json!([row]), 1)]);
    servicenow.records("sysevent").unwrap().list(Query::all()).collect_all().await.unwrap();
}

#[tokio::test]
async fn vendor_prose_is_one_line_of_bounded_length() {
    let body = json!({"error": {"message": "a\nb".repeat(9000), "detail": "c".repeat(9000)}});
    let error = refusal(|| Answer::json(400, &body)).await;
    let text = error.problem().unwrap().to_string();
    assert!(text.len() < 1200 && !text.contains('\n'), "{} characters", text.len());
}

/// A journal whose rows may be read.
fn journal_rows() -> Answer {
    let row = |id: &str, text: &str, on: &str| {
        json!({"sys_id": id, "element_id": "1", "name": "sc_task", "element": "work_notes", "value": text,
               "sys_created_by": "api", "sys_created_on": on})
    };
    let rows = json!([row("a", "second", "2026-01-02 00:00:00"), row("b", "first", "2026-01-01 00:00:00")]);
    Answer::rows(rows, 2)
}

fn journal_shown() -> Answer {
    let notes = "2026-02-27 09:10:44 - Api (Work notes)\nDone [run 7/2]\n\n2026-02-27 09:02:00 - Api (Work notes)\nStarted\n\n";
    Answer::json(200, json!({"result": {"sys_id": "1", "work_notes": notes, "comments": ""}}))
}

async fn notes(servicenow: &ServiceNowClient) -> Vec<String> {
    let entries = servicenow.journal().entries("sc_task", &id("1")).await.unwrap();
    entries.into_iter().map(|entry| entry.text).collect()
}

#[tokio::test]
async fn journal_rows_come_in_the_order_they_were_written() {
    let (servicenow, script, _) = scripted([journal_rows()]);
    assert_eq!(notes(&servicenow).await, ["first", "second"]);
    let query = script.parameter(0, "sysparm_query").unwrap();
    assert_eq!(query, "element_id=1^elementINwork_notes,comments^ORDERBYsys_id");
}

#[tokio::test]
async fn where_the_journal_is_denied_the_record_shows_it() {
    let denied = Answer::json(403, json!({"error": {"message": "Operation Failed", "detail": "ACL"}}));
    for (first, expected) in
        [(denied, ["Started", "Done [run 7/2]"]), (Answer::rows(json!([]), 0), ["Started", "Done [run 7/2]"])]
    {
        let (servicenow, script, _) = scripted([first, journal_shown()]);
        assert_eq!(notes(&servicenow).await, expected);
        assert_eq!(script.parameter(1, "sysparm_display_value").as_deref(), Some("true"));
    }
}

#[tokio::test]
async fn a_mark_is_found_in_either_place_and_nowhere_else() {
    let (servicenow, _, _) = scripted([Answer::rows(json!([]), 0), journal_shown()]);
    let note = servicenow.journal().find_note("sc_task", &id("1"), "[run 7/2]").await.unwrap().unwrap();
    assert_eq!(note.text, "Done [run 7/2]");
    assert!(!format!("{note:?}").contains("Done"));
    let (servicenow, _, _) = scripted([journal_rows()]);
    assert_eq!(servicenow.journal().find_note("sc_task", &id("1"), "[run 7/2]").await.unwrap(), None);
}

#[tokio::test]
async fn a_mark_that_may_be_where_nobody_may_read_is_not_called_absent() {
    let denied = || Answer::json(403, json!({"error": {"message": "Operation Failed", "detail": "ACL"}}));
    let shown = |fields: Json| Answer::json(200, json!({ "result": fields }));
    // A list that nobody counted.
    let row = json!({"sys_id": "a", "element_id": "1", "element": "work_notes", "value": "x"});
    let (one, no_more) = (|| shown(json!([row])), || shown(json!([])));
    let (nothing, comments) = (json!({"sys_id": "1"}), json!({"sys_id": "1", "comments": ""}));
    for answers in [
        vec![denied(), shown(nothing.clone()), shown(nothing.clone())],
        vec![denied(), shown(comments.clone())],
        vec![one(), no_more(), shown(comments)],
        // What the record shows is not all either.
        vec![one(), no_more(), shown(json!({"sys_id": "1", "work_notes": "", "comments": ""}))],
    ] {
        let (servicenow, _, _) = scripted(answers);
        let error = servicenow.journal().find_note("sc_task", &id("1"), "[run 7/2]").await.unwrap_err();
        assert_eq!(error.problem().unwrap().kind, ProblemKind::Hidden);
    }
    let (servicenow, _, _) = scripted([denied(), shown(nothing.clone()), shown(nothing)]);
    let error = servicenow.journal().entries("sc_task", &id("1")).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::Hidden);
    // All of it was read, and it is not there.
    let whole = json!({"sys_id": "1", "work_notes": "", "comments": ""});
    let (servicenow, _, _) = scripted([denied(), shown(whole)]);
    assert_eq!(servicenow.journal().find_note("sc_task", &id("1"), "[run 7/2]").await.unwrap(), None);
}

#[tokio::test]
async fn a_note_that_was_dropped_is_an_error() {
    let dropped = || Answer::json(200, json!({"result": {"sys_id": "1"}}));
    let (servicenow, _, _) = scripted([dropped(), dropped()]);
    let added = servicenow.journal().add_work_note("sys_user", &id("1"), "hello").await.unwrap_err();
    let fields = json!({"work_notes": "hello"});
    let updated = servicenow.records("sys_user").unwrap().update(&id("1"), &fields).await.unwrap_err();
    for error in [added, updated] {
        let fields = vec!["work_notes".to_owned()];
        assert_eq!(error.problem().unwrap().kind, ProblemKind::NotWritten { fields });
        assert_eq!(error.delivery(), Delivery::Done);
    }
}

#[tokio::test]
async fn a_masked_answer_is_not_kept_and_an_unreadable_one_not_taken_for_none() {
    let row = |id: &str, name: &str, kind: &str, value: &str| {
        json!({"sys_id": id, "request_item": "1", "sc_item_option.item_option_new.name": name,
               "sc_item_option.item_option_new.type": kind, "sc_item_option.value": value})
    };
    let mut unreadable = row("4", "unreadable", "6", "");
    unreadable.as_object_mut().unwrap().remove("sc_item_option.value");
    let rows = json!([
        row("1", "pin", "25", "hunter2"),
        row("2", "label", "11", ""),
        row("3", "empty", "6", ""),
        unreadable,
    ]);
    let (servicenow, _, _) = scripted([Answer::rows(rows, 4)]);
    let answers = servicenow.request_item_variables(&id("1")).await.unwrap();
    let pin = answers.get("pin").unwrap();
    assert!(pin.is_masked() && pin.value().is_none());
    assert!(answers.get("label").is_none(), "a label asks nothing");
    assert!(answers.get("empty").unwrap().is_readable());
    assert!(!answers.get("unreadable").unwrap().is_readable());
    assert!(!format!("{answers:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_answer_to_another_item_is_refused() {
    let row = json!({"sys_id": "1", "request_item": "2", "sc_item_option.item_option_new.name": "n"});
    let (servicenow, _, _) = scripted([Answer::rows(json!([row]), 1)]);
    let error = servicenow.request_item_variables(&id("1")).await.unwrap_err();
    assert_eq!(kind(&error), &ProblemKind::NotHonoured { field: "request_item".into() });
}

#[test]
fn what_may_be_a_secret_is_not_printed() {
    use servicenow_client::{catalog::Produced, import_sets::TransformResult, tables::SysProperties};
    let produced = |row: Json| format!("{:?}", serde_json::from_value::<Produced>(row).unwrap());
    let transformed = |row: Json| format!("{:?}", serde_json::from_value::<TransformResult>(row).unwrap());
    // Records are read from text alone.
    let property: SysProperties =
        serde_json::from_str(r#"{"sys_id": "1", "name": "shown", "value": "hunter2"}"#).unwrap();
    for shown in [
        format!("{property:?}"),
        produced(json!({"table": "shown", "sys_id": "1", "u_pin": "hunter2"})),
        transformed(json!({"status": "inserted", "table": "shown", "u_pin": "hunter2"})),
    ] {
        assert!(shown.contains("shown") && !shown.contains("hunter2"), "{shown}");
    }
}
