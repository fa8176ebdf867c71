//! Event hooks: Okta calls us when something happens.

mod delivery;
mod model;
mod receiver;
#[cfg(feature = "axum")]
mod route;

use client_core::{Call, Path, Request, Safety};

pub use delivery::{HookDelivery, NoHookDelivery};
pub use model::{
    EventHook, EventHookCondition, EventHookEvents, EventHookExpression, EventHookFilter, HookStatus,
    HookVerification, NewEventHook,
};
pub use receiver::{HookReceived, HookReceiver, HookRefusal};

use crate::Error;
use crate::client::OktaClient;
use crate::hook_secret::HookSecret;
use crate::id::EventHookId;
use crate::list::Listing;

/// Event hooks, from [`OktaClient::event_hooks`]: registering them. What they call is a
/// [`HookReceiver`](crate::hooks::HookReceiver).
///
/// A new hook must be [verified](Self::verify) before it delivers, and delivers only what happens from then on.
/// Changes can take minutes to work. Scopes `okta.eventHooks.read` and `okta.eventHooks.manage`; only a super admin
/// may. 25 hooks of an org may be active.
#[derive(Debug, Clone, Copy)]
pub struct EventHooks<'a> {
    client: &'a OktaClient,
}

impl<'a> EventHooks<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/eventHooks`: all of them.
    pub fn list(&self) -> Listing<EventHook> {
        self.client.list("okta.event_hooks.list", Request::get(Path::new("/api/v1/eventHooks")))
    }

    /// `GET /api/v1/eventHooks/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &EventHookId) -> Result<EventHook, Error> {
        self.client.send(&Call::read("okta.event_hooks.get", Request::get(hook(id)))).await
    }

    /// `POST /api/v1/eventHooks`: makes a hook, ACTIVE and UNVERIFIED.
    ///
    /// # Errors
    ///
    /// Not repeated by itself. If the answer was lost, look through the [list](Self::list) for its name and URI
    /// before you make it again.
    pub async fn create(&self, new: &NewEventHook) -> Result<EventHook, Error> {
        let request = Request::post(Path::new("/api/v1/eventHooks")).json(&new.body());
        self.client.send(&Call::write("okta.event_hooks.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/eventHooks/{id}`: makes the hook what `hook` is, and its secret `secret`: get a hook, change what
    /// is to be different, and give it here. Fields that this crate does not know stay as they were.
    ///
    /// A changed channel has to be verified again, and a changed secret is one; look at the answer's
    /// `verification_status`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn replace(&self, hook: &EventHook, secret: &HookSecret) -> Result<EventHook, Error> {
        let request = Request::put(self::hook(&hook.id));
        let request = match hook.replacement(secret) {
            Ok(body) => request.json(&body),
            Err(error) => request.flawed(format!("the hook cannot be written as JSON: {error}")),
        };
        self.client.send(&Call::write("okta.event_hooks.replace", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/eventHooks/{id}`: deletes a hook for good. It must be INACTIVE.
    ///
    /// # Errors
    ///
    /// If it is active; `is_not_found` if there is none (any more).
    pub async fn delete(&self, id: &EventHookId) -> Result<(), Error> {
        let request = Request::delete(hook(id));
        self.client.send(&Call::done("okta.event_hooks.delete", Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/eventHooks/{id}/lifecycle/activate`: switches a hook on.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn activate(&self, id: &EventHookId) -> Result<EventHook, Error> {
        self.act("okta.event_hooks.activate", id, "activate").await
    }

    /// `POST /api/v1/eventHooks/{id}/lifecycle/deactivate`: switches a hook off. What happens meanwhile it never
    /// delivers.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn deactivate(&self, id: &EventHookId) -> Result<EventHook, Error> {
        self.act("okta.event_hooks.deactivate", id, "deactivate").await
    }

    /// `POST /api/v1/eventHooks/{id}/lifecycle/verify`: lets Okta challenge the service, which must be up by now. The
    /// call answers when Okta has made up its mind: after 3 seconds, and once more, if the service is silent.
    ///
    /// # Errors
    ///
    /// Status 400 if the service did not answer as it should; the problem's causes say how it failed.
    /// `is_not_found` if there is no such hook.
    pub async fn verify(&self, id: &EventHookId) -> Result<EventHook, Error> {
        self.act("okta.event_hooks.verify", id, "verify").await
    }

    async fn act(
        &self,
        name: &'static str,
        id: &EventHookId,
        action: &'static str,
    ) -> Result<EventHook, Error> {
        let request = Request::post(hook(id).word("lifecycle").word(action));
        self.client.send(&Call::write(name, Safety::Idempotent, request)).await
    }
}

fn hook(id: &EventHookId) -> Path {
    Path::new("/api/v1/eventHooks").value(id)
}
