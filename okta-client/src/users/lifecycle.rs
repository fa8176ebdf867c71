//! Moves from one status to another, and the end of an account.

use std::future::IntoFuture;
use std::time::Duration;

use client_core::{Call, DecodeError, Path, Request, Response, Safety, SecretString};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::status::UserStatus;
use super::{Users, user};
use crate::Error;
use crate::client::OktaClient;
use crate::id::UserId;

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

/// A user who was DEPROVISIONED when Okta was last asked: what [`Users::delete`] wants to see.
///
/// There is one way to get it, [`Users::deprovisioned`]; it serves once, and for a minute.
#[derive(Debug)]
#[must_use = "it does nothing by itself: give it to `delete`"]
pub struct Deprovisioned {
    id: UserId,
    /// By the client's clock.
    read_at: Duration,
}

/// How long the proof is good for: by then somebody may have brought the person back.
const FRESH: Duration = Duration::from_secs(60);

impl Deprovisioned {
    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.id
    }
}

impl<'a> Users<'a> {
    /// `POST /api/v1/users/{id}/lifecycle/activate`: from STAGED or DEPROVISIONED. The work goes on after the
    /// answer: [`wait_for`](Self::wait_for) waits for it.
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
    /// deprovisioned, and what the apps delete is gone. Group memberships stay. The work may go on after the answer:
    /// [`wait_for`](Self::wait_for) waits for it.
    ///
    /// # Errors
    ///
    /// As every call. Of a DEPROVISIONED user it is refused, or nothing happens: Okta does not say which.
    pub fn deactivate(&self, id: &UserId) -> EndUser<'a> {
        let request = Request::post(user(id).word("lifecycle/deactivate"));
        EndUser { client: self.client, name: "okta.users.deactivate", safety: Safety::Idempotent, request }
    }

    /// The proof that a user may be deleted: it is DEPROVISIONED, and nothing is under way. None if it is not.
    /// Reads it by `GET /api/v1/users/{id}`, since a list may be seconds behind.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn deprovisioned(&self, id: &UserId) -> Result<Option<Deprovisioned>, Error> {
        let read_at = self.client.clock().monotonic();
        let found = self.get(id).await?;
        let ended = found.status == UserStatus::Deprovisioned && found.transitioning_to_status.is_none();
        Ok(ended.then_some(Deprovisioned { id: found.id, read_at }))
    }

    /// `DELETE /api/v1/users/{id}`: deletes a DEPROVISIONED user, **for good**. Only then is the login free again.
    ///
    /// Okta has one call for two things: of a user who is in use it deactivates, and only a second one deletes, and
    /// both answer alike. So it is [`deactivate`](Self::deactivate) that deactivates, and this wants proof:
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient, id: okta_client::users::UserId) -> Result<(), okta_client::Error> {
    /// use okta_client::users::UserStatus;
    ///
    /// okta.users().deactivate(&id).await?;
    /// okta.users().wait_for(&id, [UserStatus::Deprovisioned]).await?;
    /// if let Some(ended) = okta.users().deprovisioned(&id).await? {
    ///     okta.users().delete(ended).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Unsent, if the proof is older than a minute. Never repeated after an ambiguous end: [`find`](Self::find) tells
    /// whether the user is gone.
    pub fn delete(&self, ended: Deprovisioned) -> EndUser<'a> {
        let mut request = Request::delete(user(&ended.id));
        if self.client.clock().monotonic().saturating_sub(ended.read_at) > FRESH {
            request =
                request.flawed("the proof that the user is DEPROVISIONED is older than a minute: read again");
        }
        EndUser { client: self.client, name: "okta.users.delete", safety: Safety::Unsafe, request }
    }

    /// `POST /api/v1/users/{id}/lifecycle/suspend`: pauses an ACTIVE account; groups and apps stay, sessions end.
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

    /// `POST /api/v1/users/{id}/lifecycle/unlock`: lifts a lock-out of an Okta-mastered account, or a block of
    /// unknown devices ([`blocks`](Self::blocks)).
    ///
    /// # Errors
    ///
    /// `is_wrong_state` (E0000032) if it is not locked out.
    pub async fn unlock(&self, id: &UserId) -> Result<(), Error> {
        self.lifecycle("okta.users.unlock", Safety::Idempotent, user(id).word("lifecycle/unlock")).await
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

/// A deactivation or a deletion.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct EndUser<'a> {
    client: &'a OktaClient,
    name: &'static str,
    safety: Safety,
    request: Request,
}

impl EndUser<'_> {
    /// Mails the admin that it was done.
    pub fn mail_admin(mut self) -> Self {
        self.request = self.request.query("sendEmail", true);
        // A repetition would send another.
        self.safety = Safety::Unsafe;
        self
    }

    /// Lets Okta answer at once and do the work later. For people with so many apps that the answer takes too long.
    pub fn in_background(mut self) -> Self {
        let prefer = HeaderName::from_static("prefer");
        self.request = self.request.header(prefer, HeaderValue::from_static("respond-async"));
        self
    }
}

impl<'a> IntoFuture for EndUser<'a> {
    type Output = Result<(), Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let call = Call::done(self.name, self.safety, self.request);
        async move { self.client.send(&call).await }.boxed()
    }
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
