//! Members of a team's group who are nobody HR knows.

use super::{Brake, Found, Judged, Story, Stray, judge};
use crate::{
    Policy, Timestamp,
    access::WhoKind,
    cluster::enough_admins,
    holdings::Group,
    ids::{ObjectId, TeamName},
    invariants::{Admins, may_remove_admin},
    policy::{OF_STRANGERS, OnDrift, same_group},
};

/// A direct member of a group who is no person of ours: a user, a guest, a service principal, a
/// nested group, a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    /// Object id.
    pub id: ObjectId,
    /// What it is.
    pub kind: WhoKind,
}

/// Strangers in a team's group, but for protected principals. `admins` tells who administers the
/// clusters that the group is an admin group of.
///
/// Who goes counts as gone for those after them, so that together they are never too many. What is
/// in the group without being a user may stand for admins who cannot be counted, such as those of
/// a nested group: it goes only where enough others are left.
pub(super) fn strays_of_team(
    policy: &Policy,
    team: &TeamName,
    group: &Group,
    strangers: &[Stranger],
    admins: &[Admins],
) -> Vec<Stray> {
    let makes_admin = |admins: &&Admins| {
        let groups = policy.admin_groups(&admins.cluster);
        groups.iter().any(|name| same_group(name, &group.name))
    };
    let mut admins: Vec<_> = admins.iter().filter(makes_admin).cloned().collect();
    let rule = rule(policy, team);
    let mut strangers: Vec<_> = strangers.iter().collect();
    strangers.sort();
    let open = |who: &&Stranger| !policy.protected.spares(&who.id);
    let strays = strangers.into_iter().filter(open).map(|who| Stray {
        found: Found::member(&group.id, &who.id),
        what: format!("{} {} in group {}", who.kind, who.id, group.name),
        rule: rule.clone(),
        by_hand: group.by_hand().map(str::to_owned).or_else(|| stays(policy, who, &mut admins)),
    });
    strays.collect()
}

/// What becomes of the strangers in a team's group. What was in a group that the team no longer has
/// is over.
pub fn judge_team(
    policy: &Policy,
    team: &TeamName,
    (group, strangers): (&Group, &[Stranger]),
    admins: &[Admins],
    story: &Story,
    now: Timestamp,
) -> Judged {
    let strays = strays_of_team(policy, team, group, strangers, admins);
    judge(Some(Brake::of(policy, "evict_members")), &strays, story, |_| true, now)
}

/// What the policy says of strangers in the team's group.
fn rule(policy: &Policy, team: &TeamName) -> OnDrift {
    policy.teams.get(team).and_then(|team| team.drift.clone()).unwrap_or(OF_STRANGERS)
}

/// Why the stranger must stay for now, if so; else they count as gone.
fn stays(policy: &Policy, who: &Stranger, admins: &mut [Admins]) -> Option<String> {
    let may_go = |admins: &Admins| match who.kind {
        WhoKind::User | WhoKind::Guest => may_remove_admin(policy, admins, &who.id),
        _ => enough_admins(policy, admins),
    };
    if let Some(refusal) = admins.iter().find_map(|admins| may_go(admins).err()) {
        return Some(format!("stays: {refusal}"));
    }
    for admins in admins {
        admins.leaving_in_flight.insert(who.id.clone());
    }
    None
}
