//! An operation that costs next to nothing: it switches on a lamp. What becomes of it is in the lamp's name.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use lifecycle::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use lifecycle::bulk::{AnyOperation, Recipe};
use lifecycle::gate::{At, When};
use lifecycle::plan::{Intent, Plan, Precedence, Step, Subject};
use lifecycle::{Operation, OperationError, Systems};
use okta_client::Delivery;
use serde::{Deserialize, Serialize};

/// How often each lamp was switched on.
static LIT: LazyLock<Mutex<BTreeMap<String, usize>>> = LazyLock::new(Mutex::default);

/// Those that are stuck and may now be switched on.
static LOOSENED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The lamps of a test that are on, each with how often it was switched.
pub fn lit(of: &str) -> BTreeMap<String, usize> {
    let all = LIT.lock().unwrap();
    all.iter().filter(|(name, _)| name.starts_with(of)).map(|(name, times)| (name.clone(), *times)).collect()
}

pub fn loosen(of: &str) {
    LOOSENED.lock().unwrap().push(of.to_owned());
}

/// One row, one lamp.
pub fn recipe() -> Recipe {
    let make = |row: &lifecycle::bulk::Row| {
        let lamp = row.get("lamp").unwrap_or_default().to_owned();
        if lamp.contains("odd") {
            return Err(vec![format!("lamp is {lamp:?}: give one that is not odd")]);
        }
        Ok(Box::new(Lamp { lamp, person: row.get("person").map(str::to_owned) }) as Box<dyn AnyOperation>)
    };
    Recipe::new("light", make).required("lamp").optional("person").unique("lamp")
}

/// Switches one lamp on.
pub fn operation(lamp: &str) -> Box<dyn AnyOperation> {
    Box::new(Lamp { lamp: lamp.to_owned(), person: None })
}

/// A file of lamps.
pub fn file<T: AsRef<str>>(lamps: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<String> = lamps.into_iter().map(|lamp| format!("{}\n", lamp.as_ref())).collect();
    format!("lamp\n{}", rows.concat())
}

struct Lamp {
    lamp: String,
    person: Option<String>,
}

impl Lamp {
    fn is(&self, what: &str) -> bool {
        self.lamp.contains(what)
    }
}

#[async_trait]
impl Operation for Lamp {
    type Asked = ();

    async fn read(&self, systems: &Systems) -> Result<(), OperationError> {
        if self.is("asks") {
            systems.okta.users().list().limit(1).send().collect_all().await?;
        }
        Ok(())
    }

    fn intent(&self, (): &()) -> Intent {
        Intent::new("light", &self.lamp, &self.lamp, None)
    }

    async fn plan(&self, systems: &Systems, (): ()) -> Result<Plan, OperationError> {
        if self.is("fused") {
            return Err(OperationError::NeedsHuman(format!("{} is fused", self.lamp)));
        }
        let subject = Subject {
            login: format!("{}@acme.example", self.lamp),
            name: self.lamp.clone(),
            person: self.person.clone(),
        };
        let precedence = if self.is("leaver") { Precedence::Offboard } else { Precedence::Onboard };
        let mut plan = Plan::new("light", precedence, self.intent(&()), subject);
        if self.is("later") {
            let at = systems.okta.clock().now() + TimeDelta::days(30);
            let at =
                When::parse(&at.format("%Y-%m-%d %H:%M").to_string(), "UTC", lifecycle::gate::DstGap::Later);
            plan.steps.push(Step::gate("dusk", "it is day", At::new(at.unwrap())));
        }
        plan.steps.push(Step::new("switch-on", "it is dark", SwitchOn { lamp: self.lamp.clone() }));
        Ok(plan)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct SwitchOn {
    lamp: String,
}

#[typetag::serde(name = "test.switch_on")]
#[async_trait]
impl Action for SwitchOn {
    fn describe(&self) -> Change {
        Change::new("house", Verb::Change, format!("lamp {}", self.lamp))
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if self.lamp.contains("asks") {
            context.systems.okta.users().list().limit(1).send().collect_all().await?;
        }
        assert!(!self.lamp.contains("explodes"), "{} explodes", self.lamp);
        let on = LIT.lock().unwrap().contains_key(&self.lamp);
        Ok(if on { State::reached() } else { State::Open })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        tokio::task::yield_now().await;
        let loosened = LOOSENED.lock().unwrap().iter().any(|of| self.lamp.starts_with(of));
        if self.lamp.contains("stuck") && !loosened {
            return Err(ActionError::transient("the switch is stuck", Delivery::Refused));
        }
        if self.lamp.contains("broken") {
            return Err(ActionError::permanent("the bulb is broken"));
        }
        *LIT.lock().unwrap().entry(self.lamp.clone()).or_default() += 1;
        Ok(())
    }
}
