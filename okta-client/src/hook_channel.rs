//! How Okta reaches the service behind a hook.

use client_core::open_enum;
use serde_json::{Value, json};

use crate::entity::entity;
use crate::hook_secret::HookSecret;

/// The only version of channels and of inline hooks that there is.
pub(crate) const VERSION: &str = "1.0.0";

entity! {
    /// How Okta reaches the service behind a hook. Secrets are not in it: Okta does not tell them.
    pub struct HookChannel shows(kind, config) {
        /// What knows Okta again: a header, or a token.
        pub kind: HookChannelKind = "type",
        /// The version of channels: `1.0.0`.
        pub version: Option<String> = opt "version",
        /// Where, and how.
        pub config: HookChannelConfig = "config",
    }
}

open_enum! {
    /// What a hook's service knows Okta by.
    pub enum HookChannelKind {
        /// A header with a secret.
        Http = "HTTP",
        /// An OAuth 2.0 token: inline hooks only.
        Oauth = "OAUTH",
    }
}

entity! {
    /// Where a hook's service is, and what Okta sends along.
    pub struct HookChannelConfig shows(uri, method, auth_scheme) {
        /// The service's address. Okta calls `https` only.
        pub uri: String = "uri",
        /// Headers that every request has, beside the secret.
        pub headers: Vec<HookHeader> = or_default "headers",
        /// `POST`.
        pub method: Option<String> = opt "method",
        /// The header that the secret is in.
        pub auth_scheme: Option<HookAuthScheme> = opt "authScheme",
        /// With OAuth: how Okta authenticates, `client_secret_post` or `private_key_jwt`.
        pub auth_type: Option<String> = opt "authType",
        /// With OAuth: who Okta is to the token endpoint.
        pub client_id: Option<String> = opt "clientId",
        /// With OAuth: where Okta gets tokens.
        pub token_url: Option<String> = opt "tokenUrl",
        /// With OAuth: the scopes that Okta asks for.
        pub scope: Option<String> = opt "scope",
        /// With OAuth and a private key: the hook key that Okta signs with.
        pub hook_key_id: Option<String> = opt "hookKeyId",
    }
}

entity! {
    /// A header that Okta sends along. `Debug` does not show its value.
    pub struct HookHeader shows(key) {
        /// The name.
        pub key: String = "key",
        /// The value.
        pub value: String = "value",
    }
}

entity! {
    /// The header that a hook's secret is in. The secret itself never comes back.
    pub struct HookAuthScheme shows(kind, key) {
        /// `HEADER`, in any case.
        pub kind: Option<String> = opt "type",
        /// The header's name.
        pub key: Option<String> = opt "key",
    }
}

/// A secret as Okta wants to be told it.
pub(crate) fn auth_scheme(secret: &HookSecret) -> Value {
    json!({ "type": "HEADER", "key": secret.header().as_str(), "value": secret.expose() })
}

/// Headers as Okta wants to be told them.
pub(crate) fn headers(headers: &[(String, String)]) -> Value {
    headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}
