//! Lists and shares, in words.

use std::fmt;

/// `"Eng", "eng " and "ENG"`.
pub(super) fn list<S: fmt::Debug>(items: impl IntoIterator<Item = S>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| format!("{item:?}")).collect();
    match items.pop() {
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
        None => String::new(),
    }
}

/// `8.3 %`.
pub(super) fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `"a", "b"`.
pub(super) fn quoted(items: &[String]) -> String {
    items.iter().map(|item| serde_json::Value::from(item.as_str()).to_string()).collect::<Vec<_>>().join(", ")
}
