//! An org of canned answers, for tests of single calls: what it saw, over a real socket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mockito::Matcher;
use okta_client::OktaClient;
use serde_json::{Value, json};

use super::{Longest, TestClock};

/// The request id of answers that have one.
pub(crate) const REQUEST_ID: &str = "d8c32875dfe75dda51a3f0bad9478b90";

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Saw {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, Vec<String>>,
    pub(crate) body: Option<Value>,
}

impl Saw {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        match self.headers.get(name).map(Vec::as_slice) {
            Some([one]) => Some(one),
            Some(many) => panic!("{name} came {} times", many.len()),
            None => None,
        }
    }

    /// Method, target and body are these, and the headers are as always.
    #[track_caller]
    pub(crate) fn is(&self, method: &str, target: &str, body: Option<Value>) {
        assert_eq!((self.method.as_str(), self.target.as_str()), (method, target));
        assert_eq!(self.header("authorization"), Some("SSWS t0ken"));
        assert_eq!(self.header("accept"), Some("application/json"));
        assert_eq!(
            self.header("user-agent"),
            Some(concat!("payroll/3.2 okta-client-rs/", env!("CARGO_PKG_VERSION")))
        );
        assert_eq!(self.header("content-type"), body.as_ref().map(|_| "application/json"));
        if body.is_none() && matches!(method, "POST" | "PUT") {
            assert_eq!(self.header("content-length"), Some("0"));
        }
        assert_eq!(self.body, body);
    }
}

/// An org that answers as told, once each and in order, and a client of it.
pub(crate) struct Org {
    pub(crate) server: mockito::ServerGuard,
    saw: Arc<Mutex<Vec<Saw>>>,
    pub(crate) okta: OktaClient,
    pub(crate) clock: Arc<TestClock>,
}

pub(crate) struct Reply {
    status: usize,
    headers: Vec<(&'static str, String)>,
    body: String,
}

pub(crate) fn reply(status: usize, body: Value) -> Reply {
    Reply { status, headers: vec![("content-type", "application/json".into())], body: body.to_string() }
}

pub(crate) fn empty(status: usize) -> Reply {
    Reply { status, headers: vec![], body: String::new() }
}

pub(crate) fn html(status: usize) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "text/html; charset=utf-8".into())],
        body: "<html>Our service is away</html>".into(),
    }
}

impl Reply {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer ends before its document does.
    pub(crate) fn cut(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    pub(crate) fn request_id(self) -> Self {
        self.header("x-okta-request-id", REQUEST_ID)
    }
}

impl Org {
    pub(crate) async fn new() -> Self {
        let server = mockito::Server::new_async().await;
        let clock = Arc::new(TestClock::default());
        let okta = OktaClient::builder(server.url())
            .api_token("t0ken".into())
            .user_agent("payroll/3.2")
            .clock(clock.clone())
            .randomness(Arc::new(Longest))
            .build()
            .unwrap();
        Self { server, saw: Arc::default(), okta, clock }
    }

    /// The next request with this method is answered so.
    pub(crate) async fn will(&mut self, method: &str, reply: Reply) {
        let saw = self.saw.clone();
        let mut mock = self.server.mock(method, Matcher::Any).with_status(reply.status);
        for (name, value) in &reply.headers {
            mock = mock.with_header(*name, value);
        }
        mock.with_body_from_request(move |request| {
            let mut headers: HashMap<String, Vec<String>> = HashMap::new();
            for (name, value) in request.headers() {
                headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
            }
            let body = request.body().unwrap();
            saw.lock().unwrap().push(Saw {
                method: request.method().to_owned(),
                target: request.path_and_query().to_owned(),
                headers,
                body: (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap()),
            });
            reply.body.clone().into_bytes()
        })
        .expect(1)
        .create_async()
        .await;
    }

    pub(crate) async fn answering(method: &str, reply: Reply) -> Self {
        let mut org = Self::new().await;
        org.will(method, reply).await;
        org
    }

    pub(crate) fn saw(&self) -> Vec<Saw> {
        std::mem::take(&mut self.saw.lock().unwrap())
    }

    /// The only request that came.
    #[track_caller]
    pub(crate) fn saw_one(&self) -> Saw {
        let mut saw = self.saw();
        assert_eq!(saw.len(), 1, "{saw:?}");
        saw.remove(0)
    }
}

/// Okta's error object.
pub(crate) fn problem(code: &str, summary: &str, causes: &[&str]) -> Value {
    let causes: Vec<_> = causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    json!({
        "errorCode": code, "errorSummary": summary, "errorLink": code,
        "errorId": "oaelr1lt59PSM-TvHYQ_LDr5g", "errorCauses": causes
    })
}
