//! Asks for a compliant device at sign-in to a cluster, by a Conditional Access policy.
//!
//! The policy is about the groups with access to the cluster. It only reports, unless the policy
//! file says `enforced`. Break-glass accounts and their group are always spared. A policy of
//! anybody's that does the same or more is left to do it; none is ever made weaker.

use std::collections::BTreeSet;

use latchkey_azure::graph::{DevicePolicy, PolicyState};
use latchkey_core::{
    Approval, ClusterName, Decision, GroupName, ObjectId, Op, Policy, Refusal, Timestamp,
    policy::CompliantDevice, request,
};
use latchkey_runtime::{
    Cx,
    Need::{self, Graph},
    Step, StepError,
};

/// What is seen.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The policy file.
    pub policy: Policy,
    /// What it asks for.
    pub wanted: CompliantDevice,
    /// Groups with access to the cluster that exist.
    pub groups: BTreeSet<ObjectId>,
    /// Groups that are to have access and do not exist yet.
    pub missing: BTreeSet<GroupName>,
    /// The break-glass group.
    pub glass: Option<ObjectId>,
    /// Break-glass users that exist.
    pub users: BTreeSet<ObjectId>,
    /// The tenant's Conditional Access policies.
    pub found: Vec<DevicePolicy>,
}

/// The step.
#[derive(Debug)]
pub struct RequireCompliantDevice;

impl Step for RequireCompliantDevice {
    const NAME: &'static str = "require_compliant_device";
    const NEEDS: &'static [Need] = &[
        Graph("Application.Read.All"),
        Graph("GroupMember.Read.All"),
        Graph("Policy.Read.All"),
        Graph("Policy.ReadWrite.ConditionalAccess"),
        Graph("User.Read.All"),
    ];
    const EXAMPLE: &'static str = include_str!("example.json");
    type Request = request::Cluster;
    type Facts = Facts;

    async fn observe(cx: &Cx, request: &request::Cluster) -> Result<Facts, StepError> {
        let policy = cx.policy().clone();
        let wanted = policy.cluster(&request.cluster)?.require_compliant_device;
        let access = policy.groups_with_access(&request.cluster);
        let names = access.iter().copied().chain(&policy.protected.group).cloned();
        let mut groups = cx.graph().groups_by_name(&names.collect::<Vec<_>>()).await?;
        let glass = policy.protected.group.as_ref().and_then(|name| groups.remove(name));
        let missing = access.into_iter().filter(|name| !groups.contains_key(*name));
        let missing = missing.cloned().collect();
        let mut users = BTreeSet::new();
        for id in &policy.protected.principals {
            users.extend(cx.graph().user(id).await?.map(|user| user.id));
        }
        Ok(Facts {
            wanted,
            groups: groups.into_values().map(|group| group.id).collect(),
            missing,
            glass: glass.map(|group| group.id),
            users,
            found: cx.graph().device_policies().await?,
            policy,
        })
    }

    fn decide(request: &request::Cluster, facts: &Facts, _: Timestamp) -> Decision {
        match (facts.wanted, facts.glass.is_none() && facts.users.is_empty()) {
            (CompliantDevice::No, _) => Decision::refuse(Refusal::OutsidePolicy {
                field: "cluster".to_owned(),
                value: format!("{} without requireCompliantDevice", request.cluster),
            }),
            (_, true) => Decision::refuse(Refusal::UnsafeCluster {
                cluster: request.cluster.clone(),
                why: "nobody of protected.group and protected.principals exists to be spared"
                    .to_owned(),
            }),
            (_, false) => {
                let ops = change(&request.cluster, facts).into_iter().collect();
                Decision::Apply { ops, residue: residue(&request.cluster, facts) }
            }
        }
    }

    /// A second operator agrees before anybody can be kept out.
    fn approval(request: &request::Cluster, facts: &Facts) -> Option<Approval> {
        match change(&request.cluster, facts) {
            Some(Op::RequireCompliantDevice { enforced: true, .. }) => Some(Approval::Operator),
            _ => None,
        }
    }
}

/// The policy to make or to strengthen; none when one does it all.
fn change(cluster: &ClusterName, facts: &Facts) -> Option<Op> {
    let name = format!("Latchkey: compliant device for {cluster}");
    let ours = facts.found.iter().find(|policy| policy.name == name);
    // What we made spares the break-glass accounts, whatever else it does.
    let does = |policy: &DevicePolicy| {
        covers(policy, facts) && (policy.name != name || spares_all(policy, facts))
    };
    if facts.groups.is_empty() || facts.found.iter().any(does) {
        return None;
    }
    let kept = ours.map(|ours| ours.groups.clone()).unwrap_or_default();
    let enabled = ours.is_some_and(|ours| ours.state == PolicyState::Enabled);
    Some(Op::RequireCompliantDevice {
        cluster: cluster.clone(),
        id: ours.map(|ours| ours.id.clone()),
        name,
        groups: facts.groups.union(&kept).cloned().collect(),
        except_group: facts.glass.clone(),
        except: facts.users.iter().cloned().collect(),
        enforced: enabled || facts.wanted == CompliantDevice::Enforced,
    })
}

/// Whether the policy does what is wanted, or more.
fn covers(policy: &DevicePolicy, facts: &Facts) -> bool {
    let state = match facts.wanted {
        CompliantDevice::Enforced => PolicyState::Enabled,
        _ => PolicyState::ReportOnly,
    };
    let spared = &facts.policy.protected.principals;
    let spares_no_more = policy.except_groups.iter().all(|id| facts.glass.as_ref() == Some(id))
        && policy.except_users.is_subset(spared);
    policy.asks_for_device
        && policy.unconditional
        && policy.state >= state
        && (policy.everybody || policy.groups.is_superset(&facts.groups))
        && spares_no_more
}

/// What a person must see to.
fn residue(cluster: &ClusterName, facts: &Facts) -> Vec<String> {
    let mut residue: Vec<_> = facts.missing.iter().map(|name| missing(cluster, name)).collect();
    if let (Some(name), None) = (&facts.policy.protected.group, &facts.glass) {
        residue.push(format!("protected.group: there is no group {name}"));
    }
    let bites = |policy: &&DevicePolicy| {
        policy.asks_for_device && policy.state == PolicyState::Enabled && !spares(policy, facts)
    };
    residue.extend(facts.found.iter().filter(bites).map(|policy| {
        format!("Conditional Access policy {} does not spare the break-glass accounts", policy.id)
    }));
    residue
}

/// What is said of a group that no Conditional Access policy can name yet.
fn missing(cluster: &ClusterName, group: &GroupName) -> String {
    format!("group {group} with access to {cluster} must exist")
}

/// Whether no break-glass account is kept out by the policy. Who is in its groups is not looked
/// at: only a policy about everybody certainly meets them.
fn spares(policy: &DevicePolicy, facts: &Facts) -> bool {
    !policy.everybody || spares_all(policy, facts)
}

fn spares_all(policy: &DevicePolicy, facts: &Facts) -> bool {
    let group = facts.glass.as_ref().is_none_or(|id| policy.except_groups.contains(id));
    group && policy.except_users.is_superset(&facts.users)
}

#[cfg(test)]
mod tests;
