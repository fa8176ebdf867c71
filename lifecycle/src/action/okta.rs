//! Changes to Okta.

mod account;
mod apps;
mod block;
mod by_rule;
mod credentials;
mod factors;
mod groups;
mod inventory;
mod links;
mod log;
mod memberships;
mod privileges;
mod profile;
mod profile_change;
mod sessions;
mod status;
mod unstage;

pub(crate) use self::account::accounts_numbered;
pub use self::account::{Account, OKTA_USER};
pub use self::apps::{AssignApp, UnassignApp};
pub use self::block::{
    ConfirmBlocked, DENY_GROUP, DenyGroup, KeepOut, STATUS, STATUS_CHANGED, Suspend, Suspension, Unsuspend,
};
pub use self::by_rule::ConfirmRuled;
pub use self::credentials::{
    ExpirePassword, ISSUED, IssueAccessCode, IssueTemporaryPassword, ResendLink, ResetPassword, Unlock,
};
pub(crate) use self::credentials::{blocks, is_without_feature};
pub(crate) use self::factors::enrolled;
pub use self::factors::{EnrolFactor, Enrolment, Phone, RemoveFactor, ResetFactors};
pub use self::groups::{AddToGroup, KEPT_BY_RULES, LeaveGroups, RemoveFromGroup};
pub use self::inventory::{ConfirmDownstream, Inventory, PROVISIONED_APPS, UNCONFIRMED_APPS};
pub use self::links::LinkWith;
pub use self::memberships::{ConfirmMembership, MembershipsSettled};
pub(crate) use self::privileges::api_tokens;
pub use self::privileges::{RemoveAdminRoles, RevokeApiTokens};
pub use self::profile::{CreateUser, SetFound, UpdateProfile};
pub use self::profile_change::{AttributeChange, ChangeProfile, ChangeUserType};
pub use self::sessions::{EndSessions, RevokeGrants, UniversalLogout};
pub use self::status::{Activate, Deactivate, DeleteUser, SendActivation};
pub use self::unstage::Unstage;
