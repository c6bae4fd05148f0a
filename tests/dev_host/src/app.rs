//! The packed app: `host.json` and the functions found beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::binding::Function;
use crate::settings::{Settings, time_span};

/// What the host reads from the app's folder.
#[derive(Debug)]
pub(crate) struct App {
    pub root: PathBuf,
    pub executable: PathBuf,
    pub arguments: Vec<String>,
    pub working_directory: PathBuf,
    /// `useStdErrorStreamForErrorsOnly`.
    pub stderr_is_errors: bool,
    pub initialization_timeout: Duration,
    /// `None`: unlimited.
    pub function_timeout: Option<Duration>,
    pub route_prefix: String,
    pub max_concurrent_calls: usize,
    pub max_concurrent_sessions: usize,
    pub max_lock_renewal: Duration,
    pub functions: Vec<Function>,
    /// Functions whose `function.json` cannot be used, and why.
    pub broken: BTreeMap<String, String>,
}

impl App {
    /// Reads the app. Functions with a broken `function.json` are set aside, not fatal.
    pub fn load(root: &Path, settings: &Settings) -> Result<Self> {
        let path = root.join("host.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let json: Value = serde_json::from_str(&text).context("host.json")?;
        let host = HostJson(&json);
        ensure!(host.text("/version") == Some("2.0"), "host.json: version must be \"2.0\"");
        for flag in ["enableForwardingHttpRequest", "enableProxyingHttpRequest"] {
            let on = json.pointer(&format!("/customHandler/{flag}")).and_then(Value::as_bool);
            ensure!(on != Some(true), "host.json: the dev host does not play {flag}");
        }
        let (executable, arguments, working_directory) = host.command(root, settings)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bus = "/extensions/serviceBus";
        let (functions, broken) = functions(root, settings)?;
        Ok(Self {
            root: root.to_owned(),
            executable,
            arguments,
            working_directory,
            stderr_is_errors: host
                .flag("/customHandler/description/useStdErrorStreamForErrorsOnly")
                .unwrap_or(true),
            initialization_timeout: host
                .span("/customHandler/initializationTimeout")?
                .unwrap_or(Duration::from_secs(30)),
            function_timeout: host.function_timeout()?,
            route_prefix: host.text("/extensions/http/routePrefix").unwrap_or("api").to_owned(),
            max_concurrent_calls: host
                .number(&format!("{bus}/maxConcurrentCalls"))
                .unwrap_or(16 * cores),
            max_concurrent_sessions: host
                .number(&format!("{bus}/maxConcurrentSessions"))
                .unwrap_or(8),
            max_lock_renewal: host
                .span(&format!("{bus}/maxAutoLockRenewalDuration"))?
                .unwrap_or(Duration::from_mins(5)),
            functions,
            broken,
        })
    }
}

struct HostJson<'a>(&'a Value);

impl<'a> HostJson<'a> {
    fn text(&self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }

    fn flag(&self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer).and_then(Value::as_bool)
    }

    fn number(&self, pointer: &str) -> Option<usize> {
        let number = self.0.pointer(pointer).and_then(Value::as_u64)?;
        usize::try_from(number.max(1)).ok()
    }

    fn span(&self, pointer: &str) -> Result<Option<Duration>> {
        let Some(text) = self.text(pointer) else { return Ok(None) };
        let span = time_span(text).with_context(|| format!("host.json{pointer}: {text:?}"))?;
        Ok(Some(span))
    }

    /// 30 minutes outside the Consumption plan, `-1` is unlimited, less than a second is refused.
    fn function_timeout(&self) -> Result<Option<Duration>> {
        if self.text("/functionTimeout") == Some("-1") {
            return Ok(None);
        }
        let timeout = self.span("/functionTimeout")?.unwrap_or(Duration::from_mins(30));
        ensure!(timeout >= Duration::from_secs(1), "host.json: functionTimeout is under a second");
        Ok(Some(timeout))
    }

    /// Executable, arguments and working directory of the handler.
    fn command(&self, root: &Path, settings: &Settings) -> Result<(PathBuf, Vec<String>, PathBuf)> {
        let at = "/customHandler/description";
        let Some(path) = self.text(&format!("{at}/defaultExecutablePath")) else {
            bail!("host.json: customHandler.description.defaultExecutablePath is missing");
        };
        let path = settings.resolve_or_drop(path);
        ensure!(!path.is_empty(), "host.json: defaultExecutablePath is empty");
        let folder = |key| self.text(&format!("{at}/{key}")).map_or(root.into(), |d| root.join(d));
        let own: PathBuf = folder("workerDirectory").join(&path);
        let executable = if own.is_file() { std::path::absolute(own)? } else { path.into() };
        let given = self.0.pointer(&format!("{at}/arguments")).and_then(Value::as_array);
        let given = given.into_iter().flatten().filter_map(Value::as_str);
        // The host joins without quoting, so an argument with a space becomes two.
        let line = given.map(|a| settings.resolve_or_drop(a)).collect::<Vec<_>>().join(" ");
        let arguments = line.split_whitespace().map(str::to_owned).collect();
        Ok((executable, arguments, folder("workingDirectory")))
    }
}

type Found = (Vec<Function>, BTreeMap<String, String>);

fn functions(root: &Path, settings: &Settings) -> Result<Found> {
    let mut functions = Vec::new();
    let mut broken = BTreeMap::new();
    for entry in std::fs::read_dir(root).with_context(|| root.display().to_string())? {
        let path = entry?.path();
        let Ok(text) = std::fs::read_to_string(path.join("function.json")) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let function = match is_name(&name) {
            true => Function::read(&name, &text, settings),
            false => Err("not a valid function name".to_owned()),
        };
        match function {
            Ok(function) => functions.extend(function),
            Err(reason) => {
                broken.insert(name, reason);
            }
        }
    }
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((functions, broken))
}

/// `^[a-z][a-z0-9_\-]{0,127}$` in any case, and not `host`.
fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 128
        && name.chars().all(word)
        && !name.eq_ignore_ascii_case("host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_follow_the_rule_of_the_host() {
        for name in ["a", "Plan_person-2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "host", "Host", "2a", "_a", "a.b", &"a".repeat(129)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
