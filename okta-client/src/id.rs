//! Okta's identifiers.
//!
//! Okta's ids are 20 characters today, the first three telling the kind, but that is no contract
//! (`authenticators/0ktaV3rify1d` exists), so only what could never be an id is refused.

client_core::define_id!(
    /// The id of a user, `00u…`.
    UserId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the user's URL", opaque
);
client_core::define_id!(
    /// The id of an event hook, `who…`.
    EventHookId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the hook's URL", opaque
);
client_core::define_id!(
    /// The id of an inline hook, `cal…`.
    InlineHookId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the hook's URL", opaque
);
client_core::define_id!(
    /// The id of a group, `00g…`.
    GroupId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the group's URL", opaque
);

fn opaque(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
