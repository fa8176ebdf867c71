//! The company's apps, and the groups that grant them.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::id::{app_id, group_id};
use crate::okta::{App, Org, Pushes};

pub(super) fn fill(org: &mut Org, founded: DateTime<Utc>) {
    let url = json!({"app": {"requestIntegration": false, "url": "https://handbook.acme.example"}});
    let bookmark =
        json!({"label": "Handbook", "name": "bookmark", "signOnMode": "BOOKMARK", "settings": url});
    let saml = |label: &str, name: &str| json!({"label": label, "name": name, "signOnMode": "SAML_2_0"});
    for (body, pushes, attributes, group) in [
        (bookmark, Pushes::Nothing, &[][..], Some("All Employees")),
        (saml("GitHub", "githubcloud"), Pushes::Nothing, &["role"], Some("GitHub Users")),
        (saml("Jira", "jira"), Pushes::Nothing, &[], Some("Jira Users")),
        (saml("Salesforce", "salesforce"), Pushes::Users, &["role", "profile"], Some("Salesforce Users")),
        (saml("Figma", "figma"), Pushes::Users, &["seat"], None),
    ] {
        let id = app_id(body["label"].as_str().unwrap_or_default());
        let Some(app) = App::seeded(id, body, pushes, attributes, founded) else { continue };
        let app = org.apps.save(app);
        if let Some(group) = group.and_then(|name| org.groups.find(&group_id(name))) {
            org.apps.seed_group(&app, group.key, founded);
        }
    }
}
