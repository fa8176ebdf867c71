//! Changes of a user: some attributes, or all.

use std::fmt;

use client_core::{ExposeSecret as _, Request, SecretString};
use http::HeaderValue;
use http::header::IF_MATCH;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::model::{Profile, User};
use super::password::{self, PasswordHash};
use crate::id::UserTypeId;

client_core::define_id!(
    /// What a user's profile and type were when it was read, as [`Users::get_tagged`](super::Users::get_tagged)
    /// hands it out: to be given with a change that is to be refused if they are something else by then.
    ///
    /// It tells profiles apart and nothing else: it is the same before and after a change of status, and again once
    /// a profile is back to what it was.
    ETag, "visible ASCII, as the header has it: W/\"…\"", |text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
);

/// A change of some attributes: those not named stay as they are.
///
/// Setting an attribute to `""` is not removing it: Okta keeps it, empty.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfilePatch(Map<String, Value>);

impl ProfilePatch {
    /// A change of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute. Arrays are replaced whole.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Removes an attribute.
    #[must_use]
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.set(name, Value::Null)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes it names, `null` for those it removes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for ProfilePatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A change of a user, for [`Users::update`](super::Users::update): attributes, and a password or recovery question
/// that an admin sets. A [`ProfilePatch`] alone is one too.
///
/// ```
/// use okta_client::users::{ProfilePatch, UserUpdate};
///
/// let promoted = UserUpdate::from(ProfilePatch::new().set("title", "Lead").remove("nickName"));
/// let reset = UserUpdate::new().password("correct horse".into()).strict();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct UserUpdate {
    profile: ProfilePatch,
    password: Option<NewPassword>,
    question: Option<(String, SecretString)>,
    strict: bool,
    if_match: Option<ETag>,
}

#[derive(Debug, Clone)]
enum NewPassword {
    Plain(SecretString),
    Hash(PasswordHash),
}

impl UserUpdate {
    /// A change of nothing, which is not sent.
    pub fn new() -> Self {
        Self::default()
    }

    /// The attributes to change.
    pub fn profile(mut self, patch: ProfilePatch) -> Self {
        self.profile = patch;
        self
    }

    /// Sets the password, without asking for the old one. The policy's complexity applies; its history and age only
    /// with [`strict`](Self::strict).
    pub fn password(mut self, password: SecretString) -> Self {
        self.password = Some(NewPassword::Plain(password));
        self
    }

    /// Sets the password to one of which only the hash is known.
    pub fn password_hash(mut self, hash: PasswordHash) -> Self {
        self.password = Some(NewPassword::Hash(hash));
        self
    }

    /// Sets what Okta asks when the password is forgotten (Classic orgs), and the answer.
    pub fn recovery_question(mut self, question: impl Into<String>, answer: SecretString) -> Self {
        self.question = Some((question.into(), answer));
        self
    }

    /// Holds the new password against the policy's history and minimum age too.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Refuses the change if the profile is another by now:
    /// [`OktaProblem::is_stale`](crate::OktaProblem::is_stale).
    pub fn if_match(mut self, tag: ETag) -> Self {
        self.if_match = Some(tag);
        self
    }

    /// Whether sending it twice is the same as once: not with a password, which may then be in the history, nor
    /// with a tag, which the first one changes.
    pub(super) fn repeats(&self) -> bool {
        self.password.is_none() && self.if_match.is_none()
    }

    pub(super) fn apply(&self, request: Request) -> Request {
        let body = self.body();
        if body.is_empty() {
            return request.flawed("a change of nothing: give attributes, a password or a recovery question");
        }
        if let Some(NewPassword::Hash(hash)) = &self.password
            && let Some(flaw) = hash.flaw()
        {
            return request.flawed(flaw);
        }
        conditional(request.query_opt("strict", self.strict.then_some(true)), self.if_match.as_ref())
            .json(&body)
    }

    fn body(&self) -> Map<String, Value> {
        let mut credentials = Map::new();
        match &self.password {
            None => {}
            Some(NewPassword::Plain(value)) => {
                credentials.insert("password".into(), password::value(value));
            }
            Some(NewPassword::Hash(hash)) => {
                credentials.insert("password".into(), json!({ "hash": hash.body() }));
            }
        }
        if let Some((question, answer)) = &self.question {
            let question = json!({ "question": question, "answer": answer.expose_secret() });
            credentials.insert("recovery_question".into(), question);
        }
        let mut body = Map::new();
        if !self.profile.is_empty() {
            body.insert("profile".into(), json!(self.profile));
        }
        if !credentials.is_empty() {
            body.insert("credentials".into(), credentials.into());
        }
        body
    }
}

impl From<ProfilePatch> for UserUpdate {
    fn from(patch: ProfilePatch) -> Self {
        Self::new().profile(patch)
    }
}

impl From<&ProfilePatch> for UserUpdate {
    fn from(patch: &ProfilePatch) -> Self {
        patch.clone().into()
    }
}

/// Everything that a user is to have from now on, for [`Users::replace`](super::Users::replace): attributes that
/// are not in it are dropped.
#[derive(Debug, Clone)]
#[must_use]
pub struct WholeUser {
    profile: Profile,
    user_type: Option<UserTypeId>,
    if_match: Option<ETag>,
}

impl WholeUser {
    /// A user with these attributes and no others.
    pub fn new(profile: Profile) -> Self {
        Self { profile, user_type: None, if_match: None }
    }

    /// Another user type. The attributes must be those of that type's schema.
    pub fn user_type(mut self, user_type: UserTypeId) -> Self {
        self.user_type = Some(user_type);
        self
    }

    /// Refuses the change if the profile is another by now:
    /// [`OktaProblem::is_stale`](crate::OktaProblem::is_stale).
    pub fn if_match(mut self, tag: ETag) -> Self {
        self.if_match = Some(tag);
        self
    }

    pub(super) fn repeats(&self) -> bool {
        self.if_match.is_none()
    }

    pub(super) fn apply(&self, request: Request) -> Request {
        let mut body = json!({ "profile": self.profile });
        if let Some(user_type) = &self.user_type {
            body["type"] = json!({ "id": user_type });
        }
        conditional(request, self.if_match.as_ref()).json(&body)
    }
}

/// With every attribute that it has, those unknown to this crate too.
impl From<&User> for WholeUser {
    fn from(user: &User) -> Self {
        Self::new(user.profile.clone())
    }
}

fn conditional(request: Request, tag: Option<&ETag>) -> Request {
    match tag.map(|tag| HeaderValue::from_str(tag.as_str())) {
        None => request,
        Some(Ok(tag)) => request.header(IF_MATCH, tag),
        Some(Err(_)) => request.flawed("the ETag cannot stand in a header"),
    }
}
