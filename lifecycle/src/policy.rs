//! The policy: which entitlements follow from who a person is.
//!
//! A policy is a TOML file that people review like code. It names *targets*, which are groups, apps and roles by their
//! id; *rules*, which grant or deny targets to everyone for whom a condition holds; and *tests*, which
//! say who must get what. Loading runs the tests and checks everything else that can be checked without
//! a tenant, so a policy that loads is one that can be evaluated.
//!
//! ```
//! use lifecycle::policy::{Attributes, Policy};
//!
//! let policy = Policy::parse(
//!     "policy.toml",
//!     r#"
//!     version = 1
//!     name = "acme-birthright"
//!     owner = "iam-team"
//!
//!     [account]
//!     login = "{firstName}.{lastName}@acme.example"
//!
//!     [targets.everyone]
//!     okta_group = "00g1everyone"
//!
//!     [targets.production]
//!     okta_group = "00g2production"
//!
//!     [[rules]]
//!     id = "all-staff"
//!     when = 'user.userType in ["employee", "contractor"]'
//!     grant = ["everyone"]
//!
//!     [[rules]]
//!     id = "operators"
//!     when = 'user.title.contains("Operator")'
//!     grant = ["production"]
//!
//!     [[rules]]
//!     id = "no-contractor-in-production"
//!     when = 'user.userType == "contractor"'
//!     deny = ["production"]
//!     why = "Customers were promised that only employees can reach their data."
//!
//!     [[tests]]
//!     name = "a contractor never gets production"
//!     user = { userType = "contractor", title = "Operator" }
//!     expect = { exactly = ["everyone"] }
//!     "#,
//! )?;
//!
//! let person = Attributes::from_iter([
//!     ("firstName", "Zoë"),
//!     ("lastName", "O'Neil"),
//!     ("userType", "contractor"),
//!     ("title", "Operator"),
//! ]);
//! let decision = policy.evaluate(&person)?;
//! assert_eq!(decision.grants[0].target, "everyone");
//! assert_eq!(
//!     decision.grants[0].because[0].to_string(),
//!     r#"rule "all-staff" (policy.toml:16): user.userType in ["employee", "contractor"]"#,
//! );
//! assert_eq!(decision.denials[0].target, "production");
//!
//! let logins: Vec<_> = policy.logins(&person)?.take(2).collect();
//! assert_eq!(logins, ["zoe.oneil@acme.example", "zoe.oneil2@acme.example"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Conditions
//!
//! A condition is an expression in [CEL](https://cel.dev) that gives true or false. It sees one variable,
//! `user`, with every attribute of Okta's base profile and those that the file declares under
//! `[attributes]`, where the types are Okta's: `string`, `boolean`, `integer`, `number`, `array`.
//!
//! # An absent attribute
//!
//! Every attribute always has a value. One that is absent, null or blank has the value given under
//! `[defaults]`, and if there is none, `""` (`false`, `0` or `[]` where the type is another). So a
//! condition cannot fail over a missing attribute, and whoever writes it decides what missing means.
//! A name that is neither in the base profile nor declared is an error when the policy is loaded.
//!
//! # Deny beats grant
//!
//! All rules whose condition holds have their say, in any order: a person is entitled to what at least
//! one of them grants and none of them denies.
//!
//! # Targets
//!
//! A target is an Okta group or app, or a group or role of ServiceNow. It says how it may be held, and all of this can
//! be left out:
//!
//! ```toml
//! [targets.production]
//! okta_group = "00g2production"       # or okta_app, servicenow_group, servicenow_role
//! name = "Production Access"          # what it is called there: compared, never looked up
//! risk = "privileged"                 # low, medium (what is meant if nothing is said), high, privileged
//! birthright = false                  # false for privileged targets anyway, else true
//! max_duration = "8h"                 # units: m, h, d, w
//! approvers = ["owner", "ada.byron@acme.example"]  # manager, owner, logins; ["manager", "owner"] if left out
//! approvals = 2                       # 1 if left out
//! review = "90d"
//! grace_working_days = 3              # 5 if left out; 0 for what is privileged or stands under [[sod]]
//! ```
//!
//! A rule that grants what is no birthright says who may ask for it: such targets are in [`Decision::eligible`].
//!
//! # Separation of duties
//!
//! Nobody may hold something of two sides of a `conflict`: see [`Policy::conflicts`].
//!
//! ```toml
//! [[sod]]
//! id = "pay"
//! conflict = [["payments-clerk"], ["payments-approver", "finance-admin"]]
//! severity = "high"                   # info, low, medium, high, critical
//! why = "Who enters a payment does not approve it."
//! ```
//!
//! # Tables and values
//!
//! A table under `[lookups]` turns one value into another: in a condition as `lookup("region", user.countryCode)`, which
//! is `""` for what the table does not know. A rule can also `set` values by name, such as the name of a role that
//! follows from a title: a text, or what a table has for an attribute. Of several rules that set the same, the one with the
//! highest `priority` (0 if left out) has its way; two of the same priority with different values are an error.
//!
//! ```toml
//! [lookups.region]
//! DE = "emea"
//! US = "americas"
//!
//! [[rules]]
//! id = "place"
//! when = 'lookup("region", user.countryCode) != ""'
//! set = { region = { lookup = "region", by = "countryCode" }, desk = "global" }
//! priority = 10
//! review_by = 2027-01-31               # the lint says when this is over; the rule itself goes on
//! ```
//!
//! # Logins
//!
//! `[account]` says how a new person's login is made. `{lastName}` stands for an attribute, `{firstName:1}`
//! for its first character. Values are written in lower-case ASCII (`é` is `e`, `ß` is `ss`); what is
//! not `a-z`, `0-9`, `.`, `_` or `-` is left out. The second person of that name gets a `2` before the `@`.

mod account;
mod check;
mod decision;
mod diff;
mod entitlement;
mod error;
mod explain;
mod expression;
mod file;
mod lint;
mod lookup;
mod movement;
mod person;
mod population;
mod rules;
mod sod;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::action::Permissions;
use account::LoginTemplate;
use chrono::NaiveDate;
use expression::Expression;
use file::Source;
use lookup::Lookups;
use person::Schema;
use sod::Separation;

pub use decision::{Because, Decision, Denial, Grant, Output};
pub use diff::{Diff, Redefined, Shift, TargetDiff, Verdict, Who};
pub use entitlement::Entitlement;
pub use error::{EvaluationError, PolicyError, Problem};
pub use explain::{Explained, Explanation, Holding};
pub use lint::{Check, Finding};
pub use movement::Movement;
pub use person::Attributes;
pub use population::{Person, Population};
pub use rules::Rules;
pub use sod::{Conflict, Severity};
pub use target::{Approver, Risk, Target};

/// Enough for tens of thousands of rules; a larger file is some other file.
const MAX_BYTES: usize = 1 << 20;

/// A policy that was loaded and checked. Cloning it is cheap.
///
/// The [module's page](self) shows one, and says what its parts mean.
#[derive(Clone)]
pub struct Policy(Arc<Inner>);

struct Inner {
    name: String,
    owner: String,
    hash: String,
    file: String,
    account: Option<LoginTemplate>,
    schema: Schema,
    lookups: Lookups,
    targets: Vec<(String, Target)>,
    rules: Vec<Rule>,
    separations: Vec<Separation>,
    tests: Vec<Test>,
    /// The attributes with a default, each with its line.
    defaults: Vec<(String, usize)>,
    reads: BTreeSet<String>,
    env: Arc<cel::Env>,
}

/// A rule whose targets are indices into the policy's.
struct Rule {
    id: String,
    line: usize,
    when: Expression,
    why: Option<String>,
    grant: Vec<usize>,
    deny: Vec<usize>,
    set: Vec<(String, SetValue)>,
    priority: i64,
    review_by: Option<NaiveDate>,
}

impl Rule {
    fn is_about_access(&self) -> bool {
        !self.grant.is_empty() || !self.deny.is_empty()
    }
}

/// What a rule sets something to.
enum SetValue {
    Text(String),
    /// What a table has for an attribute's value; nothing is set if it has nothing.
    Lookup {
        table: String,
        attribute: String,
    },
}

/// A test that passes, and the targets that it is about.
struct Test {
    name: String,
    line: usize,
    about: BTreeSet<usize>,
}

impl Policy {
    /// Loads a policy from a file.
    ///
    /// # Errors
    ///
    /// Says everything that is wrong with the file, each with its line: see [`PolicyError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PolicyError> {
        let path = path.as_ref();
        let whole = |message: String| {
            let file = path.display().to_string();
            PolicyError::new(vec![Problem { file, position: None, message }])
        };
        let bytes =
            read_at_most(path, MAX_BYTES + 1).map_err(|error| whole(format!("cannot be read: {error}")))?;
        match std::str::from_utf8(&bytes) {
            _ if bytes.len() > MAX_BYTES => Err(whole(too_large())),
            Ok(text) => Self::parse(&path.display().to_string(), text),
            Err(error) => Err(whole(format!("is no UTF-8 text: {error}"))),
        }
    }

    /// Loads a policy from text; `name` stands for the file in messages and reasons.
    ///
    /// # Errors
    ///
    /// Says everything that is wrong with the text, each with its line: see [`PolicyError`].
    ///
    /// ```
    /// use lifecycle::policy::Policy;
    ///
    /// let error = Policy::parse("policy.toml", "version = 2").unwrap_err();
    /// assert_eq!(error.to_string(), "policy.toml:1:11: this release reads version = 1 only");
    /// ```
    pub fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            let problem = Problem { file: name.to_owned(), position: None, message: too_large() };
            return Err(PolicyError::new(vec![problem]));
        }
        check::load(&Source { file: name, text }, sha256_hex(text)).map_err(PolicyError::new)
    }

    /// The policy's name, as it says itself.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Who answers for the policy.
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// SHA-256 of the file's bytes, in hex: which policy an operation ran under.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// Everything that the policy can grant, in the file's order.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.0.targets.iter().map(|(name, target)| (name.as_str(), target))
    }

    /// What the policy says about one of its targets.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets().find(|(known, _)| *known == name).map(|(_, target)| target)
    }

    /// The target that is an entitlement, with its name; none if the policy does not know the entitlement.
    pub fn target_of(&self, entitlement: &Entitlement) -> Option<(&str, &Target)> {
        self.targets().find(|(_, target)| target.entitlement == *entitlement)
    }

    /// What of all this nobody may hold together, by the rules under `[[sod]]`.
    pub fn conflicts<'a>(&self, held: impl IntoIterator<Item = &'a Entitlement>) -> Vec<Conflict> {
        self.0.conflicts(&held.into_iter().collect())
    }

    /// The least with which all that it may grant is given and taken.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.targets().map(|(_, target)| target.entitlement.permissions()).collect()
    }

    /// The names of the tests in the file, each with its line. All of them pass, or there would be no policy.
    pub fn tests(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.tests.iter().map(|test| (test.name.as_str(), test.line))
    }

    /// What a person is entitled to, and why.
    ///
    /// # Errors
    ///
    /// If one rule cannot be evaluated, there is no decision: it may be the one that denies.
    pub fn evaluate(&self, person: &Attributes) -> Result<Decision, EvaluationError> {
        let context = self.0.context(person)?;
        let mut matched = Vec::new();
        for rule in &self.0.rules {
            if rule.when.holds(&context).map_err(|reason| self.0.failed(rule, reason))? {
                matched.push(rule);
            }
        }
        self.0.decide(&matched, person)
    }

    /// The logins that a new person may get, best first, without end: take the first that is free.
    ///
    /// # Errors
    ///
    /// If the policy has no `[account]`, or the person lacks an attribute that the login is made of.
    pub fn logins(
        &self,
        person: &Attributes,
    ) -> Result<impl Iterator<Item = String> + use<>, EvaluationError> {
        let Some(template) = &self.0.account else {
            return Err(EvaluationError::NoAccount { policy: self.0.name.clone() });
        };
        template.logins(&|attribute| match self.0.schema.value(attribute, person)? {
            cel::Value::String(value) => Ok(value.to_string()),
            _ => Ok(String::new()),
        })
    }

    /// Whether rules can read this attribute: it is in Okta's base profile, or declared under `[attributes]`.
    pub fn knows(&self, attribute: &str) -> bool {
        self.0.schema.holds(attribute).is_some()
    }

    /// The attributes that a login is made of; none if the policy has no `[account]`.
    pub fn login_attributes(&self) -> impl Iterator<Item = &str> {
        self.0.account.iter().flat_map(LoginTemplate::reads)
    }

    /// The strings that rules compare an attribute with: what the policy knows of departments, say.
    pub fn literals(&self, attribute: &str) -> BTreeSet<&str> {
        self.0.rules.iter().flat_map(|rule| rule.when.literals(attribute)).collect()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { name, hash, file, rules, .. } = &*self.0;
        f.debug_struct("Policy")
            .field("name", name)
            .field("file", file)
            .field("hash", hash)
            .field("rules", &rules.len())
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// `user`, with the attributes that any rule reads.
    fn context(&self, person: &Attributes) -> Result<cel::Context<'static, 'static>, EvaluationError> {
        let mut user = HashMap::with_capacity(self.reads.len());
        for name in &self.reads {
            user.insert(name.as_str(), self.schema.value(name, person)?);
        }
        let mut context = cel::Context::with_env(Arc::clone(&self.env));
        context.add_variable_from_value(expression::USER, user);
        self.lookups.declare(&mut context);
        Ok(context)
    }

    /// The tables that rules ask, each with an attribute that they ask about.
    fn lookup_uses(&self) -> impl Iterator<Item = (&str, &str)> {
        let conditions = self.rules.iter().flat_map(|rule| rule.when.lookups());
        let conditions = conditions.map(|(table, attribute)| (table.as_str(), attribute.as_str()));
        let values = self.rules.iter().flat_map(|rule| &rule.set).filter_map(|(_, value)| match value {
            SetValue::Lookup { table, attribute } => Some((table.as_str(), attribute.as_str())),
            SetValue::Text(_) => None,
        });
        conditions.chain(values)
    }

    fn failed(&self, rule: &Rule, reason: String) -> EvaluationError {
        EvaluationError::Rule { rule: rule.id.clone(), file: self.file.clone(), line: rule.line, reason }
    }

    fn decide(&self, matched: &[&Rule], person: &Attributes) -> Result<Decision, EvaluationError> {
        let granted = self.collect(matched, |rule| &rule.grant);
        let denied = self.collect(matched, |rule| &rule.deny);
        let is_denied = |target: usize| denied.iter().any(|(denied, _)| *denied == target);
        let granted_by = |target: usize| granted.iter().find(|(granted, _)| *granted == target);

        let allowed = granted.iter().filter(|(target, _)| !is_denied(*target));
        let (grants, eligible) = allowed.partition(|(target, _)| self.targets[*target].1.birthright);
        let named = |found: Vec<&(usize, Vec<Because>)>| {
            found.into_iter().map(|(target, because)| self.grant(*target, because.clone())).collect()
        };
        let denials = denied.iter().map(|(target, because)| {
            let overruled = granted_by(*target).map(|(_, because)| because.clone()).unwrap_or_default();
            let Grant { target, entitlement, because } = self.grant(*target, because.clone());
            Denial { target, entitlement, because, overruled }
        });
        let reading = matched.iter().map(|rule| (rule.id.clone(), rule.when.reads().clone())).collect();
        Ok(Decision {
            grants: named(grants),
            eligible: named(eligible),
            denials: denials.collect(),
            outputs: self.outputs(matched, person)?,
            matched_rules: matched.iter().filter(|rule| rule.is_about_access()).count(),
            reading,
        })
    }

    /// Of the rules that set something, the one with the highest priority has its way.
    fn outputs(
        &self,
        matched: &[&Rule],
        person: &Attributes,
    ) -> Result<BTreeMap<String, Output>, EvaluationError> {
        let mut by_priority = matched.to_vec();
        by_priority.sort_by_key(|rule| Reverse(rule.priority));
        let mut best: BTreeMap<&str, (&Rule, Output)> = BTreeMap::new();
        for rule in by_priority {
            for (name, value) in &rule.set {
                let Some(value) = self.set_value(value, person)? else { continue };
                let because = self.because(rule);
                match best.get_mut(name.as_str()) {
                    None => {
                        best.insert(name, (rule, Output { value, because: vec![because] }));
                    }
                    Some((first, _)) if first.priority > rule.priority => {}
                    Some((_, output)) if output.value == value => output.because.push(because),
                    Some((first, _)) => return Err(self.tie(name, first, rule)),
                }
            }
        }
        Ok(best.into_iter().map(|(name, (_, output))| (name.to_owned(), output)).collect())
    }

    fn set_value(&self, value: &SetValue, person: &Attributes) -> Result<Option<String>, EvaluationError> {
        match value {
            SetValue::Text(text) => Ok(Some(text.clone())),
            SetValue::Lookup { table, attribute } => match self.schema.value(attribute, person)? {
                cel::Value::String(key) => Ok(self.lookups.find(table, &key).map(str::to_owned)),
                _ => Ok(None),
            },
        }
    }

    fn tie(&self, output: &str, first: &Rule, second: &Rule) -> EvaluationError {
        EvaluationError::Tie {
            output: output.to_owned(),
            first: first.id.clone(),
            second: second.id.clone(),
            file: self.file.clone(),
            line: second.line,
        }
    }

    /// Each target once, in the order of the rules and of the targets in each, with all its reasons.
    fn collect(&self, rules: &[&Rule], targets: fn(&Rule) -> &Vec<usize>) -> Vec<(usize, Vec<Because>)> {
        let mut order: Vec<(usize, Vec<Because>)> = Vec::new();
        let mut places = BTreeMap::new();
        for rule in rules {
            for &target in targets(rule) {
                let place = *places.entry(target).or_insert_with(|| {
                    order.push((target, Vec::new()));
                    order.len() - 1
                });
                order[place].1.push(self.because(rule));
            }
        }
        order
    }

    fn because(&self, rule: &Rule) -> Because {
        Because {
            rule: rule.id.clone(),
            file: self.file.clone(),
            line: rule.line,
            when: rule.when.source().to_owned(),
            why: rule.why.clone(),
        }
    }

    fn grant(&self, target: usize, because: Vec<Because>) -> Grant {
        let (name, target) = &self.targets[target];
        Grant { target: name.clone(), entitlement: target.entitlement.clone(), because }
    }
}

/// Plans carry reasons and are compared by digest: where a file lies must not change them.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn read_at_most(path: &Path, bytes: usize) -> std::io::Result<Vec<u8>> {
    use std::io::Read;

    let mut content = Vec::new();
    std::fs::File::open(path)?.take(bytes as u64).read_to_end(&mut content)?;
    Ok(content)
}

fn too_large() -> String {
    format!("is larger than {MAX_BYTES} bytes, which no policy is")
}

fn sha256_hex(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
