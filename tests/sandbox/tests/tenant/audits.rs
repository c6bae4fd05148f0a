//! The audit log: who changed a membership, when it is told, and how often one may ask.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use sandbox::{Config, Rights, Who};
use serde_json::{Value, json};

use crate::support::{Answer, GRAPH, Tenant};

const LOG: &str = "auditLogs/directoryAudits";

/// A tenant in which the administrator adds a member to a group; the group, the member.
async fn changed(tenant: &Tenant) -> (String, String) {
    let group = tenant.seed(|directory| directory.add_group("team"));
    let member = tenant.seed(|directory| directory.add_user("ada"));
    assert_eq!(tenant.join(&group, &member).await.status, StatusCode::NO_CONTENT);
    (group, member)
}

async fn about(tenant: &Tenant, id: &str) -> Answer {
    let filter = format!(
        "activityDateTime ge 2026-03-01T00:00:00Z and activityDateTime le 2027-01-01T00:00:00Z \
         and targetResources/any(t:t/id eq '{id}')"
    );
    tenant.get(&format!("{LOG}?$filter={}", filter.replace(' ', "%20"))).await
}

fn named<'a>(answer: &'a Answer, name: &str) -> Vec<&'a Value> {
    let rows = answer.body["value"].as_array().unwrap();
    rows.iter().filter(|row| row["activityDisplayName"] == name).collect()
}

#[tokio::test]
async fn a_membership_names_who_changed_it() {
    let mut tenant = Tenant::start().await;
    let (group, member) = changed(&tenant).await;
    let admin = tenant.sandbox.world.config.admin_client_id.clone();
    let answer = about(&tenant, &member).await;
    let rows = named(&answer, "Add member to group");
    assert_eq!(rows.len(), 1, "{}", answer.body);
    assert_eq!(rows[0]["initiatedBy"]["app"]["appId"], json!(admin));
    assert_eq!(rows[0]["initiatedBy"]["user"], Value::Null);
    let ids: Vec<_> =
        rows[0]["targetResources"].as_array().unwrap().iter().map(|t| &t["id"]).collect();
    assert_eq!(ids, [&json!(member), &json!(group)]);
    // A user who signed in is named as one.
    let olga = tenant.seed(|directory| directory.add_user("olga"));
    tenant.seed(|directory| directory.make_administrator(&olga));
    tenant.token = tenant.sandbox.world.token_for(&Who::User(olga.clone()), GRAPH);
    let gone = tenant.delete(&format!("groups/{group}/members/{member}/$ref")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let answer = about(&tenant, &member).await;
    assert_eq!(
        named(&answer, "Remove member from group")[0]["initiatedBy"]["user"]["id"],
        json!(olga)
    );
    // What a test does by its own hand was done by nobody.
    tenant.seed(|directory| directory.add_to_group(&group, &member)).unwrap();
    let answer = about(&tenant, &member).await;
    let by = &named(&answer, "Add member to group")[0]["initiatedBy"];
    assert_eq!(*by, json!({"user": null, "app": null}));
}

#[tokio::test]
async fn filters_by_time_name_and_target_are_answered() {
    let tenant = Tenant::start().await;
    let (group, member) = changed(&tenant).await;
    let name = "$filter=activityDisplayName%20eq%20'Add%20member%20to%20group'";
    assert_eq!(tenant.get(&format!("{LOG}?{name}")).await.each("id").len(), 1);
    assert!(about(&tenant, "11111111-2222-3333-4444-555555555555").await.each("id").is_empty());
    assert_eq!(about(&tenant, &group).await.each("id").len(), 2);
    let future = "$filter=activityDateTime%20ge%202026-04-01T00:00:00Z";
    assert!(tenant.get(&format!("{LOG}?{future}")).await.each("id").is_empty());
    let all = about(&tenant, &member).await;
    let one = tenant.get(&format!("{LOG}/{}", all.each("id")[0])).await;
    assert_eq!(one.status, StatusCode::OK);
}

#[tokio::test]
async fn the_log_lags_and_forgets() {
    let tenant = Tenant::start().await;
    tenant.sandbox.world.audits.set_lag(SignedDuration::from_mins(5));
    let (_, member) = changed(&tenant).await;
    let clock = &tenant.sandbox.world.clock;
    assert!(about(&tenant, &member).await.each("id").is_empty());
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(about(&tenant, &member).await.each("id").len(), 2);
    clock.advance(SignedDuration::from_hours(20));
    assert_eq!(about(&tenant, &member).await.each("id").len(), 2);
}

#[tokio::test]
async fn reading_it_takes_a_permission_of_its_own() {
    let mut tenant = Tenant::start().await;
    let (_, member) = changed(&tenant).await;
    let world = &tenant.sandbox.world;
    let rights = |name: &str| Rights { graph: [name.to_owned()].into(), ..Rights::default() };
    world.grant("reader", rights("AuditLog.Read.All"));
    world.grant("other", rights("Directory.Read.All"));
    tenant.act_as("other");
    assert_eq!(about(&tenant, &member).await.status, StatusCode::FORBIDDEN);
    tenant.act_as("reader");
    assert_eq!(about(&tenant, &member).await.status, StatusCode::OK);
}

#[tokio::test]
async fn five_requests_in_ten_seconds_are_answered_and_the_sixth_waits() {
    let tenant = Tenant::with(Config { throttling: true, ..Config::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(tenant.send(Method::GET, LOG, None).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    tenant.sandbox.world.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(tenant.get(LOG).await.status, StatusCode::OK);
    assert_eq!(tenant.get("users").await.status, StatusCode::OK, "others have their own limit");
}
