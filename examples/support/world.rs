//! The systems that an example works on: real tenants if the environment names them, else a sandbox.

use std::fmt;
use std::path::PathBuf;

use lifecycle::{Engine, Operation, PRODUCT, Plan, Policy, RunStatus, Systems};
use okta_client::OktaClient;
use sandbox::Sandbox;
use servicenow_client::tables::ScReqItem;
use servicenow_client::{Query, ServiceNowClient};

use crate::{BoxError, Common, Work, environment, instance};

/// The bundled policy, for the sandbox company.
const POLICY: &str = include_str!("../policies/acme.toml");

/// Okta and ServiceNow, and what keeps them alive.
#[derive(Debug)]
pub struct World {
    /// What was asked for.
    pub arguments: Common,
    /// The clients.
    pub systems: Systems,
    /// The sandbox, if it is one, with a folder for its journal: both end with this.
    sandbox: Option<(Sandbox, tempfile::TempDir)>,
}

impl World {
    /// The tenants that the environment names, or a sandbox company of 200 people.
    ///
    /// # Errors
    ///
    /// If the environment names one of them and not the rest, or the sandbox cannot start.
    pub async fn open(arguments: Common) -> Result<Self, BoxError> {
        if !environment::names([environment::org(), environment::instance()].concat())? {
            return Self::on_sandbox(arguments).await;
        }
        let okta = OktaClient::builder_from_env()?.user_agent(PRODUCT).build()?;
        let servicenow = ServiceNowClient::builder_from_env()?.user_agent(PRODUCT).build()?;
        Ok(Self { arguments, systems: Systems::new(okta, servicenow), sandbox: None })
    }

    async fn on_sandbox(arguments: Common) -> Result<Self, BoxError> {
        let sandbox = Sandbox::builder().people(200).seed(7).start().await?;
        let okta = OktaClient::builder(sandbox.okta_url())
            .api_token(sandbox.okta_token().to_owned().into())
            .user_agent(PRODUCT)
            .build()?;
        let servicenow = instance::client_of(&sandbox)?;
        let sandbox = Some((sandbox, tempfile::tempdir()?));
        Ok(Self { arguments, systems: Systems::new(okta, servicenow), sandbox })
    }

    /// The sandbox, if it is one.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref().map(|(sandbox, _)| sandbox)
    }

    /// Whether it is a sandbox, which starts anew each time.
    pub(crate) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// The policy that the arguments name; in the sandbox the bundled one will do.
    ///
    /// # Errors
    ///
    /// If it is wrong, or none is named for real tenants.
    pub fn policy(&self) -> Result<Policy, BoxError> {
        match (&self.arguments.policy, &self.sandbox) {
            (Some(file), _) => Ok(Policy::load(file)?),
            (None, Some(_)) => Ok(Policy::parse("acme.toml", POLICY)?),
            (None, None) => Err("give --policy FILE: the bundled policy is for the sandbox company".into()),
        }
    }

    /// An engine with the journal that the arguments name.
    ///
    /// # Errors
    ///
    /// If the journal cannot be opened.
    pub fn engine(&self) -> Result<Engine, BoxError> {
        Ok(Engine::embedded(self.journal(), self.systems.clone())?)
    }

    /// The plan by which the operation's request was taken up before, if the journal has it.
    ///
    /// # Errors
    ///
    /// If there is no such request, or the journal cannot be opened.
    pub async fn planned<O: Operation>(&self, operation: &O) -> Result<Option<Plan>, BoxError> {
        if !self.journal().exists() {
            return Ok(None);
        }
        let engine = self.engine()?;
        let asked = operation.read(&self.systems).await?;
        match engine.find(&operation.intent(&asked)).await? {
            Some(run) => Ok(Some(engine.plan(&run).await?)),
            None => Ok(None),
        }
    }

    fn journal(&self) -> PathBuf {
        match (&self.arguments.journal, &self.sandbox) {
            (Some(path), _) => path.clone(),
            (None, Some((_, folder))) => folder.path().join("lifecycle.db"),
            (None, None) => PathBuf::from("lifecycle.db"),
        }
    }

    /// The ticket that was asked for; else that of a run which was interrupted; else the oldest open one that
    /// no run is waiting with.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn ticket(&self, work: &Work, engine: Option<&Engine>) -> Result<String, BoxError> {
        if let Some(number) = &self.arguments.ticket {
            return Ok(number.clone());
        }
        let mut waiting = Vec::new();
        if let Some(engine) = engine {
            for id in engine.open_runs().await? {
                let run = engine.status(&id).await?;
                let Some(request) = run.request.filter(|_| run.operation == work.operation) else { continue };
                match run.status {
                    RunStatus::Waiting { until, .. } if until > self.systems.okta.clock().now() => {
                        waiting.push(request.number);
                    }
                    _ => return Ok(request.number),
                }
            }
        }
        let open = self.open_requests(work.catalog_item).await?;
        let oldest = open.into_iter().find(|number| !waiting.contains(number));
        let oldest = oldest.or_else(|| waiting.into_iter().next());
        Ok(oldest.ok_or_else(|| {
            format!(
                "there is no open and approved request for \"{}\": give one with --ticket NUMBER",
                work.catalog_item
            )
        })?)
    }

    /// The open and approved requests for a catalog item, the oldest first.
    ///
    /// # Errors
    ///
    /// If ServiceNow does not answer.
    pub async fn open_requests(&self, catalog_item: &str) -> Result<Vec<String>, BoxError> {
        let open =
            Query::new().eq("active", true).eq("approval", "approved").eq("cat_item.name", catalog_item);
        let found = self.systems.servicenow.table::<ScReqItem>().list(open).collect_all().await?;
        let numbers = found.rows.iter().filter_map(|item| item.number.as_str());
        let mut numbers: Vec<String> = numbers.map(str::to_owned).collect();
        numbers.sort();
        Ok(numbers)
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.sandbox {
            Some(_) => "A sandbox company, ACME with 200 people; it is gone when this ends",
            None => "Real tenants",
        };
        writeln!(f, "{kind}")?;
        writeln!(f, "  Okta        {}", self.systems.okta.org_url())?;
        writeln!(f, "  ServiceNow  {}", self.systems.servicenow.origin())?;
        write!(f, "  journal     {}", self.journal().display())
    }
}
