//! Which requests a policy and its binding are about.

use serde_json::Value;

use super::{Request, list, text};
use crate::kubernetes::call::Call;
use crate::kubernetes::state::State;

/// Whether the constraints of the policy, and those of the binding if it has any, hold.
pub(super) fn matches(
    call: &Call<'_>,
    state: &State,
    asked: Request<'_>,
    policy: &Value,
    binding: &Value,
) -> bool {
    let (own, further) = (&policy["spec"]["matchConstraints"], &binding["spec"]["matchResources"]);
    let hold = |constraints: &Value, rules_needed: bool| {
        let mut rules = list(&constraints["resourceRules"]).peekable();
        let any = !rules_needed && rules.peek().is_none();
        (any || rules.any(|rule| covers(call, asked, rule)))
            && !list(&constraints["excludeResourceRules"]).any(|rule| covers(call, asked, rule))
            && selects(call, state, asked, constraints)
    };
    hold(own, true) && (further.is_null() || hold(further, false))
}

fn covers(call: &Call<'_>, asked: Request<'_>, rule: &Value) -> bool {
    let has = |field: &str, wanted: &str| list(&rule[field]).any(|v| *v == "*" || *v == wanted);
    let names: Vec<_> = list(&rule["resourceNames"]).collect();
    let scope = match text(&rule["scope"]) {
        "Cluster" => !asked.kind.namespaced,
        "Namespaced" => asked.kind.namespaced,
        _ => true,
    };
    let of_resource = list(&rule["resources"]).map(text).any(|wanted| {
        let (resource, part) = wanted.split_once('/').unwrap_or((wanted, ""));
        (resource == "*" || resource == asked.kind.plural)
            && (part == "*" || part == call.asked.subresource)
    });
    has("operations", asked.operation)
        && has("apiGroups", asked.kind.group)
        && has("apiVersions", asked.kind.version)
        && (names.is_empty() || names.iter().any(|name| **name == asked.name))
        && scope
        && of_resource
}

/// Selectors by labels: of the namespace, where there is one, and of the object in either form.
fn selects(call: &Call<'_>, state: &State, asked: Request<'_>, constraints: &Value) -> bool {
    let namespace = state.object("namespaces", "", &call.asked.namespace);
    let of_namespace = namespace.is_none_or(|namespace| {
        labelled(namespace, &constraints["namespaceSelector"]["matchLabels"])
    });
    let wanted = &constraints["objectSelector"]["matchLabels"];
    let mut objects = [asked.object, asked.old].into_iter().flatten();
    let of_object = wanted.is_null() || objects.any(|object| labelled(object, wanted));
    of_namespace && of_object
}

fn labelled(object: &Value, wanted: &Value) -> bool {
    let mut wanted = wanted.as_object().into_iter().flatten();
    wanted.all(|(label, value)| object["metadata"]["labels"][label] == *value)
}
