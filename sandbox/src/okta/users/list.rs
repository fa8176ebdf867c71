//! `GET /users`: the plain list, `q`, `search` and `filter`.

use serde_json::Value;

use super::model::{Status, User, in_list};
use crate::http::{Ask, Reply};
use crate::okta::filter::{self, Case, Expr, Op};
use crate::okta::{Org, error, page, profile};

const MOST_PER_PAGE: usize = 200;

/// `GET /users`
pub(in crate::okta) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["q", "filter", "search", "sortBy", "sortOrder", "after", "limit"])?;
    let query = &ask.query;
    match (query.text("search"), query.text("filter"), query.text("q")) {
        (Some(_), Some(_), _) => Err(error::error(
            400,
            "E0000033",
            "Bad request. Can't specify a search query and filter in the same request.",
            &[],
        )),
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(ask.not_modelled("q beside search or filter")),
        (Some(text), None, None) => search(org, ask, text),
        (None, Some(text), None) => filtered(org, ask, text),
        (None, None, Some(text)) => quick(org, ask, text),
        (None, None, None) => {
            let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
            page::by_key(ask, live(org).map(|user| (user.key, user)), limit, |user| {
                in_list(user.body(), &ask.base)
            })
        }
    }
}

fn live(org: &Org) -> impl Iterator<Item = &User> {
    org.users.iter().filter(|user| user.status != Status::Deprovisioned)
}

/// `q`: a prefix of a name or the email; never a second page.
fn quick(org: &Org, ask: &Ask, text: &str) -> Reply {
    let wanted = text.to_lowercase();
    let fits = |user: &&User| {
        ["firstName", "lastName", "email"]
            .iter()
            .any(|name| user.text(name).to_lowercase().starts_with(&wanted))
    };
    let limit = page::limit(ask, 10, MOST_PER_PAGE)?;
    let found = live(org).filter(fits).take(limit).map(|user| in_list(user.body(), &ask.base));
    Ok(page::whole(ask, found.collect()))
}

fn search(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = searchable(org, text).map_err(|why| error::bad_search(&why))?;
    let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Insensitive);
    match ask.query.text("sortBy") {
        None => page::by_key(ask, rows, limit, |row| in_list(row.clone(), &ask.base)),
        Some(attribute) => {
            check_attribute(org, attribute).map_err(|why| error::bad_search(&why))?;
            let descending =
                ask.query.get("sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
            let rows = sorted(rows.map(|(_, row)| row).collect(), attribute, descending);
            page::by_position(ask, &rows, limit, |row| in_list(row.clone(), &ask.base))
        }
    }
}

fn searchable(org: &Org, text: &str) -> Result<Expr, String> {
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| {
        check_attribute(org, attribute)?;
        let contains = ["profile.firstName", "profile.lastName", "profile.email", "profile.login"];
        match op {
            Op::Ne | Op::Ew => Err(format!("operator {op:?} is not supported in search")),
            Op::Co if !contains.contains(&attribute) => {
                Err(format!("operator co is not supported on {attribute}"))
            }
            _ => Ok(()),
        }
    })?;
    Ok(expr)
}

fn check_attribute(org: &Org, attribute: &str) -> Result<(), String> {
    const TOP: [&str; 7] =
        ["id", "status", "created", "activated", "statusChanged", "lastUpdated", "type.id"];
    let known = match attribute.strip_prefix("profile.") {
        Some(name) => profile::is_base(name) || org.types.has_custom(name),
        None => TOP.contains(&attribute),
    };
    if known { Ok(()) } else { Err(format!("attribute {attribute} is not searchable")) }
}

fn filtered(org: &Org, ask: &Ask, text: &str) -> Reply {
    let expr = filterable(text).map_err(|why| error::bad_filter(text, &why))?;
    let limit = page::limit(ask, MOST_PER_PAGE, MOST_PER_PAGE)?;
    let rows = matching(org, ask, &expr, Case::Sensitive);
    page::by_key(ask, rows, limit, |row| in_list(row.clone(), &ask.base))
}

fn filterable(text: &str) -> Result<Expr, String> {
    const PROFILE: [&str; 4] = ["profile.login", "profile.email", "profile.firstName", "profile.lastName"];
    let expr = filter::parse(text)?;
    expr.check(&|attribute, op| {
        let ranged = attribute == "lastUpdated" && matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
        let known = ["status", "lastUpdated", "id"].contains(&attribute) || PROFILE.contains(&attribute);
        match (known, op == Op::Eq || ranged) {
            (true, true) => Ok(()),
            (true, false) => Err(format!("operator {op:?} is not supported on {attribute}")),
            (false, _) => Err(format!("attribute {attribute} cannot be filtered")),
        }
    })?;
    Ok(expr)
}

/// What the index, which lags, has for an expression.
fn matching<'a>(
    org: &'a Org,
    ask: &'a Ask,
    expr: &'a Expr,
    case: Case,
) -> impl Iterator<Item = (u64, &'a Value)> {
    org.users.index.seen_at(ask.at).filter(move |(_, row)| expr.matches(row, case))
}

/// Rows by one attribute, ties by id; rows without it last, whatever the order.
pub(in crate::okta) fn sorted<'a>(rows: Vec<&'a Value>, attribute: &str, descending: bool) -> Vec<&'a Value> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    let found = |row| filter::lookup(row, attribute).into_iter().find(|value| !value.is_null()).map(text);
    let mut keyed: Vec<(Option<String>, &Value)> = rows.into_iter().map(|row| (found(row), row)).collect();
    keyed.sort_by(|(a, one), (b, other)| {
        let order = if descending { b.cmp(a) } else { a.cmp(b) };
        let ids = one["id"].as_str().cmp(&other["id"].as_str());
        a.is_none().cmp(&b.is_none()).then(order).then(ids)
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_without_the_attribute_come_last_in_either_order() {
        let rows = [
            json!({"id": "1"}),
            json!({"id": "2", "title": "b"}),
            json!({"id": "3", "title": null}),
            json!({"id": "4", "title": "A"}),
            json!({"id": "5", "title": "B"}),
        ];
        let ids = |descending| -> Vec<&str> {
            let sorted = sorted(rows.iter().collect(), "title", descending);
            sorted.into_iter().filter_map(|row| row["id"].as_str()).collect()
        };
        assert_eq!(ids(false), ["4", "2", "5", "1", "3"]);
        assert_eq!(ids(true), ["2", "5", "4", "1", "3"]);
    }
}
