//! The network itself. The only file that knows `reqwest`.

use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt as _};
use tokio::sync::Notify;

use super::{ClientIdentity, Transport, TransportError};
use crate::body::BodyStream;
use crate::error::Delivery;

/// How the network is used.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportConfig {
    /// How long a connection may take to stand. Default 10 s.
    pub connect_timeout: Duration,
    /// How long a call may take, from the first byte sent to the last received. Default 70 s: longer than the
    /// 60 s after which ServiceNow gives up by itself, so that its own error arrives.
    pub call_timeout: Duration,
    /// Of a call with a body that is read while it goes or comes: how long nothing may move. It may take as long as
    /// something does. Default 70 s, for the same reason: the other side may think so long about what it was sent.
    pub idle_timeout: Duration,
    /// The longest answer that is held, after decompression. Default 64 MiB.
    pub body_cap: usize,
    /// The certificate that this side shows where it is asked for one (mutual TLS). Default none.
    pub identity: Option<ClientIdentity>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(70),
            idle_timeout: Duration::from_secs(70),
            body_cap: 64 * 1024 * 1024,
            identity: None,
        }
    }
}

/// HTTP/1.1 and HTTP/2 over TLS, through the proxy that the environment names (`HTTPS_PROXY`), if any.
///
/// Plain HTTP, which is for this machine, goes past proxies: they would see the credentials, and mean
/// themselves by `localhost`.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: ::reqwest::Client,
    direct: ::reqwest::Client,
    call_timeout: Duration,
    idle_timeout: Duration,
    body_cap: usize,
}

impl HttpTransport {
    /// A transport with connections of its own.
    ///
    /// # Errors
    ///
    /// If the platform's TLS cannot be set up, or certificate and key do not belong together.
    pub fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let builder = || {
            ::reqwest::Client::builder()
                .connect_timeout(config.connect_timeout)
                .redirect(::reqwest::redirect::Policy::none())
                .tcp_nodelay(true)
        };
        let build = |builder: ::reqwest::ClientBuilder| builder.build().map_err(unsent);
        let mut encrypted = builder();
        if let Some(identity) = &config.identity {
            encrypted = encrypted.identity(::reqwest::Identity::from_pem(identity.pem()).map_err(unsent)?);
        }
        let (client, direct) = (build(encrypted)?, build(builder().no_proxy())?);
        let TransportConfig { call_timeout, idle_timeout, body_cap, .. } = *config;
        Ok(Self { client, direct, call_timeout, idle_timeout, body_cap })
    }

    fn client_for(&self, uri: &http::Uri) -> &::reqwest::Client {
        if uri.scheme() == Some(&http::uri::Scheme::HTTP) { &self.direct } else { &self.client }
    }

    async fn read(&self, mut answer: ::reqwest::Response) -> Result<Bytes, TransportError> {
        let mut body = BytesMut::new();
        // From here on the other side has answered, so it has acted as it says; what it says is lost.
        while let Some(chunk) = answer.chunk().await.map_err(cut)? {
            if body.len() + chunk.len() > self.body_cap {
                let what = format!("the answer is longer than {} bytes", self.body_cap);
                return Err(TransportError::new(what, Delivery::Unknown).lasting());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let client = self.client_for(request.uri());
        let mut request = ::reqwest::Request::try_from(request).map_err(unsent)?;
        *request.timeout_mut() = Some(self.call_timeout);
        let answer = client.execute(request).await.map_err(unanswered)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(response(status, headers, self.read(answer).await?))
    }

    async fn stream(
        &self,
        request: http::Request<BodyStream>,
    ) -> Result<http::Response<BodyStream>, TransportError> {
        let client = self.client_for(request.uri());
        let moved = Arc::new(Notify::new());
        let request = ::reqwest::Request::try_from(request.map(|body| outgoing(body, moved.clone())));
        let sending = client.execute(request.map_err(unsent)?);
        let answer = while_moving(self.idle_timeout, &moved, sending).await?.map_err(unanswered)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(response(status, headers, incoming(answer, self.idle_timeout)))
    }
}

fn response<B>(status: http::StatusCode, headers: http::HeaderMap, body: B) -> http::Response<B> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A body to send. Whenever the network takes a piece of it, something `moved`.
fn outgoing(body: BodyStream, moved: Arc<Notify>) -> ::reqwest::Body {
    if body.length() == Some(0) {
        return ::reqwest::Body::default();
    }
    ::reqwest::Body::wrap_stream(body.inspect(move |_| moved.notify_one()))
}

/// The body of an answer, of which something must come at least every `idle`.
fn incoming(answer: ::reqwest::Response, idle: Duration) -> BodyStream {
    let length = answer.content_length();
    let pieces = stream::try_unfold(answer, move |mut answer| async move {
        let piece = while_moving(idle, &Notify::new(), answer.chunk()).await?.map_err(cut)?;
        Ok(piece.map(|piece| (piece, answer)))
    });
    BodyStream::new(length, pieces)
}

/// Does `work`, unless nothing has `moved` for so long.
async fn while_moving<T>(
    idle: Duration,
    moved: &Notify,
    work: impl Future<Output = T>,
) -> Result<T, TransportError> {
    let mut work = pin!(work);
    loop {
        match tokio::time::timeout(idle, select(&mut work, pin!(moved.notified()))).await {
            Ok(Either::Left((done, _))) => return Ok(done),
            Ok(Either::Right(_)) => {}
            Err(_) => {
                let what = format!("nothing moved for {idle:?}");
                return Err(TransportError::new(what, Delivery::Unknown));
            }
        }
    }
}

fn unsent(error: ::reqwest::Error) -> TransportError {
    TransportError::new(chain(error), Delivery::NotSent)
}

fn unanswered(error: ::reqwest::Error) -> TransportError {
    match ours(&error) {
        Some(ours) => ours.clone(),
        None if error.is_connect() || error.is_builder() => unsent(error),
        None => cut(error),
    }
}

fn cut(error: ::reqwest::Error) -> TransportError {
    TransportError::new(chain(error), Delivery::Unknown)
}

/// The error of the body that was being sent, if that is what it is about.
fn ours(error: &::reqwest::Error) -> Option<&TransportError> {
    let mut causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.find_map(|error| error.downcast_ref())
}

/// What happened, down to its root ("connection refused"), without the URL: that holds logins and queries.
fn chain(error: ::reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
