//! Event hooks: registration, verification, and what is due to which.

mod deliver;
mod model;

use serde_json::Value;

use super::{Org, error, page};
use crate::http::{Answer, Ask, Reply};
use crate::record::HookDelivery;
use crate::server::Shared;

pub(crate) use deliver::{Challenge, deliver, verdict};
pub(crate) use model::Hook;
use model::Wanted;

/// How many hooks of an org may be active.
const MOST_ACTIVE: usize = 25;

/// The org's hooks.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    all: Vec<Hook>,
    /// What the call at hand leaves to be done once the org is not locked any more.
    errand: Option<Challenge>,
}

impl Hooks {
    /// What the call that was just answered leaves to be done before its answer is true.
    pub(crate) fn take_errand(&mut self) -> Option<Challenge> {
        self.errand.take()
    }

    /// All hooks as the API shows them.
    pub(super) fn state(&self) -> Vec<Value> {
        self.all.iter().map(|hook| hook.shown("")).collect()
    }

    fn find(&mut self, id: &str) -> Option<&mut Hook> {
        self.all.iter_mut().find(|hook| hook.id == id)
    }

    fn active(&self) -> usize {
        self.all.iter().filter(|hook| hook.active).count()
    }
}

/// Every call below `/eventHooks`.
pub(super) fn route(org: &mut Org, ask: &Ask, path: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), path) {
        ("GET", []) => Ok(list(org, ask)),
        ("POST", []) => create(org, ask),
        ("GET", [id]) => Ok(Answer::json(200, &named(org, id)?.shown(&ask.base))),
        ("PUT", [id]) => replace(org, ask, id),
        ("DELETE", [id]) => delete(org, ask, id),
        ("POST", [id, "lifecycle", "activate"]) => activate(org, ask, id),
        ("POST", [id, "lifecycle", "deactivate"]) => deactivate(org, ask, id),
        ("POST", [id, "lifecycle", "verify"]) => verify(org, ask, id),
        ("HEAD", _) => Err(ask.not_modelled("the call")),
        (_, [] | [_] | [_, "lifecycle", "activate" | "deactivate" | "verify"]) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(org: &Org, ask: &Ask) -> Answer {
    page::whole(ask, org.hooks.all.iter().map(|hook| hook.shown(&ask.base)).collect())
}

fn named<'a>(org: &'a mut Org, id: &str) -> Result<&'a mut Hook, Answer> {
    org.hooks.find(id).ok_or_else(|| error::not_found(id, "Webhook"))
}

fn create(org: &mut Org, ask: &Ask) -> Reply {
    let wanted = Wanted::of(ask)?;
    has_room(org)?;
    let (id, creator) = (org.ids.okta("who"), org.token_owner.clone());
    let hook = Hook::new(id, wanted, creator, ask);
    note(org, ask, &hook, "event_hook.created", "Create event hook");
    let shown = hook.shown(&ask.base);
    org.hooks.all.push(hook);
    Ok(Answer::json(200, &shown))
}

fn has_room(org: &Org) -> Result<(), Answer> {
    if org.hooks.active() < MOST_ACTIVE {
        return Ok(());
    }
    let cause = format!("The org has {MOST_ACTIVE} active event hooks already");
    Err(error::validation("eventHook", &[cause]))
}

fn replace(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    named(org, id)?;
    let wanted = Wanted::of(ask)?;
    if wanted.channel.has_scheme_without_secret() {
        // Nobody has recorded whether the old secret stays.
        return Err(ask.not_modelled("an authScheme without a value"));
    }
    changed(org, ask, id, "event_hook.updated", "Update event hook", |hook| hook.becomes(wanted))
}

fn delete(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let hook = named(org, id)?.clone();
    if hook.active {
        return Err(error::forbidden());
    }
    org.hooks.all.retain(|other| other.id != hook.id);
    note(org, ask, &hook, "event_hook.deleted", "Delete event hook");
    Ok(Answer::empty(204))
}

fn activate(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    if named(org, id)?.active {
        return Ok(Answer::json(200, &named(org, id)?.shown(&ask.base)));
    }
    has_room(org)?;
    // What happened while it was off it never hears of.
    let heard = org.log.count();
    changed(org, ask, id, "event_hook.activated", "Activate event hook", |hook| {
        (hook.active, hook.heard) = (true, heard);
    })
}

fn deactivate(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    if !named(org, id)?.active {
        return Ok(Answer::json(200, &named(org, id)?.shown(&ask.base)));
    }
    changed(org, ask, id, "event_hook.deactivated", "Deactivate event hook", |hook| hook.active = false)
}

fn changed(
    org: &mut Org,
    ask: &Ask,
    id: &str,
    event: &str,
    message: &str,
    change: impl FnOnce(&mut Hook),
) -> Reply {
    let hook = named(org, id)?;
    change(hook);
    hook.last_updated = ask.at;
    let hook = hook.clone();
    note(org, ask, &hook, event, message);
    Ok(Answer::json(200, &hook.shown(&ask.base)))
}

/// Whether the service answers shows only when it has been asked, which is done without the lock.
fn verify(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    let hook = named(org, id)?.clone();
    if !hook.active {
        return Err(ask.not_modelled("the verification of an inactive hook"));
    }
    let word = org.ids.base62(32);
    let shown = hook.shown(&ask.base);
    org.hooks.errand = Some(Challenge { hook, word, ask: ask.clone() });
    Ok(Answer::json(200, &shown))
}

/// The service has shown that it wants the events.
fn verified(shared: &Shared, ask: &Ask, id: &str) -> Reply {
    let org = &mut shared.world().okta;
    let heard = org.log.count();
    changed(org, ask, id, "event_hook.verified", "Verify event hook", |hook| {
        if !hook.verified {
            hook.heard = heard;
        }
        hook.verified = true;
    })
}

fn note(org: &mut Org, ask: &Ask, hook: &Hook, event: &str, message: &str) {
    org.note(ask, event, message, vec![hook.target()]);
}

/// Notes that a delivery was given up.
fn note_failure(shared: &Shared, hook: &Hook, delivery: &HookDelivery) {
    let reason = match delivery.attempts.last() {
        Some(Some(status)) => format!("Event hook endpoint answered with status {status}"),
        _ => "Event hook endpoint did not answer in time".to_owned(),
    };
    let now = shared.clock.now();
    let message = "Event hook delivery failed";
    let org = &mut shared.world().okta;
    org.note_failed_job(now, "event_hook.delivery", message, &reason, hook.target());
}
