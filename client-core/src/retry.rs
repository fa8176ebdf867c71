//! When a failed attempt is repeated: a plain decision over data.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::auth::Outlook;
use crate::error::{Class, Delivery, Failure, Problem};
use crate::request::Safety;

/// How patient a client is.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// How often a call is sent at most, not counting answers that a rate limit gave. Default 5.
    pub attempts: u32,
    /// How long a call may go on, from its first attempt, not counting waits for a rate limit. Default 90 s.
    pub time: Duration,
    /// How often a call lets itself be sent away by a rate limit. Default 10: each may be a minute.
    pub rate_limit_refusals: u32,
    /// How long one refusal by a rate limit may make a call wait, whether the call was refused itself or comes to
    /// where another was: if it is for longer the call fails, and its error says until when
    /// ([`Error::retry_at`](crate::Error::retry_at)). Default 5 min: longer than windows of a minute, shorter than
    /// windows of an hour. How long a call stands in line while nothing was refused is not limited.
    pub rate_limit_wait: Duration,
    /// The first delay's upper bound; doubled each time. Default 0.5 s.
    pub base: Duration,
    /// The longest delay. Default 8 s.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            time: Duration::from_secs(90),
            rate_limit_refusals: 10,
            rate_limit_wait: Duration::from_secs(300),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(8),
        }
    }
}

/// What to do with a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Repeating cannot help, or is not safe.
    GiveUp,
    /// Repeat after a back-off; it counts.
    Repeat,
    /// Nothing was done, and the pacer knows how long to wait; it does not count as an attempt.
    RepeatWhenAllowed,
    /// Nothing was done, and the credentials may do after this pause; it does not count as an attempt.
    RepeatMended(Duration),
}

/// Only what is safe is repeated: what did not act always is, what may have acted only if acting twice is
/// the same as once. `mend`: the credentials were refused, and may do after so long.
pub(crate) fn judge<P: Problem>(
    failure: &Failure<P>,
    delivery: Delivery,
    safety: Safety,
    mend: Option<Duration>,
) -> Verdict {
    if let (Some(pause), Delivery::Refused) = (mend, delivery) {
        return Verdict::RepeatMended(pause);
    }
    let harmless = matches!(delivery, Delivery::NotSent | Delivery::Refused) || safety != Safety::Unsafe;
    let may_help = match failure {
        Failure::InvalidRequest(_) | Failure::Limited | Failure::Distrusted(_) => false,
        Failure::Credentials(error) => match error.outlook() {
            Outlook::Lasting => false,
            Outlook::Passing => true,
            Outlook::After(_) => return Verdict::RepeatWhenAllowed,
        },
        Failure::Transport(error) => !error.is_lasting(),
        Failure::Api(problem) => match problem.class() {
            Class::RateLimited => return Verdict::RepeatWhenAllowed,
            Class::Busy | Class::Unavailable => true,
            _ => false,
        },
        // A read whose answer was spoilt on its way is worth another; a write that was done is done.
        Failure::Decode(_) | Failure::Protocol(_) => safety == Safety::Read,
    };
    if may_help && harmless { Verdict::Repeat } else { Verdict::GiveUp }
}

/// Repetitions one client may afford: each costs ten, each success earns one, so an outage is met with a
/// tenth more load, not with five times as much.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

const FULL: u32 = 500;
const COST: u32 = 10;

impl RetryBudget {
    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(FULL))
    }

    pub(crate) fn earn(&self) {
        self.change(|left| Some((left + 1).min(FULL)));
    }

    pub(crate) fn spend(&self) -> bool {
        self.change(|left| left.checked_sub(COST))
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::CredentialError;
    use crate::transport::TransportError;

    #[derive(Debug, Clone, thiserror::Error)]
    #[error("no")]
    struct No(Class);

    impl Problem for No {
        fn class(&self) -> Class {
            self.0
        }
    }

    fn api(class: Class) -> Failure<No> {
        Failure::Api(No(class))
    }

    fn lost(delivery: Delivery) -> Failure<No> {
        Failure::Transport(TransportError::new("lost", delivery))
    }

    #[test]
    fn only_what_is_safe_is_repeated() {
        use Delivery::{Done, NotSent, Refused, Unknown};
        use Safety::{Idempotent, Read, Unsafe};
        use Verdict::{GiveUp, Repeat, RepeatWhenAllowed};
        for (failure, delivery, safety, verdict) in [
            (lost(NotSent), NotSent, Unsafe, Repeat),
            (lost(Unknown), Unknown, Unsafe, GiveUp),
            (lost(Unknown), Unknown, Idempotent, Repeat),
            (lost(Unknown), Unknown, Read, Repeat),
            (api(Class::Unavailable), Unknown, Unsafe, GiveUp),
            (api(Class::Unavailable), Unknown, Idempotent, Repeat),
            (api(Class::Exhausted), Unknown, Read, GiveUp),
            (api(Class::Busy), Refused, Unsafe, Repeat),
            (api(Class::RateLimited), Refused, Unsafe, RepeatWhenAllowed),
            (api(Class::NotFound), Refused, Read, GiveUp),
            (api(Class::Unauthenticated), Refused, Read, GiveUp),
            (Failure::Credentials(CredentialError::new("no")), NotSent, Read, GiveUp),
            (Failure::Credentials(CredentialError::passing("away")), NotSent, Unsafe, Repeat),
            (
                Failure::Credentials(CredentialError::limited("slowly", Duration::from_secs(9))),
                NotSent,
                Unsafe,
                RepeatWhenAllowed,
            ),
            (Failure::Protocol("html".into()), Done, Unsafe, GiveUp),
            (Failure::Protocol("html".into()), Done, Read, Repeat),
        ] {
            assert_eq!(
                judge(&failure, delivery, safety, None),
                verdict,
                "{failure:?} {delivery:?} {safety:?}"
            );
        }
    }

    #[test]
    fn new_credentials_repeat_only_what_was_not_done() {
        let pause = Duration::from_secs(2);
        for safety in [Safety::Read, Safety::Idempotent, Safety::Unsafe] {
            let verdict = judge(&api(Class::Unauthenticated), Delivery::Refused, safety, Some(pause));
            assert_eq!(verdict, Verdict::RepeatMended(pause));
            let verdict = judge(&api(Class::Unavailable), Delivery::Unknown, safety, Some(pause));
            assert_ne!(verdict, Verdict::RepeatMended(pause));
        }
    }

    #[test]
    fn an_outage_drains_the_budget() {
        let budget = RetryBudget::full();
        let afforded = (0..1000).filter(|_| budget.spend()).count();
        assert_eq!(afforded, 50);
        (0..10).for_each(|_| budget.earn());
        assert!(budget.spend());
    }
}
