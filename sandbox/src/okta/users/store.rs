//! All users, by key, id and login.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::model::{Status, User};
use crate::okta::index::Index;

/// All users, in order of creation, with the index that searches read.
#[derive(Debug)]
pub(crate) struct Users {
    rows: BTreeMap<u64, User>,
    by_id: HashMap<String, u64>,
    by_login: HashMap<String, u64>,
    /// Whose change of status takes time.
    underway: BTreeSet<u64>,
    next: u64,
    /// Who was written or taken away since somebody last asked, with the status before.
    written: BTreeMap<u64, Option<Status>>,
    pub(in crate::okta) index: Index,
}

impl Users {
    pub(crate) fn new(lag: TimeDelta) -> Self {
        let (by_id, by_login) = (HashMap::new(), HashMap::new());
        let (rows, underway) = (BTreeMap::new(), BTreeSet::new());
        let written = BTreeMap::new();
        Self { rows, by_id, by_login, underway, next: 0, written, index: Index::new(lag) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.rows.values()
    }

    pub(in crate::okta) fn at(&self, key: u64) -> Option<&User> {
        self.rows.get(&key)
    }

    /// Those whose change of status is there by now.
    pub(in crate::okta) fn arrived(&self, now: DateTime<Utc>) -> Vec<User> {
        let users = self.underway.iter().filter_map(|key| self.rows.get(key));
        users.filter(|user| user.underway.is_some_and(|change| change.done_at <= now)).cloned().collect()
    }

    /// By id, or by login without regard to case.
    pub(crate) fn find(&self, id_or_login: &str) -> Option<&User> {
        let key = self.by_id.get(id_or_login).or_else(|| self.by_login.get(&id_or_login.to_lowercase()))?;
        self.rows.get(key)
    }

    /// Stores a user that is new (key 0) or changed, and tells the index.
    pub(crate) fn save(&mut self, user: User, now: DateTime<Utc>) -> User {
        let before = self.at(user.key).map(|user| user.status);
        let user = self.store(user);
        self.written.entry(user.key).or_insert(before);
        self.index.put(user.key, Some(user.body()), now);
        user
    }

    /// Stores a user that was there before the sandbox started.
    pub(crate) fn seed(&mut self, user: User) -> User {
        let user = self.store(user);
        self.index.seed(user.key, user.body());
        user
    }

    fn store(&mut self, mut user: User) -> User {
        if user.key == 0 {
            self.next += 1;
            user.key = self.next;
        }
        if user.underway.is_some() {
            self.underway.insert(user.key);
        } else {
            self.underway.remove(&user.key);
        }
        if let Some(old) = self.rows.insert(user.key, user.clone()) {
            self.by_login.remove(&old.login().to_lowercase());
        }
        self.by_id.insert(user.id.clone(), user.key);
        self.by_login.insert(user.login().to_lowercase(), user.key);
        user
    }

    pub(in crate::okta) fn remove(&mut self, user: &User, now: DateTime<Utc>) {
        self.rows.remove(&user.key);
        self.underway.remove(&user.key);
        self.written.insert(user.key, None);
        self.by_id.remove(&user.id);
        self.by_login.remove(&user.login().to_lowercase());
        self.index.put(user.key, None, now);
    }

    /// Who was written or taken away since the last time, with the status before.
    pub(in crate::okta) fn take_written(&mut self) -> BTreeMap<u64, Option<Status>> {
        std::mem::take(&mut self.written)
    }

    /// Whether another user has this login already.
    pub(crate) fn is_taken(&self, login: &str, key: u64) -> bool {
        self.by_login.get(&login.to_lowercase()).is_some_and(|owner| *owner != key)
    }
}
