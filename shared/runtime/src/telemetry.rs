//! Logs to stdout: the host reads stderr as errors.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging, once per process. `directives` is a filter such as `info,latchkey=debug`.
pub fn start(directives: Option<&str>) {
    let filter = EnvFilter::new(directives.unwrap_or("info"));
    let lines = fmt::layer().with_writer(std::io::stdout).with_ansi(false).with_target(false);
    let started = tracing_subscriber::registry().with(filter).with(lines.compact()).try_init();
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}
