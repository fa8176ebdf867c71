//! A system of our own, outside Okta and ServiceNow: switches that are on or off.

use std::sync::{LazyLock, Mutex};

use async_trait::async_trait;
use lifecycle::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use okta_client::Delivery;
use serde::{Deserialize, Serialize};

/// What the switches of these tests are, by name: a system of our own, outside Okta and ServiceNow.
static SWITCHES: LazyLock<Mutex<std::collections::BTreeMap<String, Switch>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Clone, Default)]
pub struct Switch {
    pub on: bool,
    pub writes: usize,
    /// What the next writes answer, and whether they act.
    pub answers: Vec<(Answer, bool)>,
    /// What looking finds, if not the truth.
    pub found: Option<&'static str>,
    /// Whether it cannot be looked at now.
    pub away: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Lost,
    Refused,
    Busy,
}

pub fn switch<T>(name: &str, change: impl FnOnce(&mut Switch) -> T) -> T {
    change(SWITCHES.lock().unwrap().entry(name.to_owned()).or_default())
}

/// An action as a user's crate would write it: it turns a switch on.
#[derive(Debug, Serialize, Deserialize)]
pub struct TurnOn {
    pub switch: String,
}

#[typetag::serde(name = "test.turn_on")]
#[async_trait]
impl Action for TurnOn {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Change, format!("switch {}", self.switch))
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        look(&self.switch, true)
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        // A chance for others to run between the look and the act.
        tokio::task::yield_now().await;
        switch(&self.switch, |switch| {
            switch.writes += 1;
            let answer = (!switch.answers.is_empty()).then(|| switch.answers.remove(0));
            switch.on |= answer.is_none_or(|(_, acts)| acts);
            match answer {
                None => Ok(()),
                Some((Answer::Lost, _)) => Err(ActionError::transient("no answer", Delivery::Unknown)),
                Some((Answer::Busy, _)) => Err(ActionError::transient("busy", Delivery::Refused)),
                Some((Answer::Refused, _)) => Err(ActionError::permanent("never")),
            }
        })
    }
}

/// Turns a switch off.
#[derive(Debug, Serialize, Deserialize)]
pub struct TurnOff {
    pub switch: String,
}

#[typetag::serde(name = "test.turn_off")]
#[async_trait]
impl Action for TurnOff {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Remove, format!("switch {}", self.switch))
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        look(&self.switch, false)
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        switch(&self.switch, |switch| {
            switch.writes += 1;
            switch.on = false;
        });
        Ok(())
    }
}

fn look(name: &str, wanted: bool) -> Result<State, ActionError> {
    switch(name, |switch| match (switch.away, switch.found) {
        (true, _) => Err(ActionError::transient("nobody answers", Delivery::Refused)),
        (_, Some(found)) => Ok(State::Drifted(found.to_owned())),
        _ if switch.on == wanted => Ok(State::reached()),
        _ => Ok(State::Open),
    })
}

/// A switch must be on: a guard.
#[derive(Debug, Serialize, Deserialize)]
pub struct IsOn {
    pub switch: String,
}

#[typetag::serde(name = "test.is_on")]
#[async_trait]
impl Action for IsOn {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Confirm, format!("switch {}", self.switch))
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        look(&self.switch, true)
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        panic!("a guard never writes")
    }
}

pub fn writes(name: &str) -> usize {
    switch(name, |switch| switch.writes)
}
