//! The System Log.

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use okta_client::Filter;

use crate::check::Contract;

pub(crate) async fn cases(contract: &mut Contract) {
    let since: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
    let filter = || Filter::eq("target.id", "00u1ab2cd3EF4gh5i6j7");
    contract
        .check(async |okta| {
            okta.system_log().between(since, since).filter(filter()).send().collect_all().await
        })
        .await;
    contract
        .check(async |okta| {
            let query = okta.system_log().between(since, since).keywords("ann lee").newest_first();
            query.limit(1).send().collect_all().await
        })
        .await;
    // The description has no headers, and a tail cannot go on without its next link.
    contract.differs("okta.logs.tail", "answer", "an answer of the log always has a next link");
    contract
        .check(async |okta| {
            okta.system_log()
                .tail(since)
                .filter(filter())
                .send()
                .next()
                .await
                .unwrap()
                .map(|batch| batch.events)
        })
        .await;
}
