//! The example `event_hook` as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use program::{end, example};

#[test]
fn it_registers_verifies_shows_what_arrives_and_refuses_a_forgery() {
    let ended = end(&mut example("event_hook"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    let expected = [
        "An Okta org at http://127.0.0.1:",
        "\nA receiver at http://127.0.0.1:",
        "\nRegistered who",
        ": ACTIVE, UNVERIFIED\nVerified   who",
        ": ACTIVE, VERIFIED\n",
        "\nSuspending ",
        "\n  delivery ",
        "\n    user.lifecycle.suspend 00u",
        "\n    user.lifecycle.unsuspend 00u",
        "\nA forged delivery is answered 403 Forbidden\n",
        "\nThe hook is deleted\n",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

#[test]
fn it_tells_what_it_is() {
    let ended = end(example("event_hook").arg("--help"));
    assert_eq!(ended.status, 0);
    assert!(ended.stdout.contains("nothing to set up"), "{}", ended.stdout);
}
