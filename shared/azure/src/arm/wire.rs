//! What ARM says on the wire.

use latchkey_core::{
    Call, CallError, ObjectId, Timestamp,
    holdings::{PrincipalType, RoleAssignment},
};
use serde::Deserialize;
use uuid::Uuid;

/// A role assignment.
#[derive(Deserialize)]
pub(super) struct WireAssignment {
    pub id: String,
    pub properties: AssignmentProperties,
}

/// What of one matters to us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssignmentProperties {
    scope: String,
    role_definition_id: String,
    principal_id: String,
    principal_type: Option<String>,
    description: Option<String>,
    created_on: Option<Timestamp>,
    condition: Option<String>,
}

impl WireAssignment {
    pub(super) fn into_assignment(self, call: &Call) -> Result<RoleAssignment, CallError> {
        let properties = self.properties;
        Ok(RoleAssignment {
            id: self.id,
            scope: properties.scope,
            role: trailing_guid(&properties.role_definition_id)
                .ok_or_else(|| odd(call, "roleDefinitionId"))?,
            principal: ObjectId::new(properties.principal_id.to_ascii_lowercase())
                .map_err(|_| odd(call, "principalId"))?,
            principal_type: principal_type(properties.principal_type.as_deref())
                .ok_or_else(|| odd(call, "principalType"))?,
            description: properties.description.filter(|text| !text.is_empty()),
            created: properties.created_on,
            conditional: properties.condition.is_some_and(|text| !text.is_empty()),
        })
    }
}

/// A role definition.
#[derive(Deserialize)]
pub(super) struct WireDefinition {
    pub id: String,
    pub properties: DefinitionProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefinitionProperties {
    pub role_name: String,
}

/// The GUID at the end of a role definition's id, however the id is qualified.
pub(super) fn trailing_guid(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id.rsplit('/').next()?).ok()
}

/// The name of a principal type on the wire.
pub(super) fn principal_type_name(kind: PrincipalType) -> &'static str {
    match kind {
        PrincipalType::User => "User",
        PrincipalType::Group => "Group",
        PrincipalType::ServicePrincipal => "ServicePrincipal",
        PrincipalType::ForeignGroup => "ForeignGroup",
        PrincipalType::Device => "Device",
    }
}

/// An absent type is `User`, the default of the schema.
fn principal_type(name: Option<&str>) -> Option<PrincipalType> {
    use PrincipalType::{Device, ForeignGroup, Group, ServicePrincipal, User};
    let Some(name) = name else { return Some(User) };
    [User, Group, ServicePrincipal, ForeignGroup, Device]
        .into_iter()
        .find(|kind| principal_type_name(*kind).eq_ignore_ascii_case(name))
}

pub(super) fn odd(call: &Call, what: &str) -> CallError {
    CallError::Surprise { call: call.clone(), detail: format!("{what} is missing or odd") }
}
