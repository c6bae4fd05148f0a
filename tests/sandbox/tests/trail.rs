//! What was done through ARM: in the Activity Log, and as events.
#![expect(clippy::unwrap_used, reason = "tests")]

mod wire;

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use sandbox::event_grid::Partner;
use sandbox::{Config, Rights, Sandbox, Who};
use serde_json::{Value, json};
use wire::{Answer, Wire};

const READER: &str = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";
const NAME: &str = "11111111-2222-4333-8444-555555555555";
const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";

struct Stage {
    sandbox: Sandbox,
    arm: Wire,
    cluster: String,
    events: Arc<Mutex<Vec<Value>>>,
}

async fn start() -> Stage {
    let start = Some("2026-03-01T08:00:00Z".parse().unwrap());
    let sandbox = wire::sandbox(Config { start, ..Config::default() }).await;
    let events: Arc<Mutex<Vec<Value>>> = Arc::default();
    let seen = Arc::clone(&events);
    sandbox.world.event_grid.connect(Arc::new(move |event| {
        seen.lock().unwrap().push(event);
        Box::pin(async { true })
    }));
    let arm = Wire::arm(&sandbox, &Who::Admin);
    let cluster = sandbox.world.config.clusters[0].resource_id.clone();
    Stage { sandbox, arm, cluster, events }
}

impl Stage {
    fn assignment(&self) -> String {
        format!(
            "{}/namespaces/dev/providers/Microsoft.Authorization/roleAssignments/{NAME}",
            self.cluster
        )
    }

    async fn assign(&self, by: &Wire) -> String {
        let group = self.sandbox.world.directory.write().unwrap().add_group("team");
        let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}");
        let body = json!({"properties": {
            "roleDefinitionId": role, "principalId": group, "principalType": "Group",
        }});
        let path = format!("{}?api-version=2022-04-01", self.assignment());
        assert_eq!(by.put(&path, body).await.status, 201);
        group
    }

    async fn log(&self, of: &str) -> Answer {
        let filter = format!(
            "eventTimestamp ge '2026-02-01T00:00:00Z' and eventTimestamp le '2026-12-31T00:00:00Z'{of}"
        );
        let subscription = &self.sandbox.world.config.subscription;
        self.arm
            .get(&format!(
                "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management\
                 /values?api-version=2015-04-01&$filter={}",
                filter.replace(' ', "%20")
            ))
            .await
    }

    async fn events(&self) -> Vec<Value> {
        self.sandbox.world.event_grid.settled().await;
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}

#[tokio::test]
async fn an_assignment_leaves_a_pair_of_events_with_what_was_sent_and_what_was_deleted() {
    let stage = start().await;
    let group = stage.assign(&stage.arm).await;
    let path = format!("{}?api-version=2022-04-01", stage.assignment());
    assert_eq!(stage.arm.delete(&path).await.status, 200);
    assert_eq!(stage.arm.delete(&path).await.status, 204, "nothing happens, nothing is noted");
    let log = stage.log(" and resourceProvider eq 'Microsoft.Authorization'").await;
    let rows = log.body["value"].as_array().unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |at: &Value| at["value"].as_str().unwrap().to_owned();
            (text(&row["operationName"]), text(&row["status"]))
        })
        .collect();
    let is = |n: usize| (told[n].0.rsplit('/').next().unwrap(), told[n].1.as_str());
    assert_eq!([is(0), is(1)], [("delete", "Succeeded"), ("delete", "Started")]);
    assert_eq!([is(2), is(3)], [("write", "Succeeded"), ("write", "Started")]);
    assert_eq!(rows[0]["operationId"], rows[1]["operationId"]);
    assert_ne!(rows[0]["operationId"], rows[2]["operationId"]);
    for (row, body) in [(&rows[3], "requestbody"), (&rows[0], "responseBody")] {
        let text = row["properties"][body].as_str().unwrap();
        let body: Value = serde_json::from_str(text).unwrap();
        assert_eq!(body["properties"]["principalId"], json!(group));
    }
    let of = format!(" and resourceUri eq '{}'", stage.assignment());
    assert_eq!(stage.log(&of).await.body["value"].as_array().unwrap().len(), 4);
    assert_eq!(stage.log(" and caller eq 'x'").await.code(), "BadRequest");
}

#[tokio::test]
async fn events_name_the_resource_and_who_did_it_and_neither_principal_nor_role() {
    let stage = start().await;
    let olga = stage.sandbox.world.directory.write().unwrap().add_user("olga");
    let subscription = format!("/subscriptions/{}", stage.sandbox.world.config.subscription);
    stage.sandbox.world.azure.write().unwrap().assign("Owner", &subscription, "User", &olga);
    let by = Wire::arm(&stage.sandbox, &Who::User(olga.clone()));
    let group = stage.assign(&by).await;
    let path = format!("{}?api-version=2022-04-01", stage.assignment());
    by.delete(&path).await;
    let events = stage.events().await;
    let kinds: Vec<_> = events.iter().map(|e| e["eventType"].as_str().unwrap()).collect();
    let expected = ["ResourceWriteSuccess", "ResourceDeleteSuccess"];
    assert_eq!(kinds, expected.map(|kind| format!("Microsoft.Resources.{kind}")));
    for event in &events {
        assert_eq!(event["subject"], json!(stage.assignment()));
        assert_eq!(event["data"]["resourceUri"], json!(stage.assignment()));
        assert_eq!(event["data"]["claims"][OBJECT_ID], json!(olga));
        assert!(!event.to_string().contains(&group));
    }
    let log = stage.log("").await;
    let upn = format!("olga@{}", stage.sandbox.world.config.tenant);
    assert_eq!(log.body["value"][0]["caller"], json!(upn));
}

#[tokio::test]
async fn a_handed_out_admin_credential_is_an_action_and_is_not_in_the_log_itself() {
    let stage = start().await;
    let path = format!("{}/listClusterAdminCredential?api-version=2026-04-01", stage.cluster);
    assert_eq!(stage.arm.act(&path).await.status, 400, "local accounts are off");
    assert!(stage.events().await.is_empty());
    let failed = stage.log("").await;
    assert_eq!(failed.body["value"][0]["status"]["value"], "Failed");
    let allow =
        |document: &mut Value| document["properties"]["disableLocalAccounts"] = json!(false);
    stage.sandbox.world.azure.write().unwrap().clusters.edit("aks-west", allow);
    assert_eq!(stage.arm.act(&path).await.status, 200);
    let events = stage.events().await;
    assert_eq!(events[0]["eventType"], "Microsoft.Resources.ResourceActionSuccess");
    assert_eq!(events[0]["data"]["resourceUri"], json!(stage.cluster));
    let log = stage.log("").await;
    assert_eq!(log.body["value"][0]["status"]["value"], "Succeeded");
    assert!(!log.body.to_string().contains("kubeconfig"), "{}", log.body);
}

#[tokio::test]
async fn the_log_lags_ends_after_ninety_days_and_takes_a_right_of_its_own() {
    let stage = start().await;
    stage.sandbox.world.azure.write().unwrap().knobs.activity_lag = SignedDuration::from_mins(3);
    stage.assign(&stage.arm).await;
    let count = async || stage.log("").await.body["value"].as_array().map(Vec::len);
    assert_eq!(count().await, Some(0));
    stage.sandbox.world.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(count().await, Some(2));
    let rights = |action: &str| Rights { arm: [action.to_owned()].into(), ..Rights::default() };
    stage.sandbox.world.grant("reads", rights("Microsoft.Insights/eventtypes/values/read"));
    stage.sandbox.world.grant("other", rights("Microsoft.Authorization/roleAssignments/read"));
    let subscription = &stage.sandbox.world.config.subscription;
    let path = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values\
         ?api-version=2015-04-01&$filter=eventTimestamp%20ge%20'2026-03-01T00:00:00Z'"
    );
    for (function, status) in [("reads", 200), ("other", 403)] {
        let wire = Wire::arm(&stage.sandbox, &Who::Latchkey).function(function);
        assert_eq!(wire.get(&path).await.status, status, "{function}");
    }
    stage.sandbox.world.clock.advance(SignedDuration::from_hours(91 * 24));
    let arm = Wire::arm(&stage.sandbox, &Who::Admin);
    assert_eq!(arm.get(&path).await.code(), "BadRequest");
}

#[tokio::test]
async fn the_directorys_changes_go_through_a_partner_topic_as_long_as_its_subscription_lives() {
    let stage = start().await;
    let world = &stage.sandbox.world;
    world.directory.write().unwrap().add_user("before");
    let expires = world.clock.now() + SignedDuration::from_hours(1);
    let partner = Partner { client_state: "c".into(), subscription_id: NAME.into(), expires };
    world.event_grid.set_partner(Some(partner));
    let (group, user) = {
        let mut directory = world.directory.write().unwrap();
        let (group, user) = (directory.add_group("team"), directory.add_user("ada"));
        directory.add_to_group(&group, &user).unwrap();
        directory.delete_user(&user);
        directory.purge_user(&user);
        (group, user)
    };
    let events = stage.events().await;
    let told: Vec<_> = events
        .iter()
        .map(|event| (event["type"].as_str().unwrap(), event["subject"].as_str().unwrap()))
        .collect();
    let (group_name, user_name) = (format!("Groups/{group}"), format!("Users/{user}"));
    assert_eq!(
        told,
        [
            ("Microsoft.Graph.GroupUpdated", group_name.as_str()),
            ("Microsoft.Graph.UserUpdated", &user_name),
            ("Microsoft.Graph.GroupUpdated", &group_name),
            ("Microsoft.Graph.UserUpdated", &user_name),
            ("Microsoft.Graph.UserDeleted", &user_name),
        ]
    );
    assert_eq!(events[2]["data"]["resourceData"]["members@delta"], json!([{"id": user}]));
    assert_eq!(events[0]["data"]["clientState"], "c");
    world.clock.advance(SignedDuration::from_hours(2));
    world.directory.write().unwrap().add_user("after");
    assert!(stage.events().await.is_empty());
}
