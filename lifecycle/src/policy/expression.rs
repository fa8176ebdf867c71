//! A rule's condition: CEL, read before it is run.
//!
//! Every name in a condition is known when the policy is loaded. That takes a few refusals CEL itself
//! does not make: `user` stands only before an attribute's name, so that what a condition reads can be
//! told without running it.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, ExecutionError, Program};

use super::check::unknown;
use super::lookup::{LOOKUP, Lookups};
use super::person::{AttributeType, Schema};

/// The name under which a condition sees the person.
pub(super) const USER: &str = "user";

/// Nobody writes a longer condition by hand, and the parser takes its time over long ones.
const MAX_CHARS: usize = 4096;

/// CEL evaluates recursively, on whatever stack a caller has.
const MAX_DEPTH: usize = 20;

const TOO_DEEP: &str = "is nested too deep; make several rules of it";

/// The parser recurses as well, and only partly counts how deep.
const STACK_BYTES: usize = 64 << 20;

const FUNCTIONS: [&str; 26] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "int",
    LOOKUP,
    "matches",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

const MACROS: [&str; 6] = ["all", "exists", "exists_one", "filter", "has", "map"];

const SINGLE_EQUALS: &str = "token recognition error at: '=";

const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// A condition that compiles, and what it reads.
#[derive(Debug)]
pub(super) struct Expression {
    program: Program,
    source: String,
    reads: BTreeSet<String>,
    literals: BTreeMap<String, BTreeSet<String>>,
    lookups: BTreeSet<(String, String)>,
    broad: Vec<String>,
}

/// What is wrong with a condition, and at which of its bytes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Expression {
    /// Compiles a condition, on a thread of its own with a stack that no condition can exhaust.
    pub(super) fn compile(source: &str, schema: &Schema, tables: &Lookups) -> Result<Self, Vec<Fault>> {
        check_length(source).map_err(whole)?;
        let compiled = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("policy".to_owned()).stack_size(STACK_BYTES);
            let thread = thread.spawn_scoped(scope, || Self::compile_here(source, schema, tables)).ok()?;
            thread.join().ok()
        });
        compiled.unwrap_or_else(|| Err(whole("could not be compiled".to_owned())))
    }

    fn compile_here(source: &str, schema: &Schema, tables: &Lookups) -> Result<Self, Vec<Fault>> {
        let program = Program::compile(source).map_err(|errors| vec![syntax(source, &errors)])?;
        let mut reader = Reader::new(&program, schema, tables);
        reader.visit(program.expression());
        let Reader { reads, literals, lookups, broad, faults, deepest, .. } = reader;
        if deepest > MAX_DEPTH {
            return Err(whole(TOO_DEEP.to_owned()));
        }
        if faults.is_empty() {
            Ok(Self { source: source.to_owned(), reads, literals, lookups, broad, program })
        } else {
            Err(faults)
        }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The attributes that it looks at.
    pub(super) fn reads(&self) -> &BTreeSet<String> {
        &self.reads
    }

    /// The strings that it compares an attribute with.
    pub(super) fn literals(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.literals.get(attribute).into_iter().flatten().map(String::as_str)
    }

    /// The attributes that it compares with strings, and the strings.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.literals.iter().map(|(attribute, literals)| (attribute.as_str(), literals))
    }

    /// The tables that it asks, each with the attribute that it asks about.
    pub(super) fn lookups(&self) -> &BTreeSet<(String, String)> {
        &self.lookups
    }

    /// The parts of it that fit nearly everything.
    pub(super) fn broad(&self) -> &[String] {
        &self.broad
    }

    /// Whether it holds, or in words why it cannot be told.
    pub(super) fn holds(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        match self.program.execute(context) {
            Ok(cel::Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("gives {}; it must give true or false", type_name(&other))),
            Err(error) => Err(explain(&error)),
        }
    }
}

fn whole(message: String) -> Vec<Fault> {
    vec![Fault { at: 0, message }]
}

fn check_length(source: &str) -> Result<(), String> {
    if source.trim().is_empty() {
        return Err("is empty; write true for a rule that holds for everyone".to_owned());
    }
    if source.chars().count() > MAX_CHARS {
        return Err(format!("is longer than {MAX_CHARS} characters; make several rules of it"));
    }
    Ok(())
}

/// The parser's first complaint: those behind it are mostly its own confusion.
fn syntax(source: &str, errors: &cel::ParseErrors) -> Fault {
    let Some(error) = errors.errors.first() else {
        return Fault { at: 0, message: "is no valid CEL".to_owned() };
    };
    if error.msg.contains("Recursion limit") {
        return Fault { at: 0, message: TOO_DEEP.to_owned() };
    }
    let complaint = error.msg.trim().trim_start_matches("Syntax error: ");
    let complaint = complaint.split(" expecting {").next().unwrap_or(complaint);
    let hint = if complaint.starts_with(SINGLE_EQUALS) { " (write == to compare)" } else { "" };
    Fault { at: byte(source, error.pos), message: format!("is no valid CEL: {complaint}{hint}") }
}

/// The parser tells line and column, both counted from 1, the column in characters.
fn byte(source: &str, (line, column): (isize, isize)) -> usize {
    let before = |one_based: isize| usize::try_from(one_based - 1).unwrap_or(0);
    let line_start: usize = source.split_inclusive('\n').take(before(line)).map(str::len).sum();
    let rest = &source[line_start..];
    line_start + rest.char_indices().nth(before(column)).map_or(rest.len(), |(byte, _)| byte)
}

fn type_name(value: &cel::Value) -> &'static str {
    use cel::Value;
    match value {
        Value::String(_) => "a string",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Null => "null",
        _ => "something else",
    }
}

/// CEL's own texts quote the values at hand, and those are a person's; so these are ours.
fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => {
            let (function, types) = (overload.function(), overload.argument_types().join(", "));
            let shown = if is_operator(function) { function.replace('_', "") } else { function.to_owned() };
            format!("{shown} cannot be used on ({types})")
        }
        ExecutionError::FunctionError { function, .. } => {
            format!("{function}() does not take what it was given; test for that first, with &&")
        }
        ExecutionError::UndeclaredReference(name) => format!("{name} is not known here"),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function takes {expected} arguments and was given {actual}")
        }
        ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_) => {
            "a list or map has no such entry; test for that first, with &&".to_owned()
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "divides by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number grows too large".to_owned(),
        ExecutionError::UnexpectedType { got, want } => format!("needs {want} where it is given {got}"),
        _ => "an operator or function does not work on the kind of value it was given".to_owned(),
    }
}

/// Walks a condition once, and notes what it reads and what is wrong.
struct Reader<'a> {
    program: &'a Program,
    schema: &'a Schema,
    tables: &'a Lookups,
    scope: Vec<&'a str>,
    reads: BTreeSet<String>,
    literals: BTreeMap<String, BTreeSet<String>>,
    lookups: BTreeSet<(String, String)>,
    broad: Vec<String>,
    faults: Vec<Fault>,
    depth: usize,
    deepest: usize,
}

impl<'a> Reader<'a> {
    fn new(program: &'a Program, schema: &'a Schema, tables: &'a Lookups) -> Self {
        Self {
            program,
            schema,
            tables,
            scope: Vec::new(),
            reads: BTreeSet::new(),
            literals: BTreeMap::new(),
            lookups: BTreeSet::new(),
            broad: Vec::new(),
            faults: Vec::new(),
            depth: 0,
            deepest: 0,
        }
    }

    fn visit(&mut self, node: &'a IdedExpr) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.note(node);
        self.depth -= 1;
    }

    fn note(&mut self, node: &'a IdedExpr) {
        if let Some(name) = attribute(node) {
            return self.attribute(node, name);
        }
        match &node.expr {
            Expr::Ident(name) => self.identifier(node, name),
            Expr::Select(select) if select.test => self.presence(node, &select.operand),
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(message) => self.fault(node, format!("there is no type {:?}", message.type_name)),
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn attribute(&mut self, node: &IdedExpr, name: &str) {
        if self.schema.holds(name).is_none() {
            let message = unknown("attribute", name, self.schema.names());
            let hint = if message.ends_with('?') { "" } else { "; declare your own under [attributes]" };
            self.fault(node, format!("{message}{hint}"));
        }
        self.reads.insert(name.to_owned());
    }

    fn identifier(&mut self, node: &IdedExpr, name: &str) {
        if name == USER {
            self.fault(node, "`user` must be followed by an attribute, as in user.department");
        } else if !self.scope.contains(&name) && !TYPES.contains(&name) && !name.starts_with('@') {
            self.fault(node, unknown("name", name, [USER].into_iter().chain(self.scope.iter().copied())));
        }
    }

    fn presence(&mut self, node: &IdedExpr, operand: &'a IdedExpr) {
        if matches!(&operand.expr, Expr::Ident(name) if name == USER) {
            self.fault(node, "has() is true for every attribute; compare with its default, as in != \"\"");
        } else {
            self.visit(operand);
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &'a CallExpr) {
        self.function(node, &call.func_name);
        self.comparison(node, call);
        self.pattern(node, call);
        self.lookup(node, call);
        call.target.iter().for_each(|target| self.visit(target));
        call.args.iter().for_each(|argument| self.visit(argument));
    }

    fn function(&mut self, node: &IdedExpr, name: &str) {
        if MACROS.contains(&name) {
            self.fault(
                node,
                format!("{name}() takes a variable and an expression, as in [1, 2].all(n, n > 0)"),
            );
        } else if !is_operator(name) && !FUNCTIONS.contains(&name) {
            self.fault(node, unknown("function", name, FUNCTIONS.into_iter().chain(MACROS)));
        }
    }

    fn comparison(&mut self, node: &IdedExpr, call: &CallExpr) {
        let [left, right] = &call.args[..] else { return };
        match call.func_name.as_str() {
            operators::EQUALS | operators::NOT_EQUALS => {
                self.equality(node, left, right);
                self.equality(node, right, left);
            }
            operators::IN => {
                let (Some(name), Expr::List(list)) = (attribute(left), &right.expr) else { return };
                list.elements.iter().for_each(|element| self.compared(node, name, element));
            }
            _ => {}
        }
    }

    fn equality(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) {
        if let Some(name) = attribute(left) {
            self.compared(node, name, right);
        }
    }

    /// CEL answers false when a string is compared with a number, and nobody ever hears of it.
    fn compared(&mut self, node: &IdedExpr, name: &str, with: &IdedExpr) {
        let (Expr::Literal(literal), Some(holds)) = (&with.expr, self.schema.holds(name)) else { return };
        if let LiteralValue::String(text) = literal {
            self.literals.entry(name.to_owned()).or_default().insert(text.inner().to_owned());
        }
        if !comparable(holds, literal) {
            let message =
                format!("user.{name} is {}, also when it is absent: compare it with one", holds.name());
            self.fault(node, message);
        }
    }

    fn pattern(&mut self, node: &IdedExpr, call: &CallExpr) {
        let Some(Expr::Literal(LiteralValue::String(pattern))) = call.args.last().map(|last| &last.expr)
        else {
            return;
        };
        let (function, pattern) = (call.func_name.as_str(), pattern.inner());
        if function == "matches" && !is_pattern(pattern) {
            self.fault(node, format!("{pattern:?} is no valid regular expression"));
        } else if is_broad(function, pattern) {
            self.broad.push(format!("{function}({pattern:?})"));
        }
    }

    fn lookup(&mut self, node: &IdedExpr, call: &CallExpr) {
        if call.func_name != LOOKUP {
            return;
        }
        let [table, key] = &call.args[..] else {
            return self.fault(
                node,
                "lookup() takes a table and a value, as in lookup(\"region\", user.countryCode)",
            );
        };
        let Expr::Literal(LiteralValue::String(name)) = &table.expr else {
            return self.fault(table, "the table must be a name in quotes, one of those under [lookups]");
        };
        if self.tables.get(name.inner()).is_none() {
            let known = self.tables.iter().map(|(name, _)| name);
            self.fault(table, unknown("table", name.inner(), known));
        } else {
            // What is no attribute has no values that could be looked at.
            let attribute = attribute(key).unwrap_or_default();
            self.lookups.insert((name.inner().to_owned(), attribute.to_owned()));
        }
    }

    fn comprehension(&mut self, node: &IdedExpr, comprehension: &'a ComprehensionExpr) {
        self.visit(&comprehension.iter_range);
        self.visit(&comprehension.accu_init);
        let variables = [Some(&comprehension.iter_var), comprehension.iter_var2.as_ref()];
        let before = self.scope.len();
        for variable in variables.into_iter().flatten() {
            if variable == USER {
                self.fault(node, "a variable cannot be called `user`: that is the person");
            }
            self.scope.push(variable);
        }
        self.scope.push(&comprehension.accu_var);
        for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
            self.visit(part);
        }
        self.scope.truncate(before);
    }

    fn entry(&mut self, entry: &'a EntryExpr) {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
            EntryExpr::StructField(field) => self.visit(&field.value),
        }
    }

    fn fault(&mut self, node: &IdedExpr, message: impl Into<String>) {
        let at = self.program.source_info().offset_for(node.id).map_or(0, |(start, _)| start as usize);
        self.faults.push(Fault { at, message: message.into() });
    }
}

/// The attribute that a node reads: `user.department` or `user["department"]`.
fn attribute(node: &IdedExpr) -> Option<&str> {
    let is_user = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if name == USER);
    match &node.expr {
        Expr::Select(select) if !select.test && is_user(&select.operand) => Some(&select.field),
        Expr::Call(call) if call.func_name == operators::INDEX => match &call.args[..] {
            [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }]
                if is_user(operand) =>
            {
                Some(name.inner())
            }
            _ => None,
        },
        _ => None,
    }
}

fn comparable(holds: AttributeType, literal: &LiteralValue) -> bool {
    match holds {
        AttributeType::String => matches!(literal, LiteralValue::String(_)),
        AttributeType::Boolean => matches!(literal, LiteralValue::Boolean(_)),
        AttributeType::Integer | AttributeType::Number => {
            matches!(literal, LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_))
        }
        AttributeType::Array => false,
    }
}

/// Operators are functions with names that nobody can write, such as `_==_` and `@in`.
fn is_operator(function: &str) -> bool {
    function.contains(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
}

/// Whether so little is asked for that it is found nearly everywhere: `"a"` in a title.
fn is_broad(function: &str, pattern: &str) -> bool {
    match function {
        "contains" => pattern.chars().count() < 3,
        "startsWith" | "endsWith" => pattern.chars().count() < 2,
        "matches" => fits_nothing(pattern) == Some(true),
        _ => false,
    }
}

fn is_pattern(pattern: &str) -> bool {
    fits_nothing(pattern).is_some()
}

/// Whether a pattern fits the empty text, and so every text; none if it is no pattern. Asks CEL itself, so that there is
/// one notion of a pattern.
fn fits_nothing(pattern: &str) -> Option<bool> {
    let mut context = Context::default();
    context.add_variable_from_value("pattern", pattern);
    match Program::compile("''.matches(pattern)").ok()?.execute(&context).ok()? {
        cel::Value::Bool(fits) => Some(fits),
        _ => None,
    }
}
