//! A loopback server of lists: every page is made before it is asked for, so that serving costs next to nothing.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, LINK};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Pages that differ; after these they come again, under other positions.
const DISTINCT: usize = 10;

/// A server of one list.
#[derive(Debug)]
pub struct Pages {
    url: String,
}

struct List {
    path: &'static str,
    url: String,
    bodies: Vec<Bytes>,
    /// How many pages there are.
    count: usize,
    size: usize,
    position: Position,
}

/// How a list tells, and is told, where a page begins.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// As Okta does: by `Link` headers.
    Link,
    /// As for ServiceNow: by the key of the last row, which is its number in hexadecimal digits.
    Key,
}

impl Pages {
    /// Serves `items` items made by `item`, `size` a page, below `path`.
    ///
    /// # Panics
    ///
    /// If loopback is not to be had.
    pub async fn serve(path: &'static str, items: usize, size: usize, item: impl Fn(usize) -> Value) -> Self {
        let page = |n: usize| (n * size..(n + 1) * size).map(&item).collect::<Value>().to_string().into();
        let bodies = (0..DISTINCT).map(page).collect();
        Self::listen(|url| List { path, url, bodies, count: items / size, size, position: Position::Link })
            .await
    }

    /// Serves `rows` rows made by `row`, `size` a page, as the ServiceNow table at `path`. The `sys_id` of a row is its
    /// number, in 32 hexadecimal digits.
    ///
    /// # Panics
    ///
    /// If loopback is not to be had.
    pub async fn serve_table(
        path: &'static str,
        rows: usize,
        size: usize,
        row: impl Fn(usize) -> Value,
    ) -> Self {
        let page = |n: usize| (n * size..(n + 1) * size).map(&row).collect::<Value>();
        let body = |n: usize| json!({ "result": page(n) }).to_string().into();
        let bodies = (0..rows / size).map(body).collect();
        Self::listen(|url| List { path, url, bodies, count: rows / size, size, position: Position::Key })
            .await
    }

    async fn listen(list: impl FnOnce(String) -> List) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is loopback");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let list = Arc::new(list(url.clone()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let list = list.clone();
                let service = service_fn(move |request| {
                    let answer = list.answer(&request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl List {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        assert_eq!(request.uri().path(), self.path);
        let query: HashMap<_, _> = request
            .uri()
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let page = self.page(&query);
        let mut answer = Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("x-rate-limit-limit", "10000000")
            .header("x-rate-limit-remaining", "9999999")
            .header("x-rate-limit-reset", "1774857570")
            .header("date", "Mon, 30 Mar 2026 07:58:30 GMT");
        if matches!(self.position, Position::Key) {
            answer = answer.header("x-total-count", (self.count - page) * self.size);
        } else if page + 1 < self.count {
            let next =
                format!("<{}{}?after={}&limit={}>; rel=\"next\"", self.url, self.path, page + 1, self.size);
            answer = answer.header(LINK, next);
        }
        let body = match self.position {
            Position::Link => self.bodies.get(page % self.bodies.len()).cloned().unwrap_or_default(),
            // After the last row a table has no more.
            Position::Key => self.bodies.get(page).cloned().unwrap_or_else(|| r#"{"result":[]}"#.into()),
        };
        answer.body(Full::new(body)).expect("the headers are right")
    }
}

impl List {
    /// Which page is asked for.
    fn page(&self, query: &HashMap<&str, &str>) -> usize {
        match self.position {
            Position::Link => query.get("after").map_or(0, |after| after.parse().expect("it is one of ours")),
            Position::Key => {
                let after = query["sysparm_query"].strip_prefix("sys_id%3E").and_then(|rest| rest.get(..32));
                let row = |after| usize::from_str_radix(after, 16).expect("it is one of ours") + 1;
                after.map_or(0, row) / self.size
            }
        }
    }
}

/// The next page's address.
#[must_use]
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    Some(link.strip_prefix('<')?.split('>').next()?.to_owned())
}
