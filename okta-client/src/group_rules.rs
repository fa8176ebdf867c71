//! Group rules: who is put into groups by what is known of them.

mod model;

pub use crate::id::GroupRuleId;
use client_core::{Call, Path, Request, Safety};

pub use self::model::{GroupRule, GroupRuleStatus, NewGroupRule};
use crate::Error;
use crate::client::OktaClient;
use crate::list::Listing;
use crate::users::absent_is_none;

/// Group rules, from [`OktaClient::group_rules`]: who is put into groups by what is known of them. Scopes are those of groups.
///
/// Okta refuses two writes at once (423 E0000239), so the writes of one client, clones included, go one by one. A refusal
/// all the same, because of somebody else's write, is waited for.
#[derive(Debug, Clone, Copy)]
pub struct GroupRules<'a> {
    client: &'a OktaClient,
}

impl<'a> GroupRules<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/groups/rules/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &GroupRuleId) -> Result<GroupRule, Error> {
        self.client.send(&Call::read("okta.group_rules.get", Request::get(rule(id)))).await
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, id: &GroupRuleId) -> Result<Option<GroupRule>, Error> {
        absent_is_none(self.get(id).await)
    }

    /// `GET /api/v1/groups/rules`: all rules, or those with a word in them.
    pub fn list(&self) -> ListGroupRules<'a> {
        ListGroupRules { client: self.client, search: None, group_names: false }
    }

    /// `POST /api/v1/groups/rules`: makes a rule, INACTIVE: it does nothing until [`activate`](Self::activate).
    ///
    /// # Errors
    ///
    /// E0000001 if the name is taken, the expression makes no sense, or a group is none that rules may fill (an OKTA_GROUP
    /// without admin roles). Never repeated after an ambiguous end: look for the name.
    pub async fn create(&self, new: &NewGroupRule) -> Result<GroupRule, Error> {
        let request = Request::post(Path::new("/api/v1/groups/rules")).json(new);
        self.write(&Call::write("okta.group_rules.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/groups/rules/{id}`: replaces name and conditions of an INACTIVE rule that was read. The groups it fills
    /// can never change: make another rule.
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient, id: okta_client::group_rules::GroupRuleId) -> Result<(), okta_client::Error> {
    /// okta.group_rules().deactivate(&id).await?;
    /// let mut rule = okta.group_rules().get(&id).await?;
    /// rule.set_expression(r#"user.department=="Sales""#);
    /// okta.group_rules().replace(&rule).await?;
    /// okta.group_rules().activate(&id).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Not sent if the rule was ACTIVE when it was read.
    pub async fn replace(&self, changed: &GroupRule) -> Result<GroupRule, Error> {
        const CALL: &str = "okta.group_rules.replace";
        if changed.status == GroupRuleStatus::Active {
            return Err(Error::invalid(
                CALL,
                "an ACTIVE rule cannot be replaced: deactivate it, and read it again",
            ));
        }
        let request = Request::put(rule(&changed.id)).json(changed);
        self.write(&Call::write(CALL, Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/groups/rules/{id}/lifecycle/activate`: from now on the rule puts people into its groups, everybody
    /// whom it fits to begin with. That goes on after the answer.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn activate(&self, id: &GroupRuleId) -> Result<(), Error> {
        let request = Request::post(rule(id).word("lifecycle/activate"));
        self.write(&Call::done("okta.group_rules.activate", Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/groups/rules/{id}/lifecycle/deactivate`: the rule does no more. Whom it put into groups stays there.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn deactivate(&self, id: &GroupRuleId) -> Result<(), Error> {
        let request = Request::post(rule(id).word("lifecycle/deactivate"));
        self.write(&Call::done("okta.group_rules.deactivate", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/groups/rules/{id}`: takes the rule away, and the memberships it gave or not. Okta takes this as an
    /// order (202): memberships end after the answer.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none (a repetition that finds none succeeds).
    pub async fn delete(&self, id: &GroupRuleId, given: GivenMemberships) -> Result<(), Error> {
        let request = Request::delete(rule(id)).query("removeUsers", given == GivenMemberships::Remove);
        let call = Call::done("okta.group_rules.delete", Safety::Idempotent, request);
        self.write(&call).await
    }

    /// The turn is kept until the write has succeeded or failed for good: a write that is repeated has not yet happened.
    async fn write<T>(&self, call: &Call<T>) -> Result<T, Error> {
        let _turn = self.client.turn_to_write_rules().await;
        self.client.send(call).await
    }
}

fn rule(id: &GroupRuleId) -> Path {
    Path::new("/api/v1/groups/rules").value(id)
}

/// What becomes of the memberships that a rule gave, when it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenMemberships {
    /// They stay, as if somebody had added the people by hand.
    Keep,
    /// They end.
    Remove,
}

/// A list of rules, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListGroupRules<'a> {
    client: &'a OktaClient,
    search: Option<String>,
    group_names: bool,
}

impl ListGroupRules<'_> {
    /// Rules with these words in their name, expression or groups' names.
    pub fn search(mut self, words: impl Into<String>) -> Self {
        self.search = Some(words.into());
        self
    }

    /// The names of their groups too: [`GroupRule::group_names`].
    pub fn with_group_names(mut self) -> Self {
        self.group_names = true;
        self
    }

    /// Sends it: a stream of rules.
    pub fn send(self) -> Listing<GroupRule> {
        let request = Request::get(Path::new("/api/v1/groups/rules"))
            .query_opt("search", self.search)
            .query_opt("expand", self.group_names.then_some("groupIdToGroupNameMap"))
            .query("limit", 200);
        self.client.list("okta.group_rules.list", request)
    }
}
