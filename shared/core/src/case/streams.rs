//! Where the records are, and what leads to them.

use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, ClusterName, ObjectId, PersonId, PlanHash, TeamName};

/// The stream of a person's facts and cases.
pub fn person_stream(id: &PersonId) -> String {
    format!("people/{id}")
}

/// The stream that leads from an Entra user to the person it was found to be.
pub fn user_stream(user: &ObjectId) -> String {
    format!("users/{user}")
}

/// One record of the stream `users/{id}`; the last one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRecord {
    /// Whose user it is; nobody's any more when none.
    pub person: Option<PersonId>,
}

/// The stream of a cluster.
pub fn cluster_stream(name: &ClusterName) -> String {
    format!("clusters/{name}")
}

/// The stream of a team's cases.
pub fn team_stream(name: &TeamName) -> String {
    format!("teams/{name}")
}

/// The stream that leads from a plan's hash to its case.
pub fn plan_stream(hash: &PlanHash) -> String {
    format!("plans/{hash}")
}

/// The stream of a case.
pub fn case_stream(id: &CaseId) -> String {
    format!("cases/{id}")
}
