//! The entity sets and singletons of Graph v1.0. The schema subset has no `EntityContainer`; these
//! are the ones whose types it has.

/// Path, type.
pub const CONTAINER: [(&str, &str); 16] = [
    ("auditLogs/directoryAudits", "Collection(graph.directoryAudit)"),
    ("auditLogs/signIns", "Collection(graph.signIn)"),
    ("devices", "Collection(graph.device)"),
    ("directory/deletedItems", "Collection(graph.directoryObject)"),
    ("directoryObjects", "Collection(graph.directoryObject)"),
    ("groups", "Collection(graph.group)"),
    ("identity/conditionalAccess", "graph.conditionalAccessRoot"),
    (
        "identityGovernance/accessReviews/definitions",
        "Collection(graph.accessReviewScheduleDefinition)",
    ),
    (
        "identityGovernance/lifecycleWorkflows/workflows",
        "Collection(microsoft.graph.identityGovernance.workflow)",
    ),
    ("identityGovernance/privilegedAccess", "graph.privilegedAccessRoot"),
    ("invitations", "Collection(graph.invitation)"),
    ("me", "graph.user"),
    ("policies/roleManagementPolicies", "Collection(graph.unifiedRoleManagementPolicy)"),
    (
        "policies/roleManagementPolicyAssignments",
        "Collection(graph.unifiedRoleManagementPolicyAssignment)",
    ),
    ("subscriptions", "Collection(graph.subscription)"),
    ("users", "Collection(graph.user)"),
];
