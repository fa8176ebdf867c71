//! A user to be made, in all the ways that Okta knows.

use std::fmt;

use client_core::{ExposeSecret as _, SecretString, open_enum};
use serde_json::{Map, Value, json};

use super::model::Profile;
use super::password::{self, PasswordHash};
use crate::id::{GroupId, RealmId, UserTypeId};

/// More than so many groups cannot be given with a new user: Okta refuses them all.
const MOST_GROUPS: usize = 20;

/// A user to be made, with [`Users::create`](super::Users::create).
///
/// ```
/// use okta_client::users::{NewUser, Profile, SignIn};
///
/// let profile = Profile::new()
///     .with("login", "ann.lee@acme.example")
///     .with("email", "ann.lee@acme.example")
///     .with("firstName", "Ann")
///     .with("lastName", "Lee");
/// let new = NewUser::new(profile).signing_in_with(SignIn::Password("correct horse".into()));
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewUser {
    profile: Profile,
    sign_in: SignIn,
    question: Option<(String, SecretString)>,
    groups: Vec<GroupId>,
    user_type: Option<UserTypeId>,
    realm: Option<RealmId>,
}

/// What a new person signs in with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SignIn {
    /// What they choose themselves, by the activation link.
    Activation,
    /// This password. No mail is sent.
    Password(SecretString),
    /// The password that they had elsewhere, as a hash.
    Imported(PasswordHash),
    /// The password that they had elsewhere, which the org's password import inline hook checks at the first
    /// sign-in.
    ImportHook,
    /// Another identity provider. Of `name`, Okta's documentation gives the kind's own word for `FEDERATION` and
    /// `SOCIAL`, and the directory's instance name for directories.
    Provider {
        /// What kind of provider.
        kind: ProviderKind,
        /// Which one.
        name: String,
    },
}

open_enum! {
    /// Who checks a person's password.
    pub enum ProviderKind {
        /// Okta.
        Okta = "OKTA",
        /// An Active Directory.
        ActiveDirectory = "ACTIVE_DIRECTORY",
        /// An LDAP directory.
        Ldap = "LDAP",
        /// Another identity provider, by SAML or OIDC: no password here.
        Federation = "FEDERATION",
        /// A social identity provider: no password here.
        Social = "SOCIAL",
        /// Okta, by a hash that was imported.
        Import = "IMPORT",
    }
}

/// Whether a new account is activated by the call that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// No: it stays STAGED until [`Users::activate`](super::Users::activate).
    Staged,
    /// Yes. Who has a password or another provider is ACTIVE; who has not gets the mail.
    AtOnce,
    /// Yes, and the password must be changed at the first sign-in: PASSWORD_EXPIRED. Needs one.
    ChangePassword,
}

impl NewUser {
    /// A user with these attributes: `login`, `email`, `firstName` and `lastName`, unless the org's schema wants
    /// others.
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            sign_in: SignIn::Activation,
            question: None,
            groups: Vec::new(),
            user_type: None,
            realm: None,
        }
    }

    /// What they sign in with. Default [`SignIn::Activation`].
    pub fn signing_in_with(mut self, sign_in: SignIn) -> Self {
        self.sign_in = sign_in;
        self
    }

    /// What Okta asks when the password is forgotten (Classic orgs), and the answer.
    pub fn recovery_question(mut self, question: impl Into<String>, answer: SecretString) -> Self {
        self.question = Some((question.into(), answer));
        self
    }

    /// Groups to be in from the start: at most 20. For an admin who manages some groups only, the one way to make
    /// a user.
    pub fn groups(mut self, groups: impl IntoIterator<Item = GroupId>) -> Self {
        self.groups.extend(groups);
        self
    }

    /// A user type other than the default. Later only [`Users::replace`](super::Users::replace) changes it.
    pub fn user_type(mut self, user_type: UserTypeId) -> Self {
        self.user_type = Some(user_type);
        self
    }

    /// A realm other than the default.
    pub fn realm(mut self, realm: RealmId) -> Self {
        self.realm = Some(realm);
        self
    }

    /// What would be refused, or done in another way than meant, if this were sent.
    pub(super) fn flaw(&self, activation: Activation) -> Option<String> {
        if self.profile.login().is_none_or(str::is_empty) {
            return Some("profile.login: a user needs one".to_owned());
        }
        if self.groups.len() > MOST_GROUPS {
            return Some(format!("groupIds: {} groups, and Okta takes {MOST_GROUPS}", self.groups.len()));
        }
        let federated = matches!(
            &self.sign_in,
            SignIn::Provider { kind: ProviderKind::Federation | ProviderKind::Social, .. }
        );
        if federated && self.question.is_some() {
            return Some("credentials.recovery_question: not with this credentials.provider".to_owned());
        }
        let password = matches!(self.sign_in, SignIn::Password(_) | SignIn::Imported(_) | SignIn::ImportHook);
        if activation == Activation::ChangePassword && !password {
            return Some("nextLogin: changePassword needs a credentials.password".to_owned());
        }
        match &self.sign_in {
            SignIn::Imported(hash) => hash.flaw(),
            _ => None,
        }
    }

    /// `provider=true`: without it Okta silently ignores the provider and makes an ordinary user.
    pub(super) fn has_provider(&self) -> bool {
        matches!(self.sign_in, SignIn::Provider { .. })
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "profile": self.profile });
        let credentials = self.credentials();
        if !credentials.is_empty() {
            body["credentials"] = credentials.into();
        }
        if !self.groups.is_empty() {
            body["groupIds"] = json!(self.groups);
        }
        if let Some(user_type) = &self.user_type {
            body["type"] = json!({ "id": user_type });
        }
        if let Some(realm) = &self.realm {
            body["realmId"] = json!(realm);
        }
        body
    }

    fn credentials(&self) -> Map<String, Value> {
        let mut credentials = Map::new();
        match &self.sign_in {
            SignIn::Activation => {}
            SignIn::Password(value) => {
                credentials.insert("password".into(), password::value(value));
            }
            SignIn::Imported(hash) => {
                credentials.insert("password".into(), json!({ "hash": hash.body() }));
            }
            SignIn::ImportHook => {
                credentials.insert("password".into(), json!({ "hook": { "type": "default" } }));
            }
            SignIn::Provider { kind, name } => {
                credentials.insert("provider".into(), json!({ "type": kind, "name": name }));
            }
        }
        if let Some((question, answer)) = &self.question {
            let question = json!({ "question": question, "answer": answer.expose_secret() });
            credentials.insert("recovery_question".into(), question);
        }
        credentials
    }
}

/// The attributes' names, and nothing secret.
impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("profile", &self.profile)
            .field("sign_in", &self.sign_in)
            .field("groups", &self.groups)
            .field("user_type", &self.user_type)
            .finish_non_exhaustive()
    }
}
