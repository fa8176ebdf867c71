//! Users.

mod model;

use client_core::{Call, DecodeError, Path, Request, Response, Safety, SecretString};
use serde::Deserialize;

pub use self::model::{NewUser, Profile, ProfilePatch, User, UserStatus};
use crate::Error;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::groups::Group;
use crate::id::UserId;
use crate::list::Listing;

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

    /// `GET /api/v1/users`: many users. Without [`search`](ListUsers::search) or
    /// [`filter`](ListUsers::filter) Okta leaves out deactivated ones.
    pub fn list(&self) -> ListUsers<'a> {
        ListUsers { client: self.client, search: None, filter: None, limit: 200 }
    }

    /// `POST /api/v1/users`: makes a user.
    ///
    /// With [`Activation::Staged`] nothing else happens; nobody can sign in and no mail is sent. With
    /// [`Activation::AtOnce`] Okta mails the person an activation link.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_duplicate`](crate::OktaProblem::is_duplicate) if the login is taken. Never repeated
    /// after an ambiguous end: look the login up.
    pub async fn create(&self, new: &NewUser, activation: Activation) -> Result<User, Error> {
        let request = Request::post(Path::new("/api/v1/users"))
            .query("activate", activation == Activation::AtOnce)
            .json(new);
        self.client.send(&Call::write("okta.users.create", Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}`: changes some attributes. One unknown attribute refuses them all.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn update(&self, id: &UserId, patch: &ProfilePatch) -> Result<User, Error> {
        let request = Request::post(user(id)).json(&serde_json::json!({ "profile": patch }));
        self.client.send(&Call::write("okta.users.update", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/users/{id}/groups`: every group the user is in, `Everyone` among them.
    pub fn groups(&self, id: &UserId) -> Listing<Group> {
        self.client.list("okta.users.groups", Request::get(user(id).word("groups")))
    }

    /// `POST /api/v1/users/{id}/lifecycle/activate`: from STAGED or DEPROVISIONED. The work goes on after the
    /// answer: read until [`User::transitioning_to_status`] is gone.
    ///
    /// # Errors
    ///
    /// `is_wrong_state` in other statuses. Never repeated after an ambiguous end: it sends another mail and
    /// voids the link before; read the status.
    pub async fn activate(&self, id: &UserId, mail: Mail) -> Result<Option<ActivationLink>, Error> {
        self.with_link("okta.users.activate", user(id).word("lifecycle/activate"), mail).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/reactivate`: begins the activation again, from PROVISIONED or
    /// RECOVERY. Not the way back from DEPROVISIONED: that is [`activate`](Self::activate).
    ///
    /// # Errors
    ///
    /// As [`activate`](Self::activate).
    pub async fn reactivate(&self, id: &UserId, mail: Mail) -> Result<Option<ActivationLink>, Error> {
        self.with_link("okta.users.reactivate", user(id).word("lifecycle/reactivate"), mail).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/deactivate`: ends the account. **Destructive**: every app is
    /// deprovisioned, and what the apps delete is gone. Group memberships stay.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn deactivate(&self, id: &UserId) -> Result<(), Error> {
        self.lifecycle("okta.users.deactivate", Safety::Idempotent, user(id).word("lifecycle/deactivate"))
            .await
    }

    /// `POST /api/v1/users/{id}/lifecycle/suspend`: pauses an ACTIVE account; groups and apps stay.
    ///
    /// # Errors
    ///
    /// E0000001 if it is not ACTIVE.
    pub async fn suspend(&self, id: &UserId) -> Result<(), Error> {
        self.lifecycle("okta.users.suspend", Safety::Idempotent, user(id).word("lifecycle/suspend")).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/unsuspend`: ends the pause.
    ///
    /// # Errors
    ///
    /// E0000001 if it is not SUSPENDED.
    pub async fn unsuspend(&self, id: &UserId) -> Result<(), Error> {
        self.lifecycle("okta.users.unsuspend", Safety::Idempotent, user(id).word("lifecycle/unsuspend")).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/unlock`: lifts a lock-out of an Okta-mastered account.
    ///
    /// # Errors
    ///
    /// `is_wrong_state` (E0000032) if it is not locked out.
    pub async fn unlock(&self, id: &UserId) -> Result<(), Error> {
        self.lifecycle("okta.users.unlock", Safety::Idempotent, user(id).word("lifecycle/unlock")).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/expire_password`: the password must be changed at the next sign-in.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn expire_password(&self, id: &UserId) -> Result<(), Error> {
        let path = user(id).word("lifecycle/expire_password");
        self.lifecycle("okta.users.expire_password", Safety::Idempotent, path).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/reset_factors`: removes every enrolled factor. Not possible once the
    /// account is DEPROVISIONED.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: the person may have enrolled anew meanwhile.
    pub async fn reset_factors(&self, id: &UserId) -> Result<(), Error> {
        let path = user(id).word("lifecycle/reset_factors");
        self.lifecycle("okta.users.reset_factors", Safety::Unsafe, path).await
    }

    async fn lifecycle(&self, name: &'static str, safety: Safety, path: Path) -> Result<(), Error> {
        self.client.send(&Call::done(name, safety, Request::post(path))).await
    }

    async fn with_link(
        &self,
        name: &'static str,
        path: Path,
        mail: Mail,
    ) -> Result<Option<ActivationLink>, Error> {
        let request = Request::post(path).query("sendEmail", mail == Mail::Send);
        let answer =
            self.client.send(&Call::done(name, Safety::Unsafe, request).with_decode(read_link)).await?;
        Ok(answer
            .activation_url
            .zip(answer.activation_token)
            .map(|(url, token)| ActivationLink { url, token }))
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

/// Whether a new account is activated by the call that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// No: it stays STAGED until [`Users::activate`].
    Staged,
    /// Yes, and the person gets the mail.
    AtOnce,
}

/// Whether Okta mails the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    /// Okta sends the link.
    Send,
    /// Okta answers the link instead: a credential, to be handed over by other means.
    Withhold,
}

/// A link with which whoever holds it can take the account. A credential.
#[derive(Debug, Clone)]
pub struct ActivationLink {
    /// The link.
    pub url: SecretString,
    /// The token in it.
    pub token: SecretString,
}

/// With the mail sent the answer is `{}`, or nothing at all.
fn read_link(response: &Response) -> Result<LinkBody, DecodeError> {
    if response.body.is_empty() { Ok(LinkBody::default()) } else { response.json() }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LinkBody {
    activation_url: Option<SecretString>,
    activation_token: Option<SecretString>,
}

/// A list of users, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListUsers<'a> {
    client: &'a OktaClient,
    search: Option<Filter>,
    filter: Option<Filter>,
    limit: u16,
}

impl ListUsers<'_> {
    /// Any attribute, deactivated users included. Reads an index that lags behind writes by seconds: what it
    /// finds are candidates, and [`Users::get`] is the truth.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// `status`, `lastUpdated`, `id` and four profile attributes, `eq` only. Not together with
    /// [`search`](Self::search): Okta answers E0000033.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Users a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of users.
    pub fn send(self) -> Listing<User> {
        let request = Request::get(Path::new("/api/v1/users"))
            .filtered("search", self.search.as_ref())
            .filtered("filter", self.filter.as_ref())
            .query("limit", self.limit);
        self.client.list("okta.users.list", request)
    }
}
