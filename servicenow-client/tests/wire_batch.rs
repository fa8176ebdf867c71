//! What a batch sends, and what it makes of answers that no stand-in gives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Answer, Script, lossy, scripted};
use proptest::prelude::*;
use serde_json::{Value, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{
    Call, Cancellation, Delivery, Failure, Path, ProblemKind, Request, Safety, ServiceNowClient, SysId,
    TransportError, Upload,
};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn sent(script: &Script, n: usize) -> Value {
    serde_json::from_slice(script.asked()[n].body()).unwrap()
}

/// One answer to all parts, each with its body.
fn reply(parts: &[(usize, u16, Value)], unserviced: &[usize]) -> Answer {
    let part = |(id, status, body): &(usize, u16, Value)| json!({"id": id.to_string(), "status_code": status, "body": STANDARD.encode(body.to_string())});
    let unserviced: Vec<String> = unserviced.iter().map(ToString::to_string).collect();
    let parts: Vec<Value> = parts.iter().map(part).collect();
    Answer::json(200, json!({"serviced_requests": parts, "unserviced_requests": unserviced}))
}

fn user(id: &str) -> Value {
    json!({"result": {"sys_id": id, "title": "new"}})
}

#[tokio::test]
async fn parts_are_sent_as_documented() {
    let (servicenow, script, _) = scripted([reply(&[(0, 200, user("ab")), (1, 204, Value::Null)], &[])]);
    let users = servicenow.table::<SysUser>().select(["title"]);
    let mut batch = servicenow.batch();
    let moved = batch.add(users.update(&id("ab"), &json!({"title": "new"})));
    let gone = batch.add(users.delete(&id("cd")));
    let mut answers = batch.send().await;
    answers.take(moved).unwrap();
    answers.take(gone).unwrap();

    assert_eq!(script.asked()[0].uri().path(), "/api/now/v1/batch");
    let body = sent(&script, 0);
    assert_eq!(body["batch_request_id"], "0000000000000001");
    let first = &body["rest_requests"][0];
    assert_eq!((&first["id"], &first["method"]), (&json!("0"), &json!("PATCH")));
    let url = first["url"].as_str().unwrap();
    assert!(url.starts_with("/api/now/table/sys_user/ab?sysparm_display_value=false&"), "{url}");
    assert!(url.ends_with("sysparm_fields=sys_id%2Ctitle"), "{url}");
    let headers = first["headers"].as_array().unwrap();
    assert!(headers.contains(&json!({"name": "content-type", "value": "application/json"})));
    assert!(headers.contains(&json!({"name": "accept", "value": "application/json"})));
    assert_eq!(headers.len(), 2, "credentials are the batch's");
    assert_eq!(STANDARD.decode(first["body"].as_str().unwrap()).unwrap(), br#"{"title":"new"}"#);
    assert!(body["rest_requests"][1].get("body").is_none());
}

#[tokio::test]
async fn the_published_shape_is_sent() {
    let Some(published) = common::fixture("constructed/batch_request.json") else { return };
    let published: Value = serde_json::from_str(&published).unwrap();
    let theirs = &published["rest_requests"][1];
    let body = |part: &Value| -> Value {
        serde_json::from_slice(&STANDARD.decode(part["body"].as_str().unwrap()).unwrap()).unwrap()
    };
    let mut made = body(theirs);
    made["sys_id"] = "ab".into();
    let (servicenow, script, _) = scripted([reply(&[(0, 201, json!({"result": made}))], &[])]);
    let mut batch = servicenow.batch();
    let made = batch.add(servicenow.records("incident").unwrap().create(&body(theirs)));
    batch.send().await.take(made).unwrap();
    let ours = &sent(&script, 0)["rest_requests"][0];
    assert_eq!((&ours["method"], body(ours)), (&theirs["method"], body(theirs)));
    assert!(ours["url"].as_str().unwrap().starts_with(theirs["url"].as_str().unwrap()));
    let headers = |part: &Value| -> Vec<String> {
        let names = part["headers"].as_array().unwrap().iter();
        let mut names: Vec<String> =
            names.map(|header| header["name"].as_str().unwrap().to_lowercase()).collect();
        names.sort();
        names
    };
    assert_eq!(headers(ours), headers(theirs));
}

#[tokio::test]
async fn the_published_shape_is_read() {
    let Some(body) = common::fixture("constructed/batch_response.json") else { return };
    let ids = [
        ("\"a\"", "\"0\""),
        ("\"b\"", "\"1\""),
        ("\"c\"", "\"2\""),
        ("\"d\"", "\"3\""),
        ("\"7\"", "\"0000000000000001\""),
    ];
    let body = ids.iter().fold(body, |body, (theirs, ours)| body.replace(theirs, ours));
    let again = reply(&[(3, 200, json!({"result": []}))], &[]);
    let (servicenow, script, _) = scripted([Answer::json(200, body), again]);
    let mut batch = servicenow.batch();
    let raw = |path| {
        let call = Call::<Value>::read("test", Request::get(Path::new(path)));
        servicenow.prepare(call.with_decode(servicenow_client::result::<Value>))
    };
    let found = batch.add(raw("/api/now/table/sys_user"));
    let fields = json!({"correlation_id": "run-42/step-3"});
    let made = batch.add(servicenow.records("incident").unwrap().create(&fields));
    let table = batch.add(raw("/api/now/table/no_such_table"));
    let unserviced = batch.add(raw("/api/now/table/incident"));
    let mut answers = batch.send().await;
    assert_eq!(answers.take(found).unwrap()[0]["user_name"], "abel.tuter");
    assert_eq!(answers.take(made).unwrap().text("number").unwrap(), "INC0010002");
    assert_eq!(answers.take(table).unwrap_err().problem().unwrap().kind, ProblemKind::InvalidTable);
    assert_eq!(answers.take(unserviced).unwrap(), json!([]));
    assert_eq!(sent(&script, 1)["rest_requests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_that_was_refused_for_a_while_goes_again_after_that() {
    let refused = json!({"id": "0", "status_code": 429, "headers": [{"name": "Retry-After", "value": "7"}]});
    let (servicenow, script, clock) = scripted([
        Answer::json(200, json!({"serviced_requests": [refused]})),
        reply(&[(0, 201, json!({"result": {"sys_id": "ab", "user_name": "ann"}}))], &[]),
    ]);
    let mut batch = servicenow.batch();
    let made = batch.add(servicenow.table::<SysUser>().create(&json!({"user_name": "ann"})));
    assert_eq!(batch.send().await.take(made).unwrap().sys_id, id("ab"));
    assert_eq!(script.asked().len(), 2);
    assert_eq!(clock.slept().iter().map(std::time::Duration::as_secs).max(), Some(7));
}

#[tokio::test]
async fn a_part_that_a_rule_refused_goes_again_when_the_rule_says() {
    let headers: Vec<Value> = [
        ("Retry-After", "7"),
        ("X-RateLimit-Rule", "8c7d1d3a4fe2c7009aa0a9f18110c7ff"),
        ("X-RateLimit-Limit", "100"),
        ("X-RateLimit-Reset", "1772211600"),
        ("Date", "Fri, 27 Feb 2026 16:37:55 GMT"),
    ]
    .map(|(name, value)| json!({"name": name, "value": value}))
    .into();
    let refused = json!({"id": "0", "status_code": 429, "headers": headers});
    let (servicenow, _, clock) = scripted([
        Answer::json(200, json!({"serviced_requests": [refused]})),
        reply(&[(0, 200, user("ab"))], &[]),
    ]);
    let read = servicenow.table::<SysUser>().get(&id("ab"));
    assert_eq!(alone(&servicenow, read).await.unwrap().sys_id, id("ab"));
    assert_eq!(clock.slept().iter().map(std::time::Duration::as_secs).max(), Some(7));
}

#[tokio::test]
async fn a_part_that_was_refused_for_long_ends_at_once_and_keeps_no_other_waiting() {
    let refused =
        json!({"id": "0", "status_code": 429, "headers": [{"name": "Retry-After", "value": "3600"}]});
    let busy = json!({"id": "1", "status_code": 503});
    let (servicenow, script, clock) = scripted([
        Answer::json(200, json!({"serviced_requests": [refused, busy]})),
        reply(&[(1, 200, user("cd"))], &[]),
    ]);
    let users = servicenow.table::<SysUser>();
    let mut batch = servicenow.batch();
    let made = batch.add(users.create(&json!({"user_name": "ann"})));
    let read = batch.add(users.get(&id("cd")));
    let mut answers = batch.send().await;
    let error = answers.take(made).unwrap_err();
    assert!(error.is_rate_limited() && error.delivery() == Delivery::Refused);
    assert_eq!(error.retry_at().unwrap().timestamp(), 3600);
    assert_eq!(answers.take(read).unwrap().sys_id, id("cd"));
    assert_eq!(script.asked().len(), 2);
    assert!(clock.slept().iter().all(|slept| slept.as_secs() < 60), "{:?}", clock.slept());
}

#[tokio::test]
async fn a_part_that_is_never_got_to_ends_as_not_done() {
    let busy = || reply(&[], &[0]);
    let (servicenow, script, _) = scripted((0..5).map(|_| busy()));
    let mut batch = servicenow.batch();
    let made = batch.add(servicenow.table::<SysUser>().create(&json!({"user_name": "ann"})));
    let error = batch.send().await.take(made).unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    assert!(error.is_retryable());
    assert_eq!(script.asked().len(), 5);
}

#[tokio::test]
async fn a_part_that_the_quota_ended_may_have_been_done() {
    let error = json!({"error": {"message": "Transaction cancelled: maximum execution time exceeded", "detail": null}});
    let (servicenow, _, _) = scripted([reply(&[(0, 403, error)], &[])]);
    let mut batch = servicenow.batch();
    let made = batch.add(servicenow.table::<SysUser>().create(&json!({"user_name": "ann"})));
    let error = batch.send().await.take(made).unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::Cancelled { cause: Cancellation::MaximumTime });
    assert_eq!(error.delivery(), Delivery::Unknown);
}

#[tokio::test]
async fn a_record_that_came_in_a_batch_is_compared_with_what_was_asked_for() {
    let (servicenow, _, _) = scripted([reply(&[(0, 200, user("cd")), (1, 200, user("ab"))], &[])]);
    let users = servicenow.table::<SysUser>();
    let mut batch = servicenow.batch();
    let other = batch.add(users.get(&id("ab")));
    let dropped = batch.add(users.update(&id("ab"), &json!({"title": "newer"})));
    let mut answers = batch.send().await;
    assert_eq!(answers.take(other).unwrap_err().problem().unwrap().kind, ProblemKind::WrongRecord);
    let fields = vec!["title".to_owned()];
    assert_eq!(
        answers.take(dropped).unwrap_err().problem().unwrap().kind,
        ProblemKind::NotWritten { fields }
    );
}

#[tokio::test]
async fn a_deletion_that_was_lost_and_finds_nothing_is_done() {
    let lost = Err(TransportError::new("lost", Delivery::Unknown));
    let broken = Answer::text(200, r#"{"serviced_requests": [{"id": "0", "st"#);
    let nothing = json!({"error": {"message": "No Record found"}});
    let (servicenow, script, _) = lossy([lost, broken.into(), reply(&[(0, 404, nothing)], &[]).into()]);
    alone(&servicenow, servicenow.table::<SysUser>().delete(&id("ab"))).await.unwrap();
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn what_the_whole_batch_met_is_told_of_each_part_but_not_as_if_of_its_record() {
    let missing = || json!({"error": {"message": "No Record found"}});
    let refused = || Answer::json(401, missing());
    let (servicenow, _, _) = scripted([Answer::json(404, missing()), refused(), refused(), refused()]);
    let users = servicenow.table::<SysUser>();
    let error = alone(&servicenow, users.delete(&id("ab"))).await.unwrap_err();
    assert!(!error.is_not_found(), "the batch is not there, of the record nothing is known");
    assert!(matches!(error.failure(), Failure::Protocol(what) if what.contains("batch was refused")));
    assert!(alone(&servicenow, users.get(&id("ab"))).await.unwrap_err().is_unauthenticated());
}

async fn alone<T>(
    servicenow: &ServiceNowClient,
    call: servicenow_client::Prepared<T>,
) -> servicenow_client::Result<T> {
    let mut batch = servicenow.batch();
    let ticket = batch.add(call);
    batch.send().await.take(ticket)
}

#[tokio::test]
async fn an_answer_to_another_batch_is_none() {
    let other = json!({"batch_request_id": "7", "serviced_requests": [{"id": "0", "status_code": 204}]});
    let (servicenow, script, _) = scripted([Answer::json(200, other)]);
    let made = servicenow.table::<SysUser>().create(&json!({"user_name": "ann"}));
    assert_eq!(alone(&servicenow, made).await.unwrap_err().delivery(), Delivery::Unknown);
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn long_parts_go_in_requests_of_their_own_and_too_long_ones_not_at_all() {
    let noted = |id: &str| json!({"result": {"sys_id": id, "work_notes": ""}});
    let text = |megabytes: usize| json!({"work_notes": "x".repeat(megabytes * 1_000_000)});
    let (servicenow, script, _) =
        scripted([reply(&[(0, 201, noted("ab"))], &[]), reply(&[(1, 201, noted("cd"))], &[])]);
    let users = servicenow.table::<SysUser>();
    let mut batch = servicenow.batch();
    let tickets: Vec<_> = [2, 3, 4].map(|long| batch.add(users.create(&text(long)))).into();
    let mut answers = batch.send().await;
    let ends: Vec<_> = tickets.into_iter().map(|ticket| answers.take(ticket)).collect();
    ends[0].as_ref().unwrap();
    ends[1].as_ref().unwrap();
    let refused = ends[2].as_ref().unwrap_err();
    assert_eq!(refused.delivery(), Delivery::NotSent);
    assert!(refused.to_string().contains("5 MB"), "{refused}");
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn tickets_and_calls_of_others_are_refused() {
    let (servicenow, script, _) = scripted([]);
    let (other, _, _) = scripted([]);
    let elsewhere = ServiceNowClient::builder("other").basic("api", "pw".to_owned().into()).build().unwrap();
    let mut batch = servicenow.batch();
    let foreign = batch.add(elsewhere.table::<SysUser>().get(&id("ab")));
    let mut answers = batch.send().await;
    assert!(answers.take(foreign).unwrap_err().to_string().contains("another instance"));
    let upload = Request::post(Path::new("/api/x")).upload("text/plain", Upload::bytes("x"));
    let streamed = servicenow.prepare(Call::done("test", Safety::Unsafe, upload));
    assert!(alone(&servicenow, streamed).await.unwrap_err().to_string().contains("streamed body"));
    let stray = other.batch().add(other.table::<SysUser>().get(&id("ab")));
    assert!(answers.take(stray).unwrap_err().to_string().contains("another batch"));
    assert!(script.asked().is_empty());
}

fn hostile() -> impl Strategy<Value = Value> {
    let id = prop_oneof!["[0-9]{1,3}", ".{0,5}"].prop_map(Value::from);
    let body = prop_oneof![
        Just(Value::Null),
        ".{0,40}".prop_map(Value::from),
        "[A-Za-z0-9+/]{0,60}={0,2}".prop_map(Value::from),
        ".{0,40}".prop_map(|text| STANDARD.encode(text).into()),
        Just(STANDARD.encode("[".repeat(5_000)).into()),
    ];
    let header = (".{0,8}", ".{0,8}").prop_map(|(name, value)| json!({"name": name, "value": value}));
    let part = (id.clone(), any::<u16>(), body, prop::collection::vec(header, 0..3), any::<bool>()).prop_map(
        |(id, status, body, headers, message)| {
            let status = if status % 2 == 0 { 200 } else { status };
            let message = message.then_some("no");
            json!({"id": id, "status_code": status, "body": body, "headers": headers, "error_message": message})
        },
    );
    let parts = prop::collection::vec(part, 0..5);
    (parts, prop::collection::vec(id, 0..4))
        .prop_map(|(parts, ids)| json!({"serviced_requests": parts, "unserviced_requests": ids}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each part gets an outcome, whatever comes back, in a bounded number of requests.
    #[test]
    fn every_part_ends_whatever_comes_back(replies in prop::collection::vec(hostile(), 40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (servicenow, _, _) = scripted(replies.into_iter().map(|reply| Answer::json(200, reply)));
            let users = servicenow.table::<SysUser>();
            let mut batch = servicenow.batch();
            let read = batch.add(users.get(&id("ab")));
            let made = batch.add(users.create(&json!({"user_name": "ann"})));
            let gone = batch.add(users.delete(&id("ab")));
            let mut answers = batch.send().await;
            let _ = (answers.take(read), answers.take(made), answers.take(gone));
        });
    }
}
