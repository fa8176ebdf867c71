//! What can be wrong with an instance, or with the API user, before anything is done with them.

use std::fmt;
use std::future::IntoFuture;

use futures::TryStreamExt as _;
use futures::future::BoxFuture;

use crate::client::ServiceNowClient;
use crate::problem::Result;
use crate::properties::Release;
use crate::query::Query;
use crate::schema::{Probe, probe};
use crate::tables::SysUser;
use crate::value::Field;

/// Time zones in which a date-time means what it means in UTC.
const UTC: [&str; 5] = ["GMT", "UTC", "Etc/UTC", "Etc/GMT", "Zulu"];

impl ServiceNowClient {
    /// Looks for what would make calls fail or, worse, look empty: for the start of a program. Nothing is written, and
    /// whether something may be written is not told: ServiceNow has no way to ask.
    ///
    /// ```
    /// # async fn run(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
    /// let checkup = servicenow
    ///     .check()
    ///     .reads("sc_task", ["number", "state", "request_item"])
    ///     .reads("sys_user", ["user_name", "email", "active"])
    ///     .await?;
    /// for finding in &checkup.findings {
    ///     eprintln!("servicenow: {finding}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn check(&self) -> Check {
        Check { client: self.clone(), needs: Vec::new() }
    }

    /// The API user's own record. `GET /api/now/table/sys_user` with the filter value
    /// `javascript:gs.getUserID()`, the one script that ServiceNow's own documentation filters by.
    ///
    /// None if the instance does not run it, or does not show the record: look it up by `user_name` then.
    ///
    /// # Errors
    ///
    /// What the call met, but not that it was refused.
    pub async fn who_am_i(&self) -> Result<Option<SysUser>> {
        let me = Query::new().is_current_user("sys_id");
        let mut users = self.table::<SysUser>().list(me);
        let (first, second) = match users.try_next().await {
            Ok(first) => (first, users.try_next().await?),
            Err(error) if error.is_forbidden() => return Ok(None),
            Err(error) => return Err(error),
        };
        // A filter that was dropped brings everybody.
        let only = second.is_none() && users.counted().is_none_or(|counted| counted == 1);
        Ok(first.filter(|_| only))
    }

    /// Whether at least one inactive user can be seen. Plain API users see active ones only: somebody who left is then
    /// found nowhere, and made a second time.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn sees_inactive_users(&self) -> Result<bool> {
        let mut inactive = self.table::<SysUser>().select(["active"]).list(Query::new().eq("active", false));
        Ok(inactive.try_next().await?.is_some())
    }
}

/// A check that was not made yet: say what a run needs, then await it.
#[derive(Debug, Clone)]
#[must_use = "nothing is checked until it is awaited"]
pub struct Check {
    client: ServiceNowClient,
    needs: Vec<(String, Vec<String>)>,
}

impl Check {
    /// The run reads these fields of this table.
    pub fn reads<F: Into<String>>(
        mut self,
        table: impl Into<String>,
        fields: impl IntoIterator<Item = F>,
    ) -> Self {
        self.needs.push((table.into(), fields.into_iter().map(Into::into).collect()));
        self
    }

    async fn look(self) -> Result<Checkup> {
        let user = self.client.who_am_i().await?;
        let release = self.client.release().await?;
        let mut findings = user.as_ref().map_or_else(|| vec![Finding::UnknownUser], of_user);
        match self.client.sees_inactive_users().await {
            Ok(true) => {}
            Ok(false) => findings.push(Finding::NoInactiveUsers),
            Err(error) if error.is_forbidden() => {
                findings.push(Finding::NotReadable { table: "sys_user".into() });
            }
            Err(error) => return Err(error),
        }
        for (table, fields) in self.needs {
            findings.extend(of_table(&self.client, table, fields).await?);
        }
        Ok(Checkup { user, release, findings })
    }
}

impl IntoFuture for Check {
    type Output = Result<Checkup>;
    type IntoFuture = BoxFuture<'static, Result<Checkup>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.look())
    }
}

fn of_user(user: &SysUser) -> Vec<Finding> {
    let mut findings = Vec::new();
    let zone = user.time_zone.as_str();
    if !zone.is_some_and(|zone| UTC.contains(&zone)) {
        findings.push(Finding::TimeZone(zone.map(str::to_owned)));
    }
    if let Some(language) = user.preferred_language.as_str().filter(|language| *language != "en") {
        findings.push(Finding::Language(language.to_owned()));
    }
    if user.web_service_access_only == Field::Set(false) {
        findings.push(Finding::Interactive);
    }
    findings
}

async fn of_table(client: &ServiceNowClient, table: String, fields: Vec<String>) -> Result<Option<Finding>> {
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    Ok(match probe(client, &table, &names).await? {
        Probe::NoTable => Some(Finding::NoTable { table }),
        Probe::Denied => Some(Finding::NotReadable { table }),
        Probe::NoRow => Some(Finding::NothingToSee { table }),
        Probe::Fields(came) => {
            let missing: Vec<String> = fields.into_iter().filter(|field| !came.contains(field)).collect();
            (!missing.is_empty()).then_some(Finding::NoFields { table, fields: missing })
        }
    })
}

/// What a [check](ServiceNowClient::check) found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checkup {
    /// Who the API user is, if that may be known.
    pub user: Option<SysUser>,
    /// What the instance runs, if that may be known.
    pub release: Option<Release>,
    /// What somebody should mend, or know.
    pub findings: Vec<Finding>,
}

/// Something that an administrator should mend, or that a program should know. Its `Display` says what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Who the API user is could not be told, so its record was not looked at.
    UnknownUser,
    /// The API user's time zone, if it has one of its own, is not GMT.
    TimeZone(Option<String>),
    /// The API user's language is not English.
    Language(String),
    /// The API user may sign in by hand.
    Interactive,
    /// No inactive user shows.
    NoInactiveUsers,
    /// There is no such table, or none that REST may see.
    NoTable {
        /// The table.
        table: String,
    },
    /// The table may not be read.
    NotReadable {
        /// The table.
        table: String,
    },
    /// No row of the table shows, so nothing can be said about its fields.
    NothingToSee {
        /// The table.
        table: String,
    },
    /// Fields that do not come with the table's rows.
    NoFields {
        /// The table.
        table: String,
        /// The fields.
        fields: Vec<String>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUser => f.write_str(
                "who the API user is could not be told: check by hand that its time zone is GMT and its language en",
            ),
            Self::TimeZone(Some(zone)) => write!(
                f,
                "the API user's time zone is {zone}: instances may read the times in a query in it; set it to GMT"
            ),
            Self::TimeZone(None) => f.write_str(
                "the API user has no time zone of its own: instances may read the times in a query in theirs; set it \
                 to GMT",
            ),
            Self::Language(language) => write!(
                f,
                "the API user's language is {language}: what errors mean is read from their English text; set it to en"
            ),
            Self::Interactive => f.write_str(
                "the API user may sign in by hand: give it web_service_access_only; newer instances refuse other users \
                 basic authentication",
            ),
            Self::NoInactiveUsers => f.write_str(
                "no inactive user shows: either there is none, or a rule hides them from the API user, and whoever \
                 left is found nowhere; let it see them before you create users",
            ),
            Self::NoTable { table } => write!(
                f,
                "there is no table {table}: the plugin that brings it is not installed, or it is not open to web services"
            ),
            Self::NotReadable { table } => {
                write!(f, "the table {table} may not be read: the API user lacks a role")
            }
            Self::NothingToSee { table } => write!(
                f,
                "no row of {table} shows: it is empty, or the API user may read none; its fields could not be checked"
            ),
            Self::NoFields { table, fields } => write!(
                f,
                "{table} comes without {}: no such field, or the API user may not read it",
                fields.join(", ")
            ),
        }
    }
}
