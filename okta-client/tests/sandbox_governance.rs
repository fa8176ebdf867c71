//! Stories of Identity Governance against an org on loopback.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::time::Duration;

use chrono::TimeDelta;
use okta_client::governance::{
    AccessRequestStatus, AccessTaskKind, CampaignReviewer, CampaignSchedule, CampaignStatus, CampaignTargets,
    CatalogEntryId, GrantStatus, NewAccessRequest, NewCampaign, Reassignment, Remediation, RemediationOnEnd,
    RemediationStatus, Resolution, ReviewDecision,
};
use okta_client::groups::Group;
use okta_client::users::UserId;
use okta_client::{Filter, OktaClient};
use sandbox::Sandbox;

use support::frozen::client;

async fn acme() -> (Sandbox, OktaClient) {
    let sandbox = Sandbox::builder().people(12).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    (sandbox, okta)
}

/// A group that Okta's admins fill, and its members.
async fn group(okta: &OktaClient) -> (Group, Vec<UserId>) {
    let groups = okta.groups().list().search(Filter::eq("type", "OKTA_GROUP")).send();
    for group in groups.collect_all().await.unwrap() {
        let members = okta.groups().members(&group.id).collect_all().await.unwrap();
        if (2..12).contains(&members.len()) {
            return (group, members.into_iter().map(|member| member.id).collect());
        }
    }
    panic!("no group with some members");
}

async fn is_in(okta: &OktaClient, group: &Group, user: &UserId) -> bool {
    let members = okta.groups().members(&group.id).collect_all().await.unwrap();
    members.iter().any(|member| member.id == *user)
}

/// Somebody who is not in the group, and somebody else.
async fn newcomer(okta: &OktaClient, members: &[UserId]) -> (UserId, UserId) {
    let all = okta.users().list().send().collect_all().await.unwrap();
    let mut others = all.into_iter().map(|user| user.id).filter(|id| !members.contains(id));
    (others.next().unwrap(), others.next().unwrap())
}

#[tokio::test]
async fn access_is_found_asked_for_approved_and_there() {
    let (sandbox, okta) = acme().await;
    let (group, members) = group(&okta).await;
    let (ann, boss) = newcomer(&okta, &members).await;
    let entry = sandbox.add_catalog_entry("Salesforce", group.id.as_str(), Some(boss.as_str())).unwrap();
    let governance = okta.governance();
    assert!(governance.is_licensed().await.unwrap());

    let top = governance.catalog().top_level().for_user(&ann).send().collect_all().await.unwrap();
    assert_eq!((top.len(), top[0].requestable), (1, false));
    let inside = governance.catalog().children(&top[0].id).send().collect_all().await.unwrap();
    assert_eq!((inside[0].id.as_str(), inside[0].requestable), (entry.as_str(), true));
    assert_eq!(governance.catalog().get(&inside[0].id).await.unwrap(), inside[0]);
    let fields = governance.catalog().request_fields(&inside[0].id, &ann).await.unwrap().fields;

    let new = NewAccessRequest::new(&inside[0].id, &ann).field(&fields[0].id, "month end");
    let made = governance.requests().create(&new).await.unwrap();
    assert_eq!(made.status, AccessRequestStatus::Submitted);
    sandbox.clock().advance(Duration::from_secs(2));
    let read = governance.requests().get(&made.id).await.unwrap();
    assert_eq!(read.status, AccessRequestStatus::Pending);
    governance.requests().add_message(&made.id, "Your manager is asked.").await.unwrap();

    let of = Filter::eq("requestId", made.id.as_str()).and(Filter::eq("status", "OPEN"));
    let tasks = governance.tasks().list().filter(of).send().collect_all().await.unwrap();
    assert_eq!((tasks.len(), &tasks[0].kind), (1, &AccessTaskKind::Approval));
    assert_eq!(tasks[0].assignees[0].external_id, boss.as_str());
    governance.tasks().resolve(&tasks[0].id, Resolution::Approved).await.unwrap();
    let again = governance.tasks().resolve(&tasks[0].id, Resolution::Denied).await.unwrap_err();
    assert!(again.problem().unwrap().is_code("E0000002"));
    let done = governance.tasks().get(&tasks[0].id).await.unwrap();
    assert_eq!(done.value.as_deref(), Some("APPROVED"));

    let approved = governance.requests().get(&made.id).await.unwrap();
    assert_eq!(approved.grant_status, Some(GrantStatus::Pending));
    assert!(!is_in(&okta, &group, &ann).await);
    sandbox.clock().advance(Duration::from_secs(1));
    let granted = governance.requests().get(&made.id).await.unwrap();
    assert_eq!(granted.grant_status, Some(GrantStatus::Granted));
    assert_eq!(granted.request_approval.unwrap().decisions[0].decider_id, Some(boss));
    assert!(is_in(&okta, &group, &ann).await);
    let theirs = Filter::eq("requestedFor", ann.as_str());
    let listed = governance.requests().list().filter(theirs).send().collect_all().await.unwrap();
    assert_eq!(listed.len(), 1);

    let state = sandbox.state();
    let events: Vec<_> = state["okta"]["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventType"].as_str().unwrap())
        .collect();
    for kind in ["access.request.create", "access.request.resolve", "group.user_membership.add"] {
        assert!(events.contains(&kind), "{events:?}");
    }
    assert_eq!(state["okta"]["governance"]["requests"][0]["messages"][0], "Your manager is asked.");
}

#[tokio::test]
async fn a_request_is_denied_or_rejected_where_nobody_may_approve() {
    let (sandbox, okta) = acme().await;
    let (group, members) = group(&okta).await;
    let (ann, boss) = newcomer(&okta, &members).await;
    let requests = okta.governance().requests();
    let ask = async |approver: Option<&str>| {
        let entry = sandbox.add_catalog_entry("Salesforce", group.id.as_str(), approver).unwrap();
        let entry: CatalogEntryId = entry.parse().unwrap();
        let made = requests.create(&NewAccessRequest::new(&entry, &ann)).await.unwrap();
        sandbox.clock().advance(Duration::from_secs(2));
        requests.get(&made.id).await.unwrap()
    };
    assert_eq!(ask(None).await.status, AccessRequestStatus::Rejected);
    let pending = ask(Some(boss.as_str())).await;
    let tasks = okta.governance().tasks().list().send().collect_all().await.unwrap();
    okta.governance().tasks().resolve(&tasks[0].id, Resolution::Denied).await.unwrap();
    let denied = requests.get(&pending.id).await.unwrap();
    assert_eq!((denied.status, denied.grant_status), (AccessRequestStatus::Denied, None));
    sandbox.clock().advance(Duration::from_secs(60));
    assert!(!is_in(&okta, &group, &ann).await);
}

#[tokio::test]
async fn a_campaign_is_launched_reviewed_reassigned_and_ended() {
    let (sandbox, okta) = acme().await;
    let (group, members) = group(&okta).await;
    let (boss, deputy) = newcomer(&okta, &members).await;
    let campaigns = okta.governance().campaigns();
    let new = |starts| {
        let targets = CampaignTargets::Groups(vec![group.id.clone()]);
        NewCampaign::new(
            "Quarterly",
            CampaignSchedule::once(starts, 14, "Europe/Berlin"),
            &targets,
            &CampaignReviewer::User(boss.clone()),
        )
        .on_revoke(Remediation::Deny)
        .on_no_response(Remediation::Deny)
    };
    let now = sandbox.clock().now();
    let past = campaigns.create(&new(now)).await.unwrap_err();
    assert!(past.problem().unwrap().causes[0].contains("must be a future date"), "{past:?}");
    let made = campaigns.create(&new(now + TimeDelta::days(7))).await.unwrap();
    assert_eq!((&made.status, made.starts()), (&CampaignStatus::Scheduled, Some(now + TimeDelta::days(7))));
    assert!(campaigns.end(&made.id, RemediationOnEnd::AsSet).await.unwrap_err().is_conflict());
    campaigns.launch(&made.id).await.unwrap();
    assert_eq!(campaigns.get(&made.id).await.unwrap().status, CampaignStatus::Launching);
    sandbox.clock().advance(Duration::from_secs(2));
    assert_eq!(campaigns.get(&made.id).await.unwrap().status, CampaignStatus::Active);
    assert!(campaigns.launch(&made.id).await.unwrap_err().is_conflict());
    assert!(campaigns.delete(&made.id).await.unwrap_err().is_conflict());

    let open = || Filter::eq("campaignId", made.id.as_str()).and(Filter::eq("decision", "UNREVIEWED"));
    let reviews = okta.governance().reviews();
    let listed = reviews.list().filter(open()).limit(1).send().collect_all().await.unwrap();
    assert_eq!(listed.len(), members.len());
    let (first, second) = (&listed[0], &listed[1]);
    let to = Reassignment::new(&deputy, [second.id.clone()], "On leave.");
    let moved = reviews.reassign(&made.id, &to).await.unwrap();
    assert_eq!(moved[0].reviewer_profile.as_ref().unwrap().id, deputy.as_str());
    assert!(reviews.reassign(&made.id, &to).await.unwrap_err().is_conflict());

    sandbox.decide_review(first.id.as_str(), "REVOKE").unwrap();
    let revoked = reviews.get(&first.id).await.unwrap();
    assert_eq!(revoked.decision, ReviewDecision::Revoke);
    assert_eq!(revoked.remediation_status, Some(RemediationStatus::Success));
    sandbox.decide_review(second.id.as_str(), "APPROVE").unwrap();
    campaigns.end(&made.id, RemediationOnEnd::AsSet).await.unwrap();
    assert_eq!(campaigns.get(&made.id).await.unwrap().status, CampaignStatus::Completed);
    // One was approved; the others were revoked, or nobody looked at them.
    let left = okta.groups().members(&group.id).collect_all().await.unwrap();
    let kept = &second.principal_profile.as_ref().unwrap().id;
    assert_eq!(left.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [kept]);
}

#[tokio::test]
async fn a_campaign_begins_and_ends_by_itself_or_is_called_off() {
    let (sandbox, okta) = acme().await;
    let (group, members) = group(&okta).await;
    let (boss, _) = newcomer(&okta, &members).await;
    let campaigns = okta.governance().campaigns();
    let schedule = CampaignSchedule::once(sandbox.clock().now() + TimeDelta::days(1), 3, "Europe/Berlin");
    let targets = CampaignTargets::Groups(vec![group.id.clone()]);
    let new = NewCampaign::new("Quarterly", schedule, &targets, &CampaignReviewer::User(boss));
    let (runs, dropped) = (campaigns.create(&new).await.unwrap(), campaigns.create(&new).await.unwrap());
    campaigns.delete(&dropped.id).await.unwrap();
    assert!(campaigns.get(&dropped.id).await.unwrap_err().is_not_found());
    sandbox.clock().advance(Duration::from_secs(25 * 3600));
    assert_eq!(campaigns.get(&runs.id).await.unwrap().status, CampaignStatus::Active);
    sandbox.clock().advance(Duration::from_secs(72 * 3600));
    assert_eq!(campaigns.get(&runs.id).await.unwrap().status, CampaignStatus::Completed);
    assert_eq!(okta.groups().members(&group.id).collect_all().await.unwrap().len(), members.len());
    let completed = Filter::eq("status", "COMPLETED");
    assert_eq!(campaigns.list().filter(completed).send().collect_all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_are_followed_on_the_configured_host() {
    let (sandbox, okta) = acme().await;
    for name in ["a", "b", "c"] {
        sandbox.add_catalog_entry(name, "Everyone", None).unwrap();
    }
    let top = okta.governance().catalog().top_level().limit(2).send().collect_all().await.unwrap();
    assert_eq!(top.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let asked: Vec<_> = sandbox.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains("after=cen"), "{asked:?}");
}

#[tokio::test]
async fn an_org_without_the_licence_says_so() {
    let (sandbox, okta) = acme().await;
    sandbox.drop_governance_licence();
    assert!(!okta.governance().is_licensed().await.unwrap());
    let error = okta.governance().campaigns().list().send().collect_all().await.unwrap_err();
    assert!(error.is_forbidden() && !error.is_unauthenticated());
    assert!(error.problem().unwrap().to_string().contains("licence"), "{error:?}");
}
