//! Requests that a vendor itself makes: one connection each, plain HTTP on loopback.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// More than anybody has to say to a vendor.
const MOST_BODY: usize = 256 * 1024;

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) method: &'static str,
    pub(crate) uri: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Whether the sandbox can call it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    here && url.scheme() == "http"
}

/// Sends it and waits so long, in real time: the other side does not know the sandbox's.
pub(crate) async fn send(letter: &Letter, patience: Duration) -> Option<Heard> {
    tokio::time::timeout(patience, exchange(letter)).await.ok()?
}

async fn exchange(letter: &Letter) -> Option<Heard> {
    let address = letter.uri.socket_addrs(|| None).ok()?;
    let stream = TcpStream::connect(&address[..]).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    // It ends with the sender.
    drop(tokio::spawn(connection));
    let response = sender.send_request(request(letter)?).await.ok()?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MOST_BODY).collect().await.ok()?.to_bytes();
    Some(Heard { status, body })
}

fn request(letter: &Letter) -> Option<http::Request<Full<Bytes>>> {
    let target = &letter.uri[url::Position::BeforePath..url::Position::AfterQuery];
    let authority = &letter.uri[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = http::Request::builder().method(letter.method).uri(target).header(HOST, authority);
    for (name, value) in &letter.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(letter.body.clone())).ok()
}
