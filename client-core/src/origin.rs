//! Where a client sends its requests, and nowhere else.

use std::fmt;

use url::{Host, Url};

/// Scheme, host and port of the other side. `https`, or `http` to a loopback address.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin(Url);

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be used as the address: {why}")]
pub struct InvalidOrigin {
    /// What was given, without user info, query and fragment: people paste tokens there.
    pub text: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Origin {
    /// Reads an address as people write it: spaces around it, a missing `https://` and one trailing slash
    /// are forgiven; a path, query, fragment or user info are not.
    ///
    /// # Errors
    ///
    /// If it is no URL, says more than an origin, or would send credentials in clear to another machine.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let shown = with_scheme.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit('@').next().unwrap_or_default();
        let fail = |why: &str| InvalidOrigin { text: shown.to_owned(), why: why.to_owned() };
        let url = Url::parse(&with_scheme).map_err(|error| fail(&error.to_string()))?;
        let Some(host) = url.host() else { return Err(fail("there is no host")) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fail("leave out user name and password: credentials are given on their own"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(fail("give scheme, host and port only, without a path or query"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => {
                return Err(fail("credentials go over https; plain http is for loopback addresses only"));
            }
            _ => return Err(fail("it must begin with https://")),
        }
        Ok(Self(url))
    }

    /// The host's name, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Puts a path, and perhaps a query, on the origin.
    pub(crate) fn join(&self, path: &str, query: &[(String, String)]) -> Result<Url, url::ParseError> {
        // Parsed as text: `Url::join` would take `//host` for another origin.
        let mut url = Url::parse(&format!("{}{path}", self.as_str()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// The origin without a trailing slash: `https://acme.okta.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for text in ["https://acme.okta.com", " acme.okta.com ", "https://acme.okta.com/"] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), "https://acme.okta.com", "{text:?}");
        }
        assert_eq!(Origin::parse("http://127.0.0.1:8080").unwrap().as_str(), "http://127.0.0.1:8080");
        assert!(Origin::parse("http://[::1]:8080").is_ok());
    }

    #[test]
    fn what_would_leak_or_mislead_is_refused() {
        for text in [
            "",
            "http://acme.okta.com",
            "http://127.0.0.1.evil.example",
            "https://user:hunter2@acme.okta.com",
            "https://acme.okta.com/api/v1",
            "https://acme.okta.com?x=1",
            "ftp://acme.okta.com",
        ] {
            let error = Origin::parse(text).expect_err(text).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_path_cannot_change_the_origin() {
        let origin = Origin::parse("https://acme.okta.com").unwrap();
        let url = origin.join("//evil.example/api", &[]).unwrap();
        assert_eq!(url.host_str(), Some("acme.okta.com"));
    }
}
