//! Soft delete, restore and purge.

use jiff::SignedDuration;
use sandbox::Config;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_restored_user_is_back_in_its_groups() {
    let tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    tenant.join(&group, &ada).await;
    let members = format!("groups/{group}/members");
    assert_eq!(tenant.delete(&format!("users/{ada}")).await.status, 204);
    assert_eq!(tenant.get(&format!("users/{ada}")).await.status, 404);
    assert_eq!(tenant.get(&members).await.body["value"], json!([]));
    let deleted = tenant.get("directory/deletedItems/microsoft.graph.user").await;
    assert_eq!(deleted.each("id"), [ada.as_str()]);
    let restored = tenant.post(&format!("directory/deletedItems/{ada}/restore"), json!({})).await;
    assert_eq!(restored.id(), ada);
    assert_eq!(tenant.get(&members).await.each("id"), [ada.as_str()]);
}

#[tokio::test]
async fn a_new_user_of_a_deleted_ones_name_is_somebody_else() {
    let tenant = Tenant::start().await;
    let old = tenant.post("users", person("ada@contoso.com")).await;
    tenant.delete(&format!("users/{}", old.id())).await;
    let new = tenant.post("users", person("ada@contoso.com")).await;
    assert_eq!(new.status, 201);
    assert_ne!(new.id(), old.id());
    let restore = format!("directory/deletedItems/{}/restore", old.id());
    assert_eq!(tenant.post(&restore, json!({})).await.status, 400);
    let renamed = json!({"newUserPrincipalName": "ada.old@contoso.com"});
    let renamed = tenant.post(&restore, renamed).await;
    assert_eq!(renamed.body["userPrincipalName"], "ada.old@contoso.com");
}

#[tokio::test]
async fn after_thirty_days_nothing_is_left_to_restore() {
    let tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    tenant.delete(&format!("users/{ada}")).await;
    // A directory object, not a call, so that the administrator's token does not expire as well.
    let world = &tenant.sandbox.world;
    world.clock.advance(SignedDuration::from_hours(30 * 24 - 1));
    assert_eq!(tenant.seed(|d| d.deleted_users().count()), 1);
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(tenant.seed(|d| d.deleted_users().count()), 0);
    assert!(tenant.seed(|d| d.restore_user(&ada, None).is_none()));
}

#[tokio::test]
async fn whether_groups_come_back_is_a_switch() {
    for soft in [true, false] {
        let config = Config { soft_delete_groups: soft, ..Config::default() };
        let tenant = Tenant::with(config).await;
        let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
        tenant.join(&group, &ada).await;
        assert_eq!(tenant.delete(&format!("groups/{group}")).await.status, 204);
        assert_eq!(tenant.seed(|d| d.groups_of(&ada)), Vec::<String>::new());
        let restore = format!("directory/deletedItems/{group}/restore");
        let restored = tenant.post(&restore, json!({})).await;
        assert_eq!(restored.status.is_success(), soft, "{restored:?}");
        assert_eq!(tenant.seed(|d| d.groups_of(&ada).len()), usize::from(soft));
    }
}

#[tokio::test]
async fn a_purged_user_is_gone_for_good() {
    let tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    tenant.join(&group, &ada).await;
    tenant.delete(&format!("users/{ada}")).await;
    let item = format!("directory/deletedItems/{ada}");
    assert_eq!(tenant.get(&item).await.status, 200);
    assert_eq!(tenant.delete(&item).await.status, 204);
    assert_eq!(tenant.delete(&item).await.status, 404);
    assert!(!tenant.seed(|d| d.is_member(&group, &ada)));
}
