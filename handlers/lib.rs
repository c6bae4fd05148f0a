//! The functions of Latchkey, one folder each.
//!
//! [`STEPS`] and [`FUNCTIONS`] are the written lists of what there is; a test compares them with
//! the folders that hold a `function.json`.

pub mod app;
pub mod cli;
pub mod events;
pub mod plans;
pub mod steps;
pub mod timers;
mod trace;

use latchkey_runtime::{Entry, Need};

use crate::{events::*, plans::*, steps::*, timers::*};

/// Every step.
pub const STEPS: &[Entry] = &[
    Entry::of::<bind_cluster_role::BindClusterRole>(),
    Entry::of::<bind_namespace_role::BindNamespaceRole>(),
    Entry::of::<create_group::CreateGroup>(),
    Entry::of::<create_namespace::CreateNamespace>(),
    Entry::of::<create_role_assignable_group::CreateRoleAssignableGroup>(),
    Entry::of::<create_user::CreateUser>(),
    Entry::of::<cut_writes::CutWrites>(),
    Entry::of::<delete_group::DeleteGroup>(),
    Entry::of::<delete_namespace::DeleteNamespace>(),
    Entry::of::<delete_user::DeleteUser>(),
    Entry::of::<disable_local_accounts::DisableLocalAccounts>(),
    Entry::of::<disable_sign_in::DisableSignIn>(),
    Entry::of::<disown_groups::DisownGroups>(),
    Entry::of::<enable_entra_integration::EnableEntraIntegration>(),
    Entry::of::<end_just_in_time::EndJustInTime>(),
    Entry::of::<end_sessions::EndSessions>(),
    Entry::of::<evict_members::EvictMembers>(),
    Entry::of::<grant_cluster_access::GrantClusterAccess>(),
    Entry::of::<grant_just_in_time::GrantJustInTime>(),
    Entry::of::<grant_namespace_scope::GrantNamespaceScope>(),
    Entry::of::<guard_cluster::GuardCluster>(),
    Entry::of::<join_groups::JoinGroups>(),
    Entry::of::<leave_groups::LeaveGroups>(),
    Entry::of::<make_eligible::MakeEligible>(),
    Entry::of::<probe_access::ProbeAccess>(),
    Entry::of::<prove_revoked::ProveRevoked>(),
    Entry::of::<rebind_person::RebindPerson>(),
    Entry::of::<rejoin_groups::RejoinGroups>(),
    Entry::of::<remove_assignments::RemoveAssignments>(),
    Entry::of::<remove_bindings::RemoveBindings>(),
    Entry::of::<reown_groups::ReownGroups>(),
    Entry::of::<require_compliant_device::RequireCompliantDevice>(),
    Entry::of::<restore_writes::RestoreWrites>(),
    Entry::of::<revoke_namespace_scope::RevokeNamespaceScope>(),
    Entry::of::<revoke_role_assignments::RevokeRoleAssignments>(),
    Entry::of::<rotate_certificates::RotateCertificates>(),
    Entry::of::<unbind_namespace_role::UnbindNamespaceRole>(),
    Entry::of::<unbind_person::UnbindPerson>(),
];

/// Every function that is no step, with what it may touch.
pub const FUNCTIONS: &[(&str, &[Need])] = &[
    (entra_event::NAME, entra_event::NEEDS),
    (entra_webhook::NAME, entra_webhook::NEEDS),
    (hr_webhook::NAME, hr_webhook::NEEDS),
    (keep_subscriptions::NAME, keep_subscriptions::NEEDS),
    (ops::NAME, ops::NEEDS),
    (plan_cluster::NAME, plan_cluster::NEEDS),
    (plan_person::NAME, plan_person::NEEDS),
    (plan_team::NAME, plan_team::NEEDS),
    (record_person_event::NAME, record_person_event::NEEDS),
    (resolve_change::NAME, resolve_change::NEEDS),
    (seal_ledger::NAME, seal_ledger::NEEDS),
    (sweep::NAME, sweep::NEEDS),
];

/// What every step does beside its own needs: put itself off, and ask for the next look.
pub const EVERY_STEP: &[Need] = &[Need::Send("steps"), Need::Send("plans")];

/// The step of a name.
pub fn step(name: &str) -> Option<&'static Entry> {
    STEPS.iter().find(|entry| entry.name == name)
}

/// Every function and all it may touch.
pub fn needs() -> impl Iterator<Item = (&'static str, Vec<Need>)> {
    let steps = STEPS.iter().map(|entry| (entry.name, [entry.needs, EVERY_STEP].concat()));
    steps.chain(FUNCTIONS.iter().map(|(name, needs)| (*name, needs.to_vec())))
}
