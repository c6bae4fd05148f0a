//! Azure's access in stable text.

use super::state::State;

/// One line for each custom role and each role assignment, sorted, without names of assignments or
/// times. Principals are object ids, which the world replaces by what people call them.
pub fn snapshot(state: &State) -> String {
    let custom = state.roles.iter().filter(|d| d.custom).map(|d| format!("role {}\n", d.name));
    let assigned = state.assignments.iter().map(|a| {
        let role = state.roles.get(&a.role).map_or(a.role.as_str(), |d| d.name.as_str());
        format!("{role} @ {} ← {}\n", a.scope.to_ascii_lowercase(), a.principal_id)
    });
    let mut lines: Vec<String> = custom.chain(assigned).collect();
    lines.sort();
    lines.concat()
}
