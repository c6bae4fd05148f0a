//! Server-side apply, and the ownership that other writes take.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::{self, Manager, Path};
use super::kinds::Kind;
use super::status::Failure;

/// Who writes, and how.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The name that owns the fields.
    pub manager: &'a str,
    /// Whether fields of other managers are taken over.
    pub force: bool,
    /// The time of the write, RFC 3339.
    pub time: &'a str,
}

/// The object after an apply: the applied fields set, those the manager owned and no longer
/// names removed, everything else untouched.
///
/// # Errors
/// 409 when another manager owns a field with another value and `force` is off.
pub fn apply(
    kind: &Kind,
    before: Option<&Value>,
    applied: &Value,
    writer: Writer<'_>,
) -> Result<Value, Failure> {
    let mut object = before.cloned().unwrap_or_else(|| json!({"metadata": {}}));
    for part in ["apiVersion", "kind"] {
        object[part] = applied[part].clone();
    }
    object["metadata"]["name"] = applied["metadata"]["name"].clone();
    let wanted = fields::leaves(applied);
    let mut managers = before.map(fields::managers).unwrap_or_default();
    let mine = take(&mut managers, writer.manager, "Apply");
    let clashes = clashes(&managers, &object, applied, &wanted);
    if !clashes.is_empty() && !writer.force {
        return Err(conflict(kind, applied, &clashes));
    }
    for (path, _) in &clashes {
        for manager in &mut managers {
            manager.fields.remove(path);
        }
    }
    for path in mine.difference(&wanted) {
        if !managers.iter().any(|m| m.fields.contains(path)) {
            fields::remove(&mut object, path);
        }
    }
    for path in &wanted {
        let value = fields::get(applied, path).cloned().unwrap_or(Value::Null);
        fields::set(&mut object, path, value);
    }
    managers.push(Manager {
        name: writer.manager.to_owned(),
        operation: "Apply".to_owned(),
        fields: wanted,
    });
    fields::store(&mut object, &managers, &kind.api_version(), writer.time);
    Ok(object)
}

fn take(managers: &mut Vec<Manager>, name: &str, operation: &str) -> BTreeSet<Path> {
    let at = managers.iter().position(|m| m.name == name && m.operation == operation);
    at.map(|at| managers.remove(at).fields).unwrap_or_default()
}

fn clashes(
    managers: &[Manager],
    object: &Value,
    applied: &Value,
    wanted: &BTreeSet<Path>,
) -> Vec<(Path, String)> {
    let owned = managers.iter().flat_map(|m| m.fields.iter().map(move |path| (path, &m.name)));
    owned
        .filter(|(path, _)| wanted.contains(*path))
        .filter(|(path, _)| fields::get(object, path) != fields::get(applied, path))
        .map(|(path, name)| (path.clone(), name.clone()))
        .collect()
}

fn conflict(kind: &Kind, applied: &Value, clashes: &[(Path, String)]) -> Failure {
    let name = applied["metadata"]["name"].as_str().unwrap_or_default();
    let owned = clashes.iter().map(|(path, owner)| (format!(".{}", path.join(".")), owner.clone()));
    Failure::field_conflict(kind, name, &owned.collect::<Vec<_>>())
}

/// Gives the fields that an ordinary write changed to its manager.
pub fn own(kind: &Kind, before: Option<&Value>, after: &mut Value, writer: Writer<'_>) {
    let present = fields::leaves(after);
    let mut managers = before.map(fields::managers).unwrap_or_default();
    let changed: BTreeSet<Path> = present
        .iter()
        .filter(|path| before.and_then(|b| fields::get(b, path)) != fields::get(after, path))
        .cloned()
        .collect();
    for manager in &mut managers {
        manager.fields.retain(|path| present.contains(path) && !changed.contains(path));
    }
    let mut mine = take(&mut managers, writer.manager, "Update");
    mine.extend(changed);
    managers.push(Manager {
        name: writer.manager.to_owned(),
        operation: "Update".to_owned(),
        fields: mine,
    });
    fields::store(after, &managers, &kind.api_version(), writer.time);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::kinds::RBAC;

    fn kind() -> &'static Kind {
        Kind::find(RBAC, "rolebindings").unwrap()
    }

    fn binding(subject: &str, label: &str) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "b", "labels": {label: "1"}},
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "Group", "name": subject}],
        })
    }

    fn writer(manager: &str, force: bool) -> Writer<'_> {
        Writer { manager, force, time: "2026-01-01T00:00:00Z" }
    }

    #[test]
    fn a_second_apply_removes_what_its_manager_no_longer_names() {
        let first = apply(kind(), None, &binding("g", "a"), writer("m", false)).unwrap();
        let second = apply(kind(), Some(&first), &binding("g", "b"), writer("m", false)).unwrap();
        assert_eq!(second["metadata"]["labels"], json!({"b": "1"}));
    }

    #[test]
    fn the_subjects_belong_to_one_manager_as_a_whole() {
        let first = apply(kind(), None, &binding("g", "a"), writer("m", false)).unwrap();
        let refused = apply(kind(), Some(&first), &binding("h", "a"), writer("n", false));
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, 409);
        assert_eq!(refused.details["causes"][0]["field"], ".subjects");
        let forced = apply(kind(), Some(&first), &binding("h", "a"), writer("n", true)).unwrap();
        assert_eq!(forced["subjects"], json!([{"kind": "Group", "name": "h"}]));
        assert!(
            fields::managers(&forced)
                .iter()
                .all(|m| m.name == "n" || !m.fields.contains(&vec!["subjects".to_owned()]))
        );
    }

    #[test]
    fn an_ordinary_write_takes_the_fields_it_changes() {
        let first = apply(kind(), None, &binding("g", "a"), writer("m", false)).unwrap();
        let mut edited = first.clone();
        edited["subjects"] = json!([]);
        own(kind(), Some(&first), &mut edited, writer("kubectl", false));
        let again = apply(kind(), Some(&edited), &binding("g", "a"), writer("m", false));
        assert_eq!(again.unwrap_err().details["causes"][0]["message"], "conflict with \"kubectl\"");
    }
}
