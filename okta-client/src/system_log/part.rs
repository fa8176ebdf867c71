//! The parts of an event that stay text until somebody asks for them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// What is read from JSON that may be of any shape.
pub(super) trait Lenient: Sized {
    /// The value; `None` if it is null or of another shape.
    fn read(value: &Value) -> Option<Self>;
}

/// Numbers too: `postalCode` is the one or the other.
impl Lenient for String {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// The words too: in `debugData` flags are text.
impl Lenient for bool {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) => word.parse().ok(),
            _ => None,
        }
    }
}

impl Lenient for u64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Lenient for f64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl Lenient for Value {
    fn read(value: &Value) -> Option<Self> {
        (!value.is_null()).then(|| value.clone())
    }
}

impl Lenient for Map<String, Value> {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

/// The elements that can be read.
impl<T: Lenient> Lenient for Vec<T> {
    fn read(value: &Value) -> Option<Self> {
        Some(value.as_array()?.iter().filter_map(T::read).collect())
    }
}

/// Takes what can be read as `T` out of `fields`, and leaves there what cannot.
fn take<T: Lenient>(fields: &mut Map<String, Value>, name: &str) -> Option<T> {
    let read = fields.get(name).and_then(T::read);
    if read.is_some() || fields.get(name).is_some_and(Value::is_null) {
        fields.remove(name);
    }
    read
}

/// Defines a part: every field may be missing, and what has no field or does not fit it is in `other`.
macro_rules! part {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$doc:meta])* pub $field:ident: $type:ty = $wire:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: Option<$type>,)+
            /// What else Okta sent.
            pub other: Map<String, Value>,
        }

        impl Lenient for $name {
            fn read(value: &Value) -> Option<Self> {
                let mut other = value.as_object()?.clone();
                Some(Self { $($field: take(&mut other, $wire),)+ other })
            }
        }

        /// The names of what is there: addresses, places and sessions are about people.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(if self.$field.is_some() {
                    shown.field(stringify!($field), &format_args!("_"));
                })+
                shown.finish_non_exhaustive()
            }
        }
    };
}

part!(
    /// From where something was done.
    pub struct LogClient {
        /// The program.
        pub user_agent: LogUserAgent = "userAgent",
        /// The name of the network zone; may be the text `null`.
        pub zone: String = "zone",
        /// The kind of device: `Computer`, `Mobile`, `Unknown`.
        pub device: String = "device",
        /// The OAuth client's id.
        pub id: String = "id",
        /// The address.
        pub ip_address: String = "ipAddress",
        /// Where that address is.
        pub geographical_context: LogGeographicalContext = "geographicalContext",
        /// The way of the request; in the deliveries of event hooks only. Elsewhere [`LogEvent::ip_chain`](crate::system_log::LogEvent::ip_chain).
        pub ip_chain: Vec<LogIpAddress> = "ipChain",
    }
);

part!(
    /// The program that something was done with.
    pub struct LogUserAgent {
        /// As it was sent.
        pub raw_user_agent: String = "rawUserAgent",
        /// The operating system.
        pub os: String = "os",
        /// The browser: `CHROME`, `UNKNOWN`.
        pub browser: String = "browser",
    }
);

part!(
    /// Where an address is.
    pub struct LogGeographicalContext {
        /// The city.
        pub city: String = "city",
        /// The state or province.
        pub state: String = "state",
        /// The country.
        pub country: String = "country",
        /// The postal code.
        pub postal_code: String = "postalCode",
        /// The coordinates.
        pub geolocation: LogGeolocation = "geolocation",
    }
);

part!(
    /// Coordinates.
    pub struct LogGeolocation {
        /// Latitude.
        pub lat: f64 = "lat",
        /// Longitude.
        pub lon: f64 = "lon",
    }
);

part!(
    /// A device that is registered with Okta.
    pub struct LogDevice {
        /// Its id, `guo…`.
        pub id: String = "id",
        /// Its name.
        pub name: String = "name",
        /// `WINDOWS`, `MACOS`, `IOS`, `ANDROID` …
        pub os_platform: String = "os_platform",
        /// The version of that.
        pub os_version: String = "os_version",
        /// Whether it is managed.
        pub managed: bool = "managed",
        /// Whether it is registered.
        pub registered: bool = "registered",
        /// What manages or guards it.
        pub device_integrator: Value = "device_integrator",
        /// `FULL`, `USER`, `ALL_INTERNAL_VOLUMES`, `SYSTEM_VOLUME`, `NONE` …
        pub disk_encryption_type: String = "disk_encryption_type",
        /// `BIOMETRIC`, `PASSCODE`, `NONE` …
        pub screen_lock_type: String = "screen_lock_type",
        /// Whether its protections were removed.
        pub jailbreak: bool = "jailbreak",
        /// Whether it has hardware for keys.
        pub secure_hardware_present: bool = "secure_hardware_present",
    }
);

part!(
    /// How the actor was authenticated.
    pub struct LogAuthenticationContext {
        /// `OKTA_AUTHENTICATION_PROVIDER`, `ACTIVE_DIRECTORY`, `FEDERATION`, `FACTOR_PROVIDER` …
        pub authentication_provider: String = "authenticationProvider",
        /// `OKTA_CREDENTIAL_PROVIDER`, `DUO`, `YUBIKEY` …
        pub credential_provider: String = "credentialProvider",
        /// `PASSWORD`, `OTP`, `ASSERTION` …
        pub credential_type: String = "credentialType",
        /// Who vouched for it.
        pub issuer: LogIssuer = "issuer",
        /// The session, as others may know it: what all events of one session share. May be the text `unknown`.
        pub external_session_id: String = "externalSessionId",
        /// The session that this one came from.
        pub root_session_id: String = "rootSessionId",
        /// Through what the actor came, if not through Okta's own pages.
        pub interface: String = "interface",
        /// Always 0.
        pub authentication_step: u64 = "authenticationStep",
    }
);

part!(
    /// Who vouched for an authentication.
    pub struct LogIssuer {
        /// Its id.
        pub id: String = "id",
        /// What it is.
        pub kind: String = "type",
    }
);

part!(
    /// What Okta thinks of where something came from.
    pub struct LogSecurityContext {
        /// The number of the autonomous system that the address is in.
        pub as_number: u64 = "asNumber",
        /// Whose that is.
        pub as_org: String = "asOrg",
        /// The internet service provider.
        pub isp: String = "isp",
        /// The domain of the address.
        pub domain: String = "domain",
        /// Whether it is a known proxy.
        pub is_proxy: bool = "isProxy",
        /// More about the address.
        pub ip_details: LogIpDetails = "ipDetails",
        /// The risk.
        pub risk: LogRisk = "risk",
        /// What was unusual. Sometimes of other shapes: then it is in `other`.
        pub user_behaviors: Vec<LogUserBehavior> = "userBehaviors",
        /// Whether it may have been a bot.
        pub bot_protection: LogBotProtection = "botProtection",
    }
);

part!(
    /// What is known of an address.
    pub struct LogIpDetails {
        /// The number of the autonomous system that it is in.
        pub as_number: u64 = "asNumber",
        /// Whose that is.
        pub as_org: String = "asOrg",
        /// The internet service provider.
        pub isp: String = "isp",
        /// Its domain.
        pub domain: String = "domain",
        /// What services it belongs to.
        pub ip_service_categories: Vec<LogIpServiceCategory> = "ipServiceCategories",
    }
);

part!(
    /// A service that hides where somebody is.
    pub struct LogIpServiceCategory {
        /// `VPN`, `Proxy`, `Tor`, `Residential Proxy`, `Blockchain VPN` …
        pub kind: String = "type",
        /// Whose it is.
        pub operator: String = "operator",
        /// Whether it makes people anonymous.
        pub is_anonymous: bool = "isAnonymous",
    }
);

part!(
    /// A risk.
    pub struct LogRisk {
        /// `LOW`, `MEDIUM`, `HIGH` …
        pub level: String = "level",
        /// What it was before.
        pub previous_level: String = "previousLevel",
        /// Why.
        pub reasons: Vec<String> = "reasons",
        /// What detected it.
        pub detection_name: String = "detectionName",
        /// Who says so.
        pub issuer: String = "issuer",
    }
);

part!(
    /// What a model of somebody's habits says.
    pub struct LogUserBehavior {
        /// The model's id.
        pub id: String = "id",
        /// Its name: `New Device`.
        pub name: String = "name",
        /// `POSITIVE`: it is unusual. `NEGATIVE`, `UNKNOWN`, `BAD_REQUEST` …
        pub result: String = "result",
    }
);

part!(
    /// Whether something was done by a bot.
    pub struct LogBotProtection {
        /// `NONE`, `LOW`, `MEDIUM`, `HIGH` …
        pub level: String = "level",
    }
);

part!(
    /// An address on the way of a request.
    pub struct LogIpAddress {
        /// The address.
        pub ip: String = "ip",
        /// `V4` or `V6`.
        pub version: String = "version",
        /// From where it is known.
        pub source: String = "source",
        /// Where it is.
        pub geographical_context: LogGeographicalContext = "geographicalContext",
        /// More about it.
        pub ip_details: LogIpDetails = "ipDetails",
    }
);

part!(
    /// The call or job that an event was part of.
    pub struct LogTransaction {
        /// Its id: for calls to the API what the answer's `X-Okta-Request-Id` says.
        pub id: String = "id",
        /// `WEB` or `JOB`.
        pub kind: String = "type",
        /// What else is known of it: `requestApiTokenId`, the token of the call.
        pub detail: Map<String, Value> = "detail",
    }
);

part!(
    /// What was changed in a target.
    pub struct LogChangeDetails {
        /// How it was.
        pub from: Map<String, Value> = "from",
        /// How it is now.
        pub to: Map<String, Value> = "to",
    }
);

/// `debugContext.debugData`: what Okta notes about an event for want of a better place. No contract: keys and
/// values change.
///
/// Many types have `requestId`, `requestUri`, `url`, `traceId`, `risk`, `behaviors`, `logOnlySecurityData`,
/// `threatSuspected`, `threatDetections`, `dtHash`, `deviceFingerprint`, `authnRequestId`, `origin`, `proxyType`.
/// Sign-ins have `loginResult`, `reasonForFailure`; roles `privilegeGranted`, `privilegeRevoked`; a report of
/// suspicious activity `suspiciousActivityEventId` and more of that beginning.
#[derive(Clone, PartialEq, Default)]
pub struct LogDebugData(Map<String, Value>);

impl LogDebugData {
    /// A value, if it is text; mostly it is.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// Whether a value is true: the word will do.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        self.0.get(key).and_then(bool::read).unwrap_or_default()
    }

    /// A value that packs several into one text: `behaviors` is `{New Device=POSITIVE, New IP=NEGATIVE}`. Of
    /// text that is not packed so it is `None`.
    #[must_use]
    pub fn packed(&self, key: &str) -> Option<BTreeMap<&str, &str>> {
        let mut rest = self.text(key)?.strip_prefix('{')?.strip_suffix('}')?;
        let mut values = BTreeMap::new();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            // A value may have commas in it; a name has none.
            let next = after.find('=').map_or(Some(after.len()), |equals| after[..equals].rfind(", "))?;
            values.insert(name, &after[..next]);
            rest = after[next..].strip_prefix(", ").unwrap_or_default();
        }
        Some(values)
    }

    /// Everything.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl Lenient for LogDebugData {
    fn read(value: &Value) -> Option<Self> {
        Map::read(value).map(Self)
    }
}

/// The keys: values may be about people.
impl fmt::Debug for LogDebugData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn packed(text: &str) -> Option<Vec<(String, String)>> {
        let data = LogDebugData::read(&json!({ "x": text })).unwrap();
        let values = data.packed("x")?;
        Some(values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn packed_values_are_taken_apart() {
        for (text, expected) in [
            (
                "{New Device=POSITIVE, New IP=NEGATIVE}",
                vec![("New Device", "POSITIVE"), ("New IP", "NEGATIVE")],
            ),
            (
                "{reasons=Anomalous Device, New City, level=HIGH}",
                vec![("level", "HIGH"), ("reasons", "Anomalous Device, New City")],
            ),
            ("{level=}", vec![("level", "")]),
            ("{}", vec![]),
        ] {
            let expected = expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(packed(text), Some(expected.collect()), "{text}");
        }
        assert_eq!((packed("HIGH"), packed("{HIGH}")), (None, None));
    }

    #[test]
    fn a_field_of_another_shape_is_kept_beside_the_others() {
        let context = json!({
            "asNumber": "2119", "isp": "isp", "domain": null, "userBehaviors": { "New IP": "POSITIVE" },
            "risk": { "level": "HIGH", "reasons": ["a", 1, null], "newer": [] }, "newest": 1,
        });
        let context = LogSecurityContext::read(&context).unwrap();
        assert_eq!(
            (context.isp.as_deref(), context.as_number, &context.user_behaviors),
            (Some("isp"), None, &None)
        );
        assert_eq!(context.other.keys().collect::<Vec<_>>(), ["asNumber", "newest", "userBehaviors"]);
        let risk = context.risk.unwrap();
        assert_eq!(risk.reasons, Some(vec!["a".to_owned(), "1".to_owned()]));
        assert_eq!(risk.other.keys().collect::<Vec<_>>(), ["newer"]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_taken_apart(text in r"\{?([a-z]{0,3}[=, é]{0,3}){0,6}\}?") {
            packed(&text);
        }
    }
}
