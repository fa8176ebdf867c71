//! Bodies that are read while they go and come: over a scripted network, and over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{
    BodyStream, Call, Delivery, Failure, HttpTransport, Path, Request, Response, Safety, Transport,
    TransportConfig, TransportError, Upload,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;

use support::{Step, World, server};

const MIB: usize = 1024 * 1024;

/// What may be between the two ends: the buffers of sockets, and a few pieces.
const UNDER_WAY: usize = 16 * MIB;

fn file() -> Call<StatusCode> {
    let head = |response: &Response| {
        assert!(response.body.is_empty(), "only the head is there");
        Ok(response.status)
    };
    Call::done("tiny.file.get", Safety::Read, Request::get(Path::new("/api/file"))).with_decode(head)
}

fn putting(upload: Upload) -> Call<serde_json::Value> {
    let request = Request::put(Path::new("/api/file")).upload("text/plain", upload);
    Call::write("tiny.file.put", Safety::Idempotent, request)
}

/// Answers a success whose body is this, and everything else by script.
#[derive(Debug)]
struct Streaming {
    pieces: Mutex<Vec<Result<Bytes, TransportError>>>,
}

#[async_trait]
impl Transport for Streaming {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = http::Response::builder().header("content-type", "application/json");
        Ok(answer.body(Bytes::from_static(b"{}")).unwrap())
    }

    async fn stream(
        &self,
        _: http::Request<BodyStream>,
    ) -> Result<http::Response<BodyStream>, TransportError> {
        let pieces = std::mem::take(&mut *self.pieces.lock().unwrap());
        Ok(http::Response::new(BodyStream::new(None, stream::iter(pieces))))
    }
}

#[tokio::test]
async fn a_success_comes_as_a_stream_and_a_refusal_as_an_error() {
    let world = World::new([Step::status(503), Step::status(200).body("content"), Step::status(404)]);
    let (status, body) = world.pipeline.download(&file()).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let body: Vec<Bytes> = body.try_collect().await.unwrap();
    assert_eq!(body.concat(), b"content");
    let error = world.pipeline.download(&file()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(world.network.count(), 3, "an outage is waited out, a refusal is not");
}

#[tokio::test]
async fn a_body_that_breaks_off_ends_with_an_error_that_says_so() {
    let lost = TransportError::new("connection reset", Delivery::Unknown);
    let pieces = Mutex::new(vec![Ok(Bytes::from_static(b"half")), Err(lost)]);
    let world = World::with([], |_, settings| settings.transport = Some(Arc::new(Streaming { pieces })));
    let (_, mut body) = world.pipeline.download(&file()).await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "half");
    let error = body.next().await.unwrap().unwrap_err();
    assert!(matches!(error.failure(), Failure::Transport(_)));
    assert!(error.is_retryable());
    let said = error.to_string();
    assert!(said.starts_with("tiny.file.get (GET /api/file) lost the rest of the answer"), "{said}");
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_download_holds_its_place_until_it_has_ended_or_is_dropped() {
    let pieces = || Mutex::new(vec![Ok(Bytes::from_static(b"one")), Ok(Bytes::from_static(b"two"))]);
    let network = Arc::new(Streaming { pieces: pieces() });
    let world = World::with([], |_, settings| {
        settings.transport = Some(network.clone());
        settings.pacer.concurrency = 1;
    });
    let in_flight = || world.pipeline.concurrency().in_flight;
    let (_, mut body) = world.pipeline.download(&file()).await.unwrap();
    body.next().await;
    assert_eq!(in_flight(), 1);
    let call = support::read();
    let next = world.pipeline.send(&call);
    let mut next = std::pin::pin!(next);
    assert!(futures::poll!(&mut next).is_pending(), "the server is still busy with the first");
    drop(body);
    next.await.unwrap();

    *network.pieces.lock().unwrap() = pieces().into_inner().unwrap();
    let (_, mut body) = world.pipeline.download(&file()).await.unwrap();
    while body.next().await.is_some() {}
    assert_eq!(in_flight(), 0);
}

#[tokio::test]
async fn what_is_sent_is_opened_anew_for_each_attempt() {
    let world = World::new([Step::status(503), Step::status(200)]);
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = opened.clone();
    let upload = Upload::new(Some(6), move || {
        counted.fetch_add(1, Ordering::SeqCst);
        stream::iter([Ok(Bytes::from_static(b"two")), Ok(Bytes::from_static(b"two"))])
    });
    world.pipeline.send(&putting(upload)).await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    for request in world.network.seen() {
        assert_eq!(request.body().as_ref(), b"twotwo");
        assert_eq!(request.headers()["content-length"], "6");
        assert_eq!(request.headers()["content-type"], "text/plain");
    }
}

#[tokio::test]
async fn bytes_of_any_type_can_be_sent() {
    let world = World::new([Step::status(200)]);
    let request = Request::post(Path::new("/api/things")).bytes("application/scim+json", "{}");
    world.pipeline.send(&Call::done("tiny.scim", Safety::Unsafe, request)).await.unwrap();
    let seen = &world.network.seen()[0];
    let kinds: Vec<_> = seen.headers().get_all("content-type").iter().collect();
    assert_eq!(seen.body().as_ref(), b"{}");
    assert_eq!(kinds, ["application/scim+json"]);
    let broken = Request::post(Path::new("/api/things")).bytes("text/plain\r\nx: y", "");
    world.pipeline.send(&Call::done("tiny.scim", Safety::Unsafe, broken)).await.unwrap_err();
    assert_eq!(world.network.count(), 1);
}

#[tokio::test]
async fn a_source_of_another_length_than_was_said_is_an_error() {
    let source = |said: u64, pieces: &'static [&'static [u8]]| {
        Upload::new(Some(said), move || {
            stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece))))
        })
    };
    for (upload, fits) in [
        (source(6, &[b"two", b"two"]), true),
        (source(6, &[b"", b"two", b"two", b""]), true),
        (source(5, &[b"two", b"two"]), false),
        (source(3, &[b"two", b"two"]), false),
        (source(7, &[b"two", b"two"]), false),
        (source(1, &[]), false),
        (source(0, &[]), true),
    ] {
        assert_eq!(upload.open().whole(100).await.is_ok(), fits, "{upload:?}");
    }
}

#[tokio::test]
async fn a_file_is_read_from_its_beginning_each_time() {
    let path = std::env::temp_dir().join(format!("client-core-streams-{}", std::process::id()));
    let content: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::write(&path, &content).unwrap();
    let upload = Upload::file(&path).await.unwrap();
    assert_eq!(upload.length(), Some(300_000));
    for _ in 0..2 {
        assert_eq!(upload.open().whole(MIB).await.unwrap(), content);
    }
    std::fs::write(&path, b"shorter").unwrap();
    let error = upload.open().whole(MIB).await.unwrap_err();
    assert_eq!(error.to_string(), "the body to send cannot be read: it has another length than was said");
    std::fs::remove_file(&path).unwrap();
    upload.open().whole(MIB).await.unwrap_err();
    Upload::file(&path).await.unwrap_err();
}

fn transport(idle: Duration) -> HttpTransport {
    let mut config = TransportConfig::default();
    // Streams are not bound by it.
    config.call_timeout = Duration::ZERO;
    config.idle_timeout = idle;
    HttpTransport::new(&config).unwrap()
}

fn request(method: &str, url: &str, body: BodyStream) -> http::Request<BodyStream> {
    let mut request = http::Request::builder().method(method).uri(url);
    if let Some(length) = body.length() {
        request = request.header("content-length", length);
    }
    request.body(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_read_no_faster_than_it_goes() {
    const SIZE: usize = 64 * MIB;
    let pulled = Arc::new(AtomicUsize::new(0));
    let counted = pulled.clone();
    let upload = Upload::new(Some(SIZE as u64), move || {
        let counted = counted.clone();
        stream::iter((0..64).map(move |_| {
            counted.fetch_add(MIB, Ordering::SeqCst);
            Ok(Bytes::from(vec![b'x'; MIB]))
        }))
    });
    let (url, server) = server(move |stream, head| {
        let (mut read, mut most, mut buffer) = (0, 0, vec![0; MIB]);
        while read < SIZE {
            read += stream.read(&mut buffer).unwrap();
            most = most.max(pulled.load(Ordering::SeqCst) - read.min(pulled.load(Ordering::SeqCst)));
        }
        stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        (head, most)
    });
    let answer =
        transport(Duration::from_secs(60)).stream(request("POST", &url, upload.open())).await.unwrap();
    assert_eq!(
        (answer.status(), answer.into_body().whole(10).await.unwrap()),
        (StatusCode::CREATED, "{}".into())
    );
    let (head, most) = server.join().unwrap();
    assert!(head.contains(&format!("content-length: {SIZE}\r\n")), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert!(most <= UNDER_WAY, "{most} bytes were read ahead");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_read_no_faster_than_it_is_wanted() {
    const SIZE: usize = 64 * MIB;
    let written = Arc::new(AtomicUsize::new(0));
    let counted = written.clone();
    let (url, server) = server(move |stream, head| {
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n").unwrap();
        for _ in 0..64 {
            stream.write_all(&vec![b'x'; MIB]).unwrap();
            counted.fetch_add(MIB, Ordering::SeqCst);
        }
        head
    });
    let get = request("GET", &url, Bytes::new().into());
    let answer = transport(Duration::from_secs(60)).stream(get).await.unwrap();
    let mut body = answer.into_body();
    assert_eq!(body.length(), Some(SIZE as u64));
    let (mut read, mut most) = (0, 0);
    while let Some(piece) = body.try_next().await.unwrap() {
        read += piece.len();
        most = most.max(written.load(Ordering::SeqCst).saturating_sub(read));
    }
    assert_eq!(read, SIZE);
    assert!(most <= UNDER_WAY, "{most} bytes came ahead");
    let head = server.join().unwrap();
    assert!(!head.contains("transfer-encoding"), "a GET has no body: {head}");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_an_error_of_its_body() {
    let (url, server) = server(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
    });
    let get = request("GET", &url, Bytes::new().into());
    let body = transport(Duration::from_secs(60)).stream(get).await.unwrap().into_body();
    let error = body.whole(1000).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    server.join().unwrap();
}

#[tokio::test]
async fn where_nothing_moves_a_stream_is_given_up() {
    // Accepts (the kernel does) and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/secret", silent.local_addr().unwrap());
    let get = request("GET", &url, Bytes::new().into());
    let error = transport(Duration::from_millis(20)).stream(get).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.delivery()), ("nothing moved for 20ms", Delivery::Unknown));

    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (url, server) = server(move |stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
        let _ = ended.recv();
    });
    let get = request("GET", &url, Bytes::new().into());
    let body = transport(Duration::from_millis(500)).stream(get).await.unwrap().into_body();
    assert_eq!(body.whole(1000).await.unwrap_err().to_string(), "nothing moved for 500ms");
    drop(end);
    server.join().unwrap();
}

#[tokio::test]
async fn a_source_that_fails_is_said_to_have_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/file", listener.local_addr().unwrap());
    let upload = Upload::new(Some(10), || {
        stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("the disk is gone"))])
    });
    let error =
        transport(Duration::from_secs(60)).stream(request("POST", &url, upload.open())).await.unwrap_err();
    assert_eq!(error.to_string(), "the body to send cannot be read: the disk is gone");
    assert!(error.is_lasting());
}
