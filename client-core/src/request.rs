//! A request as a value: what to send, what comes back, and how safe it is to send twice.

use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body::Upload;
use crate::path::Path;
use crate::response::{DecodeError, Response};

/// What happens when a request reaches the other side twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Changes nothing.
    Read,
    /// Reaches the same state again.
    Idempotent,
    /// Acts again: never repeated unless the first is known not to have acted.
    Unsafe,
}

/// An HTTP request without origin or credentials. Its `Debug` shows method and path template only.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Sent instead of `body`, while it is read.
    pub(crate) upload: Option<Upload>,
    flaw: Option<String>,
}

impl Request {
    /// A request with any method.
    #[must_use]
    pub fn new(method: Method, path: Path) -> Self {
        let flaw = path.flaw().map(str::to_owned);
        Self { method, path, query: Vec::new(), headers: HeaderMap::new(), body: None, upload: None, flaw }
    }

    /// `GET`.
    #[must_use]
    pub fn get(path: Path) -> Self {
        Self::new(Method::GET, path)
    }

    /// `POST`.
    #[must_use]
    pub fn post(path: Path) -> Self {
        Self::new(Method::POST, path)
    }

    /// `PUT`.
    #[must_use]
    pub fn put(path: Path) -> Self {
        Self::new(Method::PUT, path)
    }

    /// `PATCH`.
    #[must_use]
    pub fn patch(path: Path) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// `DELETE`.
    #[must_use]
    pub fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// `GET` of a link that the vendor gave. Only its path and query are used, byte for byte, on the
    /// configured origin: credentials never follow a link to another host, and links that name another
    /// host (Okta's admin console, a ServiceNow instance behind a custom name) still work.
    ///
    /// # Errors
    ///
    /// If the link is no http(s) URL, or its path does not begin with one of `roots`.
    pub fn follow(link: &str, roots: &[&str]) -> Result<Self, DecodeError> {
        let url = url::Url::parse(link).map_err(|_| DecodeError::new("link", "a link that is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(DecodeError::new("link", "a link that is no http(s) URL"));
        }
        let Some(root) = roots.iter().find(|root| url.path().starts_with(**root)) else {
            return Err(DecodeError::new("link", "a link that leads outside the API"));
        };
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        Ok(Self::get(Path::verbatim(root, path)))
    }

    /// Adds a query parameter. The value is encoded when sent.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value. An absent option is never sent as an empty one.
    #[must_use]
    pub fn query_opt(self, name: impl Into<String>, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body, as JSON.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(error) => self.flaw = Some(format!("the body cannot be written as JSON: {error}")),
        }
        self
    }

    /// Sets the body, as bytes of a media type: `application/scim+json`.
    #[must_use]
    pub fn bytes(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self.content_type(content_type) }
    }

    /// Sets the body to one that is read while it is sent. The call may then take as long as something moves.
    #[must_use]
    pub fn upload(self, content_type: &str, body: Upload) -> Self {
        Self { upload: Some(body), ..self.content_type(content_type) }
    }

    fn content_type(self, kind: &str) -> Self {
        match HeaderValue::from_str(kind) {
            Ok(kind) => self.header(CONTENT_TYPE, kind),
            Err(_) => self.flawed("the content type holds what no header may hold"),
        }
    }

    /// Marks the request as wrong: it will not be sent, and the error says `why`.
    #[must_use]
    pub fn flawed(mut self, why: impl Into<String>) -> Self {
        self.flaw = Some(why.into());
        self
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The query parameters, in the order they were added.
    #[must_use]
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// The body, if there is one that is not read while it is sent.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    pub(crate) fn flaw(&self) -> Option<&str> {
        self.flaw.as_deref()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.template())
    }
}

/// One endpoint called with its arguments: a request, how to read its answer, and how safe it is to repeat.
///
/// It does no I/O, so a test can say "this value makes this request" without a server, and anybody can make
/// one for an endpoint that the client does not cover.
///
/// ```
/// use client_core::{Call, Path, Request};
///
/// let call: Call<serde_json::Value> =
///     Call::read("okta.org.get", Request::get(Path::new("/api/v1/org")));
/// assert_eq!(call.request().path().encoded(), "/api/v1/org");
/// ```
pub struct Call<T> {
    pub(crate) name: &'static str,
    pub(crate) safety: Safety,
    pub(crate) request: Request,
    pub(crate) decode: fn(&Response) -> Result<T, DecodeError>,
}

impl<T: DeserializeOwned> Call<T> {
    /// A read that answers JSON. `name` appears in spans, errors and the ledger: `okta.users.get`.
    #[must_use]
    pub fn read(name: &'static str, request: Request) -> Self {
        Self { name, safety: Safety::Read, request, decode: Response::json }
    }

    /// A write that answers JSON.
    #[must_use]
    pub fn write(name: &'static str, safety: Safety, request: Request) -> Self {
        Self { name, safety, request, decode: Response::json }
    }
}

impl Call<()> {
    /// A write whose answer says nothing, be it `{}` or no body at all.
    #[must_use]
    pub fn done(name: &'static str, safety: Safety, request: Request) -> Self {
        Self { name, safety, request, decode: |_| Ok(()) }
    }
}

impl<T> Call<T> {
    /// A call whose answer is read by `decode`.
    #[must_use]
    pub fn with_decode<U>(self, decode: fn(&Response) -> Result<U, DecodeError>) -> Call<U> {
        Call { name: self.name, safety: self.safety, request: self.request, decode }
    }

    /// The endpoint's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What happens if it is sent twice.
    #[must_use]
    pub fn safety(&self) -> Safety {
        self.safety
    }

    /// What will be sent.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.request)
    }
}
