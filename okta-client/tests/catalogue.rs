//! The catalogue of events against the reference that it was made from.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeMap;

use okta_client::system_log::event_types;

/// What the reference says, piece by piece: a name, or whether event hooks deliver the names before.
#[derive(Debug)]
enum Piece<'a> {
    Name(&'a str),
    Mark(bool),
}

/// The pieces of a text in which names stand in back quotes, and marks (`H`, `–`) between them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for (n, part) in text.split('`').enumerate() {
        if n % 2 == 1 {
            pieces.push(Piece::Name(part));
        } else {
            let marks = part.chars().filter(|c| matches!(c, 'H' | '–'));
            pieces.extend(marks.map(|mark| Piece::Mark(mark == 'H')));
        }
    }
    pieces
}

/// Every name of the catalogue, and whether event hooks deliver it.
fn catalogue() -> BTreeMap<&'static str, bool> {
    let types = event_types::ALL.iter().map(|known| (known.as_str(), known.is_hook_eligible()));
    let families = event_types::FAMILIES.iter().map(|known| (known.prefix(), known.is_hook_eligible()));
    types.chain(families).collect()
}

/// The name that `text` stands for, after `before`: the reference leaves out how it begins, if that is plain.
fn resolve(text: &str, before: &str) -> Option<&'static str> {
    let text = text.trim_start_matches(['…', '.']).trim_end_matches('*');
    let ends = |known: &&str| {
        known.strip_suffix(text).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '_']))
    };
    let shared = |known: &str| known.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
    let all = catalogue();
    let exact = all.keys().copied().find(|known| *known == text);
    exact.or_else(|| {
        all.keys().copied().filter(ends).max_by_key(|known| (shared(known), usize::MAX - known.len()))
    })
}

/// The names that a text has, each with its mark.
fn marked(text: &str) -> Vec<(&'static str, Option<bool>)> {
    let mut found: Vec<(&str, Option<bool>)> = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Name(name) => {
                for alternative in name.split('|') {
                    let before = found.last().map_or("", |(name, _)| name);
                    let known = resolve(alternative, before);
                    found.push((known.unwrap_or_else(|| panic!("no {alternative} after {before}")), None));
                }
            }
            Piece::Mark(mark) => {
                for (_, is) in found.iter_mut().rev().take_while(|(_, is)| is.is_none()) {
                    *is = Some(mark);
                }
            }
        }
    }
    found
}

/// The same of a row of the table, whose second cell has one mark for all names or one for each.
fn marked_row(row: &str) -> Vec<(&'static str, Option<bool>)> {
    let row = row.replace("\\|", "\u{0}");
    let cells: Vec<String> = row.split('|').map(|cell| cell.replace('\u{0}', "|")).collect();
    let marks: Vec<bool> = cells[2].chars().filter(|c| matches!(c, 'H' | '–')).map(|c| c == 'H').collect();
    match &marks[..] {
        [] => marked(&cells[1]),
        [one] => {
            // A mark beside a name is about that one alone.
            let text = cells[1].replace("(H)", "");
            marked(&text).into_iter().map(|(name, _)| (name, (text == cells[1]).then_some(*one))).collect()
        }
        each => {
            marked(&cells[1]).into_iter().zip(each).map(|((name, _), mark)| (name, Some(*mark))).collect()
        }
    }
}

#[test]
fn it_has_what_the_reference_names() {
    let Some(file) = support::shared("facts/okta.md") else { return };
    let facts = std::fs::read_to_string(file).unwrap();
    let section = facts.split("\n## 16.").nth(1).unwrap().split("\n## 17.").next().unwrap();
    let mut named: BTreeMap<&str, Option<bool>> = BTreeMap::new();
    for line in section.lines() {
        if line.starts_with("| `") {
            named.extend(marked_row(line));
        } else if line.starts_with("Lifecycle") {
            named.extend(marked(line.split_once(':').unwrap().1));
        } else if line.starts_with("Self-service") {
            let lists = line.trim_start_matches("Self-service: ").replace("Governance: ", "");
            named.extend(marked(&lists));
        }
    }
    let all = catalogue();
    for (name, mark) in &named {
        assert!(mark.is_none_or(|mark| mark == all[name]), "{name}: {mark:?}");
    }
    let elsewhere = ["rate_limit", "concurrency", "event_hook.delivery", "upgrade_needed"];
    let mut unnamed = all.keys().filter(|name| !named.contains_key(*name));
    let unknown = unnamed.find(|name| !elsewhere.iter().any(|part| name.contains(part)));
    assert_eq!(unknown, None, "is in the catalogue, and nobody knows from where");
    assert!(named.len() > 150, "{}", named.len());
}
