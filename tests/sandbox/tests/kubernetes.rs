//! The Kubernetes API of a cluster over the wire: objects, RBAC and the Azure authorizer.
#![expect(clippy::unwrap_used, reason = "tests")]

mod wire;

use http::Method;
use jiff::SignedDuration;
use sandbox::{Allowed, ClusterSpec, Config, Rights, Sandbox, Who};
use serde_json::{Value, json};
use wire::{Answer, Contract, Wire};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const WRITER: &str = "Azure Kubernetes Service RBAC Writer";
const CLUSTER: &str = "aks-west";

/// A sandbox with one cluster and Latchkey's own client to it.
async fn start(azure_rbac: bool) -> (Sandbox, Wire) {
    let base = Config::default();
    let spec = ClusterSpec {
        azure_rbac,
        admin_group: Some("aaaaaaaa-0000-4000-8000-000000000001".to_owned()),
        ..ClusterSpec::named(CLUSTER, &base.subscription)
    };
    let start = Some("2026-03-01T08:00:00Z".parse().unwrap());
    let sandbox = wire::sandbox(Config { start, clusters: vec![spec], ..base }).await;
    let ours = Wire::cluster(&sandbox, CLUSTER, &Who::Latchkey);
    assert_eq!(sandbox.world.rights_of(&caller()), Allowed::Everything);
    (sandbox, ours)
}

fn caller() -> sandbox::Caller {
    sandbox::Caller {
        oid: String::new(),
        app_id: None,
        upn: None,
        groups: Vec::new(),
        roles: Vec::new(),
        audience: String::new(),
        is_app: false,
        function: None,
    }
}

/// A user in a group; answers both object ids.
fn member(sandbox: &Sandbox, name: &str, group: &str) -> (String, String) {
    let mut directory = sandbox.world.directory.write().unwrap();
    let (user, group) = (directory.add_user(name), directory.add_group(group));
    assert!(directory.add_member(&group, &user));
    (user, group)
}

fn binding(name: &str, role: &str, group: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "latchkey"}},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [
            {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": group},
        ],
    })
}

async fn apply(wire: &Wire, path: &str, body: Value, force: bool) -> Answer {
    let path = format!("{path}?fieldManager=latchkey&force={force}");
    let kind = [("content-type", "application/apply-patch+yaml")];
    wire.send(Method::PATCH, &path, &kind, Some(body)).await
}

async fn namespace(wire: &Wire, name: &str) {
    let body = json!({"metadata": {"name": name}});
    assert_eq!(wire.post("/api/v1/namespaces", body).await.status, 201);
}

#[tokio::test]
async fn a_binding_is_applied_read_listed_and_deleted_with_preconditions() {
    let (_sandbox, ours) = start(false).await;
    namespace(&ours, "dev").await;
    let path = format!("{RBAC}/namespaces/dev/rolebindings/acc-1");
    let applied = apply(&ours, &path, binding("acc-1", "view", "g"), true).await;
    assert_eq!(applied.status, 201);
    let again = apply(&ours, &path, binding("acc-1", "view", "g"), true).await;
    assert_eq!(again.status, 200);
    assert_eq!(
        again.body["metadata"]["resourceVersion"],
        applied.body["metadata"]["resourceVersion"]
    );
    let selector = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dlatchkey";
    let list = ours.get(&format!("{RBAC}/rolebindings?{selector}")).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    if let Some(contract) = Contract::open("kubernetes-rbac.json") {
        contract.check("io.k8s.api.rbac.v1.RoleBinding", &applied.body);
        contract.check("io.k8s.api.rbac.v1.RoleBindingList", &list.body);
        let absent = ours.get(&format!("{path}0")).await;
        contract.check("io.k8s.apimachinery.pkg.apis.meta.v1.Status", &absent.body);
    }
    let wrong = json!({"preconditions": {"resourceVersion": "1"}});
    let refused = ours.send(Method::DELETE, &path, &[], Some(wrong)).await;
    assert_eq!((refused.status, &refused.body["reason"]), (409, &json!("Conflict")));
    let right = json!({"preconditions": {"uid": applied.body["metadata"]["uid"]}});
    assert_eq!(ours.send(Method::DELETE, &path, &[], Some(right)).await.status, 200);
    let gone = ours.get(&path).await;
    assert_eq!(gone.message(), "rolebindings.rbac.authorization.k8s.io \"acc-1\" not found");
}

#[tokio::test]
async fn stale_versions_and_changed_roles_are_refused() {
    let (_sandbox, ours) = start(false).await;
    namespace(&ours, "dev").await;
    let all = format!("{RBAC}/namespaces/dev/rolebindings");
    let created = ours.post(&all, binding("b", "view", "g")).await;
    assert_eq!(created.status, 201);
    let twice = ours.post(&all, binding("b", "view", "g")).await;
    assert_eq!(
        (twice.status, twice.message()),
        (409, "rolebindings.rbac.authorization.k8s.io \"b\" already exists")
    );
    let path = format!("{all}/b");
    let mut first = created.body.clone();
    first["subjects"] = json!([]);
    assert_eq!(ours.put(&path, first).await.status, 200);
    let mut second = created.body.clone();
    second["metadata"]["labels"] = json!({"x": "y"});
    let stale = ours.put(&path, second).await;
    assert_eq!(stale.status, 409);
    assert!(stale.message().contains("the object has been modified"), "{}", stale.message());
    let other_role = ours.put(&path, binding("b", "edit", "g")).await;
    assert_eq!((other_role.status, &other_role.body["reason"]), (422, &json!("Invalid")));
    assert!(other_role.message().contains("cannot change roleRef"));
    let patch = json!([{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}]);
    let kind = [("content-type", "application/json-patch+json")];
    let failed = ours.send(Method::PATCH, &path, &kind, Some(patch)).await;
    assert_eq!(failed.status, 422);
}

#[tokio::test]
async fn subjects_of_another_manager_are_taken_by_force_only() {
    let (_sandbox, ours) = start(false).await;
    namespace(&ours, "dev").await;
    let all = format!("{RBAC}/namespaces/dev/rolebindings");
    ours.post(&all, binding("b", "view", "theirs")).await;
    let path = format!("{all}/b");
    let refused = apply(&ours, &path, binding("b", "view", "ours"), false).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.body["details"]["causes"][0]["reason"], "FieldManagerConflict");
    let forced = apply(&ours, &path, binding("b", "view", "ours"), true).await;
    assert_eq!(forced.body["subjects"].as_array().unwrap().len(), 1);
    assert_eq!(forced.body["subjects"][0]["name"], "ours");
}

#[tokio::test]
async fn a_leaving_namespace_takes_no_new_content_and_ends_with_the_clock() {
    let (sandbox, ours) = start(false).await;
    sandbox.world.clusters.write().unwrap().get_mut(CLUSTER).unwrap().knobs.namespace_deletion =
        SignedDuration::from_secs(30);
    namespace(&ours, "dev").await;
    let all = format!("{RBAC}/namespaces/dev/rolebindings");
    ours.post(&all, binding("b", "view", "g")).await;
    let leaving = ours.delete("/api/v1/namespaces/dev").await;
    assert_eq!(leaving.body["status"]["phase"], "Terminating");
    let refused = ours.post(&all, binding("c", "view", "g")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["details"]["causes"][0]["reason"], "NamespaceTerminating");
    sandbox.world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(ours.get("/api/v1/namespaces/dev").await.status, 404);
    let missing = ours.post(&all, binding("c", "view", "g")).await;
    assert_eq!((missing.status, missing.message()), (404, "namespaces \"dev\" not found"));
    namespace(&ours, "dev").await;
    assert_eq!(ours.get(&format!("{all}/b")).await.status, 404);
}

#[tokio::test]
async fn a_group_binding_opens_one_namespace_and_the_refusals_read_as_in_kubernetes() {
    let (sandbox, ours) = start(false).await;
    let (user, group) = member(&sandbox, "aksdev", "appdev");
    namespace(&ours, "dev").await;
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    let pods = "/api/v1/namespaces/dev/pods";
    let upn = "aksdev@contoso.onmicrosoft.com";
    assert_eq!(
        theirs.get(pods).await.message(),
        format!(
            "pods is forbidden: User \"{upn}\" cannot list resource \"pods\" in API group \"\" in \
             the namespace \"dev\""
        )
    );
    ours.post(&format!("{RBAC}/namespaces/dev/rolebindings"), binding("b", "edit", &group)).await;
    assert_eq!(theirs.get(pods).await.status, 200);
    let pod = json!({"metadata": {"name": "nginx"}, "spec": {"containers": []}});
    assert_eq!(theirs.post(pods, pod.clone()).await.status, 201);
    assert_eq!(
        theirs.get("/api/v1/pods").await.message(),
        format!(
            "pods is forbidden: User \"{upn}\" cannot list resource \"pods\" in API group \"\" at \
             the cluster scope"
        )
    );
    let elsewhere = theirs.post("/api/v1/namespaces/default/pods", pod).await;
    assert!(elsewhere.message().contains("cannot create resource \"pods\""));
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let (sandbox, ours) = start(false).await;
    let (user, group) = member(&sandbox, "lead", "leads");
    namespace(&ours, "dev").await;
    let all = format!("{RBAC}/namespaces/dev/rolebindings");
    ours.post(&all, binding("leads", "admin", &group)).await;
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    assert_eq!(theirs.post(&all, binding("x", "view", "g")).await.status, 201);
    let refused = theirs.post(&all, binding("y", "cluster-admin", "g")).await;
    assert_eq!(refused.status, 403);
    let text = "is attempting to grant RBAC permissions not currently held:\n";
    assert!(refused.message().contains(text), "{}", refused.message());
}

#[tokio::test]
async fn an_azure_assignment_opens_its_namespace_behind_rbac() {
    let (sandbox, ours) = start(true).await;
    let (user, group) = member(&sandbox, "opsfe", "ops-fe");
    namespace(&ours, "frontend").await;
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    let refused = theirs.get("/api/v1/namespaces/default/pods").await;
    assert_eq!(
        refused.message(),
        "pods is forbidden: User \"opsfe@contoso.onmicrosoft.com\" cannot list resource \"pods\" \
         in API group \"\" in the namespace \"default\": User does not have access to the resource \
         in Azure. Update role assignment to allow access."
    );
    let scope = format!("{cluster}/namespaces/frontend");
    sandbox.world.azure.write().unwrap().assign(WRITER, &scope, "Group", &group);
    assert_eq!(theirs.get("/api/v1/namespaces/frontend/pods").await.status, 200);
    assert_eq!(theirs.get("/api/v1/namespaces/frontend/secrets").await.status, 200);
    assert_eq!(theirs.get("/api/v1/namespaces/default/pods").await.status, 403);
    assert_eq!(theirs.get("/api/v1/namespaces").await.status, 403);
    let roles = format!("{RBAC}/namespaces/frontend/roles");
    assert_eq!(theirs.get(&roles).await.status, 403);
}

#[tokio::test]
async fn access_reviews_ask_both_authorizers_and_azure_needs_the_object_id() {
    let (sandbox, ours) = start(true).await;
    let (user, group) = member(&sandbox, "opsfe", "ops-fe");
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    let scope = format!("{cluster}/namespaces/frontend");
    sandbox.world.azure.write().unwrap().assign(WRITER, &scope, "Group", &group);
    let review = |extra: Value| {
        json!({"spec": {
            "user": "opsfe@contoso.onmicrosoft.com", "groups": [group], "extra": extra,
            "resourceAttributes":
                {"namespace": "frontend", "verb": "list", "group": "", "resource": "pods"},
        }})
    };
    let with = ours.post(REVIEWS, review(json!({"oid": [user]}))).await;
    assert_eq!((with.status, &with.body["status"]["allowed"]), (201, &json!(true)));
    if let Some(contract) = Contract::open("kubernetes-rbac.json") {
        contract.check("io.k8s.api.authorization.v1.SubjectAccessReview", &with.body);
    }
    let without = ours.post(REVIEWS, review(json!({}))).await;
    assert_eq!(without.body["status"]["allowed"], false);
    assert!(without.body["status"].get("denied").is_none());
    let reason = without.body["status"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Azure does not have opinion for this non AAD user."));
    let mut denied = review(json!({"oid": [user]}));
    denied["spec"]["resourceAttributes"]["namespace"] = json!("backend");
    let denied = ours.post(REVIEWS, denied).await;
    assert_eq!(denied.body["status"]["denied"], true);
}

#[tokio::test]
async fn a_remembered_denial_outlives_the_assignment_that_would_lift_it() {
    let (sandbox, _) = start(true).await;
    let (user, group) = member(&sandbox, "opsfe", "ops-fe");
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    sandbox.world.clusters.write().unwrap().get_mut(CLUSTER).unwrap().knobs.webhook_cache =
        SignedDuration::from_mins(5);
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    let pods = "/api/v1/namespaces/default/pods";
    assert_eq!(theirs.get(pods).await.status, 403);
    sandbox.world.azure.write().unwrap().assign(WRITER, &cluster, "Group", &group);
    assert_eq!(theirs.get(pods).await.status, 403);
    sandbox.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(theirs.get(pods).await.status, 200);
}

#[tokio::test]
async fn a_function_does_only_what_its_rights_list() {
    let (sandbox, _) = start(false).await;
    let pairs = [("namespaces", "get"), ("namespaces", "list")];
    let rights = Rights {
        kubernetes: pairs.map(|(r, v)| (r.to_owned(), v.to_owned())).into(),
        ..Rights::default()
    };
    sandbox.world.grant("audit", rights);
    let audit = Wire::cluster(&sandbox, CLUSTER, &Who::Latchkey).function("audit");
    assert_eq!(audit.get("/api/v1/namespaces").await.status, 200);
    assert_eq!(audit.get("/apis").await.status, 200);
    assert_eq!(audit.get("/api/v1/namespaces/default/pods").await.status, 403);
    let refused = audit.post("/api/v1/namespaces", json!({"metadata": {"name": "x"}})).await;
    assert_eq!((refused.status, &refused.body["reason"]), (403, &json!("Forbidden")));
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let (sandbox, ours) = start(false).await;
    {
        let mut clusters = sandbox.world.clusters.write().unwrap();
        let state = clusters.get_mut(CLUSTER).unwrap();
        for n in 0..5 {
            state.add_namespace(&format!("team-{n}"));
            let place = (format!("team-{n}"), "b");
            state.bind((&place.0, place.1), ("ClusterRole", "view"), ("Group", "g"));
        }
    }
    let mut path = format!("{RBAC}/rolebindings?limit=2");
    let mut sizes = Vec::new();
    loop {
        let page = ours.get(&path).await.body;
        sizes.push(page["items"].as_array().unwrap().len());
        let Some(token) = page["metadata"]["continue"].as_str() else { break };
        path = format!("{RBAC}/rolebindings?limit=2&continue={token}");
    }
    assert_eq!(sizes, [2, 2, 1]);
    sandbox.world.clusters.write().unwrap().get_mut(CLUSTER).unwrap().knobs.expire_continue = true;
    assert_eq!(ours.get(&format!("{RBAC}/rolebindings?continue=x")).await.status, 410);
}

#[tokio::test]
async fn the_admin_group_of_the_cluster_is_bound_to_cluster_admin() {
    let (sandbox, ours) = start(true).await;
    let path = format!("{RBAC}/clusterrolebindings/aks-cluster-admin-binding-aad");
    let before = ours.get(&path).await;
    assert_eq!(before.body["subjects"][0]["name"], "aaaaaaaa-0000-4000-8000-000000000001");
    sandbox.world.azure.write().unwrap().clusters.edit(CLUSTER, |document| {
        document["properties"]["aadProfile"]["adminGroupObjectIDs"] = json!(["other"]);
    });
    assert_eq!(ours.get(&path).await.body["subjects"][0]["name"], "other");
}

#[tokio::test]
async fn the_same_access_gives_the_same_snapshot() {
    let mut texts = Vec::new();
    for name in ["one", "two"] {
        let (sandbox, ours) = start(true).await;
        let (_, group) = member(&sandbox, "opsfe", "ops-fe");
        namespace(&ours, "dev").await;
        if name == "two" {
            // A detour leaves no trace.
            namespace(&ours, "gone").await;
            ours.delete("/api/v1/namespaces/gone").await;
        }
        ours.post(&format!("{RBAC}/namespaces/dev/rolebindings"), binding("b", "edit", &group))
            .await;
        let scope = format!("{}/namespaces/dev", sandbox.world.config.clusters[0].resource_id);
        sandbox.world.azure.write().unwrap().assign(WRITER, &scope, "Group", &group);
        texts.push(sandbox.world.snapshot());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(
        texts[0].contains("RoleBinding dev/b: ClusterRole edit ← Group ops-fe"),
        "{}",
        texts[0]
    );
    assert!(texts[0].contains(&format!("{WRITER} @ ")) && texts[0].contains("← ops-fe"));
}

#[tokio::test]
async fn without_entra_the_user_kubeconfig_is_the_administrator_s() {
    use base64::Engine as _;
    let base = Config::default();
    let spec = ClusterSpec {
        azure_rbac: false,
        local_accounts: true,
        ..ClusterSpec::named(CLUSTER, &base.subscription)
    };
    let sandbox = wire::sandbox(Config { clusters: vec![spec], ..base }).await;
    let arm = Wire::arm(&sandbox, &Who::Admin);
    let id = &sandbox.world.config.clusters[0].resource_id;
    let answer = arm.act(&format!("{id}/listClusterUserCredential?api-version=2026-04-01")).await;
    let value = answer.body["kubeconfigs"][0]["value"].as_str().unwrap();
    let config = base64::engine::general_purpose::STANDARD.decode(value).unwrap();
    let config = String::from_utf8(config).unwrap();
    let token = config.lines().find_map(|l| l.trim().strip_prefix("token: ")).unwrap();
    let url = sandbox.endpoints.clusters[CLUSTER].to_string();
    let local = Wire::new(&sandbox, &url, token.to_owned());
    assert_eq!(local.get("/api/v1/nodes").await.status, 200);
    let entra = Wire::cluster(&sandbox, CLUSTER, &Who::Latchkey);
    assert_eq!(entra.get("/api/v1/nodes").await.status, 401);
}

#[tokio::test]
async fn azure_rbac_opens_the_cluster_once_the_operation_that_enables_it_has_ended() {
    let (sandbox, _) = start(false).await;
    sandbox.world.azure.write().unwrap().knobs.cluster_update = SignedDuration::from_secs(60);
    let (user, group) = member(&sandbox, "opsfe", "ops-fe");
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    sandbox.world.azure.write().unwrap().assign(WRITER, &cluster, "Group", &group);
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    let pods = "/api/v1/namespaces/default/pods";
    let arm = Wire::arm(&sandbox, &Who::Admin);
    let show = format!("{cluster}?api-version=2026-04-01");
    let mut body = arm.get(&show).await.body;
    body["properties"]["aadProfile"]["enableAzureRBAC"] = json!(true);
    assert_eq!(arm.put(&show, body).await.status, 200);
    assert_eq!(theirs.get(pods).await.status, 403);
    sandbox.world.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(theirs.get(pods).await.status, 200);
}

#[tokio::test]
async fn a_person_in_too_many_groups_for_a_token_keeps_what_the_groups_give() {
    let (sandbox, ours) = start(false).await;
    let (user, group) = member(&sandbox, "busy", "appdev");
    {
        let mut directory = sandbox.world.directory.write().unwrap();
        for n in 0..200 {
            let other = directory.add_group(&format!("group {n}"));
            assert!(directory.add_member(&other, &user));
        }
    }
    let all = format!("{RBAC}/namespaces/default/rolebindings");
    assert_eq!(ours.post(&all, binding("b", "view", &group)).await.status, 201);
    let theirs = Wire::cluster(&sandbox, CLUSTER, &Who::User(user));
    assert_eq!(theirs.get("/api/v1/namespaces/default/pods").await.status, 200);
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_refused() {
    let (sandbox, ours) = start(false).await;
    sandbox.world.contracts.expect_violation("POST /api/v1/namespaces: request");
    for body in [json!([]), json!({"metadata": "x"}), json!({"metadata": {"labels": 3}})] {
        assert_eq!(ours.post("/api/v1/namespaces", body).await.status, 400);
    }
    let wrong_kind = json!({"kind": "Pod", "metadata": {"name": "x"}});
    assert_eq!(ours.post("/api/v1/namespaces", wrong_kind).await.status, 400);
    let bad_name = json!({"metadata": {"name": "Not A Label"}});
    assert_eq!(ours.post("/api/v1/namespaces", bad_name).await.status, 422);
}
