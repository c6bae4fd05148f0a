//! YAML to JSON that remembers the line of every field and sees every duplicate key.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr::{Scalar, ScalarStyle, Tag};
use saphyr_parser::{Event, Parser, ScanError, Span, StrInput};
use serde_json::{Map, Number, Value};

use super::PolicyError;
use crate::schema::{item, member};

/// Deeper than any policy; a text nested deeper is refused before it can exhaust the stack.
const DEEPEST: usize = 32;

/// A document, and where its fields are.
pub(super) struct Document {
    /// The document as JSON. Of duplicate keys the first counts.
    pub value: Value,
    /// Lines of fields, by path.
    pub lines: Lines,
    /// Duplicate keys.
    pub errors: Vec<PolicyError>,
}

/// Lines of fields, by dotted path.
#[derive(Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a field; of a missing one, its nearest parent's.
    pub fn of(&self, field: &str) -> usize {
        let mut path = field;
        loop {
            if let Some(line) = self.0.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return 1,
            }
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// Text that is no YAML, an alias, a second document: reading stops there.
pub(super) fn read(text: &str) -> Result<Document, PolicyError> {
    let mut reader =
        Reader { parser: Parser::new_from_str(text), lines: Lines::default(), errors: Vec::new() };
    let value = reader.document()?;
    Ok(Document { value, lines: reader.lines, errors: reader.errors })
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    lines: Lines,
    errors: Vec<PolicyError>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Value, PolicyError> {
        let mut document = None;
        loop {
            let (event, span) = self.next("")?;
            match event {
                Event::StreamEnd => return Ok(document.unwrap_or(Value::Null)),
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if document.is_some() => {
                    return Err(error(span, "", "there must be one YAML document"));
                }
                Event::DocumentStart(_) => document = Some(self.node("", 0)?),
                _ => return Err(error(span, "", "is not understood")),
            }
        }
    }

    fn node(&mut self, path: &str, depth: usize) -> Result<Value, PolicyError> {
        let (event, span) = self.next(path)?;
        self.node_at(event, span, path, depth)
    }

    fn node_at(
        &mut self,
        event: Event<'a>,
        span: Span,
        path: &str,
        depth: usize,
    ) -> Result<Value, PolicyError> {
        if depth > DEEPEST {
            return Err(error(span, path, "is nested too deep"));
        }
        self.lines.0.entry(path.to_owned()).or_insert(span.start.line());
        match event {
            Event::Scalar(text, style, _, tag) => scalar(text, style, tag.as_ref())
                .ok_or_else(|| error(span, path, "does not fit its tag")),
            Event::SequenceStart(..) => self.sequence(path, depth),
            Event::MappingStart(..) => self.mapping(path, depth),
            Event::Alias(_) => Err(error(span, path, "aliases are not supported: write it out")),
            _ => Err(error(span, path, "is not understood")),
        }
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Result<Value, PolicyError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next(path)?;
            if event == Event::SequenceEnd {
                return Ok(Value::Array(items));
            }
            let path = item(path, items.len());
            items.push(self.node_at(event, span, &path, depth + 1)?);
        }
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Value, PolicyError> {
        let mut members = Map::new();
        loop {
            let (event, span) = self.next(path)?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(error(span, path, "a key must be a plain name")),
            };
            let path = member(path, &key);
            // The key's line, not its value's: that is where one looks.
            self.lines.0.entry(path.clone()).or_insert(span.start.line());
            let value = self.node(&path, depth + 1)?;
            if members.contains_key(&key) {
                self.errors.push(error(span, &path, "is there already"));
            } else {
                members.insert(key, value);
            }
        }
    }

    fn next(&mut self, path: &str) -> Result<(Event<'a>, Span), PolicyError> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(err)) => Err(malformed(path, &err)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Cow<'_, Tag>>) -> Option<Value> {
    Some(match Scalar::parse_from_cow_and_metadata(text, style, tag)? {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::Number(value.into()),
        Scalar::FloatingPoint(value) => Value::Number(Number::from_f64(*value)?),
        Scalar::String(value) => Value::String(value.into_owned()),
    })
}

fn malformed(path: &str, err: &ScanError) -> PolicyError {
    let field = if path.is_empty() { "(text)" } else { path };
    PolicyError {
        line: err.marker().line(),
        field: field.to_owned(),
        message: format!("is not YAML: {}", err.info()),
    }
}

fn error(span: Span, path: &str, message: &str) -> PolicyError {
    let field = if path.is_empty() { "(text)" } else { path };
    PolicyError { line: span.start.line(), field: field.to_owned(), message: message.to_owned() }
}
