//! Everything that is checked when a policy is loaded.
//!
//! It happens in stages: the file's shape, what its parts say, the tests in it. Within a stage every
//! problem is told; a stage that found any is the last, so that no problem is told that is merely the
//! consequence of another.

mod outputs;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use serde_spanned::Spanned;

use super::account::LoginTemplate;
use super::error::Problem;
use super::expression::Expression;
use super::file::{self, Expect, File, Source};
use super::lookup::Lookups;
use super::person::{Attributes, Schema, found};
use super::sod::Separation;
use super::{Decision, Inner, Policy, Rule, Test};

/// Reads and checks a file; `hash` is of its bytes.
pub(super) fn load(source: &Source<'_>, hash: String) -> Result<Policy, Vec<Problem>> {
    let file = file::read(source)?;
    let mut checker = Checker { source, problems: Vec::new() };
    let policy = checker.policy(&file, hash);
    if checker.problems.is_empty() {
        file.tests.iter().for_each(|test| checker.run(&policy, test));
    }
    if checker.problems.is_empty() { Ok(policy) } else { Err(checker.problems) }
}

/// `no attribute "departement"; did you mean "department"?`
pub(super) fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name_lower = name.to_lowercase();
    let alike = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name_lower);
    let known: Vec<_> = known.map(|known| (alike(known), known)).collect();
    match known.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((alike, known)) if *alike > 0.8 => format!("no {kind} {name:?}; did you mean {known:?}?"),
        _ => format!("no {kind} {name:?}"),
    }
}

struct Checker<'a> {
    source: &'a Source<'a>,
    problems: Vec<Problem>,
}

/// Where the file's targets stand in their order.
type Indices<'a> = BTreeMap<&'a str, usize>;

impl Checker<'_> {
    fn policy(&mut self, file: &File, hash: String) -> Policy {
        let schema = self.schema(file);
        let lookups = self.lookups(file);
        let account = file.account.as_ref().and_then(|account| self.account(account, &schema));
        let targets = self.targets(file);
        let indices = targets.iter().enumerate().map(|(index, (name, _))| (name.as_str(), index)).collect();
        let rules = self.rules(file, &schema, &lookups, &indices);
        let separations = self.separations(file, &indices);
        let tests = self.tests(file, &schema, &indices);

        let line = |name: &Spanned<String>| self.source.position(name.span().start).0;
        let defaults = file.defaults.iter().map(|(name, _)| (name.get_ref().clone(), line(name))).collect();
        let reads = rules.iter().flat_map(|rule| rule.when.reads()).cloned().collect();
        let (name, owner) = (file.name.clone(), file.owner.clone());
        let env = Arc::new(cel::Env::stdlib());
        let inner = Inner {
            name,
            owner,
            hash,
            file: super::file_name(self.source.file),
            account,
            schema,
            lookups,
            targets,
            rules,
            separations,
            tests,
            defaults,
            reads,
            env,
        };
        self.against_nobody(&inner, file);
        Policy(Arc::new(inner))
    }

    fn schema(&mut self, file: &File) -> Schema {
        let mut schema = Schema::default();
        for (name, holds) in &file.attributes {
            if schema.holds(name.get_ref()).is_some() {
                let message =
                    format!("{:?} is one of Okta's own attributes; leave it out here", name.get_ref());
                self.problem(name, message);
            }
            schema.declare(name.get_ref(), *holds);
        }
        for (name, value) in &file.defaults {
            self.default(&mut schema, name, value);
        }
        schema
    }

    fn default(&mut self, schema: &mut Schema, name: &Spanned<String>, value: &Spanned<Value>) {
        if let Some(default) = self.attribute_value(schema, "[defaults]", name, value) {
            schema.set_default(name.get_ref(), default);
        }
    }

    /// The value of a known attribute, if it has the right type.
    fn attribute_value(
        &mut self,
        schema: &Schema,
        whose: &str,
        name: &Spanned<String>,
        value: &Spanned<Value>,
    ) -> Option<cel::Value> {
        let Some(holds) = schema.holds(name.get_ref()) else {
            let message = unknown("attribute", name.get_ref(), schema.names());
            self.problem(name, format!("{whose}: {message}"));
            return None;
        };
        let read = holds.read(value.get_ref());
        if read.is_none() {
            let (expected, found) = (holds.name(), found(value.get_ref()));
            self.problem(value, format!("{whose}: {:?} should be {expected}; it is {found}", name.get_ref()));
        }
        read
    }

    fn account(&mut self, account: &file::Account, schema: &Schema) -> Option<LoginTemplate> {
        let template = LoginTemplate::parse(account.login.get_ref(), schema);
        template.map_err(|message| self.problem(&account.login, format!("[account] login: {message}"))).ok()
    }

    fn rules(&mut self, file: &File, schema: &Schema, lookups: &Lookups, targets: &Indices<'_>) -> Vec<Rule> {
        if file.rules.is_empty() {
            self.whole("there are no rules; add one under [[rules]]");
        }
        self.unique("rule", "id", file.rules.iter().map(|rule| &rule.id));
        let named = named(file);
        file.rules.iter().filter_map(|rule| self.rule(rule, schema, lookups, &named, targets)).collect()
    }

    fn rule(
        &mut self,
        rule: &file::Rule,
        schema: &Schema,
        lookups: &Lookups,
        named: &BTreeSet<&str>,
        targets: &Indices<'_>,
    ) -> Option<Rule> {
        let id = rule.id.get_ref();
        if rule.grant.is_empty() && rule.deny.is_empty() && rule.set.is_empty() {
            self.problem(&rule.id, format!("rule {id:?} neither grants nor denies nor sets anything"));
        }
        self.known_targets(&format!("rule {id:?} grants"), &rule.grant, named);
        self.known_targets(&format!("rule {id:?} denies"), &rule.deny, named);
        for both in rule.deny.iter().filter(|denied| rule.grant.contains(denied)) {
            self.problem(both, format!("rule {id:?} both grants and denies {:?}", both.get_ref()));
        }
        let set = self.set(rule, schema, lookups);
        let review_by = self.review_by(rule);
        Some(Rule {
            id: id.clone(),
            line: self.source.position(rule.id.span().start).0,
            when: self.when(rule, schema, lookups)?,
            why: rule.why.clone(),
            set,
            priority: rule.priority.as_ref().map_or(0, |priority| *priority.get_ref()),
            review_by,
            grant: indices(&rule.grant, targets),
            deny: indices(&rule.deny, targets),
        })
    }

    fn when(&mut self, rule: &file::Rule, schema: &Schema, lookups: &Lookups) -> Option<Expression> {
        let expression = Expression::compile(rule.when.get_ref(), schema, lookups);
        let told = expression.map_err(|faults| {
            for fault in faults {
                let offset = self.source.inside(&rule.when, fault.at);
                self.at(offset, format!("rule {:?}: `when`: {}", rule.id.get_ref(), fault.message));
            }
        });
        told.ok()
    }

    fn separations(&mut self, file: &File, targets: &Indices<'_>) -> Vec<Separation> {
        self.unique("sod rule", "id", file.sod.iter().map(|separation| &separation.id));
        let named = named(file);
        file.sod.iter().map(|separation| self.separation(separation, &named, targets)).collect()
    }

    fn separation(
        &mut self,
        written: &file::Separation,
        named: &BTreeSet<&str>,
        targets: &Indices<'_>,
    ) -> Separation {
        let id = written.id.get_ref();
        let sides = written.conflict.get_ref();
        if sides.len() < 2 {
            let message = "needs two sides at least, as in [[\"pay-clerk\"], [\"pay-approver\"]]";
            self.problem(&written.conflict, format!("sod rule {id:?}: `conflict` {message}"));
        }
        for side in sides.iter().filter(|side| side.get_ref().is_empty()) {
            self.problem(side, format!("sod rule {id:?} has a side without a target"));
        }
        let all: Vec<_> = sides.iter().flat_map(Spanned::get_ref).cloned().collect();
        self.known_targets(&format!("sod rule {id:?} names"), &all, named);
        Separation {
            id: id.clone(),
            line: self.source.position(written.id.span().start).0,
            severity: written.severity,
            why: written.why.clone(),
            sides: sides.iter().map(|side| indices(side.get_ref(), targets)).collect(),
        }
    }

    fn known_targets(&mut self, what: &str, names: &[Spanned<String>], known: &BTreeSet<&str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !known.contains(name.get_ref().as_str()) {
                let message = unknown("target", name.get_ref(), known.iter().copied());
                self.problem(name, format!("{what} {:?}: {message}", name.get_ref()));
            } else if !seen.insert(name.get_ref()) {
                self.problem(name, format!("{what} {:?} twice", name.get_ref()));
            }
        }
    }

    fn unique<'a>(&mut self, what: &str, field: &str, names: impl Iterator<Item = &'a Spanned<String>>) {
        let mut first_lines = BTreeMap::new();
        for name in names {
            let (line, _) = self.source.position(name.span().start);
            if name.get_ref().trim().is_empty() {
                self.problem(name, format!("the {field} of a {what} must not be blank"));
            } else if let Some(first) = first_lines.get(name.get_ref()) {
                self.problem(name, format!("there is a {what} {:?} in line {first} already", name.get_ref()));
            } else {
                first_lines.insert(name.get_ref(), line);
            }
        }
    }

    /// Somebody of whom nothing is known will come along; no rule may fail over that.
    fn against_nobody(&mut self, policy: &Inner, file: &File) {
        let Ok(context) = policy.context(&Attributes::new()) else { return };
        for rule in &policy.rules {
            let Err(reason) = rule.when.holds(&context) else { continue };
            let written = file.rules.iter().find(|written| *written.id.get_ref() == rule.id);
            let offset = written.map_or(0, |written| self.source.inside(&written.when, 0));
            let message = format!("rule {:?}: `when`, for a person without attributes: {reason}", rule.id);
            self.at(offset, message);
        }
    }

    fn tests(&mut self, file: &File, schema: &Schema, targets: &Indices<'_>) -> Vec<Test> {
        self.unique("test", "name", file.tests.iter().map(|test| &test.name));
        let named = named(file);
        let outputs: BTreeSet<&str> =
            file.rules.iter().flat_map(|rule| rule.set.keys()).map(|name| name.get_ref().as_str()).collect();
        for test in &file.tests {
            let whose = format!("test {:?}", test.name.get_ref());
            for (name, value) in &test.user {
                self.attribute_value(schema, &whose, name, value);
            }
            self.expectation(&whose, &test.expect, &named);
            for name in
                test.expect.get_ref().set.keys().filter(|name| !outputs.contains(name.get_ref().as_str()))
            {
                let message = unknown("output", name.get_ref(), outputs.iter().copied());
                self.problem(name, format!("{whose} expects {:?}: {message}", name.get_ref()));
            }
        }
        let test = |test: &file::Test| Test {
            name: test.name.get_ref().clone(),
            line: self.source.position(test.name.span().start).0,
            about: expected(test.expect.get_ref()).flat_map(|names| indices(names, targets)).collect(),
        };
        file.tests.iter().map(test).collect()
    }

    fn expectation(&mut self, whose: &str, expect: &Spanned<Expect>, named: &BTreeSet<&str>) {
        let asserts_targets = expected(expect.get_ref()).any(|names| !names.is_empty());
        if !asserts_targets && expect.get_ref().exactly.is_none() && expect.get_ref().set.is_empty() {
            let message =
                "asserts nothing; say what to expect with exactly, at_least, absent, eligible or set";
            self.problem(expect, format!("{whose} {message}"));
        }
        for names in expected(expect.get_ref()) {
            self.known_targets(&format!("{whose} expects"), names, named);
        }
    }

    fn run(&mut self, policy: &Policy, test: &file::Test) {
        let named = |(name, value): (&Spanned<String>, &Spanned<Value>)| {
            (name.get_ref().clone(), value.get_ref().clone())
        };
        let person: Attributes = test.user.iter().map(named).collect();
        let failures = match policy.evaluate(&person) {
            Ok(decision) => failures(test.expect.get_ref(), &decision),
            Err(error) => vec![error.to_string()],
        };
        if !failures.is_empty() {
            self.problem(
                &test.name,
                format!("test {:?} fails: {}", test.name.get_ref(), failures.join("; ")),
            );
        }
    }

    fn problem<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.at(at.span().start, message);
    }

    fn at(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(self.source.problem(offset, message));
    }

    fn whole(&mut self, message: &str) {
        self.problems.push(Problem {
            file: self.source.file.to_owned(),
            position: None,
            message: message.to_owned(),
        });
    }
}

fn indices(names: &[Spanned<String>], targets: &Indices<'_>) -> Vec<usize> {
    names.iter().filter_map(|name| targets.get(name.get_ref().as_str()).copied()).collect()
}

/// The targets that the file names, also those that have a problem of their own.
fn named(file: &File) -> BTreeSet<&str> {
    file.targets.iter().map(|(name, _)| name.get_ref().as_str()).collect()
}

/// The lists of targets that a test names.
fn expected(expect: &Expect) -> impl Iterator<Item = &[Spanned<String>]> {
    let Expect { exactly, at_least, absent, eligible, .. } = expect;
    exactly.iter().chain([at_least, absent, eligible]).map(Vec::as_slice)
}

/// What a test expected and did not get, each with the rule that is behind it.
fn failures(expect: &Expect, decision: &Decision) -> Vec<String> {
    let names = |names: &[Spanned<String>]| names.iter().map(|name| name.get_ref().clone()).collect();
    let exactly: Option<BTreeSet<String>> = expect.exactly.as_deref().map(names);
    let mut wanted: BTreeSet<String> = names(&expect.at_least);
    wanted.extend(exactly.iter().flatten().cloned());
    let unwanted: BTreeSet<String> = names(&expect.absent);

    let missing_targets =
        wanted.iter().filter(|name| decision.grant(name).is_none()).map(|name| missing(name, decision));
    let surplus = decision.grants.iter().filter(|grant| {
        unwanted.contains(&grant.target)
            || exactly.as_ref().is_some_and(|exactly| !exactly.contains(&grant.target))
    });
    let surplus = surplus.map(|grant| format!("got {:?}, by {}", grant.target, because(&grant.because)));

    let may_ask: BTreeSet<String> = names(&expect.eligible);
    let refused = may_ask.iter().filter(|name| decision.may_ask_for(name).is_none());
    let refused = refused.map(|name| match decision.grant(name) {
        Some(_) => format!("expected that {name:?} has to be asked for; it is a birthright"),
        None => missing(name, decision),
    });
    let offered = decision.eligible.iter().filter(|grant| unwanted.contains(&grant.target));
    let offered =
        offered.map(|grant| format!("may ask for {:?}, by {}", grant.target, because(&grant.because)));
    let outputs =
        expect.set.iter().filter_map(|(name, value)| output(name.get_ref(), value.get_ref(), decision));
    missing_targets.chain(surplus).chain(refused).chain(offered).chain(outputs).collect()
}

fn output(name: &str, expected: &str, decision: &Decision) -> Option<String> {
    match decision.outputs.get(name) {
        Some(output) if output.value == expected => None,
        Some(output) => {
            let because = because(&output.because);
            Some(format!("expected {name} = {expected:?}, got {:?}, by {because}", output.value))
        }
        None => Some(format!("expected {name} = {expected:?}, which no rule sets for this person")),
    }
}

fn missing(target: &str, decision: &Decision) -> String {
    if let Some(denial) = decision.denials.iter().find(|denial| denial.target == target) {
        return format!("expected {target:?}, which is denied by {}", because(&denial.because));
    }
    match decision.may_ask_for(target) {
        Some(_) => format!("expected {target:?}, which has to be asked for: write eligible = [{target:?}]"),
        None => format!("expected {target:?}, which no rule grants to this person"),
    }
}

fn because(reasons: &[super::Because]) -> String {
    let rule = |because: &super::Because| format!("rule {:?} (line {})", because.rule, because.line);
    reasons.iter().map(rule).collect::<Vec<_>>().join(" and ")
}
