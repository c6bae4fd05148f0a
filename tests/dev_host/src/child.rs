//! The handler's process: how it is started and what becomes of its output.

use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::app::App;
use crate::{HostOptions, Line, Stream};

/// Starts the handler with the environment of a custom handler; it dies with the returned value.
pub(crate) fn spawn(app: &App, options: &HostOptions, port: u16) -> std::io::Result<Child> {
    let id = Uuid::new_v4().to_string();
    let port = port.to_string();
    let mut child = Command::new(&app.executable)
        .args(&app.arguments)
        .current_dir(&app.working_directory)
        .envs(&options.environment)
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
        .env("FUNCTIONS_HTTPWORKER_PORT", &port)
        .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &id)
        .env("FUNCTIONS_HTTPWORKER_ID", &id)
        .env("FUNCTIONS_APP_ROOT_PATH", &app.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let errors_only = app.stderr_is_errors;
    if let Some(out) = child.stdout.take() {
        forward(out, Stream::Stdout, errors_only, Arc::clone(&options.on_line));
    }
    if let Some(err) = child.stderr.take() {
        forward(err, Stream::Stderr, errors_only, Arc::clone(&options.on_line));
    }
    Ok(child)
}

fn forward(
    from: impl AsyncRead + Unpin + Send + 'static,
    stream: Stream,
    errors_only: bool,
    on_line: Arc<dyn Fn(Line) + Send + Sync>,
) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            on_line(Line::filed(stream, text, errors_only));
        }
    });
}
