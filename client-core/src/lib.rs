#![doc = include_str!("../README.md")]

mod auth;
mod backoff;
mod body;
mod clock;
mod download;
mod error;
mod extra;
mod id;
pub mod jws;
pub mod oauth;
mod observe;
mod open_enum;
mod origin;
mod pacer;
mod page;
mod path;
mod pipeline;
mod receive;
mod request;
mod response;
mod retry;
mod secret;
mod transport;

pub use auth::{CredentialError, Credentials, Remedy, StaticAuthorization};
pub use body::{BodyStream, Upload};
pub use clock::{Clock, Randomness, SystemClock, SystemRandomness};
pub use download::Download;
pub use error::{Class, Delivery, Error, Failure, Problem};
pub use extra::Extra;
pub use id::InvalidId;
pub use observe::{Attempt, Event, Observer};
pub use origin::{InvalidOrigin, Origin};
pub use pacer::{Bucket, BucketStatus, Concurrency, Lane, Load, PacerConfig, Signal};
pub use page::{Listing, Page, links};
pub use path::Path;
pub use pipeline::{Answer, Dialect, FailedPart, Pipeline, Settings, SetupError};
pub use receive::{UnreadBody, announced_length, bare_answer, names_json, read_body};
pub use request::{Call, Request, Safety};
pub use response::{DecodeError, Response, read_json};
pub use retry::RetryPolicy;
pub use secret::{ExposeSecret, SecretString};
pub use transport::{
    ClientIdentity, HttpTransport, InvalidIdentity, Transport, TransportConfig, TransportError,
};

// So that the macros work inside this crate's own tests and doc examples too.
extern crate self as client_core;

/// What [`define_id!`] and [`open_enum!`] need in the caller's crate. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use serde::{Deserialize, Serialize};

    pub use crate::extra::Name;
    pub use crate::open_enum::Word;
}
