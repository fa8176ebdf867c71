//! People who sign in, or try to: for tests to do in their place. What it leaves in the log, and when it locks.

use serde_json::{Value, json};

use super::{Org, Status, User, log};
use crate::clock::okta_time;
use crate::edit::EditError;
use crate::sandbox::Sandbox;

/// So many wrong passwords in a row lock an account.
const LOCKS_AFTER: u32 = 10;

/// How somebody signs in to Okta. By default from the office, with a device that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// From which address.
    pub ip: String,
    /// Where that is.
    pub country: String,
    /// Whether Okta has seen the device with this person before.
    pub known_device: bool,
    /// Whether the password is right.
    pub right_password: bool,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            ip: "192.0.2.10".to_owned(),
            country: "Norway".to_owned(),
            known_device: true,
            right_password: true,
        }
    }
}

impl Sandbox {
    /// Has somebody sign in as an Okta user, named by id or login. The tenth wrong password in a row locks the
    /// account, and only somebody who is `ACTIVE` gets in. Answers whether they did.
    pub fn sign_in_to_okta(&self, user: &str, how: &SignIn) -> Result<bool, EditError> {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let org = &mut world.okta;
        let found = org.users.find(user).cloned();
        let mut user = found.ok_or_else(|| EditError(format!("no user {user}")))?;
        let gets_in = how.right_password && user.status == Status::Active;
        let reason = match user.status {
            _ if gets_in => Value::Null,
            Status::LockedOut => "LOCKED_OUT".into(),
            _ => "INVALID_CREDENTIALS".into(),
        };
        let mut happened = vec![event(&user, how, "user.session.start", gets_in, &reason)];
        user.wrong_passwords = if gets_in { 0 } else { user.wrong_passwords + 1 };
        if user.wrong_passwords == LOCKS_AFTER && user.status == Status::Active {
            user.enter(Status::LockedOut, now);
            happened.push(event(&user, how, "user.account.lock", false, &"LOCKED_OUT".into()));
        }
        org.users.seed(user);
        for event in happened {
            push(org, event, now);
        }
        drop(world);
        self.shared.stirred.notify_one();
        Ok(gets_in)
    }
}

fn push(org: &mut Org, mut event: Value, now: chrono::DateTime<chrono::Utc>) {
    event["uuid"] = org.log.new_uuid().into();
    event["published"] = okta_time(now).into();
    org.log.push(event, now, now);
}

fn event(user: &User, how: &SignIn, kind: &str, gets_in: bool, reason: &Value) -> Value {
    let person = log::user_target(user);
    let device = if how.known_device { "NEGATIVE" } else { "POSITIVE" };
    let targets = if kind == "user.session.start" { json!([]) } else { json!([person]) };
    json!({
        "eventType": kind, "version": "0", "severity": "INFO", "displayMessage": kind, "actor": person,
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Windows 11", "browser": "CHROME"},
            "zone": "null", "device": "Computer", "id": null, "ipAddress": how.ip,
            "geographicalContext": {"city": null, "state": null, "country": how.country, "postalCode": null},
        },
        "outcome": {"result": if gets_in { "SUCCESS" } else { "FAILURE" }, "reason": reason},
        "target": targets,
        "transaction": {"type": "WEB", "id": null, "detail": {}},
        "debugContext": {"debugData": {"behaviors": format!("{{New Device={device}, New IP=NEGATIVE}}")}},
        "securityContext": {"isProxy": false},
    })
}
