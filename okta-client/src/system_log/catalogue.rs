//! The types of events that say something about people, access and attacks: a part of Okta's catalogue.

macro_rules! eligible {
    (hook) => {
        true
    };
    (poll) => {
        false
    };
}

macro_rules! catalogue {
    (
        types { $($(#[$doc:meta])* $name:ident = $text:literal $how:ident,)+ }
        families { $($(#[$family_doc:meta])* $family:ident = $prefix:literal $family_how:ident,)+ }
    ) => {
        /// Types of events that matter to identity work and to whoever watches for incidents.
        ///
        /// Tell them apart by type and [outcome](crate::system_log::LogEvent::outcome), not by severity: a failed sign-in is `INFO`.
        ///
        /// ```
        /// use okta_client::system_log::event_types;
        /// use okta_client::Filter;
        ///
        /// let filter = Filter::any_of("eventType", [event_types::USER_ACCOUNT_LOCK, event_types::USER_RISK_CHANGE]);
        /// assert_eq!(
        ///     filter.to_string(),
        ///     r#"(eventType eq "user.account.lock" or eventType eq "user.risk.change")"#
        /// );
        /// assert!(event_types::USER_RISK_CHANGE.is_hook_eligible());
        /// assert!(event_types::ZONE_ANY.contains("zone.update"));
        /// ```
        pub mod event_types {
            use crate::system_log::{EventFamily, EventType};

            $($(#[$doc])* pub const $name: EventType = EventType { name: $text, hook: eligible!($how) };)+
            $(
                $(#[$family_doc])*
                pub const $family: EventFamily = EventFamily { prefix: $prefix, hook: eligible!($family_how) };
            )+

            /// All types in this module.
            pub const ALL: &[EventType] = &[$($name),+];
            /// All families in this module.
            pub const FAMILIES: &[EventFamily] = &[$($family),+];
        }
    };
}

catalogue! {
    types {
        /// ThreatInsight judged the address of a request hostile: outcome `ALLOW`, `DENY` or
        /// `RATE_LIMIT`. Often the actor is `Unknown`: join by address.
        SECURITY_THREAT_DETECTED = "security.threat.detected" poll,
        /// The org is under attack by credentials.
        SECURITY_ATTACK_START = "security.attack.start" poll,
        /// The attack is over.
        SECURITY_ATTACK_END = "security.attack.end" poll,
        /// A zone or a block list blocked a request.
        SECURITY_REQUEST_BLOCKED = "security.request.blocked" poll,
        /// The actor used a password that is known from a breach.
        SECURITY_BREACHED_CREDENTIAL_DETECTED = "security.breached_credential.detected" hook,
        /// A session moved to another network.
        SECURITY_SESSION_DETECT_CLIENT_ROAMING = "security.session.detect_client_roaming" poll,
        /// A detection raised or lowered the risk of the user in `target`; `debugData.risk` says to what
        /// and why.
        USER_RISK_DETECT = "user.risk.detect" hook,
        /// A user's risk level changed: `level`, `previousLevel`.
        USER_RISK_CHANGE = "user.risk.change" hook,
        /// The address or device of a live session changed.
        USER_SESSION_CONTEXT_CHANGE = "user.session.context.change" hook,
        /// A live session no longer meets policy.
        POLICY_AUTH_REEVALUATE_FAIL = "policy.auth_reevaluate.fail" hook,
        /// A live session was looked at again, with consequences.
        POLICY_AUTH_REEVALUATE_ENFORCE = "policy.auth_reevaluate.enforce" poll,
        /// A live session was looked at again, and something was done.
        POLICY_AUTH_REEVALUATE_ACTION = "policy.auth_reevaluate.action" poll,
        /// Okta weighed the risk of a user.
        POLICY_ENTITY_RISK_EVALUATE = "policy.entity_risk.evaluate" poll,
        /// Okta acted on the risk of a user.
        POLICY_ENTITY_RISK_ACTION = "policy.entity_risk.action" poll,
        /// Somebody was signed out everywhere.
        USER_AUTHENTICATION_UNIVERSAL_LOGOUT = "user.authentication.universal_logout" hook,
        /// Somebody will be signed out everywhere.
        USER_AUTHENTICATION_UNIVERSAL_LOGOUT_SCHEDULED = "user.authentication.universal_logout.scheduled" hook,
        /// A person pressed "report" in a security mail; `debugData.suspiciousActivity…` says about what.
        USER_ACCOUNT_REPORT_SUSPICIOUS_ACTIVITY_BY_ENDUSER = "user.account.report_suspicious_activity_by_enduser" hook,
        /// Somebody signed in, or failed to: outcome `FAILURE` with a reason such as
        /// `INVALID_CREDENTIALS` or `LOCKED_OUT`.
        USER_SESSION_START = "user.session.start" hook,
        /// The sessions of a user were ended.
        USER_SESSION_CLEAR = "user.session.clear" hook,
        /// Somebody signed out.
        USER_SESSION_END = "user.session.end" hook,
        /// A session came to its end.
        USER_SESSION_EXPIRE = "user.session.expire" poll,
        /// Somebody opened the Admin Console.
        USER_SESSION_ACCESS_ADMIN_APP = "user.session.access_admin_app" poll,
        /// Okta's support was let into the org.
        USER_SESSION_IMPERSONATION_GRANT = "user.session.impersonation.grant" poll,
        /// Okta's support entered the org.
        USER_SESSION_IMPERSONATION_INITIATE = "user.session.impersonation.initiate" poll,
        /// Okta's support was let in for longer.
        USER_SESSION_IMPERSONATION_EXTEND = "user.session.impersonation.extend" poll,
        /// Okta's support left the org.
        USER_SESSION_IMPERSONATION_END = "user.session.impersonation.end" poll,
        /// Okta's support is let in no longer.
        USER_SESSION_IMPERSONATION_REVOKE = "user.session.impersonation.revoke" poll,
        /// A second factor was used; `FAILURE` with `INVALID_CREDENTIALS` may be a push that was denied.
        USER_AUTHENTICATION_AUTH_VIA_MFA = "user.authentication.auth_via_mfa" hook,
        /// A push was denied. Classic Engine only.
        USER_MFA_OKTA_VERIFY_DENY_PUSH = "user.mfa.okta_verify.deny_push" poll,
        /// A push was denied, by an app that is too old.
        USER_MFA_OKTA_VERIFY_DENY_PUSH_UPGRADE_NEEDED = "user.mfa.okta_verify.deny_push_upgrade_needed" poll,
        /// Somebody tried to get round the second factor.
        USER_MFA_ATTEMPT_BYPASS = "user.mfa.attempt_bypass" poll,
        /// A sign-on policy decided: `ALLOW`, `DENY` or `CHALLENGE`. Very frequent.
        POLICY_EVALUATE_SIGN_ON = "policy.evaluate_sign_on" poll,
        /// A policy kept somebody out of an app.
        APPLICATION_POLICY_SIGN_ON_DENY_ACCESS = "application.policy.sign_on.deny_access" hook,
        /// An account was locked.
        USER_ACCOUNT_LOCK = "user.account.lock" hook,
        /// An account was locked, and does not unlock by itself.
        USER_ACCOUNT_LOCK_LIMIT = "user.account.lock.limit" poll,
        /// An account was unlocked.
        USER_ACCOUNT_UNLOCK = "user.account.unlock" hook,
        /// An admin unlocked an account.
        USER_ACCOUNT_UNLOCK_BY_ADMIN = "user.account.unlock_by_admin" hook,
        /// A token to unlock an account was made.
        USER_ACCOUNT_UNLOCK_TOKEN = "user.account.unlock_token" poll,
        /// An account could not be unlocked.
        USER_ACCOUNT_UNLOCK_FAILURE = "user.account.unlock_failure" poll,
        /// A password was reset.
        USER_ACCOUNT_RESET_PASSWORD = "user.account.reset_password" hook,
        /// A password was changed.
        USER_ACCOUNT_UPDATE_PASSWORD = "user.account.update_password" hook,
        /// A password was made to expire.
        USER_ACCOUNT_EXPIRE_PASSWORD = "user.account.expire_password" poll,
        /// The primary mail address was changed.
        USER_ACCOUNT_UPDATE_PRIMARY_EMAIL = "user.account.update_primary_email" poll,
        /// The secondary mail address was changed: a takeover often begins so.
        USER_ACCOUNT_UPDATE_SECONDARY_EMAIL = "user.account.update_secondary_email" poll,
        /// A user's profile was changed.
        USER_ACCOUNT_UPDATE_PROFILE = "user.account.update_profile" hook,
        /// A user's type was changed.
        USER_ACCOUNT_UPDATE_USER_TYPE = "user.account.update_user_type" poll,
        /// A factor was enrolled.
        USER_MFA_FACTOR_ACTIVATE = "user.mfa.factor.activate" hook,
        /// A factor was removed.
        USER_MFA_FACTOR_DEACTIVATE = "user.mfa.factor.deactivate" hook,
        /// All factors of a user were removed.
        USER_MFA_FACTOR_RESET_ALL = "user.mfa.factor.reset_all" hook,
        /// A factor was changed.
        USER_MFA_FACTOR_UPDATE = "user.mfa.factor.update" hook,
        /// A factor was suspended.
        USER_MFA_FACTOR_SUSPEND = "user.mfa.factor.suspend" hook,
        /// A factor was taken up again.
        USER_MFA_FACTOR_UNSUSPEND = "user.mfa.factor.unsuspend" hook,
        /// A device was enrolled.
        DEVICE_ENROLLMENT_CREATE = "device.enrollment.create" hook,
        /// A user was added to a device.
        DEVICE_USER_ADD = "device.user.add" hook,
        /// A user was removed from a device.
        DEVICE_USER_REMOVE = "device.user.remove" hook,
        /// A user was given an admin role; `debugData.privilegeGranted` lists all that the user has now.
        USER_ACCOUNT_PRIVILEGE_GRANT = "user.account.privilege.grant" hook,
        /// A user's admin role was taken away.
        USER_ACCOUNT_PRIVILEGE_REVOKE = "user.account.privilege.revoke" hook,
        /// A group was given an admin role.
        GROUP_PRIVILEGE_GRANT = "group.privilege.grant" hook,
        /// A group's admin role was taken away.
        GROUP_PRIVILEGE_REVOKE = "group.privilege.revoke" hook,
        /// A service app was given an admin role.
        APP_OAUTH2_CLIENT_PRIVILEGE_GRANT = "app.oauth2.client.privilege.grant" hook,
        /// A service app's admin role was taken away.
        APP_OAUTH2_CLIENT_PRIVILEGE_REVOKE = "app.oauth2.client.privilege.revoke" hook,
        /// Somebody was given a custom role on a resource set.
        IAM_RESOURCESET_BINDINGS_ADD = "iam.resourceset.bindings.add" hook,
        /// Somebody's custom role on a resource set was taken away.
        IAM_RESOURCESET_BINDINGS_DELETE = "iam.resourceset.bindings.delete" hook,
        /// An API token was made.
        SYSTEM_API_TOKEN_CREATE = "system.api_token.create" hook,
        /// An API token was revoked.
        SYSTEM_API_TOKEN_REVOKE = "system.api_token.revoke" hook,
        /// An API token was enabled.
        SYSTEM_API_TOKEN_ENABLE = "system.api_token.enable" poll,
        /// An API token was changed.
        SYSTEM_API_TOKEN_UPDATE = "system.api_token.update" poll,
        /// An API token was used from an address that it may not be used from.
        SYSTEM_API_TOKEN_REQUEST_OUTSIDE_ALLOWED_RANGE = "system.api_token.request_outside_allowed_range" hook,
        /// An OAuth token was used from an address that it may not be used from.
        SYSTEM_OAUTH2_TOKEN_REQUEST_OUTSIDE_ALLOWED_RANGE = "system.oauth2.token.request_outside_allowed_range" hook,
        /// A refresh token was used twice: somebody may have a copy.
        APP_OAUTH2_TOKEN_DETECT_REUSE = "app.oauth2.token.detect_reuse" poll,
        /// The same, at a custom authorization server.
        APP_OAUTH2_AS_TOKEN_DETECT_REUSE = "app.oauth2.as.token.detect_reuse" poll,
        /// Somebody looked at an app's secret.
        APP_OAUTH2_CLIENT_READ_CLIENT_SECRET = "app.oauth2.client.read_client_secret" poll,
        /// Somebody looked at an identity provider's secret.
        SYSTEM_IDP_LIFECYCLE_READ_CLIENT_SECRET = "system.idp.lifecycle.read_client_secret" hook,
        /// An identity provider was made: a known back door.
        SYSTEM_IDP_LIFECYCLE_CREATE = "system.idp.lifecycle.create" hook,
        /// An identity provider was changed.
        SYSTEM_IDP_LIFECYCLE_UPDATE = "system.idp.lifecycle.update" hook,
        /// An identity provider was switched on.
        SYSTEM_IDP_LIFECYCLE_ACTIVATE = "system.idp.lifecycle.activate" hook,
        /// An identity provider was switched off.
        SYSTEM_IDP_LIFECYCLE_DEACTIVATE = "system.idp.lifecycle.deactivate" hook,
        /// An identity provider was deleted.
        SYSTEM_IDP_LIFECYCLE_DELETE = "system.idp.lifecycle.delete" hook,
        /// What ThreatInsight does was changed.
        SECURITY_THREAT_CONFIGURATION_UPDATE = "security.threat.configuration.update" poll,
        /// Attack protection was changed.
        SECURITY_ATTACK_PROTECTION_SETTINGS_UPDATE = "security.attack_protection.settings.update" poll,
        /// A policy was made.
        POLICY_LIFECYCLE_CREATE = "policy.lifecycle.create" poll,
        /// A policy was changed.
        POLICY_LIFECYCLE_UPDATE = "policy.lifecycle.update" hook,
        /// A policy was switched on.
        POLICY_LIFECYCLE_ACTIVATE = "policy.lifecycle.activate" hook,
        /// A policy was switched off.
        POLICY_LIFECYCLE_DEACTIVATE = "policy.lifecycle.deactivate" hook,
        /// A policy was deleted.
        POLICY_LIFECYCLE_DELETE = "policy.lifecycle.delete" poll,
        /// A policy was given a rule.
        POLICY_RULE_ADD = "policy.rule.add" hook,
        /// A policy's rule was changed.
        POLICY_RULE_UPDATE = "policy.rule.update" hook,
        /// A policy's rule was switched on.
        POLICY_RULE_ACTIVATE = "policy.rule.activate" hook,
        /// A policy's rule was switched off.
        POLICY_RULE_DEACTIVATE = "policy.rule.deactivate" hook,
        /// A policy's rule was deleted.
        POLICY_RULE_DELETE = "policy.rule.delete" hook,
        /// A kind of factor was switched on for the org.
        SYSTEM_MFA_FACTOR_ACTIVATE = "system.mfa.factor.activate" poll,
        /// A kind of factor was switched off for the org.
        SYSTEM_MFA_FACTOR_DEACTIVATE = "system.mfa.factor.deactivate" poll,
        /// An event hook could not be delivered.
        EVENT_HOOK_DELIVERY = "event_hook.delivery" poll,
        /// The org nears a rate limit.
        SYSTEM_ORG_RATE_LIMIT_WARNING = "system.org.rate_limit.warning" hook,
        /// The org hit a rate limit.
        SYSTEM_ORG_RATE_LIMIT_VIOLATION = "system.org.rate_limit.violation" hook,
        /// The org went over a rate limit, and was let.
        SYSTEM_ORG_RATE_LIMIT_BURST = "system.org.rate_limit.burst" poll,
        /// A rate limit that was raised for a time will fall back.
        SYSTEM_ORG_RATE_LIMIT_EXPIRATION_WARNING = "system.org.rate_limit.expiration.warning" poll,
        /// One kind of operation nears its limit.
        SYSTEM_OPERATION_RATE_LIMIT_WARNING = "system.operation.rate_limit.warning" poll,
        /// One kind of operation hit its limit.
        SYSTEM_OPERATION_RATE_LIMIT_VIOLATION = "system.operation.rate_limit.violation" poll,
        /// Too many requests at once.
        CORE_CONCURRENCY_ORG_LIMIT_VIOLATION = "core.concurrency.org.limit.violation" poll,
        /// An app takes most of a rate limit.
        APP_OAUTH2_CLIENT_ID_RATE_LIMIT_WARNING = "app.oauth2.client_id_rate_limit_warning" poll,
        /// A user was created.
        USER_LIFECYCLE_CREATE = "user.lifecycle.create" hook,
        /// A user was activated.
        USER_LIFECYCLE_ACTIVATE = "user.lifecycle.activate" hook,
        /// A user was deactivated.
        USER_LIFECYCLE_DEACTIVATE = "user.lifecycle.deactivate" hook,
        /// A user's activation was begun anew.
        USER_LIFECYCLE_REACTIVATE = "user.lifecycle.reactivate" hook,
        /// A user was suspended.
        USER_LIFECYCLE_SUSPEND = "user.lifecycle.suspend" hook,
        /// A user was let in again.
        USER_LIFECYCLE_UNSUSPEND = "user.lifecycle.unsuspend" hook,
        /// The deletion of a user began.
        USER_LIFECYCLE_DELETE_INITIATED = "user.lifecycle.delete.initiated" hook,
        /// A user is deleted.
        USER_LIFECYCLE_DELETE_COMPLETED = "user.lifecycle.delete.completed" poll,
        /// A group was created.
        GROUP_LIFECYCLE_CREATE = "group.lifecycle.create" hook,
        /// A group was deleted.
        GROUP_LIFECYCLE_DELETE = "group.lifecycle.delete" hook,
        /// A group's profile was changed.
        GROUP_PROFILE_UPDATE = "group.profile.update" hook,
        /// A user was added to a group.
        GROUP_USER_MEMBERSHIP_ADD = "group.user_membership.add" hook,
        /// A user was removed from a group.
        GROUP_USER_MEMBERSHIP_REMOVE = "group.user_membership.remove" hook,
        /// A group was assigned to an app.
        GROUP_APPLICATION_ASSIGNMENT_ADD = "group.application_assignment.add" hook,
        /// A group was removed from an app.
        GROUP_APPLICATION_ASSIGNMENT_REMOVE = "group.application_assignment.remove" hook,
        /// A group's assignment to an app was changed.
        GROUP_APPLICATION_ASSIGNMENT_UPDATE = "group.application_assignment.update" hook,
        /// A user was assigned to an app.
        APPLICATION_USER_MEMBERSHIP_ADD = "application.user_membership.add" hook,
        /// A user was removed from an app.
        APPLICATION_USER_MEMBERSHIP_REMOVE = "application.user_membership.remove" hook,
        /// A user's assignment to an app was changed.
        APPLICATION_USER_MEMBERSHIP_UPDATE = "application.user_membership.update" hook,
        /// A user's password in an app was changed.
        APPLICATION_USER_MEMBERSHIP_CHANGE_PASSWORD = "application.user_membership.change_password" hook,
        /// A user's name in an app was changed.
        APPLICATION_USER_MEMBERSHIP_CHANGE_USERNAME = "application.user_membership.change_username" poll,
        /// A user's account in an app was provisioned.
        APPLICATION_USER_MEMBERSHIP_PROVISION = "application.user_membership.provision" poll,
        /// A user's account in an app was deprovisioned.
        APPLICATION_USER_MEMBERSHIP_DEPROVISION = "application.user_membership.deprovision" poll,
        /// An assignment was approved.
        APPLICATION_USER_MEMBERSHIP_APPROVE = "application.user_membership.approve" poll,
        /// An assignment was revoked.
        APPLICATION_USER_MEMBERSHIP_REVOKE = "application.user_membership.revoke" poll,
        /// A new user was pushed to an app.
        APPLICATION_PROVISION_USER_PUSH = "application.provision.user.push" hook,
        /// A user's profile was pushed to an app.
        APPLICATION_PROVISION_USER_PUSH_PROFILE = "application.provision.user.push_profile" hook,
        /// A user was brought in line with an app.
        APPLICATION_PROVISION_USER_SYNC = "application.provision.user.sync" hook,
        /// A user's account in an app was reactivated.
        APPLICATION_PROVISION_USER_REACTIVATE = "application.provision.user.reactivate" hook,
        /// A user's profile was imported from an app.
        APPLICATION_PROVISION_USER_IMPORT_PROFILE = "application.provision.user.import_profile" hook,
        /// A user's account in an app was deleted.
        APPLICATION_PROVISION_USER_DELETE = "application.provision.user.delete" hook,
        /// A user's account in an app was activated.
        APPLICATION_PROVISION_USER_ACTIVATE = "application.provision.user.activate" poll,
        /// A user's account in an app was deactivated.
        APPLICATION_PROVISION_USER_DEACTIVATE = "application.provision.user.deactivate" poll,
        /// A user's account in an app was deprovisioned.
        APPLICATION_PROVISION_USER_DEPROVISION = "application.provision.user.deprovision" poll,
        /// A user's password was pushed to an app.
        APPLICATION_PROVISION_USER_PUSH_PASSWORD = "application.provision.user.push_password" poll,
        /// It was verified that a user has an account in an app.
        APPLICATION_PROVISION_USER_VERIFY_EXISTS = "application.provision.user.verify_exists" poll,
        /// An import began.
        SYSTEM_IMPORT_START = "system.import.start" hook,
        /// An import ended.
        SYSTEM_IMPORT_COMPLETE = "system.import.complete" hook,
        /// An import was stopped, since it would have changed too much.
        SYSTEM_IMPORT_ROADBLOCK = "system.import.roadblock" hook,
        /// Somebody asked for an app.
        APP_ACCESS_REQUEST_REQUEST = "app.access_request.request" hook,
        /// An approver said yes.
        APP_ACCESS_REQUEST_APPROVER_APPROVE = "app.access_request.approver.approve" hook,
        /// An approver said no.
        APP_ACCESS_REQUEST_APPROVER_DENY = "app.access_request.approver.deny" hook,
        /// A request for an app was granted.
        APP_ACCESS_REQUEST_GRANT = "app.access_request.grant" hook,
        /// A request for an app was denied.
        APP_ACCESS_REQUEST_DENY = "app.access_request.deny" hook,
        /// A request for an app came to its end undecided.
        APP_ACCESS_REQUEST_EXPIRE = "app.access_request.expire" hook,
        /// A request for an app was deleted.
        APP_ACCESS_REQUEST_DELETE = "app.access_request.delete" hook,
        /// Access Requests: a request was made.
        ACCESS_REQUEST_CREATE = "access.request.create" hook,
        /// Access Requests: a request was changed.
        ACCESS_REQUEST_UPDATE = "access.request.update" hook,
        /// Access Requests: a request was resolved.
        ACCESS_REQUEST_RESOLVE = "access.request.resolve" hook,
        /// Access Requests: a request was rejected.
        ACCESS_REQUEST_REJECT = "access.request.reject" hook,
        /// Access Requests: a request was called off.
        ACCESS_REQUEST_CANCEL = "access.request.cancel" hook,
        /// Access Requests: a request came to its end undecided.
        ACCESS_REQUEST_EXPIRE = "access.request.expire" hook,
        /// Access Certifications: a campaign began.
        CERTIFICATION_CAMPAIGN_LAUNCH = "certification.campaign.launch" hook,
        /// Access Certifications: a campaign ended.
        CERTIFICATION_CAMPAIGN_CLOSE = "certification.campaign.close" hook,
        /// Access Certifications: a reviewer decided.
        CERTIFICATION_CAMPAIGN_ITEM_DECIDE = "certification.campaign.item.decide" hook,
        /// Access Certifications: a decision was carried out.
        CERTIFICATION_CAMPAIGN_ITEM_REMEDIATE = "certification.campaign.item.remediate" hook,
        /// Access Certifications: a campaign was made.
        CERTIFICATION_CAMPAIGN_CREATE = "certification.campaign.create" poll,
        /// Access Certifications: a campaign was changed.
        CERTIFICATION_CAMPAIGN_UPDATE = "certification.campaign.update" poll,
        /// Access Certifications: a campaign was deleted.
        CERTIFICATION_CAMPAIGN_DELETE = "certification.campaign.delete" poll,
        /// Security access reviews: a review was made.
        ACCESS_REVIEW_CREATE = "access.review.create" hook,
        /// Security access reviews: a review began.
        ACCESS_REVIEW_START = "access.review.start" hook,
        /// Security access reviews: a review was changed.
        ACCESS_REVIEW_UPDATE = "access.review.update" hook,
        /// Security access reviews: something was decided.
        ACCESS_REVIEW_ACTION = "access.review.action" hook,
        /// Security access reviews: a decision was carried out.
        ACCESS_REVIEW_REMEDIATE = "access.review.remediate" hook,
        /// Security access reviews: a review ended.
        ACCESS_REVIEW_CLOSE = "access.review.close" hook,
    }
    families {
        /// Devices were activated, suspended, deleted and so on.
        DEVICE_LIFECYCLE_ANY = "device.lifecycle." hook,
        /// Custom admin roles.
        IAM_ROLE_ANY = "iam.role." hook,
        /// Resource sets, and who has roles on them.
        IAM_RESOURCESET_ANY = "iam.resourceset." hook,
        /// Authenticators of the org were made, switched on or off, changed.
        SECURITY_AUTHENTICATOR_LIFECYCLE_ANY = "security.authenticator.lifecycle." hook,
        /// Trusted origins.
        SECURITY_TRUSTED_ORIGIN_ANY = "security.trusted_origin." hook,
        /// Network zones.
        ZONE_ANY = "zone." poll,
        /// Network zones: rules.
        NETWORK_ZONE_ANY = "network_zone." poll,
        /// What an admin has to sign in again for.
        SECURITY_PROTECTED_ACTION_ANY = "security.protected_action." poll,
        /// What counts as unusual.
        SECURITY_BEHAVIOR_SETTINGS_ANY = "security.behavior.settings." poll,
        /// Log streams: somebody changes what is seen.
        SYSTEM_LOG_STREAM_LIFECYCLE_ANY = "system.log_stream.lifecycle." hook,
        /// Event hooks: somebody changes what is seen.
        EVENT_HOOK_ANY = "event_hook." poll,
        /// Limits by client.
        SYSTEM_CLIENT_RATE_LIMIT_ANY = "system.client.rate_limit." poll,
        /// Limits by client on requests at once.
        SYSTEM_CLIENT_CONCURRENCY_RATE_LIMIT_ANY = "system.client.concurrency_rate_limit." poll,
        /// Group rules.
        GROUP_USER_MEMBERSHIP_RULE_ANY = "group.user_membership.rule." poll,
    }
}
