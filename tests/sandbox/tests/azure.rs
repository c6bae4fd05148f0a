//! Azure Resource Manager over the wire: role assignments, role definitions, managed clusters.
#![expect(clippy::unwrap_used, reason = "tests")]

mod wire;

use http::Method;
use jiff::SignedDuration;
use sandbox::{Config, Rights, Sandbox, Who};
use serde_json::{Value, json};
use wire::{Answer, Contract, Wire};

const WRITER: &str = "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb";
const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const V: &str = "api-version=2022-04-01";
/// The version of managed clusters.
const AKS: &str = "api-version=2026-04-01";
const NAME: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "99999999-2222-4333-8444-555555555555";

/// A sandbox, the administrator's client and the resource id of the cluster.
async fn start() -> (Sandbox, Wire, String) {
    let start = Some("2026-03-01T08:00:00Z".parse().unwrap());
    let sandbox = wire::sandbox(Config { start, ..Config::default() }).await;
    let arm = Wire::arm(&sandbox, &Who::Admin);
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    (sandbox, arm, cluster)
}

fn group(sandbox: &Sandbox, name: &str) -> String {
    sandbox.world.directory.write().unwrap().add_group(name)
}

fn assignment(role: &str, principal: &str, kind: &str) -> Value {
    let id = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
    json!({"properties": {
        "roleDefinitionId": id, "principalId": principal, "principalType": kind,
    }})
}

fn path(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?{V}")
}

fn list_path(scope: &str, filter: &str) -> String {
    let filter = filter.replace(' ', "%20");
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments?{V}&$filter={filter}")
}

fn names(answer: &Answer) -> Vec<&str> {
    let items = answer.body["value"].as_array().unwrap();
    items.iter().map(|a| a["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_assignment_at_a_namespace_is_created_read_repeated_and_deleted() {
    let (sandbox, arm, cluster) = start().await;
    let team = group(&sandbox, "ops-fe");
    let scope = format!("{cluster}/namespaces/frontend");
    let created = arm.put(&path(&scope, NAME), assignment(WRITER, &team, "Group")).await;
    assert_eq!(created.status, 201);
    assert!(created.headers.contains_key("x-ms-request-id"));
    let read = arm.get(&path(&scope, NAME)).await;
    assert_eq!((read.status, &read.body), (200, &created.body));
    assert_eq!(read.body["properties"]["scope"], scope);
    if let Some(contract) = Contract::open("authorization-2022-04-01.json") {
        contract.check("RoleAssignment", &read.body);
        let all = arm.get(&list_path(&cluster, "")).await;
        contract.check("RoleAssignmentListResult", &all.body);
        let absent = arm.get(&path(&scope, OTHER)).await;
        contract.check("ErrorResponse", &absent.body);
    }
    let again = arm.put(&path(&scope, NAME), assignment(WRITER, &team, "Group")).await;
    assert_eq!(again.status, 200);
    assert_eq!(arm.delete(&path(&scope, NAME)).await.status, 200);
    assert_eq!(arm.delete(&path(&scope, NAME)).await.status, 204);
    assert_eq!(arm.get(&path(&scope, NAME)).await.code(), "RoleAssignmentNotFound");
}

#[tokio::test]
async fn one_triple_has_one_name_and_one_name_has_one_triple() {
    let (sandbox, arm, cluster) = start().await;
    let (a, b) = (group(&sandbox, "a"), group(&sandbox, "b"));
    arm.put(&path(&cluster, NAME), assignment(WRITER, &a, "Group")).await;
    let twin = path(&cluster.to_uppercase(), OTHER);
    let twin = arm.put(&twin, assignment(&WRITER.to_uppercase(), &a, "Group")).await;
    assert_eq!((twin.status, twin.code()), (409, "RoleAssignmentExists"));
    assert!(twin.message().contains(&NAME.replace('-', "")), "{}", twin.message());
    let taken = arm.put(&path(&cluster, NAME), assignment(WRITER, &b, "Group")).await;
    assert_eq!((taken.status, taken.code()), (400, "RoleAssignmentUpdateNotPermitted"));
    let elsewhere = format!("{cluster}/namespaces/x");
    let taken = arm.put(&path(&elsewhere, NAME), assignment(WRITER, &a, "Group")).await;
    assert_eq!(taken.code(), "RoleAssignmentUpdateNotPermitted");
}

#[tokio::test]
async fn principals_and_roles_must_exist_and_match() {
    let (sandbox, arm, cluster) = start().await;
    let team = group(&sandbox, "team");
    let mut untyped = assignment(WRITER, &team, "Group");
    untyped["properties"].as_object_mut().unwrap().remove("principalType");
    let put = async |body: Value| arm.put(&path(&cluster, NAME), body).await;
    assert_eq!(put(untyped).await.code(), "UnmatchedPrincipalType");
    assert_eq!(put(assignment(WRITER, OTHER, "Group")).await.code(), "PrincipalNotFound");
    let unknown_role = put(assignment(OTHER, &team, "Group")).await;
    assert_eq!((unknown_role.status, unknown_role.code()), (400, "RoleDefinitionDoesNotExist"));
    assert_eq!(put(assignment(WRITER, OTHER, "User")).await.status, 201);
}

#[tokio::test]
async fn a_new_group_is_unknown_until_it_has_been_replicated() {
    let (sandbox, arm, cluster) = start().await;
    sandbox.world.azure.write().unwrap().knobs.principal_replication =
        SignedDuration::from_secs(60);
    let team = group(&sandbox, "new");
    let put = async || arm.put(&path(&cluster, NAME), assignment(WRITER, &team, "Group")).await;
    assert_eq!(put().await.code(), "PrincipalNotFound");
    sandbox.world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(put().await.status, 201);
}

#[tokio::test]
async fn reads_after_a_write_can_fall_behind() {
    let (sandbox, arm, cluster) = start().await;
    sandbox.world.azure.write().unwrap().knobs.reads_behind = 2;
    let team = group(&sandbox, "team");
    arm.put(&path(&cluster, NAME), assignment(WRITER, &team, "Group")).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(arm.get(&path(&cluster, NAME)).await.status);
    }
    assert_eq!(seen, [404, 404, 200]);
}

#[tokio::test]
async fn lists_follow_their_filter_and_their_pages() {
    let (sandbox, arm, cluster) = start().await;
    let (person, inner, outer) = {
        let mut directory = sandbox.world.directory.write().unwrap();
        let person = directory.add_user("opsfe");
        let (inner, outer) = (directory.add_group("inner"), directory.add_group("outer"));
        assert!(directory.add_member(&inner, &person) && directory.add_member(&outer, &inner));
        (person, inner, outer)
    };
    let namespace = format!("{cluster}/namespaces/frontend");
    arm.put(&path(&namespace, NAME), assignment(WRITER, &inner, "Group")).await;
    arm.put(&path(&cluster, OTHER), assignment(READER, &outer, "Group")).await;
    assert_eq!(names(&arm.get(&list_path(&cluster, "")).await), [NAME, OTHER]);
    assert_eq!(names(&arm.get(&list_path(&cluster, "atScope()")).await), [OTHER]);
    let of_inner = list_path(&cluster, &format!("principalId eq '{inner}'"));
    assert_eq!(names(&arm.get(&of_inner).await), [NAME]);
    let assigned = list_path(&cluster, &format!("assignedTo('{person}')"));
    assert_eq!(names(&arm.get(&assigned).await), [NAME, OTHER]);
    let both = list_path(&cluster, &format!("atScope() and principalId eq '{inner}'"));
    assert_eq!(arm.get(&both).await.status, 400);
    sandbox.world.azure.write().unwrap().knobs.page_size = 1;
    let first = arm.get(&list_path(&cluster, "")).await;
    assert_eq!(names(&first), [NAME]);
    let second = arm.get(first.body["nextLink"].as_str().unwrap()).await;
    assert_eq!(names(&second), [OTHER]);
    assert!(second.body.get("nextLink").is_none());
}

#[tokio::test]
async fn a_role_is_found_by_its_exact_name() {
    let (_sandbox, arm, cluster) = start().await;
    let find = |name: &str| {
        let filter = format!("roleName eq '{name}'").replace(' ', "%20");
        format!("{cluster}/providers/Microsoft.Authorization/roleDefinitions?{V}&$filter={filter}")
    };
    let found = arm.get(&find("Azure Kubernetes Service RBAC Writer")).await;
    assert_eq!(names(&found), [WRITER]);
    assert!(names(&arm.get(&find("azure kubernetes service rbac writer")).await).is_empty());
    if let Some(contract) = Contract::open("authorization-2022-04-01.json") {
        contract.check("RoleDefinitionListResult", &found.body);
    }
    let absent = format!("/providers/Microsoft.Authorization/roleDefinitions/{OTHER}?{V}");
    assert_eq!(arm.get(&absent).await.code(), "RoleDefinitionDoesNotExist");
}

#[tokio::test]
async fn people_need_a_role_and_functions_need_their_right() {
    let (sandbox, _, cluster) = start().await;
    let person = sandbox.world.directory.write().unwrap().add_user("opsfe");
    let arm = Wire::arm(&sandbox, &Who::User(person.clone()));
    let show = format!("{cluster}?{AKS}");
    let refused = arm.get(&show).await;
    assert_eq!((refused.status, refused.code()), (403, "AuthorizationFailed"));
    assert!(refused.message().contains("managedClusters/read"), "{}", refused.message());
    let role = "Azure Kubernetes Service Cluster User Role";
    sandbox.world.azure.write().unwrap().assign(role, &cluster, "User", &person);
    assert_eq!(arm.get(&show).await.status, 200);
    let rights = Rights {
        arm: ["Microsoft.Authorization/roleAssignments/read".to_owned()].into(),
        ..Rights::default()
    };
    sandbox.world.grant("audit", rights);
    let audit = Wire::arm(&sandbox, &Who::Latchkey).function("audit");
    assert_eq!(audit.get(&list_path(&cluster, "")).await.status, 200);
    assert_eq!(audit.get(&show).await.code(), "AuthorizationFailed");
}

#[tokio::test]
async fn a_cluster_is_replaced_as_a_whole_and_changes_when_the_operation_ends() {
    let (sandbox, arm, cluster) = start().await;
    sandbox.world.azure.write().unwrap().knobs.cluster_update = SignedDuration::from_secs(90);
    let show = format!("{cluster}?{AKS}");
    let before = arm.get(&show).await;
    if let Some(contract) = Contract::open("aks-managedclusters-2024-05-01.json") {
        contract.check("ManagedCluster", &before.body);
    }
    let mut body = before.body.clone();
    body["properties"]["disableLocalAccounts"] = json!(false);
    body["properties"]["provisioningState"] = json!("Failed");
    let tag = format!("\"{}\"", before.body["eTag"].as_str().unwrap());
    let conditions = [("if-match", tag.as_str())];
    let put = arm.send(Method::PUT, &show, &conditions, Some(body.clone())).await;
    assert_eq!(put.body["properties"]["provisioningState"], "Updating");
    let poll = put.headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert!(put.headers.contains_key("retry-after"));
    assert_eq!(arm.get(&poll).await.body["status"], "InProgress");
    let busy = arm.put(&show, body.clone()).await;
    assert_eq!((busy.status, busy.code()), (409, "OperationNotAllowed"));
    let admin = format!("{cluster}/listClusterAdminCredential?{AKS}");
    assert_eq!(arm.act(&admin).await.status, 400);
    sandbox.world.clock.advance(SignedDuration::from_secs(90));
    assert_eq!(arm.get(&poll).await.body["status"], "Succeeded");
    assert_eq!(arm.get(&show).await.body["properties"]["provisioningState"], "Succeeded");
    assert_eq!(arm.act(&admin).await.status, 200);
    let stale = arm.send(Method::PUT, &show, &conditions, Some(body)).await;
    assert_eq!(stale.status, 412);
}

#[tokio::test]
async fn entra_stays_on_and_a_failed_operation_changes_nothing() {
    let (sandbox, arm, cluster) = start().await;
    let show = format!("{cluster}?{AKS}");
    let before = arm.get(&show).await.body;
    let mut without = before.clone();
    without["properties"].as_object_mut().unwrap().remove("aadProfile");
    let refused = arm.put(&show, without).await;
    assert_eq!((refused.status, refused.code()), (400, "PropertyChangeNotAllowed"));
    sandbox.world.azure.write().unwrap().knobs.fail_next_update =
        Some(("NotLatestOperation".to_owned(), "replaced".to_owned()));
    let mut wished = before;
    wished["properties"]["aadProfile"]["enableAzureRBAC"] = json!(false);
    let put = arm.put(&show, wished).await;
    let poll = put.headers["azure-asyncoperation"].to_str().unwrap();
    let ended = arm.get(poll).await.body;
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("Failed"), &json!("NotLatestOperation"))
    );
    let after = arm.get(&show).await.body;
    assert_eq!(after["properties"]["aadProfile"]["enableAzureRBAC"], true);
}

#[tokio::test]
async fn the_twenty_first_put_of_a_cluster_is_throttled() {
    let (sandbox, arm, cluster) = start().await;
    let show = format!("{cluster}?{AKS}");
    let body = arm.get(&show).await.body;
    for _ in 0..20 {
        assert_eq!(arm.put(&show, body.clone()).await.status, 200);
    }
    let throttled = arm.put(&show, body.clone()).await;
    assert_eq!((throttled.status, throttled.code()), (429, "Throttled"));
    assert!(throttled.headers.contains_key("retry-after"));
    sandbox.world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(arm.put(&show, body).await.status, 200);
}

#[tokio::test]
async fn the_user_kubeconfig_names_the_cluster_and_signs_in_through_entra() {
    use base64::Engine as _;
    let (sandbox, arm, cluster) = start().await;
    let path = format!("{cluster}/listClusterUserCredential?{AKS}&format=exec");
    let answer = arm.act(&path).await;
    let value = answer.body["kubeconfigs"][0]["value"].as_str().unwrap();
    let config = base64::engine::general_purpose::STANDARD.decode(value).unwrap();
    let config = String::from_utf8(config).unwrap();
    let server = sandbox.endpoints.clusters["aks-west"].as_str().trim_end_matches('/');
    assert!(config.contains(&format!("server: {server}")), "{config}");
    assert!(config.contains("command: kubelogin") && !config.contains("token:"));
    let ca = base64::engine::general_purpose::STANDARD.encode(&sandbox.ca_pem);
    assert!(config.contains(&ca));
}

#[tokio::test]
async fn az_finds_the_cloud_the_subscription_and_its_groups() {
    let (sandbox, arm, _) = start().await;
    let cloud = arm.get("/metadata/endpoints?api-version=2022-09-01").await;
    assert_eq!(cloud.status, 200);
    let subscriptions = arm.get(&format!("/subscriptions?{V}")).await;
    let id = &sandbox.world.config.subscription;
    assert_eq!(subscriptions.body["value"][0]["subscriptionId"], id.as_str());
    let groups = arm.get(&format!("/subscriptions/{id}/resourceGroups?{V}")).await;
    assert_eq!(groups.body["value"][0]["name"], "rg-aks");
    let clusters = "providers/Microsoft.ContainerService/managedClusters";
    let clusters = arm.get(&format!("/subscriptions/{id}/{clusters}?{AKS}")).await;
    assert_eq!(clusters.body["value"][0]["name"], "aks-west");
    assert_eq!(
        arm.get(&format!("/subscriptions/nowhere?{V}")).await.code(),
        "SubscriptionNotFound"
    );
}
