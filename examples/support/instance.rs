//! Examples that need ServiceNow alone.

use std::process::ExitCode;

use clap::Parser;
use lifecycle::PRODUCT;
use sandbox::Sandbox;
use servicenow_client::{ConfigError, ServiceNowClient};

use crate::{BoxError, environment};

/// A ServiceNow instance to work on.
#[derive(Debug)]
pub struct Instance {
    /// Its client.
    pub servicenow: ServiceNowClient,
    /// The sandbox that it is of, if the environment names none.
    pub sandbox: Option<Sandbox>,
}

impl Instance {
    /// The instance that the environment names, or a sandbox company's.
    ///
    /// # Errors
    ///
    /// If the environment names it by half, or the sandbox cannot start.
    pub async fn open() -> Result<Self, BoxError> {
        if environment::names(environment::instance())? {
            let servicenow = ServiceNowClient::builder_from_env()?.user_agent(PRODUCT).build()?;
            return Ok(Self { servicenow, sandbox: None });
        }
        let sandbox = Sandbox::builder().people(200).seed(7).start().await?;
        Ok(Self { servicenow: client_of(&sandbox)?, sandbox: Some(sandbox) })
    }
}

/// A client of a sandbox's instance.
pub(crate) fn client_of(sandbox: &Sandbox) -> Result<ServiceNowClient, ConfigError> {
    ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .user_agent(PRODUCT)
        .build()
}

const AFTER_HELP: &str = "\
Environment:
  SN_HOST, SN_USERNAME, SN_PASSWORD       The ServiceNow instance, https://acme.service-now.com, and its user
  SN_CLIENT_ID, SN_CLIENT_SECRET          Instead of the user, or with it: an OAuth client
  SN_API_KEY                              Instead of both: an API key
  RUST_LOG                                What is logged on stderr: servicenow_client=debug, for example

  Without these, the example starts a sandbox company on this machine and works on that.";

/// Runs an example that needs ServiceNow alone: reads its arguments, sets up logging (to stderr, by `RUST_LOG`), and turns
/// an error into exit status 1.
pub fn with_instance<A: Parser>(
    about: &'static str,
    example: impl AsyncFnOnce(A, Instance) -> Result<(), BoxError>,
) -> ExitCode {
    crate::run_on(about, AFTER_HELP, Instance::open, example)
}
