//! The example `transfer` as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use program::{end, example};

#[test]
fn it_does_what_is_due_today_and_says_until_when_it_waits() {
    let ended = end(&mut example("transfer"));
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "{ended:#?}");
    let expected = [
        "A sandbox company",
        "\nPlan: transfer ",
        "profile of ",
        "\nApplying it, as run ",
        "profile of ",
        ": done\n",
        "\nThe run is waiting",
        "goes after 5 working days",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

#[test]
fn plan_only_writes_nothing_and_says_that_changes_are_pending() {
    let ended = end(example("transfer").arg("--plan-only"));
    assert_eq!(ended.status, 2, "{ended:#?}");
    assert!(ended.stdout.contains("Nothing was written"), "{}", ended.stdout);
}
