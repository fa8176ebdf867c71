//! What a target may be, and how it may be held.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::{granted, parse, problems};
use crate::policy::{Approver, Attributes, Entitlement, Policy, Risk, Severity};

/// Lines 1 to 28.
const FILE: &str = r#"version = 1
name = "test"
owner = "iam-team"

[targets]
group = { okta_group = "00ga", name = "A" }
app = { okta_app = "0oaa", name = "Expenses", profile = { role = "clerk", modules = ["a"] }, risk = "high" }
desk = { servicenow_group = "0123456789abcdef0123456789abcdef" }
itil = { servicenow_role = "itil", grace_working_days = 2, approvals = 0 }

[targets.production]
okta_group = "00gp"
risk = "privileged"
max_duration = "8h"
approvers = ["owner", "ada.byron@acme.example"]
approvals = 2
review = "90d"

[[rules]]
id = "everybody"
when = "true"
grant = ["group", "desk", "itil", "production"]

[[sod]]
id = "pay"
conflict = [["app", "desk"], ["itil"]]
severity = "high"
why = "Who pays does not approve."
"#;

#[test]
fn targets_are_groups_apps_and_roles_of_both_systems() {
    let policy = parse(FILE);
    let shown: Vec<String> = policy.targets().map(|(_, target)| target.entitlement.to_string()).collect();
    assert_eq!(
        shown,
        [
            "Okta group \"A\" (00ga)",
            "Okta app \"Expenses\" (0oaa)",
            "ServiceNow group 0123456789abcdef0123456789abcdef",
            "ServiceNow role \"itil\"",
            "Okta group 00gp",
        ]
    );
    let Entitlement::OktaApp { profile, .. } = &policy.target("app").unwrap().entitlement else { panic!() };
    assert_eq!(json!(profile), json!({ "role": "clerk", "modules": ["a"] }));
}

#[test]
fn what_is_not_said_about_a_target_is_the_careful_thing() {
    let policy = parse(FILE);
    let (group, production) = (policy.target("group").unwrap(), policy.target("production").unwrap());
    assert_eq!((group.risk, group.birthright, group.grace_working_days), (Risk::Medium, true, 5));
    assert_eq!((group.max_duration, group.review, group.approvals), (None, None, 1));
    assert_eq!(group.approvers, [Approver::Manager, Approver::Owner]);

    assert_eq!((production.risk, production.birthright), (Risk::Privileged, false));
    assert_eq!((production.grace_working_days, production.approvals), (0, 2));
    assert_eq!(production.max_duration, Some(Duration::from_secs(8 * 3600)));
    assert_eq!(production.review, Some(Duration::from_secs(90 * 24 * 3600)));
    let ada = Approver::Login("ada.byron@acme.example".to_owned());
    assert_eq!(production.approvers, [Approver::Owner, ada]);
}

#[test]
fn what_stands_under_separation_of_duties_has_no_grace_unless_it_says_so() {
    let policy = parse(FILE);
    let grace = |name| policy.target(name).unwrap().grace_working_days;
    assert_eq!((grace("app"), grace("desk"), grace("itil")), (0, 0, 2));
}

#[test]
fn a_rule_that_grants_what_is_no_birthright_says_who_may_ask() {
    let decision = parse(FILE).evaluate(&Attributes::new()).unwrap();
    assert_eq!(granted(&decision), ["group", "desk", "itil"]);
    assert!(decision.grant("production").is_none());
    assert_eq!(decision.may_ask_for("production").unwrap().because[0].rule, "everybody");
}

#[test]
fn a_test_can_say_who_may_ask_and_a_target_that_may_be_asked_for_is_not_absent() {
    let with = |expect: &str| format!("{FILE}[[tests]]\nname = \"t\"\nuser = {{}}\nexpect = {expect}\n");
    parse(&with("{ eligible = [\"production\"] }"));
    for (expect, expected) in [
        ("{ absent = [\"production\"] }", "may ask for \"production\", by rule \"everybody\" (line 20)"),
        (
            "{ at_least = [\"production\"] }",
            "expected \"production\", which has to be asked for: write eligible = [\"production\"]",
        ),
        ("{ eligible = [\"group\"] }", "expected that \"group\" has to be asked for; it is a birthright"),
        ("{ eligible = [\"app\"] }", "expected \"app\", which no rule grants to this person"),
    ] {
        assert_eq!(problems(&with(expect)), format!("p.toml:30:8: test \"t\" fails: {expected}"));
    }
}

#[test]
fn two_entitlements_are_the_same_whatever_somebody_calls_them() {
    let group = |name: Option<&str>| Entitlement::OktaGroup {
        id: "00ga".parse().unwrap(),
        name: name.map(str::to_owned),
    };
    let app = Entitlement::OktaApp { id: "00ga".parse().unwrap(), name: None, profile: [].into() };
    assert_eq!(group(None), group(Some("A")));
    assert_eq!(BTreeSet::from([group(None), group(Some("A")), app]).len(), 2);
    assert_eq!(parse(FILE).target_of(&group(None)).unwrap().0, "group");
}

#[test]
fn an_entitlement_is_written_with_the_words_of_the_file() {
    let policy = parse(FILE);
    let written: Vec<_> = policy.targets().map(|(_, target)| json!(target.entitlement)).collect();
    assert_eq!(written[0], json!({ "okta_group": { "id": "00ga", "name": "A" } }));
    assert_eq!(written[3], json!({ "servicenow_role": { "name": "itil" } }));
    for (written, (_, target)) in written.into_iter().zip(policy.targets()) {
        assert_eq!(serde_json::from_value::<Entitlement>(written).unwrap(), target.entitlement);
    }
}

fn held<'p>(policy: &'p Policy, names: &[&str]) -> Vec<&'p Entitlement> {
    names.iter().map(|name| &policy.target(name).unwrap().entitlement).collect()
}

#[test]
fn a_conflict_needs_something_of_two_sides() {
    let policy = parse(FILE);
    for harmless in [&[][..], &["app", "desk"], &["itil"], &["itil", "group", "production"]] {
        assert_eq!(policy.conflicts(held(&policy, harmless)), [], "{harmless:?}");
    }
    let conflicts = policy.conflicts(held(&policy, &["itil", "group", "desk"]));
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].sides, [["desk"], ["itil"]]);
    assert_eq!((conflicts[0].severity, conflicts[0].line), (Severity::High, 25));
    assert_eq!(conflicts[0].why.as_deref(), Some("Who pays does not approve."));
    assert_eq!(conflicts[0].to_string(), "desk together with itil (rule \"pay\", p.toml:25)");
}

#[test]
fn what_cannot_be_meant_about_a_target_is_told_with_its_place() {
    for (line, column, expected) in [
        (
            "x = {}",
            1,
            "target \"x\" does not say what it is: add okta_group, okta_app, servicenow_group or servicenow_role",
        ),
        (
            "x = { okta_group = \"00gx\", okta_app = \"0oax\" }",
            1,
            "target \"x\" is several things: it must be one of okta_group, okta_app, servicenow_group or servicenow_role",
        ),
        ("x = { okta_group = \"00ga\" }", 20, "target \"x\" is the same group as target \"group\""),
        ("x = { servicenow_role = \"itil\" }", 25, "target \"x\" is the same role as target \"itil\""),
        (
            "x = { servicenow_role = \"admin\" }",
            25,
            "target \"x\": the role \"admin\" is given by a person who answers for it, never by a policy",
        ),
        (
            "x = { servicenow_role = \"it il\" }",
            25,
            "target \"x\": \"it il\" is no role's name: letters, digits, '_', '.' and '-'",
        ),
        (
            "x = { servicenow_role = \"x\", name = \"X\" }",
            37,
            "target \"x\": leave `name` out; servicenow_role is the role's name",
        ),
        (
            "x = { okta_group = \"00gx\", profile = { a = 1 } }",
            38,
            "target \"x\": `profile` is for an okta_app only",
        ),
        (
            "x = { okta_group = \"00gx\", risk = \"hihg\" }",
            35,
            "unknown variant `hihg`, expected one of `low`, `medium`, `high`, `privileged`",
        ),
        (
            "x = { okta_group = \"00gx\", risk = \"privileged\", birthright = true }",
            62,
            "target \"x\": privileged access is never a birthright: it is asked for. Leave `birthright` out",
        ),
        (
            "x = { okta_group = \"00gx\", max_duration = \"8\" }",
            43,
            "target \"x\": `max_duration` is \"8\"; write it as \"8h\", \"90d\" or \"4w\"",
        ),
        (
            "x = { okta_group = \"00gx\", review = \"0d\" }",
            37,
            "target \"x\": `review` is \"0d\"; write it as \"8h\", \"90d\" or \"4w\"",
        ),
        (
            "x = { okta_group = \"00gx\", approvers = [\"managr\"] }",
            41,
            "target \"x\": approver \"managr\" is neither \"manager\" nor \"owner\" nor a login such as \"ada.byron@acme.example\"",
        ),
        (
            "x = { okta_group = \"00gx\", approvers = [\"owner\", \"owner\"] }",
            50,
            "target \"x\" names the approver \"owner\" twice",
        ),
        (
            "x = { okta_group = \"00gx\", approvers = [\"a@b.example\"], approvals = 2 }",
            40,
            "target \"x\": `approvers` names 1, and `approvals` is 2",
        ),
        (
            "x = { okta_group = \"00gx\", risk = \"privileged\", approvals = 0 }",
            61,
            "target \"x\": privileged access is never granted without an approval",
        ),
    ] {
        let text = FILE.replace("\n[targets.production]", &format!("{line}\n[targets.production]"));
        assert_eq!(problems(&text), format!("p.toml:10:{column}: {expected}"), "{line}");
    }
}

#[test]
fn what_cannot_be_meant_about_separation_of_duties_is_told_with_its_place() {
    let with = |rest: &str| format!("{FILE}[[sod]]\n{rest}\n");
    for (rest, expected) in [
        (
            "id = \"pay\"\nconflict = [[\"group\"], [\"itil\"]]\nseverity = \"low\"",
            "p.toml:30:6: there is a sod rule \"pay\" in line 25 already",
        ),
        (
            "id = \"x\"\nconflict = [[\"group\"]]\nseverity = \"low\"",
            "p.toml:31:12: sod rule \"x\": `conflict` needs two sides at least, as in [[\"pay-clerk\"], [\"pay-approver\"]]",
        ),
        (
            "id = \"x\"\nconflict = [[\"group\"], []]\nseverity = \"low\"",
            "p.toml:31:24: sod rule \"x\" has a side without a target",
        ),
        (
            "id = \"x\"\nconflict = [[\"group\"], [\"grup\", \"group\"]]\nseverity = \"low\"",
            "p.toml:31:25: sod rule \"x\" names \"grup\": no target \"grup\"; did you mean \"group\"?\n\
             p.toml:31:33: sod rule \"x\" names \"group\" twice",
        ),
        (
            "id = \"x\"\nconflict = [[\"group\"], [\"itil\"]]\nseverity = \"bad\"",
            "p.toml:32:12: unknown variant `bad`, expected one of `info`, `low`, `medium`, `high`, `critical`",
        ),
    ] {
        assert_eq!(problems(&with(rest)), expected);
    }
}
