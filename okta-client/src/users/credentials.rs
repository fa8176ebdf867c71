//! What a person signs in and recovers with, as Okta answers it.

use std::fmt;

use client_core::open_enum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::new::ProviderKind;
use crate::entity::entity;

/// What a person signs in and recovers with: that there is a password, and never which. Like a profile it is read
/// when somebody first asks.
#[derive(Clone)]
pub struct Credentials(Box<RawValue>);

entity! {
    /// Who checks the password.
    pub struct CredentialProvider shows(kind, name) {
        /// What kind of provider.
        pub kind: ProviderKind = "type",
        /// Which one.
        pub name: Option<String> = opt "name",
    }
}

entity! {
    /// An address that the person can be reached at.
    pub struct CredentialEmail shows(kind, status) {
        /// The address.
        pub value: String = "value",
        /// Whether the person has shown that it is theirs: `VERIFIED`.
        pub status: Option<String> = opt "status",
        /// The first or the second.
        pub kind: Option<EmailKind> = opt "type",
    }
}

open_enum! {
    /// Which of a person's addresses it is.
    pub enum EmailKind {
        /// The attribute `email`.
        Primary = "PRIMARY",
        /// The attribute `secondEmail`.
        Secondary = "SECONDARY",
    }
}

impl Credentials {
    /// Whether there is a password, in Okta or by an import.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.read().get("password").is_some_and(|password| !password.is_null())
    }

    /// Who checks the password.
    #[must_use]
    pub fn provider(&self) -> Option<CredentialProvider> {
        self.part("provider")
    }

    /// What Okta asks when the password is forgotten.
    #[must_use]
    pub fn recovery_question(&self) -> Option<String> {
        Some(self.read().pointer("/recovery_question/question")?.as_str()?.to_owned())
    }

    /// The addresses. Okta's description does not know them; recorded answers always have them.
    #[must_use]
    pub fn emails(&self) -> Vec<CredentialEmail> {
        self.part("emails").unwrap_or_default()
    }

    /// As Okta sent them.
    #[must_use]
    pub fn read(&self) -> Value {
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }

    fn part<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Option<T> {
        let part = self.read().get(name)?.to_string();
        serde_json::from_str(&part).ok()
    }
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(source).map(Self)
    }
}

impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.read() == other.read()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
