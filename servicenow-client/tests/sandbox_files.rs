//! Stories of files and numbers, on a ServiceNow stand-in over real HTTP.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use bytes::Bytes;
use client_core::Delivery;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sandbox::{Effect, Fault, Sandbox};
use servicenow_client::aggregate::{Comparison, Function};
use servicenow_client::attachments::{Attachments, NewAttachment, Verified};
use servicenow_client::tables::{AttachmentState, ScReqItem, SysAttachment, SysUser};
use servicenow_client::{Once, ProblemKind, Query, Record as _, ServiceNowClient, SysId, Upload};

const FILES: &str = "/api/now/attachment/file$";

struct World {
    sandbox: Sandbox,
    servicenow: ServiceNowClient,
    ticket: SysId,
}

impl World {
    async fn start() -> Self {
        let sandbox = Sandbox::builder().people(12).frozen_clock().start().await.unwrap();
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
            .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
            .build()
            .unwrap();
        let mut items = servicenow.table::<ScReqItem>().list(Query::all());
        let ticket = items.try_next().await.unwrap().unwrap().sys_id;
        Self { sandbox, servicenow, ticket }
    }

    fn attachments(&self) -> Attachments {
        self.servicenow.attachments()
    }

    async fn upload(&self, file: &NewAttachment) -> servicenow_client::Result<SysAttachment> {
        self.attachments().upload(ScReqItem::TABLE, &self.ticket, file).await
    }

    async fn upload_once(&self, file: &NewAttachment) -> servicenow_client::Result<Once<SysAttachment>> {
        self.attachments().upload_once(ScReqItem::TABLE, &self.ticket, file).await
    }

    /// How many files the instance has.
    fn files(&self) -> usize {
        self.sandbox.state()["servicenow"]["sys_attachment"].as_array().unwrap().len()
    }
}

fn report() -> NewAttachment {
    NewAttachment::new("report.csv", "text/csv", Upload::bytes(Bytes::from_static(b"number\n1\n")))
}

/// So many pieces of 64 KiB, each of them different, made while they are sent.
fn generated(pieces: u64) -> Upload {
    Upload::new(Some(pieces * 65_536), move || {
        stream::iter((0..pieces).map(|n| Ok(Bytes::from(n.to_le_bytes().repeat(8_192)))))
    })
}

#[tokio::test]
async fn twenty_megabytes_go_up_and_come_down_again() {
    let world = World::start().await;
    let file = NewAttachment::new("big.bin", "application/octet-stream", generated(320));
    let made = world.upload(&file).await.unwrap();
    assert_eq!(
        (made.size_bytes.get(), made.state.get()),
        (Some(&20_971_520), Some(&AttachmentState::Pending))
    );
    assert!(made.hash.is_empty());
    let mut download = world.attachments().download(&made.sys_id).await.unwrap();
    let (mut came, mut pieces) = (0, 0);
    while let Some(piece) = download.try_next().await.unwrap() {
        (came, pieces) = (came + piece.len(), pieces + 1);
    }
    assert_eq!((came, download.verified()), (20_971_520, Some(Verified::Size)));
    assert!(pieces > 1, "it is handed over while it comes");

    world.sandbox.clock().advance(Duration::from_secs(2));
    let scanned = world.attachments().get(&made.sys_id).await.unwrap();
    assert_eq!(scanned.state.get(), Some(&AttachmentState::Available));
    let mut download = world.attachments().download(&made.sys_id).await.unwrap();
    while download.try_next().await.unwrap().is_some() {}
    assert_eq!(download.verified(), Some(Verified::Hash));
    assert_eq!(Some(download.sha256().as_str()), scanned.hash.as_str());
}

#[tokio::test]
async fn what_breaks_off_or_comes_otherwise_is_never_taken_for_the_file() {
    let world = World::start().await;
    let made = world.upload(&NewAttachment::new("a.bin", "image/png", generated(40))).await.unwrap();
    world.sandbox.clock().advance(Duration::from_secs(2));
    let path = format!("/api/now/attachment/{}/file", made.sys_id);
    let ends = async |effect| {
        world.sandbox.add_fault(Fault::servicenow("GET", &path, effect));
        let mut download = world.attachments().download(&made.sys_id).await.unwrap();
        let (mut came, mut error) = (0, None);
        while let Some(piece) = download.next().await {
            match piece {
                Ok(piece) => came += piece.len(),
                Err(broken) => error = Some(broken),
            }
        }
        assert_eq!(download.verified(), None);
        (came, error.unwrap())
    };
    let (came, error) = ends(Effect::CutWithin).await;
    assert!(came > 0 && error.problem().is_none() && error.is_retryable(), "{came} {error}");
    for effect in [Effect::Truncated, Effect::Corrupted, Effect::Malformed] {
        let (_, error) = ends(effect).await;
        assert_eq!(error.problem().unwrap().kind, ProblemKind::Damaged, "{error}");
    }
    // Before the content has begun it is a call like any other.
    world.sandbox.add_fault(Fault::servicenow("GET", &path, Effect::Status(503)));
    world.sandbox.add_fault(Fault::servicenow("GET", &path, Effect::CutBefore));
    let download = world.attachments().download(&made.sys_id).await.unwrap();
    assert_eq!(download.bytes().await.unwrap().len(), 40 * 65_536);
}

#[tokio::test]
async fn a_file_is_attached_once_however_often_it_is_tried() {
    let world = World::start().await;
    assert!(world.upload_once(&report()).await.unwrap().is_new());
    // While it is scanned its content tells, and then its hash.
    assert!(!world.upload_once(&report()).await.unwrap().is_new());
    world.sandbox.clock().advance(Duration::from_secs(2));
    assert!(!world.upload_once(&report()).await.unwrap().is_new());
    assert_eq!(world.files(), 1);

    let other = NewAttachment::new("report.csv", "text/csv", Upload::bytes("number\n2\n"));
    let namesake = NewAttachment::new("copy.csv", "text/csv", Upload::bytes("number\n1\n"));
    assert!(world.upload_once(&other).await.unwrap().is_new());
    assert!(world.upload_once(&namesake).await.unwrap().is_new());
    assert_eq!(world.files(), 3);
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_found_and_not_doubled() {
    for effect in [Effect::CutAfter, Effect::CutWithin, Effect::Malformed, Effect::Truncated] {
        let world = World::start().await;
        world.sandbox.add_fault(Fault::servicenow("POST", FILES, effect));
        let attached = world.upload_once(&report()).await.unwrap();
        assert!(attached.is_new(), "{effect:?}");
        assert_eq!(world.files(), 1, "{effect:?}");
    }
}

#[tokio::test]
async fn an_upload_that_may_not_have_arrived_says_so_and_can_be_tried_again() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::servicenow("POST", FILES, Effect::CutBefore));
    let error = world.upload_once(&report()).await.unwrap_err();
    assert_eq!((error.delivery(), world.files()), (Delivery::Unknown, 0));
    assert!(world.upload_once(&report()).await.unwrap().is_new());
    assert_eq!(world.files(), 1);
}

#[tokio::test]
async fn names_come_back_as_they_were_sent() {
    let world = World::start().await;
    for name in ["O'Brien & \"50%\"=a+b?.pdf", "Gehälter 💰.csv", "a^b;c#d.csv", "=cmd|' C calc'!A0.csv"] {
        let file = NewAttachment::new(name, "text/csv", Upload::bytes(name.to_owned()));
        let made = world.upload_once(&file).await.unwrap().into_record();
        let download = world.attachments().download(&made.sys_id).await.unwrap();
        assert_eq!(download.attachment().file_name.as_str(), Some(name));
        assert_eq!(download.bytes().await.unwrap(), name);
        assert!(!world.upload_once(&file).await.unwrap().is_new(), "{name}");
    }
    assert_eq!(world.files(), 4);
}

#[tokio::test]
async fn a_record_that_is_not_there_takes_no_file() {
    let world = World::start().await;
    let nobody: SysId = "ffffffffffffffffffffffffffffffff".parse().unwrap();
    let error = world.attachments().upload("sc_req_item", &nobody, &report()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = world.attachments().upload("sc_no_such", &world.ticket, &report()).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::InvalidTable);
    assert!(world.attachments().download(&nobody).await.unwrap_err().is_not_found());
    assert_eq!(world.files(), 0);
}

#[tokio::test]
async fn the_instances_own_limits_are_errors_like_any_other() {
    let world = World::start().await;
    world.sandbox.change_habits(|habits| {
        habits.attachment_megabytes = Some(1);
        habits.attachment_extensions = vec!["csv".to_owned(), "bin".to_owned()];
    });
    let exe = NewAttachment::new("a.exe", "text/csv", Upload::bytes("x"));
    for file in [exe, NewAttachment::new("a.bin", "image/png", generated(17))] {
        let error = world.upload(&file).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::Refused, "{error}");
        assert!(!error.is_retryable());
    }
    world.upload(&report()).await.unwrap();
    assert_eq!(world.files(), 1);
}

#[tokio::test]
async fn files_are_listed_renamed_marked_and_deleted() {
    let world = World::start().await;
    let made = world.upload(&report()).await.unwrap();
    let attachments = world.attachments();
    attachments.set_attribute(&made.sys_id, "run", "7").await.unwrap();
    attachments.set_attribute(&made.sys_id, "run", "8").await.unwrap();
    attachments.set_attribute(&made.sys_id, "step", "2").await.unwrap();
    attachments.remove_attribute(&made.sys_id, "step").await.unwrap();
    assert!(attachments.remove_attribute(&made.sys_id, "step").await.unwrap_err().is_not_found());
    let attributes = attachments.attributes(&made.sys_id).await.unwrap();
    assert_eq!(attributes.into_iter().collect::<Vec<_>>(), [("run".to_owned(), "8".to_owned())]);

    attachments.rename(&made.sys_id, "renamed.csv").await.unwrap();
    let list = attachments.list(ScReqItem::TABLE, &world.ticket).collect_all().await.unwrap();
    assert!(list.complete);
    assert_eq!(list.rows[0].file_name.as_str(), Some("renamed.csv"));
    // They are records of a table too.
    let rows = world.servicenow.table::<SysAttachment>().list(Query::new().eq("table_sys_id", &world.ticket));
    assert_eq!(rows.collect_all().await.unwrap().rows[0].sys_id, made.sys_id);

    attachments.delete(&made.sys_id).await.unwrap();
    assert!(attachments.delete(&made.sys_id).await.unwrap_err().is_not_found());
    assert_eq!(world.files(), 0);
}

#[tokio::test]
async fn numbers_are_those_of_the_rows() {
    let world = World::start().await;
    let users = world.servicenow.table::<SysUser>();
    let rows = users.list(Query::new().eq("active", true)).collect_all().await.unwrap().rows;
    let counted = users.aggregate(Query::new().eq("active", true)).count().await.unwrap();
    assert_eq!(counted.count(), Some(rows.len() as u64));

    // A condition that the instance drops would count everybody.
    let widened = users.aggregate(Query::new().eq("u_site", "Bonn")).count().await.unwrap_err();
    assert!(matches!(widened.problem().unwrap().kind, ProblemKind::NotHonoured { .. }), "{widened}");

    let by_department =
        users.aggregate(Query::new().is_not_empty("department")).count().group_by(["department"]);
    let groups = by_department.order_by("department").labels().await.unwrap();
    let total: u64 = groups.iter().filter_map(|group| group.stats.count()).sum();
    assert_eq!(total, rows.iter().filter(|user| user.department.get().is_some()).count() as u64);
    assert!(groups.iter().all(|group| group.label("department").is_some_and(|label| !label.is_empty())));

    for (email, times) in [("twin@acme.example", 2), ("alone@acme.example", 1)] {
        for n in 0..times {
            let fields = serde_json::json!({ "user_name": format!("{email}/{n}"), "email": email });
            users.create(&fields).await.unwrap();
        }
    }
    let by_mail = users.aggregate(Query::all()).count().min("user_name").max("user_name").group_by(["email"]);
    let twins = by_mail.having(Function::Count, "email", Comparison::Gt, 1).await.unwrap();
    assert_eq!(twins.len(), 1);
    let twin = &twins[0];
    assert_eq!((twin.value("email"), twin.stats.count()), (Some("twin@acme.example"), Some(2)));
    assert_eq!(twin.stats.min("user_name").unwrap().as_str(), "twin@acme.example/0");
    assert_eq!(twin.stats.max("user_name").unwrap().as_str(), "twin@acme.example/1");
}

#[tokio::test]
async fn means_and_sums_have_the_instances_own_form() {
    let world = World::start().await;
    let incidents = world.servicenow.records("incident").unwrap();
    for urgency in ["1", "1", "2"] {
        incidents.create(&serde_json::json!({ "short_description": "x", "urgency": urgency })).await.unwrap();
    }
    let stats = incidents.aggregate(Query::all()).avg("urgency").sum("urgency").max("urgency").await.unwrap();
    assert_eq!(stats.avg("urgency").unwrap().as_str(), "1.3333");
    assert_eq!(
        (stats.sum("urgency").unwrap().as_i64(), stats.max("urgency").unwrap().as_i64()),
        (Some(4), Some(2))
    );
    // A field that does not exist is dropped, and that is noticed.
    let error = incidents.aggregate(Query::all()).avg("u_cost").await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::NotHonoured { .. }), "{error}");
}

#[tokio::test]
async fn what_the_api_user_may_not_see_is_as_good_as_not_there_and_no_invitation() {
    let world = World::start().await;
    let made = world.upload(&report()).await.unwrap();
    // Without a count nobody can tell that something is hidden.
    world.sandbox.change_habits(|habits| habits.no_total_count = true);
    assert!(!world.upload_once(&report()).await.unwrap().is_new());
    world.sandbox.change_habits(|habits| {
        habits.no_total_count = false;
        habits.hidden_rows = [("sys_attachment".to_owned(), "file_name=report.csv".to_owned())].into();
    });
    assert!(world.attachments().download(&made.sys_id).await.unwrap_err().is_not_found());
    let error = world.upload_once(&report()).await.unwrap_err();
    assert!(error.to_string().contains("may not be seen"), "{error}");
    world.sandbox.change_habits(|habits| {
        habits.hidden_rows = [("sc_req_item".to_owned(), "active=true".to_owned())].into();
    });
    assert!(world.upload(&report()).await.unwrap_err().is_not_found());
    assert_eq!(world.files(), 1);
}
