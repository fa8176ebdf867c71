//! Identity Governance over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use chrono::{DateTime, Utc};
use okta_client::apps::AppId;
use okta_client::governance::{
    AccessRequestId, AccessRequestStatus, CampaignId, CampaignReviewer, CampaignSchedule, CampaignStatus,
    CampaignTargets, CatalogEntryId, GrantStatus, NewAccessRequest, NewCampaign, NewSecurityAccessReview,
    OperationStatus, Orn, Reassignment, Remediation, RemediationOnEnd, RequestFieldKind, Resolution,
    ReviewDecision, ReviewId, SecurityAccessAction, SecurityAccessReviewPatch, SecurityReviewAction,
};
use okta_client::users::UserId;
use okta_client::{Delivery, Filter};
use serde_json::{Value, json};

use support::org::{Org, Reply, empty, html, problem, reply};

const REQUESTS: &str = "/governance/api/v2/requests";
const CAMPAIGNS: &str = "/governance/api/v1/campaigns";
const SECURITY: &str = "/governance/api/v2/security-access-reviews";

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn salesforce() -> AppId {
    "0oa1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn figma() -> CatalogEntryId {
    "cen33e47frfMB93gQ8g6".parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// As recorded: times without milliseconds.
fn request(status: &str) -> Value {
    json!({
        "id": "req42kjDgk1EubTwo0g4", "created": "2026-03-02T09:15:20Z", "createdBy": ann(),
        "lastUpdated": "2026-03-02T09:15:21Z", "lastUpdatedBy": ann(), "status": status,
        "requestedFor": { "type": "OKTA_USER", "externalId": ann() },
        "requested": { "entryId": figma(), "resourceId": salesforce(), "resourceType": "APPLICATION" },
        "newInOkta": { "a": 1 },
    })
}

fn page(data: &Value) -> Value {
    json!({ "data": data, "_links": { "self": { "href": "https://acme-admin.okta.com/governance" } } })
}

#[tokio::test]
async fn access_is_asked_for_once_and_answered_submitted() {
    let org = Org::answering("POST", reply(202, request("SUBMITTED"))).await;
    let new = NewAccessRequest::new(&figma(), &ann()).field("why", "month end");
    let made = org.okta.governance().requests().create(&new).await.unwrap();
    assert_eq!(made.status, AccessRequestStatus::Submitted);
    assert_eq!(made.created, Some(time("2026-03-02T09:15:20Z")));
    assert_eq!(made.requested.unwrap().resource_id.as_deref(), Some("0oa1ab2cd3EF4gh5i6j7"));
    assert_eq!(made.extra.get("newInOkta"), Some(json!({ "a": 1 })));
    org.saw_one().is(
        "POST",
        REQUESTS,
        Some(json!({
            "requested": { "type": "CATALOG_ENTRY", "entryId": "cen33e47frfMB93gQ8g6" },
            "requestedFor": { "type": "OKTA_USER", "externalId": "00u1ab2cd3EF4gh5i6j7" },
            "requesterFieldValues": [{ "id": "why", "value": "month end" }],
        })),
    );
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_not_made_again() {
    let mut org = Org::new().await;
    org.will("POST", html(503)).await;
    let new = NewAccessRequest::new(&figma(), &ann());
    let error = org.okta.governance().requests().create(&new).await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1), "{error:?}");
    assert_eq!(org.saw().len(), 1);
}

#[tokio::test]
async fn the_next_page_is_asked_of_the_configured_host_though_its_link_names_another() {
    let mut org = Org::new().await;
    let next = "https://acme-admin.okta.com/governance/api/v2/requests?after=req2&limit=200";
    let first = json!({ "data": [request("PENDING")], "_links": { "next": { "href": next } } });
    org.will("GET", reply(200, first)).await;
    org.will("GET", reply(200, page(&json!([request("DENIED")])))).await;
    let pending = Filter::eq("requestedFor", ann().as_str());
    let all = org.okta.governance().requests().list().filter(pending).send().collect_all().await.unwrap();
    let statuses: Vec<_> = all.into_iter().map(|request| request.status).collect();
    assert_eq!(statuses, [AccessRequestStatus::Pending, AccessRequestStatus::Denied]);
    let saw = org.saw();
    let filter = "filter=requestedFor+eq+%2200u1ab2cd3EF4gh5i6j7%22";
    saw[0].is("GET", &format!("{REQUESTS}?{filter}&limit=200"), None);
    saw[1].is("GET", &format!("{REQUESTS}?after=req2&limit=200"), None);
}

#[tokio::test]
async fn a_link_that_leads_out_of_the_api_is_not_followed() {
    let next = "https://acme-admin.okta.com/admin/governance?after=req2";
    let first = json!({ "data": [], "_links": { "next": { "href": next } } });
    let org = Org::answering("GET", reply(200, first)).await;
    let error = org.okta.governance().requests().list().send().collect_all().await.unwrap_err();
    assert!(error.to_string().contains("outside the API"), "{error}");
    assert_eq!(org.saw().len(), 1);
}

#[tokio::test]
async fn a_request_is_read_until_it_is_granted() {
    let mut granted = request("APPROVED");
    granted["grantStatus"] = "GRANTED".into();
    granted["granted"] = "2026-03-02T10:00:00Z".into();
    granted["requestApproval"] = json!({
        "type": "OKTA", "status": "APPROVED",
        "decisions": [{ "deciderId": ann(), "decision": "APPROVE", "decided": "2026-03-02T09:59:00Z" }],
    });
    let org = Org::answering("GET", reply(200, granted)).await;
    let id: AccessRequestId = "req42kjDgk1EubTwo0g4".parse().unwrap();
    let read = org.okta.governance().requests().get(&id).await.unwrap();
    assert_eq!((read.status, read.grant_status), (AccessRequestStatus::Approved, Some(GrantStatus::Granted)));
    assert_eq!(read.granted, Some(time("2026-03-02T10:00:00Z")));
    assert_eq!(read.request_approval.unwrap().decisions[0].decider_id, Some(ann()));
    org.saw_one().is("GET", "/governance/api/v2/requests/req42kjDgk1EubTwo0g4", None);
}

#[tokio::test]
async fn a_message_is_sent() {
    let org = Org::answering("POST", empty(201)).await;
    let id = "req42kjDgk1EubTwo0g4".parse().unwrap();
    org.okta.governance().requests().add_message(&id, "Soon.").await.unwrap();
    let path = format!("{REQUESTS}/req42kjDgk1EubTwo0g4/messages");
    org.saw_one().is("POST", &path, Some(json!({ "message": "Soon." })));
}

#[tokio::test]
async fn tasks_are_listed_and_resolved_and_one_that_is_closed_is_not_resolved_again() {
    let task = json!({
        "id": "68a38c7bc6866ac3cdee5583", "type": "APPROVAL", "status": "OPEN", "label": "Manager",
        "requestId": "req42kjDgk1EubTwo0g4", "assignees": [{ "type": "OKTA_USER", "externalId": ann() }],
        "createdAt": "2026-03-02T09:15:20Z", "updatedAt": "2026-03-02T09:15:20Z",
    });
    let mut done = task.clone();
    done["status"] = "COMPLETED".into();
    done["value"] = "APPROVED".into();
    let mut org = Org::new().await;
    org.will("GET", reply(200, page(&json!([task])))).await;
    org.will("POST", reply(200, done)).await;
    let closed = problem("E0000002", "Task resolve failed: Task is already closed.", &[]);
    org.will("POST", reply(400, closed)).await;
    let governance = org.okta.governance();
    let open = Filter::eq("requestId", "req42kjDgk1EubTwo0g4");
    let tasks = governance.tasks().list().filter(open).send().collect_all().await.unwrap();
    assert_eq!(tasks[0].assignees[0].external_id, ann().as_str());
    let resolved = governance.tasks().resolve(&tasks[0].id, Resolution::Approved).await.unwrap();
    assert_eq!(resolved.value.as_deref(), Some("APPROVED"));
    let again = governance.tasks().resolve(&tasks[0].id, Resolution::Denied).await.unwrap_err();
    assert!(again.problem().unwrap().is_code("E0000002"));
    let saw = org.saw();
    let list = "/governance/api/v2/tasks?filter=requestId+eq+%22req42kjDgk1EubTwo0g4%22&limit=200";
    saw[0].is("GET", list, None);
    let resolve = "/governance/api/v2/tasks/68a38c7bc6866ac3cdee5583/resolve";
    saw[1].is("POST", resolve, Some(json!({ "value": "APPROVED" })));
    saw[2].is("POST", resolve, Some(json!({ "value": "DENIED" })));
}

#[tokio::test]
async fn the_catalog_is_listed_by_parent_and_by_person() {
    let entry = json!({ "id": "cen33e47frfMB93gQ8g6", "name": "Figma", "requestable": false });
    let mut org = Org::new().await;
    for _ in 0..2 {
        org.will("GET", reply(200, page(&json!([entry])))).await;
    }
    org.will("GET", reply(200, entry.clone())).await;
    let fields =
        json!({ "data": [{ "id": "d", "type": "DURATION", "required": true, "maximumValue": "P4D" }] });
    org.will("GET", reply(200, fields)).await;
    let catalog = org.okta.governance().catalog();
    let top = catalog.top_level().matching("figma").limit(8).send().collect_all().await.unwrap();
    assert!(!top[0].requestable);
    catalog.children(&figma()).for_user(&ann()).send().collect_all().await.unwrap();
    assert_eq!(catalog.get(&figma()).await.unwrap().name, "Figma");
    let fields = catalog.request_fields(&figma(), &ann()).await.unwrap().fields;
    assert_eq!((&fields[0].kind, fields[0].required), (&RequestFieldKind::Duration, Some(true)));
    let saw = org.saw();
    let base = "/governance/api/v2/catalogs/default";
    saw[0].is("GET", &format!("{base}/entries?filter=not%28parent+pr%29&match=figma&limit=8"), None);
    let parent = "parent+eq+%22cen33e47frfMB93gQ8g6%22";
    saw[1].is("GET", &format!("{base}/user/{}/entries?filter={parent}&limit=200", ann()), None);
    saw[2].is("GET", &format!("{base}/entries/{}", figma()), None);
    saw[3].is("GET", &format!("{base}/entries/{}/users/{}/request-fields", figma(), ann()), None);
}

fn campaign(status: &str) -> Value {
    json!({
        "id": "ici2b0ozhrs1S9sVf0g4", "name": "Payroll", "status": status, "created": "2026-03-02T09:15:20Z",
        "scheduleSettings": {
            "type": "ONE_OFF", "startDate": "2026-10-01T11:00:00+02:00", "endDate": "2026-10-15T11:00:00+02:00",
            "durationInDays": 14, "timeZone": "Europe/Berlin",
        },
        "reviewerSettings": { "type": "USER", "reviewerId": ann() },
    })
}

#[tokio::test]
async fn a_campaign_is_made_with_its_settings() {
    let org = Org::answering("POST", reply(201, campaign("SCHEDULED"))).await;
    let schedule = CampaignSchedule::once(time("2026-10-01T09:00:00.250Z"), 14, "Europe/Berlin");
    let targets = CampaignTargets::Groups(vec!["00g1ab2cd3EF4gh5i6j7".parse().unwrap()]);
    let new = NewCampaign::new("Payroll", schedule, &targets, &CampaignReviewer::User(ann()))
        .on_revoke(Remediation::Deny);
    let made = org.okta.governance().campaigns().create(&new).await.unwrap();
    assert_eq!(made.status, CampaignStatus::Scheduled);
    assert_eq!(made.starts(), Some(time("2026-10-01T09:00:00Z")));
    assert_eq!(made.ends(), Some(time("2026-10-15T09:00:00Z")));
    org.saw_one().is(
        "POST",
        CAMPAIGNS,
        Some(json!({
            "name": "Payroll", "campaignType": "RESOURCE",
            "scheduleSettings": {
                "type": "ONE_OFF", "startDate": "2026-10-01T09:00:00Z", "durationInDays": 14,
                "timeZone": "Europe/Berlin",
            },
            "resourceSettings": {
                "targetTypes": ["GROUP"],
                "targetResources": [{ "resourceId": "00g1ab2cd3EF4gh5i6j7", "resourceType": "GROUP" }],
            },
            "principalScopeSettings": { "type": "USERS" },
            "reviewerSettings": { "type": "USER", "reviewerId": "00u1ab2cd3EF4gh5i6j7" },
            "remediationSettings": {
                "accessApproved": "NO_ACTION", "accessRevoked": "DENY", "noResponse": "NO_ACTION",
            },
        })),
    );
}

#[tokio::test]
async fn a_campaign_is_launched_ended_and_deleted_where_its_status_allows() {
    let conflict = || {
        let cause = "Campaign must be scheduled before it can be started";
        problem("E0000195", "Api validation failed due to conflict: Campaign", &[cause])
    };
    let mut org = Org::new().await;
    org.will("POST", empty(202)).await;
    org.will("POST", reply(409, conflict())).await;
    org.will("POST", reply(202, json!({}))).await;
    org.will("DELETE", reply(409, conflict())).await;
    let listed = json!([{
        "id": "ici2b0ozhrs1S9sVf0g4", "name": "Payroll", "status": "ACTIVE", "scheduleType": "ONE_OFF",
        "startDate": "2026-10-01T09:00:00Z", "endDate": "2026-10-15T09:00:00Z",
    }]);
    org.will("GET", reply(200, page(&listed))).await;
    let id: CampaignId = "ici2b0ozhrs1S9sVf0g4".parse().unwrap();
    let campaigns = org.okta.governance().campaigns();
    campaigns.launch(&id).await.unwrap();
    assert!(campaigns.launch(&id).await.unwrap_err().is_conflict());
    campaigns.end(&id, RemediationOnEnd::Skip).await.unwrap();
    assert!(campaigns.delete(&id).await.unwrap_err().is_conflict());
    let active = Filter::eq("status", "ACTIVE");
    let listed = campaigns.list().filter(active).send().collect_all().await.unwrap();
    assert_eq!(listed[0].starts(), Some(time("2026-10-01T09:00:00Z")));
    let saw = org.saw();
    saw[0].is("POST", &format!("{CAMPAIGNS}/{id}/launch"), None);
    saw[2].is("POST", &format!("{CAMPAIGNS}/{id}/end"), Some(json!({ "skipRemediation": true })));
    saw[3].is("DELETE", &format!("{CAMPAIGNS}/{id}"), None);
    saw[4].is("GET", &format!("{CAMPAIGNS}?filter=status+eq+%22ACTIVE%22&limit=200"), None);
}

#[tokio::test]
async fn reviews_are_listed_and_reassigned() {
    let review = json!({
        "id": "icrtg6mwccZTRc6Ub8g5", "campaignId": "ici2b0ozhrs1S9sVf0g4", "resourceId": "00g1",
        "decision": "UNREVIEWED", "decided": null, "remediationStatus": null, "reviewerType": "USER",
        "principalProfile": { "id": ann(), "email": "ann.lee@acme.example", "status": "ACTIVE" },
    });
    let mut org = Org::new().await;
    org.will("GET", reply(200, page(&json!([review])))).await;
    org.will("GET", reply(200, review.clone())).await;
    org.will("POST", reply(200, json!({ "data": [review] }))).await;
    let campaign: CampaignId = "ici2b0ozhrs1S9sVf0g4".parse().unwrap();
    let open = Filter::eq("campaignId", campaign.as_str()).and(Filter::eq("decision", "UNREVIEWED"));
    let reviews = org.okta.governance().reviews();
    let found = reviews.list().filter(open).send().collect_all().await.unwrap();
    assert_eq!((&found[0].decision, &found[0].remediation_status), (&ReviewDecision::Unreviewed, &None));
    assert!(!format!("{found:?}").contains("ann.lee"), "{found:?}");
    let id: ReviewId = "icrtg6mwccZTRc6Ub8g5".parse().unwrap();
    assert_eq!(reviews.get(&id).await.unwrap(), found[0]);
    let to = Reassignment::new(&ann(), [id], "On leave.");
    assert_eq!(reviews.reassign(&campaign, &to).await.unwrap(), found);
    let saw = org.saw();
    let filter = "%28campaignId+eq+%22ici2b0ozhrs1S9sVf0g4%22+and+decision+eq+%22UNREVIEWED%22%29";
    saw[0].is("GET", &format!("/governance/api/v1/reviews?filter={filter}&limit=200"), None);
    saw[2].is(
        "POST",
        &format!("{CAMPAIGNS}/{campaign}/reviews/reassign"),
        Some(json!({
            "reviewerId": ann(), "reviewIds": ["icrtg6mwccZTRc6Ub8g5"], "note": "On leave.",
        })),
    );
}

#[tokio::test]
async fn what_one_person_has_is_read_and_taken_away() {
    let value = json!({
        "id": "ento3v6xmkviXCltm1d6", "name": "Approver",
        "orn": "orn:okta:governance:00o1:entitlement-values:ento3v6xmkviXCltm1d6",
    });
    let entitlement = json!({ "id": "espo3v6xlwdtEX2il1d6", "name": "Role", "values": [value] });
    let access = json!({
        "parentResourceOrn": "orn:okta:idp:00o1:apps:salesforce:0oa1", "targetPrincipalOrn": "orn:okta:u",
        "expirationTime": "2026-05-31T23:59:59Z", "base": { "grantType": "POLICY", "entitlements": [entitlement] },
    });
    let mut org = Org::new().await;
    org.will("GET", reply(200, access)).await;
    org.will("GET", reply(200, page(&json!([entitlement])))).await;
    org.will("POST", reply(200, json!({ "data": [] }))).await;
    let governance = org.okta.governance();
    let access = governance.access().get(&salesforce(), &ann()).await.unwrap();
    assert_eq!(access.expiration_time, Some(time("2026-05-31T23:59:59Z")));
    let found = governance.access().entitlements(&salesforce(), &ann()).collect_all().await.unwrap();
    assert_eq!(found, access.base.unwrap().entitlements);
    let orn = found[0].values[0].orn.clone().unwrap();
    let person = Orn::user(&"00o1".parse().unwrap(), &ann());
    governance.access().revoke(&person, &[orn]).await.unwrap();
    let filter = "parent.externalId+eq+%220oa1ab2cd3EF4gh5i6j7%22+AND+parent.type+eq+%22APPLICATION%22+AND+\
                  targetPrincipal.externalId+eq+%2200u1ab2cd3EF4gh5i6j7%22+AND+\
                  targetPrincipal.type+eq+%22OKTA_USER%22";
    let saw = org.saw();
    saw[0].is("GET", &format!("/governance/api/v1/principal-access?filter={filter}"), None);
    saw[1].is("GET", &format!("/governance/api/v1/principal-entitlements?filter={filter}"), None);
    saw[2].is(
        "POST",
        "/governance/api/v2/revoke-principal-access",
        Some(json!({
            "principalOrn": "orn:okta:directory:00o1:users:00u1ab2cd3EF4gh5i6j7", "actor": "API",
            "revokeOrns": ["orn:okta:governance:00o1:entitlement-values:ento3v6xmkviXCltm1d6"],
        })),
    );
}

#[test]
fn an_apps_name_cannot_make_another_orn() {
    let org = "00o1".parse().unwrap();
    let app = Orn::app(&org, "salesforce", &salesforce()).unwrap();
    assert_eq!(app.as_str(), "orn:okta:idp:00o1:apps:salesforce:0oa1ab2cd3EF4gh5i6j7");
    for name in ["", "a:b", "a b"] {
        assert!(Orn::app(&org, name, &salesforce()).is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_job_is_followed() {
    let job = json!({
        "id": "cpa4r1gtPOqBal07j0g5", "type": "collection:principal:assignment", "status": "RUNNING",
        "created": "2026-01-09T01:25:04.000Z", "completed": null,
    });
    let org = Org::answering("GET", reply(200, job)).await;
    let id = "cpa4r1gtPOqBal07j0g5".parse().unwrap();
    let job = org.okta.governance().operations().get(&id).await.unwrap();
    assert_eq!((job.status, job.completed), (OperationStatus::Running, None));
    org.saw_one().is("GET", "/governance/api/v1/operations/cpa4r1gtPOqBal07j0g5", None);
}

#[tokio::test]
async fn everything_that_one_person_has_is_reviewed() {
    let id = "sar1lo5X9wmNTFX7x0g4";
    let review = json!({ "id": id, "name": "Ann", "status": "PENDING", "created": "2026-06-13T00:40:57Z" });
    let access = json!({
        "id": "sai1lo5X9wmNTFX7x0g4", "type": "APPLICATION", "name": "Salesforce", "severity": "HIGH",
        "supportedActions": ["REVOKE_ACCESS", "BURN"], "remediationStatus": "NONE",
    });
    let event = json!({
        "id": "srh1pmhpjmJ6Oyzzx0g4", "systemGenerated": true, "timestamp": "2026-06-13T14:23:35Z",
        "message": "created",
    });
    let mut org = Org::new().await;
    org.will("POST", reply(202, review.clone())).await;
    for answer in [page(&json!([review])), review.clone(), page(&json!([access])), page(&json!([event]))] {
        org.will("GET", reply(200, answer)).await;
    }
    org.will("PATCH", reply(200, review.clone())).await;
    for status in [202, 202, 204] {
        org.will("POST", empty(status)).await;
    }
    let reviews = org.okta.governance().security_access_reviews();
    let new = NewSecurityAccessReview::new(&ann(), "Ann", [ann()]).until(time("2026-06-20T00:00:00Z"));
    let made = reviews.create(&new).await.unwrap();
    assert_eq!(reviews.list().send().collect_all().await.unwrap()[0], made);
    assert_eq!(reviews.get(&made.id).await.unwrap(), made);
    let accesses = reviews.accesses(&made.id).collect_all().await.unwrap();
    let actions = [SecurityAccessAction::RevokeAccess, SecurityAccessAction::Unknown("BURN".into())];
    assert_eq!(accesses[0].supported_actions, actions);
    assert_eq!(reviews.history(&made.id).collect_all().await.unwrap()[0].message, "created");
    let patch = SecurityAccessReviewPatch::new().until(time("2026-06-21T00:00:00Z"));
    reviews.update(&made.id, &patch).await.unwrap();
    reviews.act_on_access(&made.id, &accesses[0].id, &actions[0]).await.unwrap();
    reviews.act(&made.id, &SecurityReviewAction::CloseReview).await.unwrap();
    reviews.comment(&made.id, "Laptop found.").await.unwrap();
    let saw = org.saw();
    let reviewers = json!({ "type": "USER", "userSettings": { "includedUserIds": [ann()] } });
    saw[0].is(
        "POST",
        SECURITY,
        Some(json!({
            "principalId": ann(), "name": "Ann", "reviewerSettings": reviewers, "endTime": "2026-06-20T00:00:00Z",
        })),
    );
    saw[1].is("GET", &format!("{SECURITY}?limit=200"), None);
    saw[2].is("GET", &format!("{SECURITY}/{id}"), None);
    saw[3].is("GET", &format!("{SECURITY}/{id}/accesses?limit=200"), None);
    saw[4].is("GET", &format!("{SECURITY}/{id}/history?limit=200"), None);
    saw[5].is("PATCH", &format!("{SECURITY}/{id}"), Some(json!({ "endTime": "2026-06-21T00:00:00Z" })));
    let action = format!("{SECURITY}/{id}/accesses/sai1lo5X9wmNTFX7x0g4/actions");
    saw[6].is("POST", &action, Some(json!({ "type": "REVOKE_ACCESS" })));
    let close = Some(json!({ "actionType": "CLOSE_REVIEW" }));
    saw[7].is("POST", &format!("{SECURITY}/{id}/actions"), close);
    let comment = Some(json!({ "comment": "Laptop found." }));
    saw[8].is("POST", &format!("{SECURITY}/{id}/comment"), comment);
}

#[tokio::test]
async fn an_org_without_a_licence_says_so_in_any_of_its_ways() {
    let not_licensed =
        problem("E0000015", "You do not have permission to access the feature you are requesting", &[]);
    let no_path = problem("E0000008", "The requested path was not found", &[]);
    for answer in [|| empty(404), || html(404)] as [fn() -> Reply; 2] {
        let mut org = Org::new().await;
        org.will("GET", answer()).await;
        org.will("GET", answer()).await;
        assert!(!org.okta.governance().is_licensed().await.unwrap());
        let id = "req42kjDgk1EubTwo0g4".parse().unwrap();
        let error = org.okta.governance().requests().get(&id).await.unwrap_err();
        assert!(error.problem().unwrap().to_string().contains("licence"), "{error:?}");
    }
    for (status, body) in [(401, not_licensed), (404, no_path)] {
        let mut org = Org::new().await;
        org.will("GET", reply(status, body.clone())).await;
        org.will("POST", reply(status, body)).await;
        let governance = org.okta.governance();
        assert!(!governance.is_licensed().await.unwrap());
        let new = NewAccessRequest::new(&figma(), &ann());
        let error = governance.requests().create(&new).await.unwrap_err();
        assert!(!error.is_unauthenticated(), "{error:?}");
        assert!(error.problem().unwrap().hint().is_some(), "{error:?}");
        assert_eq!((error.delivery(), org.saw().len()), (Delivery::Refused, 2));
    }
}

#[tokio::test]
async fn an_org_with_a_licence_and_credentials_without_a_role_are_told_apart() {
    let mut org = Org::new().await;
    org.will("GET", reply(200, page(&json!([])))).await;
    let refused = problem("E0000006", "You do not have permission to perform the requested action", &[]);
    org.will("GET", reply(403, refused)).await;
    assert!(org.okta.governance().is_licensed().await.unwrap());
    assert!(org.okta.governance().is_licensed().await.unwrap_err().is_forbidden());
    org.saw()[0].is("GET", &format!("{CAMPAIGNS}?limit=1"), None);
}
