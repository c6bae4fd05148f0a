//! The policies of groups and their rules.

use serde_json::{Map, Value, json};

use super::body::name;
use super::rules::is_valid;
use super::state::Pim;
use crate::directory::AccessId;
use crate::graph::answer::{Answer, Outcome, Refused};
use crate::graph::call::Call;
use crate::graph::rows::{self, demanded, filter_of};

const READ: &[&[&str]] = &[
    &["RoleManagementPolicy.Read.AzureADGroup"],
    &["RoleManagementPolicy.ReadWrite.AzureADGroup"],
    &["RoleManagement.Read.All"],
    &["RoleManagement.Read.Directory"],
    &["RoleManagement.ReadWrite.Directory"],
];
const WRITE: &[&[&str]] =
    &[&["RoleManagementPolicy.ReadWrite.AzureADGroup"], &["RoleManagement.ReadWrite.Directory"]];

/// `GET /policies/roleManagementPolicyAssignments?$filter=scopeId eq '…' and scopeType eq 'Group'`.
pub fn assignments(call: &Call<'_>) -> Outcome {
    call.needs(READ)?;
    let filter = filter_of(call)?;
    let asked = |name| filter.as_ref().and_then(|filter| demanded(filter, name));
    let (Some(group), Some("Group")) = (asked("scopeId"), asked("scopeType")) else {
        return Err(Refused::odata(
            "BadRequest",
            "The $filter query option must name scopeId and scopeType.",
        ));
    };
    let group = group.to_lowercase();
    if call.directory().group(&group).is_none() {
        return Err(Refused::pim_no_role());
    }
    let expand = call.option("$expand").unwrap_or_default();
    let pim = call.pim();
    let both = [AccessId::Member, AccessId::Owner];
    let rows = both.into_iter().map(|access| assignment(&pim, &group, access, expand));
    let context = match expand {
        "" => "policies/roleManagementPolicyAssignments",
        _ => "policies/roleManagementPolicyAssignments(policy(rules()))",
    };
    rows::page_rows(call, context, rows.collect(), 100)
}

/// `GET /policies/roleManagementPolicies/{id}`.
pub fn get(call: &Call<'_>, id: &str) -> Outcome {
    call.needs(READ)?;
    let pim = call.pim();
    let (group, access) = pim.policy_of(id).ok_or_else(|| Refused::missing(id))?;
    let with_rules = call.option("$expand").is_some_and(|expand| expand.contains("rules"));
    let policy = policy(&pim, &group, access, with_rules);
    Ok(Answer::ok(rows::one(call, "policies/roleManagementPolicies", policy)))
}

/// `GET /policies/roleManagementPolicies/{id}/rules`.
pub fn rules(call: &Call<'_>, id: &str) -> Outcome {
    let rules = rules_of(call, id)?.into_iter().map(|(_, rule)| rule).collect();
    rows::page_rows(call, &format!("policies/roleManagementPolicies('{id}')/rules"), rules, 100)
}

/// `GET /policies/roleManagementPolicies/{id}/rules/{rule}`.
pub fn rule(call: &Call<'_>, id: &str, rule: &str) -> Outcome {
    let found = rules_of(call, id)?.remove(rule).ok_or_else(|| Refused::missing(rule))?;
    let context = format!("policies/roleManagementPolicies('{id}')/rules");
    Ok(Answer::ok(rows::one(call, &context, found)))
}

/// `PATCH /policies/roleManagementPolicies/{id}/rules/{rule}`.
pub fn change(call: &Call<'_>, id: &str, rule: &str) -> Outcome {
    call.needs(WRITE)?;
    let change = call.object()?;
    let mut pim = call.pim_mut();
    let (group, access) = pim.policy_of(id).ok_or_else(|| Refused::missing(id))?;
    let mut rules = pim.rules(&group, access);
    let mut found = rules.remove(rule).ok_or_else(|| Refused::missing(rule))?;
    if !is_valid(&found, &change) {
        return Err(Refused::odata("BadRequest", "The rule is not valid."));
    }
    if let Value::Object(found) = &mut found {
        found.extend(change);
    }
    pim.set_rule(&group, access, rule, found.clone());
    let context = format!("policies/roleManagementPolicies('{id}')/rules");
    Ok(Answer::ok(rows::one(call, &context, found)))
}

fn rules_of(call: &Call<'_>, id: &str) -> Result<Map<String, Value>, Refused> {
    call.needs(READ)?;
    let pim = call.pim();
    let (group, access) = pim.policy_of(id).ok_or_else(|| Refused::missing(id))?;
    Ok(pim.rules(&group, access))
}

fn assignment(pim: &Pim, group: &str, access: AccessId, expand: &str) -> Value {
    let id = pim.policy_id(group, access);
    let mut shown = json!({
        "id": format!("{id}_{}", name(access)),
        "policyId": id,
        "scopeId": group,
        "scopeType": "Group",
        "roleDefinitionId": name(access),
    });
    if expand.contains("policy") {
        shown["policy"] = policy(pim, group, access, expand.contains("rules"));
    }
    shown
}

fn policy(pim: &Pim, group: &str, access: AccessId, with_rules: bool) -> Value {
    let mut shown = json!({
        "id": pim.policy_id(group, access),
        "displayName": "Group",
        "description": "Group",
        "isOrganizationDefault": false,
        "scopeId": group,
        "scopeType": "Group",
        "lastModifiedDateTime": null,
        "lastModifiedBy": {"displayName": null, "id": null},
    });
    if with_rules {
        let rules: Vec<Value> = pim.rules(group, access).into_iter().map(|(_, r)| r).collect();
        shown["rules"] = Value::Array(rules);
    }
    shown
}
