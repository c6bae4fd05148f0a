//! Azure's access in stable text.

use super::clusters::AccessProfile;
use super::state::State;
use crate::Directory;

/// One line for each custom role, each role assignment and each managed cluster, sorted, without names of assignments or
/// times; principals are called what people call them. A deleted principal is its object id.
pub fn snapshot(state: &State, directory: &Directory) -> String {
    let custom = state.roles.iter().filter(|d| d.custom).map(|d| format!("role {}\n", d.name));
    let assigned = state.assignments.iter().map(|a| {
        let role = state.roles.get(&a.role).map_or(a.role.as_str(), |d| d.name.as_str());
        let principal = directory.label(&a.principal_id).unwrap_or_else(|| a.principal_id.clone());
        format!("{role} @ {} ← {principal}\n", a.scope.to_ascii_lowercase())
    });
    let clusters = state.clusters.within("/").map(|cluster| {
        let AccessProfile { entra, azure_rbac, admin_groups, local_accounts } =
            AccessProfile::of(&cluster.document);
        let label = |id: &String| directory.label(id).unwrap_or_else(|| id.clone());
        let admins: Vec<_> = admin_groups.iter().map(label).collect();
        format!(
            "cluster {}: entra {entra}, Azure RBAC {azure_rbac}, admins {admins:?}, local accounts \
             {local_accounts}, {} rotations\n",
            cluster.name, cluster.rotations
        )
    });
    let mut lines: Vec<String> = custom.chain(assigned).chain(clusters).collect();
    lines.sort();
    lines.concat()
}
