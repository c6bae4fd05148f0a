//! Expressions of policies, compiled once per process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::extensions::strings;
use cel::{Context, Env, Program};
use serde_json::{Value, json};

/// The standard functions, and those of strings that every API server adds.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    env.add_extension(strings).expect("the names of the extension are free");
    Arc::new(env)
});

static PROGRAMS: LazyLock<Mutex<HashMap<String, Arc<Program>>>> = LazyLock::new(Mutex::default);

/// Compiles an expression.
///
/// # Errors
/// What is wrong with it.
pub(in super::super) fn compile(expression: &str) -> Result<Arc<Program>, String> {
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = programs.get(expression) {
        return Ok(Arc::clone(known));
    }
    let program = Program::compile(expression).map_err(|error| error.to_string())?;
    let program = Arc::new(program);
    programs.insert(expression.to_owned(), Arc::clone(&program));
    Ok(program)
}

/// What expressions see.
pub(super) struct Scope<'a> {
    context: Context<'a, 'a>,
    defined: Value,
    pending: BTreeMap<String, String>,
}

impl Scope<'_> {
    pub(super) fn new(values: &[(&str, Value)]) -> Result<Self, String> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        for (name, value) in values {
            context.add_variable(*name, value).map_err(|error| error.to_string())?;
        }
        Ok(Self { context, defined: json!({}), pending: BTreeMap::new() })
    }

    /// A variable; it is evaluated when an expression first names it.
    pub(super) fn define(&mut self, name: &str, expression: &str) {
        self.pending.insert(name.to_owned(), expression.to_owned());
    }

    /// Evaluates an expression.
    pub(super) fn evaluate(&mut self, expression: &str) -> Result<Value, String> {
        self.resolve(expression)?;
        let failed =
            |error: String| format!("expression '{expression}' resulted in error: {error}");
        let program = compile(expression).map_err(failed)?;
        let found = program.execute(&self.context).map_err(|error| failed(error.to_string()))?;
        found.json().map_err(|error| failed(error.to_string()))
    }

    /// Evaluates the variables that an expression names, and those that they name.
    fn resolve(&mut self, expression: &str) -> Result<(), String> {
        let named = |name: &String| expression.contains(&format!("variables.{name}"));
        let named: Vec<String> = self.pending.keys().filter(|name| named(name)).cloned().collect();
        for name in named {
            // Taken out first: one that names itself is not evaluated for ever.
            let Some(expression) = self.pending.remove(&name) else { continue };
            self.defined[&name] = self.evaluate(&expression)?;
            let defined = self.context.add_variable("variables", &self.defined);
            defined.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
