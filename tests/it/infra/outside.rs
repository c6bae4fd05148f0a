//! Do routes, event subscriptions, alerts and what azd deploys agree with the code?

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value, json};
use xtask::{
    pack::{root, source},
    rights::apps,
};

use super::{
    SMALL,
    bicep::{Resource, deploy},
};

fn trigger(function: &str) -> Value {
    let text = fs::read(source(function).expect("a function")).expect("readable");
    let config: Value = serde_json::from_slice(&text).expect("JSON");
    config["bindings"][0].clone()
}

fn app_of(function: &str) -> String {
    let apps = apps().expect("readable");
    let app = apps.into_iter().find(|app| app.functions.contains(function));
    app.unwrap_or_else(|| panic!("{function} is in no app")).name
}

#[test]
fn addresses_that_others_are_told_are_routes_of_functions() {
    let host: Value =
        serde_json::from_slice(&fs::read(root().join("host.json")).expect("host.json"))
            .expect("JSON");
    let prefix = host["extensions"]["http"]["routePrefix"].as_str().expect("a prefix");
    let place = |function: &str| {
        assert_eq!(app_of(function), "intake");
        let route = trigger(function)["route"].as_str().expect("a route").to_owned();
        format!(".azurewebsites.net/{prefix}/{route}")
    };
    let hr = SMALL.outputs["hrEndpoint"].as_str().expect("a text");
    assert!(hr.starts_with("https://func-latchkey-intake-") && hr.ends_with(&place("hr_webhook")));
    let sites = SMALL.of("Microsoft.Web/sites");
    let set: Vec<_> = sites
        .iter()
        .flat_map(|site| site.body["properties"]["siteConfig"]["appSettings"].as_array())
        .flatten()
        .filter(|setting| setting["name"] == "LATCHKEY_NOTIFICATION_URL")
        .collect();
    let [url] = set.as_slice() else { panic!("one app subscribes: {set:?}") };
    let url = url["value"].as_str().expect("a text");
    assert!(url.starts_with("https://func-latchkey-intake-"), "{url}");
    assert!(url.ends_with(&place("entra_webhook")), "{url}");
}

fn events() -> Vec<Resource> {
    let parameters = json!({
        "environmentName": "latchkey", "location": "westeurope", "intakeId": "the-intake",
        "partnerTopic": "graph", "partnerTopicGroup": "rg-partner",
    });
    let Value::Object(parameters) = parameters else { unreachable!("it is an object") };
    let deployed = deploy("events.bicep", &parameters, &[]);
    let kinds = ["Microsoft.EventGrid/systemTopics", "Microsoft.EventGrid/partnerTopics"];
    let of = |kind: &str| {
        deployed.of(&format!("{kind}/eventSubscriptions")).into_iter().cloned().collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(of).collect()
}

#[test]
fn events_of_azure_and_of_graph_go_to_the_function_that_event_grid_triggers() {
    let events = events();
    assert_eq!(events.len(), 2);
    for subscription in &events {
        let place = &subscription.body["properties"]["destination"]["properties"]["resourceId"];
        assert_eq!(place, "the-intake/functions/entra_event");
        assert_eq!(subscription.body["properties"]["eventDeliverySchema"], "CloudEventSchemaV1_0");
    }
    assert_eq!(trigger("entra_event")["type"], "eventGridTrigger");
    assert_eq!(app_of("entra_event"), "intake");
    let without = Map::from_iter([
        ("environmentName".to_owned(), json!("latchkey")),
        ("location".to_owned(), json!("westeurope")),
        ("intakeId".to_owned(), json!("the-intake")),
    ]);
    let topics = deploy("events.bicep", &without, &[]);
    assert!(topics.of("Microsoft.EventGrid/partnerTopics/eventSubscriptions").is_empty());
}

#[test]
fn what_event_grid_is_asked_for_is_what_the_door_knows() {
    let door = ["read.rs", "arm.rs"].map(|file| {
        let path = root().join("handlers/events/entra_event").join(file);
        fs::read_to_string(path).expect("a source")
    });
    let door = door.concat();
    for subscription in events() {
        let filter = &subscription.body["properties"]["filter"];
        for kind in filter["includedEventTypes"].as_array().expect("a list") {
            let kind = kind.as_str().expect("a text").to_lowercase();
            assert!(door.contains(&format!("\"{kind}\"")), "the door does not know {kind}");
        }
        for filter in filter["advancedFilters"].as_array().into_iter().flatten() {
            for value in filter["values"].as_array().expect("a list") {
                let value = value.as_str().expect("a text");
                assert!(door.contains(&format!("\"{value}\"")), "the door does not know {value}");
            }
        }
    }
}

/// Every text of the product that a log line could hold.
fn product() -> String {
    let mut text = String::new();
    let mut folders = vec![root().join("handlers"), root().join("shared")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let source = fs::read_to_string(&path).expect("a source");
                text += source.split("#[cfg(test)]").next().unwrap_or_default();
            }
        }
    }
    text
}

/// What a query looks for in log lines.
fn phrases(query: &str) -> Vec<String> {
    let marks = ["Message has \"", "line.message == \""];
    let after = marks
        .iter()
        .flat_map(|mark| query.match_indices(mark).map(|(at, found)| &query[at + found.len()..]));
    after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn every_alert_and_every_chart_looks_for_lines_that_the_code_writes() {
    let product = product();
    let mut queries: Vec<String> = fs::read_dir(root().join("infra/queries"))
        .expect("a folder")
        .flatten()
        .map(|entry| fs::read_to_string(entry.path()).expect("a query"))
        .collect();
    let workbook = fs::read(root().join("infra/workbook.json")).expect("the workbook");
    let workbook: Value = serde_json::from_slice(&workbook).expect("JSON");
    let charts = workbook["items"].as_array().expect("a list").iter();
    queries.extend(charts.filter_map(|item| Some(item["content"]["query"].as_str()?.to_owned())));
    let mut seen = 0;
    for phrase in queries.iter().flat_map(|query| phrases(query)) {
        // The name of a field.
        let plain = phrase == "attempt";
        let said = product.contains(&format!("\"{phrase}\""));
        let part = phrase.contains(' ') && product.contains(&phrase);
        assert!(plain || said || part, "no line says {phrase:?}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen} phrases");
    let functions: BTreeSet<_> = handlers::needs().map(|(name, _)| name).collect();
    let doors = fs::read_to_string(root().join("infra/queries/doors.kql")).expect("a query");
    let list = doors.split_once('[').and_then(|(_, rest)| rest.split_once(']')).expect("a list").0;
    for name in list.split(',').map(|name| name.trim().trim_matches('"')) {
        assert!(functions.contains(name), "{name} is no function");
    }
}

#[test]
fn every_query_is_an_alert_that_tells_somebody() {
    let files = fs::read_dir(root().join("infra/queries")).expect("a folder").count();
    let alerts = SMALL.of("Microsoft.Insights/scheduledQueryRules");
    assert_eq!(alerts.len(), files);
    for alert in &alerts {
        let query = &alert.body["properties"]["criteria"]["allOf"][0]["query"];
        assert!(query.as_str().is_some_and(|text| text.contains("AppTraces")), "{}", alert.id);
        let told = &alert.body["properties"]["actions"]["actionGroups"][0];
        assert_eq!(told, "Microsoft.Insights/actionGroups:ag-latchkey");
    }
    let metrics = SMALL.of("Microsoft.Insights/metricAlerts");
    let metric = &metrics[0].body["properties"]["criteria"]["allOf"][0]["metricName"];
    assert_eq!(metric, "DeadletteredMessages");
}

#[test]
fn azd_deploys_every_app_from_where_it_is_packed() {
    let text = fs::read_to_string(root().join("azure.yaml")).expect("azure.yaml");
    let services = text.split_once("\nservices:\n").expect("services").1;
    let deployed: BTreeSet<_> = services
        .lines()
        .map(|line| {
            let (name, rest) = line.trim().split_once(':').expect("a service");
            assert!(rest.contains("host: function"), "{name}");
            assert!(rest.contains(&format!("dist: target/dist/{name} }}")), "{name}");
            name.to_owned()
        })
        .collect();
    let apps: BTreeSet<_> = apps().expect("readable").into_iter().map(|app| app.name).collect();
    assert_eq!(deployed, apps);
}
