//! Reviews: one decision about one member of one group.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::list::{self, Row};
use super::{campaigns, person, set_member, time};
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, object, users};

/// A review as Okta keeps it.
#[derive(Debug, Clone)]
pub(super) struct Review {
    pub(super) id: String,
    campaign: String,
    pub(super) group: String,
    pub(super) user: String,
    reviewer: String,
    decision: &'static str,
    decided: Option<DateTime<Utc>>,
    pub(super) remediation: &'static str,
    note: Option<String>,
    created: DateTime<Utc>,
}

impl Review {
    pub(super) fn new(
        id: String,
        campaign: &str,
        group: &str,
        user: String,
        reviewer: String,
        created: DateTime<Utc>,
    ) -> Self {
        let (campaign, group) = (campaign.to_owned(), group.to_owned());
        let (decision, decided, remediation, note) = ("UNREVIEWED", None, "NONE", None);
        Self { id, campaign, group, user, reviewer, decision, decided, remediation, note, created }
    }

    pub(super) fn is_open_in(&self, campaign: &str) -> bool {
        self.campaign == campaign && self.decision == "UNREVIEWED"
    }

    pub(super) fn state(&self) -> Value {
        json!({
            "id": self.id, "campaignId": self.campaign, "resourceId": self.group, "principalId": self.user,
            "reviewerId": self.reviewer, "decision": self.decision, "remediationStatus": self.remediation,
            "reviewerType": "USER", "created": time(self.created), "lastUpdated": time(self.decided.unwrap_or(self.created)),
            "note": self.note,
        })
    }

    fn shown(&self, org: &Org) -> Value {
        let mut shown = self.state();
        shown["_links"] = list::links([
            ("self", format!("v1/reviews/{}", self.id)),
            ("reassignReview", format!("v1/campaigns/{}/reviews/reassign", self.campaign)),
        ]);
        shown["createdBy"] = org.token_owner.as_str().into();
        shown["lastUpdatedBy"] = self.reviewer.as_str().into();
        shown["decided"] = self.decided.map(time).into();
        for (name, id) in [("principalProfile", &self.user), ("reviewerProfile", &self.reviewer)] {
            shown[name] = person(org.users.find(id), id);
        }
        shown["note"] = self.note.as_ref().map(|note| json!({ "note": note })).into();
        if let Some(members) = shown.as_object_mut() {
            members.retain(|name, _| name != "principalId" && name != "reviewerId");
        }
        shown
    }
}

pub(super) fn change(org: &mut Org, id: &str, change: impl Fn(&mut Review)) {
    org.governance.reviews.iter_mut().filter(|review| review.id == id).for_each(change);
}

/// What a reviewer decides.
pub(super) fn decide(org: &mut Org, id: &str, decision: &str, at: DateTime<Utc>) -> Result<(), EditError> {
    let found = org.governance.reviews.iter().find(|review| review.id == id).cloned();
    let review = found.ok_or_else(|| EditError(format!("no review {id}")))?;
    let decision = match decision {
        "APPROVE" => "APPROVE",
        "REVOKE" => "REVOKE",
        other => return Err(EditError(format!("no decision {other}"))),
    };
    let campaign = campaigns::find(org, &review.campaign).filter(|campaign| campaign.status == "ACTIVE");
    let campaign = campaign.ok_or_else(|| EditError("its campaign is not active".to_owned()))?;
    let gone = decision == "REVOKE" && campaign.takes_away("accessRevoked");
    if gone {
        set_member(org, &review.group, &review.user, false, at);
    }
    change(org, id, |review| {
        (review.decision, review.decided) = (decision, Some(at));
        review.remediation = if gone { "SUCCESS" } else { "NONE" };
    });
    Ok(())
}

/// `GET /v1/reviews`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "after", "limit"])?;
    let rows = org.governance.reviews.iter().map(|review| Row {
        id: review.id.clone(),
        terms: review.state(),
        shown: review.shown(org),
    });
    list::page(
        ask,
        rows,
        &["campaignId", "principalId", "reviewerId", "decision", "resourceId", "reviewerType"],
    )
}

fn named(org: &Org, id: &str) -> Result<Review, Answer> {
    let found = org.governance.reviews.iter().find(|review| review.id == id);
    found.cloned().ok_or_else(|| error::not_found(id, "Review"))
}

/// `GET /v1/reviews/{id}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &named(org, id)?.shown(org)))
}

/// `POST /v1/campaigns/{id}/reviews/reassign`: all of them, or none.
pub(super) fn reassign(org: &mut Org, ask: &Ask, campaign: &str) -> Reply {
    ask.only_parameters(&[])?;
    let body = Value::Object(object(ask)?);
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let to = users::named(org, text("reviewerId"))?;
    if text("note").is_empty() {
        return Err(error::validation("note", &["note: The field cannot be left blank".to_owned()]));
    }
    let ids: Vec<&str> =
        body["reviewIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let active = campaigns::find(org, campaign).is_some_and(|campaign| campaign.status == "ACTIVE");
    for id in &ids {
        let review = named(org, id)?;
        if !active || !review.is_open_in(campaign) {
            return Err(error::validation("reviewIds", &[format!("{id} cannot be reassigned")]));
        }
        if review.reviewer == to.id {
            let summary = "Api validation failed due to conflict: Review";
            let cause = format!("{id} is assigned to the reviewer already");
            return Err(error::error(409, "E0000195", summary, &[cause]));
        }
    }
    let mut data = Vec::new();
    for id in ids {
        change(org, id, |review| {
            (review.reviewer, review.note) = (to.id.clone(), Some(text("note").to_owned()));
        });
        data.push(named(org, id)?.shown(org));
    }
    let links = list::links([
        ("self", format!("v1/campaigns/{campaign}/reviews/reassign")),
        ("reviews", format!("v1/reviews?filter=campaignId%20eq%20%22{campaign}%22")),
    ]);
    Ok(Answer::json(200, &json!({ "data": data, "_links": links })))
}
