//! Inline hooks: Okta asks us in the middle of its own flows, and waits.

mod answer;
mod model;
mod request;

use client_core::{Call, Path, Request, Safety};
use serde_json::Value;

pub use answer::{HookPatch, InlineHookAnswer, InlineHookCommand, TelephonyOutcome, TelephonyStatus};
pub use model::{InlineHook, InlineHookAuth, InlineHookKind, InlineHookToken, NewInlineHook};
pub use request::{
    HookedCredential, HookedProfile, HookedRequest, HookedToken, HookedUser, ImportHookAction,
    ImportHookContext, ImportHookData, InlineHookContext, InlineHookData, InlineHookRequest,
    NoInlineHookRequest, PasswordImportContext, PasswordImportHookData, RegistrationHookData, SamlHookData,
    TelephonyChannel, TelephonyHookData, TelephonyMessage, TelephonyUser, TokenHookData, UnknownHookData,
};

use crate::Error;
use crate::client::OktaClient;
use crate::id::InlineHookId;
use crate::list::Listing;

/// Inline hooks, from [`OktaClient::inline_hooks`]: registering them. What Okta sends to one is an
/// [`InlineHookRequest`], and what it gets back an [`InlineHookAnswer`].
///
/// While its service fails, calls whose flow waits for it fail too (E0000134, E0000135, E0000137), and what they were
/// to do did not happen. Scopes `okta.inlineHooks.read` and `okta.inlineHooks.manage`.
#[derive(Debug, Clone, Copy)]
pub struct InlineHooks<'a> {
    client: &'a OktaClient,
}

impl<'a> InlineHooks<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/inlineHooks`: all of them.
    pub fn list(&self) -> Listing<InlineHook> {
        self.client.list("okta.inline_hooks.list", Request::get(hooks()))
    }

    /// `GET /api/v1/inlineHooks?type=`: those of a kind.
    pub fn list_of(&self, kind: &InlineHookKind) -> Listing<InlineHook> {
        self.client.list("okta.inline_hooks.list", Request::get(hooks()).query("type", kind))
    }

    /// `GET /api/v1/inlineHooks/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &InlineHookId) -> Result<InlineHook, Error> {
        self.client.send(&Call::read("okta.inline_hooks.get", Request::get(hook(id)))).await
    }

    /// `POST /api/v1/inlineHooks`: makes a hook, ACTIVE. It is asked nothing before a policy, an app or a user refers to
    /// it.
    ///
    /// # Errors
    ///
    /// Not repeated by itself. If the answer was lost, look through the [list](Self::list) before you make it again.
    pub async fn create(&self, new: &NewInlineHook) -> Result<InlineHook, Error> {
        let request = Request::post(hooks()).json(&new.body());
        self.client.send(&Call::write("okta.inline_hooks.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/inlineHooks/{id}`: gives the hook the name and the channel of `hook`, and `auth`: get a hook, change
    /// what is to be different, and give it here. Its kind stays.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn replace(&self, hook: &InlineHook, auth: &InlineHookAuth) -> Result<InlineHook, Error> {
        let request = Request::put(self::hook(&hook.id));
        let request = match hook.replacement(auth) {
            Ok(body) => request.json(&body),
            Err(error) => request.flawed(format!("the hook cannot be written as JSON: {error}")),
        };
        self.client.send(&Call::write("okta.inline_hooks.replace", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/inlineHooks/{id}`: deletes a hook for good. It must be INACTIVE.
    ///
    /// # Errors
    ///
    /// If it is active; `is_not_found` if there is none (any more).
    pub async fn delete(&self, id: &InlineHookId) -> Result<(), Error> {
        let request = Request::delete(hook(id));
        self.client.send(&Call::done("okta.inline_hooks.delete", Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/inlineHooks/{id}/lifecycle/activate`: switches a hook on.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn activate(&self, id: &InlineHookId) -> Result<InlineHook, Error> {
        self.act("okta.inline_hooks.activate", id, "activate").await
    }

    /// `POST /api/v1/inlineHooks/{id}/lifecycle/deactivate`: switches a hook off. Flows go on without it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn deactivate(&self, id: &InlineHookId) -> Result<InlineHook, Error> {
        self.act("okta.inline_hooks.deactivate", id, "deactivate").await
    }

    /// `POST /api/v1/inlineHooks/{id}/execute`: lets Okta send `payload` to the service, and shows what that answered.
    /// For tests: nothing else in Okta happens, but the service does what it does (send a text, say).
    ///
    /// # Errors
    ///
    /// Status 400 if the service did not answer as it should. Not repeated by itself.
    pub async fn execute(&self, id: &InlineHookId, payload: &Value) -> Result<InlineHookAnswer, Error> {
        let request = Request::post(hook(id).word("execute")).json(payload);
        self.client.send(&Call::write("okta.inline_hooks.execute", Safety::Unsafe, request)).await
    }

    async fn act(
        &self,
        name: &'static str,
        id: &InlineHookId,
        action: &'static str,
    ) -> Result<InlineHook, Error> {
        let request = Request::post(hook(id).word("lifecycle").word(action));
        self.client.send(&Call::write(name, Safety::Idempotent, request)).await
    }
}

fn hooks() -> Path {
    Path::new("/api/v1/inlineHooks")
}

fn hook(id: &InlineHookId) -> Path {
    hooks().value(id)
}
