//! What OAuth 2.0 clients have in common: the request for a token, why it is refused, and one token for everybody.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::Value;

use crate::auth::CredentialError;
use crate::clock::Clock;
use crate::response::Response;
use crate::transport::Transport;

/// After a renewal that failed the old token, still good, is used for so long before the next try.
const RENEW_AGAIN: Duration = Duration::from_secs(30);

/// A token and its times, by [`Clock::monotonic`].
#[derive(Debug, Clone)]
pub struct Lease<T> {
    token: T,
    renew_at: Duration,
    ends_at: Duration,
}

impl<T> Lease<T> {
    /// A token that lives for `life` from when it was asked for, and is renewed when `ahead` of that is left. Any
    /// `life` will do: other sides send any number.
    pub fn new(token: T, asked_at: Duration, life: Duration, ahead: Duration) -> Self {
        let ends_at = asked_at.saturating_add(life);
        Self { token, renew_at: ends_at.saturating_sub(ahead.min(life)), ends_at }
    }
}

/// One token for everybody: asked for when it is needed, renewed before it ends, once for all who wait.
pub struct Tokens<T, E> {
    held: Mutex<Held<T, E>>,
}

/// The request for a token. Whoever waits for it moves it on, so nobody depends on another to be polled; when nobody
/// waits any more it is given up.
type Asking<T, E> = BoxFuture<'static, Result<Lease<T>, E>>;

struct Held<T, E> {
    lease: Option<Lease<T>>,
    asking: Option<WeakShared<Asking<T, E>>>,
    /// How often a token was asked for, and what became of the last time if nothing did.
    asked: u64,
    failure: Option<E>,
}

impl<T: Clone, E: Clone> Held<T, E> {
    fn begin(
        &mut self,
        ask: impl Future<Output = Result<Lease<T>, E>> + Send + 'static,
    ) -> Shared<Asking<T, E>> {
        let asking = ask.boxed().shared();
        self.asking = asking.downgrade();
        asking
    }
}

impl<T, E> Default for Tokens<T, E> {
    fn default() -> Self {
        Self { held: Mutex::new(Held { lease: None, asking: None, asked: 0, failure: None }) }
    }
}

impl<T, E> fmt::Debug for Tokens<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(hidden)")
    }
}

impl<T: Clone + Send + 'static, E: std::error::Error + Clone + Send + 'static> Tokens<T, E> {
    fn lock(&self) -> MutexGuard<'_, Held<T, E>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good for now: the one at hand, or what `ask` brings if nobody asks already.
    ///
    /// # Errors
    ///
    /// What whoever asked met, if there is no token that is still good.
    pub async fn current(
        &self,
        clock: &dyn Clock,
        ask: impl Future<Output = Result<Lease<T>, E>> + Send + 'static,
    ) -> Result<T, E> {
        let now = clock.monotonic();
        let (good, asking, asked) = {
            let mut held = self.lock();
            let lease = held.lease.clone().filter(|lease| now < lease.ends_at);
            let under_way = held.asking.as_ref().and_then(WeakShared::upgrade);
            match lease {
                Some(lease) if now < lease.renew_at => return Ok(lease.token),
                // Still good: one renews it, and nobody waits for that.
                Some(lease) if under_way.is_some() => return Ok(lease.token),
                lease => (lease, under_way.unwrap_or_else(|| held.begin(ask)), held.asked),
            }
        };
        let outcome = asking.await;
        self.settle(clock, asked, outcome).or_else(|error| match good {
            Some(lease) => {
                tracing::warn!(%error, "the access token is not renewed yet");
                Ok(lease.token)
            }
            None => Err(error),
        })
    }

    /// What came of asking; the first who knows tells the others. Who comes late may find a newer token.
    fn settle(&self, clock: &dyn Clock, asked: u64, outcome: Result<Lease<T>, E>) -> Result<T, E> {
        let mut held = self.lock();
        if held.asked != asked {
            let newer = held.lease.as_ref().map(|lease| lease.token.clone());
            return newer.map_or_else(|| outcome.map(|lease| lease.token), Ok);
        }
        held.asked += 1;
        held.asking = None;
        match outcome {
            Ok(lease) => {
                let token = lease.token.clone();
                (held.lease, held.failure) = (Some(lease), None);
                Ok(token)
            }
            Err(error) => {
                let now = clock.monotonic();
                held.lease = held.lease.take().filter(|lease| now < lease.ends_at);
                if let Some(lease) = &mut held.lease {
                    lease.renew_at = now.saturating_add(RENEW_AGAIN).min(lease.ends_at);
                }
                held.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The token at hand, good or not.
    pub fn held(&self) -> Option<T> {
        self.lock().lease.as_ref().map(|lease| lease.token.clone())
    }

    /// Why there was no token the last time that one was asked for.
    pub fn failure(&self) -> Option<E> {
        self.lock().failure.clone()
    }

    /// Drops the token that was refused, unless it has been replaced already.
    pub fn drop_refused(&self, is_refused: impl FnOnce(&T) -> bool) {
        let mut held = self.lock();
        if held.lease.as_ref().is_some_and(|lease| is_refused(&lease.token)) {
            (held.lease, held.failure) = (None, None);
        }
    }
}

/// Posts a form to a token endpoint, past pacing and retries.
///
/// # Errors
///
/// If no answer comes.
pub async fn post(
    transport: &dyn Transport,
    uri: &Uri,
    headers: HeaderMap,
    form: &[(&str, &str)],
) -> Result<Response, CredentialError> {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = http::Request::new(Bytes::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let answer = transport
        .send(request)
        .await
        .map_err(|error| CredentialError::passing(format!("no answer to the token request: {error}")))?;
    let (parts, body) = answer.into_parts();
    tracing::debug!(status = parts.status.as_u16(), "token request");
    Ok(Response { status: parts.status, headers: parts.headers, body })
}

/// OAuth's way to say no.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// `error`: `invalid_client`.
    pub error: Option<String>,
    /// `error_description`: prose, without words as long as a key or a token.
    pub description: Option<String>,
}

impl Refusal {
    /// What an answer says of itself; nothing if it is not of that kind.
    pub fn read(response: &Response) -> Self {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(bounded);
        Self { error: text("error"), description: text("error_description") }
    }

    /// The refusal of a token request, with what an operator can do about it and the vendor's id of the answer.
    /// `pause` is for how long a rate limit wants to be left alone, if it says so.
    pub fn denial(
        &self,
        status: StatusCode,
        hint: Option<&str>,
        request_id: Option<&str>,
        pause: Option<Duration>,
    ) -> CredentialError {
        let mut why = match &self.error {
            Some(error) => format!("the token request was refused: {error}"),
            None => format!("the token request was answered with status {}", status.as_u16()),
        };
        if let Some(description) = &self.description {
            why = format!("{why} ({description})");
        }
        if let Some(hint) = hint {
            why = format!("{why}: {hint}");
        }
        if let Some(id) = request_id {
            why = format!("{why}; request {}", bounded(id));
        }
        match (status, pause) {
            (StatusCode::TOO_MANY_REQUESTS, Some(pause)) => CredentialError::limited(why, pause),
            (StatusCode::TOO_MANY_REQUESTS, None) => CredentialError::passing(why),
            _ if status.is_server_error() => CredentialError::passing(why),
            _ => CredentialError::new(why),
        }
    }
}

/// Prose of the server's, without anything as long as a key or a token.
fn bounded(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| word.len() <= 40);
    words.collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(300).collect()
}

/// A header that no log of headers shows: `Bearer {token}`, a signed statement.
///
/// # Errors
///
/// If the text holds what no header may hold.
pub fn secret_header(text: &str) -> Result<HeaderValue, CredentialError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| CredentialError::new("the token holds a character that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct Still(Mutex<Duration>);

    #[async_trait::async_trait]
    impl Clock for Still {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        async fn sleep(&self, duration: Duration) {
            *self.0.lock().unwrap() += duration;
        }
    }

    type Numbers = Tokens<u8, CredentialError>;

    fn lease(token: u8, asked_at: u64, life: u64) -> Lease<u8> {
        Lease::new(token, Duration::from_secs(asked_at), Duration::from_secs(life), Duration::from_secs(60))
    }

    fn lent(token: u8, asked_at: u64) -> impl Future<Output = Result<Lease<u8>, CredentialError>> {
        futures::future::ready(Ok(lease(token, asked_at, 600)))
    }

    #[tokio::test]
    async fn one_asks_and_all_have_it_until_it_is_old() {
        let (tokens, clock) = (Numbers::default(), Still::default());
        let slow = async {
            tokio::task::yield_now().await;
            lent(1, 0).await
        };
        let never = async { panic!("asked twice") };
        let both = futures::join!(tokens.current(&clock, slow), tokens.current(&clock, never));
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (1, 1));
        clock.sleep(Duration::from_secs(539)).await;
        assert_eq!(tokens.current(&clock, lent(2, 539)).await.unwrap(), 1);
        clock.sleep(Duration::from_secs(1)).await;
        assert_eq!(tokens.current(&clock, lent(2, 540)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn who_waits_needs_nobody_else_to_be_polled() {
        let (tokens, clock) = (Numbers::default(), Still::default());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let slow = async move {
            answered.await.unwrap();
            lent(1, 0).await
        };
        let mut parked = Box::pin(tokens.current(&clock, slow));
        assert!(futures::poll!(&mut parked).is_pending());
        answer.send(()).unwrap();
        let never = async { panic!("asked twice") };
        let other = tokio::time::timeout(Duration::from_secs(10), tokens.current(&clock, never));
        assert_eq!(other.await.unwrap().unwrap(), 1);
        assert_eq!(parked.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_request_that_nobody_waits_for_is_given_up() {
        let (tokens, clock) = (Numbers::default(), Still::default());
        let mut given_up = Box::pin(tokens.current(&clock, futures::future::pending()));
        assert!(futures::poll!(&mut given_up).is_pending());
        drop(given_up);
        assert_eq!(tokens.current(&clock, lent(1, 0)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_still_good_outlives_a_renewal_that_failed() {
        let (tokens, clock) = (Numbers::default(), Still::default());
        tokens.current(&clock, lent(1, 0)).await.unwrap();
        let away = || futures::future::ready(Err(CredentialError::passing("away")));
        clock.sleep(Duration::from_secs(550)).await;
        assert_eq!(tokens.current(&clock, away()).await.unwrap(), 1);
        assert_eq!(tokens.current(&clock, lent(2, 550)).await.unwrap(), 1, "not at once again");
        clock.sleep(Duration::from_secs(50)).await;
        assert!(tokens.current(&clock, away()).await.is_err());
        tokens.current(&clock, lent(3, 600)).await.unwrap();
        tokens.drop_refused(|token| *token == 1);
        assert_eq!(tokens.held(), Some(3));
        tokens.drop_refused(|token| *token == 3);
        assert_eq!(tokens.held(), None);
    }

    proptest! {
        #[test]
        fn a_life_may_be_any_number(asked_at: u64, life: u64) {
            let Lease { renew_at, ends_at, .. } = lease(1, asked_at, life);
            prop_assert!(renew_at <= ends_at);
        }
    }
}
