//! Lists of an instance that hides, cuts and changes what it lists.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use common::{NoChance, TestClock};
use futures::StreamExt as _;
use sandbox::{Habits, Sandbox};
use serde_json::{Value, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{ProblemKind, Query, ServiceNowClient};

async fn start(habits: Habits) -> (Sandbox, ServiceNowClient) {
    let sandbox = Sandbox::builder().people(20).habits(habits).start().await.unwrap();
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap();
    (sandbox, servicenow)
}

fn hiding(table: &str, query: &str) -> Habits {
    Habits { hidden_rows: [(table.to_owned(), query.to_owned())].into(), ..Habits::default() }
}

/// The n-th user, whose id says where in the order it stands.
fn user(n: usize, location: &str) -> Value {
    json!({ "sys_id": format!("{n:032x}"), "user_name": format!("u{n}"), "last_name": "Lee", "title": location })
}

/// A small generator: which rows come and go is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

#[tokio::test]
async fn every_row_that_is_there_throughout_comes_once_however_many_are_hidden_or_come_and_go() {
    const ROWS: usize = 100_000;
    let (sandbox, servicenow) = start(hiding("sys_user", "title=hidden")).await;
    let mut dice = Dice(42);
    // Ids are 16 apart, so that others fit in between. One fifth is hidden: runs longer than two pages, runs within one,
    // single rows.
    let is_hidden =
        |n: usize| matches!(n % 10_000, 3_000..4_200) || matches!(n % 1_000, 500..560) || n % 40 == 7;
    let hidden: BTreeSet<usize> = (0..ROWS).filter(|n| is_hidden(*n)).map(|n| n * 16).collect();
    let rows = (0..ROWS).map(|n| user(n * 16, if is_hidden(n) { "hidden" } else { "seen" }));
    sandbox.add_records("sys_user", rows).unwrap();
    assert!((ROWS * 19 / 100..ROWS * 21 / 100).contains(&hidden.len()), "{} hidden", hidden.len());

    let counted =
        |row: &SysUser| usize::from_str_radix(row.sys_id.as_str(), 16).ok().filter(|n| *n < ROWS * 16);
    let (mut times, mut gone, mut new) = (HashMap::<usize, u32>::new(), BTreeSet::new(), BTreeSet::new());
    let mut list = servicenow.table::<SysUser>().select(["user_name"]).list(Query::all()).page_size(500);
    let mut seen = 0_usize;
    while let Some(row) = list.next().await {
        let row = row.unwrap();
        seen += 1;
        if let Some(n) = counted(&row) {
            *times.entry(n).or_default() += 1;
        }
        // Somewhere in the table a row goes, hidden or not, and another comes.
        if seen.is_multiple_of(50) {
            let n = dice.below(ROWS) * 16;
            if gone.insert(n) {
                sandbox.remove_record("sys_user", &format!("{n:032x}")).unwrap();
            }
            let n = dice.below(ROWS) * 16 + 1 + dice.below(15);
            if new.insert(n) {
                sandbox.add_records("sys_user", [user(n, "seen")]).unwrap();
            }
        }
    }
    let throughout = (0..ROWS).map(|n| n * 16).filter(|n| !hidden.contains(n) && !gone.contains(n));
    let missed = throughout.filter(|n| !times.contains_key(n)).count();
    assert_eq!(missed, 0, "rows that were there throughout");
    assert!(times.values().all(|n| *n == 1), "each comes once");
    assert!(hidden.iter().all(|n| !times.contains_key(n)));
    let others = times.keys().filter(|n| *n % 16 != 0 && !new.contains(n)).count();
    assert_eq!(others, 0);
    assert!(!list.is_complete(), "some could not be seen");
    let (unseen, changes) = (list.unseen().unwrap(), (gone.len() + new.len()) as u64);
    assert!(unseen.abs_diff(hidden.len() as u64) <= changes, "{unseen} unseen, {} hidden", hidden.len());
}

#[tokio::test]
async fn what_could_not_be_seen_is_told_to_the_row() {
    let (sandbox, servicenow) = start(hiding("sys_user", "title=hidden")).await;
    let before = servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap();
    assert!(before.complete && before.unseen == Some(0));
    // A run that is longer than a page, one inside a page, one at the end.
    let place = |n: usize| matches!(n, 10..=42 | 60 | 61 | 95..);
    let rows = (0..100).map(|n| user(n, if place(n) { "hidden" } else { "seen" }));
    sandbox.add_records("sys_user", rows).unwrap();
    for empty in [false, true] {
        sandbox.change_habits(|habits| habits.hidden_rows_are_empty = empty);
        for size in [1, 2, 3, 7, 10, 11, 40, 1000] {
            let list = servicenow.table::<SysUser>().list(Query::all()).page_size(size);
            let list = list.collect_all().await.unwrap();
            assert_eq!(
                (list.seen, list.unseen, list.complete),
                (before.seen + 60, Some(40), false),
                "{size}"
            );
            let ids: BTreeSet<_> = list.rows.iter().map(|user| user.sys_id.to_string()).collect();
            assert_eq!(ids.len() as u64, list.seen, "{size}");
        }
    }
}

#[tokio::test]
async fn who_counts_what_may_be_read_is_found_out_by_short_pages_and_who_counts_nothing_knows_nothing() {
    let (sandbox, servicenow) = start(hiding("sys_user", "title=hidden")).await;
    sandbox
        .add_records("sys_user", (0..100).map(|n| user(n, if n % 3 == 0 { "hidden" } else { "seen" })))
        .unwrap();
    let list = || servicenow.table::<SysUser>().list(Query::all()).page_size(10).collect_all();
    let all = list().await.unwrap().seen;
    for total_counts_readable in [true, false] {
        sandbox.change_habits(|habits| {
            habits.total_counts_readable = total_counts_readable;
            habits.no_total_count = !total_counts_readable;
        });
        let list = list().await.unwrap();
        assert_eq!((list.seen, list.complete), (all, false));
    }
}

#[tokio::test]
async fn a_list_that_takes_too_long_comes_in_smaller_pages() {
    let (sandbox, servicenow) = start(Habits { longest_list: Some(6), ..Habits::default() }).await;
    for told in [false, true] {
        sandbox.change_habits(|habits| habits.cancellation_is_told = told);
        let list =
            servicenow.table::<SysUser>().list(Query::all()).page_size(16).collect_all().await.unwrap();
        assert!(list.complete && list.seen > 20, "{} of {:?}", list.seen, list.counted);
    }
    sandbox.change_habits(|habits| habits.longest_list = Some(0));
    let error = servicenow.table::<SysUser>().list(Query::all()).collect_all().await.unwrap_err();
    assert!(matches!(error.problem().unwrap().kind, ProblemKind::Cancelled { .. }));
}

#[tokio::test]
async fn a_hidden_field_is_absent_and_a_hidden_record_is_not_there() {
    let (sandbox, servicenow) = start(hiding("sys_user", "title=hidden")).await;
    sandbox.change_habits(|habits| habits.hidden_fields = ["sys_user.email".to_owned()].into());
    sandbox.add_records("sys_user", [user(1, "hidden"), user(2, "seen")]).unwrap();
    let users = servicenow.table::<SysUser>();
    let (hidden, seen) = (format!("{:032x}", 1).parse().unwrap(), format!("{:032x}", 2).parse().unwrap());
    assert!(users.find(&hidden).await.unwrap().is_none());
    assert!(users.update(&hidden, &json!({"title": "x"})).await.unwrap_err().is_not_found());
    let seen = users.get(&seen).await.unwrap();
    assert!(seen.email.is_absent() && seen.title.as_str() == Some("seen"));
    // Where a twin could be made of it, "not there" is not said.
    let twin = users.find_one(Query::new().eq("user_name", "u1")).await.unwrap_err();
    assert_eq!(twin.problem().unwrap().kind, ProblemKind::Hidden);
}
