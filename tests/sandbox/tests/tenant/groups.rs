//! Groups: creation with references, protected kinds, owners and binding.

use serde_json::json;

use crate::support::*;
use sandbox::directory::NewGroup;

#[tokio::test]
async fn a_group_starts_with_the_owners_and_members_bound_to_it() {
    let tenant = Tenant::start().await;
    let (ada, bob) = tenant.seed(|d| (d.add_user("ada"), d.add_user("bob")));
    let mut body = security_group("team");
    body["owners@odata.bind"] = json!([address(&ada)]);
    body["members@odata.bind"] = json!([address(&ada), address(&bob)]);
    let group = tenant.post("groups", body.clone()).await;
    assert_eq!(group.status, 201, "{group:?}");
    let members = tenant.get(&format!("groups/{}/members?$select=id", group.id())).await;
    assert_eq!(members.each("id").len(), 2);
    let owners = tenant.get(&format!("groups/{}/owners", group.id())).await;
    assert_eq!(owners.each("id"), [ada.as_str()]);
    body["members@odata.bind"] = json!([address(&ada), address(&ada)]);
    let duplicate = tenant.post("groups", body.clone()).await;
    assert_eq!(duplicate.error().1, "Request contains a property with duplicate values.");
    body["members@odata.bind"] = json!([address(NOBODY)]);
    assert_eq!(tenant.post("groups", body).await.status, 404);
    let all = tenant.get("groups?$filter=displayName eq 'team'").await;
    assert_eq!(all.each("id").len(), 1, "a refused create leaves no group");
}

#[tokio::test]
async fn binding_is_all_or_nothing_and_stops_at_twenty() {
    let tenant = Tenant::start().await;
    let (group, users) = tenant.seed(|d| {
        let users: Vec<_> = (0..21).map(|n| d.add_user(&format!("u{n}"))).collect();
        (d.add_group("team"), users)
    });
    let bind = |ids: &[String]| {
        let addresses: Vec<_> = ids.iter().map(|id| address(id)).collect();
        json!({"members@odata.bind": addresses})
    };
    let path = format!("groups/{group}");
    let count = || tenant.seed(|d| d.members_of(&group).count());
    assert_eq!(tenant.patch(&path, bind(&users)).await.status, 400);
    assert_eq!(count(), 0);
    tenant.join(&group, &users[3]).await;
    let refused = tenant.patch(&path, bind(&users[..5])).await;
    assert!(refused.error().1.contains("already exist"));
    let unknown = [users[0].clone(), NOBODY.to_owned()];
    assert_eq!(tenant.patch(&path, bind(&unknown)).await.status, 404);
    assert_eq!(count(), 1);
    assert_eq!(tenant.patch(&path, bind(&users[4..])).await.status, 204);
    assert_eq!(count(), 18);
}

#[tokio::test]
async fn dynamic_and_synced_groups_cannot_be_written() {
    let tenant = Tenant::start().await;
    let (ada, dynamic, synced) = tenant.seed(|d| {
        let group = |name: &str| NewGroup {
            display_name: name.to_owned(),
            security_enabled: true,
            ..NewGroup::default()
        };
        let dynamic = NewGroup { types: vec!["DynamicMembership".to_owned()], ..group("dynamic") };
        let synced = NewGroup { synced: true, ..group("synced") };
        let ada = d.add_user("ada");
        (ada, d.create_group(dynamic).id.clone(), d.create_group(synced).id.clone())
    });
    for group in [&dynamic, &synced] {
        let refused = tenant.join(group, &ada).await;
        assert_eq!(refused.error().0, "Authorization_RequestDenied");
        let gone = tenant.delete(&format!("groups/{group}/members/{ada}/$ref")).await;
        assert_eq!(gone.status, 403);
    }
    let shown = tenant.get(&format!("groups/{dynamic}")).await;
    assert_eq!(shown.body["groupTypes"], json!(["DynamicMembership"]));
    assert_eq!(tenant.get(&format!("groups/{synced}")).await.body["onPremisesSyncEnabled"], true);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let tenant = Tenant::start().await;
    let (group, ada, bob) =
        tenant.seed(|d| (d.add_group("team"), d.add_user("ada"), d.add_user("bob")));
    let owners = format!("groups/{group}/owners");
    for owner in [&ada, &bob] {
        let added = tenant.post(&format!("{owners}/$ref"), reference(owner)).await;
        assert_eq!(added.status, 204);
    }
    let again = tenant.post(&format!("{owners}/$ref"), reference(&ada)).await;
    assert!(again.error().1.ends_with("'owners'."));
    assert_eq!(tenant.delete(&format!("{owners}/{ada}/$ref")).await.status, 204);
    assert_eq!(tenant.delete(&format!("{owners}/{bob}/$ref")).await.status, 400);
}

#[tokio::test]
async fn references_and_ids_must_be_well_formed() {
    let tenant = Tenant::start().await;
    let (group, ada) = tenant.seed(|d| (d.add_group("team"), d.add_user("ada")));
    let path = format!("groups/{group}/members/$ref");
    tenant.expect_violation("/members/$ref: request: a reference");
    let odd = tenant.post(&path, json!({"@odata.id": "ada"})).await;
    assert_eq!(odd.error().1, "Not a valid reference update.");
    let wrong_type = json!({"@odata.id": format!("{GRAPH}/v1.0/groups/{ada}")});
    assert_eq!(tenant.post(&path, wrong_type).await.status, 404);
    let bad = tenant.get("groups/team").await;
    assert_eq!(bad.error().1, "Invalid object identifier 'team'.");
    tenant.expect_violation("DELETE /v1.0/groups/{id}/members/{id}: request");
    let without_ref = tenant.delete(&format!("groups/{group}/members/{ada}")).await;
    assert_eq!(without_ref.status, 405);
    assert!(tenant.seed(|d| d.user(&ada).is_some()), "the person must survive the wrong path");
    let spaced = json!({
        "displayName": "a", "mailNickname": "a b", "mailEnabled": false, "securityEnabled": true,
    });
    assert!(tenant.post("groups", spaced).await.error().1.contains("mailNickname"));
}
