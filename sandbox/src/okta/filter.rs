//! The SCIM-like expressions of `search` and `filter`, over plain JSON.

use chrono::DateTime;
use serde_json::Value;

/// Deeper nesting than anybody writes; keeps a hostile expression off the stack.
const MAX_DEPTH: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Sw,
    Ew,
    Co,
    Pr,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Test { attribute: String, op: Op, value: Value },
}

/// Whether text compares with regard to case: `filter` does, `search` and the log do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expr = parser.either(0)?;
    if parser.at < tokens.len() {
        return Err(format!("unexpected {}", parser.shown()));
    }
    Ok(expr)
}

impl Expr {
    /// Runs `rule` over every comparison; the first refusal wins.
    pub(crate) fn check(&self, rule: &dyn Fn(&str, Op) -> Result<(), String>) -> Result<(), String> {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().try_for_each(|expr| expr.check(rule)),
            Self::Not(expr) => expr.check(rule),
            Self::Test { attribute, op, .. } => rule(attribute, *op),
        }
    }

    pub(crate) fn matches(&self, doc: &Value, case: Case) -> bool {
        match self {
            Self::And(all) => all.iter().all(|expr| expr.matches(doc, case)),
            Self::Or(any) => any.iter().any(|expr| expr.matches(doc, case)),
            Self::Not(expr) => !expr.matches(doc, case),
            Self::Test { attribute, op, value } => {
                let found = lookup(doc, attribute);
                match op {
                    Op::Pr => found.iter().any(|value| !is_blank(value)),
                    Op::Ne => !found.iter().any(|found| holds(found, Op::Eq, value, case)),
                    _ => found.iter().any(|found| holds(found, *op, value, case)),
                }
            }
        }
    }
}

/// All values a dotted path leads to; an array matches if any of its elements does.
pub(crate) fn lookup<'a>(doc: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![doc];
    for name in path.split('.') {
        found = found.into_iter().flat_map(spread).filter_map(|value| value.get(name)).collect();
    }
    found.into_iter().flat_map(spread).collect()
}

fn spread(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn holds(found: &Value, op: Op, wanted: &Value, case: Case) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = || compare(found, wanted, case);
    match op {
        Op::Eq => order() == Some(Equal),
        Op::Gt => order() == Some(Greater),
        Op::Ge => matches!(order(), Some(Greater | Equal)),
        Op::Lt => order() == Some(Less),
        Op::Le => matches!(order(), Some(Less | Equal)),
        Op::Sw => texts(found, wanted, case).is_some_and(|(found, wanted)| found.starts_with(&wanted)),
        Op::Ew => texts(found, wanted, case).is_some_and(|(found, wanted)| found.ends_with(&wanted)),
        Op::Co => texts(found, wanted, case).is_some_and(|(found, wanted)| found.contains(&wanted)),
        Op::Ne | Op::Pr => false,
    }
}

fn compare(found: &Value, wanted: &Value, case: Case) -> Option<std::cmp::Ordering> {
    match (found, wanted) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Null, Value::Null) => Some(std::cmp::Ordering::Equal),
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => {
            match (DateTime::parse_from_rfc3339(a), DateTime::parse_from_rfc3339(b)) {
                (Ok(a), Ok(b)) => Some(a.cmp(&b)),
                _ => texts(found, wanted, case).map(|(a, b)| a.cmp(&b)),
            }
        }
        _ => None,
    }
}

fn texts(a: &Value, b: &Value, case: Case) -> Option<(String, String)> {
    let (a, b) = (a.as_str()?, b.as_str()?);
    Some(match case {
        Case::Sensitive => (a.to_owned(), b.to_owned()),
        Case::Insensitive => (a.to_lowercase(), b.to_lowercase()),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Literal(Value),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => quoted(rest)?,
            _ => word(rest),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str) -> Result<(Token, usize), String> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '"' && !escaped {
            let literal = serde_json::from_str(&text[..=at]).map_err(|_| "bad string literal".to_owned())?;
            return Ok((Token::Literal(literal), at + 1));
        }
        escaped = c == '\\' && !escaped;
    }
    Err("unterminated string literal".to_owned())
}

fn word(text: &str) -> (Token, usize) {
    let length = text.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(text.len());
    (Token::Word(text[..length].to_owned()), length)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn either(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > MAX_DEPTH {
            return Err("expression is nested too deeply".to_owned());
        }
        let mut any = vec![self.both(depth)?];
        while self.takes("or") {
            any.push(self.both(depth)?);
        }
        Ok(one_or(any, Expr::Or))
    }

    fn both(&mut self, depth: usize) -> Result<Expr, String> {
        let mut all = vec![self.single(depth)?];
        while self.takes("and") {
            all.push(self.single(depth)?);
        }
        Ok(one_or(all, Expr::And))
    }

    fn single(&mut self, depth: usize) -> Result<Expr, String> {
        if self.takes("not") {
            self.expect(&Token::Open)?;
            return Ok(Expr::Not(Box::new(self.closed(depth)?)));
        }
        if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            return self.closed(depth);
        }
        self.test()
    }

    fn closed(&mut self, depth: usize) -> Result<Expr, String> {
        let expr = self.either(depth + 1)?;
        self.expect(&Token::Close)?;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr, String> {
        let attribute =
            self.word().ok_or_else(|| format!("expected an attribute, found {}", self.shown()))?;
        let op = self.word().ok_or_else(|| format!("expected an operator, found {}", self.shown()))?;
        let op = operator(&op).ok_or_else(|| format!("unrecognized operator '{op}'"))?;
        let value = if op == Op::Pr { Value::Null } else { self.literal()? };
        Ok(Expr::Test { attribute, op, value })
    }

    fn literal(&mut self) -> Result<Value, String> {
        let value = match self.tokens.get(self.at) {
            Some(Token::Literal(value)) => value.clone(),
            Some(Token::Word(bare)) => bare_literal(bare)?,
            _ => return Err(format!("expected a value, found {}", self.shown())),
        };
        self.at += 1;
        Ok(value)
    }

    fn word(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return None };
        self.at += 1;
        Some(word.clone())
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.tokens.get(self.at) != Some(token) {
            return Err(format!("unbalanced parentheses at {}", self.shown()));
        }
        self.at += 1;
        Ok(())
    }

    fn shown(&self) -> String {
        self.tokens.get(self.at).map_or_else(|| "the end".to_owned(), |token| format!("{token:?}"))
    }
}

fn one_or(mut all: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if all.len() == 1 { all.remove(0) } else { join(all) }
}

fn bare_literal(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => Ok(value),
        _ => Err(format!("'{text}' is not a literal; text stands in double quotes")),
    }
}

fn operator(text: &str) -> Option<Op> {
    Some(match text.to_ascii_lowercase().as_str() {
        "eq" => Op::Eq,
        "ne" => Op::Ne,
        "sw" => Op::Sw,
        "ew" => Op::Ew,
        "co" => Op::Co,
        "pr" => Op::Pr,
        "gt" => Op::Gt,
        "ge" => Op::Ge,
        "lt" => Op::Lt,
        "le" => Op::Le,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(expression: &str) -> bool {
        let doc = json!({
            "status": "ACTIVE", "lastUpdated": "2026-01-02T00:00:00.000Z",
            "profile": {"login": "ann@acme.example", "department": "Sales", "badges": ["hq", "vpn"], "level": 3},
            "target": [{"id": "00u1", "type": "User"}, {"id": "00g1", "type": "UserGroup"}],
        });
        parse(expression).unwrap().matches(&doc, Case::Insensitive)
    }

    #[test]
    fn expressions_select_as_documented() {
        let cases = [
            (r#"status eq "active""#, true),
            (r#"profile.department eq "Sales" and status eq "SUSPENDED""#, false),
            (r#"status eq "SUSPENDED" or status eq "ACTIVE" and profile.level ge 3"#, true),
            (r#"not (profile.login sw "ann")"#, false),
            (r#"profile.badges eq "vpn""#, true),
            (r#"lastUpdated gt "2026-01-01T23:00:00Z""#, true),
            ("profile.managerId pr", false),
            (r#"target.id eq "00g1" and (status ne "STAGED")"#, true),
        ];
        for (expression, expected) in cases {
            assert_eq!(found(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_not_an_expression_is_refused() {
        for bad in [
            "",
            "status",
            "status eq",
            r#"status is "x""#,
            r#"(status eq "x""#,
            r#"status eq "x"#,
            "status eq x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(text in "[a-z.\"()\\\\ éeqandornot0-9]{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_text_survives_quoting(value in ".{0,40}") {
            let expression = format!("profile.x eq {}", Value::String(value.clone()));
            let doc = json!({"profile": {"x": value}});
            prop_assert!(parse(&expression).unwrap().matches(&doc, Case::Sensitive));
        }
    }
}
