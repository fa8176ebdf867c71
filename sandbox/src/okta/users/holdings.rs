//! What a person has besides the account.

use serde_json::Value;

/// What a person has besides the account, each as it is answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holdings {
    /// Consents of apps.
    pub(crate) grants: Vec<Value>,
    /// Refresh tokens that apps hold.
    pub(crate) tokens: Vec<Value>,
    /// From where the person is kept out.
    pub(crate) blocks: Vec<Value>,
    /// `STANDARD` if nobody has said otherwise.
    pub(crate) class: Option<Value>,
    /// The risk level, once somebody has set one.
    pub(crate) risk: Option<String>,
    /// A status that nobody has heard of, shown in the place of the account's own.
    pub(crate) odd_status: Option<String>,
}

impl Holdings {
    /// Everything by which apps act for the person ends.
    pub(in crate::okta) fn revoke(&mut self) {
        self.grants.clear();
        self.tokens.clear();
    }
}
