//! The reviews of campaigns: one decision about one person's access to one thing.

use chrono::{DateTime, Utc};
use client_core::{Call, DecodeError, Path, Request, Response, Safety, open_enum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::list::GovernanceList;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{CampaignId, ReviewId, UserId};

entity! {
    /// A review.
    pub struct Review shows(id, campaign_id, resource_id, decision, remediation_status) {
        /// Okta's id.
        pub id: ReviewId = "id",
        /// Its campaign.
        pub campaign_id: CampaignId = "campaignId",
        /// What the person has: the id of a group, an app, …
        pub resource_id: Option<String> = opt "resourceId",
        /// What was decided.
        pub decision: ReviewDecision = "decision",
        /// When.
        pub decided: Option<DateTime<Utc>> = time "decided",
        /// What became of access that was revoked.
        pub remediation_status: Option<RemediationStatus> = opt "remediationStatus",
        /// Whose access it is.
        pub principal_profile: Option<PersonProfile> = opt "principalProfile",
        /// Who is to decide, if it is one person.
        pub reviewer_profile: Option<PersonProfile> = opt "reviewerProfile",
        /// Who is to decide.
        pub reviewer_type: Option<ReviewerType> = opt "reviewerType",
        /// How the person came to have it: `INDIVIDUAL`, `GROUP`.
        pub assignment_type: Option<String> = opt "assignmentType",
        /// Which of the entitlements it is about.
        pub entitlement_value: Option<Value> = opt "entitlementValue",
        /// The reviewer's words. Lists leave them out.
        pub note: Option<Value> = opt "note",
        /// Whether somebody stands in for the reviewer.
        pub delegated: Option<bool> = opt "delegated",
    }
}

open_enum! {
    /// What was decided.
    pub enum ReviewDecision {
        /// Nothing yet.
        Unreviewed = "UNREVIEWED",
        /// The person keeps it.
        Approve = "APPROVE",
        /// The person is to lose it.
        Revoke = "REVOKE",
    }
}

open_enum! {
    /// What became of access that was revoked.
    pub enum RemediationStatus {
        /// There is nothing to do.
        None = "NONE",
        /// It is still there.
        Open = "OPEN",
        /// It is gone.
        Success = "SUCCESS",
        /// It could not be taken away.
        Error = "ERROR",
        /// Somebody has to take it away by hand.
        Manual = "MANUAL",
    }
}

open_enum! {
    /// Who is to decide.
    pub enum ReviewerType {
        /// One person.
        User = "USER",
        /// Any member of a group.
        Group = "GROUP",
        /// The owners of the group or app.
        ResourceOwner = "RESOURCE_OWNER",
    }
}

entity! {
    /// A person, as governance shows them.
    pub struct PersonProfile shows(id) {
        /// Okta's id: a user's, mostly.
        pub id: String = "id",
        /// Their address.
        pub email: Option<String> = opt "email",
        /// Their first name.
        pub first_name: Option<String> = opt "firstName",
        /// Their last name.
        pub last_name: Option<String> = opt "lastName",
        /// What they sign in with.
        pub login: Option<String> = opt "login",
        /// `ACTIVE` or `INACTIVE`.
        pub status: Option<String> = opt "status",
    }
}

/// Reviews that somebody else is to decide: up to 50 of one campaign, all of them UNREVIEWED.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct Reassignment {
    reviewer_id: UserId,
    review_ids: Vec<ReviewId>,
    note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer_level: Option<ReviewerLevel>,
}

impl Reassignment {
    /// These reviews, to this person, for this reason: 1 to 300 characters that the reviewer reads.
    pub fn new(
        reviewer: &UserId,
        reviews: impl IntoIterator<Item = ReviewId>,
        note: impl Into<String>,
    ) -> Self {
        Self {
            reviewer_id: reviewer.clone(),
            review_ids: reviews.into_iter().collect(),
            note: note.into(),
            reviewer_level: None,
        }
    }

    /// Which of the two decisions, in a campaign where two have to decide.
    pub fn level(mut self, level: ReviewerLevel) -> Self {
        self.reviewer_level = Some(level);
        self
    }
}

/// Which of two decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewerLevel {
    /// The first.
    First,
    /// The second.
    Second,
}

/// Reviews, from [`Governance::reviews`](super::Governance::reviews). Scopes:
/// `okta.governance.accessCertifications.read`, `okta.governance.accessCertifications.manage`.
///
/// To decide is for the reviewer, signed in as themselves: there is no call for an admin or an app.
#[derive(Debug, Clone, Copy)]
pub struct Reviews<'a> {
    client: &'a OktaClient,
}

impl<'a> Reviews<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v1/reviews`: many reviews. Narrow it to a campaign, or a large org is too slow to answer.
    ///
    /// To filter by: `campaignId`, `principalId`, `reviewerId`, `decision`, `resourceId`, `reviewerType`, `reviewerLevel`,
    /// `entitlementValueId`; `eq` only.
    pub fn list(&self) -> GovernanceList<'a, Review> {
        GovernanceList::new(
            self.client,
            "okta.governance.reviews.list",
            Path::new("/governance/api/v1/reviews"),
        )
    }

    /// `GET /governance/api/v1/reviews/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ReviewId) -> Result<Review, Error> {
        let request = Request::get(Path::new("/governance/api/v1/reviews").value(id));
        self.client.send(&Call::read("okta.governance.reviews.get", request)).await
    }

    /// `POST /governance/api/v1/campaigns/{campaign}/reviews/reassign`: somebody else is to decide.
    ///
    /// # Errors
    ///
    /// E0000001 if one of them is decided; `is_conflict` if the person is their reviewer already. Never repeated after
    /// an ambiguous end: read the reviews.
    pub async fn reassign(&self, campaign: &CampaignId, to: &Reassignment) -> Result<Vec<Review>, Error> {
        let path = Path::new("/governance/api/v1/campaigns").value(campaign).word("reviews/reassign");
        let call = Call::<Value>::write(
            "okta.governance.reviews.reassign",
            Safety::Unsafe,
            Request::post(path).json(to),
        );
        self.client.send(&call.with_decode(data)).await
    }
}

/// The reviews of an answer that is no list of pages.
fn data(response: &Response) -> Result<Vec<Review>, DecodeError> {
    #[derive(Deserialize)]
    struct Data {
        data: Vec<Review>,
    }
    response.json::<Data>().map(|answer| answer.data)
}
