//! What we send is what Okta's own OpenAPI description knows: method, path, query and body names.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use okta_client::{
    Activation, Filter, GroupId, Mail, NewUser, OktaClient, Profile, ProfilePatch, Transport, TransportError,
    UserId,
};
use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use support::TestClock;

/// Refuses everything and remembers it.
#[derive(Debug, Default)]
struct Refusing(Mutex<Vec<http::Request<Bytes>>>);

#[async_trait]
impl Transport for Refusing {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.0.lock().unwrap().push(request);
        Ok(http::Response::builder().status(404).body(Bytes::new()).unwrap())
    }
}

/// One request of every method that sends one.
async fn requests() -> Vec<http::Request<Bytes>> {
    let network = Arc::new(Refusing::default());
    let okta = OktaClient::builder("https://acme.okta.com")
        .api_token("t0ken".into())
        .clock(Arc::new(TestClock::default()))
        .transport(network.clone())
        .build()
        .unwrap();
    let (ann, sales): (UserId, GroupId) = ("00u1".parse().unwrap(), "00g1".parse().unwrap());
    let new =
        NewUser { profile: Profile::new().with("login", "a@x.example"), group_ids: vec![sales.clone()] };
    let since = "2026-03-01T00:00:00Z".parse().unwrap();
    let filter = || Filter::present("id");
    let (users, groups) = (okta.users(), okta.groups());

    let refused = [
        users.get(&ann).await.is_err(),
        users.get_by_login("a@x.example").await.is_err(),
        users.list().search(filter()).send().collect_all().await.is_err(),
        users.list().filter(filter()).limit(10).send().collect_all().await.is_err(),
        users.create(&new, Activation::Staged).await.is_err(),
        users.update(&ann, &ProfilePatch::new().set("title", "Lead")).await.is_err(),
        users.groups(&ann).collect_all().await.is_err(),
        users.activate(&ann, Mail::Withhold).await.is_err(),
        users.reactivate(&ann, Mail::Withhold).await.is_err(),
        users.deactivate(&ann).await.is_err(),
        users.suspend(&ann).await.is_err(),
        users.unsuspend(&ann).await.is_err(),
        users.unlock(&ann).await.is_err(),
        users.expire_password(&ann).await.is_err(),
        users.reset_factors(&ann).await.is_err(),
        groups.get(&sales).await.is_err(),
        groups.find_by_name("Sales").await.is_err(),
        groups.list().search(filter()).send().collect_all().await.is_err(),
        groups.members(&sales).collect_all().await.is_err(),
        groups.add(&sales, &ann).await.is_err(),
        groups.remove(&sales, &ann).await.is_err(),
        okta.system_log().between(since, since).filter(filter()).send().collect_all().await.is_err(),
    ];
    let requests = std::mem::take(&mut *network.0.lock().unwrap());
    assert!(refused.iter().all(|refused| *refused));
    assert_eq!(requests.len(), refused.len());
    requests
}

/// The description, with references followed.
struct Spec<'a>(&'a Yaml<'a>);

impl<'a> Spec<'a> {
    fn resolve(&self, node: &'a Yaml<'a>) -> &'a Yaml<'a> {
        match node.as_mapping_get("$ref").and_then(Yaml::as_str) {
            Some(reference) => {
                let target = reference.trim_start_matches("#/").split('/');
                self.resolve(target.fold(self.0, |node, name| node.as_mapping_get(name).unwrap()))
            }
            None => node,
        }
    }

    /// The path item whose pattern fits, with as few placeholders as can be.
    fn path(&self, path: &str) -> Option<&'a Yaml<'a>> {
        let segments: Vec<_> = path.split('/').collect();
        let paths = self.0.as_mapping_get("paths")?.as_mapping()?;
        let fitting = paths.iter().filter_map(|(pattern, item)| {
            let pattern: Vec<_> = pattern.as_str()?.split('/').collect();
            let fits = pattern.len() == segments.len()
                && pattern.iter().zip(&segments).all(|(known, is)| known.starts_with('{') || known == is);
            fits.then(|| (pattern.iter().filter(|segment| segment.starts_with('{')).count(), item))
        });
        fitting.min_by_key(|(placeholders, _)| *placeholders).map(|(_, item)| item)
    }

    fn query_names(&self, node: &'a Yaml<'a>) -> BTreeSet<&'a str> {
        let parameters = node.as_mapping_get("parameters").and_then(Yaml::as_sequence);
        parameters
            .into_iter()
            .flatten()
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter.as_mapping_get("in").and_then(Yaml::as_str) == Some("query"))
            .filter_map(|parameter| parameter.as_mapping_get("name")?.as_str())
            .collect()
    }

    /// The names of a schema's fields, with those of what it is made of.
    fn fields(&self, schema: &'a Yaml<'a>, names: &mut BTreeSet<&'a str>) {
        let schema = self.resolve(schema);
        if let Some(properties) = schema.as_mapping_get("properties").and_then(Yaml::as_mapping) {
            names.extend(properties.keys().filter_map(|name| name.as_str()));
        }
        for part in ["allOf", "oneOf", "anyOf"] {
            let parts = schema.as_mapping_get(part).and_then(Yaml::as_sequence);
            parts.into_iter().flatten().for_each(|part| self.fields(part, names));
        }
    }

    fn body_names(&self, operation: &'a Yaml<'a>) -> BTreeSet<&'a str> {
        let mut names = BTreeSet::new();
        let schema = operation
            .as_mapping_get("requestBody")
            .map(|body| self.resolve(body))
            .and_then(|body| body.as_mapping_get("content")?.as_mapping_get("application/json"))
            .and_then(|json| json.as_mapping_get("schema"));
        if let Some(schema) = schema {
            self.fields(schema, &mut names);
        }
        names
    }
}

#[tokio::test]
async fn every_request_is_one_that_okta_describes() {
    let Some(file) = support::shared("specs/okta-management.yaml") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    let spec = Spec(&documents[0]);
    for request in requests().await {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let item = spec.path(path).unwrap_or_else(|| panic!("{path} is not described"));
        let operation = item
            .as_mapping_get(&method.to_lowercase())
            .unwrap_or_else(|| panic!("{method} {path} is not described"));
        let mut known = spec.query_names(operation);
        known.extend(spec.query_names(item));
        for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap();
            assert!(known.contains(name), "{method} {path} knows no {name}, only {known:?}");
        }
        if !request.body().is_empty() {
            let known = spec.body_names(operation);
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            for name in body.as_object().unwrap().keys() {
                assert!(known.contains(name.as_str()), "{method} {path} takes no {name}, only {known:?}");
            }
        }
    }
}
