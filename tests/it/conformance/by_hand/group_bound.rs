//! Seed 001: Entra integration, no local accounts, and a role bound to a group.

use xtask::clients::Terminal;

use crate::conformance::stand::{Existing, Stand, Typing, forbidden, rows};

const OLD: Existing = Existing { group: "rg-retail", name: "aks-retail" };
const PASSWORD: &str = "Reader-1-pw";

#[tokio::test(flavor = "multi_thread")]
async fn the_group_bound_module_plays_by_hand() {
    let Some(stand) = Stand::with(&[OLD]).await else { return };
    let shell = stand.administrator().await;
    set_up(&shell).await;
    create_integrated(&shell).await;
    membership_decides(&stand, &shell).await;
    disabled_accounts_are_out(&stand, &shell).await;
}

/// What the module sets up in a cluster that is there.
pub async fn set_up(shell: &Terminal) {
    prepare(shell).await;
    integrate_existing(shell).await;
    bind_view(shell).await;
    disable_local_accounts(shell).await;
}

/// The groups and people that the module takes for granted.
async fn prepare(shell: &Terminal) {
    let group = async |name: &str, variable: &str| {
        let line = format!(
            "az ad group create --display-name {name} --mail-nickname {name} --query id -o tsv"
        );
        shell.keeps(variable, &line).await;
    };
    let user = async |name: &str, variable: &str| {
        let line = format!(
            "az ad user create --display-name {name} --user-principal-name {name}@contoso.com \
             --password {PASSWORD} --query id -o tsv"
        );
        shell.keeps(variable, &line).await;
    };
    group("cluster-admins", "ADMINS").await;
    group("retail-developers", "DEVELOPERS").await;
    user("carol", "CAROL").await;
    user("dave", "DAVE").await;
    let add = async |group: &str, user: &str| {
        let line = format!("az ad group member add --group ${group} --member-id ${user}");
        shell.types(&line).await.good();
    };
    add("ADMINS", "CAROL").await;
    add("DEVELOPERS", "DAVE").await;
}

/// A new cluster, as the module creates it.
async fn create_integrated(shell: &Terminal) {
    shell.types("az group create --name rg-new --location westeurope").await.good();
    let create = "az aks create \\\n  --resource-group rg-new \\\n  --name aks-new \\\n  --enable-aad \
                  \\\n  --aad-admin-group-object-ids $ADMINS";
    let cluster = shell.types(create).await;
    let cluster = if cluster.ok {
        cluster
    } else {
        // Without a key of the person's own, `az` wants to be asked for one.
        assert!(cluster.err.contains("--generate-ssh-keys"), "{}", cluster.err);
        shell.types(&format!("{create} --generate-ssh-keys")).await
    };
    let cluster = cluster.json().expect("JSON");
    assert_eq!(cluster["aadProfile"]["managed"], true);
    assert_eq!(cluster["aadProfile"]["adminGroupObjectIDs"].as_array().map(Vec::len), Some(1));
}

/// The same for a cluster that is there.
async fn integrate_existing(shell: &Terminal) {
    let update = "az aks update \\\n  --resource-group rg-retail \\\n  --name aks-retail \\\n  \
                  --enable-aad \\\n  --aad-admin-group-object-ids $ADMINS";
    let cluster = shell.types(update).await.json().expect("JSON");
    assert_eq!(cluster["aadProfile"]["managed"], true);
    assert_eq!(cluster["disableLocalAccounts"], false);
}

async fn bind_view(shell: &Terminal) {
    // What members need to fetch the cluster's credential.
    for group in ["ADMINS", "DEVELOPERS"] {
        let assign = format!(
            "az role assignment create --assignee ${group} --role \"Azure Kubernetes Service \
             Cluster User Role\" --scope $(az aks show -g rg-retail -n aks-retail --query id -o tsv)"
        );
        shell.types(&assign).await.good();
    }
    let binding = role_binding(&shell.value("DEVELOPERS"));
    shell.write("dev-team-readers.yaml", &binding).expect("written");
    let apply = "az aks get-credentials -g rg-retail -n aks-retail --admin && \
                 kubectl create namespace retail-app && \
                 kubectl run shop --image=nginx --namespace retail-app && \
                 kubectl apply -f dev-team-readers.yaml";
    let applied = shell.types(apply).await;
    let expected = "rolebinding.rbac.authorization.k8s.io/dev-team-readers created";
    assert_eq!(applied.good().lines().last(), Some(expected));
}

/// Only after an admin group is in place, as the module says.
async fn disable_local_accounts(shell: &Terminal) {
    let update = "az aks update \\\n  --resource-group rg-retail \\\n  --name aks-retail \\\n  \
                  --disable-local-accounts";
    let cluster = shell.types(update).await.json().expect("JSON");
    assert_eq!(cluster["disableLocalAccounts"], true);
    let admin = shell.types("az aks get-credentials -g rg-retail -n aks-retail --admin").await;
    assert!(admin.bad().contains("is set to disable local accounts"), "{}", admin.err);
    // The credential fetched before is worth nothing either.
    let pods = shell.types("kubectl get pods").await;
    assert!(pods.bad().contains("error: You must be logged in to the server"), "{}", pods.err);
}

async fn connect(stand: &Stand, name: &str) -> Terminal {
    let shell = stand.person(&format!("{name}@contoso.com"), PASSWORD).await;
    let get = "az aks get-credentials -g rg-retail -n aks-retail";
    let merged = shell.types(get).await;
    assert!(merged.err.contains("Merged \"aks-retail\" as current context in "), "{}", merged.err);
    shell
}

/// A member reads in the namespace and nowhere else; whoever leaves the group is out with the next
/// token. The token that is there already stays good, which the module does not say.
async fn membership_decides(stand: &Stand, shell: &Terminal) {
    let dave = connect(stand, "dave").await;
    let pods = dave.types("kubectl get pods --namespace retail-app").await;
    assert_eq!(rows(pods.good())[1][..3], ["shop", "1/1", "Running"]);
    let secrets = dave.types("kubectl get secrets --namespace retail-app").await;
    let expected = "Error from server (Forbidden): secrets is forbidden: User \"dave@contoso.com\" \
                    cannot list resource \"secrets\" in API group \"\" in the namespace \"retail-app\"";
    assert_eq!(forbidden(secrets.bad()), expected);
    dave.types("kubectl get pods").await.bad();
    let remove = "az ad group member remove --group $DEVELOPERS --member-id $DAVE";
    shell.types(remove).await.good();
    dave.types("kubectl get pods --namespace retail-app").await.good();
    dave.sign_in("dave@contoso.com", PASSWORD).await.expect("signed in");
    let credential = dave.types("az aks get-credentials -g rg-retail -n aks-retail").await;
    assert!(credential.bad().contains("AuthorizationFailed"), "{}", credential.err);
    let add = "az ad group member add --group $DEVELOPERS --member-id $DAVE";
    shell.types(add).await.good();
}

/// A disabled account gets no token; one that is out already lives on until it expires, so access
/// does not end "automatically" at once, as the module has it.
async fn disabled_accounts_are_out(stand: &Stand, shell: &Terminal) {
    let dave = connect(stand, "dave").await;
    let pods = "kubectl get pods --namespace retail-app";
    dave.types(pods).await.good();
    let disable = "az rest --method patch --url $GRAPH/v1.0/users/$DAVE --headers \
                   Content-Type=application/json --body '{\"accountEnabled\": false}'";
    shell.types(disable).await.good();
    dave.types(pods).await.good();
    let again = stand.clients.sign_in("dave@contoso.com", PASSWORD).await;
    let refused = again.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("AADSTS50057"), "{refused}");
}

/// The module's manifest.
pub fn role_binding(group: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: dev-team-readers
  namespace: retail-app
subjects:
- kind: Group
  name: {group}
  apiGroup: rbac.authorization.k8s.io
roleRef:
  kind: ClusterRole
  name: view
  apiGroup: rbac.authorization.k8s.io
"
    )
}
