//! Setting a user's password.

use client_core::{Call, ExposeSecret as _, Request, Safety, SecretString};
use serde_json::{Map, Value as Json, json};

use super::{Read, Table, written};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::tables::SysUser;

const RESET: &str = "password_needs_reset";

impl Table<SysUser> {
    /// Sets a user's password, and whether it must be changed at the next sign-in.
    /// `PATCH /api/now/table/sys_user/{sys_id}?sysparm_input_display_value=true`: without that parameter the
    /// instance stores a password as it is sent.
    ///
    /// Whether it took effect cannot be read. Where people sign in elsewhere (single sign-on) there is no
    /// password to set. The field usually wants the role `admin`.
    ///
    /// # Errors
    ///
    /// [`NotWritten`](crate::ProblemKind::NotWritten) if `must_change` did not take its value;
    /// [`is_not_found`](crate::Error::is_not_found) if there is no such user.
    pub fn set_password(&self, sys_id: &SysId, password: &SecretString, must_change: bool) -> Prepared<()> {
        let body = json!({ "user_password": password.expose_secret(), RESET: must_change });
        let request = self
            .clone()
            .select([RESET])
            .writing(Request::patch(self.path().value(sys_id)), &[])
            .query("sysparm_input_display_value", true)
            .json(&body);
        let call = Call::<Json>::write("servicenow.table.set_password", Safety::Idempotent, request)
            .with_decode(Read::<SysUser>::one);
        let wanted = sys_id.clone();
        Prepared::new(&self.client, call, move |read: Read<SysUser>| {
            let sent = Map::from_iter([(RESET.to_owned(), must_change.into())]);
            written::check(&sent, &read.exactly(&wanted)?.row)
        })
    }
}
