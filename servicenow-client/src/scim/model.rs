//! What SCIM's resources hold.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::lenient;
use crate::id::SysId;

/// What has an id.
pub trait Resource: DeserializeOwned + Send + 'static {
    /// The id: the record's `sys_id`.
    fn id(&self) -> &SysId;
}

/// What can be written: users and groups.
pub trait Provisioned: Resource + Serialize {
    /// The URN of the standard's schema.
    const CORE: &'static str;

    /// The URN of ServiceNow's extension: the member in which its attributes are.
    const EXTENSION: &'static str;

    /// The attributes that the instance makes itself, whatever is sent.
    const COMPUTED: &'static [&'static str];

    /// The id that somebody else gave it.
    fn external_id(&self) -> Option<&str>;
}

/// Defines an object: its attributes, each of which need not be there, and `extra` for all others.
macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(keyed by $key:ident)? {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $wire:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                /// The record's key: its `sys_id`.
                pub $key: SysId,
            )?
            $(
                $(#[$field_meta])*
                #[serde(rename = $wire, default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            /// Attributes that came and are none of the above.
            #[serde(flatten)]
            pub extra: Map<String, Json>,
        }

        $(impl Resource for $name {
            fn id(&self) -> &SysId {
                &self.$key
            }
        })?

        /// Attributes are people's data: it shows which there are.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(shown.field(stringify!($key), &self.$key);)?
                $(if self.$field.is_some() {
                    shown.field($wire, &format_args!("hidden"));
                })*
                shown.finish_non_exhaustive()
            }
        }
    };
}

object! {
    /// A user: a record of `sys_user`.
    pub struct User keyed by id {
        /// The id that the provisioning system gave; in `sys_scim_user`.
        external_id: String = "externalId",
        /// `user_name`: unique.
        user_name: String = "userName",
        /// The parts of the name.
        name: Name = "name",
        /// `name`: made from the parts.
        display_name: String = "displayName",
        /// `title`.
        title: String = "title",
        /// What the person is to the company, `Employee` or `Contractor`; in `sys_scim_user`.
        user_type: String = "userType",
        /// `preferred_language`.
        preferred_language: String = "preferredLanguage",
        /// `time_zone`.
        timezone: String = "timezone",
        /// `active`.
        #[serde(deserialize_with = "lenient::flag")]
        active: bool = "active",
        /// E-mail addresses; of type `work` only, which is `email`.
        #[serde(deserialize_with = "lenient::many")]
        emails: Vec<Contact> = "emails",
        /// Phone numbers: `work` is `phone`, `mobile` `mobile_phone`, `home` `home_phone`.
        #[serde(deserialize_with = "lenient::many")]
        phone_numbers: Vec<Contact> = "phoneNumbers",
        /// Addresses; of type `home` only, which is `street`, `city`, `state`, `zip`, `country`.
        #[serde(deserialize_with = "lenient::many")]
        addresses: Vec<Address> = "addresses",
        /// The groups that the user is in, nested ones too. To be read only.
        #[serde(deserialize_with = "lenient::many")]
        groups: Vec<Reference> = "groups",
        /// When it was made and changed.
        meta: Meta = "meta",
        /// What ServiceNow has beside the standard.
        extension: UserExtension = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:User",
    }
}

impl Provisioned for User {
    const CORE: &'static str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const EXTENSION: &'static str = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:User";
    const COMPUTED: &'static [&'static str] = &["displayName", "groups"];

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
}

object! {
    /// What a `sys_user` has that the standard does not know. References are by `sys_id`.
    pub struct UserExtension {
        /// `employee_number`.
        employee_number: String = "employeeNumber",
        /// `gender`.
        gender: String = "gender",
        /// `company`.
        company: Reference = "company",
        /// `cost_center`.
        cost_center: Reference = "costCenter",
        /// `department`.
        department: Reference = "department",
        /// `location`.
        location: Reference = "location",
        /// `manager`: a user.
        manager: Reference = "manager",
    }
}

object! {
    /// The parts of a name.
    pub struct Name {
        /// `last_name`.
        family_name: String = "familyName",
        /// `first_name`.
        given_name: String = "givenName",
        /// `middle_name`.
        middle_name: String = "middleName",
        /// `introduction`: Dr., say.
        honorific_prefix: String = "honorificPrefix",
    }
}

object! {
    /// An e-mail address or a phone number.
    pub struct Contact {
        /// `work`, `mobile` or `home`.
        kind: String = "type",
        /// The address or the number.
        value: String = "value",
    }
}

object! {
    /// Where somebody lives.
    pub struct Address {
        /// `home`.
        kind: String = "type",
        /// `street`.
        street_address: String = "streetAddress",
        /// `city`.
        locality: String = "locality",
        /// `state`.
        region: String = "region",
        /// `zip`.
        postal_code: String = "postalCode",
        /// `country`.
        country: String = "country",
    }
}

object! {
    /// A group: a record of `sys_user_group`.
    pub struct Group keyed by id {
        /// The id that the provisioning system gave; in `sys_scim_group`.
        external_id: String = "externalId",
        /// `name`: unique here, though not in the table.
        display_name: String = "displayName",
        /// The members: rows of `sys_user_grmember`.
        #[serde(deserialize_with = "lenient::many")]
        members: Vec<Reference> = "members",
        /// When it was made and changed.
        meta: Meta = "meta",
        /// What ServiceNow has beside the standard.
        extension: GroupExtension = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:Group",
    }
}

impl Provisioned for Group {
    const CORE: &'static str = "urn:ietf:params:scim:schemas:core:2.0:Group";
    const EXTENSION: &'static str = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:Group";
    const COMPUTED: &'static [&'static str] = &[];

    fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
}

object! {
    /// What a `sys_user_group` has that the standard does not know.
    pub struct GroupExtension {
        /// `company`.
        company: Reference = "company",
    }
}

object! {
    /// A company, cost center, department or location, as far as SCIM goes.
    pub struct Named keyed by id {
        /// `name`.
        name: String = "name",
        /// When it was made and changed.
        meta: Meta = "meta",
    }
}

object! {
    /// When a resource was made and changed.
    pub struct Meta {
        /// `User`, `Group`, …
        resource_type: String = "resourceType",
        /// `sys_created_on`.
        #[serde(deserialize_with = "lenient::time")]
        created: DateTime<Utc> = "created",
        /// `sys_updated_on`.
        #[serde(deserialize_with = "lenient::time")]
        last_modified: DateTime<Utc> = "lastModified",
        /// Its address, under the instance's own name. Not to be followed: use the id.
        location: String = "location",
    }
}

/// Another record: its id, and what it is called. The name comes as `name`, `display` or `displayName`; only the id is
/// written. Its `Debug` shows the id.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// The record's `sys_id`.
    pub value: String,
    /// What it is called.
    pub name: Option<String>,
}

impl From<&SysId> for Reference {
    fn from(id: &SysId) -> Self {
        Self { value: id.to_string(), name: None }
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let object = Map::<String, Json>::deserialize(source)?;
        let text = |name: &str| object.get(name).and_then(Json::as_str).map(str::to_owned);
        let name = ["name", "display", "displayName"].into_iter().find_map(text);
        Ok(Self { value: text("value").unwrap_or_default(), name })
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({ "value": self.value }).serialize(to)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({})", self.value)
    }
}

/// What SCIM can do on this instance.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceProviderConfig {
    /// Whether [`patch`](super::Resources::patch) works.
    #[serde(default)]
    pub patch: Support,
    /// Whether there is a bulk endpoint. There is none.
    #[serde(default)]
    pub bulk: Support,
    /// Whether filters work, and how many results they have at most.
    #[serde(default)]
    pub filter: Support,
    /// Whether passwords can be set. They cannot.
    #[serde(default)]
    pub change_password: Support,
    /// Whether lists can be sorted. They cannot.
    #[serde(default)]
    pub sort: Support,
    /// Whether there are ETags. There are none.
    #[serde(default)]
    pub etag: Support,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// Whether something is supported.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Support {
    /// Whether it is; none if the instance does not say.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub supported: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// A kind of resource.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ResourceType {
    /// `User`.
    pub name: String,
    /// `/Users`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The URN of its schema.
    #[serde(default)]
    pub schema: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// What a kind of resource may have.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// Its URN.
    pub id: String,
    /// `User`.
    #[serde(default)]
    pub name: Option<String>,
    /// The attributes, as SCIM describes them.
    #[serde(default)]
    pub attributes: Vec<Json>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}
