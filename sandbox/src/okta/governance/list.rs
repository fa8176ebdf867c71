//! Governance's lists: `data`, and links on the Admin Console's host.

use serde_json::{Value, json};

use crate::http::{Answer, Ask, Reply};
use crate::okta::filter::{self, Case, Expr, Op};
use crate::okta::{error, page};

/// The host that links name, as real orgs do. Nobody is there: a client has to stay where it is.
const ADMIN: &str = "https://acme-admin.okta.example";

/// A row of a list: what filters look at, and what is shown.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) terms: Value,
    pub(super) shown: Value,
}

/// One page of the rows that the filter lets through. `attributes` are those that it may name.
pub(super) fn page(ask: &Ask, rows: impl Iterator<Item = Row>, attributes: &[&str]) -> Reply {
    let filter = match ask.query.text("filter") {
        None => None,
        Some(text) => Some(expression(text, attributes)?),
    };
    let admits = |row: &Row| filter.as_ref().is_none_or(|expr| expr.matches(&row.terms, Case::Sensitive));
    let rows: Vec<Row> = rows.filter(admits).collect();
    let limit = page::limit(ask, 20, 200)?;
    let start = match ask.query.text("after") {
        None => 0,
        Some(after) => {
            let at = rows.iter().position(|row| row.id == after);
            at.ok_or_else(error::bad_paging)? + 1
        }
    };
    let more = rows.len() > start + limit;
    let page: Vec<Row> = rows.into_iter().skip(start).take(limit).collect();
    let next = page.last().filter(|_| more).map(|last| href(ask, &[("after", last.id.clone())]));
    let data: Vec<Value> = page.into_iter().map(|row| row.shown).collect();
    let here = href(ask, &[]);
    let mut body = json!({ "data": data, "_links": { "self": { "href": here } } });
    let answer = |body: &Value| Answer::json(200, body).header("link", &format!("<{here}>; rel=\"self\""));
    let Some(next) = next else { return Ok(answer(&body)) };
    body["_links"]["next"] = json!({ "href": next });
    Ok(answer(&body).header("link", &format!("<{next}>; rel=\"next\"")))
}

/// Links below `/governance/api`, by relation.
pub(super) fn links<const N: usize>(links: [(&str, String); N]) -> Value {
    let link = |(name, path): (&str, String)| {
        (name.to_owned(), json!({ "href": format!("{ADMIN}/governance/api/{path}") }))
    };
    Value::Object(links.map(link).into_iter().collect())
}

fn href(ask: &Ask, changes: &[(&str, String)]) -> String {
    let query = ask.query.with(changes);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{ADMIN}{}{mark}{query}", ask.path)
}

fn expression(text: &str, attributes: &[&str]) -> Result<Expr, Answer> {
    let refused = |_| {
        let cause = "Invalid `filter` syntax".to_owned();
        error::error(400, "E0000053", "Invalid SCIM filter", &[cause])
    };
    let expr = filter::parse(text).map_err(refused)?;
    expr.check(&|attribute, op| {
        let known = attributes.contains(&attribute) && op != Op::Co;
        if known { Ok(()) } else { Err(format!("{attribute} cannot be filtered so")) }
    })
    .map_err(refused)?;
    Ok(expr)
}
