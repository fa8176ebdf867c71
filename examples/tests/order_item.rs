//! `order_item` as a program.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use program::{Company, Ended, end, example};
use sandbox::{Effect, Fault};

const ANSWERS: [&str; 4] = ["--answer", "application=wiki", "--answer", "justification=docs"];

fn order(company: &Company, arguments: &[&str]) -> Ended {
    end(company.bare_example("order_item").args(arguments))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_orders_for_somebody_and_shows_the_task_and_the_answers() {
    let company = Company::start().await;
    company.sandbox.change_habits(|habits| habits.flow_seconds = 2);
    let user = &company.rows("servicenow", "sys_user")[3];
    let name = user["user_name"].as_str().unwrap();
    let ended = order(&company, &[&ANSWERS[..], &["--for", name, "--answer", "pin=1234"]].concat());
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    for text in ["Application access: ordered, REQ", "Which application?: wiki", "a secret", "task SCTASK"] {
        assert!(ended.stdout.contains(text), "{text}: {ended:?}");
    }
    assert!(!ended.stdout.contains("1234"), "{ended:?}");
    assert_eq!(company.rows("servicenow", "sc_req_item")[0]["requested_for"], user["sys_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_it_orders_once_though_the_answer_is_lost() {
    let company = Company::start().await;
    company.sandbox.add_fault(Fault::servicenow("POST", "*/order_now", Effect::CutAfter));
    for _ in 0..2 {
        let ended = order(&company, &[&ANSWERS[..], &["--key", "run-7/1"]].concat());
        assert!(ended.stdout.contains("was ordered already, REQ"), "{ended:?}");
    }
    assert_eq!(company.rows("servicenow", "sc_request").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_told_by_name_and_orders_nothing() {
    let company = Company::start().await;
    for (arguments, says) in [
        (vec!["--item", "Application acces"], "no item is called \"Application acces\""),
        (vec!["--item", "access"], "a search for it finds: Application access"),
        (vec!["--for", "nobody@acme.example"], "there is no user \"nobody@acme.example\""),
        (vec!["--answer", "application=mail"], "`justification` is mandatory and has no answer"),
        (vec!["--answer", "application=mail"], "is none of its choices: crm, ledger, wiki"),
        (vec!["--answer", "application"], "an answer is NAME=VALUE"),
    ] {
        let ended = order(&company, &arguments);
        assert_ne!(ended.status, 0, "{ended:?}");
        assert!(ended.stderr.contains(says), "{says}: {ended:?}");
    }
    assert!(company.rows("servicenow", "sc_request").is_empty());
}

#[test]
fn without_an_instance_it_works_on_a_sandbox() {
    let ended = end(&mut example("order_item"));
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.contains("task SCTASK"), "{ended:?}");
}
