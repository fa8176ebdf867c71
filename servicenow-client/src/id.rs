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

impl SysId {
    /// An id of our own, for a record that is to be created once: always the same for the same key, and 32 hex
    /// digits, as an instance's own are (a UUID of version 5, in the namespace for OIDs, without dashes).
    ///
    /// ```
    /// use servicenow_client::SysId;
    ///
    /// let id = SysId::derived("payroll/run 7/step 2");
    /// assert_eq!(id, SysId::derived("payroll/run 7/step 2"));
    /// assert_eq!(id.as_str().len(), 32);
    /// ```
    #[must_use]
    pub fn derived(key: &str) -> Self {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, key.as_bytes());
        Self(id.simple().to_string())
    }
}
