//! The ServiceNow instance, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use common::{encoded, servicenow};
use sandbox::{Habits, OnboardingRequest, RateRule, Sandbox};
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(30).frozen_clock().start().await.unwrap()
}

async fn rows(sandbox: &Sandbox, table: &str, query: &str) -> Vec<Value> {
    let call = format!("GET /api/now/table/{table}?sysparm_query={}", encoded(query));
    servicenow(sandbox, &call, None).await.result().as_array().unwrap().clone()
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_a_challenge() {
    let sandbox = frozen().await;
    let url = format!("{}/api/now/table/incident", sandbox.servicenow_url());
    let answer = reqwest::Client::new().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("BASIC"));
    assert!(answer.text().await.unwrap().contains("User Not Authenticated"));
}

#[tokio::test]
async fn the_same_people_are_in_both_systems() {
    let sandbox = frozen().await;
    let state = sandbox.state();
    for user in state["okta"]["users"].as_array().unwrap() {
        let profile = &user["profile"];
        let query = format!("user_name={}", profile["login"].as_str().unwrap());
        let twin = &rows(&sandbox, "sys_user", &query).await[0];
        assert_eq!(
            (&twin["employee_number"], &twin["first_name"]),
            (&profile["employeeNumber"], &profile["firstName"])
        );
    }
}

#[tokio::test]
async fn a_condition_that_makes_no_sense_is_dropped_and_the_result_widens() {
    let sandbox = frozen().await;
    let all = rows(&sandbox, "sys_user", "").await.len();
    assert_eq!(rows(&sandbox, "sys_user", "user_nam=nobody").await.len(), all);
    assert_eq!(rows(&sandbox, "sys_user", "user_name~nobody").await.len(), all);
    assert_eq!(rows(&sandbox, "sys_user", "user_nam=nobody^user_name=nobody").await.len(), 0);
}

#[tokio::test]
async fn queries_follow_the_grammar() {
    let sandbox = frozen().await;
    for (state, short) in [("1", "alpha one"), ("2", "alpha two"), ("2", "beta")] {
        let body = json!({"short_description": short, "state": state, "urgency": "1"});
        servicenow(&sandbox, "POST /api/now/table/incident", Some(body)).await;
    }
    let cases = [
        ("state=2", 2),
        ("state=1^short_descriptionSTARTSWITHalpha^ORshort_description=beta", 1),
        ("state=1^NQshort_description=beta", 2),
        ("stateIN1,2^short_descriptionLIKEALPHA", 2),
        ("short_descriptionNOT LIKEalpha", 1),
        ("stateNOT IN1", 2),
        ("state>=2", 2),
        ("stateBETWEEN1@2", 3),
        ("assigned_toISEMPTY^short_descriptionENDSWITHtwo", 1),
        ("opened_by.user_name=lifecycle.integration", 3),
        ("opened_by=javascript:gs.getUserID()", 3),
        ("state!=1", 2),
    ];
    for (query, expected) in cases {
        assert_eq!(rows(&sandbox, "incident", query).await.len(), expected, "{query}");
    }
    let ordered = rows(&sandbox, "incident", "ORDERBYDESCstate^ORDERBYshort_description").await;
    let names: Vec<&str> = ordered.iter().map(|row| row["short_description"].as_str().unwrap()).collect();
    assert_eq!(names, ["alpha two", "beta", "alpha one"]);
}

#[tokio::test]
async fn display_modes_look_as_recorded() {
    let sandbox = frozen().await;
    let read = async |query: &str| {
        let call = format!(
            "GET /api/now/table/sc_req_item?sysparm_limit=1&sysparm_fields=state,request,assigned_to,bogus&{query}"
        );
        servicenow(&sandbox, &call, None).await.result()[0].clone()
    };
    let plain = read("").await;
    assert_eq!((&plain["state"], &plain["assigned_to"]), (&json!("1"), &json!("")));
    assert!(plain.get("bogus").is_none());
    let id = plain["request"]["value"].as_str().unwrap();
    let link = plain["request"]["link"].as_str().unwrap();
    assert!(link.ends_with(&format!("/api/now/table/sc_request/{id}")));
    assert_eq!(read("sysparm_exclude_reference_link=true").await["request"], json!(id));
    let shown = read("sysparm_display_value=true").await;
    assert_eq!(shown["request"], json!({"display_value": "REQ0010001", "link": link}));
    assert_eq!(shown["state"], "Open");
    let all = read("sysparm_display_value=all").await;
    assert_eq!(all["request"], json!({"display_value": "REQ0010001", "link": link, "value": id}));
    assert_eq!(all["assigned_to"], json!({"display_value": "", "value": ""}));
    let bare = read("sysparm_display_value=all&sysparm_exclude_reference_link=true").await;
    assert_eq!(bare["request"], json!({"display_value": "REQ0010001", "value": id}));
}

#[tokio::test]
async fn pages_are_linked_by_one_header_line_and_counted() {
    let sandbox = frozen().await;
    let page =
        servicenow(&sandbox, "GET /api/now/table/sys_user?sysparm_limit=10&sysparm_offset=10", None).await;
    assert_eq!(page.header("x-total-count"), "31");
    assert_eq!(page.headers.get_all("link").iter().count(), 1);
    for relation in ["first", "prev", "next", "last"] {
        assert!(page.link(relation).is_some(), "{relation}");
    }
    let head = servicenow(&sandbox, "HEAD /api/now/table/sys_user?sysparm_limit=1", None).await;
    assert_eq!((head.header("x-total-count"), head.text.as_str()), ("31", ""));
}

#[tokio::test]
async fn variables_of_a_request_come_in_one_call() {
    let sandbox = frozen().await;
    let request =
        OnboardingRequest { title: None, start_date: Some("soon".into()), ..OnboardingRequest::default() };
    let ticket = sandbox.add_onboarding_request(&request);
    let call = format!(
        "GET /api/now/table/sc_item_option_mtom?sysparm_query=request_item={}&sysparm_fields={}",
        ticket.item_sys_id, "sc_item_option.item_option_new.name,sc_item_option.value"
    );
    let rows = servicenow(&sandbox, &call, None).await.result();
    let value = |name: &str| {
        let named =
            rows.as_array().unwrap().iter().find(|row| row["sc_item_option.item_option_new.name"] == name);
        named.map(|row| row["sc_item_option.value"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        (value("first_name").as_deref(), value("start_date").as_deref()),
        (Some("Nora"), Some("soon"))
    );
    assert_eq!(value("title"), None);
    let manager = value("manager").unwrap();
    let call = format!("GET /api/now/table/sys_user/{manager}?sysparm_fields=title");
    assert_eq!(servicenow(&sandbox, &call, None).await.result(), json!({"title": "VP of Engineering"}));
}

#[tokio::test]
async fn journal_text_is_appended_and_the_field_stays_empty() {
    let sandbox = frozen().await;
    let task = sandbox.add_onboarding_request(&OnboardingRequest::default()).task_sys_id;
    let call = format!("PATCH /api/now/table/sc_task/{task}");
    for note in ["first", "second"] {
        let answer = servicenow(&sandbox, &call, Some(json!({ "work_notes": note }))).await;
        assert_eq!((answer.status, &answer.result()["work_notes"]), (200, &json!("")));
    }
    let entries = rows(&sandbox, "sys_journal_field", &format!("element_id={task}^element=work_notes")).await;
    assert_eq!(
        entries.iter().map(|row| row["value"].as_str().unwrap()).collect::<Vec<_>>(),
        ["first", "second"]
    );
    let call =
        format!("GET /api/now/table/sc_task/{task}?sysparm_display_value=true&sysparm_fields=work_notes");
    let line = "2026-03-02 08:00:00 - Lifecycle Integration (Work notes)";
    let text = format!("{line}\nsecond\n\n{line}\nfirst\n\n");
    assert_eq!(servicenow(&sandbox, &call, None).await.result()["work_notes"], json!(text));
}

#[tokio::test]
async fn closing_the_last_task_closes_item_and_request() {
    let sandbox = frozen().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let second = json!({"request_item": ticket.item_sys_id, "short_description": "Laptop"});
    let second = servicenow(&sandbox, "POST /api/now/table/sc_task", Some(second)).await;
    assert_eq!(second.status, 201);
    let item = || async {
        let call = format!("GET /api/now/table/sc_req_item/{}", ticket.item_sys_id);
        servicenow(&sandbox, &call, None).await.result()
    };
    sandbox.set_task_state(&ticket.task_sys_id, "3").unwrap();
    assert_eq!(item().await["active"], "true", "one task is open");
    let other = second.result()["sys_id"].as_str().unwrap().to_owned();
    servicenow(&sandbox, &format!("PATCH /api/now/table/sc_task/{other}"), Some(json!({"state": 3}))).await;
    let closed = item().await;
    assert_eq!((&closed["state"], &closed["active"]), (&json!("3"), &json!("false")));
    assert_eq!(closed["closed_at"], "2026-03-02 08:00:00");
    let request = rows(&sandbox, "sc_request", &format!("number={}", ticket.request_number)).await;
    assert_eq!(
        (&request[0]["state"], &request[0]["request_state"]),
        (&json!("3"), &json!("closed_complete"))
    );
}

#[tokio::test]
async fn a_decision_settles_the_record_and_the_other_approvers() {
    let sandbox = frozen().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let mut approvals = Vec::new();
    for _ in 0..2 {
        let body = json!({"sysapproval": ticket.item_sys_id, "state": "requested"});
        let made = servicenow(&sandbox, "POST /api/now/table/sysapproval_approver", Some(body)).await;
        approvals.push(made.result()["sys_id"].as_str().unwrap().to_owned());
    }
    let call = format!("PATCH /api/now/table/sysapproval_approver/{}", approvals[0]);
    servicenow(&sandbox, &call, Some(json!({"state": "rejected", "comments": "no"}))).await;
    let item = &rows(&sandbox, "sc_req_item", &format!("number={}", ticket.number)).await[0];
    assert_eq!(item["approval"], "rejected");
    let call = format!("GET /api/now/table/sysapproval_approver/{}", approvals[1]);
    assert_eq!(servicenow(&sandbox, &call, None).await.result()["state"], "not_required");
}

#[tokio::test]
async fn a_write_stamps_and_one_that_changes_nothing_does_not() {
    let sandbox = frozen().await;
    let own = "0123456789abcdef0123456789abcdef";
    let body = json!({"sys_id": own, "caller_id": "", "impact": 1, "urgency": "2", "no_such_field": "x"});
    let made = servicenow(&sandbox, "POST /api/now/table/incident", Some(body.clone())).await;
    assert_eq!(made.status, 201);
    assert!(made.header("location").ends_with(&format!("/api/now/table/incident/{own}")));
    let record = made.result();
    assert_eq!(
        (&record["sys_id"], &record["priority"], &record["number"]),
        (&json!(own), &json!("2"), &json!("INC0010001"))
    );
    let twin = servicenow(&sandbox, "POST /api/now/table/incident", Some(body)).await;
    assert_eq!(twin.status, 403);
    let call = format!("PATCH /api/now/table/incident/{own}");
    let count =
        async |body: Value| servicenow(&sandbox, &call, Some(body)).await.result()["sys_mod_count"].clone();
    assert_eq!(count(json!({"impact": "1"})).await, "0");
    assert_eq!(count(json!({"short_description": "x"})).await, "1");
    assert_eq!(count(json!({"state": "99"})).await, "1", "no such choice");
    let unresolved = servicenow(&sandbox, &call, Some(json!({"state": "6"}))).await;
    assert_eq!(unresolved.status, 403);
    assert!(unresolved.text.contains("Data Policy Exception: The following fields are mandatory"));
    assert_eq!(
        servicenow(&sandbox, &format!("DELETE /api/now/table/incident/{own}"), None).await.status,
        204
    );
    assert_eq!(
        servicenow(&sandbox, &format!("DELETE /api/now/table/incident/{own}"), None).await.status,
        404
    );
}

#[tokio::test]
async fn a_user_name_is_unique() {
    let sandbox = frozen().await;
    let body = json!({"user_name": "Lifecycle.Integration", "last_name": "Twin"});
    let twin = servicenow(&sandbox, "POST /api/now/table/sys_user", Some(body)).await;
    assert_eq!((twin.status, twin.json()["error"]["message"].as_str()), (403, Some("Operation Failed")));
}

#[tokio::test]
async fn a_ticket_is_found_through_the_base_table_with_its_fields_only() {
    let sandbox = frozen().await;
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    let call = format!("GET /api/now/table/task/{}", ticket.task_sys_id);
    let task = servicenow(&sandbox, &call, None).await.result();
    assert_eq!(task["sys_class_name"], "sc_task");
    assert!(task.get("request_item").is_none());
}

#[tokio::test]
async fn an_order_makes_request_item_answers_and_task() {
    let sandbox = frozen().await;
    let items =
        servicenow(&sandbox, "GET /api/sn_sc/servicecatalog/items?sysparm_text=onboarding", None).await;
    let item = items.result()[0]["sys_id"].as_str().unwrap().to_owned();
    let call = format!("POST /api/sn_sc/servicecatalog/items/{item}/order_now");
    let incomplete = json!({"sysparm_quantity": 1, "variables": {"first_name": "Ann"}});
    let refused = servicenow(&sandbox, &call, Some(incomplete)).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["message"].as_str()),
        (400, Some("Mandatory Variables are required"))
    );
    let order = json!({"sysparm_quantity": "1", "variables": {
        "first_name": "Ann", "last_name": "Lee", "department": "Sales", "employment_type": "contractor",
        "start_date": "2026-04-01",
    }});
    let placed = servicenow(&sandbox, &call, Some(order)).await;
    assert_eq!((placed.status, &placed.result()["table"]), (200, &json!("sc_request")));
    let request = placed.result()["request_id"].as_str().unwrap().to_owned();
    let tasks = rows(&sandbox, "sc_task", &format!("request={request}^active=true")).await;
    assert_eq!((tasks.len(), &tasks[0]["approval"]), (1, &json!("approved")));
    let answers = rows(&sandbox, "sc_item_option_mtom", &format!("request_item.request={request}")).await;
    assert_eq!(answers.len(), 5);
}

#[tokio::test]
async fn an_hourly_rule_refuses_with_retry_after() {
    let rate_rules = vec![RateRule { limit: 2, ..RateRule::default() }];
    let habits = Habits { rate_rules, ..Habits::default() };
    let sandbox = Sandbox::builder().people(1).frozen_clock().habits(habits).start().await.unwrap();
    let call = "GET /api/now/table/incident";
    assert_eq!(servicenow(&sandbox, call, None).await.header("x-ratelimit-limit"), "2");
    servicenow(&sandbox, call, None).await;
    let refused = servicenow(&sandbox, call, None).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "3600"));
    let free = frozen().await;
    assert!(servicenow(&free, call, None).await.headers.get("x-ratelimit-limit").is_none());
}

#[tokio::test]
async fn errors_have_the_envelope_and_what_is_not_modelled_fails_loudly() {
    let sandbox = frozen().await;
    let cases = [
        ("GET /api/now/table/no_such_table", 400, "Invalid table no_such_table"),
        ("GET /api/now/table/incident/0123", 404, "No Record found"),
        ("GET /nothing", 400, "Requested URI does not represent any resource"),
        ("GET /api/now/table/incident/0123/more", 400, "Requested URI does not represent any resource"),
        ("DELETE /api/now/table/incident", 405, "Method not allowed"),
        ("POST /api/now/table/incident/0123", 405, "Method not allowed"),
        ("GET /api/now/cmdb/meta", 501, "GET /api/now/cmdb/meta"),
        ("GET /api/now/table/incident?sysparm_view=mobile", 501, "sysparm_view"),
        ("GET /api/now/table/incident?number=INC1", 501, "number"),
        ("GET /api/now/table/incident?sysparm_query=opened_atDATEPARTMonday", 501, "DATEPART"),
        ("GET /api/now/table/incident?sysparm_query=number=javascript:gs.beginningOfToday()", 501, "script"),
    ];
    for (call, status, message) in cases {
        let answer = servicenow(&sandbox, call, None).await;
        assert_eq!(answer.status, status, "{call}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(message), "{}", answer.text);
        assert_eq!(answer.json()["status"], "failure");
    }
}

async fn with_headers(sandbox: &Sandbox, call: &str, headers: &[(&str, &str)], body: &'static str) -> u16 {
    let (method, path) = call.split_once(' ').unwrap();
    let url = format!("{}{path}", sandbox.servicenow_url());
    let mut request = reqwest::Client::new()
        .request(method.parse().unwrap(), url)
        .basic_auth(sandbox.servicenow_username(), Some(sandbox.servicenow_password()))
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn headers_that_are_missing_or_ask_for_something_else_are_refused() {
    let sandbox = frozen().await;
    let (get, post) = ("GET /api/now/table/sys_user?sysparm_limit=1", "POST /api/now/table/incident");
    for (call, headers, status) in [
        (get, [("accept", "text/plain")], 406),
        (get, [("accept", "text/html, *; q=.2, */*; q=.2")], 200),
        (get, [("accept", "application/xml")], 501),
        (get, [("x-http-method-override", "DELETE")], 501),
        (post, [("accept", "application/json")], 400),
        (post, [("content-type", "application/x-www-form-urlencoded")], 415),
        (post, [("content-type", "application/json; charset=utf-8")], 201),
    ] {
        assert_eq!(with_headers(&sandbox, call, &headers, "{}").await, status, "{call} {headers:?}");
    }
    let answer = servicenow(&sandbox, get, None).await;
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
}

#[tokio::test]
async fn parameters_that_clients_send_with_every_method_disturb_none() {
    let sandbox = frozen().await;
    // What PySNC sends, and what pysnow does.
    let all = "sysparm_display_value=all&sysparm_exclude_reference_link=true\
               &sysparm_suppress_pagination_header=true";
    let plain = "sysparm_query=&sysparm_limit=10000&sysparm_display_value=False\
                 &sysparm_suppress_pagination_header=False&sysparm_exclude_reference_link=True&sysparm_view=";
    for parameters in [all, plain] {
        let call = format!("POST /api/now/table/incident?{parameters}");
        let made = servicenow(&sandbox, &call, Some(json!({"short_description": "x"}))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = &made.result()["sys_id"];
        let id = id.as_str().or_else(|| id["value"].as_str()).unwrap().to_owned();
        let record = format!("/api/now/table/incident/{id}?{parameters}");
        let changed = servicenow(&sandbox, &format!("PUT {record}"), Some(json!({"urgency": "1"}))).await;
        assert_eq!((changed.status, changed.text.contains("/table/sys_user/")), (200, false));
        assert_eq!(servicenow(&sandbox, &format!("DELETE {record}"), None).await.status, 204);
    }
}
