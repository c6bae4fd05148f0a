//! Access reviews: what somebody may do, asked rather than tried.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::authorize::Verdict;
use super::call::Call;
use super::kinds::{AUTHENTICATION, AUTHORIZATION};
use super::rbac::{self, Subject};
use super::request::Attributes;
use super::state::State;
use super::status::{Failure, reply};

/// Answers a review; `None` when the resource is none.
pub(super) fn answer(call: &Call<'_>, state: &State) -> Option<Result<Response, Failure>> {
    let kind = match (call.asked.group.as_str(), call.asked.resource.as_str()) {
        (AUTHORIZATION, "subjectaccessreviews") => "SubjectAccessReview",
        (AUTHORIZATION, "localsubjectaccessreviews") => "LocalSubjectAccessReview",
        (AUTHORIZATION, "selfsubjectaccessreviews") => "SelfSubjectAccessReview",
        (AUTHORIZATION, "selfsubjectrulesreviews") => "SelfSubjectRulesReview",
        (AUTHENTICATION, "selfsubjectreviews") => "SelfSubjectReview",
        _ => return None,
    };
    if call.asked.verb != "create" {
        return Some(Err(Failure::method_not_allowed()));
    }
    Some(review(call, state, kind))
}

fn review(call: &Call<'_>, state: &State, kind: &str) -> Result<Response, Failure> {
    let mut body = call.object_body()?;
    let spec = &body["spec"];
    let status = match kind {
        "SelfSubjectReview" => json!({"userInfo": user_info(&call.who)}),
        "SelfSubjectRulesReview" => rules(call, state, spec),
        "SelfSubjectAccessReview" => verdict(call, state, &call.who, spec)?,
        _ => {
            if kind == "LocalSubjectAccessReview"
                && spec["resourceAttributes"]["namespace"] != call.asked.namespace
            {
                return Err(Failure::bad_request(
                    "spec.resourceAttributes.namespace must match the namespace of the request",
                ));
            }
            verdict(call, state, &subject_of(spec), spec)?
        }
    };
    body["status"] = status;
    body["kind"] = json!(kind);
    body["apiVersion"] = json!(format!("{}/v1", call.asked.group));
    if !body["metadata"].is_object() {
        body["metadata"] = json!({});
    }
    Ok(reply(StatusCode::CREATED, &body))
}

fn subject_of(spec: &Value) -> Subject {
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Subject {
        name: spec["user"].as_str().unwrap_or_default().to_owned(),
        groups: groups.map(str::to_owned).collect(),
        oid: spec["extra"]["oid"][0].as_str().map(str::to_owned),
    }
}

pub(super) fn user_info(who: &Subject) -> Value {
    let mut info = json!({"username": who.name, "groups": who.groups});
    if let Some(oid) = &who.oid {
        info["uid"] = json!(oid);
        info["extra"] = json!({"oid": [oid]});
    }
    info
}

fn verdict(call: &Call<'_>, state: &State, who: &Subject, spec: &Value) -> Result<Value, Failure> {
    if who.name.is_empty() && who.groups.is_empty() {
        return Err(Failure::bad_request("spec.user or spec.groups must be set"));
    }
    let verdict = call.decide(state, who, &question(spec)?);
    let mut status = json!({"allowed": verdict.is_allowed()});
    if matches!(verdict, Verdict::Deny(_)) {
        status["denied"] = json!(true);
    }
    if !verdict.reason().is_empty() {
        status["reason"] = json!(verdict.reason());
    }
    Ok(status)
}

fn question(spec: &Value) -> Result<Attributes, Failure> {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    match (resource.is_object(), path.is_object()) {
        (true, false) => Ok(Attributes {
            verb: text(&resource["verb"]),
            group: text(&resource["group"]),
            version: text(&resource["version"]),
            resource: text(&resource["resource"]),
            subresource: text(&resource["subresource"]),
            name: text(&resource["name"]),
            namespace: text(&resource["namespace"]),
            path: String::new(),
        }),
        (false, true) => Ok(Attributes {
            verb: text(&path["verb"]),
            path: text(&path["path"]),
            ..Attributes::default()
        }),
        _ => Err(Failure::bad_request(
            "exactly one of resourceAttributes and nonResourceAttributes must be set",
        )),
    }
}

/// The rules of RBAC; what Azure allows cannot be listed.
fn rules(call: &Call<'_>, state: &State, spec: &Value) -> Value {
    let namespace = spec["namespace"].as_str().unwrap_or("default");
    let rules = rbac::rules_for(&state.store, &call.who, namespace);
    let (paths, resources): (Vec<Value>, Vec<Value>) =
        rules.into_iter().partition(|r| r["nonResourceURLs"].is_array());
    let mut status = json!({
        "resourceRules": resources, "nonResourceRules": paths, "incomplete": false,
    });
    if call.azure.is_some() {
        status["incomplete"] = json!(true);
        status["evaluationError"] =
            json!("webhook authorizer does not support user rule resolution");
    }
    status
}
