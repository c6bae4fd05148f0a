//! Azure roles under PIM: those that somebody is eligible for, and those that end by themselves.
//! `api-version` 2020-10-01.

use latchkey_core::{
    Call, CallError, ObjectId, Service, Timestamp,
    holdings::{PimForm, RoleAssignment},
};
use serde::Deserialize;

use super::{
    Arm,
    wire::{AssignmentProperties, WireAssignment},
};
use crate::http::odata;

const VERSION: &str = "2020-10-01";

/// An Azure role that PIM keeps for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PimRole {
    /// Which role, where and whose. Its id is that of the instance, not of an assignment.
    pub held: RoleAssignment,
    /// Whether it is in force.
    pub form: PimForm,
    /// The role assignment that stands for one in force.
    pub assignment: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when; for ever when none.
    pub until: Option<Timestamp>,
}

impl Arm {
    /// The Azure roles at or above a scope that somebody is eligible for, and those in force that
    /// end by themselves.
    ///
    /// # Errors
    /// As every call.
    pub async fn pim_roles(&self, scope: &str) -> Result<Vec<PimRole>, CallError> {
        let (eligible, active) = tokio::try_join!(
            self.instances(scope, PimForm::Eligible),
            self.instances(scope, PimForm::Active),
        )?;
        // Every ordinary assignment is listed too, without an end.
        let timed = active.into_iter().filter(|role| role.until.is_some());
        Ok(eligible.into_iter().chain(timed).collect())
    }

    /// The Azure roles at or above a scope that somebody is eligible for.
    ///
    /// # Errors
    /// As every call.
    pub async fn eligible_roles(&self, scope: &str) -> Result<Vec<PimRole>, CallError> {
        self.instances(scope, PimForm::Eligible).await
    }

    /// The Azure roles that this principal is eligible for in its own name, at, above and below a
    /// scope.
    ///
    /// # Errors
    /// As every call.
    pub async fn eligible_roles_of(
        &self,
        scope: &str,
        principal: &ObjectId,
    ) -> Result<Vec<PimRole>, CallError> {
        let filter = format!("principalId eq '{principal}'");
        let mut found = self.filtered(scope, PimForm::Eligible, &filter).await?;
        found.retain(|role| role.held.principal == *principal);
        Ok(found)
    }

    async fn instances(&self, scope: &str, form: PimForm) -> Result<Vec<PimRole>, CallError> {
        self.filtered(scope, form, "atScope()").await
    }

    async fn filtered(
        &self,
        scope: &str,
        form: PimForm,
        filter: &str,
    ) -> Result<Vec<PimRole>, CallError> {
        let (what, collection) = match form {
            PimForm::Eligible => {
                ("GET roleEligibilityScheduleInstances", "roleEligibilityScheduleInstances")
            }
            PimForm::Active => {
                ("GET roleAssignmentScheduleInstances", "roleAssignmentScheduleInstances")
            }
        };
        let mut url =
            self.url(scope, &["providers", "Microsoft.Authorization", collection], VERSION);
        url.query_pairs_mut().append_pair("$filter", filter);
        let all: Vec<Instance> = self.endpoint.all(what, odata(url)).await?;
        let call = Call { service: Service::Arm, what };
        let own = all.into_iter().filter(|instance| instance.properties.is_own());
        own.map(|instance| instance.into_role(&call, form)).collect()
    }
}

#[derive(Deserialize)]
struct Instance {
    id: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(flatten)]
    assignment: AssignmentProperties,
    member_type: Option<String>,
    origin_role_assignment_id: Option<String>,
    start_date_time: Option<Timestamp>,
    end_date_time: Option<Timestamp>,
}

impl Properties {
    /// Whether it is given to this principal, and not to a group that they are in.
    fn is_own(&self) -> bool {
        self.member_type.as_deref().is_none_or(|kind| !kind.eq_ignore_ascii_case("Group"))
    }
}

impl Instance {
    fn into_role(self, call: &Call, form: PimForm) -> Result<PimRole, CallError> {
        let Properties {
            assignment,
            origin_role_assignment_id,
            start_date_time,
            end_date_time,
            ..
        } = self.properties;
        let held = WireAssignment { id: self.id, properties: assignment }.into_assignment(call)?;
        Ok(PimRole {
            held,
            form,
            assignment: origin_role_assignment_id,
            since: start_date_time,
            until: end_date_time,
        })
    }
}
