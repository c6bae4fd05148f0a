//! Each kind of way in: found, and taken or told with whom to ask.

use std::sync::PoisonError;

use insta::assert_snapshot;
use reqwest::{Certificate, Client};
use sandbox::Who;
use serde_json::{Value, json};

use super::*;

/// Gives somebody a way in of each kind beside their team's group; gives the Night_shift's id.
fn plant(played: &Played, person: &str, id: &str) {
    let (canteen, auditors) = (group(played, "Canteen"), group(played, "External_auditors"));
    member(played, &canteen, id);
    member(played, &auditors, &canteen);
    bind(played, RETAIL, "auditors", ("Group", &auditors));
    let backend = group(played, "Ops_Backend_team");
    directory(played, |directory| {
        let colleague = directory.add_user("a.colleague");
        directory.add_owner(&backend, &colleague).and(directory.add_owner(&backend, id))
    })
    .expect("it is there");
    assign(played, "Contributor", &scope(played, PRIVATE), id);
    bind(played, PRIVATE, "by-name", ("User", &upn(person)));
    bind(played, RETAIL, "by-id", ("User", id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_in_is_found_with_what_it_opens_and_taken() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7001", "Frontend Ops").await;
    plant(&played, "7001", &id);
    assert_snapshot!(ways(&played, "7001").await.join("\n"), @"
    sign-in
    (through Canteen) group External_auditors
    group Ops_Frontend_team
    group Canteen
    ownership of group Ops_Backend_team
    Azure role b24988ac-6180-42a0-ab88-20f7382dd24c at private-aks (changes the cluster, takes admin credentials, runs commands)
    binding by-name to ClusterRole/edit at private-aks
    binding by-id to ClusterRole/edit at retail-aks
    ");
    played.tell(&left("7001", 2)).await;
    assert_eq!(ways(&played, "7001").await, Vec::<String>::new());
    assert_eq!(residue(&played, "7001").await, Vec::<String>::new());
    ends(&played, "7001").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_step_can_take_keeps_the_case_open_and_says_whom_to_ask() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7002", "Frontend Ops").await;
    let resources = scope(&played, PRIVATE);
    let above = resources.split("/providers/").next().expect("a resource group");
    eligible(&played, "Contributor", above, &id);
    let seasonal = group(&played, "Platform_leads");
    directory(&played, |directory| directory.add_owner(&seasonal, &id)).expect("it is there");
    played.tell(&left("7002", 2)).await;
    assert_snapshot!(residue(&played, "7002").await.join("\n"), @"
    7002 is the last owner of group Platform_leads, whom Graph keeps: name another owner first
    eligibility for Azure role b24988ac-6180-42a0-ab88-20f7382dd24c at /subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140/resourceGroups/rg-spoke (changes the cluster, takes admin credentials, runs commands) of 7002: end it in PIM, or ask who administers it
    ");
    assert!(!is_over(&played, "7002").await);
    {
        let azure = played.stage.sandbox.world.azure.write();
        azure.unwrap_or_else(PoisonError::into_inner).schedules.clear();
    }
    let colleague = directory(&played, |directory| directory.add_user("new.lead"));
    directory(&played, |directory| directory.add_owner(&seasonal, &colleague))
        .expect("it is there");
    ends(&played, "7002").await;

    assert_eq!(ways(&played, "7002").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listed_admin_credentials_has_them_until_certificates_are_rotated() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7003", "Frontend Ops").await;
    list_admin_credential(&played, &token(&played, &id), &id).await;
    played.settled().await;
    played.tell(&left("7003", 2)).await;
    let told = residue(&played, "7003").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("7003 was handed the admin credential of private-aks at "));
    assert!(told[0].ends_with("order rotate_certificates"), "{told:?}");
    assert!(!is_over(&played, "7003").await);
    let rotation = json!({ "cluster": PRIVATE, "reference": "INC-9" });
    let plan = played.asked("rotate_certificates", &rotation).await;
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    ends(&played, "7003").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listed_admin_credentials_last_month_is_remembered_and_the_receipt_names_it() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7006", "Frontend Ops").await;
    let listed = played.stage.sandbox.world.clock.now();
    list_admin_credential(&played, &token(&played, &id), &id).await;
    played.settled().await;
    turn(&played, 30 * 24 * 60).await;
    let mut end = left("7006", 2);
    let today = played.stage.sandbox.world.clock.now();
    end["data"]["effectiveFrom"] = json!(today.strftime("%Y-%m-%dT00:00:00").to_string());
    played.tell(&end).await;
    // Not as `ops` tells it, whose clock was not turned.
    let told = left_over(&end_of(&played, "7006").await);
    assert!(told.starts_with("7006 was handed the admin credential of private-aks at "), "{told}");
    assert!(told.contains(&listed.strftime("at %Y-%m-%dT").to_string()), "{told}");
    assert!(!is_over(&played, "7006").await);
    let rotation = json!({ "cluster": PRIVATE, "reference": "INC-10" });
    let plan = played.asked("rotate_certificates", &rotation).await;
    assert_eq!(played.approve("second-operator", &plan).await, 200);
    ends(&played, "7006").await;
    let receipt = receipt(&played, "7006").await;
    let credential = receipt.paths.iter().find(|path| path.told.contains("admin credential"));
    let credential = credential.unwrap_or_else(|| panic!("{receipt:#?}"));
    assert!(credential.told.contains(PRIVATE), "{credential:#?}");
    assert!(credential.revoked_at > listed + SignedDuration::from_hours(30 * 24));
}

/// A user's token for ARM.
pub(super) fn token(played: &Played, user: &str) -> String {
    let who = Who::User(user.to_owned());
    played.stage.sandbox.world.token_for(&who, "https://management.azure.com")
}

/// Lists the admin credential of private-aks with a role that is gone right afterwards. That local
/// accounts are switched off then voids nothing that was handed out.
pub(super) async fn list_admin_credential(played: &Played, token: &str, id: &str) {
    let contributor = assign(played, "Contributor", &scope(played, PRIVATE), id);
    allow_local_accounts(played, false);
    assert_eq!(arm_as(played, token, "listClusterAdminCredential").await, 200);
    {
        let azure = played.stage.sandbox.world.azure.write();
        let mut azure = azure.unwrap_or_else(PoisonError::into_inner);
        azure.assignments.remove(contributor.rsplit('/').next().expect("a name"));
    }
    allow_local_accounts(played, true);
}

fn allow_local_accounts(played: &Played, off: bool) {
    let azure = played.stage.sandbox.world.azure.write();
    azure.unwrap_or_else(PoisonError::into_inner).clusters.edit(PRIVATE, |document| {
        document["properties"]["disableLocalAccounts"] = json!(off);
    });
}

/// Posts to an action of private-aks as whoever has this token.
async fn arm_as(played: &Played, token: &str, action: &str) -> u16 {
    let sandbox = &played.stage.sandbox;
    let ca = Certificate::from_pem(sandbox.ca_pem.as_bytes()).expect("a certificate");
    let client = Client::builder().tls_certs_only([ca]).build().expect("a client");
    let base = sandbox.endpoints.arm.as_str().trim_end_matches('/').to_owned();
    let url = format!("{base}{}/{action}?api-version=2026-04-01", scope(played, PRIVATE));
    client.post(url).bearer_auth(token).send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_loses_everything_but_the_sessions_of_its_home_tenant_which_is_said() {
    let played = Played::with_teams().await;
    let id = directory(&played, |directory| {
        let guest = directory.add_user("lee_example.com#EXT#");
        let changed = directory.change_user(&guest, |user| {
            user.other.insert("employeeId".to_owned(), json!("7004"));
            user.other.insert("userType".to_owned(), json!("Guest"));
        });
        changed.expect("the guest").expect("no name is changed");
        guest
    });
    played.tell(&hire("7004", "Frontend Ops")).await;
    bind(&played, RETAIL, "by-id", ("User", &id));
    assert_eq!(ways(&played, "7004").await.len(), 3, "sign-in, group, binding");
    played.tell(&left("7004", 2)).await;
    assert_eq!(ways(&played, "7004").await, Vec::<String>::new());
    let shown: Value = played.get("people/7004").await;
    assert!(shown["findings"].to_string().contains("sessions end with its home tenant"));
    ends(&played, "7004").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_routes_to_one_group_end_it_when_both_have_ended() {
    let played = Played::with_teams().await;
    let id = hired(&played, "7005", "Frontend Ops").await;
    // A second employment that gives the same team.
    let mut second = hire("7005", "Frontend Ops");
    second["id"] = json!("hired-twice");
    second["data"]["spellId"] = json!("s-7005-second");
    played.tell(&second).await;
    let frontend = group(&played, "Ops_Frontend_team");
    let is_member = || directory(&played, |directory| directory.is_member(&frontend, &id));
    played.tell(&left("7005", 2)).await;
    assert!(is_member(), "the second employment gives it");
    let mut end = left("7005", 3);
    end["data"]["spellId"] = json!("s-7005-second");
    played.tell(&end).await;
    assert!(!is_member());
    ends(&played, "7005").await;
}
