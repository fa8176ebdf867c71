#![doc = include_str!("../README.md")]

mod auth;
mod builder;
mod checkup;
mod client;
mod dialect;
mod entity;
mod event_hooks;
mod filter;
mod groups;
mod hook_channel;
mod hook_secret;
mod id;
mod inline_hooks;
mod list;
mod problem;
mod system_log;
mod time;
mod users;

pub use auth::{Algorithm, InvalidKey, ServiceApp};
pub use builder::{Builder, ConfigError};
pub use checkup::Finding;
pub use client::OktaClient;
pub use client_core::{
    Attempt, Call, Class, Clock, Delivery, Event, ExposeSecret, Failure, InvalidId, Observer, PacerConfig,
    Path, Problem, Randomness, Request, RetryPolicy, Safety, SecretString, SetupError, Transport,
    TransportConfig, TransportError,
};
pub use entity::Extra;
pub use event_hooks::{
    EventHook, EventHookCondition, EventHookEvents, EventHookExpression, EventHookFilter, EventHooks,
    HookDelivery, HookReceived, HookReceiver, HookRefusal, HookStatus, HookVerification, NewEventHook,
    NoHookDelivery,
};
pub use filter::{Filter, Operand};
pub use groups::{Group, GroupKind, GroupProfile, Groups, ListGroups};
pub use hook_channel::{HookAuthScheme, HookChannel, HookChannelConfig, HookChannelKind, HookHeader};
pub use hook_secret::{HookSecret, InvalidHookSecret};
pub use id::{EventHookId, GroupId, InlineHookId, UserId};
pub use inline_hooks::{
    HookPatch, HookedCredential, HookedProfile, HookedRequest, HookedToken, HookedUser, ImportHookAction,
    ImportHookContext, ImportHookData, InlineHook, InlineHookAnswer, InlineHookAuth, InlineHookCommand,
    InlineHookContext, InlineHookData, InlineHookKind, InlineHookRequest, InlineHookToken, InlineHooks,
    NewInlineHook, NoInlineHookRequest, PasswordImportContext, PasswordImportHookData, RegistrationHookData,
    SamlHookData, TelephonyChannel, TelephonyHookData, TelephonyMessage, TelephonyOutcome, TelephonyStatus,
    TelephonyUser, TokenHookData, UnknownHookData,
};
pub use list::{Listing, Position};
pub use problem::OktaProblem;
pub use system_log::{LogEvent, LogQuery, SystemLog};
pub use users::{
    Activation, ActivationLink, ListUsers, Mail, NewUser, Profile, ProfilePatch, User, UserStatus, Users,
};

/// Why a call failed; [`problem`](client_core::Error::problem) is what Okta said.
pub type Error = client_core::Error<OktaProblem>;
