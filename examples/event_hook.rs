//! Registers an event hook, has it verified, and shows events arriving as they happen.
//!
//! Okta and your service are both on this machine: a sandbox org, and a receiver behind axum. Against a real org the
//! receiver's address must be `https` and reachable from the internet; nothing else differs.
//!
//! `cargo run --example event_hook`

use std::collections::HashSet;

use axum::Router;
use clap::Parser;
use okta_client::OktaClient;
use okta_client::hooks::{EventHook, HookDelivery, HookReceiver, HookSecret, NewEventHook};
use okta_client::system_log::{LogEvent, event_types};
use okta_client::users::UserStatus;
use rand::distr::{Alphanumeric, SampleString as _};
use sandbox::Sandbox;
use support::BoxError;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, channel};

/// Registers an event hook with an Okta org on this machine, has it verified, and shows what arrives.
#[derive(Debug, Parser)]
#[command(after_help = "There is nothing to set up, and nothing leaves this machine.")]
struct Arguments {}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let Arguments {} = Arguments::parse();

    // The sandbox stands for the org: it calls the hook as Okta does.
    let sandbox = Sandbox::builder().people(20).automatic_hooks().start().await?;
    let token = sandbox.okta_token().to_owned();
    let okta = OktaClient::builder(sandbox.okta_url()).api_token(token.into()).build()?;
    println!("An Okta org at {}", sandbox.okta_url());

    // Okta signs nothing: whoever knows this secret is Okta. Keep it where you keep your passwords.
    let secret = Alphanumeric.sample_string(&mut rand::rng(), 43);
    let secret = HookSecret::new("Authorization", secret.into())?;
    let (uri, deliveries) = receiver(&secret).await?;
    println!("A receiver at {uri}");

    let hook = register(&okta, &uri, &secret).await?;
    suspend_somebody(&okta).await?;
    show(deliveries, 2).await?;
    intrude(&uri).await?;

    okta.event_hooks().deactivate(&hook.id).await?;
    okta.event_hooks().delete(&hook.id).await?;
    println!("\nThe hook is deleted");
    Ok(())
}

/// The service: a route that keeps what arrives, and what it kept.
async fn receiver(secret: &HookSecret) -> Result<(String, Receiver<HookDelivery>), BoxError> {
    let (queue, deliveries) = channel(1000);
    // Okta is answered when this is done. A queue in memory will do here; yours must survive a crash, or what was
    // answered is lost.
    let keep = move |delivery: HookDelivery| {
        let queue = queue.clone();
        async move { queue.send(delivery).await }
    };
    let app = Router::new().route("/okta/events", HookReceiver::new(secret).into_route(keep));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}/okta/events", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((uri, deliveries))
}

/// A hook delivers only once its service has answered Okta's challenge.
async fn register(okta: &OktaClient, uri: &str, secret: &HookSecret) -> Result<EventHook, BoxError> {
    let new = NewEventHook::new("security-feed", uri, secret.clone())
        .events([event_types::USER_LIFECYCLE_SUSPEND, event_types::USER_LIFECYCLE_UNSUSPEND]);
    let made = okta.event_hooks().create(&new).await?;
    println!("\nRegistered {}: {}, {}", made.id, made.status, made.verification_status);
    let hook = okta.event_hooks().verify(&made.id).await?;
    println!("Verified   {}: {}, {}", hook.id, hook.status, hook.verification_status);
    Ok(hook)
}

async fn suspend_somebody(okta: &OktaClient) -> Result<(), BoxError> {
    let users = okta.users().list().send().collect_all().await?;
    let somebody = users.iter().rfind(|user| user.status == UserStatus::Active).ok_or("nobody is active")?;
    println!("\nSuspending {}, and letting them back in", somebody.profile.login().unwrap_or_default());
    okta.users().suspend(&somebody.id).await?;
    okta.users().unsuspend(&somebody.id).await?;
    Ok(())
}

/// The worker. Deliveries come at least once and in any order, so doubles are left out by their uuid.
async fn show(mut deliveries: Receiver<HookDelivery>, wanted: usize) -> Result<(), BoxError> {
    let mut seen = HashSet::new();
    while seen.len() < wanted {
        let delivery = deliveries.recv().await.ok_or("the receiver is gone")?;
        println!("  delivery {}", delivery.event_id.as_deref().unwrap_or("without an id"));
        for event in &delivery.events {
            let uuid = event.uuid().unwrap_or_default();
            if seen.insert(uuid.to_owned()) {
                println!("    {} {}", event.event_type().unwrap_or_default(), whom(event));
            }
        }
    }
    Ok(())
}

/// Whom an event is about.
fn whom(event: &LogEvent) -> &str {
    event.target("User").and_then(|user| user.id()).unwrap_or("nobody")
}

/// Somebody who has found the address, and does not know the secret.
async fn intrude(uri: &str) -> Result<(), BoxError> {
    let forged = r#"{"data":{"events":[{"uuid":"1","eventType":"user.lifecycle.suspend"}]}}"#;
    let request = reqwest::Client::new().post(uri).header("authorization", "guess");
    let answer = request.header("content-type", "application/json").body(forged).send().await?;
    println!("\nA forged delivery is answered {}", answer.status());
    Ok(())
}
