//! Examples that need Okta alone.

use std::process::ExitCode;

use clap::Parser;
use lifecycle::PRODUCT;
use okta_client::OktaClient;
use sandbox::Sandbox;

use crate::{BoxError, environment};

/// An Okta org to work on.
#[derive(Debug)]
pub struct Org {
    /// Its client.
    pub okta: OktaClient,
    /// The sandbox that it is of, if the environment names none.
    pub sandbox: Option<Sandbox>,
}

impl Org {
    /// The org that the environment names, or a sandbox company's.
    ///
    /// # Errors
    ///
    /// If the environment names it by half, or the sandbox cannot start.
    pub async fn open() -> Result<Self, BoxError> {
        if environment::names(environment::org())? {
            let okta = OktaClient::builder_from_env()?.user_agent(PRODUCT).build()?;
            return Ok(Self { okta, sandbox: None });
        }
        let sandbox = Sandbox::builder().people(200).seed(7).start().await?;
        let okta = OktaClient::builder(sandbox.okta_url())
            .api_token(sandbox.okta_token().to_owned().into())
            .user_agent(PRODUCT)
            .build()?;
        Ok(Self { okta, sandbox: Some(sandbox) })
    }
}

const AFTER_HELP: &str = "\
Environment:
  OKTA_CLIENT_ORGURL, OKTA_CLIENT_TOKEN   The Okta org, https://acme.okta.com, and an API token of it
  OKTA_CLIENT_CLIENTID, OKTA_CLIENT_PRIVATEKEY, OKTA_CLIENT_SCOPES
                                          Instead of the token: a service app's id, key and scopes
  RUST_LOG                                What is logged on stderr: okta_client=debug, for example

  Without these, the example starts a sandbox company on this machine and works on that.";

/// Runs an example that needs Okta alone: reads its arguments, sets up logging (to stderr, by `RUST_LOG`), and turns
/// an error into exit status 1.
pub fn with_org<A: Parser>(
    about: &'static str,
    example: impl AsyncFnOnce(A, Org) -> Result<(), BoxError>,
) -> ExitCode {
    crate::run_on(about, AFTER_HELP, Org::open, example)
}
