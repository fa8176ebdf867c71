//! Lists: what is fetched ahead, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use client_core::{Listing, Page};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::oneshot;

type Numbers = Listing<u32, &'static str, u32>;

fn looped() -> &'static str {
    "loop"
}

#[tokio::test]
async fn nothing_is_fetched_before_somebody_asks() {
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = fetched.clone();
    let list: Numbers = Listing::new(
        0,
        move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok(Page::new(vec![1], None)) }
        },
        looped,
    );
    assert_eq!(fetched.load(Ordering::SeqCst), 0);
    assert_eq!(list.collect_all().await, Ok(vec![1]));
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_first_page_goes_on_while_nobody_polls_the_list() {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    let (held, goes) = (turn.clone(), Arc::new(tokio::sync::Notify::new()));
    let go = goes.clone();
    let mut list: Numbers = Listing::new(
        0,
        move |at| {
            let (held, go) = (held.clone(), go.clone());
            async move {
                let _turn = held.lock().await;
                go.notified().await;
                Ok(Page::new(vec![at], None))
            }
        },
        looped,
    );
    let mut first = list.try_next();
    assert!(futures::poll!(&mut first).is_pending());
    tokio::task::yield_now().await;
    assert!(turn.try_lock().is_err(), "the page has it");
    goes.notify_one();
    drop(tokio::time::timeout(std::time::Duration::from_secs(10), turn.lock()).await.unwrap());
    assert_eq!(first.await, Ok(Some(0)));
}

#[tokio::test]
async fn the_next_page_is_on_its_way_while_this_one_is_read_and_only_that() {
    let (started, waits) = oneshot::channel();
    let started = Arc::new(Mutex::new(Some(started)));
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = fetched.clone();
    let mut list: Numbers = Listing::new(
        0,
        move |at| {
            let (started, count) = (started.clone(), count.clone());
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                if at == 1 {
                    started.lock().unwrap().take().unwrap().send(()).unwrap();
                }
                Ok(Page::new(vec![at], Some(at + 1)))
            }
        },
        looped,
    );
    assert_eq!(list.try_next().await, Ok(Some(0)));
    waits.await.unwrap();
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_list_that_is_dropped_gives_up_the_page_on_its_way() {
    struct Fetching(Option<oneshot::Sender<()>>);
    impl Drop for Fetching {
        fn drop(&mut self) {
            self.0.take().unwrap().send(()).unwrap();
        }
    }

    let (started, starts) = oneshot::channel();
    let (given_up, abort) = oneshot::channel();
    let ends = Arc::new(Mutex::new(Some((started, given_up))));
    let mut list: Numbers = Listing::new(
        0,
        move |at| {
            let ends = ends.clone();
            async move {
                if at == 1 {
                    let (started, given_up) = ends.lock().unwrap().take().unwrap();
                    let _fetching = Fetching(Some(given_up));
                    started.send(()).unwrap();
                    std::future::pending::<()>().await;
                }
                Ok(Page::new(vec![0], Some(1)))
            }
        },
        looped,
    );
    assert_eq!(list.try_next().await, Ok(Some(0)));
    starts.await.unwrap();
    drop(list);
    abort.await.unwrap();
}

#[tokio::test]
async fn an_item_that_cannot_be_read_costs_no_other() {
    let pages = |at: u32| async move {
        let items = move || vec![Ok(10 * at), Err("odd"), Ok(10 * at + 1)];
        Ok(Page::unread(items, (at == 0).then_some(1)))
    };
    let items: Vec<_> = Numbers::new(0, pages, looped).collect().await;
    assert_eq!(items, [Ok(0), Err("odd"), Ok(1), Ok(10), Err("odd"), Ok(11)]);
    assert_eq!(Numbers::new(0, pages, looped).collect_all().await, Err("odd"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_page_is_asked_for_before_this_one_is_read() {
    let (asked, is_asked) = std::sync::mpsc::channel();
    let is_asked = Arc::new(Mutex::new(is_asked));
    let list: Numbers = Listing::new(
        0,
        move |at| {
            let (asked, is_asked) = (asked.clone(), is_asked.clone());
            async move {
                if at == 1 {
                    asked.send(()).unwrap();
                    return Ok(Page::new(vec![1], None));
                }
                let read = move || vec![is_asked.lock().unwrap().recv().map(|()| 0).map_err(|_| "never")];
                Ok(Page::unread(read, Some(1)))
            }
        },
        looped,
    );
    assert_eq!(list.collect_all().await, Ok(vec![0, 1]));
}

#[tokio::test]
async fn a_list_goes_on_where_another_stood() {
    let pages = |at: u32| async move { Ok(Page::new(vec![2 * at, 2 * at + 1], (at < 2).then_some(at + 1))) };
    let mut first = Numbers::new(0, pages, looped);
    assert_eq!(*first.position(), 0);
    for item in 0..3 {
        assert_eq!(first.try_next().await, Ok(Some(item)));
    }
    // The page of the last item is read again: nothing is lost, whatever became of that item.
    let second = Numbers::new(0, pages, looped).starting_at(*first.position());
    assert_eq!(second.collect_all().await, Ok(vec![2, 3, 4, 5]));
}

#[tokio::test]
async fn a_list_ends_after_the_first_error_and_half_a_list_is_none() {
    let pages =
        |at: u32| async move { if at == 1 { Err("broken") } else { Ok(Page::new(vec![7, 8], Some(1))) } };
    let items: Vec<_> = Numbers::new(0, pages, looped).collect().await;
    assert_eq!(items, [Ok(7), Ok(8), Err("broken")]);
    assert_eq!(Numbers::new(0, pages, looped).collect_all().await, Err("broken"));
}

#[tokio::test]
#[should_panic(expected = "the fetch is broken")]
async fn a_panic_in_the_page_on_its_way_is_the_readers_panic() {
    let pages = |at: u32| async move {
        assert_eq!(at, 0, "the fetch is broken");
        Ok(Page::new(vec![], Some(1)))
    };
    let _ = Numbers::new(0, pages, looped).collect_all().await;
}
