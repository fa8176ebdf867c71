//! Attributes in the forms in which they have been seen or documented.

use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// A boolean, as such or as text.
pub(super) fn flag<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    match Json::deserialize(source)? {
        Json::Null => Ok(None),
        Json::Bool(flag) => Ok(Some(flag)),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(D::Error::custom("neither true nor false")),
    }
}

/// A number, as such or as text.
pub(super) fn count<'de, D: Deserializer<'de>>(source: D) -> Result<Option<u64>, D::Error> {
    let json = Json::deserialize(source)?;
    Ok(json.as_u64().or_else(|| json.as_str()?.parse().ok()))
}

/// A time; one that cannot be read is none.
pub(super) fn time<'de, D: Deserializer<'de>>(source: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Json::deserialize(source)?.as_str().and_then(|text| text.parse().ok()))
}

/// A list; the documentation also has a lone object where one is all that there can be.
pub(super) fn many<'de, D, T>(source: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let read = |json| T::deserialize(json).map_err(|_| D::Error::custom("an element of another shape"));
    match Json::deserialize(source)? {
        Json::Null => Ok(None),
        Json::Array(all) => all.into_iter().map(read).collect::<Result<_, _>>().map(Some),
        one => Ok(Some(vec![read(one)?])),
    }
}
