//! Giving what is one person's to another: work, approvals, reports, groups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, RawRecord, Record as _, SysId};

use super::user_record::{UserRecord, written};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Gives what is one person's to another: everything of one kind, as it is when the step is taken.
///
/// The other person must be active, and not locked out. Of a kind whose rows the API user may not all see nothing
/// is handed over.
#[derive(Debug, Serialize, Deserialize)]
pub struct HandOver {
    /// What is handed over.
    pub what: Belongings,
    /// Whose it is.
    pub from: UserRecord,
    /// Whose it is to be.
    pub to: UserRecord,
}

/// What a person has that somebody else can take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Belongings {
    /// Open tickets of every kind that are assigned to the person (`task.assigned_to`).
    Tasks,
    /// Approvals that wait for the person's answer (`sysapproval_approver.approver`). They are never answered here,
    /// nor given to somebody who would decide on a request of their own.
    Approvals,
    /// Active people whom the person manages (`sys_user.manager`). If the other one is among them, the person's own
    /// manager becomes theirs.
    Reports,
    /// Active groups that the person manages (`sys_user_group.manager`).
    Groups,
}

impl Belongings {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Tasks, Self::Approvals, Self::Reports, Self::Groups];

    /// Where they are: the table, the field that says whose they are, and what makes them matter still.
    fn place(self) -> (&'static str, &'static str, (&'static str, &'static str)) {
        match self {
            Self::Tasks => ("task", "assigned_to", ("active", "true")),
            Self::Approvals => ("sysapproval_approver", "approver", ("state", "requested")),
            Self::Reports => (SysUser::TABLE, "manager", ("active", "true")),
            Self::Groups => ("sys_user_group", "manager", ("active", "true")),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Tasks => "open tasks",
            Self::Approvals => "pending approvals",
            Self::Reports => "reports",
            Self::Groups => "managed groups",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Tasks => "itil",
            Self::Approvals => "approval_admin",
            Self::Reports | Self::Groups => "user_admin",
        }
    }
}

/// One thing to hand over, and to whom.
struct Item {
    table: String,
    sys_id: SysId,
    to: SysId,
}

impl HandOver {
    /// What is the first person's now; none if some of it cannot be seen.
    async fn rows(&self, context: &Context<'_>) -> Result<Option<Vec<RawRecord>>, ActionError> {
        let (table, field, (still, value)) = self.what.place();
        let query = Query::new().eq(field, &self.from.sys_id).eq(still, value);
        let table = context.systems.servicenow.records(table)?;
        let fields = match self.what {
            Belongings::Tasks => vec![field, still, "sys_class_name"],
            Belongings::Approvals => vec![field, still, "sysapproval"],
            Belongings::Reports | Belongings::Groups => vec![field, still],
        };
        let found = table.select(fields).list(query).collect_all().await?;
        Ok(found.complete.then_some(found.rows))
    }

    /// What can be handed over.
    async fn items(&self, context: &Context<'_>, rows: &[RawRecord]) -> Result<Vec<Item>, ActionError> {
        let (table, ..) = self.what.place();
        let mut items = Vec::new();
        for row in rows {
            let item = |table: String, to| Item { table, sys_id: row.sys_id().clone(), to };
            let to = self.to.sys_id.clone();
            items.extend(match self.what {
                // Rules of the ticket's own table are at work only there.
                Belongings::Tasks => {
                    let class = row.text("sys_class_name").filter(|class| !class.is_empty());
                    Some(item(class.as_deref().unwrap_or(table).to_owned(), to))
                }
                Belongings::Approvals if self.is_askers(context, row).await? => None,
                Belongings::Reports if *row.sys_id() == to => {
                    Some(item(table.to_owned(), self.above(context).await?))
                }
                _ => Some(item(table.to_owned(), to)),
            });
        }
        Ok(items)
    }

    /// Whether the second person asked for what is to be approved, or it is for them; or nobody can tell.
    async fn is_askers(&self, context: &Context<'_>, row: &RawRecord) -> Result<bool, ActionError> {
        let Some(Ok(ticket)) = row.text("sysapproval").map(|id| id.parse::<SysId>()) else { return Ok(true) };
        let servicenow = &context.systems.servicenow;
        let task = servicenow.records("task")?.select(["opened_by", "sys_class_name"]).get(&ticket).await?;
        let mut people = vec![task.text("opened_by").map(String::from)];
        if let Some(class @ ("sc_req_item" | "sc_request")) = task.text("sys_class_name").as_deref() {
            let record = servicenow.records(class)?.select(["requested_for"]).get(&ticket).await?;
            people.push(record.text("requested_for").map(String::from));
        }
        Ok(people.iter().any(|who| who.as_deref().is_none_or(|who| who == self.to.sys_id.as_str())))
    }

    /// The first person's manager.
    async fn above(&self, context: &Context<'_>) -> Result<SysId, ActionError> {
        let record = self.from.read(context, ["manager"].into_iter()).await?;
        let manager = record.text("manager").and_then(|manager| manager.parse().ok());
        manager.ok_or_else(|| {
            let (from, to) = (&self.from.user_name, &self.to.user_name);
            ActionError::permanent(format!("{to} reports to {from}, who has no manager to take {to} on"))
        })
    }
}

#[typetag::serde(name = "servicenow.hand_over")]
#[async_trait]
impl Action for HandOver {
    fn describe(&self) -> Change {
        let target = format!("{} of {}", self.what.label(), self.from.user_name);
        Change::new("servicenow", Verb::Change, target).to("given to", &self.to.user_name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&[self.what.role()])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (what, who) = (self.what.label(), &self.from.user_name);
        let Some(rows) = self.rows(context).await? else {
            return Ok(State::Drifted(format!("{who} has {what} that the API user may not see")));
        };
        if rows.is_empty() {
            return Ok(State::reached());
        }
        if self.from.sys_id == self.to.sys_id {
            return Ok(State::Drifted(format!("{who} cannot take on what is theirs: name somebody else")));
        }
        if let Some(why) = self.to.unfit(context).await? {
            return Ok(State::Drifted(why));
        }
        Ok(if self.items(context, &rows).await?.is_empty() {
            let (n, to) = (rows.len(), &self.to.user_name);
            State::Drifted(format!("{n} {what} of {who} are for what {to} asked for: name somebody else"))
        } else {
            State::Open
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (_, field, _) = self.what.place();
        let rows = self.rows(context).await?.unwrap_or_default();
        for Item { table, sys_id, to } in self.items(context, &rows).await? {
            let table = context.systems.servicenow.records(&table)?;
            written(table.update(&sys_id, &BTreeMap::from([(field, to.as_str())])).await)?;
        }
        Ok(())
    }
}
