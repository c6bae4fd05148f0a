//! What of somebody who left cannot be seen from here, for the receipt: said, never left out.

use std::collections::BTreeSet;

use crate::{
    Holdings, Policy, Timestamp,
    drift::Past,
    ids::{PersonId, TeamName},
    policy::{Team, place},
};

/// What cannot be seen, with whom to ask. It follows from the facts, and stays the same when the
/// memberships are gone.
pub(super) fn not_visible(
    policy: &Policy,
    person: &PersonId,
    held: &Holdings,
    past: Past<'_>,
    now: Timestamp,
) -> Vec<String> {
    let mut lines = held.not_visible.clone();
    if held.user.as_ref().is_some_and(|user| user.guest) {
        lines.push("sessions of the guest in its home tenant: ask there".to_owned());
    }
    let ever = |team: &&TeamName| past.ever_gave(policy, person, team, now);
    let teams: BTreeSet<_> = policy.teams.keys().filter(ever).collect();
    lines.extend(teams.into_iter().filter_map(|team| left_behind(policy, team)));
    lines.push(
        "service-account tokens, and kubeconfigs with credentials of others, copied before: \
         Kubernetes does not tell who took them"
            .to_owned(),
    );
    lines.push("SSH keys on nodes: rotate them where people had access to nodes".to_owned());
    lines
}

/// Where somebody in the team could have made something that acts in their place.
fn left_behind(policy: &Policy, name: &TeamName) -> Option<String> {
    let team: &Team = policy.teams.get(name)?;
    let places = team.access.iter().map(|access| place(&access.cluster, access.namespace.as_ref()));
    let places: BTreeSet<_> = places.collect();
    let places = places.into_iter().collect::<Vec<_>>().join(", ");
    (!places.is_empty()).then(|| {
        format!(
            "service accounts, bindings to them and workloads made in {places}: ask team {name}"
        )
    })
}
