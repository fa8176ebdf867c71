//! How people read what would change.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{Table, presets};

use super::{Diff, Shift, TargetDiff, Verdict, Who};
use crate::policy::words::percent;

/// How many names are shown; the JSON has all.
const NAMES: usize = 8;

/// How many departments are shown.
const DEPARTMENTS: usize = 3;

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (short(&self.old.hash), short(&self.new.hash));
        writeln!(f, "{} {old} → {} {new}, for {} people", self.old.name, self.new.name, self.people)?;
        if self.is_empty() && self.failed.is_empty() {
            return writeln!(f, "Nothing would change.");
        }
        writeln!(f, "{} people would change, {} would lose something.", self.changed, self.losing)?;
        if !self.targets.is_empty() {
            writeln!(f, "\n{}", table(&self.targets))?;
            self.targets.iter().try_for_each(|target| names(f, target))?;
        }
        section(f, "Said otherwise about targets", &self.redefined, |redefined| {
            format!("{}: {} {} → {}", redefined.target, redefined.key, redefined.old, redefined.new)
        })?;
        section(f, "Would hold together what nobody may", &self.conflicts, |new| {
            format!("{}: {}", new.who.login, new.conflict)
        })?;
        section(f, "Would be left with nothing", &self.left_with_nothing, |who| {
            format!("{} ({}, {})", who.login, who.name, who.department)
        })?;
        section(f, "Would have nobody left", &self.emptied, Clone::clone)?;
        for (name, people) in &self.outputs {
            writeln!(f, "\n{name} would be another for {}", logins(people))?;
        }
        section(f, "Nothing can be said about", &self.failed, |failed| {
            format!("{}: {}", failed.who.login, failed.error)
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchanged => f.write_str("Nothing to do."),
            Self::Changed => f.write_str("This can be done."),
            Self::NeedsApproval { because } => {
                f.write_str("Somebody has to approve this:")?;
                because.iter().try_for_each(|reason| write!(f, "\n  {reason}"))
            }
            Self::RailsTripped { trips } => {
                f.write_str("This is too much at once, or stands on sand. Look, then do it in parts:")?;
                trips.iter().try_for_each(|trip| write!(f, "\n  {}", trip.what))
            }
        }
    }
}

fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

fn table(targets: &[TargetDiff]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Target", "Risk", "Members", "Get", "Lose", "May ask", "Denied", "Most in"]);
    for target in targets {
        let TargetDiff { members, members_after, granted, eligible, denied, .. } = target;
        let share = |people: &[Who], sign: char| match people.len() {
            0 => String::new(),
            n => format!("{sign}{n} ({})", percent(n, *members)),
        };
        table.add_row([
            target.target.clone(),
            target.risk.to_string(),
            format!("{members} → {members_after}"),
            share(&granted.adds, '+'),
            share(&granted.removes, '-'),
            signed(eligible),
            signed(denied),
            departments(target),
        ]);
    }
    table.trim_fmt()
}

/// `+2 -1`.
fn signed(shift: &Shift) -> String {
    let parts =
        [('+', &shift.adds), ('-', &shift.removes)].into_iter().filter(|(_, people)| !people.is_empty());
    parts.map(|(sign, people)| format!("{sign}{}", people.len())).collect::<Vec<_>>().join(" ")
}

fn departments(target: &TargetDiff) -> String {
    let TargetDiff { granted, eligible, denied, .. } = target;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for shift in [granted, eligible, denied] {
        for who in shift.adds.iter().chain(&shift.removes) {
            *counts.entry(&who.department).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = counts.iter().take(DEPARTMENTS).map(|(department, count)| format!("{department} {count}"));
    shown.collect::<Vec<_>>().join(", ")
}

fn names(f: &mut fmt::Formatter<'_>, target: &TargetDiff) -> fmt::Result {
    let TargetDiff { target, granted, eligible, denied, .. } = target;
    for (what, people) in [
        ("get", &granted.adds),
        ("lose", &granted.removes),
        ("may ask for", &eligible.adds),
        ("may no more ask for", &eligible.removes),
        ("are denied", &denied.adds),
        ("are no more denied", &denied.removes),
    ] {
        if !people.is_empty() {
            writeln!(f, "  {what} {target}: {}", logins(people))?;
        }
    }
    Ok(())
}

fn logins(people: &[Who]) -> String {
    let shown: Vec<&str> = people.iter().take(NAMES).map(|who| who.login.as_str()).collect();
    match people.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    items: &[T],
    shown: impl Fn(&T) -> String,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    items.iter().take(NAMES).try_for_each(|item| writeln!(f, "  {}", shown(item)))?;
    match items.len().saturating_sub(NAMES) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
