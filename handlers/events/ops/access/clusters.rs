//! What ARM and the API servers tell of the governed clusters.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use latchkey_azure::{
    ManagedCluster,
    arm::{PimRole, assignment_name},
};
use latchkey_core::{
    ClusterName,
    access::{
        Filter, Role,
        observed::{Assignment, Cluster, Settings, Tenure},
        reaches,
    },
    holdings::{Binding, PimForm, RoleAssignment, same_scope},
};
use latchkey_runtime::{Cx, StepError};
use uuid::Uuid;

use super::{
    observe::AT_ONCE,
    unseen::{Blind, Failures, Seen},
};

/// Every cluster asked about.
pub(super) async fn all(cx: &Cx, filter: &Filter) -> Seen<Vec<Cluster>> {
    let mut names: Vec<ClusterName> = cx.policy().clusters.keys().cloned().collect();
    names.retain(|name| filter.cluster.as_ref().is_none_or(|one| one == name));
    let looks = names.into_iter().map(|name| async move { one(cx, &name).await });
    let seen: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut blind = Blind::default();
    let clusters = seen.into_iter().map(|seen| blind.add(seen)).collect();
    (clusters, blind)
}

async fn one(cx: &Cx, name: &ClusterName) -> Seen<Cluster> {
    let mut blind = Blind::default();
    let scope = cx.policy().scope(name, None).unwrap_or_default();
    let (found, given, pim) = futures::join!(
        cx.arm().cluster(&scope),
        cx.arm().assignments_under(&scope),
        cx.arm().pim_roles(&scope),
    );
    let found = blind.of(name, "the cluster's settings", found);
    let given = blind.of(name, "Azure roles at, above and below the cluster", given);
    let pim = blind.of(name, "Azure roles under PIM, eligible or for a time", pim);
    let stopped = found.as_ref().is_some_and(is_stopped);
    let bindings =
        if stopped { Err("the cluster is stopped".to_owned()) } else { bindings(cx, name).await };
    let cluster = Cluster {
        name: name.clone(),
        settings: found.map(settings),
        assignments: assignments(cx, name, given.unwrap_or_default(), pim.unwrap_or_default()),
        bindings: blind
            .of(name, "RoleBindings and ClusterRoleBindings", bindings)
            .unwrap_or_default(),
    };
    (cluster, blind)
}

fn is_stopped(cluster: &ManagedCluster) -> bool {
    cluster.power_state.eq_ignore_ascii_case("Stopped")
}

async fn bindings(cx: &Cx, name: &ClusterName) -> Result<Vec<Binding>, String> {
    let read = async { Ok::<_, StepError>(cx.cluster(name).await?.all_bindings().await?) };
    read.await.map_err(|error| error.reason())
}

fn settings(found: ManagedCluster) -> Settings {
    Settings {
        entra: !found.user_credential_is_admin(),
        azure_rbac: found.azure_rbac,
        local_accounts: !found.local_accounts_disabled,
        run_command: !found.run_command_disabled,
        admin_groups: found.admin_groups,
    }
}

/// The roles that reach the cluster or a namespace of it, those somebody is eligible for included.
fn assignments(
    cx: &Cx,
    name: &ClusterName,
    given: Vec<RoleAssignment>,
    pim: Vec<PimRole>,
) -> Vec<Assignment> {
    let Some(cluster) = cx.policy().clusters.get(name) else { return Vec::new() };
    let (eligible, timed): (Vec<_>, Vec<_>) =
        pim.into_iter().partition(|role| role.form == PimForm::Eligible);
    let given = given.into_iter().map(|held| {
        let tenure = timed.iter().find(|role| stands_for(role, &held)).map(tenure);
        Assignment { ours: is_ours(&held), tenure: tenure.unwrap_or_default(), held }
    });
    let eligible = eligible.into_iter().map(|role| Assignment {
        tenure: tenure(&role),
        ours: false,
        held: role.held,
    });
    given.chain(eligible).filter(|given| reaches(cluster, &given.held.scope)).collect()
}

/// Whether an assignment is how a role in force under PIM shows.
fn stands_for(role: &PimRole, held: &RoleAssignment) -> bool {
    match &role.assignment {
        Some(id) => same_scope(id, &held.id),
        None => {
            let kept = &role.held;
            let same = (kept.role, &kept.principal) == (held.role, &held.principal);
            same && same_scope(&kept.scope, &held.scope)
        }
    }
}

fn tenure(role: &PimRole) -> Tenure {
    let eligible = role.form == PimForm::Eligible;
    Tenure { eligible, since: role.since, until: role.until }
}

/// Whether it bears the name that we give.
fn is_ours(held: &RoleAssignment) -> bool {
    let name = assignment_name(&held.scope, &held.principal, held.role).to_string();
    held.id.to_ascii_lowercase().ends_with(&name)
}

/// What the roles permit that are assigned.
pub(super) async fn roles(cx: &Cx, clusters: &[Cluster]) -> Seen<BTreeMap<Uuid, Role>> {
    let held = clusters.iter().flat_map(|cluster| {
        let scope = cx.policy().scope(&cluster.name, None).unwrap_or_default();
        cluster.assignments.iter().map(move |given| (given.held.role, scope.clone()))
    });
    let wanted: BTreeMap<Uuid, String> = held.collect();
    let reads = wanted
        .into_iter()
        .map(|(id, scope)| async move { (id, cx.arm().role_definition(&scope, id).await) });
    let read: Vec<_> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let (mut roles, mut failures, mut blind) =
        (BTreeMap::new(), Failures::default(), Blind::default());
    for (id, role) in read {
        match role {
            Ok(role) => drop(roles.insert(id, role)),
            Err(error) => failures.push(id, error),
        }
    }
    failures.note("what Azure roles permit:", &mut blind);
    (roles, blind)
}
