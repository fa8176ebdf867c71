//! Identity sources.

use std::time::Duration;

use okta_client::identity_sources::{ExternalId, Import, SourceGroup, SourceMemberships, SourceUser};
use okta_client::users::Profile;
use serde_json::Value;

use crate::check::Contract;

fn ann() -> SourceUser {
    let profile = Profile::new()
        .with("userName", "ann.lee@acme.example")
        .with("email", "ann.lee@acme.example")
        .with("firstName", "Ann")
        .with("lastName", "Lee");
    SourceUser::new("10442", profile)
}

fn sales() -> SourceGroup {
    SourceGroup::new("g1", "Sales").description("All of Sales")
}

/// Sessions end, whatever the description's examples say.
fn completed(session: &mut Value) {
    if let Some(session) = session.as_object_mut() {
        session.insert("status".into(), "COMPLETED".into());
    }
}

pub(crate) async fn cases(contract: &mut Contract) {
    let source = "0oa3l6l6WK6h0R0QW0g4".parse().unwrap();
    let session = "aps1qqonvr2SZv6o70h8".parse().unwrap();
    let (user, group, gone) = (ann(), sales(), ExternalId::from("10017"));
    let members = SourceMemberships::new("g1", ["10442"]);
    contract.check(async |okta| okta.identity_source(&source).sessions().list().collect_all().await).await;
    contract.check(async |okta| okta.identity_source(&source).sessions().create().await).await;
    contract.check(async |okta| okta.identity_source(&source).sessions().get(&session).await).await;
    contract.check(async |okta| okta.identity_source(&source).sessions().delete(&session).await).await;
    contract.check(async |okta| okta.identity_source(&source).sessions().start_import(&session).await).await;
    let import = Import::new()
        .users([user.clone()])
        .without_users([gone.clone()])
        .groups([group.clone()])
        .without_groups([gone.clone()])
        .members([members.clone()])
        .without_members([members]);
    contract
        .check_adapted(completed, async |okta| {
            okta.identity_source(&source).import(&import, Duration::from_secs(60)).await
        })
        .await;

    contract.check(async |okta| okta.identity_source(&source).users().create(&user).await).await;
    contract.check(async |okta| okta.identity_source(&source).users().get(&gone).await).await;
    contract.check(async |okta| okta.identity_source(&source).users().replace(&user).await).await;
    contract
        .check(async |okta| okta.identity_source(&source).users().update(&gone, &user.profile).await)
        .await;
    contract.check(async |okta| okta.identity_source(&source).users().delete(&gone).await).await;

    contract.check(async |okta| okta.identity_source(&source).groups().create(&group).await).await;
    contract.check(async |okta| okta.identity_source(&source).groups().get(&gone).await).await;
    contract.check(async |okta| okta.identity_source(&source).groups().update(&group).await).await;
    contract.check(async |okta| okta.identity_source(&source).groups().delete(&gone).await).await;
    contract
        .check(async |okta| okta.identity_source(&source).groups().members(&gone).collect_all().await)
        .await;
    contract.check(async |okta| okta.identity_source(&source).groups().add_member(&gone, &gone).await).await;
    contract
        .check(async |okta| okta.identity_source(&source).groups().remove_member(&gone, &gone).await)
        .await;
}
