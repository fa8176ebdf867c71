//! The systems that an example works on: real tenants if the environment names them, else a sandbox.

use std::path::PathBuf;

use lifecycle::{Engine, PRODUCT, Policy, Systems};
use okta_client::OktaClient;
use sandbox::Sandbox;
use servicenow_client::{Query, ScReqItem, ServiceNowClient};

use crate::{BoxError, Common};

/// The bundled policy, for the sandbox company.
const POLICY: &str = include_str!("../policies/acme.toml");

/// Okta and ServiceNow, and what keeps them alive.
#[derive(Debug)]
pub struct World {
    /// The clients.
    pub systems: Systems,
    sandbox: Option<Sandbox>,
    folder: Option<tempfile::TempDir>,
}

impl World {
    /// The tenants that the environment names, or a sandbox company of 200 people.
    ///
    /// # Errors
    ///
    /// If the environment names one of them and not the rest, or the sandbox cannot start.
    pub async fn open() -> Result<Self, BoxError> {
        let named = ["OKTA_CLIENT_ORGURL", "OKTA_CLIENT_TOKEN", "SN_HOST", "SN_USERNAME", "SN_PASSWORD"];
        if named.iter().any(|name| std::env::var_os(name).is_some()) {
            let okta = OktaClient::builder_from_env()?.user_agent(PRODUCT).build()?;
            let servicenow = ServiceNowClient::builder_from_env()?.user_agent(PRODUCT).build()?;
            return Ok(Self { systems: Systems::new(okta, servicenow), sandbox: None, folder: None });
        }
        let sandbox = Sandbox::builder().people(200).seed(7).start().await?;
        let okta = OktaClient::builder(sandbox.okta_url())
            .api_token(sandbox.okta_token().to_owned().into())
            .user_agent(PRODUCT)
            .build()?;
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
            .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
            .user_agent(PRODUCT)
            .build()?;
        let folder = Some(tempfile::tempdir()?);
        Ok(Self { systems: Systems::new(okta, servicenow), sandbox: Some(sandbox), folder })
    }

    /// What the systems are, in a line.
    #[must_use]
    pub fn describe(&self) -> String {
        let kind = if self.sandbox.is_some() { "Sandbox company ACME, 200 people" } else { "Real tenants" };
        format!(
            "{kind}: Okta {}, ServiceNow {}",
            self.systems.okta.org_url(),
            self.systems.servicenow.origin()
        )
    }

    /// The policy that the arguments name; in the sandbox the bundled one will do.
    ///
    /// # Errors
    ///
    /// If it is wrong, or none is named for real tenants.
    pub fn policy(&self, arguments: &Common) -> Result<Policy, BoxError> {
        match &arguments.policy {
            Some(file) => Ok(Policy::load(file)?),
            None if self.sandbox.is_some() => Ok(Policy::parse("acme.toml", POLICY)?),
            None => Err("give --policy FILE: the bundled policy is for the sandbox company".into()),
        }
    }

    /// An engine with the journal that the arguments name.
    ///
    /// # Errors
    ///
    /// If the journal cannot be opened.
    pub fn engine(&self, arguments: &Common) -> Result<Engine, BoxError> {
        let default = self.folder.as_ref().map_or_else(PathBuf::new, |folder| folder.path().to_owned());
        let path = arguments.journal.clone().unwrap_or_else(|| default.join("lifecycle.db"));
        Ok(Engine::embedded(path, self.systems.clone())?)
    }

    /// The number of the oldest open and approved request for a catalog item.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn oldest_request(&self, catalog_item: &str) -> Result<String, BoxError> {
        let open =
            Query::new().eq("active", true).eq("approval", "approved").eq("cat_item.name", catalog_item);
        let found = self.systems.servicenow.table::<ScReqItem>().list(open).collect_all().await?;
        let numbers = found.rows.iter().filter_map(|item| item.number.as_str());
        let oldest = numbers.min().ok_or_else(|| {
            format!(
                "there is no open and approved request for \"{catalog_item}\": give one with --ticket NUMBER"
            )
        })?;
        Ok(oldest.to_owned())
    }
}
