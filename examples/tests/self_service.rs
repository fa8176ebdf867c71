//! The example `self_service` as its users meet it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod program;

use sandbox::{SignIn, Trouble};
use serde_json::json;

use program::{Company, end, example};

#[test]
fn without_variables_somebody_locks_themselves_out_and_is_let_in_again() {
    let ended = end(&mut example("self_service"));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{ended:#?}");
    let expected = [
        "A sandbox company",
        "\nPlan: unlock ",
        "Diagnosis of",
        "\nApplying it, as run ",
        " unlocked: done\n",
        "\nThe run is done\n",
        "\nTicket\n  INC00",
        " is Resolved\n",
        "Your account is unlocked",
        "  Okta: ACTIVE, 00u",
        "\nverified: ",
    ];
    let mut rest = ended.stdout.as_str();
    for part in expected {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_alone_writes_nothing_and_a_ticket_by_phone_waits_for_the_manager() {
    let company = Company::start().await;
    let users = company.sandbox.state()["servicenow"]["sys_user"].as_array().unwrap().clone();
    let person = users.iter().find(|user| user["employee_number"] == "10012").unwrap();
    let manager = users.iter().find(|user| user["sys_id"] == person["manager"]).unwrap();
    let caller = person["user_name"].as_str().unwrap().to_owned();
    company.sandbox.sign_in_to_okta(&caller, &SignIn::default()).unwrap();
    let trouble = Trouble { caller, contact_type: "phone".into(), ..Trouble::default() };
    let ticket = company.sandbox.add_trouble(&trouble).unwrap();
    let arguments = ["--what", "reset-password", "--ticket", &ticket.number, "--json"];

    let ended = end(company.example("self_service").args(arguments).arg("--plan-only"));
    assert_eq!(ended.status, 2, "{ended:#?}");
    assert_eq!(ended.json()["plan"]["operation"], "reset_password");
    assert!(company.sandbox.requests().iter().all(|request| request.method == "GET"));

    let ended = end(company.example("self_service").args(arguments));
    assert_eq!((ended.status, &ended.json()["run"]["status"]), (2, &json!("waiting")), "{ended:#?}");
    let confirmed = ["--confirmed-by", manager["user_name"].as_str().unwrap()];
    let ended = end(company.example("self_service").args(arguments).args(confirmed));
    assert_eq!((ended.status, &ended.json()["run"]["status"]), (0, &json!("done")), "{ended:#?}");
    let mails = company.sandbox.state()["okta"]["mails"].clone();
    assert_eq!(mails.as_array().map(Vec::len), Some(1));
}
