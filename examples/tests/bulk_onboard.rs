//! `bulk_onboard` as whoever starts it sees it.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod program;

use std::process::Command;

use program::{Company, end};
use sandbox::OnboardingRequest;

const HIRES: usize = 8;

fn hires(company: &Company) -> Vec<String> {
    let hire = |n: usize| {
        let request = OnboardingRequest {
            first_name: Some(format!("Ada{}", char::from(b'a' + u8::try_from(n).unwrap()))),
            last_name: Some("Byron".into()),
            personal_email: Some(format!("ada{n}@mail.example")),
            employee_number: Some(format!("9100{n}")),
            ..OnboardingRequest::default()
        };
        company.sandbox.add_onboarding_request(&request).number
    };
    (0..HIRES).map(hire).collect()
}

fn bulk(company: &Company, rows: &[String]) -> Command {
    let file = company.folder.path().join("hires.csv");
    std::fs::write(&file, format!("ticket\n{}\n", rows.join("\n"))).unwrap();
    let mut command = company.example("bulk_onboard");
    command.arg("--file").arg(file).arg("--errors").arg(company.folder.path().join("refused.csv"));
    command
}

/// How many of them can sign in now.
fn onboarded(company: &Company) -> usize {
    let users = company.rows("okta", "users");
    let ours = users.iter().filter(|user| user["profile"]["lastName"] == "Byron");
    ours.filter(|user| user["status"] == "PROVISIONED").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_in_the_file_is_onboarded_with_plain_lines_for_no_terminal() {
    let company = Company::start().await;
    let rows = hires(&company);
    let ended = end(&mut bulk(&company, &rows));
    assert_eq!(ended.status, 0, "{ended:#?}");
    assert!(ended.stdout.contains("8 rows are good, 0 are not"), "{}", ended.stdout);
    assert!(ended.stdout.contains("done: 8 of 8; 8 done"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{ended:#?}");
    assert_eq!(onboarded(&company), HIRES);
    // Started again, there is nothing left to do.
    let again = end(bulk(&company, &rows).arg("--json"));
    assert_eq!((again.status, &again.json()["report"]["rows"]["done"]), (0, &HIRES.into()));
    assert_eq!(company.rows("okta", "mails").len(), HIRES);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_every_open_request_is_taken() {
    let company = Company::start().await;
    hires(&company);
    let ended = end(&mut company.example("bulk_onboard"));
    assert_eq!((ended.status, onboarded(&company)), (0, HIRES), "{ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_wrong_are_written_to_a_file_and_nothing_else_is() {
    let company = Company::start().await;
    let mut rows = hires(&company);
    rows.insert(2, "RITM7777777".into());
    rows.push(rows[0].clone());
    let ended = end(&mut bulk(&company, &rows));
    assert_eq!(ended.status, 1, "{ended:#?}");
    assert!(ended.stderr.contains("2 of 10 rows are wrong"), "{}", ended.stderr);
    let refused = std::fs::read_to_string(company.folder.path().join("refused.csv")).unwrap();
    assert!(refused.contains("\n4,") && refused.contains("\n11,"), "{refused}");
    assert!(refused.contains("RITM7777777") && refused.contains("as in row 2"), "{refused}");
    assert_eq!(company.writes(), [""; 0]);

    let ended = end(bulk(&company, &rows).arg("--allow-partial"));
    assert_eq!((ended.status, onboarded(&company)), (0, HIRES), "{ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_only_checks_and_writes_nothing() {
    let company = Company::start().await;
    let rows = hires(&company);
    let ended = end(bulk(&company, &rows).arg("--plan-only").arg("--json"));
    assert_eq!((ended.status, &ended.json()["checked"]["left"]), (2, &HIRES.into()), "{ended:#?}");
    assert_eq!(company.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_it_goes_on() {
    let company = Company::start().await;
    let rows = hires(&company);
    let ended = end(bulk(&company, &rows).arg("--plan-only"));
    assert_eq!(ended.status, 2, "{ended:#?}");
    let checking = company.sandbox.requests().len();
    for part in [1, 2, 3] {
        company.kill_at(&mut bulk(&company, &rows), company.sandbox.requests().len() + checking + part * 20);
    }
    let ended = end(&mut bulk(&company, &rows));
    assert_eq!(ended.status, 0, "{ended:#?}");
    assert_eq!((onboarded(&company), company.rows("okta", "mails").len()), (HIRES, HIRES));
    let marks = company.marks();
    assert_eq!(marks.iter().collect::<std::collections::BTreeSet<_>>().len(), marks.len(), "{marks:?}");
}

#[test]
fn help_names_every_flag() {
    let ended = end(program::example("bulk_onboard").arg("--help"));
    for flag in ["--file", "--batch", "--allow-partial", "--errors", "--go-on", "--plan-only", "--json"] {
        assert!(ended.stdout.contains(flag), "no {flag} in {}", ended.stdout);
    }
}
