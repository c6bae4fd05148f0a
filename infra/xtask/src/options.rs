//! How the stage is set.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use sandbox::Service;

/// How the stage is set.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// The policy file.
    pub policy: PathBuf,
    /// The ledger's directory.
    pub ledger: PathBuf,
    /// Where the function app is packed to.
    pub app: PathBuf,
    /// The binary.
    pub binary: PathBuf,
    /// Waits before every answer.
    pub latency: Vec<(Service, Duration)>,
    /// A seeded mix of faults.
    pub faults: Option<u64>,
    /// Deliver scheduled messages as soon as nothing else is to do.
    pub fast_forward: bool,
    /// Grant each function only what it needs.
    pub least_privilege: bool,
}

/// Reads `graph=80ms,arm=120ms,kubernetes=20ms`.
///
/// # Errors
/// When a service is unknown or a wait is no number of milliseconds.
pub fn latency(text: &str) -> Result<Vec<(Service, Duration)>> {
    text.split(',').filter(|part| !part.is_empty()).map(one).collect()
}

fn one(part: &str) -> Result<(Service, Duration)> {
    let (name, wait) = part.split_once('=').with_context(|| format!("{part} is no name=wait"))?;
    let service = match name.trim() {
        "authority" => Service::Authority,
        "graph" => Service::Graph,
        "arm" => Service::Arm,
        "kubernetes" => Service::Kubernetes,
        "servicebus" => Service::ServiceBus,
        other => bail!("{other} is none of authority, graph, arm, kubernetes, servicebus"),
    };
    let millis = wait.trim().trim_end_matches("ms").parse();
    Ok((service, Duration::from_millis(millis.with_context(|| format!("{wait} is no wait"))?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_and_unknown_services_named() {
        let read = latency("graph=80ms,arm=120ms").expect("readable");
        assert_eq!(read[1], (Service::Arm, Duration::from_millis(120)));
        assert!(latency("graf=1ms").expect_err("unknown").to_string().contains("graf"));
    }
}
