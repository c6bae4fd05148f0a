//! The protobuf bodies that `kubectl` sends for a few kinds, read as JSON.
//!
//! A body is the magic `k8s\0` and a `runtime.Unknown` (`k8s.io/apimachinery` generated.proto);
//! field numbers are those of `k8s.io/api`.

use Shape::{Many, One, Text, TextMap, Texts};
use serde_json::{Map, Value, json};

use super::status::Failure;

/// How one message is written: field number, JSON name and shape.
type Message = &'static [(u64, &'static str, Shape)];

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    TextMap,
    One(Message),
    Many(Message),
}

const METADATA: Message = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (11, "labels", TextMap),
    (12, "annotations", TextMap),
];
const NAMESPACE: Message = &[(1, "metadata", One(METADATA))];
const RULE: Message = &[
    (1, "verbs", Texts),
    (2, "apiGroups", Texts),
    (3, "resources", Texts),
    (4, "resourceNames", Texts),
    (5, "nonResourceURLs", Texts),
];
const ROLE: Message = &[(1, "metadata", One(METADATA)), (2, "rules", Many(RULE))];
const SUBJECT: Message =
    &[(1, "kind", Text), (2, "apiGroup", Text), (3, "name", Text), (4, "namespace", Text)];
const ROLE_REF: Message = &[(1, "apiGroup", Text), (2, "kind", Text), (3, "name", Text)];
const BINDING: Message = &[
    (1, "metadata", One(METADATA)),
    (2, "subjects", Many(SUBJECT)),
    (3, "roleRef", One(ROLE_REF)),
];
const RESOURCE: Message = &[
    (1, "namespace", Text),
    (2, "verb", Text),
    (3, "group", Text),
    (4, "version", Text),
    (5, "resource", Text),
    (6, "subresource", Text),
    (7, "name", Text),
];
const PATH: Message = &[(1, "path", Text), (2, "verb", Text)];
const ACCESS_SPEC: Message =
    &[(1, "resourceAttributes", One(RESOURCE)), (2, "nonResourceAttributes", One(PATH))];
const ACCESS: Message = &[(1, "metadata", One(METADATA)), (2, "spec", One(ACCESS_SPEC))];
const RULES_SPEC: Message = &[(1, "namespace", Text)];
const RULES: Message = &[(1, "metadata", One(METADATA)), (2, "spec", One(RULES_SPEC))];
const PRECONDITIONS: Message = &[(1, "uid", Text), (2, "resourceVersion", Text)];
const DELETE: Message = &[(2, "preconditions", One(PRECONDITIONS)), (5, "dryRun", Texts)];
const TYPE: Message = &[(1, "apiVersion", Text), (2, "kind", Text)];

fn message_of(kind: &str) -> Option<Message> {
    match kind {
        "Namespace" | "SelfSubjectReview" => Some(NAMESPACE),
        "Role" | "ClusterRole" => Some(ROLE),
        "RoleBinding" | "ClusterRoleBinding" => Some(BINDING),
        "DeleteOptions" => Some(DELETE),
        "SelfSubjectAccessReview" => Some(ACCESS),
        "SelfSubjectRulesReview" => Some(RULES),
        _ => None,
    }
}

/// Whether a body is written in protobuf.
pub fn is_protobuf(body: &[u8]) -> bool {
    body.starts_with(b"k8s\0")
}

/// Reads a protobuf body.
///
/// # Errors
/// 415 for a kind that is only read as JSON or YAML here, or a body that is cut short.
pub fn parse(body: &[u8]) -> Result<Value, Failure> {
    parse_envelope(body).ok_or_else(Failure::unsupported_media_type)
}

fn parse_envelope(body: &[u8]) -> Option<Value> {
    let unknown = fields(body.strip_prefix(b"k8s\0")?)?;
    let part = |number: u64| unknown.iter().find(|(n, _)| *n == number).map(|(_, bytes)| *bytes);
    let of_type = decode(part(1)?, TYPE)?;
    let mut object = decode(part(2).unwrap_or_default(), message_of(of_type["kind"].as_str()?)?)?;
    object["apiVersion"] = of_type["apiVersion"].clone();
    object["kind"] = of_type["kind"].clone();
    Some(object)
}

fn decode(bytes: &[u8], message: Message) -> Option<Value> {
    let mut object = Map::new();
    for (number, bytes) in fields(bytes)? {
        let Some((_, name, shape)) = message.iter().find(|(n, _, _)| *n == number) else {
            continue;
        };
        let name = (*name).to_owned();
        match shape {
            // proto2 writers send empty strings; JSON leaves them out.
            Text if bytes.is_empty() => {}
            Text => drop(object.insert(name, text(bytes)?)),
            One(inner) => drop(object.insert(name, decode(bytes, inner)?)),
            Texts => push(&mut object, name, text(bytes)?),
            Many(inner) => push(&mut object, name, decode(bytes, inner)?),
            TextMap => {
                let entry = fields(bytes)?;
                let part = |n: u64| entry.iter().find(|(m, _)| *m == n).map_or(&[][..], |e| e.1);
                let key = std::str::from_utf8(part(1)).ok()?.to_owned();
                let map = object.entry(name).or_insert_with(|| json!({}));
                map[key] = text(part(2))?;
            }
        }
    }
    Some(Value::Object(object))
}

fn push(object: &mut Map<String, Value>, name: String, value: Value) {
    if let Some(items) = object.entry(name).or_insert_with(|| json!([])).as_array_mut() {
        items.push(value);
    }
}

fn text(bytes: &[u8]) -> Option<Value> {
    std::str::from_utf8(bytes).ok().map(Value::from)
}

/// The length-delimited fields of a message; others are skipped.
fn fields(mut rest: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        match tag & 7 {
            0 => {
                varint(&mut rest)?;
            }
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                found.push((tag >> 3, rest.get(..length)?));
                rest = &rest[length..];
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    fn body(kind: &str, raw: &[u8]) -> Vec<u8> {
        let of_type = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [b"k8s\0".to_vec(), field(1, &of_type), field(2, raw), field(3, b"")].concat()
    }

    #[test]
    fn a_namespace_reads_as_its_json() {
        let label = [field(1, b"a"), field(2, b"b")].concat();
        let metadata = [field(1, b"dev"), field(2, b""), field(11, &label)].concat();
        let status = field(3, b"");
        let raw = [field(1, &metadata), status].concat();
        let expected = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "dev", "labels": {"a": "b"}},
        });
        assert_eq!(parse(&body("Namespace", &raw)).unwrap(), expected);
    }

    #[test]
    fn other_kinds_and_cut_bodies_are_refused() {
        assert_eq!(parse(&body("Pod", &[])).unwrap_err().code, 415);
        let whole = body("Namespace", &field(1, b"\x0a\x03dev"));
        assert_eq!(parse(&whole[..whole.len() - 4]).unwrap_err().code, 415);
    }
}
