//! The safety net: finds what no message told of, and asks for looks. It writes nothing.
//!
//! Every hour it reads what changed in the directory, lists what the clusters hold, and looks up
//! who is due: what that costs grows with the changes and with what is governed, not with the
//! tenant. Every night it compares everybody ([`everybody`]). Both compare with the planners' own
//! pure functions, so that what needs no look gets none and leaves no trace.

mod asked;
mod changes;
mod direct;
mod everybody;
mod ground;
mod members;
mod pace;
mod slice;
mod teams;
mod ways;

use asked::Asked;
pub use changes::CELL as BEGAN;
use ground::Ground;
use latchkey_core::message::About;
use latchkey_runtime::{
    Cx,
    Need::{self, Arm, Graph, Kube, Send},
    StepError, case,
};
use pace::Pace;

/// The function's name.
pub const NAME: &str = "sweep";
/// It reads what the planners read, and writes nothing in the tenant.
pub const NEEDS: &[Need] = &[
    Graph("User.Read.All"),
    Graph("Directory.Read.All"),
    Graph("GroupMember.Read.All"),
    Graph("PrivilegedAssignmentSchedule.Read.AzureADGroup"),
    Graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"),
    Arm("Microsoft.Authorization/roleAssignments", &["read"]),
    Arm("Microsoft.Authorization/roleEligibilityScheduleInstances", &["read"]),
    Arm("Microsoft.Insights/eventtypes/values", &["read"]),
    Arm("Microsoft.ContainerService/managedClusters", &["listClusterUserCredential/action"]),
    Kube("namespaces", &["list"]),
    Kube("roles", &["get"]),
    Kube("rolebindings", &["list"]),
    Kube("clusterrolebindings", &["list"]),
    Send("plans"),
];

/// What a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many looks it asked for.
    pub looks: usize,
    /// Whether everybody was compared.
    pub everybody: bool,
}

/// Finds who and what needs a look, and asks for it.
///
/// # Errors
/// The first service that does not answer; the next sweep goes on.
pub async fn sweep(cx: &Cx) -> Result<Swept, StepError> {
    let mut asked = Asked::at(cx.now());
    let mut pace = Pace::of(cx.policy().limits.sweep_calls_per_second);
    for cluster in cx.policy().clusters.keys() {
        asked.look(cx, About::Cluster(cluster.clone())).await?;
    }
    // The feeds are read first: what changes while everybody is compared shows in the next round.
    let gap = changes::read(cx, &mut asked).await?;
    let ground = Ground::read(cx, &mut pace).await?;
    for team in teams::that_differ(cx.policy(), &ground) {
        asked.look(cx, About::Team(team)).await?;
    }
    direct::leavers(cx, &ground, &mut asked).await?;
    let everybody = everybody::is_owed(cx, gap).await?;
    if everybody {
        everybody::compare(cx, &ground, &mut asked, &mut pace).await?;
    }
    changes::done(cx, asked.at).await?;
    if let Err(error) = case::open::count(cx).await {
        tracing::warn!(%error, "the open cases are not counted");
    }
    let swept = Swept { looks: asked.count(), everybody };
    tracing::info!(looks = swept.looks, everybody, "swept");
    Ok(swept)
}
