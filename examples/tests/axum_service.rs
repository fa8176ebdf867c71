//! The example `axum_service` as its users meet it: over HTTP, pushed to, stopped, and started again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use futures::StreamExt as _;
use reqwest::{Client, StatusCode};
use sandbox::{OnboardingRequest, Ticket};
use serde_json::{Value, json};

use program::{Company, end, example};

/// The base64 of a key that pushes are signed with.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The service as a process.
struct Service {
    process: Child,
    url: String,
    http: Client,
}

impl Service {
    fn start(company: &Company) -> Self {
        let mut command = company.example("axum_service");
        command.env("PUSH_KEY", KEY).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url =
            lines.find_map(|line| Some(line.unwrap().strip_prefix("Listening on ")?.to_owned())).unwrap();
        // What it prints has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url, http: Client::new() }
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.status(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request =
            self.http.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Submits a ticket, and answers the run's path.
    async fn submit(&self, ticket: &Ticket) -> String {
        let (status, answer) = self.post("/onboardings", json!({"ticket": ticket.number})).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        format!("/runs/{}", answer["run"].as_str().unwrap())
    }

    /// Everything that the run's events say, until the service ends the stream.
    async fn events(&self, run: &str) -> String {
        let answer = self.http.get(format!("{}{run}/events", self.url)).send().await.unwrap();
        let bytes: Vec<_> = answer.bytes_stream().map(Result::unwrap).collect().await;
        String::from_utf8(bytes.concat()).unwrap()
    }

    /// Asks it to stop, as a supervisor does, and answers its exit status.
    fn stop(mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_posted_is_done_and_can_be_followed_until_it_is() {
    let company = Company::start().await;
    let service = Service::start(&company);
    let ticket = company.hire();
    let run = service.submit(&ticket).await;
    assert_eq!(service.submit(&ticket).await, run, "the same request is the same run");

    let events = service.events(&run).await;
    let last = events.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.contains(r#""done""#), "{events}");
    let (status, summary) = service.get(&run).await;
    assert_eq!((status, &summary["status"]), (StatusCode::OK, &json!("done")), "{summary:#}");
    let (status, plan) = service.get(&format!("{run}/plan")).await;
    assert_eq!((status, &plan["request"]["number"]), (StatusCode::OK, &json!(ticket.number)));
    assert_eq!(service.get("/runs").await, (StatusCode::OK, json!([])));
    assert_eq!(company.flaws_of_one_onboarding(&ticket), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_the_reason_and_nothing_is_written() {
    let company = Company::start().await;
    let service = Service::start(&company);
    let unapproved = company.hire();
    company
        .sandbox
        .edit_record("sc_req_item", &unapproved.item_sys_id, &json!({"approval": "requested"}))
        .unwrap();
    let incomplete = OnboardingRequest { department: None, ..OnboardingRequest::default() };
    let incomplete = company.sandbox.add_onboarding_request(&incomplete);
    let cases = [
        ("RITM9999999", StatusCode::NOT_FOUND, "there is no requested item"),
        (&unapproved.number, StatusCode::CONFLICT, "is not approved"),
        (&incomplete.number, StatusCode::UNPROCESSABLE_ENTITY, "department is missing"),
        ("'; DROP TABLE", StatusCode::UNPROCESSABLE_ENTITY, "is no ticket number"),
    ];
    for (ticket, status, says) in cases {
        let (answered, body) = service.post("/onboardings", json!({"ticket": ticket})).await;
        assert_eq!(answered, status, "{body}");
        assert!(body["error"].as_str().unwrap().contains(says), "{body}");
    }
    let nobody = "/runs/0198a6f0-0000-7000-8000-000000000000";
    assert_eq!(service.get(nobody).await.0, StatusCode::NOT_FOUND);
    assert_eq!(service.get(&format!("{nobody}/events")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(service.get("/runs/x").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(company.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_the_instance_pushes_is_taken_up_at_once() {
    let company = Company::start().await;
    let ticket = company.hire();
    let approval = |is: &str| {
        let change = json!({ "approval": is });
        company.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &change).unwrap();
    };
    approval("requested");
    let service = Service::start(&company);
    company.sandbox.push_to(&format!("{}/servicenow/pushes", service.url), KEY).unwrap();
    approval("approved");
    let pushed = company.sandbox.deliver_pushes().await;
    assert!(matches!(pushed[..], [ref push] if push.status.is_some_and(|status| status < 300)), "{pushed:?}");
    company.wait_for("the end of it", || company.flaws_of_one_onboarding(&ticket).is_empty().then_some(()));
    let (status, _) = service.post("/servicenow/pushes", json!({"table": "sc_req_item"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "nobody signed it");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_while_a_run_waits_and_somebody_watches_it_goes_on_with_the_next_start() {
    let company = Company::start().await;
    let service = Service::start(&company);
    let later = OnboardingRequest { start_date: Some("2999-01-04".into()), ..OnboardingRequest::default() };
    let ticket = company.sandbox.add_onboarding_request(&later);
    let run = service.submit(&ticket).await;
    while service.get(&run).await.1["status"] != "waiting" {}
    let (watched, stopped) = {
        let (url, http, run) = (service.url.clone(), service.http.clone(), run.clone());
        let answer = http.get(format!("{url}{run}/events")).send().await.unwrap();
        let mut events = answer.bytes_stream();
        let first = events.next().await.unwrap().unwrap();
        let stopped = tokio::task::spawn_blocking(|| service.stop());
        // The stream ends, or the service could not.
        while events.next().await.is_some_and(|part| part.is_ok()) {}
        (String::from_utf8(first.to_vec()).unwrap(), stopped.await.unwrap())
    };
    assert!(watched.contains("event: status") && watched.contains("waiting"), "{watched}");
    assert_eq!(stopped, Some(0));

    let service = Service::start(&company);
    assert_eq!(service.get(&run).await.1["status"], "waiting");
    assert_eq!(service.submit(&ticket).await, run);
    let called_off =
        service.post(&format!("{run}/cancel"), json!({"by": "a test", "why": "nobody comes"})).await;
    assert_eq!(called_off.0, StatusCode::ACCEPTED, "{}", called_off.1);
    assert!(service.events(&run).await.contains("nobody comes"));
    assert_eq!(service.get("/runs").await.1, json!([]));
}

#[test]
fn it_tells_what_it_is() {
    let ended = end(example("axum_service").arg("--help"));
    assert_eq!(ended.status, 0);
    assert!(ended.stdout.contains("PUSH_KEY"), "{}", ended.stdout);
}
