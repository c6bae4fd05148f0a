//! Replica lag: reads that still tell the old state, a known number of times.

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_new_object_is_missing_for_the_first_reads() {
    let tenant = Tenant::start().await;
    tenant.sandbox.world.lag.set(2);
    let user = tenant.post("users", person("ada@contoso.com")).await;
    let path = format!("users/{}", user.id());
    assert_eq!(tenant.get(&path).await.status, 404);
    let filter = "users?$filter=userPrincipalName eq 'ada@contoso.com'";
    assert_eq!(tenant.get(filter).await.body["value"], json!([]));
    assert_eq!(tenant.get(&path).await.status, 200);
    let group = tenant.post("groups", security_group("team")).await;
    let statuses = [
        tenant.get(&format!("groups/{}", group.id())).await.status.as_u16(),
        tenant.get(&format!("groups/{}/members", group.id())).await.status.as_u16(),
        tenant.get(&format!("groups/{}/members", group.id())).await.status.as_u16(),
    ];
    assert_eq!(statuses, [404, 404, 200]);
}

#[tokio::test]
async fn memberships_are_stale_after_joining_and_leaving() {
    let tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    tenant.sandbox.world.lag.set(1);
    let members = format!("groups/{group}/members");
    let check = format!("users/{ada}/checkMemberGroups");
    let is_member = async || {
        let answer = tenant.post(&check, json!({"groupIds": [group]})).await;
        !answer.each_text().is_empty()
    };
    tenant.join(&group, &ada).await;
    assert!(!is_member().await);
    assert!(is_member().await);
    assert_eq!(tenant.join(&group, &ada).await.status, 400, "writes see the present");
    tenant.delete(&format!("{members}/{ada}/$ref")).await;
    assert_eq!(tenant.get(&members).await.each("id"), [ada.as_str()]);
    assert_eq!(tenant.get(&members).await.body["value"], json!([]));
    tenant.join(&group, &ada).await;
    tenant.delete(&format!("{members}/{ada}/$ref")).await;
    assert!(is_member().await, "the last write counts, and its old state was membership");
    assert!(!is_member().await);
}

impl Answer {
    fn each_text(&self) -> Vec<&str> {
        self.body["value"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
    }
}
