//! The schema object.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::entity::{Extra, entity};

entity! {
    /// Which attributes the profile of a user may have.
    pub struct UserSchema shows(name, title) {
        /// Its address.
        pub id: Option<String> = opt "id",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// What people see.
        pub title: Option<String> = opt "title",
        /// The attributes.
        pub definitions: SchemaDefinitions = "definitions",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

entity! {
    /// The attributes, in two parts.
    pub struct SchemaDefinitions shows(base, custom) {
        /// Okta's own.
        pub base: Option<SchemaPart> = opt "base",
        /// The org's.
        pub custom: Option<SchemaPart> = opt "custom",
    }
}

entity! {
    /// One part of the attributes.
    pub struct SchemaPart shows(required) {
        /// The attributes, by name.
        pub properties: BTreeMap<String, SchemaAttribute> = or_default "properties",
        /// Those that every user must have.
        pub required: Vec<String> = or_default "required",
    }
}

entity! {
    /// What an attribute may hold.
    pub struct SchemaAttribute shows(title, kind, required) {
        /// What people see.
        pub title: Option<String> = opt "title",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// What type its values have.
        pub kind: Option<AttributeKind> = opt "type",
        /// What is in an array.
        pub items: Option<AttributeItems> = opt "items",
        /// Whether every user must have it.
        pub required: Option<bool> = opt "required",
        /// Whether no two users may have the same.
        pub unique: Option<Uniqueness> = opt "unique",
        /// Who may write it.
        pub mutability: Option<AttributeMutability> = opt "mutability",
        /// Whose it is: `NONE`, or `SELF` for one that only the person assigns.
        pub scope: Option<String> = opt "scope",
        /// The fewest characters.
        pub min_length: Option<u32> = opt "minLength",
        /// The most characters.
        pub max_length: Option<u32> = opt "maxLength",
        /// The values it may have, if not any.
        pub values: Option<Vec<Value>> = opt "enum",
        /// The same values with their titles: `{"const": …, "title": …}`.
        pub titled_values: Option<Vec<Value>> = opt "oneOf",
        /// A regular expression that text must fit.
        pub pattern: Option<String> = opt "pattern",
        /// What text means.
        pub format: Option<AttributeFormat> = opt "format",
        /// What the person may do with it.
        pub permissions: Option<Vec<AttributePermission>> = opt "permissions",
        /// Where its values come from.
        pub master: Option<AttributeMaster> = opt "master",
        /// What an app calls it.
        pub external_name: Option<String> = opt "externalName",
    }
}

impl SchemaAttribute {
    /// An attribute to be made. Its other fields can be set.
    #[must_use]
    pub fn new(kind: AttributeKind, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), kind: Some(kind), ..Self::empty() }
    }

    /// A list of such values.
    #[must_use]
    pub fn list_of(kind: AttributeKind, title: impl Into<String>) -> Self {
        let items = AttributeItems { kind: Some(kind), values: None, extra: Extra::default() };
        Self { items: Some(items), ..Self::new(AttributeKind::Array, title) }
    }

    fn empty() -> Self {
        Self {
            title: None,
            description: None,
            kind: None,
            items: None,
            required: None,
            unique: None,
            mutability: None,
            scope: None,
            min_length: None,
            max_length: None,
            values: None,
            titled_values: None,
            pattern: None,
            format: None,
            permissions: None,
            master: None,
            external_name: None,
            extra: Extra::default(),
        }
    }
}

open_enum! {
    /// What type values have.
    pub enum AttributeKind {
        /// Text.
        String = "string",
        /// True or false.
        Boolean = "boolean",
        /// A number.
        Number = "number",
        /// A whole number.
        Integer = "integer",
        /// A list of one of the others.
        Array = "array",
    }
}

entity! {
    /// What is in a list.
    pub struct AttributeItems shows(kind) {
        /// What type its items have.
        pub kind: Option<AttributeKind> = opt "type",
        /// The values they may have, if not any.
        pub values: Option<Vec<Value>> = opt "enum",
    }
}

open_enum! {
    /// Who may write an attribute.
    pub enum AttributeMutability {
        /// Who may write the user.
        ReadWrite = "READ_WRITE",
        /// Nobody.
        ReadOnly = "READ_ONLY",
        /// Whoever makes the user, and nobody after.
        Immutable = "IMMUTABLE",
        /// Who may write the user, and nobody reads it.
        WriteOnly = "WRITE_ONLY",
    }
}

open_enum! {
    /// What text means.
    pub enum AttributeFormat {
        /// Two letters for a country.
        CountryCode = "country-code",
        /// A time.
        DateTime = "date-time",
        /// An address.
        Email = "email",
        /// Kept encrypted.
        Encrypted = "encrypted",
        /// Kept as a hash.
        Hashed = "hashed",
        /// A language.
        LanguageCode = "language-code",
        /// A language and country, `en_US`.
        Locale = "locale",
        /// An id of something in Okta.
        RefId = "ref-id",
        /// A time zone.
        TimeZone = "timezone",
        /// An address on the web.
        Uri = "uri",
    }
}

entity! {
    /// What somebody may do with an attribute.
    pub struct AttributePermission shows(principal, action) {
        /// Who.
        pub principal: AttributePrincipal = "principal",
        /// What.
        pub action: AttributeAction = "action",
    }
}

open_enum! {
    /// Who may do something with an attribute.
    pub enum AttributePrincipal {
        /// The person.
        Person = "SELF",
    }
}

open_enum! {
    /// What a person may do with an attribute of theirs.
    pub enum AttributeAction {
        /// Nothing.
        Hide = "HIDE",
        /// See it.
        ReadOnly = "READ_ONLY",
        /// Change it.
        ReadWrite = "READ_WRITE",
    }
}

entity! {
    /// Where an attribute's values come from. Who is not the master cannot write it.
    pub struct AttributeMaster shows(kind) {
        /// From where.
        pub kind: Option<AttributeMasterKind> = opt "type",
        /// With `OVERRIDE`, from where in turn: `[{"type": "APP", "value": "0oa…"}]`.
        pub priority: Option<Vec<Value>> = opt "priority",
    }
}

open_enum! {
    /// Where an attribute's values come from.
    pub enum AttributeMasterKind {
        /// From whatever masters the user.
        ProfileMaster = "PROFILE_MASTER",
        /// From Okta, whatever masters the user.
        Okta = "OKTA",
        /// From a list of sources.
        Override = "OVERRIDE",
    }
}

/// Whether no two users may have the same value. Okta's description has true and false here, and Okta answers
/// `UNIQUE_VALIDATED` and `NOT_UNIQUE`: all are read, and what Okta answers is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Uniqueness {
    /// No two.
    Unique,
    /// Any number.
    NotUnique,
    /// Another word: `PENDING_UNIQUENESS`, while Okta looks at the values there are.
    Unknown(String),
}

impl<'de> Deserialize<'de> for Uniqueness {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Uniqueness;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a word")
            }

            fn visit_bool<E>(self, unique: bool) -> Result<Uniqueness, E> {
                Ok(if unique { Uniqueness::Unique } else { Uniqueness::NotUnique })
            }

            fn visit_str<E>(self, word: &str) -> Result<Uniqueness, E> {
                Ok(match word {
                    "UNIQUE_VALIDATED" => Uniqueness::Unique,
                    "NOT_UNIQUE" => Uniqueness::NotUnique,
                    other => Uniqueness::Unknown(other.to_owned()),
                })
            }
        }

        source.deserialize_any(Reader)
    }
}

impl Serialize for Uniqueness {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match self {
            Self::Unique => "UNIQUE_VALIDATED",
            Self::NotUnique => "NOT_UNIQUE",
            Self::Unknown(word) => word,
        })
    }
}

impl UserSchema {
    /// An attribute, custom or base.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&SchemaAttribute> {
        self.parts().find_map(|part| part.properties.get(name))
    }

    /// All attributes by name, base and custom.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &SchemaAttribute)> {
        self.parts().flat_map(|part| &part.properties).map(|(name, attribute)| (name.as_str(), attribute))
    }

    /// Whether every user must have it. Okta says so in the attribute, or in a list beside the attributes.
    #[must_use]
    pub fn is_required(&self, name: &str) -> bool {
        let listed = self.parts().any(|part| part.required.iter().any(|required| required == name));
        listed || self.attribute(name).is_some_and(|attribute| attribute.required == Some(true))
    }

    fn parts(&self) -> impl Iterator<Item = &SchemaPart> {
        [&self.definitions.base, &self.definitions.custom].into_iter().flatten()
    }
}
