//! The tables that the instance has, with their fields, and the choices of the base system.

use Kind::{Boolean, DateTime, Integer, Journal, List, Reference, Text};

/// What a field holds. All of it travels as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
    DateTime,
    /// The sys_id of a record of that table.
    Reference(&'static str),
    /// Entries in `sys_journal_field`; the field itself is empty.
    Journal,
    List,
}

type Field = (&'static str, Kind);

/// A table.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    /// The table it extends.
    pub(crate) base: Option<&'static str>,
    /// The field that stands for a record where it is referenced.
    pub(crate) display: &'static str,
    /// What the table's numbers begin with.
    pub(crate) prefix: Option<&'static str>,
    own: &'static [Field],
}

impl Schema {
    /// All fields: the common ones, those of the base table, its own.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        let inherited = self.base.and_then(find).map_or(&[][..], |base| base.own);
        COMMON.iter().chain(inherited).chain(self.own).copied()
    }

    pub(crate) fn kind(&self, field: &str) -> Option<Kind> {
        self.fields().find(|(name, _)| *name == field).map(|(_, kind)| kind)
    }

    pub(crate) fn is_task(&self) -> bool {
        self.name == "task" || self.base == Some("task")
    }
}

pub(crate) fn find(name: &str) -> Option<&'static Schema> {
    TABLES.iter().find(|table| table.name == name)
}

/// A table and those that extend it: where the rows of a base table are.
pub(crate) fn family(name: &str) -> impl Iterator<Item = &'static Schema> {
    TABLES.iter().filter(move |table| table.name == name || table.base == Some(name))
}

/// The choices of a field, those of the base table if the table has none of its own.
pub(crate) fn choices(table: &str, field: &str) -> &'static [(&'static str, &'static str)] {
    let listed = |table: &str| CHOICES.iter().find(|(name, element, _)| *name == table && *element == field);
    let base = || find(table).and_then(|schema| schema.base);
    listed(table).or_else(|| listed(base()?)).map_or(&[], |(_, _, choices)| choices)
}

const COMMON: &[Field] = &[
    ("sys_id", Text),
    ("sys_created_on", DateTime),
    ("sys_created_by", Text),
    ("sys_updated_on", DateTime),
    ("sys_updated_by", Text),
    ("sys_mod_count", Integer),
    ("sys_tags", Text),
];

pub(crate) const TABLES: &[Schema] = &[
    Schema { name: "task", base: None, display: "number", prefix: Some("TASK"), own: TASK },
    Schema { name: "incident", base: Some("task"), display: "number", prefix: Some("INC"), own: INCIDENT },
    Schema { name: "sc_request", base: Some("task"), display: "number", prefix: Some("REQ"), own: REQUEST },
    Schema { name: "sc_req_item", base: Some("task"), display: "number", prefix: Some("RITM"), own: ITEM },
    Schema {
        name: "sc_task",
        base: Some("task"),
        display: "number",
        prefix: Some("SCTASK"),
        own: CATALOG_TASK,
    },
    plain("sys_user", "name", USER),
    plain("sys_user_group", "name", GROUP),
    plain(
        "sys_user_grmember",
        "user",
        &[("user", Reference("sys_user")), ("group", Reference("sys_user_group"))],
    ),
    plain("cmn_department", "name", DEPARTMENT),
    plain("cmn_location", "name", LOCATION),
    plain("sc_catalog", "title", &[("title", Text), ("description", Text), ("active", Boolean)]),
    plain("sc_cat_item", "name", CATALOG_ITEM),
    plain("item_option_new", "question_text", VARIABLE),
    plain("sc_item_option", "value", ANSWER),
    plain("sc_item_option_mtom", "request_item", ANSWER_OF),
    plain("sysapproval_approver", "sysapproval", APPROVAL),
    plain("sys_journal_field", "element", JOURNAL),
    plain("sys_choice", "label", CHOICE),
    plain(
        "sys_properties",
        "name",
        &[("name", Text), ("value", Text), ("description", Text), ("type", Text)],
    ),
];

const fn plain(name: &'static str, display: &'static str, own: &'static [Field]) -> Schema {
    Schema { name, base: None, display, prefix: None, own }
}

const TASK: &[Field] = &[
    ("sys_class_name", Text),
    ("number", Text),
    ("short_description", Text),
    ("description", Text),
    ("state", Integer),
    ("active", Boolean),
    ("priority", Integer),
    ("impact", Integer),
    ("urgency", Integer),
    ("assigned_to", Reference("sys_user")),
    ("assignment_group", Reference("sys_user_group")),
    ("opened_at", DateTime),
    ("opened_by", Reference("sys_user")),
    ("closed_at", DateTime),
    ("closed_by", Reference("sys_user")),
    ("close_notes", Text),
    ("due_date", DateTime),
    ("expected_start", DateTime),
    ("work_start", DateTime),
    ("work_end", DateTime),
    ("parent", Reference("task")),
    ("approval", Text),
    ("approval_set", DateTime),
    ("approval_history", Journal),
    ("upon_approval", Text),
    ("upon_reject", Text),
    ("work_notes", Journal),
    ("comments", Journal),
    ("comments_and_work_notes", Journal),
    ("watch_list", List),
    ("work_notes_list", List),
    ("additional_assignee_list", List),
    ("group_list", List),
    ("contact_type", Text),
    ("correlation_id", Text),
    ("correlation_display", Text),
    ("location", Reference("cmn_location")),
    ("escalation", Integer),
    ("made_sla", Boolean),
    ("reassignment_count", Integer),
    ("sla_due", DateTime),
    ("follow_up", DateTime),
    ("activity_due", DateTime),
    ("business_duration", DateTime),
    ("calendar_duration", DateTime),
    ("task_effective_number", Text),
    ("order", Integer),
    ("knowledge", Boolean),
    ("user_input", Text),
];

const INCIDENT: &[Field] = &[
    ("caller_id", Reference("sys_user")),
    ("category", Text),
    ("subcategory", Text),
    ("incident_state", Integer),
    ("hold_reason", Integer),
    ("close_code", Text),
    ("resolved_at", DateTime),
    ("resolved_by", Reference("sys_user")),
    ("reopen_count", Integer),
    ("reopened_time", DateTime),
    ("reopened_by", Reference("sys_user")),
    ("severity", Integer),
    ("notify", Integer),
    ("parent_incident", Reference("incident")),
    ("child_incidents", Integer),
];

const REQUEST: &[Field] = &[
    ("requested_for", Reference("sys_user")),
    ("request_state", Text),
    ("stage", Text),
    ("price", Text),
    ("requested_date", DateTime),
    ("delivery_address", Text),
    ("special_instructions", Text),
];

const ITEM: &[Field] = &[
    ("request", Reference("sc_request")),
    ("cat_item", Reference("sc_cat_item")),
    ("requested_for", Reference("sys_user")),
    ("stage", Text),
    ("quantity", Integer),
    ("price", Text),
    ("recurring_price", Text),
    ("estimated_delivery", DateTime),
    ("backordered", Boolean),
    ("billable", Boolean),
    ("sc_catalog", Reference("sc_catalog")),
];

const CATALOG_TASK: &[Field] = &[
    ("request_item", Reference("sc_req_item")),
    ("request", Reference("sc_request")),
    ("sc_catalog", Reference("sc_catalog")),
];

const USER: &[Field] = &[
    ("user_name", Text),
    ("first_name", Text),
    ("middle_name", Text),
    ("last_name", Text),
    ("name", Text),
    ("email", Text),
    ("employee_number", Text),
    ("title", Text),
    ("department", Reference("cmn_department")),
    ("location", Reference("cmn_location")),
    ("manager", Reference("sys_user")),
    ("phone", Text),
    ("mobile_phone", Text),
    ("home_phone", Text),
    ("active", Boolean),
    ("locked_out", Boolean),
    ("password_needs_reset", Boolean),
    ("failed_attempts", Integer),
    ("last_login_time", DateTime),
    ("time_zone", Text),
    ("date_format", Text),
    ("time_format", Text),
    ("preferred_language", Text),
    ("vip", Boolean),
    ("source", Text),
    ("federated_id", Text),
    ("sso_source", Text),
    ("web_service_access_only", Boolean),
    ("internal_integration_user", Boolean),
    ("identity_type", Text),
    ("notification", Integer),
    ("roles", Text),
    ("street", Text),
    ("city", Text),
    ("state", Text),
    ("zip", Text),
    ("country", Text),
];

const GROUP: &[Field] = &[
    ("name", Text),
    ("description", Text),
    ("manager", Reference("sys_user")),
    ("email", Text),
    ("parent", Reference("sys_user_group")),
    ("type", List),
    ("active", Boolean),
    ("source", Text),
    ("exclude_manager", Boolean),
    ("include_members", Boolean),
    ("default_assignee", Reference("sys_user")),
    ("roles", Text),
];

const DEPARTMENT: &[Field] = &[
    ("name", Text),
    ("id", Text),
    ("description", Text),
    ("dept_head", Reference("sys_user")),
    ("parent", Reference("cmn_department")),
    ("code", Text),
];

const LOCATION: &[Field] = &[
    ("name", Text),
    ("street", Text),
    ("city", Text),
    ("state", Text),
    ("zip", Text),
    ("country", Text),
    ("parent", Reference("cmn_location")),
];

const CATALOG_ITEM: &[Field] = &[
    ("name", Text),
    ("short_description", Text),
    ("description", Text),
    ("active", Boolean),
    ("sc_catalogs", List),
    ("sys_class_name", Text),
    ("order", Integer),
];

const VARIABLE: &[Field] = &[
    ("name", Text),
    ("question_text", Text),
    ("type", Integer),
    ("mandatory", Boolean),
    ("reference", Text),
    ("cat_item", Reference("sc_cat_item")),
    ("variable_set", Text),
    ("active", Boolean),
    ("order", Integer),
    ("default_value", Text),
    ("lookup_table", Text),
    ("list_table", Text),
];

const ANSWER: &[Field] = &[
    ("item_option_new", Reference("item_option_new")),
    ("value", Text),
    ("order", Integer),
    ("cart_item", Text),
];

const ANSWER_OF: &[Field] =
    &[("request_item", Reference("sc_req_item")), ("sc_item_option", Reference("sc_item_option"))];

const APPROVAL: &[Field] = &[
    ("approver", Reference("sys_user")),
    ("state", Text),
    ("sysapproval", Reference("task")),
    ("source_table", Text),
    ("document_id", Reference("task")),
    ("group", Text),
    ("comments", Journal),
    ("due_date", DateTime),
    ("expected_start", DateTime),
    ("approval_source", Text),
    ("iteration", Integer),
];

const JOURNAL: &[Field] = &[("element_id", Text), ("name", Text), ("element", Text), ("value", Text)];

const CHOICE: &[Field] = &[
    ("name", Text),
    ("element", Text),
    ("value", Text),
    ("label", Text),
    ("sequence", Integer),
    ("language", Text),
    ("inactive", Boolean),
    ("dependent_value", Text),
];

type Choices = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

pub(crate) const CHOICES: &[Choices] = &[
    (
        "task",
        "state",
        &[
            ("-5", "Pending"),
            ("1", "Open"),
            ("2", "Work in Progress"),
            ("3", "Closed Complete"),
            ("4", "Closed Incomplete"),
            ("7", "Closed Skipped"),
        ],
    ),
    (
        "task",
        "approval",
        &[
            ("not requested", "Not Yet Requested"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("cancelled", "No Longer Required"),
            ("not_required", "Not Required"),
            ("duplicate", "Duplicate"),
            ("skipped", "Skipped"),
        ],
    ),
    (
        "task",
        "priority",
        &[
            ("1", "1 - Critical"),
            ("2", "2 - High"),
            ("3", "3 - Moderate"),
            ("4", "4 - Low"),
            ("5", "5 - Planning"),
        ],
    ),
    ("task", "impact", &[("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")]),
    ("task", "urgency", &[("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low")]),
    (
        "incident",
        "state",
        &[
            ("1", "New"),
            ("2", "In Progress"),
            ("3", "On Hold"),
            ("6", "Resolved"),
            ("7", "Closed"),
            ("8", "Canceled"),
        ],
    ),
    (
        "incident",
        "close_code",
        &[
            ("Duplicate", "Duplicate"),
            ("Known error", "Known error"),
            ("No resolution provided", "No resolution provided"),
            ("Resolved by caller", "Resolved by caller"),
            ("Resolved by change", "Resolved by change"),
            ("Resolved by problem", "Resolved by problem"),
            ("Resolved by request", "Resolved by request"),
            ("Solution provided", "Solution provided"),
            ("Workaround provided", "Workaround provided"),
            ("User error", "User error"),
        ],
    ),
    (
        "incident",
        "hold_reason",
        &[
            ("1", "Awaiting Caller"),
            ("3", "Awaiting Problem"),
            ("4", "Awaiting Vendor"),
            ("5", "Awaiting Change"),
        ],
    ),
    (
        "sc_request",
        "request_state",
        &[
            ("requested", "Pending Approval"),
            ("in_process", "Approved"),
            ("closed_complete", "Closed Complete"),
            ("closed_incomplete", "Closed Incomplete"),
            ("closed_cancelled", "Closed Cancelled"),
            ("closed_rejected", "Closed Rejected"),
            ("closed_skipped", "Closed Skipped"),
        ],
    ),
    (
        "sysapproval_approver",
        "state",
        &[
            ("not requested", "Not Yet Requested"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("cancelled", "Cancelled"),
            ("not_required", "No Longer Required"),
            ("skipped", "Skipped"),
        ],
    ),
];
