//! The steps: one folder each, one kind of change each.

pub mod bind_cluster_role;
pub mod bind_namespace_role;
pub mod create_group;
pub mod create_namespace;
pub mod create_role_assignable_group;
pub mod create_user;
pub mod cut_writes;
pub mod delete_group;
pub mod delete_namespace;
pub mod delete_user;
pub mod disable_local_accounts;
pub mod disable_sign_in;
pub mod disown_groups;
pub mod enable_entra_integration;
pub mod end_just_in_time;
pub mod end_sessions;
pub mod evict_members;
pub mod grant_cluster_access;
pub mod grant_just_in_time;
pub mod grant_namespace_scope;
pub mod guard_cluster;
pub mod join_groups;
pub mod leave_groups;
pub mod make_eligible;
pub mod probe_access;
pub mod prove_revoked;
pub mod rebind_person;
pub mod rejoin_groups;
pub mod remove_assignments;
pub mod remove_bindings;
pub mod reown_groups;
pub mod require_compliant_device;
pub mod restore_writes;
pub mod revoke_namespace_scope;
pub mod revoke_role_assignments;
pub mod rotate_certificates;
pub mod unbind_namespace_role;
pub mod unbind_person;

#[cfg(test)]
mod fixtures;
