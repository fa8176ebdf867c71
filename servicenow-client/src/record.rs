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

/// The field that is never kept.
pub const PASSWORD: &str = "user_password";

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
        fields.remove(PASSWORD);
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

/// Defines a typed [`Record`]: its fields, and with them the names that are asked for, so that the two cannot drift apart.
///
/// Each field is a [`Field`]: absent, empty or set. `sys_id` comes by itself, and `extra` has what else came. `Debug` is
/// yours to choose, since fields hold people's data.
///
/// ```
/// use servicenow_client::tables::SysUser;
/// use servicenow_client::{Query, Ref, ServiceNowClient, record};
///
/// record! {
///     /// A laptop.
///     #[derive(Debug)]
///     Laptop in "u_laptop" {
///         /// Who has it.
///         u_owner: Ref<SysUser>,
///         /// Its kind. Where the field's name will not do in Rust, both are given.
///         kind = "type": String,
///         /// The owner's department, by dot-walking.
///         department = "u_owner.department.name": String,
///     }
/// }
///
/// # async fn example(servicenow: ServiceNowClient) -> servicenow_client::Result<()> {
/// let laptops = servicenow.table::<Laptop>().list(Query::new().eq("type", "ultrabook")).collect_all().await?;
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident in $table:literal {
            $($(#[$doc:meta])* $field:ident $(= $wire:literal)?: $kind:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            /// The record's key.
            pub sys_id: $crate::SysId,
            $(
                $(#[$doc])*
                pub $field: $crate::Field<$kind>,
            )*
            /// Fields that came and are none of the above.
            pub extra: $crate::Extra,
        }

        impl $crate::Record for $name {
            const TABLE: &'static str = $table;
            const FIELDS: &'static [&'static str] = &["sys_id", $($crate::record!(@name $field $($wire)?),)*];

            fn sys_id(&self) -> &$crate::SysId {
                &self.sys_id
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                source: D,
            ) -> ::core::result::Result<Self, D::Error> {
                struct Reader;

                impl<'de> $crate::__private::serde::de::Visitor<'de> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str(concat!("a record of ", $table))
                    }

                    fn visit_map<A: $crate::__private::serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> ::core::result::Result<$name, A::Error> {
                        let mut sys_id = $crate::Field::<$crate::SysId>::Absent;
                        $(let mut $field = $crate::Field::<$kind>::Absent;)*
                        let mut extra = $crate::Extra::default();
                        while let Some(name) = map.next_key::<$crate::__private::Name<'de>>()? {
                            match &*name.0 {
                                "sys_id" => sys_id = map.next_value()?,
                                $($crate::record!(@name $field $($wire)?) => $field = map.next_value()?,)*
                                $crate::__private::PASSWORD => {
                                    map.next_value::<$crate::__private::IgnoredAny>()?;
                                }
                                _ => extra.push(name.0.into_owned(), map.next_value()?),
                            }
                        }
                        let $crate::Field::Set(sys_id) = sys_id else {
                            return Err($crate::__private::serde::de::Error::missing_field("sys_id"));
                        };
                        Ok($name { sys_id, $($field,)* extra })
                    }
                }

                source.deserialize_map(Reader)
            }
        }

        /// Fields that did not come are left out.
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                use $crate::__private::serde::ser::SerializeMap as _;
                let mut map = to.serialize_map(None)?;
                map.serialize_entry("sys_id", &self.sys_id)?;
                $(
                    if !self.$field.is_absent() {
                        map.serialize_entry($crate::record!(@name $field $($wire)?), &self.$field)?;
                    }
                )*
                self.extra.write(&mut map)?;
                map.end()
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };
}
