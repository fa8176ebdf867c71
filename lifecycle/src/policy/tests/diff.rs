//! What another policy would change.

use serde_json::json;

use super::{head_and, parse};
use crate::policy::{Attributes, Diff, Entitlement, Person, Policy, Population, Verdict, Who};
use crate::rails::{Rail, Rails};

const RULES: &str = r#"
[targets.admin]
okta_group = "00gadmin"
risk = "privileged"
max_duration = "8h"

[[rules]]
id = "sales"
when = 'user.department == "Sales"'
grant = ["a"]
set = { desk = "sales" }

[[rules]]
id = "legal"
when = 'user.department == "Legal"'
grant = ["b"]
"#;

fn policy(change: impl Fn(&str) -> String) -> Policy {
    parse(&head_and(&change(RULES)))
}

fn person(login: &str, department: &str) -> Person {
    let attributes =
        [("login", login), ("firstName", "Ann"), ("lastName", login), ("department", department)];
    Person::new(Attributes::from_iter(attributes))
}

/// So many people of each department.
fn people(departments: &[(&str, usize)]) -> Population {
    let of = |(department, count): &(&str, usize)| {
        let department = (*department).to_owned();
        (0..*count).map(move |n| person(&format!("{department}{n}"), &department)).collect::<Vec<_>>()
    };
    Population { people: departments.iter().flat_map(of).collect(), complete: true }
}

fn diff(change: impl Fn(&str) -> String, population: &Population) -> Diff {
    policy(str::to_owned).diff(&policy(change), population)
}

fn logins(people: &[Who]) -> Vec<&str> {
    people.iter().map(|who| who.login.as_str()).collect()
}

fn rails(diff: &Diff) -> Vec<Rail> {
    match diff.verdict(&Rails::default()) {
        Verdict::RailsTripped { trips } => trips.iter().map(|trip| trip.rail).collect(),
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn the_same_policy_changes_nothing() {
    let population = people(&[("Sales", 3), ("Legal", 2), ("IT", 1)]);
    let same = diff(|rules| rules.replace("id = \"sales\"", "id = \"other-name\""), &population);
    assert!(same.is_empty());
    assert_eq!(same.verdict(&Rails::default()), Verdict::Unchanged);
    assert_eq!(same.verdict(&Rails::default()).exit_code(), 0);
    assert!(same.to_string().ends_with("Nothing would change.\n"));
}

#[test]
fn who_gets_what_and_who_loses_what_is_told_by_name() {
    let population = people(&[("Sales", 10), ("Legal", 2), ("IT", 8)]);
    let changed = diff(|rules| rules.replace("== \"Legal\"", "in [\"IT\", \"Legal2\"]"), &population);
    assert_eq!((changed.people, changed.changed, changed.losing), (20, 10, 2));
    let target = &changed.targets[0];
    assert_eq!((target.target.as_str(), target.members, target.members_after), ("b", 2, 8));
    assert_eq!(target.granted.adds.len(), 8);
    assert_eq!(logins(&target.granted.removes), ["Legal0", "Legal1"]);
    assert_eq!(logins(&changed.left_with_nothing), ["Legal0", "Legal1"]);
    assert_eq!(changed.verdict(&Rails::default()), Verdict::Changed);
    assert_eq!(changed.verdict(&Rails::default()).exit_code(), 2);
}

#[test]
fn another_name_for_a_target_changes_nobodys_access() {
    let renamed = |rules: &str| rules.replace("targets.admin", "targets.root");
    assert!(diff(renamed, &people(&[("Sales", 3)])).is_empty());
}

#[test]
fn a_group_that_nobody_would_hold_is_told_with_those_who_hold_it_for_other_reasons() {
    let gone = |rules: &str| rules.replace("grant = [\"b\"]", "deny = [\"b\"]");
    let mut population = people(&[("Sales", 20), ("Legal", 1)]);
    assert_eq!(diff(gone, &population).emptied, ["b"]);
    let held = Entitlement::OktaGroup { id: "00gb".parse().unwrap(), name: None };
    population.people[0].holds.insert(held);
    let diff = diff(gone, &population);
    assert_eq!(diff.emptied, [""; 0]);
    assert_eq!((diff.targets[0].members, diff.targets[0].members_after), (2, 1));
}

#[test]
fn privileged_access_needs_an_approval() {
    let population = people(&[("Sales", 3), ("Legal", 3)]);
    let why = |change: fn(&str) -> String| match diff(change, &population).verdict(&Rails::default()) {
        Verdict::NeedsApproval { because } => because.join("; "),
        verdict => panic!("{verdict:?}"),
    };
    assert_eq!(
        why(|rules| rules.replace("grant = [\"a\"]", "grant = [\"a\", \"admin\"]")),
        "3 people may ask for admin, which is privileged"
    );
    assert_eq!(
        why(|rules| rules.replace("8h", "30d")),
        "max_duration of admin, which is privileged, is 30days and was 8h"
    );
    assert_eq!(
        why(|rules| rules.replace("risk = \"privileged\"\n", "")),
        "risk of admin, which is privileged, is medium and was privileged; \
         birthright of admin, which is privileged, is true and was false; \
         grace_working_days of admin, which is privileged, is 5 and was 0"
    );
}

#[test]
fn what_is_no_more_denied_needs_an_approval_too() {
    let population = people(&[("Sales", 3)]);
    let denying = policy(|rules| rules.replace("grant = [\"a\"]", "grant = [\"a\"]\ndeny = [\"admin\"]"));
    let verdict = denying.diff(&policy(str::to_owned), &population).verdict(&Rails::default());
    assert_eq!(verdict.exit_code(), 5);
    assert_eq!(
        verdict.to_string(),
        "Somebody has to approve this:\n  3 people are no more denied admin, which is privileged"
    );
}

#[test]
fn new_conflicts_are_found_also_with_what_people_hold_for_other_reasons() {
    let sod = "\n[[sod]]\nid = \"s\"\nconflict = [[\"a\"], [\"b\"]]\nseverity = \"high\"\n";
    let mut population = people(&[("Sales", 2), ("Legal", 2)]);
    population.people[0].holds.insert(Entitlement::OktaGroup { id: "00gb".parse().unwrap(), name: None });
    let old = policy(|rules| format!("{rules}{sod}"));
    // The first has it already: that is no news.
    let both = |rules: &str| format!("{rules}{sod}").replace("== \"Sales\"", "in [\"Sales\", \"Legal\"]");
    let diff = old.diff(&policy(both), &population);
    let who: Vec<_> = diff.conflicts.iter().map(|new| new.who.login.as_str()).collect();
    assert_eq!(who, ["Legal0", "Legal1"]);
    assert_eq!(diff.verdict(&Rails::default()).exit_code(), 5);
}

#[test]
fn rails_stop_what_is_too_much_or_stands_on_sand() {
    let gone = |rules: &str| rules.replace("== \"Sales\"", "== \"Sails\"");
    assert_eq!(rails(&diff(gone, &people(&[("Sales", 4), ("IT", 26)]))), [Rail::Removals]);
    assert_eq!(diff(gone, &people(&[("Sales", 3), ("IT", 27)])).verdict(&Rails::default()).exit_code(), 2);
    assert_eq!(rails(&diff(gone, &people(&[("Sales", 60), ("IT", 60)]))), [Rail::Removals]);
    assert_eq!(
        rails(&diff(gone, &people(&[("Sales", 120)]))),
        [Rail::Removals, Rail::GroupRemovals, Rail::Changed]
    );
    assert_eq!(rails(&diff(str::to_owned, &people(&[]))), [Rail::EmptySource]);
    let partial = Population { complete: false, ..people(&[("IT", 3)]) };
    assert_eq!(rails(&diff(str::to_owned, &partial)), [Rail::PartialSource]);

    let mut odd = people(&[("IT", 3)]);
    odd.people[0].attributes.insert("department", 3);
    let failed = diff(str::to_owned, &odd);
    assert_eq!(rails(&failed), [Rail::Failed]);
    assert_eq!(failed.verdict(&Rails::default()).exit_code(), 3);
}

#[test]
fn values_that_would_be_others_are_told() {
    let changed =
        diff(|rules| rules.replace("desk = \"sales\"", "desk = \"shop\""), &people(&[("Sales", 2)]));
    assert_eq!(logins(&changed.outputs["desk"]), ["Sales0", "Sales1"]);
    assert_eq!(changed.verdict(&Rails::default()), Verdict::Changed);
}

#[test]
fn people_read_it_like_this() {
    let population = people(&[("Sales", 10), ("Legal", 2), ("IT", 9)]);
    let changed = diff(|rules| rules.replace("== \"Legal\"", "in [\"IT\", \"Legal2\"]"), &population);
    let shown = changed.to_string();
    for part in [
        "21 people\n11 people would change, 2 would lose something.\n",
        "Target   Risk     Members   Get            Lose           May ask   Denied   Most in",
        "b        medium   2 → 9     +9 (450.0 %)   -2 (100.0 %)                      IT 9, Legal 2",
        "  get b: IT0, IT1, IT2, IT3, IT4, IT5, IT6, IT7 and 1 more\n  lose b: Legal0, Legal1\n",
        "\nWould be left with nothing\n  Legal0 (Ann Legal0, Legal)\n",
    ] {
        assert!(shown.contains(part), "no {part:?} in\n{shown}");
    }
}

#[test]
fn programs_read_it_too() {
    let changed =
        diff(|rules| rules.replace("== \"Legal\"", "== \"IT\""), &people(&[("Legal", 1), ("IT", 1)]));
    let written = json!(changed);
    assert_eq!(written["targets"][0]["granted"]["adds"][0]["login"], "IT0");
    assert_eq!(serde_json::from_value::<Diff>(written).unwrap(), changed);
    assert_eq!(json!(changed.verdict(&Rails::default())), json!({ "verdict": "changed" }));
}
