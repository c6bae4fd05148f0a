//! Route templates of HTTP functions.

use std::collections::BTreeMap;

/// Values of a route's parameters; `None` for an optional one that was not given.
pub(crate) type Params = BTreeMap<String, Option<String>>;

/// A template such as `people/{id}`, `files/{*path}` or `steps/{step?}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Template(Vec<Segment>);

/// Ordered from the most to the least particular, which is the order routes are tried in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Optional(String),
    Rest(String),
}

impl Template {
    /// Reads a template below a prefix. Constraints (`{id:int}`) are not checked.
    pub fn parse(prefix: &str, route: &str) -> Self {
        let path = format!("{prefix}/{route}");
        Self(path.split('/').filter(|part| !part.is_empty()).map(Segment::parse).collect())
    }

    /// The parameters, if the path fits; literals fit in any case.
    pub fn matches(&self, path: &str) -> Option<Params> {
        let mut parts = path.split('/').filter(|part| !part.is_empty()).map(decode);
        let mut params = Params::new();
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => {
                    parts.next().filter(|part| part.eq_ignore_ascii_case(text))?;
                }
                Segment::Parameter(name) => {
                    params.insert(name.clone(), Some(parts.next()?));
                }
                Segment::Optional(name) => {
                    params.insert(name.clone(), parts.next());
                }
                Segment::Rest(name) => {
                    let rest = parts.by_ref().collect::<Vec<_>>().join("/");
                    params.insert(name.clone(), Some(rest).filter(|rest| !rest.is_empty()));
                }
            }
        }
        parts.next().is_none().then_some(params)
    }
}

impl Segment {
    fn parse(part: &str) -> Self {
        let Some(inner) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return Self::Literal(part.to_owned());
        };
        let optional = inner.ends_with('?');
        let name = inner.trim_end_matches('?').split(':').next().unwrap_or_default();
        match name.strip_prefix('*') {
            Some(rest) => Self::Rest(rest.trim_start_matches('*').to_owned()),
            None if optional => Self::Optional(name.to_owned()),
            None => Self::Parameter(name.to_owned()),
        }
    }
}

/// Undoes percent-encoding; `+` stays, unlike in queries.
fn decode(part: &str) -> String {
    let encoded = format!("v={}", part.replace('+', "%2B").replace('&', "%26"));
    let value = url::form_urlencoded::parse(encoded.as_bytes()).next();
    value.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(route: &str, path: &str) -> Option<Vec<(String, Option<String>)>> {
        Template::parse("api", route).matches(path).map(|params| params.into_iter().collect())
    }

    fn value(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn templates_match_and_give_their_values() {
        assert_eq!(params("steps", "/API/Steps/"), Some(vec![]));
        assert_eq!(params("steps", "/api/other"), None);
        assert_eq!(params("p/{id:int}", "/api/p/a%20b+c"), Some(vec![value("id", Some("a b+c"))]));
        assert_eq!(params("p/{id}", "/api/p"), None);
        assert_eq!(params("p/{id?}", "/api/p"), Some(vec![value("id", None)]));
        assert_eq!(params("{*all}", "/api/a/b"), Some(vec![value("all", Some("a/b"))]));
    }

    #[test]
    fn literals_come_before_parameters() {
        let mut routes = ["{*a}", "p/{id}", "p/me"].map(|route| Template::parse("api", route));
        routes.sort();
        let places: Vec<_> = ["p/me", "p/{id}", "{*a}"]
            .map(|route| routes.iter().position(|r| *r == Template::parse("api", route)))
            .into();
        assert_eq!(places, [Some(0), Some(1), Some(2)]);
    }
}
