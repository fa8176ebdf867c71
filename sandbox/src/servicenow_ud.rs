//! Okta's own ServiceNow app: it makes `sys_user` follow Okta's people, some time after each change.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::edit::EditError;
use crate::id::{app_id, group_id};
use crate::okta::{App, Pushes, User};
use crate::sandbox::Sandbox;
use crate::server::World;
use crate::servicenow::Instance;
use crate::servicenow::store::{Record, record};

/// The app's label.
const LABEL: &str = "ServiceNow UD";

/// What is on its way, and what has arrived.
#[derive(Debug)]
pub(crate) struct Provisioning {
    takes: TimeDelta,
    /// What it knows of those whom it provisions, and whether they were assigned.
    known: BTreeMap<u64, (Map<String, Value>, bool)>,
}

impl Sandbox {
    /// Gives the org Okta's ServiceNow app (`servicenow_ud`) for All Employees and Contractors: so long after a change of a
    /// person, their `sys_user` has names, login, mail, title, department, manager, location and cost center as Okta has
    /// them. Who is unassigned becomes inactive and locked out; who is assigned again becomes active, and stays locked.
    pub fn provision_servicenow_from_okta(&self, takes: Duration) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        let world = &mut *self.shared.world();
        let body = json!({"label": LABEL, "name": "servicenow_ud", "signOnMode": "SAML_2_0"});
        let app = App::seeded(app_id(LABEL), body, Pushes::Users, &[], now);
        let app = world.okta.apps.save(app.ok_or_else(|| EditError("the app cannot be made".to_owned()))?);
        for name in ["All Employees", "Contractors"] {
            if let Some(group) = world.okta.groups.find(&group_id(name)) {
                world.okta.apps.seed_group(&app, group.key, now);
            }
        }
        let known = people(world, &app).into_iter();
        let known = known.map(|(user, assigned)| (user.key, (user.profile.clone(), assigned))).collect();
        let takes = TimeDelta::from_std(takes).unwrap_or(TimeDelta::MAX);
        world.provisioning = Some(Provisioning { takes, known });
        Ok(())
    }
}

/// Everybody, with whether they are assigned.
fn people(world: &World, app: &App) -> Vec<(User, bool)> {
    let users = world.okta.users.iter();
    users.map(|user| (user.clone(), world.okta.has_app(app, user))).collect()
}

/// Brings over what has been changed for long enough.
pub(crate) fn catch_up(world: &mut World, now: DateTime<Utc>) {
    let Some(mut provisioning) = world.provisioning.take() else { return };
    let app = world.okta.apps.find(&app_id(LABEL)).cloned();
    for (user, assigned) in app.map(|app| people(world, &app)).unwrap_or_default() {
        let known = provisioning.known.get(&user.key);
        let is = (user.profile.clone(), assigned);
        if known != Some(&is) && user.last_updated + provisioning.takes <= now {
            bring(&mut world.servicenow, &user, known.is_some_and(|(_, was)| *was), assigned, now);
            provisioning.known.insert(user.key, is);
        }
    }
    world.provisioning = Some(provisioning);
}

fn bring(instance: &mut Instance, user: &User, was: bool, is: bool, now: DateTime<Utc>) {
    let author = instance.author(now);
    let row = instance.find_by("sys_user", "employee_number", user.text("employeeNumber"));
    let Some(row) = row.map(|row| row.get("sys_id").to_owned()) else { return };
    let mut fields = match (was, is) {
        (false, false) => return,
        (true, false) => record([("active", "false"), ("locked_out", "true")]),
        (false, true) => record([("active", "true")]),
        (true, true) => Record::new(),
    };
    if is {
        fields.extend(mapped(instance, user));
    }
    let _ = instance.update("sys_user", &row, fields, &author);
}

/// A person's fields.
fn mapped(instance: &Instance, user: &User) -> Record {
    let named = |table: &str, field: &str, value: &str| {
        let row = instance.find_by(table, field, value).filter(|_| !value.is_empty());
        row.map_or_else(String::new, |row| row.get("sys_id").to_owned())
    };
    record([
        ("user_name", user.login()),
        ("email", user.text("email")),
        ("first_name", user.text("firstName")),
        ("last_name", user.text("lastName")),
        ("title", user.text("title")),
        ("department", &named("cmn_department", "name", user.text("department"))),
        ("manager", &named("sys_user", "user_name", user.text("managerId"))),
        ("location", &named("cmn_location", "city", user.text("city"))),
        ("cost_center", &named("cmn_cost_center", "code", &format!("CC-{}", user.text("costCenter")))),
    ])
}
