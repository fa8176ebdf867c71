//! Apps, and who has them.

use okta_client::apps::{
    App, AppGroupExpand, AppGroupPatch, AppId, AppUserPatch, GroupAssignment, NewApp, NewAppUser, SignOnMode,
};
use okta_client::groups::GroupId;
use okta_client::users::{Profile, ProfilePatch, UserId};
use okta_client::{Error, Filter, OktaClient};
use serde_json::{Value, json};

use crate::check::Contract;

fn salesforce() -> AppId {
    "0oa1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

/// Some of the description's examples lack a label or a status; Okta's apps have both.
pub(crate) fn whole_apps(apps: &mut Value) {
    apps.as_array_mut().unwrap().iter_mut().for_each(whole_app);
}

fn whole_app(app: &mut Value) {
    let app = app.as_object_mut().unwrap();
    app.entry("label").or_insert("Salesforce".into());
    app.entry("status").or_insert("ACTIVE".into());
    app.entry("id").or_insert("0oa1ab2cd3EF4gh5i6j7".into());
}

/// The description's examples have a placeholder for the app's client id.
fn whole_grants(grants: &mut Value) {
    grants.as_array_mut().unwrap().iter_mut().for_each(whole_grant);
}

fn whole_grant(grant: &mut Value) {
    if grant["clientId"] == "{clientId}" {
        grant["clientId"] = "0oa1ab2cd3EF4gh5i6j7".into();
    }
}

pub(crate) async fn cases(contract: &mut Contract) {
    let settings = json!({"app": {"requestIntegration": false, "url": "https://acme.example/handbook"}});
    let new = NewApp::new("Handbook", SignOnMode::Bookmark).name("bookmark").with("settings", settings);
    let changed: App = serde_json::from_str(
        &json!({
            "id": "0oa1ab2cd3EF4gh5i6j7", "name": "bookmark", "label": "Handbook", "status": "ACTIVE",
            "signOnMode": "BOOKMARK", "settings": {"app": {"url": "https://acme.example/handbook"}}
        })
        .to_string(),
    )
    .unwrap();
    let of_user = async |okta: OktaClient| okta.apps().list().of_user(&ann()).send().collect_all().await;
    let active = || Filter::eq("status", "ACTIVE");
    let some = async |okta: OktaClient| {
        okta.apps().list().q("Sales").filter(active()).including_inactive().send().collect_all().await
    };
    contract.check_adapted(whole_app, async |okta| okta.apps().get(&salesforce()).await).await;
    contract.check_adapted(whole_apps, of_user).await;
    contract.check_adapted(whole_apps, some).await;
    contract.check_adapted(whole_app, async |okta| okta.apps().create(&new).await).await;
    contract.check_adapted(whole_app, async |okta| okta.apps().replace(&changed).await).await;
    contract.check(async |okta| okta.apps().delete(&salesforce()).await).await;
    contract.check(async |okta| okta.apps().activate(&salesforce()).await).await;
    contract.check(async |okta| okta.apps().deactivate(&salesforce()).await).await;
    users(contract).await;
    groups(contract).await;
    features(contract).await;
    tokens(contract).await;
    grants(contract).await;
}

async fn users(contract: &mut Contract) {
    let patch = AppUserPatch::new().profile(ProfilePatch::new().set("role", "Lead"));
    contract.check(async |okta| okta.apps().users(&salesforce()).get(&ann()).await).await;
    let list = async |okta: OktaClient| {
        okta.apps().users(&salesforce()).list().q("ann").with_people().send().collect_all().await
    };
    contract.check(list).await;
    contract.check(async |okta| okta.apps().users(&salesforce()).update(&ann(), &patch).await).await;
    contract.check(async |okta| okta.apps().users(&salesforce()).unassign(&ann()).mail_admin().await).await;
    contract.check_absent("getApplicationUser", assign).await;
}

async fn assign(okta: OktaClient) -> Result<(), Error> {
    let new = NewAppUser::new(&ann()).user_name("ann").profile(Profile::new().with("role", "Lead"));
    okta.apps().users(&salesforce()).assign(&new).await.map(|_| ())
}

async fn groups(contract: &mut Contract) {
    let whole = GroupAssignment::new().priority(0).profile(Profile::new().with("division", "top"));
    let patch = AppGroupPatch::new().priority(1).set("division", "top").remove("role");
    contract.check(async |okta| okta.apps().groups(&salesforce()).get(&sales()).await).await;
    let list = async |okta: OktaClient| {
        let list = okta.apps().groups(&salesforce()).list().q("Sa").expand(AppGroupExpand::Metadata);
        list.limit(20).send().collect_all().await
    };
    contract.check(list).await;
    contract.check(async |okta| okta.apps().groups(&salesforce()).assign(&sales(), &whole).await).await;
    contract.check(async |okta| okta.apps().groups(&salesforce()).update(&sales(), &patch).await).await;
    contract.differs(
        "okta.apps.groups.update",
        "body",
        "a value is an object, and text in the example beside it",
    );
    contract.check(async |okta| okta.apps().groups(&salesforce()).unassign(&sales()).await).await;
}

async fn features(contract: &mut Contract) {
    const NAME: &str = "USER_PROVISIONING";
    let change = json!({"create": {"lifecycleCreate": {"status": "ENABLED"}}});
    contract.check(async |okta| okta.apps().features(&salesforce()).list().collect_all().await).await;
    contract.check(async |okta| okta.apps().features(&salesforce()).get(NAME).await).await;
    contract.check(async |okta| okta.apps().features(&salesforce()).update(NAME, &change).await).await;
    contract.check(async |okta| okta.apps().features(&salesforce()).connection().await).await;
}

async fn tokens(contract: &mut Contract) {
    let token = "oar1ab2cd3EF4gh5i6j7".parse().unwrap();
    contract.check(async |okta| okta.apps().tokens(&salesforce()).list().collect_all().await).await;
    contract.check(async |okta| okta.apps().tokens(&salesforce()).get(&token).await).await;
    contract.check(async |okta| okta.apps().tokens(&salesforce()).revoke(&token).await).await;
    contract.check(async |okta| okta.apps().tokens(&salesforce()).revoke_all().await).await;
}

async fn grants(contract: &mut Contract) {
    let grant = "oag1ab2cd3EF4gh5i6j7".parse().unwrap();
    let list = async |okta: OktaClient| okta.apps().grants(&salesforce()).list().collect_all().await;
    let add = async |okta: OktaClient| {
        okta.apps().grants(&salesforce()).grant("okta.users.read", "https://acme.okta.com").await
    };
    let get = async |okta: OktaClient| okta.apps().grants(&salesforce()).get(&grant).await;
    contract.check_adapted(whole_grants, list).await;
    contract.check_adapted(whole_grant, get).await;
    contract.check_adapted(whole_grant, add).await;
    contract.check(async |okta| okta.apps().grants(&salesforce()).revoke(&grant).await).await;
}
