//! Where in its lifecycle an account is, and what may be done to it there.

use client_core::open_enum;

open_enum! {
    /// Where in its lifecycle an account is. Okta evaluates it lazily: it is as fresh as the last sign-in or
    /// lifecycle call. Treat an unknown one as "may not": fail closed.
    pub enum UserStatus {
        /// Made, never activated.
        Staged = "STAGED",
        /// Activated, without a credential yet.
        Provisioned = "PROVISIONED",
        /// In use.
        Active = "ACTIVE",
        /// A password reset was begun by an admin.
        Recovery = "RECOVERY",
        /// The password must be changed at the next sign-in.
        PasswordExpired = "PASSWORD_EXPIRED",
        /// Too many wrong passwords.
        LockedOut = "LOCKED_OUT",
        /// Paused by an admin; groups and apps stay.
        Suspended = "SUSPENDED",
        /// Deactivated. Group memberships stay and come back with reactivation.
        Deprovisioned = "DEPROVISIONED",
    }
}

/// What moves an account from one status to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transition {
    /// [`Users::activate`](super::Users::activate)
    Activate,
    /// [`Users::reactivate`](super::Users::reactivate)
    Reactivate,
    /// [`Users::deactivate`](super::Users::deactivate)
    Deactivate,
    /// [`Users::suspend`](super::Users::suspend)
    Suspend,
    /// [`Users::unsuspend`](super::Users::unsuspend)
    Unsuspend,
    /// [`Users::unlock`](super::Users::unlock)
    Unlock,
    /// [`Users::reset_password`](super::Users::reset_password)
    ResetPassword,
    /// [`Users::expire_password`](super::Users::expire_password), with a temporary password or without.
    ExpirePassword,
    /// [`Users::delete`](super::Users::delete). Of any status but DEPROVISIONED, Okta takes it for a deactivation.
    Delete,
}

/// Whether something is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// Yes.
    Yes,
    /// No: Okta refuses.
    No,
    /// Nobody has documented or seen it, or it depends on the org. Take it for a no before something that matters.
    Unknown,
}

impl Allowed {
    /// Whether it is a plain yes.
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

impl UserStatus {
    /// Whether Okta takes this transition from here, before it is asked. Another call may be faster, and an async
    /// change under way ([`User::transitioning_to_status`](super::User::transitioning_to_status)) may refuse it
    /// still.
    #[must_use]
    pub fn allows(&self, transition: Transition) -> Allowed {
        use Allowed::{No, Unknown, Yes};
        if matches!(self, Self::Unknown(_)) {
            return Unknown;
        }
        match transition {
            Transition::Activate => match self {
                Self::Staged | Self::Deprovisioned => Yes,
                Self::Active => No,
                _ => Unknown,
            },
            Transition::Reactivate => match self {
                Self::Provisioned | Self::Recovery => Yes,
                Self::PasswordExpired | Self::LockedOut => Unknown,
                _ => No,
            },
            // Of a DEPROVISIONED user refused, or nothing done: nobody has recorded it.
            Transition::Deactivate => match self {
                Self::Deprovisioned => Unknown,
                _ => Yes,
            },
            // Okta's links offer it where its documentation says ACTIVE only.
            Transition::Suspend => match self {
                Self::Active => Yes,
                Self::Provisioned | Self::PasswordExpired | Self::LockedOut => Unknown,
                _ => No,
            },
            Transition::Unsuspend => match self {
                Self::Suspended => Yes,
                _ => No,
            },
            // Of an ACTIVE user it lifts a device block, if there is one.
            Transition::Unlock => match self {
                Self::LockedOut => Yes,
                Self::Active => Unknown,
                _ => No,
            },
            Transition::ResetPassword => match self {
                Self::Active | Self::Recovery | Self::PasswordExpired | Self::LockedOut => Yes,
                Self::Deprovisioned => No,
                _ => Unknown,
            },
            Transition::ExpirePassword => match self {
                Self::Active | Self::PasswordExpired => Yes,
                Self::Deprovisioned => No,
                _ => Unknown,
            },
            Transition::Delete => Yes,
        }
    }

    /// Whether the person can sign in with what they have: in use, or with a password to be changed on the way in.
    #[must_use]
    pub fn can_sign_in(&self) -> Allowed {
        match self {
            Self::Active | Self::PasswordExpired => Allowed::Yes,
            Self::Unknown(_) => Allowed::Unknown,
            _ => Allowed::No,
        }
    }
}
