//! Instants as people say them: a local time in a named zone.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const FORM: &str = "%Y-%m-%d %H:%M";

/// An instant, and how it was said. The instant is what counts: a zone that changes its rules later does not move it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    utc: DateTime<Utc>,
    said: String,
}

/// Which instant a local time means that does not exist, or exists twice, since clocks are changed that night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DstGap {
    /// The earlier one: for what takes access away.
    Earlier,
    /// The later one: for what gives it.
    Later,
}

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhenError {
    /// The time.
    #[error("{0:?} is no local time: write it as 2026-03-29 17:30")]
    Time(String),
    /// The zone.
    #[error("{0:?} is no time zone: give an IANA name, as Europe/Berlin")]
    Zone(String),
}

impl When {
    /// An instant in UTC.
    #[must_use]
    pub fn utc(instant: DateTime<Utc>) -> Self {
        Self { utc: instant, said: format!("{} UTC", instant.format(FORM)) }
    }

    /// `time`, as `2026-03-29 17:30`, in the IANA time zone `zone`.
    ///
    /// # Errors
    ///
    /// If one of them is none.
    ///
    /// ```
    /// use lifecycle::gate::{DstGap, When};
    ///
    /// // Clocks go from two to three that night.
    /// let night = |gap| When::parse("2026-03-29 02:30", "Europe/Berlin", gap).unwrap().instant().to_string();
    /// assert_eq!(night(DstGap::Earlier), "2026-03-29 00:30:00 UTC");
    /// assert_eq!(night(DstGap::Later), "2026-03-29 01:30:00 UTC");
    /// ```
    pub fn parse(time: &str, zone: &str, gap: DstGap) -> Result<Self, WhenError> {
        let local =
            NaiveDateTime::parse_from_str(time, FORM).map_err(|_| WhenError::Time(time.to_owned()))?;
        Self::local(local, zone, gap)
    }

    /// A local time in the IANA time zone `zone`.
    ///
    /// # Errors
    ///
    /// If there is no such zone.
    pub fn local(local: NaiveDateTime, zone: &str, gap: DstGap) -> Result<Self, WhenError> {
        let tz: Tz = zone.parse().map_err(|_| WhenError::Zone(zone.to_owned()))?;
        // The offsets around a change of clocks say which instants are meant, whether the time is skipped or repeated.
        let day = TimeDelta::days(1);
        let around = [local - day, local + day].map(|near| tz.offset_from_utc_datetime(&near).fix());
        let exact = tz.offset_from_local_datetime(&local).map(|offset| offset.fix()).single();
        let instants = around.map(|offset| (local - exact.unwrap_or(offset)).and_utc());
        let utc = match gap {
            DstGap::Earlier => instants.into_iter().min(),
            DstGap::Later => instants.into_iter().max(),
        };
        let said = format!("{} {zone}", local.format(FORM));
        Ok(Self { utc: utc.unwrap_or_else(|| local.and_utc()), said })
    }

    /// The instant.
    #[must_use]
    pub fn instant(&self) -> DateTime<Utc> {
        self.utc
    }
}

impl From<DateTime<Utc>> for When {
    fn from(instant: DateTime<Utc>) -> Self {
        Self::utc(instant)
    }
}

/// As it was said: `2026-03-29 17:30 Europe/Berlin`.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn berlin(time: &str, gap: DstGap) -> String {
        When::parse(time, "Europe/Berlin", gap).unwrap().instant().format(FORM).to_string()
    }

    #[test]
    fn a_time_that_comes_twice_is_the_earlier_one_for_ends_and_the_later_one_for_beginnings() {
        assert_eq!(berlin("2026-10-25 02:30", DstGap::Earlier), "2026-10-25 00:30");
        assert_eq!(berlin("2026-10-25 02:30", DstGap::Later), "2026-10-25 01:30");
    }

    #[test]
    fn other_times_are_one_instant() {
        for gap in [DstGap::Earlier, DstGap::Later] {
            assert_eq!(berlin("2026-03-28 17:30", gap), "2026-03-28 16:30");
            assert_eq!(berlin("2026-03-29 17:30", gap), "2026-03-29 15:30");
        }
    }

    #[test]
    fn what_is_no_time_or_zone_is_refused() {
        assert!(
            When::parse("tomorrow", "Europe/Berlin", DstGap::Later)
                .unwrap_err()
                .to_string()
                .contains("2026-")
        );
        let zone = When::parse("2026-03-29 17:30", "Berlin", DstGap::Later).unwrap_err();
        assert!(zone.to_string().contains("IANA"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(time in ".*", zone in ".*") {
            let _ = When::parse(&time, &zone, DstGap::Later);
        }

        #[test]
        fn both_readings_are_less_than_a_day_apart(minutes in 0..(10 * 366 * 24 * 60i64)) {
            let local = DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::days(18_000) + TimeDelta::minutes(minutes);
            for zone in ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"] {
                let read = |gap| When::local(local, zone, gap).unwrap().instant();
                let apart = read(DstGap::Later) - read(DstGap::Earlier);
                prop_assert!(apart >= TimeDelta::zero() && apart < TimeDelta::days(1));
            }
        }
    }
}
