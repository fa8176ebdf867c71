//! Batches: what is wrong with a file is told before anything is written, and what goes wrong stays small.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use lifecycle::bulk::{BatchState, Bulk, BulkError, Checked, Flaw, Partial, Recipe, Row, RowState};
use lifecycle::{Engine, EngineError, Onboard};
use sandbox::{Effect, Fault};

use support::lamps::{self, lit, loosen};
use support::{World, policy};

/// A batch of lamps, and an engine without a file.
async fn house(name: &str) -> (World, Bulk) {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let bulk = Bulk::new(&engine, name, lamps::recipe());
    (world, bulk)
}

async fn check(bulk: &Bulk, file: &str) -> Result<Checked, BulkError> {
    bulk.check(bulk.recipe().csv(file.as_bytes())?).await
}

async fn begin(bulk: &Bulk, file: &str) {
    let checked = check(bulk, file).await.unwrap();
    bulk.begin(&checked, Partial::Refuse).await.unwrap();
}

/// The file of what was refused.
async fn refused(bulk: &Bulk) -> Vec<Vec<String>> {
    let mut file = Vec::new();
    bulk.write_refused(&mut file).await.unwrap();
    let rows = csv::Reader::from_reader(&file[..]).into_records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn names(of: &str, how: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{of}/{how}-{n}")).collect()
}

fn flaw_of(recipe: &Recipe, file: &[u8]) -> String {
    recipe.csv(file).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_header_that_cannot_be_used_says_what_would_be_right() {
    let recipe = lamps::recipe();
    let cases: [(&[u8], &str); 6] = [
        (b"", "no column \"lamp\""),
        (b"person\n7\n", "no column \"lamp\": give lamp, person"),
        (b"lamp,colour\na,b\n", "the column \"colour\": give lamp, person"),
        (b"lamp,lamp\na,b\n", "the column \"lamp\" twice"),
        (b"lamp;person\na;7\n", "separated by commas"),
        (b"\xff\xfel\0a\0m\0p\0\n\0", "save the file as \"CSV UTF-8\""),
    ];
    for (file, says) in cases {
        let error = flaw_of(&recipe, file);
        assert!(error.contains(says), "no {says:?} in {error}");
    }
}

#[test]
fn a_byte_order_mark_and_spaces_around_are_no_part_of_the_text() {
    let file = "\u{feff}lamp , person\r\n a ,  \r\n";
    let rows: Vec<Row> = lamps::recipe().csv(file.as_bytes()).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].number, rows[0].get("lamp"), rows[0].get("person")), (2, Some("a"), None));
}

#[tokio::test]
async fn every_row_that_is_wrong_is_told_with_its_number_and_nothing_is_begun() {
    let (world, bulk) = house("wrong").await;
    let file = b"lamp,person\nwrong/1,\n,7\nwrong/odd,\nwrong/1,\nwrong/x\nwrong/fused,\n\"wrong/a\nb\",\nwrong/\xe4,\nwrong/2,1\nwrong/3,1\n";
    let rows = bulk.recipe().csv(&file[..]).unwrap();
    let checked = bulk.check(rows).await.unwrap();
    let found = refused(&bulk).await;
    let told: Vec<(&str, &str)> = found.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    let expected = [
        ("3", "lamp is missing"),
        ("4", "give one that is not odd"),
        ("5", "lamp is \"wrong/1\", as in row 2"),
        ("6", "it has 1 fields, and the header 2"),
        ("7", "wrong/fused is fused"),
        ("8", "lamp holds a line break"),
        ("9", "lamp is not in UTF-8"),
        ("11", "it is about the same as row 10"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((row, problem), (number, says)) in told.iter().zip(expected) {
        assert!(*row == number && problem.contains(says), "row {row}: {problem}, and not {number}: {says}");
    }
    assert_eq!(checked.to_string(), "2 rows are good, 8 are not");
    let error = bulk.begin(&checked, Partial::Refuse).await.unwrap_err();
    assert!(matches!(error, BulkError::Refused { refused: 8, all: 10 }), "{error}");
    assert!(matches!(bulk.drive().await, Err(BulkError::Unknown(_))));
    assert!(
        lit("wrong").is_empty() && world.sandbox.requests().iter().all(|request| request.method == "GET")
    );
}

#[tokio::test]
async fn the_good_rows_are_done_without_the_others_only_if_somebody_says_so() {
    let (_world, bulk) = house("partial").await;
    let checked = check(&bulk, "lamp\npartial/1\npartial/odd\npartial/2\n").await.unwrap();
    bulk.begin(&checked, Partial::Allow).await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Done);
    assert_eq!((report.rows.of(RowState::Done), report.rows.of(RowState::Refused)), (2, 1));
    assert_eq!(lit("partial").len(), 2);
}

#[tokio::test]
async fn a_file_of_refused_rows_can_be_mended_and_read_again() {
    let (_world, bulk) = house("mended").await;
    check(&bulk, "lamp,person\nmended/1,1\nmended/odd,2\n").await.unwrap();
    let rows = refused(&bulk).await;
    assert_eq!(rows, [["3", "lamp is \"mended/odd\": give one that is not odd", "mended/odd", "2"]]);
    // A check that was not begun leaves nothing behind.
    let checked = check(&bulk, "lamp,person\nmended/even,2\n").await.unwrap();
    assert_eq!(checked.rows.total(), 1);
    assert!(refused(&bulk).await.is_empty());
}

#[tokio::test]
async fn an_empty_file_is_the_wrong_file() {
    let (_world, bulk) = house("empty").await;
    assert!(matches!(check(&bulk, "lamp\n").await, Err(BulkError::Empty)));
    let checked = check(&bulk, "lamp\nempty/odd\n").await.unwrap();
    assert!(matches!(bulk.begin(&checked, Partial::Allow).await, Err(BulkError::Empty)));
}

#[tokio::test]
async fn rows_need_not_come_from_a_file() {
    let (_world, bulk) = house("iterator").await;
    let row = |number, lamp: &str| Row { number, fields: [("lamp".to_owned(), lamp.to_owned())].into() };
    let odd = Flaw { row: row(2, "iterator/x"), problems: vec!["it smells".into()] };
    let strange = Row { number: 3, fields: [("colour".to_owned(), "red".to_owned())].into() };
    let checked = bulk.check([Ok(row(1, "iterator/1")), Err(odd), Ok(strange)]).await.unwrap();
    assert_eq!((checked.rows.total(), checked.rows.of(RowState::Refused)), (1, 2));
    assert_eq!(refused(&bulk).await[1][1], "lamp is missing; there is no column \"colour\"");
}

#[tokio::test]
async fn hires_that_are_there_already_are_found_out_before_the_first_write() {
    let world = World::start().await;
    let (good, twin) = (world.hire(), world.hire());
    let staff = world.sandbox.state();
    let number = staff["okta"]["users"][3]["profile"]["employeeNumber"].as_str().unwrap().to_owned();
    let known = world.hire_with(|request| request.employee_number = Some(number));
    let stranger = "RITM7777777";
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let make = |row: &Row| {
        let onboard = Onboard::ticket(row.get("ticket").unwrap_or_default(), policy());
        Ok(Box::new(onboard) as Box<dyn lifecycle::bulk::AnyOperation>)
    };
    let bulk = Bulk::new(&engine, "hires", Recipe::new("onboard", make).required("ticket").unique("ticket"));
    let before = world.sandbox.requests().len();
    let file = format!("ticket\n{}\n{}\n{stranger}\n{}\n", good.number, known.number, twin.number);
    let checked = check(&bulk, &file).await.unwrap();
    assert_eq!(checked.rows.total(), 1);
    let told = refused(&bulk).await;
    for (row, says) in
        told.iter().zip(["this is no new hire", "there is no requested item", "about the same as row 2"])
    {
        assert!(row[1].contains(says), "{row:?}");
    }
    let requests = world.sandbox.requests().split_off(before);
    assert!(requests.iter().all(|request| request.method == "GET"), "nothing is written");
    bulk.begin(&checked, Partial::Allow).await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!((report.state, report.rows.of(RowState::Done)), (BatchState::Done, 1));
}

#[tokio::test]
async fn a_system_that_is_away_refuses_no_row() {
    let (world, bulk) = house("away").await;
    world.sandbox.add_fault(Fault::okta("GET", "/api/v1/users*", Effect::Status(503)).always());
    let error = check(&bulk, "lamp\naway/1\naway/asks\n").await.unwrap_err();
    assert!(matches!(error, BulkError::Unchecked { row: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_first_row_that_goes_wrong_stops_the_batch_at_one() {
    let (_world, bulk) = house("canary").await;
    let mut lamps = names("canary", "ok", 20);
    lamps[0] = "canary/broken".into();
    begin(&bulk, &lamps::file(&lamps)).await;
    let report = bulk.drive().await.unwrap();
    let why =
        "row 2 is one of the first, and went wrong: needs a person at switch-on: failed: the bulb is broken";
    assert_eq!(report.state, BatchState::Stopped { why: why.into() });
    assert_eq!((report.rows.of(RowState::Failed), report.rows.of(RowState::Left)), (1, 19));
    assert!(lit("canary").is_empty());
    // It does not go on by itself, and does once a person says so.
    assert!(matches!(bulk.drive().await.unwrap().state, BatchState::Stopped { .. }));
    bulk.resume("ann", "that bulb is known").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!((report.state, report.rows.of(RowState::Done)), (BatchState::Done, 19));
}

#[tokio::test]
async fn no_wave_begins_before_the_one_before_is_through() {
    // The fourth of the second wave goes wrong: nothing of the third is begun.
    let (_world, bulk) = house("waves").await;
    let mut lamps = names("waves", "ok", 100);
    lamps[4] = "waves/broken".into();
    begin(&bulk, &lamps::file(&lamps)).await;
    let report = bulk.drive().await.unwrap();
    assert!(matches!(report.state, BatchState::Stopped { .. }), "{report}");
    assert_eq!((lit("waves").len(), report.rows.of(RowState::Left)), (5, 94), "{report}");
}

#[tokio::test]
async fn more_than_one_row_in_fifty_that_goes_wrong_stops_the_batch() {
    let (_world, bulk) = house("share").await;
    let mut lamps = names("share", "ok", 300);
    for at in [20, 30, 40, 50] {
        lamps[at] = format!("share/broken-{at}");
    }
    begin(&bulk, &lamps::file(&lamps)).await;
    let report = bulk.drive().await.unwrap();
    // How many were under way together is chance.
    assert!(report.to_string().contains(" rows went wrong"), "{report}");
    assert!(report.rows.of(RowState::Left) > 200, "{report}");
    bulk.resume("ann", "an old batch of bulbs").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!((report.state, report.rows.of(RowState::Failed)), (BatchState::Done, 4));
}

#[tokio::test]
async fn poison_rows_are_put_aside_and_hold_up_nobody() {
    let (_world, bulk) = house("poison").await;
    let mut lamps = names("poison", "ok", 60);
    lamps[20] = "poison/stuck".into();
    lamps[40] = "poison/explodes".into();
    begin(&bulk, &lamps::file(&lamps)).await;
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Done);
    assert_eq!((report.rows.of(RowState::Done), report.rows.of(RowState::Quarantined)), (58, 2), "{report}");
}

#[tokio::test]
async fn rows_that_are_stuck_one_after_the_other_stop_the_batch_and_are_the_ones_put_aside() {
    let (_world, bulk) = house("outage").await;
    let mut lamps = names("outage", "ok", 30);
    lamps.extend(names("outage", "stuck", 30));
    begin(&bulk, &lamps::file(&lamps)).await;
    let report = bulk.drive().await.unwrap();
    assert!(report.to_string().contains("the switch is stuck"), "{report}");
    assert!(report.rows.of(RowState::Left) > 10, "{report}");
    loosen("outage");
    bulk.resume("ann", "the switches were oiled").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Done);
    assert_eq!(report.rows.of(RowState::Quarantined) + report.rows.of(RowState::Done), 60, "{report}");
}

#[tokio::test]
async fn credentials_that_are_refused_stop_the_batch_at_once_and_no_row_is_to_blame() {
    let (world, bulk) = house("revoked").await;
    begin(&bulk, &lamps::file(names("revoked", "asks", 40))).await;
    let fault = Fault::okta("GET", "/api/v1/users*", Effect::Status(401)).skip(30).always();
    world.sandbox.add_fault(fault);
    let report = bulk.drive().await.unwrap();
    assert!(matches!(report.state, BatchState::Stopped { .. }), "{report}");
    assert_eq!(report.rows.wrong(), 0, "{report}");
    assert!(report.rows.of(RowState::Left) > 20, "{report}");
    world.sandbox.clear_faults();
    bulk.resume("ann", "the token was renewed").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!((report.state, report.rows.of(RowState::Done)), (BatchState::Done, 40));
    assert!(lit("revoked").values().all(|times| *times == 1));
}

#[tokio::test]
async fn who_would_take_access_from_too_many_is_asked_first() {
    let (_world, bulk) = house("leavers").await;
    let file = lamps::file(names("leavers", "leaver", 5));
    let checked = check(&bulk, &file).await.unwrap();
    assert_eq!((checked.take_away, checked.population), (5, 20));
    let error = bulk.begin(&checked, Partial::Refuse).await.unwrap_err();
    assert!(matches!(error, BulkError::TooManyLeave { people: 5, limit: 3, population: 20 }), "{error}");
    assert!(lit("leavers").is_empty());
    let bulk = bulk.may_take_away(5);
    bulk.begin(&checked, Partial::Refuse).await.unwrap();
    assert_eq!(bulk.drive().await.unwrap().rows.of(RowState::Done), 5);
}

#[tokio::test]
async fn a_row_that_waits_for_its_day_is_through() {
    let (_world, bulk) = house("later").await;
    begin(&bulk, &lamps::file(["dusk/later", "dusk/ok"])).await;
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Done);
    assert_eq!((report.rows.of(RowState::Waiting), report.rows.of(RowState::Done)), (1, 1), "{report}");
}

#[tokio::test]
async fn the_same_rows_again_are_the_same_batch_and_others_are_none() {
    let (_world, bulk) = house("twice").await;
    let file = lamps::file(names("twice", "ok", 3));
    begin(&bulk, &file).await;
    let run = bulk.drive().await.unwrap().run;
    let again = check(&bulk, &file).await.unwrap();
    assert_eq!(again.begun.as_ref(), Some(&run));
    assert_eq!(bulk.begin(&again, Partial::Refuse).await.unwrap(), run);
    assert_eq!(bulk.drive().await.unwrap().state, BatchState::Done);
    assert!(lit("twice").values().all(|times| *times == 1));
    let error = check(&bulk, &lamps::file(names("twice", "ok", 4))).await.unwrap_err();
    assert!(matches!(error, BulkError::Engine(EngineError::IntentChanged { .. })), "{error}");
}

#[tokio::test]
async fn a_paused_batch_begins_no_more_rows_and_a_cancelled_one_never_will() {
    let (_world, bulk) = house("paused").await;
    begin(&bulk, &lamps::file(names("paused", "ok", 20))).await;
    bulk.pause("ann", "the change board meets").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Paused { why: "ann: the change board meets".into() });
    assert!(lit("paused").is_empty());
    bulk.cancel("bob", "the board said no").await.unwrap();
    let report = bulk.drive().await.unwrap();
    assert_eq!(report.state, BatchState::Cancelled { why: "bob: the board said no".into() });
    assert_eq!(report.rows.of(RowState::Cancelled), 20);
    let error = bulk.resume("ann", "but I want it").await.unwrap_err();
    assert!(matches!(error, BulkError::Engine(EngineError::AtRest { .. })), "{error}");
    assert!(lit("paused").is_empty());
}

#[tokio::test]
async fn a_batch_can_be_paused_while_it_is_driven() {
    let (_world, bulk) = house("midway").await;
    begin(&bulk, &lamps::file(names("midway", "ok", 200))).await;
    let pause = async {
        while lit("midway").len() < 30 {
            tokio::task::yield_now().await;
        }
        bulk.pause("ann", "lunch").await.unwrap();
    };
    let (report, ()) = futures::join!(bulk.drive(), pause);
    let report = report.unwrap();
    assert!(matches!(report.state, BatchState::Paused { .. }), "{report}");
    assert_eq!(
        report.rows.of(RowState::Done),
        u32::try_from(lit("midway").len()).unwrap(),
        "those at work came to their end"
    );
    assert!(report.rows.of(RowState::Left) > 100, "{report}");
    bulk.resume("ann", "lunch is over").await.unwrap();
    assert_eq!(bulk.drive().await.unwrap().rows.of(RowState::Done), 200);
}

#[tokio::test]
async fn a_restart_goes_on_where_the_batch_was() {
    let world = World::start().await;
    let lamps = names("restart", "ok", 120);
    let mut kills = 0;
    let report = loop {
        let engine = world.engine(world.systems()).await;
        let bulk = Bulk::new(&engine, "restart", lamps::recipe());
        engine.resume().await.unwrap();
        let checked = check(&bulk, &lamps::file(&lamps)).await.unwrap();
        bulk.begin(&checked, Partial::Refuse).await.unwrap();
        kills += 1;
        let until = async {
            while lit("restart").len() < 25 * kills {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            report = bulk.drive() => break report.unwrap(),
            () = until => {}
        }
    };
    assert!(kills > 3);
    assert_eq!((report.state, report.rows.of(RowState::Done)), (BatchState::Done, 120));
    let lit = lit("restart");
    assert_eq!(lit.keys().collect::<BTreeSet<_>>(), lamps.iter().collect());
    assert!(lit.values().all(|times| *times == 1));
}

#[tokio::test]
async fn the_ticket_that_asked_gets_the_counts_and_a_file_once() {
    let world = World::start().await;
    let parent = world.hire();
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let ticket = lifecycle::action::servicenow::Ticket {
        table: lifecycle::action::servicenow::TicketTable::ScReqItem,
        sys_id: parent.item_sys_id.parse().unwrap(),
        number: parent.number.clone(),
    };
    let request = lifecycle::plan::Request {
        table: "sc_req_item".into(),
        sys_id: ticket.sys_id.clone(),
        number: parent.number.clone(),
    };
    let bulk = Bulk::new(&engine, "told", lamps::recipe()).ticket(ticket, request);
    let mut lamps = names("told", "ok", 30);
    lamps[20] = "told/broken".into();
    begin(&bulk, &lamps::file(&lamps)).await;
    for _ in 0..2 {
        assert_eq!(bulk.drive().await.unwrap().state, BatchState::Done);
    }
    let state = world.sandbox.state();
    let rows = |table: &str| state["servicenow"][table].as_array().unwrap().clone();
    let notes: Vec<_> = rows("sys_journal_field").iter().map(|row| row["value"].to_string()).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("29 done, 1 failed"), "{notes:?}");
    let files = rows("sys_attachment");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["table_sys_id"], parent.item_sys_id.as_str());
}

#[tokio::test]
async fn a_report_tells_counts_rate_what_is_left_and_the_budget() {
    let (world, bulk) = house("report").await;
    begin(&bulk, &lamps::file(names("report", "asks", 60))).await;
    let halfway = async {
        while lit("report").len() < 30 {
            tokio::task::yield_now().await;
        }
        world.sandbox.clock().advance(std::time::Duration::from_secs(60));
        bulk.report().await.unwrap()
    };
    let (done, report) = futures::join!(bulk.drive(), halfway);
    assert!(report.per_minute.unwrap() > 10.0 && report.time_left.is_some(), "{report}");
    assert!(report.to_string().contains("a minute") && report.to_string().contains("min left"), "{report}");
    assert!(!report.budget.is_empty());
    assert_eq!(done.unwrap().per_minute, None);
}

#[tokio::test]
async fn every_command_and_its_reason_is_in_the_ledger() {
    let world = World::start().await;
    let engine = Engine::builder(world.systems()).in_memory().unwrap();
    let bulk = Bulk::new(&engine, "ledger", lamps::recipe());
    begin(&bulk, &lamps::file(["ledger/ok"])).await;
    bulk.pause("ann", "wait").await.unwrap();
    bulk.resume("bob", "go").await.unwrap();
    let run = bulk.drive().await.unwrap().run;
    let ledger = serde_json::to_string(&engine.ledger(Some(&run)).await.unwrap()).unwrap();
    for part in ["ann: wait", "bob: go"] {
        assert!(ledger.contains(part), "no {part} in {ledger}");
    }
}
