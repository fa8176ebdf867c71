//! The Aggregate API: numbers about rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::display;
use super::schema::Kind;
use super::store::{Found, Instance, Leaf, Record};
use super::{error, table};
use crate::http::{Answer, Ask, Reply};

const PARAMETERS: [&str; 10] = [
    "sysparm_query",
    "sysparm_count",
    "sysparm_avg_fields",
    "sysparm_min_fields",
    "sysparm_max_fields",
    "sysparm_sum_fields",
    "sysparm_group_by",
    "sysparm_having",
    "sysparm_order_by",
    "sysparm_display_value",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Count,
    Avg,
    Min,
    Max,
    Sum,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "count" => Some(Self::Count),
            "avg" => Some(Self::Avg),
            "min" => Some(Self::Min),
            "max" => Some(Self::Max),
            "sum" => Some(Self::Sum),
            _ => None,
        }
    }

    /// Of a field in some rows; empty if none of them has a value.
    fn of(self, instance: &Instance, rows: &[Found<'_>], field: &str) -> String {
        let leaves = rows.iter().filter_map(|row| instance.walk(*row, field));
        let leaves: Vec<_> = leaves.filter(|leaf| !leaf.value().is_empty()).collect();
        let numbers: Vec<f64> = leaves.iter().filter_map(|leaf| leaf.value().parse().ok()).collect();
        let sum: f64 = numbers.iter().sum();
        let by_kind = |a: &&str, b: &&str| match leaves.first().map(|leaf| leaf.kind) {
            Some(Kind::Integer) => by_number(a, b),
            _ => a.cmp(b),
        };
        let values = leaves.iter().map(Leaf::value);
        match self {
            Self::Count => leaves.len().to_string(),
            Self::Min => values.min_by(by_kind).unwrap_or_default().to_owned(),
            Self::Max => values.max_by(by_kind).unwrap_or_default().to_owned(),
            _ if numbers.is_empty() => String::new(),
            Self::Sum => sum.to_string(),
            #[expect(clippy::cast_precision_loss, reason = "nobody has so many rows")]
            Self::Avg => format!("{:.4}", sum / numbers.len() as f64),
        }
    }
}

fn by_number(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// The rows that share the values of some fields.
struct Group<'a> {
    values: Vec<String>,
    rows: Vec<Found<'a>>,
}

/// `GET /stats/{table}`
pub(super) fn stats(instance: &Instance, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&PARAMETERS)?;
    let labels = match ask.query.text("sysparm_display_value") {
        None | Some("false") => false,
        Some("all") => true,
        Some(_) => return Err(ask.not_modelled("this sysparm_display_value")),
    };
    let table = instance.table(name).ok_or_else(|| error::no_table(name))?;
    let nothing = Record::new();
    // A name that the table does not have is left out.
    let fields = |parameter: &str| -> Vec<&str> {
        let known = |field: &&str| instance.walk(Found { schema: table, record: &nothing }, field).is_some();
        let names = ask.query.text(parameter).unwrap_or_default().split(',').map(str::trim);
        names.filter(known).collect()
    };
    let rows = table::selected(instance, ask, table)?;
    let by = fields("sysparm_group_by");
    let wanted = [
        ("avg", Function::Avg, fields("sysparm_avg_fields")),
        ("min", Function::Min, fields("sysparm_min_fields")),
        ("max", Function::Max, fields("sysparm_max_fields")),
        ("sum", Function::Sum, fields("sysparm_sum_fields")),
    ];
    let count = ask.query.is_true("sysparm_count");
    let stats = |rows: &[Found<'_>]| {
        let mut stats = Map::new();
        if count {
            stats.insert("count".to_owned(), json!(rows.len().to_string()));
        }
        for (name, function, fields) in wanted.iter().filter(|(_, _, fields)| !fields.is_empty()) {
            let values =
                fields.iter().map(|field| ((*field).to_owned(), json!(function.of(instance, rows, field))));
            stats.insert((*name).to_owned(), Value::Object(values.collect()));
        }
        Value::Object(stats)
    };
    if by.is_empty() {
        return Ok(Answer::json(200, &json!({ "result": { "stats": stats(&rows) } })));
    }
    let mut groups = grouped(instance, rows, &by);
    if let Some(having) = ask.query.text("sysparm_having") {
        let having = Having::parse(having).ok_or_else(|| ask.not_modelled("this sysparm_having"))?;
        groups.retain(|group| having.admits(instance, group));
    }
    sort(instance, ask, &by, &mut groups)?;
    let shown = |group: &Group<'_>| {
        let fields: Vec<Value> = by
            .iter()
            .zip(&group.values)
            .map(|(field, value)| shown(instance, group, field, value, labels))
            .collect();
        json!({ "stats": stats(&group.rows), "groupby_fields": fields })
    };
    Ok(Answer::json(200, &json!({ "result": groups.iter().map(shown).collect::<Vec<_>>() })))
}

fn grouped<'a>(instance: &Instance, rows: Vec<Found<'a>>, by: &[&str]) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<Vec<String>, Vec<Found<'a>>> = BTreeMap::new();
    for row in rows {
        let value = |field: &&str| instance.walk(row, field).map_or("", |leaf| leaf.value()).to_owned();
        groups.entry(by.iter().map(value).collect()).or_default().push(row);
    }
    groups.into_iter().map(|(values, rows)| Group { values, rows }).collect()
}

fn shown(instance: &Instance, group: &Group<'_>, field: &str, value: &str, labels: bool) -> Value {
    let leaf = group.rows.first().and_then(|row| instance.walk(*row, field));
    match leaf.filter(|_| labels) {
        Some(leaf) => {
            let label = match leaf.kind {
                Kind::Reference(table) => instance.display_of(table, value),
                _ => display::label(instance, leaf),
            };
            json!({ "field": field, "value": value, "display_value": label })
        }
        None => json!({ "field": field, "value": value }),
    }
}

/// `count^state^>^3`
struct Having<'a> {
    function: Function,
    field: &'a str,
    operator: &'a str,
    value: &'a str,
}

impl<'a> Having<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let [function, field, operator, value] = text.split('^').collect::<Vec<_>>().try_into().ok()?;
        let known = matches!(operator, "=" | "!=" | "<" | "<=" | ">" | ">=");
        Some(Self { function: Function::named(function).filter(|_| known)?, field, operator, value })
    }

    fn admits(&self, instance: &Instance, group: &Group<'_>) -> bool {
        let order = by_number(&self.function.of(instance, &group.rows, self.field), self.value);
        match self.operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        }
    }
}

/// By `state`, `state^DESC` or `AVG^field`, several of them with commas.
fn sort(instance: &Instance, ask: &Ask, by: &[&str], groups: &mut [Group<'_>]) -> Result<(), Answer> {
    let Some(orders) = ask.query.text("sysparm_order_by") else { return Ok(()) };
    // The last one first: sorting keeps what is equal in its order.
    for order in orders.rsplit(',') {
        let (order, descending) = order.strip_suffix("^DESC").map_or((order, false), |order| (order, true));
        let key = |group: &Group<'_>| match order.split_once('^') {
            Some((function, field)) => Some(Function::named(function)?.of(instance, &group.rows, field)),
            None => group.values.get(by.iter().position(|field| *field == order)?).cloned(),
        };
        if groups.first().is_some_and(|group| key(group).is_none()) {
            return Err(ask.not_modelled("this sysparm_order_by"));
        }
        groups.sort_by(|a, b| {
            let order = by_number(&key(a).unwrap_or_default(), &key(b).unwrap_or_default());
            if descending { order.reverse() } else { order }
        });
    }
    Ok(())
}
