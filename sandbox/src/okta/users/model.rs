//! The user object.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::holdings::Holdings;
use crate::clock::okta_time;
use crate::id;
use crate::okta::{profile, types};

/// Where a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Staged,
    Provisioned,
    Active,
    Recovery,
    PasswordExpired,
    LockedOut,
    Suspended,
    Deprovisioned,
}

impl Status {
    const ALL: [Self; 8] = [
        Self::Staged,
        Self::Provisioned,
        Self::Active,
        Self::Recovery,
        Self::PasswordExpired,
        Self::LockedOut,
        Self::Suspended,
        Self::Deprovisioned,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Links that one user's answer offers in this status: relation and path below the user.
    fn offers(self) -> &'static [(&'static str, &'static str)] {
        const ACTIVATE: (&str, &str) = ("activate", "lifecycle/activate");
        const DEACTIVATE: (&str, &str) = ("deactivate", "lifecycle/deactivate");
        const RESET: (&str, &str) = ("resetPassword", "lifecycle/reset_password");
        const SUSPEND: (&str, &str) = ("suspend", "lifecycle/suspend");
        match self {
            Self::Staged => &[ACTIVATE],
            Self::Provisioned | Self::Recovery => {
                &[DEACTIVATE, ("reactivate", "lifecycle/reactivate"), RESET, SUSPEND]
            }
            Self::Active | Self::PasswordExpired => &[
                SUSPEND,
                DEACTIVATE,
                RESET,
                ("expirePassword", "lifecycle/expire_password"),
                ("forgotPassword", "credentials/forgot_password"),
                ("changePassword", "credentials/change_password"),
                ("changeRecoveryQuestion", "credentials/change_recovery_question"),
            ],
            Self::LockedOut => &[("unlock", "lifecycle/unlock"), DEACTIVATE, RESET],
            Self::Suspended => &[("unsuspend", "lifecycle/unsuspend"), DEACTIVATE],
            Self::Deprovisioned => &[ACTIVATE, ("delete", "")],
        }
    }
}

/// Where a change that takes time leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    Status(Status),
    Gone,
}

/// A change that takes time: where to, and when it is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Underway {
    pub(crate) goal: Goal,
    pub(crate) done_at: DateTime<Utc>,
}

/// A user as the org keeps it.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) key: u64,
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) underway: Option<Underway>,
    pub(crate) type_id: String,
    pub(crate) realm_id: Option<String>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) activated: Option<DateTime<Utc>>,
    pub(crate) status_changed: Option<DateTime<Utc>>,
    pub(crate) last_updated: DateTime<Utc>,
    pub(crate) password_changed: Option<DateTime<Utc>>,
    pub(crate) profile: Map<String, Value>,
    pub(crate) has_password: bool,
    /// The password, if it was ever said here; of an imported or seeded one nobody knows more than that it is there.
    pub(crate) password: Option<String>,
    pub(crate) question: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) provider: (String, String),
    pub(crate) factors: Vec<Value>,
    pub(crate) holds: Holdings,
    /// Wrong passwords in a row.
    pub(crate) wrong_passwords: u32,
}

impl User {
    pub(crate) fn new(id: String, profile: Map<String, Value>, now: DateTime<Utc>) -> Self {
        Self {
            key: 0,
            id,
            status: Status::Staged,
            underway: None,
            type_id: types::DEFAULT_TYPE.to_owned(),
            realm_id: None,
            created: now,
            activated: None,
            status_changed: None,
            last_updated: now,
            password_changed: None,
            profile,
            has_password: false,
            password: None,
            question: None,
            answer: None,
            provider: ("OKTA".to_owned(), "OKTA".to_owned()),
            factors: Vec::new(),
            holds: Holdings::default(),
            wrong_passwords: 0,
        }
    }

    pub(crate) fn text(&self, attribute: &str) -> &str {
        profile::text(&self.profile, attribute)
    }

    pub(crate) fn login(&self) -> &str {
        self.text("login")
    }

    pub(crate) fn display_name(&self) -> String {
        format!("{} {}", self.text("firstName"), self.text("lastName"))
    }

    pub(in crate::okta) fn is_federated(&self) -> bool {
        matches!(self.provider.0.as_str(), "FEDERATION" | "SOCIAL")
    }

    /// Whether a directory has the password.
    pub(in crate::okta) fn is_of_directory(&self) -> bool {
        matches!(self.provider.0.as_str(), "ACTIVE_DIRECTORY" | "LDAP")
    }

    /// Sets a password that somebody said.
    pub(crate) fn set_password(&mut self, password: &str, now: DateTime<Utc>) {
        self.has_password = true;
        self.password = Some(password.to_owned());
        self.password_changed = Some(now);
    }

    /// Moves to another status.
    pub(crate) fn enter(&mut self, status: Status, now: DateTime<Utc>) {
        if matches!(status, Status::Active | Status::Provisioned) && self.activated.is_none() {
            self.activated = Some(now);
        }
        self.status = status;
        self.status_changed = Some(now);
        self.last_updated = now;
    }

    /// The object without links.
    pub(in crate::okta) fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id,
            "status": self.holds.odd_status.as_deref().unwrap_or(self.status.as_str()),
            "created": okta_time(self.created),
            "activated": self.activated.map(okta_time),
            "statusChanged": self.status_changed.map(okta_time),
            "lastLogin": null,
            "lastUpdated": okta_time(self.last_updated),
            "passwordChanged": self.password_changed.map(okta_time),
            "type": {"id": self.type_id},
            "profile": profile::shown(&self.profile),
            "credentials": self.credentials(),
        });
        if let Some(Underway { goal: Goal::Status(status), .. }) = self.underway {
            body["transitioningToStatus"] = status.as_str().into();
        }
        if let Some(realm) = &self.realm_id {
            body["realmId"] = realm.as_str().into();
        }
        body
    }

    pub(in crate::okta) fn credentials(&self) -> Value {
        let mut emails = vec![json!({"value": self.text("email"), "status": "VERIFIED", "type": "PRIMARY"})];
        if !self.text("secondEmail").is_empty() {
            let second = self.text("secondEmail");
            emails.push(json!({"value": second, "status": "VERIFIED", "type": "SECONDARY"}));
        }
        let provider = json!({"type": self.provider.0, "name": self.provider.1});
        let mut credentials = json!({"emails": emails, "provider": provider});
        if self.has_password {
            credentials["password"] = json!({});
        }
        if let Some(question) = &self.question {
            credentials["recovery_question"] = json!({"question": question});
        }
        credentials
    }

    /// The object as it is answered for one user: its links say what may be done to it now.
    pub(crate) fn with_links(&self, base: &str) -> Value {
        let own = format!("{base}/api/v1/users/{}", self.id);
        let mut links = Map::new();
        links.insert("self".to_owned(), json!({ "href": own }));
        links.insert(
            "schema".to_owned(),
            json!({"href": format!("{base}/api/v1/meta/schemas/user/{}", types::schema_id(&self.type_id))}),
        );
        let own_type = format!("{base}/api/v1/meta/types/user/{}", self.type_id);
        links.insert("type".to_owned(), json!({ "href": own_type }));
        if self.status != Status::Deprovisioned {
            let href = format!("{own}/lifecycle/reset_factors");
            links.insert("resetFactors".to_owned(), json!({"href": href, "method": "POST"}));
        }
        for (relation, path) in self.status.offers() {
            let (href, method) =
                if path.is_empty() { (own.clone(), "DELETE") } else { (format!("{own}/{path}"), "POST") };
            links.insert((*relation).to_owned(), json!({"href": href, "method": method}));
        }
        let mut body = self.body();
        body["_links"] = Value::Object(links);
        body
    }

    /// The weak tag. It depends on the profile and the type only: a change of status keeps it.
    pub(super) fn etag(&self) -> String {
        let profile = Value::Object(self.profile.clone());
        format!("W/\"{}\"", id::sha256_hex(&format!("{}{profile}", self.type_id)))
    }
}

/// A user in a list has only a link to itself.
pub(in crate::okta) fn in_list(mut body: Value, base: &str) -> Value {
    let href = format!("{base}/api/v1/users/{}", body["id"].as_str().unwrap_or_default());
    body["_links"] = json!({"self": {"href": href}});
    body
}
