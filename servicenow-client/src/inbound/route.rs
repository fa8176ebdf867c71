//! The receiver as a route of axum.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};

use super::hint::Hint;
use super::receiver::PushReceiver;

impl PushReceiver {
    /// Mounts the receiver in an axum router. `keep` puts a hint where a worker finds it, and should be quick: the
    /// instance waits. If it fails, the answer is 503. Needs the feature `axum`.
    ///
    /// ```
    /// use axum::Router;
    /// use servicenow_client::inbound::{Hint, PushKey, PushReceiver};
    ///
    /// # fn main() -> Result<(), servicenow_client::inbound::InvalidPushKey> {
    /// # let from_your_vault = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".to_owned();
    /// let key = PushKey::new(from_your_vault.into())?;
    /// let (queue, _worker) = tokio::sync::mpsc::channel(1000);
    /// let keep = move |hint: Hint| {
    ///     let queue = queue.clone();
    ///     async move { queue.send(hint).await }
    /// };
    /// let app: Router = Router::new().route("/servicenow/pushes", PushReceiver::new(key).into_route(keep));
    /// # Ok(()) }
    /// ```
    pub fn into_route<S, K, F, E>(self, keep: K) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
        K: Fn(Hint) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: Display,
    {
        let shared = Arc::new((self, keep));
        // Any method: the receiver refuses what it does not know, and only after it has seen a signature.
        any(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move {
                let (receiver, keep) = &*shared;
                let answer = match receiver.read(request).await {
                    Ok(hint) => kept(keep(hint).await),
                    Err(refusal) => {
                        tracing::warn!(%refusal, "refused a push");
                        refusal.response()
                    }
                };
                answer.map(Body::from)
            }
        })
    }
}

fn kept<E: Display>(kept: Result<(), E>) -> http::Response<bytes::Bytes> {
    match kept {
        Ok(()) => PushReceiver::accepted(),
        Err(error) => {
            tracing::error!(%error, "the hint of a push could not be kept");
            PushReceiver::try_again()
        }
    }
}
