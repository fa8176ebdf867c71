//! Set algebra of moves.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::policy::{Decision, Denial, Entitlement, Grant, Movement};

fn role(number: u8) -> Entitlement {
    Entitlement::ServiceNowRole { name: format!("r{number}") }
}

fn roles(numbers: &[u8]) -> BTreeSet<Entitlement> {
    numbers.iter().map(|number| role(*number)).collect()
}

fn decision(grants: &[u8], eligible: &[u8], denied: &[u8]) -> Decision {
    let grant =
        |number: &u8| Grant { target: format!("t{number}"), entitlement: role(*number), because: Vec::new() };
    let denial = |number: &u8| Denial {
        target: format!("t{number}"),
        entitlement: role(*number),
        because: Vec::new(),
        overruled: Vec::new(),
    };
    let allowed =
        |numbers: &[u8]| numbers.iter().filter(|number| !denied.contains(number)).map(grant).collect();
    Decision {
        grants: allowed(grants),
        eligible: allowed(eligible),
        denials: denied.iter().map(denial).collect(),
        outputs: [].into(),
        matched_rules: 1,
        reading: Vec::new(),
    }
}

#[test]
fn each_set_has_what_it_is_named_for() {
    let old = decision(&[1, 2], &[3, 4], &[]);
    let new = decision(&[2, 5], &[4, 6], &[7]);
    let moved = Movement::between(&old, &new, &roles(&[1, 2, 3, 4, 7, 8]));
    assert_eq!(moved.keep, roles(&[2]));
    assert_eq!(moved.add, roles(&[5]));
    assert_eq!(moved.ask, roles(&[6]));
    assert_eq!(moved.drop, roles(&[1, 3, 7]));
    // 4 may be asked for still: whether somebody approved it, the policy does not know.
    assert_eq!(moved.extra, roles(&[4, 8]));
}

#[test]
fn who_moves_nowhere_loses_nothing() {
    let same = decision(&[1, 2], &[3], &[]);
    let moved = Movement::between(&same, &same, &roles(&[1, 2, 3]));
    assert_eq!((moved.keep.len(), moved.extra.len()), (2, 1));
    assert!(moved.add.is_empty() && moved.ask.is_empty() && moved.drop.is_empty());
}

#[test]
fn access_is_explained_by_the_policy_or_by_a_live_claim_unless_it_is_denied() {
    let decision = decision(&[1], &[2], &[3]);
    let held = roles(&[1, 2, 3, 4, 5]);
    let unexplained: Vec<_> = decision
        .unexplained(&held, &[role(3).claimed(), role(4).claimed()].into())
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(unexplained, [role(2), role(3), role(5)]);
}

fn numbers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::btree_set(0..12_u8, 0..8).prop_map(|numbers| numbers.into_iter().collect())
}

proptest! {
    #[test]
    fn the_sets_are_what_they_promise(
        old in (numbers(), numbers(), numbers()), new in (numbers(), numbers(), numbers()), current in numbers(),
    ) {
        let old = decision(&old.0, &old.1, &old.2);
        let new = decision(&new.0, &new.1, &new.2);
        let current = roles(&current);
        let Movement { keep, add, ask, drop, extra } = Movement::between(&old, &new, &current);

        // What is held is in one of three sets, and in no two.
        let all: BTreeSet<_> = keep.iter().chain(&drop).chain(&extra).cloned().collect();
        prop_assert_eq!(&all, &current);
        prop_assert_eq!(keep.len() + drop.len() + extra.len(), current.len());
        // What is not held is only added or asked for.
        prop_assert!(add.is_disjoint(&current) && ask.is_disjoint(&current));
        // Afterwards the person has what the policy grants, and nothing that it denies.
        let after: BTreeSet<_> = keep.iter().chain(&add).chain(&extra).cloned().collect();
        prop_assert!(new.grants.iter().all(|grant| after.contains(&grant.entitlement)));
        prop_assert!(new.denials.iter().all(|denial| !after.contains(&denial.entitlement)));
        // Nothing goes that the new policy grants, and nothing stays that only the old one explained.
        prop_assert!(drop.iter().all(|dropped| !new.entitles_to(dropped)));
        prop_assert!(extra.iter().all(|extra| old.reason(extra).is_none() || new.reason(extra).is_some()));
        // What is dropped or kept needs nobody's memory: a second look finds nothing left to do.
        let again = Movement::between(&new, &new, &after);
        prop_assert!(again.add.is_empty() && again.drop.is_empty());
    }
}
