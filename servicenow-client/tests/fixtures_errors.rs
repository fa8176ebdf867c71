//! Every refusal that is documented or was reported, and what is made of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, scripted};
use proptest::prelude::*;
use serde_json::json;
use servicenow_client::tables::ScTask;
use servicenow_client::{
    Cancellation, Class, Error, Operation, Problem as _, ProblemKind as K, ServiceNowProblem, SysId,
};

fn id(text: &str) -> SysId {
    text.parse().unwrap()
}

async fn refusal(answer: impl Fn() -> Answer) -> Error {
    // As often as a patient client asks.
    let (servicenow, _, _) = scripted((0..20).map(|_| answer()));
    servicenow.table::<ScTask>().get(&id("ab")).await.unwrap_err()
}

async fn problem(status: u16, message: &str, detail: Option<&str>) -> ServiceNowProblem {
    let body = json!({"error": {"message": message, "detail": detail}, "status": "failure"});
    let error = refusal(|| Answer::json(status, &body).header("x-transaction-id", "75a81c34c39a")).await;
    assert_eq!(error.request_id(), Some("75a81c34c39a"));
    error.problem().unwrap_or_else(|| panic!("{error:?}")).clone()
}

#[tokio::test]
async fn each_refusal_says_what_it_is_and_what_may_help() {
    let acl = |operation| K::AccessControl { operation };
    let rule =
        |name: &str, sys_id: Option<&str>| K::BusinessRule { name: name.into(), sys_id: sys_id.map(id) };
    let policy =
        |fields: &[&str]| K::DataPolicy { fields: fields.iter().map(|&field| field.into()).collect() };
    let hex = "0123456789abcdef0123456789abcdef";
    let failed = "Operation Failed";
    let stack = format!(
        "Operation against file 'incident' was aborted by Business Rule 'Ann's^2 rule^{hex}'. Business Rule Stack:x"
    );
    let german = format!(
        "Der Vorgang für die Datei 'incident' wurde durch die Geschäftsregel 'Regel^{hex}' abgebrochen"
    );
    for (status, message, detail, kind, class) in [
        (400, "Invalid table no_such_table", None, K::InvalidTable, Class::Invalid),
        (400, "Requested URI does not represent any resource", None, K::UnknownResource, Class::Invalid),
        (400, "Exception while reading request", Some("no JSON"), K::Invalid, Class::Invalid),
        (400, "Ungültige Tabelle x", None, K::Invalid, Class::Invalid),
        (414, "URI Too Long", None, K::Invalid, Class::Invalid),
        (
            403,
            failed,
            Some("ACL Exception Insert Failed due to security constraints"),
            acl(Some(Operation::Insert)),
            Class::Forbidden,
        ),
        (
            403,
            failed,
            Some("ACL Exception Update Failed due to security constraints"),
            acl(Some(Operation::Update)),
            Class::Forbidden,
        ),
        (
            403,
            failed,
            Some("ACL Exception Delete Failed due to security constraints"),
            acl(Some(Operation::Delete)),
            Class::Forbidden,
        ),
        (403, failed, Some("ACL"), acl(None), Class::Forbidden),
        (
            403,
            failed,
            Some("Data Policy Exception: The following fields are mandatory: A, B b"),
            policy(&["A", "B b"]),
            Class::Invalid,
        ),
        (
            403,
            failed,
            Some("Data Policy Exception: The following fields are read only: A"),
            policy(&["A"]),
            Class::Invalid,
        ),
        (403, failed, Some(stack.as_str()), rule("s^2 rule", Some(hex)), Class::WrongState),
        (403, failed, Some(german.as_str()), rule("Regel", Some(hex)), Class::WrongState),
        (
            403,
            failed,
            Some("was aborted by Business Rule 'Plain'. Stack"),
            rule("Plain", None),
            Class::WrongState,
        ),
        (
            403,
            "Vorgang fehlgeschlagen",
            Some("Datenrichtlinie: Pflichtfelder: A"),
            K::Forbidden,
            Class::Forbidden,
        ),
        (403, "Insufficient rights to query records", None, K::QueryRights, Class::Forbidden),
        (
            403,
            failed,
            Some("Unique Key violation detected by database (Duplicate entry)"),
            K::DuplicateKey,
            Class::Conflict,
        ),
        (404, "Kein Datensatz gefunden", None, K::NotFound, Class::NotFound),
        (405, "Method not supported", None, K::Unsupported, Class::Invalid),
        (406, "Not acceptable", None, K::Unsupported, Class::Invalid),
        (415, "Unsupported Media Type", None, K::Unsupported, Class::Invalid),
        (429, "Rate limit exceeded", None, K::RateLimit { rule: None }, Class::RateLimited),
        (429, "busy", None, K::Semaphore, Class::RateLimited),
        (500, "script error", None, K::Unavailable, Class::Unavailable),
        (503, "draining", None, K::Unavailable, Class::Unavailable),
    ] {
        let problem = problem(status, message, detail).await;
        assert_eq!((&problem.kind, problem.class()), (&kind, class), "{status} {message} {detail:?}");
        let shown = problem.to_string();
        assert!(
            shown.starts_with(message) && shown.ends_with(problem.hint()) && problem.hint().len() > 20,
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_transaction_says_by_what_it_was_cancelled() {
    for (wording, cause) in [
        ("maximum execution time exceeded", Cancellation::MaximumTime),
        ("canceled by other transaction", Cancellation::OtherTransaction),
        ("canceled by user request", Cancellation::User),
        ("", Cancellation::Unknown),
    ] {
        let message = format!("Transaction cancelled: {wording}");
        let problem = problem(200, &message, None).await;
        assert_eq!(problem.kind, K::Cancelled { cause });
        let broken =
            format!(r#"{{"result":[{{"sys_id":"1","description":"by user"}},"error":{{"message":"{message}"#);
        let error = refusal(|| Answer::json(200, &broken)).await;
        assert_eq!(error.problem().unwrap().kind, K::Cancelled { cause }, "{broken}");
    }
}

#[tokio::test]
async fn statuses_without_a_body_of_ours_are_told_too() {
    for (status, kind) in [
        (403, K::Forbidden),
        (404, K::Unavailable),
        (409, K::DuplicateKey),
        (429, K::Semaphore),
        (502, K::Unavailable),
        (202, K::Dropped),
    ] {
        let body = if status == 202 { "" } else { "<html>gateway</html>" };
        let error = refusal(|| Answer::text(status, body)).await;
        let problem = error.problem().unwrap();
        assert_eq!(problem.kind, kind);
        assert!(!problem.message.is_empty() && !problem.message.contains("html"));
    }
    let ruled = || Answer::text(429, "").header("x-ratelimit-rule", "8c7d1d3a4fe2c7009aa0a9f18110c7ff");
    let error = refusal(ruled).await;
    let rule = Some(id("8c7d1d3a4fe2c7009aa0a9f18110c7ff"));
    assert_eq!(error.problem().unwrap().kind, K::RateLimit { rule });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever an instance, or what stands before it, answers: an error of bounded length, and no panic.
    #[test]
    fn no_error_body_is_too_odd(
        status in prop_oneof![Just(200_u16), Just(201), Just(202), 400..600_u16],
        body in prop_oneof![
            ".{0,200}",
            "\\{\"error\":(\\{\"message\":\"(\\^|'|:|,|ACL|é|\\\\u0000|Business Rule){0,20}\",\"detail\":\"('x\\^|[0-9a-f]{32}'|fields are mandatory:|,|Data Policy Exception:){0,9}\"\\}|null|7|\"x\")\\}",
            "\\{\"result\":\\[(\\{\\},?){0,3}\"error\": Transaction cancelled.{0,20}",
        ],
        kind in prop_oneof![Just("application/json"), Just("text/html"), Just("")],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let error = refusal(|| Answer::text(status, body.clone()).header("content-type", kind)).await;
            let text = format!("{error} {}", error.problem().map(ToString::to_string).unwrap_or_default());
            assert!(text.chars().count() < 2_000 && !text.contains('\n'), "{text}");
        });
    }
}
