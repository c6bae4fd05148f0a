//! Are the queues, topics and subscriptions those that `function.json` and the code name?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask::rights::{apps, functions};

use super::{LARGE, SMALL, bicep::Deployed};

/// Names below the namespace, by type.
fn names(deployed: &Deployed, kind: &str) -> BTreeSet<String> {
    let all = deployed.of(&format!("Microsoft.ServiceBus/namespaces/{kind}"));
    let name = |id: &str| {
        id.split_once('/').and_then(|(_, rest)| rest.split_once('/')).map(|at| at.1.to_owned())
    };
    let below = |id: &str| id.split_once(':').and_then(|(_, path)| name(&format!("/{path}")));
    all.iter().map(|found| below(&found.id).expect("below the namespace")).collect()
}

#[test]
fn every_entity_that_a_function_receives_from_or_sends_to_is_there_and_no_other() {
    let (mut queues, mut topics, mut subscriptions) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut sent = BTreeSet::new();
    for rights in functions().expect("readable").into_values() {
        for from in rights.service_bus.receive {
            match from.split_once('/') {
                Some((topic, _)) => {
                    topics.insert(topic.to_owned());
                    subscriptions.insert(from);
                }
                None => drop(queues.insert(from)),
            }
        }
        sent.extend(rights.service_bus.send);
    }
    let all: BTreeSet<_> = queues.union(&topics).cloned().collect();
    assert_eq!(sent, all, "what nobody sends to, or nobody receives from");
    for deployed in [&SMALL, &LARGE] {
        assert_eq!(names(deployed, "queues"), queues);
        assert_eq!(names(deployed, "topics"), topics);
        assert_eq!(names(deployed, "topics/subscriptions"), subscriptions);
    }
}

#[test]
fn a_subscription_takes_what_bears_its_name_and_nothing_else() {
    let rules = SMALL.of("Microsoft.ServiceBus/namespaces/topics/subscriptions/rules");
    let mut seen = BTreeMap::new();
    for rule in &rules {
        let path: Vec<_> = rule.id.split('/').collect();
        let [.., subscription, "$Default"] = path.as_slice() else {
            panic!("{} stands beside the rule that lets everything through", rule.id)
        };
        let wanted = json!({
            "filterType": "CorrelationFilter", "correlationFilter": { "label": subscription },
        });
        assert_eq!(rule.body["properties"], wanted);
        seen.insert((*subscription).to_owned(), ());
    }
    assert_eq!(seen.len(), names(&SMALL, "topics/subscriptions").len());
}

/// The sandbox's broker has the same; what the tests prove holds for these.
#[test]
fn sessions_duplicates_and_deliveries_are_as_the_functions_and_the_sandbox_take_them() {
    for kind in ["queues", "topics/subscriptions"] {
        for found in SMALL.of(&format!("Microsoft.ServiceBus/namespaces/{kind}")) {
            let properties = &found.body["properties"];
            assert_eq!(properties["requiresSession"], true, "{}", found.id);
            assert_eq!(properties["lockDuration"], "PT1M", "{}", found.id);
            assert_eq!(properties["maxDeliveryCount"], 10, "{}", found.id);
            assert_eq!(properties["deadLetteringOnMessageExpiration"], true, "{}", found.id);
        }
    }
    for kind in ["queues", "topics"] {
        for found in SMALL.of(&format!("Microsoft.ServiceBus/namespaces/{kind}")) {
            let properties = &found.body["properties"];
            assert_eq!(properties["requiresDuplicateDetection"], true, "{}", found.id);
            assert_eq!(properties["duplicateDetectionHistoryTimeWindow"], "PT10M", "{}", found.id);
        }
    }
    let declared = sandbox::bus::EntityOptions::default();
    assert_eq!((declared.max_delivery_count, declared.lock_duration.as_secs()), (10, 60));
}

#[test]
fn what_waits_for_a_leaver_is_there_and_the_rest_scales_to_zero() {
    let mut waits = BTreeMap::new();
    for site in SMALL.of("Microsoft.Web/sites") {
        let app = site.body["tags"]["azd-service-name"].as_str().expect("its app").to_owned();
        let ready =
            &site.body["properties"]["functionAppConfig"]["scaleAndConcurrency"]["alwaysReady"];
        let names = ready.as_array().expect("a list").iter();
        let names: Vec<_> = names.map(|one| one["name"].as_str().expect("a name")).collect();
        for name in &names {
            let app = apps().expect("readable").into_iter().find(|known| known.name == app);
            let app = app.expect("an app of the list");
            match name.strip_prefix("function:") {
                Some(function) => assert!(app.functions.contains(function), "{function}"),
                None => assert_eq!(*name, "http"),
            }
        }
        waits.insert(app, json!(names));
    }
    let wanted: BTreeMap<String, Value> = [
        ("azure", json!([])),
        ("cleanup", json!([])),
        ("cluster", json!([])),
        ("directory", json!(["function:disable_sign_in", "function:end_sessions"])),
        ("intake", json!(["http", "function:record_person_event"])),
        ("planner", json!(["function:plan_person"])),
    ]
    .into_iter()
    .map(|(app, names)| (app.to_owned(), names))
    .collect();
    assert_eq!(waits, wanted);
}
