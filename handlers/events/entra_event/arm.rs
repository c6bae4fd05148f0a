//! What was done through ARM, from the subscription's system topic.

use latchkey_core::{holdings::same_scope, message::Hint};
use latchkey_runtime::Cx;
use serde_json::Value;

use super::read::text;

const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments/";
/// What is done to a cluster that changes who gets in.
const CLUSTERS: [&str; 3] = [
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
    "Microsoft.ContainerService/managedClusters/runcommand/action",
];

/// Where to look, if the event is of our tenant and may change who gets into a governed cluster.
pub(super) fn meaning(cx: &Cx, data: &Value) -> Result<Result<Hint, &'static str>, String> {
    let operation = text(data, "operationName")?;
    let id = text(data, "resourceUri")?;
    // The subscription's own topic need not say whose tenant it is in.
    let tenant = data["tenantId"].as_str();
    if tenant.is_some_and(|tenant| !tenant.eq_ignore_ascii_case(&cx.config().tenant)) {
        return Ok(Err("it is of another tenant"));
    }
    if let Some(change) = strip(operation, ASSIGNMENTS) {
        let deleted = match change.to_ascii_lowercase().as_str() {
            "write" => false,
            "delete" => true,
            _ => return Ok(Err("its operation is none that matters")),
        };
        // An assignment above a cluster gives access in it as well.
        return Ok(match governed(cx, id) {
            true => Ok(Hint::Assignment { id: id.to_owned(), deleted }),
            false => Err("no governed cluster is in its subscription"),
        });
    }
    let Some(operation) = CLUSTERS.iter().find(|known| known.eq_ignore_ascii_case(operation))
    else {
        return Ok(Err("its operation is none that matters"));
    };
    let mut clusters = cx.policy().clusters.values();
    if !clusters.any(|cluster| same_scope(&cluster.resource_id, id)) {
        return Ok(Err("its cluster is not governed"));
    }
    let actor = actor(data);
    Ok(Ok(Hint::Cluster {
        id: id.to_owned(),
        operation: (*operation).to_owned(),
        actor: actor.map(str::to_owned),
    }))
}

/// Who did it: an object id.
pub(super) fn actor(data: &Value) -> Option<&str> {
    data["claims"][OBJECT_ID].as_str().filter(|id| !id.is_empty())
}

/// Whether a governed cluster is in the subscription.
fn governed(cx: &Cx, id: &str) -> bool {
    let mut segments = id.trim_start_matches('/').split('/');
    let below = segments.next().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
    let subscription = segments.next().unwrap_or_default().to_ascii_lowercase();
    below && cx.policy().cluster_subscriptions().contains(&subscription)
}

fn strip<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}
