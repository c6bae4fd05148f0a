//! Which groups matter: those that the policy names, and every group nested in them.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{ClusterName, GroupName, ObjectId, Policy, TeamName};
use serde::{Deserialize, Serialize};

use crate::{cx::Cx, error::StepError};

/// The cell that keeps them.
const CELL: &str = "feeds/nested";

/// The groups that the policy governs, by object id: under which names of the policy each is. Kept
/// in the cell `feeds/nested`, and made anew when the policy changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Governed {
    policy: String,
    /// Every name of a group that the policy speaks of.
    names: BTreeSet<GroupName>,
    groups: BTreeMap<GroupName, BTreeSet<ObjectId>>,
}

impl Governed {
    /// The names of the policy that the group bears or is nested under.
    pub fn roots(&self, id: &ObjectId) -> BTreeSet<GroupName> {
        let under = self.groups.iter().filter(|(_, ids)| ids.contains(id));
        under.map(|(name, _)| name.clone()).collect()
    }

    /// The groups that bear the name or are nested under it.
    pub fn under(&self, name: &GroupName) -> impl Iterator<Item = &ObjectId> {
        self.groups.get(name).into_iter().flatten()
    }

    /// Whether the policy speaks of a group of this name.
    pub fn names(&self, name: &GroupName) -> bool {
        self.names.contains(name)
    }
}

/// The groups that the policy governs, as they were last looked up.
///
/// # Errors
/// Whatever Graph or the store of cells answers.
pub async fn governed(cx: &Cx) -> Result<Governed, StepError> {
    let kept: Governed = cx.cells().get(CELL).await?.unwrap_or_default();
    if kept.policy == cx.policy().hash() {
        return Ok(kept);
    }
    refresh_nested(cx).await
}

/// Looks all of them up: the sweep does, and whoever finds the policy changed.
///
/// # Errors
/// Whatever Graph or the store of cells answers.
pub async fn refresh_nested(cx: &Cx) -> Result<Governed, StepError> {
    let names = names(cx.policy());
    let all: Vec<GroupName> = names.iter().cloned().collect();
    let groups = cx.graph().nesting(&all).await?;
    let found = Governed { policy: cx.policy().hash(), names, groups };
    cx.cells().put(CELL, &found).await?;
    Ok(found)
}

/// Looks up the groups under some names.
pub(super) async fn refresh_under(
    cx: &Cx,
    known: &Governed,
    names: &BTreeSet<GroupName>,
) -> Result<Governed, StepError> {
    let names: Vec<GroupName> = names.iter().cloned().collect();
    let mut found = known.clone();
    found.groups.retain(|name, _| !names.contains(name));
    found.groups.extend(cx.graph().nesting(&names).await?);
    cx.cells().put(CELL, &found).await?;
    Ok(found)
}

/// Every group that the policy speaks of, the break-glass group included.
fn names(policy: &Policy) -> BTreeSet<GroupName> {
    let protected = policy.protected.group.as_ref();
    policy.governed_groups().into_iter().chain(protected).cloned().collect()
}

/// The teams whose group this is, or whose approvers are in it.
pub(super) fn teams_of(policy: &Policy, name: &GroupName) -> BTreeSet<TeamName> {
    let teams = policy.teams.iter().filter(|(_, team)| {
        let approvers = team.just_in_time.as_ref().map(|jit| &jit.approvers);
        team.group == *name || approvers == Some(name)
    });
    teams.map(|(team, _)| team.clone()).collect()
}

/// The clusters whose admins are in this group, or all when it is the break-glass group.
pub(super) fn clusters_of(policy: &Policy, name: &GroupName) -> BTreeSet<ClusterName> {
    let protected = policy.protected.group.as_ref() == Some(name);
    let clusters = policy.clusters.keys();
    let of = |cluster: &&ClusterName| protected || policy.admin_groups(cluster).contains(name);
    clusters.filter(of).cloned().collect()
}
