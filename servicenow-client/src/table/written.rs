//! Whether a write did what it said.

use serde_json::{Map, Value as Json};

use crate::id::SysId;
use crate::problem::{ProblemKind, ServiceNowProblem};
use crate::value::{Row, text_of};

/// Fields that text is appended to. Written, they read as empty; those that the table does not have do not come.
const JOURNAL: [&str; 3] = ["work_notes", "comments", "comments_and_work_notes"];

/// Whether sending these fields twice adds something twice.
pub(super) fn has_journal(sent: &Map<String, Json>) -> bool {
    sent.iter().any(|(name, value)| JOURNAL.contains(&name.as_str()) && value.as_str() != Some(""))
}

/// That a new record has what was sent.
pub(super) fn check_new(
    sent: &Map<String, Json>,
    row: &Row,
    sys_id: &SysId,
) -> Result<(), ServiceNowProblem> {
    check(sent, row).map_err(|problem| {
        let message = format!("the record {sys_id} was created, but {}", problem.message);
        ServiceNowProblem::found(problem.kind, message)
    })
}

/// That the record has what was sent.
pub(super) fn check(sent: &Map<String, Json>, row: &Row) -> Result<(), ServiceNowProblem> {
    let fields = differences(sent, row);
    if fields.is_empty() {
        return Ok(());
    }
    let message = format!("these fields did not take their value: {}", fields.join(", "));
    Err(ServiceNowProblem::found(ProblemKind::NotWritten { fields }, message))
}

/// The fields that do not have the value that was sent.
fn differences(sent: &Map<String, Json>, row: &Row) -> Vec<String> {
    let differs = |(name, value): &(&String, &Json)| {
        if JOURNAL.contains(&name.as_str()) {
            return row.text(name).is_none();
        }
        let (Some(sent), Some(found)) = (text_of(value), row.text(name)) else { return true };
        !same(&sent, &found)
    };
    sent.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}

/// Line ends, outer space and the form of numbers, booleans and days may change on the way.
fn same(sent: &str, found: &str) -> bool {
    let text = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let (sent, found) = (text(sent), text(found));
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    // Long digits are ids, not numbers: two of them may be one float.
    let short = sent.len() <= 15 && found.len() <= 15;
    let equal_numbers = || match (number(&sent), number(&found)) {
        (Some(sent), Some(found)) => short && sent.to_bits() == found.to_bits(),
        _ => false,
    };
    sent == found
        || equal_numbers()
        || found.strip_suffix(" 00:00:00") == Some(sent.as_str())
        || matches!(
            (sent.as_str(), found.as_str()),
            ("true", "1") | ("1", "true") | ("false", "0") | ("0", "false")
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differing(sent: Json, found: Json) -> Vec<String> {
        let (Json::Object(sent), Json::Object(found)) = (sent, found) else { panic!("objects") };
        differences(&sent, &Row(found))
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let sent = json!({"active": false, "priority": 3, "notes": "a\r\nb ", "manager": null, "price": "0"});
        let found =
            json!({"active": "false", "priority": "3", "notes": "a\nb", "manager": "", "price": "0.00"});
        assert_eq!(differing(sent, found), Vec::<String>::new());
    }

    #[test]
    fn a_dropped_cut_or_changed_value_is_a_difference() {
        let sent = json!({"gone": "x", "cut": "abcdef", "state": "3", "id": "00012345678901234567"});
        let found = json!({"cut": "abc", "state": "2", "id": "12345678901234567"});
        let mut fields = differing(sent, found);
        fields.sort();
        assert_eq!(fields, ["cut", "gone", "id", "state"]);
    }

    #[test]
    fn a_reference_is_compared_by_its_id() {
        let found = json!({"manager": {"link": "https://h/api/now/table/sys_user/ab", "value": "ab"}});
        assert!(differing(json!({"manager": "ab"}), found.clone()).is_empty());
        assert_eq!(differing(json!({"manager": "cd"}), found), ["manager"]);
    }

    #[test]
    fn journal_text_reads_as_empty_and_is_not_compared_but_its_field_has_to_come() {
        assert!(differing(json!({"work_notes": "x"}), json!({"work_notes": ""})).is_empty());
        assert_eq!(differing(json!({"work_notes": "x"}), json!({"state": "3"})), ["work_notes"]);
    }
}
