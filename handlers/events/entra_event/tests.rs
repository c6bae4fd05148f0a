//! Every published event, of both schemas, and what is none of ours.

use std::{io::Write, path::PathBuf, sync::Arc};

use latchkey_azure::{Http, HttpOptions, Tokens};
use latchkey_runtime::{Clients, Clock, Config};
use serde_json::json;
use tempfile::NamedTempFile;

use super::*;

const TENANT: &str = "7d96d549-841b-4092-9c09-89abae4c860c";
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const POLICY: &str = "
tenant: contoso.onmicrosoft.com
clusters:
  c1:
    resourceId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c1
    authorization: azure-rbac
teams: {}
birthright: []
people: { match: employeeId, create: false }
protected: { principals: [], minimumClusterAdmins: 0 }
";

/// A function that is connected to nothing.
fn cx(tenant: &str, secrets: &str) -> Cx {
    let mut policy = NamedTempFile::new().unwrap();
    policy.write_all(POLICY.as_bytes()).unwrap();
    let config = Config::read(|key| {
        Some(match key {
            "LATCHKEY_POLICY" => policy.path().display().to_string(),
            "LATCHKEY_TENANT" => tenant.to_owned(),
            "LATCHKEY_ENTRA_SECRETS" => secrets.to_owned(),
            "LATCHKEY_LEDGER" => "memory:".to_owned(),
            "LATCHKEY_AUDIENCE" => "api://latchkey".to_owned(),
            "LATCHKEY_SERVICE_BUS" => "https://bus.example.com".to_owned(),
            _ => return None,
        })
    });
    let http = Http::new(HttpOptions::default()).unwrap();
    let nowhere = "http://127.0.0.1:9/msi/token".parse().unwrap();
    let tokens = Tokens::from_identity_endpoint(&http, nowhere, "none", None);
    let clients = Clients::with_tokens(config.unwrap(), Clock::system(), &http, &tokens).unwrap();
    Cx::new(Arc::new(clients), NAME)
}

fn ours() -> Cx {
    cx(TENANT, "another-secret,00000000-1111-2222-3333-444444444444")
}

/// The published examples of this beginning; where they are absent that is said, and fails in CI.
fn examples(folder: &str, begins: &str) -> Vec<(String, Value)> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let told = format!("NOT CHECKED: no examples at {}", folder.display());
        assert!(std::env::var_os("CI").is_none(), "{told}");
        eprintln!("{told}");
        return Vec::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    let named = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        let text = name.starts_with(begins).then(|| std::fs::read(&path).unwrap())?;
        Some((name, serde_json::from_slice(&text).unwrap()))
    });
    named.collect()
}

#[test]
fn every_published_cloud_event_of_the_directory_says_which_feed_changed() {
    let found = examples("graph-examples", "eventgrid-");
    for (name, example) in &found {
        let hint = if name.contains("Group") { Hint::Groups } else { Hint::Users };
        assert_eq!(meaning(&ours(), &example["request"]["body"]), Ok(Ok(hint)), "{name}");
    }
    assert!(found.is_empty() || found.len() == 4, "{} examples", found.len());
}

#[test]
fn an_event_of_another_tenant_or_without_our_secret_is_ignored() {
    for (name, example) in examples("graph-examples", "eventgrid-") {
        let event = &example["request"]["body"];
        let other = meaning(&cx("11111111-2222-3333-4444-555555555555", ""), event);
        assert_eq!(other, Ok(Err("it is of another tenant")), "{name}");
        let unknown = meaning(&cx(TENANT, "another-secret"), event);
        assert_eq!(unknown, Ok(Err("its clientState is none of ours")), "{name}");
        assert!(matches!(meaning(&cx(TENANT, ""), event), Ok(Ok(_))), "no secret is set: {name}");
    }
}

fn resource(kind: &str, operation: &str, id: &str) -> Value {
    json!({
        "id": "e", "topic": format!("/subscriptions/{SUBSCRIPTION}"), "subject": id,
        "eventType": format!("Microsoft.Resources.Resource{kind}Success"),
        "eventTime": "2026-08-20T10:00:00Z", "dataVersion": "2", "metadataVersion": "1",
        "data": {
            "operationName": operation, "resourceUri": id, "tenantId": TENANT,
            "subscriptionId": SUBSCRIPTION,
            "claims": { "http://schemas.microsoft.com/identity/claims/objectidentifier": "o-1" },
        },
    })
}

fn cluster(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/\
         Microsoft.ContainerService/managedClusters/{name}"
    )
}

#[test]
fn the_constructed_events_of_role_assignments_name_the_assignment_and_whether_it_is_gone() {
    for (_, found) in examples("arm-openapi/data", "eventgrid-roleassignment") {
        for (kind, deleted) in [("write", false), ("delete", true)] {
            let mut event = found[kind][0].clone();
            let id = event["subject"].as_str().unwrap().to_owned();
            event["data"]["tenantId"] = json!(TENANT);
            let hint = Hint::Assignment { id, deleted };
            assert_eq!(meaning(&ours(), &event), Ok(Ok(hint)), "{kind}");
        }
    }
}

#[test]
fn what_is_done_to_a_governed_cluster_is_passed_on_with_who_did_it() {
    for (kind, spelled, operation) in [
        ("Write", "Microsoft.ContainerService/managedClusters/write", "managedClusters/write"),
        (
            "Action",
            "microsoft.containerservice/managedclusters/listclusteradmincredential/action",
            "managedClusters/listClusterAdminCredential/action",
        ),
    ] {
        let id = cluster("C1");
        let hint = Hint::Cluster {
            id: id.clone(),
            operation: format!("Microsoft.ContainerService/{operation}"),
            actor: Some("o-1".into()),
        };
        assert_eq!(meaning(&ours(), &resource(kind, spelled, &id)), Ok(Ok(hint)));
    }
}

#[test]
fn an_assignment_above_a_cluster_is_passed_on_and_one_of_another_subscription_is_not() {
    let operation = "Microsoft.Authorization/roleAssignments/write";
    let at = |subscription: &str| {
        let id = format!("/subscriptions/{subscription}/providers/{operation}s/n");
        meaning(&ours(), &resource("Write", operation, &id)).unwrap()
    };
    assert!(at(SUBSCRIPTION).is_ok());
    assert_eq!(at("another"), Err("no governed cluster is in its subscription"));
}

#[test]
fn what_is_none_of_ours_is_ignored_and_says_why() {
    let ignored = |event: &Value| meaning(&ours(), event).unwrap().unwrap_err();
    let write = "Microsoft.ContainerService/managedClusters/write";
    let other = resource("Write", write, &cluster("c2"));
    assert_eq!(ignored(&other), "its cluster is not governed");
    let disk = resource("Write", "Microsoft.Compute/disks/write", "/subscriptions/s/x");
    assert_eq!(ignored(&disk), "its operation is none that matters");
    let lifecycle = json!({
        "specversion": "1.0", "id": "1", "source": "/tenants/t",
        "type": "microsoft.graph.subscriptionReauthorizationRequired",
    });
    assert_eq!(ignored(&lifecycle), "a subscription is to be renewed, which it is in time");
    let blob = json!({ "id": "1", "eventType": "Microsoft.Storage.BlobCreated", "data": {} });
    assert_eq!(ignored(&blob), "its type is none that matters");
}

#[test]
fn what_is_unreadable_is_named() {
    let unreadable = |event: &Value| meaning(&ours(), event).unwrap_err();
    assert_eq!(unreadable(&json!("text")), "eventType: must be a text");
    assert_eq!(unreadable(&json!({ "specversion": "1.0" })), "type: must be a text");
    let bare = json!({ "specversion": "1.0", "type": "Microsoft.Graph.GroupUpdated" });
    assert_eq!(unreadable(&bare), "data: must be an object");
    let mut event = resource("Write", "x/write", "/subscriptions/s/x");
    event["data"]["resourceUri"] = json!(7);
    assert_eq!(unreadable(&event), "data.resourceUri: must be a text");
}

#[tokio::test]
async fn an_unreadable_event_is_parked_once_and_accepted() {
    let cx = ours();
    let event = json!({ "specversion": "1.0", "type": "Microsoft.Graph.GroupUpdated" });
    for _ in 0..2 {
        let received = receive(&cx, &Recent::default(), &event).await.unwrap();
        assert!(matches!(received, Received::Parked(_)), "{received:?}");
    }
    let parked = park::list(&cx).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].door.as_str(), parked[0].cause.as_str()),
        (NAME, "data: must be an object")
    );
}
