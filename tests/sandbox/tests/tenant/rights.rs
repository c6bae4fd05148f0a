//! What a function may do is what was granted to it.

use sandbox::directory::NewGroup;
use sandbox::{Rights, Who};
use serde_json::json;

use crate::support::*;

fn graph(permissions: &[&str]) -> Rights {
    Rights { graph: permissions.iter().map(|p| (*p).to_owned()).collect(), ..Rights::default() }
}

#[tokio::test]
async fn a_function_without_the_permission_is_denied_as_documented() {
    let mut tenant = Tenant::start().await;
    let (ada, group) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
    let world = tenant.sandbox.world.clone();
    world.grant("plan", graph(&["User.Read.All", "GroupMember.Read.All"]));
    world.grant("join_groups", graph(&["User.Read.All", "GroupMember.ReadWrite.All"]));
    tenant.act_as("plan");
    assert_eq!(tenant.get(&format!("users/{ada}")).await.status, 200);
    assert_eq!(tenant.get(&format!("groups/{group}/members")).await.status, 200);
    let denied = tenant.join(&group, &ada).await;
    assert_eq!(
        denied.error(),
        ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    );
    if let Some(example) = example("any.403-insufficient-privileges") {
        assert_eq!(denied.body["error"]["code"], example["response"]["body"]["error"]["code"]);
    }
    tenant.act_as("join_groups");
    assert_eq!(tenant.join(&group, &ada).await.status, 204);
    assert_eq!(tenant.delete(&format!("groups/{group}")).await.status, 403);
    tenant.act_as("never_registered");
    assert_eq!(tenant.get("users").await.status, 403);
    tenant.agent = None;
    assert_eq!(tenant.get("users").await.status, 200, "no function named, no table");
}

#[tokio::test]
async fn an_identity_may_do_no_more_than_its_own_rights_whatever_function_it_names() {
    let mut tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let world = tenant.sandbox.world.clone();
    world.grant("plan", graph(&["User.Read.All", "GroupMember.Read.All"]));
    let app = world.add_identity("an app of its own");
    assert_eq!(world.add_identity("an app of its own"), app, "there is one already");
    tenant.act_as("plan");
    tenant.token = world.token_for(&Who::App(app.clone()), GRAPH);
    assert_eq!(tenant.get(&format!("users/{ada}")).await.status, 200, "not restricted yet");
    world.restrict(&app, graph(&["GroupMember.Read.All"]));
    assert_eq!(tenant.get("groups").await.status, 200, "both the function and the identity may");
    world.restrict(&app, Rights::default());
    assert_eq!(tenant.get("groups").await.status, 403);
    tenant.agent = None;
    assert_eq!(tenant.get("groups").await.status, 403, "no function named, the identity counts");
    tenant.act_as("plan");
    assert_eq!(tenant.get("groups").await.status, 200, "another identity's rights are its own");
}

#[tokio::test]
async fn each_change_of_a_user_needs_its_own_permission() {
    let mut tenant = Tenant::start().await;
    let ada = tenant.seed(|d| d.add_user("ada"));
    let world = tenant.sandbox.world.clone();
    world.grant("disable", graph(&["User.EnableDisableAccount.All", "User.Read.All"]));
    world.grant("leave", graph(&["User-LifeCycleInfo.ReadWrite.All"]));
    world.grant("revoke", graph(&["User.RevokeSessions.All"]));
    world.grant("delete", graph(&["User.DeleteRestore.All"]));
    world.grant("write", graph(&["User.ReadWrite.All"]));
    let path = format!("users/{ada}");
    let cases = [
        ("disable", json!({"accountEnabled": false}), 204),
        ("disable", json!({"accountEnabled": false, "department": "a"}), 403),
        ("leave", json!({"employeeLeaveDateTime": "2026-03-31T00:00:00Z"}), 204),
        ("write", json!({"employeeLeaveDateTime": "2026-03-31T00:00:00Z"}), 403),
        ("write", json!({"department": "a", "accountEnabled": true}), 204),
        ("revoke", json!({"accountEnabled": false}), 403),
    ];
    for (function, body, status) in cases {
        tenant.act_as(function);
        assert_eq!(tenant.patch(&path, body.clone()).await.status, status, "{function} {body}");
    }
    tenant.act_as("revoke");
    assert_eq!(tenant.post(&format!("{path}/revokeSignInSessions"), json!({})).await.status, 200);
    tenant.act_as("disable");
    assert_eq!(tenant.delete(&path).await.status, 403);
    tenant.act_as("delete");
    assert_eq!(tenant.delete(&path).await.status, 204);
}

#[tokio::test]
async fn role_assignable_groups_and_their_members_are_better_protected() {
    let mut tenant = Tenant::start().await;
    let (ada, bob, group) = tenant.seed(|d| {
        let new = NewGroup {
            display_name: "admins".to_owned(),
            security_enabled: true,
            role_assignable: true,
            ..NewGroup::default()
        };
        let group = d.create_group(new).id.clone();
        let (ada, bob) = (d.add_user("ada"), d.add_user("bob"));
        d.add_member(&group, &ada);
        (ada, bob, group)
    });
    let world = tenant.sandbox.world.clone();
    world
        .grant("join", graph(&["GroupMember.ReadWrite.All", "User.ReadWrite.All", "Group.Create"]));
    let more = ["GroupMember.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Group.Create"];
    world.grant("join_more", graph(&more));
    let mut body = security_group("more-admins");
    body["isAssignableToRole"] = json!(true);
    tenant.act_as("join");
    assert_eq!(tenant.join(&group, &bob).await.status, 403);
    assert_eq!(tenant.post("groups", body.clone()).await.status, 403);
    let disable = json!({"accountEnabled": false});
    assert_eq!(tenant.patch(&format!("users/{ada}"), disable.clone()).await.status, 403);
    assert_eq!(tenant.patch(&format!("users/{bob}"), disable).await.status, 204);
    tenant.act_as("join_more");
    assert_eq!(tenant.join(&group, &bob).await.status, 204);
    assert_eq!(tenant.post("groups", body).await.body["isAssignableToRole"], true);
}
