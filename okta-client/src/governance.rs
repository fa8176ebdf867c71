//! Okta Identity Governance: asking for access, reviewing it, and taking it away.

mod access;
mod campaigns;
mod catalog;
mod list;
mod operations;
mod requests;
mod reviews;
mod security_reviews;
mod tasks;

pub use crate::id::{
    AccessRequestId, AccessTaskId, CampaignId, CatalogEntryId, OperationId, ReviewId, SecurityAccessId,
    SecurityAccessReviewId,
};
use chrono::{DateTime, SecondsFormat, Utc};
use client_core::{Call, Path, Request};
use serde_json::Value;

pub use self::access::{
    Access, AccessGrant, EntitlementValue, GrantMethod, Orn, PrincipalAccess, PrincipalEntitlement,
};
pub use self::campaigns::{
    Campaign, CampaignReviewer, CampaignSchedule, CampaignStatus, CampaignTargets, Campaigns, NewCampaign,
    Remediation, RemediationOnEnd,
};
pub use self::catalog::{
    Catalog, CatalogEntry, ListCatalogEntries, RequestField, RequestFieldKind, RequestFields,
};
pub use self::list::GovernanceList;
pub use self::operations::{Operation, OperationStatus, Operations};
pub use self::requests::{
    AccessRequest, AccessRequestStatus, AccessRequests, ApprovalDecision, GrantStatus, NewAccessRequest,
    RequestApproval, RequestedResource, RevocationStatus, RiskAssessment,
};
pub use self::reviews::{
    PersonProfile, Reassignment, RemediationStatus, Review, ReviewDecision, ReviewerLevel, ReviewerType,
    Reviews,
};
pub use self::security_reviews::{
    NewSecurityAccessReview, SecurityAccess, SecurityAccessAction, SecurityAccessReview,
    SecurityAccessReviewPatch, SecurityAccessReviewStatus, SecurityAccessReviews, SecurityReviewAction,
    SecurityReviewEvent, Severity,
};
pub use self::tasks::{AccessTask, AccessTaskKind, AccessTaskStatus, AccessTasks, Resolution};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;

/// The most that one page of any of the lists has.
const MOST_PER_PAGE: u16 = 200;

/// Identity Governance, from [`OktaClient::governance`].
///
/// It needs a licence of its own. Without one every call is refused with E0000015 (`is_forbidden`) or, as if the
/// path did not exist, with 404 (`is_not_found`); the error's text says so, and
/// [`is_licensed`](Self::is_licensed) asks beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Governance<'a> {
    client: &'a OktaClient,
}

impl<'a> Governance<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// Whether the org has a licence. Sends `GET /governance/api/v1/campaigns?limit=1`, scope
    /// `okta.governance.accessCertifications.read`: a list that is there whenever governance is.
    ///
    /// # Errors
    ///
    /// As every call; `is_forbidden` with E0000006 if it is the credentials that may not.
    pub async fn is_licensed(&self) -> Result<bool, Error> {
        let request = Request::get(Path::new("/governance/api/v1/campaigns")).query("limit", 1);
        match self.client.send(&Call::<Value>::read("okta.governance.is_licensed", request)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) if error.problem().is_some_and(|problem| problem.is_code("E0000015")) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What can be asked for.
    #[must_use]
    pub fn catalog(&self) -> Catalog<'a> {
        Catalog::new(self.client)
    }

    /// Requests for access.
    #[must_use]
    pub fn requests(&self) -> AccessRequests<'a> {
        AccessRequests::new(self.client)
    }

    /// What requests wait for: approvals, mostly.
    #[must_use]
    pub fn tasks(&self) -> AccessTasks<'a> {
        AccessTasks::new(self.client)
    }

    /// Certification campaigns.
    #[must_use]
    pub fn campaigns(&self) -> Campaigns<'a> {
        Campaigns::new(self.client)
    }

    /// The reviews of campaigns.
    #[must_use]
    pub fn reviews(&self) -> Reviews<'a> {
        Reviews::new(self.client)
    }

    /// What one person has in one app, and taking it away.
    #[must_use]
    pub fn access(&self) -> Access<'a> {
        Access::new(self.client)
    }

    /// Reviews of everything that one person has, after a compromise.
    #[must_use]
    pub fn security_access_reviews(&self) -> SecurityAccessReviews<'a> {
        SecurityAccessReviews::new(self.client)
    }

    /// Jobs that go on after their answer.
    #[must_use]
    pub fn operations(&self) -> Operations<'a> {
        Operations::new(self.client)
    }
}

entity! {
    /// Who something is about, by kind and id.
    pub struct GovernancePrincipal shows(kind, external_id) {
        /// `OKTA_USER`, or `UNKNOWN` for a service app.
        pub kind: String = "type",
        /// The user's id, `00u…`.
        pub external_id: String = "externalId",
    }
}

/// Governance's form of a time: without milliseconds.
fn governance_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
