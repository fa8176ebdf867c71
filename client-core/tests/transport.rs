//! The network adapter, over real sockets on loopback.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::Write as _;
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use client_core::{Delivery, HttpTransport, Transport as _, TransportConfig, TransportError};

use support::server;

fn transport(change: impl FnOnce(&mut TransportConfig)) -> HttpTransport {
    let mut config = TransportConfig::default();
    change(&mut config);
    HttpTransport::new(&config).unwrap()
}

fn request(method: &str, url: &str) -> http::Request<Bytes> {
    http::Request::builder().method(method).uri(url).body(Bytes::new()).unwrap()
}

/// Accepts one connection, reads a request's head, answers with these bytes and hangs up. Gives the address
/// and what it read.
fn answering(answer: &'static [u8]) -> (String, JoinHandle<String>) {
    server(|stream, head| {
        stream.write_all(answer).unwrap();
        head
    })
}

fn check(error: &TransportError, delivery: Delivery) {
    assert_eq!(error.delivery(), delivery, "{error}");
    let said = format!("{error} {error:?}");
    assert!(!said.contains("hunter2") && !said.contains("127.0.0.1"), "{said}");
}

#[tokio::test]
async fn an_answer_comes_whole_with_every_header_line() {
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/api/things?after=a%2Bb&x=")
        .with_status(404)
        .with_header("link", "<https://h/1>; rel=\"self\"")
        .with_header("link", "<https://h/2>; rel=\"next\"")
        .with_body("none")
        .create_async()
        .await;
    let url = format!("{}/api/things?after=a%2Bb&x=", server.url());
    let answer = transport(|_| ()).send(request("GET", &url)).await.unwrap();
    mock.assert_async().await;
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (404, &b"none"[..]));
    assert_eq!(answer.headers().get_all("link").iter().count(), 2);
}

#[tokio::test]
async fn an_answer_longer_than_the_cap_is_given_up() {
    let mut server = mockito::Server::new_async().await;
    server.mock("GET", "/exact").with_body(vec![b'x'; 1000]).create_async().await;
    server.mock("GET", "/longer").with_body(vec![b'x'; 1001]).create_async().await;
    let transport = transport(|config| config.body_cap = 1000);
    let exact = transport.send(request("GET", &format!("{}/exact", server.url()))).await.unwrap();
    assert_eq!(exact.body().len(), 1000);
    let error = transport.send(request("GET", &format!("{}/longer", server.url()))).await.unwrap_err();
    check(&error, Delivery::Unknown);
    assert_eq!(error.to_string(), "the answer is longer than 1000 bytes");
    assert!(error.is_lasting());
}

#[tokio::test]
async fn the_cap_counts_what_an_answer_unpacks_to() {
    /// A hundred thousand zeros, packed.
    const PACKED: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 74, 235, 159, 206, 26, 30, 64,
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 175, 6, 133,
        194, 77, 197, 160, 134, 1, 0,
    ];
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/")
        .match_header("accept-encoding", "gzip")
        .with_header("content-encoding", "gzip")
        .with_body(PACKED)
        .expect(2)
        .create_async()
        .await;
    let whole = transport(|_| ()).send(request("GET", &server.url())).await.unwrap();
    assert_eq!(whole.body().len(), 100_000);
    let capped = transport(|config| config.body_cap = 10_000);
    check(&capped.send(request("GET", &server.url())).await.unwrap_err(), Delivery::Unknown);
    mock.assert_async().await;
}

#[tokio::test]
#[ignore = "run by the next one, which puts a proxy into its environment"]
async fn call_this_machine() {
    let mut server = mockito::Server::new_async().await;
    server.mock("GET", "/").create_async().await;
    assert_eq!(transport(|_| ()).send(request("GET", &server.url())).await.unwrap().status(), 200);
}

#[test]
fn a_proxy_of_the_environment_does_not_see_what_goes_to_this_machine() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "call_this_machine"])
        .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, &proxy)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

#[tokio::test]
async fn redirects_are_answers_and_not_followed() {
    let mut server = mockito::Server::new_async().await;
    let target = server.mock("GET", "/elsewhere").expect(0).create_async().await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/elsewhere", server.url());
        server
            .mock("GET", "/here")
            .with_status(status)
            .with_header("location", &location)
            .create_async()
            .await;
        let here = format!("{}/here", server.url());
        let answer = transport(|_| ()).send(request("GET", &here)).await.unwrap();
        assert_eq!(usize::from(answer.status().as_u16()), status);
    }
    target.assert_async().await;
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/")
        .match_header("cookie", mockito::Matcher::Missing)
        .with_header("set-cookie", "sid=1; Path=/")
        .expect(2)
        .create_async()
        .await;
    let transport = transport(|_| ());
    for _ in 0..2 {
        transport.send(request("GET", &server.url())).await.unwrap();
    }
    mock.assert_async().await;
}

#[tokio::test]
async fn a_body_that_is_cut_short_may_have_been_acted_on() {
    let (url, server) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":");
    let error = transport(|_| ()).send(request("POST", &url)).await.unwrap_err();
    check(&error, Delivery::Unknown);
    server.join().unwrap();
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_may_have_delivered() {
    let (url, server) = answering(b"");
    let error = transport(|_| ()).send(request("POST", &url)).await.unwrap_err();
    check(&error, Delivery::Unknown);
    server.join().unwrap();
}

#[tokio::test]
async fn an_answer_that_is_no_http_may_follow_a_delivery() {
    let (url, server) = answering(b"SSH-2.0-OpenSSH_9.9\r\n\r\n");
    let error = transport(|_| ()).send(request("POST", &url)).await.unwrap_err();
    check(&error, Delivery::Unknown);
    server.join().unwrap();
}

#[tokio::test]
async fn a_connection_that_never_stood_delivered_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/secret?q=hunter2", listener.local_addr().unwrap());
    drop(listener);
    let error = transport(|_| ()).send(request("POST", &url)).await.unwrap_err();
    check(&error, Delivery::NotSent);
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_may_have_been_acted_on() {
    // Accepts (the kernel does) and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/secret?q=hunter2", listener.local_addr().unwrap());
    let transport = transport(|config| config.call_timeout = Duration::from_millis(50));
    check(&transport.send(request("POST", &url)).await.unwrap_err(), Delivery::Unknown);
}

#[tokio::test]
async fn a_write_without_a_body_says_so_exactly_once() {
    for method in ["POST", "PUT", "PATCH"] {
        let (url, server) = answering(b"HTTP/1.1 204 No Content\r\n\r\n");
        let mut request = request(method, &url);
        request.headers_mut().insert("content-length", "0".parse().unwrap());
        transport(|_| ()).send(request).await.unwrap();
        let head = server.join().unwrap();
        assert_eq!(head.matches("content-length: 0\r\n").count(), 1, "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
    }
}
