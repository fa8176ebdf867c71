//! What the approvals of an item come to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use servicenow_client::tables::{
    Approval as Answer, SysAttachment, SysUser, SysUserDelegate, SysapprovalApprover,
};
use servicenow_client::{Field, Query, RawRecord, Ref, SysId};

use super::approvers::{permitted, user_named};
use super::asked::{self, Asked, Glance};
use super::{APPROVED_BY, Approval, ROWS, SNAPSHOT};
use crate::action::servicenow::{ATTACHMENT, plan_file};
use crate::action::{ActionError, Context, Findings};
use crate::canonical;
use crate::operation::OperationError;

/// What the approvals come to.
pub(super) enum Verdict {
    Approved(Box<Snapshot>),
    Pending,
    Declined(String),
    /// It says that it is approved, and that does not count.
    Void(String),
}

/// What was approved, and by whom: as much of it as must not change before it is acted on.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    approval: Approval,
    counted: Vec<Counted>,
    plan: Option<String>,
    #[serde(skip)]
    by: Vec<String>,
}

/// An approval that counts.
#[derive(Debug, Serialize)]
struct Counted {
    row: SysId,
    approver: SysId,
    answered_by: String,
    at: DateTime<Utc>,
    changes: Option<i64>,
}

impl Snapshot {
    pub(super) fn hash(&self) -> String {
        canonical::digest(self)
    }

    pub(super) fn findings(&self) -> Findings {
        let rows: Vec<&str> = self.counted.iter().map(|counted| counted.row.as_str()).collect();
        Findings::from([
            (SNAPSHOT.to_owned(), self.hash()),
            (ROWS.to_owned(), rows.join(",")),
            (APPROVED_BY.to_owned(), self.by.join(", ")),
        ])
    }

    /// The rows that a finding names.
    pub(super) fn rows_in(finding: &str) -> Result<Vec<SysId>, ActionError> {
        let rows = finding.split(',').filter(|row| !row.is_empty());
        let parsed: Result<Vec<SysId>, _> = rows.map(str::parse).collect();
        parsed.map_err(|error| ActionError::permanent(format!("the gate found no approvals: {error}")))
    }
}

/// Looks into an item that says that it is approved.
pub(super) async fn reach(approval: &Approval, context: &Context<'_>) -> Result<Verdict, ActionError> {
    let asked = asked::read(&context.systems.servicenow, &approval.item).await?;
    match asked::glance(&asked.item, &asked.rows) {
        Glance::Open => return Ok(Verdict::Pending),
        Glance::Over(why) => return Ok(Verdict::Declined(why)),
        Glance::Approved => {}
    }
    if let Some(flaw) = other_than_planned(approval, &asked) {
        return Ok(Verdict::Void(flaw));
    }
    let answers = Answers::read(approval, context).await?;
    if let Some(flaw) = answers.differ_from(approval) {
        return Ok(Verdict::Void(flaw));
    }
    let plan = attached_plan(approval, context).await?;
    let judge = Judge::new(approval, context, &answers, plan.as_ref()).await?;
    let mut panel = Panel::default();
    for row in asked.rows.iter().filter(|row| row.state.get() == Some(&Answer::Approved)) {
        panel.add(row, judge.hear(row).await?)?;
    }
    Ok(panel.verdict(approval, plan.as_ref()))
}

/// The snapshot as it would be taken now, of the same approvals; or why there is none.
pub(super) async fn take_again(
    approval: &Approval,
    counted: &[SysId],
    context: &Context<'_>,
) -> Result<Result<Snapshot, String>, ActionError> {
    let asked = asked::read(&context.systems.servicenow, &approval.item).await?;
    match asked::glance(&asked.item, &asked.rows) {
        Glance::Approved => {}
        Glance::Open => return Ok(Err(format!("{} is not approved any more", approval.number))),
        Glance::Over(why) => return Ok(Err(why)),
    }
    if let Some(flaw) = other_than_planned(approval, &asked) {
        return Ok(Err(flaw));
    }
    if let Some(flaw) = Answers::read(approval, context).await?.differ_from(approval) {
        return Ok(Err(flaw));
    }
    let rows = asked.rows.iter().filter(|row| counted.contains(&row.sys_id));
    let counted: Result<Vec<Counted>, ActionError> =
        rows.filter(|row| row.state.get() == Some(&Answer::Approved)).map(Counted::of).collect();
    let plan = attached_plan(approval, context).await?;
    Ok(Ok(Snapshot::new(approval, counted?, plan.as_ref(), Vec::new())))
}

impl Snapshot {
    fn new(
        approval: &Approval,
        mut counted: Vec<Counted>,
        plan: Option<&SysAttachment>,
        by: Vec<String>,
    ) -> Self {
        counted.sort_by(|one, other| one.row.cmp(&other.row));
        let plan = plan.map(|file| file.sys_id.to_string());
        Self { approval: approval.clone(), counted, plan, by }
    }
}

/// Who gets it and who asked are what the plan was made of.
fn other_than_planned(approval: &Approval, asked: &Asked) -> Option<String> {
    let is =
        |field: &Field<Ref<SysUser>>, planned: &SysId| field.get().is_some_and(|user| user.id() == planned);
    let number = &approval.number;
    if !is(&asked.item.requested_for, &approval.requested_for) {
        return Some(format!("{number} is for somebody else now"));
    }
    (!is(&asked.item.opened_by, &approval.opened_by)).then(|| format!("{number} shows another requester now"))
}

/// What the form says, and when that was changed last.
struct Answers {
    values: BTreeMap<String, String>,
    /// When the last of them was given.
    given: Option<DateTime<Utc>>,
    /// When one was changed last, if any was.
    edited: Option<DateTime<Utc>>,
}

impl Answers {
    async fn read(approval: &Approval, context: &Context<'_>) -> Result<Self, ActionError> {
        const CREATED: &str = "sc_item_option.sys_created_on";
        const UPDATED: &str = "sc_item_option.sys_updated_on";
        const CHANGES: &str = "sc_item_option.sys_mod_count";
        let servicenow = &context.systems.servicenow;
        let variables = servicenow.request_item_variables(&approval.item).await?;
        let value = |name: &String| {
            let value = variables.value(name).unwrap_or_default().trim().to_owned();
            (name.clone(), value)
        };
        let mut answers =
            Self { values: approval.answers.keys().map(value).collect(), given: None, edited: None };
        let times = servicenow.records("sc_item_option_mtom")?;
        let times = times.select(["request_item", CREATED, UPDATED, CHANGES]);
        let rows = times.list(Query::new().eq("request_item", &approval.item)).collect_all().await?;
        let time =
            |row: &RawRecord, field: &str| row.field::<DateTime<Utc>>(field).and_then(Field::into_option);
        for row in &rows.rows {
            let (Some(created), Some(updated)) = (time(row, CREATED), time(row, UPDATED)) else {
                return Err(hidden_times(approval));
            };
            answers.given = answers.given.max(Some(created));
            if row.field::<i64>(CHANGES).and_then(Field::into_option) != Some(0) {
                answers.edited = answers.edited.max(Some(updated));
            }
        }
        if rows.complete { Ok(answers) } else { Err(hidden_times(approval)) }
    }

    /// Whether somebody who approved then did not see these. Times are whole seconds.
    fn are_newer_than(&self, approved: DateTime<Utc>) -> bool {
        self.given.is_some_and(|given| approved < given)
            || self.edited.is_some_and(|edited| approved <= edited)
    }

    fn differ_from(&self, approval: &Approval) -> Option<String> {
        let is = |name: &String| self.values.get(name).map_or("", String::as_str);
        let other = approval.answers.iter().find(|(name, was)| is(name) != was.as_str());
        other.map(|(name, was)| {
            format!("{}: {name} was {was:?} when it was planned, and is {:?} now", approval.number, is(name))
        })
    }
}

fn hidden_times(approval: &Approval) -> ActionError {
    ActionError::permanent(format!(
        "when the answers of {} were changed last cannot be told: may the API user read sc_item_option?",
        approval.number
    ))
}

/// The file that the plan was attached as, where what is approved is the plan.
async fn attached_plan(
    approval: &Approval,
    context: &Context<'_>,
) -> Result<Option<SysAttachment>, ActionError> {
    let Some(step) = &approval.plan_attached_by else { return Ok(None) };
    let attached = context.finding(step, ATTACHMENT)?;
    let attachments = context.systems.servicenow.attachments();
    let table = approval.ticket().table.name();
    let found = attachments.find_same(table, &approval.item, &plan_file(context.plan)).await?;
    match found.filter(|file| file.sys_id.as_str() == attached) {
        Some(file) => Ok(Some(file)),
        None => Err(ActionError::permanent(format!(
            "the plan that was attached to {} is not there any more, or is another",
            approval.number
        ))),
    }
}

/// Tells which approvals count.
struct Judge<'a> {
    approval: &'a Approval,
    context: &'a Context<'a>,
    permitted: BTreeSet<SysId>,
    ourselves: SysUser,
    answers: &'a Answers,
    plan: Option<&'a SysAttachment>,
}

/// Whose approval it is.
struct Voice {
    approver: SysId,
    /// Who answered: the approver, or who stands in for them.
    answered: SysId,
    /// For people.
    name: String,
}

impl<'a> Judge<'a> {
    async fn new(
        approval: &'a Approval,
        context: &'a Context<'a>,
        answers: &'a Answers,
        plan: Option<&'a SysAttachment>,
    ) -> Result<Self, ActionError> {
        let systems = context.systems;
        let ourselves = systems.servicenow.who_am_i().await?.ok_or_else(|| {
            ActionError::permanent(
                "which user the API user is cannot be told, so an approval of its own could not be told either: may it read its sys_user?",
            )
        })?;
        let permitted =
            permitted(systems, &approval.approvers, &approval.entitlement, &approval.requested_for).await;
        let permitted = permitted.map_err(unreadable)?;
        Ok(Self { approval, context, permitted, ourselves, answers, plan })
    }

    /// Whose approval a row is, or why it does not count.
    async fn hear(&self, row: &SysapprovalApprover) -> Result<Result<Voice, String>, ActionError> {
        let Counted { approver, answered_by, at, .. } = Counted::of(row)?;
        let users = self.context.systems.servicenow.table::<SysUser>();
        let Some(user) = users.find(&approver).await? else {
            return Ok(Err(format!("approver {approver} may not be seen by the API user")));
        };
        let name = user.user_name.as_str().unwrap_or(approver.as_str()).to_owned();
        let answered = if name == answered_by {
            approver.clone()
        } else {
            match self.stand_in(&approver, &answered_by, at).await? {
                Some(delegate) => delegate,
                None => {
                    return Ok(Err(format!(
                        "{answered_by} answered for {name}, and does not stand in for them"
                    )));
                }
            }
        };
        if let Some(why) = [&approver, &answered].into_iter().find_map(|person| self.must_not(person)) {
            return Ok(Err(format!("{answered_by} {why}")));
        }
        if !self.permitted.contains(&approver) && !self.left_since(&user, at) {
            return Ok(Err(format!("{name} is none of those who may approve it: {}", self.approval.by())));
        }
        if self.answers.are_newer_than(at) {
            return Ok(Err(format!("{name} approved before the answers were changed")));
        }
        if self.plan.is_some_and(|plan| plan.sys_created_on.get().is_none_or(|attached| at < *attached)) {
            return Ok(Err(format!("{name} approved before the plan was attached")));
        }
        let name = if answered == approver { name } else { format!("{answered_by} for {name}") };
        Ok(Ok(Voice { approver, answered, name }))
    }

    /// Why somebody's approval cannot count here.
    fn must_not(&self, person: &SysId) -> Option<&'static str> {
        match person {
            person if *person == self.approval.requested_for => Some("is who gets it"),
            person if *person == self.approval.opened_by => Some("is who asked for it"),
            person if *person == self.ourselves.sys_id => Some("is our own user"),
            _ => None,
        }
    }

    /// Who might approve when it was planned, and has left after answering.
    fn left_since(&self, user: &SysUser, at: DateTime<Utc>) -> bool {
        let changed = user.sys_updated_on.get();
        self.approval.permitted.contains(&user.sys_id)
            && user.active.get() == Some(&false)
            && changed.is_some_and(|changed| *changed >= at)
    }

    /// The user of this name, if they stood in for the approver then.
    async fn stand_in(
        &self,
        approver: &SysId,
        user_name: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<SysId>, ActionError> {
        let systems = self.context.systems;
        let Some(delegate) = user_named(systems, user_name).await? else { return Ok(None) };
        let query = Query::new().eq("user", approver).eq("delegate", &delegate.sys_id).eq("approvals", true);
        let rows = systems.servicenow.table::<SysUserDelegate>().list(query).collect_all().await?.rows;
        let at_work = |row: &SysUserDelegate| {
            let begun = row.starts.get().is_some_and(|starts| *starts <= at);
            begun && (row.ends.is_empty() || row.ends.get().is_some_and(|ends| at <= *ends))
        };
        Ok(rows.iter().any(at_work).then_some(delegate.sys_id))
    }
}

/// Why those who may approve cannot be told.
fn unreadable(error: OperationError) -> ActionError {
    match error {
        OperationError::Okta(error) => error.into(),
        OperationError::ServiceNow(error) => error.into(),
        other => ActionError::permanent(other.to_string()),
    }
}

impl Counted {
    fn of(row: &SysapprovalApprover) -> Result<Self, ActionError> {
        let hidden = || {
            ActionError::permanent(format!("approval {} does not show who answered, and when", row.sys_id))
        };
        Ok(Self {
            row: row.sys_id.clone(),
            approver: row.approver.get().ok_or_else(hidden)?.id().clone(),
            answered_by: row.sys_updated_by.as_str().ok_or_else(hidden)?.to_owned(),
            at: *row.sys_updated_on.get().ok_or_else(hidden)?,
            changes: row.sys_mod_count.get().copied(),
        })
    }
}

/// Those whose approvals count, and why others do not.
#[derive(Default)]
struct Panel {
    counted: Vec<Counted>,
    voices: Vec<Voice>,
    not_counted: Vec<String>,
}

impl Panel {
    fn add(&mut self, row: &SysapprovalApprover, heard: Result<Voice, String>) -> Result<(), ActionError> {
        match heard {
            Ok(voice) => {
                self.voices.push(voice);
                self.counted.push(Counted::of(row)?);
            }
            Err(why) => self.not_counted.push(why),
        }
        Ok(())
    }

    /// How many people approved: one who stands in for two is one, and so is one for whom two stand in.
    fn people(&self) -> usize {
        let approvers: BTreeSet<&SysId> = self.voices.iter().map(|voice| &voice.approver).collect();
        let answered: BTreeSet<&SysId> = self.voices.iter().map(|voice| &voice.answered).collect();
        approvers.len().min(answered.len())
    }

    fn verdict(self, approval: &Approval, plan: Option<&SysAttachment>) -> Verdict {
        let needed = usize::try_from(approval.needed).unwrap_or(usize::MAX);
        let people = self.people();
        if people >= needed {
            let by = self.voices.into_iter().map(|voice| voice.name).collect();
            return Verdict::Approved(Box::new(Snapshot::new(approval, self.counted, plan, by)));
        }
        let number = &approval.number;
        let why = if self.not_counted.is_empty() {
            "nobody else was asked".to_owned()
        } else {
            self.not_counted.join("; ")
        };
        Verdict::Void(format!(
            "{number} says that it is approved, and {people} of {needed} approvals count: {why}"
        ))
    }
}
