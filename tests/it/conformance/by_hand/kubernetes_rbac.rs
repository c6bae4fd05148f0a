//! Seed 004: application developers and reliability engineers, with Kubernetes RBAC.

use serde_json::json;
use xtask::clients::Terminal;

use crate::conformance::stand::{Existing, Stand, Typing, forbidden, rows};

const CLUSTER: Existing = Existing { group: "myResourceGroup", name: "myAKSCluster" };
const PASSWORD: &str = "Secure-1-pw";
const IMAGE: &str = "--image=mcr.microsoft.com/oss/nginx/nginx:1.15.5-alpine";

/// One of the document's two tabs.
struct Tab {
    group: &'static str,
    user: &'static str,
    display_name: &'static str,
    namespace: &'static str,
}

const DEV: Tab =
    Tab { group: "appdev", user: "aksdev@contoso.com", display_name: "AKS Dev", namespace: "dev" };
const SRE: Tab =
    Tab { group: "opssre", user: "akssre@contoso.com", display_name: "AKS SRE", namespace: "sre" };

#[tokio::test(flavor = "multi_thread")]
async fn the_kubernetes_rbac_how_to_plays_by_hand() {
    let Some(stand) = Stand::with(&[CLUSTER]).await else { return };
    let shell = stand.administrator().await;
    prerequisites(&shell).await;
    set_up(&shell).await;
    tokio::join!(developer(&stand), engineer(&stand));
    clean_up(&shell).await;
}

/// What the document sets up, its prerequisites being there.
pub async fn set_up(shell: &Terminal) {
    for tab in [&DEV, &SRE] {
        create_group(shell, tab).await;
    }
    for tab in [&DEV, &SRE] {
        create_user(shell, tab).await;
    }
    let admin =
        "az aks get-credentials --resource-group myResourceGroup --name myAKSCluster --admin";
    let merged = shell.types(admin).await;
    let expected = "Merged \"myAKSCluster-admin\" as current context in ";
    assert!(merged.err.contains(expected), "{}", merged.err);
    for tab in [&DEV, &SRE] {
        give_namespace(shell, tab).await;
    }
}

/// A cluster with Entra integration and Kubernetes RBAC.
pub async fn prerequisites(shell: &Terminal) {
    let enable = "az aks update --resource-group myResourceGroup --name myAKSCluster --enable-aad";
    shell.types(enable).await.good();
    let show = "az aks show --resource-group myResourceGroup --name myAKSCluster";
    let cluster = shell.types(show).await.json().expect("JSON");
    assert_eq!(cluster["aadProfile"]["managed"], true);
    // The document expects `true` here. That would be Azure RBAC; with Kubernetes RBAC, which it is
    // about, the value is false or null.
    assert_ne!(cluster["aadProfile"]["enableAzureRbac"], true);
    assert_eq!(cluster["enableRbac"], true);
}

async fn create_group(shell: &Terminal, Tab { group, .. }: &Tab) {
    let show = "az aks show --resource-group myResourceGroup --name myAKSCluster --query id -o tsv";
    shell.keeps("AKS_ID", show).await;
    let create = format!(
        "az ad group create --display-name {group} --mail-nickname {group} --query id -o tsv"
    );
    let id = format!("{}_ID", group.to_uppercase());
    shell.keeps(&id, &create).await;
    let assign = format!(
        "az role assignment create \\\n  --assignee ${id} \\\n  --role \"Azure Kubernetes Service \
         Cluster User Role\" \\\n  --scope $AKS_ID"
    );
    let made = shell.types(&assign).await.json().expect("JSON");
    assert_eq!(made["principalType"], "Group");
}

async fn create_user(shell: &Terminal, Tab { group, user, display_name, namespace }: &Tab) {
    let (upn, password) = (format!("AAD_{namespace}_UPN"), format!("AAD_{namespace}_PW"));
    shell.set(&upn, *user);
    shell.set(&password, PASSWORD);
    let create = format!(
        "az ad user create \\\n  --display-name \"{display_name}\" \\\n  --user-principal-name \
         ${upn} \\\n  --password ${password} \\\n  --query id -o tsv"
    );
    let id = format!("AKS{namespace}_ID");
    shell.keeps(&id, &create).await;
    let add = format!("az ad group member add --group {group} --member-id ${id}");
    assert_eq!(shell.types(&add).await.good(), "");
}

async fn give_namespace(shell: &Terminal, Tab { group, namespace, .. }: &Tab) {
    let create = format!("kubectl create namespace {namespace}");
    let created = shell.types(&create).await;
    assert_eq!(created.good(), format!("namespace/{namespace} created\n"));
    let file = format!("role-{namespace}-namespace.yaml");
    shell.write(&file, &role(namespace)).expect("written");
    let applied = shell.types(&format!("kubectl apply -f {file}")).await;
    let expected = format!("role.rbac.authorization.k8s.io/{namespace}-user-full-access created\n");
    assert_eq!(applied.good(), expected);
    let show = format!("az ad group show --group {group} --query id -o tsv");
    let id = shell.types(&show).await;
    let file = format!("rolebinding-{namespace}-namespace.yaml");
    shell.write(&file, &role_binding(namespace, id.text())).expect("written");
    let applied = shell.types(&format!("kubectl apply -f {file}")).await;
    let expected =
        format!("rolebinding.rbac.authorization.k8s.io/{namespace}-user-access created\n");
    assert_eq!(applied.good(), expected);
}

/// Signed in as one of the users, with the user's context.
async fn with_user_context(stand: &Stand, tab: &Tab) -> Terminal {
    let shell = stand.person(tab.user, PASSWORD).await;
    let get = "az aks get-credentials --resource-group myResourceGroup --name myAKSCluster \
               --overwrite-existing";
    let merged = shell.types(get).await;
    assert!(
        merged.err.contains("Merged \"myAKSCluster\" as current context in "),
        "{}",
        merged.err
    );
    shell
}

async fn schedule_a_pod(shell: &Terminal, Tab { namespace, .. }: &Tab) {
    let run = format!("kubectl run nginx-{namespace} {IMAGE} --namespace {namespace}");
    let created = shell.types(&run).await;
    assert_eq!(created.good(), format!("pod/nginx-{namespace} created\n"));
    let pods = shell.types(&format!("kubectl get pods --namespace {namespace}")).await;
    let pods = rows(pods.good());
    assert_eq!(pods[0], ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert_eq!(pods[1][..4], [format!("nginx-{namespace}").as_str(), "1/1", "Running", "0"]);
}

/// The text for a user and what they may not do. The document shows two of the four in the words of
/// older servers, and one with the other user's name.
async fn is_forbidden(shell: &Terminal, line: &str, user: &str, what: &str) {
    let refused = shell.types(line).await;
    let expected =
        format!("Error from server (Forbidden): pods is forbidden: User \"{user}\" cannot {what}");
    assert_eq!(forbidden(refused.bad()), expected);
}

async fn developer(stand: &Stand) {
    let shell = with_user_context(stand, &DEV).await;
    schedule_a_pod(&shell, &DEV).await;
    let everywhere = "list resource \"pods\" in API group \"\" at the cluster scope";
    is_forbidden(&shell, "kubectl get pods --all-namespaces", DEV.user, everywhere).await;
    let elsewhere = format!("kubectl run nginx-dev {IMAGE} --namespace sre");
    let create = "create resource \"pods\" in API group \"\" in the namespace \"sre\"";
    is_forbidden(&shell, &elsewhere, DEV.user, create).await;
}

async fn engineer(stand: &Stand) {
    let shell = with_user_context(stand, &SRE).await;
    schedule_a_pod(&shell, &SRE).await;
    let everywhere = "list resource \"pods\" in API group \"\" at the cluster scope";
    is_forbidden(&shell, "kubectl get pods --all-namespaces", SRE.user, everywhere).await;
    let elsewhere = format!("kubectl run nginx-sre {IMAGE} --namespace dev");
    let create = "create resource \"pods\" in API group \"\" in the namespace \"dev\"";
    is_forbidden(&shell, &elsewhere, SRE.user, create).await;
    let list = shell.types("kubectl auth can-i --list --namespace sre").await;
    let full = ["*.apps", "[]", "[]", "[*]"];
    assert!(rows(list.good()).iter().any(|row| *row == full), "{}", list.out);
}

async fn clean_up(shell: &Terminal) {
    let admin =
        "az aks get-credentials --resource-group myResourceGroup --name myAKSCluster --admin";
    let again = shell.types(admin).await;
    assert!(again.ok, "{}", again.err);
    for namespace in ["dev", "sre"] {
        let deleted = shell.types(&format!("kubectl delete namespace {namespace}")).await;
        assert_eq!(deleted.good(), format!("namespace \"{namespace}\" deleted\n"));
    }
    for id in ["AKSdev_ID", "AKSsre_ID"] {
        delete_user(shell, id).await;
    }
    for group in [DEV.group, SRE.group] {
        let line = format!("az ad group delete --group {group}");
        assert_eq!(shell.types(&line).await.good(), "");
    }
    let left = "az role assignment list --scope $AKS_ID --query \
                '[].{name: principalName, role: roleDefinitionName}'";
    let left = shell.types(left).await.json().expect("JSON");
    // The document says that deleting a group deletes its role assignments. It does not: they stay,
    // of a principal that no longer has a name.
    let orphan = json!({"name": "", "role": "Azure Kubernetes Service Cluster User Role"});
    assert_eq!(left, json!([orphan, orphan]));
}

/// `--upn-or-object-id` is gone from `az`; its successor is `--id`.
async fn delete_user(shell: &Terminal, id: &str) {
    let retired = format!("az ad user delete --upn-or-object-id ${id}");
    let refused = shell.types(&retired).await;
    assert!(
        refused.bad().contains("the following arguments are required: --id"),
        "{}",
        refused.err
    );
    shell.types(&format!("az ad user delete --id ${id}")).await.good();
}

/// The document's Role.
pub fn role(namespace: &str) -> String {
    format!(
        "kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: {namespace}-user-full-access
  namespace: {namespace}
rules:
- apiGroups: [\"\", \"extensions\", \"apps\"]
  resources: [\"*\"]
  verbs: [\"*\"]
- apiGroups: [\"batch\"]
  resources:
  - jobs
  - cronjobs
  verbs: [\"*\"]
"
    )
}

/// The document's RoleBinding.
pub fn role_binding(namespace: &str, group: &str) -> String {
    format!(
        "kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: {namespace}-user-access
  namespace: {namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {namespace}-user-full-access
subjects:
- kind: Group
  # Replace the placeholder below with the group's objectId (GUID)
  name: {group}
"
    )
}
