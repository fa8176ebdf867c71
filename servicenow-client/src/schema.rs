//! What an instance says of its own tables: fields, choices, and whether a table is there at all.
//!
//! For those who may: `sys_dictionary` and `sys_db_object` want the role `personalize_dictionary` or more. Choices can
//! mostly be read without.

mod choices;
mod probe;

use std::collections::BTreeMap;

pub use self::choices::{Choice, Choices, ChoicesOf};
pub(crate) use self::probe::{Probe, probe};
use crate::client::ServiceNowClient;
use crate::problem::{Error, ProblemKind, Result};
use crate::query::Query;
use crate::tables::{SysDbObject, SysDictionary};
use crate::value::Field;

/// What an instance says of its own tables.
#[derive(Debug, Clone)]
pub struct Schema {
    client: ServiceNowClient,
}

impl Schema {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// Whether the instance has a table and REST may see it: a cheap way to tell whether a plugin is installed.
    /// `GET /api/now/table/{table}?sysparm_limit=1`.
    ///
    /// A table that this API user may not read is there too.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn exists(&self, table: &str) -> Result<bool> {
        Ok(!matches!(probe(&self.client, table, &[]).await?, Probe::NoTable))
    }

    /// A table with all of its fields, those of the tables it extends too; none if there is no such table.
    /// `GET /api/now/table/sys_db_object` for each of them, then `sys_dictionary`.
    ///
    /// What a child table changes in an inherited field (`sys_dictionary_override`) is not looked at.
    ///
    /// # Errors
    ///
    /// What the calls met: [`is_forbidden`](Error::is_forbidden) if these tables may not be read.
    pub async fn table(&self, table: &str) -> Result<Option<TableSchema>> {
        let tables = self.lineage(table).await?;
        let names: Vec<&str> = tables.iter().filter_map(|table| table.name.as_str()).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let columns = Query::new().one_of("name", names.iter().copied()).is_not_empty("element");
        let columns = self.client.table::<SysDictionary>().list(columns).collect_all().await?;
        let mut fields = BTreeMap::new();
        // From the base table down, so that a field is its child's where both have it.
        for name in names.iter().rev() {
            let own = columns.rows.iter().filter(|column| column.name.as_str() == Some(name));
            for column in own.filter(|column| column.active != Field::Set(false)) {
                fields.extend(column.element.as_str().map(|field| (field.to_owned(), column.clone())));
            }
        }
        Ok(Some(TableSchema { tables, fields, complete: columns.complete }))
    }

    /// The values that a field may have. `GET /api/now/table/sys_choice`.
    ///
    /// ```
    /// # async fn example(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
    /// let states = servicenow.schema().choices("incident", "state").await?;
    /// println!("{}", states.label("6").unwrap_or("no such state"));
    /// # Ok(()) }
    /// ```
    pub fn choices(&self, table: &str, field: &str) -> ChoicesOf {
        ChoicesOf::new(self.clone(), table, field)
    }

    /// A table and those that it extends, itself first; nothing if there is no such table.
    async fn lineage(&self, table: &str) -> Result<Vec<SysDbObject>> {
        let objects = self.client.table::<SysDbObject>();
        let mut found: Vec<SysDbObject> = Vec::new();
        let mut next = objects.find_one(Query::new().eq("name", table)).await?;
        while let Some(object) = next {
            if found.iter().any(|known| known.sys_id == object.sys_id) {
                return Err(confused("the tables in `sys_db_object` extend each other in a circle"));
            }
            next = match &object.super_class {
                Field::Set(base) => Some(objects.get(base.id()).await?),
                Field::Empty => None,
                Field::Absent => return Err(confused("`super_class` of `sys_db_object` may not be read")),
            };
            found.push(object);
        }
        Ok(found)
    }

    /// The tables whose choices a table may have, itself first. Who may not read `sys_db_object` is told that it may
    /// extend `task`, as all tickets do.
    async fn sources_of_choices(&self, table: &str) -> Result<Vec<String>> {
        match self.lineage(table).await {
            Ok(tables) if !tables.is_empty() => {
                Ok(tables.into_iter().filter_map(|table| table.name.into_option()).collect())
            }
            Ok(_) => Ok(vec![table.to_owned()]),
            Err(error) if error.is_forbidden() || no_such_table(&error) => {
                Ok(if table == "task" { vec![table.into()] } else { vec![table.into(), "task".into()] })
            }
            Err(error) => Err(error),
        }
    }
}

fn confused(what: &str) -> Error {
    Error::protocol("servicenow.schema", what)
}

/// Whether a table does not exist, or REST may not see it.
fn no_such_table(error: &Error) -> bool {
    error.problem().is_some_and(|problem| problem.kind == ProblemKind::InvalidTable)
}

/// A table as its instance describes it.
#[derive(Debug, Clone)]
pub struct TableSchema {
    /// The table, and those that it extends.
    tables: Vec<SysDbObject>,
    fields: BTreeMap<String, SysDictionary>,
    complete: bool,
}

impl TableSchema {
    /// What people call it.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.tables.first()?.label.as_str()
    }

    /// The tables that it extends, the nearest first: `task`, for an incident.
    pub fn extends(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().skip(1).filter_map(|table| table.name.as_str())
    }

    /// A field, by its name. [`SysDictionary::name`] is the table it comes from.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&SysDictionary> {
        self.fields.get(name)
    }

    /// All fields in use, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &SysDictionary)> {
        self.fields.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// The fields that a record needs. Forms and data policies may want more of them.
    pub fn mandatory(&self) -> impl Iterator<Item = &str> {
        self.fields().filter(|(_, field)| field.mandatory == Field::Set(true)).map(|(name, _)| name)
    }

    /// Whether all rows that describe fields could be read. If not, a field that is missing here may be there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}
