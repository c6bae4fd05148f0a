//! Request bodies: JSON, or YAML or protobuf read as JSON.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Number, Value};

use super::protobuf;
use super::status::Failure;

/// Reads a body of any format; YAML may hold one document.
///
/// # Errors
/// 400 when it is none of them, 415 for a kind that is not read from protobuf.
pub fn parse(body: &[u8]) -> Result<Value, Failure> {
    if protobuf::is_protobuf(body) {
        return protobuf::parse(body);
    }
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::bad_request("the body of the request is not UTF-8"))?;
    let documents = Yaml::load_from_str(text)
        .map_err(|e| Failure::bad_request(format!("error decoding YAML: {e}")))?;
    documents
        .first()
        .and_then(to_json)
        .ok_or_else(|| Failure::bad_request("the body of the request is not an object"))
}

fn to_json(yaml: &Yaml<'_>) -> Option<Value> {
    match yaml {
        Yaml::Value(scalar) => Some(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(b) => Value::Bool(*b),
            Scalar::Integer(i) => Value::from(*i),
            Scalar::FloatingPoint(f) => Value::Number(Number::from_f64(f.into_inner())?),
            Scalar::String(s) => Value::String(s.to_string()),
        }),
        Yaml::Sequence(items) => items.iter().map(to_json).collect::<Option<_>>().map(Value::Array),
        Yaml::Mapping(entries) => {
            let pairs = entries.iter().map(|(k, v)| Some((key(k)?, to_json(v)?)));
            pairs.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}

fn key(yaml: &Yaml<'_>) -> Option<String> {
    match to_json(yaml)? {
        Value::String(s) => Some(s),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_and_json_read_the_same() {
        let yaml = b"kind: Role\nrules:\n- apiGroups: [\"\"]\n  verbs: ['*']\nn: 3\nok: true\n";
        let expected = json!({
            "kind": "Role", "rules": [{"apiGroups": [""], "verbs": ["*"]}], "n": 3, "ok": true,
        });
        assert_eq!(parse(yaml).unwrap(), expected);
        assert_eq!(parse(expected.to_string().as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(parse(b"{: [").is_err());
        assert!(parse(&[0xff, 0xfe]).is_err());
    }
}
