//! Security incidents and their tasks.
//!
//! They come with the plugin Security Incident Response (`com.snc.security_incident`), and want roles of their own:
//! `sn_si.integration_user` is the one for an integration, `admin` may be barred. Where the plugin is missing, use
//! an [`Incident`](super::Incident): [`exists`](crate::schema::Schema::exists) tells.

use super::choice::choice;
use super::incident::Incident;
use super::task::ticket;
use super::users::SysUser;
use crate::id::SysId;
use crate::value::Ref;

ticket! {
    /// A security incident (`SIR0010044`). Table `sn_si_incident`.
    ///
    /// It begins as [`Draft`](SecurityState::Draft) and goes forward only. Closing wants `close_code` and
    /// `close_notes`. `risk_score` is computed unless `risk_score_override` is set. The encrypted `secure_notes` are not
    /// read.
    #[derive(Debug)]
    SnSiIncident in "sn_si_incident", state: SecurityState {
        /// `Phishing`, … Values and labels vary.
        category: String,
        /// Depends on the category.
        subcategory: String,
        /// Depends on the state.
        substate: String,
        /// Whom it hit.
        affected_user: Ref<SysUser>,
        /// Who told of it.
        caller: Ref<SysUser>,
        /// For whom it was opened.
        opened_for: Ref<SysUser>,
        /// The alert's key where it came from.
        alert_id: String,
        /// The rule that raised the alert.
        alert_rule: String,
        /// What it hit, a `cmdb_ci`.
        cmdb_ci: SysId,
        /// 1 (critical) to 3.
        business_criticality: i64,
        /// 0 to 100.
        risk_score: i64,
        /// Whether the score is what somebody set.
        risk_score_override: bool,
        /// 1 (high) to 3.
        severity: i64,
        /// Tags, of `sn_sec_cmn_security_tag`.
        security_tags: Vec<SysId>,
        /// Who else may read it.
        special_access_read: Vec<Ref<SysUser>>,
        /// Who else may write it.
        special_access_write: Vec<Ref<SysUser>>,
        /// The security incident that this one is part of.
        parent_security_incident: Ref<SnSiIncident>,
        /// The incident that it came from.
        incident: Ref<Incident>,
        /// How it ended.
        close_code: String,
        /// What is asked for.
        request_type: String,
    }
}

choice! {
    /// `state` of a security incident. That 20 is Recover and 100 Review is common knowledge, and not documented.
    SecurityState {
        Draft = "10" "Draft",
        Analysis = "16" "Analysis",
        Contain = "18" "Contain",
        Eradicate = "19" "Eradicate",
        Recover = "20" "Recover",
        Review = "100" "Review",
        Closed = "3" "Closed",
        Cancelled = "7" "Cancelled",
    }
}

ticket! {
    /// A task of a security incident (`SIT0010001`), which is its `parent`. Table `sn_si_task`.
    #[derive(Debug)]
    SnSiTask in "sn_si_task", state: SecurityTaskState {
        /// Whom it is about.
        affected_user: Ref<SysUser>,
    }
}

choice! {
    /// `state` of a task of a security incident.
    SecurityTaskState {
        Draft = "1" "Draft",
        Ready = "10" "Ready",
        Assigned = "16" "Assigned",
        WorkInProgress = "18" "Work in Progress",
        ClosedComplete = "3" "Closed Complete",
        ClosedIncomplete = "4" "Closed Incomplete",
        Cancelled = "7" "Cancelled",
    }
}
