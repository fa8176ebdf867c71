//! What an instance does a moment after it answered: flows make the tasks of what was ordered, imports are transformed.

use chrono::{DateTime, TimeDelta, Utc};

use super::store::Instance;
use super::{catalog, import};

/// Something to do, and when.
#[derive(Debug)]
pub(super) struct Errand {
    due: DateTime<Utc>,
    work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    /// The flow of an item makes its task.
    Task { item: String },
    /// An import set is transformed.
    Transform { set: String },
}

impl Instance {
    /// Has it done so many seconds later; at once if that is none.
    pub(super) fn do_later(&mut self, now: DateTime<Utc>, seconds: u32, work: Work) {
        self.later.push(Errand { due: now + TimeDelta::seconds(seconds.into()), work });
        self.catch_up(now);
    }

    /// Does what has become due, in order.
    pub(super) fn catch_up(&mut self, now: DateTime<Utc>) {
        while let Some(at) = self.later.iter().position(|errand| errand.due <= now) {
            let Errand { due, work } = self.later.remove(at);
            let author = self.author(due);
            match work {
                Work::Task { item } => drop(catalog::make_task(self, &item, &author)),
                Work::Transform { set } => import::transform_set(self, &set, &author),
            }
        }
    }
}
