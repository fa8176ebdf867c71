//! The running sandbox: where it is, what happened in it, what is to go wrong.

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::builder::Builder;
use crate::clock::Clock;
use crate::control;
use crate::fault::Fault;
use crate::okta::hooks;
use crate::record::{HookDelivery, PushDelivery, RequestRecord, SessionRecord};
use crate::server::{Server, Shared};
use crate::servicenow::{Habits, push};

/// A running Okta org and ServiceNow instance. Dropping it stops both.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
    pub(crate) okta: Server,
    pub(crate) servicenow: Server,
    pub(crate) control: Server,
    pub(crate) _postman: Option<Postman>,
    pub(crate) okta_token: String,
    pub(crate) servicenow_username: String,
    pub(crate) servicenow_password: String,
}

impl Sandbox {
    /// A sandbox to configure. `Sandbox::builder().start().await?` has 50 people and 3 new hires.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the Okta org is.
    pub fn okta_url(&self) -> String {
        self.okta.url()
    }

    /// The org's API token: `Authorization: SSWS {token}`.
    pub fn okta_token(&self) -> &str {
        &self.okta_token
    }

    /// Where the ServiceNow instance is.
    pub fn servicenow_url(&self) -> String {
        self.servicenow.url()
    }

    /// The integration user's name.
    pub fn servicenow_username(&self) -> &str {
        &self.servicenow_username
    }

    /// The integration user's password.
    pub fn servicenow_password(&self) -> &str {
        &self.servicenow_password
    }

    /// Where the control API is.
    pub fn control_url(&self) -> String {
        self.control.url()
    }

    /// The clock that both vendors go by.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Every request to either vendor, oldest first, those that a fault hit too.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().requests.clone()
    }

    /// Everything both systems hold: `clock`; `okta` with `users` (each with its `groups`, `factors`, `roles`, how many
    /// `sessions`, `grants`, `tokens`, `blocks` and `linkedObjects`), `groups` (each with its `members` and `roles`),
    /// `groupRules`, `apps` (each with its `users`), `apiTokens`, `logs` and `mails`; `servicenow` with the records of
    /// each table. No credentials are in it.
    pub fn state(&self) -> Value {
        control::state(&self.shared)
    }

    /// Sends each event hook that is ACTIVE and VERIFIED what has happened since it last was sent something: real
    /// requests, to loopback, one for each hook with all of its events, repeated once after silence or a 5xx.
    ///
    /// With [`Builder::automatic_hooks`] there is no need to.
    pub async fn deliver_hooks(&self) -> Vec<HookDelivery> {
        hooks::deliver(&self.shared).await
    }

    /// Sends what the instance has to tell the service of [`push_to`](Self::push_to): a signed hint for each item that
    /// was approved since, in order, once. Real requests, to loopback.
    pub async fn deliver_pushes(&self) -> Vec<PushDelivery> {
        push::deliver(&self.shared).await
    }

    /// Every session that a user began on the ServiceNow instance, oldest first. A request without a cookie begins one.
    pub fn servicenow_sessions(&self) -> Vec<SessionRecord> {
        self.shared.world().servicenow.traffic.sessions()
    }

    /// Changes what the ServiceNow instance does and others do not.
    pub fn change_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.shared.world().servicenow.habits);
    }

    /// Makes chosen requests go wrong from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }
}

/// Delivers to event hooks whenever something may have happened; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Postman(JoinHandle<()>);

impl Postman {
    pub(crate) fn start(shared: Arc<Shared>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                shared.stirred.notified().await;
                hooks::deliver(&shared).await;
            }
        }))
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        self.0.abort();
    }
}
