//! An example as a program: a process of its own, on a sandbox that belongs to the test.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lifecycle::{Engine, JournalError, Systems};
use okta_client::OktaClient;
use sandbox::{Effect, Fault, Limits, OnboardingRequest, RequestRecord, Sandbox, System, Ticket};
use serde_json::Value;
use servicenow_client::ServiceNowClient;

/// What names the tenants. Whoever runs the tests may have them set.
pub const VARIABLES: [&str; 5] =
    ["OKTA_CLIENT_ORGURL", "OKTA_CLIENT_TOKEN", "SN_HOST", "SN_USERNAME", "SN_PASSWORD"];

/// Longer than any test, in milliseconds.
pub const FOR_EVER: u64 = 3_600_000;

/// How long anything may take before a test gives up on it.
const PATIENCE_SECONDS: i64 = 60;

/// A process that ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// All of stdout, as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }
}

/// The example `name`, on nothing: neither tenants nor logging are set.
pub fn example(name: &str) -> Command {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let why =
        "run `cargo build -p identity-lifecycle-examples --examples` first, or `cargo test` without `--test`";
    assert!(path.exists(), "there is no {}: {why}", path.display());
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    for variable in VARIABLES.into_iter().chain(["RUST_LOG"]) {
        command.env_remove(variable);
    }
    command
}

/// Runs a process to its end.
pub fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("the example starts");
    Ended {
        status: output.status.code().expect("nobody kills the example"),
        stdout: String::from_utf8(output.stdout).expect("the example prints text"),
        stderr: String::from_utf8(output.stderr).expect("the example prints text"),
    }
}

/// A company to work on, and a folder for journals.
pub struct Company {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
}

impl Company {
    /// Twenty people, no open request, no limits and no lags.
    pub async fn start() -> Self {
        let lag = std::time::Duration::ZERO;
        let builder = Sandbox::builder().people(20).new_hires(0).limits(Limits::Unlimited);
        let sandbox = builder.search_lag(lag).log_lag(lag).start().await.expect("the sandbox starts");
        Self { sandbox, folder: tempfile::tempdir().expect("there is a place for temporary files") }
    }

    /// Opens a request to onboard Nora Lindqvist, who starts today.
    pub fn hire(&self) -> Ticket {
        self.sandbox.add_onboarding_request(&OnboardingRequest::default())
    }

    /// Opens a request to onboard somebody else.
    pub fn hire_another(&self) -> Ticket {
        self.sandbox.add_onboarding_request(&OnboardingRequest {
            first_name: Some("Ada".into()),
            last_name: Some("Byron".into()),
            personal_email: Some("ada@mail.example".into()),
            employee_number: Some("90002".into()),
            ..OnboardingRequest::default()
        })
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// The example `name` on this company's systems, with its journal and the bundled policy.
    pub fn example(&self, name: &str) -> Command {
        let mut command = self.bare_example(name);
        command.arg("--journal").arg(self.journal()).arg("--policy").arg(policy());
        command
    }

    /// The same without arguments.
    pub fn bare_example(&self, name: &str) -> Command {
        let sandbox = &self.sandbox;
        let mut command = example(name);
        command
            .env("OKTA_CLIENT_ORGURL", sandbox.okta_url())
            .env("OKTA_CLIENT_TOKEN", sandbox.okta_token())
            .env("SN_HOST", sandbox.servicenow_url())
            .env("SN_USERNAME", sandbox.servicenow_username())
            .env("SN_PASSWORD", sandbox.servicenow_password());
        command
    }

    /// The journal's engine in this process, as soon as the process before has let go of it.
    pub fn engine(&self) -> Engine {
        let sandbox = &self.sandbox;
        let okta = OktaClient::builder(sandbox.okta_url()).api_token(sandbox.okta_token().to_owned().into());
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
            .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into());
        let systems = Systems::new(okta.build().unwrap(), servicenow.build().unwrap());
        self.wait_for("the journal", || match Engine::embedded(self.journal(), systems.clone()) {
            Err(JournalError::InUse { .. }) => None,
            engine => Some(engine.expect("the journal opens")),
        })
    }

    /// Spins until `look` sees something.
    pub fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let clock = self.sandbox.clock();
        let begun = clock.now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            assert!((clock.now() - begun).num_seconds() < PATIENCE_SECONDS, "{what} never came");
            std::thread::yield_now();
        }
    }

    /// Starts a process, and kills it as soon as the systems have seen so many requests.
    pub fn kill_at(&self, command: &mut Command, requests: usize) {
        self.kill_when(command, || self.sandbox.requests().len() >= requests);
    }

    /// Starts a process, and kills it after its first such request has acted and before it is answered.
    pub fn kill_in(&self, command: &mut Command, method: &str, path: &str) {
        let system = if path.starts_with("/api/v1/") { System::Okta } else { System::ServiceNow };
        self.sandbox.add_fault(Fault::on(system, method, path, Effect::DelayMs(FOR_EVER)));
        let (before, wanted) = (self.sandbox.requests().len(), format!("{method} {path}"));
        self.kill_when(command, || {
            let requests = self.sandbox.requests();
            requests[before..].iter().any(|request| line(request).starts_with(&wanted))
        });
        self.sandbox.clear_faults();
    }

    fn kill_when(&self, command: &mut Command, mut is_time: impl FnMut() -> bool) {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        self.wait_for("the moment to kill it", || {
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "it ended before the moment to kill it came");
            is_time().then_some(())
        });
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Every request but those that only read.
    pub fn writes(&self) -> Vec<String> {
        self.sandbox.requests().iter().filter(|request| request.method != "GET").map(line).collect()
    }

    /// All that is in the folder of journals.
    pub fn folder_bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The rows of a ServiceNow table, or a list of Okta's.
    pub fn rows(&self, system: &str, name: &str) -> Vec<Value> {
        self.sandbox.state()[system][name].as_array().cloned().unwrap_or_default()
    }

    /// The marks on notes, `report` and the like, each as often as it stands there.
    pub fn marks(&self) -> Vec<String> {
        let texts = self.rows("servicenow", "sys_journal_field");
        let texts = texts.iter().filter_map(|row| row["value"].as_str());
        let mark = |text: &str| Some(text.split_once("[lc ")?.1.split_once(']')?.0.to_owned());
        let mut marks: Vec<String> = texts.filter_map(mark).collect();
        marks.sort();
        marks
    }

    /// What is wrong, if not exactly one onboarding of Nora Lindqvist happened, and completely.
    pub fn flaws_of_one_onboarding(&self, ticket: &Ticket) -> Vec<String> {
        let mut flaws = Vec::new();
        let mut expect = |what: &str, found: usize, wanted: usize| {
            if found != wanted {
                flaws.push(format!("{found} {what} instead of {wanted}"));
            }
        };
        let nora = |login: &Value| login.as_str().is_some_and(|login| login.starts_with("nora.lindqvist"));
        let okta = self.rows("okta", "users");
        let okta: Vec<_> = okta.iter().filter(|user| nora(&user["profile"]["login"])).collect();
        expect("Okta users", okta.len(), 1);
        let provisioned = okta.iter().filter(|user| user["status"] == "PROVISIONED");
        expect("provisioned users", provisioned.count(), 1);
        let users = self.rows("servicenow", "sys_user");
        expect("ServiceNow users", users.iter().filter(|user| nora(&user["user_name"])).count(), 1);
        expect("mails", self.rows("okta", "mails").len(), 1);
        let log = self.rows("okta", "logs");
        for (event, times) in
            [("user.lifecycle.create", 1), ("user.lifecycle.activate", 1), ("group.user_membership.add", 5)]
        {
            expect(event, log.iter().filter(|entry| entry["eventType"] == event).count(), times);
        }
        let marks = self.marks();
        expect("notes", marks.len(), 2);
        expect("different notes", marks.iter().collect::<BTreeSet<_>>().len(), 2);
        let closed = |table: &str, id: &str| {
            let rows = self.rows("servicenow", table);
            rows.iter().filter(|row| row["sys_id"] == id && row["state"] == "3").count()
        };
        expect("closed tasks", closed("sc_task", &ticket.task_sys_id), 1);
        expect("closed items", closed("sc_req_item", &ticket.item_sys_id), 1);
        flaws
    }
}

/// A request in one line: `POST /api/v1/users?activate=false`.
pub fn line(request: &RequestRecord) -> String {
    format!("{} {}", request.method, request.path)
}

/// The bundled policy.
pub fn policy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/acme.toml")
}
