//! Bodies of tickets, approvals, choices and other records that instances gave or that are documented.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use chrono::TimeDelta;
use common::{Answer, fixture, scripted};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use servicenow_client::journal::JournalKind;
use servicenow_client::tables::{
    Approval, Incident, IncidentState, SecurityState, SnSiIncident, SysDbObject, SysapprovalApprover, Task,
    TaskState, Watcher,
};
use servicenow_client::{Field, ProblemKind, Query, RawRecord, SysId, Value};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

/// What a fixture answers, as a type; none where the fixtures are not at hand.
fn read<T: DeserializeOwned>(name: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        result: T,
    }
    let body = fixture(name)?;
    let envelope: Envelope<T> = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(envelope.result)
}

/// The rows of a fixture, each with a key, as a client that asks for it gets them.
fn keyed(name: &str) -> Option<Json> {
    let mut rows: Json = read(name)?;
    for (n, row) in rows.as_array_mut().unwrap().iter_mut().enumerate() {
        row["sys_id"] = n.to_string().into();
    }
    Some(rows)
}

#[test]
fn incidents_are_read_whatever_their_release() {
    let Some(recorded) = read::<Incident>("demisto/incident_create.json") else { return };
    assert_eq!(recorded.state, Field::Set(IncidentState::New));
    assert_eq!(recorded.severity, Field::Set(2));
    assert!(recorded.caller_id.is_empty() && recorded.watch_list.is_empty());
    assert_eq!(recorded.extra.get("u_custom_field_test").unwrap(), "");
    for (name, number, state) in [
        ("docs/table_incident_create.json", "INC0010002", IncidentState::New),
        ("docs/table_incident_get.json", "INC0000046", IncidentState::New),
        ("docs/table_incident_patch.json", "INC0000050", IncidentState::InProgress),
    ] {
        let incident: Incident = read(name).unwrap();
        assert_eq!((incident.number.as_str(), incident.state), (Some(number), Field::Set(state)), "{name}");
    }
    // A user without a GUID.
    let patched: Incident = read("docs/table_incident_patch.json").unwrap();
    assert_eq!(patched.opened_by.get().unwrap().id().as_str(), "glide.maint");
}

#[test]
fn a_problem_is_read_as_a_task_with_its_durations() {
    let Some(rows) = read::<Vec<Task>>("docs/table_problem_list.json") else { return };
    let problem = &rows[0];
    assert_eq!(problem.sys_class_name.as_str(), Some("problem"));
    assert_eq!(problem.calendar_duration, Field::Set(TimeDelta::seconds(137)));
    assert_eq!(problem.business_duration, Field::Set(TimeDelta::zero()));
    assert_eq!(
        problem.state,
        Field::Set(TaskState::ClosedIncomplete),
        "a task's word for what problems call otherwise"
    );
}

#[test]
fn dot_walked_labels_are_read_with_the_ids_of_their_links() {
    let Some(rows) = read::<Vec<Json>>("docs/table_dot_walk_display.json") else { return };
    let department = Value::read(&rows[0]["user.department"]).unwrap();
    assert_eq!(department.display.as_deref(), Some("Accounting"));
    assert_eq!(department.value, "5b3b13530f58c2003a2d47bce1050e96");
    assert_eq!(Value::read(&rows[1]["role.name"]).unwrap().value, "asset_mgmt");
}

#[test]
fn security_incidents_are_read() {
    let Some(one) = read::<SnSiIncident>("rapid7/sn_si_incident_get.json") else { return };
    assert_eq!(one.state, Field::Set(SecurityState::Closed));
    assert_eq!(one.business_criticality, Field::Set(3), "a JSON number there");
    assert_eq!(one.risk_score, Field::Set(38));
    assert_eq!(one.risk_score_override, Field::Set(false));
    assert_eq!(one.special_access_write.get().unwrap().len(), 2);
    assert!(matches!(one.watch_list.get().unwrap().as_slice(), [Watcher::User(_)]));
    let list: Vec<SnSiIncident> = read("rapid7/sn_si_incident_list.json").unwrap();
    assert!(list.iter().all(|incident| incident.category.as_str() == Some("Phishing")));
    let few: Vec<RawRecord> = read("rapid7/sn_si_incident_list_fields.json").unwrap_or_default();
    assert!(!few.is_empty());
    let created: SnSiIncident = read("rapid7/sn_si_incident_create_fields_only.json").unwrap();
    assert_eq!(created.number.as_str(), Some("SIR0010044"));
    assert!(created.state.is_absent(), "it was not asked for");
}

#[test]
fn values_of_other_shapes_are_read() {
    // The Change API writes booleans and numbers, and a third form of dates.
    let Some(change) = read::<RawRecord>("rapid7/change_api_create.json") else { return };
    assert_eq!(change.field::<i64>("state"), Some(Field::Set(-5)));
    assert_eq!(change.field::<bool>("active"), Some(Field::Set(true)));
    assert_eq!(change.value("state").unwrap().display.as_deref(), Some("New"));
    let task: Task = read("rapid7/change_api_create.json").unwrap();
    assert_eq!((&task.state, &task.priority), (&Field::Set(TaskState::Pending), &Field::Set(4)));
    assert_eq!(task.opened_at.get().unwrap().to_string(), "2020-11-11 17:54:57 UTC");
    let plugin: RawRecord = read("rapid7/sn_vul_app_vulnerable_item_create.json").unwrap();
    assert_eq!(plugin.field::<i64>("sys_mod_count"), Some(Field::Set(13)));
}

#[test]
fn tables_are_described() {
    let Some(rows) = read::<Vec<SysDbObject>>("demisto/sys_db_object_list.json") else { return };
    assert_eq!((rows[0].name.as_str(), rows[0].label.as_str()), (Some("cmdb_ci_lb_ace"), Some("ACE")));
    assert_eq!(rows[0].super_class.get().unwrap().id().as_str(), "admin");
}

#[test]
fn approvals_are_read_in_each_mode() {
    let Some(plain) = read::<Vec<SysapprovalApprover>>("constructed/sysapproval_approver_list.json") else {
        return;
    };
    assert_eq!(plain[0].state, Field::Set(Approval::Requested));
    assert_eq!(plain[0].sysapproval.get().unwrap().id(), plain[0].document_id.get().unwrap());
    let labelled: Vec<SysapprovalApprover> =
        read("constructed/sysapproval_approver_list_display_all.json").unwrap();
    assert_eq!(
        (&labelled[0].approver, &labelled[0].sys_created_on),
        (&plain[0].approver, &plain[0].sys_created_on)
    );
    let answered: SysapprovalApprover = read("constructed/sysapproval_approver_patch_approved.json").unwrap();
    assert_eq!(answered.state, Field::Set(Approval::Approved));
}

#[tokio::test]
async fn choices_are_found_without_the_right_to_read_tables() {
    let Some(rows) = keyed("constructed/sys_choice_list.json") else { return };
    let denied =
        json!({"error": {"message": "Operation Failed", "detail": "ACL Exception"}, "status": "failure"});
    let (servicenow, script, _) = scripted([Answer::json(403, denied), Answer::rows(rows, 6)]);
    let states = servicenow.schema().choices("incident", "state").await.unwrap();
    assert_eq!((states.label("6"), states.value("On Hold")), (Some("Resolved"), Some("3")));
    let query = script.parameter(1, "sysparm_query").unwrap();
    assert!(query.starts_with("nameINincident,task^element=state^language=en"), "{query}");
}

#[tokio::test]
async fn a_journal_that_is_shown_is_taken_apart() {
    let Some(body) = fixture("constructed/incident_comments_display_true.json") else { return };
    let mut body: Json = serde_json::from_str(&body).unwrap();
    body["result"]["sys_id"] = "c537bae64f411200adf9f8e18110c76e".into();
    let (servicenow, _, _) = scripted([Answer::rows(json!([]), 0), Answer::json(200, body)]);
    let incident = id("c537bae64f411200adf9f8e18110c76e");
    let entries = servicenow.journal().entries("incident", &incident).await.unwrap();
    let read: Vec<_> = entries.iter().map(|entry| (entry.kind.clone(), entry.text.as_str())).collect();
    assert_eq!(
        read,
        [
            (JournalKind::WorkNote, "Started"),
            (JournalKind::WorkNote, "Account suspended in Okta"),
            (JournalKind::Comment, "Any news?"),
        ]
    );
    assert_eq!(entries[2].author.as_deref(), Some("Abel Tuter"));
}

#[tokio::test]
async fn no_rows_are_none() {
    let Some(body) = fixture("rapid7/empty_list.json") else { return };
    let (servicenow, _, _) = scripted([Answer::json(200, body).header("x-total-count", "0")]);
    let list =
        servicenow.table::<SnSiIncident>().list(Query::new().eq("number", "x")).collect_all().await.unwrap();
    assert_eq!((list.rows.len(), list.complete), (0, true));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for (name, delete) in [("rapid7/error_404_get.json", false), ("rapid7/error_404_delete.json", true)] {
        let Some(body) = fixture(name) else { return };
        let (servicenow, _, _) = scripted([Answer::json(404, body)]);
        let table = servicenow.table::<SnSiIncident>();
        let answer =
            if delete { table.delete(&id("ab")).await } else { table.get(&id("ab")).await.map(drop) };
        assert_eq!(answer.unwrap_err().problem().unwrap().kind, ProblemKind::NotFound, "{name}");
    }
}

#[tokio::test]
async fn an_empty_page_in_the_middle_of_a_table_is_not_its_end() {
    let Some(page) = fixture("constructed/table_list_empty_page_mid_table.json") else { return };
    let page: Json = serde_json::from_str(&page).unwrap();
    let row = |id: &str| json!({"sys_id": id});
    // Counts are of what follows the last row that came.
    let pages = [
        Answer::rows(json!([row("a"), row("b")]), 5),
        Answer::rows(page["body"]["result"].clone(), 3),
        Answer::rows(json!([row("e")]), 3),
    ];
    let end = (0..9).map(|_| Answer::rows(json!([]), 0));
    let (servicenow, script, _) = scripted(pages.into_iter().chain(end));
    let list =
        servicenow.records("incident").unwrap().list(Query::all()).page_size(2).collect_all().await.unwrap();
    let ids: Vec<&str> = list.rows.iter().map(|row| row.sys_id().as_str()).collect();
    assert_eq!((ids, list.unseen, list.complete), (vec!["a", "b", "e"], Some(2), false));
    assert_eq!(script.parameter(2, "sysparm_offset").as_deref(), Some("2"));
}

#[tokio::test]
async fn the_headers_of_a_list_are_read() {
    let Some(exchange) = fixture("constructed/headers_table_list.json") else { return };
    let exchange: Json = serde_json::from_str(&exchange).unwrap();
    let mut first = Answer::rows(json!([{"sys_id": "a"}]), 0);
    for header in exchange["headers"].as_array().unwrap() {
        let name = Box::leak(header[0].as_str().unwrap().to_lowercase().into_boxed_str());
        first = first.header(name, header[1].as_str().unwrap());
    }
    let rest = (0..99).map(|_| Answer::rows(json!([]), 0));
    let (servicenow, _, _) = scripted(std::iter::once(first).chain(rest));
    let list =
        servicenow.records("incident").unwrap().list(Query::all()).page_size(10).collect_all().await.unwrap();
    assert_eq!((list.seen, list.counted, list.complete), (1, Some(67), false));
}

#[tokio::test]
async fn a_documented_rate_limit_is_one() {
    let Some(body) = fixture("docs/error_429_rate_limit.json") else { return };
    let answers = (0..20).map(|_| Answer::json(429, &body).header("retry-after", "3"));
    let (servicenow, _, _) = scripted(answers);
    let error = servicenow.table::<Incident>().get(&id("ab")).await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::RateLimit { .. }));
}
