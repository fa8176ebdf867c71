//! The network itself. The only file that knows `reqwest`.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{Transport, TransportError};
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
    /// The longest answer that is read, after decompression. Default 64 MiB.
    pub body_cap: usize,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(70),
            body_cap: 64 * 1024 * 1024,
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
    body_cap: usize,
}

impl HttpTransport {
    /// A transport with connections of its own.
    ///
    /// # Errors
    ///
    /// If the platform's TLS cannot be set up.
    pub fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        let builder = || {
            ::reqwest::Client::builder()
                .connect_timeout(config.connect_timeout)
                .timeout(config.call_timeout)
                .redirect(::reqwest::redirect::Policy::none())
                .tcp_nodelay(true)
        };
        let build = |builder: ::reqwest::ClientBuilder| {
            builder.build().map_err(|error| TransportError::new(chain(error), Delivery::NotSent))
        };
        let (client, direct) = (build(builder())?, build(builder().no_proxy())?);
        Ok(Self { client, direct, body_cap: config.body_cap })
    }

    async fn read(&self, mut answer: ::reqwest::Response) -> Result<Bytes, TransportError> {
        let mut body = BytesMut::new();
        // From here on the other side has answered, so it has acted as it says; what it says is lost.
        while let Some(chunk) =
            answer.chunk().await.map_err(|error| TransportError::new(chain(error), Delivery::Unknown))?
        {
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
        let plain = request.uri().scheme() == Some(&http::uri::Scheme::HTTP);
        let client = if plain { &self.direct } else { &self.client };
        let request = ::reqwest::Request::try_from(request)
            .map_err(|error| TransportError::new(chain(error), Delivery::NotSent))?;
        let answer = client.execute(request).await.map_err(|error| {
            let delivery =
                if error.is_connect() || error.is_builder() { Delivery::NotSent } else { Delivery::Unknown };
            TransportError::new(chain(error), delivery)
        })?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = http::Response::new(self.read(answer).await?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
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
