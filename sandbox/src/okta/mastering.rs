//! People of whom HR says what is true: attributes that the API cannot write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::users::User;
use super::{App, Org, Pushes, error};
use crate::edit::EditError;
use crate::http::Answer;
use crate::id::app_id;
use crate::sandbox::Sandbox;

/// The app that masters.
const SOURCE: &str = "Workday";

/// Which attributes of whom are not written here, by the user's key.
pub(crate) type Mastered = BTreeMap<u64, BTreeSet<String>>;

impl Sandbox {
    /// Has HR master these attributes of an Okta user, named by id or login: changes of them are refused (E0000077), and come
    /// by [`import_okta_profile`](Self::import_okta_profile). The user is assigned the app that masters, `Workday`, which
    /// has the feature PROFILE_MASTERING.
    pub fn master_okta_user(&self, user: &str, attributes: &[&str]) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        let org = &mut self.shared.world().okta;
        let user = org.users.find(user).cloned().ok_or_else(|| EditError(format!("no user {user}")))?;
        let body = json!({"label": SOURCE, "name": "workday", "signOnMode": "SAML_2_0"});
        let app = org.apps.find(&app_id(SOURCE)).cloned();
        let app = app.or_else(|| App::seeded(app_id(SOURCE), body, Pushes::Masters, &[], now));
        let app = app.ok_or_else(|| EditError("the app cannot be made".to_owned()))?;
        let app = org.apps.save(app);
        org.apps.seed_user(&app, user.key, now);
        org.mastered.insert(user.key, attributes.iter().map(|&name| name.to_owned()).collect());
        Ok(())
    }
}

/// Refuses a change of what HR masters.
pub(super) fn check(org: &Org, before: &User, after: &User) -> Result<(), Answer> {
    let mut mastered = org.mastered.get(&before.key).into_iter().flatten();
    let changed = |name: &&String| before.profile.get(*name) != after.profile.get(*name);
    match mastered.find(changed) {
        None => Ok(()),
        Some(name) => {
            let summary = "Cannot modify this attribute because its value is mastered by an external source.";
            Err(error::error(403, "E0000077", summary, &[format!("{name}: mastered by {SOURCE}")]))
        }
    }
}
