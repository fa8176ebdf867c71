//! The values that a field may have, and what people call them.

use std::future::IntoFuture;

use futures::future::BoxFuture;

use super::Schema;
use crate::problem::Result;
use crate::query::Query;
use crate::tables::SysChoice;
use crate::value::Field;

/// Asks for the choices of a field: await it.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked until it is awaited"]
pub struct ChoicesOf {
    schema: Schema,
    table: String,
    field: String,
    language: String,
}

impl ChoicesOf {
    pub(super) fn new(schema: Schema, table: &str, field: &str) -> Self {
        Self { schema, table: table.to_owned(), field: field.to_owned(), language: "en".to_owned() }
    }

    /// Labels in this language: `de`. Default `en`, which every instance has.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = language.into();
        self
    }

    async fn read(self) -> Result<Choices> {
        let tables = self.schema.sources_of_choices(&self.table).await?;
        let names = tables.iter().map(String::as_str);
        let query = Query::new()
            .one_of("name", names)
            .eq("element", self.field.as_str())
            .eq("language", self.language.as_str());
        let list = self.schema.client.table::<SysChoice>().list(query).collect_all().await?;
        // The nearest table that has choices of its own has the say.
        let of = |table: &String| list.rows.iter().any(|row| row.name.as_str() == Some(table));
        let table = tables.iter().find(|table| of(table)).cloned().unwrap_or(self.table);
        let own = list.rows.into_iter().filter(|row| row.name.as_str() == Some(&table));
        let mut all: Vec<Choice> = own.map(Choice::from).collect();
        all.sort_by_key(|choice| choice.sequence);
        Ok(Choices { table, all, complete: list.complete })
    }
}

impl IntoFuture for ChoicesOf {
    type Output = Result<Choices>;
    type IntoFuture = BoxFuture<'static, Result<Choices>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.read())
    }
}

/// One value that a field may have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// The value, as stored.
    pub value: String,
    /// What people call it.
    pub label: String,
    /// Its place in the list.
    pub sequence: i64,
    /// The value that the field above (a subcategory's category) must have for this one to be offered.
    pub dependent_value: Option<String>,
    /// Whether it is offered. Old records may have one that is not.
    pub is_offered: bool,
}

impl From<SysChoice> for Choice {
    fn from(row: SysChoice) -> Self {
        Self {
            value: row.value.into_option().unwrap_or_default(),
            label: row.label.into_option().unwrap_or_default(),
            sequence: row.sequence.into_option().unwrap_or(i64::MAX),
            dependent_value: row.dependent_value.into_option(),
            is_offered: row.inactive != Field::Set(true),
        }
    }
}

/// The values that a field may have on one instance, in the order in which people see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    table: String,
    all: Vec<Choice>,
    complete: bool,
}

impl Choices {
    /// The table whose choices they are: the field's own, or one that it extends.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// All of them, those that are no longer offered too.
    pub fn iter(&self) -> impl Iterator<Item = &Choice> {
        self.all.iter()
    }

    /// Those that are offered.
    pub fn offered(&self) -> impl Iterator<Item = &Choice> {
        self.iter().filter(|choice| choice.is_offered)
    }

    /// What people call a value, also one that is no longer offered.
    #[must_use]
    pub fn label(&self, value: &str) -> Option<&str> {
        self.iter().find(|choice| choice.value == value).map(|choice| choice.label.as_str())
    }

    /// The value that is offered under a label. Labels change with the language: decide on values.
    #[must_use]
    pub fn value(&self, label: &str) -> Option<&str> {
        self.offered().find(|choice| choice.label == label).map(|choice| choice.value.as_str())
    }

    /// Whether a value is offered. The instance ignores any other, unless it is set to take it. "No" is worth
    /// something only if all choices [could be read](Self::is_complete).
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        self.offered().any(|choice| choice.value == value)
    }

    /// The first of these values that is offered: releases differ, and customers add their own.
    #[must_use]
    pub fn choose<'p>(&self, preferences: impl IntoIterator<Item = &'p str>) -> Option<&str> {
        let named = |value: &str| self.offered().find(|choice| choice.value == value);
        preferences.into_iter().find_map(named).map(|choice| choice.value.as_str())
    }

    /// Those that are offered while the field above has this value: the subcategories of a category.
    #[must_use]
    pub fn depending_on(&self, value: &str) -> Self {
        let depends =
            |choice: &&Choice| choice.dependent_value.as_deref().is_none_or(|wanted| wanted == value);
        let all = self.iter().filter(depends).cloned().collect();
        Self { table: self.table.clone(), all, complete: self.complete }
    }

    /// Whether all rows could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}
