//! People who cannot sign in: locks, blocks, providers, what the log tells of it, and incidents that say so.
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod common;

use sandbox::{Limits, Sandbox, SignIn, Trouble};
use serde_json::{Value, json};

use common::{okta, servicenow};

async fn start() -> (Sandbox, Value) {
    let sandbox =
        Sandbox::builder().people(12).frozen_clock().limits(Limits::Unlimited).start().await.unwrap();
    let user = sandbox.state()["okta"]["users"][11].clone();
    (sandbox, user)
}

fn id(user: &Value) -> &str {
    user["id"].as_str().unwrap()
}

#[tokio::test]
async fn ten_wrong_passwords_lock_an_account_and_the_log_says_from_where() {
    let (sandbox, user) = start().await;
    for n in 0..10 {
        let how = SignIn { ip: format!("198.51.100.{n}"), right_password: false, ..SignIn::default() };
        assert!(!sandbox.sign_in_to_okta(id(&user), &how).unwrap());
    }
    assert!(!sandbox.sign_in_to_okta(id(&user), &SignIn::default()).unwrap(), "it is locked");
    let now = okta(&sandbox, &format!("GET /api/v1/users/{}", id(&user)), None).await.json();
    assert_eq!(now["status"], "LOCKED_OUT");
    let logs = sandbox.state()["okta"]["logs"].clone();
    let kinds: Vec<&str> =
        logs.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!((kinds.len(), kinds[10]), (12, "user.account.lock"));
    assert_eq!(logs[9]["client"]["ipAddress"], "198.51.100.9");
    assert_eq!(logs[11]["outcome"]["reason"], "LOCKED_OUT");
    okta(&sandbox, &format!("POST /api/v1/users/{}/lifecycle/unlock", id(&user)), None).await;
    assert!(sandbox.sign_in_to_okta(id(&user), &SignIn::default()).unwrap());
}

#[tokio::test]
async fn a_directorys_password_is_not_reset_here_unless_that_is_delegated() {
    let (sandbox, user) = start().await;
    let reset = format!("POST /api/v1/users/{}/lifecycle/reset_password?sendEmail=true", id(&user));
    for (provider, status, code) in [("ACTIVE_DIRECTORY", 405, "E0000076"), ("LDAP", 403, "E0000017")] {
        sandbox.set_okta_provider(id(&user), provider).unwrap();
        let answer = okta(&sandbox, &reset, None).await;
        assert_eq!((answer.status, answer.json()["errorCode"].as_str()), (status, Some(code)));
    }
    sandbox.set_okta_status(id(&user), "LOCKED_OUT").unwrap();
    let unlock = okta(&sandbox, &format!("POST /api/v1/users/{}/lifecycle/unlock", id(&user)), None).await;
    assert_eq!(unlock.json()["errorCode"], "E0000032");
    sandbox.delegate_okta_resets();
    assert_eq!(okta(&sandbox, &reset, None).await.status, 200);
}

#[tokio::test]
async fn a_factor_can_be_hidden_by_policy_and_shows_among_the_enrolments() {
    let (sandbox, user) = start().await;
    sandbox.add_okta_factor(id(&user), "push", "OKTA").unwrap();
    sandbox.hide_okta_factors(["push"]);
    let factors = okta(&sandbox, &format!("GET /api/v1/users/{}/factors", id(&user)), None).await.json();
    assert_eq!(factors, json!([]));
    let enrolled = format!("GET /api/v1/users/{}/authenticator-enrollments", id(&user));
    assert_eq!(okta(&sandbox, &enrolled, None).await.json()[0]["key"], "okta_verify");
}

#[tokio::test]
async fn messages_to_phones_can_be_used_up() {
    let (sandbox, user) = start().await;
    sandbox.refuse_okta_messages("E0000204");
    let sms = json!({"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+15554151337"}});
    let enrol = format!("POST /api/v1/users/{}/factors?activate=true", id(&user));
    let answer = okta(&sandbox, &enrol, Some(sms)).await;
    assert_eq!((answer.status, answer.json()["errorCode"].as_str()), (429, Some("E0000204")));
}

#[tokio::test]
async fn an_incident_says_whom_it_troubles_and_who_opened_it() {
    let (sandbox, user) = start().await;
    let caller = user["profile"]["login"].as_str().unwrap().to_owned();
    let other = sandbox.state()["okta"]["users"][1]["profile"]["login"].as_str().unwrap().to_owned();
    let trouble =
        Trouble { caller, opened_by: Some(other), contact_type: "phone".to_owned(), ..Trouble::default() };
    let ticket = sandbox.add_trouble(&trouble).unwrap();
    let row =
        servicenow(&sandbox, &format!("GET /api/now/table/incident/{}", ticket.sys_id), None).await.result();
    assert_eq!((row["number"].as_str(), row["state"].as_str()), (Some(ticket.number.as_str()), Some("1")));
    assert_ne!(row["caller_id"]["value"], row["opened_by"]["value"]);
    assert_eq!(row["contact_type"], "phone");
    assert!(sandbox.add_trouble(&Trouble::default()).is_err(), "nobody is troubled");
}
