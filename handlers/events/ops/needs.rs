//! What the operators' door may touch: everything that a step or planner looks at, no more.

use latchkey_runtime::Need::{self, Arm, DeadLetters, Graph, Kube, Send};

/// Reads of every step and planner, the queues and topics, and their dead letters. No right to write in the tenant.
pub const NEEDS: &[Need] = &[
    Graph("User.Read.All"),
    Graph("Directory.Read.All"),
    Graph("GroupMember.Read.All"),
    Graph("Policy.Read.All"),
    Graph("PrivilegedAssignmentSchedule.Read.AzureADGroup"),
    Graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm("Microsoft.Authorization/roleDefinitions", &["read"]),
    Arm("Microsoft.Authorization/roleAssignmentScheduleInstances", &["read"]),
    Arm("Microsoft.Authorization/roleEligibilityScheduleInstances", &["read"]),
    // Of a leaver: who was handed admin credentials.
    Arm("Microsoft.Insights/eventtypes/values", &["read"]),
    Arm(
        "Microsoft.ContainerService/managedClusters",
        &["read", "listClusterUserCredential/action"],
    ),
    Kube("namespaces", &["get", "list"]),
    Kube("roles", &["get"]),
    Kube("rolebindings", &["get", "list"]),
    Kube("clusterrolebindings", &["list"]),
    Kube("customresourcedefinitions", &["get"]),
    Kube("leaverlists", &["get"]),
    Kube("validatingadmissionpolicies", &["get"]),
    Kube("validatingadmissionpolicybindings", &["get"]),
    // A review is a question that Kubernetes spells as the creation of an object.
    Kube("subjectaccessreviews", &["create"]),
    Send("steps"),
    Send("plans"),
    // What was parked or dead-lettered is sent again to where it was.
    Send("people"),
    Send("changes"),
    DeadLetters("steps"),
    DeadLetters("plans"),
    DeadLetters("people"),
    DeadLetters("changes"),
];

/// A right, for people to read.
pub(super) fn text(need: &Need) -> String {
    match need {
        Graph(permission) => format!("Graph: {permission}"),
        Arm(kind, actions) => format!("ARM: {} on {kind}", actions.join(", ")),
        Kube(resource, verbs) => format!("Kubernetes: {} on {resource}", verbs.join(", ")),
        Send(queue) => format!("Service Bus: send to {queue}"),
        DeadLetters(queue) => format!("Service Bus: receive the dead letters of {queue}"),
    }
}
