//! Sessions: a call goes on in a session that an earlier one began, and never together with another.
//!
//! An instance binds cookies to a session on one of its nodes. To come back with them saves the login; to come with
//! none begins a session with each call, and hundreds pile up. But the requests of one session are served one after
//! another, and what piles up behind ten of them is dropped. So there are as many sessions as calls in flight.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{BodyStream, Clock, Transport, TransportError};
use cookie::Cookie;
use futures::StreamExt as _;
use futures::stream;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// So long after its last call an instance ends a session, unless its administrators changed
/// `glide.integration.session_timeout`.
const IDLE: Duration = Duration::from_secs(60);

/// A network on which each request goes in a session that no other request is in.
#[derive(Debug)]
pub(crate) struct Sessions {
    network: Arc<dyn Transport>,
    idle: Arc<Idle>,
}

impl Sessions {
    pub(crate) fn new(network: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { network, idle: Arc::new(Idle { clock, sessions: Mutex::default() }) }
    }
}

#[async_trait]
impl Transport for Sessions {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let loan = Idle::lend(&self.idle, request.headers_mut());
        let answer = self.network.send(request).await?;
        if let Some(loan) = loan.after(answer.status(), answer.headers()) {
            loan.give_back();
        }
        Ok(answer)
    }

    async fn stream(
        &self,
        mut request: http::Request<BodyStream>,
    ) -> Result<http::Response<BodyStream>, TransportError> {
        let loan = Idle::lend(&self.idle, request.headers_mut());
        let answer = self.network.stream(request).await?;
        let loan = loan.after(answer.status(), answer.headers());
        Ok(answer.map(|body| until_the_end(body, loan)))
    }
}

/// A body that gives a session back when it has come to its end, and not if it breaks off or is given up.
fn until_the_end(body: BodyStream, loan: Option<Loan>) -> BodyStream {
    let length = body.length();
    let pieces = stream::unfold((body, loan), |(mut body, loan)| async move {
        match body.next().await {
            Some(Ok(piece)) => Some((Ok(piece), (body, loan))),
            Some(Err(error)) => Some((Err(error), (body, None))),
            None => {
                loan.into_iter().for_each(Loan::give_back);
                None
            }
        }
    });
    BodyStream::new(length, pieces)
}

/// Sessions that no request is in. The one that was used last is at the end, and is lent first: so those that are
/// too many run out.
struct Idle {
    clock: Arc<dyn Clock>,
    sessions: Mutex<Vec<Session>>,
}

impl Idle {
    fn sessions(&self) -> MutexGuard<'_, Vec<Session>> {
        // Nothing in here panics half-way through a change.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the cookies of a session that the sender of these headers began, if there is one; else it begins one.
    fn lend(idle: &Arc<Self>, headers: &mut HeaderMap) -> Loan {
        let (now, owner) = (idle.clock.monotonic(), secrets(headers));
        let known = {
            let mut sessions = idle.sessions();
            sessions.retain(|session| now < session.used + IDLE);
            let mine = sessions.iter().rposition(|session| session.owner == owner);
            mine.map(|index| sessions.remove(index))
        };
        let session = known.unwrap_or(Session { owner, cookies: Vec::new(), used: now });
        headers.extend(session.header(now).map(|cookies| (COOKIE, cookies)));
        Loan { idle: idle.clone(), session }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").field("sessions", &self.sessions().len()).finish_non_exhaustive()
    }
}

/// What proves who sends a request.
fn secrets(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let secret =
        |(name, value): &(&HeaderName, &HeaderValue)| **name == AUTHORIZATION || value.is_sensitive();
    headers.iter().filter(secret).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The session of a request on its way. Dropped instead of given back it is forgotten: the instance may still be busy
/// with what was asked in it.
struct Loan {
    idle: Arc<Idle>,
    session: Session,
}

impl Loan {
    /// What is left of it after an answer.
    fn after(mut self, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let is_guest = headers.get("x-is-logged-in").is_some_and(|answer| answer == "false");
        match status {
            // The session's queue is full.
            StatusCode::ACCEPTED
            // It may have run out, or hold what its user might do when it began.
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            // Its node may be going away, or busy with what was asked.
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => None,
            _ if is_guest => None,
            _ => {
                self.session.take_up(headers, &*self.idle.clock);
                Some(self)
            }
        }
    }

    fn give_back(mut self) {
        if !self.session.cookies.is_empty() {
            self.session.used = self.idle.clock.monotonic();
            self.idle.sessions().push(self.session);
        }
    }
}

/// A session: its cookies, and who began it.
struct Session {
    owner: Vec<(HeaderName, HeaderValue)>,
    cookies: Vec<Kept>,
    used: Duration,
}

/// A cookie, and when it runs out, if it does before its session.
struct Kept {
    cookie: Cookie<'static>,
    until: Option<Duration>,
}

impl Session {
    /// The cookies that have not run out. Which host and path they are for does not matter: a session is with one
    /// instance, whose cookies are for all of it.
    fn header(&self, now: Duration) -> Option<HeaderValue> {
        let valid = self.cookies.iter().filter(|kept| kept.until.is_none_or(|until| now < until));
        let pairs: Vec<_> = valid.map(|kept| kept.cookie.stripped().to_string()).collect();
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|header| !header.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Takes up what an answer sets. One that has run out when it comes is how a server takes a cookie away.
    fn take_up(&mut self, headers: &HeaderMap, clock: &dyn Clock) {
        let set = headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        for cookie in set.filter_map(|line| Cookie::parse(line.to_owned()).ok()) {
            self.cookies.retain(|kept| kept.cookie.name() != cookie.name());
            let seconds = lifetime(&cookie, clock);
            if seconds.is_none_or(|seconds| seconds > 0) {
                let until =
                    seconds.map(|seconds| clock.monotonic() + Duration::from_secs(seconds.unsigned_abs()));
                self.cookies.push(Kept { cookie, until });
            }
        }
    }
}

/// How many seconds a cookie lasts, if it says so. `Max-Age` goes before `Expires`.
fn lifetime(cookie: &Cookie<'_>, clock: &dyn Clock) -> Option<i64> {
    match cookie.max_age() {
        Some(age) => Some(age.whole_seconds()),
        None => Some(cookie.expires_datetime()?.unix_timestamp() - clock.now().timestamp()),
    }
}

#[cfg(test)]
mod tests;
