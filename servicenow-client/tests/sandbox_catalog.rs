//! Ordering from the catalog and importing, on a ServiceNow stand-in that loses answers and takes its time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::NoChance;
use futures::TryStreamExt as _;
use sandbox::{Effect, Fault, Habits, Sandbox};
use serde_json::{Value, json};
use servicenow_client::catalog::{CatalogItem, Order, QuestionType};
use servicenow_client::import_sets::ImportStatus;
use servicenow_client::tables::SysUser;
use servicenow_client::{Clock, Delivery, ProblemKind, Query, ServiceNowClient, SysId};

/// The sandbox's own clock: who waits moves it.
#[derive(Debug)]
struct SandboxClock(sandbox::Clock);

#[async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        (self.0.now() - chrono::DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance(duration);
    }
}

async fn start(habits: Habits) -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(10).habits(habits).frozen_clock().start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .clock(Arc::new(SandboxClock(sandbox.clock())))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

async fn item(servicenow: &ServiceNowClient, name: &str) -> CatalogItem {
    let found: Vec<CatalogItem> = servicenow.catalog().items().text(name).send().try_collect().await.unwrap();
    servicenow.catalog().item(&found[0].sys_id).await.unwrap()
}

async fn somebody(servicenow: &ServiceNowClient, n: usize) -> SysId {
    servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap().rows[n].sys_id.clone()
}

/// A good order.
fn access(servicenow: &ServiceNowClient, item: &CatalogItem) -> Order {
    let order = servicenow.catalog().order(&item.sys_id);
    order.answer("application", "wiki").answer("justification", "docs")
}

fn count(sandbox: &Sandbox, table: &str) -> usize {
    sandbox.state()["servicenow"][table].as_array().unwrap().len()
}

#[tokio::test]
async fn an_item_is_ordered_for_somebody_and_followed_to_its_task() {
    let (sandbox, servicenow) = start(Habits { flow_seconds: 5, ..Habits::default() }).await;
    let (catalog, item) = (servicenow.catalog(), item(&servicenow, "Application access").await);
    let (nora, otto) = (somebody(&servicenow, 2).await, somebody(&servicenow, 3).await);
    let order = access(&servicenow, &item).requested_for(&nora).also_requested_for([&otto]).quantity(2);
    let order = order.answer("notify", true).secret("pin", &"1234".to_owned().into());
    assert!(!format!("{order:?}").contains("1234"));
    let ordered = order.checked_against(&item).await.unwrap();
    assert!(ordered.number.starts_with("REQ") && !ordered.found);

    let items = catalog.items_of(&ordered.request).await.unwrap().rows;
    let people: Vec<&str> =
        items.iter().map(|item| item.requested_for.get().unwrap().id().as_str()).collect();
    assert!(people.contains(&nora.as_str()) && people.contains(&otto.as_str()), "{people:?}");
    assert_eq!(items[0].quantity.get(), Some(&2));
    assert!(catalog.tasks_of(&items[0].sys_id).await.unwrap().rows.is_empty(), "the flow has not begun");
    sandbox.clock().advance(Duration::from_secs(5));
    assert_eq!(catalog.tasks_of(&items[0].sys_id).await.unwrap().rows.len(), 1);

    let ids: Vec<SysId> = items.iter().map(|item| item.sys_id.clone()).collect();
    let answers = catalog.variables_of(&ids).await.unwrap();
    assert_eq!(answers.len(), 2);
    for answers in &answers {
        assert!(answers.is_complete());
        assert_eq!((answers.value("application"), answers.value("notify")), (Some("wiki"), Some("true")));
        let pin = answers.get("pin").unwrap();
        assert!(pin.is_masked() && pin.value().is_none());
    }
}

#[tokio::test]
async fn a_wrong_answer_is_named_before_anything_is_sent() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let item = item(&servicenow, "Application access").await;
    let order = || access(&servicenow, &item);
    let bare = || servicenow.catalog().order(&item.sys_id).answer("application", "wiki");
    let many: Vec<SysId> = (0..51).map(|n| format!("{n:032}").parse().unwrap()).collect();
    let orders = sandbox.requests().len();
    for (order, names) in [
        (bare().checked_against(&item), "`justification` is mandatory"),
        (order().answer("justification", "").checked_against(&item), "`justification` is mandatory"),
        (order().answer("aplication", "wiki").checked_against(&item), "does not ask for `aplication`"),
        (order().answer("application", "mail").checked_against(&item), "choices: crm, ledger, wiki"),
        (order().answer("notify", "yes").checked_against(&item), "`notify` is a check box"),
        (
            order().answer("colleague", "Ann Lee").checked_against(&item),
            "`colleague` wants a sys_id of `sys_user`",
        ),
        (order().answer("about_costs", "x").checked_against(&item), "`about_costs` takes no answer"),
        (order().quantity(0), "quantity of 0"),
        (order().also_requested_for(&many), "50 more people at most, not 51"),
    ] {
        let error = order.await.unwrap_err();
        assert!(error.to_string().contains(names), "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    assert_eq!(sandbox.requests().len(), orders);
    let unchecked = bare().await.unwrap_err();
    assert_eq!(unchecked.problem().unwrap().message, "Mandatory Variables are required");
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_found_by_its_key_and_placed_once() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let item = item(&servicenow, "Application access").await;
    let before = count(&sandbox, "sc_request");
    let order = || access(&servicenow, &item).once("integration_key", "run-42/step-3");
    sandbox.add_fault(Fault::servicenow("POST", "*/order_now", Effect::CutAfter));
    let ordered = order().await.unwrap();
    assert!(ordered.found, "it was placed, and nobody heard");
    assert_eq!(order().await.unwrap(), ordered);
    assert_eq!(count(&sandbox, "sc_request"), before + 1);

    sandbox.add_fault(Fault::servicenow("POST", "*/order_now", Effect::CutBefore));
    let other = access(&servicenow, &item).once("integration_key", "run-42/step-4").await.unwrap_err();
    assert_eq!(other.delivery(), Delivery::Unknown, "none shows yet");
    sandbox.change_habits(|habits| {
        habits.hidden_rows.insert("sc_item_option_mtom".into(), "sys_idISNOTEMPTY".into());
    });
    let hidden = order().await.unwrap_err();
    assert!(hidden.to_string().contains("cannot be told"), "{hidden}");
    assert_eq!(count(&sandbox, "sc_request"), before + 1);
}

#[tokio::test]
async fn nothing_is_ordered_once_under_a_key_that_would_not_be_found() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let item = item(&servicenow, "Application access").await;
    let before = count(&sandbox, "sc_request");
    for (name, told) in [
        ("integration_kee", "`integration_kee` is no question of the item"),
        ("pin", "`pin` is no question whose answers"),
        ("about_costs", "`about_costs` is no question whose answers"),
    ] {
        let error = access(&servicenow, &item).once(name, "run-42/step-3").await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    assert_eq!(count(&sandbox, "sc_request"), before);
}

#[tokio::test]
async fn a_request_is_not_made_by_inserting_one() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let before = count(&sandbox, "sc_request");
    let error = servicenow.records("sc_request").unwrap().create(&json!({})).await.unwrap_err();
    assert!(error.to_string().contains("order it"), "{error}");
    assert_eq!(count(&sandbox, "sc_request"), before);
}

#[tokio::test]
async fn a_record_producer_is_filled_in_and_its_answers_read() {
    let (_sandbox, servicenow) = start(Habits::default()).await;
    let (catalog, producer) = (servicenow.catalog(), item(&servicenow, "Report an access problem").await);
    assert_eq!(producer.kind.as_str(), Some("record_producer"));
    let fill = || catalog.produce(&producer.sys_id).checked_against(&producer);
    assert!(fill().await.unwrap_err().to_string().contains("`short_description` is mandatory"));
    let made = fill().answer("short_description", "locked out").answer("urgency", 1).await.unwrap();
    assert_eq!(made.table, "incident");
    let answers = catalog.producer_variables_of("incident", &made.sys_id).await.unwrap();
    assert_eq!(
        (answers.value("short_description"), answers.value("urgency")),
        (Some("locked out"), Some("1"))
    );
    assert!(catalog.order(&producer.sys_id).await.is_err(), "a producer is not ordered");
}

#[tokio::test]
async fn rows_of_a_multi_row_set_are_read_as_rows() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let item = item(&servicenow, "Application access").await;
    let ordered = access(&servicenow, &item).await.unwrap();
    let ritm = servicenow.catalog().items_of(&ordered.request).await.unwrap().rows.remove(0).sys_id;
    let question = |name: &str| item.question(name).unwrap().sys_id.clone().unwrap();
    assert_eq!(item.question("pin").unwrap().kind, Some(QuestionType::Masked));
    let cells = servicenow.records("sc_multi_row_question_answer").unwrap();
    for (row, name, value) in [
        (1, "application", "crm"),
        (0, "application", "wiki"),
        (0, "pin", "1234"),
        (1, "justification", "sales"),
    ] {
        let cell = json!({
            "parent_id": ritm, "parent_table_name": "sc_req_item", "variable_set": "a1b2", "row_index": row,
            "item_option_new": question(name), "value": value,
        });
        cells.create(&cell).await.unwrap();
    }
    let sets = servicenow.catalog().variable_sets_of(&ritm).await.unwrap();
    let [set] = &sets[..] else { panic!("{sets:?}") };
    assert_eq!(set.rows.len(), 2);
    assert_eq!((set.rows[0].value("application"), set.rows[0].value("pin")), (Some("wiki"), None));
    assert_eq!(
        (set.rows[1].value("application"), set.rows[1].value("justification")),
        (Some("crm"), Some("sales"))
    );
    assert_eq!(count(&sandbox, "sc_multi_row_question_answer"), 4);
}

#[tokio::test]
async fn an_imported_row_tells_what_became_of_it() {
    let (sandbox, servicenow) = start(Habits::default()).await;
    let staging = servicenow.staging_table("imp_user").unwrap().coalescing();
    let nora = json!({"user_name": "nora", "title": "Engineer"});
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/import/imp_user", Effect::CutAfter));
    let imported = staging.insert(&nora).await.unwrap();
    assert_eq!(imported.results[0].status, ImportStatus::Ignored, "the first came through: it coalesces");
    let user = imported.results[0].sys_id.get().unwrap();
    assert_eq!(servicenow.table::<SysUser>().get(user).await.unwrap().title.as_str(), Some("Engineer"));

    let failed = staging.insert(&json!({"title": "Nobody"})).await.unwrap_err();
    let problem = failed.problem().unwrap();
    assert_eq!(problem.kind, ProblemKind::NotTransformed { map: "User".into() });
    assert!(problem.message.contains("coalesce field user_name"), "{}", problem.message);

    sandbox.change_habits(|habits| habits.import_results_are_hidden = true);
    let hidden = staging.insert(&nora).await.unwrap_err();
    assert_eq!(
        (hidden.problem().unwrap().kind.clone(), hidden.delivery()),
        (ProblemKind::Hidden, Delivery::Done)
    );
    assert!(servicenow.staging_table("imp_usr").unwrap().insert(&nora).await.is_err());
}

#[tokio::test]
async fn many_rows_are_imported_and_waited_for() {
    let habits = Habits { import_seconds: 20, insert_multiple_takes_names: true, ..Habits::default() };
    let (_sandbox, servicenow) = start(habits).await;
    let staging = servicenow.staging_table("imp_user").unwrap();
    let rows: Vec<Value> = (0..30).map(|n| json!({"user_name": format!("u{n}")})).collect();
    let run = staging.insert_multiple(&rows).await.unwrap();
    let set: SysId = run.import_set_id.as_str().unwrap().parse().unwrap();
    let early = staging.outcome(&set, Duration::from_secs(2)).await.unwrap();
    assert!(!early.processed);
    assert_eq!(early.rows.rows[0].sys_import_state.as_str(), Some("pending"));
    let outcome = staging.outcome(&set, Duration::from_secs(60)).await.unwrap();
    assert!(outcome.processed && outcome.rows.complete);
    assert_eq!(outcome.rows.rows.len(), 30);
    assert!(outcome.rows.rows.iter().all(|row| row.sys_import_state.as_str() == Some("inserted")));
}
