//! What the integration user gets to see, and how lists break off.

use serde_json::json;

use super::query::Query;
use super::schema::Schema;
use super::store::{Found, Instance, Record};
use crate::http::Answer;

impl Instance {
    /// Whether lists find a row at all, and count it. A before-query rule hides inactive users from whoever is no
    /// administrator.
    pub(super) fn finds(&self, row: Found<'_>) -> bool {
        self.habits.have(row) && !(self.hides_inactive(row.schema) && row.get("active") == "false")
    }

    fn hides_inactive(&self, table: &Schema) -> bool {
        self.habits.inactive_users_are_hidden && table.name == "sys_user"
    }

    /// Whether lists of a table find all rows that match.
    pub(super) fn finds_all(&self, table: &Schema) -> bool {
        !self.hides_inactive(table)
            && !matches!(table.name, "sys_db_object" | "sys_dictionary" | "sys_choice")
    }

    /// Whether access rules let a row be read. They are asked after a page is cut.
    pub(super) fn may_read(&self, row: Found<'_>) -> bool {
        let Some(text) = self.habits.hidden_rows.get(row.schema.name) else { return true };
        let nothing = Record::new();
        let columns = Found { schema: row.schema, record: &nothing };
        Query::parse(self, columns, text).is_ok_and(|hidden| !hidden.admits(self, row))
    }

    /// Whether access rules let a field of a table be read.
    pub(super) fn may_read_field(&self, table: &Schema, field: &str) -> bool {
        let is_hidden = |table: &str| self.habits.hidden_fields.contains(&format!("{table}.{field}"));
        !is_hidden(table.name) && !table.base.is_some_and(is_hidden)
    }

    /// What becomes of a list that takes longer than the quota of its transaction.
    pub(super) fn cut(&self, mut answer: Answer, rows: usize) -> Answer {
        if self.habits.longest_list.is_none_or(|longest| rows <= longest) {
            return answer;
        }
        if self.habits.cancellation_is_told {
            let error = json!({
                "message": "Transaction cancelled: maximum execution time exceeded",
                "detail": "maximum execution time exceeded Check logs for error trace or enable glide.rest.debug \
                           property to verify REST request processing",
            });
            answer.body = json!({"result": [], "error": error, "status": "failure"}).to_string().into_bytes();
        } else {
            answer.body.truncate(answer.body.len() / 3 * 2);
        }
        answer
    }
}
