//! What real orgs answered, recorded: our models read it, and write it back with nothing lost.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use okta_client::apps::{App, AppUser};
use okta_client::factors::Factor;
use okta_client::group_rules::{GivenMemberships, GroupRule};
use okta_client::groups::Group;
use okta_client::hooks::EventHook;
use okta_client::rate_limits::{PerClientMode, PerClientSettings};
use okta_client::roles::RoleAssignment;
use okta_client::users::{ActivationLink, Mail, User};
use okta_client::{
    Call, Class, Error, ExposeSecret as _, OktaClient, Path, Problem as _, Request, Transport, TransportError,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use support::TestClock;

/// One request and its answer, as recorded.
struct Recording {
    file: PathBuf,
    method: String,
    /// Path without host and query.
    path: String,
    query: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Recording {
    fn read(file: &FilePath, interaction: &Value) -> Self {
        let (request, response) = (&interaction["request"], &interaction["response"]);
        let url = request["url"].as_str().unwrap().strip_prefix("https://test.okta.com").unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut headers = Vec::new();
        for (name, value) in response["headers"].as_object().unwrap() {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            headers.extend(values.iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())));
        }
        Self {
            file: file.to_owned(),
            method: request["method"].as_str().unwrap().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            status: response["status"].as_u64().unwrap().try_into().unwrap(),
            headers,
            body: response["body"].clone(),
        }
    }

    fn name(&self) -> String {
        format!("{}: {} {}?{}", self.file.display(), self.method, self.path, self.query)
    }

    /// A client whose network gives this answer to anything.
    fn client(&self) -> OktaClient {
        let mut answer = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            answer = answer.header(name, value);
        }
        let body = if self.body.is_null() { Bytes::new() } else { self.body.to_string().into() };
        OktaClient::builder("https://test.okta.com")
            .api_token("t0ken".into())
            .clock(Arc::new(TestClock::default()))
            .transport(Arc::new(Replay(answer.body(body).unwrap())))
            .build()
            .unwrap()
    }

    async fn decoded<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.client().send(&Call::read("okta.recorded", Request::get(Path::new("/api/v1/recorded")))).await
    }
}

#[derive(Debug)]
struct Replay(http::Response<Bytes>);

#[async_trait]
impl Transport for Replay {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        Ok(self.0.clone())
    }
}

fn recordings() -> Vec<Recording> {
    let Some(folder) = support::shared("fixtures/okta") else { return Vec::new() };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "json") {
            let cassette: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let interactions = cassette["interactions"].as_array().unwrap();
            all.extend(interactions.iter().map(|interaction| Recording::read(&file, interaction)));
        }
    }
    assert!(all.len() > 100, "only {} recordings", all.len());
    all
}

fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches("/api/v1/").split('/').collect()
}

/// Everything in `sent` is in `written`, with times compared as times.
#[track_caller]
fn kept(sent: &Value, written: &Value, at: &str) {
    match (sent, written) {
        (Value::Object(sent), Value::Object(written)) => {
            // Absent and null mean the same in what Okta answers.
            for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
                let there = written.get(name).unwrap_or_else(|| panic!("{at}.{name} was lost"));
                kept(value, there, &format!("{at}.{name}"));
            }
        }
        (Value::Array(sent), Value::Array(written)) => {
            assert_eq!(sent.len(), written.len(), "{at}");
            for (n, (sent, written)) in sent.iter().zip(written).enumerate() {
                kept(sent, written, &format!("{at}[{n}]"));
            }
        }
        (Value::String(text), Value::String(other)) if text != other => {
            let time = |text: &str| text.parse::<DateTime<Utc>>().ok();
            assert!(time(text).is_some() && time(text) == time(other), "{at}: {text} became {other}");
        }
        _ => assert_eq!(sent, written, "{at}"),
    }
}

async fn survives<T>(recording: &Recording)
where
    T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug,
{
    let name = recording.name();
    let value: T = recording.decoded().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let written = serde_json::to_value(&value).unwrap();
    kept(&recording.body, &written, &name);
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), value, "{name}");
}

#[tokio::test]
async fn every_recorded_user_is_read_and_written_back_whole() {
    let (mut users, mut lists) = (0, 0);
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status == 200) {
        match (recording.method.as_str(), &segments(&recording.path)[..]) {
            ("GET" | "POST" | "PUT", ["users", _]) | ("POST", ["users"]) => {
                survives::<User>(recording).await;
                users += 1;
            }
            ("GET", ["users"] | ["groups", _, "users"]) => {
                survives::<Vec<User>>(recording).await;
                lists += 1;
            }
            _ => {}
        }
    }
    assert!(all.is_empty() || (users > 15 && lists > 8), "{users} users and {lists} lists");
}

#[tokio::test]
async fn every_recorded_group_is_read_and_written_back_whole() {
    let (mut groups, mut lists) = (0, 0);
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status == 200) {
        match (recording.method.as_str(), &segments(&recording.path)[..]) {
            ("POST", ["groups"]) => {
                survives::<Group>(recording).await;
                groups += 1;
            }
            ("GET", ["groups"] | ["users", _, "groups"]) => {
                survives::<Vec<Group>>(recording).await;
                lists += 1;
            }
            _ => {}
        }
    }
    assert!(all.is_empty() || (groups > 2 && lists > 1), "{groups} groups and {lists} lists");
}

#[tokio::test]
async fn every_recorded_event_hook_is_read_and_written_back_whole() {
    let all = recordings();
    let hooks = all
        .iter()
        .filter(|recording| recording.status == 200 && segments(&recording.path)[0] == "eventHooks");
    let mut read = 0;
    for recording in hooks {
        survives::<EventHook>(recording).await;
        read += 1;
    }
    assert!(all.is_empty() || read == 3, "{read} event hooks");
}

#[tokio::test]
async fn every_recorded_factor_and_role_is_read_and_written_back_whole() {
    let (mut factors, mut roles) = (0, 0);
    let all = recordings();
    for recording in all.iter().filter(|recording| matches!(recording.status, 200 | 201)) {
        match (recording.method.as_str(), &segments(&recording.path)[..]) {
            ("POST", ["users", _, "factors"]) => survives::<Factor>(recording).await,
            ("GET", ["users", _, "factors"]) => {
                survives::<Vec<Factor>>(recording).await;
                factors += 1;
            }
            ("POST", ["users", _, "roles"]) => survives::<RoleAssignment>(recording).await,
            ("GET", ["users", _, "roles"]) => {
                survives::<Vec<RoleAssignment>>(recording).await;
                roles += 1;
            }
            _ => {}
        }
    }
    assert!(all.is_empty() || (factors >= 2 && roles >= 2), "{factors} and {roles} lists");
}

#[tokio::test]
async fn the_recorded_rate_limit_settings_are_read_and_written_back_whole() {
    let all = recordings();
    let settings = all.iter().filter(|recording| segments(&recording.path)[0] == "rate-limit-settings");
    let mut read = 0;
    for recording in settings {
        survives::<PerClientSettings>(recording).await;
        let settings = recording.client().rate_limits().per_client().await.unwrap();
        assert_eq!(settings, PerClientSettings::everywhere(PerClientMode::Enforce));
        read += 1;
    }
    assert!(all.is_empty() || read == 1, "{read} settings");
}

#[tokio::test]
async fn every_recorded_rule_app_and_assignment_is_read_and_written_back_whole() {
    let (mut rules, mut apps, mut assignments) = (0, 0, 0);
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status == 200) {
        match (recording.method.as_str(), &segments(&recording.path)[..]) {
            ("POST", ["groups", "rules"]) | ("PUT", ["groups", "rules", _]) => {
                survives::<GroupRule>(recording).await;
                rules += 1;
            }
            ("GET", ["groups", "rules"]) => survives::<Vec<GroupRule>>(recording).await,
            ("POST", ["apps"]) => {
                survives::<App>(recording).await;
                apps += 1;
            }
            ("GET", ["apps"]) => survives::<Vec<App>>(recording).await,
            ("POST", ["apps", _, "users"]) | ("GET", ["apps", _, "users", _]) => {
                survives::<AppUser>(recording).await;
                assignments += 1;
            }
            ("GET", ["apps", _, "users"]) => survives::<Vec<AppUser>>(recording).await,
            _ => {}
        }
    }
    let enough = rules > 1 && apps > 2 && assignments > 2;
    assert!(all.is_empty() || enough, "{rules} rules, {apps} apps and {assignments} assignments");
}

#[tokio::test]
async fn recorded_ends_of_rules_groups_apps_and_assignments_are_success_whatever_they_say() {
    let mut done = 0;
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status < 300) {
        let okta = recording.client();
        let result = match (recording.method.as_str(), &segments(&recording.path)[..]) {
            ("DELETE", ["groups", "rules", id]) => {
                okta.group_rules().delete(&id.parse().unwrap(), GivenMemberships::Keep).await
            }
            ("POST", ["groups", "rules", id, "lifecycle", "activate"]) => {
                okta.group_rules().activate(&id.parse().unwrap()).await
            }
            ("DELETE", ["groups", id]) => okta.groups().delete(&id.parse().unwrap()).await,
            ("POST", ["apps", id, "lifecycle", "deactivate"]) => {
                okta.apps().deactivate(&id.parse().unwrap()).await
            }
            ("DELETE", ["apps", id]) => okta.apps().delete(&id.parse().unwrap()).await,
            ("DELETE", ["apps", id, "users", user]) => {
                okta.apps().users(&id.parse().unwrap()).unassign(&user.parse().unwrap()).await
            }
            _ => continue,
        };
        result.unwrap_or_else(|error| panic!("{}: {error:?}", recording.name()));
        done += 1;
    }
    assert!(all.is_empty() || done > 8, "{done} ends");
}

#[tokio::test]
async fn every_recorded_refusal_is_classified() {
    let mut refusals = Vec::new();
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status >= 400) {
        let error = recording.decoded::<Value>().await.unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!(problem.status, recording.status);
        let said = |name: &str, oauth: &str| {
            recording.body[name].as_str().or_else(|| recording.body[oauth].as_str()).map(str::to_owned)
        };
        assert_eq!(problem.code, said("errorCode", "error"), "{}", recording.name());
        assert_eq!(problem.summary, said("errorSummary", "error_description"));
        assert_eq!(problem.error_id.as_deref(), recording.body["errorId"].as_str());
        let causes = recording.body["errorCauses"].as_array().map_or(0, Vec::len);
        assert_eq!(problem.causes.len(), causes, "{}", recording.name());
        let id = recording.headers.iter().find(|(name, _)| name == "x-okta-request-id");
        assert_eq!(error.request_id(), id.map(|(_, value)| value.as_str()));
        refusals.push((problem.status, problem.code.clone(), problem.class()));
    }
    for (status, code, class) in [
        (400, "E0000001", Class::Invalid),
        (400, "E0000029", Class::Invalid),
        (403, "E0000032", Class::WrongState),
        (403, "E0000038", Class::WrongState),
        (404, "E0000007", Class::NotFound),
    ] {
        assert!(all.is_empty() || refusals.contains(&(status, Some(code.into()), class)), "{code}");
    }
}

#[tokio::test]
async fn recorded_lifecycle_answers_are_success_whatever_they_say() {
    let mut done = BTreeSet::new();
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status < 300) {
        let ["users", id, "lifecycle", action] = segments(&recording.path)[..] else { continue };
        let (okta, id) = (recording.client(), id.parse().unwrap());
        let users = okta.users();
        let sent = |name: &str| recording.body[name].as_str().unwrap().to_owned();
        let result = match action {
            "activate" => {
                let link: ActivationLink = users.activate(&id, Mail::Withhold).await.unwrap().unwrap();
                assert_eq!(link.url.expose_secret(), sent("activationUrl"));
                Ok(())
            }
            "reset_password" => users.reset_password(&id, Mail::Withhold).await.map(|link| {
                assert_eq!(link.unwrap().expose_secret(), sent("resetPasswordUrl"));
            }),
            "expire_password_with_temp_password" => {
                users.expire_password_with_temp_password(&id).await.map(|password| {
                    assert_eq!(password.expose_secret(), sent("tempPassword"));
                })
            }
            "deactivate" => users.deactivate(&id).await,
            "suspend" => users.suspend(&id).await,
            "unsuspend" => users.unsuspend(&id).await,
            "reset_factors" => users.reset_factors(&id).await,
            action => panic!("{action} is not looked at"),
        };
        result.unwrap_or_else(|error| panic!("{}: {error:?}", recording.name()));
        done.insert(action);
    }
    assert!(all.is_empty() || done.len() == 7, "{done:?}");
}

#[tokio::test]
async fn what_was_recorded_beside_users_is_read() {
    let mut done = BTreeSet::new();
    let all = recordings();
    for recording in all.iter().filter(|recording| recording.status < 300) {
        let ["users", id, what] = segments(&recording.path)[..] else { continue };
        let (okta, id) = (recording.client(), id.parse().unwrap());
        let users = okta.users();
        let result = match (recording.method.as_str(), what) {
            ("DELETE", "sessions") => users.revoke_sessions(&id).await,
            ("GET", "appLinks") => users.app_links(&id).collect_all().await.map(drop),
            ("GET", "grants") => users.grants(&id).list().collect_all().await.map(drop),
            _ => continue,
        };
        result.unwrap_or_else(|error| panic!("{}: {error:?}", recording.name()));
        done.insert(what);
    }
    assert!(all.is_empty() || done.len() == 3, "{done:?}");
}
