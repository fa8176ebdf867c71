//! SCIM 2.0: users and groups in the form that provisioning systems speak. `/api/now/scim`.
//!
//! # When to use it
//!
//! If the customer runs it already, or if `externalId` is needed. For everything else the
//! [Table API](crate::Table) is better: SCIM wants the plugin `com.snc.integration.scim2` and the role **`scim_admin`**,
//! which reaches all users and groups; its lists have no order that holds, and cannot be paged by key; and it knows a
//! part of what a record has.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
//! use futures::TryStreamExt as _;
//! use servicenow_client::scim::{Filter, Patch};
//!
//! let users = servicenow.scim().users();
//! let mut sales = users.list().filter(Filter::eq("title", "Sales Engineer").and(Filter::eq("active", true)));
//! while let Some(user) = sales.try_next().await? {
//!     println!("{:?}", user.user_name);
//! }
//! // Offboarding: nobody is deleted.
//! if let Some(leaver) = users.find_by_external_id("00u1f3b").await? {
//!     users.patch(&leaver.id, Patch::new().replace("active", false)).await?;
//! }
//! # Ok(()) }
//! ```
//!
//! # What is odd about it
//!
//! - The enterprise extension of the standard is not used: [`UserExtension`] is ServiceNow's own.
//! - `externalId` and `userType` live in `sys_scim_user`, the rest in `sys_user`; a group's `externalId` in
//!   `sys_scim_group`.
//! - **`DELETE` of a user deletes the row in `sys_user`**, and history with it: see [`Resources::erase`].
//! - An e-mail address, and a group's name, count as unique: a second one is [`is_conflict`](crate::Error::is_conflict).
//! - A group's members are at most 100 in a call (`com.snc.integration.scim2.max.member.count`).

mod echo;
mod filter;
mod lenient;
mod list;
mod model;
mod patch;

use std::fmt;
use std::marker::PhantomData;

use client_core::{Call, Path, Request, Response, Safety};
use serde::Serialize;
use serde_json::{Map, Value as Json};

pub use self::filter::{Filter, Operand};
pub use self::list::List;
pub use self::model::{
    Address, Contact, Group, GroupExtension, Meta, Name, Named, Provisioned, Reference, Resource,
    ResourceType, Schema, ServiceProviderConfig, Support, User, UserExtension,
};
pub use self::patch::Patch;
use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};

const ROOT: &str = "/api/now/scim";

/// The doors to SCIM's resources. Cheap to make.
#[derive(Debug, Clone)]
pub struct Scim {
    client: ServiceNowClient,
}

impl Scim {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// `Users`: what is in `sys_user`.
    pub fn users(&self) -> Resources<User> {
        self.resources("Users")
    }

    /// `Groups`: what is in `sys_user_group`.
    pub fn groups(&self) -> Resources<Group> {
        self.resources("Groups")
    }

    /// `Companies`: what is in `core_company`. To be read only.
    pub fn companies(&self) -> Resources<Named> {
        self.resources("Companies")
    }

    /// `CostCenters`: what is in `cmn_cost_center`. To be read only.
    pub fn cost_centers(&self) -> Resources<Named> {
        self.resources("CostCenters")
    }

    /// `Departments`: what is in `cmn_department`. To be read only.
    pub fn departments(&self) -> Resources<Named> {
        self.resources("Departments")
    }

    /// `Locations`: what is in `cmn_location`. To be read only.
    pub fn locations(&self) -> Resources<Named> {
        self.resources("Locations")
    }

    /// What each resource may have. `GET /api/now/scim/Schemas`.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn schemas(&self) -> Result<Vec<Schema>> {
        self.client.send(&about("Schemas").with_decode(list::all)).await
    }

    /// Which resources there are. `GET /api/now/scim/ResourceTypes`.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn resource_types(&self) -> Result<Vec<ResourceType>> {
        self.client.send(&about("ResourceTypes").with_decode(list::all)).await
    }

    /// What this SCIM can do. `GET /api/now/scim/ServiceProviderConfig`; it needs no role, so it tells whether the plugin
    /// is there: without it the error is [`UnknownResource`](ProblemKind::UnknownResource).
    ///
    /// # Errors
    ///
    /// What the call met.
    pub async fn service_provider_config(&self) -> Result<ServiceProviderConfig> {
        self.client.send(&about("ServiceProviderConfig").with_decode(Response::json)).await
    }

    fn resources<T>(&self, endpoint: &'static str) -> Resources<T> {
        Resources { client: self.client.clone(), endpoint, resource: PhantomData }
    }
}

fn about(what: &'static str) -> Call<Json> {
    Call::read("servicenow.scim.about", Request::get(Path::new(ROOT).word(what)))
}

/// One kind of resource. Cheap to clone.
pub struct Resources<T> {
    client: ServiceNowClient,
    endpoint: &'static str,
    resource: PhantomData<fn() -> T>,
}

impl<T: Resource> Resources<T> {
    /// All, or those that a [filter](List::filter) lets through, as a stream. `GET /api/now/scim/{Users|…}`.
    pub fn list(&self) -> List<T> {
        List::new(self.clone())
    }

    /// The one with this id. `GET /api/now/scim/{Users|…}/{id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none; [`WrongRecord`](ProblemKind::WrongRecord) if another
    /// came.
    pub fn get(&self, id: &SysId) -> Prepared<T> {
        let wanted = id.clone();
        Prepared::new(&self.client, self.get_call(id), move |resource| exactly(resource, &wanted))
    }

    fn get_call(&self, id: &SysId) -> Call<T> {
        Call::read("servicenow.scim.get", Request::get(self.path().value(id)))
    }

    pub(crate) fn path(&self) -> Path {
        Path::new(ROOT).word(self.endpoint)
    }
}

impl<T: Provisioned> Resources<T> {
    /// The one that somebody provisioned under this id of theirs.
    /// `GET /api/now/scim/{Users|Groups}?filter=externalId eq "…"`.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`](ProblemKind::Ambiguous) if there are more, [`NotHonoured`](ProblemKind::NotHonoured) if what came
    /// has another one, [`Hidden`](ProblemKind::Hidden) if one was counted and did not come.
    pub fn find_by_external_id(&self, external_id: &str) -> Prepared<Option<T>> {
        let wanted = external_id.to_owned();
        self.find_one("externalId", external_id, move |found| found.external_id() == Some(&wanted))
    }

    /// Creates one, from an object of attributes. `POST /api/now/scim/{Users|Groups}`. `schemas` is added.
    ///
    /// Never repeated after an ambiguous end: look for it by what is unique before you make it again.
    ///
    /// # Errors
    ///
    /// [`is_conflict`](Error::is_conflict) if there is one with this name, e-mail address or `externalId`.
    pub fn create(&self, attributes: &impl Serialize) -> Prepared<T> {
        let request = with_document(Request::post(self.path()), document::<T>(attributes));
        let call = Call::write("servicenow.scim.create", Safety::Unsafe, request);
        Prepared::new(&self.client, call, Ok)
    }

    /// Replaces the whole resource: **what is not there is cleared**. `PUT /api/now/scim/{Users|Groups}/{id}`. To change
    /// a part, [`patch`](Self::patch).
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) names the attributes that came back with another value.
    pub fn replace(&self, id: &SysId, attributes: &impl Serialize) -> Prepared<T> {
        let wanted = id.clone();
        let document = document::<T>(attributes);
        let sent = document.as_ref().cloned().unwrap_or_default();
        let request = with_document(Request::put(self.path().value(id)), document);
        let call = Call::write("servicenow.scim.replace", Safety::Idempotent, request);
        Prepared::new(&self.client, call, move |came| written(exactly(came, &wanted)?, &sent, &[]))
    }

    /// Changes a part. `PATCH /api/now/scim/{Users|Groups}/{id}`; if the instance answers without a body, as a property
    /// can make it do, the resource is read.
    ///
    /// Repeated after an ambiguous end, unless it adds something.
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) names the attributes that came back with another value;
    /// [`NotLookedAt`](ProblemKind::NotLookedAt) if nothing came back and the resource could not be read.
    pub async fn patch(&self, id: &SysId, patch: Patch) -> Result<T> {
        const NAME: &str = "servicenow.scim.patch";
        let (safety, sent, added) = (patch.safety(), patch.outcome(T::EXTENSION), patch.added(T::EXTENSION));
        let request = patch.into_request(Request::patch(self.path().value(id)));
        let call = Call::<Json>::write(NAME, safety, request).with_decode(|response| {
            if response.body.is_empty() { Ok(None) } else { response.json().map(Some) }
        });
        let wanted = id.clone();
        let check = move |came: T| written(exactly(came, &wanted)?, &sent, &added);
        let (came, response) = self.client.pipeline.send_with_response(&call).await?;
        match came {
            Some(came) => check(came).map_err(|problem| self.client.distrust(&call, &response, problem)),
            None => {
                let look = Prepared::new(&self.client, self.get_call(id), check).await;
                look.map_err(|error| self.client.after_write(&call, &response, id, error))
            }
        }
    }

    /// Exactly one, or none, for look-ups that decide what is written.
    fn find_one(
        &self,
        attribute: &'static str,
        value: &str,
        is_it: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Prepared<Option<T>> {
        let request = self.list().filter(Filter::eq(attribute, value)).page_size(2).request();
        let call = Call::<Json>::read("servicenow.scim.find", request).with_decode(list::page::<T>);
        Prepared::new(&self.client, call, move |(counted, mut found)| {
            let (kind, message) = match (found.len(), counted) {
                (1, None | Some(0 | 1)) if !is_it(&found[0]) => (
                    ProblemKind::NotHonoured { field: attribute.into() },
                    "what came does not have the value asked for",
                ),
                (0, Some(0)) | (1, None | Some(0 | 1)) => return Ok(found.pop()),
                (0, _) => (ProblemKind::Hidden, "nothing came, and not because nothing was counted"),
                _ => (ProblemKind::Ambiguous, "more than one matches"),
            };
            Err(ServiceNowProblem::found(kind, message))
        })
    }

    fn delete_call(&self, id: &SysId) -> Call<()> {
        Call::done("servicenow.scim.delete", Safety::Idempotent, Request::delete(self.path().value(id)))
    }
}

impl Resources<User> {
    /// The one with this `userName`. `GET /api/now/scim/Users?filter=userName eq "…"`.
    ///
    /// # Errors
    ///
    /// As [`find_by_external_id`](Self::find_by_external_id).
    pub fn find_by_user_name(&self, user_name: &str) -> Prepared<Option<User>> {
        let wanted = user_name.to_lowercase();
        self.find_one("userName", user_name, move |found| {
            found.user_name.as_ref().is_some_and(|name| name.to_lowercase() == wanted)
        })
    }

    /// Deletes the row in `sys_user`, **for good**: references to it break and history loses its author. For somebody who
    /// leaves, `patch` with `active` false; this is for what a test has made, or a twin.
    /// `DELETE /api/now/scim/Users/{id}`.
    ///
    /// The user is read first, has to have this `userName`, and must be inactive already.
    ///
    /// # Errors
    ///
    /// [`WrongRecord`](ProblemKind::WrongRecord) if the user has another name; not sent if it is active, or does not tell.
    /// Nothing is deleted then.
    pub async fn erase(&self, id: &SysId, user_name: &str) -> Result<()> {
        const NAME: &str = "servicenow.scim.erase";
        let (wanted, name) = (id.clone(), user_name.to_owned());
        let check = move |user| exactly::<User>(user, &wanted).and_then(|user| named(user, &name));
        let user = Prepared::new(&self.client, self.get_call(id), check).await?;
        if user.active != Some(false) {
            return Err(Error::invalid(
                NAME,
                "the user is not inactive: deactivate first, and mostly leave it at that",
            ));
        }
        self.client.send(&self.delete_call(id)).await
    }
}

impl Resources<Group> {
    /// Deletes the row in `sys_user_group`. `DELETE /api/now/scim/Groups/{id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none.
    pub async fn delete(&self, id: &SysId) -> Result<()> {
        self.client.send(&self.delete_call(id)).await
    }
}

fn exactly<T: Resource>(resource: T, wanted: &SysId) -> Result<T, ServiceNowProblem> {
    let came = resource.id();
    if came == wanted {
        return Ok(resource);
    }
    let message = format!("the resource that came back is {came}, not {wanted}");
    Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message))
}

fn named(user: User, user_name: &str) -> Result<User, ServiceNowProblem> {
    if user.user_name.as_deref() == Some(user_name) {
        return Ok(user);
    }
    let message = "the user with this id has another name: nothing was deleted";
    Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message))
}

/// Compares what came with what was sent.
fn written<T: Provisioned>(
    came: T,
    sent: &Map<String, Json>,
    added: &[String],
) -> Result<T, ServiceNowProblem> {
    let json = serde_json::to_value(&came).unwrap_or_default();
    let fields = echo::differences(sent, &json, T::COMPUTED, added);
    if fields.is_empty() {
        return Ok(came);
    }
    let message = format!("these attributes did not take their value: {}", fields.join(", "));
    Err(ServiceNowProblem::found(ProblemKind::NotWritten { fields }, message))
}

/// What to write, with the schemas that it follows.
fn document<T: Provisioned>(attributes: &impl Serialize) -> Result<Map<String, Json>, &'static str> {
    let Ok(Json::Object(mut document)) = serde_json::to_value(attributes) else {
        return Err("the attributes to write must be an object");
    };
    if document.contains_key("password") {
        return Err("ServiceNow's SCIM sets no passwords (changePassword is off)");
    }
    let extended = document.contains_key(T::EXTENSION);
    let schemas = [T::CORE].into_iter().chain(extended.then_some(T::EXTENSION));
    document.entry("schemas").or_insert_with(|| schemas.collect());
    Ok(document)
}

fn with_document(request: Request, document: Result<Map<String, Json>, &'static str>) -> Request {
    match document {
        Ok(document) => request.json(&document),
        Err(flaw) => request.flawed(flaw),
    }
}

impl<T> Clone for Resources<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), endpoint: self.endpoint, resource: PhantomData }
    }
}

impl<T> fmt::Debug for Resources<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resources({})", self.endpoint)
    }
}
