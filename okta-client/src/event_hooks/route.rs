//! The receiver as a route of axum.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};

use super::delivery::HookDelivery;
use super::receiver::{HookReceived, HookReceiver};

impl HookReceiver {
    /// Mounts the receiver in an axum router. `queue` puts a delivery where it survives a crash, which has to take
    /// less than 3 seconds; if it fails, the answer is 503 and Okta tries once more. Needs the feature `axum`.
    ///
    /// ```
    /// use axum::Router;
    /// use okta_client::hooks::{HookDelivery, HookReceiver, HookSecret};
    ///
    /// # fn main() -> Result<(), okta_client::hooks::InvalidHookSecret> {
    /// let secret = HookSecret::new("Authorization", "from your vault".to_owned().into())?;
    /// let (queue, _worker) = tokio::sync::mpsc::channel(1000);
    /// // A queue in memory is for a demonstration: it loses what it holds.
    /// let keep = move |delivery: HookDelivery| {
    ///     let queue = queue.clone();
    ///     async move { queue.send(delivery).await }
    /// };
    /// let app: Router = Router::new().route("/okta/events", HookReceiver::new(&secret).into_route(keep));
    /// # Ok(()) }
    /// ```
    pub fn into_route<S, Q, F, E>(self, queue: Q) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
        Q: Fn(HookDelivery) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: Display,
    {
        let shared = Arc::new((self, queue));
        // Any method: the receiver refuses what it does not know, and only after it has seen the secret.
        any(move |request: Request| {
            let shared = Arc::clone(&shared);
            async move {
                let (receiver, queue) = &*shared;
                let answer = match receiver.read(request).await {
                    HookReceived::Challenge(answer) => answer,
                    HookReceived::Refused(refusal) => {
                        tracing::warn!(%refusal, "refused a request to the event hook");
                        refusal.response()
                    }
                    HookReceived::Delivery(delivery) => keep(queue, delivery).await,
                };
                answer.map(Body::from)
            }
        })
    }
}

async fn keep<Q, F, E>(queue: &Q, delivery: HookDelivery) -> http::Response<bytes::Bytes>
where
    Q: Fn(HookDelivery) -> F,
    F: Future<Output = Result<(), E>>,
    E: Display,
{
    match queue(delivery).await {
        Ok(()) => HookReceiver::accepted(),
        Err(error) => {
            tracing::error!(%error, "a delivery of an event hook could not be kept");
            HookReceiver::try_again()
        }
    }
}
