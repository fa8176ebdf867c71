//! Hooks: Okta calls a service of ours, when something happened (event hooks) or in the middle of its own flows (inline
//! hooks). Registration of both, the secret that they carry, and what a service needs to receive them.

pub use crate::event_hooks::{
    EventHook, EventHookCondition, EventHookEvents, EventHookExpression, EventHookFilter, EventHooks,
    HookDelivery, HookReceived, HookReceiver, HookRefusal, HookStatus, HookVerification, NewEventHook,
    NoHookDelivery,
};
pub use crate::hook_channel::{HookAuthScheme, HookChannel, HookChannelConfig, HookChannelKind, HookHeader};
pub use crate::hook_secret::{HookSecret, InvalidHookSecret};
pub use crate::id::{EventHookId, InlineHookId};
pub use crate::inline_hooks::{
    HookPatch, HookedCredential, HookedProfile, HookedRequest, HookedToken, HookedUser, ImportHookAction,
    ImportHookContext, ImportHookData, InlineHook, InlineHookAnswer, InlineHookAuth, InlineHookCommand,
    InlineHookContext, InlineHookData, InlineHookKind, InlineHookRequest, InlineHookToken, InlineHooks,
    NewInlineHook, NoInlineHookRequest, PasswordImportContext, PasswordImportHookData, RegistrationHookData,
    SamlHookData, TelephonyChannel, TelephonyHookData, TelephonyMessage, TelephonyOutcome, TelephonyStatus,
    TelephonyUser, TokenHookData, UnknownHookData,
};
