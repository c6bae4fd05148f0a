//! JSON merge patch (RFC 7386) and JSON patch (RFC 6902).

use serde_json::{Map, Value};

/// Merges a patch into a document: null removes, objects merge, everything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Applies a JSON patch; `None` when an operation is malformed or its `test` fails.
pub fn json_patch(target: &mut Value, operations: &Value) -> Option<()> {
    for operation in operations.as_array()? {
        let path = operation["path"].as_str()?;
        match operation["op"].as_str()? {
            "test" => {
                if target.pointer(path)? != operation.get("value")? {
                    return None;
                }
            }
            "remove" => drop(remove(target, path)?),
            "add" => add(target, path, operation.get("value")?.clone())?,
            "replace" => *target.pointer_mut(path)? = operation.get("value")?.clone(),
            "move" => {
                let moved = remove(target, operation["from"].as_str()?)?;
                add(target, path, moved)?;
            }
            "copy" => {
                let copied = target.pointer(operation["from"].as_str()?)?.clone();
                add(target, path, copied)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(fields) => drop(fields.insert(last, value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at = last.parse().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(fields) => fields.remove(&last),
        Value::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merge_patch_removes_with_null_and_replaces_lists() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        merge(&mut target, &json!({"a": {"b": null, "d": 3}, "l": [9]}));
        assert_eq!(target, json!({"a": {"c": 2, "d": 3}, "l": [9]}));
    }

    #[test]
    fn a_json_patch_changes_what_its_tests_confirm() {
        let mut target = json!({"v": "1", "subjects": [{"name": "a"}, {"name": "b"}]});
        let operations = json!([
            {"op": "test", "path": "/v", "value": "1"},
            {"op": "test", "path": "/subjects/0", "value": {"name": "a"}},
            {"op": "remove", "path": "/subjects/0"},
            {"op": "add", "path": "/a~1b", "value": 1},
        ]);
        assert_eq!(json_patch(&mut target, &operations), Some(()));
        assert_eq!(target, json!({"v": "1", "subjects": [{"name": "b"}], "a/b": 1}));
    }

    #[test]
    fn a_failed_test_or_bad_path_stops_the_patch() {
        let mut target = json!({"a": [1]});
        let wrong = json!([{"op": "test", "path": "/a/0", "value": 2}]);
        assert_eq!(json_patch(&mut target, &wrong), None);
        assert_eq!(json_patch(&mut target, &json!([{"op": "remove", "path": "/a/1"}])), None);
        assert_eq!(json_patch(&mut target, &json!([{"op": "bless", "path": "/a"}])), None);
    }
}
