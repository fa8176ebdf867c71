//! Lookup tables, and values that rules set.

use super::{head_and, parse, problems};
use crate::policy::{Attributes, Decision, EvaluationError};

const RULES: &str = r#"
[lookups.region]
DE = "emea"
FR = "emea"
US = "americas"

[lookups.desk]
Oslo = "First floor"

[[rules]]
id = "emea"
when = 'lookup("region", user.countryCode) == "emea"'
grant = ["a"]
set = { region = { lookup = "region", by = "countryCode" }, hours = "CET" }

[[rules]]
id = "desk"
when = 'true'
set = { desk = { lookup = "desk", by = "city" }, hours = "UTC" }
priority = -1

[[rules]]
id = "managers"
when = 'user.title.contains("Manager")'
set = { role = "manager" }
priority = 10

[[rules]]
id = "sales"
when = 'user.department == "Sales"'
set = { role = "seller" }

[[rules]]
id = "support"
when = 'user.department == "Sales" && user.city == "Oslo"'
set = { role = "helper" }
"#;

fn decide(person: &[(&str, &str)]) -> Result<Decision, EvaluationError> {
    parse(&head_and(RULES)).evaluate(&person.iter().copied().collect())
}

fn value<'d>(decision: &'d Decision, name: &str) -> Option<&'d str> {
    decision.outputs.get(name).map(|output| output.value.as_str())
}

#[test]
fn a_condition_asks_a_table_which_answers_nothing_for_what_it_does_not_know() {
    let granted = |country: &str| !decide(&[("countryCode", country)]).unwrap().is_empty();
    assert_eq!(["DE", "FR", "US", "NO", ""].map(granted), [true, true, false, false, false]);
}

#[test]
fn a_value_is_a_text_or_what_a_table_has() {
    let decision = decide(&[("countryCode", "DE"), ("city", "Oslo")]).unwrap();
    assert_eq!(value(&decision, "region"), Some("emea"));
    assert_eq!(value(&decision, "desk"), Some("First floor"));
    assert_eq!(value(&decision, "role"), None);
    assert_eq!(decision.outputs["desk"].because[0].rule, "desk");
    assert_eq!(value(&decide(&[("city", "Rome")]).unwrap(), "desk"), None);
}

#[test]
fn of_several_values_the_one_with_the_highest_priority_is_meant() {
    let hours =
        |country: &str| value(&decide(&[("countryCode", country)]).unwrap(), "hours").map(str::to_owned);
    assert_eq!(hours("DE").as_deref(), Some("CET"));
    assert_eq!(hours("US").as_deref(), Some("UTC"));
    // The managers' rule outdoes two that would be a tie.
    let person = [("title", "Sales Manager"), ("department", "Sales"), ("city", "Oslo")];
    assert_eq!(value(&decide(&person).unwrap(), "role"), Some("manager"));
}

#[test]
fn a_tie_is_an_error_and_not_a_guess() {
    let error = decide(&[("department", "Sales"), ("city", "Oslo")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rules \"sales\" and \"support\" (p.toml:43) both set \"role\", to different values: \
         give one of them a higher `priority`"
    );
}

#[test]
fn two_rules_that_set_the_same_value_agree() {
    let text = RULES.replace("\"helper\"", "\"seller\"");
    let person = Attributes::from_iter([("department", "Sales"), ("city", "Oslo")]);
    let decision = parse(&head_and(&text)).evaluate(&person).unwrap();
    assert_eq!(decision.outputs["role"].because.len(), 2);
}

#[test]
fn a_test_can_expect_a_value() {
    let with = |expect: &str| {
        let rules = head_and(RULES);
        format!(
            "{rules}[[tests]]\nname = \"t\"\nuser = {{ countryCode = \"DE\" }}\nexpect = {{ set = {{ {expect} }} }}\n"
        )
    };
    parse(&with("region = \"emea\", hours = \"CET\""));
    for (expect, expected) in [
        (
            "region = \"apac\"",
            "47:8: test \"t\" fails: expected region = \"apac\", got \"emea\", by rule \"emea\" (line 20)",
        ),
        ("role = \"x\"", "47:8: test \"t\" fails: expected role = \"x\", which no rule sets for this person"),
        (
            "regoin = \"x\"",
            "49:20: test \"t\" expects \"regoin\": no output \"regoin\"; did you mean \"region\"?",
        ),
    ] {
        assert_eq!(problems(&with(expect)), format!("p.toml:{expected}"));
    }
}

#[test]
fn what_cannot_be_meant_about_values_is_told_with_its_place() {
    for (rest, expected) in [
        ("[lookups.x]\n", "10:10: [lookups] \"x\" is empty; add what it knows, as in DE = \"emea\""),
        ("[lookups]\nx = 3\n", "11:5: invalid type: integer `3`, expected a map"),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'true'\nset = { x = 3 }\n",
            "15:13: rule \"r\" sets \"x\": this must be a text, or { lookup = \"a table\", by = \"an attribute\" }",
        ),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'true'\nset = { x = { lookup = \"regoin\", by = \"city\" } }\n",
            "15:13: rule \"r\" sets \"x\": no table \"regoin\"; did you mean \"region\"?",
        ),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'true'\nset = { x = { lookup = \"region\", by = \"ctiy\" } }\n",
            "15:13: rule \"r\" sets \"x\": no attribute \"ctiy\"; did you mean \"city\"?",
        ),
        (
            "[[rules]]\nid = \"r\"\nwhen = 'true'\ngrant = [\"a\"]\npriority = 3\n",
            "14:12: rule \"r\": `priority` chooses between rules that `set` the same; this one sets nothing",
        ),
        (
            "[[rules]]\nid = \"r\"\nwhen = 'true'\ngrant = [\"a\"]\nreview_by = 07:30:00\n",
            "14:13: rule \"r\": `review_by` must be a date, as in 2027-01-31",
        ),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'lookup(\"regio\", user.city) == \"\"'\ngrant = [\"a\"]\n",
            "14:16: rule \"r\": `when`: no table \"regio\"; did you mean \"region\"?",
        ),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'lookup(user.city, \"x\") == \"\"'\ngrant = [\"a\"]\n",
            "14:20: rule \"r\": `when`: the table must be a name in quotes, one of those under [lookups]",
        ),
        (
            "[lookups.region]\nDE = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'lookup(\"region\") == \"\"'\ngrant = [\"a\"]\n",
            "14:15: rule \"r\": `when`: lookup() takes a table and a value, as in lookup(\"region\", user.countryCode)",
        ),
    ] {
        let found = problems(&head_and(rest));
        assert_eq!(found.lines().next_back().unwrap(), format!("p.toml:{expected}"), "{rest}");
    }
}
