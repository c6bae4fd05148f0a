//! What the host makes of an HTTP answer.

use http::StatusCode;

use super::Node;

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function succeeded; its outputs are still to be written and may fail it yet.
    Success(Answer),
    /// The invocation failed, with the host's reason. Outputs and logs are gone.
    Failure(String),
    /// The answer is empty or `null`: the real host waits until `functionTimeout`, fails the
    /// invocation and kills the process.
    Hang,
}

/// The answer of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The values by output binding; the names are case-sensitive. `None` when absent or null.
    pub outputs: Option<Vec<(String, Node)>>,
    /// Lines for the invocation's log, all at level Information.
    pub logs: Vec<String>,
    /// The value for the binding `$return`.
    pub return_value: Node,
}

impl Answer {
    /// The value for the output binding `name`; nulls are skipped. Members of an object in
    /// `ReturnValue` count over `Outputs` when no binding is named `$return`.
    #[must_use]
    pub fn output(&self, name: &str, has_return_binding: bool) -> Option<&Node> {
        let by_name = |members: &'_ [(String, Node)]| {
            members.iter().position(|(known, node)| known == name && *node != Node::Null)
        };
        let returned = match &self.return_value {
            node if name == "$return" => return Some(node).filter(|node| **node != Node::Null),
            Node::Object(members) if !has_return_binding => {
                by_name(members).map(|index| &members[index].1)
            }
            _ => None,
        };
        let outputs = self.outputs.as_deref().unwrap_or_default();
        returned.or_else(|| by_name(outputs).map(|index| &outputs[index].1))
    }
}

/// Reads an answer as the host does.
#[must_use]
pub fn interpret(status: StatusCode, content_type: Option<&str>, body: &[u8]) -> Outcome {
    if !status.is_success() {
        return Outcome::Failure(format!(
            "Response status code does not indicate success: {} ({}).",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
        ));
    }
    if body.is_empty() {
        return Outcome::Hang;
    }
    if !content_type.is_some_and(is_json) {
        return invalid("the content type is not JSON");
    }
    match serde_json::from_slice(body) {
        Ok(Node::Null) => Outcome::Hang,
        Ok(node @ Node::Object(_)) => read(&node),
        Ok(_) => invalid("the body is not a JSON object"),
        Err(error) => invalid(&error.to_string()),
    }
}

fn invalid(reason: &str) -> Outcome {
    Outcome::Failure(format!("Invalid HttpResponseMessage: {reason}"))
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    ["application/json", "text/json"].iter().any(|json| media_type.eq_ignore_ascii_case(json))
}

fn read(object: &Node) -> Outcome {
    let outputs = match object.member("Outputs") {
        None | Some(Node::Null) => None,
        Some(Node::Object(members)) => Some(members.clone()),
        Some(_) => return invalid("Outputs is not an object"),
    };
    let logs = match object.member("Logs") {
        None | Some(Node::Null) => Some(Vec::new()),
        Some(Node::Array(lines)) => lines.iter().map(line).collect(),
        Some(_) => None,
    };
    let Some(logs) = logs else { return invalid("Logs is not an array of strings") };
    let return_value = object.member("ReturnValue").cloned().unwrap_or(Node::Null);
    Outcome::Success(Answer { outputs, logs, return_value })
}

/// A line of the log: scalars become text.
fn line(node: &Node) -> Option<String> {
    match node {
        Node::Null => Some(String::new()),
        Node::Bool(value) => Some(value.to_string()),
        Node::Number(number) => Some(number.to_string()),
        Node::String(text) => Some(text.clone()),
        Node::Array(_) | Node::Object(_) => None,
    }
}
