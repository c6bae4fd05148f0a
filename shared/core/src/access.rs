//! Who can do what in the governed clusters, through which path, since when and why.
//!
//! [`view`] is a function of the policy and of everything [`Observed`]: groups and what is nested
//! in them, eligibilities, Azure roles wherever they are assigned, bindings, the settings of the
//! clusters. It tells every way in, also those that no policy names: whoever can change a
//! cluster, take its static credential, run commands through ARM or assign roles has a row.
//!
//! What a role of its own name gives in detail is not told, deny assignments and conditions are
//! not weighed, and the right to download a kubeconfig is not told where it is worth nothing by
//! itself: on clusters with Entra integration.

pub mod action;
mod azure;
mod can;
mod filter;
mod kubernetes;
mod link;
mod names;
pub mod observed;
mod paths;
mod place;
mod reach;
mod row;
mod unexplained;
mod why;

use serde::Serialize;

use crate::{Policy, policy};
pub use action::{Permission, Role};
pub use can::Can;
pub use filter::{Filter, Whom};
pub use link::Link;
use names::Names;
pub use observed::{Observed, Unseen};
use paths::Paths;
pub use row::{Row, Since, Standing, State, Who, WhoKind};
pub use unexplained::{Unexplained, Via, unexplained};
pub use why::NOT_IN_POLICY;

/// Who can do what, and what could not be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct View {
    /// The rows, sorted.
    pub rows: Vec<Row>,
    /// What could not be seen, sorted: rows may be missing for it.
    pub unseen: Vec<Unseen>,
}

/// Everything observed as rows: by cluster, namespace and who, each once.
pub fn view(policy: &Policy, observed: &Observed) -> View {
    let (paths, names) = (Paths::new(policy, observed), Names::new(observed));
    let mut rows = Vec::new();
    for seen in &observed.clusters {
        let Some(place) = policy.clusters.get(&seen.name) else { continue };
        azure::rows(&paths, place, seen, &mut rows);
        kubernetes::admin_groups(&paths, seen, &mut rows);
        kubernetes::bindings(&paths, &names, seen, &mut rows);
        kubernetes::local_account(place, seen, &mut rows);
    }
    rows.sort();
    rows.dedup();
    View { rows, unseen: observed.unseen.iter().cloned().collect() }
}

/// Whether an Azure role at this scope can give anything in the cluster or in a namespace of it.
pub fn reaches(cluster: &policy::Cluster, scope: &str) -> bool {
    place::cover(cluster, scope) != place::Cover::Nothing
}

/// Whether a role gives anything that has a row.
pub fn matters(role: &Role) -> bool {
    azure::matters(role)
}

#[cfg(test)]
mod tests;
