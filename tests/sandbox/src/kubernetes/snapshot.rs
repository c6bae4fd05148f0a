//! The access a cluster holds in stable text.

use serde_json::Value;

use super::state::State;

/// Sorted lines: namespaces, roles with their rules and bindings with role and subjects. What every
/// cluster holds from the start is left out, and so are ids, versions and times.
pub fn snapshot(state: &State) -> String {
    let namespaces = state.objects("namespaces").filter(|o| !is_system(name(o)));
    let mut lines: Vec<String> = namespaces.map(|o| format!("namespace {}", name(o))).collect();
    for plural in ["roles", "clusterroles"] {
        let own = state.objects(plural).filter(|o| !is_default(o));
        lines.extend(own.map(|o| format!("{} {} {}", text(&o["kind"]), place(o), o["rules"])));
    }
    for plural in ["rolebindings", "clusterrolebindings"] {
        lines.extend(state.objects(plural).filter(|o| !is_default(o)).map(|o| binding(o)));
    }
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn binding(object: &Value) -> String {
    let subjects = object["subjects"].as_array().into_iter().flatten();
    let mut subjects: Vec<String> =
        subjects.map(|s| format!("{} {}", text(&s["kind"]), text(&s["name"]))).collect();
    subjects.sort();
    let role = &object["roleRef"];
    format!(
        "{} {}: {} {} ← {}",
        text(&object["kind"]),
        place(object),
        text(&role["kind"]),
        text(&role["name"]),
        subjects.join(", ")
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

fn place(object: &Value) -> String {
    match text(&object["metadata"]["namespace"]) {
        "" => name(object).to_owned(),
        namespace => format!("{namespace}/{}", name(object)),
    }
}

fn is_system(namespace: &str) -> bool {
    matches!(namespace, "default" | "kube-system" | "kube-public")
}

fn is_default(object: &Value) -> bool {
    object["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
}
