//! Users: found, made, changed, moved through their lifecycle.

mod about;
mod credentials;
mod grants;
mod lifecycle;
mod linked;
mod list;
mod model;
mod new;
mod password;
mod patch;
mod sessions;
mod status;
mod wait;

pub use crate::id::{GrantId, RealmId, RefreshTokenId, UserId};
use client_core::{Call, Path, Request, Safety};

pub use self::about::{
    AppLink, BlockKind, BlockedDevices, Classification, RiskLevel, UserBlock, UserClass,
    UserIdentityProvider, UserRisk,
};
pub use self::credentials::{CredentialEmail, CredentialProvider, Credentials, EmailKind};
pub use self::grants::{
    GrantSource, GrantStatus, OAuthClient, RefreshToken, ScopeGrant, UserClient, UserGrants,
};
pub use self::lifecycle::{ActivationLink, Deprovisioned, EndUser, Mail};
pub use self::linked::UserLinks;
pub use self::list::ListUsers;
pub use self::model::{PartialUser, Profile, User, UserTypeRef};
pub use self::new::{Activation, NewUser, ProviderKind, SignIn};
pub use self::password::{
    ChangePassword, ExpireWithTemporary, PasswordHash, Pbkdf2Digest, ResetPassword, Salt,
};
pub use self::patch::{ETag, ProfilePatch, UserUpdate, WholeUser};
pub use self::sessions::{RevokeSessions, Subject};
pub use self::status::{Allowed, Transition, UserStatus};
pub use self::wait::WaitForStatus;
use crate::Error;
use crate::client::OktaClient;

/// Users, from [`OktaClient::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    client: &'a OktaClient,
}

impl<'a> Users<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/users/{id}`: one user, as it is now.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.client.send(&Call::read("okta.users.get", Request::get(user(id)))).await
    }

    /// `GET /api/v1/users/{login}`: the user with exactly this login, as it is now, deactivated ones too.
    ///
    /// Unlike a search this never lags behind. Okta also takes a login's first part, or `me`, in this place:
    /// an answer with another login than the one asked for is an error here.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get_by_login(&self, login: &str) -> Result<User, Error> {
        const CALL: &str = "okta.users.get_by_login";
        if login.contains('/') {
            return Err(Error::invalid(
                CALL,
                "a login with a slash cannot be looked up by path: search for it",
            ));
        }
        let request = Request::get(Path::new("/api/v1/users").value(login));
        let found: User = self.client.send(&Call::read(CALL, request)).await?;
        match found.profile.login() {
            Some(is) if same_login(is, login) => Ok(found),
            _ => Err(Error::protocol(CALL, "a user with another login than the one asked for")),
        }
    }

    /// Like [`get_by_login`](Self::get_by_login), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find_by_login(&self, login: &str) -> Result<Option<User>, Error> {
        absent_is_none(self.get_by_login(login).await)
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, id: &UserId) -> Result<Option<User>, Error> {
        absent_is_none(self.get(id).await)
    }

    /// `GET /api/v1/users/{id}`: a user, and the tag with which a change of the profile can be made to fail if
    /// somebody else was faster: [`UserUpdate::if_match`].
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get_tagged(&self, id: &UserId) -> Result<(User, ETag), Error> {
        const CALL: &str = "okta.users.get";
        let call = Call::read(CALL, Request::get(user(id)));
        let (found, response) = self.client.pipeline().send_with_response(&call).await?;
        let tag = response.header("etag").and_then(|tag| tag.parse().ok());
        Ok((found, tag.ok_or_else(|| Error::protocol(CALL, "a user without an ETag"))?))
    }

    /// `GET /api/v1/users`: many users. Without [`search`](ListUsers::search) or
    /// [`filter`](ListUsers::filter) Okta leaves out deactivated ones.
    pub fn list(&self) -> ListUsers<'a> {
        ListUsers::new(self.client)
    }

    /// `POST /api/v1/users`: makes a user.
    ///
    /// With [`Activation::Staged`] nothing else happens; nobody can sign in and no mail is sent. With
    /// [`Activation::AtOnce`] Okta mails an activation link to who has neither a password nor another identity
    /// provider. Without the mail: make it staged, then [`activate`](Self::activate) with [`Mail::Withhold`].
    ///
    /// # Errors
    ///
    /// Unsent, naming the field, if parts of it exclude each other.
    /// [`OktaProblem::is_duplicate`](crate::OktaProblem::is_duplicate) if the login is taken. Never repeated
    /// after an ambiguous end: look the login up.
    pub async fn create(&self, new: &NewUser, activation: Activation) -> Result<User, Error> {
        const CALL: &str = "okta.users.create";
        if let Some(flaw) = new.flaw(activation) {
            return Err(Error::invalid(CALL, flaw));
        }
        let expired = (activation == Activation::ChangePassword).then_some("changePassword");
        let request = Request::post(Path::new("/api/v1/users"))
            .query("activate", activation != Activation::Staged)
            .query_opt("provider", new.has_provider().then_some(true))
            .query_opt("nextLogin", expired)
            .json(&new.body());
        self.client.send(&Call::write(CALL, Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}`: changes some attributes, or sets a password or recovery question. One unknown
    /// attribute refuses it all. Attributes that a directory or an app masters cannot be changed here (E0000077,
    /// E0000023).
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_stale`](crate::OktaProblem::is_stale) if it was conditional and the profile is another by now.
    /// With a password or a condition it is never repeated after an ambiguous end: read the user.
    pub async fn update(&self, id: &UserId, change: impl Into<UserUpdate>) -> Result<User, Error> {
        let change = change.into();
        let safety = if change.repeats() { Safety::Idempotent } else { Safety::Unsafe };
        let request = change.apply(Request::post(user(id)));
        self.client.send(&Call::write("okta.users.update", safety, request)).await
    }

    /// `PUT /api/v1/users/{id}`: **drops every attribute that is not given**, custom ones that nobody here knows of
    /// too. For one thing there is no other way: another user type. For everything else there is
    /// [`update`](Self::update).
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn replace(&self, id: &UserId, whole: &WholeUser) -> Result<User, Error> {
        let safety = if whole.repeats() { Safety::Idempotent } else { Safety::Unsafe };
        let request = whole.apply(Request::put(user(id)));
        self.client.send(&Call::write("okta.users.replace", safety, request)).await
    }
}

fn user(id: &UserId) -> Path {
    Path::new("/api/v1/users").value(id)
}

/// Okta compares logins without regard to case.
fn same_login(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

pub(crate) fn absent_is_none<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
