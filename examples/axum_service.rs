//! The engine inside a web service of yours: what is asked for comes by HTTP, as a push from the instance, or is found
//! by asking; how it goes can be looked up, or followed as it happens.
//!
//! | route | what |
//! | --- | --- |
//! | `POST /onboardings` | `{"ticket":"RITM0010001"}`: 202 and the run. Posted again it is the same run |
//! | `GET /runs` | the runs that have something left to do |
//! | `GET /runs/{id}`, `GET /runs/{id}/plan` | where a run stands, and what it applies |
//! | `GET /runs/{id}/events` | what happens from now on, as server-sent events, until the run has ended |
//! | `POST /runs/{id}/cancel` | `{"by":"…","why":"…"}`: calls it off |
//! | `POST /servicenow/pushes` | hints of the instance, if `PUSH_KEY` has the key that it signs them with |
//!
//! `cargo run --example axum_service`

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use futures::{Stream, StreamExt as _};
use lifecycle::{Engine, EngineError, Onboard, OperationError, Policy, Progress, RunId, Systems};
use serde::Deserialize;
use serde_json::{Value, json};
use servicenow_client::inbound::{Hint, PushKey, PushReceiver, RecentHints};
use servicenow_client::tables::{Approval, ScCatItem, ScReqItem};
use servicenow_client::{Query, SysId};
use support::{BoxError, Common, PlanSummary, RunSummary, World};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Requests for this catalog item ask for an onboarding.
const CATALOG_ITEM: &str = "Employee onboarding";

/// How often the instance is asked for what no push told of.
const POLL: Duration = Duration::from_secs(60);

/// How long runs that are at work may go on once the service is to stop. What is cut off then is taken up again.
const GRACE: Duration = Duration::from_secs(5);

/// Serves onboardings over HTTP: submit, look, follow, call off.
#[derive(Debug, Parser)]
#[command(
    after_help = "Environment: as the example onboard; PUSH_KEY is the key of the instance's pushes, in base64.\n\
    Without it, and without tenants, a sandbox company is started, and its open requests are fulfilled."
)]
struct Arguments {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The policy file. Default: examples/policies/acme.toml in the sandbox, and none on real tenants.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the engine keeps its journal and ledger. Default: a temporary file in the sandbox, and lifecycle.db in
    /// the current folder on real tenants.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let Arguments { listen, policy, journal } = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let world = World::open(Common { policy, journal, ..Common::default() }).await?;
    println!("{world}");

    let engine = world.engine()?;
    // What was under way when the service stopped goes on.
    let open = engine.resume().await?;
    println!("{} runs have something left to do", open.len());

    let (stop, stopping) = watch::channel(false);
    let (systems, policy) = (world.systems.clone(), world.policy()?);
    let named = Query::new().eq("name", CATALOG_ITEM);
    let catalog_item = systems.servicenow.table::<ScCatItem>().find_one(named).await?;
    let catalog_item =
        catalog_item.ok_or_else(|| format!("there is no catalog item {CATALOG_ITEM:?}"))?.sys_id;
    let service = Service { engine: engine.clone(), systems, policy, catalog_item, stopping };
    let (queue, hints) = mpsc::channel(1000);
    let listener = TcpListener::bind(listen).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    let served = axum::serve(listener, router(service.clone(), queue)?).with_graceful_shutdown(async move {
        asked_to_stop().await;
        let _ = stop.send(true);
    });

    tokio::select! {
        result = served => result?,
        // Gates open, and expiries come due, though nobody asks.
        Err(error) = engine.keep_time() => return Err(error.into()),
        never = take_in(&service, hints) => match never {},
    }
    println!("Stopping");
    // In vain if it takes too long: then the next start goes on.
    let _ = tokio::time::timeout(GRACE, at_rest(&engine)).await;
    Ok(())
}

/// What the handlers share. All of it is cheap to clone.
#[derive(Debug, Clone)]
struct Service {
    engine: Engine,
    systems: Systems,
    policy: Policy,
    catalog_item: SysId,
    stopping: watch::Receiver<bool>,
}

impl Service {
    async fn onboard(&self, ticket: &str) -> Result<RunId, EngineError> {
        self.engine.submit_operation(&Onboard::ticket(ticket, self.policy.clone())).await
    }
}

/// Whoever may reach these routes may have people onboarded: your authentication belongs before them.
fn router(service: Service, queue: mpsc::Sender<Hint>) -> Result<Router, BoxError> {
    let app = Router::new()
        .route("/onboardings", post(submit))
        .route("/runs", get(open_runs))
        .route("/runs/{id}", get(status))
        .route("/runs/{id}/plan", get(plan))
        .route("/runs/{id}/events", get(events))
        .route("/runs/{id}/cancel", post(cancel));
    let Ok(key) = std::env::var("PUSH_KEY") else { return Ok(app.with_state(service)) };
    let keep = move |hint: Hint| {
        let queue = queue.clone();
        async move { queue.send(hint).await }
    };
    let pushes = PushReceiver::new(PushKey::new(key.into())?).into_route(keep);
    Ok(app.route("/servicenow/pushes", pushes).with_state(service))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Submission {
    ticket: String,
}

async fn submit(
    State(service): State<Service>,
    Json(wanted): Json<Submission>,
) -> Result<impl IntoResponse, Refusal> {
    let run = service.onboard(&wanted.ticket).await?;
    Ok((StatusCode::ACCEPTED, [("location", format!("/runs/{run}"))], Json(json!({ "run": run }))))
}

async fn open_runs(State(service): State<Service>) -> Result<Json<Vec<RunId>>, Refusal> {
    Ok(Json(service.engine.open_runs().await?))
}

async fn status(State(service): State<Service>, Path(id): Path<RunId>) -> Result<Json<RunSummary>, Refusal> {
    Ok(Json((&service.engine.status(&id).await?).into()))
}

async fn plan(State(service): State<Service>, Path(id): Path<RunId>) -> Result<Json<PlanSummary>, Refusal> {
    Ok(Json((&service.engine.plan(&id).await?).into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancellation {
    by: String,
    why: String,
}

async fn cancel(
    State(service): State<Service>,
    Path(id): Path<RunId>,
    Json(Cancellation { by, why }): Json<Cancellation>,
) -> Result<StatusCode, Refusal> {
    service.engine.cancel(&id, &by, &why).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Where the run stands, then what happens to it, until it has ended or the service stops.
async fn events(
    State(service): State<Service>,
    Path(id): Path<RunId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    // Before the look at where it stands, so that nothing is missed in between.
    let happening = service.engine.progress();
    let now = service.engine.status(&id).await?;
    let first = event("status", json!(RunSummary::from(&now)));
    let ours = happening.filter_map(move |progress| ready(told(&id, &progress)));
    let ours = (!now.status.is_final()).then(|| Box::pin(ours));
    // The last event ends the stream.
    let rest = futures::stream::unfold(ours, |ours| async {
        let mut ours = ours?;
        let (event, last) = ours.next().await?;
        Some((event, (!last).then_some(ours)))
    });
    let mut stopping = service.stopping;
    let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
    let events = futures::stream::iter([first]).chain(rest).take_until(stopped);
    Ok(Sse::new(events.map(Ok)).keep_alive(KeepAlive::default()))
}

/// An event of the run, and whether it is the last.
fn told(run: &RunId, progress: &Progress) -> Option<(Event, bool)> {
    match progress {
        Progress::Began { run: of, step, change } if of == run => {
            Some((event("began", json!({"step": step, "change": change})), false))
        }
        Progress::Ended { run: of, step, change, outcome } if of == run => {
            Some((event("ended", json!({"step": step, "change": change, "outcome": outcome})), false))
        }
        Progress::Rested { run: of, status } if of == run => {
            Some((event("rested", json!(status)), status.is_final()))
        }
        _ => None,
    }
}

fn event(name: &str, data: Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

/// An error as an answer. What the engine's errors say is fit for whoever may submit.
struct Refusal(EngineError);

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self.0 {
            EngineError::UnknownRun(_) => StatusCode::NOT_FOUND,
            EngineError::IntentChanged { .. } | EngineError::PolicyChanged { .. } => StatusCode::CONFLICT,
            EngineError::Operation(why) => match &**why {
                OperationError::NoTicket { .. } => StatusCode::NOT_FOUND,
                OperationError::NotApproved { .. } | OperationError::TicketClosed { .. } => {
                    StatusCode::CONFLICT
                }
                OperationError::Okta(_) | OperationError::ServiceNow(_) => StatusCode::BAD_GATEWAY,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

/// Takes requests in: what a push tells of at once, and everything else when asked for, since pushes get lost.
async fn take_in(service: &Service, mut hints: mpsc::Receiver<Hint>) -> Infallible {
    let mut recent = RecentHints::new(1000);
    loop {
        match approved(service).await {
            Ok(tickets) => {
                for ticket in tickets {
                    take_up(service, &ticket).await;
                }
            }
            Err(error) => eprintln!("the instance cannot be asked for requests: {error}"),
        }
        let mut poll = pin!(service.systems.okta.clock().sleep(POLL));
        loop {
            tokio::select! {
                () = &mut poll => break,
                Some(hint) = hints.recv() => if recent.is_new(&hint) {
                    look_into(service, &hint).await;
                },
            }
        }
    }
}

/// A hint says that something may have changed, and nothing that could be believed: the record says what.
async fn look_into(service: &Service, hint: &Hint) {
    match hint.read::<ScReqItem>(&service.systems.servicenow).await {
        Ok(item) => {
            let ours = item.cat_item.get().is_some_and(|ordered| *ordered.id() == service.catalog_item);
            if ours && item.approval.get() == Some(&Approval::Approved) {
                take_up(service, item.number.as_str().unwrap_or_default()).await;
            }
        }
        Err(error) => eprintln!("the record of a push cannot be read: {error}"),
    }
}

/// The numbers of the open and approved requests.
async fn approved(service: &Service) -> Result<Vec<String>, servicenow_client::Error> {
    let open = Query::new().eq("active", true).eq("approval", "approved");
    let open = open.eq("cat_item", service.catalog_item.clone());
    let items = service.systems.servicenow.table::<ScReqItem>().list(open).collect_all().await?;
    Ok(items.rows.iter().filter_map(|item| item.number.as_str()).map(str::to_owned).collect())
}

async fn take_up(service: &Service, ticket: &str) {
    match service.onboard(ticket).await {
        Ok(run) => println!("{ticket} is run {run}"),
        Err(error) => eprintln!("{ticket}: {}", lifecycle::report::printable(&error.to_string())),
    }
}

/// Waits until no run is at work.
async fn at_rest(engine: &Engine) -> Result<(), EngineError> {
    for run in engine.open_runs().await? {
        engine.finish(&run).await?;
    }
    Ok(())
}

/// Ctrl-C, or what a supervisor sends.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
