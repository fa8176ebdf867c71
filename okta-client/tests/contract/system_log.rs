//! The System Log.

use chrono::{DateTime, Utc};
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
}
