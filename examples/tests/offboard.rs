//! The example `offboard` as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use sandbox::OffboardingRequest;

use program::{Company, end, example};

#[test]
fn without_variables_it_offboards_somebody_of_its_own_sandbox_and_waits_for_the_look_afterwards() {
    let ended = end(&mut example("offboard"));
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "{ended:#?}");
    let expected = [
        "A sandbox company",
        "\nPlan: offboard ",
        "\nApplying it, as run ",
        " suspended: done\n",
        " sessions of ",
        " deactivated: done\n",
        "waiting at recheck-1 for 15 min to have gone by since the block",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn started_again_it_goes_on_with_the_same_run() {
    let company = Company::start().await;
    let state = company.sandbox.state();
    let users = state["okta"]["users"].as_array().unwrap();
    let leaver = users.iter().find(|user| user["profile"]["title"] == "VP of Sales").unwrap();
    let login = leaver["profile"]["login"].as_str().unwrap();
    let request = OffboardingRequest::scheduled(login, "2026-01-09");
    let ticket = company.sandbox.add_offboarding_request(&request).unwrap();

    let first = end(company.example("offboard").args(["--json", "--ticket", &ticket.number])).json();
    let again = end(company.example("offboard").args(["--json", "--ticket", &ticket.number])).json();
    assert_eq!(first["run"]["id"], again["run"]["id"]);
    let user = &company.sandbox.state()["okta"]["users"];
    let user = user.as_array().unwrap().iter().find(|user| user["profile"]["login"] == login).unwrap();
    assert_eq!(user["status"], "DEPROVISIONED");
}
