//! PIM for groups: requests become schedules, schedules become memberships, the clock ends them.

use jiff::SignedDuration;
use sandbox::Rights;
use sandbox::directory::NewGroup;
use serde_json::{Value, json};

use crate::shapes::assert_like;
use crate::support::*;

const PIM: &str = "identityGovernance/privilegedAccess/group";

struct Stage {
    tenant: Tenant,
    ada: String,
    team: String,
}

impl Stage {
    async fn set() -> Stage {
        let tenant = Tenant::start().await;
        let (ada, team) = tenant.seed(|d| (d.add_user("ada"), d.add_group("team")));
        Stage { tenant, ada, team }
    }

    fn body(&self, action: &str, expiration: &Value) -> Value {
        json!({
            "accessId": "member", "action": action, "groupId": self.team,
            "principalId": self.ada, "justification": "case 7",
            "scheduleInfo": {"startDateTime": "2020-01-01T00:00:00Z", "expiration": expiration},
        })
    }

    async fn active(&self, action: &str, expiration: Value) -> Answer {
        let path = format!("{PIM}/assignmentScheduleRequests");
        self.tenant.post(&path, self.body(action, &expiration)).await
    }

    async fn eligible(&self, action: &str, expiration: Value) -> Answer {
        let path = format!("{PIM}/eligibilityScheduleRequests");
        self.tenant.post(&path, self.body(action, &expiration)).await
    }

    async fn list(&self, collection: &str) -> Answer {
        let path = format!("{PIM}/{collection}?$filter=groupId eq '{}'", self.team);
        self.tenant.get(&path).await
    }

    fn is_member(&self) -> bool {
        self.tenant.seed(|d| d.is_member(&self.team, &self.ada))
    }

    fn wait(&self, minutes: i64) {
        self.tenant.sandbox.world.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// The rules of the group's members and where they are kept.
    async fn set_rule(&self, rule: &str, change: Value) -> Answer {
        let path = format!(
            "policies/roleManagementPolicyAssignments?$filter=scopeId eq '{}' and scopeType eq \
             'Group' and roleDefinitionId eq 'member'",
            self.team
        );
        let policy = self.tenant.get(&path).await.body["value"][0]["policyId"].clone();
        let policy = policy.as_str().unwrap().to_owned();
        let path = format!("policies/roleManagementPolicies/{policy}/rules/{rule}");
        let kind = self.tenant.get(&path).await.body["@odata.type"].clone();
        let mut change = change;
        change["@odata.type"] = kind;
        self.tenant.patch(&path, change).await
    }
}

fn hours(hours: u32) -> Value {
    json!({"type": "afterDuration", "duration": format!("PT{hours}H")})
}

fn code(answer: &Answer) -> &str {
    answer.error().0
}

#[tokio::test]
async fn an_active_assignment_is_a_membership_until_the_clock_ends_it() {
    let stage = Stage::set().await;
    let granted = stage.active("adminAssign", hours(2)).await;
    assert_like("pim-assignmentScheduleRequests-adminAssign.201", &granted);
    assert_eq!(granted.body["scheduleInfo"]["startDateTime"], "2026-03-02T08:00:00.0000000Z");
    assert!(stage.is_member());
    let listed = stage.list("assignmentScheduleInstances").await;
    assert_eq!(listed.body["value"][0]["endDateTime"], "2026-03-02T10:00:00.0000000Z");
    let members = stage.tenant.get(&format!("groups/{}/members", stage.team)).await;
    assert_eq!(members.each("id"), [stage.ada.as_str()]);
    stage.wait(120);
    assert!(!stage.is_member());
    let members = stage.tenant.get(&format!("groups/{}/members", stage.team)).await;
    assert!(members.each("id").is_empty());
    for collection in ["assignmentSchedules", "assignmentScheduleInstances"] {
        assert!(stage.list(collection).await.each("id").is_empty(), "{collection}");
    }
    assert_eq!(stage.list("assignmentScheduleRequests").await.each("action"), ["adminAssign"]);
    assert_eq!(stage.active("adminAssign", hours(1)).await.status, 201, "again after its end");
}

#[tokio::test]
async fn ordinary_members_are_instances_without_dates() {
    let stage = Stage::set().await;
    let bob = stage.tenant.seed(|d| {
        let bob = d.add_user("bob");
        d.add_member(&stage.team, &bob);
        bob
    });
    stage.active("adminAssign", hours(2)).await;
    let listed = stage.list("assignmentScheduleInstances").await;
    assert_like("pim-assignmentScheduleInstances-list.200", &listed);
    let of_bob = format!("{PIM}/assignmentScheduleInstances?$filter=principalId eq '{bob}'");
    let of_bob = stage.tenant.get(&of_bob).await;
    assert_eq!(of_bob.body["value"][0]["startDateTime"], Value::Null);
    assert_eq!(of_bob.each("principalId"), [bob.as_str()]);
    assert!(stage.list("assignmentSchedules").await.each("principalId").eq(&[stage.ada.as_str()]));
}

#[tokio::test]
async fn eligibility_changes_no_membership() {
    let stage = Stage::set().await;
    let until = json!({"type": "AfterDateTime", "endDateTime": "2026-03-02T20:00:00Z"});
    let made = stage.eligible("AdminAssign", until).await;
    assert_like("pim-eligibilityScheduleRequests-adminAssign.201", &made);
    assert!(!stage.is_member());
    let listed = stage.list("eligibilityScheduleInstances").await;
    assert_eq!(listed.each("principalId"), [stage.ada.as_str()]);
    assert!(stage.list("assignmentScheduleInstances").await.each("id").is_empty());
    stage.wait(12 * 60);
    assert!(stage.list("eligibilityScheduleInstances").await.each("id").is_empty());
}

#[tokio::test]
async fn a_second_assignment_and_a_needless_removal_are_refused_as_documented() {
    let stage = Stage::set().await;
    let none = stage.active("adminRemove", Value::Null).await;
    assert_like("pim-request.400-does-not-exist", &none);
    assert_eq!(code(&stage.active("adminExtend", hours(1)).await), "RoleAssignmentDoesNotExist");
    stage.active("adminAssign", hours(2)).await;
    assert_like("pim-request.400-already-exists", &stage.active("adminAssign", hours(3)).await);
    let months = json!({"type": "afterDuration", "duration": "P6M"});
    assert_like("pim-request.400-invalid", &stage.eligible("adminAssign", months).await);
    stage.tenant.expect_violation("assignmentScheduleRequests: request: .action: ");
    let unknown = stage.active("adminApprove", hours(1)).await;
    assert_eq!(code(&unknown), "InvalidRoleAssignmentRequest");
}

#[tokio::test]
async fn somebody_who_is_an_ordinary_member_is_assigned_already() {
    let stage = Stage::set().await;
    stage.tenant.join(&stage.team, &stage.ada).await;
    assert_eq!(code(&stage.active("adminAssign", hours(1)).await), "RoleAssignmentExists");
    let longer = stage.active("adminExtend", hours(1)).await;
    assert_eq!(code(&longer), "InvalidRoleAssignmentRequestSchedule");
    assert_eq!(stage.active("adminUpdate", hours(1)).await.status, 201);
    stage.wait(60);
    assert!(!stage.is_member(), "the update made it one that ends");
}

#[tokio::test]
async fn an_assignment_is_made_longer_and_shorter_and_keeps_its_beginning() {
    let stage = Stage::set().await;
    stage.active("adminAssign", hours(2)).await;
    stage.wait(60);
    assert_eq!(stage.active("adminExtend", hours(3)).await.status, 201);
    let listed = stage.list("assignmentScheduleInstances").await;
    assert_eq!(listed.body["value"][0]["startDateTime"], "2026-03-02T08:00:00.0000000Z");
    assert_eq!(listed.body["value"][0]["endDateTime"], "2026-03-02T12:00:00.0000000Z");
    let shorter = stage.active("adminExtend", hours(1)).await;
    assert_eq!(code(&shorter), "InvalidRoleAssignmentRequestSchedule");
    assert_eq!(stage.active("adminUpdate", hours(1)).await.status, 201);
    stage.wait(60);
    assert!(!stage.is_member());
}

#[tokio::test]
async fn what_began_cannot_be_ended_for_five_minutes() {
    let stage = Stage::set().await;
    stage.active("adminAssign", hours(2)).await;
    stage.wait(4);
    assert_eq!(code(&stage.active("adminRemove", Value::Null).await), "ActiveDurationTooShort");
    assert!(stage.is_member());
    stage.wait(1);
    let removed = stage.active("adminRemove", Value::Null).await;
    assert_eq!((removed.status.as_u16(), &removed.body["status"]), (201, &json!("Revoked")));
    assert!(!stage.is_member());
    let short = json!({"type": "afterDuration", "duration": "PT4M"});
    assert_eq!(code(&stage.active("adminAssign", short).await), "ActiveDurationTooShort");
}

#[tokio::test]
async fn eligibility_ends_at_once() {
    let stage = Stage::set().await;
    stage.eligible("adminAssign", hours(2)).await;
    assert_eq!(stage.eligible("adminRemove", Value::Null).await.status, 201);
    assert!(stage.list("eligibilitySchedules").await.each("id").is_empty());
}

#[tokio::test]
async fn a_direct_removal_overrides_an_active_assignment() {
    let stage = Stage::set().await;
    stage.active("adminAssign", hours(2)).await;
    let path = format!("groups/{}/members/{}/$ref", stage.team, stage.ada);
    assert_eq!(stage.tenant.delete(&path).await.status, 204);
    assert!(!stage.is_member());
    assert!(stage.list("assignmentScheduleInstances").await.each("id").is_empty());
    assert_eq!(code(&stage.active("adminRemove", Value::Null).await), "RoleAssignmentDoesNotExist");
    assert_eq!(stage.tenant.join(&stage.team, &stage.ada).await.status, 204);
    stage.wait(24 * 60);
    assert!(stage.is_member(), "an ordinary member stays");
}

#[tokio::test]
async fn an_expired_member_can_be_added_again() {
    let stage = Stage::set().await;
    stage.active("adminAssign", hours(1)).await;
    stage.wait(61);
    let path = format!("groups/{}/members/{}/$ref", stage.team, stage.ada);
    assert_eq!(stage.tenant.delete(&path).await.status, 404);
    assert_eq!(stage.tenant.join(&stage.team, &stage.ada).await.status, 204);
    assert!(stage.is_member());
}

#[tokio::test]
async fn what_begins_later_gives_nothing_yet_and_can_be_cancelled() {
    let stage = Stage::set().await;
    let mut body = stage.body("adminAssign", &hours(1));
    body["scheduleInfo"]["startDateTime"] = json!("2026-03-02T09:00:00Z");
    let path = format!("{PIM}/assignmentScheduleRequests");
    let asked = stage.tenant.post(&path, body.clone()).await;
    assert_eq!(asked.body["status"], "PendingProvisioning");
    assert!(!stage.is_member());
    assert_eq!(stage.list("assignmentSchedules").await.each("id").len(), 1);
    assert!(stage.list("assignmentScheduleInstances").await.each("id").is_empty());
    let cancel = format!("{path}/{}/cancel", asked.id());
    assert_eq!(stage.tenant.post(&cancel, json!({})).await.status, 204);
    let again = stage.tenant.post(&path, body).await;
    stage.wait(60);
    assert!(stage.is_member());
    let cancel = format!("{path}/{}/cancel", again.id());
    assert_eq!(stage.tenant.post(&cancel, json!({})).await.status, 400, "it has begun");
}

#[tokio::test]
async fn the_rules_of_the_group_say_how_long_and_why() {
    let stage = Stage::set().await;
    let forever = json!({"type": "noExpiration"});
    assert_like("pim-request.400-policy", &stage.eligible("adminAssign", forever.clone()).await);
    let long = json!({"type": "afterDuration", "duration": "P181D"});
    let refused = stage.active("adminAssign", long).await;
    assert_eq!(refused.error().1, "The following policy rules failed: [\"ExpirationRule\"]");
    let mut silent = stage.body("adminAssign", &hours(1));
    silent["justification"] = json!(" ");
    let silent = stage.tenant.post(&format!("{PIM}/assignmentScheduleRequests"), silent).await;
    assert_eq!(silent.error().1, "The following policy rules failed: [\"JustificationRule\"]");
    let changed =
        stage.set_rule("Expiration_Admin_Assignment", json!({"isExpirationRequired": false})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(stage.active("adminAssign", forever).await.status, 201);
    let odd =
        stage.set_rule("Expiration_Admin_Assignment", json!({"maximumDuration": "P1M"})).await;
    assert_eq!(odd.status, 400);
    let tickets = json!({"enabledRules": ["Justification", "Ticketing"]});
    stage.set_rule("Enablement_Admin_Eligibility", tickets).await;
    let refused = stage.eligible("adminAssign", hours(1)).await;
    assert_eq!(refused.error().1, "The following policy rules failed: [\"TicketingRule\"]");
}

#[tokio::test]
async fn the_policies_of_a_group_get_new_ids_when_it_comes_under_management() {
    let stage = Stage::set().await;
    let path = format!(
        "policies/roleManagementPolicyAssignments?$filter=scopeId eq '{}' and scopeType eq \
         'Group' and roleDefinitionId eq 'member'&$expand=policy($expand=rules)",
        stage.team
    );
    let before = stage.tenant.get(&path).await;
    assert_like_policy(&before);
    stage.eligible("adminAssign", hours(1)).await;
    let after = stage.tenant.get(&path).await;
    assert_ne!(before.each("policyId"), after.each("policyId"));
    let old = format!("policies/roleManagementPolicies/{}/rules", before.each("policyId")[0]);
    assert_eq!(stage.tenant.get(&old).await.status, 404);
    let new = format!("policies/roleManagementPolicies/{}/rules", after.each("policyId")[0]);
    assert_eq!(stage.tenant.get(&new).await.each("id").len(), 17);
}

/// The example shows two of the seventeen rules: the others are left out before comparing.
fn assert_like_policy(answer: &Answer) {
    let mut body = answer.body.clone();
    let rules = body["value"][0]["policy"]["rules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["id"].as_str().unwrap().starts_with("Expiration_Admin"));
    let (status, headers) = (answer.status, answer.headers.clone());
    assert_like("pim-policyAssignments-group.200", &Answer { status, headers, body });
}

#[tokio::test]
async fn a_dry_run_tries_the_rules_and_changes_nothing() {
    let stage = Stage::set().await;
    let mut body = stage.body("adminAssign", &hours(1));
    body["isValidationOnly"] = json!(true);
    let path = format!("{PIM}/assignmentScheduleRequests");
    assert_eq!(stage.tenant.post(&path, body.clone()).await.status, 201);
    assert!(!stage.is_member());
    body["scheduleInfo"]["expiration"] = json!({"type": "noExpiration"});
    assert_eq!(stage.tenant.post(&path, body).await.status, 400);
}

#[tokio::test]
async fn a_person_activates_their_own_eligibility_and_nobody_elses() {
    let mut stage = Stage::set().await;
    stage.eligible("adminAssign", hours(10)).await;
    let own = sandbox::Who::User(stage.ada.clone());
    let admin = std::mem::take(&mut stage.tenant.token);
    stage.tenant.token = stage.tenant.sandbox.world.token_for(&own, GRAPH);
    let activated = stage.active("selfActivate", hours(2)).await;
    assert_like("pim-assignmentScheduleRequests-selfActivate.201", &activated);
    assert!(stage.is_member());
    let listed = stage.list("assignmentScheduleInstances").await;
    assert_eq!(listed.each("assignmentType"), ["Activated"]);
    assert_eq!(code(&stage.active("selfDeactivate", Value::Null).await), "ActiveDurationTooShort");
    stage.wait(5);
    assert_eq!(stage.active("selfDeactivate", Value::Null).await.status, 201);
    assert!(!stage.is_member());
    let longer = stage.active("selfActivate", hours(9)).await;
    assert!(longer.error().1.contains("ExpirationRule"), "eight hours are the most");
    assert_eq!(stage.active("adminAssign", hours(1)).await.status, 403);
    stage.tenant.token = admin;
    assert_eq!(stage.active("selfActivate", hours(1)).await.status, 403, "an app has no self");
}

#[tokio::test]
async fn lists_are_of_one_group_or_one_person() {
    let stage = Stage::set().await;
    for collection in ["assignmentSchedules", "eligibilityScheduleInstances"] {
        let all = stage.tenant.get(&format!("{PIM}/{collection}")).await;
        assert_eq!(all.status, 400, "{collection}");
    }
    stage.tenant.expect_violation("group/schedules: request: the contract has no such operation");
    let unknown = stage.tenant.get(&format!("{PIM}/schedules?$filter=groupId eq 'x'")).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn dynamic_and_synced_groups_and_unknown_people_are_refused() {
    let mut stage = Stage::set().await;
    let (team, ada) = (stage.team.clone(), stage.ada.clone());
    let groups = stage.tenant.seed(|d| {
        let group = |name: &str| NewGroup { display_name: name.to_owned(), ..NewGroup::default() };
        let dynamic = NewGroup { types: vec!["DynamicMembership".into()], ..group("dynamic") };
        let synced = NewGroup { synced: true, ..group("synced") };
        [d.create_group(dynamic).id.clone(), d.create_group(synced).id.clone()]
    });
    for group in groups {
        stage.team = group;
        assert_eq!(
            code(&stage.active("adminAssign", hours(1)).await),
            "InvalidRoleAssignmentRequest"
        );
    }
    (stage.team, stage.ada) = (team, NOBODY.to_owned());
    let nobody = stage.active("adminAssign", hours(1)).await;
    assert_eq!((nobody.status.as_u16(), code(&nobody)), (404, "SubjectNotFound"));
    (stage.team, stage.ada) = (NOBODY.to_owned(), ada);
    let nothing = stage.active("adminAssign", hours(1)).await;
    assert_eq!((nothing.status.as_u16(), code(&nothing)), (404, "RoleNotFound"));
}

#[tokio::test]
async fn each_kind_needs_its_own_permission() {
    let mut stage = Stage::set().await;
    let graph =
        |permission: &str| Rights { graph: [permission.to_owned()].into(), ..Rights::default() };
    let world = stage.tenant.sandbox.world.clone();
    world.grant("active", graph("PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"));
    world.grant("remove", graph("PrivilegedAssignmentSchedule.Remove.AzureADGroup"));
    world.grant("eligible", graph("PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"));
    world.grant("look", graph("PrivilegedEligibilitySchedule.Read.AzureADGroup"));
    for (function, status) in [("eligible", 403), ("remove", 403), ("look", 403), ("active", 201)] {
        stage.tenant.act_as(function);
        assert_eq!(stage.active("adminAssign", hours(1)).await.status, status, "{function}");
    }
    assert_eq!(stage.eligible("adminAssign", hours(1)).await.status, 403);
    assert_eq!(stage.list("assignmentSchedules").await.status, 200);
    assert_eq!(stage.list("eligibilitySchedules").await.status, 403);
    stage.tenant.act_as("look");
    assert_eq!(stage.list("eligibilitySchedules").await.status, 200);
    assert_eq!(stage.eligible("adminAssign", hours(1)).await.status, 403);
    let policies = "policies/roleManagementPolicies/Group_x_y/rules";
    assert_eq!(stage.tenant.get(policies).await.status, 403);
    stage.wait(5);
    stage.tenant.act_as("remove");
    assert_eq!(stage.active("adminRemove", Value::Null).await.status, 201);
}

#[tokio::test]
async fn a_role_assignable_group_is_changed_by_pim_without_the_strong_right() {
    let mut stage = Stage::set().await;
    stage.team = stage.tenant.seed(|d| {
        let new = NewGroup {
            display_name: "admins".to_owned(),
            security_enabled: true,
            role_assignable: true,
            ..NewGroup::default()
        };
        d.create_group(new).id.clone()
    });
    let rights =
        ["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup", "GroupMember.ReadWrite.All"];
    let graph = rights.map(str::to_owned).into();
    stage.tenant.sandbox.world.grant("grant", Rights { graph, ..Rights::default() });
    stage.tenant.act_as("grant");
    assert_eq!(stage.tenant.join(&stage.team, &stage.ada).await.status, 403);
    assert_eq!(stage.active("adminAssign", hours(1)).await.status, 201);
    assert!(stage.is_member());
}

#[tokio::test]
async fn reads_that_lag_show_neither_schedule_nor_membership() {
    let stage = Stage::set().await;
    stage.tenant.sandbox.world.lag.set(1);
    stage.active("adminAssign", hours(1)).await;
    let first = stage.list("assignmentScheduleInstances").await;
    assert!(first.body["value"].as_array().unwrap().is_empty());
    assert_eq!(stage.list("assignmentScheduleInstances").await.each("id").len(), 1);
}
