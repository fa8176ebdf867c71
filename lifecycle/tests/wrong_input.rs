//! What is wrong is told clearly, with what would be right, and nothing is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::PathBuf;

use lifecycle::{Engine, EngineError, JournalError, Onboard, Policy, RunStatus, Systems};
use okta_client::OktaClient;
use okta_client::groups::GroupId;
use sandbox::{OnboardingRequest, Ticket, group_id};
use serde_json::{Value, json};
use servicenow_client::ServiceNowClient;
use servicenow_client::tables::SysUser;

use support::looking::{short, text, told};
use support::{POLICY, SandboxClock, World, onboard, policy};

const MANAGER: &str = "the manager on the ticket (";

/// Runs an onboarding that must not begin, and answers why.
async fn refused(world: &World, systems: Systems, operation: &Onboard) -> String {
    let before = world.writes().len();
    let engine = Engine::builder(systems).in_memory().unwrap();
    let error = engine.run(operation).await.expect_err("it is wrong, and was done");
    assert_eq!(short(&world.writes()[before..]), [""; 0], "written, and then refused: {error}");
    assert!(engine.open_runs().await.unwrap().is_empty(), "a refused request is no run: {error}");
    let told = told(&error);
    assert!(
        !told.contains(world.sandbox.okta_token()) && !told.contains(world.sandbox.servicenow_password())
    );
    told
}

#[track_caller]
fn assert_says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
}

async fn refused_ticket(world: &World, ticket: &Ticket) -> String {
    refused(world, world.systems(), &onboard(ticket)).await
}

#[tokio::test]
async fn a_number_that_no_ticket_has() {
    let world = World::start().await;
    world.hire();
    for number in
        ["RITM9999999", "SCTASK9999999", "", "x", "RITM0010001^ORDERBYnumber", "javascript:gs.log()"]
    {
        let told = refused(&world, world.systems(), &Onboard::ticket(number, policy())).await;
        match number {
            "RITM9999999" | "SCTASK9999999" | "x" => {
                assert_says(
                    &told,
                    &["there is no requested item or catalog task", number, "check the number"],
                );
            }
            _ => assert_says(&told, &["is no ticket number", "RITM0010001"]),
        }
    }
    let asked: Vec<_> = world.sandbox.requests().into_iter().map(|request| request.path).collect();
    assert!(
        !asked.iter().any(|path| path.contains("ORDERBYnumber") || path.contains("gs.log")),
        "{asked:#?}"
    );
}

#[tokio::test]
async fn a_ticket_that_is_not_to_be_worked_on() {
    let cases: [(&str, Value, &[&str]); 6] = [
        ("sc_task", json!({"state": "3"}), &["is Closed Complete (3) already", "reopen it or order anew"]),
        ("sc_task", json!({"state": "4"}), &["is Closed Incomplete (4) already"]),
        ("sc_task", json!({"state": "7"}), &["is Closed Skipped (7) already"]),
        ("sc_req_item", json!({"state": "4"}), &["is Closed Incomplete (4) already"]),
        (
            "sc_req_item",
            json!({"approval": "requested"}),
            &["is not approved (its approval is \"requested\")"],
        ),
        ("sc_req_item", json!({"approval": "rejected"}), &["is not approved (its approval is \"rejected\")"]),
    ];
    for (table, change, says) in cases {
        let world = World::start().await;
        let ticket = world.hire();
        let id = if table == "sc_task" { &ticket.task_sys_id } else { &ticket.item_sys_id };
        world.sandbox.edit_record(table, id, &change).unwrap();
        assert_says(&refused_ticket(&world, &ticket).await, &[says, &[ticket.number.as_str()]].concat());
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a variable holds may be none")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn a_ticket_that_does_not_say_what_is_needed() {
    type Change = fn(&mut OnboardingRequest);
    let cases: [(Change, &[&str]); 17] = [
        (|r| r.start_date = some("02/03/2026"), &["start_date is \"02/03/2026\": give a date as YYYY-MM-DD"]),
        (|r| r.start_date = some("2026-3-2"), &["start_date is \"2026-3-2\": give a date as YYYY-MM-DD"]),
        (|r| r.start_date = some("2026-02-30"), &["start_date is \"2026-02-30\""]),
        (|r| r.end_date = some("soon"), &["end_date is \"soon\": give a date as YYYY-MM-DD"]),
        (|r| r.end_date = some("2026-03-01"), &["end_date is before start_date", "2026-03-01", "2026-03-02"]),
        (
            |r| r.employment_type = some("contractor"),
            &["end_date is missing: a contractor's contract has an end; give it as YYYY-MM-DD"],
        ),
        (|r| r.first_name = some(&"N".repeat(51)), &["first_name is longer than 50 characters"]),
        (|r| r.last_name = some(&"ø".repeat(51)), &["last_name is longer than 50 characters"]),
        (
            |r| r.last_name = some("Lind\u{0}qvist"),
            &["last_name holds a line break or another control character"],
        ),
        (
            |r| r.first_name = some("Nora\nBcc: all"),
            &["first_name holds a line break", r#""Nora\nBcc: all""#],
        ),
        (|r| r.title = some("Engineer\u{1b}[2J"), &["title holds", r"\u{1b}"]),
        (|r| r.first_name = some("Nora\u{202e}arroN"), &["first_name holds", r"\u{202e}"]),
        (
            |r| r.manager = some("Ada Lovelace"),
            &["manager is \"Ada Lovelace\": it should refer to a user by sys_id"],
        ),
        (
            |r| r.personal_email = some("nora"),
            &["personal_email is \"nora\": give an address as name@example.com"],
        ),
        (|r| r.employee_number = some("9^ORDERBYname"), &["employee_number is \"9^ORDERBYname\"", "`^`"]),
        (
            |r| r.employee_number = some("javascript:gs.log()"),
            &["employee_number is \"javascript:gs.log()\""],
        ),
        (|r| r.first_name = some("   "), &["first_name is missing: the ticket has no answer for it"]),
    ];
    for (change, says) in cases {
        let world = World::start().await;
        let ticket = world.hire_with(change);
        let told = refused_ticket(&world, &ticket).await;
        assert_says(&told, &[says, &[ticket.number.as_str(), "cannot be done as it stands"]].concat());
        assert_eq!(told.matches("\n  - ").count(), 1, "one thing is wrong: {told}");
    }
}

#[tokio::test]
async fn everything_that_is_missing_is_told_at_once() {
    let world = World::start().await;
    let ticket = world.hire_with(|request| {
        (request.first_name, request.last_name, request.employee_number) = (None, None, some(""));
        (request.department, request.manager, request.start_date) = (None, None, None);
        (request.employment_type, request.personal_email) = (None, some("@"));
    });
    let told = refused_ticket(&world, &ticket).await;
    for field in [
        "first_name",
        "last_name",
        "employee_number",
        "department",
        "manager",
        "start_date",
        "employment_type",
    ] {
        assert_says(&told, &[&format!("\n  - {field} is missing: the ticket has no answer for it")]);
    }
    assert_says(&told, &["\n  - personal_email is \"@\""]);
    assert_eq!(told.matches("\n  - ").count(), 8, "{told}");
}

#[tokio::test]
async fn a_manager_who_is_not_there() {
    type Prepare = fn(&World, &str, &str);
    let cases: [(Prepare, &[&str]); 4] = [
        (
            |world, id, _| world.sandbox.edit_record("sys_user", id, &json!({"active": "false"})).unwrap(),
            &["is not active in ServiceNow"],
        ),
        (
            |world, id, _| world.sandbox.edit_record("sys_user", id, &json!({"user_name": "ada"})).unwrap(),
            &["has no account ada in Okta"],
        ),
        (
            |world, _, login| world.sandbox.set_okta_status(login, "DEPROVISIONED").unwrap(),
            &["in Okta that is DEPROVISIONED"],
        ),
        (
            |world, _, login| world.sandbox.set_okta_status(login, "SUSPENDED").unwrap(),
            &["in Okta that is SUSPENDED"],
        ),
    ];
    for (prepare, says) in cases {
        let world = World::start().await;
        let ticket = world.hire();
        let manager = text(&world.row("sc_request", &ticket.request_sys_id)["requested_for"]);
        prepare(&world, &manager, &text(&world.row("sys_user", &manager)["user_name"]));
        assert_says(&refused_ticket(&world, &ticket).await, &[says, &[MANAGER, &manager]].concat());
    }
    let world = World::start().await;
    let nobody = "0".repeat(32);
    let ticket = world.hire_with(|request| request.manager = Some(nobody.clone()));
    assert_says(&refused_ticket(&world, &ticket).await, &[MANAGER, &nobody, "is no ServiceNow user"]);
}

#[tokio::test]
async fn two_servicenow_users_with_the_number() {
    let world = World::start().await;
    let ticket = world.hire();
    for name in ["nora", "nora2"] {
        let fields = json!({"user_name": name, "employee_number": "90001"});
        world.systems().servicenow.table::<SysUser>().create(&fields).await.unwrap();
    }
    assert_says(&refused_ticket(&world, &ticket).await, &["more than one", "employee number 90001"]);
}

#[tokio::test]
async fn somebody_whom_no_rule_of_the_policy_covers() {
    let world = World::start().await;
    let head = text(&world.rows("cmn_department")[0]["dept_head"]);
    let falconry = world.hire_with(|request| {
        (request.department, request.manager) = (some("Falconry"), Some(head));
    });
    let told = refused_ticket(&world, &falconry).await;
    assert_says(
        &told,
        &["policy acme-birthright", "department \"Falconry\"", "Engineering, Finance", "add a rule"],
    );

    // Not `contractor`, so none of the rules that deny things to contractors would hold.
    let contractor = world.hire_with(|request| {
        (request.employment_type, request.department) = (some("Contractor"), some("Finance"));
    });
    let told = refused_ticket(&world, &contractor).await;
    assert_says(&told, &["employment_type \"Contractor\"", "contractor, employee"]);
}

#[tokio::test]
async fn a_policy_that_does_not_fit_the_org() {
    let engineering = group_id("Engineering");
    let nowhere = "00gNowhereAtAll00000";
    let app = group_id("acme.local Domain Users");
    let everyone = group_id("Everyone");
    let cases = [
        (engineering.as_str(), nowhere, vec!["Okta has no group", nowhere, "correct `okta_group`"]),
        (&engineering, &app, vec![app.as_str(), "acme.local Domain Users", "nobody can be added here"]),
        (&engineering, &everyone, vec![everyone.as_str(), "Everyone", "nobody can be added here"]),
        (
            "name = \"Engineering\"",
            "name = \"Engineers\"",
            vec![&engineering, "is named \"Engineering\" in Okta"],
        ),
    ];
    for (was, is, says) in cases {
        let world = World::start().await;
        let ticket = world.hire();
        let policy = Policy::parse("acme.toml", &POLICY.replace(was, is)).unwrap();
        let told = refused(&world, world.systems(), &Onboard::ticket(&ticket.number, policy)).await;
        assert_says(&told, &["policy acme-birthright, line 34, target engineering: "]);
        assert_says(&told, &says);
    }
}

#[test]
fn a_policy_file_that_is_wrong_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.toml");
    let line = |text: &str, part: &str| text[..text.find(part).unwrap()].lines().count() + 1;
    let cases = [
        ("[targets]", "[targets", "targets", vec![]),
        ("user.department == \"Sales\"", "user.department = \"Sales\"", "user.department = ", vec!["sales"]),
        ("user.department == \"Sales\"", "user.departement == \"Sales\"", "departement", vec!["department"]),
        (
            "grant = [\"sales\", ",
            "grant = [\"sails\", ",
            "\"sails\"",
            vec!["no target \"sails\"; did you mean \"sales\"?"],
        ),
        (
            "absent = [\"finance-systems\"]",
            "absent = [\"finance\"]",
            "an accountant on contract does not",
            vec![],
        ),
    ];
    for (was, is, at, says) in cases {
        let wrong = POLICY.replacen(was, is, 1);
        assert_ne!(wrong, POLICY, "{was}");
        std::fs::write(&file, &wrong).unwrap();
        let error = Policy::load(&file).unwrap_err();
        let told = told(&error);
        let place = error.problems()[0].line().unwrap();
        let near = line(&wrong, at).abs_diff(place) <= 1;
        assert!(near, "line {place} instead of {}: {told}", line(&wrong, at));
        assert_says(&told, &[&format!("{}:{place}:", file.display())]);
        assert_says(&told, &says);
    }
    let missing = Policy::load(folder.path().join("none.toml")).unwrap_err();
    assert_says(&told(&missing), &["none.toml: cannot be read: No such file"]);
}

/// Clients of the sandbox with something wrong about them.
fn clients(world: &World, okta: (&str, &str), servicenow: (&str, &str)) -> Systems {
    let clock = || std::sync::Arc::new(SandboxClock(world.sandbox.clock()));
    let (url, token) = okta;
    let okta = OktaClient::builder(url).api_token(token.to_owned().into()).clock(clock()).build().unwrap();
    let (url, password) = servicenow;
    let user = world.sandbox.servicenow_username();
    let servicenow = ServiceNowClient::builder(url).basic(user, password.to_owned().into()).clock(clock());
    Systems::new(okta, servicenow.build().unwrap())
}

#[tokio::test]
async fn credentials_that_are_wrong_and_hosts_that_are_not_there() {
    let world = World::start().await;
    let (okta, token) = (world.sandbox.okta_url(), world.sandbox.okta_token());
    let (servicenow, password) = (world.sandbox.servicenow_url(), world.sandbox.servicenow_password());
    // Free a moment ago, and nobody listens there.
    let nobody = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{}", nobody());
    let cases: [(_, _, &[&str]); 4] = [
        ((okta.as_str(), "wrong"), (servicenow.as_str(), password), &["401", "E0000011", "Invalid token"]),
        ((&okta, token), (&servicenow, "wrong"), &["401", "User Not Authenticated"]),
        (
            (&nowhere, token),
            (&servicenow, password),
            &["okta.users", "got no answer from", &nowhere, "Connection refused"],
        ),
        (
            (&okta, token),
            (&nowhere, password),
            &["servicenow.table", "got no answer from", &nowhere, "Connection refused"],
        ),
    ];
    for (okta, servicenow, says) in cases {
        let ticket = world.hire();
        let told = refused(&world, clients(&world, okta, servicenow), &onboard(&ticket)).await;
        assert_says(&told, says);
    }
}

#[tokio::test]
async fn the_same_ticket_under_another_policy_or_with_other_answers() {
    let world = World::start().await;
    let ticket = world.hire();
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    let writes = world.writes().len();

    let other = Policy::parse("acme.toml", &format!("{POLICY}\n# A word more.")).unwrap();
    let error = engine.run(&Onboard::ticket(&ticket.number, other.clone())).await.unwrap_err();
    assert!(matches!(&error, EngineError::PolicyChanged { run: id, .. } if *id == run.id), "{error:?}");
    let first = policy();
    let (was, now) = (&first.hash()[..12], &other.hash()[..12]);
    assert_says(&told(&error), &[run.id.as_str(), was, now, "use the policy it began with"]);

    let option =
        world.rows("sc_item_option").into_iter().find(|option| option["value"] == "Software Engineer");
    let id = text(&option.unwrap()["sys_id"]);
    world.sandbox.edit_record("sc_item_option", &id, &json!({"value": "Staff Engineer"})).unwrap();
    let error = engine.run(&onboard(&ticket)).await.unwrap_err();
    assert!(matches!(&error, EngineError::IntentChanged { run: id, .. } if *id == run.id), "{error:?}");
    assert_says(&told(&error), &[run.id.as_str(), "asks for something else now", "open a new request"]);
    assert_eq!(world.writes().len(), writes);
    assert_eq!(world.okta_user("nora.lindqvist@acme.example")["profile"]["title"], "Software Engineer");
}

#[tokio::test]
async fn a_file_that_is_no_journal_of_ours_is_left_as_it_is() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    std::fs::write(path("letter.txt"), "Dear Nora,\n".repeat(500)).unwrap();
    rusqlite::Connection::open(path("other.db")).unwrap().execute_batch("CREATE TABLE pet (name)").unwrap();
    drop(Engine::embedded(path("newer.db"), world.systems()).unwrap());
    rusqlite::Connection::open(path("newer.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();

    for (name, says) in [
        ("letter.txt", "is no journal of this program: give the path of a journal, or of a file"),
        ("other.db", "is no journal of this program"),
        ("newer.db", "has the form 99, and this program knows 2: use the program that wrote it"),
    ] {
        let before = std::fs::read(path(name)).unwrap();
        let error = Engine::embedded(path(name), world.systems()).unwrap_err();
        assert_says(&told(&error), &[&path(name).display().to_string(), says]);
        assert_eq!(std::fs::read(path(name)).unwrap(), before, "{name} was changed");
    }
    assert!(!path("letter.txt.lock").exists() && !path("other.db.lock").exists(), "a lock was left");
    let nowhere = path("no/such/folder/journal.db");
    let error = Engine::embedded(&nowhere, world.systems()).unwrap_err();
    assert!(matches!(error, JournalError::Open { .. }), "{error:?}");
    assert_says(
        &told(&error),
        &[&nowhere.display().to_string(), "cannot be opened", "No such file or directory"],
    );
    let error = Engine::embedded(folder.path(), world.systems()).unwrap_err();
    assert_says(&told(&error), &[&folder.path().display().to_string(), "directory"]);
    let one = Engine::embedded(path("ours.db"), world.systems()).unwrap();
    let error = Engine::embedded(path("ours.db"), world.systems()).unwrap_err();
    assert_says(&told(&error), &["ours.db", "is in use by another engine"]);
    drop(one);
}

/// What people type, or paste, and what stands in the account then.
#[tokio::test]
async fn hostile_words_on_a_ticket_are_words() {
    let cases = [
        ("Nora\" or status eq \"ACTIVE", "O'Neil; DROP TABLE sys_user --"),
        ("Nora^ORDERBYsys_created_on", "x^ORactive=true^NQactive=false"),
        ("🎉 Nora", "Zoë-Łucja 李"),
        ("javascript:gs.log(1)", "${7*7} {{user}} %00 %2e%2e"),
        ("../../api/v1/users/me", "../Lindqvist?limit=1#x"),
        ("[code]<script>alert(1)</script>[/code]", "=cmd|'/C calc'!A0"),
    ];
    for (first, last) in cases {
        let world = World::start().await;
        let ticket = world.hire_with(|request| {
            (request.first_name, request.last_name) = (some(first), some(last));
            request.employee_number = some("9\" or profile.login pr or \"");
            (request.title, request.location) = (some("^ORDERBYname"), some("javascript:1"));
        });
        let others: Vec<_> = world.okta_users();
        let engine = world.engine(world.systems()).await;
        let run = engine.run(&onboard(&ticket)).await.unwrap();
        assert_eq!(run.status, RunStatus::Done, "{first} {last}");

        let user = world.okta_user(&run.subject.login);
        let profile = &user["profile"];
        assert_eq!((&profile["firstName"], &profile["lastName"]), (&json!(first), &json!(last)));
        assert_eq!((&profile["title"], &profile["city"]), (&json!("^ORDERBYname"), &json!("javascript:1")));
        let login = run.subject.login.strip_suffix("@acme.example").unwrap();
        assert!(login.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{login}");
        let account = &world.users_numbered("9\" or profile.login pr or \"")[0];
        assert_eq!(account["first_name"], first);
        let now = world.okta_users();
        assert!(others.iter().all(|other| now.contains(other)), "somebody else was touched");

        for request in world.sandbox.requests() {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.%@".contains(c);
            assert!(path.starts_with("/api/") && path.chars().all(plain) && !path.contains(".."), "{path}");
            for part in
                ["ORDERBYsys_created", "ORactive", "ORDERBYname", "javascript%3A", "javascript:", "DROP"]
            {
                assert!(!query.contains(part), "{part} in {}", request.path);
            }
        }
        for note in world.notes(&ticket.task_sys_id, "comments") {
            assert!(!note.contains("[code]"), "ServiceNow would render it: {note}");
        }
    }
}

#[tokio::test]
async fn a_name_that_gives_no_login() {
    let world = World::start().await;
    let ticket = world.hire_with(|request| request.first_name = some("^^^"));
    assert_says(
        &refused_ticket(&world, &ticket).await,
        &["no login can be made", "firstName", "correct the name on the ticket"],
    );
}

#[tokio::test]
async fn a_group_id_that_is_none_never_reaches_a_path() {
    assert!("../users/me".parse::<GroupId>().is_err());
    let wrong = POLICY.replace(&group_id("Engineering"), "../users/me");
    assert_says(
        &told(&Policy::parse("acme.toml", &wrong).unwrap_err()),
        &["acme.toml:", "target \"engineering\""],
    );
}
