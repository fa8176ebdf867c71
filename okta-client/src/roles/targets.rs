//! Targets: what a standard role is narrowed to.

use client_core::{Call, Path, Request, Safety};

use super::model::AppTarget;
use crate::Error;
use crate::client::OktaClient;
use crate::groups::Group;
use crate::id::{AppId, GroupId};
use crate::list::Listing;

/// What one role assignment is narrowed to, from [`RoleAssignments::targets`](crate::roles::RoleAssignments::targets).
///
/// A role without targets is over everything. **The first target narrows it to that one; the last cannot be removed**,
/// since that would widen it again: unassign the role, and assign it anew. `USER_ADMIN`, `HELP_DESK_ADMIN` and
/// `GROUP_MEMBERSHIP_ADMIN` have groups, `APP_ADMIN` has apps.
#[derive(Debug, Clone)]
pub struct RoleTargets<'a> {
    pub(super) client: &'a OktaClient,
    /// `…/roles/{id}/targets`
    pub(super) path: Path,
}

impl RoleTargets<'_> {
    /// `GET …/roles/{id}/targets/groups`: the groups it is narrowed to. None means all, if there are no apps either.
    pub fn groups(&self) -> Listing<Group> {
        self.client.list("okta.role_targets.groups", Request::get(self.group_path()).query("limit", 200))
    }

    /// `PUT …/roles/{id}/targets/groups/{group}`.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn add_group(&self, group: &GroupId) -> Result<(), Error> {
        self.change("okta.role_targets.add_group", Request::put(self.group_path().value(group))).await
    }

    /// `DELETE …/roles/{id}/targets/groups/{group}`.
    ///
    /// # Errors
    ///
    /// If it is the last one; `is_not_found` if it is none.
    pub async fn remove_group(&self, group: &GroupId) -> Result<(), Error> {
        self.change("okta.role_targets.remove_group", Request::delete(self.group_path().value(group))).await
    }

    /// `GET …/roles/{id}/targets/catalog/apps`: the apps it is narrowed to. None means all, if there are no groups either.
    pub fn apps(&self) -> Listing<AppTarget> {
        self.client.list("okta.role_targets.apps", Request::get(self.app_path()).query("limit", 200))
    }

    /// `PUT …/roles/{id}/targets/catalog/apps/{name}`: every instance of an app of Okta's catalogue, `salesforce`.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn add_app(&self, name: &str) -> Result<(), Error> {
        self.change("okta.role_targets.add_app", Request::put(self.app_path().value(name))).await
    }

    /// `DELETE …/roles/{id}/targets/catalog/apps/{name}`.
    ///
    /// # Errors
    ///
    /// If it is the last one; `is_not_found` if it is none.
    pub async fn remove_app(&self, name: &str) -> Result<(), Error> {
        self.change("okta.role_targets.remove_app", Request::delete(self.app_path().value(name))).await
    }

    /// `PUT …/roles/{id}/targets/catalog/apps/{name}/{app}`: one instance. Not beside all instances of the same app.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn add_app_instance(&self, name: &str, app: &AppId) -> Result<(), Error> {
        let path = self.app_path().value(name).value(app);
        self.change("okta.role_targets.add_app_instance", Request::put(path)).await
    }

    /// `DELETE …/roles/{id}/targets/catalog/apps/{name}/{app}`.
    ///
    /// # Errors
    ///
    /// If it is the last one; `is_not_found` if it is none.
    pub async fn remove_app_instance(&self, name: &str, app: &AppId) -> Result<(), Error> {
        let path = self.app_path().value(name).value(app);
        self.change("okta.role_targets.remove_app_instance", Request::delete(path)).await
    }

    async fn change(&self, name: &'static str, request: Request) -> Result<(), Error> {
        self.client.send(&Call::done(name, Safety::Idempotent, request)).await
    }

    fn group_path(&self) -> Path {
        self.path.clone().word("groups")
    }

    fn app_path(&self) -> Path {
        self.path.clone().word("catalog/apps")
    }
}
