//! Times, in every form that Okta has.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Okta's form of a time, always in UTC so that no `+` has to survive a URL.
pub(crate) fn okta_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time that need not be there. One that cannot be read counts as absent: one odd time must not cost a page.
pub(crate) fn lenient<'de, D>(source: D) -> Result<Option<DateTime<Utc>>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Value::deserialize(source)?.as_str().and_then(read))
}

/// ISO 8601 as documented, and what group owners, behaviors and threat settings have instead.
pub(crate) fn read(text: &str) -> Option<DateTime<Utc>> {
    const OTHERS: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%a %b %d %H:%M:%S UTC %Y"];
    let other = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|time| time.and_utc());
    text.parse().ok().or_else(|| OTHERS.into_iter().find_map(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_recorded_form_is_read() {
        for (text, time) in [
            ("2026-03-27T03:16:15.000Z", "2026-03-27T03:16:15Z"),
            ("2026-03-27T03:16:15Z", "2026-03-27T03:16:15Z"),
            ("2026-03-27T03:16:15+02:00", "2026-03-27T01:16:15Z"),
            ("2026-03-27 03:16:15.0", "2026-03-27T03:16:15Z"),
            ("2025-09-01 10:11:12", "2025-09-01T10:11:12Z"),
            ("Fri Mar 27 03:16:15 UTC 2026", "2026-03-27T03:16:15Z"),
        ] {
            assert_eq!(read(text), Some(time.parse().unwrap()), "{text}");
        }
        assert_eq!(read("yesterday"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = read(&text);
        }
    }
}
