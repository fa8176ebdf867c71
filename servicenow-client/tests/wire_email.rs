//! Mail: what is sent, and that nobody is added to those it goes to.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Answer, scripted};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use servicenow_client::email::{EmailKind, NewEmail};
use servicenow_client::{Delivery, ProblemKind, ServiceNowClient, SysId};

const ID: &str = "b963219a44b02200964f63773cd6adfc";

fn made() -> Answer {
    Answer::json(200, json!({ "result": { "id": ID, "links": [] } }))
}

fn mail() -> NewEmail {
    NewEmail::new("Hello").to("ann@example.com")
}

async fn refused(servicenow: &ServiceNowClient, mail: NewEmail) -> String {
    let error = servicenow.email().send(&mail).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    error.to_string()
}

#[tokio::test]
async fn a_mail_is_sent_as_documented() {
    let (servicenow, script, _) = scripted([made(), made()]);
    let ticket: SysId = "136b2140bd0312004d7d1371f1abbdb6".parse().unwrap();
    let mail = NewEmail::new("Hello There")
        .to("User1 <user1@example.com>")
        .to("user2@example.com")
        .cc("user3@example.com")
        .bcc("user4@example.com")
        .text("Test\nMessage")
        .html("<b>Test Message</b>")
        .about("incident", &ticket)
        .header("X-Custom", "header");
    assert_eq!(servicenow.email().send(&mail).await.unwrap().as_str(), ID);
    servicenow.email().send(&NewEmail::new("").to("a@b")).await.unwrap();
    let asked = script.asked();
    assert_eq!((asked[0].method().as_str(), asked[0].uri().path()), ("POST", "/api/now/v1/email"));
    let sent = |n: usize| serde_json::from_slice::<Json>(asked[n].body()).unwrap();
    assert_eq!(
        sent(0),
        json!({
            "to": ["User1 <user1@example.com>", "user2@example.com"],
            "cc": ["user3@example.com"], "bcc": ["user4@example.com"],
            "subject": "Hello There", "text": "Test\nMessage", "html": "<b>Test Message</b>",
            "table_name": "incident", "table_record_id": ticket, "headers": { "X-Custom": "header" },
        })
    );
    assert_eq!(sent(1), json!({ "to": ["a@b"], "subject": "" }));
    let shown = format!("{mail:?}");
    assert!(shown.contains("incident") && !shown.contains("user1") && !shown.contains("Hello"), "{shown}");
}

#[tokio::test]
async fn what_could_add_somebody_is_not_sent() {
    let (servicenow, script, _) = scripted([]);
    for address in [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example.com,eve@example.com",
        "ann@example.com; eve@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "Ann <ann@example.com> <eve@example.com>",
        "Ann <ann@example.com",
        "Eve, Ann <ann@example.com>",
        "ann @example.com",
        "a@b@c",
        "Ann\n<ann@example.com>",
        "\"a\"@example.com",
    ] {
        for mail in [mail().to(address), mail().cc(address), mail().bcc(address)] {
            assert!(refused(&servicenow, mail).await.contains("not one address"), "{address:?}");
        }
    }
    for subject in ["Hello\r\nBcc: eve@example.com", "a\nb", "a\0b"] {
        assert!(refused(&servicenow, NewEmail::new(subject).to("ann@example.com")).await.contains("subject"));
    }
    for (name, value) in [
        ("Bcc", "eve@example.com"),
        ("to", "eve@example.com"),
        ("SUBJECT", "x"),
        ("Content-Type", "text/html"),
        ("X-Run", "1\r\nBcc: eve@example.com"),
        ("X Run", "1"),
        ("X-Run:", "1"),
        ("", "1"),
        ("X-Rün", "1"),
    ] {
        assert!(refused(&servicenow, mail().header(name, value)).await.contains("header"), "{name}");
    }
    assert!(refused(&servicenow, mail().about("incident; x", &ID.parse().unwrap())).await.contains("table"));
    assert!(
        refused(&servicenow, NewEmail::new("To nobody").cc("ann@example.com"))
            .await
            .contains("needs somebody")
    );
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_list_has_a_hundred_addresses_at_most() {
    let (servicenow, script, _) = scripted([made()]);
    let many = |n: usize| (0..n).fold(mail(), |mail, n| mail.bcc(format!("{n}@example.com")));
    servicenow.email().send(&many(100)).await.unwrap();
    assert!(refused(&servicenow, many(101)).await.contains("`bcc` has more than 100"));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn a_mail_is_never_sent_twice() {
    let (servicenow, script, _) = scripted([Answer::text(504, "")]);
    let error = servicenow.email().send(&mail()).await.unwrap_err();
    assert_eq!((error.delivery(), script.asked().len()), (Delivery::Unknown, 1));
}

#[tokio::test]
async fn what_became_of_a_mail_is_read() {
    let answer = |kind: &str| {
        Answer::json(200, json!({ "result": { "id": ID, "type": kind, "error": "mailbox full" } }))
    };
    let refusal =
        json!({ "error": { "message": "User Not Authorized", "detail": null }, "status": "failure" });
    let (servicenow, _, _) =
        scripted([answer("send-failed"), answer("send-later"), answer("sent"), Answer::json(403, refusal)]);
    let id: SysId = ID.parse().unwrap();
    let mail = servicenow.email().get(&id).await.unwrap();
    assert_eq!((mail.kind, mail.error.as_deref()), (EmailKind::SendFailed, Some("mailbox full")));
    assert_eq!(servicenow.email().get(&id).await.unwrap().kind, EmailKind::Unknown("send-later".into()));
    let other = servicenow.email().get(&"other".parse().unwrap()).await.unwrap_err();
    assert_eq!(other.problem().unwrap().kind, ProblemKind::WrongRecord);
    assert!(servicenow.email().get(&id).await.unwrap_err().is_forbidden());
}

proptest! {
    /// Whatever an address holds, one that is sent is one address.
    #[test]
    fn no_address_hides_another(address in "[a-z<>@,; \"\r\n\u{0}-\u{7f}é]{0,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (servicenow, script, _) = scripted([made()]);
            let _ = servicenow.email().send(&NewEmail::new("x").to(&address)).await;
            for request in script.asked() {
                let sent: Json = serde_json::from_slice(request.body()).unwrap();
                let sent = sent["to"][0].as_str().unwrap();
                assert_eq!(sent.matches('@').count(), 1, "{sent:?}");
                assert!(!sent.contains([',', ';', '\r', '\n', '\0']), "{sent:?}");
            }
        });
    }
}
