//! Role assignments and clusters.

use jiff::SignedDuration;
use latchkey_azure::{NewAssignment, arm::assignment_name};
use latchkey_core::{CallError, ObjectId, azure_role::AzureRole, holdings::PrincipalType};
use sandbox::{Fault, faults};

use crate::stage::{Stage, stage};

fn writer(stage: &Stage, group: &ObjectId) -> NewAssignment {
    NewAssignment {
        scope: format!("{}/namespaces/payroll", stage.cluster),
        role: AzureRole::RbacWriter.id(),
        principal: group.clone(),
        principal_type: PrincipalType::Group,
        description: "latchkey".into(),
    }
}

#[tokio::test]
async fn a_role_is_given_under_its_own_name_and_twice_is_once() {
    let stage = stage().await;
    let new = writer(&stage, &stage.group("payroll"));
    let given = stage.arm.assign(&new).await.unwrap();
    let name = assignment_name(&new.scope, &new.principal, new.role).to_string();
    assert!(given.id.ends_with(&name), "{}", given.id);
    assert_eq!((given.role, given.principal_type), (new.role, PrincipalType::Group));
    assert_eq!(given.description.as_deref(), Some("latchkey"));
    assert_eq!(stage.arm.assign(&new).await.unwrap(), given);
    assert_eq!(stage.arm.assignments_under(&stage.cluster).await.unwrap(), [given]);
}

#[tokio::test]
async fn a_role_somebody_else_has_given_is_taken_as_it_is() {
    let stage = stage().await;
    let new = writer(&stage, &stage.group("payroll"));
    let theirs =
        stage.azure().assign(&new.role.to_string(), &new.scope, "Group", new.principal.as_str());
    assert_eq!(stage.arm.assign(&new).await.unwrap().id, theirs);
    assert_eq!(stage.arm.assignments_under(&stage.cluster).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_principal_that_arm_does_not_know_yet_is_worth_a_wait() {
    let stage = stage().await;
    stage.azure().knobs.principal_replication = SignedDuration::from_mins(5);
    let new = writer(&stage, &stage.group("payroll"));
    let error = stage.arm.assign(&new).await.unwrap_err();
    assert!(matches!(error, CallError::Busy { .. }), "{error}");
    assert!(error.retry_after().is_some());
}

#[tokio::test]
async fn a_wrong_type_and_a_full_subscription_are_rejected_for_good() {
    let stage = stage().await;
    let right = writer(&stage, &stage.group("payroll"));
    let wrong = NewAssignment { principal_type: PrincipalType::User, ..right.clone() };
    let error = stage.arm.assign(&wrong).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Rejected { code, .. } if code == "UnmatchedPrincipalType"),
        "{error}"
    );
    stage.azure().knobs.assignment_limit = 0;
    let error = stage.arm.assign(&right).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Rejected { code, .. } if code == "RoleAssignmentLimitExceeded"),
        "{error}"
    );
}

#[tokio::test]
async fn a_lost_answer_leaves_the_assignment_in_doubt_and_the_next_time_finds_it() {
    let stage = stage().await;
    let new = writer(&stage, &stage.group("payroll"));
    stage.sandbox.world.faults.set(faults::after_write(1));
    let error = stage.arm.assign(&new).await.unwrap_err();
    assert!(matches!(error, CallError::Lost { .. }), "{error}");
    let held = stage.arm.assignments_of(&stage.cluster, &new.principal).await.unwrap();
    assert_eq!(stage.arm.assign(&new).await.unwrap(), held[0]);
}

#[tokio::test]
async fn assignments_of_a_principal_are_found_at_and_below_and_on_every_page() {
    let stage = stage().await;
    stage.azure().knobs.page_size = 2;
    let (payroll, other) = (stage.group("payroll"), stage.group("other"));
    for group in [&payroll, &other] {
        for namespace in ["a", "b", "c"] {
            let scope = format!("{}/namespaces/{namespace}", stage.cluster);
            stage.arm.assign(&NewAssignment { scope, ..writer(&stage, group) }).await.unwrap();
        }
    }
    let held = stage.arm.assignments_of(&stage.cluster, &payroll).await.unwrap();
    assert_eq!(held.len(), 3);
    assert!(held.iter().all(|assignment| assignment.principal == payroll));
    assert_eq!(stage.arm.assignments_under(&stage.cluster).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_role_is_taken_away_and_twice_is_once() {
    let stage = stage().await;
    let new = writer(&stage, &stage.group("payroll"));
    let given = stage.arm.assign(&new).await.unwrap();
    for _ in 0..2 {
        stage.arm.delete_assignment(&given.id).await.unwrap();
        assert_eq!(stage.arm.assignments_under(&stage.cluster).await.unwrap(), []);
    }
}

#[tokio::test]
async fn every_role_that_core_knows_bears_its_id_under_its_name() {
    let stage = stage().await;
    for role in AzureRole::ALL {
        let found = stage.arm.role_definition_by_name(&stage.cluster, role.name()).await.unwrap();
        assert_eq!(found, Some(role.id()), "{role}");
    }
    let none = stage.arm.role_definition_by_name(&stage.cluster, "No such role").await.unwrap();
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_cluster_tells_how_it_is_governed_and_where_it_is() {
    let stage = stage().await;
    let cluster = stage.arm.cluster(&stage.cluster).await.unwrap();
    assert!(cluster.managed_entra && cluster.azure_rbac && cluster.local_accounts_disabled);
    assert!(!cluster.legacy_entra && !cluster.user_credential_is_admin());
    assert_eq!((&*cluster.provisioning_state, &*cluster.power_state), ("Succeeded", "Running"));
    let kubeconfig = stage.arm.cluster_kubeconfig(&stage.cluster).await.unwrap();
    let server = stage.sandbox.endpoints.clusters["aks-west"].as_str().trim_end_matches('/');
    assert!(kubeconfig.contains(server), "{kubeconfig}");
    assert!(kubeconfig.contains("kubelogin"), "{kubeconfig}");
    let missing = stage.cluster.replace("aks-west", "aks-none");
    assert!(stage.arm.cluster(&missing).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn reading_a_kubeconfig_may_be_repeated_although_it_is_a_post() {
    let stage = stage().await;
    stage.arm.cluster(&stage.cluster).await.unwrap();
    stage.sandbox.world.faults.set(Box::new(|seen| (seen.index == 1).then_some(Fault::LoseAnswer)));
    stage.arm.cluster_kubeconfig(&stage.cluster).await.unwrap();
}

#[tokio::test]
async fn an_unknown_role_definition_is_rejected() {
    let stage = stage().await;
    let role = uuid::Uuid::nil();
    let new = NewAssignment { role, ..writer(&stage, &stage.group("payroll")) };
    let error = stage.arm.assign(&new).await.unwrap_err();
    assert!(!matches!(error, CallError::Lost { .. } | CallError::Busy { .. }), "{error}");
}
