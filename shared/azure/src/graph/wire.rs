//! What Graph says on the wire.

use jiff::Timestamp;
use latchkey_core::{
    Call, CallError, GroupName, ObjectId,
    holdings::{Group, User},
};
use serde::Deserialize;

/// Properties of a user that we read.
pub(super) const USER: &str = "id,userPrincipalName,employeeId,accountEnabled,\
                               signInSessionsValidFromDateTime,userType";
/// Properties of a group that we read.
pub(super) const GROUP: &str = "id,displayName,groupTypes,onPremisesSyncEnabled,isAssignableToRole";

/// A user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUser {
    id: String,
    user_principal_name: String,
    employee_id: Option<String>,
    account_enabled: Option<bool>,
    sign_in_sessions_valid_from_date_time: Option<Timestamp>,
    user_type: Option<String>,
}

impl WireUser {
    /// Whether it carries this employee id.
    pub(super) fn is_employee(&self, id: &str) -> bool {
        self.employee_id.as_deref() == Some(id)
    }

    pub(super) fn into_user(self, call: &Call) -> Result<User, CallError> {
        let guest = is_guest(self.user_type.as_deref());
        Ok(User {
            id: object_id(call, &self.id)?,
            upn: self.user_principal_name,
            employee_id: self.employee_id,
            enabled: self.account_enabled.ok_or_else(|| absent(call, "accountEnabled"))?,
            sessions_valid_from: self.sign_in_sessions_valid_from_date_time,
            guest,
        })
    }
}

/// A group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireGroup {
    id: String,
    pub display_name: Option<String>,
    #[serde(default)]
    group_types: Vec<String>,
    on_premises_sync_enabled: Option<bool>,
    is_assignable_to_role: Option<bool>,
}

impl WireGroup {
    pub(super) fn into_group(self, call: &Call) -> Result<Group, CallError> {
        Ok(Group {
            id: object_id(call, &self.id)?,
            name: group_name(self.display_name.as_deref().unwrap_or_default()),
            dynamic: self.group_types.iter().any(|t| t.eq_ignore_ascii_case("DynamicMembership")),
            synced: self.on_premises_sync_enabled == Some(true),
            role_assignable: self.is_assignable_to_role == Some(true),
        })
    }
}

/// A member of a group, of any kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireMember {
    pub id: String,
    #[serde(rename = "@odata.type")]
    pub kind: Option<String>,
    pub account_enabled: Option<bool>,
    pub user_type: Option<String>,
}

pub(super) fn is_guest(user_type: Option<&str>) -> bool {
    user_type.is_some_and(|kind| kind.eq_ignore_ascii_case("Guest"))
}

pub(super) fn object_id(call: &Call, text: &str) -> Result<ObjectId, CallError> {
    ObjectId::new(text.to_ascii_lowercase()).map_err(|_| absent(call, "a GUID as id"))
}

/// A foreign group may bear any name. Characters that no name of ours may hold become `_`, so that
/// it can be shown and never equals a name of the policy that it is not.
pub(super) fn group_name(text: &str) -> GroupName {
    let readable = |c: char| if c.is_control() || "'\\".contains(c) { '_' } else { c };
    GroupName::new(text)
        .or_else(|_| GroupName::new(text.chars().map(readable).take(256).collect::<String>()))
        .or_else(|_| GroupName::new("(no name)"))
        .expect("a readable text of 1 to 256 characters is a group name")
}

fn absent(call: &Call, what: &str) -> CallError {
    CallError::Surprise { call: call.clone(), detail: format!("{what} is missing") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_groups_odd_name_is_made_readable_not_refused() {
        assert_eq!(group_name("payroll edit").as_str(), "payroll edit");
        assert_eq!(group_name("Bob's\tteam").as_str(), "Bob_s_team");
        assert_eq!(group_name("").as_str(), "(no name)");
        assert_eq!(group_name(&"x'".repeat(200)).as_str().len(), 256);
    }
}
