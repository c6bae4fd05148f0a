//! The same stories on the sandbox's API server, on one that ARM hands out in its place, and on
//! bare etcd and kube-apiserver binaries where there are any: no controller manager runs there, so
//! each story makes its own roles and namespaces.

use http::Method;
use jiff::SignedDuration;
use latchkey_cluster::{Plane, Review};
use latchkey_core::{
    CallError, NamespaceName, ObjectId,
    holdings::{RoleRef, Subject},
    policy::Rule,
};
use sandbox::{ApiServer, ClusterSpec, Config, RealCluster, Sandbox, Who};
use serde_json::{Value, json};

use crate::bench::{Bench, CALLER, CLUSTER, GROUP, clusters, name, namespace};

const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const ALEX: &str = "alex@contoso.onmicrosoft.com";

/// An API server, our client to it and its administrator.
struct Stage {
    bench: Bench,
    server: ApiServer,
}

#[tokio::test]
async fn the_sandboxs_api_server_tells_the_stories() {
    let sandbox = Sandbox::start(Config { clusters: vec![spec()], ..Config::default() });
    let sandbox = sandbox.await.unwrap();
    hold_deletions(&sandbox);
    let server = own(&sandbox);
    stories(&Stage { bench: bench(sandbox).await, server }).await;
}

/// A second sandbox plays the server: it trusts the first one as issuer, and knows nothing else of
/// it.
#[tokio::test]
async fn an_api_server_that_arm_hands_out_tells_the_stories() {
    let played = Sandbox::start(Config { clusters: vec![spec()], ..Config::default() });
    let played = played.await.unwrap();
    hold_deletions(&played);
    let sandbox = empty().await;
    played.world.trust_issuer(&sandbox.world.issuer());
    let server = own(&played);
    let patience = std::time::Duration::from_secs(10);
    server.welcome(&sandbox.world, Some(GROUP), patience).await.unwrap();
    sandbox.add_real_cluster(&spec(), &server);
    let before = played.world.calls.by(sandbox::Service::Kubernetes, CALLER);
    stories(&Stage { bench: bench(sandbox).await, server }).await;
    assert!(played.world.calls.by(sandbox::Service::Kubernetes, CALLER) > before + 20);
}

#[tokio::test]
async fn a_real_api_server_tells_the_stories() {
    let sandbox = empty().await;
    let Some(real) = RealCluster::start(&sandbox, &spec()).await.unwrap() else { return };
    stories(&Stage { bench: bench(sandbox).await, server: real.server.clone() }).await;
    real.stop().await.unwrap();
}

async fn stories(stage: &Stage) {
    stage.people_get_what_their_group_is_bound_to_and_nothing_else().await;
    stage.a_binding_is_written_whole_and_deleted_only_as_observed().await;
    stage.one_subject_leaves_somebody_elses_binding().await;
    stage.a_role_has_exactly_the_rules_it_was_given_last().await;
    stage.nothing_is_written_where_there_is_no_namespace().await;
    stage.a_namespace_that_goes_takes_nothing_new().await;
}

impl Stage {
    async fn people_get_what_their_group_is_bound_to_and_nothing_else(&self) {
        let (here, there) = (self.space("people-here").await, self.space("people-there").await);
        let cluster = &self.bench.cluster;
        cluster.apply_role(&here, "reader", &[rule("configmaps")]).await.unwrap();
        let (member, stranger, group) = {
            let mut directory = self.bench.sandbox.world.directory.write().unwrap();
            let ids = (directory.add_user("alex"), directory.add_user("sam"));
            let group = directory.add_group("readers");
            assert!(directory.add_member(&group, &ids.0));
            (ids.0, ids.1, ObjectId::new(group).unwrap())
        };
        let reader = RoleRef::Role("reader".into());
        cluster.bind(&here, "acc-readers", &reader, &group).await.unwrap();
        assert_eq!(self.status(&member, &here).await, 200);
        assert_eq!(self.status(&member, &there).await, 403);
        assert_eq!(self.status(&stranger, &here).await, 403);
        let asked = |namespace: &NamespaceName| Review {
            user: ALEX.into(),
            groups: vec![group.clone()],
            oid: ObjectId::new(member.clone()).unwrap(),
            namespace: Some(namespace.clone()),
            verb: "list".into(),
            group: String::new(),
            resource: "configmaps".into(),
        };
        let allowed = cluster.review(&asked(&here)).await.unwrap();
        assert_eq!((allowed.allowed, allowed.path), (true, Some(Plane::KubernetesRbac)));
        assert!(!cluster.review(&asked(&there)).await.unwrap().allowed);
        let observed = self.binding(&here, "acc-readers").await;
        cluster.delete_binding(&observed).await.unwrap();
        assert_eq!(self.status(&member, &here).await, 403, "the same token opens nothing now");
    }

    async fn a_binding_is_written_whole_and_deleted_only_as_observed(&self) {
        let space = self.space("bindings").await;
        let cluster = &self.bench.cluster;
        let [one, two] = ["1", "2"].map(|n| ObjectId::new(GROUP.replace('1', n)).unwrap());
        let view = RoleRef::ClusterRole("view".into());
        for _ in 0..2 {
            cluster.bind(&space, "acc-1", &view, &one).await.unwrap();
        }
        let observed = self.binding(&space, "acc-1").await;
        assert_eq!(observed.subjects, [Subject::Group(one.to_string())]);
        assert!(observed.managed && !observed.reserved);
        let edit = RoleRef::ClusterRole("edit".into());
        let refused = cluster.bind(&space, "acc-1", &edit, &one).await.unwrap_err();
        assert!(
            matches!(&refused, CallError::Rejected { code, message, .. }
            if code == "Invalid" && message.contains("roleRef")),
            "{refused}"
        );
        cluster.bind(&space, "acc-1", &view, &two).await.unwrap();
        let changed = cluster.delete_binding(&observed).await.unwrap_err();
        assert!(matches!(changed, CallError::Conflict { .. }), "{changed}");
        let observed = self.binding(&space, "acc-1").await;
        for _ in 0..2 {
            cluster.delete_binding(&observed).await.unwrap();
        }
        assert!(cluster.bindings_in(&space).await.unwrap().is_empty());
    }

    async fn one_subject_leaves_somebody_elses_binding(&self) {
        let space = self.space("theirs").await;
        let group = "rbac.authorization.k8s.io";
        let user = |name: &str| json!({"kind": "User", "apiGroup": group, "name": name});
        let theirs = json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
            "metadata": {"name": "theirs", "labels": {"team": "web"}},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "edit"},
            "subjects": [user(ALEX), user("sam@contoso.onmicrosoft.com")],
        });
        let path = format!("apis/{group}/v1/namespaces/{space}/rolebindings");
        assert_eq!(self.admin(Method::POST, &path, Some(&theirs)).await.0, 201);
        let observed = self.binding(&space, "theirs").await;
        assert!(!observed.managed);
        let alex = Subject::User(ALEX.into());
        self.bench.cluster.remove_subject(&observed, &alex).await.unwrap();
        let left = self.binding(&space, "theirs").await;
        assert_eq!(left.subjects, [Subject::User("sam@contoso.onmicrosoft.com".into())]);
        let stale = self.bench.cluster.remove_subject(&observed, &alex).await.unwrap_err();
        assert!(matches!(stale, CallError::Conflict { .. }), "{stale}");
        let (_, kept) = self.admin(Method::GET, &format!("{path}/theirs"), None).await;
        assert_eq!(kept["metadata"]["labels"]["team"], "web");
    }

    async fn a_role_has_exactly_the_rules_it_was_given_last(&self) {
        let space = self.space("roles").await;
        let cluster = &self.bench.cluster;
        assert_eq!(cluster.role(&space, "deployer").await.unwrap(), None);
        for rules in [vec![rule("pods"), rule("services")], vec![rule("configmaps")]] {
            cluster.apply_role(&space, "deployer", &rules).await.unwrap();
            assert_eq!(cluster.role(&space, "deployer").await.unwrap(), Some(rules));
        }
    }

    async fn nothing_is_written_where_there_is_no_namespace(&self) {
        let nowhere = namespace("nowhere");
        let cluster = &self.bench.cluster;
        let role = cluster.apply_role(&nowhere, "deployer", &[rule("pods")]).await.unwrap_err();
        assert!(role.is_not_found(), "{role}");
        let (view, group) =
            (RoleRef::ClusterRole("view".into()), ObjectId::new(GROUP.to_owned()).unwrap());
        let bound = cluster.bind(&nowhere, "acc-1", &view, &group).await.unwrap_err();
        assert!(bound.is_not_found(), "{bound}");
    }

    async fn a_namespace_that_goes_takes_nothing_new(&self) {
        let space = self.space("going").await;
        let path = format!("api/v1/namespaces/{space}");
        assert_eq!(self.admin(Method::DELETE, &path, None).await.0, 200);
        let found = self.bench.cluster.namespace(&space).await.unwrap();
        assert!(found.is_some_and(|state| state.terminating));
        let refused = self.bench.cluster.apply_role(&space, "late", &[rule("pods")]).await;
        assert!(matches!(refused, Err(CallError::Conflict { .. })), "{refused:?}");
    }

    /// A namespace of ours, created twice without harm.
    async fn space(&self, name: &str) -> NamespaceName {
        let name = namespace(name);
        for _ in 0..2 {
            self.bench.cluster.create_namespace(&name).await.unwrap();
        }
        let found = self.bench.cluster.namespace(&name).await.unwrap();
        assert!(found.is_some_and(|state| !state.terminating && state.managed));
        assert!(self.bench.cluster.namespaces().await.unwrap().contains(&name));
        let path = format!("api/v1/namespaces/{name}");
        let (_, object) = self.admin(Method::GET, &path, None).await;
        let label = &object["metadata"]["labels"]["app.kubernetes.io/managed-by"];
        assert_eq!(label, "latchkey");
        name
    }

    async fn binding(&self, space: &NamespaceName, name: &str) -> latchkey_core::holdings::Binding {
        let all = self.bench.cluster.all_bindings().await.unwrap();
        let here = |b: &latchkey_core::holdings::Binding| {
            b.namespace.as_ref() == Some(space) && b.name == name
        };
        all.into_iter().find(here).unwrap()
    }

    /// What a person who lists the ConfigMaps of `space` with a token of the sandbox is answered.
    async fn status(&self, person: &str, space: &NamespaceName) -> u16 {
        let token = self.bench.sandbox.world.token_for(&Who::User(person.to_owned()), AKS_SERVER);
        let path = format!("api/v1/namespaces/{space}/configmaps");
        self.server.call(&token, Method::GET, &path, None).await.unwrap().0
    }

    async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.server.call(&self.server.admin_token, method, path, body).await.unwrap()
    }
}

fn rule(resource: &str) -> Rule {
    Rule {
        api_groups: vec![String::new()],
        resources: vec![resource.into()],
        verbs: vec!["get".into(), "list".into()],
        resource_names: Vec::new(),
    }
}

fn spec() -> ClusterSpec {
    ClusterSpec {
        azure_rbac: false,
        local_accounts: true,
        admin_group: Some(GROUP.to_owned()),
        ..ClusterSpec::named(CLUSTER, &Config::default().subscription)
    }
}

async fn empty() -> Sandbox {
    Sandbox::start(Config { clusters: Vec::new(), ..Config::default() }).await.unwrap()
}

/// Our client to the one cluster of `sandbox`, as ARM hands it out.
async fn bench(sandbox: Sandbox) -> Bench {
    let clusters = clusters(&sandbox);
    let cluster = clusters.open(&name(CLUSTER), &spec().resource_id, CALLER).await.unwrap();
    Bench { sandbox, clusters, cluster }
}

/// The API server of a sandbox as one that somebody else runs.
fn own(sandbox: &Sandbox) -> ApiServer {
    let admin_token = "the-administrator-of-one-test".to_owned();
    sandbox.world.accept_local_token(
        &admin_token,
        sandbox::Caller {
            oid: String::new(),
            app_id: None,
            upn: Some("admin".to_owned()),
            groups: vec!["system:masters".to_owned()],
            roles: Vec::new(),
            audience: format!("local:{CLUSTER}"),
            is_app: false,
            function: None,
        },
    );
    let url = sandbox.world.endpoints().clusters[CLUSTER].clone();
    ApiServer { url, ca_pem: sandbox.ca_pem.clone(), admin_token }
}

/// Nothing ends a deletion, as where no controller manager runs.
fn hold_deletions(sandbox: &Sandbox) {
    let mut clusters = sandbox.world.clusters.write().unwrap();
    let state = clusters.get_mut(CLUSTER).unwrap();
    state.knobs.namespace_deletion = SignedDuration::from_hours(1);
}
