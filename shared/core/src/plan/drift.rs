//! What becomes, by plan, of what came about behind our back.

use crate::{
    Plan,
    drift::{Astray, Judged, Straying},
    ids::{ClusterName, TeamName},
    plan::Intent,
    request,
};

/// Adds what becomes of the strangers in a team's group to its plan.
pub fn plan_strangers(plan: &mut Plan, team: &TeamName, judged: Judged) {
    if !judged.remove.is_empty() {
        plan.intents.push(Intent::EvictMembers(request::Team { team: team.clone() }));
    }
    judged.tell(plan);
}

/// Adds what becomes of what strays in a cluster to its plan.
pub fn plan_strays(plan: &mut Plan, name: &ClusterName, straying: &Straying, judged: Judged) {
    let asked = || request::Cluster { cluster: name.clone() };
    let removals = || straying.removals(&judged);
    if removals().any(|astray| matches!(astray, Astray::Role(..))) {
        plan.intents.push(Intent::RemoveAssignments(asked()));
    }
    if removals().any(|astray| matches!(astray, Astray::Bound(..))) {
        plan.intents.push(Intent::RemoveBindings(asked()));
    }
    judged.tell(plan);
    let left = straying.left.iter();
    plan.findings.extend(
        left.map(|person| {
            format!("{person} has left and holds something here: their plan takes it")
        }),
    );
}
