//! Enums of choice values.

/// Defines an enum of the values that a choice field has in the base system, each with its label there. Customers
/// add, change and relabel them, so every other value is kept too.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $value:literal $label:literal,)+ }) => {
        client_core::open_enum!(
            $(#[$meta])*
            ///
            /// These are the values and labels of the base system. Customers change them: ask
            /// [`choices`](crate::schema::Schema::choices) for those of an instance.
            pub enum $name {
                $(#[doc = concat!("`", $value, "`: ", $label, ".")] $variant = $value,)+
            }
        );

        impl $name {
            /// What people call it in the base system; the value itself where that does not know it.
            #[must_use]
            pub fn label(&self) -> &str {
                match self {
                    $(Self::$variant => $label,)+
                    Self::Unknown(value) => value,
                }
            }
        }

        impl crate::value::FieldValue for $name {
            fn read(text: &str) -> Option<Self> {
                Some(text.into())
            }

            fn write(&self) -> String {
                self.as_str().to_owned()
            }
        }

        impl From<$name> for crate::query::Operand {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }

        impl From<&$name> for crate::query::Operand {
            fn from(value: &$name) -> Self {
                value.as_str().into()
            }
        }
    };
}

pub(super) use choice;
