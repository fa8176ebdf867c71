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
use serde_json::Value;
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
}

impl Pages {
    /// Serves `items` items made by `item`, `size` a page, below `path`.
    ///
    /// # Panics
    ///
    /// If loopback is not to be had.
    pub async fn serve(path: &'static str, items: usize, size: usize, item: impl Fn(usize) -> Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is loopback");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let page = |n: usize| (n * size..(n + 1) * size).map(&item).collect::<Value>().to_string().into();
        let bodies = (0..DISTINCT).map(page).collect();
        let list = Arc::new(List { path, url: url.clone(), bodies, count: items / size, size });
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
        let page: usize = query.get("after").map_or(0, |after| after.parse().expect("it is one of ours"));
        let mut answer = Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("x-rate-limit-limit", "10000000")
            .header("x-rate-limit-remaining", "9999999")
            .header("x-rate-limit-reset", "1774857570")
            .header("date", "Mon, 30 Mar 2026 07:58:30 GMT");
        if page + 1 < self.count {
            let next =
                format!("<{}{}?after={}&limit={}>; rel=\"next\"", self.url, self.path, page + 1, self.size);
            answer = answer.header(LINK, next);
        }
        let body = self.bodies[page % DISTINCT].clone();
        answer.body(Full::new(body)).expect("the headers are right")
    }
}

/// The next page's address.
#[must_use]
pub fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    Some(link.strip_prefix('<')?.split('>').next()?.to_owned())
}
