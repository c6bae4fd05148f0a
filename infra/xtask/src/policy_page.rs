//! `docs/policy.md`: what may stand in a policy, from the JSON Schema of its types and an example
//! that uses every field.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use latchkey_core::Policy;
use serde_json::Value;

use crate::bless::Generated;

/// The policy whose parts are shown; it names every field of the schema.
pub const EXAMPLE: &str = include_str!("../../../docs/policy.example.yaml");
/// What stands before the generated parts.
const INTRODUCTION: &str = include_str!("policy_page/introduction.txt");
/// What stands behind them.
const RULES: &str = include_str!("policy_page/rules.txt");

/// The page as it should be.
///
/// # Errors
/// When the example lacks a section of the schema.
pub fn page() -> Result<Generated> {
    let schema = Policy::schema();
    let mut page = Page { schema: &schema, text: INTRODUCTION.to_owned(), told: Vec::new() };
    for (name, example) in sections() {
        page.section(name, &example)?;
    }
    page.names();
    page.text.push_str(RULES);
    Ok(Generated { path: "docs/policy.md", text: page.text })
}

/// The example, cut at its top-level keys, in its order.
pub fn sections() -> Vec<(&'static str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in EXAMPLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once(':').filter(|_| !line.starts_with(' ')) {
            sections.push((name, String::new()));
        }
        if let Some((_, text)) = sections.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (_, text) in &mut sections {
        text.truncate(text.trim_end().len());
    }
    sections
}

/// The page while it is written.
struct Page<'a> {
    schema: &'a Value,
    text: String,
    /// Types that have their table already.
    told: Vec<&'a str>,
}

impl<'a> Page<'a> {
    fn section(&mut self, name: &str, example: &str) -> Result<()> {
        let field = &self.schema["properties"][name];
        let meaning = field["description"].as_str();
        let meaning = meaning.with_context(|| format!("the schema has no section {name}"))?;
        let optional = if required(self.schema, name) { "Required." } else { "Optional." };
        let meaning = line(meaning);
        let _ = write!(self.text, "\n## {name}\n\n{meaning} {optional}\n");
        let _ = write!(self.text, "\n```yaml\n{example}\n```\n");
        if let Some(names) = field["patternProperties"].as_object().and_then(|of| of.keys().next())
        {
            let _ = write!(self.text, "\nEach under a name that matches `{names}`.\n");
        }
        self.types(field);
        Ok(())
    }

    /// The tables of every object type that a value leads to, outermost first.
    fn types(&mut self, of: &'a Value) {
        for name in references(of) {
            let definition = &self.schema["$defs"][name];
            if self.told.contains(&name) {
                continue;
            }
            self.told.push(name);
            if definition["properties"].is_object() {
                self.table(name, definition);
            }
            self.types(definition);
        }
    }

    fn table(&mut self, name: &str, definition: &Value) {
        let about = line(definition["description"].as_str().unwrap_or_default());
        let known = self.text.rsplit("\n## ").next().is_some_and(|here| here.contains(&about));
        let about = if known { String::new() } else { format!("{about}\n\n") };
        let _ = write!(self.text, "\n### {name}\n\n{about}");
        self.text.push_str("| Field | Value | Without it | Meaning |\n|---|---|---|---|\n");
        let fields = definition["properties"].as_object().into_iter().flatten();
        let mut fields: Vec<_> = fields.collect();
        fields.sort_by_key(|(field, _)| !required(definition, field));
        for (field, value) in fields {
            let meaning = line(value["description"].as_str().unwrap_or_default());
            let absent = absent(definition, field, value);
            let kind = self.kind(value);
            let _ = writeln!(self.text, "| `{field}` | {kind} | {absent} | {meaning} |");
        }
        let fields = definition["properties"].as_object().into_iter().flatten();
        let meant: Vec<_> = fields.filter_map(|(field, value)| self.values(field, value)).collect();
        if !meant.is_empty() {
            let _ = write!(self.text, "\n{}", meant.concat());
        }
    }

    /// What each value of a field means, where its type is a list of values.
    fn values(&self, field: &str, value: &Value) -> Option<String> {
        let name = *references(value).first()?;
        let list = self.schema["$defs"][name]["oneOf"].as_array()?;
        let meant = list.iter().map(|one| {
            let text = line(one["description"].as_str().unwrap_or_default());
            format!("{}: {}", self.kind(one), text.trim_end_matches('.'))
        });
        Some(format!("- `{field}` is {}.\n", meant.collect::<Vec<_>>().join("; ")))
    }

    /// What a value may be, as a reader would say it.
    fn kind(&self, value: &Value) -> String {
        if let Some(name) = value["$ref"].as_str().map(last) {
            return self.named(name);
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(list) = value[alternatives].as_array() {
                let some = list.iter().filter(|one| one["type"] != "null");
                return some.map(|one| self.kind(one)).collect::<Vec<_>>().join(" or ");
            }
        }
        if let Some(constant) = value["const"].as_str() {
            return format!("`{constant}`");
        }
        match kind_of(value) {
            "array" => format!("list of {}", self.kind(&value["items"])),
            "object" => self.object(value),
            "integer" => match (&value["minimum"], &value["maximum"]) {
                (Value::Null, _) | (_, Value::Null) => "whole number".to_owned(),
                (least, most) => format!("whole number, {least} to {most}"),
            },
            "boolean" => "`true` or `false`".to_owned(),
            _ => "text".to_owned(),
        }
    }

    /// An object without a type of its own: its fields, each with what it may be.
    fn object(&self, value: &Value) -> String {
        let fields = value["properties"].as_object().into_iter().flatten();
        let fields = fields.map(|(name, of)| format!("`{name}:` {}", self.kind(of)));
        format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
    }

    /// A type: its table when it has one, its values when it has few, else its name.
    fn named(&self, name: &str) -> String {
        let definition = &self.schema["$defs"][name];
        if definition["pattern"].is_string() {
            return format!("[{}](#names)", plain(definition));
        }
        if definition["properties"].is_object() {
            return format!("[{name}](#{})", name.to_lowercase());
        }
        self.kind(definition)
    }

    /// What names look like.
    fn names(&mut self) {
        self.text.push_str("\n## Names\n\n| Name | Must match |\n|---|---|\n");
        for definition in self.schema["$defs"].as_object().into_iter().flatten() {
            if let Some(pattern) = definition.1["pattern"].as_str() {
                let _ = writeln!(self.text, "| {} | `{pattern}` |", plain(definition.1));
            }
        }
    }
}

/// The types that a value names, in its order.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).map(last);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// What holds when a field is left away.
fn absent(definition: &Value, field: &str, value: &Value) -> String {
    if required(definition, field) {
        return "required".to_owned();
    }
    match &value["default"] {
        Value::Null => "none".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        default => format!("`{default}`"),
    }
}

fn required(definition: &Value, field: &str) -> bool {
    definition["required"].as_array().is_some_and(|list| list.iter().any(|one| one == field))
}

/// The type of a value, the one beside `null` when that is one of them.
fn kind_of(value: &Value) -> &str {
    let several = value["type"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let several = several.into_iter().find(|kind| *kind != "null");
    value["type"].as_str().or(several).unwrap_or_default()
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// A description without the article that error messages need.
fn plain(definition: &Value) -> &str {
    let text = definition["description"].as_str().unwrap_or_default();
    text.strip_prefix("a ").or_else(|| text.strip_prefix("an ")).unwrap_or(text)
}

fn line(text: &str) -> String {
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests;
