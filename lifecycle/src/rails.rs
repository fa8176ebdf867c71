//! How much may change at once before somebody has to look: safety rails.

use serde::{Deserialize, Serialize};

/// What is too much, for a change that concerns many people at once.
///
/// A rail that is hit is no reason to raise it: it is a reason to look, and to make the change in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rails {
    /// How many people there were when all was well, if that is known. Fewer than 70 % of them mean that the list is
    /// broken, not that people left.
    pub known_people: Option<usize>,
    /// The percentage of people that may be changed at all, of ten and more.
    pub changed_percent: usize,
    /// The percentage of its members that a group of 100 and more may lose.
    pub group_percent: usize,
}

impl Default for Rails {
    fn default() -> Self {
        Self { known_people: None, changed_percent: 50, group_percent: 20 }
    }
}

impl Rails {
    /// How many of so many people may lose something at once: 5 %, at least 3, at most 50.
    #[must_use]
    pub fn most_removals(people: usize) -> usize {
        percent(5, people).clamp(3, 50)
    }

    /// What is wrong with a list of people, before anything is concluded from it.
    #[must_use]
    pub fn check_people(&self, people: usize, complete: bool) -> Vec<Trip> {
        let mut trips = Vec::new();
        if people == 0 {
            trips.push(Trip::new(
                Rail::EmptySource,
                "there is nobody: the list of people is empty".to_owned(),
            ));
        } else if let Some(known) = self.known_people.filter(|known| people < percent(70, *known)) {
            let what = format!("there are {people} people where there were {known}: less than 70 %");
            trips.push(Trip::new(Rail::ShrunkSource, what));
        }
        if !complete {
            let what = "not everything could be read: who is not seen is not gone".to_owned();
            trips.push(Trip::new(Rail::PartialSource, what));
        }
        trips
    }

    /// Whether as many people may lose something.
    #[must_use]
    pub fn check_removals(&self, losing: usize, people: usize) -> Option<Trip> {
        let most = Self::most_removals(people);
        (losing > most).then(|| {
            let what = format!("{losing} of {people} people lose something; at most {most} may at once");
            Trip::new(Rail::Removals, what)
        })
    }

    /// Whether as many people may change at all.
    #[must_use]
    pub fn check_changed(&self, changed: usize, people: usize) -> Option<Trip> {
        let most = percent(self.changed_percent, people);
        (people >= 10 && changed > most).then(|| {
            let what = format!("{changed} of {people} people change; at most {most} may at once");
            Trip::new(Rail::Changed, what)
        })
    }

    /// Whether a group, or whatever has members, may lose as many of them.
    #[must_use]
    pub fn check_group(&self, group: &str, leaving: usize, members: usize) -> Option<Trip> {
        let most = percent(self.group_percent, members);
        (members >= 100 && leaving > most).then(|| {
            let what = format!("{group} loses {leaving} of {members}; at most {most} may go at once");
            Trip::new(Rail::GroupRemovals, what)
        })
    }
}

fn percent(percent: usize, of: usize) -> usize {
    of * percent / 100
}

/// A rail that was hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// Which.
    pub rail: Rail,
    /// What was found, and what would be right.
    pub what: String,
}

impl Trip {
    pub(crate) fn new(rail: Rail, what: String) -> Self {
        Self { rail, what }
    }
}

/// The rails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rail {
    /// Nobody was found.
    EmptySource,
    /// Far fewer people were found than there were.
    ShrunkSource,
    /// Not everything could be seen.
    PartialSource,
    /// For somebody nothing could be said.
    Failed,
    /// Too many people lose something.
    Removals,
    /// A group loses too many of its members.
    GroupRemovals,
    /// Too many people change.
    Changed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rails(trips: impl IntoIterator<Item = Trip>) -> Vec<Rail> {
        trips.into_iter().map(|trip| trip.rail).collect()
    }

    #[test]
    fn five_percent_may_lose_something_but_three_always_and_fifty_at_most() {
        let most = [0, 10, 60, 80, 1000, 1019, 100_000].map(Rails::most_removals);
        assert_eq!(most, [3, 3, 3, 4, 50, 50, 50]);
        let rails = Rails::default();
        assert_eq!(rails.check_removals(4, 80), None);
        assert_eq!(
            rails.check_removals(5, 80).unwrap().what,
            "5 of 80 people lose something; at most 4 may at once"
        );
    }

    #[test]
    fn a_list_that_is_empty_shrunk_or_partial_is_no_basis() {
        let known = Rails { known_people: Some(100), ..Rails::default() };
        assert_eq!(rails(known.check_people(70, true)), []);
        assert_eq!(rails(known.check_people(69, true)), [Rail::ShrunkSource]);
        assert_eq!(rails(known.check_people(0, false)), [Rail::EmptySource, Rail::PartialSource]);
        assert_eq!(rails(Rails::default().check_people(1, true)), []);
    }

    #[test]
    fn a_small_group_may_lose_everybody_and_a_large_one_a_fifth() {
        let defaults = Rails::default();
        assert_eq!(defaults.check_group("g", 99, 99), None);
        assert_eq!(defaults.check_group("g", 20, 100), None);
        assert_eq!(rails(defaults.check_group("g", 21, 100)), [Rail::GroupRemovals]);
    }

    #[test]
    fn half_of_the_people_may_change() {
        let defaults = Rails::default();
        assert_eq!(defaults.check_changed(5, 10), None);
        assert_eq!(defaults.check_changed(9, 9), None);
        assert_eq!(rails(defaults.check_changed(6, 10)), [Rail::Changed]);
    }
}
