//! Admission policies, connections and impersonation over the wire.
#![expect(clippy::unwrap_used, reason = "tests")]

mod wire;

use http::Method;
use sandbox::{ClusterSpec, Config, Rights, Sandbox, Who};
use serde_json::{Value, json};
use wire::{Answer, Wire};

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/dev/configmaps";
const CLUSTER: &str = "aks-west";
const WHY: &str = "ValidatingAdmissionPolicy 'gone' with binding 'gone' denied request: \
                   gone since yesterday";

/// A cluster in which `alex` and `sam` may edit namespace dev, where a policy denies those whom
/// ConfigMap `list` names by object id.
struct Stage {
    sandbox: Sandbox,
    ours: Wire,
    alex: Wire,
    alex_id: String,
    sam: Wire,
}

async fn start() -> Stage {
    let base = Config::default();
    let spec = ClusterSpec {
        azure_rbac: false,
        admin_group: Some("aaaaaaaa-0000-4000-8000-000000000001".to_owned()),
        ..ClusterSpec::named(CLUSTER, &base.subscription)
    };
    let sandbox = wire::sandbox(Config { clusters: vec![spec], ..base }).await;
    let [(alex_id, alex), (_, sam)] = ["alex", "sam"].map(|name| {
        let id = sandbox.world.directory.write().unwrap().add_user(name);
        let wire = Wire::cluster(&sandbox, CLUSTER, &Who::User(id.clone()));
        let mut clusters = sandbox.world.clusters.write().unwrap();
        let state = clusters.get_mut(CLUSTER).unwrap();
        state.add_namespace("dev");
        let upn = format!("{name}@contoso.onmicrosoft.com");
        state.bind(("dev", name), ("ClusterRole", "edit"), ("User", &upn));
        (id, wire)
    });
    let ours = Wire::cluster(&sandbox, CLUSTER, &Who::Latchkey);
    let stage = Stage { sandbox, ours, alex, alex_id, sam };
    stage.put("validatingadmissionpolicies", policy()).await;
    stage.put("validatingadmissionpolicybindings", binding()).await;
    stage
}

impl Stage {
    async fn put(&self, plural: &str, object: Value) {
        let made = self.ours.post(&format!("{ADMISSION}/{plural}"), object).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
    }

    async fn list(&self, data: Value) {
        let mut body = json!({"metadata": {"name": "list"}});
        if data.is_object() {
            body["data"] = data;
        }
        assert_eq!(self.ours.post(MAPS, body).await.status, 201);
    }

    /// Changes the policy.
    async fn edit(&self, patch: Value) -> Answer {
        let path = format!("{ADMISSION}/validatingadmissionpolicies/gone");
        merge(&self.ours, &path, patch).await
    }
}

async fn merge(wire: &Wire, path: &str, patch: Value) -> Answer {
    let kind = [("content-type", "application/merge-patch+json")];
    wire.send(Method::PATCH, path, &kind, Some(patch)).await
}

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "b"}})
}

fn policy() -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "gone"},
        "spec": {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"],
                "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
            }]},
            "matchConditions": [{
                "name": "people", "expression": "!request.userInfo.username.startsWith('system:')",
            }],
            "variables": [{"name": "id", "expression": "request.userInfo.extra['oid'][0]"}],
            "validations": [{
                "expression": "!(variables.id in params.data)",
                "messageExpression": "'gone since ' + params.data[variables.id]",
                "message": "gone",
                "reason": "Forbidden",
            }],
        },
    })
}

fn binding() -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "gone"},
        "spec": {
            "policyName": "gone", "validationActions": ["Deny"],
            "paramRef": {
                "name": "list", "namespace": "dev", "parameterNotFoundAction": "Allow",
            },
        },
    })
}

#[tokio::test]
async fn whom_a_policy_names_may_read_and_neither_write_nor_connect() {
    let stage = start().await;
    assert_eq!(stage.alex.post(MAPS, map("before")).await.status, 201);
    stage.list(json!({stage.alex_id.as_str(): "yesterday"})).await;
    let before = format!("{MAPS}/before");
    let denied = [
        (stage.alex.post(MAPS, map("after")).await, "after"),
        (stage.alex.post(MAPS, map("before")).await, "before"),
        (stage.alex.send(Method::PUT, &before, &[], Some(map("before"))).await, "before"),
        (merge(&stage.alex, &before, json!({"data": {"a": "c"}})).await, "before"),
        (merge(&stage.alex, &before, json!({})).await, "before"),
        (merge(&stage.alex, &format!("{before}?dryRun=All"), json!({})).await, "before"),
        (stage.alex.send(Method::DELETE, &before, &[], None).await, "before"),
    ];
    for (answer, name) in denied {
        assert_eq!((answer.status, &answer.body["reason"]), (403, &json!("Forbidden")));
        assert_eq!(answer.message(), format!("configmaps \"{name}\" is forbidden: {WHY}"));
        assert_eq!(
            answer.body["details"],
            json!({
                "name": name, "group": "", "kind": "configmaps", "causes": [{"message": WHY}],
            })
        );
    }
    for part in ["exec", "attach", "portforward", "proxy"] {
        for method in [Method::GET, Method::POST] {
            let path = format!("/api/v1/namespaces/dev/pods/none/{part}");
            let answer = stage.alex.send(method, &path, &[], None).await;
            assert_eq!(answer.message(), format!("pods \"none\" is forbidden: {WHY}"));
        }
    }
    assert_eq!(stage.alex.get(&before).await.status, 200);
    assert_eq!(stage.alex.get(MAPS).await.status, 200);
    assert_eq!(stage.sam.post(MAPS, map("after")).await.status, 201);
    assert_eq!(stage.ours.send(Method::DELETE, &before, &[], None).await.status, 200);
}

#[tokio::test]
async fn a_connection_is_authorized_admitted_and_only_then_looked_for() {
    let stage = start().await;
    let path =
        |namespace: &str, pod: &str| format!("/api/v1/namespaces/{namespace}/pods/{pod}/exec");
    let elsewhere = stage.alex.send(Method::POST, &path("default", "p"), &[], None).await;
    assert_eq!(elsewhere.status, 403);
    assert!(elsewhere.message().contains("cannot create resource \"pods/exec\""));
    let missing = stage.alex.send(Method::POST, &path("dev", "p"), &[], None).await;
    assert_eq!((missing.status, missing.message()), (404, "pods \"p\" not found"));
    let pods = "/api/v1/namespaces/dev/pods";
    let pod =
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    assert_eq!(stage.ours.post(pods, pod).await.status, 201);
    let bare = stage.alex.send(Method::POST, &path("dev", "p"), &[], None).await;
    assert_eq!((bare.status, bare.message()), (400, "Upgrade request required"));
}

#[tokio::test]
async fn an_error_of_an_expression_is_what_the_failure_policy_makes_of_it() {
    let stage = start().await;
    stage.list(Value::Null).await; // without data: `params.data` is no key
    let denied = stage.alex.post(MAPS, map("one")).await;
    assert_eq!((denied.status, &denied.body["reason"]), (422, &json!("Invalid")));
    assert!(denied.message().contains("resulted in error"), "{}", denied.message());
    let ignore = stage.edit(json!({"spec": {"failurePolicy": "Ignore"}})).await;
    assert_eq!(ignore.status, 200);
    assert_eq!(stage.alex.post(MAPS, map("one")).await.status, 201);
}

#[tokio::test]
async fn without_its_parameter_a_policy_denies_nobody_unless_it_says_so() {
    let stage = start().await;
    assert_eq!(stage.alex.post(MAPS, map("one")).await.status, 201);
    let path = format!("{ADMISSION}/validatingadmissionpolicybindings/gone");
    let deny = json!({"spec": {"paramRef": {"parameterNotFoundAction": "Deny"}}});
    assert_eq!(merge(&stage.ours, &path, deny).await.status, 200);
    let denied = stage.alex.post(MAPS, map("two")).await;
    assert!(
        denied
            .message()
            .ends_with("no params found for policy binding with `Deny` parameterNotFoundAction")
    );
}

#[tokio::test]
async fn a_policy_is_mended_by_those_whom_it_denies_and_must_compile() {
    let stage = start().await;
    stage.list(json!({})).await;
    let everybody = json!({"spec": {"validations": [{"expression": "false"}]}});
    assert_eq!(stage.edit(everybody).await.status, 200);
    let denied = stage.sam.post(MAPS, map("one")).await;
    assert!(denied.message().ends_with("denied request: failed expression: false"));
    let path = format!("{ADMISSION}/validatingadmissionpolicies/gone");
    let broken = stage.edit(json!({"spec": {"validations": [{"expression": "1 +"}]}})).await;
    assert_eq!(broken.status, 422);
    assert_eq!(broken.body["details"]["causes"][0]["field"], "spec.validations[0].expression");
    assert_eq!(stage.ours.send(Method::DELETE, &path, &[], None).await.status, 200);
    assert_eq!(stage.sam.post(MAPS, map("one")).await.status, 201);
}

#[tokio::test]
async fn whoever_may_impersonate_is_answered_as_the_other() {
    let stage = start().await;
    stage.list(json!({stage.alex_id.as_str(): "yesterday"})).await;
    let user = ("impersonate-user", "alex@contoso.onmicrosoft.com");
    let id = ("impersonate-extra-oid", stage.alex_id.as_str());
    let try_as = async |who: &Wire, headers: &[(&str, &str)]| {
        let kind = ("content-type", "application/merge-patch+json");
        let headers = [&[kind], headers].concat();
        let path = format!("{MAPS}/list?dryRun=All");
        who.send(Method::PATCH, &path, &headers, Some(json!({}))).await
    };
    let denied = try_as(&stage.ours, &[user, id]).await;
    assert_eq!(denied.message(), format!("configmaps \"list\" is forbidden: {WHY}"));
    let nobody = ("impersonate-user", "nobody@contoso.onmicrosoft.com");
    let nobody = try_as(&stage.ours, &[nobody, ("impersonate-group", "x")]).await;
    assert!(nobody.message().contains("User \"nobody@contoso.onmicrosoft.com\" cannot patch"));
    let refused = try_as(&stage.sam, &[user]).await;
    assert_eq!(
        refused.message(),
        "users \"alex@contoso.onmicrosoft.com\" is forbidden: User \"sam@contoso.onmicrosoft.com\" \
         cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    );
    assert_eq!(try_as(&stage.ours, &[id]).await.status, 500);
    let of = |rights: &[(&str, &str)]| Rights {
        kubernetes: rights.iter().map(|(what, verb)| ((*what).into(), (*verb).into())).collect(),
        ..Rights::default()
    };
    let world = &stage.sandbox.world;
    world.restrict(&world.config.identity_client_id, of(&[("users", "impersonate")]));
    assert!(try_as(&stage.ours, &[user, id]).await.message().contains("userextras/oid"));
    let both = of(&[("users", "impersonate"), ("userextras/oid", "impersonate")]);
    world.restrict(&world.config.identity_client_id, both);
    let denied = try_as(&stage.ours, &[user, id]).await;
    assert!(denied.message().ends_with(WHY), "{}", denied.message());
}
