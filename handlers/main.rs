//! The `latchkey` binary: binds the port, reads settings and policy, serves its functions; with
//! arguments it answers what is asked instead.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use azure_functions_handler::{Config as HostConfig, serve_on};
use handlers::cli;
use latchkey_runtime::{Clients, Clock, Config};
use latchkey_telemetry::{self as telemetry, Exports};
use tokio::signal::unix::{SignalKind, signal};

/// What a shell says of a process that SIGTERM ended.
const TERMINATED: i32 = 128 + 15;

#[tokio::main]
async fn main() -> ExitCode {
    let get = |key: &str| env::var(key).ok();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.is_empty() {
        return asked(&arguments, &get).await;
    }
    let exports = telemetry::start(&get);
    let Err(error) = run(&get, exports).await else { return ExitCode::FAILURE };
    tracing::error!("latchkey cannot start: {}", chain(error.as_ref()));
    ExitCode::FAILURE
}

/// Answers somebody at a terminal.
async fn asked(arguments: &[String], get: &impl Fn(&str) -> Option<String>) -> ExitCode {
    match cli::answer(arguments, get).await {
        Ok(answer) => {
            // Whoever does not read on, `latchkey verify … | head`, has seen enough.
            let _unread = writeln!(io::stdout(), "{}", answer.text);
            if answer.is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("latchkey: {}", chain(&error));
            error.exit()
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
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
