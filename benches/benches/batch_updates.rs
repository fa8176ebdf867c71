//! What does a batch save?
//!
//! 1,000 users changed in 25 batches, against 1,000 calls one after the other, on the same sandbox; and with four calls
//! at once. On loopback: what a batch saves most, the way there and back, is nearly free here.

#![allow(missing_docs, reason = "criterion's macros document nothing")]

use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use futures::{StreamExt as _, stream};
use identity_lifecycle_benches::{Comparison, runtime};
use sandbox::Sandbox;
use serde_json::{Value, json};
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, ServiceNowClient, SysId};

const USERS: usize = 1000;

/// As many calls as a client begins with.
const AT_ONCE: usize = 4;

fn updates(criterion: &mut Criterion) {
    let (outside, inside) = (runtime(), runtime());
    let builder = Sandbox::builder().people(USERS);
    let sandbox = outside.block_on(builder.start()).expect("the sandbox starts");
    let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
        .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
        .build()
        .expect("the settings are right");
    let users = servicenow.table::<SysUser>().select(["user_name"]);
    let all = inside.block_on(users.list(Query::all()).collect_all()).expect("the users are there").rows;
    let ids: Vec<SysId> = all.into_iter().take(USERS).map(|user| user.sys_id).collect();
    let times = AtomicUsize::new(0);
    // Each time another title, so that each update is one.
    let title = || -> Value { json!({"title": format!("t{}", times.fetch_add(1, Ordering::Relaxed))}) };

    let single = async || {
        let title = title();
        for id in &ids {
            users.update(id, &title).await.expect("the user is changed");
        }
    };
    let name = "ServiceNow: change 1,000 users";
    let mut comparison = Comparison::new(criterion, &inside, name, "one after the other", single);
    comparison.measure("four at once", 1, async || {
        let title = title();
        let calls = stream::iter(&ids).map(|id| users.update(id, &title).into_future());
        let done = calls.buffer_unordered(AT_ONCE).map(|user| user.expect("the user is changed"));
        assert_eq!(done.count().await, USERS);
    });
    comparison.measure("in batches", 1, async || {
        let title = title();
        let mut batch = servicenow.batch();
        let tickets: Vec<_> = ids.iter().map(|id| batch.add(users.update(id, &title))).collect();
        let mut answers = batch.send().await;
        for ticket in tickets {
            answers.take(ticket).expect("the user is changed");
        }
    });
    comparison.report();
}

criterion_group!(benches, updates);
criterion_main!(benches);
