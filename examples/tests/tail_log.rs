//! `tail_log` as a program.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use std::process::Command;

use program::{Company, end, example};
use serde_json::json;

fn tail(company: &Company, arguments: &[&str]) -> Command {
    let mut command = example("tail_log");
    command
        .args(arguments)
        .current_dir(company.folder.path())
        .env("OKTA_CLIENT_ORGURL", company.sandbox.okta_url())
        .env("OKTA_CLIENT_TOKEN", company.sandbox.okta_token());
    command
}

/// What it shows until there is nothing more.
fn shown(company: &Company, arguments: &[&str]) -> Vec<String> {
    let ended = end(tail(company, arguments).arg("--once"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    ended.stdout.lines().filter(|line| line.contains(" → ")).map(str::to_owned).collect()
}

fn happen(company: &Company, names: &[&str]) {
    let event = |name: &&str| {
        let actor = json!({ "id": "00u1", "type": "User", "alternateId": name });
        json!({ "eventType": "user.session.start", "outcome": { "result": "FAILURE" }, "actor": actor })
    };
    company.sandbox.add_log_events(names.iter().map(event)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_each_event_once_across_runs() {
    let company = Company::start().await;
    happen(&company, &["ann", "bob\u{1b}[2J"]);
    let lines = shown(&company, &[]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("FAILURE   user.session.start") && lines[0].contains("ann → "), "{lines:?}");
    assert!(!lines[1].contains('\u{1b}'), "what came from outside cannot move a terminal");
    happen(&company, &["cid"]);
    let lines = shown(&company, &[]);
    assert!(lines.len() == 1 && lines[0].contains("cid"), "{lines:?}");
    assert_eq!(shown(&company, &[]).len(), 0);
    assert_eq!(shown(&company, &["--cursor", "other", "--type", "user.session.start"]).len(), 3);
    assert_eq!(shown(&company, &["--cursor", "third", "--type", "user.session.end"]).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_none_is_an_error_and_stays() {
    let company = Company::start().await;
    let file = company.folder.path().join("tail_log.cursor");
    std::fs::write(&file, "{}").unwrap();
    let ended = end(&mut tail(&company, &["--once"]));
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("tail_log.cursor is no cursor"), "{}", ended.stderr);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "{}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_and_the_next_goes_on() {
    let company = Company::start().await;
    happen(&company, &["ann"]);
    let mut running = tail(&company, &[]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let file = company.folder.path().join("tail_log.cursor");
    company.wait_for("its place", || file.exists().then_some(()));
    let interrupt = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    happen(&company, &["bob"]);
    let lines = shown(&company, &[]);
    assert!(lines.len() == 1 && lines[0].contains("bob"), "{lines:?}");
}
