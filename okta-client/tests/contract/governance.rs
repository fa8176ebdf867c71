//! Identity Governance.

use okta_client::Filter;
use okta_client::apps::AppId;
use okta_client::governance::{
    CampaignReviewer, CampaignSchedule, CampaignTargets, CatalogEntryId, NewAccessRequest, NewCampaign,
    NewSecurityAccessReview, Orn, Reassignment, Remediation, RemediationOnEnd, Resolution, ReviewerLevel,
    SecurityAccessAction, SecurityAccessReviewId, SecurityAccessReviewPatch, SecurityReviewAction,
};
use okta_client::users::UserId;
use serde_json::Value;

use crate::check::Contract;

fn ann() -> UserId {
    "00u1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn figma() -> CatalogEntryId {
    "cen33e47frfMB93gQ8g6".parse().unwrap()
}

fn salesforce() -> AppId {
    "0oa1ab2cd3EF4gh5i6j7".parse().unwrap()
}

fn time() -> chrono::DateTime<chrono::Utc> {
    "2026-10-01T09:00:00Z".parse().unwrap()
}

/// The description's links to next pages lead nowhere, or back.
fn last_page(page: &mut Value) {
    if let Some(links) = page.get_mut("_links").and_then(Value::as_object_mut) {
        links.remove("next");
    }
}

pub(crate) async fn cases(contract: &mut Contract) {
    contract.check(async |okta| okta.governance().is_licensed().await).await;
    requests(contract).await;
    campaigns(contract).await;
    access(contract).await;
    security_access_reviews(contract).await;
}

async fn requests(contract: &mut Contract) {
    contract
        .check_adapted(last_page, async |okta| {
            okta.governance().catalog().top_level().matching("figma").send().collect_all().await
        })
        .await;
    contract
        .check_adapted(last_page, async |okta| {
            okta.governance().catalog().children(&figma()).for_user(&ann()).send().collect_all().await
        })
        .await;
    contract.check(async |okta| okta.governance().catalog().get(&figma()).await).await;
    contract.check(async |okta| okta.governance().catalog().request_fields(&figma(), &ann()).await).await;
    contract
        .check_adapted(last_page, async |okta| {
            let pending = Filter::eq("status", "PENDING");
            okta.governance().requests().list().filter(pending).send().collect_all().await
        })
        .await;
    let id = "req42kjDgk1EubTwo0g4".parse().unwrap();
    contract.check(async |okta| okta.governance().requests().get(&id).await).await;
    let new = NewAccessRequest::new(&figma(), &ann())
        .requested_by(&ann())
        .field("why", "month end")
        .field_values("where", ["EU", "US"]);
    contract.check(async |okta| okta.governance().requests().create(&new).await).await;
    contract.check(async |okta| okta.governance().requests().add_message(&id, "Soon.").await).await;
    contract
        .check_adapted(last_page, async |okta| {
            let open = Filter::eq("status", "OPEN");
            okta.governance().tasks().list().filter(open).send().collect_all().await
        })
        .await;
    let task = "68a38c7bc6866ac3cdee5583".parse().unwrap();
    contract.check(async |okta| okta.governance().tasks().get(&task).await).await;
    contract.check(async |okta| okta.governance().tasks().resolve(&task, Resolution::Denied).await).await;
}

async fn campaigns(contract: &mut Contract) {
    let apps = CampaignTargets::Apps(vec![salesforce()]);
    let groups = CampaignTargets::Groups(vec!["00g1ab2cd3EF4gh5i6j7".parse().unwrap()]);
    let group = "00g1ab2cd3EF4gh5i6j7".parse().unwrap();
    for (targets, reviewer) in [
        (&groups, CampaignReviewer::User(ann())),
        (&apps, CampaignReviewer::Group(group, ann())),
        (&apps, CampaignReviewer::ResourceOwner(ann())),
        (&apps, CampaignReviewer::Expression("user.profile.managerId".into(), ann())),
    ] {
        let once = CampaignSchedule::once(time(), 14, "Europe/Berlin");
        let quarterly = CampaignSchedule::every("P3M", time(), 14, "Europe/Berlin");
        for schedule in [once, quarterly] {
            let new = NewCampaign::new("Payroll", schedule, targets, &reviewer)
                .description("Who may pay?")
                .users_matching("user.profile.department == 'Sales'")
                .on_revoke(Remediation::Deny)
                .on_no_response(Remediation::Deny)
                .setting("campaignTier", "BASIC");
            contract.check(async |okta| okta.governance().campaigns().create(&new).await).await;
        }
    }
    let id = "ici2b0ozhrs1S9sVf0g4".parse().unwrap();
    contract
        .check_adapted(last_page, async |okta| {
            let active = Filter::eq("status", "ACTIVE");
            okta.governance().campaigns().list().filter(active).send().collect_all().await
        })
        .await;
    contract.check(async |okta| okta.governance().campaigns().get(&id).await).await;
    contract.check(async |okta| okta.governance().campaigns().launch(&id).await).await;
    contract.check(async |okta| okta.governance().campaigns().end(&id, RemediationOnEnd::Skip).await).await;
    contract.check(async |okta| okta.governance().campaigns().delete(&id).await).await;
    contract
        .check_adapted(last_page, async |okta| {
            let of = Filter::eq("campaignId", id.as_str());
            okta.governance().reviews().list().filter(of).send().collect_all().await
        })
        .await;
    let review: okta_client::governance::ReviewId = "icrtg6mwccZTRc6Ub8g5".parse().unwrap();
    contract.check(async |okta| okta.governance().reviews().get(&review).await).await;
    let to = Reassignment::new(&ann(), [review.clone()], "On leave.").level(ReviewerLevel::First);
    contract.check(async |okta| okta.governance().reviews().reassign(&id, &to).await).await;
}

async fn access(contract: &mut Contract) {
    contract.check(async |okta| okta.governance().access().get(&salesforce(), &ann()).await).await;
    contract
        .check_adapted(last_page, async |okta| {
            okta.governance().access().entitlements(&salesforce(), &ann()).collect_all().await
        })
        .await;
    let org = "00o11edPwGqbUrsDm0g4".parse().unwrap();
    let person = Orn::user(&org, &ann());
    let app = Orn::app(&org, "salesforce", &salesforce()).unwrap();
    contract
        .check(async |okta| okta.governance().access().revoke(&person, std::slice::from_ref(&app)).await)
        .await;
    let operation = "cpa4r1gtPOqBal07j0g5".parse().unwrap();
    contract.check(async |okta| okta.governance().operations().get(&operation).await).await;
}

async fn security_access_reviews(contract: &mut Contract) {
    let new = NewSecurityAccessReview::new(&ann(), "Ann's laptop", [ann()]).until(time());
    contract.check(async |okta| okta.governance().security_access_reviews().create(&new).await).await;
    contract
        .check_adapted(last_page, async |okta| {
            let active = Filter::eq("status", "ACTIVE");
            okta.governance().security_access_reviews().list().filter(active).send().collect_all().await
        })
        .await;
    let id: SecurityAccessReviewId = "sar1lo5X9wmNTFX7x0g4".parse().unwrap();
    let patch = SecurityAccessReviewPatch::new().until(time()).reviewers([ann()]);
    contract.check(async |okta| okta.governance().security_access_reviews().get(&id).await).await;
    contract.check(async |okta| okta.governance().security_access_reviews().update(&id, &patch).await).await;
    contract
        .check_adapted(last_page, async |okta| {
            okta.governance().security_access_reviews().accesses(&id).collect_all().await
        })
        .await;
    contract
        .check_adapted(last_page, async |okta| {
            okta.governance().security_access_reviews().history(&id).collect_all().await
        })
        .await;
    contract
        .check(async |okta| okta.governance().security_access_reviews().comment(&id, "Done.").await)
        .await;
    let access = "sai1lo5X9wmNTFX7x0g4".parse().unwrap();
    contract
        .check(async |okta| {
            let revoke = SecurityAccessAction::RevokeAccess;
            okta.governance().security_access_reviews().act_on_access(&id, &access, &revoke).await
        })
        .await;
    contract
        .check(async |okta| {
            let close = SecurityReviewAction::CloseReview;
            okta.governance().security_access_reviews().act(&id, &close).await
        })
        .await;
}
