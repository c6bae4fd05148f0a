//! Azure's access in stable text.

use super::state::State;
use crate::Directory;

/// One line for each custom role and each role assignment, sorted, without names of assignments or
/// times; principals are called what people call them. A deleted principal is its object id.
pub fn snapshot(state: &State, directory: &Directory) -> String {
    let custom = state.roles.iter().filter(|d| d.custom).map(|d| format!("role {}\n", d.name));
    let assigned = state.assignments.iter().map(|a| {
        let role = state.roles.get(&a.role).map_or(a.role.as_str(), |d| d.name.as_str());
        let principal = directory.label(&a.principal_id).unwrap_or_else(|| a.principal_id.clone());
        format!("{role} @ {} ← {principal}\n", a.scope.to_ascii_lowercase())
    });
    let mut lines: Vec<String> = custom.chain(assigned).collect();
    lines.sort();
    lines.concat()
}
