//! Groups, their owners, and group rules: each call as it goes over a socket.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use okta_client::group_rules::{GivenMemberships, GroupRule, GroupRuleId, GroupRuleStatus, NewGroupRule};
use okta_client::groups::{
    Group, GroupExpand, GroupId, GroupKind, GroupOwner, GroupProfile, Owner, OwnerKind,
};
use okta_client::users::UserId;
use okta_client::{Filter, SortOrder, Transport, TransportError};
use serde_json::{Value, json};
use support::org::{Org, empty, html, problem, reply};

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn sales() -> GroupId {
    "00g1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn rule_id() -> GroupRuleId {
    "0pr3f7zMZZHPgUoWO0g4".parse().unwrap()
}

fn group(id: &str, name: &str) -> Value {
    json!({
        "id": id, "created": "2026-01-10T12:00:00.000Z", "lastUpdated": "2026-01-10T12:00:00.000Z",
        "lastMembershipUpdated": "2026-03-29T16:02:05.000Z", "objectClass": ["okta:user_group"], "type": "OKTA_GROUP",
        "profile": { "name": name, "description": "Who sells", "region": ["north", 7] }
    })
}

fn rule() -> Value {
    json!({
        "type": "group_rule", "id": "0pr3f7zMZZHPgUoWO0g4", "status": "INACTIVE", "name": "Sales people",
        "created": "2026-03-01T00:00:00.000Z", "lastUpdated": "2026-03-01T00:00:00.000Z", "allGroupsValid": true,
        "conditions": {
            "people": { "users": { "exclude": ["00u22w79JPMEeeuLr0g4"] }, "groups": { "exclude": [] } },
            "expression": { "value": "user.department==\"Sales\"", "type": "urn:okta:expression:1.0" }
        },
        "actions": { "assignUserToGroups": { "groupIds": ["00g1ab2cd3EF4gh5i6j7"] }, "newInOkta": 1 }
    })
}

fn reconciling() -> Value {
    problem("E0000239", "Policy priorities are being reconciled. Please try again later.", &[])
}

// Groups.

#[tokio::test]
async fn a_group_is_made_with_custom_attributes() {
    let org = Org::answering("POST", reply(200, group("00g1", "Sales"))).await;
    let profile = GroupProfile::new("Sales").description("Who sells").with("region", json!(["north", 7]));
    let made = org.okta.groups().create(&profile).await.unwrap();
    let body = json!({ "profile": { "name": "Sales", "description": "Who sells", "region": ["north", 7] } });
    org.saw_one().is("POST", "/api/v1/groups", Some(body));
    assert_eq!((made.kind, made.profile), (GroupKind::OktaGroup, profile));
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_not_repeated() {
    let org = Org::answering("POST", html(503)).await;
    assert!(org.okta.groups().create(&GroupProfile::new("Sales")).await.is_err());
    org.saw_one();
}

#[tokio::test]
async fn a_taken_name_is_recognised() {
    let cause = "name: An object with this field already exists in the current organization";
    let taken = problem("E0000001", "Api validation failed: name", &[cause]);
    let org = Org::answering("POST", reply(400, taken)).await;
    let error = org.okta.groups().create(&GroupProfile::new("Sales")).await.unwrap_err();
    assert!(error.problem().unwrap().is_duplicate());
}

#[tokio::test]
async fn a_profile_that_was_read_goes_back_with_attributes_nobody_knows() {
    let mut org = Org::answering("GET", reply(200, group("00g1", "Sales"))).await;
    org.will("PUT", reply(200, group("00g1", "Sales EMEA"))).await;
    let mut profile = org.okta.groups().get(&sales()).await.unwrap().profile;
    profile.name = "Sales EMEA".into();
    profile.description = None;
    org.okta.groups().replace(&sales(), &profile).await.unwrap();
    let body = json!({ "profile": { "name": "Sales EMEA", "region": ["north", 7] } });
    org.saw().pop().unwrap().is("PUT", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7", Some(body));
}

#[tokio::test]
async fn a_deletion_that_finds_nothing_is_done_if_it_was_sent_before_and_an_error_if_not() {
    let absent = || reply(404, problem("E0000007", "Not found: Resource not found: 00g1 (UserGroup)", &[]));
    let org = Org::answering("DELETE", absent()).await;
    assert!(org.okta.groups().delete(&sales()).await.unwrap_err().is_not_found());
    let mut org = Org::answering("DELETE", html(502)).await;
    org.will("DELETE", absent()).await;
    org.okta.groups().delete(&sales()).await.unwrap();
    let saw = org.saw();
    assert_eq!(saw.len(), 2);
    saw[0].is("DELETE", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7", None);
}

#[tokio::test]
async fn groups_are_listed_with_what_was_asked_for() {
    for (target, list) in [
        ("/api/v1/groups?limit=200", None),
        (
            "/api/v1/groups?search=profile.name+sw+%22S%22&sortBy=profile.name&sortOrder=desc&limit=200",
            Some(0),
        ),
        ("/api/v1/groups?filter=type+eq+%22APP_GROUP%22&expand=app&limit=20", Some(1)),
        ("/api/v1/groups?q=We%26st&expand=stats&limit=50", Some(2)),
    ] {
        let org = Org::answering("GET", reply(200, json!([]))).await;
        let all = org.okta.groups().list();
        let list = match list {
            None => all,
            Some(0) => all
                .search(Filter::starts_with("profile.name", "S"))
                .sort_by("profile.name", SortOrder::Descending),
            Some(1) => all.filter(Filter::eq("type", "APP_GROUP")).expand(GroupExpand::App).limit(20),
            Some(_) => all.q("We&st").expand(GroupExpand::Stats),
        };
        list.send().collect_all().await.unwrap();
        assert_eq!(org.saw_one().target.replace("%20", "+"), target);
    }
}

#[test]
fn both_spellings_of_an_admin_privilege_are_read() {
    for (name, privileged) in [("hasAdminPrivlege", true), ("hasAdminPrivilege", false)] {
        let mut sent = group("00g1", "Sales");
        sent["_embedded"] = json!({"stats": {"usersCount": 3, "appsCount": 1, "groupPushMappingsCount": 0, name: privileged}});
        let read: Group = serde_json::from_value::<Value>(sent.clone())
            .and_then(|sent| serde_json::from_str(&sent.to_string()))
            .unwrap();
        let stats = read.embedded.as_ref().unwrap().stats.as_ref().unwrap();
        assert_eq!((stats.users_count, stats.apps_count), (Some(3), Some(1)));
        assert_eq!(stats.has_admin_privilege(), Some(privileged), "{name}");
        assert_eq!(serde_json::to_value(&read).unwrap()["_embedded"], sent["_embedded"]);
    }
}

#[tokio::test]
async fn the_apps_of_a_group_are_listed() {
    let app = json!({"id": "0oa1", "label": "Handbook", "status": "ACTIVE", "signOnMode": null});
    let org = Org::answering("GET", reply(200, json!([app]))).await;
    let apps = org.okta.groups().apps(&sales()).collect_all().await.unwrap();
    org.saw_one().is("GET", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/apps?limit=200", None);
    assert_eq!((apps[0].label.as_str(), &apps[0].sign_on_mode), ("Handbook", &None));
}

// Owners.

fn owner(id: &str, kind: &str, time: &str) -> Value {
    json!({
        "id": id, "type": kind, "displayName": "Ann Lee", "originId": null, "originType": "OKTA_DIRECTORY",
        "resolved": true, "lastUpdated": time
    })
}

#[tokio::test]
async fn owners_are_read_with_times_in_both_of_their_forms() {
    let forms = ["2026-03-27 03:16:15.0", "Fri Mar 27 03:16:15 UTC 2026"];
    let owners =
        json!([owner("00u1", "USER", forms[0]), owner("00g1", "GROUP", forms[1]), owner("x", "ROBOT", "")]);
    let org = Org::answering("GET", reply(200, owners)).await;
    let owners = org.okta.groups().owners(&sales());
    let found: Vec<GroupOwner> =
        owners.list().search(Filter::eq("type", "USER")).send().collect_all().await.unwrap();
    let saw = org.saw_one();
    assert_eq!(
        saw.target.replace("%20", "+"),
        "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/owners?search=type+eq+%22USER%22"
    );
    let time = "2026-03-27T03:16:15Z".parse().unwrap();
    assert_eq!([found[0].last_updated, found[1].last_updated], [Some(time), Some(time)]);
    assert_eq!(found[0].owner(), Some(Owner::User("00u1".parse().unwrap())));
    assert_eq!(found[1].owner(), Some(Owner::Group("00g1".parse().unwrap())));
    assert_eq!((&found[2].kind, found[2].owner()), (&OwnerKind::Unknown("ROBOT".into()), None));
}

#[tokio::test]
async fn owners_come_and_go() {
    let made = owner("00u1ab2cd3EF4gh5i6j7", "USER", "Fri Mar 27 03:16:15 UTC 2026");
    let mut org = Org::answering("POST", reply(201, made)).await;
    org.will("DELETE", empty(204)).await;
    let owners = org.okta.groups().owners(&sales());
    owners.add(&Owner::User(ann())).await.unwrap();
    owners.remove(&Owner::Group(sales())).await.unwrap();
    let saw = org.saw();
    let body = json!({"id": "00u1ab2cd3EF4gh5i6j7", "type": "USER"});
    saw[0].is("POST", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/owners", Some(body));
    saw[1].is("DELETE", "/api/v1/groups/00g1ab2cd3EF4gh5i6j7/owners/00g1ab2cd3EF4gh5i6j7", None);
}

#[tokio::test]
async fn an_owner_already_is_told_from_other_invalid_data() {
    for (cause, already) in
        [("Provided owner is already assigned to this group", true), ("Invalid owner type", false)]
    {
        let refusal = problem("E0000001", "Api validation failed: owner", &[cause]);
        let org = Org::answering("POST", reply(400, refusal)).await;
        let error = org.okta.groups().owners(&sales()).add(&Owner::User(ann())).await.unwrap_err();
        assert_eq!(error.problem().unwrap().is_already_assigned(), already, "{cause}");
    }
}

// Rules.

#[tokio::test]
async fn a_rule_is_made() {
    let org = Org::answering("POST", reply(200, rule())).await;
    let new = NewGroupRule::new("Sales people", r#"user.department=="Sales""#, [sales()]).excluding(ann());
    let made = org.okta.group_rules().create(&new).await.unwrap();
    let body = json!({
        "type": "group_rule", "name": "Sales people",
        "conditions": {
            "expression": {"type": "urn:okta:expression:1.0", "value": "user.department==\"Sales\""},
            "people": {"users": {"exclude": ["00u1ab2cd3EF4gh5i6j7"]}}
        },
        "actions": {"assignUserToGroups": {"groupIds": ["00g1ab2cd3EF4gh5i6j7"]}}
    });
    org.saw_one().is("POST", "/api/v1/groups/rules", Some(body));
    assert_eq!((&made.id, made.status.clone()), (&rule_id(), GroupRuleStatus::Inactive));
    assert_eq!(made.expression().as_deref(), Some(r#"user.department=="Sales""#));
    assert_eq!(made.groups(), [sales()]);
    assert_eq!(made.excluded(), ["00u22w79JPMEeeuLr0g4".parse().unwrap()]);
}

#[tokio::test]
async fn a_rule_that_was_read_goes_back_with_everything_nobody_changed() {
    let mut org = Org::answering("GET", reply(200, rule())).await;
    org.will("PUT", reply(200, rule())).await;
    let mut changed = org.okta.group_rules().get(&rule_id()).await.unwrap();
    changed.name = "Sellers".into();
    changed.set_expression("user.title==\"Seller\"");
    changed.set_excluded([ann()]);
    org.okta.group_rules().replace(&changed).await.unwrap();
    let mut body = rule();
    body["name"] = json!("Sellers");
    body["conditions"]["expression"]["value"] = json!("user.title==\"Seller\"");
    body["conditions"]["people"]["users"]["exclude"] = json!(["00u1ab2cd3EF4gh5i6j7"]);
    // Written in another form, which Okta does not look at.
    body["created"] = json!("2026-03-01T00:00:00Z");
    body["lastUpdated"] = json!("2026-03-01T00:00:00Z");
    let put = org.saw().pop().unwrap();
    let sent = put.body.clone().unwrap();
    put.is("PUT", "/api/v1/groups/rules/0pr3f7zMZZHPgUoWO0g4", Some(body));
    assert_eq!(sent["allGroupsValid"], true);
}

#[test]
fn exceptions_can_be_set_on_a_rule_that_had_none() {
    let mut sent = rule();
    sent["conditions"] = json!({"people": null});
    let mut read: GroupRule = serde_json::from_str(&sent.to_string()).unwrap();
    assert_eq!((read.expression(), read.excluded()), (None, vec![]));
    read.set_excluded([ann()]);
    read.set_expression("true");
    assert_eq!((read.expression().as_deref(), read.excluded()), (Some("true"), vec![ann()]));
}

#[tokio::test]
async fn an_active_rule_is_not_sent() {
    let org = Org::new().await;
    let mut active = rule();
    active["status"] = json!("ACTIVE");
    let active: GroupRule = serde_json::from_str(&active.to_string()).unwrap();
    let error = org.okta.group_rules().replace(&active).await.unwrap_err();
    assert!(error.to_string().contains("was not sent"), "{error}");
    assert_eq!(org.saw().len(), 0);
}

#[tokio::test]
async fn rules_are_listed_with_the_names_of_their_groups() {
    let mut named = rule();
    named["status"] = json!("INVALID");
    named["_embedded"] = json!({"groupIdToGroupNameMap": {"00g1ab2cd3EF4gh5i6j7": "Sales"}});
    let org = Org::answering("GET", reply(200, json!([named]))).await;
    let rules =
        org.okta.group_rules().list().search("sales").with_group_names().send().collect_all().await.unwrap();
    let target = "/api/v1/groups/rules?search=sales&expand=groupIdToGroupNameMap&limit=200";
    org.saw_one().is("GET", target, None);
    assert_eq!(rules[0].status, GroupRuleStatus::Invalid);
    assert_eq!(rules[0].group_names(), [(sales(), "Sales".to_owned())].into());
}

#[tokio::test]
async fn a_rule_goes_through_its_life() {
    let mut org = Org::new().await;
    for _ in 0..2 {
        org.will("POST", empty(204)).await;
        org.will("DELETE", reply(202, json!({}))).await;
    }
    let rules = org.okta.group_rules();
    rules.activate(&rule_id()).await.unwrap();
    rules.deactivate(&rule_id()).await.unwrap();
    rules.delete(&rule_id(), GivenMemberships::Keep).await.unwrap();
    rules.delete(&rule_id(), GivenMemberships::Remove).await.unwrap();
    let one = "/api/v1/groups/rules/0pr3f7zMZZHPgUoWO0g4";
    let saw = org.saw();
    saw[0].is("POST", &format!("{one}/lifecycle/activate"), None);
    saw[1].is("POST", &format!("{one}/lifecycle/deactivate"), None);
    saw[2].is("DELETE", &format!("{one}?removeUsers=false"), None);
    saw[3].is("DELETE", &format!("{one}?removeUsers=true"), None);
}

#[tokio::test]
async fn a_rule_refused_because_another_is_written_is_sent_again() {
    let mut org = Org::answering("POST", reply(423, reconciling())).await;
    org.will("POST", reply(200, rule())).await;
    let new = NewGroupRule::new("Sales people", "true", [sales()]);
    org.okta.group_rules().create(&new).await.unwrap();
    assert_eq!(org.saw().len(), 2);
    assert_eq!(org.clock.slept_millis(), [500]);
}

/// Counts who is there at the same time.
#[derive(Debug, Default)]
struct Crowd {
    calls: AtomicUsize,
    there: AtomicUsize,
    at_once: AtomicUsize,
}

#[async_trait::async_trait]
impl Transport for Crowd {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.calls.fetch_add(1, SeqCst);
        self.at_once.fetch_max(self.there.fetch_add(1, SeqCst) + 1, SeqCst);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        self.there.fetch_sub(1, SeqCst);
        Ok(http::Response::builder().status(204).body(Bytes::new()).unwrap())
    }
}

#[tokio::test]
async fn clones_write_one_rule_at_a_time() {
    let network = Arc::new(Crowd::default());
    let okta = okta_client::OktaClient::builder("https://acme.okta.com")
        .api_token("t0ken".into())
        .transport(network.clone())
        .build()
        .unwrap();
    let clone = okta.tagged("another");
    let (one, two) = (okta.group_rules(), clone.group_rules());
    let (id, other) = (rule_id(), "0pr2".parse().unwrap());
    let (a, b, c) = tokio::join!(one.activate(&id), two.deactivate(&other), one.deactivate(&id));
    for result in [a, b, c] {
        result.unwrap();
    }
    let (calls, at_once) = (network.calls.load(SeqCst), network.at_once.load(SeqCst));
    assert_eq!((calls, at_once), (3, 1), "calls, and the most of them at once");
}
