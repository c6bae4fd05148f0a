//! Looks at everything that gives somebody access, in as few rounds as the answers allow.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_core::{
    GroupName, ObjectId,
    access::{Filter, Observed, matters, observed::Cluster},
    holdings::{PrincipalType, Subject},
    message::About,
};
use latchkey_runtime::{Cx, drift};

use super::{clusters, groups, links, principals, unseen::Blind};

/// Calls at once.
pub(super) const AT_ONCE: usize = 8;

/// Everything that gives somebody access in the clusters asked about. Nothing fails: what cannot
/// be seen is noted.
pub(in super::super) async fn observe(cx: &Cx, filter: &Filter) -> Observed {
    let mut blind = Blind::default();
    let (seen, named) = futures::join!(clusters::all(cx, filter), groups::named(cx));
    let (mut clusters, named) = (blind.add(seen), blind.add(named));
    let roles = blind.add(clusters::roles(cx, &clusters).await);
    for cluster in &mut clusters {
        cluster.assignments.retain(|given| roles.get(&given.held.role).is_some_and(matters));
    }
    let wanted = Wanted::of(&clusters);
    let expanded = blind.add(groups::expand(cx, wanted.groups.clone()).await);
    let objects = blind.add(principals::find(cx, &wanted, expanded.objects).await);
    let linked = blind.add(links::link(cx, objects).await);
    let mut exceptions = linked.exceptions;
    match drift::exceptions(cx, told_of(cx, &clusters, &named)).await {
        Ok(found) => exceptions.extend(found),
        Err(error) => blind.note(None, "what stands as an exception", error.reason()),
    }
    Observed {
        clusters,
        roles,
        groups: expanded.groups,
        principals: linked.principals,
        people: linked.people,
        named,
        exceptions,
        unseen: blind.notes(),
    }
}

/// The clusters looked at, and the teams whose groups were found: exceptions are in their stories.
fn told_of(cx: &Cx, clusters: &[Cluster], named: &BTreeMap<GroupName, ObjectId>) -> Vec<About> {
    let teams = cx.policy().teams.iter().filter(|(_, team)| named.contains_key(&team.group));
    let teams = teams.map(|(name, _)| About::Team(name.clone()));
    teams.chain(clusters.iter().map(|cluster| About::Cluster(cluster.name.clone()))).collect()
}

/// Who is named where access is given.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Groups.
    pub groups: BTreeSet<ObjectId>,
    /// Users and service principals by object id, with what ARM says they are.
    pub principals: BTreeMap<ObjectId, Option<PrincipalType>>,
    /// Users by name.
    pub upns: BTreeSet<String>,
}

impl Wanted {
    fn of(clusters: &[Cluster]) -> Self {
        let mut wanted = Self::default();
        for cluster in clusters {
            let admins = cluster.settings.iter().flat_map(|settings| &settings.admin_groups);
            wanted.groups.extend(admins.cloned());
            for given in &cluster.assignments {
                wanted.assigned(&given.held.principal, given.held.principal_type);
            }
            for binding in &cluster.bindings {
                binding.subjects.iter().for_each(|subject| wanted.bound(subject));
            }
        }
        wanted
    }

    fn assigned(&mut self, id: &ObjectId, kind: PrincipalType) {
        if kind == PrincipalType::Group {
            self.groups.insert(id.clone());
        } else {
            self.principals.insert(id.clone(), Some(kind));
        }
    }

    fn bound(&mut self, subject: &Subject) {
        match subject {
            Subject::Group(name) => self.groups.extend(ObjectId::new(name)),
            Subject::User(name) => match ObjectId::new(name.to_ascii_lowercase()) {
                Ok(id) => drop(self.principals.entry(id).or_default()),
                Err(_) if name.contains('@') => drop(self.upns.insert(name.clone())),
                Err(_) => {}
            },
            Subject::ServiceAccount(_) => {}
        }
    }
}
