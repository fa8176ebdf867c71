//! What all tickets share: states and approvals.

use std::fmt;

use crate::query::Operand;
use crate::value::FieldValue;

/// An enum whose values a customer may add to.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$arm_meta:meta])* $arm:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$arm_meta])* $arm,)*
            /// Another value, of a customer's own or of a newer release.
            Unknown(String),
        }

        impl $name {
            /// The value as ServiceNow stores it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$arm => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$arm,)*
                    _ => Self::Unknown(text.to_owned()),
                }
            }
        }

        impl FieldValue for $name {
            fn read(text: &str) -> Option<Self> {
                Some(text.into())
            }

            fn write(&self) -> String {
                self.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for Operand {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }

        impl From<&$name> for Operand {
            fn from(value: &$name) -> Self {
                value.as_str().into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|text| text.as_str().into())
            }
        }
    };
}

open_enum! {
    /// `state` of `task` and its catalog children. Other tables number their states otherwise (an incident's
    /// 6 is Resolved), and customers change them: `sys_choice` has the truth of an instance.
    TaskState {
        /// -5.
        Pending = "-5",
        /// 1.
        Open = "1",
        /// 2.
        WorkInProgress = "2",
        /// 3.
        ClosedComplete = "3",
        /// 4.
        ClosedIncomplete = "4",
        /// 7.
        ClosedSkipped = "7",
    }
}

impl TaskState {
    /// What people call it in the base system; the value itself for states that a customer added.
    pub fn label(&self) -> &str {
        match self {
            Self::Pending => "Pending",
            Self::Open => "Open",
            Self::WorkInProgress => "Work in Progress",
            Self::ClosedComplete => "Closed Complete",
            Self::ClosedIncomplete => "Closed Incomplete",
            Self::ClosedSkipped => "Closed Skipped",
            Self::Unknown(text) => text,
        }
    }

    /// Whether it is one of the closed states of the base system.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::ClosedComplete | Self::ClosedIncomplete | Self::ClosedSkipped)
    }
}

open_enum! {
    /// `approval` of a task, and `state` of an approver's row.
    Approval {
        /// Nobody was asked yet.
        NotRequested = "not requested",
        /// Somebody was asked.
        Requested = "requested",
        /// Yes.
        Approved = "approved",
        /// No.
        Rejected = "rejected",
        /// Withdrawn.
        Cancelled = "cancelled",
        /// Another answer settled it.
        NotRequired = "not_required",
        /// Asked twice.
        Duplicate = "duplicate",
        /// Passed over.
        Skipped = "skipped",
    }
}
