//! The example `onboard` as its users meet it: arguments, environment, output, exit status; killed, started
//! again, started twice.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use std::net::TcpListener;
use std::process::Stdio;

use lifecycle::ledger;
use sandbox::{Effect, Fault, OnboardingRequest, Ticket};
use serde_json::{Value, json};

use program::{Company, Ended, FOR_EVER, VARIABLES, end, example, line, policy};

#[test]
fn without_variables_it_starts_its_own_sandbox_and_shows_all_it_does() {
    let ended = end(&mut example("onboard"));
    assert_eq!(ended.status, 0, "{ended:#?}");
    assert_eq!(ended.stderr, "");
    let expected = [
        "A sandbox company",
        "\nPlan: onboard ",
        "\n   1 ~ servicenow ticket SCTASK0010001",
        "\nApplying it, as run ",
        "\n   2 + okta user eveline.kertzmann@acme.example, staged: done\n",
        "\n  13 ~ servicenow ticket SCTASK0010001 to Closed Complete (3): done\n",
        "\nThe run is done\n",
        "\nTicket\n  RITM0010001 is Closed Complete\n",
        "\nAccount eveline.kertzmann@acme.example\n  Okta: PROVISIONED, 00u",
        "  ServiceNow: active, ",
        "\nAudit thread\nrequest RITM0010001 asked for it\n",
        "\nverified: ",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_prints_one_document_and_nothing_else() {
    let company = Company::start().await;
    let ticket = company.hire();
    let ended = end(company.example("onboard").arg("--json"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    let document = ended.json();

    let plan = &document["plan"];
    assert_eq!(plan["operation"], "onboard");
    assert_eq!(plan["request"]["number"], json!(ticket.number));
    assert_eq!(plan["subject"]["login"], "nora.lindqvist@acme.example");
    assert_eq!(plan["digest"].as_str().map(str::len), Some(64));
    assert_eq!(ids(&plan["steps"])[..2], ["take-ticket", "create-account"]);
    assert_eq!(ids(&plan["when_done"]), ["report", "tell-requester", "close-ticket"]);
    assert_eq!(ids(&plan["when_failed"]), ["report-failure"]);

    let run = &document["run"];
    assert_eq!(run["status"], "done");
    assert!(run["id"].is_string());
    assert_eq!(ids(&run["steps"]), [ids(&plan["steps"]), ids(&plan["when_done"])].concat());
    assert!(run["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "done"), "{run:#}");

    assert_eq!(document["thread"]["verified"], true);
    let engine = company.engine();
    let head = ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
    assert_eq!(document["ledger"], json!({ "records": head.records, "head": head.hash }));
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_only_writes_nothing_and_says_that_changes_are_pending() {
    let company = Company::start().await;
    company.hire();
    let programs = end(company.example("onboard").args(["--plan-only", "--json"]));
    let people = end(company.example("onboard").arg("--plan-only"));
    assert_eq!((programs.status, people.status), (2, 2), "{programs:#?} {people:#?}");

    let document = programs.json();
    assert_eq!((&document["run"], &document["ledger"]), (&Value::Null, &Value::Null));
    assert!(people.stdout.contains("Nothing was written."), "{people:#?}");
    assert!(people.stdout.contains(document["plan"]["digest"].as_str().unwrap()), "{people:#?}");
    assert_eq!(company.writes(), [""; 0]);
    assert!(!company.journal().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_that_was_shown_is_the_plan_that_runs() {
    let company = Company::start().await;
    company.hire();
    let shown = end(company.example("onboard").args(["--plan-only", "--json"])).json();
    let applied = end(company.example("onboard").arg("--json")).json();
    assert_eq!(shown["plan"], applied["plan"]);
    assert!(shown["plan"]["digest"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn started_again_it_shows_the_same_run_and_writes_nothing_more() {
    let company = Company::start().await;
    let ticket = company.hire();
    let start = |arguments: &[&str]| {
        end(company.example("onboard").args(["--ticket", &ticket.number]).args(arguments))
    };
    let first = start(&["--json"]);
    let (writes, head) = (company.writes(), first.json()["ledger"].clone());
    let second = start(&["--json"]);
    assert_eq!((first.status, second.status), (0, 0), "{second:#?}");
    assert_eq!(second.json()["run"], first.json()["run"]);
    assert_eq!(second.json()["ledger"], head);

    let people = start(&[]);
    let run = first.json()["run"]["id"].as_str().unwrap().to_owned();
    assert!(people.stdout.contains(&format!("\nGoing on with run {run}\n")), "{people:#?}");
    // By its task it is the same request.
    let by_task = end(company.example("onboard").args(["--json", "--ticket", &ticket.task_number]));
    assert_eq!(by_task.json()["run"]["id"], json!(run));
    assert_eq!(company.writes(), writes);
    assert_eq!(company.flaws_of_one_onboarding(&ticket), [""; 0]);
}

/// Starts the example again, and looks whether all is as if it had never been killed.
async fn assert_it_recovers(company: &Company, ticket: &Ticket, killed: &str) {
    company.sandbox.clear_faults();
    let ended = end(company.example("onboard").arg("--json"));
    assert_eq!(ended.status, 0, "killed {killed}: {ended:#?}");
    let document = ended.json();
    assert_eq!(document["run"]["status"], "done", "killed {killed}: {document:#}");
    assert_eq!(document["plan"]["request"]["number"], json!(ticket.number), "killed {killed}");
    assert_eq!(document["thread"]["breaks"], json!([]), "killed {killed}");
    assert_eq!(company.flaws_of_one_onboarding(ticket), [""; 0], "killed {killed}");
    let engine = company.engine();
    let head = ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
    assert_eq!(document["ledger"], json!({ "records": head.records, "head": head.hash }));
}

/// Where an onboarding that nothing disturbs stands in the log of requests: each write, and each read after
/// one.
async fn moments() -> Vec<(usize, Fault)> {
    let company = Company::start().await;
    company.hire();
    assert_eq!(end(&mut company.example("onboard")).status, 0);
    let requests = company.sandbox.requests();
    let changes = |at: usize| requests[at].method != "GET";
    let chosen = (0..requests.len()).filter(|&at| changes(at) || at > 0 && changes(at - 1));
    let hold = |at: usize| {
        let system = requests[at].system;
        let before = requests[..at].iter().filter(|request| request.system == system).count();
        Fault::on(system, "*", "*", Effect::DelayMs(FOR_EVER)).skip(u32::try_from(before).unwrap())
    };
    let moments: Vec<_> = chosen.map(|at| (at, hold(at))).collect();
    assert!(moments.len() > 20, "{} requests are hardly an onboarding", moments.len());
    moments
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_hears_the_answer_to_any_write_it_goes_on_as_if_nothing_had_been() {
    for (at, hold) in moments().await {
        let company = Company::start().await;
        let ticket = company.hire();
        company.sandbox.add_fault(hold);
        company.kill_at(&mut company.example("onboard"), at + 1);
        let last = line(company.sandbox.requests().last().unwrap());
        assert_it_recovers(&company, &ticket, &format!("in request {at}, {last}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_an_odd_moment_it_goes_on_as_if_nothing_had_been() {
    for requests in [1, 9, 16, 23, 30, 37] {
        let company = Company::start().await;
        let ticket = company.hire();
        company.kill_at(&mut company.example("onboard"), requests);
        assert_it_recovers(&company, &ticket, &format!("after request {requests}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_it_announced_the_user_and_before_okta_heard_of_it_it_creates_the_user_once() {
    let company = Company::start().await;
    let ticket = company.hire();
    company.sandbox.add_fault(Fault::okta("POST", "/api/v1/users", Effect::CutBefore));
    company.kill_in(&mut company.example("onboard"), "POST", "/api/v1/users");
    assert!(company.rows("okta", "users").iter().all(|user| user["profile"]["lastName"] != "Lindqvist"));
    assert_it_recovers(&company, &ticket, "before the user was there").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_still_ends() {
    let company = Company::start().await;
    let ticket = company.hire();
    for (method, path) in [
        ("POST", "/api/v1/users"),
        ("PUT", "/api/v1/groups/"),
        ("GET", "/api/v1/users/"),
        ("POST", "/api/now/table/sys_user"),
        ("PATCH", "/api/now/table/sc_task/"),
    ] {
        company.kill_in(&mut company.example("onboard"), method, path);
    }
    assert_it_recovers(&company, &ticket, "five times").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ticket_it_goes_on_with_the_interrupted_run_before_it_begins_another() {
    let company = Company::start().await;
    let older = company.hire_another();
    let newer = company.hire();
    let mut first = company.example("onboard");
    company.kill_in(first.args(["--ticket", &newer.number]), "POST", "/api/v1/users");
    assert_it_recovers(&company, &newer, "with an older ticket open").await;

    let next = end(company.example("onboard").arg("--json"));
    assert_eq!(next.json()["plan"]["request"]["number"], json!(older.number));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_day_does_not_hold_up_the_next_ticket() {
    let company = Company::start().await;
    let far = company.sandbox.add_onboarding_request(&OnboardingRequest {
        first_name: Some("Ada".into()),
        employee_number: Some("90002".into()),
        start_date: Some("2999-01-01".into()),
        ..OnboardingRequest::default()
    });
    let today = company.hire();
    let runs: Vec<Ended> = (0..3).map(|_| end(company.example("onboard").arg("--json"))).collect();
    let seen: Vec<(i32, Value, Value)> = runs
        .iter()
        .map(|ended| {
            let document = ended.json();
            (ended.status, document["plan"]["request"]["number"].clone(), document["run"]["status"].clone())
        })
        .collect();
    let waits = (2, json!(far.number), json!("waiting"));
    assert_eq!(seen, [waits.clone(), (0, json!(today.number), json!("done")), waits]);
    let people = end(&mut company.example("onboard"));
    assert!(
        people.stdout.contains("\nThe run is waiting at day-before for 2998-12-31 00:00 UTC\n"),
        "{people:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_the_second_says_that_the_journal_is_in_use_and_the_first_goes_on() {
    let company = Company::start().await;
    let ticket = company.hire();
    // The first one's way to ServiceNow is open only as far as here, for now.
    let gate = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut first = company.example("onboard");
    first.env("SN_HOST", format!("http://{}", gate.local_addr().unwrap()));
    let first = first.arg("--json").stdout(Stdio::piped()).spawn().unwrap();
    let (held, _) = gate.accept().unwrap();

    let second = end(&mut company.example("onboard"));
    assert_eq!(second.status, 1, "{second:#?}");
    assert!(second.stderr.contains("is in use by another engine: stop that one"), "{second:#?}");
    let second = end(company.example("onboard").arg("--json"));
    assert_eq!(second.status, 1, "{second:#?}");
    assert!(second.json()["error"].as_str().unwrap().contains("is in use"), "{second:#?}");
    assert_eq!(company.sandbox.requests(), []);

    tokio::spawn(pass_through(held, gate, company.sandbox.servicenow_url()));
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    assert_eq!(company.flaws_of_one_onboarding(&ticket), [""; 0]);
}

/// Lets one connection, and all that come after it, through to `url`.
async fn pass_through(first: std::net::TcpStream, listener: TcpListener, url: String) -> std::io::Result<()> {
    let to = url.trim_start_matches("http://").to_owned();
    let pass = async |from: tokio::net::TcpStream, to: String| {
        let mut from = from;
        let mut to = tokio::net::TcpStream::connect(to).await?;
        tokio::io::copy_bidirectional(&mut from, &mut to).await
    };
    first.set_nonblocking(true)?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut from = tokio::net::TcpStream::from_std(first)?;
    loop {
        tokio::spawn(pass(from, to.clone()));
        from = listener.accept().await?.0;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_approved_ends_with_status_5() {
    let company = Company::start().await;
    let ticket = company.hire();
    let asked = json!({ "approval": "requested" });
    company.sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &asked).unwrap();
    let ended = end(company.example("onboard").args(["--ticket", &ticket.number]));
    assert_eq!(ended.status, 5, "{ended:#?}");
    assert!(ended.stderr.contains("is not approved (its approval is \"requested\")"), "{ended:#?}");
    assert_eq!(company.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_changed_under_the_plan_ends_with_status_4() {
    let company = Company::start().await;
    company.hire();
    company.kill_in(&mut company.example("onboard"), "PUT", "/api/v1/groups/");
    company.sandbox.set_okta_status("nora.lindqvist@acme.example", "DEPROVISIONED").unwrap();
    let ended = end(company.example("onboard").arg("--json"));
    assert_eq!(ended.status, 4, "{ended:#?}");
    let run = &ended.json()["run"];
    assert_eq!(run["status"], "needs_human");
    assert!(run["steps"].as_array().unwrap().iter().any(|step| step["outcome"] == "drifted"), "{run:#}");
}

/// Something wrong, and what must be said about it.
struct Wrong<'a> {
    arguments: &'a [&'a str],
    /// Changes of the environment; an empty value takes the variable away.
    environment: &'a [(&'a str, &'a str)],
    says: &'a [&'a str],
}

impl Wrong<'_> {
    fn start(&self, company: &Company, more: &[&str]) -> Ended {
        let mut command = company.bare_example("onboard");
        for &(name, value) in self.environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        end(command.args(self.arguments).args(more))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_told_with_what_to_do_and_nothing_is_written() {
    let company = Company::start().await;
    company.hire();
    let path = |name: &str| company.folder.path().join(name).to_str().unwrap().to_owned();
    let (journal, nowhere, bad) = (path("journal.db"), path("missing/journal.db"), path("bad.toml"));
    std::fs::write(&bad, "version = 1\nname = 3\n").unwrap();
    let policy = policy().to_str().unwrap().to_owned();
    let right = ["--policy", &policy, "--journal", &journal];
    let unknown_ticket = [&right[..], &["--ticket", "RITM0099999"]].concat();
    let cases = [
        Wrong { arguments: &unknown_ticket, environment: &[], says: &["RITM0099999", "check the number"] },
        Wrong {
            arguments: &right,
            environment: &[("OKTA_CLIENT_TOKEN", "00wrong")],
            says: &["status 401", "the API token is wrong", "make a new one"],
        },
        Wrong {
            arguments: &right,
            environment: &[("SN_PASSWORD", "wrong")],
            says: &["status 401", "check the credentials"],
        },
        Wrong {
            arguments: &right,
            environment: &[("OKTA_CLIENT_ORGURL", "http://127.0.0.1:1")],
            says: &["no answer", "check OKTA_CLIENT_ORGURL"],
        },
        Wrong {
            arguments: &right,
            environment: &[("SN_HOST", "http://127.0.0.1:1")],
            says: &["no answer", "check SN_HOST"],
        },
        Wrong {
            arguments: &right,
            environment: &[("SN_HOST", ""), ("SN_PASSWORD", "")],
            says: &["SN_HOST, SN_PASSWORD are not", "set all of them", "or none to work on a sandbox"],
        },
        Wrong { arguments: &[], environment: &[], says: &["give --policy FILE"] },
        Wrong { arguments: &["--dry-run"], environment: &[], says: &["--dry-run", "--help"] },
        Wrong {
            arguments: &["--policy", &bad],
            environment: &[],
            says: &["bad.toml:1:1", "write owner", "bad.toml:2:8"],
        },
        Wrong {
            arguments: &["--policy", "nope.toml"],
            environment: &[],
            says: &["nope.toml", "cannot be read"],
        },
        Wrong {
            arguments: &["--policy", &policy, "--journal", &nowhere],
            environment: &[],
            says: &["missing/journal.db", "a folder that exists"],
        },
        Wrong {
            arguments: &["--policy", &policy, "--journal", &bad],
            environment: &[],
            says: &["bad.toml is no journal", "give the path of a journal"],
        },
    ];
    for wrong in cases {
        let people = wrong.start(&company, &[]);
        let programs = wrong.start(&company, &["--json"]);
        assert_eq!((people.status, programs.status), (1, 1), "{people:#?} {programs:#?}");
        assert_eq!(programs.stderr, "");
        let document = programs.json();
        assert_eq!(document.as_object().map(serde_json::Map::len), Some(1), "{document:#}");
        let error = document["error"].as_str().unwrap_or_else(|| panic!("no error in {document:#}"));
        for part in wrong.says {
            assert!(people.stderr.contains(part), "no {part:?} in {}", people.stderr);
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    }
    assert_eq!(company.writes(), [""; 0]);
}

#[test]
fn help_names_every_flag_the_variables_and_the_exit_statuses() {
    let ended = end(example("onboard").arg("--help"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    let flags = ["--ticket", "--policy", "--journal", "--plan-only", "--check", "--json", "--help"];
    let statuses =
        ["\n  0  done", "\n  1  an error", "\n  2  changes", "\n  4  the world", "\n  5  an approval"];
    for part in flags.into_iter().chain(VARIABLES).chain(["RUST_LOG"]).chain(statuses) {
        assert!(ended.stdout.contains(part), "no {part:?} in {}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_is_missing_and_what_is_too_much_and_changes_nothing() {
    let company = Company::start().await;
    let state = || ["okta", "servicenow"].map(|system| company.sandbox.state()[system].clone());
    let before = state();
    let people = end(company.example("onboard").arg("--check"));
    assert_eq!(people.status, 0, "{people:#?}");
    for part in ["Okta scope okta.users.manage", "ServiceNow role itil", "held", "TOO MUCH"] {
        assert!(people.stdout.contains(part), "no {part:?} in {}", people.stdout);
    }
    let refused = Fault::okta("DELETE", "/api/v1/groups/*", Effect::Status(403));
    company.sandbox.add_fault(refused.always());
    let programs = end(company.example("onboard").args(["--check", "--json"]));
    assert_eq!(programs.status, 1, "{programs:#?}");
    let rows = programs.json()["permissions"]["rows"].as_array().unwrap().clone();
    let groups = rows.iter().find(|row| row["capability"]["name"] == "okta.groups.manage").unwrap();
    assert_eq!((&groups["needed"], &groups["found"]), (&true.into(), &"lacking".into()));
    assert!(state() == before, "nothing is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_in_no_output_no_log_and_no_journal() {
    use base64::Engine as _;

    let company = Company::start().await;
    company.hire();
    // One answer is lost, so that failures are logged too.
    company.sandbox.add_fault(Fault::okta("POST", "/api/v1/users$", Effect::CutAfter));
    company.sandbox.add_fault(Fault::servicenow("PATCH", "*", Effect::Status(503)));
    company.hire_another();
    let people = end(company.example("onboard").env("RUST_LOG", "trace"));
    let programs = end(company.example("onboard").arg("--json").env("RUST_LOG", "trace"));
    assert_eq!((people.status, programs.status), (0, 0), "{people:#?} {programs:#?}");
    assert!(people.stderr.contains("TRACE"), "nothing was logged: {people:#?}");

    let sandbox = &company.sandbox;
    let (token, password) = (sandbox.okta_token(), sandbox.servicenow_password());
    let basic = format!("{}:{password}", sandbox.servicenow_username());
    let basic = base64::engine::general_purpose::STANDARD.encode(basic);
    let journal = String::from_utf8_lossy(&company.folder_bytes()).into_owned();
    assert!(journal.contains("create-account"), "the journal was not looked into");
    let places = [&people.stdout, &people.stderr, &programs.stdout, &programs.stderr, &journal];
    for secret in [token, password, &basic] {
        assert!(places.iter().all(|place| !place.contains(secret)), "a credential is told");
    }
}

fn ids(steps: &Value) -> Vec<&str> {
    steps.as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect()
}
