//! Who is in a group, directly or through others, and by which way.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    link::Link,
    observed::{Member, Observed, Tenure},
};
use crate::ids::ObjectId;

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    /// Who.
    pub who: ObjectId,
    /// The groups on the way, the one they are in themselves first.
    pub way: Vec<Link>,
}

/// Everybody in a group: one for each way in, that is for each group below or at this one that
/// they are in themselves, by the best way up from there. A membership beats one for a time, that
/// beats eligibility, and then the shorter way is the better one.
///
/// None when the members of the group itself could not be seen.
pub(super) fn members(observed: &Observed, group: &ObjectId) -> Option<Vec<Reached>> {
    observed.groups.get(group)?.members.as_ref()?;
    let mut reached = Vec::new();
    for (inner, way) in ways(observed, group) {
        let members = observed.groups.get(inner).and_then(|group| group.members.as_deref());
        for member in members.unwrap_or_default() {
            if !observed.groups.contains_key(&member.id) {
                let first = link(observed, inner, member.tenure);
                let way = std::iter::once(first).chain(way.iter().cloned()).collect();
                reached.push(Reached { who: member.id.clone(), way });
            }
        }
    }
    Some(reached)
}

/// How good a way is; less is better.
type Cost = (bool, bool, usize, Vec<ObjectId>);

/// The best way from each group within this one up to it, itself included.
fn ways<'a>(observed: &'a Observed, top: &'a ObjectId) -> BTreeMap<&'a ObjectId, Vec<Link>> {
    let mut found: BTreeMap<&ObjectId, Vec<Link>> = BTreeMap::new();
    let mut open: BinaryHeap<Reverse<(Cost, &ObjectId, Vec<Link>)>> = BinaryHeap::new();
    open.push(Reverse(((false, false, 0, Vec::new()), top, Vec::new())));
    while let Some(Reverse((cost, group, way))) = open.pop() {
        if found.contains_key(group) {
            continue;
        }
        for Member { id, tenure } in nested(observed, group) {
            if found.contains_key(id) || id == group {
                continue;
            }
            let (eligible, ends, length, mut path) = cost.clone();
            path.push(id.clone());
            let next =
                (eligible || tenure.eligible, ends || tenure.until.is_some(), length + 1, path);
            let way = std::iter::once(link(observed, group, *tenure)).chain(way.clone()).collect();
            open.push(Reverse((next, id, way)));
        }
        found.insert(group, way);
    }
    found
}

fn nested<'a>(observed: &'a Observed, group: &ObjectId) -> impl Iterator<Item = &'a Member> {
    let members = observed.groups.get(group).and_then(|group| group.members.as_deref());
    let is_group = |member: &&Member| observed.groups.contains_key(&member.id);
    members.unwrap_or_default().iter().filter(is_group)
}

/// Being in a group in some way.
fn link(observed: &Observed, group: &ObjectId, tenure: Tenure) -> Link {
    Link::Group { id: group.clone(), name: group_name(observed, group), tenure }
}

/// The group's display name, or its id.
pub(super) fn group_name(observed: &Observed, group: &ObjectId) -> String {
    observed.groups.get(group).map_or_else(|| group.to_string(), |found| found.name.to_string())
}
