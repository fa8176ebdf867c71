//! What explains what somebody holds.

use std::collections::BTreeSet;

use super::{head_and, parse};
use crate::holdings::{Held, Provenance};
use crate::policy::{Attributes, Entitlement, Explained, Policy};

const RULES: &str = r#"
[targets.c]
okta_group = "00gc"

[targets.d]
okta_group = "00gd"
risk = "privileged"

[defaults]
department = "Unassigned"

[[rules]]
id = "all"
when = 'true'
grant = ["a", "b", "d"]
set = { desk = "global" }

[[rules]]
id = "no-c"
when = 'user.department == "Unassigned"'
deny = ["c"]

[[sod]]
id = "s"
conflict = [["a"], ["c"]]
severity = "high"
"#;

fn held(id: &str, provenance: Provenance) -> Held {
    Held { entitlement: group(id), provenance }
}

fn group(id: &str) -> Entitlement {
    Entitlement::OktaGroup { id: id.parse().unwrap(), name: None }
}

fn policy() -> Policy {
    parse(&head_and(RULES))
}

#[test]
fn each_thing_held_has_what_explains_it() {
    let holds = [
        held("00ga", Provenance::Direct),
        held("00gc", Provenance::Direct),
        held("00gd", Provenance::Direct),
        held("00ge", Provenance::Direct),
        held("00gf", Provenance::Rule),
    ];
    let claims = BTreeSet::from([group("00gc").claimed(), group("00gd").claimed()]);
    let explanation = policy().explain(&Attributes::new(), &holds, &claims).unwrap();
    let explained: Vec<&Explained> = explanation.holds.iter().map(|holding| &holding.explained).collect();
    assert!(
        matches!(
            explained[..],
            [
                Explained::Policy { .. },
                Explained::Denied { .. },
                Explained::Grant,
                Explained::Nothing,
                Explained::Elsewhere
            ]
        ),
        "{explained:?}"
    );
    let nothing: Vec<bool> = explained.into_iter().map(Explained::is_nothing).collect();
    assert_eq!(nothing, [false, true, false, true, false]);
    assert_eq!(explanation.missing, [group("00gb")]);
    assert_eq!(explanation.defaulted, ["department"]);
    assert_eq!(explanation.conflicts.len(), 1);
}

#[test]
fn people_read_it_like_this() {
    let holds = [held("00ga", Provenance::Direct), held("00gc", Provenance::Direct)];
    let explanation = policy().explain(&Attributes::new(), &holds, &BTreeSet::new()).unwrap();
    assert_eq!(
        explanation.to_string(),
        r#"Gets
   Okta group 00ga
     rule "all" (p.toml:22): true
   Okta group 00gb
     rule "all" (p.toml:22): true
May ask for
   Okta group 00gd
     rule "all" (p.toml:22): true
Must not have
   Okta group 00gc
     rule "no-c" (p.toml:28): user.department == "Unassigned"
desk is "global", by all
Unknown, and so the default: department
Holds
   Okta group 00ga: by all
 ! Okta group 00gc: denied by no-c
Does not hold yet
   Okta group 00gb
Holds together what nobody may
 ! a together with c (rule "s", p.toml:33)
"#
    );
}

#[test]
fn programs_read_it_too() {
    let explanation = policy().explain(&Attributes::new(), &[], &BTreeSet::new()).unwrap();
    let json = serde_json::json!(explanation);
    assert_eq!(json["grants"][0]["because"][0]["rule"], "all");
    assert_eq!(json["outputs"]["desk"]["value"], "global");
    assert!(json.get("reading").is_none());
}
