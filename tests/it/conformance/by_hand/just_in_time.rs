//! Seed 003: Conditional Access and just-in-time membership. What the document clicks together in
//! the portal is done with `az rest` and the calls behind the portal.

pub mod worked;

use jiff::SignedDuration;
use serde_json::{Value, json};
use xtask::clients::Terminal;

use crate::conformance::stand::{Existing, Stand, Typing, forbidden, rows};

const CLUSTER: Existing = Existing { group: "rg-existing", name: "myManagedCluster" };
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const PASSWORD: &str = "Guarded-1-pw";
const BOB: &str = "bob@contoso.com";
const EVE: &str = "eve@contoso.com";

#[tokio::test(flavor = "multi_thread")]
async fn conditional_access_plays_by_hand() {
    let Some(stand) = Stand::with(&[CLUSTER]).await else { return };
    let shell = stand.administrator().await;
    before_conditional_access(&shell).await;
    create_policy(&shell).await;
    unknown_device_is_refused(&stand).await;
    compliant_device_is_let_in(&stand, &shell).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn just_in_time_access_plays_by_hand() {
    let Some(stand) = Stand::with(&[]).await else { return };
    let shell = stand.administrator().await;
    create_role_assignable_group(&shell).await;
    create_cluster(&shell).await;
    nobody_is_in(&stand).await;
    assign(&shell, "EVE", "JIT_GROUP", "PT1H").await;
    nodes_are_seen(&stand).await;
    stand.sandbox.world.clock.advance(SignedDuration::from_mins(61));
    nobody_is_in(&stand).await;
    namespace_level(&stand, &shell).await;
}

/// A call behind the portal.
async fn post(shell: &Terminal, path: &str, body: &Value) -> Value {
    let line = call(shell, "post", path, body);
    shell.types(&line).await.json().expect("JSON")
}

/// The line that sends a body to Graph.
fn call(shell: &Terminal, method: &str, path: &str, body: &Value) -> String {
    let name = format!("{}.json", path.replace('/', "-"));
    shell.write(&name, &body.to_string()).expect("written");
    format!(
        "az rest --method {method} --url $GRAPH/v1.0/{path} --headers \
         Content-Type=application/json --body @{name}"
    )
}

async fn create_user(shell: &Terminal, name: &str) {
    let line = format!(
        "az ad user create --display-name {name} --user-principal-name {name}@contoso.com \
         --password {PASSWORD} --query id -o tsv"
    );
    shell.keeps(&name.to_uppercase(), &line).await;
}

/// The cluster with its admin group, of which Bob is.
async fn before_conditional_access(shell: &Terminal) {
    let group = "az ad group create --display-name aks-admins --mail-nickname aks-admins --query id \
                 -o tsv";
    shell.keeps("ADMINS", group).await;
    create_user(shell, "bob").await;
    let update = "az aks update -g rg-existing -n myManagedCluster --enable-aad \
                  --aad-admin-group-object-ids $ADMINS --query id -o tsv";
    shell.keeps("AKS_ID", update).await;
    let add = "az ad group member add --group $ADMINS --member-id $BOB";
    shell.types(add).await.good();
    let assign = "az role assignment create --assignee $ADMINS --scope $AKS_ID --role \"Azure \
                  Kubernetes Service Cluster User Role\"";
    shell.types(assign).await.good();
}

/// Steps 3 to 7: for the admin group and the AKS server, a compliant device, and on.
async fn create_policy(shell: &Terminal) {
    let policy = json!({
        "displayName": "aks-policy",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": [AKS_SERVER]},
            "users": {"includeGroups": [shell.value("ADMINS")]},
        },
        "grantControls": {"operator": "AND", "builtInControls": ["compliantDevice"]},
    });
    let made = post(shell, "identity/conditionalAccess/policies", &policy).await;
    assert_eq!((&made["displayName"], &made["state"]), (&json!("aks-policy"), &json!("enabled")));
}

const GET: &str = "az aks get-credentials --resource-group rg-existing --name myManagedCluster";

async fn unknown_device_is_refused(stand: &Stand) {
    let bob = stand.person(BOB, PASSWORD).await;
    bob.types(GET).await.good();
    let nodes = bob.types("kubectl get nodes").await;
    assert!(nodes.bad().contains("AADSTS53000"), "{}", nodes.err);
}

async fn compliant_device_is_let_in(stand: &Stand, shell: &Terminal) {
    let bob = stand.clients.terminal().expect("opened");
    bob.sign_in_browser(BOB, PASSWORD, true).await.expect("signed in");
    bob.types(GET).await.good();
    let nodes = bob.types("kubectl get nodes").await;
    assert_eq!(rows(nodes.good())[0], ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]);
    let list = "az rest --url \"$GRAPH/v1.0/auditLogs/signIns?\\$filter=userPrincipalName eq '\
                bob@contoso.com'\" --query 'value[0]'";
    let latest = shell.types(list).await.json().expect("JSON");
    assert_eq!(latest["resourceDisplayName"], "Azure Kubernetes Service AAD Server");
    assert_eq!(latest["conditionalAccessStatus"], "success");
    let applied = &latest["appliedConditionalAccessPolicies"][0];
    assert_eq!(
        (&applied["displayName"], &applied["result"]),
        (&json!("aks-policy"), &json!("success"))
    );
}

/// Steps 1 to 5, and Eve, whom the tenant knows as a guest: clusters see her object id.
async fn create_role_assignable_group(shell: &Terminal) {
    shell.keeps("TENANT_ID", "az account show --query tenantId -o tsv").await;
    let group = json!({
        "displayName": "myJITGroup", "mailNickname": "myJITGroup", "mailEnabled": false,
        "securityEnabled": true, "isAssignableToRole": true,
    });
    let made = post(shell, "groups", &group).await;
    assert_eq!(made["isAssignableToRole"], true);
    create_user(shell, "eve").await;
    shell.set("JIT_GROUP", made["id"].as_str().expect("an id"));
    let guest = "az rest --method patch --url $GRAPH/v1.0/users/$EVE --headers \
                 Content-Type=application/json --body '{\"userType\": \"Guest\"}'";
    shell.types(guest).await.good();
}

/// Step 6. The document misspells the first of the two parameters in its text, not in its command.
async fn create_cluster(shell: &Terminal) {
    shell.types("az group create --name myResourceGroup --location westeurope").await.good();
    let create = "az aks create \\\n    --resource-group myResourceGroup \\\n    --name \
                  myManagedCluster \\\n    --enable-aad \\\n    --aad-admin-group-object-ids \
                  $JIT_GROUP \\\n    --aad-tenant-id $TENANT_ID \\\n    --generate-ssh-keys";
    let cluster = shell.types(create).await.json().expect("JSON");
    assert_eq!(cluster["provisioningState"], "Succeeded");
    shell.set("AKS_ID", cluster["id"].as_str().expect("an id"));
    let assign = "az role assignment create --assignee $EVE --scope $AKS_ID --role \"Azure \
                  Kubernetes Service Cluster User Role\"";
    shell.types(assign).await.good();
}

const ACTIVE: &str = "identityGovernance/privilegedAccess/group/assignmentScheduleRequests";

/// Steps 7 to 10: active, for a while, with a justification.
async fn assign(shell: &Terminal, person: &str, group: &str, duration: &str) {
    let request = assignment(shell, person, group, duration);
    let granted = post(shell, ACTIVE, &request).await;
    assert_eq!(granted["status"], "Provisioned");
}

/// What the portal asks PIM for, given the variables that hold the ids of a person and a group.
fn assignment(shell: &Terminal, person: &str, group: &str, duration: &str) -> Value {
    json!({
        "accessId": "member", "action": "adminAssign", "principalId": shell.value(person),
        "groupId": shell.value(group), "justification": "Node maintenance",
        "scheduleInfo": {
            "startDateTime": "2020-01-01T00:00:00Z",
            "expiration": {"type": "afterDuration", "duration": duration},
        },
    })
}

/// Eve at a terminal, newly signed in, with the cluster's credential.
async fn eve(stand: &Stand) -> Terminal {
    let shell = stand.person(EVE, PASSWORD).await;
    let get = "az aks get-credentials --resource-group myResourceGroup --name myManagedCluster";
    shell.types(get).await.good();
    shell
}

/// The document's troubleshooting: no active assignment, or none any more.
async fn nobody_is_in(stand: &Stand) {
    let eve = eve(stand).await;
    let nodes = eve.types("kubectl get nodes").await;
    let id = eve.types("az ad signed-in-user show --query id -o tsv").await;
    assert_eq!(
        forbidden(nodes.bad()),
        format!(
            "Error from server (Forbidden): nodes is forbidden: User \"{}\" cannot list resource \
             \"nodes\" in API group \"\" at the cluster scope",
            id.text()
        )
    );
}

async fn nodes_are_seen(stand: &Stand) {
    let nodes = eve(stand).await.types("kubectl get nodes").await;
    let nodes = rows(nodes.good());
    assert_eq!(nodes[0], ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]);
    assert_eq!(nodes.len(), 4, "{nodes:?}");
    for (at, node) in nodes[1..].iter().enumerate() {
        let ending = format!("-vmss{at:06}");
        assert!(node[0].starts_with("aks-nodepool1-") && node[0].ends_with(&ending), "{node:?}");
        assert_eq!(node[1..3], ["Ready", "agent"]);
    }
}

/// The last section: a namespace's role on a group, and the group under PIM.
async fn namespace_level(stand: &Stand, shell: &Terminal) {
    let update = "az aks update -g myResourceGroup -n myManagedCluster --enable-azure-rbac";
    let updated = shell.types(update).await.json().expect("JSON");
    assert_eq!(updated["aadProfile"]["enableAzureRbac"], true);
    let group = "az ad group create --display-name team-a-jit --mail-nickname team-a-jit --query id \
                 -o tsv";
    shell.keeps("TEAM_GROUP", group).await;
    let create = "az aks get-credentials -g myResourceGroup -n myManagedCluster --admin && kubectl \
                  create namespace team-a && kubectl run tool --image=busybox --namespace team-a";
    shell.types(create).await.good();
    let grant = "az role assignment create --role \"Azure Kubernetes Service RBAC Reader\" --assignee \
                 $TEAM_GROUP --scope $AKS_ID/namespaces/team-a";
    shell.types(grant).await.good();
    assign(shell, "EVE", "TEAM_GROUP", "PT2H").await;
    let eve = eve(stand).await;
    let here = eve.types("kubectl get pods --namespace team-a").await;
    let there = eve.types("kubectl get pods --namespace default").await;
    assert_eq!(rows(here.good())[1][..3], ["tool", "1/1", "Running"]);
    let reason = "User does not have access to the resource in Azure. Update role assignment to \
                  allow access.";
    assert!(forbidden(there.bad()).ends_with(reason), "{}", there.err);
}
