//! The properties that a `$filter` names.

use super::model::Model;
use super::query::property;
use crate::contracts::shape::Id;

const OPERATORS: [&str; 15] = [
    "and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "has", "true", "false", "null",
    "mod",
];
const FUNCTIONS: [&str; 9] =
    ["startswith", "endswith", "contains", "tolower", "toupper", "not", "in", "and", "or"];

/// Whether every word of `filter` is an operator, a function, a literal or a known property.
pub fn check(model: &Model, id: Id, filter: &str) -> Result<(), String> {
    let mut variables: Vec<&str> = Vec::new();
    let mut rest = filter;
    while let Some(begin) =
        rest.find(|letter: char| !letter.is_whitespace() && !"(),".contains(letter))
    {
        rest = &rest[begin..];
        if rest.starts_with('\'') {
            rest = after_string(rest);
            continue;
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || "(),'".contains(letter));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        if after.starts_with('(') {
            call(model, id, word, &variables)?;
        } else if is_literal(word) {
            // Also dates and times, which hold a colon as `any(member:member/id …)` does.
        } else if let Some((variable, _)) = word.split_once(':') {
            variables.push(variable);
        } else if !is_variable(word, &variables) {
            property(model, id, word)?;
        }
    }
    Ok(())
}

/// What stands before an opening parenthesis: a function, or `members/any`.
fn call(model: &Model, id: Id, word: &str, variables: &[&str]) -> Result<(), String> {
    if FUNCTIONS.contains(&word.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    match word.rsplit_once('/') {
        Some((path, "any" | "all")) if !is_variable(path, variables) => property(model, id, path),
        Some((_, "any" | "all")) => Ok(()),
        _ => Err(format!("calls '{word}', which is no function of filters")),
    }
}

fn is_variable(word: &str, variables: &[&str]) -> bool {
    variables.contains(&word.split('/').next().unwrap_or_default())
}

/// Numbers, dates, GUIDs and operators.
fn is_literal(word: &str) -> bool {
    OPERATORS.contains(&word)
        || word.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
        || uuid::Uuid::try_parse(word).is_ok()
}

/// What follows the string that `text` starts with, in which a doubled quote stands for itself.
fn after_string(text: &str) -> &str {
    let mut rest = &text[1..];
    while let Some(end) = rest.find('\'') {
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(more) => rest = more,
            None => return rest,
        }
    }
    ""
}
