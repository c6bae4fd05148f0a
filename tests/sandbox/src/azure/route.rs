//! Which operation a method and path of Azure Resource Manager name.

use http::Method;

/// An operation of this sandbox; scopes and ids are spelled as the caller spelled them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The description of the cloud, asked by `az`.
    Metadata,
    /// The subscriptions the caller sees.
    Subscriptions,
    /// One subscription.
    Subscription(String),
    /// The tenants the caller belongs to.
    Tenants,
    /// The resource groups of a subscription.
    ResourceGroups(String),
    /// Whether there is a resource group.
    ResourceGroupExists(String),
    /// One resource group.
    ReadResourceGroup(String),
    /// Creation or change of a resource group.
    PutResourceGroup(String),
    /// What was done in a subscription.
    ActivityLog(String),
    /// Role definitions at a scope.
    RoleDefinitions(String),
    /// One role definition.
    RoleDefinition(Change, String, String),
    /// Roles under PIM at a scope and above: eligibilities, or what is in force.
    RoleSchedules(bool, String),
    /// Role assignments around a scope.
    RoleAssignments(String),
    /// One role assignment, by scope and name.
    RoleAssignment(Change, String, String),
    /// Managed clusters below a scope.
    Clusters(String),
    /// One managed cluster.
    ReadCluster(String),
    /// Full replacement of one managed cluster.
    PutCluster(String),
    /// The kubeconfig of a user.
    UserCredential(String),
    /// The kubeconfig of the local administrator.
    AdminCredential(String),
    /// New certificates for a cluster and all its local accounts.
    RotateCertificates(String),
    /// State of a long-running operation.
    Operation(String),
    /// Whether a long-running operation has ended, told by the status alone.
    OperationResult(String),
}

/// What happens to a single object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// `GET`.
    Read,
    /// `PUT`.
    Write,
    /// `DELETE`.
    Delete,
}

const AUTHORIZATION: &str = "/providers/microsoft.authorization/";
const CONTAINER: &str = "/providers/microsoft.containerservice/";

impl Route {
    /// Reads method and path; `None` when there is no such operation.
    pub fn parse(method: &Method, path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let lower = path.to_ascii_lowercase();
        if let Some(at) = lower.rfind(AUTHORIZATION) {
            return authorization(method, &path[..at], &path[at + AUTHORIZATION.len()..]);
        }
        if let Some(at) = lower.find(CONTAINER) {
            return container(method, &path[..at], path, &path[at + CONTAINER.len()..]);
        }
        let segments: Vec<&str> = lower.trim_matches('/').split('/').collect();
        if let ["subscriptions", _, "resourcegroups", _] = segments.as_slice() {
            return resource_group(method, path.to_owned());
        }
        if *method != Method::GET {
            return None;
        }
        match segments.as_slice() {
            ["metadata", "endpoints"] => Some(Self::Metadata),
            ["tenants"] => Some(Self::Tenants),
            ["subscriptions"] => Some(Self::Subscriptions),
            ["subscriptions", id] => Some(Self::Subscription((*id).to_owned())),
            ["subscriptions", id, "providers", "microsoft.insights", rest @ ..]
                if rest == ["eventtypes", "management", "values"] =>
            {
                Some(Self::ActivityLog((*id).to_owned()))
            }
            ["subscriptions", id, "resourcegroups"] => Some(Self::ResourceGroups((*id).to_owned())),
            _ => None,
        }
    }

    /// The ARM action this operation needs and the scope it needs it at; `None` for operations
    /// every signed-in caller may use.
    pub fn needs(&self) -> Option<(String, String)> {
        let (action, scope) = match self {
            Self::Metadata
            | Self::Tenants
            | Self::Subscriptions
            | Self::Operation(_)
            | Self::OperationResult(_) => return None,
            Self::Subscription(id) => {
                ("Microsoft.Resources/subscriptions/read", format!("/subscriptions/{id}"))
            }
            Self::ResourceGroups(id) => (
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                format!("/subscriptions/{id}"),
            ),
            Self::ResourceGroupExists(id) | Self::ReadResourceGroup(id) => {
                ("Microsoft.Resources/subscriptions/resourceGroups/read", id.clone())
            }
            Self::PutResourceGroup(id) => {
                ("Microsoft.Resources/subscriptions/resourceGroups/write", id.clone())
            }
            Self::ActivityLog(id) => {
                ("Microsoft.Insights/eventtypes/values/read", format!("/subscriptions/{id}"))
            }
            Self::RoleDefinitions(scope) => {
                ("Microsoft.Authorization/roleDefinitions/read", scope.clone())
            }
            Self::RoleDefinition(change, scope, _) => {
                return Some((change.action("roleDefinitions"), scope.clone()));
            }
            Self::RoleSchedules(true, scope) => {
                ("Microsoft.Authorization/roleEligibilityScheduleInstances/read", scope.clone())
            }
            Self::RoleSchedules(false, scope) => {
                ("Microsoft.Authorization/roleAssignmentScheduleInstances/read", scope.clone())
            }
            Self::RoleAssignments(scope) => {
                ("Microsoft.Authorization/roleAssignments/read", scope.clone())
            }
            Self::RoleAssignment(change, scope, _) => {
                return Some((change.action("roleAssignments"), scope.clone()));
            }
            Self::Clusters(scope) | Self::ReadCluster(scope) => {
                ("Microsoft.ContainerService/managedClusters/read", scope.clone())
            }
            Self::PutCluster(id) => {
                ("Microsoft.ContainerService/managedClusters/write", id.clone())
            }
            Self::UserCredential(id) => (
                "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
                id.clone(),
            ),
            Self::AdminCredential(id) => (
                "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
                id.clone(),
            ),
            Self::RotateCertificates(id) => (
                "Microsoft.ContainerService/managedClusters/rotateClusterCertificates/action",
                id.clone(),
            ),
        };
        Some((action.to_owned(), scope))
    }
}

impl Change {
    fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET => Some(Self::Read),
            Method::PUT => Some(Self::Write),
            Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    fn action(self, kind: &str) -> String {
        let verb = match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        };
        format!("Microsoft.Authorization/{kind}/{verb}")
    }
}

fn authorization(method: &Method, scope: &str, rest: &str) -> Option<Route> {
    let scope = super::scope::tidy(scope);
    let lower = rest.to_ascii_lowercase();
    let (kind, name) = lower.split_once('/').unwrap_or((lower.as_str(), ""));
    match (kind, name) {
        ("roleassignments", "") if *method == Method::GET => Some(Route::RoleAssignments(scope)),
        ("roledefinitions", "") if *method == Method::GET => Some(Route::RoleDefinitions(scope)),
        ("roleeligibilityscheduleinstances", "") if *method == Method::GET => {
            Some(Route::RoleSchedules(true, scope))
        }
        ("roleassignmentscheduleinstances", "") if *method == Method::GET => {
            Some(Route::RoleSchedules(false, scope))
        }
        (_, name) if name.is_empty() || name.contains('/') => None,
        ("roleassignments", name) => {
            Some(Route::RoleAssignment(Change::of(method)?, scope, name.to_owned()))
        }
        ("roledefinitions", name) => {
            Some(Route::RoleDefinition(Change::of(method)?, scope, name.to_owned()))
        }
        _ => None,
    }
}

fn resource_group(method: &Method, id: String) -> Option<Route> {
    match *method {
        Method::HEAD => Some(Route::ResourceGroupExists(id)),
        Method::GET => Some(Route::ReadResourceGroup(id)),
        Method::PUT => Some(Route::PutResourceGroup(id)),
        _ => None,
    }
}

fn container(method: &Method, scope: &str, path: &str, rest: &str) -> Option<Route> {
    let segments: Vec<String> = rest.split('/').map(str::to_ascii_lowercase).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let parent = || path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
    match (method, segments.as_slice()) {
        (&Method::GET, ["managedclusters"]) => Some(Route::Clusters(scope.to_owned())),
        (&Method::GET, ["managedclusters", _]) => Some(Route::ReadCluster(path.to_owned())),
        (&Method::PUT, ["managedclusters", _]) => Some(Route::PutCluster(path.to_owned())),
        (&Method::POST, ["managedclusters", _, "listclusterusercredential"]) => {
            parent().map(Route::UserCredential)
        }
        (&Method::POST, ["managedclusters", _, "listclusteradmincredential"]) => {
            parent().map(Route::AdminCredential)
        }
        (&Method::POST, ["managedclusters", _, "rotateclustercertificates"]) => {
            parent().map(Route::RotateCertificates)
        }
        (&Method::GET, ["locations", _, "operationresults", name]) => {
            Some(Route::OperationResult((*name).to_owned()))
        }
        (&Method::GET, ["locations", _, "operations", name]) => {
            Some(Route::Operation((*name).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str =
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/a";

    #[test]
    fn an_assignment_at_a_namespace_keeps_its_scope() {
        let path = format!(
            "{CLUSTER}/namespaces/dev/providers/Microsoft.Authorization/roleAssignments/ABC"
        );
        let scope = format!("{CLUSTER}/namespaces/dev");
        let expected = Route::RoleAssignment(Change::Write, scope, "abc".to_owned());
        assert_eq!(Route::parse(&Method::PUT, &path), Some(expected));
    }

    #[test]
    fn cluster_operations_are_told_apart_by_method_and_suffix() {
        let cluster = CLUSTER.to_owned();
        let at =
            |method: Method, suffix: &str| Route::parse(&method, &format!("{CLUSTER}{suffix}"));
        assert_eq!(at(Method::GET, ""), Some(Route::ReadCluster(cluster.clone())));
        assert_eq!(at(Method::PUT, ""), Some(Route::PutCluster(cluster.clone())));
        assert_eq!(
            at(Method::POST, "/listClusterUserCredential"),
            Some(Route::UserCredential(cluster))
        );
        assert_eq!(at(Method::PATCH, ""), None);
    }

    #[test]
    fn the_tenant_root_is_a_scope() {
        let path = "/providers/Microsoft.Authorization/roleDefinitions";
        let expected = Some(Route::RoleDefinitions("/".to_owned()));
        assert_eq!(Route::parse(&Method::GET, path), expected);
    }
}
