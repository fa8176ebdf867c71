//! Plain HTTP to the sandbox; no client of ours.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "each test program uses its share")]

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, Response};
use sandbox::Sandbox;
use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn number(&self, name: &str) -> i64 {
        self.header(name).parse().unwrap()
    }

    /// Path and query of a `Link` line.
    pub fn link(&self, relation: &str) -> Option<String> {
        let wanted = format!("rel=\"{relation}\"");
        let lines = self.headers.get_all("link").iter().map(|line| line.to_str().unwrap());
        let line = lines.flat_map(|line| line.split(",<")).find(|line| line.contains(&wanted))?;
        let url = line.trim_start_matches('<').split('>').next()?;
        Some(url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap())
    }

    pub fn result(&self) -> Value {
        self.json()["result"].clone()
    }
}

async fn read(answer: Response) -> Answer {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

fn with_body(request: RequestBuilder, body: Option<Value>) -> RequestBuilder {
    match body {
        // Okta answers 411 to a POST or PUT that does not say how long its body is.
        None => request.header("content-length", "0"),
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
    }
}

pub async fn try_okta(sandbox: &Sandbox, call: &str, body: Option<Value>) -> reqwest::Result<Answer> {
    let (method, path) = call.split_once(' ').unwrap();
    let url = format!("{}{path}", sandbox.okta_url());
    let request = Client::new()
        .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
        .header("authorization", format!("SSWS {}", sandbox.okta_token()))
        .header("user-agent", "sandbox-tests/1");
    Ok(read(with_body(request, body).send().await?).await)
}

/// `okta(&sandbox, "GET /api/v1/users", None)`
pub async fn okta(sandbox: &Sandbox, call: &str, body: Option<Value>) -> Answer {
    try_okta(sandbox, call, body).await.unwrap()
}

pub async fn try_servicenow(sandbox: &Sandbox, call: &str, body: Option<Value>) -> reqwest::Result<Answer> {
    let (method, path) = call.split_once(' ').unwrap();
    let url = format!("{}{path}", sandbox.servicenow_url());
    let request = Client::new()
        .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
        .basic_auth(sandbox.servicenow_username(), Some(sandbox.servicenow_password()))
        .header("user-agent", "sandbox-tests/1");
    Ok(read(with_body(request, body).send().await?).await)
}

pub async fn servicenow(sandbox: &Sandbox, call: &str, body: Option<Value>) -> Answer {
    try_servicenow(sandbox, call, body).await.unwrap()
}

pub async fn control(sandbox: &Sandbox, call: &str, body: Option<Value>) -> Answer {
    let (method, path) = call.split_once(' ').unwrap();
    let url = format!("{}{path}", sandbox.control_url());
    let request = Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), url);
    read(with_body(request, body).send().await.unwrap()).await
}

/// A query value, encoded.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
