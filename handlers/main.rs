//! The `latchkey` binary: binds the port, reads settings and policy, serves its functions.

use std::{env, error::Error, path::Path, process::ExitCode, sync::Arc};

use azure_functions_handler::{Config as HostConfig, serve_on};
use latchkey_runtime::{Clients, Clock, Config, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let get = |key: &str| env::var(key).ok();
    telemetry::start(get("LATCHKEY_LOG").as_deref());
    let Err(error) = run(&get).await else { return ExitCode::FAILURE };
    let mut chain = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    tracing::error!("latchkey cannot start: {}", chain.join(": "));
    ExitCode::FAILURE
}

async fn run(get: &impl Fn(&str) -> Option<String>) -> Result<(), Box<dyn Error>> {
    let listener = HostConfig::read(get)?.bind().await?;
    let clients = Arc::new(Clients::connect(Config::read(get)?, Clock::system(), get)?);
    let root = get("FUNCTIONS_APP_ROOT_PATH").unwrap_or_else(|| ".".into());
    let present = |name: &str| Path::new(&root).join(name).join("function.json").is_file();
    serve_on(listener, handlers::app::functions(&clients, present)).await;
    Ok(())
}
