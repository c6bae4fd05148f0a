//! Objects as the rows that `kubectl get` prints, when it asks for a `Table`.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::kinds::Kind;

/// Whether the client prefers a `Table` to the objects.
pub fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split(',').next().unwrap_or_default();
    first.contains("as=Table")
}

/// The table of `objects`, with the metadata of their list.
pub fn table(kind: &Kind, objects: &[&Value], metadata: &Value, now: Timestamp) -> Value {
    let columns = columns(kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name, "type": "string", "format": format, "description": "",
                "priority": 0,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<String> = columns.iter().map(|c| (c.cell)(object, now)).collect();
            let metadata = json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"],
            });
            json!({"cells": cells, "object": metadata})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows,
    })
}

struct Column {
    name: &'static str,
    cell: fn(&Value, Timestamp) -> String,
}

fn columns(kind: &Kind) -> Vec<Column> {
    let column = |name, cell| Column { name, cell };
    let name = column("Name", |o, _| text(&o["metadata"]["name"]));
    let age = column("Age", age);
    match kind.kind {
        "Pod" => vec![
            name,
            column("Ready", |o, _| ready(o)),
            column("Status", |o, _| text(&o["status"]["phase"])),
            column("Restarts", |o, _| restarts(o).to_string()),
            age,
        ],
        "Node" => vec![
            name,
            column("Status", |o, _| node_status(o)),
            column("Roles", |o, _| node_role(o)),
            age,
            column("Version", |o, _| text(&o["status"]["nodeInfo"]["kubeletVersion"])),
        ],
        "Namespace" => vec![name, column("Status", |o, _| text(&o["status"]["phase"])), age],
        "RoleBinding" | "ClusterRoleBinding" => vec![name, column("Role", |o, _| role(o)), age],
        "Role" | "ClusterRole" => vec![name, column("Created At", |o, _| created(o))],
        _ => vec![name, age],
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn created(object: &Value) -> String {
    text(&object["metadata"]["creationTimestamp"])
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    pod["status"]["containerStatuses"].as_array().into_iter().flatten()
}

fn ready(pod: &Value) -> String {
    let containers = pod["spec"]["containers"].as_array().map_or(0, Vec::len);
    let ready = statuses(pod).filter(|status| status["ready"] == true).count();
    format!("{ready}/{containers}")
}

fn restarts(pod: &Value) -> u64 {
    statuses(pod).filter_map(|status| status["restartCount"].as_u64()).sum()
}

fn node_status(node: &Value) -> String {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
    if ready { "Ready".to_owned() } else { "NotReady".to_owned() }
}

fn node_role(node: &Value) -> String {
    let role = node["metadata"]["labels"]["kubernetes.io/role"].as_str();
    role.unwrap_or("<none>").to_owned()
}

fn role(binding: &Value) -> String {
    let role = &binding["roleRef"];
    format!("{}/{}", text(&role["kind"]), text(&role["name"]))
}

fn age(object: &Value, now: Timestamp) -> String {
    match created(object).parse::<Timestamp>() {
        Ok(created) => human(now.duration_since(created).as_secs()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// Seconds in the shortest form, as `k8s.io/apimachinery/pkg/util/duration` writes them.
fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |big: i64, unit: char, small: i64, part: char| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit}{small}{part}"),
    };
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => both(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => both(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => both(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => both(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_as_kubectl_tells_them() {
        let told = [5, 119, 125, 396, 600, 5_340, 10_801, 82_800, 172_800, 864_000].map(human);
        let expected = ["5s", "119s", "2m5s", "6m36s", "10m", "89m", "3h", "23h", "2d", "10d"];
        assert_eq!(told, expected.map(str::to_owned));
    }

    #[test]
    fn only_a_client_that_prefers_a_table_gets_one() {
        let headers = |accept: &'static str| {
            HeaderMap::from_iter([(http::header::ACCEPT, http::HeaderValue::from_static(accept))])
        };
        assert!(wanted(&headers("application/json;as=Table;v=v1;g=meta.k8s.io,application/json")));
        assert!(!wanted(&headers("application/json")));
    }
}
