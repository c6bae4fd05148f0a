//! What names somebody: Azure roles, and bindings in the governed clusters.

use std::collections::BTreeMap;

use futures::future::{join_all, try_join_all};
use latchkey_cluster::Cluster;
use latchkey_core::{
    CallError, ClusterName, Names, ObjectId,
    access::reaches,
    holdings::{Binding, RoleAssignment},
    policy,
};

use crate::{cx::Cx, error::StepError};

/// Azure roles that name the user, at, above or below the governed clusters, each once: one request
/// for each subscription, however many clusters are in it.
///
/// # Errors
/// Whatever ARM answers.
pub async fn assignments(cx: &Cx, user: &ObjectId) -> Result<Vec<RoleAssignment>, StepError> {
    let calls = scopes(cx).map(|scope| async move { cx.arm().assignments_of(&scope, user).await });
    Ok(each_once(cx, try_join_all(calls).await?.concat()))
}

/// Azure roles of the user and of every group they are in, at, above or below the governed
/// clusters, each once. The user must exist.
///
/// # Errors
/// Whatever ARM answers.
pub async fn assignments_reaching(
    cx: &Cx,
    user: &ObjectId,
) -> Result<Vec<RoleAssignment>, StepError> {
    let calls =
        scopes(cx).map(|scope| async move { cx.arm().assignments_reaching(&scope, user).await });
    Ok(each_once(cx, try_join_all(calls).await?.concat()))
}

fn scopes(cx: &Cx) -> impl Iterator<Item = String> {
    let subscriptions = cx.policy().cluster_subscriptions().into_iter();
    subscriptions.map(|subscription| format!("/subscriptions/{subscription}"))
}

/// Those at, above or below a governed cluster; a subscription holds others.
fn each_once(cx: &Cx, mut all: Vec<RoleAssignment>) -> Vec<RoleAssignment> {
    let clusters = &cx.policy().clusters;
    let matters = |held: &RoleAssignment| {
        clusters.values().any(|cluster| reaches(cluster, &held.scope) || is_below(cluster, held))
    };
    all.retain(matters);
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all.dedup_by(|a, b| a.id.eq_ignore_ascii_case(&b.id));
    all
}

/// Whether it is at something in the cluster, a namespace or whatever else.
fn is_below(cluster: &policy::Cluster, held: &RoleAssignment) -> bool {
    let (scope, id) = (held.scope.to_ascii_lowercase(), cluster.resource_id.to_ascii_lowercase());
    scope.strip_prefix(id.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// What was found in the governed clusters, and the clusters that could not be seen, with the
/// reason.
type Found = (Vec<Binding>, BTreeMap<ClusterName, String>);

/// Bindings that name the person, in every governed cluster. Bindings that belong to AKS or
/// Kubernetes are left out.
pub async fn bindings(cx: &Cx, names: &Names) -> Found {
    bindings_where(cx, |binding| names.are_in(binding)).await
}

/// The same, of whomever.
pub async fn bindings_where(cx: &Cx, wanted: impl Fn(&Binding) -> bool) -> Found {
    let all = |cluster: Cluster| async move { cluster.all_bindings().await };
    let (mut found, unseen) = in_every_cluster(cx, all).await;
    found.retain(|binding| !binding.reserved && wanted(binding));
    (found, unseen)
}

/// As [`bindings`], but only those at whole clusters that are ours: one request per cluster.
pub async fn own_cluster_bindings(cx: &Cx, names: &Names) -> Found {
    let own = |cluster: Cluster| async move { cluster.own_cluster_bindings().await };
    let (mut found, unseen) = in_every_cluster(cx, own).await;
    found.retain(|binding| !binding.reserved && names.are_in(binding));
    (found, unseen)
}

async fn in_every_cluster<F>(cx: &Cx, list: impl Fn(Cluster) -> F) -> Found
where
    F: Future<Output = Result<Vec<Binding>, CallError>>,
{
    let list = &list;
    let calls = cx.policy().clusters.keys().map(|name| async move {
        let found = async { Ok::<_, StepError>(list(cx.cluster(name).await?).await?) };
        (name, found.await)
    });
    let (mut bindings, mut unseen) = (Vec::new(), BTreeMap::new());
    for (name, found) in join_all(calls).await {
        match found {
            Ok(found) => bindings.extend(found),
            Err(error) => drop(unseen.insert(name.clone(), error.to_string())),
        }
    }
    (bindings, unseen)
}

/// What to say of clusters that could not be seen.
pub fn unseen_lines(unseen: &BTreeMap<ClusterName, String>) -> Vec<String> {
    unseen.iter().map(|(name, why)| format!("cluster {name} could not be seen: {why}")).collect()
}
