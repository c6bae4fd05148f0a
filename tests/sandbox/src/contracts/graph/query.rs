//! Query options: which an operation takes, and which properties they name.

use super::model::Model;
use super::place::Target;
use crate::contracts::exchange::Asked;
use crate::contracts::finding::Finding;
use crate::contracts::shape::{Id, Leads, Shape};

const OF_MANY: [&str; 10] = [
    "$count",
    "$deltatoken",
    "$expand",
    "$filter",
    "$format",
    "$orderby",
    "$search",
    "$select",
    "$skiptoken",
    "$top",
];
const OF_ONE: [&str; 3] = ["$expand", "$format", "$select"];
const OF_COUNT: [&str; 2] = ["$filter", "$search"];

/// What is wrong with the query of a request for `target`.
pub fn check(model: &Model, asked: &Asked<'_>, target: &Target<'_>) -> Vec<Finding> {
    let (known, id) = options(asked.method, target);
    let mut found = Vec::new();
    for (key, value) in asked.query() {
        if !known.contains(&key.as_ref()) {
            let told = format!("no query parameter '{key}' is known here");
            found.push(Finding::wrong(told));
        } else if let Err(what) = value_of(model, &key, &value, id) {
            found.push(Finding::wrong(format!("{key} {what}")));
        }
    }
    found
}

fn options(method: &str, target: &Target<'_>) -> (&'static [&'static str], Option<Id>) {
    match (method, target) {
        ("GET", Target::Many(id)) => (&OF_MANY, Some(*id)),
        ("GET", Target::One(id)) => (&OF_ONE, Some(*id)),
        ("GET", Target::Count(id)) => (&OF_COUNT, Some(*id)),
        ("GET", Target::References { many: true }) => (&OF_MANY, None),
        (_, Target::Call(bound)) => match &bound.returns {
            Some(Shape::List(item)) => (&OF_MANY, object(item)),
            Some(shape) => (&OF_ONE, object(shape)),
            None => (&[], None),
        },
        // What Graph answers to a creation can be narrowed as well.
        ("POST", Target::Many(id)) => (&OF_ONE, Some(*id)),
        (_, Target::Free) => (&OF_MANY, None),
        _ => (&[], None),
    }
}

fn object(shape: &Shape) -> Option<Id> {
    match shape {
        Shape::Named(id) => Some(*id),
        _ => None,
    }
}

fn value_of(model: &Model, key: &str, value: &str, id: Option<Id>) -> Result<(), String> {
    match (key, id) {
        ("$top", _) if value.parse::<u32>().is_err() => Err("is no number".to_owned()),
        ("$count", _) if value.parse::<bool>().is_err() => Err("is no boolean".to_owned()),
        ("$select", Some(id)) => each(value, ',', |path| property(model, id, path)),
        ("$orderby", Some(id)) => {
            each(value, ',', |path| property(model, id, path.split(' ').next().unwrap_or_default()))
        }
        ("$expand", Some(id)) => each(value, ',', |item| expand(model, id, item)),
        ("$filter", Some(id)) => super::filter::check(model, id, value),
        _ => Ok(()),
    }
}

/// Applies `check` to the parts of `text` between `separator`s outside parentheses.
fn each(
    text: &str,
    separator: char,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    let (mut depth, mut begin) = (0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if letter == separator && depth == 0 => {
                check(text[begin..at].trim())?;
                begin = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    check(text[begin..].trim())
}

/// `members` or `members($select=id;$expand=…)`.
fn expand(model: &Model, id: Id, item: &str) -> Result<(), String> {
    let (name, options) = item.split_once('(').unwrap_or((item, ""));
    let field = model.property(id, name).filter(|field| field.leads != Leads::Nowhere);
    let field = field.ok_or_else(|| unknown(model, id, name))?;
    let below = match &field.shape {
        Shape::List(item) => object(item),
        shape => object(shape),
    };
    let options = options.strip_suffix(')').unwrap_or(options);
    if options.is_empty() {
        return Ok(());
    }
    each(options, ';', |option| {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        if !OF_MANY.contains(&key) && key != "$levels" {
            return Err(format!("takes no option '{key}'"));
        }
        value_of(model, key, value, below).map_err(|what| format!("{key} {what}"))
    })
}

/// Follows `manager/displayName` from the object at `id`.
pub fn property(model: &Model, id: Id, path: &str) -> Result<(), String> {
    let mut at = Some(id);
    for name in path.split('/') {
        let Some(id) = at else { return Ok(()) };
        if name == "$count" || name == "*" || name.starts_with("microsoft.graph.") {
            continue;
        }
        let is_extension = name.contains('_');
        let Some(field) = model.property(id, name) else {
            return if is_extension { Ok(()) } else { Err(unknown(model, id, name)) };
        };
        at = match &field.shape {
            Shape::List(item) => object(item),
            shape => object(shape),
        };
    }
    Ok(())
}

fn unknown(model: &Model, id: Id, name: &str) -> String {
    format!("names '{name}', which {} has not", model.shapes.get(id).name)
}
