//! Security access reviews: everything that one person has, after a compromise.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde::Serialize;
use serde_json::{Value, json};

use super::MOST_PER_PAGE;
use super::list::GovernanceList;
use super::{PersonProfile, governance_time};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{SecurityAccessId, SecurityAccessReviewId, UserId};
use crate::list::Listing;

entity! {
    /// A review of everything that one person has.
    pub struct SecurityAccessReview shows(id, name, status) {
        /// Okta's id.
        pub id: SecurityAccessReviewId = "id",
        /// Its name.
        pub name: String = "name",
        /// How far it is.
        pub status: SecurityAccessReviewStatus = "status",
        /// When it ends by itself.
        pub end_time: Option<DateTime<Utc>> = time "endTime",
        /// Who looks at it, as Okta tells it.
        pub reviewer_settings: Option<Value> = opt "reviewerSettings",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// How far a security access review is.
    pub enum SecurityAccessReviewStatus {
        /// Okta is gathering what the person has.
        Pending = "PENDING",
        /// Reviewers may act.
        Active = "ACTIVE",
        /// Over.
        Closed = "CLOSED",
        /// It could not be made.
        Error = "ERROR",
    }
}

entity! {
    /// Something that the person has.
    pub struct SecurityAccess shows(id, name, resource_id, severity, remediation_status) {
        /// Okta's id of the item.
        pub id: SecurityAccessId = "id",
        /// `APPLICATION`.
        pub kind: Option<String> = opt "type",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// The app, `0oa…`.
        pub resource_id: Option<String> = opt "resourceId",
        /// How much it matters.
        pub severity: Option<Severity> = opt "severity",
        /// What can be done about it now.
        pub supported_actions: Vec<SecurityAccessAction> = or_default "supportedActions",
        /// What became of it: `NONE`, `IN_PROGRESS`, `REMEDIATED`, `PENDING_MANUAL_REMEDIATION`, ….
        pub remediation_status: Option<String> = opt "remediationStatus",
    }
}

open_enum! {
    /// How much something matters.
    pub enum Severity {
        /// A little.
        Low = "LOW",
        /// Some.
        Medium = "MEDIUM",
        /// A lot.
        High = "HIGH",
    }
}

open_enum! {
    /// What can be done about one access.
    pub enum SecurityAccessAction {
        /// Take it away.
        RevokeAccess = "REVOKE_ACCESS",
        /// Give it back.
        RestoreAccess = "RESTORE_ACCESS",
        /// Note that somebody has to take it away by hand.
        FlagForManualRemediation = "FLAG_FOR_MANUAL_REMEDIATION",
        /// Note that somebody has to give it back by hand.
        FlagForManualRestoration = "FLAG_FOR_MANUAL_RESTORATION",
    }
}

open_enum! {
    /// What can be done about a whole review.
    pub enum SecurityReviewAction {
        /// End it.
        CloseReview = "CLOSE_REVIEW",
        /// Give back whatever was taken away in it.
        RestoreAllAccess = "RESTORE_ALL_ACCESS",
    }
}

entity! {
    /// Something that happened in a review.
    pub struct SecurityReviewEvent shows(id, timestamp, system_generated) {
        /// Okta's id.
        pub id: String = "id",
        /// When.
        pub timestamp: Option<DateTime<Utc>> = time "timestamp",
        /// What, in words.
        pub message: String = "message",
        /// Whether Okta did it by itself.
        pub system_generated: Option<bool> = opt "systemGenerated",
        /// Who did it.
        pub principal_profile: Option<PersonProfile> = opt "principalProfile",
    }
}

/// A review to be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NewSecurityAccessReview {
    principal_id: UserId,
    name: String,
    reviewer_settings: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
}

impl NewSecurityAccessReview {
    /// A review of what somebody has, by up to ten others.
    pub fn new(of: &UserId, name: impl Into<String>, reviewers: impl IntoIterator<Item = UserId>) -> Self {
        let (principal_id, reviewer_settings) = (of.clone(), by(reviewers));
        Self { principal_id, name: name.into(), reviewer_settings, end_time: None }
    }

    /// When it ends by itself; else Okta says.
    pub fn until(mut self, end: DateTime<Utc>) -> Self {
        self.end_time = Some(governance_time(end));
        self
    }
}

/// A change of a review: what is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct SecurityAccessReviewPatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer_settings: Option<Value>,
}

impl SecurityAccessReviewPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another end.
    pub fn until(mut self, end: DateTime<Utc>) -> Self {
        self.end_time = Some(governance_time(end));
        self
    }

    /// Other reviewers, up to ten, in place of those there were.
    pub fn reviewers(mut self, reviewers: impl IntoIterator<Item = UserId>) -> Self {
        self.reviewer_settings = Some(by(reviewers));
        self
    }
}

fn by(reviewers: impl IntoIterator<Item = UserId>) -> Value {
    let ids: Vec<UserId> = reviewers.into_iter().collect();
    json!({ "type": "USER", "userSettings": { "includedUserIds": ids } })
}

/// Security access reviews, from [`Governance::security_access_reviews`](super::Governance::security_access_reviews).
/// Scopes: `okta.governance.securityAccessReviews.admin.read`, `okta.governance.securityAccessReviews.admin.manage`.
#[derive(Debug, Clone, Copy)]
pub struct SecurityAccessReviews<'a> {
    client: &'a OktaClient,
}

impl<'a> SecurityAccessReviews<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v2/security-access-reviews`: many reviews.
    ///
    /// To filter by: `name`, `status`, `created`, `reviewer.name`: `eq`, `co`, `gt`, `lt`.
    pub fn list(&self) -> GovernanceList<'a, SecurityAccessReview> {
        GovernanceList::new(self.client, "okta.governance.security_access_reviews.list", reviews())
    }

    /// `POST /governance/api/v2/security-access-reviews`: makes one. It is answered PENDING.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such person. Never repeated after an ambiguous end: [`list`](Self::list) them
    /// by name.
    pub async fn create(&self, new: &NewSecurityAccessReview) -> Result<SecurityAccessReview, Error> {
        let request = Request::post(reviews()).json(new);
        let call = Call::write("okta.governance.security_access_reviews.create", Safety::Unsafe, request);
        self.client.send(&call).await
    }

    /// `GET /governance/api/v2/security-access-reviews/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &SecurityAccessReviewId) -> Result<SecurityAccessReview, Error> {
        let request = Request::get(reviews().value(id));
        self.client.send(&Call::read("okta.governance.security_access_reviews.get", request)).await
    }

    /// `PATCH /governance/api/v2/security-access-reviews/{id}`: another end, other reviewers.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn update(
        &self,
        id: &SecurityAccessReviewId,
        patch: &SecurityAccessReviewPatch,
    ) -> Result<SecurityAccessReview, Error> {
        let request = Request::patch(reviews().value(id)).json(patch);
        let call = Call::write("okta.governance.security_access_reviews.update", Safety::Idempotent, request);
        self.client.send(&call).await
    }

    /// `GET /governance/api/v2/security-access-reviews/{id}/accesses`: what the person has.
    pub fn accesses(&self, id: &SecurityAccessReviewId) -> Listing<SecurityAccess> {
        let request = Request::get(reviews().value(id).word("accesses")).query("limit", MOST_PER_PAGE);
        self.client.list_named("okta.governance.security_access_reviews.accesses", "data", request)
    }

    /// `POST /governance/api/v2/security-access-reviews/{id}/accesses/{access}/actions`: takes it away, or gives it
    /// back. The work goes on after the answer: [`accesses`](Self::accesses) has what became of it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such review or access. Never repeated after an ambiguous end: a late repetition
    /// could give back what somebody else took away meanwhile.
    pub async fn act_on_access(
        &self,
        id: &SecurityAccessReviewId,
        access: &SecurityAccessId,
        action: &SecurityAccessAction,
    ) -> Result<(), Error> {
        let path = reviews().value(id).word("accesses").value(access).word("actions");
        let request = Request::post(path).json(&json!({ "type": action }));
        let name = "okta.governance.security_access_reviews.act_on_access";
        self.client.send(&Call::done(name, Safety::Unsafe, request)).await
    }

    /// `POST /governance/api/v2/security-access-reviews/{id}/actions`: ends the review, or gives all back.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none. Never repeated after an ambiguous end, as [`act_on_access`](Self::act_on_access).
    pub async fn act(&self, id: &SecurityAccessReviewId, action: &SecurityReviewAction) -> Result<(), Error> {
        let request =
            Request::post(reviews().value(id).word("actions")).json(&json!({ "actionType": action }));
        let call = Call::done("okta.governance.security_access_reviews.act", Safety::Unsafe, request);
        self.client.send(&call).await
    }

    /// `POST /governance/api/v2/security-access-reviews/{id}/comment`: up to 1000 characters, for those who read the
    /// history.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none. Never repeated after an ambiguous end.
    pub async fn comment(&self, id: &SecurityAccessReviewId, comment: &str) -> Result<(), Error> {
        let request = Request::post(reviews().value(id).word("comment")).json(&json!({ "comment": comment }));
        let call = Call::done("okta.governance.security_access_reviews.comment", Safety::Unsafe, request);
        self.client.send(&call).await
    }

    /// `GET /governance/api/v2/security-access-reviews/{id}/history`: what happened in it.
    pub fn history(&self, id: &SecurityAccessReviewId) -> Listing<SecurityReviewEvent> {
        let request = Request::get(reviews().value(id).word("history")).query("limit", MOST_PER_PAGE);
        self.client.list_named("okta.governance.security_access_reviews.history", "data", request)
    }
}

fn reviews() -> Path {
    Path::new("/governance/api/v2/security-access-reviews")
}
