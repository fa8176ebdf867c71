//! `list_users` as a program.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use program::{Company, end, example};

fn list(company: &Company, arguments: &[&str]) -> Vec<String> {
    let ended = end(example("list_users")
        .args(arguments)
        .env("OKTA_CLIENT_ORGURL", company.sandbox.okta_url())
        .env("OKTA_CLIENT_TOKEN", company.sandbox.okta_token()));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:?}");
    ended.stdout.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lists_who_is_asked_for_and_nobody_else() {
    let company = Company::start().await;
    let state = company.sandbox.state();
    let users = state["okta"]["users"].as_array().unwrap();
    let department = users.iter().find_map(|user| user["profile"]["department"].as_str()).unwrap();
    let logins = users
        .iter()
        .filter(|user| user["profile"]["department"] == department)
        .map(|user| user["profile"]["login"].as_str().unwrap());
    let lines = list(&company, &["--department", department]);
    let (total, rest) = lines.split_last().unwrap();
    assert_eq!(rest.len(), logins.clone().count());
    assert!(logins.clone().all(|login| rest.iter().any(|line| line.contains(login))), "{lines:?}");
    assert!(total.starts_with(&format!("{} users", rest.len())), "{total}");

    let everybody = list(&company, &[]).len();
    assert!(everybody > lines.len());
    // What was typed stays a value.
    assert_eq!(list(&company, &["--department", r#"x" or status eq "ACTIVE"#]).len(), 1);
}

#[test]
fn an_org_named_by_half_is_refused() {
    let ended = end(example("list_users").env("OKTA_CLIENT_ORGURL", "https://acme.okta.com"));
    assert_eq!((ended.status, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("OKTA_CLIENT_TOKEN is not"), "{}", ended.stderr);
}
