//! Which rate-limit bucket a request draws from: Okta's map, as data.
//!
//! The limits are half of a workforce org's, as Okta last published them or as answers showed them: a token
//! gets half by default. They only serve until the first answer, whose headers tell the real one.

use std::borrow::Cow;

use http::Method;

/// A line of the map: requests with this method (`*` is any) and path draw from this bucket.
///
/// In a pattern `{}` is one segment, whatever it holds, and `**` at the end is any number of them.
struct Line {
    method: &'static str,
    pattern: &'static str,
    bucket: Named,
    limit: u32,
}

/// What a bucket is called.
enum Named {
    Is(&'static str),
    /// By the path up to the first word after the version: `/api/v1/policies`, `/oauth2/v1/keys`.
    ByFirstWord,
    /// By method and path, without ids: these endpoints have limits of their own.
    ByEndpoint,
}

use Named::{ByEndpoint, ByFirstWord, Is};

const fn line(method: &'static str, pattern: &'static str, bucket: Named, limit: u32) -> Line {
    Line { method, pattern, bucket, limit }
}

/// The first line that fits counts, so words stand above `{}`, and that above `**`.
///
/// "The rest" is one bucket in Okta's documentation, and was split up since. Finer than the truth costs only a
/// little accuracy.
const MAP: &[Line] = &[
    line("GET", "/api/v1/users/me", Is("/api/v1/users/me"), 300),
    line("*", "/api/v1/users/{}/factors/{}/verify", Is("/api/v1/users/{id}/factors/{id}/verify"), 300),
    line("GET", "/api/v1/users/{}", Is("GET /api/v1/users/{id}"), 1000),
    line("*", "/api/v1/users/{}", Is("/api/v1/users/{id}"), 300),
    line("*", "/api/v1/users/**", Is("/api/v1/users"), 300),
    line("*", "/api/v1/groups/rules", Is("/api/v1/groups"), 250),
    line("*", "/api/v1/groups/{}", Is("/api/v1/groups/{id}"), 500),
    line("*", "/api/v1/groups/**", Is("/api/v1/groups"), 250),
    line("*", "/api/v1/apps/{}", Is("/api/v1/apps/{id}"), 250),
    line("*", "/api/v1/apps/**", Is("/api/v1/apps"), 50),
    line("*", "/api/v1/logs/**", Is("/api/v1/logs"), 60),
    line("*", "/api/v1/sessions/**", Is("/api/v1/sessions"), 375),
    line("*", "/api/v1/iam/**", Is("/api/v1/iam"), 100),
    line("*", "/api/v1/devices/{}/users", Is("/api/v1/devices/{id}/users"), 50),
    line("*", "/api/v1/devices/**", Is("/api/v1/devices"), 50),
    line("*", "/api/v1/principal-rate-limits/**", Is("/api/v1/principal-rate-limits"), 50),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-upsert", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-delete", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-groups-upsert", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-groups-delete", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-group-memberships-upsert", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/{}/bulk-group-memberships-delete", ByEndpoint, 15),
    line("*", "/api/v1/identity-sources/{}/sessions/**", Is("/api/v1/identity-sources/{id}/sessions"), 15),
    line("*", "/api/v1/agentPools/**", Is("/api/v1/agentPools"), 10),
    line("*", "/api/v1/**", ByFirstWord, 50),
    line("*", "/oauth2/v1/clients/**", Is("/oauth2/v1/clients"), 50),
    line("*", "/oauth2/v1/token", Is("/oauth2/v1/token"), 1000),
    line("*", "/governance/**", ByEndpoint, 30),
    line("*", "/**", ByFirstWord, 50),
];

/// The bucket of a request, and the limit to start with. `path` is as it goes over the wire, without the query.
pub(super) fn bucket_of(method: &Method, path: &str) -> (Cow<'static, str>, u32) {
    let line = MAP.iter().find(|line| line.fits(method, path));
    let (bucket, limit) = line.map_or((&ByFirstWord, 50), |line| (&line.bucket, line.limit));
    let name = match bucket {
        Is(name) => Cow::Borrowed(*name),
        ByFirstWord => Cow::Owned(first_word(path)),
        ByEndpoint => Cow::Owned(endpoint(method, path)),
    };
    (name, limit)
}

impl Line {
    fn fits(&self, method: &Method, path: &str) -> bool {
        (self.method == "*" || self.method == method.as_str()) && fits(self.pattern, path)
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, segments.next()) {
            ("**", _) => return true,
            ("{}", Some(_)) => {}
            (word, Some(segment)) if word == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// `/attack-protection/api/v1/user-lockout-settings/x` is in `/attack-protection/api/v1/user-lockout-settings`,
/// and `/.well-known/x/y`, without a version, in `/.well-known/x`.
fn first_word(path: &str) -> String {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let is_version = |segment: &&str| segment.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok());
    let before = segments.iter().take(3).position(is_version).map_or(1, |version| version + 1);
    segments.iter().take(before + 1).fold(String::new(), |name, segment| name + "/" + segment)
}

fn endpoint(method: &Method, path: &str) -> String {
    let segments: Vec<&str> =
        path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment }).collect();
    format!("{method} {}", segments.join("/"))
}

/// Okta's ids have twenty letters and digits, as `authorizationServers` has letters; logins and ORNs are
/// encoded.
fn is_id(segment: &str) -> bool {
    segment.contains(['@', '%']) || (segment.len() >= 16 && segment.bytes().any(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(request: &str) -> String {
        let (method, path) = request.split_once(' ').unwrap();
        bucket_of(&method.parse().unwrap(), path).0.into_owned()
    }

    /// What was seen to draw from one counter on recorded traffic.
    #[test]
    fn the_recorded_checks_of_the_map_hold() {
        for (bucket, requests) in [
            (
                "/api/v1/users",
                &[
                    "GET /api/v1/users",
                    "POST /api/v1/users",
                    "POST /api/v1/users/00u1/lifecycle/activate",
                    "POST /api/v1/users/00u1/lifecycle/deactivate",
                    "POST /api/v1/users/00u1/credentials/change_password",
                    "GET /api/v1/users/00u1/groups",
                    "GET /api/v1/users/00u1/appLinks",
                    "GET /api/v1/users/00u1/grants",
                    "GET /api/v1/users/00u1/clients",
                    "GET /api/v1/users/00u1/idps",
                    "GET /api/v1/users/00u1/blocks",
                    "GET /api/v1/users/00u1/factors",
                    "DELETE /api/v1/users/00u1/sessions",
                    "DELETE /api/v1/users/00u1/grants",
                    "DELETE /api/v1/users/00u1/factors/ost1",
                    "GET /api/v1/users/00u1/factors/ost1/transactions/v2m",
                    "GET /api/v1/users/me/groups",
                ][..],
            ),
            (
                "/api/v1/users/{id}",
                &["DELETE /api/v1/users/00u1", "POST /api/v1/users/00u1", "PUT /api/v1/users/a%40b.example"],
            ),
            ("GET /api/v1/users/{id}", &["GET /api/v1/users/00u1", "GET /api/v1/users/ann%40acme.example"]),
            ("/api/v1/users/me", &["GET /api/v1/users/me"]),
            (
                "/api/v1/users/{id}/factors/{id}/verify",
                &["POST /api/v1/users/00u1/factors/ost1/verify", "POST /api/v1/users/me/factors/ost1/verify"],
            ),
            (
                "/api/v1/groups",
                &[
                    "GET /api/v1/groups",
                    "POST /api/v1/groups",
                    "GET /api/v1/groups/00g1/users",
                    "PUT /api/v1/groups/00g1/users/00u1",
                    "GET /api/v1/groups/rules",
                    "POST /api/v1/groups/rules/0pr1/lifecycle/activate",
                ],
            ),
            ("/api/v1/groups/{id}", &["GET /api/v1/groups/00g1", "DELETE /api/v1/groups/00g1"]),
            (
                "/api/v1/apps",
                &[
                    "POST /api/v1/apps",
                    "POST /api/v1/apps/0oa1/lifecycle/deactivate",
                    "GET /api/v1/apps/0oa1/connections/default",
                    "PUT /api/v1/apps/0oa1/users/00u1",
                    "GET /api/v1/apps/0oa1/groups",
                ],
            ),
            ("/api/v1/apps/{id}", &["GET /api/v1/apps/0oa1", "DELETE /api/v1/apps/0oa1"]),
            ("/api/v1/iam", &["GET /api/v1/iam/roles", "GET /api/v1/iam/roles/cr01/permissions"]),
            (
                "/api/v1/sessions",
                &["GET /api/v1/sessions/102", "POST /api/v1/sessions/102/lifecycle/refresh"],
            ),
        ] {
            for request in requests {
                assert_eq!(named(request), bucket, "{request}");
            }
        }
    }

    #[test]
    fn what_nobody_has_followed_has_buckets_of_its_own() {
        for (request, bucket) in [
            ("GET /api/v1/logs", "/api/v1/logs"),
            ("GET /api/v1/logStreams/0lc1", "/api/v1/logStreams"),
            ("GET /api/v1/devices", "/api/v1/devices"),
            ("POST /api/v1/devices/guo1/lifecycle/suspend", "/api/v1/devices"),
            ("GET /api/v1/devices/guo1/users", "/api/v1/devices/{id}/users"),
            ("PUT /api/v1/principal-rate-limits/0xx1", "/api/v1/principal-rate-limits"),
            ("GET /api/v1/authorizationServers/aus1/clients", "/api/v1/authorizationServers"),
            ("GET /api/v1/org", "/api/v1/org"),
            ("POST /api/v1/eventHooks/who1/lifecycle/verify", "/api/v1/eventHooks"),
            ("GET /api/v1/meta/schemas/user/default", "/api/v1/meta"),
            ("POST /api/v1/identity-sources/0oa1/sessions", "/api/v1/identity-sources/{id}/sessions"),
            ("DELETE /api/v1/identity-sources/0oa1/sessions/9", "/api/v1/identity-sources/{id}/sessions"),
            (
                "POST /api/v1/identity-sources/0oa1bcdefghijklmn5d7/sessions/0oa9bcdefghijklmn5d7/bulk-upsert",
                "POST /api/v1/identity-sources/{id}/sessions/{id}/bulk-upsert",
            ),
            ("PUT /api/v1/identity-sources/0oa1/users/7", "/api/v1/identity-sources"),
            ("GET /oauth2/v1/clients/0oa1/roles", "/oauth2/v1/clients"),
            ("POST /oauth2/v1/token", "/oauth2/v1/token"),
            ("POST /oauth2/v1/global-token-revocation", "/oauth2/v1/global-token-revocation"),
            ("GET /governance/api/v1/campaigns", "GET /governance/api/v1/campaigns"),
            ("POST /governance/api/v2/requests", "POST /governance/api/v2/requests"),
            (
                "GET /governance/api/v2/requests/req1bcdefghijklmn5d7/messages",
                "GET /governance/api/v2/requests/{id}/messages",
            ),
            ("GET /integrations/api/v1/api-services/0oa1", "/integrations/api/v1/api-services"),
            (
                "PUT /attack-protection/api/v1/user-lockout-settings",
                "/attack-protection/api/v1/user-lockout-settings",
            ),
            ("GET /.well-known/okta-organization", "/.well-known/okta-organization"),
            ("GET /", "/"),
        ] {
            assert_eq!(named(request), bucket, "{request}");
        }
    }

    /// A line that another one above it covers would never count.
    #[test]
    fn every_line_of_the_map_counts() {
        for (index, line) in MAP.iter().enumerate() {
            let path = line.pattern.replace("{}", "00u1").replace("**", "x/y");
            let method = if line.method == "*" { "PUT" } else { line.method };
            let first = MAP.iter().position(|line| line.fits(&method.parse().unwrap(), &path));
            assert_eq!(first, Some(index), "{} {}", line.method, line.pattern);
        }
    }
}
