//! The example `policy` as its users meet it: each of its commands, what it prints, and its exit status.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use std::path::PathBuf;
use std::process::Command;

use program::{Company, Ended, end, example, policy};
use serde_json::json;

/// The example on a company, with the bundled policy.
fn on(company: &Company, arguments: &[&str]) -> Ended {
    end(command(company).args(arguments))
}

fn command(company: &Company) -> Command {
    let mut command = company.bare_example("policy");
    command.arg("--policy").arg(policy());
    command
}

/// The bundled policy, changed, in a file of its own.
fn changed(company: &Company, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(policy()).unwrap();
    assert!(text.contains(from), "{from}");
    file(company, "changed.toml", &text.replace(from, to))
}

fn file(company: &Company, name: &str, text: &str) -> PathBuf {
    let path = company.folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn without_variables_it_lints_the_bundled_policy_on_a_sandbox_of_its_own() {
    let ended = end(example("policy").arg("lint"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    assert!(
        ended.stdout.starts_with("acme-birthright ") && ended.stdout.ends_with(": 0 findings\n"),
        "{ended:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lint_says_what_is_wrong_among_people_and_in_the_tenants_and_writes_nothing() {
    let company = Company::start().await;
    let unknown = changed(&company, "00gkYhgArpuNgzXkZ9HW", "00gNoSuchGroup000000");
    let ended = end(company.bare_example("policy").args(["lint", "--json", "--policy"]).arg(&unknown));
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "{ended:#?}");
    let document = ended.json();
    let findings = document["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == "target-not-found").unwrap();
    assert_eq!((&finding["severity"], &finding["file"]), (&json!("high"), &json!("changed.toml")));
    assert!(
        finding["line"].is_u64() && finding["instead"].as_str().unwrap().contains("okta_group"),
        "{finding}"
    );
    assert_eq!(company.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_what_somebody_gets_and_what_explains_what_they_hold() {
    let company = Company::start().await;
    let users = company.rows("okta", "users");
    let user = users.iter().find(|user| user["profile"]["title"] == "VP of IT").unwrap();
    let login = user["profile"]["login"].as_str().unwrap();
    let ended = on(&company, &["explain", login]);
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    for part in [
        &format!("({login})\n"),
        "Gets\n   Okta group \"All Employees\"",
        "rule \"it\" (acme.toml:",
        "May ask for\n   Okta group \"Production Access\"",
        " ! Okta group \"Production Access\" (00g6aHYyDv7bi5cmox4E): nothing explains it\n",
    ] {
        assert!(ended.stdout.contains(part), "no {part:?} in {}", ended.stdout);
    }
    let document = on(&company, &["explain", login, "--json"]).json();
    assert_eq!(document["explanation"]["grants"][0]["target"], "all-employees");

    let nobody = on(&company, &["explain", "nobody@acme.example"]);
    assert_eq!((nobody.status, nobody.stdout.as_str()), (1, ""));
    assert!(nobody.stderr.contains("nobody in Okta signs in as nobody@acme.example"), "{nobody:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn diff_tells_what_would_change_and_how_bad_that_is_by_its_exit_status() {
    let company = Company::start().await;
    let diff = |new: PathBuf| end(command(&company).arg("diff").arg(new));
    let same = diff(policy());
    assert_eq!((same.status, same.stderr.as_str()), (0, ""), "{same:#?}");
    assert!(same.stdout.contains("Nothing would change.\n"), "{same:#?}");

    let more = diff(changed(&company, "grant = [\"legal\"]", "grant = [\"legal\", \"jira\"]"));
    assert_eq!(more.status, 2, "{more:#?}");
    assert!(
        more.stdout.contains("  get jira: ") && more.stdout.ends_with("This can be done.\n"),
        "{more:#?}"
    );

    let privileged = diff(changed(&company, "max_duration = \"8h\"", "max_duration = \"30d\""));
    assert_eq!(privileged.status, 5, "{privileged:#?}");

    let text = std::fs::read_to_string(policy()).unwrap();
    let without = text.split("[[rules]]").next().unwrap();
    let nothing = format!("{without}[[rules]]\nid = \"none\"\nwhen = 'true'\ndeny = [\"vpn\"]\n");
    let too_much = diff(file(&company, "nothing.toml", &nothing));
    assert_eq!(too_much.status, 3, "{too_much:#?}");
    assert!(
        too_much.stdout.contains("20 of 20 people lose something; at most 3 may at once"),
        "{too_much:#?}"
    );
    assert_eq!(company.writes(), [""; 0]);

    let fewer = on(&company, &["diff", policy().to_str().unwrap(), "--known-people", "100", "--json"]);
    assert_eq!(fewer.status, 3, "{fewer:#?}");
    assert_eq!(fewer.json()["verdict"]["trips"][0]["rail"], "shrunk-source");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_fails_is_an_error_with_its_line() {
    let company = Company::start().await;
    let passed = on(&company, &["test"]);
    assert_eq!((passed.status, passed.stderr.as_str()), (0, ""), "{passed:#?}");
    assert!(passed.stdout.contains("an accountant gets the finance systems\n"), "{passed:#?}");
    assert!(passed.stdout.ends_with(" tests, all passed\n"), "{passed:#?}");

    let broken = changed(&company, "grant = [\"finance\", \"finance-systems\"]", "grant = [\"finance\"]");
    let failed = end(company.bare_example("policy").args(["test", "--policy"]).arg(broken));
    assert_eq!((failed.status, failed.stdout.as_str()), (1, ""));
    assert!(
        failed.stderr.contains("test \"an accountant gets the finance systems\" fails: expected"),
        "{failed:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_becomes_rules_or_is_told_what_is_wrong_by_row() {
    let company = Company::start().await;
    let table = file(&company, "jobs.csv", "department,grant\nLegal,jira\n");
    let rules = end(command(&company).arg("import").arg(table));
    assert_eq!((rules.status, rules.stderr.as_str()), (0, ""), "{rules:#?}");
    assert!(
        rules.stdout.contains("when = '''user.department == \"Legal\"'''\ngrant = [\"jira\"]"),
        "{rules:#?}"
    );

    let wrong = file(&company, "wrong.csv", "department,grant\nLegal,jria\n");
    let refused = end(command(&company).arg("import").arg(wrong));
    assert_eq!(refused.status, 1, "{refused:#?}");
    assert!(
        refused.stderr.contains("wrong.csv:2:2: grant: no target \"jria\"; did you mean \"jira\"?"),
        "{refused:#?}"
    );
}
