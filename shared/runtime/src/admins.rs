//! Who administers the clusters, and who is about to stop: shared by all plans in flight.
//!
//! Two leavers who are both admins must not each find the other still there. So whoever takes an
//! admin away first notes it in the ledger, with create-if-absent deciding who was first.

use std::collections::BTreeSet;

use latchkey_core::{
    ClusterName, ObjectId,
    holdings::Group,
    invariants::{Admins, may_remove_admin},
};
use serde::{Deserialize, Serialize};

use crate::{
    cx::Cx,
    error::StepError,
    journal::{append_if, read},
};

/// One record of the stream `admins/{cluster}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "camelCase")]
pub enum Reservation {
    /// The user is about to stop being a usable admin.
    Leaving {
        /// Who.
        user: ObjectId,
    },
    /// The user stays (or came back).
    Stays {
        /// Who.
        user: ObjectId,
    },
}

/// The clusters a user administers through these groups, with everything the invariant needs.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn at_stake(cx: &Cx, groups: &[Group]) -> Result<Vec<Admins>, StepError> {
    let mut stakes = Vec::new();
    for cluster in cx.policy().clusters.keys() {
        let names = cx.policy().admin_groups(cluster);
        if groups.iter().any(|group| names.contains(&group.name)) {
            stakes.push(of_cluster(cx, cluster).await?);
        }
    }
    Ok(stakes)
}

/// Who administers a cluster through its admin groups: direct members who may sign in.
///
/// # Errors
/// Whatever Graph or the ledger answers.
pub async fn of_cluster(cx: &Cx, cluster: &ClusterName) -> Result<Admins, StepError> {
    let names: Vec<_> = cx.policy().admin_groups(cluster).into_iter().cloned().collect();
    let mut members_enabled = BTreeSet::new();
    for group in cx.graph().groups_by_name(&names).await?.values() {
        let members = cx.graph().members(&group.id).await?;
        let enabled = members.into_iter().filter(|member| member.enabled == Some(true));
        members_enabled.extend(enabled.map(|member| member.id));
    }
    let records: Vec<Reservation> = read(cx, &stream(cluster)).await?;
    Ok(Admins { cluster: cluster.clone(), members_enabled, leaving_in_flight: leaving(&records) })
}

/// Notes that the user is about to stop being an admin, unless too few would be left.
///
/// # Errors
/// A refusal when too few would be left; whatever the ledger answers.
pub async fn reserve(cx: &Cx, stakes: &[Admins], user: &ObjectId) -> Result<(), StepError> {
    for admins in stakes {
        let mut verdict = Ok(());
        let note = Reservation::Leaving { user: user.clone() };
        append_if(cx, &stream(&admins.cluster), |records: &[Reservation]| {
            let leaving_in_flight = leaving(records);
            if leaving_in_flight.contains(user) {
                return None;
            }
            let now = Admins { leaving_in_flight, ..admins.clone() };
            verdict = may_remove_admin(cx.policy(), &now, user);
            verdict.is_ok().then(|| note.clone())
        })
        .await?;
        verdict?;
    }
    Ok(())
}

/// Notes that the user stays, so that an old reservation does not count against others.
///
/// # Errors
/// Whatever the ledger answers.
pub async fn release(cx: &Cx, stakes: &[Admins], user: &ObjectId) -> Result<(), StepError> {
    for admins in stakes.iter().filter(|admins| admins.leaving_in_flight.contains(user)) {
        let note = Reservation::Stays { user: user.clone() };
        append_if(cx, &stream(&admins.cluster), |records: &[Reservation]| {
            leaving(records).contains(user).then(|| note.clone())
        })
        .await?;
    }
    Ok(())
}

fn leaving(records: &[Reservation]) -> BTreeSet<ObjectId> {
    let mut leaving = BTreeSet::new();
    for record in records {
        match record {
            Reservation::Leaving { user } => leaving.insert(user.clone()),
            Reservation::Stays { user } => leaving.remove(user),
        };
    }
    leaving
}

fn stream(cluster: &ClusterName) -> String {
    format!("admins/{cluster}")
}
