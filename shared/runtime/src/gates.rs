//! The lists of leavers of all clusters, read at once.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use latchkey_core::{
    ClusterName,
    gate::{Keys, Leavers, Shut},
};
use tokio::time::timeout;

use crate::{cx::Cx, error::StepError};

/// What the lists show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Of each cluster that answered; none where there is no list.
    pub seen: BTreeMap<ClusterName, Option<Leavers>>,
    /// Clusters that did not answer in time, or could not just now, and why.
    pub silent: BTreeMap<ClusterName, String>,
    /// Clusters that would not show it, and why.
    pub closed: BTreeMap<ClusterName, String>,
}

impl Lists {
    /// How the writes of whoever has these keys stand, where that is seen.
    pub fn shut(&self, keys: &Keys) -> BTreeMap<ClusterName, Shut> {
        let of = |list: &Option<Leavers>| {
            list.as_ref().map(|leavers| leavers.shut(keys)).unwrap_or_default()
        };
        self.seen.iter().map(|(cluster, list)| (cluster.clone(), of(list))).collect()
    }

    /// The clusters whose lists were not seen, and why.
    pub fn unseen(&self) -> BTreeMap<ClusterName, String> {
        self.silent.iter().chain(&self.closed).map(|(c, why)| (c.clone(), why.clone())).collect()
    }
}

/// Reads the list of every governed cluster; one that takes longer than `patience`, if that is
/// limited, counts as silent.
pub async fn lists(cx: &Cx, patience: Option<Duration>) -> Lists {
    let calls = cx.policy().clusters.keys().map(|name| async move {
        let look = async { Ok::<_, StepError>(cx.cluster(name).await?.leavers().await?) };
        let found = match patience {
            None => Some(look.await),
            Some(patience) => timeout(patience, look).await.ok(),
        };
        (name.clone(), found)
    });
    let mut lists = Lists::default();
    for (name, found) in join_all(calls).await {
        match found {
            Some(Ok(list)) => drop(lists.seen.insert(name, list)),
            Some(Err(error @ (StepError::Busy { .. } | StepError::Lost { .. }))) => {
                lists.silent.insert(name, error.to_string());
            }
            Some(Err(error)) => drop(lists.closed.insert(name, error.to_string())),
            None => drop(lists.silent.insert(name, "it did not answer in time".to_owned())),
        }
    }
    lists
}
