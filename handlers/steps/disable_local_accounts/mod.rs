//! Switches a cluster's local accounts off, once it is shown that an admin can do without them.
//!
//! Client certificates issued so far stay valid: `rotate_certificates` voids them.

use latchkey_cluster::{Cluster, Review};
use latchkey_core::{
    Approval, Decision, ObjectId, Policy, Timestamp,
    cluster::{Declared, Security, decision, end_local_accounts, unsafe_cluster},
    invariants::Admins,
    op::Integration,
    request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube},
    Step, StepError, admins, secured,
};

/// What only an admin of the whole cluster may do: verb, API group, resource.
const ADMIN_DEEDS: [(&str, &str, &str); 3] = [
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("list", "", "secrets"),
    ("delete", "", "nodes"),
];

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy.
    pub policy: Policy,
    /// What it declares of the cluster.
    pub declared: Declared,
    /// The cluster.
    pub seen: Security,
    /// Who administers it through Entra.
    pub admins: Admins,
    /// Whether the cluster says of one of them that they are its admin.
    pub proven: bool,
}

/// The step.
#[derive(Debug)]
pub struct DisableLocalAccounts;

impl Step for DisableLocalAccounts {
    const NAME: &'static str = "disable_local_accounts";
    const NEEDS: &'static [Need] = &[
        Graph("GroupMember.Read.All"),
        Graph("User.Read.All"),
        Arm(
            "Microsoft.ContainerService/managedClusters",
            &["read", "write", "listClusterUserCredential/action"],
        ),
        // A review is a question that Kubernetes spells as the creation of an object.
        Kube("subjectaccessreviews", &["create"]),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        let seen = secured::look_when_settled(cx, &request.cluster).await?;
        let admins = admins::of_cluster(cx, &request.cluster).await?;
        // Without Entra, or stopped, the API server would not answer us.
        let askable = seen.integration == Integration::Managed && !seen.stopped;
        let asked = askable && seen.local_accounts;
        Ok(Facts {
            policy: cx.policy().clone(),
            declared: secured::declared(cx, &request.cluster)?,
            proven: asked && is_proven(cx, request, &admins).await?,
            seen,
            admins,
        })
    }

    fn decide(request: &request::Cluster, facts: &Facts, _: Timestamp) -> Decision {
        let Facts { policy, declared, seen, admins, proven } = facts;
        let decided = end_local_accounts(policy, &request.cluster, declared, seen, admins);
        if matches!(decided, Ok(Some(_))) && !proven {
            let why = "it does not say of any member of its admin groups that they are its admin";
            return Decision::refuse(unsafe_cluster(&request.cluster, why));
        }
        decision(decided)
    }

    fn approval(_: &request::Cluster, _: &Facts) -> Option<Approval> {
        Some(Approval::Operator)
    }
}

/// Whether the cluster allows one enabled member of an admin group everything that only an admin
/// may do. Verdicts are cached by the API server for minutes, denials too.
async fn is_proven(
    cx: &Cx,
    request: &request::Cluster,
    admins: &Admins,
) -> Result<bool, StepError> {
    let staying: Vec<_> = admins.members_enabled.difference(&admins.leaving_in_flight).collect();
    let names: Vec<_> = cx.policy().admin_groups(&request.cluster).into_iter().cloned().collect();
    let cluster = cx.cluster(&request.cluster).await?;
    for group in cx.graph().groups_by_name(&names).await?.values() {
        let members = cx.graph().members(&group.id).await?;
        let usable = members.iter().map(|member| &member.id).find(|id| staying.contains(id));
        if let Some(user) = usable
            && is_admin(&cluster, user, &group.id).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_admin(cluster: &Cluster, user: &ObjectId, group: &ObjectId) -> Result<bool, StepError> {
    for (verb, api_group, resource) in ADMIN_DEEDS {
        let review = Review {
            user: user.to_string(),
            groups: vec![group.clone()],
            oid: user.clone(),
            namespace: None,
            verb: verb.into(),
            group: api_group.into(),
            resource: resource.into(),
        };
        if !cluster.review(&review).await?.allowed {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
