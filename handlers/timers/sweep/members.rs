//! Who is in the policy's groups: a few bytes for each membership.

use std::collections::{BTreeSet, HashMap};

use latchkey_core::{
    GroupName, ObjectId, Policy,
    holdings::{Group, PimMembership},
};
use latchkey_runtime::{Cx, StepError};
use uuid::Uuid;

use super::{ground::Ground, pace::Pace};

/// Groups whose members are asked for by one request.
const GROUPS: usize = 20;
/// Groups whose PIM memberships are asked for by one request.
const PIM_GROUPS: usize = 10;

/// Memberships by member. Whoever is [taken](Members::take) out has been compared.
#[derive(Debug, Default)]
pub struct Members {
    groups: Vec<Group>,
    of: HashMap<Uuid, Vec<u32>>,
    pim: HashMap<Uuid, Vec<PimMembership>>,
}

impl Members {
    /// Lists the members of every group of the policy that exists.
    ///
    /// # Errors
    /// Whatever Graph answers. A group that is gone by now has no members.
    pub async fn read(cx: &Cx, ground: &Ground, pace: &mut Pace) -> Result<Self, StepError> {
        let mut members = Self::default();
        let groups: Vec<&Group> = ground.groups.values().collect();
        for groups in groups.chunks(GROUPS) {
            pace.turn(1).await;
            let ids: Vec<ObjectId> = groups.iter().map(|group| group.id.clone()).collect();
            for (group, found) in groups.iter().zip(cx.graph().members_of_groups(&ids).await) {
                match found {
                    Ok(found) => members.add(group, found.iter().map(|object| &object.id)),
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        members.add_pim(cx, groups, pace).await?;
        Ok(members)
    }

    fn add<'a>(&mut self, group: &Group, members: impl Iterator<Item = &'a ObjectId>) {
        let Ok(at) = u32::try_from(self.groups.len()) else { return };
        self.groups.push(group.clone());
        for id in members.filter_map(key) {
            self.of.entry(id).or_default().push(at);
        }
    }

    async fn add_pim(
        &mut self,
        cx: &Cx,
        groups: Vec<&Group>,
        pace: &mut Pace,
    ) -> Result<(), StepError> {
        let kept = joined_for_a_time(cx.policy());
        let groups: Vec<_> = groups.into_iter().filter(|g| kept.contains(&g.name)).collect();
        for groups in groups.chunks(PIM_GROUPS) {
            pace.turn(1).await;
            let ids: Vec<ObjectId> = groups.iter().map(|group| group.id.clone()).collect();
            for (group, found) in groups.iter().zip(cx.graph().pim_of_groups(&ids).await) {
                for held in found? {
                    let Some(id) = key(&held.id) else { continue };
                    let (form, since, until) = (held.form, held.since, held.until);
                    let membership = PimMembership { group: (*group).clone(), form, since, until };
                    self.pim.entry(id).or_default().push(membership);
                }
            }
        }
        Ok(())
    }

    /// What a user is in, and what PIM keeps for them; afterwards nobody asks for it again.
    pub fn take(&mut self, user: &ObjectId) -> (Vec<Group>, Vec<PimMembership>) {
        let Some(id) = key(user) else { return Default::default() };
        let at = self.of.remove(&id).unwrap_or_default();
        let group = |at: u32| self.groups.get(usize::try_from(at).ok()?).cloned();
        let groups = at.into_iter().filter_map(group).collect();
        (groups, self.pim.remove(&id).unwrap_or_default())
    }

    /// Members who were not taken, with the groups they are in.
    pub fn left(&self) -> impl Iterator<Item = (ObjectId, Vec<&Group>)> {
        self.of.iter().filter_map(|(id, at)| {
            let group = |at: &u32| self.groups.get(usize::try_from(*at).ok()?);
            Some((ObjectId::new(id.to_string()).ok()?, at.iter().filter_map(group).collect()))
        })
    }
}

fn key(id: &ObjectId) -> Option<Uuid> {
    Uuid::try_parse(id.as_str()).ok()
}

/// The groups of teams that PIM may keep memberships of.
fn joined_for_a_time(policy: &Policy) -> BTreeSet<&GroupName> {
    let teams = policy.teams.values();
    teams
        .filter(|team| team.just_in_time.is_some() || team.role_assignable)
        .map(|team| &team.group)
        .collect()
}
