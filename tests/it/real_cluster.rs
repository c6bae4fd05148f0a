//! Does Latchkey do the same to an API server that nobody here wrote?
//!
//! ARM hands out a server in place of the sandbox's own: a second sandbox that trusts the first one
//! as issuer, and bare etcd and kube-apiserver binaries where `KUBEBUILDER_ASSETS` names them.

mod leaver;

use std::{collections::BTreeMap, fs, sync::PoisonError, time::Duration};

use latchkey_core::Policy;
use reqwest::Method;
use sandbox::{ApiServer, Caller, ClusterSpec, Config, RealCluster, Sandbox};
use serde_json::Value;
use xtask::{
    before::Before, options::StageOptions, play::plan_all, scratch::Scratch, stage::Stage, tenant,
};

/// The cluster of the example policy that is authorized by Kubernetes alone.
const CLUSTER: &str = "retail-aks";
/// Administrators of the cluster; nobody is in this group. With it the cluster signs in with Entra.
const ADMINS: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// The team that the policy lets into two of its namespaces.
const TEAM: &str = "Retail_dev_team";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_are_let_into_a_cluster_that_arm_hands_out() {
    let setting = Setting::new();
    let spec = ClusterSpec { local_accounts: true, ..setting.spec() };
    let config = Config { clusters: vec![spec], ..Config::default() };
    let played = Sandbox::start(config).await.expect("the second sandbox starts");
    let sandbox = setting.sandbox().await;
    played.world.trust_issuer(&sandbox.world.issuer());
    let admin_token = "the-administrator-of-one-test".to_owned();
    played.world.accept_local_token(&admin_token, administrator());
    let url = played.world.endpoints().clusters[CLUSTER].clone();
    let server = ApiServer { url, ca_pem: played.ca_pem.clone(), admin_token };
    setting.let_the_teams_in(sandbox, &server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn teams_are_let_into_a_real_cluster() {
    let setting = Setting::new();
    let sandbox = setting.sandbox().await;
    let real = RealCluster::start(&sandbox, &setting.spec()).await.expect("it starts");
    let Some(real) = real else { return };
    setting.let_the_teams_in(sandbox, &real.server).await;
    real.stop().await.expect("it stops");
}

/// The example policy, and where its files are.
struct Setting {
    files: Scratch,
    policy: Policy,
}

impl Setting {
    fn new() -> Self {
        let files = Scratch::new().expect("files");
        let text = fs::read_to_string(files.options().policy).expect("the example policy");
        Self { files, policy: Policy::parse(&text).expect("a valid policy") }
    }

    fn spec(&self) -> ClusterSpec {
        let cluster = self.policy.clusters.iter().find(|(name, _)| name.as_str() == CLUSTER);
        let resource_id = cluster.expect("the cluster").1.resource_id.clone();
        let admin_group = Some(ADMINS.to_owned());
        let (name, azure_rbac) = (CLUSTER.to_owned(), false);
        ClusterSpec { name, resource_id, azure_rbac, admin_group, local_accounts: false }
    }

    async fn sandbox(&self) -> Sandbox {
        Sandbox::start(tenant::config(&self.policy)).await.expect("the sandbox starts")
    }

    async fn let_the_teams_in(&self, sandbox: Sandbox, server: &ApiServer) {
        let kubernetes = BTreeMap::from([(CLUSTER.to_owned(), server.clone())]);
        let options = StageOptions { kubernetes, ..self.files.options() };
        let real = &options.kubernetes;
        let cast = tenant::fill(&sandbox, &self.policy, &Before::default(), real).await;
        let cast = cast.expect("the server takes the sandbox's tokens");
        let stage = Stage::over(sandbox, cast, &options, |_| ()).await.expect("the stage is set");
        plan_all(&stage).await.expect("sent");
        let settled = tokio::time::timeout(Duration::from_secs(120), stage.host.settled(false));
        settled.await.expect("the teams are let in");
        let team = group(&stage, TEAM);
        for (namespace, role) in [("dev", "dev-user-full-access"), ("shop", "view")] {
            let bound = bound(server, namespace, &team).await;
            assert!(bound.contains(&role.to_owned()), "{namespace}: {bound:?}");
        }
        leaver::is_cut_and_comes_back(&stage, server).await;
        stage.host.stop().await;
    }
}

/// The object id of the group of this name.
fn group(stage: &Stage, name: &str) -> String {
    let world = &stage.sandbox.world;
    let directory = world.directory.read().unwrap_or_else(PoisonError::into_inner);
    let found = directory.groups().find(|group| group.display_name == name);
    found.expect("the group was made").id.clone()
}

/// The roles that bindings in `namespace` give to `group`, as the server itself tells.
async fn bound(server: &ApiServer, namespace: &str, group: &str) -> Vec<String> {
    let path = format!("apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings");
    let listed = server.call(&server.admin_token, Method::GET, &path, None).await;
    let (status, body) = listed.expect("the server answers");
    assert_eq!(status, 200, "{body}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names = |binding: &Value| {
        let subjects = binding["subjects"].as_array().cloned().unwrap_or_default();
        subjects.iter().any(|subject| text(&subject["name"]) == group)
    };
    let items = body["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter(|b| names(b)).map(|b| text(&b["roleRef"]["name"])).collect()
}

fn administrator() -> Caller {
    Caller {
        oid: String::new(),
        app_id: None,
        upn: Some("admin".to_owned()),
        groups: vec!["system:masters".to_owned()],
        roles: Vec::new(),
        audience: format!("local:{CLUSTER}"),
        is_app: false,
        function: None,
    }
}
