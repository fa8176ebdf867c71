//! Groups, their owners, and group rules.

use okta_client::group_rules::{GivenMemberships, GroupRule, GroupRuleId, NewGroupRule};
use okta_client::groups::{GroupExpand, GroupId, GroupProfile, Owner};
use okta_client::users::UserId;
use okta_client::{Filter, OktaClient, SortOrder};
use serde_json::{Value, json};

use crate::check::Contract;

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn rule_id() -> GroupRuleId {
    "0pr3f7zMZZHPgUoWO0g4".parse().unwrap()
}

/// One of the description's examples has no type; Okta's groups have.
pub(crate) fn whole_groups(groups: &mut Value) {
    for group in groups.as_array_mut().unwrap() {
        group.as_object_mut().unwrap().entry("type").or_insert("OKTA_GROUP".into());
    }
}

pub(crate) async fn cases(contract: &mut Contract) {
    let profile = GroupProfile::new("Sales").description("Who sells");
    contract.check(async |okta| okta.groups().get(&sales()).await).await;
    contract
        .check(async |okta| okta.groups().list().search(Filter::present("id")).send().collect_all().await)
        .await;
    let sorted = async |okta: OktaClient| {
        let list = okta.groups().list().sort_by("profile.name", SortOrder::Descending);
        list.expand(GroupExpand::Stats).send().collect_all().await
    };
    contract.check_adapted(whole_groups, sorted).await;
    let quick = async |okta: OktaClient| okta.groups().list().q("Sal").send().collect_all().await;
    contract.check_adapted(whole_groups, quick).await;
    contract.check(async |okta| okta.groups().create(&profile).await).await;
    contract.check(async |okta| okta.groups().replace(&sales(), &profile).await).await;
    contract.check(async |okta| okta.groups().delete(&sales()).await).await;
    contract.check(async |okta| okta.groups().members(&sales()).collect_all().await).await;
    contract.check(async |okta| okta.groups().add(&sales(), &ann()).await).await;
    contract.check(async |okta| okta.groups().remove(&sales(), &ann()).await).await;
    let apps = async |okta: OktaClient| okta.groups().apps(&sales()).collect_all().await;
    contract.check_adapted(super::apps::whole_apps, apps).await;
    owners(contract).await;
    rules(contract).await;
}

async fn owners(contract: &mut Contract) {
    let owner = Owner::User(ann());
    let users = || Filter::eq("type", "USER");
    contract
        .check(async |okta| okta.groups().owners(&sales()).list().search(users()).send().collect_all().await)
        .await;
    contract.check(async |okta| okta.groups().owners(&sales()).add(&owner).await).await;
    contract.check(async |okta| okta.groups().owners(&sales()).remove(&owner).await).await;
}

async fn rules(contract: &mut Contract) {
    let new = NewGroupRule::new("Sales people", "user.department==\"Sales\"", [sales()]).excluding(ann());
    let changed: GroupRule = serde_json::from_str(
        &json!({
            "type": "group_rule", "id": "0pr3f7zMZZHPgUoWO0g4", "status": "INACTIVE", "name": "Sales people",
            "conditions": {"expression": {"value": "true", "type": "urn:okta:expression:1.0"}},
            "actions": {"assignUserToGroups": {"groupIds": ["00g1ab2cd3EF4gh5i6j7"]}}
        })
        .to_string(),
    )
    .unwrap();
    contract.check(async |okta| okta.group_rules().get(&rule_id()).await).await;
    contract
        .check(async |okta| {
            okta.group_rules().list().search("sales").with_group_names().send().collect_all().await
        })
        .await;
    contract.check(async |okta| okta.group_rules().create(&new).await).await;
    contract.check(async |okta| okta.group_rules().replace(&changed).await).await;
    contract.check(async |okta| okta.group_rules().activate(&rule_id()).await).await;
    contract.check(async |okta| okta.group_rules().deactivate(&rule_id()).await).await;
    contract.check(async |okta| okta.group_rules().delete(&rule_id(), GivenMemberships::Remove).await).await;
}
