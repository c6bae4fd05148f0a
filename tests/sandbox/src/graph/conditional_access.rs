//! `/identity/conditionalAccess` and `/auditLogs/signIns`.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refused};
use super::call::Call;
use super::rows::{self, page_rows};
use crate::conditional_access::{Meeting, Policy};

const READ: &[&[&str]] = &[&["Policy.Read.All"]];
const WRITE: &[&[&str]] =
    &[&["Policy.ReadWrite.ConditionalAccess", "Policy.Read.All", "Application.Read.All"]];
const DELETE: &[&[&str]] = &[&["Policy.ReadWrite.ConditionalAccess", "Policy.Read.All"]];
const EVALUATE: &[&[&str]] = &[
    &["Policy.Read.ConditionalAccess"],
    &["Policy.Read.All"],
    &["Policy.ReadWrite.ConditionalAccess"],
];
const LOG: &[&[&str]] = &[&["AuditLog.Read.All"]];

const CONTEXT: &str = "conditionalAccess/policies";

/// `/identity/conditionalAccess/…`.
pub fn route(call: &Call<'_>, rest: &[&str]) -> Outcome {
    paced(call)?;
    match (call.method, rest) {
        ("GET", ["policies"]) => list(call),
        ("POST", ["policies"]) => create(call),
        ("GET", ["policies", id]) => get(call, id),
        ("PATCH", ["policies", id]) => change(call, id),
        ("DELETE", ["policies", id]) => delete(call, id),
        ("POST", ["evaluate"]) => evaluate(call),
        (_, ["policies" | "evaluate", ..]) => Err(Refused::method()),
        _ => Err(Refused::unknown_segment(call.target)),
    }
}

/// One request a second for the whole tenant, while throttling is on, and no word on how long to
/// wait.
fn paced(call: &Call<'_>) -> Result<(), Refused> {
    if !call.world.config.throttling {
        return Ok(());
    }
    let now = call.world.clock.now();
    let mut state = call.conditional_access_mut();
    let soon = state.last_call.is_some_and(|last| now < last + SignedDuration::from_secs(1));
    if soon {
        return Err(Refused::too_many());
    }
    state.last_call = Some(now);
    Ok(())
}

fn list(call: &Call<'_>) -> Outcome {
    call.needs(READ)?;
    let policies = call.conditional_access().policies().iter().map(Policy::show).collect();
    page_rows(call, CONTEXT, policies, 100)
}

fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ)?;
    let state = call.conditional_access();
    let policy = state.policy(id).ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(rows::one(call, CONTEXT, policy.show())))
}

fn create(call: &Call<'_>) -> Outcome {
    call.needs(WRITE)?;
    let body = call.object()?;
    let policy = {
        let mut directory = call.directory_mut();
        let id = directory.new_id("conditionalAccessPolicy", "");
        Policy::create(id, &body, &directory, directory.now())
    };
    let policy = policy.map_err(|error| Refused::odata("BadRequest", error.to_string()))?;
    let shown = rows::one(call, CONTEXT, policy.show());
    call.conditional_access_mut().put(policy);
    Ok(Answer::created(shown))
}

fn change(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(WRITE)?;
    let body = call.object()?;
    let directory = call.directory();
    let mut state = call.conditional_access_mut();
    let policy = state.policy(id).ok_or_else(|| Refused::missing(id))?;
    let policy = policy.change(&body, &directory, directory.now());
    state.put(policy.map_err(|error| Refused::odata("BadRequest", error.to_string()))?);
    Ok(Answer::done())
}

fn delete(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(DELETE)?;
    let deleted = call.conditional_access_mut().delete(id);
    if deleted { Ok(Answer::done()) } else { Err(Refused::missing(id)) }
}

/// Which policies a sign-in would meet; not whether it would pass them.
fn evaluate(call: &Call<'_>) -> Outcome {
    call.needs(EVALUATE)?;
    let invalid = || Refused::odata("BadRequest", "The what-if request is not valid.");
    let body = &call.body;
    let user = body["signInIdentity"]["userId"].as_str().ok_or_else(invalid)?;
    let applications = body["signInContext"]["includeApplications"].as_array();
    let application = applications.and_then(|all| all.first()?.as_str()).ok_or_else(invalid)?;
    let conditions = &body["signInConditions"];
    let only_applied = body["appliedPoliciesOnly"].as_bool().unwrap_or(false);
    let directory = call.directory();
    let groups = directory.groups_of(user);
    let meeting = Meeting {
        user,
        groups: &groups,
        application,
        client_app: conditions["clientAppType"].as_str().unwrap_or("browser"),
        platform: conditions["devicePlatform"].as_str(),
    };
    let state = call.conditional_access();
    let mut results = Vec::new();
    for policy in state.policies() {
        let reason = policy.misses(&meeting, &directory);
        if reason.is_none() || !only_applied {
            results.push(result(policy, reason.map(|reason| reason.name())));
        }
    }
    Ok(Answer::ok(json!({
        "@odata.context": call.context("Collection(microsoft.graph.whatIfAnalysisResult)"),
        "value": results,
    })))
}

fn result(policy: &Policy, reason: Option<&str>) -> Value {
    let mut shown = policy.show();
    let fill = |part: &mut Value, names: &[&str], with: Value| {
        for name in names {
            part[*name] = with.clone();
        }
    };
    shown["policyApplies"] = json!(reason.is_none());
    shown["analysisReasons"] = json!(reason.unwrap_or("notSet"));
    fill(&mut shown, &["templateId", "partialEnablementStrategy"], Value::Null);
    let conditions = &mut shown["conditions"];
    fill(conditions, &["userRiskLevels", "servicePrincipalRiskLevels"], json!([]));
    let absent = [
        "insiderRiskLevels",
        "clients",
        "times",
        "deviceStates",
        "devices",
        "clientApplications",
        "authenticationFlows",
    ];
    fill(conditions, &absent, Value::Null);
    let applications = &mut conditions["applications"];
    fill(applications, &["includeAuthenticationContextClassReferences"], json!([]));
    fill(applications, &["applicationFilter", "networkAccess", "globalSecureAccess"], Value::Null);
    let guests = ["includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers"];
    fill(&mut conditions["users"], &guests, Value::Null);
    if !shown["grantControls"].is_null() {
        shown["grantControls"]["authenticationStrength"] = Value::Null;
    }
    shown
}

/// `GET /auditLogs/signIns`, newest first.
pub fn sign_ins(call: &Call<'_>) -> Outcome {
    call.needs(LOG)?;
    let rows = call.conditional_access().sign_ins().cloned().collect();
    page_rows(call, "auditLogs/signIns", rows, 1_000)
}

/// `GET /auditLogs/signIns/{id}`.
pub fn sign_in(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(LOG)?;
    let state = call.conditional_access();
    let row = state.sign_ins().find(|row| row["id"] == id).cloned();
    let row = row.ok_or_else(|| Refused::missing(id))?;
    Ok(Answer::ok(rows::one(call, "auditLogs/signIns", row)))
}
