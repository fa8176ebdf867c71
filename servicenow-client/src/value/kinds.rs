//! Kinds of fields that hold more than one value, or a span of time.

use chrono::{DateTime, TimeDelta, Utc};

use super::FieldValue;

/// A `glide_list`: values with commas between them.
impl<T: FieldValue> FieldValue for Vec<T> {
    fn read(text: &str) -> Option<Self> {
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(T::read).collect()
    }

    fn write(&self) -> String {
        self.iter().map(T::write).collect::<Vec<_>>().join(",")
    }
}

/// A duration, which ServiceNow counts from the first second of 1970: `1970-01-01 00:02:17`.
impl FieldValue for TimeDelta {
    fn read(text: &str) -> Option<Self> {
        DateTime::<Utc>::read(text).map(|end| end - DateTime::UNIX_EPOCH)
    }

    /// A duration that ends outside of all calendars is written as the longest one that does not.
    fn write(&self) -> String {
        let longest = if *self < Self::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        DateTime::<Utc>::UNIX_EPOCH.checked_add_signed(*self).unwrap_or(longest).write()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::SysId;

    #[test]
    fn a_duration_is_counted_from_the_epoch() {
        let span = TimeDelta::read("1970-01-01 00:02:17").unwrap();
        assert_eq!(span, TimeDelta::seconds(137));
        assert_eq!(TimeDelta::read("1970-01-02 00:00:00"), Some(TimeDelta::days(1)));
        assert_eq!(span.write(), "1970-01-01 00:02:17");
        assert_eq!(TimeDelta::read("2 Minutes"), None, "a label");
    }

    #[test]
    fn a_list_is_split_at_commas() {
        let ids = Vec::<SysId>::read("aa, bb,,cc").unwrap();
        assert_eq!(ids.iter().map(SysId::as_str).collect::<Vec<_>>(), ["aa", "bb", "cc"]);
        assert_eq!(ids.write(), "aa,bb,cc");
        assert_eq!(Vec::<SysId>::read("aa,ann@example.com"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}|[0-9]{1,9}-[0-9]{1,2}-[0-9]{1,2} [0-9:]{1,8}") {
            let _ = TimeDelta::read(&text);
            let _ = Vec::<SysId>::read(&text);
            let _ = Vec::<DateTime<Utc>>::read(&text);
        }

        #[test]
        fn durations_come_back(seconds in -60_000_000_000_i64..200_000_000_000) {
            let span = TimeDelta::seconds(seconds);
            prop_assert_eq!(TimeDelta::read(&span.write()), Some(span));
        }

        #[test]
        fn no_duration_panics(millis in any::<i64>().prop_filter("as chrono has it", |millis| *millis > i64::MIN)) {
            TimeDelta::milliseconds(millis).write();
        }
    }
}
