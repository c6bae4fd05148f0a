//! Label and field selectors of lists.

use serde_json::Value;

use super::status::Failure;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

/// Which objects a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    labels: Vec<Term>,
    fields: Vec<(String, bool, String)>,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    /// 400 for a field that cannot be selected by.
    pub fn parse(labels: Option<&str>, fields: Option<&str>) -> Result<Self, Failure> {
        let labels = split(labels.unwrap_or_default()).into_iter().map(|t| label_term(&t));
        let fields = fields.unwrap_or_default().split(',').filter(|t| !t.is_empty());
        Ok(Self {
            labels: labels.collect(),
            fields: fields.map(field_term).collect::<Result<_, _>>()?,
        })
    }

    /// Whether an object is shown.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let label = |key: &String| labels[key.as_str()].as_str();
        let by_label = self.labels.iter().all(|term| match term {
            Term::Exists(key) => label(key).is_some(),
            Term::Absent(key) => label(key).is_none(),
            Term::In(key, values) => label(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Term::NotIn(key, values) => !label(key).is_some_and(|v| values.iter().any(|w| w == v)),
        });
        by_label
            && self.fields.iter().all(|(path, equal, wanted)| {
                let pointer = format!("/{}", path.replace('.', "/"));
                let actual = object.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
                (actual == wanted) == *equal
            })
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            terms.push(String::new());
        } else if let Some(last) = terms.last_mut() {
            last.push(c);
        }
    }
    terms.retain(|t| !t.trim().is_empty());
    terms
}

fn label_term(term: &str) -> Term {
    let set = |text: &str| {
        let inner = text.trim().trim_start_matches('(').trim_end_matches(')');
        inner.split(',').map(|v| v.trim().to_owned()).collect()
    };
    let key = |text: &str| text.trim().to_owned();
    if let Some((k, values)) = term.split_once(" notin ") {
        Term::NotIn(key(k), set(values))
    } else if let Some((k, values)) = term.split_once(" in ") {
        Term::In(key(k), set(values))
    } else if let Some((k, value)) = term.split_once("!=") {
        Term::NotIn(key(k), vec![key(value)])
    } else if let Some((k, value)) = term.split_once('=') {
        Term::In(key(k), vec![key(value.trim_start_matches('='))])
    } else if let Some(k) = term.trim().strip_prefix('!') {
        Term::Absent(key(k))
    } else {
        Term::Exists(key(term))
    }
}

fn field_term(term: &str) -> Result<(String, bool, String), Failure> {
    let (path, equal, value) = match term.split_once("!=") {
        Some((path, value)) => (path, false, value),
        None => {
            let (path, value) = term.split_once('=').unwrap_or((term, ""));
            (path, true, value.trim_start_matches('='))
        }
    };
    const KNOWN: [&str; 4] =
        ["metadata.name", "metadata.namespace", "status.phase", "spec.nodeName"];
    if !KNOWN.contains(&path) {
        return Err(Failure::bad_request(format!("field label not supported: {path}")));
    }
    Ok((path.to_owned(), equal, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shows(labels: &str, fields: &str) -> bool {
        let object = json!({"metadata": {"name": "n", "labels": {"a": "1", "b": "2"}}});
        Selector::parse(Some(labels), Some(fields)).unwrap().matches(&object)
    }

    #[test]
    fn label_selectors_of_every_form_are_understood() {
        assert!(shows("a=1,b in (2, 3),!c,a", ""));
        assert!(shows("a==1,b!=3,b notin (4,5)", ""));
        assert!(!shows("a=2", "") && !shows("c", "") && !shows("a notin (1)", ""));
    }

    #[test]
    fn fields_select_by_name_only() {
        assert!(shows("", "metadata.name=n") && !shows("", "metadata.name!=n"));
        assert!(Selector::parse(None, Some("roleRef.name=x")).is_err());
    }
}
