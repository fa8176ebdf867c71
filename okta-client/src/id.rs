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
client_core::define_id!(
    /// The id of an app, `0oa…`.
    AppId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the app's URL", opaque
);
client_core::define_id!(
    /// The id of a certification campaign, `ici…`.
    CampaignId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the campaign's URL", opaque
);
client_core::define_id!(
    /// The id of something that can be asked for, `cen…`.
    CatalogEntryId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the entry's URL", opaque
);
client_core::define_id!(
    /// The id of a device, `guo…`.
    DeviceId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the device's URL", opaque
);
client_core::define_id!(
    /// The id of a request for access, `req…`.
    AccessRequestId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the request's URL", opaque
);
client_core::define_id!(
    /// The id of a task of a request for access: 24 hexadecimal digits.
    AccessTaskId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the task's URL", opaque
);
client_core::define_id!(
    /// The id of a feature of the org, `ftr…`.
    FeatureId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the feature's URL", opaque
);
client_core::define_id!(
    /// The id of an identity source: the id of its app, `0oa…`.
    IdentitySourceId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the app's URL", opaque
);
client_core::define_id!(
    /// The id of a session in which an identity source uploads, `aps…`.
    ImportSessionId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the session's URL", opaque
);
client_core::define_id!(
    /// The id of a job that goes on after its answer, `cpa…`.
    OperationId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the operation's URL", opaque
);
client_core::define_id!(
    /// The id of an org, `00o…`.
    OrgId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the org's URL", opaque
);
client_core::define_id!(
    /// The id of the share of rate limits that one principal has, `prl…`.
    PrincipalRateLimitId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the entry's URL", opaque
);
client_core::define_id!(
    /// The id of a mapping between two profiles, `prm…`.
    ProfileMappingId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the mapping's URL", opaque
);
client_core::define_id!(
    /// The id of one review of a campaign, `icr…`.
    ReviewId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the review's URL", opaque
);
client_core::define_id!(
    /// The id of one access in a security access review.
    SecurityAccessId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the access's URL", opaque
);
client_core::define_id!(
    /// The id of a security access review, `sar…`.
    SecurityAccessReviewId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it in the review's URL", opaque
);
client_core::define_id!(
    /// The id of a group rule, `0pr…`.
    GroupRuleId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta answers it", opaque
);

client_core::define_id!(
    /// The id of an API token's record, `00T…`: not the token.
    ApiTokenId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of an authenticator of the org, `aut…`.
    AuthenticatorId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of somebody's enrolment in an authenticator.
    AuthenticatorEnrollmentId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a member of a role resource set binding, `irb…`.
    BindingMemberId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The client id of an app, `0oa…`.
    ClientId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a custom admin role, `cr0…`. Roles of Okta's that work like custom ones have a word in its place,
    /// `ACCESS_REQUESTS_ADMIN`.
    CustomRoleId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of somebody's factor. What it begins with tells the kind, `opf…` or `mbl…`.
    FactorId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a verification that is under way, `v2mst.…`.
    FactorTransactionId, "1 to 100 of A-Z a-z 0-9 _ - ., as Okta shows it", |text| {
        !matches!(text, "." | "..") && opaque(&text.replace('.', "-"))
    }
);
client_core::define_id!(
    /// The id of a resource in a resource set, `ire…`.
    ResourceId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a resource set, `iam…`.
    ResourceSetId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a role assignment, unique for its assignee only: all who hold the standard role `USER_ADMIN` without
    /// targets hold it under the same id.
    RoleAssignmentId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a consent, `oag…`.
    GrantId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a realm, `guo…`.
    RealmId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a refresh token, `oar…`. Not the token.
    RefreshTokenId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a user schema, `osc…`.
    UserSchemaId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);
client_core::define_id!(
    /// The id of a user type, `oty…`.
    UserTypeId, "1 to 100 of A-Z a-z 0-9 _ -, as Okta shows it", opaque
);

impl UserSchemaId {
    /// The schema of the default user type, whatever its id is.
    #[must_use]
    pub fn of_default_type() -> Self {
        Self("default".to_owned())
    }
}

fn opaque(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
