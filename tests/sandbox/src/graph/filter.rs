//! What a `$filter` means.

use serde_json::Value;

use super::answer::Refused;
use super::call::Call;
use super::names::knows;
use super::parse_filter::parse;
use super::properties::Entity;

/// A condition on one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `property eq value`.
    Equal(String, Value),
    /// `startswith(property,'text')`.
    StartsWith(String, String),
    /// `endswith(property,'text')`.
    EndsWith(String, String),
    /// `property in ('a','b')`.
    In(String, Vec<Value>),
    /// `property/any(x:x eq 'value')`; a part of the items follows after a slash.
    Any(String, Value),
    /// `property ge value` and the like; no directory property is indexed for it.
    Compare(Order, String, Value),
    /// `… and …`.
    And(Box<Filter>, Box<Filter>),
    /// `… or …`.
    Or(Box<Filter>, Box<Filter>),
    /// `not (…)`; `ne` is a negated `eq`.
    Not(Box<Filter>),
}

/// How a property compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `lt`.
    Less,
    /// `le`.
    AtMost,
    /// `gt`.
    More,
    /// `ge`.
    AtLeast,
}

impl Filter {
    /// The call's `$filter` for objects of `kind`, if it has one.
    ///
    /// Conditions that only the index can answer need `ConsistencyLevel: eventual` and
    /// `$count=true`.
    pub fn of(call: &Call<'_>, kind: &str) -> Result<Option<Filter>, Refused> {
        let Some(text) = call.option("$filter") else { return Ok(None) };
        let filter = parse(text)?;
        filter.check(kind)?;
        let advanced = call.eventual && call.option("$count") == Some("true");
        if filter.is_advanced() && !advanced {
            return Err(Refused::unsupported_query("Unsupported Query."));
        }
        Ok(Some(filter))
    }

    /// Whether `entity` meets the condition; text is compared without regard to case.
    pub fn matches(&self, entity: Entity<'_>) -> bool {
        let text =
            |name: &str| entity.property(name).and_then(|v| v.as_str().map(str::to_lowercase));
        match self {
            Filter::Equal(name, value) => {
                entity.property(name).is_some_and(|found| same(&found, value))
            }
            Filter::In(name, values) => entity
                .property(name)
                .is_some_and(|found| values.iter().any(|value| same(&found, value))),
            Filter::StartsWith(name, start) => {
                text(name).is_some_and(|found| found.starts_with(&start.to_lowercase()))
            }
            Filter::EndsWith(name, end) => {
                text(name).is_some_and(|found| found.ends_with(&end.to_lowercase()))
            }
            Filter::Any(name, value) => {
                let list = entity.property(name);
                let items = list.as_ref().and_then(Value::as_array).into_iter().flatten();
                items.into_iter().any(|item| same(item, value))
            }
            Filter::Compare(..) => false,
            Filter::And(left, right) => left.matches(entity) && right.matches(entity),
            Filter::Or(left, right) => left.matches(entity) || right.matches(entity),
            Filter::Not(inner) => !inner.matches(entity),
        }
    }

    fn is_advanced(&self) -> bool {
        match self {
            Filter::Not(_) | Filter::EndsWith(..) | Filter::Equal(_, Value::Null) => true,
            Filter::And(left, right) | Filter::Or(left, right) => {
                left.is_advanced() || right.is_advanced()
            }
            _ => false,
        }
    }

    fn check(&self, kind: &str) -> Result<(), Refused> {
        match self {
            Filter::And(left, right) | Filter::Or(left, right) => {
                left.check(kind)?;
                right.check(kind)
            }
            Filter::Not(inner) => inner.check(kind),
            Filter::Compare(..) => Err(Refused::unsupported_query(
                "The request uses a filter property that is not indexed",
            )),
            Filter::Equal(name, _)
            | Filter::In(name, _)
            | Filter::Any(name, _)
            | Filter::StartsWith(name, _)
            | Filter::EndsWith(name, _) => {
                if knows(kind, name) {
                    Ok(())
                } else {
                    let message = format!(
                        "Invalid filter clause: Could not find a property named '{name}' on type \
                         'microsoft.graph.{kind}'."
                    );
                    Err(Refused::odata("BadRequest", message))
                }
            }
        }
    }
}

fn same(found: &Value, wanted: &Value) -> bool {
    match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => found.to_lowercase() == wanted.to_lowercase(),
        _ => found == wanted,
    }
}
