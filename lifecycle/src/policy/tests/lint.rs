//! What the lint finds in a file, and among people.

use chrono::NaiveDate;
use serde_json::json;

use super::{head_and, parse};
use crate::policy::{Attributes, Finding, Person, Population, Severity};

fn shown(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{}", finding.line.unwrap_or(0), finding.check)).collect()
}

/// What is found in a file, each with its line.
fn lint(rest: &str) -> Vec<String> {
    shown(&parse(&head_and(rest)).lint(NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()))
}

/// A rule and a test, so that neither is missed. The rule stands in line 12.
const SOUND: &str = r#"
[[rules]]
id = "r"
when = 'user.department == "Sales"'
grant = ["a", "b"]

[[tests]]
name = "t"
user = {}
expect = { exactly = [] }
"#;

#[test]
fn a_sound_file_is_left_alone() {
    assert_eq!(lint(SOUND), [""; 0]);
}

#[test]
fn a_finding_says_where_what_and_what_would_be_right() {
    let policy = parse(&head_and(&format!("[targets.c]\nokta_group = \"00gc\"\n{SOUND}")));
    let findings = policy.lint(NaiveDate::MIN);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].to_string(),
        "p.toml:10: low: target-unused: target \"c\" is in no rule. \
         Grant it, take it out, or add birthright = false if people ask for it."
    );
    assert_eq!(json!(findings[0])["check"], "target-unused");
    assert_eq!(json!(findings[0])["severity"], "low");
}

#[test]
fn everything_that_a_file_can_show_is_found() {
    let privileged = "[targets.c]\nokta_group = \"00gc\"\nrisk = \"privileged\"\n";
    let rule = |rest: &str| format!("{SOUND}[[rules]]\nid = \"x\"\n{rest}\n");
    for (text, expected) in [
        ("[[rules]]\nid = \"r\"\nwhen = 'true'\ngrant = [\"a\", \"b\"]\n".to_owned(), vec!["0:no-tests"]),
        (
            format!("[targets.c]\nokta_group = \"00gc\"\nbirthright = false\n{SOUND}"),
            vec!["10:endless-grant"],
        ),
        (
            format!("[targets.c]\nokta_group = \"00gc\"\nbirthright = false\nreview = \"90d\"\n{SOUND}"),
            vec![],
        ),
        (format!("{privileged}{SOUND}"), vec!["10:endless-grant", "10:privileged-untested"]),
        (
            format!("{privileged}max_duration = \"8h\"\ngrace_working_days = 1\n{SOUND}")
                .replace("exactly = []", "absent = [\"c\"]"),
            vec!["10:privileged-grace"],
        ),
        (
            rule("when = 'user.city == \"Oslo\"'\ndeny = [\"c\"]")
                .replace("[[rules]]\nid = \"r\"", "[targets.c]\nokta_app = \"0oac\"\n[[rules]]\nid = \"r\""),
            vec!["11:deny-without-grant", "11:direct-app"],
        ),
        (
            format!(
                "[targets.c]\nservicenow_role = \"itil\"\nbirthright = false\nmax_duration = \"8h\"\n{SOUND}"
            ),
            vec!["10:direct-role"],
        ),
        (
            format!("{SOUND}[[sod]]\nid = \"s\"\nconflict = [[\"a\"], [\"b\"]]\nseverity = \"critical\"\n"),
            vec!["12:sod-in-one-rule"],
        ),
        (rule("when = 'user.department  ==  \"Sales\"'\ngrant = [\"a\"]"), vec!["21:duplicate-condition"]),
        (rule("when = 'user.title.contains(\"a\")'\ngrant = [\"a\"]"), vec!["21:broad-pattern"]),
        (
            rule("when = 'user.city != \"\" && user.title.matches(\"x*\")'\ngrant = [\"a\"]"),
            vec!["21:broad-pattern"],
        ),
        (rule("when = 'user.title.matches(\"^VP of \")'\ngrant = [\"a\"]"), vec![]),
        (rule("when = 'user.department == \"sales \"'\ngrant = [\"a\"]"), vec!["21:literal-variants"]),
        (
            rule("when = 'user.city == \"Oslo\"'\ngrant = [\"a\"]\nreview_by = 2026-05-31"),
            vec!["21:review-overdue"],
        ),
        (rule("when = 'user.city == \"Oslo\"'\ngrant = [\"a\"]\nreview_by = 2026-06-01"), vec![]),
        (format!("[lookups.region]\nDE = \"emea\"\n{SOUND}"), vec!["10:lookup-unused"]),
        (
            format!("[lookups.region]\nDE = \"emea\"\n{SOUND}").replace(
                "'user.department",
                "'lookup(\"region\", user.city + \"\") != \"\" || user.department",
            ),
            vec![],
        ),
    ] {
        assert_eq!(lint(&text), expected, "{text}");
    }
}

#[test]
fn a_conflict_is_as_severe_as_its_rule_says() {
    let policy = parse(&head_and(&format!(
        "{SOUND}[[sod]]\nid = \"s\"\nconflict = [[\"a\"], [\"b\"]]\nseverity = \"critical\"\n"
    )));
    let finding = &policy.lint(NaiveDate::MIN)[0];
    assert_eq!(finding.severity, Severity::Critical);
    assert!(
        finding.what.ends_with("rule \"r\" grants a together with b (rule \"s\", p.toml:21)"),
        "{finding}"
    );
}

/// Lines 12, 17, 22, 27 and 32.
const RULES: &str = r#"
[[rules]]
id = "sales"
when = 'user.department == "Sales"'
grant = ["a", "b"]

[[rules]]
id = "oslo"
when = 'user.city == "Oslo"'
grant = ["a"]

[[rules]]
id = "nobody"
when = 'user.department == "Falconry"'
grant = ["a"]

[[rules]]
id = "limbo"
when = 'user.department == "Limbo"'
grant = ["b"]

[[rules]]
id = "no-limbo"
when = 'user.department in ["Limbo", "Unassigned"]'
deny = ["b"]

[defaults]
department = "Unassigned"
"#;

fn person(attributes: &[(&str, &str)]) -> Person {
    let mut attributes: Attributes = attributes.iter().copied().collect();
    let login = format!("{}@acme.example", attributes.get_str("city").unwrap_or("x").to_lowercase());
    attributes.insert("login", login);
    Person::new(attributes)
}

fn lint_people(rest: &str, people: Vec<Person>) -> Vec<Finding> {
    parse(&head_and(rest)).lint_people(&Population { people, complete: true })
}

#[test]
fn everything_that_people_can_show_is_found() {
    let mut people = vec![person(&[("department", "Sales"), ("city", "Oslo")]); 20];
    people.push(person(&[("department", "Limbo"), ("city", "Rome")]));
    assert_eq!(
        shown(&lint_people(RULES, people.clone())),
        ["5:overlap", "17:rule-shadowed", "22:rule-never-true", "27:grant-always-denied"]
    );

    people.push(person(&[("department", "sales "), ("city", "Rome")]));
    people.extend([person(&[]), person(&[("department", " ")])]);
    let findings = lint_people(RULES, people);
    let said = |check: &str| {
        let found = findings.iter().find(|finding| finding.check.id() == check);
        found.unwrap_or_else(|| panic!("no {check} in {findings:#?}")).what.clone()
    };
    assert_eq!(
        said("value-variants"),
        "department is written in several ways: \"Sales\" (20 people), \"sales \" (1 person)"
    );
    assert_eq!(said("default-used"), "2 people (8.3 %) have no department, and so the default");
    assert_eq!(
        said("uncovered"),
        "no rule holds for 1 person (rome@acme.example) (4.1 % of all), in \"sales\""
    );
    assert_eq!(said("overlap"), "rules \"sales\" and \"oslo\" all grant \"a\" to 20 people");
}

#[test]
fn a_default_for_one_in_twenty_is_no_finding() {
    let mut people = vec![person(&[("department", "Sales"), ("city", "Oslo")]); 19];
    people.push(person(&[("city", "Oslo")]));
    assert!(shown(&lint_people(RULES, people)).iter().all(|found| !found.contains("default-used")));
}

#[test]
fn separation_of_duties_is_seen_in_what_is_granted_and_in_what_is_held() {
    let rules = format!("{RULES}\n[[sod]]\nid = \"s\"\nconflict = [[\"a\"], [\"b\"]]\nseverity = \"high\"\n");
    let policy = parse(&head_and(&rules));
    let mut holder = person(&[("department", "Limbo"), ("city", "Rome")]);
    holder.holds = policy.targets().map(|(_, target)| target.entitlement.clone()).collect();
    let people = vec![person(&[("department", "Sales"), ("city", "Oslo")]), holder];
    let findings = policy.lint_people(&Population { people, complete: true });
    let whats: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check.id().starts_with("sod"))
        .map(|found| &found.what)
        .collect();
    assert_eq!(
        whats,
        [
            "the policy gives a together with b (rule \"s\", p.toml:40): 1 person (oslo@acme.example)",
            "now, there holds a together with b (rule \"s\", p.toml:40): 1 person (rome@acme.example)",
        ]
    );
}

#[test]
fn people_about_whom_nothing_can_be_said_are_named_with_the_reason_and_without_the_value() {
    let mut odd = person(&[("city", "Rome")]);
    odd.attributes.insert("department", 4711);
    let findings = lint_people(RULES, vec![odd, person(&[("department", "Sales")])]);
    let failure = findings.iter().find(|finding| finding.check.id() == "evaluation-fails").unwrap();
    assert_eq!(
        failure.what,
        "nothing can be said about 1 person (rome@acme.example): \
         attribute \"department\" should be a string; it is an integer"
    );
}

#[test]
fn values_that_a_table_does_not_know_are_found() {
    let rules = "[lookups.region]\nOslo = \"emea\"\n[[rules]]\nid = \"r\"\nwhen = 'true'\n\
                 set = { region = { lookup = \"region\", by = \"city\" } }\n";
    let findings =
        lint_people(rules, vec![person(&[("city", "Oslo")]), person(&[("city", "Rome")]), person(&[])]);
    assert_eq!(shown(&findings), ["10:lookup-miss", "0:uncovered"]);
    assert_eq!(findings[0].what, "table \"region\" does not know city \"Rome\"");
}

#[test]
fn nobody_is_no_reason_to_panic() {
    assert!(!lint_people(RULES, Vec::new()).is_empty());
}
