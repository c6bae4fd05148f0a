//! What the clusters and the policy's groups hold, listed once for all teams and people.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use latchkey_core::{
    ClusterName, GroupName, NamespaceName, RoleName,
    holdings::{Binding, Group, RoleAssignment},
    policy::team_grants,
};
use latchkey_runtime::{Cx, StepError, reach};

use super::pace::Pace;

/// Names looked up by one request.
const NAMES: usize = 20;

/// What was listed.
#[derive(Debug, Default)]
pub struct Ground {
    /// The policy's groups that exist.
    pub groups: BTreeMap<GroupName, Group>,
    /// Azure roles at, above and below the governed clusters.
    pub assignments: Vec<RoleAssignment>,
    /// Bindings in the governed clusters, without those that belong to AKS or Kubernetes.
    pub bindings: Vec<Binding>,
    /// Namespaces that exist.
    pub namespaces: Vec<(ClusterName, NamespaceName)>,
    /// Custom roles that are there with the policy's rules.
    pub roles: Vec<(ClusterName, NamespaceName, String)>,
    /// Clusters that could not be looked into, and why: their teams are looked at one by one.
    pub unseen: BTreeMap<ClusterName, String>,
}

impl Ground {
    /// Lists everything.
    ///
    /// # Errors
    /// Whatever Graph or ARM answers. A cluster that does not answer is noted.
    pub async fn read(cx: &Cx, pace: &mut Pace) -> Result<Self, StepError> {
        let mut ground = Self::default();
        let names: Vec<_> = cx.policy().governed_groups().into_iter().cloned().collect();
        for names in names.chunks(NAMES) {
            pace.turn(1).await;
            ground.groups.extend(cx.graph().groups_by_name(names).await?);
        }
        for cluster in cx.policy().clusters.values() {
            ground.assignments.extend(cx.arm().assignments_under(&cluster.scope(None)).await?);
        }
        ground.assignments.sort_by(|a, b| a.id.cmp(&b.id));
        ground.assignments.dedup_by(|a, b| a.id.eq_ignore_ascii_case(&b.id));
        let clusters = cx.policy().clusters.keys();
        let looks = clusters.map(|name| async move { (name, inside(cx, name).await) });
        for (name, inside) in join_all(looks).await {
            reach::note(cx, name, inside.as_ref().err()).await?;
            match inside {
                Ok(inside) => ground.add(name, inside),
                Err(error) => drop(ground.unseen.insert(name.clone(), error.reason())),
            }
        }
        Ok(ground)
    }

    fn add(&mut self, name: &ClusterName, inside: Inside) {
        self.bindings.extend(inside.bindings.into_iter().filter(|binding| !binding.reserved));
        let namespaces = inside.namespaces.into_iter();
        self.namespaces.extend(namespaces.map(|namespace| (name.clone(), namespace)));
        self.roles.extend(inside.roles);
    }
}

struct Inside {
    bindings: Vec<Binding>,
    namespaces: Vec<NamespaceName>,
    roles: Vec<(ClusterName, NamespaceName, String)>,
}

async fn inside(cx: &Cx, name: &ClusterName) -> Result<Inside, StepError> {
    let cluster = cx.cluster(name).await?;
    let (bindings, namespaces) = futures::try_join!(cluster.all_bindings(), cluster.namespaces())?;
    let mut roles = Vec::new();
    for (namespace, role) in own_roles(cx, name)? {
        let Some(wanted) = cx.policy().roles.get(&role) else { continue };
        let found = cluster.role(&namespace, role.as_str()).await?;
        if found.as_ref() == Some(&wanted.rules) {
            roles.push((name.clone(), namespace, role.to_string()));
        }
    }
    Ok(Inside { bindings, namespaces, roles })
}

/// Custom roles that teams are bound to in a cluster.
fn own_roles(
    cx: &Cx,
    name: &ClusterName,
) -> Result<BTreeSet<(NamespaceName, RoleName)>, StepError> {
    let mut roles = BTreeSet::new();
    for team in cx.policy().teams.keys() {
        for ((cluster, namespace), role) in team_grants(cx.policy(), team)?.bindings.into_keys() {
            let Some(namespace) = namespace.filter(|_| cluster == *name) else { continue };
            if cx.policy().roles.contains_key(&role) {
                roles.insert((namespace, role));
            }
        }
    }
    Ok(roles)
}
