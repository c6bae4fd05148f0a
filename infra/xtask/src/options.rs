//! How the stage is set.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use sandbox::{ApiServer, Service};
use url::Url;

use crate::pack;

/// How the stage is set.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// The policy file.
    pub policy: PathBuf,
    /// The ledger's directory.
    pub ledger: PathBuf,
    /// Where the function apps are, a folder each.
    pub apps: PathBuf,
    /// Packs the apps there with this binary first; else they are there already.
    pub binary: Option<PathBuf>,
    /// Waits before every answer.
    pub latency: Vec<(Service, Duration)>,
    /// A seeded mix of faults.
    pub faults: Option<u64>,
    /// Deliver scheduled messages as soon as nothing else is to do.
    pub fast_forward: bool,
    /// Grant each function only what it needs, and each app's identity what its functions need.
    pub least_privilege: bool,
    /// Let Entra tell of changes from the start; else they are only polled for.
    pub notified: bool,
    /// Clusters whose API servers are real ones, by their name in the policy.
    pub kubernetes: BTreeMap<String, ApiServer>,
    /// Further settings of the function app.
    pub settings: BTreeMap<String, String>,
}

impl StageOptions {
    /// The example policy, all files below `dir`, least privilege, nothing disturbed or hurried.
    pub fn of(dir: &Path, binary: PathBuf) -> Self {
        Self {
            policy: pack::root().join("access.yaml"),
            ledger: dir.join("ledger"),
            apps: dir.join("apps"),
            binary: Some(binary),
            latency: Vec::new(),
            faults: None,
            fast_forward: false,
            least_privilege: true,
            notified: false,
            kubernetes: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }
}

/// Reads `private-aks=https://127.0.0.1:6443,ca=FILE,token=FILE`: a cluster's name in the policy,
/// its API server, the authority of that (PEM) and a token of a member of `system:masters`.
///
/// # Errors
/// When a part is missing or a file cannot be read; the error names it.
pub fn api_server(text: &str) -> Result<(String, ApiServer)> {
    let mut parts = text.split(',');
    let first = parts.next().and_then(|part| part.split_once('='));
    let (name, url) = first.with_context(|| format!("{text} does not begin with name=url"))?;
    let files: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
    let file = |key: &str| -> Result<String> {
        let path = files.get(key).with_context(|| format!("{name}: {key}=FILE is missing"))?;
        fs::read_to_string(path).with_context(|| format!("{name}: reading {path}"))
    };
    let url = Url::parse(url).with_context(|| format!("{name}: {url} is no address"))?;
    let admin_token = file("token")?.trim().to_owned();
    Ok((name.to_owned(), ApiServer { url, ca_pem: file("ca")?, admin_token }))
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
    fn a_real_api_server_is_read_with_its_files_and_what_is_missing_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let (ca, token) = (file("ca.pem", "PEM"), file("token", "secret\n"));
        let read = format!("aks=https://127.0.0.1:6443,ca={ca},token={token}");
        let (name, server) = api_server(&read).expect("readable");
        assert_eq!((name.as_str(), server.url.port()), ("aks", Some(6443)));
        assert_eq!((server.ca_pem.as_str(), server.admin_token.as_str()), ("PEM", "secret"));
        let missing = api_server(&format!("aks=https://127.0.0.1:6443,ca={ca}"));
        assert!(missing.expect_err("incomplete").to_string().contains("token=FILE"));
        assert!(api_server("https://127.0.0.1:6443").is_err());
    }

    #[test]
    fn waits_are_read_and_unknown_services_named() {
        let read = latency("graph=80ms,arm=120ms").expect("readable");
        assert_eq!(read[1], (Service::Arm, Duration::from_millis(120)));
        assert!(latency("graf=1ms").expect_err("unknown").to_string().contains("graf"));
    }
}
