//! The document's procedures for the groups, people and namespace of the worked policy.
//!
//! Two things the document leaves out are done here, because the policy asks for them: people are
//! eligible for what they are given for a time, and the Conditional Access policy spares the
//! break-glass accounts, without which the last compliant device is the last way in.

use serde_json::{Value, json};
use xtask::clients::Terminal;

use super::{ACTIVE, AKS_SERVER, PASSWORD, assign, assignment, call, post};
use crate::conformance::stand::{Typing as _, refused};

const ELIGIBLE: &str = "identityGovernance/privilegedAccess/group/eligibilityScheduleRequests";
const POLICIES: &str = "identity/conditionalAccess/policies";
const BREAK_GLASS: &str = "00000000-0b1a-4c2d-8e3f-0123456789ab";
/// Whose place is in which group, and for how long they are in it.
const PLACES: [(&str, &str, &str); 2] =
    [("JITADMIN", "JIT_GROUP", "PT4H"), ("PAYMENTS", "READERS", "PT1H")];

/// What is set up.
pub async fn set_up(shell: &Terminal) {
    create_groups(shell).await;
    create_people(shell).await;
    integrate(shell).await;
    give_roles(shell).await;
    for (person, group, duration) in PLACES {
        let eligibility = assignment(shell, person, group, "P365D");
        assert_eq!(post(shell, ELIGIBLE, &eligibility).await["status"], "Provisioned");
        assign(shell, person, group, duration).await;
    }
    let mut policy = device_policy(shell);
    policy["displayName"] = json!("aks-policy");
    assert_eq!(post(shell, POLICIES, &policy).await["state"], "enabled");
}

/// The procedures in a tenant where all of it is done. The portal shows the Conditional Access
/// policy that is there; nobody makes a second one, but it may be saved again.
pub async fn again(shell: &Terminal) {
    find(shell).await;
    let update = "az aks update -g myResourceGroup -n myManagedCluster --enable-aad \
                  --aad-admin-group-object-ids $JIT_GROUP";
    refused(shell, update, "Cannot specify \"--enable-aad\" if managed AAD is already enabled")
        .await;
    let update = "az aks update -g myResourceGroup -n myManagedCluster --enable-azure-rbac";
    shell.types(update).await.good();
    for (person, group, duration) in PLACES {
        for (path, duration) in [(ELIGIBLE, "P365D"), (ACTIVE, duration)] {
            let wish = assignment(shell, person, group, duration);
            let line = call(shell, "post", path, &wish);
            refused(shell, &line, "The Role assignment already exists.").await;
        }
    }
    let id = format!("az rest --url $GRAPH/v1.0/{POLICIES} --query 'value[].id' -o tsv");
    let path = format!("{POLICIES}/{}", shell.types(&id).await.text());
    let line = call(shell, "patch", &path, &device_policy(shell));
    shell.types(&line).await.good();
}

/// Steps 3 to 5, and the namespace's group.
async fn create_groups(shell: &Terminal) {
    let group = json!({
        "displayName": "myJITGroup", "mailNickname": "myJITGroup", "mailEnabled": false,
        "securityEnabled": true, "isAssignableToRole": true,
    });
    let made = post(shell, "groups", &group).await;
    shell.set("JIT_GROUP", made["id"].as_str().expect("an id"));
    let readers = "az ad group create --display-name Payments_readers --mail-nickname \
                   Payments_readers --query id -o tsv";
    shell.keeps("READERS", readers).await;
    keep_group(shell, "GLASS", "Break_glass").await;
}

async fn create_people(shell: &Terminal) {
    for name in ["jitadmin", "payments", "duty"] {
        let line = format!(
            "az ad user create --display-name {name} --user-principal-name \
             {name}@contoso.onmicrosoft.com --password {PASSWORD} --query id -o tsv"
        );
        shell.keeps(&name.to_uppercase(), &line).await;
    }
    let add = "az ad group member add --group Access_approvers --member-id $DUTY";
    shell.types(add).await.good();
}

/// Step 6, of a cluster that is there, and the first step at the namespace level.
async fn integrate(shell: &Terminal) {
    shell.keeps("TENANT_ID", "az account show --query tenantId -o tsv").await;
    let update = "az aks update -g myResourceGroup -n myManagedCluster --enable-aad \
                  --aad-admin-group-object-ids $JIT_GROUP --aad-tenant-id $TENANT_ID --query id \
                  -o tsv";
    shell.keeps("AKS_ID", update).await;
    let update = "az aks update -g myResourceGroup -n myManagedCluster --enable-azure-rbac";
    let updated = shell.types(update).await.json().expect("JSON");
    assert_eq!(updated["aadProfile"]["enableAzureRbac"], true);
    let create = "az aks get-credentials -g myResourceGroup -n myManagedCluster --admin && kubectl \
                  create namespace payments";
    shell.types(create).await.good();
}

async fn give_roles(shell: &Terminal) {
    for (group, role, at) in [
        ("JIT_GROUP", "RBAC Cluster Admin", ""),
        ("READERS", "Cluster User Role", ""),
        ("READERS", "RBAC Reader", "/namespaces/payments"),
    ] {
        let line = format!(
            "az role assignment create --role \"Azure Kubernetes Service {role}\" --assignee \
             ${group} --scope ${{AKS_ID}}{at}"
        );
        shell.types(&line).await.good();
    }
}

/// A compliant device for both groups, and on.
fn device_policy(shell: &Terminal) -> Value {
    // Whoever compares two policies as text finds the groups in the same order.
    let mut groups = ["JIT_GROUP", "READERS"].map(|group| shell.value(group));
    groups.sort_unstable();
    json!({
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": [AKS_SERVER]},
            "users": {
                "includeGroups": groups,
                "excludeGroups": [shell.value("GLASS")],
                "excludeUsers": [BREAK_GLASS],
            },
        },
        "grantControls": {"operator": "AND", "builtInControls": ["compliantDevice"]},
    })
}

/// The variables, in a tenant that somebody else set up.
async fn find(shell: &Terminal) {
    for (variable, group) in
        [("JIT_GROUP", "myJITGroup"), ("READERS", "Payments_readers"), ("GLASS", "Break_glass")]
    {
        keep_group(shell, variable, group).await;
    }
    for name in ["jitadmin", "payments"] {
        let line = format!("az ad user show --id {name}@contoso.onmicrosoft.com --query id -o tsv");
        shell.keeps(&name.to_uppercase(), &line).await;
    }
}

async fn keep_group(shell: &Terminal, variable: &str, group: &str) {
    let line = format!("az ad group show --group {group} --query id -o tsv");
    shell.keeps(variable, &line).await;
}
