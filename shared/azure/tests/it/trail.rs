//! Who did it: the audit log of the directory, and the Activity Log.

use jiff::{SignedDuration, Timestamp};
use latchkey_azure::NewAssignment;
use latchkey_core::{azure_role::AzureRole, drift::ActorKind, holdings::PrincipalType};
use sandbox::Config;
use serde_json::json;

use crate::stage::{stage, stage_of};

fn around_now() -> (Timestamp, Timestamp) {
    let day = SignedDuration::from_hours(24);
    (Timestamp::now() - day, Timestamp::now() + day)
}

#[tokio::test]
async fn a_membership_names_who_made_it_once_the_log_knows() {
    let stage = stage().await;
    let (group, other) = (stage.group("team"), stage.group("other"));
    let user = stage.person("ada", "1042");
    let (since, until) = around_now();
    stage.sandbox.world.audits.set_lag(SignedDuration::from_mins(5));
    for (_, done) in stage.graph.change_memberships(&user, std::slice::from_ref(&group), &[]).await
    {
        done.unwrap();
    }
    let who =
        async |group| stage.graph.who_changed_member(group, &user, since, until).await.unwrap();
    assert_eq!(who(&group).await, None);
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(5));
    let actor = who(&group).await.unwrap();
    let us = stage.sandbox.world.config.identity_client_id.clone();
    assert_eq!((actor.id, actor.kind), (us, ActorKind::App));
    assert_eq!(who(&other).await, None, "it is not in that group");
    stage.directory().add_to_group(other.as_str(), user.as_str()).unwrap();
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(who(&other).await, None, "nobody did that");
}

#[tokio::test]
async fn an_assignment_names_who_wrote_it_and_when_deleted_what_it_was() {
    let stage = stage().await;
    let group = stage.group("team");
    let new = NewAssignment {
        scope: format!("{}/namespaces/payroll", stage.cluster),
        role: AzureRole::RbacWriter.id(),
        principal: group.clone(),
        principal_type: PrincipalType::Group,
        description: "latchkey".into(),
    };
    let given = stage.arm.assign(&new).await.unwrap();
    let (since, until) = around_now();
    let actor = stage.arm.who_wrote_assignment(&given.id, since, until).await.unwrap().unwrap();
    let us = stage.sandbox.world.config.identity_client_id.clone();
    assert_eq!((actor.id.as_str(), actor.kind), (us.as_str(), ActorKind::App));
    assert_eq!(stage.arm.former_assignment(&given.id, since, until).await.unwrap(), None);
    stage.arm.delete_assignment(&given.id).await.unwrap();
    let former = stage.arm.former_assignment(&given.id, since, until).await.unwrap().unwrap();
    assert_eq!(former.assignment, given);
    assert_eq!(former.deleted_by.unwrap().id, us);
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    assert_eq!(stage.arm.who_wrote_assignment(&given.id, later, until).await.unwrap(), None);
}

#[tokio::test]
async fn an_admin_credential_names_who_got_it() {
    let mut config = Config::default();
    config.clusters[0].local_accounts = true;
    let stage = stage_of(config).await;
    let (since, until) = around_now();
    let handed = async || stage.arm.admin_credentials(&stage.cluster, since, until).await.unwrap();
    assert!(handed().await.is_empty());
    let url = format!(
        "{}{}/listClusterAdminCredential?api-version=2026-04-01",
        stage.sandbox.endpoints.arm.as_str().trim_end_matches('/'),
        stage.cluster
    );
    let olga = stage.directory().add_user("olga");
    let scope = stage.cluster.clone();
    let role = "Azure Kubernetes Service Cluster Admin Role";
    stage.azure().assign(role, &scope, "User", &olga);
    let who = sandbox::Who::User(olga.clone());
    let token = stage.sandbox.world.token_for(&who, "https://management.azure.com");
    let ca = reqwest::Certificate::from_pem(stage.sandbox.ca_pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
    let answer = client.post(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", json!(answer.text().await.unwrap()));
    let handed = handed().await;
    let actor = handed[0].1.clone().unwrap();
    assert_eq!((handed.len(), actor.id, actor.kind), (1, olga, ActorKind::User));
}
