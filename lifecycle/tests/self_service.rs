//! Somebody cannot sign in: who may be helped how, and what nobody does unattended.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use lifecycle::action::okta::{self, Account, Enrolment, ExpirePassword};
use lifecycle::hooks::{Proof, Verdict};
use lifecycle::operation::self_service::{
    EnrolFactor, HelpDesk, MANAGER_CONFIRMS, ResendLink, ResetFactors, ResetPassword, SECOND_PERSON, Team,
    Unlock,
};
use lifecycle::plan::{Intent, Plan, Precedence, Step, Subject};
use lifecycle::{Engine, EngineError, Operation, OperationError, Run, RunStatus};
use okta_client::factors::FactorType;
use okta_client::users::UserStatus;
use sandbox::{Effect, Fault, SignIn, Trouble, TroubleTicket};
use serde_json::{Value, json};

use support::World;
use support::help_desk;
use support::looking::{short, text};

/// Somebody who cannot sign in, and a company to help them.
struct Desk {
    world: World,
    /// The person, by login and user name.
    login: String,
    manager: String,
    colleague: String,
}

impl Desk {
    async fn open() -> Self {
        let world =
            World::with(|sandbox| sandbox.people(13).new_hires(0).limits(sandbox::Limits::Unlimited)).await;
        let numbered = |number: &str| help_desk::user_name(&world, |user| user["employee_number"] == number);
        let (login, colleague) = (numbered("10012"), numbered("10013"));
        let manager = help_desk::manager_of(&world, &login);
        Self { world, login, manager, colleague }
    }

    fn rules(&self) -> HelpDesk {
        help_desk::rules(&self.world)
    }

    fn team(&self, name: &str) -> Team {
        help_desk::team(&self.world, name)
    }

    fn sign_in(&self, how: &SignIn) {
        self.world.sandbox.sign_in_to_okta(&self.login, how).unwrap();
    }

    /// The person's own ticket, from the portal, after a sign-in with a known device.
    fn own_ticket(&self) -> TroubleTicket {
        self.sign_in(&SignIn::default());
        self.pass(TimeDelta::minutes(1));
        self.ticket(|_| {})
    }

    fn ticket(&self, change: impl FnOnce(&mut Trouble)) -> TroubleTicket {
        let mut trouble = Trouble { caller: self.login.clone(), ..Trouble::default() };
        change(&mut trouble);
        self.world.sandbox.add_trouble(&trouble).unwrap()
    }

    /// A ticket that a colleague opened.
    fn colleagues_ticket(&self) -> TroubleTicket {
        self.ticket(|trouble| trouble.opened_by = Some(self.colleague.clone()))
    }

    fn pass(&self, time: TimeDelta) {
        self.world.sandbox.clock().advance(time.to_std().unwrap());
    }

    fn status(&self, status: &str) {
        self.world.sandbox.set_okta_status(&self.login, status).unwrap();
    }

    fn factor(&self, kind: &str) {
        self.world.sandbox.add_okta_factor(&self.login, kind, "OKTA").unwrap();
    }

    fn user(&self) -> Value {
        self.world.okta_user(&self.login)
    }

    fn factors(&self) -> Vec<String> {
        self.user()["factors"].as_array().unwrap().iter().map(|factor| text(&factor["factorType"])).collect()
    }

    async fn engine(&self) -> Engine {
        self.world.engine(self.world.systems()).await
    }

    async fn run<O: Operation>(&self, operation: O) -> Run {
        self.engine().await.run(&operation).await.unwrap()
    }

    async fn refused<O: Operation>(&self, operation: O) -> OperationError {
        match self.engine().await.run(&operation).await {
            Err(EngineError::Operation(error)) => std::sync::Arc::try_unwrap(error).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Writes to Okta, beside those of the test.
    fn changes(&self) -> Vec<String> {
        let writes = self.world.writes();
        let writes: Vec<_> =
            writes.into_iter().filter(|request| request.path.starts_with("/api/v1/users")).collect();
        let id = text(&self.user()["id"]);
        short(&writes).iter().map(|call| call.replace(&format!("/api/v1/users/{id}/"), "")).collect()
    }

    fn comments(&self, ticket: &TroubleTicket) -> String {
        self.world.notes(&ticket.sys_id, "comments").join("\n---\n")
    }

    fn work_notes(&self, ticket: &TroubleTicket) -> String {
        self.world.notes(&ticket.sys_id, "work_notes").join("\n---\n")
    }

    /// The incident's state and the team that has it.
    fn place(&self, ticket: &TroubleTicket) -> (String, String) {
        let row = self.world.row("incident", &ticket.sys_id);
        let teams = self.world.rows("sys_user_group");
        let team = teams.iter().find(|team| team["sys_id"] == row["assignment_group"]);
        (text(&row["state"]), team.map_or_else(String::new, |team| text(&team["name"])))
    }

    fn assert_resolved(&self, ticket: &TroubleTicket) {
        let row = self.world.row("incident", &ticket.sys_id);
        assert_eq!((&row["state"], &row["close_code"]), (&json!("6"), &json!("Solution provided")));
    }

    /// That nothing was done to the account, and this team has the ticket.
    fn assert_handed_to(&self, ticket: &TroubleTicket, team: &str) {
        assert_eq!(self.changes(), [""; 0]);
        assert_eq!(self.place(ticket), ("2".to_owned(), team.to_owned()));
    }

    fn proof(&self) -> Proof {
        let at = self.world.sandbox.clock().now();
        Proof { id: "video-call-4711".to_owned(), method: "video call".to_owned(), at }
    }

    /// Runs it while the verifier already knows the person.
    async fn proven<O: Operation>(&self, operation: O) -> Run {
        self.world.person.says(Verdict::Proven(self.proof()));
        self.run(operation).await
    }
}

fn waits_for(run: &Run) -> &str {
    match &run.status {
        RunStatus::Waiting { waits_for, .. } => waits_for,
        status => panic!("the run is {status}"),
    }
}

#[track_caller]
fn needs_human(run: &Run) -> &str {
    match &run.status {
        RunStatus::NeedsHuman { why, .. } => why,
        status => panic!("the run is {status}"),
    }
}

// Who asks (§ identity proofing comes first).

#[tokio::test]
async fn an_ordinary_persons_own_ticket_from_a_known_device_needs_nothing_more() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!(desk.changes(), ["POST lifecycle/reset_password?sendEmail=true"]);
    let mails = desk.world.mails();
    assert_eq!((mails.len(), text(&mails[0]["to"])), (1, desk.login.clone()));
    desk.assert_resolved(&ticket);
    assert!(
        desk.comments(&ticket).contains("Until you have, you cannot sign in"),
        "{}",
        desk.comments(&ticket)
    );
    let notes = desk.work_notes(&ticket);
    for part in ["Diagnosis of", "status: ACTIVE", "reset-password: done (request "] {
        assert!(notes.contains(part), "{part} is not in {notes}");
    }
}

#[tokio::test]
async fn an_own_ticket_without_a_sign_in_on_a_known_device_needs_proof() {
    let desk = Desk::open().await;
    desk.sign_in(&SignIn { known_device: false, ..SignIn::default() });
    let ticket = desk.ticket(|_| {});
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert!(waits_for(&run).contains("proof that it is"), "{}", run.status);
    assert_eq!(desk.changes(), [""; 0]);
}

#[tokio::test]
async fn a_ticket_by_phone_waits_for_the_manager_and_for_nobody_else() {
    let desk = Desk::open().await;
    let ticket = desk.ticket(|trouble| trouble.contact_type = "phone".into());
    let engine = desk.engine().await;
    let operation = ResetPassword::ticket(&ticket.number, desk.rules());
    let run = engine.run(&operation).await.unwrap();
    assert!(waits_for(&run).contains(&desk.manager), "{}", run.status);
    for stranger in [&desk.colleague, &desk.login] {
        engine.signal(&run.id, MANAGER_CONFIRMS, stranger).await.unwrap();
        assert!(matches!(engine.finish(&run.id).await.unwrap().status, RunStatus::Waiting { .. }));
    }
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
    assert_eq!(desk.changes().len(), 1);
    assert!(desk.work_notes(&ticket).contains("It is the person: manager, "), "{}", desk.work_notes(&ticket));
}

#[tokio::test]
async fn a_ticket_that_somebody_else_opened_is_proven_by_the_verifier_and_the_ticket_has_a_hash_of_it() {
    let desk = Desk::open().await;
    let ticket = desk.colleagues_ticket();
    let run = desk.proven(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!(run.status, RunStatus::Done);
    let notes = desk.work_notes(&ticket);
    assert!(notes.contains("It is the person: video call, "), "{notes}");
    assert!(!notes.contains("4711"), "the verifier's own key is on the ticket: {notes}");
}

#[tokio::test]
async fn a_manager_who_asks_in_somebodys_name_is_no_second_opinion() {
    let desk = Desk::open().await;
    let ticket = desk.ticket(|trouble| trouble.opened_by = Some(desk.manager.clone()));
    let engine = desk.engine().await;
    let run = engine.run(&ResetPassword::ticket(&ticket.number, desk.rules())).await.unwrap();
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    assert!(matches!(engine.finish(&run.id).await.unwrap().status, RunStatus::Waiting { .. }));
    assert_eq!(desk.changes(), [""; 0]);
}

#[tokio::test]
async fn a_proof_of_twenty_minutes_ago_is_none() {
    let desk = Desk::open().await;
    let ticket = desk.colleagues_ticket();
    let old = Proof { at: desk.proof().at - TimeDelta::minutes(20), ..desk.proof() };
    desk.world.person.says(Verdict::Proven(old));
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    assert_eq!(desk.changes(), [""; 0]);
}

#[tokio::test]
async fn somebody_who_is_shown_to_be_another_gets_nothing() {
    let desk = Desk::open().await;
    let ticket = desk.colleagues_ticket();
    desk.world.person.says(Verdict::Refused("the voice is another".into()));
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert!(
        matches!(&run.status, RunStatus::Declined { why, .. } if why.contains("the voice")),
        "{}",
        run.status
    );
    desk.assert_handed_to(&ticket, "Service Desk");
    assert!(desk.comments(&ticket).contains("could not confirm"), "{}", desk.comments(&ticket));
    assert!(!desk.comments(&ticket).contains("voice"), "the requester learns why");
}

#[tokio::test]
async fn without_proof_in_a_day_the_request_is_handed_on() {
    let desk = Desk::open().await;
    desk.status("LOCKED_OUT");
    let ticket = desk.colleagues_ticket();
    let engine = desk.engine().await;
    let run = engine.run(&Unlock::ticket(&ticket.number, desk.rules())).await.unwrap();
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    desk.pass(TimeDelta::hours(25));
    engine.resume().await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("waited in vain"), "{}", run.status);
    desk.assert_handed_to(&ticket, "Service Desk");
}

#[tokio::test]
async fn factors_are_never_touched_without_proof() {
    let desk = Desk::open().await;
    for kind in ["push", "sms"] {
        desk.factor(kind);
    }
    let ticket = desk.own_ticket();
    let operation = ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules());
    let run = desk.run(operation.clone()).await;
    assert!(matches!(run.status, RunStatus::Waiting { .. }), "{}", run.status);
    assert_eq!(desk.factors(), ["push", "sms"]);
}

#[tokio::test]
async fn the_last_factor_goes_only_with_the_verifiers_word_and_the_managers() {
    let desk = Desk::open().await;
    desk.factor("push");
    let ticket = desk.own_ticket();
    desk.world.person.says(Verdict::Proven(desk.proof()));
    let engine = desk.engine().await;
    let run = engine.run(&ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await.unwrap();
    assert!(waits_for(&run).contains(&desk.manager), "{}", run.status);
    assert_eq!(desk.factors(), ["push"]);
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
    assert_eq!(desk.factors(), ["tac"]);
}

#[tokio::test]
async fn a_proof_that_got_old_while_the_run_waited_for_another_has_to_be_given_anew() {
    let desk = Desk::open().await;
    desk.factor("push");
    let ticket = desk.own_ticket();
    desk.world.person.says(Verdict::Proven(desk.proof()));
    let engine = desk.engine().await;
    let run = engine.run(&ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await.unwrap();
    desk.pass(TimeDelta::hours(3));
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("prove it anew"), "{}", run.status);
    assert_eq!(desk.factors(), ["push"]);
}

#[tokio::test]
async fn a_holder_of_an_admin_role_is_nobodys_to_help_but_securitys() {
    let desk = Desk::open().await;
    // The head of IT made the API token and is a super administrator.
    let admin =
        desk.world.okta_users().into_iter().find(|user| !user["roles"].as_array().unwrap().is_empty());
    let desk = Desk { login: text(&admin.unwrap()["profile"]["login"]), ..desk };
    let ticket = desk.own_ticket();
    let run = desk.proven(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!(run.status, RunStatus::Done);
    desk.assert_handed_to(&ticket, "Identity Operations");
    assert!(desk.work_notes(&ticket).contains("holds admin roles"), "{}", desk.work_notes(&ticket));
    assert!(!desk.comments(&ticket).contains("admin"), "{}", desk.comments(&ticket));
}

#[tokio::test]
async fn break_glass_accounts_members_of_protected_groups_and_vips_are_for_people() {
    let id = |desk: &Desk| text(&desk.user()["id"]).parse().unwrap();
    let group = |desk: &Desk| text(&desk.user()["groups"][0]).parse().unwrap();
    for which in ["account", "group", "vip"] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        let mut rules = desk.rules();
        match which {
            "account" => rules.safeguards.protected_accounts = BTreeSet::from([id(&desk)]),
            "group" => rules.safeguards.protected_groups = BTreeSet::from([group(&desk)]),
            _ => rules.vip_groups = BTreeSet::from([group(&desk)]),
        }
        desk.run(ResetPassword::ticket(&ticket.number, rules)).await;
        desk.assert_handed_to(&ticket, "Identity Operations");
    }
}

#[tokio::test]
async fn an_open_security_incident_stops_everything_and_hears_of_it() {
    let desk = Desk::open().await;
    let security = desk.ticket(|trouble| trouble.category = "security".into());
    let ticket = desk.own_ticket();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    desk.assert_handed_to(&ticket, "Identity Operations");
    assert!(desk.work_notes(&security).contains(&ticket.number), "{}", desk.work_notes(&security));
}

#[tokio::test]
async fn a_security_incident_of_the_plugin_counts_too() {
    let desk = Desk::open().await;
    desk.world.sandbox.change_habits(|habits| habits.security_incident_response = true);
    let user = desk.world.rows("sys_user").into_iter().find(|user| user["user_name"] == *desk.login).unwrap();
    let row = json!({"short_description": "Phishing", "affected_user": user["sys_id"]});
    let security = desk.world.sandbox.add_records("sn_si_incident", [row]).unwrap().remove(0);
    let ticket = desk.own_ticket();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    desk.assert_handed_to(&ticket, "Identity Operations");
    assert!(desk.world.notes(&security, "work_notes").join("").contains(&ticket.number));
}

#[tokio::test]
async fn a_person_at_high_risk_is_not_helped_by_a_program() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let id = text(&desk.user()["id"]).parse().unwrap();
    let okta = desk.world.systems().okta;
    okta.users().set_risk(&id, &okta_client::users::RiskLevel::High, None).await.unwrap();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!(desk.changes(), ["PUT risk"]);
    assert_eq!(desk.place(&ticket).1, "Identity Operations");
}

#[tokio::test]
async fn what_turns_up_while_the_run_waits_stops_it_before_it_acts() {
    let desk = Desk::open().await;
    let ticket = desk.ticket(|trouble| trouble.contact_type = "phone".into());
    let engine = desk.engine().await;
    let run = engine.run(&ResetPassword::ticket(&ticket.number, desk.rules())).await.unwrap();
    desk.ticket(|trouble| trouble.category = "security".into());
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("security incident"), "{}", run.status);
    desk.assert_handed_to(&ticket, "Service Desk");
}

// How the account stands (§ diagnose before acting): passwords.

#[tokio::test]
async fn somebody_without_their_mailbox_gets_a_temporary_password_by_the_courier() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules()).without_mailbox()).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!((desk.user()["status"].as_str(), desk.world.mails().len()), (Some("PASSWORD_EXPIRED"), 0));
    let letters = desk.world.letterbox.letters();
    let [letter] = &letters[..] else { panic!("{} letters", letters.len()) };
    assert_eq!((letter.kind, &letter.login), ("temporary password", &desk.login));
    assert_eq!(run.step("issue-password").unwrap().findings["issued"], letter.digest);
}

#[tokio::test]
async fn a_password_that_somebody_else_may_know_ends_the_sessions_too() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules()).compromised()).await;
    assert_eq!(desk.changes(), ["POST lifecycle/reset_password?sendEmail=true&revokeSessions=true"]);
}

#[tokio::test]
async fn an_expired_password_needs_nothing_but_a_sign_in() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.status("PASSWORD_EXPIRED");
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!((run.status, desk.changes()), (RunStatus::Done, Vec::new()));
    assert!(desk.comments(&ticket).contains("asks you for a new one"), "{}", desk.comments(&ticket));
    desk.assert_resolved(&ticket);
}

#[tokio::test]
async fn an_expired_password_that_is_forgotten_is_reset() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.status("PASSWORD_EXPIRED");
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules()).forgotten()).await;
    assert_eq!((run.status, desk.changes().len()), (RunStatus::Done, 1));
}

#[tokio::test]
async fn who_waits_for_a_link_gets_it_again_and_no_second_reset() {
    for status in ["RECOVERY", "PROVISIONED"] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        desk.status(status);
        let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
        assert_eq!(run.status, RunStatus::Done, "{status}");
        assert_eq!(desk.changes(), ["POST lifecycle/reactivate?sendEmail=true"]);
        assert_eq!(desk.user()["status"], status);
    }
}

#[tokio::test]
async fn a_directorys_password_is_the_directory_teams_unless_that_is_delegated() {
    for provider in ["ACTIVE_DIRECTORY", "LDAP"] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        desk.world.sandbox.set_okta_provider(&desk.login, provider).unwrap();
        let rules = HelpDesk { directory: Some(desk.team("HR Operations")), ..desk.rules() };
        desk.run(ResetPassword::ticket(&ticket.number, rules.clone())).await;
        desk.assert_handed_to(&ticket, "HR Operations");
        desk.world.sandbox.delegate_okta_resets();
        let ticket = desk.ticket(|_| {});
        let run = desk
            .run(ResetPassword::ticket(&ticket.number, HelpDesk { delegated_reset: true, ..rules }))
            .await;
        assert_eq!((run.status, desk.changes().len()), (RunStatus::Done, 1), "{provider}");
    }
}

#[tokio::test]
async fn a_directory_that_refuses_a_delegated_reset_is_asked_once_and_its_team_goes_on() {
    for (provider, code) in [("ACTIVE_DIRECTORY", "E0000076"), ("LDAP", "E0000017")] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        desk.world.sandbox.set_okta_provider(&desk.login, provider).unwrap();
        let team = Some(desk.team("HR Operations"));
        let rules = HelpDesk { directory: team, delegated_reset: true, ..desk.rules() };
        let run = desk.run(ResetPassword::ticket(&ticket.number, rules)).await;
        assert_eq!(desk.changes().len(), 1);
        assert!(needs_human(&run).contains(code), "{}", run.status);
        assert_eq!(desk.place(&ticket), ("2".to_owned(), "HR Operations".to_owned()));
    }
}

#[tokio::test]
async fn who_signs_in_through_another_provider_is_told_so() {
    for provider in ["FEDERATION", "SOCIAL"] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        desk.world.sandbox.set_okta_provider(&desk.login, provider).unwrap();
        desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
        desk.assert_handed_to(&ticket, "Service Desk");
        assert!(desk.comments(&ticket).contains("another service"), "{}", desk.comments(&ticket));
    }
}

#[tokio::test]
async fn an_account_that_is_not_in_use_is_a_matter_for_hr_and_no_detail_is_told() {
    for status in ["SUSPENDED", "DEPROVISIONED", "STAGED"] {
        let desk = Desk::open().await;
        let tickets = [desk.own_ticket(), desk.ticket(|_| {}), desk.ticket(|_| {})];
        desk.factor("push");
        desk.status(status);
        desk.run(ResetPassword::ticket(&tickets[0].number, desk.rules())).await;
        desk.run(Unlock::ticket(&tickets[1].number, desk.rules())).await;
        desk.run(ResetFactors::all(&tickets[2].number, desk.rules())).await;
        for ticket in &tickets {
            desk.assert_handed_to(ticket, "Service Desk");
            let comments = desk.comments(ticket);
            assert!(comments.contains("manager or HR") && !comments.contains(status), "{comments}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_nobody_knows_is_left_to_people() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.world.sandbox.set_okta_provider(&desk.login, "TELEPATHY").unwrap();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    desk.assert_handed_to(&ticket, "Service Desk");
}

// How the account stands: locks.

/// Ten wrong passwords, from these addresses in turn.
fn lock(desk: &Desk, from: &[(&str, &str)]) {
    for n in 0..10 {
        let (ip, country) = from[n % from.len()];
        let how =
            SignIn { ip: ip.into(), country: country.into(), right_password: false, ..SignIn::default() };
        desk.sign_in(&how);
    }
    assert_eq!(desk.user()["status"], "LOCKED_OUT");
    desk.pass(TimeDelta::seconds(5));
}

const HOME: &[(&str, &str)] = &[("192.0.2.10", "Norway")];

#[tokio::test]
async fn a_locked_account_is_unlocked() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    lock(&desk, HOME);
    let run = desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
    assert_eq!((run.status, desk.changes()), (RunStatus::Done, vec!["POST lifecycle/unlock".to_owned()]));
    assert_eq!(desk.user()["status"], "ACTIVE");
    let notes = desk.work_notes(&ticket);
    assert!(
        notes.contains("10 failed sign-ins (INVALID_CREDENTIALS), from 192.0.2.10 in Norway; locked 2026"),
        "{notes}"
    );
    desk.assert_resolved(&ticket);
}

#[tokio::test]
async fn an_account_that_is_attacked_is_an_incident_and_stays_locked() {
    let three: &[_] = &[("198.51.100.1", "Norway"), ("198.51.100.2", "Norway"), ("198.51.100.3", "Norway")];
    let two: &[_] = &[("192.0.2.10", "Norway"), ("203.0.113.9", "Brazil")];
    for (from, told) in
        [(three, "from 3 address(es) in Norway"), (two, "from 2 address(es) in Brazil, Norway")]
    {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        lock(&desk, from);
        desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
        desk.assert_handed_to(&ticket, "Identity Operations");
        let mut incidents = desk.world.rows("incident");
        incidents.retain(|row| text(&row["short_description"]).contains("attacking"));
        assert_eq!(incidents.len(), 1);
        assert!(text(&incidents[0]["description"]).contains(told), "{}", incidents[0]["description"]);
        assert_eq!(incidents[0]["urgency"], "1");
    }
}

#[tokio::test]
async fn a_device_block_that_the_status_does_not_show_is_lifted() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.world.sandbox.block_okta_user(&desk.login, "UNKNOWN_DEVICES").unwrap();
    let run = desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
    assert_eq!((run.status, desk.changes()), (RunStatus::Done, vec!["POST lifecycle/unlock".to_owned()]));
}

#[tokio::test]
async fn an_account_that_is_not_locked_is_left_alone_and_the_reason_told() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.sign_in(&SignIn { right_password: false, ..SignIn::default() });
    desk.pass(TimeDelta::seconds(5));
    let run = desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
    assert_eq!((run.status, desk.changes()), (RunStatus::Done, Vec::new()));
    assert!(
        desk.comments(&ticket).contains("not locked: the password was wrong"),
        "{}",
        desk.comments(&ticket)
    );
    desk.assert_resolved(&ticket);
}

#[tokio::test]
async fn an_org_without_device_blocks_is_no_obstacle() {
    let desk = Desk::open().await;
    for feature in ["blocks", "risk"] {
        desk.world.sandbox.switch_off_okta_feature(feature);
    }
    let ticket = desk.own_ticket();
    lock(&desk, HOME);
    assert_eq!(desk.run(Unlock::ticket(&ticket.number, desk.rules())).await.status, RunStatus::Done);
}

#[tokio::test]
async fn who_waits_for_a_link_or_has_to_change_a_password_is_not_locked() {
    for (status, told) in [("RECOVERY", "by the link"), ("PASSWORD_EXPIRED", "has expired")] {
        let desk = Desk::open().await;
        let ticket = desk.own_ticket();
        desk.status(status);
        desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
        assert_eq!(desk.changes(), [""; 0]);
        assert!(desk.comments(&ticket).contains(told), "{}", desk.comments(&ticket));
    }
}

#[tokio::test]
async fn okta_does_not_unlock_a_directory() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.world.sandbox.set_okta_provider(&desk.login, "ACTIVE_DIRECTORY").unwrap();
    desk.status("LOCKED_OUT");
    desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
    desk.assert_handed_to(&ticket, "Service Desk");
}

// Factors.

#[tokio::test]
async fn only_what_was_lost_is_removed_and_its_holder_signed_out() {
    let desk = Desk::open().await;
    for kind in ["sms", "push", "token:software:totp", "webauthn"] {
        desk.factor(kind);
    }
    let ticket = desk.own_ticket();
    let run = desk.proven(ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await;
    assert_eq!(run.status, RunStatus::Done);
    // The push took the codes of the same Okta Verify along.
    assert_eq!(desk.factors(), ["sms", "webauthn"]);
    let changes = desk.changes();
    assert!(
        changes[0].starts_with("DELETE factors/") && changes[0].ends_with("?removeRecoveryEnrollment=true"),
        "{changes:?}"
    );
    assert_eq!(changes[1..], ["DELETE sessions?forgetDevices=true"]);
    assert_eq!(desk.world.letterbox.letters().len(), 0, "there is something left to sign in with");
}

#[tokio::test]
async fn the_codes_of_okta_verify_are_no_factor_that_is_left_once_its_push_goes() {
    let desk = Desk::open().await;
    for kind in ["push", "token:software:totp", "email", "question"] {
        desk.factor(kind);
    }
    let ticket = desk.own_ticket();
    desk.world.person.says(Verdict::Proven(desk.proof()));
    let run = desk.run(ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await;
    assert!(waits_for(&run).contains(&desk.manager), "{}", run.status);
}

#[tokio::test]
async fn who_lost_everything_gets_a_code_for_one_sign_in_by_the_courier() {
    let desk = Desk::open().await;
    for kind in ["push", "sms"] {
        desk.factor(kind);
    }
    let ticket = desk.own_ticket();
    desk.world.person.says(Verdict::Proven(desk.proof()));
    let engine = desk.engine().await;
    let run = engine.run(&ResetFactors::all(&ticket.number, desk.rules())).await.unwrap();
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    let expected = [
        "POST lifecycle/reset_factors",
        "DELETE sessions?forgetDevices=true",
        "POST authenticator-enrollments/tac",
    ];
    assert_eq!(desk.changes(), expected);
    let letters = desk.world.letterbox.letters();
    assert_eq!((letters.len(), letters[0].kind), (1, "temporary access code"));
    assert_eq!(run.step("access-code").unwrap().findings["issued"], letters[0].digest);
    assert!(desk.comments(&ticket).contains("code for one sign-in"), "{}", desk.comments(&ticket));
}

#[tokio::test]
async fn a_factor_that_the_policy_hides_from_us_is_for_people() {
    let desk = Desk::open().await;
    desk.factor("push");
    desk.world.sandbox.hide_okta_factors(["push"]);
    let ticket = desk.own_ticket();
    desk.proven(ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await;
    desk.assert_handed_to(&ticket, "Service Desk");
    let notes = desk.work_notes(&ticket);
    assert!(notes.contains("hidden by policy: Okta Verify"), "{notes}");
}

#[tokio::test]
async fn nothing_is_removed_where_nothing_is_enrolled() {
    let desk = Desk::open().await;
    desk.factor("sms");
    let ticket = desk.own_ticket();
    let run = desk.proven(ResetFactors::lost(&ticket.number, FactorType::Push, desk.rules())).await;
    assert_eq!((run.status, desk.changes()), (RunStatus::Done, Vec::new()));
}

fn sms(number: &str) -> Enrolment {
    Enrolment::Sms { number: number.to_owned().try_into().unwrap() }
}

fn enrolments(desk: &Desk) -> [Enrolment; 4] {
    [
        sms("+15554151337"),
        Enrolment::Call { number: "+15554151338".to_owned().try_into().unwrap() },
        Enrolment::Email { address: desk.login.clone() },
        Enrolment::Hotp { profile: "fpr1".into(), serial: "0815".into() },
    ]
}

#[tokio::test]
async fn phones_mailboxes_and_tokens_are_enrolled_at_once_after_proof() {
    for n in 0..4 {
        let desk = Desk::open().await;
        desk.factor("push");
        let ticket = desk.own_ticket();
        let factor = enrolments(&desk)[n].clone();
        let run = desk.proven(EnrolFactor::ticket(&ticket.number, factor.clone(), desk.rules())).await;
        assert_eq!(run.status, RunStatus::Done, "{}", run.status);
        assert_eq!(desk.changes(), ["POST factors?activate=true"]);
        assert_eq!(desk.factors(), ["push", factor.kind().as_str()]);
        assert!(!desk.comments(&ticket).contains("5554"), "{}", desk.comments(&ticket));
    }
}

#[tokio::test]
async fn a_phone_beside_another_is_for_people() {
    let desk = Desk::open().await;
    desk.factor("sms");
    let ticket = desk.own_ticket();
    let run = desk.proven(EnrolFactor::ticket(&ticket.number, sms("+15554151337"), desk.rules())).await;
    assert!(needs_human(&run).contains("another factor sms is there"), "{}", run.status);
    assert_eq!(desk.changes(), [""; 0]);
}

#[tokio::test]
async fn messages_that_are_used_up_are_not_asked_for_again() {
    for code in ["E0000204", "E0000133"] {
        let desk = Desk::open().await;
        desk.factor("push");
        desk.world.sandbox.refuse_okta_messages(code);
        let ticket = desk.own_ticket();
        let run = desk.proven(EnrolFactor::ticket(&ticket.number, sms("+15554151337"), desk.rules())).await;
        assert!(needs_human(&run).contains(code), "{}", run.status);
        assert_eq!(desk.changes().len(), 1, "it was asked for again");
        assert_eq!(desk.place(&ticket), ("2".to_owned(), "Service Desk".to_owned()));
    }
}

// Never.

#[tokio::test]
async fn a_locked_account_whose_password_is_forgotten_too_wants_a_second_person() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    lock(&desk, HOME);
    let engine = desk.engine().await;
    let run = engine.run(&ResetPassword::ticket(&ticket.number, desk.rules())).await.unwrap();
    assert!(waits_for(&run).contains("an unlock and a new password"), "{}", run.status);
    engine.signal(&run.id, SECOND_PERSON, &desk.login).await.unwrap();
    assert!(
        matches!(engine.finish(&run.id).await.unwrap().status, RunStatus::Waiting { .. }),
        "their own word"
    );
    engine.signal(&run.id, SECOND_PERSON, &desk.colleague).await.unwrap();
    assert_eq!(engine.finish(&run.id).await.unwrap().status, RunStatus::Done);
    assert_eq!(desk.changes(), ["POST lifecycle/unlock", "POST lifecycle/reset_password?sendEmail=true"]);
}

#[tokio::test]
async fn two_kinds_of_help_within_a_day_want_a_second_person_and_not_the_day_after() {
    let desk = Desk::open().await;
    for kind in ["push", "sms"] {
        desk.factor(kind);
    }
    let ticket = desk.own_ticket();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    desk.status("ACTIVE");
    desk.pass(TimeDelta::minutes(1));
    let lost = || ResetFactors::lost(desk.ticket(|_| {}).number, FactorType::Push, desk.rules());
    let run = desk.proven(lost()).await;
    assert!(waits_for(&run).contains("a new password and a removed factor"), "{}", run.status);
    desk.pass(TimeDelta::hours(25));
    assert_eq!(desk.proven(lost()).await.status, RunStatus::Done);
}

#[tokio::test]
async fn help_that_came_meanwhile_counts_too() {
    let desk = Desk::open().await;
    let ticket = desk.ticket(|trouble| trouble.contact_type = "phone".into());
    let engine = desk.engine().await;
    let run = engine.run(&ResetPassword::ticket(&ticket.number, desk.rules())).await.unwrap();
    // Another admin resets all factors while the manager is asked.
    let id = text(&desk.user()["id"]).parse().unwrap();
    desk.world.systems().okta.users().reset_factors(&id).await.unwrap();
    desk.pass(TimeDelta::seconds(5));
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("together hand an account over"), "{}", run.status);
    assert_eq!(desk.changes(), ["POST lifecycle/reset_factors"]);
}

#[tokio::test]
async fn the_fourth_help_within_a_week_wants_a_second_person() {
    let desk = Desk::open().await;
    for day in 0..4 {
        let ticket = desk.own_ticket();
        lock(&desk, HOME);
        let run = desk.run(Unlock::ticket(&ticket.number, desk.rules())).await;
        if day < 3 {
            assert_eq!(run.status, RunStatus::Done, "on day {day}");
        } else {
            assert!(waits_for(&run).contains("3 times within 7 days"), "{}", run.status);
        }
        desk.pass(TimeDelta::hours(25));
    }
}

#[tokio::test]
async fn who_asks_for_too_many_others_wants_a_second_person() {
    let desk = Desk::open().await;
    let rules = HelpDesk { requests_for_others: 2, ..desk.rules() };
    for _ in 0..2 {
        desk.colleagues_ticket();
    }
    let ticket = desk.colleagues_ticket();
    let run = desk.proven(ResetPassword::ticket(&ticket.number, rules)).await;
    assert!(waits_for(&run).contains("asked for 3 others"), "{}", run.status);
}

#[tokio::test]
async fn a_reset_whose_answer_was_lost_is_found_in_the_log_and_not_done_again() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.world.sandbox.add_fault(Fault::okta("POST", "*reset_password*", Effect::CutAfter));
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    assert_eq!((run.status, desk.changes().len(), desk.world.mails().len()), (RunStatus::Done, 1, 1));
}

#[tokio::test]
async fn a_temporary_password_whose_answer_was_lost_is_told_to_a_person_and_not_made_again() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.world.sandbox.add_fault(Fault::okta("POST", "*temp_password*", Effect::CutAfter));
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules()).without_mailbox()).await;
    assert!(needs_human(&run).contains("the password before is void"), "{}", run.status);
    assert_eq!((desk.changes().len(), desk.world.letterbox.letters().len()), (1, 0));
    assert_eq!(desk.place(&ticket), ("2".to_owned(), "Service Desk".to_owned()));
}

#[tokio::test]
async fn a_code_whose_answer_was_lost_is_told_to_a_person_and_not_made_again() {
    let desk = Desk::open().await;
    desk.factor("push");
    let ticket = desk.own_ticket();
    desk.world.person.says(Verdict::Proven(desk.proof()));
    desk.world.sandbox.add_fault(Fault::okta("POST", "*enrollments/tac", Effect::CutAfter));
    let engine = desk.engine().await;
    let run = engine.run(&ResetFactors::all(&ticket.number, desk.rules())).await.unwrap();
    engine.signal(&run.id, MANAGER_CONFIRMS, &desk.manager).await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("nobody has it"), "{}", run.status);
    assert_eq!((desk.changes().len(), desk.world.letterbox.letters().len()), (3, 0));
}

#[tokio::test]
async fn a_courier_who_does_not_take_a_password_is_told_to_a_person() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    *desk.world.letterbox.closed.lock().unwrap() = true;
    let run = desk.run(ResetPassword::ticket(&ticket.number, desk.rules()).without_mailbox()).await;
    assert!(needs_human(&run).contains("the letterbox is closed"), "{}", run.status);
    assert_eq!(desk.changes().len(), 1);
}

#[tokio::test]
async fn a_password_that_reached_the_courier_before_the_engine_died_is_not_made_again() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let operation = ResetPassword::ticket(&ticket.number, desk.rules()).without_mailbox();
    *desk.world.letterbox.dies.lock().unwrap() = true;
    let engine = desk.engine().await;
    tokio::select! {
        run = engine.run(&operation) => panic!("{run:?}"),
        () = desk.world.letterbox.death() => {}
    }
    drop(engine);
    let run = desk.run(operation).await;
    assert_eq!(run.status, RunStatus::Done);
    assert_eq!((desk.changes().len(), desk.world.letterbox.letters().len()), (1, 1));
}

/// A plan by hand, of one action.
fn by_hand(desk: &Desk, action: impl lifecycle::action::Action + 'static) -> Plan {
    let subject = Subject { login: desk.login.clone(), name: "somebody".into(), person: None };
    let intent = Intent::new("by_hand", &desk.login, &(), None);
    let mut plan = Plan::new("by_hand", Precedence::SelfService, intent, subject);
    plan.steps.push(Step::new("act", "to see", action));
    plan
}

fn account(desk: &Desk) -> Account {
    Account::Existing { id: text(&desk.user()["id"]).parse().unwrap(), login: desk.login.clone() }
}

#[tokio::test]
async fn a_password_expires_once() {
    let desk = Desk::open().await;
    let engine = desk.engine().await;
    let plan = by_hand(&desk, ExpirePassword { account: account(&desk) });
    desk.world.sandbox.add_fault(Fault::okta("POST", "*expire_password", Effect::CutAfter));
    let run = engine.submit(&plan).await.unwrap();
    assert_eq!(engine.finish(&run).await.unwrap().status, RunStatus::Done);
    assert_eq!(desk.user()["status"], "PASSWORD_EXPIRED");
}

#[tokio::test]
async fn a_reset_that_somebody_else_did_meanwhile_is_not_taken_for_ours() {
    let desk = Desk::open().await;
    let engine = desk.engine().await;
    let reset =
        okta::ResetPassword { account: account(&desk), from: UserStatus::Active, end_sessions: false };
    // Lost before it arrived, and the log cannot be asked: then the account is in RECOVERY by somebody else's doing.
    desk.world.sandbox.add_fault(Fault::okta("POST", "*reset_password*", Effect::CutBefore));
    desk.world.sandbox.add_fault(Fault::okta("GET", "/api/v1/logs*", Effect::Status(503)).times(20));
    let run = engine.submit(&by_hand(&desk, reset)).await.unwrap();
    let run = engine.finish(&run).await.unwrap();
    assert!(matches!(run.status, RunStatus::Stalled { .. }), "{}", run.status);
    desk.world.sandbox.clear_faults();
    desk.status("RECOVERY");
    desk.pass(TimeDelta::minutes(10));
    engine.resume().await.unwrap();
    let run = engine.finish(&run.id).await.unwrap();
    assert!(needs_human(&run).contains("may be void"), "{}", run.status);
    assert_eq!(desk.world.mails().len(), 0);
}

// The ticket.

#[tokio::test]
async fn a_link_is_sent_again_on_its_own_command_and_each_time_counts() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.run(ResetPassword::ticket(&ticket.number, desk.rules())).await;
    for time in 1..=3 {
        desk.pass(TimeDelta::minutes(10));
        let ticket = desk.ticket(|_| {});
        let run = desk.run(ResendLink::ticket(&ticket.number, desk.rules(), time)).await;
        if time < 3 {
            assert_eq!(run.status, RunStatus::Done, "{time}");
            assert!(desk.comments(&ticket).contains("Only the newest mail counts"));
        } else {
            assert!(waits_for(&run).contains("3 times within 7 days"), "{}", run.status);
        }
    }
    assert_eq!(desk.changes().len(), 3);
}

#[tokio::test]
async fn who_waits_for_no_link_is_told_so() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    desk.run(ResendLink::ticket(&ticket.number, desk.rules(), 1)).await;
    assert_eq!(desk.changes(), [""; 0]);
    assert!(desk.comments(&ticket).contains("waits for no link"), "{}", desk.comments(&ticket));
}

#[tokio::test]
async fn the_same_request_twice_is_one_run_and_one_mail() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let operation = ResetPassword::ticket(&ticket.number, desk.rules());
    let first = desk.run(operation.clone()).await;
    let second = desk.run(operation).await;
    assert_eq!((first.id, desk.world.mails().len()), (second.id, 1));
}

#[tokio::test]
async fn a_ticket_that_is_resolved_on_hold_or_unknown_is_not_taken_up() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let hold = json!({"state": "3", "hold_reason": "1"});
    desk.world.sandbox.edit_record("incident", &ticket.sys_id, &hold).unwrap();
    let error = desk.refused(Unlock::ticket(&ticket.number, desk.rules())).await.to_string();
    assert!(error.contains("On Hold"), "{error}");
    let error = desk.refused(Unlock::ticket("INC9999999", desk.rules())).await.to_string();
    assert!(error.contains("INC9999999"), "{error}");
    let error = desk.refused(Unlock::ticket("INC1^active=true", desk.rules())).await.to_string();
    assert!(error.contains("is no ticket number"), "{error}");
    desk.world.assert_untouched();
}

#[tokio::test]
async fn a_caller_who_is_somebody_else_in_okta_is_not_helped() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let user = desk.world.rows("sys_user").into_iter().find(|user| user["user_name"] == *desk.login).unwrap();
    let other = json!({"employee_number": "99999"});
    desk.world.sandbox.edit_record("sys_user", &text(&user["sys_id"]), &other).unwrap();
    let error = desk.refused(ResetPassword::ticket(&ticket.number, desk.rules())).await.to_string();
    assert!(error.contains("employee number"), "{error}");
    desk.world.assert_untouched();
}

#[tokio::test]
async fn a_diagnosis_writes_nothing_anywhere() {
    let desk = Desk::open().await;
    let ticket = desk.own_ticket();
    let plan =
        ResetPassword::ticket(&ticket.number, desk.rules()).what_if(&desk.world.systems()).await.unwrap();
    assert!(plan.to_string().contains("password of"), "{plan}");
    desk.world.assert_untouched();
}
