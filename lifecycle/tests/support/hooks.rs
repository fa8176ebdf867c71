//! A courier and a verifier as a company would have them: outside of the engine, so they outlive it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifecycle::hooks::{Courier, HookError, Parcel, Question, Verdict, Verifier};
use okta_client::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

/// Whatever was handed over, by parcel.
#[derive(Clone, Default)]
pub struct Letterbox {
    parcels: Arc<Mutex<BTreeMap<String, Letter>>>,
    /// Nothing is taken.
    pub closed: Arc<Mutex<bool>>,
    /// What is taken is the last thing that the engine sees.
    pub dies: Arc<Mutex<bool>>,
    died: Arc<Notify>,
}

#[derive(Clone)]
pub struct Letter {
    pub login: String,
    pub kind: &'static str,
    pub secret: String,
    pub digest: String,
}

impl Letterbox {
    /// Returns when the engine should be dead.
    pub async fn death(&self) {
        self.died.notified().await;
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.parcels.lock().unwrap().values().cloned().collect()
    }
}

impl std::fmt::Debug for Letterbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letterbox")
    }
}

#[async_trait]
impl Courier for Letterbox {
    async fn deliver(&self, parcel: Parcel) -> Result<(), HookError> {
        if *self.closed.lock().unwrap() {
            return Err(HookError("the letterbox is closed".to_owned()));
        }
        let letter = Letter {
            login: parcel.login.clone(),
            kind: parcel.kind,
            secret: parcel.secret.expose_secret().to_owned(),
            digest: parcel.digest.clone(),
        };
        self.parcels.lock().unwrap().insert(parcel.id.clone(), letter);
        if *self.dies.lock().unwrap() {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn delivered(&self, parcel: &str) -> Result<Option<String>, HookError> {
        Ok(self.parcels.lock().unwrap().get(parcel).map(|letter| letter.digest.clone()))
    }

    async fn token_secret(&self, serial: &str) -> Result<SecretString, HookError> {
        Ok(format!("484f5450{serial}").into())
    }
}

/// What the verifier says about everybody: nothing, until it is told.
#[derive(Debug, Clone)]
pub struct Says(Arc<Mutex<Verdict>>);

impl Default for Says {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Verdict::Pending)))
    }
}

impl Says {
    pub fn says(&self, verdict: Verdict) {
        *self.0.lock().unwrap() = verdict;
    }
}

#[async_trait]
impl Verifier for Says {
    async fn verdict(&self, _: &Question) -> Result<Verdict, HookError> {
        Ok(self.0.lock().unwrap().clone())
    }
}
