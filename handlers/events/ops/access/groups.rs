//! Who is in the groups that hold something, whatever is nested in them.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_azure::{MemberKind, Object, PimMember};
use latchkey_core::{
    CallError, GroupName, ObjectId,
    access::observed::{Group, Member, Tenure},
    holdings::PimForm,
};
use latchkey_runtime::Cx;

use super::unseen::{Blind, Failures, Seen};

/// The groups that the policy names, each by its own name. One whose name another group bears too
/// is noted and left out.
pub(super) async fn named(cx: &Cx) -> Seen<BTreeMap<GroupName, ObjectId>> {
    let names: Vec<_> = cx.policy().governed_groups().into_iter().cloned().collect();
    let mut blind = Blind::default();
    let mut found = BTreeMap::new();
    match cx.graph().groups_by_name(&names).await {
        Ok(groups) => found.extend(groups),
        // One name that cannot be told apart spoils them all: look one by one.
        Err(CallError::Rejected { .. }) => {
            let mut failures = Failures::default();
            for name in &names {
                match cx.graph().groups_by_name(std::slice::from_ref(name)).await {
                    Ok(groups) => found.extend(groups),
                    Err(error) => failures.push(name, error),
                }
            }
            failures.note("which is the policy's group", &mut blind);
        }
        Err(error) => blind.note(None, "which groups are the policy's", error),
    }
    (found.into_iter().map(|(name, group)| (name, group.id)).collect(), blind)
}

/// Groups, and everybody seen in them.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub groups: BTreeMap<ObjectId, Group>,
    pub objects: BTreeMap<ObjectId, Object>,
}

/// The groups that exist among these, and those nested in them, level by level.
pub(super) async fn expand(cx: &Cx, first: BTreeSet<ObjectId>) -> Seen<Expanded> {
    let mut walk = Walk::default();
    let mut level: BTreeSet<ObjectId> = first;
    walk.meet(cx, &level).await;
    loop {
        let open = |id: &ObjectId| walk.is_group(id) && !walk.expanded.groups.contains_key(id);
        let next: Vec<ObjectId> = level.into_iter().filter(open).collect();
        if next.is_empty() {
            break;
        }
        let (members, pim) =
            futures::join!(cx.graph().members_of_groups(&next), cx.graph().pim_of_groups(&next));
        let mut met = BTreeSet::new();
        for ((id, members), pim) in next.iter().zip(members).zip(pim) {
            met.extend(walk.keep(id, members, pim));
        }
        walk.meet(cx, &met).await;
        level = met;
    }
    walk.end()
}

#[derive(Default)]
struct Walk {
    expanded: Expanded,
    blind: Blind,
    hidden: Failures,
    timed: Failures,
}

impl Walk {
    /// Learns what ids stand for.
    async fn meet(&mut self, cx: &Cx, ids: &BTreeSet<ObjectId>) {
        let known = &self.expanded.objects;
        let strangers: Vec<_> = ids.iter().filter(|id| !known.contains_key(*id)).cloned().collect();
        if strangers.is_empty() {
            return;
        }
        match cx.graph().objects(&strangers).await {
            Ok(found) => self.expanded.objects.extend(found),
            Err(error) => self.blind.note(None, "what holders of access are", error),
        }
    }

    fn is_group(&self, id: &ObjectId) -> bool {
        self.expanded.objects.get(id).is_some_and(|object| object.kind == MemberKind::Group)
    }

    fn name(&self, id: &ObjectId) -> Option<GroupName> {
        let told = self.expanded.objects.get(id).and_then(|object| object.group_name.clone());
        told.or_else(|| GroupName::new(id.as_str()).ok())
    }

    /// Keeps what was seen of a group; gives everybody in it.
    fn keep(
        &mut self,
        id: &ObjectId,
        members: Result<Vec<Object>, CallError>,
        pim: Result<Vec<PimMember>, CallError>,
    ) -> Vec<ObjectId> {
        let Some(name) = self.name(id) else { return Vec::new() };
        let pim = pim.unwrap_or_else(|error| {
            self.timed.push(&name, error);
            Vec::new()
        });
        let members = match members {
            Ok(members) => Some(self.members(members, &pim)),
            Err(error) => {
                self.hidden.push(&name, error);
                None
            }
        };
        let ids = members.iter().flatten().map(|member| member.id.clone()).collect();
        self.expanded.groups.insert(id.clone(), Group { name, members });
        ids
    }

    fn members(&mut self, members: Vec<Object>, pim: &[PimMember]) -> Vec<Member> {
        let dated = |held: &PimMember| Member { id: held.id.clone(), tenure: tenure(held) };
        let mut all: BTreeSet<Member> = pim.iter().map(dated).collect();
        for object in members {
            let kept = |held: &PimMember| held.id == object.id && held.form == PimForm::Active;
            if !pim.iter().any(kept) {
                all.insert(Member { id: object.id.clone(), tenure: Tenure::default() });
            }
            self.expanded.objects.insert(object.id.clone(), object);
        }
        all.into_iter().collect()
    }

    fn end(mut self) -> Seen<Expanded> {
        self.hidden.note("members of groups", &mut self.blind);
        self.timed.note("PIM memberships, eligible or for a time, in groups", &mut self.blind);
        (self.expanded, self.blind)
    }
}

fn tenure(held: &PimMember) -> Tenure {
    Tenure { eligible: held.form == PimForm::Eligible, since: held.since, until: held.until }
}
