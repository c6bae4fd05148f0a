//! Azure roles under PIM: eligibilities and assignments that end. They are planted by tests and
//! listed; requests for them are not answered here, and the clock does not end what has begun.

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{ArmError, reply};
use super::call::Call;
use super::roles::definition_id;
use super::scope;

/// A role that somebody is eligible for, or holds until some day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSchedule {
    /// It has to be activated first. Else [`assignment`](Self::assignment) stands for it.
    pub eligible: bool,
    /// GUID of the role definition.
    pub role: String,
    /// Where.
    pub scope: String,
    /// `User`, `Group` or `ServicePrincipal`.
    pub principal_type: String,
    /// Whose.
    pub principal_id: String,
    /// Resource id of the role assignment of one in force.
    pub assignment: Option<String>,
    /// Since when.
    pub starts: Timestamp,
    /// Until when; for ever when none.
    pub ends: Option<Timestamp>,
}

impl RoleSchedule {
    fn to_json(&self) -> Value {
        let kind = if self.eligible { "Eligibility" } else { "Assignment" };
        let seed = format!("{kind}-{}-{}-{}", self.scope, self.role, self.principal_id);
        let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes());
        let provider = format!("{}/providers/Microsoft.Authorization", scope::tidy(&self.scope));
        let master = format!("role{kind}ScheduleId");
        let mut properties = json!({
            "scope": scope::tidy(&self.scope),
            "roleDefinitionId": definition_id(&self.role, scope::subscription_of(&self.scope)),
            "principalId": self.principal_id,
            "principalType": self.principal_type,
            "status": "Provisioned",
            "memberType": "Direct",
            "startDateTime": self.starts.to_string(),
            "createdOn": self.starts.to_string(),
        });
        properties[master] = json!(format!("{provider}/role{kind}Schedules/{name}"));
        if let Some(ends) = self.ends {
            properties["endDateTime"] = json!(ends.to_string());
        }
        if !self.eligible {
            properties["assignmentType"] = json!("Activated");
            properties["originRoleAssignmentId"] = json!(self.assignment);
        }
        json!({
            "id": format!("{provider}/role{kind}ScheduleInstances/{name}"),
            "name": name,
            "type": format!("Microsoft.Authorization/role{kind}ScheduleInstances"),
            "properties": properties,
        })
    }
}

/// Those in force at or above a scope; of one principal, those below it too.
pub(super) fn list(call: &Call<'_>, eligible: bool, at: &str) -> Result<Response, ArmError> {
    let filter = call.query.get("$filter").map_or("", String::as_str);
    let principal = filter.strip_prefix("principalId eq '").and_then(|id| id.strip_suffix('\''));
    if principal.is_none() && !filter.eq_ignore_ascii_case("atScope()") {
        let message = format!("The filter '{filter}' is not supported by the sandbox.");
        return Err(ArmError::bad_request("UnsupportedFilter", message));
    }
    let now = call.world.clock.now();
    let azure = call.azure();
    let in_force = azure.schedules.iter().filter(|schedule| {
        let begun = schedule.starts <= now && schedule.ends.is_none_or(|end| end > now);
        let place = match principal {
            None => scope::within(at, &schedule.scope),
            Some(id) => {
                let around =
                    scope::within(at, &schedule.scope) || scope::within(&schedule.scope, at);
                around && schedule.principal_id.eq_ignore_ascii_case(id)
            }
        };
        schedule.eligible == eligible && begun && place
    });
    let value: Vec<Value> = in_force.map(RoleSchedule::to_json).collect();
    Ok(reply(StatusCode::OK, &json!({ "value": value })))
}
