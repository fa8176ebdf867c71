//! The calls about passwords.

use std::future::IntoFuture;

use client_core::{Call, DecodeError, ExposeSecret as _, Request, Response, Safety, SecretString};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;

use super::value;
use crate::Error;
use crate::client::OktaClient;
use crate::id::UserId;
use crate::users::credentials::Credentials;
use crate::users::{Mail, User, Users, user};

impl<'a> Users<'a> {
    /// `POST /api/v1/users/{id}/lifecycle/reset_password`: → RECOVERY. The person cannot sign in with a password
    /// until they have set a new one, by a link: in Okta's mail, or answered here.
    ///
    /// # Errors
    ///
    /// `is_wrong_state` for a DEPROVISIONED user. Never repeated after an ambiguous end: it sends another mail and
    /// voids the link before; read the status.
    pub fn reset_password(&self, id: &UserId, mail: Mail) -> ResetPassword<'a> {
        ResetPassword { client: self.client, id: id.clone(), mail, revoke_sessions: false }
    }

    /// `POST /api/v1/users/{id}/lifecycle/reset_password?provider=FEDERATION`: from now on another identity provider
    /// lets the person in, and no password. A [`reset_password`](Self::reset_password) is the way back.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: read the user's provider.
    pub async fn convert_to_federated(&self, id: &UserId) -> Result<(), Error> {
        let path = user(id).word("lifecycle/reset_password");
        let request = Request::post(path).query("provider", "FEDERATION").query("sendEmail", false);
        self.client.send(&Call::done("okta.users.convert_to_federated", Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/expire_password`: → PASSWORD_EXPIRED. The password must be changed at the
    /// next sign-in; in orgs with an Active Directory there too.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn expire_password(&self, id: &UserId) -> Result<User, Error> {
        let request = Request::post(user(id).word("lifecycle/expire_password"));
        self.client.send(&Call::write("okta.users.expire_password", Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/users/{id}/lifecycle/expire_password_with_temp_password`: → PASSWORD_EXPIRED, with a password
    /// for one sign-in. Okta shows it once, here.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: the password that was lost is void only once another is
    /// made, so call it again if you mean that.
    pub fn expire_password_with_temp_password(&self, id: &UserId) -> ExpireWithTemporary<'a> {
        ExpireWithTemporary { client: self.client, id: id.clone(), revoke_sessions: false }
    }

    /// `POST /api/v1/users/{id}/credentials/forgot_password`: a link with which the person sets a new password once
    /// they have answered their recovery question (Classic orgs). For ACTIVE users with such a question; the status
    /// stays as it is. The link, unless Okta mails it.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: it sends another mail and voids the link before.
    pub async fn forgot_password(&self, id: &UserId, mail: Mail) -> Result<Option<SecretString>, Error> {
        let path = user(id).word("credentials/forgot_password");
        let request = Request::post(path).query("sendEmail", mail == Mail::Send);
        let call =
            Call::done("okta.users.forgot_password", Safety::Unsafe, request).with_decode(read_reset_url);
        link_or_mail(mail, &call, self.client.send(&call).await?)
    }

    /// `POST /api/v1/users/{id}/credentials/forgot_password_recovery_question`: sets a new password for who knows
    /// the answer to the recovery question.
    ///
    /// # Errors
    ///
    /// E0000087 for a wrong answer; E0000014 or E0000080 for a password that the policy refuses. Never repeated after
    /// an ambiguous end: see [`User::password_changed`].
    pub async fn forgot_password_recovery_question(
        &self,
        id: &UserId,
        answer: &SecretString,
        new: &SecretString,
        mail: Mail,
    ) -> Result<Credentials, Error> {
        let path = user(id).word("credentials/forgot_password_recovery_question");
        let body = json!({
            "password": value(new), "recovery_question": { "answer": answer.expose_secret() },
        });
        let request = Request::post(path).query("sendEmail", mail == Mail::Send).json(&body);
        let name = "okta.users.forgot_password_recovery_question";
        self.client.send(&Call::write(name, Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}/credentials/change_password`: a new password from who knows the old one. From STAGED,
    /// ACTIVE, PASSWORD_EXPIRED and RECOVERY. An admin who does not know it uses
    /// [`UserUpdate::password`](crate::users::UserUpdate::password).
    ///
    /// # Errors
    ///
    /// E0000014 (E0000080 in older orgs) if the old password is wrong or the policy refuses the new one; the causes
    /// tell which. Never repeated after an ambiguous end: see [`User::password_changed`].
    pub fn change_password(&self, id: &UserId, old: SecretString, new: SecretString) -> ChangePassword<'a> {
        ChangePassword {
            client: self.client,
            id: id.clone(),
            old,
            new,
            strict: false,
            revoke_sessions: false,
        }
    }

    /// `POST /api/v1/users/{id}/credentials/change_recovery_question`: another question and answer, from who knows
    /// the password.
    ///
    /// # Errors
    ///
    /// E0000014 if the password is wrong.
    pub async fn change_recovery_question(
        &self,
        id: &UserId,
        password: &SecretString,
        question: &str,
        answer: &SecretString,
    ) -> Result<Credentials, Error> {
        let body = json!({
            "password": value(password),
            "recovery_question": { "question": question, "answer": answer.expose_secret() },
        });
        let request = Request::post(user(id).word("credentials/change_recovery_question")).json(&body);
        self.client
            .send(&Call::write("okta.users.change_recovery_question", Safety::Idempotent, request))
            .await
    }
}

/// A reset of a password; answers the link, unless Okta mails it. It is a credential.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct ResetPassword<'a> {
    client: &'a OktaClient,
    id: UserId,
    mail: Mail,
    revoke_sessions: bool,
}

impl ResetPassword<'_> {
    /// Ends the person's sessions with Okta too.
    pub fn revoke_sessions(mut self) -> Self {
        self.revoke_sessions = true;
        self
    }
}

impl<'a> IntoFuture for ResetPassword<'a> {
    type Output = Result<Option<SecretString>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let request = Request::post(user(&self.id).word("lifecycle/reset_password"))
            .query("sendEmail", self.mail == Mail::Send)
            .query_opt("revokeSessions", self.revoke_sessions.then_some(true));
        let call =
            Call::done("okta.users.reset_password", Safety::Unsafe, request).with_decode(read_reset_url);
        async move { link_or_mail(self.mail, &call, self.client.send(&call).await?) }.boxed()
    }
}

/// A password expired in exchange for a temporary one, which it answers.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct ExpireWithTemporary<'a> {
    client: &'a OktaClient,
    id: UserId,
    revoke_sessions: bool,
}

impl ExpireWithTemporary<'_> {
    /// Ends the person's sessions with Okta too.
    pub fn revoke_sessions(mut self) -> Self {
        self.revoke_sessions = true;
        self
    }
}

impl<'a> IntoFuture for ExpireWithTemporary<'a> {
    type Output = Result<SecretString, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            temp_password: SecretString,
        }
        let request = Request::post(user(&self.id).word("lifecycle/expire_password_with_temp_password"))
            .query_opt("revokeSessions", self.revoke_sessions.then_some(true));
        let name = "okta.users.expire_password_with_temp_password";
        let call = Call::<Body>::write(name, Safety::Unsafe, request);
        async move { Ok(self.client.send(&call).await?.temp_password) }.boxed()
    }
}

/// A change of a password by who knows it.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct ChangePassword<'a> {
    client: &'a OktaClient,
    id: UserId,
    old: SecretString,
    new: SecretString,
    strict: bool,
    revoke_sessions: bool,
}

impl ChangePassword<'_> {
    /// Holds the new password against the policy's minimum age too.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Ends the person's other sessions with Okta too.
    pub fn revoke_sessions(mut self) -> Self {
        self.revoke_sessions = true;
        self
    }
}

impl<'a> IntoFuture for ChangePassword<'a> {
    type Output = Result<Credentials, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let mut body = json!({ "oldPassword": value(&self.old), "newPassword": value(&self.new) });
        if self.revoke_sessions {
            body["revokeSessions"] = true.into();
        }
        let request = Request::post(user(&self.id).word("credentials/change_password"))
            .query_opt("strict", self.strict.then_some(true))
            .json(&body);
        let call = Call::write("okta.users.change_password", Safety::Unsafe, request);
        async move { self.client.send(&call).await }.boxed()
    }
}

/// Whoever asked for the link and got none must know: the person cannot sign in until they have one.
fn link_or_mail<T>(
    mail: Mail,
    call: &Call<T>,
    link: Option<SecretString>,
) -> Result<Option<SecretString>, Error> {
    match (mail, link) {
        (Mail::Withhold, None) => Err(Error::protocol(call.name(), "it is done, without the link asked for")),
        (_, link) => Ok(link),
    }
}

/// With the mail sent the answer is `{}`, or nothing at all.
fn read_reset_url(response: &Response) -> Result<Option<SecretString>, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(default)]
        reset_password_url: Option<SecretString>,
    }
    if response.body.is_empty() {
        return Ok(None);
    }
    Ok(response.json::<Body>()?.reset_password_url)
}
