//! What an inline hook's service answers: commands, or an error.

use std::fmt;

use client_core::open_enum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::id::UserId;

/// The answer to an inline hook's request, to be sent as JSON with status 200, in less than 256 KB and 3 seconds.
/// Without commands it means "go on as you would".
///
/// ```
/// use okta_client::hooks::{HookPatch, InlineHookAnswer};
///
/// let answer = InlineHookAnswer::new().patch_access_token([HookPatch::add_claim("cost_center", 4711)]);
/// assert_eq!(
///     serde_json::to_value(&answer).unwrap(),
///     serde_json::json!({"commands": [{
///         "type": "com.okta.access.patch",
///         "value": [{"op": "add", "path": "/claims/cost_center", "value": 4711}]
///     }]})
/// );
/// ```
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[must_use]
pub struct InlineHookAnswer {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    commands: Vec<InlineHookCommand>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// A command to Okta. `Debug` does not show its value.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct InlineHookCommand {
    /// `com.okta.access.patch`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What it works with.
    pub value: Value,
}

impl fmt::Debug for InlineHookCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InlineHookCommand({})", self.kind)
    }
}

impl fmt::Debug for InlineHookAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.error.is_some();
        f.debug_struct("InlineHookAnswer").field("commands", &self.commands).field("error", &failed).finish()
    }
}

impl InlineHookAnswer {
    /// An answer without commands.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses: whatever waits for the hook fails, and `summary` is shown to whoever waits for that.
    pub fn error(summary: impl Into<String>) -> Self {
        Self { commands: Vec::new(), error: Some(json!({ "errorSummary": summary.into() })) }
    }

    /// The commands.
    #[must_use]
    pub fn commands(&self) -> &[InlineHookCommand] {
        &self.commands
    }

    /// What it refuses with, as Okta's error object.
    #[must_use]
    pub fn refusal(&self) -> Option<&Value> {
        self.error.as_ref()
    }

    /// Adds any command.
    pub fn command(mut self, kind: impl Into<String>, value: Value) -> Self {
        self.commands.push(InlineHookCommand { kind: kind.into(), value });
        self
    }

    /// Token hook: changes the ID token. An error for Okta if none was asked for.
    pub fn patch_id_token(self, patches: impl IntoIterator<Item = HookPatch>) -> Self {
        self.patch("com.okta.identity.patch", patches)
    }

    /// Token hook: changes the access token. An error for Okta if none was asked for.
    pub fn patch_access_token(self, patches: impl IntoIterator<Item = HookPatch>) -> Self {
        self.patch("com.okta.access.patch", patches)
    }

    /// SAML hook: changes the assertion.
    pub fn patch_assertion(self, patches: impl IntoIterator<Item = HookPatch>) -> Self {
        self.patch("com.okta.assertion.patch", patches)
    }

    /// Password import hook: the password is right. Okta keeps it, and does not ask again.
    pub fn password_verified(self) -> Self {
        self.command("com.okta.action.update", json!({ "credential": "VERIFIED" }))
    }

    /// Password import hook: the password is wrong.
    pub fn password_unverified(self) -> Self {
        self.command("com.okta.action.update", json!({ "credential": "UNVERIFIED" }))
    }

    /// Registration hook: lets somebody register, which Okta would do anyway.
    pub fn allow_registration(self) -> Self {
        self.command("com.okta.action.update", json!({ "registration": "ALLOW" }))
    }

    /// Registration hook: keeps somebody from registering.
    pub fn deny_registration(self) -> Self {
        self.command("com.okta.action.update", json!({ "registration": "DENY" }))
    }

    /// Import and registration hook: sets attributes of the user in Okta.
    pub fn update_profile(self, attributes: Map<String, Value>) -> Self {
        self.command("com.okta.user.profile.update", attributes.into())
    }

    /// Registration hook: sets attributes of somebody who completes a profile.
    pub fn update_progressive_profile(self, attributes: Map<String, Value>) -> Self {
        self.command("com.okta.user.progressive.profile.update", attributes.into())
    }

    /// Import hook: sets attributes of the user in the app.
    pub fn update_app_profile(self, attributes: Map<String, Value>) -> Self {
        self.command("com.okta.appUser.profile.update", attributes.into())
    }

    /// Import hook: makes a new user, whatever matches.
    pub fn create_user(self) -> Self {
        self.command("com.okta.action.update", json!({ "result": "CREATE_USER" }))
    }

    /// Import hook: takes the imported user for this one.
    pub fn link_user(self, user: &UserId) -> Self {
        self.command("com.okta.action.update", json!({ "result": "LINK_USER" }))
            .command("com.okta.user.update", json!({ "id": user }))
    }

    /// Telephony hook: what became of the message.
    pub fn telephony(self, sent: TelephonyOutcome) -> Self {
        self.command("com.okta.telephony.action", json!([sent]))
    }

    fn patch(self, kind: &str, patches: impl IntoIterator<Item = HookPatch>) -> Self {
        let patches: Vec<HookPatch> = patches.into_iter().collect();
        self.command(kind, json!(patches))
    }
}

/// One change of a token or an assertion. `Debug` does not show the value.
#[derive(Clone, PartialEq, Serialize)]
pub struct HookPatch {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

impl HookPatch {
    /// Adds what is not there, at a JSON pointer: `/claims/groups/-`, `/authentication/sessionLifetime`.
    pub fn add(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { op: "add", path: path.into(), value: Some(value.into()) }
    }

    /// Replaces what is there: `/token/lifetime/expiration`.
    pub fn replace(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { op: "replace", path: path.into(), value: Some(value.into()) }
    }

    /// Removes what is there. Not for assertions.
    pub fn remove(path: impl Into<String>) -> Self {
        Self { op: "remove", path: path.into(), value: None }
    }

    /// Adds a claim of any name, an URI too.
    pub fn add_claim(name: &str, value: impl Into<Value>) -> Self {
        Self::add(claim(name), value)
    }

    /// Replaces a claim of any name.
    pub fn replace_claim(name: &str, value: impl Into<Value>) -> Self {
        Self::replace(claim(name), value)
    }

    /// Removes a claim of any name.
    pub fn remove_claim(name: &str) -> Self {
        Self::remove(claim(name))
    }
}

/// The JSON pointer to a claim (RFC 6901).
fn claim(name: &str) -> String {
    format!("/claims/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl fmt::Debug for HookPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookPatch({} {})", self.op, self.path)
    }
}

/// What became of a message with a one-time code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TelephonyOutcome {
    /// Whether it was sent. Anything but success lets Okta send it itself, which it does seldom.
    pub status: TelephonyStatus,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// What else is worth a line in the System Log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_metadata: Option<String>,
}

open_enum! {
    /// Whether a message was sent.
    pub enum TelephonyStatus {
        /// It was.
        Successful = "SUCCESSFUL",
        /// It will be.
        Pending = "PENDING",
        /// It was not.
        Failed = "FAILED",
    }
}
