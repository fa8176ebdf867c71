//! A plain table, as people keep them in spreadsheets, made into rules.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use csv::StringRecord;

use super::check::unknown;
use super::error::{PolicyError, Problem};
use super::person::AttributeType;
use super::{MAX_BYTES, Policy, too_large};

/// The columns that name targets. All others name attributes.
const GRANT: &str = "grant";
const DENY: &str = "deny";

/// What stands in a cell that fits everybody, as an empty one does.
const ANY: &str = "*";

/// What stands between two targets in a cell.
const SEPARATOR: char = ';';

impl Policy {
    /// Makes rules of a table in CSV: one row, one rule, as TOML to be added to this policy's file.
    ///
    /// The first row names columns. `grant` and `deny` hold names of this policy's targets, with `;` between them; each
    /// other column is an attribute, and its cell the value that a person must have. A cell that is empty or `*` fits
    /// everybody. `name` stands for the file in messages and in the ids of rules.
    ///
    /// ```
    /// use lifecycle::Policy;
    ///
    /// # let policy = Policy::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/policies/acme.toml"))?;
    /// let rules = policy.import_csv("jobs.csv", "department,title,grant\nSales,*,salesforce; jira\n")?;
    /// assert_eq!(
    ///     rules,
    ///     r#"[[rules]]
    /// id = "jobs-2"
    /// when = '''user.department == "Sales"'''
    /// grant = ["salesforce", "jira"]
    /// "#
    /// );
    /// let error = policy.import_csv("jobs.csv", "department,grant\nSales,salesfroce\n").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "jobs.csv:2:2: grant: no target \"salesfroce\"; did you mean \"salesforce\"?"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the table, each with its row and column.
    pub fn import_csv(&self, name: &str, text: &str) -> Result<String, PolicyError> {
        let mut import = Import { policy: self, file: name, problems: Vec::new(), seen: BTreeSet::new() };
        let rules = import.read(text);
        if import.problems.is_empty() { Ok(rules) } else { Err(PolicyError::new(import.problems)) }
    }
}

struct Import<'p> {
    policy: &'p Policy,
    file: &'p str,
    problems: Vec<Problem>,
    /// The conditions so far.
    seen: BTreeSet<Vec<String>>,
}

/// What a column holds.
enum Column {
    Attribute(String, AttributeType),
    Grant,
    Deny,
}

/// A rule, as it grows cell by cell.
#[derive(Default)]
struct Row {
    conditions: Vec<String>,
    grant: Vec<String>,
    deny: Vec<String>,
}

impl Import<'_> {
    fn read(&mut self, text: &str) -> String {
        if text.len() > MAX_BYTES {
            self.problem(None, too_large());
            return String::new();
        }
        // What spreadsheets put before the first column.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns = match reader.headers() {
            Ok(header) => self.columns(&header.clone()),
            Err(error) => {
                self.unreadable(&error);
                return String::new();
            }
        };
        let mut rules = Vec::new();
        for (row, record) in (2..).zip(reader.records()) {
            match record {
                Ok(record) => {
                    let line = record
                        .position()
                        .map_or(row, |position| usize::try_from(position.line()).unwrap_or(row));
                    rules.push(self.row(line, &columns, &record));
                }
                Err(error) => self.unreadable(&error),
            }
        }
        if rules.is_empty() && self.problems.is_empty() {
            let message = "has no rows; the first row names columns, as in department,title,grant";
            self.problem(None, message.to_owned());
        }
        rules.join("\n")
    }

    fn columns(&mut self, header: &StringRecord) -> Vec<Option<Column>> {
        let mut seen = BTreeSet::new();
        let mut columns = Vec::new();
        for (place, name) in (1..).zip(header) {
            if !seen.insert(name) {
                self.problem(Some((1, place)), format!("there are two columns {name:?}"));
            }
            columns.push(self.column(place, name));
        }
        if !seen.contains(GRANT) && !seen.contains(DENY) {
            self.problem(
                Some((1, 1)),
                "there is no column \"grant\" or \"deny\" that names targets".to_owned(),
            );
        }
        columns
    }

    fn column(&mut self, place: usize, name: &str) -> Option<Column> {
        match name {
            GRANT => return Some(Column::Grant),
            DENY => return Some(Column::Deny),
            _ => {}
        }
        let schema = &self.policy.0.schema;
        match schema.holds(name) {
            Some(AttributeType::Array) => {
                self.problem(
                    Some((1, place)),
                    format!("{name:?} is an array; a table compares single values"),
                );
                None
            }
            Some(holds) => Some(Column::Attribute(name.to_owned(), holds)),
            None => {
                let known = schema.names().chain([GRANT, DENY]);
                self.problem(Some((1, place)), unknown("attribute", name, known));
                None
            }
        }
    }

    fn row(&mut self, line: usize, columns: &[Option<Column>], record: &StringRecord) -> String {
        let mut row = Row::default();
        for (place, (column, cell)) in (1..).zip(columns.iter().zip(record)) {
            match column {
                Some(Column::Attribute(name, holds)) if !cell.is_empty() && cell != ANY => {
                    row.conditions.extend(self.condition((line, place), name, *holds, cell));
                }
                Some(Column::Grant) => row.grant = self.targets((line, place), GRANT, cell),
                Some(Column::Deny) => row.deny = self.targets((line, place), DENY, cell),
                Some(Column::Attribute(..)) | None => {}
            }
        }
        if row.grant.is_empty() && row.deny.is_empty() && self.problems.is_empty() {
            self.problem(Some((line, 1)), "this row neither grants nor denies anything".to_owned());
        }
        if !self.seen.insert(row.conditions.clone()) && self.problems.is_empty() {
            self.problem(
                Some((line, 1)),
                "a row above is about the same people; make one row of the two".to_owned(),
            );
        }
        self.rule(line, &row)
    }

    fn condition(
        &mut self,
        at: (usize, usize),
        name: &str,
        holds: AttributeType,
        cell: &str,
    ) -> Option<String> {
        let literal = match holds {
            AttributeType::String => serde_json::Value::from(cell).to_string(),
            _ => match cell.to_lowercase().parse::<serde_json::Value>() {
                Ok(value) if holds.read(&value).is_some() => value.to_string(),
                _ => {
                    self.problem(Some(at), format!("{name} should be {}; it is {cell:?}", holds.name()));
                    return None;
                }
            },
        };
        if literal.contains("'''") || literal.contains('\u{7f}') {
            let message = format!("{name}: {cell:?} cannot stand in a table; write that rule by hand");
            self.problem(Some(at), message);
            return None;
        }
        Some(format!("user.{name} == {literal}"))
    }

    fn targets(&mut self, at: (usize, usize), column: &str, cell: &str) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        for name in cell.split(SEPARATOR).map(str::trim).filter(|name| !name.is_empty()) {
            if self.policy.target(name).is_none() {
                let known = self.policy.targets().map(|(name, _)| name);
                self.problem(Some(at), format!("{column}: {}", unknown("target", name, known)));
            } else if targets.iter().any(|target| target == name) {
                self.problem(Some(at), format!("{column}: {name:?} stands there twice"));
            } else {
                targets.push(name.to_owned());
            }
        }
        targets
    }

    fn rule(&self, line: usize, row: &Row) -> String {
        let table = super::file_name(self.file);
        let table = table.strip_suffix(".csv").unwrap_or(&table);
        let when = if row.conditions.is_empty() { "true".to_owned() } else { row.conditions.join(" && ") };
        let mut rule = format!("[[rules]]\nid = {}\n", serde_json::json!(format!("{table}-{line}")));
        let _ = writeln!(rule, "when = '''{when}'''");
        for (key, targets) in [(GRANT, &row.grant), (DENY, &row.deny)] {
            if !targets.is_empty() {
                let _ = writeln!(rule, "{key} = [{}]", super::words::quoted(targets));
            }
        }
        rule
    }

    fn unreadable(&mut self, error: &csv::Error) {
        let line = error.position().and_then(|position| usize::try_from(position.line()).ok());
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("this row has {len} cells, and the first row names {expected_len} columns")
            }
            _ => "is no CSV".to_owned(),
        };
        self.problem(line.map(|line| (line, 1)), message);
    }

    /// The second number is the column of the table, counted from 1.
    fn problem(&mut self, position: Option<(usize, usize)>, message: String) {
        self.problems.push(Problem { file: self.file.to_owned(), position, message });
    }
}
