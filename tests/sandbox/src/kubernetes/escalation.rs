//! Nobody grants through a role or binding what they do not hold themselves.

use serde_json::Value;

/// The parts of the wanted rules that no held rule covers, one per verb, group and resource.
pub fn uncovered(held: &[Value], wanted: &[Value]) -> Vec<String> {
    let singles = wanted.iter().flat_map(single_rules);
    singles
        .filter(|single| !held.iter().any(|rule| single.is_within(rule)))
        .map(|s| s.text())
        .collect()
}

/// A rule broken down to one verb and one thing.
struct Single<'a> {
    verb: &'a str,
    thing: Thing<'a>,
}

enum Thing<'a> {
    Resource { group: &'a str, resource: &'a str, name: Option<&'a str> },
    Path(&'a str),
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn single_rules(rule: &Value) -> Vec<Single<'_>> {
    let names = strings(&rule["resourceNames"]);
    let names: Vec<Option<&str>> =
        if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    let mut singles = Vec::new();
    for verb in strings(&rule["verbs"]) {
        for path in strings(&rule["nonResourceURLs"]) {
            singles.push(Single { verb, thing: Thing::Path(path) });
        }
        for group in strings(&rule["apiGroups"]) {
            for resource in strings(&rule["resources"]) {
                for name in &names {
                    let thing = Thing::Resource { group, resource, name: *name };
                    singles.push(Single { verb, thing });
                }
            }
        }
    }
    singles
}

impl Single<'_> {
    fn is_within(&self, rule: &Value) -> bool {
        let has = |field: &str, wanted: &str| {
            strings(&rule[field]).iter().any(|item| *item == "*" || *item == wanted)
        };
        if !has("verbs", self.verb) {
            return false;
        }
        match &self.thing {
            Thing::Path(path) => strings(&rule["nonResourceURLs"]).iter().any(|held| {
                held == path || held.strip_suffix('*').is_some_and(|p| path.starts_with(p))
            }),
            Thing::Resource { group, resource, name } => {
                let names = strings(&rule["resourceNames"]);
                let named = names.is_empty() || name.is_some_and(|n| names.contains(&n));
                let part = resource.split_once('/').map(|(_, part)| format!("*/{part}"));
                let covered = has("resources", resource)
                    || part.is_some_and(|p| strings(&rule["resources"]).contains(&p.as_str()));
                has("apiGroups", group) && covered && named
            }
        }
    }

    fn text(&self) -> String {
        let verb = self.verb;
        match &self.thing {
            Thing::Path(path) => format!("{{NonResourceURLs:[\"{path}\"], Verbs:[\"{verb}\"]}}"),
            Thing::Resource { group, resource, name } => {
                let names = name.map(|n| format!(", ResourceNames:[\"{n}\"]")).unwrap_or_default();
                format!(
                    "{{APIGroups:[\"{group}\"], Resources:[\"{resource}\"]{names}, \
                     Verbs:[\"{verb}\"]}}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_not_held_is_named() {
        let held = [json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]})];
        let wanted =
            [json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "delete"]})];
        let missing = uncovered(&held, &wanted);
        assert_eq!(missing, [r#"{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}"#]);
    }

    #[test]
    fn a_rule_for_one_name_does_not_cover_all_names() {
        let held = [json!({
            "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"], "resourceNames": ["a"],
        })];
        let all = [json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})];
        let one = [json!({
            "apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"],
        })];
        assert_eq!(uncovered(&held, &all).len(), 1);
        assert!(uncovered(&held, &one).is_empty());
    }
}
