//! Certification campaigns: who has what, and whether they should.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::governance_time;
use super::list::GovernanceList;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{AppId, CampaignId, GroupId, UserId};

entity! {
    /// A campaign. Its settings, as Okta tells them, are in `extra`; lists leave most of them out.
    pub struct Campaign shows(id, name, status) {
        /// Okta's id.
        pub id: CampaignId = "id",
        /// Its name.
        pub name: String = "name",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// How far it is.
        pub status: CampaignStatus = "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When it begins and ends. Not in lists, which have the two times below instead.
        pub schedule_settings: Option<CampaignTimes> = opt "scheduleSettings",
        /// When it begins, in a list.
        pub start_date: Option<DateTime<Utc>> = time "startDate",
        /// When it ends, in a list.
        pub end_date: Option<DateTime<Utc>> = time "endDate",
    }
}

impl Campaign {
    /// When it begins, wherever it came from.
    #[must_use]
    pub fn starts(&self) -> Option<DateTime<Utc>> {
        self.start_date.or_else(|| self.schedule_settings.as_ref()?.start_date)
    }

    /// When it ends, wherever it came from.
    #[must_use]
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        self.end_date.or_else(|| self.schedule_settings.as_ref()?.end_date)
    }
}

entity! {
    /// When a campaign begins and ends.
    pub struct CampaignTimes shows(start_date, end_date) {
        /// When it begins.
        pub start_date: Option<DateTime<Utc>> = time "startDate",
        /// When it ends.
        pub end_date: Option<DateTime<Utc>> = time "endDate",
    }
}

open_enum! {
    /// How far a campaign is.
    pub enum CampaignStatus {
        /// To begin by itself, or by [`Campaigns::launch`].
        Scheduled = "SCHEDULED",
        /// Its reviews are being made.
        Launching = "LAUNCHING",
        /// Reviewers are at work.
        Active = "ACTIVE",
        /// Over.
        Completed = "COMPLETED",
        /// Gone.
        Deleted = "DELETED",
        /// It could not be launched.
        Error = "ERROR",
    }
}

/// A campaign to be made.
///
/// ```
/// use okta_client::governance::{CampaignReviewer, CampaignSchedule, CampaignTargets, NewCampaign, Remediation};
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let schedule = CampaignSchedule::once("2026-10-01T09:00:00Z".parse()?, 14, "Europe/Berlin");
/// let payroll = CampaignTargets::Groups(vec!["00g1ab2cd3EF4gh5i6j7".parse()?]);
/// let owner = CampaignReviewer::User("00u1ab2cd3EF4gh5i6j7".parse()?);
/// let quarterly = NewCampaign::new("Payroll, Q3", schedule, &payroll, &owner).on_revoke(Remediation::Deny);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct NewCampaign {
    name: String,
    schedule_settings: Value,
    resource_settings: Value,
    principal_scope_settings: Value,
    reviewer_settings: Value,
    remediation_settings: RemediationSettings,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct RemediationSettings {
    access_approved: Remediation,
    access_revoked: Remediation,
    no_response: Remediation,
}

impl NewCampaign {
    /// A campaign about everybody who has one of the targets. As long as nothing else is said, what reviewers decide
    /// changes nothing.
    pub fn new(
        name: impl Into<String>,
        schedule: CampaignSchedule,
        targets: &CampaignTargets,
        reviewer: &CampaignReviewer,
    ) -> Self {
        Self {
            name: name.into(),
            schedule_settings: schedule.0,
            resource_settings: targets.settings(),
            principal_scope_settings: json!({ "type": "USERS" }),
            reviewer_settings: reviewer.settings(),
            remediation_settings: RemediationSettings {
                access_approved: Remediation::NoAction,
                access_revoked: Remediation::NoAction,
                no_response: Remediation::NoAction,
            },
            others: Map::from_iter([("campaignType".to_owned(), "RESOURCE".into())]),
        }
    }

    /// What it is for.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.setting("description", text.into())
    }

    /// Only users for whom this expression holds, in Okta's expression language. It is taken as it stands: never put
    /// into it what comes from outside.
    pub fn users_matching(mut self, expression: impl Into<String>) -> Self {
        self.principal_scope_settings["userScopeExpression"] = expression.into().into();
        self
    }

    /// What becomes of access that a reviewer revokes.
    pub fn on_revoke(mut self, remediation: Remediation) -> Self {
        self.remediation_settings.access_revoked = remediation;
        self
    }

    /// What becomes of access that nobody looked at in time.
    pub fn on_no_response(mut self, remediation: Remediation) -> Self {
        self.remediation_settings.no_response = remediation;
        self
    }

    /// Any other setting, under Okta's name: `notificationSettings`.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.others.insert(name.into(), value.into());
        self
    }
}

/// When a campaign begins, and how long it goes on.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct CampaignSchedule(Value);

impl CampaignSchedule {
    /// Once. The time must be in the future; the zone has a name such as `Europe/Berlin`.
    pub fn once(starts: DateTime<Utc>, days: u32, time_zone: impl Into<String>) -> Self {
        Self(json!({
            "type": "ONE_OFF", "startDate": governance_time(starts), "durationInDays": days,
            "timeZone": time_zone.into(),
        }))
    }

    /// Again after each `interval`, an ISO 8601 duration: `P3M`.
    pub fn every(
        interval: impl Into<String>,
        starts: DateTime<Utc>,
        days: u32,
        time_zone: impl Into<String>,
    ) -> Self {
        let Self(mut schedule) = Self::once(starts, days, time_zone);
        schedule["type"] = "RECURRING".into();
        schedule["recurrence"] = json!({ "interval": interval.into() });
        Self(schedule)
    }
}

/// What a campaign looks at: one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignTargets {
    /// The members of groups.
    Groups(Vec<GroupId>),
    /// The users of apps.
    Apps(Vec<AppId>),
}

impl CampaignTargets {
    fn settings(&self) -> Value {
        let (kind, ids): (_, Vec<&str>) = match self {
            Self::Groups(ids) => ("GROUP", ids.iter().map(GroupId::as_str).collect()),
            Self::Apps(ids) => ("APPLICATION", ids.iter().map(AppId::as_str).collect()),
        };
        let resource = |id| json!({ "resourceId": id, "resourceType": kind });
        let resources: Vec<Value> = ids.into_iter().map(resource).collect();
        json!({ "targetTypes": [kind], "targetResources": resources })
    }
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignReviewer {
    /// One person.
    User(UserId),
    /// Any member of a group. The other person decides where the group has nobody.
    Group(GroupId, UserId),
    /// The owners of the group or app. The other person decides where there is none.
    ResourceOwner(UserId),
    /// Whom this expression names, in Okta's expression language. The other person decides where it names nobody.
    Expression(String, UserId),
}

impl CampaignReviewer {
    fn settings(&self) -> Value {
        match self {
            Self::User(user) => json!({ "type": "USER", "reviewerId": user }),
            Self::Group(group, otherwise) => {
                json!({ "type": "GROUP", "reviewerGroupId": group, "fallBackReviewerId": otherwise })
            }
            Self::ResourceOwner(otherwise) => {
                json!({ "type": "RESOURCE_OWNER", "fallBackReviewerId": otherwise })
            }
            Self::Expression(expression, otherwise) => json!({
                "type": "REVIEWER_EXPRESSION", "reviewerScopeExpression": expression,
                "fallBackReviewerId": otherwise,
            }),
        }
    }
}

/// What becomes of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Remediation {
    /// Nothing: it stays.
    NoAction,
    /// It is taken away.
    Deny,
}

/// Whether the end of a campaign takes away what reviewers revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemediationOnEnd {
    /// As its settings say.
    AsSet,
    /// Not.
    Skip,
}

/// Campaigns, from [`Governance::campaigns`](super::Governance::campaigns). Scopes:
/// `okta.governance.accessCertifications.read`, `okta.governance.accessCertifications.manage`.
#[derive(Debug, Clone, Copy)]
pub struct Campaigns<'a> {
    client: &'a OktaClient,
}

impl<'a> Campaigns<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v1/campaigns`: many campaigns.
    ///
    /// To filter by: `name`, `status`, `scheduleType`, `reviewerType`, `startDate`, `endDate`, `recurringCampaignId`.
    pub fn list(&self) -> GovernanceList<'a, Campaign> {
        GovernanceList::new(self.client, "okta.governance.campaigns.list", campaigns())
    }

    /// `GET /governance/api/v1/campaigns/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &CampaignId) -> Result<Campaign, Error> {
        let request = Request::get(campaigns().value(id));
        self.client.send(&Call::read("okta.governance.campaigns.get", request)).await
    }

    /// `POST /governance/api/v1/campaigns`: makes one. It begins by itself when its time has come.
    ///
    /// # Errors
    ///
    /// E0000001 if a setting is wrong, or the start is not in the future. Never repeated after an ambiguous end:
    /// [`list`](Self::list) them by name.
    pub async fn create(&self, new: &NewCampaign) -> Result<Campaign, Error> {
        let request = Request::post(campaigns()).json(new);
        self.client.send(&Call::write("okta.governance.campaigns.create", Safety::Unsafe, request)).await
    }

    /// `POST /governance/api/v1/campaigns/{id}/launch`: begins before its time. Reviewers are told.
    ///
    /// # Errors
    ///
    /// `is_conflict` if it is not SCHEDULED. One that recurs would be launched once more by a second call, so it is
    /// never repeated after an ambiguous end: read its status.
    pub async fn launch(&self, id: &CampaignId) -> Result<(), Error> {
        let request = Request::post(campaigns().value(id).word("launch"));
        self.client.send(&Call::done("okta.governance.campaigns.launch", Safety::Unsafe, request)).await
    }

    /// `POST /governance/api/v1/campaigns/{id}/end`: ends before its time. Reviews that nobody decided are closed, and
    /// what becomes of that access is what the settings say of no response.
    ///
    /// # Errors
    ///
    /// `is_conflict` if it is not ACTIVE.
    pub async fn end(&self, id: &CampaignId, remediation: RemediationOnEnd) -> Result<(), Error> {
        let body = json!({ "skipRemediation": remediation == RemediationOnEnd::Skip });
        let request = Request::post(campaigns().value(id).word("end")).json(&body);
        self.client.send(&Call::done("okta.governance.campaigns.end", Safety::Idempotent, request)).await
    }

    /// `DELETE /governance/api/v1/campaigns/{id}`: one that is SCHEDULED or in ERROR, and all its recurrences.
    ///
    /// # Errors
    ///
    /// `is_conflict` in other statuses.
    pub async fn delete(&self, id: &CampaignId) -> Result<(), Error> {
        let request = Request::delete(campaigns().value(id));
        self.client.send(&Call::done("okta.governance.campaigns.delete", Safety::Idempotent, request)).await
    }
}

fn campaigns() -> Path {
    Path::new("/governance/api/v1/campaigns")
}
