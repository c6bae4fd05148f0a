//! The `latchkey` binary: binds the port, reads settings and policy, serves its functions.

use std::{env, error::Error, path::Path, process::ExitCode, sync::Arc};

use azure_functions_handler::{Config as HostConfig, serve_on};
use latchkey_runtime::{Clients, Clock, Config};
use latchkey_telemetry::{self as telemetry, Exports};
use tokio::signal::unix::{SignalKind, signal};

/// What a shell says of a process that SIGTERM ended.
const TERMINATED: i32 = 128 + 15;

#[tokio::main]
async fn main() -> ExitCode {
    let get = |key: &str| env::var(key).ok();
    let exports = telemetry::start(&get);
    let Err(error) = run(&get, exports).await else { return ExitCode::FAILURE };
    let mut chain = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    tracing::error!("latchkey cannot start: {}", chain.join(": "));
    ExitCode::FAILURE
}

async fn run(
    get: &impl Fn(&str) -> Option<String>,
    exports: Option<Exports>,
) -> Result<(), Box<dyn Error>> {
    let listener = HostConfig::read(get)?.bind().await?;
    let clients = Arc::new(Clients::connect(Config::read(get)?, Clock::system(), get)?);
    if let Some(exports) = exports {
        exports.through(clients.http.client().clone());
        tokio::spawn(flush_at_the_end(exports));
    }
    let root = get("FUNCTIONS_APP_ROOT_PATH").unwrap_or_else(|| ".".into());
    let present = |name: &str| Path::new(&root).join(name).join("function.json").is_file();
    serve_on(listener, handlers::app::functions(&clients, present)).await;
    Ok(())
}

/// Sends what was gathered when somebody asks the process to end, and ends it. The Functions host
/// does not ask, it kills.
async fn flush_at_the_end(exports: Exports) {
    let Ok(mut asked) = signal(SignalKind::terminate()) else { return };
    asked.recv().await;
    let flushed = tokio::task::spawn_blocking(move || exports.flush()).await;
    drop(flushed); // whatever became of it, the process ends
    std::process::exit(TERMINATED);
}
