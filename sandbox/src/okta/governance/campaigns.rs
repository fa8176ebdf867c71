//! Campaigns: scheduled, launched, ended.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::list::{self, Row};
use super::reviews::{self, Review};
use super::{LOOKS_FOR, set_member, time};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, memberships, object};

/// A campaign as Okta keeps it.
#[derive(Debug, Clone)]
pub(super) struct Campaign {
    pub(super) id: String,
    pub(super) status: &'static str,
    settings: Map<String, Value>,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    by: String,
    starts: DateTime<Utc>,
    lasts: TimeDelta,
    launched: Option<DateTime<Utc>>,
    groups: Vec<String>,
    reviewer: String,
}

impl Campaign {
    pub(super) fn shown(&self) -> Value {
        let mut shown = Value::Object(self.settings.clone());
        shown["scheduleSettings"]["endDate"] = time(self.ends()).into();
        self.stamp(shown)
    }

    fn listed(&self) -> Value {
        let shown = json!({
            "name": self.settings.get("name"), "description": self.settings.get("description"),
            "scheduleType": "ONE_OFF", "reviewerType": "USER", "startDate": time(self.starts), "endDate": time(self.ends()),
        });
        self.stamp(shown)
    }

    fn stamp(&self, mut shown: Value) -> Value {
        for (name, value) in self.always() {
            shown[name] = value;
        }
        shown
    }

    fn always(&self) -> [(&'static str, Value); 7] {
        let own = format!("v1/campaigns/{}", self.id);
        let reviews = format!("v1/reviews?filter=campaignId%20eq%20%22{}%22", self.id);
        let (launch, end) = (format!("{own}/launch"), format!("{own}/end"));
        let links = list::links([
            ("self", own),
            ("launchCampaign", launch),
            ("endCampaign", end),
            ("reviews", reviews),
        ]);
        [
            ("_links", links),
            ("id", self.id.as_str().into()),
            ("status", self.status.into()),
            ("created", time(self.created).into()),
            ("createdBy", self.by.as_str().into()),
            ("lastUpdated", time(self.last_updated).into()),
            ("lastUpdatedBy", self.by.as_str().into()),
        ]
    }

    fn ends(&self) -> DateTime<Utc> {
        self.launched.unwrap_or(self.starts) + self.lasts
    }

    /// Whether access goes when `event` happens: `accessRevoked`, `noResponse`.
    pub(super) fn takes_away(&self, event: &str) -> bool {
        self.settings.get("remediationSettings").is_some_and(|settings| settings[event] == "DENY")
    }

    fn enter(&mut self, status: &'static str, at: DateTime<Utc>) {
        (self.status, self.last_updated) = (status, at);
    }
}

pub(super) fn settle(org: &mut Org, now: DateTime<Utc>) {
    for n in 0..org.governance.campaigns.len() {
        let mut campaign = org.governance.campaigns[n].clone();
        if campaign.status == "SCHEDULED" && campaign.starts <= now {
            campaign.launched = Some(campaign.starts);
            campaign.enter("LAUNCHING", campaign.starts);
        }
        let ready = campaign.launched.map(|launched| launched + LOOKS_FOR).filter(|ready| *ready <= now);
        if let ("LAUNCHING", Some(ready)) = (campaign.status, ready) {
            campaign.enter("ACTIVE", ready);
            make_reviews(org, &campaign, ready);
            org.note_job(ready, "certification.campaign.launch", "Campaign launched", Vec::new());
        }
        let ends = campaign.ends();
        if campaign.status == "ACTIVE" && ends <= now {
            finish(org, &mut campaign, true, ends);
            org.note_job(ends, "certification.campaign.close", "Campaign closed", Vec::new());
        }
        org.governance.campaigns[n] = campaign;
    }
}

/// One for each member of each group.
fn make_reviews(org: &mut Org, campaign: &Campaign, at: DateTime<Utc>) {
    for group in &campaign.groups {
        let Some(group) = org.groups.find(group).cloned() else { continue };
        let members: Vec<String> =
            memberships::members(org, &group).map(|member| member.id.clone()).collect();
        for member in members {
            let id = org.ids.okta("icr");
            let review = Review::new(id, &campaign.id, &group.id, member, campaign.reviewer.clone(), at);
            org.governance.reviews.push(review);
        }
    }
}

/// Closes what nobody decided.
fn finish(org: &mut Org, campaign: &mut Campaign, remediate: bool, at: DateTime<Utc>) {
    campaign.enter("COMPLETED", at);
    if !(remediate && campaign.takes_away("noResponse")) {
        return;
    }
    let open: Vec<Review> =
        org.governance.reviews.iter().filter(|review| review.is_open_in(&campaign.id)).cloned().collect();
    for review in open {
        set_member(org, &review.group, &review.user, false, at);
        reviews::change(org, &review.id, |review| review.remediation = "SUCCESS");
    }
}

fn named(org: &Org, id: &str) -> Result<Campaign, Answer> {
    find(org, id).ok_or_else(|| error::not_found(id, "Campaign"))
}

pub(super) fn find(org: &Org, id: &str) -> Option<Campaign> {
    org.governance.campaigns.iter().find(|campaign| campaign.id == id).cloned()
}

fn save(org: &mut Org, campaign: &Campaign) {
    for known in org.governance.campaigns.iter_mut().filter(|known| known.id == campaign.id) {
        *known = campaign.clone();
    }
}

/// `GET /v1/campaigns`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "after", "limit"])?;
    let rows = org.governance.campaigns.iter().map(|campaign| {
        let shown = campaign.listed();
        Row { id: campaign.id.clone(), terms: shown.clone(), shown }
    });
    list::page(ask, rows, &["name", "status", "scheduleType", "startDate", "endDate"])
}

/// `GET /v1/campaigns/{id}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &named(org, id)?.shown()))
}

/// `POST /v1/campaigns`: about groups, once, with one reviewer.
pub(super) fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let settings = object(ask)?;
    let body = Value::Object(settings.clone());
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    for name in ["name", "scheduleSettings", "resourceSettings", "reviewerSettings", "remediationSettings"] {
        if body[name].is_null() {
            return Err(error::validation(name, &[format!("{name}: The field cannot be left blank")]));
        }
    }
    let starts = DateTime::parse_from_rfc3339(text("/scheduleSettings/startDate"));
    let starts = starts.map_err(|_| bad("Campaign template start date is not a date"))?.to_utc();
    if starts <= ask.at {
        return Err(bad("Campaign template start date must be a future date"));
    }
    if text("/scheduleSettings/type") != "ONE_OFF" {
        return Err(ask.not_modelled("a schedule other than ONE_OFF"));
    }
    let days = body.pointer("/scheduleSettings/durationInDays").and_then(Value::as_i64).unwrap_or(0);
    let reviewer = match text("/reviewerSettings/type") {
        "USER" => text("/reviewerSettings/reviewerId").to_owned(),
        other => return Err(ask.not_modelled(&format!("reviewers of the type {other}"))),
    };
    if org.users.find(&reviewer).is_none() {
        return Err(bad(&format!("Reviewer {reviewer} not found")));
    }
    let campaign = Campaign {
        id: org.ids.okta("ici"),
        status: "SCHEDULED",
        groups: groups(org, ask, &body)?,
        settings,
        created: ask.at,
        last_updated: ask.at,
        by: org.token_owner.clone(),
        starts,
        lasts: TimeDelta::days(days.clamp(1, 365)),
        launched: None,
        reviewer,
    };
    let answer = Answer::json(201, &campaign.shown());
    org.governance.campaigns.push(campaign);
    org.note(ask, "certification.campaign.create", "Campaign created", Vec::new());
    Ok(answer)
}

fn groups(org: &Org, ask: &Ask, body: &Value) -> Result<Vec<String>, Answer> {
    let targets = body.pointer("/resourceSettings/targetResources").and_then(Value::as_array);
    let mut groups = Vec::new();
    for target in targets.into_iter().flatten() {
        if target["resourceType"] != "GROUP" {
            return Err(ask.not_modelled("a campaign about anything but groups"));
        }
        let id = target["resourceId"].as_str().unwrap_or_default();
        if org.groups.find(id).is_none() {
            return Err(bad(&format!("Group {id} not found")));
        }
        groups.push(id.to_owned());
    }
    Ok(groups)
}

fn bad(cause: &str) -> Answer {
    error::validation("Campaign", &[cause.to_owned()])
}

fn conflict(cause: &str) -> Answer {
    error::error(409, "E0000195", "Api validation failed due to conflict: Campaign", &[cause.to_owned()])
}

/// `POST /v1/campaigns/{id}/launch`: 202; its reviews come two seconds later.
pub(super) fn launch(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut campaign = named(org, id)?;
    if campaign.status != "SCHEDULED" {
        return Err(conflict("Campaign must be scheduled before it can be started"));
    }
    campaign.launched = Some(ask.at);
    campaign.enter("LAUNCHING", ask.at);
    save(org, &campaign);
    Ok(Answer::empty(202))
}

/// `POST /v1/campaigns/{id}/end`
pub(super) fn end(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut campaign = named(org, id)?;
    let skip = !ask.body.is_empty() && object(ask)?.get("skipRemediation") == Some(&Value::Bool(true));
    if campaign.status != "ACTIVE" {
        return Err(conflict("Campaign must be active before it can be ended"));
    }
    finish(org, &mut campaign, !skip, ask.at);
    save(org, &campaign);
    org.note(ask, "certification.campaign.close", "Campaign closed", Vec::new());
    Ok(Answer::empty(202))
}

/// `DELETE /v1/campaigns/{id}`
pub(super) fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    if named(org, id)?.status != "SCHEDULED" {
        return Err(conflict("Campaign must be scheduled or in error before it can be deleted"));
    }
    org.governance.campaigns.retain(|campaign| campaign.id != id);
    org.note(ask, "certification.campaign.delete", "Campaign deleted", Vec::new());
    Ok(Answer::empty(204))
}
