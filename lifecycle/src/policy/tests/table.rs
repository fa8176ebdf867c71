//! Tables that become rules.

use proptest::prelude::*;

use super::{granted, head_and, parse, problems};
use crate::policy::{Attributes, Policy};

const REST: &str = r#"
[attributes]
level = "integer"
remote = "boolean"
skills = "array"

[[rules]]
id = "r"
when = 'user.title == "Nobody"'
grant = ["a"]
"#;

fn policy() -> Policy {
    parse(&head_and(REST))
}

fn wrong(table: &str) -> String {
    policy().import_csv("jobs.csv", table).unwrap_err().to_string()
}

#[test]
fn a_row_is_a_rule() {
    let table = "department,level,remote,grant,deny\n\
                 Sales,,TRUE,a;b,\n\
                 \"R&D, \"\"labs\"\"\",3,,a,b\n\
                 *,*,*,,a\n";
    let rules = policy().import_csv("folder/jobs.csv", table).unwrap();
    assert_eq!(
        rules,
        r#"[[rules]]
id = "jobs-2"
when = '''user.department == "Sales" && user.remote == true'''
grant = ["a", "b"]

[[rules]]
id = "jobs-3"
when = '''user.department == "R&D, \"labs\"" && user.level == 3'''
grant = ["a"]
deny = ["b"]

[[rules]]
id = "jobs-4"
when = '''true'''
deny = ["a"]
"#
    );
    let grown = parse(&head_and(&format!("{REST}{rules}")));
    let mut person = Attributes::from_iter([("department", "R&D, \"labs\"")]);
    person.insert("level", 3);
    let decision = grown.evaluate(&person).unwrap();
    assert_eq!(granted(&decision), [""; 0]);
    assert_eq!(decision.denials.len(), 2);
}

#[test]
fn spreadsheets_leave_marks_and_blanks_that_do_no_harm() {
    let rules = policy().import_csv("jobs.csv", "\u{feff}department , grant\r\n Sales , a ; b \r\n").unwrap();
    assert!(rules.contains("user.department == \"Sales\"") && rules.contains("[\"a\", \"b\"]"), "{rules}");
}

#[test]
fn what_cannot_be_meant_is_told_with_its_row_and_column() {
    for (table, expected) in [
        ("", "jobs.csv:1:1: there is no column \"grant\" or \"deny\" that names targets"),
        (
            "department,grant\n",
            "jobs.csv: has no rows; the first row names columns, as in department,title,grant",
        ),
        ("departmnt,grant\nx,a\n", "jobs.csv:1:1: no attribute \"departmnt\"; did you mean \"department\"?"),
        (
            "department,grnat\nx,a\n",
            "jobs.csv:1:1: there is no column \"grant\" or \"deny\" that names targets\njobs.csv:1:2: no attribute \"grnat\"; did you mean \"grant\"?",
        ),
        ("grant,grant\na,a\n", "jobs.csv:1:2: there are two columns \"grant\""),
        ("skills,grant\nx,a\n", "jobs.csv:1:1: \"skills\" is an array; a table compares single values"),
        (
            "department,level,grant\nx,high,a\ny,3,a;a;aa\n",
            "jobs.csv:2:2: level should be an integer; it is \"high\"\n\
             jobs.csv:3:3: grant: \"a\" stands there twice\n\
             jobs.csv:3:3: grant: no target \"aa\"; did you mean \"a\"?",
        ),
        ("department,grant\nx,\n", "jobs.csv:2:1: this row neither grants nor denies anything"),
        (
            "department,grant\nx,a\nx,b\n",
            "jobs.csv:3:1: a row above is about the same people; make one row of the two",
        ),
        ("department,grant\nx\n", "jobs.csv:2:1: this row has 1 cells, and the first row names 2 columns"),
        (
            "title,grant\nO'''N,a\n",
            "jobs.csv:2:1: title: \"O'''N\" cannot stand in a table; write that rule by hand",
        ),
    ] {
        assert_eq!(wrong(table), expected, "{table}");
    }
    assert!(wrong(&"x".repeat((1 << 20) + 1)).contains("is larger than"));
    assert!(problems("version = 1").contains("missing"));
}

proptest! {
    #[test]
    fn no_table_is_too_odd(text in any::<String>(), cells in prop::collection::vec(any::<String>(), 0..6)) {
        let _ = policy().import_csv("jobs.csv", &text);
        let _ = policy().import_csv("jobs.csv", &format!("department,title,grant\n{}", cells.join(",")));
    }

    #[test]
    fn what_is_imported_is_a_policy_and_means_what_the_cell_says(cell in any::<String>()) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["department", "grant"]).unwrap();
        writer.write_record([&cell, "b"]).unwrap();
        let table = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        if let Ok(rules) = policy().import_csv("jobs.csv", &table) {
            let grown = Policy::parse("p.toml", &head_and(&format!("{REST}{rules}")));
            let grown = grown.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let person = Attributes::from_iter([("department", cell.trim())]);
            let decision = grown.evaluate(&person).unwrap();
            prop_assert_eq!(granted(&decision), ["b"]);
        }
    }
}
