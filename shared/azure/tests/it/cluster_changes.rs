//! Changes of managed clusters, with their long-running operations.

use std::time::Duration;

use jiff::SignedDuration;
use latchkey_azure::{Arm, ClusterChange, Http, HttpOptions, Tokens};
use latchkey_core::{CallError, op::Integration};
use sandbox::{ClusterSpec, Config};
use serde_json::json;

use crate::stage::{Stage, options, stage, stage_of};

/// A cluster without Entra.
async fn bare() -> Stage {
    let mut config = Config::default();
    config.clusters = vec![ClusterSpec {
        azure_rbac: false,
        local_accounts: true,
        ..ClusterSpec::named("aks-west", &config.subscription)
    }];
    let stage = stage_of(config).await;
    stage.azure().knobs.poll_after = 0;
    stage
}

fn entra(stage: &Stage) -> ClusterChange {
    ClusterChange::Entra {
        tenant: stage.sandbox.world.config.tenant_id.clone(),
        admin_groups: vec![stage.group("Admins")],
        azure_rbac: true,
    }
}

/// The same client with less patience for operations.
fn hasty(stage: &Stage, deadline: Duration) -> Arm {
    let http = Http::new(HttpOptions {
        ca_file: Some(stage.ca().to_owned()),
        operation_deadline: deadline,
        ..options()
    })
    .unwrap();
    let ends = &stage.sandbox.endpoints;
    let (endpoint, header) = (ends.managed_identity.clone(), &ends.identity_header);
    let tokens = Tokens::from_identity_endpoint(&http, endpoint, header, None);
    Arm::new(http, tokens, &ends.arm)
}

#[tokio::test]
async fn a_bare_cluster_is_integrated_and_then_loses_its_local_accounts() {
    let stage = bare().await;
    let (arm, id) = (&stage.arm, &stage.cluster);
    let before = arm.cluster(id).await.unwrap();
    assert_eq!(before.integration(), Integration::None);
    let change = entra(&stage);
    arm.change_cluster(id, before.etag.as_deref(), &change).await.unwrap();
    let after = arm.cluster(id).await.unwrap();
    assert!(after.managed_entra && after.azure_rbac && after.admin_groups.len() == 1);
    assert_ne!(after.etag, before.etag);
    arm.change_cluster(id, None, &ClusterChange::NoLocalAccounts).await.unwrap();
    let after = arm.cluster(id).await.unwrap();
    assert!(after.local_accounts_disabled && after.managed_entra);
}

#[tokio::test]
async fn the_retired_integration_is_migrated_and_nothing_else_is_lost() {
    let stage = bare().await;
    stage.azure().clusters.edit("aks-west", |document| {
        document["tags"] = json!({ "cost": "7" });
        document["properties"]["aadProfile"] = json!({
            "serverAppID": "11111111-0000-4000-8000-000000000001",
            "clientAppID": "11111111-0000-4000-8000-000000000002",
        });
    });
    let before = stage.arm.cluster(&stage.cluster).await.unwrap();
    assert_eq!(before.integration(), Integration::Legacy);
    let change = entra(&stage);
    stage.arm.change_cluster(&stage.cluster, None, &change).await.unwrap();
    assert!(stage.arm.cluster(&stage.cluster).await.unwrap().managed_entra);
    let azure = stage.azure();
    let now = stage.sandbox.world.clock.now();
    let document = azure.clusters.named("aks-west").unwrap().to_json(now);
    assert_eq!(document["tags"]["cost"], "7");
    assert_eq!(document["properties"]["aadProfile"].get("serverAppID"), None);
}

#[tokio::test]
async fn a_cluster_that_changed_since_it_was_read_is_left_alone() {
    let stage = bare().await;
    let read = stage.arm.cluster(&stage.cluster).await.unwrap();
    stage.azure().clusters.edit("aks-west", |document| document["tags"] = json!({ "a": "b" }));
    let change = entra(&stage);
    let error = stage.arm.change_cluster(&stage.cluster, read.etag.as_deref(), &change).await;
    assert!(matches!(error, Err(CallError::Conflict { .. })), "{error:?}");
    assert!(!stage.arm.cluster(&stage.cluster).await.unwrap().managed_entra);
}

#[tokio::test]
async fn an_operation_in_progress_is_a_conflict_and_its_end_is_waited_for() {
    let stage = bare().await;
    stage.azure().knobs.cluster_update = SignedDuration::from_hours(1);
    let change = entra(&stage);
    let hasty = hasty(&stage, Duration::from_millis(300));
    let error = hasty.change_cluster(&stage.cluster, None, &change).await.unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "its end is not seen: {error}");
    assert!(stage.arm.cluster(&stage.cluster).await.unwrap().is_changing());
    for error in [
        hasty.change_cluster(&stage.cluster, None, &ClusterChange::NoLocalAccounts).await,
        hasty.rotate_certificates(&stage.cluster).await,
    ] {
        assert!(matches!(error, Err(CallError::Conflict { .. })), "{error:?}");
    }
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(2));
    assert!(!stage.arm.cluster(&stage.cluster).await.unwrap().is_changing());
}

#[tokio::test]
async fn an_operation_that_fails_says_why() {
    let stage = bare().await;
    let failure = ("QuotaExceeded".to_owned(), "No room.".to_owned());
    stage.azure().knobs.fail_next_update = Some(failure);
    let change = entra(&stage);
    let error = stage.arm.change_cluster(&stage.cluster, None, &change).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Rejected { code, .. } if code == "QuotaExceeded"),
        "{error}"
    );
    assert!(!stage.arm.cluster(&stage.cluster).await.unwrap().managed_entra);
}

#[tokio::test]
async fn an_empty_bucket_says_when_to_come_back() {
    let stage = stage().await;
    stage.azure().knobs.poll_after = 0;
    let mut last = Ok(());
    for _ in 0..21 {
        last =
            stage.arm.change_cluster(&stage.cluster, None, &ClusterChange::NoLocalAccounts).await;
    }
    let error = last.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert!(error.retry_after() > Some(Duration::from_secs(30)), "{error:?}");
}

#[tokio::test]
async fn certificates_are_rotated_and_the_kubeconfig_names_another_authority() {
    let stage = stage().await;
    stage.azure().knobs.poll_after = 0;
    let before = stage.arm.cluster_kubeconfig(&stage.cluster).await.unwrap();
    stage.arm.rotate_certificates(&stage.cluster).await.unwrap();
    assert_ne!(stage.arm.cluster_kubeconfig(&stage.cluster).await.unwrap(), before);
}
