//! A call with what its answer has to show, as a value: awaited by itself, or put into a batch.

use std::fmt;
use std::future::IntoFuture;

use client_core::{Call, Response};
use futures::future::BoxFuture;

use crate::client::ServiceNowClient;
use crate::problem::{Result, ServiceNowProblem};

/// A call that was not made yet: await it, or [put it into a batch](crate::batch::Batch::add).
///
/// Either way its answer is read, distrusted and compared with what was sent in the same way.
#[must_use = "a call does nothing until it is awaited, or put into a batch"]
pub struct Prepared<T> {
    client: ServiceNowClient,
    errand: Box<dyn Errand<T>>,
}

impl<T: 'static> Prepared<T> {
    /// A call, and how what its answer says becomes what the caller gets, if it is to be believed.
    pub(crate) fn new<R: Send + 'static>(
        client: &ServiceNowClient,
        call: Call<R>,
        check: impl Fn(R) -> Result<T, ServiceNowProblem> + Send + Sync + 'static,
    ) -> Self {
        Self { client: client.clone(), errand: Box::new(Checked { call, check }) }
    }
}

impl<T> Prepared<T> {
    /// Which client it belongs to.
    pub(crate) fn client(&self) -> &ServiceNowClient {
        &self.client
    }

    /// The call without its answer's type.
    pub(crate) fn untyped(&self) -> Call<()> {
        self.errand.untyped()
    }

    /// Reads an answer that came in a batch. `unsure`: an earlier attempt may have acted.
    pub(crate) fn read(&self, response: Response, unsure: bool) -> Result<T> {
        self.errand.read(&self.client, response, unsure)
    }
}

impl<T: 'static> IntoFuture for Prepared<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.errand.send(&self.client).await })
    }
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({:?})", self.untyped())
    }
}

/// A [`Checked`] whose answer's own type is nobody's business.
trait Errand<T>: Send + Sync {
    fn untyped(&self) -> Call<()>;
    fn send<'a>(&'a self, client: &'a ServiceNowClient) -> BoxFuture<'a, Result<T>>;
    fn read(&self, client: &ServiceNowClient, response: Response, unsure: bool) -> Result<T>;
}

struct Checked<R, F> {
    call: Call<R>,
    check: F,
}

impl<R, T, F> Errand<T> for Checked<R, F>
where
    R: Send + 'static,
    F: Fn(R) -> Result<T, ServiceNowProblem> + Send + Sync,
{
    fn untyped(&self) -> Call<()> {
        Call::done(self.call.name(), self.call.safety(), self.call.request().clone())
    }

    fn send<'a>(&'a self, client: &'a ServiceNowClient) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            let answer = client.pipeline.send_with_response(&self.call).await?;
            self.believe(client, answer)
        })
    }

    fn read(&self, client: &ServiceNowClient, response: Response, unsure: bool) -> Result<T> {
        let answer = client.pipeline.answered(&self.call, response, unsure);
        self.believe(client, answer.map_err(|failed| failed.error)?)
    }
}

impl<R, F> Checked<R, F> {
    fn believe<T>(&self, client: &ServiceNowClient, (answer, response): (R, Response)) -> Result<T>
    where
        F: Fn(R) -> Result<T, ServiceNowProblem>,
    {
        (self.check)(answer).map_err(|problem| client.distrust(&self.call, &response, problem))
    }
}
