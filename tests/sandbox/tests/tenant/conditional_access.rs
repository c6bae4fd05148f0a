//! Conditional Access: policies, what-if, and the sign-ins they meet.

use http::Method;
use sandbox::conditional_access::{AKS_SERVER, Attempt, Flow};
use sandbox::{Config, Rights};
use serde_json::{Value, json};

use crate::shapes::assert_like;
use crate::support::*;

const POLICIES: &str = "identity/conditionalAccess/policies";

fn aks_policy(groups: &[&str], state: &str) -> Value {
    json!({
        "displayName": "aks-policy", "state": state,
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": [AKS_SERVER]},
            "users": {"includeGroups": groups},
        },
        "grantControls": {"operator": "AND", "builtInControls": ["compliantDevice"]},
    })
}

fn attempt(user: &str, flow: Flow, compliant_device: bool) -> Attempt<'_> {
    let client = ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI");
    Attempt { user, resource: AKS_SERVER, client, flow, compliant_device, mfa: true }
}

async fn stage() -> (Tenant, String, String) {
    let tenant = Tenant::start().await;
    let (ada, team) = tenant.seed(|d| {
        let (ada, team) = (d.add_user("ada"), d.add_group("team"));
        d.add_member(&team, &ada);
        (ada, team)
    });
    (tenant, ada, team)
}

async fn evaluate(tenant: &Tenant, user: &str, only_applied: bool) -> Answer {
    let body = json!({
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": user},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": [AKS_SERVER],
        },
        "signInConditions": {
            "devicePlatform": "windows", "clientAppType": "mobileAppsAndDesktopClients",
            "deviceInfo": {"isCompliant": false},
        },
        "appliedPoliciesOnly": only_applied,
    });
    tenant.post("identity/conditionalAccess/evaluate", body).await
}

#[tokio::test]
async fn policies_are_made_listed_changed_and_deleted_as_documented() {
    let (tenant, _, team) = stage().await;
    let made = tenant.post(POLICIES, aks_policy(&[&team], "enabled")).await;
    assert_like("conditionalAccess-policy-create-aks.201", &made);
    let listed = tenant.get(POLICIES).await;
    assert_eq!(listed.each("displayName"), ["aks-policy"]);
    let path = format!("{POLICIES}/{}", made.id());
    let change = json!({"state": "disabled", "conditions": {"users": {
        "includeGroups": [team], "excludeGroups": [team],
    }}});
    assert_eq!(tenant.patch(&path, change).await.status, 204);
    let changed = tenant.get(&path).await;
    assert_eq!(changed.body["state"], "disabled");
    assert_eq!(changed.body["conditions"]["users"]["excludeGroups"], json!([team]));
    let kept = &changed.body["conditions"]["applications"]["includeApplications"];
    assert_eq!(kept, &json!([AKS_SERVER]));
    assert!(changed.body["modifiedDateTime"].is_string());
    assert_eq!(tenant.delete(&path).await.status, 204);
    assert_eq!(tenant.get(&path).await.status, 404);
}

#[tokio::test]
async fn what_makes_no_policy_is_refused_by_number() {
    let (tenant, _, team) = stage().await;
    let good = aks_policy(&[&team], "enabled");
    let spoil = |change: fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let bodies = [
        spoil(|b| b["state"] = json!("on")),
        spoil(|b| drop(b.as_object_mut().unwrap().remove("displayName"))),
        spoil(|b| b["conditions"]["users"] = json!({})),
        spoil(|b| b["conditions"]["users"]["includeGroups"] = json!([NOBODY])),
        spoil(|b| b["conditions"]["applications"] = json!({})),
        spoil(|b| b["grantControls"]["operator"] = json!("XOR")),
        spoil(|b| b["grantControls"]["builtInControls"] = json!(["niceDevice"])),
        spoil(|b| b["grantControls"] = Value::Null),
    ];
    tenant.expect_violation("POST /v1.0/identity/conditionalAccess/policies: request");
    for body in bodies {
        let refused = tenant.post(POLICIES, body.clone()).await;
        let (code, message) = refused.error();
        assert_eq!((refused.status.as_u16(), code), (400, "BadRequest"), "{body}");
        assert!(message.starts_with("10"), "{message}");
    }
    assert!(tenant.get(POLICIES).await.each("id").is_empty());
}

#[tokio::test]
async fn what_if_says_which_policies_apply_and_why_others_do_not() {
    let (tenant, ada, team) = stage().await;
    let bob = tenant.seed(|d| d.add_user("bob"));
    tenant.post(POLICIES, aks_policy(&[&team], "enabled")).await;
    assert_like("conditionalAccess-evaluate-aks.200", &evaluate(&tenant, &ada, true).await);
    assert!(evaluate(&tenant, &bob, true).await.each("id").is_empty());
    let all = evaluate(&tenant, &bob, false).await;
    assert_eq!(all.each("analysisReasons"), ["users"]);
    let mut off = aks_policy(&[&team], "disabled");
    off["displayName"] = json!("off");
    tenant.post(POLICIES, off).await;
    let reasons = evaluate(&tenant, &ada, false).await;
    assert_eq!(reasons.each("analysisReasons"), ["notSet", "policyNotEnabled"]);
}

#[tokio::test]
async fn an_enforced_policy_refuses_a_device_that_nobody_knows() {
    let (tenant, ada, team) = stage().await;
    let world = &tenant.sandbox.world;
    assert!(world.sign_in(&attempt(&ada, Flow::DeviceCode, false)).is_ok());
    tenant.post(POLICIES, aks_policy(&[&team], "enabled")).await;
    for flow in [Flow::DeviceCode, Flow::Password] {
        // A device code cannot prove the device, however good it is.
        let blocked = world.sign_in(&attempt(&ada, flow, true)).unwrap_err();
        assert_eq!((blocked.policy.as_str(), blocked.code), ("aks-policy", 53_000));
    }
    assert!(world.sign_in(&attempt(&ada, Flow::Browser, true)).is_ok());
    let log = format!(
        "auditLogs/signIns?$filter=resourceId eq '{AKS_SERVER}' and userId eq '{ada}' and \
         createdDateTime ge 2025-01-01T00:00:00Z&$top=50"
    );
    let log = tenant.get(&log).await;
    let statuses = ["success", "failure", "failure", "notApplied"];
    assert_eq!(log.each("conditionalAccessStatus"), statuses);
    let applied = &log.body["value"][0]["appliedConditionalAccessPolicies"][0];
    assert_eq!(
        (&applied["result"], &applied["displayName"]),
        (&json!("success"), &json!("aks-policy"))
    );
    let later = "auditLogs/signIns?$filter=createdDateTime ge 2099-01-01T00:00:00Z";
    assert!(tenant.get(later).await.each("id").is_empty());
}

#[tokio::test]
async fn the_log_is_shown_as_documented() {
    let (tenant, ada, team) = stage().await;
    tenant.post(POLICIES, aks_policy(&[&team], "disabled")).await;
    for _ in 0..2 {
        assert!(tenant.sandbox.world.sign_in(&attempt(&ada, Flow::Browser, false)).is_ok());
    }
    let mut log = tenant.get("auditLogs/signIns?$top=1").await;
    // The documentation writes the header in another way than every answer has it.
    log.headers.insert("Content-Type", "application/json".parse().unwrap());
    assert_like("auditLogs-signIns-list.200", &log);
    let next = log.body["@odata.nextLink"].as_str().unwrap();
    assert!(tenant.get(next).await.body.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn a_policy_that_only_reports_refuses_nobody_and_is_logged() {
    let (tenant, ada, team) = stage().await;
    tenant.post(POLICIES, aks_policy(&[&team], "enabledForReportingButNotEnforced")).await;
    assert!(tenant.sandbox.world.sign_in(&attempt(&ada, Flow::DeviceCode, false)).is_ok());
    let log = tenant.get("auditLogs/signIns").await;
    assert_eq!(log.each("conditionalAccessStatus"), ["notApplied"]);
    let applied = &log.body["value"][0]["appliedConditionalAccessPolicies"][0];
    assert_eq!(applied["result"], "reportOnlyFailure");
}

#[tokio::test]
async fn who_is_excluded_signs_in() {
    let (tenant, ada, team) = stage().await;
    let glass = tenant.seed(|d| d.add_group("break-glass"));
    let mut policy = aks_policy(&[&team], "enabled");
    policy["conditions"]["users"]["excludeGroups"] = json!([glass]);
    tenant.post(POLICIES, policy).await;
    assert!(tenant.sandbox.world.sign_in(&attempt(&ada, Flow::Password, false)).is_err());
    tenant.seed(|d| d.add_member(&glass, &ada));
    assert!(tenant.sandbox.world.sign_in(&attempt(&ada, Flow::Password, false)).is_ok());
}

#[tokio::test]
async fn policies_need_three_permissions_and_the_log_one() {
    let (mut tenant, _, team) = stage().await;
    let graph = |permissions: &[&str]| Rights {
        graph: permissions.iter().map(|p| (*p).to_owned()).collect(),
        ..Rights::default()
    };
    let world = tenant.sandbox.world.clone();
    let all = ["Policy.ReadWrite.ConditionalAccess", "Policy.Read.All", "Application.Read.All"];
    for (n, missing) in all.iter().enumerate() {
        let rest: Vec<&str> = all.iter().filter(|p| *p != missing).copied().collect();
        let function = format!("without_{n}");
        world.grant(&function, graph(&rest));
        tenant.act_as(&function);
        let denied = tenant.post(POLICIES, aks_policy(&[&team], "enabled")).await;
        assert_eq!(denied.status, 403, "without {missing}");
    }
    world.grant("all", graph(&all));
    tenant.act_as("all");
    assert_eq!(tenant.post(POLICIES, aks_policy(&[&team], "enabled")).await.status, 201);
    assert_eq!(tenant.get("auditLogs/signIns").await.status, 403);
    world.grant("log", graph(&["AuditLog.Read.All"]));
    tenant.act_as("log");
    assert_eq!(tenant.get("auditLogs/signIns").await.status, 200);
    assert_eq!(tenant.get(POLICIES).await.status, 403);
}

#[tokio::test]
async fn a_busy_tenant_answers_one_call_a_second_and_does_not_say_when_to_come_again() {
    let tenant = Tenant::with(Config { throttling: true, ..Config::default() }).await;
    assert_eq!(tenant.get(POLICIES).await.status, 200);
    let second = tenant.send(Method::GET, POLICIES, None).await;
    assert_eq!(second.status, 429);
    assert!(second.headers.get("Retry-After").is_none());
    tenant.sandbox.world.clock.advance(jiff::SignedDuration::from_secs(1));
    assert_eq!(tenant.get(POLICIES).await.status, 200);
}
