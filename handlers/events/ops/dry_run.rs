//! A dry run: look and decide, exactly as the step or planner would, and write nothing.

use std::collections::BTreeMap;

use http::StatusCode;
use latchkey_core::{Decision, Plan, Refusal, request};
use latchkey_runtime::{Cx, PersonView, StepError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{catalog::Offer, fault::Fault, order::Order};
use crate::plans::{plan_cluster, plan_person, plan_team};

/// Whether `?plan=true` was given. A spelling we do not know must not become a write.
pub(super) fn is_wanted(query: &BTreeMap<String, String>) -> Result<bool, Fault> {
    match query.get("plan").map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Fault::in_field(StatusCode::BAD_REQUEST, "plan", "must be true or false")),
    }
}

/// What would be done.
pub(super) async fn look(cx: &Cx, offer: Offer, order: Order) -> Result<Value, Fault> {
    let mut approval = None;
    let (lines, decision) = match offer {
        Offer::Step(entry) => {
            let seen = (entry.look)(cx.clone(), order.request).await?;
            approval = seen.approval.map(|by| by.to_string());
            printed(&seen.decision)
        }
        Offer::PlanPerson => {
            let about: request::Person = read(order.request)?;
            let view = PersonView::read(cx, &about.person_id).await?;
            planned(plan_person::look(cx, &view).await?.plan)
        }
        Offer::PlanTeam => {
            let about: request::Team = read(order.request)?;
            planned(plan_team::look(cx, &about.team).await?.plan)
        }
        Offer::PlanCluster => {
            let about: request::Cluster = read(order.request)?;
            planned(plan_cluster::look(cx, &about.cluster).await?.plan)
        }
    };
    let lines: Vec<_> = lines.lines().collect();
    let mut look = json!({ "step": offer.name(), "lines": lines, "decision": decision });
    if let Some(by) = approval {
        look["approvalBy"] = by.into();
    }
    Ok(look)
}

/// The request as its type; the schema let it pass before.
pub(super) fn read<T: DeserializeOwned>(request: Value) -> Result<T, StepError> {
    serde_json::from_value(request).map_err(|error| StepError::unreadable("request", error))
}

fn planned(plan: Result<Plan, Refusal>) -> (String, Value) {
    match plan {
        Ok(plan) => printed(&plan),
        Err(refusal) => printed(&Decision::refuse(refusal)),
    }
}

fn printed(decided: &(impl ToString + Serialize)) -> (String, Value) {
    (decided.to_string(), json!(decided))
}
