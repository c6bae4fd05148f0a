//! What an object must look like to be stored: defaults first, then the rules.

use serde_json::{Value, json};

use super::admission;
use super::kinds::{Kind, RBAC};
use super::nodes::run;
use super::status::Failure;

/// Fills in what the API server defaults.
pub fn complete(kind: &Kind, object: &mut Value) {
    if kind.is_binding() {
        if let Some(role) = object["roleRef"].as_object_mut() {
            role.entry("apiGroup").or_insert(json!(RBAC));
        }
        for subject in object["subjects"].as_array_mut().into_iter().flatten() {
            let is_account = subject["kind"] == "ServiceAccount";
            if let Some(subject) = subject.as_object_mut().filter(|_| !is_account) {
                subject.entry("apiGroup").or_insert(json!(RBAC));
            }
        }
    }
    match kind.kind {
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            if !object["status"]["phase"].is_string() {
                object["status"] = json!({"phase": "Active"});
            }
        }
        "Pod" if !object["status"]["phase"].is_string() => {
            let created = object["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
            let created = created.to_owned();
            run(object, &created);
        }
        "Role" | "ClusterRole" if !object["rules"].is_array() => {
            object["rules"] = Value::Null;
        }
        _ => {}
    }
}

/// Checks an object that has its defaults.
///
/// # Errors
/// 422 that names the first wrong field.
pub fn check(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let fail = |field: &str, problem: String| Err(Failure::invalid(kind, name, field, &problem));
    if let Err(problem) = check_name(kind, name) {
        return fail("metadata.name", problem);
    }
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if !is_label_value(value) {
            return fail(
                "metadata.labels",
                format!(
                    "Invalid value: \"{value}\": a valid label must be an empty string or consist \
                     of alphanumeric characters, '-', '_' or '.' (key {key})"
                ),
            );
        }
    }
    if kind.is_binding() {
        check_binding(kind, object, name)?;
    }
    if kind.is_role() {
        check_rules(kind, object, name)?;
    }
    if kind.kind == "ValidatingAdmissionPolicy" {
        check_policy(kind, object, name)?;
    }
    Ok(())
}

fn check_name(kind: &Kind, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("Required value: name or generateName is required".to_owned());
    }
    if kind.group == RBAC {
        let wrong = name == "." || name == ".." || name.contains(['/', '%']);
        return if wrong {
            Err(format!("Invalid value: \"{name}\": may not contain '/' or '%'"))
        } else {
            Ok(())
        };
    }
    let longest = if kind.kind == "Namespace" { 63 } else { 253 };
    let dots = kind.kind != "Namespace";
    if is_dns(name, dots) && name.len() <= longest {
        return Ok(());
    }
    Err(format!(
        "Invalid value: \"{name}\": a lowercase RFC 1123 {} must consist of lower case \
         alphanumeric characters or '-', and must start and end with an alphanumeric character",
        if dots { "subdomain" } else { "label" }
    ))
}

fn is_dns(name: &str, dots: bool) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(plain)
        && name.ends_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || (dots && c == '.'))
}

fn is_label_value(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric();
    value.is_empty()
        || (value.len() <= 63
            && value.starts_with(plain)
            && value.ends_with(plain)
            && value.chars().all(|c| plain(c) || "-_.".contains(c)))
}

fn check_binding(kind: &Kind, object: &Value, name: &str) -> Result<(), Failure> {
    let fail = |field: &str, problem: &str| Err(Failure::invalid(kind, name, field, problem));
    let role = &object["roleRef"];
    let kinds: &[&str] = if kind.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if role["apiGroup"] != RBAC {
        return fail(
            "roleRef.apiGroup",
            "Unsupported value: supported values: \"rbac.authorization.k8s.io\"",
        );
    }
    if !kinds.iter().any(|k| role["kind"] == *k) {
        let problem = format!("Unsupported value: {}: supported values: {kinds:?}", role["kind"]);
        return fail("roleRef.kind", &problem);
    }
    if role["name"].as_str().unwrap_or_default().is_empty() {
        return fail("roleRef.name", "Required value");
    }
    let subjects = object["subjects"].as_array().into_iter().flatten();
    for (at, subject) in subjects.enumerate() {
        if let Some((part, problem)) = wrong_subject(subject) {
            return fail(&format!("subjects[{at}].{part}"), &problem);
        }
    }
    Ok(())
}

/// The wrong part of a subject and what is wrong with it.
fn wrong_subject(subject: &Value) -> Option<(&'static str, String)> {
    let text = |part: &str| subject[part].as_str().unwrap_or_default();
    let required = || "Required value".to_owned();
    if text("name").is_empty() {
        return Some(("name", required()));
    }
    match text("kind") {
        "ServiceAccount" if text("namespace").is_empty() => Some(("namespace", required())),
        "ServiceAccount" => None,
        "User" | "Group" if subject["apiGroup"] == RBAC => None,
        "User" | "Group" => {
            let group = &subject["apiGroup"];
            let problem = format!("Unsupported value: {group}: supported values: \"{RBAC}\"");
            Some(("apiGroup", problem))
        }
        other => {
            let problem = format!(
                "Unsupported value: \"{other}\": supported values: \"Group\", \"ServiceAccount\", \
                 \"User\""
            );
            Some(("kind", problem))
        }
    }
}

fn check_rules(kind: &Kind, object: &Value, name: &str) -> Result<(), Failure> {
    for (at, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
        let empty = |part: &str| rule[part].as_array().is_none_or(Vec::is_empty);
        let problem = |part: &str, text: &str| {
            Err(Failure::invalid(kind, name, &format!("rules[{at}].{part}"), text))
        };
        if empty("verbs") {
            return problem("verbs", "Required value: verbs must contain at least one value");
        }
        if !empty("nonResourceURLs") {
            if kind.namespaced {
                let text = "Invalid value: namespaced rules cannot apply to non-resource URLs";
                return problem("nonResourceURLs", text);
            }
            continue;
        }
        if empty("apiGroups") {
            let text = "Required value: resource rules must supply at least one api group";
            return problem("apiGroups", text);
        }
        if empty("resources") {
            let text = "Required value: resource rules must supply at least one resource";
            return problem("resources", text);
        }
    }
    Ok(())
}

/// Every expression of an admission policy must compile.
fn check_policy(kind: &Kind, object: &Value, name: &str) -> Result<(), Failure> {
    let spec = &object["spec"];
    if spec["validations"].as_array().is_none_or(Vec::is_empty) {
        let problem = "Required value: validations or auditAnnotations must be specified";
        return Err(Failure::invalid(kind, name, "spec.validations", problem));
    }
    for part in ["matchConditions", "variables", "validations"] {
        let entries = spec[part].as_array().into_iter().flatten().enumerate();
        let expressions = entries.flat_map(|(at, entry)| {
            ["expression", "messageExpression"]
                .into_iter()
                .filter_map(move |field| Some((at, field, entry[field].as_str()?)))
        });
        for (at, field, expression) in expressions {
            if let Err(error) = admission::compile(expression) {
                let field = format!("spec.{part}[{at}].{field}");
                let problem = format!("Invalid value: {expression:?}: compilation failed: {error}");
                return Err(Failure::invalid(kind, name, &field, &problem));
            }
        }
    }
    Ok(())
}

/// Checks what may not change between two versions of an object.
///
/// # Errors
/// 422 when the role of a binding changes.
pub fn check_update(kind: &Kind, before: &Value, after: &Value) -> Result<(), Failure> {
    if kind.is_binding() && before["roleRef"] != after["roleRef"] {
        let name = after["metadata"]["name"].as_str().unwrap_or_default();
        let role = &after["roleRef"];
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let problem = format!(
            "Invalid value: rbac.RoleRef{{APIGroup:\"{}\", Kind:\"{}\", Name:\"{}\"}}: cannot \
             change roleRef",
            text(&role["apiGroup"]),
            text(&role["kind"]),
            text(&role["name"])
        );
        return Err(Failure::invalid(kind, name, "roleRef", &problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Value {
        json!({
            "metadata": {"name": "b"},
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": "g"}],
        })
    }

    #[test]
    fn a_binding_gets_its_api_groups() {
        let kind = Kind::find(RBAC, "rolebindings").unwrap();
        let mut object = binding();
        complete(kind, &mut object);
        assert_eq!(object["subjects"][0]["apiGroup"], RBAC);
        assert_eq!(check(kind, &object), Ok(()));
        object["subjects"][0]["apiGroup"] = json!("");
        assert_eq!(check(kind, &object).unwrap_err().code, 422);
    }

    #[test]
    fn the_role_of_a_binding_never_changes() {
        let kind = Kind::find(RBAC, "rolebindings").unwrap();
        let mut after = binding();
        after["roleRef"]["name"] = json!("edit");
        let failure = check_update(kind, &binding(), &after).unwrap_err();
        assert!(failure.message.ends_with("cannot change roleRef"), "{}", failure.message);
    }

    #[test]
    fn namespaces_are_dns_labels_and_roles_are_not() {
        let namespace = Kind::find("", "namespaces").unwrap();
        let role = Kind::find(RBAC, "clusterroles").unwrap();
        let named = |name: &str| json!({"metadata": {"name": name}, "rules": []});
        assert_eq!(check(namespace, &named("dev-1")), Ok(()));
        assert!(check(namespace, &named("Dev")).is_err());
        assert!(check(namespace, &named("a.b")).is_err());
        assert_eq!(check(role, &named("system:x")), Ok(()));
        assert!(check(role, &named("a/b")).is_err());
    }
}
