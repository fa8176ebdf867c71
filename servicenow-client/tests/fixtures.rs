//! Bodies that instances really gave, and what is documented of them, through the whole client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, fixture, scripted};
use serde_json::Value as Json;
use servicenow_client::catalog::QuestionType;
use servicenow_client::tables::{Approval, ScReqItem, ScTask, SysJournalField, TaskState};
use servicenow_client::{
    Cancellation, Class, Delivery, DisplayMode, Extra, Failure, Field, Operation, Problem as _, ProblemKind,
    Query, Record, SysId,
};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

fn result<T: serde::de::DeserializeOwned>(body: &str) -> T {
    let mut json: Json = serde_json::from_str(body).unwrap();
    serde_json::from_value(json["result"].take()).unwrap()
}

#[test]
fn a_recorded_item_is_read() {
    let Some(body) = fixture("demisto/sc_req_item_patch.json") else { return };
    let item: ScReqItem = result(&body);
    assert_eq!(item.number.as_str(), Some("RITM0010028"));
    assert_eq!(item.state, Field::Set(TaskState::Open));
    assert_eq!(item.approval, Field::Set(Approval::Requested));
    assert_eq!(item.active, Field::Set(true));
    assert_eq!(item.request.get().unwrap().id().as_str(), "admin");
    assert!(item.assigned_to.is_empty());
    assert!(item.requested_for.is_absent(), "older releases do not have the field");
    assert_eq!(item.price.as_str(), Some("139.99"));
    assert_eq!(item.extra.get("upon_approval").unwrap(), "proceed");
}

#[test]
fn recorded_tasks_are_read_with_their_labels() {
    let Some(body) = fixture("demisto/sc_task_list_display_all_no_links.json") else { return };
    let tasks: Vec<ScTask> = result(&body);
    let task = &tasks[0];
    assert_eq!(task.approval, Field::Set(Approval::NotRequested));
    assert_eq!(
        task.due_date.get().unwrap().to_string(),
        "2020-04-20 20:58:46 UTC",
        "the value, not the label"
    );
    assert!(task.assigned_to.is_empty());
}

#[test]
fn one_row_reads_the_same_in_each_mode_that_has_values() {
    let read = |name: &str| {
        let mut rows: Vec<ScReqItem> = result(&fixture(name)?);
        // What a type does not know is kept as it came, so in each mode's own form.
        rows[0].extra = Extra::default();
        Some(rows.remove(0))
    };
    let Some(plain) = read("constructed/sc_req_item_list_display_false_no_links.json") else { return };
    assert_eq!(read("constructed/sc_req_item_list_display_false.json").unwrap(), plain);
    assert_eq!(read("constructed/sc_req_item_list_display_all.json").unwrap(), plain);
}

#[test]
fn recorded_journal_rows_are_read() {
    let Some(body) = fixture("rapid7/sys_journal_field_list.json") else { return };
    let rows: Vec<SysJournalField> = result(&body);
    assert_eq!(rows[1].element.as_str(), Some("comments"));
    assert_eq!(rows[1].sys_created_by.as_str(), Some("admin"));
}

#[tokio::test]
async fn labels_are_read_raw_with_ids_from_links() {
    let Some(body) = fixture("constructed/sc_req_item_list_display_true.json") else { return };
    let (servicenow, script, _) = scripted([Answer::text(200, body).header("x-total-count", "1")]);
    let table = servicenow.records("sc_req_item").unwrap().display(DisplayMode::Labels);
    let list = table.list(Query::new().eq("state", 1)).collect_all().await.unwrap();
    assert_eq!(list.rows[0].text("state").unwrap(), "Open");
    assert_eq!(list.rows[0].value("request").unwrap().display.as_deref(), Some("REQ0000001"));
    assert_eq!(list.rows[0].text("request").unwrap(), "0d9561ec47001200e0ef563dbb9a7167");
    assert_eq!(script.parameter(0, "sysparm_exclude_reference_link").as_deref(), Some("false"));
}

#[tokio::test]
async fn the_documented_answers_are_read_by_name() {
    let Some(body) = fixture("constructed/ritm_variables_mtom.json") else { return };
    let mut json: Json = serde_json::from_str(&body).unwrap();
    for (n, row) in json["result"].as_array_mut().unwrap().iter_mut().enumerate() {
        row["sys_id"] = n.to_string().into();
    }
    let (servicenow, _, _) = scripted([Answer::json(200, &json).header("x-total-count", "2")]);
    let answers = servicenow.request_item_variables(&id("aeed229047801200e0ef563dbb9a71c2")).await.unwrap();
    assert!(answers.is_complete());
    assert_eq!(answers.value("okta_group"), Some("engineering"));
    assert_eq!(answers.get("requested_for").unwrap().kind, Some(QuestionType::Reference));
    assert_eq!(answers.value("no_such_question"), None);
}

#[tokio::test]
async fn hidden_rows_and_fields_are_neither_empty_nor_forgotten() {
    let Some(body) = fixture("constructed/field_hidden_by_acl.json") else { return };
    // The first page is short although all was counted in it, `{}` too.
    let (servicenow, _, _) = scripted([Answer::text(200, body).header("x-total-count", "3")]);
    let users = servicenow
        .table::<servicenow_client::tables::SysUser>()
        .list(Query::all())
        .collect_all()
        .await
        .unwrap();
    assert_eq!((users.seen, users.counted, users.complete), (2, Some(3), false));
    assert!(users.rows[0].email.is_absent());
    assert_eq!(users.rows[1].email.as_str(), Some("abraham.lincoln@example.com"));
}

/// What each documented failure must be taken for.
fn expected(status: u64, body: &Json) -> (Class, ProblemKind) {
    let message = body["error"]["message"].as_str().unwrap_or_default();
    let detail = body["error"]["detail"].as_str().unwrap_or_default();
    match (status, message) {
        (401, _) => (Class::Unauthenticated, ProblemKind::Unauthenticated),
        (404, _) => (Class::NotFound, ProblemKind::NotFound),
        (400, m) if m.starts_with("Invalid table") => (Class::Invalid, ProblemKind::InvalidTable),
        (400, _) => (Class::Invalid, ProblemKind::UnknownResource),
        (403, m) if m.starts_with("Insufficient") => (Class::Forbidden, ProblemKind::QueryRights),
        (403, _) if detail.starts_with("ACL") => {
            let operation = if detail.contains("Insert") { Operation::Insert } else { Operation::Update };
            (Class::Forbidden, ProblemKind::AccessControl { operation: Some(operation) })
        }
        (403, _) if detail.starts_with("Data Policy") => {
            let fields = vec!["Resolution code".into(), "Resolution notes".into()];
            (Class::Invalid, ProblemKind::DataPolicy { fields })
        }
        (403, _) => {
            let sys_id = Some(id("0123456789abcdef0123456789abcdef"));
            (Class::WrongState, ProblemKind::BusinessRule { name: "Example rule".into(), sys_id })
        }
        (429, _) => {
            let rule = Some(id("8c7d1d3a4fe2c7009aa0a9f18110c7ff"));
            (Class::RateLimited, ProblemKind::RateLimit { rule })
        }
        (200, _) => (Class::Exhausted, ProblemKind::Cancelled { cause: Cancellation::MaximumTime }),
        (202, _) => (Class::Busy, ProblemKind::Dropped),
        other => panic!("a failure that this test does not know: {other:?}"),
    }
}

#[tokio::test]
async fn each_documented_failure_is_told_from_the_others() {
    let Some(body) = fixture("constructed/errors.json") else { return };
    for case in serde_json::from_str::<Vec<Json>>(&body).unwrap() {
        let status = case["http"].as_u64().unwrap();
        let body = if case["body"].is_null() { String::new() } else { case["body"].to_string() };
        // As often as a patient client asks.
        let answers = (0..20).map(|_| {
            let mut answer = Answer::json(status.try_into().unwrap(), &body);
            for (name, value) in case["headers"].as_object().into_iter().flatten() {
                let name = Box::leak(name.to_lowercase().into_boxed_str());
                answer = answer.header(name, value.as_str().unwrap());
            }
            answer.header("x-transaction-id", "75a81c34c39a")
        });
        let (servicenow, _, _) = scripted(answers);
        let error = servicenow.table::<ScTask>().get(&id("ab")).await.unwrap_err();
        let problem = error.problem().unwrap_or_else(|| panic!("{case}: {error:?}"));
        let (class, kind) = expected(status, &case["body"]);
        assert_eq!((problem.class(), &problem.kind), (class, &kind), "{case}");
        assert_eq!(error.request_id(), Some("75a81c34c39a"));
        assert!(!problem.message.is_empty());
        let unknown = matches!(class, Class::Unavailable | Class::Exhausted);
        assert_eq!(error.delivery() == Delivery::Unknown, unknown, "{case}");
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_no_list() {
    let Some(body) = fixture("constructed/partial_body_transaction_cancelled.txt") else { return };
    let answers = (0..9).map(|_| Answer::json(200, &body).header("x-total-count", "9"));
    let (servicenow, _, _) = scripted(answers);
    let list = servicenow.table::<ScTask>().list(Query::all());
    let error = list.collect_all().await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::Cancelled { cause: Cancellation::MaximumTime });
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_hibernating_instance_says_so() {
    let Some(body) = fixture("constructed/hibernating_instance.html") else { return };
    let answers = (0..9).map(|_| Answer::text(200, body.clone()).header("content-type", "text/html"));
    let (servicenow, _, _) = scripted(answers);
    let error = servicenow.table::<ScTask>().get(&id("ab")).await.unwrap_err();
    assert!(matches!(error.failure(), Failure::Protocol(what) if what.contains("hibernates")), "{error}");
}

#[test]
fn every_typed_record_asks_for_its_fields_once() {
    fn check<T: Record>() {
        let mut fields = T::FIELDS.to_vec();
        assert_eq!(fields[0], "sys_id");
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(fields.len(), T::FIELDS.len(), "{}", T::TABLE);
    }
    macro_rules! check {
        ($($record:ident)*) => { $(check::<servicenow_client::tables::$record>();)* };
    }
    check!(Task Incident SnSiIncident SnSiTask ScRequest ScReqItem ScTask ScCatItem SysapprovalApprover SysapprovalGroup);
    check!(SysUser SysUserDelegate SysUserGroup SysUserGrmember CmnDepartment CmnLocation CmnCostCenter CoreCompany);
    check!(SysUserRole SysUserHasRole SysGroupHasRole SysUserRoleContains);
    check!(SysDbObject SysDictionary SysChoice SysProperties SysJournalField SysAudit);
}
