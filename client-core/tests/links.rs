//! Links that a vendor gives: followed byte for byte, and never to anywhere else.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use client_core::{Call, Origin, Request, Safety};
use proptest::prelude::*;

use support::{Step, World};

const ROOTS: &[&str] = &["/api/v1/", "/governance/api/v1/"];

fn sent(link: &str) -> String {
    let world = World::new([Step::status(200)]);
    let call = Call::done("tiny.follow", Safety::Read, Request::follow(link, ROOTS).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.pipeline.send(&call)).unwrap();
    world.network.seen()[0].uri().to_string()
}

#[test]
fn path_and_query_of_a_link_go_out_byte_for_byte() {
    for rest in [
        "/api/v1/users?after=00u1&limit=200",
        "/api/v1/users?after=MDB1%3D%3d&limit=2&search=status+eq+%22ACTIVE%22",
        "/api/v1/users?after=a:b,c;d/e?f~g!h*i(j)&&x=&y",
        "/api/v1/users/ann%2Fb%40x.example/groups?after=1%2B1",
        "/governance/api/v1/requests?after=%E2%82%AC",
        "/api/v1/logs",
    ] {
        assert_eq!(sent(&format!("https://tiny.example{rest}")), format!("https://tiny.example{rest}"));
    }
}

#[test]
fn a_link_to_another_host_is_followed_on_our_own() {
    for origin in [
        "https://tiny-admin.example",
        "https://evil.example:8443",
        "http://tiny.example",
        "https://user:password@evil.example",
        "https://evil.example/api/v1/..",
        "https://evil.example/./",
    ] {
        let request = Request::follow(&format!("{origin}/api/v1/users?after=1"), &["/api/v1/", "/"]).unwrap();
        let world = World::new([Step::status(200)]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(world.pipeline.send(&Call::done("tiny.follow", Safety::Read, request))).unwrap();
        let seen = &world.network.seen()[0];
        assert_eq!(seen.uri().authority().unwrap(), "tiny.example", "{origin}");
        assert_eq!(seen.uri().scheme_str(), Some("https"), "{origin}");
    }
}

#[test]
fn a_link_outside_the_api_is_refused() {
    for link in [
        "https://tiny.example/oauth2/v1/authorize?x=1",
        "https://tiny.example/api/v2/users",
        "https://tiny.example/api/v1",
        "https://tiny.example/x/api/v1/users",
        "https://tiny.example/api/v1/../../oauth2/v1/clients",
        "https://tiny.example/api/v1/%2e%2e/%2E%2e/oauth2/v1/clients",
        "https://tiny.example/api/v1\\..\\..\\oauth2",
        "https://tiny.example?/api/v1/users",
        "ftp://tiny.example/api/v1/users",
        "data:/api/v1/users",
        "/api/v1/users?after=1",
        "",
        "next",
    ] {
        let error = Request::follow(link, ROOTS).expect_err(link);
        assert!(!error.to_string().contains("oauth2"), "{error}");
    }
}

#[test]
fn what_is_logged_of_a_link_has_none_of_its_values() {
    let link = "https://tiny.example/api/v1/users/ann@acme.example/groups?after=hunter2";
    let request = Request::follow(link, ROOTS).unwrap();
    assert_eq!(format!("{request:?}"), "GET /api/v1/{}");
}

#[test]
fn only_https_and_loopback_are_origins() {
    for text in [
        "http://acme.example",
        "http://10.0.0.1",
        "http://0.0.0.0:80",
        "http://192.168.0.1",
        "http://localhost.evil.example",
        "http://127.0.0.1@evil.example",
        "http://[::ffff:10.0.0.1]",
        "ws://127.0.0.1",
        "https://",
    ] {
        assert!(Origin::parse(text).is_err(), "{text}");
    }
    for text in
        ["http://127.0.0.1:1", "http://127.8.9.1", "http://LOCALHOST:2", "http://[::1]", "acme.example:8443"]
    {
        assert!(Origin::parse(text).is_ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_a_link_holds_it_stays_on_the_origin_and_under_the_roots(rest in ".{0,40}", raw in ".{0,60}") {
        for link in [raw, format!("https://tiny.example/api/v1/{rest}"), format!("https://{rest}/api/v1/x")] {
            if let Ok(request) = Request::follow(&link, ROOTS) {
                let encoded = request.path().encoded();
                prop_assert!(ROOTS.iter().any(|root| encoded.starts_with(root)), "{encoded}");
                let uri: http::Uri = sent(&link).parse().unwrap();
                prop_assert_eq!(uri.authority().unwrap().as_str(), "tiny.example");
                prop_assert_eq!(uri.path_and_query().unwrap().as_str(), encoded);
            }
        }
    }
}
