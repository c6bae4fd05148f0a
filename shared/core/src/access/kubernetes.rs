//! What the cluster itself gives: admin groups, bindings, the static credential.

use super::{
    can::Can,
    link::Link,
    names::{Named, Names},
    observed::{Cluster, Settings},
    paths::{Paths, Right, row},
    row::{Row, Who, WhoKind},
    why::{Given, NOT_IN_POLICY},
};
use crate::{
    drift::Found,
    gate::is_probe,
    holdings::{Binding, RoleRef, Subject},
    policy::{self, LocalAccounts},
};

/// The binding that AKS keeps for the admin groups of the Entra integration.
const ADMIN_BINDING: &str = "aks-cluster-admin-binding-aad";
const NO_ENTRA: &str = "the cluster has no Entra integration";
const OTHER_NAME: &str = "Kubernetes knows them by another name";
const NOBODY: &str = "nobody in the directory is called so";

/// Rows of the cluster's admin groups.
pub(super) fn admin_groups(paths: &Paths<'_>, seen: &Cluster, rows: &mut Vec<Row>) {
    for group in seen.settings.iter().flat_map(|settings| &settings.admin_groups) {
        let right = Right {
            cluster: &seen.name,
            namespace: None,
            can: Can::ClusterAdmin,
            by: vec![Link::AdminGroup],
            since: None,
            dormant: no_entra(seen.settings.as_ref()),
            given: paths.reasons.of_admin_group(&seen.name, group),
        };
        paths.of_group(&right, group, rows);
    }
}

/// The row of the static credential, while it is accepted.
pub(super) fn local_account(place: &policy::Cluster, seen: &Cluster, rows: &mut Vec<Row>) {
    if !seen.settings.as_ref().is_some_and(|settings| settings.local_accounts) {
        return;
    }
    let why = match place.local_accounts {
        LocalAccounts::Enabled => "the policy leaves local accounts as they are",
        LocalAccounts::Disabled => NOT_IN_POLICY,
    };
    let right = Right {
        cluster: &seen.name,
        namespace: None,
        can: Can::ClusterAdmin,
        by: vec![Link::LocalAccount],
        since: None,
        dormant: None,
        given: Given::Nothing,
    };
    let who = Who { person: None, kind: WhoKind::LocalAccount, id: "clusterAdmin".to_owned() };
    rows.push(row(&right, who, &[], why.to_owned()));
}

/// Rows of every binding, but of what Kubernetes and AKS bind to themselves.
pub(super) fn bindings(paths: &Paths<'_>, names: &Names<'_>, seen: &Cluster, rows: &mut Vec<Row>) {
    for binding in seen.bindings.iter().filter(|binding| !is_probe(binding)) {
        for subject in binding.subjects.iter().filter(|subject| !is_own(seen, binding, subject)) {
            of_subject(paths, names, seen, (binding, subject), rows);
        }
    }
}

/// Whether the cluster binds something of its own, or what another row tells already.
fn is_own(seen: &Cluster, binding: &Binding, subject: &Subject) -> bool {
    let admins = seen.settings.as_ref().map_or(&[][..], |settings| &settings.admin_groups);
    let system = |name: &str| binding.reserved && name.starts_with("system:");
    match subject {
        Subject::Group(id) if binding.name == ADMIN_BINDING => {
            admins.iter().any(|admin| admin.as_str() == id) || system(id)
        }
        Subject::User(name) | Subject::Group(name) => system(name),
        Subject::ServiceAccount(_) => binding.reserved,
    }
}

fn of_subject(
    paths: &Paths<'_>,
    names: &Names<'_>,
    seen: &Cluster,
    (binding, subject): (&Binding, &Subject),
    rows: &mut Vec<Row>,
) {
    let mut right = Right {
        cluster: &seen.name,
        namespace: binding.namespace.clone(),
        can: can(&binding.role),
        by: vec![link(binding)],
        since: binding.created,
        dormant: None,
        given: Given::Nothing,
    };
    let entra = no_entra(seen.settings.as_ref());
    match names.of(subject) {
        Named::Group(group) => {
            right.dormant = entra;
            right.given = paths.reasons.of_binding(binding, subject, &group);
            paths.of_group(&right, &group, rows);
        }
        Named::Principal { id, exact } => {
            right.dormant = entra.or((!exact).then_some(OTHER_NAME));
            let person = paths.observed().principals.get(&id).and_then(|p| p.person.as_ref());
            right.given = paths.reasons.of_person(binding, subject, person);
            rows.push(paths.of_principal(&right, &id));
        }
        Named::Foreign { kind, id } => {
            right.dormant = match kind {
                WhoKind::Unknown | WhoKind::Group => entra.or(Some(NOBODY)),
                WhoKind::Everybody => entra,
                _ => None,
            };
            let who = Who { person: None, kind, id };
            let given =
                paths.reasons.or_exception(Given::Nothing, || Found::binding(binding, subject));
            let why = match given {
                Given::Excepted(exception) => exception.to_string(),
                _ => NOT_IN_POLICY.to_owned(),
            };
            rows.push(row(&right, who, &[], why));
        }
    }
}

fn no_entra(settings: Option<&Settings>) -> Option<&'static str> {
    settings.filter(|settings| !settings.entra).map(|_| NO_ENTRA)
}

fn can(role: &RoleRef) -> Can {
    match role {
        RoleRef::ClusterRole(name) => match name.as_str() {
            "view" => Can::Reader,
            "edit" => Can::Writer,
            "admin" => Can::Admin,
            "cluster-admin" => Can::ClusterAdmin,
            other => Can::own(other, "ClusterRole"),
        },
        RoleRef::Role(name) => Can::own(name, "Role"),
    }
}

fn link(binding: &Binding) -> Link {
    let name = match &binding.namespace {
        Some(namespace) => format!("RoleBinding {namespace}/{}", binding.name),
        None => format!("ClusterRoleBinding {}", binding.name),
    };
    Link::Binding { name, role: binding.role.to_string() }
}
