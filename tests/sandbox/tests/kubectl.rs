//! The real `kubectl` against a cluster of the sandbox.
#![expect(clippy::unwrap_used, reason = "tests")]

mod wire;

use std::process::Output;

use sandbox::{ClusterSpec, Config, Sandbox, Who};
use tokio::process::Command;
use wire::AKS_SERVER;

const CLUSTER: &str = "aks-west";

/// `kubectl` with a kubeconfig of one user.
struct Kubectl {
    folder: tempfile::TempDir,
    config: std::path::PathBuf,
}

impl Kubectl {
    fn new(sandbox: &Sandbox, who: &Who) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &sandbox.ca_pem).unwrap();
        let server = sandbox.endpoints.clusters[CLUSTER].as_str().trim_end_matches('/');
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: \
             {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: '{server}', \
             certificate-authority: ca.pem}}}}]\nusers: [{{name: u, user: {{token: {}}}}}]\n",
            sandbox.world.token_for(who, AKS_SERVER)
        );
        let config = folder.path().join("config");
        std::fs::write(&config, text).unwrap();
        Self { folder, config }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let home = self.folder.path();
        let mut command = Command::new("kubectl");
        command.env("HOME", home).env("KUBECONFIG", &self.config).args(arguments);
        command.output().await.unwrap()
    }

    /// Standard output of a command that must succeed.
    #[track_caller]
    fn good(output: &Output) -> String {
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Standard error of a command that must fail.
    #[track_caller]
    fn bad(output: &Output) -> String {
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

async fn is_missing() -> bool {
    let found = Command::new("kubectl").args(["version", "--client"]).output().await.is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "kubectl is not installed");
        eprintln!("NOT CHECKED: kubectl is not installed on this machine");
    }
    !found
}

#[tokio::test]
async fn kubectl_makes_a_namespace_binds_a_group_and_is_refused_as_documented() {
    if is_missing().await {
        return;
    }
    let base = Config::default();
    let spec = ClusterSpec::named(CLUSTER, &base.subscription);
    let sandbox = wire::sandbox(Config { clusters: vec![spec], ..base }).await;
    let group = {
        let mut directory = sandbox.world.directory.write().unwrap();
        let (user, group) = (directory.add_user("aksdev"), directory.add_group("appdev"));
        assert!(directory.add_member(&group, &user));
        group
    };
    let admin = Kubectl::new(&sandbox, &Who::Admin);
    Kubectl::good(&admin.run(&["create", "namespace", "dev"]).await);
    let listed = Kubectl::good(&admin.run(&["get", "namespaces"]).await);
    assert!(listed.lines().any(|l| l.starts_with("dev ")), "{listed}");
    let file = admin.folder.path().join("role.yaml");
    std::fs::write(&file, role_and_binding(&group)).unwrap();
    let file = file.to_str().unwrap().to_owned();
    Kubectl::good(&admin.run(&["apply", "-f", &file]).await);
    let again = Kubectl::good(&admin.run(&["apply", "-f", &file]).await);
    assert_eq!(again.matches("unchanged").count(), 2, "{again}");
    let server_side = ["apply", "--server-side", "--force-conflicts", "-f", &file];
    Kubectl::good(&admin.run(&server_side).await);

    let dev = Kubectl::new(&sandbox, &Who::User("aksdev@contoso.onmicrosoft.com".to_owned()));
    let run = ["run", "nginx-dev", "--image=nginx:1.15.5-alpine", "--namespace", "dev"];
    assert!(Kubectl::good(&dev.run(&run).await).contains("pod/nginx-dev created"));
    let pods = Kubectl::good(&dev.run(&["get", "pods", "--namespace", "dev"]).await);
    assert!(pods.contains("nginx-dev"), "{pods}");
    let refused = Kubectl::bad(&dev.run(&["get", "pods", "--all-namespaces"]).await);
    assert!(
        refused.starts_with(
            "Error from server (Forbidden): pods is forbidden: User \
             \"aksdev@contoso.onmicrosoft.com\" cannot list resource \"pods\" in API group \"\" at \
             the cluster scope"
        ),
        "{refused}"
    );
    let can = ["auth", "can-i", "create", "pods", "--namespace", "dev"];
    assert_eq!(Kubectl::good(&dev.run(&can).await).trim(), "yes");
    let me = Kubectl::good(&dev.run(&["auth", "whoami"]).await);
    assert!(me.contains("aksdev@contoso.onmicrosoft.com") && me.contains(&group), "{me}");
    Kubectl::good(&admin.run(&["delete", "namespace", "dev"]).await);
    let gone = Kubectl::bad(&admin.run(&["get", "namespace", "dev"]).await);
    assert!(gone.contains("namespaces \"dev\" not found"), "{gone}");
}

fn role_and_binding(group: &str) -> String {
    format!(
        "kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: dev-user-full-access
  namespace: dev
rules:
- apiGroups: ['', apps]
  resources: ['*']
  verbs: ['*']
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: dev-user-access
  namespace: dev
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: dev-user-full-access
subjects:
- kind: Group
  apiGroup: rbac.authorization.k8s.io
  namespace: dev
  name: {group}
"
    )
}
