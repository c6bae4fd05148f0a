//! The functions of Bicep that our files call.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use tree_sitter::Node;
use xtask::pack::root;

use super::{
    children,
    evaluate::{Template, path_of},
};

/// A value within a text. What is known only in Azure is written as `<path>`.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        value => path_of(value).unwrap_or_else(|| panic!("no text: {value}")).to_owned(),
    }
}

/// Calls a function.
pub fn call(template: &Template<'_>, node: Node<'_>, locals: &BTreeMap<String, Value>) -> Value {
    let name = template.file.text(node.child_by_field_name("function").expect("a name"));
    let arguments = children(node.child_by_field_name("arguments").expect("arguments"));
    if name == "filter" {
        return filter(template, &arguments, locals);
    }
    let given: Vec<_> = arguments.iter().map(|node| template.value(*node, locals)).collect();
    match (name, given.as_slice()) {
        ("loadJsonContent", [path]) => {
            let text = load(template, path);
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
        }
        ("loadTextContent", [path]) => json!(load(template, path)),
        ("readEnvironmentVariable", [_, default]) => default.clone(),
        ("guid", parts) => {
            let parts: Vec<_> = parts.iter().map(id_or_text).collect();
            json!(format!("guid({})", parts.join(",").replace('/', "|")))
        }
        ("uniqueString", _) => json!("abcdefghijklm"),
        ("array", [one]) => json!([one]),
        ("toLower", [one]) => json!(text(one).to_lowercase()),
        ("take", [one, count]) => {
            let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
            json!(text(one).chars().take(count.expect("a count")).collect::<String>())
        }
        ("join", [Value::Array(list), between]) => {
            let list: Vec<_> = list.iter().map(text).collect();
            json!(list.join(&text(between)))
        }
        ("concat", lists) => {
            lists.iter().flat_map(|list| list.as_array().expect("a list")).cloned().collect()
        }
        ("union", [Value::Object(one), Value::Object(other)]) => {
            Value::Object(one.clone().into_iter().chain(other.clone()).collect())
        }
        ("contains", [Value::Object(one), key]) => json!(one.contains_key(&text(key))),
        ("contains", [Value::Array(one), item]) => json!(one.contains(item)),
        ("empty", [Value::Array(list)]) => json!(list.is_empty()),
        ("empty", [one]) => json!(text(one).is_empty()),
        ("indexOf", [Value::Array(list), item]) => {
            json!(list.iter().position(|one| one == item).expect("it is in the list"))
        }
        ("subscription", []) => json!({
            "id": format!("/subscriptions/{}", template.subscription),
            "subscriptionId": template.subscription,
        }),
        ("subscription", [id]) => json!({ "id": format!("/subscriptions/{}", text(id)) }),
        ("resourceGroup", []) => json!({ "id": format!("group:{}", template.group) }),
        ("resourceGroup", [name]) => json!({ "id": format!("group:{}", text(name)) }),
        ("tenant", []) => json!({ "tenantId": "the-tenant" }),
        ("environment", []) => json!({
            "suffixes": { "keyvaultDns": ".vault.azure.net", "storage": "core.windows.net" },
        }),
        ("subscriptionResourceId" | "resourceId", [kind, name]) => {
            json!(format!("{}:{}", text(kind), text(name)))
        }
        _ => panic!("{name} is not understood: {}", template.file.place(node)),
    }
}

fn id_or_text(value: &Value) -> String {
    super::evaluate::id_of(value)
}

fn load(template: &Template<'_>, path: &Value) -> String {
    let beside = Path::new(&template.file.path).parent().unwrap_or(Path::new(""));
    let file = root().join("infra").join(beside).join(text(path));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn filter(
    template: &Template<'_>,
    arguments: &[Node<'_>],
    locals: &BTreeMap<String, Value>,
) -> Value {
    let list = template.value(arguments[0], locals);
    let lambda = children(arguments[1]);
    let keeps = |item: &&Value| {
        let mut inner = locals.clone();
        inner.insert(template.file.text(lambda[0]).to_owned(), (*item).clone());
        template.value(lambda[1], &inner) == true
    };
    list.as_array().expect("a list").iter().filter(keeps).cloned().collect()
}
