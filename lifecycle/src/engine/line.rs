//! A line of those who wait for a place: the most pressing first, and in the order in which they came.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::lock;

/// How pressing somebody is: more is sooner.
pub(super) type Rank = u8;

#[derive(Debug)]
pub(super) struct Line(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: BTreeMap<(Reverse<Rank>, u64), oneshot::Sender<Place>>,
    came: u64,
}

/// A place, until dropped: then it is the next one's. None for one that was passed on already.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Line>>);

impl Line {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { free: places, waiting: BTreeMap::new(), came: 0 })))
    }

    pub(super) async fn enter(self: &Arc<Self>, rank: Rank) -> Place {
        let called = {
            let mut state = lock(&self.0);
            if state.free > 0 {
                state.free -= 1;
                return Place(Some(self.clone()));
            }
            let (call, called) = oneshot::channel();
            state.came += 1;
            let place = (Reverse(rank), state.came);
            state.waiting.insert(place, call);
            called
        };
        // The line is held by whoever waits in it, so the call comes.
        called.await.unwrap_or_else(|_| unreachable!("a line calls everybody who waits in it"))
    }

    /// Whether somebody more pressing waits.
    fn is_wanted_above(&self, rank: Rank) -> bool {
        let state = lock(&self.0);
        state.waiting.iter().any(|((Reverse(other), _), call)| *other > rank && !call.is_closed())
    }
}

impl Place {
    /// Whether somebody more pressing waits for this place.
    pub(super) fn is_wanted_above(&self, rank: Rank) -> bool {
        self.0.as_ref().is_some_and(|line| line.is_wanted_above(rank))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(line) = self.0.take() else { return };
        let mut state = lock(&line.0);
        while let Some((_, call)) = state.waiting.pop_first() {
            match call.send(Self(Some(line.clone()))) {
                Ok(()) => return,
                // Gone meanwhile: the next one's then.
                Err(mut place) => place.0 = None,
            }
        }
        state.free += 1;
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn the_most_pressing_goes_first_and_equals_in_order() {
        let line = Line::new(1);
        let first = line.enter(0).await;
        let mut waiting: Vec<_> = [1, 3, 2, 3].map(|rank| Box::pin(line.enter(rank))).into();
        for one in &mut waiting {
            assert!(poll!(one).is_pending());
        }
        assert!(first.is_wanted_above(2) && !first.is_wanted_above(3));
        let mut place = first;
        for next in [1, 3, 2, 0] {
            drop(place);
            place = waiting[next].as_mut().now_or_never().expect("it is this one's turn");
        }
    }

    #[tokio::test]
    async fn who_leaves_the_line_takes_no_place_along() {
        let line = Line::new(1);
        let place = line.enter(0).await;
        let (mut gone, mut called) = (Box::pin(line.enter(2)), Box::pin(line.enter(2)));
        assert!(poll!(&mut gone).is_pending() && poll!(&mut called).is_pending());
        let mut last = Box::pin(line.enter(1));
        assert!(poll!(&mut last).is_pending());
        drop(gone);
        drop(place);
        // Called, and gone before it heard.
        drop(called);
        assert!(last.now_or_never().is_some());
    }
}
