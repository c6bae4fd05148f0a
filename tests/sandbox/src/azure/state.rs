//! Everything Azure knows, and the switches tests turn.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::activity::Entry;
use super::assignments::{Assignments, RoleAssignment};
use super::clusters::Clusters;
use super::operations::Operations;
use super::resource_groups::Groups;
use super::roles::{Permission, Plane, RoleDefinition, RoleDefinitions};
use super::schedules::RoleSchedule;
use super::scope;
use crate::ClusterSpec;

/// How Azure misbehaves; by default it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knobs {
    /// How long after its creation a principal is unknown to role assignments.
    pub principal_replication: SignedDuration,
    /// Reads that answer 404 after an assignment was created.
    pub reads_behind: u32,
    /// Role assignments a subscription may hold.
    pub assignment_limit: usize,
    /// Items a page of a list of role assignments holds.
    pub page_size: usize,
    /// How long a change of a managed cluster takes, by the sandbox clock.
    pub cluster_update: SignedDuration,
    /// How long after it happened something is in the Activity Log, by the sandbox clock.
    pub activity_lag: SignedDuration,
    /// Seconds that `Retry-After` of a running operation states.
    pub poll_after: u32,
    /// The next change of a managed cluster ends `Failed` with this code and message.
    pub fail_next_update: Option<(String, String)>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            principal_replication: SignedDuration::ZERO,
            reads_behind: 0,
            assignment_limit: 4000,
            page_size: 500,
            cluster_update: SignedDuration::ZERO,
            activity_lag: SignedDuration::ZERO,
            poll_after: 1,
            fail_next_update: None,
        }
    }
}

/// Role definitions, role assignments and managed clusters of one subscription.
#[derive(Debug, Default)]
pub struct State {
    /// How Azure misbehaves.
    pub knobs: Knobs,
    /// Role definitions, built-in and custom.
    pub roles: RoleDefinitions,
    /// Role assignments of the whole tenant.
    pub assignments: Assignments,
    /// Roles under PIM, of the whole tenant.
    pub schedules: Vec<RoleSchedule>,
    /// Managed clusters.
    pub clusters: Clusters,
    pub(super) activity: Vec<Entry>,
    pub(super) operations: Operations,
    pub(super) groups: Groups,
}

/// Why an action is allowed: the assignment and its role definition.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The assignment that applies.
    pub assignment: &'a RoleAssignment,
    /// The role it gives.
    pub role: &'a RoleDefinition,
}

impl State {
    /// Registers a cluster as ARM resource; `server_url` and `ca_pem` go into its kubeconfig.
    pub fn add_cluster(&mut self, spec: &ClusterSpec, server_url: &str, ca_pem: &str) {
        self.clusters.add(spec, server_url, ca_pem);
    }

    /// Adds a custom role and returns its GUID, for tests.
    pub fn add_custom_role(&mut self, name: &str, permission: Permission) -> String {
        self.roles.add_custom(name, permission)
    }

    /// Adds a role assignment past all checks and returns its resource id, for tests. `role` is a
    /// role name or a GUID; the assignment's name is derived from its triple.
    ///
    /// # Panics
    /// When the role is unknown or the triple already assigned.
    pub fn assign(
        &mut self,
        role: &str,
        scope: &str,
        principal_type: &str,
        principal_id: &str,
    ) -> String {
        let known = self.roles.named(role).or_else(|| self.roles.get(role));
        let role = known.expect("the role of a seeded assignment exists").guid.clone();
        let seed = format!("seed-{}-{principal_id}-{role}", scope::key(scope));
        let assignment = RoleAssignment {
            name: Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string(),
            scope: scope::tidy(scope),
            role,
            principal_id: principal_id.to_ascii_lowercase(),
            principal_type: principal_type.to_owned(),
            description: None,
            condition: None,
            condition_version: None,
            created_on: Timestamp::UNIX_EPOCH,
            updated_on: Timestamp::UNIX_EPOCH,
            created_by: String::new(),
            updated_by: String::new(),
        };
        let id = assignment.id();
        let put = self.assignments.put(assignment, usize::MAX);
        put.expect("a seeded assignment does not clash with another");
        id
    }

    /// Puts a description on an assignment, for tests; `id` as [`State::assign`] gave it.
    ///
    /// # Panics
    /// When there is no such assignment.
    pub fn describe(&mut self, id: &str, description: &str) {
        let name = id.rsplit('/').next().unwrap_or_default();
        let found = self.assignments.get(name).cloned();
        let mut assignment = found.expect("the assignment exists");
        assignment.description = Some(description.to_owned());
        let put = self.assignments.put(assignment, usize::MAX);
        put.expect("it stays what it is");
    }

    /// The assignment that lets one of these principals perform an action at a scope.
    pub fn grant_for<'a>(
        &'a self,
        principals: &BTreeSet<String>,
        plane: Plane,
        action: &str,
        at: &str,
    ) -> Option<Grant<'a>> {
        principals.iter().flat_map(|id| self.assignments.of(id)).find_map(|assignment| {
            let role = self.roles.get(&assignment.role)?;
            let applies = scope::within(at, &assignment.scope) && role.allows(plane, action);
            applies.then_some(Grant { assignment, role })
        })
    }
}
