//! ServiceNow's identifiers.

client_core::define_id!(
    /// The key of a record: usually 32 hex digits.
    ///
    /// System and demo rows have other forms (`glean_user_role`), so anything that is safe in a URL and in
    /// an encoded query is accepted. Compared by case.
    SysId, "1 to 32 of 0-9 A-Z a-z _ . -", |text| {
        (1..=32).contains(&text.len())
            && text != "."
            && text != ".."
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    }
);
