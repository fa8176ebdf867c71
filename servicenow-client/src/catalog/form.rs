//! Answers, before they are sent.

use serde_json::{Map, Value as Json};

use super::item::{Question, QuestionType, each};
use crate::id::SysId;

/// Answers by the names of their questions. It has no `Debug`: some may be secrets.
#[derive(Clone, Default)]
pub(super) struct Form {
    answers: Map<String, Json>,
    questions: Option<Vec<Question>>,
}

impl Form {
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.answers.insert(name.to_owned(), value.into());
    }

    pub(super) fn check_against(&mut self, questions: &[Question]) {
        self.questions = Some(questions.to_vec());
    }

    pub(super) fn answers(&self) -> &Map<String, Json> {
        &self.answers
    }

    /// Everything that is wrong with the answers, by name; none if there is nothing to compare them with.
    pub(super) fn flaw(&self) -> Option<String> {
        let mut asked = Vec::new();
        each(self.questions.as_deref()?, &mut |question| asked.push(question));
        let named = |name: &str| asked.iter().find(|question| question.name.as_str() == Some(name));
        let given = |name: &String| self.answers.get(name).and_then(Json::as_str).unwrap_or_default();
        let missing = asked.iter().filter_map(|question| {
            let name = question.name.get()?;
            let wanted = question.mandatory.get() == Some(&true) && is_answered(question);
            (wanted && given(name).is_empty() && question.value.get().is_none())
                .then(|| format!("`{name}` is mandatory and has no answer"))
        });
        let wrong = self.answers.keys().filter_map(|name| match named(name) {
            None => Some(format!("the item does not ask for `{name}`")),
            Some(question) => misfit(question, given(name)).map(|why| format!("`{name}` {why}")),
        });
        let flaws: Vec<String> = missing.chain(wrong).collect();
        (!flaws.is_empty()).then(|| flaws.join("; "))
    }
}

fn is_answered(question: &Question) -> bool {
    question.kind.as_ref().is_none_or(QuestionType::is_answered)
}

/// Why this cannot be the answer. It is not quoted: it may be a secret.
fn misfit(question: &Question, answer: &str) -> Option<String> {
    if !is_answered(question) {
        return Some("takes no answer".to_owned());
    }
    if answer.is_empty() {
        return None;
    }
    match question.kind.as_ref()? {
        QuestionType::CheckBox if !matches!(answer, "true" | "false") => {
            Some("is a check box: `true` or `false`".to_owned())
        }
        QuestionType::Reference | QuestionType::RequestedFor if answer.parse::<SysId>().is_err() => {
            Some(format!("wants a sys_id of `{}`", question.reference.as_str().unwrap_or("sys_user")))
        }
        QuestionType::SelectBox | QuestionType::MultipleChoice => {
            let values: Vec<&str> =
                question.choices.iter().filter_map(|choice| choice.value.as_str()).collect();
            let known = values.is_empty() || values.contains(&answer);
            (!known).then(|| format!("is none of its choices: {}", values.join(", ")))
        }
        _ => None,
    }
}
