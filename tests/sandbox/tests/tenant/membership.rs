//! Nested groups, casts and lookups by id.

use http::Method;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn groups_that_contain_each_other_are_counted_once() {
    let tenant = Tenant::start().await;
    let (ada, a, b) = tenant.seed(|d| {
        let ids = (d.add_user("ada"), d.add_group("a"), d.add_group("b"));
        d.add_member(&ids.1, &ids.0);
        d.add_member(&ids.1, &ids.2);
        d.add_member(&ids.2, &ids.1);
        ids
    });
    let mut wanted = [a.as_str(), b.as_str()];
    wanted.sort_unstable();
    let path = format!("users/{ada}/getMemberGroups");
    let groups = tenant.post(&path, json!({"securityEnabledOnly": true})).await;
    assert_eq!(groups.body["value"], json!(wanted));
    let direct = tenant.get(&format!("users/{ada}/memberOf/microsoft.graph.group")).await;
    assert_eq!(direct.each("displayName"), ["a"]);
    let all = tenant.get(&format!("users/{ada}/transitiveMemberOf?$select=id")).await;
    assert_eq!(all.each("id"), wanted);
    let members = tenant.get(&format!("groups/{b}/transitiveMembers/microsoft.graph.user")).await;
    assert_eq!(members.each("id"), [ada.as_str()]);
    let mixed = tenant.get(&format!("groups/{a}/members")).await;
    let mut types = mixed.each("@odata.type");
    types.sort_unstable();
    assert_eq!(types, ["#microsoft.graph.group", "#microsoft.graph.user"]);
}

#[tokio::test]
async fn asking_for_security_groups_only_is_refused_for_groups() {
    let tenant = Tenant::start().await;
    let group = tenant.seed(|d| d.add_group("a"));
    let path = format!("groups/{group}/getMemberGroups");
    assert_eq!(tenant.post(&path, json!({"securityEnabledOnly": true})).await.status, 400);
}

#[tokio::test]
async fn objects_of_all_types_are_found_by_id() {
    let tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("a")));
    let client_id = tenant.sandbox.world.config.identity_client_id.clone();
    let filter = format!("servicePrincipalNames/any(c:c eq '{client_id}')");
    let apps = tenant.get(&format!("servicePrincipals?$filter={filter}")).await;
    assert_eq!(apps.each("servicePrincipalType"), ["ManagedIdentity"]);
    let app = apps.each("id")[0].to_owned();
    let ids = json!({"ids": [ada, group, app, NOBODY]});
    let found = tenant.post("directoryObjects/getByIds?$select=id", ids).await;
    assert_eq!(found.each("id"), [ada.as_str(), &group, &app]);
    let only = json!({"ids": [ada, group], "types": ["group"]});
    let found = tenant.post("directoryObjects/getByIds", only).await;
    assert_eq!(found.each("id"), [group.as_str()]);
    let app = tenant.get(&format!("servicePrincipals(appId='{client_id}')")).await;
    assert_eq!(app.body["displayName"], "latchkey");
    let eventual = [("ConsistencyLevel", "eventual")];
    let count = format!("groups/{group}/members/$count");
    let count = tenant.try_send(Method::GET, &count, &eventual, None).await.unwrap();
    assert_eq!(count.body, json!(0));
}
