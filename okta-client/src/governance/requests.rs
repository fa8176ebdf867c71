//! Requests for access.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde::Serialize;
use serde_json::{Value, json};

use super::GovernancePrincipal;
use super::list::GovernanceList;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{AccessRequestId, CatalogEntryId, UserId};

entity! {
    /// A request for access.
    pub struct AccessRequest shows(id, status, grant_status) {
        /// Okta's id.
        pub id: AccessRequestId = "id",
        /// How far it is.
        pub status: AccessRequestStatus = "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When it was decided.
        pub resolved: Option<DateTime<Utc>> = time "resolved",
        /// Whether an approved request has led to access.
        pub grant_status: Option<GrantStatus> = opt "grantStatus",
        /// When it did.
        pub granted: Option<DateTime<Utc>> = time "granted",
        /// Whether access that was given for a time is gone again.
        pub revocation_status: Option<RevocationStatus> = opt "revocationStatus",
        /// When it went.
        pub revoked: Option<DateTime<Utc>> = time "revoked",
        /// Who asked.
        pub requested_by: Option<GovernancePrincipal> = opt "requestedBy",
        /// Who is to have it.
        pub requested_for: Option<GovernancePrincipal> = opt "requestedFor",
        /// What it is.
        pub requested: Option<RequestedResource> = opt "requested",
        /// Who decided what. Lists leave it out.
        pub request_approval: Option<RequestApproval> = opt "requestApproval",
        /// Which separation of duties it would break. Lists leave it out.
        pub risk_assessment: Option<RiskAssessment> = opt "riskAssessment",
    }
}

open_enum! {
    /// How far a request is.
    pub enum AccessRequestStatus {
        /// Made. Okta still looks at it.
        Submitted = "SUBMITTED",
        /// Somebody has to decide.
        Pending = "PENDING",
        /// Approved. Whether access is there yet, [`AccessRequest::grant_status`] tells.
        Approved = "APPROVED",
        /// Somebody denied it.
        Denied = "DENIED",
        /// Okta refused it: nothing says who may approve, say.
        Rejected = "REJECTED",
        /// Taken back.
        Canceled = "CANCELED",
        /// Nobody decided in time.
        Expired = "EXPIRED",
    }
}

open_enum! {
    /// Whether an approved request has led to access.
    pub enum GrantStatus {
        /// Not yet.
        Pending = "PENDING",
        /// It has.
        Granted = "GRANTED",
        /// It could not be given.
        Failed = "FAILED",
        /// Somebody has to give it by hand.
        ManualRequired = "MANUAL_REQUIRED",
    }
}

open_enum! {
    /// Whether access that was given for a time is gone again.
    pub enum RevocationStatus {
        /// Not yet.
        Pending = "PENDING",
        /// It is.
        Revoked = "REVOKED",
        /// It could not be taken away.
        Failed = "FAILED",
    }
}

entity! {
    /// What was asked for. Made of a catalog entry, Okta fills in the rest.
    pub struct RequestedResource shows(entry_id, resource_id, access_scope_id) {
        /// The catalog's entry.
        pub entry_id: Option<CatalogEntryId> = opt "entryId",
        /// The app, `0oa…`.
        pub resource_id: Option<String> = opt "resourceId",
        /// `APPLICATION`.
        pub resource_type: Option<String> = opt "resourceType",
        /// What of it: the app itself, a group, or an entitlement bundle.
        pub access_scope_id: Option<String> = opt "accessScopeId",
        /// `APPLICATION`, `GROUP` or `ENTITLEMENT_BUNDLE`.
        pub access_scope_type: Option<String> = opt "accessScopeType",
    }
}

entity! {
    /// Who decided what.
    pub struct RequestApproval shows(kind, status) {
        /// `OKTA`, or `EXTERNAL` if another system decides.
        pub kind: Option<String> = opt "type",
        /// `APPROVED` or `DENIED`, once it is decided.
        pub status: Option<String> = opt "status",
        /// When it was.
        pub decided: Option<DateTime<Utc>> = time "decided",
        /// Every decision, in order.
        pub decisions: Vec<ApprovalDecision> = or_default "decisions",
    }
}

entity! {
    /// What one person decided.
    pub struct ApprovalDecision shows(decider_id, decision) {
        /// Who.
        pub decider_id: Option<UserId> = opt "deciderId",
        /// `APPROVE`, `DENY` or `CANCEL`.
        pub decision: Option<String> = opt "decision",
        /// When.
        pub decided: Option<DateTime<Utc>> = time "decided",
        /// Whom they stood in for.
        pub original_decider_id: Option<UserId> = opt "originalDeciderId",
    }
}

entity! {
    /// Which separation of duties a request would break.
    pub struct RiskAssessment shows(request_submission_type) {
        /// `ALLOWED_WITH_NO_OVERRIDES`, `ALLOWED_WITH_OVERRIDES` or `RESTRICTED`.
        pub request_submission_type: Option<String> = opt "requestSubmissionType",
        /// The rules, as Okta tells them.
        pub risk_rules: Vec<Value> = or_default "riskRules",
    }
}

/// A request to be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NewAccessRequest {
    requested: Value,
    requested_for: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requester_field_values: Vec<Value>,
}

impl NewAccessRequest {
    /// A request for a catalog entry (one that is `requestable`), for somebody.
    pub fn new(entry: &CatalogEntryId, for_user: &UserId) -> Self {
        Self {
            requested: json!({ "type": "CATALOG_ENTRY", "entryId": entry }),
            requested_for: okta_user(for_user),
            requested_by: None,
            requester_field_values: Vec::new(),
        }
    }

    /// Who asks, if not the caller. The resource's settings must allow to ask for somebody else.
    pub fn requested_by(mut self, user: &UserId) -> Self {
        self.requested_by = Some(okta_user(user));
        self
    }

    /// The answer to one of the entry's fields, as [`Catalog::request_fields`](super::Catalog::request_fields) has
    /// them.
    pub fn field(mut self, id: impl Into<String>, value: impl Into<String>) -> Self {
        self.requester_field_values.push(json!({ "id": id.into(), "value": value.into() }));
        self
    }

    /// The answers to a field that takes several.
    pub fn field_values<T: Into<String>>(
        mut self,
        id: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        self.requester_field_values.push(json!({ "id": id.into(), "values": values }));
        self
    }
}

fn okta_user(id: &UserId) -> Value {
    json!({ "type": "OKTA_USER", "externalId": id })
}

/// Requests for access, from [`Governance::requests`](super::Governance::requests). Scopes:
/// `okta.accessRequests.request.read`, `okta.accessRequests.request.manage`.
#[derive(Debug, Clone, Copy)]
pub struct AccessRequests<'a> {
    client: &'a OktaClient,
}

impl<'a> AccessRequests<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v2/requests`: many requests.
    ///
    /// To filter by: `status`, `lastUpdated`, `requestedFor`, `resourceId`, `resourceType`, `accessScopeId`, `accessScopeType`.
    pub fn list(&self) -> GovernanceList<'a, AccessRequest> {
        GovernanceList::new(self.client, "okta.governance.requests.list", requests())
    }

    /// `GET /governance/api/v2/requests/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &AccessRequestId) -> Result<AccessRequest, Error> {
        let request = Request::get(requests().value(id));
        self.client.send(&Call::read("okta.governance.requests.get", request)).await
    }

    /// `POST /governance/api/v2/requests`: asks. It is answered SUBMITTED; read it to see what becomes of it.
    ///
    /// # Errors
    ///
    /// E0000001 if a field is missing or wrong, `is_conflict` if it cannot be asked for now. Never repeated after
    /// an ambiguous end: [`list`](Self::list) the requests for the person.
    pub async fn create(&self, new: &NewAccessRequest) -> Result<AccessRequest, Error> {
        let request = Request::post(requests()).json(new);
        self.client.send(&Call::write("okta.governance.requests.create", Safety::Unsafe, request)).await
    }

    /// `POST /governance/api/v2/requests/{id}/messages`: says something to the one who asked, in the caller's name.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such request. Never repeated after an ambiguous end.
    pub async fn add_message(&self, id: &AccessRequestId, message: &str) -> Result<(), Error> {
        let request =
            Request::post(requests().value(id).word("messages")).json(&json!({ "message": message }));
        self.client.send(&Call::done("okta.governance.requests.add_message", Safety::Unsafe, request)).await
    }
}

fn requests() -> Path {
    Path::new("/governance/api/v2/requests")
}
