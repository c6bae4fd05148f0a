//! Field ownership: which manager set which field, kept in `metadata.managedFields`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The path of a field; lists and `roleRef` are owned as a whole.
pub type Path = Vec<String>;

/// One manager and the fields it owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// The name in `fieldManager`.
    pub name: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// What it owns.
    pub fields: BTreeSet<Path>,
}

/// The fields an object sets, without those that only identify it.
pub fn leaves(object: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => {
                for part in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    if let Some(value) = value.get(part) {
                        collect(vec![key.clone(), part.to_owned()], value, &mut found);
                    }
                }
            }
            _ => collect(vec![key.clone()], value, &mut found),
        }
    }
    found
}

fn collect(path: Path, value: &Value, found: &mut BTreeSet<Path>) {
    match value.as_object() {
        Some(fields) if path != ["roleRef"] && !fields.is_empty() => {
            for (key, value) in fields {
                let mut path = path.clone();
                path.push(key.clone());
                collect(path, value, found);
            }
        }
        _ => {
            found.insert(path);
        }
    }
}

/// The value at a path.
pub fn get<'v>(object: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, key| value.get(key))
}

/// Sets the value at a path, making the objects on the way.
pub fn set(object: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *object = value;
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    set(&mut object[first.as_str()], rest, value);
}

/// Removes the value at a path.
pub fn remove(object: &mut Value, path: &[String]) {
    if let Some((last, parents)) = path.split_last() {
        let parent = parents.iter().try_fold(object, |value, key| value.get_mut(key));
        if let Some(fields) = parent.and_then(Value::as_object_mut) {
            fields.remove(last);
        }
    }
}

/// The managers of an object.
pub fn managers(object: &Value) -> Vec<Manager> {
    let entries = object["metadata"]["managedFields"].as_array();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    entries
        .into_iter()
        .flatten()
        .map(|entry| {
            let mut fields = BTreeSet::new();
            decode(&entry["fieldsV1"], &[], &mut fields);
            Manager { name: text(&entry["manager"]), operation: text(&entry["operation"]), fields }
        })
        .collect()
}

fn decode(encoded: &Value, path: &[String], found: &mut BTreeSet<Path>) {
    let fields = encoded.as_object().filter(|f| !f.is_empty());
    let Some(fields) = fields else {
        found.insert(path.to_vec());
        return;
    };
    for (key, inner) in fields {
        let mut path = path.to_vec();
        path.push(key.strip_prefix("f:").unwrap_or(key).to_owned());
        decode(inner, &path, found);
    }
}

/// Writes the managers back, without those that own nothing.
pub fn store(object: &mut Value, managers: &[Manager], api_version: &str, time: &str) {
    let entries: Vec<Value> = managers
        .iter()
        .filter(|m| !m.fields.is_empty())
        .map(|m| {
            let mut fields = json!({});
            for path in &m.fields {
                let encoded: Vec<String> = path.iter().map(|p| format!("f:{p}")).collect();
                set(&mut fields, &encoded, json!({}));
            }
            json!({
                "manager": m.name,
                "operation": m.operation,
                "apiVersion": api_version,
                "time": time,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields,
            })
        })
        .collect();
    object["metadata"]["managedFields"] = json!(entries);
}
