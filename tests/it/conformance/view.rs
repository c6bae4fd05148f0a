//! What `az` and `kubectl` show of access, without what differs between any two tenants: ids become
//! the names of groups, and who made an object when is left out.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xtask::clients::Terminal;

use super::{document::Document, stand::Typing as _};

/// Everything that the clients show of one document's access.
pub async fn view(shell: &Terminal, document: &Document) -> Value {
    let names = names(shell, document).await;
    let cluster = cluster(shell, document).await;
    let roles = roles(shell).await;
    let members = members(shell, document).await;
    let bindings = bindings(shell).await;
    let text =
        json!({ "cluster": cluster, "roles": roles, "members": members, "bindings": bindings });
    let text = names.iter().fold(text.to_string(), |text, (id, name)| text.replace(id, name));
    serde_json::from_str(&text).expect("JSON")
}

/// Groups by object id.
async fn names(shell: &Terminal, document: &Document) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for group in document.groups {
        let line = format!("az ad group show --group {group} --query id -o tsv");
        names.insert(shell.types(&line).await.text().to_owned(), format!("<{group}>"));
    }
    names
}

/// `az aks show`: who authenticates and authorizes, and how.
async fn cluster(shell: &Terminal, document: &Document) -> Value {
    let Document { group, cluster, .. } = document;
    let line = format!(
        "az aks show -g {group} -n {cluster} --query '{{aad: aadProfile, local: disableLocalAccounts, \
         rbac: enableRbac, state: provisioningState}}'"
    );
    shell.types(&line).await.json().expect("JSON")
}

/// `az role assignment list`, of groups.
async fn roles(shell: &Terminal) -> Value {
    let line = "az role assignment list --all --query \"sort_by([?principalType=='Group'].{role: \
                roleDefinitionName, scope: scope, who: principalName}, &join('', [who, scope, role]))\"";
    shell.types(line).await.json().expect("JSON")
}

/// `az ad group member list`.
async fn members(shell: &Terminal, document: &Document) -> Value {
    let mut members = BTreeMap::new();
    for group in document.groups {
        let line =
            format!("az ad group member list --group {group} --query 'sort([].userPrincipalName)'");
        members.insert(*group, shell.types(&line).await.json().expect("JSON"));
    }
    json!(members)
}

/// `kubectl get` of roles and bindings that are neither Kubernetes' nor AKS' own.
async fn bindings(shell: &Terminal) -> Value {
    let line = "kubectl get roles,rolebindings,clusterrolebindings --all-namespaces -o json";
    let all = shell.types(line).await.json().expect("JSON");
    let own = all["items"].as_array().into_iter().flatten().filter(|item| {
        let metadata = &item["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        metadata["labels"]["kubernetes.io/bootstrapping"].is_null()
            && !name.starts_with("aks-")
            && !name.starts_with("system:")
    });
    let mut own: Vec<Value> = own.map(essence).collect();
    own.sort_by_key(Value::to_string);
    json!(own)
}

/// What an object says about access. A subject's `apiGroup` may be left to its default.
fn essence(item: &Value) -> Value {
    let mut subjects = item["subjects"].clone();
    for subject in subjects.as_array_mut().into_iter().flatten() {
        subject["apiGroup"] = json!("rbac.authorization.k8s.io");
    }
    let metadata = &item["metadata"];
    json!({
        "kind": item["kind"],
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "rules": item["rules"],
        "roleRef": item["roleRef"],
        "subjects": subjects,
    })
}
