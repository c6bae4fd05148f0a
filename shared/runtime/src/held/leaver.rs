//! Every way in that somebody who left may still have.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use latchkey_azure::graph::Reach;
use latchkey_core::{
    CallError, Holdings, Names, Policy,
    access::reaches,
    azure_role::AzureRole,
    gate::Keys,
    holdings::{Binding, Group, HandedOut, Nested, PimMembership, RoleAssignment, Subject, User},
    revocation::AdminDoor,
    state::Standing,
};
use uuid::Uuid;

use super::{credentials, owned};
use crate::{cx::Cx, error::StepError, people, people::PersonView, pim};

/// What of all that was asked for could not be read.
#[derive(Debug, Default)]
struct Blind {
    /// Now: it is looked at again.
    unread: Vec<String>,
    /// Ever: a right or a licence is missing.
    not_visible: Vec<String>,
}

impl Blind {
    /// What was read; else nothing, and why.
    fn of<T: Default>(&mut self, what: &str, read: Result<T, StepError>) -> T {
        read.unwrap_or_else(|error| {
            let line = format!("{what}: {}", error.reason());
            match error {
                StepError::Denied { .. } | StepError::Failed { .. } => self.not_visible.push(line),
                _ => self.unread.push(line),
            }
            T::default()
        })
    }
}

/// Looks at everything at once, after one request that tells which groups they reach.
pub(super) async fn observe(cx: &Cx, view: &PersonView) -> Result<Holdings, StepError> {
    let found = view.user_with_reach(cx).await?;
    let (user, reach) = found.map_or_else(Default::default, |(user, reach)| (Some(user), reach));
    let names = view.names(user.as_ref());
    let groups: BTreeSet<&str> =
        reach.groups.iter().chain(&reach.nested).map(|group| group.id.as_str()).collect();
    let is_bound = |binding: &Binding| binding.subjects.iter().any(|of| is_group(of, &groups));
    let (pim, roles, eligible, (mut bindings, mut unseen), handed, lists) = futures::join!(
        kept(cx, user.as_ref(), &reach.groups),
        roles(cx, user.as_ref(), &names),
        eligible(cx, &names),
        people::bindings_where(cx, |binding| names.are_in(binding) || is_bound(binding)),
        handed(cx, &names),
        super::lists(cx, view, Standing::Left, &names),
    );
    unseen.extend(lists.unseen());
    let mut blind = Blind::default();
    let (assignments, of_groups): (Vec<_>, Vec<_>) =
        roles?.into_iter().partition(|held| names.id.as_ref() == Some(&held.principal));
    let matters = Matters::of(cx.policy(), &bindings, &of_groups);
    bindings.retain(|binding| names.are_in(binding));
    let eligible = blind.of("Azure roles that PIM lets them activate", eligible);
    let handed = blind.of("who was handed admin credentials", handed);
    let (nested, owned, doors) = futures::join!(
        nested(cx, &reach, &matters),
        owned::among(cx, &reach.owned, names.id.as_ref()),
        doors(cx, assignments.iter().chain(&eligible)),
    );
    let doors = blind.of("what Azure roles of theirs permit", doors);
    if user.is_some() && !cx.policy().uses_pim() {
        let line = "PIM for Groups, which no team of the policy uses";
        blind.not_visible.push(line.to_owned());
    }
    Ok(Holdings {
        user,
        pim: pim?,
        assignments,
        bindings,
        cut: lists.shut(&Keys::of(&names)),
        unseen,
        nested: nested?,
        owned: owned?,
        eligible,
        doors,
        handed,
        groups: reach.groups,
        unread: blind.unread,
        not_visible: blind.not_visible,
    })
}

fn is_group(subject: &Subject, groups: &BTreeSet<&str>) -> bool {
    matches!(subject, Subject::Group(id) if groups.contains(id.to_ascii_lowercase().as_str()))
}

/// Which groups matter: the policy's, and those that hold something in a governed cluster.
struct Matters<'a> {
    policy: &'a Policy,
    holding: BTreeSet<String>,
}

impl<'a> Matters<'a> {
    fn of(policy: &'a Policy, bindings: &[Binding], roles: &[RoleAssignment]) -> Self {
        let bound = bindings.iter().flat_map(|binding| &binding.subjects);
        let bound = bound.filter_map(|subject| match subject {
            Subject::Group(id) => Some(id.to_ascii_lowercase()),
            _ => None,
        });
        let given = roles.iter().map(|held| held.principal.to_string());
        Self { policy, holding: bound.chain(given).collect() }
    }

    fn has(&self, group: &Group) -> bool {
        self.holding.contains(group.id.as_str()) || self.policy.governs_group(&group.name)
    }
}

async fn kept(
    cx: &Cx,
    user: Option<&User>,
    groups: &[Group],
) -> Result<Vec<PimMembership>, StepError> {
    match user {
        Some(user) => pim::kept(cx, &user.id, groups).await,
        None => Ok(Vec::new()),
    }
}

/// Azure roles of theirs and of their groups; of a deleted user, their own only.
async fn roles(
    cx: &Cx,
    user: Option<&User>,
    names: &Names,
) -> Result<Vec<RoleAssignment>, StepError> {
    match (user, &names.id) {
        (Some(user), _) => people::assignments_reaching(cx, &user.id).await,
        (None, Some(id)) => people::assignments(cx, id).await,
        (None, None) => Ok(Vec::new()),
    }
}

/// Azure roles that reach a governed cluster and that they may activate: one request per
/// subscription.
async fn eligible(cx: &Cx, names: &Names) -> Result<Vec<RoleAssignment>, StepError> {
    let Some(id) = &names.id else { return Ok(Vec::new()) };
    let asked = cx.policy().cluster_subscriptions().into_iter().map(|subscription| async move {
        cx.arm().eligible_roles_of(&format!("/subscriptions/{subscription}"), id).await
    });
    let found = try_join_all(asked).await?.concat().into_iter().map(|role| role.held);
    let mut found: Vec<_> = found
        .filter(|held| cx.policy().clusters.values().any(|place| reaches(place, &held.scope)))
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id.eq_ignore_ascii_case(&b.id));
    Ok(found)
}

async fn handed(cx: &Cx, names: &Names) -> Result<Vec<HandedOut>, StepError> {
    match &names.id {
        Some(id) => credentials::in_hands_of(cx, id).await,
        None => Ok(Vec::new()),
    }
}

/// Groups that matter and that they are in through another, with that other.
async fn nested(cx: &Cx, reach: &Reach, matters: &Matters<'_>) -> Result<Vec<Nested>, StepError> {
    let found: Vec<_> = reach.nested.iter().filter(|group| matters.has(group)).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = found.iter().map(|group| group.id.clone()).collect();
    let inside = cx.graph().groups_inside(&ids).await?;
    let mut nested = Vec::new();
    for (group, inside) in found.into_iter().zip(inside) {
        for through in reach.groups.iter().filter(|direct| inside.contains(&direct.id)) {
            nested.push(Nested { group: group.clone(), through: through.name.clone() });
        }
    }
    Ok(nested)
}

/// What these roles open, but for those that are known to open nothing beside Kubernetes.
async fn doors<'a>(
    cx: &Cx,
    roles: impl Iterator<Item = &'a RoleAssignment>,
) -> Result<BTreeMap<Uuid, BTreeSet<AdminDoor>>, StepError> {
    let unknown = roles.filter(|held| AzureRole::from_id(held.role).is_none());
    let wanted: BTreeMap<Uuid, &str> =
        unknown.map(|held| (held.role, held.scope.as_str())).collect();
    let reads = wanted.into_iter().map(|(id, scope)| async move {
        Ok::<_, CallError>((id, AdminDoor::of(&cx.arm().role_definition(scope, id).await?)))
    });
    let read: Result<BTreeMap<_, _>, _> = join_all(reads).await.into_iter().collect();
    Ok(read?)
}
