//! The inline hook, and one to be made.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::{ExposeSecret as _, SecretString, open_enum};
use serde_json::{Map, Value, json};

use crate::entity::entity;
use crate::event_hooks::HookStatus;
use crate::hook_channel::{self, HookChannel};
use crate::hook_secret::HookSecret;
use crate::id::InlineHookId;

entity! {
    /// An inline hook.
    pub struct InlineHook shows(id, name, status, kind) {
        /// Okta's id.
        pub id: InlineHookId = "id",
        /// What people know it by.
        pub name: String = "name",
        /// Whether it is switched on.
        pub status: HookStatus = "status",
        /// Where in Okta's flows it is called.
        pub kind: InlineHookKind = "type",
        /// The version of its kind: `1.0.0`.
        pub version: Option<String> = opt "version",
        /// Where the service is, and what it knows Okta by.
        pub channel: HookChannel = "channel",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it was last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// Where in Okta's flows an inline hook is called.
    pub enum InlineHookKind {
        /// When a custom authorization server mints tokens.
        Token = "com.okta.oauth2.tokens.transform",
        /// When a SAML assertion is made.
        Saml = "com.okta.saml.tokens.transform",
        /// When a user is imported.
        Import = "com.okta.import.transform",
        /// When somebody registers, or completes a profile.
        Registration = "com.okta.user.pre-registration",
        /// When somebody whose password is elsewhere signs in for the first time.
        PasswordImport = "com.okta.user.credential.password.import",
        /// When a one-time code is to be sent by SMS or told by voice.
        Telephony = "com.okta.telephony.provider",
    }
}

/// What an inline hook's service knows Okta by. Okta never tells the secrets in it again.
#[derive(Debug, Clone)]
pub enum InlineHookAuth {
    /// A header.
    Header(HookSecret),
    /// A token that Okta gets with a client secret.
    ClientSecret {
        /// Where Okta gets tokens.
        token: InlineHookToken,
        /// What Okta shows for one.
        client_secret: SecretString,
    },
    /// A token that Okta gets with a key of its own.
    PrivateKey {
        /// Where Okta gets tokens.
        token: InlineHookToken,
        /// The hook key that Okta signs with: `HKY…`.
        hook_key_id: String,
    },
}

/// Where Okta gets the tokens that it shows an inline hook's service.
#[derive(Debug, Clone)]
pub struct InlineHookToken {
    /// The token endpoint.
    pub url: String,
    /// Who Okta is to it.
    pub client_id: String,
    /// The scopes that Okta asks for, if any.
    pub scope: Option<String>,
}

impl InlineHookAuth {
    /// A channel with the configuration `config`, and this in it.
    fn channel(&self, mut config: Map<String, Value>) -> Value {
        for other in ["authScheme", "authType", "clientId", "tokenUrl", "scope", "hookKeyId", "clientSecret"]
        {
            config.remove(other);
        }
        config.insert("method".to_owned(), json!("POST"));
        let kind = match self {
            Self::Header(secret) => {
                config.insert("authScheme".to_owned(), hook_channel::auth_scheme(secret));
                "HTTP"
            }
            Self::ClientSecret { token, client_secret } => {
                token.put(&mut config, "client_secret_post");
                config.insert("clientSecret".to_owned(), json!(client_secret.expose_secret()));
                "OAUTH"
            }
            Self::PrivateKey { token, hook_key_id } => {
                token.put(&mut config, "private_key_jwt");
                config.insert("hookKeyId".to_owned(), json!(hook_key_id));
                "OAUTH"
            }
        };
        json!({ "type": kind, "version": hook_channel::VERSION, "config": config })
    }
}

impl InlineHookToken {
    fn put(&self, config: &mut Map<String, Value>, auth_type: &str) {
        let scope = self.scope.as_deref().map(|scope| ("scope", scope));
        let members = [("authType", auth_type), ("clientId", &self.client_id), ("tokenUrl", &self.url)];
        let members = members.into_iter().chain(scope);
        config.extend(members.map(|(name, value)| (name.to_owned(), json!(value))));
    }
}

impl InlineHook {
    /// What replaces this hook, with what Okta does not tell and without what is not the caller's to say.
    pub(super) fn replacement(&self, auth: &InlineHookAuth) -> Result<Value, serde_json::Error> {
        let config = serde_json::to_value(&self.channel.config)?;
        let config = if let Value::Object(config) = config { config } else { Map::new() };
        Ok(json!({ "name": self.name, "version": hook_channel::VERSION, "channel": auth.channel(config) }))
    }
}

/// An inline hook to be made.
#[derive(Clone)]
#[must_use = "it is made by `InlineHooks::create`"]
pub struct NewInlineHook {
    name: String,
    kind: InlineHookKind,
    uri: String,
    auth: InlineHookAuth,
    headers: Vec<(String, String)>,
}

impl NewInlineHook {
    /// A hook of `kind` that calls `uri`, which must be `https`, and is known there by `auth`.
    pub fn new(
        name: impl Into<String>,
        kind: InlineHookKind,
        uri: impl Into<String>,
        auth: InlineHookAuth,
    ) -> Self {
        Self { name: name.into(), kind, uri: uri.into(), auth, headers: Vec::new() }
    }

    /// Sends a header along. Okta shows its value to every admin: it is no place for secrets.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut config = Map::from_iter([("uri".to_owned(), json!(self.uri))]);
        if !self.headers.is_empty() {
            config.insert("headers".to_owned(), hook_channel::headers(&self.headers));
        }
        json!({
            "name": self.name,
            "type": self.kind,
            "version": hook_channel::VERSION,
            "channel": self.auth.channel(config),
        })
    }
}

impl fmt::Debug for NewInlineHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewInlineHook")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("uri", &self.uri)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}
