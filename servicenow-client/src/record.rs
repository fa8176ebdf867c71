//! Records: typed ones, and raw ones whose fields are read by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use crate::id::SysId;
use crate::value::{self, Field, FieldValue, Value};

/// A record of a certain table.
///
/// ```
/// use servicenow_client::{Field, Record, SysId};
///
/// #[derive(serde::Deserialize)]
/// struct Laptop {
///     sys_id: SysId,
///     #[serde(default)]
///     serial_number: Field<String>,
/// }
///
/// impl Record for Laptop {
///     const TABLE: &'static str = "u_laptop";
///     const FIELDS: &'static [&'static str] = &["serial_number"];
///
///     fn sys_id(&self) -> &SysId {
///         &self.sys_id
///     }
/// }
/// ```
pub trait Record: DeserializeOwned + Send + 'static {
    /// The table's name.
    const TABLE: &'static str;

    /// The fields to read, dot-walked ones too; `sys_id` always comes. Empty: all that the table has.
    const FIELDS: &'static [&'static str];

    /// Its key.
    fn sys_id(&self) -> &SysId;
}

/// A record of any table, with its fields as they came, but for `user_password`, which is dropped. Its
/// `Debug` shows names only.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct RawRecord {
    #[serde(skip)]
    sys_id: SysId,
    fields: Map<String, Json>,
}

impl RawRecord {
    /// Its key.
    pub fn sys_id(&self) -> &SysId {
        &self.sys_id
    }

    /// A field's value, `""` if empty; none if it did not come.
    pub fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        value::text_of(self.fields.get(field)?)
    }

    /// A field with its label, if both were asked for; none if it did not come.
    pub fn value(&self, field: &str) -> Option<Value> {
        Value::read(self.fields.get(field)?)
    }

    /// A field as a type: `record.field::<bool>("active")`. None if it has a value that is not of that type.
    pub fn field<T: FieldValue>(&self, field: &str) -> Option<Field<T>> {
        match self.text(field).as_deref() {
            None if self.fields.contains_key(field) => None,
            None => Some(Field::Absent),
            Some("") => Some(Field::Empty),
            Some(text) => T::read(text).map(Field::Set),
        }
    }

    /// All fields, as they came.
    pub fn fields(&self) -> &Map<String, Json> {
        &self.fields
    }
}

impl<'de> Deserialize<'de> for RawRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::<String, Json>::deserialize(deserializer)?;
        fields.remove("user_password");
        let id = fields.get("sys_id").and_then(value::text_of);
        let sys_id = id.and_then(|id| id.parse().ok()).ok_or_else(|| de::Error::missing_field("sys_id"))?;
        Ok(Self { sys_id, fields })
    }
}

/// Has no table of its own: get it from [`ServiceNowClient::records`](crate::ServiceNowClient::records).
impl Record for RawRecord {
    const TABLE: &'static str = "";
    const FIELDS: &'static [&'static str] = &[];

    fn sys_id(&self) -> &SysId {
        &self.sys_id
    }
}

impl fmt::Debug for RawRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.keys().collect();
        f.debug_struct("RawRecord").field("sys_id", &self.sys_id).field("fields", &names).finish()
    }
}

/// Defines a typed record, so that its fields and the list of names that is asked for cannot drift apart.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident in $table:literal {
            $($(#[$field_meta:meta])* $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// The record's key.
            #[serde(deserialize_with = "crate::value::sys_id")]
            pub sys_id: $crate::SysId,
            $(
                $(#[$field_meta])*
                #[serde(default, skip_serializing_if = "crate::Field::is_absent")]
                pub $field: $crate::Field<$kind>,
            )*
            /// Fields that came and are none of the above.
            #[serde(flatten)]
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::Record for $name {
            const TABLE: &'static str = $table;
            const FIELDS: &'static [&'static str] = &["sys_id", $(stringify!($field),)*];

            fn sys_id(&self) -> &$crate::SysId {
                &self.sys_id
            }
        }
    };
}

pub(crate) use record;
