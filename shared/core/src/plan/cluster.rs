//! From how a cluster is secured to how the policy declares it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Decision, Plan, Policy, Refusal,
    cluster::{Declared, Security, end_local_accounts, enough_admins, integrate},
    holdings::Group,
    ids::{ClusterName, GroupName},
    invariants::Admins,
    op::Integration,
    plan::Intent,
    request,
};

/// What is observed of a cluster and of those who administer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterHeld {
    /// The cluster.
    pub security: Security,
    /// The policy's admin group; none when there is none.
    pub admin_group: Option<Group>,
    /// Who administers it through Entra.
    pub admins: Admins,
    /// What asking for a compliant device comes to; none when the policy does not ask.
    pub device: Option<Decision>,
    /// Groups that are to have access and do not exist yet; looked for when a device is asked for.
    pub missing: BTreeSet<GroupName>,
    /// What the guard that refuses leavers' writes comes to; none when the policy does not ask for
    /// it, or the cluster does not let us in.
    pub guard: Option<Decision>,
    /// Entries of leavers that nobody can read.
    pub unreadable: usize,
}

/// Plans what brings a cluster to what the policy declares: the integration with Entra first, then
/// a compliant device for sign-in and the end of its local accounts. Operations on the cluster come
/// one at a time: each is seen done before the next. A device is asked for of the groups that
/// exist, and of the others once they do.
///
/// What must come first and is somebody else's to do (the admin group is its team's plan's, its
/// members are theirs) is waited for.
///
/// # Errors
/// [`Refusal::UnsafeCluster`] when the cluster cannot be brought there, such as while it is
/// stopped or when people of another tenant sign in to it.
pub fn plan_cluster(
    policy: &Policy,
    name: &ClusterName,
    declared: &Declared,
    held: &ClusterHeld,
) -> Result<Plan, Refusal> {
    let seen = &held.security;
    let mut plan = Plan { findings: findings(name, declared, held), ..Plan::default() };
    if let Some(state) = &seen.changing {
        plan.waits.push(format!("{name} is being changed ({state})"));
        return Ok(plan);
    }
    plan_guard(&mut plan, name, held);
    if !declared.entra {
        return Ok(plan);
    }
    if let (Some(group), None) = (&declared.admin_group, &held.admin_group) {
        plan_missing(&mut plan, policy, group);
        return Ok(plan);
    }
    let asked = || request::Cluster { cluster: name.clone() };
    if integrate(name, declared, seen, held.admin_group.as_ref())?.is_some() {
        plan.intents.push(Intent::EnableEntraIntegration(asked()));
        return Ok(plan);
    }
    if let Some(device) = &held.device {
        plan_device(&mut plan, device, asked());
        held.missing.iter().for_each(|group| plan_missing(&mut plan, policy, group));
    }
    if declared.no_local_accounts && seen.local_accounts {
        match enough_admins(policy, &held.admins) {
            Err(few) => plan.waits.push(format!("its local accounts stay: {few}")),
            Ok(()) => {
                end_local_accounts(policy, name, declared, seen, &held.admins)?;
                plan.intents.push(Intent::DisableLocalAccounts(asked()));
            }
        }
    }
    Ok(plan)
}

/// A group that does not exist is its team's plan's to make; one of no team is somebody's.
fn plan_missing(plan: &mut Plan, policy: &Policy, group: &GroupName) {
    match policy.team_of_group(group) {
        Some((team, _)) => plan.waits.push(format!("group {group} of team {team} must exist")),
        None => plan.residue.push(format!("group {group} does not exist and no team has it")),
    }
}

/// What refuses leavers' writes is put up in every cluster that lets us in.
fn plan_guard(plan: &mut Plan, name: &ClusterName, held: &ClusterHeld) {
    match &held.guard {
        Some(Decision::Apply { ops, .. }) if !ops.is_empty() => {
            plan.intents.push(Intent::GuardCluster(request::Cluster { cluster: name.clone() }));
        }
        _ => {}
    }
    if held.unreadable > 0 {
        plan.findings.push(format!(
            "{} entries of leavers in {name} cannot be read, and refuse writes until somebody takes \
             them out of LeaverList latchkey/leavers",
            held.unreadable
        ));
    }
}

fn plan_device(plan: &mut Plan, device: &Decision, asked: request::Cluster) {
    match device {
        Decision::Apply { ops, residue } => {
            if !ops.is_empty() {
                plan.intents.push(Intent::RequireCompliantDevice(asked));
            }
            plan.residue.extend(residue.iter().cloned());
        }
        Decision::Refuse { refusal } => plan.residue.push(refusal.to_string()),
        Decision::Wait { .. } | Decision::Report { .. } => {}
    }
}

/// What is worth knowing of how a cluster is secured, and not for a plan to change.
fn findings(name: &ClusterName, declared: &Declared, held: &ClusterHeld) -> Vec<String> {
    let seen = &held.security;
    let open = seen.integration != Integration::Managed && !declared.entra;
    let open = open.then(|| {
        format!("{name} has no managed Entra integration: its user credential is an admin's")
    });
    let own = held.admin_group.as_ref().map(|group| &group.id);
    let others = seen.admin_groups.iter().filter(|id| Some(*id) != own);
    let others = others
        .map(|id| format!("group {id} administers {name} too, and the policy does not name it"));
    open.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{self, id};

    fn held() -> ClusterHeld {
        ClusterHeld {
            security: Security {
                integration: Integration::None,
                tenant: None,
                azure_rbac: false,
                admin_groups: [].into(),
                local_accounts: true,
                changing: None,
                stopped: false,
                etag: None,
            },
            admin_group: Some(fixtures::group("ClusterAdminGroup")),
            admins: Admins {
                cluster: name(),
                members_enabled: [id(1), id(2)].into(),
                leaving_in_flight: [].into(),
            },
            device: None,
            missing: BTreeSet::new(),
            guard: None,
            unreadable: 0,
        }
    }

    fn name() -> ClusterName {
        ClusterName::new("private-aks").unwrap()
    }

    fn integrated(held: &mut ClusterHeld) {
        let group = held.admin_group.as_ref().unwrap().id.clone();
        held.security.integration = Integration::Managed;
        held.security.azure_rbac = true;
        held.security.admin_groups.insert(group);
    }

    fn plan(change: impl FnOnce(&mut ClusterHeld, &mut Declared)) -> String {
        let mut policy = fixtures::policy();
        let cluster = policy.clusters.values().next().unwrap().clone();
        policy.clusters.insert(name(), cluster);
        let mut declared = Declared {
            entra: true,
            azure_rbac: true,
            admin_group: Some("ClusterAdminGroup".parse().unwrap()),
            no_local_accounts: true,
            tenant: "home".into(),
        };
        let mut held = held();
        change(&mut held, &mut declared);
        let plan = plan_cluster(&policy, &name(), &declared, &held);
        plan.map_or_else(|refusal| format!("refused: {refusal}"), |plan| plan.to_string())
    }

    #[test]
    fn the_integration_comes_first_and_then_local_accounts_go() {
        assert_snapshot!(plan(|_, _| {}), @"+ Entra integration of private-aks");
        assert_snapshot!(plan(|held, _| integrated(held)), @"- local accounts of private-aks");
        let done = |held: &mut ClusterHeld, _: &mut Declared| {
            integrated(held);
            held.security.local_accounts = false;
        };
        assert_snapshot!(plan(done), @"nothing to do");
    }

    #[test]
    fn a_compliant_device_is_asked_for_once_the_cluster_is_integrated() {
        let op = crate::Op::RequireCompliantDevice {
            cluster: name(),
            id: None,
            name: "device".into(),
            groups: vec![id(5)],
            except_group: None,
            except: vec![id(9)],
            enforced: false,
        };
        let asked = |held: &mut ClusterHeld| held.device = Some(Decision::from_ops([op.clone()]));
        assert_snapshot!(plan(|held, _| asked(held)), @"+ Entra integration of private-aks");
        let ready = |held: &mut ClusterHeld, _: &mut Declared| {
            integrated(held);
            held.security.local_accounts = false;
            asked(held);
        };
        assert_snapshot!(plan(ready), @"+ compliant device for private-aks");
        let partly = |held: &mut ClusterHeld, declared: &mut Declared| {
            ready(held, declared);
            held.missing.insert("Ops_Backend_team".parse().unwrap());
        };
        assert_snapshot!(plan(partly), @"
        + compliant device for private-aks
        waits: group Ops_Backend_team of team backend must exist
        ");
    }

    #[test]
    fn a_guard_is_put_up_whatever_else_is_to_be_done() {
        let missing = crate::gate::Part::ALL.into();
        let change = crate::op::Gate::Guard { missing, edited: [].into() };
        let op = crate::Op::Gate { cluster: name(), change };
        let bare = |held: &mut ClusterHeld| held.guard = Some(Decision::from_ops([op.clone()]));
        let both = |held: &mut ClusterHeld, _: &mut Declared| {
            integrated(held);
            bare(held);
        };
        assert_snapshot!(plan(both), @"
        + guard of private-aks
        - local accounts of private-aks
        ");
        let not_asked = |held: &mut ClusterHeld, declared: &mut Declared| {
            integrated(held);
            bare(held);
            declared.entra = false;
        };
        assert!(plan(not_asked).starts_with("+ guard of private-aks"));
        let fine = |held: &mut ClusterHeld, _: &mut Declared| {
            integrated(held);
            held.security.local_accounts = false;
            held.guard = Some(Decision::from_ops(None));
            held.unreadable = 2;
        };
        assert_snapshot!(plan(fine), @"note: 2 entries of leavers in private-aks cannot be read, and refuse writes until somebody takes them out of LeaverList latchkey/leavers");
    }

    #[test]
    fn a_group_of_a_team_is_waited_for_and_one_of_nobody_needs_somebody() {
        assert_snapshot!(
            plan(|held, _| held.admin_group = None),
            @"waits: group ClusterAdminGroup of team platform must exist"
        );
        let nobodys = |held: &mut ClusterHeld, declared: &mut Declared| {
            held.admin_group = None;
            declared.admin_group = Some("Nobodys".parse().unwrap());
        };
        assert_snapshot!(plan(nobodys), @"! group Nobodys does not exist and no team has it");
    }

    #[test]
    fn local_accounts_stay_until_enough_admins_can_sign_in() {
        let leaving = |held: &mut ClusterHeld, _: &mut Declared| {
            integrated(held);
            held.admins.leaving_in_flight.insert(id(2));
        };
        assert_snapshot!(
            plan(leaving),
            @"waits: its local accounts stay: private-aks would keep 1 usable admins, fewer than 2"
        );
    }

    #[test]
    fn a_cluster_being_changed_is_waited_for_and_a_stopped_one_refused() {
        assert_snapshot!(
            plan(|held, _| held.security.changing = Some("Updating".into())),
            @"waits: private-aks is being changed (Updating)"
        );
        assert_snapshot!(
            plan(|held, _| held.security.stopped = true),
            @"refused: private-aks: it is stopped: start it first"
        );
    }

    #[test]
    fn what_the_policy_does_not_ask_for_is_told_and_left() {
        let not_asked = |_: &mut ClusterHeld, declared: &mut Declared| {
            *declared = Declared {
                entra: false,
                azure_rbac: false,
                admin_group: None,
                no_local_accounts: false,
                tenant: "home".into(),
            };
        };
        assert_snapshot!(
            plan(not_asked),
            @"note: private-aks has no managed Entra integration: its user credential is an admin's"
        );
        let another = |held: &mut ClusterHeld, declared: &mut Declared| {
            integrated(held);
            declared.no_local_accounts = false;
            held.security.admin_groups.insert(id(99));
        };
        let told = format!(
            "note: group {} administers private-aks too, and the policy does not name it",
            id(99)
        );
        assert_eq!(plan(another), told);
    }
}
