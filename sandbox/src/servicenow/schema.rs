//! The tables that the instance has, with their fields, and the choices of the base system.

use Kind::{Boolean, DateTime, Duration, Integer, Journal, List, Price, Reference, Text};

/// What a field holds. All of it travels as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
    DateTime,
    /// A date-time, counted from the first second of 1970.
    Duration,
    Price,
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

    /// The fields that its base table does not have.
    pub(crate) fn own_fields(&self) -> impl Iterator<Item = Field> {
        let common = if self.base.is_none() { COMMON } else { &[] };
        common.iter().chain(self.own).copied()
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
pub(crate) fn choices(table: &str, field: &str) -> &'static [Choice] {
    let listed = |table: &str| CHOICES.iter().find(|(name, element, _)| *name == table && *element == field);
    let base = || find(table).and_then(|schema| schema.base);
    listed(table).or_else(|| listed(base()?)).map_or(&[], |(_, _, choices)| choices)
}

/// The plugin that a table comes with, if it is not part of the base system.
pub(crate) fn is_security(table: &str) -> bool {
    table.starts_with("sn_si_")
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
    Schema {
        name: "sn_si_incident",
        base: Some("task"),
        display: "number",
        prefix: Some("SIR"),
        own: SECURITY_INCIDENT,
    },
    Schema {
        name: "sn_si_task",
        base: Some("task"),
        display: "number",
        prefix: Some("SIT"),
        own: SECURITY_TASK,
    },
    Schema {
        name: "sysapproval_group",
        base: Some("task"),
        display: "number",
        prefix: Some("GAPRV"),
        own: &[("wait_for", Text)],
    },
    plain("sys_attachment", "file_name", ATTACHMENT),
    plain("sys_user", "name", USER),
    plain("sys_user_group", "name", GROUP),
    plain(
        "sys_user_grmember",
        "user",
        &[("user", Reference("sys_user")), ("group", Reference("sys_user_group"))],
    ),
    plain(
        "sys_scim_user",
        "external_id",
        &[("user", Reference("sys_user")), ("external_id", Text), ("user_type", Text)],
    ),
    plain("sys_scim_group", "external_id", &[("group", Reference("sys_user_group")), ("external_id", Text)]),
    plain("sys_email", "subject", EMAIL),
    plain("sys_user_role", "name", ROLE),
    plain("sys_user_has_role", "role", ROLE_OF_USER),
    plain("sys_group_has_role", "role", ROLE_OF_GROUP),
    plain(
        "sys_user_role_contains",
        "role",
        &[("role", Reference("sys_user_role")), ("contains", Reference("sys_user_role"))],
    ),
    plain("sys_user_delegate", "delegate", DELEGATE),
    plain("cmn_department", "name", DEPARTMENT),
    plain("cmn_location", "name", LOCATION),
    plain("cmn_cost_center", "name", COST_CENTER),
    plain("core_company", "name", COMPANY),
    plain("sc_catalog", "title", &[("title", Text), ("description", Text), ("active", Boolean)]),
    plain("sc_cat_item", "name", CATALOG_ITEM),
    plain("item_option_new", "question_text", VARIABLE),
    plain("sc_item_option", "value", ANSWER),
    plain("sc_item_option_mtom", "request_item", ANSWER_OF),
    plain("question_choice", "text", QUESTION_CHOICE),
    plain("question_answer", "value", PRODUCER_ANSWER),
    plain("sc_multi_row_question_answer", "value", MULTI_ROW_ANSWER),
    Schema {
        name: "sys_import_set",
        base: None,
        display: "number",
        prefix: Some("ISET"),
        own: &[("number", Text), ("state", Text), ("table_name", Text)],
    },
    plain("sys_import_set_row", "sys_import_set", IMPORT_ROW),
    Schema {
        name: "imp_user",
        base: Some("sys_import_set_row"),
        display: "user_name",
        prefix: None,
        own: IMPORTED_USER,
    },
    plain("sysapproval_approver", "sysapproval", APPROVAL),
    plain("sys_journal_field", "element", JOURNAL),
    plain("sys_choice", "label", CHOICE),
    plain("sys_db_object", "label", TABLE),
    plain("sys_dictionary", "element", COLUMN),
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
    ("company", Reference("core_company")),
    ("location", Reference("cmn_location")),
    ("escalation", Integer),
    ("made_sla", Boolean),
    ("reassignment_count", Integer),
    ("sla_due", DateTime),
    ("follow_up", DateTime),
    ("activity_due", DateTime),
    ("business_duration", Duration),
    ("calendar_duration", Duration),
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
    ("price", Price),
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
    ("price", Price),
    ("recurring_price", Price),
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
    ("company", Reference("core_company")),
    ("cost_center", Reference("cmn_cost_center")),
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

const EMAIL: &[Field] = &[
    ("type", Text),
    ("state", Text),
    ("subject", Text),
    ("recipients", Text),
    ("copied", Text),
    ("blind_copied", Text),
    ("body", Text),
    ("body_text", Text),
    ("importance", Text),
    ("headers", Text),
    ("target_table", Text),
    ("instance", Text),
];

const DEPARTMENT: &[Field] = &[
    ("name", Text),
    ("id", Text),
    ("description", Text),
    ("dept_head", Reference("sys_user")),
    ("parent", Reference("cmn_department")),
    ("cost_center", Reference("cmn_cost_center")),
    ("company", Reference("core_company")),
    ("code", Text),
];

const COST_CENTER: &[Field] = &[
    ("name", Text),
    ("code", Text),
    ("account_number", Text),
    ("manager", Reference("sys_user")),
    ("valid_from", DateTime),
    ("valid_to", DateTime),
];

const COMPANY: &[Field] = &[
    ("name", Text),
    ("parent", Reference("core_company")),
    ("street", Text),
    ("city", Text),
    ("zip", Text),
    ("country", Text),
    ("customer", Boolean),
    ("vendor", Boolean),
];

const ROLE: &[Field] = &[
    ("name", Text),
    ("description", Text),
    ("grantable", Boolean),
    ("elevated_privilege", Boolean),
    ("assignable_by", Text),
];

const ROLE_OF_USER: &[Field] = &[
    ("user", Reference("sys_user")),
    ("role", Reference("sys_user_role")),
    ("inherited", Boolean),
    ("granted_by", Reference("sys_user_group")),
    ("included_in_role", Reference("sys_user_role")),
    ("state", Text),
];

const ROLE_OF_GROUP: &[Field] =
    &[("group", Reference("sys_user_group")), ("role", Reference("sys_user_role")), ("inherits", Boolean)];

const DELEGATE: &[Field] = &[
    ("user", Reference("sys_user")),
    ("delegate", Reference("sys_user")),
    ("starts", DateTime),
    ("ends", DateTime),
    ("approvals", Boolean),
    ("assignments", Boolean),
    ("notifications", Boolean),
    ("invitations", Boolean),
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

const QUESTION_CHOICE: &[Field] =
    &[("question", Reference("item_option_new")), ("text", Text), ("value", Text), ("order", Integer)];

const PRODUCER_ANSWER: &[Field] = &[
    ("table_name", Text),
    ("table_sys_id", Text),
    ("question", Reference("item_option_new")),
    ("value", Text),
    ("order", Integer),
];

const MULTI_ROW_ANSWER: &[Field] = &[
    ("parent_id", Text),
    ("parent_table_name", Text),
    ("variable_set", Text),
    ("item_option_new", Reference("item_option_new")),
    ("value", Text),
    ("row_index", Integer),
];

const IMPORT_ROW: &[Field] = &[
    ("sys_import_set", Reference("sys_import_set")),
    ("sys_import_state", Text),
    ("sys_import_state_comment", Text),
    ("sys_target_table", Text),
    ("sys_target_sys_id", Text),
];

const IMPORTED_USER: &[Field] = &[
    ("user_name", Text),
    ("first_name", Text),
    ("last_name", Text),
    ("email", Text),
    ("employee_number", Text),
    ("title", Text),
    ("active", Text),
];

const APPROVAL: &[Field] = &[
    ("approver", Reference("sys_user")),
    ("state", Text),
    ("sysapproval", Reference("task")),
    ("source_table", Text),
    ("document_id", Reference("task")),
    ("group", Reference("sysapproval_group")),
    ("comments", Journal),
    ("due_date", DateTime),
    ("expected_start", DateTime),
    ("approval_source", Text),
    ("iteration", Integer),
];

const ATTACHMENT: &[Field] = &[
    ("table_name", Text),
    ("table_sys_id", Text),
    ("file_name", Text),
    ("content_type", Text),
    ("size_bytes", Integer),
    ("size_compressed", Integer),
    ("compressed", Boolean),
    ("state", Text),
    ("hash", Text),
    ("chunk_size_bytes", Integer),
    ("encryption_context", Text),
    ("image_width", Integer),
    ("image_height", Integer),
    ("average_image_color", Text),
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

const TABLE: &[Field] = &[
    ("name", Text),
    ("label", Text),
    ("super_class", Reference("sys_db_object")),
    ("is_extendable", Boolean),
    ("number_ref", Text),
    ("ws_access", Boolean),
];

const COLUMN: &[Field] = &[
    ("name", Text),
    ("element", Text),
    ("column_label", Text),
    ("internal_type", Text),
    ("reference", Text),
    ("mandatory", Boolean),
    ("read_only", Boolean),
    ("display", Boolean),
    ("active", Boolean),
    ("max_length", Integer),
    ("default_value", Text),
    ("choice", Integer),
    ("dependent", Text),
];

const SECURITY_INCIDENT: &[Field] = &[
    ("category", Text),
    ("subcategory", Text),
    ("substate", Text),
    ("affected_user", Reference("sys_user")),
    ("caller", Reference("sys_user")),
    ("opened_for", Reference("sys_user")),
    ("alert_id", Text),
    ("alert_rule", Text),
    ("business_criticality", Integer),
    ("risk_score", Integer),
    ("risk_score_override", Boolean),
    ("severity", Integer),
    ("security_tags", List),
    ("special_access_read", List),
    ("special_access_write", List),
    ("parent_security_incident", Reference("sn_si_incident")),
    ("incident", Reference("incident")),
    ("close_code", Text),
    ("request_type", Text),
];

const SECURITY_TASK: &[Field] = &[("affected_user", Reference("sys_user")), ("task_type", Text)];

/// A value and its label.
pub(crate) type Choice = (&'static str, &'static str);

type Choices = (&'static str, &'static str, &'static [Choice]);

/// What an incident's `close_code` may be on releases before Utah.
pub(crate) const OLD_CLOSE_CODES: &[Choice] = &[
    ("Solved (Work Around)", "Solved (Work Around)"),
    ("Solved (Permanently)", "Solved (Permanently)"),
    ("Solved Remotely (Work Around)", "Solved Remotely (Work Around)"),
    ("Solved Remotely (Permanently)", "Solved Remotely (Permanently)"),
    ("Not Solved (Not Reproducible)", "Not Solved (Not Reproducible)"),
    ("Not Solved (Too Costly)", "Not Solved (Too Costly)"),
    ("Closed/Resolved by Caller", "Closed/Resolved by Caller"),
];

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
    (
        "sn_si_incident",
        "state",
        &[
            ("10", "Draft"),
            ("16", "Analysis"),
            ("18", "Contain"),
            ("19", "Eradicate"),
            ("20", "Recover"),
            ("100", "Review"),
            ("3", "Closed"),
            ("7", "Cancelled"),
        ],
    ),
    (
        "sn_si_incident",
        "business_criticality",
        &[("1", "1 - Critical"), ("2", "2 - High"), ("3", "3 - Non-critical")],
    ),
    (
        "sn_si_task",
        "state",
        &[
            ("1", "Draft"),
            ("10", "Ready"),
            ("16", "Assigned"),
            ("18", "Work in Progress"),
            ("3", "Closed Complete"),
            ("4", "Closed Incomplete"),
            ("7", "Cancelled"),
        ],
    ),
];
