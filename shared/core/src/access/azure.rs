//! What Azure roles give: inside the cluster, and through its side doors.

use super::{
    action::Role,
    can::Can,
    link::Link,
    observed::{Assignment, Cluster, Settings},
    paths::{Paths, Right},
    place::{Cover, called, cover},
    row::Row,
    why::Given,
};
use crate::{azure_role::AzureRole, holdings::PrincipalType, ids::NamespaceName, policy};

/// Control-plane actions that let somebody in by a side door of the whole cluster.
const DOORS: [(&str, Can); 4] = [
    ("Microsoft.ContainerService/managedClusters/write", Can::ChangesCluster),
    (
        "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
        Can::TakesAdminCredentials,
    ),
    // The older sibling of the one before.
    (
        "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
        Can::TakesAdminCredentials,
    ),
    ("Microsoft.ContainerService/managedClusters/runCommand/action", Can::RunsCommands),
];
const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
const USER_CREDENTIAL: &str =
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action";

const NO_AZURE_RBAC: &str = "Azure roles do not count inside this cluster";
const NO_LOCAL_ACCOUNTS: &str = "local accounts are off";
const NO_RUN_COMMAND: &str = "the run command is off";

/// What a role lets somebody do.
#[derive(Debug, Clone)]
struct Able {
    can: Can,
    /// What keeps it from working.
    dormant: Option<&'static str>,
    /// By way of the kubeconfig that every user of the cluster may download.
    by_user_credential: bool,
}

impl Able {
    fn to(can: Can, dormant: Option<&'static str>) -> Self {
        Self { can, dormant, by_user_credential: false }
    }
}

/// Rows of every Azure role that reaches the cluster.
pub(super) fn rows(
    paths: &Paths<'_>,
    place: &policy::Cluster,
    seen: &Cluster,
    rows: &mut Vec<Row>,
) {
    for assignment in &seen.assignments {
        let Some(role) = paths.observed().roles.get(&assignment.held.role) else { continue };
        let settings = seen.settings.as_ref();
        let (namespace, able) = match cover(place, &assignment.held.scope) {
            Cover::Whole => (None, whole(role, assignment, settings)),
            Cover::Namespace(name) => (Some(name), inside(role, assignment, settings)),
            Cover::Nothing => continue,
        };
        for able in able {
            of_assignment(paths, seen, assignment, role, (namespace.clone(), able), rows);
        }
    }
}

fn of_assignment(
    paths: &Paths<'_>,
    seen: &Cluster,
    assignment: &Assignment,
    role: &Role,
    (namespace, able): (Option<NamespaceName>, Able),
    rows: &mut Vec<Row>,
) {
    let held = &assignment.held;
    let link = Link::Role {
        name: role.name.clone(),
        at: called(paths.reasons.policy, &held.scope),
        tenure: assignment.tenure,
        conditional: held.conditional,
    };
    let right = Right {
        cluster: &seen.name,
        namespace,
        given: match assignment.tenure.eligible {
            // The policy knows of no eligibility for an Azure role.
            true => Given::Nothing,
            false => paths.reasons.of_role(held, assignment.ours),
        },
        can: able.can,
        by: match able.by_user_credential {
            true => vec![link, Link::UserCredential],
            false => vec![link],
        },
        since: assignment.tenure.since.or(held.created),
        dormant: able.dormant,
    };
    match held.principal_type {
        PrincipalType::Group => paths.of_group(&right, &held.principal, rows),
        _ => rows.push(paths.of_principal(&right, &held.principal)),
    }
}

/// Whether a role gives anything, in some cluster or other.
pub(super) fn matters(role: &Role) -> bool {
    let door = DOORS.iter().any(|(action, _)| role.allows(action));
    door || role.reaches_kubernetes() || role.allows(ASSIGN) || role.allows(USER_CREDENTIAL)
}

/// What a role at the cluster or above gives.
fn whole(role: &Role, assignment: &Assignment, settings: Option<&Settings>) -> Vec<Able> {
    let mut able: Vec<Able> = kubernetes(role, assignment, settings).into_iter().collect();
    for (action, can) in DOORS {
        if role.allows(action) && !able.iter().any(|known| known.can == can) {
            let shut = shut(&can, settings);
            able.push(Able::to(can, shut));
        }
    }
    if role.allows(ASSIGN) {
        able.push(Able::to(Can::AssignsRoles, None));
    }
    if settings.is_some_and(|settings| !settings.entra) && role.allows(USER_CREDENTIAL) {
        let dormant = shut(&Can::TakesAdminCredentials, settings);
        able.push(Able { can: Can::ClusterAdmin, dormant, by_user_credential: true });
    }
    able
}

/// What a role at a namespace gives.
fn inside(role: &Role, assignment: &Assignment, settings: Option<&Settings>) -> Vec<Able> {
    let mut able: Vec<Able> = kubernetes(role, assignment, settings).into_iter().collect();
    if role.allows(ASSIGN) {
        able.push(Able::to(Can::AssignsRoles, no_azure_rbac(settings)));
    }
    able
}

/// What a role gives in the Kubernetes API.
fn kubernetes(role: &Role, assignment: &Assignment, settings: Option<&Settings>) -> Option<Able> {
    role.reaches_kubernetes().then(|| {
        let can = match AzureRole::from_id(assignment.held.role) {
            Some(AzureRole::RbacReader) => Can::Reader,
            Some(AzureRole::RbacWriter) => Can::Writer,
            Some(AzureRole::RbacAdmin) => Can::Admin,
            Some(AzureRole::RbacClusterAdmin) => Can::ClusterAdmin,
            Some(AzureRole::ClusterUser) | None => Can::own(&role.name, "Azure role"),
        };
        Able::to(can, no_azure_rbac(settings))
    })
}

fn no_azure_rbac(settings: Option<&Settings>) -> Option<&'static str> {
    settings.filter(|settings| !settings.azure_rbac).map(|_| NO_AZURE_RBAC)
}

/// What keeps a side door shut. What could not be seen counts as open.
fn shut(door: &Can, settings: Option<&Settings>) -> Option<&'static str> {
    let settings = settings?;
    match door {
        Can::TakesAdminCredentials if !settings.local_accounts => Some(NO_LOCAL_ACCOUNTS),
        Can::RunsCommands if !settings.run_command => Some(NO_RUN_COMMAND),
        _ => None,
    }
}
