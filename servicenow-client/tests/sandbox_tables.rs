//! Typed tables, schema, choices, approvals and the check, on a ServiceNow stand-in, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::{NoChance, TestClock};
use futures::TryStreamExt as _;
use sandbox::{Effect, Fault, Habits, OnboardingRequest, Sandbox};
use serde_json::json;
use servicenow_client::checkup::Finding;
use servicenow_client::journal::JournalKind;
use servicenow_client::tables::{
    Approval, CmnCostCenter, CmnDepartment, CmnLocation, CoreCompany, Incident, IncidentState, RequestState,
    ScCatItem, ScReqItem, ScRequest, ScTask, SecurityState, SnSiIncident, SysGroupHasRole, SysUser,
    SysUserDelegate, SysUserGrmember, SysUserGroup, SysUserHasRole, SysUserRole, SysUserRoleContains,
    SysapprovalApprover, SysapprovalGroup, Task, TaskState, Watcher,
};
use servicenow_client::{
    Delivery, Field, ProblemKind, Query, Record, Ref, RetryPolicy, ServiceNowClient, Settled, SysId,
};

async fn start() -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(20).frozen_clock().start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .retry(RetryPolicy { attempts: 3, ..RetryPolicy::default() })
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

async fn all<T: Record>(servicenow: &ServiceNowClient, query: impl Into<Query>) -> Vec<T> {
    let list = servicenow.table::<T>().list(query).collect_all().await.unwrap();
    assert!(list.complete, "{}", T::TABLE);
    list.rows
}

async fn one<T: Record>(servicenow: &ServiceNowClient, query: Query) -> T {
    servicenow.table::<T>().find_one(query).await.unwrap().unwrap()
}

/// How often tables of an instance were asked for.
fn asked(sandbox: &Sandbox, path: &str) -> usize {
    sandbox.requests().iter().filter(|request| request.path.starts_with(path)).count()
}

#[tokio::test]
async fn every_table_of_people_and_roles_is_read_as_its_type() {
    let (_sandbox, servicenow) = start().await;
    let users: Vec<SysUser> = all(&servicenow, Query::all()).await;
    let user = users.iter().find(|user| user.manager.get().is_some()).unwrap();
    let department =
        servicenow.table::<CmnDepartment>().get(user.department.get().unwrap().id()).await.unwrap();
    let center: CmnCostCenter = servicenow.table().get(user.cost_center.get().unwrap().id()).await.unwrap();
    assert_eq!(department.cost_center, user.cost_center);
    assert_eq!(center.manager, department.dept_head);
    let company: CoreCompany = servicenow.table().get(user.company.get().unwrap().id()).await.unwrap();
    assert_eq!(company.name.as_str(), Some("Acme"));
    assert!(!all::<CmnLocation>(&servicenow, Query::all()).await.is_empty());
    let delegate = &all::<SysUserDelegate>(&servicenow, Query::all()).await[0];
    assert_eq!((delegate.approvals.get(), delegate.assignments.get()), (Some(&true), Some(&false)));
    let group: SysUserGroup = one(&servicenow, Query::new().eq("name", "Service Desk")).await;
    assert_eq!(group.active, Field::Set(true));
    let itil: SysUserRole = one(&servicenow, Query::new().eq("name", "itil")).await;
    let of_group = Query::new().eq("group", &group.sys_id).eq("role", &itil.sys_id);
    assert_eq!(one::<SysGroupHasRole>(&servicenow, of_group).await.role_name.as_str(), Some("itil"));
    assert_eq!(all::<SysUserRoleContains>(&servicenow, Query::new().eq("role", &itil.sys_id)).await.len(), 2);
}

#[tokio::test]
async fn why_somebody_has_a_role_is_in_its_row() {
    let (_sandbox, servicenow) = start().await;
    let fields = json!({"user_name": "nora", "last_name": "Lindqvist"});
    let user = servicenow.table::<SysUser>().create(&fields).await.unwrap();
    let group: SysUserGroup = one(&servicenow, Query::new().eq("name", "Service Desk")).await;
    let fields = json!({"user": user.sys_id, "group": group.sys_id});
    let member = servicenow.table::<SysUserGrmember>().create(&fields).await.unwrap();
    let rows: Vec<SysUserHasRole> = all(&servicenow, Query::new().eq("user", &user.sys_id)).await;
    assert!(rows.iter().all(|row| row.inherited == Field::Set(true)));
    assert!(rows.iter().all(|row| row.granted_by == Field::Set(group.sys_id.clone().into())));
    let itil = rows.iter().find(|row| row.role_name.as_str() == Some("itil")).unwrap();
    let contained: Vec<_> = rows.iter().filter(|row| row.included_in_role == itil.role).collect();
    assert_eq!(contained.len(), 2);
    servicenow.table::<SysUserGrmember>().delete(&member.sys_id).await.unwrap();
    let rows: Vec<SysUserHasRole> = all(&servicenow, Query::new().eq("user", &user.sys_id)).await;
    assert!(rows.is_empty());
}

#[tokio::test]
async fn tickets_are_read_as_what_they_are_and_as_tasks() {
    let (sandbox, servicenow) = start().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let request: ScRequest = servicenow.table().get(&id(&ticket.request_sys_id)).await.unwrap();
    assert_eq!(request.request_state, Field::Set(RequestState::Approved));
    let item: ScReqItem = servicenow.table().get(&id(&ticket.item_sys_id)).await.unwrap();
    let ordered = servicenow.table::<ScCatItem>().get(item.cat_item.get().unwrap().id()).await.unwrap();
    assert_eq!(ordered.active, Field::Set(true));
    let task: Task = servicenow.table().get(&id(&ticket.task_sys_id)).await.unwrap();
    assert_eq!(task.sys_class_name.as_str(), Some(ScTask::TABLE));
    assert_eq!(task.parent.get().map(Ref::id), Some(&item.sys_id));
    let someone = all::<SysUser>(&servicenow, Query::all()).await[0].sys_id.clone();
    let watchers = format!("{someone},desk@example.com");
    let changed =
        servicenow.table::<ScTask>().update(&task.sys_id, &json!({"watch_list": watchers})).await.unwrap();
    let expected = vec![Watcher::User(someone.into()), Watcher::Mail("desk@example.com".into())];
    assert_eq!(changed.watch_list, Field::Set(expected));
    assert!(!format!("{changed:?}").contains("desk@"), "an address is somebody's data");
}

#[tokio::test]
async fn a_table_knows_its_own_fields_and_those_it_inherits() {
    let (_sandbox, servicenow) = start().await;
    let incident = servicenow.schema().table("incident").await.unwrap().unwrap();
    assert!(incident.is_complete());
    assert_eq!((incident.label(), incident.extends().collect::<Vec<_>>()), (Some("Incident"), vec!["task"]));
    let caller = incident.field("caller_id").unwrap();
    assert_eq!((caller.name.as_str(), caller.reference.as_str()), (Some("incident"), Some("sys_user")));
    let number = incident.field("number").unwrap();
    assert_eq!((number.name.as_str(), number.internal_type.as_str()), (Some("task"), Some("string")));
    assert_eq!(incident.field("short_description").unwrap().max_length, Field::Set(160));
    for field in Incident::FIELDS {
        // Not modelled.
        let known = incident.field(field).is_some() || ["problem_id", "rfc"].contains(field);
        assert!(known, "{field}");
    }
    let member = servicenow.schema().table("sys_user_grmember").await.unwrap().unwrap();
    assert_eq!(member.mandatory().collect::<Vec<_>>(), ["group", "user"]);
    assert!(servicenow.schema().table("u_no_such_table").await.unwrap().is_none());
}

#[tokio::test]
async fn a_table_without_choices_of_its_own_has_those_of_the_one_it_extends() {
    let (_sandbox, servicenow) = start().await;
    let schema = servicenow.schema();
    let states = schema.choices("incident", "state").await.unwrap();
    assert_eq!((states.table(), states.is_complete()), ("incident", true));
    assert_eq!(states.label(IncidentState::Resolved.as_str()), Some("Resolved"));
    assert_eq!(states.value("On Hold"), Some("3"));
    assert!(!states.contains("4"));
    let inherited = schema.choices("sc_task", "state").await.unwrap();
    assert_eq!((inherited.table(), inherited.label("4")), ("task", Some("Closed Incomplete")));
    for state in inherited.iter() {
        assert_eq!(TaskState::from(state.value.as_str()).label(), state.label, "the base system's");
    }
    assert_eq!(schema.choices("sys_user", "title").await.unwrap().iter().count(), 0);
}

#[tokio::test]
async fn choices_have_a_language_an_order_and_may_be_out_of_use() {
    let (_sandbox, servicenow) = start().await;
    let table = servicenow.records("sys_choice").unwrap();
    for (value, label, language, sequence, inactive, dependent) in [
        ("vpn", "VPN", "en", 2, false, "network"),
        ("dns", "DNS", "en", 1, false, "network"),
        ("modem", "Modem", "en", 3, true, "network"),
        ("mail", "Mail", "en", 4, false, "software"),
        ("dns", "Namensdienst", "de", 1, false, "network"),
    ] {
        let row = json!({
            "name": "incident", "element": "subcategory", "value": value, "label": label, "language": language,
            "sequence": sequence, "inactive": inactive, "dependent_value": dependent,
        });
        table.create(&row).await.unwrap();
    }
    let all = servicenow.schema().choices("incident", "subcategory").await.unwrap();
    let offered = |choices: &servicenow_client::schema::Choices| -> Vec<String> {
        choices.offered().map(|choice| choice.value.clone()).collect()
    };
    assert_eq!(offered(&all), ["dns", "vpn", "mail"]);
    assert_eq!(offered(&all.depending_on("network")), ["dns", "vpn"]);
    assert_eq!((all.label("modem"), all.value("Modem"), all.contains("modem")), (Some("Modem"), None, false));
    let german = servicenow.schema().choices("incident", "subcategory").language("de").await.unwrap();
    assert_eq!(german.label("dns"), Some("Namensdienst"));
}

#[tokio::test]
async fn an_incident_is_resolved_with_a_code_that_the_release_has() {
    let (sandbox, servicenow) = start().await;
    let preferred = ["Solution provided", "Solved (Permanently)"];
    for (old, expected) in [(false, "Solution provided"), (true, "Solved (Permanently)")] {
        sandbox.change_habits(|habits| habits.old_close_codes = old);
        let incidents = servicenow.incidents();
        let codes = incidents.close_codes().await.unwrap();
        let incident =
            servicenow.table::<Incident>().create(&json!({"short_description": "x"})).await.unwrap();
        let resolved = incidents.resolve(&incident.sys_id, &codes, preferred, "done").await.unwrap();
        let Settled::Now(resolved) = resolved else { panic!("{resolved:?}") };
        assert_eq!(resolved.close_code.as_str(), Some(expected));
        assert_eq!(resolved.state, Field::Set(IncidentState::Resolved));
        let again = incidents.resolve(&incident.sys_id, &codes, preferred, "done").await.unwrap();
        assert!(matches!(again, Settled::Before(_)));
    }
    let codes = servicenow.incidents().close_codes().await.unwrap();
    let error = servicenow.incidents().resolve(&id("ab"), &codes, ["Fixed"], "done").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(format!("{error:?}").contains("Solved (Permanently)"), "says what there is: {error:?}");
}

#[tokio::test]
async fn a_canceled_incident_is_left_alone() {
    let (sandbox, servicenow) = start().await;
    let fields = json!({"short_description": "x", "state": IncidentState::Canceled});
    let incident = servicenow.table::<Incident>().create(&fields).await.unwrap();
    let codes = servicenow.incidents().close_codes().await.unwrap();
    let left = servicenow.incidents().resolve(&incident.sys_id, &codes, ["User error"], "x").await.unwrap();
    assert!(matches!(left, Settled::Otherwise(_)));
    assert!(sandbox.requests().iter().all(|request| request.method != "PATCH"));
}

#[tokio::test]
async fn a_security_incident_is_there_if_its_plugin_is() {
    let (sandbox, servicenow) = start().await;
    assert!(!servicenow.schema().exists("sn_si_incident").await.unwrap());
    let error = servicenow.table::<SnSiIncident>().list(Query::all()).collect_all().await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::InvalidTable);
    sandbox.change_habits(|habits| habits.security_incident_response = true);
    assert!(servicenow.schema().exists("sn_si_incident").await.unwrap());
    let table = servicenow.table::<SnSiIncident>();
    let incident =
        table.create(&json!({"short_description": "Phish", "category": "Phishing"})).await.unwrap();
    assert_eq!(incident.state, Field::Set(SecurityState::Draft));
    table.update(&incident.sys_id, &json!({"state": SecurityState::Contain})).await.unwrap();
    let back = table.update(&incident.sys_id, &json!({"state": SecurityState::Analysis})).await.unwrap_err();
    let ProblemKind::BusinessRule { name, .. } = &back.problem().unwrap().kind else { panic!("{back:?}") };
    assert_eq!(name, "Enforce state flow");
    let states = servicenow.schema().choices("sn_si_incident", "state").await.unwrap();
    assert_eq!(states.label("100"), Some("Review"));
}

/// An item, and two who are asked to approve it: one as a workflow asks, one as a flow does.
async fn asked_for_approval(sandbox: &Sandbox, servicenow: &ServiceNowClient) -> (SysId, [SysId; 2]) {
    let item = sandbox.add_onboarding_request(&OnboardingRequest::default()).item_sys_id;
    let users: Vec<SysUser> = all(servicenow, Query::all()).await;
    let rows = [
        json!({"approver": users[0].sys_id, "sysapproval": item}),
        json!({"approver": users[1].sys_id, "document_id": item, "source_table": "sc_req_item"}),
    ];
    let table = servicenow.table::<SysapprovalApprover>();
    let first = table.create(&rows[0]).await.unwrap().sys_id;
    let second = table.create(&rows[1]).await.unwrap().sys_id;
    (id(&item), [first, second])
}

#[tokio::test]
async fn those_who_are_asked_are_found_however_they_were_asked() {
    let (sandbox, servicenow) = start().await;
    let (item, rows) = asked_for_approval(&sandbox, &servicenow).await;
    let open: Vec<_> = servicenow.approvals().open(&item).try_collect().await.unwrap();
    let mut found: Vec<SysId> = open.iter().map(|row| row.sys_id.clone()).collect();
    found.sort();
    let mut expected = rows.to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let approver = open[0].approver.get().unwrap();
    let waiting = servicenow.approvals().waiting_for(approver.id()).collect_all().await.unwrap();
    assert_eq!(waiting.rows.len(), 1);
}

#[tokio::test]
async fn an_answer_is_given_once_and_told_from_somebody_elses() {
    let (sandbox, servicenow) = start().await;
    let (item, [first, _]) = asked_for_approval(&sandbox, &servicenow).await;
    let approvals = servicenow.approvals();
    sandbox.add_fault(Fault::servicenow("PATCH", "/api/now/table/sysapproval_approver", Effect::CutAfter));
    let lost = approvals.approve(&first, "Ann Lee, in Slack").await.unwrap_err();
    assert_eq!(lost.delivery(), Delivery::Unknown);
    let again = approvals.approve(&first, "Ann Lee, in Slack").await.unwrap();
    assert!(matches!(again, Settled::Before(_)));
    assert!(matches!(approvals.reject(&first, "no").await.unwrap(), Settled::Otherwise(_)));
    let comments = servicenow.journal().entries("sysapproval_approver", &first).await.unwrap();
    assert_eq!(comments.len(), 1);
    let item: ScReqItem = servicenow.table().get(&item).await.unwrap();
    assert_eq!(item.approval, Field::Set(Approval::Approved));
}

#[tokio::test]
async fn an_answer_wants_a_word_of_who_decided() {
    let (sandbox, servicenow) = start().await;
    let error = servicenow.approvals().approve(&id("ab"), " ").await.unwrap_err();
    assert!(
        error.to_string().contains("comments are empty")
            || format!("{error:?}").contains("comments are empty")
    );
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_group_that_is_asked_follows_its_members() {
    let (sandbox, servicenow) = start().await;
    let item = sandbox.add_onboarding_request(&OnboardingRequest::default()).item_sys_id;
    let groups = servicenow.table::<SysapprovalGroup>();
    let group = groups.create(&json!({"parent": item, "approval": Approval::Requested})).await.unwrap();
    let user = all::<SysUser>(&servicenow, Query::all()).await[0].sys_id.clone();
    let row = json!({"approver": user, "sysapproval": item, "group": group.sys_id});
    let row = servicenow.table::<SysapprovalApprover>().create(&row).await.unwrap();
    servicenow.approvals().approve(&row.sys_id, "Ann Lee").await.unwrap().done().unwrap();
    assert_eq!(groups.get(&group.sys_id).await.unwrap().approval, Field::Set(Approval::Approved));
}

#[tokio::test]
async fn the_check_says_what_an_administrator_should_mend() {
    let (sandbox, servicenow) = start().await;
    let me = servicenow.who_am_i().await.unwrap().unwrap();
    assert_eq!(me.user_name.as_str(), Some(sandbox.servicenow_username()));
    let check = servicenow
        .check()
        .reads("incident", ["number"])
        .reads("sc_task", ["number", "u_no_such_field", "request_item.number"])
        .reads("sn_si_incident", ["number"]);
    let found = check.clone().await.unwrap();
    assert_eq!(found.user.unwrap().sys_id, me.sys_id);
    assert_eq!(found.release.unwrap().to_string(), "Australia (glide-australia-02-11-2026__patch1)");
    let expected = [
        Finding::NoInactiveUsers,
        Finding::NothingToSee { table: "incident".into() },
        Finding::NoFields { table: "sc_task".into(), fields: vec!["u_no_such_field".into()] },
        Finding::NoTable { table: "sn_si_incident".into() },
    ];
    assert_eq!(found.findings, expected);

    let users = servicenow.table::<SysUser>();
    let fields =
        json!({"time_zone": "Europe/Oslo", "preferred_language": "de", "web_service_access_only": false});
    users.update(&me.sys_id, &fields).await.unwrap();
    users.create(&json!({"user_name": "gone", "last_name": "Gone", "active": false})).await.unwrap();
    servicenow.table::<Incident>().create(&json!({"short_description": "x"})).await.unwrap();
    sandbox
        .change_habits(|habits| *habits = Habits { security_incident_response: true, ..Habits::default() });
    servicenow.table::<SnSiIncident>().create(&json!({"short_description": "x"})).await.unwrap();
    let words: Vec<String> = check.await.unwrap().findings.iter().map(ToString::to_string).collect();
    let expected = [
        "the API user's time zone is Europe/Oslo:",
        "the API user's language is de:",
        "the API user may sign in by hand:",
        "sc_task comes without u_no_such_field:",
    ];
    assert_eq!(words.len(), expected.len(), "{words:#?}");
    for (words, expected) in words.iter().zip(expected) {
        assert!(words.starts_with(expected), "{words}");
    }
    assert!(asked(&sandbox, "/api/now/table/sc_task") == 2, "one look at each table");
}

#[tokio::test]
async fn properties_that_do_not_exist_are_left_out() {
    let (_sandbox, servicenow) = start().await;
    let found = servicenow.properties(["glide.buildname", "glide.no.such"]).await.unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [("glide.buildname".to_owned(), "Australia".to_owned())]
    );
}

#[tokio::test]
async fn a_journal_of_a_customers_own_is_written_once_and_read() {
    let (sandbox, servicenow) = start().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let (journal, item) = (servicenow.journal(), id(&ticket.item_sys_id));
    let history = JournalKind::Other("approval_history".into());
    sandbox.add_fault(Fault::servicenow("PATCH", "/api/now/table/sc_req_item", Effect::CutAfter));
    let lost = journal.add(&history, "sc_req_item", &item, "Ann Lee: [code]yes[/code]").await.unwrap_err();
    assert_eq!(lost.delivery(), Delivery::Unknown);
    let entries = journal.entries_of("sc_req_item", &item, "approval_history").await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0].kind, entries[0].text.as_str()), (&history, "Ann Lee: [ code]yes[ /code]"));
    assert!(journal.entries("sc_req_item", &item).await.unwrap().is_empty());
    // Whatever was written is found by what was given to be written.
    journal.add_work_note("sc_req_item", &item, "[code]7[/code]").await.unwrap();
    assert!(journal.find_note("sc_req_item", &item, "[code]7[/code]").await.unwrap().is_some());
}

/// Hides all rows of these tables.
fn hide(sandbox: &Sandbox, tables: &[&str]) {
    sandbox.change_habits(|habits| {
        habits.hidden_rows.extend(tables.iter().map(|table| ((*table).into(), "sys_idISNOTEMPTY".into())));
    });
}

#[tokio::test]
async fn an_api_user_that_may_see_little_is_told_so() {
    let (sandbox, servicenow) = start().await;
    sandbox.add_onboarding_request(&OnboardingRequest::default());
    sandbox
        .add_records("sys_user", [json!({"user_name": "gone", "last_name": "Gone", "active": "false"})])
        .unwrap();
    assert!(servicenow.sees_inactive_users().await.unwrap());
    hide(&sandbox, &["sys_properties", "sc_task"]);
    sandbox.change_habits(|habits| {
        habits.inactive_users_are_hidden = true;
        habits.hidden_fields.insert("sys_user.email".into());
        let us = format!("user_name={}", sandbox.servicenow_username());
        habits.hidden_rows.insert("sys_user".into(), us);
    });
    assert!(servicenow.who_am_i().await.unwrap().is_none());
    let check = servicenow
        .check()
        .reads("sys_user", ["user_name", "email"])
        .reads("sc_task", ["number"])
        .await
        .unwrap();
    assert!(check.user.is_none() && check.release.is_none());
    let expected = [
        Finding::UnknownUser,
        Finding::NoInactiveUsers,
        Finding::NoFields { table: "sys_user".into(), fields: vec!["email".into()] },
        Finding::NothingToSee { table: "sc_task".into() },
    ];
    assert_eq!(check.findings, expected);
}

#[tokio::test]
async fn without_the_right_to_read_tables_a_ticket_has_the_choices_of_all_tickets() {
    let (sandbox, servicenow) = start().await;
    hide(&sandbox, &["sys_db_object"]);
    let states = servicenow.schema().choices("sc_task", "state").await.unwrap();
    assert_eq!((states.table(), states.label("7")), ("task", Some("Closed Skipped")));
    assert!(servicenow.schema().table("sc_task").await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn choices_and_fields_know_when_they_are_not_all() {
    let (sandbox, servicenow) = start().await;
    sandbox.change_habits(|habits| {
        habits.hidden_rows.insert("sys_choice".into(), "value=6".into());
        habits.hidden_rows.insert("sys_dictionary".into(), "element=caller_id".into());
    });
    let states = servicenow.schema().choices("incident", "state").await.unwrap();
    assert!(!states.is_complete() && !states.contains("6") && states.contains("7"));
    let incident = servicenow.schema().table("incident").await.unwrap().unwrap();
    assert!(!incident.is_complete() && incident.field("caller_id").is_none());
    sandbox.change_habits(|habits| {
        habits.hidden_fields.insert("sys_db_object.super_class".into());
    });
    let error = servicenow.schema().table("incident").await.unwrap_err();
    assert!(format!("{error:?}").contains("super_class"), "half a table is none: {error:?}");
}

#[tokio::test]
async fn notes_are_found_where_the_journal_may_not_be_read() {
    let (sandbox, servicenow) = start().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let (journal, task) = (servicenow.journal(), id(&ticket.task_sys_id));
    journal.add_work_note("sc_task", &task, "first [run 7/1]").await.unwrap();
    journal.add_comment("sc_task", &task, "Welcome").await.unwrap();
    journal.add_work_note("sc_task", &task, "second [run 7/2]").await.unwrap();
    let texts = async || -> Vec<(JournalKind, String)> {
        let entries = journal.entries("sc_task", &task).await.unwrap();
        entries.into_iter().map(|entry| (entry.kind, entry.text)).collect()
    };
    hide(&sandbox, &["sys_journal_field"]);
    let note = |text: &str| (JournalKind::WorkNote, text.to_owned());
    let comment = (JournalKind::Comment, "Welcome".to_owned());
    assert_eq!(texts().await, [note("first [run 7/1]"), note("second [run 7/2]"), comment.clone()]);
    let found = journal.find_note("sc_task", &task, "[run 7/2]").await.unwrap().unwrap();
    assert!(found.written_at.is_none(), "the date's form and zone are the API user's");
    // Where neither may be read, both together tell the true order.
    sandbox.change_habits(|habits| {
        habits.hidden_fields.extend(["sc_task.work_notes".into(), "sc_task.comments".into()]);
    });
    assert_eq!(texts().await, [note("first [run 7/1]"), comment, note("second [run 7/2]")]);
}

#[tokio::test]
async fn an_approval_whose_record_may_not_be_read_is_not_taken_for_another() {
    let (sandbox, servicenow) = start().await;
    let (item, _) = asked_for_approval(&sandbox, &servicenow).await;
    sandbox.change_habits(|habits| {
        habits.hidden_fields.insert("sysapproval_approver.document_id".into());
    });
    let error = servicenow.approvals().of(&item).collect_all().await.unwrap_err();
    assert!(matches!(&error.problem().unwrap().kind, ProblemKind::NotHonoured { .. }), "{error:?}");
}
