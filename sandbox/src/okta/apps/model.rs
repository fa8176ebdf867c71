//! Apps as the org keeps them, with who has them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::users::Direct;
use crate::clock::okta_time;
use crate::http::Answer;
use crate::okta::error;

/// What an app instance can be told.
const FIELDS: [&str; 8] =
    ["label", "signOnMode", "name", "settings", "credentials", "visibility", "accessibility", "profile"];

/// Whether an app is told of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushes {
    /// It makes accounts, some time after the assignment.
    Users,
    /// It is not told: it says what is true of people.
    Masters,
    Nothing,
}

#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(super) key: u64,
    pub(super) id: String,
    active: bool,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    pub(super) pushes: Pushes,
    /// Attributes that an assignment may have.
    pub(super) attributes: Vec<&'static str>,
    fields: Map<String, Value>,
}

impl App {
    /// An app that a body describes, checked.
    pub(super) fn wanted(
        id: String,
        body: &Map<String, Value>,
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, Answer> {
        let mut fields: Map<String, Value> = body
            .iter()
            .filter(|(name, _)| FIELDS.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("label").is_empty() {
            return Err(error::validation("label", &["label: The field cannot be left blank".to_owned()]));
        }
        if text("signOnMode").is_empty() {
            return Err(error::validation(
                "signOnMode",
                &["signOnMode: The field cannot be left blank".to_owned()],
            ));
        }
        fields.entry("name").or_insert_with(|| json!(text("signOnMode").to_lowercase()));
        let template =
            json!({"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"}, "signing": {}});
        fields.entry("credentials").or_insert(template);
        fields.entry("settings").or_insert_with(|| json!({}));
        fields.entry("accessibility").or_insert_with(|| json!({"selfService": false}));
        let seen = json!({"autoSubmitToolbar": false, "hide": {"iOS": false, "web": false}, "appLinks": {"login": true}});
        fields.entry("visibility").or_insert(seen);
        let (pushes, attributes) = (Pushes::Nothing, Vec::new());
        Ok(Self { key: 0, id, active, created: now, last_updated: now, pushes, attributes, fields })
    }

    /// An app that was there before the sandbox started.
    pub(crate) fn seeded(
        id: String,
        body: Value,
        pushes: Pushes,
        attributes: &[&'static str],
        at: DateTime<Utc>,
    ) -> Option<Self> {
        let app = Self::wanted(id, body.as_object()?, true, at).ok()?;
        Some(Self { pushes, attributes: attributes.to_vec(), ..app })
    }

    /// What Okta assigns stays.
    pub(super) fn replaced_by(self, new: Self) -> Self {
        let name = self.fields["name"].clone();
        let mut app = Self { fields: new.fields, last_updated: new.last_updated, ..self };
        app.fields.insert("name".to_owned(), name);
        app
    }

    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    pub(super) fn set_active(&mut self, active: bool, now: DateTime<Utc>) {
        (self.active, self.last_updated) = (active, now);
    }

    pub(super) fn is_visible(&self) -> bool {
        self.fields["visibility"].pointer("/hide/web") != Some(&Value::Bool(true))
    }

    pub(super) fn label(&self) -> &str {
        self.fields["label"].as_str().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.fields["name"].as_str().unwrap_or_default()
    }

    pub(super) fn body(&self) -> Value {
        let mut body = Value::Object(self.fields.clone());
        body["id"] = json!(self.id);
        body["status"] = json!(if self.active { "ACTIVE" } else { "INACTIVE" });
        body["created"] = json!(okta_time(self.created));
        body["lastUpdated"] = json!(okta_time(self.last_updated));
        body["features"] = match self.pushes {
            Pushes::Users => json!(["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION"]),
            Pushes::Masters => json!(["IMPORT_NEW_USERS", "IMPORT_PROFILE_UPDATES", "PROFILE_MASTERING"]),
            Pushes::Nothing => json!([]),
        };
        body
    }

    pub(super) fn with_links(&self, base: &str) -> Value {
        let own = format!("{base}/api/v1/apps/{}", self.id);
        let (relation, action) =
            if self.active { ("deactivate", "deactivate") } else { ("activate", "activate") };
        let mut body = self.body();
        body["_links"] = json!({
            "self": {"href": own},
            "users": {"href": format!("{own}/users")},
            "groups": {"href": format!("{own}/groups")},
            relation: {"href": format!("{own}/lifecycle/{action}")},
        });
        body
    }
}

/// The assignment of an app to a group.
#[derive(Debug, Clone)]
pub(super) struct AppGroup {
    pub(super) priority: i64,
    pub(super) profile: Map<String, Value>,
    pub(super) last_updated: DateTime<Utc>,
}

/// All apps, in order of creation, and who has them: groups, and people directly. Whom a group grants an app follows
/// from who is in it.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    rows: BTreeMap<u64, App>,
    by_id: HashMap<String, u64>,
    next: u64,
    pub(super) groups: BTreeMap<(u64, u64), AppGroup>,
    pub(super) direct: BTreeMap<(u64, u64), Direct>,
    /// Those that do not tell what became of people.
    silent: BTreeSet<String>,
}

impl Apps {
    pub(crate) fn silence(&mut self, app: &str) {
        self.silent.insert(app.to_owned());
    }

    /// Whether the app ends accounts, and tells of it.
    pub(super) fn tells_of_ends(&self, app: &App) -> bool {
        app.pushes == Pushes::Users && !self.silent.contains(&app.id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &App> {
        self.rows.values()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&App> {
        self.rows.get(self.by_id.get(id)?)
    }

    pub(super) fn at(&self, key: u64) -> Option<&App> {
        self.rows.get(&key)
    }

    pub(crate) fn save(&mut self, mut app: App) -> App {
        if app.key == 0 {
            self.next += 1;
            app.key = self.next;
        }
        self.by_id.insert(app.id.clone(), app.key);
        self.rows.insert(app.key, app.clone());
        app
    }

    /// A group that had the app before the sandbox started.
    pub(crate) fn seed_group(&mut self, app: &App, group: u64, at: DateTime<Utc>) {
        let assignment = AppGroup { priority: 0, profile: Map::new(), last_updated: at };
        self.groups.insert((app.key, group), assignment);
    }

    pub(super) fn group(&self, app: u64, group: u64) -> Option<&AppGroup> {
        self.groups.get(&(app, group))
    }

    /// The groups that grant an app, by priority.
    pub(super) fn granting(&self, app: u64) -> Vec<(u64, &AppGroup)> {
        let mut all: Vec<_> =
            self.groups.range((app, 0)..=(app, u64::MAX)).map(|((_, group), row)| (*group, row)).collect();
        all.sort_by_key(|(group, row)| (row.priority, *group));
        all
    }

    pub(super) fn remove(&mut self, app: &App) {
        self.rows.remove(&app.key);
        self.by_id.remove(&app.id);
        self.groups.retain(|(of, _), _| *of != app.key);
        self.direct.retain(|(of, _), _| *of != app.key);
    }

    /// Somebody is gone for good.
    pub(in crate::okta) fn forget_user(&mut self, user: u64) {
        self.direct.retain(|(_, of), _| *of != user);
    }

    /// A group is gone.
    pub(in crate::okta) fn forget_group(&mut self, group: u64) {
        self.groups.retain(|(_, of), _| *of != group);
    }
}
