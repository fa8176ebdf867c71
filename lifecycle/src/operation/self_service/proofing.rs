//! Who asks, and how it is known. Callers who sounded like somebody have had help desks hand over accounts.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Asked;
use super::course::Owner;
use super::diagnosis::{Diagnosis, Help};
use crate::action::servicenow::{AddNote, Audience, Ticket};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::canonical;
use crate::gate::{Gate, Passage};
use crate::hooks::{Proof, Question, Verdict};
use crate::plan::StepId;

/// How long a proof is good for: minutes.
pub(super) const LASTS_MINUTES: i64 = 15;

/// The signal by which the person's manager says that it is them. What comes with it is the manager's user name.
///
/// Whoever sends signals to the engine knows who pressed the button, and answers for the name.
pub const MANAGER_CONFIRMS: &str = "manager-confirms";

/// The signal by which a second person lets a run go on that must not go on unattended. What comes with it is their
/// user name.
pub const SECOND_PERSON: &str = "second-person";

/// How often a verifier is asked.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// What must be known before anything is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proofing {
    /// The ticket itself is proof enough.
    NotNeeded,
    /// These, all of them, for this reason.
    Needed(Vec<By>, String),
    /// Nothing is done by a program: who sees to it, and why.
    Refused(Owner, String),
}

/// Who can show that it is the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// The verifier, or the manager.
    Anybody,
    /// The verifier alone.
    Verifier,
    /// The manager alone.
    Manager,
}

/// What has to be shown before this help is given. `keeps_factor` is whether something is left afterwards that the
/// person can prove who they are with.
pub(super) fn proofing(diagnosis: &Diagnosis, asked: &Asked, help: &[Help], keeps_factor: bool) -> Proofing {
    if let Some((owner, why)) = refusal(diagnosis) {
        return Proofing::Refused(owner, why);
    }
    // The manager who asks in somebody's name is no second opinion.
    let manager = asked.confirming_manager().is_some();
    if help.contains(&Help::Factors) {
        let why = "factors are never touched without proof".to_owned();
        return match (keeps_factor, manager) {
            (true, true) => Proofing::Needed(vec![By::Anybody], why),
            (true, false) => Proofing::Needed(vec![By::Verifier], why),
            (false, true) => Proofing::Needed(
                vec![By::Verifier, By::Manager],
                format!("{why}, and no other factor is left: the manager confirms it too"),
            ),
            (false, false) => Proofing::Refused(
                Owner::SecondLine,
                "no other factor is left, and nobody but who asks could confirm it as the manager".to_owned(),
            ),
        };
    }
    match asked.doubt(diagnosis) {
        None => Proofing::NotNeeded,
        Some(doubt) => Proofing::Needed(vec![if manager { By::Anybody } else { By::Verifier }], doubt),
    }
}

/// Why nothing is done for this account by a program, whoever asks.
pub(super) fn refusal(diagnosis: &Diagnosis) -> Option<(Owner, String)> {
    if !diagnosis.admin_roles.is_empty() {
        let roles = diagnosis.admin_roles.join(", ");
        return Some((
            Owner::Security,
            format!("the person holds admin roles ({roles}): two people see to it"),
        ));
    }
    if let Some(why) = &diagnosis.protected {
        return Some((Owner::Security, format!("{why}: two people see to it")));
    }
    if let Some(incident) = diagnosis.security_incidents.first() {
        return Some((
            Owner::Security,
            format!("security incident {} about the person is open", incident.number),
        ));
    }
    if diagnosis.high_risk {
        return Some((Owner::Security, "Okta rates the person's risk as HIGH".to_owned()));
    }
    let attack = diagnosis.attack()?;
    Some((Owner::Security, format!("somebody is attacking the account: {attack}")))
}

/// Why a second person has to look first, if one has to.
pub(super) fn second_look(diagnosis: &Diagnosis, help: &[Help]) -> Option<String> {
    let mut kinds = diagnosis.helped_today();
    kinds.extend(help);
    if kinds.len() > 1 {
        let kinds: Vec<&str> = kinds.into_iter().map(Help::noun).collect();
        return Some(format!("{} within 24 hours together hand an account over", kinds.join(" and ")));
    }
    let given = diagnosis.helped_this_week();
    (given >= super::HELP_A_WEEK).then(|| format!("the person got help {given} times within 7 days"))
}

impl Help {
    fn noun(self) -> &'static str {
        match self {
            Self::Unlock => "an unlock",
            Self::Password => "a new password",
            Self::Factors => "a removed factor",
        }
    }
}

/// Waits for proof that it is the person who asks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProofOfPerson {
    /// The person, by login.
    pub(super) login: String,
    /// The ticket's number.
    pub(super) ticket: String,
    /// Whose word counts.
    pub(super) by: By,
    /// The manager's user name in ServiceNow.
    pub(super) manager: Option<String>,
}

impl ProofOfPerson {
    /// The manager's word, if it came and is fresh.
    fn confirmed(&self, context: &Context<'_>) -> Option<Proof> {
        let manager = self.manager.as_deref()?;
        let came = context.signals.iter().rev().find(|signal| {
            signal.name == MANAGER_CONFIRMS && signal.payload.trim().eq_ignore_ascii_case(manager)
        })?;
        Some(Proof { id: format!("{MANAGER_CONFIRMS} {manager}"), method: "manager".to_owned(), at: came.at })
    }

    fn waits_for(&self) -> String {
        let login = &self.login;
        match (self.by, &self.manager) {
            (By::Manager, Some(manager)) => format!("{manager} to confirm that it is {login}"),
            (By::Anybody, Some(manager)) => format!("proof that it is {login}, or {manager} to confirm it"),
            _ => format!("proof that it is {login}"),
        }
    }
}

#[typetag::serde(name = "self_service.proof_of_person")]
#[async_trait]
impl Gate for ProofOfPerson {
    fn describe(&self) -> Change {
        Change::new("person", Verb::Await, self.waits_for())
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let now = context.systems.clock().now();
        if self.by != By::Verifier
            && let Some(proof) = self.confirmed(context).filter(|proof| is_fresh(proof, now))
        {
            return Ok(Passage::Open(findings(&proof)));
        }
        let closed = || Passage::Closed { waits_for: self.waits_for(), look_again: now + ASK_AGAIN };
        let (false, Some(verifier)) = (self.by == By::Manager, context.systems.verifier()) else {
            return Ok(closed());
        };
        let question = Question::new(&self.login, &self.ticket, context.mark.run.as_str());
        Ok(match verifier.verdict(&question).await? {
            Verdict::Proven(proof) if is_fresh(&proof, now) => Passage::Open(findings(&proof)),
            Verdict::Proven(_) | Verdict::Pending => closed(),
            Verdict::Refused(why) => {
                Passage::Declined(format!("it was not shown to be {}: {why}", self.login))
            }
        })
    }
}

/// Neither old nor from the future, but for clocks that are a little apart.
fn is_fresh(proof: &Proof, now: DateTime<Utc>) -> bool {
    (TimeDelta::minutes(-1)..=TimeDelta::minutes(LASTS_MINUTES)).contains(&(now - proof.at))
}

const METHOD: &str = "method";
const PROVEN_AT: &str = "proven_at";
const PROOF: &str = "proof";

fn findings(proof: &Proof) -> Findings {
    Findings::from([
        (PROOF.to_owned(), canonical::sha256(proof.id.as_bytes())),
        (METHOD.to_owned(), proof.method.clone()),
        (PROVEN_AT.to_owned(), proof.at.to_rfc3339()),
    ])
}

/// Until when what a step found out proves something.
pub(super) fn proven_until(step: &StepId, context: &Context<'_>) -> Result<DateTime<Utc>, ActionError> {
    let at = context.finding(step, PROVEN_AT)?;
    let at = DateTime::parse_from_rfc3339(at).map_err(|error| ActionError::permanent(error.to_string()))?;
    Ok(at.to_utc() + TimeDelta::minutes(LASTS_MINUTES))
}

/// Waits for a second person to look at what would otherwise go on unattended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SecondPerson {
    /// Why one is needed.
    pub(super) why: String,
    /// Those whose own word does not count: whoever asked, and the person it is about.
    pub(super) not: Vec<String>,
}

#[typetag::serde(name = "self_service.second_person")]
#[async_trait]
impl Gate for SecondPerson {
    fn describe(&self) -> Change {
        Change::new("person", Verb::Await, "a second person to look at it").to("because", &self.why)
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let counts =
            |name: &str| !name.is_empty() && !self.not.iter().any(|not| not.eq_ignore_ascii_case(name));
        let came = context.signals.iter().rev().filter(|signal| signal.name == SECOND_PERSON);
        Ok(match came.map(|signal| signal.payload.trim()).find(|name| counts(name)) {
            Some(name) => Passage::Open(Findings::from([(SECOND_PERSON.to_owned(), name.to_owned())])),
            // A signal wakes its run.
            None => Passage::Closed {
                waits_for: format!("a second person: {}", self.why),
                look_again: DateTime::<Utc>::MAX_UTC,
            },
        })
    }
}

/// Notes on the ticket how it was shown that it is the person: the method, the time, and a hash of the proof.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NoteProof {
    /// The ticket.
    pub(super) ticket: Ticket,
    /// The step that got the proof.
    pub(super) step: StepId,
}

impl NoteProof {
    fn note(&self, context: &Context<'_>) -> Result<AddNote, ActionError> {
        let found = |name| context.finding(&self.step, name);
        let text = format!(
            "It is the person: {}, {}, proof {}",
            crate::report::text::printable(found(METHOD)?),
            found(PROVEN_AT)?,
            found(PROOF)?
        );
        Ok(AddNote { ticket: self.ticket.clone(), audience: Audience::Fulfillers, text, with_steps: false })
    }
}

#[typetag::serde(name = "self_service.note_proof")]
#[async_trait]
impl Action for NoteProof {
    fn describe(&self) -> Change {
        let target = format!("work note on {}: how it is known to be the person", self.ticket.number);
        Change::new("servicenow", Verb::Add, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        self.note(context)?.verify(context).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.note(context)?.apply(context).await
    }
}
