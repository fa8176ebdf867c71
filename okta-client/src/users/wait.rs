//! Waiting for a change of status that goes on after its call was answered.

use std::future::IntoFuture;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::Users;
use super::model::User;
use super::status::UserStatus;
use crate::Error;
use crate::id::UserId;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_mins(1);

impl<'a> Users<'a> {
    /// Reads a user by `GET /api/v1/users/{id}`, every half second and then more slowly, until its status is one of
    /// these and nothing is under way any more ([`User::transitioning_to_status`]). For a minute, unless said
    /// otherwise: who has many apps may take longer.
    ///
    /// # Errors
    ///
    /// As [`Users::get`], and if the time is over: the error says where the user stands.
    pub fn wait_for(&self, id: &UserId, statuses: impl IntoIterator<Item = UserStatus>) -> WaitForStatus<'a> {
        let statuses = statuses.into_iter().collect();
        WaitForStatus { users: *self, id: id.clone(), statuses, patience: PATIENCE }
    }
}

/// A wait for a status, which answers the user who has reached it.
#[derive(Debug)]
#[must_use = "nothing is read until it is awaited"]
pub struct WaitForStatus<'a> {
    users: Users<'a>,
    id: UserId,
    statuses: Vec<UserStatus>,
    patience: Duration,
}

impl WaitForStatus<'_> {
    /// How long at most. Default a minute.
    pub fn at_most(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn reached(self) -> Result<User, Error> {
        let clock = self.users.client.clock();
        let started = clock.monotonic();
        let mut pause = FIRST;
        loop {
            let user = self.users.get(&self.id).await?;
            if self.statuses.contains(&user.status) && user.transitioning_to_status.is_none() {
                return Ok(user);
            }
            if clock.monotonic().saturating_sub(started) + pause > self.patience {
                return Err(still(&user, self.patience));
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

fn still(user: &User, patience: Duration) -> Error {
    let towards = user.transitioning_to_status.as_ref();
    let towards = towards.map(|to| format!(" and on its way to {to}")).unwrap_or_default();
    let what = format!("after {patience:?} the user is {}{towards}", user.status);
    Error::protocol("okta.users.get", what)
}

impl<'a> IntoFuture for WaitForStatus<'a> {
    type Output = Result<User, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.reached().boxed()
    }
}
