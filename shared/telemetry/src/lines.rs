//! One line per event on stdout.
//!
//! The Functions host files each line of a custom handler's stdout as information of the category
//! `Host.Function.Console`, without invocation id and level; so each line says them itself. In
//! Application Insights, `traces | extend line = parse_json(message)` makes columns of them.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::context::Given;

/// Longest text of one field, in characters: Application Insights cuts a line at 32768.
const LONGEST: usize = 4096;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// Words, for people.
    Text,
}

impl Form {
    /// The form of a setting's value.
    pub fn of(setting: Option<&str>) -> Self {
        if setting == Some("text") { Self::Text } else { Self::Json }
    }
}

/// Writes the lines.
pub(crate) struct Lines {
    form: Form,
    write: fn(&str),
}

impl Lines {
    pub(crate) fn to_stdout(form: Form) -> Self {
        Self { form, write: print }
    }

    #[cfg(test)]
    pub(crate) fn to(form: Form, write: fn(&str)) -> Self {
        Self { form, write }
    }
}

/// A line is lost when nobody reads stdout any more; nothing else is.
fn print(line: &str) {
    drop(std::io::stdout().lock().write_all(line.as_bytes()));
}

/// What is known of the work that an event is part of.
#[derive(Default, Clone)]
struct Work {
    function: Option<String>,
    invocation: Option<String>,
    case: Option<String>,
}

impl Visit for Work {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "faas.name" => self.function = Some(value.to_owned()),
            "faas.invocation_id" => self.invocation = Some(value.to_owned()),
            "latchkey.case_id" => self.case = Some(value.to_owned()),
            _ => {}
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut work = Work::default();
        attributes.record(&mut work);
        if let Some(span) = ctx.span(id).filter(|_| work.function.is_some()) {
            span.extensions_mut().replace(work);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(work) = span.extensions_mut().get_mut::<Work>()
        {
            values.record(work);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut line = Line::of(event);
        for span in ctx.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            if let Some(Given(given)) = extensions.get() {
                line.trace = Some(given.trace_id());
            }
            if let Some(work) = extensions.get::<Work>() {
                line.case = line.case.or_else(|| work.case.clone());
                line.work = work.clone();
            }
        }
        let at = Timestamp::now();
        (self.write)(&match self.form {
            Form::Json => line.json(at),
            Form::Text => line.text(at),
        });
    }
}

/// One line before it is written.
struct Line {
    level: Level,
    message: String,
    case: Option<String>,
    fields: Map<String, Value>,
    trace: Option<String>,
    work: Work,
}

impl Line {
    fn of(event: &Event<'_>) -> Self {
        let mut line = Self {
            level: *event.metadata().level(),
            message: String::new(),
            case: None,
            fields: Map::new(),
            trace: None,
            work: Work::default(),
        };
        event.record(&mut line);
        line
    }

    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("case", Value::String(text)) => self.case = Some(text),
            (name, value) => drop(self.fields.insert(name.to_owned(), value)),
        }
    }

    /// Where the line belongs, as far as it is known.
    fn belongs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let places = [
            ("function", &self.work.function),
            ("invocationId", &self.work.invocation),
            ("caseId", &self.case),
            ("traceId", &self.trace),
        ];
        places.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    fn json(&self, at: Timestamp) -> String {
        let line = Json {
            time: format!("{at:.6}"),
            level: self.level.as_str(),
            message: &self.message,
            function: self.work.function.as_deref(),
            invocation_id: self.work.invocation.as_deref(),
            case_id: self.case.as_deref(),
            trace_id: self.trace.as_deref(),
            fields: &self.fields,
        };
        let json = serde_json::to_string(&line).expect("its keys are strings");
        format!("{json}\n")
    }

    fn text(&self, at: Timestamp) -> String {
        let mut line = format!("{at:.6} {:>5} ", self.level.as_str());
        push(&mut line, &self.message);
        for (name, value) in &self.fields {
            let _ = write!(line, " {name}=");
            match value {
                Value::String(text) => push(&mut line, text),
                other => push(&mut line, &other.to_string()),
            }
        }
        for (name, value) in self.belongs() {
            let _ = write!(line, " {name}=");
            push(&mut line, value);
        }
        line.push('\n');
        line
    }
}

/// A line's members in the order that they are written in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    time: String,
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    fields: &'a Map<String, Value>,
}

/// Appends a text in which nothing begins a new line or moves a cursor.
fn push(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
}

fn cut(text: &str) -> Value {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]).into(),
        None => text.into(),
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, cut(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, cut(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
