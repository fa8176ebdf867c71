//! The part of Okta's expression language that rules of the sandbox may use: attributes, comparison, logic, and
//! membership of groups.

use serde_json::{Map, Value};

use crate::okta::groups::Group;

/// Deeper nesting than anybody writes; keeps a hostile expression off the stack.
const MAX_DEPTH: usize = 50;

/// Why a text is no expression that can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    Wrong(String),
    NotModelled(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Equal(Term, Term),
    Truth(Term),
    Member(Function, Vec<String>),
    Text(Function, Term, Term),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Attribute(String),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Of any group with one of these ids.
    Id,
    Name,
    NameStartsWith,
    NameContains,
    StringContains,
    StartsWith,
}

const FUNCTIONS: [(&str, Function); 7] = [
    ("isMemberOfGroup", Function::Id),
    ("isMemberOfAnyGroup", Function::Id),
    ("isMemberOfGroupName", Function::Name),
    ("isMemberOfGroupNameStartsWith", Function::NameStartsWith),
    ("isMemberOfGroupNameContains", Function::NameContains),
    ("String.stringContains", Function::StringContains),
    ("String.startsWith", Function::StartsWith),
];

impl Expression {
    /// Whether it is true of somebody with this profile who is in these groups.
    pub(super) fn is_true(&self, profile: &Map<String, Value>, groups: &[&Group]) -> bool {
        match self {
            Self::Or(a, b) => a.is_true(profile, groups) || b.is_true(profile, groups),
            Self::And(a, b) => a.is_true(profile, groups) && b.is_true(profile, groups),
            Self::Not(inner) => !inner.is_true(profile, groups),
            Self::Equal(a, b) => a.value(profile) == b.value(profile),
            Self::Truth(term) => *term.value(profile) == Value::Bool(true),
            Self::Member(function, wanted) => {
                let fits = |group: &&Group| wanted.iter().any(|wanted| function.fits(group, wanted));
                groups.iter().any(fits)
            }
            Self::Text(function, term, part) => {
                let (Some(text), Some(part)) = (term.value(profile).as_str(), part.value(profile).as_str())
                else {
                    return false;
                };
                if *function == Function::StartsWith { text.starts_with(part) } else { text.contains(part) }
            }
        }
    }
}

impl Function {
    fn fits(self, group: &Group, wanted: &str) -> bool {
        match self {
            Self::Id => group.id == wanted,
            Self::Name => group.name() == wanted,
            Self::NameStartsWith => group.name().starts_with(wanted),
            Self::NameContains => group.name().contains(wanted),
            Self::StringContains | Self::StartsWith => false,
        }
    }
}

impl Term {
    fn value<'a>(&'a self, profile: &'a Map<String, Value>) -> &'a Value {
        match self {
            Self::Attribute(name) => profile.get(name).unwrap_or(&Value::Null),
            Self::Literal(value) => value,
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Expression, Flaw> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expression = parser.either(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(Token::Sign(sign @ ("?" | "+" | "<" | ">"))) => {
            Err(Flaw::NotModelled(format!("the operator {sign}")))
        }
        Some(other) => Err(Flaw::Wrong(format!("unexpected {other:?}"))),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Sign(&'static str),
    Word(String),
    Literal(Value),
}

fn tokens(text: &str) -> Result<Vec<Token>, Flaw> {
    const SIGNS: [&str; 15] = ["||", "&&", "==", "!=", "!", "(", ")", ",", "?", ":", "+", "<", ">", "[", "]"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        let (token, length) = match (sign, first) {
            (Some(sign), _) => (Token::Sign(sign), sign.len()),
            (None, '"' | '\'') => quoted(rest, first)?,
            (None, _) => word(rest)?,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(Token, usize), Flaw> {
    let end = text[1..].find(quote).ok_or_else(|| Flaw::Wrong("unterminated string literal".to_owned()))?;
    if text[1..=end].contains('\\') {
        return Err(Flaw::NotModelled("an escape in a string".to_owned()));
    }
    Ok((Token::Literal(text[1..=end].into()), end + 2))
}

fn word(text: &str) -> Result<(Token, usize), Flaw> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$');
    let length = text.find(|c: char| !part(c)).unwrap_or(text.len());
    if length == 0 {
        return Err(Flaw::Wrong(format!(
            "unexpected character at '{}'",
            text.chars().take(10).collect::<String>()
        )));
    }
    let word = &text[..length];
    let token = match word {
        "AND" | "and" => Token::Sign("&&"),
        "OR" | "or" => Token::Sign("||"),
        _ => match serde_json::from_str(word) {
            Ok(literal @ (Value::Bool(_) | Value::Null | Value::Number(_))) => Token::Literal(literal),
            _ => Token::Word(word.to_owned()),
        },
    };
    Ok((token, length))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn either(&mut self, depth: usize) -> Result<Expression, Flaw> {
        if depth > MAX_DEPTH {
            return Err(Flaw::Wrong("the expression is nested too deeply".to_owned()));
        }
        let mut one = self.both(depth)?;
        while self.takes("||") {
            one = Expression::Or(Box::new(one), Box::new(self.both(depth)?));
        }
        Ok(one)
    }

    fn both(&mut self, depth: usize) -> Result<Expression, Flaw> {
        let mut one = self.single(depth)?;
        while self.takes("&&") {
            one = Expression::And(Box::new(one), Box::new(self.single(depth)?));
        }
        Ok(one)
    }

    fn single(&mut self, depth: usize) -> Result<Expression, Flaw> {
        if depth > MAX_DEPTH {
            return Err(Flaw::Wrong("the expression is nested too deeply".to_owned()));
        }
        if self.takes("!") {
            return Ok(Expression::Not(Box::new(self.single(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.either(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let (Some(Token::Word(name)), Some(Token::Sign("("))) =
            (self.tokens.get(self.at), self.tokens.get(self.at + 1))
        {
            let name = name.clone();
            self.at += 2;
            return self.call(&name);
        }
        let one = self.term()?;
        if self.takes("==") {
            return Ok(Expression::Equal(one, self.term()?));
        }
        if self.takes("!=") {
            return Ok(Expression::Not(Box::new(Expression::Equal(one, self.term()?))));
        }
        Ok(Expression::Truth(one))
    }

    fn call(&mut self, name: &str) -> Result<Expression, Flaw> {
        let known = FUNCTIONS.iter().find(|(known, _)| *known == name);
        let (_, function) = known.ok_or_else(|| Flaw::NotModelled(format!("the function {name}")))?;
        let mut terms = vec![self.term()?];
        while self.takes(",") {
            terms.push(self.term()?);
        }
        self.expect(")")?;
        if matches!(function, Function::StringContains | Function::StartsWith) {
            let [text, part] =
                terms.try_into().map_err(|_| Flaw::Wrong(format!("{name} takes two arguments")))?;
            return Ok(Expression::Text(*function, text, part));
        }
        let text = |term: Term| match term {
            Term::Literal(Value::String(text)) => Ok(text),
            _ => Err(Flaw::Wrong(format!("{name} takes strings"))),
        };
        Ok(Expression::Member(*function, terms.into_iter().map(text).collect::<Result<_, _>>()?))
    }

    fn term(&mut self) -> Result<Term, Flaw> {
        let term = match self.tokens.get(self.at) {
            Some(Token::Literal(value)) => Term::Literal(value.clone()),
            Some(Token::Word(word)) => match word.strip_prefix("user.") {
                Some(attribute) if !attribute.contains('.') => Term::Attribute(attribute.to_owned()),
                _ => return Err(Flaw::NotModelled(word.clone())),
            },
            Some(Token::Sign(sign @ ("[" | "?" | "+"))) => {
                return Err(Flaw::NotModelled(format!("the operator {sign}")));
            }
            _ => return Err(Flaw::Wrong("a value is missing".to_owned())),
        };
        self.at += 1;
        Ok(term)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(known)) if *known == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Flaw> {
        if self.takes(sign) { Ok(()) } else { Err(Flaw::Wrong(format!("'{sign}' is missing"))) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::okta::groups::Kind;

    fn is_true(expression: &str) -> bool {
        let Value::Object(profile) =
            json!({"department": "Sales", "level": 3, "remote": true, "city": "Oslo"})
        else {
            panic!()
        };
        let group = |name: &str| {
            let profile = Map::from_iter([("name".to_owned(), json!(name))]);
            Group::new(format!("00g{name}"), Kind::Okta, profile, DateTime::UNIX_EPOCH)
        };
        let groups = [group("Contractors"), group("VPN Users")];
        parse(expression).unwrap().is_true(&profile, &groups.iter().collect::<Vec<_>>())
    }

    #[test]
    fn expressions_select_as_documented() {
        for (expression, expected) in [
            (r#"user.department=="Sales""#, true),
            (r"user.department == 'Legal' OR user.city == 'Oslo'", true),
            (r#"user.department=="Sales" && !isMemberOfGroupName("Contractors")"#, false),
            (r#"!(user.department!="Sales") and user.level==3"#, true),
            ("user.remote", true),
            ("user.title==null", true),
            (r#"isMemberOfAnyGroup("00gx", "00gContractors")"#, true),
            (r#"isMemberOfGroup("Contractors")"#, false),
            (r#"isMemberOfGroupNameStartsWith("VPN") && isMemberOfGroupNameContains("Use")"#, true),
            (r#"String.stringContains(user.city, "sl") && String.startsWith(user.city, "sl")"#, false),
        ] {
            assert_eq!(is_true(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_says_so() {
        for text in [
            r#"String.toUpperCase(user.city)=="OSLO""#,
            "user.remote ? true : false",
            r#"user.getInternalProperty("status")=="ACTIVE""#,
            "appuser.x==1",
        ] {
            assert!(matches!(parse(text), Err(Flaw::NotModelled(_))), "{text}: {:?}", parse(text));
        }
        for text in ["", "user.city==", r#"user.city=="Oslo"#, "(user.remote", "user.a user.b", "&&"] {
            assert!(matches!(parse(text), Err(Flaw::Wrong(_))), "{text}: {:?}", parse(text));
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"!".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(text in "[a-z.\"'()!=&| ,?éuser]{0,60}") {
            let _ = parse(&text);
        }
    }
}
