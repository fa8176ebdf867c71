//! What is to be done, by how the account stands. The tables that a help desk has on its wall.

use okta_client::users::UserStatus;

use super::diagnosis::{Diagnosis, Provider};

/// What is done about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// These things, in order.
    Act(Vec<Deed>),
    /// Nothing needs to be done, and the person is told why.
    Nothing(String),
    /// Another team sees to it: which, what it should know, and what the person is told.
    Route(Owner, &'static str, &'static str),
}

/// A thing that is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Unlock,
    /// By a link that Okta mails.
    ResetPassword,
    /// By a temporary password that the courier takes: for somebody without their mailbox.
    TemporaryPassword,
    ResendLink,
}

/// Whose job something is that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    SecondLine,
    Security,
    Directory,
    IdentityProvider,
}

/// How somebody without a password gets one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    /// The mailbox on file.
    Mail,
    /// The courier: the mailbox is behind what was lost.
    Courier,
}

const ASK_HR: &str = "We cannot do this for your account. Please contact your manager or HR.";
const ASK_DIRECTORY: &str =
    "Your password is kept by the company directory. The team that looks after it has your request now.";
const ASK_PROVIDER: &str = "You sign in through another service, which keeps your password. The team that looks after it has your \
     request now.";
const ASK_COLLEAGUE: &str = "A colleague will look into this and contact you.";

/// Where the account cannot be helped by us, whatever was asked.
fn elsewhere(diagnosis: &Diagnosis) -> Option<Course> {
    use UserStatus::{Deprovisioned, Staged, Suspended, Unknown};
    Some(match (&diagnosis.status, diagnosis.provider) {
        (Suspended | Deprovisioned | Staged, _) => Course::Route(
            Owner::SecondLine,
            "the account is not in use: see whether a leaver or joiner is under way before anything else",
            ASK_HR,
        ),
        (Unknown(_), _) | (_, Provider::Unknown) => Course::Route(
            Owner::SecondLine,
            "the account's status, or who keeps its password, is not known to this program",
            ASK_COLLEAGUE,
        ),
        (_, Provider::Elsewhere) => Course::Route(
            Owner::IdentityProvider,
            "another identity provider lets this person in: Okta has no password to reset and no lock to lift",
            ASK_PROVIDER,
        ),
        _ => return None,
    })
}

/// What is done for somebody who asks for a password.
pub(super) fn password(diagnosis: &Diagnosis, forgotten: bool, channel: Channel, delegated: bool) -> Course {
    use UserStatus::{Active, LockedOut, PasswordExpired, Provisioned, Recovery};
    if let Some(course) = elsewhere(diagnosis) {
        return course;
    }
    let reset = match channel {
        Channel::Mail => Deed::ResetPassword,
        Channel::Courier => Deed::TemporaryPassword,
    };
    match (&diagnosis.status, diagnosis.provider) {
        (Active, Provider::Directory) if delegated => Course::Act(vec![reset]),
        (_, Provider::Directory) => Course::Route(
            Owner::Directory,
            "the password is the directory's, and is not reset from Okta",
            ASK_DIRECTORY,
        ),
        (Active, _) => Course::Act(vec![reset]),
        // Two kinds of help at once: that wants a second person.
        (LockedOut, _) => Course::Act(vec![Deed::Unlock, reset]),
        (PasswordExpired, _) if forgotten => Course::Act(vec![reset]),
        (PasswordExpired, _) => Course::Nothing(
            "Your password has expired. Sign in with it once more: Okta asks you for a new one then. If you have \
             forgotten it, answer this ticket."
                .to_owned(),
        ),
        (Recovery | Provisioned, _) => Course::Act(vec![Deed::ResendLink]),
        _ => unreachable!("`elsewhere` has the rest"),
    }
}

/// What is done for somebody who asks to be let in again.
pub(super) fn unlock(diagnosis: &Diagnosis) -> Course {
    use UserStatus::{Active, LockedOut};
    if let Some(course) = elsewhere(diagnosis) {
        return course;
    }
    match (&diagnosis.status, diagnosis.provider) {
        (_, Provider::Directory) => Course::Route(
            Owner::Directory,
            "Okta does not unlock the directory, where this account is locked if it is",
            ASK_DIRECTORY,
        ),
        (LockedOut, _) => Course::Act(vec![Deed::Unlock]),
        (Active, _) if diagnosis.blocked => Course::Act(vec![Deed::Unlock]),
        (UserStatus::PasswordExpired, _) => Course::Nothing(
            "Your account is not locked; its password has expired. Sign in with it once more: Okta asks you for a new \
             one then."
                .to_owned(),
        ),
        (UserStatus::Recovery | UserStatus::Provisioned, _) => Course::Nothing(
            "Your account is not locked; it waits for you to set a password, by the link that Okta mailed. If you do \
             not have it, answer this ticket."
                .to_owned(),
        ),
        _ => {
            let why = match diagnosis.last_failure() {
                Some("INVALID_CREDENTIALS") => "the password was wrong the last time you tried",
                Some(_) => "the last time you tried, something else stood in the way: a colleague can see what",
                None => "nobody has tried to sign in with it lately",
            };
            Course::Nothing(format!("Your account is not locked: {why}."))
        }
    }
}

/// What is done for somebody whose mail with the link did not come.
pub(super) fn resend(diagnosis: &Diagnosis) -> Course {
    use UserStatus::{Provisioned, Recovery};
    if let Some(course) = elsewhere(diagnosis) {
        return course;
    }
    match (&diagnosis.status, diagnosis.provider) {
        (Recovery | Provisioned, Provider::Okta) => Course::Act(vec![Deed::ResendLink]),
        _ => Course::Nothing(
            "Your account waits for no link any more. If you cannot sign in, answer this ticket.".to_owned(),
        ),
    }
}

/// Whether factors may be touched at all; if not, what is done instead.
pub(super) fn factors(diagnosis: &Diagnosis) -> Option<Course> {
    // Factors are Okta's, whoever keeps the password.
    elsewhere(diagnosis).filter(|course| !matches!(course, Course::Route(Owner::IdentityProvider, ..)))
}
