//! The policy that a newcomer reads first, and loading from disk.

use lifecycle::policy::{Attributes, Policy};

const ACME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/policies/acme.toml");

#[test]
fn the_example_policy_loads_and_nothing_is_found_in_it() {
    let policy = Policy::load(ACME).unwrap();
    assert_eq!(policy.name(), "acme-birthright");
    let findings = policy.lint(chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap());
    assert_eq!(findings, []);
    assert_eq!(policy.literals("department").len(), 10);
}

#[test]
fn the_example_policy_names_the_groups_of_the_sandbox() {
    let policy = Policy::load(ACME).unwrap();
    assert_eq!(policy.targets().count(), 20);
    for (target, granted) in policy.targets() {
        let name = granted.entitlement.name().unwrap_or_default();
        assert_eq!(granted.entitlement.id(), sandbox::group_id(name), "{target}");
    }
}

#[test]
fn a_reason_names_the_file_and_not_where_it_lies() {
    let policy = Policy::load(ACME).unwrap();
    let decision = policy.evaluate(&Attributes::from_iter([("userType", "employee")])).unwrap();
    let reason = decision.grants[0].because[0].to_string();
    assert!(reason.starts_with(r#"rule "employees" (acme.toml:"#), "{reason}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Policy::load("no/such/policy.toml").unwrap_err();
    assert!(error.to_string().starts_with("no/such/policy.toml: cannot be read: "), "{error}");
    assert_eq!(error.problems()[0].line(), None);
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |content: &[u8]| {
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, content).unwrap();
        Policy::load(path).unwrap_err().problems()[0].message().to_owned()
    };
    assert!(refused(b"name = \"\xff\"").starts_with("is no UTF-8 text"));
    assert_eq!(refused(&vec![b'#'; (1 << 20) + 1]), "is larger than 1048576 bytes, which no policy is");
    assert_eq!(refused(&vec![b'#'; 1 << 20]), "the key `version` is missing; write version = 1");
}
