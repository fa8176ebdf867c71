//! What one instance does and another does not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Capacity, RateRule};

/// How the ServiceNow instance behaves where instances differ, by their properties, plugins and rules. Each of
/// these was seen on a real one, is documented, or is left open by the documentation. The default is an instance as it comes, seen by an integration user who may see all.
///
/// ```
/// use sandbox::{Habits, Sandbox};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let sandbox = Sandbox::builder().habits(Habits { invalid_query_returns_no_rows: true, ..Habits::default() }).start().await?;
/// sandbox.change_habits(|habits| habits.invalid_query_returns_no_rows = false);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Habits {
    /// `glide.authenticate.basic_auth.restriction.enforce`, as on instances of today: basic authentication is for users
    /// with `web_service_access_only`, and for who has the role `snc_basic_auth_api_access`.
    pub basic_auth_restricted: bool,
    /// `glide.oauth.inbound.client.credential.grant_type.enabled`, which is absent by default.
    pub client_credentials_grant: bool,
    /// OAuth's password grant is for users who may have an interactive session.
    pub password_grant_wants_people: bool,
    /// A token's `expires_in` is a text.
    pub token_life_as_text: bool,
    /// `glide.invalid_query.returns_no_rows`: a query with a condition that makes no sense finds nothing. By default
    /// that condition is dropped and the rest is run, which widens the result.
    pub invalid_query_returns_no_rows: bool,
    /// A query with a field that does not exist is refused, as newer releases do.
    pub unknown_fields_are_forbidden: bool,
    /// `^^` in a value of a query stands for `^`. By default it separates two conditions, one of them empty.
    pub doubled_carets_are_undone: bool,
    /// Fields that may be read and not be queried: `sys_user.email`.
    pub fields_without_query_match: BTreeSet<String>,
    /// Fields that may be asked for equality, and not for parts or ranges, nor sorted by.
    pub fields_without_query_range: BTreeSet<String>,
    /// `glide.rest.table_api.admin_only_sys_fields`: a `sys_id` that is sent with a new record is not taken.
    pub admin_only_sys_fields: bool,
    /// `glide.rest.choice.allow_non_existing_value`: any value is stored in a choice field, and `""` clears one.
    pub non_existing_choices_are_stored: bool,
    /// Fields that are not written, without an error: `incident.short_description`.
    pub read_only_fields: BTreeSet<String>,
    /// Business rules that abort the writing of records, by table, as an encoded query that these match:
    /// `{"incident": "short_descriptionLIKEtest"}`.
    pub aborting_rules: BTreeMap<String, String>,
    /// Data policies, by table: which fields are mandatory once a record matches a query.
    pub data_policies: BTreeMap<String, DataPolicy>,
    /// The plugin Security Incident Response is installed. Without it its tables do not exist.
    pub security_incident_response: bool,
    /// A release before Utah, as far as an incident's `close_code` goes.
    pub old_close_codes: bool,
    /// An item with open tasks cannot be closed itself: a business rule stops it.
    pub items_close_through_tasks: bool,
    /// Items without a flow: closing the tasks of one closes nothing else.
    pub items_stay_open: bool,
    /// Rows that access rules hide, by table, as an encoded query: `{"sys_user": "department=…"}`. As on a real
    /// instance they are counted and take up places in pages, which are cut before they are taken out.
    pub hidden_rows: BTreeMap<String, String>,
    /// Hidden rows stand in lists as `{}`, as has been seen, instead of being left out.
    pub hidden_rows_are_empty: bool,
    /// `X-Total-Count` counts what may be read.
    pub total_counts_readable: bool,
    /// Lists have no `X-Total-Count`.
    pub no_total_count: bool,
    /// Fields that access rules hide: `sys_user.email`. They are left out of records without an error.
    pub hidden_fields: BTreeSet<String>,
    /// A before-query rule hides inactive users in lists, and from the count, as it does from whoever is no
    /// administrator.
    pub inactive_users_are_hidden: bool,
    /// A list of more rows takes too long: it answers 200 and breaks off in its text.
    pub longest_list: Option<usize>,
    /// A list that takes too long answers 200 and an error, and does not just break off.
    pub cancellation_is_told: bool,
    /// What each part of a batch takes, of the 30 seconds that a batch may. Parts that the time does not reach are
    /// unserviced; the one that it ends in is done, and named nowhere. 0 by default.
    pub batch_part_millis: u64,
    /// Whether each part of a batch counts against the hourly rule too. ServiceNow does not say.
    pub batch_parts_count: bool,
    /// `com.glide.attachment.max_size`: how many megabytes an attachment may have. By default 1024.
    pub attachment_megabytes: Option<u64>,
    /// `glide.attachment.extensions`: how names of attachments may end. By default in any way.
    pub attachment_extensions: Vec<String>,
    /// The plugin SCIM v2 is not there.
    pub scim_is_missing: bool,
    /// SCIM's errors stand at the top of the body, as the standard has it; by default in `errors`, as documented.
    pub scim_errors_at_the_top: bool,
    /// A `PATCH` of a SCIM group answers 204 and no body.
    pub scim_group_patch_says_nothing: bool,
    /// The plugin that tells where roles come from is not there.
    pub role_inheritance_is_missing: bool,
    /// How long after an order the flow of its item makes the task.
    pub flow_seconds: u32,
    /// The flow of an item that was rejected does not close it.
    pub rejected_items_stay_open: bool,
    /// Access rules let nobody insert requests, items and tasks of the catalog: they are to be ordered.
    pub catalog_refuses_inserts: bool,
    /// An access rule hides what became of an imported row: 201 without a body.
    pub import_results_are_hidden: bool,
    /// How long after the answer `insertMultiple` is transformed.
    pub import_seconds: u32,
    /// A `sys_rest_insert_multiple` record says that `insertMultiple` is sent the names of columns. Without it, labels.
    pub insert_multiple_takes_names: bool,
    /// How many requests an hour the integration user may send. By default nothing limits them.
    pub rate_rules: Vec<RateRule>,
    /// How many requests it can take at once.
    pub capacity: Capacity,
}

/// Fields that must have a value: `{"when": "stateIN3,4", "mandatory": ["close_notes"]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPolicy {
    /// The records that it is for, as an encoded query.
    pub when: String,
    /// The fields' names. A refusal tells their labels.
    pub mandatory: Vec<String>,
}
