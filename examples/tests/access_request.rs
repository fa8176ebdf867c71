//! The example `access_request` as its users meet it: it waits for an approval, also when it is killed meanwhile.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use program::{Company, end, example};
use sandbox::{AccessRequest, AccessTicket};
use serde_json::Value;

#[test]
fn in_its_own_sandbox_the_manager_approves_while_it_runs() {
    let ended = end(&mut example("access_request"));
    // It waits for the end of the access.
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "{ended:#?}");
    let expected = [
        "\nWaiting for approval of RITM",
        " by the manager or an owner",
        "\nPlan: grant_access ",
        "\nGoing on with run ",
        "waiting at expiry for its end on ",
        "is Closed Complete",
        "Production Access",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

/// A request of somebody who has a manager, and that manager.
fn asks(company: &Company) -> (AccessTicket, String) {
    let state = company.sandbox.state();
    let users = state["servicenow"]["sys_user"].as_array().unwrap();
    let name = |user: &Value| user["user_name"].as_str().unwrap().to_owned();
    let manager = |user: &Value| users.iter().find(|other| other["sys_id"] == user["manager"]);
    let (person, manager) = users.iter().find_map(|user| Some((name(user), name(manager(user)?)))).unwrap();
    let request = AccessRequest {
        requested_for: person,
        access: Some("production-access".to_owned()),
        ..AccessRequest::default()
    };
    (company.sandbox.request_access(&request).unwrap(), manager)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_waits_it_goes_on_with_what_was_approved_meanwhile() {
    let company = Company::start().await;
    let (ticket, manager) = asks(&company);
    let start = || {
        let mut command = company.example("access_request");
        command.args(["--ticket", &ticket.number]);
        command
    };
    let mut waiting = start().stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(waiting.stdout.take().unwrap()).lines();
    assert!(said.map_while(Result::ok).any(|line| line.contains("Waiting for approval of")));
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(company.writes(), [""; 0], "nobody has approved");

    company.sandbox.answer_approval(&ticket.item_sys_id, &manager, &manager, "approved").unwrap();
    let ended = end(start().arg("--json"));
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "{ended:#?}");
    let run = &ended.json()["run"];
    let given = run["steps"].as_array().unwrap().iter().filter(|step| step["id"] == "grant");
    assert_eq!(given.map(|step| step["outcome"].clone()).collect::<Vec<_>>(), ["done"]);
    let puts = company.writes().into_iter().filter(|write| write.contains("/groups/"));
    assert_eq!(puts.count(), 1);
}
