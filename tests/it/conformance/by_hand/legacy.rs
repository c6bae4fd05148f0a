//! Seed 002: the legacy integration with a server and a client application, and its migration.
//!
//! The document dates from before 2023. What `az` or Azure no longer take is asserted in today's
//! words and then done in today's way.

use serde_json::{Value, json};
use xtask::clients::Terminal;

use crate::conformance::stand::{ADMINISTRATOR, Existing, Stand, Typing, refused, rows};

const CLUSTER: Existing = Existing { group: "myResourceGroup", name: "myakscluster" };
const PLATFORM_ADMIN: &str = "platformadmin@contoso.onmicrosoft.com";
const GRAPH_API: &str = "00000003-0000-0000-c000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_integration_plays_by_hand() {
    let Some(stand) = Stand::with(&[CLUSTER]).await else { return };
    let shell = stand.administrator().await;
    shell.set("aksname", "myakscluster");
    create_server(&shell).await;
    grant_server(&shell).await;
    create_client(&shell).await;
    deploy(&shell).await;
    make_legacy(&stand, &shell);
    bind_administrator(&shell).await;
    legacy_refuses(&shell).await;
    migrate(&shell).await;
}

/// What there is to do at a cluster of those days: bind the administrator, migrate, and let the
/// admin group in. The document leaves its members and their way to a credential to the reader.
pub async fn set_up(shell: &Terminal) {
    shell.set("aksname", "myakscluster");
    shell.keeps("tenantId", "az account show --query tenantId -o tsv").await;
    bind_administrator(shell).await;
    migrate(shell).await;
    join_admins(shell).await;
}

/// The commands in a cluster where all of it is done.
pub async fn again(shell: &Terminal) {
    let update = "az aks update -g myResourceGroup -n myakscluster --enable-aad \
                  --aad-admin-group-object-ids $(az ad group show --group admins --query id -o tsv)";
    refused(shell, update, "Cannot specify \"--enable-aad\" if managed AAD is already enabled")
        .await;
    // The policy has no name for a person's binding. Under the document's name there would be a
    // second one that gives nothing more, so what is there is applied again under its own.
    let name = "kubectl get clusterrolebindings -o name | sed -n 's|.*/\\(latchkey-.*\\)|\\1|p'";
    let name = shell.types(name).await.text().to_owned();
    let binding = binding(ADMINISTRATOR).replace("contoso-cluster-admins", &name);
    shell.write("basic-azure-ad-binding.yaml", &binding).expect("written");
    shell.types("kubectl apply -f basic-azure-ad-binding.yaml").await.good();
}

async fn create_server(shell: &Terminal) {
    // An identifier URI must be of the tenant since October 2021.
    refused(
        shell,
        "az ad app create --display-name \"${aksname}Server\" \\\n\
         --identifier-uris \"https://${aksname}Server\" \\\n--query appId -o tsv",
        "Values of identifierUris property must use a verified domain of the organization or its \
         subdomain: 'https://myaksclusterServer'",
    )
    .await;
    let create = "az ad app create \\\n--display-name \"${aksname}Server\" \\\n--identifier-uris \
                  \"https://${aksname}Server.contoso.onmicrosoft.com\" \\\n--query appId -o tsv";
    shell.keeps("serverApplicationId", create).await;
    let update = "az ad app update --id $serverApplicationId --set groupMembershipClaims=All";
    assert_eq!(shell.types(update).await.good(), "");
    let show = "az ad app show --id $serverApplicationId --query groupMembershipClaims -o tsv";
    assert_eq!(shell.types(show).await.text(), "All");
    let principal =
        shell.types("az ad sp create --id $serverApplicationId").await.json().expect("JSON");
    assert_eq!(principal["displayName"], "myaksclusterServer");
    let reset = "az ad sp credential reset \\\n--name $serverApplicationId \\\n\
                 --credential-description \"AKSPassword\" \\\n--query password -o tsv";
    refused(shell, reset, "the following arguments are required: --id").await;
    let reset = "az ad sp credential reset --id $serverApplicationId --display-name AKSPassword \
                 --query password -o tsv";
    let secret = shell.keeps("serverApplicationSecret", reset).await;
    assert!(!secret.is_empty());
}

async fn grant_server(shell: &Terminal) {
    let add = format!(
        "az ad app permission add \\\n--id $serverApplicationId \\\n--api {GRAPH_API} \\\n\
         --api-permissions e1fe6dd8-ba31-4d61-89e7-88639da4683d=Scope \
         06da0dbc-49e2-44d2-8312-53f166ab848a=Scope 7ab1d382-f21e-4acd-a863-ba3e13f7da61=Role"
    );
    shell.types(&add).await.good();
    let listed = shell.types("az ad app permission list --id $serverApplicationId").await;
    let listed = listed.json().expect("JSON");
    assert_eq!(listed[0]["resourceAccess"].as_array().map(Vec::len), Some(3));
    let grant = format!("az ad app permission grant --id $serverApplicationId --api {GRAPH_API}");
    refused(shell, &grant, "the following arguments are required: --scope").await;
    let granted = shell.types(&format!("{grant} --scope User.Read Directory.Read.All")).await;
    let granted = granted.json().expect("JSON");
    assert_eq!(granted["scope"], "User.Read Directory.Read.All");
    assert_eq!(granted["consentType"], "AllPrincipals");
    // A portal back end that `az` asks in the public cloud only.
    let consent = "az ad app permission admin-consent --id $serverApplicationId";
    refused(shell, consent, "This command is not yet supported on sovereign clouds").await;
}

async fn create_client(shell: &Terminal) {
    let create = "az ad app create \\\n--display-name \"${aksname}Client\" \\\n--native-app \\\n\
                  --reply-urls \"https://${aksname}Client\" \\\n--query appId -o tsv";
    refused(shell, create, "unrecognized arguments: --native-app").await;
    let create = "az ad app create --display-name \"${aksname}Client\" --is-fallback-public-client \
                  true --public-client-redirect-uris \"https://${aksname}Client\" --query appId -o tsv";
    shell.keeps("clientApplicationId", create).await;
    shell.types("az ad sp create --id $clientApplicationId").await.good();
    let show =
        "az ad app show --id $serverApplicationId --query \"oauth2Permissions[0].id\" -o tsv";
    // The property is gone, and with it the permission that every application used to have.
    assert_eq!(shell.types(show).await.text(), "");
    let scope = json!({"api": {"oauth2PermissionScopes": [{
        "id": "5b1fd1a1-5e9c-4f0c-9d39-1f2f6e1f7a10", "value": "user_impersonation",
        "type": "User", "isEnabled": true, "adminConsentDisplayName": "Access the cluster",
        "adminConsentDescription": "Access the cluster as the signed-in user",
    }]}});
    shell.write("scope.json", &scope.to_string()).expect("written");
    let patch = "az rest --method patch --url \"$GRAPH/v1.0/applications(appId='$serverApplicationId')\" \
                 --headers Content-Type=application/json --body @scope.json";
    shell.types(patch).await.good();
    let show = "az ad app show --id $serverApplicationId --query \
                \"api.oauth2PermissionScopes[0].id\" -o tsv";
    shell.keeps("oAuthPermissionId", show).await;
    let add = "az ad app permission add --id $clientApplicationId --api $serverApplicationId \
               --api-permissions ${oAuthPermissionId}=Scope";
    shell.types(add).await.good();
    let grant = "az ad app permission grant --id $clientApplicationId --api $serverApplicationId \
                 --scope user_impersonation";
    assert_eq!(shell.types(grant).await.json().expect("JSON")["scope"], "user_impersonation");
}

async fn deploy(shell: &Terminal) {
    let group = shell.types("az group create --name myResourceGroup --location EastUS").await;
    let group = group.json().expect("JSON");
    assert_eq!(group["properties"]["provisioningState"], "Succeeded");
    shell.keeps("tenantId", "az account show --query tenantId -o tsv").await;
    let create = "az aks create \\\n--resource-group myResourceGroup \\\n--name $aksname \\\n\
                  --node-count 1 \\\n--generate-ssh-keys \\\n\
                  --aad-server-app-id $serverApplicationId \\\n\
                  --aad-server-app-secret $serverApplicationSecret \\\n\
                  --aad-client-app-id $clientApplicationId \\\n--aad-tenant-id $tenantId";
    refused(shell, create, "unrecognized arguments: --aad-server-app-id").await;
    // Whoever asks Azure past `az` is refused there.
    let body = json!({"location": "eastus", "properties": {
        "dnsPrefix": "late", "aadProfile": {"serverAppID": "s", "clientAppID": "c"},
    }});
    shell.write("late.json", &body.to_string()).expect("written");
    let put = "az rest --method put --url \"/subscriptions/{subscriptionId}/resourceGroups/\
               myResourceGroup/providers/Microsoft.ContainerService/managedClusters/late\
               ?api-version=2024-05-01\" --body @late.json";
    refused(shell, put, "Microsoft Entra Integration (legacy) is not allowed").await;
}

/// The cluster of those days, which nobody can create any more.
fn make_legacy(stand: &Stand, shell: &Terminal) {
    let profile = json!({
        "serverAppID": shell.value("serverApplicationId"),
        "clientAppID": shell.value("clientApplicationId"),
        "tenantID": shell.value("tenantId"),
    });
    let mut azure = stand.sandbox.world.azure.write().expect("not poisoned");
    azure.clusters.edit("myakscluster", |cluster: &mut Value| {
        cluster["properties"]["aadProfile"] = profile;
    });
}

async fn bind_administrator(shell: &Terminal) {
    let get = "az aks get-credentials --resource-group myResourceGroup --name $aksname --admin";
    let merged = shell.types(get).await;
    let expected = "Merged \"myakscluster-admin\" as current context in ";
    assert!(merged.err.contains(expected), "{}", merged.err);
    let upn = shell.types("az ad signed-in-user show --query userPrincipalName -o tsv").await;
    assert_eq!(upn.text(), ADMINISTRATOR);
    shell.write("basic-azure-ad-binding.yaml", &binding(upn.text())).expect("written");
    let applied = shell.types("kubectl apply -f basic-azure-ad-binding.yaml").await;
    let expected = "clusterrolebinding.rbac.authorization.k8s.io/contoso-cluster-admins created\n";
    assert_eq!(applied.good(), expected);
}

/// The document lost the indentation of this manifest.
fn binding(user: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: contoso-cluster-admins
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: {user}
"
    )
}

const GET: &str = "az aks get-credentials --resource-group myResourceGroup --name $aksname \
                   --overwrite-existing";

/// An integration that nothing stands behind any more lets nobody in.
async fn legacy_refuses(shell: &Terminal) {
    shell.types(GET).await.good();
    let pods = shell.types("kubectl get pods --all-namespaces").await;
    let expected = "error: You must be logged in to the server (Unauthorized)";
    assert!(pods.bad().lines().any(|line| line == expected), "{}", pods.err);
}

/// A member for the admin group, and what members need to fetch the cluster's credential.
async fn join_admins(shell: &Terminal) {
    let user = format!(
        "az ad user create --display-name \"Platform Admin\" --user-principal-name {PLATFORM_ADMIN} \
         --password Migrated-1-pw --query id -o tsv"
    );
    shell.keeps("PLATFORM_ADMIN", &user).await;
    let add = "az ad group member add --group $ADMINS --member-id $PLATFORM_ADMIN";
    shell.types(add).await.good();
    let assign = "az role assignment create --assignee $ADMINS --role \"Azure Kubernetes Service \
                  Cluster User Role\" --scope $(az aks show -g myResourceGroup -n $aksname --query \
                  id -o tsv)";
    shell.types(assign).await.good();
}

async fn migrate(shell: &Terminal) {
    let group = "az ad group create --display-name admins --mail-nickname admins --query id -o tsv";
    shell.keeps("ADMINS", group).await;
    let update = "az aks update -g myResourceGroup -n $aksname --enable-aad \
                  --aad-admin-group-object-ids $ADMINS --query aadProfile.managed";
    assert_eq!(shell.types(update).await.text(), "true");
    let show = "az aks show -g myResourceGroup -n $aksname --query \"aadProfile\"";
    let profile = shell.types(show).await.json().expect("JSON");
    // Of the document's eight fields `adminUsers` is gone.
    assert_eq!(
        profile,
        json!({
            "adminGroupObjectIDs": [shell.value("ADMINS")],
            "clientAppId": null,
            "enableAzureRbac": null,
            "managed": true,
            "serverAppId": null,
            "serverAppSecret": null,
            "tenantId": shell.value("tenantId"),
        })
    );
    let merged = shell.types(GET).await;
    assert!(
        merged.err.contains("Merged \"myakscluster\" as current context in "),
        "{}",
        merged.err
    );
    let pods = shell.types("kubectl get pods --all-namespaces").await;
    let pods = rows(pods.good());
    assert_eq!(pods[0], ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    // Those of the document's pods that clusters still run; heapster, the dashboard, tunnelfront
    // and kube-svc-redirect are retired.
    for name in ["coredns-", "coredns-autoscaler-", "kube-proxy-", "metrics-server-"] {
        let row = pods.iter().find(|row| row[1].starts_with(name));
        let row = row.unwrap_or_else(|| panic!("no pod {name} in {pods:?}"));
        assert_eq!((row[0], row[3], row[4]), ("kube-system", "Running", "0"));
    }
}
