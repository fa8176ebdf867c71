//! Admin roles: who holds which, and over what.

mod model;
mod targets;

pub use crate::id::{ClientId, RoleAssignmentId};
use client_core::{Call, DecodeError, Path, Request, Response, Safety};
use futures::{Stream, StreamExt as _, TryStreamExt as _};

pub use self::model::{
    AppTarget, NewRoleAssignment, RoleAssignee, RoleAssignment, RoleAssignmentType, RoleHolder, RoleStatus,
    RoleType, SuperAdmin,
};
pub use self::targets::RoleTargets;
use crate::Error;
use crate::client::OktaClient;
use crate::id::{GroupId, UserId};
use crate::list::Listing;

/// How many admins' roles are asked for at once.
const AT_ONCE: usize = 4;

/// Admin roles, from [`OktaClient::roles`]. Scopes `okta.roles.read` and `okta.roles.manage`; only a super
/// administrator may assign roles.
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a> {
    client: &'a OktaClient,
}

impl<'a> Roles<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// A user's roles, those through groups among them.
    pub fn of_user(&self, user: &UserId) -> RoleAssignments<'a> {
        self.below(Path::new("/api/v1/users").value(user), Mails::Possible)
    }

    /// A group's roles, which all its members hold. Such a group has at most 5000 members, and no group rule fills it
    /// (E0000192 to E0000194, E0000211).
    pub fn of_group(&self, group: &GroupId) -> RoleAssignments<'a> {
        self.below(Path::new("/api/v1/groups").value(group), Mails::Possible)
    }

    /// A service app's roles, by its client id.
    pub fn of_client(&self, client: &ClientId) -> RoleAssignments<'a> {
        self.below(Path::new("/oauth2/v1/clients").value(client), Mails::Impossible)
    }

    fn below(self, assignee: Path, mails: Mails) -> RoleAssignments<'a> {
        RoleAssignments { client: self.client, path: assignee.word("roles"), mails }
    }

    /// `GET /api/v1/iam/assignees/users`: every user with a role, whichever, also through a group.
    pub fn assignees(&self) -> Listing<RoleAssignee> {
        let request = Request::get(Path::new("/api/v1/iam/assignees/users")).query("limit", 100);
        self.client.list_named("okta.roles.assignees", "value", request)
    }

    /// The users who are super administrators, in no order. Service apps with that role are not among them: ask
    /// for [each app's](Self::of_client).
    ///
    /// Okta has no such question, so this asks for the roles of everybody in [`assignees`](Self::assignees): one call a
    /// hundred admins and one an admin, from the bucket of all calls on users. Roles that change meanwhile may be missed.
    pub fn super_admins(&self) -> impl Stream<Item = Result<SuperAdmin, Error>> + Send + use<'a> {
        let roles = *self;
        self.assignees()
            .map_ok(move |assignee| async move {
                let assignments = roles.of_user(&assignee.id).list().try_collect::<Vec<_>>().await?;
                let assignments: Vec<_> =
                    assignments.into_iter().filter(RoleAssignment::is_super_admin).collect();
                Ok((!assignments.is_empty()).then_some(SuperAdmin { user: assignee.id, assignments }))
            })
            .try_buffer_unordered(AT_ONCE)
            .filter_map(|admin| std::future::ready(admin.transpose()))
    }
}

/// Whether an assignee could get mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mails {
    Possible,
    Impossible,
}

/// The roles of one user, group or service app, from [`Roles`].
#[derive(Debug, Clone)]
pub struct RoleAssignments<'a> {
    client: &'a OktaClient,
    /// `…/roles`
    path: Path,
    mails: Mails,
}

impl<'a> RoleAssignments<'a> {
    /// `GET …/roles`: all. A user's list also has what comes through groups
    /// ([`is_through_group`](RoleAssignment::is_through_group)), which cannot be unassigned here.
    pub fn list(&self) -> Listing<RoleAssignment> {
        self.client.list("okta.roles.list", Request::get(self.path.clone()))
    }

    /// `GET …/roles/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &RoleAssignmentId) -> Result<RoleAssignment, Error> {
        self.client.send(&Call::read("okta.roles.get", Request::get(self.path.clone().value(id)))).await
    }

    /// `POST …/roles`: assigns a role.
    ///
    /// ```
    /// use okta_client::roles::{NewRoleAssignment, RoleType};
    ///
    /// # async fn run(okta: okta_client::OktaClient, ann: okta_client::users::UserId, oslo: okta_client::groups::GroupId)
    /// # -> Result<(), okta_client::Error> {
    /// let roles = okta.roles().of_user(&ann);
    /// let help_desk = roles.assign(&NewRoleAssignment::standard(RoleType::HelpDeskAdmin)).await?;
    /// roles.targets(&help_desk.id).add_group(&oslo).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_already_assigned`](crate::OktaProblem::is_already_assigned) if it is so already. Never repeated
    /// after an ambiguous end: list the roles. While another role is being written Okta refuses (E0000268), and the call
    /// is repeated.
    pub async fn assign(&self, new: &NewRoleAssignment) -> Result<RoleAssignment, Error> {
        const CALL: &str = "okta.roles.assign";
        let mut request = Request::post(self.path.clone());
        if new.third_party {
            request = match self.mails {
                Mails::Possible => request.query("disableNotifications", true),
                Mails::Impossible => request.flawed("a service app is nobody's third-party admin"),
            };
        }
        let call = Call::done(CALL, Safety::Unsafe, request.json(&new.body()));
        let assigned = self.client.send(&call.with_decode(assignment_or_nothing)).await?;
        match assigned {
            Some(assignment) => Ok(assignment),
            None => {
                let found = self.list().try_filter(|held| std::future::ready(new.fits(held)));
                let found = std::pin::pin!(found).try_next().await?;
                found.ok_or_else(|| Error::protocol(CALL, "a role that was assigned and is not in the list"))
            }
        }
    }

    /// `DELETE …/roles/{id}`: takes a role away.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone, or comes through a group.
    pub async fn unassign(&self, id: &RoleAssignmentId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(id));
        self.client.send(&Call::done("okta.roles.unassign", Safety::Idempotent, request)).await
    }

    /// What a standard role is narrowed to.
    pub fn targets(&self, id: &RoleAssignmentId) -> RoleTargets<'a> {
        RoleTargets { client: self.client, path: self.path.clone().value(id).word("targets") }
    }
}

/// Assigning to a group may answer 201 with nothing in it.
fn assignment_or_nothing(response: &Response) -> Result<Option<RoleAssignment>, DecodeError> {
    if matches!(&*response.body, b"" | b"{}") { Ok(None) } else { response.json().map(Some) }
}
