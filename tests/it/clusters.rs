//! Is a cluster's security planned, shown, approved by somebody else and applied, and is an approval
//! worth nothing once the world moved? Through the host with the real binary.

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::played::{Played, hire};

mod disturbed;

const LEGACY: &str = "legacy-aks";
const BARE: &str = "bare-aks";

async fn start() -> Played {
    Played::of(include_str!("clusters/policy.yaml"), include_str!("clusters/before.json")).await
}

/// How ARM shows a cluster.
fn line(played: &Played, cluster: &str) -> String {
    let mut lines = played.lines_with(&format!("cluster {cluster}: "));
    lines.pop().expect("the cluster").split_once(": ").expect("a line").1.to_owned()
}

/// Somebody changes the document of a cluster by hand.
fn edit(played: &Played, cluster: &str, change: impl FnOnce(&mut Value)) {
    let mut azure =
        played.stage.sandbox.world.azure.write().unwrap_or_else(PoisonError::into_inner);
    azure.clusters.edit(cluster, change);
}

/// The object id of a group.
fn group(played: &Played, name: &str) -> String {
    let directory = played.stage.sandbox.world.directory.read();
    let directory = directory.unwrap_or_else(PoisonError::into_inner);
    directory.groups().find(|group| group.display_name == name).expect("the group").id.clone()
}

/// What cases about the cluster await, as the cluster's page shows it.
async fn awaited(played: &Played, cluster: &str) -> Vec<Value> {
    let shown = played.get(&format!("clusters/{cluster}")).await;
    let cases = shown["cases"].as_array().expect("cases").clone();
    let awaits = cases.iter().flat_map(|case| case["awaitsApproval"].as_array().cloned());
    awaits.flatten().collect()
}

async fn the_awaited(played: &Played, cluster: &str) -> Value {
    let mut awaited = awaited(played, cluster).await;
    assert_eq!(awaited.len(), 1, "{awaited:?}");
    awaited.remove(0)
}

/// Orders the integration of a cluster and has it approved.
async fn integrated(played: &Played, cluster: &str) {
    let plan = played.asked("enable_entra_integration", &json!({ "cluster": cluster })).await;
    assert_eq!(played.approve("second-operator", &plan).await, 200);
}

const LEGACY_BEFORE: &str =
    "entra false, Azure RBAC false, admins [], local accounts true, 0 rotations";
const LEGACY_INTEGRATED: &str =
    r#"entra true, Azure RBAC false, admins ["Cluster_admins"], local accounts true, 0 rotations"#;
const LEGACY_DONE: &str =
    r#"entra true, Azure RBAC false, admins ["Cluster_admins"], local accounts false, 0 rotations"#;
const BARE_DONE: &str =
    r#"entra true, Azure RBAC true, admins ["Cluster_admins"], local accounts true, 0 rotations"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legacy_cluster_is_planned_shown_approved_by_a_second_operator_and_applied() {
    let played = start().await;
    let shown = played.get("clusters/legacy-aks").await;
    assert_eq!(shown["observed"]["integration"], "legacy");
    assert_eq!(shown["plan"], json!(["+ Entra integration of legacy-aks"]));

    let look = played.order("plan_cluster", &json!({ "cluster": LEGACY })).await;
    assert_eq!(look.status, 200, "{}", look.complaint());
    let plan = played.plan(&the_awaited(&played, LEGACY).await).await;
    assert_eq!((&plan["state"], &plan["by"]), (&json!("awaiting"), &json!("a second operator")));
    let admins = group(&played, "Cluster_admins");
    let text = format!(
        "+ managed Entra integration of legacy-aks (was legacy), Kubernetes RBAC, admins [{admins}]"
    );
    assert_eq!(plan["lines"], json!([text]));

    for who in ["operator", "reader"] {
        assert_eq!(played.approve(who, &plan).await, 403, "{who} does not approve");
    }
    assert_eq!(line(&played, LEGACY), LEGACY_BEFORE, "nothing is written unapproved");
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(line(&played, LEGACY), LEGACY_INTEGRATED, "without an admin local accounts stay");

    played.tell(&hire("9001", "Platform")).await;
    let plan = the_awaited(&played, LEGACY).await;
    assert_eq!(plan["lines"], json!(["- local accounts of legacy-aks"]));
    assert_eq!(line(&played, LEGACY), LEGACY_INTEGRATED);
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(line(&played, LEGACY), LEGACY_DONE);
    let shown = played.get("clusters/legacy-aks").await;
    assert_eq!((&shown["plan"], &shown["waits"]), (&json!([]), &json!([])));
    let cases = shown["cases"].as_array().expect("cases");
    assert!(cases.iter().all(|case| case["closed"] == true), "{cases:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_accounts_go_when_an_admin_gets_in_and_certificates_only_by_order() {
    let played = start().await;
    let cluster = json!({ "cluster": LEGACY });
    let why = |answer: &xtask::doors::Answer| answer.body["evidence"]["why"].to_string();
    let early = played.order("disable_local_accounts", &cluster).await;
    assert!(why(&early).contains("Entra integration"), "{}", early.body);
    integrated(&played, LEGACY).await;
    let nobody = played.order("disable_local_accounts", &cluster).await;
    assert!(why(&nobody).contains("0 usable admins"), "{}", nobody.body);
    played.tell(&hire("9002", "Platform")).await;

    let binding = admin_binding(&played, json!([]));
    let shut_out = played.order("disable_local_accounts", &cluster).await;
    assert!(why(&shut_out).contains("does not say of any member"), "{}", shut_out.body);
    admin_binding(&played, binding);
    let plan = played.asked("disable_local_accounts", &cluster).await;
    assert_eq!(played.approve("operator", &plan).await, 403);
    assert_eq!(line(&played, LEGACY), LEGACY_INTEGRATED);
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(line(&played, LEGACY), LEGACY_DONE, "the certificates are as they were");

    let rotation = json!({ "cluster": LEGACY, "reference": "CHG-12" });
    let plan = played.asked("rotate_certificates", &rotation).await;
    assert!(plan["lines"][0].as_str().expect("a line").contains("30 minutes of outage"), "{plan}");
    assert_eq!(played.approve("operator", &plan).await, 403);
    assert_eq!(line(&played, LEGACY), LEGACY_DONE);
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    assert_eq!(line(&played, LEGACY), LEGACY_DONE.replace("0 rotations", "1 rotations"));
    let again = played.order("rotate_certificates", &rotation).await;
    assert_eq!(again.body["evidence"]["outcome"], "nothing", "one reference rotates once");
}

/// Somebody changes whom the cluster takes for its admins. Gives whom it took before.
fn admin_binding(played: &Played, subjects: Value) -> Value {
    let mut clusters =
        played.stage.sandbox.world.clusters.write().unwrap_or_else(PoisonError::into_inner);
    let cluster = clusters.get_mut(LEGACY).expect("the cluster");
    let found = cluster.object("clusterrolebindings", "", "aks-cluster-admin-binding-aad");
    let mut binding = found.expect("AKS made it").as_ref().clone();
    let before = std::mem::replace(&mut binding["subjects"], subjects);
    cluster.add(binding);
    before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_void_when_the_world_moved_before_it_was_used() {
    let played = start().await;
    played.order("plan_cluster", &json!({ "cluster": BARE })).await;
    let old = the_awaited(&played, BARE).await;
    let theirs = group(&played, "Somebody_elses");
    let profile = json!({ "managed": true, "adminGroupObjectIDs": [theirs] });
    edit(&played, BARE, |document| document["properties"]["aadProfile"] = profile);
    let moved = line(&played, BARE);

    assert_eq!(played.approve("second-operator", &old).await, 200);
    assert_eq!(line(&played, BARE), moved, "nothing is written");
    let new = the_awaited(&played, BARE).await;
    assert_ne!(new["planHash"], old["planHash"]);
    assert!(new["lines"][0].as_str().expect("a line").contains(&theirs), "{new}");

    edit(&played, BARE, |document| document["tags"]["owner"] = json!("platform"));
    assert_eq!(played.approve("second-operator", &new).await, 200);
    let done = line(&played, BARE);
    assert!(done.starts_with("entra true, Azure RBAC true"), "a tag is in no line: {done}");
    assert!(done.contains("Cluster_admins") && done.contains("Somebody_elses"), "{done}");
    assert_eq!(awaited(&played, BARE).await, Vec::<Value>::new());
}
