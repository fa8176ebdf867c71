//! What Okta's codes mean to a caller, and what helps. The catalogue has 251 codes and grows; those that are not here
//! mean what their status means.

use client_core::Class;

/// The class of a code, if the status alone does not tell it.
pub(super) fn class(code: &str) -> Option<Class> {
    Some(match number(code)? {
        4 | 5 | 11 | 64 | 207 => Class::Unauthenticated,
        // 15 comes with 401 and is about a licence.
        6 | 13 | 15 | 43 | 44 | 57 | 58 | 84 | 85 | 92 | 212
        // Mastered elsewhere.
        | 23 | 75..=78 | 81 | 111 | 179 => Class::Forbidden,
        7 | 8 | 26 | 48 | 153 | 154 | 156 | 191 | 215 => Class::NotFound,
        // 46 is about the user's groups, and not about what the credentials may do.
        16 | 17 | 32 | 34..=36 | 38 | 46 | 56 | 69 | 107 | 117 | 119 | 148 | 152 | 155 | 180 => Class::WrongState,
        // A password or a code that is not accepted; profile data and schema that disagree.
        14 | 68 | 80 | 82 | 83 | 87 | 145 => Class::Invalid,
        40 | 55 | 62 | 90 | 96 | 113 | 127 | 157 | 195 | 231 | 263
        // A limit on messages to one phone or mailbox, or of a day: waiting a minute does not help.
        | 109 | 118 | 133 | 146 | 147 | 150 | 151 | 186 | 204 | 205 => Class::Conflict,
        47 => Class::RateLimited,
        // Being activated, rules reconciled, types set up, roles locked, a hook that did not answer: nothing was done.
        112 | 134 | 137 | 239 | 249 | 253 | 268 => Class::Busy,
        _ => return None,
    })
}

/// What an operator can do about it, where that is known.
pub(super) fn hint(code: &str) -> Option<&'static str> {
    Some(match number(code)? {
        6 => {
            "the admin role or scope behind the credentials does not allow this, or not for this user or group"
        }
        8 => "there is no such endpoint: the org may lack the feature, or run the other engine",
        11 => {
            "the API token is wrong, expired (30 days unused) or belongs to a deactivated admin: make a new one"
        }
        15 => {
            "the org has no licence for this feature: Identity Governance, for instance, has one of its own"
        }
        23 | 75..=78 | 81 | 111 | 179 => {
            "this is mastered elsewhere (a directory, an HR source, the app): change it there"
        }
        31 | 53 | 54 | 94 => "this list does not search or filter by that attribute or operator",
        32 => "the user is not locked out: nothing to do",
        33 => "search and filter exclude each other",
        16 | 38 | 107 | 117 => "read the user's status: it does not allow this",
        46 => "a group grants the app: take the user out of the group",
        56 => "deactivate the app first",
        62 | 90 | 263 => "it is so already",
        109 | 118 | 133 => "wait half a minute before the next message to this person",
        112 => "the user is still being activated: try again shortly",
        124 | 125 => "nextLogin=changePassword needs a password and an activation",
        146 | 147 | 186 | 204 | 205 => "a limit of a day or longer is used up",
        192..=194 | 211 => "groups with admin roles: at most 5000 members, no rules, no built-in group",
        134 | 135 | 137 => {
            "an inline hook of the org failed or refused, so nothing was done: look at the hook"
        }
        231 => "somebody changed the profile meanwhile: read it again",
        256 => "shorten the query",
        _ => return None,
    })
}

/// `E0000047` is 47.
fn number(code: &str) -> Option<u16> {
    code.strip_prefix('E')?.parse().ok()
}
