//! What a person does with phone and mailbox: for tests to do in the person's place.

use serde_json::{Value, json};

use super::text;
use crate::clock::okta_time;
use crate::edit::EditError;
use crate::okta::User;
use crate::sandbox::Sandbox;

/// What a person says to a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushAnswer {
    /// Yes, or, with number matching, the right number.
    Approve,
    /// No.
    Reject,
}

impl Sandbox {
    /// Enrols an Okta user, named by id or login, in a factor, such as `push` of `OKTA`.
    pub fn add_okta_factor(&self, user: &str, factor: &str, provider: &str) -> Result<(), EditError> {
        let now = okta_time(self.shared.clock.now());
        let id = self.shared.world().okta.ids.okta("opf");
        let factor = json!({
            "id": id, "factorType": factor, "provider": provider, "vendorName": provider, "status": "ACTIVE",
            "created": now, "lastUpdated": now, "profile": {},
        });
        self.edit_okta_user(user, |user| user.factors.push(factor))
    }

    /// What a factor shows its holder now: the code that was sent to phone or mailbox, or that the app shows; of a
    /// question, the answer. None if there is none.
    pub fn okta_pass_code(&self, user: &str, factor_id: &str) -> Option<String> {
        let world = self.shared.world();
        let user = world.okta.users.find(user)?;
        let factor = user.factors.iter().find(|factor| factor["id"] == factor_id)?;
        world.okta.factors.codes.now(factor, self.shared.clock.now())
    }

    /// Hides factors of these types from lists, as an enrolment policy does that does not allow them on the caller's
    /// network. People have them all the same, and enrolments show them.
    pub fn hide_okta_factors<'a>(&self, types: impl IntoIterator<Item = &'a str>) {
        let hidden = types.into_iter().map(str::to_owned).collect();
        self.shared.world().okta.factors.hidden = hidden;
    }

    /// Refuses messages to phones with this code from now on: `E0000204`, the telephony limit.
    pub fn refuse_okta_messages(&self, code: &str) {
        self.shared.world().okta.factors.codes.refused_with = Some(code.to_owned());
    }

    /// Answers the latest push that an Okta user has not answered. One that nobody answers times out after five minutes:
    /// move the clock.
    pub fn answer_okta_push(&self, user: &str, answer: PushAnswer) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let found = world.okta.users.find(user).map(|user| user.id.clone());
        let user = found.ok_or_else(|| EditError(format!("no user {user}")))?;
        if world.okta.factors.pushes.answer(&user, answer == PushAnswer::Approve, now) {
            return Ok(());
        }
        Err(EditError(format!("no push waits for {user}")))
    }

    /// Scans the picture of an Okta user's pending push factor: it is active then.
    pub fn scan_okta_qr_code(&self, user: &str) -> Result<(), EditError> {
        let pending = |factor: &&mut Value| {
            text(factor, "factorType") == "push" && text(factor, "status") == "PENDING_ACTIVATION"
        };
        let mut scanned = false;
        self.edit_okta_user(user, |user: &mut User| {
            if let Some(factor) = user.factors.iter_mut().find(pending) {
                factor["status"] = json!("ACTIVE");
                scanned = true;
            }
        })?;
        if scanned { Ok(()) } else { Err(EditError(format!("{user} has no picture to scan"))) }
    }
}
