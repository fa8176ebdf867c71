//! Items of the catalog and the questions that they ask.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value as Json};

use crate::id::SysId;
use crate::value::{Field, text_of};

/// An item that can be ordered, or a record producer. Table `sc_cat_item`.
///
/// Unlike the Table API, the catalog sends real booleans, numbers and nulls.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CatalogItem {
    /// Its key.
    pub sys_id: SysId,
    /// Its name.
    #[serde(default)]
    pub name: Field<String>,
    /// What it is, in a line.
    #[serde(default)]
    pub short_description: Field<String>,
    /// What it is, in HTML.
    #[serde(default)]
    pub description: Field<String>,
    /// `catalog_item`, `record_producer`, `order_guide`, …: only the first is ordered.
    #[serde(default, rename = "type")]
    pub kind: Field<String>,
    /// The table it really is in: `sc_cat_item`, `sc_cat_item_producer`, …
    #[serde(default)]
    pub sys_class_name: Field<String>,
    /// The category it stands in.
    #[serde(default)]
    pub category: Option<CatalogRef>,
    /// The catalogs it is in.
    #[serde(default)]
    pub catalogs: Vec<CatalogRef>,
    /// What it costs, as shown to people: `$600.00`.
    #[serde(default)]
    pub price: Field<String>,
    /// What it asks, containers with what they contain. Empty in lists of items.
    #[serde(default, rename = "variables")]
    pub questions: Vec<Question>,
    /// Members that came and are none of the above.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl CatalogItem {
    /// The question with this name, in a container or not.
    pub fn question(&self, name: &str) -> Option<&Question> {
        question(&self.questions, name)
    }
}

/// The question with this name, in a container or not.
pub(super) fn question<'a>(questions: &'a [Question], name: &str) -> Option<&'a Question> {
    let mut found = None;
    each(questions, &mut |question| {
        if question.name.as_str() == Some(name) {
            found = found.or(Some(question));
        }
    });
    found
}

/// Calls `look` with each question, those in containers too.
pub(super) fn each<'a>(questions: &'a [Question], look: &mut impl FnMut(&'a Question)) {
    for question in questions {
        look(question);
        each(&question.children, look);
    }
}

impl fmt::Debug for CatalogItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogItem")
            .field("sys_id", &self.sys_id)
            .field("name", &self.name)
            .field("questions", &self.questions)
            .finish_non_exhaustive()
    }
}

/// A catalog or a category.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CatalogRef {
    /// Its key.
    pub sys_id: SysId,
    /// Its title.
    #[serde(default)]
    pub title: Field<String>,
}

client_core::open_enum!(
    /// What kind of answer a question wants: `item_option_new.type`, a number.
    pub enum QuestionType {
        /// `Yes` or `No`.
        YesNo = "1",
        /// Text of several lines.
        MultiLineText = "2",
        /// One of its choices.
        MultipleChoice = "3",
        /// A number on a scale.
        NumericScale = "4",
        /// One of its choices.
        SelectBox = "5",
        /// Text of one line.
        SingleLineText = "6",
        /// `true` or `false`.
        CheckBox = "7",
        /// The `sys_id` of a record of the table that [`Question::reference`] names.
        Reference = "8",
        /// A date.
        Date = "9",
        /// A date and time.
        DateTime = "10",
        /// Text on the form; no question.
        Label = "11",
        /// A line on the form; no question.
        Break = "12",
        /// A macro of the form; no question.
        Macro = "14",
        /// A page in the form; no question.
        UiPage = "15",
        /// Text of one wide line.
        WideSingleLineText = "16",
        /// A macro of the form; no question.
        MacroWithLabel = "17",
        /// One of the values of a table.
        LookupSelectBox = "18",
        /// Contains other questions.
        ContainerStart = "19",
        /// Ends a container; no question.
        ContainerEnd = "20",
        /// Several records: their `sys_id`s with commas between.
        ListCollector = "21",
        /// One of the values of a table.
        LookupMultipleChoice = "22",
        /// HTML.
        Html = "23",
        /// Splits a container; no question.
        ContainerSplit = "24",
        /// A secret: answers to it are not kept, and are given by [`Order::secret`](super::Order::secret).
        Masked = "25",
        /// A mail address.
        Email = "26",
        /// An address on the web.
        Url = "27",
        /// An IP address.
        IpAddress = "28",
        /// A duration.
        Duration = "29",
        /// Who gets it: a `sys_user`.
        RequestedFor = "31",
        /// Text on the form; no question.
        RichTextLabel = "32",
        /// A file.
        Attachment = "33",
    }
);

impl QuestionType {
    /// Whether there can be an answer at all: labels, breaks, containers and macros have none.
    pub fn is_answered(&self) -> bool {
        use QuestionType as T;
        !matches!(
            self,
            T::Label
                | T::Break
                | T::Macro
                | T::UiPage
                | T::MacroWithLabel
                | T::ContainerStart
                | T::ContainerEnd
                | T::ContainerSplit
                | T::RichTextLabel
        )
    }
}

/// What an item asks: a `variable` in ServiceNow's forms, an `item_option_new` in its tables. Its `Debug` hides what the
/// form is filled in with.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(from = "Sent")]
#[non_exhaustive]
pub struct Question {
    /// Its key.
    pub sys_id: Option<SysId>,
    /// The name to answer it by. Containers and labels may have none.
    pub name: Field<String>,
    /// The question as people see it.
    pub label: Field<String>,
    /// What kind of answer it wants; none if that did not come.
    pub kind: Option<QuestionType>,
    /// Whether it must be answered. A policy of the form may say otherwise there, but not here.
    pub mandatory: Field<bool>,
    /// The table that a reference points into.
    pub reference: Field<String>,
    /// What the form is filled in with. Never of a [masked](QuestionType::Masked) one.
    pub value: Field<String>,
    /// The answers to choose from.
    pub choices: Vec<QuestionChoice>,
    /// What a container contains.
    pub children: Vec<Question>,
}

impl Question {
    /// Whether it is a secret.
    pub fn is_masked(&self) -> bool {
        self.kind == Some(QuestionType::Masked)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// One of the answers that a question offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct QuestionChoice {
    /// The answer.
    #[serde(default)]
    pub value: Field<String>,
    /// The answer as people see it.
    #[serde(default)]
    pub label: Field<String>,
}

/// A question as it is sent.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    id: Field<SysId>,
    #[serde(default)]
    name: Field<String>,
    #[serde(default)]
    label: Field<String>,
    #[serde(default, rename = "type", deserialize_with = "number")]
    kind: Option<QuestionType>,
    #[serde(default)]
    mandatory: Field<bool>,
    #[serde(default)]
    reference: Field<String>,
    #[serde(default)]
    value: Field<String>,
    #[serde(default)]
    choices: Option<Vec<QuestionChoice>>,
    #[serde(default)]
    children: Option<Vec<Question>>,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<QuestionType>, D::Error> {
    let json = Json::deserialize(deserializer)?;
    let text = text_of(&json).ok_or_else(|| de::Error::custom("no type of a question"))?;
    Ok((!text.is_empty()).then(|| QuestionType::from(&*text)))
}

impl From<Sent> for Question {
    fn from(sent: Sent) -> Self {
        let secret = matches!(sent.kind, Some(QuestionType::Masked) | None);
        Self {
            sys_id: sent.id.into_option(),
            name: sent.name,
            label: sent.label,
            kind: sent.kind,
            mandatory: sent.mandatory,
            reference: sent.reference,
            value: if secret { Field::Absent } else { sent.value },
            choices: sent.choices.unwrap_or_default(),
            children: sent.children.unwrap_or_default(),
        }
    }
}
