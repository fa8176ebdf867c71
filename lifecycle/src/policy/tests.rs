mod diff;
mod explain;
mod lint;
mod movement;
mod outputs;
mod table;
mod targets;

use proptest::prelude::*;
use serde_json::json;

use super::{Attributes, Decision, EvaluationError, Policy};

/// Lines 1 to 9.
const HEAD: &str = r#"version = 1
name = "test"
owner = "iam-team"

[targets.a]
okta_group = "00ga"

[targets.b]
okta_group = "00gb"
"#;

fn head_and(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

/// A policy with one rule; its condition stands in line 12, from column 9.
fn rule_with(when: &str) -> String {
    head_and(&format!("[[rules]]\nid = \"r\"\nwhen = '{when}'\ngrant = [\"a\", \"b\"]\n"))
}

fn parse(text: &str) -> Policy {
    Policy::parse("folder/p.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with a text, a line for each.
fn problems(text: &str) -> String {
    Policy::parse("p.toml", text).unwrap_err().to_string()
}

fn granted(decision: &Decision) -> Vec<&str> {
    decision.grants.iter().map(|grant| grant.target.as_str()).collect()
}

#[test]
fn a_file_of_the_wrong_shape_is_refused_with_all_that_is_wrong() {
    for (text, expected) in [
        ("", "p.toml:1:1: the key `version` is missing; write version = 1"),
        ("name = \"x\"\nversion = 2\nthing = 3", "p.toml:2:11: this release reads version = 1 only"),
        ("version = \"1\"", "p.toml:1:11: this release reads version = 1 only"),
        ("version = 1\nname = \"x\nowner = = 4\n", "p.toml:2:10: invalid basic string, expected `\"`"),
        (
            "version = 1\nname = 3\nrulez = []\n[targets]\na = 4\nb = { okta_group = 4 }\n\
             [[rules]]\nid = \"x\"\nwhen = 'true'\ngrants = [\"x\"]\n",
            "p.toml:1:1: the key `owner` is missing; write owner = \"…\"\n\
             p.toml:2:8: invalid type: integer `3`, expected a string\n\
             p.toml:3:1: no key \"rulez\"; did you mean \"rules\"?\n\
             p.toml:5:5: invalid type: integer `4`, expected a table\n\
             p.toml:6:20: invalid type: integer `4`, expected a string\n\
             p.toml:10:1: unknown field `grants`, expected one of `id`, `when`, `grant`, `deny`, `set`, `priority`, `review_by`, `why`",
        ),
        (
            "version = 1\nname = \" \"\nowner = \"x\"\ntargets = 3\nrules = 4",
            "p.toml:2:8: this must not be blank\n\
             p.toml:4:11: this must be a table\n\
             p.toml:5:9: this must be a list of tables, each under [[…]]",
        ),
        ("version = 1\nversion = 1", "p.toml:2:1: duplicate key"),
    ] {
        assert_eq!(problems(text), expected);
    }
}

#[test]
fn a_larger_text_than_any_policy_is_refused() {
    assert_eq!(
        problems(&"#".repeat((1 << 20) + 1)),
        "p.toml: is larger than 1048576 bytes, which no policy is"
    );
}

#[test]
fn what_the_parts_say_is_checked_and_all_problems_are_told() {
    for (rest, expected) in [
        ("", "p.toml: there are no rules; add one under [[rules]]"),
        (
            "[[rules]]\nid = \" \"\nwhen = 'true'\n[[rules]]\nid = \"x\"\nwhen = 'true'\ngrant = [\"a\"]\n\
             [[rules]]\nid = \"x\"\nwhen = 'true'\ngrant = [\"aa\", \"b\", \"b\", \"zzz\"]\ndeny = [\"b\"]",
            "p.toml:11:6: the id of a rule must not be blank\n\
             p.toml:11:6: rule \" \" neither grants nor denies nor sets anything\n\
             p.toml:18:6: there is a rule \"x\" in line 14 already\n\
             p.toml:20:10: rule \"x\" grants \"aa\": no target \"aa\"; did you mean \"a\"?\n\
             p.toml:20:21: rule \"x\" grants \"b\" twice\n\
             p.toml:20:26: rule \"x\" grants \"zzz\": no target \"zzz\"\n\
             p.toml:21:9: rule \"x\" both grants and denies \"b\"",
        ),
        (
            "[targets.c]\nokta_group = \"00ga\"\n[targets.d]\nokta_group = \"00g/d\"\nname = \"\"\n\
             [[rules]]\nid = \"r\"\nwhen = 'true'\ndeny = [\"c\", \"d\"]",
            "p.toml:11:14: target \"c\" is the same group as target \"a\"\n\
             p.toml:13:14: target \"d\": \"00g/d\" is no GroupId: 1 to 100 of A-Z a-z 0-9 _ -, \
             as Okta shows it in the group's URL\n\
             p.toml:14:8: the group's name must not be blank; leave it out if you do not know it",
        ),
        (
            "[attributes]\ntitle = \"string\"\nlevel = \"integer\"\n[defaults]\nlevel = \"x\"\ndepartment = 4\n\
             levl = 3\n[[rules]]\nid = \"r\"\nwhen = 'true'\ndeny = [\"a\"]",
            "p.toml:11:1: \"title\" is one of Okta's own attributes; leave it out here\n\
             p.toml:14:9: [defaults]: \"level\" should be an integer; it is a string\n\
             p.toml:15:14: [defaults]: \"department\" should be a string; it is an integer\n\
             p.toml:16:1: [defaults]: no attribute \"levl\"; did you mean \"level\"?",
        ),
        (
            "[attributes]\nx = \"text\"",
            "p.toml:11:5: unknown variant `text`, expected one of `string`, `boolean`, `integer`, `number`, `array`",
        ),
        (
            "[[rules]]\nid = \"r\"\nwhen = 'true'\ngrant = [\"a\"]\n\
             [[tests]]\nname = \"t\"\nuser = {}\nexpect = {}\n\
             [[tests]]\nname = \"t\"\nuser = { titel = \"x\", title = 3 }\nexpect = { at_least = [\"q\"] }",
            "p.toml:17:10: test \"t\" asserts nothing; say what to expect with exactly, at_least, absent, eligible or set\n\
             p.toml:19:8: there is a test \"t\" in line 15 already\n\
             p.toml:20:10: test \"t\": no attribute \"titel\"; did you mean \"title\"?\n\
             p.toml:20:31: test \"t\": \"title\" should be a string; it is an integer\n\
             p.toml:21:24: test \"t\" expects \"q\": no target \"q\"",
        ),
    ] {
        assert_eq!(problems(&head_and(rest)), expected);
    }
}

#[test]
fn a_condition_that_cannot_work_is_refused_where_it_goes_wrong() {
    for (when, column, expected) in [
        ("user.departement == \"x\"", 13, "no attribute \"departement\"; did you mean \"department\"?"),
        ("user[\"titel\"] == \"\"", 13, "no attribute \"titel\"; did you mean \"title\"?"),
        ("\"é\" == user.qqqq", 20, "no attribute \"qqqq\"; declare your own under [attributes]"),
        ("person.title == \"\"", 9, "no name \"person\""),
        ("users.title == \"\"", 9, "no name \"users\"; did you mean \"user\"?"),
        ("user == 3", 9, "`user` must be followed by an attribute, as in user.department"),
        (
            "[\"x\"].all(x, user[x] == x)",
            22,
            "`user` must be followed by an attribute, as in user.department",
        ),
        ("[\"x\"].all(user, true)", 18, "a variable cannot be called `user`: that is the person"),
        ("[\"x\"].all(x)", 18, "all() takes a variable and an expression, as in [1, 2].all(n, n > 0)"),
        ("has(user.title)", 12, "has() is true for every attribute; compare with its default, as in != \"\""),
        ("user.title.startWith(\"x\")", 29, "no function \"startWith\"; did you mean \"startsWith\"?"),
        ("Foo{a: 1}", 12, "there is no type \"Foo\""),
        ("user.title == 3", 20, "user.title is a string, also when it is absent: compare it with one"),
        ("null == user.title", 14, "user.title is a string, also when it is absent: compare it with one"),
        (
            "user.title in [\"x\", 3]",
            20,
            "user.title is a string, also when it is absent: compare it with one",
        ),
        ("false && user.title.matches(\"(\")", 36, "\"(\" is no valid regular expression"),
        ("user.title = \"x\"", 20, "is no valid CEL: token recognition error at: '= ' (write == to compare)"),
        ("true &&", 16, "is no valid CEL: mismatched input '<EOF>'"),
        (" ", 9, "is empty; write true for a rule that holds for everyone"),
    ] {
        let found = problems(&rule_with(when));
        let first = found.lines().next().unwrap_or_default();
        assert_eq!(first, format!("p.toml:12:{column}: rule \"r\": `when`: {expected}"));
    }
}

#[test]
fn a_condition_that_fails_for_somebody_unknown_is_refused() {
    for (when, expected) in [
        ("user.title", "gives a string; it must give true or false"),
        ("[user.title]", "gives a list; it must give true or false"),
        ("user.title > 3", "> cannot be used on (string, int)"),
        ("user.title.contains(3)", "contains cannot be used on (string, int)"),
        ("!user.title", "! cannot be used on (string)"),
        ("int(user.title) == 3", "int() does not take what it was given; test for that first, with &&"),
        ("[1][3] == 1", "a list or map has no such entry; test for that first, with &&"),
        ("1 / 0 == 1", "divides by zero"),
    ] {
        let expected =
            format!("p.toml:12:9: rule \"r\": `when`, for a person without attributes: {expected}");
        assert_eq!(problems(&rule_with(when)), expected);
    }
}

#[test]
fn a_place_inside_a_condition_of_several_lines_is_found() {
    let text = head_and(
        "[[rules]]\nid = \"r\"\nwhen = '''\nuser.title == \"é\"\n  && user.titl == \"x\"\n'''\ndeny = [\"a\"]",
    );
    assert_eq!(
        problems(&text),
        "p.toml:14:10: rule \"r\": `when`: no attribute \"titl\"; did you mean \"title\"?"
    );
    let escaped = head_and("[[rules]]\nid = \"r\"\nwhen = \"user.titl == \\\"x\\\"\"\ndeny = [\"a\"]");
    assert!(problems(&escaped).starts_with("p.toml:12:8: "));
}

#[test]
fn an_overlong_condition_is_refused() {
    let when = format!("true{}", " ".repeat(4096));
    assert!(problems(&rule_with(&when)).contains("is longer than 4096 characters; make several rules of it"));
}

#[test]
fn a_test_that_fails_says_what_was_expected_and_which_rule_is_behind_it() {
    let text = head_and(
        r#"
[targets.c]
okta_group = "00gc"

[[rules]]
id = "all"
when = 'true'
grant = ["a", "b"]

[[rules]]
id = "none"
when = 'true'
deny = ["b"]

[[tests]]
name = "exactly"
user = {}
expect = { exactly = ["b"] }

[[tests]]
name = "others"
user = {}
expect = { at_least = ["c"], absent = ["a", "b"] }

[[tests]]
name = "passes"
user = {}
expect = { exactly = ["a"], absent = ["b"] }
"#,
    );
    assert_eq!(
        problems(&text),
        "p.toml:25:8: test \"exactly\" fails: expected \"b\", which is denied by rule \"none\" (line 20); \
         got \"a\", by rule \"all\" (line 15)\n\
         p.toml:30:8: test \"others\" fails: expected \"c\", which no rule grants to this person; \
         got \"a\", by rule \"all\" (line 15)"
    );
}

#[test]
fn a_login_template_is_checked() {
    for (login, expected) in [
        (
            "{firstName}",
            "\"{firstName}\" must have exactly one @, as in \"{firstName}.{lastName}@example.com\"",
        ),
        ("{firstName}@a@b.example", "must have exactly one @"),
        ("{fistName}@a.example", "no attribute \"fistName\"; did you mean \"firstName\"?"),
        ("{}@a.example", "no attribute \"\""),
        ("{firstName:0}@a.example", "{firstName:0} must say how many first characters, as in {firstName:1}"),
        ("{firstName@a.example", "the brace of \"{firstName\" is never closed"),
        ("{level}@a.example", "{level} is an integer; a login is made of strings"),
        ("{firstName} {lastName}@a.example", "' ' cannot stand in a login"),
        ("jane@a.example", "\"jane@a.example\" gives everyone the same login"),
        ("{firstName}@{organization}", "\"{organization}\", behind the @, must be a plain domain"),
        ("{firstName}@localhost", "must be a plain domain"),
        ("{firstName}@", "must be a plain domain"),
    ] {
        let text = head_and(&format!(
            "[attributes]\nlevel = \"integer\"\n[account]\nlogin = \"{login}\"\n\
             [[rules]]\nid = \"r\"\nwhen = 'true'\ndeny = [\"a\"]"
        ));
        let found = problems(&text);
        assert!(found.starts_with("p.toml:13:9: [account] login: "), "{found}");
        assert!(found.contains(expected), "{found}");
    }
}

const RULES: &str = r#"
[defaults]
department = "Unassigned"

[attributes]
level = "integer"
remote = "boolean"
skills = "array"

[targets.c]
okta_group = "00gc"
name = "Group C"

[[rules]]
id = "sales"
when = 'user.department == "Sales"'
grant = ["b", "a"]

[[rules]]
id = "titled"
when = 'user.title != ""'
grant = ["c", "a"]
why = "They have a title."

[[rules]]
id = "unassigned"
when = 'user.department in ["Unassigned", "Limbo"]'
deny = ["a", "b"]

[[rules]]
id = "senior"
when = 'user.level >= 5 && user.remote && "rust" in user.skills'
grant = ["b"]
"#;

#[test]
fn grants_come_in_file_order_once_with_every_reason() {
    let policy = parse(&head_and(RULES));
    let decision =
        policy.evaluate(&[("department", "Sales"), ("title", "Seller")].into_iter().collect()).unwrap();
    assert_eq!(granted(&decision), ["b", "a", "c"]);
    let reasons: Vec<String> = decision.grants[1].because.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "rule \"sales\" (p.toml:24): user.department == \"Sales\"",
            "rule \"titled\" (p.toml:29): user.title != \"\""
        ]
    );
    assert_eq!(decision.grants[1].because[1].why.as_deref(), Some("They have a title."));
    assert_eq!(decision.matched_rules, 2);
    assert_eq!(decision.rules_reading("department"), ["sales"]);
    assert_eq!(policy.targets().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn deny_beats_grant_and_says_what_it_overruled() {
    let policy = parse(&head_and(RULES));
    let decision = policy.evaluate(&Attributes::from_iter([("title", "Seller")])).unwrap();
    assert_eq!(granted(&decision), ["c"]);
    assert!(decision.grant("a").is_none());
    let denied: Vec<_> =
        decision.denials.iter().map(|denial| (&*denial.target, denial.overruled.len())).collect();
    assert_eq!(denied, [("a", 1), ("b", 0)]);
    assert_eq!(decision.denials[0].because[0].rule, "unassigned");
}

#[test]
fn absent_null_and_blank_are_the_default() {
    let policy = parse(&head_and(RULES));
    for department in [json!(null), json!(""), json!("  \t"), json!("Unassigned")] {
        let person = Attributes::from_iter([("department", department)]);
        assert_eq!(policy.evaluate(&person).unwrap().rules_reading("department"), ["unassigned"]);
    }
    let decision = policy.evaluate(&Attributes::new()).unwrap();
    assert!(decision.is_empty() && !decision.is_uncovered());
}

#[test]
fn a_person_no_rule_knows_is_uncovered() {
    let policy = parse(&head_and(RULES));
    let decision = policy.evaluate(&Attributes::from_iter([("department", "Falconry")])).unwrap();
    assert!(decision.is_uncovered());
    assert_eq!(decision.rules_reading("department"), [""; 0]);
    assert_eq!(
        policy.literals("department").into_iter().collect::<Vec<_>>(),
        ["Limbo", "Sales", "Unassigned"]
    );
}

#[test]
fn declared_attributes_have_their_type_and_its_zero() {
    let policy = parse(&head_and(RULES));
    let mut person = Attributes::from_iter([("level", json!(5)), ("remote", json!(true))]);
    person.insert("department", "Legal");
    assert!(policy.evaluate(&person).unwrap().is_empty());
    person.insert("skills", json!(["go", "rust", 3]));
    assert_eq!(granted(&policy.evaluate(&person).unwrap()), ["b"]);
}

#[test]
fn an_attribute_of_another_type_is_an_error_that_keeps_the_value_to_itself() {
    let policy = parse(&head_and(RULES));
    for (name, value, expected) in [
        ("department", json!(4711), "attribute \"department\" should be a string; it is an integer"),
        ("level", json!("4711"), "attribute \"level\" should be an integer; it is a string"),
        ("remote", json!(4711.5), "attribute \"remote\" should be a boolean; it is a number"),
        (
            "skills",
            json!([["4711"]]),
            "attribute \"skills\" should be an array of strings, numbers or booleans; it is an array",
        ),
    ] {
        let error = policy.evaluate(&Attributes::from_iter([(name, value)])).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let unread = Attributes::from_iter([("city", json!(3)), ("anything", json!({}))]);
    assert!(policy.evaluate(&unread).is_ok());
}

#[test]
fn a_rule_that_fails_for_a_person_leaves_no_decision_and_no_trace_of_the_value() {
    let policy = parse(&rule_with("user.employeeNumber != \"\" && int(user.employeeNumber) > 3"));
    assert_eq!(policy.evaluate(&Attributes::new()).unwrap().matched_rules, 0);
    let error = policy.evaluate(&Attributes::from_iter([("employeeNumber", "x4711")])).unwrap_err();
    assert!(matches!(&error, EvaluationError::Rule { rule, line: 11, .. } if rule == "r"));
    assert_eq!(
        error.to_string(),
        "rule \"r\" (p.toml:11): int() does not take what it was given; test for that first, with &&"
    );
}

#[test]
fn the_hash_is_that_of_the_bytes() {
    let text = rule_with("true");
    assert_eq!(parse(&text).hash(), parse(&text).hash());
    assert_ne!(parse(&text).hash(), parse(&format!("{text}\n")).hash());
    // printf '…' | sha256sum
    let known = parse(
        "version=1\nname='n'\nowner='o'\ntargets.a.okta_group='g'\nrules=[{id='r',when='true',deny=['a']}]\n",
    );
    assert_eq!(known.hash(), "5b3da92eaf2e9700f23c86cfe4f2c2f5ef9c2fce4f40a41478184b087deebc5f");
}

fn with_login(login: &str) -> Policy {
    parse(&format!("{}[account]\nlogin = \"{login}\"\n", rule_with("true")))
}

#[test]
fn logins_are_ascii_and_numbered() {
    let policy = with_login("{firstName}.{lastName}@Acme.example");
    for (first, last, expected) in [
        ("Jane", "Doe", "jane.doe"),
        ("Zoë", "O'Neil", "zoe.oneil"),
        ("José", "Núñez", "jose.nunez"),
        ("Jörg", "Weiß", "jorg.weiss"),
        ("Wałęsa", "Łódź", "walesa.lodz"),
        ("Søren", "Þórsson", "soren.thorsson"),
        ("Mary Jane", "van der Berg", "maryjane.vanderberg"),
        ("Anne-Marie", "Smith Jr.", "anne-marie.smithjr"),
        ("e\u{301}ric", "D’Arcy", "eric.darcy"),
        ("李", "小龙", "li.xiaolong"),
        ("  Ann ", "-Lee-", "ann.lee"),
    ] {
        let person = Attributes::from_iter([("firstName", first), ("lastName", last)]);
        let logins: Vec<_> = policy.logins(&person).unwrap().take(3).collect();
        let expected = ["", "2", "3"].map(|number| format!("{expected}{number}@acme.example"));
        assert_eq!(logins, expected);
    }
    assert_eq!(policy.login_attributes().collect::<Vec<_>>(), ["firstName", "lastName"]);
}

#[test]
fn a_login_may_use_first_characters_and_text() {
    let policy = with_login("x-{firstName:1}{lastName}@acme.example");
    let person = Attributes::from_iter([("firstName", "Élodie"), ("lastName", "Roux")]);
    assert_eq!(policy.logins(&person).unwrap().next().as_deref(), Some("x-eroux@acme.example"));
}

#[test]
fn a_login_fits_into_what_okta_takes() {
    let policy = with_login("{firstName}.{lastName}@acme.example");
    let person = Attributes::from_iter([("firstName", "ß".repeat(50)), ("lastName", "ß".repeat(50))]);
    for login in policy.logins(&person).unwrap().take(12) {
        assert!(login.len() <= 100 && login.ends_with("@acme.example"), "{login}");
    }
}

#[test]
fn a_login_needs_its_attributes() {
    let policy = with_login("{firstName}.{lastName}@acme.example");
    for (last, expected) in [
        (json!(null), "no login can be made: attribute \"lastName\" is empty"),
        (json!(" "), "no login can be made: attribute \"lastName\" is empty"),
        (
            json!("…"),
            "no login can be made: attribute \"lastName\" has no letter or digit that can be written in ASCII",
        ),
        (json!(3), "attribute \"lastName\" should be a string; it is an integer"),
    ] {
        let person = Attributes::from_iter([("firstName", json!("Jane")), ("lastName", last)]);
        let error = policy.logins(&person).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let without = parse(&rule_with("true"));
    let error = without.logins(&Attributes::new()).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "policy \"test\" does not say how a login is made: add [account] with login = \"…\""
    );
}

#[test]
fn a_policy_can_be_shared_between_threads_and_shows_no_more_than_it_must() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let policy = parse(&rule_with("true"));
    shared(&policy);
    assert!(format!("{policy:?}").starts_with("Policy { name: \"test\", file: \"p.toml\", hash: "));
    assert_eq!(format!("{:?}", Attributes::from_iter([("title", "secret")])), "Attributes{\"title\"}");
}

#[test]
fn deep_nesting_is_refused_before_it_can_exhaust_a_stack() {
    let nested =
        |open: &str, close: &str, times| format!("{}true{}", open.repeat(times), close.repeat(times));
    for when in [
        nested("(", ")", 1000),
        nested("[", "]", 1000),
        nested("!(", ")", 30),
        nested("", " == true", 400),
        nested("", "?true:false", 300),
        nested("", ".x", 1000),
        "-".repeat(4000),
    ] {
        assert!(Policy::parse("p.toml", &rule_with(&when)).is_err(), "{when}");
    }
    assert!(
        problems(&rule_with(&nested("", " == true", 400)))
            .ends_with("is nested too deep; make several rules of it")
    );
    assert!(problems(&format!("version = 1\nx = {}", "[".repeat(100_000))).starts_with("p.toml:2:"));
}

#[test]
fn long_conditions_evaluate_on_a_small_stack() {
    let chain = format!("true{}", " && user.title == \"\"".repeat(180));
    let deep = format!("true{}", " == true".repeat(18));
    let evaluate = move || {
        for when in [chain, deep] {
            assert_eq!(parse(&rule_with(&when)).evaluate(&Attributes::new()).unwrap().matched_rules, 1);
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(evaluate).unwrap().join().unwrap();
}

/// Text that comes near to CEL.
fn cel_like() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "user",
        ".",
        "title",
        "department",
        "==",
        "!=",
        "&&",
        "||",
        "!",
        "-",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "?",
        ":",
        "\"x\"",
        "\"é\"",
        "r\"(\"",
        "1",
        "2u",
        "1.5",
        "true",
        "null",
        "in",
        "has",
        "exists",
        "all",
        "map",
        "x",
        "matches",
        "size",
        "int",
        "timestamp",
        "duration",
        "\n",
        " ",
        "%",
        "/",
        "*",
        "+",
        "<",
        "b\"x\"",
        "\\",
        "`a`",
        "@",
    ]);
    prop::collection::vec(token, 0..16).prop_map(|tokens| tokens.join(""))
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        any::<String>().prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(|items| json!(items)))
}

proptest! {
    #[test]
    fn parse_never_panics(text in any::<String>()) {
        let _ = Policy::parse("p.toml", &text);
        let _ = Policy::parse("p.toml", &head_and(&text));
    }

    #[test]
    fn parse_never_panics_on_a_condition(when in prop_oneof![cel_like(), any::<String>()]) {
        let escaped = format!("{HEAD}[[rules]]\nid = \"r\"\nwhen = {}\ngrant = [\"a\"]", json!(when));
        for text in [escaped, rule_with(&when)] {
            // What panics on the thread that compiles is told in these words.
            let told = Policy::parse("p.toml", &text).map(|_| ()).map_err(|error| error.to_string());
            prop_assert!(!told.is_err_and(|told| told.contains("could not be compiled")));
        }
    }

    #[test]
    fn a_broken_file_is_told_with_lines_that_it_has(cut in 0..1200_usize, put in any::<char>()) {
        let mut text = head_and(RULES);
        let cut = text.floor_char_boundary(cut.min(text.len()));
        text.insert(cut, put);
        if let Err(error) = Policy::parse("p.toml", &text) {
            let lines = text.matches('\n').count() + 1;
            prop_assert!(error.problems().iter().all(|problem| problem.line().is_none_or(|line| line <= lines)));
        }
    }

    #[test]
    fn evaluate_never_panics(
        department in any_json(), title in any_json(), level in any_json(), skills in any_json(), first in any::<String>(),
    ) {
        let policy = parse(&format!("{}\n[account]\nlogin = \"{{firstName}}@a.example\"", head_and(RULES)));
        let person = Attributes::from_iter([("department", department), ("title", title), ("level", level), ("skills", skills)]);
        let _ = policy.evaluate(&person);
        let named = Attributes::from_iter([("firstName", first)]);
        if let Ok(mut logins) = policy.logins(&named) {
            let login = logins.next().unwrap();
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(c);
            prop_assert!((5..=100).contains(&login.len()) && login.chars().all(allowed));
        }
    }
}
