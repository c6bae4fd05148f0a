//! Seed 000: an admin group and two operations teams, with Azure RBAC for Kubernetes.

use serde_json::json;
use xtask::clients::Terminal;

use crate::conformance::stand::{Existing, Stand, Typing, forbidden, rows};

const CLUSTER: Existing = Existing { group: "rg-spoke", name: "private-aks-ada" };
const AZURE_SAYS_NO: &str =
    "User does not have access to the resource in Azure. Update role assignment to allow access.";

#[tokio::test(flavor = "multi_thread")]
async fn the_least_privilege_tutorial_plays_by_hand() {
    let Some(stand) = Stand::with(&[CLUSTER]).await else { return };
    let jumpbox = stand.administrator().await;
    set_up(&jumpbox).await;
    validate_the_deployment(&jumpbox).await;
    tokio::join!(validate_frontend(&stand), validate_backend(&stand), validate_admin(&stand));
}

/// What the tutorial sets up.
pub async fn set_up(jumpbox: &Terminal) {
    prepare_environment(jumpbox);
    prerequisites(jumpbox).await;
    create_groups(jumpbox).await;
    integrate(jumpbox).await;
    assign_roles(jumpbox).await;
    create_users(jumpbox).await;
}

/// 1.4.1.
fn prepare_environment(jumpbox: &Terminal) {
    let variables = [
        ("ADMIN_GROUP", "ClusterAdminGroup-ada"),
        ("OPS_FE_GROUP", "Ops_Fronted_team-ada"),
        ("OPS_BE_GROUP", "Ops_Backend_team-ada"),
        ("AAD_OPS_FE_UPN", "opsfe-ada@contoso.onmicrosoft.com"),
        ("AAD_OPS_FE_DISPLAY_NAME", "Frontend-ada"),
        ("AAD_OPS_FE_PW", "Frontend-1-pw"),
        ("AAD_OPS_BE_UPN", "opsbe-ada@contoso.onmicrosoft.com"),
        ("AAD_OPS_BE_DISPLAY_NAME", "Backend-ada"),
        ("AAD_OPS_BE_PW", "Backend-1-pw"),
        ("AAD_ADMIN_UPN", "clusteradminada@contoso.onmicrosoft.com"),
        ("AAD_ADMIN_PW", "Admin-1-pw"),
        ("AAD_ADMIN_DISPLAY_NAME", "Admin-ada"),
        ("SPOKE_RG", "rg-spoke"),
        ("STUDENT_NAME", "ada"),
        ("AKS_CLUSTER_NAME", "private-aks"),
        ("AKS_BACKEND_NAMESPACE", "/namespaces/backend"),
        ("AKS_FRONTEND_NAMESPACE", "/namespaces/frontend"),
    ];
    for (name, value) in variables {
        jumpbox.set(name, value);
    }
}

/// 1.2: two namespaces and the pod that is looked at later, made while local accounts exist.
async fn prerequisites(jumpbox: &Terminal) {
    let get = "az aks get-credentials -g $SPOKE_RG -n $AKS_CLUSTER_NAME-${STUDENT_NAME} --admin";
    jumpbox.types(get).await.good();
    let create = "kubectl create namespace frontend && kubectl create namespace backend && \
                  kubectl run nginx --image=nginx --namespace frontend";
    let created = jumpbox.types(create).await;
    let expected = "namespace/frontend created\nnamespace/backend created\npod/nginx created\n";
    assert_eq!(created.good(), expected);
}

/// 1.4.2.
async fn create_groups(jumpbox: &Terminal) {
    let create = async |group: &str| {
        let line = format!("az ad group create --display-name {group} --mail-nickname {group}");
        let made = jumpbox.types(&line).await.json().expect("JSON");
        assert_eq!((&made["securityEnabled"], &made["mailEnabled"]), (&json!(true), &json!(false)));
    };
    for group in ["$ADMIN_GROUP", "$OPS_FE_GROUP", "$OPS_BE_GROUP"] {
        create(group).await;
    }
}

/// 1.4.3.
async fn integrate(jumpbox: &Terminal) {
    let update = "az aks update -g $SPOKE_RG -n $AKS_CLUSTER_NAME-${STUDENT_NAME} \
                  --enable-azure-rbac --enable-aad --disable-local-accounts";
    let cluster = jumpbox.types(update).await.json().expect("JSON");
    assert_eq!(cluster["aadProfile"]["managed"], true);
    assert_eq!(cluster["aadProfile"]["enableAzureRbac"], true);
    assert_eq!(cluster["disableLocalAccounts"], true);
    assert_eq!(cluster["provisioningState"], "Succeeded");
    let admin = "az aks get-credentials -g $SPOKE_RG -n $AKS_CLUSTER_NAME-${STUDENT_NAME} --admin";
    let refused = jumpbox.types(admin).await;
    let expected = "Getting static credential is not allowed because this cluster is set to \
                    disable local accounts.";
    assert!(refused.bad().contains(expected), "{}", refused.err);
}

/// 1.4.4. The document lacks a closing parenthesis in one of these and breaks between others.
async fn assign_roles(jumpbox: &Terminal) {
    let show =
        "az aks show -g $SPOKE_RG -n $AKS_CLUSTER_NAME-${STUDENT_NAME} --query 'id' --output tsv";
    jumpbox.keeps("AKS_RESOURCE_ID", show).await;
    for (id, group) in [("FE", "OPS_FE"), ("BE", "OPS_BE"), ("ADMIN", "ADMIN")] {
        let show = format!("az ad group show --group ${group}_GROUP --query 'id' --output tsv");
        jumpbox.keeps(&format!("{id}_GROUP_OBJECT_ID"), &show).await;
    }
    let assign = async |role: &str| {
        let line = format!("az role assignment create {role}");
        let made = jumpbox.types(&line).await.json().expect("JSON");
        assert_eq!(made["principalType"], "Group");
    };
    let user = "--role \"Azure Kubernetes Service Cluster User Role\" --scope ${AKS_RESOURCE_ID}";
    let writer = "--role \"Azure Kubernetes Service RBAC Writer\" --scope ${AKS_RESOURCE_ID}";
    assign(&format!("--assignee $FE_GROUP_OBJECT_ID {writer}${{AKS_FRONTEND_NAMESPACE}}")).await;
    assign(&format!("--assignee $FE_GROUP_OBJECT_ID {user}")).await;
    assign(&format!("--assignee $BE_GROUP_OBJECT_ID {writer}${{AKS_BACKEND_NAMESPACE}}")).await;
    assign(&format!("--assignee $BE_GROUP_OBJECT_ID {user}")).await;
    assign(
        "--assignee $ADMIN_GROUP_OBJECT_ID --role \"Azure Kubernetes Service RBAC Cluster Admin\" \
         --scope ${AKS_RESOURCE_ID}",
    )
    .await;
}

/// 1.4.5.
async fn create_users(jumpbox: &Terminal) {
    let join = async |prefix: &str, group: &str, id: &str| {
        let create = format!(
            "az ad user create --display-name ${prefix}_DISPLAY_NAME --user-principal-name \
             ${prefix}_UPN --password ${prefix}_PW"
        );
        jumpbox.types(&create).await.good();
        let show = format!("az ad user show --id ${prefix}_UPN --query 'id' --output tsv");
        jumpbox.keeps(id, &show).await;
        let add = format!("az ad group member add --group ${group} --member-id ${id}");
        assert_eq!(jumpbox.types(&add).await.good(), "");
    };
    join("AAD_ADMIN", "ADMIN_GROUP", "ADMIN_USER_OBJECT_ID").await;
    join("AAD_OPS_FE", "OPS_FE_GROUP", "FE_USER_OBJECT_ID").await;
    join("AAD_OPS_BE", "OPS_BE_GROUP", "BE_USER_OBJECT_ID").await;
}

/// 1.4.6: what the portal shows, asked with the calls behind it.
async fn validate_the_deployment(jumpbox: &Terminal) {
    let members = "az ad group member list --group $OPS_BE_GROUP --query '[].displayName' -o tsv";
    assert_eq!(jumpbox.types(members).await.text(), "Backend-ada");
    let check = "az ad group member check --group $OPS_FE_GROUP --member-id $FE_USER_OBJECT_ID \
                 --query value";
    assert_eq!(jumpbox.types(check).await.text(), "true");
    let roles = "az role assignment list --all --assignee $BE_GROUP_OBJECT_ID --query \
                 'sort_by([].{role: roleDefinitionName, scope: scope}, &role)'";
    let roles = jumpbox.types(roles).await.json().expect("JSON");
    assert_eq!(roles[0]["role"], "Azure Kubernetes Service Cluster User Role");
    assert_eq!(roles[1]["role"], "Azure Kubernetes Service RBAC Writer");
    let scope = |at: usize| roles[at]["scope"].as_str().unwrap_or_default().to_owned();
    assert_eq!(scope(1), format!("{}/namespaces/backend", scope(0)));
}

/// 1.4.7, as one user: signed in anew, with the cluster's credential.
async fn connect(stand: &Stand, upn: &str, password: &str) -> Terminal {
    let jumpbox = stand.clients.terminal().expect("opened");
    jumpbox.types("rm -R .azure/").await.good();
    let login = jumpbox.sign_in(upn, password).await.expect("signed in");
    assert!(login.err.starts_with("To sign in, use a web browser to open the page https://"));
    assert!(login.err.contains("/devicelogin and enter the code "), "{}", login.err);
    let line = "SPOKE_RG=rg-spoke STUDENT_NAME=ada AKS_CLUSTER_NAME=private-aks; az aks \
                get-credentials --resource-group $SPOKE_RG --name $AKS_CLUSTER_NAME-${STUDENT_NAME}";
    let merged = jumpbox.types(line).await;
    let config = jumpbox.kubeconfig();
    let expected = format!("Merged \"private-aks-ada\" as current context in {}", config.display());
    assert!(merged.ok && merged.err.contains(&expected), "{}", merged.err);
    jumpbox
}

async fn validate_frontend(stand: &Stand) {
    let upn = "opsfe-ada@contoso.onmicrosoft.com";
    let jumpbox = connect(stand, upn, "Frontend-1-pw").await;
    let pods = jumpbox.types("kubectl get po -n frontend").await;
    let pods = rows(pods.good());
    assert_eq!(pods[0], ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    assert_eq!(pods[1][..4], ["nginx", "1/1", "Running", "0"]);
    let refused = jumpbox.types("kubectl get pods").await;
    assert_eq!(
        forbidden(refused.bad()),
        format!(
            "Error from server (Forbidden): pods is forbidden: User \"{upn}\" cannot list \
             resource \"pods\" in API group \"\" in the namespace \"default\": {AZURE_SAYS_NO}"
        )
    );
}

async fn validate_backend(stand: &Stand) {
    let upn = "opsbe-ada@contoso.onmicrosoft.com";
    let jumpbox = connect(stand, upn, "Backend-1-pw").await;
    let none = jumpbox.types("kubectl get po -n backend").await;
    assert!(none.ok, "{}", none.err);
    assert_eq!(none.err.lines().last(), Some("No resources found in backend namespace."));
    let refused = jumpbox.types("kubectl get po -n frontend").await;
    assert_eq!(
        forbidden(refused.bad()),
        format!(
            "Error from server (Forbidden): pods is forbidden: User \"{upn}\" cannot list \
             resource \"pods\" in API group \"\" in the namespace \"frontend\": {AZURE_SAYS_NO}"
        )
    );
}

async fn validate_admin(stand: &Stand) {
    let upn = "clusteradminada@contoso.onmicrosoft.com";
    let jumpbox = connect(stand, upn, "Admin-1-pw").await;
    let all = jumpbox.types("kubectl get pods --all-namespaces && kubectl get nodes").await;
    assert!(rows(all.good()).iter().any(|row| row.starts_with(&["frontend", "nginx"])));
    let can = jumpbox.types("kubectl auth can-i '*' '*' --all-namespaces").await;
    assert_eq!(can.text(), "yes");
}
