//! Role assignments: the store with its uniqueness rules. Principals are checked by the caller.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::ArmError;
use super::roles::definition_id;
use super::{filter::Filter, scope};

/// One role assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// The GUID that names it, in lower case.
    pub name: String,
    /// Where it applies, spelled as the writer spelled it.
    pub scope: String,
    /// GUID of the role definition, in lower case.
    pub role: String,
    /// Object id of the principal, in lower case.
    pub principal_id: String,
    /// `User`, `Group`, `ServicePrincipal`, `ForeignGroup` or `Device`.
    pub principal_type: String,
    /// Free text.
    pub description: Option<String>,
    /// An ABAC condition, kept but not evaluated.
    pub condition: Option<String>,
    /// `2.0` when there is a condition.
    pub condition_version: Option<String>,
    /// When it was first written.
    pub created_on: Timestamp,
    /// When it was last written.
    pub updated_on: Timestamp,
    /// Object id of the first writer.
    pub created_by: String,
    /// Object id of the last writer.
    pub updated_by: String,
}

type Triple = (String, String, String);

impl RoleAssignment {
    /// The resource id.
    pub fn id(&self) -> String {
        let scope = scope::tidy(&self.scope);
        let scope = scope.trim_end_matches('/');
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", self.name)
    }

    /// The wire form; the role definition is qualified by the subscription, as the service does.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id(),
            "name": self.name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": definition_id(&self.role, scope::subscription_of(&self.scope)),
                "principalId": self.principal_id,
                "principalType": self.principal_type,
                "scope": scope::tidy(&self.scope),
                "condition": self.condition,
                "conditionVersion": self.condition_version,
                "createdOn": self.created_on.to_string(),
                "updatedOn": self.updated_on.to_string(),
                "createdBy": self.created_by,
                "updatedBy": self.updated_by,
                "delegatedManagedIdentityResourceId": null,
                "description": self.description,
            },
        })
    }

    fn triple(&self) -> Triple {
        (scope::key(&self.scope), self.role.clone(), self.principal_id.clone())
    }
}

/// What a `PUT` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// 201.
    Created,
    /// 200: the same name and triple were there.
    Updated,
}

/// Every role assignment of the tenant.
#[derive(Debug, Default)]
pub struct Assignments {
    by_name: BTreeMap<String, RoleAssignment>,
    by_triple: HashMap<Triple, String>,
    by_principal: HashMap<String, BTreeSet<String>>,
    /// Reads that still answer 404, by name.
    unread: HashMap<String, AtomicU32>,
}

impl Assignments {
    /// Writes an assignment, keeping `created*` of an existing one.
    ///
    /// # Errors
    /// 400 `RoleAssignmentUpdateNotPermitted` when the name belongs to another triple, 409
    /// `RoleAssignmentExists` when the triple has another name, 400 `RoleAssignmentLimitExceeded`.
    pub fn put(&mut self, wish: RoleAssignment, limit: usize) -> Result<Put, ArmError> {
        if let Some(existing) = self.by_name.get_mut(&wish.name) {
            if existing.triple() != wish.triple() {
                return Err(update_not_permitted());
            }
            existing.description = wish.description;
            existing.condition = wish.condition;
            existing.condition_version = wish.condition_version;
            existing.updated_on = wish.updated_on;
            existing.updated_by = wish.updated_by;
            return Ok(Put::Updated);
        }
        if let Some(name) = self.by_triple.get(&wish.triple()) {
            return Err(exists(name));
        }
        self.check_limit(&wish, limit)?;
        self.by_triple.insert(wish.triple(), wish.name.clone());
        self.by_principal.entry(wish.principal_id.clone()).or_default().insert(wish.name.clone());
        self.by_name.insert(wish.name.clone(), wish);
        Ok(Put::Created)
    }

    fn check_limit(&self, wish: &RoleAssignment, limit: usize) -> Result<(), ArmError> {
        let Some(subscription) = scope::subscription_of(&wish.scope) else { return Ok(()) };
        if self.by_name.len() < limit {
            return Ok(());
        }
        let counted = self.by_name.values().filter(|a| {
            scope::subscription_of(&a.scope).is_some_and(|s| s.eq_ignore_ascii_case(subscription))
        });
        if counted.count() < limit {
            return Ok(());
        }
        Err(ArmError::bad_request(
            "RoleAssignmentLimitExceeded",
            format!(
                "The role assignment limit for the subscription has been exceeded. No more role \
                 assignments can be created. The limit is {limit}."
            ),
        ))
    }

    /// Makes the next reads of this assignment answer 404, as a lagging replica does.
    pub fn hide(&mut self, name: &str, reads: u32) {
        self.unread.insert(name.to_ascii_lowercase(), AtomicU32::new(reads));
    }

    /// Counts one read; whether it falls on a replica that does not know the assignment yet.
    pub fn falls_behind(&self, name: &str) -> bool {
        let Some(left) = self.unread.get(name) else { return false };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }

    /// The assignment with this name.
    pub fn get(&self, name: &str) -> Option<&RoleAssignment> {
        self.by_name.get(&name.to_ascii_lowercase())
    }

    /// All assignments, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = &RoleAssignment> {
        self.by_name.values()
    }

    /// The assignments of exactly this principal.
    pub fn of<'a>(&'a self, principal_id: &str) -> impl Iterator<Item = &'a RoleAssignment> + 'a {
        let names = match self.by_principal.get(principal_id) {
            Some(names) => Some(names),
            None => self.by_principal.get(&principal_id.to_ascii_lowercase()),
        };
        names.into_iter().flatten().filter_map(|name| self.by_name.get(name))
    }

    /// The assignments a list at `at` shows, ordered by name. `members_of` turns the principal of
    /// `assignedTo` into itself and its transitive groups.
    pub fn list(
        &self,
        at: &str,
        filter: &Filter,
        members_of: impl FnOnce(&str) -> Vec<String>,
    ) -> Vec<&RoleAssignment> {
        let above = |a: &&RoleAssignment| scope::within(at, &a.scope);
        let around =
            |a: &&RoleAssignment| scope::within(at, &a.scope) || scope::within(&a.scope, at);
        match filter {
            Filter::Everything => self.iter().filter(around).collect(),
            Filter::AtScope => self.iter().filter(above).collect(),
            Filter::PrincipalIs(id) => self.of(id).filter(around).collect(),
            Filter::AssignedTo { principal, at_scope } => {
                let mut found: Vec<_> = members_of(principal)
                    .iter()
                    .flat_map(|id| self.of(id))
                    .filter(|a| if *at_scope { above(a) } else { around(a) })
                    .collect();
                found.sort_by(|a, b| a.name.cmp(&b.name));
                found
            }
        }
    }

    /// Removes an assignment; `None` when there was none.
    pub fn remove(&mut self, name: &str) -> Option<RoleAssignment> {
        let name = name.to_ascii_lowercase();
        let gone = self.by_name.remove(&name)?;
        self.by_triple.remove(&gone.triple());
        if let Some(names) = self.by_principal.get_mut(&gone.principal_id) {
            names.remove(&name);
        }
        self.unread.remove(&name);
        Some(gone)
    }
}

fn update_not_permitted() -> ArmError {
    ArmError::bad_request(
        "RoleAssignmentUpdateNotPermitted",
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    )
}

fn exists(name: &str) -> ArmError {
    let id = name.replace('-', "");
    ArmError::new(
        http::StatusCode::CONFLICT,
        "RoleAssignmentExists",
        format!(
            "The role assignment already exists. The ID of the existing role assignment is {id}."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "/subscriptions/s/resourceGroups/rg/providers/M.C/managedClusters/aks";

    fn wish(name: &str, scope: &str, principal: &str) -> RoleAssignment {
        RoleAssignment {
            name: name.to_owned(),
            scope: scope.to_owned(),
            role: "r".to_owned(),
            principal_id: principal.to_owned(),
            principal_type: "Group".to_owned(),
            description: None,
            condition: None,
            condition_version: None,
            created_on: Timestamp::UNIX_EPOCH,
            updated_on: Timestamp::UNIX_EPOCH,
            created_by: "me".to_owned(),
            updated_by: "me".to_owned(),
        }
    }

    #[test]
    fn the_same_put_twice_creates_once() {
        let mut all = Assignments::default();
        assert_eq!(all.put(wish("n", CLUSTER, "p"), 10).unwrap(), Put::Created);
        assert_eq!(all.put(wish("n", CLUSTER, "p"), 10).unwrap(), Put::Updated);
        assert_eq!(all.iter().count(), 1);
    }

    #[test]
    fn a_second_name_for_one_triple_is_refused_with_the_first_name_without_dashes() {
        let mut all = Assignments::default();
        all.put(wish("aa-bb", CLUSTER, "p"), 10).unwrap();
        let refused = all.put(wish("cc", &CLUSTER.to_uppercase(), "p"), 10).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code.as_str()), (409, "RoleAssignmentExists"));
        assert!(refused.message.ends_with("is aabb."), "{}", refused.message);
    }

    #[test]
    fn a_name_cannot_move_to_another_triple() {
        let mut all = Assignments::default();
        all.put(wish("n", CLUSTER, "p"), 10).unwrap();
        let refused = all.put(wish("n", CLUSTER, "q"), 10).unwrap_err();
        assert_eq!(refused.code, "RoleAssignmentUpdateNotPermitted");
    }

    #[test]
    fn the_limit_counts_the_subscription_only() {
        let mut all = Assignments::default();
        all.put(wish("root", "/", "p"), 1).unwrap();
        all.put(wish("a", CLUSTER, "p"), 1).unwrap();
        let refused = all.put(wish("b", CLUSTER, "q"), 1).unwrap_err();
        assert_eq!(refused.code, "RoleAssignmentLimitExceeded");
    }

    #[test]
    fn lists_look_up_and_down_from_the_scope() {
        let mut all = Assignments::default();
        let namespace = format!("{CLUSTER}/namespaces/dev");
        all.put(wish("1", &namespace, "p"), 10).unwrap();
        all.put(wish("2", CLUSTER, "q"), 10).unwrap();
        all.put(wish("3", "/subscriptions/s", "p"), 10).unwrap();
        let names = |at: &str, filter: Filter| -> Vec<String> {
            let found = all.list(at, &filter, |id| vec![id.to_owned(), "q".to_owned()]);
            found.iter().map(|a| a.name.clone()).collect()
        };
        assert_eq!(names(CLUSTER, Filter::Everything), ["1", "2", "3"]);
        assert_eq!(names(CLUSTER, Filter::AtScope), ["2", "3"]);
        assert_eq!(names(CLUSTER, Filter::PrincipalIs("p".into())), ["1", "3"]);
        let assigned = Filter::AssignedTo { principal: "u".into(), at_scope: false };
        assert_eq!(names(CLUSTER, assigned), ["2"]);
    }

    #[test]
    fn the_first_reads_after_a_write_can_miss_it() {
        let mut all = Assignments::default();
        all.put(wish("n", CLUSTER, "p"), 10).unwrap();
        all.hide("n", 2);
        assert_eq!([(); 3].map(|()| all.falls_behind("n")), [true, true, false]);
    }

    #[test]
    fn a_removed_assignment_frees_its_triple() {
        let mut all = Assignments::default();
        all.put(wish("n", CLUSTER, "p"), 10).unwrap();
        assert!(all.remove("N").is_some());
        assert!(all.remove("n").is_none());
        assert_eq!(all.put(wish("m", CLUSTER, "p"), 10).unwrap(), Put::Created);
    }
}
