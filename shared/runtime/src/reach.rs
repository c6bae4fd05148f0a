//! Whether the clusters could be looked into last time: one cell each, written by the sweep.

use latchkey_core::{ClusterName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{cx::Cx, error::StepError};

/// How a look into a cluster went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// When it was looked into.
    pub at: Timestamp,
    /// Why nothing could be seen; none when it could.
    pub why: Option<String>,
}

/// Notes how a look into a cluster went.
///
/// # Errors
/// Whatever the store of cells answers.
pub async fn note(
    cx: &Cx,
    cluster: &ClusterName,
    failure: Option<&StepError>,
) -> Result<(), StepError> {
    let reach = Reach { at: cx.now(), why: failure.map(StepError::reason) };
    Ok(cx.cells().put(&cell(cluster), &reach).await?)
}

/// How the last look into a cluster went; none before the first sweep.
///
/// # Errors
/// Whatever the store of cells answers.
pub async fn read(cx: &Cx, cluster: &ClusterName) -> Result<Option<Reach>, StepError> {
    Ok(cx.cells().get(&cell(cluster)).await?)
}

fn cell(cluster: &ClusterName) -> String {
    format!("clusters/{cluster}/reach")
}
