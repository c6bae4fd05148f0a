//! Role assignments, `api-version` 2022-04-01.

use std::time::Duration;

use latchkey_core::{
    Call, CallError, ObjectId, Service,
    holdings::{PrincipalType, RoleAssignment, same_scope},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    AUTHORIZATION, Arm, assignment_name,
    names::{existing_name, scope_of_assignment},
    wire::{WireAssignment, WireDefinition, principal_type_name, trailing_guid},
};
use crate::http::{Request, ServiceError, odata, retry_after};

const ASSIGNMENTS: [&str; 3] = ["providers", "Microsoft.Authorization", "roleAssignments"];
const DEFINITIONS: [&str; 3] = ["providers", "Microsoft.Authorization", "roleDefinitions"];
/// How long a new principal usually stays unknown to ARM's replica.
const REPLICATION: Duration = Duration::from_secs(15);

/// An Azure role to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// The full scope.
    pub scope: String,
    /// The role definition's GUID.
    pub role: Uuid,
    /// To whom.
    pub principal: ObjectId,
    /// What that is; without it ARM assumes a user.
    pub principal_type: PrincipalType,
    /// Free text kept with the assignment; no personal data.
    pub description: String,
}

impl NewAssignment {
    fn is(&self, held: &RoleAssignment) -> bool {
        same_scope(&self.scope, &held.scope)
            && self.role == held.role
            && self.principal == held.principal
    }

    fn body(&self) -> Value {
        json!({ "properties": {
            "roleDefinitionId": qualified(&self.scope, self.role),
            "principalId": self.principal,
            "principalType": principal_type_name(self.principal_type),
            "description": self.description,
        }})
    }
}

impl Arm {
    /// Every role assignment at, above and below a scope.
    ///
    /// # Errors
    /// As every call.
    pub async fn assignments_under(&self, scope: &str) -> Result<Vec<RoleAssignment>, CallError> {
        self.assignments("GET roleAssignments of a scope", scope, None).await
    }

    /// The role assignments of exactly this principal, at, above and below a scope.
    ///
    /// # Errors
    /// As every call.
    pub async fn assignments_of(
        &self,
        scope: &str,
        principal: &ObjectId,
    ) -> Result<Vec<RoleAssignment>, CallError> {
        let filter = format!("principalId eq '{principal}'");
        let what = "GET roleAssignments of a principal";
        let mut held = self.assignments(what, scope, Some(&filter)).await?;
        held.retain(|assignment| assignment.principal == *principal);
        Ok(held)
    }

    /// The role assignments of this user and of every group that they are in, at, above and below a
    /// scope. ARM answers this for a user that exists, and for no group.
    ///
    /// # Errors
    /// As every call.
    pub async fn assignments_reaching(
        &self,
        scope: &str,
        user: &ObjectId,
    ) -> Result<Vec<RoleAssignment>, CallError> {
        let filter = format!("assignedTo('{user}')");
        self.assignments("GET roleAssignments of a user and their groups", scope, Some(&filter))
            .await
    }

    /// A role assignment by its id; none when it is gone, or the id is no role assignment's.
    ///
    /// # Errors
    /// As every call.
    pub async fn assignment(&self, id: &str) -> Result<Option<RoleAssignment>, CallError> {
        if scope_of_assignment(id).is_none() {
            return Ok(None);
        }
        let what = "GET roleAssignment";
        let call = Call { service: Service::Arm, what };
        match self.endpoint.get::<WireAssignment>(what, self.url(id, &[], AUTHORIZATION)).await {
            Ok(found) => found.into_assignment(&call).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn assignments(
        &self,
        what: &'static str,
        scope: &str,
        filter: Option<&str>,
    ) -> Result<Vec<RoleAssignment>, CallError> {
        let mut url = self.url(scope, &ASSIGNMENTS, AUTHORIZATION);
        if let Some(filter) = filter {
            url.query_pairs_mut().append_pair("$filter", filter);
        }
        let call = Call { service: Service::Arm, what };
        let all: Vec<WireAssignment> = self.endpoint.all(what, odata(url)).await?;
        all.into_iter().map(|assignment| assignment.into_assignment(&call)).collect()
    }

    /// Gives a role under its [deterministic name](assignment_name). One that exists already,
    /// under whatever name, is taken as it is.
    ///
    /// # Errors
    /// [`CallError::Busy`] when ARM does not know the principal yet, [`CallError::Rejected`] when
    /// the limit is reached or the type is wrong.
    pub async fn assign(&self, new: &NewAssignment) -> Result<RoleAssignment, CallError> {
        let name = assignment_name(&new.scope, &new.principal, new.role).to_string();
        let url = self.assignment_url(&new.scope, &name);
        let request =
            Request::new(Service::Arm, "PUT roleAssignment", Method::PUT, url).json(&new.body());
        let answer = self.endpoint.exchange(&request).await?;
        let call = request.call();
        if answer.status.is_success() {
            return answer.json::<WireAssignment>(call)?.into_assignment(call);
        }
        let (error, wait) = (answer.error(), retry_after(&answer.headers));
        match error.code.as_str() {
            "RoleAssignmentExists" => self.adopt(new, &error, call).await,
            "PrincipalNotFound" => Err(CallError::Busy {
                call: call.clone(),
                retry_after: Some(wait.unwrap_or(REPLICATION)),
                source: Some(error.code.into()),
            }),
            _ => Err(error.into_call_error(call, wait)),
        }
    }

    /// The assignment that stands in the way, if it gives just what was wanted: by the id that the
    /// refusal names, else by looking through the principal's.
    async fn adopt(
        &self,
        new: &NewAssignment,
        refusal: &ServiceError,
        call: &Call,
    ) -> Result<RoleAssignment, CallError> {
        if let Some(name) = existing_name(&refusal.message) {
            let url = self.assignment_url(&new.scope, &name.to_string());
            match self.endpoint.get::<WireAssignment>("GET roleAssignment", url).await {
                Ok(held) => {
                    let held = held.into_assignment(call)?;
                    if new.is(&held) {
                        return Ok(held);
                    }
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        let held = self.assignments_of(&new.scope, &new.principal).await?;
        let conflict = || CallError::Conflict { call: call.clone() };
        held.into_iter().find(|held| new.is(held)).ok_or_else(conflict)
    }

    /// Takes a role away. One that is gone already counts as taken.
    ///
    /// # Errors
    /// [`CallError::Denied`] with code `ScopeLocked` when a lock protects the scope.
    pub async fn delete_assignment(&self, id: &str) -> Result<(), CallError> {
        let url = self.url(id, &[], AUTHORIZATION);
        let request = Request::new(Service::Arm, "DELETE roleAssignment", Method::DELETE, url);
        let answer = self.endpoint.exchange(&request).await?;
        let gone = answer.status == StatusCode::NOT_FOUND
            && answer.error().code == "RoleAssignmentNotFound";
        if gone { Ok(()) } else { answer.ok(request.call()).map(drop) }
    }

    /// The GUID of the role definition of exactly this name that can be assigned at a scope.
    ///
    /// # Errors
    /// As every call.
    pub async fn role_definition_by_name(
        &self,
        scope: &str,
        name: &str,
    ) -> Result<Option<Uuid>, CallError> {
        let what = "GET roleDefinitions by name";
        let mut url = self.url(scope, &DEFINITIONS, AUTHORIZATION);
        let filter = format!("roleName eq '{}'", name.replace('\'', "''"));
        url.query_pairs_mut().append_pair("$filter", &filter);
        let found: Vec<WireDefinition> = self.endpoint.all(what, odata(url)).await?;
        let exact = found.into_iter().find(|definition| definition.properties.role_name == name);
        Ok(exact.and_then(|definition| trailing_guid(&definition.id)))
    }

    fn assignment_url(&self, scope: &str, name: &str) -> url::Url {
        let [providers, authorization, assignments] = ASSIGNMENTS;
        self.url(scope, &[providers, authorization, assignments, name], AUTHORIZATION)
    }
}

/// The definition's id within the scope's subscription, as ARM wants it spelled.
fn qualified(scope: &str, role: Uuid) -> String {
    let mut segments = scope.split('/').filter(|segment| !segment.is_empty());
    let subscription = segments
        .next()
        .filter(|first| first.eq_ignore_ascii_case("subscriptions"))
        .and_then(|_| segments.next());
    let prefix = subscription.map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_qualified_by_the_scopes_subscription() {
        let role = Uuid::nil();
        let tail = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
        assert_eq!(
            qualified("/subscriptions/s/resourceGroups/g", role),
            format!("/subscriptions/s{tail}")
        );
        assert_eq!(qualified("/providers/Microsoft.Management/managementGroups/m", role), tail);
    }
}
