#![doc = include_str!("../README.md")]

mod api_tokens;
mod apps;
mod auth;
mod authenticator_enrollments;
mod authenticators;
mod builder;
mod checkup;
mod client;
mod devices;
mod dialect;
mod entity;
mod event_hooks;
mod factors;
mod filter;
mod governance;
mod group_rules;
mod groups;
mod hook_channel;
mod hook_secret;
mod iam;
mod id;
mod identity_sources;
mod inline_hooks;
mod linked_objects;
mod list;
mod org;
mod problem;
mod profile_mappings;
mod rate_limits;
mod roles;
mod sessions;
mod system_log;
mod time;
mod user_schema;
mod user_types;
mod users;

pub use api_tokens::{ApiToken, ApiTokenNetwork, ApiTokens};
pub use apps::{
    App, AppFeature, AppFeatureStatus, AppFeatures, AppGroup, AppGroupExpand, AppGroupPatch, AppGroups,
    AppStatus, AppUser, AppUserCredentials, AppUserPatch, AppUserStatus, AppUsers, Apps, Assigned,
    AssignmentScope, GroupAssignment, ListAppGroups, ListAppUsers, ListApps, NewApp, NewAppUser, OpenObject,
    ProvisioningConnection, ProvisioningFeature, SignOnMode, SyncState,
};
pub use auth::{Algorithm, InvalidKey, ServiceApp};
pub use authenticator_enrollments::{
    AuthenticatorEnrollment, AuthenticatorEnrollmentProfile, AuthenticatorEnrollments, Identifiers,
    IssueCode, TemporaryAccessCode,
};
pub use authenticators::{
    Authenticator, AuthenticatorKey, AuthenticatorMethod, AuthenticatorStatus, Authenticators,
};
pub use builder::{Builder, ConfigError};
pub use checkup::Finding;
pub use client::OktaClient;
pub use client_core::{
    Attempt, BucketStatus, Call, Class, Clock, Concurrency, Delivery, Event, ExposeSecret, Failure,
    InvalidId, Lane, Observer, PacerConfig, Path, Problem, Randomness, Request, RetryPolicy, Safety,
    SecretString, SetupError, Transport, TransportConfig, TransportError,
};
pub use devices::{
    Device, DeviceEmbedded, DeviceExpand, DevicePlatform, DeviceProfile, DeviceStatus, DeviceUser, Devices,
    DiskEncryption, ListDevices, ManagementStatus, ScreenLock, UserDevice, UserSummary,
};
pub use entity::Extra;
pub use event_hooks::{
    EventHook, EventHookCondition, EventHookEvents, EventHookExpression, EventHookFilter, EventHooks,
    HookDelivery, HookReceived, HookReceiver, HookRefusal, HookStatus, HookVerification, NewEventHook,
    NoHookDelivery,
};
pub use factors::{
    ActivationProof, ChallengeFactor, EnrollFactor, Factor, FactorActivation, FactorEnrollment,
    FactorProfile, FactorProvider, FactorResult, FactorStatus, FactorType, FactorVerification, Factors,
    NewFactor, PhoneNumber, Proof, PushChallenge, RecoveryNumber, SecurityQuestion, SupportedFactor,
};
pub use filter::{Filter, Operand};
pub use governance::{
    Access, AccessGrant, AccessRequest, AccessRequestStatus, AccessRequests, AccessTask, AccessTaskKind,
    AccessTaskStatus, AccessTasks, ApprovalDecision, Campaign, CampaignReviewer, CampaignSchedule,
    CampaignStatus, CampaignTargets, Campaigns, Catalog, CatalogEntry, EntitlementValue, Governance,
    GovernancePrincipal, GrantMethod, GrantStatus, ListAccessRequests, ListAccessTasks, ListCampaigns,
    ListCatalogEntries, ListReviews, ListSecurityAccessReviews, NewAccessRequest, NewCampaign,
    NewSecurityAccessReview, Operation, OperationStatus, Operations, Orn, PersonProfile, PrincipalAccess,
    PrincipalEntitlement, Reassignment, Remediation, RemediationOnEnd, RemediationStatus, RequestApproval,
    RequestField, RequestFieldKind, RequestFields, RequestedResource, Resolution, Review, ReviewDecision,
    ReviewerLevel, ReviewerType, Reviews, RevocationStatus, RiskAssessment, SecurityAccess,
    SecurityAccessAction, SecurityAccessReview, SecurityAccessReviewPatch, SecurityAccessReviewStatus,
    SecurityAccessReviews, SecurityReviewAction, SecurityReviewEvent, Severity,
};
pub use group_rules::{
    GivenMemberships, GroupRule, GroupRuleStatus, GroupRules, ListGroupRules, NewGroupRule,
};
pub use groups::{
    EmbeddedInGroup, Group, GroupExpand, GroupKind, GroupOwner, GroupOwners, GroupProfile, GroupStats,
    Groups, ListGroupOwners, ListGroups, Owner, OwnerKind, OwnerOrigin, SourceApp,
};
pub use hook_channel::{HookAuthScheme, HookChannel, HookChannelConfig, HookChannelKind, HookHeader};
pub use hook_secret::{HookSecret, InvalidHookSecret};
pub use iam::{
    BindingMember, BoundRole, CustomRole, CustomRoles, NewCustomRole, NewResourceSet, Permission, Resource,
    ResourceSet, ResourceSets, RoleBindings,
};
pub use id::{
    AccessRequestId, AccessTaskId, ApiTokenId, AppId, AuthenticatorEnrollmentId, AuthenticatorId,
    BindingMemberId, CampaignId, CatalogEntryId, ClientId, CustomRoleId, DeviceId, EventHookId, FactorId,
    FactorTransactionId, FeatureId, GrantId, GroupId, GroupRuleId, IdentitySourceId, ImportSessionId,
    InlineHookId, OperationId, OrgId, PrincipalRateLimitId, ProfileMappingId, RealmId, RefreshTokenId,
    ResourceId, ResourceSetId, ReviewId, RoleAssignmentId, SecurityAccessId, SecurityAccessReviewId, UserId,
    UserSchemaId, UserTypeId,
};
pub use identity_sources::{
    ExternalId, IdentitySource, IdentitySourceGroups, IdentitySourceUsers, Import, ImportSession,
    ImportSessions, ImportStatus, ImportedGroup, ImportedUser, MOST_PER_UPLOAD, SourceGroup,
    SourceGroupProfile, SourceMemberships, SourceUser,
};
pub use inline_hooks::{
    HookPatch, HookedCredential, HookedProfile, HookedRequest, HookedToken, HookedUser, ImportHookAction,
    ImportHookContext, ImportHookData, InlineHook, InlineHookAnswer, InlineHookAuth, InlineHookCommand,
    InlineHookContext, InlineHookData, InlineHookKind, InlineHookRequest, InlineHookToken, InlineHooks,
    NewInlineHook, NoInlineHookRequest, PasswordImportContext, PasswordImportHookData, RegistrationHookData,
    SamlHookData, TelephonyChannel, TelephonyHookData, TelephonyMessage, TelephonyOutcome, TelephonyStatus,
    TelephonyUser, TokenHookData, UnknownHookData,
};
pub use linked_objects::{LinkedObject, LinkedObjectSide, LinkedObjects};
pub use list::{Listing, Position, SortOrder};
pub use org::{Engine, Feature, FeatureStage, FeatureStatus, Org, OrgMetadata, OrgSettings, OrgStatus};
pub use problem::OktaProblem;
pub use profile_mappings::{
    ListProfileMappings, MappingEnd, MappingPatch, ProfileMapping, ProfileMappings, PropertyMapping,
    PushStatus,
};
pub use rate_limits::{
    AdminNotifications, PerClientMode, PerClientOverrides, PerClientSettings, PrincipalRateLimit,
    PrincipalRateLimits, PrincipalShare, PrincipalType, RateLimits,
};
pub use roles::{
    AppTarget, NewRoleAssignment, RoleAssignee, RoleAssignment, RoleAssignmentType, RoleAssignments,
    RoleHolder, RoleStatus, RoleTargets, RoleType, Roles, SuperAdmin,
};
pub use sessions::{Session, SessionId, SessionStatus, Sessions};
pub use system_log::{
    EventFamily, EventType, LogAuthenticationContext, LogBatch, LogBotProtection, LogChangeDetails,
    LogClient, LogCursor, LogDebugData, LogDevice, LogEntity, LogEvent, LogGeographicalContext,
    LogGeolocation, LogIpAddress, LogIpDetails, LogIpServiceCategory, LogIssuer, LogNotice, LogOutcome,
    LogQuery, LogRisk, LogSecurityContext, LogSeverity, LogTail, LogTransaction, LogUserAgent,
    LogUserBehavior, SystemLog, TailFrom, TailLog, event_types,
};
pub use user_schema::{
    AttributeAction, AttributeFormat, AttributeItems, AttributeKind, AttributeMaster, AttributeMasterKind,
    AttributeMutability, AttributePermission, AttributePrincipal, Misfit, MisfitReason, SchemaAttribute,
    SchemaDefinitions, SchemaPart, SchemaPatch, Uniqueness, UserSchema, UserSchemas,
};
pub use user_types::{UserType, UserTypes};
pub use users::{
    Activation, ActivationLink, Allowed, AppLink, BlockKind, BlockedDevices, ChangePassword, Classification,
    CredentialEmail, CredentialProvider, Credentials, Deprovisioned, ETag, EmailKind, EndUser,
    ExpireWithTemporary, ListUsers, Mail, NewUser, OAuthClient, Order, PartialUser, PasswordHash,
    Pbkdf2Digest, Profile, ProfilePatch, ProviderKind, RefreshToken, ResetPassword, RevokeSessions,
    RiskLevel, Salt, SignIn, Subject, Transition, User, UserBlock, UserClass, UserClient, UserGrant,
    UserGrantSource, UserGrantStatus, UserGrants, UserIdentityProvider, UserLinks, UserRisk, UserStatus,
    UserTypeRef, UserUpdate, Users, WaitForStatus, WholeUser,
};

/// Why a call failed; [`problem`](client_core::Error::problem) is what Okta said.
pub type Error = client_core::Error<OktaProblem>;
