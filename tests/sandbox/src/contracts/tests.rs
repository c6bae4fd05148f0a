//! The checker finds what is wrong and lets pass what is published.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::exchange::{Answered, Asked, Content};
use super::reference::{Reference, folder, read_json};
use super::{Contracts, graph};
use crate::door::Service;

const ARM_ID: &str = "/subscriptions/5c3d2b1a-0f9e-4d8c-b7a6-958473625140/resourceGroups/rg/providers\
                      /Microsoft.ContainerService/managedClusters/aks";
const ID: &str = "973a162e-93aa-4e8e-889b-1f272920e64d";

/// What is found in one exchange.
fn found(service: Service, request: (&str, &str, Value), answer: (u16, Value)) -> Vec<String> {
    found_with(service, "application/json", request, answer)
}

fn found_with(
    service: Service,
    media_type: &'static str,
    (method, target, sent): (&str, &str, Value),
    (status, body): (u16, Value),
) -> Vec<String> {
    let kind = |media_type| {
        HeaderMap::from_iter([(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static(media_type),
        )])
    };
    let bytes = |body: Value| match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let (sent, body) = (bytes(sent), bytes(body));
    let contracts = Contracts::default();
    contracts.check(
        &Asked { service, method, target, headers: &kind(media_type), body: Content::Bytes(&sent) },
        &Answered { status, headers: &kind("application/json"), body: Content::Bytes(&body) },
    );
    contracts.take_violations()
}

/// Whether the reference folder is here; loading it says when it is not.
fn here() -> bool {
    Reference::of_this_process().is_some()
}

fn one(found: &[String], part: &str) {
    assert!(found.len() == 1 && found[0].contains(part), "{found:#?}");
}

#[test]
fn the_published_examples_of_graph_pass() {
    let Some(reference) = Reference::of_this_process() else { return };
    let examples = graph::examples(&folder().join("graph-examples")).unwrap();
    assert!(examples.len() > 70, "{}", examples.len());
    let mut wrong = Vec::new();
    for example in examples {
        let verdict = example.check(reference.graph());
        let request = if example.is_error() { Vec::new() } else { verdict.request };
        for finding in request.into_iter().chain(verdict.answer) {
            wrong.push(format!("{}: {} {finding}", example.name, verdict.template));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_published_examples_of_arm_pass() {
    let Some(reference) = Reference::of_this_process() else { return };
    let (mut seen, mut wrong) = (0, Vec::new());
    for folder in std::fs::read_dir(folder().join("arm-openapi/examples")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let example = read_json(&path).unwrap();
            seen += 1;
            for finding in arm_example(reference, name.split('.').next().unwrap(), &example) {
                wrong.push(format!("{name}: {finding}"));
            }
        }
    }
    assert!(seen >= 80, "{seen}");
    wrong.retain(|wrong| !OUTDATED.iter().any(|known| wrong.starts_with(known)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Published examples that are older than their own document.
const OUTDATED: [&str; 1] = ["ManagedClusters_CreateOrUpdate.json: .sku.name"];

/// The findings of each answer of an example of operation `id`.
fn arm_example(reference: &Reference, id: &str, example: &Value) -> Vec<String> {
    let mut all = reference.arm().api().operations();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parameters = &example["parameters"];
    // What is addressed by a whole id is the same operation as by its scope and name.
    let named = id.strip_suffix("ById").unwrap_or(id);
    let Some(operation) = all.find(|one| one.id == named) else {
        return vec![format!("no operation {named}")];
    };
    let mut path = match parameters.get("roleAssignmentId") {
        Some(whole) if named != id => text(whole),
        _ => operation.template.text().to_owned(),
    };
    let (mut query, mut sent) = (format!("?api-version={}", operation.version), Vec::new());
    for (name, value) in parameters.as_object().unwrap() {
        let slot = format!("{{{name}}}");
        if path.contains(&slot) {
            path = path.replace(&slot, text(value).trim_matches('/'));
        } else if value.is_object() {
            sent = value.to_string().into_bytes();
        } else if operation.query.iter().any(|one| one.name == *name && name != "api-version") {
            query.push_str(&format!("&{name}={}", text(value).replace(' ', "%20")));
        }
    }
    let headers = HeaderMap::new();
    let (target, method) = (path + &query, operation.method.as_str());
    let asked = Asked {
        service: Service::Arm,
        method,
        target: &target,
        headers: &headers,
        body: Content::Bytes(&sent),
    };
    let mut found = Vec::new();
    for (status, answer) in example["responses"].as_object().unwrap() {
        let body = answer.get("body").map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let status = status.parse().unwrap();
        let verdict = reference
            .check(&asked, &Answered { status, headers: &headers, body: Content::Bytes(&body) });
        let all = verdict.request.into_iter().chain(verdict.answer);
        found.extend(all.map(|finding| finding.to_string()));
    }
    found
}

#[test]
fn what_the_schema_of_graph_lacks_is_learnt_from_the_examples_and_nothing_else() {
    let Some(reference) = Reference::of_this_process() else { return };
    let learnt: Vec<&str> = reference.graph().learnt().iter().map(String::as_str).collect();
    insta::assert_snapshot!(learnt.join("\n"), @r"
    PATCH /subscriptions/{id}: 200
    POST /users/{id}/authentication/methods/{id}/resetPassword: 202
    microsoft.graph.conditionalAccessApplications has no property 'globalSecureAccess'
    microsoft.graph.conditionalAccessApplications has no property 'networkAccess'
    microsoft.graph.conditionalAccessConditionSet has no property 'clients'
    microsoft.graph.conditionalAccessConditionSet has no property 'deviceStates'
    microsoft.graph.conditionalAccessConditionSet has no property 'times'
    microsoft.graph.directoryObject has no kind '#microsoft.graph.directoryRole'
    microsoft.graph.group has no property 'creationOptions'
    microsoft.graph.subscription has no property 'notificationContentType'
    microsoft.graph.targetResource has no property 'Type'
    microsoft.graph.whatIfAnalysisResult has no property 'partialEnablementStrategy'
    the contract neither defines microsoft.graph.accessReviewScope nor shows one
    the contract neither defines microsoft.graph.groupType nor shows one
    the contract neither defines microsoft.graph.patternedRecurrence nor shows one
    the contract neither defines microsoft.graph.riskDetail nor shows one
    the contract neither defines microsoft.graph.riskLevel nor shows one
    the contract neither defines microsoft.graph.riskState nor shows one
    the contract neither defines microsoft.graph.signInLocation nor shows one
    the contract neither defines microsoft.graph.subjectSet nor shows one
    ");
}

/// The violations, without the service and method that all of them begin with.
fn wrong(found: &[String]) -> Vec<&str> {
    found.iter().map(|one| one.splitn(3, ' ').last().unwrap()).collect()
}

#[test]
fn an_unknown_property_is_found_in_requests_and_answers() {
    let sent = json!({"displayName": "a", "mailNickname": "a", "favouriteColour": "red"});
    let answer = json!({"id": ID, "displayName": "a", "extension_0_colour": "red", "colour": 1});
    let graph = found(Service::Graph, ("POST", "/v1.0/groups", sent), (201, answer));
    let body = json!({"location": "x", "properties": {"disableLocalAccount": true}});
    let target = format!("{ARM_ID}?api-version=2026-04-01");
    let arm = found(Service::Arm, ("PUT", &target, body.clone()), (200, body));
    let binding = json!({"kind": "RoleBinding", "metadata": {"name": "a"}, "subject": [],
        "roleRef": {"apiGroup": "", "kind": "Role", "name": "b"}});
    let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings";
    let kubernetes = found(Service::Kubernetes, ("POST", path, binding), (401, status(401)));
    if here() {
        assert_eq!(
            wrong(&graph),
            [
                "/v1.0/groups: answer 201: microsoft.graph.group has no property 'colour'",
                "/v1.0/groups: request: microsoft.graph.group has no property 'favouriteColour'",
            ]
        );
        let lacks = "ManagedClusterProperties has no property 'disableLocalAccount'";
        assert!(arm.len() == 2 && arm.iter().all(|one| one.ends_with(lacks)), "{arm:?}");
        one(&kubernetes, "io.k8s.api.rbac.v1.RoleBinding has no property 'subject'");
    }
}

#[test]
fn a_wrong_type_is_found_without_its_value() {
    let user = |name: Value| json!({"accountEnabled": "yes", "displayName": name});
    let patch = user(json!(["Ada"]));
    let graph =
        found(Service::Graph, ("PATCH", "/v1.0/users/ada@contoso.com", patch), (204, Value::Null));
    let assignment = json!({"properties": {"roleDefinitionId": 7, "principalType": "Pet"}});
    let target = "/providers/Microsoft.Authorization/roleAssignments/a?api-version=2022-04-01";
    let arm = found(Service::Arm, ("PUT", target, assignment), (201, json!({})));
    if here() {
        assert_eq!(
            wrong(&graph),
            [
                "/v1.0/users/{id}: request: .accountEnabled: \
                 is a string where the contract has a boolean",
                "/v1.0/users/{id}: request: .displayName: \
                 is an array where the contract has a string",
            ]
        );
        let told = arm.join("\n");
        assert!(
            told.contains(".properties: RoleAssignmentProperties lacks 'principalId'"),
            "{told}"
        );
        assert!(told.contains(".properties.principalType: is none of the contract's words"));
        assert!(told.contains(".properties.roleDefinitionId: is a number where"));
    }
}

#[test]
fn a_wrong_status_and_a_wrong_error_are_found() {
    let none = || Value::Null;
    let deleted = found(Service::Graph, ("DELETE", "/v1.0/users/a", none()), (200, none()));
    let read = format!("{ARM_ID}?api-version=2026-04-01");
    let accepted = found(Service::Arm, ("GET", &read, none()), (202, none()));
    let error = json!({"error": {"message": "no"}});
    let coded = found(Service::Arm, ("GET", &read, none()), (404, error.clone()));
    let graph = found(Service::Graph, ("GET", "/v1.0/me", none()), (404, error));
    let namespace = ("GET", "/api/v1/namespaces/a", none());
    let kubernetes = found(Service::Kubernetes, namespace, (404, status(403)));
    let sent = found(Service::ServiceBus, ("POST", "/ops/messages", json!({})), (200, none()));
    if here() {
        one(&deleted, "answer 200: the operation documents no answer 200");
        one(&accepted, "answer 202: the operation documents no answer 202");
        one(&coded, "answer 404: an error needs error.code and error.message");
        one(&graph, "answer 404: an error needs a text error.code");
        one(&kubernetes, "answer 404: an error needs to be a Status");
        one(&sent, "answer 200: the operation documents no answer 200");
    }
}

#[test]
fn unknown_query_parameters_and_properties_in_them_are_found() {
    let none = || Value::Null;
    let ask = |target: &str| found(Service::Graph, ("GET", target, none()), (404, error()));
    let found_in = |service, target: &str| found(service, ("GET", target, none()), (404, error()));
    if !here() {
        return;
    }
    one(&ask("/v1.0/users?select=id"), "no query parameter 'select' is known here");
    one(&ask("/v1.0/users?$select=id,shoeSize"), "$select names 'shoeSize'");
    one(&ask("/v1.0/groups?$filter=colour%20eq%20'a'"), "$filter names 'colour'");
    one(&ask("/v1.0/groups?$filter=begins(displayName,'a')"), "$filter calls 'begins'");
    one(&ask("/v1.0/groups?$expand=member"), "$expand names 'member'");
    one(&ask("/v1.0/groups?$expand=members($select=id,size)"), "$select names 'size'");
    one(&ask("/v1.0/groups?$top=many"), "$top is no number");
    let passes = "/v1.0/groups?$filter=(displayName%20eq%20'it''s'%20or%20not(mail%20ne%20null))\
                  %20and%20assignedLicenses/any(l:l/skuId%20eq%20973a162e-93aa-4e8e-889b-1f272920e64d)\
                  &$expand=members($select=id,userPrincipalName)&$count=true&$top=5";
    assert_eq!(ask(passes), Vec::<String>::new());
    let dated = "/v1.0/auditLogs/signIns?$filter=createdDateTime%20ge%202025-01-01T00:00:00Z";
    assert_eq!(ask(dated), Vec::<String>::new());
    let read = format!("{ARM_ID}?api-version=2026-04-01&verbose=1");
    one(&found_in(Service::Arm, &read), "no query parameter 'verbose' is known");
    one(&found_in(Service::Arm, ARM_ID), "the query parameter 'api-version' is missing");
    let old = format!("{ARM_ID}?api-version=2016-01-01");
    one(&found_in(Service::Arm, &old), "this api-version is not in the contract");
}

/// An error as Kubernetes writes it.
fn status(code: u16) -> Value {
    json!({
        "kind": "Status", "status": "Failure", "code": code, "reason": "No", "message": "no",
    })
}

/// An error as both Graph and ARM write it.
fn error() -> Value {
    json!({"error": {"code": "NotFound", "message": "There is no such thing."}})
}

#[test]
fn an_unknown_path_and_an_unknown_method_are_found() {
    let none = || Value::Null;
    let ask = |service, method, target| found(service, (method, target, none()), (404, error()));
    if !here() {
        return;
    }
    one(&ask(Service::Graph, "GET", "/v1.0/persons"), "the contract has no such operation");
    one(&ask(Service::Graph, "GET", "/v1.0/users/a/friends"), "the contract has no such operation");
    one(&ask(Service::Graph, "GET", "/beta/users"), "the contract has no such operation");
    let member = "/v1.0/groups/a/members/b";
    one(&ask(Service::Graph, "DELETE", member), "the contract has no such method here");
    one(&ask(Service::Arm, "GET", "/subscriptions/s/pets"), "the contract has no such operation");
}

#[test]
fn requests_in_a_batch_and_their_answers_are_held_like_others() {
    let item = |url: &str| json!({"id": "1", "method": "GET", "url": url});
    let reply = |body: Value| json!({"responses": [{"id": "1", "status": 200, "body": body}]});
    let ask = |url: &str, body| {
        let sent = json!({"requests": [item(url)]});
        found(Service::Graph, ("POST", "/v1.0/$batch", sent), (200, reply(body)))
    };
    if !here() {
        return;
    }
    let user = json!({"id": ID, "shoeSize": 40});
    one(&ask("/users/a", user), "(in $batch: GET /v1.0/users/{id}) : microsoft.graph.user has no");
    one(&ask("/users/a?$select=size", json!({"id": ID})), "$select names 'size'");
    assert_eq!(ask("/users/a", json!({"id": ID})), Vec::<String>::new());
}

#[test]
fn a_foreign_client_may_ask_what_it_likes_and_is_answered_by_the_contract() {
    let foreign = HeaderMap::from_iter([(
        HeaderName::from_static("user-agent"),
        HeaderValue::from_static("AZURECLI/2.91.0 (PIP)"),
    )]);
    let contracts = Contracts::default();
    let target = "/v1.0/users?$select=shoeSize";
    let asked = Asked {
        service: Service::Graph,
        method: "GET",
        target,
        headers: &foreign,
        body: Content::Bytes(&[]),
    };
    let body = br#"{"value": [{"shoeSize": 40}]}"#;
    contracts.check(
        &asked,
        &Answered { status: 200, headers: &HeaderMap::new(), body: Content::Bytes(body) },
    );
    if here() {
        one(&contracts.take_violations(), "answer 200: [0]: microsoft.graph.user has no property");
    }
}

#[test]
fn an_expected_violation_is_none_and_an_expectation_has_to_be_met() {
    let headers = HeaderMap::new();
    let target = "/v1.0/persons";
    let asked = Asked {
        service: Service::Graph,
        method: "GET",
        target,
        headers: &headers,
        body: Content::Bytes(&[]),
    };
    let body = error().to_string();
    let answered =
        Answered { status: 404, headers: &headers, body: Content::Bytes(body.as_bytes()) };
    let contracts = Contracts::default();
    contracts.expect_violation("GET /v1.0/persons: request");
    if here() {
        one(&contracts.violations(), "expected, and never made: GET /v1.0/persons: request");
        contracts.check(&asked, &answered);
        assert_eq!(contracts.violations(), Vec::<String>::new());
    }
}
