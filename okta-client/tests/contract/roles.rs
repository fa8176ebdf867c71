//! Admin roles of every kind, and API tokens.

use futures::TryStreamExt as _;
use okta_client::OktaClient;
use okta_client::apps::AppId;
use okta_client::groups::GroupId;
use okta_client::iam::{CustomRoleId, NewCustomRole, NewResourceSet, ResourceSetId};
use okta_client::roles::{NewRoleAssignment, RoleAssignmentId, RoleHolder, RoleType};
use okta_client::users::UserId;
use serde_json::Value;

use crate::check::Contract;

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn role() -> CustomRoleId {
    "cr01ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn set() -> ResourceSetId {
    "iam1ab2cd3EF4gh5i6j7".parse().unwrap()
}

pub(crate) async fn cases(contract: &mut Contract) {
    assignments(contract).await;
    targets(contract).await;
    who(contract).await;
    custom_roles(contract).await;
    resource_sets(contract).await;
    bindings(contract).await;
    api_tokens(contract).await;
}

/// The roles of each who can hold some.
macro_rules! holders {
    ($okta:ident) => {
        [
            $okta.roles().of_user(&ann()),
            $okta.roles().of_group(&sales()),
            $okta.roles().of_client(&"0oa1ab2cd3EF4gh5i6j7".parse().unwrap()),
        ]
    };
}

/// Assigning to a group is described with an empty answer too, after which the list is looked at.
fn with_what_was_assigned(answer: &mut Value) {
    for assignment in answer.as_array_mut().into_iter().flatten() {
        assignment["type"] = "HELP_DESK_ADMIN".into();
        assignment["role"] = role().as_str().into();
        assignment["resource-set"] = set().as_str().into();
    }
}

async fn assignments(contract: &mut Contract) {
    let id: RoleAssignmentId = "KVJUKUS7IFCE2SKO".parse().unwrap();
    for at in 0..3 {
        contract.check(async |okta| holders!(okta)[at].list().collect_all().await).await;
        contract.check(async |okta| holders!(okta)[at].get(&id).await).await;
        contract.check(async |okta| holders!(okta)[at].unassign(&id).await).await;
        for new in
            [NewRoleAssignment::standard(RoleType::HelpDeskAdmin), NewRoleAssignment::custom(role(), set())]
        {
            let new = if at < 2 { new.third_party() } else { new };
            let assign = async |okta: OktaClient| holders!(okta)[at].assign(&new).await;
            contract.check_adapted(with_what_was_assigned, assign).await;
        }
    }
}

async fn targets(contract: &mut Contract) {
    let id: RoleAssignmentId = "KVJUKUS7IFCE2SKO".parse().unwrap();
    let app: AppId = "0oa1ab2cd3EF4gh5i6j7".parse().unwrap();
    for at in 0..3 {
        let groups = async |okta: OktaClient| holders!(okta)[at].targets(&id).groups().collect_all().await;
        contract.check_adapted(super::groups::whole_groups, groups).await;
        contract.check(async |okta| holders!(okta)[at].targets(&id).add_group(&sales()).await).await;
        contract.check(async |okta| holders!(okta)[at].targets(&id).remove_group(&sales()).await).await;
        contract.check(async |okta| holders!(okta)[at].targets(&id).apps().collect_all().await).await;
        contract.check(async |okta| holders!(okta)[at].targets(&id).add_app("salesforce").await).await;
        contract.check(async |okta| holders!(okta)[at].targets(&id).remove_app("salesforce").await).await;
        let add = async |okta: OktaClient| {
            holders!(okta)[at].targets(&id).add_app_instance("salesforce", &app).await
        };
        contract.check(add).await;
        let remove = async |okta: OktaClient| {
            holders!(okta)[at].targets(&id).remove_app_instance("salesforce", &app).await
        };
        contract.check(remove).await;
    }
}

/// The description's next page is the page that it is on.
fn last_page(page: &mut Value) {
    if let Some(links) = page.get_mut("_links").and_then(Value::as_object_mut) {
        links.remove("next");
    }
}

async fn who(contract: &mut Contract) {
    contract.check_adapted(last_page, async |okta| okta.roles().assignees().collect_all().await).await;
    let admins = async |okta: OktaClient| okta.roles().super_admins().try_collect::<Vec<_>>().await;
    contract.check_adapted(last_page, admins).await;
}

async fn custom_roles(contract: &mut Contract) {
    let new = NewCustomRole {
        label: "Joiners".into(),
        description: "Makes accounts".into(),
        permissions: vec!["okta.users.create".into()],
    };
    contract.check_adapted(last_page, async |okta| okta.custom_roles().list().collect_all().await).await;
    contract.check(async |okta| okta.custom_roles().get(&role()).await).await;
    contract.check(async |okta| okta.custom_roles().create(&new).await).await;
    contract.check(async |okta| okta.custom_roles().rename(&role(), "Movers", "Moves them").await).await;
    contract.check(async |okta| okta.custom_roles().delete(&role()).await).await;
    let permissions = async |okta: OktaClient| okta.custom_roles().permissions(&role()).collect_all().await;
    contract.check(permissions).await;
    contract.check(async |okta| okta.custom_roles().allow(&role(), "okta.users.read").await).await;
    contract.check(async |okta| okta.custom_roles().disallow(&role(), "okta.users.read").await).await;
}

async fn resource_sets(contract: &mut Contract) {
    let resources = vec!["https://acme.okta.com/api/v1/groups/00g1/users".to_owned()];
    let new = NewResourceSet { label: "Oslo".into(), description: "People in Oslo".into(), resources };
    let resource = "ire1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check_adapted(last_page, async |okta| okta.resource_sets().list().collect_all().await).await;
    contract.check(async |okta| okta.resource_sets().get(&set()).await).await;
    contract.check(async |okta| okta.resource_sets().create(&new).await).await;
    contract.check(async |okta| okta.resource_sets().rename(&set(), "Bergen", "People there").await).await;
    contract.check(async |okta| okta.resource_sets().delete(&set()).await).await;
    let list = async |okta: OktaClient| okta.resource_sets().resources(&set()).collect_all().await;
    contract.check_adapted(last_page, list).await;
    contract.check(async |okta| okta.resource_sets().add_resources(&set(), &new.resources).await).await;
    contract.check(async |okta| okta.resource_sets().remove_resource(&set(), &resource).await).await;
}

async fn bindings(contract: &mut Contract) {
    let holders = [RoleHolder::User(ann()), RoleHolder::Group(sales())];
    let member = "irb1ab2cd3EF4gh5i6j7".parse().unwrap();
    let list = async |okta: OktaClient| okta.resource_sets().bindings(&set()).list().collect_all().await;
    contract.check_adapted(last_page, list).await;
    let create =
        async |okta: OktaClient| okta.resource_sets().bindings(&set()).create(&role(), &holders).await;
    contract.check(create).await;
    contract.check(async |okta| okta.resource_sets().bindings(&set()).delete(&role()).await).await;
    let members =
        async |okta: OktaClient| okta.resource_sets().bindings(&set()).members(&role()).collect_all().await;
    contract.check_adapted(last_page, members).await;
    let add =
        async |okta: OktaClient| okta.resource_sets().bindings(&set()).add_members(&role(), &holders).await;
    contract.check(add).await;
    let remove =
        async |okta: OktaClient| okta.resource_sets().bindings(&set()).remove_member(&role(), &member).await;
    contract.check(remove).await;
}

async fn api_tokens(contract: &mut Contract) {
    let id = "00T1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.api_tokens().list().collect_all().await).await;
    contract.check(async |okta| okta.api_tokens().get(&id).await).await;
    contract.check(async |okta| okta.api_tokens().revoke(&id).await).await;
    contract.check(async |okta| okta.api_tokens().revoke_current().await).await;
}
