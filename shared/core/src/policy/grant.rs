//! Roles at whole clusters that the policy gives to single people.

use std::collections::BTreeSet;

use crate::{
    holdings::{Binding, RoleRef, User},
    ids::{ClusterName, PersonId, RoleName, digest},
    policy::{Grant, Policy},
};

impl Policy {
    /// What `grants` gives this person, by cluster.
    pub fn grants_of(&self, person: &PersonId) -> BTreeSet<(ClusterName, RoleName)> {
        let own = self.grants.iter().filter(|grant| grant.person == *person);
        own.map(|grant| (grant.cluster.clone(), grant.role.clone())).collect()
    }
}

impl Grant {
    /// The name of the binding that gives a ClusterRole to a person: the same when the user is
    /// renamed, so that the old name loses what the new one gets.
    pub fn binding_name(cluster_role: &str, person: &PersonId) -> String {
        format!("latchkey-{}", &digest(&["grant", cluster_role, person.as_str()])[..16])
    }

    /// Whether the binding was made for this person, whomever it names today.
    pub fn is_for(binding: &Binding, person: &PersonId) -> bool {
        let RoleRef::ClusterRole(role) = &binding.role else { return false };
        binding.managed
            && binding.namespace.is_none()
            && binding.name == Self::binding_name(role, person)
    }
}

/// Whether a binding of ours gives one of these roles to the user as their tokens name them, which
/// Kubernetes compares case-sensitively.
pub fn gives_grant<'a>(
    binding: &Binding,
    grants: impl IntoIterator<Item = &'a (ClusterName, RoleName)>,
    user: &User,
) -> bool {
    let RoleRef::ClusterRole(bound) = &binding.role else { return false };
    let here = |(cluster, role): &(ClusterName, RoleName)| {
        *cluster == binding.cluster && role.cluster_role() == Some(bound)
    };
    binding.managed
        && binding.namespace.is_none()
        && binding.subjects.contains(&user.subject())
        && grants.into_iter().any(here)
}
