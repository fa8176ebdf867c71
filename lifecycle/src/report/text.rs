//! Text from outside, fit to be shown.

/// `text` without what could move a terminal's cursor, forge a line, or turn the direction of reading: names on
/// tickets and notes are what somebody typed.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || turns_text(c) { ' ' } else { c }).collect()
}

/// Line separators and changes of direction: with them a name shows as another one.
pub(crate) fn turns_text(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_stays_one_line_and_reads_one_way() {
        assert_eq!(printable("Zoë\u{1b}[2J\nverified\u{202e}!"), "Zoë [2J verified !");
    }
}
