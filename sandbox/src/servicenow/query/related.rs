//! How many records of another table point at one.

use std::cmp::Ordering;

use super::Query;
use crate::servicenow::schema;
use crate::servicenow::store::{Found, Instance, Record};

#[derive(Debug)]
pub(super) struct Related {
    table: &'static str,
    field: String,
    sign: &'static str,
    count: usize,
    query: Query,
}

impl Related {
    /// From `table.field,>=1` and the conditions that follow. `None`: it makes no sense, so it is dropped.
    pub(super) fn parse(instance: &Instance, text: &str, inner: &str) -> Result<Option<Self>, String> {
        let Some(((table, field), count)) =
            text.split_once(',').and_then(|(path, count)| Some((path.split_once('.')?, count)))
        else {
            return Ok(None);
        };
        let sign = [">=", "<=", ">", "<", "="].into_iter().find(|sign| count.starts_with(sign));
        let (Some(table), Some(sign)) = (schema::find(table), sign) else { return Ok(None) };
        let Ok(count) = count[sign.len()..].parse() else {
            return Err(format!("the count {count} of a related list"));
        };
        let nothing = Record::new();
        let query = Query::parse(instance, Found { schema: table, record: &nothing }, inner)?;
        let known = table.kind(field).is_some();
        Ok(known.then(|| Self { table: table.name, field: field.to_owned(), sign, count, query }))
    }

    pub(super) fn holds(&self, instance: &Instance, row: Found<'_>) -> bool {
        let points_here = |other: &Found<'_>| other.get(&self.field) == row.get("sys_id");
        let others = instance.rows(self.table).filter(points_here);
        let count = others.filter(|other| self.query.admits(instance, *other)).count();
        match (self.sign, count.cmp(&self.count)) {
            (">=", Ordering::Greater | Ordering::Equal) | ("<=", Ordering::Less | Ordering::Equal) => true,
            (">", order) => order.is_gt(),
            ("<", order) => order.is_lt(),
            ("=", order) => order.is_eq(),
            _ => false,
        }
    }
}
