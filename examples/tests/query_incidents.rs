//! `query_incidents` as a program.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use program::{Company, Ended, end, example};
use serde_json::json;

/// A company where three incidents were reported, one of them not open any more.
async fn company() -> (Company, String) {
    let company = Company::start().await;
    let caller = company.rows("servicenow", "sys_user")[0].clone();
    let incidents = [("1", "VPN"), ("2", "VPN again"), ("8", "Nothing")].map(
        |(state, text)| json!({"short_description": text, "state": state, "caller_id": caller["sys_id"]}),
    );
    company.sandbox.add_records("incident", incidents).unwrap();
    (company, caller["user_name"].as_str().unwrap().to_owned())
}

fn query(company: &Company, arguments: &[&str]) -> Ended {
    end(company.bare_example("query_incidents").args(arguments))
}

/// What is listed, and the line that says how much that is.
fn listed(company: &Company, arguments: &[&str]) -> (Vec<String>, String) {
    let ended = query(company, arguments);
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let mut lines: Vec<String> = ended.stdout.lines().map(str::to_owned).collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lists_what_is_asked_for_with_the_labels_that_people_know() {
    let (company, caller) = company().await;
    let (open, summary) = listed(&company, &[]);
    assert_eq!(open.len(), 2, "{open:?}");
    assert!(summary.starts_with("2 incidents, all that match,"), "{summary}");
    for state in ["In Progress", "2"] {
        let (lines, _) = listed(&company, &["--state", state]);
        assert!(lines.len() == 1 && lines[0].contains("In Progress"), "{lines:?}");
    }
    let (lines, _) = listed(&company, &["--caller", &caller, "--about", "again"]);
    assert_eq!(lines.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_told_what_is_right() {
    let (company, _) = company().await;
    for (arguments, said) in [
        (["--state", "Frozen"], "it is one of New, In Progress, On Hold, Resolved, Closed, Canceled"),
        (["--caller", "nobody"], "nobody has the login \"nobody\""),
        (["--about", "x^NQactive=true"], "`^`"),
    ] {
        let ended = query(&company, &arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn without_an_instance_it_works_on_a_sandbox() {
    let ended = end(&mut example("query_incidents"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert!(ended.stdout.contains("Cannot sign in"), "{}", ended.stdout);
}
