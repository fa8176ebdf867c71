//! What ServiceNow lets us do.

use std::collections::{BTreeMap, BTreeSet};

use servicenow_client::checkup::Finding;
use servicenow_client::tables::{SysUser, SysUserHasRole};
use servicenow_client::{Error, Query, ServiceNowClient};

use super::{Capability, Found, Matrix, Row};

/// Roles with which one may make oneself, or anybody, an administrator.
const MAKES_ADMINS: [&str; 4] = ["admin", "security_admin", "import_scheduler", "scim_admin"];

/// What an API user of the base system may have. Any other role is the instance's own, and may stand for one of these.
const OF_THE_BASE_SYSTEM: [&str; 11] = [
    "approval_admin",
    "approver_user",
    "catalog_admin",
    "email_api_send",
    "import_set_loader",
    "import_transformer",
    "itil",
    "itil_admin",
    "personalize_dictionary",
    "query_no_domain_table_api",
    "user_admin",
];

pub(super) async fn check(
    servicenow: &ServiceNowClient,
    needed: &BTreeSet<String>,
    matrix: &mut Matrix,
) -> Result<(), Error> {
    let tables = needed.iter().flat_map(|role| tables_of(role));
    let checkup =
        tables.fold(servicenow.check(), |check, (table, fields)| check.reads(*table, fields.iter().copied()));
    let checkup = checkup.await?;
    let held = match &checkup.user {
        Some(user) => roles(servicenow, user).await?,
        None => None,
    };
    let name = checkup.user.as_ref().and_then(|user| user.user_name.as_str()).unwrap_or("the API user");
    let mut row = |role: &str, needed, (found, how)| {
        let capability = Capability::ServicenowRole(role.to_owned());
        matrix.rows.push(Row {
            principal: format!("ServiceNow user {name}"),
            capability,
            needed,
            found,
            how,
        });
    };
    for role in needed {
        row(role, true, may(role, held.as_ref(), &checkup.findings));
    }
    for role in MAKES_ADMINS.into_iter().filter(|role| !needed.contains(*role)) {
        row(role, false, must_not(role, held.as_ref()));
    }
    matrix.notes.extend(checkup.findings.iter().map(|finding| format!("ServiceNow: {finding}")));
    Ok(())
}

/// The roles that a user has, and how each was come by. None if that may not be read.
async fn roles(
    servicenow: &ServiceNowClient,
    user: &SysUser,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    match servicenow.role_inheritance(&user.sys_id).await {
        Ok(inheritance) => {
            let held = inheritance.paths().map(|path| (path.role().to_owned(), format!("has it by {path}")));
            return Ok(Some(held.collect()));
        }
        // The plugin is not there, or needs a role.
        Err(error) if error.status().is_some_and(|status| matches!(status.as_u16(), 400 | 403 | 404)) => {}
        Err(error) => return Err(error),
    }
    let rows = servicenow.table::<SysUserHasRole>().list(Query::new().eq("user", user.sys_id.clone()));
    match rows.collect_all().await {
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
        Ok(found) if !found.complete || found.rows.is_empty() => Ok(None),
        Ok(found) => {
            let names = found.rows.iter().filter_map(|row| row.role_name.as_str());
            Ok(Some(names.map(|name| (name.to_owned(), "has it".to_owned())).collect()))
        }
    }
}

fn may(role: &str, held: Option<&BTreeMap<String, String>>, findings: &[Finding]) -> (Found, String) {
    if let Some(how) = held.and_then(|held| held.get(role)) {
        return (Found::Held, how.clone());
    }
    let refused = |finding: &&Finding| match finding {
        Finding::NoTable { table } | Finding::NotReadable { table } => {
            tables_of(role).iter().any(|(name, _)| name == table)
        }
        _ => false,
    };
    if let Some(finding) = findings.iter().find(refused) {
        return (Found::Lacking, finding.to_string());
    }
    let Some(held) = held else {
        return (
            Found::Unproven,
            "its roles may not be read, and whether it may write cannot be asked".to_owned(),
        );
    };
    let of_the_base = |name: &str| {
        OF_THE_BASE_SYSTEM.contains(&name) || name.starts_with("snc_") || name.starts_with("sn_")
    };
    match held.keys().find(|name| !of_the_base(name)) {
        Some(own) => (Found::Unproven, format!("does not have it; {own} may stand for it")),
        None if held.is_empty() => (Found::Lacking, "has no role".to_owned()),
        None => {
            let names: Vec<&str> = held.keys().map(String::as_str).collect();
            (Found::Lacking, format!("has {} and no more", names.join(", ")))
        }
    }
}

fn must_not(role: &str, held: Option<&BTreeMap<String, String>>) -> (Found, String) {
    match held {
        None => (Found::Unproven, "its roles may not be read".to_owned()),
        Some(held) => match held.get(role) {
            Some(how) => (Found::Held, how.clone()),
            None => (Found::Lacking, "does not have it".to_owned()),
        },
    }
}

/// The tables that a role is needed for, and fields without which a row is of no use.
fn tables_of(role: &str) -> &'static [(&'static str, &'static [&'static str])] {
    match role {
        "itil" => &[
            ("sc_req_item", &["number", "state", "approval"]),
            ("sc_task", &["number", "state", "request_item"]),
            ("sysapproval_approver", &["state", "approver"]),
        ],
        "user_admin" => &[("sys_user", &["user_name", "employee_number", "active", "locked_out"])],
        _ => &[],
    }
}
