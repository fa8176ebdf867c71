//! Groups.

use okta_client::{Filter, GroupId, UserId};
use serde_json::Value;

use crate::check::Contract;

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

/// One of the description's examples has no type; Okta's groups have.
pub(crate) fn whole_groups(groups: &mut Value) {
    for group in groups.as_array_mut().unwrap() {
        group.as_object_mut().unwrap().entry("type").or_insert("OKTA_GROUP".into());
    }
}

pub(crate) async fn cases(contract: &mut Contract) {
    let ann: UserId = "00u1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.groups().get(&sales()).await).await;
    contract
        .check(async |okta| okta.groups().list().search(Filter::present("id")).send().collect_all().await)
        .await;
    contract.check(async |okta| okta.groups().members(&sales()).collect_all().await).await;
    contract.check(async |okta| okta.groups().add(&sales(), &ann).await).await;
    contract.check(async |okta| okta.groups().remove(&sales(), &ann).await).await;
}
