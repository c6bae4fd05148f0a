//! What `az` and `kubectl` show of access, without what differs between any two tenants: ids become
//! the names of groups and people, of times only how long something lasts is kept, in hours, and
//! who made an object when is left out. So are names that nobody could agree on: that of a
//! Conditional Access policy, which is free, and those that [`Document::own_names`] tells of.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use xtask::clients::Terminal;

use super::{document::Document, stand::Typing as _};

/// Everything that the clients show of one document's access.
pub async fn view(shell: &Terminal, document: &Document) -> Value {
    let names = names(shell, document).await;
    let cluster = cluster(shell, document).await;
    let roles = roles(shell).await;
    let members = members(shell, document).await;
    let bindings = bindings(shell, document).await;
    let places = places(shell, document, &names).await;
    let policies = policies(shell).await;
    let all = json!({
        "cluster": cluster, "roles": roles, "members": members, "bindings": bindings,
        "places": places, "policies": policies,
    });
    let text = names.iter().fold(all.to_string(), |text, (id, name)| text.replace(id, name));
    let mut view = serde_json::from_str(&text).expect("JSON");
    sort_groups(&mut view);
    view
}

/// Groups and people by object id.
async fn names(shell: &Terminal, document: &Document) -> BTreeMap<String, String> {
    let line = "az ad user list --query '[].[id, userPrincipalName]' -o tsv";
    let people = shell.types(line).await;
    let people = people.good().lines().filter_map(|line| line.split_once('\t'));
    let mut names: BTreeMap<_, _> =
        people.map(|(id, upn)| (id.to_owned(), upn.to_owned())).collect();
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

/// What PIM shows of the groups whose membership is given for a time.
async fn places(
    shell: &Terminal,
    document: &Document,
    names: &BTreeMap<String, String>,
) -> BTreeMap<String, Value> {
    let mut places = BTreeMap::new();
    for group in document.for_a_time {
        let called = format!("<{group}>");
        let (id, _) = names.iter().find(|(_, name)| **name == called).expect("a group");
        for list in ["eligibilityScheduleInstances", "assignmentScheduleInstances"] {
            let line = format!(
                "az rest --url \"$GRAPH/v1.0/identityGovernance/privilegedAccess/group/{list}?\
                 \\$filter=groupId eq '{id}'\" --query 'value[].{{who: principalId, as: accessId, \
                 how: assignmentType, kind: memberType, from: startDateTime, to: endDateTime}}'"
            );
            let mut found = shell.types(&line).await.json().expect("JSON");
            found.as_array_mut().into_iter().flatten().for_each(last);
            places.insert(format!("{group} {list}"), found);
        }
    }
    places
}

/// Keeps how long a place lasts, of when it begins and ends.
fn last(place: &mut Value) {
    let mut take = |name: &str| {
        let at = place.as_object_mut()?.remove(name)?;
        at.as_str()?.parse::<Timestamp>().ok()
    };
    let lasts = take("from").zip(take("to")).map(|(from, to)| to.duration_since(from));
    place["hours"] = json!(lasts.map(|lasts| (lasts.as_secs() + 1_800) / 3_600));
}

/// The tenant's Conditional Access policies.
async fn policies(shell: &Terminal) -> Value {
    let line = "az rest --url $GRAPH/v1.0/identity/conditionalAccess/policies --query \
                'value[].{state: state, conditions: conditions, grant: grantControls, session: \
                sessionControls}'";
    shell.types(line).await.json().expect("JSON")
}

/// Ids have no order that means anything.
fn sort_groups(view: &mut Value) {
    for policy in view["policies"].as_array_mut().into_iter().flatten() {
        let groups = policy["conditions"]["users"]["includeGroups"].as_array_mut();
        groups.into_iter().for_each(|groups| groups.sort_by_key(Value::to_string));
    }
}

/// `kubectl get` of roles and bindings that are neither Kubernetes' nor AKS' own.
async fn bindings(shell: &Terminal, document: &Document) -> Value {
    let line = "kubectl get roles,rolebindings,clusterrolebindings --all-namespaces -o json";
    let all = shell.types(line).await.json().expect("JSON");
    let own = all["items"].as_array().into_iter().flatten().filter(|item| {
        let metadata = &item["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        metadata["labels"]["kubernetes.io/bootstrapping"].is_null()
            && !name.starts_with("aks-")
            && !name.starts_with("system:")
    });
    let mut own: Vec<Value> = own.map(|item| essence(item, document)).collect();
    own.sort_by_key(Value::to_string);
    json!(own)
}

/// What an object says about access. A subject's `apiGroup` may be left to its default.
fn essence(item: &Value, document: &Document) -> Value {
    let mut subjects = item["subjects"].clone();
    for subject in subjects.as_array_mut().into_iter().flatten() {
        subject["apiGroup"] = json!("rbac.authorization.k8s.io");
    }
    let metadata = &item["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let is_own = document.own_names.contains(&name)
        || (!document.own_names.is_empty() && name.starts_with("latchkey-"));
    json!({
        "kind": item["kind"],
        "namespace": metadata["namespace"],
        "name": if is_own { "a name of its own" } else { name },
        "rules": item["rules"],
        "roleRef": item["roleRef"],
        "subjects": subjects,
    })
}
