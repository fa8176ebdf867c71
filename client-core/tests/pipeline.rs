//! The pipeline over a scripted network: what is sent when, what is repeated, and what is told.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{
    Call, Class, CredentialError, Credentials, Delivery, Failure, Listing, Page, Path, Pipeline, Remedy,
    Request, RetryPolicy, Safety, SecretString, StaticAuthorization, Transport, TransportError,
};
use http::{HeaderValue, Method, StatusCode};

use support::{Dice, Step, Tiny, World, done, read};

const SAFETIES: [Safety; 3] = [Safety::Read, Safety::Idempotent, Safety::Unsafe];

#[tokio::test]
async fn each_attempt_gets_its_place_then_credentials_then_goes_out_and_is_judged() {
    let world = World::new([
        Step::status(503).header("x-limit", "100 0 10"),
        Step::status(200).header("x-limit", "100 99 60"),
    ]);
    world.pipeline.send(&read()).await.unwrap();
    assert_eq!(
        world.diary.take(),
        [
            "bucket",
            "credentials",
            "send",
            "signal",
            "judge",
            "tiny.things.list attempt 503",
            "tiny.things.list again after 1 in 500",
            "sleep 500",
            // Ten seconds and one more, less the half second that is over.
            "tiny.things.list waits 10500 for all",
            "sleep 10500",
            "credentials",
            "send",
            "signal",
            "judge",
            "tiny.things.list attempt 200",
        ]
    );
}

#[tokio::test]
async fn the_delays_double_up_to_the_cap_and_are_drawn_from_zero_to_that() {
    let longest = World::with((0..7).map(|_| Step::status(503)), |_, config| {
        config.retry = RetryPolicy { attempts: 7, ..RetryPolicy::default() };
    });
    let error = longest.pipeline.send(&read()).await.unwrap_err();
    assert_eq!(longest.clock.slept_millis(), [500, 1000, 2000, 4000, 8000, 8000]);
    assert_eq!(error.attempts(), 7);
    assert_eq!(error.problem().unwrap().status, 503);

    let drawn = World::with((0..5).map(|_| Step::status(503)), |_, config| {
        config.randomness = Arc::new(Dice::showing([501, 7, 2003, 4000]));
    });
    drawn.pipeline.send(&read()).await.unwrap_err();
    // The remainders by 501, 1001, 2001 and 4001.
    assert_eq!(drawn.clock.slept_millis(), [0, 7, 2, 4000]);
}

#[tokio::test]
async fn an_unsafe_call_is_not_repeated_after_an_ambiguous_end() {
    for (step, delivery) in [
        (Step::lost(Delivery::Unknown), Delivery::Unknown),
        (Step::status(500), Delivery::Unknown),
        (Step::status(504), Delivery::Unknown),
        (Step::status(200).header("content-type", "text/html"), Delivery::Unknown),
    ] {
        let world = World::new([step]);
        let error = world.pipeline.send(&done(Safety::Unsafe)).await.unwrap_err();
        assert_eq!((error.delivery(), error.attempts()), (delivery, 1), "{error}");
        assert!(error.to_string().contains("may have been done"), "{error}");
        assert_eq!((world.network.count(), world.clock.sleeps().len()), (1, 0));
    }
}

#[tokio::test]
async fn a_write_that_was_done_is_not_repeated_because_its_answer_cannot_be_read() {
    for safety in [Safety::Idempotent, Safety::Unsafe] {
        let world = World::new([Step::status(200).body(r#"{"half":"#)]);
        let call =
            Call::<serde_json::Value>::write("tiny.make", safety, Request::post(Path::new("/api/things")));
        let error = world.pipeline.send(&call).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::Done);
        assert!(matches!(error.failure(), Failure::Decode(_)));
        assert!(!error.to_string().contains("may have been done"), "{error}");
        assert_eq!(world.network.count(), 1);
    }
}

#[tokio::test]
async fn a_read_whose_answer_was_spoilt_is_sent_again() {
    let world = World::new([
        Step::status(200).body(r#"{"half":"#),
        Step::status(200).header("content-type", "text/html").body("<html>"),
        Step::status(200).body("[1]"),
    ]);
    assert_eq!(world.pipeline.send(&read()).await.unwrap(), serde_json::json!([1]));
}

#[tokio::test]
async fn what_would_only_happen_again_is_not_tried_again() {
    for safety in SAFETIES {
        let world = World::new([Step::lost(Delivery::Unknown).lasting()]);
        let error = world.pipeline.send(&done(safety)).await.unwrap_err();
        assert_eq!((world.network.count(), error.is_retryable()), (1, false), "{safety:?}");
    }
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_whatever_it_is() {
    for safety in SAFETIES {
        let world =
            World::new([Step::lost(Delivery::NotSent), Step::lost(Delivery::NotSent), Step::status(204)]);
        world.pipeline.send(&done(safety)).await.unwrap();
        assert_eq!(world.network.count(), 3, "{safety:?}");
    }
}

#[tokio::test]
async fn what_the_other_side_was_too_busy_for_is_sent_again_whatever_it_is() {
    for safety in SAFETIES {
        let world = World::new([Step::status(423), Step::status(200)]);
        world.pipeline.send(&done(safety)).await.unwrap();
        assert_eq!(world.clock.slept_millis(), [500], "{safety:?}");
    }
}

#[tokio::test]
async fn what_one_attempt_may_have_done_no_later_refusal_undoes() {
    for second in [Step::status(400), Step::status(409), Step::lost(Delivery::NotSent).lasting()] {
        let world = World::new([Step::lost(Delivery::Unknown), second]);
        let error = world.pipeline.send(&done(Safety::Idempotent)).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
    }
    let world = World::new([Step::status(423), Step::status(400)]);
    assert_eq!(
        world.pipeline.send(&done(Safety::Idempotent)).await.unwrap_err().delivery(),
        Delivery::Refused
    );
}

#[tokio::test]
async fn a_deletion_that_finds_nothing_after_one_that_was_lost_is_done() {
    let delete = |safety| {
        Call::done("tiny.things.delete", safety, Request::delete(Path::new("/api/things").value("7")))
    };
    let world = World::new([Step::status(502), Step::status(404)]);
    world.pipeline.send(&delete(Safety::Idempotent)).await.unwrap();
    assert_eq!(world.network.count(), 2);
    // Refused and sent again is not lost, and to find nothing at first is an error.
    for steps in [vec![Step::status(423), Step::status(404)], vec![Step::status(404)]] {
        let world = World::new(steps);
        assert!(world.pipeline.send(&delete(Safety::Idempotent)).await.unwrap_err().is_not_found());
    }
    // Only a deletion.
    let world = World::new([Step::status(502), Step::status(404)]);
    assert!(world.pipeline.send(&done(Safety::Idempotent)).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_idempotent_call_is_repeated_after_an_ambiguous_end() {
    let world = World::new([Step::lost(Delivery::Unknown), Step::status(502), Step::status(200)]);
    world.pipeline.send(&done(Safety::Idempotent)).await.unwrap();
    assert_eq!(world.network.count(), 3);
}

#[tokio::test]
async fn a_refusal_that_stays_one_is_not_repeated() {
    for (status, class) in [
        (400, Class::Invalid),
        (401, Class::Unauthenticated),
        (403, Class::Forbidden),
        (404, Class::NotFound),
        (409, Class::Conflict),
        (422, Class::WrongState),
    ] {
        let world = World::new([Step::status(status).header("x-id", "r-1")]);
        let error = world.pipeline.send(&read()).await.unwrap_err();
        assert_eq!(client_core::Problem::class(error.problem().unwrap()), class);
        assert_eq!(error.status(), Some(StatusCode::from_u16(status).unwrap()));
        assert_eq!(error.request_id(), Some("r-1"));
        assert_eq!(error.delivery(), Delivery::Refused);
        assert!(!error.is_retryable());
        assert_eq!(world.network.count(), 1);
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_is_no_attempt() {
    for safety in SAFETIES {
        let mut script: Vec<_> = (0..7).map(|_| Step::limited(8)).collect();
        script.push(Step::status(200));
        let world = World::new(script);
        world.pipeline.send(&done(safety)).await.unwrap();
        // Eight seconds and one more, for each of them; the pipeline itself adds nothing.
        let waits: Vec<_> = world.clock.slept_millis().into_iter().filter(|slept| *slept > 0).collect();
        assert_eq!(waits, [9000; 7], "{safety:?}");
    }
}

#[tokio::test]
async fn waits_for_a_rate_limit_leave_the_other_delays_as_they_were() {
    let world = World::new([
        Step::limited(8),
        Step::limited(8),
        Step::status(503),
        Step::status(503),
        Step::status(503),
        Step::status(503),
        Step::status(200),
    ]);
    world.pipeline.send(&read()).await.unwrap();
    let slept: Vec<_> = world.clock.slept_millis().into_iter().filter(|slept| *slept > 0).collect();
    assert_eq!(slept, [9000, 9000, 500, 1000, 2000, 4000]);
}

#[tokio::test]
async fn a_rate_limit_that_never_ends_does() {
    let world = World::new((0..11).map(|_| Step::limited(60)));
    let error = world.pipeline.send(&done(Safety::Unsafe)).await.unwrap_err();
    assert!(error.is_rate_limited() && error.is_retryable());
    assert_eq!((error.attempts(), error.delivery()), (11, Delivery::Refused));
}

#[tokio::test]
async fn too_many_at_once_is_met_with_a_back_off_and_not_with_a_closed_bucket() {
    let busy = || Step::status(429).header("x-busy", "1");
    let world = World::new([busy(), busy(), busy(), Step::status(200)]);
    world.pipeline.send(&done(Safety::Unsafe)).await.unwrap();
    assert_eq!(world.clock.slept_millis(), [500, 1000, 2000]);
}

#[tokio::test]
async fn backing_off_from_too_many_at_once_does_not_use_up_the_time_of_a_call() {
    let mut script: Vec<_> = (0..8).map(|_| Step::status(429).header("x-busy", "1")).collect();
    script.extend([Step::status(503), Step::status(200)]);
    let world = World::with(script, |_, config| config.retry.time = Duration::from_secs(20));
    world.pipeline.send(&read()).await.unwrap();
    assert!(world.clock.sleeps().iter().sum::<Duration>() > Duration::from_secs(40));
}

#[tokio::test]
async fn a_call_does_not_wait_for_a_refusal_that_is_for_too_long_and_says_until_when() {
    let world = World::new([Step::status(429).header("x-pause", "3600")]);
    let refused = world.pipeline.send(&done(Safety::Unsafe)).await.unwrap_err();
    assert_eq!((refused.attempts(), refused.delivery()), (1, Delivery::Refused));
    assert_eq!(refused.problem().unwrap().status, 429);
    // Nobody else is sent where it was refused.
    let limited = world.pipeline.send(&read()).await.unwrap_err();
    assert!(matches!(limited.failure(), Failure::Limited));
    assert_eq!((limited.attempts(), limited.delivery()), (0, Delivery::NotSent));
    for error in [refused, limited] {
        assert!(error.is_rate_limited() && error.is_retryable());
        assert_eq!(error.retry_at(), Some(chrono::DateTime::UNIX_EPOCH + Duration::from_secs(3600)));
        assert!(error.to_string().ends_with("to be tried again at 1970-01-01T01:00:00Z"), "{error}");
    }
    assert!(world.clock.slept_millis().is_empty());
}

#[tokio::test]
async fn a_patient_call_waits_for_an_hour() {
    let script = [Step::status(429).header("x-pause", "3600"), Step::status(200)];
    let world = World::with(script, |_, config| config.retry.rate_limit_wait = Duration::from_secs(3600));
    world.pipeline.send(&done(Safety::Unsafe)).await.unwrap();
    assert_eq!(world.clock.sleeps().iter().sum::<Duration>(), Duration::from_secs(3600));
}

#[tokio::test]
async fn a_pause_closes_the_bucket_for_everybody() {
    let world = World::new([Step::status(429).header("x-pause", "5"), Step::status(200), Step::status(200)]);
    world.pipeline.send(&read()).await.unwrap();
    world.pipeline.clone().send(&read()).await.unwrap();
    let waits: Vec<_> = world.clock.slept_millis().into_iter().filter(|slept| *slept > 0).collect();
    assert_eq!(waits, [5000]);
}

#[tokio::test]
async fn a_call_gives_up_when_its_time_is_over_though_attempts_are_left() {
    let slow = || Step::status(503).taking(Duration::from_secs(40));
    let world = World::new([slow(), slow(), slow()]);
    let error = world.pipeline.send(&read()).await.unwrap_err();
    // 40 s, half a second, 40 s, a second, 40 s: past the 90 s, where a fourth attempt would begin.
    assert_eq!(error.attempts(), 3);
    assert_eq!(world.clock.slept_millis(), [500, 1000]);
}

#[tokio::test]
async fn waiting_for_a_rate_limit_does_not_use_up_the_time_of_a_call() {
    let world = World::new([
        Step::limited(59),
        Step::limited(59),
        Step::status(503).taking(Duration::from_secs(40)),
        Step::status(200),
    ]);
    world.pipeline.send(&read()).await.unwrap();
    assert!(client_core::Clock::monotonic(&*world.clock) > Duration::from_secs(150));
}

#[tokio::test]
async fn an_outage_uses_up_the_retry_budget_and_successes_earn_it_back() {
    let world = World::new([]);
    for _ in 0..20 {
        world.network.will((0..5).map(|_| Step::status(503)));
        world.pipeline.send(&read()).await.unwrap_err();
    }
    // Twenty first attempts and fifty repetitions: no more, though eighty were allowed by the policy.
    assert_eq!(world.network.count(), 70);
    world.network.forget_the_rest();
    // Ten successes earn one repetition, and a clone draws on the same purse.
    world.network.will((0..10).map(|_| Step::status(200)));
    for _ in 0..10 {
        world.pipeline.send(&read()).await.unwrap();
    }
    world.network.will([Step::status(503), Step::status(200), Step::status(503)]);
    world.pipeline.tagged("job/1").send(&read()).await.unwrap();
    assert_eq!(world.pipeline.send(&read()).await.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn each_attempt_carries_credentials_of_its_own() {
    let world = World::new([Step::status(503), Step::limited(1), Step::status(200)]);
    world.pipeline.send(&read()).await.unwrap();
    let tokens: Vec<_> =
        world.network.seen().iter().map(|request| request.headers()["authorization"].clone()).collect();
    assert_eq!(tokens, ["Token 1", "Token 2", "Token 3"]);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let world = World::with_credentials([], Arc::new(support::NoTokens), |_, _| {});
    let error = world.pipeline.send(&read()).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
    assert_eq!(error.source().unwrap().to_string(), "the vault is closed");
    assert_eq!(error.to_string(), "tiny.things.list (GET /api/things) was not sent: no credentials");
    assert_eq!(world.diary.take(), ["bucket"]);
}

#[tokio::test]
async fn a_request_with_a_flaw_is_not_sent() {
    let climbing = Request::get(Path::new("/api/things").value(".."));
    let flawed = Request::get(Path::new("/api/things")).flawed("no thing has that colour");
    let unwritable = Request::post(Path::new("/api/things"))
        .json(&std::collections::HashMap::from([((1, 2), "keys of JSON objects are text")]));
    for request in [climbing, flawed, unwritable] {
        let world = World::new([]);
        let error = world.pipeline.send(&Call::done("tiny.flawed", Safety::Read, request)).await.unwrap_err();
        assert!(matches!(error.failure(), Failure::InvalidRequest(_)), "{error}");
        assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_tag_that_no_header_may_hold_is_refused_before_sending() {
    let world = World::new([]);
    let error = world.pipeline.tagged("a\r\nx-admin: yes").send(&read()).await.unwrap_err();
    assert!(matches!(error.failure(), Failure::InvalidRequest(_)), "{error}");
}

#[tokio::test]
async fn the_request_has_what_every_request_needs() {
    let world = World::new((0..5).map(|_| Step::status(200)));
    let path = || Path::new("/api/things").value("a/b c");
    for request in [
        Request::get(path()).query("q", r#"name eq "a+b&c""#).query_opt("none", None::<u8>),
        Request::post(path()).json(&serde_json::json!({"a": null})),
        Request::post(path()),
        Request::put(path()),
        Request::delete(path()),
    ] {
        world.pipeline.send(&Call::done("tiny.any", Safety::Idempotent, request)).await.unwrap();
    }
    let seen = world.network.seen();
    let header = |n: usize, name: &str| seen[n].headers().get(name).map(|value| value.to_str().unwrap());
    for n in 0..5 {
        assert_eq!(header(n, "accept"), Some("application/json"));
        assert_eq!(header(n, "user-agent"), Some("payroll/3.2 tiny/1"));
    }
    assert_eq!(
        seen[0].uri(),
        "https://tiny.example/api/things/a%2Fb%20c?q=name+eq+%22a%2Bb%26c%22",
        "values cannot leave their place"
    );
    assert_eq!(seen[1].body().as_ref(), br#"{"a":null}"#);
    assert_eq!(header(1, "content-type"), Some("application/json"));
    for n in [2, 3] {
        assert_eq!((header(n, "content-length"), header(n, "content-type")), (Some("0"), None));
    }
    assert_eq!(header(4, "content-length"), None);
}

#[tokio::test]
async fn a_requests_own_headers_win_and_never_over_the_credentials() {
    let world = World::new([Step::status(200)]);
    let request = Request::get(Path::new("/api/things"))
        .header(http::header::ACCEPT, HeaderValue::from_static("text/csv"))
        .header(http::header::AUTHORIZATION, HeaderValue::from_static("Token stolen"));
    world.pipeline.send(&Call::done("tiny.csv", Safety::Read, request)).await.unwrap();
    let seen = &world.network.seen()[0];
    assert_eq!(seen.headers().get_all("accept").iter().collect::<Vec<_>>(), ["text/csv"]);
    assert_eq!(seen.headers().get_all("authorization").iter().collect::<Vec<_>>(), ["Token 1"]);
}

#[tokio::test]
async fn a_tag_ends_the_user_agent_of_its_clone_only() {
    let world = World::new([Step::status(200), Step::status(200), Step::status(200)]);
    world.pipeline.tagged("plan/42").send(&read()).await.unwrap();
    world.pipeline.tagged("plan/42").tagged("plan/43").send(&read()).await.unwrap();
    world.pipeline.send(&read()).await.unwrap();
    let agents: Vec<_> =
        world.network.seen().iter().map(|request| request.headers()["user-agent"].clone()).collect();
    assert_eq!(agents, ["payroll/3.2 tiny/1 plan/42", "payroll/3.2 tiny/1 plan/43", "payroll/3.2 tiny/1"]);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place_to_others() {
    #[derive(Debug)]
    struct Stuck(AtomicBool);
    #[async_trait]
    impl Transport for Stuck {
        async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
            if self.0.swap(false, Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            Ok(http::Response::new(Bytes::new()))
        }
    }

    let world = World::with([], |_, config| {
        config.transport = Some(Arc::new(Stuck(AtomicBool::new(true))));
        config.pacer.concurrency = 1;
    });
    let call = done(Safety::Read);
    let mut stuck = Box::pin(world.pipeline.send(&call));
    assert!(futures::poll!(&mut stuck).is_pending());
    let mut next = Box::pin(world.pipeline.send(&call));
    assert!(futures::poll!(&mut next).is_pending(), "one at a time");
    drop(stuck);
    next.await.unwrap();
}

#[tokio::test]
async fn an_observer_hears_how_each_attempt_ended() {
    let world = World::new([
        Step::lost(Delivery::NotSent).taking(Duration::from_secs(2)),
        Step::status(423).header("x-id", "r-1"),
        Step::status(200).header("x-id", "r-2").taking(Duration::from_millis(300)),
    ]);
    world.pipeline.send(&done(Safety::Unsafe)).await.unwrap();
    let attempts = world.ear.attempts.lock().unwrap().clone();
    for attempt in &attempts {
        assert_eq!((attempt.call, attempt.safety), ("tiny.things.do", Safety::Unsafe));
        assert_eq!((&attempt.method, attempt.path.as_str()), (&Method::POST, "/api/things/{}/do"));
    }
    let told: Vec<_> = attempts
        .iter()
        .map(|a| (a.status.map(|s| s.as_u16()), a.request_id.as_deref(), a.failed, a.elapsed.as_millis()))
        .collect();
    assert_eq!(
        told,
        [
            (None, None, Some(Delivery::NotSent), 2000),
            (Some(423), Some("r-1"), Some(Delivery::Refused), 0),
            (Some(200), Some("r-2"), None, 300),
        ]
    );
}

#[tokio::test]
async fn an_error_says_everything_in_one_line_and_leads_to_its_cause() {
    let world =
        World::new((0..5).map(|n| Step::status(503).header("x-id", "r-9").taking(Duration::from_secs(n))));
    let error = world.pipeline.send(&read()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "tiny.things.list (GET /api/things) was refused, status 503, request r-9, 5 attempts in 17.5s"
    );
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "tiny said 503");
    assert!(source.downcast_ref::<support::TinyProblem>().is_some());
    assert!(source.source().is_none());
}

#[tokio::test]
async fn every_failure_with_a_cause_has_it_as_its_source() {
    for (step, cause) in [
        (Step::lost(Delivery::Unknown), Some("connection reset")),
        (Step::status(404), Some("tiny said 404")),
        (Step::status(200).body("[1"), Some("JSON that was cut short at line 1 column 2, at `.`")),
        (Step::status(200).header("content-type", "text/html"), None),
    ] {
        let world = World::with([step], |_, config| config.retry.attempts = 1);
        let error = world.pipeline.send(&read()).await.unwrap_err();
        assert_eq!(error.source().map(ToString::to_string).as_deref(), cause, "{error}");
    }
}

#[tokio::test]
async fn what_a_client_found_wrong_with_a_good_answer_will_be_wrong_again() {
    type Error = client_core::Error<support::TinyProblem>;
    let found = Error::protocol("tiny.find", "two things of that name");
    assert_eq!((found.delivery(), found.is_retryable()), (Delivery::Done, false));
    let refused = Error::invalid("tiny.find", "a name with a slash");
    assert_eq!((refused.delivery(), refused.attempts()), (Delivery::NotSent, 0));
    let world = World::with([Step::status(200).header("content-type", "text/html")], |_, config| {
        config.retry.attempts = 1;
    });
    assert!(world.pipeline.send(&read()).await.unwrap_err().is_retryable(), "a login page may go away");
}

#[test]
fn futures_and_lists_can_be_sent_to_other_threads() {
    fn sendable<T: Send>(_: &T) {}
    fn shared<T: Send + Sync + Clone + 'static>() {}
    let world = World::new([]);
    let (call, write) = (read(), done(Safety::Unsafe));
    sendable(&world.pipeline.send(&call));
    sendable(&world.pipeline.send_with_response(&write));
    let page = |_: u8| async { Ok::<_, String>(Page::new(vec![1], None)) };
    let list = Listing::new(0, page, String::new);
    sendable(&list);
    sendable(&list.collect_all());
    shared::<Pipeline<Tiny>>();
    shared::<client_core::Error<support::TinyProblem>>();
}

#[tokio::test]
async fn a_static_token_is_sent_as_it_is_and_marked_as_a_secret() {
    let token = SecretString::from("s3cret");
    let mut parts = http::Request::new(()).into_parts().0;
    StaticAuthorization::token("SSWS", &token).unwrap().authorize(&mut parts).await.unwrap();
    assert_eq!(parts.headers["authorization"], "SSWS s3cret");
    assert!(parts.headers["authorization"].is_sensitive());
    let pair = StaticAuthorization::basic("ann", &SecretString::from("pa:ss")).unwrap();
    pair.authorize(&mut parts).await.unwrap();
    assert_eq!(parts.headers["authorization"], "Basic YW5uOnBhOnNz");
    assert!(StaticAuthorization::basic("a:nn", &token).is_err());
    assert!(StaticAuthorization::token("SSWS", &SecretString::from(" ")).is_err());
    let error = StaticAuthorization::token("SSWS", &SecretString::from("s3cret\n")).unwrap_err();
    assert!(error.to_string().contains("line break") && !format!("{error:?}").contains("s3cret"));
}

/// Gives what it was told to give, and would have a 401 mended at once, or after the seconds in `x-wait`.
#[derive(Debug)]
struct Renewing(std::sync::Mutex<Vec<Option<CredentialError>>>);

impl Renewing {
    fn giving(script: impl IntoIterator<Item = Option<CredentialError>>) -> Arc<Self> {
        let mut script: Vec<_> = script.into_iter().collect();
        script.reverse();
        Arc::new(Self(std::sync::Mutex::new(script)))
    }
}

#[async_trait]
impl Credentials for Renewing {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        request.headers.insert("authorization", HeaderValue::from_static("Token x"));
        self.0.lock().unwrap().pop().flatten().map_or(Ok(()), Err)
    }

    fn heard(&self, authorization: Option<&HeaderValue>, response: &client_core::Response) -> Option<Remedy> {
        assert_eq!(authorization.unwrap(), "Token x");
        let wait = response.header("x-wait").map(|wait| Duration::from_secs(wait.parse().unwrap()));
        let remedy = wait.map_or(Remedy::Renewal, Remedy::Patience);
        (response.status == StatusCode::UNAUTHORIZED).then_some(remedy)
    }
}

#[tokio::test]
async fn a_refusal_that_new_credentials_may_mend_is_repeated_once_and_at_once() {
    for safety in SAFETIES {
        let script = [Step::status(401), Step::status(200)];
        let world = World::with_credentials(script, Renewing::giving([]), |_, settings| {
            settings.retry.attempts = 1;
        });
        world.pipeline.send(&done(safety)).await.unwrap();
        assert_eq!(world.clock.slept_millis(), [0]);

        let script = [Step::status(401), Step::status(401)];
        let world = World::with_credentials(script, Renewing::giving([]), |_, _| {});
        let error = world.pipeline.send(&done(safety)).await.unwrap_err();
        assert!(error.is_unauthenticated());
        assert_eq!(error.attempts(), 2);
    }
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_repeated_twice_in_all_and_not_at_once() {
    let unknown = || Step::status(401).header("x-wait", "2");
    for safety in SAFETIES {
        for (first, slept) in [(unknown(), [2000, 2000]), (Step::status(401), [0, 2000])] {
            let world =
                World::with_credentials([first, unknown(), unknown()], Renewing::giving([]), |_, _| {});
            let error = world.pipeline.send(&done(safety)).await.unwrap_err();
            assert!(error.is_unauthenticated());
            assert_eq!((error.attempts(), error.delivery()), (3, Delivery::Refused));
            assert_eq!(world.clock.slept_millis(), slept);
        }
    }
}

#[tokio::test]
async fn a_renewal_takes_no_attempt_away_from_the_others() {
    let script = [503, 401, 503, 200].map(Step::status);
    let world = World::with_credentials(script, Renewing::giving([]), |_, settings| {
        settings.retry.attempts = 3;
    });
    world.pipeline.send(&read()).await.unwrap();
    assert_eq!(world.clock.slept_millis(), [500, 0, 1000]);
}

#[tokio::test]
async fn credentials_that_are_away_for_now_are_asked_for_again() {
    let away = || Some(CredentialError::passing("the vault is being moved"));
    let limited = Some(CredentialError::limited("the vault is busy", Duration::from_secs(9)));
    let world = World::with_credentials(
        [Step::status(200)],
        Renewing::giving([away(), limited, away(), None]),
        |_, _| {},
    );
    world.pipeline.send(&done(Safety::Unsafe)).await.unwrap();
    assert_eq!(world.clock.slept_millis(), [500, 9000, 1000]);

    let world = World::with_credentials([], Renewing::giving((0..9).map(|_| away())), |_, _| {});
    let error = world.pipeline.send(&done(Safety::Unsafe)).await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
    assert!(error.is_retryable() && !error.is_unauthenticated());
    assert_eq!(world.clock.sleeps().len(), 4);
}

#[tokio::test]
async fn a_clone_may_have_credentials_of_its_own() {
    let world = World::new([Step::status(200), Step::status(200)]);
    world.pipeline.with_credentials(Renewing::giving([])).send(&read()).await.unwrap();
    world.pipeline.send(&read()).await.unwrap();
    let sent: Vec<_> =
        world.network.seen().iter().map(|request| request.headers()["authorization"].clone()).collect();
    assert_eq!(sent, ["Token x", "Token 1"]);
}
