//! What Okta lets us do.

use std::collections::BTreeSet;

use okta_client::roles::{RoleAssignment, RoleType};
use okta_client::{Call, Error, OktaClient, Path, Principal, Request, Safety};
use serde_json::{Value, json};

use super::{Capability, Found, Matrix, Row};

/// Whoever may give admin roles can make an administrator, and so do anything.
const MAKES_ADMINS: &str = "okta.roles.manage";

/// An id that Okta gives to nothing: its own have no hyphen.
const NOBODY: &str = "00u-nobody-of-this-name";

pub(super) async fn check(
    okta: &OktaClient,
    needed: &BTreeSet<String>,
    matrix: &mut Matrix,
) -> Result<(), Error> {
    matrix.notes.extend(okta.check_credentials().await?.iter().map(|finding| format!("Okta: {finding}")));
    let us = Us::find(okta).await?;
    for scope in needed {
        let (found, how) = us.may(okta, scope).await?;
        matrix.rows.push(us.row(scope, true, found, how));
    }
    if !needed.contains(MAKES_ADMINS) {
        let (found, how) = us.may(okta, MAKES_ADMINS).await?;
        matrix.rows.push(us.row(MAKES_ADMINS, false, found, how));
    }
    Ok(())
}

/// As whom Okta knows us.
struct Us {
    principal: Principal,
    /// Our admin roles; none if we may not read them.
    roles: Option<Vec<RoleAssignment>>,
}

impl Us {
    async fn find(okta: &OktaClient) -> Result<Self, Error> {
        let principal = okta.who_am_i().await?;
        let roles = match &principal {
            Principal::User(user) => okta.roles().of_user(&user.id).list().collect_all().await,
            Principal::App { client_id, .. } => match client_id.parse() {
                Ok(id) if !principal.lacks_scope("okta.roles.read") => {
                    okta.roles().of_client(&id).list().collect_all().await
                }
                _ => return Ok(Self { principal, roles: None }),
            },
            _ => return Ok(Self { principal, roles: None }),
        };
        match roles {
            Err(error) if error.is_forbidden() => Ok(Self { principal, roles: None }),
            roles => Ok(Self { principal, roles: Some(roles?) }),
        }
    }

    fn row(&self, scope: &str, needed: bool, found: Found, how: String) -> Row {
        let principal = match &self.principal {
            Principal::User(user) => format!("API token of {}", user.profile.login().unwrap_or("somebody")),
            Principal::App { client_id, .. } => format!("service app {client_id}"),
            _ => "somebody".to_owned(),
        };
        Row { principal, capability: Capability::OktaScope(scope.to_owned()), needed, found, how }
    }

    /// Whether we may do what the scope is for, and how that is known.
    async fn may(&self, okta: &OktaClient, scope: &str) -> Result<(Found, String), Error> {
        if self.principal.lacks_scope(scope) {
            return Ok((Found::Lacking, "Okta gave the app no such scope".to_owned()));
        }
        if let Some(lack) = self.lacking_role(scope) {
            return Ok((Found::Lacking, lack));
        }
        match Probe::of(scope) {
            Some(probe) => {
                let (found, how) = probe.send(okta).await?;
                let of_its_own = |role: &RoleAssignment| role.role_type == RoleType::Custom;
                let roles = self.roles.as_ref().filter(|roles| !roles.iter().all(of_its_own));
                Ok(match (found, roles) {
                    (Found::Unproven, Some(_)) => {
                        (Found::Held, format!("{how}; holds {}", self.role_names()))
                    }
                    _ => (found, how),
                })
            }
            None => Ok((Found::Unproven, "there is no harmless way to ask".to_owned())),
        }
    }

    /// What our roles rule out for certain. A custom role rules out nothing but what is a super administrator's.
    fn lacking_role(&self, scope: &str) -> Option<String> {
        let roles = self.roles.as_ref()?;
        let is_only = |what: fn(&RoleType) -> bool| roles.iter().all(|role| what(&role.role_type));
        if roles.is_empty() {
            return Some("holds no admin role".to_owned());
        }
        let for_super_admins = matches!(scope, MAKES_ADMINS | "okta.apiTokens.manage");
        if for_super_admins && !roles.iter().any(RoleAssignment::is_super_admin) {
            return Some(format!("is no super administrator: holds {}", self.role_names()));
        }
        let reads = |role: &RoleType| matches!(role, RoleType::ReadOnlyAdmin | RoleType::ReportAdmin);
        (scope.ends_with(".manage") && is_only(reads))
            .then(|| format!("only reads: holds {}", self.role_names()))
    }

    fn role_names(&self) -> String {
        let roles = self.roles.iter().flatten().map(|role| role.role_type.as_str());
        roles.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// A call that changes nothing, and tells whether we may make others of its kind.
struct Probe {
    request: Request,
    /// What is asked for, in words.
    asks: &'static str,
    /// Every org has such a thing: nothing at all means that nothing may be seen.
    always_finds: bool,
}

impl Probe {
    fn of(scope: &str) -> Option<Self> {
        let reads = |path: &'static str, asks| {
            let request = Request::get(Path::new(path));
            Self { request, asks, always_finds: false }
        };
        let ends = |path: Path, asks| Self { request: Request::delete(path), asks, always_finds: false };
        let nobody = |path: &'static str| Path::new(path).value(NOBODY);
        Some(match scope {
            "okta.users.read" => Self { always_finds: true, ..reads("/api/v1/users", "for users") },
            "okta.groups.read" => Self { always_finds: true, ..reads("/api/v1/groups", "for groups") },
            "okta.apps.read" => reads("/api/v1/apps", "for apps"),
            "okta.logs.read" => reads("/api/v1/logs", "for events"),
            "okta.roles.read" => reads("/api/v1/iam/assignees/users", "for who holds a role"),
            "okta.apiTokens.read" => reads("/api/v1/api-tokens", "for API tokens"),
            "okta.users.manage" => {
                ends(nobody("/api/v1/users").word("sessions"), "to end the sessions of nobody")
            }
            "okta.groups.manage" => {
                ends(nobody("/api/v1/groups").word("users").value(NOBODY), "to take nobody out of no group")
            }
            "okta.apps.manage" => {
                ends(nobody("/api/v1/apps").word("users").value(NOBODY), "to take no app from nobody")
            }
            MAKES_ADMINS => {
                ends(nobody("/api/v1/users").word("roles").value(NOBODY), "to take no role from nobody")
            }
            "okta.apiTokens.manage" => ends(nobody("/api/v1/api-tokens"), "to revoke no API token"),
            "okta.universalLogout.manage" => {
                let body = json!({ "sub_id": { "format": "opaque", "id": NOBODY } });
                let request = Request::post(Path::new("/oauth2/v1/global-token-revocation")).json(&body);
                Self { request, asks: "to sign nobody out", always_finds: false }
            }
            _ => return None,
        })
    }

    async fn send(self, okta: &OktaClient) -> Result<(Found, String), Error> {
        const CALL: &str = "okta.permissions.probe";
        let asks = self.asks;
        if self.request.method() != "GET" {
            let answer = okta.send(&Call::done(CALL, Safety::Idempotent, self.request)).await;
            return match answer {
                Err(error) if error.is_forbidden() => Ok((Found::Lacking, format!("asked {asks}: refused"))),
                Err(error) if !found_nobody(&error) => Err(error),
                _ => Ok((Found::Unproven, format!("asked {asks}: not refused"))),
            };
        }
        let request = self.request.query("limit", 1);
        match okta.send(&Call::<Value>::read(CALL, request)).await {
            Ok(Value::Array(rows)) if rows.is_empty() && self.always_finds => Ok((
                Found::Lacking,
                format!("asked {asks}: none, where every org has some, so no admin role shows them"),
            )),
            Ok(_) => Ok((Found::Held, format!("asked {asks}: answered"))),
            Err(error) if error.is_forbidden() => Ok((Found::Lacking, format!("asked {asks}: refused"))),
            Err(error) => Err(error),
        }
    }
}

/// Okta let us ask, and there was nobody of that name.
fn found_nobody(error: &Error) -> bool {
    error.is_not_found() || error.status().is_some_and(|status| status == 400)
}
